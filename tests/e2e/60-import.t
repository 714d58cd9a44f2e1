#!/bin/sh
# Goal: files of records go in whole or not at all, every bad row is told with
# its line, and what comes out goes in again elsewhere as the same records.
. "${0%/*}/lib.sh"
demo=$(cd "$OLDPWD" && pwd)/tests/demo
[ -f "$demo/dongs.csv" ] || demo=${GOLMOK%/build/*}/tests/demo
found s

# rows FILE: how many records are exported from the store.
rows() { "$GOLMOK" export --reason 시험 "$@" 2>/dev/null | wc -l; }
# all STORE-OPTION...: every record but that exports were made.
all() { "$GOLMOK" export --reason 시험 "$@" | grep -v '"collection":"access_log"'; }
# bytes IN OUT: makes CP949 of UTF-8.
cp949() { iconv -f UTF-8 -t CP949 "$1" >"$2"; }

# ---- the demo data --------------------------------------------------------
run "$GOLMOK" import "$demo/dongs.csv" --collection org_unit --prefix seoul --json
ok 'the 424 dongs go in' is 424 "$(json created)"
run "$GOLMOK" ls seoul/public org_unit --where code=1111065000
ok 'one is found by its unique code' says 혜화동
run "$GOLMOK" import "$demo/dongs.csv" --collection org_unit --prefix seoul
ok 'the same rows without ids break the unique code' is 5 "$status"
ok '... by name, value and line' errs "dongs.csv:2: org_unit.code: is unique, and '1111051500'"
ok '... and are counted' errs '424 of 424 rows are bad; nothing was stored'
ok '... the others than the first twenty as a number' errs 'and 404 more bad rows'
"$GOLMOK" synth city >/dev/null
perl "$demo/year.pl" city >year.jsonl
run "$GOLMOK" import year.jsonl --json
ok 'a year of a centre goes in' is 7899 "$(json created)"
run "$GOLMOK" import year.jsonl
ok 'a second time its ids are taken' is 5 "$status"
ok '... unless they are to be changed' exits 0 "$GOLMOK" import year.jsonl --update --json
ok '... and nothing changes' is 7899 "$(json same)"
digest=$("$GOLMOK" digest)
"$GOLMOK" import year.jsonl --update >/dev/null
ok '... not even a delta is written' is "$digest" "$("$GOLMOK" digest)"
ok 'fsck has nothing to say' exits 0 "$GOLMOK" fsck

# ---- out and in again -----------------------------------------------------
all >all.jsonl
ok 'export says one record a line' is 8323 "$(wc -l <all.jsonl)"
"$GOLMOK" init t --found 부산 --label 구청 >/dev/null
ok 'another store takes them' exits 0 "$GOLMOK" import all.jsonl --store t
all --store t >again.jsonl
ok '... and has the same records' cmp -s all.jsonl again.jsonl
"$GOLMOK" export --collection org_unit --format csv >dongs.csv
"$GOLMOK" init u --found 부산 --label 구청 >/dev/null
ok 'a CSV with ids and spaces goes in' exits 0 "$GOLMOK" import dongs.csv --collection org_unit --store u
"$GOLMOK" export --collection org_unit --format csv --store u >again.csv
ok '... and comes out the same' cmp -s dongs.csv again.csv
ok 'it begins with a byte order mark' is efbbbf "$(head -c 3 again.csv | od -An -tx1 | tr -d ' ')"
"$GOLMOK" export --collection org_unit --format csv --no-bom --store u >bare.csv
ok '... unless it is not wished' sh -c 'tail -c +4 again.csv | cmp -s - bare.csv'
ok '... and is read with it' exits 0 "$GOLMOK" import again.csv --collection org_unit --update --store u --json
ok '... as nothing new' is 424 "$(json same)"
"$GOLMOK" export --collection org_unit --format csv-cp949 --store u >korean.csv
cp949 bare.csv want.csv
ok 'CP949 is what iconv makes of it' cmp -s want.csv korean.csv
ok '... and is recognised' exits 0 "$GOLMOK" import korean.csv --collection org_unit --update --store u --json
ok '... as the same' is 424 "$(json same)"

# ---- conflicts ------------------------------------------------------------
volunteer 홍길동
"$GOLMOK" patch "$id" phone=010-1111-1111 --token "$token" >/dev/null
"$GOLMOK" patch "$id" phone=010-2222-2222 --token "$token" >/dev/null
run "$GOLMOK" export d03/c017/volunteer --reason 시험
ok 'of a conflict the winner is written' says 010-2222-2222
ok '... alone' [ "$(grep -c 010-1111-1111 out)" = 0 ]
ok '... and that is told' errs '1 records have values that contradict each other'
run "$GOLMOK" conflicts --json
ok 'conflicts finds it among thousands' is "$id" "$(json id)"
mv out v.jsonl
"$GOLMOK" export d03/c017/volunteer --reason 시험 2>/dev/null |
	sed 's/시민찾동이","나눔이웃/시민찾동이/; s/"fields":{/&"hours":90,"training":["기초","심화"],/' >v.jsonl
ok 'a row may change a record' exits 0 "$GOLMOK" import v.jsonl --update --json
ok '... and does' is 1 "$(json changed)"
run "$GOLMOK" get "$id"
ok 'the counter stands where the row says' says '90 minutes'
ok '... and the set is as the row has it' [ "$(grep -c 나눔이웃 out)" = 0 ]
ok 'once more it is as it was' exits 0 "$GOLMOK" import v.jsonl --update --json
ok '... in all' is 1 "$(json same)"

# ---- bad rows -------------------------------------------------------------
V='--collection volunteer --prefix d09/c09'
row() { echo "$1,$2,시민찾동이,00000000000000000000000000000001,추천,${3-applied},2026-03-02"; }
head='id,name,kinds,dong,join_channel,state,joined_on'
{
	echo $head
	row 000000000000000000000000000000a1 하나
	row 000000000000000000000000000000a2 둘 flying
	row 000000000000000000000000000000a3 셋
	row 000000000000000000000000000000a1 넷
	row zzz 다섯
} >bad.csv
before=$("$GOLMOK" digest)
run "$GOLMOK" import bad.csv $V
ok 'a row that breaks the pack stops all' is 5 "$status"
ok '... with line, field and value' errs "bad.csv:3: volunteer.state"
ok '... which is named' errs flying
ok 'an id twice is told' errs 'bad.csv:5: id:'
ok 'an id that is none is told' errs 'bad.csv:6:'
ok '... and all are counted' errs '3 of 5 rows are bad; nothing was stored'
ok 'nothing was stored' is "$before" "$("$GOLMOK" digest)"
{
	sed -n 1,3000p year.jsonl | sed 's/"space":"[^"]*"/"space":"d08\/c08\/case"/; s/"id":"../"id":"ff/'
	echo '{"collection":"visit","fields":{"attempts":"many"}}'
	echo '{"collection":"visit","field":{}}'
	echo '{"collection":"visit","fields":{"attempts":1}'
	echo '[]'
} | sed 1d >middle.jsonl
run "$GOLMOK" import middle.jsonl
ok 'bad JSON lines are told' is 5 "$status"
ok '... a wrong type' errs 'middle.jsonl:3000: visit.attempts'
ok '... an unknown key' errs "middle.jsonl:3001: 'field'"
ok '... broken JSON' errs 'middle.jsonl:3002:'
ok '... and no object' errs 'middle.jsonl:3003:'
ok '... and nothing is stored' is "$before" "$("$GOLMOK" digest)"
printf '%s,nome\n' $head >header.csv
ok 'a column that is no field is refused' exits 5 "$GOLMOK" import header.csv $V
ok '... with what may have been meant' errs name
run "$GOLMOK" import bad.csv --collection volunteer --space d09/c09/case
ok 'a space of another class is refused' errs 'try d09/c09/volunteer'
{
	echo $head
	row 000000000000000000000000000000b1 "$(head -c 300000 /dev/zero | tr '\0' x)"
} >huge.csv
ok 'a huge cell is refused' exits 5 "$GOLMOK" import huge.csv $V
ok '... with its line' errs 'huge.csv:'
: >empty.csv
ok 'a CSV without a header is refused' exits 5 "$GOLMOK" import empty.csv $V
: >empty.jsonl
ok 'no lines are no harm' exits 0 "$GOLMOK" import empty.jsonl
ok 'a file that is not there is said' exits 3 "$GOLMOK" import none.csv $V
ok 'dry-run stores nothing' exits 0 "$GOLMOK" import all.jsonl --dry-run --store u --update
ok '... and says so' says 'nothing was stored'
ok '... truly' is 425 "$(rows --collection org_unit --format csv --store u)"
{
	echo $head
	row 000000000000000000000000000000c1 여섯
	row 000000000000000000000000000000c2 일곱
} | sed 's/$/\r/' >crlf.csv
ok 'lines may end as on Windows' exits 0 "$GOLMOK" import crlf.csv $V
sed '1d; s/,.*//; s/\r//' crlf.csv >ids
run "$GOLMOK" get "$(tail -n 1 ids)"
ok '... and are read' says 일곱
ok 'standard input is a file too' sh -c '"$GOLMOK" export d09/c09/volunteer --reason 시험 | "$GOLMOK" import - --update'

# ---- more than one transaction --------------------------------------------
perl -e 'print "id,name,kinds,dong,join_channel,state,joined_on\n";
	printf "%032x,이름%d,시민찾동이,%032x,추천,%s,2026-03-02\n",
	    $_ * 7919, $_, 1, $_ == $ARGV[0] ? "flying" : "applied" for 1..25001' 0 >big.csv
sed '24991s/applied/flying/' big.csv >big-bad.csv
"$GOLMOK" init big --found 서울 --label 시청 >/dev/null
B='--collection volunteer --prefix d01/c01 --store big'
ok 'one bad row near the end of many' exits 5 "$GOLMOK" import big-bad.csv $B
ok '... is told' errs 'big-bad.csv:24991: volunteer.state'
ok '... and nothing is stored' is 0 "$(rows --collection volunteer --store big)"
ok 'more rows than one transaction takes go in' exits 0 "$GOLMOK" import big.csv $B
ok '... all of them' is 25001 "$(rows --collection volunteer --store big)"
ok '... and fsck is content' exits 0 "$GOLMOK" fsck --store big
run "$GOLMOK" ls d01/c01/volunteer volunteer --where name=이름20001 --store big --json
ok 'one of them is found by name' is 20001 "$(json name | tr -dc 0-9)"

# ---- killed in the middle -------------------------------------------------
perl -ne 'if ($. == 1) { print; next } my $r = $_;
	for my $k (1, 2) { (my $c = $r) =~ s/^./$k/; print $c }' big.csv >long.csv
# held: how many records the space has, by one look.
held() { "$GOLMOK" ls --store cut --json 2>/dev/null |
	sed -n 's/.*volunteer","records":\([0-9]*\).*/\1/p'; }
whole=0
for chunks in 0 1; do
	rm -rf cut
	"$GOLMOK" init cut --found 서울 --label 시청 >/dev/null
	"$GOLMOK" import long.csv --collection volunteer --prefix d01/c01 --store cut >/dev/null 2>&1 &
	pid=$!
	until n=$(held) && [ "${n:-0}" -ge $((chunks * 20000)) ] || ! kill -0 $pid 2>/dev/null; do :; done
	kill -9 $pid 2>/dev/null
	wait $pid 2>/dev/null
	n=$(held)
	n=${n:-0}
	[ $((n % 20000)) -eq 0 ] || [ "$n" -eq 50002 ] || whole=$n
	"$GOLMOK" fsck --store cut >/dev/null 2>err || whole=fsck
done
ok 'a killed import leaves whole chunks and a sound store' is 0 "$whole"
ok '... and goes on with --update' exits 0 "$GOLMOK" import long.csv --collection volunteer --prefix d01/c01 --store cut --update
ok '... to the end' is 50002 "$(rows --collection volunteer --store cut)"
finish
