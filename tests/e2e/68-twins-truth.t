#!/bin/sh
# Goal: of the households that the invented city has twice, and whose truth it
# tells, those are found that keyed hashes can show, and no others.
. "${0%/*}/lib.sh"

found s
"$GOLMOK" synth city --seed 1 >/dev/null || exit 2
find city/city city/d01 -name '*.jsonl' | sort >files
# shellcheck disable=SC2046
"$GOLMOK" import --update $(cat files) >/dev/null 2>err || { sed 's/^/# /' err; exit 2; }
# The city brings its key along; what was written before it lacks hashes.
"$GOLMOK" match rekey >/dev/null 2>&1 || exit 2
run "$GOLMOK" duplicates find --under d01 --json
ok 'pairs are looked for' is 0 "$status"
echo "# $(cat out)"
"$GOLMOK" ls d01/all/match dup_candidate --json >pairs 2>/dev/null
for unit in c009 c012 c014; do
	"$GOLMOK" ls d01/$unit/match dup_candidate --json >>pairs 2>/dev/null
done
cut -d'"' -f4 pairs | while read -r pair; do "$GOLMOK" get "$pair" --json; done >records
cat >judge.pl <<'EOF'
use strict;
use warnings;
use JSON::PP;
my (%truth, %found, %noise, %hit);
open(my $csv, '<', 'city/truth.csv') or die;
<$csv>;
while (<$csv>) {
	chomp;
	my ($x, $y, $from, $to, undef, $noise) = split /,/;
	next unless "$from$to" =~ m{^d01/.*d01/};
	$truth{ join ' ', sort $x, $y } = $noise;
	$noise{$noise}++;
}
open(my $in, '<', 'records') or die;
while (<$in>) {
	my %f = map { $_->{name} => $_->{shown} } @{ decode_json($_)->{fields} };
	$found{ join ' ', sort $f{a}, $f{b} } = $f{score};
}
$truth{$_} and $hit{ $truth{$_} }++ for keys %found;
my $hits = grep { $truth{$_} } keys %found;
my $likely = grep { $truth{$_} && $found{$_} >= 700 } keys %found;
printf "truth %d\nfound %d\nhits %d\nlikely %d\nprecision %d\nrecall %d\n", scalar keys %truth,
    scalar keys %found, $hits, $likely, 100 * $hits / (keys(%found) || 1), 100 * $hits / (keys(%truth) || 1);
printf "# noise %s: %d of %d\n", $_, $hit{$_} // 0, $noise{$_} for sort keys %noise;
EOF
perl judge.pl >judged
sed 's/^\([^#]\)/# \1/' judged
fact() { sed -n "s/^$1 //p" judged; }
ok 'there are some' [ "$(fact truth)" -gt 10 ]
ok 'nine of ten planted pairs are found' [ "$(fact recall)" -ge 90 ]
ok 'nine of ten found pairs are planted' [ "$(fact precision)" -ge 90 ]
finish
