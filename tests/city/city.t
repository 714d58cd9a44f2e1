#!/bin/sh
# Goal: one aggregator and sixteen centres as real processes, over a line that
# is slow and cut every few seconds, some of them killed at work: all that was
# written arrives, and all agree.
. "${0%/*}/../e2e/lib.sh"
: "${PROXY:?is the program that makes lines bad}"

centres=16
before=4 # changes of each centre while there was no line
live=2	 # while there is
deadline_s=90
seed=${SEED:-17}
line=
node=

# Every process that is ours, by its id: $node, $line, $pid_1, $pid_2...
each() { seq 1 "$centres"; }
pid_of() { eval "printf '%s' \"\${pid_$1:-}\""; }
stop() {
	for i in $(each); do
		pid=$(pid_of "$i")
		[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null
	done
	[ -z "$node" ] || kill -9 "$node" 2>/dev/null
	[ -z "$line" ] || kill "$line" 2>/dev/null
}
trap 'stop; chmod -R u+rwx "$home"; rm -rf "$home"' EXIT

# by_deadline COMMAND...: tries until it succeeds, or time is up.
by_deadline() {
	end=$(($(date +%s) + deadline_s))
	until "$@"; do
		[ "$(date +%s)" -lt "$end" ] || {
			echo "# time is up: $*"
			return 1
		}
	done
}

# heard FILE ID: $address, once the program whose words are in FILE listens.
heard() {
	address=$(sed -n 's/^listening at \([^;]*\);.*/\1/p' "$1") && [ -n "$address" ]
}
alive_and_heard() {
	kill -0 "$2" 2>/dev/null || return 1
	heard "$1"
}

space_of() { printf 'd03/c%03d/volunteer' "$1"; }

# write I N: N new volunteers of centre I, each for good before the next.
write() {
	n=0
	while [ "$n" -lt "$2" ]; do
		"$GOLMOK" put "$(space_of "$1")" volunteer "name=김$1-$n" \
			'kinds=시민찾동이' dong=00000000000000000000000000000001 \
			join_channel=추천 state=applied joined_on=2026-03-02 \
			--store "c$1" >/dev/null 2>"put_$1.err" || return 1
		n=$((n + 1))
		wrote=$((wrote + 1))
	done
}

serve_a() {
	"$GOLMOK" serve --store a --listen "$1" >a.out 2>>a.err &
	node=$!
}
serve() {
	"$GOLMOK" serve --store "c$1" --listen 127.0.0.1:0 --peer "$there" \
		>"serve_$1.out" 2>>"serve_$1.err" &
	eval "pid_$1=$!"
}
serves() {
	kill -0 "$(pid_of "$1")" 2>/dev/null && grep -q '^listening' "serve_$1.out"
}
synced() { "$GOLMOK" sync "$there" --store "c$1" >/dev/null 2>"sync_$1.err"; }

# Nothing of centre I is only there.
is_safe() {
	"$GOLMOK" status --json --store "c$1" 2>/dev/null >"status_$1" &&
		grep -q '"alone":0[,}]' "status_$1"
}
# Both show the same of what I wrote.
agrees() {
	"$GOLMOK" digest "$(space_of "$1")" --json --store "c$1" >one &&
		"$GOLMOK" digest "$(space_of "$1")" --json --store a >two &&
		cmp -s one two
}

found a
city=$("$GOLMOK" whoami --json | sed 's/.*"city":"\([0-9a-f]*\)".*/\1/')
for i in $(each); do
	run "$GOLMOK" init "c$i" --city "$city" --json
	key=$(json key)
	"$GOLMOK" admit "$key" --label "동$i" >/dev/null
	"$GOLMOK" member grant "$key" --prefix "$(printf 'd03/c%03d' "$i")" \
		--rights read:NPSF,hold,write >/dev/null
done
"$GOLMOK" member grant "$("$GOLMOK" whoami --json | sed 's/.*"key":"\([0-9a-f]*\)".*/\1/')" \
	--prefix d03 --rights read:NPSF,hold >/dev/null

serve_a 127.0.0.1:0
ok 'the aggregator listens' by_deadline alive_and_heard a.out "$node"
direct=$address
mkfifo hold
# 256 kbit/s, 40 ms each way, a cut after 1.5 seconds in the mean.
"$PROXY" "${direct##*:}" 40 32000 1500 "$seed" <hold >proxy.out 2>proxy.err &
line=$!
exec 3>hold
ok 'the line is there' by_deadline alive_and_heard proxy.out "$line"
there=$address

all=0
for i in $(each); do
	by_deadline synced "$i" || all=1
done
ok 'each centre learns over the bad line what it may' [ "$all" -eq 0 ]

wrote=0
for i in $(each); do
	write "$i" "$before" || all=1
done
ok 'each works without a line' [ "$all" -eq 0 ]

for i in $(each); do
	serve "$i"
done
for i in $(each); do
	by_deadline serves "$i" || all=1
done
ok 'all come back at once' [ "$all" -eq 0 ]

# In the middle of it: writes, and processes that die.
for i in $(each); do
	write "$i" "$live" || all=1
	if [ $((i % 4)) -eq 0 ]; then
		victim=$(pid_of $((i / 2)))
		kill -9 "$victim"
		wait "$victim" 2>/dev/null
		serve $((i / 2))
	fi
	if [ "$i" -eq 9 ]; then
		kill -9 "$node"
		wait "$node" 2>/dev/null
		serve_a "$direct"
	fi
done
ok 'they go on while some are killed' [ "$all" -eq 0 ]
ok 'the aggregator listens again' by_deadline alive_and_heard a.out "$node"

for i in $(each); do
	by_deadline is_safe "$i" || all=1
done
ok 'in the end nothing is in one place only' [ "$all" -eq 0 ]
for i in $(each); do
	by_deadline agrees "$i" || {
		echo "# centre $i"
		all=1
	}
done
ok '... and all agree with the aggregator' [ "$all" -eq 0 ]

count=0
for i in $(each); do
	n=$("$GOLMOK" ls "$(space_of "$i")" volunteer --json --store a | wc -l)
	count=$((count + n))
done
ok '... which shows all that was written' is "$wrote" "$count"

for i in $(each); do
	pid=$(pid_of "$i")
	kill "$pid"
	wait "$pid" || all=1
	eval "pid_$i="
done
kill "$node"
wait "$node" || all=1
node=
ok 'every one of them ends cleanly' [ "$all" -eq 0 ]
exec 3>&-
wait "$line"
line=
ok 'the line was cut all the time' [ "$(sed -n 's/ cut$//p' proxy.out)" -gt "$centres" ]
ok 'the store of the aggregator is sound' exits 0 "$GOLMOK" fsck --store a
ok '... and that of one that was killed' exits 0 "$GOLMOK" fsck --store c4
finish
