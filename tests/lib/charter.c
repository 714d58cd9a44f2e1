/*
 * Writes authority logs for tests: headers are encoded and bodies sealed as
 * core does it, but nothing asks whether the author may.
 */
#include "tests/lib/charter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/body.h"
#include "proto/mem.h"

enum { DECISION_REFS = 64 };

void
charter_init(struct charter *c, uint64_t seed)
{
	struct fact_founding founding = {.name = bytes_text("서울")};

	memset(c, 0, sizeof(*c));
	assert_int_equal(crypto_start(), ERR_OK);
	c->prng.seed = seed;
	c->clock_ms = UINT64_C(1700000000000);
	for (size_t i = 0; i < CHARTER_KEYS; i++) {
		prng_fill(&c->prng, c->seeds[i].b, sizeof(c->seeds[i].b));
		crypto_sign_key(&c->seeds[i], &c->keys[i]);
	}
	founding.root = c->keys[0];
	crypto_sha256(bytes_of(c->keys[1].b, 32), &founding.next_root);
	fact_founding_put(&founding, &c->founding);
	fact_city(buf_bytes(&c->founding), &c->city);
}

void
charter_fini(struct charter *c)
{
	for (size_t i = 0; i < c->logs_n; i++) {
		struct charter_log *log = &c->logs[i];

		for (size_t k = log->shared; k < log->size; k++) {
			buf_fini(&log->leaves[k]->header);
			buf_fini(&log->leaves[k]->sealed);
			mem_free(log->leaves[k]->cuts);
			mem_free(log->leaves[k]->targets);
			mem_free(log->leaves[k]->replaces);
			mem_free(log->leaves[k]);
		}
	}
	buf_fini(&c->founding);
	squeeze_fini(&c->squeeze);
}

static void *
copy_of(const void *p, size_t n, size_t size)
{
	void *copy = n > 0 ? mem_new(n * size) : NULL;

	if (n > 0)
		memcpy(copy, p, n * size);
	return copy;
}

/* One more leaf of `log`, not encoded yet. */
static struct charter_leaf *
leaf_add(struct charter *c, size_t log, enum delta_kind kind)
{
	struct charter_log *to = &c->logs[log];
	struct charter_leaf *leaf = mem_zeros(1, sizeof(*leaf));

	assert_true(to->size < CHARTER_LEAVES);
	leaf->kind = kind;
	leaf->stamp = stamp_next((struct stamp){0}, c->clock_ms++);
	to->leaves[to->size++] = leaf;
	return leaf;
}

/* Encodes the last leaf of `log`. */
static struct ref
leaf_end(struct charter *c, size_t log, struct delta *delta)
{
	struct charter_log *to = &c->logs[log];
	struct charter_leaf *leaf = to->leaves[to->size - 1];

	delta->format = DELTA_FORMAT;
	delta->kind = (uint64_t)leaf->kind;
	delta->seq = to->size - 1;
	delta->stamp = leaf->stamp;
	delta->origin = to->origin;
	assert_int_equal(delta_encode(delta, &leaf->header), ERR_OK);
	merkle_leaf(buf_bytes(&leaf->header), &leaf->hash);
	return charter_ref(c, log, to->size - 1);
}

size_t
charter_open(struct charter *c, size_t author, const char *space,
    const struct ref *grant)
{
	size_t index = c->logs_n++;
	struct charter_log *log = &c->logs[index];
	struct delta delta = {.refs = grant,
	    .refs_n = grant != NULL,
	    .open = {.has_grant = grant != NULL}};
	struct charter_leaf *leaf;

	assert_true(index < CHARTER_LOGS);
	log->author = author;
	log->name = (struct log_name){
	    .city = c->city, .author = c->keys[author]};
	assert_int_equal(id_space(bytes_text(space), &log->name.space), ERR_OK);
	prng_fill(&c->prng, log->name.incarnation.b, 8);
	id_log(&log->name, &log->origin, &log->trunk);
	leaf = leaf_add(c, index, DELTA_OPEN);
	leaf->has_grant = grant != NULL;
	if (grant != NULL)
		leaf->opened = *grant;
	if (author == 0 && id_is_authority(&log->name.space))
		delta.open.founding = buf_bytes(&c->founding);
	(void)leaf_end(c, index, &delta);
	return index;
}

size_t
charter_rotate(struct charter *c, size_t author, size_t next,
    const struct log_cut *cuts, size_t cuts_n)
{
	size_t index = charter_open(c, author, "authority", NULL);
	struct charter_leaf *leaf = c->logs[index].leaves[0];
	struct fact_rotation *rotation = &leaf->rotation;
	struct delta delta = {0};
	struct buf record = {0};

	assert_true(author > 0);
	leaf->cuts = copy_of(cuts, cuts_n, sizeof(*cuts));
	leaf->cuts_n = cuts_n;
	leaf->rotates = true;
	*rotation = (struct fact_rotation){.before = c->keys[author - 1],
	    .cuts = leaf->cuts,
	    .cuts_n = cuts_n};
	crypto_sha256(bytes_of(c->keys[next].b, 32), &rotation->next_root);
	fact_rotation_put(rotation, &record);
	delta.open.rotation = buf_bytes(&record);
	buf_fini(&leaf->header);
	(void)leaf_end(c, index, &delta);
	buf_fini(&record);
	return index;
}

size_t
charter_branch(struct charter *c, size_t log, size_t shared)
{
	size_t index = c->logs_n++;

	assert_true(index < CHARTER_LOGS && shared <= c->logs[log].size);
	c->logs[index] = c->logs[log];
	c->logs[index].size = shared;
	c->logs[index].shared = shared;
	return index;
}

/* The only change of a fact or decision, its body `plain` sealed. */
static void
seal(struct charter *c, size_t log, struct buf *plain,
    struct delta_change *change)
{
	struct charter_log *to = &c->logs[log];
	struct charter_leaf *leaf = to->leaves[to->size - 1];

	prng_fill(&c->prng, leaf->secret.b, sizeof(leaf->secret.b));
	prng_fill(&c->prng, change->record.b, sizeof(change->record.b));
	change->classes = 1u << CLASS_N;
	assert_int_equal(body_seal(&c->squeeze, buf_bytes(plain), &leaf->secret,
			     &leaf->sealed, &change->commitments[CLASS_N]),
	    ERR_OK);
	buf_fini(plain);
}

struct ref
charter_member(struct charter *c, size_t log, size_t key, const char *label)
{
	struct charter_leaf *leaf = leaf_add(c, log, DELTA_MEMBER);
	struct delta_change change = {0};
	struct delta delta = {.changes = &change, .changes_n = 1};
	struct buf plain = {0};

	(void)snprintf(leaf->label, sizeof(leaf->label), "%s", label);
	leaf->member = (struct fact_member){
	    .key = c->keys[key], .label = bytes_text(leaf->label)};
	fact_member_put(&leaf->member, &plain);
	seal(c, log, &plain, &change);
	return leaf_end(c, log, &delta);
}

struct ref
charter_grant(struct charter *c, size_t log, size_t key, const char *prefix,
    const char *gives, const char *passes)
{
	struct charter_leaf *leaf = leaf_add(c, log, DELTA_GRANT);
	struct delta_change change = {0};
	struct delta delta = {.changes = &change, .changes_n = 1};
	struct buf plain = {0};

	leaf->grant.member = c->keys[key];
	assert_int_equal(
	    id_prefix(bytes_text(prefix), &leaf->grant.prefix), ERR_OK);
	assert_int_equal(
	    fact_rights(bytes_text(gives), &leaf->grant.gives), ERR_OK);
	if (passes[0] != '\0')
		assert_int_equal(
		    fact_rights(bytes_text(passes), &leaf->grant.passes),
		    ERR_OK);
	fact_grant_put(&leaf->grant, &plain);
	seal(c, log, &plain, &change);
	return leaf_end(c, log, &delta);
}

struct ref
charter_revoke(struct charter *c, size_t log, const struct ref *grant,
    bool compromised, const struct log_cut *cuts, size_t cuts_n)
{
	struct charter_leaf *leaf = leaf_add(c, log, DELTA_REVOKE);
	struct delta_change change = {0};
	struct delta delta = {.changes = &change, .changes_n = 1};
	struct buf plain = {0};

	leaf->cuts = copy_of(cuts, cuts_n, sizeof(*cuts));
	leaf->cuts_n = cuts_n;
	leaf->revoke = (struct fact_revoke){.grant = *grant,
	    .compromised = compromised,
	    .reason = bytes_text("전출"),
	    .cuts = leaf->cuts,
	    .cuts_n = cuts_n};
	fact_revoke_put(&leaf->revoke, &plain);
	seal(c, log, &plain, &change);
	return leaf_end(c, log, &delta);
}

static int
ref_compare(const void *a, const void *b)
{
	return id_ref_compare(a, b);
}

/* What a decision names, sorted, each once. */
static size_t
refs_sort(const struct charter_leaf *leaf, struct ref *refs)
{
	size_t all = 0;
	size_t n = 0;

	assert_true(leaf->targets_n + leaf->replaces_n <= DECISION_REFS);
	for (size_t i = 0; i < leaf->targets_n; i++)
		refs[all++] = leaf->targets[i];
	for (size_t i = 0; i < leaf->replaces_n; i++)
		refs[all++] = leaf->replaces[i];
	if (all > 0)
		qsort(refs, all, sizeof(*refs), ref_compare);
	for (size_t i = 0; i < all; i++) {
		if (n == 0 || id_ref_compare(&refs[n - 1], &refs[i]) != 0)
			refs[n++] = refs[i];
	}
	return n;
}

/* Where in `refs` those of `list` stand, rising. */
static size_t
indexes_of(const struct ref *refs, size_t refs_n, const struct ref *list,
    size_t list_n, uint32_t *indexes)
{
	size_t n = 0;

	for (size_t i = 0; i < refs_n; i++) {
		bool listed = false;

		for (size_t k = 0; k < list_n; k++)
			listed = listed ||
				 id_ref_compare(&refs[i], &list[k]) == 0;
		if (listed)
			indexes[n++] = (uint32_t)i;
	}
	return n;
}

struct ref
charter_decide(
    struct charter *c, size_t log, const struct charter_decision *decision)
{
	struct charter_leaf *leaf = leaf_add(c, log, decision->kind);
	struct delta_change change = {0};
	struct delta delta = {.changes = &change, .changes_n = 1};
	struct fact_reason reason = {.text = bytes_text("확인")};
	struct buf plain = {0};
	struct ref refs[DECISION_REFS];
	uint32_t targets[DECISION_REFS];
	uint32_t replaces[DECISION_REFS];

	leaf->targets_n = decision->targets_n;
	leaf->replaces_n = decision->replaces_n;
	leaf->cuts_n = decision->cuts_n;
	leaf->targets = copy_of(
	    decision->targets, leaf->targets_n, sizeof(*leaf->targets));
	leaf->replaces = copy_of(
	    decision->replaces, leaf->replaces_n, sizeof(*leaf->replaces));
	leaf->cuts = copy_of(decision->cuts, leaf->cuts_n, sizeof(*leaf->cuts));
	delta.refs = refs;
	delta.refs_n = refs_sort(leaf, refs);
	delta.decision = (struct delta_decision){.targets = targets,
	    .targets_n = indexes_of(
		refs, delta.refs_n, leaf->targets, leaf->targets_n, targets),
	    .cuts = leaf->cuts,
	    .cuts_n = leaf->cuts_n,
	    .replaces = replaces,
	    .replaces_n = indexes_of(refs, delta.refs_n, leaf->replaces,
		leaf->replaces_n, replaces)};
	fact_reason_put(&reason, &plain);
	seal(c, log, &plain, &change);
	return leaf_end(c, log, &delta);
}

struct ref
charter_change(struct charter *c, size_t log)
{
	struct delta_change change = {.act = ACT_KEEP};
	struct delta delta = {.changes = &change, .changes_n = 1};

	(void)leaf_add(c, log, DELTA_CHANGE);
	prng_fill(&c->prng, change.record.b, sizeof(change.record.b));
	return leaf_end(c, log, &delta);
}

struct log_cut
charter_cut(const struct charter *c, size_t log, size_t size)
{
	struct log_cut cut = {.log = c->logs[log].trunk, .size = size};
	struct frontier frontier = {0};

	assert_true(size <= c->logs[log].size);
	for (size_t i = 0; i < size; i++)
		merkle_append(
		    &frontier, &c->logs[log].leaves[i]->hash, NULL, NULL);
	merkle_root(&frontier, &cut.root);
	return cut;
}

struct ref
charter_ref(const struct charter *c, size_t log, size_t seq)
{
	struct ref ref = {.log = c->logs[log].trunk, .seq = seq};

	assert_true(seq < c->logs[log].size);
	memcpy(ref.leaf, c->logs[log].leaves[seq]->hash.b, sizeof(ref.leaf));
	return ref;
}
