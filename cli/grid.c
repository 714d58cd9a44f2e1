/*
 * Rows of CSV on their way out.  A row is written whole or not at all.
 */
#include "cli/grid.h"

#include <stdio.h>

#include "proto/csv.h"
#include "proto/mem.h"

static enum err to_cp949(
    struct grid *grid, const char *what, struct buf *bytes) MUST_USE;

enum err
grid_read(
    const struct args *args, struct out *out, bool *wished, struct grid *grid)
{
	*wished = args_has(args, "csv");
	*grid = (struct grid){.out = out};
	if (*wished && out->json)
		return err_set(
		    ERR_USAGE, "--csv and --json are two forms: give one");
	if (!*wished && args_has(args, "no-bom"))
		return err_set(ERR_USAGE, "--no-bom is for --csv");
	if (*wished)
		grid_begin(grid, !args_has(args, "no-bom"));
	return ERR_OK;
}

void
grid_begin(struct grid *grid, bool mark)
{
	grid->marked = mark && !grid->cp949;
}

void
grid_cell(struct grid *grid, struct bytes text, const char *name)
{
	struct buf cell = {0};

	csv_guard(text, &cell);
	csv_add_cell(&grid->row, buf_bytes(&cell));
	mem_room(&grid->ends, &grid->room, grid->n + 1, sizeof(*grid->ends));
	mem_room(
	    &grid->names, &grid->names_room, grid->n + 1, sizeof(*grid->names));
	buf_add(&grid->cells, buf_bytes(&cell));
	grid->ends[grid->n] = grid->cells.n;
	grid->names[grid->n++] = name;
	buf_fini(&cell);
}

enum err
grid_row(struct grid *grid, const char *what)
{
	struct buf bytes = {0};
	enum err e = ERR_OK;

	csv_add_row_end(&grid->row);
	if (grid->cp949)
		e = to_cp949(grid, what, &bytes);
	else
		buf_add(&bytes, buf_bytes(&grid->row));
	/* What fails before the first row leaves nothing. */
	if (e == ERR_OK && grid->marked)
		(void)fwrite("\xef\xbb\xbf", 1, 3, grid->out->to);
	if (e == ERR_OK) {
		(void)fwrite(bytes.p, 1, bytes.n, grid->out->to);
		grid->marked = false;
	}
	buf_fini(&bytes);
	buf_cut(&grid->row, 0);
	buf_cut(&grid->cells, 0);
	grid->n = 0;
	return e;
}

enum err
grid_line(struct grid *grid, const struct bytes *cells, size_t n)
{
	for (size_t i = 0; i < n; i++)
		grid_cell(grid, cells[i], "a cell");
	return grid_row(grid, "a row");
}

/* The cell that cannot be said. */
static enum err
cell_refuse(const struct grid *grid, const char *what)
{
	struct buf bytes = {0};
	enum err e = ERR_OK;

	for (size_t i = 0; i < grid->n && e == ERR_OK; i++) {
		size_t at = i == 0 ? 0 : grid->ends[i - 1];

		e = csv_to_cp949(bytes_slice(buf_bytes(&grid->cells), at,
				     grid->ends[i] - at),
		    &bytes);
		if (e != ERR_OK)
			e = err_wrap(e, "%s: %s", what, grid->names[i]);
	}
	buf_fini(&bytes);
	assert(e != ERR_OK);
	return e;
}

/* Each character alone, since few cannot be said. */
static void
characters_put(struct grid *grid, struct buf *bytes)
{
	struct bytes rest = buf_bytes(&grid->row);

	while (rest.n > 0) {
		size_t n = 1;

		while (n < rest.n && (rest.p[n] & 0xc0) == 0x80)
			n++;
		if (csv_to_cp949(bytes_first(rest, n), bytes) != ERR_OK) {
			buf_add_u8(bytes, '?');
			grid->replaced++;
		}
		rest = bytes_after(rest, n);
	}
}

static enum err
to_cp949(struct grid *grid, const char *what, struct buf *bytes)
{
	enum err e = csv_to_cp949(buf_bytes(&grid->row), bytes);

	if (e != ERR_INVALID)
		return e;
	if (!grid->replace)
		return err_wrap(cell_refuse(grid, what),
		    "--replace writes a question mark");
	characters_put(grid, bytes);
	return ERR_OK;
}

void
grid_fini(struct grid *grid)
{
	buf_fini(&grid->row);
	buf_fini(&grid->cells);
	mem_free(grid->ends);
	mem_free(grid->names);
	*grid = (struct grid){0};
}
