/*
 * The year of a centre of the synthetic city, besides its visits and cases.
 */
#include "cli/synth_year.h"

#include <stdio.h>

#include "cli/synth_case.h"
#include "cli/synth_home.h"
#include "proto/calendar.h"

enum {
	DAY = SYNTH_DAY_SECONDS,
	STUDY = SYNTH_PROGRAMS_N - 1, /* the programme of the staff */
	SESSIONS_OF = 4,	      /* those of the others */
	TUESDAY = 1,
	KEY_SIZE = 16,
	TRIP_KM = 24,
};

static void campaign_write(const struct synth_plan *plan, uint32_t n);
static void survey_write(
    const struct synth_plan *plan, uint32_t n, uint32_t *linked);
static void program_write(const struct synth_plan *plan, uint32_t n);
static void session_write(const struct synth_plan *plan, uint32_t n);
static void training_write(const struct synth_plan *plan, uint32_t n);
static void round_write(const struct synth_plan *plan, uint32_t n);
static void notice_write(const struct synth_plan *plan, uint32_t n);
static void trip_write(const struct synth_plan *plan, uint32_t n);
static void check_write(const struct synth_plan *plan, uint32_t n);

void
synth_year_rows(const struct synth_plan *plan)
{
	uint32_t linked = 0;

	for (uint32_t n = 0; n < plan->n[SYNTH_CAMPAIGN]; n++)
		campaign_write(plan, n);
	for (uint32_t n = 0; n < plan->n[SYNTH_SURVEY]; n++)
		survey_write(plan, n, &linked);
	for (uint32_t n = 0; n < plan->n[SYNTH_PROGRAM]; n++)
		program_write(plan, n);
	for (uint32_t n = 0; n < plan->n[SYNTH_SESSION]; n++)
		session_write(plan, n);
	for (uint32_t n = 0; n < plan->n[SYNTH_TRAINING]; n++)
		training_write(plan, n);
	for (uint32_t n = 0; n < plan->n[SYNTH_ROUND]; n++)
		round_write(plan, n);
	for (uint32_t n = 0; n < plan->n[SYNTH_NOTICE]; n++)
		notice_write(plan, n);
	for (uint32_t n = 0; n < plan->n[SYNTH_TRIP]; n++)
		trip_write(plan, n);
	for (uint32_t n = 0; n < plan->n[SYNTH_CHECK]; n++)
		check_write(plan, n);
}

/* ---- surveys ------------------------------------------------------------ */

/* A quarter of the year's survey entries belong to each. */
static struct record_id
campaign_id(const struct synth_plan *plan, uint32_t n, int64_t *at)
{
	*at = synth_plan_day(plan, SYNTH_CAMPAIGN, n) + (int64_t)8 * 3600;
	return synth_plan_id(plan, SYNTH_CAMPAIGN, n, *at);
}

static int64_t
campaign_end(const struct synth_plan *plan, uint32_t n)
{
	if (n + 1 == plan->n[SYNTH_CAMPAIGN])
		return plan->last_day;
	return synth_plan_day(plan, SYNTH_CAMPAIGN, n + 1) / DAY - 1;
}

static void
campaign_write(const struct synth_plan *plan, uint32_t n)
{
	static const char *const names[SYNTH_CAMPAIGNS_N] = {
	    "아파트 거주 위기가구 조사", "상반기 사각지대 조사",
	    "발굴시스템 위기가구 조사", "하절기 집중 발굴"};
	static const char *const kinds[SYNTH_CAMPAIGNS_N] = {
	    "일제조사", "일제조사", "발굴시스템", "집중발굴"};
	struct synth_rows *rows = plan->rows;
	struct record_id org = synth_plan_org(plan);
	int64_t at;
	struct record_id id = campaign_id(plan, n, &at);
	int64_t end = campaign_end(plan, n);
	char text[SYNTH_TEXT_SIZE];

	(void)snprintf(
	    text, sizeof(text), "%d %s (가상)", plan->year, names[n]);
	synth_plan_new(plan, SYNTH_CAMPAIGN, &id, at);
	synth_rows_text(rows, "name", text);
	synth_rows_text(rows, "kind", kinds[n]);
	synth_rows_int(rows, "round", (int64_t)n + 1);
	synth_rows_day(rows, "open_on", at / DAY);
	synth_rows_day(rows, "close_on", end);
	synth_rows_list(rows, "scope");
	synth_rows_add_ref(rows, &org);
	synth_rows_list_end(rows);
	synth_rows_int(rows, "target", plan->n[SYNTH_SURVEY] / 4);
	synth_rows_text(rows, "state", "planned");
	synth_rows_end(rows);
	synth_plan_change(plan, SYNTH_CAMPAIGN, &id, at + 60);
	synth_rows_text(rows, "state", "open");
	synth_rows_end(rows);
	at = end * DAY + (int64_t)17 * 3600;
	synth_plan_change(plan, SYNTH_CAMPAIGN, &id, at);
	synth_rows_text(rows, "state", "closed");
	synth_rows_end(rows);
	at += (int64_t)14 * DAY;
	synth_plan_change(
	    plan, SYNTH_CAMPAIGN, &id, synth_plan_inside(plan, at));
	synth_rows_text(rows, "state", "reported");
	synth_rows_end(rows);
}

static void
survey_link(const struct synth_plan *plan, const struct record_id *id,
    uint32_t *linked, int64_t at)
{
	uint32_t which = synth_case_of(SYNTH_FROM_SURVEY, *linked);
	struct record_id found;
	int64_t found_at;

	if (which >= plan->n[SYNTH_CASE])
		return;
	found = synth_case_id(plan, which, &found_at);
	at = at > found_at ? at : found_at;
	synth_plan_change(
	    plan, SYNTH_SURVEY, id, synth_plan_inside(plan, at + 3600));
	synth_rows_text(plan->rows, "state", "linked");
	synth_rows_ref(plan->rows, "case", &found);
	synth_rows_end(plan->rows);
	++*linked;
}

struct record_id
synth_year_entry(const struct synth_plan *plan, uint32_t n, int64_t *at)
{
	struct synth_prng prng = synth_plan_prng(plan, SYNTH_SURVEY, n);

	*at = synth_plan_day(plan, SYNTH_SURVEY, n) + 9 * 3600 +
	      synth_prng_below(&prng, 3600);
	return synth_plan_id(plan, SYNTH_SURVEY, n, *at);
}

static void
survey_write(const struct synth_plan *plan, uint32_t n, uint32_t *linked)
{
	static const char *const states[] = {"no_issue", "not_found", "refused",
	    "moved", "contacted", "crisis_found"};
	static const uint16_t weights[COUNT_OF(states)] = {
	    780, 100, 50, 22, 20, 28};
	struct synth_rows *rows = plan->rows;
	struct synth_prng prng = synth_plan_prng(plan, SYNTH_SURVEY, n);
	int64_t at;
	struct record_id id = synth_year_entry(plan, n, &at);
	int64_t opened;
	uint32_t of = n * SYNTH_CAMPAIGNS_N / plan->n[SYNTH_SURVEY];
	struct record_id campaign = campaign_id(plan, of, &opened);
	struct record_id who = synth_plan_officer(
	    plan, synth_prng_below(&prng, SYNTH_OFFICERS_N));
	struct synth_home home;
	uint8_t key[KEY_SIZE];
	size_t state;

	synth_home_pick(plan, &prng, at, SYNTH_HOME_ANY, &home);
	bytes_put_be64(key, synth_prng_next(&prng));
	bytes_put_be64(key + 8, synth_prng_next(&prng));
	synth_plan_new(plan, SYNTH_SURVEY, &id, at);
	synth_rows_ref(rows, "campaign", &campaign);
	synth_rows_ref(rows, "household", &home.id);
	synth_rows_hex(rows, "addr_key", bytes_of(key, sizeof(key)));
	synth_rows_ref(rows, "assigned_to", &who);
	synth_rows_text(rows, "state", "assigned");
	synth_rows_end(rows);
	if (synth_prng_chance(&prng, 40))
		return; /* nobody went there */
	at = synth_plan_inside(
	    plan, at + 3600 + (int64_t)DAY * synth_prng_below(&prng, 10));
	state = synth_prng_pick(&prng, weights, COUNT_OF(states));
	synth_plan_change(plan, SYNTH_SURVEY, &id, at);
	synth_rows_text(rows, "state", states[state]);
	synth_rows_day(rows, "done_on", at / DAY);
	if (state == 5)
		synth_rows_one(rows, "signals", "가상신호");
	synth_rows_end(rows);
	if (state == 5)
		survey_link(plan, &id, linked, at);
}

/* ---- programmes --------------------------------------------------------- */

static struct record_id
program_id(const struct synth_plan *plan, uint32_t n)
{
	return synth_plan_id(plan, SYNTH_PROGRAM, n, plan->first_day * DAY);
}

static void
program_write(const struct synth_plan *plan, uint32_t n)
{
	static const struct {
		const char *name;
		const char *kind;
		const char *cadence;
		const char *area;
	} programs[SYNTH_PROGRAMS_N] = {
	    {"이웃 나눔", "나눔", "수시", "2"},
	    {"반찬 나눔", "반찬", "주1", "2"},
	    {"빨래 나눔", "세탁", "월1", "2"},
	    {"외식 나눔", "외식", "월1", "2"},
	    {"미용 봉사", "미용", "월1", "2"},
	    {"직원 학습동아리", "학습", "격주", "4"},
	};
	struct synth_rows *rows = plan->rows;
	struct record_id id = program_id(plan, n);
	struct record_id parent = program_id(plan, 0);
	struct record_id org = synth_plan_org(plan);
	char text[SYNTH_TEXT_SIZE];

	(void)snprintf(
	    text, sizeof(text), "%d %s", plan->year, programs[n].name);
	synth_plan_new(plan, SYNTH_PROGRAM, &id,
	    plan->first_day * DAY + (int64_t)8 * 3600);
	synth_rows_text(rows, "name", text);
	synth_rows_text(rows, "kind", programs[n].kind);
	synth_rows_text(rows, "area", programs[n].area);
	if (n > 0 && n != STUDY)
		synth_rows_ref(rows, "parent", &parent);
	synth_rows_ref(rows, "dong", &org);
	synth_rows_int(rows, "year", plan->year);
	synth_rows_int(rows, "year_no",
	    plan->year - calendar_date(plan->dong->start_day).year + 1);
	synth_rows_text(rows, "cadence", programs[n].cadence);
	synth_rows_end(rows);
}

static void
session_write(const struct synth_plan *plan, uint32_t n)
{
	struct synth_rows *rows = plan->rows;
	struct synth_prng prng = synth_plan_prng(plan, SYNTH_SESSION, n);
	int64_t at = synth_plan_day(plan, SYNTH_SESSION, n) +
		     (int64_t)14 * 3600;
	struct record_id id = synth_plan_id(plan, SYNTH_SESSION, n, at);
	struct record_id program = program_id(plan, 1 + n % SESSIONS_OF);
	struct record_id who = synth_plan_officer(
	    plan, synth_prng_below(&prng, SYNTH_OFFICERS_N));

	synth_plan_new(plan, SYNTH_SESSION, &id, at);
	synth_rows_ref(rows, "program", &program);
	synth_rows_int(rows, "no", n / SESSIONS_OF + 1);
	synth_rows_day(rows, "held_on", at / DAY);
	synth_rows_list(rows, "volunteers");
	synth_rows_add_ref(rows, &who);
	synth_rows_list_end(rows);
	synth_rows_text(rows, "place", "동주민센터 (가상)");
	synth_rows_end(rows);
	synth_plan_change(plan, SYNTH_SESSION, &id, at + (int64_t)2 * 3600);
	synth_rows_int(rows, "people_n", 4 + synth_prng_below(&prng, 16));
	synth_rows_end(rows);
}

/* Tuesdays, an hour before work: each week the whole team, or every other. */
static void
training_write(const struct synth_plan *plan, uint32_t n)
{
	struct synth_rows *rows = plan->rows;
	int64_t first = plan->first_day;
	uint32_t days = (uint32_t)(plan->last_day - plan->first_day) / 7;
	struct record_id program = program_id(plan, STUDY);
	struct record_id id;
	int64_t at;

	while (calendar_weekday(first) != TUESDAY)
		first++;
	at = (first + 7 * (int64_t)(n * days / plan->n[SYNTH_TRAINING])) * DAY +
	     (int64_t)8 * 3600;
	id = synth_plan_id(plan, SYNTH_TRAINING, n, at);
	synth_plan_new(plan, SYNTH_TRAINING, &id, at);
	synth_rows_ref(rows, "program", &program);
	synth_rows_int(rows, "no", (int64_t)n + 1);
	synth_rows_day(rows, "held_on", at / DAY);
	synth_rows_list(rows, "staff");
	for (uint32_t i = SYNTH_TEAM_FIRST; i < SYNTH_STAFF_N; i++) {
		struct record_id staff = synth_plan_staff(plan, i);

		synth_rows_add_ref(rows, &staff);
	}
	synth_rows_list_end(rows);
	synth_rows_text(rows, "place", "동장실");
	synth_rows_one(rows, "note",
	    n % 2 == 0 ? "업무 매뉴얼 (가상)" : "상담 기법 (가상)");
	synth_rows_end(rows);
}

/* ---- the rest ----------------------------------------------------------- */

static void
round_write(const struct synth_plan *plan, uint32_t n)
{
	struct synth_rows *rows = plan->rows;
	struct synth_prng prng = synth_plan_prng(plan, SYNTH_ROUND, n);
	int64_t at = synth_plan_hour(
	    &prng, synth_plan_day(plan, SYNTH_ROUND, n));
	struct record_id id = synth_plan_id(plan, SYNTH_ROUND, n, at);
	struct record_id zone = synth_plan_zone(plan, n % SYNTH_ZONES_N);
	struct record_id officer = synth_plan_staff(
	    plan, 1 + n % SYNTH_ZONES_N);
	struct record_id who = synth_plan_officer(
	    plan, synth_prng_below(&prng, SYNTH_OFFICERS_N));

	synth_plan_new(plan, SYNTH_ROUND, &id, at);
	synth_rows_ref(rows, "zone", &zone);
	synth_rows_day(rows, "held_on", at / DAY);
	synth_rows_list(rows, "staff");
	synth_rows_add_ref(rows, &officer);
	synth_rows_list_end(rows);
	synth_rows_list(rows, "volunteers");
	synth_rows_add_ref(rows, &who);
	synth_rows_list_end(rows);
	if (synth_prng_chance(&prng, 250))
		synth_rows_one(rows, "issues", "골목 불편을 들음 (가상)");
	synth_rows_end(rows);
}

static void
notice_write(const struct synth_plan *plan, uint32_t n)
{
	static const char *const kinds[] = {"일반", "한파", "폭염"};
	struct synth_rows *rows = plan->rows;
	int64_t at = synth_plan_day(plan, SYNTH_NOTICE, n) + (int64_t)9 * 3600;
	unsigned month = calendar_date(at / DAY).month;
	struct record_id id = synth_plan_id(plan, SYNTH_NOTICE, n, at);
	struct record_id from = synth_plan_org(plan);
	uint32_t kind = month <= 2 ? 1 : month == 7 || month == 8 ? 2 : 0;
	char text[SYNTH_TEXT_SIZE];

	synth_plan_new(plan, SYNTH_NOTICE, &id, at);
	synth_rows_ref(rows, "from_org", &from);
	synth_rows_list(rows, "to");
	for (uint32_t i = 0; i < 3; i++) {
		struct record_id to = synth_plan_staff(
		    plan, SYNTH_PLANNERS_FIRST + i);

		synth_rows_add_ref(rows, &to);
	}
	synth_rows_list_end(rows);
	synth_rows_text(rows, "kind", kinds[n % 10 == 0 ? kind : 0]);
	(void)snprintf(
	    text, sizeof(text), "%d년 알림 %u (가상)", plan->year, n + 1);
	synth_rows_one(rows, "body", text);
	synth_rows_day(rows, "due_on", at / DAY + 3);
	synth_rows_end(rows);
	synth_plan_change(plan, SYNTH_NOTICE, &id, at + 7200);
	synth_rows_list(rows, "acks");
	for (uint32_t i = 0; i < 3; i++) {
		(void)snprintf(text, sizeof(text), "S%s-%02u", plan->dong->code,
		    SYNTH_PLANNERS_FIRST + i + 1);
		synth_rows_add(rows, text);
	}
	synth_rows_list_end(rows);
	synth_rows_end(rows);
}

/* The day's bookings take the place of those of the day before; the distance is
 * that of all days since the centre has the car. */
static void
trip_write(const struct synth_plan *plan, uint32_t n)
{
	struct synth_rows *rows = plan->rows;
	int64_t day = synth_plan_day(plan, SYNTH_TRIP, n) / DAY;
	int64_t at = day * DAY + (int64_t)18 * 3600 + n;
	struct record_id id = synth_plan_id(plan, SYNTH_VEHICLE, 0,
	    plan->dong->start_day * DAY + (int64_t)8 * 3600);
	char date[CALENDAR_TEXT_SIZE];
	char text[SYNTH_TEXT_SIZE];

	calendar_write_day(day, date);
	(void)snprintf(
	    text, sizeof(text), "%s %02u:00 방문 %u", date, 9 + n % 8, n + 1);
	synth_plan_change(plan, SYNTH_TRIP, &id, at);
	synth_rows_one(rows, "bookings", text);
	synth_rows_int(
	    rows, "odo", (day - plan->dong->start_day + 1) * TRIP_KM);
	synth_rows_end(rows);
}

static void
check_write(const struct synth_plan *plan, uint32_t n)
{
	struct synth_rows *rows = plan->rows;
	unsigned month = SYNTH_MONTHS - plan->months + n + 1;
	int64_t day = calendar_day((struct calendar_date){
	    plan->year, month, calendar_month_days(plan->year, month)});
	int64_t at = day * DAY + (int64_t)17 * 3600;
	struct record_id id = synth_plan_id(plan, SYNTH_CHECK, n, at);
	struct record_id chief = synth_plan_staff(plan, 0);
	char text[SYNTH_TEXT_SIZE];

	(void)snprintf(text, sizeof(text), "%d-%02u", plan->year, month);
	synth_plan_new(plan, SYNTH_CHECK, &id, at);
	synth_rows_text(rows, "month", text);
	synth_rows_day(rows, "checked_on", day);
	synth_rows_ref(rows, "by", &chief);
	synth_rows_one(rows, "findings", "이상 없음 (가상)");
	synth_rows_end(rows);
}
