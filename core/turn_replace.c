/*
 * The step from one whole record to another, by comparing their cells.
 * core/record.c asks for it when a record was merged anew.  Reads no table.
 */
#include "core/turn_replace.h"

#include <string.h>

static void cells_leave(
    struct turn *turn, const struct record *old, const struct record *next);
static const struct record_value *value_find(const struct record *record,
    const struct record_field *field, const struct dot *dot);
static const struct record_field *several(
    const struct record *record, const struct record_field *like);
static bool same_value(const struct cell *a, const struct cell *b);

void
turn_replace_all(const struct record *old, const struct record *next,
    struct arena *arena, struct turn *turn)
{
	size_t gone = 0;
	size_t coming = 0;
	struct turn back = {0};

	for (size_t i = 0; i < old->fields_n; i++)
		gone += old->fields[i].n;
	for (size_t i = 0; i < next->fields_n; i++)
		coming += next->fields[i].n;
	*turn = (struct turn){.old = old, .next = next};
	turn->gone = arena_array(arena, gone, sizeof(*turn->gone));
	turn->come = arena_array(arena, coming, sizeof(*turn->come));
	back.gone = turn->come;
	cells_leave(turn, old, next);
	cells_leave(&back, next, old);
	turn->come_n = back.gone_n;
}

/* Lists the cells that `old` has and `next` has not, or not so. */
static void
cells_leave(
    struct turn *turn, const struct record *old, const struct record *next)
{
	for (size_t i = 0; i < old->fields_n; i++) {
		const struct record_field *field = &old->fields[i];
		const struct record_field *other = several(next, field);

		for (size_t k = 0; field->n > 1 && k < field->n; k++) {
			struct cell cell = cell_of(
			    old, field, &field->values[k]);
			const struct record_value *value = NULL;
			struct cell kept;

			if (other != NULL)
				value = value_find(next, other, &cell.dot);
			if (value != NULL) {
				kept = cell_of(next, other, value);
				if (same_value(&cell, &kept))
					continue;
			}
			turn->gone[turn->gone_n++] = cell;
		}
	}
}

/* The field of `record` with the name and kind of `like`, when its values lie
 * in cells. */
static const struct record_field *
several(const struct record *record, const struct record_field *like)
{
	const struct record_field *field = merge_find(
	    record, like->name, like->kind);

	return field != NULL && field->n > 1 ? field : NULL;
}

static const struct record_value *
value_find(const struct record *record, const struct record_field *field,
    const struct dot *dot)
{
	size_t low = 0;
	size_t high = field->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct dot other = merge_dot(record, &field->values[middle]);
		int order = id_dot_compare(&other, dot);

		if (order == 0)
			return &field->values[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static bool
same_value(const struct cell *a, const struct cell *b)
{
	return a->class == b->class && a->stamp.v == b->stamp.v &&
	       a->has_actor == b->has_actor &&
	       memcmp(a->actor.b, b->actor.b, sizeof(a->actor.b)) == 0 &&
	       bytes_equal(a->value, b->value);
}
