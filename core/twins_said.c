/*
 * Who said that two records speak of the same.  Called by
 * cli/cmd_duplicates.c; writes nothing.
 */
#include "core/twins_said.h"

#include <string.h>

#include "proto/codec.h"

enum err
twins_said_space(
    const struct pack_duplicates *rules, struct bytes unit, struct space *space)
{
	struct buf name = {0};
	enum err e;

	buf_add(&name, unit);
	buf_add_text(&name, unit.n > 0 ? "/" : "");
	buf_add_text(&name, rules->collection->space);
	e = id_space(buf_bytes(&name), space);
	buf_fini(&name);
	return e;
}

void
twins_said_put(bool same, struct bytes unit, struct buf *text)
{
	buf_add_text(text, same ? "same " : "different ");
	buf_add(text, unit);
}

/* Who wrote the log from which `source` comes; false when it is not held. */
static enum err
author_get(struct txn *txn, struct space_state *space,
    const struct record_source *source, struct sign_key *author, bool *found)
{
	const struct log_id *id = &source->at.delta.log;
	struct log *log = oplog_find(txn, space, id);
	struct log **tips;
	size_t n = 0;
	enum err e = ERR_OK;

	if (log == NULL) {
		e = oplog_tips(txn, space, id, &tips, &n);
		log = n > 0 ? tips[0] : NULL;
	}
	*found = log != NULL;
	if (log != NULL)
		*author = log->name.author;
	return e;
}

/* Takes in one element that says `same` or not, if its author may. */
static enum err
word_take(struct txn *txn, struct space_state *space,
    const struct record_source *source, const struct authority *authority,
    const struct space *of, bool same, struct twins_word *word)
{
	struct sign_key author;
	bool found;
	enum err e = author_get(txn, space, source, &author, &found);

	if (e != ERR_OK || !found ||
	    !authority_may(authority, &author, RIGHT_WRITE, of, NULL))
		return e;
	if (word->verdict != TWINS_SILENT &&
	    (word->verdict == TWINS_SAME) != same)
		word->verdict = TWINS_TORN;
	else if (word->verdict == TWINS_SILENT)
		word->verdict = same ? TWINS_SAME : TWINS_DIFFERENT;
	if (same) {
		word->author = author;
		word->has_actor = source->has_actor;
		word->actor = source->actor;
	}
	return ERR_OK;
}

enum err
twins_said_read(struct txn *txn, const struct authority *authority,
    struct space_state *space, const struct record *record, struct bytes unit,
    struct twins_word *word)
{
	const struct pack_duplicates *rules = txn->pack->duplicates;
	const struct pack_field *field = rules->candidate.said;
	const struct record_field *said = merge_find(
	    record, bytes_text(field->name), field->kind);
	struct space of;
	struct buf yes = {0};
	struct buf no = {0};
	enum err e = twins_said_space(rules, unit, &of);

	*word = (struct twins_word){0};
	twins_said_put(true, unit, &yes);
	twins_said_put(false, unit, &no);
	for (size_t i = 0; said != NULL && i < said->n && e == ERR_OK; i++) {
		const struct record_value *value = &said->values[i];
		struct bytes text;
		struct reader r;

		codec_begin(&r, value->value);
		text = codec_get_text(&r);
		if (bytes_equal(text, buf_bytes(&yes)) ||
		    bytes_equal(text, buf_bytes(&no)))
			e = word_take(txn, space,
			    &record->sources[value->source], authority, &of,
			    bytes_equal(text, buf_bytes(&yes)), word);
	}
	buf_fini(&yes);
	buf_fini(&no);
	return e;
}

bool
twins_said_agreed(
    const struct twins_word *a, const struct twins_word *b, bool one_unit)
{
	bool one_node = memcmp(&a->author, &b->author, sizeof(a->author)) == 0;
	bool one_person = a->has_actor == b->has_actor &&
			  (!a->has_actor || memcmp(&a->actor, &b->actor,
						sizeof(a->actor)) == 0);

	if (a->verdict != TWINS_SAME || b->verdict != TWINS_SAME)
		return false;
	return one_unit || !one_node || !one_person;
}
