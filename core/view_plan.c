/*
 * Which fields the views of a pack read.  Made once when a store is opened, for
 * core/view.c alone; core/view_rows.c and core/view_keep.c look at it.
 */
#include "core/view_plan.h"

#include <stdlib.h>

#include "proto/mem.h"

static void views_fill(struct view_plan *plan, const struct pack *pack);
static void fields_fill(struct view_plan *plan);

static size_t
views_of(const struct pack *pack, const struct pack_collection *collection)
{
	size_t n = 0;

	for (size_t i = 0; i < pack->views_n; i++)
		n += pack->views[i].collection == collection ? 1 : 0;
	return n;
}

size_t
view_plan_make(const struct pack *pack, struct view_plan **plans)
{
	size_t most = pack != NULL ? pack->collections_n : 0;
	size_t n = 0;

	*plans = mem_zeros(most + 1, sizeof(**plans));
	for (size_t i = 0; i < most; i++) {
		struct view_plan *plan = &(*plans)[n];

		plan->collection = &pack->collections[i];
		plan->name = bytes_text(plan->collection->name);
		plan->views_n = views_of(pack, plan->collection);
		if (plan->views_n == 0)
			continue;
		views_fill(plan, pack);
		fields_fill(plan);
		n++;
	}
	return n;
}

void
view_plan_fini(struct view_plan *plan)
{
	mem_free(plan->views);
	mem_free(plan->fields);
	*plan = (struct view_plan){0};
}

/* Adds the fields that `of` reads to `bits`, and to all of `reads`. */
static void
expr_note(const struct pack_expr *of, struct view_reads *reads,
    struct view_bits *bits)
{
	const struct pack_collection *collection = reads->view->collection;

	if (of->code == NULL)
		return;
	reads->stamps = reads->stamps || expr_reads_stamps(of->code);
	for (size_t i = 0; i < collection->fields_n; i++)
		if (expr_reads(of->code, &collection->fields[i])) {
			view_bits_add(bits, i);
			view_bits_add(&reads->all, i);
		}
}

static void
reads_fill(struct view_reads *reads)
{
	const struct pack_view *view = reads->view;
	const struct pack_collection *collection = view->collection;

	expr_note(&view->where, reads, &reads->all);
	for (size_t i = 0; i < view->group_n; i++)
		expr_note(&view->group[i].is, reads, &reads->group[i]);
	for (size_t i = 0; i < view->sum_n; i++)
		expr_note(&view->sum[i].is, reads, &reads->all);
	for (size_t i = 0; i < view->distinct_n; i++) {
		expr_note(&view->distinct[i].is, reads, &reads->distinct[i]);
		for (size_t f = 0; f < collection->fields_n; f++)
			if (view_bits_has(&reads->distinct[i], f) &&
			    collection->fields[f].data_class != CLASS_N)
				reads->hidden[i] = true;
	}
}

static void
views_fill(struct view_plan *plan, const struct pack *pack)
{
	size_t n = 0;

	plan->views = mem_zeros(plan->views_n, sizeof(*plan->views));
	for (size_t i = 0; i < pack->views_n; i++) {
		if (pack->views[i].collection != plan->collection)
			continue;
		plan->views[n].view = &pack->views[i];
		plan->views[n].no = (uint16_t)i;
		reads_fill(&plan->views[n++]);
	}
	assert(n == plan->views_n);
}

static int
field_order(const void *a, const void *b)
{
	const struct pack_field *x = ((const struct view_field *)a)->field;
	const struct pack_field *y = ((const struct view_field *)b)->field;
	const struct record_field as = {
	    .name = bytes_text(x->name), .kind = x->kind};

	return merge_compare(&as, bytes_text(y->name), y->kind);
}

/* A group, or an element, is told by the classes of the amounts as well. */
static size_t
keeper_of(const struct view_plan *plan, size_t at)
{
	size_t keeper = SIZE_MAX;

	if (plan->collection->fields[at].kind != KIND_COUNTER)
		return SIZE_MAX;
	for (size_t v = plan->views_n; v > 0; v--) {
		const struct view_reads *reads = &plan->views[v - 1];

		if (view_bits_has(&reads->all, at))
			keeper = v - 1;
		for (size_t i = 0; i < LIMIT_VIEW_PARTS; i++)
			if (view_bits_has(&reads->group[i], at) ||
			    view_bits_has(&reads->distinct[i], at))
				return SIZE_MAX;
	}
	return keeper;
}

static void
fields_fill(struct view_plan *plan)
{
	const struct pack_collection *collection = plan->collection;

	plan->fields = mem_zeros(
	    collection->fields_n + 1, sizeof(*plan->fields));
	for (size_t i = 0; i < collection->fields_n; i++) {
		bool read = false;

		for (size_t v = 0; v < plan->views_n && !read; v++)
			read = view_bits_has(&plan->views[v].all, i);
		if (read)
			plan->fields[plan->fields_n++] = (struct view_field){
			    .field = &collection->fields[i],
			    .at = i,
			    .keeper = keeper_of(plan, i)};
	}
	qsort(plan->fields, plan->fields_n, sizeof(*plan->fields), field_order);
}

const struct view_plan *
view_plan_find(const struct views *views, struct bytes collection)
{
	for (size_t i = 0; views != NULL && i < views->plans_n; i++)
		if (bytes_equal(views->plans[i].name, collection))
			return &views->plans[i];
	return NULL;
}
