#ifndef GOLMOK_TESTS_LIB_TALLY_H
#define GOLMOK_TESTS_LIB_TALLY_H

#include "tests/lib/town.h"

/*
 * A small pack with views of every kind, writes that move what they count, and
 * what a look at all records counts.  A test that follows the pack says
 * "LINK: -Wl,--wrap=pack_embedded" and gives tally_pack() there.  Whatever
 * fails here fails the test.
 */
enum { TALLY_RECORDS = 48 };

struct tally {
	struct record_id ids[TALLY_RECORDS];
	size_t n;
};

/* Its JSON; static. */
struct bytes tally_pack(void);
/* Which version of it that gives from now on: 1, or 2, which counts other
 * things. */
void tally_version(unsigned version);
/* From now on node `i` follows the pack, or none, and has counted what it
 * holds. */
void tally_follow(struct town *town, size_t i, bool on);

/* One random write in the open writer of `store`, to one of the records of
 * `tally` or a new one. */
void tally_write(struct tally *tally, struct store *store, struct prng *prng);
/* A record of `collection` in the open writer of `store`, with `n` edits. */
struct record_id tally_make(struct store *store, const char *collection,
    const struct store_edit *edits, size_t n);
/* The space that all of it lies in. */
struct space tally_space(void);

/* The views of `store`, which has no transaction open, are whole and say what a
 * look at all its records says.  Gives the number of rows. */
size_t tally_compare(struct store *store);
/* The same inside a transaction. */
size_t tally_compare_open(struct store *store);
/* Appends all rows of TABLE_VIEWS. */
void tally_dump(struct store *store, struct buf *out);

#endif
