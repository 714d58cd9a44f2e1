#!/bin/sh
# Goal: two centres that were offline enter the same household; who adds up for
# the city and reads nothing personal finds it, both centres say that it is the
# same, it is counted once from then on, and that can be taken back.
. "${0%/*}/lib.sh"
dong1=00000000000000000000000000000001
dong2=00000000000000000000000000000002

# joins NAME LABEL: a store of the city.
joins() {
	run "$GOLMOK" init "$1" --city "$city" --json
	key=$(json key)
	"$GOLMOK" admit "$key" --label "$2" >/dev/null
}
# grants PREFIX RIGHTS: to the one that joined last.
grants() { "$GOLMOK" member grant "$key" --prefix "$1" --rights "$2" >/dev/null; }
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

found s
city=$("$GOLMOK" whoami --json | sed 's/.*"city":"\([0-9a-f]*\)".*/\1/')
"$GOLMOK" match key city/all/match_key --from 2026-01-01 >/dev/null || exit 2
joins a 혜화동
grants d03/c017 read:NPSF,hold,write
grants city/all/match_key read:NP,hold
grants d03/all/match read:N,hold,write
joins b 명륜동
grants d03/c018 read:NPSF,hold,write
grants city/all/match_key read:NP,hold
grants d03/all/match read:N,hold,write
for store in g h; do
	joins $store 종로구
	grants '' read:N,hold
	grants d03/all/match write
done
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
for store in a b g; do
	at $store fsck
	ok "all is as it must be at $store" is 0 "$status"
done
finish
