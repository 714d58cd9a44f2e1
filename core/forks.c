/*
 * Forked logs and their proofs.  The session brings what peers say of a log;
 * status, fsck and the commands on logs read what is kept.  Never decides which
 * branch is right: neither is.
 */
#include "core/forks.h"

#include <string.h>

#include "core/events.h"
#include "core/feed.h"
#include "core/gap.h"
#include "core/oplog_make.h"
#include "core/own.h"
#include "core/tree.h"

/* Of a side: size, root, signature of its head; root at the fork; number of
 * hashes, which follow. */
enum { SIDE_SIZE = 8 + 32 + 64 + 32 + 1, NODE_SIZE = 32 };

static enum err fork_put(
    struct txn *txn, struct log *log, const struct fork *fork) MUST_USE;
static enum err sides_find(struct txn *txn, struct log *log,
    const struct msg_fork *said, struct fork *fork) MUST_USE;
static enum err rename_at(
    struct txn *txn, struct log *log, uint64_t at) MUST_USE;
static enum err stamp_at(struct txn *txn, const struct log *log, uint64_t size,
    struct stamp *stamp) MUST_USE;
static void announce(struct txn *txn, const struct log *log, uint64_t seq);
static void side_put(const struct fork_side *side, struct buf *row);
static bool side_get(struct bytes *rest, struct fork_side *side);

enum err
forks_side(struct txn *txn, const struct log *log, uint64_t size,
    struct fork_side *side)
{
	enum err e;

	*side = (struct fork_side){
	    .head = {.size = log->head_size,
		.root = log->head_root,
		.signature = log->head_signature},
	};
	if (!log->has_head || size == 0)
		return err_set(ERR_NOT_FOUND, "the log has no signed head yet");
	if (size > log->frontier.size && size == log->head_size) {
		side->root = log->head_root;
		return ERR_OK;
	}
	e = tree_root(txn, log, size, &side->root);
	return e == ERR_OK ? tree_ahead(txn, log, size, &side->proof) : e;
}

enum err
forks_take(
    struct txn *txn, struct log *log, const struct msg_fork *said, bool *news)
{
	struct fork fork = {.size = said->size};
	enum err e = ERR_OK;

	assert(said->n == 1 || said->n == 2);
	*news = false;
	if (log->forked)
		return ERR_OK;
	fork.sides[1] = said->sides[0];
	if (said->n == 2)
		fork.sides[0] = said->sides[1];
	else
		e = sides_find(txn, log, said, &fork);
	/* Nothing that we hold speaks for or against it. */
	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	if (e == ERR_OK && said->n == 1 &&
	    memcmp(&fork.sides[0].root, &fork.sides[1].root,
		sizeof(struct hash)) == 0)
		return fork_side_check(&log->name, said->size, said->sides);
	if (e == ERR_OK)
		e = fork_check(&log->name, &fork);
	if (e != ERR_OK)
		return e;
	*news = true;
	return fork_put(txn, log, &fork);
}

/* Our side: a tip that does not begin as theirs does, if there is one. */
static enum err
sides_find(struct txn *txn, struct log *log, const struct msg_fork *said,
    struct fork *fork)
{
	struct log **tips;
	size_t n;
	bool found = false;
	enum err e = oplog_tips(txn, log->space, &log->trunk, &tips, &n);

	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		e = forks_side(txn, tips[i], said->size, &fork->sides[0]);
		found = found || e == ERR_OK;
		if (e == ERR_OK &&
		    memcmp(&fork->sides[0].root, &said->sides[0].root, 32) != 0)
			return ERR_OK;
		if (e == ERR_NOT_FOUND)
			e = ERR_OK;
	}
	if (e != ERR_OK || found)
		return e;
	return err_set(ERR_NOT_FOUND, "nothing of that size is held");
}

/* Other sessions hear of it through the feed. */
static enum err
fork_put(struct txn *txn, struct log *log, const struct fork *fork)
{
	struct buf *row = &txn->row;
	struct key key;
	struct log **tips;
	size_t n;
	enum err e = oplog_tips(txn, log->space, &log->trunk, &tips, &n);

	if (e != ERR_OK)
		return e;
	tables_log_key(log->space->no, &log->trunk, &key);
	tables_row_begin(row);
	buf_add_be64(row, fork->size);
	for (size_t i = 0; i < 2; i++)
		side_put(&fork->sides[i], row);
	tables_row_end(tables_key(&key), row);
	kv_put(txn->kv, TABLE_FORKS, tables_key(&key), buf_bytes(row));
	for (size_t i = 0; i < n; i++) {
		tips[i]->forked = true;
		tips[i]->dirty = true;
		announce(txn, tips[i], tips[i]->frontier.size - 1);
	}
	events_put(
	    txn, &(struct event){.kind = EVENT_LOG_FORKED,
		     .peer = log->name.author,
		     .space = log->name.space,
		     .count = 1,
		     .text = bytes_text(
			 "two signed heads of a log contradict each other: its "
			 "store was rolled back, or works twice")});
	own_forked(txn, log);
	return kv_failed(txn->kv);
}

static void
announce(struct txn *txn, const struct log *log, uint64_t seq)
{
	feed_put(txn, (struct feed_entry){.space = log->space->no,
			  .log = log->no,
			  .seq = seq,
			  .kind = FEED_STATUS});
}

static void
side_put(const struct fork_side *side, struct buf *row)
{
	const struct note_head *head = &side->head;

	assert(side->proof.n <= MERKLE_PROOF_MAX);
	buf_add_be64(row, head->size);
	buf_add(row, bytes_of(head->root.b, sizeof(head->root.b)));
	buf_add(row, bytes_of(head->signature.b, sizeof(head->signature.b)));
	buf_add(row, bytes_of(side->root.b, sizeof(side->root.b)));
	buf_add_u8(row, (uint8_t)side->proof.n);
	buf_add(row, bytes_of(side->proof.nodes, NODE_SIZE * side->proof.n));
}

enum err
forks_get(struct txn *txn, const struct log *log, struct fork *fork)
{
	struct bytes rest;
	struct key key;
	enum err e;
	bool whole;

	*fork = (struct fork){0};
	tables_log_key(log->space->no, &log->trunk, &key);
	if (!txn_find(txn, TABLE_FORKS, &key, &rest)) {
		gap_sure(txn, TABLE_FORKS, tables_key(&key));
		e = kv_failed(txn->kv);
		return e != ERR_OK ? e
				   : err_set(ERR_NOT_FOUND,
					 "the log is not known to be forked");
	}
	whole = rest.n >= 8;
	if (whole) {
		fork->size = bytes_be64(rest.p);
		rest = bytes_after(rest, 8);
	}
	whole = whole && side_get(&rest, &fork->sides[0]) &&
		side_get(&rest, &fork->sides[1]) && rest.n == 0;
	if (whole)
		return ERR_OK;
	return txn_fail(txn,
	    tables_corrupt(TABLE_FORKS, tables_key(&key), "its size is wrong"));
}

static bool
side_get(struct bytes *rest, struct fork_side *side)
{
	struct bytes in = *rest;

	if (in.n < SIDE_SIZE)
		return false;
	side->head.size = bytes_be64(in.p);
	bytes_copy(side->head.root.b, bytes_slice(in, 8, 32));
	bytes_copy(side->head.signature.b, bytes_slice(in, 40, 64));
	bytes_copy(side->root.b, bytes_slice(in, 104, 32));
	side->proof.n = in.p[SIDE_SIZE - 1];
	in = bytes_after(in, SIDE_SIZE);
	if (side->proof.n > MERKLE_PROOF_MAX ||
	    in.n < NODE_SIZE * side->proof.n)
		return false;
	bytes_copy(
	    side->proof.nodes, bytes_first(in, NODE_SIZE * side->proof.n));
	*rest = bytes_after(in, NODE_SIZE * side->proof.n);
	return true;
}

enum err
forks_check(struct txn *txn, const struct log *log)
{
	struct fork fork;
	struct key key;
	enum err e = forks_get(txn, log, &fork);

	if (e == ERR_NOT_FOUND && !log->forked)
		return ERR_OK;
	if (e == ERR_OK && log->forked)
		e = fork_check(&log->name, &fork);
	else if (e == ERR_OK)
		e = err_set(ERR_MALFORMED, "its log does not say so");
	if (e != ERR_MALFORMED && e != ERR_NOT_FOUND)
		return e;
	tables_log_key(log->space->no, &log->trunk, &key);
	return tables_corrupt(TABLE_FORKS, tables_key(&key),
	    e == ERR_NOT_FOUND ? "it is missing" : "it proves nothing");
}

void
forks_name(const struct log_id *trunk, uint64_t from, const struct hash *root,
    struct log_id *id)
{
	struct crypto_sha256 state;
	struct hash hash;
	uint8_t place[8];

	bytes_put_be64(place, from);
	crypto_sha256_init(&state);
	crypto_sha256_add(&state, bytes_of(trunk->b, sizeof(trunk->b)));
	crypto_sha256_add(&state, bytes_of(place, sizeof(place)));
	crypto_sha256_add(&state, bytes_of(root->b, sizeof(root->b)));
	crypto_sha256_out(&state, &hash);
	memcpy(id->b, hash.b, sizeof(id->b));
}

/* Where the rows part is no later than where the leaves do, and no earlier:
 * each row is stored once. */
enum err
forks_shared(
    struct txn *txn, const struct log *a, const struct log *b, uint64_t *shared)
{
	enum err e = ERR_OK;

	*shared = UINT64_MAX;
	while (a != b && e == ERR_OK) {
		const struct log *upper = a->below >= b->below ? a : b;

		if (upper->below < *shared)
			*shared = upper->below;
		if (upper->below == 0)
			break;
		e = oplog_owner(txn, upper, *shared - 1, upper == a ? &a : &b);
	}
	return e;
}

enum err
forks_split(struct txn *txn, struct log *log, uint64_t at,
    const struct hash *leaf, struct log **branch)
{
	struct log what = *log;
	const struct log *under = log;
	struct frontier frontier;
	struct hash root;
	enum err e;

	assert(at < log->frontier.size);
	*branch = NULL;
	if (!oplog_is_branch(log) || at > log->from) {
		e = rename_at(txn, log, at);
		if (e != ERR_OK)
			return e;
	}
	e = tree_frontier(txn, log, at, &what.frontier);
	if (e == ERR_OK)
		e = stamp_at(txn, log, at, &what.last);
	if (e == ERR_OK && at > 0)
		e = oplog_owner(txn, log, at - 1, &under);
	if (e != ERR_OK)
		return e;
	frontier = what.frontier;
	merkle_append(&frontier, leaf, NULL, NULL);
	merkle_root(&frontier, &root);
	forks_name(&log->trunk, at, &root, &what.id);
	what.from = at;
	what.below = at;
	what.packed = at;
	what.under = at > 0 ? under->no : (struct log_no){0};
	what.held = log->held < at ? log->held : at;
	what.wrapped = log->wrapped < at ? log->wrapped : at;
	what.kept = log->kept < at ? log->kept : at;
	for (unsigned class = 0; class < CLASS_COUNT; class ++)
		what.open[class] = log->open[class] < at ? log->open[class]
							 : at;
	what.has_head = false;
	what.ahead = NULL;
	what.has_grant = log->has_grant && at > 0;
	announce(txn, log, log->frontier.size - 1);
	return oplog_make_new(txn, &what, branch);
}

/* Gives `log` the name that it has when it differs from another at `at`. */
static enum err
rename_at(struct txn *txn, struct log *log, uint64_t at)
{
	struct log_id id;
	struct hash root;
	enum err e = tree_root(txn, log, at + 1, &root);

	if (e != ERR_OK)
		return e;
	forks_name(&log->trunk, at, &root, &id);
	log->from = at;
	oplog_make_rename(txn, log, &id);
	return kv_failed(txn->kv);
}

/* The stamp of the newest of the first `size` deltas that is not opaque. */
static enum err
stamp_at(
    struct txn *txn, const struct log *log, uint64_t size, struct stamp *stamp)
{
	struct arena arena = {0};
	enum err e = ERR_OK;

	*stamp = (struct stamp){0};
	for (uint64_t seq = size; seq > 0 && e == ERR_OK; seq--) {
		struct stored_delta stored;
		struct delta delta;

		e = oplog_get(txn, log, seq - 1, &stored);
		if (e != ERR_OK)
			break;
		arena_reset(&arena);
		oplog_decode(&stored, &arena, &delta);
		*stamp = delta.stamp;
		if (!delta.opaque)
			break;
	}
	arena_fini(&arena);
	return e;
}

enum err
forks_prove(struct txn *txn, struct log *log, struct log *branch)
{
	struct fork fork = {.size = branch->from + 1};
	enum err e;

	if (log->forked) {
		own_forked(txn, log);
		return kv_failed(txn->kv);
	}
	e = forks_side(txn, log, fork.size, &fork.sides[0]);
	if (e == ERR_OK)
		e = forks_side(txn, branch, fork.size, &fork.sides[1]);
	if (e == ERR_OK)
		e = fork_check(&log->name, &fork);
	return e == ERR_OK ? fork_put(txn, log, &fork) : e;
}
