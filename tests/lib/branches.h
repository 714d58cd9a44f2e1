#ifndef GOLMOK_TESTS_LIB_BRANCHES_H
#define GOLMOK_TESTS_LIB_BRANCHES_H

#include "core/intake.h"
#include "tests/lib/town.h"

/*
 * Logs that fork because their node is rolled back: files put back as they
 * were, and branches taken out of a store to be brought to another in any
 * order.
 */

/* The data file and the mark of a store, as they once were. */
struct backup {
	struct buf files[2];
};
/* Closes node `i`, keeps its files in `backup` and opens it again. */
void backup_take(struct town *town, size_t i, struct backup *backup);
/* Gives the files of node `i` the content that they had: nothing in the store
 * shows it. */
void backup_put(struct town *town, size_t i, const struct backup *backup);
void backup_fini(struct backup *backup);

enum { BRANCHES_HEADERS_MAX = 600 };

/* A whole log with its newest head, as some store held it. */
struct branch {
	struct log_name name;
	struct log_id id; /* before any fork */
	size_t n;
	struct bytes headers[BRANCHES_HEADERS_MAX]; /* arena */
	struct msg_body *bodies;		    /* arena; by seq */
	size_t bodies_n;
	struct note_head head; /* of all */
	struct arena arena;    /* owned */
};
/* Takes the log that node `i` wrote in `space`; of several the one with the
 * most deltas.  It must have a head of its size. */
void branch_take_out(
    struct town *town, size_t i, const char *space, struct branch *branch);
void branch_fini(struct branch *branch);
/* Brings the headers `from` to `to` of `branch`, with their bodies, to node `i`
 * in chunks of `step`, in a transaction of its own; what the gate says. */
enum err branch_bring(struct town *town, size_t i, const struct branch *branch,
    size_t from, size_t to, size_t step) MUST_USE;

/* Finds in `to` the tip of the log of `source`, in `from`, that begins most as
 * it does, and in how many deltas; NULL: nothing of it is held. */
struct log *branch_near(struct txn *from, const struct log *source,
    struct txn *to, uint64_t *shared);
/* Splits `near`, of `to`, where `source` has another delta than it. */
struct log *branch_split(struct txn *from, const struct log *source,
    struct txn *to, struct log *near, uint64_t at);

#endif
