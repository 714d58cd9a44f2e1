#ifndef GOLMOK_TESTS_BENCH_WEIGH_H
#define GOLMOK_TESTS_BENCH_WEIGH_H

#include "proto/base.h"

/* Bytes on disk of each table, and memory while merging `deltas` deltas. */
void weigh_disk(void);
void weigh_memory(uint64_t deltas);

#endif
