/*
 * What figures and lists are made of.  Called by core/figure.c and core/due.c;
 * writes nothing.
 */
#include "core/figure_needs.h"

#include <string.h>

#include "core/oplog.h"

static void
need_class(
    struct figure_needs *needs, struct bytes name, enum delta_class class)
{
	const struct pack_collection *of = pack_collection(needs->pack, name);

	if (of != NULL)
		needs->classes[of - needs->pack->collections] |= 1U << class;
}

static void
need_field(void *arg, const struct pack_field *field)
{
	need_class(arg, bytes_text(field->collection), field->data_class);
}

static void
need_expr(struct figure_needs *needs, const struct pack_expr *is)
{
	if (is->code != NULL)
		expr_fields(is->code, need_field, needs);
}

void
figure_needs_make(const struct pack_figure *figure,
    const struct pack_collection *collection, struct figure_needs *needs)
{
	const struct pack_view *view = figure->view;

	need_class(needs, bytes_text(collection->name), CLASS_N);
	if (figure->source == PACK_OF_QUERY) {
		need_expr(needs, &figure->where);
		need_expr(needs, &figure->of);
		need_expr(needs, &figure->on);
		return;
	}
	need_expr(needs, &view->where);
	for (size_t i = 0; i < view->group_n; i++)
		need_expr(needs, &view->group[i].is);
	if (figure->take == PACK_TAKE_SUM)
		need_expr(needs, &view->sum[figure->part].is);
	if (figure->take == PACK_TAKE_DISTINCT)
		need_expr(needs, &view->distinct[figure->part].is);
}

void
figure_needs_list(const struct pack_due *list, struct figure_needs *needs)
{
	if (list->collection == NULL)
		return;
	need_class(needs, bytes_text(list->collection->name), CLASS_N);
	need_expr(needs, &list->where);
	need_expr(needs, &list->due);
	need_expr(needs, &list->from);
	need_expr(needs, &list->overdue);
}

enum err
figure_needs_missing(struct txn *txn, struct space_state *space,
    unsigned classes, struct figure_parts *parts)
{
	struct log **logs;
	size_t n = 0;
	enum err e = oplog_all(txn, space, &logs, &n);

	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		bool lacks = false;

		for (unsigned c = 0; c < CLASS_COUNT; c++)
			if ((classes & 1U << c) != 0 &&
			    logs[i]->open[c] < logs[i]->frontier.size) {
				parts->missing |= 1U << c;
				lacks = true;
			}
		parts->missing_logs += lacks ? 1 : 0;
	}
	return e;
}

unsigned
figure_needs_in(const struct figure_needs *needs, const struct space *space)
{
	const struct pack *pack = needs->pack;
	unsigned classes = 0;

	for (size_t i = 0; i < pack->collections_n; i++)
		if (needs->classes[i] != 0 &&
		    strcmp(id_class(space), pack->collections[i].space) == 0)
			classes |= needs->classes[i];
	return classes;
}
