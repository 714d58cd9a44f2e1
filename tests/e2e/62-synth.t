#!/bin/sh
# Goal: the invented city is the same everywhere, goes into a store whole, and
# has the figures that were published.
. "${0%/*}/lib.sh"

# sum DIR: one hash over all files and their names.
sum() { (cd "$1" && find . -type f | sort | xargs sha256sum | sha256sum | cut -c1-64); }
# fact NAME: what count.pl found.
fact() { sed -n "s/^$1 //p" facts; }

# ---- the same bytes -------------------------------------------------------
ok 'a small city is written' exits 0 "$GOLMOK" synth a
ok '... all invented' says 'all invented'
ok '... which its header says' grep -q '가상 데이터 / SYNTHETIC' a/SYNTHETIC.txt
ok '... as these bytes' is bca877b23d001e31d919f24104372b3a892d585fcf0c398eb5af5df48e2d1cfd "$(sum a)"
run "$GOLMOK" synth b --size tiny --seed 1 --json
ok 'again, and counted' is "$(find a -name '*.jsonl' ! -name events.jsonl -print | xargs cat | wc -l)" "$(json rows)"
ok '... the same bytes' is "$(sum a)" "$(sum b)"
"$GOLMOK" synth other --seed 2 >/dev/null
ok 'another seed is another city' is 1 "$(cmp -s a/d01/c012/2016.jsonl other/d01/c012/2016.jsonl; echo $?)"
ok 'a dong is made alone' exits 0 "$GOLMOK" synth one --dong 1111065000 --year 2016
ok '... with the same year' cmp -s a/d01/c012/2016.jsonl one/d01/c012/2016.jsonl
ok '... and beside it another' exits 0 "$GOLMOK" synth one --dong 1111068000 --year 2016
ok '... as in the whole' cmp -s a/d01/c014/2016.jsonl one/d01/c014/2016.jsonl

# ---- words that make no sense ---------------------------------------------
ok 'nothing is written over' exits 4 "$GOLMOK" synth a
ok 'no dong has that code' exits 3 "$GOLMOK" synth x --dong 1111000000
ok 'a dong is in no year before it joined' exits 3 "$GOLMOK" synth x --dong 1111061500 --year 2015
ok 'a year alone says too little' exits 2 "$GOLMOK" synth x --year 2016
ok 'years end in 2020' exits 2 "$GOLMOK" synth x --years 2019-2021
ok 'a size is one of five' exits 2 "$GOLMOK" synth x --size large

# ---- what was published ---------------------------------------------------
cat >count.pl <<'EOF'
use strict;
use warnings;
use Digest::SHA qw(sha256);
use JSON::PP;
use Time::Local;
my (%n, %seen, %week, %program, %record, %chain);

sub sees { $seen{ $_[0] }{$_}++ for @_[ 1 .. $#_ ] }
while (my $line = <>) {
	my $row = decode_json($line);
	my ($what, $f) = ($row->{collection}, $row->{fields});
	my $r = $record{ $row->{id} } //= { first => $f, space => $row->{space} };
	$n{applied}++ if $what eq 'contest_app' && ($f->{state} // '') eq 'applied';
	if ($what eq 'access_log') {
		my $first = "\0" x 32;	# of a year
		my $before = pack 'H*', $f->{prev};

		$n{chained}++ if $before eq ($chain{ $row->{space} } // $first);
		$n{begun}++ if $before eq $first;
		$n{accesses}++;
		$chain{ $row->{space} } = sha256($before . pack 'H*', $row->{id});
	}
	$r->{$_} = $f->{$_} for keys %$f;
	$r->{collection} = $what;
}
for my $id (keys %record) {
	my $r = $record{$id};
	my $what = $r->{collection};
	my $centre = $r->{space} =~ s{/\w+$}{}r;
	my $day = substr($r->{visited_at} // $r->{given_on} // $r->{held_on} // '', 0, 10);

	if ($what eq 'visit' && $centre eq 'd01/c012' && $day) {
		sees('met', @{ $r->{persons_met} }) if $day le '2016-06-30';
		if ($r->{kind} =~ /^\xeb\x8f\x99|\x{b3d9}\x{c7a5}/ && $day =~ /^2016-07/) {
			sees('chief_homes', $r->{household});
			sees('chief_companions', @{ $r->{companions} });
			sees('chief_days', $day);
		}
	}
	$n{services}++ if $what eq 'service' && $centre eq 'd01/c012' && $day le '2016-06-30';
	if ($what eq 'session' && $centre eq 'd01/c009' && $r->{staff}) {
		$n{study}++;
		my ($y, $m, $d) = split /-/, $day;
		sees('study_tuesdays', $day) if (gmtime timegm(0, 0, 0, $d, $m - 1, $y))[6] == 2;
		sees('study_staff', @{ $r->{staff} });
	}
	$n{"app_$r->{members_n}_$r->{state}"}++
	    if $what eq 'contest_app' && ($r->{contact} // '') eq '010-0000-0000';
	$n{"space_$r->{state}"}++ if $what eq 'space_project';
	($n{pact}, $n{parties}) = ($r->{attendees_n}, scalar @{ $r->{parties} }) if $what eq 'pact';
	$n{ $r->{category} eq "\x{b3d9}\x{c8fc}\x{bbfc}\x{c13c}\x{d130}" ? 'award_units' : 'award_people' }++
	    if $what eq 'award';
	if ($what eq 'enrolment') {
		$n{dongs}++;
		sees('districts', $r->{district});
		if ($r->{start_on} eq '2019-07-18') {
			$n{last_planners} += $r->{planned_planners};
			$n{last_nurses} += $r->{planned_nurses};
		}
	}
	$n{officers}++ if $what eq 'volunteer' && $centre eq 'z01/c001';
	$n{campaigns}++ if $what eq 'campaign' && $centre eq 'z01/c001';
	sees('surveyed', $r->{household}) if $what eq 'survey_entry' && $centre eq 'z01/c001';
	if ($what eq 'session' && $centre eq 'z01/c001') {
		$n{sessions}++;
		$n{people} += $r->{people_n};
		$n{laundry}++ if $r->{steps};
		$n{laundry_people} += $r->{people_n} if $r->{steps};
	}
	$n{"visit_$r->{state}"}++ if $what eq 'visit' && $centre =~ /^d/;
	$n{ended}++ if $what eq 'org_unit' && $r->{valid_to};
	if ($what eq 'transfer' && $r->{state} ne 'expired') {
		$n{moved}++;
		$n{given}++ if $record{ $r->{household} }{owner_dong} eq $r->{to_dong};
	}
	sees('looked', $r->{who}) if $what eq 'access_log';
	sees('dishes', $r->{household}) if $what eq 'service' && $centre eq 'z01/c001';
}
print "$_ $n{$_}\n" for sort keys %n;
print "$_ ", scalar keys %{ $seen{$_} }, "\n" for sort keys %seen;
EOF
find a -name '*.jsonl' ! -name events.jsonl -print | sort | xargs cat | perl count.pl >facts
ok '혜화동 meets 2,400 people in its first year' is 2400 "$(fact met)"
ok '... and gives 1,200 services' is 1200 "$(fact services)"
ok 'its chief visits five homes' is 5 "$(fact chief_homes)"
ok '... on five days' is 5 "$(fact chief_days)"
ok '... with five companions' is 5 "$(fact chief_companions)"
ok 'eleven study on Tuesdays' is '13 13 11' "$(fact study) $(fact study_tuesdays) $(fact study_staff)"
ok 'two people may not apply' is 1 "$(fact app_2_draft)"
ok '... three and four may, to the end' is '1 1' "$(fact app_3_published) $(fact app_4_published)"
ok '... and hand in like others' is 1 "$(($(fact applied) > 9))"
ok 'most visits that were made are confirmed' is 8 \
	"$((10 * $(fact visit_confirmed) / ($(fact visit_confirmed) + $(fact visit_done))))"
ok 'dongs that ended are known' is 13 "$(fact ended)"
ok 'who moved is of another dong' is "$(fact moved)" "$(fact given)"
ok 'all of the staff look at people' is 66 "$(fact looked)"
ok '... each row with the hash of the one before' is "$(fact accesses)" "$(($(fact chained) + $(fact begun) - 3))"
ok 'rooms of 283 centres are new, 59 planned' is '283 59' "$(fact space_completed) $(fact space_candidate)"
ok 'seven districts agree before 200 people' is '7 200' "$(fact parties) $(fact pact)"
ok '54 people and three units have awards' is '54 3' "$(fact award_people) $(fact award_units)"
ok '424 dongs in 25 districts took part' is '424 25' "$(fact dongs) $(fact districts)"
ok 'the last sixteen with 74 planners and 16 nurses' is '74 16' "$(fact last_planners) $(fact last_nurses)"
ok '호원2동 has 66 officers' is 66 "$(fact officers)"
ok '... surveys 710 homes in four campaigns' is '710 4' "$(fact surveyed) $(fact campaigns)"
ok '... holds 61 sessions for 659 people' is '61 659' "$(fact sessions) $(fact people)"
ok '... 13 of them laundry, for 31' is '13 31' "$(fact laundry) $(fact laundry_people)"
ok '... and brings side dishes to 14' is 14 "$(fact dishes)"
ok 'nobody there has a real number' is 0 "$(cat a/d*/*/*.jsonl | grep -oE '"(phone|contact)":"[^"]*"' | grep -vcE '"(010-0000|02-000)-[0-9]{4}"')"
ok 'duplicates are known' is 1 "$(($(wc -l <a/truth.csv) > 10))"

# ---- into a store ---------------------------------------------------------
found s
find a -path a/uijeongbu -prune -o -name '*.jsonl' ! -name events.jsonl -print | sort >files
xargs cat <files | wc -l >want
# shellcheck disable=SC2046
ok 'all of it goes into a store' exits 0 "$GOLMOK" import --update $(cat files) --json
ok '... every row' is "$(cat want)" "$(json rows)"
ok '... as so many records' is "$(xargs cat <files | grep -o '"id":"[0-9a-f]*"' | sort -u | wc -l)" "$(json created)"
run "$GOLMOK" ls d01/c012/case visit --where 'kind=동장체험' --json
ok 'the chief is found there' is 10 "$(wc -l <out)"
ok 'its year is reported' exits 0 "$GOLMOK" report RP-06 --dong 혜화동 --period 2015-07..2016-06
ok '... with 2,400 people, as was published' grep -q ' 2400 *2400 *= ' out
ok '... and 1,200 services' grep -q ' 1200 *1200 *= ' out
run "$GOLMOK" ls d01/c012/case visit --where state=confirmed --json
ok 'the team lead confirmed visits' grep -q confirmed out
run "$GOLMOK" report RP-15 --dong 혜화동 --json
ok 'who looked at whom is reported' grep -q '"access_records":[1-9]' out
ok '... in whole chains' grep -q '"access_unchained":0' out
ok 'fsck has nothing to say' exits 0 "$GOLMOK" fsck
"$GOLMOK" init t --found 의정부 --label 시청 >/dev/null
# shellcheck disable=SC2046
ok 'the other city goes into one of its own' exits 0 "$GOLMOK" import --store t --update $(find a/uijeongbu -name '*.jsonl' | sort)
head -n 3 a/d01/c012/0000.jsonl >twice.jsonl
head -n 1 a/d01/c012/0000.jsonl >>twice.jsonl
ok 'without --update no id may come twice' exits 5 "$GOLMOK" import twice.jsonl --dry-run
# ---- and back: what export wrote goes into an empty store -----------------
cat >more.jsonl <<'EOF'
{"collection":"poll","id":"01550000000000000000000000000001","space":"d01/c012/public","fields":{"question":"=1+1은?","group":"전체","answers":{"예":53,"아니오":47}}}
{"collection":"village_plan","id":"01550000000000000000000000000002","space":"d01/c012/public","fields":{"dong":"01550000000000000000000000000009","year":2021,"agendas":["첫째","-둘째"],"state":"preparing"}}
{"collection":"metric","id":"01550000000000000000000000000003","space":"city/all/public","fields":{"key":"한 해의 방문","version":1,"expr":"@count","unit":"건","as_reported":{"2018":152}}}
{"collection":"report_run","id":"01550000000000000000000000000004","space":"city/all/public","fields":{"metric_set":["01550000000000000000000000000003"],"scope":"01550000000000000000000000000009","period":"2018","frontier":{"d01":7},"rows":"c0ffee","signature":"00ff"}}
EOF
ok 'what the city has none of is added' exits 0 "$GOLMOK" import more.jsonl
ok '... and pairs that are one home' exits 0 "$GOLMOK" duplicates find
ok 'all of it comes out' exits 0 sh -c '"$GOLMOK" export --reason 시험 | grep -v remark >all.jsonl'
ok '... and the copies' exits 0 sh -c '"$GOLMOK" export --collection match_entry | grep -v remark | sort >copies.jsonl'
kinds=$(cat all.jsonl copies.jsonl | sed 's/^{"collection":"\([a-z_]*\)".*/\1/' | sort -u)
ok '... of each kind that the pack has' is 46 "$(echo "$kinds" | wc -l)"
# Where a guard asks for another record, files have an order that rows have not.
"$GOLMOK" init r --found 서울 --label 시청 >/dev/null
"$GOLMOK" init c --found 서울 --label 시청 >/dev/null
ok 'not all of that may be written newly' exits 5 "$GOLMOK" import --store r all.jsonl --dry-run
ok '... which says what to do' errs '--restore takes rows that export wrote'
ok 'no role may restore' exits 2 "$GOLMOK" import --store r --restore all.jsonl --role 팀장
ok 'nor a row without id' exits 5 sh -c 'sed "s/\"id\":\"[0-9a-f]*\",//" more.jsonl | "$GOLMOK" import --store r --restore -'
ok 'all of it goes into an empty store' exits 0 "$GOLMOK" import --store r --restore all.jsonl --json
ok '... every row' is "$(wc -l <all.jsonl)" "$(json created)"
# back STORE: what came out of it, but for what is kept of its exports.
back() {
	"$GOLMOK" export --store "$1" --reason 시험 2>/dev/null | grep -v '"action":"내보내기"' | sort
}
grep -v '"action":"내보내기"' all.jsonl | sort >want.jsonl
back r >got.jsonl
ok '... and comes out again as it went in' cmp -s want.jsonl got.jsonl
"$GOLMOK" export --store r --collection match_entry | sort >got.jsonl
ok '... with the same copies' cmp -s copies.jsonl got.jsonl
ok '... and once more says nothing new' exits 0 "$GOLMOK" import --store r --restore --update all.jsonl --json
ok '... of any row' is "$(wc -l <all.jsonl)" "$(json same)"
bad=
for kind in $kinds; do
	[ "$kind" = match_entry ] || [ "$kind" = access_log ] && continue
	"$GOLMOK" export --collection "$kind" --format csv --labels --reason 시험 >one.csv 2>/dev/null &&
		"$GOLMOK" import --store c --restore --collection "$kind" one.csv >/dev/null 2>>bad || bad="$bad $kind"
done
ok 'as tables it goes into another store, kind by kind' is '' "$bad"
# A cell has all notes of a field as one.
notes() {
	perl -MJSON::PP -ne '
		my $row = JSON::PP->new->utf8->decode($_);
		ref $_ eq "ARRAY" and $_ = join "\n", sort split /\n/, join "\n", @$_ for values %{ $row->{fields} };
		print JSON::PP->new->utf8->canonical->encode($row), "\n"' | sort
}
back c >got.jsonl
grep -v '"access_log"' want.jsonl | comm -23 - got.jsonl | notes >want.notes
grep -v '"access_log"' want.jsonl | comm -13 - got.jsonl | notes >got.notes
ok '... and comes out with the same fields' cmp -s want.notes got.notes
finish
