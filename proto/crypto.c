/*
 * The cryptographic primitives, bound to libsodium and OpenSSL's libcrypto.
 * Everything that hashes, signs, seals or agrees on keys comes here; nothing
 * here draws randomness or keeps state.  SHA-256 is OpenSSL's low-level one,
 * deprecated but present in every 3.x: 57 ns for 32 bytes and 92 for the 65
 * of a tree node, where EVP with a reused context takes 140 and 120, the
 * one-shot SHA256() 330 and more, and libsodium, which does not know the
 * processor's SHA instructions, 300 to 400.
 */
#include "proto/crypto.h"

/* The API as of OpenSSL 1.1.1, in which the functions bear no warning. */
#define OPENSSL_API_COMPAT 10101
#include <openssl/sha.h>
#include <sodium.h>

enum { NONCE_SIZE = crypto_aead_chacha20poly1305_ietf_NPUBBYTES };

static_assert(sizeof(SHA256_CTX) <= sizeof(struct crypto_sha256),
    "the opaque state has room for OpenSSL's");
static_assert(_Alignof(SHA256_CTX) <= _Alignof(struct crypto_sha256),
    "the opaque state is aligned as OpenSSL's");
static_assert(sizeof(struct hash) == SHA256_DIGEST_LENGTH, "hash");
static_assert(sizeof(struct sign_key) == crypto_sign_PUBLICKEYBYTES, "key");
static_assert(sizeof(struct sign_seed) == crypto_sign_SEEDBYTES, "seed");
static_assert(sizeof(struct signature) == crypto_sign_BYTES, "signature");
static_assert(sizeof(struct dh_key) == crypto_scalarmult_BYTES, "dh key");
static_assert(
    sizeof(struct dh_secret) == crypto_scalarmult_SCALARBYTES, "dh secret");
static_assert(
    sizeof(struct secret) == crypto_aead_chacha20poly1305_ietf_KEYBYTES,
    "aead");
static_assert(
    (int)CRYPTO_TAG_SIZE == (int)crypto_aead_chacha20poly1305_ietf_ABYTES,
    "tag");

static_assert((int)CRYPTO_SALT_SIZE == (int)crypto_pwhash_SALTBYTES, "salt");
static_assert((int)CRYPTO_COST_BYTES_MIN == crypto_pwhash_MEMLIMIT_MIN, "cost");

static void nonce_fill(uint8_t nonce[NONCE_SIZE], uint64_t counter);

enum err
crypto_start(void)
{
	if (sodium_init() < 0)
		return err_set(ERR_IO, "libsodium cannot start");
	return ERR_OK;
}

/* The SHA256_* calls always return 1 by their manual. */
void
crypto_sha256_init(struct crypto_sha256 *state)
{
	(void)SHA256_Init((SHA256_CTX *)state->opaque);
}

void
crypto_sha256_add(struct crypto_sha256 *state, struct bytes b)
{
	if (b.n > 0)
		(void)SHA256_Update((SHA256_CTX *)state->opaque, b.p, b.n);
}

void
crypto_sha256_out(struct crypto_sha256 *state, struct hash *hash)
{
	(void)SHA256_Final(hash->b, (SHA256_CTX *)state->opaque);
}

void
crypto_sha256(struct bytes b, struct hash *hash)
{
	struct crypto_sha256 state;

	crypto_sha256_init(&state);
	crypto_sha256_add(&state, b);
	crypto_sha256_out(&state, hash);
}

void
crypto_sha256_two(struct bytes a, struct bytes b, struct hash *hash)
{
	struct crypto_sha256 state;

	crypto_sha256_init(&state);
	crypto_sha256_add(&state, a);
	crypto_sha256_add(&state, b);
	crypto_sha256_out(&state, hash);
}

/* libsodium's hashes fail only for sizes out of range, which is our mistake. */
void
crypto_blake2b(struct bytes key, struct bytes b, uint8_t *out, size_t n)
{
	int status;

	assert(n >= crypto_generichash_BYTES_MIN);
	assert(n <= crypto_generichash_BYTES_MAX);
	assert(key.n == 0 || key.n >= crypto_generichash_KEYBYTES_MIN);
	assert(key.n <= crypto_generichash_KEYBYTES_MAX);
	status = crypto_generichash(out, n, b.p, b.n, key.p, key.n);
	assert(status == 0);
}

void
crypto_blake2b512_two(struct bytes a, struct bytes b, struct hash512 *out)
{
	crypto_generichash_state state;
	int status;

	status = crypto_generichash_init(&state, NULL, 0, sizeof(out->b));
	status |= crypto_generichash_update(&state, a.p, a.n);
	status |= crypto_generichash_update(&state, b.p, b.n);
	status |= crypto_generichash_final(&state, out->b, sizeof(out->b));
	assert(status == 0);
	/* Noise hashes keys with this, so the state must not stay behind. */
	crypto_wipe(&state, sizeof(state));
}

void
crypto_sign_key(const struct sign_seed *seed, struct sign_key *key)
{
	uint8_t pair[crypto_sign_SECRETKEYBYTES];

	(void)crypto_sign_seed_keypair(key->b, pair, seed->b);
	crypto_wipe(pair, sizeof(pair));
}

void
crypto_sign_message(const struct sign_seed *seed, const struct sign_key *key,
    struct bytes message, struct signature *signature)
{
	uint8_t pair[crypto_sign_SECRETKEYBYTES];

	/* libsodium's secret key is the seed and its public half; given both
	 * we save one of the two multiplications of a signature. */
	static_assert(sizeof(pair) == sizeof(*seed) + sizeof(*key), "a pair");
	bytes_copy(pair, bytes_of(seed->b, sizeof(seed->b)));
	bytes_copy(pair + sizeof(*seed), bytes_of(key->b, sizeof(key->b)));
	(void)crypto_sign_detached(
	    signature->b, NULL, message.p, message.n, pair);
	crypto_wipe(pair, sizeof(pair));
}

bool
crypto_verify(const struct sign_key *key, struct bytes message,
    const struct signature *signature)
{
	return crypto_sign_verify_detached(
		   signature->b, message.p, message.n, key->b) == 0;
}

void
crypto_seal(const struct secret *key, uint64_t counter, struct bytes ad,
    struct bytes plain, uint8_t *out)
{
	uint8_t nonce[NONCE_SIZE];
	int status;

	nonce_fill(nonce, counter);
	status = crypto_aead_chacha20poly1305_ietf_encrypt(
	    out, NULL, plain.p, plain.n, ad.p, ad.n, NULL, nonce, key->b);
	assert(status == 0);
}

bool
crypto_open(const struct secret *key, uint64_t counter, struct bytes ad,
    struct bytes sealed, uint8_t *out)
{
	uint8_t nonce[NONCE_SIZE];
	bool right;

	if (sealed.n < CRYPTO_TAG_SIZE)
		return false;
	nonce_fill(nonce, counter);
	right = crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL,
		    sealed.p, sealed.n, ad.p, ad.n, nonce, key->b) == 0;
	if (!right && sealed.n > CRYPTO_TAG_SIZE)
		sodium_memzero(out, sealed.n - CRYPTO_TAG_SIZE);
	return right;
}

static void
nonce_fill(uint8_t nonce[NONCE_SIZE], uint64_t counter)
{
	for (size_t i = 0; i < 4; i++)
		nonce[i] = 0;
	for (size_t i = 0; i < 8; i++)
		nonce[4 + i] = (uint8_t)(counter >> (8 * i));
}

void
crypto_dh_key(const struct dh_secret *secret, struct dh_key *key)
{
	(void)crypto_scalarmult_base(key->b, secret->b);
}

bool
crypto_dh(const struct dh_secret *secret, const struct dh_key *peer,
    struct secret *shared)
{
	if (crypto_scalarmult(shared->b, secret->b, peer->b) == 0)
		return true;
	crypto_wipe(shared, sizeof(*shared));
	return false;
}

bool
crypto_dh_of_key(const struct sign_key *key, struct dh_key *dh)
{
	return crypto_sign_ed25519_pk_to_curve25519(dh->b, key->b) == 0;
}

void
crypto_dh_of_seed(const struct sign_seed *seed, struct dh_secret *dh)
{
	uint8_t pair[crypto_sign_SECRETKEYBYTES] = {0};
	int status;

	/* Of the pair only the seed, its first half, is looked at. */
	bytes_copy(pair, bytes_of(seed->b, sizeof(seed->b)));
	status = crypto_sign_ed25519_sk_to_curve25519(dh->b, pair);
	assert(status == 0);
	crypto_wipe(pair, sizeof(pair));
}

enum err
crypto_stretch(struct bytes passphrase, const uint8_t salt[CRYPTO_SALT_SIZE],
    struct crypto_cost cost, struct secret *key)
{
	static const char none[] = "";
	const char *p = passphrase.n > 0 ? (const char *)passphrase.p : none;

	if (cost.passes == 0 || cost.passes > CRYPTO_COST_PASSES_MAX ||
	    cost.memory_bytes < CRYPTO_COST_BYTES_MIN ||
	    cost.memory_bytes > CRYPTO_COST_BYTES_MAX)
		return err_set(ERR_LIMIT,
		    "a passphrase stretched %llu times over %llu bytes of "
		    "memory: golmok does not ask for that",
		    (unsigned long long)cost.passes,
		    (unsigned long long)cost.memory_bytes);
	if (crypto_pwhash(key->b, sizeof(key->b), p, passphrase.n, salt,
		cost.passes, (size_t)cost.memory_bytes,
		crypto_pwhash_ALG_ARGON2ID13) != 0)
		return err_set(ERR_FULL,
		    "stretching a passphrase takes %llu MiB of memory, which "
		    "this machine has not free: end other programs",
		    (unsigned long long)cost.memory_bytes / 1024 / 1024);
	return ERR_OK;
}

bool
crypto_equal(const void *a, const void *b, size_t n)
{
	return sodium_memcmp(a, b, n) == 0;
}

void
crypto_wipe(void *p, size_t n)
{
	sodium_memzero(p, n);
}
