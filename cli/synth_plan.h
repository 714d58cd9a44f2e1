#ifndef GOLMOK_CLI_SYNTH_PLAN_H
#define GOLMOK_CLI_SYNTH_PLAN_H

#include "cli/synth_city.h"
#include "cli/synth_prng.h"
#include "cli/synth_rows.h"

/*
 * One centre in one year: how many rows of each kind it has, and on which days.
 * Ids and days of rows are functions of their numbers, so that a row can name
 * another, of this year or the year before, that is never made.
 */
enum synth_entity {
	/* what a centre has in all years */
	SYNTH_ORG,
	SYNTH_STAFF,
	SYNTH_ZONE,
	SYNTH_OFFICER,
	SYNTH_VEHICLE,
	SYNTH_COUNCIL,
	SYNTH_RESOURCE,
	/* what it has of each year */
	SYNTH_HOUSEHOLD,
	SYNTH_PERSON,
	SYNTH_CALL, /* notes of a household */
	SYNTH_CONSENT,
	SYNTH_VISIT,
	SYNTH_SERVICE,
	SYNTH_CASE,
	SYNTH_CONFERENCE,
	SYNTH_ITEM, /* of a service plan */
	SYNTH_REFERRAL,
	SYNTH_REPORT,
	SYNTH_CAMPAIGN,
	SYNTH_SURVEY,
	SYNTH_VOLUNTEER,
	SYNTH_ACTIVITY,
	SYNTH_MEETING,
	SYNTH_ACTION,
	SYNTH_COUNCIL_MEETING,
	SYNTH_APP,
	SYNTH_PROGRAM,
	SYNTH_SESSION,
	SYNTH_TRAINING,
	SYNTH_ROUND,
	SYNTH_TRANSFER,
	SYNTH_NOTICE,
	SYNTH_TRIP,
	SYNTH_ACCESS,
	SYNTH_CHECK,
	SYNTH_HEALTH,
	SYNTH_PLAN,	   /* of the village, for the year that follows */
	SYNTH_TWIN,	   /* a household entered twice */
	SYNTH_TWIN_PERSON, /* and its head */
	SYNTH_PINNED,
	SYNTH_ENTITIES,
};

enum {
	SYNTH_SLOTS_MAX = 1400,
	SYNTH_MONTHS = 12,
	SYNTH_STAFF_N = 22,
	SYNTH_TEAM_FIRST = 11, /* the eleven of the team that visits */
	SYNTH_PLANNERS_FIRST = 12,
	SYNTH_PLANNERS_N = 7,
	SYNTH_NURSES_FIRST = 19,
	SYNTH_NURSES_N = 2,
	SYNTH_ZONES_N = 6,
	SYNTH_OFFICERS_N = 66,
	SYNTH_COUNCILS_N = 3,
	SYNTH_RESOURCES_N = 8,
	SYNTH_PROGRAMS_N = 6,
	SYNTH_CAMPAIGNS_N = 4,
};

struct synth_plan {
	const struct synth_city *city; /* borrowed, as all */
	const struct synth_dong *dong;
	struct synth_rows *rows; /* where its rows go; NULL for a year that is
				    only named */
	const struct synth_plan *before; /* the year before, NULL for none */
	int year;
	int64_t first_day;
	int64_t last_day;
	unsigned months; /* of the programme */
	bool busy;	 /* the centre whose year was published, in that year */
	/* Working days, each as often as it counts, and where months begin. */
	uint16_t slots[SYNTH_SLOTS_MAX];
	size_t slots_n;
	size_t month_slot[SYNTH_MONTHS + 1];
	size_t half_slot;
	uint32_t visits[SYNTH_MONTHS]; /* that are planned, */
	uint32_t made[SYNTH_MONTHS];   /* and made */
	uint32_t n[SYNTH_ENTITIES];
	uint32_t half_n[SYNTH_ENTITIES]; /* how many before July */
	uint64_t key[SYNTH_ENTITIES];
};

/* Makes `plan` of `dong` in `year`, without rows; false when the dong is not in
 * the programme then. */
bool synth_plan_make(const struct synth_city *city,
    const struct synth_dong *dong, int year, struct synth_plan *plan) MUST_USE;

/* Midnight of the day of row `n` of `entity`; days do not fall as `n` grows. */
int64_t synth_plan_day(
    const struct synth_plan *plan, enum synth_entity entity, uint32_t n);
/* Midnight of a day for thing `n` of `total` in `month` (0 to 11). */
int64_t synth_plan_month_day(
    const struct synth_plan *plan, unsigned month, uint32_t n, uint32_t total);
/* The same time, or 22:00 on the last day of the year when it is later. */
int64_t synth_plan_inside(const struct synth_plan *plan, int64_t at);
/* The id of row `n` of `entity`, made at `at`. */
struct record_id synth_plan_id(const struct synth_plan *plan,
    enum synth_entity entity, uint32_t n, int64_t at);
/* The numbers of row `n` of `entity`. */
struct synth_prng synth_plan_prng(
    const struct synth_plan *plan, enum synth_entity entity, uint32_t n);

/* Begins a row that makes record `id` of `entity` at `at`, or changes it; the
 * fields and synth_rows_end follow. */
void synth_plan_new(const struct synth_plan *plan, enum synth_entity entity,
    const struct record_id *id, int64_t at);
void synth_plan_change(const struct synth_plan *plan, enum synth_entity entity,
    const struct record_id *id, int64_t at);

/* Ids of what a centre has in all years. */
struct record_id synth_plan_org(const struct synth_plan *plan);
struct record_id synth_plan_staff(const struct synth_plan *plan, uint32_t n);
struct record_id synth_plan_zone(const struct synth_plan *plan, uint32_t n);
struct record_id synth_plan_officer(const struct synth_plan *plan, uint32_t n);
/* Of the unit with `code` anywhere in the city. */
struct record_id synth_plan_unit(
    const struct synth_city *city, const char *code);
/* Kinds of services are the same everywhere. */
enum { SYNTH_SERVICE_TYPES_N = 16 };
struct record_id synth_plan_service_type(
    const struct synth_city *city, uint32_t n);
/* A time of the working day behind midnight `day`; some in the evening. */
int64_t synth_plan_hour(struct synth_prng *prng, int64_t day);

#endif
