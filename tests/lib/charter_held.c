/*
 * Charters as they are held.  Made the slow way, leaf by leaf, so that it can
 * judge what core makes of trees and branches.
 */
#include "tests/lib/charter_held.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/apply.h"
#include "core/cuts.h"
#include "core/forks.h"
#include "core/tree.h"

void
charter_held_all(const struct charter *c, struct charter_held *held)
{
	memset(held, 0, sizeof(*held));
	for (size_t i = 0; i < c->logs_n; i++)
		held->sizes[i] = c->logs[i].size;
}

bool
charter_held_is_tip(
    const struct charter *c, const struct charter_held *held, size_t log)
{
	size_t size = held->sizes[log];

	if (size == 0)
		return false;
	for (size_t i = 0; i < c->logs_n; i++) {
		/* The same leaves are the same memory. */
		if (i == log || held->sizes[i] < size ||
		    (held->sizes[i] == size && i > log))
			continue;
		if (c->logs[i].leaves[size - 1] ==
		    c->logs[log].leaves[size - 1])
			return false;
	}
	return true;
}

static bool
has(const struct charter *c, const struct charter_held *held, size_t log,
    const struct charter_place *place)
{
	return place->seq < held->sizes[log] &&
	       c->logs[log].leaves[place->seq] == place->leaf;
}

static bool
is_tip_of(const struct charter *c, const struct charter_held *held, size_t log,
    const struct log_id *trunk)
{
	return charter_held_is_tip(c, held, log) &&
	       memcmp(&c->logs[log].trunk, trunk, sizeof(*trunk)) == 0;
}

bool
charter_held_covers(const struct charter *c, const struct charter_held *held,
    const struct charter_place *place, const struct log_cut *cuts, size_t n)
{
	bool any = false;
	bool matching = false;
	bool whole = false;

	for (size_t i = 0; i < n * c->logs_n; i++) {
		const struct log_cut *cut = &cuts[i % n];
		size_t log = i / n;
		struct log_cut ours;

		if (memcmp(&cut->log, &c->logs[place->log].trunk, 16) != 0 ||
		    !is_tip_of(c, held, log, &cut->log))
			continue;
		if (held->sizes[log] < cut->size) {
			whole = whole || has(c, held, log, place);
			continue;
		}
		ours = charter_cut(c, log, cut->size);
		if (memcmp(&ours.root, &cut->root, sizeof(ours.root)) != 0)
			continue;
		any = true;
		matching = matching ||
			   (place->seq < cut->size && has(c, held, log, place));
	}
	return any ? matching : whole;
}

bool
charter_held_forked(const struct charter *c, const struct charter_held *held,
    const struct log_id *trunk, size_t seq)
{
	for (size_t i = 0; i < c->logs_n * c->logs_n; i++) {
		size_t a = i / c->logs_n;
		size_t b = i % c->logs_n;

		if (!is_tip_of(c, held, a, trunk) ||
		    !is_tip_of(c, held, b, trunk))
			continue;
		for (size_t k = 0;
		     k <= seq && k < held->sizes[a] && k < held->sizes[b];
		     k++) {
			if (c->logs[a].leaves[k] != c->logs[b].leaves[k])
				return true;
		}
	}
	return false;
}

/* The tips of one trunk. */
struct trunk {
	size_t n;
	size_t logs[CHARTER_LOGS];
	size_t first; /* index among the tips of all trunks */
	struct cuts_trunk cuts;
};

struct sheet {
	const struct charter *charter;
	const struct charter_held *held;
	struct arena *arena;
	struct trunk *trunks;
	size_t trunks_n;
	struct authority_facts *facts;
};

static size_t
shared_of(const struct sheet *sheet, size_t a, size_t b)
{
	const struct charter_log *left = &sheet->charter->logs[a];
	const struct charter_log *right = &sheet->charter->logs[b];
	size_t n = 0;

	while (n < sheet->held->sizes[a] && n < sheet->held->sizes[b] &&
	       left->leaves[n] == right->leaves[n])
		n++;
	return n;
}

/* Tips that differ, by trunk, then by the leaf in which they do. */
static bool
comes_before(const struct sheet *sheet, size_t a, size_t b)
{
	const struct charter_log *left = &sheet->charter->logs[a];
	const struct charter_log *right = &sheet->charter->logs[b];
	int order = memcmp(&left->trunk, &right->trunk, sizeof(left->trunk));
	size_t shared;

	if (order != 0)
		return order < 0;
	shared = shared_of(sheet, a, b);
	return memcmp(&left->leaves[shared]->hash, &right->leaves[shared]->hash,
		   sizeof(struct hash)) < 0;
}

static void
trunks_make(struct sheet *sheet)
{
	size_t sorted[CHARTER_LOGS];
	size_t n = 0;
	struct trunk *trunk = NULL;

	for (size_t i = 0; i < sheet->charter->logs_n; i++) {
		size_t k = n;

		if (!charter_held_is_tip(sheet->charter, sheet->held, i) ||
		    !id_is_authority(&sheet->charter->logs[i].name.space))
			continue;
		for (; k > 0 && comes_before(sheet, i, sorted[k - 1]); k--)
			sorted[k] = sorted[k - 1];
		sorted[k] = i;
		n++;
	}
	sheet->trunks = arena_array(sheet->arena, n, sizeof(*sheet->trunks));
	for (size_t i = 0; i < n; i++) {
		if (i == 0 ||
		    memcmp(&sheet->charter->logs[sorted[i]].trunk,
			&sheet->charter->logs[sorted[i - 1]].trunk, 16) != 0) {
			trunk = &sheet->trunks[sheet->trunks_n++];
			trunk->first = i;
		}
		trunk->logs[trunk->n++] = sorted[i];
	}
	sheet->facts->tips_n = n;
}

static void
trunk_compare(struct sheet *sheet, struct trunk *trunk)
{
	uint64_t *sizes = arena_array(sheet->arena, trunk->n, sizeof(*sizes));
	uint64_t *shared = arena_array(sheet->arena, trunk->n, sizeof(*shared));

	for (size_t i = 0; i < trunk->n; i++) {
		sizes[i] = sheet->held->sizes[trunk->logs[i]];
		if (i > 0)
			shared[i] = shared_of(
			    sheet, trunk->logs[i - 1], trunk->logs[i]);
	}
	trunk->cuts = (struct cuts_trunk){
	    .n = trunk->n, .sizes = sizes, .shared = shared};
}

static struct authority_ends
ends_of(struct sheet *sheet, const struct log_cut *cuts, size_t n)
{
	struct authority_end *p = arena_array(
	    sheet->arena, sheet->facts->tips_n + 1, sizeof(*p));
	struct authority_ends ends = {.p = p};

	for (size_t i = 0; i < sheet->trunks_n * n; i++) {
		const struct trunk *trunk = &sheet->trunks[i / n];
		const struct log_cut *cut = &cuts[i % n];
		bool match[CHARTER_LOGS] = {0};
		uint64_t sizes[CHARTER_LOGS];

		if (memcmp(&sheet->charter->logs[trunk->logs[0]].trunk,
			&cut->log, sizeof(cut->log)) != 0)
			continue;
		for (size_t k = 0; k < trunk->n; k++) {
			struct log_cut ours;

			if (trunk->cuts.sizes[k] < cut->size)
				continue;
			ours = charter_cut(
			    sheet->charter, trunk->logs[k], cut->size);
			match[k] = memcmp(&ours.root, &cut->root, 32) == 0;
		}
		cuts_spread(&trunk->cuts, match, cut->size, sizes);
		for (size_t k = 0; k < trunk->n; k++)
			p[ends.n++] = (struct authority_end){
			    .tip = trunk->first + k, .size = sizes[k]};
	}
	return ends;
}

static void
leaf_take(struct sheet *sheet, size_t log, size_t seq, size_t tip)
{
	const struct charter_leaf *leaf = sheet->charter->logs[log].leaves[seq];
	struct authority_facts *facts = sheet->facts;
	struct authority_fact *fact;
	bool bare = false;

	for (size_t i = 0; i < sheet->charter->logs_n; i++)
		bare = bare ||
		       (sheet->held->bare[i] && sheet->held->sizes[i] > 0 &&
			   sheet->charter->logs[i]
				   .leaves[sheet->held->sizes[i] - 1] == leaf);
	if (leaf->rotates)
		facts->rotations[facts->rotations_n++] =
		    (struct authority_rotation){
			.by = sheet->charter->logs[log].name.author,
			.record = leaf->rotation,
			.ends = ends_of(sheet, leaf->cuts, leaf->cuts_n)};
	if (leaf->kind < DELTA_MEMBER)
		return;
	fact = &facts->facts[facts->facts_n++];
	*fact = (struct authority_fact){.kind = leaf->kind,
	    .tip = tip,
	    .ref = charter_ref(sheet->charter, log, seq),
	    .since = leaf->stamp,
	    .is_sound = leaf->kind >= DELTA_ADOPT || !bare,
	    .targets = leaf->targets,
	    .targets_n = leaf->targets_n,
	    .replaces = leaf->replaces,
	    .replaces_n = leaf->replaces_n};
	if (!fact->is_sound)
		return;
	if (leaf->kind == DELTA_MEMBER)
		fact->u.member = leaf->member;
	else if (leaf->kind == DELTA_GRANT)
		fact->u.grant = leaf->grant;
	else if (leaf->kind == DELTA_REVOKE)
		fact->u.revoke = leaf->revoke;
	fact->ends = ends_of(sheet, leaf->cuts, leaf->cuts_n);
}

static void
tip_take(struct sheet *sheet, const struct trunk *trunk, size_t at)
{
	const struct charter_log *log = &sheet->charter->logs[trunk->logs[at]];
	struct authority_facts *facts = sheet->facts;
	struct authority_tip *tip = &facts->tips[trunk->first + at];

	*tip = (struct authority_tip){.trunk = log->trunk,
	    .author = log->name.author,
	    .has_grant = log->leaves[0]->has_grant,
	    .grant = log->leaves[0]->opened,
	    .fork = cuts_fork(&trunk->cuts),
	    .first = facts->facts_n};
	for (size_t seq = trunk->cuts.shared[at]; seq < trunk->cuts.sizes[at];
	     seq++)
		leaf_take(sheet, trunk->logs[at], seq, trunk->first + at);
	tip->n = facts->facts_n - tip->first;
}

void
charter_held_facts(const struct charter *c, const struct charter_held *held,
    struct arena *arena, struct authority_facts *facts)
{
	struct sheet sheet = {
	    .charter = c, .held = held, .arena = arena, .facts = facts};
	size_t room = CHARTER_LOGS * CHARTER_LEAVES;

	*facts = (struct authority_facts){0};
	trunks_make(&sheet);
	facts->tips = arena_array(arena, facts->tips_n, sizeof(*facts->tips));
	facts->facts = arena_array(arena, room, sizeof(*facts->facts));
	facts->rotations = arena_array(
	    arena, CHARTER_LOGS, sizeof(*facts->rotations));
	for (size_t i = 0; i < sheet.trunks_n; i++)
		trunk_compare(&sheet, &sheet.trunks[i]);
	for (size_t i = 0; i < sheet.trunks_n; i++) {
		for (size_t k = 0; k < sheet.trunks[i].n; k++) {
			const struct charter_log *log =
			    &c->logs[sheet.trunks[i].logs[k]];

			facts->founded = facts->founded || log->author == 0;
			tip_take(&sheet, &sheet.trunks[i], k);
		}
	}
	if (facts->founded)
		assert_int_equal(fact_founding_get(
				     buf_bytes(&c->founding), &facts->founding),
		    ERR_OK);
}

/* The tip of `store` to which the leaf `seq` of `log` is to be appended; NULL
 * when it is there already. */
static struct log *
place_of(struct store *store, const struct charter *c, size_t log, size_t seq)
{
	struct txn *txn = store_txn(store);
	const struct charter_log *from = &c->logs[log];
	struct log_cut before = charter_cut(c, log, seq);
	struct log_cut after = charter_cut(c, log, seq + 1);
	struct log *place = NULL;
	struct space_state *space = NULL;
	struct log **tips;
	size_t n = 0;
	bool split = true;

	assert_int_equal(space_get(txn, &from->name.space, &space), ERR_OK);
	assert_int_equal(
	    oplog_tips(txn, space, &from->trunk, &tips, &n), ERR_OK);
	if (n == 0) {
		assert_int_equal(seq, 0);
		assert_int_equal(oplog_open(txn, &from->name, &place), ERR_OK);
		return place;
	}
	for (size_t i = 0; i < n; i++) {
		struct hash root;

		if (tips[i]->frontier.size < seq)
			continue;
		assert_int_equal(tree_root(txn, tips[i], seq, &root), ERR_OK);
		if (memcmp(&root, &before.root, sizeof(root)) != 0)
			continue;
		place = tips[i];
		split = tips[i]->frontier.size > seq;
		if (!split)
			return place;
		assert_int_equal(
		    tree_root(txn, tips[i], seq + 1, &root), ERR_OK);
		if (memcmp(&root, &after.root, sizeof(root)) == 0)
			return NULL;
	}
	assert_non_null(place);
	assert_int_equal(
	    forks_split(txn, place, seq, &from->leaves[seq]->hash, &place),
	    ERR_OK);
	return place;
}

static struct stored_body
body_of(const struct charter_leaf *leaf)
{
	struct stored_body body = {.class = CLASS_N,
	    .form = BODY_OPEN,
	    .sealed = buf_bytes(&leaf->sealed)};

	memcpy(body.key, leaf->secret.b, sizeof(body.key));
	return body;
}

void
charter_held_deliver(const struct charter *c, struct store *store, size_t log,
    size_t seq, bool bare)
{
	const struct charter_leaf *leaf = c->logs[log].leaves[seq];
	struct log *place = place_of(store, c, log, seq);
	struct stored_body body = body_of(leaf);
	struct oplog_entry entry = {.header = buf_bytes(&leaf->header),
	    .bodies = &body,
	    .bodies_n = !bare && leaf->sealed.n > 0};
	const struct authority *authority;
	struct hash hash;

	if (place == NULL)
		return;
	assert_int_equal(
	    apply_delta(store_txn(store), place, &entry, &hash), ERR_OK);
	assert_memory_equal(&hash, &leaf->hash, sizeof(hash));
	assert_int_equal(store_authority(store, &authority), ERR_OK);
	assert_int_equal(
	    apply_tips(store_txn(store), authority, place), ERR_OK);
}

void
charter_held_body(
    const struct charter *c, struct store *store, size_t log, size_t seq)
{
	const struct charter_leaf *leaf = c->logs[log].leaves[seq];
	struct stored_body body = body_of(leaf);
	struct txn *txn = store_txn(store);
	struct space_state *space = space_find(txn, &c->logs[log].name.space);
	struct log_cut cut = charter_cut(c, log, seq + 1);
	struct log **tips;
	size_t n;

	if (leaf->sealed.n == 0)
		return;
	assert_int_equal(
	    oplog_tips(txn, space, &c->logs[log].trunk, &tips, &n), ERR_OK);
	for (size_t i = 0; i < n; i++) {
		struct hash root;

		if (tips[i]->frontier.size <= seq)
			continue;
		assert_int_equal(
		    tree_root(txn, tips[i], seq + 1, &root), ERR_OK);
		if (memcmp(&root, &cut.root, sizeof(root)) == 0)
			assert_int_equal(
			    apply_body(txn, tips[i], seq, &body), ERR_OK);
	}
}
