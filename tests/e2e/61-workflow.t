#!/bin/sh
# Goal: a case goes from a neighbour's report to its closing through every guard
# of the pack, in Korean, each step first refused with what is missing; what may
# be compared is made comparable; and staff see and write what their role has.
. "${0%/*}/lib.sh"
found s
here=d03/c017
dong=00000000000000000000000000000001
staff1=00000000000000000000000000000011
staff2=00000000000000000000000000000012

# put COLLECTION FIELD=VALUE...: $id is the new record.
put() {
	class=$1 collection=$2
	shift 2
	run "$GOLMOK" put "$here/$class" "$collection" "$@" --json
	id=$(json id 2>/dev/null)
	return "$status"
}
# to ID STATE [FIELD=VALUE]...: moves a record.
to() {
	record=$1 state=$2
	shift 2
	"$GOLMOK" patch "$record" "state=$state" "$@"
}
# refused WHY ID STATE [FIELD=VALUE]...: is the step refused, saying WHY?
refused() {
	why=$1
	shift
	run to "$@"
	[ "$status" -eq 5 ] && errs "$why"
}

# ---- a report ---------------------------------------------------------------
put report report channel=시민찾동이 subject_text='우편물이 쌓여 있음' place_text='가상로 1' \
	dong=$dong urgency=일반 received_at=2026-11-02T09:00:00+09:00 state=submitted \
	reporter_contact=010-0000-0001
report=$id
ok 'a report is triaged' exits 0 to "$report" triaged
ok 'a report is converted only with its household' \
	refused '전환하려면 연결가구가 있어야 합니다' "$report" converted
ok '... the state is named in both languages' errs "cannot become 'converted' ("
ok '... and why in English' errs 'a converted report names its household'
ok '... and what must hold' errs 'what must hold: household is something'
put case household hh_no=가-17 owner_dong=$dong address='서울시 종로구 가상로 017, 101동 1001호' \
	phone=010-1234-5678 state=active safety_flags=2인1조필수
household=$id
ok '... in one write with it' exits 0 to "$report" converted household="$household"
ok 'the reporter is told before it closes' \
	refused '제보자에게 회신한 뒤에 종결합니다' "$report" closed
ok 'then it closes' exits 0 to "$report" closed feedback+='방문하였습니다'

# ---- a visit ----------------------------------------------------------------
put case visit household="$household" kind=돌봄위기 staff=$staff1 channel=방문 state=assigned offline=false
visit=$id
ok 'a visit that is done says when and with what outcome' \
	refused '방문일시, 방문자, 결과가 있어야 합니다' "$visit" 'done'
ok 'this household is visited in pairs' refused '2인 1조로 방문해야 합니다' \
	"$visit" 'done' visited_at=2026-11-03T10:00:00+09:00 outcome=사례의뢰
ok '... and by two it is done' exits 0 to "$visit" 'done' \
	visited_at=2026-11-03T10:00:00+09:00 outcome=사례의뢰 "staff+=$staff2"
ok 'a new record is asked as well' \
	[ "$(put case visit household="$household" kind=정기 staff=$staff1 channel=방문 state=done offline=false || echo $?)" = 5 ]
ok 'a planner does not confirm it' exits 6 "$GOLMOK" patch "$visit" state=confirmed --role 복지플래너
ok '... and is told who does' errs '팀장, 동장'
ok 'who leads the team does' exits 0 "$GOLMOK" patch "$visit" state=confirmed --role 팀장

# ---- a case -----------------------------------------------------------------
put case case case_no=2026-1 household="$household" origin=제보 report="$report" \
	indicator=돌봄위기가구 state=found
case=$id
for step in intake received assessing conference; do
	"$GOLMOK" patch "$case" state=$step >/dev/null || exit 2
done
ok 'a case is classified by a conference' refused '사례회의를 거쳐야 합니다' "$case" classified
put case conference held_on=2026-11-10 level=동 cases="$case" attendees=$staff1
ok '... that names it' exits 0 to "$case" classified track=통합사례관리
"$GOLMOK" patch "$case" state=planning >/dev/null || exit 2
ok 'its plan needs an approval' refused '팀장 결재가 있어야 합니다' "$case" providing
ok '... and has it' exits 0 to "$case" providing approvals+='팀장 김가온17'

put case referral household="$household" case="$case" from_org=$dong to_org=$dong kind=복지관 \
	urgency=일반 share_fields=주소 state=draft
referral=$id
sent=sent_at=2026-11-11T09:00:00+09:00
ok 'a referral needs consent' refused '제3자 제공 동의가 있거나' "$referral" sent $sent
put case consent subject="$household" kind=제3자제공 purpose=의뢰 given_on=2026-11-01 expires_on=2026-11-02
consent=$id
ok '... that has not expired' refused '제3자 제공 동의가 있거나' "$referral" sent $sent
"$GOLMOK" patch "$consent" expires_on=2999-12-31 >/dev/null
ok '... and the time when it was sent' refused '제공항목과 의뢰일시가 있어야 합니다' "$referral" sent
ok '... then it goes out' exits 0 to "$referral" sent $sent
put case referral household=00000000000000000000000000000099 from_org=$dong to_org=$dong kind=복지관 \
	urgency=즉시 share_fields=주소 state=draft
ok 'without consent it says why' refused '동의가 있거나' "$id" sent $sent
ok '... and goes' exits 0 to "$id" sent $sent override_reason='생명이 위급함'
run "$GOLMOK" get "$id"
ok '... and the reason stays' says '생명이 위급함'
ok 'a rejection has a reason' refused '반려에는 사유가 있어야 합니다' "$referral" rejected
ok '... then it is one' exits 0 to "$referral" rejected reject_reason='정원 초과'

"$GOLMOK" patch "$case" state=monitoring >/dev/null || exit 2
ok 'a case closes with reason and day' refused '종결사유와 종결일이 있어야 합니다' "$case" closed
ok '... and does' exits 0 to "$case" closed close_reason=목표달성 closed_on=2026-11-20
put report report channel=앱 subject_text=가 place_text=나 dong=$dong urgency=일반 \
	received_at=2026-11-02T09:00:00+09:00 state=submitted
ok 'resolve may choose any state' exits 0 "$GOLMOK" resolve "$id" state answered
ok '... but is guarded as well' exits 5 "$GOLMOK" resolve "$id" state converted
ok '... and told' errs '전환하려면 연결가구가 있어야 합니다'

# ---- codes, bounds ----------------------------------------------------------
ok 'what grows does not shrink' exits 5 "$GOLMOK" patch "$visit" attempts-=1
ok '... by name and rule' errs "visit.attempts: '-1' is not a number of 0 or more"
run "$GOLMOK" put city/public dup_candidate score=1001
ok 'a number keeps within its bounds' errs "dup_candidate.score: '1001' is not a number from 0 to 1000"

# ---- contested --------------------------------------------------------------
put case visit household="$household" kind=정기 "staff=$staff1;$staff2" channel=방문 state=assigned offline=false
both=$id
token=$(json token)
to "$both" absent --token "$token" >/dev/null
to "$both" 'done' visited_at=2026-11-04T10:00:00+09:00 outcome=특이없음 --token "$token" >/dev/null
to "$both" refused --token "$token" >/dev/null
run "$GOLMOK" get "$both"
ok 'of contested states one is in effect' [ "$(grep -c 'in effect' out)" = 1 ]
ok '... the one that the pack puts first' [ "$(grep 'in effect' out | grep -c done)" = 1 ]
ok '... the others stand beside it' [ "$(grep -c CONFLICT out)" = 3 ]
run "$GOLMOK" conflicts
ok 'conflicts says so too' says 'state: done (in effect) | '
run "$GOLMOK" get "$both" --json
ok '... and machines are told' says '"in_effect":"done"'
run "$GOLMOK" ls $here/case visit --where state=absent
ok 'ls finds it by any of them' says "$both"
ok '... and shows the one' says 'done'
ok 'it goes on from there' exits 0 to "$both" confirmed

# ---- made comparable --------------------------------------------------------
run "$GOLMOK" status
ok 'without a match key status says so' errs "no match key is here for $here/case"
ok 'a match key is drawn' exits 0 "$GOLMOK" match key city/all/match_key --from 2026-01-01
ok 'old records are written anew' exits 0 "$GOLMOK" match rekey --json
ok '... one of them' is 1 "$(json changed)"
ok '... once' is 0 "$(run "$GOLMOK" match rekey --json; json changed)"
run "$GOLMOK" status
ok 'then status is content' silent
put case household hh_no=가-18 owner_dong=$dong state=active phone='010 1234 5678' \
	address='서울시 종로구 가상로 17 (가상동) 101동1001호'
twin=$id
# key FIELD ID
key() { "$GOLMOK" get "$2" --json | perl -MJSON::PP -0777 -ne '
	my ($f) = grep { $_->{name} eq "'"$1"'" } @{decode_json($_)->{fields}}; print $f->{shown} // "none"'; }
ok 'two spellings of one address are one hash' is "$(key addr_key "$household")" "$(key addr_key "$twin")"
ok '... of 16 bytes' is 32 "$(key addr_key "$twin" | wc -c)"
ok 'and of a telephone number' is "$(key phone_key "$household")" "$(key phone_key "$twin")"
run "$GOLMOK" ls $here/match match_entry --json
ok 'each has its copy to be compared' is 2 "$(wc -l <out)"
run "$GOLMOK" ls $here/match match_entry --where "subject=$twin" --json
copy=$(json id)
ok '... with the hash' is "$(key addr "$copy")" "$(key addr_key "$twin")"
"$GOLMOK" patch "$twin" address='다른 길 3' >/dev/null
ok '... that follows' is "$(key addr "$copy")" "$(key addr_key "$twin")"
ok '... and is another now' [ "$(key addr "$copy")" != "$(key addr_key "$household")" ]
"$GOLMOK" patch "$twin" phone= >/dev/null
ok 'what is cleared leaves its hash' is none "$(key phone_key "$twin")"
ok '... also in the copy' is none "$(key phone "$copy")"
"$GOLMOK" rm "$twin" >/dev/null
ok 'a copy goes with its record' [ "$("$GOLMOK" get "$copy" | grep -c 'status  deleted')" = 1 ]
"$GOLMOK" keep "$twin" >/dev/null
ok '... and comes back with it' [ "$("$GOLMOK" get "$copy" | grep -c 'status  live')" = 1 ]
"$GOLMOK" match key $here/match_key --from 2026-02-01 >/dev/null 2>&1
old=$(key addr_key "$household")
ok 'a nearer key takes over' is 2 "$(run "$GOLMOK" match rekey $here/case --json; json changed)"
ok '... and hashes are others' [ "$(key addr_key "$household")" != "$old" ]
"$GOLMOK" export --reason 시험 >all.jsonl 2>notes
ok 'copies are not exported' [ "$(grep -c match_entry all.jsonl)" = 0 ]
ok '... which is told' [ "$(grep -c 'records were left out that are copies' notes)" = 1 ]

# ---- roles ------------------------------------------------------------------
run "$GOLMOK" get "$report" --role 민원담당
ok 'a role sees its classes' says '가상로 1'
ok '... and no others' [ "$(grep -c 우편물 out)" = 0 ]
ok '... nor what is hidden from it' [ "$(grep -c 010-0000-0001 out)" = 0 ]
ok '... and is told' errs 'fields hold what the role 민원담당 does not see'
ok 'what it does not see it does not delete' exits 6 "$GOLMOK" rm "$report" --role 민원담당
ok '... which says what' errs 'holds something that the role 민원담당'
ok '... and the record stands' exits 0 "$GOLMOK" get "$report"
ok 'who sees all of it does' exits 0 "$GOLMOK" rm "$report" --role 팀장
ok '... and anyone may bring it back' exits 0 "$GOLMOK" keep "$report" --role 민원담당
GOLMOK_ROLE=시민찾동이
export GOLMOK_ROLE
run "$GOLMOK" get "$household"
ok 'the environment names the role too' [ "$(grep -c 010-1234-5678 out)" = 0 ]
run "$GOLMOK" history "$household"
ok 'history does not tell either' [ "$(grep -c 종로구 out)" = 0 ]
run "$GOLMOK" ls $here/case household --where phone=010-1234-5678
ok 'nor ls by a value' says 'no such records'
run "$GOLMOK" export $here/case --reason 시험
ok 'nor export' [ "$(grep -c 종로구 out)" = 0 ]
ok 'nor find' exits 6 "$GOLMOK" find household "phone = '010-1234-5678'" --city
ok '... which says why' errs 'household.phone: the role 시민찾동이'
ok '... and lists the rest' exits 0 "$GOLMOK" find household
ok '... without an address' [ "$(grep -c 가상로 out)" = 0 ]
ok 'it writes what is its own' exits 0 "$GOLMOK" put $here/report report channel=앱 subject_text=가 \
	place_text=나 dong=$dong urgency=일반 received_at=2026-11-02T09:00:00Z state=submitted
ok '... and nothing else' exits 6 "$GOLMOK" patch "$household" phone=010-9999-9999
ok '... which is said in Korean' errs '시민찾동이'
ok 'what it does not see it does not replace' exits 6 "$GOLMOK" patch "$report" place_text=다
ok 'nobody is what the pack does not have' exits 5 "$GOLMOK" get "$report" --role 임금
ok '... and it is said what there is' errs 복지플래너
unset GOLMOK_ROLE
ok '... nor on lists' exits 5 "$GOLMOK" due --role 임금
ok '... nor in reports' exits 5 "$GOLMOK" report --role 임금
ok 'a list by birthdays is not for whom birthdays are not' exits 6 "$GOLMOK" due DL-01 --role 우리동네주무관
ok '... which says why' errs 'DL-01: the list goes by what the role 우리동네주무관'
ok 'all lists are those that the role may see' exits 0 "$GOLMOK" due --role 우리동네주무관
ok '... the others are counted' errs 'lists are left out that go by what this role does not see'
ok '... and not among them' [ "$(grep -c DL-01 out)" = 0 ]
run "$GOLMOK" put d03/c017/public staff emp_no=77 name=이팀장 roles=팀장 dong=00000000000000000000000000000001 active_from=2020-01-01 pubkey=00112233445566778899aabbccddeeff --json
manager=$(json id)
run "$GOLMOK" put d03/c017/case case case_no=C-77 household=00000000000000000000000000000077 origin=내방 indicator=기타 \
	state=received received_on=2026-01-05 "manager=$manager" --json
run "$GOLMOK" due DL-07 --json
ok 'whoever has the keys sees the whole list' says 이팀장
run "$GOLMOK" due DL-07 --json --role 감사
ok 'a role sees the list' says '"C-77"'
ok '... without what it does not see' [ "$(grep -c 이팀장 out)" = 0 ]

# ---- when it was ------------------------------------------------------------
run "$GOLMOK" put d05/c001/report report channel=앱 subject_text=가 place_text=나 dong=00000000000000000000000000000001 \
	urgency=일반 received_at=2026-11-02T09:00:00Z state=submitted --json
tip=$(json id)
"$GOLMOK" patch "$tip" state=triaged >/dev/null
"$GOLMOK" patch "$tip" state=converted household=00000000000000000000000000000077 >/dev/null
run "$GOLMOK" find report --under d05 --fields 'converted_on = today' --json
ok 'the day of a move is kept' is true "$(sed 's/.*"converted_on = today":"*\([a-z]*\).*/\1/' out)"
"$GOLMOK" patch "$tip" state=closed >/dev/null
run "$GOLMOK" report RP-05 --under d05 --json
ok 'what was converted is so when it is closed' says '"reports":1,"reports_converted":1'
ok 'nothing is visited tomorrow' exits 5 "$GOLMOK" put d05/c001/case visit household=00000000000000000000000000000077 kind=정기 \
	'staff=00000000000000000000000000000002' channel=방문 state=done visited_at=2999-01-01T10:00:00Z outcome=특이없음 offline=false
ok '... which the clock says' errs 'visit.visited_at: 2999-01-01T10:00:00Z has not come yet: the clock of this node shows'

# ---- what is reckoned and stored nowhere ------------------------------------
run "$GOLMOK" find case case_no=C-77 --fields assess_due,plan_due --csv --no-bom
ok 'the days of a case follow from when it came' says '2026-01-15,2026-02-04'
ok 'they may be asked for' exits 0 "$GOLMOK" find case 'plan_due < today' --json
ok '... and find it' says C-77
run "$GOLMOK" find case --sort plan_due:desc --json --fields case_no
ok '... and put cases in order' says C-77
ok 'what a reference leads to has them too' exits 0 "$GOLMOK" find conference 'count(cases) = 0' --fields held_on
run "$GOLMOK" find visit --fields household.last_visit_on,household.next_due_on --csv --no-bom
ok 'a home knows its last visit' [ "$(grep -cE ',20[0-9]{2}-[0-9]{2}-[0-9]{2},' out)" -gt 0 ]
ok 'they are not written' exits 5 "$GOLMOK" patch "$household" last_visit_on=2026-01-01

ok 'fsck finds all as it must be' exits 0 "$GOLMOK" fsck
finish
