#ifndef GOLMOK_PROTO_NOISE_H
#define GOLMOK_PROTO_NOISE_H

#include "proto/buf.h"
#include "proto/crypto.h"
#include "proto/err.h"
#include "proto/limits.h"

/*
 * Mutual authentication and channel keys of one link: the Noise Protocol
 * Framework, revision 34, Noise_XX_25519_ChaChaPoly_BLAKE2b, and the same with
 * a pre-shared secret (docs/sync.md, "Links").  A machine: messages in,
 * messages out; framing, sockets and randomness are the caller's.
 *
 *	initiator                       responder
 *	noise_write  1: e           ->  noise_read
 *	noise_read   2: e ee s es   <-  noise_write
 *	noise_write  3: s se        ->  noise_read
 *	noise_seal / noise_open both ways from here on
 *
 * Every error is final: the machine wipes its keys, and each later call fails
 * with ERR_PEER.  A zeroed struct noise is such a dead machine.
 */
enum noise_pattern {
	NOISE_XX,
	NOISE_XXPSK0, /* secret mixed in before message 1: strangers get no
			 answer */
	NOISE_XXPSK3, /* secret mixed in at the end of message 3 */
};

enum {
	/* What noise_seal takes at most. */
	NOISE_PLAIN_SIZE_MAX = LIMIT_NOISE_MESSAGE_SIZE - CRYPTO_TAG_SIZE,
	/* The longest handshake message without its payload (message 2). */
	NOISE_HANDSHAKE_OVERHEAD = 32 + 32 + 2 * CRYPTO_TAG_SIZE,
	/* What noise_write takes at most as a payload. */
	NOISE_PAYLOAD_SIZE_MAX = LIMIT_NOISE_HANDSHAKE_SIZE -
				 NOISE_HANDSHAKE_OVERHEAD,
};

struct noise_config {
	bool initiator;
	enum noise_pattern pattern;
	/* Our X25519 key: lasting, and used for nothing but Noise. */
	const struct dh_secret *own; /* borrowed for noise_init */
	/* 32 fresh random bytes for this one handshake. */
	const struct dh_secret *ephemeral; /* borrowed for noise_init */
	struct bytes prologue; /* what both ends must agree on; may be empty */
	/* The shared secret; NULL exactly when the pattern is NOISE_XX. */
	const struct secret *psk; /* borrowed for noise_init */
};

/* One direction of the finished channel. */
struct noise_cipher {
	struct secret key;
	uint64_t counter; /* messages so far: the next nonce */
};

/* Visible only so that callers can embed it. */
struct noise {
	uint8_t phase;	 /* dead, in the handshake, or ready */
	uint8_t written; /* handshake messages so far, of both sides: 0..3 */
	uint8_t pattern;
	bool initiator;
	bool has_peer; /* `peer` is known */
	bool has_key;  /* `key` seals what is sent in the handshake */
	struct dh_secret own;
	struct dh_secret ephemeral;
	struct dh_key own_key;
	struct dh_key ephemeral_key;
	struct dh_key peer;
	struct dh_key peer_ephemeral;
	struct secret psk;
	struct secret key;
	uint64_t counter;
	struct hash512 chain;
	struct hash512 hash;
	struct noise_cipher out;
	struct noise_cipher in;
};

/* Starts a handshake in `n`, whatever it held before.  All of `config` is
 * copied.  Cannot fail; a mismatch between the two configs shows as an error
 * in noise_read of one of them. */
void noise_init(struct noise *n, const struct noise_config *config);

/* Is the next handshake message ours to write?  False once done or dead. */
bool noise_is_turn(const struct noise *n);
/* Is the handshake complete, so that noise_seal and noise_open may be called?
 */
bool noise_is_done(const struct noise *n);

/* Appends the next handshake message, which carries `payload`, to `out`.  The
 * payload of message 1 travels in clear (under NOISE_XXPSK0 and 3: sealed, but
 * anyone may replay it); that of message 2 is readable by whoever dialled us;
 * that of message 3 only by the peer whose key we have seen.  `payload` must
 * not lie inside `out`.  ERR_INVALID when it is not our turn, ERR_LIMIT for
 * more than NOISE_PAYLOAD_SIZE_MAX bytes, ERR_MALFORMED when the peer's key is
 * a low-order point; `out` is then as before. */
enum err noise_write(
    struct noise *n, struct bytes payload, struct buf *out) MUST_USE;

/* Takes the peer's next handshake message, exactly one, and appends its
 * payload to `out`.  ERR_MALFORMED when it is not the peer's turn, when the
 * length cannot be right (at most LIMIT_NOISE_HANDSHAKE_SIZE), or when it does
 * not authenticate: another prologue, pattern, secret or changed bytes.
 * ERR_EXISTS when the peer holds our own static key: we dialled ourselves.
 * `out` is then as before.  `message` must not lie inside `out`. */
enum err noise_read(
    struct noise *n, struct bytes message, struct buf *out) MUST_USE;

/* The peer's static key, or NULL while it is not known.  The initiator has it
 * after message 2 and must judge it before it writes message 3; the responder
 * has it after message 3.  Lives until the next noise_init, noise_fini or
 * error. */
const struct dh_key *noise_peer_key(const struct noise *n);
/* The handshake hash: 64 bytes that are the same at both ends of this one
 * channel and nowhere else.  Only after noise_is_done; lives as above. */
struct bytes noise_handshake_hash(const struct noise *n);

/* Appends one transport message that carries `plain`, plain.n +
 * CRYPTO_TAG_SIZE bytes, to `out`.  Keys change by themselves after each
 * LIMIT_NOISE_REKEY messages of a direction.  ERR_INVALID before the handshake
 * is done, ERR_LIMIT for more than NOISE_PLAIN_SIZE_MAX bytes or when the
 * channel has carried LIMIT_NOISE_REKEY * LIMIT_NOISE_EPOCHS messages and a
 * new handshake is due.  `plain` must not lie inside `out`. */
enum err noise_seal(
    struct noise *n, struct bytes plain, struct buf *out) MUST_USE;

/* Opens the peer's next transport message and appends its content to `out`.
 * Messages must come complete, once, and in order: anything else is
 * ERR_MALFORMED.  ERR_INVALID and ERR_LIMIT as above.  `out` is as before
 * after an error.  `sealed` must not lie inside `out`. */
enum err noise_open(
    struct noise *n, struct bytes sealed, struct buf *out) MUST_USE;

/* Wipes all of `n`; a zeroed one is fine. */
void noise_fini(struct noise *n);

#endif
