/*
 * The end of a run of a large city: over the lines of its tree everybody comes
 * to have what it may.
 */
#include <string.h>

#include "tests/sim/large.h"
#include "tests/sim/plan.h"
#include "tests/sim/verdict.h"
#include "tests/sim/wire.h"

enum {
	/* Lines at once, and turns until all that is on them must be done. */
	TOGETHER_MAX = 12,
	TURNS_MAX = 20000,
	ROUNDS_MAX = 4,
	CLASSES_DISTRICT = 7,
};

static bool all_agree(struct sim *sim, bool must);

/* Until all lines have ended. */
static void
lines_serve(struct sim *sim)
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
				if (wire->used)
					wire_carry(wire, side, SIZE_MAX);
			}
		}
		sim->now_ms += 10;
		wire_tick(sim);
	}
	if (up)
		sim_fail(sim, "lines do not come to an end");
}

/* The nodes from `first` to `end` talk to the one above them, some at once. */
static void
meet_above(struct sim *sim, size_t first, size_t end)
{
	while (first < end) {
		size_t from = first;

		for (; first < end && first - from < TOGETHER_MAX; first++) {
			struct sim_node *node = &sim->nodes[first];
			struct sim_node *above =
			    &sim->nodes[sim->nodes[node->person].above];

			large_wake(node);
			large_wake(above);
			(void)wire_open(node, above, true);
		}
		lines_serve(sim);
		for (size_t i = from; i < first; i++) {
			struct sim_node *node = &sim->nodes[i];

			model_look(node);
			model_look(&sim->nodes[sim->nodes[node->person].above]);
		}
		large_rest(sim);
	}
}

void
large_round(struct sim *sim, bool down)
{
	size_t levels[] = {1, 2, 2 + large_districts(sim), sim->plan->nodes};

	/* Clones of whomever. */
	if (!down)
		meet_above(sim, sim->plan->nodes, sim->n);
	for (size_t i = 0; i < 3; i++) {
		size_t level = down ? i : 2 - i;

		meet_above(sim, levels[level], levels[level + 1]);
	}
	if (down)
		meet_above(sim, sim->plan->nodes, sim->n);
}

static void
quiet(struct sim *sim)
{
	sim->healing = true;
	sim_turn(sim, PLAN_HEAL);
	for (size_t i = 0; i < SIM_WIRES_MAX; i++)
		if (sim->wires[i].used)
			wire_break(&sim->wires[i]);
	for (size_t i = 0; i < sim->n; i++)
		sim->nodes[i].side = 0;
	large_wake(&sim->nodes[0]);
	node_begin(&sim->nodes[0], true);
	/* A founder that was restored may not know whom it admitted. */
	for (size_t i = 1; i < sim->plan->nodes; i++)
		if (!sim->admitted[i] ||
		    (sim->restored[0] && sim->count.revocations == 0)) {
			large_admit(sim, &sim->nodes[i]);
			sim->admitted[i] = true;
		}
	sim_must(sim, node_commit(&sim->nodes[0]), "admit all");
	model_look(&sim->nodes[0]);
	large_rest(sim);
}

void
large_heal(struct sim *sim)
{
	bool agreed = false;

	quiet(sim);
	for (unsigned round = 0; round < ROUNDS_MAX && !agreed; round++) {
		large_round(sim, false);
		agreed = all_agree(sim, false);
		if (!agreed) {
			large_round(sim, true);
			agreed = all_agree(sim, false);
		}
		sim->count.rounds++;
		/* Who learned only now that its log is forked goes on in a new
		 * one. */
		if (!agreed && sim->rolled[0])
			quiet(sim);
	}
	if (!agreed)
		(void)all_agree(sim, true);
	sim->agreed = true;
}

/* ---- what all have ------------------------------------------------------ */

/* May `node` have something of the space? */
static bool
sees(const struct sim_node *node, size_t space)
{
	const struct sim_given *given;

	if (space == SIZE_MAX)
		return true;
	if (!sim_is_judged(node->sim))
		return large_rights(node, space).any;
	given = sim_given(node, false, node->person, space);
	return given->member && (given->bits & VERDICT_SEES) != 0;
}

/* Does `node` talk to the one above it, by what both know? */
static bool
talks(const struct sim_node *node)
{
	const struct sim *sim = node->sim;
	const struct sim_node *above =
	    &sim->nodes[sim->nodes[node->person].above];
	const struct sim_given *of_above;
	const struct sim_given *of_node;

	if (node->person == above->person)
		return false;
	if (!sim_is_judged(sim))
		return true;
	of_above = sim_given(node, false, above->person, 0);
	of_node = sim_given(above, false, node->person, 0);
	return of_above->member && of_node->member && !of_above->compromised &&
	       !of_node->compromised;
}

/* For each node the highest one of those that hand it what they have of a
 * space: itself, or that of the one above. */
static void
tops_find(const struct sim *sim, size_t space, size_t tops[SIM_STORES_MAX])
{
	for (size_t i = 0; i < sim->n; i++) {
		const struct sim_node *node = &sim->nodes[i];
		size_t above = sim->nodes[node->person].above;

		tops[i] = i;
		if (i > 0 && talks(node) && sees(node, space) &&
		    sees(&sim->nodes[above], space))
			tops[i] = tops[above];
	}
}

static bool
line_agrees(struct sim *sim, size_t line, const size_t tops[SIM_STORES_MAX],
    size_t space, bool must)
{
	const struct model_log *log = &sim->model.logs[line];
	uint64_t most[SIM_STORES_MAX] = {0};

	for (size_t i = 0; i < sim->n; i++) {
		uint64_t size = model_size(&sim->nodes[i].held, line);

		if (most[tops[i]] < size)
			most[tops[i]] = size;
	}
	for (size_t i = 0; i < sim->n; i++) {
		uint64_t size = model_size(&sim->nodes[i].held, line);

		if (size == most[tops[i]] || !sees(&sim->nodes[i], space))
			continue;
		if (must)
			sim_fail(sim,
			    "node %zu has %llu of %llu deltas of a log in %s "
			    "after %d rounds",
			    i, (unsigned long long)size,
			    (unsigned long long)most[tops[i]],
			    log->name.space.text, ROUNDS_MAX);
		return false;
	}
	return true;
}

/* Those who keep what others write have all bodies that came their way; where
 * stores were restored some are gone for ever. */
static bool
depth_agrees(struct sim_node *node, bool must)
{
	struct sim *sim = node->sim;
	struct space_state **spaces;
	size_t spaces_n;
	bool all = true;

	node_begin(node, false);
	sim_must(sim, space_all(store_txn(node->store), &spaces, &spaces_n),
	    "list spaces");
	for (size_t i = 0; i < spaces_n && all; i++) {
		size_t space = node_space(sim, &spaces[i]->name);
		unsigned classes = 1u << CLASS_N;
		struct log **logs;
		size_t n;

		if (space != SIZE_MAX)
			classes = sim_given(node, false, node->person, space)
				      ->classes &
				  CLASSES_DISTRICT;
		sim_must(sim,
		    oplog_all(store_txn(node->store), spaces[i], &logs, &n),
		    "list logs");
		for (size_t k = 0; k < n; k++)
			for (unsigned c = 0; c < CLASS_COUNT; c++)
				all = all && ((classes >> c & 1) == 0 ||
						 logs[k]->open[c] ==
						     logs[k]->frontier.size);
		if (!all && must)
			sim_fail(sim, "node %zu is owed bodies of %s",
			    node->number, spaces[i]->name.text);
	}
	store_abort(node->store);
	return all;
}

/* Has everybody of every log as much as anybody from whom it can come? */
static bool
all_agree(struct sim *sim, bool must)
{
	size_t tops[SIM_STORES_MAX];
	bool all = true;

	for (size_t line = 0; line < sim->model.n && all; line++) {
		size_t space = node_space(
		    sim, &sim->model.logs[line].name.space);

		tops_find(sim, space, tops);
		all = line_agrees(sim, line, tops, space, must);
	}
	if (!sim_is_judged(sim) || sim->swarm.restore != 0 ||
	    sim->swarm.rollback != 0 || sim->count.revocations > 0)
		return all;
	for (size_t i = 0; i < sim->n && all; i++)
		all = depth_agrees(&sim->nodes[i], must);
	return all;
}
