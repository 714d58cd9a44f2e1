/*
 * Who the opaque ids in headers stand for, as far as this store was told.  Only
 * the door uses it; nothing here is ever sent.
 */
#include "core/actor.h"

#include "core/gap.h"

static void actor_key(const struct actor_id *actor, struct key *key);

void
actor_put(struct txn *txn, const struct actor_id *actor, struct bytes name)
{
	struct bytes known;
	struct key key;

	actor_key(actor, &key);
	if (txn_find(txn, TABLE_ACTORS, &key, &known) &&
	    bytes_equal(known, name))
		return;
	txn_put(txn, TABLE_ACTORS, &key, name);
}

static void
actor_key(const struct actor_id *actor, struct key *key)
{
	*key = (struct key){0};
	tables_key_add(key, bytes_of(actor->b, sizeof(actor->b)));
}

struct bytes
actor_name(struct txn *txn, const struct actor_id *actor, struct arena *arena)
{
	struct bytes name;
	struct key key;

	actor_key(actor, &key);
	if (!txn_find(txn, TABLE_ACTORS, &key, &name)) {
		gap_sure(txn, TABLE_ACTORS, tables_key(&key));
		return (struct bytes){0};
	}
	return arena_bytes(arena, name);
}
