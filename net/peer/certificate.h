#ifndef GOLMOK_NET_PEER_CERTIFICATE_H
#define GOLMOK_NET_PEER_CERTIFICATE_H

#include "core/identity.h"
#include "proto/buf.h"

/*
 * What ties the key of a link to the key of logs (docs/sync.md §2): a canonical
 * map {0: Ed25519 key, 1: its signature over "golmok/link/1", the city and the
 * X25519 key}; keys from 128 on are passed over.
 */

/* Appends the certificate of `identity` for its own link key to `out`. */
void certificate_put(const struct identity *identity, struct buf *out);
/* Does `certificate` show that the peer whose link key is `link_key` has a key
 * of logs in our city?  Puts that into `*peer`.  ERR_MALFORMED when not;
 * ERR_EXISTS when it is the key of `identity`, our own. */
enum err certificate_check(const struct identity *identity,
    struct bytes certificate, const struct dh_key *link_key,
    struct sign_key *peer) MUST_USE;

#endif
