#!/bin/sh
# The long jobs of the Makefile, which names them with their words and builds
# what they need:
#
#   sh tests/lib/job.sh NAME OUT      with the words in the environment
#
# OUT is where the programs lie.
set -eu
job=$1
out=$2
golmok=$PWD/$out/golmok
run="perl tests/lib/run.pl"
faults() {
	for source in tests/unit/test_faults*.c; do
		echo "$out/${source%.c}"
	done
}

case $job in
aggregator) CENTRES=421 "$out/tests/unit/test_aggregator" ;;
bench-peers)
	mkdir -p build/peers
	cp tests/bench/peers/*.mjs tests/bench/peers/*.json build/peers
	(cd build/peers && npm ci --silent --no-audit --no-fund)
	# shellcheck disable=SC2086
	node build/peers/run.mjs "$out" ${PEERS:-}
	;;
bitrot) "$out/tests/crash/bitrot" "${FLIPS:-10000}" "${SEED:-1}" ;;
city17) GOLMOK=$golmok PROXY=$PWD/$out/tests/city/proxy $run tests/city/city.t ;;
cov) sh .ci/deps cov && perl tests/cov/cov.pl ${AGAIN:+--again} ;;
crash) perl tests/crash/images.pl "$out/tests/crash" "${IMAGES:-10000}" "${SEED:-1}" ;;
demo) sh tests/demo/demo.sh ;;
faults)
	$run tests/faults.t
	# shellcheck disable=SC2046
	FAULTS=all $run --wait 7200 $(faults)
	;;
fuzz | fuzz-corpus | fuzz-replay)
	# shellcheck disable=SC2046
	sh tests/fuzz/run.sh "$job" "${TIME:-60}" \
	    ${F:-$(ls tests/fuzz/target_*.c | sed 's/.*target_\(.*\)\.c/\1/')}
	;;
kills)
	GOLMOK_KILLS=${N:-500} $run --all --wait 7200 \
	    "$out/tests/unit/test_kill" "$out/tests/unit/test_kill_sync"
	;;
lint) WHOLE=1 $run --wait 7200 tests/lint/lint.t ;;
mcdc) sh .ci/deps cov && perl tests/cov/cov.pl --mcdc ;;
model) WHOLE=1 $run --wait 3600 tests/model/model.t ;;
powercut)
	sh .ci/deps powercut
	perl tests/crash/powercut.pl "$golmok" "$PWD/build/powercut" \
	    "${CUTS:-20}" "${DROPS:-3}" "${STICKS:-9}" "${SEED:-1}"
	;;
soak) perl tests/sim/soak.pl ;;
tsan) sh tests/lib/tsan.sh whole ;;
*)
	echo "job: there is none with the name '$job'" >&2
	exit 2
	;;
esac
