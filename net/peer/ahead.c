/*
 * Finds the heads in messages that wait.  The hub asks through session.c and
 * has their signatures checked on other threads.  Takes nothing in, and says
 * nothing about messages that it cannot read: their turn will.
 */
#include "net/peer/ahead.h"

#include <string.h>

#include "core/space.h"
#include "core/tree.h"
#include "net/peer/talk.h"
#include "proto/mem.h"

enum {
	/* Of one session in one look: one that brings more has them checked in
	 * several, and others come between. */
	AHEAD_HEADS_MAX = 32,
	/* Headers are hashed twice to find a root ahead: of more of them, that
	 * costs more than the signature. */
	AHEAD_HEADERS_MAX = 32,
};

/* Where the session stands ahead of its turn.  Runs without root go on from
 * runs that are not stored yet. */
struct ahead {
	bool due; /* the next chunk has the root of `run` */
	struct msg_run run;
	bool has_log;
	struct log_id log; /* its headers, with those that wait: */
	struct frontier frontier;
};

/* One look. */
struct look {
	struct talk *talk;
	const struct authority *authority;
	struct arena arena; /* of one message */
	session_head_fn *fn;
	void *arg;
	size_t n;
};

static enum err message_look(struct look *look, struct bytes message) MUST_USE;
static enum err run_look(struct look *look, const struct msg_run *run) MUST_USE;
static enum err chunk_look(
    struct look *look, const struct msg_chunk *chunk) MUST_USE;
static enum err frontier_find(
    struct look *look, const struct msg_run *run, bool *found) MUST_USE;
static void head_tell(struct look *look, const struct msg_run *run);

enum err
ahead_look(struct talk *talk, session_head_fn *fn, void *arg)
{
	struct look look = {.talk = talk, .fn = fn, .arg = arg};
	struct bytes batch;
	struct bytes message;
	enum err e = store_authority(talk->store, &look.authority);

	if (talk->ahead == NULL)
		talk->ahead = mem_zeros(1, sizeof(*talk->ahead));
	/* A batch is looked at whole, or what follows would be of no run. */
	while (e == ERR_OK && look.n < AHEAD_HEADS_MAX &&
	       channel_look(talk->channel, &batch)) {
		talk->ahead->due = talk->ahead->due && batch.n > 0;
		while (e == ERR_OK && channel_look_next(&batch, &message)) {
			arena_reset(&look.arena);
			e = message_look(&look, message);
		}
	}
	arena_fini(&look.arena);
	return e;
}

void
ahead_fini(struct talk *talk)
{
	mem_free(talk->ahead);
}

/* Bodies are not read twice, nor headers that say where they lead. */
static enum err
message_look(struct look *look, struct bytes message)
{
	struct talk *talk = look->talk;
	struct ahead *ahead = talk->ahead;
	bool runs = message.n > 0 && message.p[0] == MSG_RUN;
	bool ends = message.n > 0 && message.p[0] == MSG_CHUNK && ahead->due;
	/* What is said by its id gets its number when its turn comes. */
	struct msg_names names = talk->names;
	struct msg msg;

	if ((!runs && !ends) || look->n >= AHEAD_HEADS_MAX)
		return ERR_OK;
	ahead->due = false;
	names.is_closed = true;
	if (msg_decode_named(message, talk->numbered ? &names : NULL,
		&look->arena, &msg) != ERR_OK)
		return ERR_OK;
	return runs ? run_look(look, &msg.u.run)
		    : chunk_look(look, &msg.u.chunk);
}

static enum err
run_look(struct look *look, const struct msg_run *said)
{
	struct talk *talk = look->talk;
	struct msg_run *run = &talk->ahead->run;
	const struct ledger_log *entry;
	struct log *log;
	enum err e = ERR_OK;

	*run = *said;
	if (run->nameless) {
		entry = ledger_find(&talk->ledger, &run->entry.log);
		if (entry == NULL || entry->no.v == 0)
			return ERR_OK;
		e = oplog_by_no(store_txn(talk->store), entry->no, &log);
		if (e != ERR_OK)
			return e;
		run->name = log->name;
	}
	run->name.city = store_identity(talk->store)->city;
	if (!authority_knows(
		look->authority, &run->name.author, &run->name.space))
		return ERR_OK;
	talk->ahead->due = run->rootless;
	if (!run->rootless)
		head_tell(look, run);
	return ERR_OK;
}

/* The chunk ends with the head of its run: what is its root? */
static enum err
chunk_look(struct look *look, const struct msg_chunk *chunk)
{
	struct ahead *ahead = look->talk->ahead;
	struct msg_run *run = &ahead->run;
	bool found = false;
	enum err e;

	if (chunk->n > AHEAD_HEADERS_MAX ||
	    run->from + chunk->n != run->head_size)
		return ERR_OK;
	e = frontier_find(look, run, &found);
	if (e != ERR_OK || !found)
		return e;
	for (size_t i = 0; i < chunk->n; i++) {
		struct hash leaf;

		merkle_leaf(chunk->headers[i], &leaf);
		merkle_append(&ahead->frontier, &leaf, NULL, NULL);
	}
	merkle_root(&ahead->frontier, &run->head_root);
	head_tell(look, run);
	return ERR_OK;
}

/* The first run->from headers of the log: as they wait, or as they are stored.
 * Of a forked log, its turn finds out which. */
static enum err
frontier_find(struct look *look, const struct msg_run *run, bool *found)
{
	struct txn *txn = store_txn(look->talk->store);
	struct ahead *ahead = look->talk->ahead;
	struct space_state *space;
	struct log **tips;
	struct hash origin;
	struct log_id id;
	size_t n = 0;
	enum err e = ERR_OK;

	id_log(&run->name, &origin, &id);
	*found = ahead->has_log && memcmp(&id, &ahead->log, sizeof(id)) == 0 &&
		 ahead->frontier.size == run->from;
	if (*found)
		return ERR_OK;
	ahead->has_log = false;
	ahead->frontier = (struct frontier){0};
	space = space_find(txn, &run->name.space);
	if (run->from > 0 && space != NULL)
		e = oplog_tips(txn, space, &id, &tips, &n);
	*found = run->from == 0 ||
		 (n == 1 && tips[0]->frontier.size >= run->from);
	if (e == ERR_OK && n == 1 && *found)
		e = tree_frontier(txn, tips[0], run->from, &ahead->frontier);
	ahead->has_log = *found && e == ERR_OK;
	ahead->log = id;
	return e == ERR_OK ? kv_failed(txn->kv) : e;
}

static void
head_tell(struct look *look, const struct msg_run *run)
{
	struct note_head head = {.size = run->head_size,
	    .root = run->head_root,
	    .signature = run->head_signature};

	look->fn(look->arg, &run->name, &head);
	look->n++;
}
