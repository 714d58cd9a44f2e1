#ifndef GOLMOK_TESTS_LIB_PLACES_H
#define GOLMOK_TESTS_LIB_PLACES_H

#include "tests/lib/town.h"

/*
 * Which delta stands at which place of which log: what stores hold, and held,
 * compared from outside.
 */
enum { PLACES_SPACES = 3 };
/* The spaces that there are; `authority` is the first. */
extern const char *const places_spaces[PLACES_SPACES];

/* One delta, as it stands in a log. */
struct place {
	struct log_id log; /* unforked */
	uint64_t seq;
	struct hash leaf;
	size_t space; /* in places_spaces */
};

struct places {
	struct place *all; /* owned */
	size_t n;
	size_t room;
};

void places_fini(struct places *places);
void places_add(struct places *places, const struct place *place);
/* Adds all that node `i` holds, what is not there yet. */
void places_held(struct town *town, size_t i, struct places *places);
bool places_have(const struct places *places, const struct place *place);
/* Is the place that `place` takes taken by another delta? */
bool places_differ(const struct places *places, const struct place *place);
/* Is some place taken twice: of `log`, or of any when that is NULL? */
bool places_twice(const struct places *places, const struct log_id *log);

#endif
