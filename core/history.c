/*
 * From logs to changes.  The road (core/apply.c) reads arriving deltas with it,
 * `history` and `rebuild` stored ones, so that both see the same.  Decides
 * nothing.
 */
#include "core/history.h"

#include <stdlib.h>
#include <string.h>

#include "core/decisions.h"
#include "core/tip.h"
#include "proto/fact.h"
#include "proto/mem.h"

static bool is_last(struct txn *txn, const struct key *key);
static enum err delta_kept(struct txn *txn, const struct log *log, uint64_t seq,
    const struct history_delta **from) MUST_USE;
static bool counts(struct txn *txn, const struct history_delta *from);
static void ops_collect(const struct history_delta *from, size_t number,
    const struct body *bodies, struct arena *arena,
    struct merge_change *change);
static struct merge_change *held(
    struct merge_change **named, size_t n, const struct change_ref *at);
static const struct dot *dots_of(const struct delta *delta,
    const struct delta_seen *seen, struct arena *arena);

void
history_put(struct txn *txn, const struct history_delta *from, size_t number)
{
	struct key key;

	tables_history_key(from->log->space->no,
	    &from->delta->changes[number].record,
	    (struct history_at){.log = from->log->no,
		.seq = from->seq,
		.change = (uint16_t)number},
	    &key);
	if (is_last(txn, &key))
		kv_append(txn->kv, TABLE_HISTORY, tables_key(&key),
		    (struct bytes){0});
	else
		kv_put(txn->kv, TABLE_HISTORY, tables_key(&key),
		    (struct bytes){0});
}

/* Does `key` stand behind all records of the table?  From now on it does, if it
 * did: an append that fails costs as much as a put. */
static bool
is_last(struct txn *txn, const struct key *key)
{
	size_t n = sizeof(txn->history_end);
	struct kv_cursor cursor;

	if (!txn->history_known) {
		kv_cursor_init(&cursor, txn->kv, TABLE_HISTORY);
		if (kv_seek_before(&cursor, (struct bytes){0}) &&
		    cursor.key.n >= n)
			bytes_copy(
			    txn->history_end, bytes_first(cursor.key, n));
		kv_cursor_fini(&cursor);
		txn->history_known = true;
	}
	if (memcmp(key->b, txn->history_end, n) <= 0)
		return false;
	memcpy(txn->history_end, key->b, n);
	return true;
}

enum err
history_open(struct txn *txn, const struct stored_body *body,
    struct arena *arena, struct bytes *plain)
{
	struct secret secret;
	struct buf open = {0};
	enum err e;

	if (body->form != BODY_OPEN)
		return err_set(
		    ERR_DENIED, "this body is held without its secret");
	memcpy(secret.b, body->key, sizeof(secret.b));
	buf_reserve(&open, body->sealed.n);
	e = body_open(txn->squeeze, body->sealed, &secret, &open);
	crypto_wipe(&secret, sizeof(secret));
	if (e == ERR_OK)
		*plain = arena_bytes(arena, buf_bytes(&open));
	buf_fini(&open);
	return e;
}

void
history_change(struct txn *txn, const struct history_delta *from, size_t number,
    struct arena *arena, struct merge_change *change)
{
	const struct delta_change *header = &from->delta->changes[number];
	struct body bodies[CLASS_COUNT] = {0};
	struct change_ref *parents = arena_array(
	    arena, header->parents_n, sizeof(*parents));

	memset(change, 0, sizeof(*change));
	change->at.delta.log = from->log->trunk;
	change->at.delta.seq = from->seq;
	memcpy(change->at.delta.leaf, from->leaf, sizeof(from->leaf));
	change->at.change = (uint16_t)number;
	change->stamp = from->delta->stamp;
	change->has_actor = from->delta->has_actor;
	change->actor = from->delta->actor;
	change->act = header->act;
	change->counts = counts(txn, from);
	for (size_t i = 0; i < header->parents_n; i++)
		parents[i] = delta_parent(from->delta, header->parents[i]);
	change->parents = parents;
	change->parents_n = header->parents_n;
	for (size_t i = 0; i < from->bodies_n; i++) {
		const struct stored_body *stored = &from->bodies[i];
		struct body *body = &bodies[stored->class];
		struct bytes plain;

		if (stored->change != number || stored->form != BODY_OPEN)
			continue;
		if (history_open(txn, stored, arena, &plain) != ERR_OK ||
		    body_decode(plain, stored->class, arena, body) != ERR_OK)
			*body = (struct body){0};
	}
	change->collection = bodies[CLASS_N].collection;
	ops_collect(from, number, bodies, arena, change);
}

/* Had its author the right, or was it adopted? */
static bool
counts(struct txn *txn, const struct history_delta *from)
{
	const struct log *log = from->log;

	return tip_may(txn, log, RIGHT_WRITE, from->seq) ||
	       (!id_is_authority(&log->name.space) &&
		   decisions_verdict(txn, log, from->seq, from->leaf) ==
		       VERDICT_ADOPTED);
}

/* Joins what the bodies and the header's `seen` say about operations, by rising
 * number. */
static void
ops_collect(const struct history_delta *from, size_t number,
    const struct body *bodies, struct arena *arena, struct merge_change *change)
{
	const struct delta_change *header = &from->delta->changes[number];
	size_t at[CLASS_COUNT] = {0};
	size_t seen_at = 0;
	size_t room = header->seen_n;
	struct merge_op *ops;
	size_t n = 0;

	for (unsigned class = 0; class < CLASS_COUNT; class ++)
		room += bodies[class].ops_n;
	ops = arena_array(arena, room, sizeof(*ops));
	for (;;) {
		unsigned best = UINT32_MAX;
		struct merge_op *op = &ops[n];
		unsigned class;
		const struct body *body;

		if (seen_at < header->seen_n)
			best = header->seen[seen_at].op;
		for (class = 0; class < CLASS_COUNT; class ++) {
			body = &bodies[class];
			if (at[class] < body->ops_n &&
			    body->ops[at[class]].number < best)
				best = body->ops[at[class]].number;
		}
		if (best == UINT32_MAX)
			break;
		assert(n < room);
		op->number = (uint16_t)best;
		/* A number says of which class its operation is. */
		class = best % CLASS_COUNT;
		body = &bodies[class];
		if (at[class] < body->ops_n &&
		    body->ops[at[class]].number == best) {
			const struct body_op *said = &body->ops[at[class]++];

			op->has_body = true;
			op->code = said->code;
			op->class = (enum delta_class) class;
			op->field = said->field;
			op->value = said->value;
		}
		if (seen_at < header->seen_n &&
		    header->seen[seen_at].op == best) {
			op->seen_n = header->seen[seen_at].n;
			op->seen = dots_of(
			    from->delta, &header->seen[seen_at], arena);
			seen_at++;
		}
		n++;
	}
	change->ops = ops;
	change->ops_n = n;
}

static const struct dot *
dots_of(const struct delta *delta, const struct delta_seen *seen,
    struct arena *arena)
{
	struct dot *dots = arena_array(arena, seen->n, sizeof(*dots));

	for (size_t i = 0; i < seen->n; i++)
		dots[i] = delta_dot(delta, seen->targets[i]);
	return dots;
}

enum err
history_delta(struct txn *txn, const struct log *log, uint64_t seq,
    struct arena *arena, struct history_delta *from)
{
	struct stored_delta stored;
	struct stored_body body;
	struct stored_body *bodies = NULL;
	struct delta *delta;
	struct hash leaf;
	struct bytes rest;
	size_t n = 0;
	enum err e;

	e = oplog_get(txn, log, seq, &stored);
	if (e != ERR_OK)
		return e;
	*from = (struct history_delta){.log = log, .seq = seq};
	merkle_leaf(stored.header, &leaf);
	memcpy(from->leaf, leaf.b, sizeof(from->leaf));
	stored.header = arena_bytes(arena, stored.header);
	stored.bodies = arena_bytes(arena, stored.bodies);
	delta = arena_new(arena, sizeof(*delta));
	oplog_decode(&stored, arena, delta);
	from->delta = delta->opaque ? NULL : delta;
	rest = stored.bodies;
	while (oplog_body_next(&rest, &body))
		n++;
	bodies = arena_array(arena, n, sizeof(*bodies));
	rest = stored.bodies;
	for (size_t i = 0; i < n && oplog_body_next(&rest, &bodies[i]); i++)
		;
	from->bodies = bodies;
	from->bodies_n = n;
	return ERR_OK;
}

/* The delta that was read last; made at its first use. */
struct history_cache {
	struct arena arena; /* owned; of `from` */
	bool is_set;
	struct history_delta from;
};

void
history_forget(struct txn *txn)
{
	if (txn->history == NULL)
		return;
	arena_fini(&txn->history->arena);
	txn->history->is_set = false;
}

/* As history_delta; what it gives lives until the next call. */
static enum err
delta_kept(struct txn *txn, const struct log *log, uint64_t seq,
    const struct history_delta **from)
{
	struct history_cache *cache = txn->history;
	enum err e = ERR_OK;

	if (cache == NULL) {
		cache = arena_new(&txn->arena, sizeof(*cache));
		txn->history = cache;
	}
	if (!cache->is_set || cache->from.log != log ||
	    cache->from.seq != seq) {
		arena_reset(&cache->arena);
		e = history_delta(txn, log, seq, &cache->arena, &cache->from);
		cache->is_set = e == ERR_OK;
	}
	*from = &cache->from;
	return e;
}

enum err
history_load(struct txn *txn, struct space_state *space,
    const struct record_id *id, struct arena *arena,
    struct merge_changes *changes)
{
	struct history_at *places = NULL;
	size_t room = 0;
	size_t n = 0;
	struct kv_cursor cursor;
	struct key prefix;
	enum err e = ERR_OK;

	*changes = (struct merge_changes){0};
	tables_record_key(space->no, id, &prefix);
	kv_cursor_init(&cursor, txn->kv, TABLE_HISTORY);
	for (bool more = kv_seek(&cursor, tables_key(&prefix));
	     more && bytes_begins(cursor.key, tables_key(&prefix));
	     more = kv_next(&cursor)) {
		struct record_id record;

		mem_room(&places, &room, n + 1, sizeof(*places));
		e = tables_history_get(cursor.key, &record, &places[n]);
		if (e != ERR_OK)
			break;
		n++;
	}
	kv_cursor_fini(&cursor);
	changes->n = n;
	changes->p = arena_array(arena, n, sizeof(*changes->p));
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		const struct history_delta *from = NULL;
		struct log *log;

		e = oplog_by_no(txn, places[i].log, &log);
		if (e == ERR_OK)
			e = delta_kept(txn, log, places[i].seq, &from);
		if (e == ERR_NOT_FOUND ||
		    (e == ERR_OK &&
			(from->delta == NULL ||
			    places[i].change >= from->delta->changes_n)))
			e = err_set(ERR_CORRUPT,
			    "the history of a record names a change that its "
			    "log does not have: run `golmok rebuild`");
		if (e == ERR_OK &&
		    memcmp(&from->delta->changes[places[i].change].record, id,
			sizeof(*id)) != 0)
			e = err_set(ERR_CORRUPT,
			    "the history of a record names a change of another "
			    "one: run `golmok rebuild`");
		if (e == ERR_OK)
			history_change(
			    txn, from, places[i].change, arena, &changes->p[i]);
	}
	mem_free(places);
	if (e != ERR_OK)
		return txn_fail(txn, e);
	return kv_failed(txn->kv);
}

static int
ref_order(const void *a, const void *b)
{
	return id_change_compare(a, b);
}

/* Is `ref` a change of the record `id` that is held?  Costs a read and a hash;
 * asked for what is missing alone. */
static enum err
change_lost(struct txn *txn, struct space_state *space,
    const struct record_id *id, const struct change_ref *ref, bool *lost)
{
	struct arena arena = {0};
	struct log **tips;
	size_t n;
	enum err e = oplog_tips(txn, space, &ref->delta.log, &tips, &n);

	*lost = false;
	for (size_t i = 0; i < n && e == ERR_OK && !*lost; i++) {
		struct history_delta from;

		if (ref->delta.seq >= tips[i]->frontier.size)
			continue;
		e = history_delta(txn, tips[i], ref->delta.seq, &arena, &from);
		*lost = e == ERR_OK && from.delta != NULL &&
			memcmp(from.leaf, ref->delta.leaf, sizeof(from.leaf)) ==
			    0 &&
			ref->change < from.delta->changes_n &&
			memcmp(&from.delta->changes[ref->change].record, id,
			    sizeof(*id)) == 0;
	}
	arena_fini(&arena);
	return e;
}

enum err
history_whole(struct txn *txn, struct space_state *space,
    const struct record_id *id, struct history_heads heads,
    const struct merge_changes *changes)
{
	struct arena arena = {0};
	struct change_ref *known = arena_array(
	    &arena, changes->n, sizeof(*known));
	struct key key;
	bool lost = false;
	enum err e = ERR_OK;

	for (size_t i = 0; i < changes->n; i++)
		known[i] = changes->p[i].at;
	if (changes->n > 0)
		qsort(known, changes->n, sizeof(*known), ref_order);
	for (size_t i = 0; i <= changes->n && e == ERR_OK && !lost; i++) {
		bool last = i == changes->n;
		const struct change_ref *refs = last ? heads.p
						     : changes->p[i].parents;
		size_t n = last ? heads.n : changes->p[i].parents_n;

		for (size_t k = 0; k < n && e == ERR_OK && !lost; k++)
			if (changes->n == 0 ||
			    bsearch(&refs[k], known, changes->n, sizeof(*known),
				ref_order) == NULL)
				e = change_lost(
				    txn, space, id, &refs[k], &lost);
	}
	arena_fini(&arena);
	if (e != ERR_OK || !lost)
		return e;
	tables_record_key(space->no, id, &key);
	return txn_fail(txn, tables_corrupt(TABLE_HISTORY, tables_key(&key),
				 "a change of the record is missing"));
}

enum err
history_none(
    struct txn *txn, struct space_state *space, const struct record_id *id)
{
	struct kv_cursor cursor;
	struct key prefix;
	bool any;

	tables_record_key(space->no, id, &prefix);
	kv_cursor_init(&cursor, txn->kv, TABLE_HISTORY);
	any = kv_seek(&cursor, tables_key(&prefix)) &&
	      bytes_begins(cursor.key, tables_key(&prefix));
	kv_cursor_fini(&cursor);
	if (!any)
		return kv_failed(txn->kv);
	return txn_fail(txn, tables_corrupt(TABLE_RECORDS, tables_key(&prefix),
				 "it is missing"));
}

static int
stamp_order(const void *a, const void *b)
{
	const struct merge_change *left = a;
	const struct merge_change *right = b;

	if (left->stamp.v != right->stamp.v)
		return left->stamp.v < right->stamp.v ? -1 : 1;
	return id_change_compare(&left->at, &right->at);
}

static int
name_order(const void *a, const void *b)
{
	const struct merge_change *const *left = a;
	const struct merge_change *const *right = b;

	return id_change_compare(&(*left)->at, &(*right)->at);
}

/* Clocks may be wrong, so that a child has the lower stamp: each change comes
 * when it is its turn by stamp, after those of its ancestors that are still
 * missing.  `path` is the way down to the ancestor at hand. */
void
history_sort(struct merge_changes *changes, struct arena *arena)
{
	size_t n = changes->n;
	struct merge_change *sorted = arena_array(arena, n, sizeof(*sorted));
	struct merge_change **named = arena_array(arena, n, sizeof(*named));
	struct merge_change **path = arena_array(arena, n, sizeof(*path));
	size_t *next = arena_array(arena, n, sizeof(*next));
	bool *begun = arena_array(arena, n, sizeof(*begun));
	size_t done = 0;

	if (n == 0)
		return;
	qsort(changes->p, n, sizeof(*changes->p), stamp_order);
	for (size_t i = 0; i < n; i++)
		named[i] = &changes->p[i];
	qsort(named, n, sizeof(struct merge_change *), name_order);
	for (size_t i = 0; i < n; i++) {
		size_t depth = 0;

		if (!begun[i])
			path[depth++] = &changes->p[i];
		begun[i] = true;
		while (depth > 0) {
			struct merge_change *change = path[depth - 1];
			size_t at = (size_t)(change - changes->p);
			struct merge_change *parent = NULL;

			if (next[at] == change->parents_n) {
				sorted[done++] = *change;
				depth--;
				continue;
			}
			parent = held(named, n, &change->parents[next[at]++]);
			if (parent == NULL || begun[parent - changes->p])
				continue;
			begun[parent - changes->p] = true;
			path[depth++] = parent;
		}
	}
	assert(done == n);
	changes->p = sorted;
}

/* The change `at` among `n` that are sorted by name; NULL when it is not here.
 */
static struct merge_change *
held(struct merge_change **named, size_t n, const struct change_ref *at)
{
	struct merge_change wanted = {.at = *at};
	const struct merge_change *key = &wanted;
	struct merge_change **hit = bsearch(
	    &key, named, n, sizeof(struct merge_change *), name_order);

	return hit != NULL ? *hit : NULL;
}
