/*
 * Bytes of beacons.  net/peer/discover.c sends and hears them.  Pure.
 */
#include "proto/beacon.h"

#include <string.h>

enum {
	FLAG_ASKS = 1,
	HIDDEN_SIZE = 1 + 2 + BEACON_NODE_SIZE,
	SIGNED_SIZE = BEACON_SIZE - BEACON_TAG_SIZE,
	HASH_SIZE = 32,
	INPUT_SIZE = 64,
};

/* BLAKE2b, keyed, of `what` and up to two parts. */
static void
hash(const struct beacon_key *key, const char *what, struct bytes one,
    struct bytes two, uint8_t *out)
{
	struct bytes name = bytes_text(what);
	uint8_t input[INPUT_SIZE];

	assert(name.n + one.n + two.n <= sizeof(input));
	bytes_copy(input, name);
	bytes_copy(input + name.n, one);
	bytes_copy(input + name.n + one.n, two);
	crypto_blake2b(bytes_of(key->b, sizeof(key->b)),
	    bytes_of(input, name.n + one.n + two.n), out, HASH_SIZE);
}

void
beacon_key(const struct city_id *city, struct beacon_key *key)
{
	static const char name[] = "golmok/beacon";
	struct buf input = {0};

	buf_add_text(&input, name);
	buf_add(&input, bytes_of(city->b, sizeof(city->b)));
	crypto_blake2b(
	    (struct bytes){0}, buf_bytes(&input), key->b, sizeof(key->b));
	buf_fini(&input);
}

void
beacon_node(const struct beacon_key *key, const uint8_t *nonce,
    const struct sign_key *who, uint8_t *node)
{
	uint8_t whole[HASH_SIZE];

	hash(key, "node", bytes_of(nonce, BEACON_NONCE_SIZE),
	    bytes_of(who->b, sizeof(who->b)), whole);
	memcpy(node, whole, BEACON_NODE_SIZE);
}

bool
beacon_is_of(const struct beacon_key *key, const struct beacon *beacon,
    const struct sign_key *who)
{
	uint8_t node[BEACON_NODE_SIZE];

	beacon_node(key, beacon->nonce, who, node);
	return memcmp(node, beacon->node, sizeof(node)) == 0;
}

/* Hides or shows the bytes between the nonce and the tag. */
static void
mask(const struct beacon_key *key, const uint8_t *nonce, uint8_t *hidden)
{
	uint8_t stream[HASH_SIZE];

	hash(key, "mask", bytes_of(nonce, BEACON_NONCE_SIZE), (struct bytes){0},
	    stream);
	for (size_t i = 0; i < HIDDEN_SIZE; i++)
		hidden[i] ^= stream[i];
}

void
beacon_put(
    const struct beacon_key *key, const struct beacon *beacon, struct buf *out)
{
	uint8_t b[SIGNED_SIZE] = {BEACON_VERSION};
	uint8_t *hidden = b + 1 + BEACON_NONCE_SIZE;
	uint8_t tag[HASH_SIZE];

	memcpy(b + 1, beacon->nonce, BEACON_NONCE_SIZE);
	hidden[0] = beacon->asks ? FLAG_ASKS : 0;
	bytes_put_be16(hidden + 1, beacon->port);
	memcpy(hidden + 3, beacon->node, BEACON_NODE_SIZE);
	mask(key, beacon->nonce, hidden);
	hash(key, "tag", bytes_of(b, sizeof(b)), (struct bytes){0}, tag);
	buf_add(out, bytes_of(b, sizeof(b)));
	buf_add(out, bytes_of(tag, BEACON_TAG_SIZE));
}

bool
beacon_get(const struct beacon_key *key, struct bytes in, struct beacon *beacon)
{
	uint8_t tag[HASH_SIZE];
	uint8_t hidden[HIDDEN_SIZE];

	if (in.n != BEACON_SIZE || in.p[0] != BEACON_VERSION)
		return false;
	hash(key, "tag", bytes_first(in, SIGNED_SIZE), (struct bytes){0}, tag);
	if (!crypto_equal(tag, in.p + SIGNED_SIZE, BEACON_TAG_SIZE))
		return false;
	memcpy(beacon->nonce, in.p + 1, BEACON_NONCE_SIZE);
	memcpy(hidden, in.p + 1 + BEACON_NONCE_SIZE, sizeof(hidden));
	mask(key, beacon->nonce, hidden);
	beacon->asks = (hidden[0] & FLAG_ASKS) != 0;
	beacon->port = bytes_be16(hidden + 1);
	memcpy(beacon->node, hidden + 3, BEACON_NODE_SIZE);
	return beacon->port != 0;
}
