#ifndef GOLMOK_CORE_TOKENS_H
#define GOLMOK_CORE_TOKENS_H

#include "core/store.h"
#include "proto/token.h"

/*
 * Invitations that this store gave (docs/format.md §14): who comes with the
 * token of one is admitted and gets what it promises, once.  They never leave
 * the store, and only this store can keep its promise.
 */
enum tokens_state {
	TOKENS_OPEN,
	TOKENS_USED,
	TOKENS_CANCELLED,
	TOKENS_EXPIRED,
};

/* One invitation, for lists. */
struct tokens_row {
	struct token_id id;
	enum tokens_state state;
	struct bytes label;
	uint64_t made_ms; /* by this node's clock, as the times below */
	uint64_t expires_s;
	uint64_t ended_ms;  /* used or cancelled then; 0: neither */
	struct sign_key by; /* who used it */
	size_t grants_n;
	struct fact_grant grants[LIMIT_TOKEN_GRANTS]; /* member: not set */
};

/* All functions work in the open transaction of `store`; what writes needs one
 * that writes. */

/* Keeps the invitation of `token`, which promises `grants` (their members are
 * not looked at).  Its secret is not kept, only what a link is keyed with.
 * ERR_DENIED: this node could not keep the promise, for want of `admin` that
 * reaches so far.  ERR_LIMIT: more than LIMIT_TOKENS that are open, more than
 * LIMIT_TOKEN_GRANTS, or more members than a city may have.  ERR_INVALID: as
 * token_check, or it has expired. */
enum err tokens_make(struct store *store, const struct token *token,
    const struct fact_grant *grants, size_t grants_n) MUST_USE;

/* Wipes the secrets of invitations that have expired, used ones among them. */
enum err tokens_sweep(struct store *store) MUST_USE;

/* The secret that a link must share whose initiator names the token `id`.
 * ERR_DENIED: there is no such token, or it has ended; the text is for this
 * side only.  A used one is good until it expires: whoever used it may have
 * lost the link before it heard so. */
enum err tokens_find(struct store *store, const struct token_id *id,
    struct secret *psk) MUST_USE;

/* A node with the key `key` has shown that it holds the token `id`: admits it,
 * gives it what was promised, and ends the invitation.  Who used it already may
 * come again.  ERR_DENIED, and nothing written: another one did, it has ended,
 * or the promise cannot be kept any more. */
enum err tokens_use(struct store *store, const struct token_id *id,
    const struct sign_key *key) MUST_USE;

/* All invitations, the newest first, from `arena`. */
enum err tokens_list(struct store *store, struct arena *arena,
    struct tokens_row **rows, size_t *n) MUST_USE;

/* Ends the invitation whose name in hex begins with `text`, and gives it in
 * `*row`, which lies in `arena`.  ERR_NOT_FOUND; ERR_USAGE: several begin so;
 * ERR_EXISTS: it was used, and only a revocation takes back what it gave. */
enum err tokens_cancel(struct store *store, struct bytes text,
    struct arena *arena, struct tokens_row **row) MUST_USE;

#endif
