/*
 * What a city does beside talking over lines that happen to be up.
 */
#include "tests/sim/links.h"

#include <string.h>

#include "core/packing.h"
#include "tests/sim/node.h"
#include "tests/sim/spend.h"
#include "tests/sim/stick.h"
#include "tests/sim/swarm.h"
#include "tests/sim/wire.h"

enum { SLICE_MAX = 600 };

void
links_visit(struct sim_node *a, struct sim_node *b)
{
	struct sim *sim = a->sim;
	struct sim_wire *wire;

	if (a == b || a->store == NULL || b->store == NULL ||
	    a->side != b->side || !sim_is_linked(a, b))
		return;
	wire = wire_open(a, b, true);
	if (wire == NULL)
		return;
	sim_note(sim, "visit", a->number, b->number);
	(void)wire_finish(wire);
	if (wire->used)
		wire_break(wire);
	model_look(a);
	model_look(b);
}

/* Of all headers and bodies, in the open transaction. */
static void
contents_hash(struct sim_node *node, struct hash *hash)
{
	struct sim *sim = node->sim;
	struct txn *txn = store_txn(node->store);
	struct crypto_sha256 state;
	struct space_state **spaces;
	size_t spaces_n;

	crypto_sha256_init(&state);
	sim_must(sim, space_all(txn, &spaces, &spaces_n), "list spaces");
	for (size_t i = 0; i < spaces_n; i++) {
		struct log **logs;
		size_t n;

		sim_must(
		    sim, oplog_all(txn, spaces[i], &logs, &n), "list logs");
		for (size_t k = 0; k < n; k++)
			for (uint64_t seq = 0; seq < logs[k]->frontier.size;
			     seq++) {
				struct stored_delta stored;

				sim_must(sim,
				    oplog_get(txn, logs[k], seq, &stored),
				    "read a delta");
				crypto_sha256_add(&state, stored.header);
				crypto_sha256_add(&state, stored.bodies);
			}
	}
	crypto_sha256_out(&state, hash);
}

/* Some slices, one transaction each; a crash may come between, and before a
 * commit. */
static void
pack(struct sim_node *node)
{
	struct sim *sim = node->sim;
	struct packing packing = {.rest = sim_once_in(sim, 2)};
	uint64_t slice = 1 + sim_below(sim, SLICE_MAX);
	struct hash before;
	struct hash after;

	node_begin(node, false);
	contents_hash(node, &before);
	store_abort(node->store);
	for (uint64_t n = 1 + sim_below(sim, 8); n > 0 && !packing.ended; n--) {
		node_begin(node, true);
		sim_must(sim,
		    packing_some(store_txn(node->store), &packing, slice),
		    "pack");
		if (swarm_now(sim, sim->swarm.crash, 20)) {
			sim->count.crashes++;
			node_crash(node);
			node_open(node);
			break;
		}
		if (node_commit(node) != ERR_OK)
			break;
	}
	store_abort(node->store);
	node_begin(node, false);
	contents_hash(node, &after);
	store_abort(node->store);
	if (memcmp(&before, &after, sizeof(before)) != 0)
		sim_fail(sim, "node %zu reads other deltas after packing",
		    node->number);
	sim->count.packed += packing.deltas;
	sim_note(sim, "pack", node->number, packing.deltas);
}

/* Somebody may read or keep what it could not: bodies of long ago are owed to
 * it. */
static void
grow(struct sim *sim)
{
	static const char *const gives[] = {
	    "read:N", "read:NP", "read:NPSF", "hold"};
	struct sim_node *by = &sim->nodes[sim_below(sim, 2)];
	const struct sim_node *whom = &sim->nodes[sim_below(sim, sim->n)];
	size_t space = sim_below(sim, sim->spaces_n);
	struct fact_grant fact = {.member = whom->key};
	enum err e;

	if (by->store == NULL || whom->role == ROLE_FOUNDER ||
	    whom->person == by->person || !sim->admitted[whom->person])
		return;
	fact.prefix = sim->spaces[space];
	sim_must(sim,
	    fact_rights(bytes_text(gives[sim_below(sim, 4)]), &fact.gives),
	    "name rights");
	node_begin(by, true);
	e = store_grant(by->store, &fact);
	if (e != ERR_OK && e != ERR_DENIED && e != ERR_EXISTS &&
	    e != ERR_NOT_FOUND)
		sim_must(sim, e, "grant more");
	if (e == ERR_OK && node_commit(by) == ERR_OK)
		sim->count.grown++;
	store_abort(by->store);
	model_look(by);
	sim_note(sim, "grow", whom->number, (uint64_t)e);
}

void
links_event(struct sim *sim)
{
	struct sim_node *node = &sim->nodes[sim_below(sim, sim->n)];

	switch (sim_below(sim, 16)) {
	case 0:
	case 1:
	case 2:
	case 3:
		links_visit(node, &sim->nodes[sim_below(sim, sim->n)]);
		break;
	case 4:
	case 5:
	case 6:
		if (sim->swarm.packing && node->store != NULL)
			pack(node);
		break;
	case 7:
		if (swarm_now(sim, sim->swarm.budget, 3))
			spend_night(sim);
		break;
	case 8:
		if (sim->swarm.grow)
			grow(sim);
		break;
	case 9:
	case 10:
	case 11:
		if (sim->swarm.sticks && node->store != NULL)
			stick_export(node);
		break;
	default:
		if (sim->swarm.sticks && node->store != NULL)
			stick_import(node);
	}
	model_look(node);
}
