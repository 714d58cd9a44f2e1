/*
 * What a mapping says of one field: where its value comes from, and what is
 * done to it on the way.
 */
#include "cli/map_field.h"

#include <string.h>

#include "proto/clean.h"
#include "proto/codec.h"
#include "proto/limits.h"

static enum err source_read(
    struct map_reading *r, struct bytes doc, struct map_field *field) MUST_USE;
static enum err field_check(
    const struct map_reading *r, const struct map_field *field) MUST_USE;

/* Their words and ours. */
static enum err
codes_read(struct map_reading *r, struct bytes doc, struct map_field *field)
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
find_read(struct map_reading *r, struct bytes doc, struct map_field *field)
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
    struct map_reading *r, struct bytes doc, const char *key, const char **text)
{
	if (pack_read_member(doc, key).n == 0)
		return ERR_OK;
	return pack_read_text(&r->parts, doc, key, text);
}

enum err
map_field_read(struct map_reading *r, struct bytes doc, struct map_field *field)
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
		e = map_read_dates(r, doc, &field->dates);
	if (e == ERR_OK)
		e = find_read(r, doc, field);
	return e == ERR_OK ? field_check(r, field) : e;
}

/* The id of an earlier record of the row. */
static enum err
earlier_read(struct map_reading *r, struct bytes name, struct map_field *field)
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
source_read(struct map_reading *r, struct bytes doc, struct map_field *field)
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
	e = map_read_column(r, doc, "column", &one);
	if (e == ERR_OK)
		e = map_read_columns(r, doc, "columns", &field->columns);
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
field_check(const struct map_reading *r, const struct map_field *field)
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
