#ifndef GOLMOK_CORE_UNITS_H
#define GOLMOK_CORE_UNITS_H

#include "core/pack.h"
#include "core/txn.h"

/*
 * What the spaces are: the records that the pack calls units, by the names that
 * people know them under.
 */
struct unit {
	struct record_id id;
	struct bytes name;
	struct bytes code;  /* empty when it has none */
	struct bytes level; /* one of units->level->values; or empty */
	/* With what the names of its spaces begin; empty when the record does
	 * not say so. */
	struct space prefix;
	const struct bytes *aliases;
	size_t aliases_n;
	const struct unit *parent; /* NULL: none is held */
	/* The first and the last day on which it exists; INT64_MIN and
	 * INT64_MAX when that is not known. */
	int64_t from_days;
	int64_t to_days;
	bool is_past;			      /* today it is no more */
	const struct unit *const *successors; /* that came in its place */
	size_t successors_n;
};

struct units {
	const struct pack *pack; /* borrowed */
	const struct unit *p;	 /* as are all texts, in the arena */
	size_t n;
};

/* Reads all units that are held, by code and then by id, into `arena`; none
 * when the pack (that of `txn`) has no units.  What today is follows from
 * `now_seconds`.  ERR_CORRUPT. */
enum err units_load(struct txn *txn, int64_t now_seconds, struct arena *arena,
    struct units *units) MUST_USE;
/* The first unit, in their order, whose spaces have the prefix `prefix`; NULL
 * when there is none, and for the empty prefix. */
const struct unit *units_at(const struct units *units, struct bytes prefix);
/* Appends what tells `unit` from all others: "강남구 신사동 (1168051000,
 * d23/c05)". */
void units_words(const struct unit *unit, struct buf *words);

#endif
