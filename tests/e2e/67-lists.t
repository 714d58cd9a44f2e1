#!/bin/sh
# Goal: a pack that has nothing to do with the one compiled in has its rules, its
# lists, its searches and its reports, with the right numbers; what is partial
# says so.
pack=$(cd "${0%/*}/../../docs/examples" && pwd)/tools.json
. "${0%/*}/lib.sh"

export GOLMOK_STORE="$home/store" GOLMOK_ACTOR=somebody
ok "a city is founded" exits 0 "$GOLMOK" init --found 시험 --label 사무실 --pack none
ok "it follows another pack" exits 0 "$GOLMOK" pack use "$pack"

id() { sed -n 's/.*"id":"\([0-9a-f]*\)".*/\1/p' "$home/out"; }
put() { run "$GOLMOK" put "$@" --json; }

put d01/c001/shelf tool name='충전 드릴' kind=drill
drill=$(id)
put d01/c001/shelf tool name=사다리 kind=ladder
ladder=$(id)
ok "tools are there" test -n "$drill" -a -n "$ladder"
ok "an ended code is refused" exits 5 "$GOLMOK" put d01/c001/shelf tool \
	name=톱 kind=saw
ok "... with its day" errs 2024-12-31
ok "an unknown collection is refused" exits 5 "$GOLMOK" put d01/c001/case \
	household hh_no=1

loan() {
	put d01/c001/desk loan tool="$1" neighbour="$2" lent_on="$3" \
		due_on="$4" state="$5"
}
loan "$drill" 가온1 2024-01-05 2024-01-12 lent
first=$(id)
ok "a loan is made" test -n "$first"
ok "the tool is not lent twice" exits 5 "$GOLMOK" put d01/c001/desk loan \
	tool="$drill" neighbour=가온2 lent_on=2024-01-06 due_on=2024-01-20 \
	state=lent
ok "... the guard says why" errs "빌려간 공구"
ok "back needs its day" exits 5 "$GOLMOK" patch "$first" state=back
ok "... in both languages" errs "say when it came back"
ok "it comes back" exits 0 "$GOLMOK" patch "$first" state=back \
	back_on=2024-01-11
loan "$drill" 가온2 2024-01-15 2024-01-22 lent
loan "$ladder" 가온3 2024-02-01 2024-02-08 lent

ok "two are late" exits 0 "$GOLMOK" due --on 2024-03-01
ok "... the list counts them" grep -Eq "^LATE +2 +2 " "$home/out"
ok "the longest comes first" exits 0 "$GOLMOK" due LATE --on 2024-03-01
ok "... by 39 days" grep -Eq "^2024-01-22 +\+39d ! .*충전 드릴" "$home/out"
ok "nothing is late before" exits 0 "$GOLMOK" due LATE --on 2024-01-22 --json
ok "... nothing at all" test ! -s "$home/out"
ok "a limit says what it hides" exits 0 "$GOLMOK" due LATE --on 2024-03-01 \
	--limit 1
ok "... and how many" errs "1 of 2"
ok "CSV begins with what a spreadsheet wants" exits 0 "$GOLMOK" due LATE \
	--on 2024-03-01 --csv
ok "... three bytes" test "$(head -c 3 "$home/out" | od -An -tx1 | tr -d ' \n')" = efbbbf
ok "a list that is not there is named" exits 3 "$GOLMOK" due EARLY
ok "... with those that are" errs LATE
ok "a day that is none" exits 2 "$GOLMOK" due --on 2024-02-30

ok "the report is made" exits 0 "$GOLMOK" report YEAR --json
ok "... loans of January" says '"key":"2024-01","label":"2024-01","loans":2,"tools_lent":1,"loans_per_tool":2.0'
ok "... and of all, each tool once" says '"total":true,"loans":3,"tools_lent":2,"loans_per_tool":1.5'
ok "a month by itself" exits 0 "$GOLMOK" report YEAR --period 2024-02 --json
ok "... has one loan" says '"total":true,"loans":1,"tools_lent":1'
ok "for people" exits 0 "$GOLMOK" report YEAR
ok "... with a bar" says "████"
ok "... and what it was made of" says "로그 2개"
ok "of a unit without loans" exits 0 "$GOLMOK" report YEAR --under d09
ok "... nothing is counted" says "기록이 없습니다"
ok "a day of what is counted by month" exits 0 "$GOLMOK" report YEAR --period 2024-01-05
ok "... is no silent nothing" says "빠졌습니다; 기간을 넓혀 보십시오"
ok "... nor in JSON" exits 0 "$GOLMOK" report YEAR --period 2024-01-05 --json
ok "... nor there" says '"partial":["loans"'
ok "a month says nothing of that" sh -c '! "$GOLMOK" report YEAR --period 2024-01 | grep -q 빠졌'
ok "a time that ends first" exits 2 "$GOLMOK" report YEAR --period 2024-03/2024-01
ok "... says so" errs "ends before it begins"
ok "a time that is none" exits 2 "$GOLMOK" report YEAR --period 2024-13
ok "a page for printing" exits 0 "$GOLMOK" report YEAR --html "$home/page.html"
ok "... has a chart" grep -q "<svg" "$home/page.html"
ok "... and no script" sh -c "! grep -qi '<script\|http://[^w]' '$home/page.html'"

# ---- what a spreadsheet would compute ----------------------------------------
put d02/c001/shelf tool name='=1+1' kind=ladder
sum=$(id)
put d02/c001/desk loan tool="$sum" neighbour='@가온;나' lent_on=2024-02-01 due_on=2024-02-08 state=lent
later=$(id)
# row COMMAND...: the last row of its CSV.
row() { "$@" | tail -n 1 | tr -d '\r'; }
ok "found, no cell is a formula" is "'=1+1,'@가온;나,$sum,true" \
	"$(row "$GOLMOK" find loan --under d02 --csv --fields "tool.name,neighbour,tool,exists(loan, tool = this.tool)" | cut -d, -f4-)"
ok "on a list neither" is "2024-02-08,22,'=1+1,'@가온;나" \
	"$(row "$GOLMOK" due LATE --under d02 --on 2024-03-01 --csv | cut -d, -f1,2,4-)"
ok "... which may be without a mark" is eab8b0 \
	"$("$GOLMOK" due LATE --on 2024-03-01 --csv --no-bom | head -c 3 | od -An -tx1 | tr -d ' \n')"
ok "a mark is of CSV alone" exits 2 "$GOLMOK" due LATE --no-bom
ok "... which is one form" exits 2 "$GOLMOK" report YEAR --csv --json
ok "a report has the same form" is efbbbf "$("$GOLMOK" report YEAR --csv | head -c 3 | od -An -tx1 | tr -d ' \n')"
"$GOLMOK" rm "$later" >/dev/null

ok "what is counted stands after a rebuild" exits 0 "$GOLMOK" rebuild
ok "... the same" exits 0 "$GOLMOK" report YEAR --json
ok "... numbers" says '"total":true,"loans":3,"tools_lent":2,"loans_per_tool":1.5'
ok "everything is as it must be" exits 0 "$GOLMOK" fsck

# ---- in one step ---------------------------------------------------------------
sed 's/"kind": "state"/"kind": "stat"/' "$pack" >bad.json
ok "a wrong file is told" exits 5 "$GOLMOK" init "$home/one" --found 시험 --label 하나 --pack bad.json
ok "... with its place" errs 'collections[1]: fields[5]: kind: must be one of'
ok "... and nothing is made" [ ! -e "$home/one" ]
ok "what is neither is told" exits 3 "$GOLMOK" init "$home/one" --found 시험 --label 하나 --pack tool
ok "a store begins with its file" exits 0 "$GOLMOK" init "$home/one" --found 시험 --label 하나 --pack "$pack"
ok "... and its rules" exits 5 "$GOLMOK" put d01/c001/shelf tool name=톱 kind=saw --store "$home/one"
"$GOLMOK" join --store "$home/two" --request ask --name 둘 >/dev/null
"$GOLMOK" admit ask --store "$home/one" --rights read:N,write --space d01 --answer answer >/dev/null
ok "who joins does so too" exits 0 "$GOLMOK" join --store "$home/two" --grant answer --pack "$pack"
ok "... under the same rules" exits 5 "$GOLMOK" put d01/c001/shelf tool name=톱 kind=saw --store "$home/two"
ok "... which know what they refuse" errs 2024-12-31
finish
