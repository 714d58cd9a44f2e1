/*
 * Promises of core/fold.h: what people write in more ways than one becomes one
 * text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/fold.h"
#include "proto/limits.h"

static const char *const dropped[] = {" ", ".", "·", "․", "ㆍ", "‧", "A"};
static const char *const before[] = {"제", "NO"};
static const struct pack_fold fold = {.drop = dropped,
    .drop_n = COUNT_OF(dropped),
    .drop_before_digit = before,
    .drop_before_digit_n = COUNT_OF(before)};

static void
folds_to(const struct pack_fold *how, const char *text, const char *wanted)
{
	struct buf out = {0};

	/* What stood there goes. */
	buf_add_text(&out, "before");
	assert_int_equal(fold_text(how, bytes_text(text), &out), ERR_OK);
	assert_string_equal(buf_text(&out), wanted);
	buf_fini(&out);
}

static void
names_of_dongs_are_one_however_they_are_written(void **state)
{
	static const char *const four[] = {"종로1․2․3․4가동", "종로1.2.3.4가동",
	    "종로 1·2·3·4 가동", "종로1ㆍ2ㆍ3ㆍ4가동", "종로1‧2‧3‧4가동",
	    "종로1234가동"};
	static const char *const two[] = {
	    "대림제2동", "대림 2동", "대림 제 2 동", "대림제제2동"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(four); i++)
		folds_to(&fold, four[i], "종로1234가동");
	for (size_t i = 0; i < COUNT_OF(two); i++)
		folds_to(&fold, two[i], "대림2동");
	/* Only before a digit. */
	folds_to(&fold, "제기동", "제기동");
	folds_to(&fold, "홍제제기1동", "홍제제기1동");
	folds_to(&fold, "홍제제1동", "홍1동");
	folds_to(&fold, "홍제", "홍제");
	folds_to(&fold, "제/제:제", "제/제:제");
	folds_to(&fold, "제0제9", "09");
}

static void
letters_are_small_and_in_normal_form(void **state)
{
	(void)state;
	folds_to(&fold, "\xe1\x84\x80\xe1\x85\xa1", "가");
	folds_to(&fold, "Éa É", "éé");
	folds_to(&fold, "e\xcc\x81", "é");
	folds_to(&fold, "ABCa No 7 NOt", "bc7not");
	folds_to(NULL, "Ab 제2·동", "ab 제2·동");
	folds_to(&fold, "", "");
	folds_to(&fold, " . ", "");
}

static void
what_is_no_text_or_too_much_is_refused(void **state)
{
	struct buf large = {0};
	struct buf out = {0};

	(void)state;
	assert_int_equal(
	    fold_text(&fold, bytes_of("a\xff", 2), &out), ERR_INVALID);
	while (large.n <= LIMIT_TEXT_SIZE)
		buf_add_text(&large, "가나다라");
	assert_int_equal(fold_text(&fold, buf_bytes(&large), &out), ERR_LIMIT);
	buf_fini(&out);
	buf_fini(&large);
}

static void
pairs_are_of_whole_letters(void **state)
{
	static const char *const pairs[] = {"a가", "가é", "é😀"};
	struct bytes left = bytes_text("a가é😀");
	struct bytes pair;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		assert_true(fold_pair(&left, &pair));
		assert_true(bytes_is(pair, pairs[i]));
	}
	assert_false(fold_pair(&left, &pair));
	left = (struct bytes){0};
	assert_false(fold_pair(&left, &pair));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_of_dongs_are_one_however_they_are_written),
	    cmocka_unit_test(letters_are_small_and_in_normal_form),
	    cmocka_unit_test(what_is_no_text_or_too_much_is_refused),
	    cmocka_unit_test(pairs_are_of_whole_letters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
