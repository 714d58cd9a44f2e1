#ifndef GOLMOK_TESTS_LIB_WORKSHOP_H
#define GOLMOK_TESTS_LIB_WORKSHOP_H

#include "core/lookup.h"
#include "tests/lib/desk.h"

/*
 * Two nodes that wrote apart and met, under a small pack with each kind of
 * index: jobs and people in three spaces, with values that contradict each
 * other, are of the wrong class, or no values of their type.
 */
enum { WORKSHOP_RECORDS = 120 };

struct workshop {
	struct desk hall; /* the one that is asked */
	struct desk dong;
	struct pack *pack;
	struct lookup *lookup;
	struct arena arena;
	struct record_id ids[WORKSHOP_RECORDS];
	struct space in[WORKSHOP_RECORDS];
	bool is_job[WORKSHOP_RECORDS];
	size_t n;
	int64_t now;
};

/* Fails the test when `e` is an error. */
void workshop_well(enum err e);
/* One of the `n` texts of `list`. */
const char *workshop_pick(struct prng *prng, const char *const *list, size_t n);
/* For cmocka: made once for all tests, without indexes. */
int workshop_make(void **state);
int workshop_remove(void **state);
/* Begins a transaction of the hall, under the pack. */
struct txn *workshop_own_pack(struct workshop *stage, bool write);
/* Makes all indexes. */
void workshop_index_all(struct workshop *stage);

#endif
