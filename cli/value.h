#ifndef GOLMOK_CLI_VALUE_H
#define GOLMOK_CLI_VALUE_H

#include "core/pack.h"
#include "core/store.h"

/*
 * What a person writes as FIELD=VALUE, as edits of a record.
 *
 *	field=value    give a register or state its value; of a set: exactly
 *		       these elements, with semicolons between them
 *	field=	       clear a register, empty a set
 *	field+=value   one more element of a set, one more note, add to a
 *		       counter
 *	field-=value   one element less, or so much less
 *
 * With a pack the field says what it is.  Free fields say it themselves:
 * name[:kind][@class], by default what the record has under that name, else a
 * register of class P; their values are text (of a counter: an integer).
 */
struct value_edits {
	struct arena *arena; /* borrowed: all below lives there */
	const struct pack_collection *collection; /* NULL: free fields */
	bool create;
	const struct record *record; /* as shown, loaded; NULL when creating */
	struct store_edit *edits;    /* owned */
	size_t n;
	size_t room;
};

/* Reads `word` and adds what it asks for to `edits`, whose first fields are
 * set.  ERR_USAGE: no such form; ERR_INVALID names field, rule and value;
 * ERR_LIMIT: too large. */
enum err value_add(struct value_edits *edits, const char *word) MUST_USE;
/* As value_add for a note `text` of the field `name`. */
enum err value_add_note(
    struct value_edits *edits, const char *name, struct bytes text) MUST_USE;
/* Gives the array back; a zeroed struct is fine. */
void value_fini(struct value_edits *edits);

/* What the pack calls the field `name` of a record in `collection` (NULL: no
 * pack has it); NULL when it does not know it, or as another kind. */
const struct pack_field *value_field(const struct pack_collection *collection,
    const struct record_field *content);

#endif
