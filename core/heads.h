#ifndef GOLMOK_CORE_HEADS_H
#define GOLMOK_CORE_HEADS_H

#include "core/oplog.h"
#include "proto/note.h"

/*
 * Signed heads of logs: size, root, and the author's signature of the
 * checkpoint that says so.  The newest of a log stands in struct log; it and
 * all of sizes divisible by HEADS_STEP are kept in TABLE_HEADS.
 */
enum { HEADS_STEP = 256 };

/* Signs the head of the headers held (one at least) with `seed`, the author's,
 * after having read the newest header back from the transaction and hashed it
 * again: it must give `leaf` and end the tree (ERR_CORRUPT otherwise).  Stored
 * as the newest head. */
enum err heads_sign(struct txn *txn, struct log *log,
    const struct sign_seed *seed, const struct hash *leaf) MUST_USE;
/* Stores a head whose signature the caller has checked, and that contradicts no
 * other, as the newest one.  `ahead` is the proof from frontier.size to it; it
 * may be NULL when frontier.size is head->size or 0.  The head before is
 * removed unless it is kept for ever.  A head that is smaller than the newest,
 * or than what is held, is kept only if it is kept for ever, and changes
 * nothing else; but when headers have come that the proof to the newest does
 * not reach, the smaller one replaces it. */
void heads_put(struct txn *txn, struct log *log, const struct note_head *head,
    const struct merkle_proof *ahead);
/* The smallest stored head of at least `size` leaves; ERR_NOT_FOUND when there
 * is none. */
enum err heads_from(struct txn *txn, const struct log *log, uint64_t size,
    struct note_head *head) MUST_USE;

/* Reads the row `row` of TABLE_HEADS with the key `key`; ERR_CORRUPT when it is
 * damaged. */
enum err heads_row(
    struct bytes key, struct bytes row, struct note_head *head) MUST_USE;
/* Did the author of `log` sign `head`?  ERR_CORRUPT: no. */
enum err heads_verify(
    const struct log *log, const struct note_head *head) MUST_USE;
/* Does the newest head of `log` lead to the headers held?  The newest header is
 * read and hashed again and must end the tree; the head must be signed and have
 * the tree's root, or the proof kept with it.  ERR_CORRUPT, kept in `txn`: no.
 */
enum err heads_check(struct txn *txn, const struct log *log) MUST_USE;

#endif
