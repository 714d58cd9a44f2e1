#ifndef GOLMOK_CLI_INVITE_H
#define GOLMOK_CLI_INVITE_H

#include "cli/open.h"
#include "core/tokens.h"

/*
 * Making invitations, one or hundreds in a transaction.
 */

/* What all invitations of one command share. */
struct invite_plan {
	size_t addresses_n;
	struct bytes addresses[LIMIT_ADDRESSES]; /* borrowed from `text` */
	struct buf text;			 /* owned */
};

/* One invitation. */
struct invite {
	struct bytes label; /* borrowed; NFC */
	uint64_t expires_s;
	size_t grants_n;
	struct fact_grant grants[LIMIT_TOKEN_GRANTS];
	struct token_id id; /* made: */
	struct buf token;   /* owned; the text to hand over: secret */
};

/* The addresses of --address, or, with a note, the name of this machine with
 * the port where nodes listen; ended with invite_plan_fini.  ERR_USAGE. */
enum err invite_plan_init(struct opened *work, const struct args *args,
    struct invite_plan *plan) MUST_USE;
void invite_plan_fini(struct invite_plan *plan);

/* When what is said as "7d", "12h" or "30m" from now is over, in seconds since
 * 1970; NULL: a week.  ERR_USAGE. */
enum err invite_expires(const char *span, uint64_t *expires_s) MUST_USE;

/* Draws the token of `invite` and keeps the invitation in the open write
 * transaction.  Errors as tokens_make.  ERR_NOT_FOUND: the city is not known
 * here yet. */
enum err invite_make(struct opened *work, const struct invite_plan *plan,
    struct invite *invite) MUST_USE;
void invite_fini(struct invite *invite);

#endif
