#!/bin/sh
# Goal: a log that golmok wrote holds for tools that are not ours: Go's tlog and
# note verify all that `log show --proofs` prints, and refuse it when it is bent.
top=$(cd "${0%/*}/../.." && pwd)
verify=$top/build/strangers/verify
(cd "$top" && sh tests/strangers/build.sh "$verify") || exit 1
. "$top/tests/e2e/lib.sh"

found s
volunteer 홍길동
n=0
while [ $n -lt 300 ]; do
	n=$((n + 1))
	echo "$GOLMOK patch $id hours+=1"
done | sh >/dev/null
ok 'three hundred changes are made' exits 0 "$GOLMOK" get "$id"
ok '... and all count' says '300 minutes'
for log in $("$GOLMOK" log ls --json | sed 's/.*"log":"\([0-9a-f]*\)".*/\1/'); do
	"$GOLMOK" log show "$log" --proofs >proofs
	run "$verify" <proofs
	ok "the log $log verifies" is 0 "$status"
done
ok 'more than one head was proven' says '2 heads'
ok '... with how the later goes on from the earlier' says '1 consistency proof'
sed '10s/leaf ../leaf 00/' proofs >bent
run "$verify" <bent
ok 'a leaf that was changed is noticed' is 1 "$status"
sed '/^head /{s/^head A/head B/;s/\(head .\{300\}\)./\1A/;}' proofs >bent
run "$verify" <bent
ok 'a head that was changed is noticed' is 1 "$status"
finish
