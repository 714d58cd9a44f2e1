/*
 * Forked logs and their proofs.  The session brings what peers say of a log;
 * status, fsck and the commands on logs read what is kept.  Never decides which
 * branch is right: neither is.
 */
#include "core/forks.h"

#include <string.h>

#include "core/events.h"
#include "core/feed.h"
#include "core/own.h"
#include "core/tree.h"

/* Of a side: size, root, signature of its head; root at the fork; number of
 * hashes, which follow. */
enum { SIDE_SIZE = 8 + 32 + 64 + 32 + 1, NODE_SIZE = 32 };

static void fork_put(struct txn *txn, struct log *log, const struct fork *fork);
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
		e = forks_side(txn, log, said->size, &fork.sides[0]);
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
	fork_put(txn, log, &fork);
	*news = true;
	return kv_failed(txn->kv);
}

/* Other sessions hear of it through the feed. */
static void
fork_put(struct txn *txn, struct log *log, const struct fork *fork)
{
	struct buf *row = &txn->row;
	struct key key;

	tables_log_prefix(log->space->no, log->no, &key);
	tables_row_begin(row);
	buf_add_be64(row, fork->size);
	for (size_t i = 0; i < 2; i++)
		side_put(&fork->sides[i], row);
	tables_row_end(tables_key(&key), row);
	kv_put(txn->kv, TABLE_FORKS, tables_key(&key), buf_bytes(row));
	log->forked = true;
	log->dirty = true;
	feed_put(txn, (struct feed_entry){.space = log->space->no,
			  .log = log->no,
			  .seq = fork->size - 1,
			  .kind = FEED_STATUS});
	events_put(
	    txn, &(struct event){.kind = EVENT_LOG_FORKED,
		     .peer = log->name.author,
		     .space = log->name.space,
		     .count = 1,
		     .text = bytes_text(
			 "two signed heads of a log contradict each other: its "
			 "store was rolled back, or works twice")});
	own_forked(txn, log);
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
	tables_log_prefix(log->space->no, log->no, &key);
	if (!txn_find(txn, TABLE_FORKS, &key, &rest)) {
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
	tables_log_prefix(log->space->no, log->no, &key);
	return tables_corrupt(TABLE_FORKS, tables_key(&key),
	    e == ERR_NOT_FOUND ? "it is missing" : "it proves nothing");
}
