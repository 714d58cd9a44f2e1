#!/usr/bin/perl
# Goal: what a crash could leave is whole, a wrong bit is told and repaired, and
# both would be noticed if they were not so.
#
#   perl tests/crash/crash.t
#
# SEED=n repeats a run; otherwise the seed is new each time, and printed.
use strict;
use warnings;
use FindBin;

chdir("$FindBin::Bin/../..") or die "crash: cannot enter the sources: $!\n";

my $programs = $ENV{CRASH} // 'build/gcc-release/tests/crash';
my $seed = $ENV{SEED} // 1 + int(rand(1_000_000));
my ($IMAGES, $SOUGHT, $FLIPS) = (80, 60, 60);
my ($number, $failed) = (0, 0);

sub ok
{
	my ($good, $name, $said) = @_;
	$said =~ s/^(?!#)/# /mg;
	print $said, $good ? '' : 'not ', 'ok ', ++$number, " - $name\n";
	$failed++ if !$good;
}

print "TAP version 13\n1..5\n# SEED=$seed\n";
my $images = "perl tests/crash/images.pl $programs";
my $out = qx($images $IMAGES $seed 2>&1);
ok($? == 0, 'whatever a crash leaves is a whole store with all that was acknowledged', $out);
my %forgets = (
	data => 'of data',
	file => 'of keys and bundles',
	names => 'of directories',
);
for my $drop (sort keys %forgets) {
	$out = qx(DROP=$drop $images $SOUGHT 1 2>&1);
	ok($? >> 8 == 1 && $out =~ /is wrong/, "syncs $forgets{$drop} that are left out are noticed", $out);
}
$out = qx($programs/bitrot $FLIPS $seed 2>&1);
ok($? == 0, 'a wrong bit is told or harms nothing, and is repaired', $out);
exit($failed > 0);
