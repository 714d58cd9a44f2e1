/*
 * One field of a collection out of the file of a pack: what a value of it is,
 * and what may be written.  Called by pack_file.c alone.
 */
#include "core/pack_fields.h"

#include "core/pack_flow.h"
#include "proto/codec.h"
#include "proto/limits.h"

static const char *const index_names[] = {[PACK_INDEX_NONE] = "none",
    [PACK_INDEX_PLAIN] = "plain",
    [PACK_INDEX_UNIQUE] = "unique"};

static enum err keys_check(
    const struct pack_reading *r, struct bytes doc, bool derived);
static enum err nature_read(struct bytes doc, struct pack_field *field);
static enum err type_read(
    struct pack_reading *r, struct bytes doc, struct pack_field *field);
static enum err values_read(
    struct pack_reading *r, struct bytes doc, struct pack_field *field);
static enum err bounds_read(struct bytes doc, struct pack_field *field);
static enum err name_check(
    const struct pack_reading *r, const struct pack_field *field);

enum err
pack_fields_read(struct pack_reading *r, struct bytes doc, void *item)
{
	struct pack_field *field = item;
	enum err e;

	field->collection = r->collection->name;
	field->min = INT64_MIN;
	field->max = INT64_MAX;
	e = keys_check(r, doc, field->derived);
	if (e == ERR_OK)
		e = pack_read_name(r, doc, "name", &field->name);
	if (e == ERR_OK)
		e = pack_read_label(r, doc, "label", NULL, &field->label);
	if (e == ERR_OK)
		e = nature_read(doc, field);
	if (e == ERR_OK)
		e = type_read(r, doc, field);
	if (e == ERR_OK)
		e = bounds_read(doc, field);
	if (e == ERR_OK)
		e = pack_flow_read(r, doc, field);
	return e == ERR_OK ? name_check(r, field) : e;
}

enum err
pack_fields_read_derived(struct pack_reading *r, struct bytes doc, void *item)
{
	struct pack_field *field = item;

	struct pack_read_expr how = {.collection = r->collection,
	    .want = PACK_READ_SINGLE,
	    .may = PACK_READ_GLOBAL};
	enum err e;

	field->derived = true;
	e = pack_fields_read(r, doc, item);
	if (field->type == PACK_BOOL)
		how.want = PACK_READ_BOOL;
	else if (field->type == PACK_INT || field->type == PACK_MONEY)
		how.want = PACK_READ_INT;
	else if (field->type == PACK_DATE || field->type == PACK_DATETIME)
		how.want = PACK_READ_WHEN;
	return e == ERR_OK ? pack_read_expr(r, doc, "is", &how, &field->is) : e;
}

/* Format 1 has fewer keys, and a derived field hardly any. */
static enum err
keys_check(const struct pack_reading *r, struct bytes doc, bool derived)
{
	static const char *const derived_keys[] = {"name", "label", "type",
	    "class", "values", "targets", "unit", NULL};
	static const char *const derived_keys_2[] = {"name", "label", "type",
	    "class", "values", "targets", "unit", "codes", "is", NULL};
	static const char *const keys[] = {"name", "label", "type", "class",
	    "values", "targets", "unit", "kind", "index", "required",
	    "transitions", NULL};
	static const char *const keys_2[] = {"name", "label", "type", "class",
	    "values", "targets", "unit", "kind", "index", "required",
	    "transitions", "codes", "search", "match", "min", "max", "grows",
	    "start", "end", "contested", "guards", "when", "not_after", NULL};

	if (r->pack->format == 1)
		return pack_read_keys(doc, derived ? derived_keys : keys);
	return pack_read_keys(doc, derived ? derived_keys_2 : keys_2);
}

/* Kind, class, index and whether it is required. */
static enum err
nature_read(struct bytes doc, struct pack_field *field)
{
	size_t kind = field->derived ? KIND_REGISTER : SIZE_MAX;
	size_t data_class = SIZE_MAX;
	size_t index = PACK_INDEX_NONE;
	enum err e = pack_read_one_of(
	    doc, "kind", pack_kind_names, COUNT_OF(pack_kind_names), &kind);

	if (e == ERR_OK)
		e = pack_read_one_of(doc, "class", pack_class_names,
		    COUNT_OF(pack_class_names), &data_class);
	if (e == ERR_OK)
		e = pack_read_one_of(
		    doc, "index", index_names, COUNT_OF(index_names), &index);
	if (e == ERR_OK)
		e = pack_read_bool(doc, "required", &field->required);
	if (e == ERR_OK && (kind == SIZE_MAX || data_class == SIZE_MAX))
		e = err_set(ERR_INVALID, "%s: missing",
		    kind == SIZE_MAX ? "kind" : "class");
	if (e != ERR_OK)
		return e;
	field->kind = (enum field_kind)kind;
	field->data_class = (enum delta_class)data_class;
	field->index = (enum pack_index)index;
	if (field->index == PACK_INDEX_UNIQUE && field->kind != KIND_REGISTER)
		return err_set(
		    ERR_INVALID, "index: only a register can be unique");
	return ERR_OK;
}

/* Type, values, targets and unit: what one value of `field` is. */
static enum err
type_read(struct pack_reading *r, struct bytes doc, struct pack_field *field)
{
	static const enum pack_type implied[] = {[KIND_COUNTER] = PACK_INT,
	    [KIND_NOTES] = PACK_TEXT,
	    [KIND_STATE] = PACK_ENUM};
	bool typed = field->kind == KIND_REGISTER || field->kind == KIND_SET;
	size_t type = typed ? PACK_TEXT : implied[field->kind];
	struct pack_read_words words = {0};
	enum err e = pack_read_there(
	    doc, "type", typed, pack_kind_names[field->kind]);

	if (e == ERR_OK)
		e = pack_read_one_of(doc, "type", pack_type_names,
		    COUNT_OF(pack_type_names), &type);
	if (e != ERR_OK)
		return e;
	field->type = (enum pack_type)type;
	e = values_read(r, doc, field);
	if (e == ERR_OK)
		e = pack_read_there(
		    doc, "targets", type == PACK_REF, pack_type_names[type]);
	if (e == ERR_OK && type != PACK_INT)
		e = pack_read_there(doc, "unit", false, pack_type_names[type]);
	if (e == ERR_OK)
		e = pack_read_words(
		    r, doc, "targets", LIMIT_COLLECTIONS, &words);
	field->targets = words.p;
	field->targets_n = words.n;
	if (e == ERR_OK && pack_read_member(doc, "unit").n > 0)
		e = pack_read_text(r, doc, "unit", &field->unit);
	return e;
}

/* The values that may stand there, in the field itself or as a list of codes.
 */
static enum err
values_read(struct pack_reading *r, struct bytes doc, struct pack_field *field)
{
	const struct pack_read_names names = {"list of codes", r->pack->codes,
	    r->pack->codes_n, sizeof(*r->pack->codes)};
	bool coded = pack_read_member(doc, "codes").n > 0;
	struct pack_read_words words;
	const void *found;
	enum err e = ERR_OK;

	if (coded && pack_read_member(doc, "values").n > 0)
		return err_set(
		    ERR_INVALID, "codes: a field with values cannot have one");
	if (field->type != PACK_MAP)
		e = pack_read_there(doc, coded ? "codes" : "values",
		    field->type == PACK_ENUM, pack_type_names[field->type]);
	if (e != ERR_OK)
		return e;
	if (!coded) {
		e = pack_read_words(r, doc, "values", LIMIT_VALUES, &words);
		field->values = words.p;
		field->values_n = words.n;
		return e;
	}
	e = pack_read_ref(doc, "codes", &names, true, &found);
	if (e != ERR_OK)
		return e;
	field->codes = found;
	field->values = field->codes->words;
	field->values_n = field->codes->values_n;
	if (field->kind == KIND_STATE && field->values_n > LIMIT_VALUES)
		return err_set(ERR_INVALID,
		    "codes: %s has %zu values, and a state at most %d",
		    field->codes->name, field->values_n, LIMIT_VALUES);
	return ERR_OK;
}

/* Is it of what has happened? */
static enum err
past_read(struct bytes doc, struct pack_field *field)
{
	static const char *const names[] = {"now"};
	bool is_time = field->type == PACK_DATE || field->type == PACK_DATETIME;
	size_t at = SIZE_MAX;

	if (!is_time)
		return pack_read_there(
		    doc, "not_after", false, pack_type_names[field->type]);
	if (pack_read_member(doc, "not_after").n == 0)
		return ERR_OK;
	field->past = true;
	return pack_read_one_of(doc, "not_after", names, COUNT_OF(names), &at);
}

/* What numbers and texts may be, beyond their type. */
static enum err
bounds_read(struct bytes doc, struct pack_field *field)
{
	bool counts = field->type == PACK_INT || field->type == PACK_MONEY;
	const char *type = pack_type_names[field->type];
	enum err e = ERR_OK;

	if (!counts)
		e = pack_read_there(doc, "min", false, type);
	if (e == ERR_OK && !counts)
		e = pack_read_there(doc, "max", false, type);
	if (e == ERR_OK)
		e = pack_read_int(
		    doc, "min", INT64_MIN, INT64_MAX, &field->min);
	if (e == ERR_OK)
		e = pack_read_int(
		    doc, "max", INT64_MIN, INT64_MAX, &field->max);
	if (e == ERR_OK)
		e = past_read(doc, field);
	if (e == ERR_OK)
		e = pack_read_bool(doc, "grows", &field->grows);
	if (e == ERR_OK)
		e = pack_read_bool(doc, "search", &field->search);
	if (e != ERR_OK)
		return e;
	if (field->grows && field->kind != KIND_COUNTER)
		return err_set(ERR_INVALID, "grows: only a counter can grow");
	if (field->grows && field->max < 0)
		return err_set(
		    ERR_INVALID, "max: is below zero, and the counter grows");
	if (field->min > field->max)
		return err_set(ERR_INVALID, "max: is less than min");
	if (field->search &&
	    (field->type != PACK_TEXT || field->data_class != CLASS_N))
		return err_set(ERR_INVALID,
		    "search: only text of class N can be searched");
	return ERR_OK;
}

/* Is the name free?  That of another stored field is found by who reads the
 * list. */
static enum err
name_check(const struct pack_reading *r, const struct pack_field *field)
{
	struct bytes name = bytes_text(field->name);

	if (bytes_is(name, "id"))
		return err_set(
		    ERR_INVALID, "name: id is the name of the record itself");
	for (size_t i = 0; field->derived && i < r->collection->fields_n; i++) {
		if (bytes_is(name, r->collection->fields[i].name))
			return err_set(ERR_INVALID,
			    "name: %s stands there twice", field->name);
	}
	return ERR_OK;
}

/* ---- What refers to others ---------------------------------------------- */

static enum err
match_read(struct pack_reading *r, struct bytes doc, struct pack_field *field)
{
	static const char *const keys[] = {"of", "as", NULL};
	unsigned types = 1U << PACK_TEXT | 1U << PACK_DATE;
	struct pack_match *match;
	size_t as = SIZE_MAX;
	enum err e;

	if (doc.n == 0)
		return ERR_OK;
	pack_read_enter(r, "match", SIZE_MAX);
	match = arena_new(r->arena, sizeof(*match));
	e = pack_read_keys(doc, keys);
	if (e == ERR_OK)
		e = pack_read_one_of(doc, "as", pack_normal_names,
		    COUNT_OF(pack_normal_names), &as);
	if (e == ERR_OK && as == PACK_NORMAL_DATE)
		types = 1U << PACK_DATE;
	else if (e == ERR_OK)
		types = 1U << PACK_TEXT;
	if (e == ERR_OK)
		e = pack_read_field(
		    doc, "of", r->collection, types, &match->of);
	if (e == ERR_OK && (as == SIZE_MAX || match->of == NULL))
		e = err_set(
		    ERR_INVALID, "%s: missing", as == SIZE_MAX ? "as" : "of");
	if (e == ERR_OK && match->of->kind != KIND_REGISTER)
		e = err_set(
		    ERR_INVALID, "of: %s is no register", match->of->name);
	if (e != ERR_OK)
		return e;
	pack_read_leave(r);
	match->as = (enum pack_normal)as;
	field->match = match;
	if (field->kind != KIND_REGISTER || field->type != PACK_HASH)
		return err_set(ERR_INVALID,
		    "match: only a register of type hash can be filled so");
	if (field->required)
		return err_set(ERR_INVALID,
		    "match: what the node fills cannot be required: it stays "
		    "empty where the keys are not held");
	return ERR_OK;
}

enum err
pack_fields_refer(struct pack_reading *r, struct bytes doc, void *item)
{
	struct pack_field *field = item;
	enum err e = match_read(r, pack_read_member(doc, "match"), field);

	if (e == ERR_OK)
		e = pack_flow_when(r, doc, field);
	return e == ERR_OK ? pack_flow_guards(r, doc, field) : e;
}
