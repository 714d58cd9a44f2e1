#ifndef GOLMOK_CORE_SALVAGE_H
#define GOLMOK_CORE_SALVAGE_H

#include "core/salvage_rows.h"
#include "core/store.h"

/*
 * What is sound in a damaged data file of this node, taken into a store through
 * the gate that every peer's deltas pass (core/intake.h): of each log as far as
 * headers lead to what its author signed, bodies as far as they are what those
 * promised.  May be done again when the store has got more from others, for
 * what lies behind a gap.
 */
struct salvage {
	struct salvage_rows rows;
	uint64_t logs;	  /* that the file tells of */
	uint64_t deltas;  /* that came into the store now */
	uint64_t missing; /* that the file counts and the store has not */
	uint64_t owed;	  /* others, whose bodies the store has not */
	uint64_t unknown; /* logs, of authors whom the store does not know */
};

/* Takes what is sound of the data file `path` into `store`, which has no
 * transaction open, in as many transactions as that takes.  `scratch` is a
 * directory for its use, made and removed.  With `all` also what a store keeps
 * about itself: for one that was just made.  `noted` is the newest commit that
 * is known to be done there (mark_noted), or 0.  Errors are those of the disk
 * and of `store`; ERR_CORRUPT: it is no data file. */
struct salvage_plan {
	const struct host *host;
	const char *path;
	const char *scratch;
	bool all;
	uint64_t noted;
};
enum err salvage_run(struct store *store, const struct salvage_plan *plan,
    struct salvage *salvage) MUST_USE;

#endif
