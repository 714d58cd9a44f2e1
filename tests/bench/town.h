#ifndef GOLMOK_TESTS_BENCH_TOWN_H
#define GOLMOK_TESTS_BENCH_TOWN_H

#include "cli/synth.h"
#include "tests/bench/load.h"

/*
 * What the centres of the invented city (docs/synth.md) send in a year.  Each
 * has a store of its own, under the rules of the pack, into which its rows are
 * written one by one as `golmok import` writes them, each a delta; what comes
 * out of it is what a session would send.  All that happens in children.
 */
struct town_plan {
	int year;
	size_t first; /* the dongs first to first + n - 1 */
	size_t n;
	/* Records of one collection share no space with others: their logs are
	 * then its own. */
	bool apart;
};

/* A load whose centres are logs: each centre has one for each class of spaces.
 */
struct town_load {
	struct load load;
	uint64_t deltas;  /* of all logs, with their opens */
	uint64_t changes; /* in them */
	size_t logs_most; /* that there is room for */
};

struct town {
	struct town_plan plan;
	struct synth_city *city; /* owned */
	struct identity *nodes;	 /* owned: of the city's office and the dongs */
	struct buf parcel;	 /* of authority, as all members have it */
	struct town_load *office; /* what the whole city knows */
};

/* Makes the town and what its office sends; ended with town_fini. */
void town_init(struct town *town, const struct town_plan *plan);
void town_fini(struct town *town);
/* Founds the aggregator of the town, with all members admitted and no records;
 * the same again each time.  `packed`: the pack is in force there; else nothing
 * is kept but what site_keep says, and opening it is quick. */
void town_found(const struct town *town, bool packed, struct site *site);
/* What `n` dongs from the one with the number `first` on send, in memory that
 * is shared (tests/bench/load.h). */
struct town_load *town_make(const struct town *town, size_t first, size_t n);
#endif
