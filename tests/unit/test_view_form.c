/*
 * Promises of core/view_form.h: a value comes out of a key as it went in, keys
 * sort as the values do, and a key that is cut anywhere has no value.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/view_form.h"

enum { TEXT_MAX = 8 };

static const uint8_t secret[32] = {7};
static const struct view_place place = {
    .secret = secret, .view = 3, .part = 1, .text_max = TEXT_MAX};

static struct expr_value
text(const char *is)
{
	return (struct expr_value){.type = EXPR_TEXT, .b = bytes_text(is)};
}

static struct expr_value
number(enum expr_type type, int64_t i)
{
	return (struct expr_value){.type = type, .i = i};
}

static struct expr_value
raw(enum expr_type type, const char *is, size_t n)
{
	return (struct expr_value){.type = type, .b = bytes_of(is, n)};
}

/* What `value` is in a key, without a head. */
static struct bytes
put(const struct view_place *at, struct expr_value value, struct view_key *key)
{
	key->n = 0;
	view_form_put(at, &value, key);
	return view_form_key(key);
}

static void
assert_back(struct expr_value value, struct bytes shown, bool cut)
{
	struct view_value is;
	struct view_key key;
	struct bytes rest = put(&place, value, &key);

	assert_true(view_form_get(&rest, &is));
	assert_int_equal(rest.n, 0);
	assert_int_equal(is.is.type, value.type);
	assert_int_equal(is.is.i, value.i);
	assert_true(bytes_equal(is.is.b, shown));
	assert_int_equal(is.cut, cut);
	assert_false(is.hidden);
	for (size_t n = 0; n < key.n; n++) {
		rest = bytes_of(key.b, n);
		assert_false(view_form_get(&rest, &is));
	}
}

static void
values_come_back_or_as_much_as_fits(void **state)
{
	static const char id[PACK_REF_SIZE] = "0123456789abcdef";
	static const struct {
		const char *text;
		size_t shown;
	} texts[] = {{"", 0}, {"a", 1}, {"12345678", 8}, {"123456789", 8},
	    {"가나다라", 6}, {"1234567가", 7}, {"a\x01z", 1}, {"\x01", 0}};

	(void)state;
	assert_back((struct expr_value){0}, (struct bytes){0}, false);
	assert_back(number(EXPR_BOOL, 0), (struct bytes){0}, false);
	assert_back(number(EXPR_BOOL, 1), (struct bytes){0}, false);
	assert_back(number(EXPR_INT, INT64_MIN), (struct bytes){0}, false);
	assert_back(number(EXPR_INT, INT64_MAX), (struct bytes){0}, false);
	assert_back(number(EXPR_DATE, 17000), (struct bytes){0}, false);
	assert_back(number(EXPR_DATETIME, -1), (struct bytes){0}, false);
	assert_back(
	    raw(EXPR_REF, id, sizeof(id)), bytes_of(id, sizeof(id)), false);
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		assert_back(text(texts[i].text),
		    bytes_first(bytes_text(texts[i].text), texts[i].shown),
		    strlen(texts[i].text) > texts[i].shown);
	for (size_t n = 0; n <= TEXT_MAX; n++)
		assert_back(raw(EXPR_BYTES, id, n), bytes_of(id, n), false);
	assert_back(raw(EXPR_BYTES, id, 9), (struct bytes){0}, true);
}

/* Texts that begin alike are told apart by what does not stand in the key. */
static void
what_is_cut_is_another_when_the_rest_is(void **state)
{
	static const char one[] = "123456789";
	static const char other[] = "123456780";
	struct view_key a;
	struct view_key b;

	(void)state;
	assert_false(bytes_equal(
	    put(&place, text(one), &a), put(&place, text(other), &b)));
	assert_false(bytes_equal(put(&place, raw(EXPR_BYTES, one, 9), &a),
	    put(&place, raw(EXPR_BYTES, other, 9), &b)));
	assert_true(bytes_equal(
	    put(&place, text(one), &a), put(&place, text(one), &b)));
}

static void
what_is_hidden_is_a_hash(void **state)
{
	struct view_place hidden = place;
	struct view_value is;
	struct view_key key;
	struct bytes rest;

	(void)state;
	hidden.hidden = true;
	rest = put(&hidden, text("가"), &key);
	assert_true(view_form_get(&rest, &is));
	assert_true(is.hidden);
	assert_int_equal(is.is.b.n, VIEW_HASH_SIZE);
	for (size_t n = 0; n < key.n; n++) {
		rest = bytes_of(key.b, n);
		assert_false(view_form_get(&rest, &is));
	}
	/* Of nothing nothing is hidden. */
	rest = put(&hidden, (struct expr_value){0}, &key);
	assert_true(view_form_get(&rest, &is));
	assert_false(is.hidden);
}

static void
keys_sort_as_values_do(void **state)
{
	static const int64_t rising[] = {
	    INT64_MIN, -70000, -1, 0, 1, 255, 256, INT64_MAX};
	struct view_key keys[2];

	(void)state;
	for (size_t i = 1; i < COUNT_OF(rising); i++)
		assert_true(
		    bytes_compare(
			put(&place, number(EXPR_INT, rising[i - 1]), &keys[0]),
			put(&place, number(EXPR_INT, rising[i]), &keys[1])) <
		    0);
	assert_true(bytes_compare(put(&place, text("가"), &keys[0]),
			put(&place, text("가나"), &keys[1])) < 0);
}

static void
what_is_no_value_is_refused(void **state)
{
	static const uint8_t wrong[][12] = {{0}, {10}, {255}, {2, 2}, {2, 255},
	    /* Days before the first and behind the last. */
	    {4, 0, 0, 0, 0, 0, 0, 0, 0},
	    {4, 255, 255, 255, 255, 255, 255, 255, 255}};
	struct view_head head;
	struct view_value is;
	struct view_key key;
	struct view_sum sums[2];
	struct buf row = {0};
	uint64_t records;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct bytes rest = bytes_of(wrong[i], sizeof(wrong[i]));

		assert_false(view_form_get(&rest, &is));
	}
	view_form_begin((struct space_no){9}, 3, 1, &key);
	for (size_t n = 0; n <= key.n; n++) {
		struct bytes rest = bytes_of(key.b, n);

		assert_int_equal(view_form_head(&rest, &head), n == key.n);
	}
	assert_int_equal(head.space.v, 9);
	assert_int_equal(head.view, 3);
	assert_int_equal(head.part, 1);
	sums[0] = sums[1] = (struct view_sum){.high = -1, .low = 5};
	view_form_row(4, sums, 2, &row);
	assert_true(view_form_read(buf_bytes(&row), &records, sums, 2));
	assert_int_equal(records, 4);
	assert_int_equal(sums[1].high, -1);
	assert_int_equal(sums[1].low, 5);
	assert_false(view_form_read(buf_bytes(&row), &records, sums, 1));
	buf_cut(&row, row.n - 1);
	assert_false(view_form_read(buf_bytes(&row), &records, sums, 2));
	buf_fini(&row);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(values_come_back_or_as_much_as_fits),
	    cmocka_unit_test(what_is_cut_is_another_when_the_rest_is),
	    cmocka_unit_test(what_is_hidden_is_a_hash),
	    cmocka_unit_test(keys_sort_as_values_do),
	    cmocka_unit_test(what_is_no_value_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
