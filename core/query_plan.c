/*
 * From a condition to the index that leads to the fewest records.  Called by
 * core/query.c when a query begins; reads keys alone, never a record.
 */
#include "core/query_plan.h"

#include <string.h>

#include "core/alias.h"

/* How many walks through one space a way may have: lists of values multiply,
 * and each walk seeks.  A way with more binds one field less. */
enum { WALKS_MAX = 256 };

/* Fewer than that are not worth counting any others. */
enum { FEW = 16 };

struct planning {
	const struct query_plan_for *plan;
	const struct expr_bind *binds;
	size_t binds_n;
	struct query_way *ways;
	size_t n;
};

static void field_ways(struct planning *p);
static void compound_ways(struct planning *p);
static void text_ways(struct planning *p);
static enum err choose(struct planning *p, struct query_way *way) MUST_USE;

static struct query_way *
way_add(struct planning *p, enum query_way_kind kind)
{
	struct query_way *way = &p->ways[p->n++];

	*way = (struct query_way){.kind = kind,
	    .collection = p->plan->query->collection,
	    .walks_n = 1};
	return way;
}

enum err
query_plan_choose(const struct query_plan_for *plan, struct query_way *way)
{
	const struct pack_collection *collection = plan->query->collection;
	struct planning p = {.plan = plan};
	size_t words_n = plan->text != NULL ? plan->text->words_n : 0;

	p.ways = arena_array(plan->arena,
	    collection->fields_n + collection->indexes_n + words_n + 1,
	    sizeof(*p.ways));
	if (!lookup_is_current(plan->txn) ||
	    lookup_set(plan->txn->lookup, bytes_text(collection->name)) ==
		NULL) {
		*way = *way_add(&p, QUERY_EACH);
		return kv_failed(plan->txn->kv);
	}
	p.binds_n = expr_binds(plan->query->where, plan->arena, &p.binds);
	field_ways(&p);
	compound_ways(&p);
	if (words_n > 0)
		text_ways(&p);
	(void)way_add(&p, QUERY_LIST);
	return choose(&p, way);
}

/* ---- values ------------------------------------------------------------- */

/* What `expr` gives, which looks at no record. */
static void
evaluate(
    const struct planning *p, const struct expr *expr, struct expr_value *value)
{
	expr_eval_own(expr,
	    &(struct expr_source){.txn = p->plan->txn,
		.now_seconds = p->plan->query->now_seconds,
		.arena = p->plan->arena,
		.aliases = p->plan->query->aliases},
	    value);
}

static struct bytes
encode(const struct planning *p, const struct pack_field *field,
    const struct expr_value *value)
{
	struct buf out = {0};
	struct bytes bytes;

	expr_encode(value, field->type, &out);
	bytes = arena_bytes(p->plan->arena, buf_bytes(&out));
	buf_fini(&out);
	return bytes;
}

/* Does an index have each value of `field` that a condition can ask for?  Of a
 * counter it has amounts, not their sum. */
static bool
can_bind(const struct pack_field *field)
{
	return field->kind != KIND_COUNTER && field->kind != KIND_NOTES &&
	       field->type != PACK_GEO && field->type != PACK_MAP;
}

static bool
is_usable(const struct expr_bind *bind)
{
	for (size_t i = 0; i < bind->values_n; i++)
		if (expr_asks(bind->values[i]))
			return false;
	return true;
}

/* Adds the value, and of a reference those for which its record stands; false
 * when they are too many. */
static bool
value_add(const struct planning *p, const struct pack_field *field,
    const struct expr_value *value, struct bytes *values, struct query_any *any)
{
	const struct aliases *aliases = p->plan->query->aliases;
	const struct alias *members;
	struct record_id id;
	size_t n = 0;

	if (aliases != NULL && value->type == EXPR_REF) {
		bytes_copy(id.b, value->b);
		n = alias_members(aliases, &id, &members);
	}
	if (n + 1 > WALKS_MAX - any->n)
		return false;
	values[any->n++] = encode(p, field, value);
	for (size_t i = 0; i < n; i++)
		values[any->n++] = encode(p, field,
		    &(struct expr_value){.type = EXPR_REF,
			.b = bytes_of(
			    members[i].from.b, sizeof(members[i].from.b))});
	return true;
}

/* The shortest list of values to which `field` is bound, into `*any`; false
 * when there is none, or they are too many.  What is nothing is equal to
 * nothing. */
static bool
values_of(const struct planning *p, const struct pack_field *field,
    struct query_any *any)
{
	const struct expr_bind *best = NULL;
	struct bytes *values;
	bool fits = true;

	for (size_t i = 0; i < p->binds_n && can_bind(field); i++) {
		const struct expr_bind *bind = &p->binds[i];

		if (bind->field == field && bind->relation == EXPR_EQUAL &&
		    is_usable(bind) &&
		    (best == NULL || bind->values_n < best->values_n))
			best = bind;
	}
	if (best == NULL || best->values_n > WALKS_MAX)
		return false;
	values = arena_array(p->plan->arena,
	    p->plan->query->aliases != NULL ? WALKS_MAX : best->values_n,
	    sizeof(*values));
	*any = (struct query_any){.p = values};
	for (size_t i = 0; i < best->values_n && fits; i++) {
		struct expr_value value;

		evaluate(p, best->values[i], &value);
		if (value.type != EXPR_NOTHING)
			fits = value_add(p, field, &value, values, any);
	}
	return fits;
}

/* The bounds of a range so far. */
struct bounds {
	struct expr_value low;
	struct expr_value high;
	bool above_low;
	bool below_high;
	bool none; /* compared with nothing: never true */
	bool some;
};

/* Makes the bounds narrower by `value`. */
static void
narrow(struct bounds *bounds, enum expr_relation relation,
    const struct expr_value *value)
{
	bool is_low = relation == EXPR_MORE || relation == EXPR_MORE_EQUAL;
	bool open = relation == EXPR_MORE || relation == EXPR_LESS;
	struct expr_value *bound = is_low ? &bounds->low : &bounds->high;
	bool *is_open = is_low ? &bounds->above_low : &bounds->below_high;
	int way = expr_compare(value, bound);

	bounds->none = bounds->none || value->type == EXPR_NOTHING;
	if (bound->type == EXPR_NOTHING || (is_low ? way > 0 : way < 0)) {
		*bound = *value;
		*is_open = open;
	} else if (way == 0) {
		*is_open = *is_open || open;
	}
}

/* Is there a range in which `field` has to lie?  `*none` says that it is empty.
 */
static bool
range_of(const struct planning *p, const struct pack_field *field,
    struct lookup_range *range, bool *none)
{
	struct bounds bounds = {0};

	*range = (struct lookup_range){0};
	for (size_t i = 0;
	     i < p->binds_n && can_bind(field) && field->data_class == CLASS_N;
	     i++) {
		const struct expr_bind *bind = &p->binds[i];
		struct expr_value value;

		if (bind->field != field || bind->relation == EXPR_EQUAL ||
		    !is_usable(bind))
			continue;
		bounds.some = true;
		if (bind->relation == EXPR_SOME)
			continue;
		evaluate(p, bind->values[0], &value);
		narrow(&bounds, bind->relation, &value);
	}
	*none = bounds.none;
	if (bounds.none)
		return true;
	if (bounds.low.type != EXPR_NOTHING)
		range->low = encode(p, field, &bounds.low);
	if (bounds.high.type != EXPR_NOTHING)
		range->high = encode(p, field, &bounds.high);
	range->above_low = bounds.above_low;
	range->below_high = bounds.below_high;
	return bounds.some;
}

/* ---- ways --------------------------------------------------------------- */

/* How much a value of `field` tells, before anything is counted. */
static unsigned
telling(const struct pack_field *field)
{
	if (field->index == PACK_INDEX_UNIQUE)
		return 50;
	return field->type == PACK_ENUM || field->type == PACK_BOOL ? 5 : 10;
}

static void
field_ways(struct planning *p)
{
	const struct pack_collection *collection = p->plan->query->collection;

	for (size_t i = 0; i < collection->fields_n; i++) {
		const struct pack_field *field = &collection->fields[i];
		struct query_way *way;
		struct query_any any = {0};
		struct lookup_range range;
		bool none = false;

		if (field->index == PACK_INDEX_NONE)
			continue;
		if (values_of(p, field, &any)) {
			way = way_add(p, QUERY_FIELD);
			way->field = field;
			way->bound = 1;
			way->any[0] = any;
			way->walks_n = any.n;
			way->score = telling(field);
			continue;
		}
		if (!range_of(p, field, &range, &none))
			continue;
		way = way_add(p, QUERY_FIELD);
		way->field = field;
		way->has_range = true;
		way->range = range;
		way->walks_n = none ? 0 : 1;
		way->score = 4;
	}
}

/* Binds the leading fields of way->compound, and a range behind them. */
static void
compound_bind(const struct planning *p, struct query_way *way)
{
	const struct pack_compound *compound = way->compound;
	bool none = false;

	while (way->bound < compound->fields_n) {
		const struct pack_field *field = compound->fields[way->bound];
		struct query_any *any = &way->any[way->bound];

		if (!values_of(p, field, any) ||
		    (any->n > 0 && way->walks_n > WALKS_MAX / any->n))
			break;
		way->walks_n *= any->n;
		way->score += telling(field);
		way->bound++;
	}
	if (way->bound < compound->fields_n)
		way->has_range = range_of(
		    p, compound->fields[way->bound], &way->range, &none);
	if (way->has_range)
		way->score += 4;
	if (none)
		way->walks_n = 0;
}

static void
compound_ways(struct planning *p)
{
	const struct pack_collection *collection = p->plan->query->collection;

	for (size_t i = 0; i < collection->indexes_n; i++) {
		struct query_way *way = way_add(p, QUERY_COMPOUND);

		way->compound = &collection->indexes[i];
		compound_bind(p, way);
		if (way->bound == 0 && !way->has_range)
			p->n--;
	}
}

static void
text_ways(struct planning *p)
{
	const struct query_text *text = p->plan->text;

	if (!text->searched || p->plan->spaces_n == 0)
		return;
	for (size_t i = 0; i < text->words_n; i++) {
		struct query_way *way;
		struct lookup_scan scan;

		/* A single letter has no row. */
		if (!lookup_text(p->plan->txn, p->plan->spaces[0]->no,
			text->fields[0], text->words[i], &scan))
			continue;
		way = way_add(p, QUERY_WORD);
		way->text = text;
		way->word = i;
		way->walks_n = text->fields_n;
		way->score = 8;
	}
}

/* ---- choosing ----------------------------------------------------------- */

/* How many rows `way` leads to; no more than `max` are counted. */
static enum err
count(const struct planning *p, const struct query_way *way, uint64_t max,
    uint64_t *n)
{
	enum err e = ERR_OK;

	*n = 0;
	for (size_t s = 0; s < p->plan->spaces_n; s++) {
		for (size_t walk = 0; walk < way->walks_n; walk++) {
			struct lookup_scan scan;
			struct record_id id;
			bool found = true;

			query_plan_start(way, p->plan->txn,
			    p->plan->spaces[s]->no, walk, &scan);
			while (found && *n < max) {
				e = lookup_next(&scan, &id, &found);
				if (e != ERR_OK)
					return e;
				*n += found ? 1 : 0;
			}
			if (*n == max)
				return ERR_OK;
		}
	}
	return ERR_OK;
}

/* The way with the highest score that is not yet taken; the list is the last.
 */
static struct query_way *
next_best(struct planning *p)
{
	struct query_way *best = NULL;

	for (size_t i = 0; i < p->n; i++) {
		struct query_way *way = &p->ways[i];

		if (way->score > 0 &&
		    (best == NULL || way->score > best->score))
			best = way;
	}
	return best;
}

static enum err
choose(struct planning *p, struct query_way *way)
{
	struct query_way *next = next_best(p);
	uint64_t least = QUERY_PROBE;
	enum err e = ERR_OK;

	/* The list was added last, and has no score. */
	*way = next != NULL ? *next : p->ways[p->n - 1];
	if (p->n <= 2)
		return ERR_OK;
	for (; next != NULL && e == ERR_OK && least > FEW;
	     next = next_best(p)) {
		uint64_t n;

		e = count(p, next, least, &n);
		if (e == ERR_OK && n < least) {
			least = n;
			*way = *next;
		}
		next->score = 0;
	}
	return e;
}

/* ---- walking ------------------------------------------------------------ */

static void
start_compound(const struct query_way *way, struct txn *txn,
    struct space_no space, size_t walk, struct lookup_scan *scan)
{
	struct bytes values[LIMIT_INDEX_FIELDS];

	for (size_t i = 0; i < way->bound; i++) {
		values[i] = way->any[i].p[walk % way->any[i].n];
		walk /= way->any[i].n;
	}
	lookup_compound(txn, space, way->compound,
	    &(struct lookup_bound){.values = values,
		.n = way->bound,
		.range = way->has_range ? &way->range : NULL},
	    scan);
}

void
query_plan_start(const struct query_way *way, struct txn *txn,
    struct space_no space, size_t walk, struct lookup_scan *scan)
{
	bool started = true;

	assert(walk < way->walks_n);
	switch (way->kind) {
	case QUERY_EACH:
		assert(false && "there is no index to walk through");
		return;
	case QUERY_LIST:
		started = false;
		break;
	case QUERY_FIELD:
		if (way->has_range)
			started = lookup_between(
			    txn, space, way->field, &way->range, scan);
		else
			lookup_equal(
			    txn, space, way->field, way->any[0].p[walk], scan);
		break;
	case QUERY_COMPOUND:
		start_compound(way, txn, space, walk, scan);
		break;
	case QUERY_WORD:
		started = lookup_text(txn, space, way->text->fields[walk],
		    way->text->words[way->word], scan);
		break;
	}
	if (!started)
		lookup_all(txn, space, way->collection, scan);
}

static void
part_words(const char *name, const struct query_any *any, struct buf *words)
{
	buf_add_format(words, "%s: ", name);
	if (any == NULL)
		buf_add_text(words, "a range");
	else
		buf_add_format(
		    words, "%zu value%s", any->n, any->n == 1 ? "" : "s");
}

static void
word_words(const struct query_way *way, struct buf *words)
{
	struct bytes word = way->text->words[way->word];

	for (size_t i = 0; i < way->text->fields_n; i++)
		buf_add_format(words, "%s%s.%s", i > 0 ? ", " : "",
		    way->collection->name, way->text->fields[i]->name);
	buf_add_format(
	    words, " (text: %.*s)", (int)word.n, (const char *)word.p);
}

void
query_plan_words(const struct query_way *way, struct buf *words)
{
	const char *name = way->collection->name;

	switch (way->kind) {
	case QUERY_EACH:
		buf_add_format(words, "all records, for those of %s", name);
		break;
	case QUERY_LIST:
		buf_add_format(words, "%s (all)", name);
		break;
	case QUERY_FIELD:
		buf_add_format(words, "%s.%s (", name, way->field->name);
		part_words(way->field->name,
		    way->has_range ? NULL : &way->any[0], words);
		buf_add_text(words, ")");
		break;
	case QUERY_COMPOUND:
		buf_add_format(words, "%s.%s (", name, way->compound->name);
		for (size_t i = 0; i < way->bound; i++) {
			buf_add_text(words, i > 0 ? ", " : "");
			part_words(way->compound->fields[i]->name, &way->any[i],
			    words);
		}
		buf_add_text(
		    words, way->has_range && way->bound > 0 ? ", " : "");
		if (way->has_range)
			part_words(way->compound->fields[way->bound]->name,
			    NULL, words);
		buf_add_text(words, ")");
		break;
	case QUERY_WORD:
		word_words(way, words);
		break;
	}
}
