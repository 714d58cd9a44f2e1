#!/usr/bin/perl
# Runs the tests in a build that counts, and shows what they reach.
#
#   make cov [AGAIN=1]	lines, branches and functions of proto/ and core/, over
#			all kinds of tests, and each call that can fail; fails
#			below the floors.  AGAIN shows
#			what was counted before without running anything
#   make mcdc		for the files of Groups.pm: each condition of a decision
#			that no pair of runs shows to decide by itself
#
# What cannot be taken is left out by these rules and by no list:
#   - what stands inside assert(), which is there not to happen;
#   - the case that a switch without `default` does not name: the compiler
#     demands that each value of the enum is named;
#   - abort() of proto/mem.c, when memory has run out, and the branch to it.
# What a killed process reached is not counted.
use strict;
use warnings;
use File::Path qw(make_path remove_tree);
use FindBin;
use Getopt::Long qw(GetOptions);
use JSON::PP qw(decode_json);
use lib $FindBin::Bin, "$FindBin::Bin/../lib";
use Groups;
use Sources;

# The least that each room must reach, in percent.
my %floor = (
	proto => { lines => 95, branches => 95 },
	core => { lines => 95, branches => 95 },
);
# The seeds of the simulator: so many, of so many nodes and steps.
my ($SEEDS, $NODES, $STEPS) = (24, 7, 1500);

my ($again, $mcdc) = (0, 0);
GetOptions('again' => \$again, 'mcdc' => \$mcdc) or exit 2;
my $built = 'build/clang-19-cov';
my $work = $mcdc ? 'build/mcdc' : 'build/cov';
# The objects say what there is to be counted; whichever program counted it.
my $objects = join(' -object ', map { "$built/" . s/c$/o/r }
    sort glob('proto/*.c core/*.c'));
my @make = ('make', '-j' . ($ENV{JOBS} || 2), '--no-print-directory',
	'CC=clang-19', 'BUILD=cov');
# Loops in which calls fail: each call once, where else some are drawn.
my %each = map { $_ => 1 }
    map { "tests/unit/test_$_" } qw(faults repair_calls calls intake_faults);
# Each input that fuzzing found worth keeping is given to its target.
my $corpus = 'tests/fuzz/corpus';
my $failed = 0;

# ---- Running --------------------------------------------------------------

sub run
{
	return if system(@_) == 0;
	$failed++;
	print "cov: failed: @_\n";
}

sub must
{
	system(@_) == 0 or die "cov: failed: @_\n";
}

# Builds and runs all tests, or those of the groups.
sub count
{
	my ($here) = `pwd` =~ /(.*)/;
	remove_tree("$work/raw");
	make_path("$work/raw");
	$ENV{LLVM_PROFILE_FILE} = "$here/$work/raw/%m.profraw";
	$ENV{GOLMOK} = "$here/$built/golmok";
	my @run = ('perl', 'tests/lib/run.pl', '--wait', 1800);
	if ($mcdc) {
		my @tests = map { "$built/$_->[0]" }
		    grep { @$_ == 1 } map { tests_of($_) } groups();
		my %once = map { $_ => 1 } @tests;
		must(@make, sort keys %once);
		run(@run, sort keys %once);
	} else {
		# All at once: what is built later would not be what counted.
		must(@make, 'all', 'units', 'simulator',
		    -d $corpus ? "$built/tests/fuzz/replay" : ());
		my @units = map { s/\.c$//r } sort glob('tests/unit/test_*.c');
		run(@run, map { "$built/$_" } grep { !$each{$_} } @units);
		{
			local @ENV{qw(FAULTS SEED)} = ('each', 1);
			run(@run, map { "$built/$_" } sort keys %each);
		}
		for my $seed (1 .. $SEEDS) {
			run("$built/tests/sim/sim", $seed, $NODES, $STEPS);
		}
		run("$built/tests/fuzz/replay", $corpus) if -d $corpus;
		run(@run, sort glob('tests/e2e/*.t'));
	}
	must('llvm-profdata-19', 'merge', '-sparse', '-o', "$work/all.profdata",
	    glob("$work/raw/*.profraw"));
	remove_tree("$work/raw");
}

# ---- Reading --------------------------------------------------------------

# What llvm-cov says of the files that $wanted is true for, by file.
sub measured
{
	my ($wanted) = @_;
	my $said = `llvm-cov-19 export -skip-expansions -instr-profile $work/all.profdata $objects 2>/dev/null`;
	my %of;
	for my $file (@{decode_json($said)->{data}[0]{files}}) {
		my $name = $file->{filename} =~ s{^\./}{}r;
		$of{$name} = $file if $wanted->($name);
	}
	return \%of;
}

# Lines and functions by file, and how often each was run.
sub lines_of
{
	my (%of, $file);
	open(my $in, '-|', "llvm-cov-19 export -format=lcov -instr-profile " .
	    "$work/all.profdata $objects 2>/dev/null")
	    or die "cov: cannot run llvm-cov-19: $!\n";
	while (<$in>) {
		$file = $1 =~ s{^\./}{}r if /^SF:(.*)/;
		$of{$file}{lines}{$1} = $2 if /^DA:(\d+),(\d+)/;
		$of{$file}{where}{$2} = $1 if /^FN:(\d+),(.*)/;
		if (/^FNDA:(\d+),(.*)/) {
			my $at = $of{$file}{where}{$2};
			$of{$file}{functions}{$at} += $1;
		}
	}
	close($in) or die "cov: llvm-cov-19 failed\n";
	return \%of;
}

# The branches of a file, [line, column, times true, times false]: those of a
# function in a header are the same ones wherever it was included.
sub branches
{
	my ($name, $file) = @_;
	my (%sum, @where);
	my %asserts = assert_lines($name);
	my @text = split(/\n/, text($name));
	for my $branch (@{$file->{branches}}) {
		my ($line, $column, undef, undef, $true, $false) = @$branch;
		my $before = substr($text[$line - 1], 0, $column - 1);
		next if $asserts{$line} || $before =~ /\bswitch \($/;
		next if ($text[$line] // '') =~ /^\s*abort\(\);$/;
		my $at = "$line:$column";
		push @where, $at if !$sum{$at};
		$sum{$at} = [$line, $column, 0, 0] if !$sum{$at};
		$sum{$at}[2] += $true;
		$sum{$at}[3] += $false;
	}
	return map { $sum{$_} } sort {
		$sum{$a}[0] <=> $sum{$b}[0] || $sum{$a}[1] <=> $sum{$b}[1]
	} @where;
}

# Of one file: what was reached of what there is, and what was not in words.
sub judge
{
	my ($name, $file, $lines) = @_;
	my %got = (lines => 0, branches => 0, functions => 0);
	my %all = %got;
	my @text = split(/\n/, text($name));
	my @missing;
	for my $line (sort { $a <=> $b } keys %{$lines->{lines}}) {
		next if $text[$line - 1] =~ /^\s*abort\(\);$/;
		$all{lines}++;
		$got{lines}++, next if $lines->{lines}{$line} > 0;
		push @missing, [$line, 0, 'never run'];
	}
	for my $branch (branches($name, $file)) {
		my ($line, $column, $true, $false) = @$branch;
		$all{branches} += 2;
		$got{branches} += ($true > 0) + ($false > 0);
		push @missing, [$line, $column, 'never true']
		    if $true == 0 && $false > 0;
		push @missing, [$line, $column, 'never false']
		    if $false == 0 && $true > 0;
	}
	for my $line (keys %{$lines->{functions}}) {
		$all{functions}++;
		$got{functions}++ if $lines->{functions}{$line} > 0;
		push @missing, [$line, 0, 'never called']
		    if $lines->{functions}{$line} == 0;
	}
	@missing = sort { $a->[0] <=> $b->[0] || $a->[1] <=> $b->[1] } @missing;
	return { name => $name, got => \%got, all => \%all,
	    missing => [map { [@$_, $text[$_->[0] - 1] // ''] } @missing] };
}

sub percent
{
	my ($got, $all) = @_;
	return $all == 0 ? 100 : 100 * $got / $all;
}

# ---- Showing --------------------------------------------------------------

my @kinds = qw(lines branches functions);

sub show_row
{
	my ($name, $got, $all) = @_;
	printf "%-26s", $name;
	printf "  %5d of %5d %6.2f%%", $got->{$_}, $all->{$_},
	    percent($got->{$_}, $all->{$_}) for @kinds;
	print "\n";
}

# The table, the file with most branches not taken first, then the sums of the
# rooms; both only say what was run, never that anything was looked at.
sub show_all
{
	my $lines = lines_of();
	my $measured = measured(sub { $_[0] =~ m{^(?:proto|core)/} });
	my @files = map { judge($_, $measured->{$_}, $lines->{$_}) }
	    sort keys %$measured;
	my %rooms;
	printf "%-26s  %-22s  %-22s  %s\n", '', @kinds;
	for my $file (sort {
		percent($a->{got}{branches}, $a->{all}{branches})
		    <=> percent($b->{got}{branches}, $b->{all}{branches})
		    || $a->{name} cmp $b->{name}
	} @files) {
		show_row($file->{name}, $file->{got}, $file->{all});
		my ($room) = $file->{name} =~ m{^(\w+)/};
		for my $kind (@kinds) {
			$rooms{$room}{got}{$kind} += $file->{got}{$kind};
			$rooms{$room}{all}{$kind} += $file->{all}{$kind};
		}
	}
	print "\n";
	open(my $list, '>', "$work/missing.txt")
	    or die "cov: $work/missing.txt: $!\n";
	for my $file (@files) {
		printf $list "%s:%d:%d: %s: %s\n", $file->{name}, @$_[0 .. 2],
		    $_->[3] =~ s/^\s+//r for @{$file->{missing}};
	}
	close($list) or die "cov: $work/missing.txt: $!\n";
	for my $room (sort keys %rooms) {
		show_row("$room, in all", $rooms{$room}{got}, $rooms{$room}{all});
		for my $kind (sort keys %{$floor{$room}}) {
			my $is = percent($rooms{$room}{got}{$kind},
			    $rooms{$room}{all}{$kind});
			next if $is >= $floor{$room}{$kind};
			printf "cov: %s: %.2f%% of %s, less than %s%%\n", $room,
			    $is, $kind, $floor{$room}{$kind};
			$failed++;
		}
	}
	system("llvm-cov-19 show -format=html -show-branches=count " .
	    "-output-dir $work/html -instr-profile $work/all.profdata " .
	    "$objects proto core >/dev/null 2>&1") == 0
	    or die "cov: llvm-cov-19 made no page\n";
	print "each line: $work/html/index.html; what is missing: " .
	    "$work/missing.txt\n";
}

# Each decision of more than one condition: which conditions have been seen to
# decide by themselves.
sub show_mcdc
{
	my %wanted = map { $_ => 1 } map { @{$_->[1]} } groups();
	my $measured = measured(sub { $wanted{$_[0]} });
	my ($sum_got, $sum_all) = (0, 0);
	for my $name (sort keys %$measured) {
		my @text = split(/\n/, text($name));
		my %asserts = assert_lines($name);
		my ($got, $all, @missing) = (0, 0);
		for my $record (@{$measured->{$name}{mcdc_records} // []}) {
			my ($line, $column) = @$record;
			next if $asserts{$line};
			my ($seen) = grep { ref } @$record;
			$all += @$seen;
			$got += grep { $_ } @$seen;
			push @missing, map { [$line, $column, $_ + 1] }
			    grep { !$seen->[$_] } 0 .. $#$seen;
		}
		printf "%s: %d of %d conditions\n", $name, $got, $all;
		printf "  %s:%d:%d: condition %d has not decided: %s\n", $name,
		    @$_, $text[$_->[0] - 1] =~ s/^\s+//r for @missing;
		$sum_got += $got;
		$sum_all += $all;
	}
	printf "in all: %d of %d conditions, %.2f%%\n", $sum_got, $sum_all,
	    percent($sum_got, $sum_all);
}

count() if !$again;
$mcdc ? show_mcdc() : show_all();
exit($failed > 0 ? 1 : 0);
