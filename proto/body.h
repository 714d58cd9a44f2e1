#ifndef GOLMOK_PROTO_BODY_H
#define GOLMOK_PROTO_BODY_H

#include "proto/delta.h"
#include "proto/squeeze.h"

/*
 * What a change says in one data class (docs/format.md §7): its operations,
 * and in the class N body of the change that creates a record its collection.
 * Sealed, so that reading, holding, auditing and erasing are four different
 * rights.
 */
struct body_op {
	uint16_t number; /* its lowest two bits are the class of the body, so
			    that numbers are unique in a change */
	enum op_code code;
	struct bytes field; /* a name; text */
	struct bytes
	    value; /* one canonical value; nil when the code has none */
};

struct body {
	struct bytes collection; /* class N only; empty when this body does
				    not create */
	size_t ops_n;
	const struct body_op *ops; /* by rising number; arena */
};

/* Appends the encoding of `body` to `out`; ERR_LIMIT above
 * LIMIT_BODY_SIZE or LIMIT_OPERATIONS, `out` is then as it was. */
enum err body_encode(const struct body *body, struct buf *out) MUST_USE;
/* Reads a body of `class`; views into `in`, arrays from `arena`.
 * ERR_MALFORMED for what is not canonical, unknown codes, numbers out of order
 * or of another class, names and values of a wrong shape for their code;
 * ERR_VERSION for unknown critical keys. */
enum err body_decode(struct bytes in, enum delta_class class,
    struct arena *arena, struct body *body) MUST_USE;
/* The kind that `code` works on. */
enum field_kind body_kind(enum op_code code);
/* May `value`, one canonical value, stand beside `code`? */
bool body_value_fits(enum op_code code, struct bytes value);
/* Does `code` leave a value behind (set, add, count, append, move)? */
bool body_has_value(enum op_code code);

/* Seals `plain` (at most LIMIT_BODY_SIZE) under `secret` into `sealed`
 * (appended), compressed when that helps and padded so that its length tells
 * little; `commitment` is what the header holds.  `squeeze` is borrowed
 * scratch. */
enum err body_seal(struct squeeze *squeeze, struct bytes plain,
    const struct secret *secret, struct buf *sealed,
    struct hash *commitment) MUST_USE;
/* t: what somebody who may hold but not read gets instead of the secret. */
void body_tag(const struct secret *secret, struct hash *tag);
/* The commitment of `sealed` under `tag`. */
void body_commitment(
    const struct hash *tag, struct bytes sealed, struct hash *commitment);
/* Opens `sealed` with `secret`, appending the plain bytes to `plain`.
 * ERR_MALFORMED when the tag, the padding or the compression is wrong,
 * ERR_LIMIT when it would be larger than LIMIT_BODY_SIZE. */
enum err body_open(struct squeeze *squeeze, struct bytes sealed,
    const struct secret *secret, struct buf *plain) MUST_USE;

#endif
