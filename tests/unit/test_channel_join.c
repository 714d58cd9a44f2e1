/*
 * Promises of net/peer/channel.h for a node that joins by a token: both need
 * its secret, and nobody else learns anything.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/peer/preface.h"
#include "proto/ascii.h"
#include "tests/lib/line.h"
#include "tests/lib/vectors.h"

static const struct shake_token the_token = {
    .id = {{1, 2, 3, 4, 5, 6, 7, 8}}, .psk = {{0x42, 0x17, 0x99}}};

/* What passed, all of it, and what the responder knows of the token. */
struct guest {
	struct line line;
	struct buf wire;
	const struct secret *psk; /* NULL: it refuses */
	bool asked;
};

static void
guest_dial(struct guest *guest)
{
	struct line *line = &guest->line;

	line_dial(line);
	for (int i = 0; i < 2; i++) {
		struct channel_config config = {.initiator = i == INITIATOR,
		    .identity = &line->ids[i],
		    .squeeze = &line->squeeze,
		    .token = i == INITIATOR ? &the_token : NULL};

		prng_fill(
		    &line->prng, &config.ephemeral, sizeof(config.ephemeral));
		channel_free(line->ends[i]);
		line->ends[i] = channel_new(&config);
	}
	guest->asked = false;
	buf_cut(&guest->wire, 0);
}

static void
guest_init(struct guest *guest, const struct secret *psk)
{
	*guest = (struct guest){.psk = psk};
	line_init(&guest->line);
	guest_dial(guest);
}

static void
guest_fini(struct guest *guest)
{
	line_fini(&guest->line);
	buf_fini(&guest->wire);
}

static void
guest_answer(struct guest *guest)
{
	struct channel *channel = guest->line.ends[RESPONDER];
	enum err e = ERR_OK;

	guest->asked = true;
	assert_memory_equal(
	    channel_token(channel), &the_token.id, sizeof(the_token.id));
	if (guest->psk == NULL)
		e = err_set(ERR_DENIED, "the token is spent");
	e = channel_answer(channel, guest->psk, e);
	if (guest->line.faults[RESPONDER].code == ERR_OK)
		err_keep(&guest->line.faults[RESPONDER], e);
}

static void
guest_run(struct guest *guest)
{
	struct line *line = &guest->line;
	bool moved = true;

	while (moved) {
		moved = false;
		for (int i = 0; i < 2; i++) {
			struct buf before = {0};

			buf_add(&before, channel_out(line->ends[i]));
			if (line_carry(line, i)) {
				size_t left = channel_out(line->ends[i]).n;

				buf_add(&guest->wire,
				    bytes_first(
					buf_bytes(&before), before.n - left));
				moved = true;
			}
			buf_fini(&before);
		}
		if (channel_asks(line->ends[RESPONDER])) {
			guest_answer(guest);
			moved = true;
		}
	}
}

static bool
wire_has(const struct guest *guest, const void *p, size_t n)
{
	for (size_t i = 0; i + n <= guest->wire.n; i++) {
		if (memcmp(guest->wire.p + i, p, n) == 0)
			return true;
	}
	return false;
}

static void
who_shares_the_secret_gets_in_however_the_bytes_are_cut(void **state)
{
	static const size_t pieces[] = {1, 2, 7, 30, SIZE_MAX};
	struct guest guest;

	(void)state;
	guest_init(&guest, &the_token.psk);
	for (size_t p = 0; p < COUNT_OF(pieces); p++) {
		struct line *line = &guest.line;

		line->piece_max = pieces[p];
		guest_dial(&guest);
		guest_run(&guest);
		assert_true(guest.asked);
		for (int i = 0; i < 2; i++) {
			assert_int_equal(line->faults[i].code, ERR_OK);
			assert_true(channel_is_up(line->ends[i]));
			assert_memory_equal(channel_peer(line->ends[i]),
			    &line->ids[1 - i].key, sizeof(struct sign_key));
		}
		assert_memory_equal(channel_hash(line->ends[0]),
		    channel_hash(line->ends[1]), sizeof(struct hash512));
		assert_int_equal(
		    channel_send(line->ends[0], bytes_text("새 주민센터")),
		    ERR_OK);
		guest_run(&guest);
		line_take_is(line->ends[1], bytes_text("새 주민센터"));
	}
	guest_fini(&guest);
}

/* Neither side's lasting keys are on the wire, nor the secret. */
static void
who_listens_sees_no_key(void **state)
{
	struct guest guest;

	(void)state;
	guest_init(&guest, &the_token.psk);
	guest_run(&guest);
	assert_true(wire_has(&guest, &the_token.id, sizeof(the_token.id)));
	assert_false(wire_has(&guest, &the_token.psk, 16));
	for (int i = 0; i < 2; i++) {
		const struct identity *id = &guest.line.ids[i];

		assert_true(channel_is_up(guest.line.ends[i]));
		assert_false(wire_has(&guest, id->key.b, 16));
		assert_false(wire_has(&guest, id->dh_key.b, 16));
		assert_false(wire_has(&guest, id->city.b, 8));
	}
	guest_fini(&guest);
}

/* A wrong secret and a refused token look the same from outside: not a byte
 * comes back, and the guest has shown nothing. */
static void
a_wrong_secret_and_a_refused_token_are_met_with_silence(void **state)
{
	static const struct secret wrong = {{0x42, 0x17, 0x98}};
	const struct secret *answers[] = {NULL, &wrong};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(answers); i++) {
		struct guest guest;

		guest_init(&guest, answers[i]);
		guest_run(&guest);
		assert_true(guest.asked);
		assert_int_equal(guest.line.carried[RESPONDER], 0);
		assert_int_equal(guest.line.carried[INITIATOR],
		    PREFACE_SIZE + 8 + 2 + 32 + CRYPTO_TAG_SIZE);
		assert_int_equal(guest.line.faults[RESPONDER].code,
		    answers[i] == NULL ? ERR_DENIED : ERR_MALFORMED);
		assert_false(channel_is_up(guest.line.ends[INITIATOR]));
		guest_fini(&guest);
	}
}

/* Not before the first message has come: else it would show which tokens there
 * are. */
static void
a_refused_token_is_closed_no_sooner_than_a_good_one(void **state)
{
	struct guest guest;
	struct bytes out;
	struct channel *responder;

	(void)state;
	guest_init(&guest, NULL);
	responder = guest.line.ends[RESPONDER];
	out = channel_out(guest.line.ends[INITIATOR]);
	assert_int_equal(
	    channel_feed(responder, bytes_first(out, PREFACE_SIZE + 8)),
	    ERR_OK);
	assert_true(channel_asks(responder));
	assert_int_equal(channel_answer(responder, NULL,
			     err_set(ERR_DENIED, "the token is spent")),
	    ERR_OK);
	assert_false(channel_asks(responder));
	assert_int_equal(
	    channel_feed(responder, bytes_after(out, PREFACE_SIZE + 8)),
	    ERR_DENIED);
	line_error_has("the token is spent");
	assert_int_equal(channel_out(responder).n, 0);
	guest_fini(&guest);
}

/* Of a refused token the secret is nobody's: not even that of zeros. */
static void
nobody_knows_the_secret_of_a_refused_token(void **state)
{
	static const struct shake_token zeros = {
	    .id = {{1, 2, 3, 4, 5, 6, 7, 8}}};
	struct guest guest;
	struct channel_config config;

	(void)state;
	guest_init(&guest, NULL);
	config = (struct channel_config){.initiator = true,
	    .identity = &guest.line.ids[INITIATOR],
	    .squeeze = &guest.line.squeeze,
	    .token = &zeros};
	channel_free(guest.line.ends[INITIATOR]);
	guest.line.ends[INITIATOR] = channel_new(&config);
	guest_run(&guest);
	assert_int_equal(guest.line.faults[RESPONDER].code, ERR_DENIED);
	assert_int_equal(guest.line.carried[RESPONDER], 0);
	guest_fini(&guest);
}

static void
a_changed_byte_anywhere_ends_the_handshake(void **state)
{
	struct guest guest;
	size_t sizes[2];

	(void)state;
	guest_init(&guest, &the_token.psk);
	guest_run(&guest);
	sizes[0] = guest.line.carried[0];
	sizes[1] = guest.line.carried[1];
	for (int end = 0; end < 2; end++) {
		for (size_t at = 0; at < sizes[end]; at++) {
			struct line *line = &guest.line;

			/* The name of the token is the test's to look up. */
			if (end == INITIATOR && at >= PREFACE_SIZE &&
			    at < PREFACE_SIZE + 8)
				continue;
			line->flip_end = end;
			line->flip_at = at;
			line->flip_bits = (uint8_t)(1u << at % 8);
			guest_dial(&guest);
			guest_run(&guest);
			assert_false(channel_is_up(line->ends[INITIATOR]) &&
				     channel_is_up(line->ends[RESPONDER]));
		}
	}
	guest_fini(&guest);
}

/* The name is covered too, should somebody change it on the way and the store
 * know the other one. */
static void
another_name_with_the_same_secret_does_not_do(void **state)
{
	struct guest guest;
	struct buf bytes = {0};
	struct channel *responder;

	(void)state;
	guest_init(&guest, NULL);
	responder = guest.line.ends[RESPONDER];
	buf_add(&bytes, channel_out(guest.line.ends[INITIATOR]));
	bytes.p[PREFACE_SIZE] ^= 1;
	assert_int_equal(channel_feed(responder, buf_bytes(&bytes)), ERR_OK);
	assert_true(channel_asks(responder));
	assert_int_equal(
	    channel_answer(responder, &the_token.psk, ERR_OK), ERR_MALFORMED);
	assert_int_equal(channel_out(responder).n, 0);
	buf_fini(&bytes);
	guest_fini(&guest);
}

static void
who_talks_on_unasked_is_cut_off(void **state)
{
	static const uint8_t much[8192];
	struct guest guest;
	struct channel *responder;
	struct bytes out;

	(void)state;
	guest_init(&guest, NULL);
	responder = guest.line.ends[RESPONDER];
	out = channel_out(guest.line.ends[INITIATOR]);
	assert_int_equal(channel_feed(responder, out), ERR_OK);
	assert_int_equal(channel_feed(responder, bytes_of(much, 4000)), ERR_OK);
	assert_int_equal(channel_feed(responder, bytes_of(much, sizeof(much))),
	    ERR_MALFORMED);
	guest_fini(&guest);
}

/* Two nodes and a token with fixed keys. */
struct fixed {
	struct city_id city;
	struct identity ids[2];
	struct dh_secret ephemerals[2];
	struct shake_token token;
	struct squeeze squeeze;
	struct channel *ends[2];
};

static void
fixed_read(struct fixed *fixed, const struct vectors *v)
{
	struct identity *id;
	size_t i;

	if (vectors_is(v, "city"))
		vectors_hex(v, 1, fixed->city.b, sizeof(fixed->city.b));
	if (vectors_is(v, "token")) {
		vectors_hex(v, 1, fixed->token.id.b, sizeof(fixed->token.id.b));
		vectors_hex(v, 2, fixed->token.psk.b, 32);
	}
	if (!vectors_is(v, "node"))
		return;
	i = (size_t)vectors_number(v, 1);
	assert_true(i < 2);
	id = &fixed->ids[i];
	id->city = fixed->city;
	vectors_hex(v, 2, id->seed.b, sizeof(id->seed.b));
	vectors_hex(v, 3, id->dh.b, sizeof(id->dh.b));
	vectors_hex(v, 4, fixed->ephemerals[i].b, 32);
	crypto_sign_key(&id->seed, &id->key);
	crypto_dh_key(&id->dh, &id->dh_key);
}

static void
fixed_dial(struct fixed *fixed)
{
	for (int i = 0; i < 2; i++)
		fixed->ends[i] = channel_new(
		    &(struct channel_config){.initiator = i == INITIATOR,
			.identity = &fixed->ids[i],
			.ephemeral = fixed->ephemerals[i],
			.squeeze = &fixed->squeeze,
			.token = i == INITIATOR ? &fixed->token : NULL});
}

/* The line says what node I sends next; the other one takes it. */
static void
fixed_carry(struct fixed *fixed, const struct vectors *v)
{
	size_t from = (size_t)vectors_number(v, 1);
	struct channel *to = fixed->ends[1 - from];
	struct buf expected = {0};
	struct bytes out = channel_out(fixed->ends[from]);

	assert_int_equal(ascii_from_hex(v->words[2], &expected), ERR_OK);
	assert_true(bytes_equal(out, buf_bytes(&expected)));
	channel_sent(fixed->ends[from], out.n);
	assert_int_equal(channel_feed(to, buf_bytes(&expected)), ERR_OK);
	if (channel_asks(to))
		assert_int_equal(
		    channel_answer(to, &fixed->token.psk, ERR_OK), ERR_OK);
	buf_fini(&expected);
}

static void
the_bytes_are_those_of_the_vectors(void **state)
{
	struct fixed fixed = {0};
	struct hash512 hash;
	struct vectors v;
	size_t wires = 0;

	(void)state;
	vectors_open(&v, "join.txt");
	while (vectors_next(&v)) {
		fixed_read(&fixed, &v);
		if (vectors_is(&v, "wire")) {
			if (wires++ == 0)
				fixed_dial(&fixed);
			fixed_carry(&fixed, &v);
		} else if (vectors_is(&v, "hash")) {
			vectors_hex(&v, 1, hash.b, sizeof(hash.b));
			for (int i = 0; i < 2; i++)
				assert_memory_equal(channel_hash(fixed.ends[i]),
				    &hash, sizeof(hash));
		}
	}
	assert_int_equal(wires, 3);
	for (int i = 0; i < 2; i++)
		channel_free(fixed.ends[i]);
	squeeze_fini(&fixed.squeeze);
	vectors_close(&v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		who_shares_the_secret_gets_in_however_the_bytes_are_cut),
	    cmocka_unit_test(who_listens_sees_no_key),
	    cmocka_unit_test(
		a_wrong_secret_and_a_refused_token_are_met_with_silence),
	    cmocka_unit_test(
		a_refused_token_is_closed_no_sooner_than_a_good_one),
	    cmocka_unit_test(nobody_knows_the_secret_of_a_refused_token),
	    cmocka_unit_test(a_changed_byte_anywhere_ends_the_handshake),
	    cmocka_unit_test(another_name_with_the_same_secret_does_not_do),
	    cmocka_unit_test(who_talks_on_unasked_is_cut_off),
	    cmocka_unit_test(the_bytes_are_those_of_the_vectors),
	};

	if (crypto_start() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
