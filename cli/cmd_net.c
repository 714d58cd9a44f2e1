/*
 * Commands that speak with other nodes: serve, sync.  What happens on the links
 * is net's business; here it is put into words.
 */
#include "cli/cmd_net.h"

#include <stdio.h>

#include "cli/host.h"
#include "cli/limit.h"
#include "cli/object.h"
#include "cli/open.h"
#include "cli/sync.h"
#include "proto/mem.h"

enum { TIMEOUT_S = 60, TIMEOUT_S_MAX = 24 * 60 * 60 };

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
	    .members = !args_has(args, "no-members"),
	    .lan = args_has(args, "lan") || args_has(args, "lan-interface"),
	    .lan_interface = args_text(args, "lan-interface", 0),
	    .on_news = on_news,
	    .arg = out,
	};
	enum err e;

	for (size_t i = 0; i < peers_n; i++)
		peers[i] = args_text(args, "peer", i);
	if (config.listen == NULL)
		config.listen = listen_default;
	e = limit_read(args, &config.limits);
	if (e == ERR_OK)
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

static enum err
sync_run(const struct args *args, struct out *out)
{
	struct session_status status;
	struct opened work = {0};
	struct node_sync sync = {
	    .peer = args_word(args, 0),
	};
	uint64_t timeout_s = TIMEOUT_S;
	enum err e;

	e = args_number(args, "timeout", TIMEOUT_S_MAX, &timeout_s);
	if (e == ERR_OK)
		e = limit_read(args, &sync.limits);
	if (e == ERR_OK)
		e = open_begin(args, out, false, &work);
	if (e != ERR_OK)
		goto out;
	store_abort(work.store);
	sync.store = work.store;
	sync.host = host_system();
	sync.timeout_ms = timeout_s * 1000;
	e = sync_meet(out, &sync, &status);
	/* What came before a failure is kept, and worth a line. */
	if (e == ERR_OK || status.up)
		sync_say(out, &status);
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
	.help = "keep a link to this peer, besides those of golmok peer"},
    {.name = "limit",
	.value = "RATE",
	.help = "at most so much a second each way: 30kbps, 2Mbps, 4kB/s"},
    {.name = "budget",
	.value = "SIZE",
	.help = "send each peer at most so much a day: 5MB"},
    {.name = "no-members",
	.help = "do not dial members by the addresses in their records"},
    {.name = "lan",
	.help = "find nodes of this city on the local network, and be found"},
    {.name = "lan-interface",
	.value = "NAME",
	.help = "the same, on this network interface alone"},
};

static const struct args_option sync_options[] = {
    {.name = "timeout",
	.value = "SECONDS",
	.help = "give up after so long without a sign of the peer (60)"},
    {.name = "limit",
	.value = "RATE",
	.help = "at most so much a second each way: 30kbps, 2Mbps, 4kB/s"},
    {.name = "budget",
	.value = "SIZE",
	.help = "send the peer at most so much a day: 5MB"},
};

const struct args_command cmd_net_commands[] = {
    {.name = "serve",
	.help = "exchange deltas with peers until told to end",
	.about =
	    "What is written here is pushed to all peers at once, also by\n"
	    "commands that run beside it; what peers write arrives here, as "
	    "far\n"
	    "as grants allow.  Nothing waits for it: a store works the same\n"
	    "with and without.  Ctrl-C or SIGTERM ends it.\n"
	    "--limit holds all links together to a rate, each way.  When the\n"
	    "--budget of a peer is used up, only authority and urgent spaces "
	    "go\n"
	    "on until the next day (UTC); `golmok events` says so.\n",
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
