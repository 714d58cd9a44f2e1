#ifndef GOLMOK_CORE_FIGURE_LOGS_H
#define GOLMOK_CORE_FIGURE_LOGS_H

#include "core/pack.h"
#include "core/space.h"

/*
 * Figures about the logs themselves: how much of them is here, signed, whole
 * and without contradiction.  For who audits, and knows nothing of what is
 * written in them.
 */

/* What `of` is in the logs of `space`, added up into `*sum`.  Signatures of
 * newest heads are verified again, and held against the trees.  ERR_CORRUPT for
 * damaged rows. */
enum err figure_logs_sum(struct txn *txn, struct space_state *space,
    enum pack_of_logs of, int64_t *sum) MUST_USE;

#endif
