#ifndef GOLMOK_CORE_CHECK_RECORD_H
#define GOLMOK_CORE_CHECK_RECORD_H

#include "core/check.h"

/* Checks the records of `space`: merges each again from its whole history and
 * compares it with its row and cells, then the digests and the count of the
 * space. */
void check_record_run(struct check *check, struct space_state *space);

#endif
