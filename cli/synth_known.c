/*
 * What stands in the spaces of the whole city: synth_pinned and synth_tenant
 * have it written.
 */
#include "cli/synth_known.h"

#include <stdio.h>
#include <string.h>

#include "proto/calendar.h"

enum {
	DAY = SYNTH_DAY_SECONDS,
	TEXT_SIZE = 160,
	LAST_PLANNERS = 74, /* of the sixteen dongs that joined last */
	LAST_DONGS = 16,
	SECRET_SIZE = 32,
};

static const char city_code[] = "1100000000";

static int64_t
first_day(void)
{
	return synth_city_stage_day(1);
}

static void
row_begin(struct synth_rows *rows, const char *collection, const char *class,
    const struct record_id *id, int64_t day)
{
	synth_rows_begin(rows, &(struct synth_row){.collection = collection,
				   .class = class,
				   .id = *id,
				   .at = day * DAY + (int64_t)8 * 3600});
}

static struct record_id
known_id(const struct synth_city *city, const char *entity, uint64_t n)
{
	struct synth_prng prng = synth_prng_at(
	    synth_prng_key(city->seed, "city", entity, 0), n);
	struct record_id id;
	uint8_t random[16];

	bytes_put_be64(random, synth_prng_next(&prng));
	bytes_put_be64(random + 8, synth_prng_next(&prng));
	id_record((uint64_t)first_day() * DAY * 1000, random, &id);
	return id;
}

/* ---- units -------------------------------------------------------------- */

/* Where names have dots between numbers, or a number behind the name. */
static void
aliases_write(const struct synth_unit *unit, struct synth_rows *rows)
{
	static const char *const dots[] = {".", "\xe2\x80\xa4", "\xe2\x80\xa7"};
	static const char middle[] = "·";
	const char *digit = strpbrk(unit->name, "0123456789");
	char text[TEXT_SIZE];

	synth_rows_list(rows, "aliases");
	if (strcmp(unit->official, unit->name) != 0)
		synth_rows_add(rows, unit->official);
	if (digit != NULL) {
		(void)snprintf(text, sizeof(text), "%.*s %s",
		    (int)(digit - unit->name), unit->name, digit);
		synth_rows_add(rows, text);
	}
	for (size_t i = 0;
	     i < COUNT_OF(dots) && strstr(unit->name, middle) != NULL; i++) {
		struct buf name = {0};
		const char *at = unit->name;
		const char *dot;

		while ((dot = strstr(at, middle)) != NULL) {
			buf_add(&name, bytes_of(at, (size_t)(dot - at)));
			buf_add_text(&name, dots[i]);
			at = dot + sizeof(middle) - 1;
		}
		buf_add_text(&name, at);
		if (strcmp(buf_text(&name), unit->official) != 0)
			synth_rows_add(rows, buf_text(&name));
		buf_fini(&name);
	}
	synth_rows_list_end(rows);
}

void
synth_known_unit(const struct synth_city *city, const struct synth_unit *unit,
    struct synth_rows *rows)
{
	struct record_id id = synth_plan_unit(city, unit->code);
	struct record_id parent;

	row_begin(rows, "org_unit", "public", &id, first_day());
	synth_rows_text(rows, "code", unit->code);
	synth_rows_text(rows, "level", unit->level);
	if (unit->parent != NULL) {
		parent = synth_plan_unit(city, unit->parent);
		synth_rows_ref(rows, "parent", &parent);
	}
	if (unit->prefix != NULL)
		synth_rows_text(rows, "prefix", unit->prefix);
	synth_rows_text(rows, "name_ko", unit->name);
	if (unit->name_en != NULL)
		synth_rows_text(rows, "name_en", unit->name_en);
	if (unit->official != NULL)
		aliases_write(unit, rows);
	synth_rows_day(rows, "valid_from", unit->from_day);
	synth_rows_end(rows);
}

/* Whom centres hand people on to; care SOS centres where they were tried. */
static void
helpers_write(const struct synth_city *city,
    const struct synth_district *district, struct synth_rows *rows)
{
	static const char *const pilots[] = {
	    "성동구", "노원구", "은평구", "마포구", "강서구"};
	static const struct {
		const char *letter;
		const char *level;
		const char *word;
	} helpers[] = {{"H", "health_centre", "가상보건소"},
	    {"W", "agency", "가상복지관"}, {"S", "care_sos", "돌봄SOS센터"}};
	bool pilot = false;

	for (size_t i = 0; i < COUNT_OF(pilots); i++)
		pilot |= strcmp(pilots[i], district->name) == 0;
	for (size_t i = 0; i < COUNT_OF(helpers); i++) {
		bool sos = helpers[i].letter[0] == 'S';
		char code[TEXT_SIZE];
		char name[TEXT_SIZE];

		if (sos && !pilot)
			continue;
		(void)snprintf(code, sizeof(code), "%s%s", helpers[i].letter,
		    district->code);
		(void)snprintf(name, sizeof(name), "%s %s", district->name,
		    helpers[i].word);
		synth_known_unit(city,
		    &(struct synth_unit){.code = code,
			.level = helpers[i].level,
			.parent = district->code,
			.name = name,
			.from_day = sos ? calendar_day((struct calendar_date){
					      2019, 7, 18})
					: first_day()},
		    rows);
	}
}

/* When a dong joined, with how many people.  Where two dates were printed both
 * are kept. */
static void
enrolment_write(const struct synth_city *city, const struct synth_dong *dong,
    size_t *last, struct synth_rows *rows)
{
	static const char *const stages[SYNTH_STAGES] = {
	    "1단계", "2단계", "3단계", "4단계", "최종"};
	struct record_id id = known_id(city, "enrolment", dong->number);
	struct record_id unit = synth_plan_unit(city, dong->code);
	struct record_id district = synth_plan_unit(
	    city, city->districts[dong->district].code);
	struct synth_prng prng = synth_prng_at(
	    synth_prng_key(city->seed, dong->code, "enrolment", 0), 1);
	uint32_t planners = 5 + synth_prng_below(&prng, 2);
	uint32_t nurses = 1 + synth_prng_below(&prng, 2);

	if (dong->stage == SYNTH_STAGES) {
		planners = LAST_PLANNERS / LAST_DONGS +
			   (*last < LAST_PLANNERS % LAST_DONGS);
		nurses = 1;
		++*last;
	}
	synth_rows_begin(
	    rows, &(struct synth_row){.collection = "enrolment",
		      .class = "public",
		      .id = id,
		      .at = dong->start_day * DAY + (int64_t)8 * 3600,
		      .where = dong->prefix});
	synth_rows_ref(rows, "dong", &unit);
	synth_rows_ref(rows, "district", &district);
	synth_rows_text(rows, "stage", stages[dong->stage - 1]);
	synth_rows_text(rows, "state", "running");
	synth_rows_day(rows, "start_on", dong->start_day);
	if (dong->stage == 4) {
		synth_rows_list(rows, "reported_start");
		synth_rows_add(rows, "2018-05");
		synth_rows_add(rows, "2018-07");
		synth_rows_list_end(rows);
	}
	synth_rows_int(rows, "staff_before", 16);
	synth_rows_int(rows, "staff_after", 22);
	synth_rows_int(rows, "planned_planners", planners);
	synth_rows_int(rows, "planned_nurses", nurses);
	synth_rows_end(rows);
}

void
synth_known_units(const struct synth_city *city, struct synth_rows *rows)
{
	size_t last = 0;

	synth_known_unit(city,
	    &(struct synth_unit){.code = city_code,
		.level = "city",
		.name = "서울특별시",
		.name_en = "Seoul",
		.from_day = first_day()},
	    rows);
	for (size_t i = 0; i < SYNTH_DISTRICTS; i++) {
		const struct synth_district *district = &city->districts[i];

		synth_known_unit(city,
		    &(struct synth_unit){.code = district->code,
			.level = "district",
			.parent = city_code,
			.prefix = district->prefix,
			.name = district->name,
			.name_en = district->name_en,
			.from_day = first_day()},
		    rows);
		helpers_write(city, district, rows);
	}
	for (size_t i = 0; i < SYNTH_DONGS; i++) {
		const struct synth_dong *dong = &city->dongs[i];

		synth_known_unit(city,
		    &(struct synth_unit){.code = dong->code,
			.level = "dong",
			.parent = city->districts[dong->district].code,
			.prefix = dong->prefix,
			.name = dong->name,
			.name_en = dong->name_en,
			.official = dong->official,
			.from_day = dong->created_day},
		    rows);
	}
	for (size_t i = 0; i < SYNTH_DONGS; i++)
		enrolment_write(city, &city->dongs[i], &last, rows);
}

/* ---- kinds of services, and a key --------------------------------------- */

/* The first four are public benefits; synth_visit knows. */
void
synth_known_service_types(
    const struct synth_city *city, struct synth_rows *rows)
{
	static const struct {
		const char *name;
		const char *name_en;
		const char *category;
	} types[SYNTH_SERVICE_TYPES_N] = {
	    {"기초생활보장 신청", "Basic livelihood", "공적급여"},
	    {"차상위 신청", "Near poverty", "공적급여"},
	    {"기초연금 신청", "Basic pension", "공적급여"},
	    {"긴급복지", "Emergency aid", "긴급지원"},
	    {"이웃돕기 성금", "Donated money", "금전"},
	    {"후원 물품", "Donated goods", "물품"},
	    {"반찬 지원", "Side dishes", "식사"},
	    {"외식 지원", "Dining out", "식사"},
	    {"빨래 지원", "Laundry", "세탁·청소"},
	    {"집 청소", "Cleaning", "세탁·청소"},
	    {"이미용", "Haircut", "미용"},
	    {"말벗 봉사", "Company", "자원봉사"},
	    {"건강 상담", "Health advice", "건강"},
	    {"주거 수선", "Repairs", "주거"},
	    {"심리 상담", "Counselling", "상담"},
	    {"돌봄 연계", "Care", "돌봄SOS"},
	};

	for (uint32_t i = 0; i < SYNTH_SERVICE_TYPES_N; i++) {
		struct record_id id = synth_plan_service_type(city, i);
		char code[TEXT_SIZE];

		(void)snprintf(code, sizeof(code), "T%02u", i + 1);
		row_begin(rows, "service_type", "public", &id, first_day());
		synth_rows_text(rows, "code", code);
		synth_rows_text(rows, "name_ko", types[i].name);
		synth_rows_text(rows, "name_en", types[i].name_en);
		synth_rows_text(rows, "category", types[i].category);
		synth_rows_day(rows, "valid_from", first_day());
		synth_rows_end(rows);
	}
}

void
synth_known_key(const struct synth_city *city, struct synth_rows *rows)
{
	struct record_id id = known_id(city, "match_key", 0);
	struct synth_prng prng = synth_prng_at(
	    synth_prng_key(city->seed, "city", "match_key", 0), 1);
	uint8_t secret[SECRET_SIZE];

	for (size_t i = 0; i < sizeof(secret); i += 8)
		bytes_put_be64(secret + i, synth_prng_next(&prng));
	row_begin(rows, "match_key", "match_key", &id, first_day());
	synth_rows_hex(rows, "secret", bytes_of(secret, sizeof(secret)));
	synth_rows_day(rows, "valid_from", first_day());
	synth_rows_end(rows);
}

/* ---- what was published ------------------------------------------------- */

void
synth_known_value(const struct synth_city *city, size_t n,
    const struct synth_value *value, struct synth_rows *rows)
{
	struct record_id id = known_id(city, "reported_value", n);
	struct record_id unit;

	row_begin(rows, "reported_value", "public", &id, first_day());
	synth_rows_text(rows, "key", value->key);
	if (value->period != NULL)
		synth_rows_text(rows, "period", value->period);
	if (value->unit != NULL) {
		unit = synth_plan_unit(city, value->unit);
		synth_rows_ref(rows, "unit", &unit);
	}
	synth_rows_int(rows, "value", value->value);
	if (value->scale > 0)
		synth_rows_int(rows, "scale", value->scale);
	synth_rows_text(rows, "source", value->source);
	synth_rows_end(rows);
}

void
synth_known_values(const struct synth_city *city, struct synth_rows *rows)
{
	static const char hyehwa[] = "1111065000";
	static const char gangnam[] = "1168000000";
	static const char jongno[] = "1111061500";
	static const char seoul_2019_07[] = "서울시 발표 2019-07-17";
	static const char seoul_2019_04[] = "서울시 발표 2019-04-09";
	static const char seoul_2018[] = "서울시 발표 2018-12-05";
	static const char seoul_2017[] = "서울시 발표 2017-03-07";
	static const char jongno_2016[] = "종로구 발표 2016-07";
	static const struct synth_value values[] = {
	    {"rollout.dongs", "..2015", city_code, 80, 0, seoul_2019_07},
	    {"rollout.dongs", "..2016", city_code, 283, 0, seoul_2019_07},
	    {"rollout.dongs", "..2017", city_code, 342, 0, seoul_2019_07},
	    {"rollout.dongs", "..2018", city_code, 408, 0, seoul_2019_07},
	    {"rollout.dongs", "..2018", city_code, 283, 0, seoul_2019_04},
	    {"rollout.dongs", "..2019", city_code, 424, 0, seoul_2019_07},
	    {"rollout.districts", "..2015", city_code, 13, 0, seoul_2019_07},
	    {"rollout.districts", "..2016", city_code, 18, 0, seoul_2019_07},
	    {"rollout.districts", "..2017", city_code, 24, 0, seoul_2019_07},
	    {"rollout.districts", "..2018", city_code, 25, 0, seoul_2019_07},
	    {"rollout.districts", "..2019", city_code, 25, 0, seoul_2019_07},
	    {"rollout.planners", "2019", gangnam, 74, 0, seoul_2019_07},
	    {"rollout.nurses", "2019", gangnam, 16, 0, seoul_2019_07},
	    {"staff.before", NULL, city_code, 16, 0, seoul_2019_07},
	    {"staff.after", NULL, city_code, 22, 0, seoul_2019_07},
	    {"staff.added", NULL, city_code, 65, 1, seoul_2019_07},
	    {"visits.monthly", "2015-07", city_code, 57, 0, seoul_2019_07},
	    {"visits.monthly", "2019-06", city_code, 152, 0, seoul_2019_07},
	    {"crisis_found", "2016", city_code, 498, 0, seoul_2019_07},
	    {"crisis_found", "2018", city_code, 3183, 0, seoul_2019_07},
	    {"people.visited", "2015-07..2016-06", hyehwa, 2400, 0,
		jongno_2016},
	    {"services", "2015-07..2016-06", hyehwa, 1200, 0, jongno_2016},
	    {"chief_day.households", "2016-Q3", hyehwa, 5, 0, jongno_2016},
	    {"chief_day.companions", "2016-Q3", hyehwa, 5, 0, jongno_2016},
	    {"study.members", "2016", jongno, 11, 0, jongno_2016},
	    {"residents_council.dongs", "2022", city_code, 424, 0,
		seoul_2019_04},
	    {"care_sos.districts", "2019", city_code, 5, 0, seoul_2019_04},
	    {"space.improved", "2017", city_code, 283, 0, seoul_2017},
	    {"space.planned", "2017", city_code, 59, 0, seoul_2017},
	    {"space.active.committee", "2017", city_code, 53, 0, seoul_2017},
	    {"space.active.age50", "2017", city_code, 57, 0, seoul_2017},
	    {"pact.attendees", "2017", city_code, 200, 0, seoul_2017},
	    {"awards.people", "2018", city_code, 54, 0, seoul_2018},
	    {"awards.organisations", "2018", city_code, 3, 0, seoul_2018},
	};

	for (size_t i = 0; i < COUNT_OF(values); i++)
		synth_known_value(city, i, &values[i], rows);
}

void
synth_known_metrics(const struct synth_city *city, struct synth_rows *rows)
{
	/* What a period was not printed for is assumed, and says so. */
	static const struct {
		const char *key;
		const char *expr;
		const char *unit;
	} metrics[] = {
	    {"rollout.dongs", "enrolment: count(dong)", "동"},
	    {"rollout.districts", "enrolment: count(district)", "자치구"},
	    {"rollout.planners", "enrolment: sum(planned_planners)", "명"},
	    {"rollout.nurses", "enrolment: sum(planned_nurses)", "명"},
	    {"staff.before", "enrolment: mean(staff_before)", "명"},
	    {"staff.after", "enrolment: mean(staff_after)", "명"},
	    {"visits.monthly",
		"visit done: count / dong / month (period assumed)", "건"},
	    {"crisis_found", "case indicator 돌봄위기가구: count", "건"},
	    {"people.visited", "visit done: count(persons_met)", "명"},
	    {"services", "service: count", "건"},
	    {"chief_day.households", "visit 동장체험: count(household)",
		"가구"},
	    {"chief_day.companions", "visit 동장체험: count(companions)", "명"},
	    {"study.members", "session 학습: count(staff)", "명"},
	    {"residents_council.dongs", "council: count(dong)", "동"},
	    {"care_sos.districts", "org_unit care_sos: count(parent)",
		"자치구"},
	    {"space.improved", "space_project completed: count(dong)", "동"},
	    {"space.planned", "space_project candidate: count", "동"},
	    {"pact.attendees", "pact: sum(attendees_n)", "명"},
	    {"awards.people", "award of persons: count", "명"},
	    {"awards.organisations", "award of units: count", "곳"},
	};

	for (uint32_t i = 0; i < COUNT_OF(metrics); i++) {
		struct record_id id = known_id(city, "metric", i);

		row_begin(rows, "metric", "public", &id, first_day());
		synth_rows_text(rows, "key", metrics[i].key);
		synth_rows_int(rows, "version", 1);
		synth_rows_text(rows, "expr", metrics[i].expr);
		synth_rows_text(rows, "unit", metrics[i].unit);
		synth_rows_end(rows);
	}
}
