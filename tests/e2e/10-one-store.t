#!/bin/sh
# Goal: on one store, without any network, a person makes a record, changes it,
# meets a conflict and decides it, and every word of it is signed and checked.
. "${0%/*}/lib.sh"

run "$GOLMOK" init s --found 서울 --label 시청
ok 'init makes a store and says which city and key it is' is 0 "$status"
ok 'the name of the city is Korean as it was given' says 서울
ok 'a store that exists is not made again' exits 4 "$GOLMOK" init s --found 서울 --label 시청
GOLMOK_STORE=$PWD/s
GOLMOK_ACTOR=김주무관
export GOLMOK_STORE GOLMOK_ACTOR
run "$GOLMOK" whoami --json
ok 'whoami knows the label' is 시청 "$(json label)"
ok 'a founder holds the root keys' is true "$(json root)"
ok 'an empty store lists no records' exits 0 "$GOLMOK" conflicts
ok '... and says so' says 'nothing waits for a decision'

volunteer 홍길동
ok 'put prints the id of the record' is 32 "${#id}"
run "$GOLMOK" get "$id"
ok 'get shows a Korean value' says 홍길동
ok '... the Korean label of the field' says 성명
ok '... and the English one' says 'Join channel'
short=$(printf %.20s "$id")
ok 'the first digits of an id are enough' exits 0 "$GOLMOK" get "$short"

ok 'patch gives a field a value' exits 0 "$GOLMOK" patch "$id" phone=010-1234-5678 --token "$token"
ok 'another patch from the old token stands beside it' \
	exits 0 "$GOLMOK" patch "$id" phone=010-9999-0000 --token "$token" --actor 이간호사
token2=$(sed -n 's/^token //p' out)
ok 'its token does not cover what it was not shown' \
	exits 0 "$GOLMOK" patch "$id" phone=010-9999-0001 --token "$token2"
"$GOLMOK" patch "$id" phone=010-9999-0000 --token "$(sed -n 's/^token //p' out)" \
	--actor 이간호사 >/dev/null
run "$GOLMOK" get "$id"
ok 'both values are shown' says 010-1234-5678
ok '... and the other' says 010-9999-0000
ok '... as a conflict' says CONFLICT
ok '... with who wrote it' says 이간호사
run "$GOLMOK" conflicts --json
ok 'conflicts lists the record' is "$id" "$(json id)"
ok 'a write without a token leaves the conflict' exits 0 "$GOLMOK" patch "$id" hours+=0
ok '... and gets none for it' [ "$(grep -c token out)" = 0 ]
ok 'ls marks it' exits 0 "$GOLMOK" ls d03/c017/volunteer volunteer
ok '... as a conflict' says conflict
ok 'resolve decides' exits 0 "$GOLMOK" resolve "$id" phone 010-9999-0000
ok 'then nothing waits' exits 0 "$GOLMOK" conflicts
ok '... any more' says 'nothing waits for a decision'

ok 'a counter is added to' exits 0 "$GOLMOK" patch "$id" hours+=30
ok '... twice' exits 0 "$GOLMOK" patch "$id" hours+=15
ok 'one that grows is not taken from' exits 5 "$GOLMOK" patch "$id" hours-=5
ok '... and the rule is named' errs "volunteer.hours: '-5' is not a number of 0 or more"
run "$GOLMOK" get "$id"
ok 'the sum is shown with its unit' says '45 minutes'
run "$GOLMOK" put d03/c017/public alley_meeting title=담장 kind=주민회의 proposer=김가온 \
	proposed_via=방문 state=proposed attendees_n=30 --json
meeting=$(json id)
ok 'another counter is taken from' exits 0 "$GOLMOK" patch "$meeting" attendees_n-=5
ok '... and has the sum' exits 0 "$GOLMOK" get "$meeting"
ok '... of all amounts' says 25
ok 'an element leaves a set' exits 0 "$GOLMOK" patch "$id" kinds-=나눔이웃
ok 'a state moves as it may' exits 0 "$GOLMOK" patch "$id" state=verified
printf '첫째 줄\n둘째 줄\n' >note
run "$GOLMOK" note "$id" training - <note
ok 'a note is read from standard input' is 0 "$status"
run "$GOLMOK" get "$id" --json
ok 'it has both lines' says '첫째 줄\n둘째 줄'
ok 'get --json is JSON' all_json
ok 'saying what is there already changes nothing' exits 0 "$GOLMOK" patch "$id" state=verified
ok '... and is told' errs 'nothing was changed'

run "$GOLMOK" history "$id"
ok 'history says who' says 김주무관
ok '... who else' says 이간호사
ok '... what was taken out of a set' says 'kinds -= 나눔이웃'
ok '... and that it counts' says counts

ok 'rm deletes' exits 0 "$GOLMOK" rm "$id"
run "$GOLMOK" ls d03/c017/volunteer
ok 'a deleted record is not listed' says 'no such records'
ok 'keep brings it back' exits 0 "$GOLMOK" keep "$id"
run "$GOLMOK" ls d03/c017/volunteer volunteer --where name=홍길동 --json
ok 'ls --where finds it by a Korean value' is "$id" "$(json id)"
run "$GOLMOK" ls d03/c017/volunteer volunteer --where name=아무개
ok '... and nothing by another' says 'no such records'

run "$GOLMOK" get "$id" --json
token=$(json token)
"$GOLMOK" patch "$id" phone=010-0000-0000 >/dev/null
ok 'a delete by one who had not seen the last edit' exits 0 "$GOLMOK" rm "$id" --token "$token"
run "$GOLMOK" get "$id"
ok '... leaves the record contested' says contested
ok 'keep decides that too' exits 0 "$GOLMOK" keep "$id"
run "$GOLMOK" get "$id"
ok '... and it lives' says 'status  live'

run "$GOLMOK" ls
ok 'ls counts the records of each space' says d03/c017/volunteer
run "$GOLMOK" feed --since 3
ok 'the feed is JSON lines' all_json
run "$GOLMOK" member ls
ok 'members shows this node' says 'this node'
key=$(printf %064d 7)
ok 'admit makes a member' exits 0 "$GOLMOK" admit "$key" --label 성수1가동
ok 'admit --json is JSON' exits 0 "$GOLMOK" admit "$(printf %064d 8)" --label 왕십리동 --json
ok '... with the key' is "$(printf %064d 8)" "$(json admitted)"
ok 'grant takes the label of a member' exits 0 "$GOLMOK" member grant 성수1가동 --prefix d03/c017 --rights read:NPSF,write
run "$GOLMOK" member ls
ok 'members shows the grant' says 'd03/c017: read:NPSF,write'
ok 'a join needs no founder' exits 0 "$GOLMOK" init other --city "$(printf %064d 1)"
ok 'a node without a grant may not write' \
	exits 6 "$GOLMOK" put d03/c017/misc thing name=x --free --store other
finish
