/*
 * Derived rows that are damaged although their checksums fit, or that are
 * missing, are noticed by who reads them and never taken for an answer; what
 * is merely not held yet is no damage.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/docket.h"
#include "core/record.h"
#include "core/tree.h"
#include "tests/lib/council.h"
#include "tests/lib/desk.h"

enum { EDITS = 20 };

static const char here[] = "d03/c017/case";

/* A desk with two records of many changes, and what of them is open. */
struct ward {
	struct desk desk;
	struct record_id ids[2];
	struct txn *txn;
	struct space_state *space;
	struct log *log; /* all of it */
};

static void
well(enum err e)
{
	if (e != ERR_OK)
		fail_msg("%s: %s", err_name(e), err_text());
}

static int
ward_make(void **state)
{
	static struct ward ward;
	char text[] = "a";

	memset(&ward, 0, sizeof(ward));
	desk_found(&ward.desk, 41);
	desk_begin(&ward.desk, true);
	for (size_t i = 0; i < COUNT_OF(ward.ids); i++) {
		ward.ids[i] = desk_create(&ward.desk, here, "가");
		for (int k = 0; k < EDITS; k++) {
			struct store_edit edit = desk_text(
			    OP_ADD, CLASS_P, "tags", text);

			text[0] = (char)('b' + k);
			desk_edit(&ward.desk, here, &ward.ids[i], &edit, NULL);
		}
	}
	desk_commit(&ward.desk);
	*state = &ward;
	return 0;
}

static int
ward_remove(void **state)
{
	struct ward *ward = *state;

	assert_int_equal(desk_check(&ward->desk, true), 0);
	desk_fini(&ward->desk);
	return 0;
}

/* A writer, whose damage ward_close takes back. */
static void
ward_open(struct ward *ward)
{
	struct space name;
	struct log **logs;
	size_t n;

	desk_begin(&ward->desk, true);
	ward->txn = store_txn(ward->desk.store);
	well(id_space(bytes_text(here), &name));
	ward->space = space_find(ward->txn, &name);
	assert_non_null(ward->space);
	well(oplog_all(ward->txn, ward->space, &logs, &n));
	assert_int_equal(n, 1);
	ward->log = logs[0];
	assert_true(ward->log->frontier.size > 2 * EDITS);
}

static void
ward_close(struct ward *ward)
{
	store_abort(ward->desk.store);
}

/* The row number `nth` under `prefix`, as a key. */
static size_t
rows_under(struct ward *ward, enum table table, const struct key *prefix,
    size_t nth, struct key *key)
{
	struct kv_cursor cursor;
	size_t n = 0;

	kv_cursor_init(&cursor, ward->txn->kv, (unsigned)table);
	for (bool more = kv_seek(&cursor, tables_key(prefix));
	     more && bytes_begins(cursor.key, tables_key(prefix));
	     more = kv_next(&cursor)) {
		if (n++ != nth)
			continue;
		key->n = 0;
		tables_key_add(key, cursor.key);
	}
	kv_cursor_fini(&cursor);
	return n;
}

static enum err
history_read(struct ward *ward, size_t *n)
{
	struct arena arena = {0};
	struct merge_changes changes;
	enum err e = store_history(ward->desk.store, &ward->space->name,
	    &ward->ids[1], &arena, &changes);

	*n = changes.n;
	arena_fini(&arena);
	return e;
}

static void
a_change_that_the_history_lost_is_missed(void **state)
{
	struct ward *ward = *state;
	struct key prefix;
	struct key key;
	size_t rows;
	size_t n;

	ward_open(ward);
	tables_record_key(ward->space->no, &ward->ids[1], &prefix);
	rows = rows_under(ward, TABLE_HISTORY, &prefix, 0, &key);
	assert_int_equal(history_read(ward, &n), ERR_OK);
	assert_int_equal(n, rows);
	assert_true(rows > EDITS / 2);
	ward_close(ward);
	for (size_t i = 0; i < rows; i++) {
		ward_open(ward);
		(void)rows_under(ward, TABLE_HISTORY, &prefix, i, &key);
		kv_del(ward->txn->kv, TABLE_HISTORY, tables_key(&key));
		assert_int_equal(history_read(ward, &n), ERR_CORRUPT);
		assert_non_null(strstr(err_text(), "a change of the record"));
		ward_close(ward);
	}
	ward_open(ward);
	for (size_t i = 0; i < rows; i++) {
		(void)rows_under(ward, TABLE_HISTORY, &prefix, 0, &key);
		kv_del(ward->txn->kv, TABLE_HISTORY, tables_key(&key));
	}
	assert_int_equal(history_read(ward, &n), ERR_CORRUPT);
	ward_close(ward);
}

/* How many changes of `id` node `at` shows. */
static size_t
history_of(struct town *town, size_t at, const struct record_id *id)
{
	struct space name = town_space(here);
	struct arena arena = {0};
	struct merge_changes changes;

	well(store_begin(town_store(town, at), false));
	well(store_history(town_store(town, at), &name, id, &arena, &changes));
	store_abort(town_store(town, at));
	arena_fini(&arena);
	return changes.n;
}

/* Of the record that `late` knows it lacks the beginning: wholly, then with the
 * log begun that it is in. */
static void
a_change_that_is_not_held_yet_is_not_missed(void **state)
{
	static struct town town;
	struct log_cut first;
	struct log_cut then;
	struct record_id id;
	size_t member;
	size_t late;

	(void)state;
	town_init(&town, 43);
	member = town_member(&town, "d03", "read:NPSF,write");
	late = town_member(&town, "d03", "read:NPSF,write");
	town_copy(&town, 0, member);
	id = town_create(&town, member, here, "가");
	town_copy(&town, member, 0);
	assert_true(town_patch(
	    &town, 0, here, &id, town_edit(OP_SET, "name", town_text("나"))));
	first = council_cut(&town, 0, member, here, 0);
	then = council_cut(&town, 0, 0, here, 0);
	town_carry(&town, 0, late, &(struct town_cargo){.log = &then.log});
	assert_int_equal(history_of(&town, late, &id), 1);
	town_carry(&town, 0, late,
	    &(struct town_cargo){.log = &first.log, .deltas_max = 1});
	assert_int_equal(history_of(&town, late, &id), 1);
	town_carry(&town, 0, late, &(struct town_cargo){.log = &first.log});
	assert_int_equal(history_of(&town, late, &id), 2);
	town_fini(&town);
}

static enum err
cells_read(struct ward *ward)
{
	struct arena arena = {0};
	struct record record;
	enum err e = record_get(ward->txn,
	    &(struct record_read){
		.space = ward->space, .cells = true, .arena = &arena},
	    &ward->ids[0], &record);

	arena_fini(&arena);
	return e;
}

static void
a_value_that_is_missing_among_others_is_missed(void **state)
{
	struct ward *ward = *state;
	struct key prefix;
	struct key key;
	size_t rows;

	ward_open(ward);
	tables_record_key(ward->space->no, &ward->ids[0], &prefix);
	rows = rows_under(ward, TABLE_CELLS, &prefix, 0, &key);
	assert_int_equal(rows, EDITS);
	assert_int_equal(cells_read(ward), ERR_OK);
	ward_close(ward);
	for (size_t i = 0; i < rows; i++) {
		ward_open(ward);
		(void)rows_under(ward, TABLE_CELLS, &prefix, i, &key);
		kv_del(ward->txn->kv, TABLE_CELLS, tables_key(&key));
		assert_int_equal(cells_read(ward), ERR_CORRUPT);
		assert_non_null(strstr(err_text(), "not all values"));
		ward_close(ward);
		/* There, but no value. */
		ward_open(ward);
		txn_put(ward->txn, TABLE_CELLS, &key, bytes_text("?"));
		assert_int_equal(cells_read(ward), ERR_CORRUPT);
		ward_close(ward);
	}
}

/* Walks through all records of the ward. */
static enum err
walk(struct ward *ward, uint64_t *met)
{
	struct arena arena = {0};
	struct record_read read = {
	    .space = ward->space, .arena = &arena, .met = met};
	struct record_id id = {0};
	struct record record;
	bool found = true;
	enum err e = ERR_OK;

	*met = 0;
	while (e == ERR_OK && found)
		e = record_next(ward->txn, &read, &id, &record, &found);
	arena_fini(&arena);
	return e;
}

static void
a_walk_misses_records_and_stops_at_what_is_none(void **state)
{
	struct ward *ward = *state;
	struct key key;
	uint64_t met;

	for (size_t i = 0; i < COUNT_OF(ward->ids); i++) {
		ward_open(ward);
		assert_int_equal(walk(ward, &met), ERR_OK);
		assert_int_equal(met, COUNT_OF(ward->ids));
		tables_record_key(ward->space->no, &ward->ids[i], &key);
		kv_del(ward->txn->kv, TABLE_RECORDS, tables_key(&key));
		assert_int_equal(walk(ward, &met), ERR_CORRUPT);
		assert_int_equal(met, COUNT_OF(ward->ids) - 1);
		assert_non_null(strstr(err_text(), "records of the space"));
		ward_close(ward);
		ward_open(ward);
		tables_key_add(&key, bytes_of("+", 1));
		txn_put(ward->txn, TABLE_RECORDS, &key, bytes_text("?"));
		assert_int_equal(walk(ward, &met), ERR_CORRUPT);
		assert_non_null(strstr(err_text(), "its key is no record's"));
		ward_close(ward);
	}
}

/* Puts `content` where the first node of level 4 lies. */
static void
tree_damage(struct ward *ward, const uint8_t *content, size_t n)
{
	struct key key;

	tables_tree_key(
	    ward->space->no, ward->log->no, TREE_LEVEL_STEP, 0, &key);
	txn_put(ward->txn, TABLE_TREE, &key, bytes_of(content, n));
}

static void
a_row_of_the_tree_is_whole_nodes_without_a_gap(void **state)
{
	enum { NODE = 32, FULL = 1 + TREE_ROW_NODES * NODE };
	static const struct {
		size_t n;
		uint8_t first;
		bool reads;   /* node 0 can be read */
		bool follows; /* node 1 can be put behind it */
	} rows[] = {{0, 0, false, false}, {1, 0, false, false},
	    {NODE, 0, false, false}, {1 + NODE, 0, true, true},
	    {2 + NODE, 0, false, false}, {1 + NODE, 1, false, false},
	    {1, 1, false, false}, {1, 2, false, false},
	    {1 + 2 * NODE, 0, true, false}, {FULL, 0, true, false},
	    {FULL + NODE, 0, false, false}, {1 + NODE, 255, false, false}};
	struct ward *ward = *state;
	uint8_t content[FULL + NODE] = {0};
	struct hash node;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		content[0] = rows[i].first;
		ward_open(ward);
		tree_damage(ward, content, rows[i].n);
		assert_int_equal(
		    tree_node(ward->txn, ward->log, TREE_LEVEL_STEP, 0, &node),
		    rows[i].reads ? ERR_OK : ERR_CORRUPT);
		ward_close(ward);
		ward_open(ward);
		tree_damage(ward, content, rows[i].n);
		tree_put(ward->txn, ward->log, TREE_LEVEL_STEP, 1, &node);
		assert_int_equal(kv_failed(ward->txn->kv),
		    rows[i].follows ? ERR_OK : ERR_CORRUPT);
		ward_close(ward);
	}
}

static void
a_row_that_leads_to_no_decision_is_damage(void **state)
{
	struct ward *ward = *state;
	struct decision_at at;
	struct key key;

	for (int more = 0; more < 3; more++) {
		ward_open(ward);
		assert_non_null(docket_of(ward->txn, ward->space));
		ward_close(ward);
		ward_open(ward);
		at = (struct decision_at){
		    .target = ward->log->trunk, .log = ward->log->no, .seq = 1};
		at.log.v += more == 2 ? 1000 : 0;
		tables_decision_key(ward->space->no, &at, &key);
		if (more == 1)
			tables_key_add(&key, bytes_of("+", 1));
		kv_put(ward->txn->kv, TABLE_DECISIONS, tables_key(&key),
		    (struct bytes){0});
		assert_null(docket_of(ward->txn, ward->space));
		assert_int_equal(kv_failed(ward->txn->kv), ERR_CORRUPT);
		ward_close(ward);
	}
}

/* A row of the table of spaces, with a checksum that fits. */
static enum err
space_read(struct ward *ward, const char *name, uint32_t no, size_t size)
{
	struct space_state **all;
	struct buf content = {0};
	struct buf row = {0};
	size_t n;
	enum err e;

	ward_open(ward);
	buf_add_be32(&content, no);
	while (content.n < size)
		buf_add_u8(&content, 0);
	tables_row(bytes_text(name), buf_bytes(&content), &row);
	kv_put(ward->txn->kv, TABLE_SPACES, bytes_text(name), buf_bytes(&row));
	e = space_all(ward->txn, &all, &n);
	ward_close(ward);
	buf_fini(&content);
	buf_fini(&row);
	return e;
}

static void
a_row_that_is_no_space_is_damage(void **state)
{
	struct ward *ward = *state;
	struct key key = {0};
	struct bytes is;
	size_t size;

	ward_open(ward);
	tables_key_add(&key, bytes_text(here));
	assert_true(txn_find(ward->txn, TABLE_SPACES, &key, &is));
	size = is.n;
	ward_close(ward);
	assert_int_equal(space_read(ward, "d03/c018/case", 3, size), ERR_OK);
	assert_int_equal(
	    space_read(ward, "d03/c018/case", LIMIT_SPACES, size), ERR_OK);
	assert_int_equal(
	    space_read(ward, "d03/c018/case", LIMIT_SPACES + 1, size),
	    ERR_CORRUPT);
	assert_int_equal(
	    space_read(ward, "d03/c018/case", 0, size), ERR_CORRUPT);
	assert_int_equal(
	    space_read(ward, "d03/c018/case", 3, size - 1), ERR_CORRUPT);
	assert_int_equal(
	    space_read(ward, "d03/c018/case", 3, size + 1), ERR_CORRUPT);
	assert_int_equal(space_read(ward, "d03//case", 3, size), ERR_CORRUPT);
	assert_non_null(strstr(err_text(), "its key is no space"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_change_that_the_history_lost_is_missed),
	    cmocka_unit_test(a_change_that_is_not_held_yet_is_not_missed),
	    cmocka_unit_test(a_value_that_is_missing_among_others_is_missed),
	    cmocka_unit_test(a_walk_misses_records_and_stops_at_what_is_none),
	    cmocka_unit_test(a_row_of_the_tree_is_whole_nodes_without_a_gap),
	    cmocka_unit_test(a_row_that_leads_to_no_decision_is_damage),
	    cmocka_unit_test(a_row_that_is_no_space_is_damage),
	};

	return cmocka_run_group_tests_name(
	    "derived_damage", tests, ward_make, ward_remove);
}
