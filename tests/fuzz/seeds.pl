#!/usr/bin/perl
# Writes what the known answers of tests/vectors hold as inputs for fuzzing.
#
#   perl tests/fuzz/seeds.pl DIRECTORY
#
# DIRECTORY gets a directory for each target with one file for each different
# input; `make fuzz-corpus` keeps those that reach what no other reaches.
use strict;
use warnings;
use Digest::MD5 qw(md5_hex);
use Encode ();
use File::Path qw(make_path);
use JSON::PP ();
use MIME::Base64 qw(decode_base64);

my ($to) = @ARGV or die "usage: seeds.pl DIRECTORY\n";

sub put
{
	my ($target, $bytes) = @_;
	make_path("$to/$target");
	open(my $out, '>:raw', "$to/$target/" . substr(md5_hex($bytes), 0, 16)) or die "$to: $!\n";
	print $out $bytes;
	close($out) or die "$to: $!\n";
}

# Words of $file, line by line, without comments.
sub words
{
	my ($file) = @_;
	open(my $in, '<:raw', "tests/vectors/$file.txt") or die "$file: $!\n";
	return map { [split] } grep { !/^#/ && /\S/ } <$in>;
}

# Every word that is hex.
sub hex_words { map { pack('H*', $_) } grep { /^(?:[0-9a-f]{2})+$/ } map { @$_ } words(@_) }

put('codec', $_) for hex_words('codec'), hex_words('fact'), hex_words('header');
put('json', $_) for map { $_->[-1] } words('codec');
put('json', $_) for hex_words('codec');
put('delta', $_) for hex_words('header');
put('fact', $_) for hex_words('fact'), hex_words('bundle');
put('msg', $_) for hex_words('msg');
for my $body (hex_words('body')) {
	put('body', $body);
	put('body', chr($_) . $body) for 0, 2, 3;
}
for my $note (map { decode_base64($_) } map { grep { /^[A-Za-z0-9+\/]{8,}=*$/ } @$_ } words('note')) {
	put('note', $note);
	put('note', $1) if $note =~ /\A(.*?\n)\n/s;
}
put('note', $_) for hex_words('note');
put('token', join(' ', @$_[1 .. $#$_])) for words('token');
put('token', $_) for hex_words('token'), hex_words('request');
put('token', decode_base64($_)) for map { grep { /^[A-Za-z0-9+\/]{8,}=*$/ } @$_ } words('request');
put('squeeze', $_) for grep { /^\x28\xb5\x2f\xfd/ } hex_words('body'), hex_words('link'), hex_words('rows');
put('beacon', $_) for hex_words('beacon');
put('block', $_) for hex_words('rows');
put('text', join(' ', @$_[1 .. $#$_])) for words('names');
put('text', $_) for map { @$_ } words('names'), words('join');
put('text', $_) for qw(127.0.0.1 [::1]:7700 centre.example:7700 fe80::1%lo 30kbps 4kB/s 5MB);
put('channel', "\x02\x01\xf0" . chr(length($_)) . $_) for grep { length($_) < 256 } hex_words('link'), hex_words('join');
# Both ends say all three messages, and one behind the handshake each.
put('noise', join('', map { "$_\x00" . "\x08\x02hi\x09\x02hi" x 4 } map { chr } 0, 1, 2, 0x40, 0x80));
# Whole logs, of the rogue and of an honest member, one it makes itself.
for my $how ("\x00", "\x01", "\x0f", "\x1f") {
	put('session', "$how\x00\xc8\x00\xe0\xc8\x01\xe0");
	put('session', "$how\x00\xc8\x01\xe0\xc8\x00\xe0\xc0\x00\x01\x00\x00\x00\x00\xc8\x00\xe0\xfc\x00\xe0");
	put('session', "$how\x00\xc8\x02$_\x01\x00\x00\x00\xe0\xc0\x02\x03\x00\x00\x01\x00\xc8\x02\xe0") for map { chr } 0 .. 3;
}
# Headers first, bodies as owed; a run that begins too far.
for my $log ("\x00", "\x01") {
	my $bare = "\x00\x00\x00${log}\x00\x00\x00\x01${log}\x00\x00\xe0";
	put('session', "\x00${bare}\x00\x02${log}\x04\xe0");
	put('session', "\x0f${bare}\x00\x02${log}\x05\x01\xe0");
	put('session', "\x00\x00\x00\x00${log}\x08\x00\x02\x00\x01${log}\x01\x00\x02\xe0");
	put('bundle', "\x01\x00\x0a\x00\x00${log}\x08\x00\x05\x01\x00\x05\x00${log}\x08\x00\x05\x01\x00\x05");
}
put('parcel', "\x00\x06\x02\x01\x01\x00\x00\x00\x07\x02$_\x00\x00\x00\x00\x06\x02") for map { chr } 1 .. 6;
for my $how ("\x00", "\x01", "\x03") {
	put('bundle', "$how\x00\x0a\x00\x40\x00\x40\x01");
	put('bundle', "$how\x00\x0a\x01\x00\x02\x40\x01\x43\x00\x01\x00\x00");
}
put('merkle', join('', map { chr } $_, 5, 3, 1, 0, 2, 9, 7, 1 .. 60)) for 0, 1, 6, 30, 47;
put('keyfile', "golmok fuzz 1\none a5\nfew " . 'a5' x 8 . "\nmany " . '5a' x 64 . "\n");
put('keyfile', join('', map { "$_\x00" } "\x00", "\x02", "\x03", "\x04"));
# Costs below, within and beyond what is believed; bytes that a split has.
put('safe', "$_\x00\x00\x5a") for "\x00\x40\x08", "\x03\x40\x16", "\x10\x01\x1e", "\x11\x40\x08", "\x03\xeb\x10";
put('share', "\x01\x00\x00\x02\x03\x01\x03\x40\x16");
put('share', "\x00\x00\x00\x02\x03");
put('share', "\x03\x00" . join('', map { chr($_) . "\x00\x00" } 0 .. 3));
put('aside', join('', map { chr } 0, 5, 0, 5, 0x81, 7, 20, 1, 7));
put('dials', "\x02\x03a:1\x00\x03b:1\x00");
put('dials', "\x92\xa3a:1\xa3b:1");
# Each table of a store: a row with other content, under another key, without
# its place, gone; in part rebuilt then.
for my $table (0 .. 21) {
	put('rows', join('', map { chr } $_->[0], $table, $_->[1], 1, 1, $table * 5, 2))
	    for [0x43, 0], [0x43, 0xa0], [0x40, 0xc0], [0x44, 0xf0];
}
# Each kind of change to each kind of page.
for my $what (0 .. 7) {
	put('pages', join('', map { chr } 0, $what + 8 * ($_ % 4), $_, 1, $_)) for 0 .. 12;
}
put('map', qq({"format":1,"name":"a","pack":"chatdong","source":"a","columns":[{"name":"no","header":["A"]},{"name":"b","header":["B"]}],"unit":["b"],)
    . qq("records":[{"collection":"metric","key":["no"],"fields":{"key":{"column":"b"}}}]}));
put('map', '{"a":{"b":[1,true]}}');
put('map', $_) for '2016. 7. 25.(월) 오후 2:05', '42576.4', '+82 10-1234-5678', '1,234';
put('csv', "name,phone\r\n\"a\"\"b\",010\r\n\xc7\xd1\xb1\xdb,1\r\n");
put('csv', qq({"collection":"case","fields":{"name":"a"}}\n));
# A table for each mapping of the program: its first byte says which.
my $row = "\xea\xb0\x80,2016. 7. 25.,\xec\x8b\xa0\xec\x82\xac\xeb\x8f\x99,010-1234-5678,1,,\r\n";
for my $number (0 .. 3) {
	my $file = "proto/packs/maps/" . (qw(card_app alley_proposals call_120 crisis_list))[$number] . ".json";
	open(my $map, '<:raw', $file) or die "$file: $!\n";
	my @headers = map { /"header": \["([^"]+)"/ ? $1 : () } <$map>;
	my $table = join(',', @headers) . "\r\n" . $row x 2;
	put('map', chr($number) . "\0$table");
	put('map', chr($number) . "\0{" . join(',', map { qq("$_":"2016-07-25") } @headers) . "}\n");
}
open(my $pack, '<:raw', 'proto/packs/chatdong.json') or die "pack: $!\n";
my $chatdong = join('', <$pack>);
put('pack', $chatdong);
# The expressions of its lists and views, each with the collection that it is of.
my $said = JSON::PP->new->utf8->decode($chatdong);
my %number = map { $said->{collections}[$_]{name} => $_ } 0 .. $#{ $said->{collections} };
for my $part (@{ $said->{due} }, @{ $said->{views} }) {
	my $of = $number{ $part->{collection} // next };
	for my $key (grep { defined $part->{$_} && !ref $part->{$_} } qw(where due from overdue urgency risk)) {
		put('expr', chr($of) . "\x07" . chr($key eq 'where' ? 0 : 1) . Encode::encode_utf8($part->{$key}));
	}
}
put('pack', '{"format":1,"name":"a","version":1,"label":{"ko":"a","en":"a"},"collections":[{"name":"b","space":"b",'
    . '"label":{"ko":"b","en":"b"},"fields":[{"name":"c","label":{"ko":"c","en":"c"},"kind":"register","type":"text"}]}]}');
# A pack of format 2 with every key, and with each part of it spoilt in turn.
open(my $clinic, '<:raw', 'tests/lib/clinic.c') or die "clinic: $!\n";
my $all = join('', map { /^    "(.*)"[,};]*$/ ? $1 : () } <$clinic>) =~ tr/`/"/r;
put('pack', $all);
for my $key (qw(codes units scopes roles retention collections views due figures reports match mirror access)) {
	put('pack', $all =~ s/("$key":([\[{]))/$1 . ($2 eq '[' ? '7,' : '"x":7,')/er);
}
put('pack', $all =~ s/"where":"state != done"/"where":"$_"/r) for '(', "if(kind = 'a', count(people), -1) > 0",
    'months(due_on, 99999) < today', 'exists(task, no = this.no and not kind in (a, b))', 'not ' x 40 . 'true',
    "'a''b' < no or tries * 9 / 0 > 1", 'latest(task, due_on, no = this.no) is something';
put('pack', $_) for split(' ', '2024-02-30 2024-02-29T12:00:00+09:00 37.5,127,10 1,234,567 true');
