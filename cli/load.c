/*
 * Rows of files into records, for import.  Values are judged by core/pack_text;
 * whether a row may be written is for the store to say.
 */
#include "cli/load.h"

#include <string.h>

#include "core/pack_text.h"
#include "proto/ascii.h"
#include "proto/codec.h"
#include "proto/json.h"
#include "proto/mem.h"

/* What a column of a CSV is. */
struct column {
	enum { COLUMN_FIELD, COLUMN_ID, COLUMN_SPACE } is;
	const struct pack_field *field;
};

struct load {
	struct load_plan plan;
	struct rows *rows; /* owned, as all */
	struct column *columns;
	size_t columns_n;
	bool labels;	    /* of a CSV: they may come next */
	struct arena arena; /* of the row */
	size_t room;	    /* of its values */
};

static enum err csv_begin(struct load *load) MUST_USE;
static enum err header_read(
    struct load *load, const struct csv_row *row) MUST_USE;
static enum err column_read(
    struct load *load, struct bytes name, struct column *column) MUST_USE;
static enum err csv_load(
    struct load *load, struct load_row *row, bool *found) MUST_USE;
static enum err cell_load(struct load *load, const struct column *column,
    struct bytes cell, struct load_row *row) MUST_USE;
static enum err line_load(
    struct load *load, struct bytes line, struct load_row *row) MUST_USE;
static enum err members_load(
    struct load *load, struct reader *r, struct load_row *row) MUST_USE;
static enum err fields_load(
    struct load *load, struct bytes fields, struct load_row *row) MUST_USE;
static enum err field_load(struct load *load, const struct pack_field *field,
    struct bytes value, struct load_row *row) MUST_USE;
static enum err value_load(struct load *load, const struct pack_field *field,
    struct bytes json, struct load_row *row) MUST_USE;
static void value_push(struct load *load, const struct pack_field *field,
    struct bytes value, struct load_row *row);

enum err
load_open(const struct load_plan *plan, const char *path, struct load **out)
{
	struct load *load = mem_zeros(1, sizeof(*load));
	enum err e;

	*out = load;
	load->plan = *plan;
	e = rows_open(&plan->rows, path, &load->rows);
	if (e != ERR_OK)
		return e;
	if (rows_is_csv(load->rows) && plan->collection == NULL)
		return err_set(ERR_USAGE,
		    "%s: a CSV does not say what its rows are: name it with "
		    "--collection",
		    path);
	e = load_rewind(load);
	return e == ERR_OK ? e
			   : err_wrap(e, "%s:%llu", path,
				 (unsigned long long)rows_at(load->rows));
}

void
load_close(struct load *load)
{
	if (load == NULL)
		return;
	rows_close(load->rows);
	mem_free(load->columns);
	arena_fini(&load->arena);
	mem_free(load);
}

enum err
load_rewind(struct load *load)
{
	rows_rewind(load->rows);
	return rows_is_csv(load->rows) ? csv_begin(load) : ERR_OK;
}

const struct rows *
load_rows(const struct load *load)
{
	return load->rows;
}

enum err
load_next(struct load *load, struct load_row *row, bool *found)
{
	struct bytes line;

	*found = false;
	*row = (struct load_row){.collection = load->plan.collection};
	arena_reset(&load->arena);
	load->room = 0;
	if (rows_is_csv(load->rows))
		return csv_load(load, row, found);
	do {
		if (!rows_line(load->rows, &line))
			return ERR_OK;
	} while (bytes_begins(line, bytes_text(LOAD_REMARK)));
	*found = true;
	return line_load(load, line, row);
}

/* ---- CSV ---------------------------------------------------------------- */

static enum err
csv_begin(struct load *load)
{
	struct csv_row row;
	bool found;
	enum err e = rows_cells(load->rows, &row, &found);

	if (e != ERR_OK)
		return e;
	if (!found)
		return err_set(ERR_INVALID, "the file has no header");
	load->labels = true;
	return header_read(load, &row);
}

static enum err
header_read(struct load *load, const struct csv_row *row)
{
	enum err e = ERR_OK;

	mem_free(load->columns);
	load->columns = mem_zeros(row->n, sizeof(*load->columns));
	load->columns_n = row->n;
	for (size_t i = 0; i < row->n && e == ERR_OK; i++) {
		e = column_read(load, row->cells[i], &load->columns[i]);
		for (size_t k = 0; k < i && e == ERR_OK; k++)
			if (load->columns[k].is == load->columns[i].is &&
			    load->columns[k].field == load->columns[i].field)
				e = err_set(ERR_INVALID,
				    "the header names %.*s twice",
				    (int)row->cells[i].n,
				    (const char *)row->cells[i].p);
	}
	return e;
}

static enum err
column_read(struct load *load, struct bytes name, struct column *column)
{
	const struct pack_collection *collection = load->plan.collection;

	*column = (struct column){.is = COLUMN_ID};
	if (bytes_is(name, "id"))
		return ERR_OK;
	column->is = COLUMN_SPACE;
	if (bytes_is(name, "space") && pack_field(collection, name) == NULL)
		return ERR_OK;
	column->is = COLUMN_FIELD;
	return pack_get_field(collection, name, &column->field);
}

/* Is it the row of labels that export may put below its header? */
static bool
is_labels(const struct load *load, const struct csv_row *cells)
{
	for (size_t i = 0; i < cells->n; i++)
		if (load->columns[i].is == COLUMN_ID)
			return bytes_begins(cells->cells[i], bytes_text("# "));
	return false;
}

static enum err
csv_load(struct load *load, struct load_row *row, bool *found)
{
	struct csv_row cells;
	enum err e = rows_cells(load->rows, &cells, found);

	if (e == ERR_OK && *found && load->labels && is_labels(load, &cells))
		e = rows_cells(load->rows, &cells, found);
	load->labels = false;
	if (e != ERR_OK || !*found)
		return e;
	assert(cells.n == load->columns_n);
	for (size_t i = 0; i < cells.n && e == ERR_OK; i++)
		e = cell_load(load, &load->columns[i],
		    csv_unguarded(cells.cells[i]), row);
	return e;
}

static enum err
cell_load(struct load *load, const struct column *column, struct bytes cell,
    struct load_row *row)
{
	struct buf value = {0};
	struct bytes element;
	enum err e = ERR_OK;

	if (column->is == COLUMN_ID && cell.n > 0) {
		row->has_id = true;
		return id_from_hex(cell, "id", row->id.b, sizeof(row->id.b));
	}
	if (column->is == COLUMN_SPACE && cell.n > 0) {
		row->has_space = true;
		return id_space(cell, &row->space);
	}
	if (column->is != COLUMN_FIELD)
		return ERR_OK;
	while (e == ERR_OK && pack_text_next(column->field, &cell, &element)) {
		buf_cut(&value, 0);
		e = pack_text_value(column->field, element, &value);
		if (e == ERR_OK)
			value_push(load, column->field, buf_bytes(&value), row);
	}
	buf_fini(&value);
	return e;
}

/* ---- JSON lines --------------------------------------------------------- */

static enum err
line_load(struct load *load, struct bytes line, struct load_row *row)
{
	struct buf value = {0};
	struct reader r;
	enum err e = json_decode(line, &value);

	if (e != ERR_OK)
		goto out;
	codec_begin(&r, buf_bytes(&value));
	if (codec_peek(&r) != CODEC_MAP)
		e = err_set(ERR_INVALID, "a line is an object: {\"fields\": "
					 "{...}}");
	else
		e = members_load(load, &r, row);
out:
	buf_fini(&value);
	return e;
}

/* The text that comes next in `r`, for the key `key`. */
static enum err
text_take(struct reader *r, const char *key, struct bytes *text)
{
	if (codec_peek(r) != CODEC_TEXT)
		return err_set(ERR_INVALID, "%s: must be a text", key);
	*text = codec_get_text(r);
	return ERR_OK;
}

static enum err
members_load(struct load *load, struct reader *r, struct load_row *row)
{
	size_t n = codec_get_map(r, LIMIT_ELEMENTS);
	struct bytes fields = {0};
	struct bytes text = {0};
	struct bytes last = {0};
	enum err e = ERR_OK;

	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		struct bytes key = codec_get_text_key(r, &last);

		if (bytes_is(key, "fields")) {
			fields = codec_get_value(r);
		} else if (bytes_is(key, "collection")) {
			e = text_take(r, "collection", &text);
			if (e == ERR_OK)
				e = pack_get_collection(
				    load->plan.pack, text, &row->collection);
		} else if (bytes_is(key, "id")) {
			e = text_take(r, "id", &text);
			row->has_id = true;
			if (e == ERR_OK)
				e = id_from_hex(
				    text, "id", row->id.b, sizeof(row->id.b));
		} else if (bytes_is(key, "space")) {
			e = text_take(r, "space", &text);
			row->has_space = true;
			if (e == ERR_OK)
				e = id_space(text, &row->space);
		} else {
			e = err_set(ERR_INVALID,
			    "'%.*s': a line has only collection, id, space and "
			    "fields",
			    (int)key.n, (const char *)key.p);
		}
	}
	if (e == ERR_OK && r->bad)
		e = err_set(ERR_INVALID, "its keys are not all texts");
	if (e == ERR_OK && row->collection == NULL)
		e = err_set(ERR_INVALID, "collection: is missing");
	return e == ERR_OK ? fields_load(load, fields, row) : e;
}

static enum err
fields_load(struct load *load, struct bytes fields, struct load_row *row)
{
	struct reader r;
	struct bytes last = {0};
	size_t n;
	enum err e = ERR_OK;

	codec_begin(&r, fields);
	if (codec_peek(&r) != CODEC_MAP)
		return err_set(ERR_INVALID,
		    "fields: must be an object of fields and values");
	n = codec_get_map(&r, LIMIT_ELEMENTS);
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		const struct pack_field *field;
		struct bytes key = codec_get_text_key(&r, &last);
		struct bytes value = codec_get_value(&r);

		if (r.bad)
			return err_set(
			    ERR_INVALID, "fields: its keys are not all texts");
		e = pack_get_field(row->collection, key, &field);
		if (e == ERR_OK)
			e = field_load(load, field, value, row);
	}
	return e;
}

static enum err
field_load(struct load *load, const struct pack_field *field,
    struct bytes value, struct load_row *row)
{
	struct reader r;
	size_t n;
	enum err e = ERR_OK;

	if (field->kind != KIND_SET && field->kind != KIND_NOTES)
		return value_load(load, field, value, row);
	codec_begin(&r, value);
	if (codec_peek(&r) != CODEC_ARRAY)
		return err_set(ERR_INVALID,
		    "%s.%s: must be an array with all elements",
		    field->collection, field->name);
	n = codec_get_array(&r, LIMIT_ELEMENTS);
	for (size_t i = 0; i < n && e == ERR_OK; i++)
		e = value_load(load, field, codec_get_value(&r), row);
	return e;
}

static enum err
value_load(struct load *load, const struct pack_field *field, struct bytes json,
    struct load_row *row)
{
	struct buf value = {0};
	enum err e = pack_text_json(field, json, &value);

	if (e == ERR_OK)
		value_push(load, field, buf_bytes(&value), row);
	buf_fini(&value);
	return e;
}

static void
value_push(struct load *load, const struct pack_field *field,
    struct bytes value, struct load_row *row)
{
	if (row->n == load->room) {
		size_t room = load->room > 0 ? 2 * load->room : 32;
		struct load_value *values = arena_array(
		    &load->arena, room, sizeof(*values));

		for (size_t i = 0; i < row->n; i++)
			values[i] = row->values[i];
		row->values = values;
		load->room = room;
	}
	row->values[row->n++] = (struct load_value){
	    .field = field, .value = arena_bytes(&load->arena, value)};
}
