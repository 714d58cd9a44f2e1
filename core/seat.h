#ifndef GOLMOK_CORE_SEAT_H
#define GOLMOK_CORE_SEAT_H

#include "core/space.h"

/*
 * In which spaces a record has a row: TABLE_SEATS has one for each row of
 * TABLE_RECORDS, by the id first, so that where a record lies is one look-up
 * however many spaces there are.
 */

/* The spaces in which a record may have a row. */
struct seats {
	struct space_state **p; /* owned; by name */
	size_t n;
	size_t room;
};

/* In a writer: the record `id` has a row in `space` now, or none any more. */
void seat_put(
    struct txn *txn, struct space_no space, const struct record_id *id);
void seat_drop(
    struct txn *txn, struct space_no space, const struct record_id *id);

/* The spaces in which the record `id` may have a row, into the zeroed `seats`:
 * those that the table names, or all, by `*all`, while the table has not a row
 * for each record.  Ended with seat_end on failure too.  ERR_CORRUPT. */
enum err seat_find(struct txn *txn, const struct record_id *id,
    struct seats *seats, bool *all) MUST_USE;
/* All spaces in the place of what is in `seats`.  ERR_CORRUPT. */
enum err seat_all(struct txn *txn, struct seats *seats) MUST_USE;
void seat_end(struct seats *seats);

/* For fsck: was the table ever made, and is it no more being made?  One of an
 * older program was not. */
bool seat_is_made(struct txn *txn);
/* Is there exactly the row that seat_put writes? */
bool seat_has(
    struct txn *txn, struct space_no space, const struct record_id *id);

/* In a writer: makes rows for a thousand records more of a store that was
 * made without the table; clears `*whole` when others are left. */
enum err seat_refresh(struct txn *txn, bool *whole) MUST_USE;
/* Empties the table along with that of records. */
void seat_reset(struct txn *txn);

#endif
