#ifndef GOLMOK_PROTO_DELTA_FORM_H
#define GOLMOK_PROTO_DELTA_FORM_H

#include "proto/delta.h"

/*
 * The form of a header (docs/format.md §6): the keys of its maps, which
 * proto/delta.c reads, and writing it.
 */
enum delta_key {
	DELTA_KEY_FORMAT,
	DELTA_KEY_KIND,
	DELTA_KEY_SEQ,
	DELTA_KEY_STAMP,
	DELTA_KEY_ACTOR,
	DELTA_KEY_ORIGIN,
	DELTA_KEY_REFS,
	DELTA_KEY_CHANGES,
	DELTA_KEY_OPEN,
	DELTA_KEY_DECISION = 10,   /* 9 is reserved */
	DELTA_KEY_IGNORABLE = 128, /* this and all above; in every map */
};
enum delta_change_key {
	DELTA_CHANGE_RECORD,
	DELTA_CHANGE_ACT,
	DELTA_CHANGE_PARENTS,
	DELTA_CHANGE_SEEN,
	DELTA_CHANGE_COMMITMENTS,
};
enum delta_open_key {
	DELTA_OPEN_WHY,
	DELTA_OPEN_GRANT,
	DELTA_OPEN_PREVIOUS,
	DELTA_OPEN_FOUNDING,
	DELTA_OPEN_ROTATION,
};
enum delta_decision_key {
	DELTA_DECISION_TARGETS,
	DELTA_DECISION_CUTS,
	DELTA_DECISION_REPLACES,
};
enum {
	DELTA_KEYS_MAX = 64, /* pairs of one map */
	DELTA_FOUNDING_SIZE_MAX = 1024,
	/* LIMIT_ROTATION_CUTS cuts of 62 bytes, and room for ignorable keys. */
	DELTA_ROTATION_SIZE_MAX = 32 * 1024,
};

/* Appends the encoding of `delta` (not opaque, its counts within limits) to
 * `out`.  That its lists are sorted is asserted. */
void delta_form_put(const struct delta *delta, struct buf *out);
/* Is `kind` an adopt or a void, which carry a decision? */
bool delta_form_decides(uint64_t kind);
/* The order of parents, and of the targets that were seen. */
int delta_form_parent_compare(
    const struct delta_parent *a, const struct delta_parent *b);
int delta_form_target_compare(
    const struct delta_target *a, const struct delta_target *b);

#endif
