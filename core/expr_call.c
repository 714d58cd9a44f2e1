/*
 * The functions of expressions: of plain values, without looking at anything
 * else.  Called by expr_eval.c; expr_encode by whoever seeks a value.
 */
#include "core/expr_call.h"
#include <stdio.h>

#include "proto/calendar.h"

static const struct expr_value nothing;

static struct expr_value
date_value(int64_t day)
{
	return calendar_has(day)
		   ? (struct expr_value){.type = EXPR_DATE, .i = day}
		   : nothing;
}

static struct expr_value
int_value(int64_t i)
{
	return (struct expr_value){.type = EXPR_INT, .i = i};
}

/* The day that a date or time is, false when it is neither. */
static bool
day_of(const struct expr *expr, const struct expr_value *value, int64_t *day)
{
	*day = value->i;
	if (value->type == EXPR_DATETIME)
		*day = calendar_day_at(
		    value->i, expr_offset_seconds(expr->pack));
	return (value->type == EXPR_DATE || value->type == EXPR_DATETIME) &&
	       calendar_has(*day);
}

/* Year and quarter, or year and month, as text that sorts. */
static struct expr_value
period(enum expr_code code, int64_t day, struct arena *arena)
{
	struct calendar_date date = calendar_date(day);
	char text[16];
	int n;

	if (code == CODE_YEAR)
		return int_value(date.year);
	if (code == CODE_QUARTER)
		n = snprintf(text, sizeof(text), "%04d-Q%u", date.year,
		    (date.month - 1) / 3 + 1);
	else
		n = snprintf(
		    text, sizeof(text), "%04d-%02u", date.year, date.month);
	return (struct expr_value){.type = EXPR_TEXT,
	    .b = arena_bytes(arena, bytes_of(text, (size_t)n))};
}

/* The last day of the month of `day`, or of its quarter. */
static struct expr_value
end_of(enum expr_code code, int64_t day)
{
	struct calendar_date date = calendar_date(day);

	if (code == CODE_END_OF_QUARTER)
		date.month = (date.month - 1) / 3 * 3 + 3;
	date.day = calendar_month_days(date.year, date.month);
	return date_value(calendar_day(date));
}

/* The day `n` working days, Monday to Friday, after `day`. */
static struct expr_value
workdays(int64_t day, int64_t n)
{
	int64_t weeks = n / 5;
	int64_t left = n % 5;
	int64_t step = n < 0 ? -1 : 1;

	if (weeks > CALENDAR_LAST_DAY / 7 || weeks < -CALENDAR_LAST_DAY / 7)
		return nothing;
	/* From a weekend the count begins at the working day before it, so
	 * that whole weeks lead from working day to working day. */
	if (n != 0 && calendar_weekday(day) >= 5)
		day += n > 0 ? 4 - (int64_t)calendar_weekday(day)
			     : 7 - (int64_t)calendar_weekday(day);
	day += weeks * 7;
	while (left != 0) {
		day += step;
		if (calendar_weekday(day) < 5)
			left -= step;
	}
	return date_value(day);
}

/* The functions of a date or time and no other argument. */
static struct expr_value
of_day(
    const struct expr *expr, const struct expr_value *arg, struct arena *arena)
{
	int64_t day;

	if (!day_of(expr, arg, &day))
		return nothing;
	if (expr->code == CODE_DATE_OF)
		return date_value(day);
	if (expr->code == CODE_END_OF_MONTH ||
	    expr->code == CODE_END_OF_QUARTER)
		return end_of(expr->code, day);
	return period(expr->code, day, arena);
}

/* The functions of a date and something else. */
static struct expr_value
of_two(const struct expr *expr, const struct expr_value *args)
{
	int64_t day;

	if (args[0].type == EXPR_NOTHING || args[1].type == EXPR_NOTHING)
		return nothing;
	if (expr->code == CODE_AGE)
		return int_value(calendar_age(args[0].i, args[1].i));
	if (expr->code == CODE_WORKDAYS)
		return workdays(args[0].i, args[1].i);
	if (expr->code == CODE_BIRTHDAY
		? calendar_birthday(args[0].i, args[1].i, &day)
		: calendar_add_months(args[0].i, args[1].i, &day))
		return date_value(day);
	return nothing;
}

/* Does the list of `field` say what is more than what? */
static bool
is_ranked(const struct pack_field *field)
{
	for (size_t i = 0; field->codes != NULL && i < field->codes->values_n;
	     i++)
		if (field->codes->values[i].rank != 0)
			return true;
	return false;
}

/* The rank that its list of codes gives a value; without one its place. */
static struct expr_value
rank(const struct pack_field *field, const struct expr_value *arg)
{
	const struct pack_code *code;

	if (arg->type != EXPR_TEXT)
		return nothing;
	if (is_ranked(field)) {
		code = pack_code(field, arg->b);
		return code == NULL ? nothing : int_value(code->rank);
	}
	for (size_t i = 0; i < field->values_n; i++)
		if (bytes_is(arg->b, field->values[i]))
			return int_value((int64_t)i);
	return nothing;
}

/* The least or greatest of those that are something. */
static struct expr_value
extreme(const struct expr *expr, const struct expr_value *args)
{
	int sign = expr->code == CODE_MAX ? 1 : -1;
	struct expr_value best = nothing;

	for (size_t i = 0; i < expr->n; i++)
		if (args[i].type != EXPR_NOTHING &&
		    (best.type == EXPR_NOTHING ||
			sign * expr_compare(&args[i], &best) > 0))
			best = args[i];
	return best;
}

void
expr_call_run(const struct expr *expr, const struct expr_value *args,
    struct arena *arena, struct expr_value *value)
{
	switch (expr->code) {
	case CODE_AGE:
	case CODE_BIRTHDAY:
	case CODE_MONTHS:
	case CODE_WORKDAYS:
		*value = of_two(expr, args);
		break;
	case CODE_RANK:
		*value = rank(expr->field, &args[0]);
		break;
	case CODE_SIZE:
		*value = int_value((int64_t)args[0].n);
		break;
	case CODE_MIN:
	case CODE_MAX:
		*value = extreme(expr, args);
		break;
	default:
		*value = of_day(expr, &args[0], arena);
		break;
	}
}
