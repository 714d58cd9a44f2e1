/*
 * Writes a report as a page for printing.  Called by cmd_report.c; everything
 * that comes from records is escaped.
 */
#include "cli/report_html.h"

#include "cli/scope.h"
#include "proto/ascii.h"

enum {
	CHART_WIDTH = 640,
	BAR_HEIGHT = 18,
	LINE_HEIGHT = 160,
	LABEL_WIDTH = 150
};

static const char style[] =
    "body{font-family:'Noto Sans KR','Malgun Gothic',sans-serif;margin:2em;"
    "color:#222}h1{font-size:1.4em}h2{font-size:1.1em;margin-top:1.6em}"
    "table{border-collapse:collapse;margin:.5em 0}th,td{border:1px solid #bbb;"
    "padding:.25em "
    ".6em;font-size:.9em}th{background:#eee}td.n{text-align:right;"
    "font-variant-numeric:tabular-nums}tr.total td{font-weight:bold;background:"
    "#f7f7f7}p.note{font-size:.85em;color:#444}.differs{color:#a00;font-weight:"
    "bold}svg text{font-size:11px}@media "
    "print{body{margin:0}h2{page-break-after:"
    "avoid}tr{page-break-inside:avoid}}";

/* Appends `text` so that a browser shows it as it is. */
static void
escaped(struct bytes text, struct buf *page)
{
	for (size_t i = 0; i < text.n; i++) {
		switch (text.p[i]) {
		case '<':
			buf_add_text(page, "&lt;");
			break;
		case '>':
			buf_add_text(page, "&gt;");
			break;
		case '&':
			buf_add_text(page, "&amp;");
			break;
		case '"':
			buf_add_text(page, "&quot;");
			break;
		default:
			buf_add(page, bytes_slice(text, i, 1));
			break;
		}
	}
}

static void
element(
    const char *open, struct bytes text, const char *close, struct buf *page)
{
	buf_add_text(page, open);
	escaped(text, page);
	buf_add_text(page, close);
}

/* ---- charts ------------------------------------------------------------- */

static enum err
bars(struct report_words *words, const struct report_table *table,
    struct buf *page)
{
	double most = (double)report_words_largest(table);
	enum err e = ERR_OK;

	buf_add_format(page,
	    "<svg role=\"img\" width=\"%d\" height=\"%zu\" xmlns=\""
	    "http://www.w3.org/2000/svg\">",
	    CHART_WIDTH, table->rows_n * BAR_HEIGHT + 4);
	for (size_t i = 0; e == ERR_OK && i < table->rows_n; i++) {
		double width = (double)report_words_drawn(
				   &table->rows[i].cells[0]) /
			       most * (CHART_WIDTH - LABEL_WIDTH - 90);
		size_t y = i * BAR_HEIGHT;
		struct buf label = {0};

		e = report_words_row(
		    words, table->table, table->rows[i].key, &label);
		buf_add_format(page,
		    "<text x=\"%d\" y=\"%zu\" text-anchor=\"end\">",
		    LABEL_WIDTH - 6, y + 13);
		escaped(buf_bytes(&label), page);
		buf_add_format(page,
		    "</text><rect x=\"%d\" y=\"%zu\" width=\"%.1f\" "
		    "height=\"%d\" "
		    "fill=\"#3b6ea5\"/><text x=\"%.1f\" y=\"%zu\">",
		    LABEL_WIDTH, y + 2, width, BAR_HEIGHT - 4,
		    LABEL_WIDTH + width + 4, y + 13);
		report_words_number(
		    table->table->columns[0], &table->rows[i].cells[0], page);
		buf_add_text(page, "</text>");
		buf_fini(&label);
	}
	buf_add_text(page, "</svg>");
	return e;
}

static void
lines(const struct report_table *table, struct buf *page)
{
	double most = (double)report_words_largest(table);
	double step = table->rows_n > 1
			  ? (double)CHART_WIDTH / (double)(table->rows_n - 1)
			  : 0;

	buf_add_format(page,
	    "<svg role=\"img\" width=\"%d\" height=\"%d\" xmlns=\""
	    "http://www.w3.org/2000/svg\"><polyline fill=\"none\" "
	    "stroke=\"#3b6ea5"
	    "\" stroke-width=\"2\" points=\"",
	    CHART_WIDTH, LINE_HEIGHT + 20);
	for (size_t i = 0; i < table->rows_n; i++)
		buf_add_format(page, "%s%.1f,%.1f", i > 0 ? " " : "",
		    step * (double)i,
		    LINE_HEIGHT -
			(double)report_words_drawn(&table->rows[i].cells[0]) /
			    most * (LINE_HEIGHT - 10));
	buf_add_text(page, "\"/>");
	if (table->rows_n > 0) {
		buf_add_format(
		    page, "<text x=\"0\" y=\"%d\">", LINE_HEIGHT + 14);
		escaped(table->rows[0].key, page);
		buf_add_format(page,
		    "</text><text x=\"%d\" y=\"%d\" text-anchor=\"end\">",
		    CHART_WIDTH, LINE_HEIGHT + 14);
		escaped(table->rows[table->rows_n - 1].key, page);
		buf_add_text(page, "</text>");
	}
	buf_add_text(page, "</svg>");
}

/* ---- tables ------------------------------------------------------------- */

static void
cells(const struct report_table *table, const struct figure_number *numbers,
    struct buf *page)
{
	for (size_t k = 0; k < table->table->columns_n; k++) {
		buf_add_text(page, "<td class=\"n\">");
		report_words_number(
		    table->table->columns[k], &numbers[k], page);
		buf_add_text(page, "</td>");
	}
}

static enum err
table_write(struct report_words *words, const struct report_table *table,
    struct buf *page)
{
	enum err e = ERR_OK;

	element("<h2>", bytes_text(table->table->label.ko), "</h2>", page);
	if (table->rows_n == 0) {
		buf_add_text(page, "<p class=\"note\">기록이 없습니다</p>");
		return ERR_OK;
	}
	if (table->table->chart == PACK_CHART_BAR)
		e = bars(words, table, page);
	else if (table->table->chart == PACK_CHART_LINE)
		lines(table, page);
	buf_add_text(page, "<table><tr><th></th>");
	for (size_t k = 0; k < table->table->columns_n; k++) {
		const struct pack_figure *figure = table->table->columns[k];

		element("<th>", bytes_text(figure->label.ko), "", page);
		if (figure->unit.ko != NULL)
			element(" (", bytes_text(figure->unit.ko), ")", page);
		buf_add_text(page, "</th>");
	}
	buf_add_text(page, "</tr>");
	for (size_t i = 0; e == ERR_OK && i < table->rows_n; i++) {
		struct buf label = {0};

		e = report_words_row(
		    words, table->table, table->rows[i].key, &label);
		element("<tr><td>", buf_bytes(&label), "</td>", page);
		cells(table, table->rows[i].cells, page);
		buf_add_text(page, "</tr>");
		buf_fini(&label);
	}
	if (table->table->total && table->rows_n > 1) {
		buf_add_text(page, "<tr class=\"total\"><td>계</td>");
		cells(table, table->total, page);
		buf_add_text(page, "</tr>");
	}
	if (table->table->rows == PACK_ROWS_PERIOD && table->rows_n > 1) {
		buf_add_text(page, "<tr><td>처음의 몇 배</td>");
		for (size_t k = 0; k < table->table->columns_n; k++) {
			buf_add_text(page, "<td class=\"n\">");
			report_words_plain(&table->change[k], 1, page);
			buf_add_text(page, "</td>");
		}
		buf_add_text(page, "</tr>");
	}
	buf_add_text(page, "</table>");
	return e;
}

static enum err
said_write(struct report_words *words, struct buf *page)
{
	enum err e = ERR_OK;

	if (words->report.said_n == 0)
		return ERR_OK;
	buf_add_text(page,
	    "<h2>보도값과 "
	    "계산값</h2><table><tr><th>지표</th><th>기관</th><th>기간"
	    "</th><th>보도</th><th>계산</th><th></th><th>출처</th></tr>");
	for (size_t i = 0; e == ERR_OK && i < words->report.said_n; i++) {
		const struct report_said *said = &words->report.said[i];
		struct figure_number value = {
		    .is_there = true, .n = said->value};
		struct buf unit = {0};

		if (said->unit.n > 0)
			e = scope_label(words->work, said->unit, &unit);
		element("<tr><td>", bytes_text(said->figure->label.ko), "</td>",
		    page);
		element("<td>", buf_bytes(&unit), "</td>", page);
		element("<td>", said->period, "</td><td class=\"n\">", page);
		report_words_plain(&value, said->scale, page);
		buf_add_text(page, "</td><td class=\"n\">");
		report_words_plain(&said->computed, said->scale, page);
		buf_add_text(page, said->differs
				       ? "</td><td class=\"differs\">≠</td>"
				       : "</td><td>=</td>");
		element("<td>", said->source, "</td></tr>", page);
		buf_fini(&unit);
	}
	buf_add_text(page, "</table>");
	return e;
}

/* ---- what it was made of ------------------------------------------------ */

static enum err
frontier_write(struct report_words *words, struct buf *page)
{
	struct buf hex = {0};
	enum err e = ERR_OK;
	bool any = false;

	ascii_hex(bytes_of(words->report.frontier.b,
		      sizeof(words->report.frontier.b)),
	    &hex);
	buf_add_format(page,
	    "<h2>기준 시점</h2><p class=\"note\">기관 %zu곳, 로그 %zu개. "
	    "요약값 %s"
	    "</p>",
	    report_words_held(words), words->report.logs_n, buf_text(&hex));
	buf_fini(&hex);
	for (size_t i = 0; e == ERR_OK && i < words->report.units_n; i++) {
		const struct report_unit *unit = &words->report.units[i];
		struct buf name = {0};

		if (!report_words_is_stale(words, unit))
			continue;
		if (!any)
			buf_add_format(page,
			    "<p class=\"note differs\">%llu일 넘게 소식이 없는 "
			    "기관: ",
			    (unsigned long long)words->stale_days);
		e = report_words_unit(words, unit, &name);
		element(any ? ", " : "", buf_bytes(&name), "", page);
		buf_fini(&name);
		any = true;
	}
	if (any)
		buf_add_text(page,
		    "<br>이 보고서는 모두 모인 합계가 아닐 수 있습니다.</p>");
	return e;
}

static void
notes_write(struct report_words *words, struct buf *page)
{
	struct buf text = {0};

	for (size_t i = 0; i < words->ask.report->tables_n; i++)
		for (size_t k = 0; k < words->report.tables[i].table->columns_n;
		     k++)
			report_words_notes(
			    words, &words->report.tables[i], k, &text);
	if (text.n > 0)
		element("<h2>알아 둘 것</h2><pre class=\"note\">",
		    buf_bytes(&text), "</pre>", page);
	buf_fini(&text);
}

enum err
report_html_write(struct report_words *words, struct buf *page)
{
	const struct pack_report *report = words->ask.report;
	enum err e = ERR_OK;

	element(
	    "<!DOCTYPE html>\n<html lang=\"ko\"><head><meta charset=\"utf-8\">"
	    "<title>",
	    bytes_text(report->name), " ", page);
	element("", bytes_text(report->label.ko), "</title><style>", page);
	buf_add_text(page, style);
	element(
	    "</style></head><body><h1>", bytes_text(report->name), " ", page);
	element("", bytes_text(report->label.ko), "</h1><p>범위 ", page);
	element("", buf_bytes(&words->scope), " · 기간 ", page);
	element("", buf_bytes(&words->period), "</p>", page);
	for (size_t i = 0; e == ERR_OK && i < report->tables_n; i++)
		e = table_write(words, &words->report.tables[i], page);
	if (e == ERR_OK)
		e = said_write(words, page);
	if (e == ERR_OK)
		notes_write(words, page);
	if (e == ERR_OK)
		e = frontier_write(words, page);
	buf_add_text(page, "</body></html>\n");
	return e;
}
