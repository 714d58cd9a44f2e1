/*
 * Words in the texts of records, compared as the pack folds them.  Called by
 * core/query.c for each record that it looks at.
 */
#include "core/query_text.h"

#include "core/fold.h"
#include "proto/codec.h"

/* Of syllables, and the first byte of the letters that they are made of. */
enum { SYLLABLE_SIZE = 3, LETTER_FIRST = 0xe1 };

static bool
is_text(const struct pack_field *field)
{
	return field->type == PACK_TEXT &&
	       (field->kind == KIND_REGISTER || field->kind == KIND_SET);
}

static void
choose_fields(const struct pack_collection *collection, struct arena *arena,
    struct query_text *text)
{
	const struct pack_field **fields = arena_array(
	    arena, collection->fields_n, sizeof(*fields));

	for (size_t i = 0; i < collection->fields_n; i++)
		text->searched = text->searched || collection->fields[i].search;
	for (size_t i = 0; i < collection->fields_n; i++) {
		const struct pack_field *field = &collection->fields[i];

		if (text->searched ? field->search : is_text(field))
			fields[text->fields_n++] = field;
	}
	text->fields = fields;
}

/* The next word of `*rest`, which then begins behind it. */
static struct bytes
word_next(struct bytes *rest)
{
	struct bytes word;
	size_t n = 0;

	while (rest->n > 0 && rest->p[0] <= ' ')
		*rest = bytes_after(*rest, 1);
	while (n < rest->n && rest->p[n] > ' ')
		n++;
	word = bytes_first(*rest, n);
	*rest = bytes_after(*rest, n);
	return word;
}

enum err
query_text_read(const struct pack *pack,
    const struct pack_collection *collection, struct bytes words,
    struct arena *arena, struct query_text *text)
{
	/* A word and the space behind it are two bytes at least. */
	size_t room = words.n / 2 + 1;
	struct bytes *raw = arena_array(arena, room, sizeof(*raw));
	struct bytes *folded = arena_array(arena, room, sizeof(*folded));
	struct bytes *open = arena_array(arena, room, sizeof(*open));
	struct bytes rest = arena_bytes(arena, words);
	struct buf one = {0};
	enum err e = ERR_OK;

	*text = (struct query_text){
	    .fold = pack->fold, .words = raw, .folded = folded, .open = open};
	choose_fields(collection, arena, text);
	if (text->fields_n == 0)
		return err_set(ERR_INVALID,
		    "no field of %s is a text in which words could be found",
		    collection->name);
	for (;;) {
		struct bytes word = word_next(&rest);

		if (word.n == 0 || e != ERR_OK)
			break;
		e = fold_text(text->fold, word, &one);
		/* A point alone means nothing. */
		if (e != ERR_OK || one.n == 0)
			continue;
		folded[text->words_n] = arena_bytes(arena, buf_bytes(&one));
		open[text->words_n] = fold_open(
		    text->fold, folded[text->words_n]);
		/* The index has no end that is dropped. */
		raw[text->words_n] = open[text->words_n].n == one.n
					 ? word
					 : open[text->words_n];
		text->words_n++;
	}
	buf_fini(&one);
	if (e == ERR_OK && text->words_n == 0)
		e = err_set(ERR_INVALID, "'%.*s' has no letter to look for",
		    (int)words.n, (const char *)words.p);
	return e;
}

/* Is what `text` begins with a syllable of Hangul?  They go from ea b0 80 to ed
 * 9e a3, and behind them is nothing that has another form. */
static bool
is_syllable(struct bytes text)
{
	return text.n >= SYLLABLE_SIZE && text.p[0] >= 0xea &&
	       text.p[0] <= 0xed && (text.p[0] > 0xea || text.p[1] >= 0xb0);
}

/* May `in` have `word` in it once it is folded?  A syllable that it has then
 * stands in it as it is, or is put together of letters, all of which begin with
 * one byte.  A wrong "yes" costs only time. */
static bool
may_have(struct bytes in, struct bytes word)
{
	bool may = true;

	if (bytes_find(in, LETTER_FIRST) < in.n)
		return true;
	while (may && word.n > 0) {
		size_t n = is_syllable(word) ? SYLLABLE_SIZE : 1;

		if (n == SYLLABLE_SIZE)
			may = bytes_search(in, bytes_first(word, n)) < in.n;
		word = bytes_after(word, n);
	}
	return may;
}

/* Marks the words that a value of `field` has in it. */
static size_t
mark(const struct query_text *text, const struct record_field *field,
    bool *found, struct buf *folded)
{
	size_t n = 0;

	for (size_t i = 0; i < field->n; i++) {
		struct reader r;
		struct bytes is;
		bool may = false;

		codec_begin(&r, field->values[i].value);
		is = codec_get_text(&r);
		for (size_t w = 0; w < text->words_n && !r.bad; w++)
			may = may || (!found[w] && may_have(is, text->open[w]));
		if (!may)
			continue;
		/* What is too large in normal form is taken as it is. */
		if (fold_text(text->fold, is, folded) == ERR_OK)
			is = buf_bytes(folded);
		for (size_t w = 0; w < text->words_n; w++)
			if (!found[w] &&
			    fold_has(text->fold, is, text->folded[w], false)) {
				found[w] = true;
				n++;
			}
	}
	return n;
}

bool
query_text_holds(const struct query_text *text, const struct record *record)
{
	struct buf folded = {0};
	struct buf marks = {0};
	bool *found = (bool *)buf_extend(&marks, text->words_n);
	size_t n = 0;

	for (size_t i = 0; i < text->words_n; i++)
		found[i] = false;
	for (size_t i = 0; i < text->fields_n && n < text->words_n; i++) {
		const struct record_field *field = merge_find(record,
		    bytes_text(text->fields[i]->name), text->fields[i]->kind);

		if (field != NULL && field->values == NULL)
			n = text->words_n;
		else if (field != NULL)
			n += mark(text, field, found, &folded);
	}
	buf_fini(&marks);
	buf_fini(&folded);
	return n == text->words_n;
}
