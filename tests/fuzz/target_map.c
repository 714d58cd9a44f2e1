/*
 * Any bytes as a mapping file; and the records that such a mapping, or one of
 * the program's own, makes of any bytes as a table: an input is a mapping, a
 * zero byte and a table, and in place of the mapping may stand one byte that
 * says which of the program's it is.
 */
#include <string.h>

#include "cli/map.h"
#include "cli/map_open.h"
#include "cli/map_tree.h"
#include "cli/open.h"
#include "cli/source.h"
#include "core/pack_check.h"
#include "proto/clean.h"
#include "proto/text.h"
#include "proto/when.h"
#include "tests/fuzz/cost.h"
#include "tests/fuzz/disk.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/targets.h"
#include "tests/lib/house.h"

/* What map_parse promises of what it accepts. */
static void
map_look(const struct map *map)
{
	assert(map->columns_n > 0 && map->records_n > 0);
	assert(map->records_n <= MAP_RECORDS_MAX);
	for (size_t i = 0; i < map->records_n; i++) {
		const struct map_record *record = &map->records[i];

		assert(record->key.n > 0 || record->key_unit);
		assert(record->at == MAP_NONE || record->at < map->columns_n);
		for (size_t k = 0; k < record->key.n; k++)
			assert(record->key.at[k] < map->columns_n);
		for (size_t k = 0; k < record->fields_n; k++) {
			const struct map_field *field = &record->fields[k];

			assert(field->field->kind != KIND_COUNTER);
			for (size_t c = 0; c < field->columns.n; c++)
				assert(field->columns.at[c] < map->columns_n);
		}
	}
}

static enum err
member_take(void *arg, struct bytes key, struct bytes text)
{
	size_t *n = arg;

	assert(text_is_utf8(key) && text_is_utf8(text) && text.n > 0);
	++*n;
	return ERR_OK;
}

/* A cell in each way in which cells are read. */
static void
cell_look(struct bytes in)
{
	struct buf out = {0};
	struct when when;

	fuzz_assert_theirs(clean_text(in, &out));
	assert(text_is_utf8(buf_bytes(&out)));
	if (when_read(in, (1U << WHEN_MONTH_FIRST) - 1, &when) == ERR_OK) {
		assert(when.second >= 0 && when.second < 86400);
		buf_cut(&out, 0);
		when_put_time(&when, 0, &out);
	}
	buf_cut(&out, 0);
	fuzz_assert_theirs(clean_phone(in, &out));
	buf_cut(&out, 0);
	fuzz_assert_theirs(clean_number(in, NULL, 0, &out));
	buf_fini(&out);
}

/* ---- rows --------------------------------------------------------------- */

enum { BAD_MAX = 100, ROWS_MAX = 1000 };

/* What a record of a row may be. */
static void
row_look(const struct map *map, const struct load_row *row)
{
	bool known = false;

	assert(row->derived && row->has_id);
	for (size_t i = 0; i < map->records_n; i++)
		known = known || map->records[i].collection == row->collection;
	assert(known);
	for (size_t i = 0; i < row->n; i++)
		assert(pack_check_value(row->values[i].field,
			   row->values[i].value) == ERR_OK);
}

/* All records of the table; their ids are added to `ids`. */
static void
rows_look(struct source *source, const struct map *map, struct buf *ids)
{
	struct load_row row;
	bool found = true;
	unsigned bad = 0;

	for (unsigned n = 0; found && n < ROWS_MAX; n++) {
		enum err e = source_next(source, &row, &found);

		/* A unit that is not held is for people to hear as well. */
		if (e != ERR_NOT_FOUND)
			fuzz_assert_theirs(e);
		if (e != ERR_OK) {
			found = ++bad < BAD_MAX;
			continue;
		}
		if (!found)
			break;
		row_look(map, &row);
		buf_add(ids, bytes_of(row.id.b, sizeof(row.id.b)));
	}
}

static void
table_look(const struct map *map, struct bytes table, enum rows_format format)
{
	static struct opened work;
	static struct map_units units;
	const struct units *held;
	struct buf once = {0};
	struct buf twice = {0};
	struct source *source;
	struct source_plan plan = {.load = {.rows = {.format = format}},
	    .map = map,
	    .work = &work,
	    .units = &units};
	enum err e;

	if (work.store == NULL) {
		work.store = house_store();
		work.pack = map->pack;
		assert(open_units(&work, &held) == ERR_OK);
		assert(map_units_make(held, &units) == ERR_OK);
	}
	plan.load.pack = map->pack;
	e = source_open(&plan, disk_put("table", table), &source);
	fuzz_assert_theirs(e);
	if (e == ERR_OK) {
		rows_look(source, map, &once);
		assert(source_rewind(source) == ERR_OK);
		rows_look(source, map, &twice);
		/* The same row is the same record, whenever it is read. */
		assert(bytes_equal(buf_bytes(&once), buf_bytes(&twice)));
	}
	source_close(source);
	arena_reset(&work.arena);
	buf_fini(&once);
	buf_fini(&twice);
}

static void
map_try(const struct pack *pack, struct bytes json, struct bytes table)
{
	struct map *map;
	enum err e;

	if (json.n == 1)
		json = map_open_embedded(json.p[0] % 4);
	e = map_parse(pack, json, &map);
	if (e != ERR_VERSION)
		fuzz_assert_theirs(e);
	assert((e == ERR_OK) == (map != NULL));
	if (e == ERR_OK) {
		map_look(map);
		if (table.n > 0)
			table_look(map, table,
			    table.p[0] == '{' ? ROWS_JSONL : ROWS_CSV);
	}
	map_free(map);
}

void
target_map(struct bytes in)
{
	size_t n = 0;
	size_t at = bytes_find(in, 0);

	fuzz_start();
	map_try(store_pack(house_store()), bytes_first(in, at),
	    at < in.n ? bytes_after(in, at + 1) : (struct bytes){0});
	fuzz_assert_theirs(map_tree_read(in, member_take, &n));
	cell_look(in);
}
