#ifndef GOLMOK_CLI_REPORT_WORDS_H
#define GOLMOK_CLI_REPORT_WORDS_H

#include "cli/open.h"
#include "core/report.h"

/*
 * A report and what it is called, for the files that write it down
 * (cli/report_text.h, cli/report_html.h).
 */
struct report_words {
	struct opened *work; /* borrowed */
	struct report_ask ask;
	struct report report;
	struct buf scope;  /* what it is about, for people */
	struct buf period; /* the same of its time */
	uint64_t stale_days;
};

/* Appends the number of `figure` for people: digits in threes, a point where
 * the figure has digits behind it, "–" where there is none, ">" where it is too
 * large. */
void report_words_number(const struct pack_figure *figure,
    const struct figure_number *number, struct buf *text);
/* The same with `scale` digits behind the point, as in JSON and CSV: no
 * threes. */
void report_words_plain(
    const struct figure_number *number, unsigned scale, struct buf *text);
/* What a chart shows of `number`: 0 where there is none, or none that can be
 * drawn (it is negative or too large). */
int64_t report_words_drawn(const struct figure_number *number);
/* The largest that a chart shows in the first column of `table`; at least 1. */
int64_t report_words_largest(const struct report_table *table);
/* How many digits behind the point `figure` has. */
unsigned report_words_digits(const struct pack_figure *figure);
/* What people call the row `key` of `table`, appended to `text`. */
enum err report_words_row(struct report_words *words,
    const struct pack_table *table, struct bytes key,
    struct buf *text) MUST_USE;
/* Appends a line for each thing that a reader has to know about `column`: data
 * that is not held, records left out, a number without a time. */
void report_words_notes(const struct report_words *words,
    const struct report_table *table, size_t column, struct buf *lines);
/* Appends what people call `unit`, and when it was last heard of. */
enum err report_words_unit(struct report_words *words,
    const struct report_unit *unit, struct buf *text) MUST_USE;
/* Of how many units something is held. */
size_t report_words_held(const struct report_words *words);
/* Is the newest word of `unit` older than it should be? */
bool report_words_is_stale(
    const struct report_words *words, const struct report_unit *unit);

#endif
