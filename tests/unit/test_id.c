/*
 * Promises of proto/id.h, and tests/vectors/names.txt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/ascii.h"
#include "proto/id.h"
#include "proto/limits.h"
#include "tests/lib/prng.h"
#include "tests/lib/vectors.h"

typedef void case_fn(const struct vectors *v);

/* Calls `check` for each case of `kind`, of which there must be `n`. */
static void
each(const char *kind, size_t n, case_fn *check)
{
	struct vectors v;
	size_t cases = 0;

	vectors_open(&v, "names.txt");
	while (vectors_next(&v)) {
		if (!vectors_is(&v, kind))
			continue;
		check(&v);
		cases++;
	}
	vectors_close(&v);
	assert_int_equal(cases, n);
}

static struct bytes
text_or_none(struct bytes word)
{
	return bytes_is(word, "-") ? (struct bytes){0} : word;
}

static struct buf
hex_of(struct bytes word)
{
	struct buf out = {0};

	assert_int_equal(ascii_from_hex(text_or_none(word), &out), ERR_OK);
	return out;
}

static void
check_space(const struct vectors *v)
{
	struct space space;

	memset(&space, 'x', sizeof(space));
	assert_int_equal(id_space(v->words[1], &space), ERR_OK);
	assert_true(bytes_is(v->words[1], space.text));
	assert_int_equal(id_prefix(v->words[1], &space), ERR_OK);
}

static void
a_space_id_is_read_as_it_stands(void **state)
{
	(void)state;
	each("space", 8, check_space);
}

static void
check_nospace(const struct vectors *v)
{
	struct buf text = hex_of(v->words[1]);
	struct space space;

	assert_int_equal(id_space(buf_bytes(&text), &space), ERR_INVALID);
	if (text.n > 0)
		assert_int_equal(
		    id_prefix(buf_bytes(&text), &space), ERR_INVALID);
	buf_fini(&text);
}

static void
what_is_no_space_id_is_refused(void **state)
{
	struct space space;

	(void)state;
	each("nospace", 14, check_nospace);
	assert_int_equal(id_prefix((struct bytes){0}, &space), ERR_OK);
	assert_string_equal(space.text, "");
}

static void
check_covers(const struct vectors *v)
{
	struct space prefix;
	struct space space;
	bool expected = bytes_is(v->words[3], "yes");

	assert_int_equal(id_prefix(text_or_none(v->words[1]), &prefix), ERR_OK);
	assert_int_equal(id_prefix(text_or_none(v->words[2]), &space), ERR_OK);
	if (vectors_is(v, "covers"))
		assert_int_equal(id_covers(&prefix, &space), expected);
	else
		assert_int_equal(id_covers_prefix(&prefix, &space), expected);
}

static void
prefixes_cover_whole_components_and_never_authority(void **state)
{
	(void)state;
	each("covers", 10, check_covers);
	each("within", 7, check_covers);
	assert_true(id_is_authority(&id_authority));
	assert_false(id_is_authority(&(struct space){"authority/x"}));
}

static void
check_origin(const struct vectors *v)
{
	struct log_name name = {0};
	struct log_name back;
	struct buf line = {0};
	struct hash origin;
	struct hash expected;
	struct log_id log;
	struct log_id id;

	vectors_hex(v, 1, name.city.b, 32);
	vectors_hex(v, 2, name.author.b, 32);
	assert_int_equal(id_space(v->words[3], &name.space), ERR_OK);
	vectors_hex(v, 4, name.incarnation.b, 8);
	vectors_hex(v, 6, expected.b, 32);
	vectors_hex(v, 7, id.b, 16);
	id_origin(&name, &line);
	assert_true(bytes_equal(buf_bytes(&line), v->words[5]));
	assert_true(line.n <= LIMIT_ORIGIN_SIZE);
	id_log(&name, &origin, &log);
	assert_memory_equal(origin.b, expected.b, 32);
	assert_memory_equal(log.b, id.b, 16);
	assert_int_equal(id_from_origin(buf_bytes(&line), &back), ERR_OK);
	assert_memory_equal(back.city.b, name.city.b, 32);
	assert_memory_equal(back.author.b, name.author.b, 32);
	assert_true(id_space_equal(&back.space, &name.space));
	assert_memory_equal(back.incarnation.b, name.incarnation.b, 8);
	for (size_t n = 0; n < line.n; n++)
		assert_int_equal(
		    id_from_origin(bytes_first(buf_bytes(&line), n), &back),
		    ERR_MALFORMED);
	buf_fini(&line);
}

static void
a_log_is_named_by_its_origin_line_and_back(void **state)
{
	(void)state;
	each("origin", 3, check_origin);
}

static void
check_noorigin(const struct vectors *v)
{
	struct buf line = hex_of(v->words[1]);
	struct log_name name;

	assert_int_equal(
	    id_from_origin(buf_bytes(&line), &name), ERR_MALFORMED);
	buf_fini(&line);
}

static void
what_is_no_origin_line_is_malformed(void **state)
{
	(void)state;
	each("noorigin", 14, check_noorigin);
}

/* No flip may be read as another spelling of the same name. */
static void
a_flipped_bit_of_an_origin_line_names_another_log(void **state)
{
	const struct log_name name = {
	    .space = {"d03/c017/case"}, .incarnation.b = {0xab}};
	struct buf line = {0};

	(void)state;
	id_origin(&name, &line);
	for (size_t bit = 0; bit < 8 * line.n; bit++) {
		struct log_name other;
		struct buf again = {0};

		line.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (id_from_origin(buf_bytes(&line), &other) == ERR_OK) {
			id_origin(&other, &again);
			assert_true(
			    bytes_equal(buf_bytes(&line), buf_bytes(&again)));
		}
		line.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		buf_fini(&again);
	}
	buf_fini(&line);
}

static void
check_record(const struct vectors *v)
{
	uint8_t random[10];
	struct record_id record;
	struct record_id expected;

	vectors_hex(v, 2, random, sizeof(random));
	vectors_hex(v, 3, expected.b, sizeof(expected.b));
	id_record(vectors_number(v, 1), random, &record);
	assert_memory_equal(record.b, expected.b, sizeof(record.b));
}

static void
a_record_id_begins_with_the_time(void **state)
{
	(void)state;
	each("record", 3, check_record);
}

static struct dot
dot_of(const struct vectors *v)
{
	struct dot dot = {.at.delta.seq = vectors_number(v, 2)};

	vectors_hex(v, 1, dot.at.delta.log.b, 16);
	vectors_hex(v, 3, dot.at.delta.leaf, 8);
	return dot;
}

static void
check_ref(const struct vectors *v)
{
	struct dot dot = dot_of(v);
	struct ref back;
	uint8_t expected[ID_REF_SIZE];
	uint8_t out[ID_REF_SIZE];

	vectors_hex(v, 4, expected, sizeof(expected));
	id_ref_put(&dot.at.delta, out);
	assert_memory_equal(out, expected, sizeof(out));
	id_ref_get(out, &back);
	assert_int_equal(id_ref_compare(&dot.at.delta, &back), 0);
}

static void
check_dot(const struct vectors *v)
{
	struct dot dot = dot_of(v);
	struct dot back;
	struct change_ref change;
	uint8_t expected[ID_DOT_SIZE];
	uint8_t out[ID_DOT_SIZE];

	dot.at.change = (uint16_t)vectors_number(v, 4);
	dot.op = (uint16_t)vectors_number(v, 5);
	vectors_hex(v, 6, expected, sizeof(expected));
	id_dot_put(&dot, out);
	assert_memory_equal(out, expected, sizeof(out));
	id_dot_get(out, &back);
	assert_int_equal(id_dot_compare(&dot, &back), 0);
	id_change_put(&dot.at, out);
	assert_memory_equal(out, expected, ID_CHANGE_SIZE);
	id_change_get(out, &change);
	assert_int_equal(id_change_compare(&dot.at, &change), 0);
}

static void
references_and_dots_have_a_fixed_form(void **state)
{
	(void)state;
	each("ref", 2, check_ref);
	each("dot", 2, check_dot);
}

static void
check_less(const struct vectors *v)
{
	uint8_t a[ID_DOT_SIZE];
	uint8_t b[ID_DOT_SIZE];
	struct dot left;
	struct dot right;

	vectors_hex(v, 1, a, sizeof(a));
	vectors_hex(v, 2, b, sizeof(b));
	id_dot_get(a, &left);
	id_dot_get(b, &right);
	assert_true(id_dot_compare(&left, &right) < 0);
	assert_true(id_dot_compare(&right, &left) > 0);
	assert_int_equal(id_dot_compare(&left, &left), 0);
}

static void
dots_are_ordered_as_their_bytes_are(void **state)
{
	struct prng prng = {1};

	(void)state;
	each("less", 5, check_less);
	for (int i = 0; i < 10000; i++) {
		uint8_t a[ID_DOT_SIZE];
		uint8_t b[ID_DOT_SIZE];
		struct dot left;
		struct dot right;
		int order;

		prng_fill(&prng, a, sizeof(a));
		memcpy(b, a, sizeof(b));
		b[prng_below(&prng, sizeof(b))] ^= (uint8_t)prng_u64(&prng);
		id_dot_get(a, &left);
		id_dot_get(b, &right);
		order = memcmp(a, b, sizeof(a));
		assert_int_equal(id_dot_compare(&left, &right) > 0, order > 0);
		assert_int_equal(id_dot_compare(&left, &right) < 0, order < 0);
	}
}

static void
hex_is_of_exactly_the_size_and_lower_case(void **state)
{
	uint8_t out[2] = {7, 7};

	(void)state;
	assert_int_equal(id_from_hex(bytes_text("00ff"), "x", out, 2), ERR_OK);
	assert_int_equal(out[1], 0xff);
	assert_int_equal(
	    id_from_hex(bytes_text("00f"), "x", out, 2), ERR_INVALID);
	assert_int_equal(
	    id_from_hex(bytes_text("00ff0"), "x", out, 2), ERR_INVALID);
	assert_int_equal(
	    id_from_hex(bytes_text("00fF"), "x", out, 2), ERR_INVALID);
	assert_int_equal(
	    id_from_hex(bytes_text("00fg"), "key", out, 2), ERR_INVALID);
	assert_true(bytes_begins(bytes_text(err_text()), bytes_text("key")));
	assert_int_equal(id_from_hex((struct bytes){0}, "x", out, 0), ERR_OK);
}

static void
what_is_below_authority_is_reserved(void **state)
{
	struct space space;

	(void)state;
	assert_int_equal(id_space(bytes_text("authority"), &space), ERR_OK);
	assert_int_equal(
	    id_space(bytes_text("authority/x"), &space), ERR_INVALID);
	assert_int_equal(
	    id_prefix(bytes_text("authority/x"), &space), ERR_INVALID);
	assert_int_equal(id_space(bytes_text("authority2"), &space), ERR_OK);
}

static void
the_same_thing_has_the_same_id_in_one_city(void **state)
{
	static const struct bytes parts[] = {
	    {(const uint8_t *)"ab", 2}, {(const uint8_t *)"c", 1}};
	static const struct bytes others[] = {
	    {(const uint8_t *)"a", 1}, {(const uint8_t *)"bc", 2}};
	/* SHA-256 of what docs/importing.md says, made by another program. */
	static const uint8_t want[] = {0x01, 0x56, 0x1f, 0x59, 0xe4, 0x00, 0x01,
	    0xa5, 0x49, 0x8c, 0x32, 0x87, 0x32, 0x9e, 0xa6, 0x0f};
	struct city_id city = {{7}};
	struct record_id id;
	struct record_id other;

	(void)state;
	id_derive(&city, 1469404800000, parts, 2, &id);
	assert_memory_equal(id.b, want, sizeof(id.b));
	id_derive(&city, 1469404800000, others, 2, &other);
	assert_memory_not_equal(id.b, other.b, sizeof(id.b));
	city.b[31] = 1;
	id_derive(&city, 1469404800000, parts, 2, &other);
	assert_memory_not_equal(id.b, other.b, sizeof(id.b));
}

static void
a_space_has_a_class_and_a_unit(void **state)
{
	static const struct {
		const char *name, *class, *above, *beside;
		size_t depth;
	} all[] = {
	    {"d03/c017/case", "case", "d03/c017", "d03/c017/visit", 3},
	    {"d03/visit", "visit", "d03", "d03/visit", 2},
	    {"city", "city", "", "visit", 1},
	    {"", "", "", "visit", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(all); i++) {
		struct space space = {0};
		struct space beside;

		strcpy(space.text, all[i].name);
		assert_string_equal(id_class(&space), all[i].class);
		assert_true(
		    bytes_is(id_above(bytes_text(space.text)), all[i].above));
		assert_true(id_beside(&space, "visit", &beside));
		assert_string_equal(beside.text, all[i].beside);
		assert_int_equal(id_depth(&space), all[i].depth);
	}
}

static void
a_space_beside_another_has_no_name_that_is_too_long(void **state)
{
	struct space space = {0};
	struct space beside;

	(void)state;
	memset(space.text, 'a', LIMIT_SPACE_SIZE);
	memcpy(space.text + LIMIT_SPACE_SIZE - 3, "/bb", 3);
	assert_true(id_beside(&space, "cc", &beside));
	assert_int_equal(strlen(beside.text), LIMIT_SPACE_SIZE);
	assert_false(id_beside(&space, "ccc", &beside));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_below_authority_is_reserved),
	    cmocka_unit_test(a_space_id_is_read_as_it_stands),
	    cmocka_unit_test(what_is_no_space_id_is_refused),
	    cmocka_unit_test(
		prefixes_cover_whole_components_and_never_authority),
	    cmocka_unit_test(a_log_is_named_by_its_origin_line_and_back),
	    cmocka_unit_test(what_is_no_origin_line_is_malformed),
	    cmocka_unit_test(a_flipped_bit_of_an_origin_line_names_another_log),
	    cmocka_unit_test(a_record_id_begins_with_the_time),
	    cmocka_unit_test(references_and_dots_have_a_fixed_form),
	    cmocka_unit_test(dots_are_ordered_as_their_bytes_are),
	    cmocka_unit_test(hex_is_of_exactly_the_size_and_lower_case),
	    cmocka_unit_test(the_same_thing_has_the_same_id_in_one_city),
	    cmocka_unit_test(a_space_has_a_class_and_a_unit),
	    cmocka_unit_test(
		a_space_beside_another_has_no_name_that_is_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
