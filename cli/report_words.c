/*
 * Numbers and names of reports in words.  Called by the files that write
 * reports down.
 */
#include "cli/report_words.h"

#include <stdio.h>

#include "cli/scope.h"

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

void
report_words_notes(const struct report_words *words,
    const struct report_table *table, size_t column, struct buf *lines)
{
	const struct report_column *says = &table->columns[column];
	const char *name = table->table->columns[column]->label.ko;
	bool all = words->ask.period.first == INT64_MIN &&
		   words->ask.period.last == INT64_MAX;

	if (says->missing != 0) {
		struct buf classes = {0};

		classes_text(says->missing, &classes);
		buf_add_format(lines,
		    "%s: %s등급 자료가 이 노드에 다 있지 않습니다 (로그 "
		    "%llu개); 실제보다 적을 "
		    "수 있습니다\n",
		    name, buf_text(&classes),
		    (unsigned long long)says->missing_logs);
		buf_fini(&classes);
	}
	if (says->left_out > 0)
		buf_add_format(lines, "%s: 기록 %llu건이 집계에서 빠졌습니다\n",
		    name, (unsigned long long)says->left_out);
	if (!says->is_timed && !all)
		buf_add_format(
		    lines, "%s: 기간과 상관없는 현재 값입니다\n", name);
}

bool
report_words_is_stale(
    const struct report_words *words, const struct report_unit *unit)
{
	int64_t newest = (int64_t)stamp_ms(unit->newest);

	return words->ask.now_seconds * 1000 - newest >
	       (int64_t)words->stale_days * DAY_MS;
}
