/*
 * Promises of net/peer/channel.h and certificate.h towards a peer that does not
 * keep the rules.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/peer/certificate.h"
#include "proto/mem.h"
#include "tests/lib/mole.h"

enum { BIG = LIMIT_FRAME_SIZE };

static void
a_certificate_must_be_for_the_key_that_is_used(void **state)
{
	struct line line;
	struct mole mole;
	struct buf certificate = {0};

	(void)state;
	line_init(&line);
	mole_open(&mole, &line, (struct bytes){0}, ERR_OK);
	assert_true(channel_is_up(line.ends[RESPONDER]));
	mole_fini(&mole);

	certificate_put(&line.ids[INITIATOR], &certificate);
	mole_open(&mole, &line, buf_bytes(&certificate), ERR_MALFORMED);
	line_error_has("certificate");
	assert_false(channel_is_up(line.ends[RESPONDER]));
	mole_fini(&mole);

	for (size_t n = 1; n < certificate.n; n++) {
		mole_open(&mole, &line, bytes_first(buf_bytes(&certificate), n),
		    ERR_MALFORMED);
		mole_fini(&mole);
	}
	buf_fini(&certificate);
	line_fini(&line);
}

static void
frames_with_wrong_flags_or_no_content_are_refused(void **state)
{
	static const struct {
		const char *content;
		unsigned flags;
		unsigned next; /* 0x100: no second frame */
	} cases[] = {
	    {"a", 4, 0x100},
	    {"a", 0x80, 0x100},
	    {"", 0, 0x100},
	    {"", 1, 0x100},
	    {"a", 1, 2},
	    {"a", 1, 3},
	};
	struct line line;
	struct mole mole;

	(void)state;
	line_init(&line);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		mole_open(&mole, &line, (struct bytes){0}, ERR_OK);
		mole_fragment(
		    &mole, cases[i].flags, bytes_text(cases[i].content));
		if (cases[i].next != 0x100)
			mole_fragment(&mole, cases[i].next, bytes_text("b"));
		mole_send(&mole, line.ends[RESPONDER], ERR_MALFORMED);
		mole_fini(&mole);
	}
	/* A frame too short for a tag and flags. */
	mole_open(&mole, &line, (struct bytes){0}, ERR_OK);
	mole_frame(&mole, bytes_text("0123456789abcdef"));
	mole_send(&mole, line.ends[RESPONDER], ERR_MALFORMED);
	mole_fini(&mole);
	line_fini(&line);
}

static void
a_message_in_endless_fragments_is_refused_at_the_limit(void **state)
{
	static const uint8_t content[60000];
	struct line line;
	struct mole mole;
	size_t sent_bytes = 0;

	(void)state;
	line_init(&line);
	mole_open(&mole, &line, (struct bytes){0}, ERR_OK);
	while (sent_bytes + sizeof(content) <= LIMIT_FRAME_SIZE) {
		mole_fragment(&mole, 1, bytes_of(content, sizeof(content)));
		mole_send(&mole, line.ends[RESPONDER], ERR_OK);
		assert_int_equal(channel_waiting(line.ends[RESPONDER]), 0);
		sent_bytes += sizeof(content);
	}
	mole_fragment(&mole, 1, bytes_of(content, sizeof(content)));
	mole_send(&mole, line.ends[RESPONDER], ERR_MALFORMED);
	mole_fini(&mole);
	line_fini(&line);
}

static void
a_compression_bomb_is_refused_when_it_is_taken(void **state)
{
	uint8_t *zeros = mem_zeros(1, BIG + 1);
	struct buf packed = {0};
	struct line line;
	struct mole mole;
	struct bytes got;
	enum err e;

	(void)state;
	line_init(&line);
	mole_open(&mole, &line, (struct bytes){0}, ERR_OK);
	assert_int_equal(
	    squeeze_pack(&line.squeeze, bytes_of(zeros, BIG + 1), 3, &packed),
	    ERR_OK);
	mole_fragment(&mole, 0, bytes_text("\6before"));
	mole_fragment(&mole, 2, buf_bytes(&packed));
	mole_send(&mole, line.ends[RESPONDER], ERR_OK);
	line_take_is(line.ends[RESPONDER], bytes_text("before"));
	assert_false(channel_take(line.ends[RESPONDER], &got, &e));
	assert_int_equal(e, ERR_MALFORMED);
	assert_false(channel_is_up(line.ends[RESPONDER]));
	mole_fini(&mole);

	mole_open(&mole, &line, (struct bytes){0}, ERR_OK);
	mole_fragment(&mole, 2, bytes_text("not compressed at all"));
	mole_send(&mole, line.ends[RESPONDER], ERR_OK);
	assert_false(channel_take(line.ends[RESPONDER], &got, &e));
	assert_int_equal(e, ERR_MALFORMED);
	mole_fini(&mole);
	buf_fini(&packed);
	mem_free(zeros);
	line_fini(&line);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_certificate_must_be_for_the_key_that_is_used),
	    cmocka_unit_test(frames_with_wrong_flags_or_no_content_are_refused),
	    cmocka_unit_test(
		a_message_in_endless_fragments_is_refused_at_the_limit),
	    cmocka_unit_test(a_compression_bomb_is_refused_when_it_is_taken),
	};

	if (crypto_start() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
