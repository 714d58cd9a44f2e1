/*
 * The work of an idle node on its own store.  net/node.c starts and ends it.
 * What fails here shows when a session needs the store: nobody waits for this.
 */
#include "net/upkeep.h"

#include "core/packing.h"
#include "core/store.h"
#include "proto/mem.h"

struct upkeep {
	struct loop *loop; /* borrowed, as hub and store */
	struct hub *hub;
	struct store *store;
	struct loop_timer *timer;
	struct packing packing; /* of this round */
};

static void upkeep_on_timer(void *arg);
static enum err slice(struct upkeep *upkeep) MUST_USE;

struct upkeep *
upkeep_new(struct loop *loop, struct hub *hub, struct store *store)
{
	struct upkeep *upkeep = mem_zeros(1, sizeof(*upkeep));

	upkeep->loop = loop;
	upkeep->hub = hub;
	upkeep->store = store;
	upkeep->timer = loop_timer_new(loop, upkeep_on_timer, upkeep);
	loop_timer_set(upkeep->timer, loop_now_ms() + UPKEEP_QUIET_MS);
	return upkeep;
}

void
upkeep_free(struct upkeep *upkeep)
{
	if (upkeep == NULL)
		return;
	loop_timer_free(upkeep->timer);
	mem_free(upkeep);
}

static void
upkeep_on_timer(void *arg)
{
	struct upkeep *upkeep = arg;
	uint64_t quiet_ms = hub_quiet_ms(upkeep->hub);
	uint64_t wait_ms = UPKEEP_PAUSE_MS;

	if (quiet_ms < UPKEEP_QUIET_MS)
		wait_ms = UPKEEP_QUIET_MS - quiet_ms;
	else if (slice(upkeep) != ERR_OK ||
		 (upkeep->packing.ended && upkeep->packing.deltas == 0))
		wait_ms = UPKEEP_REST_MS;
	if (upkeep->packing.ended || wait_ms == UPKEEP_REST_MS)
		upkeep->packing = (struct packing){0};
	loop_timer_set(upkeep->timer, loop_now_ms() + wait_ms);
}

/* One transaction; nothing is written when there was nothing to pack. */
static enum err
slice(struct upkeep *upkeep)
{
	uint64_t before = upkeep->packing.deltas;
	enum err e = store_begin(upkeep->store, true);

	if (e != ERR_OK)
		return e;
	e = packing_some(
	    store_txn(upkeep->store), &upkeep->packing, UPKEEP_SLICE);
	if (e == ERR_OK && upkeep->packing.deltas > before)
		return store_commit(upkeep->store);
	store_abort(upkeep->store);
	return e;
}
