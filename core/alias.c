/*
 * Aliases followed to their ends.  Called by who counts (core/figure.c) and by
 * duplicates; writes nothing.
 */
#include "core/alias.h"

#include <stdlib.h>
#include <string.h>

#include "core/lookup.h"
#include "core/shown.h"
#include "proto/mem.h"

static enum err gather(struct txn *txn,
    const struct pack_collection *collection, struct aliases *aliases) MUST_USE;
static void settle(struct aliases *aliases);

static int
by_from(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct record_id));
}

enum err
alias_load(struct txn *txn, struct aliases *aliases)
{
	size_t n = txn->pack != NULL ? txn->pack->collections_n : 0;
	enum err e = ERR_OK;

	for (size_t i = 0; i < n && e == ERR_OK; i++)
		if (txn->pack->collections[i].alias != NULL)
			e = gather(txn, &txn->pack->collections[i], aliases);
	if (e == ERR_OK)
		settle(aliases);
	return e;
}

void
alias_fini(struct aliases *aliases)
{
	mem_free(aliases->p);
	*aliases = (struct aliases){0};
}

static struct alias *
find(const struct aliases *aliases, const struct record_id *id)
{
	return aliases->n > 0 ? bsearch(id, aliases->p, aliases->n,
				    sizeof(*aliases->p), by_from)
			      : NULL;
}

struct record_id
alias_of(const struct aliases *aliases, const struct record_id *id)
{
	const struct alias *alias = aliases != NULL ? find(aliases, id) : NULL;

	return alias != NULL ? alias->to : *id;
}

static int
by_end(const void *a, const void *b)
{
	const struct alias *x = a;
	const struct alias *y = b;
	int way = memcmp(&x->to, &y->to, sizeof(x->to));

	return way != 0 ? way : by_from(x, y);
}

enum err
alias_held(struct txn *txn, const struct aliases **aliases)
{
	struct aliases gathered = {0};
	struct aliases *held;
	struct alias *ends;
	enum err e;

	*aliases = txn->aliases;
	if (txn->write || txn->aliases_known)
		return ERR_OK;
	e = alias_load(txn, &gathered);
	if (e == ERR_OK && gathered.n > 0) {
		held = arena_array(&txn->arena, 1, sizeof(*held));
		held->n = gathered.n;
		held->p = arena_array(&txn->arena, held->n, sizeof(*held->p));
		ends = arena_array(&txn->arena, held->n, sizeof(*ends));
		for (size_t i = 0; i < held->n; i++)
			ends[i] = held->p[i] = gathered.p[i];
		qsort(ends, held->n, sizeof(*ends), by_end);
		held->ends = ends;
		txn->aliases = *aliases = held;
	}
	txn->aliases_known = e == ERR_OK;
	alias_fini(&gathered);
	return e;
}

enum err
alias_stands(struct txn *txn, const struct aliases *aliases,
    const struct record_id *id, struct record_id *end, bool *stands)
{
	struct arena arena = {0};
	struct record record = {0};
	bool held;
	enum err e;

	*end = alias_of(aliases, id);
	*stands = memcmp(end, id, sizeof(*end)) != 0;
	if (!*stands)
		return ERR_OK;
	e = shown_record(txn, end, &arena, &record, &held);
	/* What others hold was not taken away as far as we know. */
	if (e == ERR_OK && held && record.exists &&
	    record.status == RECORD_DELETED)
		*stands = false;
	if (!*stands)
		*end = *id;
	arena_fini(&arena);
	return e;
}

size_t
alias_members(const struct aliases *aliases, const struct record_id *end,
    const struct alias **members)
{
	size_t first = 0;
	size_t above = aliases->n;
	size_t n = 0;

	while (first < above) {
		size_t middle = first + (above - first) / 2;

		if (memcmp(&aliases->ends[middle].to, end, sizeof(*end)) < 0)
			first = middle + 1;
		else
			above = middle;
	}
	*members = &aliases->ends[first];
	while (first + n < aliases->n &&
	       memcmp(&(*members)[n].to, end, sizeof(*end)) == 0)
		n++;
	return n;
}

/* ---- gathered ----------------------------------------------------------- */

/* Keeps where the record `id` leads, if it leads anywhere. */
static void
take(const struct pack_field *field, const struct record_id *id,
    const struct record *record, struct aliases *aliases)
{
	struct alias alias = {.from = *id};

	if (!shown_ref(record, field, &alias.to) ||
	    memcmp(&alias.to, id, sizeof(*id)) == 0)
		return;
	mem_room(
	    &aliases->p, &aliases->room, aliases->n + 1, sizeof(*aliases->p));
	aliases->p[aliases->n++] = alias;
}

enum err
alias_query(struct txn *txn, const struct pack_collection *collection,
    struct arena *arena, struct query *query)
{
	/* With an index on the field only those that have it are read. */
	struct buf words = {0};
	enum err e;

	*query = (struct query){.collection = collection};
	buf_add_format(&words, "%s is something", collection->alias->name);
	e = expr_parse(buf_bytes(&words),
	    &(struct expr_scope){.pack = txn->pack, .collection = collection},
	    1 << EXPR_BOOL, arena, &query->where);
	buf_fini(&words);
	return e;
}

static enum err
gather(struct txn *txn, const struct pack_collection *collection,
    struct aliases *aliases)
{
	struct arena arena = {0};
	struct query query;
	struct query_run run = {0};
	bool found = true;
	enum err e = alias_query(txn, collection, &arena, &query);

	if (e == ERR_OK)
		e = query_begin(txn, &query, &run);
	while (e == ERR_OK && found) {
		e = query_next(&run, &found);
		if (e == ERR_OK && found)
			take(collection->alias, &run.id, &run.record, aliases);
	}
	query_end(&run);
	arena_fini(&arena);
	return e;
}

/* ---- followed to the end ------------------------------------------------ */

enum { FRESH, ON_THE_WAY, DONE };

/* The least id of the circle that goes through `at`. */
static struct record_id
circle_least(const struct aliases *aliases, const struct alias *at)
{
	struct record_id least = at->from;
	const struct alias *next = find(aliases, &at->to);

	while (next != at) {
		assert(next != NULL);
		if (memcmp(&next->from, &least, sizeof(least)) < 0)
			least = next->from;
		next = find(aliases, &next->to);
	}
	return least;
}

/* Follows from `start` to where it ends: at what has no alias, at what was
 * followed before, or in a circle. */
static struct record_id
end_of(struct aliases *aliases, uint8_t *marks, struct alias *start)
{
	struct alias *at = start;

	for (;;) {
		struct alias *next;

		marks[at - aliases->p] = ON_THE_WAY;
		next = find(aliases, &at->to);
		if (next == NULL)
			return at->to;
		if (marks[next - aliases->p] == DONE)
			return next->to;
		if (marks[next - aliases->p] == ON_THE_WAY)
			return circle_least(aliases, next);
		at = next;
	}
}

static void
settle(struct aliases *aliases)
{
	uint8_t *marks = mem_zeros(aliases->n + 1, 1);
	size_t kept = 0;

	if (aliases->n > 1)
		qsort(aliases->p, aliases->n, sizeof(*aliases->p), by_from);
	/* Ids may have stood in two spaces; the first one by its target is as
	 * good as the other, as long as it is always that. */
	for (size_t i = 0; i < aliases->n; i++) {
		struct alias *last = kept > 0 ? &aliases->p[kept - 1] : NULL;

		if (last == NULL || by_from(last, &aliases->p[i]) != 0)
			aliases->p[kept++] = aliases->p[i];
		else if (memcmp(&aliases->p[i].to, &last->to,
			     sizeof(last->to)) < 0)
			last->to = aliases->p[i].to;
	}
	aliases->n = kept;
	for (size_t i = 0; i < aliases->n; i++) {
		struct alias *at = &aliases->p[i];
		struct record_id end;

		if (marks[i] == DONE)
			continue;
		end = end_of(aliases, marks, at);
		/* Circles are walked no more once all of them has its end. */
		while (at != NULL && marks[at - aliases->p] == ON_THE_WAY) {
			struct alias *next = find(aliases, &at->to);

			marks[at - aliases->p] = DONE;
			at->to = end;
			at = next;
		}
	}
	mem_free(marks);
}
