#!/bin/sh
# Goal: a new version of the pack goes from root to a centre as a signed fact: a
# node that serves follows it with its next write, whoever may not publish is
# refused, and what cannot be read or would lose something never governs.
. "${0%/*}/lib.sh"

# pack_file FILE VERSION PERL: writes the pack that is compiled in as another
# version, changed by PERL.
pack_file() {
	perl -MJSON::PP -e '
		my ($from, $to, $version, $change) = @ARGV;
		local $/;
		open(my $in, "<", $from) or die;
		my $pack = decode_json(<$in>);
		$pack->{version} = $version + 0;
		my ($visit) = grep { $_->{name} eq "volunteer" }
		    @{$pack->{collections}};
		eval $change;
		die $@ if $@;
		open(my $out, ">", $to) or die;
		print $out JSON::PP->new->utf8->canonical->encode($pack);
	' "$pack" "$1" "$2" "$3"
}
pack=$OLDPWD/proto/packs/chatdong.json
note='push @{$visit->{fields}}, {name => "badge", kind => "register", type => "text",
	class => "N", label => {ko => "badge", en => "Badge"}};'

found a
run "$GOLMOK" pack ls --json
ok 'a store begins with what the program has' is in-force "$(json state)"
base=$(json version)
next=$((base + 1))
pack_file good.json "$next" "$note"
pack_file newer.json $((next + 1)) '$pack->{format} = 99;'
pack_file loses.json $((next + 2)) '@{$visit->{fields}} = grep { $_->{name} ne "phone" } @{$visit->{fields}};'
pack_file wrong.json $((next + 3)) '$visit->{fields}[0]{kind} = "registre";
	$visit->{fields}[1]{class} = "Q"; $pack->{due}[0]{where} = "nothing = = 3";'

ok 'a sound pack is found sound' exits 0 "$GOLMOK" pack check good.json --against force
ok 'a wrong one is not' exits 5 "$GOLMOK" pack check wrong.json
ok '... with the first error' says 'fields[0]: kind'
ok '... and the second' says 'fields[1]: class'
ok 'what would be lost is told' exits 5 "$GOLMOK" pack check loses.json --against good.json
ok '... by name' says 'the field is gone'
ok 'a newer format is not published' exits 9 "$GOLMOK" pack publish newer.json
pack_file column.json "$next" '$pack->{due}[0]{where} = "nothing = = 3"; $pack->{due}[1]{where} = "(";'
ok 'a wrong expression is told' exits 5 "$GOLMOK" pack check column.json
ok '... with its column' says 'due[0]: where: column'
ok '... of several' says 'due[1]: where: column'

city=$("$GOLMOK" whoami --json | sed 's/.*"city":"\([0-9a-f]*\)".*/\1/')
run "$GOLMOK" init b --city "$city" --json
key=$(json key)
"$GOLMOK" admit "$key" --label 북가좌동 >/dev/null
"$GOLMOK" member grant "$key" --prefix d03/c017 --rights read:NPSF,hold,write,admin >/dev/null
meet a b
ok 'who is no admin of all may not publish' exits 6 "$GOLMOK" pack publish good.json --store b
volunteer 홍길동
first=$id
ok 'a field that the pack does not know is refused' exits 5 "$GOLMOK" patch "$first" badge=금

ok 'the centre serves' serves centre --store b --listen 127.0.0.1:0
ok 'root publishes' exits 0 "$GOLMOK" pack publish good.json
ok 'the first list under it goes by indexes already' exits 0 "$GOLMOK" find volunteer --explain
ok '... which it has made' errs 'volunteer (all)'
ok '... and follows' exits 0 "$GOLMOK" patch "$first" badge=금
ok '... not twice' exits 4 "$GOLMOK" pack publish good.json
ok 'the centre gets it' exits 0 "$GOLMOK" sync "$there"
run "$GOLMOK" pack ls --store b --json
ok '... as the word of the city' grep -q "\"version\":$next,\"from\":\"city\".*in-force" out
GOLMOK_STORE=$PWD/b volunteer 강감찬 badge=은
ok 'its next write follows the new rules' is 0 "$status"
ok '... beside the node that serves' exits 0 "$GOLMOK" sync "$there"
ok '... and comes back' exits 0 "$GOLMOK" get "$id"
run "$GOLMOK" status --store b
ok 'status says so' says "pack chatdong, version $next"
run "$GOLMOK" events --store b
ok 'that is told' says pack-changed
ok 'the node ends cleanly' ends "$node"
ok 'the store is whole' exits 0 "$GOLMOK" fsck --store b
ok 'and so after a rebuild' exits 0 "$GOLMOK" rebuild --store b
ok '... which follows the same' grep -q "\"version\":$next,.*in-force" - <<X
$("$GOLMOK" pack ls --store b --json)
X

ok 'a pack is shown' exits 0 "$GOLMOK" pack show --store b
ok '... with its version' says "version $next"
ok '... and one collection' exits 0 "$GOLMOK" pack show chatdong --collection volunteer --store b
ok '... field by field' says badge
ok '... and the older one without' exits 0 "$GOLMOK" pack show "chatdong@$base" --collection volunteer --store b
ok '... that field' is '' "$(grep badge out)"

# An upgrade of the program brings a later version: whatever is run first goes by
# that one.  The older program is this one with a lower number in its pack.
perl -0777 -pe 's/("name": "chatdong",\s+"version": )(\d)/$1 . ($2 - 1)/e' "$GOLMOK" >older
chmod +x older
upgraded() {
	rm -rf u
	./older init u --found 서울 --label 혜화동 >/dev/null
	run ./older put d01/c017/public org_unit code=1111065000 level=dong name_ko=혜화동 \
		prefix=d01/c017 valid_from=1988-04-23 --store u
	echo '{"collection":"alley_meeting","space":"d01/c017/public","fields":{"title":"가로등","kind":"골목반상회","proposer":"홍길동","proposed_via":"방문","state":"proposed"}}' >meeting.jsonl
	exits 0 "$GOLMOK" "$@" --store u
}
for command in 'report RP-02' 'due DL-17' 'find org_unit --dong 혜화동' 'import meeting.jsonl' \
	'export --class N' 'conflicts' 'duplicates find' 'rebuild'; do
	ok "after an upgrade, first: $command" upgraded $command
done

# Windows puts a mark in front of UTF-8.
{ printf '\357\273\277' && cat good.json; } >marked.json
ok 'a mark in front of a pack is told' exits 5 "$GOLMOK" pack check marked.json
ok '... with what to do' says 'line 1, column 1: a byte order mark'

# A pack of another name, in the version that this program has of its own.
tools=$(cd "$OLDPWD" && pwd)/docs/examples/tools.json
[ -f "$tools" ] || tools=${GOLMOK%/build/*}/docs/examples/tools.json
"$GOLMOK" init t --found 시험 --label 사무실 --pack none >/dev/null
"$GOLMOK" pack use "$tools" --store t >/dev/null
sed "s/\"version\": 1,/\"version\": $base,/" "$tools" >tools-next.json
ok 'another pack has versions of its own' exits 0 "$GOLMOK" pack publish tools-next.json --store t
run "$GOLMOK" pack ls --store t --json
ok '... which come into force' grep -q "\"pack\":\"tools\",\"version\":$base,.*in-force" out
ok '... and no older one after them' exits 5 "$GOLMOK" pack publish "$tools" --store t
ok '... which is said' errs "version: 1 must be above $base"

# A file of a node's own, beside what the city says.
pack_file own.json $((next + 1)) "$note"
ok 'a node may be given a file' exits 0 "$GOLMOK" pack use own.json --store b
ok '... and says so' says "version $((next + 1)) of the pack chatdong, from the file"
ok '... not one that loses' exits 5 "$GOLMOK" pack use loses.json --store b
ok '... and without it again' exits 0 "$GOLMOK" pack use --none --store b
ok '... the city is heard' says "version $next of the pack chatdong, from the city"
finish
