#ifndef GOLMOK_CLI_SHOW_EXPR_H
#define GOLMOK_CLI_SHOW_EXPR_H

#include "core/expr.h"

/*
 * What expressions give, as text.  Stored values look as cli/show.h has them:
 * those are read back as they stand, these are not.
 */
enum show_expr_form {
	/* For a table that somebody looks at: yes and no, times without
	 * seconds, spans as "3d" or "12h", of references the first digits,
	 * elements of a set with a comma between. */
	SHOW_EXPR_SHORT,
	/* As docs/packs.md has values as text, which import reads: true and
	 * false, times as RFC 3339, spans in seconds, references in hex,
	 * elements with a semicolon between. */
	SHOW_EXPR_WHOLE,
};

/* Appends `value` to `text` in `form`, times by the clocks of `pack` (NULL:
 * UTC); nothing for nothing, for a map and for what no calendar has. */
void show_expr_text(const struct pack *pack, const struct expr_value *value,
    enum show_expr_form form, struct buf *text);
/* Appends `value` as a member `key` of the JSON object under way in `json`
 * (cli/object.h; NULL: an element of an array): null for nothing, sets as
 * arrays, numbers and spans in seconds bare, days, times and references as the
 * text that SHOW_EXPR_WHOLE gives. */
void show_expr_json(const struct pack *pack, const char *key,
    const struct expr_value *value, struct buf *json);

#endif
