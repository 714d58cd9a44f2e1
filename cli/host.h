#ifndef GOLMOK_CLI_HOST_H
#define GOLMOK_CLI_HOST_H

#include "core/host.h"

/* The real world: the wall clock of the system and the randomness of its
 * kernel.  Static; works in any thread, borrows nothing. */
const struct host *host_system(void);
/* Seconds since 1970 UTC by its clock. */
int64_t host_now_seconds(void);

#endif
