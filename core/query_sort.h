#ifndef GOLMOK_CORE_QUERY_SORT_H
#define GOLMOK_CORE_QUERY_SORT_H

#include "core/query.h"

/*
 * What a query finds, in an order that people wish.
 */

/* One thing to sort by: no set. */
struct query_key {
	const struct expr *expr; /* of the query's collection */
	bool down;		 /* the highest first */
};
struct query_order {
	const struct query_key *keys; /* the first counts most */
	size_t keys_n;
	/* Keep only so many; 0: all, LIMIT_SORTED at most. */
	uint64_t limit;
};
/* A record in its place. */
struct query_row {
	struct space_state *space; /* of the transaction */
	struct record_id id;
	struct expr_value *values; /* owned: of each key */
};
struct query_sorted {
	struct query_row *rows; /* owned, in order */
	size_t n;
	size_t room;
	uint64_t found; /* how many there are, kept or not */
};

/* Finds all that `run`, which has just begun, gives, into `sorted`, ended by
 * query_sort_fini in every case: in the order of the keys, then by id; what is
 * nothing comes last, up or down.  Memory is needed for what is kept alone.
 * ERR_LIMIT: without a limit there are more than LIMIT_SORTED.  ERR_CORRUPT. */
enum err query_sort_run(struct query_run *run, const struct query_order *order,
    struct query_sorted *sorted) MUST_USE;
/* Gives the memory back; a zeroed struct is fine. */
void query_sort_fini(struct query_sorted *sorted);

#endif
