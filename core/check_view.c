/*
 * The views of a space against its records, for core/check_record.c, which goes
 * through them.  A space may have more rows than a process has memory, so what
 * belongs there is not listed: each row is one term of a sum, whoever adds it
 * up, and the sums of the records and of the table must be the same.  They are
 * different for tables that differ, but for one chance in 2^64.
 */
#include "core/check_view.h"

#include "core/view_form.h"
#include "core/view_rows.h"
#include "proto/mem.h"

/* Below 2^32: what stands above 64 bits of a sum is seen in it as well. */
static const uint64_t prime = UINT64_C(4294967291);

struct digest_sum {
	uint64_t word;	  /* modulo 2^64 */
	uint64_t residue; /* modulo `prime` */
};

struct check_view {
	struct check *check;
	struct space_state *space;
	struct digest_sum *sums; /* for each view: records less rows */
	size_t n;
};

static void rows_subtract(struct check_view *view);
static enum err row_subtract(
    struct check_view *view, const struct kv_cursor *cursor) MUST_USE;
static void amount_add(
    struct digest_sum *sum, const struct view_amount *amount, bool negative);

struct check_view *
check_view_begin(struct check *check, struct space_state *space)
{
	const struct views *views = check->txn->views;
	struct check_view *view;

	if (views == NULL || !view_is_current(check->txn))
		return NULL;
	view = mem_zeros(1, sizeof(*view));
	view->check = check;
	view->space = space;
	view->n = views->pack != NULL ? views->pack->views_n : 0;
	view->sums = mem_zeros(view->n + 1, sizeof(*view->sums));
	return view;
}

static uint16_t
number_of(struct bytes key)
{
	struct view_head head = {0};
	bool there = view_form_head(&key, &head);

	assert(there);
	return head.view;
}

void
check_view_record(struct check_view *view, const struct record_id *id,
    const struct record *record, struct arena *arena)
{
	const struct view_plan *plan;
	struct view_amounts amounts = {0};
	struct view_bits all;
	struct turn_place at;
	enum err e;

	if (view == NULL)
		return;
	at = (struct turn_place){.txn = view->check->txn,
	    .space = view->space,
	    .id = id,
	    .arena = arena};
	plan = view_plan_find(at.txn->views, record->collection);
	if (plan == NULL)
		return;
	view_rows_all(plan, &all);
	e = view_rows_add(&at, plan, &all, record, &amounts);
	if (!check_passed(view->check, e))
		return;
	for (size_t i = 0; i < amounts.n; i++)
		amount_add(&view->sums[number_of(amounts.p[i].key)],
		    &amounts.p[i], false);
}

/* A number that belongs to column `column` of the row `key`. */
static uint64_t
factor(struct bytes key, size_t column)
{
	uint8_t b[9] = {(uint8_t)column};

	bytes_put_be64(b + 1, bytes_checksum(key));
	return bytes_checksum(bytes_of(b, sizeof(b)));
}

/* `sum` modulo `prime`. */
static uint64_t
residue_of(const struct view_sum *sum)
{
	/* 2^64 modulo it, which is 25: 5 squared, as 2^32 is 5. */
	uint64_t high = sum->high < 0
			    ? prime - (uint64_t) - (sum->high + 1) % prime - 1
			    : (uint64_t)sum->high % prime;

	return (high * 25 + sum->low % prime) % prime;
}

static void
column_add(struct digest_sum *sum, uint64_t by, const struct view_sum *value,
    bool negative)
{
	uint64_t word = by * value->low;
	uint64_t residue = by % prime * residue_of(value) % prime;

	sum->word += negative ? 0 - word : word;
	sum->residue = (sum->residue + (negative ? prime - residue : residue)) %
		       prime;
}

static void
amount_add(
    struct digest_sum *sum, const struct view_amount *amount, bool negative)
{
	const struct view_sum records = {.low = (uint64_t)amount->records};

	column_add(sum, factor(amount->key, 0), &records, negative);
	for (size_t i = 0; i < amount->sums_n; i++)
		column_add(sum, factor(amount->key, 1 + i), &amount->sums[i],
		    negative);
}

void
check_view_end(struct check_view *view, bool complete)
{
	struct check *check;
	const struct pack *pack;

	if (view == NULL)
		return;
	check = view->check;
	pack = check->txn->views->pack;
	if (!check_ended(check))
		rows_subtract(view);
	for (size_t i = 0; i < view->n && complete && !check_ended(check); i++)
		if (view->sums[i].word != 0 || view->sums[i].residue != 0)
			(void)check_passed(check,
			    err_set(ERR_CORRUPT,
				"the view %s of the space %s says other than "
				"its records do: run `golmok rebuild`",
				pack->views[i].name, view->space->name.text));
	mem_free(view->sums);
	mem_free(view);
}

static void
rows_subtract(struct check_view *view)
{
	struct check *check = view->check;
	struct kv_cursor cursor;
	struct key prefix;

	tables_space_key(view->space->no, &prefix);
	kv_cursor_init(&cursor, check->txn->kv, TABLE_VIEWS);
	for (bool more = kv_seek(&cursor, tables_key(&prefix));
	     more && !check_ended(check) &&
	     bytes_begins(cursor.key, tables_key(&prefix));
	     more = kv_next(&cursor)) {
		check->rows[TABLE_VIEWS]++;
		(void)check_passed(check, row_subtract(view, &cursor));
	}
	kv_cursor_fini(&cursor);
	(void)check_went_well(check);
}

static enum err
row_subtract(struct check_view *view, const struct kv_cursor *cursor)
{
	const struct pack *pack = view->check->txn->views->pack;
	struct view_sum sums[LIMIT_VIEW_PARTS];
	struct view_amount amount = {.key = cursor->key, .sums = sums};
	struct bytes rest = cursor->key;
	struct bytes content;
	struct view_head head;
	uint64_t records;
	enum err e = tables_open(
	    TABLE_VIEWS, cursor->key, cursor->value, &content);

	if (e != ERR_OK)
		return e;
	if (!view_form_head(&rest, &head) || head.view >= view->n)
		return tables_corrupt(
		    TABLE_VIEWS, cursor->key, "it belongs to no view");
	if (head.part == VIEW_SUMS)
		amount.sums_n = pack->views[head.view].sum_n;
	if (head.part == VIEW_TOTALS)
		amount.sums_n = 1;
	if (!view_form_read(content, &records, sums, amount.sums_n))
		return tables_corrupt(
		    TABLE_VIEWS, cursor->key, "it is no row of its view");
	amount.records = (int64_t)records;
	amount_add(&view->sums[head.view], &amount, true);
	return ERR_OK;
}
