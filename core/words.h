#ifndef GOLMOK_CORE_WORDS_H
#define GOLMOK_CORE_WORDS_H

#include "core/tables.h"
#include "proto/arena.h"

struct txn;

/*
 * Short strings that many rows say again: names of fields and collections, ids
 * of logs and of staff.  This store gives each a number, from 1 on, and rows of
 * records say the number (core/row.h).  A word is never changed or taken back
 * but by a rebuild, which makes the rows anew too.
 *
 * The list is kept in memory from transaction to transaction; what a writer
 * adds to it reaches the table when it commits.
 */
enum { WORDS_SIZE_MAX = 64 };

struct word {
	struct bytes text;
	uint64_t head; /* its first 8 bytes, big-endian, zeros behind */
};

/* A zeroed one is empty; it ends with words_fini. */
struct words {
	struct arena arena; /* of the texts */
	struct word *list;  /* owned; number 1 first */
	size_t n;
	size_t room;
	size_t stored;	 /* of them lie in the table */
	uint32_t *slots; /* owned; numbers by hash, 0: free */
	size_t slots_n;	 /* 0, or a power of two above 2 * n */
};

/* The number of `text`; 0 when it has none. */
uint32_t words_find(const struct words *words, struct bytes text);
/* As words_find, and gives it a number if it has none.  0 when it is too long
 * (WORDS_SIZE_MAX) or the list is full (LIMIT_WORDS): a row then says it in
 * full. */
uint32_t words_add(struct words *words, struct bytes text);
/* Forgets all, as if nothing had been read yet. */
void words_fini(struct words *words);

/* The list of `txn`, with all that its snapshot has; a failure is kept in
 * `txn`, and the list is then short of words. */
struct words *words_of(struct txn *txn);
/* Reads all from the table again, for fsck, which does not trust what is in
 * memory.  Nothing may be new. */
void words_again(struct txn *txn);
/* Writes down what is new; called by txn_commit. */
void words_flush(struct txn *txn);
/* Called when the transaction has ended, `durable` or not: what is not in the
 * table is no word. */
void words_ended(struct words *words, bool durable);
/* Removes all words; no row may be left that says one. */
void words_clear(struct txn *txn);

#endif
