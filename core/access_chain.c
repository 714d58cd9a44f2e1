/*
 * The chain of accesses: what the next one names, and which links are broken.
 * Called by who writes accesses and by core/figure_logs.c; writes nothing.
 */
#include "core/access_chain.h"

#include <stdlib.h>
#include <string.h>

#include "core/history.h"
#include "core/oplog.h"
#include "core/query.h"
#include "core/record.h"
#include "proto/codec.h"
#include "proto/mem.h"

/* What all accesses of a space name, and what others name them by. */
struct links {
	struct hash *named;
	size_t named_n;
	size_t named_room;
	struct hash *made;
	size_t made_n;
	size_t made_room;
	uint64_t broken;
};

static const struct hash begin; /* what the first one names */

/* What `record` names; false when it does not say so in one word. */
static bool
named_by(const struct pack_access *access, const struct record *record,
    struct hash *named)
{
	const struct pack_field *before = access->before;
	const struct record_field *field = merge_find(
	    record, bytes_text(before->name), before->kind);
	struct reader r;
	struct bytes hash;

	if (field == NULL || field->n != 1)
		return false;
	codec_begin(&r, field->values[0].value);
	hash = codec_get_bytes(&r);
	if (r.bad || hash.n != sizeof(named->b))
		return false;
	memcpy(named->b, hash.p, hash.n);
	return true;
}

static void
link_make(
    const struct hash *named, const struct record_id *id, struct hash *link)
{
	crypto_sha256_two(bytes_of(named->b, sizeof(named->b)),
	    bytes_of(id->b, sizeof(id->b)), link);
}

/* ---- the next one ------------------------------------------------------- */

/* Looks at the records that delta `seq` of `log` is about, the last one first:
 * is one an access? */
static enum err
delta_look(struct txn *txn, const struct log *log, uint64_t seq,
    struct hash *before, bool *found)
{
	const struct pack_access *access = txn->pack->access;
	struct arena arena = {0};
	struct history_delta from;
	enum err e = history_delta(txn, log, seq, &arena, &from);
	size_t left = 0;

	if (e == ERR_OK && from.delta != NULL &&
	    from.delta->kind == DELTA_CHANGE)
		left = from.delta->changes_n;
	while (e == ERR_OK && left > 0 && !*found) {
		const struct record_id *id =
		    &from.delta->changes[--left].record;
		struct record record;
		struct hash named;

		e = record_get(txn,
		    &(struct record_read){
			.space = log->space, .cells = true, .arena = &arena},
		    id, &record);
		*found = e == ERR_OK && record.exists &&
			 bytes_is(
			     record.collection, access->collection->name) &&
			 named_by(access, &record, &named);
		if (*found)
			link_make(&named, id, before);
	}
	arena_fini(&arena);
	return e;
}

static int
newest_first(const void *a, const void *b)
{
	const struct log *x = *(struct log *const *)a;
	const struct log *y = *(struct log *const *)b;

	return (x->last.v < y->last.v) - (x->last.v > y->last.v);
}

enum err
access_chain_next(struct txn *txn, struct space_state *space,
    const struct sign_key *author, struct hash *before)
{
	struct log **logs = NULL;
	bool found = false;
	size_t n = 0;
	enum err e = ERR_OK;

	*before = begin;
	if (space != NULL)
		e = oplog_all(txn, space, &logs, &n);
	/* A node opens another log after a restore, say. */
	if (e == ERR_OK && n > 1)
		qsort(logs, n, sizeof(*logs), newest_first);
	for (size_t i = 0; i < n && e == ERR_OK && !found; i++) {
		uint64_t seq = logs[i]->frontier.size;

		if (memcmp(&logs[i]->name.author, author, sizeof(*author)) != 0)
			continue;
		while (e == ERR_OK && !found && seq > 0)
			e = delta_look(txn, logs[i], --seq, before, &found);
	}
	return e;
}

/* ---- all of them -------------------------------------------------------- */

static void
record_take(const struct pack_access *access, const struct record_id *id,
    const struct record *record, struct links *links)
{
	struct hash named;

	if (!named_by(access, record, &named)) {
		links->broken++;
		return;
	}
	mem_room(&links->made, &links->made_room, links->made_n + 1,
	    sizeof(*links->made));
	link_make(&named, id, &links->made[links->made_n++]);
	if (record->created.v != record->changed.v) {
		links->broken++;
		return;
	}
	mem_room(&links->named, &links->named_room, links->named_n + 1,
	    sizeof(*links->named));
	links->named[links->named_n++] = named;
}

static int
by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct hash));
}

static void
links_judge(struct links *links)
{
	const struct hash *last = NULL;

	if (links->named_n == 0)
		return;
	qsort(links->named, links->named_n, sizeof(*links->named), by_bytes);
	qsort(links->made, links->made_n, sizeof(*links->made), by_bytes);
	for (size_t i = 0; i < links->named_n; i++) {
		const struct hash *at = &links->named[i];

		if (by_bytes(at, &begin) != 0 &&
		    ((last != NULL && by_bytes(at, last) == 0) ||
			bsearch(at, links->made, links->made_n,
			    sizeof(*links->made), by_bytes) == NULL))
			links->broken++;
		last = at;
	}
}

enum err
access_chain_broken(struct txn *txn, struct space_state *space, uint64_t *n)
{
	const struct pack_access *access = txn->pack != NULL ? txn->pack->access
							     : NULL;
	struct query query = {.prefix = space->name};
	struct query_run run = {0};
	struct links links = {0};
	bool found = true;
	enum err e;

	*n = 0;
	if (access == NULL || access->before == NULL ||
	    strcmp(id_class(&space->name), access->collection->space) != 0)
		return ERR_OK;
	query.collection = access->collection;
	e = query_begin(txn, &query, &run);
	while (e == ERR_OK && found) {
		e = query_next(&run, &found);
		if (e == ERR_OK && found)
			record_take(access, &run.id, &run.record, &links);
	}
	query_end(&run);
	if (e == ERR_OK)
		links_judge(&links);
	*n = links.broken;
	mem_free(links.named);
	mem_free(links.made);
	return e;
}
