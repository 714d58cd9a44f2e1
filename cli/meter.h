#ifndef GOLMOK_CLI_METER_H
#define GOLMOK_CLI_METER_H

#include "cli/out.h"
#include "core/safety.h"

/* Writes what was counted to `out`: for people tables of spaces and peers and
 * what it comes to, else one line of JSON (docs/operating.md). */
void meter_say(struct out *out, const struct safety *safety,
    const struct authority *authority);

#endif
