/*
 * Commands that speak with other nodes: serve, sync.  What happens on the links
 * is net's business; here it is put into words.
 */
#include "cli/cmd_net.h"

#include <stdio.h>

#include "cli/host.h"
#include "cli/object.h"
#include "cli/open.h"
#include "cli/progress.h"
#include "net/node.h"
#include "proto/mem.h"

enum { TIMEOUT_S = 60, TIMEOUT_S_MAX = 24 * 60 * 60 };
/* A city has three strata of members; each round can reveal one more. */
enum { ROUNDS_MAX = 4 };

static const char listen_default[] = "127.0.0.1:7700";

/* Where the node listens is a result; all else is for whoever watches. */
static void
on_news(void *arg, enum node_news news, const char *text)
{
	struct out *out = arg;
	struct buf json = {0};

	if (news == NODE_LISTENS) {
		out_say(out, "listening at %s; Ctrl-C ends it", text);
		object_begin(&json, NULL);
		object_text(&json, "listens", bytes_text(text));
		object_end(&json);
		out_json(out, buf_bytes(&json));
		buf_fini(&json);
		/* Somebody may wait for it at the other end of a pipe. */
		(void)fflush(out->to);
		return;
	}
	out_notice(out, text);
	(void)fflush(out->errors);
}

static enum err
serve_run(const struct args *args, struct out *out)
{
	size_t peers_n = args_count(args, "peer");
	const char **peers = mem_zeros(peers_n, sizeof(*peers));
	struct opened work = {0};
	struct node_config config = {
	    .listen = args_text(args, "listen", 0),
	    .peers = peers,
	    .peers_n = peers_n,
	    .on_news = on_news,
	    .arg = out,
	};
	enum err e;

	for (size_t i = 0; i < peers_n; i++)
		peers[i] = args_text(args, "peer", i);
	if (config.listen == NULL)
		config.listen = listen_default;
	e = open_begin(args, out, false, &work);
	if (e == ERR_OK) {
		store_abort(work.store);
		config.store = work.store;
		config.host = host_system();
		e = node_serve(&config);
	}
	if (e == ERR_OK)
		out_say(out, "ended");
	open_end(&work);
	mem_free(peers);
	return e;
}

/* Somebody watches a sync. */
struct watcher {
	struct out *out;
	struct progress progress; /* all zero before the first step */
};

static void
on_progress(void *arg, const struct session_status *status)
{
	struct watcher *watcher = arg;
	struct progress *progress = &watcher->progress;

	if (progress->out == NULL)
		progress_init(progress, watcher->out, "deltas",
		    status->deltas_expected, progress_now_ms());
	progress->total = status->deltas_expected;
	progress_step(progress, status->deltas_in, progress_now_ms());
}

static void
say_sync(struct out *out, const struct session_status *status)
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

	for (int round = 1; round < ROUNDS_MAX && e == ERR_OK; round++) {
		struct session_status next;
		uint64_t before = sum->deltas_in;

		if (!sum->in_sync || sum->dropped == 0 || sum->deltas_in == 0)
			break;
		e = node_sync_once(sync, &next);
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

static enum err
sync_run(const struct args *args, struct out *out)
{
	struct watcher watcher = {.out = out};
	struct session_status status;
	struct opened work = {0};
	struct node_sync sync = {
	    .peer = args_word(args, 0),
	    .on_progress = on_progress,
	    .arg = &watcher,
	};
	uint64_t timeout_s = TIMEOUT_S;
	enum err e;

	e = args_number(args, "timeout", TIMEOUT_S_MAX, &timeout_s);
	if (e == ERR_OK)
		e = open_begin(args, out, false, &work);
	if (e != ERR_OK)
		goto out;
	store_abort(work.store);
	sync.store = work.store;
	sync.host = host_system();
	sync.timeout_ms = timeout_s * 1000;
	e = sync_rounds(&sync, &status);
	if (watcher.progress.out != NULL)
		progress_end(&watcher.progress);
	/* What came before a failure is kept, and worth a line. */
	if (e == ERR_OK || status.up)
		say_sync(out, &status);
	if (e == ERR_OK && !status.in_sync)
		e = err_set(ERR_PEER,
		    "sync with %s ended before both had everything: try again",
		    sync.peer);
out:
	open_end(&work);
	return e;
}

static const struct args_option serve_options[] = {
    {.name = "listen",
	.value = "HOST:PORT",
	.help = "where peers connect (127.0.0.1:7700; port 0: any free one)"},
    {.name = "peer",
	.value = "HOST:PORT",
	.many = true,
	.help = "keep a link to this peer"},
};

static const struct args_option sync_options[] = {
    {.name = "timeout",
	.value = "SECONDS",
	.help = "give up after so long without a sign of the peer (60)"},
};

const struct args_command cmd_net_commands[] = {
    {.name = "serve",
	.help = "exchange deltas with peers until told to end",
	.about =
	    "What is written here is pushed to all peers at once, also by\n"
	    "commands that run beside it; what peers write arrives here, as "
	    "far\n"
	    "as grants allow.  Nothing waits for it: a store works the same\n"
	    "with and without.  Ctrl-C or SIGTERM ends it.\n",
	.options = serve_options,
	.options_n = COUNT_OF(serve_options),
	.run = serve_run},
    {.name = "sync",
	.words = "HOST:PORT",
	.words_min = 1,
	.words_max = 1,
	.help = "exchange everything with one peer, then end",
	.options = sync_options,
	.options_n = COUNT_OF(sync_options),
	.run = sync_run},
};
const size_t cmd_net_commands_n = COUNT_OF(cmd_net_commands);
