#ifndef GOLMOK_CLI_SEEN_H
#define GOLMOK_CLI_SEEN_H

#include "proto/bytes.h"

/* Names of 16 bytes that were met, to notice one that comes twice.  A zeroed
 * struct is empty and ready. */
enum { SEEN_SIZE = 16 };

struct seen {
	uint8_t (*slots)[SEEN_SIZE]; /* owned; a free one is all zero */
	size_t slots_n;		     /* 0 or a power of two */
	size_t n;
	bool zero; /* the name that is all zero was met */
};

/* Was `name` (SEEN_SIZE bytes, or any text that is hashed to so many) not met
 * before?  From now on it was. */
bool seen_add(struct seen *seen, struct bytes name);
void seen_fini(struct seen *seen);

#endif
