/*
 * From a damaged data file into a store.  core/repair.c calls it.  What the
 * file says goes to the gate like a stranger's word, so that nothing of it can
 * be worse than missing.
 */
#include "core/salvage.h"

#include <string.h>

#include "core/extract.h"
#include "core/file.h"
#include "core/intake.h"
#include "core/meta.h"
#include "core/oplog_make.h"
#include "core/salvage_count.h"
#include "core/salvage_strays.h"
#include "core/tree.h"
#include "proto/mem.h"

/* What one transaction of the store takes in, and how many nodes of a tree are
 * stored in one, each of so many bytes until then. */
enum {
	STEP_BYTES = 2 * 1024 * 1024,
	STEP_NODES = 4096,
	NODE_SIZE = 1 + 8 + 32
};

/* The rows that were saved, read like a store. */
struct source {
	struct kv *kv;
	struct txn_kept kept;
	struct txn txn;
};

/* A salvage under way. */
struct saving {
	struct store *store;
	struct source source;
	struct salvage *salvage;
	struct secret backup; /* of this node: opens its wraps */
	uint64_t refused;     /* logs in this pass */
	size_t bytes;	      /* of the transaction so far */
};

/* A log of the source, whose tree is made again. */
struct planted {
	struct space space;
	struct log_id id;
	struct buf nodes; /* owned: level, index, node of each that is stored */
};

/* One log on its way in. */
struct passing {
	struct saving *s;
	const struct log *log; /* of the source */
	struct msg_run run;
	struct log_id id;
	struct log_no near;
	struct arena arena; /* of one chunk */
	bool gap;	    /* what follows cannot be taken */
};

static enum err source_open(
    struct saving *s, const struct salvage_plan *plan) MUST_USE;
static enum err numbers_make(
    struct saving *s, const struct host *host) MUST_USE;
static enum err nodes_make(struct saving *s, const struct host *host,
    struct planted *planted) MUST_USE;
static enum err nodes_put(struct saving *s, const struct host *host,
    struct planted *planted) MUST_USE;
static void on_node(
    void *arg, unsigned level, uint64_t index, const struct hash *node);
static enum err own_take(struct saving *s) MUST_USE;
static enum err pass(struct saving *s) MUST_USE;
static enum err space_take(
    struct saving *s, struct space_state *space, bool count) MUST_USE;
static enum err log_take(struct saving *s, const struct log *log) MUST_USE;
static enum err run_begin(struct passing *p) MUST_USE;
static enum err chunk_take(
    struct passing *p, uint64_t *seq, bool single) MUST_USE;
static enum err chunk_put(
    struct passing *p, const struct extract_chunk *chunk, bool bare) MUST_USE;
static enum err bodies_put(
    struct passing *p, const struct extract_chunk *chunk) MUST_USE;
static enum err step(struct saving *s, size_t bytes) MUST_USE;

enum err
salvage_run(struct store *store, const struct salvage_plan *plan,
    struct salvage *salvage)
{
	struct saving s = {.store = store, .salvage = salvage};
	struct fault fault;
	enum err e;

	*salvage = (struct salvage){0};
	identity_backup_key(store_identity(store), &s.backup);
	e = file_remove_tree(plan->scratch);
	if (e == ERR_OK)
		e = file_make_dir(plan->scratch);
	if (e == ERR_OK)
		e = source_open(&s, plan);
	if (e == ERR_OK)
		e = store_begin(store, true);
	if (e == ERR_OK && plan->all)
		e = own_take(&s);
	if (e == ERR_OK)
		e = pass(&s);
	if (e == ERR_OK)
		e = store_commit(store);
	err_keep(&fault, e);
	store_abort(store);
	txn_abort(&s.source.txn);
	txn_kept_fini(&s.source.kept);
	kv_close(s.source.kv);
	crypto_wipe(&s.backup, sizeof(s.backup));
	e = file_remove_tree(plan->scratch);
	if (fault.code == ERR_OK && e != ERR_OK)
		err_keep(&fault, e);
	e = err_raise(&fault);
	return e == ERR_OK ? e : err_wrap(e, "salvage from %s", plan->path);
}

/* Copies the rows, makes again what leads to logs and the trees that are not
 * whole, and begins to read. */
static enum err
source_open(struct saving *s, const struct salvage_plan *plan)
{
	const struct kv_config config = {.dir = plan->scratch,
	    .tables = tables_names,
	    .tables_n = TABLE_COUNT,
	    .create = true};
	struct source *source = &s->source;
	const struct host *host = plan->host;
	enum err e = kv_open(&config, &source->kv);

	if (e == ERR_OK)
		e = salvage_rows_copy(
		    plan->path, plan->noted, source->kv, &s->salvage->rows);
	if (e == ERR_OK)
		e = txn_begin(
		    source->kv, true, host, &source->kept, &source->txn);
	if (e == ERR_OK)
		e = numbers_make(s, host);
	return e == ERR_OK ? txn_begin(source->kv, false, host, &source->kept,
				 &source->txn)
			   : e;
}

/* In the open write transaction of the source, which it ends.  Where pages or
 * rows were damaged trees may be, too: they follow from headers. */
static enum err
numbers_make(struct saving *s, const struct host *host)
{
	struct txn *txn = &s->source.txn;
	struct planted *planted = NULL;
	size_t room = 0;
	struct space_state **spaces;
	size_t spaces_n;
	enum err e = space_all(txn, &spaces, &spaces_n);

	for (size_t i = 0; i < spaces_n && e == ERR_OK; i++) {
		struct log **logs;
		size_t n;

		e = oplog_all(txn, spaces[i], &logs, &n);
		if (e != ERR_OK)
			break;
		mem_room(&planted, &room, (size_t)s->salvage->logs + n,
		    sizeof(*planted));
		for (size_t k = 0; k < n; k++) {
			oplog_make_rows(txn, logs[k]);
			planted[s->salvage->logs++] = (struct planted){
			    .space = spaces[i]->name, .id = logs[k]->id};
		}
	}
	if (e == ERR_OK)
		e = txn_commit(txn);
	for (size_t i = 0; i < s->salvage->logs && e == ERR_OK &&
			   s->salvage->rows.trees_doubted;
	     i++) {
		e = nodes_make(s, host, &planted[i]);
		if (e == ERR_OK)
			e = nodes_put(s, host, &planted[i]);
		buf_fini(&planted[i].nodes);
	}
	mem_free(planted);
	return e;
}

static struct log *
planted_find(struct txn *txn, const struct planted *planted)
{
	struct space_state *space = space_find(txn, &planted->space);

	return space == NULL ? NULL : oplog_find(txn, space, &planted->id);
}

/* The stored nodes of a tree, from its headers, as far as they are there;
 * behind a gap what was stored stays.  What a branch shares hangs in the tree
 * of another. */
static enum err
nodes_make(struct saving *s, const struct host *host, struct planted *planted)
{
	struct txn *txn = &s->source.txn;
	struct frontier frontier = {0};
	struct stored_delta stored;
	const struct log *log;
	enum err e = txn_begin(s->source.kv, false, host, &s->source.kept, txn);

	if (e != ERR_OK)
		return e;
	log = planted_find(txn, planted);
	e = kv_failed(txn->kv);
	while (log != NULL && !oplog_is_branch(log) && e == ERR_OK &&
	       frontier.size < log->frontier.size) {
		struct hash leaf;

		e = oplog_get(txn, log, frontier.size, &stored);
		if (e != ERR_OK)
			break;
		merkle_leaf(stored.header, &leaf);
		merkle_append(&frontier, &leaf, on_node, &planted->nodes);
	}
	txn_abort(txn);
	if (e == ERR_CORRUPT || e == ERR_NOT_FOUND)
		e = ERR_OK;
	return e;
}

static void
on_node(void *arg, unsigned level, uint64_t index, const struct hash *node)
{
	struct buf *nodes = arg;

	if (!tree_is_stored(level))
		return;
	buf_add_u8(nodes, (uint8_t)level);
	buf_add_be64(nodes, index);
	buf_add(nodes, bytes_of(node->b, sizeof(node->b)));
}

/* What is stored has its checksum, and nodes behind it in its row, which
 * tree_put would cut off. */
static bool
node_is_stored(
    struct txn *txn, const struct log *log, unsigned level, uint64_t index)
{
	struct bytes content;
	struct hash node;
	struct key key;
	bool is_first;

	tables_tree_key(
	    log->space->no, log->no, level, index / TREE_ROW_NODES, &key);
	return txn_find(txn, TABLE_TREE, &key, &content) &&
	       tree_row_node(content, index, &node, &is_first);
}

static enum err
nodes_put(struct saving *s, const struct host *host, struct planted *planted)
{
	struct txn *txn = &s->source.txn;
	struct bytes rest = buf_bytes(&planted->nodes);
	enum err e = ERR_OK;

	while (rest.n > 0 && e == ERR_OK) {
		const struct log *log;

		e = txn_begin(s->source.kv, true, host, &s->source.kept, txn);
		if (e != ERR_OK)
			break;
		log = planted_find(txn, planted);
		for (int i = 0; i < STEP_NODES && rest.n > 0 && log != NULL;
		     i++) {
			uint64_t index = bytes_be64(rest.p + 1);
			struct hash node;

			bytes_copy(node.b, bytes_slice(rest, 9, 32));
			if (!node_is_stored(txn, log, rest.p[0], index))
				tree_put(txn, log, rest.p[0], index, &node);
			rest = bytes_after(rest, NODE_SIZE);
		}
		e = txn_commit(txn);
	}
	return e;
}

/* What the store keeps about itself, but for what it believes of others, and
 * which logs it wrote: those it must not go on with. */
static enum err
own_take(struct saving *s)
{
	static const char *const values[] = {
	    meta_founding, meta_pack, meta_pack_file, meta_joining, meta_dials};
	static const enum table tables[] = {
	    TABLE_ACTORS, TABLE_TOKENS, TABLE_EVENTS};
	struct txn *from = &s->source.txn;
	struct txn *to = store_txn(s->store);
	struct bytes value;

	for (size_t i = 0; i < COUNT_OF(values); i++)
		if (meta_find(from, values[i], &value))
			meta_put(to, values[i], value);
	for (size_t i = 0; i < COUNT_OF(tables); i++) {
		struct kv_cursor cursor;

		kv_cursor_init(&cursor, from->kv, tables[i]);
		for (bool more = kv_seek(&cursor, (struct bytes){0}); more;
		     more = kv_next(&cursor))
			kv_put(to->kv, tables[i], cursor.key, cursor.value);
		kv_cursor_fini(&cursor);
	}
	return kv_failed(from->kv) == ERR_OK ? kv_failed(to->kv)
					     : kv_failed(from->kv);
}

/* All logs, `authority` first; again as long as members become known whose
 * logs came earlier.  Then counts what is missing. */
static enum err
pass(struct saving *s)
{
	struct txn *from = &s->source.txn;
	struct space_state *central = space_find(from, &id_authority);
	struct space_state **spaces;
	size_t n;
	uint64_t before;
	enum err e = space_all(from, &spaces, &n);

	do {
		before = s->salvage->deltas;
		s->refused = 0;
		if (central != NULL && e == ERR_OK)
			e = space_take(s, central, false);
		for (size_t i = 0; i < n && e == ERR_OK; i++)
			if (spaces[i] != central)
				e = space_take(s, spaces[i], false);
	} while (e == ERR_OK && s->refused > 0 && s->salvage->deltas > before);
	s->salvage->unknown = s->refused;
	for (size_t i = 0; i < n && e == ERR_OK; i++)
		e = space_take(s, spaces[i], true);
	if (e == ERR_OK && s->salvage->rows.logs_lost > 0)
		e = salvage_strays_count(from, store_txn(s->store), s->salvage);
	return e;
}

/* All logs of `space`: takes them, or only counts what is missing. */
static enum err
space_take(struct saving *s, struct space_state *space, bool count)
{
	struct log **logs;
	size_t n;
	enum err e = oplog_all(&s->source.txn, space, &logs, &n);

	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		if (count)
			e = salvage_count_log(&s->source.txn, logs[i],
			    store_txn(s->store), s->salvage);
		else if (logs[i]->has_head && logs[i]->frontier.size > 0)
			e = log_take(s, logs[i]);
	}
	return e;
}

static enum err
log_take(struct saving *s, const struct log *log)
{
	struct passing p = {.s = s, .log = log};
	uint64_t seq = 0;
	enum err e = run_begin(&p);

	while (e == ERR_OK && !p.gap && seq < log->frontier.size) {
		uint64_t from = seq;

		e = chunk_take(&p, &seq, false);
		/* One of its deltas is damaged: one by one. */
		while (e == ERR_OK && !p.gap && seq == from) {
			e = chunk_take(&p, &seq, true);
			/* What follows may be held to there, from others. */
			seq += e == ERR_OK && seq == from;
		}
	}
	arena_fini(&p.arena);
	return e;
}

/* The head is looked at by the gate; what it refuses is passed over. */
static enum err
run_begin(struct passing *p)
{
	const struct log *log = p->log;
	const struct authority *authority;
	enum err e = store_authority(p->s->store, &authority);

	p->run = (struct msg_run){.name = log->name,
	    .head_size = log->head_size,
	    .head_root = log->head_root,
	    .head_signature = log->head_signature,
	    .whole = true};
	/* A branch travels under the name that its log had before. */
	p->run.entry.log = log->trunk;
	if (e == ERR_OK)
		e = intake_run(
		    store_txn(p->s->store), authority, &p->run, &p->id);
	/* That it is forked shows in its headers. */
	if (e == ERR_FORKED)
		e = ERR_OK;
	p->s->refused += e == ERR_DENIED;
	p->gap = e != ERR_OK;
	if (e == ERR_DENIED || e == ERR_LIMIT || e == ERR_MALFORMED)
		e = ERR_OK;
	return e;
}

/* The chunk from `*seq` on, or the delta there alone.  `*seq` goes behind what
 * is held then, and stays where it is when something of it is damaged. */
static enum err
chunk_take(struct passing *p, uint64_t *seq, bool single)
{
	const struct extract_depth depth = {
	    .depth = {.any = true, .hold = true, .classes = CLASSES_ALL}};
	struct txn *from = &p->s->source.txn;
	struct extract_chunk chunk = {
	    .arena = &p->arena, .from = *seq, .most = single};
	enum err e;

	arena_reset(&p->arena);
	e = extract_cut(from, p->log, &depth, &chunk);
	if (e == ERR_CORRUPT || e == ERR_NOT_FOUND) {
		kv_forget(from->kv);
		return ERR_OK;
	}
	if (e == ERR_OK)
		e = chunk_put(p, &chunk, false);
	if (e == ERR_MALFORMED && chunk.headers_n == 1) {
		e = chunk_put(p, &chunk, true);
		if (e == ERR_OK)
			e = bodies_put(p, &chunk);
	}
	/* Behind the first delta headers that lead nowhere look forked. */
	if (e == ERR_MALFORMED || e == ERR_FORKED)
		return ERR_OK;
	if (e == ERR_DENIED || e == ERR_LIMIT) {
		p->s->refused += e == ERR_DENIED;
		p->gap = true;
		return ERR_OK;
	}
	*seq = chunk.end;
	return e == ERR_OK ? step(p->s, chunk.bytes) : e;
}

static struct intake_accept
accept_of(const struct passing *p, uint64_t end)
{
	const struct identity *me = store_identity(p->s->store);
	bool own = memcmp(&p->log->name.author, &me->key, sizeof(me->key)) == 0;

	return (struct intake_accept){.hold = true,
	    .classes = CLASSES_ALL,
	    .from_author = p->log->kept >= end,
	    .backup = own ? &p->s->backup : NULL};
}

static enum err
chunk_put(struct passing *p, const struct extract_chunk *chunk, bool bare)
{
	struct intake_chunk put = {.run = &p->run,
	    .log = p->id,
	    .from = chunk->from,
	    .headers = chunk->headers,
	    .headers_n = chunk->headers_n,
	    .proof = &chunk->proof,
	    .near = p->near,
	    .bodies = bare ? NULL : chunk->bodies.p,
	    .bodies_n = bare ? 0 : chunk->bodies.n,
	    .accept = accept_of(p, chunk->end)};
	struct intake_taken taken = {0};
	enum err e = store_authority(p->s->store, &put.authority);

	if (e == ERR_OK)
		e = intake_chunk(store_txn(p->s->store), &put, &taken);
	if (e != ERR_OK)
		return e;
	p->gap = taken.gap;
	if (taken.log != NULL)
		p->near = taken.log->no;
	p->s->salvage->deltas += taken.deltas;
	return ERR_OK;
}

/* Those bodies of one delta that are what its header promised; the others are
 * owed from now on. */
static enum err
bodies_put(struct passing *p, const struct extract_chunk *chunk)
{
	struct txn *txn = store_txn(p->s->store);
	struct log *log;
	enum err e = ERR_OK;

	if (p->gap || p->near.v == 0)
		return ERR_OK;
	e = oplog_by_no(txn, p->near, &log);
	for (size_t i = 0; i < chunk->bodies.n && e == ERR_OK; i++) {
		e = intake_body(
		    txn, log, &chunk->bodies.p[i], accept_of(p, chunk->end));
		if (e == ERR_MALFORMED)
			e = ERR_OK;
	}
	return e;
}

/* `bytes` more were taken: ends the transaction and begins the next when they
 * are many. */
static enum err
step(struct saving *s, size_t bytes)
{
	enum err e;

	s->bytes += bytes;
	if (s->bytes < STEP_BYTES)
		return ERR_OK;
	s->bytes = 0;
	e = store_commit(s->store);
	return e == ERR_OK ? store_begin(s->store, true) : e;
}
