#ifndef GOLMOK_TESTS_BENCH_TAPE_H
#define GOLMOK_TESTS_BENCH_TAPE_H

#include "proto/base.h"

/*
 * The limit of a row: what a raw loop needs for the very calls of LMDB and of
 * the cryptographic libraries that the store makes.  The linker's --wrap sends
 * these calls through here; while a tape runs they are written down with their
 * keys, values and lengths, and playing it makes them again, from one loop that
 * does nothing else.  Checksums of rows (xxHash) are the store's own affair and
 * are not on the tape.
 */
enum tape_part {
	TAPE_LMDB = 1,
	TAPE_HASH = 2, /* SHA-256, BLAKE2b */
	TAPE_SEAL = 4, /* AEAD */
	TAPE_SIGN = 8,
	TAPE_VERIFY = 16,
	TAPE_ALL = 31,
};

/* How many calls a tape has, and the bytes that they were given. */
struct tape_count {
	uint64_t gets;
	uint64_t puts; /* deletions too */
	uint64_t put_bytes;
	uint64_t commits;
	uint64_t hashes;
	uint64_t hash_bytes;
	uint64_t seals;
	uint64_t signs;
	uint64_t verifies;
};

/* A bare LMDB environment with all tables of a store. */
struct tape_env;

/* Begins an empty tape; ends it. */
void tape_start(void);
void tape_stop(void);
/* Writes nothing down in between, for what is not to be measured. */
void tape_pause(bool pause);
struct tape_count tape_count(void);
/* Makes the calls of the tape again that belong to `parts`, those of LMDB in
 * `env` (NULL when they are not asked for); gives the seconds that it took. */
double tape_play(struct tape_env *env, unsigned parts);

/* Opens the data file in the directory `dir`, which no store has open. */
struct tape_env *tape_env_open(const char *dir);
void tape_env_close(struct tape_env *env);
/* The bytes of the pages of table number `table`, and how many rows it has. */
void tape_env_size(
    struct tape_env *env, unsigned table, uint64_t *page_bytes, uint64_t *rows);
/* Looks up `n` keys of `key_bytes` each, one behind the other at `keys`, in
 * table number `table`; all must be there.  Gives the seconds. */
double tape_env_gets(struct tape_env *env, unsigned table, const uint8_t *keys,
    size_t key_bytes, size_t n);

#endif
