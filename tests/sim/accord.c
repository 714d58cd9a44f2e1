/*
 * Who agrees holds the same: looked up in both stores after a session that
 * ended well, so that nobody who went back in time is taken for an equal.
 */
#include "tests/sim/accord.h"

#include <stdlib.h>
#include <string.h>

#include "proto/mem.h"
#include "tests/sim/node.h"
#include "tests/sim/verdict.h"

/* By what `node` knows now. */
static const struct sim_given *
given(const struct sim_node *node, const struct sim_node *of, size_t space)
{
	return sim_given(node, false, of->person, space);
}

/* What both are known to have, by each. */
static unsigned
common_bits(const struct sim_node *a, const struct sim_node *b, size_t space)
{
	return given(a, a, space)->bits & given(a, b, space)->bits &
	       given(b, a, space)->bits & given(b, b, space)->bits;
}

static unsigned
common_classes(const struct sim_node *a, const struct sim_node *b, size_t space)
{
	return given(a, a, space)->classes & given(a, b, space)->classes &
	       given(b, a, space)->classes & given(b, b, space)->classes;
}

static bool
sees(const struct sim_node *node, const struct sim_node *of, size_t space)
{
	const struct sim_given *rights = given(node, of, space);

	return rights->member && !rights->compromised &&
	       (rights->bits & VERDICT_SEES) != 0;
}

static bool
is_shared(const struct sim_node *a, const struct sim_node *b,
    const struct space *name)
{
	size_t space = node_space(a->sim, name);

	if (space == SIZE_MAX)
		return id_is_authority(name);
	if (!sim_is_judged(a->sim))
		return verdict_sees(a, a->person, space) &&
		       verdict_sees(a, b->person, space);
	return sees(a, a, space) && sees(a, b, space) && sees(b, a, space) &&
	       sees(b, b, space);
}

static int
id_order(const void *a, const void *b)
{
	const struct accord_log *left = a;
	const struct accord_log *right = b;

	return memcmp(&left->id, &right->id, sizeof(left->id));
}

void
accord_read(struct sim_node *node, struct accord_logs *logs)
{
	struct sim *sim = node->sim;
	struct txn *txn;
	struct space_state **spaces;
	size_t spaces_n;

	node_begin(node, false);
	verdict_refresh(node);
	txn = store_txn(node->store);
	sim_must(sim, space_all(txn, &spaces, &spaces_n), "list spaces");
	for (size_t i = 0; i < spaces_n; i++) {
		struct log **all;
		size_t n;

		sim_must(sim, oplog_all(txn, spaces[i], &all, &n), "list logs");
		mem_room(
		    &logs->list, &logs->room, logs->n + n, sizeof(*logs->list));
		for (size_t k = 0; k < n; k++) {
			struct accord_log *log = &logs->list[logs->n++];

			log->id = all[k]->id;
			log->name = all[k]->name;
			log->size = all[k]->frontier.size;
			log->held = all[k]->held;
			log->kept = all[k]->kept;
			memcpy(log->open, all[k]->open, sizeof(log->open));
			merkle_root(&all[k]->frontier, &log->root);
		}
	}
	store_abort(node->store);
	if (logs->n > 0)
		qsort(logs->list, logs->n, sizeof(*logs->list), id_order);
}

const struct accord_log *
accord_find(const struct accord_logs *logs, const struct accord_log *log)
{
	return logs->n == 0
		   ? NULL
		   : bsearch(log, logs->list, logs->n, sizeof(*log), id_order);
}

static size_t
person_of(const struct sim *sim, const struct sign_key *author)
{
	for (size_t i = 0; i < sim->n; i++)
		if (memcmp(&sim->nodes[i].key, author, sizeof(*author)) == 0)
			return i;
	return SIZE_MAX;
}

static void
log_compare(const struct sim_node *a, const struct sim_node *b,
    const struct accord_log *log, const struct accord_log *other)
{
	size_t space = node_space(a->sim, &log->name.space);
	size_t author = person_of(a->sim, &log->name.author);
	/* Liars make logs up of keys that nobody knows. */
	bool same = log->size == 0 || (author == SIZE_MAX && other == NULL);

	if (other != NULL)
		same = log->size == other->size &&
		       memcmp(&log->root, &other->root, 32) == 0;
	if (!same)
		sim_fail(a->sim,
		    "nodes %zu and %zu agree, and have %llu and %llu deltas of "
		    "a log in %s of node %zu",
		    a->number, b->number, (unsigned long long)log->size,
		    (unsigned long long)(other == NULL ? 0 : other->size),
		    log->name.space.text, author);
	if (other == NULL || space == SIZE_MAX || !sim_is_judged(a->sim))
		return;
	if ((common_bits(a, b, space) & RIGHT_HOLD) != 0 &&
	    log->held != other->held)
		sim_fail(a->sim,
		    "nodes %zu and %zu agree, and hold %llu and %llu bodies of "
		    "a log in %s",
		    a->number, b->number, (unsigned long long)log->held,
		    (unsigned long long)other->held, log->name.space.text);
	for (unsigned c = 0; c < CLASS_COUNT; c++)
		if ((common_classes(a, b, space) >> c & 1) != 0 &&
		    log->open[c] != other->open[c])
			sim_fail(a->sim,
			    "nodes %zu and %zu agree, and read %llu and %llu "
			    "bodies of class %u of a log in %s",
			    a->number, b->number,
			    (unsigned long long)log->open[c],
			    (unsigned long long)other->open[c], c,
			    log->name.space.text);
}

void
accord_check(struct sim_node *a, struct sim_node *b)
{
	struct accord_logs of_a = {0};
	struct accord_logs of_b = {0};

	if (a->store == NULL || b->store == NULL)
		return;
	/* What a hostile peer says it agrees to means nothing. */
	if (!a->sim->healing && a->sim->twister > 0 &&
	    (a->person == a->sim->twister || b->person == a->sim->twister))
		return;
	accord_read(a, &of_a);
	accord_read(b, &of_b);
	for (size_t i = 0; i < of_a.n; i++)
		if (is_shared(a, b, &of_a.list[i].name.space))
			log_compare(a, b, &of_a.list[i],
			    accord_find(&of_b, &of_a.list[i]));
	for (size_t i = 0; i < of_b.n; i++)
		if (is_shared(b, a, &of_b.list[i].name.space))
			log_compare(b, a, &of_b.list[i],
			    accord_find(&of_a, &of_b.list[i]));
	mem_free(of_a.list);
	mem_free(of_b.list);
	a->sim->count.accords++;
}
