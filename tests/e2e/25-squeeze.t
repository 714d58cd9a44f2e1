#!/bin/sh
# Goal: a store is made smaller, and nothing of it is lost, changed or taken for
# an old copy: the logs verify, the history is whole, a peer gets it all.
. "${0%/*}/lib.sh"

found s
volunteer 홍길동
i=0
while [ "$i" -lt 200 ]; do
	"$GOLMOK" patch "$id" hours+=1 >/dev/null || exit 2
	i=$((i + 1))
done
log=$("$GOLMOK" log ls --json | sed -n 's/.*"log":"\([0-9a-f]*\)".*volunteer.*/\1/p')
digest=$("$GOLMOK" digest --json)
"$GOLMOK" log show "$log" --proofs >proofs
"$GOLMOK" history "$id" >history

run "$GOLMOK" squeeze --json
ok 'squeeze says what it packed' all_json
ok '... the old deltas' [ "$(json deltas)" -gt 100 ]
ok '... and that they are smaller' [ "$(json after_bytes)" -lt "$(json before_bytes)" ]
run "$GOLMOK" squeeze
ok 'a second time there is nothing' says 'nothing to pack'
ok 'the digests are the same' is "$digest" "$("$GOLMOK" digest --json)"
"$GOLMOK" log show "$log" --proofs >proofs2
ok 'so is every leaf and proof' cmp -s proofs proofs2
"$GOLMOK" history "$id" >history2
ok 'and the history' cmp -s history history2
ok 'fsck has nothing to say' exits 0 "$GOLMOK" fsck
ok 'the logs are sound' exits 0 "$GOLMOK" log verify
ok 'rebuild reads packed deltas' exits 0 "$GOLMOK" rebuild
ok '... to the same state' says 'the state is the same'

run "$GOLMOK" compact --json
ok 'compact says how large the file is' all_json
ok '... smaller than before' [ "$(json after_bytes)" -lt "$(json before_bytes)" ]
ok '... which is so' is "$(json after_bytes)" "$(wc -c <s/data.mdb)"
ok 'nothing else is left' [ ! -e s/data.mdb.new ]
run "$GOLMOK" patch "$id" hours+=1
ok 'the store writes on' is 0 "$status"
ok '... and does not take itself for a copy' silent
ok '... in the same log' is 1 "$("$GOLMOK" log ls --json | grep -c volunteer)"
ok 'fsck has nothing to say then' exits 0 "$GOLMOK" fsck

cp -R s old
"$GOLMOK" patch "$id" hours+=1 >/dev/null
cp old/data.mdb s/data.mdb
run "$GOLMOK" patch "$id" hours+=1
ok 'a restored store is still noticed' errs restore

ok 'there is nothing to compact elsewhere' exits 3 "$GOLMOK" compact --store nowhere
ok '... and it says why' errs 'not a golmok store'
finish
