#ifndef GOLMOK_PROTO_WRAP_H
#define GOLMOK_PROTO_WRAP_H

#include "proto/crypto.h"

/*
 * The secret of a body, wrapped by its author for itself (docs/format.md §7):
 * whoever merely holds the sealed body keeps the wrap beside it, and it opens
 * under the author's backup key alone.
 */
enum { WRAP_SIZE = 32 + CRYPTO_TAG_SIZE };
struct wrap {
	uint8_t b[WRAP_SIZE];
};

/* Wraps `secret`, whose tag (proto/body.h) is `tag`, under the key `backup`.
 * The same arguments give the same bytes. */
void wrap_seal(const struct secret *backup, const struct secret *secret,
    const struct hash *tag, struct wrap *wrap);
/* Takes the secret of the tag `tag` out of `wrap`, which may be anything.
 * False, and `secret` zeros: another key, other bytes, or a secret that has
 * another tag. */
bool wrap_open(const struct secret *backup, const struct hash *tag,
    const struct wrap *wrap, struct secret *secret) MUST_USE;

#endif
