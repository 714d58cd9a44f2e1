/*
 * What was published of the years 2015 to 2019, one record for each thing that
 * was counted.  Units and published values are in synth_known.c.
 */
#include "cli/synth_pinned.h"

#include <stdio.h>
#include <string.h>

#include "cli/synth_home.h"
#include "cli/synth_known.h"
#include "cli/synth_life.h"
#include "cli/synth_resident.h"
#include "proto/calendar.h"

enum {
	DAY = SYNTH_DAY_SECONDS,
	WEEK = 5,
	COMPANIONS = 5,
	PINNED_APPS = 3,
	APPS_FIRST = 1000,
	GRANT = 800000,
	AWARDED = 54,
	AWARDED_UNITS = 3,
	PACT_PEOPLE = 200,
};

static int64_t
day_of(int year, unsigned month, unsigned day)
{
	return calendar_day((struct calendar_date){year, month, day});
}

/* ---- the chief's weeks -------------------------------------------------- */

static void
chief_write(const struct synth_plan *plan, uint32_t n, int64_t day)
{
	struct synth_rows *rows = plan->rows;
	int64_t at = day * DAY + (int64_t)10 * 3600;
	struct record_id id = synth_plan_id(plan, SYNTH_PINNED, 100 + n, at);
	struct record_id chief = synth_plan_staff(plan, 0);
	struct record_id planner = synth_plan_staff(plan, SYNTH_PLANNERS_FIRST);
	struct record_id person;
	struct synth_home home;

	/* Who turns 65 or 70, of those who came in the first half. */
	synth_home_get(plan, n * 100 + (n % 2 == 0 ? 0 : 28), &home);
	assert(home.kind == (n % 2 == 0 ? SYNTH_HOME_65 : SYNTH_HOME_70));
	person = synth_home_person(&home, 0);
	synth_plan_new(plan, SYNTH_VISIT, &id, at);
	synth_rows_ref(rows, "household", &home.id);
	synth_rows_text(rows, "kind", "동장체험");
	synth_rows_day(rows, "planned_on", day);
	synth_rows_day(rows, "due_on", day);
	synth_rows_time(rows, "visited_at", at);
	synth_rows_list(rows, "staff");
	synth_rows_add_ref(rows, &chief);
	synth_rows_add_ref(rows, &planner);
	synth_rows_list_end(rows);
	synth_rows_list(rows, "companions");
	for (uint32_t i = 0; i < COMPANIONS; i++) {
		struct record_id who = synth_plan_officer(plan, i);

		synth_rows_add_ref(rows, &who);
	}
	synth_rows_list_end(rows);
	synth_rows_list(rows, "persons_met");
	synth_rows_add_ref(rows, &person);
	synth_rows_list_end(rows);
	synth_rows_int(rows, "people_n", 1);
	synth_rows_int(rows, "attempts", 1);
	synth_rows_text(rows, "channel", "방문");
	synth_rows_text(rows, "outcome", "정보제공");
	synth_rows_text(rows, "state", "done");
	synth_rows_bool(rows, "offline", true);
	synth_rows_end(rows);
}

/* Too few people may not apply; three may, and get what there is. */
static void
app_write(const struct synth_plan *plan, uint32_t n)
{
	static const char *const steps[] = {"selected", "contracted", "funded",
	    "running", "settled", "published"};
	static const int64_t days[COUNT_OF(steps)] = {10, 20, 25, 31, 125, 135};
	struct synth_rows *rows = plan->rows;
	int64_t first = day_of(2016, 8, 1) * DAY + (int64_t)9 * 3600;
	int64_t at = day_of(2016, 7, 25) * DAY + (int64_t)9 * 3600;
	struct record_id id = synth_plan_id(
	    plan, SYNTH_APP, APPS_FIRST + n, at);
	struct record_id contest = synth_resident_contest(
	    plan->city, plan->dong->district, plan->year);
	uint32_t members = n + 2;
	char text[SYNTH_TEXT_SIZE];

	(void)snprintf(text, sizeof(text), "가상 %u인 모임", members);
	synth_plan_new(plan, SYNTH_APP, &id, at);
	synth_rows_ref(rows, "contest", &contest);
	synth_rows_text(rows, "group_name", text);
	synth_rows_int(rows, "members_n", members);
	synth_rows_text(rows, "contact", "010-0000-0000");
	synth_rows_text(rows, "field", "마을");
	synth_rows_int(rows, "asked", GRANT);
	synth_rows_text(rows, "state", "draft");
	synth_rows_end(rows);
	if (members < 3)
		return;
	/* On the last day. */
	synth_resident_apply(plan, &id,
	    day_of(2016, 7, 29) * DAY + (int64_t)(9 + n) * 3600, first);
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		synth_plan_change(plan, SYNTH_APP, &id, first + days[i] * DAY);
		synth_rows_text(rows, "state", steps[i]);
		if (i == 0)
			synth_rows_int(rows, "granted", GRANT);
		if (strcmp(steps[i], "settled") == 0)
			synth_rows_int(rows, "spent", GRANT);
		synth_rows_end(rows);
	}
}

void
synth_pinned_rows(const struct synth_plan *plan)
{
	if (!plan->busy || plan->year != 2016)
		return;
	for (uint32_t i = 0; i < WEEK; i++) {
		chief_write(plan, i, day_of(2016, 7, 25) + i);
		chief_write(plan, WEEK - 1 - i, day_of(2016, 11, 28) + i);
	}
	for (uint32_t i = 0; i < PINNED_APPS; i++)
		app_write(plan, i);
}

/* ---- the city ----------------------------------------------------------- */

static struct record_id
city_id(const struct synth_city *city, const char *code, const char *entity,
    int64_t day)
{
	struct synth_prng prng = synth_prng_at(
	    synth_prng_key(city->seed, code, entity, 0), 0);
	struct record_id id;
	uint8_t random[16];

	bytes_put_be64(random, synth_prng_next(&prng));
	bytes_put_be64(random + 8, synth_prng_next(&prng));
	id_record((uint64_t)day * DAY * 1000, random, &id);
	return id;
}

static void
row_begin(struct synth_rows *rows, const char *collection, const char *where,
    const struct record_id *id, int64_t day)
{
	synth_rows_begin(rows, &(struct synth_row){.collection = collection,
				   .class = "public",
				   .where = where,
				   .id = *id,
				   .at = day * DAY + (int64_t)9 * 3600});
}

/* Rooms of 283 centres were made anew in stages 1 and 2; those of the 59 of
 * stage 3 were planned. */
static void
space_write(const struct synth_city *city, const struct synth_dong *dong,
    struct synth_rows *rows)
{
	static const char *const stages[] = {"1단계", "2단계", "3단계"};
	struct record_id unit = synth_plan_unit(city, dong->code);
	int64_t day = dong->start_day;
	struct record_id id = city_id(city, dong->code, "space_project", day);
	struct synth_prng prng = synth_prng_at(
	    synth_prng_key(city->seed, dong->code, "space_project", 1), 0);

	if (dong->stage > 3)
		return;
	row_begin(rows, "space_project", dong->prefix, &id,
	    dong->stage < 3 ? day : day_of(2017, 3, 7));
	synth_rows_ref(rows, "dong", &unit);
	synth_rows_text(rows, "stage", stages[dong->stage - 1]);
	synth_rows_list(rows, "principles");
	synth_rows_add(rows, "공유공간");
	synth_rows_add(rows, "주민·전문가참여");
	synth_rows_list_end(rows);
	synth_rows_int(rows, "workshops_n", 1 + synth_prng_below(&prng, 4));
	synth_rows_text(
	    rows, "state", dong->stage < 3 ? "completed" : "candidate");
	if (dong->stage < 3)
		synth_rows_day(
		    rows, "completed_on", day + synth_prng_below(&prng, 200));
	synth_rows_end(rows);
}

static void
pact_write(const struct synth_city *city, struct synth_rows *rows)
{
	int64_t day = day_of(2017, 3, 7);
	struct record_id id = city_id(city, "city", "pact", day);

	row_begin(rows, "pact", NULL, &id, day);
	synth_rows_text(rows, "name", "찾동 함께하는 협약");
	synth_rows_list(rows, "parties");
	for (size_t i = 0; i < SYNTH_DISTRICTS; i++) {
		const struct synth_district *district = &city->districts[i];
		struct record_id unit = synth_plan_unit(city, district->code);

		if (synth_city_is_late(district))
			synth_rows_add_ref(rows, &unit);
	}
	synth_rows_list_end(rows);
	synth_rows_day(rows, "signed_on", day);
	synth_rows_int(rows, "attendees_n", PACT_PEOPLE);
	synth_rows_end(rows);
}

/* Of the people a third each, which nobody published; the three units as they
 * were printed, together. */
static void
award_write(const struct synth_city *city, uint32_t n, struct synth_rows *rows)
{
	static const char *const kinds[] = {"시민", "공무원", "방문간호사"};
	static const uint32_t posts[] = {
	    0, SYNTH_PLANNERS_FIRST, SYNTH_NURSES_FIRST};
	const struct synth_dong *dong = &city->dongs[n * 7 % SYNTH_DONGS];
	int64_t day = day_of(2018, 12, 5);
	struct record_id id;
	struct record_id nominee;
	struct synth_plan plan;
	char code[SYNTH_TEXT_SIZE];

	while (dong->stage > 4)
		dong = &city->dongs[(dong->number + 1) % SYNTH_DONGS];
	(void)snprintf(code, sizeof(code), "award %u", n);
	id = city_id(city, code, "award", day);
	if (!synth_plan_make(city, dong, 2018, &plan))
		return;
	nominee = n >= AWARDED ? synth_plan_org(&plan)
		  : n % 3 == 0 ? synth_plan_officer(&plan, 0)
			       : synth_plan_staff(&plan, posts[n % 3]);
	row_begin(rows, "award", NULL, &id, day);
	synth_rows_text(rows, "event", "찾동 공감마당");
	synth_rows_day(rows, "event_on", day);
	synth_rows_text(
	    rows, "category", n >= AWARDED ? "동주민센터" : kinds[n % 3]);
	synth_rows_ref(rows, "nominee", &nominee);
	synth_rows_text(rows, "state", "awarded");
	synth_rows_end(rows);
}

void
synth_pinned_city(const struct synth_city *city, struct synth_rows *rows)
{
	synth_known_units(city, rows);
	synth_life_units(city, rows);
	synth_known_metrics(city, rows);
	synth_known_service_types(city, rows);
	synth_known_key(city, rows);
	synth_known_values(city, rows);
	for (size_t i = 0; i < SYNTH_DONGS; i++)
		space_write(city, &city->dongs[i], rows);
	pact_write(city, rows);
	for (uint32_t n = 0; n < AWARDED + AWARDED_UNITS; n++)
		award_write(city, n, rows);
}

void
synth_pinned_district(const struct synth_city *city, size_t district, int year,
    struct synth_rows *rows)
{
	struct record_id id = synth_resident_contest(city, district, year);
	char text[SYNTH_TEXT_SIZE];

	(void)snprintf(
	    text, sizeof(text), "%d 찾동 주민참여공모사업 (가상)", year);
	row_begin(rows, "contest", NULL, &id, day_of(year, 7, 1));
	synth_rows_text(rows, "name", text);
	synth_rows_int(rows, "year", year);
	synth_rows_day(rows, "apply_until", day_of(year, 7, 29));
	synth_rows_int(rows, "min_members", 3);
	synth_rows_int(rows, "grant_cap", GRANT);
	synth_rows_day(rows, "run_from", day_of(year, 9, 1));
	synth_rows_day(rows, "run_to", day_of(year, 11, 30));
	synth_rows_list(rows, "fields");
	synth_rows_add(rows, "마을");
	synth_rows_add(rows, "복지");
	synth_rows_add(rows, "문화");
	synth_rows_add(rows, "환경");
	synth_rows_list_end(rows);
	synth_rows_end(rows);
}
