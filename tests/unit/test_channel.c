/*
 * Promises of net/peer/channel.h: two channels, and somebody on the wire
 * between them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/peer/preface.h"
#include "proto/mem.h"
#include "tests/lib/line.h"

/* The largest message: its size in front takes three bytes. */
enum { BIG = LIMIT_FRAME_SIZE - 3 };

static void
both_ends_know_each_other_after_the_handshake(void **state)
{
	struct line line;

	(void)state;
	line_init(&line);
	line_open(&line);
	for (int i = 0; i < 2; i++)
		assert_memory_equal(channel_peer(line.ends[i]),
		    &line.ids[1 - i].key, sizeof(struct sign_key));
	assert_memory_equal(channel_hash(line.ends[0]),
	    channel_hash(line.ends[1]), sizeof(struct hash512));
	line_fini(&line);
}

static void
messages_arrive_in_order_however_the_bytes_are_cut(void **state)
{
	static const size_t pieces[] = {1, 2, 3, 17, 100, 5000, SIZE_MAX};
	static const size_t sizes[] = {1, 255, 256, 3000, 65518, 65519, 140000};
	uint8_t *noise = mem_new(BIG);
	struct line line;

	(void)state;
	line_init(&line);
	prng_fill(&line.prng, noise, BIG);
	memset(noise + 1000, 'a', 1500);
	for (size_t p = 0; p < COUNT_OF(pieces); p++) {
		line.piece_max = pieces[p];
		line_open(&line);
		for (size_t i = 0; i < COUNT_OF(sizes); i++)
			assert_int_equal(channel_send(line.ends[i % 2],
					     bytes_of(noise + i, sizes[i])),
			    ERR_OK);
		line_run(&line);
		for (size_t i = 0; i < COUNT_OF(sizes); i++)
			line_take_is(line.ends[1 - i % 2],
			    bytes_of(noise + i, sizes[i]));
		line_take_none(line.ends[0]);
		line_take_none(line.ends[1]);
	}
	mem_free(noise);
	line_fini(&line);
}

static void
the_largest_message_arrives_and_a_larger_one_is_not_sent(void **state)
{
	uint8_t *noise = mem_new(BIG + 1);
	uint8_t *zeros = mem_zeros(1, BIG);
	struct line line;

	(void)state;
	line_init(&line);
	line_open(&line);
	prng_fill(&line.prng, noise, BIG + 1);
	assert_int_equal(
	    channel_send(line.ends[0], bytes_of(noise, BIG + 1)), ERR_LIMIT);
	assert_int_equal(
	    channel_send(line.ends[0], bytes_of(noise, BIG)), ERR_OK);
	assert_int_equal(
	    channel_send(line.ends[0], bytes_of(zeros, BIG)), ERR_OK);
	line_run(&line);
	line_take_is(line.ends[1], bytes_of(noise, BIG));
	line_take_is(line.ends[1], bytes_of(zeros, BIG));
	mem_free(noise);
	mem_free(zeros);
	line_fini(&line);
}

static void
what_compresses_travels_small_and_what_does_not_as_it_is(void **state)
{
	static uint8_t same[8192];
	static uint8_t noise[8192];
	struct channel_count count;
	struct line line;

	(void)state;
	line_init(&line);
	line_open(&line);
	prng_fill(&line.prng, noise, sizeof(noise));
	assert_int_equal(
	    channel_send(line.ends[0], bytes_of(same, sizeof(same))), ERR_OK);
	assert_int_equal(
	    channel_send(line.ends[1], bytes_of(noise, sizeof(noise))), ERR_OK);
	line_run(&line);
	line_take_is(line.ends[0], bytes_of(noise, sizeof(noise)));
	channel_count(line.ends[0], &count);
	assert_true(count.out_plain_bytes < 100);
	assert_int_equal(count.out_messages, 1);
	assert_int_equal(count.in_plain_bytes, 1 + 2 + sizeof(noise));
	assert_int_equal(count.in_messages, 1);
	assert_int_equal(count.out_bytes, line.carried[0]);
	assert_int_equal(count.in_bytes, line.carried[1]);
	line_fini(&line);
}

static void
a_changed_byte_anywhere_ends_the_handshake(void **state)
{
	struct line line;
	size_t sizes[2];

	(void)state;
	line_init(&line);
	line_open(&line);
	sizes[0] = line.carried[0];
	sizes[1] = line.carried[1];
	for (int end = 0; end < 2; end++) {
		for (size_t at = 0; at < sizes[end]; at++) {
			line.flip_end = end;
			line.flip_at = at;
			line.flip_bits = (uint8_t)(1U << at % 8);
			line_dial(&line);
			line_run(&line);
			assert_false(channel_is_up(line.ends[RESPONDER]));
			if (end == RESPONDER)
				assert_false(
				    channel_is_up(line.ends[INITIATOR]));
		}
	}
	line_fini(&line);
}

static void
a_changed_byte_in_a_message_delivers_nothing(void **state)
{
	struct line line;
	size_t begin;
	size_t end;

	(void)state;
	line_init(&line);
	line_open(&line);
	begin = line.carried[INITIATOR];
	assert_int_equal(
	    channel_send(line.ends[INITIATOR], bytes_text("한 사람의 기록")),
	    ERR_OK);
	line_run(&line);
	end = line.carried[INITIATOR];
	for (size_t at = begin; at < end; at++) {
		struct bytes got;
		enum err e;

		line.flip_end = NOWHERE;
		line_open(&line);
		line.flip_end = INITIATOR;
		line.flip_at = at;
		line.flip_bits = 0x10;
		assert_int_equal(channel_send(line.ends[INITIATOR],
				     bytes_text("한 사람의 기록")),
		    ERR_OK);
		line_run(&line);
		assert_false(channel_take(line.ends[RESPONDER], &got, &e));
	}
	line_fini(&line);
}

static void
a_truncated_stream_delivers_only_whole_messages(void **state)
{
	struct line line;
	struct bytes out;
	struct buf all = {0};

	(void)state;
	line_init(&line);
	line_open(&line);
	assert_int_equal(
	    channel_send(line.ends[0], bytes_text("하나")), ERR_OK);
	assert_int_equal(channel_flush(line.ends[0]), ERR_OK);
	assert_int_equal(channel_send(line.ends[0], bytes_text("둘")), ERR_OK);
	out = channel_out(line.ends[0]);
	buf_add(&all, bytes_first(out, out.n - 1));
	assert_int_equal(channel_feed(line.ends[1], buf_bytes(&all)), ERR_OK);
	line_take_is(line.ends[1], bytes_text("하나"));
	line_take_none(line.ends[1]);
	buf_fini(&all);
	line_fini(&line);
}

static void
another_city_is_refused_by_name(void **state)
{
	struct line line;

	(void)state;
	line_init(&line);
	line.ids[RESPONDER].city.b[5] ^= 1;
	line_dial(&line);
	line_run(&line);
	assert_int_equal(line.faults[INITIATOR].code, ERR_MALFORMED);
	assert_non_null(strstr(line.faults[INITIATOR].text, "abcdef"));
	assert_non_null(strstr(line.faults[INITIATOR].text, "city"));
	assert_false(channel_is_up(line.ends[RESPONDER]));
	line_fini(&line);
}

/* What a responder says to a preface of `version` and `oldest`. */
static enum err
preface_try(struct line *line, unsigned version, unsigned oldest)
{
	struct buf preface = {0};
	enum err e;

	line_dial(line);
	buf_add_text(&preface, "golmok/1");
	buf_add_be16(&preface, (uint16_t)version);
	buf_add_be16(&preface, (uint16_t)oldest);
	buf_add_be32(&preface, 0);
	e = channel_feed(line->ends[RESPONDER], buf_bytes(&preface));
	buf_fini(&preface);
	return e;
}

static void
both_sides_say_which_protocol_the_other_speaks(void **state)
{
	struct line line;
	struct buf answer = {0};

	(void)state;
	line_init(&line);
	assert_int_equal(preface_try(&line, 9, 1), ERR_OK);
	assert_int_equal(preface_try(&line, 0, 0), ERR_VERSION);
	line_error_has("the peer must be updated");
	assert_int_equal(preface_try(&line, 1, 2), ERR_MALFORMED);
	assert_int_equal(preface_try(&line, 9, 7), ERR_VERSION);
	line_error_has("protocol 7 to 9");
	line_error_has("this program must be updated");

	/* The answer of a responder that is newer, as the initiator reads it,
	 * byte by byte. */
	assert_int_equal(channel_out(line.ends[RESPONDER]).n, PREFACE_SIZE);
	buf_add(&answer, channel_out(line.ends[RESPONDER]));
	answer.p[9] = 9;
	answer.p[11] = 7;
	for (size_t i = 0; i < PREFACE_SIZE; i++)
		assert_int_equal(channel_feed(line.ends[INITIATOR],
				     bytes_slice(buf_bytes(&answer), i, 1)),
		    i + 1 < PREFACE_SIZE ? ERR_OK : ERR_VERSION);
	line_error_has("protocol 7 to 9");

	/* Our own version is no reason to answer like this. */
	line_dial(&line);
	answer.p[9] = 1;
	answer.p[11] = 1;
	assert_int_equal(channel_feed(line.ends[INITIATOR], buf_bytes(&answer)),
	    ERR_MALFORMED);
	buf_fini(&answer);
	line_fini(&line);
}

static void
what_is_no_golmok_node_is_told_by_its_first_bytes(void **state)
{
	static const char *const words[] = {"GET / HTTP/1.1\r\nHost: a\r\n",
	    "HTTP/1.1 400 Bad Request\r\n", "SSH-2.0-OpenSSH", "\x16\x03\x01",
	    "golmok/2 and more", "goodbye to all that is"};
	struct line line;

	(void)state;
	line_init(&line);
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		for (int end = 0; end < 2; end++) {
			line_dial(&line);
			assert_int_equal(
			    channel_feed(line.ends[end], bytes_text(words[i])),
			    ERR_MALFORMED);
			line_error_has("not a golmok node");
			assert_int_equal(
			    channel_feed(line.ends[end], bytes_text("again")),
			    ERR_PEER);
		}
	}
	line_fini(&line);
}

static void
a_frame_of_the_handshake_beyond_its_limit_is_refused(void **state)
{
	struct line line;
	struct buf preface = {0};

	(void)state;
	line_init(&line);
	line_dial(&line);
	preface_put(false, &preface);
	assert_int_equal(
	    channel_feed(line.ends[RESPONDER], buf_bytes(&preface)), ERR_OK);
	buf_cut(&preface, 0);
	buf_add_be16(&preface, LIMIT_NOISE_HANDSHAKE_SIZE + 1);
	assert_int_equal(
	    channel_feed(line.ends[RESPONDER], buf_bytes(&preface)),
	    ERR_MALFORMED);
	buf_fini(&preface);
	line_fini(&line);
}

static void
a_node_that_meets_itself_or_its_copy_says_so(void **state)
{
	struct line line;
	struct identity other;

	(void)state;
	line_init(&line);
	other = line.ids[RESPONDER];
	line.ids[RESPONDER] = line.ids[INITIATOR];
	line_dial(&line);
	line_run(&line);
	assert_int_equal(line.faults[INITIATOR].code, ERR_EXISTS);
	/* The same key of logs on another link key. */
	line.ids[RESPONDER].dh = other.dh;
	line.ids[RESPONDER].dh_key = other.dh_key;
	line_dial(&line);
	line_run(&line);
	assert_int_equal(line.faults[INITIATOR].code, ERR_EXISTS);
	assert_non_null(strstr(line.faults[INITIATOR].text, "copy"));
	assert_false(channel_is_up(line.ends[RESPONDER]));
	identity_fini(&other);
	line_fini(&line);
}

static void
what_was_queued_leaves_in_any_portions(void **state)
{
	struct line line;

	(void)state;
	line_init(&line);
	line_open(&line);
	for (int i = 0; i < 100; i++)
		assert_int_equal(
		    channel_send(line.ends[0], bytes_text("말")), ERR_OK);
	line.piece_max = 7;
	line_run(&line);
	for (int i = 0; i < 100; i++)
		line_take_is(line.ends[1], bytes_text("말"));
	line_take_none(line.ends[1]);
	assert_int_equal(channel_out(line.ends[0]).n, 0);
	line_fini(&line);
}

static void
messages_share_a_frame_until_they_are_asked_for(void **state)
{
	enum { SIZE = 20000 };
	uint8_t *noise = mem_new(SIZE);
	struct channel_count before;
	struct channel_count after;
	struct line line;

	(void)state;
	line_init(&line);
	line_open(&line);
	prng_fill(&line.prng, noise, SIZE);
	channel_count(line.ends[0], &before);
	for (int i = 0; i < 10; i++)
		assert_int_equal(
		    channel_send(line.ends[0], bytes_of(noise, 10)), ERR_OK);
	assert_int_equal(channel_queued(line.ends[0]), 10 * 11);
	(void)channel_out(line.ends[0]);
	channel_count(line.ends[0], &after);
	assert_int_equal(
	    after.out_plain_bytes - before.out_plain_bytes, 1 + 10 * 11);
	/* What would not fit one frame begins another. */
	for (int i = 0; i < 8; i++)
		assert_int_equal(
		    channel_send(line.ends[0], bytes_of(noise, SIZE)), ERR_OK);
	(void)channel_out(line.ends[0]);
	channel_count(line.ends[0], &before);
	assert_true(before.out_plain_bytes - after.out_plain_bytes < 4 * SIZE);
	assert_int_equal(
	    channel_queued(line.ends[0]), channel_out(line.ends[0]).n);
	line_run(&line);
	for (int i = 0; i < 10; i++)
		line_take_is(line.ends[1], bytes_of(noise, 10));
	for (int i = 0; i < 8; i++)
		line_take_is(line.ends[1], bytes_of(noise, SIZE));
	line_take_none(line.ends[1]);
	mem_free(noise);
	line_fini(&line);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(both_ends_know_each_other_after_the_handshake),
	    cmocka_unit_test(
		messages_arrive_in_order_however_the_bytes_are_cut),
	    cmocka_unit_test(
		the_largest_message_arrives_and_a_larger_one_is_not_sent),
	    cmocka_unit_test(
		what_compresses_travels_small_and_what_does_not_as_it_is),
	    cmocka_unit_test(a_changed_byte_anywhere_ends_the_handshake),
	    cmocka_unit_test(a_changed_byte_in_a_message_delivers_nothing),
	    cmocka_unit_test(a_truncated_stream_delivers_only_whole_messages),
	    cmocka_unit_test(another_city_is_refused_by_name),
	    cmocka_unit_test(both_sides_say_which_protocol_the_other_speaks),
	    cmocka_unit_test(what_is_no_golmok_node_is_told_by_its_first_bytes),
	    cmocka_unit_test(
		a_frame_of_the_handshake_beyond_its_limit_is_refused),
	    cmocka_unit_test(a_node_that_meets_itself_or_its_copy_says_so),
	    cmocka_unit_test(what_was_queued_leaves_in_any_portions),
	    cmocka_unit_test(messages_share_a_frame_until_they_are_asked_for),
	};

	if (crypto_start() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
