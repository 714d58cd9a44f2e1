#!/usr/bin/perl
# Goal: a city under many seeds keeps every promise that the simulator knows,
# and the simulator notices when a rule is broken.
#
#   perl tests/sim/sim.t
#
# SEED=n sets the first of the fresh seeds; otherwise it is new each time, and
# printed.  How much is run is bounded by count, never by time.
use strict;
use warnings;
use FindBin;

chdir("$FindBin::Bin/../..") or die "sim: cannot enter the sources: $!\n";

# Each of these is broken in turn; RULE => what it means, and the seed to begin
# with where it is met seldom.
my @rules = (
	[merge => 'the first value to arrive wins'],
	[seen => 'what was seen is not hidden'],
	[dedupe => 'what overlaps is taken twice'],
	[sync => 'yes is said before it is durable'],
	[grant => 'everybody may do everything'],
	[mark => 'a restored or copied store is not noticed'],
	[resume => 'a log is resumed one delta too late'],
	[owed => 'bodies that are owed are said to be there'],
	[cut => 'what lies beyond the cut of a revocation counts'],
	[equals => 'equals take back what equals were given'],
	[prefix => "a grant reaches beyond its giver's prefix"],
	[pass => 'a grant gives more than may be passed on'],
	[admin => 'the decisions of everybody count'],
	[replace => 'a decision that was replaced holds'],
	[void => 'a void does nothing'],
	[rotate => 'a root key that was replaced speaks on'],
	[serve => 'who lost its rights is served on'],
	[take => 'what is sent is taken, whatever the rights'],
	[secret => 'who may only hold gets secrets'],
	[late => 'what came before its grant stays outside'],
	[branch => 'nothing in a branch of a forked log counts', 203],
	[hello => 'a restored peer is taken for an equal'],
	[budget => 'less is counted than was sent'],
	[pack => 'packing writes another body'],
	[carried => 'a bundle is believed to have come when it is written'],
	[stale => 'an old acknowledgement is heard like a new one'],
	[parts => 'bundles tell everybody of everything'],
	[nonce => 'a key and a counter seal two texts'],
	[bare => 'what people write is not sealed'],
	[clear => 'sessions are not encrypted'],
	[shown => 'heads are shown that no log has'],
	[queue => 'what waits to be sent has no limit', 18],
	[again => 'equals do not see at the hello that they are'],
	[return => 'who gets back what it wrote goes on as before'],
	[hole => 'a header of a run is left out'],
	[body => 'a body is not held against its header'],
	[overdue => 'a body that comes later is not either'],
	[block => 'what does not count blocks what comes after'],
	[shrink => 'a log loses its newest deltas'],
	[signed => 'heads of others need no signature'],
	[heirs => 'logs behind rotations that disagree are refused'],
	[tag => 'a frame that was changed is left out, and the next one taken'],
	[rest => 'sessions at rest keep the room that they once needed'],
	[leave => 'what a session held outlives it'],
);
# Some rules are seldom met: of so many seeds one must notice that it is broken.
my $SOUGHT = 128;
my ($KNOWN, $KNOWN_STEPS) = (32, 1000);
my ($FRESH, $FRESH_STEPS) = (40, 2000);
# Of so many nodes, all seeds in one process.
my ($MANY, $MANY_NODES, $MANY_STEPS) = (40, 50, 300);
# Runs of the shrinker for one failure.
my $SHRINKS = 200;
# One that is shown to work: fewer runs, and so few steps must be left.
my ($SHOWN, $LEFT) = (100, 40);
# Cities of an aggregator, its districts and their centres.
my ($LARGE, $LARGE_NODES, $LARGE_STEPS) = (2, 424, 60);

print 'TAP version 13', "\n1..", 9 + @rules, "\n";
my ($number, $failed) = (0, 0);

sub ok
{
	my ($good, $name) = @_;
	print $good ? '' : 'not ', 'ok ', ++$number, " - $name\n";
	$failed++ if !$good;
	return $good;
}

my $sim = $ENV{SIM};
my $made = 1;
if (!defined $sim) {
	$sim = 'build/gcc-release/tests/sim/sim';
	my $out = `make -s --no-print-directory CC=gcc BUILD=release simulator 2>&1 </dev/null`;
	$made = $? == 0;
	print map { "# $_\n" } split /\n/, $out if !$made;
}
ok($made, 'the simulator builds');

# The exit status of one run, and what it said.
sub run
{
	my $said = `$sim @_ 2>&1 </dev/null`;
	return ($?, $said);
}

# Runs the seeds @$seeds; says which failed.
sub all_pass
{
	my ($steps, $seeds) = @_;
	my $good = 1;
	for my $seed (@$seeds) {
		my ($status, $said) = run($seed, 5 + $seed % 6, $steps);
		next if $status == 0;
		$good = 0;
		print "# seed $seed, status $status\n";
		print map { "# $_\n" } split /\n/, $said;
		(undef, $said) = run($seed, 5 + $seed % 6, $steps, '--shrink', '--runs', $SHRINKS);
		print map { "# $_\n" } split /\n/, $said;
	}
	return $good;
}

# Why a run failed, without the words that have a digit.
sub words_of
{
	my ($why) = $_[0] =~ /^FAILED at step \d+: (.*)/m;
	return join(' ', grep { !/\d/ } split / /, $why // '');
}

my (undef, $first) = run(7, 7, $KNOWN_STEPS);
my ($status, $second) = run(7, 7, $KNOWN_STEPS);
ok($status == 0 && $first eq $second && $first =~ /trace [0-9a-f]{16}/,
    'a seed gives the same run twice');

ok(all_pass($KNOWN_STEPS, [1 .. $KNOWN]), "$KNOWN known seeds keep every promise");

my @large = map { [run($_, $LARGE_NODES, $LARGE_STEPS)] } 1 .. $LARGE;
ok(!(grep { $_->[0] != 0 } @large), "$LARGE cities of $LARGE_NODES nodes come to agree")
    or print map { map { "# $_\n" } split /\n/, $_->[1] } @large;

for my $rule (@rules) {
	my ($name, $meaning, $begin) = @$rule;
	my $seed = ($begin // 1) - 1;
	my $said = '';
	while ($seed < $SOUGHT + ($begin // 1) && $said !~ /^FAILED at step/m) {
		$seed++;
		(undef, $said) = run($seed, 5 + $seed % 6, $KNOWN_STEPS, '--break', $name);
	}
	my ($why) = $said =~ /^(FAILED.*)/m;
	if (ok(defined $why, "it is noticed when $meaning")) {
		print "# --break $name, seed $seed: $why\n";
	}
}

# A failure becomes a small one with the same words, and the line that it prints
# fails with them again.
my (undef, $large) = run(1, 6, $KNOWN_STEPS, '--break', 'dedupe');
my ($small, $shrunk) = run(1, 6, $KNOWN_STEPS, '--break', 'dedupe', '--shrink', '--runs', $SHOWN);
my ($left) = $shrunk =~ /^# shrunk in \d+ runs: (\d+) of $KNOWN_STEPS steps/m;
ok($small != 0 && defined $left && $left <= $LEFT, "a failure shrinks to $LEFT steps or fewer")
    or print map { "# $_\n" } split /\n/, $shrunk;
my %word = $shrunk =~ /\b([A-Z]+)=(\S+)/g;
my (undef, $replayed) = run(@word{qw(SEED NODES STEPS)},
	(map { defined $word{uc $_} ? ("--$_", $word{uc $_}) : () } qw(skip without break)));
my @words = map { words_of($_) } $large, $shrunk, $replayed;
ok($words[0] ne '' && $words[0] eq $words[1] && $words[1] eq $words[2],
	'the line that it prints fails with the same words')
    or print map { "# $_\n" } @words, split /\n/, $replayed;

my $base = $ENV{SEED} // (time() % 1_000_000 + 1) * 1000;
print "# fresh seeds $base to ", $base + $FRESH - 1, "\n";
ok(all_pass($FRESH_STEPS, [$base .. $base + $FRESH - 1]),
    "$FRESH fresh seeds keep every promise");

# A seed that fails ends its process: the line that it prints begins with it.
my ($many, $whole) = run($base, $MANY_NODES, $MANY_STEPS, '--seeds', $MANY);
ok($many == 0, "$MANY fresh seeds of $MANY_NODES nodes keep every promise")
    or print map { "# $_\n" } grep { !/^(ok|#)/ } split /\n/, $whole;
my (undef, $alone) = run($base + 1, $MANY_NODES, $MANY_STEPS);
my ($trace) = $alone =~ /^(ok seed .* trace [0-9a-f]{16})$/m;
ok(defined $trace && $whole =~ /^\Q$trace\E$/m, 'a seed is the same alone and among others');
exit($failed > 0);
