#ifndef GOLMOK_CORE_ACCEPT_H
#define GOLMOK_CORE_ACCEPT_H

#include "core/intake.h"

/* Whose word is to be taken, and by whom.  All borrowed. */
struct accept_from {
	const struct authority *authority;
	const struct sign_key *me;
	const struct sign_key *peer;
	const struct secret *backup; /* opens wraps of my own logs */
};

/* What I may take of the log `name` from the peer, in a session or a file, into
 * `*accept`, which borrows the backup key: `authority` from everybody; of a
 * data space what my grants give, if the peer may serve the space or wrote the
 * log itself.  False: nothing. */
bool accept_of(const struct accept_from *from, const struct log_name *name,
    struct intake_accept *accept);

#endif
