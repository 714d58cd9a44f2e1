/*
 * Bodies that come late to stored deltas, and those that are taken out.
 * core/apply.c brings what peers send, core/rebuild.c what a newer program
 * understands.  Never changes a header.
 */
#include "core/oplog_body.h"

#include <string.h>

#include "core/blocks.h"
#include "core/oplog_row.h"
#include "core/packing.h"
#include "core/tip.h"
#include "core/trace.h"

static enum err row_replace(
    struct txn *txn, const struct log *owner, uint64_t seq) MUST_USE;
static bool row_merge(const struct stored_delta *stored,
    const struct stored_body *body, struct buf *row);
static enum err move_on_all(
    struct txn *txn, struct log *log, uint64_t seq) MUST_USE;
static unsigned worth(enum body_form form);
static enum err move_on(
    struct txn *txn, struct log *log, uint64_t seq) MUST_USE;
static bool waits_at(const struct log *log, uint64_t seq);
static bool row_without(const struct stored_delta *stored,
    const struct stored_body *body, struct buf *row);
static enum err go_back(struct txn *txn, struct log *log, uint64_t seq,
    enum delta_class class) MUST_USE;

enum err
oplog_body_opaque(struct txn *txn, struct log *log, uint64_t seq, bool opaque)
{
	struct stored_delta stored;
	struct stored_body body;
	const struct log *owner;
	enum err e = oplog_get(txn, log, seq, &stored);

	assert(txn->write);
	if (e == ERR_OK)
		e = oplog_owner(txn, log, seq, &owner);
	if (e != ERR_OK)
		return e;
	tables_row_begin(&txn->row);
	oplog_row_header(opaque, stored.header, &txn->row);
	while (oplog_row_next(&stored.bodies, &body))
		oplog_row_body(&body, &txn->row);
	return row_replace(txn, owner, seq);
}

/* Stores txn->row in the place of what is stored as the delta `seq` of `owner`:
 * over its row, or for what a block has of it, until that is packed again. */
static enum err
row_replace(struct txn *txn, const struct log *owner, uint64_t seq)
{
	struct blocks_extent extent;
	struct log *log;
	struct key key;
	enum err e = oplog_by_no(txn, owner->no, &log);

	if (e != ERR_OK)
		return e;
	tables_delta_key(owner->space->no, owner->no, seq, &key);
	tables_row_end(tables_key(&key), &txn->row);
	kv_put(txn->kv, TABLE_DELTAS, tables_key(&key), buf_bytes(&txn->row));
	blocks_touch(txn, owner, seq);
	if (seq >= log->packed)
		return kv_failed(txn->kv);
	extent = blocks_at(txn, owner, seq);
	log->packed = extent.n > 0 && seq - extent.first < extent.n
			  ? extent.first
			  : seq;
	log->dirty = true;
	return kv_failed(txn->kv);
}

enum err
oplog_body_put(struct txn *txn, struct log *log, uint64_t seq,
    const struct stored_body *body, bool *news)
{
	struct stored_delta stored;
	const struct log *owner;
	enum err e = oplog_get(txn, log, seq, &stored);

	assert(txn->write);
	*news = false;
	if (e == ERR_OK)
		e = oplog_owner(txn, log, seq, &owner);
	if (e != ERR_OK)
		return e;
	tables_row_begin(&txn->row);
	oplog_row_header(stored.opaque, stored.header, &txn->row);
	*news = row_merge(&stored, body, &txn->row);
	if (!*news)
		return ERR_OK;
	e = row_replace(txn, owner, seq);
	if (e != ERR_OK)
		return e;
	return oplog_is_branch(log) ? move_on_all(txn, log, seq)
				    : move_on(txn, log, seq);
}

/* A row that several branches share came to the counts of all of them. */
static enum err
move_on_all(struct txn *txn, struct log *log, uint64_t seq)
{
	struct arena arena = {0};
	struct tips sharing = {.arena = &arena};
	enum err e = tip_sharing(txn, log, seq, &sharing);

	for (size_t i = 0; i < sharing.n && e == ERR_OK; i++)
		e = move_on(txn, sharing.p[i], seq);
	arena_fini(&arena);
	return e;
}

/* Appends the bodies of `stored` and `body` in order; false when there is
 * nothing new in it. */
static bool
row_merge(const struct stored_delta *stored, const struct stored_body *body,
    struct buf *row)
{
	struct bytes rest = stored->bodies;
	struct stored_body old;
	bool placed = false;
	int order;

	while (oplog_row_next(&rest, &old)) {
		order = oplog_row_compare(body, &old);
		if (order == 0 && worth(body->form) <= worth(old.form))
			return false;
		if (order <= 0 && !placed) {
			oplog_row_body(body, row);
			placed = true;
		}
		if (order != 0)
			oplog_row_body(&old, row);
	}
	if (!placed)
		oplog_row_body(body, row);
	return true;
}

/* Of two forms of one body the one of more worth is kept. */
static unsigned
worth(enum body_form form)
{
	switch (form) {
	case BODY_BLIND:
		return 0;
	case BODY_PASSED:
		return 1;
	case BODY_KEPT:
		return 2;
	case BODY_OPEN:
		return 3;
	}
	return 0;
}

/* Something came to the delta `seq`: counts that stopped there go on, over all
 * that came earlier behind it.  No delta is passed twice by the same count. */
static enum err
move_on(struct txn *txn, struct log *log, uint64_t seq)
{
	struct arena arena = {0};
	struct stored_delta stored;
	struct delta delta;
	enum err e = kv_failed(txn->kv);

	for (; e == ERR_OK && waits_at(log, seq); seq++) {
		e = oplog_get(txn, log, seq, &stored);
		if (e != ERR_OK)
			break;
		arena_reset(&arena);
		oplog_decode(&stored, &arena, &delta);
		trace_count(log, &delta, &stored);
		log->dirty = true;
	}
	arena_fini(&arena);
	return e;
}

/* Does a count stop at `seq`, a delta that is held? */
static bool
waits_at(const struct log *log, uint64_t seq)
{
	bool waits = log->held == seq || log->wrapped == seq ||
		     log->kept == seq;

	for (unsigned class = 0; class < CLASS_COUNT; class ++)
		waits = waits || log->open[class] == seq;
	return waits && seq < log->frontier.size;
}

enum err
oplog_body_drop(struct txn *txn, struct log *log, uint64_t seq, uint16_t change,
    enum delta_class class)
{
	const struct stored_body body = {.change = change, .class = class};
	struct stored_delta stored;
	const struct log *owner;
	struct log *mutable;
	enum err e = oplog_get(txn, log, seq, &stored);

	assert(txn->write);
	if (e == ERR_OK)
		e = oplog_owner(txn, log, seq, &owner);
	if (e == ERR_OK)
		e = oplog_by_no(txn, owner->no, &mutable);
	if (e != ERR_OK)
		return e;
	tables_row_begin(&txn->row);
	oplog_row_header(stored.opaque, stored.header, &txn->row);
	if (!row_without(&stored, &body, &txn->row))
		return err_set(ERR_NOT_FOUND,
		    "delta %llu does not hold that body",
		    (unsigned long long)seq);
	e = row_replace(txn, owner, seq);
	/* Its block has it still. */
	if (e == ERR_OK)
		e = packing_again(txn, mutable, seq);
	return e == ERR_OK ? go_back(txn, log, seq, class) : e;
}

/* Appends all bodies of `stored` but that in the place of `body`; was there
 * one? */
static bool
row_without(const struct stored_delta *stored, const struct stored_body *body,
    struct buf *row)
{
	struct bytes rest = stored->bodies;
	struct stored_body old;
	bool found = false;

	while (oplog_row_next(&rest, &old)) {
		bool is_it = oplog_row_compare(body, &old) == 0;

		found = found || is_it;
		if (!is_it)
			oplog_row_body(&old, row);
	}
	return found;
}

/* Nothing is whole from `seq` on, in all that have the row. */
static enum err
go_back(struct txn *txn, struct log *log, uint64_t seq, enum delta_class class)
{
	struct arena arena = {0};
	struct tips sharing = {.arena = &arena};
	enum err e = tip_sharing(txn, log, seq, &sharing);

	for (size_t i = 0; i < sharing.n && e == ERR_OK; i++) {
		struct log *tip = sharing.p[i];
		uint64_t *counts[] = {
		    &tip->held, &tip->wrapped, &tip->kept, &tip->open[class]};

		for (size_t k = 0; k < COUNT_OF(counts); k++)
			if (*counts[k] > seq)
				*counts[k] = seq;
		tip->dirty = true;
	}
	arena_fini(&arena);
	return e;
}
