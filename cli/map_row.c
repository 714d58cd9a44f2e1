/*
 * One row of somebody else's table into records, as a mapping says.  Nothing is
 * guessed: what is not understood is an error of that row.
 */
#include "cli/map_row.h"

#include <string.h>

#include "cli/map_find.h"
#include "core/pack_text.h"
#include "proto/calendar.h"
#include "proto/clean.h"
#include "proto/codec.h"
#include "proto/text.h"
#include "proto/when.h"

enum { DAY_MS = 24 * 60 * 60 * 1000 };

/* A row under way. */
struct making {
	const struct map_room *room;
	const struct map_cells *cells;
	const struct unit *unit; /* NULL: the rows have none */
	struct load_row *rows;
	struct load_row *row; /* of `record` */
	const struct map_record *record;
	size_t values_room;
};

static enum err unit_find(struct making *m) MUST_USE;
static enum err record_make(struct making *m) MUST_USE;
static enum err id_make(struct making *m) MUST_USE;
static enum err space_make(struct making *m) MUST_USE;
static enum err field_make(
    struct making *m, const struct map_field *field) MUST_USE;
static enum err elements_make(struct making *m, const struct map_field *field,
    struct bytes text) MUST_USE;
static enum err element_make(struct making *m, const struct map_field *field,
    struct bytes text) MUST_USE;
static enum err text_make(struct making *m, const struct map_field *field,
    struct bytes text, struct buf *out) MUST_USE;
static void push(
    struct making *m, const struct pack_field *field, struct bytes value);

enum err
map_row_make(const struct map_room *room, const struct map_cells *cells,
    struct load_row *rows)
{
	struct making m = {.room = room, .cells = cells, .rows = rows};
	const struct map *map = room->map;
	enum err e = map->unit.n > 0 ? unit_find(&m) : ERR_OK;

	for (size_t i = 0; i < map->records_n && e == ERR_OK; i++) {
		m.record = &map->records[i];
		m.row = &rows[i];
		m.values_room = 0;
		e = record_make(&m);
	}
	return e;
}

/* ---- Cells -------------------------------------------------------------- */

static const struct map_column *
column_of(const struct making *m, size_t at)
{
	return &m->room->map->columns[at];
}

/* Puts the column in front of an error. */
static enum err
column_wrap(const struct making *m, enum err e, size_t at)
{
	return err_wrap(e, "column '%s'", column_of(m, at)->shown);
}

/* What is needed is not there.  Merged cells leave all but the first empty. */
static enum err
empty_refuse(const struct making *m, size_t at, const char *what)
{
	const struct map_above *above = &m->cells->above[at];
	struct bytes seen = text_cut_columns(buf_bytes(&above->text), 40);
	enum err e;

	if (above->text.n == 0)
		e = err_set(ERR_INVALID, "is empty, and %s is needed", what);
	else
		e = err_set(ERR_INVALID,
		    "is empty, and %s is needed; line %llu above has '%.*s': "
		    "were cells merged?  Fill them, or say fill_down in the "
		    "mapping",
		    what, (unsigned long long)above->line, (int)seen.n,
		    (const char *)seen.p);
	return column_wrap(m, e, at);
}

/* Those cells in a row, with `join` between what is not empty. */
static struct bytes
joined(
    const struct making *m, const struct map_columns *columns, const char *join)
{
	struct buf text = {0};
	struct bytes copy;

	for (size_t i = 0; i < columns->n; i++) {
		struct bytes cell = m->cells->cells[columns->at[i]];

		if (cell.n == 0)
			continue;
		if (text.n > 0)
			buf_add_text(&text, join);
		buf_add(&text, cell);
	}
	copy = arena_bytes(m->room->arena, buf_bytes(&text));
	buf_fini(&text);
	return copy;
}

/* The day in column `at`; INT64_MIN when there is no such column. */
static enum err
day_read(const struct making *m, size_t at, int64_t *day)
{
	struct buf text = {0};
	struct when when;
	enum err e;

	*day = INT64_MIN;
	if (at == MAP_NONE)
		return ERR_OK;
	if (m->cells->cells[at].n == 0)
		return empty_refuse(m, at, "the day of the record");
	e = clean_text(m->cells->cells[at], &text);
	if (e == ERR_OK)
		e = when_read(buf_bytes(&text), m->room->map->dates, &when);
	if (e == ERR_OK)
		*day = when.day;
	buf_fini(&text);
	return e == ERR_OK ? e : column_wrap(m, e, at);
}

/* ---- Records ------------------------------------------------------------ */

/* The unit of the row.  A name that fits two is one of them alone when only
 * that one was there on the day of the row. */
static enum err
unit_find(struct making *m)
{
	const struct map *map = m->room->map;
	size_t last = map->unit.at[map->unit.n - 1];
	size_t at = MAP_NONE;
	struct bytes text;
	struct buf plain = {0};
	int64_t day;
	enum err e;

	for (size_t i = 0; i < map->records_n && at == MAP_NONE; i++)
		at = map->records[i].at;
	e = day_read(m, at, &day);
	if (e != ERR_OK)
		return e;
	/* A district alone is not what was meant by a centre. */
	if (m->cells->cells[last].n == 0)
		return empty_refuse(m, last, "the unit");
	text = joined(m, &map->unit, " ");
	e = clean_text(text, &plain);
	if (e == ERR_OK)
		e = map_units_find(
		    m->room->units, buf_bytes(&plain), day, &m->unit);
	buf_fini(&plain);
	return e == ERR_OK ? e : column_wrap(m, e, last);
}

static enum err
record_make(struct making *m)
{
	enum err e;

	*m->row = (struct load_row){
	    .collection = m->record->collection, .derived = true};
	e = id_make(m);
	if (e == ERR_OK && !m->record->given)
		e = space_make(m);
	for (size_t i = 0; i < m->record->fields_n && e == ERR_OK; i++)
		e = field_make(m, &m->record->fields[i]);
	return e;
}

/* The same thing has the same id wherever it is taken in. */
static enum err
id_make(struct making *m)
{
	const struct map_record *record = m->record;
	struct bytes parts[MAP_KEY_MAX + 3] = {
	    bytes_text(record->collection->name),
	    bytes_text(m->room->map->source)};
	const struct authority *authority;
	size_t n = 2;
	int64_t day;
	enum err e = day_read(m, record->at, &day);

	if (e == ERR_OK)
		e = store_authority(m->room->work->store, &authority);
	for (size_t i = 0; i < record->key.n && e == ERR_OK; i++) {
		size_t at = record->key.at[i];
		struct buf key = {0};

		e = clean_key(m->cells->cells[at], &key);
		if (e == ERR_OK && key.n == 0)
			e = empty_refuse(m, at, "what names the row");
		parts[n++] = arena_bytes(m->room->arena, buf_bytes(&key));
		buf_fini(&key);
	}
	if (e != ERR_OK)
		return e;
	if (record->key_unit)
		parts[n++] = bytes_of(m->unit->id.b, sizeof(m->unit->id.b));
	m->row->has_id = true;
	id_derive(&authority->city, day < 0 ? 0 : (uint64_t)day * DAY_MS, parts,
	    n, &m->row->id);
	return ERR_OK;
}

static enum err
prefix_refuse(struct making *m)
{
	struct buf words = {0};
	enum err e;

	units_words(m->unit, &words);
	e = err_set(ERR_INVALID,
	    "the unit %s has no %s: nothing says where its records lie",
	    buf_text(&words), m->room->map->pack->units->prefix->name);
	buf_fini(&words);
	return e;
}

static enum err
space_make(struct making *m)
{
	const struct map *map = m->room->map;
	size_t last = map->unit.at[map->unit.n - 1];
	const char *prefix = m->unit->prefix.text;
	struct buf text = {0};
	enum err e;

	if (prefix[0] == '\0')
		return column_wrap(m, prefix_refuse(m), last);
	buf_add_format(&text, "%s/%s", prefix, m->record->collection->space);
	m->row->has_space = true;
	e = id_space(buf_bytes(&text), &m->row->space);
	buf_fini(&text);
	return e == ERR_OK ? e : column_wrap(m, e, last);
}

/* ---- Fields ------------------------------------------------------------- */

/* A reference to a record by its id. */
static void
ref_push(struct making *m, const struct pack_field *field, struct record_id id)
{
	struct buf value = {0};

	codec_put_bytes(&value, bytes_of(id.b, sizeof(id.b)));
	push(m, field, buf_bytes(&value));
	buf_fini(&value);
}

static enum err
field_make(struct making *m, const struct map_field *field)
{
	const struct pack_field *to = field->field;
	struct bytes text;
	enum err e;

	if (field->unit) {
		ref_push(m, to, m->unit->id);
		return ERR_OK;
	}
	if (field->record != NULL) {
		ref_push(
		    m, to, m->rows[field->record - m->room->map->records].id);
		return ERR_OK;
	}
	if (field->constant != NULL)
		return elements_make(m, field, bytes_text(field->constant));
	text = joined(m, &field->columns, field->join);
	if (text.n == 0 && field->fallback != NULL)
		text = bytes_text(field->fallback);
	if (text.n == 0 && (to->required || field->required)) {
		struct buf what = {0};

		buf_add_format(&what, "%s.%s", to->collection, to->name);
		e = empty_refuse(m, field->columns.at[0], buf_text(&what));
		buf_fini(&what);
		return e;
	}
	e = elements_make(m, field, text);
	return e == ERR_OK ? e : column_wrap(m, e, field->columns.at[0]);
}

/* What stands before the first of the field's separators; `*rest` is moved
 * behind it. */
static struct bytes
piece_take(const struct map_field *field, struct bytes *rest)
{
	for (size_t i = 0; i < rest->n; i++) {
		for (size_t k = 0; k < field->split_n; k++) {
			struct bytes sign = bytes_text(field->split[k]);
			struct bytes piece = bytes_first(*rest, i);

			if (!bytes_begins(bytes_after(*rest, i), sign))
				continue;
			*rest = bytes_after(*rest, i + sign.n);
			return piece;
		}
	}
	return bytes_first(*rest, rest->n);
}

static enum err
elements_make(
    struct making *m, const struct map_field *field, struct bytes text)
{
	struct bytes element;
	enum err e = ERR_OK;

	if (field->split_n == 0) {
		while (e == ERR_OK &&
		       pack_text_next(field->field, &text, &element))
			e = element_make(m, field, element);
		return e;
	}
	while (e == ERR_OK && text.n > 0) {
		size_t before = text.n;
		struct bytes piece = piece_take(field, &text);

		if (text.n == before)
			text = (struct bytes){0};
		while (e == ERR_OK &&
		       pack_text_next(field->field, &piece, &element))
			e = element_make(m, field, element);
	}
	return e;
}

/* One value; nothing when the codes say so. */
static enum err
element_make(struct making *m, const struct map_field *field, struct bytes text)
{
	const struct pack_field *to = field->field;
	struct buf made = {0};
	struct buf value = {0};
	enum err e = text_make(m, field, text, &made);

	if (e != ERR_OK)
		e = err_wrap(e, "%s.%s", to->collection, to->name);
	if (e == ERR_OK && made.n > 0)
		e = pack_text_value(to, buf_bytes(&made), &value);
	if (e == ERR_OK && made.n > 0)
		push(m, to, buf_bytes(&value));
	buf_fini(&made);
	buf_fini(&value);
	return e;
}

/* Our word for theirs; NULL when nothing is said about it. */
static const char *
word_find(const struct map_field *field, struct bytes text)
{
	const char *found = field->other;
	struct buf key = {0};

	if (clean_key(text, &key) != ERR_OK)
		buf_cut(&key, 0);
	for (size_t i = 0; i < field->words_n; i++)
		if (bytes_equal(field->words[i].from, buf_bytes(&key)))
			found = field->words[i].to;
	buf_fini(&key);
	return found;
}

static enum err
date_make(struct making *m, const struct map_field *field, struct bytes text,
    struct buf *out)
{
	struct buf plain = {0};
	struct when when;
	enum err e = clean_text(text, &plain);

	if (e == ERR_OK)
		e = when_read(buf_bytes(&plain), field->dates, &when);
	if (e == ERR_OK && field->field->type == PACK_DATE)
		when_put_day(&when, out);
	else if (e == ERR_OK)
		when_put_time(&when, m->room->map->pack->clock_seconds, out);
	buf_fini(&plain);
	return e;
}

/* The text that pack_text_value reads. */
static enum err
text_make(struct making *m, const struct map_field *field, struct bytes text,
    struct buf *out)
{
	const char *word = field->words_n > 0 ? word_find(field, text) : NULL;

	if (word != NULL) {
		buf_add_text(out, word);
		return ERR_OK;
	}
	if (field->find != NULL)
		return map_find_record(m->room->work, field->find, text, out);
	if (field->field->type == PACK_DATE ||
	    field->field->type == PACK_DATETIME)
		return date_make(m, field, text, out);
	switch (field->clean) {
	case MAP_CLEAN_TEXT:
		return clean_text(text, out);
	case MAP_CLEAN_PHONE:
		return clean_phone(text, out);
	case MAP_CLEAN_NUMBER:
		return clean_number(
		    text, field->suffixes, field->suffixes_n, out);
	case MAP_CLEAN_NONE:
		break;
	}
	buf_add(out, text);
	return ERR_OK;
}

static void
push(struct making *m, const struct pack_field *field, struct bytes value)
{
	struct load_row *row = m->row;

	/* The array of the arena doubles, as in load.c. */
	if (row->n == m->values_room) {
		struct load_value *more;

		m->values_room = m->values_room == 0 ? 32 : 2 * m->values_room;
		more = arena_array(
		    m->room->arena, m->values_room, sizeof(*more));
		for (size_t i = 0; i < row->n; i++)
			more[i] = row->values[i];
		row->values = more;
	}
	row->values[row->n++] = (struct load_value){
	    .field = field, .value = arena_bytes(m->room->arena, value)};
}
