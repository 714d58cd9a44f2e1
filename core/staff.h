#ifndef GOLMOK_CORE_STAFF_H
#define GOLMOK_CORE_STAFF_H

#include "core/expr.h"
#include "core/merge.h"
#include "core/pack.h"

/*
 * What people in their roles may see and write (docs/packs.md, roles), as the
 * node of their centre enforces it.  What a node holds, its keys protect;
 * roles keep its staff to their work.  Without a role (NULL) nothing is hidden
 * and nothing refused.
 */

/* The role that `name` or one of its labels names.  ERR_INVALID lists what the
 * pack has; so without a pack. */
enum err staff_get(const struct pack *pack, struct bytes name,
    const struct pack_role **role) MUST_USE;
/* May `role` write records of `collection` (NULL: one that the pack does not
 * know, which no role may)?  ERR_DENIED. */
enum err staff_may_write(const struct pack_role *role,
    const struct pack_collection *collection) MUST_USE;
/* Does `role` see what `field` (NULL: one that no pack knows) holds in the
 * class `class`? */
bool staff_sees(const struct pack_role *role, const struct pack_field *field,
    enum delta_class class);
/* Does it see all that `expr` (NULL: nothing) reads, of whatever records? */
bool staff_sees_all(const struct pack_role *role, const struct expr *expr);
/* Leaves in `record` (loaded, with arrays that are the caller's to change) what
 * `role` sees; returns how many fields hold something else.  Of a `collection`
 * that the pack does not know (NULL) it sees the classes that it reads. */
size_t staff_hide(const struct pack_role *role,
    const struct pack_collection *collection, struct record *record);

#endif
