#!/usr/bin/perl
# Goal: the rules of incarnations, acknowledgements and cuts hold in their models
# whatever happens in whatever order, and each of them is needed: without it
# spin finds how a promise is broken.
#
#   perl tests/model/model.t
#
# WHOLE=1 takes larger bounds too: some minutes, and 4 GiB of memory.
use strict;
use warnings;
use Cwd qw(getcwd);
use File::Temp qw(tempdir);
use FindBin;

# Of each model the bounds, and those for WHOLE; then each rule that is left out,
# and how deep that is looked for where going on to the end takes long.
my @models = (
	{name => 'cut', bounds => '', whole => '', rules => [
		[IGNORED => 'cuts leave everything'],
		[NOT_AGAIN => 'a late revocation leaves what is there'],
		[LATE_GRANT => 'what came before its grant stays outside'],
		[BY_ARRIVAL => 'a cut leaves what is held when it comes'],
		[EQUALS => 'equals take back what equals were given'],
		[BRANCH_ALONE => 'a new branch changes nothing of the others'],
		[FIRST_HOLDS => 'of two revocations the first to come holds'],
		[DEEP => 'what is beyond a cut takes back'],
	]},
	{name => 'acknowledgement', bounds => '-DSIZE=1 -DTROUBLES=2',
	    whole => '-DSIZE=2 -DTROUBLES=2', rules => [
		[ACK_EARLY => 'an acknowledgement before the commit'],
		[SENT_IS_HELD => 'what was sent is believed to be there'],
		[NO_HELLO => 'digests are not compared at the hello'],
		[NO_FORGET => 'a whole clock lowers nothing'],
		[NEWS_ONLY => 'a clock is never said whole'],
	]},
	{name => 'incarnation', bounds => '-DLEAVES=3 -DTROUBLES=2',
	    whole => '-DLEAVES=4 -DTROUBLES=2', rules => [
		[NO_INODE => 'the inode is not compared', 40],
		[NO_NUMBER => 'the number of the transaction is not', 40],
		[NO_ID => 'the id is not', 31, '-DLEAVES=4 -DTROUBLES=2'],
		[NO_CATCH_UP => 'an open leaves an old mark as it is', 40],
		[NO_RETURN => 'what comes back opens no new log', 60],
		[NO_RENEW => 'an adopted store opens no new log', 40],
	]},
);

my $tests = 0;
$tests += 1 + @{$_->{rules}} + ($ENV{WHOLE} && $_->{whole} ? 1 : 0) for @models;
print "TAP version 13\n1..$tests\n";
my ($number, $failed) = (0, 0);

sub ok
{
	my ($good, $name, @said) = @_;
	print map { "# $_\n" } @said if !$good;
	print $good ? '' : 'not ', 'ok ', ++$number, " - $name\n";
	$failed++ if !$good;
}

my $work = tempdir(CLEANUP => 1);
chdir($work) or die "model: cannot enter $work: $!\n";

# Looks through all states of a model: how many there are, how many assertions
# and ends are wrong, and all that was said.
sub look
{
	my ($name, $defines, $depth) = @_;
	my $said = `spin -a $defines '$FindBin::Bin/$name.pml' 2>&1 </dev/null`;
	return (0, -1, $said) if $?;
	# Most searches take less time than an optimizer.
	my $how = $depth ? '-O0' : $ENV{WHOLE} ? '-O2 -DCOLLAPSE' : '-O1';
	$said = `gcc -w $how -DSAFETY -DVECTORSZ=512 -o pan pan.c 2>&1`;
	return (0, -1, $said) if $?;
	my $most = $depth // 1_000_000;
	$said = `./pan -m$most -w23 2>&1 </dev/null`;
	my ($states) = $said =~ /^\s*(\d+) states, stored/m;
	my ($errors) = $said =~ /errors: (\d+)/;
	# A search that was cut off proves nothing.
	$errors = -1 if !defined $errors || $? || (!$errors &&
		$said =~ /not completed|max search depth too small|out of memory/);
	return ($states // 0, $errors, $said);
}

for my $model (@models) {
	my ($states, $errors, $said) = look($model->{name}, $model->{bounds});
	ok($errors == 0, "$model->{name}: $states states, and none is wrong",
		split(/\n/, $said));
	for my $rule (@{$model->{rules}}) {
		my ($define, $what, $depth, $bounds) = @$rule;
		$bounds //= $model->{bounds};
		($states, $errors, $said) =
			look($model->{name}, "$bounds -D$define", $depth // 1000);
		ok($errors == 1 && $said =~ /assertion violated/,
			"$model->{name}: found that $what",
			split(/\n/, $said));
	}
	next if !$ENV{WHOLE} || $model->{whole} eq '';
	($states, $errors, $said) = look($model->{name}, $model->{whole});
	ok($errors == 0, "$model->{name}: $states states with $model->{whole}",
		split(/\n/, $said));
}
chdir('/');
exit($failed > 0);
