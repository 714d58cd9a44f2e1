#!/usr/bin/perl
# Counts what `golmok export` wrote: rows, and the different values that one
# field has in them.
#
#   golmok export SPACE --collection NAME | perl tests/demo/count.pl FIELD
use strict;
use warnings;
use JSON::PP;

@ARGV == 1 or die "usage: count.pl FIELD < rows.jsonl\n";
my $field = shift @ARGV;
my ($rows, %values) = (0);
while (my $line = <STDIN>) {
	my $value = decode_json($line)->{fields}{$field};
	$rows++;
	next unless defined $value;
	$values{$_} = 1 for ref $value ? @$value : $value;
}
printf "%d rows; %d different values of %s\n", $rows, scalar keys %values, $field;
