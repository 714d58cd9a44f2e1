#ifndef GOLMOK_TESTS_LIB_JOB_TWINS_H
#define GOLMOK_TESTS_LIB_JOB_TWINS_H

#include "tests/lib/plant.h"

/* Who may be the same, and what units say of it. */
extern const struct job job_twins[];
extern const size_t job_twins_n;

#endif
