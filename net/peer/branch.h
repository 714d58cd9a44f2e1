#ifndef GOLMOK_NET_PEER_BRANCH_H
#define GOLMOK_NET_PEER_BRANCH_H

#include "net/peer/talk.h"

/*
 * Logs that are forked (docs/sync.md §10).  Each side holds some branches of
 * such a log; here it is found out how far those of the other side begin as
 * ours do, so that each gets what it lacks, and the proof.
 */

/* The log that `entry` is of, or NULL: it is not held, or not by this name any
 * more, which is marked. */
enum err branch_local(
    struct talk *talk, struct ledger_log *entry, struct log **log) MUST_USE;
/* Brings entry->sent to what the peer has of `log` at the least, by all that it
 * says of branches of it, and sets entry->is_split: that is not known. */
enum err branch_compare(struct talk *talk, const struct log *log,
    struct ledger_log *entry) MUST_USE;
/* Sends what is due about `log`: the proof that it is forked, if the peer lacks
 * it; a question about a branch that is not ours; an answer.  Each a few times
 * at the most. */
enum err branch_tell(struct talk *talk, const struct log *log,
    struct ledger_log *entry) MUST_USE;
/* Takes what the peer says of a fork. */
enum err branch_take(struct talk *talk, const struct msg_fork *said) MUST_USE;
/* Takes what the head of a run proves by itself. */
enum err branch_prove(struct talk *talk, const struct msg_run *run) MUST_USE;
/* All of the trunk of `entry` is to be looked at again. */
void branch_stir(struct talk *talk, struct ledger_log *entry);
/* What we have of the log `trunk` and all its branches is to be told after the
 * commit. */
void branch_touch(struct talk *talk, const struct log_id *trunk);
/* Of how many logs the two hold different branches, as far as is known. */
uint64_t branch_count(const struct talk *talk);

#endif
