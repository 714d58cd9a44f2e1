#ifndef GOLMOK_PROTO_WHY_H
#define GOLMOK_PROTO_WHY_H

#include "proto/err.h"

/* The number that stands for the outcome `e` in MSG_CLOSE (docs/sync.md §3). */
unsigned why_number(enum err e);
/* The outcome of a number; ERR_PEER for one that only a newer program knows. */
enum err why_outcome(uint64_t number) MUST_USE;

#endif
