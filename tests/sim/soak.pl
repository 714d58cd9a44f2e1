#!/usr/bin/perl
# Cities under fresh seeds, for as long as you like: what was simulated, what
# happened in it and how often, and the line that replays each failure.
#
#   HOURS=2 perl tests/sim/soak.pl      or MINUTES=10
#
# JOBS is the number of cities at a time (2), SEED the first seed, EVERY the
# seconds between two reports (300), SIM the simulator.  The exit status is 1
# when something failed, 2 when nothing was run.
use strict;
use warnings;
use FindBin;
use File::Temp qw(tempdir);
use IO::Select;

chdir("$FindBin::Bin/../..") or die "soak: cannot enter the sources: $!\n";

my $sim = $ENV{SIM} // 'build/gcc-release/tests/sim/sim';
my $jobs = $ENV{JOBS} // 2;
my $every = $ENV{EVERY} // 300;
my $base = $ENV{SEED} // (time() % 1_000_000 + 1) * 1_000_000;
my $seconds = ($ENV{HOURS} || 0) * 3600 + ($ENV{MINUTES} || 0) * 60;
die "soak: say for how long: HOURS=2, or MINUTES=10\n" if $seconds <= 0;
die "soak: there is no $sim: make simulator\n" if !-x $sim;

# In turn: nodes (0: five to ten, as the seed says), steps, seeds at once.
my @mix = ([0, 2000, 6], [50, 300, 15], [0, 2000, 6], [0, 600, 20], [0, 2000, 6],
	[20, 600, 10], [0, 6000, 2], [50, 800, 6], [0, 2000, 6], [424, 100, 1]);

my $began = time();
my $until = $began + $seconds;
my $memory = -w '/dev/shm' ? '/dev/shm' : $ENV{TMPDIR} // '/tmp';
my $stores = tempdir('golmok-soak-XXXXXX', DIR => $memory, CLEANUP => 1);
my $parent = $$;
my (%sums, %batches, @failures);

# One batch, and again behind each seed that fails; tells the parent.
sub batch
{
	my ($out, $seed, $nodes, $steps, $seeds) = @_;
	my $end = $seed + $seeds;

	while ($seed < $end) {
		my $left = $end - $seed;
		my $said = `TMPDIR=$stores $sim $seed $nodes $steps --seeds $left 2>&1 </dev/null`;
		my $status = $?;
		print $out "$1\n" if $said =~ /^(sums .*)/m;
		last if $status == 0;
		my ($why) = $said =~ /^(FAILED.*)/m;
		my ($line, $failed) = $said =~ /^(make sim SEED=(\d+).*)/m;
		$why //= "status $status: " . ((split /\n/, $said)[-1] // '');
		if (!defined $failed) {
			$failed = $end;
			$line = "$sim $seed $nodes $steps --seeds $left";
		}
		print $out "failed $line\t$why\n";
		$seed = $failed + 1;
	}
	print $out "batch $nodes\n";
}

sub work
{
	my ($out, $job) = @_;
	my $seed = $base + $job * 100_000_000;
	my $turn = $job * int(@mix / $jobs);

	$out->autoflush(1);
	while (time() < $until && getppid() == $parent) {
		my ($nodes, $steps, $seeds) = @{$mix[$turn++ % @mix]};
		batch($out, $seed, $nodes || 5 + $turn % 6, $steps, $seeds);
		$seed += $seeds;
	}
}

sub report
{
	my $s = sub { $sums{$_[0]} // 0 };
	my $minutes = (time() - $began) / 60;
	# Why a session can end.
	my %why = map { ("ended_$_" => 1) } qw(ok denied malformed version limit exists full io peer);
	my @zero = grep { $sums{$_} == 0 && (!/^ended_/ || $why{$_}) } sort keys %sums;
	my @some = grep { $sums{$_} > 0 && !/^(seeds|steps|seconds|ended_.*)$/ } sort keys %sums;
	my %ended = map { /^ended_(.*)/ && $sums{$_} > 0 ? ($1 => $sums{$_}) : () } keys %sums;

	printf "== %.1f minutes: %d seeds, %d steps, %.0f simulated hours; %s\n", $minutes, $s->('seeds'),
	    $s->('steps'), $s->('seconds') / 3600,
	    join(', ', map { "$batches{$_} batches of $_ nodes" } sort { $a <=> $b } keys %batches);
	print "   happened: ", join(', ', map { "$sums{$_} $_" } @some), "\n";
	print "   sessions ended: ", join(', ', map { "$ended{$_} $_" } sort keys %ended), "\n";
	print "   never: ", (@zero ? join(', ', @zero) : 'nothing that is counted'), "\n";
	print "   failures: ", scalar(@failures), "\n";
}

$| = 1;
print "soak: $jobs at a time for $seconds s, SEED=$base\n";
my $select = IO::Select->new;
my @children;
for my $job (0 .. $jobs - 1) {
	pipe(my $in, my $out) or die "soak: no pipe: $!\n";
	my $child = fork() // die "soak: cannot fork: $!\n";
	if ($child == 0) {
		close $in;
		work($out, $job);
		close $out;
		require POSIX;
		POSIX::_exit(0);
	}
	close $out;
	push @children, $child;
	$select->add($in);
}

my $next = time() + $every;
my %rest;
while ($select->count > 0) {
	for my $in ($select->can_read(1)) {
		my $n = sysread($in, my $text, 65536);
		if (!$n) {
			$select->remove($in);
			next;
		}
		$rest{$in} .= $text;
		while ($rest{$in} =~ s/^(.*)\n//) {
			my $line = $1;
			if ($line =~ /^sums (.*)/) {
				$sums{$1} += $2 while $line =~ /(\w+)=(\d+)/g;
			} elsif ($line =~ /^failed (.*)\t(.*)/) {
				push @failures, "$1\n      $2";
				print "not ok $1\n   $2\n";
			} elsif ($line =~ /^batch (\d+)/) {
				$batches{$1}++;
			}
		}
	}
	if (time() >= $next) {
		report();
		$next = time() + $every;
	}
}
waitpid($_, 0) for @children;
report();
print "   $_\n" for @failures;
exit(($sums{seeds} // 0) == 0 ? 2 : @failures ? 1 : 0);
