#!/usr/bin/perl
# Power cuts in a virtual machine: golmok founds and writes on ext4 in a guest
# whose process is killed at any moment; what it had acknowledged must be there.
# Then disks that acknowledge writes and forget them: the store goes back in
# time, and its next meeting with a peer brings back what that one has.
# Then USB sticks, FAT and exFAT, which lose their power while bundles are written.
#
#   perl tests/crash/powercut.pl GOLMOK BUILD CUTS DROPS STICKS SEED
#
# Needs the packages of `.ci/deps powercut`; fetches a kernel into BUILD.
use strict;
use warnings;
use IPC::Open2 qw(open2);
use Time::HiRes qw(sleep);

my ($golmok, $build, $cuts, $drops, $sticks, $seed) = @ARGV;
die "powercut.pl GOLMOK BUILD CUTS DROPS STICKS SEED\n" if !defined $seed;
srand($seed);
my $failed = 0;

sub must { system(@_) == 0 or die "powercut: @_: failed\n" }
sub said { my $out = qx(@_ 2>&1); return ($out, $? >> 8) }

# ---- the machine ------------------------------------------------------------

sub kernel
{
	my ($there) = glob("$build/kernel/boot/vmlinuz-*");
	return $there if defined $there;
	my ($name) = qx(apt-cache depends linux-image-amd64) =~ /Depends: (linux-image-\S+)/
	    or die "powercut: apt knows no linux-image-amd64: apt-get update\n";
	must('sh', '-c', "cd '$build' && apt-get download -qq $name 2>/dev/null && dpkg-deb -x $name*.deb kernel && rm -f $name*.deb");
	($there) = glob("$build/kernel/boot/vmlinuz-*");
	return $there // die "powercut: no kernel in $name\n";
}

# busybox, golmok, dmsetup with their libraries, the modules, and guest.sh.
sub initrd
{
	my $root = "$build/root";
	must('rm', '-rf', $root);
	must('mkdir', '-p', map { "$root/$_" } qw(bin proc sys dev modules data peer));
	must('cp', '/bin/busybox', "$root/bin/busybox");
	must('cp', $golmok, "$root/bin/golmok");
	must('cp', '/sbin/dmsetup', "$root/bin/dmsetup");
	for my $lib (map { qx(ldd $_) =~ m{(/\S+\.so\S*)}g } $golmok, '/sbin/dmsetup') {
		my ($dir) = $lib =~ m{^(.*)/};
		must('mkdir', '-p', "$root$dir");
		must('cp', '-L', $lib, "$root$lib");
	}
	for (qw(crc16 crc32c_generic libcrc32c mbcache jbd2 ext4 dax dm-mod dm-flakey virtio
		virtio_ring virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk
		nls_cp437 nls_ascii nls_utf8 fat vfat exfat)) {
		my ($module) = qx(find $build/kernel/lib/modules -name $_.ko);
		next if !defined $module;
		chomp $module;
		must('cp', $module, "$root/modules/");
	}
	must('cp', 'tests/crash/guest.sh', "$root/init");
	chmod 0755, "$root/init";
	must('sh', '-c', "cd '$root' && find . | cpio -o -H newc --quiet | gzip -1 >../initrd.gz");
	return "$build/initrd.gz";
}

sub disk
{
	my ($path, $mib, @mkfs) = @_;
	unlink $path;
	must('truncate', '-s', "${mib}M", $path);
	@mkfs = ('mkfs.ext4', '-q', '-F') if !@mkfs;
	must('sh', '-c', '"$@" >/dev/null', 'sh', @mkfs, $path);
}

my ($kernel, $initrd);
# Runs the guest until $until says so of a line, then takes its power away.  On
# a busy machine an emulated one may fail before it has begun: again then.
sub run
{
	for (1 .. 5) {
		my @lines = run_once(@_);
		return @lines if !grep { /Kernel panic/ } @lines;
	}
	die "powercut: the guest does not start\n";
}

sub run_once
{
	my ($what, $until, @disks) = @_;
	my @drives = map { ('-drive', "file=$_,format=raw,if=virtio,cache=writeback") } @disks;
	my $pid = open2(my $out, my $in, 'qemu-system-x86_64', '-accel', 'tcg', '-m', '1024', '-nographic',
		'-no-reboot', '-kernel', $kernel, '-initrd', $initrd, '-net', 'none',
		'-append', "console=ttyS0 quiet panic=-1 no_timer_check golmok=$what", @drives);
	my @lines;
	while (my $line = <$out>) {
		$line =~ s/[\r\n]+$//;
		push @lines, $line;
		last if $line =~ /FAIL|Kernel panic/ || $until->($line);
	}
	kill 'KILL', $pid;
	waitpid($pid, 0);
	print "# guest: $_\n" for grep { /FAIL|panic/ } @lines;
	return @lines;
}

sub mounted
{
	my ($image, $at, $do) = @_;
	mkdir $at;
	must('mount', '-o', 'loop', $image, $at);
	my $result = eval { $do->() };
	my $why = $@;
	must('umount', $at);
	die $why if $why;
	return $result;
}

sub wrong { $failed++; print "not ok - @_\n"; return 0 }

# ---- cuts -------------------------------------------------------------------

# All of @acked is in the store at $at; it is sound, and one more write works.
sub look
{
	my ($at, $cut, @acked) = @_;
	if (!-e "$at/store") {
		return @acked ? wrong("cut $cut: the store is gone") : 1;
	}
	my ($out, $status) = said($golmok, 'fsck', '--store', "$at/store");
	wrong("cut $cut: fsck: $out") if $status != 0;
	my ($all) = said($golmok, 'export', 'd03/c017/volunteer', '--reason', 'test', '--store', "$at/store");
	my @missing = grep { $_ ne 'founded' && index($all, $_) < 0 } @acked;
	wrong("cut $cut: missing of " . @acked . ": @missing") if @missing;
	($out, $status) = said("GOLMOK_ACTOR=host $golmok rebuild --store $at/store");
	wrong("cut $cut: rebuild: $out") if $status != 0 || $out !~ /the state is the same/;
	($out, $status) = said($golmok, 'member', 'grant', '시청', '--prefix', 'd09', '--rights', 'read:N', '--store', "$at/store");
	wrong("cut $cut: one more write: $out") if $status != 0;
	return 1;
}

sub cuts_run
{
	my ($all, $founding, @acked) = (0, 0);
	my $image = "$build/cut.img";
	for my $cut (1 .. $cuts) {
		# Some in the founding, most in the writing of a store that grows.
		my $early = $cut % 4 == 1;
		if ($early) {
			disk($image, 64);
			@acked = ();
		}
		my $wanted = $early ? 0 : 1 + int(rand(6));
		my $wait = rand($early ? 3 : 0.5);
		my $seen = 0;
		for (run('cut', sub {
			my ($line) = @_;
			$seen++ if $line =~ /ACK [0-9a-f]{32}/;
			my $now = $early ? $line =~ /FOUNDING/ : $seen >= $wanted;
			sleep($wait) if $now;
			return $now;
		}, $image)) {
			next unless /ACK (founded|[0-9a-f]{32})/;
			push @acked, $1;
			$all++;
		}
		$founding++ if $early;
		mounted($image, "$build/mnt", sub { look("$build/mnt", $cut, @acked) });
		printf "# cut %d: %d acknowledged so far on this disk\n", $cut, scalar @acked;
	}
	printf "# %d cuts, %d of them while founding, %d writes acknowledged\n", $cuts, $founding, $all;
}

# ---- disks that lie ---------------------------------------------------------

sub names
{
	my ($store) = @_;
	my ($out, $status) = said($golmok, 'export', 'd03/c017/volunteer', '--reason', 'test', '--store', $store);
	wrong("$store: export: $out") if $status != 0;
	return join ' ', sort $out =~ /\b((?:safe|lent|lost|more)\d)\b/g;
}

# The store at $mine meets that at $theirs; what the sync said.
sub meet
{
	my ($mine, $theirs) = @_;
	my $pid = open(my $out, '-|', $golmok, 'serve', '--store', $theirs, '--listen', '127.0.0.1:0') // die;
	my $place;
	while (<$out>) { ($place) = /listening at ([^;]*);/ and last }
	my ($said, $status) = said($golmok, 'sync', $place, '--store', $mine);
	kill 'TERM', $pid;
	1 while <$out>;
	close($out);
	return ($said, $status);
}

sub more
{
	my ($store, $name) = @_;
	my ($out, $status) = said("$golmok put d03/c017/volunteer volunteer name=$name "
		. "'kinds=시민찾동이;나눔이웃' dong=00000000000000000000000000000001 join_channel=추천 "
		. "state=applied joined_on=2026-03-02 --store $store");
	wrong("a write after the meeting: $out") if $status != 0;
	return $out;
}

sub lying
{
	my ($number, $mine, $theirs) = @_;
	my $before = names($mine);
	my ($out, $status) = said($golmok, 'fsck', '--store', $mine);
	wrong("disk $number: fsck: $out") if $status != 0;
	wrong("disk $number: it forgot nothing: $before") if $before ne 'safe1 safe2';
	($out, $status) = meet($mine, $theirs);
	wrong("disk $number: sync: $out") if $status != 0;
	my $after = names($mine);
	wrong("disk $number: it holds $after") if $after ne 'lent1 lent2 safe1 safe2';
	$out = more($mine, 'more1');
	my ($events) = said($golmok, 'events', '--store', $mine);
	wrong("disk $number: nothing says that it went back: $events") if $events !~ /own-log-renewed/;
	($out, $status) = meet($mine, $theirs);
	wrong("disk $number: sync again: $out") if $status != 0;
	wrong("disk $number: the peer holds " . names($theirs)) if names($theirs) ne 'lent1 lent2 more1 safe1 safe2';
	# A place of a log that was used twice would be a fork, with its proof.
	for my $store ($mine, $theirs) {
		($out, $status) = said($golmok, 'fsck', '--store', $store);
		wrong("disk $number: $store: $out") if $status != 0;
	}
	printf "# disk %d: went back to '%s', then '%s', and on in new logs\n", $number, $before, $after;
}

sub drops_run
{
	for my $number (1 .. $drops) {
		my ($mine, $theirs) = ("$build/mine.img", "$build/theirs.img");
		disk($_, 64) for $mine, $theirs;
		my @lines = run('drop', sub { $_[0] =~ /DONE/ }, $mine, $theirs);
		my @acked = grep { /ACK [0-9a-f]{32} (?:safe|lent|lost)\d/ } @lines;
		wrong("disk $number: the guest said: @lines[-3 .. -1]") if @acked != 6;
		mounted($mine, "$build/mnt", sub {
			mounted($theirs, "$build/mnt2", sub {
				lying($number, "$build/mnt/store", "$build/mnt2/store");
			});
		});
	}
}

# ---- sticks -----------------------------------------------------------------

# What a bundle that was said to be whole carries is with who takes it in, and
# one that was being written then does no harm: it is taken, or refused as a
# damaged one (status 7), and can be written anew.
sub stick_taken
{
	my ($number, $carried, @lines) = @_;
	my ($held) = map { /HELD (.*)/ } @lines;
	my %held = map { $_ => 1 } split(' ', $held // '');
	my (%status, @lost);
	for (@lines) {
		$status{$2} = $1 if /TAKEN (\d+) (.*\S): /;
		wrong("stick $number: $_") if /TAKEN (?!(?:0|7) )/;
	}
	for my $bundle (keys %$carried) {
		wrong("stick $number: '$bundle' is gone, or harmed")
		    if ($status{$bundle} // -1) != 0;
		push @lost, grep { !$held{$_} } @{$carried->{$bundle}};
	}
	wrong("stick $number: carried and not there: @lost") if @lost;
	wrong("stick $number: the saved keys are gone, or harmed") if $number <= 3 && !grep { /RESTORED/ } @lines;
	wrong("stick $number: no answer went back") if !grep { /ANSWERED/ } @lines;
	wrong("stick $number: it did not end") if !grep { /DONE/ } @lines;
	printf "# stick %d: %d bundles carried, %d files taken in, %d damaged, %d records\n",
	    $number, scalar keys %$carried, scalar(grep { $_ == 0 } values %status),
	    scalar(grep { $_ == 7 } values %status), scalar keys %held;
}

sub sticks_run
{
	my ($mine, $theirs) = ("$build/mine.img", "$build/theirs.img");
	disk($_, 64) for $mine, $theirs;
	my @mkfs = (['mkfs.vfat', '-F', '32'], ['mkfs.exfat'], ['mkfs.vfat', '-F', '16']);
	for my $number (1 .. $sticks) {
		my $stick = "$build/stick.img";
		disk($stick, 64, @{$mkfs[$number % @mkfs]});
		my ($wanted, $wait, $seen) = (1 + int(rand(4)), rand(0.5), 0);
		my (%carried, @written);
		for (run("stick$number", sub {
			$seen++ if $_[0] =~ /CARRIED .*bundle/;
			sleep($wait) if $seen >= $wanted;
			return $seen >= $wanted;
		}, $mine, $theirs, $stick)) {
			push @written, $1 if /ACK [0-9a-f]{32} (s\S+)/;
			$carried{$1} = [@written] if /CARRIED (.*bundle) /;
		}
		stick_taken($number, \%carried,
		    run("take$number", sub { $_[0] =~ /DONE/ }, $mine, $theirs, $stick));
	}
}

$| = 1;
mkdir $build;
$kernel = kernel();
$initrd = initrd();
cuts_run();
drops_run();
sticks_run();
print $failed ? "# $failed wrong\n" : "# all as it must be\n";
exit($failed > 0);
