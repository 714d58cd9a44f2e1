/*
 * Rates and amounts as people write them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/limit.h"

static void
rates_are_bytes_a_second(void **state)
{
	static const struct {
		const char *text;
		uint64_t rate_bytes; /* 0: refused */
	} rates[] = {
	    {"30kbps", 3750},
	    {"8kbps", 1000},
	    {"8000bps", 1000},
	    {"1kB/s", 1000},
	    {"1000B/s", 1000},
	    {"2Mbps", 250000},
	    {"3MB/s", 3000000},
	    {"8000Mbps", 1000000000},
	    {"7kbps", 0},
	    {"999B/s", 0},
	    {"0bps", 0},
	    {"8001Mbps", 0},
	    {"999999999999999MB/s", 0},
	    {"99999999999999999999999kbps", 0},
	    {"30", 0},
	    {"30 kbps", 0},
	    {"kbps", 0},
	    {"-30kbps", 0},
	    {"3.5Mbps", 0},
	    {"30KBPS", 0},
	    {"030kbps", 0},
	    {"", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rates); i++) {
		uint64_t rate = 0;
		enum err e = limit_rate(rates[i].text, &rate);

		if (rates[i].rate_bytes == 0) {
			assert_int_equal(e, ERR_USAGE);
			assert_non_null(strstr(err_text(), rates[i].text));
			continue;
		}
		assert_int_equal(e, ERR_OK);
		assert_int_equal(rate, rates[i].rate_bytes);
	}
	assert_int_equal(limit_rate("1kbps", &(uint64_t){0}), ERR_USAGE);
	assert_non_null(strstr(err_text(), "the least is 8kbps"));
}

static void
amounts_are_bytes(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} amounts[] = {
	    {"5MB", 5000000},
	    {"100kB", 100000},
	    {"100000B", 100000},
	    {"1000GB", 1000000000000},
	    {"99kB", 0},
	    {"1001GB", 0},
	    {"999999999999999GB", 0},
	    {"5", 0},
	    {"5mb", 0},
	    {"MB", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(amounts); i++) {
		uint64_t bytes = 0;
		enum err e = limit_bytes(amounts[i].text, &bytes);

		assert_int_equal(e, amounts[i].bytes == 0 ? ERR_USAGE : ERR_OK);
		if (e == ERR_OK)
			assert_int_equal(bytes, amounts[i].bytes);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rates_are_bytes_a_second),
	    cmocka_unit_test(amounts_are_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
