/*
 * Rows of a store that are changed as the input says, with checksums that are
 * right, so that all behind them is looked at: by whatever reads a store, by
 * fsck, by who writes, and by a rebuild.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/clock.h"
#include "core/dials.h"
#include "core/events.h"
#include "core/feed.h"
#include "core/forks.h"
#include "core/fsck.h"
#include "core/heads.h"
#include "core/history.h"
#include "core/lookup.h"
#include "core/rebuild.h"
#include "core/record.h"
#include "core/tokens.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/stage.h"
#include "tests/fuzz/targets.h"

enum { CHANGES_MAX = 3, NUMBERS_MAX = 100000 };

typedef enum err reader_fn(struct store *store);

/* In which tables some row is another than before. */
struct damage {
	unsigned all; /* bit 1 << table */
	bool any;
	bool other; /* also one that is not made again from the logs */
};

/* What the store says of itself; nothing of it is a failure of the machine. */
static void
assert_told(enum err e)
{
	assert(e != ERR_IO && e != ERR_FULL && e != ERR_BUSY && e != ERR_PEER);
}

/* Rows that the town does not write by itself. */
static void
prepare(struct stage *stage)
{
	struct town *town = &stage->town;
	struct store *store = town_store(town, STAGE_VICTIM);
	struct sign_key rogue = town_key(town, STAGE_ROGUE);
	struct token token = {.city = town->city,
	    .expires_s = town->now_ms / 1000 + 1000000,
	    .label = bytes_text("새 센터"),
	    .addresses_n = 1,
	    .addresses = {bytes_text("127.0.0.1:7700")}};
	struct fact_grant grant = {.gives = {RIGHT_READ, 1}};
	struct event event = {.kind = EVENT_PEER_REFUSED,
	    .peer = rogue,
	    .count = 1,
	    .text = bytes_text("왜")};
	struct msg_entry entry = {.log = stage->logs[0].id, .size = 2};
	struct clock_spent spent = {.day = 3, .bytes = 4};

	assert(store_begin(store, true) == ERR_OK);
	assert(tokens_make(store, &token, &grant, 1) == ERR_OK);
	assert(dials_add(store_txn(store), bytes_text("a:1")) == ERR_OK);
	assert(dials_add(store_txn(store), bytes_text("b:1")) == ERR_OK);
	events_put(store_txn(store), &event);
	clock_met(store_txn(store), &rogue, town->now_ms);
	clock_believe(store_txn(store), &rogue, &entry, &entry);
	clock_spent_put(store_txn(store), &rogue, &spent);
	assert(store_commit(store) == ERR_OK);
	stage_keep(stage);
}

/* The row of `table` that the input says; false: the table is empty. */
static bool
row_pick(struct fuzz_input *input, struct kv_txn *txn, enum table table,
    struct buf *key, struct buf *content)
{
	uint64_t n = kv_count(txn, table);
	struct kv_cursor cursor;
	size_t at;

	if (n == 0)
		return false;
	at = fuzz_below(input, n < 256 ? (size_t)n : 256);
	kv_cursor_init(&cursor, txn, table);
	assert(kv_seek(&cursor, (struct bytes){0}));
	for (size_t i = 0; i < at; i++)
		assert(kv_next(&cursor));
	buf_add(key, cursor.key);
	/* Some say all by their key. */
	if (cursor.value.n >= TABLES_CHECKSUM_SIZE)
		buf_add(
		    content, bytes_after(cursor.value, TABLES_CHECKSUM_SIZE));
	kv_cursor_fini(&cursor);
	return true;
}

static bool
is_derived(enum table table)
{
	switch (table) {
	case TABLE_TIPS:
	case TABLE_TREE:
	case TABLE_HISTORY:
	case TABLE_DECISIONS:
	case TABLE_RECORDS:
	case TABLE_SEATS:
	case TABLE_WORDS:
	case TABLE_CELLS:
	case TABLE_LOOKUP:
	case TABLE_VIEWS:
		return true;
	default:
		return false;
	}
}

static void
row_change(struct fuzz_input *input, struct kv_txn *txn)
{
	enum table table = (enum table)fuzz_below(input, TABLE_COUNT);
	uint8_t how = fuzz_u8(input);
	struct buf key = {0};
	struct buf content = {0};
	struct buf row = {0};

	if (!row_pick(input, txn, table, &key, &content))
		goto out;
	if (how >= 0xc0)
		kv_del(txn, table, buf_bytes(&key));
	if (how >= 0xf0)
		goto out;
	for (int i = 0; i < 1 + how % 2; i++)
		fuzz_mutate(input, how >= 0xa0 ? &key : &content);
	if (content.n > 0)
		tables_row(buf_bytes(&key), buf_bytes(&content), &row);
	if (key.n > 0 && key.n <= LIMIT_KEY_SIZE)
		kv_put(txn, table, buf_bytes(&key), buf_bytes(&row));
out:
	buf_fini(&key);
	buf_fini(&content);
	buf_fini(&row);
}

/* A checksum of all rows of each table. */
static void
sums_make(struct kv_txn *txn, uint64_t sums[TABLE_COUNT])
{
	for (unsigned table = 0; table < TABLE_COUNT; table++) {
		struct kv_cursor cursor;

		sums[table] = 0;
		kv_cursor_init(&cursor, txn, table);
		for (bool more = kv_seek(&cursor, (struct bytes){0}); more;
		     more = kv_next(&cursor))
			sums[table] = 31 * (31 * sums[table] +
					       bytes_checksum(cursor.key)) +
				      bytes_checksum(cursor.value);
		kv_cursor_fini(&cursor);
	}
}

static void
store_damage(
    struct stage *stage, struct fuzz_input *input, struct damage *damage)
{
	uint64_t before[TABLE_COUNT];
	uint64_t after[TABLE_COUNT];
	struct kv_txn *txn;
	struct kv *kv;

	town_close(&stage->town, STAGE_VICTIM);
	assert(
	    kv_open(
		&(struct kv_config){.dir = stage->town.nodes[STAGE_VICTIM].dir,
		    .tables = tables_names,
		    .tables_n = TABLE_COUNT,
		    .room_bytes = 1024 * 1024},
		&kv) == ERR_OK);
	assert(kv_begin(kv, true, &txn) == ERR_OK);
	sums_make(txn, before);
	for (int i = 0; i < CHANGES_MAX && (i == 0 || fuzz_more(input)); i++)
		row_change(input, txn);
	sums_make(txn, after);
	for (unsigned i = 0; i < TABLE_COUNT; i++) {
		if (before[i] == after[i])
			continue;
		damage->all |= 1u << i;
		damage->any = true;
		damage->other = damage->other || !is_derived((enum table)i);
	}
	assert(kv_commit(txn) == ERR_OK);
	kv_close(kv);
}

static enum err
authority_read(struct store *store)
{
	const struct authority *authority;

	return store_authority(store, &authority);
}

static enum err
private_read(struct store *store)
{
	struct txn *txn = store_txn(store);
	struct arena arena = {0};
	struct event event = {.number = 0};
	struct feed_entry entry = {.number = 0};
	const struct bytes *places;
	struct clock_peer *peers;
	struct tokens_row *rows;
	struct clock_list list;
	struct clock_spent spent;
	size_t rounds = 0;
	size_t n;
	enum err e;

	while (events_next(txn, event.number, &event))
		assert(++rounds < NUMBERS_MAX &&
		       events_kind_text(event.kind) != NULL);
	while (feed_next(txn, entry.number, &entry))
		assert(++rounds < NUMBERS_MAX);
	(void)dials_list(txn, &places);
	e = tokens_list(store, &arena, &rows, &n);
	if (e == ERR_OK)
		e = clock_peers(txn, &arena, &peers, &n);
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		e = clock_beliefs(txn, &peers[i].key, &arena, &list);
		if (e == ERR_OK)
			e = clock_told(txn, &peers[i].key, &arena, &list);
		if (e == ERR_OK)
			e = clock_spent_get(txn, &peers[i].key, &spent);
	}
	arena_fini(&arena);
	return e;
}

static enum err
log_read(struct txn *txn, const struct log *log)
{
	struct arena arena = {0};
	struct fork fork;
	enum err e = heads_check(txn, log);

	for (uint64_t seq = 0; seq < log->frontier.size && e == ERR_OK; seq++) {
		struct history_delta delta;

		e = history_delta(txn, log, seq, &arena, &delta);
	}
	if (e == ERR_OK && log->forked)
		e = forks_get(txn, log, &fork);
	arena_fini(&arena);
	return e;
}

static enum err
logs_read(struct store *store)
{
	struct txn *txn = store_txn(store);
	struct space_state **spaces;
	size_t spaces_n;
	enum err e = space_all(txn, &spaces, &spaces_n);

	for (size_t i = 0; e == ERR_OK && i < spaces_n; i++) {
		struct log **logs;
		size_t n;

		e = oplog_all(txn, spaces[i], &logs, &n);
		for (size_t k = 0; e == ERR_OK && k < n; k++)
			e = log_read(txn, logs[k]);
	}
	return e;
}

static enum err
records_of(struct store *store, struct space_state *space)
{
	struct txn *txn = store_txn(store);
	struct arena arena = {0};
	uint64_t met = 0;
	struct record_read read = {
	    .space = space, .arena = &arena, .cells = true, .met = &met};
	struct record_id id = {{0}};
	struct lookup_scan scan;
	struct record record;
	bool found = true;
	enum err e = ERR_OK;

	while (e == ERR_OK && found) {
		struct merge_changes changes;

		e = record_next(txn, &read, &id, &record, &found);
		if (e == ERR_OK && found)
			e = history_load(txn, space, &id, &arena, &changes);
	}
	if (e == ERR_OK)
		lookup_open(txn, space->no, &scan);
	for (found = true; e == ERR_OK && found;)
		e = lookup_next(&scan, &id, &found);
	arena_fini(&arena);
	return e;
}

static enum err
records_read(struct store *store)
{
	struct space_state **spaces;
	size_t n;
	enum err e = space_all(store_txn(store), &spaces, &n);

	for (size_t i = 0; e == ERR_OK && i < n; i++)
		e = records_of(store, spaces[i]);
	return e;
}

static uint64_t found;

static enum err
fsck_read(struct store *store)
{
	struct fsck_report report = {0};
	enum err e = fsck_run(store, NULL, &report);

	found = report.found;
	return e;
}

/* Is all read without a complaint? */
static bool
read_all(struct store *store)
{
	static reader_fn *const readers[] = {
	    authority_read, private_read, logs_read, records_read, fsck_read};
	bool well = true;

	found = 0;
	for (size_t i = 0; i < COUNT_OF(readers); i++) {
		enum err e = store_begin(store, false);

		if (e == ERR_OK) {
			e = readers[i](store);
			if (e == ERR_OK)
				e = kv_failed(store_txn(store)->kv);
		}
		assert_told(e);
		well = well && e == ERR_OK;
		store_abort(store);
	}
	return well && found == 0;
}

/* Whatever of what is derived is another, somebody notices. */
static void
notice(struct store *store, const struct damage *damage)
{
	if (!read_all(store) || !damage->any || damage->other)
		return;
	for (unsigned i = 0; i < TABLE_COUNT; i++) {
		if ((damage->all >> i & 1) != 0)
			(void)fprintf(
			    stderr, "nobody notices: %s\n", tables_names[i]);
	}
	abort();
}

static void
write_one(struct stage *stage, struct store *store, bool create)
{
	struct store_edit edit = town_edit(OP_SET, "name", town_text("그래도"));
	struct store_write write = {.space = town_space(STAGE_OPEN),
	    .create = create,
	    .collection = bytes_text("card"),
	    .has_record = !create,
	    .record = stage->records[0],
	    .edits = &edit,
	    .edits_n = 1};
	struct record_id id;
	bool changed;
	enum err e = store_begin(store, true);

	if (e == ERR_OK)
		e = store_write(store, &write, &id, &changed);
	if (e == ERR_OK)
		e = store_commit(store);
	assert_told(e);
	store_abort(store);
}

/* What was derived from logs is so again, and nothing complains. */
static void
rebuild(struct stage *stage, const struct damage *damage)
{
	struct store **store = &stage->town.nodes[STAGE_VICTIM].store;
	enum err e;

	town_close(&stage->town, STAGE_VICTIM);
	e = store_open_alone(
	    stage->town.nodes[STAGE_VICTIM].dir, &stage->town.host, store);
	if (e == ERR_OK)
		e = rebuild_run(*store, NULL);
	assert_told(e);
	assert(e == ERR_OK || damage->other);
	if (e == ERR_OK)
		assert(read_all(*store) || damage->other);
}

void
target_rows(struct bytes in)
{
	static bool prepared;
	struct fuzz_input input = {.left = in};
	struct stage *stage = stage_get();
	struct store **store = &stage->town.nodes[STAGE_VICTIM].store;
	struct damage damage = {.all = 0};
	uint8_t how;
	enum err e;

	fuzz_start();
	if (!prepared)
		prepare(stage);
	prepared = true;
	stage_rewind(stage);
	how = fuzz_u8(&input);
	store_damage(stage, &input, &damage);
	e = store_open(
	    stage->town.nodes[STAGE_VICTIM].dir, &stage->town.host, store);
	assert_told(e);
	if (e == ERR_OK) {
		if (how >= 0x40)
			notice(*store, &damage);
		write_one(stage, *store, how % 2 == 0);
		if (how % 8 == 3)
			rebuild(stage, &damage);
	}
	stage_reset(stage);
}
