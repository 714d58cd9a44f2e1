#ifndef GOLMOK_CORE_RULES_H
#define GOLMOK_CORE_RULES_H

#include "core/authority.h"
#include "core/host.h"
#include "core/lookup.h"
#include "core/store.h"

/*
 * The pack in force, held against a local write.  What peers write is merged
 * whatever their pack says.
 */

/* May `write` be done at the time of `host`?  Where `authority` (NULL: nothing
 * is known) shows that its clock is behind, no day is asked: a note must not be
 * lost because a battery was empty.  `record` is the record as it
 * stands, with the values of the fields that are edited; ignored when creating.
 * Its collection and all fields must be known, kinds and data classes as
 * declared, values of their type, codes in force on that day unless they stand
 * there already, required fields there and staying, and a new record in a space
 * of the collection's class.  ERR_INVALID names field, rule and value.
 * Everything is fine without a pack (NULL). */
enum err rules_check(const struct pack *pack, const struct store_write *write,
    const struct record *record, const struct host *host,
    const struct authority *authority) MUST_USE;
/* May the state `from` (a canonical value, or empty) move as `edit` (OP_MOVE)
 * wants it in the collection of `write` and `record`?  ERR_INVALID names the
 * states that may follow. */
enum err rules_move(const struct pack *pack, struct bytes collection,
    const struct store_edit *edit, struct bytes from) MUST_USE;
/* Does no other record of the space `at`->space that is not deleted have the
 * `value` in the unique `field`?  ERR_EXISTS names field, value and the
 * other record. */
enum err rules_unique(const struct turn_place *at,
    const struct pack_field *field, struct bytes value) MUST_USE;
/* The ERR_EXISTS of rules_unique for a value that `other` has; NULL: a record
 * written in the same transaction. */
enum err rules_taken(const struct pack_field *field, struct bytes value,
    const struct record_id *other) MUST_USE;

#endif
