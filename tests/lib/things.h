#ifndef GOLMOK_TESTS_LIB_THINGS_H
#define GOLMOK_TESTS_LIB_THINGS_H

#include "tests/lib/desk.h"

/*
 * Two desks that write at random to records of the pack `things`, which has an
 * index of each kind.  A test that uses it wraps pack_embedded.
 */
enum { THINGS = 30 };

extern const char things_pack[];  /* its JSON */
extern const char things_space[]; /* where its records are */
/* The fields of "thing": a set, two registers, a register that is a datetime.
 */
extern const char *const things_fields[4];

struct things {
	struct desk hall; /* follows the pack, once it was told to */
	struct desk dong; /* has no rules */
	struct record_id ids[THINGS];
	size_t n;
};

/* For cmocka: makes both desks into `*state`, and ends them. */
int things_make(void **state);
int things_remove(void **state);
/* The desk follows the pack from now on, or none; its indexes are whole. */
void things_follow(struct desk *desk, bool pack);
/* Appends a canonical value for field number `f`; now and then of another type.
 */
void things_value(struct prng *prng, size_t f, struct buf *value);
/* `n` random writes of `desk`, one of the two, in one transaction. */
void things_write(struct things *things, struct desk *desk, int n);

#endif
