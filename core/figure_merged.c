/*
 * What views count for records that others stand for.  Called by core/figure.c
 * alone; writes nothing.
 */
#include "core/figure_merged.h"

#include "core/view_form.h"

enum err
figure_merged_begin(struct txn *txn, const struct space *prefix,
    const struct pack_view *view, unsigned part, struct figure_merged *walk)
{
	enum err e = ERR_OK;

	*walk = (struct figure_merged){.txn = txn, .view = view, .part = part};
	if (view->collection->alias != NULL)
		e = alias_held(txn, &walk->aliases);
	if (e != ERR_OK || walk->aliases == NULL)
		return e;
	e = alias_query(txn, view->collection, &walk->words, &walk->query);
	walk->query.prefix = *prefix;
	return e == ERR_OK ? query_begin(txn, &walk->query, &walk->run) : e;
}

void
figure_merged_end(struct figure_merged *walk)
{
	query_end(&walk->run);
	arena_fini(&walk->words);
	*walk = (struct figure_merged){0};
}

/* What the record found last adds to the rows of the view. */
static enum err
amounts_make(struct figure_merged *walk)
{
	const struct view_plan *plan = view_plan_find(
	    walk->txn->views, bytes_text(walk->view->collection->name));
	const struct turn_place at = {.txn = walk->txn,
	    .space = walk->run.space,
	    .id = &walk->run.id,
	    .arena = &walk->run.arena};
	struct view_bits views = {0};

	assert(plan != NULL);
	for (size_t i = 0; i < plan->views_n; i++)
		if (plan->views[i].view == walk->view)
			view_bits_add(&views, i);
	return view_rows_add(
	    &at, plan, &views, &walk->run.record, &walk->amounts);
}

/* Goes on to the next record that another one stands for. */
static enum err
record_next_merged(struct figure_merged *walk, bool *found)
{
	bool merged = false;
	enum err e = ERR_OK;

	walk->amounts = (struct view_amounts){0};
	walk->next = 0;
	*found = true;
	while (e == ERR_OK && *found && !merged) {
		struct record_id end;

		e = query_next(&walk->run, found);
		if (e == ERR_OK && *found)
			e = alias_stands(walk->txn, walk->aliases,
			    &walk->run.id, &end, &merged);
	}
	walk->space = walk->run.space;
	return e == ERR_OK && *found ? amounts_make(walk) : e;
}

enum err
figure_merged_next(struct figure_merged *walk, struct view_row *row,
    bool *left_out, bool *found)
{
	enum err e = ERR_OK;

	*row = (struct view_row){0};
	*left_out = false;
	*found = walk->aliases != NULL;
	while (e == ERR_OK && *found) {
		const struct view_amount *amount;
		struct view_head head;
		struct bytes key;

		if (walk->next == walk->amounts.n) {
			e = record_next_merged(walk, found);
			continue;
		}
		amount = &walk->amounts.p[walk->next++];
		key = amount->key;
		*left_out = view_form_head(&key, &head) &&
			    head.part == VIEW_LEFT_OUT;
		if (*left_out)
			return ERR_OK;
		if (head.part != walk->part ||
		    !view_row_read(walk->view, walk->part, amount->key, row))
			continue;
		row->records = (uint64_t)amount->records;
		for (size_t i = 0; i < amount->sums_n; i++)
			row->sums[i] = amount->sums[i];
		return ERR_OK;
	}
	return e;
}
