/*
 * Promises of core/due.h: what is on a list follows from what is held and from
 * the day at the clocks of the pack, in one order.
 *
 * LINK: -Wl,--wrap=pack_embedded
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/calendar.h"
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
visit(struct town *town, const char *const *words)
{
	return office_put(town, HALL, OFFICE_SPACE, "visit", words);
}

/* ---- lists as text ------------------------------------------------------ */

static const struct pack_due *
list_of(const struct pack *pack, const char *name)
{
	for (size_t i = 0; i < pack->due_n; i++)
		if (strcmp(pack->due[i].name, name) == 0)
			return &pack->due[i];
	fail_msg("no list %s", name);
	return NULL;
}

static void
item_add(struct txn *txn, const struct due_ask *ask,
    const struct due_item *item, struct buf *text)
{
	struct arena arena = {0};
	struct expr_value values[4] = {0};
	char day[CALENDAR_TEXT_SIZE] = "-";

	if (item->due.type == EXPR_DATE)
		calendar_write_day(item->due.i, day);
	else if (item->due.type == EXPR_DATETIME)
		(void)strcpy(day, "time");
	buf_add_format(text, "%s %lld%s u%lld r%lld", day,
	    (long long)item->late, item->is_late ? " late" : "",
	    (long long)item->urgency, (long long)item->risk);
	if (!ask->list->open)
		slip_is(due_show(txn, ask, item, &arena, values), ERR_OK, NULL);
	for (size_t i = 0; i < ask->list->show_n + ask->list->by_n; i++) {
		buf_add_text(text, " ");
		buf_add(text, values[i].b);
	}
	buf_add_text(text, "; ");
	arena_fini(&arena);
}

/* Fails unless the list `name` at node `i` is `wanted` at `now`. */
static void
list_below(struct town *town, size_t i, const char *name, const char *prefix,
    int64_t now, const char *wanted)
{
	struct store *store = town_store(town, i);
	struct due_ask ask = {.now_seconds = now};
	struct due_items items = {0};
	struct buf text = {0};
	size_t late = 0;

	slip_is(id_prefix(bytes_text(prefix), &ask.prefix), ERR_OK, NULL);
	slip_is(store_begin(store, false), ERR_OK, NULL);
	ask.list = list_of(store_txn(store)->pack, name);
	slip_is(due_find(store_txn(store), &ask, &items), ERR_OK, NULL);
	for (size_t k = 0; k < items.n; k++) {
		item_add(store_txn(store), &ask, &items.p[k], &text);
		late += items.p[k].is_late ? 1 : 0;
	}
	assert_int_equal(late, items.late_n);
	if (items.missing != 0)
		buf_add_format(&text, "class %u of %llu logs; ", items.missing,
		    (unsigned long long)items.missing_logs);
	if (!bytes_is(buf_bytes(&text), wanted))
		fail_msg("%s: '%s', not '%s'", name, buf_text(&text), wanted);
	buf_fini(&text);
	due_fini(&items);
	due_fini(&items);
	store_abort(store);
}

static void
list_is(
    struct town *town, const char *name, const char *now, const char *wanted)
{
	list_below(town, HALL, name, "", office_time(now), wanted);
}

/* ---- days and times ----------------------------------------------------- */

static void
an_empty_store_has_nothing_to_do(void **state)
{
	static const char *const names[] = {
	    "days", "later", "hours", "ages", "ends", "quarrels", "homes"};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		list_is(*state, names[i], "2016-07-25T09:00:00+09:00", "");
}

static void
a_day_ends_at_midnight_in_korea(void **state)
{
	struct town *town = *state;

	(void)visit(town, WORDS("on=2015-12-31", "state=open"));
	list_is(town, "days", "2015-12-31T14:59:59Z",
	    "2015-12-31 0 u0 r0   open; ");
	list_is(town, "days", "2015-12-31T15:00:00Z",
	    "2015-12-31 1 late u0 r0   open; ");
	list_is(town, "days", "2015-12-29T15:00:00Z",
	    "2015-12-31 -1 u0 r0   open; ");
}

static void
a_list_may_begin_before_and_be_late_after_its_day(void **state)
{
	struct town *town = *state;

	(void)visit(town, WORDS("on=2016-03-01", "state=open"));
	list_is(town, "later", "2016-01-30T23:59:59+09:00", "");
	list_is(town, "later", "2016-01-31T00:00:00+09:00",
	    "2016-03-01 -37 u0 r0; ");
	list_is(town, "later", "2016-03-07T23:59:59+09:00",
	    "2016-03-01 -1 u0 r0; ");
	/* From the day that is said, not after it. */
	list_is(town, "later", "2016-03-08T00:00:00+09:00",
	    "2016-03-01 0 late u0 r0; ");
}

static void
times_are_counted_in_hours(void **state)
{
	struct town *town = *state;

	(void)visit(
	    town, WORDS("until=2016-07-25T00:30:00+09:00", "state=open"));
	list_is(town, "hours", "2016-07-28T00:29:59+09:00", "time 0 u0 r0; ");
	list_is(town, "hours", "2016-07-27T15:30:00Z", "time 0 late u0 r0; ");
	list_is(
	    town, "hours", "2016-07-28T05:30:00+09:00", "time 5 late u0 r0; ");
	list_is(town, "hours", "2016-07-25T00:30:00+09:00", "time -72 u0 r0; ");
	/* It is shown from a time on, too. */
	list_is(town, "hours", "2016-07-24T00:30:00+09:00", "time -96 u0 r0; ");
	list_is(town, "hours", "2016-07-24T00:29:59+09:00", "");
}

static void
days_that_are_no_days_of_other_years_are_met(void **state)
{
	struct town *town = *state;

	(void)visit(town, WORDS("born=1948-02-29", "on=2016-02-29"));
	(void)visit(town, WORDS("born=1946-02-28", "on=2016-12-31"));
	list_is(town, "ages", "2018-03-01T00:00:00+09:00",
	    "2016-02-28 732 late u0 r0; 2018-03-01 0 u0 r0; ");
	list_is(town, "ends", "2017-01-01T00:00:00+09:00",
	    "2016-03-31 276 late u0 r0; 2016-12-31 1 late u0 r0; ");
}

/* ---- order -------------------------------------------------------------- */

static void
the_most_pressing_comes_first(void **state)
{
	struct town *town = *state;

	(void)visit(town, WORDS("state=open", "on=2016-07-20", "tries+=1"));
	(void)visit(town, WORDS("state=open", "on=2016-07-20", "tries+=9"));
	(void)visit(town, WORDS("state=open", "tries+=50"));
	(void)visit(town, WORDS("state=open", "on=2016-07-24"));
	(void)visit(town, WORDS("state=open", "on=2016-08-24", "amount=3"));
	(void)visit(town, WORDS("state=open", "amount=3"));
	(void)visit(town, WORDS("state=open", "on=2016-07-25", "amount=3"));
	list_is(town, "days", "2016-07-25T09:00:00+09:00",
	    "2016-07-25 0 u3 r0   open; 2016-08-24 -30 u3 r0   open; "
	    "- 0 u3 r0   open; "
	    "2016-07-20 5 late u0 r9   open; 2016-07-20 5 late u0 r1   open; "
	    "2016-07-24 1 late u0 r0   open; - 0 u0 r50   open; ");
}

static void
what_is_alike_comes_by_id(void **state)
{
	struct town *town = *state;
	struct due_items items = {0};
	struct store *store = town_store(town, HALL);
	struct due_ask ask = {.now_seconds = 0};

	for (int i = 0; i < 20; i++)
		(void)visit(town, WORDS("state=open", "on=2016-07-20"));
	slip_is(store_begin(store, false), ERR_OK, NULL);
	ask.list = list_of(store_txn(store)->pack, "days");
	slip_is(due_find(store_txn(store), &ask, &items), ERR_OK, NULL);
	assert_int_equal(items.n, 20);
	assert_int_equal(items.late_n, 0);
	for (size_t i = 1; i < items.n; i++)
		assert_true(
		    memcmp(items.p[i - 1].id.b, items.p[i].id.b, 16) < 0);
	due_fini(&items);
	store_abort(store);
}

static void
urgency_and_risk_stay_within_their_bounds(void **state)
{
	struct town *town = *state;

	(void)visit(town,
	    WORDS("state=open", "on=2016-07-25", "amount=9223372036854775807",
		"tries+=9223372036854775807"));
	(void)visit(town, WORDS("state=open", "on=2016-07-25",
			      "amount=-9223372036854775808", "tries-=7"));
	list_is(town, "days", "2016-07-25T09:00:00+09:00",
	    "2016-07-25 0 u9 r9223372036854775807   open; "
	    "2016-07-25 0 u0 r0   open; ");
	list_is(town, "days", "9999-12-31T00:00:00+09:00",
	    "2016-07-25 2915889 late u9 r9223372036854775807   open; "
	    "2016-07-25 2915889 late u0 r0   open; ");
}

/* ---- what is shown ------------------------------------------------------ */

static void
columns_show_what_the_record_and_its_home_say(void **state)
{
	struct town *town = *state;
	struct record_id home = office_put(
	    town, HALL, OFFICE_SPACE, "home", WORDS("no=H-1"));
	struct record_id id = visit(
	    town, WORDS("state=open", "on=2016-07-25", "kind=crisis",
		      office_ref("home", &home)));

	list_is(town, "days", "2016-07-25T09:00:00+09:00",
	    "2016-07-25 0 u0 r0 crisis H-1 open; ");
	office_patch(town, HALL, OFFICE_SPACE, &home, WORDS("no="));
	list_is(town, "days", "2016-07-25T09:00:00+09:00",
	    "2016-07-25 0 u0 r0 crisis  open; ");
	office_patch(town, HALL, OFFICE_SPACE, &id, WORDS("state=done"));
	list_is(town, "days", "2016-07-25T09:00:00+09:00", "");
}

static void
a_list_of_one_unit_has_nothing_of_others(void **state)
{
	struct town *town = *state;
	int64_t now = office_time("2016-07-25T09:00:00+09:00");

	(void)visit(town, WORDS("state=open", "on=2016-07-25"));
	(void)office_put(town, HALL, "d03/c018/case", "visit",
	    WORDS("state=open", "on=2016-07-26"));
	(void)office_put(town, HALL, "d030/c017/case", "visit",
	    WORDS("state=open", "on=2016-07-27"));
	list_below(
	    town, HALL, "days", "d03/c017", now, "2016-07-25 0 u0 r0   open; ");
	list_below(town, HALL, "days", "d03", now,
	    "2016-07-25 0 u0 r0   open; 2016-07-26 -1 u0 r0   open; ");
	list_below(
	    town, HALL, "days", "d030", now, "2016-07-27 -2 u0 r0   open; ");
	list_below(town, HALL, "days", "d09", now, "");
}

/* ---- what contradicts itself -------------------------------------------- */

/* Two nodes say different things of one record, and delete another apart. */
static void
quarrel(struct town *town, struct record_id ids[3])
{
	assert_int_equal(town_member(town, "", "read:NPSF,write"), DONG);
	office_follow(town, DONG);
	ids[0] = visit(town, WORDS("state=open", "on=2016-07-25"));
	ids[1] = visit(town, WORDS("state=open", "on=2016-07-26"));
	ids[2] = office_put(town, HALL, OFFICE_SPACE, "home", WORDS("no=H-1"));
	town_meet(town);
	town->now_ms = (uint64_t)office_time("2024-07-28T00:30:00+09:00") *
		       1000;
	office_patch(town, HALL, OFFICE_SPACE, &ids[0],
	    WORDS("state=shut", "kind=crisis"));
	office_patch(town, DONG, OFFICE_SPACE, &ids[0],
	    WORDS("state=done", "kind=call"));
	office_patch(town, HALL, OFFICE_SPACE, &ids[2], WORDS("no=H-2"));
	office_patch(town, DONG, OFFICE_SPACE, &ids[2], WORDS("no=H-3"));
	town_act(town, DONG, OFFICE_SPACE, &ids[1], ACT_DELETE);
	office_patch(town, HALL, OFFICE_SPACE, &ids[1], WORDS("kind=call"));
	town_meet(town);
}

static void
what_contradicts_itself_waits_since_it_changed(void **state)
{
	struct town *town = *state;
	struct record_id ids[3];
	const char *two = "2024-07-28 1 late u0 r0; 2024-07-28 1 late u0 r0; "
			  "2024-07-28 1 late u0 r0; ";
	int64_t now = office_time("2024-07-29T00:00:00+09:00");

	quarrel(town, ids);
	for (size_t i = HALL; i <= DONG; i++) {
		list_below(town, i, "quarrels", "", now, two);
		list_below(
		    town, i, "homes", "", now, "2024-07-28 1 late u0 r0; ");
		/* A state by which lists go is done in effect. */
		list_below(town, i, "days", "", now,
		    "2016-07-26 2925 late u0 r0 call  open; ");
	}
	list_below(town, HALL, "quarrels", "d04", now, "");
	assert_true(ids[0].b[0] == ids[1].b[0]);
}

static void
of_what_contradicts_itself_the_fields_are_told(void **state)
{
	struct town *town = *state;
	struct store *store;
	struct due_ask ask = {.now_seconds = 0};
	struct due_items items = {0};
	struct record_id ids[3];
	size_t fields_n = 0;

	quarrel(town, ids);
	store = town_store(town, HALL);
	slip_is(store_begin(store, false), ERR_OK, NULL);
	ask.list = list_of(store_txn(store)->pack, "quarrels");
	slip_is(due_find(store_txn(store), &ask, &items), ERR_OK, NULL);
	assert_int_equal(items.n, 3);
	for (size_t i = 0; i < items.n; i++) {
		const struct record_field **fields;
		struct arena arena = {0};
		struct record record;
		size_t n;

		slip_is(
		    due_record(store_txn(store), &items.p[i], &arena, &record),
		    ERR_OK, NULL);
		n = due_conflicts(&record, &arena, &fields);
		if (memcmp(&items.p[i].id, &ids[0], sizeof(ids[0])) == 0) {
			assert_int_equal(n, 2);
			assert_true(bytes_is(fields[0]->name, "kind"));
			assert_true(bytes_is(fields[1]->name, "state"));
		} else if (memcmp(&items.p[i].id, &ids[1], sizeof(*ids)) == 0) {
			assert_int_equal(n, 0);
			assert_int_equal(record.status, RECORD_CONTESTED);
		}
		fields_n += n;
		arena_fini(&arena);
	}
	assert_int_equal(fields_n, 3);
	due_fini(&items);
	store_abort(store);
}

/* ---- what may not be read ----------------------------------------------- */

static void
what_is_sealed_here_is_on_no_list_which_says_so(void **state)
{
	struct town *town = *state;
	int64_t now = office_time("2018-03-01T00:00:00+09:00");

	assert_int_equal(town_member(town, "", "read:N,hold"), DONG);
	office_follow(town, DONG);
	(void)visit(
	    town, WORDS("born=1948-02-29", "on=2018-03-01", "state=open"));
	wire_sync(town, HALL, DONG);
	list_below(town, HALL, "ages", "", now, "2018-03-01 0 u0 r0; ");
	list_below(town, DONG, "ages", "", now, "class 2 of 1 logs; ");
	list_below(town, DONG, "days", "", now, "2018-03-01 0 u0 r0   open; ");
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, office_make, office_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_empty_store_has_nothing_to_do),
	    TEST(a_day_ends_at_midnight_in_korea),
	    TEST(a_list_may_begin_before_and_be_late_after_its_day),
	    TEST(times_are_counted_in_hours),
	    TEST(days_that_are_no_days_of_other_years_are_met),
	    TEST(the_most_pressing_comes_first),
	    TEST(what_is_alike_comes_by_id),
	    TEST(urgency_and_risk_stay_within_their_bounds),
	    TEST(columns_show_what_the_record_and_its_home_say),
	    TEST(a_list_of_one_unit_has_nothing_of_others),
	    TEST(what_contradicts_itself_waits_since_it_changed),
	    TEST(of_what_contradicts_itself_the_fields_are_told),
	    TEST(what_is_sealed_here_is_on_no_list_which_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
