/*
 * Figures and reports out of the file of a pack.  Called by pack_file.c alone.
 */
#include "core/pack_reports.h"

#include <string.h>

#include "proto/codec.h"
#include "proto/limits.h"

enum { DIGITS_MAX = 6 };

static const char *const chart_names[] = {[PACK_CHART_NONE] = "none",
    [PACK_CHART_BAR] = "bar",
    [PACK_CHART_LINE] = "line"};
static const char *const take_names[] = {[PACK_TAKE_COUNT] = "count",
    [PACK_TAKE_SUM] = "sum",
    [PACK_TAKE_DISTINCT] = "distinct"};

static const char *const logs_names[] = {[PACK_LOGS_LOGS] = "logs",
    [PACK_LOGS_DELTAS] = "deltas",
    [PACK_LOGS_VERIFIED] = "verified",
    [PACK_LOGS_UNSIGNED] = "unsigned",
    [PACK_LOGS_FORKED] = "forked",
    [PACK_LOGS_GAPS] = "gaps",
    [PACK_LOGS_SEALED] = "sealed",
    [PACK_LOGS_REFUSED] = "refused",
    [PACK_LOGS_UNCHAINED] = "unchained"};

static enum err reported_read(struct pack_reading *r, struct bytes doc);
static enum err figure_read(
    struct pack_reading *r, struct bytes doc, void *item);
static enum err ratio_read(
    struct pack_reading *r, struct bytes doc, void *item);
static enum err view_read(
    struct pack_reading *r, struct bytes doc, struct pack_figure *figure);
static enum err query_read(
    struct pack_reading *r, struct bytes doc, struct pack_figure *figure);
static enum err report_read(
    struct pack_reading *r, struct bytes doc, void *item);
static enum err table_read(
    struct pack_reading *r, struct bytes doc, void *item);

enum err
pack_reports_read(struct pack_reading *r, struct bytes doc)
{
	struct pack_read_list figures = {.key = "figures",
	    .max = LIMIT_FIGURES,
	    .size = sizeof(struct pack_figure),
	    .named = true,
	    .read = figure_read};
	static const struct pack_read_list reports = {.key = "reports",
	    .max = LIMIT_REPORTS,
	    .size = sizeof(struct pack_report),
	    .named = true,
	    .read = report_read};
	void *items = NULL;
	enum err e = reported_read(r, pack_read_member(doc, "reported"));

	if (e == ERR_OK)
		e = pack_read_list(
		    r, doc, &figures, &items, &r->pack->figures_n);
	r->pack->figures = items;
	figures.read = ratio_read;
	if (e == ERR_OK)
		e = pack_read_again(r, doc, &figures, items);
	if (e != ERR_OK)
		return e;
	e = pack_read_list(r, doc, &reports, &items, &r->pack->reports_n);
	r->pack->reports = items;
	return e;
}

/* ---- What others published ---------------------------------------------- */

static enum err
reported_fields(struct bytes doc, struct pack_reported *reported)
{
	const unsigned text = 1U << PACK_TEXT;
	const unsigned number = 1U << PACK_INT | 1U << PACK_MONEY;
	const unsigned period = text | 1U << PACK_DATE;
	const struct pack_read_part parts[] = {
	    {"key", &reported->key, text, KIND_COUNT, false},
	    {"value", &reported->value, number, KIND_COUNT, false},
	    {"source", &reported->source, text, KIND_COUNT, true},
	    {"period", &reported->period, period, KIND_COUNT, true},
	    {"unit", &reported->unit, 1U << PACK_REF, KIND_COUNT, true},
	    {"scale", &reported->scale, number, KIND_COUNT, true},
	};

	return pack_read_parts(
	    doc, reported->collection, parts, COUNT_OF(parts));
}

static enum err
reported_read(struct pack_reading *r, struct bytes doc)
{
	static const char *const keys[] = {"collection", "key", "value",
	    "source", "period", "unit", "scale", NULL};
	struct pack_reported *reported;
	enum err e;

	if (doc.n == 0)
		return ERR_OK;
	pack_read_enter(r, "reported", SIZE_MAX);
	reported = arena_new(r->arena, sizeof(*reported));
	r->pack->reported = reported;
	e = pack_read_keys(doc, keys);
	if (e == ERR_OK)
		e = pack_read_collection(
		    r, doc, "collection", true, &reported->collection);
	if (e == ERR_OK)
		e = reported_fields(doc, reported);
	if (e == ERR_OK)
		pack_read_leave(r);
	return e;
}

/* ---- Figures ------------------------------------------------------------ */

/* What a figure is made of; each has keys of its own. */
static enum err
source_read(struct bytes doc, struct pack_figure *figure)
{
	static const char *const of_view[] = {"name", "label", "unit", "metric",
	    "view", "take", "filter", "period", NULL};
	static const char *const of_ratio[] = {"name", "label", "unit",
	    "metric", "ratio", "digits", "percent", NULL};
	static const char *const of_query[] = {
	    "name", "label", "unit", "metric", "query", "take", NULL};
	static const char *const all[] = {"name", "label", "unit", "metric",
	    "view", "take", "filter", "period", "ratio", "digits", "percent",
	    "query", "logs", NULL};
	static const char *const of_logs[] = {
	    "name", "label", "unit", "metric", "logs", NULL};
	enum err e = pack_read_keys(doc, all);

	if (e != ERR_OK)
		return e;
	if (pack_read_member(doc, "view").n > 0) {
		figure->source = PACK_OF_VIEW;
		return pack_read_keys(doc, of_view);
	}
	if (pack_read_member(doc, "ratio").n > 0) {
		figure->source = PACK_OF_RATIO;
		return pack_read_keys(doc, of_ratio);
	}
	if (pack_read_member(doc, "query").n > 0) {
		figure->source = PACK_OF_QUERY;
		return pack_read_keys(doc, of_query);
	}
	if (pack_read_member(doc, "logs").n > 0) {
		figure->source = PACK_OF_LOGS;
		return pack_read_keys(doc, of_logs);
	}
	return err_set(
	    ERR_INVALID, "must have a view, a ratio, a query or logs");
}

static enum err
logs_read(struct bytes doc, struct pack_figure *figure)
{
	size_t at = PACK_LOGS_LOGS;
	enum err e = pack_read_one_of(
	    doc, "logs", logs_names, COUNT_OF(logs_names), &at);

	figure->logs = (enum pack_of_logs)at;
	return e;
}

static enum err
figure_read(struct pack_reading *r, struct bytes doc, void *item)
{
	struct pack_figure *figure = item;
	enum err e = source_read(doc, figure);

	figure->period = SIZE_MAX;
	if (e == ERR_OK)
		e = pack_read_name(r, doc, "name", &figure->name);
	if (e == ERR_OK)
		e = pack_read_label(r, doc, "label", NULL, &figure->label);
	if (e == ERR_OK && pack_read_member(doc, "unit").n > 0)
		e = pack_read_label(r, doc, "unit", NULL, &figure->unit);
	if (e == ERR_OK && pack_read_member(doc, "metric").n > 0) {
		e = pack_read_text(r, doc, "metric", &figure->metric);
		if (e == ERR_OK && r->pack->reported == NULL)
			e = err_set(
			    ERR_INVALID, "metric: the pack has no reported");
	}
	if (e == ERR_OK && figure->source == PACK_OF_VIEW)
		e = view_read(r, doc, figure);
	if (e == ERR_OK && figure->source == PACK_OF_QUERY)
		e = query_read(r, doc, figure);
	if (e == ERR_OK && figure->source == PACK_OF_LOGS)
		e = logs_read(doc, figure);
	return e;
}

/* "count", "sum:attempts" or "distinct:people" of the view. */
static enum err
take_read(struct bytes doc, struct pack_figure *figure)
{
	const struct pack_view *view = figure->view;
	const struct pack_part *parts;
	struct bytes last;
	struct reader in;
	struct bytes text;
	size_t colon;

	codec_begin_checked(&in, pack_read_member(doc, "take"));
	text = codec_get_text(&in);
	if (bytes_is(text, "count"))
		return view->count
			   ? ERR_OK
			   : err_set(ERR_INVALID,
				 "take: the view %s has no count", view->name);
	colon = bytes_find(text, ':');
	last = bytes_after(text, colon < text.n ? colon + 1 : text.n);
	for (size_t i = PACK_TAKE_SUM; i < COUNT_OF(take_names); i++) {
		struct pack_read_names names = {
		    .what = take_names[i], .size = sizeof(*parts)};
		const void *found;
		enum err e;

		if (!bytes_is(bytes_first(text, colon), take_names[i]))
			continue;
		figure->take = (enum pack_take)i;
		parts = i == PACK_TAKE_SUM ? view->sum : view->distinct;
		names.n = i == PACK_TAKE_SUM ? view->sum_n : view->distinct_n;
		names.items = parts;
		e = pack_read_find(last, &names, &found);
		if (e != ERR_OK)
			return err_wrap(e, "take");
		figure->part = (size_t)((const struct pack_part *)found -
					parts);
		return ERR_OK;
	}
	return err_set(ERR_INVALID,
	    "take: must be count, sum:NAME or distinct:NAME of the view");
}

/* Which of the groups of the view `name` is. */
static enum err
group_find(const struct pack_view *view, struct bytes name, size_t *group)
{
	const struct pack_read_names names = {
	    "group", view->group, view->group_n, sizeof(*view->group)};
	const void *found;
	enum err e = pack_read_find(name, &names, &found);

	if (e == ERR_OK)
		*group = (size_t)((const struct pack_part *)found -
				  view->group);
	return e;
}

/* {"kind": ["a", "b"]} */
static enum err
filter_read(
    struct pack_reading *r, struct bytes doc, struct pack_figure *figure)
{
	struct bytes value = pack_read_member(doc, "filter");
	struct pack_read_words words = {0};
	struct pack_filter *filters;
	struct bytes last = {0};
	struct reader in;
	enum err e = ERR_OK;

	if (value.n == 0)
		return ERR_OK;
	codec_begin_checked(&in, value);
	figure->filters_n = codec_get_map(&in, LIMIT_VIEW_PARTS);
	if (in.bad || figure->filters_n == 0)
		return err_set(ERR_INVALID,
		    "filter: must be an object of 1 to %d groups",
		    LIMIT_VIEW_PARTS);
	filters = arena_array(r->arena, figure->filters_n, sizeof(*filters));
	figure->filters = filters;
	for (size_t i = 0; i < figure->filters_n && e == ERR_OK; i++) {
		struct bytes name = codec_get_text_key(&in, &last);

		(void)codec_get_value(&in);
		e = group_find(figure->view, name, &filters[i].group);
		if (e != ERR_OK)
			return err_wrap(e, "filter");
		e = pack_read_words(r, value,
		    figure->view->group[filters[i].group].name, LIMIT_CODES,
		    &words);
		filters[i].values = words.p;
		filters[i].values_n = words.n;
		if (e != ERR_OK)
			e = err_wrap(e, "filter");
	}
	return e;
}

static enum err
view_read(struct pack_reading *r, struct bytes doc, struct pack_figure *figure)
{
	const struct pack_read_names names = {
	    "view", r->pack->views, r->pack->views_n, sizeof(*r->pack->views)};
	const void *found;
	const char *name;
	enum err e = pack_read_ref(doc, "view", &names, true, &found);

	if (e != ERR_OK)
		return e;
	figure->view = found;
	e = take_read(doc, figure);
	if (e == ERR_OK)
		e = filter_read(r, doc, figure);
	if (e != ERR_OK || pack_read_member(doc, "period").n == 0)
		return e;
	e = pack_read_name(r, doc, "period", &name);
	if (e != ERR_OK)
		return e;
	e = group_find(figure->view, bytes_text(name), &figure->period);
	return e == ERR_OK ? e : err_wrap(e, "period");
}

static enum err
query_read(struct pack_reading *r, struct bytes doc, struct pack_figure *figure)
{
	static const char *const keys[] = {
	    "collection", "where", "of", "on", NULL};
	struct bytes inner = pack_read_member(doc, "query");
	struct pack_read_expr how = {
	    .want = PACK_READ_BOOL, .may = PACK_READ_GLOBAL};
	size_t take = PACK_TAKE_COUNT;
	enum err e = pack_read_one_of(
	    doc, "take", take_names, COUNT_OF(take_names), &take);

	if (e != ERR_OK)
		return e;
	figure->take = (enum pack_take)take;
	pack_read_enter(r, "query", SIZE_MAX);
	e = pack_read_keys(inner, keys);
	if (e == ERR_OK)
		e = pack_read_collection(
		    r, inner, "collection", true, &figure->collection);
	how.collection = figure->collection;
	if (e == ERR_OK)
		e = pack_read_expr(r, inner, "where", &how, &figure->where);
	how.want = take == PACK_TAKE_SUM ? PACK_READ_INT : PACK_READ_VALUES;
	if (e == ERR_OK)
		e = pack_read_there(
		    inner, "of", take != PACK_TAKE_COUNT, take_names[take]);
	if (e == ERR_OK)
		e = pack_read_expr(r, inner, "of", &how, &figure->of);
	how.want = PACK_READ_WHEN;
	if (e == ERR_OK)
		e = pack_read_expr(r, inner, "on", &how, &figure->on);
	if (e == ERR_OK)
		pack_read_leave(r);
	return e;
}

/* A ratio, once all figures are known. */
static enum err
ratio_read(struct pack_reading *r, struct bytes doc, void *item)
{
	const struct pack_read_names names = {"figure", r->pack->figures,
	    r->pack->figures_n, sizeof(*r->pack->figures)};
	struct pack_figure *figure = item;
	struct pack_read_words words = {0};
	int64_t digits = 1;
	enum err e;

	if (figure->source != PACK_OF_RATIO)
		return ERR_OK;
	e = pack_read_int(doc, "digits", 0, DIGITS_MAX, &digits);
	figure->digits = (unsigned)digits;
	if (e == ERR_OK)
		e = pack_read_bool(doc, "percent", &figure->percent);
	if (e == ERR_OK)
		e = pack_read_words(r, doc, "ratio", 2, &words);
	if (e == ERR_OK && words.n != 2)
		e = err_set(ERR_INVALID, "ratio: must be a list of two");
	for (size_t i = 0; i < 2 && e == ERR_OK; i++) {
		const struct pack_figure *part;
		const void *found;

		e = pack_read_find(bytes_text(words.p[i]), &names, &found);
		if (e != ERR_OK)
			return err_wrap(e, "ratio[%zu]", i);
		part = found;
		if (part->source == PACK_OF_RATIO)
			return err_set(ERR_INVALID,
			    "ratio[%zu]: %s is a ratio itself", i, part->name);
		figure->ratio[i] = part;
	}
	return e;
}

/* ---- Reports ------------------------------------------------------------ */

static enum err
report_read(struct pack_reading *r, struct bytes doc, void *item)
{
	static const char *const keys[] = {"name", "label", "tables", NULL};
	static const struct pack_read_list list = {.key = "tables",
	    .max = LIMIT_TABLES,
	    .size = sizeof(struct pack_table),
	    .needed = true,
	    .read = table_read};
	struct pack_report *report = item;
	void *items = NULL;
	enum err e = pack_read_keys(doc, keys);

	if (e == ERR_OK)
		e = pack_read_text(r, doc, "name", &report->name);
	if (e == ERR_OK)
		e = pack_read_label(r, doc, "label", NULL, &report->label);
	if (e == ERR_OK)
		e = pack_read_list(r, doc, &list, &items, &report->tables_n);
	report->tables = items;
	return e;
}

/* Can `figure` be told apart by the rows of `table`? */
static enum err
column_check(const struct pack_table *table, const struct pack_figure *figure)
{
	size_t group;

	if (table->rows == PACK_ROWS_UNIT)
		return ERR_OK;
	if (figure->source == PACK_OF_RATIO) {
		enum err e = column_check(table, figure->ratio[0]);

		return e == ERR_OK ? column_check(table, figure->ratio[1]) : e;
	}
	if (table->rows == PACK_ROWS_PERIOD) {
		if (figure->period != SIZE_MAX || figure->on.text.n > 0)
			return ERR_OK;
		return err_set(
		    ERR_INVALID, "the figure %s has no period", figure->name);
	}
	if (figure->source == PACK_OF_QUERY || figure->source == PACK_OF_LOGS)
		return err_set(ERR_INVALID,
		    "the figure %s is a query, or of logs, and has no groups",
		    figure->name);
	return group_find(figure->view, bytes_text(table->group), &group);
}

static enum err
columns_read(struct pack_reading *r, struct bytes doc, struct pack_table *table)
{
	const struct pack_read_names names = {"figure", r->pack->figures,
	    r->pack->figures_n, sizeof(*r->pack->figures)};
	const struct pack_figure **columns;
	struct pack_read_words words;
	enum err e = pack_read_words(r, doc, "columns", LIMIT_COLUMNS, &words);

	table->columns_n = words.n;
	if (e == ERR_OK && words.n == 0)
		e = err_set(ERR_INVALID, "columns: missing");
	if (e != ERR_OK)
		return e;
	columns = arena_array(r->arena, table->columns_n, sizeof(*columns));
	table->columns = columns;
	for (size_t i = 0; i < table->columns_n; i++) {
		const void *found;

		e = pack_read_find(bytes_text(words.p[i]), &names, &found);
		if (e == ERR_OK) {
			columns[i] = found;
			e = column_check(table, columns[i]);
		}
		if (e != ERR_OK)
			return err_wrap(e, "columns[%zu]", i);
	}
	return ERR_OK;
}

static enum err
table_read(struct pack_reading *r, struct bytes doc, void *item)
{
	static const char *const keys[] = {
	    "label", "rows", "columns", "chart", "total", "cumulative", NULL};
	struct pack_table *table = item;
	size_t chart = PACK_CHART_NONE;
	const char *rows;
	enum err e = pack_read_keys(doc, keys);

	if (e == ERR_OK)
		e = pack_read_label(r, doc, "label", NULL, &table->label);
	if (e == ERR_OK)
		e = pack_read_name(r, doc, "rows", &rows);
	if (e != ERR_OK)
		return e;
	if (strcmp(rows, "period") == 0) {
		table->rows = PACK_ROWS_PERIOD;
	} else if (strcmp(rows, "unit") != 0) {
		table->rows = PACK_ROWS_GROUP;
		table->group = rows;
	} else if (r->pack->units == NULL) {
		return err_set(ERR_INVALID, "rows: the pack has no units");
	}
	e = pack_read_one_of(
	    doc, "chart", chart_names, COUNT_OF(chart_names), &chart);
	table->chart = (enum pack_chart)chart;
	if (e == ERR_OK)
		e = pack_read_bool(doc, "total", &table->total);
	if (e == ERR_OK)
		e = pack_read_bool(doc, "cumulative", &table->cumulative);
	return e == ERR_OK ? columns_read(r, doc, table) : e;
}
