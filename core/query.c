/*
 * Runs queries: through the index that core/query_plan.c chose, record by
 * record, each looked at before it is given.  Called by due lists, reports and
 * the commands that find.  Writes nothing.
 */
#include "core/query.h"

#include <string.h>

#include "core/query_plan.h"
#include "core/query_seen.h"
#include "core/record.h"
#include "proto/mem.h"

struct query_plan {
	const struct query *query; /* borrowed */
	struct txn *txn;	   /* borrowed */
	struct arena arena;	   /* owned: what lives as long as the run */
	struct query_text text;
	struct query_way way;
	struct space_state **spaces;
	size_t spaces_n;
	size_t at;		/* the space that is walked through */
	size_t entered;		/* it and those before were looked into */
	size_t walk;		/* the walk through it */
	bool is_walking;	/* `scan` has begun */
	struct query_seen seen; /* in this space */
	uint64_t met;		/* QUERY_EACH: in this space */
	struct record_id last;	/* QUERY_EACH: the one read last */
	struct kv_cursor near;	/* owned: on TABLE_RECORDS, of a reader */
	bool has_near;
	struct lookup_scan scan;
};

static enum err choose_spaces(struct query_plan *plan) MUST_USE;
static enum err step(struct query_run *run, bool *found) MUST_USE;
static enum err looks_good(struct query_run *run, bool *good) MUST_USE;

enum err
query_begin(struct txn *txn, const struct query *query, struct query_run *run)
{
	struct query_plan *plan = mem_zeros(1, sizeof(*plan));
	struct query_plan_for about = {.txn = txn, .query = query};
	enum err e;

	*run = (struct query_run){.plan = plan};
	plan->query = query;
	plan->txn = txn;
	/* A writer may put between two records, which ends cursors. */
	plan->has_near = !txn->write;
	if (plan->has_near)
		kv_cursor_init(&plan->near, txn->kv, TABLE_RECORDS);
	e = choose_spaces(plan);
	if (e == ERR_OK && query->words.n > 0) {
		e = query_text_read(txn->pack, query->collection, query->words,
		    &plan->arena, &plan->text);
		about.text = &plan->text;
	}
	run->spaces_n = plan->spaces_n;
	about.spaces = plan->spaces;
	about.spaces_n = plan->spaces_n;
	about.arena = &plan->arena;
	return e == ERR_OK ? query_plan_choose(&about, &plan->way) : e;
}

static enum err
choose_spaces(struct query_plan *plan)
{
	const struct query *query = plan->query;
	struct space_state **all;
	size_t n;
	enum err e;

	if (strcmp(id_class(&query->prefix), query->collection->space) == 0) {
		plan->spaces = arena_array(
		    &plan->arena, 1, sizeof(*plan->spaces));
		plan->spaces[0] = space_find(plan->txn, &query->prefix);
		plan->spaces_n = plan->spaces[0] != NULL ? 1 : 0;
		return kv_failed(plan->txn->kv);
	}
	e = space_all(plan->txn, &all, &n);
	if (e != ERR_OK)
		return e;
	plan->spaces = arena_array(&plan->arena, n, sizeof(*plan->spaces));
	for (size_t i = 0; i < n; i++)
		if (id_covers(&query->prefix, &all[i]->name) &&
		    strcmp(id_class(&all[i]->name), query->collection->space) ==
			0)
			plan->spaces[plan->spaces_n++] = all[i];
	return ERR_OK;
}

void
query_end(struct query_run *run)
{
	if (run->plan != NULL) {
		if (run->plan->has_near)
			kv_cursor_fini(&run->plan->near);
		query_seen_fini(&run->plan->seen);
		arena_fini(&run->plan->arena);
		mem_free(run->plan);
	}
	arena_fini(&run->arena);
	*run = (struct query_run){0};
}

struct expr_source
query_source(struct query_run *run)
{
	return (struct expr_source){.txn = run->plan->txn,
	    .space = &run->space->name,
	    .id = &run->id,
	    .record = &run->record,
	    .now_seconds = run->plan->query->now_seconds,
	    .arena = &run->arena,
	    .aliases = run->plan->query->aliases};
}

void
query_explain(const struct query_run *run, struct buf *words)
{
	const struct query_plan *plan = run->plan;

	query_plan_words(&plan->way, words);
	if (plan->way.walks_n == 0)
		buf_add_text(words, ": compared with nothing, so none fits");
	else
		buf_add_format(words, ": %zu space%s", plan->spaces_n,
		    plan->spaces_n == 1 ? "" : "s");
}

/* ---- records ------------------------------------------------------------ */

/* Says once for each space whether any record of it can be meant. */
static enum err
space_enter(struct query_run *run, bool *may)
{
	struct query_plan *plan = run->plan;
	struct expr_source source;

	*may = true;
	run->space = plan->spaces[plan->at];
	if (plan->entered == plan->at + 1 || plan->query->where == NULL)
		return ERR_OK;
	plan->entered = plan->at + 1;
	run->id = (struct record_id){0};
	run->record = (struct record){0};
	source = query_source(run);
	return expr_may(plan->query->where, &source, may);
}

enum err
query_next(struct query_run *run, bool *found)
{
	struct query_plan *plan = run->plan;

	*found = false;
	for (; plan->at < plan->spaces_n; plan->at++) {
		bool may;
		enum err e = space_enter(run, &may);

		if (e != ERR_OK)
			return e;
		while (may) {
			bool more;

			e = step(run, &more);
			if (e == ERR_OK && more)
				e = looks_good(run, found);
			if (e != ERR_OK || *found)
				return e;
			if (!more)
				break;
		}
		query_seen_clear(&plan->seen);
		plan->walk = 0;
		plan->met = 0;
		plan->last = (struct record_id){0};
	}
	return ERR_OK;
}

/* The next id that a walk leads to, for the first time. */
static enum err
step_walk(struct query_run *run, bool *found)
{
	struct query_plan *plan = run->plan;

	*found = false;
	while (plan->walk < plan->way.walks_n) {
		enum err e;

		if (!plan->is_walking)
			query_plan_start(&plan->way, plan->txn, run->space->no,
			    plan->walk, &plan->scan);
		plan->is_walking = true;
		e = lookup_next(&plan->scan, &run->id, found);
		if (e != ERR_OK)
			return e;
		if (!*found) {
			plan->is_walking = false;
			plan->walk++;
			continue;
		}
		/* Only the list has each record once. */
		if (plan->way.kind == QUERY_LIST ||
		    query_seen_add(&plan->seen, &run->id))
			return ERR_OK;
		*found = false;
	}
	return ERR_OK;
}

/* Loads the record to which a walk led; `*wanted` is false when its row alone
 * tells that it has not the words. */
static enum err
load(struct query_run *run, bool *wanted)
{
	struct query_plan *plan = run->plan;
	struct record_read read = {.space = run->space,
	    .arena = &run->arena,
	    .borrowed = true,
	    .near = plan->has_near ? &plan->near : NULL};
	enum err e = ERR_OK;

	*wanted = true;
	if (plan->text.words_n > 0) {
		e = record_get(plan->txn, &read, &run->id, &run->record);
		*wanted = e == ERR_OK &&
			  query_text_holds(&plan->text, &run->record);
	}
	read.cells = true;
	if (*wanted)
		e = record_get(plan->txn, &read, &run->id, &run->record);
	run->looked++;
	return e;
}

/* Loads the next record of the space that the way leads to. */
static enum err
step(struct query_run *run, bool *found)
{
	struct query_plan *plan = run->plan;
	bool wanted = false;
	enum err e = ERR_OK;

	arena_reset(&run->arena);
	if (plan->way.kind == QUERY_EACH) {
		e = record_next(plan->txn,
		    &(struct record_read){.space = run->space,
			.cells = true,
			.arena = &run->arena,
			.borrowed = true,
			.near = plan->has_near ? &plan->near : NULL,
			.met = &plan->met},
		    &plan->last, &run->record, found);
		run->id = plan->last;
		run->looked += e == ERR_OK && *found ? 1 : 0;
		return e;
	}
	while (e == ERR_OK && !wanted) {
		e = step_walk(run, found);
		if (e != ERR_OK || !*found)
			return e;
		arena_reset(&run->arena);
		e = load(run, &wanted);
	}
	return e;
}

static enum err
looks_good(struct query_run *run, bool *good)
{
	const struct query *query = run->plan->query;
	const struct record *record = &run->record;
	struct expr_source source = query_source(run);

	*good = record->exists && record->status != RECORD_DELETED &&
		bytes_is(record->collection, query->collection->name);
	if (*good && run->plan->text.words_n > 0)
		*good = query_text_holds(&run->plan->text, record);
	if (*good && query->where != NULL)
		return expr_test(query->where, &source, good);
	return ERR_OK;
}
