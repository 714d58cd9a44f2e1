#!/bin/sh
# Goal: whoever looks for records finds them: by conditions, by words however
# they are spelt, in the spaces of a unit by any of its names; and is told what
# is not shown, how it was found, and what was wrong with the question.
. "${0%/*}/lib.sh"
found s

cat >units.csv <<'END'
id,code,level,name_ko,aliases,parent,prefix,valid_from,valid_to,successors
00000000000000000000000000000001,11,city,서울특별시,서울,,,1946-01-01,,
00000000000000000000000000000002,11680,district,강남구,,00000000000000000000000000000001,d23,1975-10-01,,
00000000000000000000000000000003,11620,district,관악구,,00000000000000000000000000000001,d21,1973-07-01,,
00000000000000000000000000000004,1168051000,dong,신사동,,00000000000000000000000000000002,d23/c01,1970-01-01,,
00000000000000000000000000000005,1162068500,dong,신사동,,00000000000000000000000000000003,d21/c02,2008-09-01,,
00000000000000000000000000000006,1114061000,dong,신당제1동,,00000000000000000000000000000001,d02/c01,1970-01-01,2013-07-19,00000000000000000000000000000007
00000000000000000000000000000007,1114061500,dong,신당동,성곽마을,00000000000000000000000000000001,d02/c01,2013-07-20,,
00000000000000000000000000000008,1168010000,dong,논현제1동,,00000000000000000000000000000002,,1970-01-01,,
00000000000000000000000000000009,1141065500,dong,홍제제3동,,00000000000000000000000000000001,d13/c05,1970-01-01,,
END
"$GOLMOK" import units.csv --collection org_unit --prefix seoul >/dev/null
for at in d23/c01 d21/c02 d02/c01; do
	for i in 1 2 3; do
		echo "{\"space\":\"$at/case\",\"collection\":\"household\",\"fields\":{\"hh_no\":\"$at-$i\",\"owner_dong\":\"00000000000000000000000000000004\",\"address\":\"서울시 신사로 $i\",\"state\":\"active\"}}"
	done
done >homes.jsonl
echo '{"space":"d23/c01/case","collection":"household","fields":{"hh_no":"d23/c01-4","owner_dong":"00000000000000000000000000000004","address":"도산대로 4","state":"closed"}}' >>homes.jsonl
run "$GOLMOK" import homes.jsonl
ok 'ten households are there' is 0 "$status"

# count OPTION...: how many records are found.
count() {
	run "$GOLMOK" find "$@" --json
	wc -l <"$home/out" | tr -d ' '
}

# ---- conditions -----------------------------------------------------------
ok 'all are found without a condition' is 10 "$(count household)"
ok 'a condition in one word' is 1 "$(count household "state = closed and hh_no begins 'd23'")"
ok '... in several' is 9 "$(count household state = active)"
ok 'short forms hold together' is 1 "$(count household state=active hh_no=d21/c02-2)"
ok '... with other signs' is 4 "$(count household 'hh_no>=d23' owner_dong.level=dong)"
ok '... an empty one asks for nothing' is 10 "$(count household zone=)"
ok 'what a reference leads to' is 10 "$(count household "owner_dong.name_ko = '신사동'")"

# ---- wrong words ----------------------------------------------------------
ok 'a wrong value is named' exits 5 "$GOLMOK" find household state=actve
ok '... with its field' errs "state=actve: 'actve' is no value of household.state"
ok 'a wrong field in an expression has its column' exits 5 "$GOLMOK" find household 'state = active and stat = closed'
ok '... and what was meant' errs "column 20: household: there is no field 'stat'; did you mean state?"
ok 'so has a wrong type' exits 5 "$GOLMOK" find household "hh_no = 3"
ok '... after the whole condition' errs 'hh_no = 3: column 9: a text cannot be compared with a number'
ok 'a wrong collection' exits 5 "$GOLMOK" find houshold
ok '... is nearly one' errs "did you mean household?"
ok 'a wrong option' exits 2 "$GOLMOK" find household --dng 신사동
ok '... is nearly a scope' errs "there is no option '--dng'; did you mean --dong?"
ok 'no collection' exits 2 "$GOLMOK" find
ok 'a set cannot be sorted by' exits 5 "$GOLMOK" find household --sort types
ok '... is said' errs '--sort types: column 1: this is a set'
ok 'a column that is none' exits 5 "$GOLMOK" find household --fields 'hh_no,zone.nmae'
ok '... has its place' errs '--fields zone.nmae: column 6: '
ok 'two forms at once' exits 2 "$GOLMOK" find household --csv --json

# ---- units ----------------------------------------------------------------
ok 'a name of two units is refused' exits 5 "$GOLMOK" find household --dong 신사동
ok '... with the one' errs '관악구 신사동 (1162068500, d21/c02)'
ok '... and the other' errs '강남구 신사동 (1168051000, d23/c01)'
ok 'the unit above tells them apart' is 4 "$(count household --dong '강남 신사동')"
ok '... by its whole name' is 3 "$(count household --dong '관악구 신사동')"
ok '... in one word' is 3 "$(count household --dong=관악구신사동)"
ok 'so does the code' is 3 "$(count household --dong 1162068500)"
ok '... and the prefix' is 3 "$(count household --dong d21/c02)"
ok 'a district holds its dongs' is 4 "$(count household --gu 강남)"
ok 'the city holds all' is 10 "$(count household --city)"
ok '... and takes no word that is not its name' is 10 "$(count --city household)"
ok '... but its name' is 10 "$(count household --city 서울)"
ok 'an old name leads to what came after' is 3 "$(count household --dong 신당1동)"
ok '... which is said' errs '서울특별시 신당제1동 (1114061000, d02/c01) existed until 2013-07-19, in its place came 서울특별시 신당동 (1114061500, d02/c01)'
ok 'another name is fine' is 3 "$(count household --dong '성곽 마을')"
ok '... and said too' errs '성곽 마을 is another name of 서울특별시 신당동'
ok 'a dong is no district' exits 3 "$GOLMOK" find household --gu 신사동
ok '... it says' errs "no gu is called '신사동'; golmok find org_unit lists them"
ok 'a name that nobody has is no word of the condition' exits 3 "$GOLMOK" find household --gu 없는구
ok '... also where there is one unit or none' exits 3 "$GOLMOK" find household --city 없는시
ok '... it says' errs "no city is called '없는시'"
ok 'a condition behind a scope is one' is 10 "$(count household --city "hh_no != 'x'")"
ok 'a value that is none is told' exits 5 "$GOLMOK" find household state = actve
ok '... with what was meant' errs "there is no value of household.state (and no field) called 'actve'; did you mean active?"
ok 'what people call a value' exits 5 "$GOLMOK" find household state = 관리중
ok '... is no value, but leads to it' errs 'did you mean active?'
ok 'a day that is none' exits 5 "$GOLMOK" find visit 'due_on < 2016-13-01'
ok '... says how one is written' errs "a date is written '2016-07-25'"
ok 'a unit without spaces is no scope' exits 3 "$GOLMOK" find household --dong 논현1동
ok '... and says what it lacks' errs '강남구 논현제1동 (1168010000) has no prefix'
ok 'a scope that needs a name' exits 2 "$GOLMOK" find household --dong
ok '... says so' errs '--dong needs a name; there are 5'
ok 'two scopes at once' exits 2 "$GOLMOK" find household --dong d21/c02 --under d21
ok 'a prefix alone' is 4 "$(count household --under d23)"
ok 'nothing is held of a prefix' exits 0 "$GOLMOK" find household --under d09
ok '... which is no empty list' errs 'no space of case is held here below d09'

# ---- words ----------------------------------------------------------------
ok 'words are found in names' is 2 "$(count org_unit --text 신사)"
ok '... without 제' is 1 "$(count org_unit --text '신당1동')"
ok '... and with it' is 1 "$(count org_unit --text '신당 제1')"
ok '... all of them' is 0 "$(count org_unit --text '신사 신당')"
ok 'what stops before the digit finds it' is 1 "$(count org_unit --text 홍제)"
ok '... and with it' is 1 "$(count org_unit --text 홍제3)"
ok '... however it is spelt' is 1 "$(count org_unit --text '홍제 제3동')"
ok '... but not without a digit' is 0 "$(count org_unit --text 강남제)"
ok '... and names the unit' exits 0 "$GOLMOK" find household --dong 홍제
ok '... as decomposed letters too' is 2 "$(count org_unit --text "$(printf '\341\204\211\341\205\265\341\206\253\341\204\211\341\205\241')")"
ok 'the index of words is used' exits 0 "$GOLMOK" find org_unit --text 신사 --explain
ok '... is told' errs 'org_unit.name_ko, org_unit.aliases (text: 신사): 1 space; 2 records looked at, 2 found'
ok 'texts without an index are looked through' is 1 "$(count household --text 도산)"
ok '... which is told' errs 'the texts of household have no index for words: hh_no, address'
ok 'no words are no wish for all' exits 5 "$GOLMOK" find org_unit --text ' . '

# ---- order, columns, forms ------------------------------------------------
run "$GOLMOK" find household --sort hh_no:desc --limit 2 --csv --fields hh_no,owner_dong.name_ko
ok 'sorted, the last first' is 'd23/c01-4,신사동
d23/c01-3,신사동' "$(sed 1d out | tr -d '\r' | cut -d, -f4-)"
ok '... the rest is counted' errs '2 of 10 shown; --limit 0 shows all'
ok '... under the names that were given' says 'id,space,status,hh_no,owner_dong.name_ko'
ok 'two keys' exits 0 "$GOLMOK" find household --sort 'state:desc,hh_no' --limit 1 --json --fields state,hh_no
ok '... the first counts most' is 'closed d23/c01-4' "$(json state) $(json hh_no)"
ok 'a limit without an order' is 3 "$(count household --limit 3)"
ok '... is told too' errs '3 of 10 shown'
ok 'no limit' is 10 "$(count household --limit 0)"
ok '... says nothing' silent
ok 'an index is used' exits 0 "$GOLMOK" find household 'state = closed' --explain
ok '... and named' errs 'household.state (state: 1 value): 3 spaces; 1 record looked at, 1 found'
ok 'JSON is one record a line' exits 0 "$GOLMOK" find household --json
ok '... each a value' all_json
run "$GOLMOK" find org_unit --under seoul --sort code
ok 'tables have the labels of the pack' says '기관코드'
ok '... and line up in Korean' is 1 "$(perl -CSD -Mutf8 -ne '
	s/[\x{1100}-\x{11ff}\x{ac00}-\x{d7a3}]/../g; print index($_, "19"), "\n" if /19[47]/' out | sort -u | wc -l | tr -d ' ')"
if command -v script >/dev/null; then
	script -qc 'stty cols 70; "$GOLMOK" find org_unit --under seoul' tty </dev/null >/dev/null
	ok 'on a narrow terminal no line is too long' is 0 "$(perl -CSD -Mutf8 -ne '
		next if !/\S/ || /^Script/; s/[\r\n]//g; s/[\x{1100}-\x{11ff}\x{ac00}-\x{d7a3}]/../g;
		print "$_\n" if length > 70' tty | wc -l | tr -d ' ')"
	ok '... of the table that is there' grep -q 기관코드 tty
fi
ok 'a reference is shown by its title' exits 0 "$GOLMOK" find household --under d23
ok '... of the record it leads to' says 신사동
run "$GOLMOK" find household hh_no=none
ok 'nothing is said as such' says 'nothing is found'

# ---- help ----------------------------------------------------------------
ok 'help names the scopes' exits 0 "$GOLMOK" help find
ok '... and the forms' says "--dong '강남 신사동'"
finish
