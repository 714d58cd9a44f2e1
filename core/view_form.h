#ifndef GOLMOK_CORE_VIEW_FORM_H
#define GOLMOK_CORE_VIEW_FORM_H

#include "core/view.h"

/*
 * Keys and contents of the rows of views, as bytes (docs/format.md §12).  A
 * value in a key is a byte for its form and what belongs to it, so that keys
 * sort as the values do:
 *
 *	1  nothing
 *	2  bool: 0 or 1
 *	3  int, 4 date, 5 datetime: 8 bytes, the sign turned over
 *	6  text: its bytes, then 0; or as many as fit and hold no byte below 2,
 *	   then 1 and a hash of the whole
 *	7  reference: 16 bytes
 *	8  bytes: their number and they; or when they are too many, 255 and a
 *	   hash of the whole
 *	9  what is not of class N: a hash
 *
 * A hash is 16 bytes of BLAKE2b, keyed, over "golmok/view", the number of the
 * view, the place of the value in it and the value.
 */
enum { VIEW_HASH_SIZE = 16 };

/* A value on its way into a key. */
struct view_place {
	const uint8_t *secret; /* 32 bytes */
	uint16_t view;
	uint8_t part;	 /* VIEW_SUMS + its number for a group, else the part */
	uint8_t number;	 /* of the group; 0 for an element */
	size_t text_max; /* view_form_text_max */
	bool hidden;
};

/* How many bytes of a text may stand in a key of `view`, so that all its values
 * fit. */
size_t view_form_text_max(const struct pack_view *view);
/* Makes `key` what all rows of a part begin with. */
void view_form_begin(
    struct space_no space, uint16_t view, unsigned part, struct view_key *key);
/* Appends raw bytes; the key must stay within LIMIT_VIEW_KEY_SIZE. */
void view_form_add(struct view_key *key, struct bytes part);
/* Appends `value`, no set, to `key`. */
void view_form_put(const struct view_place *place,
    const struct expr_value *value, struct view_key *key);
struct bytes view_form_key(const struct view_key *key);

/* The parts of a key in front of its values. */
struct view_head {
	struct space_no space;
	uint16_t view;
	uint8_t part;
};
/* Takes the head off `key`; false when it is too short. */
bool view_form_head(struct bytes *key, struct view_head *head) MUST_USE;
/* Takes a value off `key`, a view into it; false when none is there. */
bool view_form_get(struct bytes *key, struct view_value *value) MUST_USE;

/* Appends the content of a row to `out`. */
void view_form_row(
    uint64_t records, const struct view_sum *sums, size_t n, struct buf *out);
/* Reads it back; false unless it holds `n` sums exactly. */
bool view_form_read(struct bytes content, uint64_t *records,
    struct view_sum *sums, size_t n) MUST_USE;

#endif
