/*
 * The parts of the file of a pack have labels, names, lists and references in
 * common, which are read here.  What is not understood is refused, since a
 * misspelt rule would not be kept.
 */
#include "core/pack_read.h"

#include <string.h>

#include "core/pack_near.h"
#include "proto/buf.h"
#include "proto/codec.h"
#include "proto/limits.h"
#include "proto/text.h"

struct bytes
pack_read_member(struct bytes doc, const char *key)
{
	const struct bytes wanted = bytes_text(key);
	struct reader r;
	size_t n;

	codec_begin_checked(&r, doc);
	n = codec_get_map(&r, SIZE_MAX);
	/* Shorter keys come first. */
	for (size_t i = 0; i < n; i++) {
		struct bytes name = codec_get_text(&r);

		if (r.bad || name.n > wanted.n)
			break;
		if (bytes_equal(name, wanted))
			return codec_get_value(&r);
		(void)codec_get_value(&r);
	}
	return (struct bytes){0};
}

enum err
pack_read_keys(struct bytes doc, const char *const *keys)
{
	struct bytes last = {0};
	struct reader r;
	size_t n;

	codec_begin_checked(&r, doc);
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

void
pack_read_enter(struct pack_reading *r, const char *key, size_t at)
{
	assert(r->depth < PACK_READ_DEPTH);
	r->path[r->depth].key = key;
	r->path[r->depth].at = at;
	r->depth++;
}

void
pack_read_leave(struct pack_reading *r)
{
	assert(r->depth > 0);
	r->depth--;
}

enum err
pack_read_wrap(const struct pack_reading *r, enum err e)
{
	for (size_t i = r->depth; i > 0; i--) {
		const char *key = r->path[i - 1].key;

		if (r->path[i - 1].at == SIZE_MAX)
			e = err_wrap(e, "%s", key);
		else
			e = err_wrap(e, "%s[%zu]", key, r->path[i - 1].at);
	}
	return e;
}

/* ---- Single values ------------------------------------------------------ */

/* Not empty, not long, no control characters. */
static enum err
plain_text(struct bytes value, size_t max, struct bytes *text)
{
	struct reader r;

	codec_begin_checked(&r, value);
	*text = codec_get_text(&r);
	if (r.bad || text->n == 0 || text->n > max)
		return err_set(
		    ERR_INVALID, "must be a text of 1 to %zu bytes", max);
	if (!text_is_plain(*text))
		return err_set(ERR_INVALID,
		    "must be without control characters and changes of "
		    "direction");
	return ERR_OK;
}

/* The text `value`, which people read. */
static enum err
text_of(struct pack_reading *r, struct bytes value, const char **text)
{
	struct bytes got;
	enum err e = plain_text(value, LIMIT_LABEL_SIZE, &got);

	if (e == ERR_OK)
		*text = arena_text(r->arena, got);
	return e;
}

enum err
pack_read_text(struct pack_reading *r, struct bytes doc, const char *key,
    const char **text)
{
	enum err e = text_of(r, pack_read_member(doc, key), text);

	return e == ERR_OK ? e : err_wrap(e, "%s", key);
}

enum err
pack_read_name(struct pack_reading *r, struct bytes doc, const char *key,
    const char **name)
{
	struct reader in;
	struct bytes got;

	codec_begin_checked(&in, pack_read_member(doc, key));
	got = codec_get_text(&in);
	if (in.bad || !text_is_name(got))
		return err_set(ERR_INVALID,
		    "%s: must be a name: a-z, 0-9 and _, at most %d", key,
		    LIMIT_NAME_SIZE);
	*name = arena_text(r->arena, got);
	return ERR_OK;
}

enum err
pack_read_label(struct pack_reading *r, struct bytes doc, const char *key,
    const char *other, struct pack_label *label)
{
	static const char *const keys[] = {"ko", "en", NULL};
	struct bytes inner = pack_read_member(doc, key);
	enum err e;

	if (inner.n == 0 && other != NULL) {
		*label = (struct pack_label){.ko = other, .en = other};
		return ERR_OK;
	}
	e = pack_read_keys(inner, keys);
	if (e == ERR_OK)
		e = pack_read_text(r, inner, "ko", &label->ko);
	if (e == ERR_OK)
		e = pack_read_text(r, inner, "en", &label->en);
	return e == ERR_OK ? e : err_wrap(e, "%s", key);
}

enum err
pack_read_one_of(struct bytes doc, const char *key, const char *const *names,
    size_t n, size_t *which)
{
	struct bytes value = pack_read_member(doc, key);
	struct buf known = {0};
	struct reader r;
	enum err e;

	if (value.n == 0)
		return ERR_OK;
	codec_begin_checked(&r, value);
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

enum err
pack_read_bool(struct bytes doc, const char *key, bool *v)
{
	struct bytes value = pack_read_member(doc, key);
	struct reader r;
	bool got;

	if (value.n == 0)
		return ERR_OK;
	codec_begin_checked(&r, value);
	got = codec_get_bool(&r);
	if (r.bad)
		return err_set(ERR_INVALID, "%s: must be true or false", key);
	*v = got;
	return ERR_OK;
}

enum err
pack_read_int(
    struct bytes doc, const char *key, int64_t min, int64_t max, int64_t *v)
{
	struct bytes value = pack_read_member(doc, key);
	struct reader r;
	int64_t got;

	if (value.n == 0)
		return ERR_OK;
	codec_begin_checked(&r, value);
	got = codec_get_int(&r);
	if (r.bad && min == INT64_MIN)
		return err_set(ERR_INVALID, "%s: must be a whole number", key);
	if (r.bad || got < min || got > max)
		return err_set(ERR_INVALID,
		    "%s: must be a whole number from %lld to %lld", key,
		    (long long)min, (long long)max);
	*v = got;
	return ERR_OK;
}

enum err
pack_read_words(struct pack_reading *r, struct bytes doc, const char *key,
    size_t max, struct pack_read_words *words)
{
	struct bytes value = pack_read_member(doc, key);
	const char **p;
	struct reader in;
	enum err e = ERR_OK;

	*words = (struct pack_read_words){0};
	if (value.n == 0)
		return ERR_OK;
	codec_begin_checked(&in, value);
	words->n = codec_get_array(&in, max);
	if (in.bad || words->n == 0)
		return err_set(
		    ERR_INVALID, "%s: must be a list of 1 to %zu", key, max);
	p = arena_array(r->arena, words->n, sizeof(*p));
	words->p = p;
	for (size_t i = 0; i < words->n && e == ERR_OK; i++) {
		e = text_of(r, codec_get_value(&in), &p[i]);
		for (size_t k = 0; k < i && e == ERR_OK; k++) {
			if (strcmp(p[i], p[k]) == 0)
				e = err_set(ERR_INVALID, "stands there twice");
		}
		if (e != ERR_OK)
			e = err_wrap(e, "%s[%zu]", key, i);
	}
	return e;
}

enum err
pack_read_there(struct bytes doc, const char *key, bool wanted, const char *who)
{
	bool there = pack_read_member(doc, key).n > 0;

	if (there == wanted)
		return ERR_OK;
	return err_set(ERR_INVALID, "%s: %s %s one", key, who,
	    wanted ? "must have" : "cannot have");
}

/* ---- Lists -------------------------------------------------------------- */

/* Starts `in` at the list that `list` describes, of `*n` elements; none when it
 * is not there and need not be. */
static enum err
list_begin(struct bytes doc, const struct pack_read_list *list,
    struct reader *in, size_t *n)
{
	struct bytes value = pack_read_member(doc, list->key);

	*n = 0;
	codec_begin_checked(in, value);
	if (value.n == 0 && !list->needed)
		return ERR_OK;
	*n = codec_get_array(in, list->max);
	if (!in->bad && *n > 0)
		return ERR_OK;
	*n = 0;
	return err_set(ERR_INVALID, "%s: must be a list of 1 to %zu", list->key,
	    list->max);
}

/* The name with which a struct begins. */
static const char *
name_at(const void *items, size_t size, size_t at)
{
	const char *name;

	memcpy(&name, (const char *)items + at * size, sizeof(name));
	return name;
}

static enum err list_failed(struct pack_reading *r) MUST_USE;

/* Reads the `n` elements that `in` stands before into `items`. */
static enum err
elements_read(struct pack_reading *r, const struct pack_read_list *list,
    struct reader *in, void *items, size_t n)
{
	size_t depth = r->depth;
	bool failed = false;

	for (size_t i = 0; i < n; i++) {
		enum err e;

		pack_read_enter(r, list->key, i);
		e = list->read(
		    r, codec_get_value(in), (char *)items + i * list->size);
		for (size_t k = 0; k < i && list->named && e == ERR_OK; k++) {
			const char *name = name_at(items, list->size, i);
			const char *other = name_at(items, list->size, k);

			if (other != NULL && strcmp(name, other) == 0)
				e = err_set(ERR_INVALID,
				    "name: %s stands there twice", name);
		}
		if (e != ERR_OK && r->errors == NULL)
			return e;
		if (e != ERR_OK)
			pack_read_tell(r, e, depth);
		else
			pack_read_leave(r);
		failed = failed || e != ERR_OK;
	}
	return failed ? list_failed(r) : ERR_OK;
}

enum err
pack_read_list(struct pack_reading *r, struct bytes doc,
    const struct pack_read_list *list, void **items, size_t *n)
{
	struct reader in;
	enum err e = list_begin(doc, list, &in, n);

	*items = NULL;
	if (e != ERR_OK || *n == 0)
		return e;
	*items = arena_array(r->arena, *n, list->size);
	return elements_read(r, list, &in, *items, *n);
}

/* The errors of its elements are told. */
static enum err
list_failed(struct pack_reading *r)
{
	r->told = true;
	return err_set(ERR_INVALID, "has errors");
}

void
pack_read_tell(struct pack_reading *r, enum err e, size_t depth)
{
	assert(e != ERR_OK);
	if (!r->told) {
		(void)!pack_read_wrap(r, e);
		buf_add_text(r->errors, err_text());
		buf_add_u8(r->errors, '\n');
	}
	r->told = false;
	r->depth = depth;
}

enum err
pack_read_again(struct pack_reading *r, struct bytes doc,
    const struct pack_read_list *list, void *items)
{
	struct pack_read_list again = *list;
	struct reader in;
	size_t n;
	enum err e = list_begin(doc, list, &in, &n);

	/* It was read before, and its names have been compared. */
	assert(e == ERR_OK);
	again.named = false;
	return elements_read(r, &again, &in, items, n);
}

/* ---- References --------------------------------------------------------- */

enum err
pack_read_find(
    struct bytes name, const struct pack_read_names *names, const void **found)
{
	struct buf near = {0};

	for (size_t i = 0; i < names->n; i++) {
		if (bytes_is(name, name_at(names->items, names->size, i))) {
			*found = (const char *)names->items + i * names->size;
			return ERR_OK;
		}
	}
	for (size_t i = 0; i < names->n; i++)
		pack_near_add(
		    name, name_at(names->items, names->size, i), NULL, &near);
	return pack_near_unknown(names->what, name, &near);
}

/* The text that `key` of `doc` is; an error without it. */
static enum err
reference(struct bytes doc, const char *key, struct bytes *name)
{
	enum err e = plain_text(
	    pack_read_member(doc, key), LIMIT_LABEL_SIZE, name);

	return e == ERR_OK ? e : err_wrap(e, "%s", key);
}

enum err
pack_read_ref(struct bytes doc, const char *key,
    const struct pack_read_names *names, bool needed, const void **found)
{
	struct bytes name;
	enum err e;

	*found = NULL;
	if (!needed && pack_read_member(doc, key).n == 0)
		return ERR_OK;
	e = reference(doc, key, &name);
	if (e != ERR_OK)
		return e;
	e = pack_read_find(name, names, found);
	return e == ERR_OK ? e : err_wrap(e, "%s", key);
}

enum err
pack_read_collection(const struct pack_reading *r, struct bytes doc,
    const char *key, bool needed, const struct pack_collection **collection)
{
	struct bytes name;
	enum err e;

	*collection = NULL;
	if (!needed && pack_read_member(doc, key).n == 0)
		return ERR_OK;
	e = reference(doc, key, &name);
	if (e != ERR_OK)
		return e;
	e = pack_get_collection(r->pack, name, collection);
	return e == ERR_OK ? e : err_wrap(e, "%s", key);
}

/* Names of the types whose bits are in `types`. */
static void
add_types(unsigned types, struct buf *text)
{
	for (size_t i = 0; i < PACK_TYPE_COUNT; i++) {
		if ((types >> i & 1) == 0)
			continue;
		buf_add_text(text, text->n == 0 ? "" : " or ");
		buf_add_text(text, pack_type_names[i]);
	}
}

enum err
pack_read_field(struct bytes doc, const char *key,
    const struct pack_collection *of, unsigned types,
    const struct pack_field **field)
{
	struct buf text = {0};
	struct bytes name;
	enum err e;

	*field = NULL;
	if (pack_read_member(doc, key).n == 0)
		return ERR_OK;
	e = reference(doc, key, &name);
	if (e != ERR_OK)
		return e;
	e = pack_get_field(of, name, field);
	if (e == ERR_OK && types != 0 && (types >> (*field)->type & 1) == 0) {
		add_types(types, &text);
		e = err_set(ERR_INVALID, "%s is of type %s, not %s",
		    (*field)->name, pack_type_names[(*field)->type],
		    buf_text(&text));
	}
	buf_fini(&text);
	return e == ERR_OK ? e : err_wrap(e, "%s", key);
}

enum err
pack_read_parts(struct bytes doc, const struct pack_collection *of,
    const struct pack_read_part *parts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct pack_read_part *part = &parts[i];
		const struct pack_field **field = part->field;
		enum err e = pack_read_field(
		    doc, part->key, of, part->types, field);

		if (e != ERR_OK)
			return e;
		if (*field == NULL && !part->optional)
			return err_set(ERR_INVALID, "%s: missing", part->key);
		if (*field != NULL && part->kind != KIND_COUNT &&
		    (*field)->kind != part->kind)
			return err_set(ERR_INVALID, "%s: %s is no %s",
			    part->key, (*field)->name,
			    pack_kind_names[part->kind]);
	}
	return ERR_OK;
}

/* ---- Expressions -------------------------------------------------------- */

/* Where `key` (NULL: the part itself) stands, as text in the arena. */
static const char *
place_text(const struct pack_reading *r, const char *key)
{
	struct buf text = {0};
	const char *place;

	for (size_t i = 0; i < r->depth; i++) {
		buf_add_text(&text, i == 0 ? "" : ": ");
		buf_add_text(&text, r->path[i].key);
		if (r->path[i].at != SIZE_MAX)
			buf_add_format(&text, "[%zu]", r->path[i].at);
	}
	if (key != NULL) {
		buf_add_text(&text, ": ");
		buf_add_text(&text, key);
	}
	place = arena_text(r->arena, buf_bytes(&text));
	buf_fini(&text);
	return place;
}

static enum err
expr_read(struct pack_reading *r, struct bytes value, const char *key,
    const struct pack_read_expr *how, struct pack_expr *expr)
{
	struct pack_read_expr *waiting;
	struct bytes text;
	enum err e = plain_text(value, LIMIT_EXPRESSION_SIZE, &text);

	if (e != ERR_OK)
		return e;
	expr->text = arena_bytes(r->arena, text);
	waiting = arena_new(r->arena, sizeof(*waiting));
	*waiting = *how;
	waiting->expr = expr;
	waiting->next = NULL;
	waiting->place = place_text(r, key);
	*r->last = waiting;
	r->last = &waiting->next;
	return ERR_OK;
}

enum err
pack_read_expr(struct pack_reading *r, struct bytes doc, const char *key,
    const struct pack_read_expr *how, struct pack_expr *expr)
{
	struct bytes value = pack_read_member(doc, key);
	enum err e;

	if (value.n == 0)
		return ERR_OK;
	e = expr_read(r, value, key, how, expr);
	return e == ERR_OK ? e : err_wrap(e, "%s", key);
}

enum err
pack_read_expr_of(struct pack_reading *r, struct bytes value,
    const struct pack_read_expr *how, struct pack_expr *expr)
{
	return expr_read(r, value, NULL, how, expr);
}
