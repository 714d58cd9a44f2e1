/*
 * How many, and when.  The parts of cli/synth that write rows ask here, so that
 * all agree about each other's ids and days.
 */
#include "cli/synth_plan.h"

#include <string.h>

#include "proto/calendar.h"

static const enum synth_entity STANDING = SYNTH_HOUSEHOLD;
enum { MORNING = 9 * 3600 };

static const struct {
	const char *collection;
	const char *class;
	uint32_t yearly; /* in a whole year of a dong of mean weight */
} kinds[SYNTH_ENTITIES] = {
    [SYNTH_ORG] = {"org_unit", "public", 0},
    [SYNTH_STAFF] = {"staff", "public", 0},
    [SYNTH_ZONE] = {"zone", "public", 0},
    [SYNTH_OFFICER] = {"volunteer", "volunteer", 0},
    [SYNTH_VEHICLE] = {"vehicle", "public", 0},
    [SYNTH_COUNCIL] = {"council", "public", 0},
    [SYNTH_RESOURCE] = {"resource", "public", 0},
    [SYNTH_HOUSEHOLD] = {"household", "case", 600},
    [SYNTH_PERSON] = {"person", "case", 0},
    [SYNTH_CALL] = {"household", "case", 1200},
    [SYNTH_CONSENT] = {"consent", "case", 0},
    [SYNTH_VISIT] = {"visit", "case", 0},
    [SYNTH_SERVICE] = {"service", "case", 1200},
    [SYNTH_CASE] = {"case", "case", 36},
    [SYNTH_CONFERENCE] = {"conference", "case", 0},
    [SYNTH_ITEM] = {"service_plan", "case", 0},
    [SYNTH_REFERRAL] = {"referral", "case", 150},
    [SYNTH_REPORT] = {"report", "report", 95},
    [SYNTH_CAMPAIGN] = {"campaign", "public", 0},
    [SYNTH_SURVEY] = {"survey_entry", "case", 700},
    [SYNTH_VOLUNTEER] = {"volunteer", "volunteer", 13},
    [SYNTH_ACTIVITY] = {"vol_activity", "volunteer", 790},
    [SYNTH_MEETING] = {"alley_meeting", "public", 12},
    [SYNTH_ACTION] = {"action_item", "public", 60},
    [SYNTH_COUNCIL_MEETING] = {"council_meeting", "public", 12},
    [SYNTH_APP] = {"contest_app", "public", 5},
    [SYNTH_PROGRAM] = {"program", "public", 0},
    [SYNTH_SESSION] = {"session", "public", 61},
    [SYNTH_TRAINING] = {"session", "public", 26},
    [SYNTH_ROUND] = {"zone_round", "case", 312},
    [SYNTH_TRANSFER] = {"transfer", "case", 80},
    [SYNTH_NOTICE] = {"notice", "public", 150},
    [SYNTH_TRIP] = {"vehicle", "public", 250},
    [SYNTH_ACCESS] = {"access_log", "access", 1000},
    [SYNTH_CHECK] = {"access_check", "access", 12},
    [SYNTH_HEALTH] = {"health_check", "health", 100},
    [SYNTH_PLAN] = {"village_plan", "public", 0},
    [SYNTH_TWIN] = {"household", "case", 18},
    [SYNTH_TWIN_PERSON] = {"person", "case", 0},
    [SYNTH_PINNED] = {"program", "public", 0},
};

static void slots_make(struct synth_plan *plan);
static void counts_make(struct synth_plan *plan);
static void visits_draw(struct synth_plan *plan);

bool
synth_plan_make(const struct synth_city *city, const struct synth_dong *dong,
    int year, struct synth_plan *plan)
{
	/* What differs between entities of one collection is the word. */
	static const char *const words[SYNTH_ENTITIES] = {
	    [SYNTH_OFFICER] = "officer",
	    [SYNTH_CALL] = "call",
	    [SYNTH_TRAINING] = "training",
	    [SYNTH_TRIP] = "trip",
	    [SYNTH_TWIN] = "twin",
	    [SYNTH_TWIN_PERSON] = "twin_person",
	    [SYNTH_PINNED] = "pinned"};
	int64_t first = calendar_day((struct calendar_date){year, 1, 1});

	memset(plan, 0, sizeof(*plan));
	plan->city = city;
	plan->dong = dong;
	plan->year = year;
	plan->last_day = calendar_day((struct calendar_date){year, 12, 31});
	plan->months = synth_city_months(dong, year);
	if (plan->months == 0 || year > SYNTH_YEAR_LAST)
		return false;
	plan->first_day = dong->start_day > first ? dong->start_day : first;
	plan->busy = synth_city_is_busy(dong, year);
	for (size_t i = 0; i < SYNTH_ENTITIES; i++)
		plan->key[i] = synth_prng_key(city->seed, dong->code,
		    words[i] != NULL ? words[i] : kinds[i].collection,
		    i < STANDING ? 0 : year);
	slots_make(plan);
	counts_make(plan);
	visits_draw(plan);
	return true;
}

/* ---- days --------------------------------------------------------------- */

/* Days off from 2015-07 to 2020-12 that are no weekend: month * 100 + day. */
static bool
is_holiday(const struct calendar_date *date)
{
	static const struct {
		int year; /* 0: each */
		unsigned days[12];
	} off[] = {
	    {0, {101, 301, 505, 606, 815, 1003, 1009, 1225}},
	    {2015, {928, 929}},
	    {2016, {208, 209, 210, 413, 914, 915, 916}},
	    {2017, {127, 130, 503, 509, 1002, 1004, 1005, 1006}},
	    {2018, {215, 216, 507, 522, 613, 924, 925, 926}},
	    {2019, {204, 205, 206, 506, 912, 913}},
	    {2020, {124, 127, 415, 430, 817, 930, 1001, 1002}},
	};
	unsigned day = date->month * 100 + date->day;

	for (size_t i = 0; i < COUNT_OF(off); i++)
		for (size_t k = 0; k < COUNT_OF(off[i].days); k++)
			if ((off[i].year == 0 || off[i].year == date->year) &&
			    off[i].days[k] == day)
				return true;
	return false;
}

static void
slots_make(struct synth_plan *plan)
{
	/* In the middle of the week more is done. */
	static const unsigned times[7] = {4, 5, 5, 5, 4, 0, 0};
	unsigned month = 0;

	for (int64_t day = plan->first_day; day <= plan->last_day; day++) {
		struct calendar_date date = calendar_date(day);
		unsigned n = times[calendar_weekday(day)];

		while (month < date.month)
			plan->month_slot[month++] = plan->slots_n;
		for (unsigned i = 0; i < n && !is_holiday(&date); i++)
			plan->slots[plan->slots_n++] =
			    (uint16_t)(day - plan->first_day);
		assert(plan->slots_n < SYNTH_SLOTS_MAX);
	}
	plan->month_slot[SYNTH_MONTHS] = plan->slots_n;
	plan->half_slot = plan->month_slot[6];
	assert(plan->slots_n > 0);
}

static int64_t
slot_day(const struct synth_plan *plan, size_t slot)
{
	assert(slot < plan->slots_n);
	return (plan->first_day + plan->slots[slot]) * SYNTH_DAY_SECONDS;
}

int64_t
synth_plan_day(
    const struct synth_plan *plan, enum synth_entity entity, uint32_t n)
{
	size_t half = plan->half_n[entity];
	size_t all = plan->n[entity];

	assert(n < all);
	if (n < half)
		return slot_day(plan, n * plan->half_slot / half);
	return slot_day(plan,
	    plan->half_slot +
		(n - half) * (plan->slots_n - plan->half_slot) / (all - half));
}

int64_t
synth_plan_month_day(
    const struct synth_plan *plan, unsigned month, uint32_t n, uint32_t total)
{
	size_t first = plan->month_slot[month];
	size_t slots = plan->month_slot[month + 1] - first;

	assert(slots > 0 && n < total);
	return slot_day(plan, first + n * slots / total);
}

int64_t
synth_plan_inside(const struct synth_plan *plan, int64_t at)
{
	int64_t last = plan->last_day * SYNTH_DAY_SECONDS + (int64_t)22 * 3600;

	return at < last ? at : last;
}

int64_t
synth_plan_hour(struct synth_prng *prng, int64_t day)
{
	bool evening = synth_prng_chance(prng, 80);

	return day + (evening ? 18 * 3600 : MORNING) +
	       60 * (int64_t)synth_prng_below(prng, evening ? 150 : 540);
}

/* ---- numbers ------------------------------------------------------------ */

static void
counts_make(struct synth_plan *plan)
{
	uint32_t crisis = plan->dong->crisis[plan->year - SYNTH_YEAR_FIRST];

	for (size_t i = STANDING; i < SYNTH_ENTITIES; i++) {
		plan->n[i] = kinds[i].yearly * plan->dong->weight *
			     plan->months / (SYNTH_WEIGHT_MEAN * SYNTH_MONTHS);
		if (plan->n[i] == 0 && kinds[i].yearly > 0)
			plan->n[i] = 1;
	}
	/* What has little to do with the size of the dong. */
	plan->n[SYNTH_TRAINING] = 26 * plan->months / SYNTH_MONTHS;
	plan->n[SYNTH_ROUND] = 312 * plan->months / SYNTH_MONTHS;
	plan->n[SYNTH_TRIP] = 250 * plan->months / SYNTH_MONTHS;
	plan->n[SYNTH_ACCESS] = 1000 * plan->months / SYNTH_MONTHS;
	plan->n[SYNTH_CHECK] = plan->months;
	plan->n[SYNTH_PROGRAM] = SYNTH_PROGRAMS_N;
	plan->n[SYNTH_CAMPAIGN] = SYNTH_CAMPAIGNS_N;
	if (plan->n[SYNTH_CASE] < crisis + 3)
		plan->n[SYNTH_CASE] = crisis + 3;
	for (size_t i = STANDING; i < SYNTH_ENTITIES; i++)
		plan->half_n[i] = (uint32_t)(plan->n[i] * plan->half_slot /
					     plan->slots_n);
	if (!plan->busy)
		return;
	/* Its first year, July to June: 1,200 households of two and 1,200
	 * services, in halves. */
	if (plan->year == 2015) {
		plan->n[SYNTH_HOUSEHOLD] = plan->n[SYNTH_SERVICE] = 600;
		return;
	}
	plan->half_n[SYNTH_HOUSEHOLD] = plan->half_n[SYNTH_SERVICE] = 600;
	plan->n[SYNTH_HOUSEHOLD] = 900;
	plan->n[SYNTH_SERVICE] = 1100;
}

/* How many visits are made: 57 in July 2015, 152 in June 2019 and from then on
 * for the mean dong, and exactly so in those months. */
static uint32_t
made_draw(const struct synth_plan *plan, unsigned month)
{
	struct synth_prng prng = synth_prng_at(
	    plan->key[SYNTH_VISIT], UINT32_MAX - month);
	int since = (plan->year - 2015) * 12 + (int)month - 6;
	uint32_t mean;

	for (size_t k = 0; k < SYNTH_PINNED_MONTHS; k++)
		if (synth_city_published[k].year == plan->year &&
		    synth_city_published[k].month == month)
			return plan->dong->made[k];
	since = since > 47 ? 47 : since;
	mean = (57 * 16 * 47 + 95 * 16 * (uint32_t)since) / 47;
	return synth_prng_poisson(
	    &prng, mean * plan->dong->weight / SYNTH_WEIGHT_MEAN);
}

/* Of a hundred that are planned 78 are made; the busy centre meets 200 people a
 * month, and 56 times nobody. */
static void
visits_draw(struct synth_plan *plan)
{
	for (unsigned month = SYNTH_MONTHS - plan->months; month < SYNTH_MONTHS;
	     month++) {
		bool busy = plan->busy && (plan->year == 2015 || month < 6);
		uint32_t made = busy ? SYNTH_BUSY_MET : made_draw(plan, month);

		plan->made[month] = made;
		plan->visits[month] = made + (busy ? 56 : made * 22 / 78);
		plan->n[SYNTH_VISIT] += plan->visits[month];
	}
}

/* ---- ids and rows ------------------------------------------------------- */

static struct record_id
id_make(uint64_t key, uint64_t n, int64_t at)
{
	struct synth_prng prng = synth_prng_at(~key, n);
	struct record_id id;
	uint8_t random[16];

	bytes_put_be64(random, synth_prng_next(&prng));
	bytes_put_be64(random + 8, synth_prng_next(&prng));
	id_record((uint64_t)(at - SYNTH_CLOCK_SECONDS) * 1000, random, &id);
	return id;
}

struct record_id
synth_plan_id(const struct synth_plan *plan, enum synth_entity entity,
    uint32_t n, int64_t at)
{
	return id_make(plan->key[entity], n, at);
}

struct synth_prng
synth_plan_prng(
    const struct synth_plan *plan, enum synth_entity entity, uint32_t n)
{
	return synth_prng_at(plan->key[entity], n);
}

static void
row_begin(const struct synth_plan *plan, enum synth_entity entity,
    const struct record_id *id, int64_t at, bool change)
{
	synth_rows_begin(plan->rows,
	    &(struct synth_row){.collection = kinds[entity].collection,
		.class = kinds[entity].class,
		.id = *id,
		.at = at,
		.change = change});
}

void
synth_plan_new(const struct synth_plan *plan, enum synth_entity entity,
    const struct record_id *id, int64_t at)
{
	row_begin(plan, entity, id, at, false);
}

void
synth_plan_change(const struct synth_plan *plan, enum synth_entity entity,
    const struct record_id *id, int64_t at)
{
	row_begin(plan, entity, id, at, true);
}

/* What stands was there on the first morning. */
static struct record_id
standing_id(const struct synth_plan *plan, enum synth_entity entity, uint32_t n)
{
	assert(entity < STANDING);
	return synth_plan_id(plan, entity, n,
	    plan->dong->start_day * SYNTH_DAY_SECONDS + (int64_t)8 * 3600);
}

struct record_id
synth_plan_org(const struct synth_plan *plan)
{
	return synth_plan_unit(plan->city, plan->dong->code);
}

struct record_id
synth_plan_staff(const struct synth_plan *plan, uint32_t n)
{
	return standing_id(plan, SYNTH_STAFF, n);
}

struct record_id
synth_plan_zone(const struct synth_plan *plan, uint32_t n)
{
	return standing_id(plan, SYNTH_ZONE, n);
}

struct record_id
synth_plan_officer(const struct synth_plan *plan, uint32_t n)
{
	return standing_id(plan, SYNTH_OFFICER, n);
}

struct record_id
synth_plan_unit(const struct synth_city *city, const char *code)
{
	return id_make(synth_prng_key(city->seed, code, "org_unit", 0), 0,
	    synth_city_stage_day(1) * SYNTH_DAY_SECONDS);
}

struct record_id
synth_plan_service_type(const struct synth_city *city, uint32_t n)
{
	return id_make(synth_prng_key(city->seed, "city", "service_type", 0), n,
	    synth_city_stage_day(1) * SYNTH_DAY_SECONDS);
}
