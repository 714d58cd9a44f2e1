#ifndef GOLMOK_CORE_COMPACT_H
#define GOLMOK_CORE_COMPACT_H

#include "core/host.h"
#include "proto/err.h"

/*
 * LMDB uses the pages that became free again, but its file never gets smaller.
 * Here all that is in it is written into a new file, which takes its place.
 */
struct compact_report {
	uint64_t before_bytes; /* of the data file */
	uint64_t after_bytes;
};

/* Compacts the store `dir`, which nobody else has open.  The new file is synced
 * before it takes the place of the old one, and is adopted then (core/mark.h):
 * a crash in between is noticed as a copied store, which costs a new
 * incarnation and no data.  ERR_BUSY: it is in use.  ERR_FULL: no room for a
 * second file.  ERR_VERSION, ERR_NOT_FOUND, ERR_CORRUPT, ERR_IO. */
enum err compact_run(const char *dir, const struct host *host,
    struct compact_report *report) MUST_USE;

#endif
