#!/bin/busybox sh
# The first process of the virtual machine whose power is cut
# (tests/crash/powercut.pl).  What it says on the console after "ACK" was
# acknowledged by golmok.  The kernel's words say what is to be done: `cut`
# writes for ever; `drop` writes to a disk that forgets what it acknowledged;
# `stick` carries bundles on the stick for ever; `take` takes in what is there.
/bin/busybox --install -s /bin
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
for round in 1 2 3 4; do
	for module in /modules/*.ko; do
		insmod "$module" 2>/dev/null
	done
done
export LC_ALL=C HOME=/ PATH=/bin GOLMOK_ACTOR=guest
what=$(sed 's/.*golmok=\([a-z]*\).*/\1/' /proc/cmdline)
round=$(sed 's/.*golmok=[a-z]*\([0-9]*\).*/\1/' /proc/cmdline)
space=d03/c017/volunteer

# put NAME STORE: one more volunteer; acknowledged on the console.
put() {
	id=$(golmok put $space volunteer "name=$1" 'kinds=시민찾동이;나눔이웃' \
		dong=00000000000000000000000000000001 join_channel=추천 \
		state=applied joined_on=2026-03-02 --json --store "$2" |
		sed -n 's/.*"id":"\([0-9a-f]*\)".*/\1/p')
	[ -n "$id" ] && echo "ACK $id $1"
}

cut_run() {
	mount -t ext4 /dev/vda /data || echo "FAIL mount"
	if [ ! -e /data/store ]; then
		echo "FOUNDING"
		golmok init /data/store --found 서울 --label 시청 >/dev/null &&
			echo "ACK founded"
	fi
	echo "WRITING"
	n=0
	while put "n$n" /data/store; do
		n=$((n + 1))
	done
	echo "FAIL put"
}

# table WORDS: how the disk under /data behaves from now on.
table() {
	dmsetup --noudevsync suspend lying
	echo "0 $size flakey /dev/vda 0 $1" | dmsetup --noudevsync load lying
	dmsetup --noudevsync resume lying
}

# found: a city with a neighbour that may read, on one disk or on two.
found() {
	golmok init /data/store --found 서울 --label 시청 >/dev/null
	city=$(golmok whoami --json --store /data/store | sed 's/.*"city":"\([0-9a-f]*\)".*/\1/')
	key=$(golmok init /peer/store --city "$city" --json | sed 's/.*"key":"\([0-9a-f]*\)".*/\1/')
	golmok admit "$key" --label 이웃 --store /data/store >/dev/null
	golmok member grant "$key" --prefix d03/c017 --rights read:NPSF,hold,write --store /data/store >/dev/null
}

# The stick, as whatever plugs it in would mount it.
plug() {
	mount -t vfat -o utf8=1 /dev/vdc /stick 2>/dev/null ||
		mount -t exfat /dev/vdc /stick || echo "FAIL mount stick"
}

# carried NAME [OPTION]: a bundle of all on the stick; whole there when it says so.
carried() {
	golmok bundle export "/stick/$1" --to 이웃 --full --store /data/store $2 >/dev/null &&
		echo "CARRIED $1 $(ls /stick | wc -l)"
}

stick_run() {
	mount -t ext4 /dev/vda /data || echo "FAIL mount"
	mount -t ext4 /dev/vdb /peer || echo "FAIL mount"
	plug
	[ -e /data/store ] || found
	# Once for each file system: the passphrase costs a minute here.
	echo '골목길 열쇠 하나' >/tmp/word
	[ "$round" -gt 3 ] ||
		golmok keys export /stick/saved --store /data/store </tmp/word >/dev/null || echo "FAIL keys"
	n=0
	while put "s${round}x$n" /data/store; do
		carried "이화동으로 $round-$n.bundle"
		carried again --force
		n=$((n + 1))
	done
	echo "FAIL put"
}

# What the neighbour gets from a stick that was pulled out.
take_run() {
	mount -t ext4 /dev/vda /data || echo "FAIL mount"
	mount -t ext4 /dev/vdb /peer || echo "FAIL mount"
	plug
	echo '골목길 열쇠 하나' >/tmp/word
	[ -e /stick/saved ] && golmok keys restore /stick/saved --store /tmp/again </tmp/word >/dev/null &&
		echo "RESTORED"
	rm -f /stick/saved
	for file in /stick/*; do
		golmok bundle import "$file" --store /peer/store >/dev/null 2>/tmp/why
		echo "TAKEN $? ${file#/stick/}: $(tail -n 1 /tmp/why)"
	done
	echo "HELD $(golmok export $space --reason test --store /peer/store |
		grep -o 's[0-9]*x[0-9]*' | tr '\n' ' ')"
	for file in /stick/*0.bundle; do
		break
	done
	golmok bundle ack "$file" --answer /stick/answer --store /peer/store >/dev/null &&
		golmok bundle import /stick/answer --store /data/store >/dev/null && echo "ANSWERED"
	for store in /data/store /peer/store; do
		golmok fsck --store $store >/dev/null || echo "FAIL fsck $store"
	done
	rm /stick/*
	umount /stick /data /peer
	echo "DONE"
	while :; do sleep 1; done
}

meet() {
	golmok sync 127.0.0.1:7700 --store /data/store >/dev/null || echo "FAIL sync"
}

drop_run() {
	size=$(cat /sys/block/vda/size)
	echo "0 $size flakey /dev/vda 0 1000 0" | dmsetup --noudevsync create lying
	dmsetup mknodes
	mount -t ext4 /dev/mapper/lying /data || echo "FAIL mount"
	mount -t ext4 /dev/vdb /peer || echo "FAIL mount"
	ip link set lo up
	found
	golmok serve --store /peer/store --listen 127.0.0.1:7700 >/dev/null 2>&1 &
	until golmok sync 127.0.0.1:7700 --store /data/store >/dev/null 2>&1; do
		kill -0 $! || echo "FAIL serve"
	done
	put safe1 /data/store
	put safe2 /data/store
	meet
	sync
	table "0 1000 1 drop_writes"
	echo "DROPPING"
	put lent1 /data/store
	put lent2 /data/store
	meet
	put lost1 /data/store
	put lost2 /data/store
	kill $!
	wait $!
	umount /peer
	echo "DONE"
	while :; do
		put lost /data/store >/dev/null
	done
}

mkdir -p /data /peer /stick /tmp
"${what}_run"
poweroff -f
