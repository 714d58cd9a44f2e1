/*
 * The events of a run in words, for whoever reads why it failed.
 */
#include "tests/sim/tell.h"

#include <stdio.h>
#include <string.h>

enum object { NOTHING, A_NODE, AN_ERR, A_NUMBER };

/* What follows the node `a`, and what `b` is.  Without a node: a sentence. */
static const struct tell_word {
	const char *what;
	const char *says;
	bool has_node;
	enum object object;
} words[] = {{"clone", "is copied, and the copy runs as", true, A_NODE},
    {"clock", "sets its clock; it is off by ms", true, A_NUMBER},
    {"commit", "commits", true, AN_ERR},
    {"connect", "is connected with", true, A_NODE},
    {"crash", "crashes", true, NOTHING},
    {"decide", "adopts or voids", true, AN_ERR},
    {"ended", "ends a session", true, AN_ERR},
    {"export", "writes a bundle; only what is new:", true, A_NUMBER},
    {"forge", "writes what it has no right to", true, AN_ERR},
    {"fsck", "a store is sound; deltas and bodies:", false, A_NUMBER},
    {"grow", "gets more rights", true, AN_ERR},
    {"holds all", "holds all; logs:", true, A_NUMBER},
    {"import", "takes a bundle", true, AN_ERR},
    {"lie", "signs a lie of the kind", true, A_NUMBER},
    {"lost", "loses a connection", true, NOTHING},
    {"night", "a day ends", false, NOTHING},
    {"pack", "packs deltas:", true, A_NUMBER},
    {"partition", "the city is divided, or (1) whole again:", false, A_NUMBER},
    {"publish", "publishes a pack", true, AN_ERR},
    {"regrant", "gives rights again to", true, A_NODE},
    {"rekey", "gets a new key, as", true, A_NODE},
    {"rekey failed", "tries to give a new key", true, NOTHING},
    {"restore", "gets an old data file, in (1) the same inode:", true,
	A_NUMBER},
    {"revoke", "takes rights back; done:", true, A_NUMBER},
    {"rollback", "goes back, the whole machine", true, NOTHING},
    {"rotate", "replaces the root key", true, AN_ERR},
    {"rush", "all send and take in at once", false, NOTHING},
    {"split", "runs twice from now on, each with its root keys: node", true,
	A_NODE},
    {"visit", "talks to the end with", true, A_NODE},
    {"wire", "carries, works or fills; side", true, A_NUMBER},
    {"write", "writes", true, AN_ERR}};

static void
tell_node(const struct sim *sim, uint64_t number)
{
	static const char *const roles[] = {[ROLE_FOUNDER] = "founder",
	    [ROLE_CITY] = "aggregator",
	    [ROLE_DISTRICT] = "district",
	    [ROLE_CENTRE] = "centre",
	    [ROLE_AUDITOR] = "auditor"};
	const struct sim_node *node;

	/* One that is about to be made. */
	if (number >= sim->n) {
		printf(" node %llu", (unsigned long long)number);
		return;
	}
	node = &sim->nodes[number];
	printf(" %s %zu", roles[node->role], node->number);
	if (node->person != node->number)
		printf(" (a copy of %zu)", node->person);
}

void
tell_event(const struct sim *sim, const char *what, uint64_t a, uint64_t b)
{
	const struct tell_word *word = NULL;

	for (size_t i = 0; i < COUNT_OF(words) && word == NULL; i++)
		if (strcmp(words[i].what, what) == 0)
			word = &words[i];
	if (sim->healing)
		printf("# in the end:");
	else
		printf("# step %llu:", (unsigned long long)sim->step);
	if (word == NULL) {
		printf(" %s %llu %llu\n", what, (unsigned long long)a,
		    (unsigned long long)b);
		return;
	}
	if (word->has_node)
		tell_node(sim, a);
	printf(" %s", word->says);
	if (!word->has_node && word->object == A_NUMBER)
		printf(" %llu", (unsigned long long)a);
	if (word->object == A_NODE)
		tell_node(sim, b);
	if (word->object == A_NUMBER)
		printf(" %lld", (long long)b);
	if (word->object == AN_ERR && b != ERR_OK)
		printf(": %s", err_name((enum err)b));
	printf("\n");
}
