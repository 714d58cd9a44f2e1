/*
 * What expressions look up beside their own record: records that a reference
 * names, and those that an index leads to.  Called by expr_eval.c.
 */
#include "core/expr_query.h"

#include <string.h>

#include "core/alias.h"
#include "core/expr_eval.h"
#include "core/lookup.h"
#include "core/query_seen.h"
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
	    &(struct record_read){.space = space,
		.cells = true,
		.borrowed = true,
		.arena = near->arena},
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
	struct space beside;

	return id_beside(space, collection->space, &beside)
		   ? space_find(txn, &beside)
		   : NULL;
}

/* The same wherever it lies: beside the record, or elsewhere. */
static enum err
other_find(const struct expr_source *near, struct other *other, bool *there)
{
	struct space_state *space = space_beside(
	    near->txn, near->space, other->collection);
	enum err e = ERR_OK;

	*there = false;
	if (space != NULL)
		e = other_get(near, space, other, there);
	if (e != ERR_OK || *there)
		return e;
	e = record_locate(near->txn, &other->id, &space);
	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	return e == ERR_OK ? other_get(near, space, other, there) : e;
}

enum err
expr_query_follow(const struct expr *expr, const struct expr_frame *frame,
    struct expr_value *value)
{
	const struct expr_source *near = frame->source;
	struct other other = {.collection = expr->collection};
	const struct alias *members;
	struct expr_value ref;
	bool there = false;
	size_t n = 0;
	enum err e = expr_eval_in(expr->args[0], frame, &ref);

	*value = (struct expr_value){
	    .type = expr->is_set ? expr->type : EXPR_NOTHING,
	    .is_set = expr->is_set};
	if (e != ERR_OK || ref.type == EXPR_NOTHING)
		return e;
	bytes_copy(other.id.b, ref.b);
	e = other_find(near, &other, &there);
	/* What stands for the record may lie with others; it itself tells
	 * something still. */
	if (e == ERR_OK && !there && near->aliases != NULL)
		n = alias_members(near->aliases, &other.id, &members);
	for (size_t i = 0; i < n && e == ERR_OK && !there; i++) {
		other.id = members[i].from;
		e = other_find(near, &other, &there);
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

/* A sub-query on its way from record to record. */
struct walk {
	const struct expr *expr;
	const struct expr_frame *frame;
	struct space_state *space;
	struct query_seen seen;
	struct lookup_scan scan;
	bool is_whole;	     /* no index is current: all records come */
	struct record_id at; /* the last of them */
	/* In the place of a reference to `end`; NULL: as they are. */
	const struct record_id *member;
	struct record_id end;
};

/* Is the index of expr->compound in the table? */
static bool
has_compound(const struct txn *txn, const struct expr *expr)
{
	const struct lookup_set *set = lookup_set(
	    txn->lookup, bytes_text(expr->collection->name));

	if (expr->compound == NULL || set == NULL)
		return false;
	for (size_t i = 0; i < set->n; i++)
		if (set->indexes[i].kind == LOOKUP_COMPOUND &&
		    strcmp(set->indexes[i].compound->name,
			expr->compound->name) == 0)
			return true;
	return false;
}

/* What the value of `bind` is in the light of the records outside, canonical;
 * empty when it is nothing. */
static enum err
bind_value(const struct walk *walk, const struct expr_bind *bind,
    const struct expr_frame *outside, struct bytes *bytes)
{
	struct expr_value value;
	struct buf out = {0};
	enum err e = expr_eval_in(bind->values[0], outside, &value);

	*bytes = (struct bytes){0};
	if (e != ERR_OK || value.type == EXPR_NOTHING)
		return e;
	if (walk->member != NULL && value.type == EXPR_REF &&
	    bytes_equal(value.b, bytes_of(walk->end.b, sizeof(walk->end.b))))
		value.b = bytes_of(walk->member->b, sizeof(walk->member->b));
	expr_encode(&value, bind->field->type, &out);
	*bytes = arena_bytes(outside->source->arena, buf_bytes(&out));
	buf_fini(&out);
	return ERR_OK;
}

/* Starts a walk through expr->compound; `*none` when something is compared with
 * nothing. */
static enum err
start_compound(struct walk *walk, const struct expr_frame *outside, bool *none)
{
	const struct expr *expr = walk->expr;
	struct bytes values[LIMIT_INDEX_FIELDS + 2];
	struct lookup_range range = {0};
	struct lookup_bound bound = {.values = values, .n = expr->equal_n};

	for (size_t i = 0; i < expr->leading_n; i++) {
		enum expr_relation relation = expr->leading[i].relation;
		enum err e = bind_value(
		    walk, &expr->leading[i], outside, &values[i]);

		*none = *none || values[i].n == 0;
		if (e != ERR_OK || *none)
			return e;
		if (i < expr->equal_n)
			continue;
		bound.range = &range;
		if (relation == EXPR_MORE || relation == EXPR_MORE_EQUAL) {
			range.low = values[i];
			range.above_low = relation == EXPR_MORE;
		} else {
			range.high = values[i];
			range.below_high = relation == EXPR_LESS;
		}
	}
	lookup_compound(walk->frame->source->txn, walk->space->no,
	    expr->compound, &bound, &walk->scan);
	return ERR_OK;
}

static enum err
walk_start(struct walk *walk, bool *none)
{
	const struct expr_source *near = walk->frame->source;
	struct expr_frame outside = {.source = near, .outer = walk->frame};
	const struct expr_bind bind = {
	    .field = walk->expr->field, .values = &walk->expr->args[1]};
	struct bytes value;
	enum err e;

	*none = false;
	if (!lookup_has(near->txn, walk->expr->field)) {
		walk->is_whole = true;
		return kv_failed(near->txn->kv);
	}
	if (has_compound(near->txn, walk->expr))
		return start_compound(walk, &outside, none);
	e = bind_value(walk, &bind, &outside, &value);
	*none = value.n == 0;
	if (e == ERR_OK && !*none)
		lookup_equal(near->txn, walk->space->no, walk->expr->field,
		    value, &walk->scan);
	return e;
}

/* The next record, each once. */
static enum err
walk_next(struct walk *walk, struct record_id *id, bool *found)
{
	const struct expr_source *near = walk->frame->source;
	struct record record;
	enum err e;

	if (walk->is_whole) {
		e = record_next(near->txn,
		    &(struct record_read){
			.space = walk->space, .arena = near->arena},
		    &walk->at, &record, found);
		*id = walk->at;
		return e;
	}
	do
		e = lookup_next(&walk->scan, id, found);
	while (e == ERR_OK && *found && !query_seen_add(&walk->seen, id));
	return e;
}

/* Looks at all that `walk` leads to in walk->space. */
static enum err
walk_run(struct walk *walk, struct expr_value *value)
{
	const struct expr *expr = walk->expr;
	struct record_id id;
	bool found = true;
	bool none;
	enum err e;

	if (walk->space == NULL)
		return kv_failed(walk->frame->source->txn->kv);
	e = walk_start(walk, &none);
	while (e == ERR_OK && !none && found &&
	       (expr->code != CODE_EXISTS || value->i == 0)) {
		e = walk_next(walk, &id, &found);
		if (e == ERR_OK && found)
			e = look(expr, walk->frame, walk->space, &id, value);
	}
	return e;
}

/* ---- the same for all that one record stands for ------------------------- */

/* The records for which a reference stands that the sub-query asks for; with
 * several such references, of the first. */
static enum err
members_find(struct walk *walk, const struct alias **members, size_t *n)
{
	const struct expr *expr = walk->expr;
	const struct expr_source *near = walk->frame->source;
	const struct expr_frame outside = {
	    .source = near, .outer = walk->frame};
	const struct expr_bind one = {
	    .field = expr->field, .values = &expr->args[1]};
	size_t binds_n = expr->compound != NULL ? expr->equal_n : 1;
	enum err e = ERR_OK;

	*n = 0;
	for (size_t i = 0; i < binds_n && e == ERR_OK && *n == 0; i++) {
		struct expr_value value;

		e = expr_eval_in(expr->compound != NULL
				     ? expr->leading[i].values[0]
				     : one.values[0],
		    &outside, &value);
		if (e != ERR_OK || value.type != EXPR_REF)
			continue;
		bytes_copy(walk->end.b, value.b);
		*n = alias_members(near->aliases, &walk->end, members);
	}
	return e;
}

/* Where the sub-query looks: beside the record, and in the units in which those
 * lie that it stands for, since their work on the same matter is there. */
static enum err
spaces_find(const struct walk *walk, const struct record_id *ids, size_t n,
    struct space_state **spaces, size_t *spaces_n)
{
	const struct expr_source *near = walk->frame->source;
	enum err e = ERR_OK;

	*spaces_n = 0;
	for (size_t i = 0; i <= n && e == ERR_OK; i++) {
		const struct space *unit = near->space;
		struct space_state *its = NULL;
		bool known = false;

		if (i > 0)
			e = record_locate(near->txn, &ids[i - 1], &its);
		if (e == ERR_NOT_FOUND) {
			e = ERR_OK;
			continue;
		}
		if (e == ERR_OK && its != NULL)
			unit = &its->name;
		if (e == ERR_OK)
			its = space_beside(
			    near->txn, unit, walk->expr->collection);
		for (size_t k = 0; k < *spaces_n && !known; k++)
			known = spaces[k] == its;
		if (e == ERR_OK && its != NULL && !known)
			spaces[(*spaces_n)++] = its;
	}
	return e == ERR_OK ? kv_failed(near->txn->kv) : e;
}

/* The sub-query for all of `ids`, of which the first stands for the others. */
static enum err
run_all(struct walk *walk, const struct record_id *ids, size_t n,
    struct expr_value *value)
{
	struct space_state **spaces = arena_array(
	    walk->frame->source->arena, n + 1, sizeof(struct space_state *));
	size_t spaces_n;
	enum err e = spaces_find(walk, ids, n, spaces, &spaces_n);

	for (size_t i = 0; i < spaces_n && e == ERR_OK; i++) {
		walk->space = spaces[i];
		query_seen_clear(&walk->seen);
		for (size_t k = 0; k < n && e == ERR_OK; k++) {
			walk->member = &ids[k];
			walk->at = (struct record_id){0};
			e = walk_run(walk, value);
			/* All records came already. */
			if (walk->is_whole)
				break;
		}
	}
	return e;
}

enum err
expr_query_run(const struct expr *expr, const struct expr_frame *frame,
    struct expr_value *value)
{
	const struct expr_source *near = frame->source;
	struct walk walk = {.expr = expr, .frame = frame};
	const struct alias *members;
	struct record_id *ids;
	size_t n = 0;
	enum err e = ERR_OK;

	*value = (struct expr_value){.type = expr->type};
	if (expr->code == CODE_LATEST || expr->code == CODE_EARLIEST)
		*value = (struct expr_value){0};
	if (near->aliases != NULL)
		e = members_find(&walk, &members, &n);
	if (e == ERR_OK && n > 0) {
		ids = arena_array(near->arena, n + 1, sizeof(*ids));
		ids[0] = walk.end;
		for (size_t i = 0; i < n; i++)
			ids[i + 1] = members[i].from;
		e = run_all(&walk, ids, n + 1, value);
	} else if (e == ERR_OK) {
		walk.space = space_beside(
		    near->txn, near->space, expr->collection);
		e = walk_run(&walk, value);
	}
	query_seen_fini(&walk.seen);
	return e;
}
