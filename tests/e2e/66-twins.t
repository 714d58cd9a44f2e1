#!/bin/sh
# Goal: two centres that were offline enter the same household; who adds up for
# the city and reads nothing personal finds it, both centres say that it is the
# same, it is counted once from then on, and that can be taken back.
. "${0%/*}/lib.sh"
dong1=00000000000000000000000000000001
dong2=00000000000000000000000000000002

# joins NAME LABEL ROLE SPACE: a store of the city, with what such a role gets.
joins() {
	run "$GOLMOK" init "$1" --city "$city" --json
	key=$(json key)
	"$GOLMOK" admit "$key" --label "$2" --role "$3" --space "$4" >/dev/null
}
# household UNIT DONG NO ADDRESS PHONE NAME BIRTH: $household and $person.
household() {
	run "$GOLMOK" put "$1/case" household owner_dong="$2" hh_no="$3" address="$4" phone="$5" \
		state=active --json
	household=$(json id)
	run "$GOLMOK" put "$1/case" person household="$household" name="$6" birth="$7" status=resident --json
	person=$(json id)
}
# at STORE COMMAND...: runs it there.
at() { GOLMOK_STORE=$home/$1 && shift && export GOLMOK_STORE && run "$GOLMOK" "$@"; }
# all meet the city in turn, twice, so that each has what the others wrote.
all_meet() {
	for round in 1 2; do
		for store in a b g h; do
			meet "$home/s" "$home/$store" || return 1
		done
	done
}

found z
"$GOLMOK" put d03/c017/public org_unit code=1 level=dong name_ko=혜화동 valid_from=2000-01-01 >/dev/null
"$GOLMOK" put d03/c017/case household owner_dong=00000000000000000000000000000001 hh_no=1 \
	address=가 phone=010-0000-0001 state=active >/dev/null
ok 'without a key nothing is compared' exits 0 "$GOLMOK" duplicates find
ok '... which is told' errs 'no match key is here for d03/c017/case'
found s
city=$("$GOLMOK" whoami --json | sed 's/.*"city":"\([0-9a-f]*\)".*/\1/')
"$GOLMOK" match key city/all/match_key --from 2026-01-01 >/dev/null || exit 2
joins a 혜화동 dong d03/c017
joins b 명륜동 dong d03/c018
joins g 종로구 gu d03
joins h 종로구2 gu d03
ok 'all meet' all_meet

# ---- entered apart ----------------------------------------------------------
at a status
household d03/c017 $dong1 가-1 '서울시 종로구 가상로 017, 101동 1001호' 010-1234-5678 김가상 1950-02-03
one=$household one_person=$person
household d03/c017 $dong1 가-2 '종로구 가상로 99' 010-9999-0001 이다름 1950-02-03
other=$household
at b status
household d03/c018 $dong2 나-1 '서울시 종로구 가상로 17 (가상동) 101동1001호' '010 1234 5678' '김가상' 1950-02-03
two=$household two_person=$person
ok 'what was entered apart meets' all_meet

# ---- found without reading it -----------------------------------------------
at g get "$one"
ok 'who adds up reads nothing personal' [ "$(grep -c 가상로 out)" = 0 ]
at g duplicates find --json
ok 'it finds the pair' is '1 1 1' "$(json pairs) $(json likely) $(json new)"
at g duplicates find --json
ok '... and again without a change' is '1 0 0' "$(json pairs) $(json new) $(json changed)"
at h duplicates find --json
ok 'another one finds the same by itself' is '1 1' "$(json pairs) $(json new)"
at g duplicates ls --json
pair=$(json id)
ok '... of all keys' is '950 likely addr, name, birth, phone' "$(json score) $(json degree) $(json keys)"
at h duplicates ls --json
ok '... under one id' is "$pair" "$(json id)"
ok 'the centres hear of it' all_meet
at a duplicates ls --json
ok 'the centre sees where and what matches' is "$pair d03/c017 d03/c018" "$(json id) $(json unit_a) $(json unit_b)"
ok '... once' is 1 "$(wc -l <out)"
at a duplicates ls
ok '... and nothing of the other side' [ "$(grep -c -e 김가상 -e 가상로 -e 1234 out)" = 0 ]
at a conflicts
ok 'that two found it contradicts nothing' says 'nothing waits'

# ---- said by both -----------------------------------------------------------
ok 'nobody merges alone' exits 6 "$GOLMOK" duplicates merge "$pair"
ok '... who has to speak is named' errs 'd03/c017 has not said'
ok 'nothing of it is opened' exits 0 "$GOLMOK" duplicates show "$pair"
ok '... which is said' errs 'once both units have said'
ok '... not even what lies here' [ "$(grep -c -e 김가상 -e 가상로 out)" = 0 ]
ok 'a centre speaks for itself alone' exits 6 "$GOLMOK" duplicates same "$pair" --for d03/c018
ok 'it says that they are the same' exits 0 "$GOLMOK" duplicates same "$pair" --json
ok '... which is not enough' is 'same - open' "$(json says_a) $(json says_b) $(json state)"
ok '... to merge' exits 6 "$GOLMOK" duplicates merge "$pair"
at a patch "$pair" "said+=same d03/c018"
ok 'words put into the mouth of another' is 0 "$status"
at a duplicates ls --json
ok '... do not count' is 'same - open' "$(json says_a) $(json says_b) $(json state)"
ok 'the other hears it' all_meet
at b duplicates same "$pair" --json
ok 'and agrees' is 'same same same' "$(json says_a) $(json says_b) $(json state)"
ok 'to open it a reason is needed' exits 2 "$GOLMOK" duplicates show "$pair"
at b duplicates show "$pair" --reason '중복 확인'
ok 'then what lies here is open' says '가상로 17'
ok '... of its members too' says 김가상
ok '... and what lies with others is theirs' errs 'is seen where it lies'
at b find access_log --fields action,reason,subject --csv --no-bom --reason 점검
ok 'that somebody looked is kept, and at whom' says "조회,중복 확인,$two"
at b duplicates show "$pair" --role 민원담당 --reason '중복 확인' --json
ok 'a role sees no more than elsewhere' [ "$(grep -c '"field":"risk"' out)" = 0 ]
at g duplicates show "$pair" --json --reason '중복 확인'
ok 'who may read nothing personal opens nothing personal' [ "$(grep -c -e 김가상 -e 가상로 out)" = 0 ]
at b duplicates merge "$pair" --json
ok 'where the younger record lies it is merged' is "0 merged" "$status $(json state)"
at b get "$two" --json
ok '... by an alias' says "$one"
at b get "$two_person" --json
ok '... of its members as well' says "$one_person"
at b duplicates ls
ok '... and waits no more' says 'no pairs'
ok 'a word after that is refused' exits 5 "$GOLMOK" duplicates different "$pair"
ok 'the merge arrives everywhere' all_meet
at a duplicates ls --all --json
ok '... as one' is merged "$(json state)"

# ---- taken back -------------------------------------------------------------
at b duplicates undo "$pair" --json
ok 'it can be taken back' is '0 unmerged' "$status $(json state)"
at b get "$two" --json
ok '... the alias is gone' [ "$(grep -c "$one" out)" = 0 ]
at b duplicates undo "$pair"
ok '... once' is 5 "$status"
at b duplicates different "$pair" --json
ok 'a centre may change its mind' is 'same different different' "$(json says_a) $(json says_b) $(json state)"
ok '... and that is the end of merging' exits 6 "$GOLMOK" duplicates merge "$pair"
# ---- what only one may have, given by two -----------------------------------
GOLMOK_STORE=$home/s
joins c 혜화동2 dong d03/c017
meet "$home/s" "$home/c"
GOLMOK_STORE=$home/c
household d03/c017 $dong1 가-9 '가상로 5' 010-5555-0001 박가상 1960-01-01
nine=$household
GOLMOK_STORE=$home/a
household d03/c017 $dong1 가-9 '가상로 6' 010-5555-0002 최가상 1961-01-01
ok 'alone each node is right' exits 0 "$GOLMOK" conflicts
ok '... and nothing waits' says 'nothing waits'
meet "$home/s" "$home/a" && meet "$home/s" "$home/c"
at c conflicts
ok 'together they have one number for two homes' says "hh_no: only one may have it, and so has $household"
ok '... which both sides see' says "$nine"
at c patch "$nine" hh_no=가-10
at c conflicts
ok '... until one has another' says 'nothing waits'

for store in a b g; do
	at $store fsck
	ok "all is as it must be at $store" is 0 "$status"
done
finish
