#ifndef GOLMOK_CORE_CHECK_LOG_H
#define GOLMOK_CORE_CHECK_LOG_H

#include "core/check.h"

/* Checks one log: its row, deltas, bodies, tree and heads; with check->whole,
 * that each change in it stands in the history of its record too. */
void check_log_run(struct check *check, const struct log *log);

#endif
