/*
 * Any bytes as a mapping file, and the rows that one of the program's mappings
 * makes of any bytes as a table.
 */
#include "cli/map.h"
#include "cli/map_tree.h"
#include "proto/clean.h"
#include "proto/text.h"
#include "proto/when.h"
#include "tests/fuzz/cost.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/targets.h"

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

void
target_map(struct bytes in)
{
	static struct pack *pack;
	struct map *map;
	size_t n = 0;
	enum err e;

	fuzz_start();
	if (pack == NULL)
		assert(pack_parse(pack_embedded(), &pack) == ERR_OK);
	e = map_parse(pack, in, &map);
	if (e == ERR_OK)
		map_look(map);
	else
		assert(map == NULL);
	if (e != ERR_VERSION)
		fuzz_assert_theirs(e);
	map_free(map);
	fuzz_assert_theirs(map_tree_read(in, member_take, &n));
	cell_look(in);
}
