#!/usr/bin/perl
# Goal: no call that core makes of others is forgotten by the tests that make
# calls fail.  What the objects of core leave undefined is either in
# tests/lib/fault.wrap, so that it is made to fail, or in the list below with
# the reason why it cannot.
use strict;
use warnings;

my $objects = shift // 'build/gcc-release';

# What fails only by our own mistake, or not at all.
my %never = (
	memory => 'reads and writes memory',
	lmdb => 'gives back what was taken, or reads what lies in memory',
	lock => 'of memory; asserted to go well',
	end => 'ends the process',
	data => 'no function',
);
my %known = (
	(map { $_ => $never{memory} } qw(memchr memcmp memcpy memmove memset
	    qsort snprintf __snprintf_chk strchr strcmp strerror strlen strrchr __errno_location
	    __memcpy_chk __memset_chk _setjmp __longjmp_chk longjmp setjmp)),
	# mdb_env_info fails without an environment alone, and core asserts it.
	(map { $_ => $never{lmdb} } qw(mdb_cursor_close mdb_env_close
	    mdb_env_info mdb_strerror mdb_txn_abort mdb_txn_id mdb_txn_reset)),
	(map { $_ => $never{lock} } map { "pthread_$_" } qw(cond_broadcast
	    cond_destroy cond_init cond_wait mutex_destroy mutex_init
	    mutex_lock mutex_unlock self)),
	(map { $_ => $never{end} } qw(__assert_fail __stack_chk_fail)),
	(map { $_ => $never{data} } qw(_GLOBAL_OFFSET_TABLE_)),
);

sub symbols {
	my ($rooms, $options) = @_;
	my @files = map { glob "$objects/$_/*.o" } @$rooms;
	my %found;
	@files or die "$objects: nothing is built there\n";
	open my $nm, '-|', 'nm', @$options, @files or die "nm: $!\n";
	while (<$nm>) {
		$found{$1} = 1 if /\s[A-Za-z]\s+(\S+)$/;
	}
	close $nm or die "nm failed\n";
	return \%found;
}

my %wrapped;
open my $list, '<', 'tests/lib/fault.wrap' or die "tests/lib/fault.wrap: $!\n";
while (<$list>) {
	/^--wrap=(\w+)$/ or die "tests/lib/fault.wrap, line $.: what is this?\n";
	$wrapped{$1} = 1;
}
close $list;
open my $code, '<', 'tests/lib/fault.c' or die "tests/lib/fault.c: $!\n";
my $text = do { local $/; <$code> };
close $code;

my $wanted = symbols(['core'], ['-u']);
my $ours = symbols([qw(core proto proto/packs)], ['--defined-only']);
my @foreign = grep { !$ours->{$_} } sort keys %$wanted;
my @open = grep { !$wrapped{$_} && !$known{$_} } @foreign;
my @idle = grep { !$wanted->{$_} } sort keys %wrapped;
my @bare = grep { $text !~ /\b(?:__wrap_$_|WRAP_\w+\($_,)/ } sort keys %wrapped;

print "1..4\n";
my $n = 0;
sub is_none {
	my ($what, $advice, @names) = @_;
	$n++;
	print @names ? "not ok $n $what\n" : "ok $n $what\n";
	print "# $_: $advice\n" for @names;
}
is_none('every call that core makes is made to fail, or cannot',
	'wrap it in tests/lib/fault.c and list it in tests/lib/fault.wrap',
	@open);
is_none('nothing is made to fail that core does not call',
	'take it out of tests/lib/fault.wrap', @idle);
is_none('every call that is listed has a wrapper',
	'write one in tests/lib/fault.c', @bare);
$n++;
print @foreign > 40 ? "ok $n" : "not ok $n",
    " the objects of core were read\n";
