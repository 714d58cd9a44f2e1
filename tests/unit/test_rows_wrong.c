/*
 * Rows that say something else under a checksum that is right, as a program
 * with a fault could leave them: fsck tells each of them, and whoever reads
 * them gets an error or an answer; they never end the process.
 *
 * LINK: -Wl,--wrap=pack_embedded
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/fsck.h"
#include "tests/lib/council.h"
#include "tests/lib/office.h"
#include "tests/lib/slip.h"

struct bytes __wrap_pack_embedded(void);

enum { ROWS = 24, WAYS = 30, HALL = 0 };

struct bytes
__wrap_pack_embedded(void)
{
	return office_pack();
}

/* ---- a store with some of everything ------------------------------------ */

static void
work_make(struct town *town)
{
	static const char *const days[] = {
	    "on=2015-12-31", "on=2016-02-29", "on=2016-08-01"};
	size_t ward = town_member(town, "d03", "read:NPSF,write");
	struct record_id home = office_put(
	    town, HALL, OFFICE_SPACE, "home", WORDS("no=H-1", "income=500"));
	struct record_id id = {0};
	struct ref ref;

	(void)office_put(town, HALL, OFFICE_SPACE, "home",
	    WORDS("no=H-2", office_ref("same_as", &home)));
	for (size_t i = 0; i < COUNT_OF(days); i++)
		id = office_put(town, HALL, OFFICE_SPACE, "visit",
		    WORDS(days[i], "state=open", "kind=crisis", "amount=5",
			"tags+=가", "tags+=나", "tries+=2",
			"at=2016-07-01T09:00:00+09:00", "ill=true",
			office_ref("home", &home)));
	/* One that two changed apart, and what is decided of a third. */
	town_copy(town, HALL, ward);
	for (size_t i = 0; i <= ward; i += ward)
		(void)town_patch(town, i, OFFICE_SPACE, &id,
		    town_edit(OP_MOVE, "state", town_text("done")));
	assert_int_equal(council_revoke(town, HALL, ward, 0, NULL), ERR_OK);
	town_copy(town, ward, HALL);
	if (council_refs(town, HALL, OFFICE_SPACE, &ref, 1) == 1)
		assert_int_equal(
		    council_decide(town, HALL, OFFICE_SPACE, true, &ref, 1),
		    ERR_OK);
	town_meet(town);
}

/* ---- wrong rows ---------------------------------------------------------- */

/* Row number `at` of `table`, with its checksum. */
static bool
row_get(struct kv_txn *txn, enum table table, size_t at, struct buf *key,
    struct buf *row)
{
	struct kv_cursor cursor;
	bool there;

	kv_cursor_init(&cursor, txn, table);
	there = kv_seek(&cursor, (struct bytes){0});
	while (there && at-- > 0)
		there = kv_next(&cursor);
	if (there) {
		buf_add(key, cursor.key);
		buf_add(row, cursor.value);
	}
	kv_cursor_fini(&cursor);
	return there;
}

static void
byte_change(struct prng *prng, struct buf *bytes)
{
	static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff};
	uint8_t *byte;

	if (bytes->n == 0)
		return;
	byte = &bytes->p[prng_below(prng, bytes->n)];
	switch (prng_below(prng, 4)) {
	case 0:
		*byte = values[prng_below(prng, sizeof(values))];
		break;
	case 1:
		(*byte)++;
		break;
	case 2:
		(*byte)--;
		break;
	default:
		*byte ^= (uint8_t)(1U << prng_below(prng, 8));
		break;
	}
}

/* Makes something else of a row, with a checksum that is right; is it? */
static bool
row_change(struct prng *prng, size_t way, struct buf *key, struct buf *row)
{
	bool only_key = row->n < TABLES_CHECKSUM_SIZE;
	struct buf content = {0};
	struct buf old = {0};
	bool other;

	buf_add(&old, buf_bytes(key));
	buf_add(&old, buf_bytes(row));
	if (!only_key)
		buf_add(&content,
		    bytes_after(buf_bytes(row), TABLES_CHECKSUM_SIZE));
	if (way <= 1 || only_key)
		byte_change(prng, key);
	else if (way == 2)
		buf_cut(&content, (size_t)prng_below(prng, content.n + 1));
	else if (way == 3)
		buf_add_u8(&content, (uint8_t)prng_below(prng, 256));
	else
		byte_change(prng, &content);
	if (!only_key)
		tables_row(buf_bytes(key), buf_bytes(&content), row);
	buf_cut(&content, 0);
	buf_add(&content, buf_bytes(key));
	buf_add(&content, buf_bytes(row));
	other = way == 0 || !bytes_equal(buf_bytes(&old), buf_bytes(&content));
	buf_fini(&content);
	buf_fini(&old);
	return other;
}

/* ---- who reads ----------------------------------------------------------- */

static void
assert_said(enum err e)
{
	if (e == ERR_IO || e == ERR_FULL)
		fail_msg("%s", err_text());
}

static void
all_read(struct store *store)
{
	struct txn *txn = store_txn(store);
	struct arena arena = {0};

	for (size_t i = 0; i < txn->pack->reports_n; i++) {
		struct report_ask ask = {.report = &txn->pack->reports[i],
		    .period = {INT64_MIN, INT64_MAX}};
		struct report report;

		assert_said(report_make(txn, &ask, &arena, &report));
	}
	for (size_t i = 0; i < txn->pack->due_n; i++) {
		struct due_ask ask = {.list = &txn->pack->due[i]};
		struct due_items items = {0};

		assert_said(due_find(txn, &ask, &items));
		due_fini(&items);
	}
	arena_fini(&arena);
}

/* What is wrong, by fsck; some damage ends it. */
static uint64_t
told(struct store *store)
{
	struct fsck_report report = {0};
	enum err e = fsck_run(store, &(struct fsck_watch){0}, &report);

	assert_said(e);
	return report.found + (e != ERR_OK ? 1 : 0);
}

/* Takes away the row `key`, and puts `row` there when it has something or `is`
 * says that its key is all. */
static void
row_put(struct store *store, enum table table, const struct buf *gone,
    const struct buf *key, const struct buf *row)
{
	struct kv_txn *kv;

	slip_is(store_begin(store, true), ERR_OK, NULL);
	kv = store_txn(store)->kv;
	if (gone != NULL)
		kv_del(kv, table, buf_bytes(gone));
	if (key != NULL)
		kv_put(kv, table, buf_bytes(key), buf_bytes(row));
	slip_is(store_commit(store), ERR_OK, NULL);
}

/* Has another row than `was` the key? */
static bool
is_there(struct store *store, enum table table, const struct buf *was,
    const struct buf *key)
{
	struct bytes row;
	bool there;

	if (bytes_equal(buf_bytes(was), buf_bytes(key)))
		return false;
	slip_is(store_begin(store, false), ERR_OK, NULL);
	there = kv_find(store_txn(store)->kv, table, buf_bytes(key), &row);
	store_abort(store);
	return there;
}

/* Is the row another than it was, as fsck has to say? */
static bool
row_try(struct town *town, enum table table, size_t at, size_t way)
{
	struct prng prng = {1000 * (uint64_t)table + 100 * at + way};
	struct store *store = town_store(town, HALL);
	struct buf was[2] = {{0}};
	struct buf is[2] = {{0}};
	bool gone = way == 0;
	bool other;

	slip_is(store_begin(store, false), ERR_OK, NULL);
	assert_true(row_get(store_txn(store)->kv, table, at, &was[0], &was[1]));
	store_abort(store);
	for (size_t i = 0; i < 2; i++)
		buf_add(&is[i], buf_bytes(&was[i]));
	other = row_change(&prng, way, &is[0], &is[1]);
	if (is_there(store, table, &was[0], &is[0]))
		goto out;
	row_put(store, table, &was[0], gone ? NULL : &is[0], &is[1]);
	slip_is(store_begin(store, false), ERR_OK, NULL);
	if (other && told(store) == 0)
		fail_msg("row %zu of %s, way %zu: nobody complains", at,
		    tables_names[table], way);
	all_read(store);
	store_abort(store);
	row_put(store, table, gone ? NULL : &is[0], &was[0], &was[1]);
out:
	for (size_t i = 0; i < 2; i++) {
		buf_fini(&was[i]);
		buf_fini(&is[i]);
	}
	/* What was read of words is kept. */
	if (table == TABLE_WORDS) {
		town_close(town, HALL);
		(void)town_open(town, HALL);
	}
	return other;
}

static void
rows_are_told(struct town *town, enum table table)
{
	struct buf before = {0};
	struct buf after = {0};
	size_t others = 0;
	uint64_t n;
	size_t step;

	town_digests(town, HALL, &before);
	slip_is(store_begin(town_store(town, HALL), false), ERR_OK, NULL);
	n = kv_count(store_txn(town_store(town, HALL))->kv, table);
	store_abort(town_store(town, HALL));
	assert_true(n > 0);
	step = 1 + (size_t)n / ROWS;
	for (size_t at = 0; at < n; at += step)
		for (size_t way = 0; way < WAYS; way++)
			others += row_try(town, table, at, way) ? 1 : 0;
	assert_true(others > WAYS / 2);
	council_sound(town, HALL);
	town_digests(town, HALL, &after);
	assert_true(bytes_equal(buf_bytes(&before), buf_bytes(&after)));
	buf_fini(&before);
	buf_fini(&after);
}

#define TABLE(name, table)                    \
	static void name(void **state)        \
	{                                     \
		work_make(*state);            \
		rows_are_told(*state, table); \
	}
TABLE(rows_of_views_are_told, TABLE_VIEWS)
TABLE(rows_of_indexes_are_told, TABLE_LOOKUP)
TABLE(values_are_told, TABLE_CELLS)
TABLE(records_are_told, TABLE_RECORDS)
TABLE(histories_are_told, TABLE_HISTORY)
TABLE(decisions_are_told, TABLE_DECISIONS)
TABLE(words_are_told, TABLE_WORDS)
TABLE(spaces_are_told, TABLE_SPACES)
TABLE(logs_are_told, TABLE_LOGS)
TABLE(numbers_of_logs_are_told, TABLE_LOG_NOS)
TABLE(deltas_are_told, TABLE_DELTAS)
TABLE(heads_are_told, TABLE_HEADS)

#define OFFICE(test) \
	cmocka_unit_test_setup_teardown(test, office_make, office_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    OFFICE(rows_of_views_are_told),
	    OFFICE(rows_of_indexes_are_told),
	    OFFICE(values_are_told),
	    OFFICE(records_are_told),
	    OFFICE(histories_are_told),
	    OFFICE(decisions_are_told),
	    OFFICE(words_are_told),
	    OFFICE(spaces_are_told),
	    OFFICE(logs_are_told),
	    OFFICE(numbers_of_logs_are_told),
	    OFFICE(deltas_are_told),
	    OFFICE(heads_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
