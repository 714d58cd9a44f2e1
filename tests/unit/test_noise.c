/*
 * Promises of proto/noise.h: the handshake, what it refuses, and that a refusal
 * is final.  The bytes themselves are the business of test_noise_vectors.c.
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
both_ends_come_to_the_same_channel(void **state)
{
	struct pair pair = {0};
	struct dh_key keys[2];

	(void)state;
	for (int role = 0; role < 2; role++)
		crypto_dh_key(&pair_owns[role], &keys[role]);
	for (enum noise_pattern p = NOISE_XX; p <= NOISE_XXPSK3; p++) {
		pair_init(&pair, p);
		assert_int_equal(pair_shake(&pair, 0, 3), ERR_OK);
		for (int role = 0; role < 2; role++) {
			assert_true(noise_is_done(&pair.ends[role]));
			assert_memory_equal(noise_peer_key(&pair.ends[role])->b,
			    keys[1 - role].b, 32);
		}
		assert_true(
		    bytes_equal(noise_handshake_hash(&pair.ends[INITIATOR]),
			noise_handshake_hash(&pair.ends[RESPONDER])));
		assert_true(bytes_is(buf_bytes(&pair.got), "셋"));
	}
	pair_fini(&pair);
}

static void
the_initiator_can_judge_the_peer_before_it_shows_itself(void **state)
{
	struct pair pair = {0};
	struct noise *initiator = &pair.ends[INITIATOR];

	(void)state;
	pair_init(&pair, NOISE_XX);
	assert_true(noise_is_turn(initiator));
	assert_false(noise_is_turn(&pair.ends[RESPONDER]));
	assert_int_equal(pair_shake(&pair, 0, 1), ERR_OK);
	assert_null(noise_peer_key(initiator));
	assert_int_equal(pair_shake(&pair, 1, 2), ERR_OK);
	assert_true(noise_is_turn(initiator));
	assert_false(noise_is_done(initiator));
	assert_non_null(noise_peer_key(initiator));
	assert_true(bytes_is(buf_bytes(&pair.got), "둘"));
	assert_null(noise_peer_key(&pair.ends[RESPONDER]));
	pair_fini(&pair);
}

static void
secrets_are_gone_when_the_handshake_is_done(void **state)
{
	static const uint8_t zeros[64];
	struct pair pair = {0};

	(void)state;
	pair_init(&pair, NOISE_XXPSK0);
	assert_int_equal(pair_shake(&pair, 0, 3), ERR_OK);
	for (int role = 0; role < 2; role++) {
		struct noise *n = &pair.ends[role];

		assert_memory_equal(n->own.b, zeros, 32);
		assert_memory_equal(n->ephemeral.b, zeros, 32);
		assert_memory_equal(n->psk.b, zeros, 32);
		assert_memory_equal(n->key.b, zeros, 32);
		assert_memory_equal(n->chain.b, zeros, 64);
		noise_fini(n);
		pair_assert_dead(n);
	}
	pair_fini(&pair);
}

static void
a_zeroed_machine_is_dead_and_can_be_ended(void **state)
{
	struct noise n = {0};

	(void)state;
	noise_fini(&n);
	pair_assert_dead(&n);
}

/* Message `i` was spoilt on the wire: its reader must refuse it, or, when it
 * is the unsealed message 1 of XX, the initiator must refuse the answer. */
static void
assert_refused(struct pair *pair, enum noise_pattern pattern, int i)
{
	int reader = 1 - i % 2;
	enum err e = pair_read(pair, i);

	if (pattern == NOISE_XX && i == 0 && e == ERR_OK) {
		e = pair_shake(pair, 1, 2);
		reader = INITIATOR;
	}
	assert_int_equal(e, ERR_MALFORMED);
	assert_int_equal(pair->got.n, 0);
	pair_assert_dead(&pair->ends[reader]);
}

static void
a_flipped_bit_anywhere_ends_the_handshake(void **state)
{
	struct pair pair = {0};

	(void)state;
	for (enum noise_pattern p = NOISE_XX; p <= NOISE_XXPSK3; p++) {
		for (int i = 0; i < 3; i++) {
			size_t size = 1;

			for (size_t at = 0; at < size; at++) {
				pair_init(&pair, p);
				assert_int_equal(
				    pair_shake(&pair, 0, i), ERR_OK);
				assert_int_equal(pair_write(&pair, i), ERR_OK);
				size = pair.wire.n;
				pair.wire.p[at] ^= (uint8_t)(1 << at % 8);
				assert_refused(&pair, p, i);
			}
			assert_true(size > 32);
		}
	}
	pair_fini(&pair);
}

/* The lasting key of a peer is checked before anything is done with it. */
static void
a_lasting_key_that_was_changed_is_said_to_be_it(void **state)
{
	struct pair pair = {0};

	(void)state;
	for (int i = 1; i < 3; i++) {
		size_t key_at = i == 1 ? 32 : 0;

		for (size_t at = 0; at < 32 + CRYPTO_TAG_SIZE; at++) {
			pair_init(&pair, NOISE_XX);
			assert_int_equal(pair_shake(&pair, 0, i), ERR_OK);
			assert_int_equal(pair_write(&pair, i), ERR_OK);
			pair.wire.p[key_at + at] ^= 4;
			assert_int_equal(pair_read(&pair, i), ERR_MALFORMED);
			assert_non_null(strstr(
			    err_text(), "peer's key does not authenticate"));
		}
	}
	pair_fini(&pair);
}

static void
the_unused_top_bit_of_a_key_counts_too(void **state)
{
	struct pair pair = {0};

	(void)state;
	for (int i = 0; i < 2; i++) {
		pair_init(&pair, NOISE_XX);
		assert_int_equal(pair_shake(&pair, 0, i), ERR_OK);
		assert_int_equal(pair_write(&pair, i), ERR_OK);
		pair.wire.p[31] ^= 0x80;
		assert_refused(&pair, NOISE_XX, i);
	}
	pair_fini(&pair);
}

static void
a_message_cut_or_stretched_anywhere_ends_the_handshake(void **state)
{
	struct pair pair = {0};

	(void)state;
	for (enum noise_pattern p = NOISE_XX; p <= NOISE_XXPSK3; p++) {
		for (int i = 0; i < 3; i++) {
			size_t size = 1;

			for (size_t cut = 0; cut <= size; cut++) {
				pair_init(&pair, p);
				assert_int_equal(
				    pair_shake(&pair, 0, i), ERR_OK);
				assert_int_equal(pair_write(&pair, i), ERR_OK);
				size = pair.wire.n;
				if (cut < size)
					buf_cut(&pair.wire, cut);
				else
					buf_add_u8(&pair.wire, 0);
				assert_refused(&pair, p, i);
			}
		}
	}
	pair_fini(&pair);
}

static void
a_stranger_cannot_send_more_than_a_handshake_needs(void **state)
{
	struct pair pair = {0};
	struct noise *responder = &pair.ends[RESPONDER];

	(void)state;
	pair_init(&pair, NOISE_XX);
	memset(buf_extend(&pair.wire, LIMIT_NOISE_HANDSHAKE_SIZE), 1,
	    LIMIT_NOISE_HANDSHAKE_SIZE);
	assert_int_equal(pair_read(&pair, 0), ERR_OK);
	buf_add_u8(&pair.wire, 1);
	pair_end(responder, RESPONDER, NOISE_XX, "");
	assert_int_equal(pair_read(&pair, 0), ERR_MALFORMED);
	pair_assert_dead(responder);
	pair_fini(&pair);
}

static void
the_largest_payload_fits_and_one_more_byte_does_not(void **state)
{
	static const uint8_t zeros[NOISE_PAYLOAD_SIZE_MAX + 1];
	struct pair pair = {0};

	(void)state;
	for (size_t more = 0; more < 2; more++) {
		pair_init(&pair, NOISE_XXPSK3);
		assert_int_equal(pair_shake(&pair, 0, 1), ERR_OK);
		buf_cut(&pair.wire, 0);
		assert_int_equal(
		    noise_write(&pair.ends[RESPONDER],
			bytes_of(zeros, NOISE_PAYLOAD_SIZE_MAX + more),
			&pair.wire),
		    more ? ERR_LIMIT : ERR_OK);
		assert_int_equal(
		    pair.wire.n, more ? 0 : LIMIT_NOISE_HANDSHAKE_SIZE);
		if (more == 0)
			assert_int_equal(pair_read(&pair, 1), ERR_OK);
	}
	pair_assert_dead(&pair.ends[RESPONDER]);
	pair_fini(&pair);
}

static void
a_message_out_of_turn_ends_the_machine(void **state)
{
	struct pair pair = {0};
	struct noise *initiator = &pair.ends[INITIATOR];
	struct noise *responder = &pair.ends[RESPONDER];
	struct bytes junk = bytes_text("0123456789abcdef0123456789abcdef");
	struct buf out = {0};

	(void)state;
	pair_init(&pair, NOISE_XX);
	assert_int_equal(noise_read(initiator, junk, &out), ERR_MALFORMED);
	pair_assert_dead(initiator);
	assert_int_equal(noise_write(responder, junk, &out), ERR_INVALID);
	pair_assert_dead(responder);

	pair_init(&pair, NOISE_XX);
	assert_int_equal(noise_seal(initiator, junk, &out), ERR_INVALID);
	pair_assert_dead(initiator);
	assert_int_equal(noise_open(responder, junk, &out), ERR_INVALID);
	pair_assert_dead(responder);

	pair_init(&pair, NOISE_XX);
	assert_int_equal(pair_shake(&pair, 0, 1), ERR_OK);
	assert_int_equal(noise_write(initiator, junk, &out), ERR_INVALID);
	pair_assert_dead(initiator);
	assert_int_equal(pair_read(&pair, 0), ERR_MALFORMED);
	pair_assert_dead(responder);

	pair_open(&pair);
	assert_int_equal(noise_write(initiator, junk, &out), ERR_INVALID);
	pair_assert_dead(initiator);
	assert_int_equal(noise_read(responder, junk, &out), ERR_MALFORMED);
	assert_non_null(strstr(err_text(), "out of turn"));
	pair_assert_dead(responder);
	assert_int_equal(out.n, 0);
	buf_fini(&out);
	pair_fini(&pair);
}

static void
another_prologue_pattern_or_secret_is_refused(void **state)
{
	static const struct secret other = {"다른 열쇠"};
	struct pair pair = {0};

	(void)state;
	pair_init(&pair, NOISE_XX);
	pair_end(&pair.ends[RESPONDER], RESPONDER, NOISE_XX, "다른 도시");
	assert_int_equal(pair_shake(&pair, 0, 1), ERR_OK);
	assert_int_equal(pair_shake(&pair, 1, 2), ERR_MALFORMED);
	pair_assert_dead(&pair.ends[INITIATOR]);

	for (enum noise_pattern a = NOISE_XX; a <= NOISE_XXPSK3; a++) {
		for (enum noise_pattern b = NOISE_XX; b <= NOISE_XXPSK3; b++) {
			if (a == b)
				continue;
			pair_init(&pair, a);
			pair_end(&pair.ends[RESPONDER], RESPONDER, b, "");
			assert_int_equal(
			    pair_shake(&pair, 0, 3), ERR_MALFORMED);
		}
	}

	/* The first message shows it under psk0, the last under psk3. */
	for (enum noise_pattern p = NOISE_XXPSK0; p <= NOISE_XXPSK3; p++) {
		int last = p == NOISE_XXPSK0 ? 0 : 2;

		pair_init(&pair, p);
		pair.ends[RESPONDER].psk = other;
		assert_int_equal(pair_shake(&pair, 0, last), ERR_OK);
		assert_int_equal(
		    pair_shake(&pair, last, last + 1), ERR_MALFORMED);
		pair_assert_dead(&pair.ends[RESPONDER]);
	}
	pair_fini(&pair);
}

/* The points of small order, and what is congruent to them below 2^255. */
static const struct dh_key low_order[] = {
    {{0}},
    {{1}},
    {{0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa,
	0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd,
	0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00}},
    {{0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55,
	0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86,
	0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57}},
    {{0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}},
    {{0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}},
    {{0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}},
};

static void
points_of_low_order_are_refused_in_every_place(void **state)
{
	struct pair pair = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(low_order); i++) {
		/* As the initiator's ephemeral key: no answer is written. */
		pair_init(&pair, NOISE_XX);
		pair.ends[INITIATOR].ephemeral_key = low_order[i];
		assert_int_equal(pair_shake(&pair, 0, 1), ERR_OK);
		assert_int_equal(pair_write(&pair, 1), ERR_MALFORMED);
		assert_int_equal(pair.wire.n, 0);
		pair_assert_dead(&pair.ends[RESPONDER]);

		/* As the responder's ephemeral key. */
		pair_init(&pair, NOISE_XX);
		pair.ends[RESPONDER].ephemeral_key = low_order[i];
		assert_int_equal(pair_shake(&pair, 0, 1), ERR_OK);
		assert_int_equal(pair_shake(&pair, 1, 2), ERR_MALFORMED);
		assert_non_null(strstr(err_text(), "low order"));
		pair_assert_dead(&pair.ends[INITIATOR]);

		/* As a lasting key of either side, properly sealed. */
		for (int role = 0; role < 2; role++) {
			int message = role == INITIATOR ? 2 : 1;

			pair_init(&pair, NOISE_XX);
			pair.ends[role].own_key = low_order[i];
			assert_int_equal(pair_shake(&pair, 0, message), ERR_OK);
			assert_int_equal(
			    pair_shake(&pair, message, message + 1),
			    ERR_MALFORMED);
			assert_non_null(strstr(err_text(), "low order"));
			pair_assert_dead(&pair.ends[1 - role]);
		}
	}
	pair_fini(&pair);
}

static void
a_node_that_dials_itself_notices(void **state)
{
	struct pair pair = {0};
	struct noise_config config = {
	    .own = &pair_owns[INITIATOR],
	    .ephemeral = &pair_ephemerals[RESPONDER],
	    .prologue = bytes_text("한 도시"),
	};

	(void)state;
	pair_init(&pair, NOISE_XX);
	noise_init(&pair.ends[RESPONDER], &config);
	assert_int_equal(pair_shake(&pair, 0, 2), ERR_EXISTS);
	pair_assert_dead(&pair.ends[INITIATOR]);
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
	    cmocka_unit_test(both_ends_come_to_the_same_channel),
	    cmocka_unit_test(
		the_initiator_can_judge_the_peer_before_it_shows_itself),
	    cmocka_unit_test(secrets_are_gone_when_the_handshake_is_done),
	    cmocka_unit_test(a_zeroed_machine_is_dead_and_can_be_ended),
	    cmocka_unit_test(a_flipped_bit_anywhere_ends_the_handshake),
	    cmocka_unit_test(a_lasting_key_that_was_changed_is_said_to_be_it),
	    cmocka_unit_test(the_unused_top_bit_of_a_key_counts_too),
	    cmocka_unit_test(
		a_message_cut_or_stretched_anywhere_ends_the_handshake),
	    cmocka_unit_test(
		a_stranger_cannot_send_more_than_a_handshake_needs),
	    cmocka_unit_test(
		the_largest_payload_fits_and_one_more_byte_does_not),
	    cmocka_unit_test(a_message_out_of_turn_ends_the_machine),
	    cmocka_unit_test(another_prologue_pattern_or_secret_is_refused),
	    cmocka_unit_test(points_of_low_order_are_refused_in_every_place),
	    cmocka_unit_test(a_node_that_dials_itself_notices),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
