/*
 * Records as they will be.  core/compose.c asks before a change is written;
 * what it becomes in the end is for core/merge.c to say.
 */
#include "core/outlook.h"

#include <stdlib.h>

static void field_make(const struct record *now,
    const struct draft_change *change, size_t source,
    struct record_field *field, struct arena *arena);

static bool
is_of(const struct record_field *field, const struct body_op *op)
{
	return merge_compare(field, op->field, body_kind(op->code)) == 0;
}

/* A field of that name and kind in `record`, which has room; made empty when
 * there is none. */
static struct record_field *
field_get(struct record *record, const struct body_op *op)
{
	struct record_field *field;

	for (size_t i = 0; i < record->fields_n; i++)
		if (is_of(&record->fields[i], op))
			return &record->fields[i];
	field = &record->fields[record->fields_n++];
	*field = (struct record_field){
	    .name = op->field, .kind = body_kind(op->code)};
	return field;
}

static int
order(const void *a, const void *b)
{
	const struct record_field *right = b;

	return merge_compare(a, right->name, right->kind);
}

void
outlook_make(const struct record *now, const struct draft_change *change,
    uint64_t now_ms, struct arena *arena, struct record *record)
{
	size_t room = now->fields_n + change->ops_n;
	struct record_source *sources = arena_array(
	    arena, now->sources_n + 1, sizeof(*sources));
	struct stamp stamp = stamp_next(now->changed, now_ms);
	size_t kept = 0;

	*record = *now;
	for (size_t i = 0; i < now->sources_n; i++)
		sources[i] = now->sources[i];
	sources[now->sources_n] = (struct record_source){.stamp = stamp};
	record->sources = sources;
	record->sources_n = now->sources_n + 1;
	record->fields = arena_array(arena, room, sizeof(*record->fields));
	for (size_t i = 0; i < now->fields_n; i++)
		record->fields[i] = now->fields[i];
	for (size_t i = 0; i < change->ops_n; i++)
		(void)field_get(record, &change->ops[i].op);
	for (size_t i = 0; i < record->fields_n; i++)
		field_make(
		    now, change, now->sources_n, &record->fields[i], arena);
	for (size_t i = 0; i < record->fields_n; i++)
		if (record->fields[i].n > 0)
			record->fields[kept++] = record->fields[i];
	record->fields_n = kept;
	if (kept > 1)
		qsort(record->fields, kept, sizeof(*record->fields), order);
	if (change->collection.n > 0) {
		record->exists = true;
		record->collection = change->collection;
		record->created = stamp;
	}
	record->changed = stamp;
}

/* Does `change` replace `value`? */
static bool
is_seen(const struct record *now, const struct record_value *value,
    const struct draft_change *change)
{
	struct dot dot = merge_dot(now, value);

	for (size_t i = 0; i < change->ops_n; i++)
		for (size_t k = 0; k < change->ops[i].seen_n; k++)
			if (id_dot_compare(&change->ops[i].seen[k], &dot) == 0)
				return true;
	return false;
}

/* Turns `field` of `now` into what it will be: what stays, then what comes. */
static void
field_make(const struct record *now, const struct draft_change *change,
    size_t source, struct record_field *field, struct arena *arena)
{
	const struct record_value *old = field->values;
	struct record_value *values = arena_array(
	    arena, field->n + change->ops_n, sizeof(*values));
	size_t n = 0;

	assert(field->n == 0 || old != NULL);
	for (size_t i = 0; i < field->n; i++)
		if (!is_seen(now, &old[i], change))
			values[n++] = old[i];
	for (size_t i = 0; i < change->ops_n; i++) {
		const struct body_op *op = &change->ops[i].op;

		if (is_of(field, op) && body_has_value(op->code))
			values[n++] = (struct record_value){
			    .source = (uint32_t)source,
			    .class = change->classes[i],
			    .value = op->value};
	}
	field->values = values;
	field->n = n;
}
