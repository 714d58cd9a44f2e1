#ifndef GOLMOK_CORE_CUTS_H
#define GOLMOK_CORE_CUTS_H

#include "core/oplog.h"

/*
 * Which leaves of a log lie before a cut (docs/format.md §8), when of a forked
 * log several tips are held.  A function of the held logs alone: a leaf that
 * lies in several tips is before the cut in all of them or in none.
 */

/* The held tips of one log in the order of their leaves: one that is the
 * beginning of another comes before it, others by the hash of the first leaf in
 * which they differ. */
struct cuts_trunk {
	size_t n;
	const struct log *const *tips;
	const uint64_t *sizes;	/* of each tip */
	const uint64_t *shared; /* leading leaves shared with the tip before */
};

/* Orders the `n` logs `tips`, which have one trunk, into `trunk`; arrays from
 * `arena`.  Reads trees when there are several. */
enum err cuts_trunk(struct txn *txn, const struct log *const *tips, size_t n,
    struct arena *arena, struct cuts_trunk *trunk) MUST_USE;
/* As cuts_trunk for all tips held of the log that `log` is one of. */
enum err cuts_trunk_of(struct txn *txn, const struct log *log,
    struct arena *arena, struct cuts_trunk *trunk) MUST_USE;
/* The first leaf in which two held tips differ; UINT64_MAX: none do. */
uint64_t cuts_fork(const struct cuts_trunk *trunk);
/* For each tip the number of its leaves that `cut`, of this trunk, leaves
 * counting, into `ends`.  It may lie beyond what is held of the tip. */
enum err cuts_ends(struct txn *txn, const struct cuts_trunk *trunk,
    const struct log_cut *cut, uint64_t *ends) MUST_USE;
/* The same when it is known which tips `match`: have at least `size` leaves,
 * and these with the root that the cut names.  Pure. */
void cuts_spread(const struct cuts_trunk *trunk, const bool *match,
    uint64_t size, uint64_t *ends);

#endif
