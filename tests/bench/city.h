#ifndef GOLMOK_TESTS_BENCH_CITY_H
#define GOLMOK_TESTS_BENCH_CITY_H

#include "proto/base.h"

/* A year of the invented city merged into an aggregator: of five centres, or
 * when `full` of all, or of as many as $CENTRES says (five at least). */
void city_row(bool full);

#endif
