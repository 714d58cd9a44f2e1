#!/bin/sh
# Goal: a node on a slow or costly link keeps to its rate and to the bytes of a
# day, says so, and what is urgent gets through all the same.
. "${0%/*}/lib.sh"

# people N: a file of N people who can be imported.
people() {
	perl -e '
		print "name,kinds,dong,join_channel,state,joined_on\n";
		srand 1;
		for (1 .. shift) {
			my $noise = join "", map { chr 97 + rand 26 } 1 .. 60;
			print "주민$_$noise,시민찾동이,", "0" x 31, "1,추천,applied,2026-03-02\n";
		}' "$1" >people.csv
}

# report WHAT: somebody tells of somebody in need.
report() {
	"$GOLMOK" put d03/c017/report report channel=앱 "subject_text=$1" \
		place_text=북가좌동 dong=00000000000000000000000000000001 \
		urgency=긴급 received_at=2026-01-01T00:00:00Z state=submitted >/dev/null
}

found a
city=$("$GOLMOK" whoami --json | sed 's/.*"city":"\([0-9a-f]*\)".*/\1/')
run "$GOLMOK" init b --city "$city" --json
key=$(json key)
"$GOLMOK" admit "$key" --label 북가좌동 >/dev/null
"$GOLMOK" member grant "$key" --prefix d03/c017 --rights read:NPSF,hold,write >/dev/null
people 300

# ---- words ----------------------------------------------------------------
ok 'a rate needs its unit' exits 2 "$GOLMOK" sync x:1 --limit 30
ok '... and hears which there are' errs 'bps, kbps, Mbps, B/s, kB/s or MB/s'
ok 'a rate that holds no link is refused' exits 2 "$GOLMOK" serve --limit 4kbps
ok '... with the least that does' errs 'the least is 8kbps'
ok 'a budget needs its unit too' exits 2 "$GOLMOK" sync x:1 --budget 5
ok '... and must hold a chunk' exits 2 "$GOLMOK" serve --budget 1kB
ok 'help knows both' exits 0 "$GOLMOK" help serve
ok '... the rate' says '--limit RATE'
ok '... the budget' says '--budget SIZE'

# ---- rates ----------------------------------------------------------------
"$GOLMOK" import people.csv --collection volunteer --prefix d03/c017 >/dev/null
serves serve --store b --listen 127.0.0.1:0 --limit 1Mbps
ok 'a sync with a limited node brings all' exits 0 "$GOLMOK" sync "$there" --json
ok '... and is in sync' is true "$(json in_sync)"
ok '... without a limit of its own' is 0 "$(json rate_limit)"
"$GOLMOK" import people.csv --collection volunteer --prefix d03/c017 >/dev/null
ok 'a limited sync brings all' exits 0 "$GOLMOK" sync "$there" --limit 800kbps --json
ok '... and says its rate in bytes' is 100000 "$(json rate_limit)"
ok '... and is in sync' is true "$(json in_sync)"
"$GOLMOK" digest --json >one
"$GOLMOK" digest --json --store b >two
ok 'both have the same digests' cmp -s one two
ends "$node"

# ---- budgets --------------------------------------------------------------
serves serve --store b --listen 127.0.0.1:0
for _ in 1 2 3; do
	"$GOLMOK" import people.csv --collection volunteer --prefix d03/c017 >/dev/null
done
ok 'a sync with a budget ends well' exits 0 "$GOLMOK" sync "$there" --budget 150kB
ok '... and says what waits' says 'the budget of 150000 bytes a day is used up'
ok '... until when' says 'wait for tomorrow (UTC)'
ok '... and that it is not in sync' says 'NOT in sync'
report '쓰러진 이웃'
ok 'a second one goes on counting' exits 0 "$GOLMOK" sync "$there" --budget 150kB --json
ok '... sends what is urgent' is 2 "$(json sent)"
ok '... and nothing else' [ "$(json out_bytes)" -lt 5000 ]
ok '... which it says' is true "$(json held_by_budget)"
ok '... with what is left' [ "$(json left_to_send)" -gt 0 ]
"$GOLMOK" ls --store b d03/c017/report report >out
ok 'the report is there' says '쓰러진 이웃'
run "$GOLMOK" events --json
ok 'it was noted once' is 1 "$(grep -c '"budget-used"' out)"
ok '... with one time' is 1 "$(grep budget-used out | sed 's/.*"count":\([0-9]*\).*/\1/')"
ok 'without a budget the rest goes' exits 0 "$GOLMOK" sync "$there" --json
ok '... and nothing is left' is 'false 0' "$(perl -MJSON::PP -ne \
	'my $s = decode_json($_); print $s->{held_by_budget} ? "true" : "false", " ", $s->{left_to_send}' <out)"
ends "$node"
"$GOLMOK" digest --json >one
"$GOLMOK" digest --json --store b >two
ok 'both have the same digests again' cmp -s one two
ok 'fsck has nothing to say' exits 0 "$GOLMOK" fsck
finish
