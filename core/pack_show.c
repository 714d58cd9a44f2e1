/*
 * A value as people read it, in tables and in error texts.  Called for values
 * of other nodes too, so it shows whatever comes and judges nothing.
 */
#include "core/pack_show.h"

#include "proto/ascii.h"
#include "proto/codec.h"
#include "proto/limits.h"

static bool show_geo(struct bytes value, struct buf *text);
static void show_scaled(int64_t value, struct buf *text);
static void show_one(struct reader *r, struct buf *text);

void
pack_show_value(
    const struct pack_field *field, struct bytes value, struct buf *text)
{
	size_t before = text->n;
	struct reader r;

	if (field->type == PACK_GEO && show_geo(value, text))
		return;
	buf_cut(text, before);
	codec_begin(&r, value);
	if (codec_check(value) == ERR_OK)
		show_one(&r, text);
	else
		ascii_hex(value, text);
}

static bool
show_geo(struct bytes value, struct buf *text)
{
	struct reader r;
	int64_t metres;

	codec_begin(&r, value);
	if (codec_get_array(&r, 3) != 3)
		return false;
	show_scaled(codec_get_int(&r), text);
	buf_add_u8(text, ',');
	show_scaled(codec_get_int(&r), text);
	metres = codec_get_int(&r);
	buf_add_format(text, ",%lld", (long long)metres);
	return !r.bad && r.in.n == 0;
}

/* Millionths, with the point that they are counted from. */
static void
show_scaled(int64_t value, struct buf *text)
{
	uint64_t size = value < 0 ? UINT64_C(0) - (uint64_t)value
				  : (uint64_t)value;

	buf_add_format(text, "%s%llu.%06llu", value < 0 ? "-" : "",
	    (unsigned long long)(size / 1000000),
	    (unsigned long long)(size % 1000000));
}

static void
show_scalar(struct reader *r, struct buf *text)
{
	switch (codec_peek(r)) {
	case CODEC_BOOL:
		buf_add_text(text, codec_get_bool(r) ? "true" : "false");
		return;
	case CODEC_INT:
		buf_add_format(text, "%lld", (long long)codec_get_int(r));
		return;
	case CODEC_TEXT:
		buf_add(text, codec_get_text(r));
		return;
	case CODEC_BYTES:
		ascii_hex(codec_get_bytes(r), text);
		return;
	case CODEC_NIL:
		codec_get_nil(r);
		buf_add_text(text, "nil");
		return;
	case CODEC_ARRAY:
	case CODEC_MAP:
	case CODEC_NONE:
		/* One level is all that any type has: deeper is hex. */
		ascii_hex(codec_get_value(r), text);
		return;
	}
}

static void
show_one(struct reader *r, struct buf *text)
{
	enum codec_type type = codec_peek(r);
	size_t n;

	if (type != CODEC_ARRAY && type != CODEC_MAP) {
		show_scalar(r, text);
		return;
	}
	n = type == CODEC_MAP ? codec_get_map(r, SIZE_MAX)
			      : codec_get_array(r, SIZE_MAX);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_add_u8(text, ',');
		show_scalar(r, text);
		if (type == CODEC_MAP) {
			buf_add_u8(text, '=');
			show_scalar(r, text);
		}
	}
}
