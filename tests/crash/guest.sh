#!/bin/busybox sh
# The first process of the virtual machine whose power is cut
# (tests/crash/powercut.pl).  What it says on the console after "ACK" was
# acknowledged by golmok.  The kernel's words say what is to be done: `cut`
# writes for ever; `drop` writes to a disk that forgets what it acknowledged.
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
	golmok init /data/store --found 서울 --label 시청 >/dev/null
	city=$(golmok whoami --json --store /data/store | sed 's/.*"city":"\([0-9a-f]*\)".*/\1/')
	key=$(golmok init /peer/store --city "$city" --json | sed 's/.*"key":"\([0-9a-f]*\)".*/\1/')
	golmok admit "$key" --label 이웃 --store /data/store >/dev/null
	golmok member grant "$key" --prefix d03/c017 --rights read:NPSF,hold,write --store /data/store >/dev/null
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

mkdir -p /data /peer
"${what}_run"
poweroff -f
