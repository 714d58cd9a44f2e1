#!/usr/bin/perl
# Goal: every rule of tests/tidy.t can fail, and only when it should.  A copy of
# a few rooms' files is clean; then one breach at a time is planted in it, and
# exactly the rule that forbids it must say `not ok`, with file and line.
use strict;
use warnings;
use File::Basename qw(dirname);
use File::Copy qw(copy);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use FindBin;

my $root = dirname($FindBin::Bin);
my $copy = tempdir(CLEANUP => 1);
my $tidy = "$root/tests/tidy.t";

sub get
{
	open(my $in, '<', $_[0]) or die "$_[0]: $!\n";
	local $/;
	return <$in>;
}

sub put
{
	my ($path, $text) = @_;
	make_path(dirname("$copy/$path"));
	open(my $to, '>', "$copy/$path") or die "$path: $!\n";
	print $to $text;
	close($to) or die "$path: $!\n";
}

# A room's file that is clean: `decl` goes into the header, `code` into the .c.
sub pair
{
	my ($path, $decl, $code, $include) = @_;
	my $guard = 'GOLMOK_' . uc("${path}_H" =~ s{\W}{_}gr);
	return ("$path.h" => "#ifndef $guard\n#define $guard\n\n#include \"proto/err.h\"\n\n$decl\n#endif\n",
	    "$path.c" => "/*\n * Planted to see whether anyone notices.\n */\n#include \"$path.h\"\n"
	    . ($include ? "\n$include\n" : '') . "\n$code");
}

sub body { return "/* Plants it. */\nvoid planted_seed(void);\n", "void\nplanted_seed(void)\n{\n$_[0]}\n", $_[1] }

for my $file (qw(.clang-format proto/base.h proto/err.h proto/err.c proto/mem.h proto/mem.c)) {
	make_path(dirname("$copy/$file"));
	copy("$root/$file", "$copy/$file") or die "$file: $!\n";
}
put('Makefile', get("$root/Makefile"));
put('.ci/deps', "exit 0\n");
put('README.md', "# A sample\nRead [the map](docs/architecture.md#rooms) or <https://example.org>.\n");
put('docs/architecture.md', "# The map\n" . join('', map {
	my ($room, @files) = @$_;
	("### $room/\n| file | what |\n|---|---|\n", map { "| $_ | samples |\n" } @files);
} ['proto', 'err.[ch], mem.[ch]', 'base.h', 'planted*.[ch]'], ['core', 'planted*.[ch]'],
    ['net', 'loop.h'], ['net/peer', '*.h'], ['net/http', '*.h'], ['cli', 'sample_*.[ch]']));
put('net/loop.h', "#ifndef GOLMOK_NET_LOOP_H\n#define GOLMOK_NET_LOOP_H\n\n#include <uv.h>\n\n/* Runs it. */\nvoid loop_run(uv_loop_t *loop);\n\n#endif\n");
my %sample = pair('cli/sample_one', "/* Says `text`.  Two of\n * a kind; the caller waits; nothing is kept. */\nvoid sample_one_say(const char *text);\nenum err sample_one_try(int n) MUST_USE;\n",
    "void\nsample_one_say(const char *text)\n{\n\tif (puts(text) < 0)\n\t\tabort();\n}\n\nenum err\nsample_one_try(int n)\n{\n\tif (n < 0)\n\t\tgoto out;\n\treturn ERR_OK;\nout:\n\treturn err_set(ERR_USAGE, \"%d; goto over; /* no */\", n);\n}\n",
    "#include <stdio.h>\n#include <stdlib.h>");
put($_, $sample{$_}) for keys %sample;
put('tests/e2e/01-sample.t', "#!/bin/sh\n# Goal: none.  Never sleeps.\necho 1..0\n");
put('tests/unit/test_sample.c', "/*\n * A sample.\n */\n#include <stddef.h>\n#include <lmdb.h>\n");

my $long = join('', map { "\tn += $_;\n" } 1 .. 70);
# [words of the rule, where the breach is, files that plant it]
my @breaches = (
	['build with gcc', 'core/planted.c:\d+', pair('core/planted', body("\tint n;\n"))],
	['includes point downwards', 'core/planted.h:\d+', pair('core/planted', "#include \"net/loop.h\"\n\n" . (body(''))[0], (body(''))[1])],
	['includes point downwards', 'proto/planted.c:\d+', pair('proto/planted', body('', '#include "err.h"'))],
	['includes point downwards', 'net/http/server.h:4', 'net/http/server.h' => "#ifndef GOLMOK_NET_HTTP_SERVER_H\n#define GOLMOK_NET_HTTP_SERVER_H\n\n#include \"net/peer/link.h\"\n\n#endif\n",
	    'net/peer/link.h' => "#ifndef GOLMOK_NET_PEER_LINK_H\n#define GOLMOK_NET_PEER_LINK_H\n\n#endif\n"],
	['exactly one file', 'core/planted.c:6', pair('core/planted', body('', '#include <lmdb.h>'))],
	['exactly one file', 'core/planted.c:6', pair('core/planted', body('', '#include <openssl/evp.h>'))],
	['exactly one file', 'proto/planted.c:6', pair('core/planted', body('', '#include <jansson.h>')), pair('proto/planted', body('', '#include <jansson.h>'))],
	['uv.h is included', 'core/planted.c:6', pair('core/planted', body('', '#include <uv.h>'))],
	['uv.h is included', 'net/loop.h:4', 'net/peer/session.h' => "#ifndef GOLMOK_NET_PEER_SESSION_H\n#define GOLMOK_NET_PEER_SESSION_H\n\n#include \"net/loop.h\"\n\n#endif\n"],
	['clang-format has', 'core/planted.c:8', pair('core/planted', body("\t if (1)\n\t\treturn;\n"))],
	['70 lines', 'core/planted.c:7', pair('core/planted', body("\tint n = 0;\n\n$long"))],
	['600 lines', 'core/planted.h:\d+', pair('core/planted', ("/* Again. */\n\n" x 300) . (body(''))[0], (body(''))[1])],
	['under 150 lines', 'Makefile:\d+', Makefile => get("$root/Makefile") . ("# more\n" x 150)],
	['every warning', 'Makefile:1', Makefile => get("$root/Makefile") =~ s/\s-Wvla//r],
	['5 parameters', 'core/planted.c:12', pair('core/planted', body('') ), 'core/planted.c+' => "\nstatic inline int\nhelper(int a, int b, int c, int d, int e, int f)\n{\n\treturn a + b + c + d + e + f;\n}\n"],
	['goto goes forward', 'core/planted.c:10', pair('core/planted', body("\tint n = 0;\nagain:\n\tif (n++ < 3)\n\t\tgoto again;\n"))],
	['goto goes forward', 'core/planted.c:13', pair('core/planted', body("\tint n = 0;\n\nout:\n\tif (n++ < 3)\n\t\tgoto out;\n"))],
	['no alloca', 'core/planted.c:\d+', pair('core/planted', body("\tint *p = alloca(sizeof(*p));\n\n\t*p = 1;\n", '#include <alloca.h>'))],
	['attributes are', 'core/planted.h:7', pair('core/planted', "/* Plants it. */\nvoid planted_seed(void) __attribute__((cold));\n", (body(''))[1])],
	['typedef is', 'core/planted.h:6', pair('core/planted', "typedef struct seed {\n\tint n;\n} seed;\n\n" . (body(''))[0], (body(''))[1])],
	['exports only', 'core/planted.c:7', pair('core/planted', "/* Sows. */\nvoid sow(void);\n", "void\nsow(void)\n{\n}\n")],
	['stands in thing.h', 'core/planted.c:6', pair('core/planted', (body(''))[0], "extern int planted_depth;\nint planted_depth = 3;\n\n" . (body(''))[1])],
	['stands alone', 'core/planted.h:7', pair('core/planted', "/* Plants it. */\nvoid planted_seed(FILE *to);\n", ''), 'core/planted.c' => undef],
	['guarded', 'core/planted.h:1', 'core/planted.h' => "#ifndef PLANTED_H\n#define PLANTED_H\n\n#endif\n"],
	['opens with a paragraph', 'core/planted.c:1', pair('core/planted', body('')), 'core/planted.c-' => 3],
	['comment above', 'core/planted.h:6', pair('core/planted', "void planted_seed(void);\n", (body(''))[1])],
	['is MUST_USE', 'core/planted.h:7', pair('core/planted', "/* Plants it. */\nenum err planted_seed(void);\n", "enum err\nplanted_seed(void)\n{\n\treturn ERR_OK;\n}\n")],
	['born in err_set', 'core/planted.c:9', pair('core/planted', "/* Plants it. */\nenum err planted_seed(int n) MUST_USE;\n", "enum err\nplanted_seed(int n)\n{\n\treturn n > 0 ? ERR_OK : ERR_IO;\n}\n")],
	['no default', 'core/planted.c:7', pair('core/planted', "/* Plants it. */\nint planted_exit_status(enum err e);\n", "int\nplanted_exit_status(enum err e)\n{\n\tswitch (e) {\n\tcase ERR_OK:\n\t\treturn 0;\n\tdefault:\n\t\treturn 1;\n\t}\n}\n")],
	['read no clock', 'core/planted.c:11', pair('core/planted', body("\ttime_t now = time(NULL);\n\n\tassert(now > 0);\n", '#include <time.h>'))],
	['random numbers', 'core/planted.c:11', pair('core/planted', body("\tint n = rand();\n\n\tassert(n > 0);\n", '#include <stdlib.h>'))],
	['only cli/ prints', 'core/planted.c:11', pair('core/planted', body("\tprintf(\"%d\\n\", 3);\n", '#include <stdio.h>'))],
	['only cli/ prints', 'core/planted.c:11', pair('core/planted', body("\tfputs(\"3\\n\", stderr);\n", '#include <stdio.h>'))],
	['main.c exits', 'core/planted.c:11', pair('core/planted', body("\texit(1);\n", '#include <stdlib.h>'))],
	['memory comes from', 'core/planted.c:11', pair('core/planted', "/* Plants it. */\nvoid *planted_seed(void);\n", "void *\nplanted_seed(void)\n{\n\treturn malloc(3);\n}\n", '#include <stdlib.h>')],
	['no file, socket', 'proto/planted.c:11', pair('proto/planted', body("\tassert(getenv(\"HOME\"));\n", '#include <stdlib.h>'))],
	['draws one number', 'core/planted.c:15', pair('core/planted', "/* Draws a number below `n`. */\nint planted_prng_below(int n);\n/* Plants it. */\nint planted_seed(void);\n",
	    "int\nplanted_prng_below(int n)\n{\n\treturn n;\n}\n\nint\nplanted_seed(void)\n{\n\treturn planted_prng_below(5) - planted_prng_below(6);\n}\n")],
	['left for later', 'core/planted.c:9', pair('core/planted', body("\t/* TO" . "DO: plant it. */\n"))],
	['licence banners', 'core/planted.c:9', pair('core/planted', body("\t/* Copy" . "right 2020 Nobody. */\n"))],
	['commented-out', 'core/planted.c:9', pair('core/planted', body("\t/* planted_seed(); */\n"))],
	['commented-out', 'core/planted.c:10', pair('core/planted', body("\t/* Not now.\n\t * n = seed->depth + 1;\n\t */\n"))],
	['commented-out', 'core/planted.c:9', pair('core/planted', body("#if 0\n\tplanted_seed();\n#endif\n"))],
	['names the machine', 'README.md:3', 'README.md+' => "It lies in /wor" . "k/main.\n"],
	['nothing of a domain', 'core/planted.c:9', pair('core/planted', body("\t/* Of a household. */\n"))],
	['nothing of a domain', 'core/planted.c:9', pair('core/planted', body("\t/* As chatdong has it. */\n"))],
	['nothing of a domain', 'core/planted.c:9', pair('core/planted', body("\t/* For a 방문간호사. */\n"))],
	['links in the documents', 'README.md:3', 'README.md+' => "See [this](docs/nowhere.md).\n"],
	['names every file', 'core/unmapped.c:1', 'core/unmapped.c' => "/*\n * Not on the map.\n */\n#include <stddef.h>\n\nstatic_assert(sizeof(size_t) > 1, \"large\");\n" =~ s/<stddef.h>/"proto\/base.h"/r],
	['names every file', 'core/planted.c:1', pair('core/planted', body('')), 'docs/architecture.md' => "### cli/\n| planted.[ch] |\n| sample_*.[ch] |\n### net/\n| loop.h |\n### proto/\n| *.[ch] |\n"],
	['names every file', 'docs/architecture.md:\d+', 'docs/architecture.md+' => "| gone.c | gone |\n"],
	['names every file', 'docs/architecture.md:\d+', 'docs/architecture.md+' => "See core/gone.c.\n"],
	['top level holds', 'stray:1', 'stray' => "left\n"],
	['end-to-end test', 'tests/e2e/02-two.t:3', 'tests/e2e/02-two.t' => "#!/bin/sh\n# Goal: none.\nsleep 1\n"],
	['end-to-end test', 'tests/e2e/two.t:1', 'tests/e2e/two.t' => "#!/bin/sh\n# Goal: none.\necho 1..0\n"],
);

sub verdict
{
	my @out = split(/\n/, `perl $tidy $copy 2>&1`);
	my @bad = grep { /^not ok/ } @out;
	return (\@bad, join("\n", grep { !/^ok/ } @out), [ map { /^(?:not )?ok \d+ - (.*?)(?: #.*)?$/ ? $1 : () } @out ]);
}

print '1..', @breaches + 2, "\n";
my ($bad, $shown, $rules) = verdict();
my $n = 1;
print @$bad == 0 && @$rules > 30 ? "ok 1 - the clean copy is clean\n" : "not ok 1 - the clean copy is clean\n";
print $shown =~ s/^/# /gmr, "\n" if @$bad;

my %met;
for my $breach (@breaches) {
	my ($words, $where, @files) = @$breach;
	my %before;
	while (my ($path, $text) = splice(@files, 0, 2)) {
		my $file = $path =~ s/[+-]$//r;
		$before{$file} = -f "$copy/$file" ? get("$copy/$file") : undef unless exists $before{$file};
		if ($path =~ /\+$/) {
			put($file, get("$copy/$file") . $text);
		} elsif ($path =~ /-$/) {
			put($file, get("$copy/$file") =~ s/\A(?:[^\n]*\n){$text}//r);
		} elsif (defined $text) {
			put($file, $text);
		} else {
			unlink "$copy/$file";
		}
	}
	($bad, $shown) = verdict();
	$n++;
	$met{ $bad->[0] =~ s/^not ok \d+ - //r }++ if @$bad == 1;
	my $ok = @$bad == 1 && $bad->[0] =~ /\Q$words\E/ && $shown =~ /^#   (?:$where):? /m;
	print $ok ? '' : 'not ', "ok $n - a breach of '$words' is seen at $where\n";
	print $shown =~ s/^/# /gmr, "\n" unless $ok;
	for my $file (keys %before) {
		unlink "$copy/$file";
		put($file, $before{$file}) if defined $before{$file};
		unlink "$copy/build/gcc-release/" . ($file =~ s/c$/o/r);
	}
}
my @never = grep { !$met{$_} } @$rules;
$n++;
print @never ? 'not ' : '', "ok $n - every rule has been seen to fail\n";
print "# never: $_\n" for @never;
