# What the end-to-end tests share: a private directory, TAP, and questions
# about what a command said.  Each test begins with
#
#	. "${0%/*}/lib.sh"
#
# and ends with `finish`.  $GOLMOK is the program.
set -u
: "${GOLMOK:?is the program to test}"
home=$(mktemp -d) || exit 2
nodes= # what runs beside, and must not outlive a test that fails
# shellcheck disable=SC2154
trap 'for p in $nodes; do kill "$p" 2>/dev/null; done
	chmod -R u+rwx "$home"; rm -rf "$home"' EXIT
trap 'exit 130' INT TERM
cd "$home" || exit 2
unset GOLMOK_STORE GOLMOK_ACTOR GOLMOK_ROLE
# Korean must work whatever the locale says.
LC_ALL=C
TZ=UTC
export LC_ALL TZ
tests=0
failed=0

# ok WHAT COMMAND...: passes when COMMAND does.
ok() {
	what=$1
	shift
	tests=$((tests + 1))
	if "$@"; then
		echo "ok $tests - $what"
	else
		failed=$((failed + 1))
		echo "not ok $tests - $what"
		sed 's/^/# out: /' "$home/out" 2>/dev/null
		sed 's/^/# err: /' "$home/err" 2>/dev/null
	fi
}

# run COMMAND...: runs it, keeping what it says in `out` and `err`, and its
# status in $status.
run() {
	"$@" >"$home/out" 2>"$home/err"
	status=$?
}

# exits STATUS COMMAND...: does COMMAND end with STATUS?  Nothing may crash.
exits() {
	want=$1
	shift
	run "$@"
	[ "$status" -eq "$want" ] || {
		echo "# status $status, not $want: $*"
		return 1
	}
}

# says TEXT, errs TEXT: is it in what the last command said?
says() { grep -qF -- "$1" "$home/out"; }
errs() { grep -qF -- "$1" "$home/err"; }
silent() { ! [ -s "$home/err" ]; }

# json KEY...: the member of the JSON value in `out`, keys from the outside in.
json() {
	perl -MJSON::PP -e '
		my $at = decode_json(<STDIN>);
		$at = /^\d+$/ ? $at->[$_] : $at->{$_} for @ARGV;
		binmode STDOUT, ":utf8";
		print ref $at ? JSON::PP->new->canonical->encode($at) : $at;
	' "$@" <"$home/out"
}

# is WANT GOT: are they the same?
is() {
	[ "$1" = "$2" ] || {
		echo "# wanted '$1', got '$2'"
		return 1
	}
}

# all_json: is each line that was said one JSON value, and is there one?
all_json() {
	perl -MJSON::PP -e '
		my $n = 0;
		while (my $line = <STDIN>) { decode_json($line); $n++ }
		exit($n > 0 ? 0 : 1);
	' <"$home/out" 2>>"$home/err"
}

# found STORE: founds a city in STORE, and names it for all that follows.
found() {
	"$GOLMOK" init "$1" --found 서울 --label 시청 >/dev/null || exit 2
	GOLMOK_STORE=$PWD/$1
	GOLMOK_ACTOR=김주무관
	export GOLMOK_STORE GOLMOK_ACTOR
}

# volunteer NAME [FIELD=VALUE]...: makes a volunteer; $id is the record.
volunteer() {
	name=$1
	shift
	run "$GOLMOK" put d03/c017/volunteer volunteer "name=$name" \
		'kinds=시민찾동이;나눔이웃' dong=00000000000000000000000000000001 \
		join_channel=추천 state=applied joined_on=2026-03-02 "$@" --json
	id=$(json id)
	token=$(json token)
}

# serves NAME OPTION...: runs a node whose words are in NAME.out and NAME.err;
# its process is $node, the place where it listens $there.  The words of an
# earlier one are gone before it starts: they would be taken for its own.
serves() {
	words=$1
	shift
	: >"$words.out"
	"$GOLMOK" serve "$@" >"$words.out" 2>"$words.err" &
	node=$!
	nodes="$nodes $node"
	until there=$(sed -n 's/^listening at \([^;]*\);.*/\1/p' "$words.out") &&
		[ -n "$there" ]; do
		kill -0 "$node" 2>/dev/null || return 1
	done
}

# ends PROCESS [SIGNAL]: ends what runs beside; its status.
ends() {
	kill "-${2:-TERM}" "$1"
	gone=0
	wait "$1" || gone=$?
	nodes=$(printf '%s' "$nodes " | sed "s/ $1 / /;s/ \$//")
	return "$gone"
}

# until_says PATTERN COMMAND...: runs COMMAND until it says so; as long as it
# takes, while all that runs beside is alive.
until_says() {
	pattern=$1
	shift
	until "$@" 2>/dev/null | grep -q -- "$pattern"; do
		for p in $nodes; do
			kill -0 "$p" 2>/dev/null || return 1
		done
	done
}

# meet STORE STORE: both sync; $status is that of the second.
meet() {
	serves serve --store "$1" --listen 127.0.0.1:0 || return 1
	run "$GOLMOK" sync "$there" --store "$2"
	ends "$node"
	return "$status"
}

finish() {
	echo "1..$tests"
	[ "$failed" -eq 0 ]
	exit $?
}
