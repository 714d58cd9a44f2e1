#ifndef GOLMOK_CORE_TWINS_SAID_H
#define GOLMOK_CORE_TWINS_SAID_H

#include "core/authority.h"
#include "core/merge.h"
#include "core/pack.h"

/*
 * What the units of a pair say of it: texts `same d03/c017` and `different
 * d03/c017` in the set `said` of its record.  A word counts when who wrote it
 * may write what is compared of that unit, so that none speaks for another.
 */
enum twins_verdict {
	TWINS_SILENT,
	TWINS_SAME,
	TWINS_DIFFERENT,
	TWINS_TORN, /* both are said: as if different */
};

struct twins_word {
	enum twins_verdict verdict;
	/* Who said `same`. */
	struct sign_key author;
	bool has_actor;
	struct actor_id actor;
};

/* The space of which a node must have the right to write to speak for `unit`:
 * that of the class of what is compared.  ERR_INVALID: its name is too long. */
enum err twins_said_space(const struct pack_duplicates *rules,
    struct bytes unit, struct space *space) MUST_USE;
/* A pair whose words are read; all borrowed. */
struct twins_said {
	struct txn *txn;
	const struct authority *authority;
	struct space_state *space;   /* in which it is kept */
	const struct record *record; /* loaded */
};
/* What `unit` says of it, into `*word`: of several words that count `same` and
 * `different` together are TWINS_TORN.  ERR_CORRUPT. */
enum err twins_said_read(const struct twins_said *said, struct bytes unit,
    struct twins_word *word) MUST_USE;
/* Do the units agree that it is the same?  One unit by itself does when it says
 * so; two when both do, and not by one person at one node. */
bool twins_said_agreed(
    const struct twins_word *a, const struct twins_word *b, bool one_unit);
/* Appends the element of `said` in which `unit` says so. */
void twins_said_put(bool same, struct bytes unit, struct buf *text);

#endif
