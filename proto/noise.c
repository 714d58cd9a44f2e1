/*
 * The Noise machine of a link: handshake XX with or without a pre-shared
 * secret, then two sealed directions.  Called by net/peer and by the joining
 * of a city.  It must never go on after an error, never use a nonce twice, and
 * never keep a key longer than it is needed.  Names in the comments are those
 * of the Noise specification, revision 34.
 */
#include "proto/noise.h"

#include <string.h>

enum { PHASE_DEAD, PHASE_HANDSHAKE, PHASE_READY };

enum { MESSAGES = 3, DH_SIZE = 32, HASH_SIZE = 64, BLOCK_SIZE = 128 };

enum token {
	TOKEN_END,
	TOKEN_E,
	TOKEN_S,
	TOKEN_EE,
	TOKEN_ES,
	TOKEN_SE,
	TOKEN_PSK,
};

/* The tokens of each message, ended by TOKEN_END. */
static const uint8_t tokens[][MESSAGES][5] = {
    [NOISE_XX] = {{TOKEN_E}, {TOKEN_E, TOKEN_EE, TOKEN_S, TOKEN_ES},
	{TOKEN_S, TOKEN_SE}},
    [NOISE_XXPSK0] = {{TOKEN_PSK, TOKEN_E},
	{TOKEN_E, TOKEN_EE, TOKEN_S, TOKEN_ES}, {TOKEN_S, TOKEN_SE}},
    [NOISE_XXPSK3] = {{TOKEN_E}, {TOKEN_E, TOKEN_EE, TOKEN_S, TOKEN_ES},
	{TOKEN_S, TOKEN_SE, TOKEN_PSK}},
};

/* Each is shorter than the 64 bytes that would have to be hashed first. */
static const char *const names[] = {
    [NOISE_XX] = "Noise_XX_25519_ChaChaPoly_BLAKE2b",
    [NOISE_XXPSK0] = "Noise_XXpsk0_25519_ChaChaPoly_BLAKE2b",
    [NOISE_XXPSK3] = "Noise_XXpsk3_25519_ChaChaPoly_BLAKE2b",
};

static enum err fail(struct noise *n, enum err e) MUST_USE;
static enum err turn_check(struct noise *n, bool writing) MUST_USE;
static enum err ready_check(
    struct noise *n, const struct noise_cipher *cipher) MUST_USE;
static size_t overhead(const struct noise *n);
static uint8_t *put_token(struct noise *n, uint8_t token, uint8_t *p);
static enum err take_token(
    struct noise *n, uint8_t token, struct bytes *rest) MUST_USE;
static void advance(struct noise *n);
static bool mix_dh(struct noise *n, uint8_t token) MUST_USE;
static void mix_hash(struct noise *n, struct bytes data);
static void mix_key(struct noise *n, struct bytes material);
static void mix_key_and_hash(struct noise *n, struct bytes material);
static size_t seal_and_hash(struct noise *n, struct bytes plain, uint8_t *out);
static bool open_and_hash(
    struct noise *n, struct bytes sealed, uint8_t *out) MUST_USE;
static void step(struct noise_cipher *cipher);
static void hkdf(
    const struct hash512 *chain, struct bytes material, struct hash512 out[3]);

static struct bytes
hash_bytes(const struct hash512 *hash)
{
	return bytes_of(hash->b, HASH_SIZE);
}

static bool
has_psk(const struct noise *n)
{
	return n->pattern != NOISE_XX;
}

void
noise_init(struct noise *n, const struct noise_config *config)
{
	const char *name;

	assert((size_t)config->pattern < COUNT_OF(names));
	assert((config->psk != NULL) == (config->pattern != NOISE_XX));
	*n = (struct noise){
	    .phase = PHASE_HANDSHAKE,
	    .pattern = (uint8_t)config->pattern,
	    .initiator = config->initiator,
	    .own = *config->own,
	    .ephemeral = *config->ephemeral,
	};
	if (config->psk != NULL)
		n->psk = *config->psk;
	crypto_dh_key(&n->own, &n->own_key);
	crypto_dh_key(&n->ephemeral, &n->ephemeral_key);

	name = names[config->pattern];
	assert(strlen(name) <= HASH_SIZE);
	bytes_copy(n->hash.b, bytes_text(name));
	n->chain = n->hash;
	mix_hash(n, config->prologue);
}

bool
noise_is_turn(const struct noise *n)
{
	return n->phase == PHASE_HANDSHAKE &&
	       (n->written % 2 == 0) == n->initiator;
}

bool
noise_is_done(const struct noise *n)
{
	return n->phase == PHASE_READY;
}

enum err
noise_write(struct noise *n, struct bytes payload, struct buf *out)
{
	const uint8_t *token;
	size_t before = out->n;
	size_t size;
	uint8_t *p;
	enum err e;

	e = turn_check(n, true);
	if (e != ERR_OK)
		return e;
	if (payload.n > NOISE_PAYLOAD_SIZE_MAX)
		return fail(n, err_set(ERR_LIMIT,
				   "noise: a payload of %zu bytes is more "
				   "than a handshake message carries",
				   payload.n));
	size = overhead(n) + payload.n;
	p = buf_extend(out, size);
	for (token = tokens[n->pattern][n->written]; *token != TOKEN_END;
	     token++) {
		p = put_token(n, *token, p);
		if (p == NULL) {
			buf_cut(out, before);
			return fail(
			    n, err_set(ERR_MALFORMED,
				   "noise: the peer's key is of low order"));
		}
	}
	p += seal_and_hash(n, payload, p);
	assert(p == out->p + before + size);
	advance(n);
	return ERR_OK;
}

enum err
noise_read(struct noise *n, struct bytes message, struct buf *out)
{
	const uint8_t *token;
	struct bytes rest = message;
	size_t before = out->n;
	size_t size;
	enum err e;

	e = turn_check(n, false);
	if (e != ERR_OK)
		return e;
	size = overhead(n);
	if (message.n < size || message.n > LIMIT_NOISE_HANDSHAKE_SIZE)
		return fail(
		    n, err_set(ERR_MALFORMED,
			   "noise: handshake message %d cannot have %zu bytes",
			   n->written + 1, message.n));
	for (token = tokens[n->pattern][n->written]; *token != TOKEN_END;
	     token++) {
		e = take_token(n, *token, &rest);
		if (e != ERR_OK)
			return fail(n, e);
	}
	if (!open_and_hash(n, rest, buf_extend(out, message.n - size))) {
		buf_cut(out, before);
		return fail(
		    n, err_set(ERR_MALFORMED,
			   "noise: handshake message %d does not authenticate",
			   n->written + 1));
	}
	advance(n);
	return ERR_OK;
}

const struct dh_key *
noise_peer_key(const struct noise *n)
{
	return n->has_peer ? &n->peer : NULL;
}

struct bytes
noise_handshake_hash(const struct noise *n)
{
	assert(n->phase == PHASE_READY);
	return hash_bytes(&n->hash);
}

enum err
noise_seal(struct noise *n, struct bytes plain, struct buf *out)
{
	enum err e;

	e = ready_check(n, &n->out);
	if (e != ERR_OK)
		return e;
	if (plain.n > NOISE_PLAIN_SIZE_MAX)
		return fail(
		    n, err_set(ERR_LIMIT,
			   "noise: %zu bytes are more than a message carries",
			   plain.n));
	crypto_seal(&n->out.key, n->out.counter, (struct bytes){0}, plain,
	    buf_extend(out, plain.n + CRYPTO_TAG_SIZE));
	step(&n->out);
	return ERR_OK;
}

enum err
noise_open(struct noise *n, struct bytes sealed, struct buf *out)
{
	size_t before = out->n;
	enum err e;

	e = ready_check(n, &n->in);
	if (e != ERR_OK)
		return e;
	if (sealed.n < CRYPTO_TAG_SIZE || sealed.n > LIMIT_NOISE_MESSAGE_SIZE)
		return fail(
		    n, err_set(ERR_MALFORMED,
			   "noise: a message cannot have %zu bytes", sealed.n));
	if (!crypto_open(&n->in.key, n->in.counter, (struct bytes){0}, sealed,
		buf_extend(out, sealed.n - CRYPTO_TAG_SIZE))) {
		buf_cut(out, before);
		return fail(n, err_set(ERR_MALFORMED,
				   "noise: a message does not authenticate"));
	}
	step(&n->in);
	return ERR_OK;
}

void
noise_fini(struct noise *n)
{
	crypto_wipe(n, sizeof(*n));
}

/* Ends the machine for good; `e` is what the caller passes up. */
static enum err
fail(struct noise *n, enum err e)
{
	noise_fini(n);
	assert(n->phase == PHASE_DEAD);
	return e;
}

static enum err
turn_check(struct noise *n, bool writing)
{
	if (n->phase == PHASE_DEAD)
		return err_set(ERR_PEER, "noise: the channel is closed");
	if (n->phase == PHASE_HANDSHAKE && noise_is_turn(n) == writing)
		return ERR_OK;
	return fail(n, err_set(writing ? ERR_INVALID : ERR_MALFORMED,
			   "noise: a handshake message out of turn"));
}

static enum err
ready_check(struct noise *n, const struct noise_cipher *cipher)
{
	if (n->phase == PHASE_DEAD)
		return err_set(ERR_PEER, "noise: the channel is closed");
	if (n->phase != PHASE_READY)
		return fail(
		    n, err_set(ERR_INVALID,
			   "noise: a message before the handshake is done"));
	if (cipher->counter / LIMIT_NOISE_REKEY >= LIMIT_NOISE_EPOCHS)
		return fail(
		    n, err_set(ERR_LIMIT, "noise: the channel is used up and "
					  "needs a new handshake"));
	return ERR_OK;
}

/* Bytes of the next handshake message besides its payload. */
static size_t
overhead(const struct noise *n)
{
	const uint8_t *token = tokens[n->pattern][n->written];
	bool sealed = n->has_key;
	size_t size = 0;

	for (; *token != TOKEN_END; token++) {
		/* No pattern of ours shows a lasting key before there is a key
		 * to seal it under. */
		assert(*token != TOKEN_S || sealed);
		if (*token == TOKEN_E)
			size += DH_SIZE;
		if (*token == TOKEN_S)
			size += DH_SIZE + CRYPTO_TAG_SIZE;
		/* All but a bare E and S give a key; E does under a psk. */
		if (*token == TOKEN_E)
			sealed = sealed || has_psk(n);
		else if (*token != TOKEN_S)
			sealed = true;
	}
	return size + (sealed ? CRYPTO_TAG_SIZE : 0);
}

/* Does what `token` asks of its writer; returns where the next bytes go, or
 * NULL when the peer's key is unusable. */
static uint8_t *
put_token(struct noise *n, uint8_t token, uint8_t *p)
{
	struct bytes key;

	switch (token) {
	case TOKEN_E:
		key = bytes_of(n->ephemeral_key.b, DH_SIZE);
		bytes_copy(p, key);
		mix_hash(n, key);
		if (has_psk(n))
			mix_key(n, key);
		return p + DH_SIZE;
	case TOKEN_S:
		key = bytes_of(n->own_key.b, DH_SIZE);
		return p + seal_and_hash(n, key, p);
	case TOKEN_PSK:
		mix_key_and_hash(n, bytes_of(n->psk.b, sizeof(n->psk.b)));
		return p;
	default:
		return mix_dh(n, token) ? p : NULL;
	}
}

/* Does what `token` asks of its reader, and takes its bytes from `rest`, whose
 * length has been checked. */
static enum err
take_token(struct noise *n, uint8_t token, struct bytes *rest)
{
	struct bytes key;
	size_t size = DH_SIZE;

	switch (token) {
	case TOKEN_E:
		key = bytes_first(*rest, size);
		bytes_copy(n->peer_ephemeral.b, key);
		mix_hash(n, key);
		if (has_psk(n))
			mix_key(n, key);
		*rest = bytes_after(*rest, size);
		return ERR_OK;
	case TOKEN_S:
		assert(n->has_key);
		size += CRYPTO_TAG_SIZE;
		if (!open_and_hash(n, bytes_first(*rest, size), n->peer.b))
			return err_set(ERR_MALFORMED,
			    "noise: the peer's key does not authenticate");
		if (crypto_equal(n->peer.b, n->own_key.b, DH_SIZE))
			return err_set(
			    ERR_EXISTS, "noise: the peer has our own key");
		n->has_peer = true;
		*rest = bytes_after(*rest, size);
		return ERR_OK;
	case TOKEN_PSK:
		mix_key_and_hash(n, bytes_of(n->psk.b, sizeof(n->psk.b)));
		return ERR_OK;
	default:
		if (!mix_dh(n, token))
			return err_set(ERR_MALFORMED,
			    "noise: the peer's key is of low order");
		return ERR_OK;
	}
}

/* One more handshake message has passed; after the last, Split(). */
static void
advance(struct noise *n)
{
	struct hash512 keys[3];
	const uint8_t *first;
	const uint8_t *second;

	n->written++;
	if (n->written < MESSAGES)
		return;
	assert(n->has_peer && n->has_key);
	hkdf(&n->chain, (struct bytes){0}, keys);
	first = n->initiator ? keys[0].b : keys[1].b;
	second = n->initiator ? keys[1].b : keys[0].b;
	memcpy(n->out.key.b, first, sizeof(n->out.key.b));
	memcpy(n->in.key.b, second, sizeof(n->in.key.b));
	crypto_wipe(keys, sizeof(keys));

	crypto_wipe(&n->own, sizeof(n->own));
	crypto_wipe(&n->ephemeral, sizeof(n->ephemeral));
	crypto_wipe(&n->psk, sizeof(n->psk));
	crypto_wipe(&n->key, sizeof(n->key));
	crypto_wipe(&n->chain, sizeof(n->chain));
	n->phase = PHASE_READY;
}

/* EE, ES or SE: the first letter is the initiator's key. */
static bool
mix_dh(struct noise *n, uint8_t token)
{
	uint8_t static_of_ours = n->initiator ? TOKEN_SE : TOKEN_ES;
	uint8_t static_of_theirs = n->initiator ? TOKEN_ES : TOKEN_SE;
	struct secret shared;
	bool usable;

	usable = crypto_dh(token == static_of_ours ? &n->own : &n->ephemeral,
	    token == static_of_theirs ? &n->peer : &n->peer_ephemeral, &shared);
	if (usable)
		mix_key(n, bytes_of(shared.b, sizeof(shared.b)));
	crypto_wipe(&shared, sizeof(shared));
	return usable;
}

static void
mix_hash(struct noise *n, struct bytes data)
{
	struct hash512 mixed;

	crypto_blake2b512_two(hash_bytes(&n->hash), data, &mixed);
	n->hash = mixed;
}

static void
mix_key(struct noise *n, struct bytes material)
{
	struct hash512 out[3];

	hkdf(&n->chain, material, out);
	n->chain = out[0];
	memcpy(n->key.b, out[1].b, sizeof(n->key.b));
	n->has_key = true;
	n->counter = 0;
	crypto_wipe(out, sizeof(out));
}

static void
mix_key_and_hash(struct noise *n, struct bytes material)
{
	struct hash512 out[3];

	hkdf(&n->chain, material, out);
	n->chain = out[0];
	mix_hash(n, hash_bytes(&out[1]));
	memcpy(n->key.b, out[2].b, sizeof(n->key.b));
	n->has_key = true;
	n->counter = 0;
	crypto_wipe(out, sizeof(out));
}

/* EncryptAndHash; returns how many bytes went to `out`. */
static size_t
seal_and_hash(struct noise *n, struct bytes plain, uint8_t *out)
{
	size_t size = plain.n;

	if (n->has_key) {
		crypto_seal(
		    &n->key, n->counter, hash_bytes(&n->hash), plain, out);
		n->counter++;
		size += CRYPTO_TAG_SIZE;
	} else {
		bytes_copy(out, plain);
	}
	mix_hash(n, bytes_of(out, size));
	return size;
}

/* DecryptAndHash: it is the sealed bytes that are hashed. */
static bool
open_and_hash(struct noise *n, struct bytes sealed, uint8_t *out)
{
	if (n->has_key) {
		if (!crypto_open(
			&n->key, n->counter, hash_bytes(&n->hash), sealed, out))
			return false;
		n->counter++;
	} else {
		bytes_copy(out, sealed);
	}
	mix_hash(n, sealed);
	return true;
}

/* Counts a message; Rekey() after each LIMIT_NOISE_REKEY of them.  The nonce
 * runs on. */
static void
step(struct noise_cipher *cipher)
{
	static const uint8_t zeros[sizeof(cipher->key.b)];
	uint8_t sealed[sizeof(zeros) + CRYPTO_TAG_SIZE];

	cipher->counter++;
	if (cipher->counter % LIMIT_NOISE_REKEY != 0)
		return;
	crypto_seal(&cipher->key, UINT64_MAX, (struct bytes){0},
	    bytes_of(zeros, sizeof(zeros)), sealed);
	memcpy(cipher->key.b, sealed, sizeof(cipher->key.b));
	crypto_wipe(sealed, sizeof(sealed));
}

/* HMAC-BLAKE2b (RFC 2104) with a key of one hash. */
static void
hmac(const struct hash512 *key, struct bytes message, struct hash512 *out)
{
	uint8_t pad[BLOCK_SIZE];
	struct hash512 inner;

	memset(pad, 0x36, sizeof(pad));
	for (size_t i = 0; i < HASH_SIZE; i++)
		pad[i] ^= key->b[i];
	crypto_blake2b512_two(bytes_of(pad, sizeof(pad)), message, &inner);
	memset(pad, 0x5c, sizeof(pad));
	for (size_t i = 0; i < HASH_SIZE; i++)
		pad[i] ^= key->b[i];
	crypto_blake2b512_two(
	    bytes_of(pad, sizeof(pad)), hash_bytes(&inner), out);
	crypto_wipe(pad, sizeof(pad));
	crypto_wipe(&inner, sizeof(inner));
}

/* All three outputs of HKDF; the first two do not depend on the third. */
static void
hkdf(const struct hash512 *chain, struct bytes material, struct hash512 out[3])
{
	struct hash512 base;
	uint8_t message[HASH_SIZE + 1];
	size_t n = 0;

	hmac(chain, material, &base);
	for (uint8_t i = 0; i < 3; i++) {
		message[n] = (uint8_t)(i + 1);
		hmac(&base, bytes_of(message, n + 1), &out[i]);
		memcpy(message, out[i].b, HASH_SIZE);
		n = HASH_SIZE;
	}
	crypto_wipe(&base, sizeof(base));
	crypto_wipe(message, sizeof(message));
}
