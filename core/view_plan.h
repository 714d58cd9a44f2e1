#ifndef GOLMOK_CORE_VIEW_PLAN_H
#define GOLMOK_CORE_VIEW_PLAN_H

#include "core/view.h"

/*
 * The views of a pack by collection, and which fields each part of them reads:
 * what has to be known at every change is looked up, not worked out.
 */

/* A set of fields of a collection, or of views of a plan, by their places. */
enum { VIEW_BITS = LIMIT_FIELDS };
struct view_bits {
	uint64_t of[VIEW_BITS / 64];
};
static_assert((int)LIMIT_VIEWS <= (int)VIEW_BITS, "views are counted as well");

static inline void
view_bits_add(struct view_bits *bits, size_t at)
{
	bits->of[at / 64] |= UINT64_C(1) << at % 64;
}

static inline bool
view_bits_has(const struct view_bits *bits, size_t at)
{
	return (bits->of[at / 64] >> at % 64 & 1) != 0;
}

/* One view. */
struct view_reads {
	const struct pack_view *view;
	uint16_t no;	      /* its number in keys */
	bool stamps;	      /* it reads when the record was made or changed */
	struct view_bits all; /* fields that anything of it reads */
	struct view_bits group[LIMIT_VIEW_PARTS];
	struct view_bits distinct[LIMIT_VIEW_PARTS];
	/* This distinct reads a field that is not of class N. */
	bool hidden[LIMIT_VIEW_PARTS];
};

/* A field that some view reads. */
struct view_field {
	const struct pack_field *field;
	size_t at; /* its place in view_bits */
	/* Of a counter that views read for its total alone: the first of them,
	 * under whose number that total is kept (VIEW_TOTALS); SIZE_MAX: of
	 * none. */
	size_t keeper;
};

struct view_plan {
	const struct pack_collection *collection;
	struct bytes name;	  /* of the collection */
	struct view_reads *views; /* owned, as `fields` */
	size_t views_n;
	struct view_field *fields; /* in the order of merge_compare */
	size_t fields_n;
};

/* The plans of all collections of `pack` that have views, in an array owned by
 * the caller. */
size_t view_plan_make(const struct pack *pack, struct view_plan **plans);
void view_plan_fini(struct view_plan *plan);
/* The plan of `collection`; NULL when it has no views, or `views` is NULL. */
const struct view_plan *view_plan_find(
    const struct views *views, struct bytes collection);

#endif
