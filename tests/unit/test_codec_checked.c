/*
 * Promises of codec_begin_checked: of canonical bytes it gives what the other
 * reader gives, and of any others it gives nothing that lies outside them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/pack.h"
#include "proto/codec.h"
#include "proto/json.h"
#include "proto/mem.h"
#include "tests/lib/prng.h"

enum { ROUNDS = 20000, SIZE_MAX_TRIED = 40 };

/* Reads the value at which both stand and all that lies in it. */
static void
read_both(struct reader *plain, struct reader *checked)
{
	enum codec_type type = codec_peek(plain);
	struct reader plain_copy = *plain;
	struct reader checked_copy = *checked;
	size_t n = 0;

	assert_int_equal(codec_peek(checked), type);
	assert_true(bytes_equal(
	    codec_get_value(&plain_copy), codec_get_value(&checked_copy)));
	assert_false(plain_copy.bad || checked_copy.bad);
	assert_true(bytes_equal(plain_copy.in, checked_copy.in));
	switch (type) {
	case CODEC_ARRAY:
		n = codec_get_array(plain, SIZE_MAX);
		assert_int_equal(codec_get_array(checked, SIZE_MAX), n);
		break;
	case CODEC_MAP:
		n = codec_get_map(plain, SIZE_MAX);
		assert_int_equal(codec_get_map(checked, SIZE_MAX), n);
		n *= 2;
		break;
	case CODEC_TEXT:
		assert_true(bytes_equal(
		    codec_get_text(plain), codec_get_text(checked)));
		break;
	case CODEC_NONE:
	case CODEC_NIL:
	case CODEC_BOOL:
	case CODEC_INT:
	case CODEC_BYTES:
		*plain = plain_copy;
		*checked = checked_copy;
		break;
	}
	for (size_t i = 0; i < n; i++)
		read_both(plain, checked);
}

static void
checked_bytes_read_as_any_others_do(void **state)
{
	struct buf doc = {0};
	struct reader plain;
	struct reader checked;

	(void)state;
	assert_int_equal(json_decode(pack_embedded(), &doc), ERR_OK);
	assert_int_equal(codec_check(buf_bytes(&doc)), ERR_OK);
	codec_begin(&plain, buf_bytes(&doc));
	codec_begin_checked(&checked, buf_bytes(&doc));
	read_both(&plain, &checked);
	assert_int_equal(codec_end(&plain, "pack"), ERR_OK);
	assert_int_equal(codec_end(&checked, "pack"), ERR_OK);
	buf_fini(&doc);
}

static void
long_forms_are_measured_as_well(void **state)
{
	static const uint8_t zeros[70000];
	static const size_t sizes[] = {
	    0, 1, 31, 32, 255, 256, 65535, 65536, 70000};
	struct buf doc = {0};
	struct reader plain;
	struct reader checked;

	(void)state;
	codec_put_array(&doc, COUNT_OF(sizes) + 1);
	for (size_t i = 0; i < COUNT_OF(sizes); i++)
		codec_put_bytes(&doc, bytes_of(zeros, sizes[i]));
	codec_put_map(&doc, 17);
	for (int64_t i = 0; i < 17; i++) {
		codec_put_int(&doc, i);
		codec_put_int(&doc, i % 2 == 0 ? INT64_MIN + i : INT64_MAX);
	}
	assert_int_equal(codec_check(buf_bytes(&doc)), ERR_OK);
	codec_begin(&plain, buf_bytes(&doc));
	codec_begin_checked(&checked, buf_bytes(&doc));
	read_both(&plain, &checked);
	assert_int_equal(codec_end(&checked, "sizes"), ERR_OK);
	buf_fini(&doc);
}

/* The bytes lie in memory of exactly their size, so that a sanitizer sees one
 * read behind them. */
static void
no_bytes_lead_a_checked_reader_out_of_them(void **state)
{
	struct prng prng = {.seed = 20};

	(void)state;
	for (size_t round = 0; round < ROUNDS; round++) {
		size_t n = (size_t)prng_below(&prng, SIZE_MAX_TRIED);
		uint8_t *p = mem_new(n + (n == 0 ? 1 : 0));
		struct reader r;

		/* Heads of collections and texts more often than others. */
		for (size_t i = 0; i < n; i++)
			p[i] = (uint8_t)(prng_below(&prng, 2) == 0
					     ? 0x80 + prng_below(&prng, 0x60)
					     : prng_below(&prng, 256));
		codec_begin_checked(&r, bytes_of(p, n));
		while (!r.bad && r.in.n > 0) {
			size_t left = r.in.n;
			struct bytes value = codec_get_value(&r);

			assert_true(value.n <= left);
			assert_true(r.bad || r.in.n == left - value.n);
			assert_true(r.bad || value.n > 0);
		}
		codec_begin_checked(&r, bytes_of(p, n));
		assert_true(codec_get_text(&r).n <= n);
		mem_free(p);
	}
}

static void
what_was_read_wrong_stays_wrong(void **state)
{
	const uint8_t bytes[] = {0x92, 0x01, 0xa2, 'a', 'b', 0xc2};
	struct reader r;

	(void)state;
	codec_begin_checked(&r, bytes_of(bytes, sizeof(bytes)));
	assert_int_equal(codec_get_map(&r, SIZE_MAX), 0);
	assert_true(r.bad);
	assert_int_equal(codec_get_value(&r).n, 0);
	assert_int_equal(codec_end(&r, "value"), ERR_MALFORMED);
	/* An element short of what the head says. */
	codec_begin_checked(&r, bytes_of(bytes, 2));
	assert_int_equal(codec_get_value(&r).n, 0);
	assert_true(r.bad);
	/* The text is longer than what is left. */
	codec_begin_checked(&r, bytes_of(bytes, 4));
	assert_int_equal(codec_get_value(&r).n, 0);
	assert_true(r.bad);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(checked_bytes_read_as_any_others_do),
	    cmocka_unit_test(long_forms_are_measured_as_well),
	    cmocka_unit_test(no_bytes_lead_a_checked_reader_out_of_them),
	    cmocka_unit_test(what_was_read_wrong_stays_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
