#ifndef GOLMOK_PROTO_CRYPTO_H
#define GOLMOK_PROTO_CRYPTO_H

#include "proto/bytes.h"
#include "proto/err.h"

/*
 * The cryptographic primitives, each with a type of its own so that a key is
 * never passed for a hash.  Nothing here draws random bytes: seeds, secrets
 * and nonces are arguments.
 */
struct hash {
	uint8_t b[32];
}; /* SHA-256 */
struct sign_key {
	uint8_t b[32];
}; /* Ed25519 public key */
struct sign_seed {
	uint8_t b[32];
}; /* Ed25519 private seed: secret */
struct signature {
	uint8_t b[64];
}; /* Ed25519 */
struct dh_key {
	uint8_t b[32];
}; /* X25519 public key */
struct dh_secret {
	uint8_t b[32];
}; /* X25519 private key: secret */
struct secret {
	uint8_t b[32];
}; /* key of one sealed thing: secret */

static_assert(sizeof(struct hash) == 32, "hashes are stored as they lie");

/* Must be called once before anything else here; ERR_IO when libsodium cannot
 * start.  Calling it again is fine. */
enum err crypto_start(void) MUST_USE;

/* A running SHA-256, opaque but for its size; no clean-up needed. */
struct crypto_sha256 {
	uint64_t opaque[24];
};
void crypto_sha256_init(struct crypto_sha256 *state);
void crypto_sha256_add(struct crypto_sha256 *state, struct bytes b);
void crypto_sha256_out(struct crypto_sha256 *state, struct hash *hash);
/* SHA-256 of `b`, and of `a` followed by `b`. */
void crypto_sha256(struct bytes b, struct hash *hash);
void crypto_sha256_two(struct bytes a, struct bytes b, struct hash *hash);

/* BLAKE2b of `b` to `n` bytes (16 to 64) at `out`, keyed with `key`, which may
 * be empty or 16 to 64 bytes. */
void crypto_blake2b(struct bytes key, struct bytes b, uint8_t *out, size_t n);

/* The public half of `seed`. */
void crypto_sign_key(const struct sign_seed *seed, struct sign_key *key);
/* Signs `message`; `key` must be the public half of `seed`: signatures under
 * another one give the seed away.  (Ed25519 is deterministic, so the same call
 * gives the same bytes.  The plain name crypto_sign is libsodium's.) */
void crypto_sign_message(const struct sign_seed *seed,
    const struct sign_key *key, struct bytes message,
    struct signature *signature);
/* Does `signature` of `message` verify under `key`? */
bool crypto_verify(const struct sign_key *key, struct bytes message,
    const struct signature *signature) MUST_USE;

/* ChaCha20-Poly1305 (RFC 8439) with a 12-byte nonce that holds `counter` as
 * Noise has it (4 zero bytes, then little-endian 64 bits).  Seal appends
 * `plain` and a 16-byte tag to `out`: plain.n + CRYPTO_TAG_SIZE bytes at
 * `out`.  Open writes sealed.n - CRYPTO_TAG_SIZE bytes to `out` and says
 * whether the tag was right; when it was not, `out` holds zeros.  `out` may be
 * the same place as the input. */
enum { CRYPTO_TAG_SIZE = 16 };
void crypto_seal(const struct secret *key, uint64_t counter, struct bytes ad,
    struct bytes plain, uint8_t *out);
bool crypto_open(const struct secret *key, uint64_t counter, struct bytes ad,
    struct bytes sealed, uint8_t *out) MUST_USE;

/* X25519.  crypto_dh is false when the result is all zero (a low-order point);
 * `shared` is then wiped. */
void crypto_dh_key(const struct dh_secret *secret, struct dh_key *key);
bool crypto_dh(const struct dh_secret *secret, const struct dh_key *peer,
    struct secret *shared) MUST_USE;

/* The X25519 keys that belong to an Ed25519 pair, by the map between the two
 * curves (RFC 7748 §4.1), so that something can be sealed to whoever signs with
 * it.  crypto_dh_of_key is false when `key` is no point of full order. */
bool crypto_dh_of_key(const struct sign_key *key, struct dh_key *dh) MUST_USE;
void crypto_dh_of_seed(const struct sign_seed *seed, struct dh_secret *dh);

/* Unkeyed BLAKE2b-512 of `a` followed by `b`, the hash of our Noise suite. */
struct hash512 {
	uint8_t b[64];
};
void crypto_blake2b512_two(struct bytes a, struct bytes b, struct hash512 *out);

/* Makes `key` of a passphrase with Argon2id (RFC 9106): `cost.passes` over
 * `cost.memory_bytes` of memory, which it takes while it works.  ERR_LIMIT for
 * a cost outside what is below; ERR_FULL when the system has not that much. */
struct crypto_cost {
	uint64_t passes;
	uint64_t memory_bytes;
};
enum {
	CRYPTO_SALT_SIZE = 16,
	/* libsodium's "moderate": most of a second on a small machine. */
	CRYPTO_COST_PASSES = 3,
	CRYPTO_COST_BYTES = 256 * 1024 * 1024,
	/* What is still believed of a file. */
	CRYPTO_COST_PASSES_MAX = 16,
	CRYPTO_COST_BYTES_MIN = 8 * 1024,
	CRYPTO_COST_BYTES_MAX = 1024 * 1024 * 1024,
};
enum err crypto_stretch(struct bytes passphrase,
    const uint8_t salt[CRYPTO_SALT_SIZE], struct crypto_cost cost,
    struct secret *key) MUST_USE;

/* Same bytes?  Takes the same time whatever they are. */
bool crypto_equal(const void *a, const void *b, size_t n) MUST_USE;
/* Overwrites `n` bytes at `p` in a way that the compiler keeps. */
void crypto_wipe(void *p, size_t n);

#endif
