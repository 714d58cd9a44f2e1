/*
 * Which deltas without a log the store has.  core/salvage.c asks when rows of
 * logs or spaces were lost.  Compares bytes alone; takes nothing in.
 */
#include "core/salvage_strays.h"

#include <string.h>

#include "core/blocks.h"
#include "core/oplog_row.h"
#include "proto/mem.h"

enum { DELTA_KEY_SIZE = 4 + 4 + 8 };

/* The deltas that the file keeps under one number. */
struct stray {
	struct space_no space;
	struct log_no no;
};

/* A count under way. */
struct straying {
	struct txn *from;
	struct txn *to;
	struct stray *all; /* owned */
	size_t n;
	size_t room;
	uint64_t odd; /* rows whose keys are of no log at all */
};

/* A stray beside what the store has of one log, all its branches. */
struct beside {
	struct straying *s;
	struct log log; /* whose deltas they would be */
	struct log **tips;
	size_t tips_n;
	uint64_t missing;
	uint64_t owed;
};

static void strays_find(struct straying *s, enum table table);
static enum err stray_count(struct straying *s, const struct stray *stray,
    struct salvage *salvage) MUST_USE;
static bool trunk_find(
    struct straying *s, const struct stray *stray, struct log_id *trunk);
static enum err rows_compare(struct beside *b, enum table table) MUST_USE;
static enum err block_compare(
    struct beside *b, uint64_t first, size_t n) MUST_USE;
static enum err delta_compare(struct beside *b, uint64_t seq) MUST_USE;
static bool has_bodies(struct bytes has, struct bytes wanted);

enum err
salvage_strays_count(struct txn *from, struct txn *to, struct salvage *salvage)
{
	struct straying s = {.from = from, .to = to};
	enum err e;

	strays_find(&s, TABLE_DELTAS);
	strays_find(&s, TABLE_BLOCKS);
	e = kv_failed(from->kv);
	for (size_t i = 0; i < s.n && e == ERR_OK; i++)
		e = stray_count(&s, &s.all[i], salvage);
	salvage->missing += s.odd;
	mem_free(s.all);
	return e;
}

static bool
is_new(struct straying *s, const struct stray *stray)
{
	struct bytes row;
	struct key key;

	for (size_t i = 0; i < s->n; i++)
		if (s->all[i].no.v == stray->no.v &&
		    s->all[i].space.v == stray->space.v)
			return false;
	tables_log_no_key(stray->no, &key);
	return !kv_find(s->from->kv, TABLE_LOG_NOS, tables_key(&key), &row);
}

/* A key that is damaged says nothing of those behind it. */
static void
strays_find(struct straying *s, enum table table)
{
	struct kv_cursor cursor;
	struct key key;
	bool more;

	kv_cursor_init(&cursor, s->from->kv, table);
	more = kv_seek(&cursor, (struct bytes){0});
	while (more) {
		bool fits = cursor.key.n >= DELTA_KEY_SIZE;
		struct stray stray = {
		    .space.v = fits ? bytes_be32(cursor.key.p) : 0,
		    .no.v = fits ? bytes_be32(cursor.key.p + 4) : 0};

		if (stray.space.v == 0 || stray.no.v == 0 ||
		    stray.no.v == UINT32_MAX) {
			s->odd++;
			more = kv_next(&cursor);
			continue;
		}
		if (is_new(s, &stray)) {
			mem_room(&s->all, &s->room, s->n + 1, sizeof(stray));
			s->all[s->n++] = stray;
		}
		stray.no.v++;
		tables_log_prefix(stray.space, stray.no, &key);
		more = kv_seek(&cursor, tables_key(&key));
	}
	kv_cursor_fini(&cursor);
}

/* Beside the log that its headers name, wherever the store has one. */
static enum err
stray_count(
    struct straying *s, const struct stray *stray, struct salvage *salvage)
{
	struct log_id trunk;
	bool known = trunk_find(s, stray, &trunk);
	struct beside b = {.s = s, .log = {.no = stray->no}};
	struct space_state space = {.no = stray->space};
	struct space_state **spaces;
	size_t n;
	enum err e = space_all(s->to, &spaces, &n);

	b.log.space = &space;
	for (size_t i = 0; known && i < n && b.tips_n == 0 && e == ERR_OK; i++)
		e = oplog_tips(s->to, spaces[i], &trunk, &b.tips, &b.tips_n);
	/* What opens its blocks. */
	if (b.tips_n > 0) {
		b.log.origin = b.tips[0]->origin;
		b.log.trunk = b.tips[0]->trunk;
	}
	if (e == ERR_OK)
		e = rows_compare(&b, TABLE_DELTAS);
	if (e == ERR_OK)
		e = rows_compare(&b, TABLE_BLOCKS);
	/* A row that could not be read is none that the store has. */
	if (e == ERR_OK)
		e = kv_failed(s->from->kv);
	salvage->missing += b.missing;
	salvage->owed += b.owed;
	return e;
}

/* Those in blocks do not say it; but the newest of a log lie outside. */
static bool
trunk_find(struct straying *s, const struct stray *stray, struct log_id *trunk)
{
	struct kv_cursor cursor;
	struct arena arena = {0};
	struct key prefix;
	bool found = false;

	tables_log_prefix(stray->space, stray->no, &prefix);
	kv_cursor_init(&cursor, s->from->kv, TABLE_DELTAS);
	for (bool more = kv_seek(&cursor, tables_key(&prefix));
	     more && !found && bytes_begins(cursor.key, tables_key(&prefix));
	     more = kv_next(&cursor)) {
		struct stored_delta stored;
		struct delta delta;
		struct bytes content;

		arena_reset(&arena);
		if (!tables_fit(cursor.key, cursor.value, &content) ||
		    !oplog_row_delta(content, &stored) || stored.opaque)
			continue;
		delta_decode(stored.header, &arena, &delta, NULL);
		found = !delta.opaque;
		memcpy(trunk->b, delta.origin.b, sizeof(trunk->b));
	}
	kv_cursor_fini(&cursor);
	arena_fini(&arena);
	return found;
}

static enum err
rows_compare(struct beside *b, enum table table)
{
	struct kv_cursor cursor;
	struct key prefix;
	enum err e = ERR_OK;

	tables_log_prefix(b->log.space->no, b->log.no, &prefix);
	kv_cursor_init(&cursor, b->s->from->kv, table);
	for (bool more = kv_seek(&cursor, tables_key(&prefix));
	     more && bytes_begins(cursor.key, tables_key(&prefix)) &&
	     e == ERR_OK;
	     more = kv_next(&cursor)) {
		uint64_t seq;

		if (cursor.key.n != DELTA_KEY_SIZE) {
			b->missing++;
			continue;
		}
		seq = bytes_be64(cursor.key.p + 8);
		e = table == TABLE_DELTAS
			? delta_compare(b, seq)
			: block_compare(b, seq, block_count(cursor.value));
	}
	kv_cursor_fini(&cursor);
	return e;
}

static enum err
block_compare(struct beside *b, uint64_t first, size_t n)
{
	enum err e = ERR_OK;

	if (n == 0 || first > UINT64_MAX - n) {
		b->missing++;
		return ERR_OK;
	}
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		struct bytes row;
		struct key key;

		/* Such a row is newer, and was looked at. */
		tables_delta_key(b->log.space->no, b->log.no, first + i, &key);
		if (!kv_find(
			b->s->from->kv, TABLE_DELTAS, tables_key(&key), &row))
			e = delta_compare(b, first + i);
	}
	return e;
}

static enum err
delta_compare(struct beside *b, uint64_t seq)
{
	struct stored_delta wanted;
	bool found = false;
	bool whole = false;
	enum err e = ERR_CORRUPT;

	if (seq < UINT64_MAX - 1) {
		b->log.frontier.size = seq + 1;
		e = oplog_get(b->s->from, &b->log, seq, &wanted);
	}
	if (e == ERR_CORRUPT) {
		kv_forget(b->s->from->kv);
		b->missing++;
		return ERR_OK;
	}
	for (size_t i = 0; i < b->tips_n && !whole && e == ERR_OK; i++) {
		struct stored_delta has;

		if (seq >= b->tips[i]->frontier.size)
			continue;
		e = oplog_get(b->s->to, b->tips[i], seq, &has);
		if (e != ERR_OK || !bytes_equal(has.header, wanted.header))
			continue;
		found = true;
		whole = has_bodies(has.bodies, wanted.bodies);
	}
	b->missing += !found;
	b->owed += found && !whole;
	return e;
}

/* Each of `wanted` is among `has`, and open if it is there. */
static bool
has_bodies(struct bytes has, struct bytes wanted)
{
	struct stored_body here;
	struct stored_body there;

	while (oplog_body_next(&wanted, &there)) {
		struct bytes rest = has;
		bool found = false;

		while (!found && oplog_body_next(&rest, &here))
			found = oplog_row_compare(&here, &there) == 0 &&
				(here.form == BODY_OPEN ||
				    there.form != BODY_OPEN);
		if (!found)
			return false;
	}
	return true;
}
