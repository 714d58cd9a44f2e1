#ifndef GOLMOK_TESTS_LIB_CLINIC_H
#define GOLMOK_TESTS_LIB_CLINIC_H

#include "core/pack.h"
#include "proto/buf.h"

/* Appends the file of a small pack of format 2, which has every key, to `json`;
 * where `from` (NULL: nothing) first stands in it, `to` does instead.  Both
 * have ` for every quote. */
void clinic_json(const char *from, const char *to, struct buf *json);
/* Where `from` first stands in `json`, `to` does from now on. */
void clinic_swap(const char *from, const char *to, struct buf *json);
/* That pack, which must be sound; for pack_free. */
struct pack *clinic_pack(const char *from, const char *to) MUST_USE;
/* That pack must be refused with exactly the error `why`. */
void clinic_refused(const char *from, const char *to, const char *why);

#endif
