/*
 * The model: what every store has shown so far, and what therefore may never
 * be different again.  Reads stores through the same calls as the sessions do,
 * and decides for itself what is right.
 */
#include "tests/sim/model.h"

#include <string.h>

#include "core/heads.h"
#include "core/tree.h"
#include "proto/mem.h"
#include "tests/sim/node.h"
#include "tests/sim/sim.h"
#include "tests/sim/verdict.h"

static size_t log_number(struct sim *sim, const struct log *log);
static void branch_look(struct sim_node *node, size_t number);
static void log_look(struct sim_node *node, const struct log *log);
static void place_look(struct sim_node *node, const struct log *log);
static void leaf_know(struct sim_node *node, size_t number, uint64_t seq,
    const struct hash *leaf);
static void head_look(struct sim_node *node, const struct log *log);
static void states_look(struct sim_node *node, struct space_state *space,
    struct log *const *logs, size_t n);
static void state_know(struct sim_node *node, const struct model_state *new);

void
model_init(struct model *model, size_t persons)
{
	memset(model, 0, sizeof(*model));
	model->states = mem_zeros(MODEL_STATES_MAX, sizeof(*model->states));
	model->ever = mem_zeros(persons, sizeof(*model->ever));
	model->ever_n = persons;
}

void
model_fini(struct model *model)
{
	for (size_t i = 0; i < model->n; i++)
		mem_free(model->logs[i].leaves);
	for (size_t i = 0; i < model->ever_n; i++)
		model_held_fini(&model->ever[i]);
	mem_free(model->logs);
	mem_free(model->states);
	mem_free(model->ever);
	memset(model, 0, sizeof(*model));
}

uint64_t
model_size(const struct model_held *held, size_t log)
{
	return log < held->n ? held->sizes[log] : 0;
}

void
model_set(struct model_held *held, size_t log, uint64_t size)
{
	if (log >= held->n) {
		held->sizes = mem_resize(
		    held->sizes, (log + 1) * sizeof(*held->sizes));
		memset(held->sizes + held->n, 0,
		    (log + 1 - held->n) * sizeof(*held->sizes));
		held->n = log + 1;
	}
	held->sizes[log] = size;
}

void
model_copy(struct model_held *to, const struct model_held *from)
{
	model_held_fini(to);
	for (size_t i = from->n; i > 0; i--)
		model_set(to, i - 1, from->sizes[i - 1]);
}

void
model_held_fini(struct model_held *held)
{
	mem_free(held->sizes);
	*held = (struct model_held){0};
}

size_t
model_find(const struct model *model, const struct log_id *id)
{
	size_t at = bytes_be64(id->b) % COUNT_OF(model->slots);

	for (; model->slots[at] != 0; at = (at + 1) % COUNT_OF(model->slots))
		if (memcmp(&model->logs[model->slots[at] - 1].id, id, 16) == 0)
			return model->slots[at] - 1u;
	return SIZE_MAX;
}

/* The model's number of `log`, which it learns when it is new. */
static size_t
log_number(struct sim *sim, const struct log *log)
{
	struct model *model = &sim->model;
	size_t at = bytes_be64(log->id.b) % COUNT_OF(model->slots);

	while (model->slots[at] != 0) {
		size_t number = model->slots[at] - 1u;

		if (memcmp(&model->logs[number].id, &log->id, 16) == 0)
			return number;
		at = (at + 1) % COUNT_OF(model->slots);
	}
	if (model->n == MODEL_LOGS_MAX)
		sim_fail(sim, "there are %zu logs: too many for the model",
		    model->n);
	mem_room(
	    &model->logs, &model->room, model->n + 1, sizeof(*model->logs));
	model->logs[model->n] = (struct model_log){
	    .id = log->id, .name = log->name};
	model->slots[at] = (uint16_t)(model->n + 1);
	return model->n++;
}

/* Nobody can know that a whole machine was rolled back: such logs may fork.  A
 * key that is no node's is root's, which lies at node 0. */
static bool
is_rolled(const struct sim *sim, const struct sign_key *author)
{
	for (size_t i = 0; i < sim->n; i++)
		if (memcmp(&sim->nodes[i].key, author, sizeof(*author)) == 0)
			return sim->rolled[sim->nodes[i].person];
	return sim->rolled[0];
}

/* Every store must show the same leaf at the same position, for ever. */
static void
leaf_know(
    struct sim_node *node, size_t number, uint64_t seq, const struct hash *leaf)
{
	struct model_log *log = &node->sim->model.logs[number];

	if (log->forked)
		return;
	if (seq < log->n) {
		if (memcmp(log->leaves + 32 * seq, leaf, 32) == 0)
			return;
		if (is_rolled(node->sim, &log->name.author)) {
			log->forked = true;
			node->sim->count.forks++;
		} else
			sim_fail(node->sim,
			    "node %zu: position %llu of a log in %s was used "
			    "twice",
			    node->number, (unsigned long long)seq,
			    log->name.space.text);
		return;
	}
	if (seq > log->n)
		sim_fail(node->sim, "node %zu: a log in %s has a gap",
		    node->number, log->name.space.text);
	mem_room(&log->leaves, &log->room, 32 * (seq + 1), 1);
	memcpy(log->leaves + 32 * seq, leaf, 32);
	log->n = seq + 1;
}

static void
leaf_read(struct sim_node *node, const struct log *log, uint64_t seq,
    struct hash *leaf)
{
	struct stored_delta stored;

	sim_must(node->sim,
	    oplog_get(store_txn(node->store), log, seq, &stored),
	    "read a delta");
	merkle_leaf(stored.header, leaf);
}

size_t
model_promise(
    struct sim_node *node, struct model_promise promises[MODEL_PROMISES_MAX])
{
	struct txn *txn = store_txn(node->store);
	struct space_state **spaces;
	size_t spaces_n;
	size_t n = 0;

	verdict_refresh(node);
	sim_must(node->sim, space_all(txn, &spaces, &spaces_n), "list spaces");
	for (size_t i = 0; i < spaces_n; i++) {
		struct log **logs;
		size_t logs_n;

		sim_must(node->sim, oplog_all(txn, spaces[i], &logs, &logs_n),
		    "list logs");
		for (size_t k = 0; k < logs_n; k++) {
			size_t number = log_number(node->sim, logs[k]);
			uint64_t seq = model_size(&node->held, number);

			if (seq < logs[k]->frontier.size)
				place_look(node, logs[k]);
			for (; seq < logs[k]->frontier.size &&
			       n < MODEL_PROMISES_MAX;
			     seq++) {
				promises[n].log = number;
				promises[n].seq = seq;
				leaf_read(
				    node, logs[k], seq, &promises[n].leaf);
				n++;
			}
		}
	}
	return n;
}

void
model_acknowledge(
    struct sim_node *node, const struct model_promise *promises, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		leaf_know(
		    node, promises[i].log, promises[i].seq, &promises[i].leaf);
		model_set(&node->held, promises[i].log, promises[i].seq + 1);
	}
}

void
model_look(struct sim_node *node)
{
	struct sim *sim = node->sim;
	struct space_state **spaces;
	struct txn *txn;
	size_t spaces_n;
	bool *met;

	if (node->store == NULL)
		return;
	node_begin(node, false);
	txn = store_txn(node->store);
	if (kv_txn_id(txn->kv) == node->looked_txn) {
		store_abort(node->store);
		return;
	}
	node->looked_txn = kv_txn_id(txn->kv);
	met = arena_array(&txn->arena, MODEL_LOGS_MAX, sizeof(*met));
	verdict_refresh(node);
	sim_must(sim, space_all(txn, &spaces, &spaces_n), "list spaces");
	for (size_t i = 0; i < spaces_n; i++) {
		struct log **logs;
		size_t n;

		sim_must(
		    sim, oplog_all(txn, spaces[i], &logs, &n), "list logs");
		for (size_t k = 0; k < n; k++) {
			met[log_number(sim, logs[k])] = true;
			log_look(node, logs[k]);
		}
		states_look(node, spaces[i], logs, n);
	}
	for (size_t i = 0; i < node->held.n; i++)
		if (node->held.sizes[i] > 0 && !met[i])
			branch_look(node, i);
	store_abort(node->store);
}

/* The log `number` is not held by this name any more: then one of its branches
 * goes on from all that was acknowledged of it. */
static void
branch_look(struct sim_node *node, size_t number)
{
	const struct model_log *was = &node->sim->model.logs[number];
	uint64_t had = model_size(&node->held, number);
	struct txn *txn = store_txn(node->store);
	struct log **logs;
	bool found = false;
	size_t n;

	sim_must(node->sim,
	    oplog_all(txn, space_find(txn, &was->name.space), &logs, &n),
	    "list logs");
	for (size_t i = 0; i < n && !found; i++) {
		found = memcmp(&logs[i]->name, &was->name, sizeof(was->name)) ==
			    0 &&
			logs[i]->frontier.size >= had;
		/* Of one that was seen to fork its leaves are not known. */
		for (uint64_t seq = 0; seq < had && found && !was->forked;
		     seq++) {
			struct hash leaf;

			leaf_read(node, logs[i], seq, &leaf);
			found = seq < was->n &&
				memcmp(was->leaves + 32 * seq, &leaf, 32) == 0;
		}
	}
	if (!found)
		sim_fail(node->sim,
		    "node %zu: a log in %s with acknowledged writes is gone",
		    node->number, was->name.space.text);
	model_set(&node->held, number, 0);
}

static void
log_look(struct sim_node *node, const struct log *log)
{
	struct sim *sim = node->sim;
	size_t number = log_number(sim, log);
	struct model_held *ever = &sim->model.ever[node->person];
	uint64_t had = model_size(&node->held, number);
	uint64_t size = log->frontier.size;
	struct hash leaf;

	if (size > had)
		place_look(node, log);
	if (size < had)
		sim_fail(sim,
		    "node %zu: a log in %s has %llu deltas, and %llu were "
		    "acknowledged",
		    node->number, log->name.space.text,
		    (unsigned long long)size, (unsigned long long)had);
	/* The last one that was there, too: its place may have been taken. */
	for (uint64_t seq = had > 0 ? had - 1 : 0; seq < size; seq++) {
		leaf_read(node, log, seq, &leaf);
		leaf_know(node, number, seq, &leaf);
	}
	if (size > had || had == 0)
		head_look(node, log);
	model_set(&node->held, number, size);
	if (model_size(ever, number) < size)
		model_set(ever, number, size);
}

/* Of others a node takes only what lies in spaces that it may see. */
static void
place_look(struct sim_node *node, const struct log *log)
{
	size_t space = node_space(node->sim, &log->name.space);

	if (space != SIZE_MAX &&
	    memcmp(&log->name.author, &node->key, sizeof(node->key)) != 0 &&
	    !verdict_sees(node, node->person, space))
		sim_fail(node->sim, "node %zu took a log of %s, which it may "
				    "not see",
		    node->number, log->name.space.text);
}

/* The newest head is its author's, and has the tree of the headers held. */
static void
head_look(struct sim_node *node, const struct log *log)
{
	struct note_head head = {.size = log->head_size,
	    .root = log->head_root,
	    .signature = log->head_signature};
	struct hash root;

	if (!log->has_head) {
		if (log->frontier.size > 0)
			sim_fail(node->sim, "node %zu: a log has no head",
			    node->number);
		return;
	}
	sim_must(node->sim, heads_verify(log, &head), "verify a head");
	if (head.size < log->frontier.size)
		sim_fail(node->sim,
		    "node %zu: a log in %s is longer than its newest head",
		    node->number, log->name.space.text);
	if (head.size > log->frontier.size)
		return;
	sim_must(node->sim,
	    tree_root(store_txn(node->store), log, head.size, &root),
	    "read a root");
	if (memcmp(&root, &head.root, sizeof(root)) != 0)
		sim_fail(node->sim,
		    "node %zu: a head of a log in %s is not that of its tree",
		    node->number, log->name.space.text);
}

/* Of the classes in which this store owes no body. */
static void
states_look(struct sim_node *node, struct space_state *space,
    struct log *const *logs, size_t n)
{
	struct model_state new = {
	    .used = true, .space = node_space(node->sim, &space->name)};

	if (new.space == SIZE_MAX)
		return;
	sim_must(node->sim,
	    digest_logs(store_txn(node->store), space, &new.logs),
	    "digest logs");
	for (new.class = 0; new.class < CLASS_COUNT; new.class ++) {
		bool whole = true;

		for (size_t i = 0; i < n; i++)
			whole = whole && logs[i]->open[new.class] ==
					     logs[i]->frontier.size;
		new.state = space->digests[new.class];
		if (whole)
			state_know(node, &new);
	}
}

void
model_inbox(struct sim_node *node, const struct space *name,
    const struct digest *inbox)
{
	struct txn *txn = store_txn(node->store);
	struct space_state *authority = space_find(txn, &id_authority);
	struct space_state *space = space_find(txn, name);
	struct model_state new = {.used = true,
	    .space = node_space(node->sim, name),
	    .class = CLASS_COUNT,
	    .state = *inbox};
	struct log **logs;
	size_t n;

	if (space == NULL || authority == NULL)
		return;
	sim_must(
	    node->sim, oplog_all(txn, authority, &logs, &n), "list logs");
	/* A fact without its body says nothing yet. */
	for (size_t i = 0; i < n; i++)
		if (logs[i]->open[CLASS_N] < logs[i]->frontier.size)
			return;
	sim_must(
	    node->sim, digest_logs(txn, space, &new.logs), "digest logs");
	state_know(node, &new);
}

static void
state_know(struct sim_node *node, const struct model_state *new)
{
	struct model *model = &node->sim->model;
	size_t at = (bytes_be64(new->logs.b) + new->class *UINT64_C(7919)) %
		    MODEL_STATES_MAX;

	for (; model->states[at].used; at = (at + 1) % MODEL_STATES_MAX) {
		const struct model_state *known = &model->states[at];

		if (known->space != new->space || known->class != new->class ||
		    memcmp(&known->logs, &new->logs, sizeof(known->logs)) != 0)
			continue;
		if (memcmp(&known->state, &new->state, sizeof(known->state)) !=
		    0)
			sim_fail(node->sim,
			    "node %zu: the same logs of %s give another %s "
			    "(class %u)",
			    node->number,
			    new->space == SIZE_MAX
				? "authority"
				: node->sim->spaces[new->space].text,
			    new->class < CLASS_COUNT ? "state" : "inbox",
			    new->class);
		return;
	}
	if (model->states_n < MODEL_STATES_MAX / 2) {
		model->states[at] = *new;
		model->states_n++;
	}
}
