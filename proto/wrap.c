/*
 * Wraps: a secret sealed by an author for itself.  The sender makes them, the
 * gate of the author opens them, everybody between carries bytes.  Pure.
 */
#include "proto/wrap.h"

#include <string.h>

#include "proto/body.h"

/* Each tag has a key of its own, so that one nonce is enough for all. */
static void
key_of(const struct secret *backup, const struct hash *tag, struct secret *key)
{
	static const char label[] = "golmok/wrap";
	uint8_t text[sizeof(label) - 1 + sizeof(tag->b)];

	memcpy(text, label, sizeof(label) - 1);
	memcpy(text + sizeof(label) - 1, tag->b, sizeof(tag->b));
	crypto_blake2b(bytes_of(backup->b, sizeof(backup->b)),
	    bytes_of(text, sizeof(text)), key->b, sizeof(key->b));
}

void
wrap_seal(const struct secret *backup, const struct secret *secret,
    const struct hash *tag, struct wrap *wrap)
{
	struct secret key;

	key_of(backup, tag, &key);
	crypto_seal(&key, 0, bytes_of(tag->b, sizeof(tag->b)),
	    bytes_of(secret->b, sizeof(secret->b)), wrap->b);
	crypto_wipe(&key, sizeof(key));
}

bool
wrap_open(const struct secret *backup, const struct hash *tag,
    const struct wrap *wrap, struct secret *secret)
{
	struct secret key;
	struct hash is;
	bool opened;

	key_of(backup, tag, &key);
	opened = crypto_open(&key, 0, bytes_of(tag->b, sizeof(tag->b)),
	    bytes_of(wrap->b, sizeof(wrap->b)), secret->b);
	crypto_wipe(&key, sizeof(key));
	body_tag(secret, &is);
	if (opened && memcmp(&is, tag, sizeof(is)) == 0)
		return true;
	crypto_wipe(secret, sizeof(*secret));
	return false;
}
