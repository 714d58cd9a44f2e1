#!/usr/bin/perl
# Writes a made-up year of one dong centre, 2015-07-01 to 2016-06-30, as JSON
# lines for `golmok import`: docs/packs.md has their form, tests/demo/README.md
# what is in them.
#
#   perl tests/demo/year.pl [DONG_ID] > year.jsonl
#
# DONG_ID is the record id of the centre in a store that already has it; without
# one, the centre is the first line.  The same call writes the same bytes: all
# chance comes from SHA-256 of what is being made.
use strict;
use warnings;
use utf8;
use Digest::SHA qw(sha256 sha256_hex);
use Encode qw(encode_utf8);
use JSON::PP;

use constant {
	PEOPLE_MET => 2400,      # published: some 2,400 people visited
	SERVICES => 1200,        # published: some 1,200 services
	NOBODY_MET => 60,        # households where nobody opened, in addition
	VISITS_AGAIN => 400,     # visits to people met before
	FIRST_DAY => 16617,      # 2015-07-01 in days since 1970
	DAYS => 366,             # to 2016-06-30
	STAFF => 6,
};

my $json = JSON::PP->new->utf8->canonical;
my $dong = shift @ARGV;

# A number from 0 to $n - 1 that depends on @what alone.
sub chance
{
	my ($n, @what) = @_;
	return unpack('N', sha256(encode_utf8(join('/', 'golmok demo', @what)))) % $n;
}

sub pick
{
	my ($list, @what) = @_;
	return $list->[chance(scalar @$list, @what)];
}

# Days since 1970, or before it, as a date of the Gregorian calendar.
sub date
{
	my ($year, $month, $day) = (1900, 1, 25567 + shift);
	while (1) {
		my $leap = $year % 4 == 0 && ($year % 100 != 0 || $year % 400 == 0);
		my @days = (31, $leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31);
		if ($day >= $days[$month - 1]) {
			$day -= $days[$month - 1];
			$month++;
			($year, $month) = ($year + 1, 1) if $month > 12;
			next;
		}
		return sprintf('%04d-%02d-%02d', $year, $month, $day + 1);
	}
}

# The last working day up to $day (1970-01-01 was a Thursday).
sub workday
{
	my ($day) = @_;
	my $weekday = ($day + 3) % 7;
	return $day - ($weekday == 5 ? 1 : $weekday == 6 ? 2 : 0);
}

# A record id: the milliseconds of its making, then 10 bytes of chance.
sub id
{
	my ($day, @what) = @_;
	my $ms = ($day * 86400 + chance(32400, 'second', @what)) * 1000;
	return sprintf('%012x', $ms)
	    . substr(sha256_hex(encode_utf8(join('/', 'golmok demo id', @what))), 0, 20);
}

# In the place of the city's keyed hash, which needs the city's key.
sub match_key { return sha256_hex(encode_utf8('golmok demo key/' . shift)) }

sub line
{
	my ($collection, $id, %fields) = @_;
	print $json->encode({ collection => $collection, id => $id, fields => \%fields }), "\n";
}

sub bool { return $_[0] ? JSON::PP::true : JSON::PP::false }

my @staff = map { id(FIRST_DAY, 'staff', $_) } 1 .. STAFF;
my @types = map { id(FIRST_DAY, 'service type', $_) } 1 .. 8;
my @amounts = (10000, 30000, 50000, 100000, 300000);
my ($people, $services) = (0, 0);
my @households;    # [id, [ids of its people], day of the first visit]

if (!defined $dong) {
	$dong = id(FIRST_DAY, 'dong');
	line('org_unit', $dong, code => '1111065000', level => 'dong',
	    name_ko => '혜화동', name_en => 'Hyehwa-dong', valid_from => '1988-04-23');
} elsif ($dong !~ /^[0-9a-f]{32}$/) {
	die "year.pl: a record id is 32 digits of lower-case hex, not '$dong'\n";
}

sub household
{
	my ($no, $size) = @_;
	my $day = workday(FIRST_DAY + chance(DAYS, 'first', $no));
	my $id = id($day, 'household', $no);
	my @persons = map { id($day, 'person', $no, $_) } 1 .. $size;
	my $address = sprintf('종로구 혜화동 찾동가상로 %d길 %d, %d-%d',
	    1 + $no % 40, 1 + int($no / 40), 101 + $no % 7, 101 + $no % 900);
	my @kinds = $size == 1
	    ? ('1인가구', chance(3, 'alone', $no) ? () : '독거노인') : ();
	push @kinds, '빈곤위기' if chance(6, 'poor', $no) == 0;
	line('household', $id, hh_no => sprintf('1111065000-01-%06d', $no),
	    owner_dong => $dong, address => $address, addr_key => match_key($address),
	    state => chance(4, 'state', $no) ? 'active' : 'monitoring',
	    risk => pick(['낮음', '낮음', '중간', '높음'], 'risk', $no),
	    phone => sprintf('010-0000-%04d', $no), head => $persons[0],
	    (@kinds ? (types => \@kinds) : ()));
	for my $i (0 .. $#persons) {
		my $name = sprintf('가상-%04d', ++$people);
		my $age = $i == 0 ? 55 + chance(35, 'age', $no) : chance(90, 'age', $no, $i);
		line('person', $persons[$i], household => $id, name => $name,
		    name_key => match_key($name), status => 'resident',
		    birth => date(FIRST_DAY - $age * 365 - chance(365, 'born', $no, $i)),
		    sex => pick(['남', '여'], 'sex', $no, $i),
		    relation => $i == 0 ? '본인' : pick(['배우자', '자녀', '부모', '기타'], 'tie', $no, $i),
		    lives_alone => bool($size == 1));
	}
	push @households, [$id, \@persons, $day];
	return $households[-1];
}

sub visit
{
	my ($household, $persons, $day, @what) = @_;
	my $met = @$persons > 0;
	my $n = chance(STAFF, 'staff', @what);
	my $second = chance(32400, 'at', @what);
	line('visit', id($day, 'visit', @what), household => $household->[0],
	    kind => pick(['보편_65세', '보편_70세', '빈곤위기', '정기', '모니터링', '안부'], 'kind', @what),
	    planned_on => date($day),
	    staff => [sort @staff[$n, ($n + 1) % STAFF]], channel => '방문',
	    state => $met ? 'done' : 'absent', attempts => 1, offline => bool(chance(3, 'off', @what)),
	    $met ? (
		persons_met => [sort @$persons],
		visited_at => date($day) . sprintf('T%02d:%02d:%02d+09:00', 9 + int($second / 3600),
		    $second / 60 % 60, $second % 60),
		outcome => pick(['특이없음', '정보제공', '서비스연계', '재방문'], 'outcome', @what),
		notes => [sprintf('가상 기록 %s', join('-', @what))],
	    ) : ());
}

sub service
{
	my ($no) = @_;
	my $household = $households[chance(scalar @households, 'to', $no)];
	my $left = FIRST_DAY + DAYS - $household->[2];
	my $day = workday($household->[2] + chance($left, 'given', $no));
	my $public = chance(3, 'public', $no) == 0;
	line('service', id($day, 'service', $no), household => $household->[0],
	    person => pick($household->[1], 'who', $no),
	    service_type => pick(\@types, 'type', $no), given_on => date($day),
	    public => bool($public), qty => 1 + chance(3, 'qty', $no),
	    result => $public ? pick(['신청', '결정'], 'result', $no) : '제공완료',
	    $public ? (amount => pick(\@amounts, 'amount', $no)) : ());
}

my ($met, $no) = (0, 0);
while ($met < PEOPLE_MET) {
	my $size = pick([1, 1, 1, 2, 2, 3, 4], 'size', ++$no);
	$size = PEOPLE_MET - $met if $size > PEOPLE_MET - $met;
	my $household = household($no, $size);
	visit($household, $household->[1], $household->[2], 'first', $no);
	$met += $size;
}
for my $again (1 .. VISITS_AGAIN) {
	my $household = $households[chance(scalar @households, 'again', $again)];
	my $left = FIRST_DAY + DAYS - $household->[2];
	my $day = workday($household->[2] + chance($left, 'later', $again));
	visit($household, [pick($household->[1], 'seen', $again)], $day, 'again', $again);
}
service(++$services) while $services < SERVICES;
for (1 .. NOBODY_MET) {
	my $household = household(++$no, 1);
	visit($household, [], $household->[2], 'nobody', $no);
}
