#ifndef GOLMOK_NET_PEER_BRANCH_H
#define GOLMOK_NET_PEER_BRANCH_H

#include "net/peer/talk.h"

/*
 * Logs that are forked (docs/sync.md §10): who has another branch than we
 * do is not sent ours, but what proves it.
 */

/* Sets entry->is_split: does the peer, by what it says, hold a branch of `log`
 * that is not ours?  Nobody knows of one that is longer, unless the log is
 * known to be forked: then we say no more. */
enum err branch_compare(
    struct txn *txn, const struct log *log, struct ledger_log *entry) MUST_USE;
/* Sends the proof that `log` is forked, if the peer lacks it, or our side where
 * its branch seems to be another; each once. */
enum err branch_tell(struct talk *talk, const struct log *log,
    struct ledger_log *entry) MUST_USE;
/* Takes what the peer says of a fork. */
enum err branch_take(struct talk *talk, const struct msg_fork *said) MUST_USE;
/* Of how many logs the two hold different branches, as far as is known. */
uint64_t branch_count(const struct talk *talk);

#endif
