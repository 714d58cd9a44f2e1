#!/bin/sh
# Goal: a store that was rolled back with its mark and wrote on is found out by
# both sides of the next sync; what it wrote before and after is everywhere.
. "${0%/*}/lib.sh"

# synced STORE: STORE syncs with the city hall.
synced() { "$GOLMOK" sync "$there" --store "$1" >/dev/null; }

found a
city=$("$GOLMOK" whoami --json | sed 's/.*"city":"\([0-9a-f]*\)".*/\1/')
for store in b c; do
	run "$GOLMOK" init $store --city "$city" --json
	key=$(json key)
	"$GOLMOK" admit "$key" --label $store >/dev/null
	"$GOLMOK" member grant "$key" --prefix d03/c017 --rights read:NPSF,hold,write >/dev/null
done
serves serve --store a --listen 127.0.0.1:0
synced b
synced c
GOLMOK_STORE=$PWD/b volunteer 홍길동
synced b

# Rolled back in place: same files, same inodes, content of yesterday.
cp b/data.mdb old.data
cp b/mark old.mark
GOLMOK_STORE=$PWD/b volunteer 유관순
gone=$id
synced b
synced c
cat old.data >b/data.mdb
cat old.mark >b/mark
GOLMOK_STORE=$PWD/b volunteer 강감찬
lost=$id
run "$GOLMOK" log verify --store b
ok 'nothing here shows it' is 0 "$status"

ok 'the next sync goes well' exits 0 "$GOLMOK" sync "$there" --store b
ok '... and leaves nothing out' is 0 "$(grep -c forked out)"
ok 'another sync agrees at once' exits 0 "$GOLMOK" sync "$there" --store b --json
ok '... for machines too' is 'true 0' "$(json in_sync | sed 's/^1$/true/') $(json forked)"
ok '... and sends nothing' is '0 0' "$(json received) $(json sent)"
synced c
for store in a b c; do
	ok "what was lost is at $store" exits 0 "$GOLMOK" get "$gone" --store $store
	ok "what was written instead is at $store" exits 0 "$GOLMOK" get "$lost" --store $store
	run "$GOLMOK" log ls --store $store --json
	ok "log ls knows both branches at $store" is 2 "$(grep -c '"forked":true' out)"
	ok '... of one log' is 1 "$(sed -n 's/.*"branch_of":"\([0-9a-f]*\)".*/\1/p' out | sort -u | grep -c .)"
	ok "log verify tells it at $store" exits 14 "$GOLMOK" log verify --store $store
	ok '... as what it is' says 'is forked'
	ok "fsck tells it at $store" exits 14 "$GOLMOK" fsck --store $store
	ok '... and finds no damage' says 'sound, but logs are FORKED'
	"$GOLMOK" digest --store $store | grep -v '^SPACE' >digest.$store
done
ok 'a and b hold the same' cmp -s digest.a digest.b
ok 'b and c hold the same' cmp -s digest.b digest.c
"$GOLMOK" log ls --store c --json >logs
branch=$(sed -n 's/.*"log":"\([0-9a-f]*\)".*"branch_of":"[0-9a-f][0-9a-f]*".*/\1/p' logs | head -n 1)
ok 'a branch is shown by its own id' exits 0 "$GOLMOK" log show "$branch" --store c
run "$GOLMOK" status --store b --json
ok 'status counts one forked log' is 1 "$(json forked)"
ok '... of which all is elsewhere too' is 0 "$(json forked_alone)"
run "$GOLMOK" status --store b
ok '... in words' says 'FORKED'
run "$GOLMOK" report RP-15 --store b --under d03 --json
ok 'who audits sees two branches of one log' says '"logs_forked":2'
ok '... each of them signed' says '"logs_held":2,"logs_deltas":4,"logs_verified":2,"logs_unsigned":0'
ok '... and nothing that is missing' says '"logs_gaps":0,"logs_sealed":0,"logs_refused":0'

GOLMOK_STORE=$PWD/b volunteer 안중근
next=$id
synced b
synced c
for store in a c; do
	ok "what is written after that arrives at $store" exits 0 "$GOLMOK" get "$next" --store $store
done
"$GOLMOK" log ls --store b --json >logs
ok 'the author opened one log more' is 3 "$(grep -c '"d03/c017/volunteer"' logs)"
ends "$node"
ok 'a rebuild keeps what is known' exits 0 "$GOLMOK" rebuild --store b
ok '... of forks too' exits 14 "$GOLMOK" fsck --store b
finish
