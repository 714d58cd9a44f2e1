# Reads C as far as tests/tidy.t needs it: files, comments, functions,
# prototypes, and the symbols of objects.  Relies on the layout of clang-format.
# Everything is relative to the current directory.
package Sources;
use strict;
use warnings;
use Exporter 'import';
use File::Find;
our @EXPORT = qw(@all @rooms @c @h @tests @scripts @pages look text code
    comments lines hits functions prototypes parameters symbols uses);

our (@all, @rooms, @c, @h, @tests, @scripts, @pages);

# ---- What there is to look at -------------------------------------------

# Lists the files; to be called once, from the top of the sources.
sub look
{
	find({
		no_chdir => 1,
		wanted => sub {
			my $path = $File::Find::name =~ s{^\./}{}r;
			$File::Find::prune = 1 if $path =~ m{^(?:\.git|build|demo)$};
			push @all, $path if -f && $path ne '.git' && $path !~ m{~$};
		}
	}, '.');
	@all = sort @all;
	@rooms = grep { m{^(?:proto|core|net|cli)/.*\.[ch]$} } @all;
	@c = grep { /\.c$/ } @rooms;
	@h = grep { /\.h$/ } @rooms;
	@tests = grep { m{^tests/.*\.[ch]$} } @all;
	@scripts = grep { m{^Makefile$|^\.ci/|\.(?:sh|t|pl|pm)$} } @all;
	@pages = grep { m{^[^/]+\.md$|^docs/.*\.md$} } @all;
}

my (%text, %code, %functions);

sub text
{
	my ($file) = @_;
	return $text{$file} if defined $text{$file};
	open(my $in, '<', $file) or die "tidy: cannot read $file: $!\n";
	local $/;
	return $text{$file} = <$in> // '';
}

# The text with comments and the insides of literals turned into blanks, so
# that line numbers stay.
sub code
{
	my ($file) = @_;
	return $code{$file} if defined $code{$file};
	my $t = text($file);
	$t =~ s{(/\*.*?\*/|//[^\n]*)|("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')}
	    {defined $1 ? $1 =~ s/[^\n]/ /gr : substr($2, 0, 1) .
		(' ' x (length($2) - 2)) . substr($2, 0, 1)}gse;
	return $code{$file} = $t;
}

# Only the comments; the rest is blank.
sub comments
{
	my ($file) = @_;
	my $t = text($file);
	$t =~ s{(/\*.*?\*/|//[^\n]*)|("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|[^\n])}
	    {defined $1 ? $1 : ' ' x length($2)}gse;
	return $t;
}

sub lines { return split(/\n/, $_[0], -1) }

# Breaches "file:line: what" for each line of $text that $pattern matches.
sub hits
{
	my ($file, $text, $pattern, $what) = @_;
	my @hits;
	my $n = 0;
	for my $line (lines($text)) {
		$n++;
		push @hits, "$file:$n: " . ($what // "has '$&'") if $line =~ $pattern;
	}
	return @hits;
}

# Every function definition: name, line of the name, last line, head, body.
# The layout is clang-format's: a body begins and ends in the first column.
sub functions
{
	my ($file) = @_;
	return @{ $functions{$file} } if $functions{$file};
	my @line = lines(code($file));
	my @found;
	for (my $i = 0; $i < @line; $i++) {
		next unless $line[$i] =~ /^\{/;
		my $top = $i;
		$top-- while $top > 0 && $line[ $top - 1 ] =~ /^\s+\S|^\w+\(|^\)/;
		$top++ while $top < $i && $line[$top] !~ /^\w+\(/;
		my $end = $i;
		$end++ while $end < $#line && $line[$end] !~ /^\}/;
		my ($name) = $line[$top] =~ /^(\w+)\(/;
		push @found, {
			name => $name // '?', line => $top + 1, first => $i + 1,
			last => $end + 1,
			head => join(' ', @line[ $top .. $i - 1 ]),
			body => [ @line[ $i .. $end ] ],
		};
		$i = $end;
	}
	$functions{$file} = \@found;
	return @found;
}

# Every prototype of a header: name, line, its whole text, and the result.
sub prototypes
{
	my ($file) = @_;
	my $t = code($file);
	$t =~ s/^[ \t]*#(?:[^\n]*\\\n)*[^\n]*/$& =~ s{[^\n]}{ }gr/gme;
	my @found;
	while ($t =~ /^(?!typedef|static|extern|\s|\})([^;{}=]*?)\b(\w+)(\([^;{}]*);/gm) {
		my ($result, $name, $rest) = ($1, $2, $3);
		my $line = 1 + (substr($t, 0, $-[0]) =~ tr/\n//);
		push @found, { name => $name, line => $line, result => $result,
			text => "$result$name$rest" };
	}
	return @found;
}

sub parameters
{
	my ($head) = @_;
	my ($depth, $n) = (0, 1);
	for my $ch (split //, $head) {
		$depth++ if $ch eq '(';
		$depth-- if $ch eq ')';
		last if $ch eq ')' && $depth == 0;
		$n++ if $ch eq ',' && $depth == 1;
	}
	return $n;
}

# ---- Objects --------------------------------------------------------------

my $objects = 'build/gcc-release';
my %symbols;    # .c file => [[type, name], ...]

sub symbols
{
	my ($file) = @_;
	return @{ $symbols{$file} } if $symbols{$file};
	my $object = "$objects/" . ($file =~ s/c$/o/r);
	$symbols{$file} = [];
	return () unless -f $object;    # the rule about the build says so
	for my $line (`nm $object`) {
		my ($type, $name) = $line =~ /([A-Za-z]) (\S+)$/ or next;
		$name =~ s/@.*//;
		$name =~ s/^__(\w+)_chk$/$1/;
		$name =~ s/^__isoc\d+_//;
		push @{ $symbols{$file} }, [ $type, $name ];
	}
	return @{ $symbols{$file} };
}

# Where a forbidden symbol is used: the first line of the source that names it.
sub uses
{
	my ($pattern, $what, @files) = @_;
	my @hits;
	for my $file (@files) {
		for my $symbol (symbols($file)) {
			my ($type, $name) = @$symbol;
			next unless $type eq 'U' && $name =~ $pattern;
			my ($at) = hits($file, code($file), qr/^(?!\s*#).*\b\Q$name\E\b/, '');
			my ($line) = ($at // '') =~ /:(\d+):/;
			push @hits, "$file:" . ($line // 1) . ": $what: $name";
		}
	}
	return @hits;
}

1;
