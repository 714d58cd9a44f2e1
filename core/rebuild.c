/*
 * From the logs to everything else, again: `golmok rebuild` and repairs call
 * it.  Reads every log three times: to see that it is whole, to make its tree
 * and row, and to put its changes on the road (core/apply.c).
 */
#include "core/rebuild.h"

#include <string.h>

#include "core/apply.h"
#include "core/force.h"
#include "core/lookup_keep.h"
#include "core/view_keep.h"
#include "core/meta.h"
#include "core/oplog_body.h"
#include "core/oplog_make.h"
#include "core/seat.h"
#include "core/trace.h"
#include "core/tree.h"
#include "proto/mem.h"

/* How many pages the changes of one transaction may touch, about. */
enum { WEIGHT_MAX = 2000, PAGE_BYTES = 4096 };

/* A log on its way onto the road. */
struct source {
	struct space space;
	struct log_id id;
	uint64_t seq;	    /* next */
	struct stamp stamp; /* of that one; 0 when it is opaque */
	unsigned weight;    /* and about how many pages it touches */
};

struct rebuild {
	struct store *store;
	const struct fsck_watch *watch;
	bool write;	 /* what the transactions are */
	unsigned weight; /* of the transaction so far */
	uint64_t done;
	uint64_t all;
	struct source *logs; /* owned: all logs, space by space */
	size_t logs_n;
	size_t logs_room;
};

/* What a trace hands to the tree. */
struct planting {
	struct rebuild *rebuild;
	const struct log *log;
};

static enum err begin(struct rebuild *r) MUST_USE;
static enum err finish(struct rebuild *r) MUST_USE;
static enum err breathe(struct rebuild *r, unsigned weight) MUST_USE;
static enum err logs_list(struct rebuild *r) MUST_USE;
static enum err logs_trace(struct rebuild *r) MUST_USE;
static enum err log_trace(
    struct rebuild *r, const struct source *source) MUST_USE;
static enum err log_find(
    struct rebuild *r, const struct source *source, struct log **log) MUST_USE;
static enum err delta_trace(struct rebuild *r, struct trace *trace,
    struct log *log, struct arena *arena) MUST_USE;
static void plant(
    void *arg, unsigned level, uint64_t index, const struct hash *node);
static enum err tables_empty(struct rebuild *r) MUST_USE;
static enum err logs_judge(struct rebuild *r) MUST_USE;
static enum err road_run(struct rebuild *r) MUST_USE;
static enum err space_run(
    struct rebuild *r, struct source *heap, size_t n) MUST_USE;
static enum err source_look(
    struct rebuild *r, struct source *source, bool *more) MUST_USE;
static void sink(struct source *heap, size_t n, size_t at);

enum err
rebuild_run(struct store *store, const struct fsck_watch *watch)
{
	struct rebuild r = {.store = store, .watch = watch};
	enum err e = begin(&r);

	if (e == ERR_OK)
		e = logs_list(&r);
	if (e == ERR_OK)
		e = logs_trace(&r);
	store_abort(store);
	if (e != ERR_OK)
		goto out;
	r.write = true;
	e = begin(&r);
	if (e == ERR_OK)
		e = tables_empty(&r);
	if (e == ERR_OK)
		e = logs_trace(&r);
	if (e == ERR_OK)
		e = logs_judge(&r);
	if (e == ERR_OK)
		e = road_run(&r);
	if (e == ERR_OK)
		e = finish(&r);
	store_abort(store);
	if (e == ERR_OK)
		store_set_rebuilding(store, false);
out:
	mem_free(r.logs);
	return e == ERR_OK ? e : err_wrap(e, "rebuild %s", store_dir(store));
}

/* What an older program could not read may bring another pack into force. */
static enum err
finish(struct rebuild *r)
{
	const struct authority *authority;
	enum err e = store_authority(r->store, &authority);

	if (e == ERR_OK)
		e = force_settle(store_txn(r->store), authority);
	if (e != ERR_OK)
		return e;
	meta_del(store_txn(r->store), meta_rebuilding);
	return store_commit(r->store);
}

static enum err
begin(struct rebuild *r)
{
	r->weight = 0;
	return store_begin_rebuild(r->store, r->write);
}

/* `weight` more pages are about to be touched: ends the transaction and begins
 * the next when they would be too many. */
static enum err
breathe(struct rebuild *r, unsigned weight)
{
	enum err e;

	r->done++;
	if (r->watch != NULL && r->watch->progress != NULL)
		r->watch->progress(r->watch->arg, r->done, r->all);
	r->weight += weight;
	if (!r->write || r->weight <= WEIGHT_MAX)
		return ERR_OK;
	e = store_commit(r->store);
	if (e != ERR_OK)
		return e;
	store_set_rebuilding(r->store, true);
	e = begin(r);
	r->weight = weight;
	return e;
}

static enum err
logs_list(struct rebuild *r)
{
	struct txn *txn = store_txn(r->store);
	struct space_state **spaces;
	size_t spaces_n;
	enum err e = space_all(txn, &spaces, &spaces_n);

	for (size_t i = 0; i < spaces_n && e == ERR_OK; i++) {
		struct log **logs;
		size_t n;

		e = oplog_all(txn, spaces[i], &logs, &n);
		if (e != ERR_OK)
			break;
		mem_room(
		    &r->logs, &r->logs_room, r->logs_n + n, sizeof(*r->logs));
		for (size_t k = 0; k < n; k++) {
			r->all += 3 * logs[k]->frontier.size - logs[k]->below;
			r->logs[r->logs_n++] = (struct source){
			    .space = spaces[i]->name,
			    .id = logs[k]->id,
			    .seq = logs[k]->below};
		}
	}
	return e;
}

/* Reads every log from its first delta on, and writes its tree and row if the
 * transactions write. */
static enum err
logs_trace(struct rebuild *r)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < r->logs_n && e == ERR_OK; i++)
		e = log_trace(r, &r->logs[i]);
	return e;
}

static enum err
log_trace(struct rebuild *r, const struct source *source)
{
	struct arena arena = {0};
	struct trace trace;
	struct planting planting = {.rebuild = r};
	struct log *log;
	struct key key;
	enum err e = log_find(r, source, &log);

	if (e != ERR_OK)
		return e;
	trace_init(&trace, log);
	trace.done = plant;
	trace.arg = &planting;
	while (e == ERR_OK && trace.log.frontier.size < log->frontier.size) {
		planting.log = log;
		e = delta_trace(r, &trace, log, &arena);
		if (e == ERR_OK)
			e = breathe(r, trace.log.frontier.size % 16 == 0);
		if (e == ERR_OK)
			e = log_find(r, source, &log);
	}
	arena_fini(&arena);
	if (e != ERR_OK)
		return e;
	if (memcmp(trace.log.frontier.nodes, log->frontier.nodes,
		merkle_frontier_n(log->frontier.size) * sizeof(struct hash)) !=
	    0) {
		tables_log_key(log->space->no, &log->id, &key);
		return tables_corrupt(TABLE_LOGS, tables_key(&key),
		    "its tree is not that of its headers");
	}
	if (r->write)
		trace_adopt(&trace, log);
	return ERR_OK;
}

static enum err
log_find(struct rebuild *r, const struct source *source, struct log **log)
{
	struct txn *txn = store_txn(r->store);
	struct space_state *space = space_find(txn, &source->space);

	*log = space == NULL ? NULL : oplog_find(txn, space, &source->id);
	assert(*log != NULL || kv_failed(txn->kv) != ERR_OK);
	return kv_failed(txn->kv);
}

static enum err
delta_trace(struct rebuild *r, struct trace *trace, struct log *log,
    struct arena *arena)
{
	struct txn *txn = store_txn(r->store);
	uint64_t seq = trace->log.frontier.size;
	struct stored_delta stored;
	enum err e = oplog_get(txn, log, seq, &stored);

	if (e != ERR_OK)
		return e;
	arena_reset(arena);
	stored.header = arena_bytes(arena, stored.header);
	stored.bodies = arena_bytes(arena, stored.bodies);
	trace_next(trace, &stored, arena);
	if (!r->write || seq < log->below ||
	    stored.opaque == trace->delta.opaque)
		return kv_failed(txn->kv);
	return oplog_body_opaque(txn, log, seq, trace->delta.opaque);
}

static void
plant(void *arg, unsigned level, uint64_t index, const struct hash *node)
{
	const struct planting *planting = arg;

	/* What is another's too is planted there. */
	if (planting->rebuild->write &&
	    (index + 1) << level > planting->log->below)
		tree_put(store_txn(planting->rebuild->store), planting->log,
		    level, index, node);
}

static enum err
tables_empty(struct rebuild *r)
{
	const enum table derived[] = {TABLE_TIPS, TABLE_TREE, TABLE_HISTORY,
	    TABLE_DECISIONS, TABLE_RECORDS, TABLE_CELLS};
	struct txn *txn = store_txn(r->store);
	struct space_state **spaces;
	size_t n;
	enum err e = space_all(txn, &spaces, &n);

	if (e != ERR_OK)
		return e;
	meta_put_number(txn, meta_rebuilding, 1);
	for (size_t i = 0; i < COUNT_OF(derived); i++)
		kv_clear(txn->kv, derived[i]);
	seat_reset(txn);
	words_clear(txn);
	lookup_keep_reset(txn);
	view_keep_reset(txn);
	for (size_t i = 0; i < n; i++) {
		memset(spaces[i]->digests, 0, sizeof(spaces[i]->digests));
		spaces[i]->records = 0;
		spaces[i]->dirty = true;
	}
	for (size_t i = 0; i < r->logs_n && e == ERR_OK; i++) {
		struct log *log;

		e = log_find(r, &r->logs[i], &log);
		if (e == ERR_OK)
			oplog_make_rows(txn, log);
	}
	return e == ERR_OK ? kv_failed(txn->kv) : e;
}

/* Which logs count, now that their rows and trees are right. */
static enum err
logs_judge(struct rebuild *r)
{
	const struct authority *authority;
	enum err e = store_authority(r->store, &authority);

	for (size_t i = 0; i < r->logs_n && e == ERR_OK; i++) {
		struct log *log;

		e = log_find(r, &r->logs[i], &log);
		if (e != ERR_OK)
			break;
		e = apply_judge(store_txn(r->store), authority, log);
	}
	return e;
}

/* Puts all deltas on the road, space by space. */
static enum err
road_run(struct rebuild *r)
{
	size_t end = 0;
	enum err e = ERR_OK;

	for (size_t at = 0; at < r->logs_n && e == ERR_OK; at = end) {
		end = at;
		while (end < r->logs_n &&
		       id_space_equal(&r->logs[at].space, &r->logs[end].space))
			end++;
		e = space_run(r, &r->logs[at], end - at);
	}
	return e;
}

/* The deltas of a space in the order of their stamps: what a change knew comes
 * before it, so that nearly all are folded without looking at their history. */
static enum err
space_run(struct rebuild *r, struct source *heap, size_t n)
{
	size_t left = 0;
	bool more;
	enum err e = ERR_OK;

	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		struct source source = heap[i];

		e = source_look(r, &source, &more);
		if (e == ERR_OK && more)
			heap[left++] = source;
	}
	for (size_t i = left; i > 0; i--)
		sink(heap, left, i - 1);
	while (left > 0 && e == ERR_OK) {
		struct source *next = &heap[0];
		struct log *log;

		e = breathe(r, next->weight);
		if (e == ERR_OK)
			e = log_find(r, next, &log);
		if (e == ERR_OK)
			e = apply_stored(store_txn(r->store), log, next->seq);
		next->seq++;
		if (e == ERR_OK)
			e = source_look(r, next, &more);
		if (e == ERR_OK && !more)
			heap[0] = heap[--left];
		sink(heap, left, 0);
	}
	return e;
}

/* Looks at the next delta of `source`, if there is one. */
static enum err
source_look(struct rebuild *r, struct source *source, bool *more)
{
	struct txn *txn = store_txn(r->store);
	struct arena arena = {0};
	struct stored_delta stored;
	struct delta delta;
	struct log *log;
	enum err e = log_find(r, source, &log);

	*more = e == ERR_OK && source->seq < log->frontier.size;
	if (!*more)
		return e;
	e = oplog_get(txn, log, source->seq, &stored);
	if (e != ERR_OK)
		return e;
	oplog_decode(&stored, &arena, &delta);
	source->stamp = delta.stamp;
	source->weight = (unsigned)(1 + 2 * delta.changes_n +
				    (stored.header.n + stored.bodies.n) /
					PAGE_BYTES);
	arena_fini(&arena);
	return ERR_OK;
}

/* Lets heap[at] sink to where no stamp below it is smaller. */
static void
sink(struct source *heap, size_t n, size_t at)
{
	for (;;) {
		size_t child = 2 * at + 1;
		struct source moved;

		if (child + 1 < n &&
		    heap[child + 1].stamp.v < heap[child].stamp.v)
			child++;
		if (child >= n || heap[at].stamp.v <= heap[child].stamp.v)
			return;
		moved = heap[at];
		heap[at] = heap[child];
		heap[child] = moved;
		at = child;
	}
}
