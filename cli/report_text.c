/*
 * Writes reports as text, JSON and CSV.  Called by cmd_report.c.
 */
#include "cli/report_text.h"

#include "cli/object.h"
#include "cli/scope.h"
#include "proto/ascii.h"

enum { BAR_COLUMNS = 24, LABELS_SHOWN = 8, DIGITS_SHOWN = 16 };

static enum err write_table(
    struct report_words *words, const struct report_table *table);

/* ---- small charts ------------------------------------------------------- */

/* `n` of `most` as a bar of blocks, in eighths of a column. */
static void
bar(int64_t n, int64_t most, struct buf *text)
{
	static const char *const parts[] = {
	    "", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
	int64_t eighths;

	eighths = (int64_t)((double)n / (double)most * BAR_COLUMNS * 8);
	for (int64_t i = 0; i < eighths / 8; i++)
		buf_add_text(text, "█");
	buf_add_text(text, parts[eighths % 8]);
}

/* The first column of all rows as one line. */
static void
line(const struct report_table *table, struct buf *text)
{
	static const char *const parts[] = {
	    "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	double most = (double)report_words_largest(table);

	for (size_t i = 0; i < table->rows_n; i++) {
		int64_t n = report_words_drawn(&table->rows[i].cells[0]);

		buf_add_text(text, parts[(size_t)((double)n / most * 7)]);
	}
}

/* ---- text --------------------------------------------------------------- */

/* The columns of the table, and one for bars. */
static size_t
columns_make(const struct report_table *table, struct out_column *columns)
{
	const struct pack_table *from = table->table;
	size_t n = 0;

	columns[n++] = (struct out_column){
	    .key = "row", .title = from->rows == PACK_ROWS_UNIT ? "기관" : ""};
	for (size_t i = 0; i < from->columns_n && n + 1 < OUT_COLUMNS_MAX; i++)
		columns[n++] = (struct out_column){
		    .key = from->columns[i]->name,
		    .title = from->columns[i]->label.ko,
		    .kind = OUT_NUMBER};
	if (from->chart == PACK_CHART_BAR)
		columns[n++] = (struct out_column){.key = "bar", .title = ""};
	return n;
}

static void
write_row(const struct report_table *table, struct bytes label,
    const struct figure_number *cells, int64_t most, struct out_table *out)
{
	struct buf texts[OUT_COLUMNS_MAX] = {0};
	struct bytes row[OUT_COLUMNS_MAX];
	size_t n = 0;

	buf_add(&texts[n++], label);
	for (size_t i = 0;
	     i < table->table->columns_n && n + 1 < OUT_COLUMNS_MAX; i++)
		report_words_number(
		    table->table->columns[i], &cells[i], &texts[n++]);
	if (most > 0)
		bar(report_words_drawn(&cells[0]), most, &texts[n]);
	for (size_t i = 0; i < OUT_COLUMNS_MAX; i++)
		row[i] = buf_bytes(&texts[i]);
	out_table_row(out, row);
	for (size_t i = 0; i < OUT_COLUMNS_MAX; i++)
		buf_fini(&texts[i]);
}

/* How many times the first row the last one is. */
static void
write_change(const struct report_table *table, struct out_table *out)
{
	struct buf texts[OUT_COLUMNS_MAX] = {0};
	struct bytes row[OUT_COLUMNS_MAX];
	size_t n = 1;

	buf_add_text(&texts[0], "처음의 몇 배");
	for (size_t i = 0;
	     i < table->table->columns_n && n + 1 < OUT_COLUMNS_MAX; i++, n++) {
		report_words_plain(&table->change[i], 1, &texts[n]);
		if (texts[n].n == 0)
			buf_add_text(&texts[n], "–");
	}
	for (size_t i = 0; i < OUT_COLUMNS_MAX; i++)
		row[i] = buf_bytes(&texts[i]);
	out_table_row(out, row);
	for (size_t i = 0; i < OUT_COLUMNS_MAX; i++)
		buf_fini(&texts[i]);
}

static enum err
write_table(struct report_words *words, const struct report_table *table)
{
	struct out_column columns[OUT_COLUMNS_MAX];
	size_t n = columns_make(table, columns);
	int64_t most = table->table->chart == PACK_CHART_BAR
			   ? report_words_largest(table)
			   : 0;
	struct out_table *out;
	enum err e = ERR_OK;

	out_say(words->work->out, "\n%s", table->table->label.ko);
	out = out_table_new(words->work->out, columns, n);
	for (size_t i = 0; e == ERR_OK && i < table->rows_n; i++) {
		struct buf label = {0};

		e = report_words_row(
		    words, table->table, table->rows[i].key, &label);
		if (e == ERR_OK)
			write_row(table, buf_bytes(&label),
			    table->rows[i].cells, most, out);
		buf_fini(&label);
	}
	if (table->table->total && table->rows_n > 1)
		write_row(table, bytes_text("계"), table->total, 0, out);
	if (table->table->rows == PACK_ROWS_PERIOD && table->rows_n > 1)
		write_change(table, out);
	out_table_end(out, "기록이 없습니다");
	if (table->table->chart == PACK_CHART_LINE && table->rows_n > 1) {
		struct buf text = {0};

		line(table, &text);
		out_say(words->work->out, "%s  %s",
		    table->table->columns[0]->label.ko, buf_text(&text));
		buf_fini(&text);
	}
	return e;
}

static void
write_notes(struct report_words *words)
{
	struct buf lines = {0};

	for (size_t i = 0; i < words->ask.report->tables_n; i++)
		for (size_t k = 0; k < words->report.tables[i].table->columns_n;
		     k++)
			report_words_notes(
			    words, &words->report.tables[i], k, &lines);
	if (lines.n > 0)
		out_say(words->work->out, "\n알아 둘 것\n%s", buf_text(&lines));
	buf_fini(&lines);
}

static enum err
write_said(struct report_words *words)
{
	static const struct out_column columns[] = {
	    {.key = "figure", .title = "보도값"},
	    {.key = "unit", .title = "기관"},
	    {.key = "period", .title = "기간"},
	    {.key = "reported", .title = "보도", .kind = OUT_NUMBER},
	    {.key = "computed", .title = "계산", .kind = OUT_NUMBER},
	    {.key = "differs", .title = ""},
	    {.key = "source", .title = "출처"}};
	struct out_table *out;
	enum err e = ERR_OK;

	if (words->report.said_n == 0)
		return ERR_OK;
	out_say(words->work->out, "%s", "");
	out = out_table_new(words->work->out, columns, COUNT_OF(columns));
	for (size_t i = 0; e == ERR_OK && i < words->report.said_n; i++) {
		const struct report_said *said = &words->report.said[i];
		struct figure_number value = {
		    .is_there = true, .n = said->value};
		struct buf unit = {0};
		struct buf reported = {0};
		struct buf computed = {0};

		if (said->unit.n > 0)
			e = scope_label(words->work, said->unit, &unit);
		report_words_plain(&value, said->scale, &reported);
		report_words_plain(&said->computed, said->scale, &computed);
		out_table_row(out,
		    (const struct bytes[]){bytes_text(said->figure->label.ko),
			buf_bytes(&unit), said->period, buf_bytes(&reported),
			buf_bytes(&computed),
			bytes_text(said->differs ? "≠" : "="), said->source});
		buf_fini(&computed);
		buf_fini(&reported);
		buf_fini(&unit);
	}
	out_table_end(out, "");
	return e;
}

/* Which logs the report was made of, and of which units the word is old. */
static enum err
write_frontier(struct report_words *words)
{
	struct buf names = {0};
	struct buf hex = {0};
	size_t stale = 0;
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < words->report.units_n; i++) {
		const struct report_unit *unit = &words->report.units[i];

		if (!report_words_is_stale(words, unit))
			continue;
		if (stale++ >= LABELS_SHOWN)
			continue;
		buf_add_text(&names, names.n > 0 ? ", " : "");
		e = report_words_unit(words, unit, &names);
	}
	ascii_hex(bytes_of(words->report.frontier.b,
		      sizeof(words->report.frontier.b)),
	    &hex);
	out_say(words->work->out, "\n기준: 기관 %zu곳, 로그 %zu개, 요약값 %.*s",
	    report_words_held(words), words->report.logs_n, DIGITS_SHOWN,
	    buf_text(&hex));
	if (stale > LABELS_SHOWN)
		buf_add_format(
		    &names, " 외 %zu곳", stale - (size_t)LABELS_SHOWN);
	if (stale > 0)
		out_say(words->work->out,
		    "%llu일 넘게 소식이 없는 기관 %zu곳: %s\n이 보고서는 모두 "
		    "모인 합계가 아닐 수 "
		    "있습니다.",
		    (unsigned long long)words->stale_days, stale,
		    buf_text(&names));
	buf_fini(&hex);
	buf_fini(&names);
	return e;
}

enum err
report_text_write(struct report_words *words)
{
	const struct pack_report *report = words->ask.report;
	enum err e = ERR_OK;

	out_say(words->work->out, "%s %s (%s)\n범위 %s · 기간 %s", report->name,
	    report->label.ko, report->label.en, buf_text(&words->scope),
	    buf_text(&words->period));
	for (size_t i = 0; e == ERR_OK && i < report->tables_n; i++)
		e = write_table(words, &words->report.tables[i]);
	if (e == ERR_OK)
		e = write_said(words);
	if (e != ERR_OK)
		return e;
	write_notes(words);
	return write_frontier(words);
}

/* ---- CSV ---------------------------------------------------------------- */

static enum err
csv_row(struct report_words *words, struct grid *grid,
    const struct report_table *table, const struct report_row *row)
{
	struct buf label = {0};
	enum err e = report_words_row(words, table->table, row->key, &label);

	for (size_t i = 0; e == ERR_OK && i < table->table->columns_n; i++) {
		const struct pack_figure *figure = table->table->columns[i];
		struct buf value = {0};

		report_words_plain(
		    &row->cells[i], report_words_digits(figure), &value);
		e = grid_line(grid,
		    (const struct bytes[]){bytes_text(table->table->label.ko),
			row->key, buf_bytes(&label),
			bytes_text(figure->label.ko),
			bytes_text(
			    figure->unit.ko == NULL ? "" : figure->unit.ko),
			buf_bytes(&value),
			bytes_text(table->columns[i].missing != 0 ||
					   table->columns[i].cut > 0
				       ? "일부"
				       : "")},
		    7);
		buf_fini(&value);
	}
	buf_fini(&label);
	return e;
}

enum err
report_text_csv(struct report_words *words, struct grid *grid)
{
	enum err e = grid_line(grid,
	    (const struct bytes[]){bytes_text("표"), bytes_text("키"),
		bytes_text("행"), bytes_text("지표"), bytes_text("단위"),
		bytes_text("값"), bytes_text("비고")},
	    7);
	for (size_t i = 0; e == ERR_OK && i < words->ask.report->tables_n; i++)
		for (size_t k = 0;
		     e == ERR_OK && k < words->report.tables[i].rows_n; k++)
			e = csv_row(words, grid, &words->report.tables[i],
			    &words->report.tables[i].rows[k]);
	return e;
}

/* ---- JSON --------------------------------------------------------------- */

static void
json_number(const char *key, const struct figure_number *number, unsigned scale,
    struct buf *json)
{
	struct buf text = {0};

	report_words_plain(number, scale, &text);
	object_key(json, key);
	buf_add_text(json, text.n > 0 ? buf_text(&text) : "null");
	buf_fini(&text);
}

static enum err
json_table(struct report_words *words, const struct report_table *table,
    struct buf *json)
{
	enum err e = ERR_OK;

	object_begin(json, NULL);
	object_text(json, "ko", bytes_text(table->table->label.ko));
	object_text(json, "en", bytes_text(table->table->label.en));
	object_array(json, "rows");
	for (size_t i = 0; e == ERR_OK && i <= table->rows_n; i++) {
		bool total = i == table->rows_n;
		const struct figure_number *cells = total
							? table->total
							: table->rows[i].cells;
		struct buf label = {0};

		if (!total)
			e = report_words_row(
			    words, table->table, table->rows[i].key, &label);
		object_begin(json, NULL);
		if (total)
			object_bool(json, "total", true);
		else
			object_text(json, "key", table->rows[i].key);
		if (!total)
			object_text(json, "label", buf_bytes(&label));
		for (size_t k = 0; k < table->table->columns_n; k++)
			json_number(table->table->columns[k]->name, &cells[k],
			    report_words_digits(table->table->columns[k]),
			    json);
		object_end(json);
		buf_fini(&label);
	}
	object_array_end(json);
	object_begin(json, "change");
	for (size_t k = 0; k < table->table->columns_n; k++)
		json_number(
		    table->table->columns[k]->name, &table->change[k], 1, json);
	object_end(json);
	object_array(json, "partial");
	for (size_t k = 0; k < table->table->columns_n; k++)
		if (table->columns[k].missing != 0 ||
		    table->columns[k].left_out > 0 || table->columns[k].cut > 0)
			object_text(json, NULL,
			    bytes_text(table->table->columns[k]->name));
	object_array_end(json);
	object_end(json);
	return e;
}

static void
json_said(const struct report_words *words, struct buf *json)
{
	object_array(json, "reported");
	for (size_t i = 0; i < words->report.said_n; i++) {
		const struct report_said *said = &words->report.said[i];
		struct figure_number value = {
		    .is_there = true, .n = said->value};

		object_begin(json, NULL);
		object_text(json, "figure", bytes_text(said->figure->name));
		object_text(json, "unit", said->unit);
		object_text(json, "period", said->period);
		json_number("reported", &value, said->scale, json);
		json_number("computed", &said->computed, said->scale, json);
		object_bool(json, "differs", said->differs);
		object_text(json, "source", said->source);
		object_end(json);
	}
	object_array_end(json);
}

static void
json_frontier(const struct report_words *words, struct buf *json)
{
	object_hex(json, "frontier",
	    bytes_of(
		words->report.frontier.b, sizeof(words->report.frontier.b)));
	object_array(json, "logs");
	for (size_t i = 0; i < words->report.logs_n; i++) {
		const struct log *log = words->report.logs[i].log;

		object_begin(json, NULL);
		object_text(json, "space", bytes_text(log->name.space.text));
		object_hex(json, "log", bytes_of(log->id.b, sizeof(log->id.b)));
		object_number(json, "size", log->frontier.size);
		object_end(json);
	}
	object_array_end(json);
	object_array(json, "stale");
	for (size_t i = 0; i < words->report.units_n; i++)
		if (report_words_is_stale(words, &words->report.units[i]))
			object_text(json, NULL, words->report.units[i].prefix);
	object_array_end(json);
}

enum err
report_text_json(struct report_words *words)
{
	struct buf json = {0};
	enum err e = ERR_OK;

	object_begin(&json, NULL);
	object_text(&json, "report", bytes_text(words->ask.report->name));
	object_text(&json, "under", bytes_text(words->ask.prefix.text));
	object_text(&json, "scope", buf_bytes(&words->scope));
	object_text(&json, "period", buf_bytes(&words->period));
	object_array(&json, "tables");
	for (size_t i = 0; e == ERR_OK && i < words->ask.report->tables_n; i++)
		e = json_table(words, &words->report.tables[i], &json);
	object_array_end(&json);
	json_said(words, &json);
	json_frontier(words, &json);
	object_end(&json);
	if (e == ERR_OK)
		out_json(words->work->out, buf_bytes(&json));
	buf_fini(&json);
	return e;
}
