/*
 * Promises of proto/bundle.h and proto/bundle_msg.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/bundle.h"
#include "proto/bundle_msg.h"
#include "tests/lib/prng.h"

enum { BLOCKS = 6, RECEIVERS = 3 };

static const struct bundle_draw draw = {{{1, 2}}, {{3, 4}}};

/* A part of BLOCKS blocks, and where each ends. */
struct part {
	struct buf file;
	size_t ends[BLOCKS + 1]; /* of the header, then of the blocks */
	struct sign_seed seeds[RECEIVERS];
};

/* What a scan of bytes found. */
struct found {
	size_t parts;
	size_t ours;
	size_t blocks[BLOCKS];
	size_t blocks_all;
	size_t skipped;
};

static struct sign_seed
seed_of(unsigned number)
{
	return (struct sign_seed){{(uint8_t)number, 7}};
}

static void
part_make(struct part *part, const struct bundle_draw *from)
{
	struct sign_key keys[RECEIVERS];
	struct bundle_keys seal;
	struct squeeze squeeze = {0};
	uint8_t content[200];

	*part = (struct part){0};
	for (unsigned i = 0; i < RECEIVERS; i++) {
		part->seeds[i] = seed_of(i + 1);
		crypto_sign_key(&part->seeds[i], &keys[i]);
	}
	assert_int_equal(
	    bundle_put_header(from, keys, RECEIVERS, &part->file, &seal),
	    ERR_OK);
	part->ends[0] = part->file.n;
	for (size_t i = 0; i < BLOCKS; i++) {
		struct bundle_block block = {.index = i,
		    .begins = i % 2 == 0,
		    .ends = i + 1 == BLOCKS,
		    .content = bytes_of(content, 20 + 30 * i)};

		/* Some are compressed, some not. */
		for (size_t k = 0; k < sizeof(content); k++)
			content[k] = (uint8_t)(i % 2 == 0 ? i : k * k * 31);
		assert_int_equal(
		    bundle_put_block(&seal, &squeeze, &block, &part->file),
		    ERR_OK);
		part->ends[i + 1] = part->file.n;
	}
	squeeze_fini(&squeeze);
	bundle_keys_fini(&seal);
}

/* Scans `in` as a reader of files does: `step` bytes more at a time. */
static void
scan(struct bytes in, const struct sign_seed *seed, size_t step,
    struct found *found)
{
	struct bundle_scan s = {0};
	size_t at = 0;
	size_t given = step < in.n ? step : in.n;

	*found = (struct found){0};
	for (;;) {
		struct bundle_block block;
		size_t used;
		enum bundle_found what = bundle_scan_next(&s,
		    bytes_slice(in, at, given - at), given == in.n, &used,
		    &block);

		assert_true(used <= given - at);
		at += used;
		assert_int_equal(s.at, at);
		if (what == BUNDLE_OVER)
			break;
		if (what == BUNDLE_MORE) {
			assert_true(given < in.n);
			given = given + step < in.n ? given + step : in.n;
			continue;
		}
		assert_true(used > 0);
		found->skipped += what == BUNDLE_SKIP ? used : 0;
		if (what == BUNDLE_PART) {
			found->parts++;
			found->ours += s.is_open || bundle_scan_open(&s, seed);
		}
		if (what == BUNDLE_BLOCK) {
			assert_true(block.index < BLOCKS);
			assert_int_equal(block.begins, block.index % 2 == 0);
			assert_int_equal(block.ends, block.index + 1 == BLOCKS);
			assert_int_equal(
			    block.content.n, 20 + 30 * block.index);
			found->blocks[block.index]++;
			found->blocks_all++;
		}
	}
	assert_int_equal(at, in.n);
	bundle_scan_fini(&s);
}

static void
every_receiver_reads_all_of_it(void **state)
{
	struct part part;
	struct found found;

	(void)state;
	part_make(&part, &draw);
	for (size_t i = 0; i < RECEIVERS; i++) {
		for (size_t step = 1; step < 400; step += 37) {
			scan(buf_bytes(&part.file), &part.seeds[i], step,
			    &found);
			assert_int_equal(found.parts, 1);
			assert_int_equal(found.ours, 1);
			assert_int_equal(found.blocks_all, BLOCKS);
			assert_int_equal(found.skipped, 0);
		}
	}
	buf_fini(&part.file);
}

static void
nobody_else_reads_or_finds_anything(void **state)
{
	struct sign_seed stranger = seed_of(99);
	struct part part;
	struct found found;

	(void)state;
	part_make(&part, &draw);
	scan(buf_bytes(&part.file), &stranger, 100000, &found);
	assert_int_equal(found.parts, 1);
	assert_int_equal(found.ours, 0);
	assert_int_equal(found.blocks_all, 0);
	assert_int_equal(found.skipped, part.file.n - part.ends[0]);
	buf_fini(&part.file);
}

static void
cut_anywhere_it_gives_what_is_whole(void **state)
{
	struct part part;
	struct found found;

	(void)state;
	part_make(&part, &draw);
	for (size_t n = 0; n < part.file.n; n++) {
		size_t whole = 0;

		scan(bytes_first(buf_bytes(&part.file), n), &part.seeds[0],
		    100000, &found);
		while (whole < BLOCKS && part.ends[whole + 1] <= n)
			whole++;
		assert_int_equal(found.ours, n >= part.ends[0]);
		assert_int_equal(found.blocks_all, whole);
	}
	buf_fini(&part.file);
}

static void
a_changed_byte_costs_the_block_it_is_in(void **state)
{
	struct part part;
	struct found found;

	(void)state;
	part_make(&part, &draw);
	for (size_t at = 0; at < part.file.n; at++) {
		size_t hit = 0;

		for (unsigned bit = 0; bit < 8; bit += 7) {
			part.file.p[at] ^= (uint8_t)(1u << bit);
			scan(buf_bytes(&part.file), &part.seeds[1], 100000,
			    &found);
			part.file.p[at] ^= (uint8_t)(1u << bit);
			while (part.ends[hit] <= at)
				hit++;
			/* Nothing opens without the header. */
			assert_int_equal(
			    found.blocks_all, hit == 0 ? 0 : BLOCKS - 1);
			if (hit > 0)
				assert_int_equal(found.blocks[hit - 1], 0);
		}
	}
	buf_fini(&part.file);
}

static void
lost_and_added_bytes_cost_what_they_hit(void **state)
{
	struct part part;
	struct found found;

	(void)state;
	part_make(&part, &draw);
	for (size_t at = part.ends[0]; at < part.file.n; at += 3) {
		struct buf other = {0};

		buf_add(&other, bytes_first(buf_bytes(&part.file), at));
		buf_add(&other, bytes_after(buf_bytes(&part.file), at + 1));
		scan(buf_bytes(&other), &part.seeds[2], 100000, &found);
		assert_int_equal(found.blocks_all, BLOCKS - 1);
		buf_cut(&other, at);
		buf_add_text(&other, "golmok/bundle/1\n golmok");
		buf_add(&other, bytes_after(buf_bytes(&part.file), at));
		scan(buf_bytes(&other), &part.seeds[2], 100000, &found);
		assert_in_range(found.blocks_all, BLOCKS - 1, BLOCKS);
		buf_fini(&other);
	}
	buf_fini(&part.file);
}

static void
parts_follow_one_another(void **state)
{
	struct bundle_draw other_draw = {{{5}}, {{6}}};
	struct part part;
	struct part other;
	struct found found;

	(void)state;
	part_make(&part, &draw);
	part_make(&other, &other_draw);
	buf_add(&part.file, buf_bytes(&other.file));
	scan(buf_bytes(&part.file), &part.seeds[0], 64, &found);
	assert_int_equal(found.parts, 2);
	assert_int_equal(found.ours, 2);
	assert_int_equal(found.blocks_all, 2 * BLOCKS);
	/* Under one header the blocks of another do not open. */
	buf_cut(&part.file, part.ends[0]);
	buf_add(&part.file, bytes_after(buf_bytes(&other.file), other.ends[0]));
	scan(buf_bytes(&part.file), &part.seeds[0], 64, &found);
	assert_int_equal(found.blocks_all, 0);
	buf_fini(&part.file);
	buf_fini(&other.file);
}

/* A receiver knows the mark, and could make all others open blocks without
 * end. */
static void
false_marks_cost_no_more_than_reading(void **state)
{
	enum { FALSE_MARKS = 100000, SIZE = 40 };
	struct part part;
	struct bundle_scan s = {0};
	struct bundle_block block;
	uint8_t mark[BUNDLE_HEAD_SIZE];
	size_t at = 0;
	size_t used;

	(void)state;
	part_make(&part, &draw);
	memcpy(mark, part.file.p + part.ends[0], sizeof(mark));
	bytes_put_be32(mark + BUNDLE_MARK_SIZE + 8, BUNDLE_SEALED_MAX);
	buf_cut(&part.file, part.ends[0]);
	for (size_t i = 0; i < FALSE_MARKS; i++) {
		buf_add(&part.file, bytes_of(mark, sizeof(mark)));
		memset(buf_extend(&part.file, SIZE - sizeof(mark)), 0,
		    SIZE - sizeof(mark));
	}
	for (;;) {
		struct bytes in = bytes_after(buf_bytes(&part.file), at);
		enum bundle_found what = bundle_scan_next(
		    &s, in, true, &used, &block);

		at += used;
		assert_int_not_equal(what, BUNDLE_BLOCK);
		if (what == BUNDLE_PART)
			assert_true(bundle_scan_open(&s, &part.seeds[0]));
		if (what == BUNDLE_OVER)
			break;
	}
	assert_true(s.wasted_bytes > 0);
	assert_true(
	    s.wasted_bytes < part.file.n + 1024 * 1024 + 2 * BUNDLE_SEALED_MAX);
	bundle_scan_fini(&s);
	buf_fini(&part.file);
}

/* What a fellow receiver could seal: 64 KiB that unpack to more. */
static void
a_block_that_unpacks_to_more_is_no_block(void **state)
{
	struct part part;
	struct bundle_scan s = {0};
	struct bundle_block block;
	struct squeeze squeeze = {0};
	struct buf plain = {0};
	struct buf big = {0};
	struct bytes header;
	struct bytes in;
	size_t used;

	(void)state;
	part_make(&part, &draw);
	in = buf_bytes(&part.file);
	assert_int_equal(
	    bundle_scan_next(&s, in, true, &used, &block), BUNDLE_PART);
	assert_true(bundle_scan_open(&s, &part.seeds[0]));
	memset(buf_extend(&big, BUNDLE_CONTENT_MAX + 1), 0,
	    BUNDLE_CONTENT_MAX + 1);
	buf_add_u8(&plain, 5);
	assert_int_equal(
	    squeeze_pack(&squeeze, buf_bytes(&big), 3, &plain), ERR_OK);
	buf_cut(&part.file, part.ends[0]);
	buf_add(&part.file, bytes_of(s.keys.mark, sizeof(s.keys.mark)));
	buf_add_be64(&part.file, 0);
	buf_add_be32(&part.file, (uint32_t)(plain.n + CRYPTO_TAG_SIZE));
	header = bytes_of(s.keys.header.b, sizeof(s.keys.header.b));
	crypto_seal(&s.keys.seal, 0, header, buf_bytes(&plain),
	    buf_extend(&part.file, plain.n + CRYPTO_TAG_SIZE));
	in = bytes_after(buf_bytes(&part.file), used);
	assert_int_equal(
	    bundle_scan_next(&s, in, true, &used, &block), BUNDLE_SKIP);
	bundle_scan_fini(&s);
	squeeze_fini(&squeeze);
	buf_fini(&plain);
	buf_fini(&big);
	buf_fini(&part.file);
}

static void
noise_is_skipped_to_its_end(void **state)
{
	struct prng prng = {.seed = 17};
	struct part part;
	struct found found;
	uint8_t noise[3000];

	(void)state;
	part_make(&part, &draw);
	for (unsigned round = 0; round < 200; round++) {
		size_t n = prng_below(&prng, sizeof(noise));

		for (size_t i = 0; i < n; i++)
			noise[i] = (uint8_t)prng_below(&prng, 256);
		if (n > 16 && round % 2 == 0)
			memcpy(noise, "golmok/bundle/1\n", 16);
		scan(bytes_of(noise, n), &part.seeds[0], 50, &found);
		assert_int_equal(found.blocks_all, 0);
	}
	buf_fini(&part.file);
}

static void
a_file_of_another_kind_is_named(void **state)
{
	static const struct {
		const char *begin;
		enum err why;
		const char *says;
	} files[] = {
	    {"golmok/bundle/1\n", ERR_OK, ""},
	    {"golmok/bundle/2\n", ERR_VERSION, "newer"},
	    {"golmok/parcel/1\n", ERR_MALFORMED, "join --grant"},
	    {"golmok request 1", ERR_MALFORMED, "golmok admit"},
	    {"golmok1-abcdefg-", ERR_MALFORMED, "invitation"},
	    {"", ERR_MALFORMED, "empty"},
	    {"PK\3\4", ERR_MALFORMED, "not begin like a bundle"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		assert_int_equal(bundle_check_title(bytes_text(files[i].begin)),
		    files[i].why);
		if (files[i].why != ERR_OK)
			assert_non_null(strstr(err_text(), files[i].says));
	}
}

static void
nothing_is_sealed_to_a_key_that_is_none(void **state)
{
	struct sign_key bad = {{1}}; /* the neutral element */
	struct bundle_keys keys;
	struct buf out = {0};

	(void)state;
	assert_int_equal(
	    bundle_put_header(&draw, &bad, 1, &out, &keys), ERR_INVALID);
	assert_int_equal(out.n, 0);
	buf_fini(&out);
}

static void
who_made_it_is_tied_to_one_part(void **state)
{
	struct sign_seed seed = seed_of(1);
	struct bundle_about about = {.date_ms = 5, .clock_n = 1};
	struct bundle_about back;
	struct hash header = {{1}};
	struct hash other = {{2}};
	struct buf out = {0};

	(void)state;
	crypto_sign_key(&seed, &about.from);
	bundle_msg_sign(&about, &seed, &header);
	assert_true(bundle_msg_verify(&about, &header));
	assert_false(bundle_msg_verify(&about, &other));
	bundle_msg_put_about(&about, &out);
	assert_int_equal(out.n, BUNDLE_MSG_ABOUT_SIZE);
	for (size_t at = 0; at < out.n; at++) {
		out.p[at] ^= 4;
		assert_false(bundle_msg_get_about(buf_bytes(&out), &back) &&
			     bundle_msg_verify(&back, &header));
		out.p[at] ^= 4;
	}
	assert_true(bundle_msg_get_about(buf_bytes(&out), &back));
	assert_memory_equal(&back.from, &about.from, sizeof(about.from));
	assert_int_equal(back.date_ms, about.date_ms);
	for (size_t n = 0; n < out.n; n++)
		assert_false(bundle_msg_get_about(
		    bytes_first(buf_bytes(&out), n), &back));
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_receiver_reads_all_of_it),
	    cmocka_unit_test(nobody_else_reads_or_finds_anything),
	    cmocka_unit_test(cut_anywhere_it_gives_what_is_whole),
	    cmocka_unit_test(a_changed_byte_costs_the_block_it_is_in),
	    cmocka_unit_test(lost_and_added_bytes_cost_what_they_hit),
	    cmocka_unit_test(parts_follow_one_another),
	    cmocka_unit_test(false_marks_cost_no_more_than_reading),
	    cmocka_unit_test(a_block_that_unpacks_to_more_is_no_block),
	    cmocka_unit_test(noise_is_skipped_to_its_end),
	    cmocka_unit_test(a_file_of_another_kind_is_named),
	    cmocka_unit_test(nothing_is_sealed_to_a_key_that_is_none),
	    cmocka_unit_test(who_made_it_is_tied_to_one_part),
	};

	if (crypto_start() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
