#!/usr/bin/perl
# What a crash could leave on a disk, made from a recorded trace of writes and
# syncs (tests/crash/record.c), and looked at by tests/crash/deeds.c.
#
#   perl tests/crash/images.pl PROGRAMS IMAGES SEED [AT]
#
# PROGRAMS is the directory of the built programs.  Each image has all that was
# synced; of what was written since, any subset, in any order, torn at sectors;
# of names made, renamed and removed since their directory was synced, any
# leading part.  AT makes image number AT alone.  DROP=data, DROP=file or
# DROP=names lets the disk forget syncs of that kind: then something must be
# found.  KEEP=DIR leaves the image there.
use strict;
use warnings;
use File::Path qw(remove_tree make_path);
use File::Temp qw(tempdir);

my ($programs, $images, $seed, $only) = @ARGV;
die "images.pl PROGRAMS IMAGES SEED [AT]\n" if !defined $seed;
my $drop = $ENV{DROP} // '';
my $base = tempdir('golmok-crash-XXXXXX', DIR => (-w '/dev/shm' ? '/dev/shm' : '/tmp'), CLEANUP => 1);
my $HEAD = 4 + 4 * 3 + 8 * 3;

# ---- the trace --------------------------------------------------------------

# Plays the deeds under the recorder; what happened, in order.
sub record
{
	my $root = "$base/root";
	mkdir $root or die "$root: $!\n";
	my $pid = fork() // die "fork: $!\n";
	if ($pid == 0) {
		@ENV{qw(RECORD_ROOT RECORD_TRACE LD_PRELOAD)} =
		    ("$root/golmok-", "$base/trace", "$programs/record.so");
		exec "$programs/deeds", 'play', $root;
	}
	waitpid($pid, 0);
	die "the deeds failed: $?\n" if $?;
	open(my $in, '<:raw', "$base/trace") or die "trace: $!\n";
	local $/;
	my $all = <$in>;
	my ($at, @events) = (0);
	my $top;
	while ($at < length $all) {
		my ($kind, $n, $m, $d, $file, $where, $synced) = unpack('Z4 L3 Q3', substr($all, $at, $HEAD));
		$at += $HEAD;
		my $path = substr($all, $at, $n);
		my $other = substr($all, $at + $n, $m);
		my $data = substr($all, $at + $n + $m, $d);
		$at += $n + $m + $d;
		($top) = $path =~ m{^(\Q$root\E/[^/]+)} if !defined $top && $path ne '';
		s{^\Q$top\E/?}{} for grep { defined $top } $path, $other;
		push @events, { kind => $kind, path => $path, other => $other, data => $data,
			file => $file, at => $where, synced => $synced };
	}
	remove_tree($root);
	return @events;
}

# ---- the disk ---------------------------------------------------------------

# A disk: `now` and `disk` are names -> inodes by directory; inodes have
# `bytes`, which are durable, and `open`, writes that are not.
sub split_path { my ($dir, $name) = ($_[0] // '') =~ m{^(?:(.*)/)?([^/]+)$}; return ($dir // '', $name) }

sub apply_write
{
	my ($inode, $write, $parts) = @_;
	if ($write->{kind} eq 'siz') {
		my $n = length $inode->{bytes};
		$inode->{bytes} .= "\0" x ($write->{at} - $n) if $write->{at} > $n;
		substr($inode->{bytes}, $write->{at}) = '' if $write->{at} < $n;
		return;
	}
	if ($write->{kind} eq 'gro') {
		$inode->{room} = $write->{at};
		return;
	}
	for my $part (@{ $parts // [[0, length $write->{data}]] }) {
		my ($from, $n) = @$part;
		my $at = $write->{at} + $from;
		$inode->{bytes} .= "\0" x ($at - length $inode->{bytes}) if $at > length $inode->{bytes};
		substr($inode->{bytes}, $at, $n) = substr($write->{data}, $from, $n);
	}
}

# One change of names: a list of [directory, name, inode or undef], all or none.
sub apply_names
{
	my ($tree, $change) = @_;
	for (@$change) {
		my ($dir, $name, $to) = @$_;
		if (defined $to) { $tree->{$dir}{$name} = $to }
		else { delete $tree->{$dir}{$name} }
	}
}

# Directories are inodes, too, with a number below zero.
my ($next_dir);
sub dir_of
{
	my ($disk, $path) = @_;
	my $at = -1;
	for (grep { length } split m{/}, $path) {
		$at = $disk->{now}{$at}{$_} // return undef;
	}
	return $at;
}

sub step
{
	my ($disk, $event) = @_;
	my $kind = $event->{kind};
	my ($dir, $name) = split_path($event->{path});
	$dir = dir_of($disk, $dir);
	$kind = '' if !defined $name && $kind ne 'syn';
	my @change;
	if ($kind eq 'new') {
		$disk->{inodes}{ $event->{file} } = { bytes => '', open => [] };
		@change = ([$dir, $name, $event->{file}]);
	} elsif ($kind eq 'mkd') {
		@change = ([$dir, $name, --$next_dir]) if defined $name;
	} elsif ($kind eq 'unl') {
		@change = ([$dir, $name, undef]);
	} elsif ($kind eq 'ren' || $kind eq 'lnk') {
		my ($to, $as) = split_path($event->{other});
		$to = dir_of($disk, $to);
		@change = ([$to, $as, $disk->{now}{$dir}{$name}]);
		push @change, [$dir, $name, undef] if $kind eq 'ren';
	} elsif ($kind eq 'wri' || $kind eq 'siz' || $kind eq 'gro') {
		my $inode = $disk->{inodes}{ $event->{file} } // return;
		if ($kind eq 'wri' && $event->{synced} && $drop ne 'data') {
			apply_write($inode, $event);
		} else {
			push @{ $inode->{open} }, $event;
		}
	} elsif ($kind eq 'syn' && $event->{at}) {
		my $at = dir_of($disk, $event->{path});
		return if $drop eq 'names' || !defined $at;
		apply_names($disk->{disk}, $_) for @{ $disk->{names}{$at} // [] };
		$disk->{names}{$at} = [];
	} elsif ($kind eq 'syn') {
		my $inode = $disk->{inodes}{ $event->{file} } // return;
		my $is_data = $event->{path} =~ /data\.mdb/;
		return if ($drop eq 'data' && $is_data) || ($drop eq 'file' && !$is_data);
		apply_write($inode, $_) for @{ $inode->{open} };
		$inode->{open} = [];
	}
	return if !@change;
	apply_names($disk->{now}, \@change);
	push @{ $disk->{names}{ $change[0][0] } }, \@change;
}

# ---- one image --------------------------------------------------------------

# Numbers that the seed gives, whatever perl's own do.
my $state;
sub draw
{
	my ($n) = @_;
	$state = ($state * 6364136223846793005 & 0xffffffff) ^ ($state >> 13);
	$state = ($state * 1103515245 + 12345) & 0x7fffffff;
	return ($state >> 8) % $n;
}

# Sectors of a write that came through, as runs of bytes.
sub sectors
{
	my ($write, $size, $kept) = @_;
	my ($n, @parts) = (length $write->{data});
	for (my $from = 0; $from < $n;) {
		my $end = $from + $size - ($write->{at} + $from) % $size;
		$end = $n if $end > $n;
		push @parts, [$from, $end - $from] if draw(100) < $kept;
		$from = $end;
	}
	return \@parts;
}

# A crash just behind event $p: what is on the disk then.
sub crash
{
	my ($disk) = @_;
	my $mood = draw(5);    # nothing more, all of it, or any part
	my $kept = (0, 100, 50, 10, 90)[$mood];
	my $size = (512, 4096)[draw(2)];
	for my $dir (sort { $b <=> $a } keys %{ $disk->{names} }) {
		my @open = @{ $disk->{names}{$dir} };
		my $n = $mood == 0 ? 0 : $mood == 1 ? @open : draw(@open + 1);
		apply_names($disk->{disk}, $_) for @open[0 .. $n - 1];
	}
	for my $file (sort { $a <=> $b } keys %{ $disk->{inodes} }) {
		my $inode = $disk->{inodes}{$file};
		my @open = @{ $inode->{open} };
		# The order in which a disk writes is its own affair.
		for (my $i = @open - 1; $i > 0 && $mood > 1; $i--) {
			my $k = draw($i + 1);
			@open[$i, $k] = @open[$k, $i];
		}
		for my $write (@open) {
			next if $kept == 0;
			apply_write($inode, $write,
				$write->{kind} eq 'wri' && $kept < 100 ? sectors($write, $size, $kept) : undef)
			    if $write->{kind} eq 'wri' || draw(100) < $kept;
		}
	}
}

sub write_out
{
	my ($disk, $dir, $to) = @_;
	mkdir $to or die "$to: $!\n";
	for my $name (sort keys %{ $disk->{disk}{$dir} // {} }) {
		my $inode = $disk->{disk}{$dir}{$name};
		if ($inode < 0) {
			write_out($disk, $inode, "$to/$name");
			next;
		}
		open(my $out, '>:raw', "$to/$name") or die "$to/$name: $!\n";
		print $out $disk->{inodes}{$inode}{bytes};
		truncate($out, $disk->{inodes}{$inode}{room}) or die "$name: $!\n"
		    if ($disk->{inodes}{$inode}{room} // 0) > 0;
		close($out) or die "$to/$name: $!\n";
	}
}

# What the program had said by then, as deeds.c takes it: by node.
sub said
{
	my ($disk, @acks) = @_;
	my (%nodes, @rest, %seen);
	for (split /^/, join '', @acks) {
		chomp;
		if (/^store (\S+)/) { unshift @{ $nodes{$1} }, $_ }
		elsif (/^record (\S+)/) { push @{ $nodes{$1} }, $_ if !$seen{$_}++ }
		elsif (/^file/) { push @rest, $_ }
	}
	my $begun = grep { /^begin/ } @acks;
	my $ended = grep { /^end/ } @acks;
	unshift @rest, 'rebuilding' if $begun > $ended;
	my $damaged = grep { /^damage/ } @acks;
	my $repaired = grep { /^repaired/ } @acks;
	unshift @rest, 'damaged' if $damaged > $repaired;
	for my $name (sort keys %{ $disk->{disk}{-1} // {} }) {
		unshift @{ $nodes{$name} }, "maybe $name" if $name =~ /^node\d+$/;
	}
	return join '', map { "$_\n" } @rest, map { @{ $nodes{$_} } } sort keys %nodes;
}

my @events = record();
my $syncs = grep { $_->{kind} eq 'syn' } @events;
my $bytes = 0;
$bytes += length $_->{data} for grep { $_->{kind} eq 'wri' } @events;
printf "# %d events: %d syncs, %d KiB written\n", scalar @events, $syncs, $bytes / 1024;
my ($found, $made) = (0, 0);
for my $at (defined $only ? $only : 0 .. $images - 1) {
	$state = ($seed * 7919 + $at * 104729 + 1) & 0x7fffffff;
	draw(2) for 1 .. 8;
	my $p = draw(scalar @events);
	my %disk = (now => {}, disk => {}, names => {}, inodes => {});
	$next_dir = -1;
	my @acks;
	for my $event (@events[0 .. $p]) {
		if ($event->{kind} eq 'ack') { push @acks, $event->{data} }
		else { step(\%disk, $event) }
	}
	crash(\%disk);
	my $said = said(\%disk, @acks);
	my $image = $ENV{KEEP} // "$base/image";
	write_out(\%disk, -1, $image);
	open(my $in, '>', "$base/said") or die "said: $!\n";
	print $in $said;
	close($in);
	my $out = `$programs/deeds check $image <$base/said 2>&1`;
	$made++;
	if ($?) {
		$found++;
		print $out;
		printf "image %d of seed %d (behind event %d) is wrong, status %d; again: "
		    . "%sperl tests/crash/images.pl %s 1 %d %d\n", $at, $seed, $p, $? >> 8 || $?,
		    ($drop ? "DROP=$drop " : ''), $programs, $seed, $at;
		last if $drop;
	}
	remove_tree($image) if !$ENV{KEEP};
}
printf "# %d images of seed %d: %d wrong\n", $made, $seed, $found;
exit($found > 0);
