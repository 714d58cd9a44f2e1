#ifndef GOLMOK_TESTS_FUZZ_FUZZ_H
#define GOLMOK_TESTS_FUZZ_FUZZ_H

#include "proto/arena.h"
#include "proto/buf.h"
#include "proto/codec.h"
#include "proto/err.h"
#include "proto/limits.h"

/*
 * What the targets of fuzzing share.  A target takes one input, looks at what
 * comes of it, and comes back; whatever must not be is an assertion, and what
 * must not cost so much is one in tests/fuzz/cost.h.
 */

/* Names of all that targets need; a target calls it first. */
void fuzz_start(void);

/* An input as the decisions of a made-up peer: what is past its end is 0. */
struct fuzz_input {
	struct bytes left; /* borrowed */
};
/* Is anything left? */
bool fuzz_more(const struct fuzz_input *in);
uint8_t fuzz_u8(struct fuzz_input *in);
/* A number below `n`, which is not 0. */
size_t fuzz_below(struct fuzz_input *in, size_t n);
/* A number of any size; the edges of integers are as near as small ones. */
uint64_t fuzz_number(struct fuzz_input *in);
/* Up to `max` bytes, as long as the byte or two in front say. */
struct bytes fuzz_bytes(struct fuzz_input *in, size_t max);
/* All that is left. */
struct bytes fuzz_rest(struct fuzz_input *in);
/* Fills `n` bytes at `p`. */
void fuzz_fill(struct fuzz_input *in, void *p, size_t n);
/* Changes `b`: bits, bytes put in, taken out or doubled, an end cut off. */
void fuzz_mutate(struct fuzz_input *in, struct buf *b);

/* Does a map within `value`, one canonical value, have an integer key from 128
 * on?  Readers pass over those, and do not write them again. */
bool fuzz_has_spare(struct bytes value);

/* What `e` says is for the peer to hear, or for whom it concerns: not for us,
 * and no failure of this machine. */
void fuzz_assert_theirs(enum err e);

#endif
