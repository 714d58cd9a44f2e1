/*
 * Two channels and the wire between them, for the tests of net/peer.
 */
#include "tests/lib/line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

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

void
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

void
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
void
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
bool
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

void
line_run(struct line *line)
{
	bool moved = true;

	while (moved) {
		moved = line_carry(line, INITIATOR);
		moved = line_carry(line, RESPONDER) || moved;
	}
}

void
line_open(struct line *line)
{
	line_dial(line);
	line_run(line);
	assert_true(channel_is_up(line->ends[INITIATOR]));
	assert_true(channel_is_up(line->ends[RESPONDER]));
}

void
line_take_is(struct channel *channel, struct bytes expected)
{
	struct bytes got;
	enum err e;

	assert_true(channel_take(channel, &got, &e));
	assert_int_equal(e, ERR_OK);
	assert_true(bytes_equal(got, expected));
}

void
line_take_none(struct channel *channel)
{
	struct bytes got;
	enum err e;

	assert_false(channel_take(channel, &got, &e));
	assert_int_equal(e, ERR_OK);
	assert_int_equal(channel_waiting(channel), 0);
}

void
line_error_has(const char *part)
{
	if (strstr(err_text(), part) == NULL)
		fail_msg("\"%s\" lacks \"%s\"", err_text(), part);
}
