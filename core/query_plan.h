#ifndef GOLMOK_CORE_QUERY_PLAN_H
#define GOLMOK_CORE_QUERY_PLAN_H

#include "core/lookup.h"
#include "core/query.h"
#include "core/query_text.h"

/*
 * Which way a query takes to its records, for core/query.c.  A way leads to all
 * records that can be wanted, and to others: whoever walks looks at each.
 */
enum query_way_kind {
	QUERY_EACH,	/* every record of the space; no index is current */
	QUERY_LIST,	/* every record of the collection */
	QUERY_FIELD,	/* by the values of `field` */
	QUERY_COMPOUND, /* by those of the fields of `compound` */
	QUERY_WORD,	/* by pieces of the texts of the searched fields */
};

/* Canonical values, any of which will do. */
struct query_any {
	const struct bytes *p;
	size_t n;
};

struct query_way {
	enum query_way_kind kind;
	const struct pack_collection *collection;
	const struct pack_field *field;
	const struct pack_compound *compound;
	/* Of the field, or of the first `bound` fields of the compound. */
	struct query_any any[LIMIT_INDEX_FIELDS];
	size_t bound;
	bool has_range; /* of the field, or of the next one of the compound */
	struct lookup_range range;
	const struct query_text *text; /* WORD: its word number `word` */
	size_t word;
	/* How many walks through a space there are; 0: nothing can fit. */
	size_t walks_n;
	unsigned score; /* the best is looked at first */
};

/* What is planned for; all borrowed. */
struct query_plan_for {
	struct txn *txn;
	const struct query *query;
	const struct query_text *text;
	struct space_state *const *spaces;
	size_t spaces_n;
	struct arena *arena; /* what the way points at is taken from it */
};

/* Chooses `*way`: of those that the condition and the words open, the one with
 * the fewest records; to tell, up to QUERY_PROBE rows of each are counted.
 * ERR_CORRUPT. */
enum { QUERY_PROBE = 512 };
enum err query_plan_choose(
    const struct query_plan_for *plan, struct query_way *way) MUST_USE;
/* Starts walk number `walk` of `way` through `space`; not of QUERY_EACH. */
void query_plan_start(const struct query_way *way, struct txn *txn,
    struct space_no space, size_t walk, struct lookup_scan *scan);
/* Appends what `way` goes by, for people: "loan.by_state_due (state: 2 values,
 * due_on: a range)". */
void query_plan_words(const struct query_way *way, struct buf *words);

#endif
