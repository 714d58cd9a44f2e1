#!/bin/sh
# Goal: two centres that were offline meet, have the same records afterwards,
# and a change made beside a running node arrives by itself.
. "${0%/*}/lib.sh"

same_digests() {
	"$GOLMOK" digest --json --store a >one
	"$GOLMOK" digest --json --store b >two
	cmp -s one two
}

found a
city=$("$GOLMOK" whoami --json | sed 's/.*"city":"\([0-9a-f]*\)".*/\1/')
run "$GOLMOK" init b --city "$city" --json
key=$(json key)
volunteer 홍길동
first=$id

ok 'serve says where it listens' serves serve --listen 127.0.0.1:0
ok 'a stranger is turned away' exits 13 "$GOLMOK" sync "$there" --store b
ok '... and told what to do' errs 'admit it first'
ok '... and has got nothing' is '' "$("$GOLMOK" ls --store b --json)"

"$GOLMOK" admit "$key" --label 북가좌동 >/dev/null
"$GOLMOK" member grant "$key" --prefix d03/c017 --rights read:NPSF,hold,write >/dev/null
run "$GOLMOK" status --json
ok 'before the first sync all is only here' is true "$([ "$(json alone)" -gt 0 ] && echo true)"
ok 'the first sync brings everything' exits 0 "$GOLMOK" sync "$there" --store b --json
ok '... and says so' is true "$(json in_sync)"
ok '... with a count' [ "$(json received)" -gt 3 ]
ok 'the record is there' exits 0 "$GOLMOK" get "$first" --store b
ok '... with its words' says 홍길동
ok 'both have the same digests' same_digests
run "$GOLMOK" status --json
ok 'now all of it is held elsewhere' is 0 "$(json alone)"
ok 'another sync has nothing to do' exits 0 "$GOLMOK" sync "$there" --store b --json
ok '... but to say so' is '0 0' "$(json received) $(json sent)"
ok '... in few bytes' [ "$(json in_bytes)" -lt 500 ]

# Both write while neither hears the other.
ok 'SIGTERM ends serve cleanly' ends "$node"
ok '... with a word' grep -q '^ended' serve.out
ok 'a node that is away is no reason to hang' exits 13 "$GOLMOK" sync "$there" --store b
"$GOLMOK" patch "$first" phone=010-1111-1111 --store a >/dev/null
"$GOLMOK" patch "$first" phone=010-2222-2222 --store b >/dev/null
GOLMOK_STORE=$PWD/b volunteer 이순신
second=$id
ok 'it serves again' serves serve --listen 127.0.0.1:0
one=$node
here=$there
ok 'offline writes of both meet' exits 0 "$GOLMOK" sync "$here" --store b
ok '... and agree' says 'in sync'
ok 'both have the same digests' same_digests
run "$GOLMOK" get "$first" --store b
ok 'what was changed on both sides is a conflict' says CONFLICT
ok '... with the value of one' says 010-1111-1111
ok '... and of the other' says 010-2222-2222
ok 'the record of the other is here' exits 0 "$GOLMOK" get "$second"

# Live, pushed by commands that run beside the node.
ok 'a second node serves too' serves other --store b --listen 127.0.0.1:0 --peer "$here"
volunteer 강감찬
ok 'what is written here arrives there by itself' \
	until_says 강감찬 "$GOLMOK" ls d03/c017/volunteer volunteer --store b
GOLMOK_STORE=$PWD/b volunteer 유관순
ok '... and back' until_says 유관순 "$GOLMOK" ls d03/c017/volunteer volunteer
ok 'a sync by hand beside both is fine' exits 0 "$GOLMOK" sync "$here" --store b
ok 'both have the same digests' same_digests
ok 'SIGINT ends serve cleanly' ends "$node" INT
ok '... and so does SIGTERM with a peer' ends "$one"
ok 'the logs here verify' exits 0 "$GOLMOK" log verify
ok '... and there' exits 0 "$GOLMOK" log verify --store b
ok 'fsck finds the store sound' exits 0 "$GOLMOK" fsck --store b

# What is no peer.
ok 'an address that is none is a usage error' exits 2 "$GOLMOK" sync '' --store b
ok '... so is a port that is none' exits 2 "$GOLMOK" sync 127.0.0.1:99999 --store b
ok '... and an address to listen at that is a name' exits 2 "$GOLMOK" serve --listen somewhere:1
finish
