/*
 * Budgets of bytes, watched from outside: on the wire, and by the day that the
 * sender's wall shows.
 */
#include "tests/sim/spend.h"

#include <string.h>

#include "net/peer/quota.h"
#include "tests/sim/wire.h"

enum {
	/* Budgets: two to five parts as quota.c grants them. */
	BUDGET_MIN = 30 * 1000,
	BUDGET_STEP = 25 * 1000,
	BUDGETS = 4,
};

uint64_t
spend_budget(const struct sim_node *node, size_t person)
{
	size_t number = node->person * 5 + person * 3 +
			node->sim->plan->seed % 3;

	if (!node->sim->swarm.budget || node->sim->healing || number % 3 == 0)
		return 0;
	return BUDGET_MIN + number % BUDGETS * BUDGET_STEP;
}

static struct sim_spent *
spent_on(struct sim_node *node, size_t person)
{
	struct sim_spent *spent = &node->spent[person];
	uint64_t day = node->host.now_ms(node->host.arg) / QUOTA_DAY_MS;

	if (spent->day != day)
		*spent = (struct sim_spent){.day = day};
	return spent;
}

void
spend_carry(struct sim_wire *wire, unsigned from, size_t n)
{
	struct sim_node *node = wire->node[from];
	size_t person = wire->node[1 - from]->person;

	wire->sent[from] += n;
	if (spend_budget(node, person) > 0)
		spent_on(node, person)->bytes += n;
}

void
spend_said(const struct sim_wire *wire, unsigned from)
{
	struct sim_node *node = wire->node[from];
	size_t person = wire->node[1 - from]->person;
	uint64_t budget = spend_budget(node, person);
	const struct sim_spent *spent;

	if (budget == 0)
		return;
	spent = spent_on(node, person);
	if (spent->bytes - spent->excused >= budget)
		sim_fail(node->sim,
		    "node %zu sends data to node %zu, which got %llu bytes "
		    "today: it may get %llu",
		    node->number, person, (unsigned long long)spent->bytes,
		    (unsigned long long)budget);
}

void
spend_excuse(const struct sim_wire *wire, unsigned from)
{
	struct sim_node *node = wire->node[from];
	size_t person = wire->node[1 - from]->person;
	struct sim_spent *spent;
	uint64_t sent = wire->sent[from];

	if (spend_budget(node, person) == 0)
		return;
	spent = spent_on(node, person);
	spent->excused += sent;
	if (spent->excused > spent->bytes)
		spent->excused = spent->bytes;
}

void
spend_end(struct sim_wire *wire, unsigned side)
{
	struct session_status status;

	session_status(wire->session[side], &status);
	if (memcmp(&status.peer, &(struct sign_key){0}, sizeof(status.peer)) !=
	    0)
		return;
	spend_excuse(wire, side);
	wire->sent[side] = 0;
}

void
spend_crash(struct sim_node *node)
{
	struct sim *sim = node->sim;

	for (size_t i = 0; i < SIM_WIRES_MAX; i++)
		for (unsigned side = 0; side < 2; side++)
			if (sim->wires[i].used &&
			    sim->wires[i].node[side] == node)
				spend_excuse(&sim->wires[i], side);
}

void
spend_forget(struct sim_node *node)
{
	memset(node->spent, 0, sizeof(node->spent));
}

void
spend_night(struct sim *sim)
{
	for (size_t i = 0; i < SIM_WIRES_MAX; i++)
		if (sim->wires[i].used)
			wire_break(&sim->wires[i]);
	sim->now_ms += QUOTA_DAY_MS - sim->now_ms % QUOTA_DAY_MS +
		       sim_below(sim, QUOTA_DAY_MS / 2);
	sim->count.days++;
	sim_note(sim, "night", sim->now_ms, 0);
}
