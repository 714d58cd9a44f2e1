/*
 * What must not be there twice.  core/compose.c asks before it writes; which
 * fields are unique is the pack's to say.
 */
#include "core/unique.h"

#include <string.h>

#include "core/lookup_rows.h"
#include "core/pack_show.h"
#include "core/record.h"
#include "core/rules.h"
#include "proto/ascii.h"

/* An index over several fields, and what the write makes stand in it. */
struct together {
	const struct unique *unique;
	const struct lookup_index *index;
	struct lookup_values values[LIMIT_INDEX_FIELDS];
	struct bytes taken[LIMIT_INDEX_FIELDS]; /* one of each */
};

static enum err field_claim(const struct unique *unique,
    const struct lookup_index *index, struct lookup_rows *claims) MUST_USE;
static bool is_drafted(const struct unique *unique, const struct key *claim);
static enum err together_claim(
    struct together *t, struct lookup_rows *claims) MUST_USE;
static bool is_changed(
    const struct unique *unique, const struct pack_field *field);
static enum err record_whole(const struct together *t, struct record *loaded,
    const struct record **record) MUST_USE;
static void values_take(
    struct together *t, size_t i, const struct record *record);
static enum err way_claim(
    struct together *t, size_t way, struct lookup_rows *claims) MUST_USE;
static enum err taken_look(const struct together *t) MUST_USE;
static enum err taken_say(
    const struct together *t, const struct record_id *other) MUST_USE;

enum err
unique_claim(const struct unique *unique)
{
	struct draft_change *change = unique->change;
	const struct lookup_set *set = lookup_set(
	    unique->txn->lookup, unique->collection);
	struct lookup_rows claims = {0};
	enum err e = ERR_OK;

	for (size_t i = 0; set != NULL && i < set->n && e == ERR_OK; i++) {
		struct together t = {
		    .unique = unique, .index = &set->indexes[i]};

		if (t.index->kind == LOOKUP_FIELD &&
		    t.index->field->index == PACK_INDEX_UNIQUE)
			e = field_claim(unique, t.index, &claims);
		else if (t.index->kind == LOOKUP_COMPOUND &&
			 t.index->compound->unique)
			e = together_claim(&t, &claims);
	}
	change->claims = arena_array(
	    &unique->txn->arena, claims.n, sizeof(*change->claims));
	change->claims_n = claims.n;
	for (size_t i = 0; i < claims.n; i++)
		change->claims[i] = claims.p[i].key;
	return e;
}

static struct turn_place
place_of(const struct unique *unique)
{
	return (struct turn_place){.txn = unique->txn,
	    .space = unique->space,
	    .id = unique->id,
	    .arena = &unique->txn->arena};
}

static enum err
field_claim(const struct unique *unique, const struct lookup_index *index,
    struct lookup_rows *claims)
{
	struct turn_place at = place_of(unique);
	enum err e = ERR_OK;

	for (size_t i = 0; i < unique->change->ops_n && e == ERR_OK; i++) {
		const struct body_op *op = &unique->change->ops[i].op;
		struct key claim;

		if (op->code != OP_SET ||
		    !bytes_is(op->field, index->field->name))
			continue;
		lookup_claim(at.txn->lookup, index, op->value, &claim);
		lookup_rows_add(&at, claims)->key = claim;
		if (unique->space != NULL)
			e = rules_unique(&at, index->field, op->value);
		if (e == ERR_OK && is_drafted(unique, &claim))
			e = rules_taken(index->field, op->value, NULL);
	}
	return e;
}

static bool
is_drafted(const struct unique *unique, const struct key *claim)
{
	for (const struct draft *d = unique->drafts; d != NULL; d = d->next)
		if (id_space_equal(&d->space, &unique->write->space) &&
		    draft_claims(d, unique->id, claim))
			return true;
	return false;
}

/* ---- several fields ----------------------------------------------------- */

/* How many ways there are to take one value of each field; when they are more
 * than LIMIT_INDEX_ROWS, some number above it. */
static size_t
ways_of(const struct together *t)
{
	size_t ways = 1;

	for (size_t i = 0; i < t->index->compound->fields_n; i++) {
		size_t n = t->values[i].n;

		if (n == 0)
			return 0;
		ways = ways > LIMIT_INDEX_ROWS || n > LIMIT_INDEX_ROWS
			   ? LIMIT_INDEX_ROWS + 1
			   : ways * n;
	}
	return ways;
}

/* Claims each way to take one value of each field, and looks for others. */
static enum err
together_claim(struct together *t, struct lookup_rows *claims)
{
	const struct pack_compound *compound = t->index->compound;
	const struct record *record;
	struct record loaded;
	bool changed = false;
	size_t ways;
	enum err e;

	for (size_t i = 0; i < compound->fields_n; i++)
		changed = changed || is_changed(t->unique, compound->fields[i]);
	if (!changed)
		return ERR_OK;
	e = record_whole(t, &loaded, &record);
	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < compound->fields_n; i++)
		values_take(t, i, record);
	ways = ways_of(t);
	if (ways > LIMIT_INDEX_ROWS)
		return err_set(ERR_LIMIT,
		    "%s: more than %d values at once, each of which is to be "
		    "the only one: write them in parts",
		    compound->name, LIMIT_INDEX_ROWS);
	for (size_t way = 0; way < ways && e == ERR_OK; way++)
		e = way_claim(t, way, claims);
	return e;
}

static bool
is_changed(const struct unique *unique, const struct pack_field *field)
{
	for (size_t i = 0; i < unique->change->ops_n; i++)
		if (bytes_is(unique->change->ops[i].op.field, field->name))
			return true;
	return false;
}

/* The record as it stands, with all values of the fields of the index. */
static enum err
record_whole(const struct together *t, struct record *loaded,
    const struct record **record)
{
	const struct unique *unique = t->unique;
	const struct pack_compound *compound = t->index->compound;
	bool whole = true;

	*record = unique->record;
	for (size_t i = 0; i < compound->fields_n; i++) {
		const struct pack_field *of = compound->fields[i];
		const struct record_field *field = merge_find(
		    *record, bytes_text(of->name), of->kind);

		whole = whole && (field == NULL || field->values != NULL);
	}
	if (whole)
		return ERR_OK;
	*record = loaded;
	return record_get(unique->txn,
	    &(struct record_read){.space = unique->space,
		.cells = true,
		.arena = &unique->txn->arena},
	    unique->id, loaded);
}

/* Does the write change another field of the index? */
static bool
others_changed(const struct together *t, size_t but)
{
	const struct pack_compound *compound = t->index->compound;

	for (size_t i = 0; i < compound->fields_n; i++)
		if (i != but && is_changed(t->unique, compound->fields[i]))
			return true;
	return false;
}

/* Does the write take the element `value` out of the set `field`? */
static bool
is_removed(const struct unique *unique, const struct pack_field *field,
    struct bytes value)
{
	for (size_t i = 0; i < unique->write->edits_n; i++) {
		const struct store_edit *edit = &unique->write->edits[i];

		if (edit->code == OP_REMOVE &&
		    bytes_is(edit->field, field->name) &&
		    bytes_equal(edit->value, value))
			return true;
	}
	return false;
}

/* The values of field `i` of the index with which the write makes the record
 * stand there newly: what it writes, and what stays beside that. */
static void
values_take(struct together *t, size_t i, const struct record *record)
{
	const struct unique *unique = t->unique;
	const struct draft_change *change = unique->change;
	const struct pack_field *field = t->index->compound->fields[i];
	const struct record_field *has = merge_find(
	    record, bytes_text(field->name), field->kind);
	bool changed = is_changed(unique, field);
	bool stays = !changed ||
		     (field->kind == KIND_SET && others_changed(t, i));
	size_t has_n = has != NULL && stays ? has->n : 0;
	struct lookup_value *values = arena_room(
	    &unique->txn->arena, has_n + change->ops_n, sizeof(*values));
	size_t n = 0;

	for (size_t k = 0; k < has_n; k++)
		if (!changed ||
		    !is_removed(unique, field, has->values[k].value))
			values[n++].value = has->values[k].value;
	for (size_t k = 0; k < change->ops_n; k++) {
		const struct body_op *op = &change->ops[k].op;

		if (bytes_is(op->field, field->name) &&
		    body_has_value(op->code))
			values[n++].value = op->value;
	}
	t->values[i] = (struct lookup_values){n, values};
}

static enum err
way_claim(struct together *t, size_t way, struct lookup_rows *claims)
{
	struct turn_place at = place_of(t->unique);
	struct buf all = {0};
	struct key claim;

	for (size_t i = 0; i < t->index->compound->fields_n; i++) {
		t->taken[i] = t->values[i].p[way % t->values[i].n].value;
		way /= t->values[i].n;
		buf_add(&all, t->taken[i]);
	}
	lookup_claim(at.txn->lookup, t->index, buf_bytes(&all), &claim);
	buf_fini(&all);
	lookup_rows_add(&at, claims)->key = claim;
	return is_drafted(t->unique, &claim) ? taken_say(t, NULL)
					     : taken_look(t);
}

static bool
has_value(const struct record *record, const struct pack_field *field,
    struct bytes value)
{
	const struct record_field *has = merge_find(
	    record, bytes_text(field->name), field->kind);

	for (size_t i = 0; has != NULL && i < has->n; i++)
		if (bytes_equal(has->values[i].value, value))
			return true;
	return false;
}

/* Has another stored record all that is taken? */
static enum err
taken_look(const struct together *t)
{
	const struct unique *unique = t->unique;
	const struct pack_compound *compound = t->index->compound;
	const struct lookup_bound bound = {
	    .values = t->taken, .n = compound->fields_n};
	struct lookup_scan scan;
	struct record_id other;
	bool found;

	if (unique->space == NULL)
		return ERR_OK;
	lookup_compound(
	    unique->txn, unique->space->no, compound, &bound, &scan);
	for (;;) {
		struct record record;
		bool all;
		enum err e = lookup_next(&scan, &other, &found);

		if (e == ERR_OK && found)
			e = record_get(unique->txn,
			    &(struct record_read){.space = unique->space,
				.cells = true,
				.arena = &unique->txn->arena},
			    &other, &record);
		if (e != ERR_OK || !found)
			return e;
		all = record.status != RECORD_DELETED &&
		      memcmp(&other, unique->id, sizeof(other)) != 0;
		for (size_t i = 0; i < compound->fields_n && all; i++)
			all = has_value(
			    &record, compound->fields[i], t->taken[i]);
		if (all)
			return taken_say(t, &other);
	}
}

/* NULL: a record written in the same transaction. */
static enum err
taken_say(const struct together *t, const struct record_id *other)
{
	const struct pack_compound *compound = t->index->compound;
	struct buf shown = {0};
	struct buf hex = {0};
	enum err e;

	for (size_t i = 0; i < compound->fields_n; i++) {
		const struct pack_field *field = compound->fields[i];

		buf_add_format(
		    &shown, "%s%s '", i > 0 ? ", " : "", field->name);
		pack_show_value(field, t->taken[i], &shown);
		buf_add_text(&shown, "'");
	}
	if (other != NULL)
		ascii_hex(bytes_of(other->b, sizeof(other->b)), &hex);
	else
		buf_add_text(&hex, "written just before");
	e = err_set(ERR_EXISTS,
	    "%s.%s: is unique, and %s together are taken by record %s",
	    compound->fields[0]->collection, compound->name, buf_text(&shown),
	    buf_text(&hex));
	buf_fini(&hex);
	buf_fini(&shown);
	return e;
}
