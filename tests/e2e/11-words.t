#!/bin/sh
# Goal: whatever is wrong with the words, the values or the directory, the
# program says what, where and what to do, ends with the status that its help
# promises, and has written nothing.
. "${0%/*}/lib.sh"

ok 'no command is told' exits 2 "$GOLMOK"
ok 'help lists the commands' exits 0 "$GOLMOK" --help
ok '... and the exit statuses' says 'Exit statuses:'
ok 'help of one command' exits 0 "$GOLMOK" help patch
ok '... says how it is used' says 'usage: golmok patch ID FIELD=VALUE...'
ok 'help exit lists the exit statuses' exits 0 "$GOLMOK" help exit
ok '... one by one' says 'written by a newer version'
ok 'a slip in a command is understood' exits 2 "$GOLMOK" pathc
ok '... nearly' errs "did you mean 'patch'"
ok 'a slip in an option too' exits 2 "$GOLMOK" ls --limt 3
ok '... nearly' errs '--limit'

ok 'without a store there is nothing to do' exits 3 "$GOLMOK" ls
ok '... but to make one' errs 'golmok init'
echo hello >file
ok 'a file is no store' exits 3 "$GOLMOK" ls --store file
ok '... and is told' errs file
mkdir empty
ok 'an empty directory is no store' exits 3 "$GOLMOK" ls --store empty
ok 'init wants to know which city' exits 2 "$GOLMOK" init s
ok 'init wants one city' exits 2 "$GOLMOK" init s --found a --city b
ok 'nothing was made by that' [ ! -e s ]

found s
volunteer 홍길동
before=$("$GOLMOK" log ls --json)
V=d03/c017/volunteer
R=00000000000000000000000000000001
ok 'a missing field is named' exits 5 "$GOLMOK" put $V volunteer name=김
ok '... with the others' errs 'missing kinds, dong, join_channel, state, joined_on'
ok 'a slip in a collection' exits 5 "$GOLMOK" put $V volunter name=김
ok '... is understood' errs 'did you mean volunteer'
ok 'a slip in a field' exits 5 "$GOLMOK" patch "$id" phon=1
ok '... is understood' errs phone
ok 'a value outside an enum' exits 5 "$GOLMOK" patch "$id" join_channel=전화
ok '... names field, value and what may stand there' errs "volunteer.join_channel: '전화' is not one of"
ok 'a day that does not exist' exits 5 "$GOLMOK" patch "$id" joined_on=2026-02-30
ok 'a state that may not follow' exits 5 "$GOLMOK" patch "$id" state=active
ok '... names those that may' errs 'verified, withdrawn'
ok 'a required field is not cleared' exits 5 "$GOLMOK" patch "$id" name=
ok 'a required set is not emptied' exits 5 "$GOLMOK" patch "$id" 'kinds='
ok '... nor by taking out what is in it' exits 5 "$GOLMOK" patch "$id" kinds-=시민찾동이 kinds-=나눔이웃
ok 'a counter is not set' exits 5 "$GOLMOK" patch "$id" hours=3
ok 'notes are not replaced' exits 5 "$GOLMOK" patch "$id" training=x
ok 'a space of another class' exits 5 "$GOLMOK" put d03/c017/case volunteer name=김 kinds=시민찾동이 dong=$R join_channel=추천 state=applied joined_on=2026-03-02
ok '... is told' errs 'end in /volunteer'
ok 'a word that is no assignment' exits 2 "$GOLMOK" patch "$id" phone
ok 'a space that is none' exits 2 "$GOLMOK" put 'D03//x' volunteer name=김
ok 'a space that is not held' exits 3 "$GOLMOK" ls d03/c017/volunter
ok '... may be a slip' errs 'did you mean d03/c017/volunteer'
ok 'a collection that is none' exits 5 "$GOLMOK" ls $V volunter
ok '... may be a slip' errs 'did you mean volunteer'
ok 'an id that is none' exits 2 "$GOLMOK" get xyz
ok 'an id that is too short' exits 2 "$GOLMOK" get 0123
ok 'a record that is not there' exits 3 "$GOLMOK" get ffffffffffffffffffffffffffffffff
ok 'digits that begin no record' exits 3 "$GOLMOK" get ffffffffff
ok 'a token that is none' exits 5 "$GOLMOK" patch "$id" phone=1 --token zzz
ok 'an id that is taken' exits 4 "$GOLMOK" put $V volunteer --id "$id" name=김 kinds=시민찾동이 dong=$R join_channel=추천 state=applied joined_on=2026-03-02
ok 'bytes that are not UTF-8' exits 5 "$GOLMOK" patch "$id" "$(printf 'phone=\377')"
ok '... are told' errs UTF-8
ok 'a key that is none' exits 2 "$GOLMOK" admit 12 --label x
ok 'a right that is none' exits 5 "$GOLMOK" member grant "$(printf %064d 7)" --prefix d03 --rights fly
ok 'an error with --json is JSON' exits 3 "$GOLMOK" get ffffffffff --json
cp err out
ok '... with a code' is not_found "$(json error code)"
perl -e 'print "가" x 90000' >huge
"$GOLMOK" note "$id" training - <huge >out 2>err
ok 'a note above the limit' is 10 "$?"
ok '... names the limit' errs 245760
"$GOLMOK" note "$id" training - </dev/null >out 2>err
ok 'an empty note' is 5 "$?"
ok 'nothing was written by all of that' is "$before" "$("$GOLMOK" log ls --json)"

nfd=$(printf 'name=\341\204\222\341\205\251\341\206\274')
ok 'text that is taken apart into letters' exits 0 "$GOLMOK" patch "$id" "$nfd"
run "$GOLMOK" ls $V volunteer --where name=홍 --json
ok '... is put together' is "$id" "$(json id)"
run "$GOLMOK" ls $V volunteer --where "$nfd" --json
ok '... and found by either form' is "$id" "$(json id)"

a=0123456789abcdef0000000000000001
b=0123456789abcdef0000000000000002
ok 'a collection outside the pack is refused' exits 5 "$GOLMOK" put d03/c017/misc thing name=x --free
ok '... by name' errs thing
ok 'a store may have no pack' exits 0 "$GOLMOK" init free --found 서울 --label 시청 --pack none
GOLMOK_STORE=$PWD/free
ok 'a pack that is not there is refused' exits 3 "$GOLMOK" init no --found 서울 --label 시청 --pack nothing
for one in $a $b; do
	run "$GOLMOK" put d03/c017/misc thing name=x --free --id $one
done
ok 'digits that begin two records' exits 5 "$GOLMOK" get 0123456789abcdef
ok '... list both' errs "$a, $b"
ok 'one digit more decides' exits 0 "$GOLMOK" get ${a}
ok 'there all fields are free' exits 0 "$GOLMOK" patch $a name=z
ok '... also when that is said' exits 0 "$GOLMOK" patch $a name=y tags:set@N+=빨강 tags:set@N+=파랑 n:counter@N+=2 --free
run "$GOLMOK" get $a --json
ok 'free fields have the kinds they were given' says '"kind":"counter","class":"N"'
ok '... and keep them' exits 0 "$GOLMOK" patch $a n+=3 tags-=빨강 --free
run "$GOLMOK" get $a
ok '... as they were' says 파랑
ok '... and the sum is right' says 5
finish
