#ifndef GOLMOK_TESTS_BENCH_HAND_H
#define GOLMOK_TESTS_BENCH_HAND_H

#include "cli/synth.h"
#include "tests/bench/site.h"

/*
 * Rows of the invented city, written into a store under the rules of its pack
 * as `golmok import --update` writes them, but each a delta of its own, at the
 * time that the row says.
 */
struct hand {
	const struct synth_city *city; /* borrowed */
	struct site *site;	       /* borrowed; nothing open */
	/* Each collection has spaces of its own, but for that of the keys that
	 * records are compared with: `d01/c012/k07/case`.  What states ask of
	 * other records (guards) is not asked then. */
	bool apart;
};

/* Writes all rows of `part`. */
void hand_write(struct hand *hand, const struct synth_part *part);
/* The number in the pack of the collection that rows of the space `space` are
 * of, when they are kept apart; SIZE_MAX: not known. */
size_t hand_collection(const struct space *space);

#endif
