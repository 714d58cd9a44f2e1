/*
 * Promises of proto/clean.h: cells come out as they were meant, and what may be
 * something else is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/clean.h"

struct example {
	const char *text;
	const char *want; /* NULL: it is refused */
};

static enum err
number(struct bytes text, struct buf *out)
{
	static const char *const units[] = {"원", "명"};

	return clean_number(text, units, COUNT_OF(units), out);
}

static void
look(const struct example *examples, size_t n,
    enum err (*clean)(struct bytes, struct buf *))
{
	for (size_t i = 0; i < n; i++) {
		struct buf got = {0};
		enum err e;

		buf_add_text(&got, "<");
		e = clean(bytes_text(examples[i].text), &got);
		if (e != (examples[i].want == NULL ? ERR_INVALID : ERR_OK))
			fail_msg("%s: %s", examples[i].text, err_text());
		if (examples[i].want == NULL)
			assert_int_equal(got.n, 1);
		else if (!bytes_is(
			     bytes_after(buf_bytes(&got), 1), examples[i].want))
			fail_msg("%s: %s", examples[i].text, buf_text(&got));
		buf_fini(&got);
	}
}

static void
texts_lose_what_nobody_sees(void **state)
{
	static const struct example texts[] = {
	    {"  가\t나\r\n다  ", "가 나 다"},
	    {"\xef\xbb\xbf가", "가"},
	    {"\xe1\x84\x92\xe1\x85\xa9", "호"},
	    {"ＡＢ－１２\xe3\x80\x80３", "AB-12 3"},
	    {"\xc2\xa0\xe2\x80\x8b", ""},
	    {"\xb0\xa1", NULL},
	};
	static const struct example keys[] = {
	    {" 성\n명 ", "성명"},
	    {"신청 일자\xe3\x80\x80", "신청일자"},
	    {"", ""},
	};

	(void)state;
	look(texts, COUNT_OF(texts), clean_text);
	look(keys, COUNT_OF(keys), clean_key);
}

static void
telephone_numbers_are_written_alike(void **state)
{
	static const struct example examples[] = {
	    {"01012345678", "010-1234-5678"},
	    {"010.1234.5678", "010-1234-5678"},
	    {"010) 1234 - 5678", "010-1234-5678"},
	    {"+82 10-1234-5678", "010-1234-5678"},
	    {"+82(0)10 1234 5678", "010-1234-5678"},
	    {"１０12345678", "010-1234-5678"},
	    {"0111234567", "011-123-4567"},
	    {"02-123-4567", "02-123-4567"},
	    {"0212345678", "02-1234-5678"},
	    {"031 123 4567", "031-123-4567"},
	    {"15880000", "1588-0000"},
	    {"050512345678", "0505-1234-5678"},
	    {"", NULL},
	    {"없음", NULL},
	    {"1234567", NULL},
	    {"010-1234-56789", NULL},
	    {"00212345678", NULL},
	    {"010-1234-5678/9", NULL},
	    {"0101234567801012345678", NULL},
	};

	(void)state;
	look(examples, COUNT_OF(examples), clean_phone);
}

static void
numbers_are_whole(void **state)
{
	static const struct example examples[] = {
	    {"1,234,567", "1234567"},
	    {" 1234원 ", "1234"},
	    {"12 명", "12"},
	    {"▲1,234", "-1234"},
	    {"-5", "-5"},
	    {"12.0", "12"},
	    {"１２", "12"},
	    {"1,23", NULL},
	    {",123", NULL},
	    {"12,34,567", NULL},
	    {"1.5", NULL},
	    {"12개", NULL},
	    {"--5", NULL},
	    {"", NULL},
	};

	(void)state;
	look(examples, COUNT_OF(examples), number);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(texts_lose_what_nobody_sees),
	    cmocka_unit_test(telephone_numbers_are_written_alike),
	    cmocka_unit_test(numbers_are_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
