#ifndef GOLMOK_CORE_PUBLISH_H
#define GOLMOK_CORE_PUBLISH_H

#include "core/packs.h"
#include "core/store.h"

/*
 * A version of a pack on its way to a whole city, or to this node alone
 * (docs/packs.md "How packs travel").
 */

/* Writes the pack `json` into `authority` in the open write transaction: as
 * root where the root keys are, else as this node, which needs `admin` over all
 * spaces.  `*version` says which it is.  What pack_parse says; ERR_INVALID:
 * what was written by the pack in force would lose its meaning, or the store
 * follows another pack; ERR_EXISTS: this version is published already;
 * ERR_DENIED. */
enum err publish_pack(
    struct store *store, struct bytes json, uint64_t *version) MUST_USE;
/* Keeps the pack `json` as the file that this node was given, in the open write
 * transaction; it is in force from the next one on if its version is the
 * highest.  An empty `json` takes the file away again; ERR_INVALID when the
 * store would be left without rules.  Else what pack_parse says, and
 * ERR_INVALID as publish_pack. */
enum err publish_file(struct store *store, struct bytes json) MUST_USE;

#endif
