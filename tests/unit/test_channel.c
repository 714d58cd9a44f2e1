/*
 * Promises of net/peer/channel.h: two channels, what passes between them, and
 * somebody in the middle or at the other end who does not keep the rules.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/peer/certificate.h"
#include "net/peer/channel.h"
#include "net/peer/preface.h"
#include "proto/mem.h"
#include "tests/lib/prng.h"

enum { INITIATOR, RESPONDER };
enum { NOWHERE = -1, BIG = LIMIT_FRAME_SIZE };

/* Two ends and the wire between them. */
struct line {
	struct prng prng;
	struct host host;
	struct squeeze squeeze;
	struct identity ids[2];
	struct channel *ends[2];
	struct fault faults[2];
	size_t piece_max;  /* bytes are handed over in pieces up to this */
	size_t carried[2]; /* bytes that left an end so far */
	int flip_end;	   /* whose byte is changed, and which of them */
	size_t flip_at;
	uint8_t flip_bits;
};

/* The other side when it is no channel of ours. */
struct mole {
	struct identity id;
	struct noise noise;
	struct buf wire;
};

static uint64_t
host_now(void *arg)
{
	(void)arg;
	return 1;
}

static void
host_random(void *arg, uint8_t *p, size_t n)
{
	prng_fill(arg, p, n);
}

static void
line_init(struct line *line)
{
	struct city_id city = {{0xab, 0xcd, 0xef}};

	*line = (struct line){
	    .prng.seed = 7, .piece_max = SIZE_MAX, .flip_end = NOWHERE};
	line->host = (struct host){
	    .now_ms = host_now, .random = host_random, .arg = &line->prng};
	identity_make(&line->host, &city, &line->ids[INITIATOR]);
	identity_make(&line->host, &city, &line->ids[RESPONDER]);
}

static void
line_fini(struct line *line)
{
	for (int i = 0; i < 2; i++) {
		channel_free(line->ends[i]);
		line->ends[i] = NULL;
		identity_fini(&line->ids[i]);
	}
	squeeze_fini(&line->squeeze);
}

static struct channel *
line_channel(struct line *line, int role)
{
	struct channel_config config = {
	    .initiator = role == INITIATOR,
	    .identity = &line->ids[role],
	    .squeeze = &line->squeeze,
	};

	prng_fill(&line->prng, &config.ephemeral, sizeof(config.ephemeral));
	return channel_new(&config);
}

/* New channels on the same identities. */
static void
line_dial(struct line *line)
{
	for (int i = 0; i < 2; i++) {
		channel_free(line->ends[i]);
		line->ends[i] = line_channel(line, i);
		line->faults[i] = (struct fault){0};
		line->carried[i] = 0;
	}
}

/* Carries what `from` wants to send to the other end; false for nothing. */
static bool
line_carry(struct line *line, int from)
{
	struct bytes out = channel_out(line->ends[from]);
	struct bytes piece;
	struct buf copy = {0};
	size_t n = out.n < line->piece_max ? out.n : line->piece_max;

	if (n == 0)
		return false;
	if (line->piece_max != SIZE_MAX)
		n = 1 + (size_t)prng_below(&line->prng, n);
	piece = bytes_first(out, n);
	buf_add(&copy, piece);
	if (line->flip_end == from && line->flip_at >= line->carried[from] &&
	    line->flip_at - line->carried[from] < n)
		copy.p[line->flip_at - line->carried[from]] ^= line->flip_bits;
	line->carried[from] += n;
	channel_sent(line->ends[from], n);
	if (line->faults[1 - from].code == ERR_OK) {
		enum err e = channel_feed(
		    line->ends[1 - from], buf_bytes(&copy));

		err_keep(&line->faults[1 - from], e);
	}
	buf_fini(&copy);
	return true;
}

static void
line_run(struct line *line)
{
	bool moved = true;

	while (moved) {
		moved = line_carry(line, INITIATOR);
		moved = line_carry(line, RESPONDER) || moved;
	}
}

static void
line_open(struct line *line)
{
	line_dial(line);
	line_run(line);
	assert_true(channel_is_up(line->ends[INITIATOR]));
	assert_true(channel_is_up(line->ends[RESPONDER]));
}

static void
mole_send(struct mole *mole, struct channel *to, enum err expected)
{
	assert_int_equal(channel_feed(to, buf_bytes(&mole->wire)), expected);
	buf_cut(&mole->wire, 0);
}

static void
mole_frame(struct mole *mole, struct bytes b)
{
	buf_add_be16(&mole->wire, (uint16_t)b.n);
	buf_add(&mole->wire, b);
}

/* Runs a handshake with the responder of `line` that shows `certificate`, or
 * the right one when that is empty. */
static void
mole_open(struct mole *mole, struct line *line, struct bytes certificate,
    enum err expected)
{
	struct dh_secret ephemeral;
	struct buf prologue = {0};
	struct buf own = {0};
	struct buf message = {0};
	struct buf payload = {0};
	struct bytes answer;

	*mole = (struct mole){0};
	identity_make(&line->host, &line->ids[0].city, &mole->id);
	prng_fill(&line->prng, &ephemeral, sizeof(ephemeral));
	line_dial(line);
	preface_put(&mole->wire);
	preface_put(&prologue);
	buf_add(&prologue, bytes_of(mole->id.city.b, 32));
	noise_init(&mole->noise, &(struct noise_config){
				     .initiator = true,
				     .own = &mole->id.dh,
				     .ephemeral = &ephemeral,
				     .prologue = buf_bytes(&prologue),
				 });
	assert_int_equal(
	    noise_write(&mole->noise, (struct bytes){0}, &message), ERR_OK);
	mole_frame(mole, buf_bytes(&message));
	mole_send(mole, line->ends[RESPONDER], ERR_OK);
	answer = channel_out(line->ends[RESPONDER]);
	assert_int_equal(
	    noise_read(&mole->noise, bytes_after(answer, 2), &payload), ERR_OK);
	channel_sent(line->ends[RESPONDER], answer.n);
	certificate_put(&mole->id, &own);
	buf_cut(&message, 0);
	assert_int_equal(
	    noise_write(&mole->noise,
		certificate.n > 0 ? certificate : buf_bytes(&own), &message),
	    ERR_OK);
	mole_frame(mole, buf_bytes(&message));
	mole_send(mole, line->ends[RESPONDER], expected);
	buf_fini(&prologue);
	buf_fini(&own);
	buf_fini(&message);
	buf_fini(&payload);
}

/* One transport message with `flags` and `content`. */
static void
mole_fragment(struct mole *mole, unsigned flags, struct bytes content)
{
	struct buf plain = {0};
	struct buf sealed = {0};

	buf_add_u8(&plain, (uint8_t)flags);
	buf_add(&plain, content);
	assert_int_equal(
	    noise_seal(&mole->noise, buf_bytes(&plain), &sealed), ERR_OK);
	mole_frame(mole, buf_bytes(&sealed));
	buf_fini(&plain);
	buf_fini(&sealed);
}

static void
mole_fini(struct mole *mole)
{
	identity_fini(&mole->id);
	noise_fini(&mole->noise);
	buf_fini(&mole->wire);
}

static void
take_is(struct channel *channel, struct bytes expected)
{
	struct bytes got;
	enum err e;

	assert_true(channel_take(channel, &got, &e));
	assert_int_equal(e, ERR_OK);
	assert_true(bytes_equal(got, expected));
}

static void
take_none(struct channel *channel)
{
	struct bytes got;
	enum err e;

	assert_false(channel_take(channel, &got, &e));
	assert_int_equal(e, ERR_OK);
	assert_int_equal(channel_waiting(channel), 0);
}

static void
text_has(const char *part)
{
	if (strstr(err_text(), part) == NULL)
		fail_msg("\"%s\" lacks \"%s\"", err_text(), part);
}

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
			take_is(line.ends[1 - i % 2],
			    bytes_of(noise + i, sizes[i]));
		take_none(line.ends[0]);
		take_none(line.ends[1]);
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
	take_is(line.ends[1], bytes_of(noise, BIG));
	take_is(line.ends[1], bytes_of(zeros, BIG));
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
	channel_count(line.ends[0], &count);
	assert_true(count.out_plain_bytes < 100);
	assert_int_equal(count.out_messages, 1);
	assert_int_equal(count.in_plain_bytes, 1 + sizeof(noise));
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
	assert_int_equal(channel_send(line.ends[0], bytes_text("둘")), ERR_OK);
	out = channel_out(line.ends[0]);
	buf_add(&all, bytes_first(out, out.n - 1));
	assert_int_equal(channel_feed(line.ends[1], buf_bytes(&all)), ERR_OK);
	take_is(line.ends[1], bytes_text("하나"));
	take_none(line.ends[1]);
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
	text_has("the peer must be updated");
	assert_int_equal(preface_try(&line, 1, 2), ERR_MALFORMED);
	assert_int_equal(preface_try(&line, 9, 7), ERR_VERSION);
	text_has("protocol 7 to 9");
	text_has("this program must be updated");

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
	text_has("protocol 7 to 9");

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
			text_has("not a golmok node");
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
	preface_put(&preface);
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
	text_has("certificate");
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
		unsigned flags;
		const char *content;
		unsigned next; /* 0x100: no second frame */
	} cases[] = {
	    {4, "a", 0x100},
	    {0x80, "a", 0x100},
	    {0, "", 0x100},
	    {1, "", 0x100},
	    {1, "a", 2},
	    {1, "a", 3},
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
	mole_fragment(&mole, 0, bytes_text("before"));
	mole_fragment(&mole, 2, buf_bytes(&packed));
	mole_send(&mole, line.ends[RESPONDER], ERR_OK);
	take_is(line.ends[RESPONDER], bytes_text("before"));
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
		take_is(line.ends[1], bytes_text("말"));
	take_none(line.ends[1]);
	assert_int_equal(channel_out(line.ends[0]).n, 0);
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
	    cmocka_unit_test(a_certificate_must_be_for_the_key_that_is_used),
	    cmocka_unit_test(frames_with_wrong_flags_or_no_content_are_refused),
	    cmocka_unit_test(
		a_message_in_endless_fragments_is_refused_at_the_limit),
	    cmocka_unit_test(a_compression_bomb_is_refused_when_it_is_taken),
	    cmocka_unit_test(what_was_queued_leaves_in_any_portions),
	};

	if (crypto_start() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
