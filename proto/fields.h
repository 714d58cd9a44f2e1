#ifndef GOLMOK_PROTO_FIELDS_H
#define GOLMOK_PROTO_FIELDS_H

#include "proto/codec.h"

/*
 * Maps whose keys are small numbers, as facts and tokens are (docs/format.md
 * §5): which keys must be there, which may, and which a newer program may add.
 */

/* Reads the value of `key` from `r` into the struct `into`; what is wrong with
 * it makes `r` bad. */
typedef void fields_fn(struct reader *r, int64_t key, void *into);

struct fields {
	int64_t needed_n; /* keys 0 to needed_n - 1 must be there */
	int64_t known_n;  /* keys below may be, at least needed_n */
	fields_fn *field; /* is called for each that is there, by rising key */
	const char *what; /* in errors */
};

/* Reads all of `in`, one map, by `fields` into `into`.  Keys from 128 on are
 * passed over, whoever wrote them.  ERR_VERSION: another key that is not known.
 * ERR_MALFORMED: no canonical map, a key is missing, or there are more than
 * 16. */
enum err fields_get(
    struct bytes in, const struct fields *fields, void *into) MUST_USE;

#endif
