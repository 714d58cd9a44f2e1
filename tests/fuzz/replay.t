#!/usr/bin/perl
# Goal: every input of tests/fuzz/corpus passes its target, every target has
# inputs, and a target that dies, hangs or has none is noticed.
#
#   REPLAY=build/clang-asan/tests/fuzz/replay perl tests/fuzz/replay.t
use strict;
use warnings;
use File::Temp qw(tempdir);
use Test::More;

my $replay = $ENV{REPLAY} // 'build/clang-asan/tests/fuzz/replay';
my $corpus = 'tests/fuzz/corpus';
my $said = `$replay $corpus 2>&1`;
my $status = $?;

diag($said) if $status != 0;
is($status, 0, 'the corpus passes');
my %passed = $said =~ /^ok \d+ - (\w+): (\d+) inputs$/mg;
my @targets = map { m{/target_(\w+)\.c$} } glob('tests/fuzz/target_*.c');
is_deeply([sort keys %passed], [sort @targets], 'every target is replayed');
is_deeply([sort map { m{([^/]+)$} } glob("$corpus/*")], [sort @targets], 'every input has a target');
for my $target (@targets) {
	my @files = glob("$corpus/$target/*");
	is($passed{$target}, scalar @files, "$target takes all its inputs");
}

# What a corpus of the input $bytes for the planted target says.
sub planted
{
	my ($bytes) = @_;
	my $dir = tempdir(CLEANUP => 1);
	mkdir("$dir/planted") or die "$dir: $!\n";
	if (defined $bytes) {
		open(my $out, '>', "$dir/planted/input") or die "$dir: $!\n";
		print $out $bytes;
		close($out);
	}
	my $told = `$replay $dir planted 2>/dev/null`;
	return ($? >> 8, $told);
}

is_deeply([planted("fine\n")], [0, "1..1\nok 1 - planted: 1 inputs\n"], 'an input that does no harm passes');
for my $case (['dies', "die\n"], ['hangs', "hang\n"]) {
	my ($code, $told) = planted($case->[1]);
	ok($code == 1 && $told =~ m{^not ok 1 - planted: .*/planted/input$}m, "one on which the target $case->[0] is named");
}
is_deeply([planted(undef)], [1, "1..1\nnot ok 1 - planted: no input\n"], 'a target without inputs fails');
is(system("$replay $corpus nothing >/dev/null 2>&1") >> 8, 2, 'a target that is not there is an error');
done_testing();
