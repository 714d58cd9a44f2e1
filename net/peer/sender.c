/*
 * What the peer gets next.  Reads the store, writes messages; session.c calls
 * it whenever there is room.  Sends nothing of a space that the peer may not
 * see, and of each log only to the depth of the peer's grants.
 */
#include "net/peer/sender.h"

#include <string.h>

#include "core/extract.h"
#include "core/feed.h"
#include "net/peer/ack.h"
#include "net/peer/branch.h"
#include "net/peer/flow.h"
#include "net/peer/opening.h"

enum {
	/* Deltas looked at for owed bodies in one go. */
	OWED_SCAN_MAX = 1024,
};

static enum err feed_scan(
    struct talk *talk, const struct authority *authority) MUST_USE;
static enum err serve(
    struct talk *talk, const struct authority *authority) MUST_USE;
static bool ledger_more(const struct talk *talk);
static enum err serve_first(
    struct talk *talk, const struct authority *authority) MUST_USE;
static enum err held_tell(struct talk *talk, struct ledger_log *entry) MUST_USE;
static enum err serve_log(struct talk *talk, const struct authority *authority,
    struct ledger_log *entry, bool *more) MUST_USE;
static enum err clock_tell(struct talk *talk, struct ledger_log *entry,
    const struct log *log) MUST_USE;
static enum err run_send(struct talk *talk, const struct log *log,
    struct ledger_log *entry, const struct extract_chunk *chunk) MUST_USE;
static enum err chunk_send(struct talk *talk, const struct log *log,
    struct ledger_log *entry, const struct clock_depth *depth) MUST_USE;
static void depth_fill(struct talk *talk, const struct clock_depth *depth,
    struct extract_depth *out);
static bool late_cut(struct talk *talk, const struct log *log,
    const struct clock_depth *depth, struct extract_chunk *chunk);
static enum err bodies_send(struct talk *talk, struct msg_bodies whose,
    const struct extract_bodies *bodies) MUST_USE;
static enum err owed_bodies_send(struct talk *talk, const struct log *log,
    struct extract_bodies *bodies) MUST_USE;
static enum err owed_send(struct talk *talk, const struct log *log,
    struct ledger_log *entry, const struct clock_depth *depth,
    bool *more) MUST_USE;
static enum err wraps_send(struct talk *talk, const struct log *log,
    struct ledger_log *entry, const struct clock_depth *depth,
    bool *more) MUST_USE;
static bool owed_has_room(
    const struct talk *talk, const struct extract_bodies *bodies);

enum err
sender_fill(struct talk *talk)
{
	const struct authority *authority;
	enum err e;

	if (!channel_is_up(talk->channel) || talk->state == TALK_ENDED ||
	    talk_is_due(talk))
		return ERR_OK;
	if (talk->state == TALK_SHAKING)
		return opening_begin(talk);
	e = store_authority(talk->store, &authority);
	if (e == ERR_OK)
		e = opening_go_on(talk, authority);
	if (e == ERR_OK && talk->state == TALK_LIVE)
		e = feed_scan(talk, authority);
	if (e == ERR_OK && talk->state == TALK_LIVE)
		e = serve(talk, authority);
	return e == ERR_OK ? ack_credit(talk) : e;
}

/* Queues the logs to which something happened since we last looked. */
static enum err
feed_scan(struct talk *talk, const struct authority *authority)
{
	struct txn *txn = store_txn(talk->store);
	struct feed_entry news;
	struct log_no last = {0};

	/* To its end: nobody would call again for what was left over. */
	while (feed_next(txn, talk->feed_at, &news)) {
		struct log *log;
		enum err e;

		talk->feed_at = news.number;
		if (news.log.v == last.v)
			continue;
		last = news.log;
		e = oplog_by_no(txn, news.log, &log);
		if (e == ERR_OK)
			e = opening_share(talk, authority, log);
		if (e != ERR_OK)
			return e;
	}
	return kv_failed(txn->kv);
}

static bool
has_room(const struct talk *talk)
{
	return channel_queued(talk->channel) < talk->flow.queue_max &&
	       talk->debt_bytes - talk->credited_bytes <
		   gauge_window(&talk->gauge);
}

static enum err
serve(struct talk *talk, const struct authority *authority)
{
	enum err e = ERR_OK;

	talk->flow.asks = false;
	while (e == ERR_OK && has_room(talk) && !talk->flow.asks &&
	       ledger_more(talk))
		e = serve_first(talk, authority);
	if (e == ERR_OK && !talk->idle_sent && !talk->receiving.waiting &&
	    channel_waiting(talk->channel) == 0 && !talk->flow.asks &&
	    !ledger_more(talk)) {
		struct msg msg = {.type = MSG_IDLE};

		talk->idle_sent = true;
		e = talk_send(talk, &msg);
	}
	return e;
}

/* Does something wait that may go today? */
static bool
ledger_more(const struct talk *talk)
{
	enum ledger_class class;

	return ledger_first(&talk->ledger, flow_end(talk), &class) != NULL;
}

/* One step for the log that is first in line, which then goes behind all others
 * of its class. */
static enum err
serve_first(struct talk *talk, const struct authority *authority)
{
	enum ledger_class class;
	struct ledger_log *entry = ledger_first(
	    &talk->ledger, flow_end(talk), &class);
	struct flow_step step;
	bool more = false;
	enum err e;

	ledger_unqueue(&talk->ledger, class);
	e = flow_look(talk, authority, entry, &step);
	if (e != ERR_OK)
		return e;
	/* It is not as urgent as it seemed: others go before it. */
	if (step.class > class || !flow_admits(talk, &step)) {
		ledger_queue_as(&talk->ledger, entry, step.class);
		/* What waits until tomorrow keeps nobody from hearing today
		 * what is here. */
		return flow_end(talk) == LEDGER_HISTORY ? held_tell(talk, entry)
							: ERR_OK;
	}
	e = flow_state(talk);
	if (e == ERR_OK)
		e = serve_log(talk, authority, entry, &more);
	if (e == ERR_OK && more)
		ledger_queue_as(&talk->ledger, entry, step.class);
	return e;
}

static enum err
held_tell(struct talk *talk, struct ledger_log *entry)
{
	struct log *log;
	enum err e = branch_local(talk, entry, &log);

	return e == ERR_OK ? clock_tell(talk, entry, log) : e;
}

/* One step for one log: headers, then owed bodies, then what we have. */
static enum err
serve_log(struct talk *talk, const struct authority *authority,
    struct ledger_log *entry, bool *more)
{
	struct clock_depth depth;
	struct log *log;
	enum err e;

	*more = false;
	if (!entry->is_shared)
		return ERR_OK;
	e = branch_local(talk, entry, &log);
	if (e != ERR_OK)
		return e;
	if (log == NULL)
		return clock_tell(talk, entry, NULL);
	clock_log_depth(authority, &talk->peer, &log->name, &depth);
	e = branch_compare(talk, log, entry);
	if (e == ERR_OK && depth.any && !entry->is_split &&
	    log->frontier.size > entry->sent && log->has_head) {
		*more = true;
		return chunk_send(talk, log, entry, &depth);
	}
	/* The peer passes bodies over that are behind what it was told of. */
	if (e == ERR_OK && !entry->is_split && !entry->is_foreign)
		e = clock_tell(talk, entry, log);
	if (e == ERR_OK && !entry->is_split && !entry->is_foreign)
		e = owed_send(talk, log, entry, &depth, more);
	if (e == ERR_OK && !*more)
		e = branch_tell(talk, log, entry);
	if (e != ERR_OK || *more)
		return e;
	return clock_tell(talk, entry, log);
}

/* Tells what we have of the log of `entry`, if that is news; `log` is NULL when
 * it has another id by now. */
static enum err
clock_tell(struct talk *talk, struct ledger_log *entry, const struct log *log)
{
	struct msg_entry now;
	struct msg msg = {
	    .type = MSG_CLOCK, .u.clock = {.n = 1, .entries = &now}};

	ledger_none(entry, &now);
	if (log != NULL)
		clock_entry(log, &talk->peer, &now);
	else if (entry->told.size == 0 && entry->is_told)
		return ERR_OK;
	if (entry->is_told && msg_entry_equal(&now, &entry->told))
		return ERR_OK;
	ledger_tell(&talk->ledger, entry, &now);
	return talk_send(talk, &msg);
}

/* Announces the run that `chunk` belongs to, unless that is done.  What the
 * receiver knows, or works out from the chunk, is not said. */
static enum err
run_send(struct talk *talk, const struct log *log, struct ledger_log *entry,
    const struct extract_chunk *chunk)
{
	struct msg msg = {.type = MSG_RUN};
	struct msg_run *run = &msg.u.run;
	struct msg_run whole;
	bool forked = log->forked || entry->peer.forked ||
		      oplog_is_branch(log) || entry->is_foreign;

	if (talk->sending.open && talk->sending.next == entry->sent &&
	    talk->sending.head_size == log->head_size &&
	    memcmp(&talk->sending.log, &log->id, sizeof(log->id)) == 0)
		return ERR_OK;
	talk->sending = (struct talk_sending){
	    .open = true, .log = log->id, .head_size = log->head_size};
	*run = (struct msg_run){.name = log->name,
	    .from = chunk->from,
	    .head_size = log->head_size,
	    .head_root = log->head_root,
	    .head_signature = log->head_signature,
	    .nameless = entry->is_known && entry->peer.size > 0,
	    .rootless = !forked && chunk->end == log->head_size};
	clock_entry(log, &talk->peer, &run->entry);
	whole = *run;
	msg_run_whole(&whole);
	run->whole = msg_entry_equal(&whole.entry, &run->entry);
	ledger_tell(&talk->ledger, entry, &run->entry);
	talk->idle_sent = false;
	return talk_send(talk, &msg);
}

/* What a limited or a slow line bears in one piece. */
static size_t
chunk_most(const struct talk *talk)
{
	return talk->gauge.chunk_bytes < talk->flow.queue_max
		   ? talk->gauge.chunk_bytes
		   : talk->flow.queue_max;
}

static bool
is_slow(const struct talk *talk)
{
	return chunk_most(talk) < GAUGE_CHUNK_MAX;
}

static enum err
chunk_send(struct talk *talk, const struct log *log, struct ledger_log *entry,
    const struct clock_depth *depth)
{
	struct arena arena = {0};
	struct extract_depth whole;
	struct extract_chunk chunk = {
	    .arena = &arena, .from = entry->sent, .most = chunk_most(talk)};
	struct msg msg = {.type = MSG_CHUNK};
	bool late;
	enum err e;

	depth_fill(talk, depth, &whole);
	e = extract_cut(store_txn(talk->store), log, &whole, &chunk);
	if (e == ERR_OK)
		e = run_send(talk, log, entry, &chunk);
	if (e != ERR_OK)
		goto out;
	late = late_cut(talk, log, depth, &chunk);
	msg.u.chunk = (struct msg_chunk){.n = chunk.headers_n,
	    .headers = chunk.headers,
	    .bodies_n = chunk.bodies.n,
	    .proof = chunk.proof};
	talk->idle_sent = false;
	e = talk_send(talk, &msg);
	if (e == ERR_OK)
		e = bodies_send(talk,
		    (struct msg_bodies){.in_chunk = true, .from = chunk.from},
		    &chunk.bodies);
	/* What is packed with others arrives with the last of them. */
	if (e == ERR_OK && is_slow(talk))
		e = channel_flush(talk->channel);
	talk->deltas_out += chunk.end - chunk.from;
	talk->sending.next = chunk.end;
	ledger_passed(entry, log, depth,
	    (struct ledger_span){.from = chunk.from, .end = chunk.end - late});
	entry->sent = chunk.end;
out:
	arena_fini(&arena);
	return e;
}

/* A chunk is taken whole or not at all: on a slow line the bodies of its last
 * delta, where they alone come to more than one, follow one by one as owed
 * ones.  Of bodies that we lack ourselves nothing is owed behind the first, so
 * then all that are here go at once. */
static bool
late_cut(struct talk *talk, const struct log *log,
    const struct clock_depth *depth, struct extract_chunk *chunk)
{
	struct extract_bodies *bodies = &chunk->bodies;
	uint64_t least = depth->hold ? log->held : UINT64_MAX;
	size_t bytes = 0;
	size_t n = bodies->n;

	for (; n > 0 && bodies->p[n - 1].seq == chunk->end - 1; n--)
		bytes += bodies->p[n - 1].sealed.n;
	for (unsigned class = 0; class < CLASS_COUNT; class ++)
		if ((depth->classes >> class & 1) != 0 &&
		    log->open[class] < least)
			least = log->open[class];
	if (!is_slow(talk) || bytes <= chunk_most(talk) || least < chunk->end)
		return false;
	bodies->n = n;
	return true;
}

/* What a receiver with `depth` gets from here. */
static void
depth_fill(struct talk *talk, const struct clock_depth *depth,
    struct extract_depth *out)
{
	*out = (struct extract_depth){
	    .depth = *depth, .me = talk->me, .backup = &talk->backup};
}

static enum err
bodies_send(struct talk *talk, struct msg_bodies whose,
    const struct extract_bodies *bodies)
{
	struct msg msg = {.type = MSG_BODIES, .u.bodies = whose};
	size_t at = 0;
	enum err e = ERR_OK;

	while (e == ERR_OK && extract_message(bodies, &at, &msg.u.bodies)) {
		talk->idle_sent = false;
		e = talk_send(talk, &msg);
		if (e == ERR_OK && bodies->most > 0)
			e = channel_flush(talk->channel);
	}
	return e;
}

/* On a slow line few at a time, each of which is there for good when it has
 * arrived.  Which of them did the peer does not say, so where they are many
 * each session begins with another: or what stands last would never get there.
 */
static enum err
owed_bodies_send(
    struct talk *talk, const struct log *log, struct extract_bodies *bodies)
{
	struct msg_bodies whose = {.log = log->id};
	struct extract_bodies first = *bodies;
	struct extract_bodies last = *bodies;
	enum err e;

	last.n = 0;
	if (is_slow(talk) && bodies->bytes > chunk_most(talk)) {
		last.n = (size_t)((talk->ledger.salt >> 1) % bodies->n);
		first.p += last.n;
		first.n -= last.n;
		first.most = last.most = chunk_most(talk);
	}
	e = bodies_send(talk, whose, &first);
	return e == ERR_OK ? bodies_send(talk, whose, &last) : e;
}

/* Bodies of headers that the peer has: for a right that grew, or because we got
 * them late ourselves. */
static enum err
owed_send(struct talk *talk, const struct log *log, struct ledger_log *entry,
    const struct clock_depth *depth, bool *more)
{
	struct arena arena = {0};
	struct extract_bodies bodies = {.arena = &arena};
	enum err e = ERR_OK;

	for (unsigned class = 0; class <= CLASS_COUNT && e == ERR_OK;
	     class ++) {
		bool blind = class == CLASS_COUNT;
		uint64_t *from = blind ? &entry->sent_held
				       : &entry->sent_open[class];
		uint64_t to = blind ? log->held : log->open[class];
		uint64_t start = *from;
		struct clock_depth part = {
		    .hold = blind, .classes = blind ? 0 : 1u << class};
		struct extract_depth owed;

		depth_fill(talk, &part, &owed);
		owed.held = entry->peer.held;
		if (to > entry->sent)
			to = entry->sent;
		if (blind ? !depth->hold : (depth->classes >> class & 1) == 0)
			continue;
		while (*from < to && *from - start < OWED_SCAN_MAX &&
		       owed_has_room(talk, &bodies) && e == ERR_OK) {
			e = extract_bodies(
			    store_txn(talk->store), log, *from, &owed, &bodies);
			/* Wraps went with them. */
			if (blind && entry->sent_kept == *from &&
			    *from < log->wrapped)
				entry->sent_kept++;
			(*from)++;
		}
		*more = *more || *from < to;
		if (e == ERR_OK)
			e = owed_bodies_send(talk, log, &bodies);
		bodies.n = 0;
		bodies.bytes = 0;
	}
	arena_fini(&arena);
	if (e == ERR_OK && depth->hold)
		e = wraps_send(talk, log, entry, depth, more);
	return e;
}

static bool
owed_has_room(const struct talk *talk, const struct extract_bodies *bodies)
{
	size_t most = is_slow(talk) ? chunk_most(talk) : EXTRACT_BODIES_BYTES;

	return has_room(talk) && bodies->bytes < most;
}

/* Wraps for bodies that the peer has without: it may have got them from others
 * first. */
static enum err
wraps_send(struct talk *talk, const struct log *log, struct ledger_log *entry,
    const struct clock_depth *depth, bool *more)
{
	struct arena arena = {0};
	struct extract_bodies bodies = {.arena = &arena};
	uint64_t to = log->wrapped < entry->sent ? log->wrapped : entry->sent;
	struct extract_depth wraps;
	uint64_t start;
	enum err e = ERR_OK;

	depth_fill(talk, depth, &wraps);
	wraps.wraps = true;
	wraps.held = entry->peer.held;
	start = entry->sent_kept;
	while (entry->sent_kept < to &&
	       entry->sent_kept - start < OWED_SCAN_MAX &&
	       owed_has_room(talk, &bodies) && e == ERR_OK) {
		size_t n = bodies.n;

		e = extract_bodies(store_txn(talk->store), log,
		    entry->sent_kept, &wraps, &bodies);
		entry->sent_kept++;
		if (bodies.bare == 0)
			continue;
		/* What the peer says that it has cannot rise beyond this one by
		 * us: it would get all that follows in each session. */
		bodies.n = n;
		entry->sent_kept = to;
	}
	*more = *more || entry->sent_kept < to;
	if (e == ERR_OK)
		e = bodies_send(
		    talk, (struct msg_bodies){.log = log->id}, &bodies);
	arena_fini(&arena);
	return e;
}

bool
sender_is_idle(const struct talk *talk)
{
	return talk->state == TALK_LIVE && talk->idle_sent &&
	       !talk->flow.asks && !ledger_more(talk);
}
