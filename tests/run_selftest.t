#!/usr/bin/perl
# Goal: tests/lib/run.pl, which counts for `make check`, takes nothing for a
# pass that is none.
use strict;
use warnings;
use File::Temp qw(tempdir);
use FindBin;

my $dir = tempdir(CLEANUP => 1);
# [what the program does, its lines, PASSED FAILED]
my @cases = (
	['passes', "echo 1..2; echo ok 1; echo 'ok 2 - b'", '2 0'],
	['fails a test', "echo 1..2; echo ok 1; echo not ok 2; exit 1", '1 1'],
	['passes but ends with a status', 'echo 1..1; echo ok 1; exit 3', '1 1'],
	['passes but is killed', 'echo 1..1; echo ok 1; kill -SEGV $$', '1 1'],
	['ends early', 'echo 1..2; echo ok 1', '1 1'],
	['runs more than it promised', 'echo 1..1; echo ok 1; echo ok 2', '2 1'],
	['says nothing', ':', '0 1'],
	['promises nothing', 'echo ok 1', '1 1'],
	['hangs', 'echo 1..1; echo ok 1; exec sleep 100', '1 1'],
	['skips a test', "echo 1..1; echo 'ok 1 # SKIP no net'", '0 1'],
	['skips an optional test', "echo 1..1; echo 'ok 1 # SKIP optional: no net'", '1 0'],
	['skips all', "echo '1..0 # SKIP no net'", '0 1'],
	['skips all, which is optional', "echo '1..0 # SKIP optional: no net'", '0 0'],
	['puts a failure off', "echo 1..1; echo 'not ok 1 # TO" . "DO later'", '0 1'],
);
print '1..', @cases + 1, "\n";
my $n = 0;
for my $case (@cases) {
	my ($what, $lines, $expected) = @$case;
	my ($program, $tally) = ("$dir/" . ++$n . '.t', "$dir/$n.tally");
	open(my $to, '>', $program) or die "$program: $!\n";
	print $to "#!/bin/sh\n$lines\n";
	close($to);
	my $said = `perl $FindBin::Bin/lib/run.pl --wait 2 --tally $tally $program 2>&1`;
	my $failed = $? != 0;
	open(my $from, '<', $tally) or die "$tally: $!\n";
	chomp(my $got = <$from>);
	my $ok = $got eq $expected && $failed == ($expected !~ / 0$/);
	print $ok ? '' : 'not ', "ok $n - a program that $what counts as $expected\n";
	print "# got $got\n", $said =~ s/^/# /gmr unless $ok;
}

# All of them at once, by three workers.
my ($passed, $failed) = (0, 0);
for my $case (@cases) {
	my ($yes, $no) = split / /, $case->[2];
	$passed += $yes;
	$failed += $no;
}
my @programs = map { "$dir/$_.t" } 1 .. @cases;
my $said = `perl $FindBin::Bin/lib/run.pl --jobs 3 --wait 2 --tally $dir/all @programs 2>&1`;
my $good = $? != 0;
open(my $from, '<', "$dir/all") or die "$dir/all: $!\n";
my @counted = (0, 0);
for (<$from>) {
	my @figures = split;
	$counted[$_] += $figures[$_] for 0, 1;
}
$good = $good && "@counted" eq "$passed $failed";
$good = $good && $said =~ m{^(?:not )?ok \Q$_\E: }m for @programs;
print $good ? '' : 'not ', 'ok ', @cases + 1, " - three at a time they count the same\n";
print "# got @counted\n", $said =~ s/^/# /gmr unless $good;
