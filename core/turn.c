/*
 * What changes in the tables when a record does.  core/record.c carries it out.
 * Folding claims only what the stored row makes certain: everything else goes
 * through core/merge.c and the whole history.  Never writes.
 */
#include "core/turn.h"

#include <stdlib.h>
#include <string.h>

#include "core/row.h"
#include "core/tip.h"

/* One field while a change is folded in. */
struct slot {
	struct record_field field; /* as it was; n is 0 for a new one */
	size_t gone_n;		   /* of its old values */
	size_t come_n;		   /* values that the change adds */
	/* Its only value: by whom the change adds it, or a cell that is left;
	 * with neither the one of the row. */
	const struct merge_op *op;
	struct cell *left;
};

struct folding {
	const struct turn_place *at;
	const struct record *old;
	const struct merge_change *change;
	struct turn *turn;
	struct record *next;
	struct slot *slots; /* the old fields in their order, then new ones */
	size_t slots_n;
	/* Operations mostly come in the order of fields: the slot of the next
	 * one; and are new slots out of order? */
	size_t slot_next;
	bool tangled;
};

static bool is_foldable(const struct folding *f);
static bool is_held(const struct turn_place *at, const struct change_ref *ref);
static bool is_head(const struct record *record, const struct change_ref *ref);
static void slots_begin(struct folding *f);
static struct slot *slot_of(
    struct folding *f, struct bytes name, enum field_kind kind, bool make);
static bool see_all(struct folding *f);
static bool see_one(
    struct folding *f, const struct merge_op *op, const struct dot *dot);
static bool is_inline(
    const struct folding *f, const struct slot *slot, const struct dot *dot);
static bool see_cell(
    struct folding *f, struct slot *slot, const struct dot *dot);
static void add_all(struct folding *f);
static struct cell cell_made(
    const struct merge_change *change, const struct merge_op *op);
static void come(struct folding *f, const struct cell *cell);
static void slot_spread(struct folding *f, struct slot *slot);
static enum err slot_gather(struct folding *f, struct slot *slot) MUST_USE;
static bool is_gone(const struct turn *turn, const struct dot *dot);
static void next_fields(struct folding *f);
static void slot_value(const struct folding *f, const struct slot *slot,
    struct record_source *source, struct record_value *value);
static bool slots_in_order(const struct folding *f);
static int compare_slots(const void *a, const void *b);
static void next_heads(struct folding *f);
static void next_rest(struct folding *f);

enum err
turn_fold(const struct turn_place *at, const struct record *old,
    const struct merge_change *change, struct turn *turn, bool *done)
{
	struct folding f = {.at = at, .old = old, .change = change};
	enum err e = ERR_OK;

	*done = false;
	*turn = (struct turn){.old = old};
	f.turn = turn;
	if (!is_foldable(&f))
		return kv_failed(at->txn->kv);
	slots_begin(&f);
	if (!see_all(&f))
		return kv_failed(at->txn->kv);
	add_all(&f);
	for (size_t i = 0; i < f.slots_n && e == ERR_OK; i++) {
		struct slot *slot = &f.slots[i];
		size_t left = slot->field.n - slot->gone_n;

		if (slot->field.n > 1 && left + slot->come_n == 1 && left == 1)
			e = slot_gather(&f, slot);
		else if (left + slot->come_n > 1)
			slot_spread(&f, slot);
	}
	if (e != ERR_OK)
		return e;
	f.next = arena_new(at->arena, sizeof(*f.next));
	turn->next = f.next;
	next_rest(&f);
	next_heads(&f);
	next_fields(&f);
	*done = true;
	return kv_failed(at->txn->kv);
}

static bool
is_foldable(const struct folding *f)
{
	const struct merge_change *change = f->change;
	const struct record *old = f->old;

	if (!change->counts || change->act != ACT_EDIT)
		return false;
	if ((old->exists || old->heads_n > 0) && !old->plain)
		return false;
	if (is_head(old, &change->at))
		return false;
	/* Two creators at one moment are told apart by more than the row has.
	 */
	if (change->collection.n > 0 && old->collection.n > 0 &&
	    change->stamp.v == old->created.v &&
	    !bytes_equal(change->collection, old->collection))
		return false;
	for (size_t i = 0; i < change->parents_n; i++)
		if (!is_head(old, &change->parents[i]) &&
		    !is_held(f->at, &change->parents[i]))
			return false;
	return true;
}

static bool
is_head(const struct record *record, const struct change_ref *ref)
{
	for (size_t i = 0; i < record->heads_n; i++)
		if (id_change_compare(&record->heads[i], ref) == 0)
			return true;
	return false;
}

/* Is `ref` a change of this very record, with the leaf that it names?  That a
 * delta of that place is held is not enough: it may have changed others. */
static bool
is_held(const struct turn_place *at, const struct change_ref *ref)
{
	const struct log *log = oplog_find(at->txn, at->space, &ref->delta.log);
	struct history_at place = {
	    .seq = ref->delta.seq, .change = ref->change};
	bool split = log == NULL;
	struct bytes nothing;
	struct key key;

	/* Of a log that is split, the one under whose number the row lies. */
	if (split)
		log = tip_holding(at->txn, at->space, &ref->delta);
	if (log == NULL ||
	    (split && oplog_owner(at->txn, log, place.seq, &log) != ERR_OK))
		return false;
	place.log = log->no;
	tables_history_key(at->space->no, at->id, place, &key);
	return kv_find(
		   at->txn->kv, TABLE_HISTORY, tables_key(&key), &nothing) &&
	       (split || oplog_holds(at->txn, at->space, &ref->delta));
}

static void
slots_begin(struct folding *f)
{
	const struct record *old = f->old;
	size_t ops_n = f->change->ops_n;
	size_t seen = 0;

	for (size_t i = 0; i < ops_n; i++)
		seen += f->change->ops[i].seen_n;
	f->slots_n = old->fields_n;
	f->slots = arena_array(
	    f->at->arena, f->slots_n + ops_n, sizeof(*f->slots));
	for (size_t i = 0; i < f->slots_n; i++)
		f->slots[i].field = old->fields[i];
	/* Most often nothing is put there. */
	f->turn->gone = arena_room(
	    f->at->arena, seen + f->slots_n, sizeof(*f->turn->gone));
	f->turn->come = arena_room(
	    f->at->arena, ops_n + f->slots_n, sizeof(*f->turn->come));
}

/* The slot of (name, kind); when there is none, NULL or a new one. */
static struct slot *
slot_of(struct folding *f, struct bytes name, enum field_kind kind, bool make)
{
	size_t new = f->old->fields_n;
	const struct record_field *field;
	struct slot *slot;
	int order = 0;

	if (f->slot_next == f->slots_n)
		f->slot_next = 0;
	slot = &f->slots[f->slot_next];
	if (f->slots_n > 0 && slot->field.kind == kind &&
	    bytes_equal(slot->field.name, name)) {
		f->slot_next++;
		return slot;
	}
	field = merge_find(f->old, name, kind);
	if (field != NULL) {
		f->slot_next = (size_t)(field - f->old->fields) + 1;
		return &f->slots[f->slot_next - 1];
	}
	if (f->slots_n > new)
		order = merge_compare(
		    &f->slots[f->slots_n - 1].field, name, kind);
	for (; new < f->slots_n && (order >= 0 || f->tangled); new ++)
		if (merge_compare(&f->slots[new].field, name, kind) == 0)
			return &f->slots[new];
	if (!make)
		return NULL;
	f->tangled = f->tangled || order > 0;
	slot = &f->slots[f->slots_n++];
	slot->field.name = name;
	slot->field.kind = kind;
	return slot;
}

/* Takes away what the change saw.  In a plain record what survives is not
 * hidden by anything, and has hidden all that it saw itself.  False when
 * something seen is not a value that survives: whether it is known at all, only
 * the history tells. */
static bool
see_all(struct folding *f)
{
	for (size_t i = 0; i < f->change->ops_n; i++) {
		const struct merge_op *op = &f->change->ops[i];

		for (size_t s = 0; s < op->seen_n; s++)
			if (!see_one(f, op, &op->seen[s]))
				return false;
	}
	return true;
}

static bool
see_one(struct folding *f, const struct merge_op *op, const struct dot *dot)
{
	struct slot *slot = NULL;

	if (op->has_body)
		slot = slot_of(f, op->field, body_kind(op->code), false);
	if (slot != NULL && slot->field.n > 1)
		return see_cell(f, slot, dot);
	if (slot == NULL || !is_inline(f, slot, dot)) {
		/* A field may see another's value, if not in good sense. */
		slot = NULL;
		for (size_t i = 0; i < f->slots_n && slot == NULL; i++)
			if (is_inline(f, &f->slots[i], dot))
				slot = &f->slots[i];
	}
	if (slot == NULL)
		return false;
	slot->gone_n = 1;
	return true;
}

static bool
is_inline(
    const struct folding *f, const struct slot *slot, const struct dot *dot)
{
	const struct record_value *value = slot->field.values;

	if (slot->field.n != 1)
		return false;
	assert(value->source < f->old->sources_n);
	return value->op == dot->op &&
	       id_change_compare(
		   &f->old->sources[value->source].at, &dot->at) == 0;
}

static bool
see_cell(struct folding *f, struct slot *slot, const struct dot *dot)
{
	struct cell *cell = &f->turn->gone[f->turn->gone_n];
	struct bytes content;
	struct key key;

	if (is_gone(f->turn, dot))
		return true;
	*cell = (struct cell){
	    .field = slot->field.name, .kind = slot->field.kind, .dot = *dot};
	cell_key(f->at->space->no, f->at->id, cell, &key);
	if (!txn_find(f->at->txn, TABLE_CELLS, &key, &content))
		return false;
	content = arena_bytes(f->at->arena, content);
	if (!cell_decode(tables_key(&key), content, cell) ||
	    !bytes_equal(cell->field, slot->field.name))
		return false;
	f->turn->gone_n++;
	slot->gone_n++;
	return true;
}

static bool
is_gone(const struct turn *turn, const struct dot *dot)
{
	for (size_t i = 0; i < turn->gone_n; i++)
		if (id_dot_compare(&turn->gone[i].dot, dot) == 0)
			return true;
	return false;
}

/* Counts what the change adds, and lists it for the fields that will have
 * several values. */
static void
add_all(struct folding *f)
{
	const struct merge_change *change = f->change;
	struct slot **slots = arena_array(
	    f->at->arena, change->ops_n, sizeof(struct slot *));

	for (size_t i = 0; i < change->ops_n; i++) {
		const struct merge_op *op = &change->ops[i];

		if (!op->has_body || !body_has_value(op->code))
			continue;
		slots[i] = slot_of(f, op->field, body_kind(op->code), true);
		slots[i]->come_n++;
		if (slots[i]->field.n == slots[i]->gone_n)
			slots[i]->op = op;
	}
	for (size_t i = 0; i < change->ops_n; i++) {
		const struct slot *slot = slots[i];
		struct cell cell;

		if (slot == NULL ||
		    slot->field.n - slot->gone_n + slot->come_n < 2)
			continue;
		cell = cell_made(change, &change->ops[i]);
		come(f, &cell);
	}
}

static struct cell
cell_made(const struct merge_change *change, const struct merge_op *op)
{
	return (struct cell){
	    .field = op->field,
	    .kind = body_kind(op->code),
	    .dot = {.at = change->at, .op = op->number},
	    .class = op->class,
	    .stamp = change->stamp,
	    .has_actor = change->has_actor,
	    .actor = change->actor,
	    .value = op->value,
	};
}

static void
come(struct folding *f, const struct cell *cell)
{
	f->turn->come[f->turn->come_n++] = *cell;
}

/* The field will have several values: the one that lay in the row, if it
 * stays, gets a cell. */
static void
slot_spread(struct folding *f, struct slot *slot)
{
	struct cell cell;

	if (slot->field.n != 1 || slot->gone_n != 0)
		return;
	cell = cell_of(f->old, &slot->field, slot->field.values);
	come(f, &cell);
}

/* Of several values one is left: its cell goes, the row takes it. */
static enum err
slot_gather(struct folding *f, struct slot *slot)
{
	struct txn *txn = f->at->txn;
	struct kv_cursor cursor;
	struct key prefix;
	bool found = false;
	enum err e = ERR_OK;

	slot->left = arena_new(f->at->arena, sizeof(*slot->left));
	cell_prefix(f->at->space->no, f->at->id, slot->field.name,
	    slot->field.kind, &prefix);
	kv_cursor_init(&cursor, txn->kv, TABLE_CELLS);
	for (bool more = kv_seek(&cursor, tables_key(&prefix));
	     more && bytes_begins(cursor.key, tables_key(&prefix)) && !found;
	     more = kv_next(&cursor)) {
		struct bytes content;

		e = tables_open(
		    TABLE_CELLS, cursor.key, cursor.value, &content);
		if (e != ERR_OK)
			break;
		content = arena_bytes(f->at->arena, content);
		found = cell_decode(cursor.key, content, slot->left) &&
			bytes_equal(slot->left->field, slot->field.name) &&
			!is_gone(f->turn, &slot->left->dot);
	}
	if (e == ERR_OK && !found)
		e = tables_corrupt(TABLE_CELLS, tables_key(&prefix),
		    "a value that its record counts is not there");
	kv_cursor_fini(&cursor);
	if (e != ERR_OK)
		return txn_fail(txn, e);
	f->turn->gone[f->turn->gone_n++] = *slot->left;
	return ERR_OK;
}

static void
next_rest(struct folding *f)
{
	const struct merge_change *change = f->change;
	struct record *next = f->next;

	next->exists = true;
	next->plain = true;
	next->status = RECORD_LIVE;
	next->collection = f->old->collection;
	next->created = f->old->created;
	next->changed = f->old->changed;
	if (change->stamp.v > next->changed.v)
		next->changed = change->stamp;
	if (change->collection.n > 0 &&
	    (next->collection.n == 0 || change->stamp.v < next->created.v)) {
		next->collection = change->collection;
		next->created = change->stamp;
	}
}

static void
next_heads(struct folding *f)
{
	const struct record *old = f->old;
	const struct merge_change *change = f->change;
	bool placed = false;
	struct record *next = f->next;

	next->heads = arena_array(
	    f->at->arena, old->heads_n + 1, sizeof(*next->heads));
	for (size_t i = 0; i < old->heads_n; i++) {
		bool is_parent = false;

		for (size_t k = 0; k < change->parents_n && !is_parent; k++)
			is_parent = id_change_compare(&change->parents[k],
					&old->heads[i]) == 0;
		if (is_parent)
			continue;
		if (!placed &&
		    id_change_compare(&old->heads[i], &change->at) > 0) {
			next->heads[next->heads_n++] = change->at;
			placed = true;
		}
		next->heads[next->heads_n++] = old->heads[i];
	}
	if (!placed)
		next->heads[next->heads_n++] = change->at;
}

static void
next_fields(struct folding *f)
{
	struct arena *arena = f->at->arena;
	struct record *next = f->next;
	size_t n = f->slots_n;
	struct record_value *values = arena_room(arena, n, sizeof(*values));
	struct record_source *given = arena_room(arena, n, sizeof(*given));
	size_t given_n = 0;

	/* Slots of old fields are in order already; new ones mostly, too. */
	if (!slots_in_order(f))
		qsort(f->slots, n, sizeof(*f->slots), compare_slots);
	next->fields = arena_room(arena, n, sizeof(*next->fields));
	for (size_t i = 0; i < n; i++) {
		const struct slot *slot = &f->slots[i];
		struct record_field *field = &next->fields[next->fields_n];
		size_t left = slot->field.n - slot->gone_n + slot->come_n;

		if (left == 0)
			continue;
		next->fields_n++;
		*field = (struct record_field){.name = slot->field.name,
		    .kind = slot->field.kind,
		    .n = left};
		if (left > 1)
			continue;
		field->values = &values[given_n];
		slot_value(f, slot, &given[given_n++], field->values);
	}
	row_sources(given, arena, next);
}

/* The only value of `slot`, and what it stems from. */
static void
slot_value(const struct folding *f, const struct slot *slot,
    struct record_source *source, struct record_value *value)
{
	const struct merge_change *change = f->change;

	if (slot->left != NULL) {
		*source = cell_source(slot->left);
		*value = (struct record_value){.op = slot->left->dot.op,
		    .class = slot->left->class,
		    .value = slot->left->value};
	} else if (slot->op != NULL) {
		*source = (struct record_source){.at = change->at,
		    .stamp = change->stamp,
		    .has_actor = change->has_actor,
		    .actor = change->actor};
		*value = (struct record_value){.op = slot->op->number,
		    .class = slot->op->class,
		    .value = slot->op->value};
	} else {
		*value = slot->field.values[0];
		*source = f->old->sources[value->source];
	}
}

static bool
slots_in_order(const struct folding *f)
{
	size_t from = f->old->fields_n > 0 ? f->old->fields_n : 1;

	for (size_t i = from; i < f->slots_n; i++)
		if (compare_slots(&f->slots[i - 1], &f->slots[i]) > 0)
			return false;
	return true;
}

static int
compare_slots(const void *a, const void *b)
{
	const struct slot *x = a;
	const struct slot *y = b;

	return merge_compare(&x->field, y->field.name, y->field.kind);
}
