#!/usr/bin/perl
# Breaks the machine code of a file, one branch at a time, and demands that a
# test notices each.
#
#   make mutate [F=proto/merkle.c[:LINE]]	(without F: the files of Groups.pm)
#
# The file is compiled by itself (without inlining, jump tables and copies of
# branches, so that each branch of the source is one of the machine), the tests
# that Groups.pm names are linked with it once, and then their bytes are changed:
#
#   never, always	a conditional jump is never taken, or always; a condition
#			that is stored (setcc, cmovcc) is false, or true
#   edge		< becomes <=, >= becomes >, and the other way
#
# The insides of assert() are left alone.  A mutant is killed when a test fails,
# ends by a signal, or runs much longer than it does unbroken.  What survives is
# either a missing test or explained in survivors.txt; anything else fails the
# run.  JOBS says how many run at a time (2); CC, CFLAGS, LDFLAGS and LDLIBS
# come from the Makefile.
use strict;
use warnings;
use File::Path qw(make_path remove_tree);
use FindBin;
use POSIX qw(setsid);
use Time::HiRes qw(time);
use lib $FindBin::Bin, "$FindBin::Bin/../lib";
use Groups;
use Sources;

my $jobs = $ENV{JOBS} || 2;
my $cc = $ENV{CC} || 'gcc';
my $built = $ENV{BUILT} or die "mutate: to be called by make mutate\n";
my $work = 'build/mutate';
my $scratch = -w '/dev/shm' ? "/dev/shm/golmok-mutate-$$" : "$work/scratch";
# What a test may use of memory and write to one file, in KiB and half KiB.
my $limits = 'ulimit -d 2000000; ulimit -f 4000000; exec "$@"';

my %x86 = (o => 0, no => 1, b => 2, c => 2, nae => 2, ae => 3, nb => 3, nc => 3,
	e => 4, z => 4, ne => 5, nz => 5, be => 6, na => 6, a => 7, nbe => 7,
	s => 8, ns => 9, p => 10, np => 11, l => 12, ge => 13, le => 14, g => 15);
# The condition that differs from another in equality alone.
my %edge = (2 => 6, 6 => 2, 3 => 7, 7 => 3, 12 => 14, 14 => 12, 13 => 15,
	15 => 13);

# ---- What can be broken ---------------------------------------------------

# The patch for a conditional jump, setcc or cmovcc given by its bytes, for each
# way to break it; nothing when it is none of these.
sub patches
{
	my ($name, @b) = @_;
	return if $name !~ /^(?:j|set|cmov)(\w+?)$/ || !exists $x86{$1};
	my $condition = $x86{$1};
	my $rex = ($b[0] & 0xf0) == 0x40 ? 1 : 0;
	my %patch;
	my $at = $rex;		# of the byte that holds the condition
	if ($name =~ /^j/) {
		my $short = ($b[0] & 0xf0) == 0x70;
		$at = $short ? 0 : 1;
		$patch{never} = [(0x90) x @b];
		$patch{always} = $short ? [0xeb, $b[1]]
		    : [0x90, 0xe9, @b[2 .. 5]];
	} else {
		my $mod_rm = $b[$rex + 2];
		$at = $rex + 1;
		# Relative to the instruction's end, which is not the same.
		return if ($mod_rm & 0xc7) == 0x05;
		my @head = @b[0 .. $rex - 1];
		my @rest = @b[$rex + 2 .. $#b];
		if ($name =~ /^set/) {
			my @place = @rest;
			$place[0] &= 0xc7;
			$patch{never} = [@head, 0xc6, @place, 0];
			$patch{always} = [@head, 0xc6, @place, 1];
		} else {
			$patch{never} = [(0x90) x @b];
			$patch{always} = [@head, 0x8b, @rest, 0x90];
		}
	}
	if (exists $edge{$condition}) {
		my @turned = @b;
		$turned[$at] = ($b[$at] & 0xf0) | $edge{$condition};
		$patch{edge} = \@turned;
	}
	return %patch;
}

# The mutants of the object of $file: {line, function, how, at, from, to}.
sub mutants
{
	my ($file, $object) = @_;
	my %inside = assert_lines($file);
	my %here = map { $_ => 1 } code($file) =~ /^(\w+)\(/mg;
	my ($line, $function, @found) = (0, '');
	open(my $in, '-|', 'objdump', '-dl', '--insn-width=16', $object)
	    or die "mutate: cannot run objdump: $!\n";
	while (<$in>) {
		if (/^[0-9a-f]+ <([^>]+)>:$/) {
			($function, $line) = ($1 =~ s/\..*//r, 0);
			next;
		}
		if (/^(\S+):(\d+)(?: \(discriminator \d+\))?$/) {
			my ($where, $n) = ($1, $2);
			$line = $where =~ /(?:^|\/)\Q$file\E$/ ? $n : 0;
			next;
		}
		next unless /^\s*([0-9a-f]+):\t((?:[0-9a-f]{2} )+)\s*\t(\w+)/;
		# Lines of functions in headers are told as if they were here.
		next if $line == 0 || $inside{$line} || !$here{$function};
		my ($at, $bytes, $name) = (hex($1), $2, $3);
		my @b = map { hex } split(' ', $bytes);
		my %patch = patches($name, @b);
		push @found, { file => $file, line => $line, how => $_,
		    function => $function, at => $at, from => pack('C*', @b),
		    to => pack('C*', @{$patch{$_}}) } for sort keys %patch;
	}
	close($in) or die "mutate: objdump failed\n";
	return @found;
}

# ---- Programs -------------------------------------------------------------

sub shell
{
	my ($command) = @_;
	system('sh', '-c', $command) == 0 or die "mutate: failed: $command\n";
}

# Compiles $file, with a label where its code begins, into $work.
sub compile
{
	my ($file) = @_;
	my $base = "$work/" . $file =~ tr{/}{_}r;
	my $flags = $ENV{CFLAGS} =~ s/-O2|-fstack-protector-strong//gr;
	shell("$cc $flags -O1 -fno-inline -fno-jump-tables -fno-stack-protector " .
	    "-fno-reorder-functions -fno-ipa-cp -fno-ipa-sra -fno-thread-jumps " .
	    "-fno-tree-ch -fno-tree-dominator-opts -fno-move-loop-stores -S -o $base.s $file");
	open(my $in, '<', "$base.s") or die "mutate: $base.s: $!\n";
	my @text = <$in>;
	open(my $out, '>', "$base.s") or die "mutate: $base.s: $!\n";
	my $marked = 0;
	for (@text) {
		print $out $_;
		next if $marked++ || !/^\t\.text$/ && ($marked = 0, 1);
		print $out "\t.globl golmok_mutant_begin\ngolmok_mutant_begin:\n";
	}
	close($out) or die "mutate: $base.s: $!\n";
	shell("$cc -c -o $base.o $base.s");
	return "$base.o";
}

# Links $test with $object: {words, image, base}, the last where in the image
# the code of the object begins.
sub link_test
{
	my ($test, $object) = @_;
	my ($program, @words) = @$test;
	my $out = "$work/" . $program =~ tr{/}{_}r;
	my (@objects, $source);
	if ($program =~ m{^tests/sim/}) {
		$source = 'tests/sim/wrap.c';
		@objects = map { "$built/" . s/c$/o/r } glob('tests/sim/*.c'),
		    'tests/lib/prng.c', 'tests/lib/tempdir.c';
	} else {
		$source = "$program.c";
		@objects = ("$built/$program.o",
		    map { "$built/" . s/c$/o/r } glob('tests/lib/*.c'));
	}
	my $wraps = join(' ', text($source) =~ /LINK: (.*)/g);
	shell("$cc $ENV{LDFLAGS} -o $out @objects $object $built/libgolmok.a " .
	    "$wraps $ENV{LDLIBS} \$(pkg-config --libs cmocka)");
	my ($address) = `nm $out` =~ /^([0-9a-f]+) \w golmok_mutant_begin$/m
	    or die "mutate: $out has no mark\n";
	shell("strip -g $out");
	my $base;
	for (`readelf -Wl $out`) {
		next unless /^\s*LOAD\s+0x(\w+)\s+0x(\w+)\s+0x\w+\s+0x(\w+)/;
		my ($offset, $from, $size) = map { hex } $1, $2, $3;
		my $place = hex($address) - $from;
		$base = $offset + $place if $place >= 0 && $place < $size;
	}
	open(my $in, '<:raw', $out) or die "mutate: $out: $!\n";
	local $/;
	return { words => \@words, image => <$in>, base => $base,
	    name => join(' ', $program, @words) };
}

# Runs a program for at most $limit_s; true when it ends well and no test of it
# fails.
sub passes
{
	my ($path, $words, $limit_s) = @_;
	my $pid = open(my $from, '-|') // die "mutate: cannot fork: $!\n";
	if ($pid == 0) {
		setsid();
		open(STDIN, '<', '/dev/null');
		open(STDERR, '>&', \*STDOUT);
		exec('sh', '-c', $limits, 'sh', $path, @$words) or exit 127;
	}
	my ($said, $bad) = ('', 0);
	local $SIG{ALRM} = sub { $bad = 1; kill 'KILL', -$pid };
	alarm($limit_s);
	while (1) {
		my $n = sysread($from, $said, 65536, length($said));
		next if !defined $n && $!{EINTR} && !$bad;
		last unless $n;
		next unless $said =~ /^not ok/m;
		$bad = 1;
		kill 'KILL', -$pid;
		last;
	}
	alarm(0);
	close($from);
	$bad ||= $? != 0;
	kill 'KILL', -$pid;
	return !$bad;
}

# The test that notices $mutant, or undef.
sub killer
{
	my ($mutant, $tests, $dir) = @_;
	for my $test (@$tests) {
		my $place = $test->{base} + $mutant->{at};
		my $size = length($mutant->{from});
		my $image = $test->{image};
		substr($image, $place, $size) eq $mutant->{from}
		    or die "mutate: $test->{name} is not what was compiled\n";
		substr($image, $place, $size) = $mutant->{to};
		make_path($dir);
		open(my $out, '>:raw', "$dir/program")
		    or die "mutate: $dir/program: $!\n";
		print $out $image;
		close($out) or die "mutate: $dir/program: $!\n";
		chmod 0755, "$dir/program";
		local $ENV{TMPDIR} = $dir;
		my $good = passes("$dir/program", $test->{words},
		    2 + int(5 * $test->{took_s}));
		remove_tree($dir);
		return $test->{name} if !$good;
	}
	return undef;
}

# ---- The run --------------------------------------------------------------

# The entries of survivors.txt, several of which may share a reason:
# key => {why, used}.
sub explained
{
	my ($path) = @_;
	my (%why, @keys);
	open(my $in, '<', $path) or die "mutate: $path: $!\n";
	while (<$in>) {
		chomp;
		next if /^#/;
		@keys = (), next if /^$/;
		if (/^\t(.*)/) {
			$why{$_}{why} .= "$1 " for @keys;
		} else {
			push @keys, $_;
			$why{$_} = { why => '', used => 0 };
		}
	}
	$why{$_}{why} ne '' or die "mutate: no reason: $_\n" for keys %why;
	return %why;
}

# How survivors.txt names a mutant.
sub key_of
{
	my ($mutant) = @_;
	my $line = (split(/\n/, text($mutant->{file})))[$mutant->{line} - 1];
	$line =~ s/^\s+|\s+$//g;
	return "$mutant->{file} $mutant->{function} $mutant->{how}: $line";
}

# Those of @$mutants that no test notices, by $jobs processes.
sub survivors
{
	my ($mutants, $tests) = @_;
	my @from;
	for my $worker (0 .. $jobs - 1) {
		my $pid = open(my $in, '-|') // die "mutate: cannot fork: $!\n";
		push @from, $in;
		next if $pid;
		$| = 1;
		for (my $i = $worker; $i < @$mutants; $i += $jobs) {
			my $by = killer($mutants->[$i], $tests,
			    "$scratch/$worker");
			print "$i\n" if !defined $by;
		}
		exit 0;
	}
	my @alive;
	for my $in (@from) {
		push @alive, map { chomp; $_ } <$in>;
		close($in) or die "mutate: a process failed\n";
	}
	return map { $mutants->[$_] } sort { $a <=> $b } @alive;
}

my %why = explained("$FindBin::Bin/survivors.txt");
my $unexplained = 0;
$| = 1;
make_path($work, $scratch);
$SIG{INT} = $SIG{TERM} = sub { remove_tree($scratch); exit 130 };
my @wanted = @ARGV ? @ARGV : map { @{$_->[1]} } groups();
for my $wanted (@wanted) {
	my ($file, $only) = split(/:/, $wanted);
	my $group = group_of($file)
	    or die "mutate: tests/cov/Groups.pm says no tests of $file\n";
	system('make', "-j$jobs", '--no-print-directory', "CC=$cc",
	    map { "$built/$_->[0]" } tests_of($group)) == 0
	    or die "mutate: the tests do not build\n";
	my $object = compile($file);
	my @tests;
	for my $test (tests_of($group)) {
		my $linked = link_test($test, $object);
		my $before = time();
		my $none = { at => 0, from => '', to => '' };
		$linked->{took_s} = 60;
		die "mutate: $linked->{name} fails by itself\n"
		    if defined killer($none, [$linked], "$scratch/0");
		$linked->{took_s} = time() - $before;
		push @tests, $linked;
	}
	my @mutants = grep { !$only || $_->{line} == $only }
	    mutants($file, $object);
	my @alive = survivors(\@mutants, \@tests);
	my $known = 0;
	for my $mutant (@alive) {
		my $why = $why{key_of($mutant)};
		$why->{used} = 1, $known++, next if $why;
		$unexplained++;
		print "$mutant->{file}:$mutant->{line}: survives: ",
		    key_of($mutant) =~ s/^\S+ //r, "\n";
	}
	if (!$only) {
		print "$_: no such mutant survives any more\n" for sort
		    grep { index($_, "$file ") == 0 && !$why{$_}{used} } keys %why;
	}
	printf "%s: %d mutants, %d killed, %d survivors explained, %d not\n",
	    $file, scalar @mutants, @mutants - @alive, $known, @alive - $known;
}
remove_tree($scratch);
exit($unexplained > 0 ? 1 : 0);
