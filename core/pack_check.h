#ifndef GOLMOK_CORE_PACK_CHECK_H
#define GOLMOK_CORE_PACK_CHECK_H

#include "core/pack.h"

/* May `value`, canonical msgpack, be written to `field` on some day?  It is one
 * value as field->type has it: one element of a set, one note, one amount.
 * ERR_INVALID names collection, field and rule, and shows the beginning of the
 * value. */
enum err pack_check_value(
    const struct pack_field *field, struct bytes value) MUST_USE;
/* May `value`, which pack_check_value allows, be written newly on the day
 * `today`, counted from 1970-01-01?  ERR_INVALID names a code that is not in
 * force yet, or no more, and its day. */
enum err pack_check_dated(
    const struct pack_field *field, struct bytes value, int64_t today) MUST_USE;
/* Has the day or time `value` of `field`, which pack_check_value allows, come
 * at `now_seconds`, by clocks that are `offset` seconds ahead of UTC?
 * ERR_INVALID tells both. */
enum err pack_check_past(const struct pack_field *field, struct bytes value,
    int64_t now_seconds, int64_t offset) MUST_USE;
/* Are all required fields of `collection` among the `n` fields `present`?
 * ERR_INVALID names all that are missing. */
enum err pack_check_required(const struct pack_collection *collection,
    const struct pack_field *const *present, size_t n) MUST_USE;
/* May the state `from` of `field` (KIND_STATE) be followed by `to`?  Staying is
 * allowed; so is every move when `from` is empty (a new record) or a state that
 * this pack does not know.  ERR_INVALID names the states that may follow, or
 * says that `to` is no state. */
enum err pack_check_transition(const struct pack_field *field,
    struct bytes from, struct bytes to) MUST_USE;

#endif
