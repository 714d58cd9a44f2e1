/*
 * Promises of core/lookup.h about records with more in them than rows are made
 * for, about search in Korean, and about walks, tables and values that are not
 * as they were.
 *
 * LINK: -Wl,--wrap=pack_embedded
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/lookup_keep.h"
#include "core/rebuild.h"
#include "proto/codec.h"
#include "proto/limits.h"
#include "tests/lib/things.h"

struct bytes __wrap_pack_embedded(void);

struct bytes
__wrap_pack_embedded(void)
{
	return bytes_text(things_pack);
}

static void
well(enum err e)
{
	if (e != ERR_OK)
		fail_msg("%s: %s", err_name(e), err_text());
}

/* In the open transaction of the dong, which follows no pack: a new thing, or
 * an edit of one. */
static struct record_id
thing(struct things *things, const struct record_id *id,
    const struct store_edit *edits, size_t n)
{
	struct store_write write = {.create = id == NULL,
	    .has_record = id != NULL,
	    .collection = bytes_text("thing"),
	    .edits = edits,
	    .edits_n = n};
	struct record_id is;
	bool changed;

	if (id != NULL)
		write.record = *id;
	well(id_space(bytes_text(things_space), &write.space));
	well(store_write(things->dong.store, &write, &is, &changed));
	return is;
}

/* The same with one edit, in a transaction that the hall takes over. */
static struct record_id
alone(struct things *things, const struct record_id *id, enum op_code code,
    const char *field, struct bytes value)
{
	struct store_edit edit = {.field = bytes_text(field),
	    .code = code,
	    .class = CLASS_N,
	    .value = value};
	struct record_id is;

	desk_begin(&things->dong, true);
	is = thing(things, id, &edit, 1);
	desk_commit(&things->dong);
	desk_pull(&things->hall, &things->dong);
	assert_int_equal(desk_check(&things->hall, true), 0);
	return is;
}

static struct bytes
text(struct buf *value, const char *is)
{
	buf_cut(value, 0);
	codec_put_text(value, bytes_text(is));
	return buf_bytes(value);
}

static const struct pack_collection *
collection(struct things *things)
{
	return pack_collection(
	    store_pack(things->hall.store), bytes_text("thing"));
}

static struct space_no
space_no(struct things *things)
{
	struct space_state *space;
	struct space name;

	well(id_space(bytes_text(things_space), &name));
	space = space_find(store_txn(things->hall.store), &name);
	assert_non_null(space);
	return space->no;
}

/* How many rows has the table of the hall? */
static uint64_t
rows(struct things *things)
{
	uint64_t n;

	desk_begin(&things->hall, false);
	n = kv_count(store_txn(things->hall.store)->kv, TABLE_LOOKUP);
	store_abort(things->hall.store);
	return n;
}

static size_t
walked(struct lookup_scan *scan)
{
	struct record_id id;
	bool found = true;
	size_t n = 0;

	while (found) {
		well(lookup_next(scan, &id, &found));
		n += found;
	}
	return n;
}

/* How many records an index over tags, a, b and at leads to for one tag. */
static size_t
tagged(struct things *things, const char *tag)
{
	struct buf value = {0};
	struct bytes values[1] = {text(&value, tag)};
	const struct lookup_bound bound = {.values = values, .n = 1};
	struct lookup_scan scan;
	size_t n;

	desk_begin(&things->hall, false);
	lookup_compound(store_txn(things->hall.store), space_no(things),
	    &collection(things)->indexes[0], &bound, &scan);
	n = walked(&scan);
	store_abort(things->hall.store);
	buf_fini(&value);
	return n;
}

/* Element number `i` comes to the set, or goes. */
static void
tag_edit(
    struct things *things, const struct record_id *id, enum op_code code, int i)
{
	struct buf value = {0};
	char name[16];

	(void)snprintf(name, sizeof(name), "tag %d", i);
	(void)alone(things, id, code, "tags", text(&value, name));
	buf_fini(&value);
}

static void
who_has_more_than_rows_are_made_for_is_met_in_every_walk(void **state)
{
	enum { AT_ONCE = 128 };
	struct things *things = *state;
	struct store_edit edits[AT_ONCE];
	struct buf values[AT_ONCE] = {0};
	struct record_id id;
	uint64_t before;

	things_follow(&things->hall, true);
	before = rows(things);
	id = alone(things, NULL, OP_SET, "b", bytes_of("\x01", 1));
	assert_int_equal(rows(things), before + 2);
	desk_begin(&things->dong, true);
	for (int i = 0; i < LIMIT_INDEX_ROWS; i++) {
		char name[16];
		int k = i % AT_ONCE;

		(void)snprintf(name, sizeof(name), "tag %d", i);
		buf_cut(&values[k], 0);
		edits[k] = (struct store_edit){.field = bytes_text("tags"),
		    .code = OP_ADD,
		    .class = CLASS_N,
		    .value = text(&values[k], name)};
		if (k == AT_ONCE - 1)
			(void)thing(things, &id, edits, AT_ONCE);
	}
	desk_commit(&things->dong);
	desk_pull(&things->hall, &things->dong);
	assert_int_equal(desk_check(&things->hall, true), 0);
	assert_int_equal(tagged(things, "tag 7"), 1);
	assert_int_equal(tagged(things, "tag none"), 0);
	before = rows(things);
	/* One more: all its rows of that index become one. */
	tag_edit(things, &id, OP_ADD, LIMIT_INDEX_ROWS);
	assert_true(rows(things) < before - LIMIT_INDEX_ROWS / 2);
	assert_int_equal(tagged(things, "tag 7"), 1);
	assert_int_equal(tagged(things, "tag none"), 1);
	tag_edit(things, &id, OP_REMOVE, LIMIT_INDEX_ROWS);
	assert_int_equal(rows(things), before);
	assert_int_equal(tagged(things, "tag none"), 0);
	for (int i = 0; i < AT_ONCE; i++)
		buf_fini(&values[i]);
}

/* Records that the index over a and at leads to for `a`; `any` time at all, or
 * with none. */
static size_t
timed(struct things *things, const char *a, bool any)
{
	const struct lookup_range range = {0};
	struct buf value = {0};
	struct bytes values[1] = {text(&value, a)};
	const struct lookup_bound bound = {
	    .values = values, .n = 1, .range = any ? &range : NULL};
	struct lookup_scan scan;
	size_t n;

	desk_begin(&things->hall, false);
	lookup_compound(store_txn(things->hall.store), space_no(things),
	    &collection(things)->indexes[1], &bound, &scan);
	n = walked(&scan);
	store_abort(things->hall.store);
	buf_fini(&value);
	return n;
}

static void
who_lacks_a_later_value_is_found_by_the_first(void **state)
{
	struct things *things = *state;
	struct buf value = {0};
	struct record_id id;

	things_follow(&things->hall, true);
	for (int i = 0; i < 3; i++)
		id = alone(things, NULL, OP_SET, "a", text(&value, "가"));
	assert_int_equal(timed(things, "가", false), 3);
	assert_int_equal(timed(things, "가", true), 0);
	(void)alone(things, &id, OP_SET, "at",
	    text(&value, "2019-07-01T09:00:00+09:00"));
	assert_int_equal(timed(things, "가", false), 3);
	assert_int_equal(timed(things, "가", true), 1);
	(void)alone(things, &id, OP_CLEAR, "at", (struct bytes){0});
	assert_int_equal(timed(things, "가", true), 0);
	buf_fini(&value);
}

/* How many records a search in `a` leads to; SIZE_MAX: it cannot be asked. */
static size_t
searched(struct things *things, struct bytes words)
{
	struct lookup_scan scan;
	size_t n = SIZE_MAX;

	desk_begin(&things->hall, false);
	if (lookup_text(store_txn(things->hall.store), space_no(things),
		pack_field(collection(things), bytes_text("a")), words, &scan))
		n = walked(&scan);
	store_abort(things->hall.store);
	return n;
}

static bool
table_has(struct things *things, const char *words)
{
	struct bytes wanted = bytes_text(words);
	struct kv_cursor cursor;
	bool has = false;

	desk_begin(&things->hall, false);
	kv_cursor_init(
	    &cursor, store_txn(things->hall.store)->kv, TABLE_LOOKUP);
	for (bool more = kv_seek(&cursor, (struct bytes){0}); more;
	     more = kv_next(&cursor))
		for (size_t i = 0; i + wanted.n <= cursor.key.n; i++)
			has |= bytes_equal(
			    bytes_slice(cursor.key, i, wanted.n), wanted);
	kv_cursor_fini(&cursor);
	store_abort(things->hall.store);
	return has;
}

/* The pack says N; who wrote it thought otherwise. */
static void
what_is_personal_stands_nowhere_and_is_found(void **state)
{
	struct things *things = *state;
	struct buf name = {0};
	struct buf time = {0};
	struct store_edit edits[] = {{.field = bytes_text("a"),
					 .code = OP_SET,
					 .class = CLASS_P,
					 .value = text(&name, "나라")},
	    {.field = bytes_text("at"),
		.code = OP_SET,
		.class = CLASS_N,
		.value = text(&time, "2019-07-01T00:00:00Z")}};
	struct record_id id;

	things_follow(&things->hall, true);
	desk_begin(&things->dong, true);
	id = thing(things, NULL, edits, COUNT_OF(edits));
	desk_commit(&things->dong);
	desk_pull(&things->hall, &things->dong);
	assert_int_equal(desk_check(&things->hall, true), 0);
	assert_false(table_has(things, "나라"));
	assert_int_equal(timed(things, "나라", true), 1);
	assert_int_equal(searched(things, bytes_text("나라")), 1);
	(void)alone(things, &id, OP_SET, "a", text(&name, "나라말"));
	assert_true(table_has(things, "나라말"));
	assert_int_equal(timed(things, "나라말", true), 1);
	assert_int_equal(timed(things, "나라", true), 0);
	buf_fini(&time);
	buf_fini(&name);
}

/* ---- search -------------------------------------------------------------- */

static void
names_are_found_by_pieces_however_they_are_written(void **state)
{
	static const char *const names[] = {"종로1․2․3․4가동",
	    "종로1.2.3.4가동", "대림제2동", "대림 2동", "대림3동", "제기동"};
	struct things *things = *state;
	struct buf value = {0};
	struct record_id id = {0};

	things_follow(&things->hall, true);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		id = alone(things, NULL, OP_SET, "a", text(&value, names[i]));
	assert_int_equal(searched(things, bytes_text("종로1·2")), 2);
	assert_int_equal(searched(things, bytes_text("34가")), 2);
	assert_int_equal(searched(things, bytes_text("대림2동")), 2);
	assert_int_equal(searched(things, bytes_text("림제2")), 2);
	assert_int_equal(searched(things, bytes_text("대림")), 3);
	assert_int_equal(searched(things, bytes_text("대림4동")), 0);
	/* The rarest two letters say "제기", not "기동" or "림동". */
	assert_int_equal(searched(things, bytes_text("제기")), 1);
	/* One letter is left of it, none, or it is no text. */
	assert_int_equal(searched(things, bytes_text("종 .")), SIZE_MAX);
	assert_int_equal(searched(things, bytes_text("제2")), SIZE_MAX);
	assert_int_equal(searched(things, bytes_text("")), SIZE_MAX);
	assert_int_equal(searched(things, bytes_of("\xff\xff", 2)), SIZE_MAX);
	(void)alone(things, &id, OP_SET, "a", text(&value, "정릉동"));
	assert_int_equal(searched(things, bytes_text("제기")), 0);
	assert_int_equal(searched(things, bytes_text("정릉")), 1);
	buf_fini(&value);
}

static void
a_long_text_is_met_in_every_search(void **state)
{
	struct things *things = *state;
	struct buf value = {0};
	struct buf lengthy = {0};
	struct record_id id;
	uint64_t before;

	things_follow(&things->hall, true);
	/* Each two letters are others. */
	for (unsigned i = 0; i <= LIMIT_INDEX_ROWS; i++) {
		const uint8_t letter[] = {0xea + (uint8_t)(i / 4096),
		    0xb0 + (uint8_t)(i / 64 % 16), 0x80 + (uint8_t)(i % 64)};

		buf_add(&lengthy, bytes_of(letter, sizeof(letter)));
	}
	before = rows(things);
	id = alone(things, NULL, OP_SET, "a", text(&value, buf_text(&lengthy)));
	/* With one in the list, in the index of `a` and of `a` and `at`. */
	assert_int_equal(rows(things), before + 3 + LIMIT_INDEX_ROWS);
	assert_int_equal(searched(things, bytes_text("찾동")), 0);
	buf_add_text(&lengthy, "끝");
	(void)alone(things, &id, OP_SET, "a", text(&value, buf_text(&lengthy)));
	assert_int_equal(rows(things), before + 3 + 1);
	assert_int_equal(searched(things, bytes_text("찾동")), 1);
	buf_fini(&lengthy);
	buf_fini(&value);
}

/* ---- under way ----------------------------------------------------------- */

static void
a_walk_goes_on_while_others_write(void **state)
{
	enum { MANY = 3 * LOOKUP_AHEAD };
	struct things *things = *state;
	struct buf value = {0};
	struct lookup_scan scan;
	struct record_id id;
	struct record_id met = {0};
	struct txn *txn;
	bool found;

	things_follow(&things->hall, true);
	desk_begin(&things->dong, true);
	for (int i = 0; i < MANY; i++) {
		const struct store_edit edit = {.field = bytes_text("a"),
		    .code = OP_SET,
		    .class = CLASS_N,
		    .value = text(&value, "가")};

		(void)thing(things, NULL, &edit, 1);
	}
	desk_commit(&things->dong);
	desk_pull(&things->hall, &things->dong);
	desk_begin(&things->hall, true);
	txn = store_txn(things->hall.store);
	lookup_all(txn, space_no(things), collection(things), &scan);
	for (int i = 0; i < MANY - 1; i++) {
		well(lookup_next(&scan, &id, &found));
		assert_true(found);
		assert_true(memcmp(&met, &id, sizeof(id)) < 0);
		met = id;
		/* What was read ahead is not believed after this. */
		if (i == 2)
			kv_del(
			    txn->kv, TABLE_LOOKUP, tables_key(&scan.ahead[7]));
	}
	well(lookup_next(&scan, &id, &found));
	assert_false(found);
	store_abort(things->hall.store);
	buf_fini(&value);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define THING(f) cmocka_unit_test_setup_teardown(f, things_make, things_remove)
	    THING(who_has_more_than_rows_are_made_for_is_met_in_every_walk),
	    THING(who_lacks_a_later_value_is_found_by_the_first),
	    THING(what_is_personal_stands_nowhere_and_is_found),
	    THING(names_are_found_by_pieces_however_they_are_written),
	    THING(a_long_text_is_met_in_every_search),
	    THING(a_walk_goes_on_while_others_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
