/*
 * What a record adds to the views of its collection.  Called by
 * core/view_keep.c for each change and by core/check_view.c for each record;
 * reads cells, writes nothing, asks no clock.
 */
#include "core/view_rows.h"

#include <stdlib.h>
#include <string.h>

#include "core/view_form.h"
#include "proto/codec.h"

/* The fields of a record that views read, with all their values. */
struct slim {
	const struct turn_place *at;
	const struct view_plan *plan;
	const struct record *from;
	struct record record;
	const struct view_bits *views;
	struct view_amounts *out;
	size_t sources_room;   /* 0: the sources are those of `from` */
	struct view_bits open; /* fields all of whose values are of class N */
};

/* One view while the rows of a record are made.  Large, so that it is made for
 * views alone whose condition holds. */
struct making {
	const struct slim *slim;
	const struct view_reads *reads;
	struct expr_source source;
	struct view_amounts *out;
	/* The values of each group, and of each distinct. */
	struct expr_value groups[LIMIT_VIEW_PARTS];
	struct expr_value distinct[LIMIT_VIEW_PARTS];
	bool groups_hidden[LIMIT_VIEW_PARTS];
	bool distinct_hidden[LIMIT_VIEW_PARTS];
	struct view_sum sums[LIMIT_VIEW_PARTS];
	size_t at[LIMIT_VIEW_PARTS]; /* which value of each group it is at */
};

static enum err field_take(struct slim *slim, const struct view_field *what,
    const struct record_field *from, struct record_field *to) MUST_USE;
static bool total_find(const struct slim *slim, const struct view_field *what,
    struct view_sum *total);
static void total_take(
    struct slim *slim, const struct view_sum *total, struct record_field *to);
static void total_put(const struct slim *slim, const struct view_field *what,
    const struct view_sum *total);
static enum err cells_take(struct slim *slim, const struct record_field *from,
    struct record_field *to) MUST_USE;
static enum err slim_make(struct slim *slim) MUST_USE;
static void view_make(const struct slim *slim, const struct view_reads *reads,
    struct view_amounts *out);
static void rows_make(const struct slim *slim, const struct view_reads *reads,
    const struct expr_source *source, struct view_amounts *out);
static void values_eval(struct making *m);
static size_t rows_count(const struct making *m);
static void left_out_put(struct making *m);
static void group_rows(struct making *m);
static bool next_group(struct making *m);
static void row_put(struct arena *arena, struct view_amounts *out,
    const struct view_key *key, const struct view_sum *sums, size_t n);

void
view_rows_all(const struct view_plan *plan, struct view_bits *views)
{
	*views = (struct view_bits){0};
	for (size_t i = 0; i < plan->views_n; i++)
		view_bits_add(views, i);
}

enum err
view_rows_add(const struct turn_place *at, const struct view_plan *plan,
    const struct view_bits *views, const struct record *record,
    struct view_amounts *amounts)
{
	struct slim slim = {.at = at,
	    .plan = plan,
	    .from = record,
	    .views = views,
	    .out = amounts};
	enum err e;

	if (!record->exists || record->status == RECORD_DELETED)
		return ERR_OK;
	e = slim_make(&slim);
	for (size_t i = 0; i < plan->views_n && e == ERR_OK; i++)
		if (view_bits_has(views, i))
			view_make(&slim, &plan->views[i], amounts);
	return e;
}

/* ---- what views read of a record ---------------------------------------- */

static enum err
slim_make(struct slim *slim)
{
	const struct view_plan *plan = slim->plan;
	struct record *record = &slim->record;
	struct view_bits wanted = {0};
	enum err e = ERR_OK;

	for (size_t i = 0; i < plan->views_n; i++)
		for (size_t w = 0;
		     view_bits_has(slim->views, i) && w < COUNT_OF(wanted.of);
		     w++)
			wanted.of[w] |= plan->views[i].all.of[w];
	*record = *slim->from;
	record->heads = NULL;
	record->heads_n = 0;
	record->fields_n = 0;
	record->fields = arena_room(
	    slim->at->arena, plan->fields_n, sizeof(*record->fields));
	memset(&slim->open, 0xff, sizeof(slim->open));
	for (size_t i = 0; i < plan->fields_n && e == ERR_OK; i++) {
		const struct pack_field *field = plan->fields[i].field;
		size_t bit = plan->fields[i].at;
		const struct record_field *from = NULL;
		struct record_field *to = &record->fields[record->fields_n];

		if (view_bits_has(&wanted, bit))
			from = merge_find(
			    slim->from, bytes_text(field->name), field->kind);
		if (from == NULL)
			continue;
		e = field_take(slim, &plan->fields[i], from, to);
		for (size_t k = 0; e == ERR_OK && k < to->n; k++)
			if (to->values[k].class != CLASS_N)
				slim->open.of[bit / 64] &= ~(
				    UINT64_C(1) << bit % 64);
		record->fields_n++;
	}
	return e;
}

static enum err
field_take(struct slim *slim, const struct view_field *what,
    const struct record_field *from, struct record_field *to)
{
	bool kept = from->n > 1 && what->keeper != SIZE_MAX;
	struct view_sum total = {0};
	enum err e = ERR_OK;

	*to = *from;
	if (kept && from->values == NULL && total_find(slim, what, &total))
		total_take(slim, &total, to);
	else if (from->values == NULL)
		e = cells_take(slim, from, to);
	/* Whatever changes the total touches the view that keeps it. */
	if (e != ERR_OK || !kept || !view_bits_has(slim->views, what->keeper))
		return e;
	if (to->n == from->n)
		for (size_t i = 0; i < to->n; i++)
			view_sum_amount(&total, to->values[i].value);
	total_put(slim, what, &total);
	return ERR_OK;
}

/* ---- totals of counters ------------------------------------------------- */

static void
total_key(const struct slim *slim, const struct view_field *what,
    struct view_key *key)
{
	const struct record_id *id = slim->at->id;
	uint8_t place[2];

	bytes_put_be16(place, (uint16_t)what->at);
	view_form_begin(slim->at->space->no, slim->plan->views[what->keeper].no,
	    VIEW_TOTALS, key);
	view_form_add(key, bytes_of(place, sizeof(place)));
	view_form_add(key, bytes_of(id->b, sizeof(id->b)));
}

static void
total_put(const struct slim *slim, const struct view_field *what,
    const struct view_sum *total)
{
	struct view_key key;

	total_key(slim, what, &key);
	row_put(slim->at->arena, slim->out, &key, total, 1);
}

/* The total of `field` as it stands in the row of `record`, or in no more than
 * one. */
static bool
total_old(const struct slim *slim, const struct view_field *what,
    const struct record_field *field, struct view_sum *total)
{
	struct txn *txn = slim->at->txn;
	struct bytes content;
	uint64_t records;
	struct view_key key;
	struct bytes row;

	if (field == NULL)
		return true;
	if (field->values != NULL) {
		for (size_t i = 0; i < field->n; i++)
			view_sum_amount(total, field->values[i].value);
		return true;
	}
	total_key(slim, what, &key);
	return kv_find(txn->kv, TABLE_VIEWS, view_form_key(&key), &row) &&
	       tables_fit(view_form_key(&key), row, &content) &&
	       view_form_read(content, &records, total, 1) && records == 1;
}

/* Adds the amounts of `field` among the `n` cells; how many there are. */
static size_t
cells_add(const struct cell *cells, size_t n, const struct pack_field *field,
    struct view_sum *total)
{
	size_t amounts = 0;

	for (size_t i = 0; i < n; i++)
		if (cells[i].kind == field->kind &&
		    bytes_is(cells[i].field, field->name)) {
			view_sum_amount(total, cells[i].value);
			amounts++;
		}
	return amounts;
}

/* The total of a counter whose amounts are not loaded: the one that is kept,
 * and behind the step what that added.  False when it has to be counted. */
static bool
total_find(const struct slim *slim, const struct view_field *what,
    struct view_sum *total)
{
	const struct turn *turn = slim->out->turn;
	const struct pack_field *field = what->field;
	const struct record_field *old;
	struct view_sum gone = {0};
	bool kept;

	if (turn == NULL)
		return false;
	old = merge_find(turn->old, bytes_text(field->name), field->kind);
	kept = total_old(slim, what, old, total);
	if (!slim->out->leaves) {
		/* What was the only one gets a cell now. */
		if (old != NULL && old->n == 1)
			*total = (struct view_sum){0};
		(void)cells_add(turn->come, turn->come_n, field, total);
		/* Hardly ever: an amount is replaced by nothing. */
		kept = kept &&
		       cells_add(turn->gone, turn->gone_n, field, &gone) == 0;
	}
	if (!kept)
		*total = (struct view_sum){0};
	return kept;
}

/* One amount in the place of all, as near as there is. */
static void
total_take(
    struct slim *slim, const struct view_sum *total, struct record_field *to)
{
	struct buf value = {0};
	int64_t is;
	bool fits = view_sum_get(total, &is);

	(void)fits;
	codec_put_int(&value, is);
	to->n = 1;
	to->values = arena_new(slim->at->arena, sizeof(*to->values));
	to->values[0] = (struct record_value){.class = CLASS_N,
	    .value = arena_bytes(slim->at->arena, buf_bytes(&value))};
	buf_fini(&value);
}

/* Room for `n` sources more. */
static void
sources_room(struct slim *slim, size_t n)
{
	struct record *record = &slim->record;
	struct record_source *sources;
	size_t room = record->sources_n + n;

	if (room <= slim->sources_room)
		return;
	sources = arena_room(slim->at->arena, room, sizeof(*sources));
	for (size_t i = 0; i < record->sources_n; i++)
		sources[i] = record->sources[i];
	record->sources = sources;
	slim->sources_room = room;
}

static enum err
cells_take(
    struct slim *slim, const struct record_field *from, struct record_field *to)
{
	struct txn *txn = slim->at->txn;
	struct record *record = &slim->record;
	struct kv_cursor cursor;
	struct key prefix;
	size_t n = 0;
	enum err e = ERR_OK;

	if (from->n > kv_count(txn->kv, TABLE_CELLS))
		return err_set(ERR_CORRUPT,
		    "a record counts more values than there are: run `golmok "
		    "fsck`");
	sources_room(slim, from->n);
	to->values = arena_array(slim->at->arena, from->n, sizeof(*to->values));
	cell_prefix(
	    slim->at->space->no, slim->at->id, from->name, from->kind, &prefix);
	kv_cursor_init(&cursor, txn->kv, TABLE_CELLS);
	for (bool more = kv_seek(&cursor, tables_key(&prefix));
	     more && e == ERR_OK &&
	     bytes_begins(cursor.key, tables_key(&prefix));
	     more = kv_next(&cursor)) {
		struct bytes content;
		struct cell cell;

		e = tables_open(
		    TABLE_CELLS, cursor.key, cursor.value, &content);
		if (e == ERR_OK &&
		    (!cell_decode(cursor.key, content, &cell) || n == from->n))
			e = tables_corrupt(TABLE_CELLS, cursor.key,
			    "its record does not count this value");
		if (e != ERR_OK || !bytes_equal(cell.field, from->name))
			continue;
		to->values[n++] = (struct record_value){
		    .source = (uint32_t)record->sources_n,
		    .op = cell.dot.op,
		    .class = cell.class,
		    .value = arena_bytes(slim->at->arena, cell.value)};
		record->sources[record->sources_n++] = cell_source(&cell);
	}
	if (e == ERR_OK && kv_failed(txn->kv) == ERR_OK && n != from->n)
		e = tables_corrupt(TABLE_CELLS, tables_key(&prefix),
		    "not all values that the record counts are there");
	kv_cursor_fini(&cursor);
	return e == ERR_OK ? kv_failed(txn->kv) : e;
}

/* ---- one view ----------------------------------------------------------- */

/* What views say looks at no other record, so that it cannot fail. */
static void
view_make(const struct slim *slim, const struct view_reads *reads,
    struct view_amounts *out)
{
	const struct pack_view *view = reads->view;
	const struct expr_source source = {.txn = slim->at->txn,
	    .space = &slim->at->space->name,
	    .id = slim->at->id,
	    .record = &slim->record,
	    .arena = slim->at->arena};
	struct expr_value holds = {.i = 1};

	if (view->where.code != NULL)
		expr_eval_own(view->where.code, &source, &holds);
	if (holds.i != 0)
		rows_make(slim, reads, &source, out);
}

static void
rows_make(const struct slim *slim, const struct view_reads *reads,
    const struct expr_source *source, struct view_amounts *out)
{
	struct making m = {
	    .slim = slim, .reads = reads, .source = *source, .out = out};

	values_eval(&m);
	if (rows_count(&m) > LIMIT_VIEW_ROWS) {
		left_out_put(&m);
		return;
	}
	do
		group_rows(&m);
	while (next_group(&m));
}

/* Does any of the fields hold a value that is not of class N? */
static bool
is_hidden(const struct slim *slim, const struct view_bits *fields)
{
	for (size_t i = 0; i < COUNT_OF(fields->of); i++)
		if ((fields->of[i] & ~slim->open.of[i]) != 0)
			return true;
	return false;
}

/* As a set of one or more: what is nothing has a row of its own. */
static void
group_as_set(struct arena *arena, struct expr_value *value)
{
	struct expr_value *one;

	if (value->is_set && value->n > 0)
		return;
	one = arena_new(arena, sizeof(*one));
	*one = value->is_set ? (struct expr_value){0} : *value;
	*value = (struct expr_value){
	    .type = one->type, .is_set = true, .n = 1, .items = one};
}

/* As a set of elements, of which there may be none. */
static void
distinct_as_set(struct arena *arena, struct expr_value *value)
{
	struct expr_value *one;

	if (value->is_set)
		return;
	one = arena_new(arena, sizeof(*one));
	*one = *value;
	*value = (struct expr_value){.type = one->type,
	    .is_set = true,
	    .n = one->type != EXPR_NOTHING ? 1 : 0,
	    .items = one};
}

static void
values_eval(struct making *m)
{
	const struct pack_view *view = m->reads->view;
	struct arena *arena = m->source.arena;
	struct expr_value value;

	for (size_t i = 0; i < view->group_n; i++) {
		expr_eval_own(
		    view->group[i].is.code, &m->source, &m->groups[i]);
		group_as_set(arena, &m->groups[i]);
		m->groups_hidden[i] = is_hidden(m->slim, &m->reads->group[i]);
	}
	for (size_t i = 0; i < view->distinct_n; i++) {
		expr_eval_own(
		    view->distinct[i].is.code, &m->source, &m->distinct[i]);
		distinct_as_set(arena, &m->distinct[i]);
		m->distinct_hidden[i] = m->reads->hidden[i] ||
					is_hidden(
					    m->slim, &m->reads->distinct[i]);
	}
	for (size_t i = 0; i < view->sum_n; i++) {
		expr_eval_own(view->sum[i].is.code, &m->source, &value);
		if (value.type != EXPR_NOTHING)
			m->sums[i] = (struct view_sum){
			    .high = value.i < 0 ? -1 : 0,
			    .low = (uint64_t)value.i};
	}
}

/* How many rows it makes, or more than there may be. */
static size_t
rows_count(const struct making *m)
{
	const struct pack_view *view = m->reads->view;
	size_t each = 1;
	size_t n = 1;

	for (size_t i = 0; i < view->group_n && n <= LIMIT_VIEW_ROWS; i++)
		n = m->groups[i].n > LIMIT_VIEW_ROWS ? SIZE_MAX
						     : n * m->groups[i].n;
	for (size_t i = 0; i < view->distinct_n && each <= LIMIT_VIEW_ROWS; i++)
		each += m->distinct[i].n;
	return n > LIMIT_VIEW_ROWS || each > LIMIT_VIEW_ROWS ? SIZE_MAX
							     : n * each;
}

static void
left_out_put(struct making *m)
{
	struct view_key key;

	view_form_begin(
	    m->slim->at->space->no, m->reads->no, VIEW_LEFT_OUT, &key);
	row_put(m->source.arena, m->out, &key, NULL, 0);
}

/* The rows of one value of each group. */
static void
group_rows(struct making *m)
{
	const struct pack_view *view = m->reads->view;
	struct space_no space = m->slim->at->space->no;
	struct view_place place = {.secret = m->source.txn->views->secret,
	    .view = m->reads->no,
	    .text_max = view_form_text_max(view)};
	struct view_key groups = {.n = 0};
	struct view_key key;

	for (size_t i = 0; i < view->group_n; i++) {
		place.number = (uint8_t)i;
		place.hidden = m->groups_hidden[i];
		view_form_put(&place, &m->groups[i].items[m->at[i]], &groups);
	}
	if (view->count || view->sum_n > 0) {
		view_form_begin(space, m->reads->no, VIEW_SUMS, &key);
		view_form_add(&key, view_form_key(&groups));
		row_put(m->source.arena, m->out, &key, m->sums, view->sum_n);
	}
	place.number = 0;
	for (size_t i = 0; i < view->distinct_n; i++) {
		place.part = (uint8_t)(VIEW_DISTINCT + i);
		place.hidden = m->distinct_hidden[i];
		for (size_t k = 0; k < m->distinct[i].n; k++) {
			view_form_begin(space, m->reads->no, place.part, &key);
			view_form_add(&key, view_form_key(&groups));
			view_form_put(&place, &m->distinct[i].items[k], &key);
			row_put(m->source.arena, m->out, &key, NULL, 0);
		}
	}
}

/* Goes on to the next values of the groups, the last one first. */
static bool
next_group(struct making *m)
{
	for (size_t i = m->reads->view->group_n; i > 0; i--) {
		if (++m->at[i - 1] < m->groups[i - 1].n)
			return true;
		m->at[i - 1] = 0;
	}
	return false;
}

static void
row_put(struct arena *arena, struct view_amounts *out,
    const struct view_key *key, const struct view_sum *sums, size_t n)
{
	struct view_amount *amount;

	if (out->n == out->room) {
		size_t room = out->room > 0 ? 2 * out->room : 16;
		struct view_amount *p = arena_room(arena, room, sizeof(*p));

		for (size_t i = 0; i < out->n; i++)
			p[i] = out->p[i];
		out->p = p;
		out->room = room;
	}
	amount = &out->p[out->n++];
	*amount = (struct view_amount){
	    .key = arena_bytes(arena, view_form_key(key)),
	    .records = out->leaves ? -1 : 1,
	    .sums = arena_room(arena, n, sizeof(*sums)),
	    .sums_n = n};
	for (size_t i = 0; i < n; i++) {
		amount->sums[i] = sums[i];
		if (out->leaves)
			view_sum_negate(&amount->sums[i]);
	}
}

/* ---- together ----------------------------------------------------------- */

static int
amount_order(const void *a, const void *b)
{
	const struct view_amount *x = a;
	const struct view_amount *y = b;

	return bytes_compare(x->key, y->key);
}

static bool
is_nothing(const struct view_amount *amount)
{
	for (size_t i = 0; i < amount->sums_n; i++)
		if (amount->sums[i].high != 0 || amount->sums[i].low != 0)
			return false;
	return amount->records == 0;
}

void
view_rows_settle(struct view_amounts *amounts)
{
	struct view_amount *p = amounts->p;
	size_t kept = 0;

	if (amounts->n > 1)
		qsort(p, amounts->n, sizeof(*p), amount_order);
	for (size_t i = 0; i < amounts->n;) {
		struct view_amount one = p[i++];

		for (; i < amounts->n && bytes_equal(p[i].key, one.key); i++) {
			one.records += p[i].records;
			assert(p[i].sums_n == one.sums_n);
			for (size_t k = 0; k < one.sums_n; k++)
				view_sum_add(&one.sums[k], &p[i].sums[k]);
		}
		if (!is_nothing(&one))
			p[kept++] = one;
	}
	amounts->n = kept;
}
