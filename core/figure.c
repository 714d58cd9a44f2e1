/*
 * Gathers figures from views and queries, and adds them up.  Called by
 * core/report.c; writes nothing.
 */
#include "core/figure.h"

#include <stdlib.h>
#include <string.h>

#include "core/alias.h"
#include "core/figure_key.h"
#include "core/figure_logs.h"
#include "core/figure_merged.h"
#include "core/figure_needs.h"
#include "core/oplog.h"
#include "proto/calendar.h"
#include "proto/mem.h"

static enum err collect_space(struct txn *txn, const struct figure_ask *ask,
    const struct pack_figure *figure, struct space_state *space,
    struct figure_parts *parts);
static enum err collect_query(struct txn *txn, const struct figure_ask *ask,
    const struct pack_figure *figure, struct figure_parts *parts);

static enum err
part_add(struct figure_parts *parts, struct bytes key,
    const struct view_sum *sum, struct bytes element)
{
	struct figure_part *part;

	if (parts->n == LIMIT_FIGURE_PARTS)
		return err_set(ERR_LIMIT,
		    "a figure is made of more than %d parts; ask for a "
		    "shorter period or a smaller unit",
		    LIMIT_FIGURE_PARTS);
	mem_room(&parts->p, &parts->room, parts->n + 1, sizeof(*parts->p));
	part = &parts->p[parts->n++];
	*part = (struct figure_part){.sum = *sum};
	/* Rows of a view come sorted, so that most keys are the last one. */
	if (parts->n > 1 && bytes_equal(part[-1].key, key))
		part->key = part[-1].key;
	else
		part->key = arena_bytes(&parts->arena, key);
	if (parts->distinct)
		part->element = arena_bytes(
		    &parts->arena, figure_same_of(&parts->same, element));
	return ERR_OK;
}

/* ---- views -------------------------------------------------------------- */

/* Is one of the values of the filter what the row has? */
static bool
passes(const struct figure_parts *parts, const struct pack_filter *filter,
    const struct view_row *row)
{
	struct buf key = {0};
	bool is = false;

	figure_key_value(parts->aliases, parts->offset_seconds,
	    &row->groups[filter->group].is, &key);
	for (size_t i = 0; i < filter->values_n && !is; i++)
		is = bytes_is(buf_bytes(&key), filter->values[i]);
	buf_fini(&key);
	return is;
}

bool
figure_is_timed(const struct pack_figure *figure)
{
	if (figure->source == PACK_OF_QUERY)
		return figure->on.code != NULL;
	return figure->source == PACK_OF_VIEW && figure->period != SIZE_MAX;
}

static bool
is_all(const struct period *period)
{
	return period->first == INT64_MIN && period->last == INT64_MAX;
}

/* Does the row's time lie in the period that was asked for?  One that lies
 * there in part cannot be parted, and is told. */
static bool
in_period(const struct figure_ask *ask, const struct pack_figure *figure,
    const struct view_row *row, struct figure_parts *parts)
{
	struct period is;
	struct buf key = {0};
	bool in;

	if (!figure_is_timed(figure) || is_all(&ask->period))
		return true;
	figure_key_when(parts->aliases, parts->offset_seconds,
	    &row->groups[figure->period].is, &key);
	in = period_read(buf_bytes(&key), &is);
	buf_fini(&key);
	if (in && !period_has(&ask->period, &is)) {
		in = false;
		parts->cut += is.first <= ask->period.last &&
			      is.last >= ask->period.first;
	}
	return in;
}

/* Rows of a view on their way into a figure. */
struct taking {
	const struct figure_ask *ask;
	const struct pack_figure *figure;
	struct figure_parts *parts;
	bool away; /* what they count is taken away */
};

/* The row of the report to which a row of the view belongs. */
static void
row_key(const struct taking *t, const struct space_state *space,
    const struct view_row *row, struct buf *key)
{
	const struct figure_ask *ask = t->ask;
	const struct pack_view *view = t->figure->view;
	size_t group = t->figure->period;

	if (ask->rows == PACK_ROWS_UNIT) {
		buf_add(key, figure_key_unit(&space->name, ask->unit_depth));
		return;
	}
	for (size_t i = 0; ask->rows == PACK_ROWS_GROUP && i < view->group_n;
	     i++)
		if (strcmp(view->group[i].name, ask->group) == 0)
			group = i;
	if (group >= view->group_n)
		return;
	if (ask->rows == PACK_ROWS_PERIOD)
		figure_key_when(t->parts->aliases, t->parts->offset_seconds,
		    &row->groups[group].is, key);
	else
		figure_key_value(t->parts->aliases, t->parts->offset_seconds,
		    &row->groups[group].is, key);
}

static enum err
row_take(const struct taking *t, const struct space_state *space,
    const struct view_row *row)
{
	const struct pack_figure *figure = t->figure;
	struct view_sum sum = {.low = row->records};
	struct buf key = {0};
	enum err e;

	for (size_t i = 0; i < figure->filters_n; i++)
		if (!passes(t->parts, &figure->filters[i], row))
			return ERR_OK;
	if (!in_period(t->ask, figure, row, t->parts))
		return ERR_OK;
	if (figure->take == PACK_TAKE_SUM)
		sum = row->sums[figure->part];
	if (t->away)
		view_sum_negate(&sum);
	row_key(t, space, row, &key);
	e = part_add(t->parts, buf_bytes(&key), &sum, row->element_key);
	buf_fini(&key);
	return e;
}

static unsigned
part_of(const struct pack_figure *figure)
{
	return figure->take == PACK_TAKE_DISTINCT
		   ? VIEW_DISTINCT + (unsigned)figure->part
		   : VIEW_SUMS;
}

static enum err
collect_space(struct txn *txn, const struct figure_ask *ask,
    const struct pack_figure *figure, struct space_state *space,
    struct figure_parts *parts)
{
	const struct view_range all = {.part = part_of(figure)};
	const struct taking taking = {
	    .ask = ask, .figure = figure, .parts = parts};
	struct view_scan scan;
	struct view_row row;
	bool found = true;
	enum err e = ERR_OK;

	view_scan(txn, space->no, figure->view, &all, &scan);
	parts->left_out += scan.left_out;
	while (e == ERR_OK && found) {
		e = view_next(&scan, &row, &found);
		if (e == ERR_OK && found)
			e = row_take(&taking, space, &row);
	}
	return e;
}

/* Takes away what is counted for records that others stand for. */
static enum err
merged_leave(struct txn *txn, const struct figure_ask *ask,
    const struct pack_figure *figure, struct figure_parts *parts)
{
	/* What is cut is told of rows, not of records. */
	uint64_t cut = parts->cut;
	const struct taking taking = {
	    .ask = ask, .figure = figure, .parts = parts, .away = true};
	struct figure_merged walk;
	struct view_row row;
	bool left_out;
	bool found = true;
	enum err e = figure_merged_begin(
	    txn, &ask->prefix, figure->view, part_of(figure), &walk);

	while (e == ERR_OK && found) {
		e = figure_merged_next(&walk, &row, &left_out, &found);
		if (e == ERR_OK && found && left_out)
			parts->left_out--;
		else if (e == ERR_OK && found)
			e = row_take(&taking, walk.space, &row);
	}
	parts->cut = cut;
	figure_merged_end(&walk);
	return e;
}

/* ---- logs ---------------------------------------------------------------- */

static enum err
collect_logs(struct txn *txn, const struct figure_ask *ask,
    const struct pack_figure *figure, struct figure_parts *parts)
{
	struct space_state **spaces;
	size_t n = 0;
	enum err e = space_all(txn, &spaces, &n);

	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		struct view_sum sum = {0};
		struct bytes key = {0};
		int64_t more;

		if (!id_covers(&ask->prefix, &spaces[i]->name))
			continue;
		e = figure_logs_sum(txn, spaces[i], figure->logs, &more);
		sum.low = (uint64_t)more;
		if (ask->rows == PACK_ROWS_UNIT)
			key = figure_key_unit(
			    &spaces[i]->name, ask->unit_depth);
		if (e == ERR_OK)
			e = part_add(parts, key, &sum, (struct bytes){0});
	}
	return e;
}

/* Are the views whole?  A store that cannot be read does not say so. */
static enum err
counted(struct txn *txn)
{
	bool is_current = view_is_current(txn);
	enum err e = kv_failed(txn->kv);

	if (e == ERR_OK && !is_current)
		e = err_set(ERR_BUSY,
		    "what is counted is being counted anew; the next write "
		    "here ends that");
	return e;
}

enum err
figure_collect(struct txn *txn, const struct figure_ask *ask,
    const struct pack_figure *figure, struct figure_parts *parts)
{
	struct figure_needs needs = {.pack = txn->pack};
	struct space_state **spaces;
	size_t n = 0;
	enum err e = space_all(txn, &spaces, &n);

	assert(figure->source != PACK_OF_RATIO);
	if (figure->source == PACK_OF_LOGS)
		return e == ERR_OK ? collect_logs(txn, ask, figure, parts) : e;
	figure_needs_make(figure,
	    figure->source == PACK_OF_QUERY ? figure->collection
					    : figure->view->collection,
	    &needs);
	parts->distinct = figure->take == PACK_TAKE_DISTINCT;
	parts->offset_seconds = expr_offset_seconds(txn->pack);
	if (e == ERR_OK)
		e = counted(txn);
	if (e == ERR_OK)
		e = alias_held(txn, &parts->aliases);
	if (e == ERR_OK && parts->distinct)
		e = figure_same_load(txn,
		    figure->source == PACK_OF_VIEW ? figure->view : NULL,
		    part_of(figure), &parts->same);
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		unsigned classes = figure_needs_in(&needs, &spaces[i]->name);

		if (!id_covers(&ask->prefix, &spaces[i]->name) || classes == 0)
			continue;
		e = figure_needs_missing(txn, spaces[i], classes, parts);
		if (e == ERR_OK && figure->source == PACK_OF_VIEW)
			e = collect_space(txn, ask, figure, spaces[i], parts);
	}
	if (e == ERR_OK && figure->source == PACK_OF_QUERY)
		e = collect_query(txn, ask, figure, parts);
	else if (e == ERR_OK)
		e = merged_leave(txn, ask, figure, parts);
	return e;
}

void
figure_fini(struct figure_parts *parts)
{
	mem_free(parts->p);
	figure_same_fini(&parts->same);
	arena_fini(&parts->arena);
	*parts = (struct figure_parts){0};
}

/* ---- queries ------------------------------------------------------------ */

static enum err
eval(const struct pack_expr *is, const struct expr_source *source,
    struct expr_value *value)
{
	*value = (struct expr_value){0};
	return is->code == NULL ? ERR_OK : expr_eval(is->code, source, value);
}

/* The day that `on` is; false when it is none. */
static bool
day_of(const struct txn *txn, const struct expr_value *on, int64_t *day)
{
	*day = on->i;
	if (on->type == EXPR_DATETIME)
		*day = calendar_day_at(on->i, expr_offset_seconds(txn->pack));
	return (on->type == EXPR_DATE || on->type == EXPR_DATETIME) &&
	       calendar_has(*day);
}

static void
query_key_of(const struct figure_ask *ask, const struct query_run *run,
    bool has_day, int64_t day, struct buf *key)
{
	if (ask->rows == PACK_ROWS_UNIT) {
		buf_add(
		    key, figure_key_unit(&run->space->name, ask->unit_depth));
	} else if (ask->rows == PACK_ROWS_PERIOD && has_day) {
		struct calendar_date date = calendar_date(day);

		buf_add_format(key, "%04d-%02u", date.year, date.month);
	}
}

/* What a record adds by `of`: each element of a set is one of its own. */
static enum err
value_take(const struct pack_figure *figure, struct bytes key,
    const struct expr_value *of, struct figure_parts *parts)
{
	const struct expr_value *items = of->is_set ? of->items : of;
	size_t n = of->is_set ? of->n : 1;
	struct view_sum sum = {.low = 1};
	enum err e = ERR_OK;

	if (figure->take == PACK_TAKE_SUM)
		sum = (struct view_sum){
		    .high = of->i < 0 ? -1 : 0, .low = (uint64_t)of->i};
	if (figure->take != PACK_TAKE_DISTINCT)
		return part_add(parts, key, &sum, (struct bytes){0});
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		struct buf element = {0};

		figure_key_value(
		    parts->aliases, parts->offset_seconds, &items[i], &element);
		e = part_add(parts, key, &sum, buf_bytes(&element));
		buf_fini(&element);
	}
	return e;
}

static enum err
record_take(struct txn *txn, const struct figure_ask *ask,
    const struct pack_figure *figure, struct query_run *run,
    struct figure_parts *parts)
{
	struct expr_source source = query_source(run);
	struct expr_value on;
	struct expr_value of;
	struct buf key = {0};
	int64_t day = 0;
	bool has_day;
	enum err e = eval(&figure->on, &source, &on);

	if (e == ERR_OK)
		e = eval(&figure->of, &source, &of);
	if (e != ERR_OK)
		return e;
	has_day = day_of(txn, &on, &day);
	if (figure->on.code != NULL && !is_all(&ask->period) &&
	    (!has_day || day < ask->period.first || day > ask->period.last))
		return ERR_OK;
	if (figure->take != PACK_TAKE_COUNT && of.type == EXPR_NOTHING)
		return ERR_OK;
	query_key_of(ask, run, has_day, day, &key);
	e = value_take(figure, buf_bytes(&key), &of, parts);
	buf_fini(&key);
	return e;
}

static enum err
collect_query(struct txn *txn, const struct figure_ask *ask,
    const struct pack_figure *figure, struct figure_parts *parts)
{
	struct query query = {.collection = figure->collection,
	    .prefix = ask->prefix,
	    .where = figure->where.code,
	    .now_seconds = ask->now_seconds,
	    .aliases = parts->aliases};
	struct query_run run = {0};
	bool found = true;
	enum err e = query_begin(txn, &query, &run);

	while (e == ERR_OK && found) {
		struct record_id end;
		bool merged = false;

		e = query_next(&run, &found);
		if (e == ERR_OK && found)
			e = alias_stands(
			    txn, parts->aliases, &run.id, &end, &merged);
		if (e == ERR_OK && found && !merged)
			e = record_take(txn, ask, figure, &run, parts);
	}
	query_end(&run);
	return e;
}

/* ---- adding up ---------------------------------------------------------- */

static size_t
row_of(const struct figure_rows *rows, struct bytes key)
{
	size_t low = 0;
	size_t high = rows->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (bytes_compare(rows->keys[middle], key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	assert(low < rows->n && bytes_equal(rows->keys[low], key));
	return low;
}

static int
by_element(const void *a, const void *b)
{
	const struct figure_part *x = a;
	const struct figure_part *y = b;
	int way = bytes_compare(x->element, y->element);

	return way != 0 ? way : bytes_compare(x->key, y->key);
}

static struct figure_number
number_of(const struct view_sum *sum)
{
	struct figure_number number = {.is_there = true};

	number.too_large = !view_sum_get(sum, &number.n);
	return number;
}

/* Goes on behind the parts that are of the same element and row as the one at
 * `*at`.  Does a record stay that has it there, or was all of it taken away? */
static bool
row_stays(const struct figure_parts *parts, size_t *at)
{
	const struct figure_part *first = &parts->p[*at];
	struct view_sum records = {0};

	for (; *at < parts->n && by_element(first, &parts->p[*at]) == 0; ++*at)
		view_sum_add(&records, &parts->p[*at].sum);
	return records.low != 0;
}

/* Counts each element once in each row, or once in the row with the lowest
 * place, and once in all. */
static void
count_elements(struct figure_parts *parts, const struct figure_rows *rows,
    struct view_sum *sums, struct view_sum *total)
{
	const struct view_sum one = {.low = 1};

	if (parts->n > 1)
		qsort(parts->p, parts->n, sizeof(*parts->p), by_element);
	for (size_t i = 0, end; i < parts->n; i = end) {
		size_t first = SIZE_MAX;
		bool is_there = false;

		for (end = i;
		     end < parts->n &&
		     bytes_equal(parts->p[end].element, parts->p[i].element);) {
			size_t row = row_of(rows, parts->p[end].key);
			size_t place = rows->places != NULL ? rows->places[row]
							    : row;

			if (!row_stays(parts, &end))
				continue;
			is_there = true;
			if (rows->places == NULL)
				view_sum_add(&sums[row], &one);
			else if (place < first)
				first = place;
		}
		if (first != SIZE_MAX)
			view_sum_add(&sums[first], &one);
		if (is_there)
			view_sum_add(total, &one);
	}
}

void
figure_reduce(struct figure_parts *parts, const struct figure_rows *rows,
    struct figure_number *numbers, struct figure_number *total)
{
	struct view_sum *sums = mem_zeros(rows->n + 1, sizeof(*sums));
	struct view_sum *all = &sums[rows->n];

	if (parts->distinct) {
		count_elements(parts, rows, sums, all);
	} else {
		for (size_t i = 0; i < parts->n; i++) {
			size_t row = row_of(rows, parts->p[i].key);

			if (rows->places != NULL)
				row = rows->places[row];
			view_sum_add(&sums[row], &parts->p[i].sum);
			view_sum_add(all, &parts->p[i].sum);
		}
	}
	for (size_t i = 1; rows->places != NULL && i < rows->n; i++)
		view_sum_add(&sums[i], &sums[i - 1]);
	for (size_t i = 0; i < rows->n; i++)
		numbers[i] = number_of(
		    &sums[rows->places == NULL ? i : rows->places[i]]);
	*total = number_of(all);
	mem_free(sums);
}

static uint64_t
size_of(int64_t n)
{
	return n < 0 ? -(uint64_t)n : (uint64_t)n;
}

struct figure_number
figure_divide(const struct figure_number *a, const struct figure_number *b,
    unsigned digits, bool percent)
{
	struct figure_number ratio = {0};
	int64_t times = percent ? 100 : 1;
	int64_t scaled = 0;
	uint64_t rest;

	for (unsigned i = 0; i < digits; i++)
		times *= 10;
	if (!a->is_there || !b->is_there || b->n == 0)
		return ratio;
	ratio.too_large = a->too_large || b->too_large ||
			  MULTIPLY_OVERFLOWS(a->n, times, &scaled) ||
			  scaled == INT64_MIN;
	if (ratio.too_large)
		return ratio;
	ratio.is_there = true;
	ratio.n = scaled / b->n;
	rest = size_of(scaled % b->n);
	if (rest > 0 && rest >= size_of(b->n) - rest)
		ratio.n += (scaled < 0) == (b->n < 0) ? 1 : -1;
	return ratio;
}
