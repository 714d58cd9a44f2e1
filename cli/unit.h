#ifndef GOLMOK_CLI_UNIT_H
#define GOLMOK_CLI_UNIT_H

#include "cli/open.h"

/*
 * The units that records are about: centres, districts, by the prefix that
 * their spaces have in common.
 */

/* The options of every command that unit_scope reads. */
#define UNIT_OPTIONS                                              \
	{                                                         \
		.name = "under", .value = "PREFIX",               \
		.help = "only of spaces below it (d03, d03/c017)" \
	}

/* Which spaces the words name: their `prefix`, and what people call that,
 * appended to `label`.  ERR_USAGE. */
enum err unit_scope(const struct args *args, struct opened *work,
    struct space *prefix, struct buf *label) MUST_USE;
/* Appends what people call the unit with this prefix, or the prefix when no
 * record says. */
enum err unit_label(
    struct opened *work, struct bytes prefix, struct buf *text) MUST_USE;

#endif
