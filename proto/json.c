/*
 * JSON for people and their programs: the command line, the HTTP interface,
 * imports and packs.  jansson parses, after a scan of our own has measured the
 * text, so that its recursion and its memory are bounded; writing needs no
 * library.  Nothing that is hashed or signed is ever JSON.
 */
#include "proto/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "proto/ascii.h"
#include "proto/codec.h"
#include "proto/limits.h"
#include "proto/mem.h"
#include "proto/text.h"

/* Bytes are objects in JSON and scalars in msgpack: one level more. */
enum { JSON_DEPTH_MAX = LIMIT_DEPTH + 1 };

/* One member of an object on its way into a map. */
struct member {
	struct bytes key; /* encoded; borrowed from the keys buffer */
	const char *name; /* as it stands in JSON; borrowed from jansson */
	json_t *value;	  /* borrowed from jansson */
	size_t at;	  /* where its key begins in the keys buffer */
};

static enum err text_measure(struct bytes text);
static enum err value_convert(json_t *json, unsigned depth, struct buf *out);

enum err
json_decode(struct bytes text, struct buf *value)
{
	size_t before = value->n;
	json_error_t wrong;
	json_t *json;
	enum err e;

	e = text_measure(text);
	if (e != ERR_OK)
		return e;
	json = json_loadb(text.n > 0 ? (const char *)text.p : "", text.n,
	    JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &wrong);
	if (json == NULL &&
	    json_error_code(&wrong) == json_error_null_character)
		return err_set(ERR_INVALID,
		    "JSON, line %d, column %d: a NUL is not text", wrong.line,
		    wrong.column);
	if (json == NULL)
		return err_set(ERR_INVALID, "JSON, line %d, column %d: %s",
		    wrong.line, wrong.column, wrong.text);
	e = value_convert(json, 0, value);
	json_decref(json);
	if (e != ERR_OK) {
		buf_cut(value, before);
		return err_wrap(e, "JSON");
	}
	return ERR_OK;
}

/* Where the scan over a text stands. */
struct scan {
	struct bytes in;
	size_t at;
	size_t depth;
	size_t commas[JSON_DEPTH_MAX + 1];
};

/* Records `what` about the byte at scan->at. */
static enum err
scan_wrong(const struct scan *scan, enum err code, const char *what)
{
	size_t line = 1;
	size_t column = 1;

	for (size_t i = 0; i < scan->at; i++) {
		uint8_t c = scan->in.p[i];

		if (c == '\n') {
			line++;
			column = 1;
		} else if ((c & 0xc0) != 0x80) {
			column++;
		}
	}
	return err_set(
	    code, "JSON, line %zu, column %zu: %s", line, column, what);
}

/* Moves over a string; its quote has not been passed yet. */
static void
scan_string(struct scan *scan)
{
	scan->at++;
	while (scan->at < scan->in.n) {
		uint8_t c = scan->in.p[scan->at++];

		if (c == '"')
			return;
		if (c == '\\')
			scan->at++;
	}
}

static enum err
scan_number(struct scan *scan)
{
	struct bytes rest = bytes_after(scan->in, scan->at);
	bool is_integer = true;
	size_t n = 0;
	char what[80];

	while (n < rest.n && rest.p[n] != 0 &&
	       strchr("0123456789+-.eE", rest.p[n]) != NULL) {
		if (strchr(".eE", rest.p[n]) != NULL)
			is_integer = false;
		n++;
	}
	if (is_integer) {
		scan->at += n;
		return ERR_OK;
	}
	(void)snprintf(what, sizeof(what), "%.*s is not an integer",
	    (int)(n < 40 ? n : 40), (const char *)rest.p);
	return scan_wrong(scan, ERR_INVALID, what);
}

/* Measures depth, elements and numbers before anything is parsed; leaves to
 * the parser whether it is JSON at all. */
static enum err
text_measure(struct bytes text)
{
	struct scan scan = {.in = text};
	enum err e = ERR_OK;

	if (text.n > LIMIT_JSON_SIZE)
		return err_set(ERR_LIMIT, "JSON of %zu bytes; %d is the most",
		    text.n, LIMIT_JSON_SIZE);
	if (bytes_begins(text, bytes_text("\xef\xbb\xbf")))
		return scan_wrong(&scan, ERR_INVALID,
		    "a byte order mark, which JSON has not: save the file in "
		    "UTF-8 without it");
	while (e == ERR_OK && scan.at < text.n) {
		uint8_t c = text.p[scan.at];

		if (c == '"') {
			scan_string(&scan);
			continue;
		}
		if (c == '-' || (c >= '0' && c <= '9')) {
			e = scan_number(&scan);
			continue;
		}
		/* The parser would take it for the end. */
		if (c == 0)
			return scan_wrong(&scan, ERR_INVALID, "a zero byte");
		if (c == '[' || c == '{') {
			if (scan.depth == JSON_DEPTH_MAX)
				return scan_wrong(
				    &scan, ERR_LIMIT, "nested too deeply");
			scan.commas[++scan.depth] = 0;
		} else if ((c == ']' || c == '}') && scan.depth > 0) {
			scan.depth--;
		} else if (c == ',' &&
			   ++scan.commas[scan.depth] == LIMIT_ELEMENTS) {
			return scan_wrong(
			    &scan, ERR_LIMIT, "too many elements");
		}
		scan.at++;
	}
	return e;
}

static enum err
text_convert(struct bytes text, struct buf *out)
{
	struct buf normal = {0};
	enum err e = text_nfc(text, &normal);

	if (e == ERR_OK)
		codec_put_text(out, buf_bytes(&normal));
	buf_fini(&normal);
	return e;
}

static enum err
bytes_convert(struct bytes base64, struct buf *out)
{
	struct buf plain = {0};
	enum err e = ascii_from_base64(base64, &plain);

	if (e == ERR_OK)
		codec_put_bytes(out, buf_bytes(&plain));
	else
		e = err_wrap(ERR_INVALID, "$bytes");
	buf_fini(&plain);
	return e;
}

static enum err
int_key_convert(struct bytes decimal, struct buf *out)
{
	struct buf copy = {0};
	struct buf again = {0};
	enum err e = ERR_OK;
	long long v;

	/* strtoll is lenient; what it made must read as what was given. */
	buf_add(&copy, decimal);
	v = strtoll(buf_text(&copy), NULL, 10);
	buf_add_format(&again, "%lld", v);
	if (bytes_equal(buf_bytes(&again), decimal))
		codec_put_int(out, v);
	else
		e = err_set(ERR_INVALID,
		    "after $int: must come a 64-bit integer in decimal");
	buf_fini(&copy);
	buf_fini(&again);
	return e;
}

static enum err
key_convert(struct bytes name, struct buf *out)
{
	const struct bytes is_int = bytes_text("$int:");
	const struct bytes is_bytes = bytes_text("$bytes:");

	if (!bytes_begins(name, bytes_text("$")))
		return text_convert(name, out);
	if (bytes_begins(name, bytes_text("$$")))
		return text_convert(bytes_after(name, 1), out);
	if (bytes_begins(name, is_int))
		return int_key_convert(bytes_after(name, is_int.n), out);
	if (bytes_begins(name, is_bytes))
		return bytes_convert(bytes_after(name, is_bytes.n), out);
	return err_set(ERR_INVALID,
	    "keys that begin with $ are reserved; write $$ for a $");
}

static int
member_order(const void *a, const void *b)
{
	const struct member *one = a;
	const struct member *other = b;

	return bytes_compare(one->key, other->key);
}

/* Fills `members` from `object`, sorted; their keys lie in `keys`. */
static enum err
members_sort(json_t *object, struct member *members, struct buf *keys)
{
	size_t n = 0;

	for (void *at = json_object_iter(object); at != NULL;
	     at = json_object_iter_next(object, at)) {
		struct member *member = &members[n++];
		enum err e;

		member->name = json_object_iter_key(at);
		member->value = json_object_iter_value(at);
		member->at = keys->n;
		e = key_convert(bytes_text(member->name), keys);
		if (e != ERR_OK)
			return err_wrap(e, "key %s", member->name);
	}
	for (size_t i = 0; i < n; i++) {
		size_t end = i + 1 < n ? members[i + 1].at : keys->n;

		members[i].key = bytes_slice(
		    buf_bytes(keys), members[i].at, end - members[i].at);
	}
	qsort(members, n, sizeof(*members), member_order);
	for (size_t i = 1; i < n; i++)
		if (bytes_equal(members[i - 1].key, members[i].key))
			return err_set(ERR_INVALID,
			    "key %s: there twice, in two spellings",
			    members[i].name);
	return ERR_OK;
}

static enum err
map_convert(json_t *object, unsigned depth, struct buf *out)
{
	size_t n = json_object_size(object);
	struct member *members = mem_zeros(n, sizeof(*members));
	struct buf keys = {0};
	enum err e;

	e = members_sort(object, members, &keys);
	if (e != ERR_OK)
		goto out;
	codec_put_map(out, n);
	for (size_t i = 0; i < n; i++) {
		buf_add(out, members[i].key);
		e = value_convert(members[i].value, depth, out);
		if (e != ERR_OK) {
			e = err_wrap(e, "key %s", members[i].name);
			goto out;
		}
	}
out:
	buf_fini(&keys);
	mem_free(members);
	return e;
}

static enum err
array_convert(json_t *array, unsigned depth, struct buf *out)
{
	size_t n = json_array_size(array);

	codec_put_array(out, n);
	for (size_t i = 0; i < n; i++) {
		enum err e = value_convert(
		    json_array_get(array, i), depth, out);

		if (e != ERR_OK)
			return err_wrap(e, "element %zu", i);
	}
	return ERR_OK;
}

static struct bytes
string_bytes(json_t *string)
{
	return bytes_of(json_string_value(string), json_string_length(string));
}

/* `depth` collections stand around `json`; text_measure has bounded it. */
static enum err
value_convert(json_t *json, unsigned depth, struct buf *out)
{
	json_t *base64 = json_object_get(json, "$bytes");

	if (json_is_string(base64) && json_object_size(json) == 1)
		return bytes_convert(string_bytes(base64), out);
	if (json_is_object(json) || json_is_array(json)) {
		if (depth == LIMIT_DEPTH)
			return err_set(ERR_LIMIT, "nested too deeply");
		depth++;
	}
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		return map_convert(json, depth, out);
	case JSON_ARRAY:
		return array_convert(json, depth, out);
	case JSON_STRING:
		return text_convert(string_bytes(json), out);
	case JSON_INTEGER:
		codec_put_int(out, json_integer_value(json));
		return ERR_OK;
	case JSON_REAL:
		return err_set(ERR_INVALID, "%.17g is not an integer",
		    json_real_value(json));
	case JSON_TRUE:
	case JSON_FALSE:
		codec_put_bool(out, json_is_true(json));
		return ERR_OK;
	case JSON_NULL:
		break;
	}
	codec_put_nil(out);
	return ERR_OK;
}

/* A value on its way to text. */
struct writer {
	struct reader in;
	struct buf *out;
	unsigned depth;
};

static void value_write(struct writer *w);

enum err
json_encode(struct bytes value, struct buf *text)
{
	struct writer w = {.out = text};
	enum err e = codec_check(value);

	if (e != ERR_OK)
		return e;
	codec_begin(&w.in, value);
	value_write(&w);
	assert(!w.in.bad && w.in.in.n == 0);
	return ERR_OK;
}

static void
key_write(struct writer *w)
{
	struct buf name = {0};

	switch (codec_peek(&w->in)) {
	case CODEC_INT:
		buf_add_format(
		    &name, "$int:%lld", (long long)codec_get_int(&w->in));
		break;
	case CODEC_BYTES:
		buf_add_text(&name, "$bytes:");
		ascii_base64(codec_get_bytes(&w->in), &name);
		break;
	default: {
		struct bytes key = codec_get_text(&w->in);

		if (bytes_begins(key, bytes_text("$")))
			buf_add_u8(&name, '$');
		buf_add(&name, key);
	}
	}
	json_add_text(w->out, buf_bytes(&name));
	buf_add_text(w->out, ":");
	buf_fini(&name);
}

static void
collection_write(struct writer *w, bool is_map)
{
	size_t n = is_map ? codec_get_map(&w->in, LIMIT_ELEMENTS)
			  : codec_get_array(&w->in, LIMIT_ELEMENTS);

	assert(w->depth < LIMIT_DEPTH);
	buf_add_u8(w->out, is_map ? '{' : '[');
	w->depth++;
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_add_u8(w->out, ',');
		if (is_map)
			key_write(w);
		value_write(w);
	}
	w->depth--;
	buf_add_u8(w->out, is_map ? '}' : ']');
}

/* The value is canonical, so its depth is bounded. */
static void
value_write(struct writer *w)
{
	switch (codec_peek(&w->in)) {
	case CODEC_NONE:
		w->in.bad = true;
		break;
	case CODEC_NIL:
		codec_get_nil(&w->in);
		buf_add_text(w->out, "null");
		break;
	case CODEC_BOOL:
		buf_add_text(w->out, codec_get_bool(&w->in) ? "true" : "false");
		break;
	case CODEC_INT:
		buf_add_format(
		    w->out, "%lld", (long long)codec_get_int(&w->in));
		break;
	case CODEC_TEXT:
		json_add_text(w->out, codec_get_text(&w->in));
		break;
	case CODEC_BYTES:
		buf_add_text(w->out, "{\"$bytes\":\"");
		ascii_base64(codec_get_bytes(&w->in), w->out);
		buf_add_text(w->out, "\"}");
		break;
	case CODEC_ARRAY:
		collection_write(w, false);
		break;
	case CODEC_MAP:
		collection_write(w, true);
		break;
	}
}

static void
char_write(struct buf *out, uint8_t c)
{
	static const char from[] = "\"\\\b\f\n\r\t";
	static const char to[] = "\"\\bfnrt";
	const char *hit = c != 0 ? strchr(from, c) : NULL;

	if (hit != NULL) {
		buf_add_u8(out, '\\');
		buf_add_u8(out, (uint8_t)to[hit - from]);
	} else if (c < 0x20 || c == 0x7f) {
		buf_add_format(out, "\\u%04x", c);
	} else {
		buf_add_u8(out, c);
	}
}

void
json_add_text(struct buf *out, struct bytes text)
{
	buf_add_u8(out, '"');
	while (text.n > 0) {
		size_t good = text_utf8_size(text);

		for (size_t i = 0; i < good; i++)
			char_write(out, text.p[i]);
		text = bytes_after(text, good);
		if (text.n == 0)
			break;
		if (text.p[0] == 0)
			buf_add_text(out, "\\u0000");
		else
			buf_add_text(out, "\xef\xbf\xbd");
		text = bytes_after(text, 1);
	}
	buf_add_u8(out, '"');
}
