#!/usr/bin/perl
# Makes the dictionary that small bodies are compressed with (docs/format.md,
# section 7): bodies as the chatdong pack has them, invented here, and `zstd
# --train` over them.  The same program and version of zstd give the same bytes.
#
#   bodies.pl DICTIONARY [BYTES]     writes the dictionary
#   bodies.pl --samples DIRECTORY    writes bodies that it was not trained on
#
# Do not run it over a dictionary that is in use: bodies name theirs by its
# hash.  A new one is a new file, and the old one stays for reading.
use strict;
use warnings;
use utf8;
use JSON::PP;
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use Encode qw(encode_utf8);

my %class = (N => 0, P => 1, S => 2, F => 3);
my %code = (register => 0x00, set => 0x10, counter => 0x20, notes => 0x30,
	state => 0x40);
my $state;

# The same numbers on every machine and in every Perl.
sub draw {
	my ($below) = @_;
	$state = ($state * 1103515245 + 12345) % 2147483648;
	return int($state / 8) % $below;
}
sub one { return $_[draw(scalar @_)] }
sub random_bytes { return join '', map { chr draw(256) } 1 .. $_[0] }

sub put_int {
	my ($v) = @_;
	return pack 'C', $v & 0xff if $v >= -32 && $v < 128;
	return pack 'Cc', 0xd0, $v if $v >= -128 && $v < 0;
	return pack 'CC', 0xcc, $v if $v >= 0 && $v < 256;
	return pack 'Cn', 0xcd, $v if $v >= 0 && $v < 65536;
	return pack 'CN', 0xce, $v if $v >= 0;
	return pack 'CN', 0xd2, $v & 0xffffffff;
}
sub put_text {
	my $b = encode_utf8($_[0]);
	my $n = length $b;
	return pack('C', 0xa0 | $n) . $b if $n < 32;
	return pack('CC', 0xd9, $n) . $b if $n < 256;
	return pack('Cn', 0xda, $n) . $b;
}
sub put_bytes { return pack('CC', 0xc4, length $_[0]) . $_[0] }
sub put_array {
	my ($n) = @_;
	return $n < 16 ? pack('C', 0x90 | $n) : pack('Cn', 0xdc, $n);
}

my @family = qw(김 이 박 최 정 강 조 윤 장 임 한 오 서 신 권 황 안 송 전 홍);
my @given = qw(영숙 정자 순자 영자 명숙 경희 미경 은주 현정 지영 수진 민지 서연
	지우 영수 영호 성호 정호 상철 동현 준호 민수 지훈 현우 도윤 말순 복순 종수 기철 옥희);
my @districts = qw(종로구 중구 용산구 성동구 광진구 동대문구 중랑구 성북구 강북구 도봉구
	노원구 은평구 서대문구 마포구 양천구 강서구 구로구 금천구 영등포구 동작구 관악구 서초구
	강남구 송파구 강동구);
my @roads = qw(종로 대학로 창경궁로 성균관로 율곡로 보문로 동소문로 정릉로 삼양로 도봉로
	한글비석로 통일로 연서로 신촌로 월드컵로 목동로 공항대로 경인로 시흥대로 여의대방로 사당로
	남부순환로 방배로 학동로 오금로 천호대로);
my @who = ('어르신', '대상자', '본인', '배우자', '딸', '아들', '보호자', '이웃', '통장',
	'집주인', '손자녀', '동거인');
my @said = (
	'혼자 지내시며 식사를 거르는 날이 많다고 하심.',
	'최근 무릎 통증이 심해져 외출이 어렵다고 하심.',
	'혈압약은 꾸준히 복용 중이나 병원 방문을 미루고 있음.',
	'월세가 두 달 밀려 퇴거를 걱정하고 있음.',
	'전기요금과 가스요금 체납 고지서가 쌓여 있음.',
	'집 안에 곰팡이가 있고 난방이 잘 되지 않음.',
	'밑반찬 지원을 희망하여 복지관에 연계하기로 함.',
	'기초생활수급 신청 절차를 안내하고 서류 목록을 드림.',
	'긴급복지 생계지원을 신청하도록 동주민센터에 의뢰함.',
	'치매안심센터 선별검사를 받도록 예약함.',
	'우울감을 호소하여 정신건강복지센터 상담을 권유함.',
	'돌봄SOS센터의 일시재가 서비스를 안내함.',
	'문을 열지 않아 안내문을 두고 돌아옴.',
	'전화를 받지 않아 이웃에게 안부를 확인함.',
	'다음 주에 다시 방문하기로 약속함.',
	'표정이 밝고 건강 상태는 지난번보다 좋아짐.',
	'자녀와 연락이 끊긴 지 오래되었다고 함.',
	'실직 후 구직 활동을 하고 있으나 소득이 없음.',
	'임대주택 신청을 원하여 주거복지센터에 연계함.',
	'장애인활동지원 등급 재판정을 준비하고 있음.',
	'출산 후 산후도우미와 아동수당을 안내함.',
	'낙상 위험이 있어 화장실 안전손잡이 설치를 요청함.',
	'쌀과 라면 등 후원 물품을 전달함.',
	'특이사항 없으며 지속적으로 모니터링하기로 함.',
	'혈당이 높아 식이 조절과 운동을 교육함.',
	'신용 문제로 통장이 압류되어 법률 상담이 필요함.',
	'알코올 문제로 주변과 다툼이 잦다고 함.',
	'폭염 대비 수칙을 설명하고 쿨매트를 전달함.',
	'한파에 대비하여 전기장판과 이불을 전달함.',
	'학교를 자주 결석하여 교육복지사와 협의함.',
	'방문간호사와 동행하여 혈압과 혈당을 측정함.',
	'국민연금과 기초연금 외에 다른 소득은 없음.',
	'사례회의에 상정하여 통합사례관리 대상자로 선정함.',
	'서비스 제공 결과를 확인하고 종결을 검토함.',
	'개인정보 수집과 이용에 동의함.',
);

sub person { return one(@family) . one(@given) }
sub day {
	return sprintf '%04d-%02d-%02d', 2015 + draw(12), 1 + draw(12),
	    1 + draw(28);
}
sub note {
	my $n = 1 + draw(5);
	return join ' ', map { (draw(2) ? one(@who) . ' ' : '') . one(@said) }
	    1 .. $n;
}
sub text_of {
	my ($name) = @_;
	return person() if $name =~ /name/;
	return sprintf '010-%04d-%04d', draw(10000), draw(10000)
	    if $name =~ /phone|tel|contact/;
	return sprintf '서울특별시 %s %s %d, %d층 %d호', one(@districts),
	    one(@roads), 1 + draw(200), 1 + draw(15), 101 + draw(20)
	    if $name =~ /addr|place/;
	return sprintf '%s-%04d-%05d', uc(substr $name, 0, 2), 2015 + draw(12),
	    draw(100000) if $name =~ /_no|code|key/;
	return note();
}
sub value {
	my ($field) = @_;
	my $type = $field->{type} // '';
	return put_text(note()) if $field->{kind} eq 'notes';
	return put_int(draw(5) + 1) if $field->{kind} eq 'counter';
	return put_text(one(@{$field->{values}}))
	    if $field->{kind} eq 'state' || $type eq 'enum';
	return put_text(day()) if $type eq 'date';
	return put_text(sprintf '%sT%02d:%02d:00+09:00', day(), 9 + draw(10),
	    5 * draw(12)) if $type eq 'datetime';
	return pack 'C', 0xc2 + draw(2) if $type eq 'bool';
	return put_int(draw(300)) if $type eq 'int';
	return put_int(10000 * draw(200)) if $type eq 'money';
	return put_bytes(random_bytes(16)) if $type eq 'ref';
	return put_bytes(random_bytes(32)) if $type =~ /^(hash|bytes)$/;
	return put_array(3) . put_int(37_430_000 + draw(260_000))
	    . put_int(126_770_000 + draw(400_000)) . put_int(draw(50))
	    if $type eq 'geo';
	if ($type eq 'map') {
		my @keys = sort { length $a <=> length $b || $a cmp $b }
		    @{$field->{values} // ['n']};
		return pack('C', 0x80 | @keys)
		    . join '', map { put_text($_) . put_int(draw(200)) } @keys;
	}
	return put_text(text_of($field->{name}));
}

# The bodies, one for each class, of one change of a record of `collection`.
sub change {
	my ($collection) = @_;
	my $creates = draw(3) != 0;
	my (%ops, $i);
	for my $field (@{$collection->{fields}}) {
		next unless $creates ? $field->{required} || draw(2)
		    : draw(@{$collection->{fields}} / 2) == 0;
		my $class = $class{$field->{class}};
		push @{$ops{$class}}, put_array(4)
		    . put_int(4 * $i++ + $class)
		    . put_int($code{$field->{kind}})
		    . put_text($field->{name}) . value($field);
	} continue {
		$i //= 0;
	}
	$ops{0} //= [] if $creates;
	return map {
		my $named = $creates && $_ == 0;
		($named ? "\x82\x00" . put_text($collection->{name}) : "\x81")
		    . "\x01" . put_array(scalar @{$ops{$_}}) . join '',
		    @{$ops{$_}}
	} sort keys %ops;
}

sub samples {
	my ($directory, $n, $seed) = @_;
	my $path = dirname(__FILE__) . '/chatdong.json';
	open my $in, '<:raw', $path or die "$path: $!\n";
	local $/;
	my @collections = @{decode_json(<$in>)->{collections}};
	$state = $seed;
	for my $i (0 .. $n - 1) {
		# Visits, cases and services are what is written all day.
		my $collection = one(@collections, @collections[3, 3, 3, 4, 5]);
		my $k = 0;
		for my $body (change($collection)) {
			my $file = sprintf '%s/%06d-%d', $directory, $i, $k++;
			open my $out, '>:raw', $file or die "$file: $!\n";
			print $out $body;
			close $out or die "$file: $!\n";
		}
	}
}

if (@ARGV == 2 && $ARGV[0] eq '--samples') {
	samples($ARGV[1], 500, 4711);
	exit 0;
}
die "usage: bodies.pl DICTIONARY [BYTES] | --samples DIRECTORY\n"
    unless @ARGV == 1 || @ARGV == 2;
my ($out, $size) = (@ARGV, 32768);
my $directory = tempdir(CLEANUP => 1);
samples($directory, 6000, 1);
system('zstd', '-q', '--train', '-r', $directory, '-3', "--maxdict=$size",
	'-f', '-o', $out) == 0 or die "zstd --train failed\n";
