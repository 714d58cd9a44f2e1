/*
 * Promises of core/report.h and core/report_said.h: which logs a report was
 * made of, of which units the word is old, and what others have published.
 *
 * LINK: -Wl,--wrap=pack_embedded
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/meta.h"
#include "core/report_said.h"
#include "core/view.h"
#include "tests/lib/office.h"
#include "tests/lib/slip.h"
#include "tests/lib/wire.h"

struct bytes __wrap_pack_embedded(void);

enum { HALL, DONG, GU };

struct bytes
__wrap_pack_embedded(void)
{
	return office_pack();
}

static void
visit(struct town *town, size_t i, const char *space)
{
	(void)office_put(
	    town, i, space, "visit", WORDS("on=2016-01-01", "state=open"));
}

/* ---- the frontier ------------------------------------------------------- */

static struct hash
frontier_of(struct town *town, size_t i, const char *prefix, size_t logs)
{
	struct office_report report;
	struct hash hash;

	office_open(town, i,
	    &(struct office_ask){.report = "units", .prefix = prefix}, &report);
	assert_int_equal(report.report.logs_n, logs);
	hash = report.report.frontier;
	office_close(&report);
	return hash;
}

static void
who_holds_the_same_logs_has_the_same_frontier(void **state)
{
	struct town *town = *state;
	const struct town_cargo one = {.space = "d03/c018/case"};
	struct hash before;
	struct hash after;

	assert_int_equal(town_member(town, "", "read:N,write"), DONG);
	assert_int_equal(town_member(town, "", "read:N,hold"), GU);
	office_follow(town, DONG);
	office_follow(town, GU);
	visit(town, HALL, "d03/c017/case");
	visit(town, DONG, "d03/c017/case");
	visit(town, DONG, "d03/c018/case");
	town_copy(town, DONG, HALL);
	/* In another order, and with sealed bodies. */
	town_copy(town, HALL, DONG);
	town_carry(town, DONG, GU, &one);
	wire_sync(town, HALL, GU);
	before = frontier_of(town, HALL, "d03", 3);
	for (size_t i = DONG; i <= GU; i++) {
		after = frontier_of(town, i, "d03", 3);
		assert_memory_equal(&after, &before, sizeof(after));
	}
	(void)frontier_of(town, HALL, "d03/c017", 2);
	(void)frontier_of(town, HALL, "d03/c018", 1);
	(void)frontier_of(town, HALL, "d04", 0);
	visit(town, DONG, "d03/c018/case");
	after = frontier_of(town, HALL, "d03", 3);
	assert_memory_equal(&after, &before, sizeof(after));
	town_meet(town);
	after = frontier_of(town, HALL, "d03", 3);
	assert_memory_not_equal(&after, &before, sizeof(after));
	/* What happened elsewhere is nothing to it. */
	before = after;
	visit(town, HALL, "d04/c001/case");
	after = frontier_of(town, HALL, "d03", 3);
	assert_memory_equal(&after, &before, sizeof(after));
}

static void
units_are_told(struct town *town, const char *prefix, const char *wanted)
{
	struct office_report report;
	struct buf text = {0};

	office_open(town, HALL,
	    &(struct office_ask){.report = "units",
		.prefix = prefix,
		.now_seconds = office_time("2016-07-25T09:00:00+09:00")},
	    &report);
	for (size_t i = 0; i < report.report.units_n; i++) {
		const struct report_unit *unit = &report.report.units[i];

		buf_add(&text, unit->prefix);
		buf_add_format(&text, " %zu %llu; ", unit->logs_n,
		    (unsigned long long)stamp_ms(unit->newest) / 1000000);
	}
	if (!bytes_is(buf_bytes(&text), wanted))
		fail_msg("'%s', not '%s'", buf_text(&text), wanted);
	office_close(&report);
	buf_fini(&text);
}

static void
of_each_unit_the_newest_word_is_told(void **state)
{
	struct town *town = *state;
	const uint64_t times[] = {1600001, 1600002, 1600003, 1600004, 1600005};
	static const char *const spaces[] = {"d03/aa", "d03/c017/case",
	    "d03/c017/sub/case", "d03/c017/unit", "d03/zz"};

	/* Written by one that follows no pack. */
	assert_int_equal(town_member(town, "", "read:N,write"), DONG);
	for (size_t i = 0; i < COUNT_OF(spaces); i++) {
		town->now_ms = times[i] * 1000000 + 500;
		(void)town_create(town, DONG, spaces[i], "값");
	}
	town_meet(town);
	/* Spaces of a unit may have others between them. */
	units_are_told(town, "d03",
	    "d03 2 1600005; d03/c017 2 1600004; d03/c017/sub 1 1600003; ");
	units_are_told(
	    town, "d03/c017", "d03/c017 2 1600004; d03/c017/sub 1 1600003; ");
	units_are_told(town, "d04", "");
}

/* ---- units of which nothing is held ------------------------------------- */

static void
a_unit_of_which_nothing_is_held_is_told(void **state)
{
	struct town *town = *state;
	uint64_t now = (uint64_t)office_time("2016-07-25T09:00:00+09:00");

	town->now_ms = now * 1000;
	now = (now + 1) / 1000;
	(void)office_put(town, HALL, "city/all/unit", "unit",
	    WORDS("name=신사동", "prefix=d03/c017", "level=dong"));
	(void)office_put(town, HALL, "city/all/unit", "unit",
	    WORDS("name=논현동", "prefix=d03/c018", "level=dong"));
	(void)office_put(town, HALL, "city/all/unit", "unit",
	    WORDS("name=강남구", "prefix=d03", "level=gu"));
	(void)office_put(town, HALL, "city/all/unit", "unit",
	    WORDS("name=옛동", "prefix=d03/c019", "level=dong",
		"until=2016-07-24"));
	(void)office_put(town, HALL, "city/all/unit", "unit",
	    WORDS("name=새동", "prefix=d03/c020", "level=dong",
		"since=2016-07-26"));
	(void)office_put(town, HALL, "city/all/unit", "unit",
	    WORDS("name=이름뿐", "level=dong"));
	/* Of another unit whose name begins so something is held. */
	(void)office_put(town, HALL, "city/all/unit", "unit",
	    WORDS("name=짧은동", "prefix=d03/c01", "level=dong"));
	visit(town, HALL, "d03/c018/case");
	{
		struct buf wanted = {0};

		buf_add_format(&wanted,
		    "d03/c01 0 0; d03/c017 0 0; d03/c018 1 %llu; ",
		    (unsigned long long)town->now_ms / 1000000);
		units_are_told(town, "d03", buf_text(&wanted));
		buf_fini(&wanted);
	}
	units_are_told(town, "d03/c017", "d03/c017 0 0; ");
	units_are_told(town, "d03/c020", "");
	assert_true(now > 0);
}

/* ---- published ---------------------------------------------------------- */

static void
publish(struct town *town, const char *const *words)
{
	(void)office_put(town, HALL, "city/all/unit", "metric", words);
}

/* What is said in the report `name`, each as "figure unit period value/scale
 * computed" with ! where it differs. */
static void
said_is(struct town *town, size_t i, const char *name, const char *prefix,
    const char *wanted)
{
	struct office_report report;
	struct buf text = {0};

	office_open(town, i,
	    &(struct office_ask){.report = name, .prefix = prefix}, &report);
	for (size_t k = 0; k < report.report.said_n; k++) {
		const struct report_said *said = &report.report.said[k];

		buf_add_text(&text, said->figure->name);
		buf_add_text(&text, " ");
		buf_add(&text, said->unit);
		buf_add_text(&text, " ");
		buf_add(&text, said->period);
		buf_add_format(
		    &text, " %lld/%u ", (long long)said->value, said->scale);
		if (said->computed.too_large)
			buf_add_text(&text, ">");
		else if (said->computed.is_there)
			buf_add_format(
			    &text, "%lld", (long long)said->computed.n);
		else
			buf_add_text(&text, "-");
		buf_add_text(&text, said->differs ? " !; " : "; ");
	}
	if (!bytes_is(buf_bytes(&text), wanted))
		fail_msg("'%s', not '%s'", buf_text(&text), wanted);
	office_close(&report);
	buf_fini(&text);
}

static void
what_others_published_stands_beside(void **state)
{
	struct town *town = *state;
	struct record_id dong = office_put(town, HALL, "city/all/unit", "unit",
	    WORDS("name=신사동", "prefix=d03/c017", "level=dong"));

	for (int i = 0; i < 3; i++)
		(void)office_put(town, HALL,
		    i < 2 ? "d03/c017/case" : "d03/c018/case", "visit",
		    WORDS(i == 0 ? "on=2015-12-31" : "on=2016-01-01",
			"state=open", "amount=32"));
	publish(town, WORDS("key=visits", "value=3"));
	publish(town, WORDS("key=visits", "value=2", "period=2016"));
	publish(town, WORDS("key=visits", "value=9", "period=2015"));
	publish(town, WORDS("key=visits", "value=1", "period=2016",
			  office_ref("unit", &dong)));
	publish(town, WORDS("key=visits", "value=1", "period=언젠가"));
	publish(town, WORDS("key=visits", "value=30", "scale=1"));
	publish(town, WORDS("key=other", "value=1"));
	publish(town, WORDS("key=visits"));
	publish(town, WORDS("key=each", "value=320", "scale=1"));
	publish(
	    town, WORDS("key=each", "value=3200", "scale=2", "period=2016"));
	said_is(town, HALL, "units", NULL,
	    "each   320/1 320; each  2016 3200/2 3200; visits   3/0 3; "
	    "visits   30/1 30; visits  2015 9/0 1 !; visits  2016 2/0 2; "
	    "visits  언젠가 1/0 - !; visits d03/c017 2016 1/0 1; ");
	/* Nor is what is said of a unit that lies nowhere. */
	dong = office_put(town, HALL, "city/all/unit", "unit",
	    WORDS("name=어디", "prefix=어디 or nowhere", "level=dong"));
	publish(
	    town, WORDS("key=visits", "value=5", office_ref("unit", &dong)));
	said_is(
	    town, HALL, "months", "d03/c017", "visits d03/c017 2016 1/0 1; ");
	/* What is said of all is not said of one. */
	said_is(
	    town, HALL, "units", "d03/c017", "visits d03/c017 2016 1/0 1; ");
	said_is(town, HALL, "units", "d03", "visits d03/c017 2016 1/0 1; ");
	said_is(town, HALL, "units", "d03/c018", "");
	said_is(town, HALL, "kinds", "d03/c018", "");
}

static void
values_that_contradict_each_other_are_both_flagged(void **state)
{
	struct town *town = *state;

	visit(town, HALL, OFFICE_SPACE);
	publish(town, WORDS("key=visits", "value=1", "source=가"));
	said_is(town, HALL, "months", NULL, "visits   1/0 1; ");
	publish(town, WORDS("key=visits", "value=12", "scale=1", "source=나"));
	said_is(town, HALL, "months", NULL,
	    "visits   1/0 1 !; visits   12/1 10 !; ");
	/* Of another time it is no contradiction. */
	publish(town, WORDS("key=visits", "value=0", "period=2015"));
	said_is(town, HALL, "months", NULL,
	    "visits   1/0 1 !; visits   12/1 10 !; visits  2015 0/0 0; ");
}

static void
numbers_at_the_edges_are_no_others(void **state)
{
	struct town *town = *state;

	(void)office_put(town, HALL, OFFICE_SPACE, "visit",
	    WORDS("on=2016-01-01", "state=open", "amount=9223372036854775807"));
	publish(town, WORDS("key=amount", "value=9223372036854775807"));
	said_is(town, HALL, "units", NULL,
	    "amount   9223372036854775807/0 9223372036854775807; ");
	publish(town, WORDS("key=amount", "value=9223372036854775807",
			  "scale=6", "period=2016"));
	publish(
	    town, WORDS("key=amount", "value=7", "scale=-1", "period=2014"));
	publish(town, WORDS("key=amount", "value=-9223372036854775808",
			  "scale=7", "period=2015"));
	said_is(town, HALL, "units", NULL,
	    "amount   9223372036854775807/0 9223372036854775807; "
	    "amount  2014 7/0 0 !; "
	    "amount  2015 -9223372036854775808/0 0 !; "
	    "amount  2016 9223372036854775807/6 > !; ");
}

/* Never as zero. */
static void
what_cannot_be_worked_out_here_is_not_there(void **state)
{
	struct town *town = *state;

	assert_int_equal(town_member(town, "", "read:N,hold"), DONG);
	office_follow(town, DONG);
	(void)office_put(town, HALL, OFFICE_SPACE, "visit",
	    WORDS("on=2016-01-01", "state=open", "cost=500"));
	publish(town, WORDS("key=cost", "value=500"));
	publish(town, WORDS("key=dear", "value=5000", "scale=1"));
	wire_sync(town, HALL, DONG);
	said_is(town, HALL, "secret", NULL,
	    "cost   500/0 500; dear   5000/1 5000; ");
	said_is(town, DONG, "secret", NULL,
	    "cost   500/0 - !; dear   5000/1 - !; ");
}

/* Nobody is told half of it. */
static void
while_views_are_made_anew_there_is_no_report(void **state)
{
	struct town *town = *state;
	struct store *store = town_store(town, HALL);
	struct report_ask ask = {.period = {INT64_MIN, INT64_MAX}};
	struct arena arena = {0};
	struct report report;

	slip_is(store_begin(store, true), ERR_OK, NULL);
	meta_del(store_txn(store), view_meta);
	slip_is(store_commit(store), ERR_OK, NULL);
	slip_is(store_begin(store, false), ERR_OK, NULL);
	ask.report = &store_txn(store)->pack->reports[0];
	slip_is(report_make(store_txn(store), &ask, &arena, &report), ERR_BUSY,
	    "is being counted anew; the next write here ends that");
	store_abort(store);
	arena_fini(&arena);
	slip_is(store_begin(store, true), ERR_OK, NULL);
	slip_is(store_commit(store), ERR_OK, NULL);
	office_rows_are(
	    town, &(struct office_ask){.report = "units"}, "= 0 0 0 - -");
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, office_make, office_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(who_holds_the_same_logs_has_the_same_frontier),
	    TEST(of_each_unit_the_newest_word_is_told),
	    TEST(a_unit_of_which_nothing_is_held_is_told),
	    TEST(what_others_published_stands_beside),
	    TEST(values_that_contradict_each_other_are_both_flagged),
	    TEST(numbers_at_the_edges_are_no_others),
	    TEST(what_cannot_be_worked_out_here_is_not_there),
	    TEST(while_views_are_made_anew_there_is_no_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
