#ifndef GOLMOK_TESTS_SIM_LIGHT_H
#define GOLMOK_TESTS_SIM_LIGHT_H

#include "proto/base.h"

/*
 * What would take most of the time of a city and shows nothing: signatures that
 * verified before in this process, since that depends on nothing but the key,
 * the message and the signature; secrets that two keys share, which both sides
 * of a handshake work out; and the ballast of each store.
 */

/* From now on these are remembered, or each is worked out. */
void light_memo(bool on);
/* So many were looked up, and so many of them found. */
struct light_count {
	uint64_t asked;
	uint64_t found;
};
struct light_count light_count(void);

#endif
