/*
 * Which views there are, and walks through what they have counted.  Reports ask
 * here; core/view_keep.c writes the rows.  What is counted is the pack's to
 * say; nothing here knows a domain.
 */
#include "core/view.h"

#include <string.h>

#include "core/gap.h"
#include "core/meta.h"
#include "core/view_form.h"
#include "core/view_plan.h"
#include "proto/codec.h"
#include "proto/crypto.h"
#include "proto/mem.h"

const char view_meta[] = "views";

enum { LAYOUT = 2 };

static void state_make(struct views *views, const struct pack *pack);
static void fields_say(const struct view_plan *plan, struct buf *text);
static bool is_behind(const struct view_scan *scan, struct bytes key);

/* ---- what is counted ---------------------------------------------------- */

struct views *
view_new(const struct pack *pack, const uint8_t *secret)
{
	struct views *views = mem_zeros(1, sizeof(*views));

	views->pack = pack;
	memcpy(views->secret, secret, sizeof(views->secret));
	views->plans_n = view_plan_make(pack, &views->plans);
	state_make(views, pack);
	return views;
}

void
view_free(struct views *views)
{
	if (views == NULL)
		return;
	crypto_wipe(views->secret, sizeof(views->secret));
	for (size_t i = 0; i < views->plans_n; i++)
		view_plan_fini(&views->plans[i]);
	mem_free(views->plans);
	mem_free(views);
}

static void
parts_say(const struct pack_part *parts, size_t n, struct buf *text)
{
	buf_add_format(text, " %zu\n", n);
	for (size_t i = 0; i < n; i++) {
		buf_add(text, parts[i].is.text);
		buf_add_text(text, "\n");
	}
}

/* All that rows depend on. */
static void
state_make(struct views *views, const struct pack *pack)
{
	struct buf text = {0};

	buf_add_format(&text, "golmok/views %d\n", LAYOUT);
	if (pack != NULL)
		buf_add_format(&text, "%s %llu %lld\n", pack->name,
		    (unsigned long long)pack->version,
		    (long long)pack->clock_seconds);
	for (size_t i = 0; pack != NULL && i < pack->views_n; i++) {
		const struct pack_view *view = &pack->views[i];

		buf_add_format(&text, "%s %s %d\n", view->name,
		    view->collection->name, view->count);
		buf_add(&text, view->where.text);
		parts_say(view->group, view->group_n, &text);
		parts_say(view->sum, view->sum_n, &text);
		parts_say(view->distinct, view->distinct_n, &text);
	}
	for (size_t i = 0; i < views->plans_n; i++)
		fields_say(&views->plans[i], &text);
	crypto_blake2b(bytes_of(views->secret, sizeof(views->secret)),
	    buf_bytes(&text), views->state, sizeof(views->state));
	buf_fini(&text);
}

/* What the fields that views read are: an expression means something else when
 * they are. */
static void
fields_say(const struct view_plan *plan, struct buf *text)
{
	for (size_t i = 0; i < plan->fields_n; i++) {
		const struct pack_field *field = plan->fields[i].field;
		const struct pack_codes *codes = field->codes;

		buf_add_format(text, "%s.%s %d %d %d\n", field->collection,
		    field->name, (int)field->kind, (int)field->type,
		    (int)field->data_class);
		for (size_t k = 0; k < field->contested_n; k++)
			buf_add_format(text, "%s\n", field->contested[k]);
		for (size_t k = 0; codes != NULL && k < codes->values_n; k++)
			buf_add_format(text, "%s %lld\n",
			    codes->values[k].value,
			    (long long)codes->values[k].rank);
	}
}

enum stand
view_stand(struct txn *txn, struct stand_done *done)
{
	return txn->views == NULL
		   ? STAND_OTHER
		   : stand_find(txn, view_meta, txn->views->state, done);
}

bool
view_is_current(struct txn *txn)
{
	struct stand_done done;

	return view_stand(txn, &done) == STAND_WHOLE;
}

/* ---- sums --------------------------------------------------------------- */

void
view_sum_add(struct view_sum *a, const struct view_sum *b)
{
	uint64_t low = a->low + b->low;
	uint64_t carry = low < a->low ? 1 : 0;

	/* Fewer than 2^63 records of 64 bits each never leave 127 bits; rows
	 * that say otherwise are damaged, and wrap. */
	a->high = (int64_t)((uint64_t)a->high + (uint64_t)b->high + carry);
	a->low = low;
}

void
view_sum_negate(struct view_sum *sum)
{
	sum->high = (int64_t)(~(uint64_t)sum->high + (sum->low == 0 ? 1 : 0));
	sum->low = ~sum->low + 1;
}

void
view_sum_amount(struct view_sum *sum, struct bytes amount)
{
	struct reader r;
	int64_t is;

	codec_begin(&r, amount);
	is = codec_get_int(&r);
	if (!r.bad)
		view_sum_add(sum, &(struct view_sum){.high = is < 0 ? -1 : 0,
				      .low = (uint64_t)is});
}

bool
view_sum_get(const struct view_sum *sum, int64_t *n)
{
	bool below = sum->low >> 63 != 0;

	*n = (int64_t)sum->low;
	if ((sum->high == 0 && !below) || (sum->high == -1 && below))
		return true;
	*n = sum->high < 0 ? INT64_MIN : INT64_MAX;
	return false;
}

/* ---- walks -------------------------------------------------------------- */

static uint16_t
number_of(const struct txn *txn, const struct pack_view *view)
{
	const struct pack *pack = txn->views->pack;

	assert(pack != NULL && view >= pack->views &&
	       view < pack->views + pack->views_n);
	return (uint16_t)(view - pack->views);
}

/* Adds `value` of group `number` to `key`. */
static void
group_put(const struct view_scan *scan, size_t number,
    const struct expr_value *value, struct view_key *key)
{
	const struct view_place place = {.secret = scan->txn->views->secret,
	    .view = number_of(scan->txn, scan->view),
	    .number = (uint8_t)number,
	    .text_max = view_form_text_max(scan->view)};

	view_form_put(&place, value, key);
}

/* How many records the space has that are in no row. */
static void
left_out_read(struct view_scan *scan, struct space_no space)
{
	struct txn *txn = scan->txn;
	struct view_key key;
	struct bytes content;
	struct bytes row;
	enum err e;

	view_form_begin(space, number_of(txn, scan->view), VIEW_LEFT_OUT, &key);
	if (!kv_find(txn->kv, TABLE_VIEWS, view_form_key(&key), &row)) {
		gap_sure(txn, TABLE_VIEWS, view_form_key(&key));
		return;
	}
	e = tables_open(TABLE_VIEWS, view_form_key(&key), row, &content);
	if (e == ERR_OK && !view_form_read(content, &scan->left_out, NULL, 0))
		e = tables_corrupt(
		    TABLE_VIEWS, view_form_key(&key), "it counts no records");
	if (e != ERR_OK)
		kv_fail(txn->kv, e);
}

void
view_scan(struct txn *txn, struct space_no space, const struct pack_view *view,
    const struct view_range *range, struct view_scan *scan)
{
	assert(txn->views != NULL && range->part <= view->distinct_n);
	assert(range->equal_n <= view->group_n);
	assert((range->low == NULL && range->high == NULL) ||
	       range->equal_n < view->group_n);
	*scan = (struct view_scan){
	    .txn = txn, .view = view, .part = range->part};
	left_out_read(scan, space);
	view_form_begin(space, number_of(txn, view), range->part, &scan->under);
	for (size_t i = 0; i < range->equal_n; i++)
		group_put(scan, i, &range->equal[i], &scan->under);
	scan->at = scan->under;
	if (range->low != NULL)
		group_put(scan, range->equal_n, range->low, &scan->at);
	if (range->high == NULL)
		return;
	scan->high = scan->under;
	group_put(scan, range->equal_n, range->high, &scan->high);
}

enum err
view_next(struct view_scan *scan, struct view_row *row, bool *found)
{
	struct txn *txn = scan->txn;
	struct kv_cursor cursor;
	struct bytes content;
	enum err e = gap_edge(txn, TABLE_VIEWS, view_form_key(&scan->at));
	bool fits = true;

	*found = false;
	kv_cursor_init(&cursor, txn->kv, TABLE_VIEWS);
	if (e == ERR_OK && kv_seek(&cursor, view_form_key(&scan->at)) &&
	    bytes_begins(cursor.key, view_form_key(&scan->under)) &&
	    !is_behind(scan, cursor.key)) {
		*found = true;
		scan->at.n = 0;
		e = tables_open(
		    TABLE_VIEWS, cursor.key, cursor.value, &content);
		fits = cursor.key.n < sizeof(scan->at.b);
		if (e == ERR_OK && fits) {
			view_form_add(&scan->at, cursor.key);
			fits = view_row_read(scan->view, scan->part,
			    view_form_key(&scan->at), row);
			/* The next key there can be. */
			view_form_add(&scan->at, bytes_of("", 1));
		}
		if (e == ERR_OK && fits)
			fits = view_form_read(content, &row->records, row->sums,
			    scan->part == VIEW_SUMS ? scan->view->sum_n : 0);
		if (e == ERR_OK && !fits)
			e = tables_corrupt(TABLE_VIEWS, cursor.key,
			    "it is no row of its view");
	}
	kv_cursor_fini(&cursor);
	*found = *found && e == ERR_OK;
	return e != ERR_OK ? txn_fail(txn, e) : kv_failed(txn->kv);
}

/* Is the group that has an end behind it? */
static bool
is_behind(const struct view_scan *scan, struct bytes key)
{
	struct bytes end = view_form_key(&scan->high);

	if (end.n == 0 || bytes_begins(key, end))
		return false;
	return bytes_compare(key, end) > 0;
}

bool
view_row_read(const struct pack_view *view, unsigned part, struct bytes key,
    struct view_row *row)
{
	struct view_head head;
	bool fits = view_form_head(&key, &head);

	for (size_t i = 0; i < view->group_n && fits; i++)
		fits = view_form_get(&key, &row->groups[i]);
	row->element = (struct view_value){0};
	row->element_key = key;
	if (fits && part != VIEW_SUMS)
		fits = view_form_get(&key, &row->element);
	return fits && key.n == 0;
}
