/*
 * Reads mapping files, strictly: what is not understood is refused, since
 * records would be made that nobody meant.  Rows are none of its business.
 */
#include "cli/map.h"

#include <string.h>

#include "cli/map_field.h"
#include "proto/codec.h"
#include "proto/json.h"
#include "proto/limits.h"
#include "proto/mem.h"
#include "proto/when.h"

enum {
	MAP_FORMAT = 1,
	HEADER_MAX = 100, /* titles above a table */
	DATES_DEFAULT = 1U << WHEN_ISO | 1U << WHEN_DOTS | 1U << WHEN_SLASHES |
			1U << WHEN_COMPACT | 1U << WHEN_KOREAN,
};

static enum err head_read(struct map_reading *r, struct bytes doc) MUST_USE;
static enum err parts_read(struct map_reading *r, struct bytes doc) MUST_USE;
static enum err column_read(
    struct pack_reading *r, struct bytes doc, void *item) MUST_USE;
static enum err skip_read(
    struct pack_reading *r, struct bytes doc, void *item) MUST_USE;
static enum err record_read(
    struct pack_reading *r, struct bytes doc, void *item) MUST_USE;
static enum err fields_read(struct map_reading *r, struct bytes doc) MUST_USE;
static enum err record_check(const struct map_reading *r) MUST_USE;

enum err
map_parse(const struct pack *pack, struct bytes json, struct map **out)
{
	struct map *map = mem_zeros(1, sizeof(*map));
	struct map_reading r = {.map = map};
	struct buf doc = {0};
	enum err e = json_decode(json, &doc);

	*out = NULL;
	map->pack = pack;
	r.parts.arena = &map->arena;
	if (e == ERR_OK)
		e = head_read(&r, buf_bytes(&doc));
	if (e == ERR_OK)
		e = parts_read(&r, buf_bytes(&doc));
	if (e != ERR_OK)
		e = err_wrap(pack_read_wrap(&r.parts, e), "mapping");
	buf_fini(&doc);
	if (e == ERR_OK)
		*out = map;
	else
		map_free(map);
	return e;
}

void
map_free(struct map *map)
{
	if (map == NULL)
		return;
	arena_fini(&map->arena);
	mem_free(map);
}

/* The columns of the key of a record; "unit" is the unit of the row. */
static enum err
key_read(struct map_reading *r, struct bytes doc, struct map_record *record)
{
	struct map_columns *key = &record->key;
	struct pack_read_words words = {0};
	enum err e = pack_read_words(
	    &r->parts, doc, "key", MAP_KEY_MAX, &words);

	for (size_t i = 0; i < words.n && e == ERR_OK; i++) {
		if (strcmp(words.p[i], "unit") == 0)
			record->key_unit = true;
		else
			e = map_read_find(r, "key", bytes_text(words.p[i]),
			    &key->at[key->n++]);
	}
	if (e == ERR_OK && record->key_unit && r->map->unit.n == 0)
		e = err_set(ERR_INVALID, "key: the rows have no unit");
	return e;
}

/* ---- The file ----------------------------------------------------------- */

static enum err
head_read(struct map_reading *r, struct bytes doc)
{
	static const char *const keys[] = {"format", "name", "label", "pack",
	    "source", "header", "dates", "columns", "ignore", "skip", "unit",
	    "records", NULL};
	struct map *map = r->map;
	const char *pack = NULL;
	int64_t header = 1;
	uint64_t format;
	struct reader in;
	enum err e;

	codec_begin(&in, doc);
	if (codec_peek(&in) != CODEC_MAP)
		return err_set(ERR_INVALID, "is not an object");
	codec_begin(&in, pack_read_member(doc, "format"));
	format = codec_get_uint(&in, INT32_MAX);
	if (in.bad || format == 0 || format > MAP_FORMAT)
		return err_set(
		    ERR_VERSION, "format: this program reads %d", MAP_FORMAT);
	e = pack_read_keys(doc, keys);
	if (e == ERR_OK)
		e = pack_read_name(&r->parts, doc, "name", &map->name);
	if (e == ERR_OK)
		e = pack_read_label(
		    &r->parts, doc, "label", map->name, &map->label);
	if (e == ERR_OK)
		e = pack_read_name(&r->parts, doc, "pack", &pack);
	if (e == ERR_OK && strcmp(pack, map->pack->name) != 0)
		return err_set(ERR_INVALID,
		    "pack: it is for the pack %s, and here %s is in force",
		    pack, map->pack->name);
	if (e == ERR_OK)
		e = pack_read_text(&r->parts, doc, "source", &map->source);
	if (e == ERR_OK)
		e = pack_read_int(doc, "header", 1, HEADER_MAX, &header);
	map->header = (uint64_t)header;
	map->dates = DATES_DEFAULT;
	return e == ERR_OK ? map_read_dates(r, doc, &map->dates) : e;
}

static enum err
parts_read(struct map_reading *r, struct bytes doc)
{
	static const struct pack_read_list columns = {.key = "columns",
	    .max = LIMIT_ROW_CELLS,
	    .size = sizeof(struct map_column),
	    .named = true,
	    .needed = true,
	    .read = column_read};
	static const struct pack_read_list skips = {.key = "skip",
	    .max = MAP_HEADERS_MAX,
	    .size = sizeof(struct map_skip),
	    .read = skip_read};
	static const struct pack_read_list records = {.key = "records",
	    .max = MAP_RECORDS_MAX,
	    .size = sizeof(struct map_record),
	    .needed = true,
	    .read = record_read};
	struct map *map = r->map;
	void *items = NULL;
	size_t n = 0;
	enum err e = pack_read_list(
	    &r->parts, doc, &columns, &items, &map->columns_n);

	map->columns = items;
	if (e == ERR_OK)
		e = map_read_keys(
		    r, doc, "ignore", &map->ignore, &map->ignore_n);
	for (size_t i = 0; i < map->ignore_n && e == ERR_OK; i++)
		map->ignore_all |= bytes_is(map->ignore[i], "*");
	if (e == ERR_OK)
		e = pack_read_list(
		    &r->parts, doc, &skips, &items, &map->skips_n);
	if (e != ERR_OK)
		return e;
	map->skips = items;
	e = map_read_columns(r, doc, "unit", &map->unit);
	if (e == ERR_OK && map->unit.n > 0 && map->pack->units == NULL)
		e = err_set(ERR_INVALID, "unit: the pack has no units");
	if (e != ERR_OK)
		return e;
	e = pack_read_list(&r->parts, doc, &records, &items, &n);
	map->records = items;
	map->records_n = n;
	return e;
}

static enum err
column_read(struct pack_reading *parts, struct bytes doc, void *item)
{
	static const char *const keys[] = {
	    "name", "header", "optional", "fill_down", NULL};
	struct map_reading *r = (struct map_reading *)parts;
	struct map_column *column = item;
	struct pack_read_words words = {0};
	enum err e = pack_read_keys(doc, keys);

	if (e == ERR_OK)
		e = pack_read_name(parts, doc, "name", &column->name);
	if (e == ERR_OK && strcmp(column->name, "unit") == 0)
		e = err_set(ERR_INVALID, "name: keys call the unit so");
	if (e == ERR_OK)
		e = pack_read_words(
		    parts, doc, "header", MAP_HEADERS_MAX, &words);
	if (e == ERR_OK && words.n == 0)
		e = err_set(ERR_INVALID, "header: missing");
	if (e == ERR_OK)
		e = map_read_keys(
		    r, doc, "header", &column->headers, &column->headers_n);
	if (e == ERR_OK)
		e = pack_read_bool(doc, "optional", &column->optional);
	if (e == ERR_OK)
		e = pack_read_bool(doc, "fill_down", &column->fill_down);
	if (e == ERR_OK)
		column->shown = words.p[0];
	return e;
}

static enum err
skip_read(struct pack_reading *parts, struct bytes doc, void *item)
{
	static const char *const keys[] = {"column", "empty", "is", NULL};
	struct map_reading *r = (struct map_reading *)parts;
	struct map_skip *skip = item;
	enum err e = pack_read_keys(doc, keys);

	if (e == ERR_OK)
		e = map_read_column(r, doc, "column", &skip->column);
	if (e == ERR_OK)
		e = pack_read_bool(doc, "empty", &skip->empty);
	if (e == ERR_OK)
		e = map_read_keys(r, doc, "is", &skip->is, &skip->is_n);
	if (e == ERR_OK && skip->column == MAP_NONE)
		e = err_set(ERR_INVALID, "column: missing");
	if (e == ERR_OK && skip->empty == (skip->is_n > 0))
		e = err_set(
		    ERR_INVALID, "has to have empty or is, one of them");
	return e;
}

/* ---- Records ------------------------------------------------------------ */

static enum err
record_read(struct pack_reading *parts, struct bytes doc, void *item)
{
	static const char *const keys[] = {
	    "collection", "key", "at", "space", "fields", NULL};
	static const char *const places[] = {"unit", "given"};
	struct map_reading *r = (struct map_reading *)parts;
	struct map_record *record = item;
	struct bytes name;
	struct reader in;
	size_t place = r->map->unit.n == 0;
	enum err e = pack_read_keys(doc, keys);

	if (e != ERR_OK)
		return e;
	/* The earlier ones may be referred to. */
	r->record = record;
	r->map->records = record - parts->path[parts->depth - 1].at;
	r->map->records_n = parts->path[parts->depth - 1].at;
	codec_begin(&in, pack_read_member(doc, "collection"));
	name = codec_get_text(&in);
	e = pack_get_collection(r->map->pack, name, &record->collection);
	if (e == ERR_OK)
		e = key_read(r, doc, record);
	if (e == ERR_OK)
		e = map_read_column(r, doc, "at", &record->at);
	if (e == ERR_OK)
		e = pack_read_one_of(
		    doc, "space", places, COUNT_OF(places), &place);
	record->given = place == 1;
	if (e == ERR_OK && !record->given && r->map->unit.n == 0)
		e = err_set(ERR_INVALID, "space: the rows have no unit");
	if (e == ERR_OK)
		e = fields_read(r, pack_read_member(doc, "fields"));
	return e == ERR_OK ? record_check(r) : e;
}

static enum err
fields_read(struct map_reading *r, struct bytes doc)
{
	struct map_record *record = r->record;
	struct bytes last = {0};
	struct reader in;
	size_t n;
	enum err e = ERR_OK;

	codec_begin(&in, doc);
	n = codec_get_map(&in, LIMIT_FIELDS);
	if (in.bad || n == 0)
		return err_set(ERR_INVALID,
		    "fields: must be an object of 1 to %d fields",
		    LIMIT_FIELDS);
	record->fields = arena_array(
	    r->parts.arena, n, sizeof(*record->fields));
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		struct map_field *field = &record->fields[i];
		struct bytes name = codec_get_text_key(&in, &last);
		struct bytes value = codec_get_value(&in);

		e = in.bad ? err_set(ERR_INVALID, "is no name")
			   : pack_get_field(
				 record->collection, name, &field->field);
		if (e == ERR_OK)
			e = map_field_read(r, value, field);
		if (e != ERR_OK)
			e = err_wrap(e, "fields.%.*s", (int)name.n,
			    (const char *)name.p);
	}
	record->fields_n = n;
	return e;
}

/* Is a cell of column `at` what a field that is not open to all is made of? */
static bool
is_personal(const struct map_record *record, size_t at)
{
	for (size_t i = 0; i < record->fields_n; i++) {
		const struct map_field *field = &record->fields[i];

		for (size_t k = 0; k < field->columns.n; k++)
			if (field->columns.at[k] == at &&
			    field->field->data_class != CLASS_N)
				return true;
	}
	return false;
}

static enum err
record_check(const struct map_reading *r)
{
	const struct map_record *record = r->record;
	const struct pack_collection *of = record->collection;

	if (record->key.n == 0)
		return err_set(ERR_INVALID,
		    "key: missing: nothing says when two rows are the same");
	/* An id is read by all who hold the space, and a short text is soon
	 * guessed from its hash. */
	for (size_t i = 0; i < record->key.n; i++)
		if (is_personal(record, record->key.at[i]))
			return err_set(ERR_INVALID,
			    "key: %s is personal, and ids are not secret: take "
			    "a number that says nothing",
			    r->map->columns[record->key.at[i]].name);
	for (size_t i = 0; i < of->fields_n; i++) {
		bool given = !of->fields[i].required;

		for (size_t k = 0; k < record->fields_n; k++)
			given |= record->fields[k].field == &of->fields[i];
		if (!given)
			return err_set(ERR_INVALID,
			    "fields: %s.%s is required, and nothing becomes it",
			    of->name, of->fields[i].name);
	}
	return ERR_OK;
}
