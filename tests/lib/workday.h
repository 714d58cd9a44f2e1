#ifndef GOLMOK_TESTS_LIB_WORKDAY_H
#define GOLMOK_TESTS_LIB_WORKDAY_H

#include "tests/lib/town.h"

/*
 * What a centre writes on a day, as the collection `visit` of the pack chatdong
 * has it: of five changes one is a new visit of a dozen fields, two are the
 * note of it in Korean, one of them with what was measured and is needed, one
 * moves its state and one corrects a field.  Each is a transaction, and a
 * delta, of its own.
 */
struct workday {
	struct town *town; /* borrowed */
	size_t node;
	struct space space;
	uint64_t number; /* changes so far */
	struct record_id visit;
	uint64_t content_bytes; /* of the values written, as encoded */
};

/* The day of `node` in `space`. */
void workday_init(
    struct workday *day, struct town *town, size_t node, const char *space);
/* The next `n` changes. */
void workday_write(struct workday *day, size_t n);

#endif
