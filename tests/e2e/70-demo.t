#!/bin/sh
# Goal: what `make demo` shows to somebody who has never seen Golmok holds, and
# nothing of it still runs afterwards.
top=$(cd "${0%/*}/../.." && pwd)
. "${0%/*}/lib.sh"

DEMO=$home/demo
export DEMO
ok 'the demo ends well' exits 0 sh "$top/tests/demo/demo.sh"
cp out told
ok '... without a complaint' silent
ok 'it has 424 dongs' says '424 rows; 424 different values of code'
ok '... 2,400 people visited' says '2400 different values of persons_met'
ok '... and 1,200 services' says '1200 rows'
ok 'the auditor reads nothing' says 'no fields that can be read here'
ok 'there was no line for a while' says 'connection refused'
ok 'both values of what both changed are shown' says CONFLICT
ok '... of the case too' says 'track: '
ok 'in the end nothing waits' says '✓ nothing waits for a decision at either centre'
ok 'the digests are laid side by side' [ "$(grep -c ' equal$' told)" -ge 8 ]
ok '... none differs' [ "$(grep -c DIFFERENT told)" = 0 ]
ok 'the auditor has a verdict' says 'every log is sound'
ok 'it says what to try next' says 'What to try next'

# What it left behind is as it said.
for store in hyehwa changsin2; do
	"$GOLMOK" digest --json --store "$DEMO/$store" >all
	# Who looked at what is logged at one node alone.
	grep -v '/access"' all >"$store.digest"
done
ok 'the stores that it left agree' cmp -s hyehwa.digest changsin2.digest
ok 'the store of a centre is sound' exits 0 "$GOLMOK" fsck --store "$DEMO/hyehwa"
sed -n 's/^listening at \([^;]*\);.*/\1/p;s/^ *listening at \([^;]*\);.*/\1/p' told >addresses
ok 'it listened on loopback alone' [ "$(grep -vc '^127\.0\.0\.1:' addresses)" = 0 ]
nobody_listens() {
	while read -r address; do
		"$GOLMOK" sync "$address" --timeout 5 --store "$DEMO/changsin2" >/dev/null 2>&1 && return 1
	done <addresses
	[ -s addresses ]
}
ok 'no node runs any more' nobody_listens
ok 'a directory that is there already is not touched' exits 1 sh "$top/tests/demo/demo.sh"
finish
