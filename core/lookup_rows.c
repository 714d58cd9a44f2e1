/*
 * From values to the rows of indexes.  core/lookup_keep.c writes them.  Reads
 * no table.
 */
#include "core/lookup_rows.h"

#include <stdlib.h>
#include <string.h>

#include "core/fold.h"
#include "core/lookup_key.h"
#include "proto/codec.h"
#include "proto/text.h"

/* One row for each of these from values of several fields. */
struct combining {
	const struct turn_place *at;
	const struct lookup_index *index;
	const struct lookup_values *values;
	size_t fields_n; /* those before the first without a value */
};

static void anything_add(const struct turn_place *at,
    const struct lookup_index *index, struct lookup_rows *rows);
static void pairs_add(const struct turn_place *at,
    const struct lookup_index *index, struct bytes text,
    struct lookup_rows *rows);
static bool may_combine(const struct combining *c);
static void combination_add(
    const struct combining *c, size_t number, struct lookup_rows *rows);

struct lookup_row *
lookup_rows_add(const struct turn_place *at, struct lookup_rows *rows)
{
	if (rows->n == rows->room) {
		size_t room = rows->room == 0 ? 4 : 2 * rows->room;
		struct lookup_row *p = arena_room(at->arena, room, sizeof(*p));

		bytes_copy(p, bytes_of(rows->p, rows->n * sizeof(*p)));
		rows->p = p;
		rows->room = room;
	}
	rows->p[rows->n].n = 1;
	rows->p[rows->n].key.n = 0;
	return &rows->p[rows->n++];
}

static int
row_order(const void *a, const void *b)
{
	const struct lookup_row *x = a;
	const struct lookup_row *y = b;

	return bytes_compare(tables_key(&x->key), tables_key(&y->key));
}

void
lookup_rows_sort(struct lookup_rows *rows)
{
	size_t kept = 1;

	/* Mostly they are in order already: one, or made so. */
	while (
	    kept < rows->n && row_order(&rows->p[kept - 1], &rows->p[kept]) < 0)
		kept++;
	if (kept >= rows->n)
		return;
	kept = 0;
	qsort(rows->p, rows->n, sizeof(*rows->p), row_order);
	for (size_t i = 0; i < rows->n; i++) {
		if (kept > 0 && row_order(&rows->p[kept - 1], &rows->p[i]) == 0)
			rows->p[kept - 1].n += rows->p[i].n;
		else
			rows->p[kept++] = rows->p[i];
	}
	rows->n = kept;
}

void
lookup_rows_value(const struct turn_place *at, const struct lookup_index *index,
    const struct lookup_value *value, struct lookup_rows *rows)
{
	struct key *key;
	struct reader r;

	assert(index->kind == LOOKUP_FIELD || index->kind == LOOKUP_TEXT);
	if (index->kind == LOOKUP_FIELD) {
		key = &lookup_rows_add(at, rows)->key;
		lookup_key_begin(at->space->no, index->no, key);
		lookup_key_value(at->txn->lookup, index->field, value->class,
		    value->value, key);
		lookup_key_record(at->id, key);
		return;
	}
	codec_begin(&r, value->value);
	if (codec_peek(&r) != CODEC_TEXT)
		return;
	if (value->class == CLASS_N && index->field->data_class == CLASS_N)
		pairs_add(at, index, codec_get_text(&r), rows);
	else
		anything_add(at, index, rows);
}

static void
anything_add(const struct turn_place *at, const struct lookup_index *index,
    struct lookup_rows *rows)
{
	struct key *key = &lookup_rows_add(at, rows)->key;

	lookup_key_begin(at->space->no, index->no, key);
	lookup_key_anything(key);
	lookup_key_record(at->id, key);
}

static int
pair_order(const void *a, const void *b)
{
	return bytes_compare(
	    *(const struct bytes *)a, *(const struct bytes *)b);
}

/* Adds a row for each two letters of `text` that follow each other.  A text of
 * one letter has none: nobody can ask for two of it. */
static void
pairs_add(const struct turn_place *at, const struct lookup_index *index,
    struct bytes text, struct lookup_rows *rows)
{
	struct bytes pairs[LIMIT_INDEX_ROWS + 1];
	struct buf folded = {0};
	struct bytes left;
	size_t n = 0;
	/* Its normal form may be too large. */
	enum err e = fold_text(at->txn->lookup->fold, text, &folded);

	left = buf_bytes(&folded);
	while (
	    e == ERR_OK && n < COUNT_OF(pairs) && fold_pair(&left, &pairs[n]))
		n++;
	if (e != ERR_OK || n == COUNT_OF(pairs)) {
		anything_add(at, index, rows);
		goto out;
	}
	/* No letter begins with another, so their rows are in this order. */
	if (n > 1)
		qsort(pairs, n, sizeof(*pairs), pair_order);
	for (size_t i = 0; i < n; i++) {
		struct key *key;

		if (i > 0 && pair_order(&pairs[i - 1], &pairs[i]) == 0)
			continue;
		key = &lookup_rows_add(at, rows)->key;
		lookup_key_begin(at->space->no, index->no, key);
		lookup_key_pair(pairs[i], key);
		lookup_key_record(at->id, key);
	}
out:
	buf_fini(&folded);
}

void
lookup_rows_compound(const struct turn_place *at,
    const struct lookup_index *index, const struct lookup_values *values,
    struct lookup_rows *rows)
{
	struct combining c = {.at = at, .index = index, .values = values};
	size_t n = 1;

	while (c.fields_n < index->compound->fields_n &&
	       values[c.fields_n].n > 0) {
		if (n <= LIMIT_INDEX_ROWS &&
		    values[c.fields_n].n <= LIMIT_INDEX_ROWS)
			n *= values[c.fields_n].n;
		else
			n = LIMIT_INDEX_ROWS + 1;
		c.fields_n++;
	}
	if (c.fields_n == 0)
		return;
	if (n > LIMIT_INDEX_ROWS || !may_combine(&c)) {
		anything_add(at, index, rows);
		return;
	}
	for (size_t i = 0; i < n; i++)
		combination_add(&c, i, rows);
}

/* Can all values stand in a key as they are? */
static bool
may_combine(const struct combining *c)
{
	const struct lookup_plain how = {.max = LOOKUP_KEY_MEMBER};

	for (size_t f = 0; f < c->fields_n; f++) {
		const struct pack_field *field = c->index->compound->fields[f];

		for (size_t i = 0; i < c->values[f].n; i++) {
			const struct lookup_value *value = &c->values[f].p[i];
			struct key key = {0};

			if (value->class != CLASS_N ||
			    !lookup_key_plain(field, value->value, how, &key))
				return false;
		}
	}
	return true;
}

/* The row of the combination `number`, which says of each field which of its
 * values is taken. */
static void
combination_add(
    const struct combining *c, size_t number, struct lookup_rows *rows)
{
	const struct lookup_plain how = {.max = LOOKUP_KEY_MEMBER};
	const struct pack_compound *compound = c->index->compound;
	struct key *key = &lookup_rows_add(c->at, rows)->key;
	bool plain = true;

	lookup_key_begin(c->at->space->no, c->index->no, key);
	for (size_t f = 0; f < c->fields_n; f++) {
		const struct lookup_values *values = &c->values[f];

		plain = plain &&
			lookup_key_plain(compound->fields[f],
			    values->p[number % values->n].value, how, key);
		number /= values->n;
	}
	assert(plain);
	if (c->fields_n < compound->fields_n)
		lookup_key_nothing(key);
	lookup_key_record(c->at->id, key);
}

struct lookup_values
lookup_rows_values(
    const struct turn_place *at, const struct record_field *field)
{
	struct lookup_value *values;

	if (field == NULL)
		return (struct lookup_values){0};
	assert(field->values != NULL);
	values = arena_room(at->arena, field->n, sizeof(*values));
	for (size_t i = 0; i < field->n; i++)
		values[i] = (struct lookup_value){
		    field->values[i].class, field->values[i].value};
	return (struct lookup_values){field->n, values};
}

static struct lookup_values
values_of(const struct turn_place *at, const struct record *record,
    const struct pack_field *field)
{
	return lookup_rows_values(
	    at, merge_find(record, bytes_text(field->name), field->kind));
}

void
lookup_rows_index(const struct turn_place *at, const struct lookup_index *index,
    const struct record *record, struct lookup_rows *rows)
{
	const struct pack_compound *compound = index->compound;
	struct lookup_values values[LIMIT_INDEX_FIELDS];
	struct key *key;

	rows->n = 0;
	switch (index->kind) {
	case LOOKUP_LIST:
		key = &lookup_rows_add(at, rows)->key;
		lookup_key_begin(at->space->no, index->no, key);
		lookup_key_record(at->id, key);
		break;
	case LOOKUP_FIELD:
	case LOOKUP_TEXT:
		values[0] = values_of(at, record, index->field);
		for (size_t k = 0; k < values[0].n; k++)
			lookup_rows_value(at, index, &values[0].p[k], rows);
		break;
	case LOOKUP_COMPOUND:
		for (size_t k = 0; k < compound->fields_n; k++)
			values[k] = values_of(at, record, compound->fields[k]);
		lookup_rows_compound(at, index, values, rows);
		break;
	}
	lookup_rows_sort(rows);
}

void
lookup_rows_record(const struct turn_place *at, const struct record *record,
    struct lookup_rows *rows)
{
	const struct lookup_set *set = lookup_set(
	    at->txn->lookup, record->collection);
	struct lookup_rows some = {0};

	/* The numbers of the indexes rise, so all of it is sorted. */
	for (size_t i = 0; set != NULL && i < set->n; i++) {
		lookup_rows_index(at, &set->indexes[i], record, &some);
		for (size_t k = 0; k < some.n; k++)
			*lookup_rows_add(at, rows) = some.p[k];
	}
}
