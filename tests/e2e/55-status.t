#!/bin/sh
# Goal: a centre always knows which of its changes lie nowhere else yet, who has
# the others, and how far behind each neighbour is.
. "${0%/*}/lib.sh"

node=
watch=
stop() {
	[ -z "$watch" ] || kill "$watch" 2>/dev/null
	[ -z "$node" ] || kill "$node" 2>/dev/null
}
trap 'stop; chmod -R u+rwx "$home"; rm -rf "$home"' EXIT

# serves: the first store does; $address.
serves() {
	: >serve.out
	"$GOLMOK" serve --listen 127.0.0.1:0 >serve.out 2>serve.err &
	node=$!
	until address=$(sed -n 's/^listening at \([^;]*\);.*/\1/p' serve.out) &&
		[ -n "$address" ]; do
		kill -0 "$node" 2>/dev/null || return 1
	done
}
ends() {
	kill "$node"
	wait "$node"
	node=
}
# member STORE NAME RIGHTS: a new one.
member() {
	run "$GOLMOK" init "$1" --city "$city" --json
	"$GOLMOK" admit "$(json key)" --label "$2" >/dev/null &&
		"$GOLMOK" member grant "$2" --prefix d03 --rights "$3" >/dev/null
}
# of SPACE FIELD...: a figure of a space.
of() {
	space=$1
	shift
	"$GOLMOK" status --json >"$home/out"
	at=$(perl -MJSON::PP -e '
		my $all = decode_json(<STDIN>)->{spaces};
		my ($n) = grep { $all->[$_]{space} eq $ARGV[0] } 0 .. $#$all;
		print $n;' "$space" <"$home/out")
	json spaces "$at" "$@"
}
# peer NAME FIELD...: a figure of a peer.
peer() {
	name=$1
	shift
	"$GOLMOK" status --json >"$home/out"
	at=$(perl -MJSON::PP -MEncode -e '
		my $all = decode_json(<STDIN>)->{peers};
		my $name = decode("UTF-8", $ARGV[0]);
		my ($n) = grep { $all->[$_]{label} eq $name } 0 .. $#$all;
		print $n;' "$name" <"$home/out")
	json peers "$at" "$@"
}
# until_is WANT COMMAND...: asks until that is the answer.
until_is() {
	want=$1
	shift
	tries=0
	until [ "$("$@")" = "$want" ]; do
		tries=$((tries + 1))
		[ "$tries" -lt 1000 ] || return 1
	done
}
# until_said N FILE TEXT: waits until TEXT stands N times in FILE.
until_said() {
	until [ "$(grep -cF -- "$3" "$2")" -ge "$1" ]; do
		kill -0 "$watch" 2>/dev/null || return 1
	done
}
V=d03/c017/volunteer

found a
city=$("$GOLMOK" whoami --json | sed 's/.*"city":"\([0-9a-f]*\)".*/\1/')
ok 'an empty city has a status' exits 0 "$GOLMOK" status
ok '... no peers' says 'no peer was met yet'
volunteer 홍길동
volunteer 김영희
all=$(of $V deltas)
ok 'what was written offline is only here' is "$all" "$(of $V alone)"
ok '... all of it ours' is "$all" "$(of $V own_alone)"
ok '... nobody has it' is 0 "$(of $V fewest)"
ok '... and one says so' exits 0 "$GOLMOK" status
ok '... in words' says 'not yet safe elsewhere: '

member auditor 감사관 audit
member holder '창신2동 주민센터' read:NPSF,hold
ok 'the node serves' serves
ok 'an auditor gets the headers' exits 0 "$GOLMOK" sync "$address" --store auditor
ok '... which saves nothing' until_is 0 peer 감사관 lacks deltas
ok '... of the records' is "$all" "$(of $V alone)"
ok 'a holder gets all' exits 0 "$GOLMOK" sync "$address" --store holder
ok '... and then nothing is only here' until_is 0 of $V alone
ok '... each has one replica' is 1 "$(of $V fewest)"
ok '... which is told as a list' is "[{\"deltas\":$all,\"replicas\":1}]" "$(of $V held)"
ok '... it lacks nothing' is 0 "$(peer '창신2동 주민센터' lacks deltas)"
ok '... and counts' is counts "$(peer '창신2동 주민센터' standing)"
run "$GOLMOK" status --json
ok 'JSON is JSON' all_json
ok '... with what is to be sent' is '0 0' "$(json send deltas) $(json send bytes)"
run "$GOLMOK" status
ok 'people read it' says 'all of it is held elsewhere too'
columns=$(perl -CSD -ne 's/\p{Hangul}/xx/g; print "$-[1]\n" if /\s(20\d\d-\S+ \S+)/' "$home/out" | sort -u | grep -c .)
ok 'names in Hangul keep the columns straight' is 1 "$columns"

# Live: pushed at once, and known to be safe soon after.
"$GOLMOK" serve --store holder --listen 127.0.0.1:0 --peer "$address" >other.out 2>other.err &
other=$!
trap 'stop; kill "$other" 2>/dev/null; chmod -R u+rwx "$home"; rm -rf "$home"' EXIT
volunteer 이순신
ok 'what is pushed is safe' until_is 0 of $V alone
kill "$other"
wait "$other"

# --watch on a pipe.
"$GOLMOK" status --watch >blocks 2>blocks.err &
watch=$!
ok 'a watch begins with what is' until_said 1 blocks 'all of it is held elsewhere too'
volunteer 강감찬
ok '... tells of a change' until_said 1 blocks 'not yet safe elsewhere: 1 changes'
ok '... sends it to nobody yet' is 1 "$(peer '창신2동 주민센터' lacks deltas)"
ok '... which weighs something' [ "$(peer '창신2동 주민센터' lacks bytes)" -gt 50 ]
ok 'the holder comes again' exits 0 "$GOLMOK" sync "$address" --store holder
ok '... and the watch tells' until_said 2 blocks 'all of it is held elsewhere too'
kill -INT "$watch"
wait "$watch"
ok 'SIGINT ends it well' is 0 "$?"
ok '... without a word' [ ! -s blocks.err ]
"$GOLMOK" status --watch --json >lines &
watch=$!
ok 'with --json it is a line' until_said 1 lines '"alone":'
kill "$watch"
wait "$watch"
watch=
cp lines "$home/out"
ok '... of JSON' all_json

# Who left holds it for nobody.
"$GOLMOK" member revoke '창신2동 주민센터' --reason 퇴직 >/dev/null
ok 'a revoked holder counts no more' is "$(of $V deltas)" "$(of $V alone)"
ok '... as is said' is revoked "$(peer '창신2동 주민센터' standing)"
run "$GOLMOK" status
ok '... to people too' says revoked
ends
finish
