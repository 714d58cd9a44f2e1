/*
 * Members that lie.  Every store takes what they sign, since a log with a gap
 * would be a lie too, and none may let it count.
 */
#include "tests/sim/lie.h"

#include <string.h>

#include "proto/mem.h"
#include "tests/sim/act.h"
#include "tests/sim/hand.h"
#include "tests/sim/node.h"
#include "tests/sim/verdict.h"

enum { WORDS_MAX = 3 };

struct lie {
	struct sim_node *node;
	size_t space; /* that it sees */
	const struct authority *authority;
};

static bool space_pick(struct lie *lie);
static const struct grant *grant_pick(const struct lie *lie, bool own);
static void lie_grant(struct lie *lie);
static void lie_revoke(struct lie *lie);
static void lie_foreign(struct lie *lie);
static void lie_adopt(struct lie *lie);
static void lie_on(struct lie *lie);
static void lie_root(struct lie *lie);

void
lie_tell(struct sim_node *node)
{
	static void (*const lies[])(struct lie * lie) = {
	    lie_grant, lie_revoke, lie_foreign, lie_adopt, lie_on, lie_root};
	struct sim *sim = node->sim;
	struct lie lie = {.node = node};
	size_t which = sim_below(sim, COUNT_OF(lies));

	if (sim->old_roots_n > 0 && sim_once_in(sim, 3))
		which = COUNT_OF(lies) - 1;

	node_begin(node, true);
	verdict_refresh(node);
	sim_must(
	    sim, store_authority(node->store, &lie.authority), "read rights");
	if (space_pick(&lie)) {
		lies[which](&lie);
		if (node_commit(node) == ERR_OK)
			sim->count.lies++;
	}
	store_abort(node->store);
	sim_note(sim, "lie", node->number, which);
}

/* One where it may not write is the most tempting. */
static bool
space_pick(struct lie *lie)
{
	struct sim_node *node = lie->node;
	size_t n = node->sim->spaces_n;
	size_t first = sim_below(node->sim, n);
	bool found = false;

	for (size_t i = 0; i < n; i++) {
		size_t space = (first + i) % n;

		if (!verdict_sees(node, node->person, space))
			continue;
		lie->space = space;
		found = true;
		if ((sim_given(node, false, node->person, space)->bits &
			RIGHT_WRITE) == 0)
			break;
	}
	return found;
}

/* Some grant of this node's, or of another's; NULL when there is none. */
static const struct grant *
grant_pick(const struct lie *lie, bool own)
{
	const struct authority *authority = lie->authority;
	size_t n = authority->grants_n;
	size_t first = n == 0 ? 0 : sim_below(lie->node->sim, n);

	for (size_t i = 0; i < n; i++) {
		const struct grant *grant = &authority->grants[(first + i) % n];
		bool mine = memcmp(&grant->what.member, &lie->node->key,
				sizeof(lie->node->key)) == 0;

		if (mine == own)
			return grant;
	}
	return NULL;
}

/* One of this node's, best one with admin. */
static const struct grant *
grant_admin(const struct lie *lie)
{
	const struct grant *own = NULL;

	for (unsigned i = 0; i < 4; i++) {
		own = grant_pick(lie, true);
		if (own != NULL && (own->what.gives.bits & RIGHT_ADMIN) != 0)
			break;
	}
	return own;
}

static void
words_write(struct lie *lie, struct hand *hand)
{
	struct sim *sim = lie->node->sim;
	size_t n = 1 + sim_below(sim, WORDS_MAX);

	for (size_t i = 0; i < n; i++) {
		const struct sim_record *record = NULL;
		char text[32];

		if (sim->records_n > 0)
			record = &sim->records[sim_below(sim, sim->records_n)];
		if (record == NULL || record->space != lie->space)
			continue;
		(void)snprintf(text, sizeof(text), "%s%u", act_forged,
		    (unsigned)sim_below(sim, 100));
		(void)hand_change(hand, &record->id, "grade", text);
	}
}

/* In the space that it has picked, under `grant`. */
static void
space_forge(struct lie *lie, const struct ref *grant)
{
	struct hand hand;

	hand_open(lie->node, &lie->node->sim->spaces[lie->space], grant, &hand);
	words_write(lie, &hand);
	hand_close(&hand);
}

/* Gives itself what nobody gave it, and uses it. */
static void
lie_grant(struct lie *lie)
{
	static const char *const gifts[] = {
	    "write", "read:NPSF,write,admin", "all"};
	struct sim *sim = lie->node->sim;
	const struct grant *own = grant_admin(lie);
	struct fact_grant fact = {.member = lie->node->key};
	struct buf plain = {0};
	struct hand hand;
	struct ref given;

	if (own == NULL)
		return;
	if (!sim_once_in(sim, 4))
		fact.prefix = sim->spaces[lie->space];
	sim_must(sim,
	    fact_rights(bytes_text(gifts[sim_below(sim, COUNT_OF(gifts))]),
		&fact.gives),
	    "name rights");
	/* Within its own prefix an admin lies about what it may pass, else
	 * about the prefix. */
	if ((own->what.gives.bits & RIGHT_ADMIN) != 0)
		sim_must(sim,
		    fact_rights(
			bytes_text(bytes_begins(bytes_text(fact.prefix.text),
				       bytes_text(own->what.prefix.text))
				       ? "all"
				       : "write"),
			&fact.gives),
		    "name rights");
	fact.passes = fact.gives;
	fact_grant_put(&fact, &plain);
	hand_open(lie->node, &id_authority,
	    sim_once_in(sim, 4) ? NULL : &own->fact, &hand);
	given = hand_fact(&hand, DELTA_GRANT, buf_bytes(&plain));
	hand_close(&hand);
	space_forge(lie, &given);
	/* And what it gave itself lets it give on, and on. */
	if (sim_once_in(sim, 2)) {
		hand_open(lie->node, &id_authority, &given, &hand);
		given = hand_fact(&hand, DELTA_GRANT, buf_bytes(&plain));
		hand_close(&hand);
		space_forge(lie, &given);
	}
	buf_fini(&plain);
}

/* Takes back what is not its to take. */
static void
lie_revoke(struct lie *lie)
{
	const struct grant *own = grant_pick(lie, true);
	const struct grant *other = grant_pick(lie, false);
	struct fact_revoke fact = {.reason = bytes_text("lie")};
	struct buf plain = {0};
	struct hand hand;

	/* What lies below it is its to take. */
	if (own == NULL || other == NULL || other->stratum > own->stratum)
		return;
	fact.grant = other->fact;
	fact.compromised = sim_once_in(lie->node->sim, 2);
	fact_revoke_put(&fact, &plain);
	hand_open(lie->node, &id_authority, &own->fact, &hand);
	(void)hand_fact(&hand, DELTA_REVOKE, buf_bytes(&plain));
	hand_close(&hand);
	buf_fini(&plain);
}

/* Writes under what was given to somebody else. */
static void
lie_foreign(struct lie *lie)
{
	const struct grant *other = grant_pick(lie, false);

	if (other != NULL)
		space_forge(lie, &other->fact);
}

/* Forges, and decides that it counts. */
static void
lie_adopt(struct lie *lie)
{
	const struct grant *own = grant_pick(lie, true);
	struct sim *sim = lie->node->sim;
	struct ref target;
	struct hand hand;

	if (sim->records_n == 0 || own == NULL ||
	    (own->what.gives.bits & RIGHT_ADMIN) != 0)
		return;
	for (size_t i = sim->records_n; i > 0; i--) {
		const struct sim_record *record = &sim->records[i - 1];

		if (record->space != lie->space)
			continue;
		hand_open(lie->node, &sim->spaces[lie->space], NULL, &hand);
		target = hand_change(&hand, &record->id, "grade", act_forged);
		hand_close(&hand);
		hand_open(
		    lie->node, &sim->spaces[lie->space], &own->fact, &hand);
		(void)hand_decide(&hand, DELTA_ADOPT, &target, 1);
		hand_close(&hand);
		return;
	}
}

/* Goes on under what was taken back. */
static void
lie_on(struct lie *lie)
{
	const struct authority *authority = lie->authority;

	for (size_t i = 0; i < authority->grants_n; i++) {
		const struct grant *grant = &authority->grants[i];

		if (!grant->revoked ||
		    memcmp(&grant->what.member, &lie->node->key,
			sizeof(lie->node->key)) != 0 ||
		    !id_covers(&grant->what.prefix,
			&lie->node->sim->spaces[lie->space]))
			continue;
		space_forge(lie, &grant->fact);
		lie->node->sim->fooled = true;
		return;
	}
}

/* Has found an old root key. */
static void
lie_root(struct lie *lie)
{
	struct sim *sim = lie->node->sim;
	struct fact_grant fact = {.member = lie->node->key,
	    .prefix = sim->spaces[lie->space],
	    .gives = {.bits = RIGHTS_ALL, .classes = CLASSES_ALL}};
	struct buf plain = {0};
	struct hand hand;
	struct ref given;
	size_t last;

	if (sim->old_roots_n == 0)
		return;
	sim->fooled = true;
	last = (sim->old_roots_n - 1) % COUNT_OF(sim->old_roots);
	fact_grant_put(&fact, &plain);
	hand_open_as(lie->node, &id_authority, &sim->old_roots[last], &hand);
	given = hand_fact(&hand, DELTA_GRANT, buf_bytes(&plain));
	hand_close(&hand);
	space_forge(lie, &given);
	buf_fini(&plain);
}
