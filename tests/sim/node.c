/*
 * Nodes: who they are, what they may, and what befalls them.  A crash loses
 * the process and what was not committed; a restore puts an old data file in
 * the place of the new one; a clone runs beside its original.
 */
#include "tests/sim/node.h"

#include <stdio.h>
#include <string.h>

#include "core/rebuild.h"
#include "proto/mem.h"
#include "tests/sim/large.h"
#include "tests/sim/lost.h"
#include "tests/sim/packs.h"
#include "tests/sim/spend.h"
#include "tests/sim/swarm.h"
#include "tests/sim/verdict.h"
#include "tests/sim/wire.h"
#include "tests/sim/wrap.h"

enum { CLASSES_DISTRICT = 7 };

static uint64_t host_now_ms(void *arg);
static void host_random(void *arg, uint8_t *p, size_t n);
static void spaces_plan(struct sim *sim);
static void lines_draw(struct sim *sim);
static void grant(struct sim_node *by, const struct sim_node *whom,
    const char *prefix, const char *gives);

static uint64_t
host_now_ms(void *arg)
{
	const struct sim_node *node = arg;
	int64_t now = (int64_t)node->sim->now_ms + node->clock_ms;

	if (node->clock_dead)
		return node->sim->now_ms % 100000;
	return now > 0 ? (uint64_t)now : 0;
}

static void
host_random(void *arg, uint8_t *p, size_t n)
{
	struct sim_node *node = arg;

	prng_fill(&node->prng, p, n);
}

bool
sim_is_large(const struct sim *sim)
{
	return sim->plan->nodes > SIM_SMALL_MAX;
}

bool
sim_is_judged(const struct sim *sim)
{
	return sim->plan->nodes <= SIM_JUDGED_MAX;
}

const struct sim_given *
sim_given(const struct sim_node *node, bool before, size_t person, size_t space)
{
	return &node->given[before][person * node->sim->spaces_n + space];
}

bool
sim_is_linked(const struct sim_node *a, const struct sim_node *b)
{
	const struct sim *sim = a->sim;

	return (!sim->swarm.relay && !sim_is_large(sim)) ||
	       sim->nodes[a->person].above == b->person ||
	       sim->nodes[b->person].above == a->person;
}

static void
spaces_plan(struct sim *sim)
{
	size_t centres = sim->plan->nodes - 3;
	char text[32];

	for (size_t i = 0; i <= centres; i++) {
		if (i < centres)
			(void)snprintf(text, sizeof(text), "d1/c%02u/x",
			    (unsigned)i % 100);
		else
			(void)snprintf(text, sizeof(text), "d1/shared/x");
		sim_must(sim, id_space(bytes_text(text), &sim->spaces[i]),
		    "name a space");
	}
	sim->spaces_n = centres + 1;
}

void
node_make_all(struct sim *sim)
{
	struct sim_node *founder = &sim->nodes[0];
	struct sim_node *district = &sim->nodes[1];

	spaces_plan(sim);
	(void)node_make(sim, ROLE_FOUNDER, 0);
	sim->admitted[0] = true;
	(void)node_make(sim, ROLE_DISTRICT, 0);
	while (sim->n + 1 < sim->plan->nodes)
		(void)node_make(sim, ROLE_CENTRE, sim->n - 2);
	(void)node_make(sim, ROLE_AUDITOR, 0);
	if (sim->swarm.relay)
		lines_draw(sim);
	node_admit(founder, district);
	if (sim->swarm.layers) {
		struct sim_wire *wire = wire_open(founder, district, true);

		(void)wire_finish(wire);
		if (wire->used)
			wire_break(wire);
	}
	for (size_t i = 2; i < sim->n; i++)
		if (!sim->swarm.late || sim->nodes[i].centre % 2 == 0)
			node_admit(sim->swarm.layers && node_is_admin(district)
				       ? district
				       : founder,
			    &sim->nodes[i]);
}

void
node_turn(struct sim_node *node)
{
	node->prng = plan_prng(
	    node->sim->plan, node->sim->turn, DRAW_NODE + node->number);
}

void
node_start(struct sim *sim, struct sim_node *node, size_t number)
{
	char name[16];

	memset(node, 0, sizeof(*node));
	node->sim = sim;
	node->number = number;
	node->person = number;
	node_turn(node);
	(void)snprintf(name, sizeof(name), "node%03u", (unsigned)number % 1000);
	(void)snprintf(
	    node->dir, sizeof(node->dir), "%s", tempdir_at(&sim->dir, name));
	node->host = (struct host){
	    .now_ms = host_now_ms, .random = host_random, .arg = node};
	node->looked_txn = UINT64_MAX;
	verdict_begin(node);
}

/* Lines of a city in which not all have one: a star around the district; every
 * other centre behind one that only keeps what it writes; or any tree. */
static void
lines_draw(struct sim *sim)
{
	uint64_t shape = sim_below(sim, 3);

	for (size_t i = 1; i < sim->n; i++) {
		struct sim_node *node = &sim->nodes[i];

		node->above = i == 1 ? 0 : 1;
		if (shape == 1 && node->role == ROLE_CENTRE &&
		    node->centre % 2 == 1)
			node->above = i - 1;
		if (shape == 2)
			node->above = sim_below(sim, i);
	}
}

struct sim_node *
node_make(struct sim *sim, enum sim_role role, size_t centre)
{
	struct sim_node *node = &sim->nodes[sim->n];
	struct store_plan plan = {.host = &node->host};

	node_start(sim, node, sim->n);
	node->role = role;
	node->centre = centre;
	plan.dir = node->dir;
	plan.join = &sim->city;
	if (role == ROLE_FOUNDER) {
		plan.join = NULL;
		plan.found = bytes_text("서울");
		plan.label = bytes_text("시청");
	}
	if (sim->swarm.city || (sim->swarm.upgrade && !sim_once_in(sim, 4))) {
		node->pack = packs_draw(sim);
		plan.pack = packs_name;
	}
	packs_use(node);
	sim_must(sim, founder_create(&plan), "make a store");
	sim->n++;
	node_open(node);
	node->key = store_identity(node->store)->key;
	if (role == ROLE_FOUNDER)
		sim->city = store_identity(node->store)->city;
	return node;
}

struct sim_node *
node_heir(const struct sim_node *of)
{
	struct sim *sim = of->sim;
	struct sim_node *heir;

	assert(sim->n < SIM_STORES_JUDGED);
	heir = node_make(sim, of->role, of->centre);
	heir->above = of->above;
	return heir;
}

void
node_fini(struct sim_node *node)
{
	store_close(node->store);
	node->store = NULL;
	model_held_fini(&node->held);
	model_held_fini(&node->snapshot.held);
	model_held_fini(&node->lost);
	for (size_t i = 0; i < SIM_TOKENS; i++)
		buf_fini(&node->tokens[i].text);
}

struct node_rights
node_rights(const struct sim_node *node, size_t space)
{
	const struct node_rights all = {
	    .any = true, .hold = true, .write = true, .classes = CLASSES_ALL};
	const struct node_rights none = {0};
	size_t centres = node->sim->spaces_n - 1;

	if (sim_is_large(node->sim))
		return large_rights(node, space);
	if (!node->sim->admitted[node->person])
		return none;
	switch (node->role) {
	case ROLE_FOUNDER:
		return all;
	case ROLE_CITY:
	case ROLE_DISTRICT:
		return (struct node_rights){
		    .any = true, .hold = true, .classes = CLASSES_DISTRICT};
	case ROLE_AUDITOR:
		return (struct node_rights){.any = true};
	case ROLE_CENTRE:
		if (space == node->centre ||
		    (space == centres && node->centre < 2))
			return (struct node_rights){
			    .any = true, .write = true, .classes = CLASSES_ALL};
		if (space == (node->centre + 1) % centres)
			return (struct node_rights){.any = true, .hold = true};
		return none;
	}
	return none;
}

size_t
node_space(const struct sim *sim, const struct space *name)
{
	for (size_t i = 0; i < sim->spaces_n; i++)
		if (id_space_equal(&sim->spaces[i], name))
			return i;
	return SIZE_MAX;
}

bool
node_is_admin(const struct sim_node *by)
{
	const struct authority *authority;
	bool is = false;

	if (by->store == NULL ||
	    (by->role != ROLE_FOUNDER && by->role != ROLE_DISTRICT))
		return false;
	node_begin((struct sim_node *)(uintptr_t)by, false);
	sim_must(
	    by->sim, store_authority(by->store, &authority), "read rights");
	for (size_t i = 0; i < authority->grants_n; i++)
		is = is || (authority->grants[i].counts &&
			       !authority->grants[i].revoked &&
			       (authority->grants[i].what.gives.bits &
				   RIGHT_ADMIN) != 0 &&
			       memcmp(&authority->grants[i].what.member,
				   &by->key, sizeof(by->key)) == 0);
	store_abort(by->store);
	return is;
}

/* As it found when it last wrote. */
static bool
is_root(struct sim_node *node)
{
	return store_has_root(node->store) &&
	       !store_root(node->store)->is_ahead;
}

static void
grant(struct sim_node *by, const struct sim_node *whom, const char *prefix,
    const char *gives)
{
	struct fact_grant fact = {.member = whom->key};
	enum err e;

	sim_must(by->sim, id_prefix(bytes_text(prefix), &fact.prefix),
	    "name a prefix");
	sim_must(by->sim, fact_rights(bytes_text(gives), &fact.gives),
	    "name rights");
	if ((fact.gives.bits & RIGHT_ADMIN) != 0)
		sim_must(by->sim,
		    fact_rights(whom->role == ROLE_DISTRICT
				    ? bytes_text("read:NPSF,write,hold,audit,"
						 "admin")
				    : bytes_text("read:NP,write,hold"),
			&fact.passes),
		    "name rights");
	e = store_grant(by->store, &fact);
	/* A district whose rights were cut down since may pass on less. */
	if (e != ERR_DENIED || is_root(by))
		sim_must(by->sim, e, "grant");
}

void
node_admit(struct sim_node *by, struct sim_node *whom)
{
	struct fact_member member = {
	    .key = whom->key, .label = bytes_text("동")};
	size_t centres = by->sim->spaces_n - 1;
	char prefix[16];
	enum err e;

	node_begin(by, true);
	e = store_admit(by->store, &member);
	/* A founder whose data went back behind a rotation has keys that nobody
	 * knows, and what was taken from its node stays taken. */
	if (e == ERR_DENIED && by->role == ROLE_FOUNDER && !is_root(by)) {
		store_abort(by->store);
		return;
	}
	sim_must(by->sim, e, "admit");
	if (whom->role == ROLE_DISTRICT)
		grant(by, whom, "d1", "read:NPS,hold,admin");
	/* One that publishes packs besides, until somebody takes it back. */
	if (whom->role == ROLE_DISTRICT && by->sim->swarm.upgrade &&
	    by->role == ROLE_FOUNDER)
		grant(by, whom, "", "admin");
	if (whom->role == ROLE_AUDITOR)
		grant(by, whom, "d1", "audit");
	if (whom->role == ROLE_CENTRE) {
		(void)snprintf(prefix, sizeof(prefix), "d1/c%02u",
		    (unsigned)whom->centre % 100);
		grant(by, whom, prefix,
		    whom->centre == 0 ? "read:NPSF,write,admin"
				      : "read:NPSF,write");
		if (whom->centre < 2)
			grant(by, whom, "d1/shared", "read:NPSF,write");
		(void)snprintf(prefix, sizeof(prefix), "d1/c%02u",
		    (unsigned)((whom->centre + 1) % centres) % 100);
		grant(by, whom, prefix, "hold");
	}
	if (node_commit(by) == ERR_OK)
		by->sim->admitted[whom->person] = true;
}

void
node_admit_all(struct sim *sim)
{
	/* Whose rights were taken back stays without. */
	for (size_t i = 1; i < sim->n; i++)
		if (sim->nodes[i].person == i &&
		    (!sim->admitted[i] ||
			((sim->swarm.restore || sim->swarm.rollback) &&
			    !sim->swarm.revoke)))
			node_admit(&sim->nodes[0], &sim->nodes[i]);
}

void
node_begin(struct sim_node *node, bool write)
{
	enum err e = store_begin(node->store, write);
	char what[32];

	if (e == ERR_OK)
		return;
	(void)snprintf(what, sizeof(what), "node %zu: begin", node->number);
	sim_must(node->sim, e, what);
}

enum err
node_commit(struct sim_node *node)
{
	struct sim *sim = node->sim;
	struct model_promise promises[MODEL_PROMISES_MAX];
	size_t n;
	enum wrap_commit how = COMMIT_TRUE;
	enum err e;

	sim_must(sim, store_settle(node->store), "settle");
	n = model_promise(node, promises);
	if (!sim->healing && node->is_full) {
		sim->count.refused++;
		how = COMMIT_FAILS;
	} else if (!sim->healing && swarm_now(sim, sim->swarm.disk, 40)) {
		sim->count.faults++;
		how = sim_once_in(sim, 2) ? COMMIT_FAILS : COMMIT_UNKNOWN;
	}
	wrap_next_commit(how);
	e = store_commit(node->store);
	wrap_next_commit(COMMIT_TRUE);
	sim->count.commits++;
	/* Whether it says so or not, it may have changed. */
	node->looked_txn = UINT64_MAX;
	node->unseen = node->unseen || e != ERR_OK;
	if (e == ERR_OK)
		model_acknowledge(node, promises, n);
	else if (!wrap_failed())
		sim_must(sim, e, "commit");
	if (e == ERR_OK || (node->takes && how == COMMIT_UNKNOWN))
		lost_look(node, promises, n);
	sim_note(sim, "commit", node->number, (uint64_t)e);
	return e;
}

void
node_open(struct sim_node *node)
{
	assert(node->store == NULL);
	packs_use(node);
	sim_must(node->sim, store_open(node->dir, &node->host, &node->store),
	    "open a store");
	node->looked_txn = UINT64_MAX;
	node->judged_txn = UINT64_MAX;
	node->unseen = true;
}

void
node_crash(struct sim_node *node)
{
	spend_crash(node);
	/* What is open holds what its sessions asked for. */
	if (node->store != NULL)
		store_abort(node->store);
	wire_break_all(node);
	store_close(node->store);
	node->store = NULL;
}

void
node_crash_late(struct sim_node *node)
{
	struct sim *sim = node->sim;

	switch (sim_below(sim, 3)) {
	case 0:
		if (node_commit(node) == ERR_OK)
			sim->count.cut_answers++;
		break;
	case 1:
		/* Who opens the store again finds out whether it happened. */
		sim->count.unknown++;
		wrap_next_commit(
		    sim_once_in(sim, 2) ? COMMIT_FAILS : COMMIT_UNKNOWN);
		if (store_commit(node->store) == ERR_OK || !wrap_failed())
			sim_fail(sim, "a commit that was cut off said yes");
		break;
	default:
		break;
	}
	node_crash(node);
}

void
node_rebuild(struct sim_node *node, bool cut_off)
{
	struct sim *sim = node->sim;
	enum err e;

	model_look(node);
	node_crash(node);
	packs_use(node);
	sim_must(sim, store_open_alone(node->dir, &node->host, &node->store),
	    "open a store alone");
	if (cut_off) {
		wrap_next_commit(COMMIT_UNKNOWN);
		e = rebuild_run(node->store, NULL);
		wrap_next_commit(COMMIT_TRUE);
		if (e == ERR_OK && wrap_failed())
			sim_fail(sim, "a rebuild did not notice a full disk");
		store_close(node->store);
		node->store = NULL;
		sim_must(sim,
		    store_open_alone(node->dir, &node->host, &node->store),
		    "open a store alone");
	}
	sim_must(sim, rebuild_run(node->store, NULL), "rebuild");
	store_close(node->store);
	node->store = NULL;
	node_open(node);
	/* The model knows which state these logs give. */
	model_look(node);
}
