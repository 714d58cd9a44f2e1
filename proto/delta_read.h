#ifndef GOLMOK_PROTO_DELTA_READ_H
#define GOLMOK_PROTO_DELTA_READ_H

#include "proto/codec.h"
#include "proto/delta.h"

/*
 * Reading a header (docs/format.md §6) in parts; proto/delta.c alone calls
 * these.
 */

/* What a decoder carries along: where it reads, where it allocates, the sums
 * that are limited over the whole header, and the first broken rule. */
struct delta_reading {
	struct reader r;
	struct arena *arena; /* borrowed */
	size_t refs_n;
	size_t parents_n;
	size_t seen_n;
	const char *why; /* static; NULL while nothing is broken */
};

/* Ends reading because of the rule that `why` names, unless another was broken
 * before. */
void delta_read_broken(struct delta_reading *in, const char *why);
/* Reads the map of an open into `open`, zeroed before; its records are views
 * into what is read. */
void delta_read_open(struct delta_reading *in, struct delta_open *open);
/* Reads the map of an adopt or a void into `decision`, zeroed before; its
 * arrays are allocated from the arena. */
void delta_read_decision(
    struct delta_reading *in, struct delta_decision *decision);

#endif
