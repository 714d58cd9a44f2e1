#!/bin/sh
# Goal: a home that two centres entered, and merged, is one for whoever lists or
# looks for it: nobody is visited twice, and nothing that was done for one of
# the two is forgotten.
. "${0%/*}/lib.sh"
found s

# home UNIT NO: $household, and $person who becomes 65 in February 2015.
home() {
	run "$GOLMOK" put "$1/case" household owner_dong=00000000000000000000000000000001 "hh_no=$2" \
		address='가상로 1' state=active --json
	household=$(json id)
	run "$GOLMOK" put "$1/case" person "household=$household" "name=김가상$2" birth=1950-02-03 status=resident --json
	person=$(json id)
}
home d03/c017 가-1
one=$household one_person=$person
home d03/c018 나-1
two=$household two_person=$person
# due: how many become 65.
due() {
	run "$GOLMOK" due DL-01 --on 2015-02-01 --json "$@"
	wc -l <out | tr -d ' '
}
# found WORDS: how many are found.
count() {
	run "$GOLMOK" find "$@" --json
	wc -l <out | tr -d ' '
}
ok 'two people are to be visited' is 2 "$(due)"

# ---- merged -----------------------------------------------------------------
"$GOLMOK" patch "$two" "merged_into=$one" >/dev/null
"$GOLMOK" patch "$two_person" "merged_into=$one_person" >/dev/null
ok 'merged, they are one' is 1 "$(due)"
ok '... who stands for the other' is "$one_person" "$(json id)"
ok '... which is said' errs '1 were merged into others'
ok '... of the unit where the record lies' is '1 0' "$(due --under d03/c017) $(due --under d03/c018)"
ok 'one home is found' is 1 "$(count household)"
ok '... the one that stands for both' is "$one" "$(json id)"
ok '... which is said' errs "$two was merged into $one, which is shown for it"
ok 'it is found by what the other has' is 1 "$(count household hh_no=나-1)"
ok '... as one' is "$one" "$(json id)"
ok '... in order too' is 1 "$(count household --sort hh_no:desc --limit 1)"
ok 'by themselves they are two' is 2 "$(count household --apart)"
ok '... without a word' silent

# ---- what was done for one is done for both ---------------------------------
run "$GOLMOK" put d03/c018/case visit "household=$two" kind=보편_65세 'staff=00000000000000000000000000000002;00000000000000000000000000000003' \
	channel=방문 state=done visited_at=2015-01-20T10:00:00+09:00 outcome=특이없음 offline=false --json
ok 'the other centre visits' is 0 "$status"
ok '... and nobody else has to' is 0 "$(due)"
ok 'the visit is one to the home' is 1 "$(count visit "household=$one")"
ok '... by any of its names' is 1 "$(count visit "household=$two")"
run "$GOLMOK" find visit --fields household,household.hh_no --csv --no-bom
ok '... and shown so, beside what stands there' says "$two,가-1"
run "$GOLMOK" find household --under d03/c017 --fields 'count(visit, household = this)' --csv --no-bom
ok '... and counted once' is 1 "$(sed 1d out | tr -d '\r' | cut -d, -f4)"

# ---- what is gone stands for nothing ----------------------------------------
"$GOLMOK" rm "$one" >/dev/null
"$GOLMOK" rm "$one_person" >/dev/null
ok 'when that is gone the other speaks for itself' is "$two" "$(count household >/dev/null && json id)"
ok '... on lists too' is "$two_person" "$(due --on 2015-02-01 >/dev/null; run "$GOLMOK" due DL-02 --on 2020-02-01 --json; json id)"
finish
