#!/bin/sh
# Goal: two centres hold each other's spaces without reading a word; one loses
# its machine, and its saved keys with the neighbour's copy bring all back.
. "${0%/*}/lib.sh"

# occurs TEXT STORE: how many files of STORE have it?
occurs() { grep -lF -- "$1" "$2"/* 2>/dev/null | wc -l | tr -d ' '; }

# shown STORE: every volunteer with all words, as text.
shown() { "$GOLMOK" export d03/c017/volunteer --reason 시험 --store "$1"; }
digests() { "$GOLMOK" digest d03/c017/volunteer --json --store "$1"; }

# The hall founds the city; 북가좌동 and 남가좌동 hold each other's spaces.
found hall
city=$("$GOLMOK" whoami --json | sed 's/.*"city":"\([0-9a-f]*\)".*/\1/')
for name in north south; do
	run "$GOLMOK" init $name --city "$city" --json
	json key >$name.key
done
"$GOLMOK" admit "$(cat north.key)" --label 북가좌동 >/dev/null
"$GOLMOK" admit "$(cat south.key)" --label 남가좌동 >/dev/null
grant() {
	"$GOLMOK" member grant "$(cat "$1.key")" --prefix "$2" --rights "$3" >/dev/null
}
grant north d03/c017 read:NPSF,write
grant north d03/c018 hold
grant south d03/c018 read:NPSF,write
grant south d03/c017 hold
serves serve --store hall --listen 127.0.0.1:0
for name in north south; do
	ok "$name learns what it may do" exits 0 "$GOLMOK" sync "$there" --store $name
done
ends "$node"

GOLMOK_STORE=$PWD/north
volunteer 홍길동 phone=010-1234-5678
first=$id
volunteer 이순신장군 phone=010-8765-4321
"$GOLMOK" patch "$first" phone=010-1111-2222 >/dev/null
serves serve --store south --listen 127.0.0.1:0
ok 'the neighbour takes what it holds' exits 0 "$GOLMOK" sync "$there"
ok 'it has no word of it' is '0 0' "$(occurs 홍길동 south) $(occurs 010-1234 south)"
ok '... nor shows one' [ "$("$GOLMOK" get "$first" --store south 2>&1 | grep -c 홍길동)" = 0 ]

printf '골목길 열쇠 하나\n' >word
run "$GOLMOK" keys export saved <word
ok 'the keys are saved' is 0 "$status"
ok '... with a word about where to keep them' says 'apart from this machine'
ok '... for their owner alone' is 600 "$(stat -c %a saved)"
ok '... sealed' [ "$(grep -cF "$(sed -n 's/^actor //p' north/identity)" saved)" = 0 ]
run "$GOLMOK" keys export saved <word
ok 'a file that is there is not replaced' is 4 "$status"
echo 짧다 >short
run "$GOLMOK" keys export other <short
ok 'a short passphrase is refused' is 5 "$status"

shown north >before
digests north >digests.before
ok 'there is something to lose' grep -q 이순신장군 before
rm -rf north

echo '다른 열쇠 하나 둘' >wrong
run "$GOLMOK" keys restore saved --store north <wrong
ok 'another passphrase opens nothing' is 6 "$status"
ok '... and makes no store' [ ! -e north ]
sed 's/^sealed ./sealed z/' saved >torn
run "$GOLMOK" keys restore torn --store north <word
ok 'a damaged file is told from that' is 8 "$status"
run "$GOLMOK" keys restore saved --store north --peer "$there" <word
ok 'keys and neighbour bring it back' is 0 "$status"
ok '... as who it was' says 북가좌동
shown north >after
ok 'every word is there again' cmp -s before after
digests north >digests.after
ok 'logs and state are what they were' cmp -s digests.before digests.after
ok '... and there are such' [ -s digests.before ]
ok 'all is sound' exits 0 "$GOLMOK" fsck
run "$GOLMOK" keys restore saved --store north <word
ok 'a store that is there is not replaced' is 4 "$status"

volunteer 강감찬
ok 'it goes on' is 0 "$status"
ok '... in a log of its own' is 2 "$("$GOLMOK" log ls --json | grep -c '"space":"d03/c017/volunteer"')"
ok '... and the neighbour holds that too' exits 0 "$GOLMOK" sync "$there"
ends "$node"
rm -rf north
ok 'the neighbour makes anew what is derived' exits 0 "$GOLMOK" rebuild --store south
serves serve --store south --listen 127.0.0.1:0
run "$GOLMOK" keys restore saved --store north --json <word
ok 'restoring without a peer makes the store' is 0 "$status"
ok '... with the same key' is "$(cat north.key)" "$(json key)"
ok '... and a sync fills it' exits 0 "$GOLMOK" sync "$there"
ok '... with what came last' [ "$(shown north | grep -c 강감찬)" = 1 ]
ends "$node"
ok 'the neighbour is sound' exits 0 "$GOLMOK" fsck --store south
ok '... and still has no word' is 0 "$(occurs 강감찬 south)"

# Whoever reads the space now, with other keys, finds no word with the holder.
run "$GOLMOK" init fresh --city "$city" --json
json key >fresh.key
GOLMOK_STORE=$PWD/hall
"$GOLMOK" admit "$(cat fresh.key)" --label 새센터 >/dev/null
grant fresh d03/c017 read:NPSF,hold
serves serve --store south --listen 127.0.0.1:0
"$GOLMOK" sync "$there" >/dev/null
ok 'a new reader gets what the neighbour holds' exits 0 \
	"$GOLMOK" sync "$there" --store fresh --json
ok '... all of it' [ "$(json received)" -gt 5 ]
ends "$node"
ok '... and no word' is 0 "$(shown fresh 2>&1 | grep -c 홍길동)"
finish
