/*
 * FIELD=VALUE into edits, read as the pack has them; core/rules.c judges the
 * whole of a write.  put,
 * patch, note and resolve build what they write here.  Knows no store.
 */
#include "cli/value.h"

#include <string.h>

#include "core/pack_text.h"
#include "proto/ascii.h"
#include "proto/codec.h"
#include "proto/mem.h"
#include "proto/text.h"

/* One word taken apart. */
struct assignment {
	struct bytes name; /* without kind and class */
	struct bytes text;
	char sign; /* '=', '+' or '-' */
	enum field_kind kind;
	enum delta_class class;
	const struct pack_field *field; /* NULL: a free field */
};

static enum err split(const char *word, struct assignment *a) MUST_USE;
static enum err resolve_free(
    const struct value_edits *edits, struct assignment *a) MUST_USE;
static enum err add_elements(
    struct value_edits *edits, const struct assignment *a) MUST_USE;
static enum err add_rest_removed(struct value_edits *edits,
    const struct assignment *a, size_t first) MUST_USE;

/* What the field is: by the pack, or by its own words. */
static enum err
identify(const struct value_edits *edits, struct assignment *a)
{
	enum err e;

	if (edits->collection == NULL)
		return resolve_free(edits, a);
	e = pack_get_field(edits->collection, a->name, &a->field);
	if (e != ERR_OK)
		return e;
	a->kind = a->field->kind;
	a->class = a->field->data_class;
	return ERR_OK;
}

static enum err
refuse(const struct assignment *a, const char *rule)
{
	return err_set(
	    ERR_INVALID, "%.*s: %s", (int)a->name.n, a->name.p, rule);
}

/* Is `sign` something that can be done to this kind of field? */
static enum err
check_sign(const struct value_edits *edits, const struct assignment *a)
{
	switch (a->kind) {
	case KIND_REGISTER:
	case KIND_STATE:
		if (a->sign != '=')
			return refuse(a, "has one value; write field=value");
		if (a->kind == KIND_STATE && a->text.n == 0)
			return refuse(a, "a state cannot be cleared");
		return ERR_OK;
	case KIND_SET:
		return ERR_OK;
	case KIND_COUNTER:
		if (a->sign == '=' && !edits->create)
			return refuse(a,
			    "a counter is added to: write field+=3 or "
			    "field-=3");
		return ERR_OK;
	case KIND_NOTES:
		if (a->sign == '-' || (a->sign == '=' && !edits->create))
			return refuse(a,
			    "notes are only added to, also to correct one: "
			    "write field+=text");
		return ERR_OK;
	case KIND_COUNT:
		break;
	}
	assert(a->kind < KIND_COUNT);
	return refuse(a, "is of no kind");
}

enum err
value_add(struct value_edits *edits, const char *word)
{
	struct assignment a = {0};
	size_t first = edits->n;
	enum err e = split(word, &a);

	if (e == ERR_OK)
		e = identify(edits, &a);
	if (e == ERR_OK)
		e = check_sign(edits, &a);
	if (e == ERR_OK && a.text.n > LIMIT_TEXT_SIZE)
		e = err_set(ERR_LIMIT,
		    "%.*s: the value has %zu bytes, at most %d are allowed",
		    (int)a.name.n, a.name.p, a.text.n, LIMIT_TEXT_SIZE);
	if (e == ERR_OK)
		e = add_elements(edits, &a);
	if (e == ERR_OK && a.kind == KIND_SET && a.sign == '=')
		e = add_rest_removed(edits, &a, first);
	return e;
}

enum err
value_add_note(struct value_edits *edits, const char *name, struct bytes text)
{
	struct assignment a = {.text = text, .sign = '+'};
	enum err e;

	a.name = bytes_text(name);
	e = identify(edits, &a);
	if (e == ERR_OK && a.kind != KIND_NOTES)
		e = refuse(&a, "is not a field of notes");
	if (e == ERR_OK && text.n > LIMIT_TEXT_SIZE)
		e = err_set(ERR_LIMIT,
		    "%s: the note has more than %d bytes, which is the most "
		    "that is allowed",
		    name, LIMIT_TEXT_SIZE);
	return e == ERR_OK ? add_elements(edits, &a) : e;
}

/* name=text, name+=text or name-=text. */
static enum err
split(const char *word, struct assignment *a)
{
	struct bytes all = bytes_text(word);
	size_t n = bytes_find(all, '=');

	if (n == all.n || n == 0)
		return err_set(ERR_USAGE,
		    "'%s' is not field=value, field+=value or field-=value",
		    word);
	a->text = bytes_after(all, n + 1);
	a->sign = '=';
	if (word[n - 1] == '+' || word[n - 1] == '-')
		a->sign = word[--n];
	a->name = bytes_first(all, n);
	if (n == 0)
		return err_set(ERR_USAGE, "'%s' names no field", word);
	if (a->sign != '=' && a->text.n == 0)
		return err_set(ERR_USAGE, "'%s' has no value", word);
	return ERR_OK;
}

/* Takes `:kind` or `@class` off the end of `name`, into one of `n` `words`. */
static enum err
take_suffix(struct bytes *name, char mark, const char *const *words, size_t n,
    size_t *found)
{
	size_t at = bytes_find(*name, (uint8_t)mark);
	struct bytes word;

	*found = n;
	if (at == name->n)
		return ERR_OK;
	word = bytes_after(*name, at + 1);
	for (size_t i = 0; i < n; i++) {
		if (bytes_is(word, words[i]))
			*found = i;
	}
	if (*found == n)
		return err_set(ERR_INVALID, "'%.*s': there is no %s '%.*s'",
		    (int)name->n, name->p, mark == '@' ? "data class" : "kind",
		    (int)word.n, word.p);
	*name = bytes_first(*name, at);
	return ERR_OK;
}

/* A free field: what its word says, else what the record has, else a register
 * with personal data in it. */
static enum err
resolve_free(const struct value_edits *edits, struct assignment *a)
{
	static const char *const classes[CLASS_COUNT] = {"N", "P", "S", "F"};
	size_t class;
	size_t kind;
	enum err e;

	e = take_suffix(&a->name, '@', classes, CLASS_COUNT, &class);
	if (e == ERR_OK)
		e = take_suffix(
		    &a->name, ':', pack_kind_names, KIND_COUNT, &kind);
	if (e != ERR_OK)
		return e;
	if (!text_is_name(a->name))
		return refuse(
		    a, "is no name of a field: a-z, 0-9 and _, a letter first");
	a->kind = kind < KIND_COUNT ? (enum field_kind)kind : KIND_REGISTER;
	a->class = class < CLASS_COUNT ? (enum delta_class) class : CLASS_P;
	for (size_t i = 0; edits->record != NULL && i < edits->record->fields_n;
	     i++) {
		const struct record_field *has = &edits->record->fields[i];

		if (!bytes_equal(has->name, a->name) || has->n == 0 ||
		    (kind < KIND_COUNT && has->kind != a->kind))
			continue;
		a->kind = has->kind;
		if (class == CLASS_COUNT)
			a->class = has->values[0].class;
		break;
	}
	return ERR_OK;
}

static void
push(struct value_edits *edits, const struct assignment *a, enum op_code code,
    struct bytes value)
{
	mem_room(
	    &edits->edits, &edits->room, edits->n + 1, sizeof(*edits->edits));
	edits->edits[edits->n++] = (struct store_edit){
	    .field = arena_bytes(edits->arena, a->name),
	    .code = code,
	    .class = a->class,
	    .value = arena_bytes(edits->arena, value)};
}

/* What is written for one element. */
static enum op_code
code_of(const struct assignment *a)
{
	switch (a->kind) {
	case KIND_REGISTER:
		return OP_SET;
	case KIND_SET:
		return a->sign == '-' ? OP_REMOVE : OP_ADD;
	case KIND_COUNTER:
		return OP_COUNT;
	case KIND_NOTES:
		return OP_APPEND;
	case KIND_STATE:
		return OP_MOVE;
	case KIND_COUNT:
		break;
	}
	assert(a->kind < KIND_COUNT);
	return OP_SET;
}

/* A decimal integer, with a minus sign where it is negative. */
static bool
read_integer(struct bytes text, int64_t *v)
{
	bool negative = text.n > 0 && text.p[0] == '-';
	uint64_t size;

	if (ascii_from_decimal(bytes_after(text, negative), &size) != ERR_OK)
		return false;
	*v = negative ? -(int64_t)size : (int64_t)size;
	return true;
}

/* The canonical value of `text` in a free field. */
static enum err
free_value(const struct assignment *a, struct bytes text, struct buf *value)
{
	struct buf normal = {0};
	int64_t v;
	enum err e = ERR_OK;

	if (a->kind == KIND_COUNTER) {
		if (!read_integer(text, &v))
			return refuse(a, "a counter takes whole numbers");
		codec_put_int(value, v);
		return ERR_OK;
	}
	e = text_nfc(text, &normal);
	if (e == ERR_OK)
		codec_put_text(value, buf_bytes(&normal));
	else
		e = err_wrap(e, "%.*s", (int)a->name.n, a->name.p);
	buf_fini(&normal);
	return e;
}

/* Turns the sign of the integer that `value` is; false for the one that has no
 * counterpart. */
static bool
negate(struct buf *value)
{
	struct reader r;
	int64_t v;

	codec_begin(&r, buf_bytes(value));
	v = codec_get_int(&r);
	if (v == INT64_MIN)
		return false;
	buf_cut(value, 0);
	codec_put_int(value, -v);
	return true;
}

static enum err
add_one(
    struct value_edits *edits, const struct assignment *a, struct bytes element)
{
	struct buf value = {0};
	enum err e;

	if (a->field != NULL)
		e = pack_text_value(a->field, element, &value);
	else
		e = free_value(a, element, &value);
	if (e == ERR_OK && a->kind == KIND_COUNTER && a->sign == '-' &&
	    !negate(&value))
		e = refuse(a, "the number is too large");
	if (e == ERR_OK)
		push(edits, a, code_of(a), buf_bytes(&value));
	buf_fini(&value);
	return e;
}

/* Adds an edit for each element that the text gives; a cleared register is an
 * edit without one. */
static enum err
add_elements(struct value_edits *edits, const struct assignment *a)
{
	static const uint8_t nil[] = {0xc0};
	struct bytes rest = a->text;
	struct bytes element;
	enum err e = ERR_OK;

	if (a->kind == KIND_REGISTER && a->text.n == 0) {
		if (!edits->create)
			push(edits, a, OP_CLEAR, bytes_of(nil, sizeof(nil)));
		return ERR_OK;
	}
	if (a->kind != KIND_SET)
		return a->text.n > 0 || !edits->create
			   ? add_one(edits, a, a->text)
			   : ERR_OK;
	if (a->field == NULL)
		return a->text.n > 0 ? add_one(edits, a, a->text) : ERR_OK;
	while (e == ERR_OK && pack_text_next(a->field, &rest, &element))
		e = add_one(edits, a, element);
	return e;
}

/* field=a; b of a set: all other elements go.  What was wished for are the
 * edits from number `first` on. */
static enum err
add_rest_removed(
    struct value_edits *edits, const struct assignment *a, size_t first)
{
	const struct record_field *has = NULL;
	size_t last = edits->n;

	if (edits->record != NULL)
		has = merge_find(edits->record, a->name, KIND_SET);
	for (size_t i = 0; has != NULL && i < has->n; i++) {
		bool wished = false;

		for (size_t at = first; at < last; at++)
			wished |= bytes_equal(
			    edits->edits[at].value, has->values[i].value);
		for (size_t at = last; at < edits->n; at++)
			wished |= bytes_equal(
			    edits->edits[at].value, has->values[i].value);
		if (!wished)
			push(edits, a, OP_REMOVE, has->values[i].value);
	}
	return ERR_OK;
}

void
value_fini(struct value_edits *edits)
{
	mem_free(edits->edits);
	edits->edits = NULL;
	edits->n = edits->room = 0;
}

const struct pack_field *
value_field(const struct pack_collection *collection,
    const struct record_field *content)
{
	const struct pack_field *field;

	if (collection == NULL)
		return NULL;
	field = pack_field(collection, content->name);
	return field != NULL && field->kind == content->kind ? field : NULL;
}
