#!/bin/sh
# Goal: an import that ends in the middle says how much is stored and how to go
# on, and then does so without doubles; an invented city is whole or not there.
. "${0%/*}/lib.sh"
found s

# rows N [ID]: N volunteers, with ids or without.
rows() {
	perl -e '
		my ($n, $id) = @ARGV;
		printf qq({%s"collection":"zone","space":"d03/c017/public","fields":{"dong":"00000000000000000000000000000001","name":"구역%d"}}\n),
		    $id ? sprintf(qq("id":"%032x",), $_) : "", $_ for 1 .. $n;
	' "$@"
}
n=60000
rows $n id >rows.jsonl
rows $n >nameless.jsonl
count() { "$GOLMOK" find zone --json 2>/dev/null | wc -l; }
# began: have the first rows been stored?
began() { [ "$(count)" -gt 0 ] && echo began; }
# starts NAME OPTION...: an import that runs beside, as $node.
starts() {
	words=$1
	shift
	"$GOLMOK" import "$@" >"$words.out" 2>"$words.err" &
	node=$!
	nodes="$nodes $node"
}

# ---- no room -----------------------------------------------------------------
run sh -c 'ulimit -f 60000; exec "$0" import rows.jsonl' "$GOLMOK"
ok 'without room it ends' [ "$status" -ne 0 ]
ok '... and says how much is stored' errs "20000 of $n rows are stored, all before rows.jsonl:20001"
ok '... which is so' is 20000 "$(count)"
ok '... and how to go on' errs 'run it again with --update to go on, none is stored twice'

# ---- interrupted -------------------------------------------------------------
starts first rows.jsonl --update
ok 'what goes on can be interrupted' until_says 40000 count
status=0
ends "$node" || status=$?
ok '... and ends by the signal' is 143 "$status"
ok '... with words' grep -q "4[0-9]* of $n rows are stored, all before rows.jsonl:4[0-9]*: run the same again" first.err
ok '... and why' grep -q interrupted first.err
ok 'what is stored is whole' is 40000 "$(count)"
run "$GOLMOK" import rows.jsonl --update --json
ok 'run again it goes on' is "40000 20000" "$(json same) $(json created)"
ok '... without doubles' is $n "$(count)"
ok 'all is sound' exits 0 "$GOLMOK" fsck

found t
starts nameless nameless.jsonl
ok 'rows without ids, interrupted' until_says began began
ends "$node"
ok '... are told that they would be doubled' grep -q 'rows without an id would be stored twice, so take those out' nameless.err

# ---- an invented city --------------------------------------------------------
run sh -c 'ulimit -f 100; exec "$0" synth city' "$GOLMOK"
ok 'a city for which there is no room' [ "$status" -ne 0 ]
ok '... is not made' [ ! -e city ]
ok '... which is said' errs 'city is not made'
mkdir one
echo mine >one/note
run sh -c 'ulimit -f 100; exec "$0" synth one --dong 1111065000' "$GOLMOK"
ok 'in a directory of others nothing is taken away' is mine "$(cat one/note)"
ok '... but it is said what is to be done' errs 'one is not whole; the same command writes what it wrote again'
ok '... which helps' exits 0 "$GOLMOK" synth one --dong 1111065000 --year 2016
"$GOLMOK" synth large --size city-1y >synth.out 2>synth.err &
node=$!
nodes="$nodes $node"
ok 'a large one can be interrupted' until_says SYNTHETIC ls large
status=0
ends "$node" || status=$?
ok '... by the signal' is 143 "$status"
ok '... and leaves nothing' [ ! -e large ]
finish
