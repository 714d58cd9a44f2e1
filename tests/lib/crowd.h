#ifndef GOLMOK_TESTS_LIB_CROWD_H
#define GOLMOK_TESTS_LIB_CROWD_H

#include "core/store.h"
#include "tests/lib/prng.h"
#include "tests/lib/tempdir.h"

/*
 * An aggregator and the centres of a whole city, each with a real store of its
 * own, keys of its own and a space of its own, all admitted and all knowing the
 * city's authority.  No network: who uses it links them as it likes.  What
 * fails ends the program.
 */
struct crowd_centre {
	char dir[2 * TEMPDIR_PATH_SIZE];
	struct store *store; /* owned, open */
	struct sign_key key;
	struct space space; /* in which it alone writes */
	uint64_t deltas;    /* that it holds there: its open and its writes */
};

struct crowd {
	struct tempdir dir;
	struct prng prng;
	struct host host;
	uint64_t now_ms; /* rises by one at each look */
	struct city_id city;
	char aggregator[2 * TEMPDIR_PATH_SIZE]; /* its store, closed */
	struct crowd_centre *centres;		/* owned */
	size_t n;
};

struct crowd_plan {
	size_t centres;
	size_t readers; /* of these, the last: they may read all spaces */
	uint64_t seed;
};

/* Makes the city; ended with crowd_fini. */
void crowd_init(struct crowd *crowd, const struct crowd_plan *plan);
void crowd_fini(struct crowd *crowd);
/* Centre `i` writes `n` records, each a delta of its own: `text` is one of
 * their fields, and random characters are another. */
void crowd_write(struct crowd *crowd, size_t i, size_t n, const char *text);
/* Opens the aggregator's store, for when no other process has it. */
struct store *crowd_aggregator(struct crowd *crowd);
/* Does `store` hold as much of the centre's log as the centre, with the same
 * root and the same state of its space? */
bool crowd_agrees(const struct crowd_centre *centre, struct store *store);
/* Ends the program with the text of `e`, unless that is ERR_OK. */
void crowd_must(enum err e);

#endif
