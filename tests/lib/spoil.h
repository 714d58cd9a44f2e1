#ifndef GOLMOK_TESTS_LIB_SPOIL_H
#define GOLMOK_TESTS_LIB_SPOIL_H

#include "core/oplog.h"
#include "core/tables.h"
#include "tests/lib/town.h"

/* The first log of `space`, in a write transaction of node `i` that begins
 * here. */
struct log *spoil_log(struct town *town, size_t i, const char *space);
/* Turns over two bits of the row `key`: of the byte at `at`, or at `-at` from
 * its end.  Ends the transaction and closes the store. */
void spoil_row(struct town *town, size_t i, enum table table,
    const struct key *key, long at);

#endif
