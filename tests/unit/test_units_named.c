/*
 * Promises of core/units_find.h, core/units.h and core/fold.h at their edges:
 * many units of one name, units without a code or a prefix, names that are
 * nothing when folded, and words that end where a digit may follow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/fold.h"
#include "core/units_find.h"

enum { MANY = 11 };

static const char *const drop[] = {" ", "."};
static const char *const before_digit[] = {"제", "第"};
static const struct pack_fold rules = {.drop = drop,
    .drop_n = COUNT_OF(drop),
    .drop_before_digit = before_digit,
    .drop_before_digit_n = COUNT_OF(before_digit)};
static const struct pack pack = {.fold = &rules};
static const struct pack_scope scope = {.name = "동", .level = "dong"};

static void
named(const struct unit *list, size_t n, const char *words,
    const struct pack_scope *of, const char *wanted)
{
	const struct units units = {.pack = &pack, .p = list, .n = n};
	const struct unit *unit;
	struct buf note = {0};
	struct buf out = {0};

	if (units_find_named(&units, bytes_text(words), of, &unit, &note) ==
	    ERR_OK) {
		units_words(unit, &out);
		buf_add_format(
		    &out, "%s%s", note.n > 0 ? "; " : "", buf_text(&note));
	} else {
		buf_add_text(&out, err_text());
	}
	assert_string_equal(buf_text(&out), wanted);
	buf_fini(&note);
	buf_fini(&out);
}

static struct unit
unit_of(const char *name, const char *code, const char *prefix)
{
	struct unit unit = {.name = bytes_text(name),
	    .code = bytes_text(code),
	    .level = bytes_text("dong"),
	    .to_days = INT64_MAX};

	if (*prefix != '\0')
		assert_int_equal(
		    id_prefix(bytes_text(prefix), &unit.prefix), ERR_OK);
	return unit;
}

static void
units_are_told_by_what_they_have(void **state)
{
	const struct unit gu = unit_of("강남구", "", "");
	struct unit list[] = {unit_of("신사동", "", ""),
	    unit_of("논현1동", "12", ""), unit_of("논현2동", "", "d23/c02"),
	    unit_of("압구정동", "14", "d23/c03")};

	(void)state;
	list[0].parent = &gu;
	named(list, 4, "신사동", NULL, "강남구 신사동");
	named(list, 4, "강남구신사동", NULL, "강남구 신사동");
	named(list, 4, "강남구", NULL, "no unit is called '강남구'");
	named(list, 4, "12", NULL, "논현1동 (12)");
	named(list, 4, "d23/c02", NULL, "논현2동 (d23/c02)");
	named(list, 4, "압구정", &scope, "압구정동 (14, d23/c03)");
	named(list, 4, "역삼", &scope, "no 동 is called '역삼'");
	named(list, 4, " . ", NULL, "' . ' names no unit");
	named(list, 4, "", NULL, "'' names no unit");
	named(list, 4, "\xff", NULL, "byte 0 of the text is not UTF-8");
	named(list, 0, "역삼", NULL,
	    "no units are held here, so none is called '역삼'");
	assert_null(
	    units_at(&(struct units){.p = list, .n = 4}, (struct bytes){0}));
	assert_null(
	    units_at(&(struct units){.p = list, .n = 4}, bytes_text("d23")));
	assert_ptr_equal(
	    units_at(&(struct units){.p = list, .n = 4}, bytes_text("d23/c03")),
	    &list[3]);
}

static void
many_of_one_name_are_not_all_told(void **state)
{
	struct unit list[MANY];

	(void)state;
	for (size_t i = 0; i < MANY; i++)
		list[i] = unit_of("신사동", "", "");
	named(list, MANY, "신사동", NULL,
	    "'신사동' fits 11 units: 신사동, 신사동, 신사동, 신사동, 신사동, "
	    "신사동, 신사동, 신사동 and 3 more; name the one above it as well, "
	    "or give its code");
	/* What is no more gives way, whichever comes first. */
	for (size_t i = 0; i < MANY; i++)
		list[i].is_past = i != 4;
	list[4].code = bytes_text("5");
	named(list, MANY, "신사동", NULL, "신사동 (5)");
}

static void
names_that_cannot_be_folded_fit_nothing(void **state)
{
	struct unit list[] = {unit_of("\xff", "1", ""), unit_of(" ", "2", "")};
	const struct bytes other = bytes_text("\xfe");

	(void)state;
	list[1].aliases = &other;
	list[1].aliases_n = 1;
	list[1].parent = &list[0];
	named(list, 2, "신사동", NULL, "no unit is called '신사동'");
	named(list, 2, "강남 신사", NULL, "no unit is called '강남 신사'");
	named(list, 2, "2", NULL, "\xff   (2)");
}

static void
another_name_is_said_unless_the_name_is_in_it(void **state)
{
	const struct bytes aliases[] = {
	    bytes_text("성곽마을"), bytes_text("서울 신당동")};
	struct unit list[] = {unit_of("신당동", "7", "")};

	(void)state;
	list[0].aliases = aliases;
	list[0].aliases_n = COUNT_OF(aliases);
	named(list, 1, "성곽마을", NULL,
	    "신당동 (7); 성곽마을 is another name of 신당동 (7)");
	named(list, 1, "서울 신당동", NULL, "신당동 (7)");
}

static void
assert_has(const char *text, const char *word, bool begins, bool wanted)
{
	struct buf a = {0};
	struct buf b = {0};

	assert_int_equal(fold_text(&rules, bytes_text(text), &a), ERR_OK);
	assert_int_equal(fold_text(&rules, bytes_text(word), &b), ERR_OK);
	assert_int_equal(
	    fold_has(&rules, buf_bytes(&a), buf_bytes(&b), begins), wanted);
	buf_fini(&a);
	buf_fini(&b);
}

static void
words_may_end_before_their_digit(void **state)
{
	static const struct {
		const char *text;
		const char *word;
		bool begins;
		bool has;
	} cases[] = {
	    {"신당제1동", "신당제1", true, true},
	    {"신당제1동", "신당제", true, true},
	    {"신당제1동", "신당第", true, true},
	    {"신당1동", "신당제", true, true},
	    {"신당동", "신당제", true, false},
	    {"신당", "신당제", true, false},
	    {"새 신당1동", "신당제", true, false},
	    {"새 신당1동", "신당제", false, true},
	    {"신당동 신당1동", "신당제", false, true},
	    {"신당동 신당동", "신당제", false, false},
	    {"신당동 신당", "신당제", false, false},
	    {"제", "제", true, true},
	    {"가", "", true, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_has(cases[i].text, cases[i].word, cases[i].begins,
		    cases[i].has);
	assert_true(
	    fold_has(NULL, bytes_text("가나"), bytes_text("나"), false));
	assert_false(
	    fold_has(NULL, bytes_text("가나"), bytes_text("나"), true));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(units_are_told_by_what_they_have),
	    cmocka_unit_test(many_of_one_name_are_not_all_told),
	    cmocka_unit_test(names_that_cannot_be_folded_fit_nothing),
	    cmocka_unit_test(another_name_is_said_unless_the_name_is_in_it),
	    cmocka_unit_test(words_may_end_before_their_digit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
