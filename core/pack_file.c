/*
 * Reads what docs/packs.md describes out of the decoded file of a pack.  Called
 * by pack.c alone.  What it does not understand it refuses, since a misspelt
 * rule would not be kept.
 */
#include "core/pack_file.h"

#include <string.h>

#include "core/pack_access.h"
#include "core/pack_codes.h"
#include "core/pack_compile.h"
#include "core/pack_fields.h"
#include "core/pack_lists.h"
#include "core/pack_reports.h"
#include "core/pack_twins.h"
#include "core/pack_units.h"
#include "core/pack_views.h"
#include "proto/codec.h"
#include "proto/limits.h"

enum { PACK_FORMAT = 2, CLOCK_HOURS_MAX = 14 };

static enum err head_read(struct pack_reading *r, struct bytes doc);
static enum err clock_read(struct bytes doc, struct pack *pack);
static enum err parts_read(struct pack_reading *r, struct bytes doc);
static enum err space_read(
    struct pack_reading *r, struct bytes doc, void *item);
static enum err collection_read(
    struct pack_reading *r, struct bytes doc, void *item);
static enum err collection_refer(
    struct pack_reading *r, struct bytes doc, void *item);

enum err
pack_file_read(struct bytes doc, struct pack *pack, struct buf *errors)
{
	struct pack_reading r = {
	    .pack = pack, .arena = &pack->arena, .errors = errors};
	enum err e;

	r.last = &r.first;
	e = head_read(&r, doc);
	if (e == ERR_OK)
		e = parts_read(&r, doc);
	if (e == ERR_OK)
		return pack_compile_all(pack, r.first, errors);
	if (errors == NULL)
		return pack_read_wrap(&r, e);
	pack_read_tell(&r, e, 0);
	return e;
}

/* Format and name: what has to be known before anything is looked at. */
static enum err
head_read(struct pack_reading *r, struct bytes doc)
{
	static const char *const keys[] = {"format", "name", "version", "label",
	    "spaces", "collections", NULL};
	static const char *const keys_2[] = {"format", "name", "version",
	    "label", "spaces", "collections", "clock", "codes", "units",
	    "scopes", "fold", "roles", "retention", "views", "due", "figures",
	    "reports", "match", "mirror", "duplicates", "reported", "access",
	    NULL};
	struct pack *pack = r->pack;
	struct reader in;
	uint64_t format;
	enum err e;

	codec_begin_checked(&in, doc);
	if (codec_peek(&in) != CODEC_MAP)
		return err_set(ERR_INVALID, "is not an object");
	codec_begin_checked(&in, pack_read_member(doc, "format"));
	format = codec_get_uint(&in, INT32_MAX);
	if (in.bad || format == 0 || format > PACK_FORMAT)
		return err_set(ERR_VERSION,
		    "format: this program reads 1 to %d", PACK_FORMAT);
	pack->format = (unsigned)format;
	e = pack_read_keys(doc, format == 1 ? keys : keys_2);
	if (e != ERR_OK)
		return e;
	codec_begin_checked(&in, pack_read_member(doc, "version"));
	pack->version = codec_get_uint(&in, INT32_MAX);
	if (pack->version == 0)
		return err_set(ERR_INVALID, "version: must be 1 or more");
	e = pack_read_name(r, doc, "name", &pack->name);
	if (e == ERR_OK)
		e = pack_read_label(r, doc, "label", NULL, &pack->label);
	return e == ERR_OK ? clock_read(doc, pack) : e;
}

/* "+09:00" */
static enum err
clock_read(struct bytes doc, struct pack *pack)
{
	struct bytes value = pack_read_member(doc, "clock");
	unsigned at[6] = {0};
	struct reader in;

	if (value.n == 0)
		return ERR_OK;
	codec_begin_checked(&in, value);
	value = codec_get_text(&in);
	for (size_t i = 0; i < COUNT_OF(at) && i < value.n; i++)
		at[i] = value.p[i] - (unsigned)'0';
	if (value.n != COUNT_OF(at) || value.p[3] != ':' || at[1] > 1 ||
	    at[2] > 9 || at[4] > 5 || at[5] > 9 ||
	    at[1] * 10 + at[2] > CLOCK_HOURS_MAX ||
	    (value.p[0] != '+' && value.p[0] != '-'))
		return err_set(ERR_INVALID,
		    "clock: must be what clocks are ahead of UTC, as +09:00");
	pack->clock_seconds = (int64_t)(at[1] * 10 + at[2]) * 3600 +
			      (int64_t)(at[4] * 10 + at[5]) * 60;
	if (value.p[0] == '-')
		pack->clock_seconds = -pack->clock_seconds;
	return ERR_OK;
}

/* Each part after those that it refers to. */
static enum err
parts_read(struct pack_reading *r, struct bytes doc)
{
	static const struct pack_read_list spaces = {.key = "spaces",
	    .max = LIMIT_COLLECTIONS,
	    .size = sizeof(struct pack_space),
	    .named = true,
	    .read = space_read};
	struct pack_read_list collections = {.key = "collections",
	    .max = LIMIT_COLLECTIONS,
	    .size = sizeof(struct pack_collection),
	    .named = true,
	    .needed = true,
	    .read = collection_read};
	struct pack *pack = r->pack;
	void *found = NULL;
	void *items = NULL;
	enum err e = pack_codes_read(r, doc);

	r->fields = arena_array(
	    r->arena, LIMIT_COLLECTIONS, sizeof(*r->fields));
	if (e == ERR_OK)
		e = pack_read_list(
		    r, doc, &collections, &found, &pack->collections_n);
	pack->collections = found;
	if (e == ERR_OK)
		e = pack_read_list(r, doc, &spaces, &items, &pack->spaces_n);
	pack->spaces = items;
	if (e == ERR_OK)
		e = pack_units_read(r, doc);
	collections.read = collection_refer;
	if (e == ERR_OK)
		e = pack_read_again(r, doc, &collections, found);
	if (e == ERR_OK)
		e = pack_views_read(r, doc);
	if (e == ERR_OK)
		e = pack_lists_read(r, doc);
	if (e == ERR_OK)
		e = pack_reports_read(r, doc);
	if (e == ERR_OK)
		e = pack_twins_read(r, doc);
	return e == ERR_OK ? pack_access_read(r, doc) : e;
}

/* What is said of a class of spaces beyond its name.  A misspelt class would
 * never be urgent, and nobody would notice. */
static enum err
space_read(struct pack_reading *r, struct bytes doc, void *item)
{
	static const char *const keys[] = {"name", "urgent", NULL};
	struct pack_space *space = item;
	enum err e = pack_read_keys(doc, keys);

	if (e == ERR_OK)
		e = pack_read_name(r, doc, "name", &space->name);
	if (e == ERR_OK)
		e = pack_read_bool(doc, "urgent", &space->urgent);
	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < r->pack->collections_n; i++) {
		if (strcmp(space->name, r->pack->collections[i].space) == 0)
			return ERR_OK;
	}
	return err_set(
	    ERR_INVALID, "name: no collection has the space %s", space->name);
}

/* ---- Collections -------------------------------------------------------- */

static enum err
collection_read(struct pack_reading *r, struct bytes doc, void *item)
{
	static const char *const keys[] = {
	    "name", "space", "label", "fields", "derived", NULL};
	static const char *const keys_2[] = {"name", "space", "label", "fields",
	    "derived", "retention", "retention_from", "title", "alias",
	    "indexes", NULL};
	static const struct pack_read_list fields = {.key = "fields",
	    .max = LIMIT_FIELDS,
	    .size = sizeof(struct pack_field),
	    .named = true,
	    .needed = true,
	    .read = pack_fields_read};
	static const struct pack_read_list derived = {.key = "derived",
	    .max = LIMIT_FIELDS,
	    .size = sizeof(struct pack_field),
	    .named = true,
	    .read = pack_fields_read_derived};
	struct pack_collection *collection = item;
	void *items = NULL;
	enum err e = pack_read_keys(doc, r->pack->format == 1 ? keys : keys_2);

	r->collection = collection;
	if (e == ERR_OK)
		e = pack_read_name(r, doc, "name", &collection->name);
	if (e == ERR_OK)
		e = pack_read_name(r, doc, "space", &collection->space);
	if (e == ERR_OK)
		e = pack_read_label(r, doc, "label", NULL, &collection->label);
	if (e == ERR_OK)
		e = pack_read_list(
		    r, doc, &fields, &items, &collection->fields_n);
	collection->fields = items;
	r->fields[r->path[r->depth - 1].at] = items;
	if (e != ERR_OK)
		return e;
	e = pack_read_list(r, doc, &derived, &items, &collection->derived_n);
	collection->derived = items;
	return e;
}

/* What is left of a collection, once all of them and the roles are known. */
static enum err
collection_refer(struct pack_reading *r, struct bytes doc, void *item)
{
	static const struct pack_read_list fields = {.key = "fields",
	    .max = LIMIT_FIELDS,
	    .size = sizeof(struct pack_field),
	    .needed = true,
	    .read = pack_fields_refer};
	const struct pack_read_names times = {"retention", r->pack->retention,
	    r->pack->retention_n, sizeof(*r->pack->retention)};
	const struct pack_read_expr from = {
	    .collection = item, .want = PACK_READ_WHEN};
	struct pack_collection *collection = item;
	const void *found;
	enum err e;

	r->collection = collection;
	e = pack_read_again(
	    r, doc, &fields, r->fields[r->path[r->depth - 1].at]);
	if (e == ERR_OK)
		e = pack_read_field(
		    doc, "title", collection, 0, &collection->title);
	if (e == ERR_OK)
		e = pack_twins_read_alias(doc, collection);
	if (e == ERR_OK)
		e = pack_read_ref(doc, "retention", &times, false, &found);
	if (e != ERR_OK)
		return e;
	collection->retention = found;
	if (collection->retention == NULL || collection->retention->keep)
		e = pack_read_there(
		    doc, "retention_from", false, "what has no retention");
	if (e == ERR_OK)
		e = pack_read_expr(r, doc, "retention_from", &from,
		    &collection->retention_from);
	return e == ERR_OK ? pack_views_read_indexes(r, doc) : e;
}
