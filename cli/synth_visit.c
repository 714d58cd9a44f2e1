/*
 * Visits of the synthetic city: planned and assigned, then done, refused or in
 * vain; and services.
 */
#include "cli/synth_visit.h"

#include <stdio.h>

#include "cli/synth_home.h"
#include "proto/calendar.h"

enum {
	HALF_MONTHS = 6,
	HEALTH_PERMILLE = 100,
	CONFIRMED_PERMILLE = 800,
};

struct visit {
	uint32_t n; /* of the year */
	uint32_t of_month;
	unsigned month;
	struct synth_prng prng;
	const char *kind;
	struct synth_home home;
	int64_t planned_at;
	int64_t at;
	struct record_id id;
	uint32_t met;	    /* how many persons; */
	uint32_t met_first; /* the first of them */
	bool pair;
	const char *state;
	bool late; /* somebody came twice */
};

static void visit_make(const struct synth_plan *plan, struct visit *visit);
static void visit_draw(const struct synth_plan *plan, struct visit *visit);
static void visit_first_met(const struct synth_plan *plan, struct visit *visit);
static void result_draw(const struct synth_plan *plan, struct visit *visit);
static void visit_write(
    const struct synth_plan *plan, const struct visit *visit);
static void fields_write(
    const struct synth_plan *plan, const struct visit *visit);
static void done_write(struct synth_rows *rows, struct visit *visit);
static void result_write(const struct synth_plan *plan, struct visit *visit);
static void health_write(const struct synth_plan *plan, struct visit *visit);
static void confirm_write(const struct synth_plan *plan, struct visit *visit);
static void service_write(const struct synth_plan *plan, uint32_t n);

void
synth_visit_rows(const struct synth_plan *plan)
{
	uint32_t n = 0;

	for (unsigned month = 0; month < SYNTH_MONTHS; month++)
		for (uint32_t i = 0; i < plan->visits[month]; i++) {
			struct visit visit = {
			    .n = n, .of_month = i, .month = month};

			visit_make(plan, &visit);
			visit_write(plan, &visit);
			n++;
			result_write(plan, &visit);
		}
	for (uint32_t i = 0; i < plan->n[SYNTH_SERVICE]; i++)
		service_write(plan, i);
}

void
synth_visit_made(const struct synth_plan *plan, unsigned month)
{
	struct visit visit = {.month = month};

	for (unsigned i = 0; i < month; i++)
		visit.n += plan->visits[i];
	for (uint32_t i = 0; i < plan->visits[month]; i++, visit.n++) {
		struct visit one = visit;

		one.of_month = i;
		visit_make(plan, &one);
		if (one.state[0] != 'd')
			continue;
		synth_plan_new(plan, SYNTH_VISIT, &one.id, one.at);
		fields_write(plan, &one);
		synth_rows_text(plan->rows, "state", "done");
		synth_rows_int(plan->rows, "attempts", one.late ? 2 : 1);
		done_write(plan->rows, &one);
		synth_rows_end(plan->rows);
	}
}

struct record_id
synth_visit_id(const struct synth_plan *plan, uint32_t n, int64_t *at)
{
	struct visit visit = {.n = n, .of_month = n};

	while (visit.of_month >= plan->visits[visit.month])
		visit.of_month -= plan->visits[visit.month++];
	visit_make(plan, &visit);
	*at = visit.planned_at;
	return visit.id;
}

static void
visit_make(const struct synth_plan *plan, struct visit *visit)
{
	bool busy = plan->busy &&
		    (plan->year == 2015 || visit->month < HALF_MONTHS);
	int64_t day;

	visit->prng = synth_plan_prng(plan, SYNTH_VISIT, visit->n);
	day = synth_plan_month_day(
	    plan, visit->month, visit->of_month, plan->visits[visit->month]);
	visit->at = synth_plan_hour(&visit->prng, day);
	if (busy && visit->of_month < SYNTH_BUSY_MET)
		visit_first_met(plan, visit);
	else
		visit_draw(plan, visit);
	if (busy && visit->of_month >= SYNTH_BUSY_MET)
		visit->state = synth_prng_chance(&visit->prng, 700) ? "absent"
								    : "refused";
	visit->planned_at = visit->at -
			    (int64_t)SYNTH_DAY_SECONDS *
				(3 + synth_prng_below(&visit->prng, 12));
	/* Not before the household was known, nor the year. */
	if (visit->planned_at < visit->home.at + 3600)
		visit->planned_at = visit->at - 600;
	if (visit->planned_at < plan->first_day * SYNTH_DAY_SECONDS)
		visit->planned_at = visit->at - 600;
	visit->id = synth_plan_id(
	    plan, SYNTH_VISIT, visit->n, visit->planned_at);
}

/* The busy centre goes from person to person, in the order in which they were
 * entered, and meets each for the first time. */
static void
visit_first_met(const struct synth_plan *plan, struct visit *visit)
{
	static const char *const kinds[] = {"보편_65세", "보편_70세",
	    "보편_출산", "빈곤위기", "돌봄위기", "안부", "정기"};
	uint32_t person = (visit->month % HALF_MONTHS) * SYNTH_BUSY_MET +
			  visit->of_month;
	int64_t day;

	synth_home_get(plan, person / 2, &visit->home);
	visit->kind = kinds[visit->home.kind];
	visit->met_first = person % 2;
	visit->met = 1;
	visit->state = "done";
	day = visit->home.at - visit->home.at % SYNTH_DAY_SECONDS;
	if (visit->at < day)
		visit->at = day + visit->at % SYNTH_DAY_SECONDS;
	visit->pair = visit->home.pair || visit->home.kind <= SYNTH_HOME_BORN;
}

static void
visit_draw(const struct synth_plan *plan, struct visit *visit)
{
	static const struct {
		const char *kind;
		enum synth_home_kind home;
	} kinds[] = {{"보편_65세", SYNTH_HOME_65}, {"보편_70세", SYNTH_HOME_70},
	    {"보편_출산", SYNTH_HOME_BORN}, {"빈곤위기", SYNTH_HOME_POOR},
	    {"돌봄위기", SYNTH_HOME_CRISIS}, {"정기", SYNTH_HOME_ANY},
	    {"모니터링", SYNTH_HOME_ANY}, {"안부", SYNTH_HOME_ANY},
	    {"제보확인", SYNTH_HOME_ANY}, {"일제조사", SYNTH_HOME_ANY},
	    {"건강", SYNTH_HOME_ANY}};
	static const uint16_t weights[COUNT_OF(kinds)] = {
	    13, 8, 3, 9, 1, 20, 18, 18, 4, 4, 2};
	size_t kind = synth_prng_pick(&visit->prng, weights, COUNT_OF(kinds));
	bool universal = kind <= 2;

	visit->kind = kinds[kind].kind;
	/* Who turns 65 is visited in that year. */
	synth_home_pick(
	    plan, &visit->prng, visit->at, kinds[kind].home, &visit->home);
	visit->met = 1;
	if (visit->home.persons_n > 1 && synth_prng_chance(&visit->prng, 400))
		visit->met = 2;
	visit->pair = universal || visit->home.pair;
	result_draw(plan, visit);
}

/* Those that are made are spread over the month. */
static bool
is_made(const struct synth_plan *plan, const struct visit *visit)
{
	uint64_t made = plan->made[visit->month];
	uint32_t all = plan->visits[visit->month];

	return (visit->of_month + 1) * made / all >
	       visit->of_month * made / all;
}

static void
result_draw(const struct synth_plan *plan, struct visit *visit)
{
	static const char *const states[] = {"absent", "refused", "cancelled"};
	static const uint16_t weights[COUNT_OF(states)] = {14, 5, 3};
	size_t state = synth_prng_pick(&visit->prng, weights, COUNT_OF(states));

	visit->state = is_made(plan, visit) ? "done" : states[state];
	visit->late = visit->state[0] == 'd' &&
		      synth_prng_chance(&visit->prng, 80);
}

/* What is known of a visit that was planned. */
static void
fields_write(const struct synth_plan *plan, const struct visit *visit)
{
	struct synth_rows *rows = plan->rows;
	uint32_t planner = visit->n % SYNTH_PLANNERS_N;
	struct record_id first = synth_plan_staff(
	    plan, SYNTH_PLANNERS_FIRST + planner);
	struct record_id nurse = synth_plan_staff(
	    plan, SYNTH_NURSES_FIRST + visit->n % SYNTH_NURSES_N);

	synth_rows_ref(rows, "household", &visit->home.id);
	synth_rows_text(rows, "kind", visit->kind);
	synth_rows_day(rows, "planned_on", visit->at / SYNTH_DAY_SECONDS);
	synth_rows_day(rows, "due_on", visit->at / SYNTH_DAY_SECONDS + 7);
	synth_rows_list(rows, "staff");
	synth_rows_add_ref(rows, &first);
	if (visit->pair)
		synth_rows_add_ref(rows, &nurse);
	synth_rows_list_end(rows);
	synth_rows_text(rows, "channel", "방문");
	synth_rows_bool(rows, "offline", visit->n % 5 != 0);
}

static void
visit_write(const struct synth_plan *plan, const struct visit *visit)
{
	synth_plan_new(plan, SYNTH_VISIT, &visit->id, visit->planned_at);
	fields_write(plan, visit);
	synth_rows_text(plan->rows, "state", "assigned");
	synth_rows_end(plan->rows);
}

static void
met_write(struct synth_rows *rows, const struct visit *visit)
{
	synth_rows_list(rows, "persons_met");
	for (uint32_t k = 0; k < visit->met; k++) {
		struct record_id id = synth_home_person(
		    &visit->home, visit->met_first + k);

		synth_rows_add_ref(rows, &id);
	}
	synth_rows_list_end(rows);
	synth_rows_int(rows, "people_n", visit->met);
}

/* What a visit that was made says besides. */
static void
done_write(struct synth_rows *rows, struct visit *visit)
{
	static const char *const needs[] = {"경제", "건강", "주거", "고용",
	    "돌봄", "정서", "안전", "법률", "신용"};
	static const char *const outcomes[] = {
	    "특이없음", "정보제공", "서비스연계", "사례의뢰", "재방문", "긴급"};
	static const uint16_t weights[COUNT_OF(outcomes)] = {
	    35, 25, 25, 4, 10, 1};

	synth_rows_time(rows, "visited_at", visit->at);
	synth_rows_text(rows, "outcome",
	    outcomes[synth_prng_pick(
		&visit->prng, weights, COUNT_OF(outcomes))]);
	met_write(rows, visit);
	if (synth_prng_chance(&visit->prng, 500))
		synth_rows_one(rows, "needs",
		    needs[synth_prng_below(&visit->prng, COUNT_OF(needs))]);
}

static void
result_write(const struct synth_plan *plan, struct visit *visit)
{
	static const char *const texts[] = {"건강 양호, 식사 잘하심",
	    "난방비 걱정, 에너지바우처 안내", "약 복용 확인", "말벗 봉사 희망",
	    "치과 진료 필요", "이웃과 왕래 있음", "혼자 지내시며 외출이 적음"};
	struct synth_rows *rows = plan->rows;
	bool done = visit->state[0] == 'd';
	char text[SYNTH_TEXT_SIZE];

	if (visit->late) {
		synth_plan_change(
		    plan, SYNTH_VISIT, &visit->id, visit->at - 120);
		synth_rows_text(rows, "state", "attempted");
		synth_rows_int(rows, "attempts", 1);
		synth_rows_end(rows);
		synth_plan_change(
		    plan, SYNTH_VISIT, &visit->id, visit->at - 60);
		synth_rows_text(rows, "state", "assigned");
		synth_rows_end(rows);
	}
	synth_plan_change(plan, SYNTH_VISIT, &visit->id, visit->at);
	synth_rows_text(rows, "state", visit->state);
	if (visit->state[0] != 'c')
		synth_rows_int(rows, "attempts", visit->late ? 2 : 1);
	if (done)
		done_write(rows, visit);
	(void)snprintf(text, sizeof(text), "%s (가상 기록 %u)",
	    done ? texts[synth_prng_below(&visit->prng, COUNT_OF(texts))]
		 : "만나지 못함",
	    visit->n + 1);
	synth_rows_one(rows, "notes", text);
	synth_rows_end(rows);
	if (done && synth_prng_chance(&visit->prng, HEALTH_PERMILLE))
		health_write(plan, visit);
	if (done && synth_prng_chance(&visit->prng, CONFIRMED_PERMILLE))
		confirm_write(plan, visit);
}

/* The team lead looks at what was done some days later. */
static void
confirm_write(const struct synth_plan *plan, struct visit *visit)
{
	int64_t at = visit->at + 7200 +
		     (int64_t)SYNTH_DAY_SECONDS *
			 (1 + synth_prng_below(&visit->prng, 6));

	at = synth_plan_inside(plan, at);
	if (at <= visit->at)
		return; /* the year is over */
	synth_plan_change(plan, SYNTH_VISIT, &visit->id, at);
	synth_rows_text(plan->rows, "state", "confirmed");
	synth_rows_end(plan->rows);
}

static void
health_write(const struct synth_plan *plan, struct visit *visit)
{
	struct synth_rows *rows = plan->rows;
	int64_t at = visit->at + 300;
	struct record_id id = synth_plan_id(plan, SYNTH_HEALTH, visit->n, at);
	struct record_id person = synth_home_person(
	    &visit->home, visit->met_first);

	synth_plan_new(plan, SYNTH_HEALTH, &id, at);
	synth_rows_ref(rows, "person", &person);
	synth_rows_ref(rows, "visit", &visit->id);
	synth_rows_day(rows, "measured_on", at / SYNTH_DAY_SECONDS);
	synth_rows_map(rows, "values");
	synth_rows_pair(
	    rows, "systolic", 105 + synth_prng_below(&visit->prng, 60));
	synth_rows_pair(
	    rows, "diastolic", 65 + synth_prng_below(&visit->prng, 30));
	synth_rows_pair(
	    rows, "glucose", 85 + synth_prng_below(&visit->prng, 90));
	synth_rows_map_end(rows);
	synth_rows_end(rows);
}

static void
service_write(const struct synth_plan *plan, uint32_t n)
{
	struct synth_rows *rows = plan->rows;
	struct synth_prng prng = synth_plan_prng(plan, SYNTH_SERVICE, n);
	int64_t at = synth_plan_hour(
	    &prng, synth_plan_day(plan, SYNTH_SERVICE, n));
	struct record_id id = synth_plan_id(plan, SYNTH_SERVICE, n, at);
	uint32_t kind = synth_prng_below(&prng, SYNTH_SERVICE_TYPES_N);
	struct record_id type = synth_plan_service_type(plan->city, kind);
	struct record_id person;
	struct synth_home home;
	bool public = kind < 4;

	synth_home_pick(plan, &prng, at, SYNTH_HOME_ANY, &home);
	person = synth_home_person(&home, 0);
	synth_plan_new(plan, SYNTH_SERVICE, &id, at);
	synth_rows_ref(rows, "household", &home.id);
	synth_rows_ref(rows, "person", &person);
	synth_rows_ref(rows, "service_type", &type);
	synth_rows_day(rows, "given_on", at / SYNTH_DAY_SECONDS);
	synth_rows_int(rows, "qty", 1 + synth_prng_below(&prng, 3));
	synth_rows_bool(rows, "public", public);
	if (!public && synth_prng_chance(&prng, 300))
		synth_rows_int(
		    rows, "amount", 10000 * (1 + synth_prng_below(&prng, 30)));
	synth_rows_text(rows, "result", public ? "신청" : "제공완료");
	synth_rows_end(rows);
	if (!public)
		return;
	at += (int64_t)SYNTH_DAY_SECONDS * (10 + synth_prng_below(&prng, 40));
	synth_plan_change(
	    plan, SYNTH_SERVICE, &id, synth_plan_inside(plan, at));
	synth_rows_text(
	    rows, "result", synth_prng_chance(&prng, 750) ? "결정" : "기각");
	synth_rows_end(rows);
}
