/*
 * How it is found that two records speak of the same: which keys make fields
 * comparable, which records hold nothing but those, and what a match weighs.
 * Called by pack_file.c alone.
 */
#include "core/pack_twins.h"

#include <string.h>

#include "proto/codec.h"
#include "proto/limits.h"

enum { WEIGHT_MAX = 1000 };

static enum err keys_read(struct pack_reading *r, struct bytes doc);
static enum err mirror_read(
    struct pack_reading *r, struct bytes doc, void *item);
static enum err mirrors_check(const struct pack_reading *r);
static enum err duplicates_read(struct pack_reading *r, struct bytes doc);

enum err
pack_twins_read(struct pack_reading *r, struct bytes doc)
{
	static const struct pack_read_list mirrors = {.key = "mirror",
	    .max = LIMIT_MIRRORS,
	    .size = sizeof(struct pack_mirror),
	    .read = mirror_read};
	void *items = NULL;
	enum err e = keys_read(r, pack_read_member(doc, "match"));

	if (e == ERR_OK)
		e = pack_read_list(
		    r, doc, &mirrors, &items, &r->pack->mirrors_n);
	r->pack->mirrors = items;
	if (e == ERR_OK)
		e = mirrors_check(r);
	return e == ERR_OK
		   ? duplicates_read(r, pack_read_member(doc, "duplicates"))
		   : e;
}

static enum err
key_fields(struct bytes doc, struct pack_keys *match)
{
	const struct pack_read_part parts[] = {
	    {"secret", &match->secret, 1U << PACK_BYTES | 1U << PACK_HASH,
		KIND_REGISTER, false},
	    {"from", &match->from, 1U << PACK_DATE, KIND_REGISTER, false},
	};

	return pack_read_parts(doc, match->collection, parts, COUNT_OF(parts));
}

static enum err
keys_read(struct pack_reading *r, struct bytes doc)
{
	static const char *const keys[] = {
	    "collection", "secret", "from", NULL};
	struct pack_keys *match;
	enum err e;

	if (doc.n == 0)
		return ERR_OK;
	pack_read_enter(r, "match", SIZE_MAX);
	match = arena_new(r->arena, sizeof(*match));
	e = pack_read_keys(doc, keys);
	if (e == ERR_OK)
		e = pack_read_collection(
		    r, doc, "collection", true, &match->collection);
	if (e == ERR_OK)
		e = key_fields(doc, match);
	if (e == ERR_OK)
		pack_read_leave(r);
	r->pack->match = match;
	return e;
}

/* ---- Mirrors ------------------------------------------------------------ */

/* May `pair` be copied: alike, and nothing personal into the open? */
static enum err
pair_check(const struct pack_pair *pair)
{
	const struct pack_field *from = pair->from;
	const struct pack_field *to = pair->to;

	if (from->kind != to->kind || from->type != to->type ||
	    from->kind == KIND_COUNTER || from->kind == KIND_NOTES)
		return err_set(ERR_INVALID,
		    "%s.%s cannot be copied there: both must be the same, a "
		    "register, set or state of one type",
		    from->collection, from->name);
	if (to->data_class != CLASS_N)
		return err_set(ERR_INVALID, "is not of class N");
	if (from->data_class != CLASS_N && from->match == NULL)
		return err_set(ERR_INVALID,
		    "%s.%s is of class %s and would stand in the open: only "
		    "what has match can be copied from there",
		    from->collection, from->name,
		    pack_class_names[from->data_class]);
	return ERR_OK;
}

/* Fields of the copy, each with that which it is a copy of. */
static enum err
pairs_read(struct pack_reading *r, struct bytes doc, struct pack_mirror *mirror)
{
	struct bytes last = {0};
	struct pack_pair *pairs;
	struct reader in;
	enum err e = ERR_OK;

	codec_begin_checked(&in, pack_read_member(doc, "fields"));
	mirror->fields_n = codec_get_map(&in, LIMIT_FIELDS);
	if (in.bad || mirror->fields_n == 0)
		return err_set(ERR_INVALID,
		    "fields: must be an object of 1 to %d fields",
		    LIMIT_FIELDS);
	pairs = arena_array(r->arena, mirror->fields_n, sizeof(*pairs));
	mirror->fields = pairs;
	for (size_t i = 0; i < mirror->fields_n; i++) {
		struct bytes to = codec_get_text_key(&in, &last);
		struct bytes value = codec_get_value(&in);
		struct reader from;

		codec_begin_checked(&from, value);
		value = codec_get_text(&from);
		e = pack_get_field(mirror->to, to, &pairs[i].to);
		if (e == ERR_OK)
			e = pack_get_field(mirror->from, value, &pairs[i].from);
		if (e == ERR_OK)
			e = pair_check(&pairs[i]);
		if (e != ERR_OK)
			return err_wrap(
			    e, "fields.%.*s", (int)to.n, (const char *)to.p);
	}
	return e;
}

/* What a copy must have, the copying has to give. */
static enum err
mirror_check(const struct pack_mirror *mirror)
{
	const struct pack_field *source = mirror->source;
	bool leads = false;

	for (size_t i = 0; i < source->targets_n && !leads; i++)
		leads = strcmp(source->targets[i], mirror->from->name) == 0;
	if (!leads || source->data_class != CLASS_N)
		return err_set(ERR_INVALID,
		    "source: %s must be of class N and lead to %s",
		    source->name, mirror->from->name);
	for (size_t i = 0; i < mirror->to->fields_n; i++) {
		const struct pack_field *field = &mirror->to->fields[i];
		bool given = !field->required || field == source;

		for (size_t k = 0; k < mirror->fields_n && !given; k++)
			given = mirror->fields[k].to == field;
		if (!given)
			return err_set(ERR_INVALID,
			    "fields: %s.%s is required, and nothing is copied "
			    "there",
			    mirror->to->name, field->name);
	}
	return ERR_OK;
}

static enum err
mirror_read(struct pack_reading *r, struct bytes doc, void *item)
{
	static const char *const keys[] = {
	    "from", "to", "source", "fields", NULL};
	struct pack_mirror *mirror = item;
	enum err e = pack_read_keys(doc, keys);

	if (e == ERR_OK)
		e = pack_read_collection(r, doc, "from", true, &mirror->from);
	if (e == ERR_OK)
		e = pack_read_collection(r, doc, "to", true, &mirror->to);
	if (e == ERR_OK)
		e = pack_read_parts(doc, mirror->to,
		    &(struct pack_read_part){"source", &mirror->source,
			1U << PACK_REF, KIND_REGISTER, false},
		    1);
	if (e == ERR_OK)
		e = pairs_read(r, doc, mirror);
	return e == ERR_OK ? mirror_check(mirror) : e;
}

/* One write must not lead to another without end; and which copy belongs to
 * which record must be plain. */
static enum err
mirrors_check(const struct pack_reading *r)
{
	for (size_t i = 0; i < r->pack->mirrors_n; i++) {
		const struct pack_mirror *mirror = &r->pack->mirrors[i];

		for (size_t k = 0; k < r->pack->mirrors_n; k++) {
			const struct pack_mirror *other = &r->pack->mirrors[k];

			if (mirror->from == other->to)
				return err_set(ERR_INVALID,
				    "mirror[%zu]: from: %s is a mirror itself",
				    i, mirror->from->name);
			if (k < i && mirror->from == other->from &&
			    mirror->to == other->to)
				return err_set(ERR_INVALID,
				    "mirror[%zu]: %s is copied to %s twice", i,
				    mirror->from->name, mirror->to->name);
		}
	}
	return ERR_OK;
}

/* ---- Duplicates --------------------------------------------------------- */

static enum err
weights_read(
    struct pack_reading *r, struct bytes doc, struct pack_duplicates *twins)
{
	struct bytes last = {0};
	struct pack_weight *weights;
	struct reader in;
	enum err e = ERR_OK;

	codec_begin_checked(&in, pack_read_member(doc, "weights"));
	twins->weights_n = codec_get_map(&in, LIMIT_WEIGHTS);
	if (in.bad || twins->weights_n == 0)
		return err_set(ERR_INVALID,
		    "weights: must be an object of 1 to %d fields",
		    LIMIT_WEIGHTS);
	weights = arena_array(r->arena, twins->weights_n, sizeof(*weights));
	twins->weights = weights;
	for (size_t i = 0; i < twins->weights_n; i++) {
		struct bytes name = codec_get_text_key(&in, &last);
		struct reader number;

		codec_begin_checked(&number, codec_get_value(&in));
		weights[i].weight = (int64_t)codec_get_uint(
		    &number, WEIGHT_MAX);
		e = pack_get_field(twins->collection, name, &weights[i].field);
		if (e == ERR_OK && (number.bad || weights[i].weight == 0))
			e = err_set(ERR_INVALID,
			    "must be a whole number from 1 to %d", WEIGHT_MAX);
		if (e == ERR_OK && weights[i].field->data_class != CLASS_N)
			e = err_set(ERR_INVALID, "is not of class N");
		if (e != ERR_OK)
			return err_wrap(e, "weights.%.*s", (int)name.n,
			    (const char *)name.p);
	}
	return e;
}

/* The field `name` that a collection of pairs must have. */
static enum err
candidate_field(const struct pack_collection *of, const char *name,
    enum field_kind kind, unsigned types, const struct pack_field **field)
{
	*field = pack_field(of, bytes_text(name));
	if (*field == NULL)
		return err_set(ERR_INVALID, "candidate: %s has no field '%s'",
		    of->name, name);
	if ((*field)->kind != kind || (*field)->data_class != CLASS_N ||
	    (kind != KIND_STATE && (types & 1U << (*field)->type) == 0))
		return err_set(ERR_INVALID,
		    "candidate: %s.%s is of the wrong kind, type or class "
		    "(docs/packs.md, duplicates)",
		    of->name, name);
	return ERR_OK;
}

static bool
has_word(const struct pack_field *field, const char *word)
{
	for (size_t i = 0; i < field->values_n; i++)
		if (strcmp(field->values[i], word) == 0)
			return true;
	return false;
}

/* All that is written into `keys` and `state` must be among their values. */
static enum err
candidate_words(const struct pack_duplicates *twins)
{
	static const char *const states[] = {
	    "open", "same", "different", "merged", "unmerged"};
	const struct pack_candidate *pair = &twins->candidate;

	for (size_t i = 0; i < COUNT_OF(states); i++)
		if (!has_word(pair->state, states[i]))
			return err_set(ERR_INVALID,
			    "candidate: %s.state has no value '%s'",
			    pair->collection->name, states[i]);
	for (size_t i = 0;
	     i < twins->weights_n && pair->keys->type == PACK_ENUM; i++)
		if (!has_word(pair->keys, twins->weights[i].field->name))
			return err_set(ERR_INVALID,
			    "candidate: %s.keys has no value '%s', which has a "
			    "weight",
			    pair->collection->name,
			    twins->weights[i].field->name);
	return ERR_OK;
}

static enum err
candidate_read(
    struct pack_reading *r, struct bytes doc, struct pack_duplicates *twins)
{
	struct pack_candidate *pair = &twins->candidate;
	const struct {
		const char *name;
		enum field_kind kind;
		unsigned types;
		const struct pack_field **field;
	} fields[] = {
	    {"a", KIND_REGISTER, 1U << PACK_REF, &pair->a},
	    {"b", KIND_REGISTER, 1U << PACK_REF, &pair->b},
	    {"unit_a", KIND_REGISTER, 1U << PACK_TEXT, &pair->unit_a},
	    {"unit_b", KIND_REGISTER, 1U << PACK_TEXT, &pair->unit_b},
	    {"score", KIND_REGISTER, 1U << PACK_INT, &pair->score},
	    {"keys", KIND_SET, 1U << PACK_ENUM | 1U << PACK_TEXT, &pair->keys},
	    {"members", KIND_SET, 1U << PACK_BYTES, &pair->members},
	    {"said", KIND_SET, 1U << PACK_TEXT, &pair->said},
	    {"state", KIND_STATE, 0, &pair->state},
	};
	enum err e = pack_read_collection(
	    r, doc, "candidate", true, &pair->collection);

	for (size_t i = 0; i < COUNT_OF(fields) && e == ERR_OK; i++)
		e = candidate_field(pair->collection, fields[i].name,
		    fields[i].kind, fields[i].types, fields[i].field);
	return e == ERR_OK ? candidate_words(twins) : e;
}

/* What is compared, and of which wholes it is a part. */
static enum err
compared_read(
    struct pack_reading *r, struct bytes doc, struct pack_duplicates *twins)
{
	enum err e = pack_read_collection(
	    r, doc, "collection", true, &twins->collection);

	if (e == ERR_OK)
		e = pack_read_field(doc, "group", twins->collection,
		    1U << PACK_REF, &twins->group);
	if (e == ERR_OK && twins->group != NULL &&
	    (twins->group->kind != KIND_REGISTER ||
		twins->group->data_class != CLASS_N))
		e = err_set(ERR_INVALID, "group: %s is no register of class N",
		    twins->group->name);
	for (size_t i = 0; e == ERR_OK && i < r->pack->mirrors_n; i++) {
		const struct pack_mirror *mirror = &r->pack->mirrors[i];

		if (mirror->to != twins->collection)
			continue;
		if (twins->source != NULL && twins->source != mirror->source)
			return err_set(ERR_INVALID,
			    "collection: mirrors into %s name different "
			    "sources",
			    twins->collection->name);
		twins->source = mirror->source;
	}
	return e;
}

static enum err
duplicates_read(struct pack_reading *r, struct bytes doc)
{
	static const char *const keys[] = {"collection", "group", "weights",
	    "likely", "review", "candidate", NULL};
	struct pack_duplicates *twins;
	enum err e;

	if (doc.n == 0)
		return ERR_OK;
	pack_read_enter(r, "duplicates", SIZE_MAX);
	twins = arena_new(r->arena, sizeof(*twins));
	r->pack->duplicates = twins;
	e = pack_read_keys(doc, keys);
	if (e == ERR_OK)
		e = compared_read(r, doc, twins);
	if (e == ERR_OK)
		e = weights_read(r, doc, twins);
	if (e == ERR_OK)
		e = pack_read_int(doc, "review", 1, INT32_MAX, &twins->review);
	if (e == ERR_OK)
		e = pack_read_int(doc, "likely", 1, INT32_MAX, &twins->likely);
	if (e == ERR_OK && (twins->review == 0 || twins->likely == 0))
		e = err_set(ERR_INVALID, "%s: missing",
		    twins->review == 0 ? "review" : "likely");
	if (e == ERR_OK && twins->likely < twins->review)
		e = err_set(ERR_INVALID, "likely: is less than review");
	if (e == ERR_OK)
		e = candidate_read(r, doc, twins);
	if (e == ERR_OK)
		pack_read_leave(r);
	return e;
}

/* ---- Aliases ------------------------------------------------------------ */

enum err
pack_twins_read_alias(struct bytes doc, struct pack_collection *collection)
{
	const struct pack_field *alias = NULL;
	bool leads = false;
	enum err e = pack_read_field(
	    doc, "alias", collection, 1U << PACK_REF, &alias);

	if (e != ERR_OK || alias == NULL)
		return e;
	for (size_t i = 0; i < alias->targets_n && !leads; i++)
		leads = strcmp(alias->targets[i], collection->name) == 0;
	if (!leads || alias->kind != KIND_REGISTER ||
	    alias->data_class != CLASS_N)
		return err_set(ERR_INVALID,
		    "alias: %s must be a register of class N that leads to %s",
		    alias->name, collection->name);
	collection->alias = alias;
	return ERR_OK;
}
