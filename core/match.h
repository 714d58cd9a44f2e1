#ifndef GOLMOK_CORE_MATCH_H
#define GOLMOK_CORE_MATCH_H

#include "core/store.h"

/*
 * Fields by which records of several centres can be compared without showing
 * what stands in them: a keyed hash of another field, filled by the node that
 * writes (docs/packs.md, match).
 */
enum { MATCH_SIZE = 16 };

/* Appends `text` (UTF-8) as it is compared:
 *	text	normal form C, small letters, no spaces
 *	name	folded as `fold` says (core/fold.h), no spaces, Hangul letter by
 *		letter
 *	address folded, no spaces, nothing in brackets or behind a comma's
 *		sign; numbers without leading zeros, a dash between two of them
 *	phone	its digits, +82 being 0
 *	date	its digits
 * Nothing is appended when nothing is left.  ERR_INVALID, ERR_LIMIT as
 * text_nfc. */
enum err match_normal(enum pack_normal as, const struct pack_fold *fold,
    struct bytes text, struct buf *out) MUST_USE;
/* The hash of a text as it is compared: the first MATCH_SIZE bytes of
 * BLAKE2b-256 keyed with `secret` (16 to 64 bytes). */
void match_hash(struct bytes secret, struct bytes normal, uint8_t *hash);

/* The key that is in force for the records of `space` at the time of
 * txn->host: in the nearest space of the class of pack->match->collection that
 * has one whose day has come, the newest; of two of one day the one whose
 * record id is greater.  Near is, for `d03/c017/case`: d03/c017, d03/c017/all,
 * d03, d03/all, and at last city/all.  `*secret` is from the arena of `txn`,
 * empty when there is none.  ERR_CORRUPT: a row of such a space is damaged. */
enum err match_key(
    struct txn *txn, const struct space *space, struct bytes *secret) MUST_USE;

/* Appends the names of the spaces here, ", " between them, that hold records of
 * which fields stay empty for lack of a key.  ERR_CORRUPT. */
enum err match_lacking(struct txn *txn, struct buf *names) MUST_USE;

/* Adds to the edits of `write`, of a record of `collection`, what it means for
 * the fields with `match` whose source it edits; an edit of such a field that
 * was there gives way.  Without a key those of values that `record`, as it
 * stands (ignored when creating), does not show are emptied, unless they are
 * edited themselves: what stood there is not that of the new value.  The edits
 * are then an array in the arena of `txn`.  Errors as match_normal and
 * match_key.
 */
enum err match_fill(struct txn *txn, const struct pack_collection *collection,
    const struct record *record, struct store_write *write) MUST_USE;

#endif
