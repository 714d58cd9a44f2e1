#ifndef GOLMOK_CLI_SYNTH_CITY_H
#define GOLMOK_CLI_SYNTH_CITY_H

#include "proto/bytes.h"

/*
 * The city whose records are invented: its 424 dongs with their real names and
 * codes (cli/dongs.tsv), and what is drawn for each: when it joined the
 * programme, and how much happens there.
 */
enum {
	SYNTH_DONGS = 424,
	SYNTH_DISTRICTS = 25,
	SYNTH_YEAR_FIRST = 2015,
	SYNTH_YEAR_LAST = 2020,
	SYNTH_YEARS = SYNTH_YEAR_LAST - SYNTH_YEAR_FIRST + 1,
	SYNTH_STAGES = 5,
	SYNTH_WEIGHT_MEAN = 1000,
	SYNTH_NAME_SIZE = 64,
	SYNTH_CODE_SIZE = 11,
	SYNTH_PREFIX_SIZE = 16,
	SYNTH_PINNED_MONTHS = 2,
	SYNTH_BUSY_MET = 200, /* visits of the busy centre in each month */
};

/* A month of which it was published how often a centre made visits. */
struct synth_month {
	int year;
	unsigned month; /* from 0 */
	uint32_t mean;
};
extern const struct synth_month synth_city_published[SYNTH_PINNED_MONTHS];

struct synth_dong {
	char code[SYNTH_CODE_SIZE];
	char name[SYNTH_NAME_SIZE];
	char name_en[SYNTH_NAME_SIZE];
	char official[SYNTH_NAME_SIZE]; /* as the ministry writes it */
	char prefix[SYNTH_PREFIX_SIZE]; /* of its spaces: "d01/c012" */
	int64_t created_day;
	size_t number;	 /* in order of codes, from 0 */
	size_t district; /* from 0 */
	unsigned stage;	 /* of the programme, 1 to 5 */
	int64_t start_day;
	uint32_t weight; /* the mean has 1,000 */
	bool honorary;	 /* all its volunteers are honorary officers */
	uint32_t crisis[SYNTH_YEARS]; /* care-crisis households to be found */
	uint32_t made[SYNTH_PINNED_MONTHS]; /* visits in those months */
};

struct synth_district {
	char name[SYNTH_NAME_SIZE];
	char name_en[SYNTH_NAME_SIZE];
	char code[SYNTH_CODE_SIZE];
	char prefix[SYNTH_PREFIX_SIZE]; /* "d01" */
	size_t first;			/* its dongs, of all */
	size_t dongs_n;
};

struct synth_city {
	uint64_t seed;
	struct synth_district districts[SYNTH_DISTRICTS];
	struct synth_dong dongs[SYNTH_DONGS];
};

/* Makes the city of `seed`, to be given back with synth_city_free.  It knows
 * nothing of the outside, so two of one seed are the same. */
struct synth_city *synth_city_new(uint64_t seed) MUST_USE;
/* NULL does nothing. */
void synth_city_free(struct synth_city *city);
/* The dong with that code; NULL when there is none. */
const struct synth_dong *synth_city_find(
    const struct synth_city *city, struct bytes code);
/* How many dongs, and districts with one, were in the programme at the end of
 * `stage`, 1 to 5. */
size_t synth_city_dongs(const struct synth_city *city, unsigned stage);
size_t synth_city_districts(const struct synth_city *city, unsigned stage);
/* Is `district` one of the seven that joined in stage 3? */
bool synth_city_is_late(const struct synth_district *district);
/* The day on which `stage` began. */
int64_t synth_city_stage_day(unsigned stage);
/* How many care-crisis households were found in the whole city in `year`. */
uint32_t synth_city_crisis(int year);
/* Is `dong` the busy centre in the year in which it was? */
bool synth_city_is_busy(const struct synth_dong *dong, int year);
/* How many months of `year`, begun ones too, `dong` was in the programme. */
unsigned synth_city_months(const struct synth_dong *dong, int year);

#endif
