#ifndef GOLMOK_CORE_DIALS_H
#define GOLMOK_CORE_DIALS_H

#include "core/txn.h"

/*
 * The places that whoever runs this store told it to dial.  Private to the
 * store: they go along with its backups, and never to a peer.
 */

/* All of them by their bytes, as HOST:PORT, in the arena of `txn`.  Failures of
 * LMDB and a damaged row are kept in `txn`; there are none then. */
size_t dials_list(struct txn *txn, const struct bytes **places);
/* Adds `place`, which fact_address_is_sound (asserted), in a transaction that
 * writes.  ERR_EXISTS; ERR_LIMIT: there are LIMIT_DIALS already; ERR_CORRUPT,
 * ERR_IO. */
enum err dials_add(struct txn *txn, struct bytes place) MUST_USE;
/* Takes `place` out.  ERR_NOT_FOUND, ERR_CORRUPT, ERR_IO. */
enum err dials_remove(struct txn *txn, struct bytes place) MUST_USE;

#endif
