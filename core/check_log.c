/*
 * One log against its own bytes: core/fsck.c hands over each.  Every header is
 * hashed again and every rule applied again, so that what the log's row, its
 * tree and its heads say is only ever compared, never believed.
 */
#include "core/check_log.h"

#include <string.h>

#include "core/check_rows.h"
#include "core/decisions.h"
#include "core/forks.h"
#include "core/heads.h"
#include "core/oplog_row.h"
#include "core/trace.h"
#include "core/tree.h"
#include "proto/ascii.h"

/* Memory up to this is wiped and used again, more is given back: one large body
 * must not make all that follow it slow. */
enum { PLAIN_ROOM_MAX = 4096 };

struct check_log {
	struct check *check;
	const struct log *log;
	struct trace trace;
	struct arena arena;	 /* of one delta */
	struct buf plain;	 /* of one body, wiped behind it */
	struct check_rows *rows; /* owned */
	struct key prefix;	 /* of the log's heads */
	struct kv_cursor heads;
	bool more_heads;
	struct note_head head; /* where `heads` stands */
	bool newest;	       /* the log's newest head was met */
};

static void deltas_check(struct check_log *c);
static void delta_check(struct check_log *c, const struct stored_delta *stored);
static void changes_check(struct check_log *c);
static void decision_check(struct check_log *c);
static void bodies_check(struct check_log *c, struct bytes bodies);
static enum err body_check(
    struct check_log *c, const struct stored_body *body) MUST_USE;
static void plain_wipe(struct buf *plain);
static void node_check(
    void *arg, unsigned level, uint64_t index, const struct hash *node);
static void heads_next(struct check_log *c, bool first);
static void heads_pass(struct check_log *c);
static void row_check(struct check_log *c);
static void name_check(struct check_log *c);
static void branch_check(struct check_log *c);
static void fork_check_one(struct check_log *c);
static bool is_first_tip(struct check_log *c);
static enum err wrong(
    const struct check_log *c, uint64_t seq, const char *why) MUST_USE;

void
check_log_run(struct check *check, const struct log *log)
{
	struct check_log c = {.check = check, .log = log};

	check->report->logs++;
	trace_init(&c.trace, log);
	c.trace.done = node_check;
	c.trace.arg = &c;
	tables_log_prefix(log->space->no, log->no, &c.prefix);
	c.rows = check_rows_new(check, log);
	kv_cursor_init(&c.heads, check->txn->kv, TABLE_HEADS);
	heads_next(&c, true);
	deltas_check(&c);
	while (c.more_heads)
		heads_pass(&c);
	kv_cursor_fini(&c.heads);
	row_check(&c);
	check_rows_end(c.rows);
	branch_check(&c);
	fork_check_one(&c);
	(void)check_went_well(check);
	buf_wipe(&c.plain);
	arena_fini(&c.arena);
}

static void
deltas_check(struct check_log *c)
{
	uint64_t size = c->log->frontier.size;

	for (uint64_t seq = 0; seq < size && !check_ended(c->check); seq++) {
		struct stored_delta stored = {.log = c->log, .seq = seq};

		arena_reset(&c->arena);
		if (!check_rows_read(c->rows, &stored)) {
			/* What follows cannot be told from this log's. */
			c->check->cut = true;
			return;
		}
		trace_next(&c->trace, &stored, &c->arena);
		/* What is another's too is looked at there. */
		if (seq >= c->log->below)
			delta_check(c, &stored);
		if (seq == c->log->from)
			name_check(c);
		if (c->more_heads && c->head.size <= seq + 1)
			heads_pass(c);
		check_step(c->check);
	}
}

static void
delta_check(struct check_log *c, const struct stored_delta *stored)
{
	const struct delta *delta = &c->trace.delta;

	c->check->report->deltas++;
	if (stored->opaque != delta->opaque)
		(void)check_passed(c->check,
		    wrong(c, stored->seq,
			"it is not kept as what it is: run `golmok rebuild`"));
	if (stored->opaque || delta->opaque)
		return;
	if (delta->kind == DELTA_CHANGE)
		changes_check(c);
	else if (delta->kind == DELTA_ADOPT || delta->kind == DELTA_VOID)
		decision_check(c);
	bodies_check(c, stored->bodies);
}

/* In a check of the whole store each change stands in the history of its
 * record. */
static void
changes_check(struct check_log *c)
{
	const struct delta *delta = &c->trace.delta;

	for (size_t i = 0; i < delta->changes_n; i++) {
		struct history_at at = {.log = c->log->no,
		    .seq = delta->seq,
		    .change = (uint16_t)i};
		struct bytes nothing;
		struct key key;

		c->check->changes++;
		if (!c->check->whole)
			continue;
		tables_history_key(
		    c->log->space->no, &delta->changes[i].record, at, &key);
		if (kv_find(c->check->txn->kv, TABLE_HISTORY, tables_key(&key),
			&nothing))
			continue;
		if (check_went_well(c->check))
			(void)check_passed(
			    c->check, tables_corrupt(TABLE_HISTORY,
					  tables_key(&key), "it is missing"));
	}
}

/* In a data space a decision has a row for each log that it is about. */
static void
decision_check(struct check_log *c)
{
	const struct log *log = c->log;
	const struct log *owner;
	struct log_id *logs;
	size_t n;

	if (!c->check->whole || id_is_authority(&log->name.space))
		return;
	/* What branches share is checked where its row is kept. */
	if (!check_passed(c->check,
		oplog_owner(c->check->txn, log, c->trace.delta.seq, &owner)) ||
	    owner != log)
		return;
	n = decisions_logs(&c->trace.delta, &c->arena, &logs);
	for (size_t i = 0; i < n; i++) {
		struct decision_at at = {.target = logs[i],
		    .log = log->no,
		    .seq = c->trace.delta.seq};
		struct bytes nothing;
		struct key key;

		tables_decision_key(log->space->no, &at, &key);
		if (kv_find(c->check->txn->kv, TABLE_DECISIONS,
			tables_key(&key), &nothing))
			c->check->rows[TABLE_DECISIONS]++;
		else if (check_went_well(c->check))
			(void)check_passed(
			    c->check, tables_corrupt(TABLE_DECISIONS,
					  tables_key(&key), "it is missing"));
	}
}

static void
bodies_check(struct check_log *c, struct bytes bodies)
{
	struct stored_body body;

	while (oplog_body_next(&bodies, &body)) {
		c->check->report->bodies++;
		(void)check_passed(c->check, body_check(c, &body));
	}
}

static enum err
body_check(struct check_log *c, const struct stored_body *body)
{
	const struct delta *delta = &c->trace.delta;
	const struct delta_change *change;
	struct hash commitment;
	struct secret secret;
	struct hash tag;
	struct buf *plain = &c->plain;

	if (body->change >= delta->changes_n ||
	    (delta->changes[body->change].classes >> body->class & 1) == 0)
		return wrong(
		    c, delta->seq, "a body that its header does not have");
	change = &delta->changes[body->change];
	memcpy(secret.b, body->key, sizeof(secret.b));
	memcpy(tag.b, body->key, sizeof(tag.b));
	if (body->form == BODY_OPEN)
		body_tag(&secret, &tag);
	body_commitment(&tag, body->sealed, &commitment);
	if (memcmp(&commitment, &change->commitments[body->class],
		sizeof(commitment)) != 0) {
		crypto_wipe(&secret, sizeof(secret));
		return wrong(
		    c, delta->seq, "a body is not the one it commits to");
	}
	/* What fits its commitment is what the author sealed, sound or not. */
	if (body->form == BODY_OPEN &&
	    body_open(c->check->txn->squeeze, body->sealed, &secret, plain) ==
		ERR_OK)
		c->check->report->bodies_opened++;
	else if (body->form == BODY_OPEN)
		c->check->report->bodies_unsound++;
	crypto_wipe(&secret, sizeof(secret));
	plain_wipe(&c->plain);
	return ERR_OK;
}

static void
plain_wipe(struct buf *plain)
{
	if (plain->room == 0 || plain->room > PLAIN_ROOM_MAX) {
		buf_wipe(plain);
		return;
	}
	crypto_wipe(plain->p, plain->room);
	buf_cut(plain, 0);
}

static void
node_check(void *arg, unsigned level, uint64_t index, const struct hash *node)
{
	struct check_log *c = arg;
	struct hash stored;
	struct bytes row;
	struct bytes content;
	struct key key;
	bool is_first = false;
	bool more;
	enum err e;

	if (!tree_is_stored(level) || (index + 1) << level <= c->log->below)
		return;
	tables_tree_key(
	    c->log->space->no, c->log->no, level, index / TREE_ROW_NODES, &key);
	if (!kv_find(c->check->txn->kv, TABLE_TREE, tables_key(&key), &row)) {
		if (check_went_well(c->check))
			(void)check_passed(
			    c->check, tables_corrupt(TABLE_TREE,
					  tables_key(&key), "it is missing"));
		return;
	}
	e = tables_open(TABLE_TREE, tables_key(&key), row, &content);
	if (e == ERR_OK &&
	    (!tree_row_node(content, index, &stored, &is_first) ||
		memcmp(&stored, node, sizeof(stored)) != 0))
		e = tables_corrupt(TABLE_TREE, tables_key(&key),
		    "it is not the root of its headers");
	if (e == ERR_OK && (index + 1) % TREE_ROW_NODES > 0 &&
	    index + 1 == c->log->frontier.size >> level &&
	    tree_row_node(content, index + 1, &stored, &more))
		e = tables_corrupt(
		    TABLE_TREE, tables_key(&key), "it is too long");
	(void)check_passed(c->check, e);
	c->check->rows[TABLE_TREE] += is_first;
}

/* Moves to the next head of the log that can be read. */
static void
heads_next(struct check_log *c, bool first)
{
	struct bytes prefix = tables_key(&c->prefix);

	for (;;) {
		c->more_heads = first ? kv_seek(&c->heads, prefix)
				      : kv_next(&c->heads);
		c->more_heads = c->more_heads &&
				bytes_begins(c->heads.key, prefix);
		if (!c->more_heads)
			return;
		c->check->rows[TABLE_HEADS]++;
		first = false;
		if (check_passed(c->check,
			heads_row(c->heads.key, c->heads.value, &c->head)))
			return;
	}
}

/* Checks the head at hand against the tree so far, and goes on. */
static void
heads_pass(struct check_log *c)
{
	const struct log *log = c->log;
	struct hash root;
	struct key key;

	c->check->report->heads++;
	(void)check_passed(c->check, heads_verify(log, &c->head));
	tables_delta_key(log->space->no, log->no, c->head.size, &key);
	merkle_root(&c->trace.log.frontier, &root);
	if (c->head.size == c->trace.log.frontier.size &&
	    memcmp(&root, &c->head.root, sizeof(root)) != 0)
		(void)check_passed(
		    c->check, tables_corrupt(TABLE_HEADS, tables_key(&key),
				  "its root is not that of the headers"));
	if (log->has_head && c->head.size == log->head_size)
		c->newest = memcmp(&c->head.root, &log->head_root,
				sizeof(root)) == 0 &&
			    memcmp(&c->head.signature, &log->head_signature,
				sizeof(c->head.signature)) == 0;
	heads_next(c, false);
}

/* Does the log's row say what the log is? */
static void
row_check(struct check_log *c)
{
	const struct log *log = c->log;
	const struct log *is = &c->trace.log;
	const char *why = NULL;
	struct key key;

	if (check_ended(c->check) || is->frontier.size != log->frontier.size)
		return;
	if (memcmp(is->frontier.nodes, log->frontier.nodes,
		merkle_frontier_n(log->frontier.size) * sizeof(struct hash)) !=
	    0)
		why = "its tree is not that of its headers";
	else if (is->last.v != log->last.v)
		why = "its newest stamp is wrong";
	else if (is->held != log->held ||
		 memcmp(is->open, log->open, sizeof(is->open)) != 0 ||
		 is->wrapped != log->wrapped || is->kept != log->kept)
		why = "its counts of bodies are wrong";
	else if (is->has_grant != log->has_grant ||
		 (is->has_grant && id_ref_compare(&is->grant, &log->grant)))
		why = "its grant is not the one that its open names";
	else if (log->has_head && !c->newest)
		why = "its newest head is not among its heads";
	tables_log_key(log->space->no, &log->id, &key);
	if (why != NULL)
		(void)check_passed(c->check,
		    tables_corrupt(TABLE_LOGS, tables_key(&key), why));
	else
		(void)check_passed(c->check, heads_check(c->check->txn, log));
}

/* The trace has come to the first leaf of a branch: is it named by it? */
static void
name_check(struct check_log *c)
{
	const struct log *log = c->log;
	struct log_id id = log->trunk;
	struct hash root;
	struct key key;

	merkle_root(&c->trace.log.frontier, &root);
	if (oplog_is_branch(log))
		forks_name(&log->trunk, log->from, &root, &id);
	if (memcmp(&id, &log->id, sizeof(id)) == 0)
		return;
	tables_log_key(log->space->no, &log->id, &key);
	(void)check_passed(
	    c->check, tables_corrupt(TABLE_LOGS, tables_key(&key),
			  "its id is not that of its first own delta"));
}

/* Is a branch one of several, and named by the last point at which it differs
 * from another? */
static void
branch_check(struct check_log *c)
{
	struct txn *txn = c->check->txn;
	const struct log *log = c->log;
	struct bytes nothing;
	struct log **tips;
	struct key key;
	uint64_t from = 0;
	size_t n = 0;
	enum err e;

	if (!oplog_is_branch(log))
		return;
	tables_tip_key(log->space->no, &log->trunk, log->no, &key);
	if (!kv_find(txn->kv, TABLE_TIPS, tables_key(&key), &nothing)) {
		if (check_went_well(c->check))
			(void)check_passed(
			    c->check, tables_corrupt(TABLE_TIPS,
					  tables_key(&key), "it is missing"));
		return;
	}
	c->check->rows[TABLE_TIPS]++;
	e = oplog_tips(txn, log->space, &log->trunk, &tips, &n);
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		uint64_t shared = 0;

		if (tips[i] != log)
			e = forks_shared(txn, log, tips[i], &shared);
		from = shared > from ? shared : from;
	}
	tables_log_key(log->space->no, &log->id, &key);
	if (e == ERR_OK && (n < 2 || from != log->from))
		e = tables_corrupt(TABLE_LOGS, tables_key(&key),
		    "it does not begin where it parts from other branches");
	(void)check_passed(c->check, e);
}

/* A proof that holds is told as what it is: no damage, and no good news. */
static void
fork_check_one(struct check_log *c)
{
	const struct fsck_watch *watch = c->check->watch;
	const struct log *log = c->log;
	struct buf hex = {0};
	enum err e;

	/* Of a log that is split this is said once. */
	if (c->check->whole && !is_first_tip(c))
		return;
	c->check->rows[TABLE_FORKS] += log->forked;
	if (!check_passed(c->check, forks_check(c->check->txn, log)) ||
	    !log->forked)
		return;
	c->check->report->forked++;
	if (watch == NULL || watch->forked == NULL)
		return;
	ascii_hex(bytes_of(log->trunk.b, sizeof(log->trunk.b)), &hex);
	e = err_set(ERR_FORKED,
	    "log %s in '%s' is forked: its author signed two heads that "
	    "contradict each other",
	    buf_text(&hex), log->name.space.text);
	watch->forked(watch->arg, e, err_text());
	buf_fini(&hex);
}

/* One tip stands for all of its trunk. */
static bool
is_first_tip(struct check_log *c)
{
	const struct log *log = c->log;
	struct log **tips;
	size_t n;

	return !oplog_is_branch(log) ||
	       !check_passed(c->check, oplog_tips(c->check->txn, log->space,
					   &log->trunk, &tips, &n)) ||
	       n == 0 || tips[0] == log;
}

static enum err
wrong(const struct check_log *c, uint64_t seq, const char *why)
{
	struct buf hex = {0};
	enum err e;

	ascii_hex(bytes_of(c->log->id.b, sizeof(c->log->id.b)), &hex);
	e = err_set(ERR_CORRUPT, "delta %llu of log %s: %s",
	    (unsigned long long)seq, buf_text(&hex), why);
	buf_fini(&hex);
	return e;
}
