# The files whose every decision is looked at (make mcdc, make mutate), and the
# tests that concern each: the quickest first, since the first that fails ends
# the search; seeds of the simulator come last.
package Groups;
use strict;
use warnings;
use Exporter 'import';
use Sources;
our @EXPORT = qw(groups group_of tests_of assert_lines);

my @delta = qw(delta_shapes delta_limits delta_vectors delta);
my @groups = (
	[merkle => [qw(proto/merkle.c)], [qw(merkle_refused merkle_ahead merkle tree)]],
	[merge => [qw(core/merge.c)],
		[qw(merge_edges merge merge_order permute record record_fold)]],
	[delta => [qw(proto/delta.c proto/delta_form.c proto/delta_read.c)],
		[@delta]],
	[noise => [qw(proto/noise.c)],
		[qw(noise noise_vectors noise_channel noise_live channel)]],
	[intake => [qw(core/intake.c)],
		[qw(intake intake_bodies intake_own intake_cut intake_rooms
		intake_faults session_branch rotate)]],
);

# [name, [files], [tests]] of each.
sub groups
{
	return @groups;
}

# The group that $file is in, or undef.
sub group_of
{
	my ($file) = @_;
	my ($group) = grep { grep { $_ eq $file } @{$_->[1]} } @groups;
	return $group;
}

# The tests of a group as [program below the build directory, arguments...]; a
# name with colons, sim:SEED:NODES:STEPS, is a run of the simulator.
sub tests_of
{
	my ($group) = @_;
	return map {
		my ($name, @rest) = split(/:/);
		@rest ? ["tests/sim/$name", @rest] : ["tests/unit/test_$name"]
	} @{$group->[2]};
}

# The lines of $file that lie inside an assert().
sub assert_lines
{
	my ($file) = @_;
	my $code = code($file);
	my %inside;
	while ($code =~ /\b(?:static_)?assert(\((?:[^()]++|(?1))*\))/g) {
		my $first = 1 + (substr($code, 0, $-[0]) =~ tr/\n//);
		my $last = 1 + (substr($code, 0, $+[0]) =~ tr/\n//);
		$inside{$_} = 1 for $first .. $last;
	}
	return %inside;
}

1;
