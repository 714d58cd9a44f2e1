/*
 * Promises of proto/wrap.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/body.h"
#include "proto/wrap.h"
#include "tests/lib/vectors.h"

static const struct secret backup = {{1, 2, 3}};
static const struct secret secret = {{4, 5, 6}};
static const struct secret zeros;

static void
a_secret_comes_back_under_the_same_key(void **state)
{
	struct secret back;
	struct wrap again;
	struct wrap wrap;
	struct hash tag;

	(void)state;
	body_tag(&secret, &tag);
	wrap_seal(&backup, &secret, &tag, &wrap);
	wrap_seal(&backup, &secret, &tag, &again);
	assert_memory_equal(&wrap, &again, sizeof(wrap));
	assert_true(wrap_open(&backup, &tag, &wrap, &back));
	assert_memory_equal(&back, &secret, sizeof(back));
}

static void
no_other_key_opens_it(void **state)
{
	struct secret back;
	struct wrap wrap;
	struct hash tag;

	(void)state;
	body_tag(&secret, &tag);
	wrap_seal(&backup, &secret, &tag, &wrap);
	for (size_t bit = 0; bit < 8 * sizeof(backup.b); bit++) {
		struct secret other = backup;

		other.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(wrap_open(&other, &tag, &wrap, &back));
		assert_memory_equal(&back, &zeros, sizeof(back));
	}
}

static void
every_flipped_bit_is_noticed(void **state)
{
	struct secret back;
	struct wrap wrap;
	struct hash tag;

	(void)state;
	body_tag(&secret, &tag);
	wrap_seal(&backup, &secret, &tag, &wrap);
	for (size_t bit = 0; bit < 8 * sizeof(wrap.b); bit++) {
		struct wrap other = wrap;

		other.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(wrap_open(&backup, &tag, &other, &back));
		assert_memory_equal(&back, &zeros, sizeof(back));
	}
	for (size_t bit = 0; bit < 8 * sizeof(tag.b); bit++) {
		struct hash other = tag;

		other.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(wrap_open(&backup, &other, &wrap, &back));
	}
}

/* Sealed well, and yet not what the tag stands for. */
static void
a_secret_of_another_tag_is_refused(void **state)
{
	static const struct hash tag = {{7}};
	struct secret back;
	struct wrap wrap;

	(void)state;
	wrap_seal(&backup, &secret, &tag, &wrap);
	assert_false(wrap_open(&backup, &tag, &wrap, &back));
	assert_memory_equal(&back, &zeros, sizeof(back));
}

static void
wraps_are_those_of_the_vectors(void **state)
{
	struct vectors v;
	size_t cases = 0;

	(void)state;
	vectors_open(&v, "wrap.txt");
	while (vectors_next(&v)) {
		struct secret key;
		struct secret inside;
		struct hash expected_tag;
		struct hash tag;
		struct wrap expected;
		struct wrap wrap;

		assert_true(vectors_is(&v, "wrap"));
		vectors_hex(&v, 1, key.b, sizeof(key.b));
		vectors_hex(&v, 2, inside.b, sizeof(inside.b));
		vectors_hex(&v, 3, expected_tag.b, sizeof(expected_tag.b));
		vectors_hex(&v, 4, expected.b, sizeof(expected.b));
		body_tag(&inside, &tag);
		assert_memory_equal(&tag, &expected_tag, sizeof(tag));
		wrap_seal(&key, &inside, &tag, &wrap);
		assert_memory_equal(&wrap, &expected, sizeof(wrap));
		cases++;
	}
	assert_int_equal(cases, 3);
	vectors_close(&v);
}

static int
start(void **state)
{
	(void)state;
	assert_int_equal(crypto_start(), ERR_OK);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_secret_comes_back_under_the_same_key),
	    cmocka_unit_test(no_other_key_opens_it),
	    cmocka_unit_test(every_flipped_bit_is_noticed),
	    cmocka_unit_test(a_secret_of_another_tag_is_refused),
	    cmocka_unit_test(wraps_are_those_of_the_vectors),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
