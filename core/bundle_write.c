/*
 * From logs to a file on a medium.  The command `bundle export` calls it step
 * by step.  Each step is one short read of the store, then one write: a segment
 * that stands alone, with who sends it and the frontier at which its run
 * begins.
 */
#include "core/bundle_write.h"

#include <string.h>

#include "core/extract.h"
#include "core/medium.h"
#include "core/tree.h"
#include "proto/bundle.h"
#include "proto/mem.h"

enum {
	/* A segment is closed when it has so much: about one block. */
	SEGMENT_BYTES = 48 * 1024,
	/* Written to the medium at once. */
	OUT_BYTES = 256 * 1024,
	/* After so many blocks the header comes again, for the case that its
	 * first copy is damaged. */
	HEADER_BLOCKS = 256,
	/* Deltas looked at for owed bodies in one step. */
	OWED_MAX = 1024,
	/* Bodies that go with a chunk.  One delta may have a thousand times as
	 * many: the rest follow as owed ones. */
	WITH_CHUNK_BYTES = 512 * 1024,
};

struct bundle_writer {
	struct store *store;		/* borrowed */
	const struct bundle_plan *plan; /* borrowed */
	struct medium medium;
	bool replace;
	struct squeeze squeeze;
	struct secret backup; /* secret: wraps secrets of own logs */
	struct arena arena;   /* of one step */
	struct buf content;   /* of one segment: owned */
	struct buf out;	      /* sealed, not yet written: owned */
	struct buf about;     /* begins each segment: owned */
	struct buf header;    /* of the part: owned */
	struct bundle_keys keys;
	bool in_part;
	size_t group; /* of the plan: the part that is written */
	size_t log;   /* of the group */
	bool in_log;
	uint64_t next; /* header of that log */
	uint64_t owed; /* of headers before the run: the next one whose bodies
			  are looked at */
	uint64_t owed_end;
	bool is_late; /* bodies of `late_seq` are still to come: */
	uint64_t late_seq;
	size_t late_at;	       /* from that one of it on */
	struct bundle_sum sum; /* of the part */
	struct bundle_written all;
};

static enum err part_begin(struct bundle_writer *w) MUST_USE;
static enum err part_clock(struct bundle_writer *w, struct buf *clock,
    struct bundle_about *about) MUST_USE;
static void clock_flush(struct buf *clock, struct msg_entry *entries, size_t n,
    struct bundle_about *about, struct crypto_sha256 *hash);
static enum err part_end(struct bundle_writer *w) MUST_USE;
static enum err log_step(struct bundle_writer *w, bool *more) MUST_USE;
static enum err run_fill(
    struct bundle_writer *w, const struct log *log, bool *more) MUST_USE;
static enum err run_begin(
    struct bundle_writer *w, const struct log *log, uint64_t from) MUST_USE;
static enum err chunk_put(struct bundle_writer *w, const struct log *log,
    const struct extract_depth *depth) MUST_USE;
static enum err owed_put(struct bundle_writer *w, const struct log *log,
    const struct extract_depth *depth) MUST_USE;
static enum err late_put(struct bundle_writer *w, const struct log *log,
    const struct extract_depth *depth) MUST_USE;
static void late_cut(struct bundle_writer *w, struct extract_chunk *chunk);
static void owed_find(struct bundle_writer *w, const struct log *log,
    const struct clock_depth *depth);
static void bodies_put(struct bundle_writer *w, const struct log *log,
    const struct extract_bodies *bodies);
static enum err depth_now(struct bundle_writer *w, const struct log *log,
    struct extract_depth *depth) MUST_USE;
static void message_begin(struct buf *out);
static void message_end(struct buf *out, size_t at);
static void message_put(struct buf *out, const struct msg *msg);
static enum err segment_write(struct bundle_writer *w, bool ends) MUST_USE;
static enum err out_flush(struct bundle_writer *w) MUST_USE;

static const struct bundle_group *
group_of(const struct bundle_writer *w)
{
	return &w->plan->groups[w->group];
}

enum err
bundle_write_begin(struct store *store, const struct bundle_plan *plan,
    const char *path, bool replace, struct bundle_writer **writer)
{
	struct bundle_writer *w = mem_zeros(1, sizeof(*w));
	enum err e = medium_create(&w->medium, path, replace);

	*writer = NULL;
	if (e != ERR_OK) {
		mem_free(w);
		return e;
	}
	w->store = store;
	w->plan = plan;
	w->replace = replace;
	identity_backup_key(store_identity(store), &w->backup);
	*writer = w;
	return ERR_OK;
}

enum err
bundle_write_step(struct bundle_writer *w, bool *more)
{
	enum err e = ERR_OK;

	*more = true;
	arena_reset(&w->arena);
	buf_cut(&w->content, 0);
	if (w->group == w->plan->groups_n) {
		*more = false;
		e = out_flush(w);
		return e == ERR_OK ? medium_finish(&w->medium, w->replace) : e;
	}
	if (!w->in_part) {
		e = part_begin(w);
	} else if (w->log == group_of(w)->logs_n) {
		e = part_end(w);
	} else {
		bool more_of_log = false;

		e = log_step(w, &more_of_log);
		w->in_log = more_of_log;
		w->log += !more_of_log;
	}
	assert(e != ERR_OK || w->out.n < OUT_BYTES);
	return e;
}

/* The header, and in the first segment all that is held of what both may have.
 */
static enum err
part_begin(struct bundle_writer *w)
{
	const struct bundle_group *group = group_of(w);
	const struct identity *me = store_identity(w->store);
	struct bundle_about about = {.kind = w->plan->kind,
	    .city = me->city,
	    .from = me->key,
	    .date_ms = w->plan->date_ms};
	struct bundle_draw draw;
	const struct host *host;
	struct buf clock = {0};
	enum err e = store_begin(w->store, false);

	if (e != ERR_OK)
		return e;
	host = store_txn(w->store)->host;
	host->random(host->arg, draw.ephemeral.b, sizeof(draw.ephemeral.b));
	host->random(host->arg, draw.part.b, sizeof(draw.part.b));
	e = part_clock(w, &clock, &about);
	store_abort(w->store);
	buf_cut(&w->header, 0);
	if (e == ERR_OK)
		e = bundle_put_header(
		    &draw, group->to, group->to_n, &w->header, &w->keys);
	crypto_wipe(&draw, sizeof(draw));
	if (e == ERR_OK) {
		bundle_msg_sign(&about, &me->seed, &w->keys.header);
		buf_cut(&w->about, 0);
		message_begin(&w->about);
		bundle_msg_put_about(&about, &w->about);
		message_end(&w->about, 0);
		w->sum = (struct bundle_sum){0};
		w->in_part = true;
		w->log = 0;
		w->in_log = false;
		w->all.parts++;
		buf_add(&w->content, buf_bytes(&w->about));
		buf_add(&w->content, buf_bytes(&clock));
		e = segment_write(w, false);
	}
	buf_fini(&clock);
	return e;
}

static enum err
part_clock(
    struct bundle_writer *w, struct buf *clock, struct bundle_about *about)
{
	const struct bundle_group *group = group_of(w);
	struct msg_entry *entries = arena_array(
	    &w->arena, MSG_ENTRIES_MAX, sizeof(*entries));
	struct crypto_sha256 hash;
	size_t n = 0;
	enum err e = ERR_OK;

	crypto_sha256_init(&hash);
	for (size_t i = 0; i < group->logs_n; i++) {
		struct log *log;

		e = oplog_by_no(store_txn(w->store), group->logs[i].no, &log);
		if (e != ERR_OK)
			break;
		clock_entry(log, group->to_n == 1 ? &group->to[0] : NULL,
		    &entries[n++]);
		if (n == MSG_ENTRIES_MAX) {
			clock_flush(clock, entries, n, about, &hash);
			n = 0;
		}
	}
	if (n > 0)
		clock_flush(clock, entries, n, about, &hash);
	crypto_sha256_out(&hash, &about->clock);
	return e;
}

static void
clock_flush(struct buf *clock, struct msg_entry *entries, size_t n,
    struct bundle_about *about, struct crypto_sha256 *hash)
{
	struct msg msg = {
	    .type = MSG_CLOCK, .u.clock = {.n = n, .entries = entries}};
	size_t at = clock->n;

	message_put(clock, &msg);
	crypto_sha256_add(
	    hash, bytes_after(buf_bytes(clock), at + BUNDLE_MSG_LENGTH));
	about->clock_n++;
}

static enum err
part_end(struct bundle_writer *w)
{
	size_t at;
	enum err e;

	buf_add(&w->content, buf_bytes(&w->about));
	w->sum.blocks++;
	at = w->content.n;
	message_begin(&w->content);
	bundle_msg_put_sum(&w->sum, &w->content);
	message_end(&w->content, at);
	w->sum.blocks--;
	e = segment_write(w, true);
	bundle_keys_fini(&w->keys);
	w->in_part = false;
	w->group++;
	w->all.runs += w->sum.runs;
	w->all.deltas += w->sum.deltas;
	w->all.bodies += w->sum.bodies;
	w->all.blocks += w->sum.blocks;
	return e;
}

/* The next segment of the log that is due, or none. */
static enum err
log_step(struct bundle_writer *w, bool *more)
{
	const struct bundle_log *planned = &group_of(w)->logs[w->log];
	struct log *log;
	enum err e;

	*more = false;
	if (!planned->is_wanted)
		return ERR_OK;
	e = store_begin(w->store, false);
	if (e == ERR_OK) {
		e = oplog_by_no(store_txn(w->store), planned->no, &log);
		if (e == ERR_OK)
			e = run_fill(w, log, more);
		if (e == ERR_OK)
			e = kv_failed(store_txn(w->store)->kv);
		store_abort(w->store);
	}
	if (e == ERR_OK && w->content.n > 0) {
		w->sum.runs++;
		e = segment_write(w, false);
	}
	return e;
}

static enum err
run_fill(struct bundle_writer *w, const struct log *log, bool *more)
{
	const struct bundle_log *planned = &group_of(w)->logs[w->log];
	struct extract_depth depth;
	enum err e = depth_now(w, log, &depth);

	/* Rights may have gone since the plan was made. */
	if (e != ERR_OK || !depth.depth.any)
		return e;
	if (!w->in_log) {
		w->next = planned->size;
		owed_find(w, log, &depth.depth);
	}
	if (w->is_late) {
		e = late_put(w, log, &depth);
	} else if (w->next < planned->until && w->next < log->frontier.size) {
		e = run_begin(w, log, w->next);
		while (e == ERR_OK && !w->is_late && w->next < planned->until &&
		       w->content.n < SEGMENT_BYTES)
			e = chunk_put(w, log, &depth);
	} else if (w->owed < w->owed_end) {
		e = owed_put(w, log, &depth);
	}
	*more = w->is_late || w->next < planned->until || w->owed < w->owed_end;
	return e;
}

/* What every receiver may have of `log`, as of now. */
static enum err
depth_now(
    struct bundle_writer *w, const struct log *log, struct extract_depth *depth)
{
	const struct bundle_group *group = group_of(w);
	const struct authority *authority;
	enum err e = store_authority(w->store, &authority);

	*depth = (struct extract_depth){
	    .depth = {.any = true, .hold = true, .classes = CLASSES_ALL},
	    .backup = &w->backup,
	    .me = store_identity(w->store)->key};
	for (size_t i = 0; i < group->to_n && e == ERR_OK; i++) {
		struct clock_depth one;

		clock_log_depth(authority, &group->to[i], &log->name, &one);
		depth->depth.any = depth->depth.any && one.any;
		depth->depth.hold = depth->depth.hold && one.hold;
		depth->depth.classes &= one.classes;
	}
	return e;
}

/* Who sends, where the run begins, and its head. */
static enum err
run_begin(struct bundle_writer *w, const struct log *log, uint64_t from)
{
	struct msg msg = {.type = MSG_RUN,
	    .u.run = {.name = log->name,
		.from = from,
		.head_size = log->head_size,
		.head_root = log->head_root,
		.head_signature = log->head_signature}};
	struct frontier frontier = {0};
	size_t at;
	enum err e = ERR_OK;

	if (from > 0)
		e = tree_frontier(store_txn(w->store), log, from, &frontier);
	if (e != ERR_OK)
		return e;
	buf_add(&w->content, buf_bytes(&w->about));
	at = w->content.n;
	message_begin(&w->content);
	bundle_msg_put_frontier(&frontier, &w->content);
	message_end(&w->content, at);
	clock_entry(log, NULL, &msg.u.run.entry);
	message_put(&w->content, &msg);
	return ERR_OK;
}

static enum err
chunk_put(struct bundle_writer *w, const struct log *log,
    const struct extract_depth *depth)
{
	struct extract_chunk chunk = {.arena = &w->arena, .from = w->next};
	struct msg msg = {.type = MSG_CHUNK};
	enum err e = extract_cut(store_txn(w->store), log, depth, &chunk);

	if (e != ERR_OK)
		return e;
	late_cut(w, &chunk);
	msg.u.chunk.n = chunk.headers_n;
	msg.u.chunk.headers = chunk.headers;
	msg.u.chunk.bodies_n = chunk.bodies.n;
	msg.u.chunk.proof = chunk.proof;
	message_put(&w->content, &msg);
	bodies_put(w, log, &chunk.bodies);
	w->sum.deltas += chunk.headers_n;
	w->next = chunk.end;
	return ERR_OK;
}

/* Leaves out what is too much at once.  All but its last delta have little. */
static void
late_cut(struct bundle_writer *w, struct extract_chunk *chunk)
{
	size_t bytes = 0;
	size_t n = 0;

	w->late_at = 0;
	while (n < chunk->bodies.n && bytes < WITH_CHUNK_BYTES) {
		const struct msg_body *body = &chunk->bodies.p[n++];

		bytes += body->sealed.n;
		w->late_at += body->seq == chunk->end - 1;
	}
	w->is_late = n < chunk->bodies.n;
	w->late_seq = chunk->end - 1;
	chunk->bodies.n = n;
}

static enum err
late_put(struct bundle_writer *w, const struct log *log,
    const struct extract_depth *depth)
{
	struct extract_bodies bodies = {.arena = &w->arena};
	size_t bytes = 0;
	size_t n = 0;
	enum err e = extract_bodies(
	    store_txn(w->store), log, w->late_seq, depth, &bodies);

	w->is_late = false;
	if (e != ERR_OK || w->late_at >= bodies.n)
		return e;
	bodies.p += w->late_at;
	bodies.n -= w->late_at;
	while (n < bodies.n && bytes < WITH_CHUNK_BYTES)
		bytes += bodies.p[n++].sealed.n;
	w->is_late = n < bodies.n;
	w->late_at += n;
	bodies.n = n;
	e = run_begin(w, log, w->late_seq + 1);
	if (e == ERR_OK)
		bodies_put(w, log, &bodies);
	return e;
}

static void
bodies_put(struct bundle_writer *w, const struct log *log,
    const struct extract_bodies *bodies)
{
	struct msg msg = {.type = MSG_BODIES};
	size_t at = 0;

	while (at < bodies->n && extract_message(bodies, &at, &msg.u.bodies)) {
		msg.u.bodies.log = log->id;
		message_put(&w->content, &msg);
	}
	w->sum.bodies += bodies->n;
}

/* Of headers that all receivers have some may lack bodies: for a right that
 * grew, or because they came late. */
static void
owed_find(struct bundle_writer *w, const struct log *log,
    const struct clock_depth *depth)
{
	const struct bundle_log *planned = &group_of(w)->logs[w->log];

	w->owed = planned->size;
	w->owed_end = 0;
	for (size_t class = 0; class <= CLASS_COUNT; class ++) {
		bool blind = class == CLASS_COUNT;
		uint64_t has = blind ? planned->held : planned->open[class];
		uint64_t ours = blind ? log->held : log->open[class];

		if (ours > planned->size)
			ours = planned->size;
		if (has >= ours ||
		    !(blind ? depth->hold : (depth->classes >> class & 1) != 0))
			continue;
		w->owed = has < w->owed ? has : w->owed;
		w->owed_end = ours > w->owed_end ? ours : w->owed_end;
	}
}

static enum err
owed_put(struct bundle_writer *w, const struct log *log,
    const struct extract_depth *depth)
{
	struct extract_bodies bodies = {.arena = &w->arena};
	uint64_t end = w->owed + OWED_MAX;
	enum err e = ERR_OK;

	while (w->owed < w->owed_end && w->owed < end &&
	       bodies.bytes < SEGMENT_BYTES && e == ERR_OK)
		e = extract_bodies(
		    store_txn(w->store), log, w->owed++, depth, &bodies);
	if (e == ERR_OK && bodies.n > 0)
		e = run_begin(w, log, group_of(w)->logs[w->log].size);
	if (e == ERR_OK && bodies.n > 0)
		bodies_put(w, log, &bodies);
	return e;
}

static void
message_begin(struct buf *out)
{
	buf_add_be32(out, 0);
}

/* The message that begins, length and all, at `at`. */
static void
message_end(struct buf *out, size_t at)
{
	bytes_put_be32(
	    out->p + at, (uint32_t)(out->n - at - BUNDLE_MSG_LENGTH));
}

static void
message_put(struct buf *out, const struct msg *msg)
{
	size_t at = out->n;

	message_begin(out);
	msg_encode(msg, out);
	message_end(out, at);
}

/* Seals the content as blocks. */
static enum err
segment_write(struct bundle_writer *w, bool ends)
{
	struct bytes rest = buf_bytes(&w->content);
	bool begins = true;
	enum err e = ERR_OK;

	while (rest.n > 0 && e == ERR_OK) {
		size_t n = rest.n < BUNDLE_CONTENT_MAX ? rest.n
						       : BUNDLE_CONTENT_MAX;
		struct bundle_block block = {.index = w->sum.blocks,
		    .begins = begins,
		    .ends = ends,
		    .content = bytes_first(rest, n)};

		if (w->sum.blocks % HEADER_BLOCKS == 0)
			buf_add(&w->out, buf_bytes(&w->header));
		e = bundle_put_block(&w->keys, &w->squeeze, &block, &w->out);
		w->sum.blocks++;
		rest = bytes_after(rest, n);
		begins = false;
		if (w->out.n >= OUT_BYTES && e == ERR_OK)
			e = out_flush(w);
	}
	return e;
}

static enum err
out_flush(struct bundle_writer *w)
{
	enum err e = medium_add(&w->medium, buf_bytes(&w->out));

	buf_cut(&w->out, 0);
	return e;
}

struct bundle_written
bundle_write_count(const struct bundle_writer *w)
{
	struct bundle_written all = w->all;

	if (w->in_part) {
		all.runs += w->sum.runs;
		all.deltas += w->sum.deltas;
		all.bodies += w->sum.bodies;
		all.blocks += w->sum.blocks;
	}
	all.bytes = w->medium.size_bytes + w->out.n;
	return all;
}

void
bundle_write_end(struct bundle_writer *w)
{
	if (w == NULL)
		return;
	medium_fini(&w->medium);
	squeeze_fini(&w->squeeze);
	crypto_wipe(&w->backup, sizeof(w->backup));
	bundle_keys_fini(&w->keys);
	arena_fini(&w->arena);
	buf_wipe(&w->content);
	buf_fini(&w->out);
	buf_fini(&w->about);
	buf_fini(&w->header);
	mem_free(w);
}
