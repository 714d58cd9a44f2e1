/*
 * Rows out of files, for import.  The file is read once and as a whole, so that
 * what was validated is what is written.  Values are judged by core/pack_text;
 * whether a row may be written is for the store to say.
 */
#include "cli/load.h"

#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "core/pack_text.h"
#include "proto/ascii.h"
#include "proto/codec.h"
#include "proto/json.h"
#include "proto/mem.h"

enum { PIECE_SIZE = 64 * 1024 };

/* What a column of a CSV is. */
struct column {
	enum { COLUMN_FIELD, COLUMN_ID, COLUMN_SPACE } is;
	const struct pack_field *field;
};

struct load {
	struct load_plan plan;
	struct buf content; /* owned, as all */
	size_t at;	    /* fed or read so far */
	uint64_t line;
	uint64_t next_line; /* of JSON lines */
	struct csv *csv;    /* NULL: JSON lines */
	bool ended;
	struct column *columns;
	size_t columns_n;
	struct arena arena; /* of the row */
	size_t room;	    /* of its values */
};

static enum err input_read(struct buf *content) MUST_USE;
static enum err csv_begin(struct load *load) MUST_USE;
static enum err csv_row_next(
    struct load *load, struct csv_row *row, bool *found) MUST_USE;
static enum err header_read(
    struct load *load, const struct csv_row *row) MUST_USE;
static enum err column_read(
    struct load *load, struct bytes name, struct column *column) MUST_USE;
static enum err csv_load(
    struct load *load, struct load_row *row, bool *found) MUST_USE;
static enum err cell_load(struct load *load, const struct column *column,
    struct bytes cell, struct load_row *row) MUST_USE;
static bool line_next(struct load *load, struct bytes *line);
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

static bool
is_csv_name(const char *path)
{
	size_t n = strlen(path);

	return n > 4 && strcmp(path + n - 4, ".csv") == 0;
}

enum err
load_open(const struct load_plan *plan, const char *path, struct load **out)
{
	struct load *load = mem_zeros(1, sizeof(*load));
	bool csv = plan->format == LOAD_CSV ||
		   (plan->format == LOAD_BY_NAME && is_csv_name(path));
	enum err e;

	*out = load;
	load->plan = *plan;
	if (strcmp(path, "-") == 0)
		e = input_read(&load->content);
	else
		e = file_read(path, LIMIT_IMPORT_SIZE, &load->content);
	if (e != ERR_OK)
		return e;
	if (csv && plan->collection == NULL)
		return err_set(ERR_USAGE,
		    "%s: a CSV does not say what its rows are: name it with "
		    "--collection",
		    path);
	if (!csv && plan->encoding == LOAD_CP949)
		return err_set(ERR_USAGE, "%s: JSON lines are UTF-8", path);
	if (csv && plan->encoding == LOAD_AUTO)
		load->plan.encoding = csv_detect(buf_bytes(&load->content)) ==
					      CSV_UTF8
					  ? LOAD_UTF8
					  : LOAD_CP949;
	load->plan.format = csv ? LOAD_CSV : LOAD_JSONL;
	e = load_rewind(load);
	return e == ERR_OK ? e
			   : err_wrap(e, "%s:%llu", path,
				 (unsigned long long)load->line);
}

static enum err
input_read(struct buf *content)
{
	for (;;) {
		size_t n;
		uint8_t *p = buf_extend(content, PIECE_SIZE);

		n = fread(p, 1, PIECE_SIZE, stdin);
		buf_cut(content, content->n - PIECE_SIZE + n);
		if (n == 0)
			break;
		if (content->n > LIMIT_IMPORT_SIZE)
			return err_set(ERR_LIMIT,
			    "standard input has more than %d bytes",
			    LIMIT_IMPORT_SIZE);
	}
	if (ferror(stdin))
		return err_set(ERR_IO, "cannot read standard input");
	return ERR_OK;
}

void
load_close(struct load *load)
{
	if (load == NULL)
		return;
	csv_free(load->csv);
	mem_free(load->columns);
	arena_fini(&load->arena);
	/* It may be full of other people's lives. */
	buf_wipe(&load->content);
	mem_free(load);
}

enum err
load_rewind(struct load *load)
{
	static const char mark[] = "\xef\xbb\xbf";

	load->at = 0;
	load->line = 1;
	load->next_line = 1;
	load->ended = false;
	if (load->plan.format == LOAD_CSV)
		return csv_begin(load);
	if (bytes_begins(buf_bytes(&load->content), bytes_text(mark)))
		load->at = sizeof(mark) - 1;
	return ERR_OK;
}

uint64_t
load_line(const struct load *load)
{
	return load->line;
}

uint64_t
load_done(const struct load *load)
{
	return load->at;
}

uint64_t
load_size(const struct load *load)
{
	return load->content.n;
}

enum err
load_next(struct load *load, struct load_row *row, bool *found)
{
	struct bytes line;

	*found = false;
	*row = (struct load_row){.collection = load->plan.collection};
	arena_reset(&load->arena);
	load->room = 0;
	if (load->plan.format == LOAD_CSV)
		return csv_load(load, row, found);
	if (!line_next(load, &line))
		return ERR_OK;
	*found = true;
	return line_load(load, line, row);
}

/* ---- CSV ---------------------------------------------------------------- */

static enum err
csv_begin(struct load *load)
{
	struct csv_row row;
	bool found;
	enum err e;

	csv_free(load->csv);
	load->csv = csv_new(
	    load->plan.encoding == LOAD_CP949 ? CSV_CP949 : CSV_UTF8);
	e = csv_row_next(load, &row, &found);
	if (e != ERR_OK)
		return e;
	if (!found)
		return err_set(ERR_INVALID, "the file has no header");
	return header_read(load, &row);
}

static enum err
csv_row_next(struct load *load, struct csv_row *row, bool *found)
{
	struct bytes all = buf_bytes(&load->content);

	for (;;) {
		size_t left = all.n - load->at;
		size_t n = left < PIECE_SIZE ? left : PIECE_SIZE;
		enum err e = csv_next(load->csv, row, found);

		if (e != ERR_OK)
			load->ended = true;
		else if (*found)
			load->line = row->line;
		if (e != ERR_OK || *found || load->ended)
			return e;
		csv_feed(load->csv, bytes_slice(all, load->at, n));
		load->at += n;
		if (load->at == all.n) {
			csv_end(load->csv);
			load->ended = true;
		}
	}
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

static enum err
csv_load(struct load *load, struct load_row *row, bool *found)
{
	struct csv_row cells;
	enum err e;

	/* Behind an error of the form no row can be told from the next. */
	if (load->ended && load->csv == NULL)
		return ERR_OK;
	e = csv_row_next(load, &cells, found);
	if (e != ERR_OK) {
		csv_free(load->csv);
		load->csv = NULL;
		return e;
	}
	if (!*found)
		return ERR_OK;
	assert(cells.n == load->columns_n);
	for (size_t i = 0; i < cells.n && e == ERR_OK; i++)
		e = cell_load(load, &load->columns[i], cells.cells[i], row);
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

/* The next line that is not empty. */
static bool
line_next(struct load *load, struct bytes *line)
{
	for (;;) {
		struct bytes rest = bytes_after(
		    buf_bytes(&load->content), load->at);
		size_t n = bytes_find(rest, '\n');

		if (rest.n == 0)
			return false;
		*line = bytes_first(rest, n);
		load->at += n < rest.n ? n + 1 : n;
		load->line = load->next_line++;
		while (line->n > 0 && (line->p[line->n - 1] == '\r' ||
					  line->p[line->n - 1] == ' '))
			*line = bytes_first(*line, line->n - 1);
		if (line->n > 0)
			return true;
	}
}

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
