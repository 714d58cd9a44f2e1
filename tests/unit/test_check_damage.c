/*
 * What core/fsck.h promises of rows whose checksums fit and that say something
 * else than was written, or lie where nothing belongs: each is found, and said
 * by its name.
 *
 * LINK: -Wl,--wrap=mdb_get,--wrap=mdb_cursor_open,--wrap=mdb_cursor_get
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/fsck.h"
#include "core/oplog_row.h"
#include "core/packing.h"
#include "core/tree.h"
#include "tests/lib/branches.h"
#include "tests/lib/council.h"
#include "tests/lib/fault.h"
#include "tests/lib/wire.h"

#define HERE "d03/c017/case"
#define THERE "d03/c018/case"
#define ALL "read:NPSF,write,hold"

/* The hall holds all, the room what is in HERE. */
enum { HALL, MEMBER, ROOM };
enum { PACKED = 150 };

/* A row as it was, to be put back. */
struct undone {
	enum table table;
	struct key key;
	bool there;
	struct buf value;
};

static struct ruin {
	struct town town;
	size_t at; /* the node whose rows are damaged */
	struct undone undone;
	struct buf told; /* what a check said, a line each */
} ruin;

static void
well(enum err e)
{
	if (e != ERR_OK)
		fail_msg("%s: %s", err_name(e), err_text());
}

/* A value of HALL and one of MEMBER, who did not see each other's. */
static void
conflict_make(void)
{
	struct town *town = &ruin.town;
	struct store_edit edit = town_edit(OP_SET, "name", town_text("둘"));
	struct store_write write = {.space = town_space(HERE),
	    .has_record = true,
	    .record = town_create(town, MEMBER, HERE, "하나"),
	    .edits = &edit,
	    .edits_n = 1,
	    .has_actor = true,
	    .actor = {{7, 8, 9}}};
	struct record_id id;
	bool changed;

	town_meet(town);
	well(town_write(town, HALL, &write, &id, &changed));
	edit.value = town_text("셋");
	well(town_write(town, MEMBER, &write, &id, &changed));
	town_meet(town);
	for (unsigned i = 0; i < 20; i++)
		(void)town_patch(town, MEMBER, HERE, &id,
		    town_edit(OP_COUNT, "seen", town_int(1)));
}

static void
pack(size_t node)
{
	struct store *store = town_store(&ruin.town, node);
	struct packing packing = {.rest = true};

	while (!packing.ended) {
		well(store_begin(store, true));
		well(packing_some(store_txn(store), &packing, 4096));
		well(store_commit(store));
	}
	assert_true(packing.blocks > 0);
}

/* Two branches of the member's log in THERE, on a block of many. */
static void
branches_make(void)
{
	struct town *town = &ruin.town;
	struct backup backup;

	for (unsigned i = 0; i < PACKED; i++)
		(void)town_create(town, MEMBER, THERE, "하나");
	wire_sync(town, MEMBER, HALL);
	pack(HALL);
	backup_take(town, MEMBER, &backup);
	for (unsigned way = 0; way < 2; way++) {
		town->now_ms += 1000;
		(void)town_create(town, MEMBER, THERE, "둘");
		wire_sync(town, MEMBER, HALL);
		if (way == 0)
			backup_put(town, MEMBER, &backup);
	}
	backup_fini(&backup);
}

static int
ruin_make(void **state)
{
	struct town *town = &ruin.town;

	(void)state;
	town_init(town, 91);
	assert_int_equal(town_member(town, "d03", ALL), MEMBER);
	assert_int_equal(town_member(town, "d03/c017", ALL), ROOM);
	well(town_grant(town, HALL, HALL, "", ALL, ""));
	town_meet(town);
	conflict_make();
	wire_sync(town, MEMBER, ROOM);
	branches_make();
	return 0;
}

static int
ruin_remove(void **state)
{
	(void)state;
	for (size_t i = 0; i < ruin.town.n; i++)
		wire_assert_sound(&ruin.town, i);
	buf_fini(&ruin.told);
	town_fini(&ruin.town);
	return 0;
}

/* Puts a row as it lies (NULL: removes it), behind everybody's back. */
static void
raw_put(enum table table, const struct key *key, const struct buf *row)
{
	struct store *store = town_store(&ruin.town, ruin.at);

	well(store_begin(store, true));
	if (row == NULL)
		kv_del(store_txn(store)->kv, table, tables_key(key));
	else
		kv_put(store_txn(store)->kv, table, tables_key(key),
		    buf_bytes(row));
	well(store_commit(store));
}

/* Appends the row `key` as it lies to `row`; false when it is not there. */
static bool
raw_get(enum table table, const struct key *key, struct buf *row)
{
	struct store *store = town_store(&ruin.town, ruin.at);
	struct bytes value;
	bool found;

	well(store_begin(store, false));
	found = kv_find(store_txn(store)->kv, table, tables_key(key), &value);
	if (found)
		buf_add(row, value);
	store_abort(store);
	return found;
}

/* As raw_put, until undo(). */
static void
spoil_raw(enum table table, const struct key *key, const struct buf *row)
{
	struct undone *old = &ruin.undone;

	*old = (struct undone){.table = table, .key = *key};
	old->there = raw_get(table, key, &old->value);
	raw_put(table, key, row);
}

/* With a checksum that fits. */
static void
spoil(enum table table, const struct key *key, struct bytes content)
{
	struct buf row = {0};

	tables_row(tables_key(key), content, &row);
	spoil_raw(table, key, &row);
	buf_fini(&row);
}

static void
undo(void)
{
	struct undone *old = &ruin.undone;

	raw_put(old->table, &old->key, old->there ? &old->value : NULL);
	buf_fini(&old->value);
}

static void
told(void *arg, enum err code, const char *text)
{
	(void)arg;
	(void)code;
	buf_add_format(&ruin.told, "%s\n", text);
}

static enum err
check(struct fsck_report *report)
{
	struct store *store = town_store(&ruin.town, ruin.at);
	struct fsck_watch watch = {.found = told};
	enum err e;

	buf_cut(&ruin.told, 0);
	well(store_begin(store, false));
	e = fsck_run(store, &watch, report);
	store_abort(store);
	return e;
}

/* The check says `what`; and nothing any more when all is put back. */
static void
assert_told(const char *what)
{
	struct fsck_report report;

	well(check(&report));
	assert_true(report.found > 0);
	if (strstr(buf_text(&ruin.told), what) == NULL)
		fail_msg("not '%s': %s", what, buf_text(&ruin.told));
	undo();
	well(check(&report));
	assert_int_equal(report.found, 0);
}

/* The newest log of `whom` in `space` as it is at ruin.at. */
static struct log
log_of(size_t whom, const char *space, size_t nth)
{
	struct store *store = town_store(&ruin.town, ruin.at);
	struct sign_key author = town_key(&ruin.town, whom);
	struct space name = town_space(space);
	struct log **logs;
	struct log log = {0};
	struct txn *txn;
	size_t n;

	well(store_begin(store, false));
	txn = store_txn(store);
	well(oplog_all(txn, space_find(txn, &name), &logs, &n));
	for (size_t i = 0; i < n; i++)
		if (memcmp(&logs[i]->name.author, &author, 32) == 0 &&
		    nth-- == 0)
			log = *logs[i];
	assert_true(log.no.v != 0);
	store_abort(store);
	return log;
}

static struct space_no
space_no(const char *space)
{
	struct store *store = town_store(&ruin.town, ruin.at);
	struct space name = town_space(space);
	struct space_no no;

	well(store_begin(store, false));
	no = space_find(store_txn(store), &name)->no;
	store_abort(store);
	return no;
}

/* The key of the first row of `table` that begins with `prefix`. */
static void
first_key(enum table table, const struct key *prefix, struct key *key)
{
	struct store *store = town_store(&ruin.town, ruin.at);
	struct kv_cursor cursor;

	*key = (struct key){0};
	well(store_begin(store, false));
	kv_cursor_init(&cursor, store_txn(store)->kv, table);
	assert_true(kv_seek(&cursor, tables_key(prefix)));
	assert_true(bytes_begins(cursor.key, tables_key(prefix)));
	tables_key_add(key, cursor.key);
	kv_cursor_fini(&cursor);
	store_abort(store);
}

static void
first_of(enum table table, const char *space, struct key *key)
{
	struct key prefix;

	tables_space_key(space_no(space), &prefix);
	first_key(table, &prefix, key);
}

/* Each byte of the row but the last `but` says something else in turn, and the
 * row ends behind each. */
static void
each_byte(enum table table, const struct key *key, size_t but)
{
	struct fsck_report report;
	struct buf row = {0};
	struct buf other = {0};
	struct bytes content;

	assert_true(raw_get(table, key, &row));
	content = bytes_after(buf_bytes(&row), TABLES_CHECKSUM_SIZE);
	for (size_t i = 0; i + but < content.n; i++)
		for (unsigned way = 0; way < 2; way++) {
			buf_cut(&other, 0);
			buf_add(&other,
			    way == 0 ? content : bytes_first(content, i));
			if (way == 0)
				other.p[i] ^= (uint8_t)(1u << i % 8);
			spoil(table, key, buf_bytes(&other));
			if (check(&report) == ERR_OK && report.found == 0)
				fail_msg("%s: byte %zu of %zu, %s",
				    tables_names[table], i, content.n,
				    way == 0 ? "flipped" : "the end");
			undo();
		}
	well(check(&report));
	assert_int_equal(report.found, 0);
	buf_fini(&row);
	buf_fini(&other);
}

static void
each_byte_of_a_record_and_its_values_is_looked_at(void **state)
{
	struct key key;

	(void)state;
	ruin.at = ROOM;
	first_of(TABLE_RECORDS, HERE, &key);
	each_byte(TABLE_RECORDS, &key, 0);
	first_of(TABLE_CELLS, HERE, &key);
	each_byte(TABLE_CELLS, &key, 0);
}

static void
each_byte_of_a_log_and_its_tree_is_looked_at(void **state)
{
	struct log log;
	struct key key;

	(void)state;
	ruin.at = ROOM;
	log = log_of(MEMBER, HERE, 0);
	assert_true(log.frontier.size > TREE_ROW_NODES);
	tables_log_key(space_no(HERE), &log.id, &key);
	/* How far it is packed is no more than advice. */
	each_byte(TABLE_LOGS, &key, 8);
	tables_tree_key(space_no(HERE), log.no, TREE_LEVEL_STEP, 0, &key);
	each_byte(TABLE_TREE, &key, 0);
}

static void
a_tree_that_goes_on_behind_its_log_is_told(void **state)
{
	struct buf row = {0};
	struct log log;
	struct key key;

	(void)state;
	ruin.at = ROOM;
	log = log_of(MEMBER, HERE, 0);
	tables_tree_key(space_no(HERE), log.no, TREE_LEVEL_STEP, 0, &key);
	assert_true(raw_get(TABLE_TREE, &key, &row));
	buf_add(&row, bytes_first(buf_bytes(&row), sizeof(struct hash)));
	spoil(TABLE_TREE, &key,
	    bytes_after(buf_bytes(&row), TABLES_CHECKSUM_SIZE));
	assert_told("it is too long");
	buf_fini(&row);
}

/* Copies the row `from` to where `to` says, as if it belonged there. */
static void
row_copy(enum table table, const struct key *from, const struct key *to)
{
	struct buf row = {0};

	assert_true(raw_get(table, from, &row));
	spoil(table, to, bytes_after(buf_bytes(&row), TABLES_CHECKSUM_SIZE));
	buf_fini(&row);
}

static void
a_delta_that_lies_where_none_belongs_is_told(void **state)
{
	struct log log;
	struct space_no no;
	struct key last;
	struct key key;

	(void)state;
	ruin.at = ROOM;
	log = log_of(MEMBER, HERE, 0);
	no = space_no(HERE);
	tables_delta_key(no, log.no, log.frontier.size - 1, &last);
	tables_delta_key(no, log.no, log.frontier.size + 3, &key);
	row_copy(TABLE_DELTAS, &last, &key);
	assert_told("1 rows of deltas that lie beyond its size");
	key = last;
	tables_key_add(&key, bytes_text("+"));
	row_copy(TABLE_DELTAS, &last, &key);
	assert_told("1 rows of deltas that lie beyond its size");
	/* Too short for a checksum. */
	spoil_raw(TABLE_DELTAS, &last, &(struct buf){.p = key.b, .n = 3});
	assert_told("table deltas");
}

static void
a_block_that_lies_where_none_belongs_is_told(void **state)
{
	struct key prefix;
	struct key block;
	struct key key;
	struct log log;
	struct log other;

	(void)state;
	ruin.at = HALL;
	log = log_of(MEMBER, THERE, 0);
	tables_log_prefix(
	    space_no(THERE), log.below > 0 ? log.under : log.no, &prefix);
	first_key(TABLE_BLOCKS, &prefix, &block);
	key = block;
	key.b[key.n - 1] += 1;
	row_copy(TABLE_BLOCKS, &block, &key);
	assert_told("it begins within another one");
	key = block;
	tables_key_add(&key, bytes_text("+"));
	row_copy(TABLE_BLOCKS, &block, &key);
	assert_told("of table deltas is damaged (it is missing)");
	other = log_of(MEMBER, HERE, 0);
	assert_true(other.frontier.size < 64);
	tables_delta_key(space_no(HERE), other.no, 0, &key);
	row_copy(TABLE_BLOCKS, &block, &key);
	assert_told("it is longer than its log");
}

static void
a_row_that_is_not_what_its_block_has_is_told(void **state)
{
	struct key key;
	struct key row;
	struct log log;
	struct log other;

	(void)state;
	ruin.at = HALL;
	log = log_of(MEMBER, THERE, 0);
	if (log.below > 0)
		log = log_of(MEMBER, THERE, 1);
	assert_int_equal(log.below, 0);
	other = log_of(MEMBER, HERE, 0);
	tables_delta_key(space_no(HERE), other.no, 1, &row);
	tables_delta_key(space_no(THERE), log.no, 1, &key);
	row_copy(TABLE_DELTAS, &row, &key);
	assert_told("a delta in it is another one");
}

/* One body of delta 1 of the log in HERE is said to be of another place. */
static void
a_body_that_no_header_has_is_told(void **state)
{
	(void)state;
	ruin.at = ROOM;
	for (unsigned way = 0; way < 2; way++) {
		struct log log = log_of(MEMBER, HERE, 0);
		struct stored_delta stored = {0};
		struct stored_body body;
		struct buf content = {0};
		struct buf row = {0};
		struct key key;

		tables_delta_key(space_no(HERE), log.no, 1, &key);
		assert_true(raw_get(TABLE_DELTAS, &key, &row));
		assert_true(oplog_row_delta(
		    bytes_after(buf_bytes(&row), TABLES_CHECKSUM_SIZE),
		    &stored));
		assert_true(oplog_body_next(&stored.bodies, &body));
		if (way == 0)
			body.change = 9;
		else
			body.class = CLASS_F;
		oplog_row_header(stored.opaque, stored.header, &content);
		oplog_row_body(&body, &content);
		spoil(TABLE_DELTAS, &key, buf_bytes(&content));
		assert_told("a body that its header does not have");
		buf_fini(&content);
		buf_fini(&row);
	}
}

static void
a_history_that_says_something_is_told(void **state)
{
	struct key key;

	(void)state;
	ruin.at = ROOM;
	first_of(TABLE_HISTORY, HERE, &key);
	spoil_raw(TABLE_HISTORY, &key, &(struct buf){.p = key.b, .n = 1});
	assert_told("it has a content");
	tables_key_add(&key, bytes_text("+"));
	spoil_raw(TABLE_HISTORY, &key, &(struct buf){0});
	assert_told("table history");
}

static void
a_branch_that_is_alone_or_unknown_is_told(void **state)
{
	struct log branches[2];
	struct key key;

	(void)state;
	ruin.at = HALL;
	for (size_t i = 0; i < 2; i++)
		branches[i] = log_of(MEMBER, THERE, i);
	for (size_t i = 0; i < 2; i++) {
		assert_true(oplog_is_branch(&branches[i]));
		tables_tip_key(
		    space_no(THERE), &branches[i].trunk, branches[i].no, &key);
		spoil_raw(TABLE_TIPS, &key, NULL);
		assert_told("of table tips is damaged (it is missing)");
		spoil_raw(TABLE_TIPS, &key, NULL);
		assert_told("it does not begin where it parts from");
	}
}

/* Behind a damage that was told the disk fails, too: the damage is what there
 * is to say, and that nothing more could be read. */
static void
a_disk_that_fails_behind_a_damage_ends_the_check(void **state)
{
	struct fsck_report report;
	unsigned after = 0;
	bool hit = true;
	struct key key;
	struct log log;

	(void)state;
	ruin.at = ROOM;
	log = log_of(MEMBER, HERE, 0);
	tables_tree_key(space_no(HERE), log.no, TREE_LEVEL_STEP, 0, &key);
	spoil(TABLE_TREE, &key, bytes_of(key.b, 1));
	for (unsigned nth = 80; hit; nth += 3) {
		enum err e;

		fault_arm((struct fault_plan){
		    .names = "mdb_get mdb_cursor_open mdb_cursor_get",
		    .nth = nth,
		    .number = EIO});
		e = check(&report);
		hit = fault_disarm();
		if (hit)
			assert_int_equal(
			    e, report.found > 0 ? ERR_CORRUPT : ERR_IO);
		after += hit && report.found > 0;
	}
	assert_true(report.found > 0);
	assert_true(after > 10);
	undo();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_byte_of_a_record_and_its_values_is_looked_at),
	    cmocka_unit_test(each_byte_of_a_log_and_its_tree_is_looked_at),
	    cmocka_unit_test(a_tree_that_goes_on_behind_its_log_is_told),
	    cmocka_unit_test(a_delta_that_lies_where_none_belongs_is_told),
	    cmocka_unit_test(a_block_that_lies_where_none_belongs_is_told),
	    cmocka_unit_test(a_row_that_is_not_what_its_block_has_is_told),
	    cmocka_unit_test(a_body_that_no_header_has_is_told),
	    cmocka_unit_test(a_history_that_says_something_is_told),
	    cmocka_unit_test(a_branch_that_is_alone_or_unknown_is_told),
	    cmocka_unit_test(a_disk_that_fails_behind_a_damage_ends_the_check),
	};

	tempdir_in_memory();
	return cmocka_run_group_tests(tests, ruin_make, ruin_remove);
}
