#ifndef GOLMOK_CORE_DECIDE_H
#define GOLMOK_CORE_DECIDE_H

#include "core/compose.h"

/*
 * Writing adopts and voids (docs/format.md §8).
 */

/* As store_decide for a data space. */
enum err decide_deltas(
    struct composer *composer, const struct store_decision *decision) MUST_USE;
/* As store_decide for facts in `authority`. */
enum err decide_facts(
    struct composer *composer, const struct store_decision *decision) MUST_USE;

#endif
