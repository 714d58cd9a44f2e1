/*
 * status: how much is held here, and how much of it nobody else is known to
 * hold.  Only what peers said themselves counts, and only where they hold the
 * bodies too: headers alone bring no record back.
 */
#include "cli/cmd_status.h"

#include <stdlib.h>
#include <string.h>

#include "cli/object.h"
#include "cli/open.h"
#include "cli/show.h"
#include "core/clock.h"
#include "core/forks.h"
#include "core/tree.h"

/* One log here, and the most that any peer holds of it. */
struct kept {
	const struct log *log;
	uint64_t elsewhere;
};

/* The sum over the logs of a space. */
struct kept_space {
	const struct space_state *space;
	uint64_t logs;
	uint64_t deltas;
	uint64_t alone; /* of these, not held by any peer */
};

struct status {
	struct opened *work;	   /* borrowed */
	struct kept_space *spaces; /* arena of the work, as all below */
	size_t spaces_n;
	struct kept *logs; /* by log id */
	size_t logs_n;
	struct clock_peer *peers;
	size_t peers_n;
	uint64_t alone;
	uint64_t forked;       /* logs */
	uint64_t forked_alone; /* of `alone`, in these */
};

static enum err status_count(struct status *status) MUST_USE;
static enum err status_logs(struct status *status) MUST_USE;
static enum err status_peers(struct status *status) MUST_USE;
static enum err status_peer(
    struct status *status, const struct clock_list *list) MUST_USE;
static enum err others_raise(
    struct status *status, const struct log *log, uint64_t held) MUST_USE;
static bool is_ours(
    struct txn *txn, const struct log *log, const struct msg_entry *entry);
static void status_sum(struct status *status);
static bool is_first(const struct status *status, size_t at);

static int
kept_compare(const void *a, const void *b)
{
	const struct kept *x = a;
	const struct kept *y = b;

	return memcmp(x->log->id.b, y->log->id.b, sizeof(x->log->id.b));
}

static enum err
status_count(struct status *status)
{
	enum err e = status_logs(status);

	if (e == ERR_OK)
		e = status_peers(status);
	if (e == ERR_OK)
		status_sum(status);
	return e;
}

static enum err
status_logs(struct status *status)
{
	struct txn *txn = store_txn(status->work->store);
	struct arena *arena = &status->work->arena;
	struct space_state **spaces;
	size_t room = 0;
	enum err e = space_all(txn, &spaces, &status->spaces_n);

	if (e != ERR_OK)
		return e;
	status->spaces = arena_array(
	    arena, status->spaces_n, sizeof(*status->spaces));
	for (size_t i = 0; i < status->spaces_n; i++) {
		struct log **logs;
		size_t n;

		e = oplog_all(txn, spaces[i], &logs, &n);
		if (e != ERR_OK)
			return e;
		status->spaces[i].space = spaces[i];
		status->spaces[i].logs = n;
		room += n;
	}
	status->logs = arena_array(arena, room, sizeof(*status->logs));
	for (size_t i = 0; i < status->spaces_n; i++) {
		struct log **logs;
		size_t n;

		e = oplog_all(txn, spaces[i], &logs, &n);
		if (e != ERR_OK)
			return e;
		for (size_t at = 0; at < n; at++)
			status->logs[status->logs_n++].log = logs[at];
	}
	assert(status->logs_n == room);
	if (room > 0)
		qsort(status->logs, room, sizeof(*status->logs), kept_compare);
	return ERR_OK;
}

/* The most that any peer holds, log by log. */
static enum err
status_peers(struct status *status)
{
	struct txn *txn = store_txn(status->work->store);
	struct arena beliefs = {0};
	enum err e = clock_peers(
	    txn, &status->work->arena, &status->peers, &status->peers_n);

	for (size_t i = 0; i < status->peers_n && e == ERR_OK; i++) {
		struct clock_list list = {0};

		arena_reset(&beliefs);
		e = clock_beliefs(txn, &status->peers[i].key, &beliefs, &list);
		if (e == ERR_OK)
			e = status_peer(status, &list);
	}
	arena_fini(&beliefs);
	return e;
}

static enum err
status_peer(struct status *status, const struct clock_list *list)
{
	struct txn *txn = store_txn(status->work->store);

	for (size_t at = 0; at < list->n; at++) {
		const struct msg_entry *entry = &list->entries[at];
		struct log named = {.id = entry->log};
		struct kept key = {.log = &named};
		struct kept *kept = NULL;

		if (status->logs_n > 0)
			kept = bsearch(&key, status->logs, status->logs_n,
			    sizeof(*status->logs), kept_compare);
		if (kept == NULL || !is_ours(txn, kept->log, entry))
			continue;
		if (entry->held > kept->elsewhere)
			kept->elsewhere = entry->held;
		if (oplog_is_branch(kept->log) &&
		    others_raise(status, kept->log, entry->held) != ERR_OK)
			break;
	}
	return kv_failed(txn->kv);
}

/* What a branch shares with others is there as often as it is. */
static enum err
others_raise(struct status *status, const struct log *log, uint64_t held)
{
	struct txn *txn = store_txn(status->work->store);
	enum err e = ERR_OK;

	for (size_t i = 0; i < status->logs_n && e == ERR_OK; i++) {
		struct kept *kept = &status->logs[i];
		uint64_t shared;

		if (memcmp(&kept->log->trunk, &log->trunk,
			sizeof(log->trunk)) != 0)
			continue;
		e = forks_shared(txn, kept->log, log, &shared);
		if (shared > held)
			shared = held;
		if (shared > kept->elsewhere && kept->log != log)
			kept->elsewhere = shared;
	}
	return e;
}

/* Does what a peer holds begin as ours does?  Another branch of a forked log
 * saves nothing of this one; of a longer one nobody knows. */
static bool
is_ours(struct txn *txn, const struct log *log, const struct msg_entry *entry)
{
	struct hash root;

	if (entry->size > log->frontier.size)
		return !log->forked;
	return entry->size > 0 &&
	       tree_root(txn, log, entry->size, &root) == ERR_OK &&
	       memcmp(root.b, entry->root, sizeof(entry->root)) == 0;
}

static void
status_sum(struct status *status)
{
	for (size_t i = 0; i < status->logs_n; i++) {
		const struct kept *kept = &status->logs[i];
		uint64_t size = kept->log->frontier.size;
		uint64_t below = kept->log->below;
		uint64_t safe = kept->elsewhere < below ? below
							: kept->elsewhere;

		/* One tip stands for all branches of a log, and what they share
		 * is counted in one. */
		status->forked += kept->log->forked && is_first(status, i);
		if (kept->log->forked && safe < size)
			status->forked_alone += size - safe;

		for (size_t at = 0; at < status->spaces_n; at++) {
			struct kept_space *sum = &status->spaces[at];

			if (sum->space != kept->log->space)
				continue;
			sum->deltas += size - below;
			if (safe < size) {
				sum->alone += size - safe;
				status->alone += size - safe;
			}
		}
	}
}

static bool
is_first(const struct status *status, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (memcmp(&status->logs[i].log->trunk,
			&status->logs[at].log->trunk, 16) == 0)
			return false;
	return true;
}

/* A time of the wall, for show_time. */
static struct stamp
stamp_at(uint64_t ms)
{
	return (struct stamp){.v = ms << 16};
}

static void
say_json(const struct status *status)
{
	struct buf json = {0};

	object_begin(&json, NULL);
	object_number(&json, "alone", status->alone);
	object_number(&json, "forked", status->forked);
	object_number(&json, "forked_alone", status->forked_alone);
	object_array(&json, "spaces");
	for (size_t i = 0; i < status->spaces_n; i++) {
		const struct kept_space *sum = &status->spaces[i];

		object_begin(&json, NULL);
		object_text(&json, "space", bytes_text(sum->space->name.text));
		object_number(&json, "logs", sum->logs);
		object_number(&json, "deltas", sum->deltas);
		object_number(&json, "alone", sum->alone);
		object_end(&json);
	}
	object_array_end(&json);
	object_array(&json, "peers");
	for (size_t i = 0; i < status->peers_n; i++) {
		struct buf text = {0};

		show_utc(stamp_at(status->peers[i].met_ms), &text);
		object_begin(&json, NULL);
		object_hex(&json, "key",
		    bytes_of(status->peers[i].key.b,
			sizeof(status->peers[i].key.b)));
		if (status->peers[i].met_ms > 0)
			object_text(&json, "met", buf_bytes(&text));
		buf_cut(&text, 0);
		show_utc(stamp_at(status->peers[i].said_ms), &text);
		if (status->peers[i].said_ms > 0)
			object_text(&json, "file", buf_bytes(&text));
		object_end(&json);
		buf_fini(&text);
	}
	object_array_end(&json);
	object_end(&json);
	out_json(status->work->out, buf_bytes(&json));
	buf_fini(&json);
}

static void
say_spaces(const struct status *status)
{
	static const struct out_column columns[] = {
	    {.key = "space", .title = "SPACE"},
	    {.key = "deltas", .title = "DELTAS", .kind = OUT_NUMBER},
	    {.key = "alone", .title = "ONLY HERE", .kind = OUT_NUMBER},
	};
	struct out_table *table = out_table_new(
	    status->work->out, columns, COUNT_OF(columns));

	for (size_t i = 0; i < status->spaces_n; i++) {
		const struct kept_space *sum = &status->spaces[i];
		struct buf deltas = {0};
		struct buf alone = {0};

		buf_add_format(
		    &deltas, "%llu", (unsigned long long)sum->deltas);
		buf_add_format(&alone, "%llu", (unsigned long long)sum->alone);
		out_table_row(table,
		    (const struct bytes[]){bytes_text(sum->space->name.text),
			buf_bytes(&deltas), buf_bytes(&alone)});
		buf_fini(&deltas);
		buf_fini(&alone);
	}
	out_table_end(table, "nothing is held yet");
}

static void
say_peers(const struct status *status, const struct authority *authority)
{
	static const struct out_column columns[] = {
	    {.key = "peer", .title = "PEER"},
	    {.key = "met", .title = "LAST CONTACT"},
	    {.key = "file", .title = "NEWEST FILE OF IT"},
	};
	struct out_table *table = out_table_new(
	    status->work->out, columns, COUNT_OF(columns));

	for (size_t i = 0; i < status->peers_n; i++) {
		struct buf name = {0};
		struct buf met = {0};
		struct buf file = {0};

		show_member(authority, &status->peers[i].key, &name);
		if (status->peers[i].met_ms > 0)
			show_time(stamp_at(status->peers[i].met_ms), &met);
		if (status->peers[i].said_ms > 0)
			show_time(stamp_at(status->peers[i].said_ms), &file);
		out_table_row(table, (const struct bytes[]){buf_bytes(&name),
					 buf_bytes(&met), buf_bytes(&file)});
		buf_fini(&file);
		buf_fini(&name);
		buf_fini(&met);
	}
	out_table_end(table, "no peer was met yet");
}

static enum err
status_run(const struct args *args, struct out *out)
{
	const struct authority *authority;
	struct opened work = {0};
	struct status status = {.work = &work};
	enum err e = open_begin(args, out, false, &work);

	if (e == ERR_OK)
		e = store_authority(work.store, &authority);
	if (e == ERR_OK)
		e = status_count(&status);
	if (e != ERR_OK)
		goto out;
	if (out->json) {
		say_json(&status);
		goto out;
	}
	say_spaces(&status);
	out_say(out, "%s", "");
	say_peers(&status, authority);
	out_say(out, "%s", "");
	if (status.alone > 0)
		out_say(out, "not yet safe elsewhere: %llu changes",
		    (unsigned long long)status.alone);
	else
		out_say(out, "all of it is held elsewhere too");
	if (status.forked > 0)
		out_say(out,
		    "%llu logs are FORKED (golmok log ls); of these, up to "
		    "%llu changes are held only here",
		    (unsigned long long)status.forked,
		    (unsigned long long)status.forked_alone);
out:
	open_end(&work);
	return e;
}

const struct args_command cmd_status_commands[] = {
    {.name = "status",
	.help = "what is held here, and what of it only here",
	.run = status_run},
};
const size_t cmd_status_commands_n = COUNT_OF(cmd_status_commands);
