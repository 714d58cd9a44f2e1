/*
 * Meeting one peer.  The commands `sync` and `join` use it.
 */
#include "cli/sync.h"

#include "cli/object.h"
#include "cli/progress.h"

/* A city has three strata of members; each round can reveal one more. */
enum { ROUNDS_MAX = 4 };

static enum err sync_rounds(
    const struct node_sync *sync, struct session_status *sum) MUST_USE;

static uint64_t sum_of(uint64_t a, uint64_t b);

/* Somebody watches a sync. */
struct watcher {
	struct out *out;
	struct progress progress; /* all zero before the first step */
};

/* Both ways together: what comes by the peer's word, what goes by ours. */
static void
on_progress(void *arg, const struct session_status *status)
{
	struct watcher *watcher = arg;
	struct progress *progress = &watcher->progress;
	uint64_t done = status->deltas_in + status->deltas_out;

	if (progress->out == NULL)
		progress_init(progress, watcher->out, "deltas",
		    status->deltas_expected, progress_now_ms());
	progress->total = sum_of(status->deltas_expected,
	    sum_of(status->deltas_out, status->deltas_left_out));
	progress->bytes_done = sum_of(
	    status->bytes_in_done, status->bytes_out_done);
	progress->bytes_total = 0;
	if (status->bytes_expected > 0 || status->deltas_left_in == 0)
		progress->bytes_total = sum_of(
		    sum_of(status->bytes_expected > 0 ? status->bytes_expected
						      : status->bytes_in_done,
			status->bytes_out),
		    status->bytes_left_out);
	progress_step(progress, done, progress_now_ms());
}

/* A peer may have announced anything. */
static uint64_t
sum_of(uint64_t a, uint64_t b)
{
	return a < UINT64_MAX - b ? a + b : UINT64_MAX;
}

void
sync_say(struct out *out, const struct session_status *status)
{
	struct buf forked = {0};
	struct buf json = {0};

	object_begin(&json, NULL);
	object_hex(
	    &json, "peer", bytes_of(status->peer.b, sizeof(status->peer.b)));
	object_number(&json, "received", status->deltas_in);
	object_number(&json, "sent", status->deltas_out);
	object_number(&json, "passed_over", status->dropped);
	object_number(&json, "in_bytes", status->in_bytes);
	object_number(&json, "out_bytes", status->out_bytes);
	object_number(&json, "round_trips", status->round_trips);
	object_bool(&json, "in_sync", status->in_sync);
	object_number(&json, "rate_limit", status->rate_bytes);
	object_number(&json, "budget", status->day_bytes);
	object_bool(&json, "held_by_budget", status->is_held);
	object_number(&json, "left_to_send", status->deltas_left_out);
	object_number(&json, "forked", status->forked);
	object_end(&json);
	out_json(out, buf_bytes(&json));
	buf_fini(&json);
	if (status->forked > 0)
		buf_add_format(&forked,
		    ", but for %llu forked log%s: the peer holds another "
		    "branch (golmok log ls)",
		    (unsigned long long)status->forked,
		    status->forked == 1 ? "" : "s");
	out_say(out,
	    "received %llu, sent %llu deltas; %llu bytes in, %llu out; "
	    "%llu round trips; %s%s",
	    (unsigned long long)status->deltas_in,
	    (unsigned long long)status->deltas_out,
	    (unsigned long long)status->in_bytes,
	    (unsigned long long)status->out_bytes,
	    (unsigned long long)status->round_trips,
	    status->in_sync ? "in sync" : "NOT in sync", buf_text(&forked));
	buf_fini(&forked);
	if (status->is_held)
		out_say(out,
		    "the budget of %llu bytes a day is used up: %llu deltas "
		    "wait for tomorrow (UTC); authority and urgent spaces went",
		    (unsigned long long)status->day_bytes,
		    (unsigned long long)status->deltas_left_out);
	if (status->dropped > 0)
		out_say(out,
		    "%llu logs of others were passed over: this node may not "
		    "have them, or does not know who writes them",
		    (unsigned long long)status->dropped);
}

/* A newcomer learns in one session who is a member, and may have been offered
 * logs of those members before it knew them.  So what was passed over is asked
 * for again, as long as something new came.  `*sum` is all sessions together.
 */
static enum err
sync_rounds(const struct node_sync *sync, struct session_status *sum)
{
	enum err e = node_sync_once(sync, sum);
	struct node_sync later = *sync;

	/* The token has done its work. */
	later.guest = NULL;
	for (int round = 1; round < ROUNDS_MAX && e == ERR_OK; round++) {
		struct session_status next;
		uint64_t before = sum->deltas_in;

		if (!sum->in_sync || sum->dropped == 0 || sum->deltas_in == 0)
			break;
		e = node_sync_once(&later, &next);
		next.deltas_in += sum->deltas_in;
		next.deltas_out += sum->deltas_out;
		next.in_bytes += sum->in_bytes;
		next.out_bytes += sum->out_bytes;
		next.round_trips += sum->round_trips;
		*sum = next;
		if (next.deltas_in == before)
			break;
	}
	return e;
}

enum err
sync_meet(
    struct out *out, struct node_sync *sync, struct session_status *status)
{
	struct watcher watcher = {.out = out};
	enum err e;

	sync->on_progress = on_progress;
	sync->arg = &watcher;
	e = sync_rounds(sync, status);
	if (watcher.progress.out != NULL)
		progress_end(&watcher.progress);
	if (e == ERR_OK && !status->in_sync && !status->is_held)
		e = err_set(ERR_PEER,
		    "sync with %s ended before both had everything: try again",
		    sync->peer);
	return e;
}
