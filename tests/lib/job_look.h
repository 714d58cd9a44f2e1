#ifndef GOLMOK_TESTS_LIB_JOB_LOOK_H
#define GOLMOK_TESTS_LIB_JOB_LOOK_H

#include "tests/lib/plant.h"

/* What is worked out for people from what a node holds: reports, lists of what
 * is due, what is searched for, records that may speak of the same, what does
 * not count.  Each is told as it is, or not at all. */
extern const struct job job_look[];
extern const size_t job_look_n;

#endif
