/*
 * Households and persons of the synthetic city.  Their names have given names
 * from a list of made-up ones, their streets and telephone numbers do not
 * exist.
 */
#include "cli/synth_home.h"

#include <stdio.h>

#include "proto/calendar.h"

enum {
	CYCLE = 100,
	STEP = 37,	/* kinds are spread over each hundred by it */
	STEP_BACK = 73, /* STEP * STEP_BACK leaves 1 */
	PERSONS_MAX = 5,
};

/* Of a hundred households, which are what; the places behind the last bound are
 * none of these. */
static const uint32_t bounds[SYNTH_HOME_ANY + 1] = {0, 36, 58, 66, 86, 90, 100};

static void household_write(const struct synth_home *home);
static void person_write(const struct synth_home *home, uint32_t k);
static void consent_write(const struct synth_home *home);
static void later_write(const struct synth_home *home);
static void call_write(const struct synth_plan *plan, uint32_t n);

void
synth_home_get(
    const struct synth_plan *plan, uint32_t n, struct synth_home *home)
{
	static const uint16_t sizes[PERSONS_MAX] = {45, 27, 14, 11, 3};
	struct synth_prng prng = synth_plan_prng(plan, SYNTH_HOUSEHOLD, n);
	uint32_t place = n * STEP % CYCLE;
	uint32_t kind = 0;

	while (place >= bounds[kind + 1])
		kind++;
	*home = (struct synth_home){
	    .plan = plan, .n = n, .kind = (enum synth_home_kind)kind};
	home->at = synth_plan_day(plan, SYNTH_HOUSEHOLD, n) + 8 * 3600 +
		   synth_prng_below(&prng, 3000);
	home->id = synth_plan_id(plan, SYNTH_HOUSEHOLD, n, home->at);
	home->persons_n = 1 +
			  (uint32_t)synth_prng_pick(&prng, sizes, PERSONS_MAX);
	home->pair = synth_prng_chance(&prng, 40);
	if (home->kind == SYNTH_HOME_BORN && home->persons_n == 1)
		home->persons_n = 2;
	if (home->kind == SYNTH_HOME_ALONE)
		home->persons_n = 1;
	if (plan->busy &&
	    (plan->year == 2015 || n < plan->half_n[SYNTH_HOUSEHOLD]))
		home->persons_n = 2;
}

/* How many were entered on days up to that of `at`. */
static uint32_t
entered_by(const struct synth_plan *plan, int64_t at)
{
	uint32_t low = 0;
	uint32_t high = plan->n[SYNTH_HOUSEHOLD];

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (synth_plan_day(plan, SYNTH_HOUSEHOLD, middle) <=
		    at - at % SYNTH_DAY_SECONDS)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void
synth_home_pick(const struct synth_plan *plan, struct synth_prng *prng,
    int64_t at, enum synth_home_kind kind, struct synth_home *home)
{
	uint32_t n = entered_by(plan, at);
	uint32_t low = bounds[kind == SYNTH_HOME_ANY ? 0 : kind];
	uint32_t high = bounds[kind == SYNTH_HOME_ANY ? kind : kind + 1];
	bool old = plan->before != NULL && kind > SYNTH_HOME_BORN &&
		   synth_prng_chance(prng, n < 50 ? 800 : 300);
	uint32_t place = low + synth_prng_below(prng, high - low);
	uint32_t drawn;

	if (old) {
		plan = plan->before;
		n = plan->n[SYNTH_HOUSEHOLD];
	}
	n = n == 0 ? 1 : n;
	drawn = synth_prng_below(prng, n) / CYCLE * CYCLE +
		place * STEP_BACK % CYCLE;
	synth_home_get(
	    plan, drawn < n ? drawn : synth_prng_below(prng, n), home);
}

struct record_id
synth_home_person(const struct synth_home *home, uint32_t k)
{
	assert(k < PERSONS_MAX);
	return synth_plan_id(home->plan, SYNTH_PERSON,
	    home->n * PERSONS_MAX + k, home->at + 60 * ((int64_t)k + 1));
}

/* ---- what people are called --------------------------------------------- */

void
synth_home_name(struct synth_prng *prng, char name[SYNTH_TEXT_SIZE])
{
	static const char *const families[] = {"김", "이", "박", "최", "정",
	    "강", "조", "윤", "장", "임", "한", "오", "서", "신", "권", "황"};
	static const uint16_t weights[COUNT_OF(families)] = {
	    215, 147, 84, 47, 43, 24, 21, 20, 20, 17, 15, 15, 15, 15, 14, 14};
	static const char *const given[] = {"가온", "나래", "다솔", "라온",
	    "마루", "바론", "사란", "아람", "자운", "차온", "타온", "하람"};
	size_t family = synth_prng_pick(prng, weights, COUNT_OF(families));
	uint32_t number = synth_prng_below(prng, 99) + 1;
	uint32_t which = synth_prng_below(prng, COUNT_OF(given));

	(void)snprintf(name, SYNTH_TEXT_SIZE, "%s%s%u", families[family],
	    given[which], number);
}

void
synth_home_phone(struct synth_prng *prng, char phone[SYNTH_TEXT_SIZE])
{
	(void)snprintf(phone, SYNTH_TEXT_SIZE, "010-0000-%04u",
	    synth_prng_below(prng, 10000));
}

static int64_t
birth_draw(const struct synth_home *home, struct synth_prng *prng)
{
	uint32_t day = synth_prng_below(prng, 365);
	int age = 30 + (int)synth_prng_below(prng, 55);

	switch (home->kind) {
	case SYNTH_HOME_65:
		age = 65;
		break;
	case SYNTH_HOME_70:
		age = 70;
		break;
	case SYNTH_HOME_BORN:
		age = 25 + age % 17;
		break;
	case SYNTH_HOME_ALONE:
		age = 50 + age % 15;
		break;
	case SYNTH_HOME_POOR:
	case SYNTH_HOME_CRISIS:
	case SYNTH_HOME_ANY:
		break;
	}
	return calendar_day(
		   (struct calendar_date){home->plan->year - age, 1, 1}) +
	       day;
}

void
synth_home_words(const struct synth_home *home, struct synth_home_words *words)
{
	const struct synth_plan *plan = home->plan;
	const struct synth_dong *dong = plan->dong;
	struct synth_prng prng = synth_plan_prng(
	    plan, SYNTH_PERSON, home->n * PERSONS_MAX);
	uint32_t street = synth_prng_below(&prng, 60) + 1;
	uint32_t house = synth_prng_below(&prng, 200) + 1;
	uint32_t block = synth_prng_below(&prng, 12) + 101;
	uint32_t floor = synth_prng_below(&prng, 20) + 1;

	(void)snprintf(words->address, sizeof(words->address),
	    "%s %s 찾동가상로 %u길 %u, %u-%u",
	    plan->city->districts[dong->district].name, dong->name, street,
	    house, block, floor * 100 + synth_prng_below(&prng, 6) + 1);
	synth_home_name(&prng, words->name);
	synth_home_phone(&prng, words->phone);
	words->birth_day = birth_draw(home, &prng);
}

/* ---- rows --------------------------------------------------------------- */

void
synth_home_stock(const struct synth_plan *plan)
{
	for (uint32_t n = 0; n < plan->n[SYNTH_HOUSEHOLD]; n++) {
		struct synth_home home;

		synth_home_get(plan, n, &home);
		household_write(&home);
		for (uint32_t k = 0; k < home.persons_n; k++)
			person_write(&home, k);
		consent_write(&home);
	}
}

void
synth_home_rows(const struct synth_plan *plan)
{
	synth_home_stock(plan);
	for (uint32_t n = 0; n < plan->n[SYNTH_HOUSEHOLD]; n++) {
		struct synth_home home;

		synth_home_get(plan, n, &home);
		later_write(&home);
	}
	for (uint32_t n = 0; n < plan->n[SYNTH_CALL]; n++)
		call_write(plan, n);
}

static void
types_write(const struct synth_home *home, struct synth_prng *prng)
{
	struct synth_rows *rows = home->plan->rows;
	bool old = home->kind <= SYNTH_HOME_70;

	synth_rows_list(rows, "types");
	if (home->persons_n == 1)
		synth_rows_add(rows, old ? "독거노인" : "1인가구");
	if (home->kind == SYNTH_HOME_ALONE)
		synth_rows_add(rows, "중장년1인");
	if (home->kind == SYNTH_HOME_BORN)
		synth_rows_add(rows, "출산가정");
	if (home->kind == SYNTH_HOME_POOR)
		synth_rows_add(rows, "빈곤위기");
	if (home->kind == SYNTH_HOME_CRISIS)
		synth_rows_add(rows, "돌봄위기");
	if (synth_prng_chance(prng, 80))
		synth_rows_add(rows, "장애인");
	synth_rows_list_end(rows);
}

static void
household_write(const struct synth_home *home)
{
	static const char *const risks[] = {"낮음", "중간", "높음", "긴급"};
	static const uint16_t weights[COUNT_OF(risks)] = {55, 30, 12, 3};
	static const char *const rights[] = {
	    "생계", "의료", "주거", "차상위", "기초연금"};
	const struct synth_plan *plan = home->plan;
	struct synth_rows *rows = plan->rows;
	struct synth_prng prng = synth_plan_prng(
	    plan, SYNTH_CONSENT, 2 * home->n);
	struct record_id owner = synth_plan_org(plan);
	struct record_id zone = synth_plan_zone(
	    plan, synth_prng_below(&prng, SYNTH_ZONES_N));
	struct record_id head = synth_home_person(home, 0);
	struct synth_home_words words = {0};
	char number[SYNTH_TEXT_SIZE];

	synth_home_words(home, &words);
	(void)snprintf(number, sizeof(number), "S%s-%d-%05u", plan->dong->code,
	    plan->year, home->n + 1);
	synth_plan_new(plan, SYNTH_HOUSEHOLD, &home->id, home->at);
	synth_rows_text(rows, "hh_no", number);
	synth_rows_ref(rows, "owner_dong", &owner);
	synth_rows_text(rows, "address", words.address);
	synth_rows_ref(rows, "zone", &zone);
	synth_rows_text(rows, "phone", words.phone);
	synth_rows_ref(rows, "head", &head);
	types_write(home, &prng);
	if (home->kind == SYNTH_HOME_POOR || synth_prng_chance(&prng, 150))
		synth_rows_one(rows, "entitlements",
		    rights[synth_prng_below(&prng, COUNT_OF(rights))]);
	synth_rows_text(rows, "risk",
	    risks[synth_prng_pick(&prng, weights, COUNT_OF(risks))]);
	synth_rows_text(rows, "state", "registered");
	if (home->pair)
		synth_rows_one(rows, "safety_flags", "2인1조필수");
	synth_rows_end(rows);
}

/* What only the head has, or only those of some households. */
static void
head_write(const struct synth_home *home, struct synth_prng *prng)
{
	static const char *const health[] = {
	    "고혈압", "당뇨", "치매의심", "우울", "허약", "거동불편"};
	struct synth_rows *rows = home->plan->rows;
	struct synth_home_words words = {0};

	synth_home_words(home, &words);
	synth_rows_text(rows, "name", words.name);
	synth_rows_day(rows, "birth", words.birth_day);
	synth_rows_text(rows, "relation", "본인");
	synth_rows_text(rows, "phone", words.phone);
	synth_rows_bool(rows, "lives_alone", home->persons_n == 1);
	if (home->kind == SYNTH_HOME_BORN)
		synth_rows_day(rows, "birth_event_on",
		    home->at / SYNTH_DAY_SECONDS - 10 -
			synth_prng_below(prng, 30));
	if (home->kind <= SYNTH_HOME_70 && synth_prng_chance(prng, 450))
		synth_rows_one(rows, "health",
		    health[synth_prng_below(prng, COUNT_OF(health))]);
}

static void
person_write(const struct synth_home *home, uint32_t k)
{
	static const char *const relations[] = {
	    "배우자", "자녀", "자녀", "부모"};
	const struct synth_plan *plan = home->plan;
	struct synth_rows *rows = plan->rows;
	struct synth_prng prng = synth_plan_prng(
	    plan, SYNTH_PERSON, home->n * PERSONS_MAX + k + (1U << 24));
	struct record_id id = synth_home_person(home, k);
	bool child = k > 1 || (k == 1 && home->kind == SYNTH_HOME_BORN);
	char name[SYNTH_TEXT_SIZE];

	synth_plan_new(
	    plan, SYNTH_PERSON, &id, home->at + 60 * ((int64_t)k + 1));
	synth_rows_ref(rows, "household", &home->id);
	if (k == 0) {
		head_write(home, &prng);
	} else {
		int age = child ? (int)synth_prng_below(&prng, 25)
				: 30 + (int)synth_prng_below(&prng, 50);

		synth_home_name(&prng, name);
		synth_rows_text(rows, "name", name);
		if (home->kind == SYNTH_HOME_BORN && k == 1)
			synth_rows_day(
			    rows, "birth", home->at / SYNTH_DAY_SECONDS - 20);
		else
			synth_rows_day(rows, "birth",
			    calendar_day((struct calendar_date){
				plan->year - 1 - age, 1, 1}) +
				synth_prng_below(&prng, 365));
		synth_rows_text(
		    rows, "relation", child ? "자녀" : relations[k - 1]);
	}
	synth_rows_text(
	    rows, "sex", synth_prng_chance(&prng, 500) ? "여" : "남");
	synth_rows_text(rows, "status", "resident");
	synth_rows_end(rows);
}

static void
consent_write(const struct synth_home *home)
{
	const struct synth_plan *plan = home->plan;
	struct synth_rows *rows = plan->rows;
	int64_t at = home->at + (int64_t)10 * 60;
	struct record_id id = synth_plan_id(plan, SYNTH_CONSENT, home->n, at);

	synth_plan_new(plan, SYNTH_CONSENT, &id, at);
	synth_rows_ref(rows, "subject", &home->id);
	synth_rows_text(rows, "kind", "수집이용");
	synth_rows_text(rows, "purpose", "찾동 방문 상담 (가상)");
	synth_rows_day(rows, "given_on", at / SYNTH_DAY_SECONDS);
	synth_rows_day(
	    rows, "expires_on", at / SYNTH_DAY_SECONDS + (int64_t)5 * 365);
	synth_rows_text(rows, "evidence", "종이 동의서 (가상)");
	synth_rows_end(rows);
}

/* What becomes known of a household and its people in the year. */
static void
later_write(const struct synth_home *home)
{
	static const char *const risks[] = {"낮음", "중간", "높음"};
	const struct synth_plan *plan = home->plan;
	struct synth_rows *rows = plan->rows;
	struct synth_prng prng = synth_plan_prng(
	    plan, SYNTH_CONSENT, 2 * home->n + 1);
	int64_t at = home->at;
	char phone[SYNTH_TEXT_SIZE];

	at += (int64_t)SYNTH_DAY_SECONDS * (3 + synth_prng_below(&prng, 20));
	synth_plan_change(
	    plan, SYNTH_HOUSEHOLD, &home->id, synth_plan_inside(plan, at));
	synth_rows_text(rows, "state", "active");
	synth_rows_text(rows, "risk", risks[synth_prng_below(&prng, 3)]);
	synth_rows_end(rows);
	at += (int64_t)SYNTH_DAY_SECONDS * (30 + synth_prng_below(&prng, 90));
	if (synth_prng_chance(&prng, 700)) {
		synth_plan_change(plan, SYNTH_HOUSEHOLD, &home->id,
		    synth_plan_inside(plan, at));
		synth_rows_text(rows, "state", "monitoring");
		synth_home_phone(&prng, phone);
		synth_rows_text(rows, "phone", phone);
		synth_rows_end(rows);
	}
	for (uint32_t k = 0; k < home->persons_n; k++) {
		struct record_id id = synth_home_person(home, k);

		at += 60;
		if (synth_prng_chance(&prng, 400))
			continue;
		synth_plan_change(
		    plan, SYNTH_PERSON, &id, synth_plan_inside(plan, at));
		synth_rows_text(rows, "disability",
		    synth_prng_chance(&prng, 60) ? "심한" : "없음");
		synth_home_phone(&prng, phone);
		synth_rows_text(rows, "phone", phone);
		synth_rows_end(rows);
	}
}

static void
call_write(const struct synth_plan *plan, uint32_t n)
{
	static const char *const texts[] = {"안부 확인, 특이사항 없음",
	    "식사를 거르신다고 하여 반찬지원 안내", "병원 진료 예약 도움",
	    "공과금 체납 상담", "자녀와 연락이 닿음", "다음 방문일 조율"};
	struct synth_prng prng = synth_plan_prng(plan, SYNTH_CALL, n);
	int64_t at = synth_plan_hour(
	    &prng, synth_plan_day(plan, SYNTH_CALL, n));
	struct synth_home home;
	char day[CALENDAR_TEXT_SIZE];
	char text[SYNTH_TEXT_SIZE];

	synth_home_pick(plan, &prng, at, SYNTH_HOME_ANY, &home);
	calendar_write_day(at / SYNTH_DAY_SECONDS, day);
	(void)snprintf(text, sizeof(text), "%s 전화 %u: %s (가상)", day, n + 1,
	    texts[synth_prng_below(&prng, COUNT_OF(texts))]);
	synth_plan_change(plan, SYNTH_HOUSEHOLD, &home.id, at);
	synth_rows_one(plan->rows, "notes", text);
	synth_rows_end(plan->rows);
}
