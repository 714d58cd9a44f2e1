/*
 * Canonical msgpack.  Everything that is hashed, signed, stored or sent is
 * written and read here.  Reading is bounded code of our own, because foreign
 * bytes must not reach msgpack-c's unpacker; writing uses its packer, whose
 * forms are the shortest.  Reading allocates nothing and never recurses.
 */
#include "proto/codec.h"

#include <msgpack.h>

#include "proto/limits.h"
#include "proto/text.h"

/* What stands in front of a value's content: its type, the size of the first
 * byte with the number behind it, and that number. */
struct head {
	enum codec_type type;
	size_t size;   /* bytes of the head itself */
	size_t n;      /* bytes of a text or bytes; elements; pairs of a map */
	int64_t value; /* integer, or 0 and 1 for false and true */
};

/* A form of the table below: `width` bytes of number follow the first byte, and
 * a number below `min` has a shorter form. */
struct form {
	enum codec_type type;
	uint8_t width;
	uint64_t min;
};

enum { FORMS_FIRST = 0xc0, FORMS_END = 0xe0 };

static const char NO_VALUE[] = "a value is missing";
static const char TOO_SHORT[] = "the value is longer than the input";
static const char NOT_SHORTEST[] = "a longer form than needed";
static const char TOO_LARGE[] = "an integer above 2^63 - 1";
static const char TOO_MANY[] = "too many elements";
static const char NO_TYPE[] = "a float, an extension or an unused byte";
static const char NOT_UTF8[] = "text that is not UTF-8";
static const char NOT_A_KEY[] = "a map key that is no integer, text or bytes";
static const char NOT_SORTED[] = "a map key that is not above the one before";
static const char TOO_DEEP[] = "nested too deeply";

static const struct form forms[FORMS_END - FORMS_FIRST] = {
    [0xc0 - FORMS_FIRST] = {CODEC_NIL, 0, 0},
    [0xc2 - FORMS_FIRST] = {CODEC_BOOL, 0, 0},
    [0xc3 - FORMS_FIRST] = {CODEC_BOOL, 0, 0},
    [0xc4 - FORMS_FIRST] = {CODEC_BYTES, 1, 0},
    [0xc5 - FORMS_FIRST] = {CODEC_BYTES, 2, 0x100},
    [0xc6 - FORMS_FIRST] = {CODEC_BYTES, 4, 0x10000},
    [0xcc - FORMS_FIRST] = {CODEC_INT, 1, 0x80},
    [0xcd - FORMS_FIRST] = {CODEC_INT, 2, 0x100},
    [0xce - FORMS_FIRST] = {CODEC_INT, 4, 0x10000},
    [0xcf - FORMS_FIRST] = {CODEC_INT, 8, UINT64_C(0x100000000)},
    /* The negative forms count from -1 downwards. */
    [0xd0 - FORMS_FIRST] = {CODEC_INT, 1, 0x20},
    [0xd1 - FORMS_FIRST] = {CODEC_INT, 2, 0x80},
    [0xd2 - FORMS_FIRST] = {CODEC_INT, 4, 0x8000},
    [0xd3 - FORMS_FIRST] = {CODEC_INT, 8, UINT64_C(0x80000000)},
    [0xd9 - FORMS_FIRST] = {CODEC_TEXT, 1, 0x20},
    [0xda - FORMS_FIRST] = {CODEC_TEXT, 2, 0x100},
    [0xdb - FORMS_FIRST] = {CODEC_TEXT, 4, 0x10000},
    [0xdc - FORMS_FIRST] = {CODEC_ARRAY, 2, 0x10},
    [0xdd - FORMS_FIRST] = {CODEC_ARRAY, 4, 0x10000},
    [0xde - FORMS_FIRST] = {CODEC_MAP, 2, 0x10},
    [0xdf - FORMS_FIRST] = {CODEC_MAP, 4, 0x10000},
};

static uint64_t
number_read(const uint8_t *p, size_t width)
{
	uint64_t number = 0;

	for (size_t i = 0; i < width; i++)
		number = number << 8 | p[i];
	return number;
}

/* Fills the value of an integer in one of the forms 0xcc-0xd3; gives the rule
 * that it breaks, or NULL. */
static const char *
head_integer(uint8_t first, uint64_t number, uint64_t min, struct head *head)
{
	if (first >= 0xd0) {
		uint64_t mask = UINT64_MAX >> (64 - 8 * (head->size - 1));

		if (number <= mask / 2)
			return NOT_SHORTEST; /* not negative at all */
		number = ~number & mask;
		if (number < min)
			return NOT_SHORTEST;
		head->value = -1 - (int64_t)number;
		return NULL;
	}
	if (number < min)
		return NOT_SHORTEST;
	if (number > INT64_MAX)
		return TOO_LARGE;
	head->value = (int64_t)number;
	return NULL;
}

/* The heads 0xc0-0xdf, of which the table knows the forms. */
static const char *
head_long(struct bytes in, struct head *head)
{
	uint8_t first = in.p[0];
	const struct form *form = &forms[first - FORMS_FIRST];
	uint64_t number;

	if (form->type == CODEC_NONE)
		return NO_TYPE;
	head->type = form->type;
	head->size = 1 + (size_t)form->width;
	if (in.n < head->size)
		return TOO_SHORT;
	if (form->width == 0) {
		head->value = first & 1;
		return NULL;
	}
	number = number_read(&in.p[1], form->width);
	if (form->type == CODEC_INT)
		return head_integer(first, number, form->min, head);
	if (number < form->min)
		return NOT_SHORTEST;
	head->n = (size_t)number;
	return NULL;
}

/* Reads the head that `in` begins with, and holds its size against what is
 * left.  Gives the rule that is broken, or NULL. */
static inline const char *
head_read(struct bytes in, struct head *head)
{
	uint8_t first;
	size_t left;

	*head = (struct head){.size = 1};
	if (in.n == 0)
		return NO_VALUE;
	first = in.p[0];
	if (first < 0x80 || first >= FORMS_END) {
		head->type = CODEC_INT;
		head->value = first < 0x80 ? first : (int64_t)first - 0x100;
		return NULL;
	}
	if (first >= FORMS_FIRST) {
		const char *wrong = head_long(in, head);

		if (wrong != NULL)
			return wrong;
	} else if (first >= 0xa0) {
		head->type = CODEC_TEXT;
		head->n = first & 0x1f;
	} else {
		head->type = first < 0x90 ? CODEC_MAP : CODEC_ARRAY;
		head->n = first & 0x0f;
	}
	left = in.n - head->size;
	if (head->type == CODEC_ARRAY || head->type == CODEC_MAP) {
		if (head->n > LIMIT_ELEMENTS)
			return TOO_MANY;
		if (head->type == CODEC_MAP)
			left /= 2;
	}
	return head->n > left ? TOO_SHORT : NULL;
}

/* A collection that is being walked. */
struct level {
	size_t left; /* values still to come; a map has two a pair */
	bool is_map;
	struct bytes key; /* the key before, encoded */
};

/* Checks the scalar that `in` begins with, of which `head` was read; `map` is
 * the map of which it is a key, or NULL. */
static const char *
scalar_check(struct bytes in, const struct head *head, struct level *map)
{
	struct bytes key;

	if (head->type == CODEC_TEXT &&
	    !text_is_utf8(bytes_slice(in, head->size, head->n)))
		return NOT_UTF8;
	if (map == NULL)
		return NULL;
	if (head->type == CODEC_NIL || head->type == CODEC_BOOL)
		return NOT_A_KEY;
	key = bytes_first(in, head->size + head->n);
	if (map->key.n > 0 && bytes_compare(map->key, key) >= 0)
		return NOT_SORTED;
	map->key = key;
	return NULL;
}

/* Walks over the one value that `in` begins with and puts what follows it into
 * `*rest`.  Gives NULL, or the rule that is broken by the value at the start
 * of `*rest`. */
static const char *
value_walk(struct bytes in, struct bytes *rest)
{
	struct level levels[LIMIT_DEPTH + 1];
	size_t depth = 0;

	levels[0] = (struct level){.left = 1};
	*rest = in;
	for (;;) {
		struct level *level = &levels[depth];
		struct head head;
		const char *wrong;
		bool is_key;

		if (level->left == 0) {
			if (depth == 0)
				return NULL;
			depth--;
			continue;
		}
		is_key = level->is_map && level->left % 2 == 0;
		wrong = head_read(*rest, &head);
		if (wrong != NULL)
			return wrong;
		level->left--;
		if (head.type != CODEC_ARRAY && head.type != CODEC_MAP) {
			wrong = scalar_check(
			    *rest, &head, is_key ? level : NULL);
			if (wrong != NULL)
				return wrong;
			*rest = bytes_after(*rest, head.size + head.n);
			continue;
		}
		if (is_key)
			return NOT_A_KEY;
		if (depth == LIMIT_DEPTH)
			return TOO_DEEP;
		*rest = bytes_after(*rest, head.size);
		depth++;
		levels[depth] = (struct level){
		    .left = head.type == CODEC_MAP ? 2 * head.n : head.n,
		    .is_map = head.type == CODEC_MAP,
		};
	}
}

enum err
codec_check(struct bytes in)
{
	struct bytes rest;
	const char *wrong = value_walk(in, &rest);

	if (wrong == NULL && rest.n > 0)
		wrong = "bytes after the value";
	if (wrong != NULL)
		return err_set(
		    ERR_MALFORMED, "%s, at byte %zu", wrong, in.n - rest.n);
	return ERR_OK;
}

void
codec_begin(struct reader *r, struct bytes in)
{
	*r = (struct reader){.in = in};
}

void
codec_begin_checked(struct reader *r, struct bytes in)
{
	*r = (struct reader){.in = in, .is_checked = true};
}

enum codec_type
codec_peek(const struct reader *r)
{
	uint8_t first;

	if (r->bad || r->in.n == 0)
		return CODEC_NONE;
	first = r->in.p[0];
	if (first < 0x80 || first >= FORMS_END)
		return CODEC_INT;
	if (first >= FORMS_FIRST)
		return forms[first - FORMS_FIRST].type;
	if (first >= 0xa0)
		return CODEC_TEXT;
	return first < 0x90 ? CODEC_MAP : CODEC_ARRAY;
}

/* Most heads have one byte: does one follow that is `form` under `mask`, and
 * are `per` bytes for each thing that it counts there?  Takes it. */
static inline bool
head_short(
    struct reader *r, unsigned mask, unsigned form, size_t per, size_t *n)
{
	if (r->bad || r->in.n == 0 || (r->in.p[0] & mask) != form)
		return false;
	*n = r->in.p[0] & ~mask & 0xff;
	if (*n * per >= r->in.n)
		return false;
	r->in = bytes_after(r->in, 1);
	return true;
}

/* Reads the head of a value of `type`; all zero when there is none. */
static struct head
reader_head(struct reader *r, enum codec_type type)
{
	struct head head;

	if (!r->bad && head_read(r->in, &head) == NULL && head.type == type) {
		r->in = bytes_after(r->in, head.size);
		return head;
	}
	r->bad = true;
	return (struct head){0};
}

/* Takes `n` bytes; the head has said that they are there. */
static struct bytes
reader_take(struct reader *r, size_t n)
{
	struct bytes taken;

	if (r->bad)
		return (struct bytes){0};
	taken = bytes_first(r->in, n);
	r->in = bytes_after(r->in, n);
	return taken;
}

void
codec_get_nil(struct reader *r)
{
	(void)reader_head(r, CODEC_NIL);
}

bool
codec_get_bool(struct reader *r)
{
	return reader_head(r, CODEC_BOOL).value == 1;
}

int64_t
codec_get_int(struct reader *r)
{
	return reader_head(r, CODEC_INT).value;
}

struct bytes
codec_get_text(struct reader *r)
{
	size_t n;
	struct bytes text;

	if (!head_short(r, 0xe0, 0xa0, 1, &n))
		n = reader_head(r, CODEC_TEXT).n;
	text = reader_take(r, n);
	if (r->is_checked || text_is_utf8(text))
		return text;
	r->bad = true;
	return (struct bytes){0};
}

struct bytes
codec_get_bytes(struct reader *r)
{
	return reader_take(r, reader_head(r, CODEC_BYTES).n);
}

uint64_t
codec_get_uint(struct reader *r, uint64_t max)
{
	int64_t value;

	/* Most have one byte. */
	if (!r->bad && r->in.n > 0 && r->in.p[0] < 0x80 && r->in.p[0] <= max) {
		value = r->in.p[0];
		r->in = bytes_after(r->in, 1);
		return (uint64_t)value;
	}
	value = codec_get_int(r);
	if (value >= 0 && (uint64_t)value <= max)
		return (uint64_t)value;
	r->bad = true;
	return 0;
}

struct bytes
codec_get_fixed(struct reader *r, size_t n)
{
	struct bytes b = codec_get_bytes(r);

	if (!r->bad && b.n == n)
		return b;
	r->bad = true;
	return (struct bytes){0};
}

static inline size_t
collection_begin(struct reader *r, enum codec_type type, size_t max)
{
	bool is_map = type == CODEC_MAP;
	size_t n;

	if (!head_short(r, 0xf0, is_map ? 0x80 : 0x90, is_map ? 2 : 1, &n))
		n = reader_head(r, type).n;
	if (n <= max)
		return n;
	r->bad = true;
	return 0;
}

size_t
codec_get_array(struct reader *r, size_t max)
{
	return collection_begin(r, CODEC_ARRAY, max);
}

size_t
codec_get_map(struct reader *r, size_t max)
{
	return collection_begin(r, CODEC_MAP, max);
}

/* Puts the size of the one value that `in` begins with into `*n`: sizes alone
 * tell where a checked value ends.  Is it all there? */
static bool
value_measure(struct bytes in, size_t *n)
{
	size_t at = 0;

	/* An element has a byte at least, so `left` cannot run over. */
	for (size_t left = 1; left > 0; left--) {
		uint8_t first = at < in.n ? in.p[at] : FORMS_FIRST;
		struct head head;

		/* Most are short texts. */
		if (first >= 0xa0 && first < FORMS_FIRST) {
			at += 1 + (size_t)(first & 0x1f);
			continue;
		}
		if (at >= in.n || head_read(bytes_after(in, at), &head) != NULL)
			return false;
		at += head.size;
		if (head.type == CODEC_ARRAY)
			left += head.n;
		else if (head.type == CODEC_MAP)
			left += 2 * head.n;
		else
			at += head.n;
	}
	*n = at;
	return at <= in.n;
}

struct bytes
codec_get_value(struct reader *r)
{
	const struct bytes in = r->in;
	struct bytes rest = {0};
	size_t n = 0;

	if (r->is_checked) {
		r->bad = r->bad || !value_measure(in, &n);
	} else if (codec_peek(r) == CODEC_TEXT) {
		(void)codec_get_text(r);
		n = in.n - r->in.n;
	} else {
		r->bad = r->bad || value_walk(in, &rest) != NULL;
		n = in.n - rest.n;
	}
	if (r->bad)
		return (struct bytes){0};
	r->in = bytes_after(in, n);
	return bytes_first(in, n);
}

int64_t
codec_get_key(struct reader *r, int64_t *last)
{
	int64_t key = (int64_t)codec_get_uint(r, UINT16_MAX);

	if (r->bad || key <= *last) {
		r->bad = true;
		return 0;
	}
	*last = key;
	return key;
}

struct bytes
codec_get_text_key(struct reader *r, struct bytes *last)
{
	struct bytes key = codec_get_text(r);
	bool is_above = last->p == NULL || key.n > last->n ||
			(key.n == last->n && bytes_compare(key, *last) > 0);

	if (r->bad || !is_above) {
		r->bad = true;
		return (struct bytes){0};
	}
	*last = key;
	return key;
}

enum err
codec_end(const struct reader *r, const char *what)
{
	if (r->bad)
		return err_set(ERR_MALFORMED,
		    "%s: a field is missing, not of its type or not canonical,"
		    " %zu bytes before the end",
		    what, r->in.n);
	if (r->in.n > 0)
		return err_set(
		    ERR_MALFORMED, "%s: %zu bytes too many", what, r->in.n);
	return ERR_OK;
}

static int
packed(void *arg, const char *p, size_t n)
{
	buf_add(arg, bytes_of(p, n));
	return 0;
}

static msgpack_packer
packer_of(struct buf *out)
{
	return (msgpack_packer){.data = out, .callback = packed};
}

void
codec_put_nil(struct buf *out)
{
	msgpack_packer packer = packer_of(out);

	msgpack_pack_nil(&packer);
}

void
codec_put_bool(struct buf *out, bool v)
{
	msgpack_packer packer = packer_of(out);

	(v ? msgpack_pack_true : msgpack_pack_false)(&packer);
}

void
codec_put_int(struct buf *out, int64_t v)
{
	msgpack_packer packer = packer_of(out);

	msgpack_pack_int64(&packer, v);
}

void
codec_put_text(struct buf *out, struct bytes text)
{
	msgpack_packer packer = packer_of(out);

	assert(text.n <= UINT32_MAX);
	assert(text_is_utf8(text));
	msgpack_pack_str(&packer, text.n);
	buf_add(out, text);
}

void
codec_put_bytes(struct buf *out, struct bytes b)
{
	codec_put_bytes_head(out, b.n);
	buf_add(out, b);
}

void
codec_put_bytes_head(struct buf *out, size_t n)
{
	msgpack_packer packer = packer_of(out);

	assert(n <= UINT32_MAX);
	msgpack_pack_bin(&packer, n);
}

void
codec_put_array(struct buf *out, size_t n)
{
	msgpack_packer packer = packer_of(out);

	assert(n <= LIMIT_ELEMENTS);
	msgpack_pack_array(&packer, n);
}

void
codec_put_map(struct buf *out, size_t n)
{
	msgpack_packer packer = packer_of(out);

	assert(n <= LIMIT_ELEMENTS);
	msgpack_pack_map(&packer, n);
}
