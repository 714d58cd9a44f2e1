/*
 * Adopts and voids in data spaces.  core/history.c asks what they say of a
 * change, core/apply.c brings new ones and learns which of them turned.  Reads
 * headers alone, decides nothing about rights.
 */
#include "core/decisions.h"

#include <stdlib.h>
#include <string.h>

#include "core/cuts.h"
#include "core/tip.h"
#include "proto/fact.h"

/* A row of TABLE_DECISIONS with its decision. */
struct link {
	struct log_id target;
	struct decision *decision;
};

/* Where a decision stands. */
struct place {
	struct log_no log;
	uint64_t seq;
	struct decision *decision;
};

/* Those of one space.  All arrays are in txn->arena. */
struct decisions {
	struct decisions *next; /* of another space */
	struct space_state *space;
	struct decision **all; /* by ref */
	size_t n;
	size_t room;
	struct link *links; /* by target */
	size_t links_n;
	size_t links_room;
	struct decision **given; /* the last list that was given */
	struct decision **stack;
	size_t scratch_room; /* of these two */
};

static struct decisions *space_of(struct txn *txn, struct space_state *space);
static enum err load(struct txn *txn, struct decisions *d) MUST_USE;
static enum err links_read(struct txn *txn, struct decisions *d,
    struct place **places, size_t *n) MUST_USE;
static enum err place_load(
    struct txn *txn, struct decisions *d, struct place *place) MUST_USE;
static struct decision *decision_make(
    struct arena *arena, const struct history_delta *from);
static const struct ref *refs_of(const struct delta *delta,
    const uint32_t *indexes, size_t n, struct arena *arena);
static void insert(
    struct txn *txn, struct decisions *d, struct decision *decision);
static void link_insert(
    struct txn *txn, struct decisions *d, const struct link *link);
static void settle(
    struct txn *txn, struct decisions *d, struct decision_list *turned);
static void walk(struct decisions *d, struct decision *from);
static void scratch_grow(struct txn *txn, struct decisions *d);
static struct decision *named(struct decisions *d, const struct ref *ref);
static size_t links_begin(
    const struct decisions *d, const struct log_id *target);
static bool ends_at(const struct decision *decision, const struct log *log);
static bool is_about(struct txn *txn, struct decision *decision,
    const struct log *log, const struct ref *ref);
static enum err range_measure(struct txn *txn, struct decision_range *range,
    const struct log *log) MUST_USE;
static bool range_covers(struct txn *txn, struct decision_range *range,
    const struct log *log, uint64_t seq);

static int
id_compare(const struct log_id *a, const struct log_id *b)
{
	return memcmp(a->b, b->b, sizeof(a->b));
}

static int
id_order(const void *a, const void *b)
{
	return id_compare(a, b);
}

static int
ref_order(const void *a, const void *b)
{
	return id_ref_compare(a, b);
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

enum verdict
decisions_verdict(
    struct txn *txn, const struct log *log, uint64_t seq, const uint8_t leaf[8])
{
	struct decisions *d = space_of(txn, log->space);
	struct ref ref = {.log = log->trunk, .seq = seq};
	bool adopted = false;
	bool voided = false;

	if (d == NULL || d->links_n == 0)
		return VERDICT_NONE;
	memcpy(ref.leaf, leaf, sizeof(ref.leaf));
	for (size_t i = links_begin(d, &ref.log);
	     i < d->links_n && id_compare(&d->links[i].target, &ref.log) == 0;
	     i++) {
		struct decision *decision = d->links[i].decision;

		if (!decision->holds || !is_about(txn, decision, log, &ref))
			continue;
		adopted = adopted || decision->adopt;
		voided = voided || !decision->adopt;
	}
	if (adopted && voided)
		return VERDICT_DISPUTED;
	if (voided)
		return VERDICT_VOIDED;
	return adopted ? VERDICT_ADOPTED : VERDICT_NONE;
}

/* The decisions of `space`, read at the first use; NULL after a failure. */
static struct decisions *
space_of(struct txn *txn, struct space_state *space)
{
	struct decisions *d = txn->decisions;

	while (d != NULL && d->space != space)
		d = d->next;
	if (d != NULL)
		return d;
	d = arena_new(&txn->arena, sizeof(*d));
	d->space = space;
	if (load(txn, d) != ERR_OK)
		return NULL;
	d->next = txn->decisions;
	txn->decisions = d;
	return d;
}

static enum err
load(struct txn *txn, struct decisions *d)
{
	struct decision_list turned;
	struct place *places;
	size_t n;
	enum err e = links_read(txn, d, &places, &n);

	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		if (i > 0 && place_order(&places[i - 1], &places[i]) == 0)
			continue;
		e = place_load(txn, d, &places[i]);
	}
	if (e == ERR_OK)
		settle(txn, d, &turned);
	return e;
}

/* Where the decisions stand, by place; one about several logs several times. */
static enum err
links_read(
    struct txn *txn, struct decisions *d, struct place **places, size_t *n)
{
	struct kv_cursor cursor;
	struct decision_at at;
	struct key prefix;
	size_t all = 0;
	enum err e = ERR_OK;

	tables_space_key(d->space->no, &prefix);
	kv_cursor_init(&cursor, txn->kv, TABLE_DECISIONS);
	for (bool more = kv_seek(&cursor, tables_key(&prefix));
	     more && bytes_begins(cursor.key, tables_key(&prefix));
	     more = kv_next(&cursor))
		all++;
	*places = arena_array(&txn->arena, all, sizeof(**places));
	*n = 0;
	for (bool more = all > 0 && kv_seek(&cursor, tables_key(&prefix));
	     more && *n < all && e == ERR_OK; more = kv_next(&cursor)) {
		e = tables_decision_get(cursor.key, &at);
		if (e != ERR_OK)
			break;
		(*places)[(*n)++] = (struct place){
		    .log = at.log, .seq = at.seq};
	}
	kv_cursor_fini(&cursor);
	if (e != ERR_OK)
		return txn_fail(txn, e);
	if (*n > 0)
		qsort(*places, *n, sizeof(**places), place_order);
	return kv_failed(txn->kv);
}

static enum err
place_load(struct txn *txn, struct decisions *d, struct place *place)
{
	struct arena arena = {0};
	struct history_delta from;
	struct log *log;
	enum err e = oplog_by_no(txn, place->log, &log);

	if (e == ERR_OK)
		e = history_delta(txn, log, place->seq, &arena, &from);
	if (e == ERR_OK && (from.delta == NULL || log->space != d->space ||
			       (from.delta->kind != DELTA_ADOPT &&
				   from.delta->kind != DELTA_VOID)))
		e = err_set(ERR_CORRUPT,
		    "table %s leads to a delta that decides nothing here: run "
		    "`golmok rebuild`",
		    tables_names[TABLE_DECISIONS]);
	if (e == ERR_OK)
		insert(txn, d, decision_make(&txn->arena, &from));
	arena_fini(&arena);
	return e == ERR_OK ? e : txn_fail(txn, e);
}

static struct decision *
decision_make(struct arena *arena, const struct history_delta *from)
{
	const struct delta_decision *header = &from->delta->decision;
	struct decision *decision = arena_new(arena, sizeof(*decision));

	decision->ref.log = from->log->trunk;
	decision->ref.seq = from->seq;
	memcpy(decision->ref.leaf, from->leaf, sizeof(from->leaf));
	decision->log = from->log;
	decision->adopt = from->delta->kind == DELTA_ADOPT;
	decision->targets = refs_of(
	    from->delta, header->targets, header->targets_n, arena);
	decision->targets_n = header->targets_n;
	decision->replaces = refs_of(
	    from->delta, header->replaces, header->replaces_n, arena);
	decision->replaces_n = header->replaces_n;
	decision->ranges = arena_array(
	    arena, header->cuts_n, sizeof(*decision->ranges));
	decision->ranges_n = header->cuts_n;
	for (size_t i = 0; i < header->cuts_n; i++)
		decision->ranges[i].cut = header->cuts[i];
	return decision;
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

/* Where in `d->all` the decision `ref` is, or would be. */
static size_t
position(const struct decisions *d, const struct ref *ref)
{
	size_t low = 0;
	size_t high = d->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (id_ref_compare(&d->all[middle]->ref, ref) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
insert(struct txn *txn, struct decisions *d, struct decision *decision)
{
	size_t at = position(d, &decision->ref);
	struct log_id last;
	bool any = false;

	if (d->n == d->room) {
		struct decision **old = d->all;

		d->room = 2 * d->room + 16;
		d->all = arena_array(
		    &txn->arena, d->room, sizeof(struct decision *));
		for (size_t i = 0; i < d->n; i++)
			d->all[i] = old[i];
	}
	memmove(&d->all[at + 1], &d->all[at],
	    (d->n - at) * sizeof(struct decision *));
	d->all[at] = decision;
	d->n++;
	for (size_t i = 0; i < decision->targets_n; i++) {
		const struct log_id *log = &decision->targets[i].log;

		/* They rise by log. */
		if (!any || id_compare(&last, log) != 0)
			link_insert(txn, d,
			    &(struct link){
				.target = *log, .decision = decision});
		last = *log;
		any = true;
	}
	for (size_t i = 0; i < decision->ranges_n; i++)
		link_insert(txn, d,
		    &(struct link){.target = decision->ranges[i].cut.log,
			.decision = decision});
}

/* A decision that is about single deltas and a range of one log gets two
 * links there, which changes no verdict. */
static void
link_insert(struct txn *txn, struct decisions *d, const struct link *link)
{
	size_t at = links_begin(d, &link->target);

	if (d->links_n == d->links_room) {
		struct link *old = d->links;

		d->links_room = 2 * d->links_room + 16;
		d->links = arena_array(
		    &txn->arena, d->links_room, sizeof(*d->links));
		for (size_t i = 0; i < d->links_n; i++)
			d->links[i] = old[i];
	}
	memmove(&d->links[at + 1], &d->links[at],
	    (d->links_n - at) * sizeof(*d->links));
	d->links[at] = *link;
	d->links_n++;
}

/* The first link to `target`, or where it would be. */
static size_t
links_begin(const struct decisions *d, const struct log_id *target)
{
	size_t low = 0;
	size_t high = d->links_n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (id_compare(&d->links[middle].target, target) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Works out which decisions hold. */
static void
settle(struct txn *txn, struct decisions *d, struct decision_list *turned)
{
	scratch_grow(txn, d);
	for (size_t i = 0; i < d->n; i++) {
		d->all[i]->walked = false;
		d->all[i]->replaced = false;
	}
	for (size_t i = 0; i < d->n; i++) {
		struct decision *decision = d->all[i];

		decision->counts = tip_may(
		    txn, decision->log, RIGHT_ADMIN, decision->ref.seq);
		if (decision->counts)
			walk(d, decision);
	}
	*turned = (struct decision_list){.p = d->given};
	for (size_t i = 0; i < d->n; i++) {
		struct decision *decision = d->all[i];
		bool holds = decision->counts && !decision->replaced;

		if (holds != decision->holds)
			turned->p[turned->n++] = decision;
		decision->holds = holds;
	}
}

/* Marks all that chains of `replaces` lead to from `from`, whatever lies
 * between. */
static void
walk(struct decisions *d, struct decision *from)
{
	size_t depth = 0;

	if (from->walked)
		return;
	from->walked = true;
	d->stack[depth++] = from;
	while (depth > 0) {
		const struct decision *at = d->stack[--depth];

		for (size_t i = 0; i < at->replaces_n; i++) {
			struct decision *next = named(d, &at->replaces[i]);

			if (next == NULL)
				continue;
			next->replaced = true;
			if (next->walked)
				continue;
			next->walked = true;
			d->stack[depth++] = next;
		}
	}
}

static void
scratch_grow(struct txn *txn, struct decisions *d)
{
	if (d->scratch_room >= d->n)
		return;
	d->scratch_room = d->room;
	d->given = arena_array(&txn->arena, d->room, sizeof(struct decision *));
	d->stack = arena_array(&txn->arena, d->room, sizeof(struct decision *));
}

static struct decision *
named(struct decisions *d, const struct ref *ref)
{
	size_t at = position(d, ref);

	if (at == d->n || id_ref_compare(&d->all[at]->ref, ref) != 0)
		return NULL;
	return d->all[at];
}

static bool
is_about(struct txn *txn, struct decision *decision, const struct log *log,
    const struct ref *ref)
{
	if (decision->targets_n > 0 &&
	    bsearch(ref, decision->targets, decision->targets_n, sizeof(*ref),
		ref_order) != NULL)
		return true;
	for (size_t i = 0; i < decision->ranges_n; i++) {
		struct decision_range *range = &decision->ranges[i];

		if (id_compare(&range->cut.log, &ref->log) == 0)
			return range_covers(txn, range, log, ref->seq);
	}
	return false;
}

static bool
range_covers(struct txn *txn, struct decision_range *range,
    const struct log *log, uint64_t seq)
{
	/* Most that arrives lies behind: no root is needed for that. */
	if (seq >= range->cut.size)
		return false;
	if (!oplog_is_branch(log) && log->frontier.size < range->cut.size)
		return true;
	if (range->log != log || range->appended != txn->appended) {
		if (range_measure(txn, range, log) != ERR_OK)
			return false;
		range->log = log;
		range->appended = txn->appended;
	}
	return seq < range->end;
}

/* How much of `log` the range covers, as things are. */
static enum err
range_measure(
    struct txn *txn, struct decision_range *range, const struct log *log)
{
	struct arena arena = {0};
	struct cuts_trunk trunk = {0};
	uint64_t *ends;
	enum err e = cuts_trunk_of(txn, log, &arena, &trunk);

	range->end = 0;
	ends = arena_array(&arena, trunk.n, sizeof(*ends));
	if (e == ERR_OK)
		e = cuts_ends(txn, &trunk, &range->cut, ends);
	for (size_t i = 0; i < trunk.n && e == ERR_OK; i++)
		if (trunk.tips[i] == log)
			range->end = ends[i];
	arena_fini(&arena);
	return e == ERR_OK ? e : txn_fail(txn, e);
}

enum err
decisions_about(struct txn *txn, struct space_state *space, bool adopt,
    const struct ref *refs, size_t n, struct decision_list *about)
{
	struct decisions *d = space_of(txn, space);

	*about = (struct decision_list){0};
	if (d == NULL)
		return kv_failed(txn->kv);
	about->p = d->given;
	for (size_t i = 0; i < d->n; i++)
		d->all[i]->walked = false;
	for (size_t k = 0; k < n; k++) {
		const struct log_id *target = &refs[k].log;
		size_t at = links_begin(d, target);
		const struct log *log = at < d->links_n
					    ? tip_holding(txn, space, &refs[k])
					    : NULL;

		for (; log != NULL && at < d->links_n &&
		       id_compare(&d->links[at].target, target) == 0;
		     at++) {
			struct decision *decision = d->links[at].decision;

			if (decision->walked || !decision->holds ||
			    decision->adopt != adopt ||
			    !is_about(txn, decision, log, &refs[k]))
				continue;
			decision->walked = true;
			about->p[about->n++] = decision;
		}
	}
	return kv_failed(txn->kv);
}

enum err
decisions_add(struct txn *txn, const struct history_delta *from,
    struct decision_list *turned)
{
	struct space_state *space = from->log->space;
	struct decisions *d = space_of(txn, space);
	struct log_id *logs;
	size_t n;

	*turned = (struct decision_list){0};
	if (d == NULL)
		return kv_failed(txn->kv);
	n = decisions_logs(from->delta, &txn->arena, &logs);
	for (size_t i = 0; i < n; i++) {
		struct key key;

		tables_decision_key(space->no,
		    &(struct decision_at){.target = logs[i],
			.log = from->log->no,
			.seq = from->seq},
		    &key);
		kv_put(txn->kv, TABLE_DECISIONS, tables_key(&key),
		    (struct bytes){0});
	}
	insert(txn, d, decision_make(&txn->arena, from));
	settle(txn, d, turned);
	return kv_failed(txn->kv);
}

enum err
decisions_hold(struct txn *txn, struct space_state *space)
{
	(void)space_of(txn, space);
	return kv_failed(txn->kv);
}

void
decisions_turn(
    struct txn *txn, struct space_state *space, struct decision_list *turned)
{
	struct decisions *d = space_of(txn, space);

	*turned = (struct decision_list){0};
	if (d != NULL)
		settle(txn, d, turned);
}

void
decisions_ending(
    struct txn *txn, const struct log *log, struct decision_list *ending)
{
	struct decisions *d = space_of(txn, log->space);

	*ending = (struct decision_list){0};
	if (d == NULL)
		return;
	ending->p = d->given;
	for (size_t i = links_begin(d, &log->trunk);
	     i < d->links_n &&
	     id_compare(&d->links[i].target, &log->trunk) == 0;
	     i++) {
		struct decision *decision = d->links[i].decision;

		if (ends_at(decision, log) &&
		    (ending->n == 0 || ending->p[ending->n - 1] != decision))
			ending->p[ending->n++] = decision;
	}
}

static bool
ends_at(const struct decision *decision, const struct log *log)
{
	for (size_t i = 0; i < decision->ranges_n; i++) {
		const struct log_cut *cut = &decision->ranges[i].cut;

		/* A new branch that is shorter than the range counts whole,
		 * and with it what it shares with others. */
		if ((cut->size == log->frontier.size ||
			(oplog_is_branch(log) &&
			    log->from + 1 == log->frontier.size)) &&
		    id_compare(&cut->log, &log->trunk) == 0)
			return true;
	}
	return false;
}

size_t
decisions_logs(
    const struct delta *delta, struct arena *arena, struct log_id **logs)
{
	const struct delta_decision *decision = &delta->decision;
	size_t all = decision->targets_n + decision->cuts_n;
	size_t n = 0;

	*logs = arena_array(arena, all, sizeof(**logs));
	all = 0;
	for (size_t i = 0; i < decision->targets_n; i++)
		(*logs)[all++] = delta->refs[decision->targets[i]].log;
	for (size_t i = 0; i < decision->cuts_n; i++)
		(*logs)[all++] = decision->cuts[i].log;
	if (all > 0)
		qsort(*logs, all, sizeof(**logs), id_order);
	for (size_t i = 0; i < all; i++)
		if (i == 0 || id_compare(&(*logs)[i], &(*logs)[n - 1]) != 0)
			(*logs)[n++] = (*logs)[i];
	return n;
}
