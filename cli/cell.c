/*
 * Shows values of expressions and fields.  Called by the commands that list
 * records; knows no store.
 */
#include "cli/cell.h"

#include <stdio.h>
#include <string.h>

#include "cli/object.h"
#include "cli/show.h"
#include "core/effective.h"
#include "core/pack_show.h"
#include "core/pack_text.h"
#include "proto/ascii.h"
#include "proto/calendar.h"
#include "proto/text.h"

enum { REF_DIGITS = 8, DAY = CALENDAR_DAY_SECONDS };

/* A time as clocks that are `offset` seconds ahead of UTC show it. */
static void
time_text(int64_t seconds, int64_t offset, struct buf *text)
{
	int64_t day = calendar_day_at(seconds, offset);
	int64_t of_day = seconds + offset - day * DAY;
	char date[CALENDAR_TEXT_SIZE];

	if (!calendar_has(day))
		return;
	calendar_write_day(day, date);
	buf_add_format(text, "%s %02d:%02d", date, (int)(of_day / 3600),
	    (int)(of_day / 60 % 60));
}

static void
span_text(int64_t seconds, struct buf *text)
{
	if (seconds % DAY == 0)
		buf_add_format(text, "%lldd", (long long)(seconds / DAY));
	else
		buf_add_format(text, "%lldh", (long long)(seconds / 3600));
}

static void
one_text(
    const struct pack *pack, const struct expr_value *value, struct buf *text)
{
	char date[CALENDAR_TEXT_SIZE];
	struct buf hex = {0};

	switch (value->type) {
	case EXPR_NOTHING:
	case EXPR_MAP:
		break;
	case EXPR_BOOL:
		buf_add_text(text, value->i != 0 ? "yes" : "no");
		break;
	case EXPR_INT:
		buf_add_format(text, "%lld", (long long)value->i);
		break;
	case EXPR_TEXT:
		buf_add(text, value->b);
		break;
	case EXPR_DATE:
		calendar_write_day(value->i, date);
		buf_add_text(text, date);
		break;
	case EXPR_DATETIME:
		time_text(value->i, expr_offset_seconds(pack), text);
		break;
	case EXPR_SPAN:
		span_text(value->i, text);
		break;
	case EXPR_REF:
	case EXPR_BYTES:
		ascii_hex(value->b, &hex);
		buf_add(text, bytes_first(buf_bytes(&hex),
				  hex.n < REF_DIGITS ? hex.n : REF_DIGITS));
		break;
	}
	buf_fini(&hex);
}

void
cell_text(
    const struct pack *pack, const struct expr_value *value, struct buf *text)
{
	if (!value->is_set) {
		one_text(pack, value, text);
		return;
	}
	for (size_t i = 0; i < value->n; i++) {
		if (i > 0)
			buf_add_text(text, ", ");
		one_text(pack, &value->items[i], text);
	}
}

static void
one_json(const char *key, const struct expr_value *value, struct buf *json)
{
	struct buf text = {0};
	char date[CALENDAR_TEXT_SIZE];

	switch (value->type) {
	case EXPR_BOOL:
		object_bool(json, key, value->i != 0);
		break;
	case EXPR_INT:
	case EXPR_SPAN:
		object_key(json, key);
		buf_add_format(json, "%lld", (long long)value->i);
		break;
	case EXPR_TEXT:
		object_text(json, key, value->b);
		break;
	case EXPR_DATE:
		calendar_write_day(value->i, date);
		object_text(json, key, bytes_text(date));
		break;
	case EXPR_DATETIME:
		time_text(value->i, 0, &text);
		if (text.n > 10)
			text.p[10] = 'T';
		buf_add_text(&text, "Z");
		object_text(json, key, buf_bytes(&text));
		break;
	case EXPR_REF:
	case EXPR_BYTES:
		object_hex(json, key, value->b);
		break;
	case EXPR_MAP:
		object_value(json, key, value->b);
		break;
	case EXPR_NOTHING:
		object_key(json, key);
		buf_add_text(json, "null");
		break;
	}
	buf_fini(&text);
}

void
cell_json(const char *key, const struct expr_value *value, struct buf *json)
{
	if (!value->is_set) {
		one_json(key, value, json);
		return;
	}
	object_array(json, key);
	for (size_t i = 0; i < value->n; i++)
		one_json(NULL, &value->items[i], json);
	object_array_end(json);
}

/* ---- CSV ---------------------------------------------------------------- */

/* A time as clocks that are `offset` seconds ahead of UTC show it, in the form
 * that is read: 2016-07-25T09:30:00+09:00. */
static void
time_value(int64_t seconds, int64_t offset, struct buf *text)
{
	int64_t day = calendar_day_at(seconds, offset);
	int64_t of_day = seconds + offset - day * DAY;
	int64_t ahead = offset < 0 ? -offset : offset;
	char date[CALENDAR_TEXT_SIZE];

	if (!calendar_has(day))
		return;
	calendar_write_day(day, date);
	buf_add_format(text, "%sT%02d:%02d:%02d", date, (int)(of_day / 3600),
	    (int)(of_day / 60 % 60), (int)(of_day % 60));
	if (offset == 0)
		buf_add_text(text, "Z");
	else
		buf_add_format(text, "%c%02d:%02d", offset < 0 ? '-' : '+',
		    (int)(ahead / 3600), (int)(ahead / 60 % 60));
}

void
cell_value(
    const struct pack *pack, const struct expr_value *value, struct buf *text)
{
	for (size_t i = 0; value->is_set && i < value->n; i++) {
		buf_add_text(text, i > 0 ? ";" : "");
		cell_value(pack, &value->items[i], text);
	}
	if (value->is_set)
		return;
	switch (value->type) {
	case EXPR_BOOL:
		buf_add_text(text, value->i != 0 ? "true" : "false");
		break;
	case EXPR_SPAN:
		buf_add_format(text, "%lld", (long long)value->i);
		break;
	case EXPR_DATETIME:
		time_value(value->i, expr_offset_seconds(pack), text);
		break;
	case EXPR_REF:
	case EXPR_BYTES:
		ascii_hex(value->b, text);
		break;
	case EXPR_NOTHING:
	case EXPR_MAP:
	case EXPR_INT:
	case EXPR_TEXT:
	case EXPR_DATE:
		one_text(pack, value, text);
		break;
	}
}

/* Has `content` that value before number `i`? */
static bool
is_repeated(const struct record_field *content, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (bytes_equal(
			content->values[k].value, content->values[i].value))
			return true;
	return false;
}

/* Appends one value; returns 1 when it would be read as another. */
static size_t
value_add(const struct pack_field *field, struct bytes value, struct buf *text)
{
	struct buf one = {0};
	struct bytes rest;
	struct bytes element = {0};
	size_t bent;

	pack_show_value(field, value, &one);
	rest = buf_bytes(&one);
	bent = !pack_text_next(field, &rest, &element) || element.n != one.n;
	buf_add(text, buf_bytes(&one));
	buf_fini(&one);
	return bent;
}

/* All elements of a set, or all notes. */
static size_t
values_add(const struct record *record, const struct record_field *content,
    const struct pack_field *field, struct arena *arena, struct buf *text)
{
	const size_t *order = show_order(record, content, arena);
	size_t bent = content->kind == KIND_NOTES ? content->n - 1 : 0;
	bool any = false;

	for (size_t i = 0; i < content->n; i++) {
		if (content->kind == KIND_SET && is_repeated(content, order[i]))
			continue;
		if (any)
			buf_add_text(
			    text, content->kind == KIND_SET ? ";" : "\n");
		bent += value_add(field, content->values[order[i]].value, text);
		any = true;
	}
	return bent;
}

size_t
cell_field(const struct record *record, const struct record_field *content,
    const struct pack_field *field, struct arena *arena, struct buf *text)
{
	if (content == NULL || content->n == 0)
		return 0;
	switch (content->kind) {
	case KIND_REGISTER:
	case KIND_STATE:
		return value_add(field,
		    effective_value(field, record, content)->value, text);
	case KIND_COUNTER:
		buf_add_format(text, "%lld", (long long)show_sum(content));
		break;
	case KIND_SET:
	case KIND_NOTES:
		return values_add(record, content, field, arena, text);
	case KIND_COUNT:
		assert(content->kind != KIND_COUNT);
	}
	return 0;
}
