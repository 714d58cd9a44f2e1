/*
 * Due lists.  Called by the commands and the console; reads one query, or the
 * list of open work, and sorts what it gives.  Writes nothing.
 */
#include "core/due.h"

#include <stdlib.h>
#include <string.h>

#include "core/alias.h"
#include "core/figure_needs.h"
#include "core/lookup.h"
#include "core/record.h"
#include "core/staff.h"
#include "proto/calendar.h"
#include "proto/mem.h"

enum { HOUR_SECONDS = 3600, URGENCY_MAX = 9 };

static enum err find_open(
    struct txn *txn, const struct due_ask *ask, struct due_items *items);
static enum err find_records(
    struct txn *txn, const struct due_ask *ask, struct due_items *items);

/* ---- one item ----------------------------------------------------------- */

static enum err
add(struct due_items *items, size_t *room, const struct due_item *item)
{
	if (items->n == LIMIT_DUE_ITEMS)
		return err_set(ERR_LIMIT,
		    "more than %d things are on the list; ask for one unit "
		    "instead of all",
		    LIMIT_DUE_ITEMS);
	mem_room(&items->p, room, items->n + 1, sizeof(*items->p));
	items->p[items->n++] = *item;
	items->late_n += item->is_late ? 1 : 0;
	return ERR_OK;
}

/* How many days ago `from` was, or hours if it is a time. */
static int64_t
passed_since(const struct txn *txn, const struct due_ask *ask,
    const struct expr_value *from)
{
	if (from->type == EXPR_DATE)
		return calendar_day_at(
			   ask->now_seconds, expr_offset_seconds(txn->pack)) -
		       from->i;
	return from->type == EXPR_DATETIME
		   ? (ask->now_seconds - from->i) / HOUR_SECONDS
		   : 0;
}

/* Says how late `item` is: from `from` on, or once `from` has passed. */
static void
lateness(const struct txn *txn, const struct due_ask *ask,
    const struct expr_value *from, bool passed, struct due_item *item)
{
	item->late = passed_since(txn, ask, from);
	item->passed = passed_since(txn, ask, &item->due);
	if (from->type == EXPR_DATE)
		item->is_late = item->late >= (passed ? 1 : 0);
	else if (from->type == EXPR_DATETIME)
		item->is_late = ask->now_seconds - from->i >= (passed ? 1 : 0);
}

/* An expression that the pack may have left out: nothing. */
static enum err
eval(const struct pack_expr *expr, const struct expr_source *source,
    struct expr_value *value)
{
	*value = (struct expr_value){0};
	return expr->code == NULL ? ERR_OK
				  : expr_eval(expr->code, source, value);
}

/* The same; nothing when it is not for the role to see. */
static enum err
eval_seen(const struct due_ask *ask, const struct pack_expr *expr,
    const struct expr_source *source, struct expr_value *value)
{
	*value = (struct expr_value){0};
	return staff_sees_all(ask->role, expr->code) ? eval(expr, source, value)
						     : ERR_OK;
}

static int64_t
within(const struct expr_value *value, int64_t max)
{
	if (value->type != EXPR_INT || value->i < 0)
		return 0;
	return value->i > max ? max : value->i;
}

/* Has the day or time come from which on a record is on the list? */
static bool
has_come(const struct txn *txn, const struct due_ask *ask,
    const struct expr_value *from)
{
	int64_t today = calendar_day_at(
	    ask->now_seconds, expr_offset_seconds(txn->pack));

	if (from->type == EXPR_DATE)
		return from->i <= today;
	return from->type != EXPR_DATETIME || from->i <= ask->now_seconds;
}

/* Works out the item of a record; `*shown` is false before its first day or
 * time. */
static enum err
item_make(struct txn *txn, const struct due_ask *ask,
    const struct expr_source *source, struct due_item *item, bool *shown)
{
	const struct pack_due *list = ask->list;
	struct expr_value from;
	struct expr_value overdue;
	struct expr_value urgency;
	struct expr_value risk;
	enum err e = eval(&list->from, source, &from);

	*shown = has_come(txn, ask, &from);
	if (e != ERR_OK || !*shown)
		return e;
	e = eval(&list->due, source, &item->due);
	if (e == ERR_OK)
		e = eval(&list->overdue, source, &overdue);
	if (e == ERR_OK)
		e = eval_seen(ask, &list->urgency, source, &urgency);
	if (e == ERR_OK)
		e = eval_seen(ask, &list->risk, source, &risk);
	if (e != ERR_OK)
		return e;
	if (overdue.type != EXPR_NOTHING)
		lateness(txn, ask, &overdue, false, item);
	else
		lateness(txn, ask, &item->due, true, item);
	item->urgency = within(&urgency, URGENCY_MAX);
	item->risk = within(&risk, INT64_MAX);
	return ERR_OK;
}

static int
by_number(int64_t a, int64_t b)
{
	return (b > a) - (b < a);
}

static int
order(const void *a, const void *b)
{
	const struct due_item *x = a;
	const struct due_item *y = b;
	int way = by_number(x->urgency, y->urgency);

	if (way == 0)
		way = (x->due.type == EXPR_NOTHING) -
		      (y->due.type == EXPR_NOTHING);
	if (way == 0)
		way = by_number(x->late, y->late);
	if (way == 0)
		way = by_number(x->risk, y->risk);
	return way != 0 ? way : memcmp(x->id.b, y->id.b, sizeof(x->id.b));
}

/* Who is on a list says what the list looks at. */
static enum err
list_check(const struct due_ask *ask)
{
	const struct pack_due *list = ask->list;

	if (staff_sees_all(ask->role, list->where.code) &&
	    staff_sees_all(ask->role, list->due.code) &&
	    staff_sees_all(ask->role, list->from.code) &&
	    staff_sees_all(ask->role, list->overdue.code))
		return ERR_OK;
	return err_set(ERR_DENIED,
	    "the list goes by what the role %s (%s) does not see",
	    ask->role->label.ko, ask->role->label.en);
}

static enum err
missing_find(
    struct txn *txn, const struct due_ask *ask, struct due_items *items)
{
	struct figure_needs needs = {.pack = txn->pack};
	struct figure_parts parts = {0};
	struct space_state **spaces;
	size_t n = 0;
	enum err e = space_all(txn, &spaces, &n);

	figure_needs_list(ask->list, &needs);
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		unsigned classes = figure_needs_in(&needs, &spaces[i]->name);

		if (classes != 0 && id_covers(&ask->prefix, &spaces[i]->name))
			e = figure_needs_missing(
			    txn, spaces[i], classes, &parts);
	}
	items->missing = parts.missing;
	items->missing_logs = parts.missing_logs;
	return e;
}

enum err
due_find(struct txn *txn, const struct due_ask *ask, struct due_items *items)
{
	enum err e = list_check(ask);

	if (e == ERR_OK)
		e = missing_find(txn, ask, items);

	if (e == ERR_OK)
		e = ask->list->open ? find_open(txn, ask, items)
				    : find_records(txn, ask, items);
	if (e == ERR_OK && items->n > 1)
		qsort(items->p, items->n, sizeof(*items->p), order);
	return e;
}

void
due_fini(struct due_items *items)
{
	mem_free(items->p);
	*items = (struct due_items){0};
}

/* ---- records for which a condition holds -------------------------------- */

static enum err
find_records(
    struct txn *txn, const struct due_ask *ask, struct due_items *items)
{
	const struct pack_due *list = ask->list;
	struct query query = {.collection = list->collection,
	    .prefix = ask->prefix,
	    .where = list->where.code,
	    .now_seconds = ask->now_seconds};
	struct query_run run = {0};
	size_t room = 0;
	bool found;
	enum err e = alias_held(txn, &query.aliases);

	if (e == ERR_OK)
		e = query_begin(txn, &query, &run);
	while (e == ERR_OK) {
		struct due_item item = {0};
		struct expr_source source;
		struct record_id end;
		bool shown = false;
		bool merged;

		e = query_next(&run, &found);
		if (e != ERR_OK || !found)
			break;
		e = alias_stands(txn, query.aliases, &run.id, &end, &merged);
		if (e != ERR_OK || merged) {
			items->merged_n += merged ? 1 : 0;
			continue;
		}
		source = query_source(&run);
		item.space = run.space;
		item.id = run.id;
		e = item_make(txn, ask, &source, &item, &shown);
		if (e == ERR_OK && shown)
			e = add(items, &room, &item);
	}
	query_end(&run);
	return e;
}

/* ---- open work ---------------------------------------------------------- */

enum err
due_record(struct txn *txn, const struct due_item *item, struct arena *arena,
    struct record *record)
{
	return record_get(txn,
	    &(struct record_read){
		.space = item->space, .cells = true, .arena = arena},
	    &item->id, record);
}

/* Does the role see what contradicts itself? */
static bool
is_seen(const struct txn *txn, const struct due_ask *ask, struct arena *arena,
    struct record *record)
{
	const struct record_field **fields;

	if (ask->role == NULL || record->status == RECORD_CONTESTED)
		return true;
	(void)staff_hide(
	    ask->role, pack_collection(txn->pack, record->collection), record);
	return due_conflicts(record, arena, &fields) > 0;
}

/* Open work is due since the day on which the record changed last. */
static enum err
open_make(struct txn *txn, const struct due_ask *ask, struct arena *arena,
    struct due_item *item, bool *shown)
{
	struct record record;
	int64_t seconds;
	enum err e = due_record(txn, item, arena, &record);

	if (e != ERR_OK)
		return e;
	*shown = (ask->list->collection == NULL ||
		     bytes_is(
			 record.collection, ask->list->collection->name)) &&
		 is_seen(txn, ask, arena, &record);
	seconds = (int64_t)(stamp_ms(record.changed) / 1000);
	item->due = (struct expr_value){.type = EXPR_DATE,
	    .i = calendar_day_at(seconds, expr_offset_seconds(txn->pack))};
	if (!calendar_has(item->due.i))
		item->due = (struct expr_value){0};
	lateness(txn, ask, &item->due, true, item);
	return ERR_OK;
}

static enum err
find_open_in(struct txn *txn, const struct due_ask *ask,
    struct space_state *space, struct due_items *items, size_t *room)
{
	struct arena arena = {0};
	struct lookup_scan scan;
	bool found = true;
	enum err e = ERR_OK;

	lookup_open(txn, space->no, &scan);
	while (e == ERR_OK && found) {
		struct due_item item = {.space = space};
		bool shown = false;

		arena_reset(&arena);
		e = lookup_next(&scan, &item.id, &found);
		if (e == ERR_OK && found)
			e = open_make(txn, ask, &arena, &item, &shown);
		if (e == ERR_OK && found && shown)
			e = add(items, room, &item);
	}
	arena_fini(&arena);
	return e;
}

static enum err
find_open(struct txn *txn, const struct due_ask *ask, struct due_items *items)
{
	struct space_state **spaces;
	size_t room = 0;
	size_t n = 0;
	enum err e = space_all(txn, &spaces, &n);

	for (size_t i = 0; e == ERR_OK && i < n; i++)
		if (id_covers(&ask->prefix, &spaces[i]->name))
			e = find_open_in(txn, ask, spaces[i], items, &room);
	return e;
}

size_t
due_conflicts(const struct record *record, struct arena *arena,
    const struct record_field ***fields)
{
	size_t n = 0;

	*fields = arena_array(arena, record->fields_n, sizeof(**fields));
	for (size_t i = 0; i < record->fields_n; i++)
		if (merge_is_conflict(&record->fields[i]))
			(*fields)[n++] = &record->fields[i];
	return n;
}

/* ---- what is shown ------------------------------------------------------ */

enum err
due_show(struct txn *txn, const struct due_ask *ask,
    const struct due_item *item, struct arena *arena, struct expr_value *values)
{
	const struct pack_due *list = ask->list;
	struct record record;
	struct expr_source source = {.txn = txn,
	    .space = &item->space->name,
	    .id = &item->id,
	    .record = &record,
	    .now_seconds = ask->now_seconds,
	    .arena = arena};
	enum err e = alias_held(txn, &source.aliases);

	if (e == ERR_OK)
		e = due_record(txn, item, arena, &record);
	for (size_t i = 0; e == ERR_OK && i < list->show_n + list->by_n; i++)
		e = eval_seen(ask,
		    i < list->show_n ? &list->show[i].is
				     : &list->by[i - list->show_n].is,
		    &source, &values[i]);
	return e;
}
