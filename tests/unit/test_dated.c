/*
 * Promises of core/dated.h: a field that the pack has filled when a state is
 * reached gets the day of that, once, and never in the place of what somebody
 * wrote.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/calendar.h"
#include "tests/lib/slip.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define REPORT                                                              \
	"channel=전화", "urgency=일반", "received_at=1960-03-02T10:00:00Z", \
	    "subject_text=혼자 계심", "place_text=골목 끝",                 \
	    "dong=00000000000000000000000000000001"
#define HOME "household=00000000000000000000000000000002"

static const char here[] = "d03/c017/report";

struct bench {
	struct desk desk;
	struct slip slip;
	char today[CALENDAR_TEXT_SIZE];
};

static int
bench_make(void **state)
{
	static struct bench bench;

	memset(&bench, 0, sizeof(bench));
	bench.slip = (struct slip){.desk = &bench.desk, .space = here};
	desk_found(&bench.desk, 43);
	slip_pack(&bench.desk);
	calendar_write_day(
	    calendar_day_at(calendar_seconds(bench.desk.now_ms), 9 * 3600),
	    bench.today);
	*state = &bench;
	return 0;
}

static int
bench_remove(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(desk_check(&bench->desk, true), 0);
	desk_fini(&bench->desk);
	return 0;
}

static struct record_id
put(struct bench *bench, const char *const *words)
{
	struct record_id id;

	desk_begin(&bench->desk, true);
	slip_is(slip_put(&bench->slip, "report", words, &id), ERR_OK, NULL);
	desk_commit(&bench->desk);
	return id;
}

static void
patch(struct bench *bench, const struct record_id *id, const char *const *words)
{
	desk_begin(&bench->desk, true);
	slip_is(slip_patch(&bench->slip, id, words), ERR_OK, NULL);
	desk_commit(&bench->desk);
}

static void
assert_day(struct bench *bench, const struct record_id *id, const char *wanted)
{
	struct buf text = {0};

	slip_show(&bench->desk, here, id, "converted_on", &text);
	assert_string_equal(buf_text(&text), wanted);
	buf_fini(&text);
}

static void
who_comes_to_the_state_gets_the_day(void **state)
{
	struct bench *bench = *state;
	struct record_id id = put(
	    bench, WORDS(REPORT, "state=converted", HOME));

	assert_day(bench, &id, bench->today);
	id = put(bench, WORDS(REPORT, "state=visit_planned"));
	assert_day(bench, &id, "");
	patch(bench, &id, WORDS("urgency=긴급"));
	assert_day(bench, &id, "");
	patch(bench, &id, WORDS("state=converted", HOME));
	assert_day(bench, &id, bench->today);
}

static void
another_state_gives_no_day(void **state)
{
	struct bench *bench = *state;
	struct record_id id = put(bench, WORDS(REPORT, "state=visit_planned"));

	patch(bench, &id, WORDS("state=answered"));
	assert_day(bench, &id, "");
}

static void
what_somebody_wrote_stays(void **state)
{
	struct bench *bench = *state;
	struct record_id id = put(bench,
	    WORDS(REPORT, "state=converted", HOME, "converted_on=1961-01-01"));

	assert_day(bench, &id, "1961-01-01");
	id = put(bench, WORDS(REPORT, "state=visit_planned"));
	patch(bench, &id,
	    WORDS("state=converted", HOME, "converted_on=1961-01-02"));
	assert_day(bench, &id, "1961-01-02");
	/* It was known before the state was reached. */
	id = put(bench,
	    WORDS(REPORT, "state=visit_planned", "converted_on=1961-01-03"));
	patch(bench, &id, WORDS("state=converted", HOME));
	assert_day(bench, &id, "1961-01-03");
}

/* To say again where it stands is not to come there. */
static void
a_state_that_stands_already_gives_no_day(void **state)
{
	struct bench *bench = *state;
	struct record_id id = put(
	    bench, WORDS(REPORT, "state=converted", HOME));

	patch(bench, &id, WORDS("converted_on="));
	assert_day(bench, &id, "");
	patch(bench, &id, WORDS("state=converted"));
	assert_day(bench, &id, "");
}

/* Two places moved it apart: who settles that comes to the state. */
static void
a_state_that_contradicts_itself_stands_nowhere(void **state)
{
	struct bench *bench = *state;
	struct record_id id = put(bench, WORDS(REPORT, "state=visit_planned"));
	static struct desk other;
	const struct slip slip = {.desk = &other, .space = here};

	desk_join(&other, &bench->desk, 44);
	desk_admit(&bench->desk, &other, "d03");
	desk_pull(&other, &bench->desk);
	slip_pack(&other);
	patch(bench, &id, WORDS("state=converted", HOME));
	patch(bench, &id, WORDS("converted_on="));
	desk_begin(&other, true);
	slip_is(slip_patch(&slip, &id, WORDS("state=answered")), ERR_OK, NULL);
	desk_commit(&other);
	desk_pull(&bench->desk, &other);
	assert_day(bench, &id, "");
	bench->slip.resolve = true;
	patch(bench, &id, WORDS("state=converted"));
	assert_day(bench, &id, bench->today);
	desk_fini(&other);
}

#define BENCH(test) \
	cmocka_unit_test_setup_teardown(test, bench_make, bench_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    BENCH(who_comes_to_the_state_gets_the_day),
	    BENCH(another_state_gives_no_day),
	    BENCH(what_somebody_wrote_stays),
	    BENCH(a_state_that_stands_already_gives_no_day),
	    BENCH(a_state_that_contradicts_itself_stands_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
