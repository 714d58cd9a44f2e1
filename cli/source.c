/*
 * Rows for import: without a mapping they come from load.c; with one, the cells
 * of each row are brought under the columns of the mapping here, and map_row.c
 * makes records of them.
 */
#include "cli/source.h"

#include "cli/map_row.h"
#include "cli/map_tree.h"
#include "proto/clean.h"
#include "proto/mem.h"
#include "proto/text.h"

enum { SEEN_COLUMNS = 40 }; /* of a cell that an error shows */

struct source {
	struct source_plan plan;
	struct load *load; /* owned; NULL with a mapping */
	struct rows *rows; /* owned; NULL without */
	/* Of a CSV: which column of the mapping each cell is, MAP_NONE if none,
	 * and whether the header names it. */
	size_t *columns; /* owned, as all below */
	bool *named;
	size_t columns_n;
	struct bytes *cells;	 /* of the row, by columns of the mapping */
	struct map_above *above; /* the same */
	struct load_row rest[MAP_RECORDS_MAX]; /* of the row */
	size_t given;			       /* of these */
	size_t ready;
	uint64_t skipped;
	struct arena arena; /* of the row */
};

static enum err header_read(struct source *source) MUST_USE;
static enum err header_bind(
    struct source *source, const struct csv_row *row) MUST_USE;
static enum err header_check(
    const struct source *source, const struct csv_row *row) MUST_USE;
static enum err cells_next(struct source *source, bool *found) MUST_USE;
static enum err csv_take(
    struct source *source, const struct csv_row *row) MUST_USE;
static enum err line_take(struct source *source, struct bytes line) MUST_USE;
static bool is_skipped(const struct source *source);
static void above_keep(struct source *source);

enum err
source_open(
    const struct source_plan *plan, const char *path, struct source **out)
{
	struct source *source = mem_zeros(1, sizeof(*source));
	enum err e;

	*out = source;
	source->plan = *plan;
	if (plan->map == NULL)
		return load_open(&plan->load, path, &source->load);
	source->cells = mem_zeros(plan->map->columns_n, sizeof(*source->cells));
	source->above = mem_zeros(plan->map->columns_n, sizeof(*source->above));
	e = rows_open(&plan->load.rows, path, &source->rows);
	if (e != ERR_OK)
		return e;
	e = source_rewind(source);
	return e == ERR_OK ? e
			   : err_wrap(e, "%s:%llu", path,
				 (unsigned long long)rows_at(source->rows));
}

void
source_close(struct source *source)
{
	if (source == NULL)
		return;
	load_close(source->load);
	rows_close(source->rows);
	for (size_t i = 0;
	     source->above != NULL && i < source->plan.map->columns_n; i++)
		buf_fini(&source->above[i].text);
	mem_free(source->above);
	mem_free(source->cells);
	mem_free(source->columns);
	mem_free(source->named);
	arena_fini(&source->arena);
	mem_free(source);
}

const struct rows *
source_rows(const struct source *source)
{
	return source->load != NULL ? load_rows(source->load) : source->rows;
}

uint64_t
source_skipped(const struct source *source)
{
	return source->skipped;
}

enum err
source_rewind(struct source *source)
{
	if (source->load != NULL)
		return load_rewind(source->load);
	rows_rewind(source->rows);
	source->given = source->ready = 0;
	source->skipped = 0;
	for (size_t i = 0; i < source->plan.map->columns_n; i++)
		buf_cut(&source->above[i].text, 0);
	return rows_is_csv(source->rows) ? header_read(source) : ERR_OK;
}

enum err
source_next(struct source *source, struct load_row *row, bool *found)
{
	const struct map *map = source->plan.map;
	struct map_room room = {.work = source->plan.work,
	    .map = map,
	    .units = source->plan.units,
	    .arena = &source->arena};
	struct map_cells cells = {
	    .cells = source->cells, .above = source->above};
	enum err e;

	if (source->load != NULL)
		return load_next(source->load, row, found);
	*found = source->given < source->ready;
	if (!*found) {
		source->given = source->ready = 0;
		e = cells_next(source, found);
		if (e != ERR_OK || !*found)
			return e;
		e = map_row_make(&room, &cells, source->rest);
		above_keep(source);
		if (e != ERR_OK)
			return e;
		source->ready = map->records_n;
	}
	*row = source->rest[source->given++];
	return ERR_OK;
}

/* ---- The header --------------------------------------------------------- */

static enum err
header_read(struct source *source)
{
	uint64_t wanted = source->plan.map->header;
	struct csv_row row;
	bool found = true;
	enum err e = ERR_OK;

	for (uint64_t i = 0; i < wanted && e == ERR_OK && found; i++)
		e = rows_cells(source->rows, &row, &found);
	if (e != ERR_OK)
		return e;
	if (!found)
		return err_set(ERR_INVALID, "the file has no header%s",
		    wanted > 1 ? " in the row where the mapping has it" : "");
	e = header_bind(source, &row);
	return e == ERR_OK ? header_check(source, &row) : e;
}

/* The column of the mapping that the header calls so, or MAP_NONE. */
static size_t
column_find(const struct map *map, struct bytes key)
{
	for (size_t i = 0; i < map->columns_n; i++)
		for (size_t k = 0; k < map->columns[i].headers_n; k++)
			if (bytes_equal(map->columns[i].headers[k], key))
				return i;
	return MAP_NONE;
}

static bool
is_ignored(const struct map *map, struct bytes key)
{
	bool ignored = map->ignore_all;

	for (size_t i = 0; i < map->ignore_n && !ignored; i++)
		ignored = bytes_equal(map->ignore[i], key);
	return ignored;
}

static enum err
header_bind(struct source *source, const struct csv_row *row)
{
	const struct map *map = source->plan.map;
	struct buf key = {0};
	enum err e = ERR_OK;

	mem_free(source->columns);
	mem_free(source->named);
	source->columns = mem_zeros(row->n, sizeof(*source->columns));
	source->named = mem_zeros(row->n, sizeof(*source->named));
	source->columns_n = row->n;
	for (size_t i = 0; i < row->n && e == ERR_OK; i++) {
		struct bytes cell = csv_unguarded(row->cells[i]);
		struct bytes seen = text_cut_columns(cell, SEEN_COLUMNS);

		buf_cut(&key, 0);
		e = clean_key(cell, &key);
		source->named[i] = key.n > 0;
		source->columns[i] = column_find(map, buf_bytes(&key));
		if (e == ERR_OK && key.n > 0 &&
		    source->columns[i] == MAP_NONE &&
		    !is_ignored(map, buf_bytes(&key)))
			e = err_set(ERR_INVALID,
			    "column %zu, '%.*s': the mapping %s does not know "
			    "it: take it out of the table, or name it in "
			    "columns or in ignore of a mapping of your own",
			    i + 1, (int)seen.n, (const char *)seen.p,
			    map->name);
	}
	buf_fini(&key);
	return e;
}

/* Is each column there that has to be, and none twice? */
static enum err
header_check(const struct source *source, const struct csv_row *row)
{
	const struct map *map = source->plan.map;

	for (size_t i = 0; i < map->columns_n; i++) {
		size_t first = SIZE_MAX;

		for (size_t k = 0; k < row->n; k++) {
			if (source->columns[k] != i)
				continue;
			if (first != SIZE_MAX)
				return err_set(ERR_INVALID,
				    "columns %zu and %zu are both '%s': which "
				    "one counts?",
				    first + 1, k + 1, map->columns[i].shown);
			first = k;
		}
		if (first == SIZE_MAX && !map->columns[i].optional)
			return err_set(ERR_INVALID,
			    "the header has no column '%s', which the mapping "
			    "%s needs",
			    map->columns[i].shown, map->name);
	}
	return ERR_OK;
}

/* ---- Rows --------------------------------------------------------------- */

/* The cells of the next row that is one. */
static enum err
cells_next(struct source *source, bool *found)
{
	const struct map *map = source->plan.map;

	for (;;) {
		struct csv_row row;
		struct bytes line;
		bool any = false;
		enum err e = ERR_OK;

		arena_reset(&source->arena);
		for (size_t i = 0; i < map->columns_n; i++)
			source->cells[i] = (struct bytes){0};
		if (rows_is_csv(source->rows)) {
			e = rows_cells(source->rows, &row, found);
			if (e == ERR_OK && *found)
				e = csv_take(source, &row);
		} else {
			*found = rows_line(source->rows, &line);
			if (*found &&
			    !bytes_begins(line, bytes_text(LOAD_REMARK)))
				e = line_take(source, line);
		}
		if (e != ERR_OK || !*found)
			return e;
		for (size_t i = 0; i < map->columns_n; i++)
			any |= source->cells[i].n > 0;
		if (any && !is_skipped(source))
			break;
		source->skipped += any;
	}
	for (size_t i = 0; i < map->columns_n; i++)
		if (source->cells[i].n == 0 && map->columns[i].fill_down)
			source->cells[i] = buf_bytes(&source->above[i].text);
	return ERR_OK;
}

/* What stands in `cell`; the empty view when nothing shows. */
static struct bytes
content(struct bytes cell)
{
	struct buf key = {0};
	bool none = clean_key(cell, &key) == ERR_OK && key.n == 0;

	buf_fini(&key);
	return none ? (struct bytes){0} : cell;
}

static enum err
csv_take(struct source *source, const struct csv_row *row)
{
	assert(row->n == source->columns_n);
	for (size_t i = 0; i < row->n; i++) {
		struct bytes cell = content(csv_unguarded(row->cells[i]));
		struct bytes seen = text_cut_columns(cell, SEEN_COLUMNS);

		if (source->columns[i] != MAP_NONE)
			source->cells[source->columns[i]] = cell;
		else if (!source->named[i] && cell.n > 0)
			return err_set(ERR_INVALID,
			    "column %zu has no name in the header, and here "
			    "'%.*s': were cells of the header merged?",
			    i + 1, (int)seen.n, (const char *)seen.p);
	}
	return ERR_OK;
}

/* A member of a line: under the column that its key is. */
static enum err
member_take(void *arg, struct bytes key, struct bytes text)
{
	struct source *source = arg;
	const struct map *map = source->plan.map;
	size_t at;
	struct buf plain = {0};
	enum err e = clean_key(key, &plain);

	at = column_find(map, buf_bytes(&plain));
	if (e == ERR_OK && at == MAP_NONE &&
	    !is_ignored(map, buf_bytes(&plain)))
		e = err_set(ERR_INVALID,
		    "'%.*s': the mapping %s does not know it: name it in "
		    "columns or in ignore",
		    (int)key.n, (const char *)key.p, map->name);
	buf_fini(&plain);
	if (e != ERR_OK || at == MAP_NONE)
		return e;
	if (source->cells[at].n > 0)
		return err_set(ERR_INVALID, "'%.*s' is said twice", (int)key.n,
		    (const char *)key.p);
	source->cells[at] = arena_bytes(&source->arena, content(text));
	return ERR_OK;
}

static enum err
line_take(struct source *source, struct bytes line)
{
	return map_tree_read(line, member_take, source);
}

/* Totals at the end of a table, and what else the mapping says is no row. */
static bool
is_skipped(const struct source *source)
{
	const struct map *map = source->plan.map;

	for (size_t i = 0; i < map->skips_n; i++) {
		const struct map_skip *skip = &map->skips[i];
		struct bytes cell = source->cells[skip->column];
		struct buf key = {0};
		bool is = skip->empty && cell.n == 0;

		if (clean_key(cell, &key) != ERR_OK)
			buf_cut(&key, 0);
		for (size_t k = 0; k < skip->is_n && !is; k++)
			is = bytes_equal(skip->is[k], buf_bytes(&key));
		buf_fini(&key);
		if (is)
			return true;
	}
	return false;
}

static void
above_keep(struct source *source)
{
	for (size_t i = 0; i < source->plan.map->columns_n; i++) {
		struct map_above *above = &source->above[i];
		struct bytes cell = source->cells[i];

		/* What was filled down lies in there already. */
		if (cell.n == 0 || cell.p == above->text.p)
			continue;
		buf_cut(&above->text, 0);
		buf_add(&above->text, cell);
		above->line = rows_at(source->rows);
	}
}
