#ifndef GOLMOK_CORE_PAGES_H
#define GOLMOK_CORE_PAGES_H

#include "proto/bytes.h"
#include "proto/err.h"

/*
 * The data file of LMDB as bytes, read without LMDB, which believes every page
 * and ends the process, or answers with another row, when one is damaged.
 * Here each page that one state of the file consists of is looked at: its
 * number, kind, bounds, the order of its keys, that it is used once and not
 * free.  What rows say is told by their own checksums (core/tables.h).
 */

/* Page `page` is wrong; `why` is static. */
typedef void pages_wrong_fn(void *arg, uint64_t page, const char *why);
/* A row of the table `table`, as far as it can be read: of damaged pages too,
 * so whoever takes it checks its checksum.  Its key is empty when only that it
 * must be there can be told.  Views. */
struct pages_row {
	struct bytes table;
	struct bytes key;
	struct bytes value; /* empty where it cannot lie as is said */
	/* All that its page has from the key on, for when what is said of its
	 * sizes is wrong; and what that is of its value. */
	struct bytes rest;
	uint64_t said_bytes;
};
/* `row` lives until it returns. */
typedef void pages_row_fn(void *arg, const struct pages_row *row);

struct pages_watch {
	pages_wrong_fn *wrong; /* may be NULL */
	pages_row_fn *row;     /* may be NULL: values are not read then */
	void *arg;	       /* borrowed; for both */
	/* With a row: the tables that the file should have.  One whose name, or
	 * the size of that, has one wrong bit is taken for the one that is
	 * meant; of one that is not found a row without a key is told.
	 * Borrowed. */
	const char *const *names;
	size_t names_n; /* at most PAGES_NAMES_MAX */
	/* The newest commit that somebody wrote down as done (core/mark.h); 0:
	 * nobody did. */
	uint64_t noted;
};
enum { PAGES_NAMES_MAX = 64 };

struct pages_report {
	uint64_t txn_id; /* of the state that was walked through */
	uint64_t pages;	 /* of the file that it uses or counts as free */
	uint64_t wrong;	 /* things that are */
	uint64_t lost;	 /* pages that are neither in use nor free: no harm */
	/* Children that were looked for elsewhere, because their page number
	 * was wrong, and found. */
	uint64_t mended;
};

/* Walks through the state of the file `path` that transaction `txn_id` made (0:
 * the newest that is there); somebody must keep that state from being written
 * over.  ERR_OK even when something is wrong: report->wrong counts it.
 * ERR_BUSY: others have committed twice since, and it is gone.  ERR_CORRUPT:
 * no LMDB file at all, or what told of that state is destroyed.  ERR_IO: the
 * disk. */
enum err pages_walk(const char *path, uint64_t txn_id,
    const struct pages_watch *watch, struct pages_report *report) MUST_USE;

#endif
