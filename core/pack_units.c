/*
 * Who a pack is for: which records say what the spaces are, of which sizes
 * there are lists, and what people in their roles do.  Called by pack_file.c
 * alone.
 */
#include "core/pack_units.h"

#include "proto/codec.h"
#include "proto/limits.h"

static enum err units_read(struct pack_reading *r, struct bytes doc);
static enum err scope_read(
    struct pack_reading *r, struct bytes doc, void *item);
static enum err role_read(struct pack_reading *r, struct bytes doc, void *item);

enum err
pack_units_read(struct pack_reading *r, struct bytes doc)
{
	static const struct pack_read_list scopes = {.key = "scopes",
	    .max = LIMIT_SCOPES,
	    .size = sizeof(struct pack_scope),
	    .named = true,
	    .read = scope_read};
	static const struct pack_read_list roles = {.key = "roles",
	    .max = LIMIT_ROLES,
	    .size = sizeof(struct pack_role),
	    .named = true,
	    .read = role_read};
	struct pack *pack = r->pack;
	void *items = NULL;
	enum err e = units_read(r, pack_read_member(doc, "units"));

	if (e == ERR_OK)
		e = pack_read_list(r, doc, &scopes, &items, &pack->scopes_n);
	pack->scopes = items;
	if (e != ERR_OK)
		return e;
	e = pack_read_list(r, doc, &roles, &items, &pack->roles_n);
	pack->roles = items;
	return e;
}

/* What refers to other units must be able to. */
static enum err
target_check(const struct pack_units *units, const char *key,
    const struct pack_field *field)
{
	for (size_t i = 0; field != NULL && i < field->targets_n; i++) {
		if (bytes_is(
			bytes_text(field->targets[i]), units->collection->name))
			return ERR_OK;
	}
	return field == NULL
		   ? ERR_OK
		   : err_set(ERR_INVALID, "%s: %s does not lead to %s", key,
			 field->name, units->collection->name);
}

static enum err
unit_fields(struct bytes doc, struct pack_units *units)
{
	const struct pack_read_part parts[] = {
	    {"name", &units->name, 1U << PACK_TEXT, KIND_REGISTER, false},
	    {"prefix", &units->prefix, 1U << PACK_TEXT, KIND_REGISTER, false},
	    {"level", &units->level, 1U << PACK_ENUM, KIND_REGISTER, false},
	    {"parent", &units->parent, 1U << PACK_REF, KIND_REGISTER, true},
	    {"aliases", &units->aliases, 1U << PACK_TEXT, KIND_SET, true},
	    {"code", &units->code, 1U << PACK_TEXT, KIND_REGISTER, true},
	    {"from", &units->from, 1U << PACK_DATE, KIND_REGISTER, true},
	    {"to", &units->to, 1U << PACK_DATE, KIND_REGISTER, true},
	    {"successors", &units->successors, 1U << PACK_REF, KIND_SET, true},
	};

	return pack_read_parts(doc, units->collection, parts, COUNT_OF(parts));
}

static enum err
units_read(struct pack_reading *r, struct bytes doc)
{
	static const char *const keys[] = {"collection", "name", "aliases",
	    "code", "prefix", "parent", "level", "from", "to", "successors",
	    NULL};
	struct pack_units *units;
	enum err e;

	if (doc.n == 0)
		return ERR_OK;
	pack_read_enter(r, "units", SIZE_MAX);
	units = arena_new(r->arena, sizeof(*units));
	e = pack_read_keys(doc, keys);
	if (e == ERR_OK)
		e = pack_read_collection(
		    r, doc, "collection", true, &units->collection);
	if (e == ERR_OK)
		e = unit_fields(doc, units);
	if (e == ERR_OK)
		e = target_check(units, "parent", units->parent);
	if (e == ERR_OK)
		e = target_check(units, "successors", units->successors);
	if (e == ERR_OK)
		pack_read_leave(r);
	r->pack->units = units;
	return e;
}

static enum err
scope_read(struct pack_reading *r, struct bytes doc, void *item)
{
	static const char *const keys[] = {"name", "label", "level", NULL};
	const struct pack_units *units = r->pack->units;
	struct pack_read_names names = {
	    .what = "level", .size = sizeof(char *)};
	struct pack_scope *scope = item;
	const void *found;
	enum err e = pack_read_keys(doc, keys);

	if (e == ERR_OK && units == NULL)
		e = err_set(ERR_INVALID, "level: the pack has no units");
	if (e != ERR_OK)
		return e;
	names.items = units->level->values;
	names.n = units->level->values_n;
	e = pack_read_name(r, doc, "name", &scope->name);
	if (e == ERR_OK)
		e = pack_read_label(
		    r, doc, "label", scope->name, &scope->label);
	if (e == ERR_OK)
		e = pack_read_ref(doc, "level", &names, true, &found);
	if (e == ERR_OK)
		scope->level = *(const char *const *)found;
	return e;
}

/* ---- Roles -------------------------------------------------------------- */

static enum err
classes_read(struct pack_reading *r, struct bytes doc, unsigned *classes)
{
	struct pack_read_words words;
	enum err e = pack_read_words(r, doc, "read", CLASS_COUNT, &words);

	if (e == ERR_OK && words.n == 0)
		e = err_set(ERR_INVALID, "read: missing");
	for (size_t i = 0; i < words.n && e == ERR_OK; i++) {
		size_t k = 0;

		while (k < CLASS_COUNT &&
		       !bytes_is(bytes_text(words.p[i]), pack_class_names[k]))
			k++;
		if (k == CLASS_COUNT)
			return err_set(ERR_INVALID,
			    "read[%zu]: must be one of N, P, S, F", i);
		*classes |= 1U << k;
	}
	return e;
}

static enum err
write_read(struct pack_reading *r, struct bytes doc, struct pack_role *role)
{
	const struct pack_collection **write;
	struct pack_read_words words;
	enum err e = pack_read_words(
	    r, doc, "write", LIMIT_COLLECTIONS, &words);

	role->write_n = words.n;
	if (e != ERR_OK || words.n == 0)
		return e;
	write = arena_array(r->arena, role->write_n, sizeof(*write));
	role->write = write;
	for (size_t i = 0; i < role->write_n; i++) {
		e = pack_get_collection(
		    r->pack, bytes_text(words.p[i]), &write[i]);
		if (e != ERR_OK)
			return err_wrap(e, "write[%zu]", i);
	}
	return ERR_OK;
}

/* "loan.neighbour" */
static enum err
hidden_find(
    const struct pack *pack, struct bytes text, const struct pack_field **field)
{
	const struct pack_collection *of;
	size_t point = bytes_find(text, '.');
	enum err e;

	if (point == text.n)
		return err_set(ERR_INVALID,
		    "must be a field with its collection: loan.neighbour");
	e = pack_get_collection(pack, bytes_first(text, point), &of);
	return e == ERR_OK
		   ? pack_get_field(of, bytes_after(text, point + 1), field)
		   : e;
}

static enum err
hide_read(struct pack_reading *r, struct bytes doc, struct pack_role *role)
{
	const struct pack_field **hide;
	struct pack_read_words words;
	enum err e = pack_read_words(r, doc, "hide", LIMIT_FIELDS, &words);

	role->hide_n = words.n;
	if (e != ERR_OK || words.n == 0)
		return e;
	hide = arena_array(r->arena, role->hide_n, sizeof(*hide));
	role->hide = hide;
	for (size_t i = 0; i < role->hide_n; i++) {
		e = hidden_find(r->pack, bytes_text(words.p[i]), &hide[i]);
		if (e != ERR_OK)
			return err_wrap(e, "hide[%zu]", i);
	}
	return ERR_OK;
}

static enum err
role_read(struct pack_reading *r, struct bytes doc, void *item)
{
	static const char *const keys[] = {
	    "name", "label", "scope", "read", "write", "hide", NULL};
	const struct pack_read_names names = {"scope", r->pack->scopes,
	    r->pack->scopes_n, sizeof(*r->pack->scopes)};
	struct pack_role *role = item;
	const void *scope = NULL;
	enum err e = pack_read_keys(doc, keys);

	if (e == ERR_OK)
		e = pack_read_text(r, doc, "name", &role->name);
	if (e == ERR_OK)
		e = pack_read_label(r, doc, "label", role->name, &role->label);
	if (e == ERR_OK)
		e = pack_read_ref(doc, "scope", &names, false, &scope);
	role->scope = scope;
	if (e == ERR_OK)
		e = classes_read(r, doc, &role->read);
	if (e == ERR_OK)
		e = write_read(r, doc, role);
	return e == ERR_OK ? hide_read(r, doc, role) : e;
}
