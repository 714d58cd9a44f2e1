#ifndef GOLMOK_TESTS_LIB_LINE_H
#define GOLMOK_TESTS_LIB_LINE_H

#include "net/peer/channel.h"
#include "tests/lib/prng.h"

enum { INITIATOR, RESPONDER };
enum { NOWHERE = -1 };

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

/* Two members of one city, without channels. */
void line_init(struct line *line);
void line_fini(struct line *line);
/* New channels of the same members; nothing has passed yet. */
void line_dial(struct line *line);
/* Carries some of what `from` wants to send to the other end, whose failure
 * goes to its fault; false when there is nothing. */
bool line_carry(struct line *line, int from);
/* Carries until nothing moves. */
void line_run(struct line *line);
/* Dials and runs: both ends are up. */
void line_open(struct line *line);

/* The next message of `channel` is `expected`; there is none. */
void line_take_is(struct channel *channel, struct bytes expected);
void line_take_none(struct channel *channel);
/* The error text has `part` in it. */
void line_error_has(const char *part);

#endif
