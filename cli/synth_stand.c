/*
 * What stands in a centre of the synthetic city whatever the year.
 */
#include "cli/synth_stand.h"

#include <stdio.h>

#include "cli/synth_home.h"
#include "proto/calendar.h"

enum { EIGHT = 8 * 3600, COUNCIL_YEARS = 4, KEY_SIZE = 32 };

static void staff_write(const struct synth_plan *plan, uint32_t n);
static void zone_write(const struct synth_plan *plan, uint32_t n);
static void officer_write(const struct synth_plan *plan, uint32_t n);
static void vehicle_write(const struct synth_plan *plan);
static void council_write(const struct synth_plan *plan, uint32_t n);
static void resource_write(const struct synth_plan *plan, uint32_t n);

static int64_t
first_morning(const struct synth_plan *plan)
{
	return plan->dong->start_day * SYNTH_DAY_SECONDS + EIGHT;
}

void
synth_stand_rows(const struct synth_plan *plan)
{
	for (uint32_t n = 0; n < SYNTH_STAFF_N; n++)
		staff_write(plan, n);
	for (uint32_t n = 0; n < SYNTH_ZONES_N; n++)
		zone_write(plan, n);
	for (uint32_t n = 0; n < SYNTH_OFFICERS_N; n++)
		officer_write(plan, n);
	vehicle_write(plan);
	for (uint32_t n = 0; n < SYNTH_COUNCILS_N; n++)
		council_write(plan, n);
	for (uint32_t n = 0; n < SYNTH_RESOURCES_N; n++)
		resource_write(plan, n);
}

/* Which posts a centre has: the chief, six at the counter, four of welfare, and
 * the eleven of the team that visits. */
static const struct post {
	const char *role;
	const char *team;
	const char *series;
} posts[SYNTH_STAFF_N] = {
    {"동장", "기타", "행정"},
    {"팀장", "행정민원팀", "행정"},
    {"민원담당", "행정민원팀", "행정"},
    {"민원담당", "행정민원팀", "행정"},
    {"민원담당", "행정민원팀", "행정"},
    {"민원담당", "행정민원팀", "행정"},
    {"민원담당", "행정민원팀", "행정"},
    {"팀장", "주민복지팀", "사회복지"},
    {"복지상담전문관", "주민복지팀", "사회복지"},
    {"민원담당", "주민복지팀", "사회복지"},
    {"민원담당", "주민복지팀", "사회복지"},
    {"팀장", "마을복지팀", "사회복지"},
    {"복지플래너", "마을복지팀", "사회복지"},
    {"복지플래너", "마을복지팀", "사회복지"},
    {"복지플래너", "마을복지팀", "사회복지"},
    {"복지플래너", "마을복지팀", "사회복지"},
    {"복지플래너", "마을복지팀", "사회복지"},
    {"복지플래너", "마을복지팀", "사회복지"},
    {"복지플래너", "마을복지팀", "사회복지"},
    {"방문간호사", "마을복지팀", "간호"},
    {"방문간호사", "마을복지팀", "간호"},
    {"복지상담전문관", "마을복지팀", "사회복지"},
};

static void
staff_write(const struct synth_plan *plan, uint32_t n)
{
	struct synth_rows *rows = plan->rows;
	struct synth_prng prng = synth_plan_prng(plan, SYNTH_STAFF, n);
	struct record_id id = synth_plan_staff(plan, n);
	struct record_id org = synth_plan_org(plan);
	const struct post *post = &posts[n];
	uint8_t key[KEY_SIZE];
	char name[SYNTH_TEXT_SIZE];
	char number[SYNTH_TEXT_SIZE];

	synth_home_name(&prng, name);
	(void)snprintf(
	    number, sizeof(number), "S%s-%02u", plan->dong->code, n + 1);
	for (size_t i = 0; i < sizeof(key); i += 8)
		bytes_put_be64(key + i, synth_prng_next(&prng));
	synth_plan_new(plan, SYNTH_STAFF, &id, first_morning(plan));
	synth_rows_text(rows, "emp_no", number);
	synth_rows_text(rows, "name", name);
	synth_rows_list(rows, "roles");
	synth_rows_add(rows, post->role);
	synth_rows_add(rows, "우리동네주무관");
	synth_rows_list_end(rows);
	synth_rows_text(rows, "team", post->team);
	synth_rows_text(rows, "job_series", post->series);
	synth_rows_ref(rows, "dong", &org);
	synth_rows_day(rows, "active_from", plan->dong->start_day);
	synth_rows_hex(rows, "pubkey", bytes_of(key, sizeof(key)));
	synth_rows_end(rows);
}

static void
zone_write(const struct synth_plan *plan, uint32_t n)
{
	struct synth_rows *rows = plan->rows;
	struct record_id id = synth_plan_zone(plan, n);
	struct record_id org = synth_plan_org(plan);
	struct record_id planner = synth_plan_staff(
	    plan, SYNTH_PLANNERS_FIRST + n);
	struct record_id nurse = synth_plan_staff(
	    plan, SYNTH_NURSES_FIRST + n % SYNTH_NURSES_N);
	struct record_id officer = synth_plan_staff(plan, 1 + n);
	char text[SYNTH_TEXT_SIZE];

	synth_plan_new(plan, SYNTH_ZONE, &id, first_morning(plan));
	synth_rows_ref(rows, "dong", &org);
	(void)snprintf(text, sizeof(text), "찾동골목 %u", n + 1);
	synth_rows_text(rows, "name", text);
	synth_rows_list(rows, "tong_ban");
	for (uint32_t i = 0; i < 4; i++) {
		(void)snprintf(text, sizeof(text), "%u통", n * 4 + i + 1);
		synth_rows_add(rows, text);
	}
	synth_rows_list_end(rows);
	(void)snprintf(text, sizeof(text), "찾동가상로 %u길 - %u길", n * 10 + 1,
	    n * 10 + 10);
	synth_rows_one(rows, "addr_ranges", text);
	synth_rows_ref(rows, "planner", &planner);
	synth_rows_ref(rows, "nurse", &nurse);
	synth_rows_ref(rows, "officer", &officer);
	synth_rows_end(rows);
}

static void
officer_write(const struct synth_plan *plan, uint32_t n)
{
	static const char *const kinds[] = {"명예사회복지공무원", "복지통장",
	    "시민찾동이", "동지역사회보장협의체", "자원봉사캠프",
	    "새마을부녀회"};
	static const uint16_t weights[COUNT_OF(kinds)] = {30, 25, 25, 10, 5, 5};
	struct synth_rows *rows = plan->rows;
	struct synth_prng prng = synth_plan_prng(plan, SYNTH_OFFICER, n);
	struct record_id id = synth_plan_officer(plan, n);
	struct record_id org = synth_plan_org(plan);
	int64_t day = plan->dong->start_day;
	size_t kind;
	char text[SYNTH_TEXT_SIZE];

	synth_plan_new(plan, SYNTH_OFFICER, &id, first_morning(plan));
	kind = synth_prng_pick(&prng, weights, COUNT_OF(kinds));
	synth_rows_one(rows, "kinds", kinds[plan->dong->honorary ? 0 : kind]);
	synth_home_name(&prng, text);
	synth_rows_text(rows, "name", text);
	synth_home_phone(&prng, text);
	synth_rows_text(rows, "phone", text);
	synth_rows_ref(rows, "dong", &org);
	synth_rows_text(rows, "join_channel", "위촉");
	synth_rows_text(rows, "state", "active");
	synth_rows_day(rows, "joined_on", day);
	synth_rows_day(
	    rows, "term_to", day + 730 + synth_prng_below(&prng, 730));
	synth_rows_day(rows, "pledge_on", day);
	synth_rows_end(rows);
}

static void
vehicle_write(const struct synth_plan *plan)
{
	struct synth_rows *rows = plan->rows;
	int64_t at = first_morning(plan);
	struct record_id id = synth_plan_id(plan, SYNTH_VEHICLE, 0, at);
	struct record_id org = synth_plan_org(plan);
	char plate[SYNTH_TEXT_SIZE];

	(void)snprintf(plate, sizeof(plate), "00찾0%03u",
	    (unsigned)plan->dong->number + 1);
	synth_plan_new(plan, SYNTH_VEHICLE, &id, at);
	synth_rows_text(rows, "plate", plate);
	synth_rows_ref(rows, "dong", &org);
	synth_rows_text(rows, "state", "available");
	synth_rows_end(rows);
}

/* The council of the new kind came later, to a part of the dongs. */
static void
council_write(const struct synth_plan *plan, uint32_t n)
{
	static const char *const kinds[SYNTH_COUNCILS_N] = {
	    "주민자치위원회", "동지역사회보장협의체", "서울형주민자치회"};
	struct synth_rows *rows = plan->rows;
	struct synth_prng prng = synth_plan_prng(plan, SYNTH_COUNCIL, n);
	int64_t at = first_morning(plan);
	struct record_id id = synth_plan_id(plan, SYNTH_COUNCIL, n, at);
	struct record_id org = synth_plan_org(plan);
	int64_t day = plan->dong->start_day;

	if (n == 2 && !synth_prng_chance(&prng, 250))
		return;
	if (n == 2)
		day += 365 * ((int64_t)synth_prng_below(&prng, COUNCIL_YEARS)) +
		       31;
	synth_plan_new(plan, SYNTH_COUNCIL, &id, at);
	synth_rows_text(rows, "kind", kinds[n]);
	synth_rows_ref(rows, "dong", &org);
	synth_rows_list(rows, "members");
	for (uint32_t i = 0; i < 10; i++) {
		struct record_id member = synth_plan_officer(plan, n * 10 + i);

		synth_rows_add_ref(rows, &member);
	}
	synth_rows_list_end(rows);
	synth_rows_day(rows, "started_on", day);
	synth_rows_end(rows);
}

static void
resource_write(const struct synth_plan *plan, uint32_t n)
{
	static const char *const kinds[SYNTH_RESOURCES_N] = {
	    "외식", "의료", "교육", "종교", "기업", "단체", "개인", "시설"};
	struct synth_rows *rows = plan->rows;
	struct synth_prng prng = synth_plan_prng(plan, SYNTH_RESOURCE, n);
	int64_t at = first_morning(plan);
	struct record_id id = synth_plan_id(plan, SYNTH_RESOURCE, n, at);
	struct record_id offer = synth_plan_service_type(
	    plan->city, synth_prng_below(&prng, SYNTH_SERVICE_TYPES_N));
	char text[SYNTH_TEXT_SIZE];

	synth_plan_new(plan, SYNTH_RESOURCE, &id, at);
	(void)snprintf(text, sizeof(text), "가상%s자원 %u", kinds[n], n + 1);
	synth_rows_text(rows, "name", text);
	synth_rows_text(rows, "kind", kinds[n]);
	synth_rows_list(rows, "offers");
	synth_rows_add_ref(rows, &offer);
	synth_rows_list_end(rows);
	(void)snprintf(
	    text, sizeof(text), "02-000-%04u", synth_prng_below(&prng, 10000));
	synth_rows_text(rows, "contact", text);
	synth_rows_int(rows, "capacity", 10 + synth_prng_below(&prng, 50));
	synth_rows_text(rows, "state", "active");
	synth_rows_end(rows);
}
