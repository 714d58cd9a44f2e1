/*
 * A promise of core/query_text.h: what it holds a record to have is what the
 * folded text has, in whatever form the text was written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/fold.h"
#include "core/query_text.h"
#include "proto/codec.h"
#include "tests/lib/prng.h"

enum { ROUNDS = 20000, LETTERS_MAX = 6 };

/* Syllables at both ends, letters that become some, and what is near them. */
static const char *const letters[] = {"가", "각", "힣", "나", "동", "ᄀ", "ᅡ",
    "ᆨ", "ᄒ", "ᅵ", "ᇂ", "ㄱ", "ㅏ", "a", "A", "É", "é", "e\xcc\x81", "1",
    "제", " ", "·", "漢", "\xea\x99\x80", "\xea\x99\x81", "\xed\x9e\xb0"};
static const char *const dropped[] = {" ", "·"};
static const char *const before[] = {"제"};
static const struct pack_fold fold = {.drop = dropped,
    .drop_n = COUNT_OF(dropped),
    .drop_before_digit = before,
    .drop_before_digit_n = COUNT_OF(before)};

static void
draw(struct prng *prng, struct buf *text)
{
	size_t n = 1 + (size_t)prng_below(prng, LETTERS_MAX);

	buf_cut(text, 0);
	for (size_t i = 0; i < n; i++)
		buf_add_text(
		    text, letters[prng_below(prng, COUNT_OF(letters))]);
}

/* Is `part` in `in`?  Written anew, to be held against. */
static bool
has(struct bytes in, struct bytes part)
{
	for (; in.n >= part.n; in = bytes_after(in, 1))
		if (bytes_begins(in, part))
			return true;
	return false;
}

/* Or has it the word without what is dropped before a digit, and a digit? */
static bool
fits(struct bytes text, struct bytes word)
{
	size_t end = strlen(before[0]);
	bool found = has(text, word);

	if (word.n <= end ||
	    !bytes_is(bytes_after(word, word.n - end), before[0]))
		return found;
	for (char digit = '0'; digit <= '9' && !found; digit++) {
		struct buf open = {0};

		buf_add(&open, bytes_first(word, word.n - end));
		buf_add_u8(&open, (uint8_t)digit);
		found = has(text, buf_bytes(&open));
		buf_fini(&open);
	}
	return found;
}

static void
a_record_has_a_word_when_its_folded_text_does(void **state)
{
	const struct pack_field field = {.name = "name",
	    .kind = KIND_REGISTER,
	    .type = PACK_TEXT,
	    .data_class = CLASS_P};
	const struct pack_collection collection = {
	    .name = "person", .fields = &field, .fields_n = 1};
	const struct pack pack = {.fold = &fold};
	struct prng prng = {.seed = 7};
	struct buf text = {0};
	struct buf word = {0};
	struct buf folded = {0};
	struct buf value = {0};
	struct arena arena = {0};
	size_t held = 0;

	(void)state;
	for (size_t i = 0; i < ROUNDS; i++) {
		struct record_value is = {0};
		struct record_field content = {.name = bytes_text("name"),
		    .kind = KIND_REGISTER,
		    .n = 1,
		    .values = &is};
		struct record record = {.fields = &content, .fields_n = 1};
		struct query_text wanted;
		bool all = true;

		draw(&prng, &text);
		draw(&prng, &word);
		buf_cut(&value, 0);
		codec_put_text(&value, buf_bytes(&text));
		is.value = buf_bytes(&value);
		if (query_text_read(&pack, &collection, buf_bytes(&word),
			&arena, &wanted) != ERR_OK)
			continue;
		assert_int_equal(
		    fold_text(&fold, buf_bytes(&text), &folded), ERR_OK);
		for (size_t w = 0; w < wanted.words_n; w++)
			all = all && fits(buf_bytes(&folded), wanted.folded[w]);
		assert_int_equal(query_text_holds(&wanted, &record), all);
		held += all ? 1 : 0;
		arena_reset(&arena);
	}
	assert_in_range(held, ROUNDS / 100, ROUNDS);
	arena_fini(&arena);
	buf_fini(&value);
	buf_fini(&folded);
	buf_fini(&word);
	buf_fini(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_record_has_a_word_when_its_folded_text_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
