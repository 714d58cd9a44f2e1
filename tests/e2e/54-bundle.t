#!/bin/sh
# Goal: nodes that never have a line keep in step by sticks, also through hands
# that cannot read them, and know what a damaged or strange file is worth.
. "${0%/*}/lib.sh"

# joined STORE NAME ROLE PREFIX: a node that was let in by files.
joined() {
	"$GOLMOK" join --store "$1" --request "$1.req" --name "$2" >/dev/null &&
		"$GOLMOK" admit "$1.req" --role "$3" --space "$4" \
			--answer "$1.ans" >/dev/null &&
		"$GOLMOK" join --store "$1" --grant "$1.ans" >/dev/null
}

# digests STORE: the log digests of what the stores share.
digests() {
	"$GOLMOK" digest --store "$1" --json | grep logs | grep -v '"d04'
}
alike() { [ "$(digests "$1")" = "$(digests "$2")" ]; }
smaller() { [ "$(wc -c <"$1")" -lt "$(wc -c <"$2")" ]; }
gone() { ! [ -e "$1" ]; }

found a
ok 'a centre joins by files' joined b 종로 dong d03/c017
ok 'a carrier of another district joins' joined c 배달 dong d04/c001
volunteer 홍길동
volunteer 김영희

# Two nodes, both directions.
ok 'what is new is written' exits 0 "$GOLMOK" bundle export stick --to 종로
ok '... and how much' says 'changes for 1 members'
ok 'nothing else was left there' gone stick.new
ok 'it is taken' exits 0 "$GOLMOK" bundle import stick --store b
ok '... and said from whom' says 'from 시청:'
ok 'both hold the same' alike a b
ok 'taken again nothing changes' exits 0 "$GOLMOK" bundle import stick --store b
ok '... and it says so' says '0 new changes'
ok 'show tells what it is' exits 0 "$GOLMOK" bundle show stick --store b
ok '... from whom' says 'bundle of 시청'
ok '... that it is whole' says ': whole'
ok '... of which spaces' says 'd03/c017/volunteer'
ok 'show as JSON' exits 0 "$GOLMOK" bundle show stick --store b --json
ok '... is JSON' all_json
ok '... with its counts' is 3 "$(json spaces 1 deltas)"

run "$GOLMOK" status --json
ok 'without an answer it counts as held here alone' \
	[ "$(json alone)" -gt 0 ]
ok 'an acknowledgement goes back' exits 0 "$GOLMOK" bundle ack stick --store b
ok '... beside the bundle' [ -f stick.ack ]
ok '... and is taken' exits 0 "$GOLMOK" bundle import stick.ack
ok '... as what the other holds' says 'what 종로 holds is known now'
run "$GOLMOK" status --json
ok 'now it is safe elsewhere' is 0 "$(json alone)"
ok 'nothing is new any more' exits 0 "$GOLMOK" bundle export none --to 종로
ok '... so none goes' says '0 changes'
ok '... and it is small' smaller none stick
run "$GOLMOK" patch "$id" name=김영수
ok 'one change is one change' exits 0 "$GOLMOK" bundle export one --to 종로 --json
ok '... in the file' is 1 "$(json deltas)"
ok 'all of it when asked for' exits 0 "$GOLMOK" bundle export all --to 종로 --full
ok '... is more' smaller one all
ok 'it arrives' exits 0 "$GOLMOK" bundle import one --store b
run "$GOLMOK" patch "$id" name=박영수 --store b
ok 'and the other way' exits 0 "$GOLMOK" bundle export back --to 시청 --store b
ok '... it arrives' exits 0 "$GOLMOK" bundle import back
ok 'they are in step' alike a b
ok '... in what they show' exits 0 "$GOLMOK" get "$id"
ok '... the last change' says 박영수

# Through other hands.
volunteer 이순신
ok 'a bundle goes with the carrier' exits 0 "$GOLMOK" bundle export relay --to 종로
ok 'who cannot take it' exits 6 "$GOLMOK" bundle import relay --store c
ok '... and is told so' errs 'this bundle is not for this node'
ok '... nor see what it is' exits 6 "$GOLMOK" bundle show relay --store c
ok '... nothing at all' [ ! -s "$home/out" ]
ok 'no name of the city stands in it' sh -c '! grep -q -a -e 시청 -e d03 relay'
ok 'it reaches whom it is for' exits 0 "$GOLMOK" bundle import relay --store b
ok '... whole' alike a b
ok 'for two at once' exits 0 "$GOLMOK" bundle export both --to 종로 --to 배달 --full --json
ok '... who may have different things' is 2 "$(json parts)"
ok '... the one reads it' exits 0 "$GOLMOK" bundle import both --store b
ok '... the other too' exits 0 "$GOLMOK" bundle import both --store c
ok '... and has nothing of the first' sh -c \
	'! "$GOLMOK" status --store c | grep -q d03'

# Damage.
ok 'a third centre joins' joined d 혜화 dong d03/c017
{
	echo name,kinds,dong,join_channel,state,joined_on
	i=0
	while [ $i -lt 60 ]; do
		i=$((i + 1))
		echo "이름$i,시민찾동이,00000000000000000000000000000001,추천,applied,2026-03-02"
	done
} >rows.csv
n=0
while [ $n -lt 20 ]; do
	n=$((n + 1))
	run "$GOLMOK" import rows.csv --collection volunteer \
		--space d03/c017/volunteer
done
ok 'there is more to carry' [ "$status" -eq 0 ]
run "$GOLMOK" bundle export whole --to 혜화
size=$(wc -c <whole)
{
	head -c $((size / 2)) whole
	printf xxxxxxxxxxxxxxxx
	tail -c +$((size / 2 + 17)) whole
} >torn
ok 'one that is damaged in the middle enters in part' \
	exits 15 "$GOLMOK" bundle import torn --store d
ok '... where is said' says 'damaged:'
ok '... and what is missing then' says 'first'
ok '... as JSON too' exits 15 "$GOLMOK" bundle import torn --store d --json
ok '... with its places' all_json
ok '... whole it is not' is false "$(json whole)"
head -c $((size * 3 / 4)) whole >short
ok 'one that was cut short too' exits 15 "$GOLMOK" bundle import short --store d
ok '... and it says so' says 'cut short'
ok 'show says so too' exits 15 "$GOLMOK" bundle show short --store d
ok 'a good copy completes it' exits 0 "$GOLMOK" bundle import whole --store d
ok '... all of it' alike a d
ok 'what was damaged is complete now' exits 0 "$GOLMOK" fsck --store d

# Other files.
: >empty
ok 'an empty file is no bundle' exits 7 "$GOLMOK" bundle import empty
ok '... and is called so' errs 'empty'
ok 'an answer is none' exits 7 "$GOLMOK" bundle import b.ans
ok '... but named' errs 'golmok join --grant'
ok 'a request is none' exits 7 "$GOLMOK" bundle import b.req
ok '... but named' errs 'golmok admit'
ok 'a directory is none' exits 5 "$GOLMOK" bundle import b
mkfifo pipe
ok 'a pipe is none, and nobody waits' exits 5 "$GOLMOK" bundle import pipe
ok 'what is not there' exits 3 "$GOLMOK" bundle import nothing
ok 'nobody is sealed to by mistake' exits 3 "$GOLMOK" bundle export x --to 아무개
ok '... nor oneself' exits 5 "$GOLMOK" bundle export x --to 시청
ok 'no file was made' gone x
cp stick kept
ok 'a file is not replaced' exits 4 "$GOLMOK" bundle export stick --to 종로
ok '... it is as it was' cmp -s stick kept
ok '... unless told' exits 0 "$GOLMOK" bundle export stick --to 종로 --force

# No room.
small=
if mkdir disk && mount -t tmpfs -o size=64k none disk 2>/dev/null; then
	trap 'umount "$home/disk"; chmod -R u+rwx "$home"; rm -rf "$home"' EXIT
	small='exec'
else
	small='ulimit -f 64; exec'
fi
ok 'a full disk is told' exits 12 sh -c \
	"$small \"\$GOLMOK\" bundle export disk/x --to 혜화 --full"
ok '... and nothing is left on it' [ -z "$(ls -A disk)" ]
chmod 444 whole
ok 'what cannot be written to can be read' \
	exits 0 "$GOLMOK" bundle import whole --store d
finish
