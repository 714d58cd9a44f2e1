#ifndef GOLMOK_PROTO_BEACON_H
#define GOLMOK_PROTO_BEACON_H

#include "proto/buf.h"
#include "proto/id.h"

/*
 * What a node calls out on the local network (docs/sync.md §11): 44 bytes that
 * look drawn to whoever does not know the city's id, apart from the first.  A
 * beacon proves nothing: it is a hint where to dial.
 */
enum {
	BEACON_VERSION = 1,
	BEACON_NONCE_SIZE = 16,
	BEACON_NODE_SIZE = 8,
	BEACON_TAG_SIZE = 16,
	BEACON_SIZE = 1 + BEACON_NONCE_SIZE + 1 + 2 + BEACON_NODE_SIZE +
		      BEACON_TAG_SIZE,
};

/* What the members of a city share for this. */
struct beacon_key {
	uint8_t b[32];
};

struct beacon {
	uint8_t nonce[BEACON_NONCE_SIZE]; /* random, new in each */
	bool asks;     /* whoever hears it is asked to call as well */
	uint16_t port; /* of TCP, where the node listens */
	uint8_t node[BEACON_NODE_SIZE]; /* as beacon_node makes it */
};

/* The key of `city`. */
void beacon_key(const struct city_id *city, struct beacon_key *key);
/* How the node with the key `who` is called in the beacon with `nonce`, to
 * `node`: only who knows `who` can tell, and not that two beacons have it. */
void beacon_node(const struct beacon_key *key, const uint8_t *nonce,
    const struct sign_key *who, uint8_t *node);
/* Is `beacon` of the node with the key `who`? */
bool beacon_is_of(const struct beacon_key *key, const struct beacon *beacon,
    const struct sign_key *who);
/* Appends the BEACON_SIZE bytes of `beacon` to `out`. */
void beacon_put(
    const struct beacon_key *key, const struct beacon *beacon, struct buf *out);
/* Reads a datagram `in`, at the price of one hash; false for what is no beacon
 * of this city.  Bits of the flags that are not known are passed over. */
bool beacon_get(const struct beacon_key *key, struct bytes in,
    struct beacon *beacon) MUST_USE;

#endif
