/*
 * What in an expression can stand beside what.  Called by the files that read
 * expressions.
 */
#include "core/expr_type.h"

#include "proto/ascii.h"
#include "proto/calendar.h"

const char *
expr_type_name(enum expr_type type, bool is_set)
{
	static const char *const one[] = {[EXPR_NOTHING] = "nothing",
	    [EXPR_BOOL] = "a condition",
	    [EXPR_INT] = "a number",
	    [EXPR_TEXT] = "a text",
	    [EXPR_DATE] = "a date",
	    [EXPR_DATETIME] = "a time of day",
	    [EXPR_SPAN] = "a span of time",
	    [EXPR_REF] = "a reference",
	    [EXPR_BYTES] = "bytes",
	    [EXPR_MAP] = "a map"};

	return is_set ? "a set" : one[type];
}

static bool
is_condition(const struct expr *expr)
{
	return expr->type == EXPR_BOOL && !expr->is_set;
}

enum err
expr_type_condition(size_t column, const struct expr *expr)
{
	if (is_condition(expr))
		return ERR_OK;
	return err_set(ERR_INVALID,
	    "column %zu: here must be a condition, not %s", column,
	    expr_type_name(expr->type, expr->is_set));
}

/* Reads the text of the literal `from` as a value of `type` into `to`. */
static bool
literal_as(const struct expr *from, enum expr_type type, struct arena *arena,
    struct expr *to)
{
	struct buf bytes = {0};
	bool fits = false;

	if (type == EXPR_DATE)
		fits = calendar_read_day(from->text, &to->number);
	else if (type == EXPR_DATETIME)
		fits = calendar_read_time(from->text, &to->number);
	else if ((type == EXPR_REF || type == EXPR_BYTES) &&
		 ascii_from_hex(from->text, &bytes) == ERR_OK)
		fits = type == EXPR_BYTES || bytes.n == PACK_REF_SIZE;
	if (fits)
		to->type = type;
	if (fits && bytes.n > 0)
		to->text = arena_bytes(arena, buf_bytes(&bytes));
	buf_fini(&bytes);
	return fits;
}

static bool
has_value(const struct pack_field *field, struct bytes text)
{
	for (size_t i = 0; i < field->values_n; i++)
		if (bytes_is(text, field->values[i]))
			return true;
	return false;
}

enum err
expr_type_alike(struct expr_parser *p, size_t column, const struct expr *like,
    const struct expr **expr)
{
	const struct expr *is = *expr;
	bool is_text = is->code == CODE_LITERAL && is->type == EXPR_TEXT;

	if (!is->is_set && is_text && like->type != EXPR_TEXT) {
		struct expr *node = expr_parse_node(
		    p, CODE_LITERAL, EXPR_TEXT, 0, NULL);

		if (literal_as(is, like->type, p->arena, node)) {
			*expr = node;
			return ERR_OK;
		}
	}
	if (is->is_set || is->type != like->type)
		return err_set(ERR_INVALID,
		    "column %zu: %s cannot be compared with %s%s", column,
		    expr_type_name(like->type, false),
		    expr_type_name(is->type, is->is_set),
		    like->type == EXPR_DATE && is->type != EXPR_DATE
			? "; a date is written '2016-07-25'"
			: "");
	if (is_text && like->field != NULL && like->field->type == PACK_ENUM &&
	    !has_value(like->field, is->text))
		return err_set(ERR_INVALID,
		    "column %zu: '%.*s' is no value of %s.%s", column,
		    (int)is->text.n, (const char *)is->text.p,
		    like->field->collection, like->field->name);
	return ERR_OK;
}

enum err
expr_type_ordered(size_t column, const struct expr *expr)
{
	if (expr->type == EXPR_TEXT && expr->field != NULL &&
	    expr->field->type == PACK_ENUM)
		return err_set(ERR_INVALID,
		    "column %zu: values of a list have no order; say "
		    "rank(%s)",
		    column, expr->field->name);
	if (expr->type == EXPR_INT || expr->type == EXPR_TEXT ||
	    expr->type == EXPR_DATE || expr->type == EXPR_DATETIME ||
	    expr->type == EXPR_SPAN)
		return ERR_OK;
	return err_set(ERR_INVALID, "column %zu: %s has no order", column,
	    expr_type_name(expr->type, false));
}

enum expr_type
expr_type_of_sum(enum expr_code code, enum expr_type a, enum expr_type b)
{
	bool sum = code == CODE_ADD || code == CODE_SUBTRACT;

	if (a == EXPR_INT && b == EXPR_INT)
		return EXPR_INT;
	if (!sum)
		return a == EXPR_SPAN && b == EXPR_INT ? EXPR_SPAN
						       : EXPR_NOTHING;
	if (a == EXPR_DATE && (b == EXPR_INT || b == EXPR_SPAN))
		return EXPR_DATE;
	if (a == EXPR_DATETIME && b == EXPR_SPAN)
		return EXPR_DATETIME;
	if (a == EXPR_SPAN && b == EXPR_SPAN)
		return EXPR_SPAN;
	if (code == CODE_SUBTRACT && a == EXPR_DATE && b == EXPR_DATE)
		return EXPR_INT;
	if (code == CODE_SUBTRACT && a == EXPR_DATETIME && b == EXPR_DATETIME)
		return EXPR_SPAN;
	return EXPR_NOTHING;
}
