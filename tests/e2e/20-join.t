#!/bin/sh
# Goal: a new centre joins a city by a token, by files, and one of hundreds on a
# sheet; and whatever is wrong with a token is said on both sides.
here=$(cd "${0%/*}" && pwd)
. "$here/lib.sh"

# invite WORD...: $card is the token, $id its name.
invite() {
	run "$GOLMOK" invite "$@" --address "$there" --json
	[ "$status" -eq 0 ] || return 1
	card=$(json token)
	id=$(json id)
}

digests() {
	"$GOLMOK" digest d03/c017/volunteer --json --store "$1"
}

found a
volunteer 홍길동
first=$id
ok 'the city serves' serves serve --store a --listen 127.0.0.1:0

# ---- by a token ----
ok 'a centre is invited' invite --role dong --name 혜화동 --space d03/c017
invited=$id
ok 'the token is one line of groups' sh -c "printf '%s' '$card' | grep -Eqx 'golmok1(-[0-9a-z]{2,8})+'"
ok 'it is listed' exits 0 "$GOLMOK" invite ls
ok '... as open' says open
ok '... by its name' says 혜화동
ok '... and its secret is not' is 0 "$(grep -c "${card#golmok1-}" out)"
ok 'the centre joins' exits 0 "$GOLMOK" join "$card" --store b --json
ok '... under its name' is 혜화동 "$(json label)"
ok '... of the city' is 서울 "$(json city_name)"
ok '... with what it may' is read:NPSF,hold,write "$(json grants 0 rights)"
ok 'it has what it may read' exits 0 "$GOLMOK" get "$first" --store b
ok '... with its words' says 홍길동
GOLMOK_STORE=$PWD/b volunteer 이순신
ok 'it writes' is 0 "$status"
second=$id
ok 'what it wrote is synced' exits 0 "$GOLMOK" sync "$there" --store b
ok '... and counts at the city' exits 0 "$GOLMOK" get "$second"
ok '... with its words' says 이순신
ok 'both have the same digests' is "$(digests a)" "$(digests b)"
run "$GOLMOK" invite ls --json
ok 'the invitation is used' is used "$(json state)"
ok '... by whom' is "$("$GOLMOK" whoami --store b --json | sed 's/.*"key":"\([0-9a-f]*\)".*/\1/')" "$(json by)"
ok '... and named as when it was made' is "$invited" "$(json id)"
ok '... for what it gives' is d03/c017 "$(json grants 0 prefix)"
ok 'joining again has nothing to do' exits 4 "$GOLMOK" join --store b
ok '... and says so' errs 'nothing to join'
ok '... but with the token it is the same' exits 0 "$GOLMOK" join "$card" --store b

# ---- as people type it ----
invite --role dong --name 명륜동 --space d03/c018
shouted=$(printf '%s' "$card" | tr a-z- 'A-Z ')
ok 'case and gaps do not matter, from standard input' sh -c \
	"printf ' %s\n' '$shouted' | '$GOLMOK' join - --store c >out 2>err"
typo=$(printf '%s' "$card" | sed 's/^\(.\{30\}\)./\1u/')
ok 'a typing error is found' exits 2 "$GOLMOK" join "$typo" --store x
ok '... with its group' errs 'group 3'
ok '... and nothing is made' [ ! -e x ]
ok 'a token cut short is no token' exits 2 "$GOLMOK" join "${card%?????????????}" --store x
ok 'a word is no token' exits 2 "$GOLMOK" join 혜화동 --store x

# ---- several addresses ----
run "$GOLMOK" invite --role dong --name 가회동 --space d03/c023 --address 127.0.0.1:1 --address "$there" --json
card=$(json token)
ok 'the addresses are tried in turn' exits 0 "$GOLMOK" join "$card" --store v --json
ok '... until one lets it in' is 가회동 "$(json label)"
run "$GOLMOK" invite --role dong --name 교남동 --space d03/c024 --address 127.0.0.1:1 --address 127.0.0.1:2 --json
card=$(json token)
ok 'when none does' exits 13 "$GOLMOK" join "$card" --store w
ok '... the reason of each is said' errs '127.0.0.1:1: '
ok '... also of the last' errs '127.0.0.1:2: '

# ---- an interrupted join ----
invite --role dong --name 삼청동 --space d03/c019
ends "$node"
ok 'nobody answers' exits 13 "$GOLMOK" join "$card" --store i
ok '... which is said' errs refused
run "$GOLMOK" whoami --store i --json
key=$(json key)
serves serve --store a --listen "$there"
cuts=0
while [ "$cuts" -lt 8 ]; do
	cuts=$((cuts + 1))
	"$GOLMOK" join --store i >/dev/null 2>&1 &
	joiner=$!
	count=0
	while [ "$count" -lt $((cuts * 3000)) ]; do
		count=$((count + 1))
	done
	kill -9 "$joiner" 2>/dev/null
	wait "$joiner" 2>/dev/null
done
run "$GOLMOK" join --store i --json
ok 'a join that was killed goes on without the token' [ "$status" -eq 0 -o "$status" -eq 4 ]
run "$GOLMOK" whoami --store i --json
ok '... with the same keys' is "$key" "$(json key)"
ok '... and its name' is 삼청동 "$(json label)"

# ---- bad tokens, on both sides ----
invite --role dong --name 부암동 --space d03/c020
"$GOLMOK" join "$card" --store e >/dev/null
ok 'a token lets nobody in twice' exits 13 "$GOLMOK" join "$card" --store f
ok '... the guest hears why' errs 'used by another node'
ok '... and what to do' errs 'or a new one'
ok '... and so does the city' until_says '부암동.*used by another' cat serve.err
invite --role dong --name 평창동 --space d03/c021
ok 'an invitation is cancelled' exits 0 "$GOLMOK" invite cancel "$(printf '%.8s' "$id")"
ok '... which is said' says 평창동
ok 'a cancelled token lets nobody in' exits 13 "$GOLMOK" join "$card" --store g
ok '... the guest hears no more than that' errs 'expired, was used or cancelled'
ok '... the city knows why' until_says '평창동.*cancelled' cat serve.err
ok 'what was used cannot be cancelled' exits 4 "$GOLMOK" invite cancel "$("$GOLMOK" invite ls --json | sed -n 's/.*"id":"\([0-9a-f]*\)".*부암동.*/\1/p')"
mkdir other
"$GOLMOK" init other/a --found 부산 --label 시청 >/dev/null
(GOLMOK_STORE=$PWD/other/a; invite --role city --name 남 && printf '%s' "$card" >other/token)
ok 'a token of another city is not known here' exits 13 "$GOLMOK" join "$(cat other/token)" --store h
ok '... which is said' errs 'made by another'
ok '... on both sides' until_says 'did not make' cat serve.err
ok 'a store of one city joins no other' exits 4 "$GOLMOK" join "$(cat other/token)" --store b
ok '... which is said' errs 'another city'

ok 'what was refused stands among the events' until_says '평창동.*cancelled' "$GOLMOK" events --json
ok '... also who came second' until_says '부암동.*used by another' "$GOLMOK" events --json

# ---- what a node may not give ----
ok 'a centre invites nobody' exits 6 "$GOLMOK" invite --store b --role dong --name 남 --space d03/c017 --address "$there"
ok '... which is said' errs admin
invite --role gu --name 종로구 --space d03
"$GOLMOK" join "$card" --store gu >/dev/null
ok 'a district invites its centres' exits 0 "$GOLMOK" invite --store gu --role dong --name 사직동 --space d03/c030 --address "$there"
ok '... with a picture' says '▀▀▀▀▀█'
ok '... and not those of others' exits 6 "$GOLMOK" invite --store gu --role dong --name 남 --space d04/c001 --address "$there"
ok 'a role needs its spaces' exits 2 "$GOLMOK" invite --role dong --name 남
ok 'a role must be one' exits 2 "$GOLMOK" invite --role dnog --name 남 --space d03
ok '... and the nearest is named' errs "did you mean 'dong'"
ok 'rights can be spelled out' exits 0 "$GOLMOK" invite --rights audit --name 감사 --address "$there" --expires 30m
ok 'without an address it is the name of this machine' exits 0 "$GOLMOK" invite --role city --name 시청2
ok '... which is said' errs "$(hostname):7700"
ok 'a picture stands in no JSON' sh -c "'$GOLMOK' invite --role city --name 시청3 --address '$there' --json | grep -qv '▀'"
ok 'a time must be one' exits 2 "$GOLMOK" invite --rights audit --name 감사 --expires 7
ok 'a role and rights are too much' exits 2 "$GOLMOK" invite --role city --rights audit --name 감사

# ---- by files, without a line ----
mkdir usb
ok 'a node without a line asks' exits 0 "$GOLMOK" join --store far --request usb/ask --name 이화동
ok '... and has no store yet' [ ! -e far ]
cp usb/ask usb/first
"$GOLMOK" join --store far --request usb/ask --name 이화동 >/dev/null
ok 'asking twice asks the same' cmp -s usb/ask usb/first
ok 'the request is mail' sh -c "head -1 usb/ask | grep -qx 'golmok request 1'"
sed '2s/A/B/' usb/ask >usb/swapped
cmp -s usb/ask usb/swapped && sed '2s/^./Z/' usb/ask >usb/swapped
ok 'a changed request is refused' exits 7 "$GOLMOK" admit usb/swapped --role dong --space d03/c040
ok 'the city admits' exits 0 "$GOLMOK" admit usb/ask --role dong --space d03/c040 --answer usb/answer --json
ok '... under its name' is 이화동 "$(json label)"
facts=$("$GOLMOK" feed | wc -l)
"$GOLMOK" admit usb/ask --role dong --space d03/c040 --answer usb/answer >/dev/null
ok '... twice changes nothing' is "$facts" "$("$GOLMOK" feed | wc -l)"
head -c 700 usb/answer >usb/cut
ok 'an answer cut short is refused' exits 7 "$GOLMOK" join --store far --grant usb/cut
ok '... which is said' errs 'cut short'
ok 'a request is no answer' exits 7 "$GOLMOK" join --store far --grant usb/ask
ok 'who did not ask gets no answer' exits 3 "$GOLMOK" join --store nowhere --grant usb/answer
"$GOLMOK" join --store far2 --request usb/other >/dev/null
ok 'an answer to another is refused' exits 6 "$GOLMOK" join --store far2 --grant usb/answer
ok '... and leaves no store' [ ! -e far2 ]
ok 'another city is refused when one is named' exits 6 "$GOLMOK" join --store far --grant usb/answer --city 00000000000000000000000000000000000000000000000000000000000000aa
ok 'the answer makes the store' exits 0 "$GOLMOK" join --store far --grant usb/answer --json
ok '... under its name' is 이화동 "$(json label)"
ok '... and nothing is left beside it' is far "$(ls -d far far.*)"
(GOLMOK_STORE=$PWD/far; name=홍길서; "$GOLMOK" put d03/c040/volunteer volunteer name=$name \
	'kinds=시민찾동이' dong=00000000000000000000000000000001 \
	join_channel=추천 state=applied joined_on=2026-03-02 --json >out 2>err)
ok 'it writes without ever having had a line' is 0 "$?"
ok 'the answer again changes nothing' exits 0 "$GOLMOK" join --store far --grant usb/answer
ok 'when it gets one, all goes on' exits 0 "$GOLMOK" sync "$there" --store far
ok 'all is sound' exits 0 "$GOLMOK" fsck --store far

# ---- hundreds at once ----
perl -CSD -Mutf8 -e '
	open my $in, "<:encoding(UTF-8)", shift or die;
	<$in>;
	print "name,role,space,label\n";
	my %seen;
	while (<$in>) {
		my (undef, undef, $name) = split /,/;
		$name .= " " . $seen{$name} if $seen{$name}++;
		printf "%s,dong,d%02d/c%03d,<주민센터> & 친구\n", $name, 1 + $. / 20, $.;
	}' "$here/../demo/dongs.csv" >centres.csv
ok 'there are 424 centres' is 425 "$(wc -l <centres.csv)"
before=$("$GOLMOK" invite ls --json | wc -l)
ok 'all are invited' exits 0 "$GOLMOK" invite --from centres.csv --sheet sheet.html --csv-out tokens.csv --address "$there" --expires 30d --json
ok '... at once' is 424 "$(json invited)"
ok '... each with a card' is 424 "$(grep -c '^<section class="card">' sheet.html)"
ok '... and a code' is 424 "$(grep -c '<svg class="qr"' sheet.html)"
ok '... on a page that asks nobody' sh -c '! grep -Eq "https?://|<script|<link|src=" sheet.html'
ok '... whose words are only words' grep -q '<p>&lt;주민센터&gt; &amp; 친구</p>' sheet.html
ok '... that only its owner reads' is 600 "$(stat -c %a sheet.html)"
ok 'the table has a row for each' is 425 "$(wc -l <tokens.csv)"
card=$(sed -n 's/^[^,]*,청운효자동,.*,\(golmok1[^,]*\)$/\1/p' tokens.csv | tr -d '"\r')
ok 'one of them joins' exits 0 "$GOLMOK" join "$card" --store one --json
ok '... under its name' is 청운효자동 "$(json label)"
grep -o 'golmok1[0-9a-z<br> ]*' sheet.html | sed -n 2p | sed 's/<br>/ /g; s/<.*//' >typed
ok 'another one types from the sheet' sh -c "'$GOLMOK' join - --store two --json <typed >out 2>err"
sed '200s/,dong,/,dnog,/' centres.csv >wrong.csv
listed=$("$GOLMOK" invite ls --json | wc -l)
ok 'one wrong row and nobody is invited' exits 2 "$GOLMOK" invite --from wrong.csv --sheet no.html --address "$there"
ok '... which is said with its line' errs 'line 200'
ok '... and no sheet is there' [ ! -e no.html ]
ok '... and no invitation' is "$listed" "$("$GOLMOK" invite ls --json | wc -l)"
{ cat centres.csv; sed -n 7p centres.csv; } >double.csv
ok 'a centre that stands there twice is noticed' exits 5 "$GOLMOK" invite --from double.csv --sheet no.html --address "$there"

ends "$node"
finish
