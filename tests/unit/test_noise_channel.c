/*
 * Promises of proto/noise.h: the channel behind the handshake.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/pair.h"

static void
sealed_messages_come_out_as_they_went_in(void **state)
{
	static const uint8_t large[NOISE_PLAIN_SIZE_MAX] = {1, 2, 3};
	const struct bytes plains[] = {bytes_text("안녕하세요"),
	    bytes_of(NULL, 0), bytes_of(large, sizeof(large))};
	struct pair pair = {0};

	(void)state;
	pair_open(&pair);
	for (int i = 0; i < 6; i++) {
		struct bytes plain = plains[i / 2];

		/* Both append, and leave alone what was there. */
		buf_cut(&pair.wire, 0);
		buf_cut(&pair.got, 0);
		buf_add_text(&pair.wire, "w");
		buf_add_text(&pair.got, "g");
		assert_int_equal(
		    noise_seal(&pair.ends[i % 2], plain, &pair.wire), ERR_OK);
		assert_int_equal(pair.wire.n, 1 + plain.n + CRYPTO_TAG_SIZE);
		assert_int_equal(
		    noise_open(&pair.ends[1 - i % 2],
			bytes_after(buf_bytes(&pair.wire), 1), &pair.got),
		    ERR_OK);
		assert_int_equal(pair.got.p[0], 'g');
		assert_true(
		    bytes_equal(bytes_after(buf_bytes(&pair.got), 1), plain));
	}
	pair_fini(&pair);
}

static void
a_sealed_message_must_be_whole_and_unchanged(void **state)
{
	struct pair pair = {0};
	struct noise *to = &pair.ends[RESPONDER];

	(void)state;
	for (size_t at = 0; at < 2 * (5 + CRYPTO_TAG_SIZE) + 1; at++) {
		size_t size = 5 + CRYPTO_TAG_SIZE;

		pair_open(&pair);
		buf_cut(&pair.wire, 0);
		buf_cut(&pair.got, 0);
		buf_add_text(&pair.got, "그대로");
		assert_int_equal(noise_seal(&pair.ends[INITIATOR],
				     bytes_text("moved"), &pair.wire),
		    ERR_OK);
		if (at < size)
			pair.wire.p[at] ^= (uint8_t)(1 << at % 8);
		else if (at < 2 * size)
			buf_cut(&pair.wire, at - size);
		else
			buf_add_u8(&pair.wire, 0);
		assert_int_equal(
		    noise_open(to, buf_bytes(&pair.wire), &pair.got),
		    ERR_MALFORMED);
		assert_true(bytes_is(buf_bytes(&pair.got), "그대로"));
		pair_assert_dead(to);
	}
	pair_fini(&pair);
}

static void
a_message_replayed_reordered_or_reflected_is_refused(void **state)
{
	struct pair pair = {0};
	struct buf second = {0};

	(void)state;
	for (int way = 0; way < 3; way++) {
		struct noise *from = &pair.ends[INITIATOR];
		struct noise *to = &pair.ends[RESPONDER];

		pair_open(&pair);
		buf_cut(&pair.wire, 0);
		buf_cut(&second, 0);
		assert_int_equal(
		    noise_seal(from, bytes_text("1"), &pair.wire), ERR_OK);
		assert_int_equal(
		    noise_seal(from, bytes_text("2"), &second), ERR_OK);
		if (way == 0)
			assert_int_equal(
			    noise_open(to, buf_bytes(&pair.wire), &pair.got),
			    ERR_OK);
		else if (way == 2)
			to = from;
		assert_int_equal(
		    noise_open(to, buf_bytes(way == 1 ? &second : &pair.wire),
			&pair.got),
		    ERR_MALFORMED);
		pair_assert_dead(to);
	}
	buf_fini(&second);
	pair_fini(&pair);
}

static void
a_larger_message_than_the_limit_is_refused(void **state)
{
	static const uint8_t large[LIMIT_NOISE_MESSAGE_SIZE + 1];
	struct pair pair = {0};

	(void)state;
	pair_open(&pair);
	buf_cut(&pair.wire, 0);
	assert_int_equal(
	    noise_seal(&pair.ends[INITIATOR],
		bytes_of(large, NOISE_PLAIN_SIZE_MAX + 1), &pair.wire),
	    ERR_LIMIT);
	assert_int_equal(pair.wire.n, 0);
	pair_assert_dead(&pair.ends[INITIATOR]);
	assert_int_equal(noise_open(&pair.ends[RESPONDER],
			     bytes_of(large, sizeof(large)), &pair.got),
	    ERR_MALFORMED);
	pair_assert_dead(&pair.ends[RESPONDER]);
	pair_fini(&pair);
}

static void
each_direction_changes_its_key_by_itself(void **state)
{
	struct pair pair = {0};
	struct secret before;
	struct secret idle;

	(void)state;
	pair_open(&pair);
	before = pair.ends[INITIATOR].out.key;
	idle = pair.ends[INITIATOR].in.key;
	for (int i = 1; i <= 3 * LIMIT_NOISE_REKEY + 1; i++) {
		struct secret *key = &pair.ends[INITIATOR].out.key;

		buf_cut(&pair.wire, 0);
		buf_cut(&pair.got, 0);
		assert_int_equal(noise_seal(&pair.ends[INITIATOR],
				     bytes_text("동"), &pair.wire),
		    ERR_OK);
		assert_int_equal(noise_open(&pair.ends[RESPONDER],
				     buf_bytes(&pair.wire), &pair.got),
		    ERR_OK);
		assert_true(bytes_is(buf_bytes(&pair.got), "동"));
		assert_int_equal(memcmp(key->b, before.b, 32) != 0,
		    i % LIMIT_NOISE_REKEY == 0);
		before = *key;
	}
	assert_memory_equal(idle.b, pair.ends[INITIATOR].in.key.b, 32);
	pair_fini(&pair);
}

static void
a_channel_that_is_used_up_asks_for_a_new_handshake(void **state)
{
	const uint64_t last = (uint64_t)LIMIT_NOISE_REKEY * LIMIT_NOISE_EPOCHS -
			      1;
	struct pair pair = {0};
	struct noise *from = &pair.ends[INITIATOR];
	struct noise *to = &pair.ends[RESPONDER];

	(void)state;
	pair_open(&pair);
	from->out.counter = last;
	to->in.counter = last;
	buf_cut(&pair.wire, 0);
	assert_int_equal(
	    noise_seal(from, bytes_text("끝"), &pair.wire), ERR_OK);
	assert_int_equal(
	    noise_open(to, buf_bytes(&pair.wire), &pair.got), ERR_OK);
	assert_int_equal(
	    noise_seal(from, bytes_text("끝"), &pair.wire), ERR_LIMIT);
	pair_assert_dead(from);
	assert_int_equal(
	    noise_open(to, buf_bytes(&pair.wire), &pair.got), ERR_LIMIT);
	pair_assert_dead(to);
	pair_fini(&pair);
}

static int
start(void **state)
{
	(void)state;
	return crypto_start() == ERR_OK ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sealed_messages_come_out_as_they_went_in),
	    cmocka_unit_test(a_sealed_message_must_be_whole_and_unchanged),
	    cmocka_unit_test(
		a_message_replayed_reordered_or_reflected_is_refused),
	    cmocka_unit_test(a_larger_message_than_the_limit_is_refused),
	    cmocka_unit_test(each_direction_changes_its_key_by_itself),
	    cmocka_unit_test(
		a_channel_that_is_used_up_asks_for_a_new_handshake),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
