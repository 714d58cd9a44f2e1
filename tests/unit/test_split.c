/*
 * Promises of proto/split.h: exactly as many shares as needed give the secret
 * back, fewer are as likely with any other, and nothing is left behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <libgfshare.h>

#include "proto/split.h"
#include "tests/lib/prng.h"
#include "tests/lib/vectors.h"

enum { RANDOM_MAX = LIMIT_SHARES * LIMIT_SPLIT_SIZE };

/* A secret with its shares, and the random bytes that they were made from. */
struct dealt {
	struct split_plan plan;
	size_t n;
	uint8_t secret[LIMIT_SPLIT_SIZE];
	uint8_t random[RANDOM_MAX];
	struct split_share shares[LIMIT_SHARES];
};

static void
deal(struct dealt *d)
{
	size_t random_n = split_random_size(d->plan, d->n);

	assert_true(random_n <= RANDOM_MAX);
	memset(d->shares, 0xaa, sizeof(d->shares));
	assert_int_equal(split_make(bytes_of(d->secret, d->n), d->plan,
			     bytes_of(d->random, random_n), d->shares),
	    ERR_OK);
}

/* Do the shares of `d` in `subset`, a bit for each, give the secret? */
static bool
gives(const struct dealt *d, unsigned subset)
{
	struct split_share some[LIMIT_SHARES];
	struct buf secret = {0};
	size_t n = 0;
	bool same;

	/* Backwards: the order must not matter. */
	for (size_t i = d->plan.shares; i-- > 0;)
		if (subset >> i & 1)
			some[n++] = d->shares[i];
	assert_int_equal(split_join(some, n, &secret), ERR_OK);
	assert_int_equal(secret.n, d->n);
	same = memcmp(secret.p, d->secret, d->n) == 0;
	buf_wipe(&secret);
	return same;
}

static size_t
count(unsigned subset)
{
	size_t n = 0;

	for (; subset != 0; subset &= subset - 1)
		n++;
	return n;
}

static void
every_subset_that_is_large_enough_gives_the_secret_and_no_other(void **state)
{
	static const struct split_plan plans[] = {
	    {1, 1}, {2, 1}, {2, 2}, {3, 2}, {5, 3}, {7, 4}, {9, 9}, {12, 7}};
	struct prng prng = {1};
	size_t tried = 0;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(plans); i++) {
		struct dealt d = {.plan = plans[i], .n = 32};

		prng_fill(&prng, d.secret, sizeof(d.secret));
		prng_fill(&prng, d.random, sizeof(d.random));
		deal(&d);
		for (unsigned subset = 1; subset < 1u << d.plan.shares;
		     subset++) {
			assert_int_equal(
			    gives(&d, subset), count(subset) >= d.plan.needed);
			tried++;
		}
	}
	assert_int_equal(tried, 1 + 3 + 3 + 7 + 31 + 127 + 511 + 4095);
}

static void
sixteen_of_sixteen_and_the_largest_secret_work(void **state)
{
	struct prng prng = {2};
	struct dealt d = {.plan = {16, 16}, .n = LIMIT_SPLIT_SIZE};

	(void)state;
	prng_fill(&prng, d.secret, sizeof(d.secret));
	prng_fill(&prng, d.random, sizeof(d.random));
	deal(&d);
	assert_true(gives(&d, 0xffff));
	for (unsigned i = 0; i < 16; i++)
		assert_false(gives(&d, 0xffff & ~(1u << i)));
}

/* Over all random bytes, a share of a one-byte secret takes each value equally
 * often, whatever the secret: so one share of two says nothing. */
static void
one_share_of_two_is_uniform_whatever_the_secret(void **state)
{
	(void)state;
	for (unsigned secret = 0; secret < 256; secret++) {
		bool seen[3][256] = {{false}};

		for (unsigned random = 0; random < 256; random++) {
			struct dealt d = {.plan = {3, 2},
			    .n = 1,
			    .secret = {(uint8_t)secret},
			    .random = {(uint8_t)random}};

			deal(&d);
			for (size_t i = 0; i < 3; i++) {
				assert_false(seen[i][d.shares[i].b[0]]);
				seen[i][d.shares[i].b[0]] = true;
			}
		}
	}
}

/* The same for two shares of three, over all pairs of random bytes. */
static void
two_shares_of_three_are_uniform_whatever_the_secret(void **state)
{
	static bool seen[3][65536];

	(void)state;
	for (unsigned secret = 0; secret < 256; secret += 85) {
		memset(seen, 0, sizeof(seen));
		for (unsigned random = 0; random < 65536; random++) {
			struct dealt d = {.plan = {3, 3},
			    .n = 1,
			    .secret = {(uint8_t)secret},
			    .random = {
				(uint8_t)(random >> 8), (uint8_t)random}};

			deal(&d);
			for (size_t i = 0; i < 3; i++) {
				size_t pair = (size_t)d.shares[i].b[0] << 8 |
					      d.shares[(i + 1) % 3].b[0];

				assert_false(seen[i][pair]);
				seen[i][pair] = true;
			}
		}
	}
}

static void
other_random_bytes_give_other_shares_of_the_same_secret(void **state)
{
	struct prng prng = {3};
	struct dealt a = {.plan = {5, 3}, .n = 32};
	struct dealt b;
	struct dealt again;

	(void)state;
	prng_fill(&prng, a.secret, sizeof(a.secret));
	prng_fill(&prng, a.random, sizeof(a.random));
	again = b = a;
	prng_fill(&prng, b.random, sizeof(b.random));
	deal(&a);
	deal(&b);
	deal(&again);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(a.shares[i].number, i + 1);
		assert_memory_not_equal(a.shares[i].b, b.shares[i].b, 32);
		assert_memory_equal(a.shares[i].b, again.shares[i].b, 32);
	}
	assert_true(gives(&a, 0x7) && gives(&b, 0x1c));
	/* Shares of two dealings do not fit together, and nobody says so. */
	a.shares[0] = b.shares[0];
	assert_false(gives(&a, 0x7));
	assert_true(gives(&a, 0xe));
}

static void
a_wrong_share_gives_a_wrong_secret_without_a_word(void **state)
{
	struct prng prng = {4};
	struct dealt d = {.plan = {4, 3}, .n = 16};

	(void)state;
	prng_fill(&prng, d.random, sizeof(d.random));
	deal(&d);
	assert_true(gives(&d, 0x7));
	for (size_t bit = 0; bit < 128; bit++) {
		d.shares[1].b[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(gives(&d, 0x7));
		assert_true(gives(&d, 0xd));
		d.shares[1].b[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	d.shares[1].number = 9;
	assert_false(gives(&d, 0x7));
}

static void
a_plan_or_secret_out_of_range_is_refused(void **state)
{
	static const uint8_t zeros[LIMIT_SPLIT_SIZE + 1];
	static const struct split_plan plans[] = {
	    {0, 0}, {1, 0}, {3, 4}, {17, 2}, {17, 17}};
	struct split_share out[LIMIT_SHARES + 1];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(plans); i++)
		assert_int_equal(split_make(bytes_of(zeros, 32), plans[i],
				     bytes_of(zeros, 32), out),
		    ERR_INVALID);
	assert_int_equal(split_make((struct bytes){0},
			     (struct split_plan){2, 2}, (struct bytes){0}, out),
	    ERR_LIMIT);
	assert_int_equal(split_make(bytes_of(zeros, LIMIT_SPLIT_SIZE + 1),
			     (struct split_plan){2, 2},
			     bytes_of(zeros, LIMIT_SPLIT_SIZE + 1), out),
	    ERR_LIMIT);
}

static void
refused(const struct split_share *shares, size_t n, const char *text)
{
	struct buf secret = {0};

	assert_int_equal(split_join(shares, n, &secret), ERR_INVALID);
	assert_non_null(strstr(err_text(), text));
	assert_int_equal(secret.n, 0);
}

static void
shares_that_cannot_belong_together_are_refused(void **state)
{
	struct split_share shares[LIMIT_SHARES + 1] = {
	    {.number = 7, .n = 8}, {.number = 255, .n = 8}};

	(void)state;
	refused(shares, 0, "0 shares");
	refused(shares, LIMIT_SHARES + 1, "17 shares");
	shares[1].number = 7;
	refused(shares, 2, "share 7 was given twice");
	shares[1].number = 0;
	refused(shares, 2, "number 0");
	shares[1].number = 8;
	shares[1].n = 9;
	refused(shares, 2, "share 8 has 9 bytes, share 7 has 8");
	shares[0].n = 0;
	refused(shares, 1, "has 0 bytes");
	shares[0].n = LIMIT_SPLIT_SIZE + 1;
	refused(shares, 1, "has 65 bytes");
}

/* The library's hook for random bytes belongs to the whole program. */
static void
nothing_is_left_in_the_library(void **state)
{
	gfshare_rand_func_t others =
	    gfshare_bad_idea_but_fill_rand_using_random;
	struct dealt d = {.plan = {3, 2}, .n = 32};

	(void)state;
	deal(&d);
	assert_true(gives(&d, 3));
	assert_null(gfshare_fill_rand);
	gfshare_fill_rand = others;
	deal(&d);
	assert_true(gives(&d, 3));
	assert_ptr_equal(gfshare_fill_rand, others);
	gfshare_fill_rand = NULL;
}

static void
check_split(const struct vectors *v)
{
	struct dealt d = {
	    .plan = {.shares = v->n - 4, .needed = vectors_number(v, 2)},
	    .n = v->words[1].n / 2};

	vectors_hex(v, 1, d.secret, d.n);
	if (!bytes_is(v->words[3], "-"))
		vectors_hex(v, 3, d.random, split_random_size(d.plan, d.n));
	deal(&d);
	for (size_t i = 0; i < d.plan.shares; i++) {
		uint8_t share[LIMIT_SPLIT_SIZE];

		vectors_hex(v, 4 + i, share, d.n);
		assert_int_equal(d.shares[i].number, i + 1);
		assert_int_equal(d.shares[i].n, d.n);
		assert_memory_equal(d.shares[i].b, share, d.n);
	}
	assert_true(gives(&d, (1u << d.plan.shares) - 1));
}

static void
check_join(const struct vectors *v)
{
	struct split_share shares[LIMIT_SHARES];
	struct buf secret = {0};
	uint8_t expected[32];
	size_t n = 0;

	vectors_hex(v, 1, expected, 32);
	for (size_t i = 2; i < v->n; i += 2) {
		shares[n] = (struct split_share){
		    .number = (uint8_t)vectors_number(v, i), .n = 32};
		vectors_hex(v, i + 1, shares[n++].b, 32);
	}
	assert_int_equal(split_join(shares, n, &secret), ERR_OK);
	assert_int_equal(secret.n, 32);
	assert_memory_equal(secret.p, expected, 32);
	buf_wipe(&secret);
}

static void
shares_are_the_bytes_of_another_implementation(void **state)
{
	struct vectors v;
	size_t splits = 0;
	size_t joins = 0;

	(void)state;
	vectors_open(&v, "split.txt");
	while (vectors_next(&v)) {
		if (vectors_is(&v, "split")) {
			check_split(&v);
			splits++;
		} else {
			assert_true(vectors_is(&v, "join"));
			check_join(&v);
			joins++;
		}
	}
	vectors_close(&v);
	assert_int_equal(splits, 6);
	assert_int_equal(joins, 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		every_subset_that_is_large_enough_gives_the_secret_and_no_other),
	    cmocka_unit_test(sixteen_of_sixteen_and_the_largest_secret_work),
	    cmocka_unit_test(one_share_of_two_is_uniform_whatever_the_secret),
	    cmocka_unit_test(
		two_shares_of_three_are_uniform_whatever_the_secret),
	    cmocka_unit_test(
		other_random_bytes_give_other_shares_of_the_same_secret),
	    cmocka_unit_test(a_wrong_share_gives_a_wrong_secret_without_a_word),
	    cmocka_unit_test(a_plan_or_secret_out_of_range_is_refused),
	    cmocka_unit_test(shares_that_cannot_belong_together_are_refused),
	    cmocka_unit_test(nothing_is_left_in_the_library),
	    cmocka_unit_test(shares_are_the_bytes_of_another_implementation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
