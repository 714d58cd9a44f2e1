#ifndef GOLMOK_CORE_COMPOSE_H
#define GOLMOK_CORE_COMPOSE_H

#include "core/draft.h"

/*
 * What a person wants changed, against what stands there, becomes operations:
 * only what differs is written, and each operation says what it replaces.
 */
struct composer {
	struct txn *txn;
	struct own_writer writer;
	struct own **owns;
	struct draft **drafts;
};

/* As store_write. */
enum err compose_write(struct composer *composer,
    const struct store_write *write, struct record_id *record,
    bool *changed) MUST_USE;

/* Makes a delta of `draft`, if it holds anything. */
enum err compose_seal(struct composer *composer, struct draft *draft) MUST_USE;

#endif
