#!/bin/sh
# Goal: the figures that were published come out of reports, over what the
# invented city says of them; what was published otherwise stands beside it.
. "${0%/*}/lib.sh"

# cell TABLE ROW COLUMN: what a report has there, rows by label, tables from 0.
cell() {
	perl -MJSON::PP -e '
		my ($table, $row, $column) = @ARGV;
		my $at = decode_json(<STDIN>)->{tables}[$table];
		utf8::decode($row);
		($at) = $row eq "change" ? $at->{change}
		    : grep { ($_->{label} // "all") eq $row } @{ $at->{rows} };
		print $at->{$column} // "none";
	' "$@" <out
}
# said KEY: what was published and what is worked out, of each such row, with the
# sign between them.
said() { "$GOLMOK" report "$@" | sed -n '/^보도값/,/^$/p' >published; }

run "$GOLMOK" synth f --size figures --json
ok 'the city is drawn, as far as its figures want it' is 0 "$status"

# ---- care-crisis households, and the roll-out -----------------------------
found crisis
cat f/city/all/*.jsonl >rows
find f/d* -name '201[68].jsonl' | sort | xargs grep -h '"collection":"case"' >>rows
ok 'what was found in 2016 and 2018 goes into a store' exits 0 "$GOLMOK" import --update rows --json
run "$GOLMOK" report RP-05 --city 서울특별시 --period 2016..2018 --json
ok '498 households in 2016' is 498 "$(cell 0 2016 crisis_found)"
ok '... 3,183 in 2018' is 3183 "$(cell 0 2018 crisis_found)"
ok '... 6.4 times as many' is 6.4 "$(cell 0 change crisis_found)"
run "$GOLMOK" report RP-01 --city 서울특별시 --json
ok 'dongs by stage' is '80 283 342 408 424' "$(for s in 1단계 2단계 3단계 4단계 최종; do
	cell 0 $s dongs; echo; done | xargs)"
ok '... and districts' is '13 18 24 25 25' "$(for s in 1단계 2단계 3단계 4단계 최종; do
	cell 0 $s districts; echo; done | xargs)"
run "$GOLMOK" report RP-03 --gu 강남구 --period 2019 --json
ok '74 planners and 16 nurses in 강남구' is '74 16' "$(cell 0 all planners_placed) $(cell 0 all nurses_placed)"
run "$GOLMOK" report RP-11 --city 서울특별시 --json
ok '283 rooms are new and 59 planned' is '283 59 342' "$(cell 1 all spaces_done) $(cell 1 all spaces_planned) $(cell 1 all spaces)"
run "$GOLMOK" report RP-13 --city 서울특별시 --json
ok 'awards for 18 of each kind of people' is '18 18 18' "$(for c in 시민 공무원 방문간호사; do
	cell 0 $c award_people; echo; done | xargs)"
ok '... and for 3 units' is 3 "$(cell 0 동주민센터 award_orgs)"
said RP-01 --city 서울특별시
ok 'of 2018 two numbers were published' is 2 "$(grep -c '^시행 동 .*\.\.2018' published)"
ok '... both are flagged' is 2 "$(grep '^시행 동 .*\.\.2018' published | grep -c '≠')"
ok '... 408 and 283, each beside 408' is 1 "$(grep -c '283 *408 *≠' published)"
ok '... all others are as published' is 9 "$(grep -c ' = ' published)"
run "$GOLMOK" report RP-06 --dong 번제1동
ok 'a dong is found by the name that it had' says 번1동
run "$GOLMOK" report RP-06 --dong 명륜3가동
ok '... or by that of one that became a part of it' says 혜화동
ok '... which is told' errs 'existed until 2012-07-31'

# ---- visits per centre ----------------------------------------------------
found visits
cat f/city/all/*.jsonl >rows
find f/d* -name 2015.jsonl | sort | xargs grep -h '"collection":"visit"' >>rows
ok 'the visits of July 2015 go into another' exits 0 "$GOLMOK" import --update rows --json
run "$GOLMOK" report RP-04 --city 서울특별시 --period 2015-07 --json
ok '57 visits per centre' is 57 "$(cell 0 2015-07 visits_per_centre)"
ok '... of 80 centres' is 4560 "$(cell 0 2015-07 visits)"
said RP-04 --city 서울특별시 --period 2015-07
ok '... as was published' is 1 "$(grep -c '57 *57 *=' published)"
# By hand, all of it through the report: 152, and 2.7 times (docs/synth.md).
find f/d* -name 2019.jsonl | sort | xargs grep '"collection":"visit"' >june
ok '152 in June 2019' is 152 "$(($(wc -l <june) / $(cut -d: -f1 june | sort -u | wc -l)))"
ok '... exactly' is 0 "$(($(wc -l <june) % $(cut -d: -f1 june | sort -u | wc -l)))"

# ---- another city ---------------------------------------------------------
"$GOLMOK" init howon --found 의정부 --label 시청 >/dev/null
GOLMOK_STORE=$PWD/howon
# shellcheck disable=SC2046
ok '호원2동 has a store of its own' exits 0 "$GOLMOK" import --update $(find f/uijeongbu -name '*.jsonl' | sort)
run "$GOLMOK" report RP-09 --dong 호원2동 --period 2020 --json
ok '66 officers' is 66 "$(cell 0 호원2동 honorary_officers)"
ok '710 homes in 4 surveys' is '710 4' "$(cell 0 호원2동 surveyed_households) $(cell 0 호원2동 survey_campaigns)"
ok '61 sessions for 659 people' is '61 659' "$(cell 0 호원2동 sessions) $(cell 0 호원2동 session_people)"
ok '... of them 13 for 31 are laundry' is '13 31' "$(cell 1 '홈 클리닝' sessions) $(cell 1 '홈 클리닝' session_people)"
ok 'side dishes for 14 homes' is 14 "$(cell 0 호원2동 sidedish_households)"
finish
