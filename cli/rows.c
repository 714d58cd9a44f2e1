/*
 * Files to be imported.  A file is read once and as a whole, so that what was
 * validated is what is written.  Knows no pack and no store.
 */
#include "cli/rows.h"

#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "proto/limits.h"
#include "proto/mem.h"

enum { PIECE_SIZE = 64 * 1024 };

struct rows {
	struct rows_plan plan;
	struct buf content; /* owned, as all */
	size_t at;	    /* fed or read so far */
	uint64_t line;
	uint64_t next_line; /* of JSON lines */
	struct csv *csv;    /* NULL: JSON lines, or an error ended it */
	bool ended;
	bool began; /* the header was found */
};

static enum err input_read(struct buf *content) MUST_USE;
static enum err text_check(struct bytes all) MUST_USE;
static enum err encoding_find(struct rows *rows) MUST_USE;

static bool
is_csv_name(const char *path)
{
	size_t n = strlen(path);

	return n > 4 && strcmp(path + n - 4, ".csv") == 0;
}

enum err
rows_open(const struct rows_plan *plan, const char *path, struct rows **out)
{
	struct rows *rows = mem_zeros(1, sizeof(*rows));
	bool csv = plan->format == ROWS_CSV ||
		   (plan->format == ROWS_BY_NAME && is_csv_name(path));
	enum err e;

	*out = rows;
	rows->plan = *plan;
	rows->plan.format = csv ? ROWS_CSV : ROWS_JSONL;
	rows->line = 1;
	if (strcmp(path, "-") == 0)
		e = input_read(&rows->content);
	else
		e = file_read(path, LIMIT_IMPORT_SIZE, &rows->content);
	if (e != ERR_OK)
		return e;
	if (!csv && plan->encoding == ROWS_CP949)
		return err_set(ERR_USAGE, "%s: JSON lines are UTF-8", path);
	e = text_check(buf_bytes(&rows->content));
	if (e == ERR_OK && csv)
		e = encoding_find(rows);
	if (e != ERR_OK)
		return err_wrap(e, "%s", path);
	rows_rewind(rows);
	return ERR_OK;
}

/* Is it text at all?  "Unicode text" of spreadsheets is UTF-16. */
static enum err
text_check(struct bytes all)
{
	uint64_t line = 1;

	if (bytes_begins(all, bytes_text("\xff\xfe")) ||
	    bytes_begins(all, bytes_text("\xfe\xff")) ||
	    (all.n > 1 && (all.p[0] == 0 || all.p[1] == 0)))
		return err_set(ERR_INVALID,
		    "the file is in UTF-16: save it again as CSV in UTF-8");
	for (size_t i = 0; i < all.n; i++) {
		if (all.p[i] == 0)
			return err_set(ERR_INVALID,
			    "line %llu has a zero byte, which no text has: "
			    "save the table again as CSV in UTF-8",
			    (unsigned long long)line);
		line += all.p[i] == '\n';
	}
	return ERR_OK;
}

/* A text in one encoding read as the other is often valid, and wrong. */
static enum err
encoding_find(struct rows *rows)
{
	struct bytes all = buf_bytes(&rows->content);
	uint64_t utf8;
	uint64_t other;

	if (rows->plan.encoding != ROWS_UTF8 && csv_mixed(all, &utf8, &other))
		return err_set(ERR_INVALID,
		    "line %llu is UTF-8 and line %llu is not: the file has two "
		    "encodings; save it again in one",
		    (unsigned long long)utf8, (unsigned long long)other);
	if (rows->plan.encoding == ROWS_AUTO)
		rows->plan.encoding = csv_detect(all) == CSV_UTF8 ? ROWS_UTF8
								  : ROWS_CP949;
	return ERR_OK;
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
rows_close(struct rows *rows)
{
	if (rows == NULL)
		return;
	csv_free(rows->csv);
	/* It may be full of other people's lives. */
	buf_wipe(&rows->content);
	mem_free(rows);
}

void
rows_rewind(struct rows *rows)
{
	static const char mark[] = "\xef\xbb\xbf";

	rows->at = 0;
	rows->line = 1;
	rows->next_line = 1;
	rows->ended = false;
	rows->began = false;
	csv_free(rows->csv);
	rows->csv = NULL;
	if (rows->plan.format == ROWS_CSV)
		rows->csv = csv_new(
		    rows->plan.encoding == ROWS_CP949 ? CSV_CP949 : CSV_UTF8);
	else if (bytes_begins(buf_bytes(&rows->content), bytes_text(mark)))
		rows->at = sizeof(mark) - 1;
}

bool
rows_is_csv(const struct rows *rows)
{
	return rows->plan.format == ROWS_CSV;
}

uint64_t
rows_at(const struct rows *rows)
{
	return rows->line;
}

uint64_t
rows_done(const struct rows *rows)
{
	return rows->at;
}

uint64_t
rows_size(const struct rows *rows)
{
	return rows->content.n;
}

/* ---- CSV ---------------------------------------------------------------- */

static enum err
row_next(struct rows *rows, struct csv_row *row, bool *found)
{
	struct bytes all = buf_bytes(&rows->content);

	for (;;) {
		size_t left = all.n - rows->at;
		size_t n = left < PIECE_SIZE ? left : PIECE_SIZE;
		enum err e = csv_next(rows->csv, row, found);

		if (e != ERR_OK || *found)
			rows->line = csv_line(rows->csv);
		if (e != ERR_OK || *found || rows->ended)
			return e;
		csv_feed(rows->csv, bytes_slice(all, rows->at, n));
		rows->at += n;
		if (rows->at == all.n) {
			csv_end(rows->csv);
			rows->ended = true;
		}
	}
}

/* Export says in front of its header that a city is not real. */
static bool
is_remark(const struct csv_row *row)
{
	return bytes_begins(row->cells[0], bytes_text("# "));
}

/* Tables of some countries and programs have other signs between cells. */
static enum err
commas_check(const struct csv_row *row)
{
	struct bytes cell = row->cells[0];
	bool tab = bytes_find(cell, '\t') < cell.n;

	if (row->n > 1 || (!tab && bytes_find(cell, ';') == cell.n))
		return ERR_OK;
	return err_set(ERR_INVALID,
	    "no commas, but %s stand between the cells: save the table again "
	    "as CSV with commas",
	    tab ? "tabs" : "semicolons");
}

enum err
rows_cells(struct rows *rows, struct csv_row *row, bool *found)
{
	enum err e = ERR_OK;

	assert(rows->plan.format == ROWS_CSV);
	*found = false;
	/* Behind an error of the form no row can be told from the next. */
	if (rows->csv == NULL)
		return ERR_OK;
	do
		e = row_next(rows, row, found);
	while (e == ERR_OK && *found && !rows->began && is_remark(row));
	if (e == ERR_OK && *found && !rows->began)
		e = commas_check(row);
	if (e != ERR_OK)
		*found = false;
	rows->began = true;
	if (e != ERR_OK) {
		csv_free(rows->csv);
		rows->csv = NULL;
		rows->ended = true;
	}
	return e;
}

/* ---- JSON lines --------------------------------------------------------- */

bool
rows_line(struct rows *rows, struct bytes *line)
{
	for (;;) {
		struct bytes rest = bytes_after(
		    buf_bytes(&rows->content), rows->at);
		size_t n = bytes_find(rest, '\n');

		if (rest.n == 0)
			return false;
		*line = bytes_first(rest, n);
		rows->at += n < rest.n ? n + 1 : n;
		rows->line = rows->next_line++;
		while (line->n > 0 && (line->p[line->n - 1] == '\r' ||
					  line->p[line->n - 1] == ' '))
			*line = bytes_first(*line, line->n - 1);
		if (line->n > 0)
			return true;
	}
}
