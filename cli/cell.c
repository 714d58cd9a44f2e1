/*
 * Shows values of expressions.  Called by the commands that list records; knows
 * no store.
 */
#include "cli/cell.h"

#include <stdio.h>
#include <string.h>

#include "cli/object.h"
#include "proto/ascii.h"
#include "proto/calendar.h"
#include "proto/text.h"

enum { REF_DIGITS = 8, DAY = CALENDAR_DAY_SECONDS };

const char cell_csv_begin[] = "\xef\xbb\xbf";

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

void
cell_csv(struct bytes text, struct buf *line)
{
	bool formula = text.n > 0 && strchr("=+-@\t\r", text.p[0]) != NULL;
	bool quoted = false;

	for (size_t i = 0; i < text.n && !quoted; i++)
		quoted = strchr(",\"\r\n", text.p[i]) != NULL;
	if (quoted)
		buf_add_text(line, "\"");
	if (formula)
		buf_add_text(line, "'");
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"')
			buf_add_text(line, "\"");
		buf_add(line, bytes_slice(text, i, 1));
	}
	if (quoted)
		buf_add_text(line, "\"");
}
