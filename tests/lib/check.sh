#!/bin/sh
# What a commit must pass: `make check` runs this from the top of the sources.
# Every stage runs, whatever failed before it; what fails is shown in full.  The
# last line counts everything: "N passed, N failed".
#
# A build of the matrix counts as one test.  The unit tests run twice, as gcc
# makes a release and under clang's sanitisers; those that start threads a third
# time, with ThreadSanitizer.
set -u
tally=$(mktemp) || exit 2
trap 'rm -f "$tally"' EXIT
trap 'exit 130' INT TERM
MAKEFLAGS="-j${JOBS:-2} --no-print-directory"
CMOCKA_MESSAGE_OUTPUT=TAP
ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
UBSAN_OPTIONS=print_stacktrace=1
export MAKEFLAGS CMOCKA_MESSAGE_OUTPUT ASAN_OPTIONS UBSAN_OPTIONS
unset GOLMOK GOLMOK_STORE GOLMOK_ACTOR

# stage WHAT: prints a heading with the seconds since the start.
began=$(date +%s)
stage() {
	echo "== $1 ($(($(date +%s) - began)) s)"
}

# step WHAT COMMAND...: one test that passes when COMMAND does.
step() {
	what=$1
	shift
	if said=$("$@" 2>&1 </dev/null); then
		echo "ok $what"
		echo "1 0" >>"$tally"
	else
		[ -z "$said" ] || printf '%s\n' "$said"
		echo "not ok $what"
		echo "0 1" >>"$tally"
	fi
}

# tests PROGRAM...: runs what there is of them.
tests() {
	found=""
	for program in "$@"; do
		[ -f "$program" ] && found="$found $program"
	done
	# None of our names holds a space.
	# shellcheck disable=SC2086
	[ -z "$found" ] || perl tests/lib/run.pl --jobs "${JOBS:-2}" --tally "$tally" $found
}

# units COMPILER MODE: builds and runs the unit tests.
units() {
	step "unit tests build with $1, $2" make -k CC="$1" BUILD="$2" units
	programs=""
	for source in tests/unit/test_*.c; do
		program=build/$1-$2/${source%.c}
		if [ -x "$program" ]; then
			programs="$programs $program"
		else
			step "$program" test -x "$program"
		fi
	done
	# shellcheck disable=SC2086
	tests $programs
}

stage "packages"
step "all packages are there" sh .ci/deps check

stage "builds"
for mode in asan tsan release; do
	step "builds with clang, $mode" make -k CC=clang BUILD=$mode all simulator
done
step "builds with gcc, release" make -k CC=gcc BUILD=release all simulator
step "the benchmarks build" make -k CC=gcc BUILD=release build/gcc-release/tests/bench/bench

stage "house style"
tests tests/run_selftest.t tests/tidy.t tests/tidy_selftest.t tests/faults.t

stage "models, analysers"
tests tests/model/model.t tests/lint/lint.t

stage "unit tests, gcc release"
units gcc release
stage "unit tests, clang with sanitisers"
units clang asan

stage "threads"
CENTRES=8
GOLMOK=$PWD/build/clang-tsan/golmok
export CENTRES GOLMOK
programs=$(sh tests/lib/tsan.sh | sed 's|\(.*\)\.c$|build/clang-tsan/\1|')
# shellcheck disable=SC2086
step "tests with threads build" make -k CC=clang BUILD=tsan $programs
# shellcheck disable=SC2086
tests $programs
tests tests/e2e/50-sync.t
unset CENTRES GOLMOK

stage "inputs of fuzzing"
step "they can be replayed" make CC=clang BUILD=asan build/clang-asan/tests/fuzz/replay
tests tests/fuzz/*.t

stage "simulation under sanitisers"
for seed in 1 2 3 4 5 6 7 8; do
	step "seed $seed" build/clang-asan/tests/sim/sim $seed 7 1000
done

stage "strangers, simulation"
GOLMOK=$PWD/build/gcc-release/golmok
export GOLMOK
tests tests/strangers/*.t tests/sim/*.t

stage "end to end"
step "there are end-to-end tests" ls tests/e2e/*.t
tests tests/e2e/*.t

stage "a city of processes"
step "the bad line builds" make CC=gcc BUILD=release build/gcc-release/tests/city/proxy
PROXY=$PWD/build/gcc-release/tests/city/proxy
export PROXY
tests tests/city/*.t

stage "crashes and wrong bits"
step "their tools build" make -k CC=gcc BUILD=release build/gcc-release/tests/crash/bitrot build/gcc-release/tests/crash/deeds build/gcc-release/tests/crash/record.so
tests tests/crash/crash.t

stage "done"
awk '{ passed += $1; failed += $2 }
END {
	printf "%d passed, %d failed\n", passed, failed
	exit failed > 0 || passed == 0
}' "$tally"
