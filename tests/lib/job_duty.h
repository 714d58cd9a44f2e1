#ifndef GOLMOK_TESTS_LIB_JOB_DUTY_H
#define GOLMOK_TESTS_LIB_JOB_DUTY_H

#include "tests/lib/plant.h"

/* A day's work under the first pack, whose rules fill in, copy and refuse; and
 * decisions about what does not count. */
extern const struct job job_duty[];
extern const size_t job_duty_n;

#endif
