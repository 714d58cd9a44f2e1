#ifndef GOLMOK_TESTS_LIB_PRESS_H
#define GOLMOK_TESTS_LIB_PRESS_H

#include "tests/lib/town.h"

/*
 * Versions of a small pack `sim`, to be published, carried and used.
 */

/* Appends version `version` to `json`: the collection `card` in spaces of the
 * class `case`, with the text `name` of class P, a text of class N for each
 * letter of `fields`, an index on all of them, and the label `카드NUMBER`.  Of
 * format 2 it has views too, and with an x in `fields` the collection `extra`.
 */
struct press_plan {
	const char *name; /* NULL: sim */
	unsigned format;
	unsigned version;
	const char *fields;
	unsigned number;
};
void press_text(const struct press_plan *plan, struct buf *json);
/* Publishes `json` at node `by` in a transaction of its own. */
enum err press_publish(
    struct town *town, size_t by, struct bytes json) MUST_USE;
/* From now on node `i` follows the pack.  Fails the test. */
void press_follow(struct town *town, size_t i);
/* Which version is in force at node `i`, as its next transaction has it. */
uint64_t press_version(struct town *town, size_t i);

#endif
