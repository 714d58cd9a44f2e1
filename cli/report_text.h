#ifndef GOLMOK_CLI_REPORT_TEXT_H
#define GOLMOK_CLI_REPORT_TEXT_H

#include "cli/grid.h"
#include "cli/report_words.h"

/*
 * Reports for terminals, and for programs.
 */

/* Writes `words` to words->work->out as tables with small charts, and what a
 * reader has to know.  Errors of all three as scope_label and report_label. */
enum err report_text_write(struct report_words *words) MUST_USE;
/* As one object of JSON. */
enum err report_text_json(struct report_words *words) MUST_USE;
/* As CSV: a line for each cell: table, row, figure, unit, value, note. */
enum err report_text_csv(
    struct report_words *words, struct grid *grid) MUST_USE;

#endif
