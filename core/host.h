#ifndef GOLMOK_CORE_HOST_H
#define GOLMOK_CORE_HOST_H

#include "proto/base.h"

/*
 * All that is not determined by arguments and the disk: the wall's time and
 * randomness.  net/loop.c and cli/ give the real ones, the simulator gives
 * seeded ones, so that a whole city runs in one process and can be replayed.
 */
struct host {
	/* Milliseconds since 1970 UTC, as the wall shows them. */
	uint64_t (*now_ms)(void *arg);
	/* Fills `n` bytes at `p` with bytes that nobody can guess. */
	void (*random)(void *arg, uint8_t *p, size_t n);
	void *arg; /* borrowed */
};

#endif
