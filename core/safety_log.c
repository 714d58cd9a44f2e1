/*
 * What a word about a log is worth: which of ours it is of, and how far it goes
 * with that.  core/safety.c adds up.  Branches of forked logs have names that
 * depend on what is held, so they are told by their roots.
 */
#include "core/safety_log.h"

#include <stdlib.h>
#include <string.h>

#include "core/forks.h"
#include "core/tree.h"

static enum err logs_of(struct safety_logs *logs, struct safety *safety,
    const struct sign_key *me) MUST_USE;
static int by_id_compare(const void *a, const void *b);
static int by_trunk_compare(const void *a, const void *b);
static enum err hear_plain(struct safety_logs *logs, struct safety_log *log,
    const struct msg_entry *entry) MUST_USE;
static enum err hear_branch(struct safety_logs *logs,
    const struct msg_entry *entry, bool *known) MUST_USE;
static size_t trunk_first(
    const struct safety_logs *logs, const struct log_id *trunk);
static enum err begins(struct safety_logs *logs, struct safety_log *log,
    const struct msg_entry *entry, bool *same) MUST_USE;
static enum err root_of(struct safety_logs *logs, struct safety_log *log,
    uint64_t size, struct hash *root) MUST_USE;
static void extent_raise(
    struct safety_log *log, const struct msg_entry *entry, uint64_t shared);

static bool
is_id(const struct log_id *a, const struct log_id *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

enum err
safety_log_all(struct safety_logs *logs, struct safety *safety,
    const struct authority *authority, const struct sign_key *me)
{
	enum err e = logs_of(logs, safety, me);

	if (e != ERR_OK)
		return e;
	logs->by_id = arena_array(logs->arena, logs->n, sizeof(*logs->by_id));
	logs->by_trunk = arena_array(
	    logs->arena, logs->n, sizeof(*logs->by_trunk));
	for (size_t i = 0; i < logs->n; i++) {
		struct safety_log *log = &logs->logs[i];

		clock_log_depth(authority, me, &log->log->name, &log->ours);
		logs->by_id[i] = log;
		logs->by_trunk[i] = log;
	}
	if (logs->n > 0) {
		qsort(
		    logs->by_id, logs->n, sizeof(*logs->by_id), by_id_compare);
		qsort(logs->by_trunk, logs->n, sizeof(*logs->by_trunk),
		    by_trunk_compare);
	}
	return ERR_OK;
}

static enum err
logs_of(
    struct safety_logs *logs, struct safety *safety, const struct sign_key *me)
{
	struct log ***all = arena_array(
	    logs->arena, safety->spaces_n, sizeof(*all));

	for (size_t i = 0; i < safety->spaces_n; i++) {
		struct space_state *space = space_find(
		    logs->txn, safety->spaces[i].space);
		size_t n = 0;
		enum err e = kv_failed(logs->txn->kv);

		if (space != NULL)
			e = oplog_all(logs->txn, space, &all[i], &n);
		if (e != ERR_OK)
			return e;
		safety->spaces[i].logs = n;
		logs->n += n;
	}
	logs->logs = arena_array(logs->arena, logs->n, sizeof(*logs->logs));
	logs->n = 0;
	for (size_t i = 0; i < safety->spaces_n; i++) {
		for (size_t at = 0; at < safety->spaces[i].logs; at++) {
			struct safety_log *log = &logs->logs[logs->n++];

			log->log = all[i][at];
			log->space = i;
			log->is_own = memcmp(&log->log->name.author, me,
					  sizeof(*me)) == 0;
		}
	}
	return ERR_OK;
}

static int
by_id_compare(const void *a, const void *b)
{
	const struct safety_log *const *x = a;
	const struct safety_log *const *y = b;

	return memcmp(&(*x)->log->id, &(*y)->log->id, sizeof(struct log_id));
}

static int
by_trunk_compare(const void *a, const void *b)
{
	const struct safety_log *const *x = a;
	const struct safety_log *const *y = b;

	return memcmp(
	    &(*x)->log->trunk, &(*y)->log->trunk, sizeof(struct log_id));
}

enum err
safety_log_hear(struct safety_logs *logs, const struct msg_entry *entry,
    size_t *at, bool *known)
{
	struct safety_log *log;

	while (*at < logs->n && memcmp(&logs->by_id[*at]->log->id, &entry->log,
				    sizeof(entry->log)) < 0)
		++*at;
	log = *at < logs->n ? logs->by_id[*at] : NULL;
	*known = log != NULL && is_id(&log->log->id, &entry->log);
	if (entry->size == 0)
		return ERR_OK;
	if (*known && !oplog_is_branch(log->log) && !entry->is_branch)
		return hear_plain(logs, log, entry);
	return hear_branch(logs, entry, known);
}

/* Of a log that goes on behind our last delta only the peer knows whether it
 * begins as ours does; as long as nothing proves the contrary, it does. */
static enum err
hear_plain(struct safety_logs *logs, struct safety_log *log,
    const struct msg_entry *entry)
{
	bool same = !log->log->forked;
	enum err e = ERR_OK;

	if (!log->depth.any)
		return ERR_OK;
	if (entry->size <= log->log->frontier.size)
		e = begins(logs, log, entry, &same);
	if (e == ERR_OK && same)
		extent_raise(log, entry, log->log->frontier.size);
	if (same && entry->size > log->log->frontier.size)
		log->extent.beyond = entry->size - log->log->frontier.size;
	return e;
}

/* What a branch shares with others is there as often as it is. */
static enum err
hear_branch(
    struct safety_logs *logs, const struct msg_entry *entry, bool *known)
{
	const struct log_id *trunk = msg_entry_trunk(entry);
	size_t first = trunk_first(logs, trunk);
	struct safety_log *match = NULL;
	enum err e = ERR_OK;
	size_t end = first;

	while (end < logs->n && e == ERR_OK &&
	       is_id(&logs->by_trunk[end]->log->trunk, trunk)) {
		struct safety_log *log = logs->by_trunk[end++];
		bool same = false;

		if (match == NULL && log->depth.any &&
		    entry->size <= log->log->frontier.size)
			e = begins(logs, log, entry, &same);
		if (same)
			match = log;
	}
	*known = end > first;
	for (size_t i = first; i < end && match != NULL && e == ERR_OK; i++) {
		struct safety_log *log = logs->by_trunk[i];
		uint64_t shared = log->log->frontier.size;

		if (log != match)
			e = forks_shared(
			    logs->txn, log->log, match->log, &shared);
		if (e == ERR_OK)
			extent_raise(log, entry, shared);
	}
	return e;
}

/* The first place in logs->by_trunk that is not before `trunk`. */
static size_t
trunk_first(const struct safety_logs *logs, const struct log_id *trunk)
{
	size_t low = 0;
	size_t high = logs->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(&logs->by_trunk[middle]->log->trunk, trunk,
			sizeof(*trunk)) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Does `log` begin with what `entry`, which is no longer, says? */
static enum err
begins(struct safety_logs *logs, struct safety_log *log,
    const struct msg_entry *entry, bool *same)
{
	struct hash root;
	enum err e = root_of(logs, log, entry->size, &root);

	*same = e == ERR_OK &&
		memcmp(root.b, entry->root, sizeof(entry->root)) == 0;
	return e;
}

/* Most peers stand at one of a few sizes. */
static enum err
root_of(struct safety_logs *logs, struct safety_log *log, uint64_t size,
    struct hash *root)
{
	size_t n = log->roots_n < SAFETY_ROOTS ? log->roots_n : SAFETY_ROOTS;
	struct safety_root *next = &log->roots[log->roots_n % SAFETY_ROOTS];
	enum err e = ERR_OK;

	for (size_t i = 0; i < n; i++) {
		if (log->roots[i].size == size) {
			*root = log->roots[i].root;
			return ERR_OK;
		}
	}
	if (size == log->log->frontier.size)
		merkle_root(&log->log->frontier, root);
	else
		e = tree_root(logs->txn, log->log, size, root);
	if (e != ERR_OK)
		return e;
	*next = (struct safety_root){.size = size, .root = *root};
	log->roots_n++;
	return ERR_OK;
}

static void
count_raise(uint64_t *count, uint64_t said, uint64_t max)
{
	if (said > max)
		said = max;
	if (said > *count)
		*count = said;
}

/* Of `log` the peer has, by `entry`, what it says of the first `shared`. */
static void
extent_raise(
    struct safety_log *log, const struct msg_entry *entry, uint64_t shared)
{
	struct safety_extent *extent = &log->extent;
	uint64_t max = entry->size < shared ? entry->size : shared;

	count_raise(&extent->headers, entry->size, max);
	count_raise(&extent->whole, entry->held, max);
	for (size_t class = 0; class < CLASS_COUNT; class ++)
		count_raise(&extent->open[class], entry->open[class], max);
}

uint64_t
safety_log_owed(const struct safety_extent *gives,
    const struct safety_extent *takes, const struct clock_depth *depth)
{
	uint64_t most = 0;
	uint64_t headers = 0;

	if (!depth->any)
		return 0;
	if (gives->headers > takes->headers)
		headers = gives->headers - takes->headers;
	for (unsigned class = 0; class <= CLASS_COUNT; class ++) {
		bool may = depth->hold;
		uint64_t from = takes->whole;
		uint64_t to = gives->whole;

		if (class < CLASS_COUNT) {
			may = (depth->classes >> class & 1) != 0;
			from = takes->open[class];
			to = gives->open[class];
		}
		if (to > takes->headers)
			to = takes->headers;
		if (may && to > from && to - from > most)
			most = to - from;
	}
	return headers + most;
}

void
safety_log_extent(const struct log *log, struct safety_extent *extent)
{
	*extent = (struct safety_extent){
	    .headers = log->frontier.size, .whole = log->held};
	memcpy(extent->open, log->open, sizeof(extent->open));
}
