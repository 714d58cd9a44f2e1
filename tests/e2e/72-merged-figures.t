#!/bin/sh
# Goal: a record that was merged into another is one in every number of a report,
# as on lists: counted, summed, different ones, by group, of a view or a query.
. "${0%/*}/lib.sh"
cat >homes.json <<'EOF'
{"format": 2, "name": "homes", "version": 1, "label": {"ko": "집", "en": "Homes"},
 "units": {"collection": "unit", "name": "name", "prefix": "prefix", "level": "level"}, "scopes": [{"name": "dong", "level": "dong"}],
 "collections": [
  {"name": "unit", "space": "open", "label": {"ko": "기관", "en": "Unit"}, "fields": [
   {"name": "name", "kind": "register", "type": "text", "class": "N", "label": {"ko": "이름", "en": "Name"}},
   {"name": "prefix", "kind": "register", "type": "text", "class": "N", "label": {"ko": "앞", "en": "Prefix"}},
   {"name": "level", "kind": "register", "type": "enum", "values": ["dong"], "class": "N", "label": {"ko": "단계", "en": "Level"}}]},
  {"name": "home", "space": "case", "label": {"ko": "집", "en": "Home"}, "title": "no", "alias": "into", "fields": [
   {"name": "no", "kind": "register", "type": "text", "class": "N", "label": {"ko": "번호", "en": "No"}},
   {"name": "zone", "kind": "set", "type": "text", "class": "N", "label": {"ko": "구역", "en": "Zone"}},
   {"name": "heads", "kind": "register", "type": "int", "class": "N", "label": {"ko": "식구", "en": "Heads"}},
   {"name": "into", "kind": "register", "type": "ref", "targets": ["home"], "class": "N", "index": "plain", "label": {"ko": "통합", "en": "Merged into"}}]},
  {"name": "visit", "space": "case", "label": {"ko": "방문", "en": "Visit"}, "fields": [
   {"name": "home", "kind": "register", "type": "ref", "targets": ["home"], "class": "N", "index": "plain", "label": {"ko": "집", "en": "Home"}}]}],
 "views": [
  {"name": "homes", "collection": "home", "group": [{"name": "zone", "is": "zone"}], "count": true,
   "sum": [{"name": "heads", "is": "heads"}], "distinct": [{"name": "zones", "is": "zone"}, {"name": "homes", "is": "id"}]},
  {"name": "visits", "collection": "visit", "group": [{"name": "home", "is": "home"}], "count": true, "distinct": [{"name": "homes", "is": "home"}]}],
 "figures": [
  {"name": "homes", "label": {"ko": "집", "en": "Homes"}, "view": "homes", "take": "count"},
  {"name": "heads", "label": {"ko": "식구", "en": "Heads"}, "view": "homes", "take": "sum:heads"},
  {"name": "zones", "label": {"ko": "구역", "en": "Zones"}, "view": "homes", "take": "distinct:zones"},
  {"name": "ids", "label": {"ko": "서로 다른", "en": "Different"}, "view": "homes", "take": "distinct:homes"},
  {"name": "asked", "label": {"ko": "질의", "en": "Asked"}, "query": {"collection": "home"}, "take": "count"},
  {"name": "visits", "label": {"ko": "방문", "en": "Visits"}, "view": "visits", "take": "count"},
  {"name": "visited", "label": {"ko": "방문한 집", "en": "Visited"}, "view": "visits", "take": "distinct:homes"},
  {"name": "often", "label": {"ko": "두 번 방문", "en": "Twice"}, "query": {"collection": "home", "where": "count(visit, home = this) >= 2"}, "take": "count"}],
 "reports": [{"name": "R", "label": {"ko": "보고", "en": "Report"}, "tables": [
  {"label": {"ko": "단위", "en": "Units"}, "rows": "unit", "columns": ["homes", "heads", "zones", "ids", "asked", "visits", "visited", "often"], "total": true},
  {"label": {"ko": "구역", "en": "Zones"}, "rows": "zone", "columns": ["homes"]},
  {"label": {"ko": "집별", "en": "By home"}, "rows": "home", "columns": ["visits"]}]}]}
EOF
GOLMOK_STORE=$home/s
export GOLMOK_STORE
"$GOLMOK" init --found 시험 --label 사무실 --pack homes.json >/dev/null

# put UNIT COLLECTION FIELD=VALUE...: $id of a new record.
put() {
	unit=$1
	shift
	run "$GOLMOK" put "$unit" "$@" --json
	id=$(json id)
}
put city/all/open unit name=가동 prefix=d03/c017 level=dong
put city/all/open unit name=나동 prefix=d03/c018 level=dong
put d03/c017/case home no=1 zone=ga heads=3 && one=$id
put d03/c018/case home no=2 'zone=ga;na' heads=4 && two=$id
put d03/c018/case home no=3 'zone=da' heads=5
put d03/c017/case visit "home=$one"
put d03/c018/case visit "home=$two"

# values TABLE OPTION...: the numbers of a table of the report, in one line.
values() {
	table=$1
	shift
	"$GOLMOK" report R --csv --no-bom "$@" >out
	grep "^$table," out | cut -d, -f6 | xargs
}
before='4 16 3 3 3 2 2 0'
ok 'all are counted by themselves' is "$before" "$(values 단위)"

# ---- merged -----------------------------------------------------------------
"$GOLMOK" patch "$two" "into=$one" >/dev/null
ok 'the two are one in each number' is '2 8 2 2 2 2 1 1' "$(values 단위)"
ok '... by group' is '1 1 0' "$(values 구역)"
ok '... what refers to either counts for the one that stands' is 2 "$(values 집별)"
ok '... of the unit where that lies' is '1 3 1 1 1 1 1 1' "$(values 단위 --dong 가동)"
ok '... and not where the other lies' is '1 5 1 1 1 1 1 0' "$(values 단위 --dong 나동)"
"$GOLMOK" rebuild >/dev/null
ok 'the same when all is made again' is '2 8 2 2 2 2 1 1' "$(values 단위)"
ok '... which is as sound as before' exits 0 "$GOLMOK" fsck

# ---- and back ---------------------------------------------------------------
"$GOLMOK" patch "$two" into= >/dev/null
ok 'undone, they are two again' is "$before" "$(values 단위)"
"$GOLMOK" patch "$two" "into=$one" >/dev/null
"$GOLMOK" patch "$one" "into=$two" >/dev/null
ok 'merged into each other, one of them is counted' is '2 1' "$(values 단위 | cut -d' ' -f5,7)"
"$GOLMOK" patch "$one" into= >/dev/null
"$GOLMOK" rm "$one" >/dev/null
ok 'what stood for it is gone: it counts itself' is '3 13 3 2 2' "$(values 단위 | cut -d' ' -f1-5)"
finish
