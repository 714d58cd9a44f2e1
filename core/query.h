#ifndef GOLMOK_CORE_QUERY_H
#define GOLMOK_CORE_QUERY_H

#include "core/expr.h"

/*
 * Records of a collection for which a condition holds, out of all spaces below
 * a prefix that are held here: what due lists, reports and `golmok find` are
 * made of.
 *
 * A query walks through the index that its condition binds best
 * (core/query_plan.h), loads what that leads to, and looks whether it is
 * wanted.  Without an index for it, or while the indexes are made again, it
 * looks at all records: what it gives is the same, but for the order.
 */
struct query_plan;

struct query {
	/* Of the pack in force (txn->pack). */
	const struct pack_collection *collection;
	/* Below it lie the spaces of the collection's class: "", "d03",
	 * "d03/c017", or one of them itself. */
	struct space prefix;
	const struct expr *where; /* a condition; NULL: all of them */
	/* Of these words, which spaces part, each is to be found in some text
	 * that the pack has searched; empty: none. */
	struct bytes words;
	int64_t now_seconds;
	/* As struct expr_source has it, for `where`. */
	const struct aliases *aliases;
};

/* A query that has begun.  What was found lives until the next call. */
struct query_run {
	/* What query_next found last: of which record in which space. */
	struct record_id id;
	struct space_state *space;
	struct record record; /* all its values are loaded */
	/* Records looked at so far, found or not. */
	uint64_t looked;
	size_t spaces_n;	 /* that are held of what was asked for */
	struct arena arena;	 /* owned; of the record found last */
	struct query_plan *plan; /* in txn->arena */
};

/* Begins `query`, which is borrowed with all that it points at until query_end,
 * in `txn`; `run` is ended by query_end in every case.  ERR_INVALID: `words`
 * are no text, or no field of the collection is searched. */
enum err query_begin(
    struct txn *txn, const struct query *query, struct query_run *run) MUST_USE;
/* The next record, each once; `*found` is false behind the last.  It is live or
 * contested, never deleted.  Records come space by space in the order of the
 * spaces' names, in each as the index has them.  ERR_CORRUPT. */
enum err query_next(struct query_run *run, bool *found) MUST_USE;
/* Gives the memory back; a zeroed struct is fine. */
void query_end(struct query_run *run);
/* The record found last as the place of names for other expressions of its
 * collection.  What they give lives until the next call of query_next. */
struct expr_source query_source(struct query_run *run);
/* Appends what is walked through, for people: "loan.by_state_due (state,
 * due_on): 3 spaces". */
void query_explain(const struct query_run *run, struct buf *words);

#endif
