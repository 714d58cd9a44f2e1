/*
 * Admins at work.  They choose by what the raw logs in their stores say; what
 * their node may do the store decides, and it may say no.
 */
#include "tests/sim/rule.h"

#include <string.h>

#include "tests/sim/court.h"
#include "tests/sim/node.h"

enum { TARGETS_MAX = 3, TARGETS_SEEN = 4000 };

static bool revoke(
    struct sim_node *by, const struct grant *grant, bool compromised);
static size_t targets_pick(struct sim_node *by, const struct court *court,
    size_t space, struct ref targets[TARGETS_MAX]);
static bool is_target(const struct leaves_log *log, uint64_t seq);

static bool
may_fail(enum err e)
{
	return e == ERR_OK || e == ERR_DENIED || e == ERR_EXISTS ||
	       e == ERR_NOT_FOUND || e == ERR_INVALID;
}

static size_t
person_of_key(const struct sim *sim, const struct sign_key *key)
{
	for (size_t i = 0; i < sim->n; i++)
		if (memcmp(&sim->nodes[i].key, key, sizeof(*key)) == 0)
			return sim->nodes[i].person;
	return SIZE_MAX;
}

/* In the open write transaction. */
static bool
revoke(struct sim_node *by, const struct grant *grant, bool compromised)
{
	struct sim *sim = by->sim;
	struct store_revoke wish = {.grant = grant->fact,
	    .compromised = compromised,
	    .since = grant->since,
	    .reason = bytes_text("떠남")};
	struct store_revoked revoked;
	enum err e;

	/* From some time on that key was in other hands. */
	if (sim_once_in(sim, 2))
		wish.since.v += sim_below(sim, UINT64_C(3600000) << 16);
	e = store_revoke(by->store, &wish, &revoked);
	if (!may_fail(e))
		sim_must(sim, e, "take a grant back");
	return e == ERR_OK;
}

void
rule_revoke(struct sim_node *by)
{
	struct sim *sim = by->sim;
	const struct authority *authority;
	bool done = false;
	size_t first;
	size_t n;

	node_begin(by, true);
	sim_must(sim, store_authority(by->store, &authority), "read rights");
	n = authority->grants_n;
	first = n == 0 ? 0 : sim_below(sim, n);
	for (size_t i = 0; i < n && !done; i++) {
		const struct grant *grant = &authority->grants[(first + i) % n];
		size_t person = person_of_key(sim, &grant->what.member);

		/* The founder stays, or there would be nobody to heal. */
		if (person == 0 || person == by->person || !grant->counts ||
		    grant->revoked)
			continue;
		done = revoke(by, grant, sim_once_in(sim, 4));
		break;
	}
	if (done && node_commit(by) == ERR_OK)
		sim->count.revocations++;
	store_abort(by->store);
	sim_note(sim, "revoke", by->number, done);
}

/* A delta that does not count, or does so only because somebody decided it. */
static bool
is_target(const struct leaves_log *log, uint64_t seq)
{
	const struct leaves_delta *delta = log->deltas[seq];
	uint64_t kind = delta == NULL ? DELTA_OPEN : delta->delta.kind;

	return (kind == DELTA_CHANGE || kind == DELTA_MEMBER ||
		   kind == DELTA_GRANT || kind == DELTA_REVOKE ||
		   kind == DELTA_PACK) &&
	       (!delta->counts || delta->adopted);
}

static size_t
targets_pick(struct sim_node *by, const struct court *court, size_t space,
    struct ref targets[TARGETS_MAX])
{
	struct sim *sim = by->sim;
	struct leaves leaves = {0};
	const struct leaves *from = &court->central;
	size_t n = 0;
	size_t seen = 0;

	if (space < sim->spaces_n) {
		leaves_read(by, &sim->spaces[space], &leaves);
		court_judge(court, &leaves);
		from = &leaves;
	}
	for (size_t i = 0; i < from->logs_n; i++)
		for (uint64_t seq = 0; seq < from->logs[i].n; seq++) {
			size_t at;

			if (!is_target(&from->logs[i], seq))
				continue;
			seen++;
			at = n < TARGETS_MAX ? n : sim_below(sim, seen);
			if (at < TARGETS_MAX)
				targets[at] = from->logs[i].deltas[seq]->ref;
			n += n < TARGETS_MAX;
		}
	leaves_fini(&leaves);
	return n < 2 ? n : 1 + sim_below(sim, n);
}

void
rule_decide(struct sim_node *by)
{
	struct sim *sim = by->sim;
	/* One more than the data spaces: that of the facts. */
	size_t space = sim_below(sim, sim->spaces_n + 1);
	struct ref targets[TARGETS_MAX];
	struct store_decision decision = {.adopt = !sim_once_in(sim, 3),
	    .targets = targets,
	    .reason = bytes_text("확인함")};
	struct court court;
	enum err e = ERR_NOT_FOUND;

	node_begin(by, true);
	court_read(by, &court);
	for (size_t i = 0; i <= sim->spaces_n && decision.targets_n == 0; i++) {
		size_t at = (space + i) % (sim->spaces_n + 1);

		decision.space = at < sim->spaces_n ? sim->spaces[at]
						    : id_authority;
		decision.targets_n = targets_pick(by, &court, at, targets);
	}
	court_fini(&court);
	if (decision.targets_n > 0)
		e = store_decide(by->store, &decision);
	if (!may_fail(e))
		sim_must(sim, e, "decide");
	/* Also by a commit that fails and happens all the same. */
	if (e == ERR_OK)
		sim->merciful = sim->merciful || decision.adopt;
	if (e == ERR_OK && node_commit(by) == ERR_OK)
		sim->count.decisions++;
	store_abort(by->store);
	sim_note(sim, "decide", by->number, (uint64_t)e);
}

/* In one transaction each, as a crash may come between. */
void
rule_rekey(struct sim_node *by, struct sim_node *whom)
{
	struct sim *sim = by->sim;
	bool compromised = sim_once_in(sim, 2);
	const struct authority *authority;
	struct sim_node *heir = node_heir(whom);

	sim_note(sim, "rekey", whom->number, heir->number);
	sim->count.rekeys++;
	node_admit(by, heir);
	node_begin(by, true);
	sim_must(sim, store_authority(by->store, &authority), "read rights");
	for (size_t i = 0; i < authority->grants_n; i++)
		if (authority->grants[i].counts &&
		    !authority->grants[i].revoked &&
		    memcmp(&authority->grants[i].what.member, &whom->key,
			sizeof(whom->key)) == 0)
			(void)revoke(by, &authority->grants[i], compromised);
	if (node_commit(by) != ERR_OK)
		sim_note(sim, "rekey failed", by->number, 0);
}

void
rule_regrant(struct sim_node *by)
{
	struct sim *sim = by->sim;
	struct sim_node *whom = &sim->nodes[sim_below(sim, sim->n)];

	if (whom->number != whom->person || whom->role == ROLE_FOUNDER ||
	    (whom->role == ROLE_DISTRICT && by->role != ROLE_FOUNDER) ||
	    !node_is_admin(by))
		return;
	node_admit(by, whom);
	sim_note(sim, "regrant", by->number, whom->number);
}

/* A rotation that no disk took, or that came back from a crash, is one or not
 * by what the store says now. */
static bool
is_root(struct sim_node *node, const struct sign_seed *seed)
{
	const struct authority *authority;
	struct sign_key key;

	crypto_sign_key(seed, &key);
	node_begin(node, false);
	sim_must(
	    node->sim, store_authority(node->store, &authority), "read rights");
	store_abort(node->store);
	return memcmp(&key, &authority->root, sizeof(key)) == 0;
}

/* A founder whose data or keys are old may have to leave it. */
void
rule_rotate(struct sim_node *founder)
{
	struct sim *sim = founder->sim;
	struct sign_seed seed;
	enum err e;

	node_begin(founder, true);
	seed = store_root(founder->store)->keys.seed;
	e = store_rotate(founder->store);
	if (!may_fail(e))
		sim_must(sim, e, "rotate the root key");
	if (e == ERR_OK && node_commit(founder) == ERR_OK)
		sim->count.rotations++;
	store_abort(founder->store);
	if (e == ERR_OK && !is_root(founder, &seed)) {
		size_t at = sim->old_roots_n % COUNT_OF(sim->old_roots);

		sim->old_roots[at] = seed;
		sim->old_roots_n++;
	}
	sim_note(sim, "rotate", founder->number, (uint64_t)e);
}

void
rule_split(struct sim_node *founder)
{
	struct sim *sim = founder->sim;
	struct sim_node *copy = &sim->nodes[sim->n];

	sim_note(sim, "split", founder->number, sim->n);
	sim->count.splits++;
	sim->clones++;
	node_snapshot(founder);
	node_clone(founder);
	for (unsigned i = 0; i < 2; i++) {
		rule_rotate(founder);
		rule_rotate(copy);
	}
	model_look(founder);
	model_look(copy);
}
