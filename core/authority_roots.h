#ifndef GOLMOK_CORE_AUTHORITY_ROOTS_H
#define GOLMOK_CORE_AUTHORITY_ROOTS_H

#include "core/authority_settle.h"

/*
 * The root keys of a city: that of the founding record, and those that rotation
 * records lead to.
 */

/* Finds them, by the rotation records alone, and seats the tips of their logs.
 */
void authority_roots_find(struct authority_settling *settling);
/* The `*n` heirs whose key has the hash `hash`. */
const struct heir *authority_roots_heirs(
    const struct authority *authority, const struct hash *hash, size_t *n);
/* In whose room the logs of `key`, which is no member, are. */
struct sign_key authority_roots_payer(
    const struct authority *authority, const struct sign_key *key);

#endif
