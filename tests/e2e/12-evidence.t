#!/bin/sh
# Goal: what was written can be checked: the logs verify, the state can be made
# again from them, and a flipped bit is noticed.
. "${0%/*}/lib.sh"

found s
volunteer 홍길동
"$GOLMOK" patch "$id" phone=010-1234-5678 >/dev/null
"$GOLMOK" patch "$id" hours+=30 >/dev/null
run "$GOLMOK" log ls --json
ok 'log ls is JSON' all_json
log=$("$GOLMOK" log ls --json | sed -n 's/.*"log":"\([0-9a-f]*\)".*volunteer.*/\1/p')
run "$GOLMOK" log show "$log" --json
ok 'log show decodes every header' all_json
ok '... one a line' is 4 "$(grep -c '"header":' out)"
ok '... with nothing personal in it' [ "$(grep -c 010-1234 out)" = 0 ]
run "$GOLMOK" log show "$log" --note
ok 'log show --note is a checkpoint of its size' is 4 "$(sed -n 2p out)"
ok '... signed' is 1 "$(grep -c '^— golmok/' out)"
run "$GOLMOK" log show "$log" --proofs
ok 'log show --proofs has the format golmok-log/1' is golmok-log/1 "$(sed -n 1p out)"
ok '... with every leaf' is 4 "$(grep -c '^leaf ' out)"
ok '... and an end' is end "$(tail -n 1 out)"
ok 'log verify finds the logs sound' exits 0 "$GOLMOK" log verify
ok '... one of them too' exits 0 "$GOLMOK" log verify "$log"
ok 'fsck finds all as it must be' exits 0 "$GOLMOK" fsck
before=$("$GOLMOK" digest --json)
ok 'rebuild makes the state again' exits 0 "$GOLMOK" rebuild
ok '... the same' is "$before" "$("$GOLMOK" digest --json)"
ok '... and says so' says 'the state is the same'

cp -R s bent
HEADER=$("$GOLMOK" log show "$log" --json --from 2 --limit 1 | sed 's/.*"header":"\([0-9a-f]*\)".*/\1/') \
	perl -e '
	local $/;
	open(my $in, "<:raw", "bent/data.mdb") or die;
	my $all = <$in>;
	my $raw = pack("H*", $ENV{HEADER});
	my $n = 0;
	while ((my $at = index($all, $raw)) >= 0) {
		substr($all, $at + length($raw) / 2, 1) ^= "\x01";
		$n++;
	}
	open(my $to, ">:raw", "bent/data.mdb") or die;
	print $to $all;
	exit($n > 0 ? 0 : 1);
'
ok 'a bit of a stored header is flipped' is 0 "$?"
ok 'log verify notices it' exits 8 "$GOLMOK" log verify --store bent
ok '... in the right log' says "$log"
ok 'fsck notices it' exits 8 "$GOLMOK" fsck --store bent
ok 'what is whole is still read' exits 0 "$GOLMOK" get "$id" --store bent
run "$GOLMOK" get "$id" --json
cp out was
ok 'repair mends the bit' exits 0 "$GOLMOK" repair --store bent
ok '... nothing is damaged then' exits 0 "$GOLMOK" fsck --store bent
ok '... and the record is what it was' exits 0 "$GOLMOK" get "$id" --json --store bent
ok '... to the letter' cmp -s out was
cp -R s sound
ok 'a sound store needs no repair' exits 0 "$GOLMOK" repair --store sound
ok '... and keeps its data' cmp -s s/data.mdb sound/data.mdb
finish
