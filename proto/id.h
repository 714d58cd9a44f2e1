#ifndef GOLMOK_PROTO_ID_H
#define GOLMOK_PROTO_ID_H

#include "proto/buf.h"
#include "proto/crypto.h"
#include "proto/err.h"
#include "proto/limits.h"

/*
 * The names of things (docs/format.md §3).  Each has a type of its own, so that
 * the compiler sees a swap.
 */
struct city_id {
	uint8_t b[32];
}; /* SHA-256 of the founding record */
struct log_id {
	uint8_t b[16];
}; /* first half of SHA-256(origin line) */
struct record_id {
	uint8_t b[16];
}; /* 6 bytes of ms, 10 random */
struct actor_id {
	uint8_t b[16];
}; /* opaque id of a staff member */
struct incarnation {
	uint8_t b[8];
}; /* random */

static_assert(sizeof(struct log_id) == 16, "stored as it lies in memory");
static_assert(sizeof(struct record_id) == 16, "stored as it lies in memory");

/* A space id as a C string: one to six components of a-z, 0-9, '-' and '_',
 * joined by '/'.  A prefix has the same form or is empty. */
struct space {
	char text[LIMIT_SPACE_SIZE + 1];
};

/* The space of members and grants, the only one that everybody holds. */
extern const struct space id_authority;

/* Reads a space id; ERR_INVALID names what is wrong with `text`. */
enum err id_space(struct bytes text, struct space *space) MUST_USE;
/* As id_space; the empty text (all data spaces) is fine too. */
enum err id_prefix(struct bytes text, struct space *prefix) MUST_USE;
bool id_space_equal(const struct space *a, const struct space *b);
bool id_is_authority(const struct space *space);
/* Does `prefix` cover `space`: whole components, the empty prefix all data
 * spaces, and none of them `authority`? */
bool id_covers(const struct space *prefix, const struct space *space);
/* Does `prefix` cover all that `inner`, a prefix too, covers? */
bool id_covers_prefix(const struct space *prefix, const struct space *inner);
/* The last component of `space` ("case" of d03/c017/case), the class by which
 * packs know what its records are: a pointer into its text. */
const char *id_class(const struct space *space);
/* `name`, that of a space or a prefix, without its last component: "d03/c017",
 * the unit of d03/c017/case; empty when it has no other. */
struct bytes id_above(struct bytes name);
/* Puts the space of the same unit whose class is `class` into `*beside`; false
 * when its name would be longer than LIMIT_SPACE_SIZE. */
bool id_beside(const struct space *space, const char *class,
    struct space *beside) MUST_USE;
/* How many components `prefix` has; 0 for the empty one. */
size_t id_depth(const struct space *prefix);

/* What names a log, spelled out. */
struct log_name {
	struct city_id city;
	struct sign_key author;
	struct space space;
	struct incarnation incarnation;
};

/* Appends the origin line of `name`, without a line end, to `line`:
 * golmok/<city>/<author>/<space>/<incarnation>, ids in lower-case hex. */
void id_origin(const struct log_name *name, struct buf *line);
/* SHA-256 of the origin line of `name` into `origin`, its first half into
 * `log`. */
void id_log(
    const struct log_name *name, struct hash *origin, struct log_id *log);
/* Reads an origin line back; ERR_MALFORMED when it is none. */
enum err id_from_origin(struct bytes line, struct log_name *name) MUST_USE;

/* A record id made at `now_ms` with 10 random bytes. */
void id_record(
    uint64_t now_ms, const uint8_t random[10], struct record_id *record);
/* The record id that all who take in the same thing give to it: it was at
 * `at_ms`, and the `n` texts `parts` name it within `city` (docs/importing.md,
 * "Keys"). */
void id_derive(const struct city_id *city, uint64_t at_ms,
    const struct bytes *parts, size_t n, struct record_id *record);

/* Reads `n` bytes at `out` from exactly 2 * n hex digits; `what` names the
 * thing in the ERR_INVALID. */
enum err id_from_hex(
    struct bytes text, const char *what, uint8_t *out, size_t n) MUST_USE;

/* The name of a delta: where it stands and the first 8 bytes of its leaf hash,
 * so that the branches of a forked log differ (docs/format.md §4). */
struct ref {
	struct log_id log;
	uint64_t seq;
	uint8_t leaf[8];
};

/* The first `size` deltas of a log, as they are when their tree has `root`.
 * Counted from leaf 0, in branches too. */
struct log_cut {
	struct log_id log; /* unforked */
	uint64_t size;
	struct hash root;
};

/* The name of a change: its delta and its number there. */
struct change_ref {
	struct ref delta;
	uint16_t change;
};

/* The name of one operation. */
struct dot {
	struct change_ref at;
	uint16_t op;
};

/* Orders: by log, seq, leaf, change, op; as bytes and numbers. */
int id_ref_compare(const struct ref *a, const struct ref *b);
int id_change_compare(const struct change_ref *a, const struct change_ref *b);
int id_dot_compare(const struct dot *a, const struct dot *b);

/* Fixed forms for digests, keys and tokens: 32 bytes of a ref, 34 of a change,
 * 36 of a dot, in the order of the fields, big-endian. */
enum { ID_REF_SIZE = 32, ID_CHANGE_SIZE = 34, ID_DOT_SIZE = 36 };
void id_ref_put(const struct ref *ref, uint8_t out[ID_REF_SIZE]);
void id_change_put(
    const struct change_ref *change, uint8_t out[ID_CHANGE_SIZE]);
void id_dot_put(const struct dot *dot, uint8_t out[ID_DOT_SIZE]);
/* Puts another operation into the encoded dot `out`. */
void id_dot_put_op(uint16_t op, uint8_t out[ID_DOT_SIZE]);
void id_ref_get(const uint8_t in[ID_REF_SIZE], struct ref *ref);
void id_change_get(const uint8_t in[ID_CHANGE_SIZE], struct change_ref *change);
void id_dot_get(const uint8_t in[ID_DOT_SIZE], struct dot *dot);

#endif
