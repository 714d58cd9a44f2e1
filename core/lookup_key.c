/*
 * Keys of indexes.  core/lookup.c makes them for walks, core/lookup_rows.c for
 * rows, so that both mean the same.  Reads no table.
 */
#include "core/lookup_key.h"

#include "proto/calendar.h"
#include "proto/codec.h"

enum {
	FORM_NOTHING = 0,
	FORM_INT,
	FORM_TEXT,
	FORM_BYTES,
	FORM_BOOL,
	FORM_HASH,
	FORM_TIME,
	FORM_PAIR,
	FORM_ANYTHING = 255,
};

/* The longest key: an index over several fields. */
static_assert(4 + 2 + LIMIT_INDEX_FIELDS * (1 + LOOKUP_KEY_MEMBER) +
		      (int)sizeof(struct record_id) <=
		  LIMIT_KEY_SIZE,
    "the parts of an index over several fields have room in a key");

static void part_number(uint8_t form, int64_t number, struct key *key);
static void part_string(uint8_t form, struct bytes content,
    struct lookup_plain how, struct key *key);
static void part_mark(uint8_t form, struct key *key);

void
lookup_key_begin(struct space_no space, uint16_t no, struct key *key)
{
	uint8_t b[2];

	tables_space_key(space, key);
	bytes_put_be16(b, no);
	tables_key_add(key, bytes_of(b, sizeof(b)));
}

void
lookup_key_value(const struct lookup *lookup, const struct pack_field *field,
    enum delta_class class, struct bytes value, struct key *key)
{
	const struct lookup_plain how = {.max = LOOKUP_KEY_PART};
	uint8_t part[1 + LOOKUP_KEY_HASH] = {FORM_HASH};
	struct buf hashed = {0};

	if (field->data_class == CLASS_N && class == CLASS_N &&
	    lookup_key_plain(field, value, how, key))
		return;
	buf_add(&hashed, tables_key(key));
	buf_add(&hashed, value);
	crypto_blake2b(bytes_of(lookup->secret, sizeof(lookup->secret)),
	    buf_bytes(&hashed), part + 1, LOOKUP_KEY_HASH);
	buf_wipe(&hashed);
	tables_key_add(key, bytes_of(part, sizeof(part)));
}

bool
lookup_key_plain(const struct pack_field *field, struct bytes value,
    struct lookup_plain how, struct key *key)
{
	struct bytes text;
	int64_t seconds;
	struct reader r;

	codec_begin(&r, value);
	switch (codec_peek(&r)) {
	case CODEC_INT:
		part_number(FORM_INT, codec_get_int(&r), key);
		return true;
	case CODEC_BOOL:
		part_mark(FORM_BOOL, key);
		part_mark(codec_get_bool(&r), key);
		return true;
	case CODEC_TEXT:
		text = codec_get_text(&r);
		if (field->type == PACK_DATETIME &&
		    calendar_read_time(text, &seconds))
			part_number(FORM_TIME, seconds, key);
		else
			part_string(FORM_TEXT, text, how, key);
		return true;
	case CODEC_BYTES:
		part_string(FORM_BYTES, codec_get_bytes(&r), how, key);
		return true;
	case CODEC_NONE:
	case CODEC_NIL:
	case CODEC_ARRAY:
	case CODEC_MAP:
		break;
	}
	return false;
}

static void
part_number(uint8_t form, int64_t number, struct key *key)
{
	uint8_t part[1 + 8] = {form};

	bytes_put_be64(part + 1, (uint64_t)number ^ UINT64_C(1) << 63);
	tables_key_add(key, bytes_of(part, sizeof(part)));
}

static void
part_string(uint8_t form, struct bytes content, struct lookup_plain how,
    struct key *key)
{
	assert(how.max <= LOOKUP_KEY_PART);
	part_mark(form, key);
	tables_key_add(key,
	    bytes_first(content, content.n < how.max ? content.n : how.max));
	if (content.n < how.max && !how.open)
		part_mark(0, key);
}

static void
part_mark(uint8_t form, struct key *key)
{
	tables_key_add(key, bytes_of(&form, 1));
}

void
lookup_key_pair(struct bytes letters, struct key *key)
{
	part_mark(FORM_PAIR, key);
	tables_key_add(key, letters);
}

void
lookup_key_nothing(struct key *key)
{
	part_mark(FORM_NOTHING, key);
}

void
lookup_key_anything(struct key *key)
{
	part_mark(FORM_ANYTHING, key);
}

void
lookup_key_hidden(struct key *key)
{
	part_mark(FORM_HASH, key);
}

void
lookup_key_record(const struct record_id *id, struct key *key)
{
	tables_key_add(key, bytes_of(id->b, sizeof(id->b)));
}

void
lookup_key_pass(struct key *key)
{
	/* Keys begin with the number of a space, which is not its largest. */
	assert(key->n > 0);
	while (key->b[key->n - 1] == UINT8_MAX) {
		key->n--;
		assert(key->n > 0);
	}
	key->b[key->n - 1]++;
}
