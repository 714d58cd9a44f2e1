#ifndef GOLMOK_CLI_SCOPE_H
#define GOLMOK_CLI_SCOPE_H

#include "cli/open.h"
#include "core/units_find.h"

/*
 * Of which spaces a list or a report speaks, as the words say: --under PREFIX,
 * or a scope of the pack with the name of a unit (--dong 신사동), or a scope
 * alone for the only unit of its level (--city).  A command that takes them is
 * `scoped` and has SCOPE_UNDER among its options.
 */
#define SCOPE_UNDER                                                 \
	{                                                           \
		.name = "under", .value = "PREFIX",                 \
		.help = "only in spaces below it, such as d03/c017" \
	}

struct scope {
	struct space prefix; /* empty: all spaces that are held */
	/* The unit that was named (open_units); NULL: none was. */
	const struct unit *unit;
	/* The words of the command, with those that stood behind a scope and
	 * are no name of a unit.  Owned. */
	const char **words;
	size_t words_n;
};

/* Reads into `scope`, ended with scope_fini in every case, what the words of
 * work->args say, in the open transaction.  What somebody should know of the
 * unit (it was named by an old name) is noticed on work->out.  ERR_USAGE: no
 * such option or prefix, two scopes, a word is missing; errors of
 * units_find_named.
 */
enum err scope_read(struct opened *work, struct scope *scope) MUST_USE;
/* A zeroed struct is fine. */
void scope_fini(struct scope *scope);
/* Word number `i`; NULL when there are not so many.  As args_word. */
const char *scope_word(const struct scope *scope, size_t i);
/* As scope_read, for a command whose own words all stand in front: the prefix
 * into `*prefix`, and what people call what it covers appended to `label`.
 * ERR_USAGE also for a word behind a scope that is no name of a unit. */
enum err scope_prefix(
    struct opened *work, struct space *prefix, struct buf *label) MUST_USE;
/* Appends to `text` what people call the unit with `prefix` (units_at), or the
 * prefix when no record says.  Units are read once for a command, as they stand
 * when the first is asked for. */
enum err scope_label(
    struct opened *work, struct bytes prefix, struct buf *text) MUST_USE;

#endif
