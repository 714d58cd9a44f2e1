#!/bin/sh
# Fuzzes, as `make fuzz`, `make fuzz-corpus` and `make fuzz-replay` ask.
#
#   sh tests/fuzz/run.sh fuzz|fuzz-corpus|fuzz-replay SECONDS TARGET...
#
# fuzz: SECONDS for each target, as many at once as there are cores.  What was
# found interesting grows in build/fuzz/TARGET; an input that fails is told and
# lies beside it.  fuzz-corpus: brings tests/fuzz/corpus/TARGET up to that, with
# as few files as reach the same code; files with names of their own stay.
# fuzz-replay: gives the corpus to the targets, as `make check` does.
set -u
bin=build/clang-fuzz/tests/fuzz
work=build/fuzz
# Nothing here needs a megabyte at once but a frame that unpacks.
flags="-malloc_limit_mb=64 -rss_limit_mb=1024 -timeout=20 -verbosity=0"
ASAN_OPTIONS=${ASAN_OPTIONS:-quarantine_size_mb=16}
export ASAN_OPTIONS
# libFuzzer ends without a word, and stores stay where they lay.
memory=/dev/shm
[ -w "$memory" ] || memory=${TMPDIR:-/tmp}
TMPDIR=$(mktemp -d "$memory/golmok-fuzz-XXXXXX") || exit 2
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
trap 'exit 130' INT TERM

# length TARGET: what steers long conversations begins with long inputs.
length() {
	case $1 in
	session | bundle | parcel | channel | noise) echo "-len_control=0 -max_len=2000" ;;
	pack) echo "-max_len=12000" ;;
	*) echo "-max_len=6000" ;;
	esac
}

one() {
	mkdir -p "$work/$1" "tests/fuzz/corpus/$1"
	# shellcheck disable=SC2046,SC2086
	if "$bin/try_$1" $flags $(length "$1") -max_total_time="$2" -print_final_stats=1 \
		-artifact_prefix="$work/$1-" "$work/$1" "tests/fuzz/corpus/$1" >"$work/$1.log" 2>&1; then
		how=ok
	else
		how="not ok"
	fi
	awk -v how="$how" -v name="$1" '/number_of_executed/ { n = $2 } /average_exec/ { each = $2 }
		END { printf "%s - %s: %d inputs, %d a second\n", how, name, n, each }' "$work/$1.log"
	[ "$how" = ok ] && return
	grep -a -E "Assertion|ERROR:|at most|not the peer|Test unit written" "$work/$1.log"
	return 1
}

merge() {
	fresh=$work/merged
	rm -rf "$fresh" && mkdir -p "$fresh" "$work/$1" "$work/seeds/$1" "tests/fuzz/corpus/$1"
	# shellcheck disable=SC2046,SC2086
	rm -f "$work/$1"-merge-*
	"$bin/try_$1" $flags $(length "$1") -merge=1 -use_counters=0 -artifact_prefix="$work/$1-merge-" \
		"$fresh" "tests/fuzz/corpus/$1" "$work/seeds/$1" "$work/$1" >"$work/$1.log" 2>&1 || {
		echo "not ok - $1: see $work/$1.log"
		return 1
	}
	# libFuzzer leaves out an input that fails, and goes on.
	failed=$(ls "$work/$1"-merge-* 2>/dev/null)
	[ -z "$failed" ] || {
		printf 'not ok - %s: inputs fail, and the corpus stays as it is:\n%s\n' "$1" "$failed"
		return 1
	}
	find "tests/fuzz/corpus/$1" -type f | grep -E '/[0-9a-f]{40}$' | xargs -r rm
	find "$fresh" -type f | grep -E '/[0-9a-f]{40}$' | xargs -r cp -t "tests/fuzz/corpus/$1"
	echo "ok - $1: $(ls "tests/fuzz/corpus/$1" | wc -l) files"
}

# programs TARGET...: makes them.
programs() {
	make --no-print-directory CC=clang BUILD=fuzz $(printf "$bin/try_%s " "$@")
}

what=${1:-}
seconds=${2:-60}
[ $# -gt 2 ] || {
	sed -n '4s/^# *//p' "$0"
	exit 2
}
shift 2
case $what in
fuzz)
	programs "$@" || exit 1
	printf '%s\n' "$@" | xargs -P "$(nproc)" -I{} sh "$0" one "$seconds" {}
	;;
one)
	one "$1" "$seconds"
	;;
fuzz-corpus)
	programs "$@" || exit 1
	perl tests/fuzz/seeds.pl "$work/seeds"
	bad=0
	for target in "$@"; do
		merge "$target" || bad=1
	done
	exit $bad
	;;
fuzz-replay)
	make --no-print-directory CC=clang BUILD=asan build/clang-asan/tests/fuzz/replay || exit 1
	build/clang-asan/tests/fuzz/replay tests/fuzz/corpus "$@"
	;;
*)
	sed -n '4s/^# *//p' "$0"
	exit 2
	;;
esac
