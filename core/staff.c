/*
 * Roles of staff.  core/compose.c asks before it writes, cli/ before it shows.
 * Rights between nodes are another thing: core/authority.c.
 */
#include "core/staff.h"

enum err
staff_get(
    const struct pack *pack, struct bytes name, const struct pack_role **role)
{
	struct buf known = {0};
	enum err e;

	for (size_t i = 0; pack != NULL && i < pack->roles_n; i++) {
		*role = &pack->roles[i];
		if (bytes_is(name, (*role)->name) ||
		    bytes_is(name, (*role)->label.ko) ||
		    bytes_is(name, (*role)->label.en))
			return ERR_OK;
	}
	*role = NULL;
	for (size_t i = 0; pack != NULL && i < pack->roles_n; i++)
		buf_add_format(
		    &known, "%s%s", i > 0 ? ", " : "", pack->roles[i].name);
	if (known.n == 0)
		e = err_set(ERR_INVALID,
		    "role '%.*s': the pack of this store has no roles",
		    (int)name.n, (const char *)name.p);
	else
		e = err_set(ERR_INVALID, "role '%.*s': the pack has %s",
		    (int)name.n, (const char *)name.p, buf_text(&known));
	buf_fini(&known);
	return e;
}

enum err
staff_may_write(
    const struct pack_role *role, const struct pack_collection *collection)
{
	struct buf names = {0};
	enum err e;

	if (role == NULL)
		return ERR_OK;
	for (size_t i = 0; i < role->write_n; i++)
		if (role->write[i] == collection)
			return ERR_OK;
	for (size_t i = 0; i < role->write_n; i++)
		buf_add_format(
		    &names, "%s%s", i > 0 ? ", " : "", role->write[i]->name);
	e = err_set(ERR_DENIED,
	    "%s: the role %s (%s) does not write these records; it writes %s",
	    collection != NULL ? collection->name : "this record",
	    role->label.ko, role->label.en,
	    names.n > 0 ? buf_text(&names) : "none");
	buf_fini(&names);
	return e;
}

bool
staff_sees(const struct pack_role *role, const struct pack_field *field,
    enum delta_class class)
{
	if (role == NULL)
		return true;
	for (size_t i = 0; i < role->hide_n; i++)
		if (role->hide[i] == field)
			return false;
	return (role->read >> class & 1U) != 0;
}

size_t
staff_hide(const struct pack_role *role,
    const struct pack_collection *collection, struct record *record)
{
	size_t fields = 0;
	size_t hidden = 0;

	for (size_t i = 0; role != NULL && i < record->fields_n; i++) {
		struct record_field *content = &record->fields[i];
		const struct pack_field *field = collection != NULL
						     ? pack_field(collection,
							   content->name)
						     : NULL;
		size_t n = 0;

		assert(content->n == 0 || content->values != NULL);
		for (size_t k = 0; k < content->n; k++)
			if (staff_sees(role, field, content->values[k].class))
				content->values[n++] = content->values[k];
		hidden += n < content->n ? 1 : 0;
		content->n = n;
		if (n > 0)
			record->fields[fields++] = *content;
	}
	if (role != NULL)
		record->fields_n = fields;
	return hidden;
}

struct seen {
	const struct pack_role *role;
	bool all;
};

static void
field_look(void *arg, const struct pack_field *field)
{
	struct seen *seen = arg;

	seen->all = seen->all &&
		    staff_sees(seen->role, field, field->data_class);
}

bool
staff_sees_all(const struct pack_role *role, const struct expr *expr)
{
	struct seen seen = {.role = role, .all = true};

	if (role != NULL && expr != NULL)
		expr_fields(expr, field_look, &seen);
	return seen.all;
}
