#ifndef GOLMOK_CLI_SIMILAR_H
#define GOLMOK_CLI_SIMILAR_H

#include "proto/bytes.h"

/*
 * What somebody may have meant: of the names tried, the one that the fewest
 * letters to insert, leave out, replace or swap make out of the word.
 */
struct similar {
	struct bytes word; /* borrowed */
	const char *name;  /* the best so far; NULL: none is near */
	size_t distance;
};

/* Starts to look for names like `word`. */
struct similar similar_to(struct bytes word);
/* Keeps `name` (borrowed) when it is nearer than those before, and near enough
 * to be a slip: one letter in three, at least one. */
void similar_try(struct similar *similar, const char *name);

#endif
