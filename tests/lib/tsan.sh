#!/bin/sh
# What runs with ThreadSanitizer, which stops a test at the first place where two
# threads use one thing without order.
#
#   sh tests/lib/tsan.sh          names the unit tests that start threads
#   sh tests/lib/tsan.sh whole    builds and runs all there is (`make tsan`)
#
# Threads are started by libuv's loop, for the hub and what sits on it, and by
# tests themselves; so a test has some if its source uses one of these headers.
set -eu
headers='"net/(loop|node|once|upkeep)\.h"|"net/peer/(hub|checker|link|caller|dialer)\.h"|<pthread\.h>'
threaded=$(grep -lE "$headers" tests/unit/test_*.c)
if [ "${1:-}" != whole ]; then
	echo "$threaded"
	exit 0
fi

make -k CC=clang BUILD=tsan all units simulator
out=build/clang-tsan
programs=""
for source in tests/unit/test_*.c; do
	programs="$programs $out/${source%.c}"
done
failed=0
# shellcheck disable=SC2086
perl tests/lib/run.pl --wait 1800 $programs || failed=1
GOLMOK=$PWD/$out/golmok perl tests/lib/run.pl --wait 1800 tests/e2e/*.t || failed=1
for seed in 1 2 3; do
	$out/tests/sim/sim $seed 7 1000 || failed=1
done
exit $failed
