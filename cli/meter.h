#ifndef GOLMOK_CLI_METER_H
#define GOLMOK_CLI_METER_H

#include "cli/out.h"
#include "core/pack.h"
#include "core/safety.h"

/* The pack in force, and the versions that are not although they come later. */
struct meter_pack {
	const struct pack *pack; /* NULL: none */
	struct bytes refused;	 /* lines */
};

/* Writes what was counted to `out`: for people tables of spaces and peers and
 * what it comes to, else one line of JSON (docs/operating.md). */
void meter_say(struct out *out, const struct safety *safety,
    const struct authority *authority, const struct meter_pack *pack);

#endif
