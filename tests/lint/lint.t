#!/usr/bin/perl
# Goal: three programs that look for mistakes in C find none that nobody has
# looked at: cppcheck, the analyser of gcc, and clang-tidy, which runs the
# checkers of clang's analyser (those of scan-build) too.
#
#   perl tests/lint/lint.t
#
# Without WHOLE=1 the product alone, and not by clang-tidy, which takes a quarter
# of an hour on two cores.  FILES="core/mark.c core/kv.c" some files, by all three.
# What is passed over stands, with its reason, in .clang-tidy, and in accepted.txt
# and cppcheck.txt beside this file.
use strict;
use warnings;
no warnings 'qw';
use FindBin;

chdir("$FindBin::Bin/../..") or die "lint: cannot enter the sources: $!\n";

my @files = split ' ', $ENV{FILES} // '';
my $whole = $ENV{WHOLE} || @files;
my $jobs = $ENV{JOBS} // 2;
my @rooms = map { glob } qw(proto/*.c core/*.c net/*.c net/peer/*.c cli/*.c);
my @tests = glob 'tests/*/*.c';
@files = $whole ? (@rooms, @tests) : @rooms if !@files;

# Not before what defines err_set, or says first what it wants of the system.
my $known = 'known="-include tests/lint/known.h"; ! grep -q "<cmocka.h>" {} || known="-DKNOWN_CMOCKA $known"; ! grep -qE "^#define _[A-Z]+_SOURCE|^err_set" {} || known=';
chomp(my $flags = `pkg-config --cflags lmdb libuv libsodium libcrypto libzstd jansson libutf8proc libxxhash libqrencode libgfshare sqlite3 2>/dev/null`);
$flags = "-std=c17 -I. -D_POSIX_C_SOURCE=200809L $flags";

# What was looked at: FILE CHECK WHY.
my %accepted;
open(my $list, '<', 'tests/lint/accepted.txt') or die "lint: no accepted.txt: $!\n";
while (<$list>) {
	next if /^(?:#|$)/;
	/^(\S+) (\S+) \S/ or die "lint: accepted.txt:$.: no file, check and reason\n";
	$accepted{$1}{$2} = 1;
}
close($list);

# NAME, the version that the findings were looked at with, and what looks at one
# file, {}; it prints what it finds.
my @tools = (
	['cppcheck', 'cppcheck --version', join ' ', qw(cppcheck -q --std=c11 --language=c
		--enable=warning,portability,performance --inline-suppr -I.
		--suppressions-list=tests/lint/cppcheck.txt -D_POSIX_C_SOURCE=200809L
		--template={file}:{line}:0:{message}[{id}] {})],
	['gcc', 'gcc --version', join ' ', "gcc $flags -O2 -fanalyzer",
		qw(-ftrack-macro-expansion=0 -fno-diagnostics-show-caret -fdiagnostics-path-format=none -Wno-unused-result
		$known -c -o /dev/null {})],
);
push @tools, ['clang-tidy', 'clang-tidy --version',
	"clang-tidy --quiet {} -- $flags \$known 2>/dev/null"] if $whole;

print "TAP version 13\n1..", 2 * @tools, "\n";
my ($number, $failed) = (0, 0);

sub ok
{
	my ($good, $name, @said) = @_;
	print map { "# $_\n" } @said if !$good;
	print $good ? '' : 'not ', 'ok ', ++$number, " - $name\n";
	$failed++ if !$good;
}

# Is a line of what a tool said no finding, or an accepted one?  A finding has a
# place and says what it is; what is said around it goes with it.
my $place = qr{^(?:\./|/\S*?/)?((?:proto|core|net|cli|tests)/(?:\w+/)*\w+\.[ch]):\d+:};
sub passed
{
	my ($line) = @_;
	return 1 if $line !~ $place;
	my $file = $1;
	return 1 if $line =~ /: note: |In function|In file included/;
	my ($check) = $line =~ /\[-?W?([\w.-]+?)(?:,[\w.,-]+|=)?\]\s*$/;
	return defined $check && $accepted{$file}{$check};
}

for my $tool (@tools) {
	my ($name, $version, $command) = @$tool;
	my ($is) = `$version 2>&1` =~ /(\d+\.\d+(?:\.\d+)?)/;
	ok(defined $is, "$name is here" . (defined $is ? ", $is" : ''));
	my $pid = open(my $to, '|-',
		"xargs -P $jobs -I{} sh -c '$known; $command' 2>&1 | cat >build/lint.txt");
	mkdir 'build';
	print {$to} map { "$_\n" } @files;
	close($to);
	open(my $in, '<', 'build/lint.txt') or die "lint: no findings: $!\n";
	my @said = grep { !passed($_) } <$in>;
	close($in);
	chomp @said;
	ok(!@said, "$name finds nothing in " . @files . ' files', @said);
}
unlink 'build/lint.txt';
exit($failed > 0);
