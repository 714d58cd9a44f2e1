/*
 * Evaluates expressions against a record.  Called by whoever lists, counts or
 * guards; writes nothing, and asks no clock.
 */
#include "core/expr_eval.h"

#include <stdlib.h>

#include "core/alias.h"
#include "core/effective.h"
#include "core/expr_call.h"
#include "core/expr_query.h"
#include "core/view.h"
#include "proto/calendar.h"
#include "proto/codec.h"

static enum err eval_pair(const struct expr *expr,
    const struct expr_frame *frame, struct expr_value *value);

static const struct expr_frame *
frame_at(const struct expr_frame *frame, unsigned up)
{
	for (; up > 0; up--)
		frame = frame->outer;
	return frame;
}

/* ---- values of fields --------------------------------------------------- */

/* The one canonical value `bytes` as `expr` has it; nothing when it is none. */
static struct expr_value
value_read(
    const struct pack_field *field, enum expr_type type, struct bytes bytes)
{
	struct expr_value value = {.type = type};
	bool fits = true;
	struct reader r;

	codec_begin(&r, bytes);
	switch (type) {
	case EXPR_BOOL:
		value.i = codec_get_bool(&r) ? 1 : 0;
		break;
	case EXPR_INT:
		value.i = codec_get_int(&r);
		break;
	case EXPR_TEXT:
		value.b = codec_get_text(&r);
		break;
	case EXPR_DATE:
		fits = calendar_read_day(codec_get_text(&r), &value.i);
		break;
	case EXPR_DATETIME:
		fits = calendar_read_time(codec_get_text(&r), &value.i);
		break;
	case EXPR_REF:
		value.b = codec_get_fixed(&r, PACK_REF_SIZE);
		break;
	case EXPR_BYTES:
		value.b = codec_get_bytes(&r);
		break;
	case EXPR_MAP:
		fits = codec_peek(&r) == CODEC_MAP;
		value.b = codec_get_value(&r);
		break;
	case EXPR_NOTHING:
	case EXPR_SPAN:
		assert(field == NULL && "no field is of this type");
	}
	if (r.bad || r.in.n > 0 || !fits)
		return (struct expr_value){0};
	return value;
}

/* A reference leads to what stands for its record in the end. */
static void
settle(const struct expr_source *source, struct expr_value *value)
{
	struct record_id id;

	if (source->aliases == NULL || value->type != EXPR_REF)
		return;
	bytes_copy(id.b, value->b);
	id = alias_of(source->aliases, &id);
	value->b = arena_bytes(source->arena, bytes_of(id.b, sizeof(id.b)));
}

static int
order(const void *a, const void *b)
{
	return expr_compare(a, b);
}

/* All values of `from`, each once. */
static void
set_value(const struct expr *expr, const struct record_field *from,
    const struct expr_source *source, struct expr_value *value)
{
	struct expr_value *items = arena_array(
	    source->arena, from->n, sizeof(*items));
	size_t n = 0;
	size_t kept = 0;

	for (size_t i = 0; i < from->n; i++) {
		items[n] = value_read(
		    expr->field, expr->type, from->values[i].value);
		settle(source, &items[n]);
		n += items[n].type != EXPR_NOTHING ? 1 : 0;
	}
	if (n > 1)
		qsort(items, n, sizeof(*items), order);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || expr_compare(&items[kept - 1], &items[i]) != 0)
			items[kept++] = items[i];
	value->n = kept;
	value->items = items;
}

/* The sum of all amounts, or the nearest number that there is. */
static void
counter_value(const struct record_field *from, struct expr_value *value)
{
	struct view_sum sum = {0};
	bool fits;

	for (size_t i = 0; i < from->n; i++)
		view_sum_amount(&sum, from->values[i].value);
	fits = view_sum_get(&sum, &value->i);
	(void)fits;
}

static void
field_value(const struct expr *expr, const struct expr_frame *frame,
    struct expr_value *value)
{
	const struct expr_source *source = frame_at(frame, expr->up)->source;
	const struct record *record = source->record;
	const struct record_field *from = merge_find(
	    record, bytes_text(expr->field->name), expr->field->kind);
	const struct record_value *winner;

	*value = (struct expr_value){0};
	if (expr->is_set || expr->field->kind == KIND_COUNTER)
		*value = (struct expr_value){
		    .type = expr->type, .is_set = expr->is_set};
	if (from == NULL || from->n == 0)
		return;
	assert(from->values != NULL && "only loaded fields are asked for");
	if (expr->is_set) {
		set_value(expr, from, source, value);
	} else if (expr->field->kind == KIND_COUNTER) {
		counter_value(from, value);
	} else {
		winner = effective_value(expr->field, record, from);
		*value = value_read(expr->field, expr->type, winner->value);
		settle(source, value);
	}
}

static bool
compare(
    enum expr_code code, const struct expr_value *a, const struct expr_value *b)
{
	int way = expr_compare(a, b);

	if (a->type == EXPR_NOTHING || b->type == EXPR_NOTHING)
		return false;
	switch (code) {
	case CODE_EQUAL:
		return way == 0;
	case CODE_UNEQUAL:
		return way != 0;
	case CODE_LESS:
		return way < 0;
	case CODE_LESS_EQUAL:
		return way <= 0;
	case CODE_MORE:
		return way > 0;
	default:
		return way >= 0;
	}
}

/* ---- reckoning ---------------------------------------------------------- */

/* `a` code `b`, both there.  False when it cannot be said in 64 bits. */
static bool
reckon(const struct expr *expr, int64_t a, int64_t b, int64_t *sum)
{
	switch (expr->code) {
	case CODE_ADD:
		return !ADD_OVERFLOWS(a, b, sum);
	case CODE_SUBTRACT:
		return !SUBTRACT_OVERFLOWS(a, b, sum);
	case CODE_MULTIPLY:
		return !MULTIPLY_OVERFLOWS(a, b, sum);
	default:
		if (b == 0 || (a == INT64_MIN && b == -1))
			return false;
		*sum = a / b;
		return true;
	}
}

/* Whole days of a span that is added to a date. */
static int64_t
days_of(const struct expr_value *value)
{
	return value->type == EXPR_SPAN ? value->i / CALENDAR_DAY_SECONDS
					: value->i;
}

static void
arithmetic(const struct expr *expr, const struct expr_value *a,
    const struct expr_value *b, struct expr_value *value)
{
	int64_t right = expr->type == EXPR_DATE ? days_of(b) : b->i;

	*value = (struct expr_value){.type = expr->type};
	if (a->type == EXPR_NOTHING || b->type == EXPR_NOTHING ||
	    !reckon(expr, a->i, right, &value->i) ||
	    (expr->type == EXPR_DATE && !calendar_has(value->i)))
		*value = (struct expr_value){0};
}

/* Is any of the values behind the first argument what `of` is or has? */
static enum err
eval_among(const struct expr *expr, const struct expr_frame *frame,
    struct expr_value *value)
{
	struct expr_value of;
	struct expr_value one;
	enum err e = expr_eval_in(expr->args[0], frame, &of);

	*value = (struct expr_value){.type = EXPR_BOOL};
	for (size_t i = 1; e == ERR_OK && i < expr->n && value->i == 0; i++) {
		e = expr_eval_in(expr->args[i], frame, &one);
		if (e != ERR_OK || one.type == EXPR_NOTHING)
			continue;
		if (!of.is_set)
			value->i = compare(CODE_EQUAL, &of, &one) ? 1 : 0;
		for (size_t k = 0; of.is_set && k < of.n; k++)
			if (expr_compare(&of.items[k], &one) == 0)
				value->i = 1;
	}
	return e;
}

static enum err
eval_both(const struct expr *expr, const struct expr_frame *frame,
    struct expr_value *value)
{
	bool is_or = expr->code == CODE_OR;
	enum err e = expr_eval_in(expr->args[0], frame, value);

	if (e == ERR_OK && (value->i != 0) != is_or)
		e = expr_eval_in(expr->args[1], frame, value);
	*value = (struct expr_value){
	    .type = EXPR_BOOL, .i = value->i != 0 ? 1 : 0};
	return e;
}

static enum err
eval_pair(const struct expr *expr, const struct expr_frame *frame,
    struct expr_value *value)
{
	struct expr_value a;
	struct expr_value b;
	enum err e = expr_eval_in(expr->args[0], frame, &a);

	if (e == ERR_OK)
		e = expr_eval_in(expr->args[1], frame, &b);
	if (e != ERR_OK)
		return e;
	if (expr->code >= CODE_ADD && expr->code <= CODE_DIVIDE) {
		arithmetic(expr, &a, &b, value);
		return ERR_OK;
	}
	*value = (struct expr_value){.type = EXPR_BOOL};
	if (expr->code == CODE_BEGINS)
		value->i = a.type != EXPR_NOTHING && b.type != EXPR_NOTHING &&
			   bytes_begins(a.b, b.b);
	else
		value->i = compare(expr->code, &a, &b) ? 1 : 0;
	return ERR_OK;
}

/* What the map has under the key. */
static enum err
eval_key(const struct expr *expr, const struct expr_frame *frame,
    struct expr_value *value)
{
	struct expr_value map;
	struct bytes last = {0};
	struct reader r;
	size_t n = 0;
	enum err e = expr_eval_in(expr->args[0], frame, &map);

	*value = (struct expr_value){0};
	if (e != ERR_OK || map.type == EXPR_NOTHING)
		return e;
	codec_begin(&r, map.b);
	n = codec_get_map(&r, SIZE_MAX);
	for (size_t i = 0; i < n && !r.bad; i++) {
		bool same = bytes_equal(
		    codec_get_text_key(&r, &last), expr->text);
		struct bytes is = codec_get_value(&r);

		if (same)
			*value = value_read(expr->field, EXPR_INT, is);
	}
	return ERR_OK;
}

/* if and first take only what they need. */
static enum err
eval_choice(const struct expr *expr, const struct expr_frame *frame,
    struct expr_value *value)
{
	enum err e = ERR_OK;

	*value = (struct expr_value){0};
	if (expr->code == CODE_IF) {
		e = expr_eval_in(expr->args[0], frame, value);
		return e == ERR_OK
			   ? expr_eval_in(expr->args[value->i != 0 ? 1 : 2],
				 frame, value)
			   : e;
	}
	for (size_t i = 0;
	     e == ERR_OK && i < expr->n && value->type == EXPR_NOTHING; i++)
		e = expr_eval_in(expr->args[i], frame, value);
	return e;
}

static enum err
eval_call(const struct expr *expr, const struct expr_frame *frame,
    struct expr_value *value)
{
	struct arena *arena = frame->source->arena;
	struct expr_value *args = arena_array(arena, expr->n, sizeof(*args));
	enum err e = ERR_OK;

	for (size_t i = 0; i < expr->n && e == ERR_OK; i++)
		e = expr_eval_in(expr->args[i], frame, &args[i]);
	if (e == ERR_OK)
		expr_call_run(expr, args, arena, value);
	return e;
}

/* ---- names -------------------------------------------------------------- */

/* The day of a stamp, as the clocks of the pack's city have it. */
static struct expr_value
day_of(const struct expr *expr, struct stamp stamp)
{
	int64_t seconds = (int64_t)(stamp_ms(stamp) / 1000);
	int64_t day = calendar_day_at(seconds, expr_offset_seconds(expr->pack));

	if (stamp.v == 0 || !calendar_has(day))
		return (struct expr_value){0};
	return (struct expr_value){.type = EXPR_DATE, .i = day};
}

static void
eval_name(const struct expr *expr, const struct expr_frame *frame,
    struct expr_value *value)
{
	const struct expr_source *source = frame_at(frame, expr->up)->source;
	const struct record_field *field;

	*value = (struct expr_value){.type = expr->type};
	switch (expr->code) {
	case CODE_SELF:
		value->b = bytes_of(source->id->b, sizeof(source->id->b));
		break;
	case CODE_CREATED:
		*value = day_of(expr, source->record->created);
		break;
	case CODE_CHANGED:
		*value = day_of(expr, source->record->changed);
		break;
	case CODE_SPACE:
		value->b = id_above(bytes_text(source->space->text));
		break;
	case CODE_CONFLICT:
		field = merge_find(source->record,
		    bytes_text(expr->field->name), expr->field->kind);
		value->i = field != NULL && merge_is_conflict(field) ? 1 : 0;
		break;
	case CODE_TODAY:
		value->i = calendar_day_at(
		    source->now_seconds, expr_offset_seconds(expr->pack));
		break;
	case CODE_NOW:
		value->i = source->now_seconds;
		break;
	default:
		value->i = expr->number;
		value->b = expr->text;
		break;
	}
	settle(frame->source, value);
}

enum err
expr_eval_in(const struct expr *expr, const struct expr_frame *frame,
    struct expr_value *value)
{
	enum err e;

	switch (expr->code) {
	case CODE_FIELD:
		field_value(expr, frame, value);
		return ERR_OK;
	case CODE_LITERAL:
	case CODE_SELF:
	case CODE_CREATED:
	case CODE_CHANGED:
	case CODE_SPACE:
	case CODE_CONFLICT:
	case CODE_TODAY:
	case CODE_NOW:
		eval_name(expr, frame, value);
		return ERR_OK;
	case CODE_KEY:
		return eval_key(expr, frame, value);
	case CODE_FOLLOW:
		return expr_query_follow(expr, frame, value);
	case CODE_OR:
	case CODE_AND:
		return eval_both(expr, frame, value);
	case CODE_IN:
	case CODE_HAS:
		return eval_among(expr, frame, value);
	case CODE_NOT:
	case CODE_IS_NOTHING:
		e = expr_eval_in(expr->args[0], frame, value);
		value->i = expr->code == CODE_NOT
			       ? value->i == 0
			       : value->type == EXPR_NOTHING ||
				     (value->is_set && value->n == 0);
		*value = (struct expr_value){.type = EXPR_BOOL, .i = value->i};
		return e;
	case CODE_IF:
	case CODE_FIRST:
		return eval_choice(expr, frame, value);
	case CODE_EXISTS:
	case CODE_COUNT:
	case CODE_LATEST:
	case CODE_EARLIEST:
	case CODE_TOTAL:
		return expr_query_run(expr, frame, value);
	case CODE_EQUAL:
	case CODE_UNEQUAL:
	case CODE_LESS:
	case CODE_LESS_EQUAL:
	case CODE_MORE:
	case CODE_MORE_EQUAL:
	case CODE_BEGINS:
	case CODE_ADD:
	case CODE_SUBTRACT:
	case CODE_MULTIPLY:
	case CODE_DIVIDE:
		return eval_pair(expr, frame, value);
	default:
		return eval_call(expr, frame, value);
	}
}
