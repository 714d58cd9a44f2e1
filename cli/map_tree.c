/*
 * Lines of JSON as if they were rows of a table.
 */
#include "cli/map_tree.h"

#include "proto/codec.h"
#include "proto/json.h"
#include "proto/limits.h"

/* Objects in each other: as deep as JSON may be here. */
static enum err object_read(struct reader *r, struct bytes outer,
    map_tree_take *take, void *arg) MUST_USE;

/* A plain value as text. */
static enum err
text_add(struct reader *r, struct buf *text)
{
	switch (codec_peek(r)) {
	case CODEC_NIL:
		codec_get_nil(r);
		return ERR_OK;
	case CODEC_BOOL:
		buf_add_text(text, codec_get_bool(r) ? "true" : "false");
		return ERR_OK;
	case CODEC_INT:
		buf_add_format(text, "%lld", (long long)codec_get_int(r));
		return ERR_OK;
	case CODEC_TEXT:
		buf_add(text, codec_get_text(r));
		return ERR_OK;
	case CODEC_NONE:
	case CODEC_BYTES:
	case CODEC_ARRAY:
	case CODEC_MAP:
		break;
	}
	return err_set(ERR_INVALID, "is no text, number, truth or null");
}

static enum err
array_add(struct reader *r, struct buf *text)
{
	size_t n = codec_get_array(r, LIMIT_ELEMENTS);
	enum err e = ERR_OK;

	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		if (i > 0)
			buf_add_u8(text, ';');
		e = text_add(r, text);
	}
	return e;
}

static enum err
object_read(
    struct reader *r, struct bytes outer, map_tree_take *take, void *arg)
{
	size_t n = codec_get_map(r, LIMIT_ELEMENTS);
	struct bytes last = {0};
	struct buf key = {0};
	struct buf text = {0};
	enum err e = ERR_OK;

	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		struct bytes name = codec_get_text_key(r, &last);

		buf_cut(&key, 0);
		buf_cut(&text, 0);
		buf_add(&key, outer);
		if (outer.n > 0)
			buf_add_u8(&key, '.');
		buf_add(&key, name);
		if (r->bad)
			e = err_set(ERR_INVALID, "its keys are not all texts");
		else if (codec_peek(r) == CODEC_MAP)
			e = object_read(r, buf_bytes(&key), take, arg);
		else if (codec_peek(r) == CODEC_ARRAY)
			e = array_add(r, &text);
		else
			e = text_add(r, &text);
		if (e == ERR_OK && text.n > 0)
			e = take(arg, buf_bytes(&key), buf_bytes(&text));
		else if (e != ERR_OK)
			e = err_wrap(e, "'%s'", buf_text(&key));
	}
	buf_fini(&key);
	buf_fini(&text);
	return e;
}

enum err
map_tree_read(struct bytes line, map_tree_take *take, void *arg)
{
	struct buf value = {0};
	struct reader r;
	enum err e = json_decode(line, &value);

	codec_begin(&r, buf_bytes(&value));
	if (e == ERR_OK && codec_peek(&r) != CODEC_MAP)
		e = err_set(ERR_INVALID, "a line is an object");
	if (e == ERR_OK)
		e = object_read(&r, (struct bytes){0}, take, arg);
	buf_fini(&value);
	return e;
}
