#ifndef GOLMOK_CORE_DIGEST_H
#define GOLMOK_CORE_DIGEST_H

#include "core/merge.h"
#include "core/oplog.h"
#include "core/space.h"

/*
 * What state this is, in 32 bytes (docs/format.md §10).  The log digest is the
 * proof; the state digest is a self-check of one space and data class: the sum
 * modulo 2^256 of one BLAKE2b hash for each record (its status and the fields
 * with one value) and one for each value of a field that has several, so that
 * one change costs the same in a record of ten notes and of ten thousand.
 */
enum { DIGEST_STATE_VERSION = 1 };

/* sum += term, or sum -= term, modulo 2^256, big-endian. */
void digest_add(struct digest *sum, const struct digest *term);
void digest_sub(struct digest *sum, const struct digest *term);

/* The term of `record` for `class`: its id, status and every field that has
 * exactly one value, of that class.  Class N: for every record that exists.
 * False, and `term` all zero, when there is none: without such a value in
 * another class, or without the record. */
bool digest_record(const struct record_id *id, const struct record *record,
    enum delta_class class, struct digest *term);
/* The term of one value of a field that has several. */
void digest_value(const struct record_id *id, const struct record_field *field,
    const struct dot *dot, struct bytes value, struct digest *term);

/* The log digest of `space` (docs/format.md §10): over its logs and those of
 * `authority`, sorted, with size and root. */
enum err digest_logs(
    struct txn *txn, struct space_state *space, struct hash *digest) MUST_USE;

#endif
