#ifndef GOLMOK_CLI_SCOPE_H
#define GOLMOK_CLI_SCOPE_H

#include "cli/open.h"
#include "core/units.h"

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
	/* The unit that was named; NULL: none was.  In the transaction's
	 * arena, as `units`. */
	const struct unit *unit;
	/* All units; read when a scope was given. */
	struct units units;
	/* The words of the command, with those that stood behind a scope and
	 * are no name of a unit.  Owned. */
	const char **words;
	size_t words_n;
};

/* Reads into `scope`, ended with scope_fini in every case, what the words of
 * work->args say, in the open transaction.  What somebody should know of the
 * unit (it was named by an old name) is noticed on work->out.  ERR_USAGE: no
 * such option or prefix, two scopes, a word is missing; errors of units_find.
 */
enum err scope_read(struct opened *work, struct scope *scope) MUST_USE;
/* A zeroed struct is fine. */
void scope_fini(struct scope *scope);
/* Word number `i`; NULL when there are not so many.  As args_word. */
const char *scope_word(const struct scope *scope, size_t i);
/* Appends what it is, for people: the unit, the prefix, or nothing. */
void scope_words(const struct scope *scope, struct buf *words);
/* Seconds since 1970 by the clock of this node. */
int64_t scope_now_seconds(struct opened *work);

#endif
