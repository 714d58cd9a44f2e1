#!/bin/sh
# The main job of Golmok, shown with real processes and sockets on loopback:
# `make demo`.  A city is founded; a year of one centre is imported; two centres
# lose their line, go on working, meet again and settle what they both changed;
# an auditor who may not read a word verifies all of it.
#
# The stores are made anew in demo/ and stay there to be tried.  Every fact that
# is claimed is checked: the first that does not hold ends this with status 1.
# $GOLMOK is the program (else it is built), $DEMO the directory (else demo/).
set -u
cd "${0%/*}/../.." || exit 2
golmok=${GOLMOK:-build/golmok}
demo=${DEMO:-demo}
wait_s=60
GOLMOK_ACTOR=담당자
export GOLMOK_ACTOR
unset GOLMOK_STORE

bold=
plain=
if [ -t 1 ]; then
	bold=$(printf '\033[1m')
	plain=$(printf '\033[0m')
fi

# ---- how it speaks -------------------------------------------------------

chapter() {
	printf '\n%s== %s: %s%s\n' "$bold" "$1" "$2" "$plain"
	printf '   %s\n\n' "$3"
}

say() {
	printf '%s\n' "$@"
}

fail() {
	printf '\ndemo: this does not hold: %s\n' "$1" >&2
	[ -s "$demo/log/out" ] && sed 's/^/demo: said: /' "$demo/log/out" >&2
	[ -s "$demo/log/err" ] && sed 's/^/demo: said: /' "$demo/log/err" >&2
	exit 1
}

# must WHAT COMMAND...: COMMAND succeeds, or all of this has failed.
must() {
	what=$1
	shift
	"$@" >/dev/null || fail "$what"
	printf '%s  ✓ %s%s\n' "$bold" "$what" "$plain"
}

# Prints the words of a command line as one could type them.
words() {
	line=golmok
	for word in "$@"; do
		case $word in
		*[[:space:]\;\&\|\<\>\(\)\$\`\"\\\*\?\#]*) line="$line '$word'" ;;
		*) line="$line $word" ;;
		esac
	done
	printf '\n%s$ %s%s%s\n' "$bold" "$line" "${pipe:+ | $pipe}" "$plain"
}

# Shows what was said, at most $most lines of it, and then that there is more.
shown() {
	lines=$(wc -l <"$demo/log/out")
	sed -n "1,${most}p" "$demo/log/out" | sed 's/^./  &/'
	[ "$lines" -le "$most" ] || echo "  … $((lines - most)) more lines"
	sed 's/^/  /' "$demo/log/err"
}

# run WORD...: shows the command and what it says; it must succeed.
most=30
pipe=
run() {
	ends 0 "$@"
}

# ends STATUS WORD...: the same for one that ends with STATUS.
ends() {
	want=$1
	shift
	words "$@"
	"$golmok" "$@" >"$demo/log/out" 2>"$demo/log/err"
	status=$?
	shown
	[ "$status" -eq "$want" ] || fail "'golmok $1' ends with status $want, not $status"
}

# count FIELD WORD...: shows an export and what tests/demo/count.pl counts in it.
count() {
	pipe="perl tests/demo/count.pl $1"
	shift
	words "$@"
	"$golmok" "$@" >"$demo/log/rows" 2>"$demo/log/err" ||
		fail "'golmok $1' writes its rows"
	sh -c "$pipe" <"$demo/log/rows" >"$demo/log/out" || fail "they can be counted"
	pipe=
	shown
}

# invites STORE WORD...: STORE, which serves at $address, invites; $token.
invites() {
	by=$1
	shift
	most=3
	run invite "$@" --address "$address" --store "$demo/$by"
	most=30
	token=$(sed -n '/^golmok1-/p' "$demo/log/out")
}

# joins STORE: a new STORE joins by $token.
joins() {
	words join golmok1-… --store "$demo/$1"
	"$golmok" join "$token" --store "$demo/$1" >"$demo/log/out" 2>"$demo/log/err" ||
		fail "'$1' joins"
	shown
}

said() { grep -qF -- "$1" "$demo/log/out"; }
unsaid() { ! said "$1"; }

# first_id WORD...: the first record that `golmok ls WORD...` lists.
first_id() { "$golmok" ls "$@" --json | sed -n '1s/.*"id":"\([0-9a-f]*\)".*/\1/p'; }

# ---- processes -----------------------------------------------------------

running=
# Ends what still runs, however this ends.
finish() {
	status=$?
	trap '' INT TERM HUP
	for id in $running; do
		kill "$id" 2>/dev/null
	done
	# shellcheck disable=SC2086
	[ -z "$running" ] || wait $running 2>/dev/null
	exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# serve STORE [WORD]...: a node that listens until the line is cut; $address.
serve() {
	store=$1
	shift
	set -- serve --store "$demo/$store" --listen 127.0.0.1:0 "$@"
	words "$@"
	: >"$demo/log/$store"
	"$golmok" "$@" >>"$demo/log/$store" 2>"$demo/log/$store.err" &
	id=$!
	running="$running $id"
	until grep -q '^listening at .*;' "$demo/log/$store"; do
		kill -0 "$id" 2>/dev/null || {
			cat "$demo/log/$store.err" >&2
			fail "the node of $store listens"
		}
	done
	address=$(sed -n 's/^listening at \([^;]*\);.*/\1/p' "$demo/log/$store")
	sed 's/^/  /' "$demo/log/$store"
}

# Ends all that serve.
cut_line() {
	for id in $running; do
		kill "$id"
		wait "$id" || fail "a node that is told to end does so cleanly"
	done
	running=
}

# soon COMMAND...: waits until COMMAND succeeds, at most $wait_s seconds.
soon() {
	until_s=$(($(date +%s) + wait_s))
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt "$until_s" ] || return 1
	done
}

# digests STORE...: what each holds now, for beside.pl.
digests() {
	for store in "$@"; do
		"$golmok" digest --json --store "$demo/$store" \
			>"$demo/log/$store.all" || return 1
		# Who looked at what is logged at one node, and read by no other.
		grep -v '/access"' "$demo/log/$store.all" >"$demo/log/$store.digest"
	done
}

# beside NAME:CLASSES:STORE...: their digests beside each other, if equal.
beside() {
	specs=
	for spec in "$@"; do
		digests "${spec##*:}" || return 1
		specs="$specs ${spec%:*}:$demo/log/${spec##*:}.digest"
	done
	# shellcheck disable=SC2086
	perl tests/demo/beside.pl $specs
}
centres_agree() { beside 혜화동:NPSF:hyehwa 창신2동:NPSF:changsin2; }
note_is_there() { "$golmok" get "$case" --store "$demo/changsin2" | grep -qF "$1"; }

# ---- before it begins ----------------------------------------------------

began=$(date +%s)
if [ -z "${GOLMOK:-}" ]; then
	echo "Building golmok ..."
	unset MAKEFLAGS
	built=$(make -j"$(nproc 2>/dev/null || echo 2)" CC="${CC:-gcc}" BUILD="${BUILD:-release}" all 2>&1) || {
		printf '%s\n' "$built" >&2
		exit 1
	}
	echo "Built in $(($(date +%s) - began)) s."
fi
if [ -n "${DEMO:-}" ]; then
	mkdir "$demo" || exit 1
else
	rm -rf demo
	mkdir demo || exit 1
fi
mkdir "$demo/log"

say "" \
	"Golmok (골목) keeps the records of Seoul's outreach centres on machines that" \
	"work without a network and agree when they meet. Five machines are played here" \
	"by five stores on this one. All people and households below are made up." \
	"" \
	"In what follows, golmok is $golmok."

chapter 1 "A city and its members" "도시와 구성원"
say "서울 (Seoul) is founded. The city invites the district 종로구 (Jongno-gu) and an" \
	"auditor; the district invites its two centres. A token lets one node in, once," \
	"and says what it may do where; there is a QR code of it to be photographed."
run init "$demo/city" --found 서울 --label 서울시청
serve city
at_city=$address
invites city --role gu --name 종로구 --space d01
joins jongno
run member grant 종로구 --prefix d00/c000/public --rights read:N,admin --passes read:N --store "$demo/city"
invites city --role auditor --name 감사관
joins auditor
serve jongno --peer "$at_city"
at_jongno=$address
invites jongno --role dong --name 혜화동 --space d01/c012
joins hyehwa
invites jongno --role dong --name 창신2동 --space d01/c014
joins changsin2
run member grant 창신2동 --prefix d01/c012/case --rights read:NPSF,write --store "$demo/jongno"
grants_may_be_given() {
	"$golmok" member grant 혜화동 --prefix d00/c000/public --rights read:N --store "$demo/jongno" >/dev/null 2>&1
}
must "the district has its grant for what is public, and gives it on" soon grants_may_be_given
run member grant 창신2동 --prefix d00/c000/public --rights read:N --store "$demo/jongno"
say "" "One grant lets 창신2동 work on the cases of its neighbour 혜화동, for the" \
	"households that live between both. N, P, S and F are classes of data: not" \
	"personal, personal, sensitive, financial. Each is sealed apart. The district" \
	"holds all of its centres, but reads N alone."
run sync "$at_jongno" --store "$demo/hyehwa"
run member ls --store "$demo/hyehwa"
all_members() {
	for name in 서울시청 종로구 혜화동 창신2동 감사관; do
		said "$name" || return 1
	done
}
must "the centre 혜화동 knows all five members, from the district alone" all_members

chapter 2 "A year of work" "혜화동의 한 해"
say "The city publishes the 424 dongs of Seoul. Then 혜화동 imports its first year, as" \
	"golmok synth invents it: made-up people, and as many as were published, 2,400 people" \
	"visited and 1,200 services given. What is counted comes out of the store."
run import tests/demo/dongs.csv --collection org_unit --space d00/c000/public --store "$demo/city"
dongs_are_there() {
	"$golmok" export d00/c000/public --collection org_unit --store "$demo/jongno" |
		perl tests/demo/count.pl code | grep -q '^424 rows'
}
must "the node of 종로구, which keeps a line to the city, has them at once" soon dongs_are_there
run sync "$at_jongno" --store "$demo/hyehwa"
count code export d00/c000/public --collection org_unit --store "$demo/hyehwa"
must "424 dongs are in the public space, read at 혜화동" said '424 rows; 424 different'
run ls d00/c000/public org_unit --where name_ko=혜화동 --store "$demo/hyehwa"
dong=$(first_id d00/c000/public org_unit --where code=1111065000 --store "$demo/hyehwa")
must "혜화동 is one of them" [ -n "$dong" ]
run synth "$demo/invented"
printf '\n%s$ perl tests/demo/year.pl %s %s > %s%s\n' "$bold" "$demo/invented" "$dong" "$demo/year.jsonl" "$plain"
perl tests/demo/year.pl "$demo/invented" "$dong" >"$demo/year.jsonl" || fail "the year is written"
run import "$demo/year.jsonl" --store "$demo/hyehwa"
count persons_met export d01/c012/case --collection visit --reason 보고 --store "$demo/hyehwa"
must "2,400 people were visited" said ' 2400 different'
count given_on export d01/c012/case --collection service --reason 보고 --store "$demo/hyehwa"
must "1,200 services were given" said '1200 rows'
perl tests/demo/script.pl "$demo/invented" "$demo/year.jsonl" >"$demo/log/script" || fail "a script is picked"
# What it sets is used below: household, number, risky, risk_a, risk_b.
household= number= risky= risk_a= risk_b=
. "$demo/log/script"
must "the two households that we shall follow are there" \
	eval '"$golmok" get "$household" --store "$demo/hyehwa" && "$golmok" get "$risky" --store "$demo/hyehwa"'
say "" "For one household a case is opened."
run put d01/c012/case case case_no=2026-혜화-0001 "household=$household" origin=방문 \
	indicator=빈곤위기가구 state=intake track=서비스연계 received_on=2026-11-02 \
	--actor 김주무관 --store "$demo/hyehwa"
case=$(sed -n 's/^id //p' "$demo/log/out")

chapter 3 "Each gets what it may have" "각자 허락된 만큼만"
say "Three nodes fetch the year. The district gets all of it sealed and can open class" \
	"N; the neighbour reads it all; the auditor gets signed headers without a word in them."
serve hyehwa
at_hyehwa=$address
run sync "$at_hyehwa" --store "$demo/jongno"
run sync "$at_hyehwa" --store "$demo/changsin2"
run sync "$at_jongno" --store "$demo/auditor"
say "" "The same household at 창신2동, at the district and at the auditor:"
run get "$household" --store "$demo/changsin2"
must "the neighbour reads the address" said 찾동가상로
run get "$household" --store "$demo/jongno"
must "the district reads the state of the household, but no address or risk" \
	eval 'said "$number" && unsaid 찾동가상로 && unsaid 위기도'
run get "$household" --store "$demo/auditor"
must "the auditor reads nothing" said 'no fields that can be read here'
run log ls --store "$demo/auditor"
say "" "SIZE entries are known and signed; HELD says up to which the bodies are here too." \
	"The first entry of a log has none. Who is a member is open to everybody."
# bodies STORE: how many it holds, and how many it can open, in all spaces but
# that of the members.
bodies() {
	"$golmok" log verify --json --store "$demo/$1" | perl -MJSON::PP -ne '
		my $log = decode_json($_);
		next if $log->{space} eq "authority";
		$held += $log->{bodies};
		$opened += $log->{bodies_opened};
		END { print defined $held ? "$held $opened" : "?" }'
}
no_bodies() { [ "$(bodies auditor)" = "0 0" ]; }
sealed_bodies() {
	of_district=$(bodies jongno)
	of_centre=$(bodies hyehwa)
	[ "${of_district% *}" -eq "${of_centre% *}" ] &&
		[ "${of_district#* }" -gt 0 ] &&
		[ "${of_district#* }" -lt "${of_centre#* }" ]
}
must "the auditor holds no body of any record" no_bodies
must "the district holds every body, and cannot open all of them" sealed_bodies
# The same search finds them where they may be read, so it can fail.
in_files() { grep -qaE '찾동가상로|가온[0-9]|나래[0-9]' "$demo/$1/data.mdb"; }
only_at_centres() {
	in_files hyehwa && in_files changsin2 && ! in_files jongno && ! in_files auditor
}
must "names and addresses stand in the files of the two centres alone" only_at_centres
say "" "From now on the centres keep a line. What one writes is at the other at once."
serve changsin2 --peer "$at_hyehwa"
run note "$case" notes '문을 열지 않아 쪽지를 남김' --actor 김주무관 --store "$demo/hyehwa"
must "the note of 혜화동 is read at 창신2동, by itself" soon note_is_there '쪽지를 남김'

chapter 4 "The line is cut" "회선이 끊기다"
say "What follows is in the script that synth wrote beside its rows, events.jsonl: an" \
	"outage, a household that moves from one centre to the other, and another whose risk" \
	"two people judge at a time:" ""
sed -n 's/^# /  /p' "$demo/log/script"
say "" "All nodes stop listening. Nothing else stops: both centres go on working, and change" \
	"the same case and the same households without knowing of each other."
cut_line
ends 13 sync "$at_hyehwa" --store "$demo/changsin2" --timeout 5
must "there is no line" [ "$status" -eq 13 ]
run patch "$case" track=통합사례관리 state=received --actor 김주무관 --store "$demo/hyehwa"
run patch "$household" 'address=종로구 혜화동 찾동가상로 9길 1' --actor 김주무관 --store "$demo/hyehwa"
run patch "$risky" "risk=$risk_a" --actor 김주무관 --store "$demo/hyehwa"
run note "$case" notes '혜화동에서 상담함' --actor 김주무관 --store "$demo/hyehwa"
run patch "$case" track=미선정 --actor 이주무관 --store "$demo/changsin2"
run patch "$household" 'address=종로구 창신2동 찾동가상로 3길 7' --actor 이주무관 --store "$demo/changsin2"
run patch "$risky" "risk=$risk_b" --actor 이주무관 --store "$demo/changsin2"
run note "$case" notes '창신2동으로 이사했다고 함' --actor 이주무관 --store "$demo/changsin2"
run status --store "$demo/changsin2"
must "창신2동 knows that its changes are nowhere else yet" said 'not yet safe elsewhere'
apart() { ! centres_agree; }
must "the two centres hold different records now" apart

chapter 5 "Together again" "다시 이어지다"
say "The line is back. Nothing was overwritten: where both changed the same field, both" \
	"values stand until a person decides. Notes and all else come together by themselves."
serve hyehwa
at_hyehwa=$address
serve changsin2 --peer "$at_hyehwa"
must "both centres agree again, by themselves" soon centres_agree
run conflicts --store "$demo/changsin2"
must "three fields wait for a decision" eval 'said track: && said address: && said risk:'
run get "$case" --store "$demo/changsin2"
say "" "The name of a member of staff stays in the own house; others see the centre."
must "both values of the case are shown, with who and when" \
	eval 'said 통합사례관리 && said 미선정 && said CONFLICT && said 이주무관'
must "both notes are there" eval 'said 상담함 && said 이사했다고'
run get "$household" --store "$demo/hyehwa"
must "so are both addresses" eval 'said "9길 1" && said "3길 7"'
run get "$risky" --store "$demo/hyehwa"
must "and both risks" eval 'said "$risk_a" && said "$risk_b"'
say "" "A person decides. Here 혜화동 decides on the case and 창신2동 on the household."
run resolve "$case" track 통합사례관리 --actor 김주무관 --store "$demo/hyehwa"
run resolve "$household" address '종로구 창신2동 찾동가상로 3길 7' --actor 이주무관 --store "$demo/changsin2"
run resolve "$risky" risk "$risk_b" --actor 이주무관 --store "$demo/changsin2"
nothing_waits() {
	"$golmok" conflicts --store "$demo/$1" | grep -q '^nothing waits'
}
settled() { nothing_waits hyehwa && nothing_waits changsin2 && centres_agree; }
must "nothing waits for a decision at either centre" soon settled
run get "$household" --store "$demo/hyehwa"
must "혜화동 shows the address that 창신2동 chose, and it alone" \
	eval 'said "3길 7" && unsaid "9길 1" && unsaid CONFLICT'
run sync "$at_hyehwa" --store "$demo/jongno"
say "" "What golmok digest says at the three, beside each other (16 of 64 digits each; - is" \
	"a class of data that the district may not read):" ""
agree() { beside 혜화동:NPSF:hyehwa 창신2동:NPSF:changsin2 종로구:N:jongno; }
agree >"$demo/log/out" || fail "the digests are equal"
shown
must "logs and state are equal at both centres, and at the district what it reads" agree

chapter 6 "The auditor's verdict" "감사관의 판정"
say "The auditor fetches the new headers and verifies every log from its raw bytes:" \
	"each entry is in the signed tree, each head is signed by its author."
serve jongno
at_jongno=$address
run sync "$at_jongno" --store "$demo/auditor"
run log verify --store "$demo/auditor"
must "every log is sound" said 'every log is sound'
must "there are still no bodies here" no_bodies
must "what was verified are the very logs that the centres hold" \
	beside 혜화동::hyehwa 창신2동::changsin2 감사관::auditor

# The auditor's logs, each on a line.
logs() { "$golmok" log ls --json --store "$demo/auditor" | sed 's/.*"log":"\([0-9a-f]*\)".*/\1/'; }
# One log through the verifier that is not ours.
stranger() {
	set -- log show "$1" --proofs --store "$demo/auditor"
	pipe=build/strangers/verify
	words "$@"
	"$golmok" "$@" >"$demo/log/proofs" 2>"$demo/log/err" || fail "golmok shows its proofs"
	"$pipe" <"$demo/log/proofs" >"$demo/log/out" || fail "a stranger believes them"
	pipe=
	shown
	said 'ok ' || fail "a stranger sees a head"
	strangers=$((strangers + 1))
}
strangers=0
if command -v go >/dev/null 2>&1 && [ -d /usr/share/gocode/src/golang.org/x/mod/sumdb/tlog ]; then
	say "" "The same by code that is not ours: the Go project's tlog and note."
	sh tests/strangers/build.sh build/strangers/verify || fail "the strangers' tool builds"
	for log in $(logs); do
		stranger "$log"
	done
	must "Go's tools come to the same verdict on every log" [ "$strangers" -eq "$(logs | wc -l)" ]
else
	say "" "Go is not installed, so the same is not shown here with code that is not ours." \
		"It is optional: sh .ci/deps check installs it."
fi
cut_line

chapter 7 "What to try next" "이어서 해 볼 것"
say "The stores stay in $demo/. No node runs any more; all of these work without:" \
	"" \
	"  $golmok history $case --store $demo/hyehwa" \
	"  $golmok ls d01/c012/case household --where state=moved_out --store $demo/changsin2" \
	"  $golmok note $case notes '안부 전화함' --store $demo/changsin2" \
	"  $golmok status --store $demo/changsin2" \
	"  $golmok fsck --store $demo/hyehwa" \
	"" \
	"To let them meet, in two terminals:" \
	"" \
	"  $golmok serve --store $demo/hyehwa" \
	"  $golmok sync 127.0.0.1:7700 --store $demo/changsin2" \
	"" \
	"$golmok --help lists all commands, docs/ says how it works. make demo begins anew." \
	"" \
	"Everything above was checked, and holds. It took $(($(date +%s) - began)) s."
