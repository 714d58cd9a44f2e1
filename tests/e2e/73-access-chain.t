#!/bin/sh
# Goal: who audits sees in RP-15 when the chain of the log of accesses is broken:
# something of it was taken out, changed, or written past it.
. "${0%/*}/lib.sh"
found s
volunteer 김가상

# look [OPTION]...: takes what is personal out, which is kept.
look() { "$GOLMOK" export --collection volunteer --reason 점검 "$@"; }
# access N MEMBER: of the Nth that is kept, the oldest first.
access() { sed -n "$1p" kept | sed "s/.*\"$2\":\"\([^\"]*\)\".*/\1/"; }
# chain OPTION...: the accesses that are kept, and the broken links, by RP-15.
chain() {
	run "$GOLMOK" report RP-15 --csv --no-bom "$@"
	grep '^접속기록,' out | grep -e ',접속기록,건,' -e ',끊긴 사슬,건,' | cut -d, -f6 | xargs
}
for i in 1 2 3 4; do look >"row.$i"; done
ok 'four accesses are a chain' is '4 0' "$(chain)"
"$GOLMOK" export --collection access_log --reason 보관 >kept
ok '... and so with the look at the log itself' is '5 0' "$(chain)"
run "$GOLMOK" report RP-15
ok '... which a reader sees' says '끊긴 사슬'

# ---- broken ----------------------------------------------------------------
"$GOLMOK" patch "$(access 2 id)" reason=다른일 >/dev/null
ok 'one that was changed later is told' is '5 1' "$(chain)"
"$GOLMOK" rm "$(access 3 id)" >/dev/null
ok 'of one that was taken out, the one that names it' is '4 2' "$(chain)"
"$GOLMOK" rm "$(access 5 id)" >/dev/null
ok 'the newest can go unseen' is '3 2' "$(chain)"
look >/dev/null
ok '... until the next one names it' is '4 3' "$(chain)"
"$GOLMOK" put d03/c017/access access_log "prev=$(access 4 prev)" action=내보내기 where=여기 \
	at=2026-01-01T00:00:00Z "who=$(access 1 who)" >/dev/null
ok 'one that names what another one names breaks it' is '5 4' "$(chain)"
"$GOLMOK" rebuild >/dev/null
ok 'all that is so when it is made again' is '5 4' "$(chain)"

# ---- and whole elsewhere -----------------------------------------------------
found t
run "$GOLMOK" import --restore kept
ok 'what was exported goes into another store' is 0 "$status"
ok '... where the chain is as whole as it was' is '5 0' "$(chain)"
volunteer 박가상
look >/dev/null
look >/dev/null
ok '... and is gone on with' is '7 0' "$(chain)"
finish
