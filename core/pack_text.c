/*
 * Values out of words: what a person typed, a cell of a table, a value of JSON.
 * The command line, the importer and the HTTP API come through here; what it
 * makes is checked like any other value.
 */
#include "core/pack_text.h"

#include "core/pack_check.h"
#include "proto/ascii.h"
#include "proto/codec.h"
#include "proto/limits.h"
#include "proto/text.h"

static struct bytes trimmed(struct bytes text);
static bool put_text(struct bytes text, struct buf *value);
static bool put_int(struct bytes text, struct buf *value);
static bool put_bool(struct bytes text, struct buf *value);
static bool put_hex(struct bytes text, struct buf *value);
static bool put_geo(struct bytes text, struct buf *value);
static bool put_map(struct bytes text, struct buf *value);
static bool read_int(struct bytes text, int64_t *v);
static bool take_piece(uint8_t end, struct bytes *rest, struct bytes *piece);

enum err
pack_text_value(
    const struct pack_field *field, struct bytes text, struct buf *value)
{
	struct buf made = {0};
	struct bytes word = trimmed(text);
	bool fine = false;
	enum err e;

	switch (field->type) {
	case PACK_TEXT:
		fine = put_text(text, &made);
		break;
	case PACK_ENUM:
	case PACK_DATE:
	case PACK_DATETIME:
		fine = put_text(word, &made);
		break;
	case PACK_INT:
	case PACK_MONEY:
		fine = put_int(word, &made);
		break;
	case PACK_BOOL:
		fine = put_bool(word, &made);
		break;
	case PACK_GEO:
		fine = put_geo(word, &made);
		break;
	case PACK_REF:
	case PACK_HASH:
	case PACK_BYTES:
		fine = put_hex(word, &made);
		break;
	case PACK_MAP:
		fine = put_map(word, &made);
		break;
	}
	/* What the type has no reading for is judged as the text that it is:
	 * the rule that it breaks is then told with the text. */
	if (!fine) {
		buf_cut(&made, 0);
		codec_put_text(&made, bytes_first(text, text_utf8_size(text)));
	}
	e = pack_check_value(field, buf_bytes(&made));
	if (e == ERR_OK && !fine)
		e = err_set(ERR_INVALID, "%s.%s: byte %zu is not text in UTF-8",
		    field->collection, field->name, text_utf8_size(text));
	if (e == ERR_OK)
		buf_add(value, buf_bytes(&made));
	buf_fini(&made);
	return e;
}

enum err
pack_text_json(
    const struct pack_field *field, struct bytes json, struct buf *value)
{
	struct reader r;
	struct bytes text;
	enum err e;

	codec_begin(&r, json);
	if (codec_peek(&r) == CODEC_TEXT) {
		text = codec_get_text(&r);
		switch (field->type) {
		case PACK_TEXT:
		case PACK_ENUM:
		case PACK_DATE:
		case PACK_DATETIME:
		case PACK_REF:
		case PACK_HASH:
		case PACK_BYTES:
			return pack_text_value(field, text, value);
		case PACK_INT:
		case PACK_BOOL:
		case PACK_MONEY:
		case PACK_GEO:
		case PACK_MAP:
			break;
		}
	}
	e = pack_check_value(field, json);
	if (e == ERR_OK)
		buf_add(value, json);
	return e;
}

bool
pack_text_next(
    const struct pack_field *field, struct bytes *rest, struct bytes *element)
{
	*rest = trimmed(*rest);
	if (rest->n == 0)
		return false;
	if (field->kind != KIND_SET) {
		*element = *rest;
		*rest = (struct bytes){0};
		return true;
	}
	while (take_piece(';', rest, element)) {
		*element = trimmed(*element);
		if (element->n > 0)
			return true;
	}
	return false;
}

/* `text` without spaces and tabs around it. */
static struct bytes
trimmed(struct bytes text)
{
	while (text.n > 0 && (text.p[0] == ' ' || text.p[0] == '\t'))
		text = bytes_after(text, 1);
	while (text.n > 0 &&
	       (text.p[text.n - 1] == ' ' || text.p[text.n - 1] == '\t'))
		text = bytes_first(text, text.n - 1);
	return text;
}

/* The part of `*rest` before the first `end`, or all of it; `*rest` is moved
 * behind.  False when nothing is left. */
static bool
take_piece(uint8_t end, struct bytes *rest, struct bytes *piece)
{
	size_t n = bytes_find(*rest, end);

	if (rest->n == 0)
		return false;
	*piece = bytes_first(*rest, n);
	*rest = bytes_after(*rest, n < rest->n ? n + 1 : n);
	return true;
}

/* Does a comma promise one more piece than there is? */
static bool
ends_open(struct bytes text)
{
	return text.n > 0 && text.p[text.n - 1] == ',';
}

static bool
put_text(struct bytes text, struct buf *value)
{
	struct buf normal = {0};
	bool fine = text_nfc(text, &normal) == ERR_OK;

	if (fine)
		codec_put_text(value, buf_bytes(&normal));
	buf_fini(&normal);
	return fine;
}

static bool
put_int(struct bytes text, struct buf *value)
{
	int64_t v;

	if (!read_int(text, &v))
		return false;
	codec_put_int(value, v);
	return true;
}

static bool
read_int(struct bytes text, int64_t *v)
{
	bool negative = text.n > 0 && text.p[0] == '-';
	uint64_t size;

	if (negative)
		text = bytes_after(text, 1);
	if (negative && bytes_is(text, "9223372036854775808")) {
		*v = INT64_MIN;
		return true;
	}
	if (ascii_from_decimal(text, &size) != ERR_OK)
		return false;
	*v = negative ? -(int64_t)size : (int64_t)size;
	return true;
}

static bool
put_bool(struct bytes text, struct buf *value)
{
	bool yes = bytes_is(text, "true") || bytes_is(text, "TRUE") ||
		   bytes_is(text, "1");
	bool no = bytes_is(text, "false") || bytes_is(text, "FALSE") ||
		  bytes_is(text, "0");

	if (yes || no)
		codec_put_bool(value, yes);
	return yes || no;
}

static bool
put_hex(struct bytes text, struct buf *value)
{
	struct buf raw = {0};
	bool fine = text.n > 0 && ascii_from_hex(text, &raw) == ERR_OK;

	if (fine)
		codec_put_bytes(value, buf_bytes(&raw));
	buf_fini(&raw);
	return fine;
}

/* Degrees with at most six digits behind the point, as millionths. */
static bool
read_degrees(struct bytes text, int64_t *v)
{
	bool negative = text.n > 0 && text.p[0] == '-';
	size_t point;
	uint64_t whole;
	uint64_t part = 0;

	if (negative)
		text = bytes_after(text, 1);
	point = bytes_find(text, '.');
	/* Three digits are enough for any degree; more would overflow. */
	if (point > 3 || ascii_from_decimal(bytes_first(text, point), &whole))
		return false;
	if (point < text.n) {
		struct bytes rest = bytes_after(text, point + 1);

		if (rest.n == 0 || rest.n > 6)
			return false;
		for (size_t i = 0; i < 6; i++) {
			uint8_t digit = i < rest.n ? rest.p[i] : (uint8_t)'0';

			if (digit < '0' || digit > '9')
				return false;
			part = part * 10 + (uint64_t)(digit - '0');
		}
	}
	*v = (int64_t)(whole * 1000000 + part);
	if (negative)
		*v = -*v;
	return true;
}

static bool
put_geo(struct bytes text, struct buf *value)
{
	int64_t v[3] = {0};
	struct bytes piece;
	size_t n = 0;

	if (ends_open(text))
		return false;
	while (n < 3 && take_piece(',', &text, &piece)) {
		piece = trimmed(piece);
		if (n < 2 ? !read_degrees(piece, &v[n])
			  : !read_int(piece, &v[n]))
			return false;
		n++;
	}
	if (n < 2 || text.n > 0)
		return false;
	codec_put_array(value, 3);
	for (size_t i = 0; i < 3; i++)
		codec_put_int(value, v[i]);
	return true;
}

struct pair {
	struct bytes name;
	int64_t v;
};

/* Puts `pair` among the `*n` of `pairs` in canonical order of the names; false
 * when that name is there. */
static bool
pair_insert(struct pair *pairs, size_t *n, struct pair pair)
{
	size_t at = *n;

	while (at > 0) {
		struct bytes other = pairs[at - 1].name;

		if (bytes_equal(other, pair.name))
			return false;
		if (other.n < pair.name.n ||
		    (other.n == pair.name.n &&
			bytes_compare(other, pair.name) < 0))
			break;
		pairs[at] = pairs[at - 1];
		at--;
	}
	pairs[at] = pair;
	++*n;
	return true;
}

static bool
put_map(struct bytes text, struct buf *value)
{
	struct pair pairs[LIMIT_VALUES];
	struct buf normal = {0};
	struct bytes rest;
	struct bytes piece;
	size_t n = 0;
	bool fine = text_nfc(text, &normal) == ERR_OK;

	rest = buf_bytes(&normal);
	fine = fine && !ends_open(rest);
	while (fine && take_piece(',', &rest, &piece)) {
		size_t sign = bytes_find(piece, '=');
		struct pair pair = {.name = trimmed(bytes_first(piece, sign))};

		fine = n < LIMIT_VALUES && sign < piece.n &&
		       read_int(
			   trimmed(bytes_after(piece, sign + 1)), &pair.v) &&
		       pair_insert(pairs, &n, pair);
	}
	if (fine)
		codec_put_map(value, n);
	for (size_t i = 0; fine && i < n; i++) {
		codec_put_text(value, pairs[i].name);
		codec_put_int(value, pairs[i].v);
	}
	buf_fini(&normal);
	return fine;
}
