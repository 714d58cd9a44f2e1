#ifndef GOLMOK_TESTS_LIB_JOB_CLINIC_H
#define GOLMOK_TESTS_LIB_JOB_CLINIC_H

#include "tests/lib/plant.h"

/* Jobs under a pack that says something with every key, of two nodes that
 * follow it. */
extern const struct job job_clinic[];
extern const size_t job_clinic_n;

#endif
