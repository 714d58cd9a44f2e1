#ifndef GOLMOK_CORE_OWN_H
#define GOLMOK_CORE_OWN_H

#include "core/authority.h"
#include "core/identity.h"

/*
 * The logs that this node writes: one for each space (and key), continued as
 * long as nothing speaks against it, opened anew after a restore, a copy, a
 * clock that ran far ahead, or another grant.
 */

/* An own log in use by the open transaction. */
struct own {
	struct own *next;
	struct log *log;
	const struct sign_seed *seed; /* borrowed */
	struct hash leaf;	      /* of the newest delta appended */
	bool unsigned_yet;	      /* appended to since the last head */
};

/* Who writes. */
struct own_writer {
	const struct identity *identity;
	const struct sign_seed *seed;
	const struct sign_key *key;
	const struct authority *authority;
	/* Root only: the record that opens of its logs carry, the founding one
	 * or, when `rotated`, that of the rotation which made it root. */
	struct bytes founding;
	bool rotated;
	/* What is to be written.  In a data space RIGHT_ADMIN for a decision,
	 * anything else for changes; in `authority` always RIGHT_ADMIN, and: */
	enum right wants;
	const struct fact_grant *passing; /* the grant to be given, or NULL */
	bool everywhere;	      /* a pack: by a grant over all spaces */
	const struct grant *revoking; /* the one to be taken back, or NULL */
};

/* ERR_DENIED: no grant gives what writer->wants in `space` (in `authority`
 * `admin` that reaches as far as writer->passing and stands above
 * writer->revoking); says so when a revocation is why.  Changes nothing. */
enum err own_may(
    const struct own_writer *writer, const struct space *space) MUST_USE;

/* The log to write to in `space`, opened in this transaction when need be; kept
 * in `*owns` for the rest of it.  ERR_DENIED as own_may. */
enum err own_log(struct txn *txn, const struct own_writer *writer,
    const struct space *space, struct own **owns, struct own **own) MUST_USE;

/* Appends a delta (its kind and content are set, and as its stamp the newest
 * one that its author was shown; place, time and origin are filled in here)
 * with its bodies. */
enum err own_append(struct txn *txn, struct own *own, struct delta *delta,
    const struct stored_body *bodies, size_t bodies_n) MUST_USE;

/* Signs the heads of all logs in `owns` that were appended to. */
enum err own_sign(struct txn *txn, struct own *owns) MUST_USE;

/* Deltas of `log` come from a peer.  If it is one that this node writes now,
 * the node has lost them, and who knows how many more: own_renew. */
void own_received(struct txn *txn, const struct log *log);

/* `log` turned out to be forked.  If it is one that this node writes now, a
 * store of this node was rolled back, or works twice: own_renew. */
void own_forked(struct txn *txn, const struct log *log);

/* From now on every own log is opened anew, for the reason `why`. */
void own_renew(struct txn *txn, enum open_why why);

#endif
