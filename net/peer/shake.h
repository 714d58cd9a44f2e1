#ifndef GOLMOK_NET_PEER_SHAKE_H
#define GOLMOK_NET_PEER_SHAKE_H

#include "core/identity.h"
#include "proto/noise.h"
#include "proto/token.h"

/*
 * The handshake of a channel (docs/sync.md §2): Noise XX with certificates, or,
 * for a node that joins, XXpsk0 under the secret of its token.
 */

/* By which token a node joins. */
struct shake_token {
	struct token_id id;
	struct secret psk;
};

/* Visible only so that a channel can embed it. */
struct shake {
	bool initiator;
	const struct identity *identity; /* borrowed from the owner */
	struct dh_secret ephemeral;	 /* until the handshake begins */
	struct fault *refused; /* owned; why its token is none; or NULL */
	struct noise noise;
	struct sign_key peer; /* once it is done */
	struct hash512 hash;  /* once it is done */
};

/* Begins, once the `opening` is known: the preface and, for a node that joins,
 * the name of its token, as they were sent.  `psk` is NULL for members. */
void shake_begin(
    struct shake *shake, struct bytes opening, const struct secret *psk);
/* As shake_begin for the token `opening` names, which is refused for the kept
 * reason `why`: the first message then fails as a wrong secret would, and only
 * this side knows. */
void shake_refuse(struct shake *shake, struct bytes opening, enum err why);
/* Appends our next message, with its length in front, to `out`.  What the
 * initiator writes first cannot fail. */
enum err shake_write(struct shake *shake, struct buf *out) MUST_USE;
/* Takes the peer's next message, and appends the answer, if one is due, to
 * `out`.  ERR_MALFORMED, ERR_EXISTS as channel_feed has them; the reason of
 * shake_refuse. */
enum err shake_take(
    struct shake *shake, struct bytes message, struct buf *out) MUST_USE;
/* Wipes all secrets; nothing more can be sent or read. */
void shake_fini(struct shake *shake);

#endif
