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

static void held_look(struct sim_node *node);
static void log_look(struct sim_node *node, const struct log *log, bool alone);
static void tip_know(struct sim_node *node, const struct log *log);
static void tip_count(struct sim_node *node, const struct log *log);
static void branch_name(struct model *model, const struct log *log);
static void place_look(struct sim_node *node, const struct log *log);
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
	model->now = mem_zeros(MODEL_LOGS_MAX, sizeof(*model->now));
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
	mem_free(model->branches);
	mem_free(model->now);
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
	for (size_t i = 0; i < model->n; i++)
		if (memcmp(&model->logs[i].id, id, sizeof(*id)) == 0)
			return i;
	for (size_t i = 0; i < model->branches_n; i++)
		if (memcmp(&model->branches[i].id, id, sizeof(*id)) == 0)
			return model->branches[i].line;
	return SIZE_MAX;
}

uint64_t
model_most(const struct model *model, const struct model_held *held,
    const struct log_id *id)
{
	size_t line = model_find(model, id);
	uint64_t most = 0;

	for (size_t i = 0; line != SIZE_MAX && i < model->n; i++) {
		uint64_t size = model_size(held, i);

		if (memcmp(&model->logs[i].id, &model->logs[line].id, 16) ==
			0 &&
		    size > most)
			most = size;
	}
	return most;
}

/* A line of the log of `log` without leaves. */
static size_t
line_add(struct sim *sim, const struct log *log)
{
	struct model *model = &sim->model;

	if (model->n == MODEL_LOGS_MAX)
		sim_fail(sim, "there are %zu logs: too many for the model",
		    model->n);
	mem_room(
	    &model->logs, &model->room, model->n + 1, sizeof(*model->logs));
	model->logs[model->n] = (struct model_log){
	    .id = log->trunk, .name = log->name};
	model->now[model->n] = 0;
	return model->n++;
}

/* The only line of the log of `log`, which the model learns when it is new;
 * SIZE_MAX when there are several. */
static size_t
line_only(struct sim *sim, const struct log *log)
{
	struct model *model = &sim->model;
	size_t only = SIZE_MAX;

	for (size_t i = 0; i < model->n; i++) {
		if (memcmp(&model->logs[i].id, &log->trunk, 16) != 0)
			continue;
		if (only != SIZE_MAX)
			return SIZE_MAX;
		only = i;
	}
	return only != SIZE_MAX ? only : line_add(sim, log);
}

/* Is it the only branch of its log here? */
static bool
is_alone(struct log *const *logs, size_t n, size_t at)
{
	for (size_t i = 0; i < n; i++)
		if (i != at &&
		    memcmp(&logs[i]->trunk, &logs[at]->trunk, 16) == 0)
			return false;
	return true;
}

/* NULL: it is a root key. */
static const struct sim_node *
author_of(const struct sim *sim, const struct sign_key *author)
{
	for (size_t i = 0; i < sim->n; i++)
		if (memcmp(&sim->nodes[i].key, author, sizeof(*author)) == 0)
			return &sim->nodes[i];
	return NULL;
}

/* Nobody can know that a whole machine was rolled back: such logs may fork.  A
 * key that is no node's is root's, which lies at node 0. */
bool
model_is_rolled(const struct sim *sim, const struct sign_key *author)
{
	const struct sim_node *node = author_of(sim, author);

	return sim->rolled[node == NULL ? 0 : node->person];
}

static void
line_append(struct model_log *line, const struct hash *leaf)
{
	mem_room(&line->leaves, &line->room, 32 * (line->n + 1), 1);
	memcpy(line->leaves + 32 * line->n, leaf, 32);
	line->n++;
}

/* Every store must show the same leaf at the same position, for ever; false:
 * this one is another. */
static bool
leaf_know(struct model_log *line, uint64_t seq, const struct hash *leaf)
{
	if (seq < line->n)
		return memcmp(line->leaves + 32 * seq, leaf, 32) == 0;
	if (seq > line->n)
		return false;
	line_append(line, leaf);
	return true;
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
			size_t number = line_only(node->sim, logs[k]);
			uint64_t seq;

			if (number == SIZE_MAX || !is_alone(logs, logs_n, k))
				continue;
			seq = model_size(&node->held, number);
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
		struct model_log *line =
		    &node->sim->model.logs[promises[i].log];

		/* A branch that nobody knew is looked at in whole. */
		if (model_size(&node->held, promises[i].log) ==
			promises[i].seq &&
		    leaf_know(line, promises[i].seq, &promises[i].leaf))
			model_set(
			    &node->held, promises[i].log, promises[i].seq + 1);
	}
}

void
model_look(struct sim_node *node)
{
	struct sim *sim = node->sim;
	struct space_state **spaces;
	struct txn *txn;
	size_t spaces_n;

	if (node->store == NULL)
		return;
	node_begin(node, false);
	txn = store_txn(node->store);
	if (kv_txn_id(txn->kv) == node->looked_txn) {
		store_abort(node->store);
		return;
	}
	node->looked_txn = kv_txn_id(txn->kv);
	verdict_begun(node);
	memset(sim->model.now, 0, sim->model.n * sizeof(*sim->model.now));
	sim_must(sim, space_all(txn, &spaces, &spaces_n), "list spaces");
	for (size_t i = 0; i < spaces_n; i++) {
		struct log **logs;
		size_t n;

		sim_must(
		    sim, oplog_all(txn, spaces[i], &logs, &n), "list logs");
		for (size_t k = 0; k < n; k++)
			log_look(node, logs[k], is_alone(logs, n, k));
		for (size_t k = 0; k < n; k++)
			tip_count(node, logs[k]);
		states_look(node, spaces[i], logs, n);
	}
	store_abort(node->store);
	held_look(node);
	node->took = 0;
}

/* What was held is held, and what is held now must be from now on. */
static void
held_look(struct sim_node *node)
{
	struct sim *sim = node->sim;
	struct model_held *ever = &sim->model.ever[node->person];

	for (size_t i = 0; i < sim->model.n; i++) {
		uint64_t had = model_size(&node->held, i);
		uint64_t size = sim->model.now[i];

		if (size < had)
			sim_fail(sim,
			    "node %zu: a log in %s has %llu deltas, and %llu "
			    "were acknowledged",
			    node->number, sim->model.logs[i].name.space.text,
			    (unsigned long long)size, (unsigned long long)had);
		model_set(&node->held, i, size);
		if (model_size(ever, i) < size)
			model_set(ever, i, size);
	}
}

/* Learns what `log` shows: as a longer piece of a line that is known, or as a
 * new line. */
static void
log_look(struct sim_node *node, const struct log *log, bool alone)
{
	struct sim *sim = node->sim;
	size_t number = line_only(sim, log);
	uint64_t size = log->frontier.size;
	uint64_t had;
	struct hash leaf;
	bool known = alone && number != SIZE_MAX;

	if (!alone && !log->forked)
		sim_fail(sim,
		    "node %zu holds two branches of a log in %s and no proof",
		    node->number, log->name.space.text);
	had = known ? model_size(&node->held, number) : 0;
	/* The last one that was there, too: its place may have been taken. */
	for (uint64_t seq = had > 0 ? had - 1 : 0; seq < size && known; seq++) {
		leaf_read(node, log, seq, &leaf);
		known = leaf_know(&sim->model.logs[number], seq, &leaf);
	}
	if (!known)
		tip_know(node, log);
	else if (size > had)
		place_look(node, log);
	if (known)
		sim->model.now[number] = size;
	if (!known || size > had || had == 0)
		head_look(node, log);
}

static struct hash *
tip_read(struct sim_node *node, const struct log *log)
{
	struct hash *leaves = arena_array(&store_txn(node->store)->arena,
	    log->frontier.size + 1, sizeof(*leaves));

	for (uint64_t seq = 0; seq < log->frontier.size; seq++)
		leaf_read(node, log, seq, &leaves[seq]);
	return leaves;
}

static uint64_t
shared_with(const struct model_log *line, const struct hash *leaves, uint64_t n)
{
	uint64_t shared = 0;

	while (shared < n && shared < line->n &&
	       memcmp(line->leaves + 32 * shared, &leaves[shared], 32) == 0)
		shared++;
	return shared;
}

/* The whole of a branch against all lines of its log. */
static void
tip_know(struct sim_node *node, const struct log *log)
{
	struct sim *sim = node->sim;
	struct model *model = &sim->model;
	struct hash *leaves = tip_read(node, log);
	uint64_t size = log->frontier.size;
	size_t line = SIZE_MAX;
	uint64_t most = 0;

	for (size_t i = 0; i < model->n; i++) {
		uint64_t shared = shared_with(&model->logs[i], leaves, size);

		if (memcmp(&model->logs[i].id, &log->trunk, 16) != 0)
			continue;
		if (shared == size)
			return;
		if (shared == model->logs[i].n)
			line = i;
		most = most < shared ? shared : most;
	}
	if (line == SIZE_MAX || most > model->logs[line].n) {
		if (!model_is_rolled(sim, &log->name.author))
			sim_fail(sim,
			    "node %zu: position %llu of a log in %s was used "
			    "twice",
			    node->number, (unsigned long long)most,
			    log->name.space.text);
		sim->count.forks++;
		line = line_add(sim, log);
	}
	while (model->logs[line].n < size)
		line_append(&model->logs[line], &leaves[model->logs[line].n]);
}

/* How much of each line of its log lies in `log`. */
static void
tip_count(struct sim_node *node, const struct log *log)
{
	struct model *model = &node->sim->model;
	struct hash *leaves;
	uint64_t old = 0;

	branch_name(model, log);
	if (line_only(node->sim, log) != SIZE_MAX)
		return;
	leaves = tip_read(node, log);
	for (size_t i = 0; i < model->n; i++) {
		uint64_t shared;

		if (memcmp(&model->logs[i].id, &log->trunk, 16) != 0)
			continue;
		shared = shared_with(
		    &model->logs[i], leaves, log->frontier.size);
		if (model->now[i] < shared)
			model->now[i] = shared;
		if (shared > model_size(&node->held, i))
			shared = model_size(&node->held, i);
		old = old < shared ? shared : old;
	}
	if (old < log->frontier.size)
		place_look(node, log);
}

/* So that it is known when somebody speaks of it. */
static void
branch_name(struct model *model, const struct log *log)
{
	if (model_find(model, &log->id) != SIZE_MAX)
		return;
	mem_room(&model->branches, &model->branches_room, model->branches_n + 1,
	    sizeof(*model->branches));
	model->branches[model->branches_n++] = (struct model_branch){
	    .id = log->id, .line = model_find(model, &log->trunk)};
}

/* Of others a node takes only what lies in spaces that it may see.  Who gets a
 * grant and its end in one transaction may have seen them between. */
static void
place_look(struct sim_node *node, const struct log *log)
{
	size_t space = node_space(node->sim, &log->name.space);
	bool own = memcmp(&log->name.author, &node->key, sizeof(node->key)) ==
		   0;

	/* Root decides at the founder's. */
	if (node->role == ROLE_FOUNDER)
		own = own || author_of(node->sim, &log->name.author) == NULL;
	if (space != SIZE_MAX && !own && !verdict_took(node, space) &&
	    !verdict_sees(node, node->person, space))
		sim_fail(node->sim,
		    "node %zu took a log of %s, which it may "
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

	if (new.space == SIZE_MAX || !verdict_has_facts(node))
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
model_inbox(
    struct sim_node *node, const struct space *name, const struct digest *inbox)
{
	struct txn *txn = store_txn(node->store);
	struct space_state *authority = space_find(txn, &id_authority);
	struct space_state *space = space_find(txn, name);
	struct model_state new = {.used = true,
	    .space = node_space(node->sim, name),
	    .class = CLASS_COUNT,
	    .state = *inbox};

	if (space == NULL || authority == NULL || !verdict_has_facts(node))
		return;
	sim_must(node->sim, digest_logs(txn, space, &new.logs), "digest logs");
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
