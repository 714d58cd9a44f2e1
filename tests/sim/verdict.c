/*
 * Verdicts compared: the store's, which are derived step by step as facts and
 * deltas arrive, and those of the naive judge, who reads everything anew.
 */
#include "tests/sim/verdict.h"

#include <string.h>

#include "core/digest.h"
#include "core/history.h"
#include "core/inbox.h"
#include "proto/mem.h"
#include "tests/sim/court.h"
#include "tests/sim/node.h"
#include "tests/sim/packs.h"

static void facts_hash(struct sim_node *node, struct hash *hash);
static void facts_check(struct sim_node *node, const struct court *court);
static void space_check(
    struct sim_node *node, const struct court *court, size_t space);
static void inbox_check(struct sim_node *node, const struct leaves *leaves,
    const struct space *space);
static size_t record_check(struct sim_node *node, const struct leaves *leaves,
    struct space_state *space, const struct record_id *id);

/* Whose store is given something. */
static struct sim_node *taker;

/* Of `facts`, which are those of `node`. */
static const struct sim_given *
given_find(struct sim_node *node, const struct hash *facts)
{
	struct sim *sim = node->sim;
	size_t room = sim->plan->nodes + SIM_CLONES_MAX + SIM_KEYS_MAX;
	struct sim_given *given;
	struct court court;

	for (size_t i = 0; i < sim->verdicts_n; i++)
		if (memcmp(&sim->verdicts[i].facts, facts, sizeof(*facts)) == 0)
			return sim->verdicts[i].given;
	given = mem_zeros(room * sim->spaces_n, sizeof(*given));
	mem_room(&sim->verdicts, &sim->verdicts_room, sim->verdicts_n + 1,
	    sizeof(*sim->verdicts));
	sim->verdicts[sim->verdicts_n++] = (struct sim_verdict){
	    .facts = *facts, .given = given};
	if (memcmp(facts, &(struct hash){0}, sizeof(*facts)) == 0)
		return given;
	court_read(node, &court);
	for (size_t i = 0; i < sim->n; i++)
		court_give(&court, &sim->nodes[i].key, sim->spaces,
		    sim->spaces_n, &given[i * sim->spaces_n]);
	court_fini(&court);
	return given;
}

void
verdict_begin(struct sim_node *node)
{
	if (!sim_is_judged(node->sim))
		return;
	node->given[0] = given_find(node, &(struct hash){0});
	node->given[1] = node->given[0];
}

void
verdict_fini(struct sim *sim)
{
	for (size_t i = 0; i < sim->verdicts_n; i++)
		mem_free(sim->verdicts[i].given);
	mem_free(sim->verdicts);
}

void
verdict_refresh(struct sim_node *node)
{
	struct hash hash;

	if (!sim_is_judged(node->sim))
		return;
	facts_hash(node, &hash);
	if (memcmp(&hash, &node->facts, sizeof(hash)) == 0)
		return;
	/* They may be of a transaction that comes to nothing. */
	node->judged_txn = UINT64_MAX;
	node->facts = hash;
	node->given[1] = node->given[0];
	node->given[0] = given_find(node, &hash);
}

void
verdict_begun(struct sim_node *node)
{
	const struct txn *txn = store_txn(node->store);
	/* What a writer finds was committed before it. */
	uint64_t txn_id = kv_txn_id(txn->kv) - txn->write;

	if (node->judged_txn == txn_id && node->judged_n == node->sim->n)
		return;
	verdict_refresh(node);
	node->judged_txn = txn_id;
	node->judged_n = node->sim->n;
}

/* Of how much of each log of `authority` is here, and whom it may be about. */
static void
facts_hash(struct sim_node *node, struct hash *hash)
{
	struct txn *txn = store_txn(node->store);
	struct space_state *space = space_find(txn, &id_authority);
	struct crypto_sha256 state;
	struct log **logs;
	size_t n = 0;

	crypto_sha256_init(&state);
	crypto_sha256_add(
	    &state, bytes_of(&node->sim->n, sizeof(node->sim->n)));
	if (space != NULL)
		sim_must(
		    node->sim, oplog_all(txn, space, &logs, &n), "list logs");
	for (size_t i = 0; i < n; i++) {
		uint64_t sizes[2] = {
		    logs[i]->frontier.size, logs[i]->open[CLASS_N]};

		/* All that its root is made from. */
		crypto_sha256_add(&state, bytes_of(&logs[i]->id, 16));
		crypto_sha256_add(&state, bytes_of(sizes, sizeof(sizes)));
		crypto_sha256_add(&state,
		    bytes_of(logs[i]->frontier.nodes,
			merkle_frontier_n(sizes[0]) * sizeof(struct hash)));
	}
	crypto_sha256_out(&state, hash);
}

bool
verdict_sees(const struct sim_node *node, size_t person, size_t space)
{
	if (!sim_is_judged(node->sim))
		return node_rights(&node->sim->nodes[person], space).any;
	for (unsigned i = 0; i < 2; i++) {
		const struct sim_given *given = sim_given(
		    node, i == 1, person, space);

		if (given->member && (given->bits & VERDICT_SEES) != 0)
			return true;
	}
	return false;
}

void
verdict_taker(struct sim_node *node)
{
	taker = node;
}

void
verdict_takes(const struct log_name *name)
{
	const struct sim_given *given;
	struct hash hash;
	size_t space;

	if (taker == NULL || !sim_is_judged(taker->sim))
		return;
	space = node_space(taker->sim, &name->space);
	if (space == SIZE_MAX ||
	    memcmp(&name->author, &taker->key, sizeof(taker->key)) == 0)
		return;
	facts_hash(taker, &hash);
	given = given_find(taker, &hash) +
		taker->person * taker->sim->spaces_n + space;
	if (!given->member || (given->bits & VERDICT_SEES) == 0)
		sim_fail(taker->sim,
		    "node %zu takes some of a log of %s, which it may not see",
		    taker->number, name->space.text);
	taker->took |= UINT64_C(1) << space;
}

bool
verdict_took(const struct sim_node *node, size_t space)
{
	return sim_is_judged(node->sim) && (node->took >> space & 1) != 0;
}

unsigned
verdict_reads(const struct sim_node *node, size_t person, size_t space)
{
	if (!sim_is_judged(node->sim))
		return node_rights(&node->sim->nodes[person], space).classes;
	return sim_given(node, false, person, space)->classes |
	       sim_given(node, true, person, space)->classes;
}

bool
verdict_shuns(const struct sim_node *node, size_t person)
{
	return sim_is_judged(node->sim) &&
	       sim_given(node, false, person, 0)->compromised &&
	       sim_given(node, true, person, 0)->compromised;
}

bool
verdict_has_facts(struct sim_node *node)
{
	struct txn *txn = store_txn(node->store);
	struct space_state *space = space_find(txn, &id_authority);
	struct log **logs;
	bool whole = true;
	size_t n = 0;

	if (space != NULL)
		sim_must(
		    node->sim, oplog_all(txn, space, &logs, &n), "list logs");
	for (size_t i = 0; i < n; i++)
		whole = whole &&
			logs[i]->open[CLASS_N] == logs[i]->frontier.size;
	return whole;
}

bool
verdict_talk(const struct sim_node *a, const struct sim_node *b)
{
	const struct sim_given *of_a = sim_given(b, false, a->person, 0);
	const struct sim_given *of_b = sim_given(a, false, b->person, 0);

	return a->person != b->person && sim_is_linked(a, b) && of_a->member &&
	       of_b->member && !of_a->compromised && !of_b->compromised;
}

void
verdict_check(struct sim_node *node)
{
	struct court court;

	court_read(node, &court);
	facts_check(node, &court);
	for (size_t i = 0; i < node->sim->spaces_n; i++)
		space_check(node, &court, i);
	court_fini(&court);
}

static void
grant_check(
    struct sim_node *node, const struct court *court, const struct grant *grant)
{
	const struct leaves_delta *fact = leaves_find(
	    &court->central, &grant->fact);

	if (fact == NULL || !fact->has_fact)
		sim_fail(node->sim, "node %zu knows a grant that it has not",
		    node->number);
	if (grant->counts != fact->counts ||
	    (fact->counts && grant->stratum != fact->stratum))
		sim_fail(node->sim,
		    "node %zu: a grant %s (stratum %u): by the facts it %s "
		    "(stratum %u)",
		    node->number, grant->counts ? "counts" : "does not count",
		    grant->stratum, fact->counts ? "does" : "does not",
		    fact->stratum);
	if (grant->counts && grant->revoked != court_revoked(court, fact))
		sim_fail(node->sim, "node %zu: a grant is %s by the facts",
		    node->number, grant->revoked ? "in force" : "revoked");
}

static void
facts_check(struct sim_node *node, const struct court *court)
{
	const struct authority *authority;
	size_t grants_n = 0;

	sim_must(
	    node->sim, store_authority(node->store, &authority), "read rights");
	for (size_t i = 0; i < authority->grants_n; i++)
		grant_check(node, court, &authority->grants[i]);
	for (size_t i = 0; i < authority->revocations_n; i++) {
		const struct revocation *r = &authority->revocations[i];
		const struct leaves_delta *fact = leaves_find(
		    &court->central, &r->fact);

		if (fact == NULL ||
		    r->counts != court_revocation_acts(court, fact))
			sim_fail(node->sim,
			    "node %zu: a revocation %s by the facts",
			    node->number,
			    r->counts ? "does not count" : "counts");
	}
	for (size_t i = 0; i < court->central.n; i++) {
		const struct leaves_delta *fact = court->central.deltas[i];

		grants_n += fact->has_fact && fact->delta.kind == DELTA_GRANT;
	}
	if (grants_n != authority->grants_n)
		sim_fail(node->sim, "node %zu knows %zu of %zu grants",
		    node->number, authority->grants_n, grants_n);
	packs_check(node, court);
	inbox_check(node, &court->central, &id_authority);
}

static void
space_check(struct sim_node *node, const struct court *court, size_t space)
{
	struct sim *sim = node->sim;
	struct space_state *state = space_find(
	    store_txn(node->store), &sim->spaces[space]);
	struct leaves leaves;
	size_t all = 0;
	size_t found = 0;

	if (state == NULL)
		return;
	leaves_read(node, &sim->spaces[space], &leaves);
	court_judge(court, &leaves);
	for (size_t i = 0; i < sim->records_n; i++)
		if (sim->records[i].space == space)
			found += record_check(
			    node, &leaves, state, &sim->records[i].id);
	for (size_t i = 0; i < leaves.n; i++)
		if (leaves.deltas[i]->delta.kind == DELTA_CHANGE)
			all += leaves.deltas[i]->delta.changes_n;
	if (found != all)
		sim_fail(sim,
		    "node %zu: %zu of %zu changes of %s are in no "
		    "record's history",
		    node->number, all - found, all, sim->spaces[space].text);
	inbox_check(node, &leaves, &sim->spaces[space]);
	leaves_fini(&leaves);
}

/* What the inbox of a space shows. */
struct looking {
	struct sim_node *node;
	const struct leaves *leaves;
	size_t n;
	struct digest sum; /* of all entries, whatever their order */
};

static void
part_add(struct buf *line, struct bytes part)
{
	buf_add_be32(line, (uint32_t)part.n);
	buf_add(line, part);
}

static enum err
inbox_look(void *arg, const struct inbox_entry *entry)
{
	struct looking *looking = arg;
	const struct leaves_delta *delta = leaves_find(
	    looking->leaves, &entry->delta);
	uint8_t flags[4] = {(uint8_t)entry->kind, (uint8_t)entry->why,
	    entry->voided, entry->disputed};
	struct buf line = {0};
	struct digest term;

	if (delta == NULL || delta->counts)
		sim_fail(looking->node->sim,
		    "node %zu: the inbox shows a delta of %s that counts",
		    looking->node->number, entry->space.text);
	if (delta->voided != entry->voided)
		sim_fail(looking->node->sim,
		    "node %zu: the inbox shows a delta of %s as %s",
		    looking->node->number, entry->space.text,
		    entry->voided ? "voided, and it is not" : "not voided");
	looking->n++;
	part_add(&line, bytes_of(&entry->delta, sizeof(entry->delta)));
	part_add(&line, bytes_of(flags, sizeof(flags)));
	part_add(&line, entry->reason);
	for (size_t i = 0; i < entry->records_n; i++)
		part_add(&line, bytes_of(entry->records[i].b, 16));
	crypto_blake2b(
	    (struct bytes){0}, buf_bytes(&line), term.b, sizeof(term.b));
	digest_add(&looking->sum, &term);
	buf_fini(&line);
	return ERR_OK;
}

/* All that does not count is shown, once, and nothing else. */
static void
inbox_check(struct sim_node *node, const struct leaves *leaves,
    const struct space *space)
{
	struct sim *sim = node->sim;
	struct looking looking = {.node = node, .leaves = leaves};
	const struct authority *authority;
	bool central = id_is_authority(space);
	size_t n = 0;

	for (size_t i = 0; i < leaves->n; i++) {
		const struct leaves_delta *delta = leaves->deltas[i];
		uint64_t kind = delta->delta.kind;

		n += !delta->counts &&
		     (central ? kind == DELTA_MEMBER || kind == DELTA_GRANT ||
				    kind == DELTA_REVOKE || kind == DELTA_PACK
			      : kind == DELTA_CHANGE);
	}
	sim_must(sim, store_authority(node->store, &authority), "read rights");
	sim_must(sim,
	    inbox_walk(
		store_txn(node->store), authority, space, inbox_look, &looking),
	    "look into the inbox");
	if (looking.n != n)
		sim_fail(sim, "node %zu: the inbox of %s shows %zu of %zu",
		    node->number, space->text, looking.n, n);
	model_inbox(node, space, &looking.sum);
}

/* How many changes the record has. */
static size_t
record_check(struct sim_node *node, const struct leaves *leaves,
    struct space_state *space, const struct record_id *id)
{
	struct sim *sim = node->sim;
	struct arena arena = {0};
	struct merge_changes changes;

	sim_must(sim,
	    history_load(store_txn(node->store), space, id, &arena, &changes),
	    "read a history");
	for (size_t i = 0; i < changes.n; i++) {
		const struct merge_change *change = &changes.p[i];
		const struct leaves_delta *delta = leaves_find(
		    leaves, &change->at.delta);

		if (delta == NULL)
			sim_fail(sim, "node %zu: a change stands in no log",
			    node->number);
		if (delta->counts != change->counts)
			sim_fail(sim,
			    "node %zu: a change in %s %s: by the facts that "
			    "are held it %s",
			    node->number, space->name.text,
			    change->counts ? "counts" : "does not count",
			    delta->counts ? "does" : "does not");
		sim->count.outside += !delta->counts;
		sim->count.adopted += delta->adopted;
	}
	arena_fini(&arena);
	return changes.n;
}
