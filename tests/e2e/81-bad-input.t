#!/bin/sh
# Goal: whatever comes in from a disk, a terminal, a pipe, a network or beside
# us, the program says in one clear line what is wrong, ends with the status
# that its help promises, and has changed nothing.
. "${0%/*}/lib.sh"

trap 'for p in $nodes; do kill "$p" 2>/dev/null; done
	mountpoint -q "$home/disk" 2>/dev/null && umount "$home/disk"
	chmod -R u+rwx "$home"; rm -rf "$home"' EXIT

# refuses STATUS COMMAND...: ends with it, in one line on standard error.
refuses() {
	exits "$@" && [ "$(wc -l <"$home/err")" -eq 1 ] &&
		grep -q '^golmok: .' "$home/err" &&
		[ "$(wc -c <"$home/err")" -le 1100 ]
}

# refuses_json STATUS CODE COMMAND...: the same as a JSON object.
refuses_json() {
	want_code=$2
	want=$1
	shift 2
	exits "$want" "$@" && [ "$(wc -l <"$home/err")" -eq 1 ] &&
		cp err out && is "$want_code" "$(json error code)"
}

# state STORE: its digests and what its logs hold.
state() { "$GOLMOK" digest --json --store "$1" && "$GOLMOK" log ls --json --store "$1"; }
unchanged() { is "$before" "$(state s)"; }

# rows NAME N: JSON lines of N volunteers.
rows() {
	perl -e 'printf "{\"collection\":\"volunteer\",\"space\":\"d03/c017/volunteer\",\"fields\":{\"name\":\"%s-%d\",\"kinds\":[\"시민찾동이\"],\"dong\":\"%032x\",\"join_channel\":\"추천\",\"state\":\"applied\",\"joined_on\":\"2026-03-02\"}}\n", $ARGV[0], $_, 1 for 1 .. $ARGV[1]' "$1" "$2"
}

V=d03/c017/volunteer
found s
volunteer 홍길동
first=$id

# ---- Words and places.
ok 'a city without a name is refused' refuses 5 "$GOLMOK" init x --found '' --label 시청
ok 'so is a label with a line end' refuses 5 "$GOLMOK" init x --found 서울 --label "$(printf 'a\nb')"
ok '... and one with controls' refuses 5 "$GOLMOK" admit "$(printf %064d 7)" --label "$(printf 'a\033[2J')"
ok '... or that changes direction' refuses 5 "$GOLMOK" admit "$(printf %064d 7)" --label "$(printf 'a\342\200\256b')"
before=$(state s)
long=$(perl -e 'print "길" x 2000')
ok 'a path that is too long is told' refuses 1 "$GOLMOK" ls --store "$long"
ok '... to its end' errs 'too long'
ok '... and cut between letters' perl -0777 -ne 'utf8::decode($_) or exit 1' err
ok 'a store cannot be made there' exits 1 "$GOLMOK" init "$long" --found 서울 --label 시청
ok 'nor in a directory that is not there' refuses 3 "$GOLMOK" init no/such --found 서울 --label 시청
ok 'no environment is needed' exits 0 env -i "$GOLMOK" get "$first" --store s
ok 'a number beyond 64 bits' refuses 5 "$GOLMOK" patch "$first" hours+=9223372036854775808
ok '... is an object with --json' \
	refuses_json 5 invalid "$GOLMOK" patch "$first" hours+=9223372036854775808 --json
ok 'none of it has changed anything' unchanged

"$GOLMOK" patch "$first" "name=$(printf 'a\033[31m\342\200\256b\302\2331m\007')" >/dev/null
"$GOLMOK" ls $V volunteer >out
"$GOLMOK" get "$first" >>out
"$GOLMOK" history "$first" >>out
ok 'no control or change of direction reaches a terminal' perl -Ci -0777 -ne \
	'exit(/[\x00-\x08\x0b-\x1f\x7f-\x9f\x{200e}\x{200f}\x{202a}-\x{202e}\x{2066}-\x{2069}]/)' out
before=$(state s)

# ---- Files to import.
perl -e 'print "{\"a\":" x 200000, "\n"' >deep.jsonl
perl -e 'print "[" x 2000000, "\n"' >wide.jsonl
printf '{"fields":{"name":"a\\u0000"}}\n' >nul.jsonl
printf '{"fields":{"name":"\377"}}\n' >bytes.jsonl
printf '{"fields":{"name":"a\n' >torn.jsonl
printf 'name,kinds\n"a,b\n' >torn.csv
printf 'name,kinds\na\000,b\n' >nul.csv
rows 이 1 | perl -pe 's/이-1/"가" x 50000/e' >huge.jsonl
for bad in deep.jsonl wide.jsonl huge.jsonl nul.jsonl bytes.jsonl torn.jsonl torn.csv nul.csv; do
	ok "$bad is refused" exits 5 "$GOLMOK" import $bad --collection volunteer --space $V
	ok '... by file and line' errs "$bad:"
done
rows 이 300 >half.jsonl
sed '200s/시민찾동이/아무것도/' half.jsonl >middle.jsonl
ok 'a row that breaks the pack in the middle' exits 5 "$GOLMOK" import middle.jsonl
ok '... is named' errs 'middle.jsonl:200:'
: >vast.jsonl
perl -e 'truncate("vast.jsonl", 2 ** 30 + 1) or die'
# ThreadSanitizer asks for more than any limit before a program begins.
some='ulimit -d 65536'
sh -c "$some; exec \"\$0\" --version" "$GOLMOK" >/dev/null 2>&1 || some=:
ok 'a file that is too large is not read' refuses 10 sh -c \
	"$some; exec \"\$0\" import vast.jsonl" "$GOLMOK"
rm vast.jsonl
ok 'a directory is no file' refuses 5 "$GOLMOK" import .
ok 'a file that is not there' refuses 3 "$GOLMOK" import no.csv --collection volunteer
ok 'nothing of all that was stored' unchanged

# ---- Standard input and output that are closed, or close.
ok 'no standard output is an error' exits 1 sh -c '"$0" ls >&-' "$GOLMOK"
ok 'no standard input is one' exits 1 sh -c '"$0" import - <&-' "$GOLMOK"
ok '... for a note too' exits 1 sh -c '"$0" note "$1" training - <&-' "$GOLMOK" "$first"
for i in 1 2 3; do
	"$GOLMOK" import middle.jsonl <&- >&- 2>&-
	"$GOLMOK" feed <&- >&- 2>&-
done
ok 'without any of the three, no word gets into the store' exits 0 "$GOLMOK" fsck
ok '... which is as it was' unchanged
"$GOLMOK" feed | head -n 1 >out
ok 'a reader that goes away after a line has it' [ -s out ]

# ---- Two at once.
rows 박 200 >one.jsonl
rows 최 200 >two.jsonl
"$GOLMOK" import one.jsonl >one.out 2>&1 &
"$GOLMOK" import two.jsonl >two.out 2>&1
two=$?
wait $!
ok 'two that import at once both succeed' is '0 0' "$? $two"
for w in 김 정; do
	(for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		"$GOLMOK" put $V volunteer "name=$w$i" kinds=시민찾동이 dong=$first \
			join_channel=추천 state=applied joined_on=2026-03-02 >/dev/null
	done) &
done
wait
ok '... and all is there' is 441 "$("$GOLMOK" ls $V --limit 1000 --json | wc -l | tr -d ' ')"
ok '... and sound' exits 0 "$GOLMOK" fsck

# ---- Prefixes of ids.
a=0123456789abcdef0000000000000001
for one in $a 0123456789abcdef0000000000000002; do
	"$GOLMOK" put $V volunteer --id $one name=김 kinds=시민찾동이 dong=$a join_channel=추천 \
		state=applied joined_on=2026-03-02 >/dev/null
done
before=$(state s)
for word in get history rm keep; do
	ok "$word of two records is refused" refuses 5 "$GOLMOK" $word 0123456789abcdef
done
ok '... patch too' refuses 5 "$GOLMOK" patch 0123456789abcdef hours+=1
ok '... note too' refuses 5 "$GOLMOK" note 0123456789abcdef training 한
ok '... resolve too' refuses 5 "$GOLMOK" resolve 0123456789abcdef name 김
ok '... and nothing was done' unchanged

# ---- An empty store, for every command.
"$GOLMOK" init e --city "$(printf %064d 5)" >/dev/null
for words in whoami digest feed conflicts ls 'member ls' 'space ls' 'inbox ls' events 'log ls' 'log verify' status \
	fsck export 'export --collection volunteer --format csv' rebuild; do
	# The words of one command.
	# shellcheck disable=SC2086
	ok "an empty store: $words" exits 0 "$GOLMOK" $words --store e
done
ok 'an empty store has no record' refuses 3 "$GOLMOK" get "$a" --store e
ok '... and lets nobody write' refuses 6 "$GOLMOK" put $V volunteer name=김 kinds=시민찾동이 \
	dong=$a join_channel=추천 state=applied joined_on=2026-03-02 --store e
ok '... nor admit' refuses 6 "$GOLMOK" admit "$(printf %064d 7)" --label 한동 --store e

# ---- Files of a store that are not what they were.
damaged() {
	rm -rf t
	cp -R s t
}
damaged
head -c 60 s/identity >t/identity
ok 'keys that are cut off' refuses 8 "$GOLMOK" ls --store t
echo garbage >t/identity
ok 'keys that are none are no newer format' refuses 8 "$GOLMOK" ls --store t
: >t/identity
ok 'keys that are empty' refuses 8 "$GOLMOK" ls --store t
rm t/identity
ok 'keys that are gone' refuses 3 "$GOLMOK" ls --store t
cp e/identity t/identity
ok 'keys of another city' refuses 8 "$GOLMOK" ls --store t
damaged
cp e/data.mdb t/
ok 'data of another city' refuses 8 "$GOLMOK" ls --store t
for size in 1 4096 8192 40000; do
	head -c $size s/data.mdb >t/data.mdb
	ok "data cut to $size bytes" refuses 8 "$GOLMOK" ls --store t
done
perl -e 'print chr(int(rand(256))) for 1 .. 200000' >t/data.mdb
ok 'data that is noise' refuses_json 8 corrupt "$GOLMOK" ls --store t --json
ok '... is not rebuilt' refuses 8 "$GOLMOK" rebuild --store t
# One page after another, from the end, where the newest are.
damaged
pages=$(($(wc -c <s/data.mdb) / 4096))
strange=
for page in $(perl -e 'print "$_ " for $ARGV[0] - 24 .. $ARGV[0] - 1' $pages); do
	cp s/data.mdb t/data.mdb
	PAGE=$page perl -e 'open(my $to, "+<:raw", "t/data.mdb") or die;
		seek($to, 4096 * $ENV{PAGE}, 0); print $to "\xff" x 4096; close($to) or die'
	for words in fsck "get $first" 'log verify'; do
		# shellcheck disable=SC2086
		run "$GOLMOK" $words --store t
		case $status in 0 | 8) ;; *) strange="$strange $page:$words:$status" ;; esac
	done
done
ok 'a page that is overwritten is told, or was not in use' is '' "$strange"

# ---- A city with 424 members of one name.
ok 'a grant by a label that nobody has' refuses 2 "$GOLMOK" member grant 혜화동 --prefix d03 --rights hold
for i in $(perl -e 'print "$_ " for 1 .. 424'); do
	"$GOLMOK" admit "$(printf %064x "$((i + 4096))")" --label 혜화동 >/dev/null || echo "$i" >>unadmitted
done
ok '424 members of one name are admitted' [ ! -e unadmitted ]
ok '... and listed' is 424 "$("$GOLMOK" member ls | grep -c '^혜화동')"
before=$(state s)
ok 'a grant by their name is refused' refuses 5 "$GOLMOK" member grant 혜화동 --prefix d03 --rights hold
ok '... with what to do' errs 'give the key'
ok '... and granted to none' unchanged
ok 'a grant by key is made' exits 0 "$GOLMOK" member grant "$(printf %064x 4100)" --prefix d03 --rights hold
ok '... to that one' is 1 "$("$GOLMOK" member ls | grep -c '^혜화동.*hold')"

# ---- The network.
city=$("$GOLMOK" whoami --json | sed 's/.*"city":"\([0-9a-f]*\)".*/\1/')
for n in n1 n2; do
	"$GOLMOK" init $n --city "$city" --json >out
	"$GOLMOK" admit "$(json key)" --label 혜화동 >/dev/null
	"$GOLMOK" member grant "$(json key)" --prefix d03 --rights read:NPSF,write >/dev/null
done
"$GOLMOK" init n3 --city "$city" >/dev/null
"$GOLMOK" init pusan --found 부산 --label 부산 >/dev/null
before=$(state s)
ok 'a node serves' serves serve --listen 127.0.0.1:0
ok 'its port is taken' refuses 11 "$GOLMOK" serve --listen "$there" --store n1
ok 'a node of another city is turned away' refuses 7 "$GOLMOK" sync "$there" --store pusan
ok '... with a reason' errs 'no node of our city'
ok 'so is one that nobody admitted' refuses 13 "$GOLMOK" sync "$there" --store n3
ok '... as an object with --json' refuses_json 13 peer "$GOLMOK" sync "$there" --store n3 --json
ok 'a node does not sync with itself' refuses 4 "$GOLMOK" sync "$there"
"$GOLMOK" sync "$there" --store n1 >n1.out 2>&1 &
"$GOLMOK" sync "$there" --store n2 >n2.out 2>&1
two=$?
wait $!
ok 'two of one name sync at once' is '0 0' "$? $two"
ok '... and hold the same' is "$(state n1)" "$(state n2)"
ok '... as the first does' is "$("$GOLMOK" digest --json)" "$("$GOLMOK" digest --json --store n1)"

# A peer that is none: what it says is in its name.
cat >peer.pl <<'END'
use IO::Socket::INET;
$SIG{PIPE} = 'IGNORE';
my $to = shift;
my $from = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1:0') or die;
$| = 1;
print "port ", $from->sockport, ".\n";
for my $manner (@ARGV) {
	my $peer = $from->accept or die;
	my $word;
	if ($manner eq 'web') {
		sysread($peer, $word, 4096);
		print $peer "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
	} elsif ($manner eq 'noise') {
		srand(7);
		print $peer join('', map { chr(int(rand(256))) } 1 .. 100_000);
		sysread($peer, $word, 4096);
	} elsif ($manner =~ /^cut(\d+)/) {
		# Between a real node and the caller, for so many bytes.
		my $left = $1;
		my $node = IO::Socket::INET->new($to) or die;
		my $both = '';
		vec($both, fileno($_), 1) = 1 for $peer, $node;
		while ($left > 0) {
			select(my $ready = $both, undef, undef, undef);
			for my $pair ([$peer, $node], [$node, $peer]) {
				next unless vec($ready, fileno($pair->[0]), 1);
				sysread($pair->[0], $word, $left) or $left = 0;
				syswrite($pair->[1], $word);
				$left -= length($word);
			}
		}
	}
	close($peer);
}
END
perl peer.pl "$there" web noise none cut40 cut200 cut300 cut900 cut9000 >peer.out &
peer=$!
nodes="$nodes $peer"
ok 'something else listens' until_says . cat peer.out
none=127.0.0.1:$(sed 's/port \([0-9]*\).*/\1/' peer.out)
ok 'a web server is no node' refuses 7 "$GOLMOK" sync "$none" --store n1
ok '... and is told' errs 'not a golmok node'
ok 'noise is none' refuses 7 "$GOLMOK" sync "$none" --store n1
ok 'one that hangs up is a peer that ended it' refuses 13 "$GOLMOK" sync "$none" --store n1
volunteer 장영실
rows 세 500 >more.jsonl
"$GOLMOK" import more.jsonl >/dev/null
for cut in 40 200 300 900 9000; do
	ok "a link that is cut after $cut bytes" refuses 13 "$GOLMOK" sync "$none" --store n1
done
wait $peer
nodes=" $node"
ok 'what was cut is whole' exits 0 "$GOLMOK" fsck --store n1
ok '... and goes on' exits 0 "$GOLMOK" sync "$there" --store n1
ok '... to the same' is "$("$GOLMOK" digest --json)" "$("$GOLMOK" digest --json --store n1)"
perl -MIO::Socket::INET -e '
	for my $say ("GET / HTTP/1.1\r\n\r\n", "\0" x 70_000, "\xff" x 70_000, "") {
		my $to = IO::Socket::INET->new($ARGV[0]) or die;
		$SIG{PIPE} = "IGNORE";
		print $to $say;
		shutdown($to, 1);
		1 while sysread($to, my $got, 4096);
	}' "$there"
ok 'a node outlives callers that are none' exits 0 "$GOLMOK" sync "$there" --store n2
ok '... each in one line' [ "$(grep -vc '^golmok: note: 127.0.0.1' serve.err)" = 0 ]
ok 'SIGINT ends it cleanly' ends "$node" INT
ok '... sound' exits 0 "$GOLMOK" fsck

# ---- SIGINT in the middle of an import: all, or nothing.
rows 한 9000 >long.jsonl
before=$("$GOLMOK" ls --json | sed -n 's/.*volunteer","records":\([0-9]*\).*/\1/p')
for wait in 0 1 2; do
	perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' "$GOLMOK" import long.jsonl >out 2>&1 &
	import=$!
	i=0
	while [ $i -lt $((wait * 60)) ] && kill -0 $import 2>/dev/null; do i=$((i + 1)); done
	kill -INT $import
	wait $import
done
after=$("$GOLMOK" ls --json | sed -n 's/.*volunteer","records":\([0-9]*\).*/\1/p')
ok 'an import that was broken off is stored whole or not at all' \
	is 0 "$(((after - before) % 9000))"
ok '... and the store is sound' exits 0 "$GOLMOK" fsck

# ---- A full disk, where one can be made.
mkdir disk
if mount -t tmpfs -o size=20m tmpfs disk 2>/dev/null; then
	"$GOLMOK" init disk/s --found 서울 --label 시청 >/dev/null
	GOLMOK_STORE=$PWD/disk/s
	volunteer 홍길동
	rows 조 5000 >rows.jsonl
	before=$(state disk/s)
	dd if=/dev/zero of=disk/fill bs=65536 2>/dev/null
	ok 'no room for a change' refuses 12 "$GOLMOK" patch "$id" hours+=1
	ok '... and what to do' errs 'make room'
	ok 'no room for an import' exits 12 "$GOLMOK" import rows.jsonl
	ok 'no room for a rebuild' refuses 12 "$GOLMOK" rebuild
	ok 'no room for a store' exits 12 "$GOLMOK" init disk/t --found 서울 --label 시청
	ok '... nor a piece of one' [ ! -e disk/t ]
	ok 'reading goes on' exits 0 "$GOLMOK" get "$id"
	rm disk/fill
	ok 'nothing was changed' is "$before" "$(state disk/s)"
	ok '... and it is sound' exits 0 "$GOLMOK" fsck
	ok 'with room it goes on' exits 0 "$GOLMOK" import rows.jsonl
	umount disk
else
	ok 'a full disk # SKIP optional: nothing can be mounted here' true
fi
finish
