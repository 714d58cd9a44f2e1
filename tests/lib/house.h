#ifndef GOLMOK_TESTS_LIB_HOUSE_H
#define GOLMOK_TESTS_LIB_HOUSE_H

#include "tests/lib/desk.h"

/*
 * A store under the first pack with some units, homes and visits, made once and
 * only read: for many inputs that are asked of it.
 */

/* The store, in a read transaction that stays open; it goes when the program
 * ends. */
struct store *house_store(void);
/* What time it is there. */
int64_t house_now_seconds(void);

#endif
