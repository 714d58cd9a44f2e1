/*
 * Promises of core/lookup_key.h about single parts: what has an order has a
 * part that keeps it, what has none is refused and adds nothing, and the key
 * behind all that begin alike is the next one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/lookup_key.h"
#include "proto/codec.h"

static const struct lookup_plain whole = {.max = LOOKUP_KEY_MEMBER};
static const struct pack_field field = {.type = PACK_TEXT};

static void
key_is(const struct key *key, const char *wanted, size_t n)
{
	assert_true(bytes_equal(tables_key(key), bytes_of(wanted, n)));
}

static void
what_has_no_order_adds_nothing(void **state)
{
	struct buf values[4] = {{0}};
	struct key key = {0};

	(void)state;
	codec_put_nil(&values[1]);
	codec_put_array(&values[2], 0);
	codec_put_map(&values[3], 0);
	tables_key_add(&key, bytes_text("k"));
	for (size_t i = 0; i < COUNT_OF(values); i++) {
		assert_false(lookup_key_plain(
		    &field, buf_bytes(&values[i]), whole, &key));
		key_is(&key, "k", 1);
		buf_fini(&values[i]);
	}
}

/* What is shorter is marked as whole, unless more may follow. */
static void
a_text_ends_where_it_is_said_to(void **state)
{
	const struct lookup_plain open = {
	    .max = LOOKUP_KEY_MEMBER, .open = true};
	char longest[LOOKUP_KEY_MEMBER + 3];
	struct buf value = {0};
	struct key key = {0};

	(void)state;
	codec_put_text(&value, bytes_text("ab"));
	assert_true(lookup_key_plain(&field, buf_bytes(&value), whole, &key));
	key_is(&key,
	    "\x02"
	    "ab\0",
	    4);
	key.n = 0;
	assert_true(lookup_key_plain(&field, buf_bytes(&value), open, &key));
	key_is(&key,
	    "\x02"
	    "ab",
	    3);
	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	key.n = 0;
	buf_cut(&value, 0);
	codec_put_text(&value, bytes_text(longest));
	assert_true(lookup_key_plain(&field, buf_bytes(&value), whole, &key));
	assert_int_equal(key.n, 1 + LOOKUP_KEY_MEMBER);
	buf_fini(&value);
}

static void
the_next_key_is_behind_all_that_begin_alike(void **state)
{
	struct key key = {0};

	(void)state;
	tables_key_add(&key, bytes_of("a\x01", 2));
	lookup_key_pass(&key);
	key_is(&key, "a\x02", 2);
	key.n = 0;
	tables_key_add(&key, bytes_of("a\xff\xff", 3));
	lookup_key_pass(&key);
	key_is(&key, "b", 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_has_no_order_adds_nothing),
	    cmocka_unit_test(a_text_ends_where_it_is_said_to),
	    cmocka_unit_test(the_next_key_is_behind_all_that_begin_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
