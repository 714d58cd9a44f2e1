/*
 * status: how much is held here, and how much of it by how many others.
 * core/safety.c counts, cli/meter.c puts it into words; this file decides when.
 */
#include "cli/cmd_status.h"

#include <signal.h>
#include <stdio.h>

#include "cli/cmd_match.h"
#include "cli/meter.h"
#include "cli/open.h"
#include "core/packs.h"
#include "net/loop.h"

enum {
	/* How often --watch looks whether anything was written to the store;
	 * only then is it counted anew. */
	WATCH_MS = 500,
};

/* What --watch keeps between two looks. */
struct watch {
	struct opened *work;
	struct out *out; /* borrowed */
	struct loop *loop;
	struct loop_timer *timer;
	bool is_shown;
	uint64_t state;	  /* of the store when it was counted last */
	struct buf shown; /* what was written then */
	struct fault fault;
};

static enum err watch_run(struct opened *work) MUST_USE;
static void watch_on_timer(void *arg);
static void watch_on_signal(void *arg, int number);
static enum err watch_look(struct watch *watch) MUST_USE;
static enum err watch_count(struct watch *watch, struct buf *text) MUST_USE;
static void watch_show(struct watch *watch, struct buf *text);

/* Versions that say that they come later than what is in force.  All are looked
 * at only when there are any. */
static enum err
refused_find(
    struct opened *work, const struct authority *authority, struct buf *text)
{
	struct txn *txn = store_txn(work->store);
	const struct pack *force = store_pack(work->store);
	struct pack *pack = NULL;
	struct packs packs;
	bool later = false;
	enum err e = ERR_OK;

	packs_gather(txn, authority, &work->arena, &packs);
	for (size_t i = 0; i < packs.n && force != NULL; i++)
		later = later || packs.versions[i].version > force->version;
	if (later)
		e = packs_judge(txn, &work->arena, &packs, &pack);
	for (size_t i = 0; later && e == ERR_OK && i < packs.n; i++) {
		if (!packs_is_refused(&packs, &packs.versions[i]))
			continue;
		if (text->n > 0)
			buf_add_u8(text, '\n');
		packs_say(&packs.versions[i], text);
	}
	pack_free(pack);
	return e;
}

/* Counts, and writes it to `out`. */
static enum err
status_say(struct opened *work, struct out *out)
{
	const struct sign_key *me = &store_identity(work->store)->key;
	const struct authority *authority;
	struct safety safety;
	struct meter_pack pack;
	struct buf refused = {0};
	enum err e = store_authority(work->store, &authority);

	if (e == ERR_OK)
		e = safety_count(store_txn(work->store), authority, me,
		    &work->arena, &safety);
	if (e == ERR_OK)
		e = refused_find(work, authority, &refused);
	pack.pack = store_pack(work->store);
	pack.refused = buf_bytes(&refused);
	if (e == ERR_OK)
		meter_say(out, &safety, authority, &pack);
	buf_fini(&refused);
	return e;
}

static enum err
status_run(const struct args *args, struct out *out)
{
	struct opened work = {0};
	enum err e = open_begin(args, out, false, &work);

	if (e == ERR_OK && args_has(args, "watch")) {
		e = watch_run(&work);
	} else if (e == ERR_OK) {
		e = status_say(&work, out);
		if (e == ERR_OK)
			e = cmd_match_lacking_say(&work);
	}
	open_end(&work);
	return e;
}

static enum err
watch_run(struct opened *work)
{
	static const int numbers[] = {SIGINT, SIGTERM};
	struct loop_signal *signals[COUNT_OF(numbers)] = {0};
	struct watch watch = {.work = work, .out = work->out};
	enum err e;

	/* No transaction may stand open while it waits. */
	store_abort(work->store);
	e = loop_open(&watch.loop);
	if (e != ERR_OK)
		return e;
	err_keep(&watch.fault, ERR_OK);
	watch.timer = loop_timer_new(watch.loop, watch_on_timer, &watch);
	for (size_t i = 0; i < COUNT_OF(numbers) && e == ERR_OK; i++)
		e = loop_signal_open(watch.loop, numbers[i], watch_on_signal,
		    &watch, &signals[i]);
	if (e == ERR_OK) {
		loop_timer_set(watch.timer, 0);
		loop_run(watch.loop);
		e = err_raise(&watch.fault);
	}
	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		loop_signal_close(signals[i]);
	loop_timer_free(watch.timer);
	loop_close(watch.loop);
	buf_fini(&watch.shown);
	return e;
}

static void
watch_on_signal(void *arg, int number)
{
	struct watch *watch = arg;

	assert(number == SIGINT || number == SIGTERM);
	loop_stop(watch->loop);
}

static void
watch_on_timer(void *arg)
{
	struct watch *watch = arg;
	enum err e = watch_look(watch);

	/* A reader that has gone is told by out_end. */
	if (e != ERR_OK || ferror(watch->out->to)) {
		err_keep(&watch->fault, e);
		loop_stop(watch->loop);
		return;
	}
	loop_timer_set(watch->timer, loop_now_ms() + WATCH_MS);
}

static enum err
watch_look(struct watch *watch)
{
	struct store *store = watch->work->store;
	struct buf text = {0};
	enum err e = store_begin(store, false);
	uint64_t state;

	if (e != ERR_OK)
		return e;
	/* Each transaction that wrote something, of whatever process, made a
	 * new state. */
	state = kv_txn_id(store_txn(store)->kv);
	if (!watch->is_shown || state != watch->state)
		e = watch_count(watch, &text);
	store_abort(store);
	if (e == ERR_OK && text.n > 0)
		watch_show(watch, &text);
	watch->state = state;
	buf_fini(&text);
	return e;
}

static enum err
watch_count(struct watch *watch, struct buf *text)
{
	struct out into = *watch->out;

	into.into = text;
	arena_reset(&watch->work->arena);
	return status_say(watch->work, &into);
}

/* Takes `text`, unless it stands there already. */
static void
watch_show(struct watch *watch, struct buf *text)
{
	struct out *out = watch->out;
	struct bytes line = buf_bytes(text);

	if (watch->is_shown &&
	    bytes_equal(buf_bytes(&watch->shown), buf_bytes(text)))
		return;
	if (out->json && line.n > 0)
		out_json(out, bytes_first(line, line.n - 1));
	if (out->columns > 0)
		out_picture(out, bytes_text("\033[H\033[2J"));
	else if (watch->is_shown)
		out_picture(out, bytes_text("\n"));
	out_picture(out, line);
	(void)fflush(out->to);
	watch->is_shown = true;
	buf_cut(&watch->shown, 0);
	buf_add(&watch->shown, line);
}

static const struct args_option options[] = {
    {.name = "watch", .help = "show it anew whenever it changes, until Ctrl-C"},
};

const struct args_command cmd_status_commands[] = {
    {.name = "status",
	.help = "what is held here, by how many others, and what only here",
	.about =
	    "A change counts as held by another member as soon as that one "
	    "said\n"
	    "that it has it with all its bodies; headers alone do not count, "
	    "nor\n"
	    "does a member whose grants were all taken back.  FEWEST is how "
	    "many\n"
	    "others hold the change that the fewest hold.  What is to be sent "
	    "and\n"
	    "received is as of the last contact; bytes are reckoned.\n"
	    "--watch looks twice a second whether the store was written to: a\n"
	    "terminal is drawn anew, a pipe gets the next block (with --json:\n"
	    "the next line).\n",
	.options = options,
	.options_n = COUNT_OF(options),
	.run = status_run},
};
const size_t cmd_status_commands_n = COUNT_OF(cmd_status_commands);
