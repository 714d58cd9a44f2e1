#!/usr/bin/perl
# Goal: the sources keep the rules of the house that a machine can see.  Each
# rule is one TAP test; each breach is printed as file:line.
#
#   perl tests/tidy.t [ROOT]
#
# ROOT is the top of the sources, the current directory otherwise.  The rules
# about symbols read the objects of a gcc release build, which is made first.
# tests/tidy_selftest.t shows for each rule that it can fail.
use strict;
use warnings;
use Encode qw(encode_utf8);
use FindBin;
use JSON::PP qw(decode_json);
use lib "$FindBin::Bin/lib";
use Sources;

chdir($ARGV[0] // '.') or die "tidy: cannot enter $ARGV[0]: $!\n";
look();

my %level = (proto => 0, core => 1, net => 2, cli => 3);
my @rules;    # [name, sub that returns its breaches]

sub rule { push @rules, [@_] }

sub build
{
	my $out = `make -s --no-print-directory CC=gcc BUILD=release objects 2>&1 </dev/null`;
	return () if $? == 0;
	my @hits = map { /^\s*(\S+?:\d+):(?:\d+:)? (?:fatal )?(error: .*)/ ? "$1: $2" : () } lines($out);
	return @hits ? @hits : grep { length } lines($out);
}

rule 'the rooms build with gcc, release, without a warning' => \&build;

# ---- Rooms ----------------------------------------------------------------

rule 'includes point downwards and are written from the root' => sub {
	my @hits;
	for my $file (@rooms, @tests) {
		my ($room, $below) = $file =~ m{^(\w+)/(?:(\w+)/)?};
		my $n = 0;
		for my $line (lines(text($file))) {
			$n++;
			my ($to) = $line =~ /^\s*#\s*include\s+"([^"]*)"/ or next;
			my ($other, $sub) = $to =~ m{^(\w+)/(?:(\w+)/)?};
			if ($to !~ m{^(?:proto|core|net|cli|tests)/[\w/]+\.h$} || !-f $to) {
				push @hits, "$file:$n: \"$to\" is not a header written from the root";
			} elsif ($room ne 'tests' && ($other eq 'tests' || $level{$other} > $level{$room})) {
				push @hits, "$file:$n: $room/ must not include $to";
			} elsif ($room eq 'net' && $other eq 'net' && defined $below
			    && defined $sub && $sub ne $below) {
				push @hits, "$file:$n: net/$below/ must not include net/$sub/";
			}
		}
	}
	return @hits;
};

# Headers of C and POSIX, and of the system below them; all others are of a
# third party.
my %system = map { $_ => 1 } qw(assert.h complex.h ctype.h errno.h fenv.h
    float.h inttypes.h iso646.h limits.h locale.h math.h setjmp.h signal.h
    stdalign.h stdarg.h stdatomic.h stdbool.h stddef.h stdint.h stdio.h
    stdlib.h stdnoreturn.h string.h tgmath.h threads.h time.h uchar.h wchar.h
    wctype.h dirent.h fcntl.h fnmatch.h ftw.h getopt.h glob.h grp.h ifaddrs.h
    langinfo.h libgen.h netdb.h poll.h pthread.h pwd.h regex.h sched.h
    semaphore.h spawn.h strings.h syslog.h termios.h unistd.h utime.h);
my %place = (
	'lmdb.h' => 'core/env.h', 'sodium.h' => 'proto/crypto.c',
	'openssl' => 'proto/crypto.c', 'msgpack.h' => 'proto/codec.c',
	'zstd.h' => 'proto/squeeze.c', 'jansson.h' => 'proto/json.c',
	'utf8proc.h' => 'proto/text.c', 'qrencode.h' => 'cli/qr.c',
	'libgfshare.h' => 'proto/split.c', 'xxhash.h' => 'proto/bytes.c',
	'microhttpd.h' => 'net/http/server.c');
my $machine = qr{^net/peer/(?:session|machine)};

rule 'a third-party header is included by exactly one file' => sub {
	my (@hits, %seen);
	for my $file (@rooms) {
		my $n = 0;
		for my $line (lines(text($file))) {
			$n++;
			my ($to) = $line =~ /^\s*#\s*include\s+<([^>]*)>/ or next;
			my $library = $to =~ m{^(openssl|msgpack)/} ? $1 : $to;
			$library = 'msgpack.h' if $library eq 'msgpack';
			$library = 'zstd.h' if $library =~ /^z(?:std_errors|dict)\.h$/;
			$library = 'uv.h' if $library =~ m{^uv/};
			next if $library eq 'uv.h' || $system{$library};
			next if $library =~ m{^(?:sys|linux|net|netinet|arpa)/};
			my $owner = $place{$library} // ($seen{$library} //= $file);
			push @hits, "$file:$n: <$to> belongs to $owner alone" if $file ne $owner;
		}
	}
	return @hits;
};

# Everything that $file includes, directly or not.
sub reach
{
	my ($file, $seen) = @_;
	return () if $seen->{$file}++ || !-f $file;
	my @to = text($file) =~ /^\s*#\s*include\s+"([^"]*)"/gm;
	return ($file, map { reach($_, $seen) } @to);
}

rule 'uv.h is included by net/ alone, and not by the machines' => sub {
	my $uv = qr{^\s*#\s*include\s+<uv(?:\.h|/)};
	my @hits = map { hits($_, text($_), $uv, 'only net/ knows libuv') }
	    grep { !m{^net/} } @rooms;
	for my $file (grep { $_ =~ $machine } @rooms) {
		for my $other (reach($file, {})) {
			my ($hit) = hits($other, text($other), $uv, "a machine ($file) must not reach libuv");
			push @hits, $hit if $hit;
		}
	}
	return @hits;
};

# ---- Layout ---------------------------------------------------------------

rule 'clang-format has nothing to change' => sub {
	my @files = (@rooms, @tests) or return ();
	my @out = `clang-format --dry-run --Werror --ferror-limit=0 @files 2>&1`;
	my $failed = $? != 0;
	my %seen;
	my @hits = map { /^(\S+?:\d+):\d+: error: code should be/ && !$seen{$1}++
	    ? "$1: is laid out otherwise" : () } @out;
	return @hits if @hits || !$failed;
	return map { s/\n//r } @out, 'clang-format: failed';
};

rule 'no function has 70 lines' => sub {
	my @hits;
	for my $file (@rooms, @tests) {
		for my $f (functions($file)) {
			# The list of tests in a main is a table, not code.
			next if $f->{name} eq 'main' && $file =~ m{^tests/};
			my $n = $f->{last} - $f->{line} + 1;
			push @hits, "$file:$f->{line}: $f->{name} has $n lines" if $n >= 70;
		}
	}
	return @hits;
};

rule 'no file has more than 600 lines' => sub {
	return map { my $n = () = text($_) =~ /\n/g;
		$n > 600 ? "$_:$n: has $n lines" : () } @rooms, @tests, @scripts;
};

rule 'the Makefile has under 150 lines and calls no other make' => sub {
	my $n = () = text('Makefile') =~ /\n/g;
	return (($n >= 150 ? "Makefile:$n: has $n lines" : ()),
	    hits('Makefile', text('Makefile'), qr/\$\(MAKE\)|\$\{MAKE\}/));
};

rule 'the Makefile asks for every warning, as an error' => sub {
	my $t = text('Makefile');
	return map { $t =~ /(?<!\S)\Q$_\E(?!\S)/ ? () : "Makefile:1: does not ask for $_" }
	    qw(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes
	    -Wmissing-prototypes -Wvla -Wcast-qual -Wwrite-strings -Wundef -Wformat=2
	    -Wswitch -Wdate-time -Werror -std=c17);
};

rule 'no function has more than 5 parameters' => sub {
	my @hits;
	for my $file (@rooms) {
		next if text($file) =~ /<microhttpd\.h>/;    # its callbacks have 8
		for my $f (functions($file), $file =~ /h$/ ? prototypes($file) : ()) {
			my $head = $f->{head} // substr($f->{text}, index($f->{text}, $f->{name} . '('));
			my $n = parameters($head);
			push @hits, "$file:$f->{line}: $f->{name} has $n parameters" if $n > 5;
		}
	}
	return @hits;
};

# ---- Language -------------------------------------------------------------

rule 'goto goes forward, to the one label out' => sub {
	my @hits;
	for my $file (@rooms, @tests) {
		for my $f (functions($file)) {
			my ($n, $out) = ($f->{first} - 1, undef);
			for my $line (@{ $f->{body} }) {
				$n++;
				if ($line =~ /^\s*(\w+):\s*(?:;\s*)?$/ && $1 ne 'default') {
					push @hits, "$file:$n: label '$1'" if $1 ne 'out';
					$out = $n;
				}
				next unless $line =~ /\bgoto\s+(\w+)/;
				push @hits, "$file:$n: goto $1" if $1 ne 'out';
				push @hits, "$file:$n: goto goes back to line $out" if $1 eq 'out' && $out;
			}
		}
	}
	return @hits;
};

rule 'there is no alloca' => sub {
	return map { hits($_, code($_), qr/\balloca\b/) } @rooms, @tests;
};

rule 'attributes are written through the macros of proto/base.h' => sub {
	return map { hits($_, code($_), qr/__attribute__|\b_Noreturn\b|\[\[|\b__builtin_\w+/) }
	    grep { $_ ne 'proto/base.h' } @rooms, @tests;
};

rule 'typedef is for function types only' => sub {
	my @hits;
	for my $file (@rooms, @tests) {
		my $t = code($file);
		while ($t =~ /\btypedef\b([^;{]*)[;{]/g) {
			my ($what, $at) = ($1, $-[0]);
			next if $what =~ /\(/ && $what !~ /^\s*struct\s*\{/;
			push @hits, "$file:" . (1 + (substr($t, 0, $at) =~ tr/\n//)) . ': typedef';
		}
	}
	return @hits;
};

# ---- Files, headers, names ------------------------------------------------

rule 'thing.c exports only thing_*' => sub {
	my @hits;
	for my $file (@c) {
		my ($thing) = $file =~ m{(\w+)\.c$};
		for my $symbol (symbols($file)) {
			my ($type, $name) = @$symbol;
			next unless $type =~ /^[TRDBCGSVW]$/ && $name !~ /^\Q$thing\E_/;
			next if $name eq 'main' && $file eq 'cli/main.c';
			my ($at) = hits($file, code($file), qr/\b\Q$name\E\b/, '');
			my ($line) = ($at // ':1:') =~ /:(\d+):/;
			push @hits, "$file:$line: exports $name";
		}
	}
	return @hits;
};

rule 'what thing.c exports stands in thing.h' => sub {
	my @hits;
	for my $file (@c) {
		my $header = $file =~ s/c$/h/r;
		my $known = -f $header ? code($header) : '';
		for my $symbol (symbols($file)) {
			my ($type, $name) = @$symbol;
			next unless $type =~ /^[TRDBCGSVW]$/;
			next if $name eq 'main' && $file eq 'cli/main.c';
			my ($thing) = $file =~ m{(\w+)\.c$};
			next unless $name =~ /^\Q$thing\E_/;    # the rule above says so
			my ($at) = hits($file, code($file), qr/^\Q$name\E\(|\b\Q$name\E\b/, '');
			my ($line) = ($at // ':1:') =~ /:(\d+):/;
			push @hits, "$file:$line: $name does not stand in $header"
			    unless $known =~ /\b\Q$name\E\b/;
		}
	}
	return @hits;
};

rule 'a header stands alone' => sub {
	return () unless @h;
	my @out = `gcc -std=c17 -Werror -I. -D_POSIX_C_SOURCE=200809L -fsyntax-only -x c @h 2>&1`;
	return () if $? == 0;
	my @hits = map { /^(\S+?:\d+):\d+: (?:fatal )?error: (.*)/ ? "$1: $2" : () } @out;
	return @hits ? @hits : 'gcc: failed';
};

rule 'a header is guarded by its path' => sub {
	return map {
		my $guard = 'GOLMOK_' . uc(s{\W}{_}gr);
		text($_) =~ /\A#ifndef $guard\n#define $guard\n/ ? () : "$_:1: is not guarded by $guard";
	} @h;
};

rule 'every .c file opens with a paragraph on what it is for' => sub {
	return map { text($_) =~ m{\A/\*[^\n]*(?:\n[^\n]*?)?\w.*?\*/}s ? () : "$_:1: has none" }
	    @c, grep { /\.c$/ } @tests;
};

rule 'a prototype in a header has its comment above it' => sub {
	my @hits;
	for my $file (@h) {
		my @line = lines(comments($file));
		my @whole = lines(text($file));
		for my $p (prototypes($file)) {
			# Up to the head of its paragraph: one comment may stand
			# for a group.
			my $top = $p->{line} - 1;
			my $found = 0;
			while ($top > 0) {
				$top--;
				last if $whole[$top] !~ /\S/;
				$found = 1 if $line[$top] =~ m{^(?:/\*| \*)};
			}
			push @hits, "$file:$p->{line}: $p->{name} has no comment" unless $found;
		}
	}
	return @hits;
};

# ---- Errors ---------------------------------------------------------------

rule 'a function of a header that can fail is MUST_USE' => sub {
	my @hits;
	for my $file (@h) {
		for my $p (prototypes($file)) {
			next unless $p->{result} =~ /\benum\s+err\s*$/;
			push @hits, "$file:$p->{line}: $p->{name} is not MUST_USE"
			    unless $p->{text} =~ /\bMUST_USE\b/;
		}
	}
	return @hits;
};

rule 'an error is born in err_set' => sub {
	my @hits;
	for my $file (@rooms) {
		my $t = code($file);
		while ($t =~ /\breturn\b[^;()]*\b(ERR_(?!OK\b)\w+)[^;()]*;/g) {
			push @hits, "$file:" . (1 + (substr($t, 0, $-[1]) =~ tr/\n//)) . ": bare return of $1";
		}
	}
	return @hits;
};

rule 'a table of error codes has no default' => sub {
	my @hits;
	for my $file (@rooms) {
		for my $f (functions($file)) {
			my $body = join("\n", @{ $f->{body} });
			my $codes = () = $body =~ /\bcase ERR_/g;
			next unless $codes > 0 && ($codes >= 8
			    || $f->{name} =~ /(?:exit_status|http_status|close_reason)$/);
			push @hits, "$file:$f->{line}: $f->{name} has a default" if $body =~ /\bdefault\s*:/;
		}
	}
	return @hits;
};

# ---- What the lower rooms never do ---------------------------------------

my @pure = grep { m{^(?:proto|core)/} } @c;

rule 'proto/ and core/ read no clock' => sub {
	return uses(qr/^(?:time|ftime|gettimeofday|clock|clock_gettime|timespec_get|localtime(?:_r)?|mktime|tzset|u?sleep|nanosleep|clock_nanosleep|timer_\w+|alarm)$/,
	    'reads or waits for a clock', @pure);
};

rule 'proto/ and core/ draw no random numbers' => sub {
	return uses(qr/^(?:s?rand(?:_r)?|s?random(?:_r)?|[dlmejn]rand48|arc4random\w*|getrandom|getentropy|randombytes\w*|RAND_\w+|crypto_(?!\w+_seed_keypair)\w+_(?:keygen|keypair)|crypto_box_seal|uuid_\w+)$/,
	    'draws random numbers', @pure);
};

rule 'only cli/ prints' => sub {
	return uses(qr/^(?:v?printf|v?dprintf|puts|putchar|putc|perror|stdout|stderr|v?syslog|openlog|err|errx|warn|warnx)$/,
	    'prints or logs', grep { !m{^cli/} } @c);
};

rule 'only cli/main.c exits' => sub {
	return uses(qr/^(?:exit|_exit|_Exit|quick_exit)$/, 'exits',
	    grep { $_ ne 'cli/main.c' } @c);
};

rule 'memory comes from proto/mem.h' => sub {
	return uses(qr/^(?:malloc|calloc|realloc|reallocarray|free|aligned_alloc|posix_memalign|(?:str|strn|__str|__strn)dup|v?asprintf|open_memstream)$/,
	    'asks the heap itself', grep { $_ ne 'proto/mem.c' } @c);
};

rule 'proto/ touches no file, socket or thread' => sub {
	return uses(qr/^(?:open|openat|fopen|fdopen|read|write|pread|pwrite|mmap|socket|connect|send|recv|pthread_create|thrd_create|fork|execv\w*|system|getenv|secure_getenv|setlocale)$/,
	    'reaches outside', grep { m{^proto/} } @c);
};

# In which order the arguments of a call are worked out, each compiler decides.
rule 'a statement draws one number' => sub {
	my @hits;
	for my $file (@c) {
		my $n = 1;
		for my $statement (split /(?<=[;{}])/, code($file)) {
			my @draws = $statement =~ /\w*prng_(?:next|u64|below|chance|pick|poisson)\(/g;
			push @hits, "$file:" . ($n + ($statement =~ /\A(\s*)/ ? $1 =~ tr/\n// : 0)) . ': draws twice, in any order'
			    if @draws > 1 && $statement !~ /&&|\|\||\?|\b(?:if|for|while) \(/;
			$n += $statement =~ tr/\n//;
		}
	}
	return @hits;
};

# ---- Words ----------------------------------------------------------------

my @words = grep { !m{\.(?:json|tsv|csv|txt|bin|png|ico|svg)$} } @all;

rule 'nothing is left for later' => sub {
	return map { hits($_, text($_), qr/\b(?:TO[D]O|FIX[M]E|X[X]X|HA[C]K)\b/) } @words;
};

rule 'there are no licence banners' => sub {
	return map { hits($_, text($_), qr/copy[r]ight|SPDX-[L]icense|all [r]ights reserved|[l]icensed under/i) }
	    @rooms, @tests, @scripts;
};

rule 'there is no commented-out code' => sub {
	my $statement = qr{^(?:
		[\w.>\[\]-]+\([^`]*\);
		| return(?:\ [\w.>()-]+)?;
		| (?:goto\ \w+|break|continue);
		| (?:static\ |const\ |unsigned\ |struct\ \w+\ )*\*?\w[\w.>\[\]-]*(?:\ \*?\w[\w\[\]]*)?\ [-+|&^*/]?=\ [^=`]*;
		| (?:\}\ *else\ *)?(?:if|for|while|switch)\ \(.*\)\ *\{?
		| \}\ *(?:else\ *\{?)?
		| \#\ *(?:include|define|if|ifdef|ifndef|endif|else)\b.*
		)$}x;
	my @hits;
	for my $file (@rooms, @tests) {
		my $n = 0;
		for my $line (lines(comments($file))) {
			$n++;
			my $said = $line =~ s{\s*\*/\s*$}{}r;
			$said =~ s{^\s*(?:/\*+|//+|\*)}{} or $said =~ s{^.*?(?:/\*+|//+)}{};
			# An example in a header stands indented.
			next if $file =~ /h$/ && $said =~ /^(?: {4}|\t)/;
			$said =~ s/^\s+|\s+$//g;
			push @hits, "$file:$n: '$said'" if $said =~ $statement;
		}
		push @hits, hits($file, code($file), qr/^\s*#\s*if\s+0\b/);
	}
	return @hits;
};

rule 'nothing names the machine or the tools it was written with' => sub {
	my $words = qr{(?<![\w.])/(?:wor[k]|tmp/bas[h])\b|bash_jo[b]s|\b(?:cla[u]de|anthro[p]ic|chatg[p]t|open[a]i|copi[l]ot|sub-?ag[e]nts?|language\ mo[d]els?|ai\ ass[i]stants?|co-authored-b[y])\b}ix;
	return map { hits($_, text($_), $words) } @words;
};

# What the pack compiled in calls its collections, as far as the words are not
# plain ones that the engine has for itself.
rule 'nothing of a domain is in proto/, core/ or net/' => sub {
	my %plain = map { $_ => 1 } qw(case service report session program resource
	    notice metric contest poll staff zone transfer person match_key);
	my $pack = decode_json(text("$FindBin::Bin/../proto/packs/chatdong.json"));
	my @names = grep { !$plain{$_} } map { $_->{name} } @{ $pack->{collections} };
	my @roles = map { encode_utf8($_->{name}) } @{ $pack->{roles} };
	my $names = join('|', map { quotemeta } @names);
	my $korean = join('|', map { quotemeta } @roles, '찾동', '찾아가는', '골목회의', '복지', '돌봄');
	my @hits;
	for my $file (grep { m{^(?:proto|core|net)/} && !m{^proto/packs/} } @rooms) {
		my $said = text($file);
		$said =~ s{embed_chatdong|packs/chatdong\.json}{}g if $file eq 'core/pack.c';
		$said =~ s{\b\w+_visit\b}{}g;    # walks
		push @hits, hits($file, $said, qr/(?<![A-Za-z])(?:$names)s?(?![A-Za-z])|chatdong|$korean/);
	}
	return @hits;
};

# ---- Documents ------------------------------------------------------------

rule 'links in the documents lead to files' => sub {
	my @hits;
	for my $page (@pages) {
		my ($dir) = $page =~ m{^(.*/)}; $dir //= '';
		my $n = 0;
		for my $line (lines(text($page))) {
			$n++;
			while ($line =~ /\]\(<?([^()\s>]+)>?(?:\s+"[^"]*")?\)/g) {
				my $to = $1 =~ s/#.*//r;
				next if $to eq '' || $to =~ /^(?:https?|mailto):/;
				push @hits, "$page:$n: $to is not there" unless -e "$dir$to";
			}
		}
	}
	return @hits;
};

rule 'docs/architecture.md names every file in its room, and none that is not there' => sub {
	my $map = 'docs/architecture.md';
	return 'SKIP' unless -f $map;
	my (@hits, %named, @globs, $room);
	my $n = 0;
	for my $line (lines(text($map))) {
		$n++;
		$room = $line =~ m{^### ((?:proto|core|net|cli)(?:/\w+)*)/$} ? $1 : undef if $line =~ /^#/;
		my ($cell) = $line =~ /^\|\s*([^|]*?)\s*\|/;
		while (defined $room && defined $cell && $cell =~ m{([\w*]+)\.(c\b|h\b|\[ch\])}g) {
			my ($base, $ends) = ($1, $2);
			for my $path (map { "$room/$base.$_" } $ends =~ /[ch]/g) {
				$named{$path} = 1;
				push @globs, quotemeta($path) =~ s/\\\*/\\w*/gr if $path =~ /\*/;
				push @hits, "$map:$n: $path is not there" unless $path =~ /\*/ || -f $path;
			}
		}
		while ($line =~ m{\b((?:proto|core|net|cli)/[\w/]+\.[ch])\b}g) {
			push @hits, "$map:$n: $1 is not there" unless -f $1;
		}
	}
	for my $file (@c, @h) {
		next if $named{$file} || grep { $file =~ /^$_$/ } @globs;
		push @hits, "$file:1: is not named in $map";
	}
	return @hits;
};

# ---- Tests ----------------------------------------------------------------

rule 'the top level holds only what the plan names' => sub {
	my %known = map { $_ => 1 } qw(Makefile README.md core net cli proto tests docs build demo);
	opendir(my $dir, '.') or die "cannot list the top level: $!\n";
	return map { "$_:1: belongs into a room" } grep { !/^\./ && !$known{$_} } sort readdir $dir;
};

rule 'an end-to-end test is numbered, says its goal, and never sleeps' => sub {
	my @hits;
	for my $file (grep { m{^tests/e2e/[^/]*\.t$} } @all) {
		push @hits, "$file:1: is not named NN-name.t" unless $file =~ m{/\d\d-[a-z0-9-]+\.t$};
		push @hits, "$file:2: does not say its goal" unless text($file) =~ /\A#![^\n]*\n# \w/;
		push @hits, hits($file, text($file) =~ s/^\s*#.*//gmr, qr/\bsleep\s/);
	}
	return @hits;
};

# ---- The run --------------------------------------------------------------

print '1..', scalar(@rules), "\n";
my ($number, $failed) = (0, 0);
for my $rule (@rules) {
	my ($name, $check) = @$rule;
	my %seen;
	my @hits = grep { !$seen{$_}++ } map { s{^\./}{}r } $check->();
	$number++;
	if (@hits == 1 && $hits[0] eq 'SKIP') {
		print "ok $number - $name # SKIP optional until that page exists\n";
	} elsif (@hits) {
		print "not ok $number - $name\n";
		print "#   $_\n" for @hits;
		$failed++;
	} else {
		print "ok $number - $name\n";
	}
}
exit($failed > 0 ? 1 : 0);
