#!/usr/bin/perl
# Takes the first year of the centre of 혜화동, 2015-07-01 to 2016-06-30, out of
# what `golmok synth` drew, as JSON lines for `golmok import`: of the people,
# visits and services each record once, as it stood at the end of that year.
#
#   perl tests/demo/year.pl CITY [DONG_ID] > year.jsonl
#
# CITY is the directory that synth wrote.  DONG_ID is the record id of the centre
# in a store that has it under another one.
use strict;
use warnings;
use utf8;
use JSON::PP;

use constant {
	CODE => '1111065000',
	CENTRE => 'd01/c012',
	UNTIL => sprintf('%012x', 1467298800 * 1000),    # 2016-07-01 in Seoul
};
my %wanted = map { $_ => 1 } qw(household person visit service);
my $json = JSON::PP->new->utf8->canonical;
my ($city, $dong) = @ARGV;
die "usage: year.pl CITY [DONG_ID]\n" unless defined $city;
die "year.pl: a record id is 32 digits of lower-case hex, not '$dong'\n"
    if defined $dong && $dong !~ /^[0-9a-f]{32}$/;

sub rows
{
	my ($name) = @_;
	open(my $in, '<', "$city/$name") or die "year.pl: $city/$name: $!\n";
	return map { $json->decode($_) } <$in>;
}

my ($unit) = grep { ($_->{fields}{code} // '') eq CODE } rows('city/all/0000.jsonl');
my (%record, @order);

# Later rows of a record say what became of it; notes are added.
sub take
{
	my ($row) = @_;
	my $known = $record{ $row->{id} };
	if (!$known) {
		push @order, $row->{id};
		$record{ $row->{id} } = $row;
		return;
	}
	for my $field (keys %{ $row->{fields} }) {
		my $value = $row->{fields}{$field};
		unshift @$value, @{ $known->{fields}{notes} // [] } if $field eq 'notes';
		$known->{fields}{$field} = $value;
	}
}

ROW: for my $name (2015, 2016) {
	for my $row (rows(CENTRE . "/$name.jsonl")) {
		# Rows are in the order of time, and ids begin with it.
		last ROW if substr($row->{id}, 0, 12) ge UNTIL;
		take($row) if $wanted{ $row->{collection} };
	}
}
for my $id (@order) {
	my $line = $json->encode($record{$id});
	$line =~ s/$unit->{id}/$dong/g if defined $dong;
	print "$line\n";
}
