/*
 * Runs of a bundle, message by message.  What a session's receiver does with a
 * peer that answers, without one: nothing can be asked for again, so what does
 * not fit is written down for people, and the next run is looked at.
 */
#include "core/bundle_in.h"

#include <string.h>

#include "core/accept.h"
#include "core/clock.h"
#include "core/tree.h"
#include "proto/text.h"

/* Bodies that a chunk is kept waiting for; the rest are taken one by one. */
enum { WAIT_BYTES = 2 * 1024 * 1024 };

static enum err run_take(
    struct bundle_in *in, const struct msg_run *run) MUST_USE;
static enum err run_place(struct bundle_in *in) MUST_USE;
static enum err allow(
    struct bundle_in *in, struct intake_accept *accept) MUST_USE;
static void run_drop(struct bundle_in *in, enum err why);
static bool is_same(
    const struct bundle_trouble *a, const struct bundle_trouble *b);
static void trouble_add(
    struct bundle_taken *taken, const struct bundle_trouble *trouble);
static enum err chunk_take(
    struct bundle_in *in, const struct msg_chunk *chunk) MUST_USE;
static enum err chunk_apply(struct bundle_in *in) MUST_USE;
static enum err gap_note(struct bundle_in *in) MUST_USE;
static enum err bodies_take(
    struct bundle_in *in, const struct msg_bodies *bodies) MUST_USE;
static void body_keep(struct bundle_in *in, const struct msg_body *body);
static enum err late_take(
    struct bundle_in *in, const struct msg_bodies *bodies) MUST_USE;
static enum err late_log(struct bundle_in *in, struct log **log) MUST_USE;

/* Is `e` the making of who sent it, and the transaction sound? */
static bool
is_theirs(enum err e)
{
	static const enum err theirs[] = {
	    ERR_MALFORMED, ERR_DENIED, ERR_LIMIT, ERR_FORKED, ERR_VERSION};
	bool is_theirs = false;

	for (size_t i = 0; i < COUNT_OF(theirs); i++)
		is_theirs = is_theirs || e == theirs[i];
	return is_theirs;
}

void
bundle_in_trouble(
    struct bundle_in *in, enum err why, const struct log_name *log)
{
	bool refused = why == ERR_DENIED || why == ERR_LIMIT;
	struct bundle_trouble trouble = {
	    .kind = refused ? BUNDLE_REFUSED : BUNDLE_WRONG};
	struct bytes text = bytes_text(err_text());

	if (log != NULL) {
		trouble.space = log->space;
		trouble.author = log->author;
	}
	if (text.n >= sizeof(trouble.text))
		text = bytes_first(text, sizeof(trouble.text) - 1);
	bytes_copy(trouble.text, bytes_first(text, text_utf8_size(text)));
	trouble_add(in->taken, &trouble);
}

static bool
is_same(const struct bundle_trouble *a, const struct bundle_trouble *b)
{
	return a->kind == b->kind && id_space_equal(&a->space, &b->space) &&
	       memcmp(&a->author, &b->author, sizeof(a->author)) == 0 &&
	       a->from == b->from && a->until == b->until &&
	       strcmp(a->text, b->text) == 0;
}

static void
trouble_add(struct bundle_taken *taken, const struct bundle_trouble *trouble)
{
	size_t n = taken->troubles_n;

	/* A run comes in many segments, each with the same trouble. */
	if (n > 0 && is_same(&taken->troubles[n - 1], trouble))
		return;
	taken->troubles_all++;
	taken->gaps += trouble->kind == BUNDLE_GAP;
	taken->refusals += trouble->kind == BUNDLE_REFUSED;
	taken->wrongs += trouble->kind == BUNDLE_WRONG;
	if (n < BUNDLE_TROUBLES_MAX)
		taken->troubles[taken->troubles_n++] = *trouble;
}

enum err
bundle_in_message(struct bundle_in *in, struct bytes message)
{
	struct arena arena = {0};
	struct msg msg;
	enum err e = ERR_OK;

	if (message.p[0] == BUNDLE_MSG_FRONTIER) {
		in->has_frontier = bundle_msg_get_frontier(
		    message, &in->frontier);
		return ERR_OK;
	}
	e = msg_decode(message, &arena, &msg);
	if (e == ERR_OK && msg.type == MSG_RUN)
		e = run_take(in, &msg.u.run);
	else if (e == ERR_OK && msg.type == MSG_CHUNK)
		e = chunk_take(in, &msg.u.chunk);
	else if (e == ERR_OK && msg.type == MSG_BODIES)
		e = bodies_take(in, &msg.u.bodies);
	else if (e == ERR_OK)
		e = err_set(
		    ERR_MALFORMED, "a message that has no place in a bundle");
	if (is_theirs(e)) {
		run_drop(in, e);
		e = ERR_OK;
	}
	arena_fini(&arena);
	return e;
}

enum err
bundle_in_lost(struct bundle_in *in)
{
	enum err e = ERR_OK;

	/* Without headers: they were taken before all of their bodies came. */
	if (in->bodies_left > 0 && !in->dropped && in->chunk.headers_n > 0)
		e = chunk_apply(in);
	if (is_theirs(e)) {
		run_drop(in, e);
		e = ERR_OK;
	}
	in->bodies_left = 0;
	in->open = false;
	in->has_frontier = false;
	return e;
}

void
bundle_in_fini(struct bundle_in *in)
{
	arena_fini(&in->arena);
}

/* What follows of the run, up to the next one, is passed over. */
static void
run_drop(struct bundle_in *in, enum err why)
{
	in->dropped = true;
	in->refused += why == ERR_DENIED;
	bundle_in_trouble(in, why, in->open ? &in->run.name : NULL);
}

static enum err
run_take(struct bundle_in *in, const struct msg_run *run)
{
	struct hash origin;
	bool has_frontier = in->has_frontier;
	enum err e = bundle_in_lost(in);

	if (e != ERR_OK)
		return e;
	in->open = true;
	in->dropped = false;
	in->run = *run;
	in->run.name.city = store_identity(in->store)->city;
	in->begin = in->frontier;
	in->next = run->from;
	in->near = (struct log_no){0};
	in->sum.runs++;
	id_log(&in->run.name, &origin, &in->log);
	if (run->nameless || run->rootless)
		return err_set(ERR_MALFORMED,
		    "a run without a name, or without the root of its head");
	if (!has_frontier)
		return err_set(ERR_MALFORMED, "a run without its frontier");
	if (memcmp(msg_entry_trunk(&run->entry), &in->log, sizeof(in->log)) !=
	    0)
		return err_set(
		    ERR_MALFORMED, "a run whose clock entry is of another log");
	e = bundle_run_begin(&in->run, &in->begin, &in->check);
	return e == ERR_OK ? run_place(in) : e;
}

static enum err
run_place(struct bundle_in *in)
{
	const struct authority *authority;
	struct intake_accept accept;
	struct log_id log;
	enum err e = store_authority(in->store, &authority);

	if (e == ERR_OK)
		e = allow(in, &accept);
	if (e == ERR_OK)
		e = intake_run(store_txn(in->store), authority, &in->run, &log);
	/* The run may be taken; that it is forked shows in its headers. */
	if (e == ERR_FORKED)
		e = ERR_OK;
	return e;
}

/* What we may have of the run, from who made the bundle; ERR_DENIED: nothing.
 * Asked for each piece, since facts that came just now count already. */
static enum err
allow(struct bundle_in *in, struct intake_accept *accept)
{
	struct accept_from from = {.me = &store_identity(in->store)->key,
	    .peer = &in->from,
	    .backup = in->backup};
	enum err e = store_authority(in->store, &from.authority);

	if (e != ERR_OK || accept_of(&from, &in->run.name, accept))
		return e;
	return err_set(ERR_DENIED,
	    "'%s' is not for both of us: who made the bundle may not serve "
	    "it, or this node may not have it",
	    in->run.name.space.text);
}

static enum err
chunk_take(struct bundle_in *in, const struct msg_chunk *chunk)
{
	struct bytes *headers;
	enum err e = ERR_OK;

	in->sum.deltas += chunk->n;
	if (!in->open || in->bodies_left > 0)
		return err_set(ERR_MALFORMED,
		    "headers where no run is, or bodies are due");
	if (in->dropped)
		return ERR_OK;
	e = bundle_run_chunk(&in->check, chunk);
	if (e != ERR_OK)
		return e;
	arena_reset(&in->arena);
	headers = arena_array(&in->arena, chunk->n, sizeof(*headers));
	for (size_t i = 0; i < chunk->n; i++)
		headers[i] = arena_bytes(&in->arena, chunk->headers[i]);
	in->proof = chunk->proof;
	in->chunk = (struct intake_chunk){.run = &in->run,
	    .log = in->log,
	    .from = in->next,
	    .headers = headers,
	    .headers_n = chunk->n,
	    .proof = &in->proof,
	    .near = in->near};
	in->next += chunk->n;
	in->bodies = NULL;
	in->bodies_room = 0;
	in->bodies_left = chunk->bodies_n;
	return in->bodies_left > 0 ? ERR_OK : chunk_apply(in);
}

static enum err
chunk_apply(struct bundle_in *in)
{
	struct intake_taken taken;
	enum err e = store_authority(in->store, &in->chunk.authority);

	if (e == ERR_OK)
		e = allow(in, &in->chunk.accept);
	if (e == ERR_OK)
		e = intake_chunk(store_txn(in->store), &in->chunk, &taken);
	in->chunk.headers_n = 0;
	if (e == ERR_FORKED)
		return err_set(ERR_FORKED,
		    "deltas from %llu on belong to another branch of this "
		    "forked log than is held here: ask for a bundle made "
		    "with --full",
		    (unsigned long long)in->chunk.from);
	if (e != ERR_OK)
		return e;
	if (taken.gap)
		return gap_note(in);
	if (taken.log != NULL)
		in->near = taken.log->no;
	in->taken->good++;
	in->taken->deltas += taken.deltas;
	return ERR_OK;
}

/* It is true, and of no use before what comes earlier is here. */
static enum err
gap_note(struct bundle_in *in)
{
	struct txn *txn = store_txn(in->store);
	struct space_state *space = space_find(txn, &in->run.name.space);
	struct bundle_trouble gap = {.kind = BUNDLE_GAP,
	    .space = in->run.name.space,
	    .author = in->run.name.author,
	    .until = in->chunk.from};
	const struct bundle_trouble *last;
	struct log **tips = NULL;
	size_t n = 0;
	enum err e = kv_failed(txn->kv);

	in->dropped = true;
	if (space != NULL && e == ERR_OK)
		e = oplog_tips(txn, space, &in->log, &tips, &n);
	for (size_t i = 0; i < n && e == ERR_OK; i++)
		if (tips[i]->frontier.size > gap.from)
			gap.from = tips[i]->frontier.size;
	/* The same run, further on, misses the same. */
	if (memcmp(&in->gap_log, &in->log, sizeof(in->log)) == 0 &&
	    in->taken->troubles_n > 0) {
		last = &in->taken->troubles[in->taken->troubles_n - 1];
		if (last->kind == BUNDLE_GAP && last->from == gap.from &&
		    last->until <= gap.until)
			return e;
	}
	in->gap_log = in->log;
	if (e == ERR_OK)
		trouble_add(in->taken, &gap);
	return e;
}

static enum err
bodies_take(struct bundle_in *in, const struct msg_bodies *bodies)
{
	in->sum.bodies += bodies->n;
	if (!in->open)
		return err_set(ERR_MALFORMED, "bodies where no run is");
	if (in->dropped) {
		in->bodies_left -= bodies->n < in->bodies_left
				       ? bodies->n
				       : in->bodies_left;
		return ERR_OK;
	}
	if (memcmp(&bodies->log, &in->run.entry.log, sizeof(bodies->log)) != 0)
		return err_set(ERR_MALFORMED, "bodies of another log");
	if (in->bodies_left == 0)
		return late_take(in, bodies);
	if (bodies->n > in->bodies_left)
		return err_set(
		    ERR_MALFORMED, "more bodies than were announced");
	in->bodies_left -= bodies->n;
	if (in->chunk.headers_n == 0)
		return late_take(in, bodies);
	for (size_t i = 0; i < bodies->n; i++)
		body_keep(in, &bodies->bodies[i]);
	return in->bodies_left == 0 || in->arena.used_bytes > WAIT_BYTES
		   ? chunk_apply(in)
		   : ERR_OK;
}

static void
body_keep(struct bundle_in *in, const struct msg_body *body)
{
	if (in->chunk.bodies_n == in->bodies_room) {
		size_t room = 2 * in->bodies_room + 64;
		struct msg_body *more = arena_array(
		    &in->arena, room, sizeof(*more));

		for (size_t i = 0; i < in->chunk.bodies_n; i++)
			more[i] = in->bodies[i];
		in->bodies = more;
		in->bodies_room = room;
	}
	in->bodies[in->chunk.bodies_n] = *body;
	in->bodies[in->chunk.bodies_n].sealed = arena_bytes(
	    &in->arena, body->sealed);
	in->chunk.bodies_n++;
	in->chunk.bodies = in->bodies;
}

/* Bodies of headers that are held already. */
static enum err
late_take(struct bundle_in *in, const struct msg_bodies *bodies)
{
	struct intake_accept accept;
	struct log *log;
	enum err e = late_log(in, &log);

	if (e == ERR_OK)
		e = allow(in, &accept);
	for (size_t i = 0; i < bodies->n && e == ERR_OK && log != NULL; i++)
		e = intake_body(
		    store_txn(in->store), log, &bodies->bodies[i], accept);
	if (e == ERR_OK && log != NULL)
		in->taken->good++;
	return e;
}

/* The tip that begins as the run does; NULL: none that is held. */
static enum err
late_log(struct bundle_in *in, struct log **log)
{
	struct txn *txn = store_txn(in->store);
	struct space_state *space = space_find(txn, &in->run.name.space);
	struct log **tips = NULL;
	struct hash begin;
	size_t n = 0;
	enum err e = ERR_OK;

	*log = NULL;
	if (in->near.v != 0)
		return oplog_by_no(txn, in->near, log);
	merkle_root(&in->begin, &begin);
	if (space != NULL)
		e = oplog_tips(txn, space, &in->log, &tips, &n);
	for (size_t i = 0; i < n && e == ERR_OK && *log == NULL; i++) {
		struct hash root;

		if (tips[i]->frontier.size < in->begin.size)
			continue;
		e = tree_root(txn, tips[i], in->begin.size, &root);
		if (e == ERR_OK && memcmp(&root, &begin, sizeof(root)) == 0)
			*log = tips[i];
	}
	/* Its headers would have come first, were there no gap. */
	in->chunk.from = in->begin.size;
	return e == ERR_OK && *log == NULL ? gap_note(in) : e;
}
