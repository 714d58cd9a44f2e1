#!/bin/sh
# Goal: neighbours hold each other's spaces without reading a word; a lost store
# comes back from there readable with the old keys, and to nobody without them;
# rights that grow fetch what is owed.
. "${0%/*}/lib.sh"

key() { "$GOLMOK" whoami --json --store "$1" | sed 's/.*"key":"\([0-9a-f]*\)".*/\1/'; }
at() {
	store=$1
	shift
	GOLMOK_STORE=$PWD/$store "$@"
}
names() { "$GOLMOK" ls "$2" volunteer --store "$1" 2>/dev/null; }
# logs STORE SPACE: log, size and sealed bodies held of the logs there.
logs() {
	"$GOLMOK" log ls --store "$1" --json | grep "\"$2\"" |
		sed 's/.*"log":"\([0-9a-f]*\)".*"size":\([0-9]*\),"held":\([0-9]*\).*/\1 \2 \3/' | sort
}
proofs() {
	for log in $(logs "$1" "$2" | sed 's/ .*//'); do
		"$GOLMOK" log show "$log" --proofs --store "$1"
	done
}

found city
city=$("$GOLMOK" whoami --json | sed 's/.*"city":"\([0-9a-f]*\)".*/\1/')
for store in hyehwa ihwa; do
	"$GOLMOK" init "$store" --city "$city" >/dev/null
done
"$GOLMOK" admit "$(key hyehwa)" --label 혜화동 >/dev/null
"$GOLMOK" admit "$(key ihwa)" --label 이화동 >/dev/null
"$GOLMOK" member grant 혜화동 --prefix d03/c017 --rights read:NPSF,write >/dev/null
"$GOLMOK" member grant 이화동 --prefix d03/c018 --rights read:NPSF,write >/dev/null
"$GOLMOK" member grant 혜화동 --prefix d03/c018 --rights hold >/dev/null
"$GOLMOK" member grant 이화동 --prefix d03/c017 --rights hold >/dev/null
meet city hyehwa
meet hyehwa ihwa
ok 'neighbours meet' is 0 "$status"
at hyehwa volunteer 홍길동
at hyehwa volunteer 이순신
meet hyehwa ihwa
ok 'each holds the other' is "$(logs hyehwa d03/c017/volunteer)" "$(logs ihwa d03/c017/volunteer)"
ok '... all bodies, sealed' is '3 3' "$(logs ihwa d03/c017/volunteer | sed 's/[^ ]* //')"
ok '... without reading a word' [ "$(names ihwa d03/c017/volunteer | grep -c '홍길동\|이순신')" -eq 0 ]
ok '... in no place of its files' [ "$(cat ihwa/data.mdb | grep -ac '홍길동')" -eq 0 ]
ok 'status knows that it is safe' exits 0 "$GOLMOK" status --store hyehwa
ok '... in sealed form' says 'all of it is held elsewhere too'

# A copy of the files from one evening, and a loss after it.
cp -R hyehwa monday
at hyehwa volunteer 강감찬
last=$id
meet hyehwa ihwa
meet hyehwa city
proofs hyehwa d03/c017/volunteer >before
cp hyehwa/identity identity
rm -rf hyehwa

# With the keys of before, all of it comes back, and its words.
"$GOLMOK" init hyehwa --city "$city" >/dev/null
cp identity hyehwa/identity
meet ihwa hyehwa
ok 'a new store with the old keys is the same member' is 0 "$status"
proofs hyehwa d03/c017/volunteer >after
ok 'the neighbour gives every header, head and proof back' cmp -s before after
ok '... and every body' is '4 4' "$(logs hyehwa d03/c017/volunteer | sed 's/[^ ]* //')"
ok '... verified' exits 0 "$GOLMOK" log verify --store hyehwa
ok '... and it can be read again' is 3 \
	"$(names hyehwa d03/c017/volunteer | grep -c '홍길동\|이순신\|강감찬')"
ok '... here alone' is 0 "$(names ihwa d03/c017/volunteer | grep -c '홍길동\|이순신\|강감찬')"
at hyehwa volunteer 유관순
ok 'work goes on' is 1 "$(names hyehwa d03/c017/volunteer | grep -c 유관순)"
ok '... in a new log' is 2 "$(logs hyehwa d03/c017/volunteer | grep -c .)"
meet ihwa hyehwa
ok 'fsck finds it sound' exits 0 "$GOLMOK" fsck --store hyehwa

# Without them, a neighbour cannot help, whatever the grants say.
"$GOLMOK" init newkey --city "$city" >/dev/null
"$GOLMOK" admit "$(key newkey)" --label '혜화동 새 열쇠' >/dev/null
"$GOLMOK" member grant '혜화동 새 열쇠' --prefix d03/c017 --rights read:NPSF,hold,write >/dev/null
meet city ihwa
meet ihwa newkey
ok 'new keys get every body' is '4 4' "$(logs newkey d03/c017/volunteer | sed -n 's/[^ ]* //;/^4/p')"
ok '... and no word' is 0 "$(names newkey d03/c017/volunteer | grep -c '홍길동\|유관순')"
run "$GOLMOK" get "$last" --store newkey
ok '... as the record itself says' says 'words are not held here'
meet ihwa hyehwa
meet hyehwa newkey
ok 'who may read and can gives them' is 4 \
	"$(names newkey d03/c017/volunteer | grep -c '홍길동\|이순신\|강감찬\|유관순')"

# With a copy of some evening, nothing is missing either.
rm -rf hyehwa
cp -R monday hyehwa
meet ihwa hyehwa
ok 'an old copy comes back' is 0 "$status"
ok '... with every delta' is "$(logs ihwa d03/c017/volunteer)" "$(logs hyehwa d03/c017/volunteer)"
ok '... readable' is 4 \
	"$(names hyehwa d03/c017/volunteer | grep -c '홍길동\|이순신\|강감찬\|유관순')"
ok 'fsck finds it sound' exits 0 "$GOLMOK" fsck --store hyehwa

# Rights that grow, one step after the other.
"$GOLMOK" init third --city "$city" >/dev/null
"$GOLMOK" admit "$(key third)" --label 구청 >/dev/null
grown() {
	"$GOLMOK" member grant 구청 --prefix d03/c017 --rights "$1" >/dev/null
	meet city third
	run "$GOLMOK" get "$last" --store third
}
grown audit
# An open has no body.
ok 'audit brings headers' is '4 1' "$(logs third d03/c017/volunteer | sed -n 's/[^ ]* //;/^4/p')"
ok '... and the log verifies' exits 0 "$GOLMOK" log verify --store third
grown hold
ok 'hold brings the bodies, sealed' is '4 4' "$(logs third d03/c017/volunteer | sed -n 's/[^ ]* //;/^4/p')"
grown read:N
ok 'reading N opens N' says applied
ok '... and nothing else' [ "$(grep -c 강감찬 "$home/out")" -eq 0 ]
grown read:NPSF
ok 'reading all opens all' says 강감찬
"$GOLMOK" digest --store third d03/c017/volunteer >one
"$GOLMOK" digest d03/c017/volunteer >two
ok 'both show the same' cmp -s one two
for store in city ihwa third; do
	ok "fsck finds $store sound" exits 0 "$GOLMOK" fsck --store "$store"
done

run "$GOLMOK" events --store ihwa
ok 'honest neighbours are no event' says 'nothing to report'
run "$GOLMOK" events --store third
ok '... nor are rights that grow' says 'nothing to report'
finish
