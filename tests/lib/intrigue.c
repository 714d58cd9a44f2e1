/*
 * Whoever may and whoever may not writes what comes to mind.  Weighted so that
 * about half of all facts count.
 */
#include "tests/lib/intrigue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { REFS = 400, MEMBERS_FIRST = 3, MEMBERS = 8, CUTS = 8 };

struct list {
	size_t n;
	struct ref refs[REFS];
	size_t keys[REFS];     /* of grants: who got it */
	size_t prefixes[REFS]; /* and for what */
};

struct intrigue {
	struct charter *c;
	struct list facts;
	struct list grants;
	struct list decisions;
	struct ref last;	       /* that was decided about */
	size_t prefixes[CHARTER_LOGS]; /* of the grants of logs, by index */
	bool is_calm;		       /* no forks and new roots this time */
};

static const char *const prefixes[] = {
    "", "d01", "d01", "d01/c1", "d01/c1", "d01/c1/case", "d02", "d02/c2"};
static const char *const gives[] = {
    "all", "all", "all", "all", "read:N,write,admin", "read:N,write", "admin"};

static size_t
below(struct intrigue *g, size_t n)
{
	return (size_t)prng_below(&g->c->prng, n);
}

static void
list_add(struct list *list, struct ref ref, size_t key)
{
	assert_true(list->n < REFS);
	list->refs[list->n] = ref;
	list->keys[list->n++] = key;
}

static struct ref
list_any(struct intrigue *g, const struct list *list)
{
	struct ref ref = {.seq = 3};

	if (list->n == 0 || below(g, 20) == 0)
		return ref;
	return list->refs[below(g, list->n)];
}

static size_t
log_any(struct intrigue *g)
{
	size_t log;

	/* Root speaks more often than others, and who came last. */
	do {
		size_t dice = below(g, 8);

		log = below(g, g->c->logs_n);
		log = dice == 0 ? 0 : log;
		log = dice >= 6 ? g->c->logs_n - 1 : log;
	} while (g->c->logs[log].size == CHARTER_LEAVES ||
		 !id_is_authority(&g->c->logs[log].name.space));
	return log;
}

static size_t
member_any(struct intrigue *g)
{
	return MEMBERS_FIRST + below(g, MEMBERS);
}

static int
cut_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct log_id));
}

/* Cuts of some logs, preferring those opened under `grant`, if it is given. */
static size_t
cuts_any(struct intrigue *g, const struct ref *grant, struct log_cut *cuts)
{
	size_t all = 0;
	size_t n = 0;

	for (size_t i = 0; i < g->c->logs_n && all < CUTS; i++) {
		const struct charter_log *log = &g->c->logs[i];
		const struct charter_leaf *open = log->leaves[0];
		bool wanted = grant != NULL && open->has_grant &&
			      id_ref_compare(&open->opened, grant) == 0;

		if (below(g, 8) >= (wanted ? 6u : 1u))
			continue;
		cuts[all] = charter_cut(g->c, i, below(g, log->size + 1));
		if (below(g, 10) == 0)
			cuts[all].root.b[5] ^= 1;
		all++;
	}
	if (all > 0)
		qsort(cuts, all, sizeof(*cuts), cut_compare);
	for (size_t i = 0; i < all; i++) {
		if (n == 0 || cut_compare(&cuts[n - 1], &cuts[i]) != 0)
			cuts[n++] = cuts[i];
	}
	return n;
}

static void
step_grant(struct intrigue *g)
{
	size_t key = member_any(g);
	size_t log = log_any(g);
	size_t prefix = below(g, 4) == 0 ? below(g, COUNT_OF(prefixes))
					 : g->prefixes[log];
	const char *passes = below(g, 6) == 0 ? "read:N,write" : "all";
	struct ref ref = charter_grant(g->c, log, key, prefixes[prefix],
	    gives[below(g, COUNT_OF(gives))], below(g, 8) == 0 ? "" : passes);

	g->grants.prefixes[g->grants.n] = prefix;
	list_add(&g->grants, ref, key);
	list_add(&g->facts, ref, 0);
}

static void
step_open(struct intrigue *g)
{
	size_t at;
	size_t author;

	if (g->c->logs_n >= CHARTER_LOGS / 2)
		return;
	if (g->grants.n == 0 || below(g, 60) == 0) {
		(void)charter_open(g->c, member_any(g), "authority", NULL);
		return;
	}
	at = below(g, 2) == 0 ? g->grants.n - 1 : below(g, g->grants.n);
	author = below(g, 20) == 0 ? member_any(g) : g->grants.keys[at];
	g->prefixes[g->c->logs_n] = g->grants.prefixes[at];
	(void)charter_open(g->c, author, "authority", &g->grants.refs[at]);
}

/* A log of data, with a few changes: for cuts to name. */
static void
step_data(struct intrigue *g)
{
	static const char *const spaces[] = {
	    "d01/c1/case", "d01/c2/case", "d02/c2/case"};
	size_t at;
	size_t log;

	if (g->c->logs_n >= CHARTER_LOGS / 2 || g->grants.n == 0)
		return;
	at = below(g, g->grants.n);
	log = charter_open(g->c, g->grants.keys[at],
	    spaces[below(g, COUNT_OF(spaces))], &g->grants.refs[at]);
	for (size_t i = below(g, 6); i > 0; i--)
		(void)charter_change(g->c, log);
	if (below(g, 3) > 0)
		return;
	log = charter_branch(g->c, log, 1 + below(g, g->c->logs[log].size));
	for (size_t i = 1 + below(g, 4); i > 0; i--)
		(void)charter_change(g->c, log);
}

static void
step_member(struct intrigue *g)
{
	char label[8];

	(void)snprintf(label, sizeof(label), "n%zu", below(g, 100));
	list_add(&g->facts,
	    charter_member(g->c, log_any(g), member_any(g), label), 0);
}

static void
step_revoke(struct intrigue *g)
{
	struct ref grant = list_any(g, &g->grants);
	struct log_cut cuts[CUTS];
	size_t n = cuts_any(g, &grant, cuts);

	list_add(&g->facts,
	    charter_revoke(g->c, log_any(g), &grant, below(g, 3) == 0, cuts, n),
	    0);
}

static void
step_decide(struct intrigue *g)
{
	struct log_cut cuts[CUTS];
	struct ref targets[3];
	struct ref replaces[3];
	struct charter_decision decision = {
	    .kind = below(g, 3) == 0 ? DELTA_VOID : DELTA_ADOPT,
	    .targets = targets,
	    .targets_n = 1 + below(g, 3),
	    .replaces = replaces,
	    .cuts = cuts};

	for (size_t i = 0; i < decision.targets_n; i++)
		targets[i] = list_any(g, &g->facts);
	/* People quarrel about the same things. */
	if (below(g, 2) == 0)
		targets[0] = g->last;
	g->last = targets[0];
	if (g->decisions.n > 0 && below(g, 2) == 0)
		decision.replaces_n = 1 + below(g, 2);
	for (size_t i = 0; i < decision.replaces_n; i++)
		replaces[i] = list_any(g, &g->decisions);
	if (below(g, 4) == 0)
		decision.cuts_n = cuts_any(g, NULL, cuts);
	list_add(&g->decisions, charter_decide(g->c, log_any(g), &decision), 0);
}

static void
step_branch(struct intrigue *g)
{
	size_t log = below(g, g->c->logs_n);
	size_t branch;

	if (g->c->logs_n >= CHARTER_LOGS / 2 || g->c->logs[log].size < 2)
		return;
	branch = charter_branch(
	    g->c, log, 1 + below(g, g->c->logs[log].size - 1));
	list_add(
	    &g->facts, charter_member(g->c, branch, member_any(g), "twin"), 0);
}

static void
step_rotate(struct intrigue *g)
{
	struct log_cut cuts[CUTS];
	size_t n = cuts_any(g, NULL, cuts);
	size_t author = 1 + below(g, 2);

	if (g->c->logs_n < CHARTER_LOGS / 2)
		(void)charter_rotate(
		    g->c, author, below(g, 4) == 0 ? 3 : author + 1, cuts, n);
}

void
intrigue_write(struct charter *charter, size_t steps)
{
	struct intrigue *g = test_calloc(1, sizeof(*g));

	g->c = charter;
	g->is_calm = below(g, 3) > 0;
	(void)charter_open(charter, 0, "authority", NULL);
	for (size_t i = 0; i < steps; i++) {
		size_t dice = below(g, 100);

		if (dice < 30)
			step_grant(g);
		else if (dice < 50)
			step_open(g);
		else if (dice < 62)
			step_member(g);
		else if (dice < 66)
			step_data(g);
		else if (dice < 79)
			step_revoke(g);
		else if (dice < 92)
			step_decide(g);
		else if (dice < 96 || g->is_calm)
			step_open(g);
		else if (dice < 99)
			step_branch(g);
		else
			step_rotate(g);
	}
	test_free(g);
}

void
intrigue_reckon(struct charter *charter, size_t logs)
{
	struct intrigue *g = test_calloc(1, sizeof(*g));
	size_t root;

	g->c = charter;
	root = charter_open(charter, 0, "authority", NULL);
	for (size_t i = 0; i < logs; i++) {
		size_t key = member_any(g);
		struct ref grant = charter_grant(
		    charter, root, key, "d01", "all", "");
		size_t log = charter_open(charter, key, "d01/c1/case", &grant);
		struct log_cut cuts[CUTS];

		for (size_t k = below(g, 6); k > 0; k--)
			(void)charter_change(charter, log);
		for (size_t k = below(g, 3); k > 0; k--) {
			size_t twin = charter_branch(charter, log,
			    1 + below(g, charter->logs[log].size));

			for (size_t n = 1 + below(g, 4); n > 0; n--)
				(void)charter_change(charter, twin);
		}
		for (size_t k = below(g, 3); k > 0; k--)
			(void)charter_revoke(charter, root, &grant, false, cuts,
			    cuts_any(g, &grant, cuts));
	}
	test_free(g);
}

void
intrigue_held(
    struct charter *charter, struct prng *prng, struct charter_held *held)
{
	charter_held_all(charter, held);
	for (size_t i = 0; i < charter->logs_n; i++) {
		if (prng_below(prng, 4) == 0)
			held->sizes[i] = (size_t)prng_below(
			    prng, charter->logs[i].size + 1);
		held->bare[i] = prng_below(prng, 8) == 0;
	}
}
