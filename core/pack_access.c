/*
 * What a pack says of the log of accesses.  Called by pack_file.c alone.
 */
#include "core/pack_access.h"

#include "proto/codec.h"

static enum err
fields_read(struct bytes doc, struct pack_access *access)
{
	const struct pack_read_part parts[] = {
	    {"who", &access->who, 1U << PACK_REF, KIND_REGISTER, false},
	    {"at", &access->at, 1U << PACK_DATETIME, KIND_REGISTER, false},
	    {"action", &access->action, 1U << PACK_ENUM, KIND_REGISTER, false},
	    {"reason", &access->reason, 1U << PACK_TEXT, KIND_REGISTER, false},
	    {"where", &access->place, 1U << PACK_TEXT, KIND_REGISTER, true},
	    {"before", &access->before, 1U << PACK_HASH, KIND_REGISTER, true},
	    {"subject", &access->subject, 1U << PACK_REF, KIND_REGISTER, true},
	};

	return pack_read_parts(doc, access->collection, parts, COUNT_OF(parts));
}

/* Which of the values of `action` stands for `key`. */
static enum err
value_read(struct pack_reading *r, struct bytes doc, const char *key,
    const struct pack_field *action, const char **value)
{
	enum err e = pack_read_text(r, doc, key, value);

	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < action->values_n; i++)
		if (bytes_is(bytes_text(*value), action->values[i]))
			return ERR_OK;
	return err_set(
	    ERR_INVALID, "%s: %s has no value '%s'", key, action->name, *value);
}

/* What such a record must have, the program has to give. */
static enum err
log_check(const struct pack_access *access)
{
	const struct pack_field *const given[] = {access->who, access->at,
	    access->action, access->reason, access->place, access->before};

	for (size_t i = 0; i < access->collection->fields_n; i++) {
		const struct pack_field *field = &access->collection->fields[i];
		bool is = !field->required;

		for (size_t k = 0; k < COUNT_OF(given) && !is; k++)
			is = given[k] == field;
		if (!is)
			return err_set(ERR_INVALID,
			    "%s.%s is required, and nothing becomes it",
			    access->collection->name, field->name);
	}
	return ERR_OK;
}

enum err
pack_access_read(struct pack_reading *r, struct bytes pack)
{
	static const char *const keys[] = {"collection", "who", "at", "action",
	    "export", "look", "subject", "reason", "where", "before", NULL};
	struct bytes doc = pack_read_member(pack, "access");
	struct pack_access *access;
	enum err e;

	if (doc.n == 0)
		return ERR_OK;
	pack_read_enter(r, "access", SIZE_MAX);
	access = arena_new(r->arena, sizeof(*access));
	e = pack_read_keys(doc, keys);
	if (e == ERR_OK)
		e = pack_read_collection(
		    r, doc, "collection", true, &access->collection);
	if (e == ERR_OK)
		e = fields_read(doc, access);
	if (e == ERR_OK)
		e = value_read(
		    r, doc, "export", access->action, &access->export);
	if (e == ERR_OK && pack_read_member(doc, "look").n > 0)
		e = value_read(r, doc, "look", access->action, &access->look);
	if (e == ERR_OK)
		e = log_check(access);
	if (e == ERR_OK)
		pack_read_leave(r);
	r->pack->access = access;
	return e;
}
