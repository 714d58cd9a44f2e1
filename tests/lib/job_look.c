/*
 * Jobs that only read.  Whatever fails below them, what they tell is what they
 * told before, or an error: half a list looks like a whole one.
 */
#include "tests/lib/job_look.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/alias.h"
#include "core/events.h"
#include "core/inbox.h"
#include "core/query_sort.h"
#include "core/units.h"
#include "proto/ascii.h"
#include "tests/lib/council.h"
#include "tests/lib/look.h"
#include "tests/lib/office.h"
#include "tests/lib/slip.h"

enum { VALUES_MAX = 16, KEYS = 2 };

static const char today[] = "2016-07-25T09:00:00+09:00";

static void
value_add(const struct expr_value *value, struct buf *text)
{
	if (value->type != EXPR_NOTHING && !value->is_set)
		expr_encode(value, PACK_TEXT, text);
	buf_add_format(
	    text, " %d %lld ", (int)value->type, (long long)value->i);
}

/* ---- the office --------------------------------------------------------- */

/* A condition about a home that others stand for. */
static struct buf of_home;

/* Homes, one of which stands for another, and visits to them; units that hold
 * some of the spaces; figures that were published. */
static void
office_prepare(struct plant *plant)
{
	struct town *town = &plant->town;
	struct record_id homes[3];
	struct record_id unit;

	look_follow(plant, 0, office_pack());
	unit = office_put(town, 0, "city/all/unit", "unit",
	    WORDS("name=신사동", "prefix=d03/c017", "level=dong",
		"since=2010-01-01"));
	(void)office_put(town, 0, "city/all/unit", "unit",
	    WORDS("name=논현동", "prefix=d03/c019", "level=dong",
		"until=2015-01-01"));
	homes[0] = office_put(
	    town, 0, OFFICE_SPACE, "home", WORDS("no=H-1", "income=500"));
	buf_cut(&of_home, 0);
	buf_add_text(&of_home, "home = '");
	ascii_hex(bytes_of(homes[0].b, sizeof(homes[0].b)), &of_home);
	buf_add_text(&of_home, "' and amount > 1");
	homes[1] = office_put(town, 0, OFFICE_SPACE, "home",
	    WORDS("no=H-2", office_ref("same_as", &homes[0])));
	homes[2] = office_put(
	    town, 0, "d03/c018/case", "home", WORDS("no=H-3"));
	for (size_t i = 0; i < 6; i++) {
		static const char *const days[] = {"on=2015-12-31",
		    "on=2016-01-01", "on=2016-02-29", "on=2016-07-20",
		    "on=2016-07-25", "on=2016-08-01"};
		static const char *const states[] = {
		    "state=done", "state=open", "state=shut"};

		(void)office_put(town, 0,
		    i < 4 ? OFFICE_SPACE : "d03/c018/case", "visit",
		    WORDS(days[i], states[i % 3], "kind=crisis", "amount=5",
			"tags+=가", "at=2016-07-01T09:00:00+09:00",
			"until=2016-07-26T09:00:00+09:00", "born=1946-07-30",
			"cost=1000", office_ref("home", &homes[i % 3])));
	}
	(void)office_put(town, 0, "city/all/unit", "metric",
	    WORDS("key=visits", "value=3", "source=구청", "period=2016-01",
		office_ref("unit", &unit)));
	(void)office_put(
	    town, 0, "city/all/unit", "metric", WORDS("key=each", "value=3"));
	town_copy(town, 0, 1);
}

static void
number_add(const struct figure_number *number, struct buf *text)
{
	buf_add_format(text, "%d%lld ", number->is_there, (long long)number->n);
}

static void
table_add(const struct report_table *table, struct buf *text)
{
	size_t n = table->table->columns_n;

	for (size_t i = 0; i < table->rows_n; i++) {
		buf_add(text, table->rows[i].key);
		for (size_t k = 0; k < n; k++)
			number_add(&table->rows[i].cells[k], text);
	}
	for (size_t k = 0; k < n; k++)
		buf_add_format(text, "%u %llu ", table->columns[k].missing,
		    (unsigned long long)table->columns[k].left_out);
}

static enum err
report_one(struct txn *txn, const struct pack_report *what, struct arena *arena,
    struct buf *text)
{
	struct report_ask ask = {.report = what,
	    .period = {INT64_MIN, INT64_MAX},
	    .now_seconds = office_time(today)};
	struct report report;
	struct bytes label;
	enum err e = report_make(txn, &ask, arena, &report);

	if (e != ERR_OK)
		return e;
	buf_add_format(text, "%s: ", what->name);
	for (size_t i = 0; i < what->tables_n && e == ERR_OK; i++) {
		const struct report_table *table = &report.tables[i];

		table_add(table, text);
		for (size_t k = 0; k < table->rows_n && e == ERR_OK; k++) {
			e = report_label(txn, table->table, table->rows[k].key,
			    arena, &label);
			if (e == ERR_OK)
				buf_add(text, label);
		}
	}
	for (size_t i = 0; i < report.said_n; i++)
		buf_add_format(text, "%lld is %lld ",
		    (long long)report.said[i].value,
		    (long long)report.said[i].computed.n);
	buf_add_format(
	    text, "of %zu logs, %zu units\n", report.logs_n, report.units_n);
	return e;
}

static enum err
reports(struct store *store, struct arena *arena, struct buf *text)
{
	struct txn *txn = store_txn(store);
	enum err e = ERR_OK;

	for (size_t i = 0; i < txn->pack->reports_n && e == ERR_OK; i++)
		e = report_one(txn, &txn->pack->reports[i], arena, text);
	return e;
}

static void
reports_prepare(struct plant *plant)
{
	office_prepare(plant);
	look_first(plant, reports, 400);
}

static enum err
reports_step(struct plant *plant, size_t i)
{
	(void)i;
	return look_again(plant, reports);
}

/* ---- what is due -------------------------------------------------------- */

static enum err
item_one(struct txn *txn, const struct due_ask *ask,
    const struct due_item *item, struct arena *arena, struct buf *text)
{
	struct expr_value values[VALUES_MAX] = {0};
	const struct record_field **fields;
	struct record record;
	enum err e;

	look_id(&item->id, text);
	buf_add_format(text, "%lld %lld %lld ", (long long)item->late,
	    (long long)item->urgency, (long long)item->risk);
	if (ask->list->open) {
		e = due_record(txn, item, arena, &record);
		if (e == ERR_OK)
			buf_add_format(text, "%zu ",
			    due_conflicts(&record, arena, &fields));
		return e;
	}
	e = due_show(txn, ask, item, arena, values);
	for (size_t i = 0; i < ask->list->show_n && e == ERR_OK; i++)
		value_add(&values[i], text);
	return e;
}

static enum err
lists(struct store *store, struct arena *arena, struct buf *text)
{
	struct txn *txn = store_txn(store);
	enum err e = ERR_OK;

	for (size_t i = 0; i < txn->pack->due_n && e == ERR_OK; i++) {
		struct due_ask ask = {.list = &txn->pack->due[i],
		    .now_seconds = office_time(today)};
		struct due_items items = {0};

		e = due_find(txn, &ask, &items);
		buf_add_format(text, "%s: ", ask.list->name);
		for (size_t k = 0; k < items.n && e == ERR_OK; k++)
			e = item_one(txn, &ask, &items.p[k], arena, text);
		buf_add_format(text, "%zu late, %zu merged, %u\n", items.late_n,
		    items.merged_n, items.missing);
		due_fini(&items);
	}
	return e;
}

/* And a record that two nodes changed apart. */
static void
lists_prepare(struct plant *plant)
{
	static const char *const states[] = {"done", "shut"};
	struct town *town = &plant->town;
	struct record_id id;

	office_prepare(plant);
	id = office_put(town, 0, OFFICE_SPACE, "visit",
	    WORDS("on=2016-07-24", "state=open"));
	town_copy(town, 0, 1);
	for (size_t i = 0; i < 2; i++)
		(void)town_patch(town, i, OFFICE_SPACE, &id,
		    town_edit(OP_MOVE, "state", town_text(states[i])));
	town_meet(town);
	look_first(plant, lists, 400);
}

static enum err
lists_step(struct plant *plant, size_t i)
{
	(void)i;
	return look_again(plant, lists);
}

/* ---- what is searched for ----------------------------------------------- */

static enum err
find(struct txn *txn, const char *where, const char *words, struct arena *arena,
    struct buf *text)
{
	struct query query = {
	    .collection = pack_collection(txn->pack, bytes_text("visit")),
	    .now_seconds = office_time(today),
	    .words = bytes_text(words)};
	struct expr_scope scope = {.pack = txn->pack,
	    .collection = query.collection,
	    .may = EXPR_MAY_ALL};
	struct query_key keys[KEYS] = {{.down = true}, {0}};
	struct query_sorted sorted = {0};
	struct query_run run = {0};
	enum err e;

	/* Who stands for whom counts in all of them. */
	e = alias_held(txn, &query.aliases);
	if (e == ERR_OK && *where != '\0')
		e = expr_parse(bytes_text(where), &scope, 1 << EXPR_BOOL, arena,
		    &query.where);
	if (e == ERR_OK)
		e = expr_parse(
		    bytes_text("on"), &scope, EXPR_ANY, arena, &keys[0].expr);
	if (e == ERR_OK)
		e = expr_parse(bytes_text("home.no"), &scope, EXPR_ANY, arena,
		    &keys[1].expr);
	if (e == ERR_OK)
		e = query_begin(txn, &query, &run);
	if (e == ERR_OK)
		e = query_sort_run(&run,
		    &(struct query_order){.keys = keys, .keys_n = KEYS},
		    &sorted);
	buf_add_format(text, "%s %s: ", where, words);
	for (size_t i = 0; i < sorted.n; i++) {
		look_id(&sorted.rows[i].id, text);
		for (size_t k = 0; k < KEYS; k++)
			value_add(&sorted.rows[i].values[k], text);
	}
	query_sort_fini(&sorted);
	query_end(&run);
	return e;
}

static enum err
searches(struct store *store, struct arena *arena, struct buf *text)
{
	struct txn *txn = store_txn(store);
	static const char *const wheres[] = {"", "home.no = 'H-1'",
	    "home.no begins 'H'", "state = done and amount > 3",
	    "count(visit, home = this.home) > 1",
	    "exists(visit, home = this.home and state = open)",
	    "latest(visit, on, home = this.home) > today",
	    "total(visit, amount, home = this.home) > 4", "tags has '가'",
	    "created <= today and conflict(state) or tries = 0",
	    "count(visit, home = this.home) in (1, 2, 3)",
	    "amount in (count(visit, home = this.home), 5)",
	    "if(exists(visit, home = this.home), on, today) < today",
	    "first(latest(visit, on, home = this.home), on) is something",
	    "min(count(visit, home = this.home), 2) = 2 or ill",
	    "not exists(visit, home = this.home and home.income > 7) or ill",
	    "home.same_as.no begins 'H' or home in (id, home)",
	    "count(visit, home = this.home and amount > tries) > 0",
	    "total(visit, count(visit, home = this), home = this.home) = 0"};
	struct units units;
	enum err e = ERR_OK;

	for (size_t i = 0; i < COUNT_OF(wheres) && e == ERR_OK; i++)
		e = find(txn, wheres[i], "", arena, text);
	if (e == ERR_OK)
		e = find(txn, buf_text(&of_home), "", arena, text);
	if (e == ERR_OK)
		e = find(txn, "", "가", arena, text);
	if (e == ERR_OK)
		e = units_load(txn, office_time(today), arena, &units);
	for (size_t i = 0; e == ERR_OK && i < units.n; i++)
		buf_add(text, units.p[i].name);
	return e;
}

static void
searches_prepare(struct plant *plant)
{
	office_prepare(plant);
	look_first(plant, searches, 400);
}

static enum err
searches_step(struct plant *plant, size_t i)
{
	(void)i;
	return look_again(plant, searches);
}

/* ---- what came without what was before it ------------------------------- */

static struct record_id gapped[3];

/* All their changes that are here. */
static enum err
changes(struct store *store, struct arena *arena, struct buf *text)
{
	struct space space = town_space(OFFICE_SPACE);
	enum err e = ERR_OK;

	for (size_t i = 0; i < COUNT_OF(gapped) && e == ERR_OK; i++) {
		struct merge_changes all;

		e = store_history(store, &space, &gapped[i], arena, &all);
		for (size_t k = 0; k < all.n && e == ERR_OK; k++)
			buf_add_format(text, "%llu %zu ",
			    (unsigned long long)all.p[k].stamp.v,
			    all.p[k].parents_n);
		buf_add_text(text, "; ");
	}
	return e;
}

/* Of some records a change is here, and of those before it some are not: they
 * stand in a log that goes on without them, or not at all. */
static void
gaps_prepare(struct plant *plant)
{
	struct town *town = &plant->town;
	struct log_id log;

	for (size_t i = 0; i < COUNT_OF(gapped); i++)
		gapped[i] = town_create(town, 1, OFFICE_SPACE, "하나");
	town_copy(town, 1, 2);
	for (size_t i = 0; i < COUNT_OF(gapped); i++)
		(void)town_patch(town, 2, OFFICE_SPACE, &gapped[i],
		    town_edit(OP_SET, "name", town_text("둘")));
	log = council_cut(town, 2, 2, OFFICE_SPACE, 0).log;
	town_carry(town, 2, 0, &(struct town_cargo){.log = &log});
	log = council_cut(town, 1, 1, OFFICE_SPACE, 0).log;
	town_carry(
	    town, 1, 0, &(struct town_cargo){.log = &log, .deltas_max = 2});
	look_first(plant, changes, 60);
}

static enum err
gaps_step(struct plant *plant, size_t i)
{
	(void)i;
	return look_again(plant, changes);
}

/* ---- what does not count ------------------------------------------------ */

static enum err
entry_add(void *arg, const struct inbox_entry *entry)
{
	struct buf *text = arg;

	buf_add_format(text, "%llu %d %d ",
	    (unsigned long long)entry->delta.seq, (int)entry->why,
	    entry->voided);
	buf_add(text, entry->reason);
	for (size_t i = 0; i < entry->records_n; i++)
		look_id(&entry->records[i], text);
	return ERR_OK;
}

static enum err
outside(struct store *store, struct arena *arena, struct buf *text)
{
	struct txn *txn = store_txn(store);
	const struct authority *authority;
	struct event event;
	uint64_t number = 0;
	enum err e = store_authority(store, &authority);

	(void)arena;
	if (e == ERR_OK)
		e = inbox_walk(txn, authority, NULL, entry_add, text);
	while (e == ERR_OK && events_next(txn, number, &event)) {
		number = event.number;
		buf_add(text, event.text);
	}
	return e;
}

/* Node 2 has lost its right; of what it wrote since one delta is voided. */
static void
outside_prepare(struct plant *plant)
{
	struct town *town = &plant->town;
	struct store_revoked revoked;
	struct ref refs[4];

	slip_is(council_revoke(town, 0, 2, 0, &revoked), ERR_OK, NULL);
	for (int i = 0; i < 4; i++)
		(void)town_create(town, 2, OFFICE_SPACE, "밖");
	town_copy(town, 2, 0);
	assert_true(council_refs(town, 0, OFFICE_SPACE, refs, 4) >= 1);
	slip_is(council_decide(town, 0, OFFICE_SPACE, false, refs, 1), ERR_OK,
	    NULL);
	look_first(plant, outside, 100);
}

static enum err
outside_step(struct plant *plant, size_t i)
{
	(void)i;
	return look_again(plant, outside);
}

const struct job job_look[] = {
    {.name = "reports",
	.steps = 1,
	.prepare = reports_prepare,
	.step = reports_step},
    {.name = "lists", .steps = 1, .prepare = lists_prepare, .step = lists_step},
    {.name = "searches",
	.steps = 1,
	.prepare = searches_prepare,
	.step = searches_step},
    {.name = "gaps", .steps = 1, .prepare = gaps_prepare, .step = gaps_step},
    {.name = "outside",
	.steps = 1,
	.prepare = outside_prepare,
	.step = outside_step},
};
const size_t job_look_n = COUNT_OF(job_look);
