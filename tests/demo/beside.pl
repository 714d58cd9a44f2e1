#!/usr/bin/perl
# Lays the digests of several stores beside each other, and fails if they differ,
# if a store lacks the logs of a space that another has, or if there is nothing
# to compare.
#
#   perl tests/demo/beside.pl NAME:CLASSES:FILE...
#
# FILE is what `golmok digest --json` wrote in the store that people call NAME,
# CLASSES the data classes that it reads: its state is compared in these alone.
use strict;
use warnings;
use utf8;
use Encode qw(decode_utf8);
use JSON::PP;

binmode STDOUT, ':utf8';
my (@names, %rows);
for my $spec (@ARGV) {
	my ($name, $classes, $file) = split /:/, decode_utf8($spec), 3;
	push @names, $name;
	open(my $in, '<', $file) or die "beside.pl: $file: $!\n";
	while (my $line = <$in>) {
		my $at = decode_json($line);
		my ($class) = $at->{what} =~ /^state (.)$/;
		next if defined $class && index($classes, $class) < 0;
		$rows{"$at->{space}\t$at->{what}"}{$name} = $at->{digest};
	}
}

# Hangul is two columns wide.
sub cell
{
	my ($text, $width) = @_;
	my $wide = () = $text =~ /[\x{1100}-\x{11ff}\x{3130}-\x{318f}\x{ac00}-\x{d7a3}]/g;
	my $left = $width - length($text) - $wide;
	return $text . ' ' x ($left > 0 ? $left : 0);
}

my ($compared, $different) = (0, 0);
print cell('SPACE', 17), cell('WHAT', 9), join('', map { cell($_, 18) } @names) =~ s/ +$//r, "\n";
for my $row (sort keys %rows) {
	my ($space, $what) = split /\t/, $row;
	my %seen = map { $_ => 1 } values %{$rows{$row}};
	# A class without any values says nothing.
	next if keys %seen == 1 && (keys %seen)[0] =~ /^0+$/;
	$compared++ if keys %{$rows{$row}} > 1;
	my $same = keys %seen == 1 &&
	    ($what ne 'logs' || keys %{$rows{$row}} == @names);
	$different++ unless $same;
	print cell($space, 17), cell($what, 9),
	    map({ cell(defined $rows{$row}{$_} ? substr($rows{$row}{$_}, 0, 16) : '-', 18) } @names),
	    $same ? 'equal' : 'DIFFERENT', "\n";
}
exit($compared > 0 && $different == 0 ? 0 : 1);
