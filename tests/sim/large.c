/*
 * Hundreds of nodes in two levels: who they are, what befalls them.  All that
 * happens in a small city to nodes and lines happens here, but nobody lies
 * about rights, and only rights of those at the ends of lines are taken back.
 */
#include "tests/sim/large.h"

#include <stdio.h>
#include <string.h>

#include "tests/sim/act.h"
#include "tests/sim/audit.h"
#include "tests/sim/links.h"
#include "tests/sim/plan.h"
#include "tests/sim/rule.h"
#include "tests/sim/shown.h"
#include "tests/sim/swarm.h"
#include "tests/sim/traffic.h"
#include "tests/sim/trouble.h"
#include "tests/sim/wire.h"

enum {
	CENTRES_EACH = 16, /* of one district, and the district */
	CLASSES_NPS = 7,
	/* Stores that are read in whole, three times in a run. */
	LOOKED_AT = 3,
};

static const size_t city = 1;

static struct sim_node *centre_any(struct sim *sim);

size_t
large_districts(const struct sim *sim)
{
	return (sim->plan->nodes - 2 + CENTRES_EACH) / (CENTRES_EACH + 1);
}

struct node_rights
large_rights(const struct sim_node *node, size_t space)
{
	const struct sim *sim = node->sim;
	bool keeps = node->role == ROLE_CITY ||
		     (node->role == ROLE_DISTRICT &&
			 sim->nodes[2 + large_districts(sim) + space].above ==
			     node->person);

	if (node->role == ROLE_CENTRE && space == node->centre)
		return (struct node_rights){
		    .any = true, .write = true, .classes = CLASSES_ALL};
	if (node->role == ROLE_FOUNDER)
		return (struct node_rights){
		    .any = true, .hold = true, .classes = CLASSES_ALL};
	return (struct node_rights){
	    .any = keeps, .hold = keeps, .classes = keeps ? CLASSES_NPS : 0};
}

void
large_wake(struct sim_node *node)
{
	if (node->store == NULL)
		node_open(node);
}

void
large_rest(struct sim *sim)
{
	bool busy[SIM_STORES_MAX] = {false};

	if (sim_is_judged(sim))
		return;
	for (size_t i = 0; i < SIM_WIRES_MAX; i++)
		for (unsigned side = 0; side < 2 && sim->wires[i].used; side++)
			busy[sim->wires[i].node[side]->number] = true;
	for (size_t i = 0; i < sim->n; i++)
		if (sim->nodes[i].store != NULL && !busy[i]) {
			model_look(&sim->nodes[i]);
			node_crash(&sim->nodes[i]);
		}
}

static void
grant(struct sim *sim, const struct sim_node *whom, const char *prefix,
    const char *gives)
{
	struct fact_grant fact = {.member = whom->key};

	sim_must(
	    sim, id_prefix(bytes_text(prefix), &fact.prefix), "name a prefix");
	sim_must(
	    sim, fact_rights(bytes_text(gives), &fact.gives), "name rights");
	sim_must(sim, store_grant(sim->nodes[0].store, &fact), "grant");
}

void
large_admit(struct sim *sim, const struct sim_node *whom)
{
	struct fact_member member = {
	    .key = whom->key, .label = bytes_text("동")};
	char prefix[16];

	sim_must(sim, store_admit(sim->nodes[0].store, &member), "admit");
	(void)snprintf(prefix, sizeof(prefix), "d%02u",
	    (unsigned)(whom->person - 2) % 100);
	if (whom->role == ROLE_CITY)
		grant(sim, whom, "", "read:NPS,hold");
	else if (whom->role == ROLE_DISTRICT)
		grant(sim, whom, prefix, "read:NPS,hold");
	else
		grant(sim, whom, sim->spaces[whom->centre].text,
		    "read:NPSF,write");
}

void
large_make(struct sim *sim)
{
	size_t districts = large_districts(sim);
	size_t centres = sim->plan->nodes - 2 - districts;
	char text[32];

	for (size_t i = 0; i < centres; i++) {
		(void)snprintf(text, sizeof(text), "d%02u/c%03u/x",
		    (unsigned)(i % districts) % 100, (unsigned)i % 1000);
		sim_must(sim, id_space(bytes_text(text), &sim->spaces[i]),
		    "name a space");
	}
	sim->spaces_n = centres;
	for (size_t i = 0; i < sim->plan->nodes; i++) {
		enum sim_role role = i == 0		 ? ROLE_FOUNDER
				     : i == city	 ? ROLE_CITY
				     : i < 2 + districts ? ROLE_DISTRICT
							 : ROLE_CENTRE;
		size_t centre = role == ROLE_CENTRE ? i - 2 - districts : 0;
		struct sim_node *node = node_make(sim, role, centre);

		node->above = role == ROLE_CENTRE ? 2 + centre % districts
			      : i == city	  ? 0
						  : city;
		large_rest(sim);
	}
	sim->admitted[0] = true;
	large_wake(&sim->nodes[0]);
	node_begin(&sim->nodes[0], true);
	for (size_t i = 1; i < sim->n; i++) {
		const struct sim_node *node = &sim->nodes[i];

		if (sim->swarm.late != SWARM_NONE &&
		    node->role == ROLE_CENTRE && node->centre % 4 == 3)
			continue;
		large_admit(sim, node);
		sim->admitted[i] = true;
	}
	/* Trouble begins later. */
	sim->healing = true;
	sim_must(sim, node_commit(&sim->nodes[0]), "admit all");
	large_round(sim, true);
	sim->healing = false;
}

static struct sim_node *
centre_any(struct sim *sim)
{
	struct sim_node *node;

	do
		node = traffic_node(sim);
	while (node->role != ROLE_CENTRE);
	return node;
}

/* From the hello to the end, or until the line is cut. */
static void
meeting(struct sim *sim)
{
	struct sim_node *node = traffic_node(sim);
	struct sim_node *above = &sim->nodes[sim->nodes[node->person].above];
	struct sim_wire *wire;

	if (node->person == above->person || node->side != above->side)
		return;
	large_wake(node);
	large_wake(above);
	wire = wire_open(node, above, true);
	if (wire == NULL)
		return;
	sim_note(sim, "visit", node->number, above->number);
	(void)wire_finish(wire);
	if (wire->used)
		wire_break(wire);
	model_look(node);
	model_look(above);
}

/* The founder at work. */
static void
govern(struct sim *sim)
{
	struct sim_node *founder = &sim->nodes[0];
	struct sim_node *whom = centre_any(sim);
	bool fresh = !sim->admitted[whom->person];

	large_wake(founder);
	if (fresh || sim_once_in(sim, 4)) {
		node_begin(founder, true);
		large_admit(sim, whom);
		if (node_commit(founder) == ERR_OK) {
			sim->admitted[whom->person] = true;
			sim->count.late += fresh;
		}
		sim_note(sim, "admit", whom->number, fresh);
	} else if (sim_is_judged(sim) && swarm_now(sim, sim->swarm.revoke, 2) &&
		   sim->count.revocations < 4) {
		rule_revoke(founder);
	}
	model_look(founder);
}

static void
seldom(struct sim *sim)
{
	struct sim_node *node = traffic_node(sim);

	switch (sim_below(sim, 5)) {
	case 0:
		trouble_clock(sim);
		break;
	case 1:
		trouble_partition(sim);
		break;
	case 2:
		large_wake(node);
		if (swarm_now(sim, sim->swarm.rebuild, 8)) {
			sim->count.rebuilds++;
			node_rebuild(node, sim_once_in(sim, 3));
		}
		break;
	case 3:
		govern(sim);
		break;
	default:
		/* Sticks tell what they hold by the second judgement. */
		if (!sim_is_judged(sim))
			break;
		for (size_t i = 0; i < sim->n; i++)
			large_wake(&sim->nodes[i]);
		links_event(sim);
	}
}

static void
step(struct sim *sim)
{
	uint64_t what = sim_below(sim, 100);

	sim->now_ms += 1 + sim_below(sim, sim_once_in(sim, 20) ? 60000 : 400);
	if (what < 22) {
		struct sim_node *node = centre_any(sim);

		large_wake(node);
		act_write(node);
		model_look(node);
	} else if (what < 34) {
		traffic_connect(sim);
	} else if (what < 54) {
		traffic_event(sim);
	} else if (what < 68) {
		traffic_pump(sim);
	} else if (what < 74) {
		traffic_rush(sim);
	} else if (what < 82) {
		trouble_accident(sim);
	} else if (what < 90) {
		seldom(sim);
	} else {
		meeting(sim);
	}
	wire_tick(sim);
	large_rest(sim);
}

static void
some_look(struct sim *sim)
{
	for (size_t i = 0; i < LOOKED_AT; i++) {
		struct sim_node *node = traffic_node(sim);

		large_wake(node);
		audit_node(node);
		large_rest(sim);
	}
}

void
large_run(struct sim *sim)
{
	swarm_begin(sim);
	/* What needs rights of another plan, or days. */
	sim->swarm.layers = SWARM_NONE;
	sim->swarm.decide = SWARM_NONE;
	sim->swarm.rotate = SWARM_NONE;
	sim->swarm.forge = SWARM_NONE;
	sim->swarm.relay = SWARM_NONE;
	sim->swarm.budget = SWARM_NONE;
	sim->swarm.grow = SWARM_NONE;
	large_make(sim);
	while (sim->step < sim->plan->steps) {
		sim_turn(sim, sim->step + 1);
		if (!plan_skips(sim->plan, sim->step))
			step(sim);
		if (plan_audits(sim->plan, sim->step))
			some_look(sim);
	}
	sim_turn(sim, PLAN_HEAL);
	large_heal(sim);
	some_look(sim);
	shown_check(sim);
	large_wake(&sim->nodes[city]);
	audit_node(&sim->nodes[city]);
	node_rebuild(&sim->nodes[city], false);
	audit_node(&sim->nodes[city]);
	node_rebuild(centre_any(sim), false);
	large_rest(sim);
}
