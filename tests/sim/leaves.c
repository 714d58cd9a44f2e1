/*
 * Raw logs for the naive judge: every branch whole, every header decoded, every
 * fact opened, by the codecs of proto alone.
 */
#include "tests/sim/leaves.h"

#include <stdlib.h>
#include <string.h>

#include "proto/body.h"
#include "tests/sim/node.h"

static void log_read(
    struct sim_node *node, const struct log *from, struct leaves *leaves);
static struct leaves_delta *delta_shared(
    const struct leaves *leaves, const struct leaves_log *log, uint64_t seq);
static struct leaves_delta *delta_read(struct sim_node *node,
    const struct stored_delta *stored, const struct leaves_log *log,
    struct arena *arena);
static void fact_read(struct sim_node *node, const struct stored_delta *stored,
    struct leaves_delta *delta, struct arena *arena);
static void commons_find(struct leaves *leaves);
static int delta_compare(const void *a, const void *b);

void
leaves_read(
    struct sim_node *node, const struct space *name, struct leaves *leaves)
{
	struct txn *txn = store_txn(node->store);
	struct space_state *space = space_find(txn, name);
	struct log **logs;
	size_t n = 0;
	size_t deltas_n = 0;

	memset(leaves, 0, sizeof(*leaves));
	if (space == NULL)
		return;
	sim_must(node->sim, oplog_all(txn, space, &logs, &n), "list logs");
	leaves->logs = arena_array(&leaves->arena, n, sizeof(*leaves->logs));
	for (size_t i = 0; i < n; i++)
		deltas_n += logs[i]->frontier.size;
	leaves->deltas = arena_array(
	    &leaves->arena, deltas_n, sizeof(struct leaves_delta *));
	for (size_t i = 0; i < n; i++)
		log_read(node, logs[i], leaves);
	commons_find(leaves);
	if (leaves->n > 0)
		qsort(leaves->deltas, leaves->n, sizeof(*leaves->deltas),
		    delta_compare);
}

void
leaves_fini(struct leaves *leaves)
{
	arena_fini(&leaves->arena);
	memset(leaves, 0, sizeof(*leaves));
}

static void
log_read(struct sim_node *node, const struct log *from, struct leaves *leaves)
{
	struct leaves_log *log = &leaves->logs[leaves->logs_n];
	struct stored_delta stored;

	log->trunk = from->trunk;
	log->author = from->name.author;
	log->space = from->name.space;
	log->n = from->frontier.size;
	log->leaves = arena_array(&leaves->arena, log->n, sizeof(*log->leaves));
	log->deltas = arena_array(&leaves->arena, log->n, sizeof(*log->deltas));
	for (uint64_t seq = 0; seq < log->n; seq++) {
		sim_must(node->sim,
		    oplog_get(store_txn(node->store), from, seq, &stored),
		    "read a delta");
		merkle_leaf(stored.header, &log->leaves[seq]);
		log->deltas[seq] = delta_shared(leaves, log, seq);
		if (stored.opaque || log->deltas[seq] != NULL)
			continue;
		log->deltas[seq] = delta_read(
		    node, &stored, log, &leaves->arena);
		log->deltas[seq]->ref.seq = seq;
		leaves->deltas[leaves->n++] = log->deltas[seq];
	}
	leaves->logs_n++;
}

/* As another branch, read before, has it. */
static struct leaves_delta *
delta_shared(
    const struct leaves *leaves, const struct leaves_log *log, uint64_t seq)
{
	for (size_t i = 0; i < leaves->logs_n; i++) {
		const struct leaves_log *other = &leaves->logs[i];

		if (memcmp(&other->trunk, &log->trunk, 16) == 0 &&
		    seq < other->n &&
		    memcmp(&other->leaves[seq], &log->leaves[seq], 32) == 0)
			return other->deltas[seq];
	}
	return NULL;
}

static struct leaves_delta *
delta_read(struct sim_node *node, const struct stored_delta *stored,
    const struct leaves_log *log, struct arena *arena)
{
	struct leaves_delta *delta = arena_new(arena, sizeof(*delta));
	struct bytes header = arena_bytes(arena, stored->header);
	struct hash leaf;

	merkle_leaf(header, &leaf);
	delta->ref.log = log->trunk;
	memcpy(delta->ref.leaf, leaf.b, sizeof(delta->ref.leaf));
	delta->author = log->author;
	delta->space = log->space;
	delta_decode(header, arena, &delta->delta, NULL);
	if (delta->delta.opaque)
		sim_fail(node->sim, "node %zu: a header is opaque after all",
		    node->number);
	if (delta->delta.open.rotation.n > 0)
		delta->has_fact = fact_rotation_get(delta->delta.open.rotation,
				      arena, &delta->rotation) == ERR_OK;
	else if (id_is_authority(&log->space))
		fact_read(node, stored, delta, arena);
	return delta;
}

static void
fact_read(struct sim_node *node, const struct stored_delta *stored,
    struct leaves_delta *delta, struct arena *arena)
{
	struct bytes rest = stored->bodies;
	struct stored_body body;
	struct secret secret;
	struct buf opened = {0};
	struct bytes plain;
	enum err e = ERR_MALFORMED;

	if (!oplog_body_next(&rest, &body) || body.form != BODY_OPEN)
		return;
	memcpy(secret.b, body.key, sizeof(secret.b));
	if (body_open(&node->sim->squeeze, body.sealed, &secret, &opened) !=
	    ERR_OK)
		goto out;
	plain = arena_bytes(arena, buf_bytes(&opened));
	if (delta->delta.kind == DELTA_MEMBER)
		e = fact_member_get(plain, &delta->member);
	else if (delta->delta.kind == DELTA_GRANT)
		e = fact_grant_get(plain, &delta->grant);
	else if (delta->delta.kind == DELTA_REVOKE)
		e = fact_revoke_get(plain, arena, &delta->revoke);
	else if (delta->delta.kind == DELTA_PACK)
		e = fact_pack_get(plain, &delta->pack);
	delta->has_fact = e == ERR_OK;
out:
	buf_fini(&opened);
}

static uint64_t
shared_leaves(const struct leaves_log *a, const struct leaves_log *b)
{
	uint64_t n = 0;

	while (n < a->n && n < b->n &&
	       memcmp(&a->leaves[n], &b->leaves[n], 32) == 0)
		n++;
	return n;
}

static void
commons_find(struct leaves *leaves)
{
	for (size_t i = 0; i < leaves->logs_n; i++) {
		struct leaves_log *log = &leaves->logs[i];

		log->common = UINT64_MAX;
		for (size_t k = 0; k < leaves->logs_n; k++) {
			uint64_t n = shared_leaves(log, &leaves->logs[k]);

			if (k != i && n < log->common &&
			    memcmp(&leaves->logs[k].trunk, &log->trunk, 16) ==
				0)
				log->common = n;
		}
	}
}

static bool
matches(const struct leaves_log *log, const struct log_cut *cut)
{
	struct frontier frontier = {0};
	struct hash root;

	if (memcmp(&log->trunk, &cut->log, 16) != 0 || log->n < cut->size)
		return false;
	for (uint64_t seq = 0; seq < cut->size; seq++)
		merkle_append(&frontier, &log->leaves[seq], NULL, NULL);
	merkle_root(&frontier, &root);
	return memcmp(&root, &cut->root, sizeof(root)) == 0;
}

uint64_t
leaves_cut(const struct leaves *leaves, const struct leaves_log *log,
    const struct log_cut *cut)
{
	uint64_t shared = 0;
	bool found = false;

	if (matches(log, cut))
		return cut->size;
	for (size_t i = 0; i < leaves->logs_n; i++) {
		const struct leaves_log *other = &leaves->logs[i];
		uint64_t n;

		if (!matches(other, cut))
			continue;
		found = true;
		n = shared_leaves(log, other);
		shared = shared < n ? n : shared;
	}
	if (found)
		return shared < cut->size ? shared : cut->size;
	return log->n < cut->size ? UINT64_MAX : 0;
}

bool
leaves_has(const struct leaves_log *log, const struct leaves_delta *delta)
{
	return delta->ref.seq < log->n && log->deltas[delta->ref.seq] == delta;
}

static int
delta_compare(const void *a, const void *b)
{
	const struct leaves_delta *const *left = a;
	const struct leaves_delta *const *right = b;

	return id_ref_compare(&(*left)->ref, &(*right)->ref);
}

struct leaves_delta *
leaves_find(const struct leaves *leaves, const struct ref *ref)
{
	size_t low = 0;
	size_t high = leaves->n;

	while (low < high) {
		size_t at = (low + high) / 2;
		int order = id_ref_compare(ref, &leaves->deltas[at]->ref);

		if (order == 0)
			return leaves->deltas[at];
		if (order < 0)
			high = at;
		else
			low = at + 1;
	}
	return NULL;
}
