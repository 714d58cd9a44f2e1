/*
 * Bodies in the end: whoever may have some has them, when anybody has them who
 * can hand them on to it.  Reads all stores, and goes by the facts that each
 * holds.
 */
#include "tests/sim/depth.h"

#include <string.h>

#include "proto/mem.h"
#include "tests/sim/accord.h"
#include "tests/sim/node.h"
#include "tests/sim/verdict.h"

/* With secrets, by class; sealed; and so that their author can read them again,
 * which the author alone gives. */
enum { KIND_HELD = CLASS_COUNT, KIND_KEPT, KINDS };

static const char *const kinds[KINDS] = {"of class N", "of class P",
    "of class S", "of class F", "sealed", "for their author"};

static bool hands(const struct sim_node *from, const struct sim_node *to,
    const struct accord_log *log, unsigned kind);
static bool comes(const struct sim_node *from, const struct sim_node *to,
    const struct accord_log *log, unsigned kind);

static uint64_t
amount(const struct accord_log *log, unsigned kind)
{
	if (kind == KIND_KEPT)
		return log->kept;
	return kind == KIND_HELD ? log->held : log->open[kind];
}

static bool
wrote(const struct sim_node *node, const struct accord_log *log)
{
	return memcmp(&node->key, &log->name.author, sizeof(node->key)) == 0;
}

/* Somebody has more of `log` than `node`, who could have it. */
static bool
is_owed(const struct sim_node *node, const struct accord_log *log,
    const struct sim_node *other, const struct accord_log *theirs, bool must)
{
	bool owed = false;

	if (theirs == NULL || theirs->size != log->size ||
	    memcmp(&theirs->root, &log->root, sizeof(log->root)) != 0)
		return false;
	for (unsigned kind = 0; kind < KINDS && !owed; kind++) {
		owed = amount(theirs, kind) > amount(log, kind) &&
		       (kind == KIND_KEPT
			       ? wrote(other, log) &&
				     hands(other, node, log, KIND_HELD)
			       : comes(other, node, log, kind));
		if (owed && must)
			sim_fail(node->sim,
			    "node %zu has the bodies (%s) of %llu of %llu "
			    "deltas of a log in %s, and node %zu of %llu",
			    node->number, kinds[kind],
			    (unsigned long long)amount(log, kind),
			    (unsigned long long)log->size, log->name.space.text,
			    other->number,
			    (unsigned long long)amount(theirs, kind));
	}
	return owed;
}

/* Is node `a` owed a body of any log that `b` could give it? */
static bool
owes(struct sim *sim, const struct accord_logs *logs, size_t a, size_t b,
    bool must)
{
	bool some = false;

	for (size_t k = 0; k < logs[a].n && a != b; k++) {
		const struct accord_log *log = &logs[a].list[k];

		some = is_owed(&sim->nodes[a], log, &sim->nodes[b],
			   accord_find(&logs[b], log), must) ||
		       some;
	}
	return some;
}

bool
depth_agrees(struct sim *sim, bool must)
{
	struct accord_logs *logs = mem_zeros(sim->n, sizeof(*logs));
	bool all = true;

	for (size_t i = 0; i < sim->n; i++)
		accord_read(&sim->nodes[i], &logs[i]);
	for (size_t a = 0; a < sim->n; a++) {
		for (size_t b = 0; b < sim->n; b++)
			all = !owes(sim, logs, a, b, must) && all;
	}
	for (size_t i = 0; i < sim->n; i++)
		mem_free(logs[i].list);
	mem_free(logs);
	return all;
}

/* Do bodies that `from` has come to `to`, over whoever may have them? */
static bool
comes(const struct sim_node *from, const struct sim_node *to,
    const struct accord_log *log, unsigned kind)
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
			    !hands(a, b, log, kind))
				continue;
			reached[b->number] = true;
			more = true;
		}
	}
	return reached[to->number];
}

/* By what `by` knows. */
static bool
sees(const struct sim_node *by, const struct sim_node *whom, size_t space)
{
	const struct sim_given *given = sim_given(
	    by, false, whom->person, space);

	return given->member && !given->compromised &&
	       (given->bits & VERDICT_SEES) != 0;
}

/* Do `by` and `other` speak of `log`, by what `by` knows (docs/sync.md §4)? */
static bool
shares(const struct sim_node *by, const struct sim_node *other,
    const struct accord_log *log, size_t space)
{
	return (sees(by, by, space) || wrote(by, log)) &&
	       (sees(by, other, space) || wrote(other, log)) &&
	       (sees(by, by, space) || sees(by, other, space));
}

/* May `whom` have bodies of `kind`, by what `by` knows (docs/sync.md §6)? */
static bool
may(const struct sim_node *by, const struct sim_node *whom,
    const struct accord_log *log, size_t space, unsigned kind)
{
	const struct sim_given *given = sim_given(
	    by, false, whom->person, space);

	if (!sees(by, whom, space))
		return false;
	if (wrote(whom, log))
		return true;
	return kind == KIND_HELD ? (given->bits & RIGHT_HOLD) != 0
				 : (given->classes >> kind & 1) != 0;
}

/* Does `to` get them of `from`, when that has them? */
static bool
hands(const struct sim_node *from, const struct sim_node *to,
    const struct accord_log *log, unsigned kind)
{
	size_t space = node_space(from->sim, &log->name.space);

	if (!verdict_talk(from, to))
		return false;
	if (space == SIZE_MAX)
		return kind == KIND_HELD || kind == CLASS_N;
	return shares(from, to, log, space) && shares(to, from, log, space) &&
	       may(from, to, log, space, kind) && may(to, to, log, space, kind);
}
