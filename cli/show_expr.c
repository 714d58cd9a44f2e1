/*
 * Values of expressions in words and in JSON.  Called by the commands that list
 * records and what is due; reads no store and prints nothing.
 */
#include "cli/show_expr.h"

#include "cli/object.h"
#include "proto/ascii.h"
#include "proto/calendar.h"

enum { REF_DIGITS = 8, MINUTES_SIZE = sizeof("YYYY-MM-DDThh:mm") - 1 };

static void
add_time(const struct pack *pack, int64_t seconds, enum show_expr_form form,
    struct buf *text)
{
	int64_t offset = expr_offset_seconds(pack);
	char time[CALENDAR_TIME_SIZE];

	if (!calendar_has(calendar_day_at(seconds, offset)))
		return;
	calendar_write_time(seconds, offset, time);
	if (form == SHOW_EXPR_SHORT) {
		time[CALENDAR_TEXT_SIZE - 1] = ' ';
		time[MINUTES_SIZE] = '\0';
	}
	buf_add_text(text, time);
}

static void
add_day(int64_t day, struct buf *text)
{
	char date[CALENDAR_TEXT_SIZE];

	if (!calendar_has(day))
		return;
	calendar_write_day(day, date);
	buf_add_text(text, date);
}

static void
add_span(int64_t seconds, enum show_expr_form form, struct buf *text)
{
	if (form == SHOW_EXPR_WHOLE)
		buf_add_format(text, "%lld", (long long)seconds);
	else if (seconds % CALENDAR_DAY_SECONDS == 0)
		buf_add_format(
		    text, "%lldd", (long long)(seconds / CALENDAR_DAY_SECONDS));
	else
		buf_add_format(text, "%lldh", (long long)(seconds / 3600));
}

static void
add_bool(bool yes, enum show_expr_form form, struct buf *text)
{
	if (form == SHOW_EXPR_WHOLE)
		buf_add_text(text, yes ? "true" : "false");
	else
		buf_add_text(text, yes ? "yes" : "no");
}

static void
add_one(const struct pack *pack, const struct expr_value *value,
    enum show_expr_form form, struct buf *text)
{
	size_t before = text->n;

	switch (value->type) {
	case EXPR_NOTHING:
	case EXPR_MAP:
		break;
	case EXPR_BOOL:
		add_bool(value->i != 0, form, text);
		break;
	case EXPR_INT:
		buf_add_format(text, "%lld", (long long)value->i);
		break;
	case EXPR_TEXT:
		buf_add(text, value->b);
		break;
	case EXPR_DATE:
		add_day(value->i, text);
		break;
	case EXPR_DATETIME:
		add_time(pack, value->i, form, text);
		break;
	case EXPR_SPAN:
		add_span(value->i, form, text);
		break;
	case EXPR_REF:
	case EXPR_BYTES:
		ascii_hex(value->b, text);
		if (form == SHOW_EXPR_SHORT && text->n - before > REF_DIGITS)
			buf_cut(text, before + REF_DIGITS);
		break;
	}
}

void
show_expr_text(const struct pack *pack, const struct expr_value *value,
    enum show_expr_form form, struct buf *text)
{
	const char *between = form == SHOW_EXPR_SHORT ? ", " : ";";

	if (!value->is_set) {
		add_one(pack, value, form, text);
		return;
	}
	for (size_t i = 0; i < value->n; i++) {
		buf_add_text(text, i > 0 ? between : "");
		add_one(pack, &value->items[i], form, text);
	}
}

static void
one_json(const struct pack *pack, const char *key,
    const struct expr_value *value, struct buf *json)
{
	struct buf text = {0};

	switch (value->type) {
	case EXPR_NOTHING:
		object_key(json, key);
		buf_add_text(json, "null");
		break;
	case EXPR_BOOL:
		object_bool(json, key, value->i != 0);
		break;
	case EXPR_INT:
	case EXPR_SPAN:
		object_key(json, key);
		add_one(pack, value, SHOW_EXPR_WHOLE, json);
		break;
	case EXPR_MAP:
		object_value(json, key, value->b);
		break;
	case EXPR_TEXT:
	case EXPR_DATE:
	case EXPR_DATETIME:
	case EXPR_REF:
	case EXPR_BYTES:
		add_one(pack, value, SHOW_EXPR_WHOLE, &text);
		object_text(json, key, buf_bytes(&text));
		break;
	}
	buf_fini(&text);
}

void
show_expr_json(const struct pack *pack, const char *key,
    const struct expr_value *value, struct buf *json)
{
	if (!value->is_set) {
		one_json(pack, key, value, json);
		return;
	}
	object_array(json, key);
	for (size_t i = 0; i < value->n; i++)
		one_json(pack, NULL, &value->items[i], json);
	object_array_end(json);
}
