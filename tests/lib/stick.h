#ifndef GOLMOK_TESTS_LIB_STICK_H
#define GOLMOK_TESTS_LIB_STICK_H

#include "core/bundle_show.h"
#include "core/bundle_take.h"
#include "core/bundle_write.h"
#include "tests/lib/town.h"

/*
 * Sticks between the nodes of a town: bundles written, taken, and forged by
 * members who know how.  Whatever fails in a store fails the test.
 */

/* Writes a bundle of node `from` for the `n` nodes `to` to the file `name` in
 * the town's directory, in place of what is there. */
struct stick_want {
	enum bundle_kind kind;
	const char *space; /* NULL: all */
	bool full;
};
struct bundle_written stick_write(struct town *town, size_t from,
    const size_t *to, size_t n, const struct stick_want *want,
    const char *name);
/* The same for one receiver and all that is new to it. */
struct bundle_written stick_send(
    struct town *town, size_t from, size_t to, const char *name);

/* What became of a bundle. */
struct stick_taken {
	struct bundle_taken taken; /* troubles are copied, at most: */
	struct bundle_trouble troubles[16];
	struct bundle_found_in found; /* without places of damage */
};
struct stick_taken stick_take(struct town *town, size_t at, const char *name);

/* The file `name`, whole; owned by the caller. */
void stick_load(struct town *town, const char *name, struct buf *file);
void stick_save(struct town *town, const char *name, struct bytes file);

/* The messages of a bundle, for forging. */
enum { STICK_MESSAGES_MAX = LIMIT_SPACES + 16 };
struct stick_kit {
	struct bundle_about about;
	struct buf messages[STICK_MESSAGES_MAX]; /* owned; without ABOUT */
	size_t n;
};
/* Opens the bundle `name`, which is for node `at`. */
void stick_kit_load(
    struct town *town, size_t at, const char *name, struct stick_kit *kit);
/* Seals them again to the file `name` for node `to`, each with ABOUT in front,
 * made by the node whose keys are `by`. */
void stick_kit_save(struct town *town, const struct stick_kit *kit,
    const struct identity *by, size_t to, const char *name);
void stick_kit_fini(struct stick_kit *kit);

#endif
