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

/* Who wrote the log from which `source` comes; `*found` is false when it is not
 * held. */
static enum err
author_get(const struct twins_said *said, const struct record_source *source,
    struct sign_key *author, bool *found)
{
	struct log **tips;
	size_t n;
	enum err e = oplog_tips(
	    said->txn, said->space, &source->at.delta.log, &tips, &n);

	*found = n > 0;
	if (*found)
		*author = tips[0]->name.author;
	return e;
}

/* Takes in what `author` said. */
static void
word_take(struct twins_word *word, bool same, const struct sign_key *author,
    const struct record_source *source)
{
	if (word->verdict == TWINS_SILENT)
		word->verdict = same ? TWINS_SAME : TWINS_DIFFERENT;
	else if ((word->verdict == TWINS_SAME) != same)
		word->verdict = TWINS_TORN;
	if (same) {
		word->author = *author;
		word->has_actor = source->has_actor;
		word->actor = source->actor;
	}
}

enum err
twins_said_read(
    const struct twins_said *said, struct bytes unit, struct twins_word *word)
{
	const struct pack_duplicates *rules = said->txn->pack->duplicates;
	const struct pack_field *field = rules->candidate.said;
	const struct record_field *content = merge_find(
	    said->record, bytes_text(field->name), field->kind);
	struct space of;
	struct buf yes = {0};
	struct buf no = {0};
	enum err e = twins_said_space(rules, unit, &of);

	*word = (struct twins_word){0};
	twins_said_put(true, unit, &yes);
	twins_said_put(false, unit, &no);
	for (size_t i = 0; content != NULL && i < content->n && e == ERR_OK;
	     i++) {
		const struct record_source *source =
		    &said->record->sources[content->values[i].source];
		struct sign_key author;
		struct bytes text;
		struct reader r;
		bool found;

		codec_begin(&r, content->values[i].value);
		text = codec_get_text(&r);
		if (!bytes_equal(text, buf_bytes(&yes)) &&
		    !bytes_equal(text, buf_bytes(&no)))
			continue;
		e = author_get(said, source, &author, &found);
		if (e == ERR_OK && found &&
		    authority_may(
			said->authority, &author, RIGHT_WRITE, &of, NULL))
			word_take(word, bytes_equal(text, buf_bytes(&yes)),
			    &author, source);
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
