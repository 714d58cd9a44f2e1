#ifndef GOLMOK_CORE_LOOKUP_KEY_H
#define GOLMOK_CORE_LOOKUP_KEY_H

#include "core/lookup.h"

/*
 * How values stand in the keys of indexes.
 *
 * A value part is a byte for its form and what belongs to it:
 *
 *	0     no value: behind it nothing of the value part follows
 *	1     int: 8 bytes, the sign turned over, so that they sort as numbers
 *	2, 3  text, bytes: the first 32 bytes (in an index over several fields
 *	      24), or all of them and a zero
 *	4     bool: 0 or 1
 *	5     a keyed hash: 16 bytes of BLAKE2b over the key so far and the
 *	      canonical value
 *	6     of a field that is a datetime: seconds since 1970, as an int
 *	7     of a text that is searched: two letters of it in UTF-8
 *	255   anything: the record is to be looked at in every walk
 *
 * An index over several fields has one part for each, in their order.
 */
enum { LOOKUP_KEY_PART = 32, LOOKUP_KEY_MEMBER = 24, LOOKUP_KEY_HASH = 16 };

/* Starts `key` with the index `no` of `space`. */
void lookup_key_begin(struct space_no space, uint16_t no, struct key *key);
/* Adds the part of `value`, which stands in `field` with `class`, to `key` of
 * an index of that field. */
void lookup_key_value(const struct lookup *lookup,
    const struct pack_field *field, enum delta_class class, struct bytes value,
    struct key *key);
/* The part of a value that stands as it is: how many bytes of a text there may
 * be, and whether what is shorter is marked as whole. */
struct lookup_plain {
	size_t max; /* LOOKUP_KEY_PART or LOOKUP_KEY_MEMBER */
	bool open;  /* a text may go on behind it */
};
/* Adds that part of `value` of `field`; false, and nothing, when its type has
 * no order. */
bool lookup_key_plain(const struct pack_field *field, struct bytes value,
    struct lookup_plain how, struct key *key) MUST_USE;
/* Adds two letters of a searched text. */
void lookup_key_pair(struct bytes letters, struct key *key);
/* Adds "no value", "anything", or what the part of any hash begins with. */
void lookup_key_nothing(struct key *key);
void lookup_key_anything(struct key *key);
void lookup_key_hidden(struct key *key);
/* Adds a record id. */
void lookup_key_record(const struct record_id *id, struct key *key);
/* Makes `key` the first one behind all that begin with it. */
void lookup_key_pass(struct key *key);

#endif
