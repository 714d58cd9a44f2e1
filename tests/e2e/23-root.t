#!/bin/sh
# Goal: the root keys change hands: the next key takes over, and what root does
# afterwards needs two people of three, each with a share and a passphrase.
. "${0%/*}/lib.sh"

# Two keys to admit.
one=1111111111111111111111111111111111111111111111111111111111111111
two=2222222222222222222222222222222222222222222222222222222222222222

# How much root has written.
written() {
	"$GOLMOK" log ls --json | perl -MJSON::PP -ne '
		my $log = decode_json($_);
		$n += $log->{size} if $log->{author} eq "root";
		END { print $n }
	'
}

found s
run "$GOLMOK" root show --json
first=$(json root)
ok 'a founded city has its root keys, plain' is true "$(json plain)"
ok '... and no root before' is '[]' "$(json before)"
run "$GOLMOK" root show
ok '... says so in words' says 'plain here'
ok 'no shares open what is not split' exits 2 "$GOLMOK" root join
ok 'the next key takes over' exits 0 "$GOLMOK" root rotate
ok '... and says who is root' says 'rotated: root is now'
run "$GOLMOK" root show --json
second=$(json root)
ok '... another one' [ "$first" != "$second" ]
ok '... which remembers the first' is "[\"$first\"]" "$(json before)"
run "$GOLMOK" member ls
ok 'members tell who was root' says 'was root'
ok '... and the grants stay' says 'read:NPSF'
ok 'root goes on admitting' exits 0 "$GOLMOK" admit $one --label 하나
ok 'all is sound' exits 0 "$GOLMOK" fsck

printf '첫째 사람의 말\n둘째 사람의 말\n셋째 사람의 말\n' >words
ok 'a threshold of one is refused' exits 2 \
	"$GOLMOK" root split --into 3 --threshold 1 --out shares
ok 'a threshold above the number too' exits 2 \
	"$GOLMOK" root split --into 3 --threshold 4 --out shares
echo 짧다 >short
run "$GOLMOK" root split --into 3 --threshold 2 --out shares <short
ok 'a short passphrase is refused' is 5 "$status"
run "$GOLMOK" root split --into 3 --threshold 2 --out shares <words
ok 'the keys are split' is 0 "$status"
ok '... into files for three' [ -s shares/share-3 ]
ok '... and no longer lie in the store' [ ! -e s/root ]
ok '... nor do the passphrases' [ "$(cat out err shares/* s/root* | grep -c 사람의)" = 0 ]
run "$GOLMOK" root show
ok 'root show says so' says 'split: 2 of 3 shares are needed'

run "$GOLMOK" member revoke "$("$GOLMOK" whoami --json | sed 's/.*"key":"\([0-9a-f]*\)".*/\1/')"
ok 'what root gave nobody else takes back' is 6 "$status"
ok '... which is said, with what to do' errs 'name the shares with --share'
run "$GOLMOK" root rotate
ok 'without shares root does nothing' is 6 "$status"
ok '... and says how' errs '--share'
head -n 1 words >word1
run "$GOLMOK" root rotate --share shares/share-1 <word1
ok 'one share is too few' is 5 "$status"
ok '... and says so' errs '1 of the 2'
printf '첫째 사람의 말\n첫째 사람의 말\n' >wrong
run "$GOLMOK" root rotate --share shares/share-1 --share shares/share-2 <wrong
ok 'a wrong passphrase is told' is 6 "$status"
ok '... of which share' errs 'share 2'
ok '... without repeating it' [ "$(grep -c 사람의 err)" = 0 ]
sed 's/^\(sealed ...\)./\1x/' shares/share-2 >bent
run "$GOLMOK" root rotate --share shares/share-1 --share bent <words
ok 'a damaged share is told before anybody types' is 8 "$status"
ok '... by its name' errs bent

before=$(written)
head -n 2 words >both
run "$GOLMOK" admit $two --label 둘 --share shares/share-1 --share shares/share-2 <both
ok 'two people admit as root' is 0 "$status"
ok '... and root did it' is $((before + 1)) "$(written)"
printf '셋째 사람의 말\n첫째 사람의 말\n' >both
run "$GOLMOK" root rotate --share shares/share-3 --share shares/share-1 <both
ok 'two others rotate' is 0 "$status"
run "$GOLMOK" root show --json
ok '... and the sealed keys are those of root' is "$(json root)" "$(json sealed)"
ok '... which nobody has in the clear' [ ! -e s/root ]

"$GOLMOK" init t --found 부산 --label 시청 >/dev/null
run "$GOLMOK" root split --store t --into 2 --threshold 2 --out others <words
run "$GOLMOK" root rotate --share others/share-1 --share others/share-2 <words
ok 'shares of another city open nothing' is 5 "$status"

run "$GOLMOK" root join --share shares/share-3 --share shares/share-1 <both
ok 'two people make the keys plain again' is 0 "$status"
ok '... in the store' [ -s s/root ]
ok '... and nowhere else' [ ! -e s/root-sealed ]
ok 'root works alone again' exits 0 "$GOLMOK" root rotate
ok 'all is sound' exits 0 "$GOLMOK" fsck
before=$("$GOLMOK" digest --json)
ok 'rebuild makes the same' exits 0 "$GOLMOK" rebuild
ok '... state' is "$before" "$("$GOLMOK" digest --json)"
finish
