/*
 * Makes reports: gathers the figures of each table, puts them into rows, and
 * says what they were made of.  Called by the commands and the console.
 */
#include "core/report.h"

#include <stdlib.h>
#include <string.h>

#include "core/oplog.h"
#include "core/query.h"
#include "core/report_said.h"
#include "core/shown.h"
#include "core/units.h"
#include "proto/ascii.h"
#include "proto/calendar.h"
#include "proto/mem.h"
#include "proto/merkle.h"

/* A table on its way. */
struct making {
	struct txn *txn;
	const struct report_ask *ask;
	const struct pack_table *table;
	struct arena *arena;
	struct figure_ask figure;
	struct figure_parts *parts; /* two for each column: over and under */
	struct bytes *keys;	    /* of the rows, rising */
	size_t *places;		    /* of each row in the order shown */
	size_t rows_n;
};

static enum err table_make(struct making *making, struct report_table *out);

/* How many components the units of the rows have: one more than what the report
 * is about, two at most. */
static size_t
unit_depth(const struct space *prefix)
{
	size_t n = id_depth(prefix);

	return n < 2 ? n + 1 : n;
}

/* ---- rows --------------------------------------------------------------- */

static int
key_order(const void *a, const void *b)
{
	return bytes_compare(
	    *(const struct bytes *)a, *(const struct bytes *)b);
}

/* All keys that some figure has, each once. */
static void
keys_make(struct making *making)
{
	size_t n = 0;
	size_t kept = 0;
	struct bytes *all;

	for (size_t i = 0; i < 2 * making->table->columns_n; i++)
		n += making->parts[i].n;
	all = mem_zeros(n + 1, sizeof(*all));
	n = 0;
	for (size_t i = 0; i < 2 * making->table->columns_n; i++)
		for (size_t k = 0; k < making->parts[i].n; k++) {
			struct bytes key = making->parts[i].p[k].key;

			if (n == 0 || !bytes_equal(all[n - 1], key))
				all[n++] = key;
		}
	if (n > 1)
		qsort(all, n, sizeof(*all), key_order);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || !bytes_equal(all[kept - 1], all[i]))
			all[kept++] = all[i];
	making->keys = arena_array(making->arena, kept, sizeof(*making->keys));
	for (size_t i = 0; i < kept; i++)
		making->keys[i] = arena_bytes(making->arena, all[i]);
	making->rows_n = kept;
	mem_free(all);
}

/* The field whose values the rows are; NULL when they are not. */
static const struct pack_field *
group_field(const struct pack_table *table)
{
	for (size_t i = 0; i < table->columns_n; i++) {
		const struct pack_figure *figure = table->columns[i];

		if (figure->source == PACK_OF_RATIO)
			figure = figure->ratio[0];
		for (size_t k = 0; table->rows == PACK_ROWS_GROUP &&
				   figure->source == PACK_OF_VIEW &&
				   k < figure->view->group_n;
		     k++)
			if (strcmp(figure->view->group[k].name, table->group) ==
			    0)
				return expr_field(
				    figure->view->group[k].is.code);
	}
	return NULL;
}

static size_t
value_place(const struct pack_field *field, struct bytes key)
{
	size_t i = 0;

	while (i < field->values_n && !bytes_is(key, field->values[i]))
		i++;
	return i;
}

/* Codes come in the order of their list, all else as it sorts. */
static void
places_make(struct making *making)
{
	const struct pack_field *field = group_field(making->table);
	size_t n = making->rows_n;

	making->places = arena_array(making->arena, n, sizeof(size_t));
	for (size_t i = 0; i < n; i++) {
		making->places[i] = i;
		if (field == NULL || field->values_n == 0)
			continue;
		making->places[i] = 0;
		for (size_t k = 0; k < n; k++) {
			size_t mine = value_place(field, making->keys[i]);
			size_t other = value_place(field, making->keys[k]);

			making->places[i] += other < mine ||
						     (other == mine && k < i)
						 ? 1
						 : 0;
		}
	}
}

/* ---- columns ------------------------------------------------------------ */

static enum err
column_collect(struct making *making, size_t column, struct report_column *says)
{
	const struct pack_figure *figure = making->table->columns[column];
	const struct pack_figure *figures[2] = {figure, NULL};
	enum err e = ERR_OK;

	if (figure->source == PACK_OF_RATIO)
		memcpy(figures, figure->ratio, sizeof(figures));
	for (size_t i = 0; e == ERR_OK && i < 2 && figures[i] != NULL; i++) {
		struct figure_parts *parts = &making->parts[2 * column + i];

		e = figure_collect(
		    making->txn, &making->figure, figures[i], parts);
		says->missing |= parts->missing;
		says->missing_logs += parts->missing_logs;
		says->left_out += parts->left_out;
		says->cut += parts->cut;
		says->is_timed = says->is_timed || figure_is_timed(figures[i]);
	}
	return e == ERR_OK ? e : err_wrap(e, "%s", figure->name);
}

/* Fills one column of all rows, and its total. */
static void
column_fill(struct making *making, size_t column, struct figure_number *numbers,
    struct figure_number *total)
{
	const struct pack_figure *figure = making->table->columns[column];
	struct figure_rows rows = {.keys = making->keys,
	    .n = making->rows_n,
	    .places = making->table->cumulative ? making->places : NULL};
	struct figure_number *under;
	struct figure_number under_total;

	figure_reduce(&making->parts[2 * column], &rows, numbers, total);
	if (figure->source != PACK_OF_RATIO)
		return;
	under = mem_zeros(rows.n + 1, sizeof(*under));
	figure_reduce(
	    &making->parts[2 * column + 1], &rows, under, &under_total);
	for (size_t i = 0; i < rows.n; i++)
		numbers[i] = figure_divide(
		    &numbers[i], &under[i], figure->digits, figure->percent);
	*total = figure_divide(
	    total, &under_total, figure->digits, figure->percent);
	mem_free(under);
}

static void
change_fill(struct making *making, struct report_table *out)
{
	size_t columns = making->table->columns_n;
	struct figure_number *change = arena_array(
	    making->arena, columns, sizeof(*change));

	for (size_t c = 0; making->table->rows == PACK_ROWS_PERIOD &&
			   out->rows_n > 1 && c < columns;
	     c++)
		change[c] = figure_divide(&out->rows[out->rows_n - 1].cells[c],
		    &out->rows[0].cells[c], 1, false);
	out->change = change;
}

static void early_drop(const struct making *making, struct report_table *out);

static void
table_fill(struct making *making, struct report_table *out)
{
	size_t columns = making->table->columns_n;
	size_t n = making->rows_n;
	struct figure_number *cells = arena_array(
	    making->arena, (n + 1) * columns, sizeof(*cells));
	struct figure_number *column = arena_array(
	    making->arena, n + 1, sizeof(*column));
	struct report_row *rows = arena_array(making->arena, n, sizeof(*rows));

	for (size_t c = 0; c < columns; c++) {
		column_fill(making, c, column, &cells[n * columns + c]);
		for (size_t i = 0; i < n; i++)
			cells[making->places[i] * columns + c] = column[i];
	}
	for (size_t i = 0; i < n; i++)
		rows[making->places[i]] = (struct report_row){
		    .key = making->keys[i],
		    .cells = &cells[making->places[i] * columns]};
	out->rows = rows;
	out->rows_n = n;
	out->total = &cells[n * columns];
	if (making->table->cumulative)
		early_drop(making, out);
	change_fill(making, out);
}

/* Rows of periods before the one that was asked for go: what they say is part
 * of those behind them.  The last row stays in any case. */
static void
early_drop(const struct making *making, struct report_table *out)
{
	struct period of;

	while (making->table->rows == PACK_ROWS_PERIOD && out->rows_n > 1 &&
	       period_read(out->rows[0].key, &of) &&
	       of.last < making->ask->period.first) {
		out->rows++;
		out->rows_n--;
	}
}

static enum err
table_make(struct making *making, struct report_table *out)
{
	size_t columns = making->table->columns_n;
	struct report_column *says = arena_array(
	    making->arena, columns, sizeof(*says));
	enum err e = ERR_OK;

	making->parts = mem_zeros(2 * columns, sizeof(*making->parts));
	making->figure = (struct figure_ask){.prefix = making->ask->prefix,
	    .period = making->ask->period,
	    .now_seconds = making->ask->now_seconds,
	    .rows = making->table->rows,
	    .unit_depth = unit_depth(&making->ask->prefix),
	    .group = making->table->group};
	/* What came before is part of a running total. */
	if (making->table->cumulative)
		making->figure.period.first = INT64_MIN;
	for (size_t c = 0; e == ERR_OK && c < columns; c++)
		e = column_collect(making, c, &says[c]);
	if (e == ERR_OK) {
		keys_make(making);
		places_make(making);
		out->table = making->table;
		out->columns = says;
		table_fill(making, out);
	}
	for (size_t i = 0; i < 2 * columns; i++)
		figure_fini(&making->parts[i]);
	mem_free(making->parts);
	return e;
}

/* ---- what it was made of ------------------------------------------------ */

/* The unit in whose spaces `log` is: all but the last part of the name. */
static struct report_unit
unit_of(const struct log *log)
{
	struct bytes prefix = id_above(bytes_text(log->name.space.text));

	return (struct report_unit){
	    .prefix = prefix, .logs_n = 1, .newest = log->last};
}

static int
unit_order(const void *a, const void *b)
{
	const struct report_unit *x = a;
	const struct report_unit *y = b;

	return bytes_compare(x->prefix, y->prefix);
}

/* Puts those of one prefix together; returns how many remain. */
static size_t
units_join(struct report_unit *units, size_t n)
{
	size_t kept = 0;

	if (n > 1)
		qsort(units, n, sizeof(*units), unit_order);
	for (size_t i = 0; i < n; i++) {
		struct report_unit *last = &units[kept - (kept > 0 ? 1 : 0)];

		if (kept == 0 || unit_order(last, &units[i]) != 0) {
			units[kept++] = units[i];
			continue;
		}
		last->logs_n += units[i].logs_n;
		if (units[i].newest.v > last->newest.v)
			last->newest = units[i].newest;
	}
	return kept;
}

/* Is nothing of `unit` or of what lies in it among the `n` that are held? */
static bool
is_missing(const struct unit *unit, const struct report_unit *held, size_t n)
{
	struct bytes prefix = bytes_text(unit->prefix.text);

	for (size_t i = 0; i < n; i++)
		if (bytes_begins(held[i].prefix, prefix) &&
		    (held[i].prefix.n == prefix.n ||
			held[i].prefix.p[prefix.n] == '/'))
			return false;
	return true;
}

/* Says of which units the report was made, and those of the city that are
 * there today and of which nothing is held. */
static enum err
units_make(struct txn *txn, const struct report_ask *ask, struct arena *arena,
    struct report *report)
{
	struct units known = {0};
	struct report_unit *units;
	int64_t today = calendar_day_at(
	    ask->now_seconds, expr_offset_seconds(txn->pack));
	size_t held;
	size_t n;
	enum err e = units_load(txn, ask->now_seconds, arena, &known);

	if (e != ERR_OK)
		return e;
	units = arena_array(arena, report->logs_n + known.n, sizeof(*units));
	for (size_t i = 0; i < report->logs_n; i++)
		units[i] = unit_of(report->logs[i].log);
	n = held = units_join(units, report->logs_n);
	for (size_t i = 0; i < known.n; i++) {
		const struct unit *unit = &known.p[i];

		if (unit->prefix.text[0] != '\0' && !unit->is_past &&
		    unit->from_days <= today &&
		    id_covers_prefix(&ask->prefix, &unit->prefix) &&
		    is_missing(unit, units, held))
			units[n++] = (struct report_unit){
			    .prefix = bytes_text(unit->prefix.text)};
	}
	report->units = units;
	report->units_n = units_join(units, n);
	return ERR_OK;
}

static void
log_hash(struct crypto_sha256 *state, const struct log *log)
{
	struct hash root;
	uint8_t size[8];

	merkle_root(&log->frontier, &root);
	bytes_put_be64(size, log->frontier.size);
	crypto_sha256_add(state, bytes_of(log->id.b, sizeof(log->id.b)));
	crypto_sha256_add(state, bytes_of(size, sizeof(size)));
	crypto_sha256_add(state, bytes_of(root.b, sizeof(root.b)));
}

static enum err
frontier_make(struct txn *txn, const struct report_ask *ask,
    struct arena *arena, struct report *report)
{
	struct space_state **spaces;
	struct report_log *logs = NULL;
	struct crypto_sha256 state;
	size_t room = 0;
	size_t n = 0;
	enum err e = space_all(txn, &spaces, &n);

	crypto_sha256_init(&state);
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		struct log **list;
		size_t list_n = 0;

		if (!id_covers(&ask->prefix, &spaces[i]->name))
			continue;
		e = oplog_all(txn, spaces[i], &list, &list_n);
		for (size_t k = 0; e == ERR_OK && k < list_n; k++) {
			mem_room(
			    &logs, &room, report->logs_n + 1, sizeof(*logs));
			logs[report->logs_n++].log = list[k];
			log_hash(&state, list[k]);
		}
	}
	crypto_sha256_out(&state, &report->frontier);
	if (logs != NULL) {
		struct report_log *kept = arena_array(
		    arena, report->logs_n, sizeof(*kept));

		memcpy(kept, logs, report->logs_n * sizeof(*kept));
		report->logs = kept;
	}
	mem_free(logs);
	return e;
}

enum err
report_make(struct txn *txn, const struct report_ask *ask, struct arena *arena,
    struct report *report)
{
	size_t n = ask->report->tables_n;
	struct report_table *tables = arena_array(arena, n, sizeof(*tables));
	enum err e = ERR_OK;

	*report = (struct report){.tables = tables};
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		struct making making = {.txn = txn,
		    .ask = ask,
		    .table = &ask->report->tables[i],
		    .arena = arena};

		e = table_make(&making, &tables[i]);
	}
	if (e == ERR_OK)
		e = frontier_make(txn, ask, arena, report);
	if (e == ERR_OK)
		e = units_make(txn, ask, arena, report);
	if (e == ERR_OK && txn->pack->reported != NULL)
		e = report_said_find(txn, ask, arena, report);
	return e == ERR_OK ? e : err_wrap(e, "%s", ask->report->name);
}

/* ---- words -------------------------------------------------------------- */

/* What the record that a reference names is called. */
static enum err
title_of(
    struct txn *txn, struct bytes hex, struct arena *arena, struct bytes *label)
{
	const struct pack_collection *collection = NULL;
	struct record record;
	struct record_id id;
	struct buf raw = {0};
	struct bytes title;
	bool held = false;
	enum err e = ascii_from_hex(hex, &raw);
	bool is_id = e == ERR_OK && raw.n == sizeof(id.b);

	if (is_id)
		bytes_copy(id.b, buf_bytes(&raw));
	buf_fini(&raw);
	if (!is_id)
		return ERR_OK;
	e = shown_record(txn, &id, arena, &record, &held);
	if (e == ERR_OK && held)
		collection = pack_collection(txn->pack, record.collection);
	if (collection == NULL)
		return e;
	title = shown_text(&record, collection->title);
	if (title.n > 0)
		*label = title;
	return ERR_OK;
}

enum err
report_label(struct txn *txn, const struct pack_table *table, struct bytes key,
    struct arena *arena, struct bytes *label)
{
	const struct pack_field *field = group_field(table);

	*label = key;
	if (field == NULL)
		return ERR_OK;
	if (field->type == PACK_REF)
		return title_of(txn, key, arena, label);
	*label = pack_word(field, key, false);
	return ERR_OK;
}
