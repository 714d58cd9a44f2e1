#ifndef GOLMOK_CORE_PAGES_META_H
#define GOLMOK_CORE_PAGES_META_H

#include "core/medium.h"
#include "core/pages_raw.h"

/*
 * Where a walk through LMDB's file begins: the two first pages, of which the
 * newest that is sound counts.  For core/pages.c and core/env.c.
 */

/* Puts `n` bytes of the file into `to`, emptied first; zeros stand for what it
 * does not have. */
enum err pages_meta_bytes(
    struct medium *file, uint64_t at, size_t n, struct buf *to) MUST_USE;
/* Which state is wanted, and what is known of it. */
struct pages_state {
	/* Of the transaction that made it; 0: the newest that is there. */
	uint64_t txn_id;
	/* The newest commit that somebody wrote down as done; 0: nobody did. */
	uint64_t noted;
};

/* The meta page of the state `wanted`; *pair: both are sound and go together.
 * One that is so but for one bit counts as well, and the number of its state is
 * what its list of free pages tells.  What LMDB leaves of a commit that the
 * disk refused is nothing wrong, unless that commit is noted as done: then one
 * bit of its number is.  Others may write them meanwhile; so two that are no
 * pair are read again.  ERR_BUSY: that state is gone.  ERR_CORRUPT: no LMDB
 * file, or the page of that state is damaged.  ERR_IO: the disk. */
enum err pages_meta_read(struct medium *file, const struct pages_state *wanted,
    struct pages_meta *meta, bool *pair) MUST_USE;
/* Looks at the two first pages of the file `path` alone, however large it is;
 * `noted` as in struct pages_state.  ERR_CORRUPT: they do not go together, and
 * LMDB may take the older state for the newest one. */
enum err pages_meta_check(const char *path, uint64_t noted) MUST_USE;

#endif
