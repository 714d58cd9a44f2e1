#ifndef GOLMOK_TESTS_SIM_LIGHT_H
#define GOLMOK_TESTS_SIM_LIGHT_H

#include "proto/body.h"
#include "proto/squeeze.h"

/*
 * What would take most of the time of a city and shows nothing: signatures that
 * verified before in this process, or were made in it with both halves of a
 * key, since that depends on nothing but the key, the message and the
 * signature; public halves of keys; secrets that two keys share, which both
 * sides of a handshake work out; keys of one session, of which each seed uses
 * the same in the same order; dictionaries made ready, once for all stores;
 * packs that were read from the same text (light_pack.c); and the ballast of
 * each store.
 */

/* Once, before anything else. */
void light_start(void);
/* A seed begins: these are remembered, or each is worked out. */
void light_memo(bool on);
bool light_is_on(void);
/* The two sessions that are made next are between the nodes `a`, which begins
 * it, and `b`, by their numbers. */
void light_meet(size_t a, size_t b);
/* For tests/sim/light.c: a seed begins. */
void light_keys_begin(void);
/* As body_open, for tests/sim/hold.c. */
enum err light_body_open(struct squeeze *squeeze, struct bytes sealed,
    const struct secret *secret, struct buf *plain) MUST_USE;
/* As crypto_sha256, for tests/sim/light_hash.c: of whole packs. */
void light_text_hash(struct bytes text, struct hash *hash);
/* So many were looked up, and so many of them found. */
struct light_count {
	uint64_t asked;
	uint64_t found;
};
struct light_count light_count(void);

#endif
