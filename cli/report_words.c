/*
 * Numbers and names of reports in words.  Called by the files that write
 * reports down.
 */
#include "cli/report_words.h"

#include <stdio.h>

#include "cli/scope.h"
#include "cli/show.h"

enum { DAY_MS = 24 * 3600 * 1000 };

unsigned
report_words_digits(const struct pack_figure *figure)
{
	return figure->source == PACK_OF_RATIO ? figure->digits : 0;
}

/* The digits of `n`, with `scale` of them behind a point, in threes or not. */
static void
digits(int64_t n, unsigned scale, bool threes, struct buf *text)
{
	uint64_t size = n < 0 ? -(uint64_t)n : (uint64_t)n;
	uint64_t unit = 1;
	char whole[32];
	int length;

	for (unsigned i = 0; i < scale; i++)
		unit *= 10;
	length = snprintf(
	    whole, sizeof(whole), "%llu", (unsigned long long)(size / unit));
	if (n < 0)
		buf_add_text(text, "-");
	for (int i = 0; i < length; i++) {
		if (threes && i > 0 && (length - i) % 3 == 0)
			buf_add_text(text, ",");
		buf_add(text, bytes_of(&whole[i], 1));
	}
	if (scale > 0)
		buf_add_format(text, ".%0*llu", (int)scale,
		    (unsigned long long)(size % unit));
}

void
report_words_number(const struct pack_figure *figure,
    const struct figure_number *number, struct buf *text)
{
	if (number->too_large)
		buf_add_text(text, ">");
	else if (!number->is_there)
		buf_add_text(text, "–");
	else
		digits(number->n, report_words_digits(figure), true, text);
	if (number->is_there && figure->source == PACK_OF_RATIO &&
	    figure->percent)
		buf_add_text(text, "%");
}

void
report_words_plain(
    const struct figure_number *number, unsigned scale, struct buf *text)
{
	if (number->is_there && !number->too_large)
		digits(number->n, scale, false, text);
}

int64_t
report_words_drawn(const struct figure_number *number)
{
	return number->is_there && !number->too_large && number->n > 0
		   ? number->n
		   : 0;
}

int64_t
report_words_largest(const struct report_table *table)
{
	int64_t most = 1;

	for (size_t i = 0; i < table->rows_n; i++) {
		int64_t n = report_words_drawn(&table->rows[i].cells[0]);

		if (n > most)
			most = n;
	}
	return most;
}

enum err
report_words_row(struct report_words *words, const struct pack_table *table,
    struct bytes key, struct buf *text)
{
	struct bytes label;
	enum err e;

	if (table->rows == PACK_ROWS_UNIT)
		return scope_label(words->work, key, text);
	e = report_label(store_txn(words->work->store), table, key,
	    &words->work->arena, &label);
	if (e == ERR_OK && label.n > 0)
		buf_add(text, label);
	else if (e == ERR_OK)
		buf_add_text(text, "(없음)");
	return e;
}

static void
classes_text(unsigned classes, struct buf *text)
{
	for (unsigned c = 0; c < CLASS_COUNT; c++)
		if ((classes & 1U << c) != 0)
			buf_add_format(text, "%s%s", text->n > 0 ? ", " : "",
			    pack_class_names[c]);
}

/* Moves `line` behind `lines`, unless it stands there: two tables may have one
 * figure. */
static void
line_move(struct buf *line, struct buf *lines)
{
	struct bytes rest = buf_bytes(lines);

	while (rest.n > 0 && !bytes_begins(rest, buf_bytes(line))) {
		size_t n = bytes_find(rest, '\n');

		rest = bytes_after(rest, n < rest.n ? n + 1 : n);
	}
	if (rest.n == 0)
		buf_add(lines, buf_bytes(line));
	buf_cut(line, 0);
}

void
report_words_notes(const struct report_words *words,
    const struct report_table *table, size_t column, struct buf *lines)
{
	const struct report_column *says = &table->columns[column];
	const char *name = table->table->columns[column]->label.ko;
	bool all = words->ask.period.first == INT64_MIN &&
		   words->ask.period.last == INT64_MAX;
	struct buf classes = {0};
	struct buf line = {0};

	if (says->missing != 0) {
		classes_text(says->missing, &classes);
		buf_add_format(&line,
		    "%s: %s등급 자료가 이 노드에 다 있지 않습니다 (로그 "
		    "%llu개); 실제보다 적을 "
		    "수 있습니다\n",
		    name, buf_text(&classes),
		    (unsigned long long)says->missing_logs);
		line_move(&line, lines);
	}
	if (says->left_out > 0) {
		buf_add_format(&line, "%s: 기록 %llu건이 집계에서 빠졌습니다\n",
		    name, (unsigned long long)says->left_out);
		line_move(&line, lines);
	}
	if (says->cut > 0) {
		buf_add_format(&line,
		    "%s: 요청한 기간보다 큰 단위로 집계된 값 %llu개가 "
		    "빠졌습니다; 기간을 넓혀 보십시오\n",
		    name, (unsigned long long)says->cut);
		line_move(&line, lines);
	}
	if (!says->is_timed && !all) {
		buf_add_format(
		    &line, "%s: 기간과 상관없는 현재 값입니다\n", name);
		line_move(&line, lines);
	}
	buf_fini(&classes);
	buf_fini(&line);
}

enum err
report_words_unit(struct report_words *words, const struct report_unit *unit,
    struct buf *text)
{
	enum err e = scope_label(words->work, unit->prefix, text);

	buf_add_text(text, " (");
	if (unit->logs_n > 0)
		show_time(unit->newest, text);
	else
		buf_add_text(text, "받은 자료 없음");
	buf_add_text(text, ")");
	return e;
}

size_t
report_words_held(const struct report_words *words)
{
	size_t n = 0;

	for (size_t i = 0; i < words->report.units_n; i++)
		n += words->report.units[i].logs_n > 0 ? 1 : 0;
	return n;
}

bool
report_words_is_stale(
    const struct report_words *words, const struct report_unit *unit)
{
	int64_t newest = (int64_t)stamp_ms(unit->newest);

	return words->ask.now_seconds * 1000 - newest >
	       (int64_t)words->stale_days * DAY_MS;
}
