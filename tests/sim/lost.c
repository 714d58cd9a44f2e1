/*
 * What nodes lost and got back, by log.  Whoever gets back what it wrote had
 * lost it, and who knows how much more that nobody else has seen yet.
 */
#include "tests/sim/lost.h"

#include <string.h>

#include "tests/sim/act.h"
#include "tests/sim/links.h"
#include "tests/sim/node.h"
#include "tests/sim/swarm.h"

void
lost_look(struct sim_node *node, const struct model_promise *promises, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t line = promises[i].log;
		const struct log_name *name = &node->sim->model.logs[line].name;
		uint64_t back;

		if (memcmp(&name->author, &node->key, sizeof(node->key)) != 0)
			continue;
		back = model_size(&node->lost, line);
		if (node->takes && back <= promises[i].seq)
			model_set(&node->lost, line, promises[i].seq + 1);
		/* What came back may be promised again, where nobody was told
		 * that it was committed. */
		else if (!node->takes && back > 0 && back <= promises[i].seq)
			sim_fail(node->sim,
			    "node %zu goes on in a log in %s that it had lost "
			    "some of",
			    node->number, name->space.text);
	}
}

void
lost_write(struct sim *sim)
{
	struct sim_node *from = &sim->nodes[0];

	for (size_t i = 0; sim->swarm.rollback != SWARM_NONE && i < sim->n;
	     i++) {
		struct sim_node *node = &sim->nodes[i];

		if (node->role != ROLE_CENTRE || node->person != i)
			continue;
		node_snapshot(node);
		act_create(node, node->centre);
		links_visit(node, from);
		node_crash(node);
		node_restore(node, true, true);
		node_open(node);
		model_look(node);
		links_visit(node, from);
		act_create(node, node->centre);
		return;
	}
}
