#ifndef GOLMOK_CORE_LOOKUP_WORK_H
#define GOLMOK_CORE_LOOKUP_WORK_H

#include "core/turn.h"

/* Do values of `record`, loaded or not, contradict each other, or was it
 * deleted and changed apart?  Damaged values are kept as the failure of the
 * transaction. */
bool lookup_work_is_open(
    const struct turn_place *at, const struct record *record) MUST_USE;
/* The key of the row that says so. */
void lookup_work_key(const struct turn_place *at, struct key *key);
/* Makes that row true, once the rows of the record are written. */
void lookup_work_settle(const struct turn_place *at, const struct turn *turn);

#endif
