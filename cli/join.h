#ifndef GOLMOK_CLI_JOIN_H
#define GOLMOK_CLI_JOIN_H

#include "cli/choice.h"
#include "cli/open.h"

/*
 * Joining a city by a token: a store with keys of its own that remembers the
 * token until it has been let in, so that it can be cut off at any point and
 * run again.
 */

/* Reads the token `text` and makes the store `dir` for it, or finds it made
 * before; with `text` NULL the store's own token is taken up again.  Dials the
 * addresses of the token in turn until one lets this node in and both have what
 * they may have, each for `timeout_ms` without a sign at the most.  ERR_USAGE:
 * a typing error; ERR_EXISTS: the store is one of another city, or has no use
 * for a token; ERR_PEER: no address let it in, and why for each; ERR_DENIED:
 * the city is not the one that the token says. */
struct join_plan {
	const char *dir;
	const char *text;
	const struct choice *choice; /* the pack */
	uint64_t timeout_ms;
};
enum err join_by_token(struct out *out, const struct join_plan *plan) MUST_USE;

/* Is the node of `store` a member whose admission counts, by `authority`? */
bool join_is_member(
    const struct authority *authority, const struct store *store);
/* Says what this node, a member, is now: its city, its name, what it may do.
 * The store has a transaction open. */
enum err join_say(struct out *out, struct store *store) MUST_USE;

#endif
