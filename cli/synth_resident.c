/*
 * What comes from residents of the synthetic city.
 */
#include "cli/synth_resident.h"

#include <stdio.h>

#include "cli/synth_case.h"
#include "cli/synth_home.h"
#include "proto/calendar.h"

enum { DAY = SYNTH_DAY_SECONDS, ACTIONS_EACH = 5 };

static void report_write(
    const struct synth_plan *plan, uint32_t n, uint32_t *converted);
static void volunteer_write(const struct synth_plan *plan, uint32_t n);
static void activity_write(const struct synth_plan *plan, uint32_t n);
static void meeting_write(const struct synth_plan *plan, uint32_t n);
static void council_write(const struct synth_plan *plan, uint32_t n);
static void app_write(const struct synth_plan *plan, uint32_t n);

void
synth_resident_rows(const struct synth_plan *plan)
{
	uint32_t converted = 0;

	for (uint32_t n = 0; n < plan->n[SYNTH_REPORT]; n++)
		report_write(plan, n, &converted);
	for (uint32_t n = 0; n < plan->n[SYNTH_VOLUNTEER]; n++)
		volunteer_write(plan, n);
	for (uint32_t n = 0; n < plan->n[SYNTH_ACTIVITY]; n++)
		activity_write(plan, n);
	for (uint32_t n = 0; n < plan->n[SYNTH_MEETING]; n++)
		meeting_write(plan, n);
	for (uint32_t n = 0; n < plan->n[SYNTH_COUNCIL_MEETING]; n++)
		council_write(plan, n);
	for (uint32_t n = 0; n < plan->n[SYNTH_APP]; n++)
		app_write(plan, n);
}

/* ---- reports ------------------------------------------------------------ */

struct report {
	struct synth_prng prng;
	struct record_id id;
	struct record_id reporter;
	int64_t at;
	bool named;
	size_t end;
};

static void
report_begin(const struct synth_plan *plan, struct report *r)
{
	static const char *const channels[] = {"시민찾동이", "복지통장",
	    "명예사회복지공무원", "동협의체", "다산120", "전화", "앱", "방문"};
	static const uint16_t weights[COUNT_OF(channels)] = {
	    30, 25, 20, 8, 7, 4, 3, 3};
	static const char *const signs[] = {"우편물적치", "공과금체납", "실직",
	    "질병", "고립", "학대의심", "주거열악"};
	struct synth_rows *rows = plan->rows;
	struct record_id org = synth_plan_org(plan);
	size_t channel = synth_prng_pick(&r->prng, weights, COUNT_OF(channels));
	size_t sign = synth_prng_below(&r->prng, COUNT_OF(signs));
	uint32_t house = 1 + synth_prng_below(&r->prng, 200);
	uint32_t street = 1 + synth_prng_below(&r->prng, 60);
	char place[SYNTH_TEXT_SIZE];

	r->named = channel < 4;
	(void)snprintf(place, sizeof(place), "%s 찾동가상로 %u길 %u",
	    plan->dong->name, street, house);
	synth_plan_new(plan, SYNTH_REPORT, &r->id, r->at);
	synth_rows_text(rows, "channel", channels[channel]);
	if (r->named)
		synth_rows_ref(rows, "reporter", &r->reporter);
	synth_rows_text(
	    rows, "subject_text", "도움이 필요해 보이는 이웃 (가상)");
	synth_rows_text(rows, "place_text", place);
	synth_rows_ref(rows, "dong", &org);
	synth_rows_one(rows, "signals", signs[sign]);
	synth_rows_text(
	    rows, "urgency", synth_prng_chance(&r->prng, 80) ? "긴급" : "일반");
	synth_rows_time(rows, "received_at", r->at);
	synth_rows_text(rows, "state", "submitted");
	synth_rows_end(rows);
}

static void
report_move(const struct synth_plan *plan, struct report *r, const char *state,
    int64_t seconds)
{
	r->at += seconds;
	synth_plan_change(
	    plan, SYNTH_REPORT, &r->id, synth_plan_inside(plan, r->at));
	synth_rows_text(plan->rows, "state", state);
}

struct record_id
synth_resident_report(const struct synth_plan *plan, uint32_t n, int64_t *at)
{
	struct synth_prng prng = synth_plan_prng(plan, SYNTH_REPORT, n);

	*at = synth_plan_hour(&prng, synth_plan_day(plan, SYNTH_REPORT, n));
	return synth_plan_id(plan, SYNTH_REPORT, n, *at);
}

static void
report_write(const struct synth_plan *plan, uint32_t n, uint32_t *converted)
{
	static const char *const ends[] = {
	    "answered", "converted", "referred", "duplicate", "invalid"};
	static const uint16_t weights[COUNT_OF(ends)] = {35, 25, 15, 15, 10};
	struct synth_rows *rows = plan->rows;
	struct report r = {.prng = synth_plan_prng(plan, SYNTH_REPORT, n)};
	struct synth_home home;
	uint32_t which;

	r.at = synth_plan_hour(&r.prng, synth_plan_day(plan, SYNTH_REPORT, n));
	r.id = synth_plan_id(plan, SYNTH_REPORT, n, r.at);
	r.reporter = synth_plan_officer(
	    plan, synth_prng_below(&r.prng, SYNTH_OFFICERS_N));
	r.end = synth_prng_pick(&r.prng, weights, COUNT_OF(ends));
	synth_home_pick(plan, &r.prng, r.at, SYNTH_HOME_ANY, &home);
	report_begin(plan, &r);
	report_move(
	    plan, &r, "triaged", 1200 + synth_prng_below(&r.prng, 7200));
	synth_rows_end(rows);
	report_move(plan, &r, ends[r.end],
	    DAY * (1 + (int64_t)synth_prng_below(&r.prng, 5)));
	if (r.end <= 2)
		synth_rows_ref(rows, "household", &home.id);
	which = synth_case_of(SYNTH_FROM_REPORT, *converted);
	if (r.end == 1 && which < plan->n[SYNTH_CASE]) {
		int64_t found;
		struct record_id id = synth_case_id(plan, which, &found);

		synth_rows_ref(rows, "case", &id);
		++*converted;
	}
	synth_rows_end(rows);
	if (synth_prng_chance(&r.prng, 100))
		return; /* still open */
	report_move(plan, &r, "closed", DAY);
	synth_rows_one(rows, "feedback", "살펴본 결과를 알려 드림 (가상)");
	synth_rows_end(rows);
}

/* ---- volunteers --------------------------------------------------------- */

static void
volunteer_write(const struct synth_plan *plan, uint32_t n)
{
	struct synth_rows *rows = plan->rows;
	struct synth_prng prng = synth_plan_prng(plan, SYNTH_VOLUNTEER, n);
	int64_t at = synth_plan_hour(
	    &prng, synth_plan_day(plan, SYNTH_VOLUNTEER, n));
	struct record_id id = synth_plan_id(plan, SYNTH_VOLUNTEER, n, at);
	struct record_id org = synth_plan_org(plan);
	char text[SYNTH_TEXT_SIZE];

	synth_plan_new(plan, SYNTH_VOLUNTEER, &id, at);
	synth_rows_one(rows, "kinds", "시민찾동이");
	synth_home_name(&prng, text);
	synth_rows_text(rows, "name", text);
	synth_home_phone(&prng, text);
	synth_rows_text(rows, "phone", text);
	synth_rows_ref(rows, "dong", &org);
	synth_rows_text(rows, "join_channel",
	    synth_prng_chance(&prng, 600) && plan->year >= 2019
		? "서울시민카드앱"
		: "동방문서명");
	synth_rows_text(rows, "state", "applied");
	synth_rows_day(rows, "joined_on", at / DAY);
	synth_rows_end(rows);
	at = synth_plan_inside(plan, at + DAY);
	synth_plan_change(plan, SYNTH_VOLUNTEER, &id, at);
	synth_rows_text(rows, "state", "verified");
	synth_rows_end(rows);
	at = synth_plan_inside(plan, at + (int64_t)6 * DAY);
	synth_plan_change(plan, SYNTH_VOLUNTEER, &id, at);
	synth_rows_text(rows, "state", "active");
	synth_rows_day(rows, "pledge_on", at / DAY);
	synth_rows_one(rows, "training", "기본교육 이수 (가상)");
	synth_rows_end(rows);
}

static void
activity_write(const struct synth_plan *plan, uint32_t n)
{
	static const char *const kinds[] = {"안부확인", "제보", "동행방문",
	    "골목활동", "골목회의", "홍보", "자원발굴", "봉사"};
	static const uint16_t weights[COUNT_OF(kinds)] = {
	    40, 8, 10, 15, 5, 7, 5, 10};
	struct synth_rows *rows = plan->rows;
	struct synth_prng prng = synth_plan_prng(plan, SYNTH_ACTIVITY, n);
	int64_t at = synth_plan_hour(
	    &prng, synth_plan_day(plan, SYNTH_ACTIVITY, n));
	struct record_id id = synth_plan_id(plan, SYNTH_ACTIVITY, n, at);
	struct record_id who = synth_plan_officer(
	    plan, synth_prng_below(&prng, SYNTH_OFFICERS_N));

	synth_plan_new(plan, SYNTH_ACTIVITY, &id, at);
	synth_rows_ref(rows, "volunteer", &who);
	synth_rows_text(rows, "kind",
	    kinds[synth_prng_pick(&prng, weights, COUNT_OF(kinds))]);
	synth_rows_day(rows, "on", at / DAY);
	synth_rows_int(
	    rows, "minutes", 20 + 10 * (int64_t)synth_prng_below(&prng, 12));
	if (synth_prng_chance(&prng, 200))
		synth_rows_one(rows, "note", "이웃과 인사를 나눔 (가상)");
	synth_rows_end(rows);
}

/* ---- meetings ----------------------------------------------------------- */

static void
action_write(const struct synth_plan *plan, const struct record_id *meeting,
    uint32_t n, int64_t at, struct record_id *id)
{
	static const char *const what[] = {"골목 화단을 가꾸기",
	    "보안등을 고쳐 달라고 하기", "쓰레기 내놓는 시간을 정하기",
	    "홀로 사는 이웃의 안부 묻기", "놀이터 그늘막을 청하기"};
	struct synth_rows *rows = plan->rows;
	struct synth_prng prng = synth_plan_prng(plan, SYNTH_ACTION, n);
	struct record_id owner = synth_plan_staff(
	    plan, 1 + synth_prng_below(&prng, 10));
	char text[SYNTH_TEXT_SIZE];

	*id = synth_plan_id(plan, SYNTH_ACTION, n, at);
	(void)snprintf(text, sizeof(text), "%s (가상)",
	    what[synth_prng_below(&prng, COUNT_OF(what))]);
	synth_plan_new(plan, SYNTH_ACTION, id, at);
	synth_rows_ref(rows, "origin", meeting);
	synth_rows_text(rows, "what", text);
	synth_rows_ref(rows, "owner", &owner);
	synth_rows_day(rows, "due_on", at / DAY + 30);
	synth_rows_text(rows, "state", "open");
	synth_rows_end(rows);
	at += (int64_t)DAY * (5 + synth_prng_below(&prng, 50));
	if (synth_prng_chance(&prng, 150))
		return;
	synth_plan_change(
	    plan, SYNTH_ACTION, id, synth_plan_inside(plan, at - DAY));
	synth_rows_text(rows, "state", "doing");
	synth_rows_end(rows);
	synth_plan_change(plan, SYNTH_ACTION, id, synth_plan_inside(plan, at));
	synth_rows_text(
	    rows, "state", synth_prng_chance(&prng, 850) ? "done" : "dropped");
	synth_rows_end(rows);
}

static void
meeting_move(const struct synth_plan *plan, const struct record_id *id,
    const char *state, int64_t at)
{
	synth_plan_change(plan, SYNTH_MEETING, id, synth_plan_inside(plan, at));
	synth_rows_text(plan->rows, "state", state);
}

static void
meeting_propose(const struct synth_plan *plan, uint32_t n,
    struct synth_prng *prng, const struct record_id *id, int64_t at)
{
	static const char *const ways[] = {
	    "방문", "전화", "시민찾동이", "공무원", "제안코너"};
	static const char *const places[] = {
	    "돗자리", "카페", "마을활력소", "SNS", "동주민센터"};
	struct synth_rows *rows = plan->rows;
	struct record_id zone = synth_plan_zone(plan, n % SYNTH_ZONES_N);
	uint32_t ways_n = plan->year >= 2020 ? 5 : 4; /* the corner is new */
	char text[SYNTH_TEXT_SIZE];

	(void)snprintf(
	    text, sizeof(text), "%d년 골목회의 %u (가상)", plan->year, n + 1);
	synth_plan_new(plan, SYNTH_MEETING, id, at);
	synth_rows_text(rows, "title", text);
	synth_rows_text(rows, "kind", n % 3 == 0 ? "주민회의" : "골목반상회");
	synth_home_name(prng, text);
	synth_rows_text(rows, "proposer", text);
	synth_rows_text(
	    rows, "proposed_via", ways[synth_prng_below(prng, ways_n)]);
	synth_rows_ref(rows, "zone", &zone);
	synth_rows_text(rows, "place_kind",
	    places[synth_prng_below(prng, COUNT_OF(places))]);
	synth_rows_text(rows, "state", "proposed");
	synth_rows_one(rows, "agenda", "골목에서 바꾸고 싶은 것 (가상)");
	synth_rows_end(rows);
}

static void
meeting_write(const struct synth_plan *plan, uint32_t n)
{
	struct synth_rows *rows = plan->rows;
	struct synth_prng prng = synth_plan_prng(plan, SYNTH_MEETING, n);
	int64_t at = synth_plan_day(plan, SYNTH_MEETING, n) +
		     (int64_t)19 * 3600;
	struct record_id id = synth_plan_id(plan, SYNTH_MEETING, n, at);
	struct record_id actions[ACTIONS_EACH];

	meeting_propose(plan, n, &prng, &id, at);
	meeting_move(plan, &id, "reviewing", at + (int64_t)2 * DAY);
	synth_rows_end(rows);
	if (synth_prng_chance(&prng, 60)) {
		meeting_move(plan, &id, "rejected", at + (int64_t)3 * DAY);
		synth_rows_end(rows);
		return;
	}
	meeting_move(plan, &id, "scheduled", at + (int64_t)4 * DAY);
	synth_rows_end(rows);
	at = synth_plan_inside(plan, at + (int64_t)14 * DAY);
	meeting_move(plan, &id, "held", at);
	synth_rows_time(rows, "held_at", at);
	synth_rows_int(rows, "attendees_n", 5 + synth_prng_below(&prng, 30));
	synth_rows_end(rows);
	for (uint32_t i = 0; i < ACTIONS_EACH; i++)
		action_write(
		    plan, &id, n * ACTIONS_EACH + i, at + 60, &actions[i]);
	meeting_move(plan, &id, "minuted", at + DAY);
	synth_rows_one(rows, "minutes", "나온 이야기와 할 일을 적음 (가상)");
	synth_rows_list(rows, "actions");
	for (uint32_t i = 0; i < ACTIONS_EACH; i++)
		synth_rows_add_ref(rows, &actions[i]);
	synth_rows_list_end(rows);
	synth_rows_end(rows);
	meeting_move(plan, &id, "tracking", at + (int64_t)2 * DAY);
	synth_rows_end(rows);
}

static void
council_write(const struct synth_plan *plan, uint32_t n)
{
	struct synth_rows *rows = plan->rows;
	struct synth_prng prng = synth_plan_prng(
	    plan, SYNTH_COUNCIL_MEETING, n);
	int64_t at = synth_plan_day(plan, SYNTH_COUNCIL_MEETING, n) +
		     (int64_t)15 * 3600;
	struct record_id id = synth_plan_id(plan, SYNTH_COUNCIL_MEETING, n, at);
	struct record_id council = synth_plan_id(plan, SYNTH_COUNCIL, n % 2,
	    plan->dong->start_day * DAY + (int64_t)8 * 3600);

	synth_plan_new(plan, SYNTH_COUNCIL_MEETING, &id, at);
	synth_rows_ref(rows, "council", &council);
	synth_rows_day(rows, "held_on", at / DAY);
	synth_rows_int(rows, "attendees_n", 8 + synth_prng_below(&prng, 20));
	if (n % 4 == 0)
		synth_rows_int(rows, "budget",
		    100000 * (int64_t)(1 + synth_prng_below(&prng, 50)));
	synth_rows_end(rows);
	synth_plan_change(plan, SYNTH_COUNCIL_MEETING, &id,
	    synth_plan_inside(plan, at + DAY));
	synth_rows_one(rows, "decisions", "안건을 의결함 (가상)");
	synth_rows_end(rows);
}

/* ---- the contest -------------------------------------------------------- */

struct record_id
synth_resident_contest(const struct synth_city *city, size_t district, int year)
{
	uint64_t key = synth_prng_key(
	    city->seed, city->districts[district].code, "contest", year);
	struct synth_prng prng = synth_prng_at(key, 0);
	struct record_id id;
	uint8_t random[16];

	bytes_put_be64(random, synth_prng_next(&prng));
	bytes_put_be64(random + 8, synth_prng_next(&prng));
	id_record((uint64_t)calendar_day((struct calendar_date){year, 7, 1}) *
		      DAY * 1000,
	    random, &id);
	return id;
}

static void
app_move(const struct synth_plan *plan, const struct record_id *id,
    const char *state, int64_t *at, int64_t days)
{
	*at += days * DAY;
	synth_plan_change(plan, SYNTH_APP, id, synth_plan_inside(plan, *at));
	synth_rows_text(plan->rows, "state", state);
}

/* Gives how much it asks for. */
static int64_t
app_new(const struct synth_plan *plan, const struct record_id *id, uint32_t n,
    struct synth_prng *prng, int64_t at)
{
	static const char *const fields[] = {"마을", "복지", "문화", "환경"};
	struct synth_rows *rows = plan->rows;
	struct record_id contest = synth_resident_contest(
	    plan->city, plan->dong->district, plan->year);
	int64_t asked = 10000 * (int64_t)(50 + synth_prng_below(prng, 31));
	char text[SYNTH_TEXT_SIZE];

	(void)snprintf(text, sizeof(text), "가상 모임 %u", n + 1);
	synth_plan_new(plan, SYNTH_APP, id, at);
	synth_rows_ref(rows, "contest", &contest);
	synth_rows_text(rows, "group_name", text);
	synth_rows_int(rows, "members_n", 3 + synth_prng_below(prng, 9));
	synth_home_phone(prng, text);
	synth_rows_text(rows, "contact", text);
	synth_rows_text(
	    rows, "field", fields[synth_prng_below(prng, COUNT_OF(fields))]);
	synth_rows_int(rows, "asked", asked);
	synth_rows_text(rows, "state", "draft");
	synth_rows_end(rows);
	return asked;
}

void
synth_resident_apply(const struct synth_plan *plan, const struct record_id *id,
    int64_t at, int64_t screened_at)
{
	struct synth_rows *rows = plan->rows;

	synth_plan_change(plan, SYNTH_APP, id, at);
	synth_rows_text(rows, "state", "applied");
	synth_rows_day(rows, "applied_on", at / DAY);
	synth_rows_end(rows);
	synth_plan_change(plan, SYNTH_APP, id, screened_at);
	synth_rows_text(rows, "state", "screening");
	synth_rows_one(rows, "scores", "서류를 살펴봄 (가상)");
	synth_rows_end(rows);
}

/* Handed in before the deadline, some never; looked at from August on. */
static void
app_write(const struct synth_plan *plan, uint32_t n)
{
	struct synth_rows *rows = plan->rows;
	struct synth_prng prng = synth_plan_prng(plan, SYNTH_APP, n);
	int64_t first = calendar_day((struct calendar_date){plan->year, 7, 19});
	int64_t at = (first + n % 7) * DAY + (int64_t)10 * 3600;
	struct record_id id = synth_plan_id(plan, SYNTH_APP, n, at);
	int64_t asked = app_new(plan, &id, n, &prng, at);

	if (synth_prng_chance(&prng, 100))
		return;
	first = calendar_day((struct calendar_date){plan->year, 8, 1});
	synth_resident_apply(
	    plan, &id, at + 3600, first * DAY + (int64_t)10 * 3600);
	at = first * DAY + (int64_t)10 * 3600;
	if (synth_prng_chance(&prng, 300)) {
		app_move(plan, &id, "rejected", &at, 10);
		synth_rows_end(rows);
		return;
	}
	app_move(plan, &id, "selected", &at, 10);
	synth_rows_int(rows, "granted", asked);
	synth_rows_end(rows);
	app_move(plan, &id, "contracted", &at, 7);
	synth_rows_end(rows);
	app_move(plan, &id, "funded", &at, 7);
	synth_rows_end(rows);
	app_move(plan, &id, "running", &at, 7);
	synth_rows_end(rows);
	app_move(plan, &id, "settled", &at, 95);
	synth_rows_int(
	    rows, "spent", asked - 1000 * (int64_t)synth_prng_below(&prng, 40));
	synth_rows_end(rows);
	app_move(plan, &id, "published", &at, 10);
	synth_rows_end(rows);
}
