/*
 * Rows under way.  The parts of cli/synth write them in whatever order suits
 * them; here they become lines, sorted by time.
 */
#include "cli/synth_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/calendar.h"
#include "proto/mem.h"

static void
add_hex(struct buf *text, struct bytes bytes)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t *p = buf_extend(text, 2 * bytes.n);

	for (size_t i = 0; i < bytes.n; i++) {
		p[2 * i] = (uint8_t)digits[bytes.p[i] >> 4];
		p[2 * i + 1] = (uint8_t)digits[bytes.p[i] & 15];
	}
}

static void
add_quoted(struct buf *text, const char *words)
{
	assert(strpbrk(words, "\"\\\n") == NULL);
	buf_add_u8(text, '"');
	buf_add_text(text, words);
	buf_add_u8(text, '"');
}

static void
add_int(struct buf *text, int64_t n)
{
	char digits[24];

	(void)snprintf(digits, sizeof(digits), "%lld", (long long)n);
	buf_add_text(text, digits);
}

void
synth_rows_begin(struct synth_rows *rows, const struct synth_row *row)
{
	struct synth_entry *entry;

	assert(!rows->open);
	if (row->at < rows->from || row->at >= rows->to)
		return;
	mem_room(
	    &rows->entries, &rows->room, rows->n + 1, sizeof(*rows->entries));
	entry = &rows->entries[rows->n];
	*entry = (struct synth_entry){.row = *row, .text = rows->text.n};
	if (entry->row.where == NULL)
		entry->row.where = rows->prefix;
	rows->open = true;
	rows->more = false;
	buf_add_text(&rows->text, "{\"space\":\"");
	buf_add_text(&rows->text, entry->row.where);
	buf_add_u8(&rows->text, '/');
	buf_add_text(&rows->text, row->class);
	buf_add_text(&rows->text, "\",\"collection\":\"");
	buf_add_text(&rows->text, row->collection);
	buf_add_text(&rows->text, "\",\"id\":\"");
	add_hex(&rows->text, bytes_of(row->id.b, sizeof(row->id.b)));
	buf_add_text(&rows->text, "\",\"fields\":{");
}

/* The name of a field; false when its row is left out. */
static bool
begin_field(struct synth_rows *rows, const char *field)
{
	if (!rows->open)
		return false;
	if (rows->more)
		buf_add_u8(&rows->text, ',');
	rows->more = true;
	add_quoted(&rows->text, field);
	buf_add_u8(&rows->text, ':');
	return true;
}

void
synth_rows_text(struct synth_rows *rows, const char *field, const char *text)
{
	if (begin_field(rows, field))
		add_quoted(&rows->text, text);
}

void
synth_rows_int(struct synth_rows *rows, const char *field, int64_t n)
{
	if (begin_field(rows, field))
		add_int(&rows->text, n);
}

void
synth_rows_bool(struct synth_rows *rows, const char *field, bool yes)
{
	if (begin_field(rows, field))
		buf_add_text(&rows->text, yes ? "true" : "false");
}

void
synth_rows_day(struct synth_rows *rows, const char *field, int64_t day)
{
	char text[CALENDAR_TEXT_SIZE];

	if (!begin_field(rows, field))
		return;
	calendar_write_day(day, text);
	add_quoted(&rows->text, text);
}

void
synth_rows_time(struct synth_rows *rows, const char *field, int64_t at)
{
	char text[CALENDAR_TEXT_SIZE];
	char clock[16];
	unsigned rest = (unsigned)(at % SYNTH_DAY_SECONDS);

	if (!begin_field(rows, field))
		return;
	calendar_write_day(at / SYNTH_DAY_SECONDS, text);
	(void)snprintf(clock, sizeof(clock), "T%02u:%02u:%02u",
	    rest / 3600 % 24, rest / 60 % 60, rest % 60);
	buf_add_u8(&rows->text, '"');
	buf_add_text(&rows->text, text);
	buf_add_text(&rows->text, clock);
	buf_add_text(&rows->text, "+09:00\"");
}

void
synth_rows_hex(struct synth_rows *rows, const char *field, struct bytes bytes)
{
	if (!begin_field(rows, field))
		return;
	buf_add_u8(&rows->text, '"');
	add_hex(&rows->text, bytes);
	buf_add_u8(&rows->text, '"');
}

void
synth_rows_ref(
    struct synth_rows *rows, const char *field, const struct record_id *id)
{
	synth_rows_hex(rows, field, bytes_of(id->b, sizeof(id->b)));
}

void
synth_rows_list(struct synth_rows *rows, const char *field)
{
	rows->listed = false;
	if (begin_field(rows, field))
		buf_add_u8(&rows->text, '[');
}

static bool
begin_element(struct synth_rows *rows)
{
	if (rows->open && rows->listed)
		buf_add_u8(&rows->text, ',');
	rows->listed = true;
	return rows->open;
}

void
synth_rows_add(struct synth_rows *rows, const char *text)
{
	if (begin_element(rows))
		add_quoted(&rows->text, text);
}

void
synth_rows_add_ref(struct synth_rows *rows, const struct record_id *id)
{
	if (!begin_element(rows))
		return;
	buf_add_u8(&rows->text, '"');
	add_hex(&rows->text, bytes_of(id->b, sizeof(id->b)));
	buf_add_u8(&rows->text, '"');
}

void
synth_rows_list_end(struct synth_rows *rows)
{
	if (rows->open)
		buf_add_u8(&rows->text, ']');
}

void
synth_rows_one(struct synth_rows *rows, const char *field, const char *text)
{
	synth_rows_list(rows, field);
	synth_rows_add(rows, text);
	synth_rows_list_end(rows);
}

void
synth_rows_map(struct synth_rows *rows, const char *field)
{
	rows->listed = false;
	if (begin_field(rows, field))
		buf_add_u8(&rows->text, '{');
}

void
synth_rows_pair(struct synth_rows *rows, const char *key, int64_t n)
{
	if (!begin_element(rows))
		return;
	add_quoted(&rows->text, key);
	buf_add_u8(&rows->text, ':');
	add_int(&rows->text, n);
}

void
synth_rows_map_end(struct synth_rows *rows)
{
	if (rows->open)
		buf_add_u8(&rows->text, '}');
}

void
synth_rows_end(struct synth_rows *rows)
{
	struct synth_entry *entry;

	if (!rows->open)
		return;
	buf_add_text(&rows->text, "}}\n");
	entry = &rows->entries[rows->n++];
	entry->text_n = rows->text.n - entry->text;
	rows->open = false;
}

/* Where the line begins says which row came first. */
static int
entry_compare(const void *a, const void *b)
{
	const struct synth_entry *x = a;
	const struct synth_entry *y = b;

	if (x->row.at != y->row.at)
		return x->row.at < y->row.at ? -1 : 1;
	return x->text < y->text ? -1 : x->text > y->text;
}

enum err
synth_rows_out(struct synth_rows *rows, synth_take *take, void *arg)
{
	enum err e = ERR_OK;

	assert(!rows->open);
	if (rows->n > 0)
		qsort(rows->entries, rows->n, sizeof(*rows->entries),
		    entry_compare);
	for (size_t i = 0; i < rows->n && e == ERR_OK; i++) {
		struct synth_entry *entry = &rows->entries[i];

		entry->row.json = bytes_slice(
		    buf_bytes(&rows->text), entry->text, entry->text_n);
		e = take(&entry->row, arg);
	}
	rows->n = 0;
	buf_cut(&rows->text, 0);
	return e;
}

void
synth_rows_fini(struct synth_rows *rows)
{
	buf_fini(&rows->text);
	mem_free(rows->entries);
	*rows = (struct synth_rows){0};
}
