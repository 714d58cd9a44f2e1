/*
 * The dongs of the synthetic city.  Names and codes are read from the file that
 * is compiled in; stages, weights and shares are drawn from the seed so that
 * the totals that were published come out.
 */
#include "cli/synth_city.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/synth_prng.h"
#include "proto/calendar.h"
#include "proto/mem.h"

enum {
	LATE_DISTRICTS = 7, /* that joined in stage 3 */
	FIRST_HASHED = 7,   /* districts of stage 1 that are not known */
	FIRST_EACH = 2,	    /* with so many dongs */
	THIRD_DONGS = 59,
	GANGNAM = 22, /* in order of codes, from 0 */
	GANGNAM_FOURTH = 6,
	WEIGHT_LEAST = 50,
	WEIGHT_MOST = 2300,
	TERMS = 12, /* uniform numbers summed up to one of a bell */
};

extern const unsigned char embed_dongs[];
extern const size_t embed_dongs_size;

static void dongs_read(struct synth_city *city);
static void dong_read(struct synth_city *city, size_t n, struct bytes line);
static void stages_draw(struct synth_city *city);
static void weights_draw(struct synth_city *city);
static void crisis_share(struct synth_city *city);
static void visits_share(struct synth_city *city);

struct synth_city *
synth_city_new(uint64_t seed)
{
	struct synth_city *city = mem_zeros(1, sizeof(*city));

	city->seed = seed;
	dongs_read(city);
	stages_draw(city);
	weights_draw(city);
	crisis_share(city);
	visits_share(city);
	return city;
}

void
synth_city_free(struct synth_city *city)
{
	mem_free(city);
}

const struct synth_dong *
synth_city_find(const struct synth_city *city, struct bytes code)
{
	for (size_t i = 0; i < SYNTH_DONGS; i++)
		if (bytes_is(code, city->dongs[i].code))
			return &city->dongs[i];
	return NULL;
}

size_t
synth_city_dongs(const struct synth_city *city, unsigned stage)
{
	size_t n = 0;

	for (size_t i = 0; i < SYNTH_DONGS; i++)
		n += city->dongs[i].stage <= stage;
	return n;
}

size_t
synth_city_districts(const struct synth_city *city, unsigned stage)
{
	bool has[SYNTH_DISTRICTS] = {0};
	size_t n = 0;

	for (size_t i = 0; i < SYNTH_DONGS; i++)
		if (city->dongs[i].stage <= stage)
			has[city->dongs[i].district] = true;
	for (size_t i = 0; i < SYNTH_DISTRICTS; i++)
		n += has[i];
	return n;
}

int64_t
synth_city_stage_day(unsigned stage)
{
	static const struct calendar_date days[SYNTH_STAGES] = {{2015, 7, 1},
	    {2016, 7, 1}, {2017, 7, 1}, {2018, 5, 1}, {2019, 7, 18}};

	assert(stage >= 1 && stage <= SYNTH_STAGES);
	return calendar_day(days[stage - 1]);
}

uint32_t
synth_city_crisis(int year)
{
	/* 2016 and 2018 were published; the others are assumed. */
	static const uint32_t found[SYNTH_YEARS] = {
	    120, 498, 1259, 3183, 3600, 3600};

	assert(year >= SYNTH_YEAR_FIRST && year <= SYNTH_YEAR_LAST);
	return found[year - SYNTH_YEAR_FIRST];
}

const struct synth_month synth_city_published[SYNTH_PINNED_MONTHS] = {
    {2015, 6, 57}, {2019, 5, 152}};

bool
synth_city_is_busy(const struct synth_dong *dong, int year)
{
	return strcmp(dong->code, "1111065000") == 0 && year <= 2016;
}

unsigned
synth_city_months(const struct synth_dong *dong, int year)
{
	struct calendar_date start = calendar_date(dong->start_day);

	if (year < start.year)
		return 0;
	return year > start.year ? 12 : 13 - start.month;
}

/* ---- names and codes ---------------------------------------------------- */

static struct bytes
cell_take(struct bytes *line, char separator)
{
	size_t n = bytes_find(*line, (uint8_t)separator);
	struct bytes cell = bytes_first(*line, n);

	*line = bytes_after(*line, n < line->n ? n + 1 : n);
	return cell;
}

/* The file is ours, so what it says fits. */
static void
cell_keep(struct bytes *line, char *to, size_t size)
{
	struct bytes cell = cell_take(line, '\t');

	assert(cell.n < size);
	bytes_copy(to, cell);
	to[cell.n] = '\0';
}

static void
dongs_read(struct synth_city *city)
{
	struct bytes text = bytes_of(embed_dongs, embed_dongs_size);
	bool header = true;
	size_t n = 0;

	while (text.n > 0) {
		struct bytes line = cell_take(&text, '\n');

		if (line.n == 0 || line.p[0] == '#')
			continue;
		if (!header)
			dong_read(city, n++, line);
		header = false;
	}
	assert(n == SYNTH_DONGS);
}

static void
dong_read(struct synth_city *city, size_t n, struct bytes line)
{
	struct synth_dong *dong = &city->dongs[n];
	struct synth_district *district = city->districts;
	char name[SYNTH_NAME_SIZE];
	char name_en[SYNTH_NAME_SIZE];
	unsigned long created;

	cell_keep(&line, dong->code, sizeof(dong->code));
	cell_keep(&line, name, sizeof(name));
	cell_keep(&line, name_en, sizeof(name_en));
	cell_keep(&line, dong->name, sizeof(dong->name));
	cell_keep(&line, dong->name_en, sizeof(dong->name_en));
	cell_keep(&line, dong->official, sizeof(dong->official));
	dong->number = n;
	while (district->dongs_n > 0 && strcmp(district->name, name) != 0)
		district++;
	dong->district = (size_t)(district - city->districts);
	assert(dong->district < SYNTH_DISTRICTS);
	if (district->dongs_n++ == 0) {
		district->first = n;
		bytes_copy(district->name, bytes_of(name, sizeof(name)));
		bytes_copy(
		    district->name_en, bytes_of(name_en, sizeof(name_en)));
		(void)snprintf(district->code, sizeof(district->code),
		    "%.5s00000", dong->code);
		(void)snprintf(district->prefix, sizeof(district->prefix),
		    "d%02u", (unsigned)(dong->district + 1) % 100);
	}
	(void)snprintf(dong->prefix, sizeof(dong->prefix), "d%02u/c%03u",
	    (unsigned)(dong->district + 1) % 100, (unsigned)(n + 1) % 1000);
	created = strtoul((const char *)line.p, NULL, 10);
	dong->created_day = calendar_day(
	    (struct calendar_date){.year = (int)(created / 10000),
		.month = (unsigned)(created / 100 % 100),
		.day = (unsigned)(created % 100)});
}

/* ---- the stages of the programme ---------------------------------------- */

bool
synth_city_is_late(const struct synth_district *district)
{
	static const char *const names[LATE_DISTRICTS] = {
	    "중구", "용산구", "광진구", "중랑구", "강북구", "서초구", "송파구"};

	for (size_t i = 0; i < LATE_DISTRICTS; i++)
		if (strcmp(district->name, names[i]) == 0)
			return true;
	return false;
}

/* The dong without a stage whose number is the least, of one district or (all
 * districts that `may` be) of several. */
static struct synth_dong *
lot_draw(struct synth_city *city, const bool may[SYNTH_DISTRICTS])
{
	struct synth_dong *drawn = NULL;
	uint64_t least = 0;

	for (size_t i = 0; i < SYNTH_DONGS; i++) {
		struct synth_dong *dong = &city->dongs[i];
		uint64_t lot;

		if (dong->stage != 0 || !may[dong->district])
			continue;
		lot = synth_prng_key(city->seed, dong->code, "stage", 0);
		if (drawn == NULL || lot < least) {
			drawn = dong;
			least = lot;
		}
	}
	assert(drawn != NULL);
	return drawn;
}

static void
stage_all(struct synth_city *city, size_t district, unsigned stage)
{
	const struct synth_district *part = &city->districts[district];

	for (size_t i = 0; i < part->dongs_n; i++)
		if (city->dongs[part->first + i].stage == 0)
			city->dongs[part->first + i].stage = stage;
}

static void
stage_some(struct synth_city *city, size_t district, size_t n, unsigned stage)
{
	bool may[SYNTH_DISTRICTS] = {0};

	may[district] = true;
	for (size_t i = 0; i < n; i++)
		lot_draw(city, may)->stage = stage;
}

/* Stage 1: what is known of it, and seven districts that are drawn. */
static void
first_draw(struct synth_city *city)
{
	static const char *const known[] = {"1111065000", "1111068000",
	    "1141052000", "1141061500", "1141071000"};
	static const char *const whole[] = {
	    "성동구", "성북구", "도봉구", "금천구"};
	bool may[SYNTH_DISTRICTS];

	for (size_t i = 0; i < SYNTH_DISTRICTS; i++)
		may[i] = i != GANGNAM &&
			 !synth_city_is_late(&city->districts[i]);
	for (size_t i = 0; i < SYNTH_DONGS; i++)
		for (size_t k = 0; k < COUNT_OF(known); k++)
			if (strcmp(city->dongs[i].code, known[k]) == 0) {
				city->dongs[i].stage = 1;
				may[city->dongs[i].district] = false;
			}
	for (size_t i = 0; i < SYNTH_DISTRICTS; i++)
		for (size_t k = 0; k < COUNT_OF(whole); k++)
			if (strcmp(city->districts[i].name, whole[k]) == 0) {
				stage_all(city, i, 1);
				may[i] = false;
			}
	for (size_t i = 0; i < FIRST_HASHED; i++) {
		size_t district = lot_draw(city, may)->district;

		stage_some(city, district, FIRST_EACH, 1);
		may[district] = false;
	}
}

static void
stages_draw(struct synth_city *city)
{
	bool late[SYNTH_DISTRICTS];
	size_t third = 0;

	first_draw(city);
	for (size_t i = 0; i < SYNTH_DISTRICTS; i++) {
		late[i] = synth_city_is_late(&city->districts[i]);
		if (!late[i] && i != GANGNAM)
			stage_all(city, i, 2);
	}
	lot_draw(city, late)->stage = 2;
	for (size_t i = 0; i < SYNTH_DISTRICTS; i++)
		if (late[i]) {
			stage_some(city, i, 1, 3);
			third++;
		}
	for (; third < THIRD_DONGS; third++)
		lot_draw(city, late)->stage = 3;
	for (size_t i = 0; i < SYNTH_DISTRICTS; i++)
		if (late[i])
			stage_all(city, i, 4);
	stage_some(city, GANGNAM, GANGNAM_FOURTH, 4);
	stage_all(city, GANGNAM, 5);
	for (size_t i = 0; i < SYNTH_DONGS; i++)
		city->dongs[i].start_day = synth_city_stage_day(
		    city->dongs[i].stage);
	assert(synth_city_dongs(city, 1) == 80);
	assert(synth_city_dongs(city, 2) == 283);
	assert(synth_city_dongs(city, 3) == 342);
	assert(synth_city_dongs(city, 4) == 408);
	assert(synth_city_districts(city, 1) == 13);
	assert(synth_city_districts(city, 2) == 18);
	assert(synth_city_districts(city, 3) == 24);
}

/* ---- how much happens where --------------------------------------------- */

/* 1000 * exp(0.45 * z / 4) for z from -16 to 16, between which it is straight:
 * sizes of dongs lie about their mean as real ones do. */
static uint32_t
weight_draw(struct synth_prng *prng)
{
	static const uint32_t curve[] = {165, 185, 207, 232, 259, 290, 325, 363,
	    407, 455, 509, 570, 638, 714, 799, 894, 1000, 1119, 1252, 1401,
	    1568, 1755, 1964, 2198, 2460, 2752, 3080, 3447, 3857, 4317, 4831,
	    5406, 6050};
	uint32_t sum = 0; /* mean 6, deviation 1, in 1/65536 */
	uint32_t place;
	uint32_t at;

	for (size_t i = 0; i < TERMS; i++)
		sum += synth_prng_below(prng, 1U << 16);
	sum = sum < 2U << 16 ? 2U << 16 : sum;
	sum = sum >= 10U << 16 ? (10U << 16) - 1 : sum;
	place = (sum - (2U << 16)) * 4;
	at = place >> 16;
	return curve[at] + (uint32_t)((uint64_t)(curve[at + 1] - curve[at]) *
					  (place & 0xffff) >>
				      16);
}

static void
weights_draw(struct synth_city *city)
{
	uint32_t drawn[SYNTH_DONGS];
	uint32_t shares[SYNTH_DONGS];

	for (size_t i = 0; i < SYNTH_DONGS; i++) {
		struct synth_prng prng = synth_prng_at(
		    synth_prng_key(
			city->seed, city->dongs[i].code, "weight", 0),
		    0);

		drawn[i] = weight_draw(&prng);
		drawn[i] = drawn[i] < WEIGHT_LEAST ? WEIGHT_LEAST : drawn[i];
		drawn[i] = drawn[i] > WEIGHT_MOST ? WEIGHT_MOST : drawn[i];
	}
	synth_prng_share(
	    SYNTH_DONGS * SYNTH_WEIGHT_MEAN, drawn, SYNTH_DONGS, shares);
	for (size_t i = 0; i < SYNTH_DONGS; i++)
		city->dongs[i].weight = shares[i];
}

static void
crisis_share(struct synth_city *city)
{
	uint32_t weights[SYNTH_DONGS];
	uint32_t shares[SYNTH_DONGS];

	for (int year = SYNTH_YEAR_FIRST; year <= SYNTH_YEAR_LAST; year++) {
		for (size_t i = 0; i < SYNTH_DONGS; i++)
			weights[i] = city->dongs[i].weight *
				     synth_city_months(&city->dongs[i], year);
		synth_prng_share(
		    synth_city_crisis(year), weights, SYNTH_DONGS, shares);
		for (size_t i = 0; i < SYNTH_DONGS; i++)
			city->dongs[i].crisis[year - SYNTH_YEAR_FIRST] =
			    shares[i];
	}
}

/* In those months the mean of all centres is what was published. */
static void
visits_share(struct synth_city *city)
{
	uint32_t weights[SYNTH_DONGS];
	uint32_t shares[SYNTH_DONGS];

	for (size_t k = 0; k < SYNTH_PINNED_MONTHS; k++) {
		const struct synth_month *month = &synth_city_published[k];
		int64_t end = calendar_day(
		    (struct calendar_date){month->year, month->month + 2, 1});
		uint32_t total = 0;

		for (size_t i = 0; i < SYNTH_DONGS; i++) {
			struct synth_dong *dong = &city->dongs[i];
			bool there = dong->start_day < end;
			bool busy = synth_city_is_busy(dong, month->year);

			weights[i] = there && !busy ? dong->weight : 0;
			total += there ? month->mean : 0;
			total -= there && busy ? SYNTH_BUSY_MET : 0;
		}
		synth_prng_share(total, weights, SYNTH_DONGS, shares);
		for (size_t i = 0; i < SYNTH_DONGS; i++)
			city->dongs[i].made[k] = shares[i];
	}
}
