/*
 * Dongs that were merged, renamed or split, as the ministry's list of codes has
 * them (KIKcd_H, see cli/dongs.tsv).  Names and days are facts.
 */
#include "cli/synth_life.h"

#include <string.h>

#include "cli/synth_known.h"
#include "proto/calendar.h"

static const char outside_code[] = "X1100000000";
static const char split_code[] = "1153078000"; /* 오류2동, of which */
static const char born_code[] = "1153080000";  /* 항동 */
static const struct calendar_date born = {2020, 1, 1};

/* Their codes were given to nobody else; a unit has no spaces when it ended
 * before there were any. */
static const struct ended {
	const char *code;
	const char *name;
	const char *next; /* the code of what came in its place */
	struct calendar_date day;
} ended[] = {
    {"1135060500", "공릉1.3동", "1135059500", {2011, 6, 23}},
    {"1111066000", "명륜3가동", "1111065000", {2012, 8, 1}},
    {"1114061000", "신당제1동", "1114061500", {2013, 7, 20}},
    {"1114062000", "신당제2동", "1114062500", {2013, 7, 20}},
    {"1114063000", "신당제3동", "1114063500", {2013, 7, 20}},
    {"1114064000", "신당제4동", "1114064500", {2013, 7, 20}},
    {"1114066000", "신당제6동", "1114066500", {2013, 7, 20}},
    {"1130559000", "번제1동", "1130559500", {2019, 1, 1}},
    {"1130560000", "번제2동", "1130560300", {2019, 1, 1}},
    {"1130560600", "번제3동", "1130560800", {2019, 1, 1}},
    {"1130561000", "수유제1동", "1130561500", {2019, 1, 1}},
    {"1130562000", "수유제2동", "1130562500", {2019, 1, 1}},
    {"1130563000", "수유제3동", "1130563500", {2019, 1, 1}},
};

static int64_t
begin_day(void)
{
	/* The first day of the list: when they were made it does not say. */
	return calendar_day((struct calendar_date){1988, 4, 23});
}

/* A change of the unit with `code`; its fields follow. */
static void
change_begin(const struct synth_city *city, const char *code, int64_t day,
    struct synth_rows *rows)
{
	struct record_id id = synth_plan_unit(city, code);
	int64_t first = synth_city_stage_day(1);

	synth_rows_begin(
	    rows, &(struct synth_row){.collection = "org_unit",
		      .class = "public",
		      .id = id,
		      .change = true,
		      .at = (day > first ? day : first) * SYNTH_DAY_SECONDS +
			    (int64_t)9 * 3600});
}

static void
successor_write(
    const struct synth_city *city, const char *code, struct synth_rows *rows)
{
	struct record_id next = synth_plan_unit(city, code);

	synth_rows_list(rows, "successors");
	synth_rows_add_ref(rows, &next);
	synth_rows_list_end(rows);
}

static void
ended_write(const struct synth_city *city, const struct ended *unit,
    struct synth_rows *rows)
{
	const struct synth_dong *next = synth_city_find(
	    city, bytes_text(unit->next));
	int64_t day = calendar_day(unit->day);

	assert(next != NULL);
	synth_known_unit(city,
	    &(struct synth_unit){.code = unit->code,
		.level = "dong",
		.parent = city->districts[next->district].code,
		.name = unit->name,
		.from_day = begin_day()},
	    rows);
	change_begin(city, unit->code, day, rows);
	synth_rows_day(rows, "valid_to", day - 1);
	successor_write(city, unit->next, rows);
	synth_rows_end(rows);
}

/* It goes on with less; what was taken from it begins behind all others. */
static void
split_write(const struct synth_city *city, struct synth_rows *rows)
{
	const struct synth_dong *old = synth_city_find(
	    city, bytes_text(split_code));
	char prefix[SYNTH_PREFIX_SIZE];
	int64_t day = calendar_day(born);

	assert(old != NULL);
	bytes_copy(prefix, bytes_of(old->prefix, sizeof(old->prefix)));
	bytes_copy(strchr(prefix, '/'), bytes_of("/c425", sizeof("/c425")));
	synth_known_unit(city,
	    &(struct synth_unit){.code = born_code,
		.level = "dong",
		.parent = city->districts[old->district].code,
		.prefix = prefix,
		.name = "항동",
		.name_en = "Hang-dong",
		.from_day = day},
	    rows);
	change_begin(city, split_code, day, rows);
	successor_write(city, born_code, rows);
	synth_rows_end(rows);
}

void
synth_life_units(const struct synth_city *city, struct synth_rows *rows)
{
	for (size_t i = 0; i < COUNT_OF(ended); i++)
		ended_write(city, &ended[i], rows);
	split_write(city, rows);
	synth_known_unit(city,
	    &(struct synth_unit){.code = outside_code,
		.level = "agency",
		.name = "시 밖 (가상)",
		.from_day = synth_city_stage_day(1)},
	    rows);
}

bool
synth_life_split(const struct synth_city *city, const struct synth_dong *dong,
    int year, struct record_id *to, int64_t *day)
{
	if (year != born.year || strcmp(dong->code, split_code) != 0)
		return false;
	*to = synth_plan_unit(city, born_code);
	*day = calendar_day(born);
	return true;
}

struct record_id
synth_life_outside(const struct synth_city *city)
{
	return synth_plan_unit(city, outside_code);
}
