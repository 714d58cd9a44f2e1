#ifndef GOLMOK_CORE_REPAIR_H
#define GOLMOK_CORE_REPAIR_H

#include "core/fsck.h"
#include "core/salvage.h"

/*
 * A store whose data file is damaged gets a new one, with all that is sound in
 * the old: `golmok repair`.  The store goes on like one that was restored, in
 * new logs, and its peers bring what is missing.
 */
struct repair_report {
	bool was_sound; /* nothing was wrong */
	bool tried;	/* a file was taken from: */
	struct salvage salvage;
	/* What is kept of the old data, for when more has come from others; ""
	 * when all of it is in the store. */
	char kept[64];
};

/* Looks through the store `dir`, alone.  If something is wrong in its data,
 * makes a new data file beside it, with what is sound, and puts it in its
 * place; the old one stays as `data.mdb.damaged-N` unless nothing is missing.
 * If nothing is wrong, takes once more what it can from such files, for deltas
 * whose predecessors have come since.  A crash leaves the old data or the new,
 * and it may be run again.  What is found goes to `watch`.  ERR_BUSY: others
 * have it open.  ERR_CORRUPT: its keys are damaged, or its data is no data file
 * at all.  ERR_FULL: it needs as much room again. */
enum err repair_run(const char *dir, const struct host *host,
    const struct fsck_watch *watch, struct repair_report *report) MUST_USE;

#endif
