/*
 * What a query finds, sorted: the best are kept in a heap, and put in order at
 * the end.  Called by lists that are shown in an order of their own.
 */
#include "core/query_sort.h"

#include <string.h>

#include "proto/limits.h"
#include "proto/mem.h"

static enum err take(struct query_run *run, const struct query_order *order,
    struct query_sorted *sorted) MUST_USE;

/* Where `a` comes: < 0 before `b`. */
static int
row_compare(const struct query_order *order, const struct query_row *a,
    const struct query_row *b)
{
	for (size_t i = 0; i < order->keys_n; i++) {
		const struct expr_value *x = &a->values[i];
		const struct expr_value *y = &b->values[i];
		int way = expr_compare(x, y);

		if ((x->type == EXPR_NOTHING) != (y->type == EXPR_NOTHING))
			return x->type == EXPR_NOTHING ? 1 : -1;
		if (way != 0)
			return order->keys[i].down ? -way : way;
	}
	return memcmp(&a->id, &b->id, sizeof(a->id));
}

static void
swap(struct query_row *a, struct query_row *b)
{
	struct query_row row = *a;

	*a = *b;
	*b = row;
}

/* The first `n` rows are a heap, but for the first of all, which moves down to
 * where it belongs: the last in order is on top. */
static void
sink(const struct query_order *order, struct query_row *rows, size_t n)
{
	size_t at = 0;

	for (;;) {
		size_t next = 2 * at + 1;

		if (next + 1 < n &&
		    row_compare(order, &rows[next + 1], &rows[next]) > 0)
			next++;
		if (next >= n ||
		    row_compare(order, &rows[next], &rows[at]) <= 0)
			return;
		swap(&rows[at], &rows[next]);
		at = next;
	}
}

/* As sink, with the row `at` that may have to move up. */
static void
rise(const struct query_order *order, struct query_row *rows, size_t at)
{
	while (
	    at > 0 && row_compare(order, &rows[at], &rows[(at - 1) / 2]) > 0) {
		swap(&rows[at], &rows[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
}

enum err
query_sort_run(struct query_run *run, const struct query_order *order,
    struct query_sorted *sorted)
{
	bool found = true;

	*sorted = (struct query_sorted){0};
	for (;;) {
		enum err e = query_next(run, &found);

		if (e == ERR_OK && found)
			e = take(run, order, sorted);
		if (e != ERR_OK)
			return e;
		if (!found)
			break;
	}
	for (size_t n = sorted->n; n > 1; n--) {
		swap(&sorted->rows[0], &sorted->rows[n - 1]);
		sink(order, sorted->rows, n - 1);
	}
	return ERR_OK;
}

void
query_sort_fini(struct query_sorted *sorted)
{
	for (size_t i = 0; i < sorted->n; i++)
		mem_free(sorted->rows[i].values);
	mem_free(sorted->rows);
	*sorted = (struct query_sorted){0};
}

/* A copy of `values` in one block of memory; owned by the caller. */
static struct expr_value *
values_copy(const struct expr_value *values, size_t n)
{
	size_t size = n * sizeof(*values);
	struct expr_value *copy;
	uint8_t *p;

	for (size_t i = 0; i < n; i++)
		size += values[i].b.n;
	copy = mem_new(size > 0 ? size : 1);
	p = (uint8_t *)(copy + n);
	for (size_t i = 0; i < n; i++) {
		copy[i] = values[i];
		copy[i].b = bytes_of(p, values[i].b.n);
		bytes_copy(p, values[i].b);
		p += values[i].b.n;
	}
	return copy;
}

/* Takes in the record found last, when it belongs among those that are kept. */
static enum err
take(struct query_run *run, const struct query_order *order,
    struct query_sorted *sorted)
{
	struct expr_source source = query_source(run);
	struct query_row row = {.space = run->space,
	    .id = run->id,
	    .values = arena_array(
		&run->arena, order->keys_n, sizeof(*row.values))};
	bool is_full = order->limit > 0 && sorted->n == order->limit;

	sorted->found++;
	for (size_t i = 0; i < order->keys_n; i++) {
		enum err e;

		assert(!expr_is_set(order->keys[i].expr));
		e = expr_eval(order->keys[i].expr, &source, &row.values[i]);
		if (e != ERR_OK)
			return e;
	}
	if (is_full && row_compare(order, &row, &sorted->rows[0]) >= 0)
		return ERR_OK;
	if (order->limit == 0 && sorted->n == LIMIT_SORTED)
		return err_set(ERR_LIMIT,
		    "more than %d records are found, too many to sort: ask for "
		    "the first of them, or of fewer spaces",
		    LIMIT_SORTED);
	row.values = values_copy(row.values, order->keys_n);
	if (is_full) {
		mem_free(sorted->rows[0].values);
		sorted->rows[0] = row;
		sink(order, sorted->rows, sorted->n);
		return ERR_OK;
	}
	mem_room(
	    &sorted->rows, &sorted->room, sorted->n + 1, sizeof(*sorted->rows));
	sorted->rows[sorted->n] = row;
	rise(order, sorted->rows, sorted->n++);
	return ERR_OK;
}
