/*
 * The decisions of a space while a transaction works with them: read from where
 * they stand, added to as they arrive.  Anybody may write them without end, so
 * only those that count are read, and what these replace.  core/decisions.c
 * asks; nothing here knows what a decision covers.
 */
#include "core/docket.h"

#include <stdlib.h>
#include <string.h>

#include "core/tip.h"
#include "proto/fact.h"
#include "proto/mem.h"

/* So many decisions that do not count are looked at all the same: honest people
 * write none, and who writes thousands must not slow others down. */
enum { DOUBTED_MAX = 16 };

/* Where a decision stands. */
struct place {
	struct log_no log;
	uint64_t seq;
};

/* Some of them. */
struct places {
	struct place *p; /* owned */
	size_t n;
	size_t room;
};

static bool decides(const struct delta *delta);
static enum err leads_astray(void) MUST_USE;
static enum err decision_read(struct txn *txn, const struct log *log,
    uint64_t seq, struct arena *arena, struct history_delta *from) MUST_USE;
static enum err doubt(
    struct txn *txn, const struct log *log, uint64_t seq) MUST_USE;
static enum err places_read(struct txn *txn, const struct docket *docket,
    struct places *places) MUST_USE;
static enum err place_load(
    struct txn *txn, struct docket *docket, const struct place *place) MUST_USE;
static void fill(struct txn *txn, struct docket *docket,
    struct decision *decision, const struct delta *delta);
static const struct ref *refs_of(const struct delta *delta,
    const uint32_t *indexes, size_t n, struct arena *arena);
static void insert(
    struct txn *txn, struct docket *docket, struct decision *decision);
static void link_insert(
    struct txn *txn, struct docket *docket, const struct docket_link *link);
static enum err chase(struct txn *txn, struct docket *docket) MUST_USE;
static enum err replaced_load(
    struct txn *txn, struct docket *docket, const struct ref *ref) MUST_USE;
static void walk(struct docket *docket, struct decision *from);
static void scratch_grow(struct txn *txn, struct docket *docket);

static struct decision *decision_find(
    struct docket *docket, const struct ref *ref);

static int
id_compare(const struct log_id *a, const struct log_id *b)
{
	return memcmp(a->b, b->b, sizeof(a->b));
}

static int
place_order(const void *a, const void *b)
{
	const struct place *left = a;
	const struct place *right = b;

	if (left->log.v != right->log.v)
		return left->log.v < right->log.v ? -1 : 1;
	return (left->seq > right->seq) - (left->seq < right->seq);
}

static int
ref_order(const void *a, const void *b)
{
	return id_ref_compare(a, b);
}

struct docket *
docket_of(struct txn *txn, struct space_state *space)
{
	return docket_before(txn, space, NULL);
}

struct docket *
docket_before(struct txn *txn, struct space_state *space, const struct ref *ref)
{
	struct docket *docket = txn->dockets;
	struct decision_list turned;

	while (docket != NULL && docket->space != space)
		docket = docket->next;
	if (docket != NULL)
		return docket;
	docket = arena_new(&txn->arena, sizeof(*docket));
	docket->space = space;
	docket->unborn = ref;
	if (docket_load(txn, docket) != ERR_OK ||
	    docket_settle(txn, docket, &turned) != ERR_OK)
		return NULL;
	docket->unborn = NULL;
	docket->next = txn->dockets;
	txn->dockets = docket;
	return docket;
}

enum err
docket_load(struct txn *txn, struct docket *docket)
{
	struct places places = {0};
	enum err e = places_read(txn, docket, &places);

	for (size_t i = 0; i < places.n && e == ERR_OK; i++)
		if (i == 0 || place_order(&places.p[i - 1], &places.p[i]) != 0)
			e = place_load(txn, docket, &places.p[i]);
	mem_free(places.p);
	return e;
}

/* Where the decision of the row `key` stands, whose log `*log` may be already.
 * The rows have no checksum: does this one lie under the space of its log? */
static enum err
place_read(
    struct txn *txn, struct bytes key, struct decision_at *at, struct log **log)
{
	enum err e = tables_decision_get(key, at);

	if (e == ERR_OK && (*log == NULL || (*log)->no.v != at->log.v))
		e = oplog_by_no(txn, at->log, log);
	if (e == ERR_OK && bytes_be32(key.p) != (*log)->space->no.v)
		e = tables_corrupt(
		    TABLE_DECISIONS, key, "its log is one of another space");
	return e;
}

static bool
decides(const struct delta *delta)
{
	return delta != NULL &&
	       (delta->kind == DELTA_ADOPT || delta->kind == DELTA_VOID);
}

static enum err
leads_astray(void)
{
	return err_set(ERR_CORRUPT,
	    "table %s leads to a delta that decides nothing here: run `golmok "
	    "rebuild`",
	    tables_names[TABLE_DECISIONS]);
}

static enum err
decision_read(struct txn *txn, const struct log *log, uint64_t seq,
    struct arena *arena, struct history_delta *from)
{
	enum err e = history_delta(txn, log, seq, arena, from);

	if (e == ERR_NOT_FOUND || (e == ERR_OK && !decides(from->delta)))
		e = leads_astray();
	return e;
}

/* A row that leads to a log which may not decide: is there a decision?  Else it
 * once led to another log. */
static enum err
doubt(struct txn *txn, const struct log *log, uint64_t seq)
{
	struct arena arena = {0};
	struct history_delta from;
	enum err e = decision_read(txn, log, seq, &arena, &from);

	arena_fini(&arena);
	return e;
}

/* Where the decisions that count stand, by place; one about several logs
 * several times. */
static enum err
places_read(struct txn *txn, const struct docket *docket, struct places *places)
{
	struct kv_cursor cursor;
	struct decision_at at;
	struct log *log = NULL;
	unsigned doubted = 0;
	struct key prefix;
	enum err e = ERR_OK;
	bool more;

	tables_space_key(docket->space->no, &prefix);
	kv_cursor_init(&cursor, txn->kv, TABLE_DECISIONS);
	/* One of this space may have got the number of another. */
	more = kv_seek(&cursor, tables_key(&prefix));
	if (kv_seek_before(&cursor, more ? cursor.key : (struct bytes){0})) {
		e = place_read(txn, cursor.key, &at, &log);
		more = more && kv_next(&cursor);
	}
	for (; more && e == ERR_OK; more = kv_next(&cursor)) {
		e = place_read(txn, cursor.key, &at, &log);
		if (e != ERR_OK ||
		    !bytes_begins(cursor.key, tables_key(&prefix)))
			break;
		if (!tip_may(txn, log, RIGHT_ADMIN, at.seq)) {
			if (doubted++ < DOUBTED_MAX)
				e = doubt(txn, log, at.seq);
			continue;
		}
		mem_room(&places->p, &places->room, places->n + 1,
		    sizeof(*places->p));
		places->p[places->n++] = (struct place){
		    .log = at.log, .seq = at.seq};
	}
	kv_cursor_fini(&cursor);
	if (e != ERR_OK)
		return txn_fail(txn, e);
	if (places->n > 0)
		qsort(places->p, places->n, sizeof(*places->p), place_order);
	return kv_failed(txn->kv);
}

static enum err
place_load(struct txn *txn, struct docket *docket, const struct place *place)
{
	struct arena arena = {0};
	struct history_delta from;
	struct log *log;
	enum err e = oplog_by_no(txn, place->log, &log);

	if (e == ERR_OK)
		e = decision_read(txn, log, place->seq, &arena, &from);
	if (e == ERR_OK && log->space != docket->space)
		e = leads_astray();
	if (e == ERR_OK)
		docket_take(txn, docket, &from, true);
	arena_fini(&arena);
	return e == ERR_OK ? e : txn_fail(txn, e);
}

void
docket_take(struct txn *txn, struct docket *docket,
    const struct history_delta *from, bool whole)
{
	const struct delta_decision *header = &from->delta->decision;
	struct ref ref = {.log = from->log->trunk, .seq = from->seq};
	struct decision *decision;

	memcpy(ref.leaf, from->leaf, sizeof(ref.leaf));
	decision = decision_find(docket, &ref);
	if (decision == NULL) {
		decision = arena_new(&txn->arena, sizeof(*decision));
		decision->ref = ref;
		decision->log = from->log;
		decision->adopt = from->delta->kind == DELTA_ADOPT;
		decision->replaces = refs_of(from->delta, header->replaces,
		    header->replaces_n, &txn->arena);
		decision->replaces_n = header->replaces_n;
		decision->chased = docket->chased;
		docket->chased = decision;
		insert(txn, docket, decision);
	}
	if (whole && !decision->whole)
		fill(txn, docket, decision, from->delta);
}

/* Takes what `decision` is about. */
static void
fill(struct txn *txn, struct docket *docket, struct decision *decision,
    const struct delta *delta)
{
	const struct delta_decision *header = &delta->decision;
	const struct ref *targets = refs_of(
	    delta, header->targets, header->targets_n, &txn->arena);

	decision->whole = true;
	decision->targets = targets;
	decision->targets_n = header->targets_n;
	decision->ranges = arena_array(
	    &txn->arena, header->cuts_n, sizeof(*decision->ranges));
	decision->ranges_n = header->cuts_n;
	for (size_t i = 0; i < header->cuts_n; i++)
		decision->ranges[i].cut = header->cuts[i];
	for (size_t i = 0; i < decision->targets_n; i++)
		/* They rise by log. */
		if (i == 0 ||
		    id_compare(&targets[i - 1].log, &targets[i].log) != 0)
			link_insert(txn, docket,
			    &(struct docket_link){.target = targets[i].log,
				.decision = decision});
	for (size_t i = 0; i < decision->ranges_n; i++)
		link_insert(txn, docket,
		    &(struct docket_link){.target = decision->ranges[i].cut.log,
			.decision = decision});
}

static const struct ref *
refs_of(const struct delta *delta, const uint32_t *indexes, size_t n,
    struct arena *arena)
{
	struct ref *refs = arena_array(arena, n, sizeof(*refs));

	for (size_t i = 0; i < n; i++)
		refs[i] = delta->refs[indexes[i]];
	return refs;
}

/* Where in `docket->all` the decision `ref` is, or would be. */
static size_t
position(const struct docket *docket, const struct ref *ref)
{
	size_t low = 0;
	size_t high = docket->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (id_ref_compare(&docket->all[middle]->ref, ref) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
insert(struct txn *txn, struct docket *docket, struct decision *decision)
{
	size_t at = position(docket, &decision->ref);

	if (docket->n == docket->room) {
		struct decision **old = docket->all;

		docket->room = 2 * docket->room + 16;
		docket->all = arena_array(
		    &txn->arena, docket->room, sizeof(struct decision *));
		for (size_t i = 0; i < docket->n; i++)
			docket->all[i] = old[i];
	}
	memmove(&docket->all[at + 1], &docket->all[at],
	    (docket->n - at) * sizeof(struct decision *));
	docket->all[at] = decision;
	docket->n++;
}

/* A decision that is about single deltas and a range of one log gets two
 * links there, which changes no verdict. */
static void
link_insert(
    struct txn *txn, struct docket *docket, const struct docket_link *link)
{
	size_t at = docket_about(docket, &link->target);

	if (docket->links_n == docket->links_room) {
		struct docket_link *old = docket->links;

		docket->links_room = 2 * docket->links_room + 16;
		docket->links = arena_array(
		    &txn->arena, docket->links_room, sizeof(*docket->links));
		for (size_t i = 0; i < docket->links_n; i++)
			docket->links[i] = old[i];
	}
	memmove(&docket->links[at + 1], &docket->links[at],
	    (docket->links_n - at) * sizeof(*docket->links));
	docket->links[at] = *link;
	docket->links_n++;
}

/* The first link to `target`, or where it would be. */
size_t
docket_about(const struct docket *docket, const struct log_id *target)
{
	size_t low = 0;
	size_t high = docket->links_n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (id_compare(&docket->links[middle].target, target) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool
docket_awaits(const struct docket *docket, const struct ref *ref)
{
	for (size_t i = 0; i < docket->n; i++) {
		const struct decision *at = docket->all[i];

		if (at->replaces_n > 0 &&
		    bsearch(ref, at->replaces, at->replaces_n, sizeof(*ref),
			ref_order) != NULL)
			return true;
	}
	return false;
}

/* Works out which decisions hold. */
enum err
docket_settle(
    struct txn *txn, struct docket *docket, struct decision_list *turned)
{
	enum err e = chase(txn, docket);

	*turned = (struct decision_list){0};
	if (e != ERR_OK)
		return e;
	scratch_grow(txn, docket);
	for (size_t i = 0; i < docket->n; i++) {
		docket->all[i]->walked = false;
		docket->all[i]->replaced = false;
	}
	for (size_t i = 0; i < docket->n; i++) {
		struct decision *decision = docket->all[i];

		decision->counts = decision->whole &&
				   tip_may(txn, decision->log, RIGHT_ADMIN,
				       decision->ref.seq);
		if (decision->counts)
			walk(docket, decision);
	}
	*turned = (struct decision_list){.p = docket->given};
	for (size_t i = 0; i < docket->n; i++) {
		struct decision *decision = docket->all[i];
		bool holds = decision->counts && !decision->replaced;

		if (holds != decision->holds)
			turned->p[turned->n++] = decision;
		decision->holds = holds;
	}
	return kv_failed(txn->kv);
}

/* Reads what the decisions that came since the last time replace, and what that
 * replaces, as far as it is held. */
static enum err
chase(struct txn *txn, struct docket *docket)
{
	enum err e = ERR_OK;

	while (docket->chased != NULL && e == ERR_OK) {
		const struct decision *at = docket->chased;

		docket->chased = at->chased;
		for (size_t i = 0; i < at->replaces_n && e == ERR_OK; i++)
			if (decision_find(docket, &at->replaces[i]) == NULL)
				e = replaced_load(
				    txn, docket, &at->replaces[i]);
	}
	return e;
}

static enum err
replaced_load(struct txn *txn, struct docket *docket, const struct ref *ref)
{
	struct arena arena = {0};
	struct history_delta from = {0};
	bool unborn = docket->unborn != NULL &&
		      id_ref_compare(docket->unborn, ref) == 0;
	const struct log *log = unborn ? NULL
				       : tip_holding(txn, docket->space, ref);
	enum err e = kv_failed(txn->kv);

	if (e == ERR_OK && log != NULL)
		e = history_delta(txn, log, ref->seq, &arena, &from);
	if (e == ERR_OK && decides(from.delta))
		docket_take(txn, docket, &from, false);
	arena_fini(&arena);
	return e == ERR_OK ? e : txn_fail(txn, e);
}

/* Marks all that chains of `replaces` lead to from `from`, whatever lies
 * between. */
static void
walk(struct docket *docket, struct decision *from)
{
	size_t depth = 0;

	if (from->walked)
		return;
	from->walked = true;
	docket->stack[depth++] = from;
	while (depth > 0) {
		const struct decision *at = docket->stack[--depth];

		for (size_t i = 0; i < at->replaces_n; i++) {
			struct decision *next = decision_find(
			    docket, &at->replaces[i]);

			if (next == NULL)
				continue;
			next->replaced = true;
			if (next->walked)
				continue;
			next->walked = true;
			docket->stack[depth++] = next;
		}
	}
}

static void
scratch_grow(struct txn *txn, struct docket *docket)
{
	if (docket->scratch_room >= docket->n)
		return;
	docket->scratch_room = docket->room;
	docket->given = arena_array(
	    &txn->arena, docket->room, sizeof(struct decision *));
	docket->stack = arena_array(
	    &txn->arena, docket->room, sizeof(struct decision *));
}

/* The decision `ref`; NULL when it is not there. */
static struct decision *
decision_find(struct docket *docket, const struct ref *ref)
{
	size_t at = position(docket, ref);

	if (at == docket->n || id_ref_compare(&docket->all[at]->ref, ref) != 0)
		return NULL;
	return docket->all[at];
}
