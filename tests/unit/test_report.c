/*
 * Promises of core/report.h, core/figure.h and core/figure_same.h in stores:
 * tables come out as the records say, and what they lack is told.
 *
 * LINK: -Wl,--wrap=pack_embedded
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/oplog_body.h"
#include "core/rebuild.h"
#include "proto/ascii.h"
#include "proto/calendar.h"
#include "tests/lib/council.h"
#include "tests/lib/office.h"
#include "tests/lib/slip.h"
#include "tests/lib/wire.h"

struct bytes __wrap_pack_embedded(void);

enum { HALL, DONG };

struct bytes
__wrap_pack_embedded(void)
{
	return office_pack();
}

static struct record_id
visit(struct town *town, const char *space, const char *const *words)
{
	return office_put(town, HALL, space, "visit", words);
}

/* Two homes of one dong, one of another. */
static void
homes_make(struct town *town, struct record_id homes[3])
{
	static const char *const names[] = {"no=H-1", "no=H-2", "no=H-3"};

	for (size_t i = 0; i < 3; i++)
		homes[i] = office_put(town, HALL,
		    i < 2 ? OFFICE_SPACE : "d03/c018/case", "home",
		    WORDS(names[i]));
}

static void
visits_make(struct town *town, const struct record_id homes[3])
{
	(void)visit(town, OFFICE_SPACE,
	    WORDS("on=2015-12-31", "kind=crisis", "amount=5", "state=done",
		office_ref("home", &homes[0])));
	(void)visit(town, OFFICE_SPACE,
	    WORDS("on=2016-01-01", "kind=regular", "amount=-7", "state=open",
		office_ref("home", &homes[0])));
	(void)visit(town, OFFICE_SPACE,
	    WORDS("on=2016-02-29", "kind=regular", "amount=2", "state=done",
		office_ref("home", &homes[1])));
	(void)visit(town, OFFICE_SPACE,
	    WORDS("on=2016-02-29", "amount=1000", "state=shut",
		office_ref("home", &homes[1])));
	(void)visit(town, "d03/c018/case",
	    WORDS("on=2016-02-01", "kind=call", "amount=3", "state=open",
		office_ref("home", &homes[0])));
	(void)visit(town, "d04/c001/case",
	    WORDS(
		"on=2016-02-02", "state=open", office_ref("home", &homes[2])));
}

/* ---- rows --------------------------------------------------------------- */

static void
an_empty_store_has_tables_without_rows(void **state)
{
	static const char *const reports[] = {"units", "months", "rising",
	    "kinds", "places", "spans", "secret", "asked", "rich",
	    "asked_months"};
	static const char *const totals[] = {"= 0 0 0 - -", "= 0 0", "= 0 0 -",
	    "= 0 0", "= 0", "= 0", "= 0 0 0 0 0 -", "= 0 0 0 0 0", "= 0",
	    "= 0 0"};

	for (size_t i = 0; i < COUNT_OF(reports); i++)
		office_rows_are(*state,
		    &(struct office_ask){.report = reports[i]}, totals[i]);
}

static void
rows_are_units_one_below_what_is_asked(void **state)
{
	struct town *town = *state;
	struct record_id homes[3];

	homes_make(town, homes);
	visits_make(town, homes);
	/* Ratios: 3/4 in d03, which is -7+5+2+3 over four; one of them a
	 * crisis. */
	office_rows_are(town, &(struct office_ask){.report = "units"},
	    "d03: 4 3 2 8 25; d04: 1 0 1 0 0; = 5 3 3 6 20");
	office_rows_are(town,
	    &(struct office_ask){.report = "units", .prefix = "d03"},
	    "d03/c017: 3 0 2 0 33; d03/c018: 1 3 1 30 0; = 4 3 2 8 25");
	office_rows_are(town,
	    &(struct office_ask){.report = "units", .prefix = "d03/c018"},
	    "d03/c018: 1 3 1 30 0; = 1 3 1 30 0");
	office_rows_are(town,
	    &(struct office_ask){.report = "units", .prefix = "d0"},
	    "= 0 0 0 - -");
}

static void
a_period_ends_with_its_last_day(void **state)
{
	static const struct {
		const char *period;
		const char *wanted;
	} examples[] = {
	    {"2015", "2015-12: 1 1; = 1 1"},
	    {"2016", "2016-01: 1 1; 2016-02: 3 3; = 4 3"},
	    {"2016-Q1", "2016-01: 1 1; 2016-02: 3 3; = 4 3"},
	    {"2016-Q2", "= 0 0"},
	    {"2016-01", "2016-01: 1 1; = 1 1"},
	    {"2015-12/2016-01", "2015-12: 1 1; 2016-01: 1 1; = 2 1"},
	    {"2016-02..", "2016-02: 3 3; = 3 3"},
	    {"..2015-12", "2015-12: 1 1; = 1 1"},
	    /* Half a month is none. */
	    {"2016-02-01/2016-02-28", "= 0 0"},
	    {"2016-02-01/2016-02-29", "2016-02: 3 3; = 3 3"},
	};
	struct town *town = *state;
	struct record_id homes[3];

	homes_make(town, homes);
	visits_make(town, homes);
	for (size_t i = 0; i < COUNT_OF(examples); i++)
		office_rows_are(town,
		    &(struct office_ask){
			.report = "months", .period = examples[i].period},
		    examples[i].wanted);
}

static void
rows_of_periods_may_hold_those_before(void **state)
{
	struct town *town = *state;
	struct record_id homes[3];
	struct office_report report;

	homes_make(town, homes);
	visits_make(town, homes);
	office_rows_are(town, &(struct office_ask){.report = "rising"},
	    "2015-12: 1 1 50; 2016-01: 2 1 -10; 2016-02: 5 3 6; = 5 3 6");
	/* What came before the period is held, and a row for that. */
	office_rows_are(town,
	    &(struct office_ask){.report = "rising", .period = "2016-02"},
	    "2016-02: 5 3 6; = 5 3 6");
	office_rows_are(town,
	    &(struct office_ask){.report = "rising", .period = "2016-01"},
	    "2016-01: 2 1 -10; = 2 1 -10");
	office_rows_are(town,
	    &(struct office_ask){.report = "rising", .period = "2017"},
	    "2016-02: 5 3 6; = 5 3 6");
	/* The last over the first. */
	office_open(
	    town, HALL, &(struct office_ask){.report = "rising"}, &report);
	assert_int_equal(report.report.tables[0].change[0].n, 50);
	assert_int_equal(report.report.tables[0].change[1].n, 30);
	office_close(&report);
	/* What has no day has a row before all others. */
	(void)visit(town, OFFICE_SPACE, WORDS("state=open"));
	office_rows_are(town, &(struct office_ask){.report = "rising"},
	    ": 1 0 0; 2015-12: 2 1 25; 2016-01: 3 1 -7; 2016-02: 6 3 5; "
	    "= 6 3 5");
}

/* A time that is yesterday in London is today in Seoul. */
static void
days_are_those_of_the_clocks_of_the_pack(void **state)
{
	struct town *town = *state;

	(void)visit(town, OFFICE_SPACE,
	    WORDS("at=2015-12-31T15:00:00Z", "amount=1", "state=done"));
	(void)visit(town, OFFICE_SPACE,
	    WORDS("at=2015-12-31T23:59:59+09:00", "amount=2", "state=done"));
	(void)visit(town, OFFICE_SPACE,
	    WORDS("at=2016-02-29T23:59:59-11:00", "amount=-4", "state=done"));
	office_rows_are(town, &(struct office_ask){.report = "asked_months"},
	    "2015-12: 1 2; 2016-01: 1 1; 2016-03: 1 -4; = 3 -1");
	office_rows_are(town,
	    &(struct office_ask){
		.report = "asked_months", .period = "2016-01-01"},
	    "2016-01: 1 1; = 1 1");
	office_rows_are(town,
	    &(struct office_ask){.report = "asked_months", .period = "2016-03"},
	    "2016-03: 1 -4; = 1 -4");
}

static void
what_has_no_time_counts_in_all_time_alone(void **state)
{
	struct town *town = *state;

	(void)visit(town, OFFICE_SPACE, WORDS("amount=1", "state=done"));
	office_rows_are(
	    town, &(struct office_ask){.report = "months"}, ": 1 0; = 1 0");
	office_rows_are(town,
	    &(struct office_ask){.report = "months", .period = "2016"},
	    "= 0 0");
	office_rows_are(town, &(struct office_ask){.report = "asked_months"},
	    ": 1 1; = 1 1");
	office_rows_are(town,
	    &(struct office_ask){.report = "asked_months", .period = "0001.."},
	    "= 0 0");
}

static void
quarters_years_and_days_are_periods(void **state)
{
	static const char *const wanted[] = {"2016-Q1: 2; = 2", "2016: 2; = 2",
	    "2016-01-01: 1; 2016-03-31: 1; = 2"};
	struct town *town = *state;
	struct office_report report;

	(void)visit(town, OFFICE_SPACE,
	    WORDS("on=2015-12-31", "at=2015-12-31T12:00:00+09:00"));
	(void)visit(town, OFFICE_SPACE,
	    WORDS("on=2016-01-01", "at=2015-12-31T15:00:00Z"));
	(void)visit(town, OFFICE_SPACE,
	    WORDS("on=2016-03-31", "at=2016-03-31T14:59:59Z"));
	office_open(town, HALL,
	    &(struct office_ask){.report = "spans", .period = "2016"}, &report);
	for (size_t i = 0; i < COUNT_OF(wanted); i++) {
		struct buf text = {0};

		office_rows(&report, i, &text);
		assert_string_equal(buf_text(&text), wanted[i]);
		buf_fini(&text);
	}
	office_close(&report);
}

static void
codes_come_in_the_order_of_their_list(void **state)
{
	struct town *town = *state;
	struct record_id homes[3];
	struct office_report report;
	struct bytes label;

	homes_make(town, homes);
	visits_make(town, homes);
	office_rows_are(town, &(struct office_ask){.report = "kinds"},
	    "regular: 2 -5; crisis: 1 5; call: 1 3; : 1 0; = 5 3");
	office_open(
	    town, HALL, &(struct office_ask){.report = "kinds"}, &report);
	slip_is(
	    report_label(store_txn(report.store), report.report.tables[0].table,
		report.report.tables[0].rows[1].key, &report.arena, &label),
	    ERR_OK, NULL);
	assert_true(bytes_is(label, "위기"));
	slip_is(
	    report_label(store_txn(report.store), report.report.tables[0].table,
		bytes_text("newer"), &report.arena, &label),
	    ERR_OK, NULL);
	assert_true(bytes_is(label, "newer"));
	office_close(&report);
}

static void
records_are_called_by_their_title(void **state)
{
	struct town *town = *state;
	struct record_id homes[3];
	struct office_report report;
	struct bytes label;
	const struct pack_table *table;
	size_t found = 0;

	struct record_id bare = office_put(
	    town, HALL, OFFICE_SPACE, "home", WORDS("income=1"));
	struct buf key = {0};

	homes_make(town, homes);
	visits_make(town, homes);
	ascii_hex(bytes_of(bare.b, sizeof(bare.b)), &key);
	office_open(
	    town, HALL, &(struct office_ask){.report = "places"}, &report);
	table = report.report.tables[0].table;
	for (size_t i = 0; i < report.report.tables[0].rows_n; i++) {
		slip_is(report_label(store_txn(report.store), table,
			    report.report.tables[0].rows[i].key, &report.arena,
			    &label),
		    ERR_OK, NULL);
		found += bytes_is(label, "H-1") || bytes_is(label, "H-2") ||
				 bytes_is(label, "H-3")
			     ? 1
			     : 0;
	}
	assert_int_equal(found, 3);
	/* One that is not held, and what is no reference. */
	slip_is(report_label(store_txn(report.store), table,
		    bytes_text("00000000000000000000000000000001"),
		    &report.arena, &label),
	    ERR_OK, NULL);
	assert_true(bytes_is(label, "00000000000000000000000000000001"));
	slip_is(report_label(store_txn(report.store), table, bytes_text("zz"),
		    &report.arena, &label),
	    ERR_OK, NULL);
	assert_true(bytes_is(label, "zz"));
	slip_is(report_label(store_txn(report.store), table, bytes_text("00"),
		    &report.arena, &label),
	    ERR_OK, NULL);
	assert_true(bytes_is(label, "00"));
	/* One without a title. */
	slip_is(report_label(store_txn(report.store), table, buf_bytes(&key),
		    &report.arena, &label),
	    ERR_OK, NULL);
	assert_true(bytes_equal(label, buf_bytes(&key)));
	buf_fini(&key);
	office_close(&report);
}

static void
sums_that_no_number_holds_are_told(void **state)
{
	struct town *town = *state;

	(void)visit(town, OFFICE_SPACE,
	    WORDS("on=2016-01-01", "state=open", "amount=9223372036854775807"));
	(void)visit(town, OFFICE_SPACE,
	    WORDS("on=2016-01-01", "state=open", "amount=1"));
	(void)visit(town, "d03/c018/case",
	    WORDS(
		"on=2016-01-01", "state=open", "amount=-9223372036854775808"));
	office_rows_are(town,
	    &(struct office_ask){.report = "units", .prefix = "d03"},
	    "d03/c017: 2 > 0 > 0; d03/c018: 1 -9223372036854775808 0 > 0; "
	    "= 3 0 0 0 0");
}

/* ---- what is one -------------------------------------------------------- */

static void
what_an_alias_leads_to_counts_once(void **state)
{
	struct town *town = *state;
	struct record_id homes[3];

	homes_make(town, homes);
	(void)visit(town, OFFICE_SPACE,
	    WORDS("on=2016-01-01", "state=done", office_ref("home", &homes[0]),
		office_ref("person", &homes[1])));
	(void)visit(town, OFFICE_SPACE,
	    WORDS("on=2016-01-01", "state=done", office_ref("home", &homes[1]),
		office_ref("person", &homes[2])));
	(void)visit(town, "d03/c018/case",
	    WORDS("on=2016-01-01", "state=done", office_ref("home", &homes[2]),
		office_ref("person", &homes[0])));
	office_rows_are(town, &(struct office_ask){.report = "months"},
	    "2016-01: 3 3; = 3 3");
	office_rows_are(town, &(struct office_ask){.report = "secret"},
	    "d03: 3 3 3 0 0 0; = 3 3 3 0 0 0");
	office_rows_are(town, &(struct office_ask){.report = "asked"},
	    "d03: 3 0 3 0 0; = 3 0 3 0 0");
	office_patch(town, HALL, OFFICE_SPACE, &homes[1],
	    WORDS(office_ref("same_as", &homes[2])));
	office_rows_are(town, &(struct office_ask){.report = "months"},
	    "2016-01: 3 2; = 3 2");
	/* Also where the view has hashes, and in a query. */
	office_rows_are(town,
	    &(struct office_ask){.report = "secret", .prefix = "d03"},
	    "d03/c017: 2 2 1 0 0 0; d03/c018: 1 1 1 0 0 0; = 3 3 2 0 0 0");
	office_rows_are(town, &(struct office_ask){.report = "asked"},
	    "d03: 3 0 2 0 0; = 3 0 2 0 0");
	office_patch(town, HALL, OFFICE_SPACE, &homes[1], WORDS("same_as="));
	office_rows_are(town, &(struct office_ask){.report = "months"},
	    "2016-01: 3 3; = 3 3");
}

/* A query counts the elements of a set as a view does. */
static void
elements_of_sets_are_counted_each(void **state)
{
	struct town *town = *state;

	(void)visit(town, OFFICE_SPACE,
	    WORDS("on=2016-01-01", "state=open", "at=2016-01-01T00:00:00Z",
		"tags=a;b"));
	(void)visit(town, OFFICE_SPACE,
	    WORDS("on=2016-01-01", "state=open", "tags=b;c"));
	(void)visit(town, OFFICE_SPACE, WORDS("on=2016-01-01", "state=open"));
	office_rows_are(town, &(struct office_ask){.report = "asked"},
	    "d03: 0 0 0 3 3; = 0 0 0 3 3");
}

/* ---- what contradicts itself -------------------------------------------- */

static void
a_contested_state_counts_by_the_one_in_effect(void **state)
{
	struct town *town = *state;
	struct record_id ids[2];

	assert_int_equal(town_member(town, "", "read:NPSF,write"), DONG);
	office_follow(town, DONG);
	for (size_t i = 0; i < 2; i++)
		ids[i] = visit(
		    town, OFFICE_SPACE, WORDS("on=2016-01-01", "state=open"));
	town_meet(town);
	office_patch(town, HALL, OFFICE_SPACE, &ids[0], WORDS("state=done"));
	office_patch(town, DONG, OFFICE_SPACE, &ids[0], WORDS("state=shut"));
	/* Deleted there, changed here: it stands. */
	town_act(town, DONG, OFFICE_SPACE, &ids[1], ACT_DELETE);
	office_patch(town, HALL, OFFICE_SPACE, &ids[1], WORDS("amount=4"));
	town_meet(town);
	office_rows_are(town, &(struct office_ask){.report = "secret"},
	    "d03: 2 1 0 0 0 0; = 2 1 0 0 0 0");
	office_rows_are(town, &(struct office_ask){.report = "units"},
	    "d03: 2 4 0 20 0; = 2 4 0 20 0");
	office_patch(town, HALL, OFFICE_SPACE, &ids[0], WORDS("state=shut"));
	town_meet(town);
	office_rows_are(town, &(struct office_ask){.report = "units"},
	    "d03: 1 4 0 40 0; = 1 4 0 40 0");
}

/* ---- what is not here --------------------------------------------------- */

static void
column_is(const struct office_report *report, size_t column, unsigned missing,
    uint64_t logs)
{
	const struct report_column *says =
	    &report->report.tables[0].columns[column];

	assert_int_equal(says->missing, missing);
	assert_int_equal(says->missing_logs, logs);
}

static void
who_may_not_read_still_counts_and_says_what_is_missing(void **state)
{
	struct town *town = *state;
	struct record_id homes[3];
	struct office_report report;
	struct buf text = {0};

	assert_int_equal(town_member(town, "", "read:N,hold"), DONG);
	office_follow(town, DONG);
	homes_make(town, homes);
	for (int i = 0; i < 3; i++)
		(void)visit(town, i < 2 ? OFFICE_SPACE : "d03/c018/case",
		    WORDS("on=2016-01-01", "state=done", "cost=500", "ill=true",
			office_ref("person", &homes[i])));
	office_rows_are(town, &(struct office_ask){.report = "secret"},
	    "d03: 3 3 3 1500 3 5000; = 3 3 3 1500 3 5000");
	office_open(
	    town, HALL, &(struct office_ask){.report = "secret"}, &report);
	for (size_t i = 0; i < 6; i++)
		column_is(&report, i, 0, 0);
	office_close(&report);
	wire_sync(town, HALL, DONG);
	office_open(
	    town, DONG, &(struct office_ask){.report = "secret"}, &report);
	office_rows(&report, 0, &text);
	assert_string_equal(buf_text(&text), "d03: 3 3 0 0 0 0; = 3 3 0 0 0 0");
	column_is(&report, 0, 0, 0);
	column_is(&report, 1, 0, 0);
	column_is(&report, 2, 1U << CLASS_P, 2);
	column_is(&report, 3, 1U << CLASS_F, 2);
	column_is(&report, 4, 1U << CLASS_S, 2);
	column_is(&report, 5, 1U << CLASS_F, 2);
	office_close(&report);
	buf_fini(&text);
}

/* A condition that looks at another record needs what stands there. */
static void
what_a_condition_looks_at_elsewhere_may_be_missing(void **state)
{
	struct town *town = *state;
	struct record_id home;
	struct office_report report;

	assert_int_equal(town_member(town, "", "read:NP,hold"), DONG);
	office_follow(town, DONG);
	home = office_put(
	    town, HALL, OFFICE_SPACE, "home", WORDS("income=101"));
	(void)visit(town, OFFICE_SPACE, WORDS(office_ref("home", &home)));
	office_rows_are(
	    town, &(struct office_ask){.report = "rich"}, "d03: 1; = 1");
	wire_sync(town, HALL, DONG);
	office_open(
	    town, HALL, &(struct office_ask){.report = "rich"}, &report);
	column_is(&report, 0, 0, 0);
	office_close(&report);
	office_open(
	    town, DONG, &(struct office_ask){.report = "rich"}, &report);
	assert_int_equal(report.report.tables[0].rows_n, 0);
	column_is(&report, 0, 1U << CLASS_F, 1);
	office_close(&report);
}

/* Takes all bodies of the class `class` out of the space's logs. */
static void
erase(struct town *town, enum delta_class class)
{
	struct store *store = town_store(town, HALL);
	struct space space = town_space(OFFICE_SPACE);
	struct log **logs;
	size_t erased = 0;
	size_t n;

	slip_is(store_begin(store, true), ERR_OK, NULL);
	slip_is(oplog_all(store_txn(store),
		    space_find(store_txn(store), &space), &logs, &n),
	    ERR_OK, NULL);
	for (size_t i = 0; i < n; i++)
		for (uint64_t seq = 0; seq < logs[i]->frontier.size; seq++)
			erased += oplog_body_drop(store_txn(store), logs[i],
				      seq, 0, class) == ERR_OK
				      ? 1
				      : 0;
	assert_true(erased > 0);
	slip_is(store_commit(store), ERR_OK, NULL);
	town_close(town, HALL);
	slip_is(store_open_alone(town->nodes[HALL].dir, &town->host,
		    &town->nodes[HALL].store),
	    ERR_OK, NULL);
	slip_is(rebuild_run(town_store(town, HALL), NULL), ERR_OK, NULL);
	town_close(town, HALL);
	(void)town_open(town, HALL);
}

static void
statistics_survive_what_is_erased(void **state)
{
	struct town *town = *state;
	struct record_id homes[3];
	struct office_report report;
	struct buf text = {0};

	homes_make(town, homes);
	for (int i = 0; i < 3; i++)
		(void)visit(town, OFFICE_SPACE,
		    WORDS("on=2016-01-01", "state=done", "amount=2", "cost=500",
			"ill=true", office_ref("home", &homes[i]),
			office_ref("person", &homes[i])));
	erase(town, CLASS_P);
	erase(town, CLASS_F);
	office_open(
	    town, HALL, &(struct office_ask){.report = "secret"}, &report);
	office_rows(&report, 0, &text);
	assert_string_equal(buf_text(&text), "d03: 3 3 0 0 3 0; = 3 3 0 0 3 0");
	column_is(&report, 0, 0, 0);
	column_is(&report, 2, 1U << CLASS_P, 1);
	column_is(&report, 3, 1U << CLASS_F, 1);
	column_is(&report, 4, 0, 0);
	office_close(&report);
	office_rows_are(town, &(struct office_ask){.report = "units"},
	    "d03: 3 6 3 20 0; = 3 6 3 20 0");
	buf_fini(&text);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, office_make, office_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_empty_store_has_tables_without_rows),
	    TEST(rows_are_units_one_below_what_is_asked),
	    TEST(a_period_ends_with_its_last_day),
	    TEST(rows_of_periods_may_hold_those_before),
	    TEST(days_are_those_of_the_clocks_of_the_pack),
	    TEST(what_has_no_time_counts_in_all_time_alone),
	    TEST(quarters_years_and_days_are_periods),
	    TEST(codes_come_in_the_order_of_their_list),
	    TEST(records_are_called_by_their_title),
	    TEST(sums_that_no_number_holds_are_told),
	    TEST(what_an_alias_leads_to_counts_once),
	    TEST(elements_of_sets_are_counted_each),
	    TEST(a_contested_state_counts_by_the_one_in_effect),
	    TEST(who_may_not_read_still_counts_and_says_what_is_missing),
	    TEST(what_a_condition_looks_at_elsewhere_may_be_missing),
	    TEST(statistics_survive_what_is_erased),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
