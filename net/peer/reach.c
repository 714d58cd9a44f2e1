/*
 * The spaces that two nodes share, remembered.  net/peer/opening.c asks for
 * each log that something happened to.  Must be cleared whenever rights change.
 */
#include "net/peer/reach.h"

#include <string.h>

#include "core/space.h"
#include "proto/mem.h"

enum { KNOWN = 1, BOTH = 2, BITS = 2, IN_BYTE = 8 / BITS };

void
reach_fini(struct reach *reach)
{
	reach_clear(reach);
}

void
reach_clear(struct reach *reach)
{
	mem_free(reach->bits);
	*reach = (struct reach){0};
}

static unsigned
ask(const struct reach_pair *pair, const struct space *space)
{
	struct clock_depth mine;
	struct clock_depth theirs;

	clock_depth(pair->authority, pair->me, space, &mine);
	clock_depth(pair->authority, pair->peer, space, &theirs);
	return KNOWN | (mine.any && theirs.any ? BOTH : 0u);
}

bool
reach_has(struct reach *reach, const struct reach_pair *pair,
    const struct space_state *space)
{
	size_t at = space->no.v / IN_BYTE;
	unsigned shift = BITS * (space->no.v % IN_BYTE);

	if (at >= reach->n) {
		size_t n = 2 * at + 16;

		reach->bits = mem_resize(reach->bits, n);
		memset(reach->bits + reach->n, 0, n - reach->n);
		reach->n = n;
	}
	if ((reach->bits[at] >> shift & KNOWN) == 0)
		reach->bits[at] |= (uint8_t)(ask(pair, &space->name) << shift);
	return (reach->bits[at] >> shift & BOTH) != 0;
}
