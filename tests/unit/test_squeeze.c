/*
 * Promises of proto/squeeze.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "proto/squeeze.h"

/* `n` bytes that compress well without being all alike. */
static void
fill(struct buf *out, size_t n)
{
	while (out->n < n)
		buf_add_format(out, "찾아가는 %zu번째 방문; ", out->n);
	buf_cut(out, n);
}

static enum err
unpacked(struct squeeze *s, struct bytes in, size_t size_max, struct buf *out)
{
	/* A block of its own, so that ASan sees reads behind its end. */
	struct buf copy = {0};
	enum err e;

	buf_add(&copy, in);
	buf_cut(out, 0);
	buf_add_text(out, "kept");
	e = squeeze_unpack(s, buf_bytes(&copy), size_max, out);
	if (e != ERR_OK)
		assert_int_equal(out->n, 4);
	buf_drop(out, 4);
	buf_fini(&copy);
	return e;
}

static void
content_comes_back_at_every_level_and_size(void **state)
{
	static const size_t sizes[] = {0, 1, 255, 256, 257, 65536, 65537, 65791,
	    65792, LIMIT_BODY_SIZE, LIMIT_FRAME_SIZE};
	static const int levels[] = {SQUEEZE_LEVEL_MIN, 3, SQUEEZE_LEVEL_MAX};
	struct squeeze s = {0};
	struct buf in = {0};
	struct buf packed = {0};
	struct buf out = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(sizes) * COUNT_OF(levels); i++) {
		size_t n = sizes[i / COUNT_OF(levels)];
		int level = levels[i % COUNT_OF(levels)];

		buf_cut(&in, 0);
		fill(&in, n);
		buf_cut(&packed, 0);
		assert_int_equal(
		    squeeze_pack(&s, buf_bytes(&in), level, &packed), ERR_OK);
		assert_int_equal(
		    unpacked(&s, buf_bytes(&packed), n, &out), ERR_OK);
		assert_true(bytes_equal(buf_bytes(&in), buf_bytes(&out)));
		if (n > 0)
			assert_int_equal(
			    unpacked(&s, buf_bytes(&packed), n - 1, &out),
			    ERR_LIMIT);
	}
	buf_fini(&in);
	buf_fini(&packed);
	buf_fini(&out);
	squeeze_fini(&s);
	squeeze_fini(&s);
}

static void
every_truncation_and_every_tail_is_refused(void **state)
{
	struct squeeze s = {0};
	struct buf in = {0};
	struct buf packed = {0};
	struct buf out = {0};

	(void)state;
	fill(&in, 2000);
	assert_int_equal(squeeze_pack(&s, buf_bytes(&in), 3, &packed), ERR_OK);
	for (size_t n = 0; n < packed.n; n++)
		assert_int_equal(
		    unpacked(
			&s, bytes_first(buf_bytes(&packed), n), 4096, &out),
		    ERR_MALFORMED);
	buf_add_u8(&packed, 0);
	assert_int_equal(
	    unpacked(&s, buf_bytes(&packed), 4096, &out), ERR_MALFORMED);
	buf_cut(&packed, packed.n - 1);
	assert_int_equal(squeeze_pack(&s, buf_bytes(&in), 3, &packed), ERR_OK);
	assert_int_equal(
	    unpacked(&s, buf_bytes(&packed), 4096, &out), ERR_MALFORMED);
	assert_non_null(strstr(err_text(), "after a compressed frame"));
	buf_fini(&in);
	buf_fini(&packed);
	buf_fini(&out);
	squeeze_fini(&s);
}

static void
a_flipped_bit_never_makes_more_than_was_declared(void **state)
{
	struct squeeze s = {0};
	struct buf in = {0};
	struct buf packed = {0};
	struct buf out = {0};
	unsigned refused = 0;

	(void)state;
	fill(&in, 700);
	assert_int_equal(squeeze_pack(&s, buf_bytes(&in), 3, &packed), ERR_OK);
	for (size_t bit = 0; bit < 8 * packed.n; bit++) {
		enum err e;

		packed.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		e = unpacked(&s, buf_bytes(&packed), 4096, &out);
		packed.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_true(out.n <= 4096);
		assert_true(
		    e == ERR_OK || e == ERR_MALFORMED || e == ERR_LIMIT);
		refused += e != ERR_OK;
	}
	assert_true(refused > 100);
	/* The context is as good as before. */
	assert_int_equal(unpacked(&s, buf_bytes(&packed), 700, &out), ERR_OK);
	assert_true(bytes_equal(buf_bytes(&in), buf_bytes(&out)));
	buf_fini(&in);
	buf_fini(&packed);
	buf_fini(&out);
	squeeze_fini(&s);
}

/* Frames made by hand: the header behind the magic, and the first byte of one
 * last block that repeats one byte (RFC 8878 §3.1.1.2): 3 + 8 * its size. */
static void
frames_that_claim_too_much_are_refused(void **state)
{
	static const struct {
		const char *why;
		size_t n;
		enum err e;
		uint8_t block;
		uint8_t header[9];
	} frames[] = {
	    {"five bytes", 2, ERR_OK, 0x2b, {0x20, 5}},
	    {"1 GiB, single segment", 5, ERR_LIMIT, 0x2b,
		{0xa0, 0, 0, 0, 0x40}},
	    {"2^64 - 1 bytes", 9, ERR_LIMIT, 0x2b,
		{0xe0, 255, 255, 255, 255, 255, 255, 255, 255}},
	    {"window of 64 KiB", 6, ERR_OK, 0x2b, {0x80, 0x30, 5, 0, 0, 0}},
	    {"window of 72 KiB", 6, ERR_LIMIT, 0x2b, {0x80, 0x31, 5, 0, 0, 0}},
	    {"window of 3.75 TiB", 6, ERR_LIMIT, 0x2b,
		{0x80, 0xff, 5, 0, 0, 0}},
	    {"no content size", 2, ERR_MALFORMED, 0x2b, {0x00, 0x30}},
	    {"a dictionary", 3, ERR_MALFORMED, 0x2b, {0x21, 7, 5}},
	    {"a reserved bit", 2, ERR_MALFORMED, 0x2b, {0x28, 5}},
	    {"single segment of 65537 bytes", 5, ERR_LIMIT, 0x2b,
		{0xa0, 1, 0, 1, 0}},
	    {"more than declared", 2, ERR_MALFORMED, 0x2b, {0x20, 4}},
	    {"less than declared", 2, ERR_MALFORMED, 0x2b, {0x20, 6}},
	    {"less than declared", 3, ERR_MALFORMED, 0x2b, {0x60, 0, 1}},
	    {"a reserved block", 2, ERR_MALFORMED, 0x2f, {0x20, 5}},
	};
	struct squeeze s = {0};
	struct buf out = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(frames); i++) {
		struct buf frame = {0};
		enum err e;

		buf_add_be32(&frame, 0x28b52ffd);
		buf_add(&frame, bytes_of(frames[i].header, frames[i].n));
		buf_add_u8(&frame, frames[i].block);
		buf_add_be16(&frame, 0);
		buf_add_u8(&frame, 'x');
		e = unpacked(&s, buf_bytes(&frame), LIMIT_FRAME_SIZE, &out);
		if (e != frames[i].e)
			print_error("%s: %s\n", frames[i].why, err_text());
		assert_int_equal(e, frames[i].e);
		if (e == ERR_OK)
			assert_true(bytes_is(buf_bytes(&out), "xxxxx"));
		buf_fini(&frame);
	}
	buf_fini(&out);
	squeeze_fini(&s);
}

/* 512 MiB as blocks of 64 KiB of one byte, of 4 bytes each, in a frame that
 * declares 512 KiB. */
static void
zeros_stop_at_what_was_declared(void **state)
{
	struct squeeze s = {0};
	struct buf frame = {0};
	struct buf out = {0};

	(void)state;
	buf_add_be32(&frame, 0x28b52ffd);
	buf_add(&frame, bytes_of((uint8_t[]){0x80, 0x30, 0, 0, 8, 0}, 6));
	for (unsigned i = 0; i < 8192; i++)
		buf_add(&frame, bytes_of((uint8_t[]){0x02, 0, 0x08, 0}, 4));
	buf_add(&frame, bytes_of((uint8_t[]){0x03, 0, 0x08, 0}, 4));
	assert_int_equal(
	    unpacked(&s, buf_bytes(&frame), LIMIT_FRAME_SIZE, &out),
	    ERR_MALFORMED);
	assert_true(out.room <= 4 * LIMIT_FRAME_SIZE);
	buf_fini(&frame);
	buf_fini(&out);
	squeeze_fini(&s);
}

static void
a_skippable_frame_is_no_content(void **state)
{
	static const uint8_t skippable[] = {
	    0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 'x'};
	struct squeeze s = {0};
	struct buf out = {0};

	(void)state;
	assert_int_equal(
	    unpacked(&s, bytes_of(skippable, sizeof(skippable)), 100, &out),
	    ERR_MALFORMED);
	assert_int_equal(
	    unpacked(&s, (struct bytes){0}, 100, &out), ERR_MALFORMED);
	buf_fini(&out);
	squeeze_fini(&s);
}

/* A body as the dictionary knows them, of `n` bytes. */
static void
fill_known(struct buf *out, size_t n)
{
	while (out->n < n)
		buf_add_text(out, "householdplanned_onvisited_at2026-05-12");
	buf_cut(out, n);
}

static enum err
unpacked_named(
    struct squeeze *s, struct bytes in, size_t size_max, struct buf *out)
{
	struct buf copy = {0};
	enum err e;

	buf_add(&copy, in);
	buf_cut(out, 0);
	e = squeeze_unpack_named(s, copy.p, copy.n, size_max, out);
	if (e != ERR_OK)
		assert_int_equal(out->n, 0);
	buf_fini(&copy);
	return e;
}

static void
named_frames_come_back_at_every_size(void **state)
{
	static const size_t sizes[] = {
	    0, 1, 30, 255, 256, 511, 512, 513, 65536, LIMIT_BODY_SIZE};
	struct squeeze s = {0};
	struct buf in = {0};
	struct buf packed = {0};
	struct buf out = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		buf_cut(&in, 0);
		buf_cut(&packed, 0);
		fill_known(&in, sizes[i]);
		assert_int_equal(
		    squeeze_pack_named(&s, buf_bytes(&in), &packed), ERR_OK);
		assert_int_equal(
		    unpacked_named(&s, buf_bytes(&packed), sizes[i], &out),
		    ERR_OK);
		assert_true(bytes_equal(buf_bytes(&in), buf_bytes(&out)));
		if (sizes[i] == 0)
			continue;
		assert_int_equal(
		    unpacked_named(&s, buf_bytes(&packed), sizes[i] - 1, &out),
		    ERR_LIMIT);
		/* Both ways keep apart, in one context. */
		assert_int_equal(
		    squeeze_unpack(&s, buf_bytes(&packed), sizes[i], &out),
		    ERR_MALFORMED);
		buf_cut(&packed, 0);
		assert_int_equal(
		    squeeze_pack(&s, buf_bytes(&in), 3, &packed), ERR_OK);
		assert_int_equal(
		    unpacked_named(&s, buf_bytes(&packed), sizes[i], &out),
		    ERR_VERSION);
		assert_int_equal(
		    squeeze_unpack(&s, buf_bytes(&packed), sizes[i], &out),
		    ERR_OK);
	}
	buf_fini(&in);
	buf_fini(&packed);
	buf_fini(&out);
	squeeze_fini(&s);
}

static void
what_the_dictionary_knows_becomes_shorter(void **state)
{
	struct squeeze s = {0};
	struct buf in = {0};
	struct buf packed = {0};

	(void)state;
	fill_known(&in, 39);
	assert_int_equal(
	    squeeze_pack_named(&s, buf_bytes(&in), &packed), ERR_OK);
	assert_true(packed.n < in.n);
	buf_cut(&packed, 0);
	assert_int_equal(squeeze_pack(&s, buf_bytes(&in), 3, &packed), ERR_OK);
	assert_true(packed.n > in.n);
	buf_fini(&in);
	buf_fini(&packed);
	squeeze_fini(&s);
}

static void
no_part_or_damage_of_a_named_frame_is_dangerous(void **state)
{
	struct squeeze s = {0};
	struct buf in = {0};
	struct buf packed = {0};
	struct buf out = {0};
	enum err e;

	(void)state;
	fill_known(&in, 300);
	assert_int_equal(
	    squeeze_pack_named(&s, buf_bytes(&in), &packed), ERR_OK);
	for (size_t n = 0; n < packed.n; n++)
		assert_int_equal(
		    unpacked_named(&s, bytes_of(packed.p, n), 300, &out),
		    ERR_MALFORMED);
	for (size_t bit = 0; bit < 8 * packed.n; bit++) {
		packed.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		e = unpacked_named(&s, buf_bytes(&packed), 300, &out);
		assert_true(e == ERR_OK
				? out.n <= 300
				: e == ERR_MALFORMED || e == ERR_LIMIT ||
				      e == ERR_VERSION);
		assert_true(bit >= 32 || e == ERR_VERSION);
		packed.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	buf_add_u8(&packed, 0);
	assert_int_equal(
	    unpacked_named(&s, buf_bytes(&packed), 300, &out), ERR_MALFORMED);
	buf_fini(&in);
	buf_fini(&packed);
	buf_fini(&out);
	squeeze_fini(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(content_comes_back_at_every_level_and_size),
	    cmocka_unit_test(every_truncation_and_every_tail_is_refused),
	    cmocka_unit_test(a_flipped_bit_never_makes_more_than_was_declared),
	    cmocka_unit_test(frames_that_claim_too_much_are_refused),
	    cmocka_unit_test(zeros_stop_at_what_was_declared),
	    cmocka_unit_test(a_skippable_frame_is_no_content),
	    cmocka_unit_test(named_frames_come_back_at_every_size),
	    cmocka_unit_test(what_the_dictionary_knows_becomes_shorter),
	    cmocka_unit_test(no_part_or_damage_of_a_named_frame_is_dangerous),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
