/*
 * Promises of proto/cut.h, and of the facts that carry cuts: their limits, and
 * that no other bytes are read as the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/cut.h"
#include "proto/fact.h"
#include "tests/lib/prng.h"

/* `n` cuts of the largest encoding. */
static struct log_cut *
draw_cuts(struct prng *prng, struct arena *arena, size_t n)
{
	struct log_cut *cuts = arena_array(arena, n, sizeof(*cuts));

	for (size_t i = 0; i < n; i++) {
		bytes_put_be32(cuts[i].log.b, (uint32_t)i);
		cuts[i].size = INT64_MAX - i;
		prng_fill(prng, cuts[i].root.b, sizeof(cuts[i].root.b));
	}
	return cuts;
}

/* Gives the array of `count` cuts, which ends `tail` bytes before the end of
 * `out`, one more: our own encoder would refuse. */
static void
grow(struct buf *out, uint16_t count, size_t tail, const struct log_cut *last)
{
	struct buf end = {0};
	size_t at = 0;

	while (out->p[at] != 0xdc || bytes_be16(&out->p[at + 1]) != count)
		at++;
	bytes_put_be16(&out->p[at + 1], (uint16_t)(count + 1));
	buf_add(&end, bytes_after(buf_bytes(out), out->n - tail));
	buf_cut(out, out->n - tail);
	cut_put(last, 1, out);
	/* Without the head of an array of one. */
	memmove(&out->p[out->n - CUT_SIZE_MAX - 1],
	    &out->p[out->n - CUT_SIZE_MAX], CUT_SIZE_MAX);
	buf_cut(out, out->n - 1);
	buf_add(out, buf_bytes(&end));
	buf_fini(&end);
}

static void
a_revocation_names_1024_logs_and_not_one_more(void **state)
{
	struct prng prng = {1};
	struct arena arena = {0};
	struct log_cut *cuts = draw_cuts(&prng, &arena, LIMIT_CUTS + 1);
	struct fact_revoke revoke = {.cuts = cuts, .cuts_n = LIMIT_CUTS};
	struct buf out = {0};

	(void)state;
	fact_revoke_put(&revoke, &out);
	assert_true(out.n <= LIMIT_BODY_SIZE);
	assert_int_equal(
	    fact_revoke_get(buf_bytes(&out), &arena, &revoke), ERR_OK);
	assert_int_equal(revoke.cuts_n, LIMIT_CUTS);
	/* After the cuts: 02 00, 03 and an empty text. */
	grow(&out, LIMIT_CUTS, 4, &cuts[LIMIT_CUTS]);
	assert_int_equal(codec_check(buf_bytes(&out)), ERR_OK);
	assert_int_equal(
	    fact_revoke_get(buf_bytes(&out), &arena, &revoke), ERR_MALFORMED);
	arena_fini(&arena);
	buf_fini(&out);
}

static void
a_rotation_of_512_logs_fits_a_header_and_none_has_more(void **state)
{
	struct prng prng = {2};
	struct arena arena = {0};
	struct log_cut *cuts = draw_cuts(
	    &prng, &arena, LIMIT_ROTATION_CUTS + 1);
	struct fact_rotation rotation = {
	    .cuts = cuts, .cuts_n = LIMIT_ROTATION_CUTS};
	struct delta open = {.format = DELTA_FORMAT, .kind = DELTA_OPEN};
	struct buf out = {0};
	struct buf header = {0};

	(void)state;
	fact_rotation_put(&rotation, &out);
	open.open.rotation = buf_bytes(&out);
	assert_int_equal(delta_encode(&open, &header), ERR_OK);
	assert_int_equal(
	    fact_rotation_get(buf_bytes(&out), &arena, &rotation), ERR_OK);
	assert_int_equal(rotation.cuts_n, LIMIT_ROTATION_CUTS);
	grow(&out, LIMIT_ROTATION_CUTS, 0, &cuts[LIMIT_ROTATION_CUTS]);
	assert_int_equal(codec_check(buf_bytes(&out)), ERR_OK);
	assert_int_equal(fact_rotation_get(buf_bytes(&out), &arena, &rotation),
	    ERR_MALFORMED);
	arena_fini(&arena);
	buf_fini(&out);
	buf_fini(&header);
}

/* Changes a few bytes of `out` anywhere, or cuts it. */
static void
mutate(struct prng *prng, struct buf *out)
{
	size_t n = 1 + prng_below(prng, 4);

	for (size_t i = 0; i < n; i++)
		out->p[prng_below(prng, out->n)] = (uint8_t)prng_u64(prng);
	if (prng_below(prng, 8) == 0)
		buf_cut(out, prng_below(prng, out->n));
}

static enum err
revoke_again(struct bytes in, struct buf *again)
{
	struct arena arena = {0};
	struct fact_revoke revoke;
	enum err e = fact_revoke_get(in, &arena, &revoke);

	if (e == ERR_OK)
		fact_revoke_put(&revoke, again);
	arena_fini(&arena);
	return e;
}

static enum err
rotation_again(struct bytes in, struct buf *again)
{
	struct arena arena = {0};
	struct fact_rotation rotation;
	enum err e = fact_rotation_get(in, &arena, &rotation);

	if (e == ERR_OK)
		fact_rotation_put(&rotation, again);
	arena_fini(&arena);
	return e;
}

/* Mutates `fact` and reads it from an allocation of its own size: is it still a
 * fact?  Then writing it must give the bytes that were read. */
static bool
survives(struct prng *prng, struct buf *fact,
    enum err (*again_fn)(struct bytes in, struct buf *again))
{
	struct buf exact = {0};
	struct buf again = {0};
	bool read;

	mutate(prng, fact);
	buf_add(&exact, buf_bytes(fact));
	read = again_fn(buf_bytes(&exact), &again) == ERR_OK;
	if (read)
		assert_true(bytes_equal(buf_bytes(&again), buf_bytes(fact)));
	buf_fini(&exact);
	buf_fini(&again);
	return read;
}

static void
mutated_facts_are_refused_or_read_as_their_own_bytes(void **state)
{
	struct prng prng = {3};
	struct arena arena = {0};
	struct buf fact = {0};
	size_t read = 0;

	(void)state;
	for (int round = 0; round < 10000; round++) {
		size_t n = prng_below(&prng, 5);
		struct log_cut *cuts = draw_cuts(&prng, &arena, n);
		const struct fact_revoke revoke = {.cuts = cuts,
		    .cuts_n = n,
		    .compromised = n == 1,
		    .reason = bytes_text("분실")};
		const struct fact_rotation rotation = {
		    .cuts = cuts, .cuts_n = n};

		buf_cut(&fact, 0);
		fact_revoke_put(&revoke, &fact);
		read += survives(&prng, &fact, revoke_again);
		buf_cut(&fact, 0);
		fact_rotation_put(&rotation, &fact);
		read += survives(&prng, &fact, rotation_again);
		arena_reset(&arena);
	}
	/* Bytes of hashes may be any, so that some are still facts. */
	assert_true(read > 1000 && read < 19000);
	arena_fini(&arena);
	buf_fini(&fact);
}

static void
cuts_come_back_and_leave_the_rest(void **state)
{
	struct prng prng = {4};
	struct arena arena = {0};

	(void)state;
	for (size_t n = 0; n < 40; n++) {
		struct log_cut *cuts = draw_cuts(&prng, &arena, n);
		const struct log_cut *back;
		struct buf out = {0};
		struct reader r;
		size_t back_n;

		cut_put(cuts, n, &out);
		assert_true(out.n <= 3 + n * CUT_SIZE_MAX);
		codec_put_int(&out, 7);
		codec_begin(&r, buf_bytes(&out));
		back = cut_get(&r, n, &arena, &back_n);
		assert_int_equal(back_n, n);
		for (size_t i = 0; i < n; i++) {
			assert_memory_equal(back[i].log.b, cuts[i].log.b, 16);
			assert_int_equal(back[i].size, cuts[i].size);
			assert_memory_equal(back[i].root.b, cuts[i].root.b, 32);
		}
		assert_int_equal(codec_get_int(&r), 7);
		assert_int_equal(codec_end(&r, "cuts"), ERR_OK);
		if (n > 0) {
			codec_begin(&r, buf_bytes(&out));
			(void)cut_get(&r, n - 1, &arena, &back_n);
			assert_true(r.bad);
			assert_int_equal(back_n, 0);
		}
		buf_fini(&out);
	}
	arena_fini(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(cuts_come_back_and_leave_the_rest),
	    cmocka_unit_test(a_revocation_names_1024_logs_and_not_one_more),
	    cmocka_unit_test(
		a_rotation_of_512_logs_fits_a_header_and_none_has_more),
	    cmocka_unit_test(
		mutated_facts_are_refused_or_read_as_their_own_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
