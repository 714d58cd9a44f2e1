/*
 * Counts work.  The linker's --wrap sends each call of `x` from another file to
 * `__wrap_x` here and names the true one `__real_x`; allocations are told by
 * the sanitiser, those of libraries among them.
 * LINK: -Wl,--wrap=crypto_sha256_init,--wrap=crypto_sha256_add
 * LINK: -Wl,--wrap=crypto_sha256,--wrap=crypto_sha256_two
 * LINK: -Wl,--wrap=crypto_blake2b,--wrap=crypto_blake2b512_two
 * LINK: -Wl,--wrap=crypto_verify,--wrap=crypto_sign_message,--wrap=crypto_dh
 * LINK: -Wl,--wrap=crypto_pwhash
 */
#include "tests/fuzz/cost.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/crypto.h"

void __real_crypto_sha256_init(struct crypto_sha256 *state);
void __wrap_crypto_sha256_init(struct crypto_sha256 *state);
void __real_crypto_sha256_add(struct crypto_sha256 *state, struct bytes b);
void __wrap_crypto_sha256_add(struct crypto_sha256 *state, struct bytes b);
void __real_crypto_sha256(struct bytes b, struct hash *hash);
void __wrap_crypto_sha256(struct bytes b, struct hash *hash);
void __real_crypto_sha256_two(
    struct bytes a, struct bytes b, struct hash *hash);
void __wrap_crypto_sha256_two(
    struct bytes a, struct bytes b, struct hash *hash);
void __real_crypto_blake2b(
    struct bytes key, struct bytes b, uint8_t *out, size_t n);
void __wrap_crypto_blake2b(
    struct bytes key, struct bytes b, uint8_t *out, size_t n);
void __real_crypto_blake2b512_two(
    struct bytes a, struct bytes b, struct hash512 *out);
void __wrap_crypto_blake2b512_two(
    struct bytes a, struct bytes b, struct hash512 *out);
bool __real_crypto_verify(const struct sign_key *key, struct bytes message,
    const struct signature *signature);
bool __wrap_crypto_verify(const struct sign_key *key, struct bytes message,
    const struct signature *signature);
void __real_crypto_sign_message(const struct sign_seed *seed,
    const struct sign_key *key, struct bytes message,
    struct signature *signature);
void __wrap_crypto_sign_message(const struct sign_seed *seed,
    const struct sign_key *key, struct bytes message,
    struct signature *signature);
bool __real_crypto_dh(const struct dh_secret *secret, const struct dh_key *peer,
    struct secret *shared);
bool __wrap_crypto_dh(const struct dh_secret *secret, const struct dh_key *peer,
    struct secret *shared);
/* As libsodium has it; only proto/crypto.c includes its header. */
int __real_crypto_pwhash(unsigned char *out, unsigned long long out_n,
    const char *text, unsigned long long n, const unsigned char *salt,
    unsigned long long passes, size_t memory_bytes, int algorithm);
int __wrap_crypto_pwhash(unsigned char *out, unsigned long long out_n,
    const char *text, unsigned long long n, const unsigned char *salt,
    unsigned long long passes, size_t memory_bytes, int algorithm);

/* Its header comes with clang alone.  Without the sanitiser only what we ask
 * for ourselves is counted. */
int __sanitizer_install_malloc_and_free_hooks(
    void (*taken)(const volatile void *, size_t),
    void (*given)(const volatile void *));
#pragma weak __sanitizer_install_malloc_and_free_hooks

static struct cost now;

static void
allocated(const volatile void *p, size_t n)
{
	(void)p;
	now.allocations++;
	now.allocated_bytes += n;
	if (n > now.largest_bytes)
		now.largest_bytes = n;
}

static void
freed(const volatile void *p)
{
	(void)p;
}

void
cost_begin(void)
{
	static bool hooked;

	if (!hooked && __sanitizer_install_malloc_and_free_hooks != NULL)
		assert(__sanitizer_install_malloc_and_free_hooks(
			   allocated, freed) != 0);
	hooked = true;
	now = (struct cost){0};
}

struct cost
cost_end(void)
{
	return now;
}

static void
within(
    const char *what, uint64_t spent, uint64_t fixed, uint64_t each, size_t n)
{
	uint64_t most = fixed + each * n;

	if (spent <= most)
		return;
	(void)fprintf(stderr,
	    "%llu %s for an input of %zu bytes: at most %llu are right\n",
	    (unsigned long long)spent, what, n, (unsigned long long)most);
	abort();
}

void
cost_assert(const struct cost_limit *limit, size_t n)
{
	const struct cost spent = now;
	const struct cost *fixed = &limit->fixed;
	const struct cost *each = &limit->each;

	within("allocations", spent.allocations, fixed->allocations,
	    each->allocations, n);
	within("allocated bytes", spent.allocated_bytes, fixed->allocated_bytes,
	    each->allocated_bytes, n);
	within("bytes allocated at once", spent.largest_bytes,
	    fixed->largest_bytes, each->largest_bytes, n);
	within("hashes", spent.hashes, fixed->hashes, each->hashes, n);
	within("hashed bytes", spent.hashed_bytes, fixed->hashed_bytes,
	    each->hashed_bytes, n);
	within(
	    "curve operations", spent.curves, fixed->curves, each->curves, n);
	within("bytes stretched", spent.stretched_bytes, fixed->stretched_bytes,
	    each->stretched_bytes, n);
}

void
__wrap_crypto_sha256_init(struct crypto_sha256 *state)
{
	now.hashes++;
	__real_crypto_sha256_init(state);
}

void
__wrap_crypto_sha256_add(struct crypto_sha256 *state, struct bytes b)
{
	now.hashed_bytes += b.n;
	__real_crypto_sha256_add(state, b);
}

void
__wrap_crypto_sha256(struct bytes b, struct hash *hash)
{
	now.hashes++;
	now.hashed_bytes += b.n;
	__real_crypto_sha256(b, hash);
}

void
__wrap_crypto_sha256_two(struct bytes a, struct bytes b, struct hash *hash)
{
	now.hashes++;
	now.hashed_bytes += a.n + b.n;
	__real_crypto_sha256_two(a, b, hash);
}

void
__wrap_crypto_blake2b(struct bytes key, struct bytes b, uint8_t *out, size_t n)
{
	now.hashes++;
	now.hashed_bytes += b.n;
	__real_crypto_blake2b(key, b, out, n);
}

void
__wrap_crypto_blake2b512_two(
    struct bytes a, struct bytes b, struct hash512 *out)
{
	now.hashes++;
	now.hashed_bytes += a.n + b.n;
	__real_crypto_blake2b512_two(a, b, out);
}

bool
__wrap_crypto_verify(const struct sign_key *key, struct bytes message,
    const struct signature *signature)
{
	now.curves++;
	return __real_crypto_verify(key, message, signature);
}

void
__wrap_crypto_sign_message(const struct sign_seed *seed,
    const struct sign_key *key, struct bytes message,
    struct signature *signature)
{
	now.curves++;
	__real_crypto_sign_message(seed, key, message, signature);
}

bool
__wrap_crypto_dh(const struct dh_secret *secret, const struct dh_key *peer,
    struct secret *shared)
{
	now.curves++;
	return __real_crypto_dh(secret, peer, shared);
}

/* Counts what was asked for, and asks for the least that there is. */
int
__wrap_crypto_pwhash(unsigned char *out, unsigned long long out_n,
    const char *text, unsigned long long n, const unsigned char *salt,
    unsigned long long passes, size_t memory_bytes, int algorithm)
{
	now.stretched_bytes += passes * memory_bytes;
	return __real_crypto_pwhash(
	    out, out_n, text, n, salt, 1, 8 * 1024, algorithm);
}

void
cost_assert_asked(const struct crypto_cost *asked, enum err e)
{
	uint64_t done = cost_end().stretched_bytes;

	if (asked->passes == 0 || asked->passes > CRYPTO_COST_PASSES_MAX ||
	    asked->memory_bytes < CRYPTO_COST_BYTES_MIN ||
	    asked->memory_bytes > CRYPTO_COST_BYTES_MAX) {
		assert(e == ERR_LIMIT);
		assert(done == 0);
		return;
	}
	assert(e == ERR_DENIED || e == ERR_OK);
	assert(done == asked->passes * asked->memory_bytes);
}
