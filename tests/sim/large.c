/*
 * Hundreds of nodes in two levels.  Stores are open only while they do
 * something; lines come up in turn, some of them together at the aggregator.
 */
#include "tests/sim/large.h"

#include <stdio.h>
#include <string.h>

#include "core/fsck.h"
#include "tests/sim/act.h"
#include "tests/sim/audit.h"
#include "tests/sim/swarm.h"
#include "tests/sim/wire.h"

enum {
	CENTRES_EACH = 16, /* of one district, and the district */
	/* Lines at once, and turns until all that is on them must be done. */
	TOGETHER_MAX = 12,
	TURNS_MAX = 20000,
	CLASSES_NPS = 7,
};

static const size_t city = 1;

static size_t
districts_n(const struct sim *sim)
{
	return (sim->plan->nodes - 2 + CENTRES_EACH) / (CENTRES_EACH + 1);
}

struct node_rights
large_rights(const struct sim_node *node, size_t space)
{
	const struct sim *sim = node->sim;
	bool keeps = node->role == ROLE_CITY ||
		     (node->role == ROLE_DISTRICT &&
			 sim->nodes[2 + districts_n(sim) + space].above ==
			     node->number);

	if (node->role == ROLE_CENTRE && space == node->centre)
		return (struct node_rights){
		    .any = true, .write = true, .classes = CLASSES_ALL};
	if (node->role == ROLE_FOUNDER)
		return (struct node_rights){
		    .any = true, .hold = true, .classes = CLASSES_ALL};
	return (struct node_rights){
	    .any = keeps, .hold = keeps, .classes = keeps ? CLASSES_NPS : 0};
}

static void
wake(struct sim_node *node)
{
	if (node->store == NULL)
		node_open(node);
}

static void
rest(struct sim_node *node)
{
	model_look(node);
	node_crash(node);
}

static void
all_make(struct sim *sim)
{
	size_t districts = districts_n(sim);
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
		rest(node);
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

/* All in one transaction. */
static void
all_admit(struct sim *sim)
{
	struct sim_node *founder = &sim->nodes[0];
	size_t districts = districts_n(sim);
	char prefix[16];

	wake(founder);
	node_begin(founder, true);
	for (size_t i = 1; i < sim->n; i++) {
		const struct sim_node *node = &sim->nodes[i];
		struct fact_member member = {
		    .key = node->key, .label = bytes_text("동")};

		sim_must(sim, store_admit(founder->store, &member), "admit");
		(void)snprintf(prefix, sizeof(prefix), "d%02u",
		    (unsigned)(node->role == ROLE_CENTRE
				   ? node->centre % districts
				   : i - 2) %
			100);
		if (node->role == ROLE_CITY)
			grant(sim, node, "", "read:NPS,hold");
		else if (node->role == ROLE_DISTRICT)
			grant(sim, node, prefix, "read:NPS,hold");
		else
			grant(sim, node, sim->spaces[node->centre].text,
			    "read:NPSF,write");
		sim->admitted[i] = true;
	}
	sim_must(sim, node_commit(founder), "admit all");
}

/* Until all lines have ended; they end well unless one was cut. */
static void
lines_serve(struct sim *sim, bool cut)
{
	bool up = true;

	for (unsigned turn = 0; turn < TURNS_MAX && up; turn++) {
		up = false;
		for (size_t i = 0; i < SIM_WIRES_MAX; i++) {
			struct sim_wire *wire = &sim->wires[i];

			for (unsigned side = 0; side < 2 && wire->used;
			     side++) {
				struct sim_node *node = wire->node[side];

				up = true;
				wire_work(node, false);
				wire_fill(node);
				wire_carry(wire, side, SIZE_MAX);
			}
			if (cut && wire->used && sim_once_in(sim, 20))
				wire_break(wire);
		}
		sim->now_ms += 10;
		wire_tick(sim);
	}
	if (up)
		sim_fail(sim, "lines do not come to an end");
}

/* `n` nodes from `first` on talk to the one above them, all at once. */
static void
meet_above(struct sim *sim, size_t first, size_t n, bool cut)
{
	for (size_t i = first; i < first + n; i++) {
		struct sim_node *node = &sim->nodes[i];

		wake(node);
		wake(&sim->nodes[node->above]);
		(void)wire_open(node, &sim->nodes[node->above], true);
	}
	lines_serve(sim, cut);
	for (size_t i = first; i < first + n; i++) {
		model_look(&sim->nodes[sim->nodes[i].above]);
		rest(&sim->nodes[i]);
	}
}

/* Facts go down, what was written goes up. */
static void
round_all(struct sim *sim, bool down)
{
	size_t levels[] = {1, 2, 2 + districts_n(sim), sim->n};

	for (size_t i = 0; i < 3; i++) {
		size_t level = down ? i : 2 - i;
		size_t at = levels[level];

		while (at < levels[level + 1]) {
			size_t n = levels[level + 1] - at;

			n = n < TOGETHER_MAX ? n : TOGETHER_MAX;
			meet_above(sim, at, n, false);
			at += n;
		}
	}
	sim->count.rounds++;
}

static void
step(struct sim *sim)
{
	size_t districts = districts_n(sim);
	size_t centre = 2 + districts + sim_below(sim, sim->spaces_n);
	struct sim_node *node = &sim->nodes[centre];

	sim->now_ms += 1 + sim_below(sim, 60000);
	wake(node);
	act_write(node);
	if (node->store != NULL)
		rest(node);
	if (sim_once_in(sim, 3))
		meet_above(sim, centre, 1, sim_once_in(sim, 3));
	if (sim_once_in(sim, 12))
		meet_above(
		    sim, 2 + sim_below(sim, districts), 1, sim_once_in(sim, 3));
	if (sim_once_in(sim, 100))
		meet_above(sim, 2,
		    districts < TOGETHER_MAX ? districts : TOGETHER_MAX,
		    sim_once_in(sim, 2));
}

static void
found(void *arg, enum err code, const char *text)
{
	struct sim_node *node = arg;

	sim_fail(node->sim, "node %zu: fsck: %s: %s", node->number,
	    err_name(code), text);
}

/* Has all that anybody holds of what it may have, and is sound. */
static void
holds_all(struct sim_node *node)
{
	struct sim *sim = node->sim;
	struct fsck_watch watch = {.found = found, .arg = node};
	struct fsck_report report = {0};
	size_t logs = 0;

	wake(node);
	model_look(node);
	for (size_t i = 0; i < sim->model.n; i++) {
		const struct model_log *log = &sim->model.logs[i];
		size_t space = node_space(sim, &log->name.space);

		if (space != SIZE_MAX && !large_rights(node, space).any)
			continue;
		logs++;
		if (model_size(&node->held, i) != log->n)
			sim_fail(sim,
			    "node %zu has %llu of %zu deltas of a log in %s",
			    node->number,
			    (unsigned long long)model_size(&node->held, i),
			    log->n, log->name.space.text);
	}
	node_begin(node, false);
	sim_must(sim, fsck_run(node->store, &watch, &report), "run fsck");
	store_abort(node->store);
	sim_note(sim, "holds all", node->number, logs);
	node_rebuild(node, false);
}

void
large_run(struct sim *sim)
{
	struct sim_swarm drawn;

	swarm_draw(sim->plan, &drawn);
	sim->swarm.crash = drawn.crash;
	all_make(sim);
	all_admit(sim);
	round_all(sim, true);
	while (sim->step < sim->plan->steps) {
		sim_turn(sim, sim->step + 1);
		if (!plan_skips(sim->plan, sim->step))
			step(sim);
	}
	sim->healing = true;
	sim_turn(sim, PLAN_HEAL);
	round_all(sim, false);
	holds_all(&sim->nodes[city]);
	holds_all(&sim->nodes[2 + sim_below(sim, districts_n(sim))]);
}
