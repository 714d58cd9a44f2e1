/*
 * Byte budgets of peers.  net/peer/flow.c asks whether more may go.
 */
#include "net/peer/quota.h"

enum {
	/* A part is a 64th of the day's bytes, within these: little is lost
	 * when a process is killed, and little is written. */
	PARTS = 64,
	PART_MIN = 16 * 1024,
	PART_MAX = 256 * 1024,
};

bool
quota_admits(const struct quota *quota, uint64_t today, uint64_t used)
{
	return quota->day_bytes == 0 ||
	       (quota->day == today && used < quota->granted);
}

bool
quota_is_spent(const struct quota *quota, uint64_t today)
{
	return quota->day_bytes > 0 && quota->is_spent && quota->day == today;
}

/* A clock that went back by some hours opens no second budget; one that had
 * been years ahead does not close all budgets until then. */
static bool
is_over(const struct clock_spent *row, uint64_t today)
{
	return row->day < today || row->day - today > 1;
}

void
quota_grant(
    struct quota *quota, uint64_t today, uint64_t used, struct clock_spent *row)
{
	uint64_t part = quota->day_bytes / PARTS;
	uint64_t left = 0;

	if (part < PART_MIN)
		part = PART_MIN;
	if (part > PART_MAX)
		part = PART_MAX;
	/* What went without a grant is of today. */
	if (quota->granted == 0)
		quota->day = today;
	quota_end(quota, used, row);
	if (is_over(row, today))
		*row = (struct clock_spent){.day = today};
	if (row->bytes < quota->day_bytes)
		left = quota->day_bytes - row->bytes;
	quota->day = today;
	quota->granted = part < left ? part : left;
	quota->is_spent = left == 0;
	row->bytes += quota->granted;
}

void
quota_end(struct quota *quota, uint64_t used, struct clock_spent *row)
{
	uint64_t granted = quota->granted;

	quota->granted = 0;
	if (granted == 0 && is_over(row, quota->day))
		*row = (struct clock_spent){.day = quota->day};
	/* What was granted on another day went with that day's row. */
	if (row->day != quota->day)
		return;
	if (used <= granted)
		row->bytes -= granted - used < row->bytes ? granted - used
							  : row->bytes;
	else if (used - granted < UINT64_MAX / 2 - row->bytes)
		row->bytes += used - granted;
}
