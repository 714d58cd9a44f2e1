#ifndef GOLMOK_CORE_GAP_H
#define GOLMOK_CORE_GAP_H

#include "core/txn.h"

/*
 * What a look-up that finds nothing is worth.  A row whose key has a wrong bit
 * is not found, nor are rows that lie on the wrong side of it; but it lies
 * where it always did, and so right beside where the look-up ended, and its
 * checksum, which covers its key, is wrong.  Two rows tell, however many there
 * are.  For tables whose rows tables_row makes.
 */

/* Asked after a look-up of `key` in `table` that found no row: is that true?
 * ERR_CORRUPT, not kept in `txn`: a row beside it is damaged and may be the one
 * that was looked for, or hides it; a damaged row of another key is no reason.
 * What fails in LMDB is kept. */
enum err gap_none(struct txn *txn, enum table table, struct bytes key) MUST_USE;
/* As gap_none, and keeps what it finds in `txn`. */
void gap_sure(struct txn *txn, enum table table, struct bytes key);
/* For a walk from `key` on, or one that ended before it, where there may be a
 * row `key`: as gap_none, but any damaged row beside it is a reason. */
enum err gap_edge(struct txn *txn, enum table table, struct bytes key) MUST_USE;

#endif
