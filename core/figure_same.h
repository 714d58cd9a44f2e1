#ifndef GOLMOK_CORE_FIGURE_SAME_H
#define GOLMOK_CORE_FIGURE_SAME_H

#include "core/view.h"

/*
 * For figures that count different elements: a record and what stands for it
 * (core/alias.h) are one, also where a view has their ids as hashes alone.
 */
struct figure_same {
	struct arena arena; /* owned */
	struct figure_same_pair {
		struct bytes from;
		struct bytes to;
	} * p; /* by from */
	size_t n;
};

/* Gathers all aliases held, as elements of the part `part` of `view`; with
 * `view` NULL as hex digits.  `same` is zeroed, and ended with figure_same_fini
 * in every case. */
enum err figure_same_load(struct txn *txn, const struct pack_view *view,
    unsigned part, struct figure_same *same) MUST_USE;
/* A zeroed struct is fine. */
void figure_same_fini(struct figure_same *same);
/* The element that counts for `element`: itself where nothing stands for it. */
struct bytes figure_same_of(
    const struct figure_same *same, struct bytes element);

#endif
