/*
 * Calls on tape.  Rows record what the store does, untimed, and play it against
 * a bare environment, timed.  Knows nothing of what the calls mean.
 */
#define _DEFAULT_SOURCE
#include "tests/bench/tape.h"

#include <lmdb.h>
#define OPENSSL_API_COMPAT 10101
#include <openssl/sha.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/tables.h"
#include "proto/mem.h"
#include "tests/bench/row.h"

/* Room for the largest tape; only what is used is ever there. */
#define TAPE_ROOM (UINT64_C(16) << 30)
enum { SCRATCH_SIZE = 1024 * 1024, CURSORS_MAX = 4 };

enum call {
	CALL_GET,
	CALL_PUT,
	CALL_DEL,
	CALL_CURSOR_OPEN,
	CALL_CURSOR_GET,
	CALL_CURSOR_CLOSE,
	CALL_COMMIT,
	CALL_SHA_INIT,
	CALL_SHA_UPDATE,
	CALL_SHA_FINAL,
	CALL_BLAKE,
	CALL_OPEN,
	CALL_SEAL,
	CALL_SIGN,
	CALL_VERIFY,
};

/* One call; its two arguments of bytes follow, padded to eight. */
struct entry {
	uint16_t call;
	uint16_t dbi;
	uint32_t flags;
	uint32_t a_n;
	uint32_t b_n;
};

struct tape_env {
	MDB_env *lmdb;
	MDB_dbi dbis[KV_TABLES_MAX];
};

static uint8_t *tape;
static size_t tape_n;
static bool running;
static struct tape_count counts;
static uint8_t scratch[SCRATCH_SIZE];

void
tape_start(void)
{
	if (tape == NULL)
		tape = mmap(NULL, TAPE_ROOM, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert(tape != MAP_FAILED);
	tape_n = 0;
	counts = (struct tape_count){0};
	running = true;
}

void
tape_stop(void)
{
	running = false;
}

void
tape_pause(bool pause)
{
	running = !pause;
}

struct tape_count
tape_count(void)
{
	return counts;
}

static size_t
padded(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

static void
note(struct entry entry, const void *a, const void *b)
{
	uint8_t *at = tape + tape_n;

	if (!running)
		return;
	memcpy(at, &entry, sizeof(entry));
	at += sizeof(entry);
	if (a != NULL)
		memcpy(at, a, entry.a_n);
	at += a != NULL ? padded(entry.a_n) : 0;
	if (b != NULL)
		memcpy(at, b, entry.b_n);
	at += b != NULL ? padded(entry.b_n) : 0;
	tape_n = (size_t)(at - tape);
	assert(tape_n < TAPE_ROOM - (1u << 24));
}

/* ---- LMDB ---------------------------------------------------------------- */

int __wrap_mdb_get(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data);
int __real_mdb_get(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data);
int __wrap_mdb_put(
    MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data, unsigned flags);
int __real_mdb_put(
    MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data, unsigned flags);
int __wrap_mdb_del(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data);
int __real_mdb_del(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data);
int __wrap_mdb_cursor_open(MDB_txn *txn, MDB_dbi dbi, MDB_cursor **cursor);
int __real_mdb_cursor_open(MDB_txn *txn, MDB_dbi dbi, MDB_cursor **cursor);
void __wrap_mdb_cursor_close(MDB_cursor *cursor);
void __real_mdb_cursor_close(MDB_cursor *cursor);
int __wrap_mdb_cursor_get(
    MDB_cursor *cursor, MDB_val *key, MDB_val *data, MDB_cursor_op op);
int __real_mdb_cursor_get(
    MDB_cursor *cursor, MDB_val *key, MDB_val *data, MDB_cursor_op op);
int __wrap_mdb_txn_commit(MDB_txn *txn);
int __real_mdb_txn_commit(MDB_txn *txn);

int
__wrap_mdb_get(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data)
{
	if (running) {
		counts.gets++;
		note((struct entry){.call = CALL_GET,
			 .dbi = (uint16_t)dbi,
			 .a_n = (uint32_t)key->mv_size},
		    key->mv_data, NULL);
	}
	return __real_mdb_get(txn, dbi, key, data);
}

int
__wrap_mdb_put(
    MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data, unsigned flags)
{
	int rc;

	/* Looked at before: LMDB may point them elsewhere. */
	if (running)
		note((struct entry){.call = CALL_PUT,
			 .dbi = (uint16_t)dbi,
			 .flags = flags,
			 .a_n = (uint32_t)key->mv_size,
			 .b_n = (uint32_t)data->mv_size},
		    key->mv_data, data->mv_size > 0 ? data->mv_data : NULL);
	if (running) {
		counts.puts++;
		counts.put_bytes += key->mv_size + data->mv_size;
	}
	rc = __real_mdb_put(txn, dbi, key, data, flags);
	return rc;
}

int
__wrap_mdb_del(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data)
{
	if (running) {
		counts.puts++;
		note((struct entry){.call = CALL_DEL,
			 .dbi = (uint16_t)dbi,
			 .a_n = (uint32_t)key->mv_size},
		    key->mv_data, NULL);
	}
	return __real_mdb_del(txn, dbi, key, data);
}

int
__wrap_mdb_cursor_open(MDB_txn *txn, MDB_dbi dbi, MDB_cursor **cursor)
{
	if (running)
		note((struct entry){.call = CALL_CURSOR_OPEN,
			 .dbi = (uint16_t)dbi},
		    NULL, NULL);
	return __real_mdb_cursor_open(txn, dbi, cursor);
}

void
__wrap_mdb_cursor_close(MDB_cursor *cursor)
{
	if (running)
		note((struct entry){.call = CALL_CURSOR_CLOSE}, NULL, NULL);
	__real_mdb_cursor_close(cursor);
}

int
__wrap_mdb_cursor_get(
    MDB_cursor *cursor, MDB_val *key, MDB_val *data, MDB_cursor_op op)
{
	bool has_key = op == MDB_SET_RANGE && key->mv_size > 0;

	if (running) {
		counts.gets++;
		note((struct entry){.call = CALL_CURSOR_GET,
			 .flags = op,
			 .a_n = has_key ? (uint32_t)key->mv_size : 0},
		    has_key ? key->mv_data : NULL, NULL);
	}
	return __real_mdb_cursor_get(cursor, key, data, op);
}

int
__wrap_mdb_txn_commit(MDB_txn *txn)
{
	if (running) {
		counts.commits++;
		note((struct entry){.call = CALL_COMMIT}, NULL, NULL);
	}
	return __real_mdb_txn_commit(txn);
}

/* ---- hashes, seals, signatures ------------------------------------------- */

int __wrap_SHA256_Init(SHA256_CTX *state);
int __real_SHA256_Init(SHA256_CTX *state);
int __wrap_SHA256_Update(SHA256_CTX *state, const void *p, size_t n);
int __real_SHA256_Update(SHA256_CTX *state, const void *p, size_t n);
int __wrap_SHA256_Final(unsigned char *out, SHA256_CTX *state);
int __real_SHA256_Final(unsigned char *out, SHA256_CTX *state);
int __wrap_crypto_generichash(unsigned char *out, size_t out_n,
    const unsigned char *in, unsigned long long n, const unsigned char *key,
    size_t key_n);
int __real_crypto_generichash(unsigned char *out, size_t out_n,
    const unsigned char *in, unsigned long long n, const unsigned char *key,
    size_t key_n);
int __wrap_crypto_aead_chacha20poly1305_ietf_decrypt(unsigned char *m,
    unsigned long long *m_n, unsigned char *none, const unsigned char *c,
    unsigned long long c_n, const unsigned char *ad, unsigned long long ad_n,
    const unsigned char *nonce, const unsigned char *key);
int __real_crypto_aead_chacha20poly1305_ietf_decrypt(unsigned char *m,
    unsigned long long *m_n, unsigned char *none, const unsigned char *c,
    unsigned long long c_n, const unsigned char *ad, unsigned long long ad_n,
    const unsigned char *nonce, const unsigned char *key);
int __wrap_crypto_aead_chacha20poly1305_ietf_encrypt(unsigned char *c,
    unsigned long long *c_n, const unsigned char *m, unsigned long long m_n,
    const unsigned char *ad, unsigned long long ad_n, const unsigned char *none,
    const unsigned char *nonce, const unsigned char *key);
int __real_crypto_aead_chacha20poly1305_ietf_encrypt(unsigned char *c,
    unsigned long long *c_n, const unsigned char *m, unsigned long long m_n,
    const unsigned char *ad, unsigned long long ad_n, const unsigned char *none,
    const unsigned char *nonce, const unsigned char *key);
int __wrap_crypto_sign_detached(unsigned char *out, unsigned long long *out_n,
    const unsigned char *m, unsigned long long n, const unsigned char *pair);
int __real_crypto_sign_detached(unsigned char *out, unsigned long long *out_n,
    const unsigned char *m, unsigned long long n, const unsigned char *pair);
int __wrap_crypto_sign_verify_detached(const unsigned char *signature,
    const unsigned char *m, unsigned long long n, const unsigned char *key);
int __real_crypto_sign_verify_detached(const unsigned char *signature,
    const unsigned char *m, unsigned long long n, const unsigned char *key);

int
__wrap_SHA256_Init(SHA256_CTX *state)
{
	note((struct entry){.call = CALL_SHA_INIT}, NULL, NULL);
	return __real_SHA256_Init(state);
}

int
__wrap_SHA256_Update(SHA256_CTX *state, const void *p, size_t n)
{
	assert(n <= SCRATCH_SIZE);
	note((struct entry){.call = CALL_SHA_UPDATE, .a_n = (uint32_t)n}, NULL,
	    NULL);
	counts.hash_bytes += running ? n : 0;
	return __real_SHA256_Update(state, p, n);
}

int
__wrap_SHA256_Final(unsigned char *out, SHA256_CTX *state)
{
	note((struct entry){.call = CALL_SHA_FINAL}, NULL, NULL);
	counts.hashes += running;
	return __real_SHA256_Final(out, state);
}

int
__wrap_crypto_generichash(unsigned char *out, size_t out_n,
    const unsigned char *in, unsigned long long n, const unsigned char *key,
    size_t key_n)
{
	assert(n <= SCRATCH_SIZE);
	note((struct entry){.call = CALL_BLAKE,
		 .dbi = (uint16_t)out_n,
		 .flags = (uint32_t)key_n,
		 .a_n = (uint32_t)n},
	    NULL, NULL);
	counts.hashes += running;
	counts.hash_bytes += running ? n : 0;
	return __real_crypto_generichash(out, out_n, in, n, key, key_n);
}

int
__wrap_crypto_aead_chacha20poly1305_ietf_decrypt(unsigned char *m,
    unsigned long long *m_n, unsigned char *none, const unsigned char *c,
    unsigned long long c_n, const unsigned char *ad, unsigned long long ad_n,
    const unsigned char *nonce, const unsigned char *key)
{
	static const unsigned char first[12];

	/* Of links the nonces run on: sealing as much costs the same. */
	if (ad_n > 0 || memcmp(nonce, first, sizeof(first)) != 0)
		note((struct entry){.call = CALL_SEAL,
			 .a_n = (uint32_t)(c_n - 16)},
		    NULL, NULL);
	else
		note(
		    (struct entry){
			.call = CALL_OPEN, .a_n = 32, .b_n = (uint32_t)c_n},
		    key, c);
	counts.seals += running;
	return __real_crypto_aead_chacha20poly1305_ietf_decrypt(
	    m, m_n, none, c, c_n, ad, ad_n, nonce, key);
}

int
__wrap_crypto_aead_chacha20poly1305_ietf_encrypt(unsigned char *c,
    unsigned long long *c_n, const unsigned char *m, unsigned long long m_n,
    const unsigned char *ad, unsigned long long ad_n, const unsigned char *none,
    const unsigned char *nonce, const unsigned char *key)
{
	note((struct entry){.call = CALL_SEAL, .a_n = (uint32_t)m_n}, NULL,
	    NULL);
	counts.seals += running;
	return __real_crypto_aead_chacha20poly1305_ietf_encrypt(
	    c, c_n, m, m_n, ad, ad_n, none, nonce, key);
}

int
__wrap_crypto_sign_detached(unsigned char *out, unsigned long long *out_n,
    const unsigned char *m, unsigned long long n, const unsigned char *pair)
{
	note((struct entry){.call = CALL_SIGN, .a_n = 64, .b_n = (uint32_t)n},
	    pair, m);
	counts.signs += running;
	return __real_crypto_sign_detached(out, out_n, m, n, pair);
}

int
__wrap_crypto_sign_verify_detached(const unsigned char *signature,
    const unsigned char *m, unsigned long long n, const unsigned char *key)
{
	uint8_t both[64 + 32];

	memcpy(both, signature, 64);
	memcpy(both + 64, key, 32);
	note(
	    (struct entry){
		.call = CALL_VERIFY, .a_n = sizeof(both), .b_n = (uint32_t)n},
	    both, m);
	counts.verifies += running;
	return __real_crypto_sign_verify_detached(signature, m, n, key);
}

/* ---- playing ------------------------------------------------------------- */

/* What the calls work on while a tape is played. */
struct player {
	struct tape_env *env;
	MDB_txn *txn;
	MDB_cursor *cursors[CURSORS_MAX]; /* open ones, by age */
	size_t cursors_n;
	SHA256_CTX sha;
};

static void
play_lmdb(struct player *p, const struct entry *entry, uint8_t *a, uint8_t *b)
{
	MDB_val key = {.mv_size = entry->a_n, .mv_data = a};
	MDB_val value = {.mv_size = entry->b_n, .mv_data = b};

	if (p->txn == NULL)
		assert(mdb_txn_begin(p->env->lmdb, NULL, 0, &p->txn) == 0);
	switch (entry->call) {
	case CALL_GET:
		(void)__real_mdb_get(p->txn, entry->dbi, &key, &value);
		break;
	case CALL_PUT:
		(void)__real_mdb_put(
		    p->txn, entry->dbi, &key, &value, entry->flags);
		break;
	case CALL_DEL:
		(void)__real_mdb_del(p->txn, entry->dbi, &key, NULL);
		break;
	case CALL_CURSOR_OPEN:
		assert(p->cursors_n < CURSORS_MAX);
		assert(__real_mdb_cursor_open(p->txn, entry->dbi,
			   &p->cursors[p->cursors_n++]) == 0);
		break;
	case CALL_CURSOR_GET:
		assert(p->cursors_n > 0);
		(void)__real_mdb_cursor_get(p->cursors[p->cursors_n - 1], &key,
		    &value, (MDB_cursor_op)entry->flags);
		break;
	case CALL_CURSOR_CLOSE:
		assert(p->cursors_n > 0);
		__real_mdb_cursor_close(p->cursors[--p->cursors_n]);
		break;
	default:
		assert(__real_mdb_txn_commit(p->txn) == 0);
		p->txn = NULL;
		break;
	}
}

static void
play_crypto(struct player *p, const struct entry *entry, const uint8_t *a,
    const uint8_t *b)
{
	static const uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
	static uint8_t out[2 * SCRATCH_SIZE];

	switch (entry->call) {
	case CALL_SHA_INIT:
		(void)__real_SHA256_Init(&p->sha);
		break;
	case CALL_SHA_UPDATE:
		(void)__real_SHA256_Update(&p->sha, scratch, entry->a_n);
		break;
	case CALL_SHA_FINAL:
		(void)__real_SHA256_Final(out, &p->sha);
		break;
	case CALL_BLAKE:
		(void)__real_crypto_generichash(out, entry->dbi, scratch,
		    entry->a_n, scratch, entry->flags);
		break;
	case CALL_OPEN:
		assert(__real_crypto_aead_chacha20poly1305_ietf_decrypt(out,
			   NULL, NULL, b, entry->b_n, NULL, 0, nonce, a) == 0);
		break;
	case CALL_SEAL:
		(void)__real_crypto_aead_chacha20poly1305_ietf_encrypt(out,
		    NULL, scratch, entry->a_n, NULL, 0, NULL, nonce, scratch);
		break;
	case CALL_SIGN:
		(void)__real_crypto_sign_detached(out, NULL, b, entry->b_n, a);
		break;
	default:
		assert(__real_crypto_sign_verify_detached(
			   a, b, entry->b_n, a + 64) == 0);
		break;
	}
}

static unsigned
part_of(unsigned call)
{
	switch (call) {
	case CALL_SHA_INIT:
	case CALL_SHA_UPDATE:
	case CALL_SHA_FINAL:
	case CALL_BLAKE:
		return TAPE_HASH;
	case CALL_OPEN:
	case CALL_SEAL:
		return TAPE_SEAL;
	case CALL_SIGN:
		return TAPE_SIGN;
	case CALL_VERIFY:
		return TAPE_VERIFY;
	default:
		return TAPE_LMDB;
	}
}

/* Do the bytes of the arguments follow, or only their lengths? */
static bool
has_bytes(unsigned call)
{
	return call != CALL_SHA_UPDATE && call != CALL_BLAKE &&
	       call != CALL_SEAL;
}

double
tape_play(struct tape_env *env, unsigned parts)
{
	struct player player = {.env = env};
	double start = row_seconds();

	assert(!running);
	for (size_t at = 0; at < tape_n;) {
		struct entry entry;
		uint8_t *a;
		uint8_t *b;
		unsigned part;

		memcpy(&entry, tape + at, sizeof(entry));
		a = tape + at + sizeof(entry);
		b = a;
		if (has_bytes(entry.call))
			b += padded(entry.a_n);
		at = (size_t)(b - tape);
		if (has_bytes(entry.call))
			at += padded(entry.b_n);
		part = part_of(entry.call);
		if ((part & parts) == 0)
			continue;
		if (part == TAPE_LMDB)
			play_lmdb(&player, &entry, a, b);
		else
			play_crypto(&player, &entry, a, b);
	}
	/* What was read last had nothing to commit. */
	if (player.txn != NULL)
		mdb_txn_abort(player.txn);
	return row_seconds() - start;
}

/* ---- bare environments --------------------------------------------------- */

struct tape_env *
tape_env_open(const char *dir)
{
	struct tape_env *env = mem_zeros(1, sizeof(*env));
	MDB_txn *txn;

	assert(mdb_env_create(&env->lmdb) == 0);
	assert(mdb_env_set_maxdbs(env->lmdb, KV_TABLES_MAX) == 0);
	assert(mdb_env_set_mapsize(env->lmdb, (size_t)1 << 36) == 0);
	assert(mdb_env_open(env->lmdb, dir, MDB_NOTLS, 0600) == 0);
	assert(mdb_txn_begin(env->lmdb, NULL, 0, &txn) == 0);
	/* In the order of core/env.c, so that they get the same handles. */
	for (size_t i = 0; i < TABLE_COUNT; i++)
		assert(
		    mdb_dbi_open(txn, tables_names[i], 0, &env->dbis[i]) == 0);
	assert(__real_mdb_txn_commit(txn) == 0);
	return env;
}

void
tape_env_close(struct tape_env *env)
{
	mdb_env_close(env->lmdb);
	mem_free(env);
}

void
tape_env_size(
    struct tape_env *env, unsigned table, uint64_t *page_bytes, uint64_t *rows)
{
	MDB_stat stat;
	MDB_txn *txn;

	assert(mdb_txn_begin(env->lmdb, NULL, MDB_RDONLY, &txn) == 0);
	assert(mdb_stat(txn, env->dbis[table], &stat) == 0);
	mdb_txn_abort(txn);
	*page_bytes = stat.ms_psize *
		      (stat.ms_branch_pages + stat.ms_leaf_pages +
			  stat.ms_overflow_pages);
	*rows = stat.ms_entries;
}

double
tape_env_gets(struct tape_env *env, unsigned table, const uint8_t *keys,
    size_t key_bytes, size_t n)
{
	MDB_txn *txn;
	double start = row_seconds();

	assert(mdb_txn_begin(env->lmdb, NULL, MDB_RDONLY, &txn) == 0);
	for (size_t i = 0; i < n; i++) {
		uint8_t key[LIMIT_KEY_SIZE];
		MDB_val k = {.mv_size = key_bytes, .mv_data = key};
		MDB_val v;

		memcpy(key, keys + i * key_bytes, key_bytes);
		assert(__real_mdb_get(txn, env->dbis[table], &k, &v) == 0);
	}
	mdb_txn_abort(txn);
	return row_seconds() - start;
}
