/*
 * Heads that were shown, against the leaves that the model knows, and against
 * the proofs of stores.
 */
#include "tests/sim/shown.h"

#include <string.h>

#include "core/tree.h"
#include "proto/mem.h"
#include "proto/msg.h"
#include "tests/sim/node.h"

struct shown {
	struct log_id log; /* before any fork */
	uint64_t size;
	struct hash root;
	bool found; /* on a line */
};

/* Roots of the first leaves of a line of the model, as far as worked out. */
struct roots {
	struct frontier frontier;
	struct hash *list; /* owned: of 1 leaf first */
	size_t n;
	size_t room;
};

static struct shown *all; /* owned */
static size_t all_n;
static size_t all_room;
static size_t *places; /* owned: of `all`, and 1; open addressing */
static size_t places_n;
static struct roots *lines; /* owned: by the model's number */
static size_t lines_n;

void
shown_fini(void)
{
	for (size_t i = 0; i < lines_n; i++)
		mem_free(lines[i].list);
	mem_free(lines);
	mem_free(places);
	mem_free(all);
	lines = NULL;
	places = NULL;
	all = NULL;
	all_n = all_room = places_n = lines_n = 0;
}

static size_t *
place(const struct shown *shown)
{
	size_t at = bytes_be32(shown->root.b) & (places_n - 1);

	while (places[at] != 0 &&
	       (memcmp(&all[places[at] - 1].root, &shown->root, 32) != 0 ||
		   memcmp(&all[places[at] - 1].log, &shown->log, 16) != 0 ||
		   all[places[at] - 1].size != shown->size))
		at = (at + 1) & (places_n - 1);
	return &places[at];
}

/* Adds `new`, unless it is there: then NULL. */
static struct shown *
add(const struct shown *new)
{
	size_t *at;

	if (2 * (all_n + 1) > places_n) {
		mem_free(places);
		places_n = places_n > 0 ? 2 * places_n : 256;
		places = mem_zeros(places_n, sizeof(*places));
		for (size_t i = 0; i < all_n; i++)
			*place(&all[i]) = i + 1;
	}
	at = place(new);
	if (*at != 0)
		return NULL;
	mem_room(&all, &all_room, all_n + 1, sizeof(*all));
	all[all_n++] = *new;
	*at = all_n;
	return &all[all_n - 1];
}

static const struct hash *
root_of(const struct model *model, size_t line, uint64_t size)
{
	struct roots *roots;

	if (line >= lines_n) {
		lines = mem_resize(lines, (line + 1) * sizeof(*lines));
		memset(
		    lines + lines_n, 0, (line + 1 - lines_n) * sizeof(*lines));
		lines_n = line + 1;
	}
	roots = &lines[line];
	while (roots->n < size) {
		struct hash leaf;

		memcpy(&leaf, model->logs[line].leaves + 32 * roots->n, 32);
		merkle_append(&roots->frontier, &leaf, NULL, NULL);
		mem_room(&roots->list, &roots->room, roots->n + 1,
		    sizeof(*roots->list));
		merkle_root(&roots->frontier, &roots->list[roots->n++]);
	}
	return &roots->list[size - 1];
}

/* Is it on a line?  `*behind`: some line is not so long yet, so that it may
 * come to be. */
static bool
find(const struct model *model, const struct shown *shown, bool *behind)
{
	bool known = false;

	*behind = false;
	for (size_t i = 0; i < model->n; i++) {
		if (memcmp(&model->logs[i].id, &shown->log, 16) != 0)
			continue;
		known = true;
		if (model->logs[i].n < shown->size)
			*behind = true;
		else if (memcmp(root_of(model, i, shown->size), &shown->root,
			     32) == 0)
			return true;
	}
	*behind = *behind || !known;
	return false;
}

static void
fail(struct sim *sim, const struct shown *shown)
{
	size_t line = model_find(&sim->model, &shown->log);

	sim_fail(sim,
	    "a head of %llu deltas of a log in %s was shown: no log "
	    "begins so",
	    (unsigned long long)shown->size,
	    line == SIZE_MAX ? "some space"
			     : sim->model.logs[line].name.space.text);
}

void
shown_head(const struct sim_node *node, const struct msg_run *run)
{
	struct sim *sim = node->sim;
	struct shown new = {.size = run->head_size, .root = run->head_root};
	struct log_name name = run->name;
	struct hash origin;
	struct shown *shown;
	bool behind;

	/* In a file the city is not said. */
	name.city = sim->city;
	id_log(&name, &origin, &new.log);
	if (new.size == 0)
		return;
	shown = add(&new);
	if (shown == NULL)
		return;
	shown->found = find(&sim->model, shown, &behind);
	if (!shown->found && !behind &&
	    !model_is_rolled(sim, &run->name.author))
		fail(sim, shown);
}

void
shown_check(struct sim *sim)
{
	bool behind;

	for (size_t i = 0; i < all_n; i++) {
		if (!all[i].found)
			all[i].found = find(&sim->model, &all[i], &behind);
		if (!all[i].found)
			fail(sim, &all[i]);
	}
}

/* Does the head lead to what is held in `log`? */
static bool
leads(struct txn *txn, struct sim *sim, const struct log *log,
    const struct shown *shown)
{
	struct merkle_proof proof;
	struct hash root;

	merkle_root(&log->frontier, &root);
	sim_must(sim,
	    tree_consistency(txn, log, shown->size, log->frontier.size, &proof),
	    "make a proof");
	return merkle_consistency_holds(
	    shown->size, log->frontier.size, &shown->root, &proof, &root);
}

/* To one branch of its log, unless the branch of the head is not here. */
static void
prove(struct sim_node *node, const struct shown *shown)
{
	struct sim *sim = node->sim;
	struct txn *txn = store_txn(node->store);
	size_t line = model_find(&sim->model, &shown->log);
	struct space_state *space;
	struct log **tips;
	size_t n = 0;
	bool does = false;

	if (line == SIZE_MAX)
		return;
	space = space_find(txn, &sim->model.logs[line].name.space);
	if (space == NULL)
		return;
	sim_must(
	    sim, oplog_tips(txn, space, &shown->log, &tips, &n), "find tips");
	for (size_t i = 0; i < n && !does; i++)
		does = tips[i]->frontier.size >= shown->size &&
		       leads(txn, sim, tips[i], shown);
	/* Of a machine that went back a branch may have come to nobody who
	 * still has it. */
	if (!does && n == 1 && !tips[0]->forked &&
	    !model_is_rolled(sim, &tips[0]->name.author) &&
	    tips[0]->frontier.size >= shown->size)
		sim_fail(sim,
		    "node %zu: no proof leads from a head of %llu deltas to "
		    "its log in %s",
		    node->number, (unsigned long long)shown->size,
		    space->name.text);
}

void
shown_prove(struct sim_node *node)
{
	node_begin(node, false);
	for (size_t i = 0; i < all_n; i++)
		prove(node, &all[i]);
	store_abort(node->store);
}
