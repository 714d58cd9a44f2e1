#ifndef GOLMOK_TESTS_LIB_JOB_CARRY_H
#define GOLMOK_TESTS_LIB_JOB_CARRY_H

#include "tests/lib/plant.h"

/* What goes from node to node: sessions, bodies that come late, bundles with
 * their acknowledgements, parcels. */
extern const struct job job_carry[];
extern const size_t job_carry_n;

#endif
