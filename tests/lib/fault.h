#ifndef GOLMOK_TESTS_LIB_FAULT_H
#define GOLMOK_TESTS_LIB_FAULT_H

#include "proto/base.h"

/*
 * Makes calls of the system and of LMDB fail.  A test names the functions it
 * wants in its LINK comment as `-Wl,--wrap=fsync,--wrap=mdb_put`, or takes all
 * there are by `-Wl,@tests/lib/fault.wrap`; only calls from our own objects are
 * caught, not those that libraries make.  Without a plan every call goes
 * through.
 */

/* Instead of a number of errno.h: read and pwrite do only the first half. */
enum { FAULT_SHORT = -1 };

struct fault_plan {
	const char *names; /* "fsync rename": what to count; NULL: everything */
	unsigned nth;	   /* the call that fails: 1 is the next */
	bool for_ever;	   /* and all after it */
	int number;	   /* of errno.h, or LMDB's code (for the system's
			    * calls as EIO), or FAULT_SHORT */
};

/* From now on `plan` holds; counting starts anew. */
void fault_arm(struct fault_plan plan);
/* Ends the plan; true when a call was made to fail. */
bool fault_disarm(void);
/* How many calls the plan counted. */
unsigned fault_counted(void);
/* For wrappers that a test has of its own: counts a call of `name` and gives
 * the number that it is to fail with; 0: it is not. */
int fault_due(const char *name);

#endif
