#ifndef GOLMOK_CLI_ANSWER_H
#define GOLMOK_CLI_ANSWER_H

#include "cli/choice.h"
#include "cli/open.h"

/*
 * Joining by files, for a node that never has a line: a request goes to
 * somebody who may admit it, an answer comes back (docs/format.md §15).
 */

/* Draws keys for the store `dir`, which is not made yet, or finds those drawn
 * before, and writes a request for them to the file `path`; `name` is what the
 * node would like to be called, or NULL.  ERR_EXISTS: there is a store
 * already. */
enum err answer_ask(struct out *out, const char *dir, const char *path,
    const char *name) MUST_USE;

/* Makes the store `dir` from the answer in the file `path` and the keys of
 * answer_ask; or brings an existing store of that city up to it.  `pack` is the
 * name of its rules, or NULL; `city` in hex is the one that it must be, or
 * NULL.  ERR_NOT_FOUND: nothing was asked; ERR_DENIED: it lets another node in,
 * or is of another city; ERR_MALFORMED.  Then there is no store, or it is as
 * it was. */
struct answer_plan {
	const char *dir;
	const char *path;
	const struct choice *choice; /* the pack */
	const char *city;
};
enum err answer_take(struct out *out, const struct answer_plan *plan) MUST_USE;

/* Writes the answer of this store, with all that is held of `authority`, to the
 * file `path`.  The transaction must have ended. */
enum err answer_give(struct store *store, const char *path) MUST_USE;

#endif
