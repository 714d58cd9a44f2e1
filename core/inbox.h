#ifndef GOLMOK_CORE_INBOX_H
#define GOLMOK_CORE_INBOX_H

#include "core/authority.h"

/*
 * What is held and does not count: kept outside the state until a person
 * decides (docs/format.md §8).  Found by looking, never stored.
 */
struct inbox_entry {
	struct ref delta;
	struct space space;
	struct sign_key author;
	struct stamp stamp;
	bool has_actor;
	struct actor_id actor;
	uint64_t kind; /* enum delta_kind */
	enum authority_why why;
	struct bytes reason; /* of the revocation that cuts it; may be empty */
	bool voided;	     /* decided: it stays outside */
	bool disputed;	     /* decisions about it disagree */
	size_t records_n;
	const struct record_id *records; /* that it changes */
};

/* Called for each entry, whose views live until it returns; any error ends the
 * walk and is given back. */
typedef enum err inbox_fn(void *arg, const struct inbox_entry *entry);

/* Walks through what does not count in `space` (NULL: everywhere), space by
 * space, logs by id, deltas by seq.  In a data space change deltas alone can be
 * entries, in `authority` members, grants and revocations.  Adopted ones are no
 * entries.  Costs a look at each log, and at each delta of the logs that lack
 * rights or are cut. */
enum err inbox_walk(struct txn *txn, const struct authority *authority,
    const struct space *space, inbox_fn *fn, void *arg) MUST_USE;

#endif
