/*
 * What a record is, given its changes: the definition that everything faster
 * is measured against.  core/apply.c calls it with the whole history of a
 * record where folding one change into the stored row is not certain to give
 * the same.  Reads no table and no clock, keeps no state, and never depends on
 * the order in which the changes are given.
 */
#include "core/merge.h"

#include <stdlib.h>
#include <string.h>

static const size_t nowhere = SIZE_MAX;

/* A change with its place in the argument, so that of two with one name the
 * first given stays. */
struct named {
	const struct merge_change *change;
	size_t given;
};

/* Places that are still to be visited; each comes at most once, when its mark
 * is set, so that long chains need no recursion. */
struct reach {
	bool *marks;
	size_t *queue;
	size_t n;
};

/* A merge at work: changes sorted by name; the operations of changes[i] are
 * numbered from op_base[i]. */
struct merging {
	struct arena *arena;
	size_t n;
	struct named *changes;
	size_t *op_base; /* n + 1 of them */
	bool complete;	 /* all parents and seen are among the changes */
	struct record *record;
};

/* A value that nothing has hidden. */
struct survivor {
	const struct merge_op *op;
	size_t change;
};

static void sort_changes(
    struct merging *m, const struct merge_change *changes, size_t n);
static int compare_named(const void *a, const void *b);
static size_t find_change(const struct merging *m, const struct change_ref *at);
static size_t find_op(const struct merging *m, const struct dot *dot);
static struct reach reach_new(struct arena *arena, size_t n);
static void reach_add(struct reach *reach, size_t place);
static void take_heads(struct merging *m);
static void take_origin(struct merging *m);
static void take_status(struct merging *m);
static void reach_parents(
    const struct merging *m, size_t change, struct reach *reach);
static void take_values(struct merging *m);
static const bool *find_hidden(struct merging *m);
static void reach_seen(
    struct merging *m, const struct merge_op *op, struct reach *reach);
static bool survives(
    const struct merge_change *change, const struct merge_op *op, bool hidden);
static int compare_survivors(const void *a, const void *b);
static void build_fields(
    struct merging *m, const struct survivor *survivors, size_t n);
static uint32_t *build_sources(
    struct merging *m, const struct survivor *survivors, size_t n);

void
merge_record(const struct merge_change *changes, size_t n, struct arena *arena,
    struct record *record)
{
	struct merging m = {.arena = arena, .complete = true, .record = record};

	memset(record, 0, sizeof(*record));
	sort_changes(&m, changes, n);
	take_heads(&m);
	take_origin(&m);
	take_values(&m);
	take_status(&m);
	record->plain = record->exists && m.complete;
	for (size_t i = 0; i < m.n; i++)
		if (!m.changes[i].change->counts ||
		    m.changes[i].change->act != ACT_EDIT)
			record->plain = false;
}

static void
sort_changes(struct merging *m, const struct merge_change *changes, size_t n)
{
	size_t kept = 0;

	m->changes = arena_array(m->arena, n, sizeof(*m->changes));
	for (size_t i = 0; i < n; i++) {
		m->changes[i].change = &changes[i];
		m->changes[i].given = i;
	}
	if (n > 0)
		qsort(m->changes, n, sizeof(*m->changes), compare_named);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 ||
		    id_change_compare(&m->changes[kept - 1].change->at,
			&m->changes[i].change->at) != 0)
			m->changes[kept++] = m->changes[i];
	m->n = kept;
	m->op_base = arena_array(m->arena, kept + 1, sizeof(*m->op_base));
	for (size_t i = 0; i < kept; i++)
		m->op_base[i + 1] = m->op_base[i] + m->changes[i].change->ops_n;
}

static int
compare_named(const void *a, const void *b)
{
	const struct named *x = a;
	const struct named *y = b;
	int order = id_change_compare(&x->change->at, &y->change->at);

	if (order != 0)
		return order;
	return (x->given > y->given) - (x->given < y->given);
}

/* The place of the change `at`; nowhere when it is not held. */
static size_t
find_change(const struct merging *m, const struct change_ref *at)
{
	size_t low = 0;
	size_t high = m->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = id_change_compare(
		    &m->changes[middle].change->at, at);

		if (order == 0)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return nowhere;
}

/* The number of the operation `dot` over all changes; nowhere when nothing is
 * known of it. */
static size_t
find_op(const struct merging *m, const struct dot *dot)
{
	size_t place = find_change(m, &dot->at);
	const struct merge_change *change;
	size_t low = 0;
	size_t high;

	if (place == nowhere)
		return nowhere;
	change = m->changes[place].change;
	high = change->ops_n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (change->ops[middle].number == dot->op)
			return m->op_base[place] + middle;
		if (change->ops[middle].number < dot->op)
			low = middle + 1;
		else
			high = middle;
	}
	return nowhere;
}

static struct reach
reach_new(struct arena *arena, size_t n)
{
	return (struct reach){
	    .marks = arena_array(arena, n, sizeof(bool)),
	    .queue = arena_array(arena, n, sizeof(size_t)),
	};
}

static void
reach_add(struct reach *reach, size_t place)
{
	if (reach->marks[place])
		return;
	reach->marks[place] = true;
	reach->queue[reach->n++] = place;
}

/* Heads are those of any status, so that a writer continues what was
 * quarantined too, once it is shown. */
static void
take_heads(struct merging *m)
{
	struct reach parents = reach_new(m->arena, m->n);
	struct record *record = m->record;

	for (size_t i = 0; i < m->n; i++)
		reach_parents(m, i, &parents);
	for (size_t i = 0; i < m->n; i++) {
		const struct merge_change *change = m->changes[i].change;

		for (size_t k = 0; k < change->parents_n; k++)
			if (find_change(m, &change->parents[k]) == nowhere)
				m->complete = false;
	}
	record->heads_n = m->n - parents.n;
	record->heads = arena_array(
	    m->arena, record->heads_n, sizeof(*record->heads));
	for (size_t i = 0, k = 0; i < m->n; i++)
		if (!parents.marks[i])
			record->heads[k++] = m->changes[i].change->at;
}

/* A change that names itself, which no hash allows, is not its own parent. */
static void
reach_parents(const struct merging *m, size_t change, struct reach *reach)
{
	const struct merge_change *child = m->changes[change].change;

	for (size_t k = 0; k < child->parents_n; k++) {
		size_t parent = find_change(m, &child->parents[k]);

		if (parent != nowhere && parent != change)
			reach_add(reach, parent);
	}
}

static void
take_origin(struct merging *m)
{
	const struct merge_change *creator = NULL;
	struct record *record = m->record;

	for (size_t i = 0; i < m->n; i++) {
		const struct merge_change *change = m->changes[i].change;

		if (!change->counts)
			continue;
		record->exists = true;
		if (change->stamp.v > record->changed.v)
			record->changed = change->stamp;
		/* Names rise, so that of equal stamps the first log stays. */
		if (change->act == ACT_EDIT && change->collection.n > 0 &&
		    (creator == NULL || change->stamp.v < creator->stamp.v))
			creator = change;
	}
	if (creator != NULL) {
		record->collection = creator->collection;
		record->created = creator->stamp;
	}
}

/* Deletes and keeps settle a record, edits never do.  One walk from all of
 * them marks every ancestor; those of them that stay unmarked are the latest,
 * and what they do not cover was written apart from them. */
static void
take_status(struct merging *m)
{
	struct reach settled = reach_new(m->arena, m->n);
	bool deletes = false;
	bool keeps = false;
	bool apart = false;

	for (size_t i = 0; i < m->n; i++) {
		const struct merge_change *change = m->changes[i].change;

		if (change->counts && change->act != ACT_EDIT)
			reach_parents(m, i, &settled);
	}
	for (size_t next = 0; next < settled.n; next++)
		reach_parents(m, settled.queue[next], &settled);
	for (size_t i = 0; i < m->n; i++) {
		const struct merge_change *change = m->changes[i].change;

		if (!change->counts || settled.marks[i])
			continue;
		deletes = deletes || change->act == ACT_DELETE;
		keeps = keeps || change->act == ACT_KEEP;
		apart = apart || change->act == ACT_EDIT;
	}
	if (!deletes)
		m->record->status = RECORD_LIVE;
	else if (!keeps && !apart)
		m->record->status = RECORD_DELETED;
	else
		m->record->status = RECORD_CONTESTED;
}

static void
take_values(struct merging *m)
{
	size_t ops_n = m->op_base[m->n];
	const bool *hidden = find_hidden(m);
	struct survivor *survivors = arena_array(
	    m->arena, ops_n, sizeof(*survivors));
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++) {
		const struct merge_change *change = m->changes[i].change;

		for (size_t k = 0; k < change->ops_n; k++)
			if (survives(change, &change->ops[k],
				hidden[m->op_base[i] + k]))
				survivors[n++] = (struct survivor){
				    .op = &change->ops[k], .change = i};
	}
	if (n > 0)
		qsort(survivors, n, sizeof(*survivors), compare_survivors);
	build_fields(m, survivors, n);
}

/* Marks what a chain of `seen` leads to from a counting operation, through
 * operations of any status, with a body or without. */
static const bool *
find_hidden(struct merging *m)
{
	size_t ops_n = m->op_base[m->n];
	struct reach hidden = reach_new(m->arena, ops_n);
	const struct merge_op **ops = arena_array(
	    m->arena, ops_n, sizeof(*ops));

	for (size_t i = 0; i < m->n; i++) {
		const struct merge_change *change = m->changes[i].change;

		for (size_t k = 0; k < change->ops_n; k++) {
			const struct merge_op *op = &change->ops[k];

			ops[m->op_base[i] + k] = op;
			for (size_t s = 0; s < op->seen_n; s++)
				if (find_op(m, &op->seen[s]) == nowhere)
					m->complete = false;
			if (change->counts && change->act == ACT_EDIT)
				reach_seen(m, op, &hidden);
		}
	}
	for (size_t next = 0; next < hidden.n; next++)
		reach_seen(m, ops[hidden.queue[next]], &hidden);
	return hidden.marks;
}

static void
reach_seen(struct merging *m, const struct merge_op *op, struct reach *reach)
{
	for (size_t s = 0; s < op->seen_n; s++) {
		size_t target = find_op(m, &op->seen[s]);

		if (target != nowhere)
			reach_add(reach, target);
	}
}

static bool
survives(
    const struct merge_change *change, const struct merge_op *op, bool hidden)
{
	return change->counts && change->act == ACT_EDIT && op->has_body &&
	       body_has_value(op->code) && !hidden;
}

/* By field, kind and dot; places of changes rise as their names do. */
static int
compare_survivors(const void *a, const void *b)
{
	const struct survivor *x = a;
	const struct survivor *y = b;
	struct record_field field = {
	    .name = x->op->field, .kind = body_kind(x->op->code)};
	int order = merge_compare(&field, y->op->field, body_kind(y->op->code));

	if (order != 0)
		return order;
	if (x->change != y->change)
		return x->change > y->change ? 1 : -1;
	return (x->op->number > y->op->number) -
	       (x->op->number < y->op->number);
}

static void
build_fields(struct merging *m, const struct survivor *survivors, size_t n)
{
	struct record *record = m->record;
	const uint32_t *sources = build_sources(m, survivors, n);
	struct record_value *values = arena_array(m->arena, n, sizeof(*values));
	struct record_field *field = NULL;

	record->fields = arena_array(m->arena, n, sizeof(*record->fields));
	for (size_t i = 0; i < n; i++) {
		const struct merge_op *op = survivors[i].op;
		enum field_kind kind = body_kind(op->code);

		values[i] = (struct record_value){
		    .source = sources[survivors[i].change],
		    .op = op->number,
		    .class = op->class,
		    .value = op->value,
		};
		if (field == NULL ||
		    merge_compare(field, op->field, kind) != 0) {
			field = &record->fields[record->fields_n++];
			field->name = op->field;
			field->kind = kind;
			field->values = &values[i];
		}
		field->n++;
	}
}

/* Lists the changes of which a value survives, and gives for each place of a
 * change its index in that list. */
static uint32_t *
build_sources(struct merging *m, const struct survivor *survivors, size_t n)
{
	struct record *record = m->record;
	uint32_t *index = arena_array(m->arena, m->n, sizeof(*index));
	bool *used = arena_array(m->arena, m->n, sizeof(*used));

	for (size_t i = 0; i < n; i++)
		used[survivors[i].change] = true;
	record->sources = arena_array(m->arena, m->n, sizeof(*record->sources));
	for (size_t i = 0; i < m->n; i++) {
		const struct merge_change *change = m->changes[i].change;

		if (!used[i])
			continue;
		assert(record->sources_n < UINT32_MAX);
		index[i] = (uint32_t)record->sources_n;
		record->sources[record->sources_n++] = (struct record_source){
		    .at = change->at,
		    .stamp = change->stamp,
		    .has_actor = change->has_actor,
		    .actor = change->actor,
		};
	}
	return index;
}

const struct record_value *
merge_winner(const struct record *record, const struct record_field *field)
{
	const struct record_value *best = NULL;

	/* Dots rise and begin with the log, so that among equal stamps the
	 * last one is the highest. */
	for (size_t i = 0; field->values != NULL && i < field->n; i++) {
		const struct record_value *value = &field->values[i];

		if (best == NULL || record->sources[value->source].stamp.v >=
					record->sources[best->source].stamp.v)
			best = value;
	}
	return best;
}

bool
merge_is_conflict(const struct record_field *field)
{
	if (field->kind != KIND_REGISTER && field->kind != KIND_STATE)
		return false;
	assert(field->n == 0 || field->values != NULL);
	for (size_t i = 1; i < field->n; i++)
		if (!bytes_equal(
			field->values[0].value, field->values[i].value))
			return true;
	return false;
}

const struct record_field *
merge_find(const struct record *record, struct bytes name, enum field_kind kind)
{
	size_t low = 0;
	size_t high = record->fields_n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct record_field *field = &record->fields[middle];
		int order = merge_compare(field, name, kind);

		if (order == 0)
			return field;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

int
merge_compare(
    const struct record_field *field, struct bytes name, enum field_kind kind)
{
	int order = bytes_compare(field->name, name);

	return order != 0 ? order : (field->kind > kind) - (field->kind < kind);
}

struct dot
merge_dot(const struct record *record, const struct record_value *value)
{
	assert(value->source < record->sources_n);
	return (struct dot){
	    .at = record->sources[value->source].at, .op = value->op};
}
