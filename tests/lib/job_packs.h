#ifndef GOLMOK_TESTS_LIB_JOB_PACKS_H
#define GOLMOK_TESTS_LIB_JOB_PACKS_H

#include "tests/lib/plant.h"

/* What nodes do with packs: published, carried and used from a file, while
 * indexes and views follow. */
extern const struct job job_packs[];
extern const size_t job_packs_n;

#endif
