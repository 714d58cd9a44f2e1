/*
 * What befalls machines and lines, whatever goes on on them.
 */
#include "tests/sim/trouble.h"

#include "tests/sim/large.h"
#include "tests/sim/node.h"
#include "tests/sim/packs.h"
#include "tests/sim/swarm.h"
#include "tests/sim/traffic.h"
#include "tests/sim/wire.h"

/* `node`, or in a large city the next one of which there is a copy. */
static struct sim_node *
copied(struct sim_node *node)
{
	struct sim *sim = node->sim;

	for (size_t i = 0; sim_is_large(sim) && i < sim->n; i++) {
		struct sim_node *next =
		    &sim->nodes[(node->number + i) % sim->n];

		if (next->snapshot.taken)
			return next;
	}
	return node;
}

/* Another program, newer or older, opens the store. */
static void
upgrade(struct sim_node *node)
{
	struct sim *sim = node->sim;

	if (node->pack == 0 || !swarm_now(sim, sim->swarm.upgrade, 1))
		return;
	if (node->store != NULL && sim_once_in(sim, 2)) {
		/* Few others may. */
		for (size_t i = 0; i < sim->n && sim_once_in(sim, 2); i++)
			if (sim->nodes[i].role <= ROLE_DISTRICT &&
			    sim->nodes[i].store != NULL)
				node = &sim->nodes[i];
		packs_publish(node);
		return;
	}
	node_crash(node);
	node->pack = packs_draw(sim);
	node_open(node);
	sim->count.upgrades++;
	sim_note(sim, "upgrade", node->number, node->pack);
}

void
trouble_accident(struct sim *sim)
{
	struct sim_node *node = traffic_node(sim);
	bool same_file = sim_once_in(sim, 2);
	uint64_t what = sim_below(sim, 7);

	if (what == 2 || what == 3 || what == 5)
		node = copied(node);
	if (sim_is_large(sim))
		large_wake(node);
	switch (what) {
	case 0:
		if (node->store != NULL)
			node_snapshot(node);
		break;
	case 1:
		if (!swarm_now(sim, sim->swarm.crash, 1) || node->store == NULL)
			break;
		sim->count.crashes++;
		sim_note(sim, "crash", node->number, 0);
		node_crash(node);
		break;
	case 2:
		if (!swarm_now(sim, sim->swarm.restore, 1) ||
		    !node->snapshot.taken)
			break;
		sim->count.restores++;
		sim_note(sim, "restore", node->number, same_file);
		node_crash(node);
		node_restore(node, same_file, false);
		node_open(node);
		break;
	case 3:
		if (!swarm_now(sim, sim->swarm.rollback, 1) ||
		    !node->snapshot.taken)
			break;
		sim->count.rollbacks++;
		sim_note(sim, "rollback", node->number, 0);
		node_crash(node);
		node_restore(node, true, true);
		node_open(node);
		break;
	case 4:
		if (!swarm_now(sim, sim->swarm.full, 1))
			break;
		node->is_full = !node->is_full;
		sim->count.full += node->is_full;
		sim_note(sim, "full", node->number, node->is_full);
		break;
	case 6:
		upgrade(node);
		break;
	default:
		if (!sim->swarm.clone || !node->snapshot.taken ||
		    sim->clones == SIM_CLONES_MAX || sim->n == SIM_STORES_MAX ||
		    !sim_once_in(sim, 3))
			break;
		sim->count.clones++;
		sim_note(sim, "clone", node->number, sim->n);
		sim->clones++;
		node_clone(node);
	}
}

void
trouble_clock(struct sim *sim)
{
	static const int64_t hour = 3600 * 1000;
	struct sim_node *node = traffic_node(sim);

	if (!swarm_now(sim, sim->swarm.clocks, 1))
		return;
	sim->count.jumps++;
	node->clock_dead = false;
	switch (sim_below(sim, 6)) {
	case 0:
		node->clock_dead = true;
		break;
	case 1:
		node->clock_ms = INT64_C(8000) * 365 * 24 * hour;
		break;
	case 2:
		node->clock_ms = 0;
		break;
	default:
		node->clock_ms += (int64_t)sim_below(sim, 2 * 3600 * 1000) -
				  hour;
	}
	sim_note(sim, "clock", node->number, (uint64_t)node->clock_ms);
}

void
trouble_partition(struct sim *sim)
{
	bool heal = sim_once_in(sim, 2);

	if (!swarm_now(sim, sim->swarm.partition, 1))
		return;
	for (size_t i = 0; i < sim->n; i++)
		sim->nodes[i].side = heal ? 0 : (unsigned)sim_below(sim, 2);
	for (size_t i = 0; i < SIM_WIRES_MAX; i++)
		if (sim->wires[i].used &&
		    sim->wires[i].node[0]->side != sim->wires[i].node[1]->side)
			wire_break(&sim->wires[i]);
	sim->count.partitions += !heal;
	sim_note(sim, "partition", heal, 0);
}
