/*
 * Promises of proto/bundle.h and proto/bundle_msg.h: their bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/bundle.h"
#include "proto/bundle_msg.h"
#include "tests/lib/vectors.h"

static size_t
header_hex(const struct vectors *v, size_t word, uint8_t *to)
{
	size_t n = v->words[word].n / 2;

	vectors_hex(v, word, to, n);
	return n;
}

static void
header_check(const struct vectors *v)
{
	size_t n = v->n - 4;
	struct bundle_draw from;
	struct sign_seed seed;
	struct sign_key keys[8];
	struct bundle_keys seal;
	struct bundle_scan s = {0};
	struct bundle_block block;
	uint8_t want[1024];
	size_t size = header_hex(v, v->n - 1, want);
	struct buf out = {0};
	size_t used;

	vectors_hex(v, 1, from.ephemeral.b, 32);
	vectors_hex(v, 2, from.part.b, 32);
	for (size_t i = 0; i < n; i++) {
		vectors_hex(v, 3 + i, seed.b, 32);
		crypto_sign_key(&seed, &keys[i]);
	}
	assert_int_equal(
	    bundle_put_header(&from, keys, n, &out, &seal), ERR_OK);
	assert_int_equal(out.n, size);
	assert_memory_equal(out.p, want, size);
	assert_int_equal(
	    bundle_scan_next(&s, buf_bytes(&out), true, &used, &block),
	    BUNDLE_PART);
	assert_true(bundle_scan_open(&s, &seed));
	assert_memory_equal(&s.keys, &seal, sizeof(seal));
	bundle_scan_fini(&s);
	buf_fini(&out);
}

static void
block_check(const struct vectors *v)
{
	struct bundle_draw from = {{{9}}, {{0}}};
	struct sign_seed seed = {{1, 7}};
	struct sign_key key;
	struct bundle_keys seal;
	struct squeeze squeeze = {0};
	uint8_t header[1024];
	uint8_t content[64];
	uint8_t want[1024];
	uint64_t flags = vectors_number(v, 4);
	struct bundle_block block = {.index = vectors_number(v, 3),
	    .begins = (flags & 1) != 0,
	    .ends = (flags & 2) != 0};
	struct buf out = {0};
	size_t size = header_hex(v, 6, want);

	vectors_hex(v, 1, from.part.b, 32);
	block.content = bytes_of(content, header_hex(v, 5, content));
	crypto_sign_key(&seed, &key);
	assert_int_equal(
	    bundle_put_header(&from, &key, 1, &out, &seal), ERR_OK);
	crypto_sha256(bytes_of(header, header_hex(v, 2, header)), &seal.header);
	buf_cut(&out, 0);
	assert_int_equal(
	    bundle_put_block(&seal, &squeeze, &block, &out), ERR_OK);
	assert_int_equal(out.n, size);
	assert_memory_equal(out.p, want, size);
	squeeze_fini(&squeeze);
	buf_fini(&out);
}

static void
about_check(const struct vectors *v)
{
	struct bundle_about about = {
	    .kind = (enum bundle_kind)vectors_number(v, 3),
	    .date_ms = vectors_number(v, 5),
	    .clock_n = (uint32_t)vectors_number(v, 6)};
	struct sign_seed seed;
	struct hash hash;
	uint8_t header[1024];
	uint8_t want[BUNDLE_MSG_ABOUT_SIZE];
	struct buf out = {0};

	vectors_hex(v, 1, seed.b, 32);
	crypto_sign_key(&seed, &about.from);
	crypto_sha256(bytes_of(header, header_hex(v, 2, header)), &hash);
	vectors_hex(v, 4, about.city.b, 32);
	vectors_hex(v, 7, about.clock.b, 32);
	vectors_hex(v, 8, want, sizeof(want));
	bundle_msg_sign(&about, &seed, &hash);
	bundle_msg_put_about(&about, &out);
	assert_int_equal(out.n, sizeof(want));
	assert_memory_equal(out.p, want, sizeof(want));
	buf_fini(&out);
}

static void
frontier_check(const struct vectors *v)
{
	struct frontier frontier = {.size = vectors_number(v, 1)};
	struct frontier back = {0};
	uint8_t want[1024];
	size_t size = header_hex(v, v->n - 1, want);
	struct buf out = {0};

	for (size_t i = 0; i < v->n - 3; i++)
		vectors_hex(v, 2 + i, frontier.nodes[i].b, 32);
	bundle_msg_put_frontier(&frontier, &out);
	assert_int_equal(out.n, size);
	assert_memory_equal(out.p, want, size);
	assert_true(bundle_msg_get_frontier(buf_bytes(&out), &back));
	assert_memory_equal(&back, &frontier, sizeof(back));
	buf_add_u8(&out, 0);
	assert_false(bundle_msg_get_frontier(buf_bytes(&out), &back));
	buf_fini(&out);
}

static void
sum_check(const struct vectors *v)
{
	struct bundle_sum sum = {.runs = vectors_number(v, 1),
	    .deltas = vectors_number(v, 2),
	    .bodies = vectors_number(v, 3),
	    .blocks = vectors_number(v, 4)};
	struct bundle_sum back;
	uint8_t want[BUNDLE_MSG_SUM_SIZE];
	struct buf out = {0};

	vectors_hex(v, 5, want, sizeof(want));
	bundle_msg_put_sum(&sum, &out);
	assert_int_equal(out.n, sizeof(want));
	assert_memory_equal(out.p, want, sizeof(want));
	assert_true(bundle_msg_get_sum(buf_bytes(&out), &back));
	assert_memory_equal(&back, &sum, sizeof(sum));
	buf_fini(&out);
}

static void
the_vectors_are_what_is_written(void **state)
{
	struct vectors v = {0};
	size_t n = 0;

	(void)state;
	vectors_open(&v, "bundle.txt");
	while (vectors_next(&v)) {
		n++;
		if (vectors_is(&v, "header"))
			header_check(&v);
		else if (vectors_is(&v, "block"))
			block_check(&v);
		else if (vectors_is(&v, "about"))
			about_check(&v);
		else if (vectors_is(&v, "frontier"))
			frontier_check(&v);
		else if (vectors_is(&v, "sum"))
			sum_check(&v);
		else
			fail();
	}
	assert_int_equal(n, 24);
	vectors_close(&v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_vectors_are_what_is_written),
	};

	if (crypto_start() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
