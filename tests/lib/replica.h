#ifndef GOLMOK_TESTS_LIB_REPLICA_H
#define GOLMOK_TESTS_LIB_REPLICA_H

#include "core/oplog.h"
#include "tests/lib/tempdir.h"

/*
 * A store without its door: the tables of one replica in a directory of their
 * own, and a transaction.  Whatever fails here fails the test.
 */
struct replica {
	struct tempdir dir;
	struct kv *kv;
	struct txn_kept kept;
	struct host host;
	struct txn txn;
	uint64_t now_ms; /* what host.now_ms says; set by the test */
};

/* cmocka setup and teardown: `*state` is a static, open replica. */
int replica_make(void **state);
int replica_remove(void **state);
/* Begins replica->txn, commits it, ends it. */
struct txn *replica_begin(struct replica *replica, bool write);
void replica_commit(struct replica *replica);
void replica_abort(struct replica *replica);
/* Commits, closes and opens the store, and begins a writer again. */
struct txn *replica_reopen(struct replica *replica);
/* Flips bit `bit` of the stored row `key`, behind everybody's back. */
void replica_flip(struct replica *replica, enum table table,
    const struct key *key, size_t bit);

/* The name of the log that author `number` (1 to 255) writes in `space`, and
 * its seed, both made from the number. */
void replica_name(unsigned number, const char *space, struct log_name *name);
struct sign_seed replica_seed(unsigned number);
/* Appends to `header` a delta of `log` at `seq`: an open at 0, else one change
 * with a commitment for each class whose bit is in `classes`. */
void replica_header(const struct log *log, uint64_t seq, uint64_t stamp,
    unsigned classes, struct buf *header);

#endif
