#ifndef GOLMOK_TESTS_LIB_HOLE_H
#define GOLMOK_TESTS_LIB_HOLE_H

#include "core/tables.h"
#include "tests/lib/town.h"

/*
 * Wrong bits in keys of rows, in the data file of a node of a town while its
 * store is open: rows that are there and are not found.
 */
enum {
	HOLE_ROWS_MAX = 64,
	HOLE_PLACES_MAX = 64,
	/* In front of a key LMDB has its size. */
	HOLE_SIZE_BITS = 16,
};

/* A row, and where it lies in the file, now or once. */
struct hole_row {
	struct key key;
	uint64_t places[HOLE_PLACES_MAX];
	size_t places_n;
};

struct holes {
	struct store *store; /* borrowed */
	struct hole_row rows[HOLE_ROWS_MAX];
	size_t n;
	struct buf file; /* owned: as it was */
	int fd;		 /* owned */
};

/* Opens the data file of node `i`, to which nothing is written from now on.
 * Ended with hole_close. */
void hole_open(struct holes *holes, struct town *town, size_t i);
void hole_close(struct holes *holes);
/* Reads the first rows of `table` into holes->rows, but for those that have
 * pages of their own or a key as only views have. */
void hole_rows(struct holes *holes, enum table table);
/* Turns over the bit `bit`, counted from the size of the row's key on. */
void hole_flip(const struct holes *holes, const struct hole_row *row, long bit);
/* Calls `look` with each bit of the key of each row turned over, and with the
 * lowest of its size. */
void hole_each(
    const struct holes *holes, void (*look)(const struct hole_row *damaged));

#endif
