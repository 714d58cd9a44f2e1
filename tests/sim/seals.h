#ifndef GOLMOK_TESTS_SIM_SEALS_H
#define GOLMOK_TESTS_SIM_SEALS_H

#include "tests/sim/sim.h"

/*
 * What is sealed stays sealed: no key and counter for two texts, and nothing
 * that people wrote in what leaves a node or lies where nobody may read it.
 */

/* The text that everybody writes. */
extern const char seals_secret[];

/* Of which run; to be called first. */
void seals_begin(struct sim *sim);
void seals_fini(void);
/* For tests/sim/wrap_seals.c: `plain` with `ad` is sealed under `key` and
 * `counter`.  Ends the program when something else was. */
void seals_used(const struct secret *key, uint64_t counter, struct bytes ad,
    struct bytes plain);
/* A message for a peer, before it is encrypted: bodies in it are sealed. */
void seals_message(struct bytes message);
/* What goes onto a wire: not even names of spaces can be read. */
void seals_wire(struct bytes out);
/* The same for the file `path`. */
void seals_file(const char *path);
#endif
