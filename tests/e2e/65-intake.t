#!/bin/sh
# Goal: tables of other systems go in by a mapping, twice without a second
# record; what is wrong with one is told by line, column and field, and nothing
# of it is stored; what goes out opens in spreadsheets and comes in again.
. "${0%/*}/lib.sh"
intake=$(cd "$OLDPWD" && pwd)/tests/intake
[ -f "$intake/units.jsonl" ] || intake=${GOLMOK%/build/*}/tests/intake
found s
"$GOLMOK" import "$intake/units.jsonl" >/dev/null

# takes MAPPING [FILE]: by a mapping of the program.
takes() { "$GOLMOK" import "${2-$intake/$1.csv}" --map "$1" --json; }
# out OPTION...: an export with a reason.
out() { "$GOLMOK" export --reason 시험 "$@"; }
fields() { out --collection "$1" | sed 's/.*"fields"://'; }

# ---- the four sources -----------------------------------------------------
ok 'the mappings are listed' exits 0 "$GOLMOK" import --maps
for name in card_app alley_proposals call_120 crisis_list; do
	ok "... $name" says $name
done
for row in card_app:6 alley_proposals:2 call_120:2 crisis_list:5; do
	name=${row%:*}
	run takes "$name"
	ok "$name goes in" is "${row#*:}" "$(json created)"
	before=$("$GOLMOK" digest)
	run takes "$name"
	ok '... a second time there is nothing new' is 0 "$(json created)"
	ok '... not a delta' is "$before" "$("$GOLMOK" digest)"
done
fields volunteer >out
ok 'a date with dots is read' says '"joined_on":"2016-07-26"'
ok '... one in Korean' says '"joined_on":"2016-07-29"'
ok '... one of a spreadsheet' says '"joined_on":"2016-07-30"'
ok 'a number that lost its zero has it again' says '"phone":"010-0000-0004"'
ok 'words become codes, and a cell a set' says '"kinds":["시민찾동이","나눔이웃"]'
ok 'an alias names the unit' says '"name":"가상다섯"'
ok 'the channel is constant' is 6 "$(grep -c '"join_channel":"서울시민카드앱"' out)"
run "$GOLMOK" ls d23/c01/volunteer volunteer --json
ok 'the 신사동 of 강남구 has its own' says 가상셋
run "$GOLMOK" ls d21/c10/volunteer volunteer --json
ok '... and that of 관악구' says 가상넷
fields report >out
ok 'a time before midnight stays on its day' says '"received_at":"2016-07-25T23:59:00+09:00"'
ok 'who is unnamed has no number' is 1 "$(grep -c reporter_contact out)"
fields alley_meeting >out
ok 'a proposal keeps its lines' says '제안입니다.\n둘째'
ok '... and what is no formula here' says '"title":"=SUM(가상) 화분 놓기"'
fields survey_entry >out
campaign=$(out d01/c17/public --collection campaign | sed 's/.*"id":"\([0-9a-f]*\)".*/\1/')
ok 'a row makes a survey and an entry that leads to it' is 2 "$(grep -c "\"campaign\":\"$campaign\"" out)"
ok '... with its indicators' says '"signals":["단전","단수"]'

# ---- units by all that is above them --------------------------------------
head=$(head -1 "$intake/call_120.csv")
at() { printf '%s\n%s,2016-07-25 09:30,,이웃,가상로 1,%s,%s,,N,\n' "$head" "$1" "$2" "$3" >at.csv; }
at u1 종로구 혜화동주민센터
ok 'another name behind the district is found' exits 0 "$GOLMOK" import at.csv --map call_120 --dry-run
at u2 종로구 1111065000
ok '... and a code' exits 0 "$GOLMOK" import at.csv --map call_120 --dry-run
at u3 '서울특별시 강남구' 신사동
ok '... and a district behind its city' exits 0 "$GOLMOK" import at.csv --map call_120 --dry-run
at u4 강남구 혜화동
ok '... but not behind another' exits 5 "$GOLMOK" import at.csv --map call_120 --dry-run
ok '... which is said' errs "no unit that is held here is called '강남구 혜화동'"

# ---- a node that holds no units -------------------------------------------
"$GOLMOK" init bare --found 시험 --label 사무실 >/dev/null
ok 'without units no row can name one' exits 3 "$GOLMOK" import at.csv --map call_120 --store bare
ok '... which is told once, with what to do' errs 'no units are held here (org_unit), so the rows can name none: import them first'

# ---- files that are no tables ---------------------------------------------
at n1 종로구 혜화동
printf '\377\376\254\300' >utf16.csv
ok 'UTF-16 is refused' exits 5 "$GOLMOK" import utf16.csv --map call_120
ok '... by its name' errs 'the file is in UTF-16: save it again as CSV in UTF-8'
sed 's/이웃/a\x00b/' at.csv >zero.csv
ok 'a zero byte is refused' exits 5 "$GOLMOK" import zero.csv --map call_120
ok '... with its line' errs 'line 2 has a zero byte'
tr , ';' <at.csv >semicolons.csv
ok 'semicolons between cells are refused' exits 5 "$GOLMOK" import semicolons.csv --map call_120
ok '... and named' errs 'semicolons.csv:1: no commas, but semicolons stand between the cells'
sed '1s/.*/가나다라마바사아자차카타파하가나다라마바사아자차카타파하,b/;2s/.*/a,b/' at.csv >long.csv
ok 'a long name is shown by whole letters' exits 5 "$GOLMOK" import long.csv --map call_120
ok '... cut' errs "'가나다라마바사아자차카타파하가나다라마바': the mapping"

# ---- what people did with a record stays ----------------------------------
id=$(out d23/c01/volunteer | sed 's/.*"id":"\([0-9a-f]*\)".*/\1/')
"$GOLMOK" patch "$id" state=verified phone=010-9999-9999 >/dev/null
takes card_app >/dev/null
ok 'taken in again, a record is as it was left' sh -c '"$GOLMOK" get "$1" | grep -q 010-9999-9999' - "$id"
"$GOLMOK" import "$intake/card_app.csv" --map card_app --update >/dev/null
"$GOLMOK" get "$id" >out
ok 'with --update it is as the table says' says 010-0000-0003
ok '... but its state is ours' says verified
"$GOLMOK" rm "$id" >/dev/null
run "$GOLMOK" import "$intake/card_app.csv" --map card_app --update
ok 'what was deleted does not come back' sh -c '! "$GOLMOK" ls d23/c01/volunteer volunteer | grep -q 가상셋'

# ---- two centres ----------------------------------------------------------
city=$("$GOLMOK" whoami --json | sed 's/.*"city":"\([0-9a-f]*\)".*/\1/')
run "$GOLMOK" init two --city "$city" --json
key=$(json key)
"$GOLMOK" admit "$key" --label 종로 >/dev/null
for prefix in d01 city; do
	"$GOLMOK" member grant "$key" --prefix $prefix --rights read:NPSF,write >/dev/null
done
meet s two
grep -v '강남\|관악' "$intake/call_120.csv" | sed 's/가상120-1/가상120-9/' >nine.csv
ok 'two centres take in one table' exits 0 takes call_120 nine.csv
ok '... each for itself' exits 0 "$GOLMOK" import nine.csv --map call_120 --store two --json
ok '... which makes one there' is 1 "$(json created)"
meet s two
ok '... and together one record' is 2 "$(out d01/c17/report | wc -l)"
run "$GOLMOK" conflicts --json
ok '... without a conflict' [ "$(grep -c report out)" = 0 ]

# ---- JSON lines by the same mapping ---------------------------------------
echo '{"접수번호":"가상120-5","접수일시":"2016-07-25T09:30:00+09:00","내용":"지어낸 일","주소":"가상로 9","행정동":"혜화동","유형":["체납","고립"],"긴급":null}' >five.jsonl
ok 'JSON lines have the same columns' exits 0 takes call_120 five.jsonl
ok '... and arrays' sh -c '"$GOLMOK" export d01/c17/report --reason 시험 | grep -q "\"signals\":\[\"공과금체납\",\"고립\"\]"'
echo '{"접수번호":"x","별":1}' >star.jsonl
ok 'a key that the mapping does not know is told' exits 5 takes call_120 star.jsonl
ok '... by its name' errs "star.jsonl:1: '별': the mapping call_120 does not know it"

# ---- bad tables -----------------------------------------------------------
before=$("$GOLMOK" digest)
H='가입번호,성명,자치구,행정동,가입일'
# bad WHAT STATUS WORDS...: the table bad.csv is refused, in words.
bad() {
	ok "$1" exits "$2" takes card_app bad.csv
	shift 2
	for words in "$@"; do
		ok "... $words" errs "$words"
	done
	[ "$before" = "$("$GOLMOK" digest)" ] || ok '... and nothing is stored' false
}
printf '%s\n1,가상,,신사동,2016-07-25\n' "$H" >bad.csv
bad 'a dong that is two' 5 "bad.csv:2: column '행정동': '신사동' may mean 관악구 신사동 (1162068500, d21/c10), 강남구 신사동 (1168051000, d23/c01)"
printf '%s\n1,가상,,없는동,2016-07-25\n' "$H" >bad.csv
bad 'a dong that is none' 5 "column '행정동': no unit that is held here is called '없는동'"
printf '%s\n1,가상,,가상동,2016-07-25\n' "$H" >bad.csv
bad 'a dong without spaces' 5 'the unit 종로구 가상동 (1111099900) has no prefix'
printf '%s\n1,가상,,혜화동,7/25/2016\n' "$H" >bad.csv
bad 'a date that is two' 5 "bad.csv:2: column '가입일': '7/25/2016' can be read as month_first, day_first"
printf '%s\n1,가상,,혜화동,16.7.25\n' "$H" >bad.csv
bad 'a year of two digits' 5 "'16.7.25' has a year of two digits"
printf '%s\n1,가상,,혜화동,2016-02-30\n' "$H" >bad.csv
bad 'a day that is none' 5 "'2016-02-30' is no day of the calendar"
printf '%s\n1,가상,,혜화동,2016-07-25\n2,,,혜화동,2016-07-25\n' "$H" >bad.csv
bad 'merged cells' 5 "bad.csv:3: column '성명': is empty, and volunteer.name is needed; line 2 above has '가상': were cells merged?"
printf '%s\n,가상,,혜화동,2016-07-25\n' "$H" >bad.csv
bad 'a row without its number' 5 "column '가입번호': is empty, and what names the row is needed"
printf '%s,활동구분\n1,가상,,혜화동,2016-07-25,통역\n' "$H" >bad.csv
bad 'a word that is no code' 5 "column '활동구분': volunteer.kinds: '통역' is not one of 시민찾동이"
printf '%s,연락처\n1,가상,,혜화동,2016-07-25,전화\n' "$H" >bad.csv
bad 'a number that is none' 5 "column '휴대폰': volunteer.phone: '전화' is no telephone number"
printf '%s\n1,가상,,혜화동,2016-07-25\n1,다른가상,,혜화동,2016-07-25\n' "$H" >bad.csv
bad 'one number for two' 5 'bad.csv:3: another row of these files has the same key'
printf '%s,성 명\n' "$H" >bad.csv
bad 'a header twice' 5 "bad.csv:1: columns 2 and 6 are both '성명'"
printf '가입번호,성명,행정동\n' >bad.csv
bad 'a column that is missing' 5 "the header has no column '가입일', which the mapping card_app needs"
printf '%s,별자리\n' "$H" >bad.csv
bad 'a column that nobody knows' 5 "column 6, '별자리': the mapping card_app does not know it"
printf '%s,\n1,가상,,혜화동,2016-07-25,어\n' "$H" >bad.csv
bad 'a column without a name' 5 'bad.csv:2: column 6 has no name in the header'
printf '%s\n1,가상,,혜화동\n' "$H" >bad.csv
bad 'a row that is too short' 5 'bad.csv:2: line 2: the row has 4 cells, the first has 5'
printf '%s\n1,"가상,,혜화동,2016-07-25\n' "$H" >bad.csv
bad 'a quote without end' 5 'bad.csv:2: line 2: the file ends inside quotes'
{ printf '%s\n1,가상,,혜화동,2016-07-25\n' "$H"; printf '2,가상,,혜화동,2016-07-25\n' | iconv -f UTF-8 -t CP949; } >bad.csv
bad 'two encodings' 5 'line 1 is UTF-8 and line 3 is not: the file has two encodings'
perl -e 'print join(",", map "c$_", 1..300), "\n"' >bad.csv
bad 'three hundred columns' 10 'the row has more than 272 cells'
: >bad.csv
bad 'no header' 5 'the file has no header'
ok 'a mapping and a collection contradict each other' exits 2 "$GOLMOK" import bad.csv --map card_app --collection volunteer
ok 'a mapping that is none' exits 3 "$GOLMOK" import bad.csv --map nothing
ok '... is told' errs 'import --maps lists them'
sed 's/"constant": "applied"/"constant": "applied", "colour": 1/' "${GOLMOK%/build/*}/proto/packs/maps/card_app.json" >own.json
ok 'a misspelt mapping is refused' exits 5 "$GOLMOK" import bad.csv --map own.json
ok '... with its place' errs 'own.json: mapping: records[0]: fields.state: colour: unknown key'

# ---- odd tables that are fine ---------------------------------------------
perl -e 'print "\xef\xbb\xbf", join(",", qw(가입번호 성명 행정동 가입일), map("", 1..196)), "\r\n";
	print join(",", "가상-200", "가상이백", "혜화동", "2016년7월25일(월)", map("", 1..196)), "\r\n";
	print "," x 199, "\r\n"; print "계", "," x 199, "\r\n"' >wide.csv
run takes card_app wide.csv
ok '200 columns, a mark, CRLF, an empty row and a total' is 1 "$(json created)"
ok '... which is told' is 1 "$(json skipped)"
printf '%s\n가상-949,가상,,혜화동,2016-07-25\n' "$H" | iconv -f UTF-8 -t CP949 >cp949.csv
run takes card_app cp949.csv
ok 'CP949 is recognised' is 1 "$(json created)"
sed 's/"format": 1,/"format": 1, "header": 3,/; s/"dates": \[/&"month_first", /' "${GOLMOK%/build/*}/proto/packs/maps/card_app.json" >own.json
printf '명단,,,,\n,,,,\n%s\n가상-us,가상,,혜화동,7/25/2016\n' "$H" >own.csv
ok 'a mapping of one'"'"'s own says where the header is' exits 0 "$GOLMOK" import own.csv --map own.json --json
ok '... and how dates are' sh -c '"$GOLMOK" export --reason 시험 --collection volunteer | grep -q "가상\",\"state"'

# ---- out ------------------------------------------------------------------
run "$GOLMOK" export --collection volunteer
ok 'personal data ask for a reason' is 2 "$status"
ok '... in words' errs 'say why with --reason'
ok '... and nothing left' [ ! -s out ]
run "$GOLMOK" export --collection volunteer --class N
ok 'what is not personal asks for none' is 0 "$status"
ok '... and has no names' [ "$(grep -c 가상 out)" = 0 ]
n=$(out d01/c17/access | wc -l)
out d01/c17/volunteer >/dev/null
out d01/c17/access --collection access_log >out
ok 'each one is kept' is $((n + 2)) "$(wc -l <out)"
ok '... with its reason' says '"reason":"시험"'
ok '... and what it was' says '"action":"내보내기"'
# ---- tables of find and due leave as well -----------------------------------
# kept: how many accesses there are.
kept() { "$GOLMOK" find access_log --fields at --csv --no-bom | sed 1d | wc -l; }
n=$(kept)
run "$GOLMOK" find volunteer --fields name,state --csv
ok 'a table with names asks for a reason' is 2 "$status"
ok '... in words' errs 'say why with --reason, which is kept in access_log; or name columns that are not personal with --fields'
ok '... and nothing left' [ ! -s out ]
ok '... nor was it kept' is "$n" "$(kept)"
ok 'one without asks for none' exits 0 "$GOLMOK" find volunteer --fields state --csv
ok '... nor does one that is looked at' exits 0 "$GOLMOK" find volunteer --fields name
run "$GOLMOK" find volunteer --fields name,state --csv --text 가상둘 --sort name --reason 연락
ok 'with one it is written' says 가상둘
ok '... all of it' is 2 "$(wc -l <out)"
spaces=$("$GOLMOK" ls --json | grep -c '/volunteer"')
ok '... and kept of each unit' is $((n + spaces)) "$(kept)"
run "$GOLMOK" find volunteer --under d01/c17 --csv --reason 한곳
ok '... of those alone of which it was asked' is $((n + spaces + 1)) "$(kept)"
run "$GOLMOK" due DL-19 --csv
ok 'so it is with lists' is 2 "$status"
ok '... of which nothing left' [ ! -s out ]
ok '... in words' errs 'or look at them here, without --csv'
ok '... with a reason' exits 0 "$GOLMOK" due DL-19 --csv --reason 임기 --under d01/c17
ok '... that is kept' is $((n + spaces + 2)) "$(kept)"
ok 'a list without names asks for none' exits 0 "$GOLMOK" due DL-08 --csv

"$GOLMOK" put d01/c17/volunteer volunteer name='=1+1' phone="'-x" kinds=시민찾동이 \
	dong=000000000000000000000000000000e1 join_channel=추천 state=applied joined_on=2016-07-25 >/dev/null
out d01/c17/volunteer --collection volunteer --format csv --labels >v.csv
ok 'a formula is guarded' grep -qF "'=1+1,''-x," v.csv
ok 'labels stand below the header' sh -c 'sed -n 2p v.csv | grep -q "^# 기록,구분,성명,"'
ok 'lines end with CRLF' [ "$(grep -c "$(printf '\r')\$" v.csv)" = "$(wc -l <v.csv)" ]
ok 'it comes in again as it was' exits 0 "$GOLMOK" import v.csv --collection volunteer --update --json
ok '... all of it' is "$(($(wc -l <v.csv) - 2))" "$(json same)"
out d01/c17/volunteer --collection volunteer --format csv-cp949 >k.csv
out d01/c17/volunteer --collection volunteer --format csv --no-bom | iconv -f UTF-8 -t CP949 >want.csv
ok 'CP949 is what iconv makes of it' cmp -s want.csv k.csv
ok '... and comes in as it was' exits 0 "$GOLMOK" import k.csv --collection volunteer --update
"$GOLMOK" put d01/c17/volunteer volunteer name='가상😀' kinds=시민찾동이 id=1 2>/dev/null
"$GOLMOK" put d01/c17/volunteer volunteer name='가상😀' kinds=시민찾동이 \
	dong=000000000000000000000000000000e1 join_channel=추천 state=applied joined_on=2016-07-25 >/dev/null
run out d01/c17/volunteer --collection volunteer --format csv-cp949
ok 'what CP949 cannot say is an error' is 5 "$status"
ok '... of a record and field' errs ": name: CP949 does not have '😀'"
run out d01/c17/volunteer --collection volunteer --format csv-cp949 --replace
ok '... or a question mark' is 0 "$status"
ok '... that is counted' errs '1 letters are not in CP949'

# ---- a city that is not real ----------------------------------------------
"$GOLMOK" init g --found '가상시' --label 시청 >/dev/null
"$GOLMOK" import "$intake/units.jsonl" --store g >/dev/null
"$GOLMOK" export --collection org_unit --format csv --store g >g.csv
ok 'a made-up city says so in its tables' sh -c 'head -1 g.csv | grep -q "# 가상 데이터 / SYNTHETIC,"'
ok '... which come in again' exits 0 "$GOLMOK" import g.csv --collection org_unit --update --store g
out --store g >g.jsonl
ok '... and in its lines' sh -c 'head -1 g.jsonl | grep -qF "{\"remark\":\"가상 데이터 / SYNTHETIC\"}"'
ok '... which come in again' exits 0 "$GOLMOK" import g.jsonl --update --store g
ok 'fsck is content' exits 0 "$GOLMOK" fsck
finish
