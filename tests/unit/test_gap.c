/*
 * Promises of core/gap.h and of those who ask it: whichever bit of the key of a
 * row turns over while the store is open, no look-up of that row, or of one
 * beside it, says that there is none; and where nothing is damaged, a look-up
 * that finds nothing is believed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/actor.h"
#include "core/docket.h"
#include "core/events.h"
#include "core/feed.h"
#include "core/gap.h"
#include "core/lookup.h"
#include "core/meta.h"
#include "core/oplog.h"
#include "core/record.h"
#include "tests/lib/branches.h"
#include "tests/lib/council.h"
#include "tests/lib/hole.h"
#include "tests/lib/wire.h"

#define SPACE "d03/c017/case"

enum { SPACES = 24, HOUSEHOLDS = 12, ZONES = 3 };

static struct gaps {
	struct town town;
	struct holes holes;
	struct log_id split; /* a log in SPACE that has two branches */
} gaps;

static void
well(enum err e)
{
	if (e != ERR_OK)
		fail_msg("%s: %s", err_name(e), err_text());
}

static struct txn *
reader(void)
{
	struct store *store = town_store(&gaps.town, 0);

	well(store_begin(store, false));
	return store_txn(store);
}

static void
leave(void)
{
	store_abort(town_store(&gaps.town, 0));
}

/* Two branches of what node 1 writes in SPACE, and decisions about it. */
static void
branches_make(void)
{
	struct town *town = &gaps.town;
	struct backup backup;
	struct log_cut cut;

	wire_sync(town, 1, 0);
	backup_take(town, 1, &backup);
	for (unsigned way = 0; way < 2; way++) {
		town->now_ms += 1000;
		(void)town_create(town, 1, SPACE, "둘");
		wire_sync(town, 1, 0);
		if (way == 0)
			backup_put(town, 1, &backup);
	}
	backup_fini(&backup);
	(void)town_create(town, 2, SPACE, "셋");
	wire_sync(town, 2, 0);
	cut = council_cut(town, 0, 2, SPACE, 1);
	council_decide_range(town, 0, SPACE, false, &cut);
	cut = council_cut(town, 0, 2, "d03/c002/case", 1);
	council_decide_range(town, 0, "d03/c002/case", true, &cut);
	cut = council_cut(town, 0, 2, "d03/c005/case", 1);
	council_decide_range(town, 0, "d03/c005/case", true, &cut);
}

/* Names of people. */
static void
names_make(void)
{
	struct store *store = town_store(&gaps.town, 0);
	struct actor_id actor = {{0}};

	well(store_begin(store, true));
	for (uint8_t i = 0; i < 20; i++) {
		memset(actor.b, 7 * i, sizeof(actor.b));
		actor_put(store_txn(store), &actor, bytes_text("이름"));
	}
	well(store_commit(store));
}

/* One of ZONES records, as a canonical value. */
static struct bytes
zone(size_t i)
{
	static uint8_t value[ZONES][2 + 16];

	memset(value[i], (int)(40 * i + 3), sizeof(value[i]));
	value[i][0] = 0xc4;
	value[i][1] = 16;
	return bytes_of(value[i], sizeof(value[i]));
}

/* Node 0 follows a pack, whose records have indexes and views. */
static void
households_make(void)
{
	struct store *store = town_store(&gaps.town, 0);

	well(store_begin(store, true));
	meta_put(store_txn(store), meta_pack, bytes_text("chatdong"));
	well(store_commit(store));
	town_close(&gaps.town, 0);
	(void)town_open(&gaps.town, 0);
	for (size_t i = 0; i < HOUSEHOLDS; i++) {
		struct store_edit edit = town_edit(
		    OP_SET, "zone", zone(i % ZONES));
		struct store_write write = {.space = town_space(SPACE),
		    .create = true,
		    .collection = bytes_text("household"),
		    .edits = &edit,
		    .edits_n = 1};
		struct record_id id;
		bool changed;

		/* Who follows none may leave out what it wants. */
		well(town_write(&gaps.town, 2, &write, &id, &changed));
	}
	wire_sync(&gaps.town, 2, 0);
}

static void
split_find(void)
{
	struct space name = town_space(SPACE);
	struct txn *txn = reader();
	struct log **logs;
	size_t n;

	well(oplog_all(txn, space_find(txn, &name), &logs, &n));
	for (size_t i = 0; i < n; i++)
		if (oplog_is_branch(logs[i]))
			gaps.split = logs[i]->trunk;
	leave();
}

static int
gaps_make(void **state)
{
	struct town *town = &gaps.town;

	(void)state;
	tempdir_in_memory();
	town_init(town, 19);
	assert_int_equal(town_member(town, "d03", "read:NPSF,write,hold"), 1);
	assert_int_equal(town_member(town, "d03", "read:NPSF,write,hold"), 2);
	well(town_grant(town, 0, 0, "", "read:NPSF,write,hold,admin", ""));
	town_meet(town);
	for (unsigned i = 0; i < SPACES; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "d03/c%03u/case", i);
		(void)town_create(town, i % 3, name, "하나");
	}
	town_meet(town);
	(void)town_create(town, 1, SPACE, "하나");
	names_make();
	branches_make();
	households_make();
	split_find();
	hole_open(&gaps.holes, town, 0);
	return 0;
}

static int
gaps_remove(void **state)
{
	(void)state;
	wire_assert_sound(&gaps.town, 0);
	hole_close(&gaps.holes);
	town_fini(&gaps.town);
	return 0;
}

static enum table looked_in;
static struct txn *held; /* begun before the bit turns over */

/* Every row is found, or the miss is not believed. */
static void
look_rows(const struct hole_row *damaged)
{
	struct txn *txn = held;

	(void)damaged;
	for (size_t i = 0; i < gaps.holes.n; i++) {
		struct bytes key = tables_key(&gaps.holes.rows[i].key);
		struct bytes value;

		if (!kv_find(txn->kv, looked_in, key, &value))
			assert_int_equal(
			    gap_none(txn, looked_in, key), ERR_CORRUPT);
	}
}

static void
a_damaged_key_is_told_by_the_rows_beside_it(void **state)
{
	static const enum table tables[] = {TABLE_META, TABLE_SPACES,
	    TABLE_LOGS, TABLE_LOG_NOS, TABLE_DELTAS, TABLE_HEADS, TABLE_FORKS,
	    TABLE_RECORDS, TABLE_WORDS, TABLE_FEED, TABLE_OWN, TABLE_PEERS,
	    TABLE_ACTORS, TABLE_EVENTS};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(tables); i++) {
		looked_in = tables[i];
		hole_rows(&gaps.holes, looked_in);
		if (gaps.holes.n == 0)
			fail_msg("%s is empty", tables_names[looked_in]);
		held = reader();
		hole_each(&gaps.holes, look_rows);
		leave();
	}
}

/* A row whose value is damaged is no reason to doubt that others are none. */
static void
a_damaged_value_beside_it_is_no_reason(void **state)
{
	struct key none = {0};

	(void)state;
	hole_rows(&gaps.holes, TABLE_RECORDS);
	for (size_t i = 0; i < gaps.holes.n; i++) {
		struct hole_row *row = &gaps.holes.rows[i];
		struct txn *txn;

		hole_flip(&gaps.holes, row,
		    HOLE_SIZE_BITS + 8 * ((long)row->key.n + 9));
		none = row->key;
		for (size_t k = 4; k < none.n; k++)
			none.b[k] = (uint8_t)~none.b[k];
		txn = reader();
		well(gap_none(txn, TABLE_RECORDS, tables_key(&none)));
		none = row->key;
		none.b[none.n - 1] ^= 0x80;
		none.b[none.n - 2] ^= 0x80;
		well(gap_none(txn, TABLE_RECORDS, tables_key(&none)));
		assert_int_equal(
		    gap_edge(txn, TABLE_RECORDS, tables_key(&none)),
		    ERR_CORRUPT);
		leave();
		hole_flip(&gaps.holes, row,
		    HOLE_SIZE_BITS + 8 * ((long)row->key.n + 9));
	}
}

/* All spaces and their records, as who reads asks for them. */
static void
look_spaces(const struct hole_row *damaged)
{
	(void)damaged;
	for (size_t i = 0; i < gaps.holes.n; i++) {
		struct txn *txn = reader();
		struct space name;

		well(id_space(tables_key(&gaps.holes.rows[i].key), &name));
		if (space_find(txn, &name) == NULL)
			assert_int_equal(kv_failed(txn->kv), ERR_CORRUPT);
		leave();
	}
}

static void
no_space_is_lost_in_silence(void **state)
{
	struct space none = town_space("d03/c900/case");
	struct txn *txn = reader();

	(void)state;
	assert_null(space_find(txn, &none));
	well(kv_failed(txn->kv));
	leave();
	hole_rows(&gaps.holes, TABLE_SPACES);
	assert_true(gaps.holes.n > SPACES);
	hole_each(&gaps.holes, look_spaces);
}

/* Of every space all logs, and each by its id. */
static void
look_logs(const struct hole_row *damaged)
{
	struct txn *txn = reader();
	struct space_state **spaces;
	size_t spaces_n;
	size_t found = 0;
	enum err e;

	(void)damaged;
	well(space_all(txn, &spaces, &spaces_n));
	e = ERR_OK;
	for (size_t i = 0; i < spaces_n && e == ERR_OK; i++) {
		struct log **logs;
		size_t n;

		e = oplog_all(txn, spaces[i], &logs, &n);
		found += n;
	}
	assert_true(e == ERR_CORRUPT || (e == ERR_OK && found == gaps.holes.n));
	leave();
	for (size_t i = 0; i < gaps.holes.n; i++) {
		struct space_state *space;
		struct log_id id;

		txn = reader();
		bytes_copy(
		    id.b, bytes_after(tables_key(&gaps.holes.rows[i].key), 4));
		well(space_by_no(txn,
		    (struct space_no){bytes_be32(gaps.holes.rows[i].key.b)},
		    &space));
		if (oplog_find(txn, space, &id) == NULL)
			assert_int_equal(kv_failed(txn->kv), ERR_CORRUPT);
		leave();
	}
}

static void
no_log_is_lost_in_silence(void **state)
{
	(void)state;
	hole_rows(&gaps.holes, TABLE_LOGS);
	assert_in_range(gaps.holes.n, SPACES, HOLE_ROWS_MAX - 1);
	hole_each(&gaps.holes, look_logs);
}

/* The branches of the log that is split, and of all that are not. */
static void
look_tips(const struct hole_row *damaged)
{
	struct space name = town_space(SPACE);
	struct txn *txn = reader();
	struct log **tips;
	size_t n;
	enum err e;

	(void)damaged;
	e = oplog_tips(txn, space_find(txn, &name), &gaps.split, &tips, &n);
	assert_true(e == ERR_CORRUPT || (e == ERR_OK && n == gaps.holes.n));
	leave();
}

static void
no_branch_is_lost_in_silence(void **state)
{
	(void)state;
	hole_rows(&gaps.holes, TABLE_TIPS);
	assert_int_equal(gaps.holes.n, 2);
	hole_each(&gaps.holes, look_tips);
}

/* The decisions of each space of which there are rows. */
static void
look_decisions(const struct hole_row *damaged)
{
	(void)damaged;
	for (size_t i = 0; i < gaps.holes.n; i++) {
		struct txn *txn = reader();
		struct space_state *space;
		struct docket *docket;

		well(space_by_no(txn,
		    (struct space_no){bytes_be32(gaps.holes.rows[i].key.b)},
		    &space));
		docket = docket_of(txn, space);
		if (docket == NULL)
			assert_int_equal(kv_failed(txn->kv), ERR_CORRUPT);
		else if (docket->n != 1)
			fail_msg(
			    "%zu decisions in %s", docket->n, space->name.text);
		leave();
	}
}

static void
no_decision_is_lost_in_silence(void **state)
{
	(void)state;
	hole_rows(&gaps.holes, TABLE_DECISIONS);
	assert_int_equal(gaps.holes.n, 3);
	hole_each(&gaps.holes, look_decisions);
}

/* All entries of the feed, in their order. */
static void
look_feed(const struct hole_row *damaged)
{
	struct txn *txn = reader();
	struct feed_entry entry;
	size_t found = 0;

	(void)damaged;
	for (uint64_t number = 0; feed_next(txn, number, &entry);
	     number = entry.number)
		found++;
	if (kv_failed(txn->kv) == ERR_OK)
		assert_int_equal(found, kv_count(txn->kv, TABLE_FEED));
	else
		assert_int_equal(kv_failed(txn->kv), ERR_CORRUPT);
	leave();
}

static void
no_entry_of_the_feed_is_passed_over(void **state)
{
	(void)state;
	hole_rows(&gaps.holes, TABLE_FEED);
	assert_true(gaps.holes.n > SPACES);
	hole_each(&gaps.holes, look_feed);
}

static size_t
walked(struct lookup_scan *scan)
{
	struct record_id id;
	bool found = true;
	size_t n = 0;
	enum err e = ERR_OK;

	while (e == ERR_OK && found) {
		e = lookup_next(scan, &id, &found);
		n += e == ERR_OK && found;
	}
	if (e != ERR_OK)
		assert_int_equal(e, ERR_CORRUPT);
	return e == ERR_OK ? n : SIZE_MAX;
}

/* All households, and those of each zone. */
static void
look_households(const struct hole_row *damaged)
{
	struct space name = town_space(SPACE);
	struct lookup_scan scan;
	struct txn *txn = reader();
	struct space_no no = space_find(txn, &name)->no;
	const struct pack_collection *collection = pack_collection(
	    store_pack(town_store(&gaps.town, 0)), bytes_text("household"));
	size_t n;

	(void)damaged;
	lookup_all(txn, no, collection, &scan);
	n = walked(&scan);
	assert_true(n == HOUSEHOLDS || n == SIZE_MAX);
	leave();
	for (size_t i = 0; i < ZONES; i++) {
		txn = reader();
		lookup_equal(txn, no,
		    pack_field(collection, bytes_text("zone")), zone(i), &scan);
		n = walked(&scan);
		assert_true(n == HOUSEHOLDS / ZONES || n == SIZE_MAX);
		leave();
	}
}

static void
no_row_of_an_index_is_passed_over(void **state)
{
	struct txn *txn = reader();

	(void)state;
	assert_true(lookup_is_current(txn));
	leave();
	look_households(NULL);
	hole_rows(&gaps.holes, TABLE_LOOKUP);
	assert_true(gaps.holes.n >= 2 * (size_t)HOUSEHOLDS);
	hole_each(&gaps.holes, look_households);
}

static void
look_names(const struct hole_row *damaged)
{
	(void)damaged;
	for (size_t i = 0; i < gaps.holes.n; i++) {
		struct key name = gaps.holes.rows[i].key;
		struct bytes value;

		tables_key_add(&name, bytes_of("", 1));
		if (!meta_find(held, (const char *)name.b, &value))
			assert_int_equal(kv_failed(held->kv), ERR_CORRUPT);
		kv_forget(held->kv);
	}
}

static void
no_named_value_is_lost_in_silence(void **state)
{
	(void)state;
	hole_rows(&gaps.holes, TABLE_META);
	held = reader();
	assert_int_equal(meta_number(held, "nothing"), 0);
	well(kv_failed(held->kv));
	hole_each(&gaps.holes, look_names);
	leave();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_damaged_key_is_told_by_the_rows_beside_it),
	    cmocka_unit_test(a_damaged_value_beside_it_is_no_reason),
	    cmocka_unit_test(no_space_is_lost_in_silence),
	    cmocka_unit_test(no_log_is_lost_in_silence),
	    cmocka_unit_test(no_branch_is_lost_in_silence),
	    cmocka_unit_test(no_decision_is_lost_in_silence),
	    cmocka_unit_test(no_entry_of_the_feed_is_passed_over),
	    cmocka_unit_test(no_row_of_an_index_is_passed_over),
	    cmocka_unit_test(no_named_value_is_lost_in_silence),
	};

	return cmocka_run_group_tests(tests, gaps_make, gaps_remove);
}
