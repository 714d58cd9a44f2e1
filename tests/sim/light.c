/*
 * A table of what verified, and stores without weight.  The linker sends calls
 * here (tests/sim/wrap.c has the list).
 */
#include "tests/sim/light.h"

#include <string.h>

#include "core/file.h"
#include "proto/buf.h"
#include "proto/crypto.h"

enum { MEMO_SIZE = 1 << 18, MEMO_TRIES = 4, BALLAST_MAX = 4096 };

bool __real_crypto_verify(const struct sign_key *key, struct bytes message,
    const struct signature *signature);
bool __wrap_crypto_verify(const struct sign_key *key, struct bytes message,
    const struct signature *signature);

enum err __real_file_ballast(const char *path, uint64_t size) MUST_USE;
enum err __wrap_file_ballast(const char *path, uint64_t size) MUST_USE;

static struct hash known[MEMO_SIZE];
static bool in_use;
static struct light_count count;

void
light_memo(bool on)
{
	in_use = on;
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
	/* Whoever lies there is looked up again when it is needed. */
	known[(first + first / MEMO_SIZE % MEMO_TRIES) % MEMO_SIZE] = name;
	return true;
}

enum err
__wrap_file_ballast(const char *path, uint64_t size)
{
	return __real_file_ballast(
	    path, size < BALLAST_MAX ? size : BALLAST_MAX);
}
