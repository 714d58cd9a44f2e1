#ifndef GOLMOK_CORE_BUNDLE_WRITE_H
#define GOLMOK_CORE_BUNDLE_WRITE_H

#include "core/bundle_plan.h"

/*
 * Writes a bundle, a piece at a time, in little memory however large it gets.
 * No transaction is open while the medium is written to, so others work beside
 * it; what they add meanwhile goes along or comes next time.
 */
struct bundle_writer;

/* Begins to write `plan` (borrowed) from `store` (borrowed, no transaction
 * open) to the file `path`, which appears when all is written; ERR_EXISTS when
 * it is there already, unless `replace`. */
enum err bundle_write_begin(struct store *store, const struct bundle_plan *plan,
    const char *path, bool replace, struct bundle_writer **writer) MUST_USE;
/* Writes the next piece; `*more` is false when that was the last one and the
 * file stands under its name, durably.  After a failure there is no such file,
 * nor what was written of it: ERR_FULL, ERR_IO from the medium, or the store's.
 */
enum err bundle_write_step(struct bundle_writer *writer, bool *more) MUST_USE;

struct bundle_written {
	uint64_t parts;
	uint64_t runs; /* segments of runs */
	uint64_t deltas;
	uint64_t bodies;
	uint64_t blocks;
	uint64_t bytes; /* of the file */
};
/* What was written so far. */
struct bundle_written bundle_write_count(const struct bundle_writer *writer);

/* Gives everything back; a file that is not complete is removed.  NULL does
 * nothing. */
void bundle_write_end(struct bundle_writer *writer);

#endif
