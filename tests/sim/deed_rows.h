#ifndef GOLMOK_TESTS_SIM_DEED_ROWS_H
#define GOLMOK_TESTS_SIM_DEED_ROWS_H

#include "core/store.h"

/*
 * Rows of the synthetic city (cli/synth.h) as writes: the year of its smallest
 * centre, in the order of time, behind some of what the city and its district
 * know.  Each town has them under ids of its own.
 */
enum { DEED_TOWNS_MAX = 256, DEED_IDS_MAX = 2 };

/* Where a row is written, and which records that may have made: its own, and
 * the copy of what may be compared. */
struct deed_row {
	const struct space *space;
	size_t town;
	size_t n;
	struct record_id ids[DEED_IDS_MAX];
	size_t ids_n; /* 0: none */
};

/* Draws them, once in a process; how many there are. */
size_t deed_rows_count(const char *scratch);
/* Writes `row` in the open write transaction of `store`, as an import would: a
 * record that is there is brought to what the row says. */
enum err deed_rows_write(struct store *store, struct deed_row *row) MUST_USE;

#endif
