/*
 * Bodies of changes: what was written, and how it is sealed so that the right
 * to read, to hold and to audit it can be given apart.  The store seals and
 * opens them; peers pass them on sealed.  Pure: secrets are arguments.
 */
#include "proto/body.h"

#include <string.h>

#include "proto/codec.h"
#include "proto/text.h"

enum { BODY_COLLECTION, BODY_OPS };
enum { KEY_IGNORABLE = 128, KEYS_MAX = 16 };
enum {
	/* Padded content: 3 bytes of length, whose highest two bits say how it
	 * is compressed, the content, zeros. */
	LENGTH_SIZE = 3,
	PADDED_MIN = 32,
	/* What would become four bytes shorter at most is not compressed: that
	 * takes as long as all else that makes a body. */
	PADDED_SQUEEZE = 36,
	/* Most bodies are below; what a long one took is given back. */
	OPENED_ROOM_MAX = 16 * 1024,
};
static const uint32_t length_squeezed = 1u << 23;
static const uint32_t length_named = 3u << 22;
static const uint32_t length_forms = 3u << 22;

static void ops_read(struct reader *r, enum delta_class class,
    struct arena *arena, struct body *body);
static bool op_is_sound(const struct body_op *op, enum delta_class class);
static size_t padded_size(size_t n);
static void key_of(const struct secret *secret, struct secret *key);
static enum err padded_open(
    struct squeeze *squeeze, struct buf *padded, struct buf *plain) MUST_USE;

enum err
body_encode(const struct body *body, struct buf *out)
{
	size_t was = out->n;

	if (body->ops_n > LIMIT_OPERATIONS)
		return err_set(ERR_LIMIT,
		    "%zu operations in one change: at most %d are allowed",
		    body->ops_n, LIMIT_OPERATIONS);
	codec_put_map(out, (size_t)1 + (body->collection.n > 0));
	if (body->collection.n > 0) {
		codec_put_int(out, BODY_COLLECTION);
		codec_put_text(out, body->collection);
	}
	codec_put_int(out, BODY_OPS);
	codec_put_array(out, body->ops_n);
	for (size_t i = 0; i < body->ops_n; i++) {
		const struct body_op *op = &body->ops[i];

		codec_put_array(out, 4);
		codec_put_int(out, op->number);
		codec_put_int(out, (int64_t)op->code);
		codec_put_text(out, op->field);
		buf_add(out, op->value);
	}
	if (out->n - was > LIMIT_BODY_SIZE) {
		buf_cut(out, was);
		return err_set(ERR_LIMIT,
		    "a change of more than %d bytes: shorten its longest text",
		    LIMIT_BODY_SIZE);
	}
	return ERR_OK;
}

enum err
body_decode(struct bytes in, enum delta_class class, struct arena *arena,
    struct body *body)
{
	struct reader r;
	int64_t last = -1;
	bool has_ops = false;
	size_t n;

	memset(body, 0, sizeof(*body));
	codec_begin(&r, in);
	n = codec_get_map(&r, KEYS_MAX);
	for (size_t i = 0; i < n && !r.bad; i++) {
		int64_t key = codec_get_key(&r, &last);

		if (key == BODY_COLLECTION && !r.bad) {
			body->collection = codec_get_text(&r);
			r.bad = r.bad || class != CLASS_N ||
				!text_is_name(body->collection);
		} else if (key == BODY_OPS && !r.bad) {
			has_ops = true;
			ops_read(&r, class, arena, body);
		} else if (key >= KEY_IGNORABLE) {
			(void)codec_get_value(&r);
		} else if (!r.bad) {
			return err_set(ERR_VERSION,
			    "body with key %d, which a newer program wrote",
			    (int)key);
		}
	}
	r.bad = r.bad || !has_ops;
	return codec_end(&r, "body of a change");
}

static void
ops_read(struct reader *r, enum delta_class class, struct arena *arena,
    struct body *body)
{
	size_t n = codec_get_array(r, LIMIT_OPERATIONS);
	struct body_op *ops = arena_array(arena, n, sizeof(*ops));

	for (size_t i = 0; i < n && !r->bad; i++) {
		struct body_op *op = &ops[i];

		r->bad = codec_get_array(r, 4) != 4 || r->bad;
		op->number = (uint16_t)codec_get_uint(
		    r, LIMIT_OPERATION_NUMBER - 1);
		op->code = (enum op_code)codec_get_uint(r, UINT8_MAX);
		op->field = codec_get_text(r);
		op->value = codec_get_value(r);
		if (r->bad || !op_is_sound(op, class) ||
		    (i > 0 && ops[i - 1].number >= op->number))
			r->bad = true;
	}
	body->ops = ops;
	body->ops_n = n;
}

static bool
op_is_sound(const struct body_op *op, enum delta_class class)
{
	return (op->number & (CLASS_COUNT - 1)) == (unsigned)class &&
	       text_is_name(op->field) && body_value_fits(op->code, op->value);
}

bool
body_value_fits(enum op_code code, struct bytes value)
{
	struct reader r;
	enum codec_type type;

	codec_begin(&r, value);
	type = codec_peek(&r);
	switch (code) {
	case OP_SET:
	case OP_ADD:
	case OP_APPEND:
		return type != CODEC_NIL;
	case OP_CLEAR:
	case OP_REMOVE:
		return type == CODEC_NIL;
	case OP_COUNT:
		return type == CODEC_INT;
	case OP_MOVE:
		return type == CODEC_TEXT;
	}
	return false;
}

enum field_kind
body_kind(enum op_code code)
{
	return (enum field_kind)((unsigned)code >> 4);
}

bool
body_has_value(enum op_code code)
{
	return code != OP_CLEAR && code != OP_REMOVE;
}

void
body_tag(const struct secret *secret, struct hash *tag)
{
	crypto_sha256_two(bytes_text("golmok/open"),
	    bytes_of(secret->b, sizeof(secret->b)), tag);
}

void
body_commitment(
    const struct hash *tag, struct bytes sealed, struct hash *commitment)
{
	struct crypto_sha256 state;

	crypto_sha256_init(&state);
	crypto_sha256_add(&state, bytes_text("golmok/body"));
	crypto_sha256_add(&state, bytes_of(tag->b, sizeof(tag->b)));
	crypto_sha256_add(&state, sealed);
	crypto_sha256_out(&state, commitment);
}

static void
key_of(const struct secret *secret, struct secret *key)
{
	struct hash hash;

	crypto_sha256_two(bytes_text("golmok/seal"),
	    bytes_of(secret->b, sizeof(secret->b)), &hash);
	memcpy(key->b, hash.b, sizeof(key->b));
	crypto_wipe(&hash, sizeof(hash));
}

enum err
body_seal(struct squeeze *squeeze, struct bytes plain,
    const struct secret *secret, struct buf *sealed, struct hash *commitment)
{
	size_t was = sealed->n;
	struct buf padded = {0};
	struct secret key;
	struct hash tag;
	uint32_t length;
	size_t size_plain = padded_size(LENGTH_SIZE + plain.n);
	size_t zeros;
	enum err e = ERR_OK;

	assert(plain.n <= LIMIT_BODY_SIZE);
	/* Growing would leave copies of what is secret behind. */
	buf_reserve(&padded, size_plain);
	memset(buf_extend(&padded, LENGTH_SIZE), 0, LENGTH_SIZE);
	if (size_plain > PADDED_SQUEEZE)
		e = squeeze_pack_named(squeeze, plain, &padded);
	if (e != ERR_OK)
		goto out;
	length = (uint32_t)(padded.n - LENGTH_SIZE) | length_named;
	if (size_plain <= PADDED_SQUEEZE ||
	    padded_size(padded.n) >= size_plain) {
		buf_cut(&padded, LENGTH_SIZE);
		buf_add(&padded, plain);
		length = (uint32_t)plain.n;
	}
	padded.p[0] = (uint8_t)(length >> 16);
	bytes_put_be16(padded.p + 1, (uint16_t)length);
	zeros = padded_size(padded.n) - padded.n;
	memset(buf_extend(&padded, zeros), 0, zeros);
	key_of(secret, &key);
	crypto_seal(&key, 0, (struct bytes){0}, buf_bytes(&padded),
	    buf_extend(sealed, padded.n + CRYPTO_TAG_SIZE));
	crypto_wipe(&key, sizeof(key));
	body_tag(secret, &tag);
	body_commitment(&tag, bytes_after(buf_bytes(sealed), was), commitment);
out:
	buf_wipe(&padded);
	return e;
}

/* Padmé: lengths keep their highest bits, so that at most 12 % is added and
 * only log log of the length is told (docs/format.md §7). */
static size_t
padded_size(size_t n)
{
	unsigned bits = 0;
	unsigned kept = 1;
	size_t mask;

	if (n <= PADDED_MIN)
		return PADDED_MIN;
	while (n >> (bits + 1) != 0)
		bits++;
	while (bits >> kept != 0)
		kept++;
	mask = ((size_t)1 << (bits - kept)) - 1;
	return (n + mask) & ~mask;
}

enum err
body_open(struct squeeze *squeeze, struct bytes sealed,
    const struct secret *secret, struct buf *plain)
{
	struct buf *padded = &squeeze->opened;
	size_t was = plain->n;
	struct secret key;
	bool right;
	enum err e;

	if (sealed.n > LIMIT_SEALED_SIZE ||
	    sealed.n < PADDED_MIN + CRYPTO_TAG_SIZE)
		return err_set(ERR_MALFORMED,
		    "a sealed body of %zu bytes: not a length that one has",
		    sealed.n);
	assert(padded->n == 0);
	key_of(secret, &key);
	right = crypto_open(&key, 0, (struct bytes){0}, sealed,
	    buf_extend(padded, sealed.n - CRYPTO_TAG_SIZE));
	crypto_wipe(&key, sizeof(key));
	e = right ? padded_open(squeeze, padded, plain)
		  : err_set(ERR_MALFORMED,
			"a sealed body does not open with its secret");
	assert(e == ERR_OK || plain->n == was);
	if (padded->room > OPENED_ROOM_MAX)
		buf_wipe(padded);
	crypto_wipe(padded->p, padded->n);
	buf_cut(padded, 0);
	return e;
}

/* Appends to `plain` what `padded` holds; uses it up. */
static enum err
padded_open(struct squeeze *squeeze, struct buf *padded, struct buf *plain)
{
	uint32_t length = (uint32_t)padded->p[0] << 16 |
			  bytes_be16(padded->p + 1);
	uint32_t form = length & length_forms;
	struct bytes rest = bytes_after(buf_bytes(padded), LENGTH_SIZE);
	struct bytes content;

	length &= ~length_forms;
	if (length > rest.n ||
	    padded_size(LENGTH_SIZE + length) != LENGTH_SIZE + rest.n)
		return err_set(ERR_MALFORMED,
		    "a sealed body is not padded as its length asks");
	content = bytes_first(rest, length);
	rest = bytes_after(rest, length);
	for (size_t i = 0; i < rest.n; i++) {
		if (rest.p[i] != 0)
			return err_set(ERR_MALFORMED,
			    "the padding of a sealed body is not zero");
	}
	if (form == length_named)
		return squeeze_unpack_named(squeeze, padded->p + LENGTH_SIZE,
		    content.n, LIMIT_BODY_SIZE, plain);
	if (form == length_squeezed)
		return squeeze_unpack(squeeze, content, LIMIT_BODY_SIZE, plain);
	if (form != 0)
		return err_set(ERR_VERSION,
		    "a sealed body is compressed in a way that this golmok "
		    "does not know");
	if (content.n > LIMIT_BODY_SIZE)
		return err_set(ERR_LIMIT,
		    "a body of %zu bytes: at most %d are allowed", content.n,
		    LIMIT_BODY_SIZE);
	buf_add(plain, content);
	return ERR_OK;
}
