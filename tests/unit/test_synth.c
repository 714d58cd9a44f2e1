/*
 * Promises of the synthetic city: its numbers are those of SplitMix64, its
 * totals those that were published, and each of its parts stands alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/synth.h"
#include "cli/synth_prng.h"
#include "cli/synth_tenant.h"
#include "cli/synth_truth.h"
#include "proto/calendar.h"
#include "proto/crypto.h"
#include "proto/mem.h"
#include "proto/text.h"

static int
start(void **state)
{
	(void)state;
	return crypto_start() == ERR_OK ? 0 : -1;
}

/* ---- numbers ------------------------------------------------------------ */

static void
streams_are_splitmix(void **state)
{
	/* What others print for the seed 1234567. */
	static const uint64_t known[] = {6457827717110365317U,
	    3203168211198807973U, 9817491932198370423U, 4593380528125082431U,
	    16408922859458223821U};
	struct synth_prng prng = {.state = 1234567};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(known); i++)
		assert_true(synth_prng_next(&prng) == known[i]);
}

static void
keys_depend_on_each_word(void **state)
{
	uint64_t key = synth_prng_key(1, "1111065000", "visit", 2016);

	(void)state;
	assert_true(key == 0xd7712c77af33f04d);
	assert_true(key != synth_prng_key(2, "1111065000", "visit", 2016));
	assert_true(key != synth_prng_key(1, "1111068000", "visit", 2016));
	assert_true(key != synth_prng_key(1, "1111065000", "case", 2016));
	assert_true(key != synth_prng_key(1, "1111065000", "visit", 2017));
	assert_true(
	    synth_prng_key(1, "a", "bc", 0) != synth_prng_key(1, "ab", "c", 0));
}

static void
neighbours_do_not_follow_each_other(void **state)
{
	struct synth_prng first = synth_prng_at(7, 0);
	struct synth_prng second = synth_prng_at(7, 1);
	uint64_t a[16];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(a); i++)
		a[i] = synth_prng_next(&first);
	for (size_t i = 0; i < COUNT_OF(a); i++) {
		uint64_t drawn = synth_prng_next(&second);

		for (size_t k = 0; k < COUNT_OF(a); k++)
			assert_true(drawn != a[k]);
	}
}

static void
draws_stay_within(void **state)
{
	static const uint16_t weights[] = {0, 3, 0, 1};
	struct synth_prng prng = synth_prng_at(1, 1);
	uint32_t picked[COUNT_OF(weights)] = {0};
	uint64_t sum = 0;

	(void)state;
	for (uint32_t i = 0; i < 4000; i++) {
		assert_in_range(synth_prng_below(&prng, 7), 0, 6);
		picked[synth_prng_pick(&prng, weights, COUNT_OF(weights))]++;
		sum += synth_prng_poisson(&prng, 16 * 3 + 8);
	}
	assert_int_equal(synth_prng_below(&prng, 1), 0);
	assert_int_equal(picked[0] + picked[2], 0);
	assert_in_range(picked[1], 2900, 3100);
	/* 3.5 are expected, 4,000 times. */
	assert_in_range(sum, 13700, 14300);
	assert_int_equal(synth_prng_poisson(&prng, 0), 0);
}

static void
shares_go_by_largest_remainder(void **state)
{
	static const uint32_t weights[] = {1, 1, 1, 3, 0};
	uint32_t shares[COUNT_OF(weights)];

	(void)state;
	/* 10/6 each for three of them, which leave 4/6; 5; nothing. */
	synth_prng_share(10, weights, COUNT_OF(weights), shares);
	assert_int_equal(shares[0], 2);
	assert_int_equal(shares[1], 2);
	assert_int_equal(shares[2], 1);
	assert_int_equal(shares[3], 5);
	assert_int_equal(shares[4], 0);
	synth_prng_share(0, weights, COUNT_OF(weights), shares);
	assert_int_equal(shares[3], 0);
}

/* ---- the city ----------------------------------------------------------- */

static void
stages_have_the_published_sizes(void **state)
{
	static const size_t dongs[] = {80, 283, 342, 408, 424};
	static const size_t districts[] = {13, 18, 24, 25, 25};

	(void)state;
	for (uint64_t seed = 0; seed < 8; seed++) {
		struct synth_city *city = synth_city_new(seed);

		for (unsigned i = 0; i < SYNTH_STAGES; i++) {
			assert_int_equal(
			    synth_city_dongs(city, i + 1), dongs[i]);
			assert_int_equal(
			    synth_city_districts(city, i + 1), districts[i]);
		}
		synth_city_free(city);
	}
}

static const struct synth_dong *
find(const struct synth_city *city, const char *code)
{
	const struct synth_dong *dong = synth_city_find(city, bytes_text(code));

	assert_non_null(dong);
	return dong;
}

static void
what_is_known_of_dongs_holds(void **state)
{
	struct synth_city *city = synth_city_new(1);
	size_t last = 0;

	(void)state;
	assert_int_equal(find(city, "1111065000")->stage, 1);
	assert_int_equal(find(city, "1111068000")->stage, 1);
	assert_int_equal(find(city, "1111061500")->stage, 2);
	assert_string_equal(find(city, "1111065000")->name, "혜화동");
	assert_string_equal(find(city, "1111065000")->prefix, "d01/c012");
	assert_string_equal(
	    find(city, "1111061500")->official, "종로1.2.3.4가동");
	assert_null(synth_city_find(city, bytes_text("1111065")));
	for (size_t i = 0; i < SYNTH_DONGS; i++)
		if (city->dongs[i].stage == SYNTH_STAGES) {
			assert_string_equal(
			    city->districts[city->dongs[i].district].name,
			    "강남구");
			last++;
		}
	assert_int_equal(last, 16);
	assert_int_equal(synth_city_months(find(city, "1111065000"), 2015), 6);
	assert_int_equal(synth_city_months(find(city, "1111065000"), 2016), 12);
	assert_int_equal(synth_city_months(find(city, "1111061500"), 2015), 0);
	synth_city_free(city);
}

static void
sums_are_exact(void **state)
{
	static const uint32_t found[SYNTH_YEARS] = {
	    120, 498, 1259, 3183, 3600, 3600};
	struct synth_city *city = synth_city_new(1);
	uint32_t weight = 0;

	(void)state;
	for (size_t i = 0; i < SYNTH_DONGS; i++) {
		weight += city->dongs[i].weight;
		assert_in_range(city->dongs[i].weight, 20, 2400);
	}
	assert_int_equal(weight, 424000);
	for (int year = SYNTH_YEAR_FIRST; year <= SYNTH_YEAR_LAST; year++) {
		size_t at = (size_t)(year - SYNTH_YEAR_FIRST);
		uint32_t sum = 0;

		for (size_t i = 0; i < SYNTH_DONGS; i++) {
			sum += city->dongs[i].crisis[at];
			if (synth_city_months(&city->dongs[i], year) == 0)
				assert_int_equal(city->dongs[i].crisis[at], 0);
		}
		assert_int_equal(sum, found[at]);
	}
	synth_city_free(city);
}

/* ---- rows --------------------------------------------------------------- */

enum { IDS_MAX = 60000 };

struct drawn {
	struct crypto_sha256 sha256;
	int64_t last;
	struct record_id *made; /* owned */
	size_t made_n;
	struct record_id *changed; /* owned */
	size_t changed_n;
	uint32_t crisis;
	uint32_t rows;
	uint32_t stop; /* an error at this row */
};

static enum err
row_take(const struct synth_row *row, void *arg)
{
	struct drawn *drawn = arg;

	if (++drawn->rows == drawn->stop)
		return err_set(ERR_FULL, "enough");
	assert_true(row->at >= drawn->last);
	drawn->last = row->at;
	crypto_sha256_add(&drawn->sha256, row->json);
	assert_true(text_is_utf8(row->json));
	assert_int_equal(row->json.p[row->json.n - 1], '\n');
	assert_in_range(drawn->made_n, 0, IDS_MAX - 1);
	if (row->change)
		drawn->changed[drawn->changed_n++] = row->id;
	else
		drawn->made[drawn->made_n++] = row->id;
	if (!row->change && strcmp(row->collection, "case") == 0) {
		struct buf text = {0};

		buf_add(&text, row->json);
		drawn->crisis += strstr(buf_text(&text),
				     "\"indicator\":[\"돌봄위기가구\"]") !=
				 NULL;
		buf_fini(&text);
	}
	return ERR_OK;
}

static void
drawn_init(struct drawn *drawn)
{
	*drawn = (struct drawn){.last = INT64_MIN};
	crypto_sha256_init(&drawn->sha256);
	drawn->made = mem_zeros(IDS_MAX, sizeof(*drawn->made));
	drawn->changed = mem_zeros(IDS_MAX, sizeof(*drawn->changed));
}

static void
drawn_fini(struct drawn *drawn)
{
	mem_free(drawn->made);
	mem_free(drawn->changed);
}

static void
draw(const struct synth_city *city, enum synth_kind kind, const char *code,
    int year, struct drawn *drawn)
{
	const struct synth_part part = {
	    .kind = kind, .dong = find(city, code), .year = year};

	drawn->last = INT64_MIN;
	assert_int_equal(synth_draw(city, &part, row_take, drawn), ERR_OK);
}

static int
id_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct record_id));
}

/* Nothing is changed that the files of the centre do not make, and nothing is
 * made twice. */
static void
changes_have_a_record(void **state)
{
	static const char code[] = "1117051000";
	struct synth_city *city = synth_city_new(3);
	struct drawn drawn;

	(void)state;
	drawn_init(&drawn);
	draw(city, SYNTH_PART_STANDING, code, 2019, &drawn);
	draw(city, SYNTH_PART_STOCK, code, 2019, &drawn);
	draw(city, SYNTH_PART_YEAR, code, 2019, &drawn);
	qsort(drawn.made, drawn.made_n, sizeof(*drawn.made), id_compare);
	assert_true(drawn.made_n > 1000);
	assert_true(drawn.changed_n > 1000);
	for (size_t i = 1; i < drawn.made_n; i++)
		assert_int_not_equal(
		    id_compare(&drawn.made[i - 1], &drawn.made[i]), 0);
	for (size_t i = 0; i < drawn.changed_n; i++)
		assert_non_null(bsearch(&drawn.changed[i], drawn.made,
		    drawn.made_n, sizeof(*drawn.made), id_compare));
	drawn_fini(&drawn);
	synth_city_free(city);
}

static void
care_crises_are_as_many_as_shared(void **state)
{
	static const char code[] = "1111065000";
	struct synth_city *city = synth_city_new(1);

	(void)state;
	for (int year = 2016; year <= 2018; year++) {
		struct drawn drawn;

		drawn_init(&drawn);
		draw(city, SYNTH_PART_YEAR, code, year, &drawn);
		assert_int_equal(drawn.crisis,
		    find(city, code)->crisis[year - SYNTH_YEAR_FIRST]);
		assert_true(drawn.crisis > 0);
		drawn_fini(&drawn);
	}
	synth_city_free(city);
}

static void
a_part_is_the_same_alone(void **state)
{
	static const char code[] = "1168051000";
	struct hash hashes[2];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(hashes); i++) {
		struct synth_city *city = synth_city_new(1);
		struct drawn drawn;
		struct drawn other;

		drawn_init(&drawn);
		drawn_init(&other);
		if (i == 1)
			draw(city, SYNTH_PART_YEAR, "1111065000", 2020, &other);
		draw(city, SYNTH_PART_YEAR, code, 2020, &drawn);
		crypto_sha256_out(&drawn.sha256, &hashes[i]);
		drawn_fini(&drawn);
		drawn_fini(&other);
		synth_city_free(city);
	}
	assert_memory_equal(&hashes[0], &hashes[1], sizeof(hashes[0]));
}

static void
nothing_happens_before_a_dong_joins(void **state)
{
	struct synth_city *city = synth_city_new(1);
	struct drawn drawn;

	(void)state;
	drawn_init(&drawn);
	draw(city, SYNTH_PART_YEAR, "1111061500", 2015, &drawn);
	draw(city, SYNTH_PART_STOCK, "1111061500", 2016, &drawn);
	assert_int_equal(drawn.rows, 0);
	drawn_fini(&drawn);
	synth_city_free(city);
}

static void
an_error_ends_the_work(void **state)
{
	struct synth_city *city = synth_city_new(1);
	struct drawn drawn;
	const struct synth_part part = {.kind = SYNTH_PART_CITY};

	(void)state;
	drawn_init(&drawn);
	drawn.stop = 5;
	assert_int_equal(synth_draw(city, &part, row_take, &drawn), ERR_FULL);
	assert_int_equal(drawn.rows, 5);
	drawn_fini(&drawn);
	synth_city_free(city);
}

/* ---- duplicates --------------------------------------------------------- */

static void
twins_differ_in_what_they_say(void **state)
{
	struct synth_city *city = synth_city_new(1);
	struct synth_plan plan;
	uint32_t across = 0;

	(void)state;
	assert_true(
	    synth_plan_make(city, find(city, "1171053100"), 2019, &plan));
	assert_true(plan.n[SYNTH_TWIN] > 0);
	for (uint32_t n = 0; n < plan.n[SYNTH_TWIN]; n++) {
		struct synth_twin twin;

		synth_truth_twin(&plan, n, &twin);
		assert_memory_not_equal(&twin.a, &twin.b, sizeof(twin.a));
		assert_ptr_equal(twin.b_dong, plan.dong);
		across += twin.a_dong != twin.b_dong;
		assert_true(text_is_utf8(bytes_text(twin.words.name)));
		if (strcmp(twin.noise, "spacing") == 0)
			assert_null(strchr(twin.words.address, ' '));
		else
			assert_non_null(strchr(twin.words.address, ' '));
	}
	assert_true(across > 0 && across < plan.n[SYNTH_TWIN]);
	synth_city_free(city);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(streams_are_splitmix),
	    cmocka_unit_test(keys_depend_on_each_word),
	    cmocka_unit_test(neighbours_do_not_follow_each_other),
	    cmocka_unit_test(draws_stay_within),
	    cmocka_unit_test(shares_go_by_largest_remainder),
	    cmocka_unit_test(stages_have_the_published_sizes),
	    cmocka_unit_test(what_is_known_of_dongs_holds),
	    cmocka_unit_test(sums_are_exact),
	    cmocka_unit_test(changes_have_a_record),
	    cmocka_unit_test(care_crises_are_as_many_as_shared),
	    cmocka_unit_test(a_part_is_the_same_alone),
	    cmocka_unit_test(nothing_happens_before_a_dong_joins),
	    cmocka_unit_test(an_error_ends_the_work),
	    cmocka_unit_test(twins_differ_in_what_they_say),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
