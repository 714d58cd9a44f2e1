/*
 * Reads what docs/packs.md describes out of the decoded file of a pack.  Called
 * by pack.c alone.  What it does not understand it refuses, since a misspelt
 * rule would not be kept.
 */
#include "core/pack_file.h"

#include "proto/buf.h"
#include "proto/codec.h"
#include "proto/limits.h"
#include "proto/text.h"

enum { PACK_FORMAT = 1 };

/* Some texts in an arena. */
struct words {
	const char *const *p;
	size_t n;
};

static const char *const index_names[] = {[PACK_INDEX_NONE] = "none",
    [PACK_INDEX_PLAIN] = "plain",
    [PACK_INDEX_UNIQUE] = "unique"};
static const char *const class_names[] = {
    [CLASS_N] = "N", [CLASS_P] = "P", [CLASS_S] = "S", [CLASS_F] = "F"};

static enum err parse_spaces(struct bytes doc, struct pack *pack);
static enum err check_space(const struct pack *pack, size_t which);
static enum err parse_collection(
    struct bytes doc, struct arena *arena, struct pack_collection *collection);
static enum err parse_fields(struct bytes doc, bool derived,
    struct arena *arena, struct pack_collection *collection);
static enum err parse_field(struct bytes doc, struct arena *arena, bool derived,
    struct pack_field *field);
static enum err parse_type(
    struct bytes doc, struct arena *arena, struct pack_field *field);
static enum err parse_moves(
    struct bytes doc, struct arena *arena, struct pack_field *field);

/* The member `key` of the object `doc`, empty when it has none. */
static struct bytes
member(struct bytes doc, const char *key)
{
	struct bytes last = {0};
	struct reader r;
	size_t n;

	codec_begin(&r, doc);
	n = codec_get_map(&r, SIZE_MAX);
	for (size_t i = 0; i < n && !r.bad; i++) {
		struct bytes name = codec_get_text_key(&r, &last);
		struct bytes value = codec_get_value(&r);

		if (bytes_is(name, key))
			return value;
	}
	return (struct bytes){0};
}

/* Is `doc` an object whose keys all stand in `keys`, which ends with NULL? */
static enum err
check_keys(struct bytes doc, const char *const *keys)
{
	struct bytes last = {0};
	struct reader r;
	size_t n;

	codec_begin(&r, doc);
	if (codec_peek(&r) != CODEC_MAP)
		return err_set(ERR_INVALID, "is not an object");
	n = codec_get_map(&r, SIZE_MAX);
	for (size_t i = 0; i < n; i++) {
		struct bytes name = codec_get_text_key(&r, &last);
		size_t k = 0;

		(void)codec_get_value(&r);
		while (keys[k] != NULL && !bytes_is(name, keys[k]))
			k++;
		if (keys[k] == NULL)
			return err_set(ERR_INVALID, "%.*s: unknown key",
			    (int)name.n, (const char *)name.p);
	}
	return ERR_OK;
}

/* A text that people read: not empty, not long, no control characters. */
static enum err
read_label(struct bytes value, struct arena *arena, const char **text)
{
	struct reader r;
	struct bytes got;

	codec_begin(&r, value);
	got = codec_get_text(&r);
	if (r.bad || got.n == 0 || got.n > LIMIT_LABEL_SIZE)
		return err_set(ERR_INVALID, "must be a text of 1 to %d bytes",
		    LIMIT_LABEL_SIZE);
	for (size_t i = 0; i < got.n; i++) {
		if (got.p[i] < ' ' || got.p[i] == 0x7f)
			return err_set(
			    ERR_INVALID, "must be without control characters");
	}
	*text = arena_text(arena, got);
	return ERR_OK;
}

static enum err
read_name(struct bytes value, struct arena *arena, const char **name)
{
	struct reader r;
	struct bytes got;

	codec_begin(&r, value);
	got = codec_get_text(&r);
	if (r.bad || !text_is_name(got))
		return err_set(ERR_INVALID,
		    "must be a name: a-z, 0-9 and _, at most %d",
		    LIMIT_NAME_SIZE);
	*name = arena_text(arena, got);
	return ERR_OK;
}

/* The member `key` of `doc` through `read`, which must be there. */
static enum err
parse_text(struct bytes doc, const char *key, struct arena *arena,
    enum err (*read)(struct bytes, struct arena *, const char **),
    const char **text)
{
	enum err e = read(member(doc, key), arena, text);

	return e == ERR_OK ? e : err_wrap(e, "%s", key);
}

static enum err
parse_label(struct bytes doc, struct arena *arena, struct pack_label *label)
{
	static const char *const keys[] = {"ko", "en", NULL};
	struct bytes inner = member(doc, "label");
	enum err e = check_keys(inner, keys);

	if (e == ERR_OK)
		e = parse_text(inner, "ko", arena, read_label, &label->ko);
	if (e == ERR_OK)
		e = parse_text(inner, "en", arena, read_label, &label->en);
	return e == ERR_OK ? e : err_wrap(e, "label");
}

/* Which of the `n` `names` the member `key` is, into `*which`; untouched when
 * it has none. */
static enum err
parse_one_of(struct bytes doc, const char *key, const char *const *names,
    size_t n, size_t *which)
{
	struct bytes value = member(doc, key);
	struct buf known = {0};
	struct reader r;
	enum err e;

	if (value.n == 0)
		return ERR_OK;
	codec_begin(&r, value);
	value = codec_get_text(&r);
	for (size_t i = 0; i < n && !r.bad; i++) {
		if (bytes_is(value, names[i])) {
			*which = i;
			return ERR_OK;
		}
	}
	for (size_t i = 0; i < n; i++)
		buf_add_format(&known, "%s%s", i == 0 ? "" : ", ", names[i]);
	e = err_set(
	    ERR_INVALID, "%s: must be one of %s", key, buf_text(&known));
	buf_fini(&known);
	return e;
}

static enum err
parse_bool(struct bytes doc, const char *key, bool *v)
{
	struct bytes value = member(doc, key);
	struct reader r;

	if (value.n == 0)
		return ERR_OK;
	codec_begin(&r, value);
	*v = codec_get_bool(&r);
	return r.bad ? err_set(ERR_INVALID, "%s: must be true or false", key)
		     : ERR_OK;
}

/* The texts of the member `key`: 1 to `max`, each once; none when it is not
 * there. */
static enum err
parse_words(struct bytes doc, const char *key, size_t max, struct arena *arena,
    struct words *words)
{
	struct bytes value = member(doc, key);
	const char **p;
	struct reader r;
	enum err e = ERR_OK;

	*words = (struct words){0};
	if (value.n == 0)
		return ERR_OK;
	codec_begin(&r, value);
	words->n = codec_get_array(&r, max);
	if (r.bad || words->n == 0)
		return err_set(
		    ERR_INVALID, "%s: must be a list of 1 to %zu", key, max);
	p = arena_array(arena, words->n, sizeof(*p));
	words->p = p;
	for (size_t i = 0; i < words->n && e == ERR_OK; i++) {
		e = read_label(codec_get_value(&r), arena, &p[i]);
		for (size_t k = 0; k < i && e == ERR_OK; k++) {
			if (bytes_is(bytes_text(p[i]), p[k]))
				e = err_set(ERR_INVALID, "stands there twice");
		}
		if (e != ERR_OK)
			e = err_wrap(e, "%s[%zu]", key, i);
	}
	return e;
}

/* Starts `r` at the list `key` of `doc`, of `*n` elements: 1 to `max`. */
static enum err
list_begin(
    struct bytes doc, const char *key, size_t max, struct reader *r, size_t *n)
{
	codec_begin(r, member(doc, key));
	*n = codec_get_array(r, max);
	if (r->bad || *n == 0)
		return err_set(
		    ERR_INVALID, "%s: must be a list of 1 to %zu", key, max);
	return ERR_OK;
}

enum err
pack_file_read(struct bytes doc, struct pack *pack)
{
	static const char *const keys[] = {"format", "name", "version", "label",
	    "spaces", "collections", NULL};
	struct pack_collection *collections;
	struct reader r;
	enum err e = check_keys(doc, keys);

	if (e != ERR_OK)
		return e;
	codec_begin(&r, member(doc, "format"));
	if (codec_get_int(&r) != PACK_FORMAT)
		return err_set(
		    ERR_VERSION, "format: this program reads %d", PACK_FORMAT);
	codec_begin(&r, member(doc, "version"));
	pack->version = codec_get_uint(&r, INT32_MAX);
	if (pack->version == 0)
		return err_set(ERR_INVALID, "version: must be 1 or more");
	e = parse_text(doc, "name", &pack->arena, read_name, &pack->name);
	if (e == ERR_OK)
		e = parse_label(doc, &pack->arena, &pack->label);
	if (e == ERR_OK)
		e = list_begin(doc, "collections", LIMIT_COLLECTIONS, &r,
		    &pack->collections_n);
	if (e != ERR_OK)
		return e;
	collections = arena_array(
	    &pack->arena, pack->collections_n, sizeof(*collections));
	pack->collections = collections;
	for (size_t i = 0; i < pack->collections_n; i++) {
		e = parse_collection(
		    codec_get_value(&r), &pack->arena, &collections[i]);
		for (size_t k = 0; k < i && e == ERR_OK; k++) {
			if (bytes_is(bytes_text(collections[k].name),
				collections[i].name))
				e = err_set(ERR_INVALID,
				    "name: %s stands there twice",
				    collections[i].name);
		}
		if (e != ERR_OK)
			return err_wrap(e, "collections[%zu]", i);
	}
	return member(doc, "spaces").n > 0 ? parse_spaces(doc, pack) : ERR_OK;
}

/* What is said of classes of spaces beyond their names. */
static enum err
parse_spaces(struct bytes doc, struct pack *pack)
{
	static const char *const keys[] = {"name", "urgent", NULL};
	struct pack_space *spaces;
	struct reader r;
	enum err e = list_begin(
	    doc, "spaces", LIMIT_COLLECTIONS, &r, &pack->spaces_n);

	if (e != ERR_OK)
		return e;
	spaces = arena_array(&pack->arena, pack->spaces_n, sizeof(*spaces));
	pack->spaces = spaces;
	for (size_t i = 0; i < pack->spaces_n; i++) {
		struct bytes one = codec_get_value(&r);

		e = check_keys(one, keys);
		if (e == ERR_OK)
			e = parse_text(one, "name", &pack->arena, read_name,
			    &spaces[i].name);
		if (e == ERR_OK)
			e = parse_bool(one, "urgent", &spaces[i].urgent);
		if (e == ERR_OK)
			e = check_space(pack, i);
		if (e != ERR_OK)
			return err_wrap(e, "spaces[%zu]", i);
	}
	return ERR_OK;
}

/* A misspelt class would never be urgent, and nobody would notice. */
static enum err
check_space(const struct pack *pack, size_t which)
{
	const char *name = pack->spaces[which].name;
	bool used = false;

	for (size_t i = 0; i < which; i++) {
		if (bytes_is(bytes_text(name), pack->spaces[i].name))
			return err_set(
			    ERR_INVALID, "name: %s stands there twice", name);
	}
	for (size_t i = 0; i < pack->collections_n && !used; i++)
		used = bytes_is(bytes_text(name), pack->collections[i].space);
	return used ? ERR_OK
		    : err_set(ERR_INVALID,
			  "name: no collection has the space %s", name);
}

static enum err
parse_collection(
    struct bytes doc, struct arena *arena, struct pack_collection *collection)
{
	static const char *const keys[] = {
	    "name", "space", "label", "fields", "derived", NULL};
	enum err e = check_keys(doc, keys);

	if (e == ERR_OK)
		e = parse_text(
		    doc, "name", arena, read_name, &collection->name);
	if (e == ERR_OK)
		e = parse_text(
		    doc, "space", arena, read_name, &collection->space);
	if (e == ERR_OK)
		e = parse_label(doc, arena, &collection->label);
	if (e == ERR_OK)
		e = parse_fields(doc, false, arena, collection);
	if (e == ERR_OK && member(doc, "derived").n > 0)
		e = parse_fields(doc, true, arena, collection);
	return e;
}

/* Is the name of `field` free in what was read of `collection` before it? */
static enum err
check_name(const struct pack_collection *collection,
    const struct pack_field *field, size_t before)
{
	struct bytes name = bytes_text(field->name);
	bool taken = bytes_is(name, "id");

	if (taken)
		return err_set(
		    ERR_INVALID, "name: id is the name of the record itself");
	for (size_t i = 0; i < collection->fields_n && !taken; i++) {
		const struct pack_field *other = &collection->fields[i];

		if (!field->derived && i == before)
			break;
		taken = bytes_is(name, other->name);
	}
	for (size_t i = 0; i < before && field->derived && !taken; i++)
		taken = bytes_is(name, collection->derived[i].name);
	if (taken)
		return err_set(
		    ERR_INVALID, "name: %s stands there twice", field->name);
	return ERR_OK;
}

static enum err
parse_fields(struct bytes doc, bool derived, struct arena *arena,
    struct pack_collection *collection)
{
	const char *key = derived ? "derived" : "fields";
	struct pack_field *fields;
	struct reader r;
	size_t n;
	enum err e = list_begin(doc, key, LIMIT_FIELDS, &r, &n);

	if (e != ERR_OK)
		return e;
	fields = arena_array(arena, n, sizeof(*fields));
	if (derived) {
		collection->derived = fields;
		collection->derived_n = n;
	} else {
		collection->fields = fields;
		collection->fields_n = n;
	}
	for (size_t i = 0; i < n; i++) {
		fields[i].collection = collection->name;
		e = parse_field(
		    codec_get_value(&r), arena, derived, &fields[i]);
		if (e == ERR_OK)
			e = check_name(collection, &fields[i], i);
		if (e != ERR_OK)
			return err_wrap(e, "%s[%zu]", key, i);
	}
	return ERR_OK;
}

static enum err
parse_field(struct bytes doc, struct arena *arena, bool derived,
    struct pack_field *field)
{
	static const char *const keys[] = {"name", "label", "type", "class",
	    "values", "targets", "unit", "kind", "index", "required",
	    "transitions", NULL};
	static const char *const derived_keys[] = {"name", "label", "type",
	    "class", "values", "targets", "unit", NULL};
	size_t kind = derived ? KIND_REGISTER : SIZE_MAX;
	size_t data_class = SIZE_MAX;
	size_t index = PACK_INDEX_NONE;
	enum err e = check_keys(doc, derived ? derived_keys : keys);

	field->derived = derived;
	field->min = INT64_MIN;
	field->max = INT64_MAX;
	if (e == ERR_OK)
		e = parse_text(doc, "name", arena, read_name, &field->name);
	if (e == ERR_OK)
		e = parse_label(doc, arena, &field->label);
	if (e == ERR_OK)
		e = parse_one_of(doc, "kind", pack_kind_names,
		    COUNT_OF(pack_kind_names), &kind);
	if (e == ERR_OK)
		e = parse_one_of(doc, "class", class_names,
		    COUNT_OF(class_names), &data_class);
	if (e == ERR_OK)
		e = parse_one_of(
		    doc, "index", index_names, COUNT_OF(index_names), &index);
	if (e == ERR_OK)
		e = parse_bool(doc, "required", &field->required);
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
	e = parse_type(doc, arena, field);
	return e == ERR_OK ? parse_moves(doc, arena, field) : e;
}

/* Whether the member `key` has to be there and is, or must not and is not. */
static enum err
check_there(struct bytes doc, const char *key, bool wanted, const char *who)
{
	bool there = member(doc, key).n > 0;

	if (there == wanted)
		return ERR_OK;
	return err_set(ERR_INVALID, "%s: %s %s one", key, who,
	    wanted ? "must have" : "cannot have");
}

/* Type, values, targets and unit: what one value of `field` is. */
static enum err
parse_type(struct bytes doc, struct arena *arena, struct pack_field *field)
{
	static const enum pack_type implied[] = {[KIND_COUNTER] = PACK_INT,
	    [KIND_NOTES] = PACK_TEXT,
	    [KIND_STATE] = PACK_ENUM};
	bool typed = field->kind == KIND_REGISTER || field->kind == KIND_SET;
	size_t type = typed ? PACK_TEXT : implied[field->kind];
	struct words words = {0};
	enum err e = check_there(
	    doc, "type", typed, pack_kind_names[field->kind]);

	if (e == ERR_OK)
		e = parse_one_of(doc, "type", pack_type_names,
		    COUNT_OF(pack_type_names), &type);
	if (e != ERR_OK)
		return e;
	field->type = (enum pack_type)type;
	if (type != PACK_MAP)
		e = check_there(
		    doc, "values", type == PACK_ENUM, pack_type_names[type]);
	if (e == ERR_OK)
		e = check_there(
		    doc, "targets", type == PACK_REF, pack_type_names[type]);
	if (e == ERR_OK && type != PACK_INT)
		e = check_there(doc, "unit", false, pack_type_names[type]);
	if (e == ERR_OK)
		e = parse_words(doc, "values", LIMIT_VALUES, arena, &words);
	field->values = words.p;
	field->values_n = words.n;
	if (e == ERR_OK)
		e = parse_words(
		    doc, "targets", LIMIT_COLLECTIONS, arena, &words);
	field->targets = words.p;
	field->targets_n = words.n;
	if (e == ERR_OK && member(doc, "unit").n > 0)
		e = parse_text(doc, "unit", arena, read_label, &field->unit);
	return e;
}

/* The bit of the state `name`; 0 when `field` has none of that name. */
static uint64_t
state_bit(const struct pack_field *field, struct bytes name)
{
	for (size_t i = 0; i < field->values_n; i++) {
		if (bytes_is(name, field->values[i]))
			return UINT64_C(1) << i;
	}
	return 0;
}

/* The states in the next list of `r`, as bits; 0 when any is unknown. */
static uint64_t
read_states(const struct pack_field *field, struct reader *r)
{
	size_t n = codec_get_array(r, LIMIT_VALUES);
	uint64_t states = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t bit = state_bit(field, codec_get_text(r));

		if (bit == 0)
			return 0;
		states |= bit;
	}
	return r->bad ? 0 : states;
}

static enum err
parse_moves(struct bytes doc, struct arena *arena, struct pack_field *field)
{
	struct bytes value = member(doc, "transitions");
	struct bytes last = {0};
	uint64_t *moves;
	struct reader r;
	size_t n;

	if (value.n == 0)
		return ERR_OK;
	if (field->kind != KIND_STATE)
		return check_there(
		    doc, "transitions", false, pack_kind_names[field->kind]);
	codec_begin(&r, value);
	n = codec_get_map(&r, LIMIT_VALUES);
	if (r.bad)
		return err_set(
		    ERR_INVALID, "transitions: must be an object of lists");
	moves = arena_array(arena, field->values_n, sizeof(*moves));
	field->moves = moves;
	for (size_t i = 0; i < n; i++) {
		struct bytes from = codec_get_text_key(&r, &last);
		uint64_t bit = state_bit(field, from);
		struct reader list;
		uint64_t after;

		codec_begin(&list, codec_get_value(&r));
		after = read_states(field, &list);
		if (bit == 0 || after == 0)
			return err_set(ERR_INVALID,
			    "transitions.%.*s: must go from one of values to "
			    "a list of them",
			    (int)from.n, (const char *)from.p);
		for (size_t k = 0; k < field->values_n; k++) {
			if (bit == UINT64_C(1) << k)
				moves[k] = after;
		}
	}
	return ERR_OK;
}
