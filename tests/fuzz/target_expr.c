/*
 * Any text as an expression of a collection of the first pack, and what it
 * gives for the records of a store.
 */
#include "cli/show_expr.h"
#include "core/query.h"
#include "proto/text.h"
#include "tests/fuzz/cost.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/targets.h"
#include "tests/lib/house.h"

struct asked {
	const struct expr *expr;
	const struct pack_collection *collection;
	struct txn *txn;
	bool is_test; /* a condition */
	size_t held;  /* records for which it holds */
};

/* What is neither nothing nor of the type that was said beforehand? */
static bool
is_of_type(const struct expr *expr, const struct expr_value *value)
{
	if (value->type == EXPR_NOTHING)
		return true;
	for (size_t i = 0; value->is_set && i < value->n; i++)
		if (value->items[i].type != expr_type(expr) ||
		    value->items[i].is_set)
			return false;
	return value->type == expr_type(expr) &&
	       value->is_set == expr_is_set(expr);
}

static void
show(const struct pack *pack, const struct expr_value *value)
{
	struct buf text = {0};

	show_expr_text(pack, value, SHOW_EXPR_SHORT, &text);
	show_expr_text(pack, value, SHOW_EXPR_WHOLE, &text);
	show_expr_json(pack, NULL, value, &text);
	assert(text_is_utf8(buf_bytes(&text)));
	buf_fini(&text);
}

static void
record_ask(struct asked *asked, const struct expr_source *source)
{
	struct expr_value once;
	struct expr_value twice;
	bool holds = false;
	enum err e = expr_eval(asked->expr, source, &once);

	if (e != ERR_OK)
		fuzz_assert_theirs(e);
	if (e != ERR_OK)
		return;
	assert(is_of_type(asked->expr, &once));
	assert(expr_eval(asked->expr, source, &twice) == ERR_OK);
	assert(once.is_set == twice.is_set && once.n == twice.n);
	if (!once.is_set)
		assert(expr_compare(&once, &twice) == 0);
	show(asked->txn->pack, &once);
	if (!asked->is_test)
		return;
	assert(expr_test(asked->expr, source, &holds) == ERR_OK);
	assert(holds == (once.type == EXPR_BOOL && once.i != 0));
	asked->held += holds ? 1 : 0;
}

/* Asks it of all records; with `where` only of those for which it holds. */
static size_t
records_ask(struct asked *asked, const struct expr *where)
{
	struct query query = {.collection = asked->collection,
	    .where = where,
	    .now_seconds = house_now_seconds()};
	struct query_run run = {0};
	bool found = true;
	size_t n = 0;
	enum err e = query_begin(asked->txn, &query, &run);

	while (e == ERR_OK && found) {
		e = query_next(&run, &found);
		if (e == ERR_OK && found) {
			struct expr_source source = query_source(&run);

			record_ask(asked, &source);
			n++;
		}
	}
	if (e != ERR_OK)
		fuzz_assert_theirs(e);
	query_end(&run);
	return n;
}

static void
field_meet(void *arg, const struct pack_field *field)
{
	size_t *n = arg;

	assert(field != NULL && field->name != NULL);
	++*n;
}

void
target_expr(struct bytes in)
{
	static const struct cost_limit limit = {
	    {.allocations = 400,
		.allocated_bytes = 256 * 1024,
		.largest_bytes = COST_ARENA},
	    {.allocations = 64,
		.allocated_bytes = 16384,
		.largest_bytes = 256}};
	struct store *store = house_store();
	const struct pack *pack = store_pack(store);
	struct fuzz_input head = {in};
	struct expr_scope scope = {.pack = pack};
	struct asked asked = {.txn = store_txn(store)};
	struct arena arena = {0};
	const struct expr_bind *binds;
	size_t fields = 0;
	unsigned want;
	enum err e;

	fuzz_start();
	asked.collection = scope.collection =
	    &pack->collections[fuzz_u8(&head) % pack->collections_n];
	scope.may = fuzz_u8(&head) & EXPR_MAY_ALL;
	asked.is_test = (fuzz_u8(&head) & 1) == 0;
	want = asked.is_test ? 1U << EXPR_BOOL : EXPR_ANY | EXPR_SETS;
	cost_begin();
	e = expr_parse(fuzz_rest(&head), &scope, want, &arena, &asked.expr);
	cost_assert(&limit, in.n);
	if (e != ERR_OK) {
		assert(e == ERR_INVALID || e == ERR_LIMIT);
	} else {
		assert((want >> expr_type(asked.expr) & 1) != 0);
		expr_fields(asked.expr, field_meet, &fields);
		(void)expr_binds(asked.expr, &arena, &binds);
		if ((scope.may & (EXPR_MAY_QUERY | EXPR_MAY_FOLLOW)) == 0)
			assert(!expr_asks(asked.expr));
		(void)records_ask(&asked, NULL);
		/* Whatever index leads there, it is the same. */
		if (asked.is_test)
			assert(
			    records_ask(&asked, asked.expr) * 2 == asked.held);
	}
	arena_fini(&arena);
}
