#ifndef GOLMOK_NET_PEER_RUN_H
#define GOLMOK_NET_PEER_RUN_H

#include "net/peer/talk.h"

/*
 * The runs that a peer sends (docs/sync.md §5), as far as their heads; for
 * net/peer/receiver.c.
 */

/* A run begins; one that is not taken is dropped, and the session goes on. */
enum err run_take(struct talk *talk, const struct msg_run *run) MUST_USE;
/* The first chunk of a run whose root was not said, which must end with its
 * head: makes up for run_take. */
enum err run_root(struct talk *talk, const struct msg_chunk *chunk) MUST_USE;
/* Not taken, for the kept reason `why`: what comes of it is passed over.
 * Whoever was refused for want of rights is asked again when rights change. */
enum err run_drop(struct talk *talk, enum err why) MUST_USE;
/* ERR_DENIED: one of us may not have what a run brings. */
enum err run_deny(const struct msg_run *run) MUST_USE;
/* What we may have of the log `name` from this peer, as accept_of says. */
bool run_accept(const struct talk *talk, const struct authority *authority,
    const struct log_name *name, struct intake_accept *accept);
/* The peer thinks that we have more than we do: it is told, after the commit,
 * and sends anew from there. */
enum err run_gap(struct talk *talk) MUST_USE;
/* The peer sends what does not go on from ours: it is told what we have, and
 * finds out itself whether it has another branch.  One that goes on like that
 * lies. */
enum err run_doubt(struct talk *talk) MUST_USE;

#endif
