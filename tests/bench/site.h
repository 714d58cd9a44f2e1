#ifndef GOLMOK_TESTS_BENCH_SITE_H
#define GOLMOK_TESTS_BENCH_SITE_H

#include "core/store.h"
#include "tests/bench/tape.h"
#include "tests/lib/prng.h"
#include "tests/lib/tempdir.h"

/* What `p` points at, to be changed: in a pack that was parsed for its caller
 * alone. */
void *site_writable(const void *p);

/* Which indexes and views a writer keeps, whatever the store says; borrowed. */
struct site_keeps {
	const struct pack *pack;
	const struct lookup *lookup; /* NULL: none */
	const struct views *views;   /* NULL: none */
};

/*
 * A store of the benchmark's own, the founder of a city.  Clock and randomness
 * follow from a seed, so that two sites of one seed that are given the same
 * work do the same, to the byte.  What fails ends the program.
 */
struct site {
	struct tempdir dir;
	char path[2 * TEMPDIR_PATH_SIZE]; /* of the store, in `dir` */
	struct host host;
	struct prng prng;
	uint64_t now_ms; /* rises by one at each look */
	struct store *store;
	const struct site_keeps *keeps; /* borrowed; NULL: as the store says */
};

/* Ends the program with the text of `e`, unless that is ERR_OK. */
void site_must(enum err e);

/* A site that has no store yet: its directory, clock and randomness. */
void site_prepare(struct site *site, uint64_t seed);
/* Founds the city and opens the store; ended with site_fini. */
void site_found(struct site *site, uint64_t seed);
void site_fini(struct site *site);
void site_open(struct site *site);
void site_close(struct site *site);
/* From now on the store, which has no records yet, keeps `keeps`. */
void site_keep(struct site *site, const struct site_keeps *keeps);
/* Begins a transaction that writes. */
void site_begin(struct site *site);
/* The name of the `i`-th case space. */
struct space site_space(size_t i);
/* Admits the `n` keys, the i-th of which may write in site_space(first + i). */
void site_admit(
    struct site *site, size_t first, const struct sign_key *keys, size_t n);
/* Copies the data of the store, which is closed meanwhile, into a directory of
 * its own below site->dir and opens it without the store. */
struct tape_env *site_bare(struct site *site);
/* Opens the data of the closed store itself. */
struct tape_env *site_data(struct site *site);

#endif
