/*
 * The list of words of a store.  core/record.c has rows written and read with
 * it, core/txn.c sees to it that list and table never part.  Decides nothing.
 */
#include "core/txn.h"
#include "proto/limits.h"
#include "proto/mem.h"

enum { SLOTS_MIN = 64 };

static uint32_t *slot_of(const struct words *words, struct bytes text);
static void grow(struct words *words);
static void list_add(struct words *words, struct bytes text);
static uint64_t head_of(struct bytes text);
static enum err load(struct txn *txn, struct words *words) MUST_USE;

uint32_t
words_find(const struct words *words, struct bytes text)
{
	return words->slots_n == 0 ? 0 : *slot_of(words, text);
}

/* Where its number stands, or the free place where it would. */
static uint32_t *
slot_of(const struct words *words, struct bytes text)
{
	size_t mask = words->slots_n - 1;
	size_t at = (size_t)bytes_checksum(text) & mask;

	while (words->slots[at] != 0 &&
	       !bytes_equal(words->list[words->slots[at] - 1].text, text))
		at = (at + 1) & mask;
	return &words->slots[at];
}

uint32_t
words_add(struct words *words, struct bytes text)
{
	uint32_t no = words_find(words, text);

	if (no != 0 || text.n > WORDS_SIZE_MAX || words->n == LIMIT_WORDS)
		return no;
	list_add(words, text);
	return (uint32_t)words->n;
}

static void
list_add(struct words *words, struct bytes text)
{
	struct word *word;

	if (2 * (words->n + 1) >= words->slots_n)
		grow(words);
	mem_room(&words->list, &words->room, words->n + 1, sizeof(*word));
	word = &words->list[words->n++];
	word->text = arena_bytes(&words->arena, text);
	word->head = head_of(text);
	*slot_of(words, text) = (uint32_t)words->n;
}

static uint64_t
head_of(struct bytes text)
{
	uint8_t b[8] = {0};

	bytes_copy(b, bytes_first(text, text.n < 8 ? text.n : 8));
	return bytes_be64(b);
}

static void
grow(struct words *words)
{
	mem_free(words->slots);
	words->slots_n *= 2;
	if (words->slots_n == 0)
		words->slots_n = SLOTS_MIN;
	words->slots = mem_zeros(words->slots_n, sizeof(*words->slots));
	for (size_t i = 0; i < words->n; i++)
		*slot_of(words, words->list[i].text) = (uint32_t)(i + 1);
}

void
words_fini(struct words *words)
{
	arena_fini(&words->arena);
	mem_free(words->list);
	mem_free(words->slots);
	*words = (struct words){0};
}

struct words *
words_of(struct txn *txn)
{
	struct words *words = &txn->kept->words;
	uint64_t n;
	enum err e;

	if (txn->words_known)
		return words;
	n = kv_count(txn->kv, TABLE_WORDS);
	/* Somebody made the store anew. */
	if (n < words->stored)
		words_fini(words);
	if (n > words->stored && kv_failed(txn->kv) == ERR_OK) {
		e = load(txn, words);
		if (e != ERR_OK) {
			words_fini(words);
			kv_fail(txn->kv, e);
		}
	}
	txn->words_known = true;
	return words;
}

/* Reads on behind those that were read. */
static enum err
load(struct txn *txn, struct words *words)
{
	struct bytes from = {0};
	struct kv_cursor cursor;
	struct key key;
	enum err e = ERR_OK;

	assert(words->n == words->stored);
	tables_word_key((uint32_t)words->n + 1, &key);
	/* Nothing may lie in front of the first. */
	if (words->n > 0)
		from = tables_key(&key);
	kv_cursor_init(&cursor, txn->kv, TABLE_WORDS);
	for (bool more = kv_seek(&cursor, from); more;
	     more = kv_next(&cursor)) {
		struct bytes text;

		e = tables_open(TABLE_WORDS, cursor.key, cursor.value, &text);
		tables_word_key((uint32_t)words->n + 1, &key);
		if (e == ERR_OK &&
		    (!bytes_equal(cursor.key, tables_key(&key)) ||
			text.n > WORDS_SIZE_MAX || words->n == LIMIT_WORDS ||
			words_find(words, text) != 0))
			e = tables_corrupt(TABLE_WORDS, cursor.key,
			    "it is no word, or out of turn");
		if (e != ERR_OK)
			break;
		list_add(words, text);
	}
	kv_cursor_fini(&cursor);
	words->stored = words->n;
	return e == ERR_OK ? kv_failed(txn->kv) : e;
}

void
words_again(struct txn *txn)
{
	struct words *words = &txn->kept->words;

	assert(words->n == words->stored);
	words_fini(words);
	txn->words_known = false;
	(void)words_of(txn);
}

void
words_flush(struct txn *txn)
{
	struct words *words = &txn->kept->words;

	if (!txn->words_known)
		return;
	for (size_t i = words->stored; i < words->n; i++) {
		struct key key;

		tables_word_key((uint32_t)i + 1, &key);
		txn_put(txn, TABLE_WORDS, &key, words->list[i].text);
	}
}

void
words_ended(struct words *words, bool durable)
{
	if (durable)
		words->stored = words->n;
	else if (words->n > words->stored)
		words_fini(words);
}

void
words_clear(struct txn *txn)
{
	kv_clear(txn->kv, TABLE_WORDS);
	words_fini(&txn->kept->words);
	txn->words_known = true;
}
