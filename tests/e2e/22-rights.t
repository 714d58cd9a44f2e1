#!/bin/sh
# Goal: a colleague leaves, changes arrive late, people decide about them, a
# laptop is stolen; every answer about rights says why.
. "${0%/*}/lib.sh"

# key STORE; ref STORE TEXT: the delta in its inbox whose line has TEXT.
key() { "$GOLMOK" whoami --json --store "$1" | sed 's/.*"key":"\([0-9a-f]*\)".*/\1/'; }
names() { "$GOLMOK" ls d03/c017/volunteer volunteer --store "$1"; }
refs() { "$GOLMOK" inbox ls --store "$1" --json | sed 's/.*"ref":"\([^"]*\)".*/\1/'; }
count() { "$GOLMOK" inbox ls --store "$1" --json | grep -c '"ref"'; }
at() {
	store=$1
	shift
	GOLMOK_STORE=$PWD/$store "$@"
}

found city
city=$("$GOLMOK" whoami --json | sed 's/.*"city":"\([0-9a-f]*\)".*/\1/')
for store in district hyehwa ihwa; do
	"$GOLMOK" init "$store" --city "$city" >/dev/null
done
"$GOLMOK" admit "$(key district)" --label 종로구 >/dev/null
"$GOLMOK" member grant 종로구 --prefix d03 --rights read:NPSF,hold,admin \
	--passes read:NPSF,hold,write >/dev/null
meet city district
ok 'the district has learned what it may' is 0 "$status"
for store in hyehwa ihwa; do
	"$GOLMOK" admit "$(key "$store")" --label "$store" --store district >/dev/null
done
ok 'a member is renamed' exits 0 "$GOLMOK" member rename hyehwa 혜화동 --store district
"$GOLMOK" member rename ihwa '이화동 주민센터' --store district >/dev/null
run "$GOLMOK" member ls --store district
ok '... and called so from then on' says 혜화동
ok '... by no other name' [ "$(grep -c hyehwa "$home/out")" -eq 0 ]
# The columns stand below each other whatever the script.
columns=$(perl -CSD -ne 's/\p{Hangul}/xx/g; print "$-[1]\n" if /[0-9a-f]{16}  (\S)/' "$home/out" |
	sort -u | grep -c .)
ok 'names in Hangul keep the columns straight' is 1 "$columns"
run "$GOLMOK" member rename 종로구 종로 --store district
ok 'a name from higher up stays' says 'proposed: 종로'
ok '... as is said' errs 'given higher up'
ok 'a grant is given by name' exits 0 "$GOLMOK" member grant 혜화동 \
	--prefix d03/c017 --rights read:NPSF,write --store district
"$GOLMOK" member grant '이화동 주민센터' --prefix d03/c017 --rights read:NPSF,write \
	--store district >/dev/null
meet district hyehwa
ok 'the centre comes' is 0 "$status"

# What a member may, and why.
ok 'may says yes' exits 0 "$GOLMOK" may 혜화동 write d03/c017/volunteer --store district
ok '... by which grant' says 'by grant'
ok '... from whom' says 'from 종로구'
ok '... under which' says 'given under'
ok '... up to root' says 'from root'
ok 'may says no to what was not given' exits 6 "$GOLMOK" may 혜화동 hold d03/c017/volunteer --store district
ok '... and what is missing' says 'does not give hold'
ok 'may says no elsewhere' exits 6 "$GOLMOK" may 혜화동 write d03/c018/volunteer --store district --json
ok '... as JSON too' is 'does not cover d03/c018/volunteer' "$(json grants 0 lacks)"
ok 'root may decide' exits 0 "$GOLMOK" may root admin d03/c017 --store district
ok 'root may not write' exits 6 "$GOLMOK" may root write d03/c017 --store district
ok '... which is told' says 'its only right is admin'
ok 'may knows members only' exits 3 "$GOLMOK" may 명륜동 write d03/c017/case --store district
ok 'a right that is none is a mistake' exits 5 "$GOLMOK" may 혜화동 fly d03/c017/case --store district

at hyehwa volunteer 홍길동
at hyehwa volunteer 이순신
meet district hyehwa
ok 'what the centre writes counts' is 2 "$(names district | grep -c '홍길동\|이순신')"
# Nobody else has these two when the colleague leaves.
at hyehwa volunteer 강감찬
at hyehwa volunteer 임꺽정
ok 'whose grants are not named is asked which' exits 3 "$GOLMOK" member revoke 명륜동 --store district
ok 'who stands below revokes nothing' exits 6 "$GOLMOK" member revoke '이화동 주민센터' --store hyehwa
ok 'a colleague leaves' exits 0 "$GOLMOK" member revoke 혜화동 --reason 퇴직 --store district
ok '... what had arrived stays' says '3 changes stay and 0 are outside'
ok '... and what may come is said' errs 'inbox'
ok 'a grant is revoked once' exits 3 "$GOLMOK" member revoke 혜화동 --store district
ok 'may knows of it' exits 6 "$GOLMOK" may 혜화동 write d03/c017/volunteer --store district
ok '... by whom' says 'revoked by 종로구'
ok '... and why' says 퇴직
ok 'member show too' exits 0 "$GOLMOK" member show 혜화동 --store district
ok '... by its status' says 'status  revoked'
ok 'what had arrived counts on' is 2 "$(names district | grep -c '홍길동\|이순신')"

# The rest arrives late.
meet district hyehwa
ok 'who was revoked may still hand in what it wrote' is 0 "$status"
ok '... it does not count' is 0 "$(names district | grep -c '강감찬\|임꺽정')"
ok '... it waits' is 2 "$(count district)"
run "$GOLMOK" inbox ls --store district
ok '... with the reason' says 퇴직
run "$GOLMOK" space ls --store district --json
ok 'space ls counts it' says '"outside":2'
ok 'the centre knows' exits 0 "$GOLMOK" whoami --store hyehwa
ok '... that it was revoked' says 'revoked'
ok '... and writes no more' exits 6 "$GOLMOK" put d03/c017/volunteer volunteer \
	name=없음 kinds=시민찾동이 dong=00000000000000000000000000000001 \
	join_channel=추천 state=applied joined_on=2026-03-02 --store hyehwa
one=$(refs district | sed -n 1p)
two=$(refs district | sed -n 2p)
ok 'one of them is looked at' exits 0 "$GOLMOK" inbox show "$one" --store district
ok '... with what it says' says 'name = 강감찬'
ok 'who may not decide is told so' exits 6 "$GOLMOK" inbox adopt "$one" --store hyehwa
ok 'it is adopted' exits 0 "$GOLMOK" inbox adopt "$one" --reason '떠나기 전에 적었다' --store district
ok '... and counts' is 1 "$(names district | grep -c 강감찬)"
ok 'the other is voided' exits 0 "$GOLMOK" inbox void "$two" --reason 잘못 --store district --json
ok '... and said so' is 1 "$(json voided)"
ok '... nothing waits' is 0 "$(count district)"
run "$GOLMOK" inbox ls --all --store district
ok '... but it is not forgotten' says void
ok 'what counts is not decided about' exits 5 "$GOLMOK" inbox adopt "${one%:*}:0" --store district

# Back again: a new grant, a new log.
"$GOLMOK" member grant 혜화동 --prefix d03/c017 --rights read:NPSF,write --store district >/dev/null
meet district hyehwa
ok 'the centre learns of its new grant' is 0 "$status"
at hyehwa volunteer 유관순
ok 'it writes again' is 0 "$status"
meet district hyehwa
ok '... and that counts' is 1 "$(names district | grep -c 유관순)"
ok '... in a log of its own' is 2 "$("$GOLMOK" log ls --store district | grep -c '/volunteer *혜화동')"
run "$GOLMOK" events --store hyehwa
ok '... as its events say' says own-log-renewed
meet district city
ok 'the city sees the same' is "$(names district)" "$(names city)"

# A laptop is stolen.
meet district ihwa
at ihwa volunteer 도둑
meet district ihwa
ok 'what a key wrote that is in other hands is cut' exits 0 "$GOLMOK" member revoke \
	'이화동 주민센터' --compromised --since 2026-01-01 --reason 도난 --store district
ok '... all of it' says '0 changes stay and 2 are outside'
ok '... from the lists too' is 0 "$(names district | grep -c 도둑)"
meet district ihwa
ok 'there is no session with it' is 13 "$status"
ok '... and it is told why' errs 'in other hands'
run "$GOLMOK" events --store district --json
ok 'the operator sees who knocked' says '"kind":"peer-refused"'
ok '... by name' says '"label":"이화동 주민센터"'
"$GOLMOK" init stranger --city "$city" >/dev/null
meet district stranger
meet district stranger
run "$GOLMOK" events --store district --limit 1 --json
ok 'a stranger is counted, not listed again' is 2 "$(json count)"
since=$(json number)
ok 'events since then are none' exits 0 "$GOLMOK" events --store district --since "$since"
ok '... and said so' says 'nothing to report'
# Two offices decide otherwise about one delta while they are apart.
meet district city
last=$(refs district)
ok 'the stolen change waits at both' is "$last" "$(refs city)"
"$GOLMOK" inbox void "$last" --reason 도난 --store district >/dev/null
"$GOLMOK" inbox adopt "$last" --reason '본인이 썼다' --store city >/dev/null
ok 'the city has adopted it' is 1 "$(names city | grep -c 도둑)"
meet district city
for store in city district; do
	run "$GOLMOK" inbox ls --store "$store"
	ok "$store sees that they disagree" says disputed
	ok '... and it stays outside' is 0 "$(names "$store" | grep -c 도둑)"
done
ok 'a decision by one who knows both settles it' exits 0 "$GOLMOK" inbox void "$last" \
	--reason '전화로 합의' --store city
meet district city
for store in city district; do
	ok "nothing waits at $store" is 0 "$(count "$store")"
done

# What is said wrongly is told, and nothing happens.
before=$("$GOLMOK" digest --store district)
for word in '' : 12345678 12345678:x xyzxyzxy:1 1234567:1 :1 12345678:-1 \
	12345678:99999999999999999999 123456781234567812345678123456781:1; do
	ok "'$word' names no delta" exits 2 "$GOLMOK" inbox show "$word" --store district
done
ok 'a log that is not here' exits 3 "$GOLMOK" inbox adopt 12345678:1 --store district
ok 'a place behind the end of a log' exits 3 "$GOLMOK" inbox adopt "${last%:*}:99" --store district
ok '... says how much there is' errs 'deltas are held here'
ok 'refs of two spaces at once' exits 5 "$GOLMOK" inbox void "$last" \
	"$("$GOLMOK" member show 종로구 --store district --json | sed 's/.*"ref":"\([^"]*\)".*/\1/')" --store district
ok 'a reason that is too long' exits 10 "$GOLMOK" inbox void "$last" \
	--reason "$(printf '가%.0s' $(seq 100))" --store district
ok 'a time without --compromised' exits 2 "$GOLMOK" member revoke 혜화동 --since 2026-01-01 --store district
for time in 어제 2026 2026-13-01 2026-01-32 '2026-01-01 25:00' '2026-01-01 10' 2026-01-01x; do
	ok "the time '$time'" exits 2 "$GOLMOK" member revoke 혜화동 --compromised --since "$time" --store district
done
ok 'a grant of somebody else' exits 3 "$GOLMOK" member revoke 종로구 --store district \
	--grant "$("$GOLMOK" member show 혜화동 --store district --json | sed 's/.*"ref":"\([^"]*\)".*/\1/')"
ok 'its own grant it cannot take back' exits 6 "$GOLMOK" member revoke 종로구 --store district
ok 'two rights at once' exits 2 "$GOLMOK" may 혜화동 read:N,write d03/c017/case --store district
ok 'a space that is none' exits 2 "$GOLMOK" may 혜화동 write 'd03//case' --store district
ok 'half a command' exits 2 "$GOLMOK" member
ok '... lists the others' errs 'revoke'
ok 'after all that nothing has changed' is "$before" "$("$GOLMOK" digest --store district)"

for store in city district hyehwa; do
	ok "fsck finds $store sound" exits 0 "$GOLMOK" fsck --store "$store"
	ok '... and a rebuild changes nothing' exits 0 "$GOLMOK" rebuild --store "$store"
done
finish
