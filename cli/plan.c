/*
 * From a row to a write.  cmd_import calls it for each row, first dry, then in
 * earnest.  An existing record is brought to what the row says of the fields
 * that it has: elements of a set leave, a counter is moved to its sum, notes
 * that are missing are added; nothing is written where nothing differs.
 */
#include "cli/plan.h"

#include <stdio.h>
#include <string.h>

#include "cli/show.h"
#include "proto/codec.h"

/* The edits under way; all in `arena`. */
struct planning {
	struct arena *arena;
	const struct load_row *row;
	const struct record *record; /* NULL: a new one */
	struct store_edit *edits;
	size_t n;
};

static enum err existing_find(const struct plan *plan,
    const struct load_row *row, struct store_write *write, bool *exists,
    struct record *record) MUST_USE;
static void edits_make(struct planning *p);
static void edit_add(struct planning *p, const struct load_value *value);
static void edits_remove(struct planning *p, size_t first);
static bool has_value(const struct planning *p, const struct load_value *value);
static bool is_repeated(const struct planning *p, size_t i);
static void push(struct planning *p, const struct pack_field *field,
    enum op_code code, struct bytes value);

enum err
plan_space(
    const struct plan *plan, const struct load_row *row, struct space *space)
{
	struct buf text = {0};
	enum err e;

	if (row->has_space || plan->has_space) {
		*space = row->has_space ? row->space : plan->space;
		return ERR_OK;
	}
	if (plan->prefix == NULL)
		return err_set(ERR_INVALID,
		    "space: nothing says where it belongs: name it in the row, "
		    "with --space, or with --prefix");
	buf_add_format(&text, "%s/%s", plan->prefix, row->collection->space);
	e = id_space(buf_bytes(&text), space);
	buf_fini(&text);
	return e;
}

/* A record that a row before has written can be seen once that is a delta. */
static enum err
fresh_settle(struct plan *plan, const struct load_row *row)
{
	struct bytes id = bytes_of(row->id.b, sizeof(row->id.b));

	if (!row->has_id || seen_add(&plan->fresh, id))
		return ERR_OK;
	plan_ended(plan);
	(void)seen_add(&plan->fresh, id);
	return store_settle(plan->work->store);
}

void
plan_ended(struct plan *plan)
{
	seen_fini(&plan->fresh);
}

bool
plan_is_rows_fault(enum err e)
{
	switch (e) {
	case ERR_INVALID:
	case ERR_EXISTS:
	case ERR_NOT_FOUND:
	case ERR_LIMIT:
	case ERR_MALFORMED:
		return true;
	case ERR_OK:
	case ERR_FORKED:
	case ERR_IO:
	case ERR_USAGE:
	case ERR_DENIED:
	case ERR_CORRUPT:
	case ERR_VERSION:
	case ERR_BUSY:
	case ERR_FULL:
	case ERR_PEER:
	case ERR_PART:
		break;
	}
	return false;
}

enum err
plan_write(struct plan *plan, const struct load_row *row, bool dry,
    enum plan_outcome *outcome)
{
	struct opened *work = plan->work;
	struct store_write write = {.act = ACT_EDIT,
	    .dry = dry,
	    .restored = plan->restore,
	    .has_record = row->has_id,
	    .record = row->id,
	    .has_actor = work->has_actor,
	    .actor = work->actor,
	    .role = work->role};
	struct planning p = {.arena = &work->arena, .row = row};
	struct record record;
	struct record_id id;
	bool changed = false;
	bool exists = false;
	enum err e = ERR_OK;

	arena_reset(&work->arena);
	if (plan->restore && !row->has_id)
		return err_set(ERR_INVALID,
		    "id: is missing: a row that export wrote has one");
	if (!dry)
		e = fresh_settle(plan, row);
	if (e == ERR_OK && row->has_id)
		e = existing_find(plan, row, &write, &exists, &record);
	if (e == ERR_OK && !exists)
		e = plan_space(plan, row, &write.space);
	if (e != ERR_OK)
		return e;
	/* What was taken in once belongs to those who work on it. */
	if (exists && row->derived &&
	    (!plan->update || record.status == RECORD_DELETED)) {
		*outcome = PLAN_SAME;
		return ERR_OK;
	}
	p.record = exists ? &record : NULL;
	edits_make(&p);
	write.create = !exists;
	write.collection = bytes_text(row->collection->name);
	write.edits = p.edits;
	write.edits_n = p.n;
	if (exists && p.n == 0)
		changed = false;
	else
		e = store_write(work->store, &write, &id, &changed);
	*outcome = !exists ? PLAN_CREATED : changed ? PLAN_CHANGED : PLAN_SAME;
	return e;
}

/* Looks for the record that has the row's id, wherever it lies; first where the
 * row says. */
static enum err
existing_find(const struct plan *plan, const struct load_row *row,
    struct store_write *write, bool *exists, struct record *record)
{
	struct opened *work = plan->work;
	enum err e = ERR_NOT_FOUND;
	bool there = false;

	write->space = row->space;
	if (row->has_space)
		e = store_get(
		    work->store, &write->space, &row->id, &work->arena, record);
	there = e == ERR_OK;
	if (e == ERR_NOT_FOUND)
		e = store_locate(work->store, &row->id, &write->space);
	*exists = e == ERR_OK;
	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	if (e != ERR_OK)
		return e;
	if (row->derived && !plan->update)
		return ERR_OK;
	if (!plan->update)
		return err_set(ERR_EXISTS,
		    "id: a record in %s has it already: --update changes it",
		    write->space.text);
	if (row->has_space && !id_space_equal(&row->space, &write->space))
		return err_set(ERR_INVALID,
		    "space: this record lies in %s, and stays there",
		    write->space.text);
	if (!there)
		e = store_get(
		    work->store, &write->space, &row->id, &work->arena, record);
	if (e == ERR_OK && !bytes_is(record->collection, row->collection->name))
		e = err_set(ERR_INVALID,
		    "collection: this record is one of %.*s, and stays that",
		    (int)record->collection.n,
		    (const char *)record->collection.p);
	return e;
}

static void
edits_make(struct planning *p)
{
	const struct load_row *row = p->row;
	size_t room = row->n;

	for (size_t i = 0; p->record != NULL && i < p->record->fields_n; i++)
		room += p->record->fields[i].n;
	p->edits = arena_array(p->arena, room, sizeof(*p->edits));
	for (size_t i = 0; i < row->n; i++) {
		const struct load_value *value = &row->values[i];

		/* Theirs is where it began; by now it has gone on. */
		if (row->derived && p->record != NULL &&
		    value->field->kind == KIND_STATE)
			continue;
		if (!is_repeated(p, i))
			edit_add(p, value);
		if (value->field->kind == KIND_SET && p->record != NULL &&
		    (i == 0 || row->values[i - 1].field != value->field))
			edits_remove(p, i);
	}
}

/* Is value number `i` an element of a set that the row has named before? */
static bool
is_repeated(const struct planning *p, size_t i)
{
	const struct load_value *value = &p->row->values[i];

	for (size_t k = i; value->field->kind == KIND_SET && k > 0; k--)
		if (p->row->values[k - 1].field == value->field &&
		    bytes_equal(p->row->values[k - 1].value, value->value))
			return true;
	return false;
}

/* a - b, which stays at the ends of the range. */
static int64_t
difference_of(int64_t a, int64_t b)
{
	if (b > 0 && a < INT64_MIN + b)
		return INT64_MIN;
	if (b < 0 && a > INT64_MAX + b)
		return INT64_MAX;
	return a - b;
}

static void
edit_add(struct planning *p, const struct load_value *value)
{
	const struct pack_field *field = value->field;
	const struct record_field *has = NULL;
	struct buf more = {0};
	struct reader r;
	int64_t difference;

	if (p->record != NULL)
		has = merge_find(
		    p->record, bytes_text(field->name), field->kind);
	switch (field->kind) {
	case KIND_REGISTER:
		push(p, field, OP_SET, value->value);
		break;
	case KIND_STATE:
		push(p, field, OP_MOVE, value->value);
		break;
	case KIND_SET:
		if (!has_value(p, value))
			push(p, field, OP_ADD, value->value);
		break;
	case KIND_NOTES:
		if (!has_value(p, value))
			push(p, field, OP_APPEND, value->value);
		break;
	case KIND_COUNTER:
		codec_begin(&r, value->value);
		difference = difference_of(
		    codec_get_int(&r), has != NULL ? show_sum(has) : 0);
		codec_put_int(&more, difference);
		if (difference != 0 || p->record == NULL)
			push(p, field, OP_COUNT, buf_bytes(&more));
		break;
	case KIND_COUNT:
		assert(field->kind != KIND_COUNT);
	}
	buf_fini(&more);
}

/* Has the record that value already? */
static bool
has_value(const struct planning *p, const struct load_value *value)
{
	const struct record_field *has = NULL;

	if (p->record != NULL)
		has = merge_find(p->record, bytes_text(value->field->name),
		    value->field->kind);
	for (size_t i = 0; has != NULL && i < has->n; i++)
		if (bytes_equal(has->values[i].value, value->value))
			return true;
	return false;
}

/* What the record has in the set of value number `first`, and the row has not,
 * leaves. */
static void
edits_remove(struct planning *p, size_t first)
{
	const struct load_row *row = p->row;
	const struct pack_field *field = row->values[first].field;
	const struct record_field *has = merge_find(
	    p->record, bytes_text(field->name), field->kind);

	for (size_t i = 0; has != NULL && i < has->n; i++) {
		bool stays = false;

		for (size_t k = 0; k < row->n && !stays; k++)
			stays = row->values[k].field == field &&
				bytes_equal(
				    row->values[k].value, has->values[i].value);
		for (size_t k = 0; k < i && !stays; k++)
			stays = bytes_equal(
			    has->values[k].value, has->values[i].value);
		if (!stays)
			push(p, field, OP_REMOVE, has->values[i].value);
	}
}

static void
push(struct planning *p, const struct pack_field *field, enum op_code code,
    struct bytes value)
{
	p->edits[p->n++] = (struct store_edit){.field = bytes_text(field->name),
	    .code = code,
	    .class = field->data_class,
	    .value = arena_bytes(p->arena, value)};
}
