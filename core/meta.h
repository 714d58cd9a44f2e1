#ifndef GOLMOK_CORE_META_H
#define GOLMOK_CORE_META_H

#include "core/txn.h"

/*
 * Small values that this store keeps about itself, each under a name that the
 * code knows.  Failures, a damaged row among them, are kept in `txn`.
 */

/* Names: the format of the store (META_FORMAT), its city, and at a founder the
 * founding record. */
enum { META_FORMAT = 3 };
extern const char meta_format[];
extern const char meta_city[];
extern const char meta_founding[];
/* The name of the pack in force; missing: there is none. */
extern const char meta_pack[];
/* A version of the pack that this node was given in a file (core/packs.h); and
 * what is in force, with its text as pack_parse_doc reads it (core/force.c). */
extern const char meta_pack_file[];
extern const char meta_pack_force[];
extern const char meta_pack_doc[];
/* How many bodies came to deltas of `authority` that were held without. */
extern const char meta_facts[];
/* The token by which this node joins; there until it has been let in. */
extern const char meta_joining[];
/* The places that this node dials (core/dials.h). */
extern const char meta_dials[];
/* There while a rebuild is not complete (core/rebuild.h). */
extern const char meta_rebuilding[];

/* The value `name`, a view that lives until the next put; false when it was
 * never put. */
bool meta_find(struct txn *txn, const char *name, struct bytes *value) MUST_USE;
/* As meta_find for a value that must be `n` bytes long, copied to `out`; any
 * other length is ERR_CORRUPT. */
bool meta_find_fixed(
    struct txn *txn, const char *name, void *out, size_t n) MUST_USE;
/* The number `name`; 0 when it was never put. */
uint64_t meta_number(struct txn *txn, const char *name);
/* Puts the value `name` in the place of what was there. */
void meta_put(struct txn *txn, const char *name, struct bytes value);
void meta_put_number(struct txn *txn, const char *name, uint64_t number);
/* Removes the value `name`, if there is one. */
void meta_del(struct txn *txn, const char *name);

#endif
