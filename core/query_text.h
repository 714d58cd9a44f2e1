#ifndef GOLMOK_CORE_QUERY_TEXT_H
#define GOLMOK_CORE_QUERY_TEXT_H

#include "core/merge.h"
#include "core/pack.h"

/*
 * Words that are looked for in the texts of records: by a query, and by whoever
 * tells what it will look at.
 */
struct query_text {
	const struct pack_fold *fold; /* borrowed from the pack */
	/* Each is to be found; none has nothing in it when folded. */
	const struct bytes *words;  /* as they were given, or, what an index is
				     * asked for, without an open end */
	const struct bytes *folded; /* as the pack compares texts */
	const struct bytes *open;   /* without such an end */
	size_t words_n;
	/* In one of these: the fields that the pack has searched; without any
	 * all registers and sets of text, which no index helps with. */
	const struct pack_field *const *fields;
	size_t fields_n;
	bool searched;
};

/* Takes `words`, which spaces part, for `collection` of `pack`, apart; all of
 * `text` comes from `arena`, but for what it borrows from the pack.
 * ERR_INVALID: there is nothing to look for, they are no text, or the
 * collection has no text at all. */
enum err query_text_read(const struct pack *pack,
    const struct pack_collection *collection, struct bytes words,
    struct arena *arena, struct query_text *text) MUST_USE;
/* Has `record` all words in it?  Where values of a field that is looked through
 * are not loaded: might it have? */
bool query_text_holds(
    const struct query_text *text, const struct record *record) MUST_USE;

#endif
