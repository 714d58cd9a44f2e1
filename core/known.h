#ifndef GOLMOK_CORE_KNOWN_H
#define GOLMOK_CORE_KNOWN_H

#include "core/merge.h"
#include "core/space.h"

/*
 * A token says which state of a record its reader was shown: the names of its
 * latest changes then.
 */
struct known {
	struct record record;	  /* as it was shown */
	struct change_ref *heads; /* its latest changes; in the arena */
	size_t heads_n;
};

/* Which record, and how it stands now; all borrowed. */
struct known_of {
	struct txn *txn;
	struct space_state *space; /* NULL while nothing of it is held */
	const struct record_id *id;
	const struct record *now;
};

/* What whoever has `token` was shown of the record `of`, from the arena of its
 * transaction; of->now for the empty token.  ERR_INVALID: no token, or one of
 * another record. */
enum err known_read(const struct known_of *of, struct bytes token,
    struct known *known) MUST_USE;
/* Appends to `token` the text that says which state of `record` was shown. */
void known_token(const struct record *record, struct buf *token);

#endif
