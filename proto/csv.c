/*
 * Rows from a CSV file and back.  The importer feeds it; it never opens files.
 * Two small machines stand behind one another: bytes become characters of
 * UTF-8, one at a time, and characters move the state of the row.  Nothing
 * looks ahead, so a chunk may end anywhere.
 */
#include "proto/csv.h"

#include <iconv.h>

#include "proto/limits.h"
#include "proto/mem.h"
#include "proto/text.h"

enum state {
	CELL_START,
	CELL_PLAIN,
	CELL_QUOTED,
	CELL_QUOTE, /* after a quote inside quotes: its end, or half of two */
	ROW_CR,	    /* after a carriage return outside quotes */
};

enum { CHARACTER_MAX = 4 };

struct csv {
	enum csv_encoding encoding;
	iconv_t cp949; /* (iconv_t)-1 for UTF-8 */
	enum state state;
	bool first; /* no character was taken yet */
	bool ended;
	struct fault fault;
	uint64_t line;	 /* of the next character, from 1 */
	uint64_t column; /* of the next character, from 1 */
	uint64_t row_line;
	size_t columns; /* of the first row; 0 before its end */

	struct buf in; /* fed; bytes before `taken` are done */
	size_t taken;
	uint8_t part[CHARACTER_MAX]; /* of a character not yet whole */
	size_t part_n;

	struct buf text; /* of the row's cells, one behind the other */
	size_t ends[LIMIT_ROW_CELLS];
	size_t n;
	bool row_done; /* the row was handed out: forget it first */
	struct bytes cells[LIMIT_ROW_CELLS];
};

/* What a file of UTF-8 may begin with, and means nothing there. */
static const char mark[] = "\xef\xbb\xbf";

static bool utf8_step(const uint8_t *part, size_t n, bool *whole);
static enum err take_byte(struct csv *csv, uint8_t byte, bool *row);
static enum err take_character(struct csv *csv, struct bytes c, bool *row);
static enum err row_step(struct csv *csv, struct bytes c, bool *row);
static enum err cell_end(struct csv *csv);
static enum err row_end(struct csv *csv, bool *row);
static enum err file_end(struct csv *csv, bool *row);

enum csv_encoding
csv_detect(struct bytes sample)
{
	uint8_t part[CHARACTER_MAX] = {0};
	size_t n = 0;
	bool whole = false;

	for (size_t i = 0; i < sample.n; i++) {
		part[n++] = sample.p[i];
		if (!utf8_step(part, n, &whole))
			return CSV_CP949;
		if (whole)
			n = 0;
	}
	return CSV_UTF8;
}

bool
csv_mixed(struct bytes file, uint64_t *utf8, uint64_t *other)
{
	uint64_t line = 1;

	*utf8 = *other = 0;
	while (file.n > 0 && (*utf8 == 0 || *other == 0)) {
		size_t n = bytes_find(file, '\n');
		struct bytes text = bytes_first(file, n);
		bool wide = false;

		/* Hangul of CP949 may be UTF-8 by chance, but hardly all of a
		 * line, with a character of three bytes in it. */
		for (size_t i = 0; i < n && !wide; i++)
			wide = text.p[i] >= 0xe1 && text.p[i] <= 0xef;
		if (!text_is_utf8(text))
			*other = *other == 0 ? line : *other;
		else if (wide && *utf8 == 0)
			*utf8 = line;
		file = bytes_after(file, n < file.n ? n + 1 : n);
		line++;
	}
	return *utf8 != 0 && *other != 0;
}

struct csv *
csv_new(enum csv_encoding encoding)
{
	struct csv *csv = mem_zeros(1, sizeof(*csv));

	csv->encoding = encoding;
	csv->first = true;
	csv->line = 1;
	csv->column = 1;
	csv->cp949 = (iconv_t)-1;
	if (encoding == CSV_UTF8)
		return csv;
	csv->cp949 = iconv_open("UTF-8", "CP949");
	if (csv->cp949 == (iconv_t)-1)
		err_keep(&csv->fault,
		    err_set(ERR_IO, "this system cannot read CP949"));
	return csv;
}

uint64_t
csv_line(const struct csv *csv)
{
	return csv->row_line;
}

void
csv_free(struct csv *csv)
{
	if (csv == NULL)
		return;
	if (csv->cp949 != (iconv_t)-1)
		(void)iconv_close(csv->cp949);
	buf_fini(&csv->in);
	buf_fini(&csv->text);
	mem_free(csv);
}

void
csv_feed(struct csv *csv, struct bytes chunk)
{
	assert(!csv->ended);
	buf_drop(&csv->in, csv->taken);
	csv->taken = 0;
	buf_add(&csv->in, chunk);
}

void
csv_end(struct csv *csv)
{
	csv->ended = true;
}

enum err
csv_next(struct csv *csv, struct csv_row *row, bool *found)
{
	enum err e = ERR_OK;

	*found = false;
	if (csv->fault.code != ERR_OK)
		return err_raise(&csv->fault);
	if (csv->row_done) {
		csv->row_done = false;
		csv->n = 0;
		buf_cut(&csv->text, 0);
	}
	while (e == ERR_OK && !*found && csv->taken < csv->in.n)
		e = take_byte(csv, csv->in.p[csv->taken++], found);
	if (e == ERR_OK && !*found && csv->ended)
		e = file_end(csv, found);
	if (e != ERR_OK) {
		err_keep(&csv->fault, e);
		*found = false;
		return e;
	}
	if (!*found)
		return ERR_OK;
	for (size_t i = 0; i < csv->n; i++) {
		size_t at = i == 0 ? 0 : csv->ends[i - 1];

		csv->cells[i] = bytes_slice(
		    buf_bytes(&csv->text), at, csv->ends[i] - at);
	}
	csv->row_done = true;
	*row = (struct csv_row){
	    .line = csv->row_line, .cells = csv->cells, .n = csv->n};
	return ERR_OK;
}

/* Can the `n` bytes of `part` begin a character of UTF-8 (RFC 3629 §4), given
 * that the first n - 1 could?  `*whole` tells whether they are one. */
static bool
utf8_step(const uint8_t *part, size_t n, bool *whole)
{
	uint8_t lead = part[0];
	uint8_t last = part[n - 1];
	size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

	*whole = n == size;
	if (n == 1)
		return lead < 0x80 || (lead >= 0xc2 && lead <= 0xf4);
	if (last < 0x80 || last > 0xbf)
		return false;
	if (n > 2)
		return true;
	return !(lead == 0xe0 && last < 0xa0) &&
	       !(lead == 0xed && last > 0x9f) &&
	       !(lead == 0xf0 && last < 0x90) && !(lead == 0xf4 && last > 0x8f);
}

static enum err
not_text(const struct csv *csv)
{
	return err_set(ERR_MALFORMED,
	    "line %llu, column %llu: byte 0x%02x is not text in %s",
	    (unsigned long long)csv->line, (unsigned long long)csv->column,
	    csv->part[csv->part_n - 1],
	    csv->encoding == CSV_UTF8 ? "UTF-8" : "CP949");
}

static enum err
take_cp949(struct csv *csv, bool *row)
{
	char out[CHARACTER_MAX];
	char *from = (char *)csv->part;
	char *to = out;
	size_t from_n = csv->part_n;
	size_t to_n = sizeof(out);

	/* ASCII is itself: Windows shows 0x5c as a won sign but means the
	 * backslash. */
	if (csv->part[0] < 0x80)
		return take_character(csv, bytes_of(csv->part, 1), row);
	if (csv->part_n < 2)
		return ERR_OK;
	if (iconv(csv->cp949, &from, &from_n, &to, &to_n) != 0 || from_n != 0) {
		(void)iconv(csv->cp949, NULL, NULL, NULL, NULL);
		return not_text(csv);
	}
	return take_character(csv, bytes_of(out, sizeof(out) - to_n), row);
}

/* One byte more; `*row` becomes true when it completed a row. */
static enum err
take_byte(struct csv *csv, uint8_t byte, bool *row)
{
	bool whole = false;
	enum err e;

	assert(csv->part_n < CHARACTER_MAX);
	csv->part[csv->part_n++] = byte;
	if (csv->encoding == CSV_CP949) {
		e = take_cp949(csv, row);
		if (csv->part_n == 2 || csv->part[0] < 0x80)
			csv->part_n = 0;
		return e;
	}
	if (!utf8_step(csv->part, csv->part_n, &whole))
		return not_text(csv);
	if (!whole)
		return ERR_OK;
	e = take_character(csv, bytes_of(csv->part, csv->part_n), row);
	csv->part_n = 0;
	return e;
}

/* Counts lines and columns around row_step, which does the work. */
static enum err
take_character(struct csv *csv, struct bytes c, bool *row)
{
	bool first = csv->first;
	enum err e;

	csv->first = false;
	if (first && bytes_is(c, mark))
		return ERR_OK;
	if (c.p[0] == '\0')
		return err_set(ERR_MALFORMED,
		    "line %llu, column %llu: a NUL is not text",
		    (unsigned long long)csv->line,
		    (unsigned long long)csv->column);
	e = row_step(csv, c, row);
	if (e != ERR_OK)
		return e;
	csv->column++;
	if (c.p[0] == '\n') {
		csv->line++;
		csv->column = 1;
	}
	return ERR_OK;
}

static enum err
misplaced(const struct csv *csv, const char *what)
{
	return err_set(ERR_MALFORMED, "line %llu, column %llu: %s",
	    (unsigned long long)csv->line, (unsigned long long)csv->column,
	    what);
}

static enum err
cell_add(struct csv *csv, struct bytes c)
{
	size_t begin = csv->n == 0 ? 0 : csv->ends[csv->n - 1];

	if (csv->text.n - begin + c.n > LIMIT_TEXT_SIZE)
		return err_set(ERR_LIMIT,
		    "line %llu, column %llu: the cell has more than %d bytes",
		    (unsigned long long)csv->line,
		    (unsigned long long)csv->column, LIMIT_TEXT_SIZE);
	if (csv->text.n + c.n > LIMIT_ROW_SIZE)
		return err_set(ERR_LIMIT,
		    "line %llu: the row has more than %d bytes",
		    (unsigned long long)csv->row_line, LIMIT_ROW_SIZE);
	buf_add(&csv->text, c);
	return ERR_OK;
}

/* What ends or continues a cell that is not open inside quotes. */
static enum err
cell_next(struct csv *csv, struct bytes c, bool *row)
{
	switch (c.p[0]) {
	case ',':
		csv->state = CELL_START;
		return cell_end(csv);
	case '\r':
		csv->state = ROW_CR;
		return ERR_OK;
	case '\n':
		return row_end(csv, row);
	default:
		if (csv->state == CELL_QUOTE)
			return misplaced(
			    csv, "text after the closing quote of a cell");
		if (c.p[0] == '"')
			return misplaced(
			    csv, "a quote inside a cell without quotes");
		csv->state = CELL_PLAIN;
		return cell_add(csv, c);
	}
}

static enum err
row_step(struct csv *csv, struct bytes c, bool *row)
{
	if (csv->state == CELL_START && csv->n == 0)
		csv->row_line = csv->line;
	switch (csv->state) {
	case CELL_START:
		if (c.p[0] != '"')
			return cell_next(csv, c, row);
		csv->state = CELL_QUOTED;
		return ERR_OK;
	case CELL_PLAIN:
		return cell_next(csv, c, row);
	case CELL_QUOTED:
		if (c.p[0] != '"')
			return cell_add(csv, c);
		csv->state = CELL_QUOTE;
		return ERR_OK;
	case CELL_QUOTE:
		if (c.p[0] != '"')
			return cell_next(csv, c, row);
		csv->state = CELL_QUOTED;
		return cell_add(csv, c);
	case ROW_CR:
		if (c.p[0] != '\n')
			return misplaced(
			    csv, "a carriage return without a line feed");
		return row_end(csv, row);
	}
	assert(csv->state == ROW_CR);
	return ERR_OK;
}

static enum err
cell_end(struct csv *csv)
{
	if (csv->n == LIMIT_ROW_CELLS)
		return err_set(ERR_LIMIT,
		    "line %llu: the row has more than %d cells",
		    (unsigned long long)csv->row_line, LIMIT_ROW_CELLS);
	csv->ends[csv->n++] = csv->text.n;
	return ERR_OK;
}

static enum err
row_end(struct csv *csv, bool *row)
{
	enum err e = cell_end(csv);

	if (e != ERR_OK)
		return e;
	if (csv->columns == 0)
		csv->columns = csv->n;
	if (csv->n != csv->columns)
		return err_set(ERR_MALFORMED,
		    "line %llu: the row has %zu cells, the first has %zu",
		    (unsigned long long)csv->row_line, csv->n, csv->columns);
	csv->state = CELL_START;
	*row = true;
	return ERR_OK;
}

/* All bytes were taken and no more will come. */
static enum err
file_end(struct csv *csv, bool *row)
{
	if (csv->part_n > 0)
		return misplaced(csv, "the file ends inside a character");
	if (csv->state == CELL_QUOTED)
		return err_set(ERR_MALFORMED,
		    "line %llu: the file ends inside quotes",
		    (unsigned long long)csv->row_line);
	if (csv->state == ROW_CR)
		return misplaced(csv, "a carriage return without a line feed");
	if (csv->state == CELL_START && csv->n == 0)
		return ERR_OK;
	return row_end(csv, row);
}

void
csv_add_cell(struct buf *out, struct bytes cell)
{
	/* The mark would be taken for the one that a file may begin with. */
	bool quote = cell.n == 0 || bytes_begins(cell, bytes_text(mark));

	if (out->n > 0 && out->p[out->n - 1] != '\n')
		buf_add_u8(out, ',');
	for (size_t i = 0; i < cell.n && !quote; i++)
		quote = cell.p[i] == '"' || cell.p[i] == ',' ||
			cell.p[i] == '\r' || cell.p[i] == '\n';
	if (!quote) {
		buf_add(out, cell);
		return;
	}
	buf_add_u8(out, '"');
	for (size_t i = 0; i < cell.n; i++) {
		if (cell.p[i] == '"')
			buf_add_u8(out, '"');
		buf_add_u8(out, cell.p[i]);
	}
	buf_add_u8(out, '"');
}

/* ---- What spreadsheets would compute ------------------------------------ */

static bool
is_number(struct bytes text)
{
	size_t n = text.n > 0 && text.p[0] == '-';

	if (text.n == n)
		return false;
	for (size_t i = n; i < text.n; i++)
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
	return true;
}

/* Would it be computed, with or without the apostrophes in front? */
static bool
is_formula(struct bytes text)
{
	static const char *const signs[] = {
	    "=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"};

	while (text.n > 0 && text.p[0] == '\'')
		text = bytes_after(text, 1);
	for (size_t i = 0; i < COUNT_OF(signs); i++)
		if (bytes_begins(text, bytes_text(signs[i])))
			return true;
	return false;
}

void
csv_guard(struct bytes text, struct buf *cell)
{
	if (is_formula(text) && !is_number(text))
		buf_add_u8(cell, '\'');
	buf_add(cell, text);
}

struct bytes
csv_unguarded(struct bytes cell)
{
	bool guarded = cell.n > 0 && cell.p[0] == '\'' && is_formula(cell);

	return bytes_after(cell, guarded);
}

enum err
csv_to_cp949(struct bytes text, struct buf *out)
{
	iconv_t to_cp949 = iconv_open("CP949", "UTF-8");
	char *from;
	char *to;
	size_t from_n = text.n;
	size_t room = 2 * text.n;
	size_t start = out->n;
	struct buf copy = {0};
	enum err e = ERR_OK;

	if (to_cp949 == (iconv_t)-1)
		return err_set(ERR_IO, "this system cannot write CP949");
	/* iconv wants to be given what it only reads without const. */
	buf_add(&copy, text);
	from = (char *)copy.p;
	to = (char *)buf_extend(out, room);
	if (text.n > 0 &&
	    iconv(to_cp949, &from, &from_n, &to, &room) == (size_t)-1) {
		struct bytes rest = bytes_after(text, text.n - from_n);
		size_t n = 1;

		while (n < rest.n && (rest.p[n] & 0xc0) == 0x80)
			n++;
		e = err_set(ERR_INVALID, "CP949 does not have '%.*s'", (int)n,
		    (const char *)rest.p);
	}
	(void)iconv_close(to_cp949);
	buf_fini(&copy);
	buf_cut(out, e == ERR_OK ? out->n - room : start);
	return e;
}

void
csv_add_row_end(struct buf *out)
{
	buf_add_text(out, "\r\n");
}
