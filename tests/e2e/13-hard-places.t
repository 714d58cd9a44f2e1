#!/bin/sh
# Goal: in a store that is in use, read-only, copied, restored, of a newer format
# or on a full disk, the program says so and loses nothing.
. "${0%/*}/lib.sh"

found s
volunteer 홍길동

# The lock file is what all processes share; perl stands for a maintenance.
mkfifo ready go
hold() {
	perl -MFcntl=:flock -e '
		open(my $lock, "+<", "s/lock") or die "no lock: $!\n";
		flock($lock, $ARGV[0] eq "alone" ? LOCK_EX : LOCK_SH) or
		    die "no lock: $!\n";
		open(my $ready, ">", "ready"); close($ready);
		open(my $go, "<", "go"); <$go>;
	' "$1" &
	read -r _ <ready
}
hold alone
ok 'a store under maintenance is busy' exits 11 "$GOLMOK" ls
ok '... and is told' errs 'in use'
echo >go
wait
ok 'afterwards it is not' exits 0 "$GOLMOK" ls
hold beside
ok 'maintenance waits for nobody' exits 11 "$GOLMOK" rebuild
ok '... and work goes on beside others' exits 0 "$GOLMOK" patch "$id" hours+=0
echo >go
wait

"$GOLMOK" ls d03/c017/volunteer --json >one &
"$GOLMOK" ls d03/c017/volunteer --json >two
wait
ok 'two may read at once' cmp -s one two
for i in 1 2 3 4; do
	"$GOLMOK" patch "$id" hours+=1 >/dev/null &
done
wait
run "$GOLMOK" get "$id"
ok 'four that write at once are all heard' says '4 minutes'

cp -R s copy
ok 'a copy is a store' exits 0 "$GOLMOK" patch "$id" hours+=1 --store copy
ok '... that notices what it is' errs copy
run "$GOLMOK" log ls --store copy --json
ok '... and goes on in a log of its own' is 2 "$(grep -c c017/volunteer out)"
ok '... saying so once' exits 0 "$GOLMOK" patch "$id" hours+=1 --store copy
ok '... only' silent

# Root may write everything: there, nobody (65534) tries.
as_other() {
	if [ "$(id -u)" -eq 0 ]; then
		perl -e '$) = "65534 65534"; $( = 65534; $< = $> = 65534;
			exec { $ARGV[0] } @ARGV or die "$ARGV[0]: $!\n"' "$@"
	else
		"$@"
	fi
}
cp "$GOLMOK" golmok
chmod 755 . golmok
if [ "$(id -u)" -eq 0 ]; then
	ok 'a store of somebody else is told' exits 6 as_other ./golmok ls
	chown -R 65534:65534 s
fi
chmod -R a-w s
ok 'a store that may only be read is told' \
	exits 6 as_other ./golmok patch "$id" hours+=1
ok '... with what to do' errs 'check its owner and permissions'
chmod -R u+w s
ok 'it is whole afterwards' exits 0 "$GOLMOK" log verify

cp -R s newer
sed '1s/ 1$/ 2/' s/identity >newer/identity
ok 'keys of a newer format are told' exits 9 "$GOLMOK" ls --store newer
ok '... with which file it is' errs newer/identity

cp -R s torn
: >torn/data.mdb
run "$GOLMOK" ls --store torn
ok 'a store whose data is gone is told' [ "$status" -ne 0 ]
ok '... and not made anew' [ ! -s torn/data.mdb ]
printf 'This is not a database at all.' >torn/data.mdb
ok 'data that is something else is told' exits 8 "$GOLMOK" ls --store torn

# A reader that goes away, and a disk without room, for what is printed.
"$GOLMOK" ls >/dev/full 2>err
ok 'results that cannot be written are an error' is 12 "$?"
finish
