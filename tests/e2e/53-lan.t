#!/bin/sh
# Goal: nodes find their peers by themselves: on the local network by beacons,
# by addresses in member records, and by the list that golmok peer keeps.
. "${0%/*}/lib.sh"

# leave: ends both nodes.
leave() {
	ends "$first" && ends "$second"
}

found a
city=$("$GOLMOK" whoami --json | sed 's/.*"city":"\([0-9a-f]*\)".*/\1/')
centre=$("$GOLMOK" whoami --json | sed 's/.*"key":"\([0-9a-f]*\)".*/\1/')
run "$GOLMOK" init b --city "$city" --json
key=$(json key)
"$GOLMOK" admit "$key" --label 북가좌동 >/dev/null
"$GOLMOK" member grant "$key" --prefix d03/c017 --rights read:NPSF,hold,write >/dev/null

# The local network.
ok 'an interface that is none is a usage error' \
	exits 2 "$GOLMOK" serve --listen 127.0.0.1:0 --lan-interface nosuch0
if serves first --listen 127.0.0.1:0 --lan-interface lo; then
	lan=yes
	first=$node
	ok 'a node calls on the loopback interface' true
else
	# Only where the system itself says no.
	lan=no
	nodes=
	echo "# no multicast on lo here: $(cat first.err)"
	ok 'no multicast here, and serve says so' grep -q 'multicast on lo' first.err
fi
if [ "$lan" = yes ]; then
	ok 'another one does, too' serves second --store b --listen 127.0.0.1:0 --lan-interface lo
	second=$node
	volunteer 홍길동
	ok 'they find each other and exchange what they have' \
		until_says 홍길동 "$GOLMOK" ls d03/c017/volunteer volunteer --store b
	GOLMOK_STORE=$PWD/b volunteer 이순신
	ok '... both ways' until_says 이순신 "$GOLMOK" ls d03/c017/volunteer volunteer
	ok 'both end cleanly' leave

	# A node of another city hears and is heard by nobody.
	"$GOLMOK" init c --found 부산 --label 다른시 >/dev/null
	ok 'a node of this city serves' serves first --listen 127.0.0.1:0 --lan-interface lo
	first=$node
	ok '... and one of another' serves other --store c --listen 127.0.0.1:0 --lan-interface lo
	second=$node
	serves third --store b --listen 127.0.0.1:0 --lan-interface lo
	volunteer 강감찬
	ok 'those of this city find each other again' \
		until_says 강감찬 "$GOLMOK" ls d03/c017/volunteer volunteer --store b
	ends "$node"
	leave
	ok '... and nobody spoke with the other city' is '' "$(cat other.err)"
fi

# The list that the store keeps.
ok 'a node serves without being told of others' serves first --listen 127.0.0.1:0
first=$node
here=$there
ok '... and so does another' serves second --store b --listen 127.0.0.1:0
second=$node
ok 'a place is kept' exits 0 "$GOLMOK" peer add "$here" --store b
ok '... once' exits 4 "$GOLMOK" peer add "$here" --store b
ok '... and listed' exits 0 "$GOLMOK" peer ls --store b --json
ok '... as JSON' is "$here" "$(json address)"
ok 'a place that is none is a usage error' exits 2 "$GOLMOK" peer add 127.0.0.1:0
volunteer 유관순
ok 'the node that runs takes it up by itself' \
	until_says 유관순 "$GOLMOK" ls d03/c017/volunteer volunteer --store b
ok 'a place is forgotten' exits 0 "$GOLMOK" peer rm "$here" --store b
ok '... once' exits 3 "$GOLMOK" peer rm "$here" --store b
ok '... and the list is empty' is '' "$("$GOLMOK" peer ls --store b --json)"
ok '... and the link ends' until_says 'link ended' cat second.err

# Addresses in member records.
ok 'a member gets an address' exits 0 "$GOLMOK" member address "$centre" "$here" centre.invalid
ok '... which is shown' exits 0 "$GOLMOK" member show "$centre" --json
ok '... with the usual port where none was said' is "[\"$here\",\"centre.invalid:7700\"]" "$(json addresses)"
ok '... and in the list' until_says "$here centre.invalid:7700" "$GOLMOK" member ls
ok 'a new name keeps it' exits 0 "$GOLMOK" member rename "$key" 남가좌동
ok 'no address and no --none is a usage error' exits 2 "$GOLMOK" member address "$centre"
ok 'so are five' exits 2 "$GOLMOK" member address "$centre" a b c d e
ok 'one sync brings the record over' exits 0 "$GOLMOK" sync "$here" --store b
volunteer 신사임당
ok 'the other node then dials by itself' \
	until_says 신사임당 "$GOLMOK" ls d03/c017/volunteer volunteer --store b
ok 'both end cleanly' leave
ok 'an address is taken back' exits 0 "$GOLMOK" member address "$centre" --none
run "$GOLMOK" member show "$centre" --json
ok '... whole' is '[]' "$(json addresses)"
ok 'what was exchanged verifies' exits 0 "$GOLMOK" log verify --store b
finish
