/*
 * Expressions from outside: read, asked what they read and bind, evaluated.
 * Called by packs, lists and queries; the work is done in expr_parse.c and
 * expr_eval.c.
 */
#include "core/expr.h"

#include <stdio.h>

#include "core/expr_eval.h"
#include "core/expr_parse.h"
#include "core/expr_type.h"
#include "proto/calendar.h"
#include "proto/codec.h"
#include "proto/text.h"

enum { TIME_SIZE = sizeof("YYYY-MM-DDThh:mm:ssZ") };

static bool
is_query(enum expr_code code)
{
	return code >= CODE_EXISTS;
}

enum expr_type
expr_type(const struct expr *expr)
{
	return expr->type;
}

bool
expr_is_set(const struct expr *expr)
{
	return expr->is_set;
}

const struct pack_field *
expr_field(const struct expr *expr)
{
	return expr->code == CODE_FIELD && expr->up == 0 ? expr->field : NULL;
}

static bool
is_of_record(enum expr_code code)
{
	return code == CODE_FIELD || code == CODE_SELF ||
	       code == CODE_CREATED || code == CODE_CHANGED ||
	       code == CODE_SPACE || code == CODE_CONFLICT;
}

/* How many of the arguments of `expr` are of the same record: what stands
 * behind a reference is of another. */
static size_t
own_args(const struct expr *expr)
{
	return expr->code == CODE_FOLLOW ? 1 : expr->n;
}

bool
expr_looks(const struct expr *expr, unsigned up)
{
	if (is_of_record(expr->code) && expr->up == up)
		return true;
	for (size_t i = 0; i < own_args(expr); i++)
		if (expr_looks(
			expr->args[i], up + (is_query(expr->code) ? 1 : 0)))
			return true;
	return false;
}

static bool
reads(const struct expr *expr, const struct pack_field *field, unsigned up)
{
	if ((expr->code == CODE_FIELD || expr->code == CODE_CONFLICT) &&
	    expr->up == up && expr->field == field)
		return true;
	for (size_t i = 0; i < own_args(expr); i++)
		if (reads(expr->args[i], field,
			up + (is_query(expr->code) ? 1 : 0)))
			return true;
	return false;
}

bool
expr_reads(const struct expr *expr, const struct pack_field *field)
{
	return reads(expr, field, 0);
}

static bool
reads_stamps(const struct expr *expr, unsigned up)
{
	if ((expr->code == CODE_CREATED || expr->code == CODE_CHANGED) &&
	    expr->up == up)
		return true;
	for (size_t i = 0; i < own_args(expr); i++)
		if (reads_stamps(
			expr->args[i], up + (is_query(expr->code) ? 1 : 0)))
			return true;
	return false;
}

bool
expr_reads_stamps(const struct expr *expr)
{
	return reads_stamps(expr, 0);
}

void
expr_fields(const struct expr *expr, expr_each *each, void *arg)
{
	if (expr->field != NULL &&
	    (expr->code == CODE_FIELD || expr->code == CODE_CONFLICT ||
		is_query(expr->code)))
		each(arg, expr->field);
	for (size_t i = 0; i < expr->n; i++)
		expr_fields(expr->args[i], each, arg);
}

bool
expr_asks(const struct expr *expr)
{
	if (is_query(expr->code) || expr->code == CODE_FOLLOW)
		return true;
	for (size_t i = 0; i < expr->n; i++)
		if (expr_asks(expr->args[i]))
			return true;
	return false;
}

/* ---- which fields are bound --------------------------------------------- */

struct binds {
	struct expr_bind *p;
	size_t n;
};

static bool
is_fixed(const struct expr *const *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (expr_looks(values[i], 0))
			return false;
	return true;
}

static void
add(struct binds *binds, const struct expr *field, enum expr_relation relation,
    const struct expr *const *values, size_t n)
{
	if (expr_field(field) != NULL && is_fixed(values, n))
		binds->p[binds->n++] = (struct expr_bind){.field = field->field,
		    .relation = relation,
		    .values = values,
		    .values_n = n};
}

static size_t
conditions(const struct expr *expr)
{
	return expr->code == CODE_AND
		   ? conditions(expr->args[0]) + conditions(expr->args[1])
		   : 1;
}

static void
collect(const struct expr *expr, struct binds *binds)
{
	/* Seen from the right, < is >. */
	static const struct {
		enum expr_code code;
		enum expr_relation left;
		enum expr_relation right;
	} codes[] = {{CODE_EQUAL, EXPR_EQUAL, EXPR_EQUAL},
	    {CODE_LESS, EXPR_LESS, EXPR_MORE},
	    {CODE_LESS_EQUAL, EXPR_LESS_EQUAL, EXPR_MORE_EQUAL},
	    {CODE_MORE, EXPR_MORE, EXPR_LESS},
	    {CODE_MORE_EQUAL, EXPR_MORE_EQUAL, EXPR_LESS_EQUAL}};

	if (expr->code == CODE_AND) {
		collect(expr->args[0], binds);
		collect(expr->args[1], binds);
	}
	if (expr->code == CODE_IN || expr->code == CODE_HAS)
		add(binds, expr->args[0], EXPR_EQUAL, &expr->args[1],
		    expr->n - 1);
	if (expr->code == CODE_NOT && expr->args[0]->code == CODE_IS_NOTHING)
		add(binds, expr->args[0]->args[0], EXPR_SOME, NULL, 0);
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		if (expr->code != codes[i].code)
			continue;
		add(binds, expr->args[0], codes[i].left, &expr->args[1], 1);
		add(binds, expr->args[1], codes[i].right, &expr->args[0], 1);
	}
}

size_t
expr_binds(
    const struct expr *expr, struct arena *arena, const struct expr_bind **list)
{
	struct binds binds = {0};

	*list = NULL;
	if (expr == NULL)
		return 0;
	/* Each condition binds a field on the left and one on the right. */
	binds.p = arena_array(arena, 2 * conditions(expr), sizeof(*binds.p));
	collect(expr, &binds);
	*list = binds.p;
	return binds.n;
}

/* ---- reading ------------------------------------------------------------ */

static enum err
check_want(const struct expr *expr, unsigned want)
{
	static const enum expr_type types[] = {EXPR_BOOL, EXPR_INT, EXPR_TEXT,
	    EXPR_DATE, EXPR_DATETIME, EXPR_REF, EXPR_BYTES};
	struct buf words = {0};
	enum err e;

	if ((want & 1U << expr->type) != 0 &&
	    (!expr->is_set || (want & EXPR_SETS) != 0))
		return ERR_OK;
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if ((want & 1U << types[i]) != 0)
			buf_add_format(&words, "%s%s", words.n > 0 ? ", " : "",
			    expr_type_name(types[i], false));
	e = err_set(ERR_INVALID, "column 1: this is %s; wanted is %s",
	    expr_type_name(expr->type, expr->is_set), buf_text(&words));
	buf_fini(&words);
	return e;
}

enum err
expr_parse(struct bytes text, const struct expr_scope *scope, unsigned want,
    struct arena *arena, const struct expr **expr)
{
	struct expr_level level = {.collection = scope->collection};
	struct expr_parser p = {
	    .lexer = {.rest = text, .column = 1, .arena = arena},
	    .arena = arena,
	    .scope = scope,
	    .level = &level};
	enum err e;

	*expr = NULL;
	if (!text_is_utf8(text))
		return err_set(ERR_INVALID, "column %zu: this is not UTF-8",
		    text_utf8_size(text) + 1);
	e = expr_parse_next(&p);
	if (e == ERR_OK)
		e = expr_parse_any(&p, expr);
	if (e == ERR_OK && p.token.type != TOKEN_END)
		e = err_set(ERR_INVALID,
		    "column %zu: what begins here belongs to nothing before it",
		    p.token.column);
	if (e == ERR_OK)
		e = check_want(*expr, want);
	if (e != ERR_OK)
		*expr = NULL;
	return e;
}

int64_t
expr_offset_seconds(const struct pack *pack)
{
	return pack != NULL ? pack->clock_seconds : 0;
}

enum err
expr_eval(const struct expr *expr, const struct expr_source *source,
    struct expr_value *value)
{
	return expr_eval_in(
	    expr, &(struct expr_frame){.source = source}, value);
}

void
expr_eval_own(const struct expr *expr, const struct expr_source *source,
    struct expr_value *value)
{
	enum err e = expr_eval(expr, source, value);

	assert(e == ERR_OK);
	(void)e;
}

enum err
expr_test(
    const struct expr *expr, const struct expr_source *source, bool *holds)
{
	struct expr_value value = {0};
	enum err e = expr_eval(expr, source, &value);

	*holds = e == ERR_OK && value.i != 0;
	return e;
}

enum err
expr_may(const struct expr *expr, const struct expr_source *source, bool *may)
{
	enum err e = ERR_OK;

	*may = true;
	if (expr->code != CODE_AND)
		return expr_looks(expr, 0) ? ERR_OK
					   : expr_test(expr, source, may);
	for (size_t i = 0; i < expr->n && e == ERR_OK && *may; i++)
		e = expr_may(expr->args[i], source, may);
	return e;
}

/* ---- values ------------------------------------------------------------- */

int
expr_compare(const struct expr_value *a, const struct expr_value *b)
{
	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	switch (a->type) {
	case EXPR_TEXT:
	case EXPR_REF:
	case EXPR_BYTES:
	case EXPR_MAP:
		return bytes_compare(a->b, b->b);
	case EXPR_NOTHING:
		return 0;
	case EXPR_BOOL:
	case EXPR_INT:
	case EXPR_DATE:
	case EXPR_DATETIME:
	case EXPR_SPAN:
		break;
	}
	return (a->i > b->i) - (a->i < b->i);
}

void
expr_encode(
    const struct expr_value *value, enum pack_type type, struct buf *out)
{
	char day[CALENDAR_TEXT_SIZE];
	char text[TIME_SIZE + 8];
	int64_t of_day = 0;
	int n;

	assert(value->type != EXPR_NOTHING && !value->is_set);
	switch (type) {
	case PACK_BOOL:
		codec_put_bool(out, value->i != 0);
		break;
	case PACK_INT:
	case PACK_MONEY:
		codec_put_int(out, value->i);
		break;
	case PACK_TEXT:
	case PACK_ENUM:
		codec_put_text(out, value->b);
		break;
	case PACK_DATE:
		calendar_write_day(value->i, day);
		codec_put_text(out, bytes_text(day));
		break;
	case PACK_DATETIME:
		of_day = value->i -
			 calendar_day_at(value->i, 0) * CALENDAR_DAY_SECONDS;
		calendar_write_day(calendar_day_at(value->i, 0), day);
		n = snprintf(text, sizeof(text), "%sT%02d:%02d:%02dZ", day,
		    (int)(of_day / 3600), (int)(of_day / 60 % 60),
		    (int)(of_day % 60));
		codec_put_text(out, bytes_of(text, (size_t)n));
		break;
	case PACK_REF:
	case PACK_HASH:
	case PACK_BYTES:
		codec_put_bytes(out, value->b);
		break;
	case PACK_GEO:
	case PACK_MAP:
		assert(false && "no expression gives these");
	}
}
