#ifndef GOLMOK_CORE_REPORT_SAID_H
#define GOLMOK_CORE_REPORT_SAID_H

#include "core/report.h"

/*
 * Published values beside those that are worked out, for core/report.c.
 */

/* Puts into `report`, from `arena`, what the records of the pack's `reported`
 * say of figures in ask->report, of units within ask->prefix, in the order of
 * figure, unit, period and id.  Errors as figure_collect. */
enum err report_said_find(struct txn *txn, const struct report_ask *ask,
    struct arena *arena, struct report *report) MUST_USE;
/* The one number of `figure`, ratios too, over all that `ask` covers; a ratio
 * has `digits` behind the point.  `ask->rows` is ignored. */
enum err report_said_total(struct txn *txn, const struct figure_ask *ask,
    const struct pack_figure *figure, unsigned digits,
    struct figure_number *number) MUST_USE;

#endif
