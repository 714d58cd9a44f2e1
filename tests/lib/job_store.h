#ifndef GOLMOK_TESTS_LIB_JOB_STORE_H
#define GOLMOK_TESTS_LIB_JOB_STORE_H

#include "tests/lib/plant.h"

/* What one node does with its own store: founded, opened, written, read,
 * checked, packed, compacted, rebuilt, restored. */
extern const struct job job_store[];
extern const size_t job_store_n;

#endif
