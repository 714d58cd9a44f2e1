#ifndef GOLMOK_TESTS_LIB_JOB_KEYS_H
#define GOLMOK_TESTS_LIB_JOB_KEYS_H

#include "tests/lib/plant.h"

/* Members, grants, invitations, the keys of a node and of root. */
extern const struct job job_keys[];
extern const size_t job_keys_n;

#endif
