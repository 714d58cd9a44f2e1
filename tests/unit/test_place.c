/*
 * Promises of net/place.h, and the waits of net/peer/book.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "net/loop.h"
#include "net/peer/book.h"
#include "net/place.h"
#include "tests/lib/prng.h"

static void
a_host_has_a_port_or_the_usual_one(void **state)
{
	static const struct {
		const char *text;
		const char *host;
		uint16_t port;
	} cases[] = {
	    {"127.0.0.1:7701", "127.0.0.1", 7701},
	    {"127.0.0.1", "127.0.0.1", PLACE_PORT},
	    {"centre.example:1", "centre.example", 1},
	    {"127.0.0.1:0", "127.0.0.1", 0},
	    {"[::1]:65535", "::1", 65535},
	    {"[::1]", "::1", PLACE_PORT},
	    {"::1", "::1", PLACE_PORT},
	    {"2001:db8::7", "2001:db8::7", PLACE_PORT},
	    {"[fe80::1%lo]:7", "fe80::1%lo", 7},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct place place;

		assert_int_equal(place_read(cases[i].text, &place), ERR_OK);
		assert_string_equal(place.host, cases[i].host);
		assert_int_equal(place.port, cases[i].port);
	}
}

static void
what_is_no_place_is_a_usage_error(void **state)
{
	static const char *const texts[] = {"", ":7700", "[::1", "[::1]7700",
	    "[]:1", "a:", "a:x", "a:65536", "a:-1", "a: 1", "a:01",
	    "[::1]:", "a:18446744073709551617", "-]:-:", "a:b:1", "::g", "a]:1",
	    "[[::1]]:1", "a b:1", "a\n:1", "\x1b[31ma:1", "a\xff:1"};
	char longest[PLACE_HOST_SIZE + 1];
	struct place place;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		assert_int_equal(place_read(texts[i], &place), ERR_USAGE);
	memset(longest, 'a', sizeof(longest));
	longest[PLACE_HOST_SIZE] = '\0';
	assert_int_equal(place_read(longest, &place), ERR_USAGE);
	longest[PLACE_HOST_SIZE - 1] = '\0';
	assert_int_equal(place_read(longest, &place), ERR_OK);
	assert_string_equal(place.host, longest);
}

static void
numbers_need_no_resolver(void **state)
{
	static const struct {
		const char *host;
		bool is;
	} cases[] = {{"127.0.0.1", true}, {"::1", true}, {"localhost", false},
	    {"127.0.0", false}, {"1", false}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct place place = {.port = 1};

		(void)snprintf(
		    place.host, sizeof(place.host), "%s", cases[i].host);
		assert_true(place_is_number(&place) == cases[i].is);
	}
}

struct answer {
	int n;
	enum err e;
	char text[PLACE_ADDRESS_SIZE];
};

static void
on_answer(void *arg, enum err e, const char *address)
{
	struct answer *answer = arg;

	answer->n++;
	answer->e = e;
	if (address != NULL)
		(void)snprintf(
		    answer->text, sizeof(answer->text), "%s", address);
}

static void
the_machine_itself_has_an_address(void **state)
{
	struct place place = {.host = "localhost", .port = 1};
	struct answer answer = {0};
	struct place_asker asker = {.fn = on_answer, .arg = &answer};
	struct place_query *query;
	struct loop *loop;

	(void)state;
	assert_int_equal(loop_open(&loop), ERR_OK);
	for (unsigned turn = 0; turn < 3; turn++) {
		assert_int_equal(
		    place_find(loop, &place, turn, &asker, &query), ERR_OK);
		assert_int_equal(answer.n, (int)turn);
		while (loop_step(loop))
			continue;
		assert_int_equal(answer.n, (int)turn + 1);
		assert_int_equal(answer.e, ERR_OK);
		(void)snprintf(
		    place.host, sizeof(place.host), "%s", answer.text);
		assert_true(place_is_number(&place));
		(void)snprintf(
		    place.host, sizeof(place.host), "%s", "localhost");
	}
	/* One that is forgotten stays silent. */
	assert_int_equal(place_find(loop, &place, 0, &asker, &query), ERR_OK);
	place_forget(query);
	while (loop_step(loop))
		continue;
	assert_int_equal(answer.n, 3);
	loop_close(loop);
}

static void
waits_double_up_to_a_quarter_of_an_hour_and_are_spread(void **state)
{
	struct prng prng = {.seed = 3};

	(void)state;
	for (unsigned attempt = 0; attempt < 100; attempt++) {
		uint64_t bound = BOOK_WAIT_MAX_MS;
		uint64_t most = 0;
		uint64_t least = UINT64_MAX;

		if (attempt < 11)
			bound = (uint64_t)BOOK_WAIT_MIN_MS
				<< (attempt > 0 ? attempt - 1 : 0);
		for (int i = 0; i < 1000; i++) {
			uint64_t wait = book_wait_ms(attempt, prng_u64(&prng));

			assert_true(wait < bound);
			most = wait > most ? wait : most;
			least = wait < least ? wait : least;
		}
		assert_true(most > bound / 10 * 9);
		assert_true(least < bound / 10);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_host_has_a_port_or_the_usual_one),
	    cmocka_unit_test(what_is_no_place_is_a_usage_error),
	    cmocka_unit_test(numbers_need_no_resolver),
	    cmocka_unit_test(the_machine_itself_has_an_address),
	    cmocka_unit_test(
		waits_double_up_to_a_quarter_of_an_hour_and_are_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
