#ifndef GOLMOK_CORE_TURN_REPLACE_H
#define GOLMOK_CORE_TURN_REPLACE_H

#include "core/turn.h"

/* The step from `old` to `next`, both with all values loaded; `turn` takes
 * from `arena`. */
void turn_replace_all(const struct record *old, const struct record *next,
    struct arena *arena, struct turn *turn);

#endif
