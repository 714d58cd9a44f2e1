/*
 * The dong beside the city, never counted among the 424.
 */
#include "cli/synth_tenant.h"

#include <stdio.h>
#include <string.h>

#include "cli/synth_home.h"
#include "cli/synth_known.h"
#include "cli/synth_stand.h"
#include "proto/calendar.h"
#include "proto/mem.h"

enum {
	DAY = SYNTH_DAY_SECONDS,
	YEAR = 2020,
	SURVEYED = 710,
	CAMPAIGNS = 4,
	CHILDREN = 4,
	DISHES = 0, /* numbers of the programmes */
	LAUNDRY = 1,
	HAIR = 2,
	DINING = 3,
	PARENT = 4,
	DISH_HOMES = 14,
	WEIGHT = 1500, /* enough households by autumn */
	KEY_SIZE = 16,
};

static const char city_code[] = "4115000000";
static const char zone_code[] = "Z4115000001";
static const char dong_code[] = "4115055500";

struct synth_city *
synth_tenant_new(uint64_t seed)
{
	struct synth_city *tenant = mem_zeros(1, sizeof(*tenant));
	struct synth_dong *dong = &tenant->dongs[0];
	struct synth_district *district = &tenant->districts[0];

	tenant->seed = seed;
	(void)snprintf(
	    district->name, sizeof(district->name), "%s", "의정부시");
	(void)snprintf(district->code, sizeof(district->code), "%s", city_code);
	(void)snprintf(district->prefix, sizeof(district->prefix), "z01");
	district->dongs_n = 1;
	(void)snprintf(dong->code, sizeof(dong->code), "%s", dong_code);
	(void)snprintf(dong->name, sizeof(dong->name), "%s", "호원2동");
	(void)snprintf(
	    dong->name_en, sizeof(dong->name_en), "%s", "Howon 2-dong");
	(void)snprintf(dong->official, sizeof(dong->official), "%s", "호원2동");
	(void)snprintf(dong->prefix, sizeof(dong->prefix), "z01/c001");
	dong->stage = 1;
	dong->start_day = calendar_day((struct calendar_date){2017, 1, 2});
	dong->created_day = dong->start_day;
	dong->weight = WEIGHT;
	dong->honorary = true;
	return tenant;
}

void
synth_tenant_city(const struct synth_city *tenant, struct synth_rows *rows)
{
	static const char source[] = "의정부시 호원2동 2020-10-29";
	static const struct synth_value values[] = {
	    {"honorary_officers", "2020", dong_code, 66, 0, source},
	    {"surveyed_households", "2020", dong_code, 710, 0, source},
	    {"survey_campaigns", "2020", dong_code, 4, 0, source},
	    {"sessions", "2020", dong_code, 61, 0, source},
	    {"session_people", "2020", dong_code, 659, 0, source},
	    {"laundry.sessions", "2020", dong_code, 13, 0, source},
	    {"laundry.people", "2020", dong_code, 31, 0, source},
	    {"sidedish.households", "2020", dong_code, 14, 0, source},
	};
	const struct synth_dong *dong = &tenant->dongs[0];
	const struct synth_unit units[] = {
	    {.code = city_code, .level = "city", .name = "의정부시"},
	    {.code = zone_code,
		.level = "zone",
		.parent = city_code,
		.prefix = "z01",
		.name = "호원권역"},
	    {.code = dong_code,
		.level = "dong",
		.parent = zone_code,
		.prefix = dong->prefix,
		.name = dong->name,
		.name_en = dong->name_en,
		.official = dong->official},
	};

	for (size_t i = 0; i < COUNT_OF(units); i++) {
		struct synth_unit unit = units[i];

		unit.from_day = dong->start_day;
		synth_known_unit(tenant, &unit, rows);
	}
	synth_known_service_types(tenant, rows);
	for (size_t i = 0; i < COUNT_OF(values); i++)
		synth_known_value(tenant, i, &values[i], rows);
}

/* ---- surveys ------------------------------------------------------------ */

static void
campaign_write(const struct synth_plan *plan, uint32_t n, int64_t from,
    int64_t to, const struct record_id *id)
{
	static const char *const names[CAMPAIGNS] = {
	    "아파트 거주 위기가구 일제조사", "상반기 복지사각지대 일제조사",
	    "복지사각지대 발굴시스템 위기가구 조사",
	    "하절기 복지사각지대 집중 발굴"};
	static const char *const kinds[CAMPAIGNS] = {
	    "일제조사", "일제조사", "발굴시스템", "집중발굴"};
	struct synth_rows *rows = plan->rows;
	struct record_id org = synth_plan_org(plan);

	synth_plan_new(
	    plan, SYNTH_CAMPAIGN, id, from * DAY + (int64_t)7 * 3600);
	synth_rows_text(rows, "name", names[n]);
	synth_rows_text(rows, "kind", kinds[n]);
	synth_rows_day(rows, "open_on", from);
	synth_rows_day(rows, "close_on", to);
	synth_rows_list(rows, "scope");
	synth_rows_add_ref(rows, &org);
	synth_rows_list_end(rows);
	synth_rows_text(rows, "state", "open");
	synth_rows_end(rows);
}

/* Every household once, in the order in which they were entered. */
static void
entry_write(const struct synth_plan *plan, uint32_t n,
    const struct record_id *campaign, int64_t *day)
{
	static const char *const states[] = {
	    "no_issue", "refused", "moved", "crisis_found"};
	static const uint16_t weights[COUNT_OF(states)] = {900, 50, 22, 28};
	struct synth_rows *rows = plan->rows;
	struct synth_prng prng = synth_plan_prng(plan, SYNTH_SURVEY, n);
	struct record_id id;
	struct record_id who = synth_plan_officer(
	    plan, synth_prng_below(&prng, SYNTH_OFFICERS_N));
	struct synth_home home;
	uint8_t key[KEY_SIZE];
	int64_t at;

	synth_home_get(plan, n, &home);
	at = home.at + 7200;
	*day = at / DAY;
	id = synth_plan_id(plan, SYNTH_SURVEY, n, at);
	bytes_put_be64(key, synth_prng_next(&prng));
	bytes_put_be64(key + 8, synth_prng_next(&prng));
	synth_plan_new(plan, SYNTH_SURVEY, &id, at);
	synth_rows_ref(rows, "campaign", campaign);
	synth_rows_ref(rows, "household", &home.id);
	synth_rows_hex(rows, "addr_key", bytes_of(key, sizeof(key)));
	synth_rows_ref(rows, "assigned_to", &who);
	synth_rows_text(rows, "state",
	    states[synth_prng_pick(&prng, weights, COUNT_OF(states))]);
	synth_rows_day(rows, "done_on", *day);
	synth_rows_end(rows);
}

static void
surveys_write(const struct synth_plan *plan)
{
	for (uint32_t i = 0; i < CAMPAIGNS; i++) {
		struct record_id campaign = synth_plan_id(
		    plan, SYNTH_CAMPAIGN, i, plan->first_day * DAY);
		uint32_t first = i * SURVEYED / CAMPAIGNS;
		uint32_t end = (i + 1) * SURVEYED / CAMPAIGNS;
		int64_t from = 0;
		int64_t to = 0;

		for (uint32_t n = first; n < end; n++)
			entry_write(
			    plan, n, &campaign, n == first ? &from : &to);
		campaign_write(plan, i, from, to, &campaign);
	}
}

/* ---- the programme ------------------------------------------------------ */

/* 61 sessions for 659 people: 30 * 14 + 31 + 10 * 8 + 8 * 16. */
static const struct child {
	const char *name;
	const char *kind;
	const char *cadence;
	const char *eligibility;
	uint32_t sessions;
	uint32_t people; /* at each; of the laundry 31 in all */
} children[CHILDREN] = {
    {"반찬지원", "반찬", "주1", "돌봄이 필요한 14가구", 30, DISH_HOMES},
    {"홈 클리닝", "세탁", "수시", "거동이 불편한 가구", 13, 2},
    {"미용봉사", "미용", "월1", "중증장애인", 10, 8},
    {"외식지원", "외식", "월1", "만 65세 이상 저소득 또는 독거", 8, 16},
};
enum { LAUNDRY_MORE = 5 }; /* sessions for one person more */

static struct record_id
program_id(const struct synth_plan *plan, uint32_t n)
{
	return synth_plan_id(plan, SYNTH_PROGRAM, n, plan->first_day * DAY);
}

static void
program_write(const struct synth_plan *plan, uint32_t n)
{
	struct synth_rows *rows = plan->rows;
	struct record_id id = program_id(plan, n);
	struct record_id parent = program_id(plan, PARENT);
	struct record_id org = synth_plan_org(plan);
	bool child = n < CHILDREN;

	synth_plan_new(plan, SYNTH_PROGRAM, &id,
	    plan->first_day * DAY + (int64_t)8 * 3600);
	synth_rows_text(
	    rows, "name", child ? children[n].name : "우리동네 좋은이웃");
	synth_rows_text(rows, "kind", child ? children[n].kind : "나눔");
	if (child)
		synth_rows_ref(rows, "parent", &parent);
	synth_rows_ref(rows, "dong", &org);
	synth_rows_int(rows, "year", YEAR);
	synth_rows_int(rows, "year_no", 4);
	if (child) {
		synth_rows_text(rows, "eligibility", children[n].eligibility);
		synth_rows_text(rows, "cadence", children[n].cadence);
	}
	synth_rows_end(rows);
}

/* The same fourteen households each week. */
static void
dishes_write(const struct synth_plan *plan, uint32_t n,
    const struct record_id *session, int64_t at)
{
	struct synth_rows *rows = plan->rows;
	struct record_id program = program_id(plan, DISHES);
	struct record_id type = synth_plan_service_type(plan->city, 6);

	for (uint32_t i = 0; i < DISH_HOMES; i++) {
		struct record_id id = synth_plan_id(
		    plan, SYNTH_SERVICE, n * DISH_HOMES + i, at + 60);
		struct synth_home home;

		synth_home_get(plan, i, &home);
		synth_plan_new(plan, SYNTH_SERVICE, &id, at + 60);
		synth_rows_ref(rows, "household", &home.id);
		synth_rows_ref(rows, "service_type", &type);
		synth_rows_ref(rows, "program", &program);
		synth_rows_ref(rows, "session", session);
		synth_rows_day(rows, "given_on", at / DAY);
		synth_rows_int(rows, "qty", 1);
		synth_rows_bool(rows, "public", false);
		synth_rows_text(rows, "result", "제공완료");
		synth_rows_end(rows);
	}
}

static void
session_write(const struct synth_plan *plan, uint32_t of, uint32_t n)
{
	static const char *const steps[] = {"수거", "세탁", "건조", "배송"};
	const struct child *child = &children[of];
	struct synth_rows *rows = plan->rows;
	/* From the middle of March to the end of September. */
	int64_t first = calendar_day((struct calendar_date){YEAR, 3, 11});
	int64_t at = (first + n * 203 / child->sessions + of) * DAY +
		     (int64_t)14 * 3600;
	struct record_id id = synth_plan_id(
	    plan, SYNTH_SESSION, of * 100 + n, at);
	struct record_id program = program_id(plan, of);
	uint32_t people = child->people;

	if (of == LAUNDRY && n < LAUNDRY_MORE)
		people++;
	synth_plan_new(plan, SYNTH_SESSION, &id, at);
	synth_rows_ref(rows, "program", &program);
	synth_rows_int(rows, "no", (int64_t)n + 1);
	synth_rows_day(rows, "held_on", at / DAY);
	synth_rows_int(rows, "people_n", people);
	if (of == LAUNDRY) {
		synth_rows_list(rows, "steps");
		for (size_t i = 0; i < COUNT_OF(steps); i++)
			synth_rows_add(rows, steps[i]);
		synth_rows_list_end(rows);
		synth_rows_text(rows, "place", "4층 세탁실");
	}
	synth_rows_end(rows);
	if (of == DISHES)
		dishes_write(plan, n, &id, at);
}

/* From 2021 on the people of the dong plan for themselves. */
static void
plan_write(const struct synth_plan *plan)
{
	struct synth_rows *rows = plan->rows;
	int64_t at = calendar_day((struct calendar_date){YEAR, 12, 1}) * DAY +
		     (int64_t)10 * 3600;
	struct record_id id = synth_plan_id(plan, SYNTH_PLAN, 0, at);
	struct record_id org = synth_plan_org(plan);

	synth_plan_new(plan, SYNTH_PLAN, &id, at);
	synth_rows_ref(rows, "dong", &org);
	synth_rows_int(rows, "year", YEAR + 1);
	synth_rows_list(rows, "members");
	for (uint32_t i = 0; i < 12; i++) {
		struct record_id member = synth_plan_officer(plan, i);

		synth_rows_add_ref(rows, &member);
	}
	synth_rows_list_end(rows);
	synth_rows_text(rows, "state", "preparing");
	synth_rows_end(rows);
}

void
synth_tenant_rows(const struct synth_city *tenant, struct synth_rows *rows)
{
	struct synth_plan plan;
	bool there = synth_plan_make(tenant, &tenant->dongs[0], YEAR, &plan);

	assert(there);
	assert(plan.n[SYNTH_HOUSEHOLD] >= SURVEYED);
	plan.rows = rows;
	synth_stand_rows(&plan);
	synth_home_stock(&plan);
	surveys_write(&plan);
	for (uint32_t i = 0; i <= PARENT; i++)
		program_write(&plan, i);
	for (uint32_t of = 0; of < CHILDREN; of++)
		for (uint32_t n = 0; n < children[of].sessions; n++)
			session_write(&plan, of, n);
	plan_write(&plan);
}
