#ifndef GOLMOK_TESTS_LIB_COURT_H
#define GOLMOK_TESTS_LIB_COURT_H

#include "tests/lib/charter_held.h"

/*
 * A small city on paper: root's log 0, an admin of d01 below it with the log
 * `gu`, one of d01/c1 below that one with the log `dong`.  More is written by
 * the test into `c`, then judged without a store.
 */
#define COURT_ADMIN "read:N,write,admin"

/* Keys of members; LAST is nobody yet. */
enum { GU = 3, GU2, DONG, DONG2, WORKER, LAST };

struct court {
	struct charter c;
	struct ref gu_grant;
	struct ref dong_grant;
	size_t gu;
	size_t dong;
	struct authority authority;
	struct arena arena; /* of what was gathered */
};

/* For cmocka: make one, and remove it. */
int court_make(void **state);
int court_remove(void **state);

/* Judges all that was written, or what of it is held. */
void court_judge(struct court *court);
void court_judge_held(struct court *court, const struct charter_held *held);
/* Why the fact `ref` does not count; WHY_COUNTS: it does. */
enum authority_why court_why(const struct court *court, struct ref ref);
/* Does it stay outside by decision? */
bool court_voided(const struct court *court, struct ref ref);
/* The grant `ref`, which must be there; the member with the key `key`. */
const struct grant *court_grant(const struct court *court, struct ref ref);
const struct member *court_member(const struct court *court, size_t key);
bool court_may(
    const struct court *court, size_t key, enum right right, const char *in);
/* Writes into `log` that the fact shall count, or not. */
struct ref court_decide(
    struct court *court, size_t log, enum delta_kind kind, struct ref fact);

#endif
