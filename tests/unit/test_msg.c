/*
 * What proto/msg.h promises of counts, sizes and reasons; the bytes of each
 * message are for test_msg_vectors.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/mem.h"
#include "proto/msg.h"

/* Decodes `in` from an allocation of just its size, so that the sanitizer sees
 * any step beyond it; what is read is encoded again. */
static enum err
again(struct bytes in, struct buf *out)
{
	uint8_t *exact = mem_new(in.n);
	struct arena arena = {0};
	struct msg msg;
	enum err e;

	bytes_copy(exact, in);
	e = msg_decode(bytes_of(exact, in.n), &arena, &msg);
	if (e == ERR_OK)
		msg_encode(&msg, out);
	else
		assert_int_equal(e, ERR_MALFORMED);
	arena_fini(&arena);
	mem_free(exact);
	return e;
}

static void
the_largest_counts_are_taken(void **state)
{
	struct bytes *many = mem_zeros(MSG_HEADERS_MAX, sizeof(*many));
	struct msg_entry *logs = mem_zeros(MSG_ENTRIES_MAX, sizeof(*logs));
	struct msg_body *list = mem_zeros(MSG_BODIES_MAX, sizeof(*list));
	struct msg msgs[] = {
	    {.type = MSG_CLOCK,
		.u.clock = {.n = MSG_ENTRIES_MAX, .entries = logs}},
	    {.type = MSG_CHUNK,
		.u.chunk = {.n = MSG_HEADERS_MAX,
		    .headers = many,
		    .bodies_n = INT64_MAX,
		    .proof.n = MERKLE_PROOF_MAX}},
	    {.type = MSG_BODIES,
		.u.bodies = {.n = MSG_BODIES_MAX, .bodies = list}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(msgs); i++) {
		struct buf out = {0};
		struct buf back = {0};

		msg_encode(&msgs[i], &out);
		assert_int_equal(again(buf_bytes(&out), &back), ERR_OK);
		assert_true(bytes_equal(buf_bytes(&out), buf_bytes(&back)));
		buf_fini(&out);
		buf_fini(&back);
	}
	mem_free(many);
	mem_free(logs);
	mem_free(list);
}

static void
sizes_are_taken_up_to_their_limits(void **state)
{
	static uint8_t zeros[LIMIT_FRAME_SIZE];
	const struct {
		size_t header_n;
		size_t sealed_n;
		enum err expected;
	} cases[] = {
	    {LIMIT_HEADER_SIZE, 0, ERR_OK},
	    {LIMIT_HEADER_SIZE + 1, 0, ERR_MALFORMED},
	    {0, LIMIT_SEALED_SIZE, ERR_OK},
	    {0, LIMIT_SEALED_SIZE + 1, ERR_MALFORMED},
	    {0, LIMIT_FRAME_SIZE, ERR_MALFORMED},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct bytes header = bytes_of(zeros, cases[i].header_n);
		struct msg_body body = {
		    .sealed = bytes_of(zeros, cases[i].sealed_n)};
		struct msg msg = {
		    .type = MSG_CHUNK, .u.chunk = {.n = 1, .headers = &header}};
		struct buf out = {0};
		struct buf back = {0};

		if (cases[i].sealed_n > 0)
			msg = (struct msg){.type = MSG_BODIES,
			    .u.bodies = {.n = 1, .bodies = &body}};
		msg_encode(&msg, &out);
		assert_int_equal(
		    again(buf_bytes(&out), &back), cases[i].expected);
		buf_fini(&out);
		buf_fini(&back);
	}
}

static void
a_claimed_count_allocates_nothing_that_is_not_there(void **state)
{
	static const uint8_t claims[][8] = {
	    {MSG_CLOCK, 0x91, 0xdc, 0x02, 0x00},
	    {MSG_CHUNK, 0x92, 0xc4, 0x00, 0xdc, 0x00, 0xff},
	    {MSG_BODIES, 0x93, 0xc4, 0x00, 0xc4, 0x00, 0xdc, 0x03},
	};
	struct arena arena = {0};
	struct msg msg;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(claims); i++)
		assert_int_equal(
		    msg_decode(bytes_of(claims[i], 8), &arena, &msg),
		    ERR_MALFORMED);
	assert_true(arena.used_bytes < 1024);
	arena_fini(&arena);
}

static void
every_reason_survives_and_an_unknown_one_is_the_peers(void **state)
{
	struct arena arena = {0};
	struct msg back;

	(void)state;
	for (enum err why = ERR_OK; why <= ERR_PEER; why++) {
		struct msg msg = {.type = MSG_CLOSE, .u.close.why = why};
		struct buf out = {0};

		msg_encode(&msg, &out);
		assert_int_equal(
		    msg_decode(buf_bytes(&out), &arena, &back), ERR_OK);
		assert_int_equal(back.u.close.why, why);
		buf_fini(&out);
	}
	assert_int_equal(
	    msg_decode(bytes_of("\x0b\x91\x63", 3), &arena, &back), ERR_OK);
	assert_int_equal(back.u.close.why, ERR_PEER);
	arena_fini(&arena);
}

static void
words_of_farewell_are_cut_between_characters(void **state)
{
	struct arena arena = {0};
	struct buf text = {0};
	struct buf out = {0};
	struct msg msg = {.type = MSG_CLOSE};
	struct msg back;

	(void)state;
	while (text.n <= MSG_TEXT_SIZE)
		buf_add_text(&text, "골");
	msg.u.close.text = buf_bytes(&text);
	msg_encode(&msg, &out);
	assert_int_equal(msg_decode(buf_bytes(&out), &arena, &back), ERR_OK);
	assert_int_equal(
	    back.u.close.text.n, MSG_TEXT_SIZE - MSG_TEXT_SIZE % 3);
	arena_fini(&arena);
	buf_fini(&text);
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_largest_counts_are_taken),
	    cmocka_unit_test(sizes_are_taken_up_to_their_limits),
	    cmocka_unit_test(
		a_claimed_count_allocates_nothing_that_is_not_there),
	    cmocka_unit_test(
		every_reason_survives_and_an_unknown_one_is_the_peers),
	    cmocka_unit_test(words_of_farewell_are_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
