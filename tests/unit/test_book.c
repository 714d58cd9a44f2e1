/*
 * Promises of net/peer/book.h and net/peer/kin.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "net/peer/book.h"
#include "net/peer/kin.h"
#include "tests/lib/prng.h"

enum { CITY = 424, MINUTE_MS = 60 * 1000 };

static struct prng prng;
static struct sign_key linked[64]; /* with whom there is a link */
static size_t linked_n;

static void
draw(void *arg, uint8_t *p, size_t n)
{
	(void)arg;
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)prng_u64(&prng);
}

static bool
is_linked(void *arg, const struct sign_key *peer)
{
	bool is = false;

	(void)arg;
	for (size_t i = 0; i < linked_n; i++)
		is = is || memcmp(&linked[i], peer, sizeof(*peer)) == 0;
	return is;
}

static struct book *
book_made(void)
{
	static const struct host host = {.random = draw};

	prng.seed = 3;
	linked_n = 0;
	return book_new(
	    &(struct book_config){.host = &host, .is_linked = is_linked});
}

static struct place
place_of(size_t number)
{
	struct place place = {.port = 7700};

	(void)snprintf(place.host, sizeof(place.host), "10.%zu.%zu.%zu",
	    number >> 16 & 255, number >> 8 & 255, number & 255);
	return place;
}

static struct sign_key
key_of(size_t number)
{
	return (struct sign_key){{(uint8_t)(number >> 8), (uint8_t)number, 1}};
}

/* How many places are to be dialled at `now_ms`; the last one is `*call`. */
static size_t
dials(struct book *book, uint64_t now_ms, struct book_call *call)
{
	size_t n = 0;

	while (book_next(book, now_ms, call))
		n++;
	return n;
}

static void
a_configured_place_is_dialled_for_ever_and_by_one_at_a_time(void **state)
{
	struct book *book = book_made();
	const struct place places[] = {place_of(1), place_of(1)};
	struct book_call call;
	uint64_t now_ms = 5;

	(void)state;
	book_configure(book, places, 2, now_ms);
	for (unsigned i = 1; i <= 50; i++) {
		assert_int_equal(dials(book, now_ms, &call), 1);
		assert_int_equal(call.turn, i);
		/* A list that is read again changes nothing. */
		book_configure(book, places, 1, now_ms);
		assert_int_equal(dials(book, now_ms + MINUTE_MS, &call), 0);
		assert_int_equal(book_wake_ms(book), UINT64_MAX);
		book_ended(book, call.number, false, now_ms);
		assert_true(book_wake_ms(book) < now_ms + BOOK_WAIT_MAX_MS);
		now_ms = book_wake_ms(book);
	}
	book_free(book);
	book_free(NULL);
}

static void
a_place_that_is_taken_out_is_forgotten(void **state)
{
	struct book *book = book_made();
	struct place place = place_of(1);
	struct book_call call;

	(void)state;
	book_configure(book, &place, 1, 5);
	assert_int_equal(dials(book, 5, &call), 1);
	assert_true(book_has(book, call.number));
	book_configure(book, NULL, 0, 6);
	assert_false(book_has(book, call.number));
	book_ended(book, call.number, false, 7);
	assert_int_equal(book_count(book, BOOK_CONFIGURED), 0);
	assert_int_equal(book_wake_ms(book), UINT64_MAX);
	book_free(book);
}

static void
nobody_is_dialled_twice_under_two_names(void **state)
{
	struct book *book = book_made();
	const struct place places[] = {place_of(1), place_of(2)};
	struct book_call call;
	struct book_call other;
	uint64_t now_ms = 5;

	(void)state;
	linked[0] = key_of(9);
	book_configure(book, places, 1, now_ms);
	assert_int_equal(dials(book, now_ms, &call), 1);
	book_up(book, call.number, &linked[0], now_ms);
	linked_n = 1;
	book_configure(book, places, 2, now_ms);
	/* Only the handshake shows that this is the same node. */
	assert_int_equal(dials(book, now_ms, &other), 1);
	book_up(book, other.number, &linked[0], now_ms);
	book_ended(book, other.number, false, now_ms);
	for (unsigned i = 0; i < 100; i++) {
		now_ms += MINUTE_MS;
		assert_int_equal(dials(book, now_ms, &other), 0);
	}
	/* And when that link has ended, both are tried again. */
	linked_n = 0;
	book_ended(book, call.number, false, now_ms);
	assert_int_equal(dials(book, now_ms + MINUTE_MS, &call), 2);
	book_free(book);
}

static void
this_node_itself_is_left_alone_for_long(void **state)
{
	struct book *book = book_made();
	struct place place = place_of(1);
	struct book_call call;

	(void)state;
	book_configure(book, &place, 1, 5);
	assert_int_equal(dials(book, 5, &call), 1);
	book_ended(book, call.number, true, 6);
	assert_int_equal(book_wake_ms(book), 6 + BOOK_SELF_MS);
	assert_int_equal(dials(book, 6 + BOOK_SELF_MS - 1, &call), 0);
	assert_int_equal(dials(book, 6 + BOOK_SELF_MS, &call), 1);
	book_free(book);
}

static void
members_make(struct book *book, size_t n, uint64_t now_ms)
{
	static struct book_member members[LIMIT_KIN];

	for (size_t i = 0; i < n; i++) {
		members[i].key = key_of(i);
		members[i].places_n = 2;
		members[i].places[0] = place_of(2 * i);
		members[i].places[1] = place_of(2 * i + 1);
	}
	book_members(book, members, n, now_ms);
}

static void
of_members_the_best_are_dialled_and_one_place_of_each(void **state)
{
	struct book *book = book_made();
	struct book_call calls[LIMIT_KIN_LINKS + 1];
	bool seen[LIMIT_KIN_LINKS] = {false};
	size_t n = 0;

	(void)state;
	members_make(book, LIMIT_KIN, 5);
	while (n < COUNT_OF(calls) && book_next(book, 2000, &calls[n]))
		n++;
	assert_int_equal(n, LIMIT_KIN_LINKS);
	for (size_t i = 0; i < n; i++) {
		size_t who = SIZE_MAX;

		for (size_t k = 0; k < LIMIT_KIN_LINKS; k++) {
			struct place one = place_of(2 * k);
			struct place two = place_of(2 * k + 1);

			if (strcmp(calls[i].place.host, one.host) == 0 ||
			    strcmp(calls[i].place.host, two.host) == 0)
				who = k;
		}
		assert_true(who < LIMIT_KIN_LINKS && !seen[who]);
		seen[who] = true;
	}
	book_free(book);
}

static void
members_that_cannot_be_reached_stand_in_nobodys_way(void **state)
{
	struct book *book = book_made();
	bool reached[LIMIT_KIN] = {false};
	uint64_t now_ms = 5;

	(void)state;
	members_make(book, LIMIT_KIN, now_ms);
	/* Nobody answers, for an hour. */
	while (now_ms < (uint64_t)60 * MINUTE_MS) {
		struct book_call call;

		while (book_next(book, now_ms, &call)) {
			for (size_t k = 0; k < 2 * LIMIT_KIN; k++) {
				struct place place = place_of(k);

				if (strcmp(place.host, call.place.host) == 0)
					reached[k / 2] = true;
			}
			book_ended(book, call.number, false, now_ms);
		}
		now_ms = book_wake_ms(book);
	}
	for (size_t i = 0; i < LIMIT_KIN; i++)
		assert_true(reached[i]);
	book_free(book);
}

static void
a_flood_of_hints_is_kept_and_dialled_within_limits(void **state)
{
	static uint64_t at_ms[100000];
	struct book *book = book_made();
	size_t n = 0;

	(void)state;
	for (uint64_t i = 0; i < 60000; i++) {
		uint64_t now_ms = 5 + i * 10; /* ten minutes */
		struct place place = place_of((size_t)i);
		struct book_call call;

		book_hint(book, &place, now_ms);
		assert_true(book_count(book, BOOK_HINT) <= LIMIT_HINTS);
		while (book_next(book, now_ms, &call)) {
			at_ms[n++] = now_ms;
			book_ended(book, call.number, false, now_ms);
		}
	}
	assert_true(n >= 5 * LIMIT_HINT_DIALS);
	for (size_t i = LIMIT_HINT_DIALS; i < n; i++)
		assert_true(
		    at_ms[i] - at_ms[i - LIMIT_HINT_DIALS] >= MINUTE_MS);
	book_free(book);
}

static void
one_source_of_hints_fills_only_its_share(void **state)
{
	struct book *book = book_made();
	struct place honest = place_of(77);
	struct book_call call;

	(void)state;
	book_hint(book, &honest, 5);
	for (unsigned port = 1; port < 5000; port++) {
		struct place place = place_of(1);

		place.port = (uint16_t)port;
		book_hint(book, &place, 5 + port);
	}
	assert_int_equal(
	    book_count(book, BOOK_HINT), LIMIT_HINTS_OF_SOURCE + 1);
	assert_true(book_next(book, 6000, &call));
	assert_string_equal(call.place.host, honest.host);
	book_free(book);
}

static void
hints_make_a_few_links_and_are_tried_while_they_are_heard(void **state)
{
	struct book *book = book_made();
	struct book_call call;
	struct sign_key key;
	size_t up = 0;

	(void)state;
	for (size_t i = 0; i < 20; i++) {
		struct place place = place_of(i);

		book_hint(book, &place, 5);
	}
	for (uint64_t now_ms = 5; now_ms < 10 * MINUTE_MS; now_ms += 1000) {
		while (book_next(book, now_ms, &call)) {
			key = key_of(up++);
			book_up(book, call.number, &key, now_ms);
		}
	}
	assert_int_equal(up, LIMIT_HINT_LINKS);
	book_free(book);
	book = book_made();
	book_hint(book, &(struct place){.host = "192.0.2.1", .port = 1}, 5);
	assert_int_equal(dials(book, 5, &call), 1);
	book_ended(book, call.number, false, 6);
	/* Silent places are not tried. */
	assert_int_equal(book_wake_ms(book), UINT64_MAX);
	book_hint(
	    book, &(struct place){.host = "192.0.2.1", .port = 1}, MINUTE_MS);
	assert_int_equal(dials(book, 2 * MINUTE_MS, &call), 1);
	book_free(book);
}

/* One grant with all rights for each member, by key. */
static void
town_make(struct authority *town, const char *const *prefixes, size_t n)
{
	static struct member members[CITY + 8];
	static struct grant grants[CITY + 8];
	static const struct grant *holdings[CITY + 8];
	static const struct bytes address = {(const uint8_t *)"a:1", 3};

	for (size_t i = 0; i < n; i++) {
		members[i] = (struct member){.key = key_of(i),
		    .counts = true,
		    .addresses = &address,
		    .addresses_n = 1};
		grants[i] = (struct grant){.counts = true,
		    .what = {.member = key_of(i), .gives = {.bits = 63}}};
		assert_int_equal(
		    id_prefix(bytes_text(prefixes[i]), &grants[i].what.prefix),
		    ERR_OK);
		holdings[i] = &grants[i];
	}
	*town = (struct authority){.members = members,
	    .members_n = n,
	    .grants = grants,
	    .grants_n = n,
	    .holdings = holdings,
	    .holdings_n = n};
}

static void
kin_are_those_who_share_a_right_the_broadest_first(void **state)
{
	static const char *const prefixes[] = {
	    "d03/c017", "d04/c001", "d03/c017", "d03", "", "d03/c018", "d0"};
	struct sign_key me = key_of(0);
	struct authority town;
	struct kin kin;

	(void)state;
	town_make(&town, prefixes, COUNT_OF(prefixes));
	kin_find(&town, &me, &kin);
	assert_int_equal(kin.n, 3);
	assert_ptr_equal(kin.members[0], &town.members[4]);
	assert_ptr_equal(kin.members[1], &town.members[3]);
	assert_ptr_equal(kin.members[2], &town.members[2]);
	/* Who has lost its grant is none. */
	town.grants[3].revoked = true;
	kin_find(&town, &me, &kin);
	assert_int_equal(kin.n, 2);
	/* Whoever stands below dials up, unless that is not possible. */
	me = key_of(4);
	kin_find(&town, &me, &kin);
	assert_int_equal(kin.n, 0);
	town.members[4].addresses_n = 0;
	kin_find(&town, &me, &kin);
	assert_int_equal(kin.n, 5);
}

static void
a_city_of_equals_does_not_choose_one(void **state)
{
	static const char *prefixes[CITY];
	static size_t chosen[CITY];
	struct authority town;
	struct kin kin;

	(void)state;
	for (size_t i = 0; i < CITY; i++)
		prefixes[i] = "d03";
	town_make(&town, prefixes, CITY);
	for (size_t i = 0; i < CITY; i++) {
		struct sign_key me = key_of(i);

		kin_find(&town, &me, &kin);
		assert_int_equal(kin.n, LIMIT_KIN);
		for (size_t k = 0; k < LIMIT_KIN_LINKS; k++) {
			assert_ptr_not_equal(kin.members[k], &town.members[i]);
			chosen[kin.members[k] - town.members]++;
		}
	}
	for (size_t i = 0; i < CITY; i++)
		assert_true(chosen[i] < 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		a_configured_place_is_dialled_for_ever_and_by_one_at_a_time),
	    cmocka_unit_test(a_place_that_is_taken_out_is_forgotten),
	    cmocka_unit_test(nobody_is_dialled_twice_under_two_names),
	    cmocka_unit_test(this_node_itself_is_left_alone_for_long),
	    cmocka_unit_test(
		of_members_the_best_are_dialled_and_one_place_of_each),
	    cmocka_unit_test(
		members_that_cannot_be_reached_stand_in_nobodys_way),
	    cmocka_unit_test(
		a_flood_of_hints_is_kept_and_dialled_within_limits),
	    cmocka_unit_test(one_source_of_hints_fills_only_its_share),
	    cmocka_unit_test(
		hints_make_a_few_links_and_are_tried_while_they_are_heard),
	    cmocka_unit_test(
		kin_are_those_who_share_a_right_the_broadest_first),
	    cmocka_unit_test(a_city_of_equals_does_not_choose_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
