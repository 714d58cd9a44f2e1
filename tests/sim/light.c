/*
 * Tables of what was worked out, and stores without weight.  The linker sends
 * calls here (tests/sim/wrap.c has the list).
 */
#include "tests/sim/light.h"

#include <malloc.h>
#include <string.h>

#include "core/file.h"
#include "net/peer/channel.h"
#include "proto/buf.h"
#include "proto/crypto.h"

enum {
	MEMO_SIZE = 1 << 18,
	MEMO_TRIES = 4,
	BALLAST_MAX = 4096,
	HALVES_SIZE = 1 << 14,
	PAIRS_SIZE = 1 << 14,
	SIGNERS_SIZE = 4096,
	LEVELS_MAX = 32, /* of compression, from 0 */
	/* LMDB's lists of each store that is open are longer. */
	MAP_FROM = 1 << 20,
	KEEP_MAX = 1 << 30,
};

bool __real_crypto_verify(const struct sign_key *key, struct bytes message,
    const struct signature *signature);
bool __wrap_crypto_verify(const struct sign_key *key, struct bytes message,
    const struct signature *signature);

void __real_crypto_sign_key(const struct sign_seed *seed, struct sign_key *key);
void __wrap_crypto_sign_key(const struct sign_seed *seed, struct sign_key *key);
void __real_crypto_sign_message(const struct sign_seed *seed,
    const struct sign_key *key, struct bytes message,
    struct signature *signature);
void __wrap_crypto_sign_message(const struct sign_seed *seed,
    const struct sign_key *key, struct bytes message,
    struct signature *signature);
struct channel *__real_channel_new(
    const struct channel_config *config) MUST_USE;
struct channel *__wrap_channel_new(
    const struct channel_config *config) MUST_USE;
struct ZSTD_CDict_s *__real_ZSTD_createCDict(
    const void *dictionary, size_t n, int level);
struct ZSTD_CDict_s *__wrap_ZSTD_createCDict(
    const void *dictionary, size_t n, int level);
size_t __wrap_ZSTD_freeCDict(struct ZSTD_CDict_s *ready);
void __real_crypto_dh_key(const struct dh_secret *secret, struct dh_key *key);
void __wrap_crypto_dh_key(const struct dh_secret *secret, struct dh_key *key);
bool __real_crypto_dh(const struct dh_secret *secret, const struct dh_key *peer,
    struct secret *shared);
bool __wrap_crypto_dh(const struct dh_secret *secret, const struct dh_key *peer,
    struct secret *shared);
enum err __real_file_ballast(const char *path, uint64_t size) MUST_USE;
enum err __wrap_file_ballast(const char *path, uint64_t size) MUST_USE;

static struct hash known[MEMO_SIZE];
static bool in_use;
static uint64_t channels; /* of this seed */

/* Seeds that were seen to have this public half. */
static struct light_signer {
	struct sign_seed seed;
	struct sign_key key;
	bool used;
} signers[SIGNERS_SIZE];
/* By level; never freed. */
static struct light_dictionary {
	const void *bytes;
	size_t n;
	struct ZSTD_CDict_s *ready;
} dictionaries[LEVELS_MAX];
/* Public halves of secrets, and what two of them share: tables in which the
 * newest takes the place of an older one. */
static struct light_half {
	struct dh_secret secret;
	struct dh_key key;
	bool used;
} halves[HALVES_SIZE];
static struct light_shared {
	struct dh_key keys[2]; /* the smaller one first */
	struct secret shared;
	bool used;
} pairs[PAIRS_SIZE];
static struct light_count count;

void
light_start(void)
{
	/* What is mapped anew is zero already; else 2 MiB are cleared for each
	 * store that is opened. */
	(void)mallopt(M_MMAP_THRESHOLD, MAP_FROM);
	/* The next seed needs as much again. */
	(void)mallopt(M_TRIM_THRESHOLD, KEEP_MAX);
	(void)mallopt(M_TOP_PAD, MAP_FROM);
}

void
light_memo(bool on)
{
	in_use = on;
	channels = 0;
}

bool
light_is_on(void)
{
	return in_use;
}

struct light_count
light_count(void)
{
	return count;
}

static void
name_of(const struct sign_key *key, struct bytes message,
    const struct signature *signature, struct hash *name)
{
	struct crypto_sha256 state;

	/* Both keys and signatures have one size: no two of these are the same
	 * bytes. */
	crypto_sha256_init(&state);
	crypto_sha256_add(&state, bytes_of(key->b, sizeof(key->b)));
	crypto_sha256_add(&state, bytes_of(signature->b, sizeof(signature->b)));
	crypto_sha256_add(&state, message);
	crypto_sha256_out(&state, name);
}

/* Whoever lies there is looked up again when it is needed. */
static void
remember(const struct hash *name)
{
	uint64_t first = bytes_be64(name->b);

	known[(first + first / MEMO_SIZE % MEMO_TRIES) % MEMO_SIZE] = *name;
}

bool
__wrap_crypto_verify(const struct sign_key *key, struct bytes message,
    const struct signature *signature)
{
	struct hash name;
	uint64_t first;

	if (!in_use)
		return __real_crypto_verify(key, message, signature);
	count.asked++;
	name_of(key, message, signature, &name);
	first = bytes_be64(name.b);
	for (uint64_t i = 0; i < MEMO_TRIES; i++)
		if (memcmp(&known[(first + i) % MEMO_SIZE], &name,
			sizeof(name)) == 0) {
			count.found++;
			return true;
		}
	if (!__real_crypto_verify(key, message, signature))
		return false;
	remember(&name);
	return true;
}

static struct light_signer *
signer_of(const struct sign_seed *seed)
{
	return &signers[bytes_be64(seed->b) % SIGNERS_SIZE];
}

static bool
is_signer(const struct light_signer *signer, const struct sign_seed *seed)
{
	return in_use && signer->used &&
	       memcmp(&signer->seed, seed, sizeof(*seed)) == 0;
}

void
__wrap_crypto_sign_key(const struct sign_seed *seed, struct sign_key *key)
{
	struct light_signer *signer = signer_of(seed);

	if (!is_signer(signer, seed)) {
		__real_crypto_sign_key(seed, key);
		*signer = (struct light_signer){
		    .seed = *seed, .key = *key, .used = true};
	}
	*key = signer->key;
}

void
__wrap_crypto_sign_message(const struct sign_seed *seed,
    const struct sign_key *key, struct bytes message,
    struct signature *signature)
{
	const struct light_signer *signer = signer_of(seed);
	struct hash name;

	__real_crypto_sign_message(seed, key, message, signature);
	/* With a public half that is not its own it would not verify. */
	if (!is_signer(signer, seed) ||
	    memcmp(&signer->key, key, sizeof(*key)) != 0)
		return;
	name_of(key, message, signature, &name);
	remember(&name);
}

static struct light_half *
half_of(const struct dh_secret *secret)
{
	return &halves[bytes_be64(secret->b) % HALVES_SIZE];
}

void
__wrap_crypto_dh_key(const struct dh_secret *secret, struct dh_key *key)
{
	struct light_half *half = half_of(secret);

	if (!in_use || !half->used ||
	    memcmp(&half->secret, secret, sizeof(*secret)) != 0) {
		__real_crypto_dh_key(secret, key);
		*half = (struct light_half){
		    .secret = *secret, .key = *key, .used = true};
	}
	*key = half->key;
}

bool
__wrap_crypto_dh(const struct dh_secret *secret, const struct dh_key *peer,
    struct secret *shared)
{
	const struct light_half *half = half_of(secret);
	struct light_shared *pair;
	struct dh_key keys[2];
	bool first;

	if (!in_use || !half->used ||
	    memcmp(&half->secret, secret, sizeof(*secret)) != 0)
		return __real_crypto_dh(secret, peer, shared);
	first = memcmp(&half->key, peer, sizeof(*peer)) < 0;
	keys[0] = first ? half->key : *peer;
	keys[1] = first ? *peer : half->key;
	pair = &pairs[(bytes_be64(keys[0].b) ^ bytes_be64(keys[1].b)) %
		      PAIRS_SIZE];
	if (pair->used && memcmp(pair->keys, keys, sizeof(keys)) == 0) {
		*shared = pair->shared;
		return true;
	}
	if (!__real_crypto_dh(secret, peer, shared))
		return false;
	*pair = (struct light_shared){
	    .keys = {keys[0], keys[1]}, .shared = *shared, .used = true};
	return true;
}

/* The two sides of a wire come one after the other: so the same two keys meet
 * in every seed. */
struct channel *
__wrap_channel_new(const struct channel_config *config)
{
	struct channel_config same = *config;
	struct hash hash;

	crypto_sha256(bytes_of(&channels, sizeof(channels)), &hash);
	static_assert(sizeof(hash) == sizeof(same.ephemeral), "both 32");
	memcpy(same.ephemeral.b, hash.b, sizeof(hash));
	channels++;
	return __real_channel_new(in_use ? &same : config);
}

struct ZSTD_CDict_s *
__wrap_ZSTD_createCDict(const void *dictionary, size_t n, int level)
{
	struct light_dictionary *at;

	assert(level >= 0 && level < LEVELS_MAX);
	at = &dictionaries[level];
	if (at->ready == NULL)
		*at = (struct light_dictionary){.bytes = dictionary,
		    .n = n,
		    .ready = __real_ZSTD_createCDict(dictionary, n, level)};
	assert(at->bytes == dictionary && at->n == n);
	return at->ready;
}

/* The next store uses it too. */
size_t
__wrap_ZSTD_freeCDict(struct ZSTD_CDict_s *ready)
{
	(void)ready;
	return 0;
}

enum err
__wrap_file_ballast(const char *path, uint64_t size)
{
	return __real_file_ballast(
	    path, size < BALLAST_MAX ? size : BALLAST_MAX);
}
