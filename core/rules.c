/*
 * What the pack in force asks of a local write.  core/compose.c asks before it
 * writes, so that every door (commands, import, the console) has the same
 * rules.  Knows packs, not what they speak of.
 */
#include "core/rules.h"

#include <string.h>

#include "core/pack_check.h"
#include "core/pack_show.h"
#include "core/record.h"
#include "proto/ascii.h"
#include "proto/calendar.h"
#include "proto/codec.h"
#include "proto/mem.h"

static enum err collection_get(const struct pack *pack,
    const struct store_write *write, const struct record *record,
    const struct pack_collection **collection) MUST_USE;
static enum err space_check(const struct pack_collection *collection,
    const struct space *space) MUST_USE;
static enum err edit_check(const struct pack_collection *collection,
    const struct store_edit *edit) MUST_USE;
/* What shows the time, and what shows that it is wrong. */
struct clock {
	const struct host *host;
	const struct authority *authority; /* may be NULL */
};

static enum err dated_check(const struct pack *pack,
    const struct pack_collection *collection, const struct store_write *write,
    const struct record *record, const struct clock *clock) MUST_USE;
static enum err required_check(const struct pack_collection *collection,
    const struct store_write *write) MUST_USE;
static enum err stays_check(const struct pack_collection *collection,
    const struct store_write *write, const struct record *record) MUST_USE;
static bool set_stays(const struct store_write *write,
    const struct record *record, struct bytes name);

enum err
rules_check(const struct pack *pack, const struct store_write *write,
    const struct record *record, const struct host *host,
    const struct authority *authority)
{
	const struct pack_collection *collection;
	const struct clock now = {.host = host, .authority = authority};
	enum err e;

	if (pack == NULL || write->act != ACT_EDIT)
		return ERR_OK;
	e = collection_get(pack, write, record, &collection);
	if (e == ERR_OK && write->create)
		e = space_check(collection, &write->space);
	for (size_t i = 0; i < write->edits_n && e == ERR_OK; i++)
		e = edit_check(collection, &write->edits[i]);
	if (e == ERR_OK && !write->restored)
		e = dated_check(pack, collection, write, record, &now);
	if (e != ERR_OK || (write->create && write->restored))
		return e;
	return write->create ? required_check(collection, write)
			     : stays_check(collection, write, record);
}

static enum err
collection_get(const struct pack *pack, const struct store_write *write,
    const struct record *record, const struct pack_collection **collection)
{
	if (write->create)
		return pack_get_collection(pack, write->collection, collection);
	if (record->collection.n == 0)
		return err_set(ERR_INVALID,
		    "what kind of record this is cannot be read here, so that "
		    "its rules are not known");
	*collection = pack_collection(pack, record->collection);
	if (*collection != NULL)
		return ERR_OK;
	return err_set(ERR_INVALID,
	    "this is a record of '%.*s', which the pack %s (version %llu) does "
	    "not know: it stays as it is",
	    (int)record->collection.n, (const char *)record->collection.p,
	    pack->name, (unsigned long long)pack->version);
}

/* The last component of the space is the class that the collection wants. */
static enum err
space_check(const struct pack_collection *collection, const struct space *space)
{
	const char *class = id_class(space);

	if (strcmp(class, collection->space) == 0)
		return ERR_OK;
	return err_set(ERR_INVALID,
	    "%s: its records lie in spaces that end in /%s, and %s does not: "
	    "try %.*s%s",
	    collection->name, collection->space, space->text,
	    (int)(class - space->text), space->text, collection->space);
}

static enum err
edit_check(
    const struct pack_collection *collection, const struct store_edit *edit)
{
	static const char *const classes[CLASS_COUNT] = {"N", "P", "S", "F"};
	const struct pack_field *field;
	enum err e = pack_get_field(collection, edit->field, &field);

	if (e != ERR_OK)
		return e;
	if (field->kind != body_kind(edit->code))
		return err_set(ERR_INVALID, "%s.%s: is a %s, not a %s",
		    field->collection, field->name,
		    pack_kind_names[field->kind],
		    pack_kind_names[body_kind(edit->code)]);
	if (field->data_class != edit->class)
		return err_set(ERR_INVALID,
		    "%s.%s: is of class %s, and cannot be written as %s",
		    field->collection, field->name, classes[field->data_class],
		    classes[edit->class]);
	/* What an older pack let in may always be taken out. */
	if (edit->code == OP_CLEAR || edit->code == OP_REMOVE)
		return ERR_OK;
	return pack_check_value(field, edit->value);
}

/* Does `record` show the value of `edit`? */
static bool
is_shown(const struct record *record, const struct pack_field *field,
    const struct store_edit *edit)
{
	const struct record_field *has = merge_find(
	    record, edit->field, field->kind);

	for (size_t i = 0; has != NULL && i < has->n; i++) {
		if (bytes_equal(has->values[i].value, edit->value))
			return true;
	}
	return false;
}

/* A code is written newly only on its days, and what has happened only when it
 * has; what the record shows may be said again.  Few fields ask for the day. */
static enum err
dated_check(const struct pack *pack, const struct pack_collection *collection,
    const struct store_write *write, const struct record *record,
    const struct clock *clock)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < write->edits_n && e == ERR_OK; i++) {
		const struct store_edit *edit = &write->edits[i];
		const struct pack_field *field = pack_field(
		    collection, edit->field);
		uint64_t now_ms;
		int64_t now_seconds;
		bool dated;

		assert(field != NULL);
		dated = field->codes != NULL && field->codes->dated;
		if ((!dated && !field->past) || !body_has_value(edit->code) ||
		    (!write->create && is_shown(record, field, edit)))
			continue;
		now_ms = clock->host->now_ms(clock->host->arg);
		if (clock->authority != NULL &&
		    authority_is_behind(clock->authority, now_ms))
			return ERR_OK;
		now_seconds = calendar_seconds(now_ms);
		if (dated)
			e = pack_check_dated(field, edit->value,
			    calendar_day_at(now_seconds, pack->clock_seconds));
		if (e == ERR_OK && field->past)
			e = pack_check_past(field, edit->value, now_seconds,
			    pack->clock_seconds);
	}
	return e;
}

/* New records: is all there that must be? */
static enum err
required_check(
    const struct pack_collection *collection, const struct store_write *write)
{
	const struct pack_field **present = mem_zeros(
	    write->edits_n, sizeof(*present));
	size_t n = 0;
	enum err e;

	for (size_t i = 0; i < write->edits_n; i++)
		if (body_has_value(write->edits[i].code))
			present[n++] = pack_field(
			    collection, write->edits[i].field);
	e = pack_check_required(collection, present, n);
	mem_free(present);
	return e;
}

/* Changed records: does what must be there stay? */
static enum err
stays_check(const struct pack_collection *collection,
    const struct store_write *write, const struct record *record)
{
	for (size_t i = 0; i < write->edits_n; i++) {
		const struct store_edit *edit = &write->edits[i];
		const struct pack_field *field = pack_field(
		    collection, edit->field);

		assert(field != NULL);
		if (!field->required || body_has_value(edit->code))
			continue;
		if (edit->code == OP_REMOVE &&
		    set_stays(write, record, edit->field))
			continue;
		return err_set(ERR_INVALID,
		    "%s.%s: is required and cannot be cleared",
		    field->collection, field->name);
	}
	return ERR_OK;
}

/* Does an element of the set `name` stay when `write` is done? */
static bool
set_stays(const struct store_write *write, const struct record *record,
    struct bytes name)
{
	const struct record_field *has = merge_find(record, name, KIND_SET);
	bool stays = false;

	for (size_t i = 0; i < write->edits_n; i++)
		if (write->edits[i].code == OP_ADD &&
		    bytes_equal(write->edits[i].field, name))
			return true;
	for (size_t k = 0; has != NULL && k < has->n && !stays; k++) {
		stays = true;
		for (size_t i = 0; i < write->edits_n && stays; i++)
			stays = write->edits[i].code != OP_REMOVE ||
				!bytes_equal(write->edits[i].field, name) ||
				!bytes_equal(write->edits[i].value,
				    has->values[k].value);
	}
	return stays;
}

/* The text that `value` is; empty when it is none. */
static struct bytes
text_of(struct bytes value)
{
	struct reader r;

	codec_begin(&r, value);
	return codec_get_text(&r);
}

enum err
rules_move(const struct pack *pack, struct bytes collection,
    const struct store_edit *edit, struct bytes from)
{
	const struct pack_collection *of = pack_collection(pack, collection);
	const struct pack_field *field = of == NULL
					     ? NULL
					     : pack_field(of, edit->field);

	assert(edit->code == OP_MOVE);
	if (field == NULL)
		return ERR_OK;
	return pack_check_transition(
	    field, text_of(from), text_of(edit->value));
}

enum err
rules_unique(const struct turn_place *at, const struct pack_field *field,
    struct bytes value)
{
	struct lookup_scan scan;
	struct record_id other;
	bool found;
	enum err e;

	lookup_equal(at->txn, at->space->no, field, value, &scan);
	for (;;) {
		const struct record_field *has;
		struct record record;

		e = lookup_next(&scan, &other, &found);
		if (e != ERR_OK || !found)
			return e;
		if (memcmp(&other, at->id, sizeof(other)) == 0)
			continue;
		e = record_get(at->txn,
		    &(struct record_read){
			.space = at->space, .cells = true, .arena = at->arena},
		    &other, &record);
		if (e != ERR_OK)
			return e;
		has = merge_find(&record, bytes_text(field->name), field->kind);
		if (has == NULL || record.status == RECORD_DELETED)
			continue;
		for (size_t i = 0; i < has->n; i++)
			if (bytes_equal(has->values[i].value, value))
				return rules_taken(field, value, &other);
	}
}

enum err
rules_taken(const struct pack_field *field, struct bytes value,
    const struct record_id *other)
{
	struct buf shown = {0};
	struct buf hex = {0};
	enum err e;

	pack_show_value(field, value, &shown);
	if (other != NULL)
		ascii_hex(bytes_of(other->b, sizeof(other->b)), &hex);
	else
		buf_add_text(&hex, "written just before");
	e = err_set(ERR_EXISTS,
	    "%s.%s: is unique, and '%s' is taken by record %s",
	    field->collection, field->name, buf_text(&shown), buf_text(&hex));
	buf_fini(&hex);
	buf_fini(&shown);
	return e;
}
