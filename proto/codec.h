#ifndef GOLMOK_PROTO_CODEC_H
#define GOLMOK_PROTO_CODEC_H

#include "proto/buf.h"
#include "proto/err.h"

/*
 * Canonical msgpack (docs/format.md §2): nil, bool, int64, UTF-8 text, bytes,
 * arrays and maps whose keys are sorted by their encoded bytes; shortest forms
 * only; no floats, no extension types, depth at most LIMIT_DEPTH.
 */
enum codec_type {
	CODEC_NONE, /* end of input, or bytes that no value begins with */
	CODEC_NIL,
	CODEC_BOOL,
	CODEC_INT,
	CODEC_TEXT,
	CODEC_BYTES,
	CODEC_ARRAY,
	CODEC_MAP,
};

/*
 * A sticky reader over borrowed bytes: read all fields, then ask once.  After
 * the first wrong byte `bad` is set, and every read gives zero or empty.  Views
 * that it returns point into `in`.
 */
struct reader {
	struct bytes in; /* what is left to read; borrowed */
	bool bad;
	bool is_checked; /* begun by codec_begin_checked */
};

/* Is `in` exactly one canonical value?  Every rule of docs/format.md §2 is
 * checked, in one pass, without recursion, allocating nothing.  ERR_MALFORMED
 * names the rule and the offset. */
enum err codec_check(struct bytes in) MUST_USE;

/* Starts `r` at the beginning of `in`. */
void codec_begin(struct reader *r, struct bytes in);
/* The same at a value that codec_check found canonical, or at one that lies in
 * such a value: UTF-8 and the order of keys are not looked at again, which is
 * most of the work where one document is read part by part.  Types and sizes
 * are, so that a reader never leaves `in`, whatever it holds. */
void codec_begin_checked(struct reader *r, struct bytes in);
/* The type of the next value; reads nothing. */
enum codec_type codec_peek(const struct reader *r);
/* Reads one value of the type named; another type, a longer form than needed
 * or missing bytes make `r` bad.  codec_get_text also checks UTF-8. */
void codec_get_nil(struct reader *r);
bool codec_get_bool(struct reader *r);
int64_t codec_get_int(struct reader *r);
struct bytes codec_get_text(struct reader *r);
struct bytes codec_get_bytes(struct reader *r);
/* An integer that must lie in 0..max. */
uint64_t codec_get_uint(struct reader *r, uint64_t max);
/* Bytes that must be exactly `n` long; empty otherwise. */
struct bytes codec_get_fixed(struct reader *r, size_t n);
/* The number of elements (for a map: pairs) that follow; at most `max`, and
 * never more than bytes are left. */
size_t codec_get_array(struct reader *r, size_t max);
size_t codec_get_map(struct reader *r, size_t max);
/* One whole canonical value of any type, as its bytes. */
struct bytes codec_get_value(struct reader *r);
/* The next key of a map with integer keys, which must rise: `*last` is the key
 * before it, -1 at the start, and is updated; only 0..65535 are keys. */
int64_t codec_get_key(struct reader *r, int64_t *last);
/* The next key of a map with text keys, which must come in canonical order
 * (shorter encoding of length first, then bytes): `*last` is the key before
 * it, {0} at the start, and is updated. */
struct bytes codec_get_text_key(struct reader *r, struct bytes *last);
/* ERR_OK when nothing was wrong and nothing is left, else ERR_MALFORMED:
 * "`what`: ..." */
enum err codec_end(const struct reader *r, const char *what) MUST_USE;

/* Append one value to `out` in its only form.  codec_put_array and
 * codec_put_map begin a collection of `n` elements or pairs; the caller writes
 * these, map keys in canonical order.  Text must be UTF-8 (asserted). */
void codec_put_nil(struct buf *out);
void codec_put_bool(struct buf *out, bool v);
void codec_put_int(struct buf *out, int64_t v);
void codec_put_text(struct buf *out, struct bytes text);
void codec_put_bytes(struct buf *out, struct bytes b);
/* What goes before `n` bytes, which the caller appends. */
void codec_put_bytes_head(struct buf *out, size_t n);
void codec_put_array(struct buf *out, size_t n);
void codec_put_map(struct buf *out, size_t n);

#endif
