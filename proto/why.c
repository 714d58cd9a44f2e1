/*
 * Outcomes as numbers, and back, for proto/msg.c.  A switch without default, so
 * that an outcome without a number does not compile.  Pure.
 */
#include "proto/why.h"

/* enum err may be sorted anew, these numbers never. */
enum {
	WHY_OK = 0,
	WHY_USAGE = 1,
	WHY_NOT_FOUND = 2,
	WHY_EXISTS = 3,
	WHY_INVALID = 4,
	WHY_DENIED = 5,
	WHY_MALFORMED = 6,
	WHY_CORRUPT = 7,
	WHY_VERSION = 8,
	WHY_LIMIT = 9,
	WHY_BUSY = 10,
	WHY_FULL = 11,
	WHY_IO = 12,
	WHY_PEER = 13,
	WHY_FORKED = 14,
};

unsigned
why_number(enum err e)
{
	switch (e) {
	case ERR_OK:
		return WHY_OK;
	case ERR_USAGE:
		return WHY_USAGE;
	case ERR_NOT_FOUND:
		return WHY_NOT_FOUND;
	case ERR_EXISTS:
		return WHY_EXISTS;
	case ERR_INVALID:
		return WHY_INVALID;
	case ERR_DENIED:
		return WHY_DENIED;
	case ERR_MALFORMED:
		return WHY_MALFORMED;
	case ERR_CORRUPT:
		return WHY_CORRUPT;
	case ERR_VERSION:
		return WHY_VERSION;
	case ERR_LIMIT:
		return WHY_LIMIT;
	case ERR_BUSY:
		return WHY_BUSY;
	case ERR_FULL:
		return WHY_FULL;
	case ERR_IO:
		return WHY_IO;
	case ERR_PEER:
	case ERR_PART:
		return WHY_PEER;
	case ERR_FORKED:
		return WHY_FORKED;
	}
	return WHY_PEER;
}

/* A reason that only a newer program knows is a reason all the same. */
enum err
why_outcome(uint64_t number)
{
	enum err outcome = ERR_PEER;

	for (enum err e = ERR_OK; e < ERR_PEER; e++) {
		if (why_number(e) == number)
			outcome = e;
	}
	return outcome;
}
