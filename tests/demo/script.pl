#!/usr/bin/perl
# Picks what happens in the demo out of the script that `golmok synth` wrote
# beside its rows: an outage, a household of 혜화동 that moves to 창신2동, and one
# whose risk two people judge at a time.
#
#   perl tests/demo/script.pl CITY YEAR.jsonl
#
# Prints a line of each for people, and behind them NAME=VALUE for the shell.
use strict;
use warnings;
use utf8;
use JSON::PP;

binmode STDOUT, ':utf8';
my $json = JSON::PP->new->utf8->canonical;
my ($city, $year) = @ARGV;
die "usage: script.pl CITY YEAR.jsonl\n" unless defined $year;

sub rows
{
	my ($name) = @_;
	open(my $in, '<', $name) or die "script.pl: $name: $!\n";
	return map { $json->decode($_) } <$in>;
}

my %home = map { $_->{id} => $_->{fields} }
    grep { $_->{collection} eq 'household' } rows($year);
my ($goal) = map { $_->{id} }
    grep { ($_->{fields}{code} // '') eq '1111068000' } rows("$city/city/all/0000.jsonl");
my %picked;
for my $event (rows("$city/events.jsonl")) {
	my $name = $event->{event};
	my $unit = $event->{unit} // '';
	next if $unit !~ m{^(d01/c012)?$} || $picked{$name};
	next if $name eq 'move' && ($event->{at} lt '2016-07' || $event->{to} ne $goal
		|| !$home{ $event->{household} });
	if ($name eq 'conflict') {
		my $home = $home{ $event->{id} };
		next if $event->{field} ne 'risk' || !$home;
		next if grep { $_ eq ($home->{risk} // '') } @{ $event->{values} };
	}
	$picked{$name} = $event;
}
for my $name ('A', 'move', 'conflict') {
	die "script.pl: nothing of the kind '$name'\n" unless $picked{$name};
}
my ($outage, $move, $both) = @picked{qw(A move conflict)};

# A time without its seconds.
sub minute { return substr($_[0], 0, 16) =~ tr/T/ /r }

print "# outage    $outage->{what}, ", minute($outage->{from}), ' to ', minute($outage->{to}), "\n";
print "# move      household $move->{household} to 창신2동, ", minute($move->{at}), "\n";
print "# conflict  risk of $both->{id}: $both->{values}[0] and $both->{values}[1]\n";
print "household=$move->{household}\n";
print "number=$home{$move->{household}}{hh_no}\n";
print "risky=$both->{id}\n";
print "risk_a=$both->{values}[0]\nrisk_b=$both->{values}[1]\n";
