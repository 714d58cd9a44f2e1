#ifndef GOLMOK_TESTS_BENCH_SCALE_H
#define GOLMOK_TESTS_BENCH_SCALE_H

#include <stddef.h>

/* What a delta costs as a store grows, from 10^4 records to `most`: merged,
 * written here, read. */
void scale_row(size_t most);

#endif
