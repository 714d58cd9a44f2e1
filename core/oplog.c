/*
 * The logs of this store: append-only deltas by (log, seq), with the bodies
 * that are at hand.  core/apply.c and core/intake.c append, everybody reads.
 * A log's row is read once and written once in a transaction.  Never judges
 * whether a delta may be here, and never changes a header.
 */
#include "core/oplog.h"

#include <string.h>

#include "core/blocks.h"
#include "core/gap.h"
#include "core/oplog_make.h"
#include "core/oplog_row.h"
#include "core/oplog_table.h"
#include "core/tip.h"
#include "core/trace.h"
#include "core/tree.h"
#include "proto/mem.h"

/* What merkle_append hands to the tree. */
struct appending {
	struct txn *txn;
	const struct log *log;
};

static struct log *load(struct txn *txn, struct space_state *space,
    const struct log_id *id, struct bytes row);
static size_t count_logs(struct txn *txn, const struct key *prefix);
static enum err tips_scan(
    struct txn *txn, const struct key *prefix, struct tips *tips) MUST_USE;
static enum err tip_check(
    struct txn *txn, struct bytes key, struct log **log) MUST_USE;
static void row_store(struct txn *txn, const struct log *log, uint64_t seq);
static enum err row_find(struct txn *txn, const struct log *owner, uint64_t seq,
    struct bytes *content) MUST_USE;
static enum err row_wrong(struct txn *txn, const struct log *owner,
    uint64_t seq, const char *why) MUST_USE;
static void subtree_done(
    void *arg, unsigned level, uint64_t index, const struct hash *node);

struct log *
oplog_find(struct txn *txn, struct space_state *space, const struct log_id *id)
{
	struct log *log = oplog_table_find(txn, id);
	struct bytes row;
	struct key key;

	/* An id is made from a name, and the space is part of that. */
	if (log != NULL)
		return log->space == space ? log : NULL;
	tables_log_key(space->no, id, &key);
	if (!kv_find(txn->kv, TABLE_LOGS, tables_key(&key), &row)) {
		gap_sure(txn, TABLE_LOGS, tables_key(&key));
		return NULL;
	}
	return load(txn, space, id, row);
}

/* The log of a row that is not cached yet; NULL, and the failure kept, when it
 * is damaged. */
static struct log *
load(struct txn *txn, struct space_state *space, const struct log_id *id,
    struct bytes row)
{
	struct log *log = arena_new(&txn->arena, sizeof(*log));
	struct log_id name_id;
	struct bytes content;
	struct key key;
	enum err e;

	tables_log_key(space->no, id, &key);
	log->space = space;
	log->id = *id;
	log->trunk = *id;
	e = tables_open(TABLE_LOGS, tables_key(&key), row, &content);
	if (e == ERR_OK && !oplog_row_log(content, &txn->arena, log))
		e = tables_corrupt(
		    TABLE_LOGS, tables_key(&key), "its content is wrong");
	if (e == ERR_OK) {
		id_log(&log->name, &log->origin, &name_id);
		if (memcmp(&log->trunk, &name_id, sizeof(name_id)) != 0)
			e = tables_corrupt(TABLE_LOGS, tables_key(&key),
			    "its name gives another id");
	}
	if (e != ERR_OK) {
		kv_fail(txn->kv, e);
		return NULL;
	}
	oplog_table_add(txn, log);
	return log;
}

enum err
oplog_open(struct txn *txn, const struct log_name *name, struct log **log)
{
	struct space_state *space;
	struct log what = {.name = *name};
	struct log **tips;
	size_t n;
	enum err e = space_get(txn, &name->space, &space);

	*log = NULL;
	if (e != ERR_OK)
		return e;
	id_log(name, &what.origin, &what.id);
	e = oplog_tips(txn, space, &what.id, &tips, &n);
	if (n > 0)
		*log = tips[0];
	if (*log != NULL || e != ERR_OK)
		return e;
	what.space = space;
	what.trunk = what.id;
	return oplog_make_new(txn, &what, log);
}

enum err
oplog_tips(struct txn *txn, struct space_state *space,
    const struct log_id *trunk, struct log ***tips, size_t *n)
{
	struct tips found = {.arena = &txn->arena};
	enum err e = oplog_tips_in(txn, space, trunk, &found);

	*tips = found.p;
	*n = found.n;
	return e;
}

enum err
oplog_tips_in(struct txn *txn, struct space_state *space,
    const struct log_id *trunk, struct tips *tips)
{
	struct log *log = oplog_find(txn, space, trunk);
	struct key prefix;

	tips->p = NULL;
	tips->n = 0;
	if (log != NULL) {
		tips->p = arena_array(tips->arena, 1, sizeof(*tips->p));
		tips->p[tips->n++] = log;
		return ERR_OK;
	}
	if (kv_failed(txn->kv) != ERR_OK || kv_count(txn->kv, TABLE_TIPS) == 0)
		return kv_failed(txn->kv);
	tables_log_key(space->no, trunk, &prefix);
	return tips_scan(txn, &prefix, tips);
}

static enum err
tips_scan(struct txn *txn, const struct key *prefix, struct tips *tips)
{
	struct kv_cursor cursor;
	struct log **logs = NULL;
	size_t room = 0;
	size_t found = 0;
	struct log *beside = NULL;
	enum err e = ERR_OK;
	bool more;

	kv_cursor_init(&cursor, txn->kv, TABLE_TIPS);
	/* One of them may have got another name: then it lies beside them.
	 * Those behind it would be missed, and the log made again. */
	more = kv_seek(&cursor, tables_key(prefix));
	if (kv_seek_before(&cursor, more ? cursor.key : (struct bytes){0})) {
		e = tip_check(txn, cursor.key, &beside);
		more = more && kv_next(&cursor);
	}
	for (; more && e == ERR_OK; more = kv_next(&cursor)) {
		e = tip_check(txn, cursor.key, &beside);
		if (e != ERR_OK ||
		    !bytes_begins(cursor.key, tables_key(prefix)))
			break;
		mem_room(&logs, &room, found + 1, sizeof(struct log *));
		logs[found++] = beside;
	}
	kv_cursor_fini(&cursor);
	if (e == ERR_OK)
		e = kv_failed(txn->kv);
	tips->p = arena_array(tips->arena, found, sizeof(*tips->p));
	for (; tips->n < found && e == ERR_OK; tips->n++)
		tips->p[tips->n] = logs[tips->n];
	mem_free(logs);
	return e;
}

/* The rows have no checksum: is the one of the key `key` of a branch, which is
 * `*log` then, of the log that it names? */
static enum err
tip_check(struct txn *txn, struct bytes key, struct log **log)
{
	enum { TRUNK_AT = 4, NO_AT = 4 + 16, TIP_KEY_SIZE = 4 + 16 + 4 };
	enum err e;

	if (key.n != TIP_KEY_SIZE)
		return txn_fail(txn,
		    tables_corrupt(TABLE_TIPS, key, "its key is no branch"));
	e = oplog_by_no(
	    txn, (struct log_no){bytes_be32(bytes_after(key, NO_AT).p)}, log);
	if (e == ERR_OK &&
	    (bytes_be32(key.p) != (*log)->space->no.v ||
		memcmp(bytes_after(key, TRUNK_AT).p, (*log)->trunk.b,
		    sizeof((*log)->trunk)) != 0))
		e = txn_fail(txn, tables_corrupt(TABLE_TIPS, key,
				      "its log is no branch of that one"));
	return e;
}

enum err
oplog_owner(struct txn *txn, const struct log *log, uint64_t seq,
    const struct log **owner)
{
	struct log *under;

	*owner = log;
	while (seq < (*owner)->below) {
		enum err e = oplog_by_no(txn, (*owner)->under, &under);

		if (e != ERR_OK)
			return e;
		/* Else a damaged row could send us in a circle. */
		if (under->below >= (*owner)->below)
			return txn_fail(txn,
			    err_set(ERR_CORRUPT,
				"a branch in '%s' lies under one that does "
				"not begin before it",
				log->name.space.text));
		*owner = under;
	}
	return ERR_OK;
}

enum err
oplog_by_no(struct txn *txn, struct log_no no, struct log **log)
{
	struct space_state *space;
	struct bytes content;
	struct log_id id;
	struct key key;
	enum err e;

	*log = NULL;
	if (no.v == 0)
		return txn_fail(
		    txn, err_set(ERR_CORRUPT,
			     "a row names log number 0, which no log has: run "
			     "`golmok fsck`"));
	tables_log_no_key(no, &key);
	if (txn_find(txn, TABLE_LOG_NOS, &key, &content) &&
	    content.n == OPLOG_MAKE_NO_SIZE) {
		bytes_copy(id.b, bytes_after(content, 4));
		e = space_by_no(
		    txn, (struct space_no){bytes_be32(content.p)}, &space);
		if (e != ERR_OK)
			return e;
		*log = oplog_find(txn, space, &id);
	}
	e = kv_failed(txn->kv);
	if (e != ERR_OK || *log != NULL)
		return e;
	return txn_fail(txn, tables_corrupt(TABLE_LOG_NOS, tables_key(&key),
				 "it leads to no log"));
}

enum err
oplog_all(
    struct txn *txn, struct space_state *space, struct log ***logs, size_t *n)
{
	struct kv_cursor cursor;
	struct log **all;
	struct log_id id;
	struct key prefix;
	size_t room;

	/* New ones must be in the table, which has the order. */
	if (txn->write)
		oplog_flush(txn);
	*n = 0;
	tables_space_key(space->no, &prefix);
	room = count_logs(txn, &prefix);
	all = arena_array(&txn->arena, room, sizeof(struct log *));
	kv_cursor_init(&cursor, txn->kv, TABLE_LOGS);
	for (bool more = kv_seek(&cursor, tables_key(&prefix));
	     more && *n < room; more = kv_next(&cursor)) {
		bytes_copy(id.b, bytes_slice(cursor.key, prefix.n, 16));
		all[*n] = oplog_table_find(txn, &id);
		if (all[*n] == NULL)
			all[*n] = load(txn, space, &id, cursor.value);
		if (all[*n] == NULL)
			break;
		++*n;
	}
	kv_cursor_fini(&cursor);
	*logs = all;
	return kv_failed(txn->kv);
}

/* How many there are under `prefix`; a key of a wrong length is a failure, and
 * so is a damaged row beside them, which may be one of them. */
static size_t
count_logs(struct txn *txn, const struct key *prefix)
{
	struct kv_cursor cursor;
	struct bytes content;
	size_t n = 0;
	enum err e = gap_edge(txn, TABLE_LOGS, tables_key(prefix));
	bool more;

	kv_cursor_init(&cursor, txn->kv, TABLE_LOGS);
	for (more = kv_seek(&cursor, tables_key(prefix));
	     more && bytes_begins(cursor.key, tables_key(prefix)) &&
	     e == ERR_OK;
	     more = kv_next(&cursor), n++)
		if (cursor.key.n != prefix->n + sizeof(struct log_id))
			e = tables_corrupt(
			    TABLE_LOGS, cursor.key, "its key is no log");
	if (more && e == ERR_OK)
		e = tables_open(TABLE_LOGS, cursor.key, cursor.value, &content);
	kv_cursor_fini(&cursor);
	if (e != ERR_OK)
		kv_fail(txn->kv, e);
	return n;
}

enum err
oplog_append(struct txn *txn, struct log *log, const struct oplog_entry *entry,
    struct delta *delta, struct hash *leaf)
{
	const struct stored_body *bodies = entry->bodies;
	struct bytes header = entry->header;
	struct appending appending = {.txn = txn, .log = log};
	uint64_t seq = log->frontier.size;
	struct buf *row = &txn->row;
	struct stored_delta stored = {.log = log, .seq = seq, .header = header};

	assert(txn->write);
	assert(header.n <= LIMIT_HEADER_SIZE && seq < INT64_MAX);
	if (entry->delta != NULL)
		*delta = *entry->delta;
	else
		delta_decode(header, &txn->arena, delta, NULL);
	if (entry->leaf != NULL)
		*leaf = *entry->leaf;
	else
		merkle_leaf(header, leaf);
	trace_judge(log, delta);
	tables_row_begin(row);
	oplog_row_header(delta->opaque, header, row);
	for (size_t i = 0; i < entry->bodies_n; i++) {
		assert(i == 0 ||
		       oplog_row_compare(&bodies[i - 1], &bodies[i]) < 0);
		oplog_row_body(&bodies[i], row);
	}
	stored.bodies = bytes_after(buf_bytes(row),
	    TABLES_CHECKSUM_SIZE + OPLOG_ROW_HEAD_SIZE + header.n);
	trace_take(log, delta, &stored);
	row_store(txn, log, seq);
	merkle_append(&log->frontier, leaf, subtree_done, &appending);
	log->dirty = true;
	return kv_failed(txn->kv);
}

/* Stores txn->row as the delta `seq` of `log`.  Behind all others it is
 * appended, which is faster and fills the pages; asking LMDB each time whether
 * it is would cost about what it saves. */
static void
row_store(struct txn *txn, const struct log *log, uint64_t seq)
{
	uint64_t place = (uint64_t)log->space->no.v << 32 | log->no.v;
	struct kv_cursor cursor;
	struct key key;

	if (!txn->deltas_known) {
		kv_cursor_init(&cursor, txn->kv, TABLE_DELTAS);
		if (kv_seek_before(&cursor, (struct bytes){0}) &&
		    cursor.key.n >= 8)
			txn->deltas_end = bytes_be64(cursor.key.p);
		kv_cursor_fini(&cursor);
		txn->deltas_known = true;
	}
	tables_delta_key(log->space->no, log->no, seq, &key);
	tables_row_end(tables_key(&key), &txn->row);
	if (place < txn->deltas_end) {
		kv_put(txn->kv, TABLE_DELTAS, tables_key(&key),
		    buf_bytes(&txn->row));
		return;
	}
	kv_append(
	    txn->kv, TABLE_DELTAS, tables_key(&key), buf_bytes(&txn->row));
	txn->deltas_end = place;
}

static void
subtree_done(void *arg, unsigned level, uint64_t index, const struct hash *node)
{
	struct appending *appending = arg;

	tree_put(appending->txn, appending->log, level, index, node);
}

enum err
oplog_get(struct txn *txn, const struct log *log, uint64_t seq,
    struct stored_delta *delta)
{
	const struct log *owner;
	struct bytes content;
	enum err e;

	if (seq >= log->frontier.size)
		return err_set(ERR_NOT_FOUND,
		    "delta %llu of a log of which %llu are held",
		    (unsigned long long)seq,
		    (unsigned long long)log->frontier.size);
	*delta = (struct stored_delta){.log = log, .seq = seq};
	e = oplog_owner(txn, log, seq, &owner);
	if (e != ERR_OK)
		return e;
	e = row_find(txn, owner, seq, &content);
	if (e != ERR_OK)
		return e;
	return oplog_row_delta(content, delta)
		   ? ERR_OK
		   : row_wrong(txn, owner, seq, "its content is wrong");
}

/* The content of the row of a delta, wherever it lies. */
static enum err
row_find(struct txn *txn, const struct log *owner, uint64_t seq,
    struct bytes *content)
{
	struct key key;

	if (blocks_peek(txn, owner, seq, content))
		return ERR_OK;
	tables_delta_key(owner->space->no, owner->no, seq, &key);
	if (txn_find(txn, TABLE_DELTAS, &key, content) ||
	    (kv_failed(txn->kv) == ERR_OK &&
		blocks_find(txn, owner, seq, content)))
		return ERR_OK;
	return kv_failed(txn->kv) != ERR_OK
		   ? kv_failed(txn->kv)
		   : row_wrong(txn, owner, seq, "it is missing");
}

static enum err
row_wrong(
    struct txn *txn, const struct log *owner, uint64_t seq, const char *why)
{
	struct key key;

	tables_delta_key(owner->space->no, owner->no, seq, &key);
	return txn_fail(
	    txn, tables_corrupt(TABLE_DELTAS, tables_key(&key), why));
}

void
oplog_decode(
    const struct stored_delta *stored, struct arena *arena, struct delta *delta)
{
	if (!stored->opaque)
		delta_decode(stored->header, arena, delta, NULL);
	if (stored->opaque || delta->opaque)
		*delta = (struct delta){.opaque = true,
		    .seq = stored->seq,
		    .origin = stored->log->origin};
}

bool
oplog_body_next(struct bytes *rest, struct stored_body *body)
{
	return oplog_row_next(rest, body);
}

bool
oplog_holds(struct txn *txn, struct space_state *space, const struct ref *ref)
{
	return tip_holding(txn, space, ref) != NULL;
}

void
oplog_flush(struct txn *txn)
{
	struct buf *row = &txn->row;
	struct key key;

	for (struct log *log = txn->logs; log != NULL; log = log->next) {
		if (!log->dirty)
			continue;
		tables_log_key(log->space->no, &log->id, &key);
		tables_row_begin(row);
		oplog_row_from_log(log, row);
		tables_row_end(tables_key(&key), row);
		kv_put(txn->kv, TABLE_LOGS, tables_key(&key), buf_bytes(row));
		log->dirty = false;
	}
}
