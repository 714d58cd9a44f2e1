#ifndef GOLMOK_TESTS_LIB_PAIR_H
#define GOLMOK_TESTS_LIB_PAIR_H

#include "proto/noise.h"

enum { INITIATOR, RESPONDER };

/* Two ends that have never met, and what passes between them.  Zeroed at
 * first. */
struct pair {
	struct noise ends[2];
	struct buf wire;
	struct buf got;
};

/* The keys of both ends. */
extern const struct dh_secret pair_owns[2];
extern const struct dh_secret pair_ephemerals[2];

/* Starts the end `n`, which plays `role`. */
void pair_end(struct noise *n, int role, enum noise_pattern pattern,
    const char *prologue);
/* Starts both ends with the prologue "한 도시". */
void pair_init(struct pair *pair, enum noise_pattern pattern);
/* As pair_init, and runs the whole handshake. */
void pair_open(struct pair *pair);
void pair_fini(struct pair *pair);

/* Message `i` of the handshake goes onto the wire: "하나", "둘" or "셋". */
enum err pair_write(struct pair *pair, int i) MUST_USE;
/* What is on the wire is taken as message `i`; its payload comes to `got`. */
enum err pair_read(struct pair *pair, int i) MUST_USE;
/* Messages `from` to `to`, without `to`; the first error ends it. */
enum err pair_shake(struct pair *pair, int from, int to) MUST_USE;

/* `n` wiped itself and answers nothing any more. */
void pair_assert_dead(struct noise *n);

#endif
