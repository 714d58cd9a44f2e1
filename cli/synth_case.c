/*
 * Cases of the synthetic city from their finding to their end, and what is
 * handed on to others.
 */
#include "cli/synth_case.h"

#include <stdio.h>
#include <string.h>

#include "cli/synth_home.h"
#include "proto/calendar.h"

enum {
	CYCLE = 20,
	MISSED_PERMILLE = 120, /* deadlines that were not kept */
	CONSENT_FIRST = 1 << 20,
	DAY = SYNTH_DAY_SECONDS,
};

/* Of twenty cases, how many came each way. */
static const uint32_t origin_bounds[] = {0, 5, 10, 15, 18, 19, CYCLE};

struct the_case {
	const struct synth_plan *plan;
	uint32_t n;
	struct synth_prng prng;
	struct synth_home home;
	struct record_id id;
	enum synth_case_origin origin;
	bool crisis;
	bool whole;    /* integrated case management */
	int64_t found; /* times, as they come */
	int64_t at;
	int64_t received_day;
};

static void case_begin(struct the_case *c);
static void case_write(struct the_case *c);
static void found_write(struct the_case *c);
static void begin_write(struct the_case *c);
static void conference_write(struct the_case *c);
static void whole_write(struct the_case *c);
static void items_write(const struct the_case *c);
static void close_write(struct the_case *c);

uint32_t
synth_case_of(enum synth_case_origin origin, uint32_t k)
{
	uint32_t first = origin_bounds[origin];
	uint32_t each = origin_bounds[origin + 1] - first;

	return k / each * CYCLE + first + k % each;
}

struct record_id
synth_case_id(const struct synth_plan *plan, uint32_t n, int64_t *at)
{
	struct synth_prng prng = synth_plan_prng(plan, SYNTH_CASE, n);

	*at = synth_plan_day(plan, SYNTH_CASE, n) + 10 * 3600 +
	      synth_prng_below(&prng, 20000);
	return synth_plan_id(plan, SYNTH_CASE, n, *at);
}

static void
cases_write(const struct synth_plan *given, bool found_only)
{
	/* Cases go on into the next year, where only this one is known. */
	struct synth_plan alone = *given;
	const struct synth_plan *plan = &alone;
	uint32_t crisis = plan->dong->crisis[plan->year - SYNTH_YEAR_FIRST];
	uint32_t all = plan->n[SYNTH_CASE];

	alone.before = NULL;
	for (uint32_t n = 0; n < all; n++) {
		struct the_case c = {.plan = plan,
		    .n = n,
		    .prng = synth_plan_prng(plan, SYNTH_CASE, n)};

		while (n % CYCLE >= origin_bounds[c.origin + 1])
			c.origin++;
		c.crisis = (n + 1) * crisis / all > n * crisis / all;
		case_begin(&c);
		if (!found_only)
			case_write(&c);
		else if (c.crisis)
			found_write(&c);
	}
}

void
synth_case_rows(const struct synth_plan *plan)
{
	cases_write(plan, false);
}

void
synth_case_crises(const struct synth_plan *plan)
{
	cases_write(plan, true);
}

/* Some days on, at some hour; never back. */
static void
later(struct the_case *c, uint32_t least, uint32_t more)
{
	int64_t days = least + synth_prng_below(&c->prng, more + 1);
	int64_t at = synth_plan_hour(
	    &c->prng, c->at - c->at % DAY + days * DAY);

	c->at = at > c->at ? at : c->at + 600;
}

static void
move(const struct the_case *c, const char *state)
{
	synth_plan_change(c->plan, SYNTH_CASE, &c->id, c->at);
	synth_rows_text(c->plan->rows, "state", state);
}

static void
note(const struct the_case *c, const char *field, const char *words)
{
	char day[CALENDAR_TEXT_SIZE];
	char text[SYNTH_TEXT_SIZE];

	calendar_write_day(c->at / DAY, day);
	(void)snprintf(text, sizeof(text), "%s %s (가상)", day, words);
	synth_rows_one(c->plan->rows, field, text);
}

static void
case_begin(struct the_case *c)
{
	(void)synth_prng_below(&c->prng, 20000);
	c->id = synth_case_id(c->plan, c->n, &c->found);
	c->at = c->found;
	synth_home_pick(c->plan, &c->prng, c->at,
	    c->crisis ? SYNTH_HOME_CRISIS : SYNTH_HOME_ANY, &c->home);
}

static void
case_write(struct the_case *c)
{
	c->whole = synth_prng_below(&c->prng, 3) == 0;
	begin_write(c);
	conference_write(c);
	if (c->whole)
		whole_write(c);
	else {
		later(c, 2, 10);
		move(c, "providing");
		synth_rows_end(c->plan->rows);
		later(c, 20, 60);
	}
	close_write(c);
}

static void
found_write(struct the_case *c)
{
	static const char *const origins[] = {
	    "제보", "발굴시스템", "방문", "일제조사", "내방", "이관"};
	struct synth_rows *rows = c->plan->rows;
	char number[SYNTH_TEXT_SIZE];

	(void)snprintf(number, sizeof(number), "C%s-%d-%04u",
	    c->plan->dong->code, c->plan->year, c->n + 1);
	synth_plan_new(c->plan, SYNTH_CASE, &c->id, c->at);
	synth_rows_text(rows, "case_no", number);
	synth_rows_ref(rows, "household", &c->home.id);
	synth_rows_text(rows, "origin", origins[c->origin]);
	synth_rows_one(rows, "indicator",
	    c->crisis	    ? "돌봄위기가구"
	    : c->n % 2 == 0 ? "빈곤위기가구"
			    : "기타");
	synth_rows_text(rows, "state", "found");
	synth_rows_day(rows, "found_on", c->at / DAY);
	synth_rows_end(rows);
}

/* Found, taken in, received, looked into. */
static void
begin_write(struct the_case *c)
{
	struct synth_rows *rows = c->plan->rows;
	struct record_id manager = synth_plan_staff(
	    c->plan, SYNTH_PLANNERS_FIRST + c->n % SYNTH_PLANNERS_N);
	bool missed = synth_prng_chance(&c->prng, MISSED_PERMILLE);

	found_write(c);
	c->at += 1800;
	move(c, "intake");
	synth_rows_ref(rows, "manager", &manager);
	synth_rows_end(rows);
	later(c, 0, 2);
	c->at += 4 * 3600;
	c->received_day = c->at / DAY;
	move(c, "received");
	synth_rows_day(rows, "received_on", c->received_day);
	synth_rows_int(rows, "risk_score", 20 + synth_prng_below(&c->prng, 70));
	synth_rows_end(rows);
	later(c, missed ? 11 : 2, 6);
	move(c, "assessing");
	synth_rows_day(rows, "assessed_on", c->at / DAY);
	note(c, "notes", "초기 조사를 마침");
	synth_rows_end(rows);
}

static void
conference_write(struct the_case *c)
{
	struct synth_rows *rows = c->plan->rows;
	bool missed = synth_prng_chance(&c->prng, MISSED_PERMILLE);
	struct record_id id;

	later(c, missed ? 9 : 1, 5);
	id = synth_plan_id(c->plan, SYNTH_CONFERENCE, c->n, c->at);
	synth_plan_new(c->plan, SYNTH_CONFERENCE, &id, c->at);
	synth_rows_day(rows, "held_on", c->at / DAY);
	synth_rows_text(rows, "level", c->whole ? "구" : "동");
	synth_rows_list(rows, "cases");
	synth_rows_add_ref(rows, &c->id);
	synth_rows_list_end(rows);
	synth_rows_list(rows, "attendees");
	for (uint32_t i = 0; i < 4; i++) {
		struct record_id staff = synth_plan_staff(
		    c->plan, SYNTH_TEAM_FIRST + i);

		synth_rows_add_ref(rows, &staff);
	}
	synth_rows_list_end(rows);
	note(c, "decisions", "대상자 구분을 정함");
	synth_rows_end(rows);
	c->at += 600;
	move(c, "conference");
	synth_rows_end(rows);
	c->at += 600;
	move(c, "classified");
	synth_rows_text(
	    rows, "track", c->whole ? "통합사례관리" : "서비스연계");
	synth_rows_day(rows, "classified_on", c->at / DAY);
	synth_rows_end(rows);
}

/* A plan, approved; then help for half a year and longer. */
static void
whole_write(struct the_case *c)
{
	static const char *const cycles[] = {"주1", "월2", "월1"};
	static const char *const words[] = {"목표를 함께 점검함",
	    "서비스 이용이 안정됨", "새 욕구를 확인함", "가족과 상담함"};
	struct synth_rows *rows = c->plan->rows;
	bool missed = synth_prng_chance(&c->prng, MISSED_PERMILLE);

	later(c, missed ? 16 : 3, 6);
	move(c, "planning");
	synth_rows_day(rows, "planned_on", c->at / DAY);
	synth_rows_text(
	    rows, "monitor_every", cycles[synth_prng_below(&c->prng, 3)]);
	note(c, "goals", "스스로 생활을 꾸림");
	note(c, "approvals", "팀장 계획 결재");
	synth_rows_end(rows);
	items_write(c);
	later(c, 1, 5);
	move(c, "providing");
	synth_rows_end(rows);
	later(c, 20, 20);
	move(c, "monitoring");
	synth_rows_end(rows);
	for (uint32_t i = 0; i < 8; i++) {
		later(c, 12, 25);
		synth_plan_change(c->plan, SYNTH_CASE, &c->id, c->at);
		note(c, "notes",
		    words[synth_prng_below(&c->prng, COUNT_OF(words))]);
		synth_rows_end(rows);
	}
}

static void
items_write(const struct the_case *c)
{
	struct synth_rows *rows = c->plan->rows;

	for (uint32_t i = 0; i < 6; i++) {
		int64_t at = c->at + 60 * ((int64_t)i + 1);
		struct record_id id = synth_plan_id(
		    c->plan, SYNTH_ITEM, c->n * 8 + i, at);
		struct record_id type = synth_plan_service_type(
		    c->plan->city, (c->n + 3 * i) % SYNTH_SERVICE_TYPES_N);

		synth_plan_new(c->plan, SYNTH_ITEM, &id, at);
		synth_rows_ref(rows, "case", &c->id);
		synth_rows_ref(rows, "service_type", &type);
		synth_rows_int(rows, "target_count", 4 + 4 * (int64_t)i);
		synth_rows_text(rows, "cadence", i % 2 == 0 ? "주1" : "월1");
		synth_rows_day(rows, "start_on", at / DAY + 7);
		synth_rows_day(rows, "end_on", at / DAY + 180);
		synth_rows_text(rows, "state", "draft");
		synth_rows_end(rows);
		synth_plan_change(c->plan, SYNTH_ITEM, &id, at + DAY);
		synth_rows_text(rows, "state", "agreed");
		synth_rows_end(rows);
		synth_plan_change(
		    c->plan, SYNTH_ITEM, &id, at + (int64_t)7 * DAY);
		synth_rows_text(rows, "state", "running");
		synth_rows_end(rows);
	}
}

static void
close_write(struct the_case *c)
{
	static const char *const reasons[] = {"목표달성", "상황호전", "거절",
	    "전출", "사망", "연락두절", "타기관이관", "기타"};
	static const uint16_t weights[COUNT_OF(reasons)] = {
	    35, 25, 10, 8, 7, 6, 6, 3};
	struct synth_rows *rows = c->plan->rows;

	later(c, 5, 20);
	move(c, "closed");
	synth_rows_text(rows, "close_reason",
	    reasons[synth_prng_pick(&c->prng, weights, COUNT_OF(reasons))]);
	synth_rows_day(rows, "closed_on", c->at / DAY);
	if (c->whole)
		note(c, "approvals", "동장 종결 결재");
	synth_rows_end(rows);
	if (!c->whole)
		return;
	later(c, 5, 10);
	move(c, "aftercare");
	synth_rows_end(rows);
	later(c, 60, 60);
	move(c, "archived");
	synth_rows_end(rows);
}

/* ---- referrals ---------------------------------------------------------- */

struct referral {
	struct synth_prng prng;
	struct synth_home home;
	struct record_id id;
	int64_t at;
	const char *kind;
	const char *urgency;
	struct record_id to;
	bool override; /* without consent */
};

/* To whom: units of the district, or the dong that comes next. */
static void
receiver_draw(const struct synth_plan *plan, struct referral *r)
{
	static const struct {
		const char *kind;
		char unit;
	} kinds[] = {{"보건소", 'H'}, {"정신건강", 'H'}, {"치매안심", 'H'},
	    {"복지관", 'W'}, {"민간자원", 'W'}, {"구청희망복지", 'G'},
	    {"돌봄SOS", 'S'}};
	static const char *const pilots[] = {
	    "성동구", "노원구", "은평구", "마포구", "강서구"};
	const struct synth_district *district =
	    &plan->city->districts[plan->dong->district];
	size_t kind = synth_prng_below(&r->prng, COUNT_OF(kinds));
	bool pilot = false;
	char code[SYNTH_CODE_SIZE + 2];

	for (size_t i = 0; i < COUNT_OF(pilots); i++)
		pilot |= strcmp(pilots[i], district->name) == 0;
	if (kinds[kind].unit == 'S' && (!pilot || plan->year < 2020))
		kind = 0;
	r->kind = kinds[kind].kind;
	r->urgency = kinds[kind].unit == 'S' ? "72시간" : "일반";
	(void)snprintf(
	    code, sizeof(code), "%c%s", kinds[kind].unit, district->code);
	r->to = synth_plan_unit(
	    plan->city, kinds[kind].unit == 'G' ? district->code : code);
}

static void
consent_write(const struct synth_plan *plan, const struct referral *r,
    const struct record_id *id)
{
	struct synth_rows *rows = plan->rows;

	synth_plan_new(plan, SYNTH_CONSENT, id, r->at - 600);
	synth_rows_ref(rows, "subject", &r->home.id);
	synth_rows_text(rows, "kind", "제3자제공");
	synth_rows_list(rows, "recipients");
	synth_rows_add_ref(rows, &r->to);
	synth_rows_list_end(rows);
	synth_rows_text(rows, "purpose", "서비스 연계 (가상)");
	synth_rows_day(rows, "given_on", r->at / DAY);
	synth_rows_end(rows);
}

static void
referral_move(const struct synth_plan *plan, struct referral *r,
    const char *state, int64_t seconds)
{
	r->at += seconds;
	synth_plan_change(
	    plan, SYNTH_REFERRAL, &r->id, synth_plan_inside(plan, r->at));
	synth_rows_text(plan->rows, "state", state);
}

static void
referral_answers(const struct synth_plan *plan, struct referral *r)
{
	struct synth_rows *rows = plan->rows;
	int64_t hour = 3600;

	referral_move(plan, r, "sent", 900);
	synth_rows_time(rows, "sent_at", r->at);
	synth_rows_end(rows);
	referral_move(
	    plan, r, "received", hour * (1 + synth_prng_below(&r->prng, 30)));
	synth_rows_end(rows);
	if (synth_prng_chance(&r->prng, 60)) {
		referral_move(plan, r, "rejected", 20 * hour);
		synth_rows_text(
		    rows, "reject_reason", "대상 요건이 아님 (가상)");
		synth_rows_time(rows, "answered_at", r->at);
		synth_rows_end(rows);
		return;
	}
	referral_move(
	    plan, r, "accepted", hour * (1 + synth_prng_below(&r->prng, 48)));
	synth_rows_time(rows, "answered_at", synth_plan_inside(plan, r->at));
	synth_rows_one(rows, "answer", "접수하여 진행함 (가상)");
	synth_rows_end(rows);
	referral_move(
	    plan, r, "done", 24 * hour * (7 + synth_prng_below(&r->prng, 40)));
	synth_rows_end(rows);
}

static void
referral_write(const struct synth_plan *plan, uint32_t n)
{
	struct synth_rows *rows = plan->rows;
	struct referral r = {.prng = synth_plan_prng(plan, SYNTH_REFERRAL, n)};
	struct record_id consent;
	struct record_id from = synth_plan_org(plan);

	r.at = synth_plan_hour(
	    &r.prng, synth_plan_day(plan, SYNTH_REFERRAL, n));
	synth_home_pick(plan, &r.prng, r.at, SYNTH_HOME_ANY, &r.home);
	r.id = synth_plan_id(plan, SYNTH_REFERRAL, n, r.at);
	receiver_draw(plan, &r);
	r.override = synth_prng_chance(&r.prng, 40);
	consent = synth_plan_id(
	    plan, SYNTH_CONSENT, CONSENT_FIRST + n, r.at - 600);
	if (!r.override)
		consent_write(plan, &r, &consent);
	synth_plan_new(plan, SYNTH_REFERRAL, &r.id, r.at);
	synth_rows_ref(rows, "household", &r.home.id);
	synth_rows_ref(rows, "from_org", &from);
	synth_rows_ref(rows, "to_org", &r.to);
	synth_rows_text(rows, "kind", r.kind);
	synth_rows_text(rows, "urgency", r.urgency);
	if (r.override)
		synth_rows_text(rows, "override_reason", "생명 위험 (가상)");
	else
		synth_rows_ref(rows, "consent", &consent);
	synth_rows_list(rows, "share_fields");
	synth_rows_add(rows, "성명");
	synth_rows_add(rows, "연락처");
	synth_rows_list_end(rows);
	synth_rows_text(rows, "state", "draft");
	synth_rows_end(rows);
	referral_answers(plan, &r);
}

void
synth_case_referrals(const struct synth_plan *plan)
{
	for (uint32_t n = 0; n < plan->n[SYNTH_REFERRAL]; n++)
		referral_write(plan, n);
}
