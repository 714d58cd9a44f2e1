/*
 * Sets published values beside those that are worked out.  Nothing is mended:
 * where they differ, it is said.
 */
#include "core/report_said.h"

#include <stdlib.h>
#include <string.h>

#include "core/shown.h"
#include "proto/codec.h"
#include "proto/mem.h"

static bool
int_of(const struct record *record, const struct pack_field *field, int64_t *n)
{
	struct reader r;

	codec_begin(&r, shown_value(record, field));
	*n = codec_get_int(&r);
	return !r.bad;
}

/* The prefix of the unit that a published value is about; empty for all. */
static enum err
unit_of(struct txn *txn, const struct record *record, struct arena *arena,
    struct bytes *prefix)
{
	struct record unit;
	struct record_id id;
	bool held = false;
	enum err e = ERR_OK;

	*prefix = (struct bytes){0};
	if (txn->pack->units != NULL &&
	    shown_ref(record, txn->pack->reported->unit, &id))
		e = shown_record(txn, &id, arena, &unit, &held);
	if (e == ERR_OK && held)
		*prefix = arena_bytes(
		    arena, shown_text(&unit, txn->pack->units->prefix));
	return e;
}

/* ---- one number --------------------------------------------------------- */

static enum err
one_total(struct txn *txn, const struct figure_ask *ask,
    const struct pack_figure *figure, struct figure_number *number)
{
	struct figure_ask all = *ask;
	struct figure_parts parts = {0};
	struct bytes key = {0};
	struct figure_number row;
	enum err e;

	/* One row for all: that of the space of no components. */
	all.rows = PACK_ROWS_GROUP;
	all.group = "";
	e = figure_collect(txn, &all, figure, &parts);
	for (size_t i = 0; e == ERR_OK && i < parts.n; i++)
		parts.p[i].key = key;
	if (e == ERR_OK)
		figure_reduce(&parts,
		    &(struct figure_rows){.keys = &key, .n = 1}, &row, number);
	if (e == ERR_OK && parts.missing != 0)
		number->is_there = false;
	figure_fini(&parts);
	return e;
}

/* The one number of `figure`, ratios too, over all that `ask` covers; a ratio
 * has `digits` behind the point.  `ask->rows` is ignored. */
static enum err
total_make(struct txn *txn, const struct figure_ask *ask,
    const struct pack_figure *figure, unsigned digits,
    struct figure_number *number)
{
	struct figure_number under;
	enum err e;

	if (figure->source != PACK_OF_RATIO)
		return one_total(txn, ask, figure, number);
	e = one_total(txn, ask, figure->ratio[0], number);
	if (e == ERR_OK)
		e = one_total(txn, ask, figure->ratio[1], &under);
	if (e == ERR_OK)
		*number = figure_divide(
		    number, &under, digits, figure->percent);
	return e;
}

/* ---- published ---------------------------------------------------------- */

/* The figure of the report that has the key `metric`. */
static const struct pack_figure *
figure_of(const struct pack_report *report, struct bytes metric)
{
	for (size_t i = 0; i < report->tables_n; i++)
		for (size_t k = 0; k < report->tables[i].columns_n; k++) {
			const struct pack_figure *figure =
			    report->tables[i].columns[k];

			if (figure->metric != NULL &&
			    bytes_is(metric, figure->metric))
				return figure;
		}
	return NULL;
}

/* Works out what `said` says of `unit`. */
static enum err
compute(struct txn *txn, const struct report_ask *ask, const struct space *unit,
    struct report_said *said)
{
	struct figure_ask figure = {.prefix = *unit,
	    .period = {INT64_MIN, INT64_MAX},
	    .now_seconds = ask->now_seconds};
	int64_t times = 1;
	enum err e;

	if (said->period.n > 0 && !period_read(said->period, &figure.period))
		return ERR_OK;
	e = total_make(
	    txn, &figure, said->figure, said->scale, &said->computed);
	for (unsigned i = 0;
	     said->figure->source != PACK_OF_RATIO && i < said->scale; i++)
		times *= 10;
	if (MULTIPLY_OVERFLOWS(said->computed.n, times, &said->computed.n))
		said->computed.too_large = true;
	return e;
}

/* Reads one record into `said`; said->figure stays NULL when it does not belong
 * here. */
static enum err
said_read(struct txn *txn, const struct report_ask *ask,
    const struct query_run *run, struct arena *arena, struct report_said *said)
{
	const struct pack_figure *figure;
	const struct pack_reported *reported = txn->pack->reported;
	const struct record *record = &run->record;
	struct space unit;
	int64_t scale;
	enum err e;

	*said = (struct report_said){.id = run->id};
	figure = figure_of(ask->report, shown_text(record, reported->key));
	if (figure == NULL || !int_of(record, reported->value, &said->value))
		return ERR_OK;
	said->period = arena_bytes(arena, shown_text(record, reported->period));
	said->source = arena_bytes(arena, shown_text(record, reported->source));
	if (int_of(record, reported->scale, &scale) && scale >= 0 && scale <= 6)
		said->scale = (unsigned)scale;
	e = unit_of(txn, record, arena, &said->unit);
	if (e != ERR_OK)
		return e;
	if (id_prefix(said->unit, &unit) != ERR_OK ||
	    !id_covers_prefix(&ask->prefix, &unit))
		return ERR_OK;
	said->figure = figure;
	return compute(txn, ask, &unit, said);
}

static int
order(const void *a, const void *b)
{
	const struct report_said *x = a;
	const struct report_said *y = b;
	int way = strcmp(x->figure->name, y->figure->name);

	if (way == 0)
		way = bytes_compare(x->unit, y->unit);
	if (way == 0)
		way = bytes_compare(x->period, y->period);
	return way != 0 ? way : memcmp(x->id.b, y->id.b, sizeof(x->id.b));
}

static bool
is_same_value(const struct report_said *a, const struct report_said *b)
{
	int64_t x = a->value;
	int64_t y = b->value;

	for (unsigned i = a->scale; i < b->scale; i++)
		if (MULTIPLY_OVERFLOWS(x, 10, &x))
			return false;
	for (unsigned i = b->scale; i < a->scale; i++)
		if (MULTIPLY_OVERFLOWS(y, 10, &y))
			return false;
	return x == y;
}

/* Flags what is not what is worked out, and what others say otherwise. */
static void
differences(struct report_said *said, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		said[i].differs = !said[i].computed.is_there ||
				  said[i].computed.too_large ||
				  said[i].computed.n != said[i].value;
		for (size_t k = 0; k < n; k++)
			if (said[k].figure == said[i].figure &&
			    bytes_equal(said[k].unit, said[i].unit) &&
			    bytes_equal(said[k].period, said[i].period) &&
			    !is_same_value(&said[k], &said[i]))
				said[i].differs = true;
	}
}

enum err
report_said_find(struct txn *txn, const struct report_ask *ask,
    struct arena *arena, struct report *report)
{
	struct query query = {.collection = txn->pack->reported->collection,
	    .now_seconds = ask->now_seconds};
	struct query_run run = {0};
	struct report_said *said = NULL;
	size_t room = 0;
	size_t n = 0;
	bool found;
	enum err e = query_begin(txn, &query, &run);

	while (e == ERR_OK) {
		e = query_next(&run, &found);
		if (e != ERR_OK || !found)
			break;
		mem_room(&said, &room, n + 1, sizeof(*said));
		e = said_read(txn, ask, &run, arena, &said[n]);
		n += e == ERR_OK && said[n].figure != NULL ? 1 : 0;
	}
	query_end(&run);
	if (e == ERR_OK && n > 0) {
		struct report_said *kept = arena_array(arena, n, sizeof(*kept));

		qsort(said, n, sizeof(*said), order);
		differences(said, n);
		memcpy(kept, said, n * sizeof(*kept));
		report->said = kept;
		report->said_n = n;
	}
	mem_free(said);
	return e;
}
