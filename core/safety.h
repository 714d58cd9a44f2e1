#ifndef GOLMOK_CORE_SAFETY_H
#define GOLMOK_CORE_SAFETY_H

#include "core/clock.h"

/*
 * The durability meter: of what is held here, how much is held by how many
 * others, and what is still to go to and fro.  A pure function of the logs, the
 * authority and what peers said that they hold (core/clock.h).
 *
 * A peer counts for a delta when it said that it has all its bodies, may have
 * bodies of that log, is a member whose grants were not all taken back, and
 * what it holds begins as ours does.  Headers alone bring no record back.
 */

/* So many deltas are known to be held by just so many others. */
struct safety_held {
	uint64_t replicas;
	uint64_t deltas;
};

/* The sums over the logs of a space; a delta that branches of a forked log
 * share counts once. */
struct safety_space {
	const struct space *space; /* lives until the transaction ends */
	uint64_t logs;
	uint64_t deltas;
	uint64_t alone;	    /* of these, held by no other */
	uint64_t own;	    /* in logs of this node */
	uint64_t own_alone; /* of `alone` */
	/* Of `alone`, those of which somebody who may read some classes has
	 * these, and nobody the rest. */
	uint64_t partly;
	struct safety_held *held; /* by replicas, rising; none is of 0 deltas */
	size_t held_n;
};

/* Does a peer count? */
enum safety_standing {
	SAFETY_COUNTS = 0,
	SAFETY_STRANGER, /* no member, or not admitted in a way that counts */
	SAFETY_REVOKED,
	SAFETY_COMPROMISED,
};

/* An amount; the bytes are reckoned (core/weigh.h). */
struct safety_amount {
	uint64_t deltas;
	uint64_t bytes;
};

struct safety_peer {
	struct clock_peer met;
	enum safety_standing standing;
	uint64_t held; /* deltas held here for which it counts */
	/* Those that it lacks, headers or bodies, of what it may have. */
	struct safety_amount lacks;
	/* Those that we lack, as far as it said: also of logs of which nothing
	 * is held here.  Branches of forked logs that are not held here are not
	 * counted. */
	struct safety_amount ahead;
	uint64_t unknown; /* of these, in logs of which nothing is here */
};

struct safety {
	struct safety_space *spaces; /* by name */
	size_t spaces_n;
	struct safety_peer *peers; /* by key */
	size_t peers_n;
	uint64_t deltas;
	uint64_t alone; /* over all spaces, as the next */
	uint64_t partly;
	uint64_t forked;       /* logs */
	uint64_t forked_alone; /* of `alone`, in these */
	/* To all peers together; and what is to come, counted once however many
	 * peers have it. */
	struct safety_amount send;
	struct safety_amount receive;
};

/* Counts for the node `me`, by `authority`, in the open transaction `txn`;
 * arrays are in `arena`.  Reads each row of a log and of what a peer has once,
 * a few deltas of logs that somebody lacks, and roots of trees once for each
 * size of a log that peers have.  ERR_CORRUPT, ERR_IO. */
enum err safety_count(struct txn *txn, const struct authority *authority,
    const struct sign_key *me, struct arena *arena,
    struct safety *safety) MUST_USE;

/* The fewest others that hold a delta of `space`; 0 when there is none. */
uint64_t safety_fewest(const struct safety_space *space);

#endif
