#ifndef GOLMOK_TESTS_FUZZ_COST_H
#define GOLMOK_TESTS_FUZZ_COST_H

#include "proto/crypto.h"
#include "proto/err.h"

/* What the first use of an arena takes, and of a thread. */
enum { COST_ARENA = 65 * 1024, COST_THREAD = 4096 };

/*
 * What an input costs, counted and not timed: memory of the whole process, that
 * of libraries too, and the hashes and curves that our code asks for.
 */
struct cost {
	uint64_t allocations;
	uint64_t allocated_bytes; /* in all */
	uint64_t largest_bytes;	  /* at once */
	uint64_t hashes;	  /* begun */
	uint64_t hashed_bytes;
	uint64_t curves; /* signatures made or verified, secrets agreed */
	uint64_t stretched_bytes; /* passes over memory, for passphrases */
};

/* Starts counting anew. */
void cost_begin(void);
/* What came since then. */
struct cost cost_end(void);

/* So much may be spent: `fixed`, and `each` for each byte of the input. */
struct cost_limit {
	struct cost fixed;
	struct cost each;
};
/* What came since cost_begin is within `limit` for an input of `n` bytes;
 * otherwise says by what it is not, and ends the process. */
void cost_assert(const struct cost_limit *limit, size_t n);
/* After cost_begin and the opening of a file that asks for the work `asked`,
 * which ended with `e`: whoever asks for more than there may be, or for
 * nothing, was refused before any of it was done. */
void cost_assert_asked(const struct crypto_cost *asked, enum err e);

#endif
