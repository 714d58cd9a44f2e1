/*
 * The thorough looks: whole stores from their raw bytes, what is shown, what is
 * believed of others, and whether all come to agree once nothing is in the way.
 */
#include "tests/sim/audit.h"

#include <string.h>

#include "core/clock.h"
#include "core/fsck.h"
#include "core/record.h"
#include "tests/sim/act.h"
#include "tests/sim/depth.h"
#include "tests/sim/meter.h"
#include "tests/sim/lost.h"
#include "tests/sim/node.h"
#include "tests/sim/shown.h"
#include "tests/sim/swarm.h"
#include "tests/sim/verdict.h"
#include "tests/sim/wire.h"

enum {
	ROUNDS_MAX = 4,
	/* What equals say to each other, however much they hold: two hellos and
	 * a farewell. */
	EQUALS_BYTES = 128,
};

static void store_check(struct sim_node *node);
static void found(void *arg, enum err code, const char *text);
static void records_check(struct sim_node *node);
static bool is_forged(const struct record *record);
static void beliefs_check(struct sim_node *node);
static size_t person_of(const struct sim *sim, const struct sign_key *key);
static bool sees(const struct sim_node *node, size_t space);
static bool is_shunned(const struct sim_node *node);
static bool all_agree(struct sim *sim, bool must);
static bool space_agrees(struct sim_node *node, size_t log, bool must);

void
audit_node(struct sim_node *node)
{
	model_look(node);
	store_check(node);
	node_begin(node, false);
	verdict_check(node);
	records_check(node);
	beliefs_check(node);
	store_abort(node->store);
}

void
audit_all(struct sim *sim)
{
	shown_check(sim);
	for (size_t i = 0; i < sim->n; i++)
		if (sim->nodes[i].store != NULL)
			audit_node(&sim->nodes[i]);
	meter_check(sim);
}

static void
found(void *arg, enum err code, const char *text)
{
	struct sim_node *node = arg;

	sim_fail(node->sim, "node %zu: fsck: %s: %s", node->number,
	    err_name(code), text);
}

static void
store_check(struct sim_node *node)
{
	struct fsck_watch watch = {.found = found, .arg = node};
	struct fsck_report report = {0};

	node_begin(node, false);
	sim_must(node->sim, fsck_run(node->store, &watch, &report), "run fsck");
	if (report.found > 0)
		sim_fail(node->sim, "node %zu: fsck found %llu things",
		    node->number, (unsigned long long)report.found);
	store_abort(node->store);
	sim_note(node->sim, "fsck", report.deltas, report.bodies_opened);
}

static bool
is_forged(const struct record *record)
{
	size_t n = strlen(act_forged);

	for (size_t i = 0; i < record->fields_n; i++) {
		const struct record_field *field = &record->fields[i];

		for (size_t k = 0; k < field->n; k++) {
			struct bytes value = field->values[k].value;

			/* Behind one byte that says how long the text is. */
			if (value.n > n &&
			    memcmp(value.p + 1, act_forged, n) == 0)
				return true;
		}
	}
	return false;
}

/* Does it know what makes a lie one?  What is restored may have lost it. */
static bool
knows_all(const struct sim_node *node)
{
	const struct sim *sim = node->sim;

	return sim->agreed && !is_shunned(node) && !sim->swarm.restore &&
	       !sim->swarm.rollback;
}

/* Is a root key that was stolen root here?  The rotation was lost when its
 * machine went back and nobody else had heard of it, or two copies of a founder
 * said that different keys follow. */
static bool
is_unrotated(struct sim_node *node)
{
	const struct sim *sim = node->sim;
	const struct authority *authority;
	size_t n = sim->old_roots_n < COUNT_OF(sim->old_roots)
		       ? sim->old_roots_n
		       : COUNT_OF(sim->old_roots);

	sim_must(
	    node->sim, store_authority(node->store, &authority), "read rights");
	for (size_t i = 0; i < n; i++) {
		struct sign_key old;

		crypto_sign_key(&sim->old_roots[i], &old);
		if (memcmp(&old, &authority->root, sizeof(old)) == 0)
			return true;
	}
	return false;
}

/* Nothing of an author without the right is shown. */
static void
records_check(struct sim_node *node)
{
	struct sim *sim = node->sim;

	for (size_t i = 0; i < sim->records_n; i++) {
		struct arena arena = {0};
		struct record record;
		enum err e = store_get(node->store,
		    &sim->spaces[sim->records[i].space], &sim->records[i].id,
		    &arena, &record);

		if (e != ERR_OK && e != ERR_NOT_FOUND)
			sim_must(sim, e, "read a record");
		if (e == ERR_OK && !sim->merciful && is_forged(&record) &&
		    !is_unrotated(node) && (!sim->fooled || knows_all(node)))
			sim_fail(sim, "node %zu shows what was forged",
			    node->number);
		for (size_t k = 0; e == ERR_OK && k < record.fields_n; k++)
			sim->count.conflicts += merge_is_conflict(
			    &record.fields[k]);
		arena_fini(&arena);
	}
}

static size_t
person_of(const struct sim *sim, const struct sign_key *key)
{
	for (size_t i = 0; i < sim->n; i++)
		if (memcmp(&sim->nodes[i].key, key, sizeof(*key)) == 0)
			return sim->nodes[i].person;
	return SIZE_MAX;
}

/* What is believed of a peer was durable there at some time. */
static void
beliefs_check(struct sim_node *node)
{
	struct sim *sim = node->sim;
	struct txn *txn = store_txn(node->store);
	struct clock_peer *peers;
	size_t peers_n;

	sim_must(
	    sim, clock_peers(txn, &txn->arena, &peers, &peers_n), "list peers");
	for (size_t i = 0; i < peers_n; i++) {
		size_t person = person_of(sim, &peers[i].key);
		struct clock_list list;

		if (person == SIZE_MAX)
			sim_fail(sim, "node %zu met nobody that we know",
			    node->number);
		/* Who is lied to believes it. */
		if (sim->twister > 0 &&
		    (person == sim->twister || node->person == sim->twister))
			continue;
		sim_must(sim,
		    clock_beliefs(txn, &peers[i].key, &txn->arena, &list),
		    "list beliefs");
		for (size_t j = 0; j < list.n; j++)
			if (list.entries[j].size > model_most(&sim->model,
						       &sim->model.ever[person],
						       &list.entries[j].log))
				sim_fail(sim,
				    "node %zu believes that node %zu has %llu "
				    "of a log: it never had so much",
				    node->number, person,
				    (unsigned long long)list.entries[j].size);
	}
}

/* Must come to an end well when both let each other in, before and after, as
 * they may learn in it that they do not. */
static void
meet(struct sim_node *a, struct sim_node *b, bool must)
{
	struct sim_wire *wire;
	bool well;

	/* Two stores with the same keys do not talk. */
	if (a->person == b->person)
		return;
	if (!sim_is_linked(a, b))
		return;
	must = must && verdict_talk(a, b);
	wire = wire_open(a, b, true);
	assert(wire != NULL);
	well = wire_finish(wire);
	if (wire->used)
		wire_break(wire);
	model_look(a);
	model_look(b);
	if (!well && must && verdict_talk(a, b))
		sim_fail(a->sim, "nodes %zu and %zu do not come to an end",
		    a->number, b->number);
}

/* The most lines between any two nodes. */
static size_t
farthest(const struct sim *sim)
{
	size_t most = 0;

	for (size_t from = 0; from < sim->n; from++) {
		size_t far[SIM_STORES_JUDGED] = {0};
		size_t reached = 1;

		assert(sim->n <= COUNT_OF(far));
		far[from] = 1;
		for (size_t step = 1; reached > 0; step++) {
			reached = 0;
			for (size_t i = 0; i < sim->n * sim->n; i++) {
				size_t a = i / sim->n;
				size_t b = i % sim->n;

				if (far[a] != step || far[b] != 0 ||
				    !sim_is_linked(
					&sim->nodes[a], &sim->nodes[b]))
					continue;
				far[b] = step + 1;
				reached++;
			}
			if (reached > 0 && step > most)
				most = step;
		}
	}
	return most;
}

/* Over the lines that there are: what comes to nobody else than by those who
 * may have it, comes so. */
static void
relays_converge(struct sim *sim)
{
	/* Each round all lines are used: rights come from one end to the other,
	 * and what they let through may have to go all the way back. */
	size_t rounds = 2 * farthest(sim);
	bool agreed = false;

	for (size_t round = 0; round < rounds && !agreed; round++) {
		for (size_t a = 0; a < sim->n; a++)
			for (size_t b = a + 1; b < sim->n; b++)
				meet(&sim->nodes[a], &sim->nodes[b], round > 0);
		agreed = true;
		for (size_t i = 0; i < sim->n; i++)
			for (size_t k = 0; k < sim->model.n; k++)
				agreed = space_agrees(&sim->nodes[i], k,
					     round + 1 == rounds &&
						 !sim->rolled[0]) &&
					 agreed;
	}
	sim->swarm.relay = false;
}

/* Who met just now and had nothing to say since sees at the hello that there is
 * nothing: one round trip for that, and one for the farewell. */
static void
equals_meet(struct sim_node *a, struct sim_node *b)
{
	struct sim *sim = a->sim;

	if (!verdict_talk(a, b))
		return;
	meet(a, b, true);
	meet(a, b, true);
	/* Logs of keys that a liar made up are offered each time. */
	if (sim->count.lies > 0 &&
	    sim->last[0].dropped + sim->last[1].dropped > 0)
		return;
	for (unsigned side = 0; side < 2; side++) {
		const struct session_status *last = &sim->last[side];

		if (last->is_held)
			return;
		if (!last->in_sync || last->round_trips > 2 ||
		    last->out_plain_bytes > EQUALS_BYTES)
			sim_fail(sim,
			    "nodes %zu and %zu are equal and need %llu round "
			    "trips and %llu bytes to say so",
			    a->number, b->number,
			    (unsigned long long)last->round_trips,
			    (unsigned long long)last->out_plain_bytes);
	}
}

void
audit_converge(struct sim *sim)
{
	bool agreed = false;

	if (sim->swarm.relay)
		relays_converge(sim);
	for (unsigned round = 0; round < ROUNDS_MAX && !agreed; round++) {
		sim->count.rounds++;
		for (size_t a = 0; a < sim->n; a++)
			for (size_t b = a + 1; b < sim->n; b++)
				meet(&sim->nodes[a], &sim->nodes[b], round > 0);
		agreed = all_agree(sim, false);
		/* Who learned only now that its log is forked goes on in a new
		 * one: what it wrote on the lost branch must be said again. */
		if (!agreed && sim->rolled[0])
			node_admit_all(sim);
	}
	if (!agreed)
		(void)all_agree(sim, true);
	sim->agreed = true;
	for (size_t i = 0; i + 1 < sim->n; i++)
		equals_meet(&sim->nodes[i], &sim->nodes[i + 1]);
	lost_write(sim);
	/* Those that hold all. */
	shown_prove(&sim->nodes[0]);
	shown_prove(&sim->nodes[1]);
}

/* Has everybody of every log as much as anybody, where it may, and as deep as
 * it may?  With `must` the first one that has not ends it. */
static bool
all_agree(struct sim *sim, bool must)
{
	bool all = true;

	for (size_t i = 0; i < sim->n; i++)
		for (size_t k = 0; k < sim->model.n; k++)
			all = space_agrees(&sim->nodes[i], k, must) && all;
	return depth_agrees(sim, must) && all;
}

/* What the facts that `node` holds in the end give it. */
static const struct sim_given *
given(const struct sim_node *node, size_t space)
{
	return sim_given(node, false, node->person, space);
}

static bool
sees(const struct sim_node *node, size_t space)
{
	const struct sim_given *rights = given(node, space);

	return rights->member && (rights->bits & VERDICT_SEES) != 0;
}

/* Can what `from` has of `space` come to `to`, over those who may have it? */
static bool
can_reach(const struct sim_node *from, const struct sim_node *to, size_t space)
{
	const struct sim *sim = from->sim;
	bool reached[SIM_STORES_MAX] = {false};
	bool more = true;

	reached[from->number] = true;
	while (more && !reached[to->number]) {
		more = false;
		for (size_t i = 0; i < sim->n * sim->n; i++) {
			const struct sim_node *a = &sim->nodes[i / sim->n];
			const struct sim_node *b = &sim->nodes[i % sim->n];

			if (!reached[a->number] || reached[b->number] ||
			    !verdict_talk(a, b) ||
			    (b != to && space != SIZE_MAX && !sees(b, space)))
				continue;
			reached[b->number] = true;
			more = true;
		}
	}
	return reached[to->number];
}

/* Nobody talks to it in the end: its key is in other hands, or who admitted it
 * could not. */
static bool
is_shunned(const struct sim_node *node)
{
	return !can_reach(&node->sim->nodes[0], node, SIZE_MAX);
}

/* Does `node` know who wrote the log?  A liar holds logs of keys that nobody
 * has heard of: its own forgeries. */
static bool
knows_author(struct sim_node *node, size_t log)
{
	const struct authority *authority;
	bool knows;

	/* Where nobody lies there are none: not left to what the store says. */
	if (node->sim->swarm.forge == SWARM_NONE)
		return true;
	node_begin(node, false);
	sim_must(
	    node->sim, store_authority(node->store, &authority), "read rights");
	knows = authority_knows(authority,
	    &node->sim->model.logs[log].name.author,
	    &node->sim->model.logs[log].name.space);
	store_abort(node->store);
	return knows;
}

static bool
space_agrees(struct sim_node *node, size_t log, bool must)
{
	struct sim *sim = node->sim;
	const struct space *name = &sim->model.logs[log].name.space;
	size_t space = node_space(sim, name);
	struct sim_node *owner = NULL;
	uint64_t most = 0;

	if (space != SIZE_MAX && !sees(node, space))
		return true;
	for (size_t i = 0; i < sim->n; i++) {
		struct sim_node *other = &sim->nodes[i];
		uint64_t size = model_size(&other->held, log);

		/* Everybody may hand in what is its own. */
		if (size > most && can_reach(other, node, space) &&
		    (space == SIZE_MAX || sees(other, space) ||
			memcmp(&other->key, &sim->model.logs[log].name.author,
			    sizeof(other->key)) == 0)) {
			most = size;
			owner = other;
		}
	}
	if (model_size(&node->held, log) == most ||
	    (owner != NULL && !knows_author(owner, log)))
		return true;
	if (must)
		sim_fail(sim,
		    "node %zu has %llu of %llu deltas of a log in %s after %d "
		    "rounds",
		    node->number,
		    (unsigned long long)model_size(&node->held, log),
		    (unsigned long long)most, name->text, ROUNDS_MAX);
	return false;
}
