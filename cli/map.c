/*
 * Reads mapping files, strictly: what is not understood is refused, since
 * records would be made that nobody meant.  Rows are none of its business.
 */
#include "cli/map.h"

#include <string.h>

#include "core/file.h"
#include "core/pack_read.h"
#include "proto/clean.h"
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

struct reading {
	struct pack_reading parts; /* arena and place */
	struct map *map;
	struct map_record *record; /* that is being read */
};

static enum err head_read(struct reading *r, struct bytes doc) MUST_USE;
static enum err parts_read(struct reading *r, struct bytes doc) MUST_USE;
static enum err column_read(
    struct pack_reading *r, struct bytes doc, void *item) MUST_USE;
static enum err skip_read(
    struct pack_reading *r, struct bytes doc, void *item) MUST_USE;
static enum err record_read(
    struct pack_reading *r, struct bytes doc, void *item) MUST_USE;
static enum err fields_read(struct reading *r, struct bytes doc) MUST_USE;
static enum err field_read(
    struct reading *r, struct bytes doc, struct map_field *field) MUST_USE;
static enum err source_read(
    struct reading *r, struct bytes doc, struct map_field *field) MUST_USE;
static enum err field_check(
    const struct reading *r, const struct map_field *field) MUST_USE;
static enum err record_check(const struct reading *r) MUST_USE;

enum err
map_parse(const struct pack *pack, struct bytes json, struct map **out)
{
	struct map *map = mem_zeros(1, sizeof(*map));
	struct reading r = {.map = map};
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

/* ---- Words and columns -------------------------------------------------- */

/* Texts of a list, made so that two spellings of one are the same. */
static enum err
keys_read(struct reading *r, struct bytes doc, const char *key,
    const struct bytes **out, size_t *n)
{
	struct pack_read_words words = {0};
	struct bytes *keys;
	struct buf text = {0};
	enum err e = pack_read_words(
	    &r->parts, doc, key, MAP_HEADERS_MAX, &words);

	keys = arena_array(r->parts.arena, words.n + 1, sizeof(*keys));
	for (size_t i = 0; i < words.n && e == ERR_OK; i++) {
		buf_cut(&text, 0);
		e = clean_key(bytes_text(words.p[i]), &text);
		keys[i] = arena_bytes(r->parts.arena, buf_bytes(&text));
	}
	buf_fini(&text);
	*out = keys;
	*n = words.n;
	return e;
}

/* Date styles; two that read one text differently contradict each other. */
static enum err
dates_read(struct reading *r, struct bytes doc, unsigned *styles)
{
	struct pack_read_words words = {0};
	unsigned both = 1U << WHEN_MONTH_FIRST | 1U << WHEN_DAY_FIRST;
	enum err e = pack_read_words(
	    &r->parts, doc, "dates", WHEN_STYLE_COUNT, &words);

	if (e != ERR_OK || words.n == 0)
		return e;
	*styles = 0;
	for (size_t i = 0; i < words.n; i++) {
		size_t k = 0;

		while (k < WHEN_STYLE_COUNT &&
		       strcmp(words.p[i], when_style_names[k]) != 0)
			k++;
		if (k == WHEN_STYLE_COUNT)
			return err_set(ERR_INVALID,
			    "dates: there is no style '%s': iso, dots, "
			    "slashes, compact, korean, serial, month_first or "
			    "day_first",
			    words.p[i]);
		*styles |= 1U << k;
	}
	if ((*styles & both) == both)
		return err_set(ERR_INVALID,
		    "dates: month_first and day_first read the same text in "
		    "two ways");
	return ERR_OK;
}

static enum err
column_find(
    const struct reading *r, const char *key, struct bytes name, size_t *at)
{
	for (size_t i = 0; i < r->map->columns_n; i++)
		if (bytes_is(name, r->map->columns[i].name)) {
			*at = i;
			return ERR_OK;
		}
	return err_set(ERR_INVALID, "%s: columns have no '%.*s'", key,
	    (int)name.n, (const char *)name.p);
}

/* The column `key`, a text; MAP_NONE when it is not there. */
static enum err
one_column_read(
    const struct reading *r, struct bytes doc, const char *key, size_t *at)
{
	struct bytes value = pack_read_member(doc, key);
	struct reader in;

	*at = MAP_NONE;
	if (value.n == 0)
		return ERR_OK;
	codec_begin(&in, value);
	return column_find(r, key, codec_get_text(&in), at);
}

/* The columns `key`, a list. */
static enum err
columns_read(struct reading *r, struct bytes doc, const char *key,
    struct map_columns *columns)
{
	struct pack_read_words words = {0};
	enum err e = pack_read_words(&r->parts, doc, key, MAP_KEY_MAX, &words);

	for (size_t i = 0; i < words.n && e == ERR_OK; i++)
		e = column_find(
		    r, key, bytes_text(words.p[i]), &columns->at[i]);
	columns->n = words.n;
	return e;
}

/* The columns of the key of a record; "unit" is the unit of the row. */
static enum err
key_read(struct reading *r, struct bytes doc, struct map_record *record)
{
	struct map_columns *key = &record->key;
	struct pack_read_words words = {0};
	enum err e = pack_read_words(
	    &r->parts, doc, "key", MAP_KEY_MAX, &words);

	for (size_t i = 0; i < words.n && e == ERR_OK; i++) {
		if (strcmp(words.p[i], "unit") == 0)
			record->key_unit = true;
		else
			e = column_find(r, "key", bytes_text(words.p[i]),
			    &key->at[key->n++]);
	}
	if (e == ERR_OK && record->key_unit && r->map->unit.n == 0)
		e = err_set(ERR_INVALID, "key: the rows have no unit");
	return e;
}

/* ---- The file ----------------------------------------------------------- */

static enum err
head_read(struct reading *r, struct bytes doc)
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
	return e == ERR_OK ? dates_read(r, doc, &map->dates) : e;
}

static enum err
parts_read(struct reading *r, struct bytes doc)
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
		e = keys_read(r, doc, "ignore", &map->ignore, &map->ignore_n);
	for (size_t i = 0; i < map->ignore_n && e == ERR_OK; i++)
		map->ignore_all |= bytes_is(map->ignore[i], "*");
	if (e == ERR_OK)
		e = pack_read_list(
		    &r->parts, doc, &skips, &items, &map->skips_n);
	if (e != ERR_OK)
		return e;
	map->skips = items;
	e = columns_read(r, doc, "unit", &map->unit);
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
	struct reading *r = (struct reading *)parts;
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
		e = keys_read(
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
	struct reading *r = (struct reading *)parts;
	struct map_skip *skip = item;
	enum err e = pack_read_keys(doc, keys);

	if (e == ERR_OK)
		e = one_column_read(r, doc, "column", &skip->column);
	if (e == ERR_OK)
		e = pack_read_bool(doc, "empty", &skip->empty);
	if (e == ERR_OK)
		e = keys_read(r, doc, "is", &skip->is, &skip->is_n);
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
	struct reading *r = (struct reading *)parts;
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
		e = one_column_read(r, doc, "at", &record->at);
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
fields_read(struct reading *r, struct bytes doc)
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
			e = field_read(r, value, field);
		if (e == ERR_OK)
			e = field_check(r, field);
		if (e != ERR_OK)
			e = err_wrap(e, "fields.%.*s", (int)name.n,
			    (const char *)name.p);
	}
	record->fields_n = n;
	return e;
}

/* Their words and ours. */
static enum err
codes_read(struct reading *r, struct bytes doc, struct map_field *field)
{
	struct bytes codes = pack_read_member(doc, "codes");
	struct bytes last = {0};
	struct map_word *words;
	struct reader in;
	enum err e = ERR_OK;

	if (codes.n == 0)
		return ERR_OK;
	codec_begin(&in, codes);
	field->words_n = codec_get_map(&in, LIMIT_CODES);
	if (in.bad || field->words_n == 0)
		return err_set(ERR_INVALID,
		    "codes: must be an object of 1 to %d words", LIMIT_CODES);
	words = arena_array(r->parts.arena, field->words_n, sizeof(*words));
	field->words = words;
	for (size_t i = 0; i < field->words_n && e == ERR_OK; i++) {
		struct bytes from = codec_get_text_key(&in, &last);
		struct bytes to = codec_get_text(&in);
		struct buf key = {0};

		if (in.bad)
			return err_set(
			    ERR_INVALID, "codes: words and codes are texts");
		e = clean_key(from, &key);
		words[i].from = arena_bytes(r->parts.arena, buf_bytes(&key));
		words[i].to = arena_text(r->parts.arena, to);
		buf_fini(&key);
		for (size_t k = 0; k < i && e == ERR_OK; k++)
			if (bytes_equal(words[k].from, words[i].from))
				e = err_set(ERR_INVALID,
				    "codes: '%.*s' stands there twice",
				    (int)from.n, (const char *)from.p);
	}
	return e;
}

/* The field of another collection by which a reference is found. */
static enum err
find_read(struct reading *r, struct bytes doc, struct map_field *field)
{
	static const char *const keys[] = {"collection", "by", NULL};
	struct bytes find = pack_read_member(doc, "find");
	const struct pack_collection *collection = NULL;
	struct bytes name;
	struct reader in;
	bool leads = false;
	enum err e;

	if (find.n == 0)
		return ERR_OK;
	e = pack_read_keys(find, keys);
	codec_begin(&in, pack_read_member(find, "collection"));
	name = codec_get_text(&in);
	if (e == ERR_OK)
		e = pack_get_collection(r->map->pack, name, &collection);
	codec_begin(&in, pack_read_member(find, "by"));
	name = codec_get_text(&in);
	if (e == ERR_OK)
		e = pack_get_field(collection, name, &field->find);
	if (e == ERR_OK && field->find->index == PACK_INDEX_NONE)
		e = err_set(ERR_INVALID, "%s.%s has no index", collection->name,
		    field->find->name);
	for (size_t i = 0; e == ERR_OK && i < field->field->targets_n; i++)
		leads |= strcmp(field->field->targets[i], collection->name) ==
			 0;
	if (e == ERR_OK && !leads)
		e = err_set(ERR_INVALID, "the field does not lead to %s",
		    collection->name);
	return e == ERR_OK ? e : err_wrap(e, "find");
}

static enum err
optional_text_read(
    struct reading *r, struct bytes doc, const char *key, const char **text)
{
	if (pack_read_member(doc, key).n == 0)
		return ERR_OK;
	return pack_read_text(&r->parts, doc, key, text);
}

static enum err
field_read(struct reading *r, struct bytes doc, struct map_field *field)
{
	static const char *const keys[] = {"column", "columns", "constant",
	    "unit", "record", "join", "split", "clean", "suffixes", "codes",
	    "other", "default", "dates", "find", NULL};
	static const char *const cleans[] = {"none", "text", "phone", "number"};
	struct pack_read_words words = {0};
	size_t clean = MAP_CLEAN_NONE;
	enum err e = pack_read_keys(doc, keys);

	field->join = " ";
	field->dates = r->map->dates;
	if (e == ERR_OK)
		e = source_read(r, doc, field);
	if (e == ERR_OK)
		e = optional_text_read(r, doc, "join", &field->join);
	if (e == ERR_OK)
		e = pack_read_words(
		    &r->parts, doc, "split", MAP_HEADERS_MAX, &words);
	field->split = words.p;
	field->split_n = words.n;
	words = (struct pack_read_words){0};
	if (e == ERR_OK)
		e = pack_read_one_of(
		    doc, "clean", cleans, COUNT_OF(cleans), &clean);
	field->clean = (enum map_clean)clean;
	if (e == ERR_OK)
		e = pack_read_words(
		    &r->parts, doc, "suffixes", MAP_HEADERS_MAX, &words);
	field->suffixes = words.p;
	field->suffixes_n = words.n;
	if (e == ERR_OK)
		e = codes_read(r, doc, field);
	if (e == ERR_OK)
		e = optional_text_read(r, doc, "other", &field->other);
	if (e == ERR_OK)
		e = optional_text_read(r, doc, "default", &field->fallback);
	if (e == ERR_OK)
		e = dates_read(r, doc, &field->dates);
	return e == ERR_OK ? find_read(r, doc, field) : e;
}

/* The id of an earlier record of the row. */
static enum err
earlier_read(struct reading *r, struct bytes name, struct map_field *field)
{
	for (size_t i = 0; i < r->map->records_n; i++)
		if (bytes_is(name, r->map->records[i].collection->name))
			field->record = &r->map->records[i];
	if (field->record == NULL)
		return err_set(ERR_INVALID,
		    "record: no earlier one of the row is of '%.*s'",
		    (int)name.n, (const char *)name.p);
	return ERR_OK;
}

/* Exactly one place that the value comes from. */
static enum err
source_read(struct reading *r, struct bytes doc, struct map_field *field)
{
	static const char *const keys[] = {
	    "column", "columns", "constant", "unit", "record"};
	struct bytes record = pack_read_member(doc, "record");
	size_t n = 0;
	size_t one;
	struct reader in;
	enum err e;

	for (size_t i = 0; i < COUNT_OF(keys); i++)
		n += pack_read_member(doc, keys[i]).n > 0;
	if (n != 1)
		return err_set(ERR_INVALID,
		    "has to have column, columns, constant, unit or record, "
		    "one of them");
	e = one_column_read(r, doc, "column", &one);
	if (e == ERR_OK)
		e = columns_read(r, doc, "columns", &field->columns);
	if (e == ERR_OK && one != MAP_NONE)
		field->columns = (struct map_columns){.at = {one}, .n = 1};
	if (e == ERR_OK)
		e = optional_text_read(r, doc, "constant", &field->constant);
	if (e == ERR_OK)
		e = pack_read_bool(doc, "unit", &field->unit);
	if (e != ERR_OK || record.n == 0)
		return e;
	codec_begin(&in, record);
	return earlier_read(r, codec_get_text(&in), field);
}

/* ---- What cannot be meant ----------------------------------------------- */

static enum err
field_check(const struct reading *r, const struct map_field *field)
{
	const struct pack_field *to = field->field;
	bool dates = to->type == PACK_DATE || to->type == PACK_DATETIME;

	/* Two centres that take in the same file would add it twice. */
	if (to->kind == KIND_COUNTER)
		return err_set(ERR_INVALID,
		    "is a counter, which would count twice what two take in");
	if (to->match != NULL)
		return err_set(ERR_INVALID, "is filled by the node itself");
	if (field->unit && r->map->unit.n == 0)
		return err_set(ERR_INVALID, "unit: the rows have none");
	if ((field->unit || field->record != NULL || field->find != NULL) !=
		(to->type == PACK_REF) &&
	    to->type == PACK_REF)
		return err_set(ERR_INVALID,
		    "is a reference: say with unit, record or find what it "
		    "leads to");
	if ((field->unit || field->record != NULL || field->find != NULL) &&
	    to->type != PACK_REF)
		return err_set(ERR_INVALID, "is no reference");
	if (field->split_n > 0 && to->kind != KIND_SET &&
	    to->kind != KIND_NOTES)
		return err_set(ERR_INVALID, "split: it has one value");
	if (field->dates != r->map->dates && !dates)
		return err_set(ERR_INVALID, "dates: it is no day and no time");
	if (field->suffixes_n > 0 && field->clean != MAP_CLEAN_NUMBER)
		return err_set(ERR_INVALID, "suffixes: only of clean: number");
	if (field->other != NULL && field->words_n == 0)
		return err_set(ERR_INVALID, "other: there are no codes");
	return ERR_OK;
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
record_check(const struct reading *r)
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
