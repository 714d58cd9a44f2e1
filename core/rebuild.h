#ifndef GOLMOK_CORE_REBUILD_H
#define GOLMOK_CORE_REBUILD_H

#include "core/fsck.h"

/*
 * What is derived, made again from the logs: trees, history, records, cells,
 * indexes, views, digests, and in the rows of logs everything but their names
 * and heads.  The feed stays.  The digests come out as they were, unless
 * something was wrong, or a newer program knows more kinds of deltas.
 *
 * One LMDB transaction holds about 10,000 changed pages; beyond that LMDB
 * 0.9.24 writes pages early, and does not always do that right.  So a rebuild
 * takes many transactions.  The first empties the tables and puts the meta
 * value `rebuilding`, the last removes it.  In between, also after a crash,
 * store_begin refuses with ERR_CORRUPT, so that nobody sees half a state;
 * rebuild_run then starts from the beginning.  The logs themselves are checked
 * before anything is emptied, and are never in danger.
 */

/* Rebuilds `store`, which is open alone and has no transaction open.  ERR_BUSY:
 * it is not alone.  ERR_CORRUPT: a log is damaged, and nothing was done: its
 * deltas must come from a peer or a backup first.  ERR_FULL, ERR_IO: the
 * rebuild is not complete and must be run again. */
enum err rebuild_run(
    struct store *store, const struct fsck_watch *watch) MUST_USE;

#endif
