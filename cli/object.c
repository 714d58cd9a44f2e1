/*
 * JSON objects for --json, where a table of cells does not fit.  The commands
 * build one in a buffer and give it to out_json.  Prints nothing itself.
 */
#include "cli/object.h"

#include "cli/out.h"
#include "proto/ascii.h"
#include "proto/json.h"

void
object_key(struct buf *json, const char *key)
{
	uint8_t last = json->n > 0 ? json->p[json->n - 1] : (uint8_t)'{';

	if (last != '{' && last != '[')
		buf_add_u8(json, ',');
	if (key == NULL)
		return;
	out_json_text(bytes_text(key), json);
	buf_add_u8(json, ':');
}

void
object_begin(struct buf *json, const char *key)
{
	object_key(json, key);
	buf_add_u8(json, '{');
}

void
object_end(struct buf *json)
{
	buf_add_u8(json, '}');
}

void
object_array(struct buf *json, const char *key)
{
	object_key(json, key);
	buf_add_u8(json, '[');
}

void
object_array_end(struct buf *json)
{
	buf_add_u8(json, ']');
}

void
object_text(struct buf *json, const char *key, struct bytes text)
{
	object_key(json, key);
	out_json_text(text, json);
}

void
object_hex(struct buf *json, const char *key, struct bytes bytes)
{
	object_key(json, key);
	buf_add_u8(json, '"');
	ascii_hex(bytes, json);
	buf_add_u8(json, '"');
}

void
object_number(struct buf *json, const char *key, uint64_t number)
{
	object_key(json, key);
	buf_add_format(json, "%llu", (unsigned long long)number);
}

void
object_bool(struct buf *json, const char *key, bool yes)
{
	object_key(json, key);
	buf_add_text(json, yes ? "true" : "false");
}

void
object_value(struct buf *json, const char *key, struct bytes value)
{
	object_key(json, key);
	if (json_encode(value, json) != ERR_OK)
		buf_add_text(json, "null");
}
