/*
 * Promises of proto/codec.h, and the vectors of docs/format.md §2.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <msgpack.h>

#include "proto/ascii.h"
#include "proto/codec.h"
#include "proto/json.h"
#include "proto/limits.h"

/* A small generator with a fixed seed (splitmix64): the same values in every
 * run. */
static uint64_t
draw(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static int64_t
draw_int(uint64_t *state)
{
	uint64_t magnitude = draw(state) >> (1 + draw(state) % 63);

	return draw(state) % 2 ? (int64_t)magnitude : -1 - (int64_t)magnitude;
}

static void
draw_scalar(uint64_t *state, struct buf *out)
{
	static const char *const texts[] = {"", "a", "name", "홍길동", "𠮷野",
	    "a text that is longer than thirty-one bytes", "é"};
	static const uint8_t zeros[300];

	switch (draw(state) % 5) {
	case 0:
		codec_put_nil(out);
		break;
	case 1:
		codec_put_bool(out, draw(state) % 2);
		break;
	case 2:
		codec_put_text(
		    out, bytes_text(texts[draw(state) % COUNT_OF(texts)]));
		break;
	case 3:
		codec_put_bytes(out, bytes_of(zeros, draw(state) % 300));
		break;
	default:
		codec_put_int(out, draw_int(state));
	}
}

/* Appends a random canonical value whose depth is at most `depth`. */
static void
draw_value(uint64_t *state, unsigned depth, struct buf *out)
{
	uint64_t kind = draw(state) % 4;
	size_t n = draw(state) % 20;

	if (depth == 0 || kind < 2) {
		draw_scalar(state, out);
		return;
	}
	if (kind == 2)
		codec_put_array(out, n);
	else
		codec_put_map(out, n);
	for (size_t i = 0; i < n; i++) {
		if (kind == 3)
			codec_put_int(out, (int64_t)(i * 50));
		draw_value(state, depth - 1, out);
	}
}

/* Decodes one value and encodes it again: the two must agree. */
static void
copy_value(struct reader *r, struct buf *out)
{
	size_t n;

	switch (codec_peek(r)) {
	case CODEC_NONE:
		fail();
		break;
	case CODEC_NIL:
		codec_get_nil(r);
		codec_put_nil(out);
		break;
	case CODEC_BOOL:
		codec_put_bool(out, codec_get_bool(r));
		break;
	case CODEC_INT:
		codec_put_int(out, codec_get_int(r));
		break;
	case CODEC_TEXT:
		codec_put_text(out, codec_get_text(r));
		break;
	case CODEC_BYTES:
		codec_put_bytes(out, codec_get_bytes(r));
		break;
	case CODEC_ARRAY:
		n = codec_get_array(r, SIZE_MAX);
		codec_put_array(out, n);
		for (size_t i = 0; i < n; i++)
			copy_value(r, out);
		break;
	case CODEC_MAP:
		n = codec_get_map(r, SIZE_MAX);
		codec_put_map(out, n);
		for (size_t i = 0; i < 2 * n; i++)
			copy_value(r, out);
		break;
	}
}

static void
assert_comes_back(struct bytes value)
{
	struct buf again = {0};
	struct reader r;

	codec_begin(&r, value);
	copy_value(&r, &again);
	assert_int_equal(codec_end(&r, "value"), ERR_OK);
	assert_true(bytes_equal(buf_bytes(&again), value));
	codec_begin(&r, value);
	assert_true(bytes_equal(codec_get_value(&r), value));
	assert_int_equal(codec_end(&r, "value"), ERR_OK);
	buf_fini(&again);
}

static void
all_that_is_accepted_is_encoded_as_it_was(void **state)
{
	uint64_t seed = 20;
	unsigned accepted = 0;

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		struct buf value = {0};
		size_t bit;

		draw_value(&seed, 4, &value);
		assert_int_equal(codec_check(buf_bytes(&value)), ERR_OK);
		assert_comes_back(buf_bytes(&value));
		for (unsigned i = 0; i < 20; i++) {
			bit = draw(&seed) % (8 * value.n);
			value.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
			if (codec_check(buf_bytes(&value)) == ERR_OK) {
				assert_comes_back(buf_bytes(&value));
				accepted++;
			}
		}
		buf_fini(&value);
	}
	assert_true(accepted > 1000);
}

static void
msgpack_c_reads_what_we_write_and_writes_it_again(void **state)
{
	uint64_t seed = 7;

	(void)state;
	for (unsigned round = 0; round < 500; round++) {
		struct buf value = {0};
		msgpack_sbuffer again;
		msgpack_packer packer;
		msgpack_unpacked other;
		size_t at = 0;

		draw_value(&seed, 3, &value);
		msgpack_unpacked_init(&other);
		assert_int_equal(msgpack_unpack_next(&other,
				     (const char *)value.p, value.n, &at),
		    MSGPACK_UNPACK_SUCCESS);
		assert_int_equal(at, value.n);
		msgpack_sbuffer_init(&again);
		msgpack_packer_init(&packer, &again, msgpack_sbuffer_write);
		assert_int_equal(msgpack_pack_object(&packer, other.data), 0);
		assert_true(bytes_equal(
		    buf_bytes(&value), bytes_of(again.data, again.size)));
		msgpack_sbuffer_destroy(&again);
		msgpack_unpacked_destroy(&other);
		buf_fini(&value);
	}
}

static void
every_truncation_is_refused(void **state)
{
	uint64_t seed = 3;

	(void)state;
	for (unsigned round = 0; round < 100; round++) {
		struct buf value = {0};

		draw_value(&seed, 3, &value);
		for (size_t n = 0; n < value.n; n++) {
			/* A block of its own, so that ASan sees the end. */
			struct buf cut = {0};

			buf_add(&cut, bytes_first(buf_bytes(&value), n));
			assert_int_equal(
			    codec_check(buf_bytes(&cut)), ERR_MALFORMED);
			buf_fini(&cut);
		}
		buf_fini(&value);
	}
}

static void
integers_take_their_shortest_form(void **state)
{
	static const int64_t edges[] = {0, 127, 128, 255, 256, 65535, 65536,
	    UINT32_MAX, (int64_t)UINT32_MAX + 1, INT64_MAX, -1, -32, -33, -128,
	    -129, -32768, -32769, INT32_MIN, (int64_t)INT32_MIN - 1, INT64_MIN};
	static const size_t sizes[] = {
	    1, 1, 2, 2, 3, 3, 5, 5, 9, 9, 1, 1, 2, 2, 3, 3, 5, 5, 9, 9};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(edges); i++) {
		struct buf out = {0};
		struct reader r;

		codec_put_int(&out, edges[i]);
		assert_int_equal(out.n, sizes[i]);
		codec_begin(&r, buf_bytes(&out));
		assert_true(codec_get_int(&r) == edges[i]);
		assert_int_equal(codec_end(&r, "integer"), ERR_OK);
		buf_fini(&out);
	}
}

/* Writes `number` behind `first` in `width` bytes. */
static void
put_form(struct buf *out, uint8_t first, unsigned width, uint64_t number)
{
	buf_add_u8(out, first);
	while (width-- > 0)
		buf_add_u8(out, (uint8_t)(number >> 8 * width));
}

static enum err
form_checked(uint8_t first, unsigned width, uint64_t number, size_t content)
{
	struct buf out = {0};
	enum err e;

	put_form(&out, first, width, number);
	for (size_t i = 0; i < content; i++)
		buf_add_u8(&out, 'x');
	e = codec_check(buf_bytes(&out));
	buf_fini(&out);
	return e;
}

static void
integers_in_longer_forms_are_refused(void **state)
{
	static const uint64_t first_in[] = {
	    0x80, 0x100, 0x10000, UINT64_C(0x100000000)};
	static const uint64_t below_zero[] = {
	    0x20, 0x80, 0x8000, UINT64_C(0x80000000)};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		unsigned width = 1U << i;
		uint8_t plus = (uint8_t)(0xcc + i);
		uint8_t minus = (uint8_t)(0xd0 + i);
		uint64_t n = first_in[i];
		uint64_t m = below_zero[i];

		assert_int_equal(form_checked(plus, width, n, 0), ERR_OK);
		assert_int_equal(
		    form_checked(plus, width, n - 1, 0), ERR_MALFORMED);
		assert_int_equal(
		    form_checked(plus, width, 0, 0), ERR_MALFORMED);
		assert_int_equal(form_checked(minus, width, ~m, 0), ERR_OK);
		assert_int_equal(
		    form_checked(minus, width, ~m + 1, 0), ERR_MALFORMED);
		assert_int_equal(
		    form_checked(minus, width, UINT64_MAX, 0), ERR_MALFORMED);
		assert_int_equal(
		    form_checked(minus, width, 1, 0), ERR_MALFORMED);
	}
	assert_int_equal(form_checked(0xcf, 8, INT64_MAX, 0), ERR_OK);
	assert_int_equal(
	    form_checked(0xcf, 8, (uint64_t)INT64_MAX + 1, 0), ERR_MALFORMED);
}

static void
lengths_in_longer_forms_are_refused(void **state)
{
	static const struct {
		uint8_t first;
		unsigned width;
		size_t shortest; /* the least that this form may say */
	} forms[] = {{0xd9, 1, 32}, {0xda, 2, 256}, {0xdb, 4, 65536},
	    {0xc4, 1, 0}, {0xc5, 2, 256}, {0xc6, 4, 65536}, {0xdc, 2, 16}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(forms); i++) {
		uint8_t first = forms[i].first;
		unsigned width = forms[i].width;
		size_t n = forms[i].shortest;

		assert_int_equal(form_checked(first, width, n, n), ERR_OK);
		if (n > 0)
			assert_int_equal(
			    form_checked(first, width, n - 1, n - 1),
			    ERR_MALFORMED);
		assert_int_equal(
		    form_checked(first, width, n + 1, n), ERR_MALFORMED);
		assert_int_equal(
		    form_checked(first, width, n, n + 1), ERR_MALFORMED);
	}
	assert_int_equal(form_checked(0xde, 2, 15, 30), ERR_MALFORMED);
}

static void
collections_hold_at_most_65535_elements(void **state)
{
	struct buf map = {0};

	(void)state;
	assert_int_equal(form_checked(0xdc, 2, 65535, 65535), ERR_OK);
	assert_int_equal(form_checked(0xdd, 4, 65536, 65536), ERR_MALFORMED);
	assert_int_equal(
	    form_checked(0xdf, 4, 65536, 2 * 65536), ERR_MALFORMED);
	codec_put_map(&map, LIMIT_ELEMENTS);
	for (int64_t i = 0; i < LIMIT_ELEMENTS; i++) {
		codec_put_int(&map, i);
		codec_put_nil(&map);
	}
	assert_int_equal(codec_check(buf_bytes(&map)), ERR_OK);
	assert_comes_back(buf_bytes(&map));
	buf_fini(&map);
}

static void
a_size_is_never_believed_beyond_what_is_there(void **state)
{
	static const uint8_t array[] = {0xdc, 0xff, 0xff, 0xc0};
	static const uint8_t map[] = {0x82, 0x01, 0x01, 0x02};
	static const uint8_t bin[] = {0xc6, 0xff, 0xff, 0xff, 0xff, 0};
	struct reader r;

	(void)state;
	codec_begin(&r, bytes_of(array, sizeof(array)));
	assert_int_equal(codec_get_array(&r, SIZE_MAX), 0);
	assert_true(r.bad);
	codec_begin(&r, bytes_of(map, sizeof(map)));
	assert_int_equal(codec_get_map(&r, SIZE_MAX), 0);
	assert_true(r.bad);
	codec_begin(&r, bytes_of(bin, sizeof(bin)));
	assert_int_equal(codec_get_bytes(&r).n, 0);
	assert_true(r.bad);
}

static void
depth_ends_at_its_limit(void **state)
{
	struct buf value = {0};
	struct buf deep = {0};

	(void)state;
	for (unsigned i = 0; i < LIMIT_DEPTH; i++)
		codec_put_array(&value, 1);
	codec_put_nil(&value);
	assert_int_equal(codec_check(buf_bytes(&value)), ERR_OK);
	buf_cut(&value, LIMIT_DEPTH);
	codec_put_array(&value, 0);
	assert_int_equal(codec_check(buf_bytes(&value)), ERR_MALFORMED);
	assert_non_null(strstr(err_text(), "deep"));
	for (unsigned i = 0; i < 100000; i++)
		codec_put_map(&deep, 1);
	assert_int_equal(codec_check(buf_bytes(&deep)), ERR_MALFORMED);
	for (unsigned i = 0; i < 100000; i++)
		deep.p[i] = 0x91;
	assert_int_equal(codec_check(buf_bytes(&deep)), ERR_MALFORMED);
	buf_fini(&value);
	buf_fini(&deep);
}

static void
a_refusal_names_the_rule_and_the_place(void **state)
{
	static const uint8_t unsorted[] = {0x82, 0x02, 0xc0, 0x01, 0xc0};
	static const uint8_t trailing[] = {0x01, 0x02};

	(void)state;
	assert_int_equal(
	    codec_check(bytes_of(unsorted, sizeof(unsorted))), ERR_MALFORMED);
	assert_string_equal(err_text(),
	    "a map key that is not above the one before, at byte 3");
	assert_int_equal(
	    codec_check(bytes_of(trailing, sizeof(trailing))), ERR_MALFORMED);
	assert_string_equal(err_text(), "bytes after the value, at byte 1");
}

static void
a_reader_is_sticky(void **state)
{
	static const uint8_t in[] = {0x05, 0xa1, 'x', 0x93, 1, 2, 3, 0xc3};
	struct reader r;
	int64_t last = -1;
	struct bytes name = {0};

	(void)state;
	codec_begin(&r, bytes_of(in, sizeof(in)));
	assert_int_equal(codec_get_int(&r), 5);
	assert_false(r.bad);
	assert_int_equal(codec_get_int(&r), 0);
	assert_true(r.bad);
	assert_int_equal(codec_get_text(&r).n, 0);
	assert_int_equal(codec_get_bytes(&r).n, 0);
	assert_int_equal(codec_get_array(&r, 9), 0);
	assert_int_equal(codec_get_map(&r, 9), 0);
	assert_int_equal(codec_get_value(&r).n, 0);
	assert_int_equal(codec_get_uint(&r, 9), 0);
	assert_int_equal(codec_get_fixed(&r, 0).n, 0);
	assert_int_equal(codec_get_key(&r, &last), 0);
	assert_int_equal(codec_get_text_key(&r, &name).n, 0);
	assert_false(codec_get_bool(&r));
	codec_get_nil(&r);
	assert_int_equal(codec_peek(&r), CODEC_NONE);
	assert_int_equal(codec_end(&r, "visit"), ERR_MALFORMED);
	assert_true(strncmp(err_text(), "visit: ", 7) == 0);
}

static void
limits_of_the_caller_are_kept(void **state)
{
	static const uint8_t in[] = {0x93, 1, 2, 3};
	static const uint8_t four[] = {0xc4, 4, 1, 2, 3, 4};
	static const uint8_t negative[] = {0xff};
	struct reader r;

	(void)state;
	codec_begin(&r, bytes_of(in, sizeof(in)));
	assert_int_equal(codec_get_array(&r, 3), 3);
	assert_int_equal(codec_get_uint(&r, 1), 1);
	assert_int_equal(codec_get_uint(&r, 1), 0);
	assert_true(r.bad);
	codec_begin(&r, bytes_of(in, sizeof(in)));
	assert_int_equal(codec_get_array(&r, 2), 0);
	assert_true(r.bad);
	codec_begin(&r, bytes_of(negative, 1));
	assert_int_equal(codec_get_uint(&r, UINT64_MAX), 0);
	assert_true(r.bad);
	codec_begin(&r, bytes_of(four, sizeof(four)));
	assert_int_equal(codec_get_fixed(&r, 4).n, 4);
	assert_int_equal(codec_end(&r, "four"), ERR_OK);
	codec_begin(&r, bytes_of(four, sizeof(four)));
	assert_int_equal(codec_get_fixed(&r, 5).n, 0);
	assert_true(r.bad);
	codec_begin(&r, bytes_of(four, sizeof(four)));
	assert_int_equal(codec_end(&r, "four"), ERR_MALFORMED);
}

static void
keys_must_rise(void **state)
{
	static const uint8_t numbers[] = {0x00, 0x07, 0x07};
	static const uint8_t large[] = {0xce, 0, 1, 0, 0};
	static const uint8_t names[] = {
	    0xa0, 0xa1, 'z', 0xa2, 'a', 'a', 0xa2, 'a', 'a'};
	struct bytes name = {0};
	int64_t last = -1;
	struct reader r;

	(void)state;
	codec_begin(&r, bytes_of(numbers, sizeof(numbers)));
	assert_int_equal(codec_get_key(&r, &last), 0);
	assert_int_equal(codec_get_key(&r, &last), 7);
	assert_false(r.bad);
	assert_int_equal(codec_get_key(&r, &last), 0);
	assert_true(r.bad);
	codec_begin(&r, bytes_of(large, sizeof(large)));
	last = -1;
	assert_int_equal(codec_get_key(&r, &last), 0);
	assert_true(r.bad);
	codec_begin(&r, bytes_of(names, sizeof(names)));
	assert_int_equal(codec_get_text_key(&r, &name).n, 0);
	assert_int_equal(codec_get_text_key(&r, &name).n, 1);
	assert_int_equal(codec_get_text_key(&r, &name).n, 2);
	assert_false(r.bad);
	assert_int_equal(codec_get_text_key(&r, &name).n, 0);
	assert_true(r.bad);
}

/* Is `meaning` the JSON form of `value`, in both directions? */
static void
assert_means(struct bytes value, const char *meaning)
{
	struct buf text = {0};
	struct buf again = {0};

	assert_int_equal(json_encode(value, &text), ERR_OK);
	assert_string_equal(buf_text(&text), meaning);
	assert_int_equal(json_decode(bytes_text(meaning), &again), ERR_OK);
	assert_true(bytes_equal(buf_bytes(&again), value));
	buf_fini(&text);
	buf_fini(&again);
}

/* One line of the vectors: a verdict, hex, and a meaning for people. */
static void
vector_check(char *line)
{
	char *verdict = strtok(line, " ");
	char *hex = strtok(NULL, " ");
	char *meaning = strtok(NULL, "");
	struct buf value = {0};
	enum err e;

	assert_non_null(hex);
	if (strcmp(hex, "-") != 0)
		assert_int_equal(
		    ascii_from_hex(bytes_text(hex), &value), ERR_OK);
	e = codec_check(buf_bytes(&value));
	if (strcmp(verdict, "accept") == 0) {
		assert_int_equal(e, ERR_OK);
		assert_comes_back(buf_bytes(&value));
		assert_means(buf_bytes(&value), meaning);
	} else {
		struct reader r;

		assert_string_equal(verdict, "refuse");
		if (e != ERR_MALFORMED)
			print_error("accepted: %s\n", hex);
		assert_int_equal(e, ERR_MALFORMED);
		codec_begin(&r, buf_bytes(&value));
		(void)codec_get_value(&r);
		assert_int_equal(codec_end(&r, "vector"), ERR_MALFORMED);
	}
	buf_fini(&value);
}

static void
the_vectors_hold(void **state)
{
	FILE *file = fopen("tests/vectors/codec.txt", "r");
	char line[1024];
	unsigned n = 0;

	(void)state;
	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#' || line[0] == '\0')
			continue;
		vector_check(line);
		n++;
	}
	assert_int_equal(fclose(file), 0);
	assert_true(n > 80);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_that_is_accepted_is_encoded_as_it_was),
	    cmocka_unit_test(msgpack_c_reads_what_we_write_and_writes_it_again),
	    cmocka_unit_test(every_truncation_is_refused),
	    cmocka_unit_test(integers_take_their_shortest_form),
	    cmocka_unit_test(integers_in_longer_forms_are_refused),
	    cmocka_unit_test(lengths_in_longer_forms_are_refused),
	    cmocka_unit_test(collections_hold_at_most_65535_elements),
	    cmocka_unit_test(a_size_is_never_believed_beyond_what_is_there),
	    cmocka_unit_test(depth_ends_at_its_limit),
	    cmocka_unit_test(a_refusal_names_the_rule_and_the_place),
	    cmocka_unit_test(a_reader_is_sticky),
	    cmocka_unit_test(limits_of_the_caller_are_kept),
	    cmocka_unit_test(keys_must_rise),
	    cmocka_unit_test(the_vectors_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
