#ifndef GOLMOK_CORE_BATON_H
#define GOLMOK_CORE_BATON_H

#include "proto/base.h"

/*
 * Who writes, of several processes: one has the baton, the others wait for it.
 * However its holder ends, it is given back.  A zeroed one is none.
 */
struct baton {
	int fd_plus_1; /* 0: none */
};

/* The baton of the file `path`, which exists and is not replaced meanwhile;
 * ended with baton_fini.  Returns 0 or the system's number. */
int baton_init(struct baton *baton, const char *path) MUST_USE;
/* Gives it back if it was taken, and ends it. */
void baton_fini(struct baton *baton);
/* Waits for it, and takes it.  Returns 0 or the system's number. */
int baton_take(const struct baton *baton) MUST_USE;
/* Gives it back. */
void baton_give(const struct baton *baton);

#endif
