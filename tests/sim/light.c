/*
 * Tables of what was worked out, and stores without weight.  The linker sends
 * calls here (tests/sim/wrap.c has the list).
 */
#include "tests/sim/light.h"

#include <malloc.h>
#include <string.h>

#include "core/file.h"
#include "proto/buf.h"
#include "proto/crypto.h"

enum {
	MEMO_SIZE = 1 << 18,
	MEMO_TRIES = 4,
	BALLAST_MAX = 4096,
	SIGNERS_SIZE = 4096,
	MADE_SIZE = 4096,
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
struct ZSTD_CDict_s *__real_ZSTD_createCDict(
    const void *dictionary, size_t n, int level);
struct ZSTD_CDict_s *__wrap_ZSTD_createCDict(
    const void *dictionary, size_t n, int level);
size_t __wrap_ZSTD_freeCDict(struct ZSTD_CDict_s *ready);
enum err __real_file_ballast(const char *path, uint64_t size) MUST_USE;
enum err __wrap_file_ballast(const char *path, uint64_t size) MUST_USE;

static struct hash known[MEMO_SIZE];
static bool in_use;

/* Seeds that were seen to have this public half. */
static struct light_signer {
	struct sign_seed seed;
	struct sign_key key;
	bool used;
} signers[SIGNERS_SIZE];
/* Signatures by key and message: the newest takes the place of an older one. */
static struct light_made {
	struct hash name;
	struct signature signature;
} made[MADE_SIZE];
/* By level; never freed. */
static struct light_dictionary {
	const void *bytes;
	size_t n;
	struct ZSTD_CDict_s *ready;
} dictionaries[LEVELS_MAX];
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
	light_keys_begin();
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
	struct light_made *at;
	struct hash name;

	/* With a public half that is not its own it would not verify. */
	if (!is_signer(signer, seed) ||
	    memcmp(&signer->key, key, sizeof(*key)) != 0) {
		__real_crypto_sign_message(seed, key, message, signature);
		return;
	}
	crypto_sha256_two(bytes_of(key->b, sizeof(key->b)), message, &name);
	at = &made[bytes_be64(name.b) % MADE_SIZE];
	if (memcmp(&at->name, &name, sizeof(name)) != 0) {
		__real_crypto_sign_message(seed, key, message, &at->signature);
		at->name = name;
		name_of(key, message, &at->signature, &name);
		remember(&name);
	}
	*signature = at->signature;
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
