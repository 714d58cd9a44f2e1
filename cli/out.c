/*
 * Results and errors, for people or for scripts.  The commands write all they
 * have to say through here.  Knows nothing of what it writes; never exits.
 */
#include "cli/out.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "proto/mem.h"
#include "proto/text.h"

enum {
	GAP = 2, /* spaces between columns */
	/* A column of text is wrapped down to the first, all of them, and where
	 * that is not enough to the second. */
	NARROW_COLUMNS = 20,
	NARROWEST_COLUMNS = 8,
};

struct out_table {
	struct out *out;		  /* borrowed */
	const struct out_column *columns; /* borrowed, `columns_n` */
	size_t columns_n;
	size_t widths[OUT_COLUMNS_MAX];
	char **cells; /* owned array of owned texts, row by row */
	size_t cells_n;
	size_t cells_room;
};

static void row_json(
    struct out_table *table, const struct bytes *cells, struct buf *line);
static void widths_fit(struct out_table *table);
static void row_add(
    const struct out_table *table, char *const *cells, struct buf *text);

/* How many columns the terminal `fd` has; 0 when it is none. */
static size_t
terminal_columns(int fd)
{
	struct winsize size = {0};

	if (!isatty(fd))
		return 0;
	if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return 80;
	return size.ws_col;
}

void
out_init(struct out *out, bool json)
{
	*out = (struct out){.to = stdout, .errors = stderr, .json = json};
	out->columns = terminal_columns(STDOUT_FILENO);
	out->errors_columns = terminal_columns(STDERR_FILENO);
}

enum err
out_end(struct out *out)
{
	errno = 0;
	if (fflush(out->to) == 0 && !ferror(out->to))
		return ERR_OK;
	if (errno == ENOSPC || errno == EDQUOT)
		return err_set(ERR_FULL, "no room to write the results");
	return err_set(ERR_IO, "cannot write the results: %s",
	    errno != 0 ? strerror(errno) : "an earlier write failed");
}

static void
write_all(struct out *out, struct bytes text)
{
	/* The stream keeps its failure, which out_end reports. */
	if (out->into != NULL)
		buf_add(out->into, text);
	else if (text.n > 0)
		(void)fwrite(text.p, 1, text.n, out->to);
}

/* Appends `text` as text_shown does, but with its line ends. */
static void
lines_shown(struct bytes text, struct buf *shown)
{
	for (;;) {
		size_t end = bytes_find(text, '\n');

		text_shown(bytes_first(text, end), shown);
		if (end == text.n)
			return;
		buf_add_u8(shown, '\n');
		text = bytes_after(text, end + 1);
	}
}

void
out_say(struct out *out, const char *format, ...)
{
	struct buf text = {0};
	struct buf shown = {0};
	va_list values;
	int n;

	if (out->json)
		return;
	va_start(values, format);
	n = vsnprintf(NULL, 0, format, values);
	va_end(values);
	assert(n >= 0);
	va_start(values, format);
	n = vsnprintf((char *)buf_extend(&text, (size_t)n + 1), (size_t)n + 1,
	    format, values);
	va_end(values);
	lines_shown(bytes_first(buf_bytes(&text), (size_t)n), &shown);
	buf_add_u8(&shown, '\n');
	write_all(out, buf_bytes(&shown));
	buf_fini(&shown);
	buf_fini(&text);
}

void
out_picture(struct out *out, struct bytes lines)
{
	if (!out->json)
		write_all(out, lines);
}

void
out_json(struct out *out, struct bytes json)
{
	if (!out->json)
		return;
	write_all(out, json);
	write_all(out, bytes_text("\n"));
}

void
out_json_text(struct bytes text, struct buf *json)
{
	buf_add_u8(json, '"');
	while (text.n > 0) {
		uint8_t c = text.p[0];
		size_t good = 0;

		while (good < text.n && text.p[good] >= 0x20 &&
		       text.p[good] != '"' && text.p[good] != '\\')
			good++;
		good = text_utf8_size(bytes_first(text, good));
		if (good > 0)
			buf_add(json, bytes_first(text, good));
		else if (c == '"' || c == '\\')
			buf_add_format(json, "\\%c", c);
		else if (c == '\n')
			buf_add_text(json, "\\n");
		else if (c < 0x20)
			buf_add_format(json, "\\u%04x", c);
		else
			buf_add_text(json, "\xef\xbf\xbd");
		text = bytes_after(text, good > 0 ? good : 1);
	}
	buf_add_u8(json, '"');
}

struct out_table *
out_table_new(struct out *out, const struct out_column *columns, size_t n)
{
	struct out_table *table = mem_zeros(1, sizeof(*table));

	assert(n > 0 && n <= OUT_COLUMNS_MAX);
	table->out = out;
	table->columns = columns;
	table->columns_n = n;
	return table;
}

/* A cell as it is shown; owned. */
static char *
cell_new(struct bytes text)
{
	struct buf shown = {0};
	char *cell;

	text_shown(text, &shown);
	cell = mem_text(buf_text(&shown));
	buf_fini(&shown);
	return cell;
}

void
out_table_row(struct out_table *table, const struct bytes *cells)
{
	struct buf line = {0};

	if (table->out->json) {
		row_json(table, cells, &line);
		out_json(table->out, buf_bytes(&line));
		buf_fini(&line);
		return;
	}
	mem_room(&table->cells, &table->cells_room,
	    table->cells_n + table->columns_n, sizeof(*table->cells));
	for (size_t i = 0; i < table->columns_n; i++) {
		char *cell = cell_new(cells[i]);
		size_t width = text_width(bytes_text(cell));

		table->cells[table->cells_n++] = cell;
		if (width > table->widths[i])
			table->widths[i] = width;
	}
}

void
out_table_take(struct out_table *table, struct buf *texts)
{
	struct bytes cells[OUT_COLUMNS_MAX];

	for (size_t i = 0; i < table->columns_n; i++)
		cells[i] = buf_bytes(&texts[i]);
	out_table_row(table, cells);
	for (size_t i = 0; i < table->columns_n; i++)
		buf_fini(&texts[i]);
}

static void
row_json(struct out_table *table, const struct bytes *cells, struct buf *line)
{
	for (size_t i = 0; i < table->columns_n; i++) {
		enum out_kind kind = table->columns[i].kind;

		buf_add_text(line, i == 0 ? "{" : ",");
		out_json_text(bytes_text(table->columns[i].key), line);
		buf_add_u8(line, ':');
		if (cells[i].p == NULL || (cells[i].n == 0 && kind != OUT_TEXT))
			buf_add_text(line, "null");
		else if (kind == OUT_NUMBER)
			buf_add(line, cells[i]);
		else if (kind == OUT_BOOL)
			buf_add_text(
			    line, bytes_is(cells[i], "yes") ? "true" : "false");
		else
			out_json_text(cells[i], line);
	}
	buf_add_u8(line, '}');
}

void
out_table_end(struct out_table *table, const char *none)
{
	struct buf text = {0};
	char *titles[OUT_COLUMNS_MAX];

	if (!table->out->json && table->cells_n == 0)
		out_say(table->out, "%s", none);
	if (table->cells_n > 0) {
		for (size_t i = 0; i < table->columns_n; i++) {
			const char *title = table->columns[i].title;
			size_t width = text_width(bytes_text(title));

			titles[i] = mem_text(title);
			if (width > table->widths[i])
				table->widths[i] = width;
		}
		widths_fit(table);
		row_add(table, titles, &text);
		for (size_t i = 0; i < table->cells_n; i += table->columns_n)
			row_add(table, table->cells + i, &text);
		for (size_t i = 0; i < table->columns_n; i++)
			mem_free(titles[i]);
	}
	write_all(table->out, buf_bytes(&text));
	for (size_t i = 0; i < table->cells_n; i++)
		mem_free(table->cells[i]);
	mem_free(table->cells);
	mem_free(table);
	buf_fini(&text);
}

/* Narrows columns of text, the widest first, until the table fits. */
static void
widths_fit(struct out_table *table)
{
	size_t sum = GAP * (table->columns_n - 1);
	size_t least = NARROW_COLUMNS;
	size_t *widest;

	for (size_t i = 0; i < table->columns_n; i++)
		sum += table->widths[i];
	while (table->out->columns > 0 && sum > table->out->columns) {
		widest = NULL;
		for (size_t i = 0; i < table->columns_n; i++) {
			if (table->columns[i].kind == OUT_TEXT &&
			    (widest == NULL || table->widths[i] >= *widest))
				widest = &table->widths[i];
		}
		if (widest != NULL && *widest <= least &&
		    least == NARROW_COLUMNS)
			least = NARROWEST_COLUMNS;
		if (widest == NULL || *widest <= least)
			return;
		(*widest)--;
		sum--;
	}
}

/* The part of `*rest` that fits into `columns`, broken at a space if there is
 * one; `*rest` is then what follows. */
static struct bytes
piece_take(struct bytes *rest, size_t columns)
{
	struct bytes piece = text_cut_columns(*rest, columns);
	size_t space = piece.n;

	if (piece.n == 0 && rest->n > 0)
		piece = text_cut_columns(*rest, 2);
	if (piece.n == rest->n) {
		*rest = bytes_after(*rest, rest->n);
		return piece;
	}
	while (space > 0 && rest->p[space] != ' ')
		space--;
	if (space > 0) {
		piece = bytes_first(piece, space);
		*rest = bytes_after(*rest, space + 1);
	} else {
		*rest = bytes_after(*rest, piece.n);
	}
	return piece;
}

static void
spaces_add(struct buf *text, size_t n)
{
	while (n-- > 0)
		buf_add_u8(text, ' ');
}

/* Appends one row in as many lines as its longest cell needs, none with spaces
 * at its end. */
static void
row_add(const struct out_table *table, char *const *cells, struct buf *text)
{
	struct bytes rest[OUT_COLUMNS_MAX] = {0};
	bool more = true;

	for (size_t i = 0; i < table->columns_n; i++)
		rest[i] = bytes_text(cells[i]);
	while (more) {
		size_t owed = 0;

		more = false;
		for (size_t i = 0; i < table->columns_n; i++) {
			size_t width = table->widths[i];
			struct bytes piece = piece_take(&rest[i], width);
			size_t used = text_width(piece);
			size_t left = used < width ? width - used : 0;
			bool right = table->columns[i].kind == OUT_NUMBER;

			if (piece.n > 0) {
				spaces_add(text, owed + (right ? left : 0));
				buf_add(text, piece);
				owed = right ? GAP : left + GAP;
			} else {
				owed += width + GAP;
			}
			more = more || rest[i].n > 0;
		}
		buf_add_u8(text, '\n');
	}
}

void
out_error(struct out *out, enum err code)
{
	struct buf line = {0};

	if (out->json) {
		buf_add_text(&line, "{\"error\":{\"code\":");
		out_json_text(bytes_text(err_name(code)), &line);
		buf_add_text(&line, ",\"text\":");
		out_json_text(bytes_text(err_text()), &line);
		buf_add_text(&line, "}}\n");
	} else {
		buf_add_text(&line, "golmok: ");
		text_shown(bytes_text(err_text()), &line);
		buf_add_u8(&line, '\n');
	}
	/* There is nowhere left to report a failure to. */
	(void)fwrite(line.p, 1, line.n, out->errors);
	(void)fflush(out->errors);
	buf_fini(&line);
}

void
out_notice(struct out *out, const char *text)
{
	struct buf line = {0};

	if (out->json) {
		buf_add_text(&line, "{\"note\":");
		out_json_text(bytes_text(text), &line);
		buf_add_text(&line, "}\n");
	} else {
		buf_add_text(&line, "golmok: note: ");
		text_shown(bytes_text(text), &line);
		buf_add_u8(&line, '\n');
	}
	/* As above. */
	(void)fwrite(line.p, 1, line.n, out->errors);
	(void)fflush(out->errors);
	buf_fini(&line);
}
