#ifndef GOLMOK_CORE_SPACE_H
#define GOLMOK_CORE_SPACE_H

#include "core/txn.h"
#include "proto/delta.h"

/* A sum modulo 2^256 of BLAKE2b hashes: a state digest (core/digest.h). */
struct digest {
	uint8_t b[32];
};

/* A space that this store knows: its number, and its state digests. */
struct space_state {
	struct space_state *next;  /* in txn->spaces */
	struct space_state *chain; /* in its slot of txn->space_table */
	struct space_no no;
	struct space name;
	struct digest digests[CLASS_COUNT];
	uint64_t records; /* that exist */
	bool dirty;	  /* set by who changes it; written at commit */
};

/* The state of the space `name`; NULL when this store has never seen it.  Lives
 * until the transaction ends.  A failure is kept in `txn` and gives NULL. */
struct space_state *space_find(struct txn *txn, const struct space *name);
/* As space_find, and gives the space a number when it has none. */
enum err space_get(struct txn *txn, const struct space *name,
    struct space_state **space) MUST_USE;
/* The space with the number `no`; ERR_CORRUPT when there is none. */
enum err space_by_no(
    struct txn *txn, struct space_no no, struct space_state **space) MUST_USE;
/* All spaces, by name, into an array in txn->arena. */
enum err space_all(
    struct txn *txn, struct space_state ***spaces, size_t *n) MUST_USE;
/* Writes the dirty ones; called by txn_commit. */
void space_flush(struct txn *txn);

#endif
