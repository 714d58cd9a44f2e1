#!/bin/sh
# Goal: a report that lacks what a unit wrote says so, in every form in which it
# is written.
. "${0%/*}/lib.sh"

export GOLMOK_STORE="$home/store" GOLMOK_ACTOR=somebody
ok "a city is founded" exits 0 "$GOLMOK" init --found 시험 --label 시청

unit() {
	ok "$1 is a unit" exits 0 "$GOLMOK" put city/all/public org_unit \
		name_ko="$1" code="$2" level=dong prefix="$3" \
		valid_from="$4" ${5:+"$5"}
}
unit 신사동 1168051000 d23/c01 1975-10-01
unit 논현동 1168052000 d23/c02 1975-10-01
unit 옛동 1168053000 d23/c03 1975-10-01 valid_to=2015-12-31
ok "one of them has something" exits 0 "$GOLMOK" put d23/c01/public zone \
	name=1구역 dong=00000000000000000000000000000001

ok "a report says of whom it has nothing" exits 0 "$GOLMOK" report RP-01 \
	--period 2016
ok "... by name" says "논현동 (받은 자료 없음)"
no() { ! says "$1"; }
ok "... and of none else" no "신사동 (받은 자료 없음)"
ok "... nor of what is no more" no "옛동"
ok "... and that it is not all" says "모두 모인 합계가 아닐 수"
ok "as JSON" exits 0 "$GOLMOK" report RP-01 --period 2016 --json
ok "... by its prefix" is '["d23/c02"]' "$(json stale)"
ok "as a page" exits 0 "$GOLMOK" report RP-01 --period 2016 \
	--html "$home/page.html"
ok "... by name" grep -q "논현동 (받은 자료 없음)" "$home/page.html"

finish
