/*
 * Promises of core/view.h and core/view_form.h about single values: sums beyond
 * 64 bits, long texts, sets that make too many rows, ranges of a walk, and what
 * must not stand in the open.
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

#include "core/pack.h"
#include "core/view.h"
#include "core/view_form.h"
#include "proto/codec.h"
#include "tests/lib/tally.h"
#include "tests/lib/wire.h"

enum { MONTHS, BY_TAG, QUARRELS, NEWS, PEOPLE, OTHERS };

struct bytes __wrap_pack_embedded(void);

struct bytes
__wrap_pack_embedded(void)
{
	return tally_pack();
}

static void
well(enum err e)
{
	if (e != ERR_OK)
		fail_msg("%s: %s", err_name(e), err_text());
}

static int
town_make(void **state)
{
	static struct town town;

	tempdir_in_memory();
	tally_version(1);
	town_init(&town, 7);
	tally_follow(&town, 0, true);
	*state = &town;
	return 0;
}

static int
town_remove(void **state)
{
	wire_assert_sound(*state, 0);
	town_fini(*state);
	return 0;
}

static struct record_id
make(struct town *town, const struct store_edit *edits, size_t n)
{
	struct store *store = town_store(town, 0);
	struct record_id id;

	well(store_begin(store, true));
	id = tally_make(store, "item", edits, n);
	well(store_commit(store));
	return id;
}

/* The rows of a view in `range`, up to `max`; gives their number.
 * Their views are gone. */
static size_t
rows_of(struct town *town, size_t view, const struct view_range *range,
    struct view_row *rows, size_t max)
{
	struct store *store = town_store(town, 0);
	struct space name = tally_space();
	struct view_scan scan;
	struct view_row row;
	bool found = true;
	size_t n = 0;

	well(store_begin(store, false));
	view_scan(store_txn(store), space_find(store_txn(store), &name)->no,
	    &store_pack(store)->views[view], range, &scan);
	while (found) {
		well(view_next(&scan, &row, &found));
		if (found && n < max)
			rows[n] = row;
		n += found ? 1 : 0;
	}
	store_abort(store);
	return n;
}

/* ---- sums --------------------------------------------------------------- */

static void
a_sum_beyond_64_bits_says_so_and_is_right_again_later(void **state)
{
	static const int64_t ends[] = {INT64_MAX, INT64_MIN};
	static const struct view_range all = {0};
	struct town *town = *state;

	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		struct store_edit edits[] = {
		    town_edit(OP_SET, "amount", town_int(ends[i])),
		    town_edit(OP_SET, "kind", town_text(i == 0 ? "a" : "b"))};
		struct record_id ids[3];
		struct view_row rows[2];
		int64_t sum;

		for (size_t k = 0; k < COUNT_OF(ids); k++)
			ids[k] = make(town, edits, COUNT_OF(edits));
		assert_int_equal(rows_of(town, MONTHS, &all, rows, 2), 1 + i);
		assert_int_equal(rows[i].records, 3);
		assert_false(view_sum_get(&rows[i].sums[0], &sum));
		assert_true(sum == ends[i]);
		assert_true(view_sum_get(&rows[i].sums[1], &sum));
		assert_int_equal(sum, 0);
		for (size_t k = 0; k + 1 < COUNT_OF(ids); k++)
			town_act(
			    town, 0, tally_space().text, &ids[k], ACT_DELETE);
		assert_int_equal(rows_of(town, MONTHS, &all, rows, 2), 1 + i);
		assert_true(view_sum_get(&rows[i].sums[0], &sum));
		assert_true(sum == ends[i]);
	}
}

static void
sums_of_both_signs_meet_at_nothing(void **state)
{
	static const int64_t numbers[] = {
	    0, 1, -1, 5, -5, INT64_MAX, INT64_MIN, -INT64_MAX};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		for (size_t k = 0; k < COUNT_OF(numbers); k++) {
			int64_t a = numbers[i];
			int64_t b = numbers[k];
			struct view_sum sum = {a < 0 ? -1 : 0, (uint64_t)a};
			struct view_sum with = {b < 0 ? -1 : 0, (uint64_t)b};
			int64_t want;
			int64_t is;
			bool fits = !ADD_OVERFLOWS(a, b, &want);

			view_sum_add(&sum, &with);
			assert_int_equal(view_sum_get(&sum, &is), fits);
			if (fits)
				assert_true(is == want);
			else
				assert_true(
				    is == (a < 0 ? INT64_MIN : INT64_MAX));
		}
}

/* ---- keys --------------------------------------------------------------- */

static const uint8_t secret[32] = {7};

static struct bytes
put(const struct expr_value *value, bool hidden, struct view_key *key)
{
	const struct view_place place = {
	    .secret = secret, .text_max = 12, .hidden = hidden};

	key->n = 0;
	view_form_put(&place, value, key);
	return view_form_key(key);
}

static struct expr_value
text(const char *of)
{
	return (struct expr_value){.type = EXPR_TEXT, .b = bytes_text(of)};
}

static void
values_come_back_and_sort_as_they_do(void **state)
{
	const struct expr_value values[] = {{.type = EXPR_NOTHING},
	    {.type = EXPR_BOOL}, {.type = EXPR_BOOL, .i = 1},
	    {.type = EXPR_INT, .i = INT64_MIN}, {.type = EXPR_INT, .i = -1},
	    {.type = EXPR_INT}, {.type = EXPR_INT, .i = INT64_MAX},
	    {.type = EXPR_DATE, .i = -5}, {.type = EXPR_DATE, .i = 17000},
	    {.type = EXPR_DATETIME, .i = 1}, text(""), text("2015"),
	    text("2015-12"), text("2016"), text("가나다라"),
	    {.type = EXPR_REF, .b = bytes_of("0123456789abcde\0", 16)},
	    {.type = EXPR_REF, .b = bytes_of("0123456789abcdef", 16)},
	    {.type = EXPR_BYTES},
	    {.type = EXPR_BYTES, .b = bytes_of("\0\1", 2)}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(values); i++) {
		struct view_key key;
		struct view_key other;
		struct view_value value;
		struct bytes rest = put(&values[i], false, &key);

		assert_true(view_form_get(&rest, &value));
		assert_int_equal(rest.n, 0);
		assert_false(value.cut || value.hidden);
		assert_int_equal(expr_compare(&value.is, &values[i]), 0);
		for (size_t k = 0; k < i; k++)
			assert_true(
			    bytes_compare(put(&values[k], false, &other),
				view_form_key(&key)) < 0);
		/* A part of it is none. */
		for (size_t n = 0; n < key.n; n++) {
			rest = bytes_first(view_form_key(&key), n);
			assert_false(view_form_get(&rest, &value));
		}
		if (i == 0)
			continue;
		rest = put(&values[i], true, &key);
		assert_true(view_form_get(&rest, &value) && rest.n == 0);
		assert_true(value.hidden && value.is.b.n == VIEW_HASH_SIZE);
	}
}

static void
long_texts_are_told_apart_and_cut_between_characters(void **state)
{
	static const char *const texts[] = {
	    "가나다라마", "가나다라바", "abcdefghijk가", "a\1b", "a\1c"};
	static const size_t kept[] = {12, 12, 11, 1, 1};
	struct view_key keys[COUNT_OF(texts)];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		const struct expr_value of = text(texts[i]);
		struct bytes rest = put(&of, false, &keys[i]);
		struct view_value value;

		assert_true(view_form_get(&rest, &value) && rest.n == 0);
		assert_true(value.cut);
		assert_true(bytes_equal(
		    value.is.b, bytes_first(bytes_text(texts[i]), kept[i])));
		for (size_t k = 0; k < i; k++)
			assert_false(bytes_equal(
			    view_form_key(&keys[i]), view_form_key(&keys[k])));
	}
}

/* ---- rows --------------------------------------------------------------- */

static size_t
in(struct town *town, const char *equal, const char *low, const char *high)
{
	const struct expr_value first = text(equal != NULL ? equal : "");
	const struct expr_value from = text(low != NULL ? low : "");
	const struct expr_value to = text(high != NULL ? high : "");
	const struct view_range range = {.equal = &first,
	    .equal_n = equal != NULL ? 1 : 0,
	    .low = low != NULL ? &from : NULL,
	    .high = high != NULL ? &to : NULL};

	return rows_of(town, MONTHS, &range, NULL, 0);
}

static void
a_walk_keeps_to_its_range(void **state)
{
	static const char *const days[] = {
	    "2015-12-31", "2016-01-01", "2016-01-31", "2016-07-25"};
	static const char *const kinds[] = {"a", "b", "다"};
	struct town *town = *state;

	for (size_t i = 0; i < COUNT_OF(days) * COUNT_OF(kinds); i++) {
		struct store_edit edits[] = {
		    town_edit(OP_SET, "on", town_text(days[i % 4])),
		    town_edit(OP_SET, "kind", town_text(kinds[i % 3]))};

		(void)make(town, edits, COUNT_OF(edits));
	}
	(void)make(town, NULL, 0);
	assert_int_equal(in(town, NULL, NULL, NULL), 10);
	assert_int_equal(in(town, "2016-01", NULL, NULL), 3);
	assert_int_equal(in(town, "2016-02", NULL, NULL), 0);
	assert_int_equal(in(town, "2016", NULL, NULL), 0);
	assert_int_equal(in(town, NULL, "2016-01", NULL), 6);
	assert_int_equal(in(town, NULL, "2015-12", "2016-01"), 6);
	assert_int_equal(in(town, NULL, "2016-01", "2016-01"), 3);
	assert_int_equal(in(town, NULL, "2016-02", "2016-06"), 0);
	/* Nothing comes first. */
	assert_int_equal(in(town, NULL, NULL, "2015-12"), 4);
	assert_int_equal(in(town, "2016-01", "b", NULL), 2);
	assert_int_equal(in(town, "2016-01", NULL, "b"), 2);
	assert_int_equal(in(town, "2016-01", "b", "b"), 1);
}

/* `n` elements of the set `field`: texts, or references. */
static void
elements(struct town *town, const struct record_id *id, bool refs,
    enum op_code code, size_t from, size_t n)
{
	enum { MOST = 100 };
	struct store *store = town_store(town, 0);
	struct store_edit edits[MOST];
	struct buf values[MOST] = {0};
	struct store_write write = {.space = tally_space(),
	    .has_record = true,
	    .record = *id,
	    .edits = edits,
	    .edits_n = n};
	struct record_id same;
	bool changed;

	assert_true(n <= MOST);
	for (size_t i = 0; i < n; i++) {
		uint8_t ref[16] = {
		    (uint8_t)(from + i), 1, (uint8_t)((from + i) >> 8)};
		char word[32];

		(void)snprintf(word, sizeof(word), "말 %zu", from + i);
		if (refs)
			codec_put_bytes(&values[i], bytes_of(ref, 16));
		else
			codec_put_text(&values[i], bytes_text(word));
		edits[i] = town_edit(
		    code, refs ? "people" : "tags", buf_bytes(&values[i]));
	}
	well(store_begin(store, true));
	well(store_write(store, &write, &same, &changed));
	well(store_commit(store));
	for (size_t i = 0; i < n; i++)
		buf_fini(&values[i]);
}

static uint64_t
left_out(struct town *town)
{
	struct store *store = town_store(town, 0);
	static const struct view_range all = {0};
	struct space name = tally_space();
	struct view_scan scan;

	well(store_begin(store, false));
	view_scan(store_txn(store), space_find(store_txn(store), &name)->no,
	    &store_pack(store)->views[BY_TAG], &all, &scan);
	store_abort(store);
	return scan.left_out;
}

static void
a_record_that_makes_too_many_rows_is_left_out_and_counted_as_that(void **state)
{
	static const struct view_range all = {0};
	static const struct view_range people = {.part = VIEW_DISTINCT};
	struct store_edit done = town_edit(OP_MOVE, "state", town_text("done"));
	struct town *town = *state;
	struct record_id id = make(town, &done, 1);

	elements(town, &id, false, OP_ADD, 0, 64);
	elements(town, &id, true, OP_ADD, 0, 64);
	assert_int_equal(left_out(town), 0);
	assert_int_equal(rows_of(town, BY_TAG, &all, NULL, 0), LIMIT_VIEW_ROWS);
	elements(town, &id, true, OP_ADD, 64, 1);
	assert_int_equal(left_out(town), 1);
	assert_int_equal(rows_of(town, BY_TAG, &all, NULL, 0), 0);
	wire_assert_sound(town, 0);
	/* Other views count it all the same. */
	assert_int_equal(rows_of(town, PEOPLE, &people, NULL, 0), 65);
	elements(town, &id, false, OP_REMOVE, 0, 63);
	assert_int_equal(left_out(town), 0);
	assert_int_equal(rows_of(town, BY_TAG, &all, NULL, 0), 65);
}

/* In the views that would have a row for each of them. */
static void
a_record_with_too_many_elements_is_left_out(void **state)
{
	enum { EACH = 100, PARTS = LIMIT_VIEW_ROWS / EACH + 1 };
	static const struct view_range all = {0};
	static const struct view_range people = {.part = VIEW_DISTINCT};
	struct store_edit done = town_edit(OP_MOVE, "state", town_text("done"));
	struct town *town = *state;
	struct record_id ids[] = {make(town, &done, 1), make(town, &done, 1)};

	for (size_t i = 0; i < PARTS; i++) {
		elements(town, &ids[0], false, OP_ADD, i * EACH, EACH);
		elements(town, &ids[1], true, OP_ADD, i * EACH, EACH);
	}
	assert_int_equal(left_out(town), 2);
	assert_int_equal(rows_of(town, BY_TAG, &all, NULL, 0), 0);
	assert_int_equal(rows_of(town, PEOPLE, &people, NULL, 0), 0);
	wire_assert_sound(town, 0);
	elements(town, &ids[1], true, OP_REMOVE, 0, EACH);
	assert_int_equal(left_out(town), 1);
	assert_int_equal(
	    rows_of(town, PEOPLE, &people, NULL, 0), (PARTS - 1) * EACH);
}

static bool
stands_in(const struct buf *rows, const char *word)
{
	for (struct bytes at = buf_bytes(rows); at.n > 0;
	     at = bytes_after(at, 1))
		if (bytes_begins(at, bytes_text(word)))
			return true;
	return false;
}

static void
what_is_not_of_class_n_stands_nowhere_as_it_is(void **state)
{
	static const char *const words[] = {"홍길동", "비밀", "공개", "이몽룡"};
	struct store_edit edits[] = {
	    town_edit(OP_SET, "who", town_text(words[0])),
	    town_edit(OP_ADD, "tags", town_text(words[1])),
	    town_edit(OP_ADD, "tags", town_text(words[2])),
	    town_edit(OP_MOVE, "state", town_text("done"))};
	struct town *town = *state;
	struct buf rows = {0};

	edits[0].class = CLASS_P;
	edits[2].class = CLASS_N;
	(void)make(town, edits, 1);
	(void)make(town, edits + 2, 2);
	tally_follow(town, 0, false);
	edits[1].class = CLASS_P; /* the pack says N */
	(void)make(town, edits + 1, 1);
	edits[0].value = town_text(words[3]);
	edits[0].class = CLASS_N; /* the pack says P */
	(void)make(town, edits, 1);
	tally_follow(town, 0, true);
	(void)tally_compare(town_store(town, 0));
	tally_dump(town_store(town, 0), &rows);
	assert_false(stands_in(&rows, words[0]));
	assert_false(stands_in(&rows, words[1]));
	assert_true(stands_in(&rows, words[2]));
	assert_false(stands_in(&rows, words[3]));
	buf_fini(&rows);
}

int
main(void)
{
#define TOWN(f) cmocka_unit_test_setup_teardown(f, town_make, town_remove)
	const struct CMUnitTest tests[] = {
	    TOWN(a_sum_beyond_64_bits_says_so_and_is_right_again_later),
	    cmocka_unit_test(sums_of_both_signs_meet_at_nothing),
	    cmocka_unit_test(values_come_back_and_sort_as_they_do),
	    cmocka_unit_test(
		long_texts_are_told_apart_and_cut_between_characters),
	    TOWN(a_walk_keeps_to_its_range),
	    TOWN(
		a_record_that_makes_too_many_rows_is_left_out_and_counted_as_that),
	    TOWN(a_record_with_too_many_elements_is_left_out),
	    TOWN(what_is_not_of_class_n_stands_nowhere_as_it_is),
	};

	return cmocka_run_group_tests_name("view_values", tests, NULL, NULL);
}
