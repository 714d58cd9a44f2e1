#ifndef GOLMOK_TESTS_LIB_PROBE_H
#define GOLMOK_TESTS_LIB_PROBE_H

#include "core/store.h"
#include "proto/buf.h"

/*
 * What a store is asked while calls of LMDB fail below it.  The program that
 * uses it links with `-Wl,@tests/lib/fault.wrap`.
 */

/* Works something out in the open transaction of `store`, and appends what it
 * came to to `text`.  It asserts nothing. */
typedef enum err probe_fn(struct store *store, void *arg, struct buf *text);

struct probe {
	struct store *store;
	struct store *beside; /* in a read transaction, too; or NULL */
	bool write;	      /* `store` is in one that writes */
	probe_fn *fn;
	void *arg;
};

/* Has it work in transactions of its own, which are given up: once as it is,
 * then with call 1, 2, 3... of LMDB failing, alone or with all after it, until
 * there is none left.  Each time it must say an error or what it said at first.
 * Gives how many calls failed. */
unsigned probe_run(const struct probe *probe);

#endif
