#ifndef GOLMOK_CORE_COMPOSING_H
#define GOLMOK_CORE_COMPOSING_H

#include "core/compose.h"
#include "core/known.h"

/*
 * A local write under way: what core/compose.c and core/composing.c share.
 */
struct composing {
	struct composer *composer;
	const struct store_write *write;
	struct record_id id;
	struct space_state *space; /* NULL while nothing of it is held */
	const struct pack_collection *collection; /* NULL: the pack has none */
	struct record record;			  /* as it stands */
	struct known shown; /* as the caller was shown it */
	struct draft_change change;
};

/* The record as it stands with all its values, in the arena; what the
 * transaction writes later does not touch it.  A zeroed one when nothing of its
 * space is held.  ERR_CORRUPT. */
enum err composing_load(
    const struct composing *c, struct record *record) MUST_USE;
/* The name of its collection. */
struct bytes composing_collection(const struct composing *c);
/* What the pack says of the field `name`; NULL when it does not know it. */
const struct pack_field *composing_field(
    const struct composing *c, struct bytes name);

/* What a role does not see it may add to, and not replace, nor delete the
 * record in which it stands: ERR_DENIED.  Asks of
 * the operations in c->change, as the two below. */
enum err composing_hidden(const struct composing *c) MUST_USE;
/* Do the guards of all states that change let them?  As guard_check. */
enum err composing_guards(struct composing *c) MUST_USE;
/* Writes the copies of the record.  As mirror_write. */
enum err composing_copies(struct composing *c) MUST_USE;

#endif
