#ifndef GOLMOK_PROTO_BUNDLE_MSG_H
#define GOLMOK_PROTO_BUNDLE_MSG_H

#include "proto/buf.h"
#include "proto/crypto.h"
#include "proto/id.h"
#include "proto/merkle.h"

/*
 * What stands in the blocks of a bundle (docs/format.md §16): one message after
 * another, each with its length in front.  Most are those of a session
 * (proto/msg.h); the rest are here.
 */
enum {
	BUNDLE_MSG_LENGTH = 4, /* in front of each message */
	/* Types, apart from those of enum msg_type. */
	BUNDLE_MSG_ABOUT = 64,
	BUNDLE_MSG_FRONTIER = 65,
	BUNDLE_MSG_SUM = 66,
	BUNDLE_MSG_ABOUT_SIZE = 1 + 1 + 32 + 32 + 8 + 4 + 32 + 64,
	BUNDLE_MSG_SUM_SIZE = 1 + 4 * 8,
};

enum bundle_kind {
	BUNDLE_RUNS = 0, /* runs of logs */
	BUNDLE_ACK = 1,	 /* nothing but the clock: what somebody holds */
};

/* Begins every part: who made it, and when. */
struct bundle_about {
	enum bundle_kind kind;
	struct city_id city;
	struct sign_key from;
	uint64_t date_ms;  /* since 1970, of its maker; never falls there */
	uint32_t clock_n;  /* so many clock messages follow */
	struct hash clock; /* SHA-256 of them, one behind the other */
	struct signature signature;
};
/* Signs `about` for the part whose header has the hash `header`. */
void bundle_msg_sign(struct bundle_about *about, const struct sign_seed *seed,
    const struct hash *header);
/* Did `about->from` sign it for that part? */
bool bundle_msg_verify(
    const struct bundle_about *about, const struct hash *header) MUST_USE;

/* Ends every part: what stood in it. */
struct bundle_sum {
	uint64_t runs; /* segments of runs */
	uint64_t deltas;
	uint64_t bodies;
	uint64_t blocks; /* this one's included */
};

/* Append a message, without its length, and read one; reading says whether it
 * is one. */
void bundle_msg_put_about(const struct bundle_about *about, struct buf *out);
bool bundle_msg_get_about(struct bytes in, struct bundle_about *about) MUST_USE;
/* The frontier at which the run that follows begins. */
void bundle_msg_put_frontier(const struct frontier *frontier, struct buf *out);
bool bundle_msg_get_frontier(
    struct bytes in, struct frontier *frontier) MUST_USE;
void bundle_msg_put_sum(const struct bundle_sum *sum, struct buf *out);
bool bundle_msg_get_sum(struct bytes in, struct bundle_sum *sum) MUST_USE;

#endif
