/*
 * events: who was refused, what was not taken, which logs split.  Reads only.
 */
#include "cli/cmd_events.h"

#include "cli/open.h"
#include "cli/show.h"
#include "core/events.h"
#include "proto/ascii.h"

static const struct out_column columns[] = {
    {.key = "number", .title = "NO", .kind = OUT_NUMBER},
    {.key = "last", .title = "WHEN"},
    {.key = "kind", .title = "KIND"},
    {.key = "peer", .title = "WHO"},
    {.key = "space", .title = "SPACE"},
    {.key = "count", .title = "TIMES", .kind = OUT_NUMBER},
    {.key = "text", .title = "WHAT"},
};
/* Programs get the whole key and the time of the first one, too. */
static const struct out_column whole_columns[] = {
    {.key = "number", .kind = OUT_NUMBER},
    {.key = "last"},
    {.key = "kind"},
    {.key = "peer"},
    {.key = "space"},
    {.key = "count", .kind = OUT_NUMBER},
    {.key = "text"},
    {.key = "first"},
    {.key = "label"},
    {.key = "stranger", .kind = OUT_BOOL},
};

/* A time of the wall, for show_time. */
static struct stamp
stamp_at(uint64_t ms)
{
	return (struct stamp){.v = ms << 16};
}

static void
peer_text(const struct authority *authority, const struct event *event,
    bool whole, struct buf *text)
{
	static const struct sign_key none;

	if (bytes_equal(bytes_of(event->peer.b, sizeof(event->peer.b)),
		bytes_of(none.b, sizeof(none.b))))
		return;
	if (whole)
		ascii_hex(bytes_of(event->peer.b, sizeof(event->peer.b)), text);
	else
		show_member(authority, &event->peer, text);
}

static void
event_row(struct out *out, const struct authority *authority,
    const struct event *event, struct out_table *table)
{
	struct buf texts[COUNT_OF(whole_columns)] = {0};
	struct bytes cells[COUNT_OF(whole_columns)] = {0};

	buf_add_format(&texts[0], "%llu", (unsigned long long)event->number);
	(out->json ? show_utc : show_time)(stamp_at(event->last_ms), &texts[1]);
	buf_add_text(&texts[2], events_kind_text(event->kind));
	peer_text(authority, event, out->json, &texts[3]);
	buf_add_text(&texts[4], event->space.text);
	buf_add_format(&texts[5], "%llu", (unsigned long long)event->count);
	buf_add(&texts[6], event->text);
	show_utc(stamp_at(event->first_ms), &texts[7]);
	if (texts[3].n > 0)
		show_member(authority, &event->peer, &texts[8]);
	buf_add_text(&texts[9], event->is_stranger ? "yes" : "no");
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		cells[i] = buf_bytes(&texts[i]);
	out_table_row(table, cells);
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		buf_fini(&texts[i]);
}

/* The number behind which the newest `limit` events lie, and not before
 * `since`. */
static uint64_t
start_at(struct txn *txn, uint64_t since, uint64_t limit)
{
	struct event event;
	uint64_t n = 0;
	uint64_t at = since;

	while (events_next(txn, at, &event)) {
		at = event.number;
		n++;
	}
	at = since;
	while (n > limit && events_next(txn, at, &event)) {
		at = event.number;
		n--;
	}
	return at;
}

static enum err
events_run(const struct args *args, struct out *out)
{
	struct opened work = {0};
	const struct authority *authority;
	struct out_table *table;
	struct event event;
	struct txn *txn;
	uint64_t since = 0;
	uint64_t limit = INT64_MAX;
	enum err e = args_number(args, "since", INT64_MAX, &since);

	if (e == ERR_OK)
		e = args_number(args, "limit", INT64_MAX, &limit);
	if (e == ERR_OK)
		e = open_begin(args, out, false, &work);
	if (e == ERR_OK)
		e = store_authority(work.store, &authority);
	if (e != ERR_OK)
		goto out;
	txn = store_txn(work.store);
	table = out->json
		    ? out_table_new(out, whole_columns, COUNT_OF(whole_columns))
		    : out_table_new(out, columns, COUNT_OF(columns));
	since = start_at(txn, since, limit);
	while (events_next(txn, since, &event)) {
		since = event.number;
		event_row(out, authority, &event, table);
	}
	out_table_end(table, "nothing to report");
	e = kv_failed(txn->kv);
out:
	open_end(&work);
	return e;
}

static const struct args_option options[] = {
    {.name = "since", .value = "N", .help = "only what came after number N"},
    {.name = "limit", .value = "N", .help = "only the newest N"},
};

const struct args_command cmd_events_commands[] = {
    {.name = "events",
	.help = "who was refused, what was not taken, which logs split",
	.about =
	    "An event that repeats is counted and moves to the end under a\n"
	    "new number.  The newest events are kept; one peer can fill only\n"
	    "its own share.",
	.options = options,
	.options_n = COUNT_OF(options),
	.run = events_run},
};
const size_t cmd_events_commands_n = COUNT_OF(cmd_events_commands);
