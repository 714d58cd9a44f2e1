#ifndef GOLMOK_CORE_TXN_H
#define GOLMOK_CORE_TXN_H

#include "core/aside.h"
#include "core/host.h"
#include "core/kv.h"
#include "core/words.h"
#include "proto/squeeze.h"

/*
 * One transaction on the replica, with what core's files share while it is
 * open: the LMDB transaction, the spaces and logs touched (rows are read once
 * and written once, at commit), and scratch memory.  Sticky like kv: the first
 * failure decides the commit.  Callers outside core use core/store.h.
 */
struct log;
struct lookup;
struct views;
struct view_memo;
struct pack;
struct aliases;
struct space_state;
struct history_cache;
struct blocks;
struct docket;
struct vouch;

/* What a store keeps from transaction to transaction. */
struct txn_kept {
	struct squeeze squeeze;
	struct words words;
	struct aside aside;
};

struct txn {
	struct kv_txn *kv; /* owned */
	bool write;
	const struct host *host; /* borrowed */
	struct arena arena;	 /* lives until the transaction ends */
	struct arena scratch;	 /* of one change; core/apply.c resets it */
	struct history_cache *history; /* arena; core/history.c */
	struct blocks *blocks;	       /* arena; core/blocks.c */
	struct docket *dockets;	       /* arena; core/docket.c */
	struct txn_kept *kept;	       /* borrowed */
	struct squeeze *squeeze;       /* that of `kept` */
	bool words_known;	       /* core/words.c */
	/* Borrowed: of the pack that is compiled in; NULL: not known yet. */
	const struct hash *compiled;
	const struct pack *pack;       /* borrowed; in force, NULL: none */
	const struct lookup *lookup;   /* borrowed; its indexes, NULL: none */
	const struct views *views;     /* borrowed; of the pack, NULL: none */
	struct view_memo *view_memo;   /* arena; core/view_keep.c */
	bool aliases_known;	       /* of one that reads (core/alias.c) */
	const struct aliases *aliases; /* arena; NULL: none */
	struct vouch *vouch;	       /* borrowed from who began it, or NULL */
	struct space_state *spaces;    /* arena; newest first (core/space.c) */
	struct space_state **space_table; /* arena; by name, chained */
	size_t space_table_size;	  /* slots: 0 or a power of two */
	struct space_state **space_nos;	  /* arena; by number, or NULL */
	size_t space_nos_size;
	size_t spaces_n;		 /* in txn->spaces */
	struct space_state **spaces_all; /* arena; core/space.c */
	size_t spaces_all_n;		 /* 0: not read yet */
	struct log *logs;	/* arena; newest first (core/oplog.c) */
	struct log **log_table; /* arena; by id (core/oplog.c) */
	size_t log_table_size;	/* slots: 0 or a power of two */
	size_t logs_n;		/* in txn->logs */
	/* The largest space and log number that TABLE_DELTAS has, as in its
	 * keys, once it was read: behind it rows can be appended. */
	bool deltas_known;
	uint64_t deltas_end;
	/* Space and record of the last row of TABLE_HISTORY, likewise. */
	bool history_known;
	uint8_t history_end[4 + 16];
	struct buf row;	     /* owned: where a row is made; between two puts */
	bool feed_known;     /* `feed_last` was read (core/feed.c) */
	uint64_t feed_last;  /* number of the newest entry */
	uint64_t feed_first; /* the same when it was read */
	bool authority_changed; /* a delta came to the space `authority` */
	bool cuts_due;		/* some log of `logs` is to be judged again */
	uint64_t appended;	/* deltas, to whatever log */
};

/* Starts a transaction on `kv`; `host` and `kept` are borrowed until it
 * ends.  Blocks as kv_begin does and fails as it does. */
enum err txn_begin(struct kv *kv, bool write, const struct host *host,
    struct txn_kept *kept, struct txn *txn) MUST_USE;
/* Writes the rows of the spaces and logs that changed and commits; when it
 * returns ERR_OK all is durable.  Ends `txn` in every case; what was taken from
 * its arena is gone. */
enum err txn_commit(struct txn *txn) MUST_USE;
/* Ends `txn` without its changes; does nothing to a zeroed or ended one. */
void txn_abort(struct txn *txn);
/* A zeroed one is ready. */
void txn_kept_fini(struct txn_kept *kept);
/* Keeps `e` as the failure of `txn` and returns it; or returns the failure that
 * it has already, behind which nothing that is concluded means anything. */
enum err txn_fail(struct txn *txn, enum err e) MUST_USE;
/* Looks up `key` in `table`; true, and `*content` (a view until the next put),
 * when there is a row and its checksum is right.  Any failure is kept. */
bool txn_find(struct txn *txn, enum table table, const struct key *key,
    struct bytes *content) MUST_USE;
/* Stores `content` with its checksum in front under `key`. */
void txn_put(struct txn *txn, enum table table, const struct key *key,
    struct bytes content);

#endif
