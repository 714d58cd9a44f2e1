#!/usr/bin/perl
# Runs test programs that speak TAP, one after another or --jobs (1) at a time,
# and says how it went.
#
#   perl tests/lib/run.pl [--tally FILE] [--wait SECONDS] [--jobs N] [--all] PROGRAM...
#
# A .t or .sh file is run by the interpreter that its first line names.  One
# line is printed for each program, and all that it said when a test failed (or
# with --all).  Fails when any did.  A test counts as failed as well when it is
# skipped for a reason that does not say "optional", when a program ends with a
# status or a number of tests other than it promised, when it says nothing, or
# when it runs longer than --wait (300 s).  Appends "PASSED FAILED" to --tally.
use strict;
use warnings;
use Getopt::Long qw(GetOptions);
use POSIX qw(setsid);
use TAP::Parser;

my ($tally, $wait_s, $jobs, $all) = (undef, 300, 1, 0);
GetOptions('tally=s' => \$tally, 'wait=i' => \$wait_s, 'jobs=i' => \$jobs, 'all' => \$all)
    or exit 2;
$ENV{CMOCKA_MESSAGE_OUTPUT} = 'TAP';
$| = 1;

# The words that start $program.
sub words
{
	my ($program) = @_;
	if (open(my $in, '<', $program) and ($program =~ /\.(?:t|sh|pl)$/)) {
		my $first = <$in> // '';
		return (split(' ', $1), $program) if $first =~ /^#!\s*(.*\S)/;
	}
	return $program =~ m{/} ? $program : "./$program";
}

# All that $program says, and its wait status; a group of its own, so that what
# it started ends with it.
sub run
{
	my ($program) = @_;
	my $pid = open(my $from, '-|') // die "run: cannot fork: $!\n";
	if ($pid == 0) {
		setsid();
		open(STDIN, '<', '/dev/null');
		open(STDERR, '>&', \*STDOUT);
		exec { (words($program))[0] } words($program) or exit 127;
	}
	my ($said, $late) = ('', 0);
	local $SIG{ALRM} = sub { $late = 1; kill 'KILL', -$pid };
	alarm $wait_s;
	while (1) {
		my $n = sysread($from, my $more, 65536);
		next if !defined $n && $!{EINTR} && !$late;
		last unless $n;
		$said .= $more;
	}
	alarm 0;
	close($from);
	my $status = $?;
	kill 'KILL', -$pid;
	return ($said, $status, $late);
}

# How many tests of what a program said passed and failed, and why one did.
sub judge
{
	my ($said, $status, $late) = @_;
	my ($passed, $failed, @why) = (0, 0);
	my $parser = TAP::Parser->new({ tap => $said =~ s{\n?\z}{\n}r });
	while (my $result = $parser->next) {
		if ($result->is_plan && $result->has_skip) {
			next if $result->explanation =~ /\boptional\b/i;
			$failed++;
			push @why, 'all skipped: ' . $result->explanation;
		}
		next unless $result->is_test;
		if ($result->has_skip && $result->explanation !~ /\boptional\b/i) {
			$failed++;
			push @why, 'skipped: ' . $result->as_string;
		} elsif (!$result->is_actual_ok) {
			$failed++;
		} else {
			$passed++;
		}
	}
	push @why, "ran longer than $wait_s s" if $late;
	push @why, $parser->parse_errors;
	push @why, $status & 127 ? 'was ended by signal ' . ($status & 127)
	    : 'ended with status ' . ($status >> 8) if $status != 0;
	push @why, 'ran no test' if $passed + $failed == 0
	    && !defined $parser->skip_all;
	$failed++ if @why && $failed == 0;
	return ($passed, $failed, @why);
}

# Runs what `next` gives until that is undefined; true when nothing failed.
sub work
{
	my ($next) = @_;
	my ($passed, $failed) = (0, 0);
	while (defined(my $program = $next->())) {
		my @run = run($program);
		my ($yes, $no, @why) = judge(@run);
		$passed += $yes;
		$failed += $no;
		# In one piece: others print too.
		print join('', $no || $all ? $run[0] =~ s/\n?\z/\n/r : '',
		    $no ? 'not ok' : 'ok', " $program: $yes passed, $no failed",
		    (map { "; $_" } @why), "\n");
	}
	if (defined $tally) {
		open(my $to, '>>', $tally) or die "run: cannot write $tally: $!\n";
		print $to "$passed $failed\n";
		close($to) or die "run: cannot write $tally: $!\n";
	}
	return $failed == 0;
}

if ($jobs < 2 || @ARGV < 2) {
	my @left = @ARGV;
	exit(work(sub { shift @left }) ? 0 : 1);
}

# All workers take the next number out of one pipe.
pipe(my $from, my $to) or die "run: cannot make a pipe: $!\n";
my @pids;
for (1 .. $jobs) {
	my $pid = fork() // die "run: cannot fork: $!\n";
	if ($pid == 0) {
		close($to);
		my $taken;
		my $good = work(sub {
			(sysread($from, $taken, 2) // 0) == 2 ? $ARGV[unpack('n', $taken)] : undef;
		});
		exit($good ? 0 : 1);
	}
	push @pids, $pid;
}
close($from);
syswrite($to, pack('n', $_)) for 0 .. $#ARGV;
close($to);
my $failed = 0;
for my $pid (@pids) {
	waitpid($pid, 0);
	$failed = 1 if $? != 0;
}
exit($failed);
