/*
 * What moves on lines, piece by piece: nodes connect, some bytes arrive, some
 * are lost, sessions take in and decide what to send, in any order.
 */
#include "tests/sim/traffic.h"

#include "tests/sim/large.h"
#include "tests/sim/node.h"
#include "tests/sim/swarm.h"
#include "tests/sim/wire.h"

struct sim_node *
traffic_node(struct sim *sim)
{
	return &sim->nodes[sim_below(sim, sim->n)];
}

static void
wire_new(struct sim_node *a, struct sim_node *b, bool once)
{
	struct sim *sim = a->sim;
	struct sim_wire *wire = wire_open(a, b, once);

	if (wire != NULL && swarm_now(sim, sim->swarm.slow, 2)) {
		wire->slow_bytes = 1 + sim_below(sim, 2000);
		sim->count.slow++;
	}
	sim_note(sim, "connect", a->number, b->number);
}

/* One end of `wire` is lost, and who notices dials anew: what the old one had
 * sent comes beside, and after, what the new one says. */
static void
overtake(struct sim_wire *wire, unsigned side)
{
	struct sim_node *node = wire->node[side];
	struct sim_node *peer = wire->node[1 - side];

	sim_note(node->sim, "half", node->number, peer->number);
	wire_half(wire, side);
	node->sim->count.overtaken++;
	if (node->store != NULL && peer->store != NULL)
		wire_new(node, peer, false);
}

void
traffic_connect(struct sim *sim)
{
	struct sim_node *a = traffic_node(sim);
	struct sim_node *b = traffic_node(sim);

	if (sim_is_large(sim)) {
		b = &sim->nodes[sim->nodes[a->person].above];
		large_wake(a);
		large_wake(b);
	}
	if (a == b || a->store == NULL || b->store == NULL ||
	    a->side != b->side || !sim_is_linked(a, b))
		return;
	wire_new(a, b, sim_once_in(sim, 4));
}

/* NULL when there is none. */
static struct sim_wire *
any_wire(struct sim *sim)
{
	size_t first = sim_below(sim, SIM_WIRES_MAX);

	for (size_t i = 0; i < SIM_WIRES_MAX; i++) {
		struct sim_wire *wire =
		    &sim->wires[(first + i) % SIM_WIRES_MAX];

		if (wire->used)
			return wire;
	}
	return NULL;
}

void
traffic_event(struct sim *sim)
{
	struct sim_wire *wire = any_wire(sim);
	unsigned side = (unsigned)sim_below(sim, 2);
	struct sim_node *node;

	if (wire == NULL)
		return;
	node = wire->node[side];
	if (sim_once_in(sim, 60)) {
		sim->count.lost++;
		sim_note(sim, "lost", node->number, 0);
		wire_break(wire);
		return;
	}
	if (!wire->gone[side] && swarm_now(sim, sim->swarm.twice, 30)) {
		overtake(wire, side);
		return;
	}
	if (swarm_now(sim, sim->swarm.damage, 60))
		wire_damage(wire);
	switch (sim_below(sim, 4)) {
	case 0:
		wire_carry(wire, side, 1 + sim_below(sim, 300));
		break;
	case 1:
		wire_carry(wire, side, 1 + sim_below(sim, 70000));
		break;
	case 2:
		if (swarm_now(sim, sim->swarm.crash, 60)) {
			sim->count.crashes++;
			wire_work(node, true);
		} else {
			wire_work(node, false);
		}
		break;
	default:
		wire_fill(node);
	}
	model_look(node);
	sim_note(sim, "wire", node->number, side);
}

void
traffic_pump(struct sim *sim)
{
	struct sim_wire *wire = any_wire(sim);

	for (unsigned i = 0; i < 8 && wire != NULL && wire->used; i++) {
		struct sim_node *node = wire->node[i % 2];

		wire_work(node, false);
		wire_fill(node);
		wire_carry(wire, i % 2, 1 + sim_below(sim, 20000));
		model_look(node);
	}
}

void
traffic_rush(struct sim *sim)
{
	for (size_t i = 0; i < sim->n; i++)
		if (sim->nodes[i].store != NULL)
			wire_fill(&sim->nodes[i]);
	for (size_t i = 0; i < SIM_WIRES_MAX; i++)
		for (unsigned side = 0; side < 2; side++)
			if (sim->wires[i].used)
				wire_carry(&sim->wires[i], side, SIZE_MAX);
	for (size_t i = 0; i < sim->n; i++) {
		if (sim->nodes[i].store != NULL)
			wire_work(&sim->nodes[i], false);
		model_look(&sim->nodes[i]);
	}
	sim_note(sim, "rush", 0, 0);
}
