#ifndef GOLMOK_CORE_CLOCK_H
#define GOLMOK_CORE_CLOCK_H

#include "core/authority.h"
#include "proto/msg.h"

/*
 * Who has how much of which log: what we hold, and what peers last said that
 * they hold, durably.  This and the feed are all that flows from core to net.
 */

/* How much of `log` we have, as we tell it to `peer` (NULL: to anybody).  Its
 * author hears only of wraps that it gave itself, so that it mends what others
 * made up. */
void clock_entry(const struct log *log, const struct sign_key *peer,
    struct msg_entry *entry);

/* The digest of a clock: of `n` entries, sorted by log, each once. */
void clock_digest(
    const struct msg_entry *entries, size_t n, uint8_t digest[MSG_DIGEST_SIZE]);

/* What `peer` may get of `space`, by the grants that count and were not taken
 * back; nothing at all when its key is in other hands. */
struct clock_depth {
	bool any;	  /* headers and heads at least */
	bool hold;	  /* sealed bodies of every class */
	unsigned classes; /* bit 1 << class: with secrets */
};
void clock_depth(const struct authority *authority, const struct sign_key *key,
    const struct space *space, struct clock_depth *depth);
/* As clock_depth, for one log: who wrote it, and has any right in its space or
 * lost the last one by routine, may have all of it, so that what a restore took
 * away comes back and what was written in time can be handed in. */
void clock_log_depth(const struct authority *authority,
    const struct sign_key *key, const struct log_name *log,
    struct clock_depth *depth);

/* Entries, sorted by log. */
struct clock_list {
	struct msg_entry *entries;
	size_t n;
};

/* Notes what of a log `peer` said it has, and what of it we `told` it that we
 * have: it knows that when the next session begins.  When both are of size 0
 * the log is forgotten. */
void clock_believe(struct txn *txn, const struct sign_key *peer,
    const struct msg_entry *entry, const struct msg_entry *told);
/* All that `peer` ever said and that was not forgotten, by log, into an array
 * in `arena`. */
enum err clock_beliefs(struct txn *txn, const struct sign_key *peer,
    struct arena *arena, struct clock_list *list) MUST_USE;
/* The same of what it was told. */
enum err clock_told(struct txn *txn, const struct sign_key *peer,
    struct arena *arena, struct clock_list *list) MUST_USE;
/* Forgets all that `peer` ever said, which turned out to be untrue, and what it
 * was told. */
void clock_forget(struct txn *txn, const struct sign_key *peer);

/* All that a peer holds of what both may have, as it said in a file. */
struct clock_said {
	struct clock_list list;
	uint64_t date_ms; /* of its clock, which never falls */
	uint64_t now_ms;  /* of our wall */
};
/* Takes it in as beliefs (docs/format.md §16, "What a clock is worth"): not at
 * all (`*news` false) when it is no newer than what the peer said in a file
 * before; in the place of all beliefs when it is newer than the last meeting;
 * else only where it says more than is believed. */
enum err clock_hear(struct txn *txn, const struct sign_key *peer,
    const struct clock_said *said, bool *news) MUST_USE;

/* Notes that `peer` was met at `now_ms` of the wall. */
void clock_met(struct txn *txn, const struct sign_key *peer, uint64_t now_ms);
/* A peer that was met, or that was heard of by a file. */
struct clock_peer {
	struct sign_key key;
	uint64_t met_ms;  /* 0: never */
	uint64_t said_ms; /* date of the newest file; 0: none */
};
/* All of them, by key, into an array in `arena`. */
enum err clock_peers(struct txn *txn, struct arena *arena,
    struct clock_peer **peers, size_t *n) MUST_USE;

/* Bytes that were sent to a peer, or granted to be sent, on one day. */
struct clock_spent {
	uint64_t day; /* since 1970, UTC; 0: on none */
	uint64_t bytes;
	bool noted; /* that they were used up */
};
/* What stands of `peer`; zeros when nothing does.  ERR_CORRUPT, ERR_IO. */
enum err clock_spent_get(struct txn *txn, const struct sign_key *peer,
    struct clock_spent *spent) MUST_USE;
void clock_spent_put(struct txn *txn, const struct sign_key *peer,
    const struct clock_spent *spent);

#endif
