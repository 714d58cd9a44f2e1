/*
 * The durability meter of every node against what all others hold: it may be
 * behind, and must never promise a copy that there is not.
 */
#include "tests/sim/meter.h"

#include <string.h>

#include "core/safety.h"
#include "proto/mem.h"
#include "tests/sim/accord.h"
#include "tests/sim/node.h"

/* How many deltas of one space have just so many copies elsewhere. */
struct copies {
	uint64_t
	    *deltas; /* owned: by their number, up to the stores there are */
	size_t n;
};

/* So many of the first deltas of `log` has `other`, as far as `node` could
 * know: of one that went back it may still believe what it had. */
static uint64_t
has(const struct sim *sim, size_t other, const struct accord_logs *logs,
    const struct accord_log *log)
{
	const struct accord_log *theirs = accord_find(logs, log);
	uint64_t held = theirs == NULL ? 0 : theirs->held;

	if (sim->restored[sim->nodes[other].person] ||
	    model_is_rolled(sim, &log->name.author) || held > log->size)
		return log->size;
	return held;
}

static void
copies_add(struct sim *sim, size_t at, const struct accord_logs *logs,
    const struct accord_log *log, struct copies *copies)
{
	for (uint64_t seq = 0; seq < log->size; seq++) {
		size_t n = 0;

		for (size_t i = 0; i < sim->n; i++)
			n += sim->nodes[i].person != sim->nodes[at].person &&
			     has(sim, i, &logs[i], log) > seq;
		copies->deltas[n]++;
	}
}

static void
space_check(struct sim_node *node, const struct safety_space *space,
    const struct copies *copies)
{
	uint64_t claimed = 0;
	uint64_t true_n = 0;
	size_t at = space->held_n;

	/* From many copies down: never more deltas with at least so many. */
	for (size_t r = copies->n - 1; r > 0; r--) {
		true_n += copies->deltas[r];
		while (at > 0 && space->held[at - 1].replicas >= r)
			claimed += space->held[--at].deltas;
		if (claimed > true_n)
			sim_fail(node->sim,
			    "node %zu says that %llu deltas of %s lie with %zu "
			    "others: %llu do",
			    node->number, (unsigned long long)claimed,
			    space->space->text, r, (unsigned long long)true_n);
	}
}

static void
node_check(struct sim_node *node, const struct accord_logs *logs)
{
	struct sim *sim = node->sim;
	struct copies copies = {
	    .deltas = mem_zeros(sim->n, sizeof(uint64_t)), .n = sim->n};
	struct arena arena = {0};
	struct safety safety;
	const struct authority *authority;

	node_begin(node, false);
	sim_must(sim, store_authority(node->store, &authority), "read rights");
	sim_must(sim,
	    safety_count(
		store_txn(node->store), authority, &node->key, &arena, &safety),
	    "count copies");
	for (size_t i = 0; i < safety.spaces_n; i++) {
		const struct accord_logs *own = &logs[node->number];

		memset(copies.deltas, 0, sim->n * sizeof(*copies.deltas));
		for (size_t k = 0; k < own->n; k++)
			if (id_space_equal(&own->list[k].name.space,
				safety.spaces[i].space))
				copies_add(sim, node->number, logs,
				    &own->list[k], &copies);
		space_check(node, &safety.spaces[i], &copies);
	}
	store_abort(node->store);
	arena_fini(&arena);
	mem_free(copies.deltas);
}

void
meter_check(struct sim *sim)
{
	struct accord_logs *logs;

	for (size_t i = 0; i < sim->n; i++)
		if (sim->nodes[i].store == NULL)
			return;
	logs = mem_zeros(sim->n, sizeof(*logs));
	for (size_t i = 0; i < sim->n; i++)
		accord_read(&sim->nodes[i], &logs[i]);
	for (size_t i = 0; i < sim->n; i++)
		node_check(&sim->nodes[i], logs);
	for (size_t i = 0; i < sim->n; i++)
		mem_free(logs[i].list);
	mem_free(logs);
}
