#ifndef GOLMOK_TESTS_BENCH_LOAD_H
#define GOLMOK_TESTS_BENCH_LOAD_H

#include "core/intake.h"
#include "proto/body.h"
#include "tests/bench/site.h"

/*
 * What dong centres send: one log each, in a space of its own, made ahead and
 * kept in memory that is shared, so that it does not count as the receiver's.
 * Every body is 300 bytes and sets ten fields, all of class N.
 */
enum { LOAD_FIELDS = 10 };
/* What a body says instead: fills in the code, field and value of each of
 * `ops`, taken from `arena`. */
typedef void load_fields_fn(
    struct prng *prng, struct arena *arena, struct body_op ops[LOAD_FIELDS]);

struct load_plan {
	size_t centres;
	size_t first;	/* their numbers begin here */
	size_t deltas;	/* of each, besides its open */
	bool edits;	/* every second one writes a whole record anew */
	bool head_each; /* every delta is a run of its own */
	/* NULL: the collection "card", and texts in fields of no pack. */
	const char *collection;
	load_fields_fn *fields;
};

/* Headers that travel together, with what they weigh. */
struct load_chunk {
	struct intake_chunk chunk; /* but for its authority */
	size_t bytes;
};

struct load_centre {
	struct sign_seed seed;
	struct log_name name;
	struct msg_run *runs; /* one, or one for each delta */
	struct load_chunk *chunks;
	size_t chunks_n;
};

struct load {
	struct load_plan plan;
	struct load_centre *centres;
};

/* Makes the load for a city that `site` has founded, and admits its writers
 * there. */
void load_make(
    struct load *load, const struct load_plan *plan, struct site *site);
/* Admits the writers of `load` to another site of the same seed. */
void load_admit(const struct load *load, struct site *site);
/* How much memory loads have; gives back what they took since that was `mark`.
 */
size_t load_mark(void);
void load_forget(size_t mark);
/* Memory that is shared with children, zeroed, until the program ends. */
void *load_memory(size_t n);

#endif
