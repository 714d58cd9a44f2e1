#ifndef GOLMOK_CORE_AUDIT_H
#define GOLMOK_CORE_AUDIT_H

#include "core/oplog.h"
#include "proto/note.h"

/*
 * What a log is worth, from its raw bytes: every header hashed again, every
 * signed head checked against them, every commitment against its body.
 */
struct audit {
	uint64_t headers;
	uint64_t opaque;  /* of these */
	uint64_t heads;	  /* stored heads whose signature and root are right */
	uint64_t bodies;  /* held */
	uint64_t opened;  /* of these, read */
	uint64_t missing; /* committed to, but not held */
	bool sound;
};

/* Reads all of `log` and counts into `audit`.  ERR_OK, and audit->sound, when
 * all is right.  ERR_CORRUPT names the first thing that is not; what was
 * counted before it stays.  Scratch memory comes from `arena`, which is reset
 * on the way. */
enum err audit_log(struct txn *txn, const struct log *log, struct arena *arena,
    struct audit *audit) MUST_USE;

/* The first stored head of `log` of more than `size` leaves; `*found` is false
 * when there is none. */
enum err audit_head_after(struct txn *txn, const struct log *log, uint64_t size,
    struct note_head *head, bool *found) MUST_USE;

#endif
