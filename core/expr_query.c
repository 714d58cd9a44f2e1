/*
 * What expressions look up beside their own record: records that a reference
 * names, and those that an index leads to.  Called by expr_eval.c.
 */
#include "core/expr_query.h"

#include <string.h>

#include "core/expr_eval.h"
#include "core/lookup.h"
#include "core/record.h"

/* A record that was looked up, as a place for names. */
struct other {
	const struct pack_collection *collection; /* of which it must be */
	struct expr_source source;
	struct record record;
	struct record_id id;
};

/* Reads the record other->id of `space`; `*there` says whether it is live and
 * of other->collection. */
static enum err
other_get(const struct expr_source *near, struct space_state *space,
    struct other *other, bool *there)
{
	enum err e;

	other->source = *near;
	other->source.space = &space->name;
	other->source.id = &other->id;
	other->source.record = &other->record;
	e = record_get(near->txn,
	    &(struct record_read){
		.space = space, .cells = true, .arena = near->arena},
	    &other->id, &other->record);
	*there = e == ERR_OK && other->record.exists &&
		 other->record.status != RECORD_DELETED &&
		 bytes_is(other->record.collection, other->collection->name);
	return e;
}

/* The space of `collection` beside `space`: the same name but for its last
 * component.  NULL when nothing of it is held. */
static struct space_state *
space_beside(struct txn *txn, const struct space *space,
    const struct pack_collection *collection)
{
	struct bytes name = bytes_text(space->text);
	size_t class_size = strlen(collection->space);
	struct space beside;

	while (name.n > 0 && name.p[name.n - 1] != '/')
		name.n--;
	if (name.n + class_size >= sizeof(beside.text))
		return NULL;
	bytes_copy(beside.text, name);
	memcpy(beside.text + name.n, collection->space, class_size + 1);
	return space_find(txn, &beside);
}

enum err
expr_query_follow(const struct expr *expr, const struct expr_frame *frame,
    struct expr_value *value)
{
	const struct expr_source *near = frame->source;
	struct space_state *space;
	struct other other = {.collection = expr->collection};
	struct expr_value ref;
	bool there = false;
	enum err e = expr_eval_in(expr->args[0], frame, &ref);

	*value = (struct expr_value){
	    .type = expr->is_set ? expr->type : EXPR_NOTHING,
	    .is_set = expr->is_set};
	if (e != ERR_OK || ref.type == EXPR_NOTHING)
		return e;
	bytes_copy(other.id.b, ref.b);
	space = space_beside(near->txn, near->space, expr->collection);
	if (space != NULL)
		e = other_get(near, space, &other, &there);
	if (e == ERR_OK && !there) {
		e = record_locate(near->txn, &other.id, &space);
		if (e == ERR_NOT_FOUND)
			return ERR_OK;
		if (e == ERR_OK)
			e = other_get(near, space, &other, &there);
	}
	if (e == ERR_OK && there)
		e = expr_eval_in(expr->args[1],
		    &(struct expr_frame){.source = &other.source}, value);
	return e;
}

/* ---- sub-queries -------------------------------------------------------- */

/* Takes one record for which the condition holds into `value`. */
static enum err
take(const struct expr *expr, const struct expr_frame *inner,
    struct expr_value *value)
{
	struct expr_value is;
	int way;
	enum err e;

	if (expr->code == CODE_EXISTS || expr->code == CODE_COUNT) {
		value->i = expr->code == CODE_EXISTS ? 1 : value->i + 1;
		return ERR_OK;
	}
	e = expr_eval_in(expr->args[2], inner, &is);
	if (e != ERR_OK || is.type == EXPR_NOTHING)
		return e;
	if (expr->code == CODE_TOTAL) {
		if (ADD_OVERFLOWS(value->i, is.i, &value->i))
			value->i = is.i < 0 ? INT64_MIN : INT64_MAX;
		return ERR_OK;
	}
	way = expr_compare(&is, value);
	if (value->type == EXPR_NOTHING ||
	    (expr->code == CODE_LATEST ? way > 0 : way < 0))
		*value = is;
	return ERR_OK;
}

/* Looks at one record that the index led to. */
static enum err
look(const struct expr *expr, const struct expr_frame *frame,
    struct space_state *space, const struct record_id *id,
    struct expr_value *value)
{
	struct other other = {.collection = expr->collection, .id = *id};
	struct expr_frame inner = {.source = &other.source, .outer = frame};
	struct expr_value holds = {0};
	bool there;
	enum err e = other_get(frame->source, space, &other, &there);

	if (e == ERR_OK && there)
		e = expr_eval_in(expr->args[0], &inner, &holds);
	if (e == ERR_OK && there && holds.i != 0)
		e = take(expr, &inner, value);
	return e;
}

enum err
expr_query_run(const struct expr *expr, const struct expr_frame *frame,
    struct expr_value *value)
{
	const struct expr_source *near = frame->source;
	struct space_state *space = space_beside(
	    near->txn, near->space, expr->collection);
	struct expr_frame outside = {.source = near, .outer = frame};
	struct expr_value key;
	struct lookup_scan scan;
	struct record_id id;
	struct buf bytes = {0};
	bool found = true;
	enum err e = expr_eval_in(expr->args[1], &outside, &key);

	*value = (struct expr_value){.type = expr->type};
	if (expr->code == CODE_LATEST || expr->code == CODE_EARLIEST)
		*value = (struct expr_value){0};
	if (e != ERR_OK || space == NULL || key.type == EXPR_NOTHING)
		return e;
	expr_encode(&key, expr->field->type, &bytes);
	lookup_equal(near->txn, space->no, expr->field,
	    arena_bytes(near->arena, buf_bytes(&bytes)), &scan);
	buf_fini(&bytes);
	while (e == ERR_OK && found &&
	       (expr->code != CODE_EXISTS || value->i == 0)) {
		e = lookup_next(&scan, &id, &found);
		if (e == ERR_OK && found)
			e = look(expr, frame, space, &id, value);
	}
	return e;
}
