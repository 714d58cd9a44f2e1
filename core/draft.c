/*
 * From local writes to a delta: gathers changes, numbers operations, makes the
 * list of references, seals bodies.  core/compose.c fills it; one road
 * (core/own.c, core/apply.c) takes what comes out.
 */
#include "core/draft.h"

#include <stdlib.h>
#include <string.h>

enum {
	/* The most bytes that the parts of a header need when encoded. */
	HEADER_BASE = 128,
	CHANGE_BASE = 48,
	COMMITMENT_BYTES = 40,
	PARENT_BYTES = 6,
	TARGET_BYTES = 9,
	SEEN_BYTES = 6,
	REF_BYTES = 40,
	/* Of a body, and of an operation in it, beside names and values. */
	BODY_BASE = 16,
	OP_BASE = 16,
};

/* The bodies of a delta while it is made; `change` is the one at hand. */
struct sealed {
	struct stored_body *bodies; /* arena */
	size_t n;
	uint16_t change;
};

/* What a change adds to a delta, at most. */
struct cost {
	size_t header_bytes;
	size_t targets; /* and references */
	size_t body_bytes;
};

static struct cost cost_of(const struct draft_change *change);
static void draft_grow(struct draft *draft);
static void refs_gather(const struct draft *draft, struct ref *refs, size_t *n);
static uint32_t ref_at(const struct ref *refs, size_t n, const struct ref *ref);
static enum err change_seal(struct txn *txn, const struct draft_change *from,
    struct delta_change *to, struct sealed *sealed) MUST_USE;
static enum err body_make(struct txn *txn, const struct draft_change *from,
    enum delta_class class, struct hash *commitment,
    struct stored_body *body) MUST_USE;
static void parents_make(struct txn *txn, const struct draft_change *from,
    const struct ref *refs, size_t refs_n, struct delta_change *to);
static void seen_make(struct txn *txn, const struct draft_change *from,
    const struct ref *refs, size_t refs_n, struct delta_change *to);

struct draft *
draft_get(
    struct txn *txn, struct draft **drafts, const struct store_write *write)
{
	struct draft *draft;

	for (draft = *drafts; draft != NULL; draft = draft->next) {
		if (id_space_equal(&draft->space, &write->space) &&
		    draft->has_actor == write->has_actor &&
		    (!draft->has_actor ||
			memcmp(&draft->actor, &write->actor, 16) == 0))
			return draft;
	}
	draft = arena_new(&txn->arena, sizeof(*draft));
	draft->space = write->space;
	draft->has_actor = write->has_actor;
	draft->actor = write->actor;
	draft->arena = &txn->arena;
	draft->header_bytes = HEADER_BASE;
	draft->next = *drafts;
	*drafts = draft;
	return draft;
}

bool
draft_has(const struct draft *draft, const struct record_id *id)
{
	for (size_t i = 0; i < draft->changes_n; i++) {
		if (memcmp(&draft->changes[i].record, id, sizeof(*id)) == 0)
			return true;
	}
	return false;
}

bool
draft_claims(const struct draft *draft, const struct record_id *id,
    const struct key *claim)
{
	for (size_t i = 0; i < draft->changes_n; i++) {
		const struct draft_change *change = &draft->changes[i];

		/* Its draft was sealed before it is written again. */
		assert(memcmp(&change->record, id, sizeof(*id)) != 0);
		for (size_t k = 0; k < change->claims_n; k++)
			if (bytes_equal(tables_key(&change->claims[k]),
				tables_key(claim)))
				return true;
	}
	return false;
}

static struct cost
cost_of(const struct draft_change *change)
{
	struct cost cost = {0};
	unsigned classes = change->collection.n > 0 ? 1u << CLASS_N : 0;
	size_t seen = 0;

	cost.body_bytes = BODY_BASE + change->collection.n;
	for (size_t i = 0; i < change->ops_n; i++) {
		const struct body_op *op = &change->ops[i].op;

		seen += change->ops[i].seen_n;
		classes |= 1u << change->classes[i];
		cost.body_bytes += OP_BASE + op->field.n + op->value.n;
	}
	cost.targets = change->parents_n + seen;
	cost.header_bytes = CHANGE_BASE +
			    change->parents_n * (PARENT_BYTES + REF_BYTES) +
			    seen * (TARGET_BYTES + REF_BYTES) +
			    change->ops_n * SEEN_BYTES;
	for (; classes != 0; classes &= classes - 1)
		cost.header_bytes += COMMITMENT_BYTES;
	return cost;
}

bool
draft_fits(const struct draft *draft, const struct draft_change *change)
{
	struct cost cost = cost_of(change);

	/* Whoever takes a delta has all its bodies at hand. */
	return draft->changes_n < LIMIT_CHANGES &&
	       draft->header_bytes + cost.header_bytes <= LIMIT_HEADER_SIZE &&
	       draft->refs_n + cost.targets <= LIMIT_REFERENCES &&
	       draft->targets_n + cost.targets <= LIMIT_SEEN &&
	       (draft->changes_n == 0 ||
		   draft->body_bytes + cost.body_bytes <= LIMIT_ROW_SIZE);
}

void
draft_add(struct draft *draft, const struct draft_change *change)
{
	struct cost cost = cost_of(change);

	assert(draft_fits(draft, change));
	draft->header_bytes += cost.header_bytes;
	draft->refs_n += cost.targets;
	draft->targets_n += cost.targets;
	draft->body_bytes += cost.body_bytes;
	if (change->shown.v > draft->shown.v)
		draft->shown = change->shown;
	if (draft->changes_n == draft->changes_room)
		draft_grow(draft);
	draft->changes[draft->changes_n++] = *change;
}

/* Most transactions write one change. */
static void
draft_grow(struct draft *draft)
{
	size_t room = 4 * draft->changes_room + 4;
	struct draft_change *changes = arena_array(
	    draft->arena, room, sizeof(*changes));

	for (size_t i = 0; i < draft->changes_n; i++)
		changes[i] = draft->changes[i];
	draft->changes = changes;
	draft->changes_room = room;
}

static int
ref_order(const void *a, const void *b)
{
	return id_ref_compare(a, b);
}

static int
change_order(const void *a, const void *b)
{
	return id_change_compare(a, b);
}

static int
dot_order(const void *a, const void *b)
{
	return id_dot_compare(a, b);
}

enum err
draft_seal(struct txn *txn, struct draft *draft, struct own *own)
{
	size_t n = draft->changes_n;
	struct delta delta = {.kind = DELTA_CHANGE,
	    .has_actor = draft->has_actor,
	    .actor = draft->actor,
	    .stamp = draft->shown};
	struct delta_change *changes;
	struct sealed sealed = {0};
	struct ref *refs;
	enum err e = ERR_OK;

	assert(n > 0);
	changes = arena_array(&txn->arena, n, sizeof(*changes));
	sealed.bodies = arena_array(
	    &txn->arena, n * CLASS_COUNT, sizeof(*sealed.bodies));
	refs = arena_array(&txn->arena, draft->refs_n, sizeof(*refs));
	refs_gather(draft, refs, &delta.refs_n);
	delta.refs = refs;
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		const struct draft_change *from = &draft->changes[i];

		parents_make(txn, from, refs, delta.refs_n, &changes[i]);
		seen_make(txn, from, refs, delta.refs_n, &changes[i]);
		sealed.change = (uint16_t)i;
		e = change_seal(txn, from, &changes[i], &sealed);
	}
	delta.changes = changes;
	delta.changes_n = n;
	if (e == ERR_OK)
		e = own_append(txn, own, &delta, sealed.bodies, sealed.n);
	draft->changes_n = 0;
	draft->header_bytes = HEADER_BASE;
	draft->refs_n = 0;
	draft->targets_n = 0;
	draft->body_bytes = 0;
	draft->shown = (struct stamp){0};
	return e == ERR_OK ? e : txn_fail(txn, e);
}

/* All deltas that the draft refers to, sorted, each once. */
static void
refs_gather(const struct draft *draft, struct ref *refs, size_t *n)
{
	size_t all = 0;

	for (size_t i = 0; i < draft->changes_n; i++) {
		const struct draft_change *change = &draft->changes[i];

		for (size_t k = 0; k < change->parents_n; k++)
			refs[all++] = change->parents[k].delta;
		for (size_t k = 0; k < change->ops_n; k++) {
			for (size_t s = 0; s < change->ops[k].seen_n; s++)
				refs[all++] = change->ops[k].seen[s].at.delta;
		}
	}
	assert(all <= draft->refs_n);
	if (all > 0)
		qsort(refs, all, sizeof(*refs), ref_order);
	*n = 0;
	for (size_t i = 0; i < all; i++) {
		if (i == 0 || id_ref_compare(&refs[i], &refs[*n - 1]) != 0)
			refs[(*n)++] = refs[i];
	}
}

static uint32_t
ref_at(const struct ref *refs, size_t n, const struct ref *ref)
{
	const struct ref *hit = bsearch(ref, refs, n, sizeof(*refs), ref_order);

	assert(hit != NULL);
	return (uint32_t)(hit - refs);
}

static void
parents_make(struct txn *txn, const struct draft_change *from,
    const struct ref *refs, size_t refs_n, struct delta_change *to)
{
	struct delta_parent *parents = arena_array(
	    &txn->arena, from->parents_n, sizeof(*parents));

	if (from->parents_n > 0)
		qsort(from->parents, from->parents_n, sizeof(*from->parents),
		    change_order);
	for (size_t i = 0; i < from->parents_n; i++)
		parents[i] = (struct delta_parent){
		    .ref = ref_at(refs, refs_n, &from->parents[i].delta),
		    .change = from->parents[i].change};
	to->parents = parents;
	to->parents_n = from->parents_n;
	to->record = from->record;
	to->act = from->act;
}

/* Numbers the operations and writes down what each saw, by rising number. */
static void
seen_make(struct txn *txn, const struct draft_change *from,
    const struct ref *refs, size_t refs_n, struct delta_change *to)
{
	struct delta_seen *seen = arena_array(
	    &txn->arena, from->ops_n, sizeof(*seen));
	uint16_t next[CLASS_COUNT] = {CLASS_N, CLASS_P, CLASS_S, CLASS_F};
	unsigned end = 0;

	for (size_t i = 0; i < from->ops_n; i++) {
		uint16_t *number = &next[from->classes[i]];

		from->ops[i].op.number = *number;
		*number = (uint16_t)(*number + CLASS_COUNT);
		end = end < *number ? *number : end;
	}
	for (unsigned n = 0; n < end; n++) {
		size_t i = 0;
		struct delta_target *targets;
		struct draft_op *op;

		if (n >= next[n % CLASS_COUNT])
			continue;
		while (from->ops[i].op.number != n)
			i++;
		op = &from->ops[i];
		if (op->seen_n == 0)
			continue;
		qsort(op->seen, op->seen_n, sizeof(*op->seen), dot_order);
		targets = arena_array(
		    &txn->arena, op->seen_n, sizeof(*targets));
		for (size_t s = 0; s < op->seen_n; s++)
			targets[s] = (struct delta_target){
			    .ref = ref_at(refs, refs_n, &op->seen[s].at.delta),
			    .change = op->seen[s].at.change,
			    .op = op->seen[s].op};
		seen[to->seen_n++] = (struct delta_seen){
		    .op = (uint16_t)n, .n = op->seen_n, .targets = targets};
	}
	to->seen = seen;
}

static enum err
change_seal(struct txn *txn, const struct draft_change *from,
    struct delta_change *to, struct sealed *sealed)
{
	unsigned classes = from->collection.n > 0 ? 1u << CLASS_N : 0;
	enum err e = ERR_OK;

	for (size_t i = 0; i < from->ops_n; i++)
		classes |= 1u << from->classes[i];
	to->classes = classes;
	for (unsigned class = 0; class < CLASS_COUNT && e == ERR_OK; class ++) {
		struct stored_body *body = &sealed->bodies[sealed->n];

		if ((classes >> class & 1) == 0)
			continue;
		body->change = sealed->change;
		body->class = (enum delta_class) class;
		body->form = BODY_OPEN;
		e = body_make(txn, from, (enum delta_class) class,
		    &to->commitments[class], body);
		sealed->n++;
	}
	return e;
}

static enum err
body_make(struct txn *txn, const struct draft_change *from,
    enum delta_class class, struct hash *commitment, struct stored_body *body)
{
	struct body_op *ops = arena_array(
	    &txn->arena, from->ops_n, sizeof(*ops));
	struct body content = {.ops = ops};
	struct secret secret;
	struct buf plain = {0};
	struct buf sealed = {0};
	enum err e;

	if (class == CLASS_N)
		content.collection = from->collection;
	for (size_t i = 0; i < from->ops_n; i++) {
		if (from->classes[i] == class)
			ops[content.ops_n++] = from->ops[i].op;
	}
	txn->host->random(txn->host->arg, secret.b, sizeof(secret.b));
	e = body_encode(&content, &plain);
	if (e == ERR_OK)
		e = body_seal(txn->squeeze, buf_bytes(&plain), &secret, &sealed,
		    commitment);
	if (e == ERR_OK) {
		memcpy(body->key, secret.b, sizeof(secret.b));
		body->sealed = arena_bytes(&txn->arena, buf_bytes(&sealed));
	}
	crypto_wipe(&secret, sizeof(secret));
	buf_wipe(&plain);
	buf_fini(&sealed);
	return e;
}
