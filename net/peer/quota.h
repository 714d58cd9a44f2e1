#ifndef GOLMOK_NET_PEER_QUOTA_H
#define GOLMOK_NET_PEER_QUOTA_H

#include "core/clock.h"

/*
 * How many bytes may go to one peer on one day.  Bytes are granted in small
 * parts, and each part is durable before the first of it goes: whoever loses
 * power has counted too much, never too little.  Pure: the row comes from
 * core/clock.h, the time and the count of bytes from the session.
 */
struct quota {
	uint64_t day_bytes; /* 0: there is no limit, and nothing is counted */
	uint64_t day;	    /* days since 1970, UTC: the grant is of it */
	uint64_t granted;   /* bytes that may go, from here on */
	bool is_spent;	    /* of that day nothing more is to be had */
};

enum { QUOTA_DAY_MS = 24 * 60 * 60 * 1000 };

/* May something begin now, on the day `today`, when `used` bytes went since the
 * last grant? */
bool quota_admits(const struct quota *quota, uint64_t today, uint64_t used);
/* Has it refused for today? */
bool quota_is_spent(const struct quota *quota, uint64_t today);
/* Settles the `used` bytes since the last grant in `row`, what was counted for
 * this peer so far, and grants the next part, if there is one; `row` is to be
 * written in the same transaction.  `used` counts from 0 again. */
void quota_grant(struct quota *quota, uint64_t today, uint64_t used,
    struct clock_spent *row);
/* Gives back to `row` what was granted and not used, or adds what was used
 * without a grant. */
void quota_end(struct quota *quota, uint64_t used, struct clock_spent *row);

#endif
