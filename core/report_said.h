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

#endif
