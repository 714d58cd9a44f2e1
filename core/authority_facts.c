/*
 * Reads the authority logs for core/authority.c.  Knows where facts stand and
 * how far cuts reach; never says what counts.
 */
#include "core/authority_facts.h"

#include <stdlib.h>
#include <string.h>

#include "core/cuts.h"
#include "core/history.h"
#include "proto/mem.h"

/* The tips of one trunk. */
struct group {
	struct cuts_trunk trunk;
	struct log_id id;
	size_t tip; /* the first of them */
};

struct gathering {
	struct txn *txn;
	const struct city_id *city;
	struct arena *arena;
	struct arena *scratch;
	struct authority_facts *facts;
	struct group *groups; /* by id */
	size_t groups_n;
	struct authority_fact *p; /* owned, as the next */
	size_t room;
	struct authority_rotation *rotations;
	size_t rotations_room;
};

static enum err groups_make(
    struct gathering *g, struct log *const *logs, size_t n) MUST_USE;
static enum err tips_make(struct gathering *g) MUST_USE;
static enum err tip_read(struct gathering *g, const struct group *group,
    size_t at, struct arena *arena) MUST_USE;
static enum err open_take(
    struct gathering *g, size_t tip, const struct delta_open *open) MUST_USE;
static enum err fact_take(
    struct gathering *g, size_t tip, const struct history_delta *from) MUST_USE;
static bool body_read(struct gathering *g, const struct history_delta *from,
    struct authority_fact *fact);
static enum err decision_take(struct gathering *g, const struct delta *delta,
    struct authority_fact *fact) MUST_USE;
static enum err ends_make(struct gathering *g, const struct log_cut *cuts,
    size_t n, struct authority_ends *ends) MUST_USE;

enum err
authority_facts_gather(struct txn *txn, const struct city_id *city,
    struct arena *arena, struct arena *scratch, struct authority_facts *facts)
{
	struct gathering g = {.txn = txn,
	    .city = city,
	    .arena = arena,
	    .scratch = scratch,
	    .facts = facts};
	struct space_state *space = space_find(txn, &id_authority);
	struct log **logs;
	size_t n = 0;
	enum err e = kv_failed(txn->kv);

	*facts = (struct authority_facts){0};
	if (e == ERR_OK && space != NULL)
		e = oplog_all(txn, space, &logs, &n);
	if (e == ERR_OK && n > 0)
		e = groups_make(&g, logs, n);
	if (e == ERR_OK && n > 0)
		e = tips_make(&g);
	facts->facts = arena_array(scratch, facts->facts_n, sizeof(*g.p));
	for (size_t i = 0; i < facts->facts_n; i++)
		facts->facts[i] = g.p[i];
	facts->rotations = arena_array(
	    scratch, facts->rotations_n, sizeof(*g.rotations));
	for (size_t i = 0; i < facts->rotations_n; i++)
		facts->rotations[i] = g.rotations[i];
	mem_free(g.p);
	mem_free(g.rotations);
	return e == ERR_OK ? kv_failed(txn->kv) : e;
}

static int
trunk_compare(const void *a, const void *b)
{
	const struct log *left = *(const struct log *const *)a;
	const struct log *right = *(const struct log *const *)b;
	int order = memcmp(&left->trunk, &right->trunk, sizeof(left->trunk));

	return order != 0 ? order : memcmp(&left->id, &right->id, 16);
}

static enum err
groups_make(struct gathering *g, struct log *const *logs, size_t n)
{
	const struct log **sorted = arena_array(
	    g->scratch, n, sizeof(const struct log *));
	size_t held = 0;
	size_t end;

	for (size_t i = 0; i < n; i++) {
		if (logs[i]->frontier.size > 0)
			sorted[held++] = logs[i];
	}
	qsort(sorted, held, sizeof(*sorted), trunk_compare);
	g->groups = arena_array(g->scratch, held, sizeof(*g->groups));
	for (size_t i = 0; i < held; i = end) {
		struct group *group = &g->groups[g->groups_n++];
		enum err e;

		for (end = i + 1; end < held; end++) {
			if (memcmp(&sorted[i]->trunk, &sorted[end]->trunk,
				sizeof(sorted[i]->trunk)) != 0)
				break;
		}
		group->id = sorted[i]->trunk;
		group->tip = i;
		e = cuts_trunk(
		    g->txn, &sorted[i], end - i, g->scratch, &group->trunk);
		if (e != ERR_OK)
			return e;
	}
	g->facts->tips_n = held;
	return ERR_OK;
}

/* All groups are known before the first fact is read, for its cuts may name any
 * of them. */
static enum err
tips_make(struct gathering *g)
{
	struct arena arena = {0};
	enum err e = ERR_OK;

	g->facts->tips = arena_array(
	    g->scratch, g->facts->tips_n, sizeof(*g->facts->tips));
	for (size_t i = 0; i < g->groups_n && e == ERR_OK; i++) {
		const struct group *group = &g->groups[i];
		uint64_t fork = cuts_fork(&group->trunk);

		for (size_t k = 0; k < group->trunk.n && e == ERR_OK; k++) {
			const struct log *log = group->trunk.tips[k];
			struct authority_tip *tip =
			    &g->facts->tips[group->tip + k];

			*tip = (struct authority_tip){.trunk = log->trunk,
			    .author = log->name.author,
			    .has_grant = log->has_grant,
			    .grant = log->grant,
			    .fork = fork,
			    .first = g->facts->facts_n};
			e = tip_read(g, group, k, &arena);
			tip->n = g->facts->facts_n - tip->first;
		}
	}
	arena_fini(&arena);
	return e;
}

/* Takes the facts of one tip to the others; each delta passes through `arena`.
 */
static enum err
tip_read(struct gathering *g, const struct group *group, size_t at,
    struct arena *arena)
{
	const struct log *log = group->trunk.tips[at];
	size_t tip = group->tip + at;
	enum err e = ERR_OK;

	for (uint64_t seq = group->trunk.shared[at];
	     seq < log->frontier.size && e == ERR_OK; seq++) {
		struct history_delta from;

		arena_reset(arena);
		e = history_delta(g->txn, log, seq, arena, &from);
		if (e != ERR_OK || from.delta == NULL)
			continue;
		if (from.delta->kind == DELTA_OPEN)
			e = open_take(g, tip, &from.delta->open);
		else if (authority_facts_claims(
			     (enum delta_kind)from.delta->kind) ||
			 authority_facts_decides(
			     (enum delta_kind)from.delta->kind))
			e = fact_take(g, tip, &from);
	}
	return e;
}

/* A founding record that founds our city says who root is; any log may carry
 * it, for only its bytes count.  A rotation record counts by its author. */
static enum err
open_take(struct gathering *g, size_t tip, const struct delta_open *open)
{
	struct authority_facts *facts = g->facts;
	struct authority_rotation rotation = {.by = facts->tips[tip].author};
	struct city_id city;
	enum err e;

	if (!facts->founded && open->founding.n > 0) {
		fact_city(open->founding, &city);
		facts->founded = memcmp(&city, g->city, sizeof(city)) == 0 &&
				 fact_founding_get(
				     arena_bytes(g->arena, open->founding),
				     &facts->founding) == ERR_OK;
	}
	if (open->rotation.n == 0 ||
	    fact_rotation_get(arena_bytes(g->arena, open->rotation), g->arena,
		&rotation.record) != ERR_OK)
		return ERR_OK;
	e = ends_make(
	    g, rotation.record.cuts, rotation.record.cuts_n, &rotation.ends);
	mem_room(&g->rotations, &g->rotations_room, facts->rotations_n + 1,
	    sizeof(*g->rotations));
	g->rotations[facts->rotations_n++] = rotation;
	return e;
}

static enum err
fact_take(struct gathering *g, size_t tip, const struct history_delta *from)
{
	struct authority_fact fact = {
	    .kind = (enum delta_kind)from->delta->kind,
	    .tip = tip,
	    .ref = {.log = from->log->trunk, .seq = from->seq},
	    .since = from->delta->stamp};
	enum err e = ERR_OK;

	memcpy(fact.ref.leaf, from->leaf, sizeof(from->leaf));
	if (authority_facts_decides(fact.kind))
		e = decision_take(g, from->delta, &fact);
	else
		fact.is_sound = body_read(g, from, &fact);
	if (e == ERR_OK && fact.kind == DELTA_REVOKE)
		e = ends_make(
		    g, fact.u.revoke.cuts, fact.u.revoke.cuts_n, &fact.ends);
	mem_room(&g->p, &g->room, g->facts->facts_n + 1, sizeof(*g->p));
	g->p[g->facts->facts_n++] = fact;
	return e;
}

/* A fact whose body is missing or unsound says nothing. */
static bool
body_read(struct gathering *g, const struct history_delta *from,
    struct authority_fact *fact)
{
	/* The texts of packs would fill the memory of every process. */
	struct arena passing = {0};
	bool is_pack = fact->kind == DELTA_PACK;
	struct bytes plain;
	enum err e = from->bodies_n == 1 ? ERR_OK : ERR_NOT_FOUND;

	if (e == ERR_OK)
		e = history_open(g->txn, &from->bodies[0],
		    is_pack ? &passing : g->arena, &plain);
	if (e != ERR_OK)
		goto out;
	if (fact->kind == DELTA_MEMBER)
		e = fact_member_get(plain, &fact->u.member);
	else if (fact->kind == DELTA_GRANT)
		e = fact_grant_get(plain, &fact->u.grant);
	else if (fact->kind == DELTA_REVOKE)
		e = fact_revoke_get(plain, g->arena, &fact->u.revoke);
	else
		e = fact_pack_get(plain, &fact->u.pack);
	if (e != ERR_OK)
		memset(&fact->u, 0, sizeof(fact->u));
	if (e == ERR_OK && is_pack) {
		fact->u.pack.name = arena_bytes(g->arena, fact->u.pack.name);
		fact->u.pack.json = (struct bytes){0};
	}
out:
	arena_fini(&passing);
	return e == ERR_OK;
}

static const struct ref *
refs_copy(struct gathering *g, const struct delta *delta,
    const uint32_t *indexes, size_t n)
{
	struct ref *refs = arena_array(g->scratch, n, sizeof(*refs));

	for (size_t i = 0; i < n; i++)
		refs[i] = delta->refs[indexes[i]];
	return refs;
}

/* What a decision is about stands in its header: it counts without its body. */
static enum err
decision_take(
    struct gathering *g, const struct delta *delta, struct authority_fact *fact)
{
	const struct delta_decision *decision = &delta->decision;

	fact->is_sound = true;
	fact->targets_n = decision->targets_n;
	fact->targets = refs_copy(
	    g, delta, decision->targets, decision->targets_n);
	fact->replaces_n = decision->replaces_n;
	fact->replaces = refs_copy(
	    g, delta, decision->replaces, decision->replaces_n);
	return ends_make(g, decision->cuts, decision->cuts_n, &fact->ends);
}

static int
group_compare(const void *a, const void *b)
{
	const struct group *left = a;
	const struct group *right = b;

	return memcmp(&left->id, &right->id, sizeof(left->id));
}

static enum err
ends_make(struct gathering *g, const struct log_cut *cuts, size_t n,
    struct authority_ends *ends)
{
	struct authority_end *p = NULL;
	size_t room = 0;
	size_t ends_n = 0;
	enum err e = ERR_OK;

	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		const struct group wanted = {.id = cuts[i].log};
		const struct group *group = bsearch(&wanted, g->groups,
		    g->groups_n, sizeof(wanted), group_compare);
		uint64_t *sizes;

		/* Most are logs of data spaces. */
		if (group == NULL)
			continue;
		sizes = arena_array(g->scratch, group->trunk.n, sizeof(*sizes));
		e = cuts_ends(g->txn, &group->trunk, &cuts[i], sizes);
		mem_room(&p, &room, ends_n + group->trunk.n, sizeof(*p));
		for (size_t k = 0; k < group->trunk.n; k++)
			p[ends_n++] = (struct authority_end){
			    .tip = group->tip + k, .size = sizes[k]};
	}
	*ends = (struct authority_ends){.n = ends_n};
	if (ends_n > 0) {
		struct authority_end *kept = arena_array(
		    g->scratch, ends_n, sizeof(*kept));

		memcpy(kept, p, ends_n * sizeof(*kept));
		ends->p = kept;
	}
	mem_free(p);
	return e;
}

static int
end_compare(const void *a, const void *b)
{
	const struct authority_end *left = a;
	const struct authority_end *right = b;

	return (left->tip > right->tip) - (left->tip < right->tip);
}

uint64_t
authority_facts_end(const struct authority_ends *ends, size_t tip)
{
	const struct authority_end wanted = {.tip = tip};
	const struct authority_end *found = ends->n == 0
						? NULL
						: bsearch(&wanted, ends->p,
						      ends->n, sizeof(wanted),
						      end_compare);

	return found == NULL ? 0 : found->size;
}
