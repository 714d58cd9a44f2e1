/*
 * Rows of views as bytes.  Called by core/view*.c and core/check_view.c; reads
 * and writes no table.
 */
#include "core/view_form.h"

#include "proto/calendar.h"
#include "proto/crypto.h"

enum {
	FORM_NOTHING = 1,
	FORM_BOOL,
	FORM_INT,
	FORM_DATE,
	FORM_DATETIME,
	FORM_TEXT,
	FORM_REF,
	FORM_BYTES,
	FORM_HIDDEN,
};
enum { TEXT_END, TEXT_CUT, BYTES_CUT = 0xff };
enum { HEAD_SIZE = 4 + 2 + 1, COUNT_SIZE = 8, SUM_SIZE = 16 };
/* Of a text or bytes, around what stands there of it. */
enum { TEXT_FRAME = 1 + 1 + VIEW_HASH_SIZE };
static_assert((int)LIMIT_VIEW_KEY_SIZE >
		  (int)HEAD_SIZE + (LIMIT_VIEW_PARTS + 1) * (TEXT_FRAME + 12),
    "twelve bytes of each text can stand in a key");
static_assert((int)LIMIT_VIEW_TEXT_SIZE < (int)BYTES_CUT,
    "the number of bytes is one byte");

static void hash_put(const struct view_place *place,
    const struct expr_value *value, struct view_key *key);
static void text_put(const struct view_place *place,
    const struct expr_value *value, struct view_key *key);
static bool text_get(struct bytes *key, struct view_value *value);
static bool bytes_get(struct bytes *key, struct view_value *value);

/* One byte is left, so that a walk can name the key behind any other. */
size_t
view_form_text_max(const struct pack_view *view)
{
	size_t each = (LIMIT_VIEW_KEY_SIZE - HEAD_SIZE - 1) /
			  (view->group_n + 1) -
		      TEXT_FRAME;

	return each < LIMIT_VIEW_TEXT_SIZE ? each : LIMIT_VIEW_TEXT_SIZE;
}

struct bytes
view_form_key(const struct view_key *key)
{
	assert(key->n <= sizeof(key->b));
	return bytes_of(key->b, key->n);
}

void
view_form_add(struct view_key *key, struct bytes part)
{
	assert(key->n <= sizeof(key->b) && part.n <= sizeof(key->b) - key->n);
	bytes_copy(key->b + key->n, part);
	key->n += part.n;
}

static void
byte_add(struct view_key *key, unsigned byte)
{
	uint8_t b = (uint8_t)byte;

	view_form_add(key, bytes_of(&b, 1));
}

void
view_form_begin(
    struct space_no space, uint16_t view, unsigned part, struct view_key *key)
{
	assert(part <= UINT8_MAX);
	bytes_put_be32(key->b, space.v);
	bytes_put_be16(key->b + 4, view);
	key->b[6] = (uint8_t)part;
	key->n = HEAD_SIZE;
}

static void
number_put(unsigned form, int64_t i, struct view_key *key)
{
	uint8_t b[8];

	byte_add(key, form);
	bytes_put_be64(b, (uint64_t)i ^ UINT64_C(1) << 63);
	view_form_add(key, bytes_of(b, sizeof(b)));
}

void
view_form_put(const struct view_place *place, const struct expr_value *value,
    struct view_key *key)
{
	assert(!value->is_set);
	if (value->type != EXPR_NOTHING && place->hidden) {
		byte_add(key, FORM_HIDDEN);
		hash_put(place, value, key);
		return;
	}
	switch (value->type) {
	case EXPR_NOTHING:
		byte_add(key, FORM_NOTHING);
		break;
	case EXPR_BOOL:
		byte_add(key, FORM_BOOL);
		byte_add(key, value->i != 0);
		break;
	case EXPR_INT:
		number_put(FORM_INT, value->i, key);
		break;
	case EXPR_DATE:
		number_put(FORM_DATE, value->i, key);
		break;
	case EXPR_DATETIME:
		number_put(FORM_DATETIME, value->i, key);
		break;
	case EXPR_TEXT:
		text_put(place, value, key);
		break;
	case EXPR_REF:
		assert(value->b.n == PACK_REF_SIZE);
		byte_add(key, FORM_REF);
		view_form_add(key, value->b);
		break;
	case EXPR_BYTES:
		byte_add(key, FORM_BYTES);
		if (value->b.n > place->text_max) {
			byte_add(key, BYTES_CUT);
			hash_put(place, value, key);
		} else {
			byte_add(key, (unsigned)value->b.n);
			view_form_add(key, value->b);
		}
		break;
	case EXPR_SPAN:
	case EXPR_MAP:
		assert(false && "no part of a view is of these types");
	}
}

static void
hash_put(const struct view_place *place, const struct expr_value *value,
    struct view_key *key)
{
	uint8_t hash[VIEW_HASH_SIZE];
	struct buf hashed = {0};

	buf_add_text(&hashed, "golmok/view");
	buf_add_be16(&hashed, place->view);
	buf_add_u8(&hashed, place->part);
	buf_add_u8(&hashed, place->number);
	buf_add_u8(&hashed, (uint8_t)value->type);
	buf_add_be64(&hashed, (uint64_t)value->i);
	buf_add(&hashed, value->b);
	crypto_blake2b(bytes_of(place->secret, 32), buf_bytes(&hashed), hash,
	    sizeof(hash));
	buf_wipe(&hashed);
	view_form_add(key, bytes_of(hash, sizeof(hash)));
}

/* So many bytes of `text` stand as they are: whole characters. */
static size_t
text_fits(struct bytes text, size_t max)
{
	size_t n = 0;

	while (n < text.n && n < max && text.p[n] > TEXT_CUT)
		n++;
	while (n < text.n && n > 0 && (text.p[n] & 0xc0) == 0x80)
		n--;
	return n;
}

static void
text_put(const struct view_place *place, const struct expr_value *value,
    struct view_key *key)
{
	size_t n = text_fits(value->b, place->text_max);

	byte_add(key, FORM_TEXT);
	view_form_add(key, bytes_first(value->b, n));
	byte_add(key, n == value->b.n ? TEXT_END : TEXT_CUT);
	if (n < value->b.n)
		hash_put(place, value, key);
}

bool
view_form_head(struct bytes *key, struct view_head *head)
{
	if (key->n < HEAD_SIZE)
		return false;
	head->space.v = bytes_be32(key->p);
	head->view = bytes_be16(bytes_after(*key, 4).p);
	head->part = bytes_after(*key, 6).p[0];
	*key = bytes_after(*key, HEAD_SIZE);
	return true;
}

static bool
take(struct bytes *key, size_t n, struct bytes *taken)
{
	if (key->n < n)
		return false;
	*taken = bytes_first(*key, n);
	*key = bytes_after(*key, n);
	return true;
}

static bool
number_get(struct bytes *key, enum expr_type type, struct view_value *value)
{
	struct bytes b;

	if (!take(key, 8, &b))
		return false;
	value->is.type = type;
	value->is.i = (int64_t)(bytes_be64(b.p) ^ UINT64_C(1) << 63);
	/* A day that no calendar has was never written. */
	return type != EXPR_DATE || calendar_has(value->is.i);
}

bool
view_form_get(struct bytes *key, struct view_value *value)
{
	struct bytes b;

	*value = (struct view_value){0};
	if (!take(key, 1, &b))
		return false;
	switch (b.p[0]) {
	case FORM_NOTHING:
		return true;
	case FORM_BOOL:
		if (!take(key, 1, &b) || b.p[0] > 1)
			return false;
		value->is.type = EXPR_BOOL;
		value->is.i = b.p[0];
		return true;
	case FORM_INT:
		return number_get(key, EXPR_INT, value);
	case FORM_DATE:
		return number_get(key, EXPR_DATE, value);
	case FORM_DATETIME:
		return number_get(key, EXPR_DATETIME, value);
	case FORM_TEXT:
		return text_get(key, value);
	case FORM_REF:
		value->is.type = EXPR_REF;
		return take(key, PACK_REF_SIZE, &value->is.b);
	case FORM_BYTES:
		return bytes_get(key, value);
	case FORM_HIDDEN:
		value->is.type = EXPR_BYTES;
		value->hidden = true;
		return take(key, VIEW_HASH_SIZE, &value->is.b);
	default:
		return false;
	}
}

static bool
text_get(struct bytes *key, struct view_value *value)
{
	struct bytes b;
	size_t n = 0;

	while (n < key->n && key->p[n] > TEXT_CUT)
		n++;
	value->is.type = EXPR_TEXT;
	if (!take(key, n, &value->is.b) || !take(key, 1, &b))
		return false;
	value->cut = b.p[0] == TEXT_CUT;
	return !value->cut || take(key, VIEW_HASH_SIZE, &b);
}

static bool
bytes_get(struct bytes *key, struct view_value *value)
{
	struct bytes b;

	value->is.type = EXPR_BYTES;
	if (!take(key, 1, &b))
		return false;
	value->cut = b.p[0] == BYTES_CUT;
	return value->cut ? take(key, VIEW_HASH_SIZE, &b)
			  : take(key, b.p[0], &value->is.b);
}

void
view_form_row(
    uint64_t records, const struct view_sum *sums, size_t n, struct buf *out)
{
	buf_add_be64(out, records);
	for (size_t i = 0; i < n; i++) {
		buf_add_be64(out, (uint64_t)sums[i].high);
		buf_add_be64(out, sums[i].low);
	}
}

bool
view_form_read(
    struct bytes content, uint64_t *records, struct view_sum *sums, size_t n)
{
	if (content.n != COUNT_SIZE + n * SUM_SIZE)
		return false;
	*records = bytes_be64(content.p);
	for (size_t i = 0; i < n; i++) {
		const uint8_t *p =
		    bytes_slice(content, COUNT_SIZE + i * SUM_SIZE, SUM_SIZE).p;

		sums[i].high = (int64_t)bytes_be64(p);
		sums[i].low = bytes_be64(p + 8);
	}
	return *records > 0;
}
