/*
 * Planted duplicates with known truth, and the script of troubles.
 */
#include "cli/synth_truth.h"

#include <stdio.h>
#include <string.h>

#include "cli/synth_case.h"
#include "cli/synth_move.h"
#include "cli/synth_resident.h"
#include "cli/synth_visit.h"
#include "cli/synth_year.h"
#include "proto/calendar.h"

enum {
	DAY = SYNTH_DAY_SECONDS,
	NEAR = 3,	/* how many dongs on, in the district */
	CONFLICTS = 20, /* in a year, and */
	CONTESTED = 6,	/* states that two people move */
	OUTAGES = 5,
	SYLLABLE_FIRST = 0xac00,
	SYLLABLE_BYTES = 3,
	VOWELS = 21,
	FINALS = 28,
};

struct conflict {
	const char *collection;
	const char *field;
	struct record_id id;
	int64_t at;
	char values[2][SYNTH_TEXT_SIZE];
};

/* ---- households that were entered twice --------------------------------- */

/* One vowel is another one. */
static void
typo_make(char name[SYNTH_TEXT_SIZE])
{
	uint8_t *p = (uint8_t *)name + SYLLABLE_BYTES;
	unsigned code = ((unsigned)(p[0] & 15) << 12) |
			((unsigned)(p[1] & 63) << 6) | (p[2] & 63);
	unsigned place = code - SYLLABLE_FIRST;
	unsigned vowel = place / FINALS % VOWELS;

	place = place - vowel * FINALS + (vowel + 1) % VOWELS * FINALS;
	code = SYLLABLE_FIRST + place;
	p[0] = (uint8_t)(0xe0 | code >> 12);
	p[1] = (uint8_t)(0x80 | (code >> 6 & 63));
	p[2] = (uint8_t)(0x80 | (code & 63));
}

static void
hanja_make(char name[SYNTH_TEXT_SIZE])
{
	static const char *const pairs[][2] = {{"김", "金"}, {"이", "李"},
	    {"박", "朴"}, {"최", "崔"}, {"정", "鄭"}, {"강", "姜"},
	    {"조", "趙"}, {"윤", "尹"}, {"장", "張"}, {"임", "林"},
	    {"한", "韓"}, {"오", "吳"}, {"서", "徐"}, {"신", "申"},
	    {"권", "權"}, {"황", "黃"}};

	for (size_t i = 0; i < COUNT_OF(pairs); i++)
		if (strncmp(name, pairs[i][0], SYLLABLE_BYTES) == 0) {
			bytes_copy(name, bytes_of(pairs[i][1], SYLLABLE_BYTES));
			return;
		}
}

/* The last two digits of the year change places. */
static void
birth_swap(int64_t *day)
{
	struct calendar_date date = calendar_date(*day);
	int low = date.year % 10;
	int high = date.year / 10 % 10;

	date.year = date.year / 100 * 100 + low * 10 + high;
	if (date.month == 2 && date.day == 29)
		date.day = 28;
	*day = calendar_day(date);
}

static void
spaces_drop(char text[SYNTH_TEXT_SIZE])
{
	size_t n = 0;

	for (size_t i = 0; text[i] != '\0'; i++)
		if (text[i] != ' ')
			text[n++] = text[i];
	text[n] = '\0';
}

static void
noise_make(struct synth_prng *prng, struct synth_twin *twin)
{
	static const char *const noises[] = {
	    "spacing", "hanja", "typo", "birth", "phone", "none"};
	size_t noise = synth_prng_below(prng, COUNT_OF(noises));

	twin->noise = noises[noise];
	switch (noise) {
	case 0:
		spaces_drop(twin->words.address);
		break;
	case 1:
		hanja_make(twin->words.name);
		break;
	case 2:
		typo_make(twin->words.name);
		break;
	case 3:
		birth_swap(&twin->words.birth_day);
		break;
	case 4:
		synth_home_phone(prng, twin->words.phone);
		break;
	default:
		break;
	}
}

/* Two of three come from another dong: mostly one of the same district. */
static const struct synth_dong *
source_draw(const struct synth_plan *plan, struct synth_prng *prng)
{
	const struct synth_city *city = plan->city;
	const struct synth_district *district =
	    &city->districts[plan->dong->district];
	size_t at = plan->dong->number - district->first;

	if (synth_prng_chance(prng, 333) || district->dongs_n < 2)
		return plan->dong;
	if (synth_prng_chance(prng, 350))
		return &city->dongs[synth_prng_below(prng, SYNTH_DONGS)];
	at += 1 + synth_prng_below(prng, NEAR);
	return &city->dongs[district->first + at % district->dongs_n];
}

void
synth_truth_twin(
    const struct synth_plan *plan, uint32_t n, struct synth_twin *twin)
{
	struct synth_prng prng = synth_plan_prng(plan, SYNTH_TWIN, n);
	struct synth_plan other;
	struct synth_home home;
	const struct synth_plan *source = plan;

	twin->a_dong = source_draw(plan, &prng);
	twin->b_dong = plan->dong;
	if (twin->a_dong != plan->dong &&
	    synth_plan_make(plan->city, twin->a_dong, plan->year, &other))
		source = &other;
	else
		twin->a_dong = plan->dong;
	/* No household twice: each has a stretch of its own. */
	synth_home_get(source,
	    (uint32_t)((uint64_t)n * source->n[SYNTH_HOUSEHOLD] /
		       plan->n[SYNTH_TWIN]),
	    &home);
	twin->a = home.id;
	synth_home_words(&home, &twin->words);
	twin->at = home.at + (int64_t)DAY * (1 + synth_prng_below(&prng, 30));
	if (twin->at < plan->first_day * DAY)
		twin->at = plan->first_day * DAY + home.at % DAY +
			   (int64_t)DAY * synth_prng_below(&prng, 30);
	twin->at = synth_plan_inside(plan, twin->at);
	twin->b = synth_plan_id(plan, SYNTH_TWIN, n, twin->at);
	noise_make(&prng, twin);
}

static void
twin_write(const struct synth_plan *plan, uint32_t n)
{
	struct synth_rows *rows = plan->rows;
	struct record_id owner = synth_plan_org(plan);
	struct record_id person;
	struct synth_twin twin;
	char number[SYNTH_TEXT_SIZE];

	synth_truth_twin(plan, n, &twin);
	person = synth_plan_id(plan, SYNTH_TWIN_PERSON, n, twin.at + 60);
	(void)snprintf(number, sizeof(number), "S%s-%d-T%04u", plan->dong->code,
	    plan->year, n + 1);
	synth_plan_new(plan, SYNTH_TWIN, &twin.b, twin.at);
	synth_rows_text(rows, "hh_no", number);
	synth_rows_ref(rows, "owner_dong", &owner);
	synth_rows_text(rows, "address", twin.words.address);
	synth_rows_text(rows, "phone", twin.words.phone);
	synth_rows_ref(rows, "head", &person);
	synth_rows_text(rows, "state", "registered");
	synth_rows_end(rows);
	synth_plan_new(plan, SYNTH_TWIN_PERSON, &person, twin.at + 60);
	synth_rows_ref(rows, "household", &twin.b);
	synth_rows_text(rows, "name", twin.words.name);
	synth_rows_day(rows, "birth", twin.words.birth_day);
	synth_rows_text(rows, "relation", "본인");
	synth_rows_text(rows, "status", "resident");
	synth_rows_end(rows);
}

void
synth_truth_rows(const struct synth_plan *plan)
{
	for (uint32_t n = 0; n < plan->n[SYNTH_TWIN]; n++)
		twin_write(plan, n);
}

static void
hex_add(struct buf *text, const struct record_id *id)
{
	for (size_t i = 0; i < sizeof(id->b); i++)
		buf_add_format(text, "%02x", id->b[i]);
}

void
synth_truth_csv(const struct synth_plan *plan, const bool chosen[SYNTH_DONGS],
    struct buf *csv)
{
	for (uint32_t n = 0; n < plan->n[SYNTH_TWIN]; n++) {
		struct synth_twin twin;

		synth_truth_twin(plan, n, &twin);
		if (!chosen[twin.a_dong->number])
			continue;
		hex_add(csv, &twin.a);
		buf_add_u8(csv, ',');
		hex_add(csv, &twin.b);
		buf_add_format(csv, ",%s/case,%s/case,%s,%s\n",
		    twin.a_dong->prefix, twin.b_dong->prefix,
		    twin.a_dong == twin.b_dong ? "inside" : "across",
		    twin.noise);
	}
}

/* ---- troubles ----------------------------------------------------------- */

void
synth_truth_time(struct buf *lines, const char *key, int64_t at)
{
	char day[CALENDAR_TEXT_SIZE];
	unsigned rest = (unsigned)(at % DAY);

	calendar_write_day(at / DAY, day);
	buf_add_format(lines, ",\"%s\":\"%sT%02u:%02u:%02u+09:00\"", key, day,
	    rest / 3600, rest / 60 % 60, rest % 60);
}

void
synth_truth_id(struct buf *lines, const char *key, const struct record_id *id)
{
	buf_add_format(lines, ",\"%s\":\"", key);
	hex_add(lines, id);
	buf_add_u8(lines, '"');
}

static void
outages_add(const struct synth_plan *plan, struct buf *lines)
{
	struct synth_prng prng = synth_plan_prng(plan, SYNTH_PINNED, 0);
	uint32_t n = synth_prng_poisson(&prng, OUTAGES * 16);

	for (uint32_t i = 0; i < n; i++) {
		int64_t day = plan->first_day +
			      synth_prng_below(
				  &prng, (uint32_t)(plan->last_day -
						    plan->first_day + 1));
		int64_t from = synth_plan_hour(&prng, day * DAY);
		int64_t to = from + 600 +
			     60 * (int64_t)synth_prng_below(&prng, 470);

		buf_add_format(lines, "{\"event\":\"offline\",\"unit\":\"%s\"",
		    plan->dong->prefix);
		synth_truth_time(lines, "from", from);
		synth_truth_time(lines, "to", to);
		buf_add_text(lines, "}\n");
	}
}

/* Most clocks are nearly right, one of a hundred is an hour off, and one in the
 * city knows no date. */
static void
clock_add(const struct synth_plan *plan, struct buf *lines)
{
	struct synth_prng prng = synth_plan_prng(plan, SYNTH_PINNED, 1);
	int skew = (int)synth_prng_below(&prng, 181) - 90;

	if (synth_prng_chance(&prng, 10))
		skew = synth_prng_chance(&prng, 500) ? 3600 : -3600;
	if (plan->dong->number == SYNTH_DONGS - 1)
		buf_add_format(lines,
		    "{\"event\":\"clock\",\"unit\":\"%s\",\"year\":%d,"
		    "\"at\":\"1970-01-01T00:00:00Z\"}\n",
		    plan->dong->prefix, plan->year);
	else
		buf_add_format(lines,
		    "{\"event\":\"clock\",\"unit\":\"%s\",\"year\":%d,"
		    "\"skew_seconds\":%d}\n",
		    plan->dong->prefix, plan->year, skew);
}

/* Two people write one field at a time; each kind of field in turn. */
static void
conflict_draw(const struct synth_plan *plan, uint32_t n, struct conflict *c)
{
	static const char *const risks[] = {"낮음", "중간", "높음", "긴급"};
	struct synth_prng prng = synth_plan_prng(plan, SYNTH_PINNED, 2 + n);
	struct synth_home home;
	uint32_t first = synth_prng_below(&prng, COUNT_OF(risks));
	uint32_t step = 1 + synth_prng_below(&prng, 3);
	const char *values[2] = {
	    risks[first], risks[(first + step) % COUNT_OF(risks)]};

	synth_home_get(
	    plan, synth_prng_below(&prng, plan->n[SYNTH_HOUSEHOLD]), &home);
	*c = (struct conflict){
	    .collection = "household", .field = "risk", .id = home.id};
	c->at = home.at;
	synth_home_phone(&prng, c->values[0]);
	synth_home_phone(&prng, c->values[1]);
	if (n % 3 == 1) {
		c->field = "phone";
		return;
	}
	if (n % 3 == 2) {
		c->collection = "case";
		c->field = "track";
		c->id = synth_case_id(
		    plan, synth_prng_below(&prng, plan->n[SYNTH_CASE]), &c->at);
		values[0] = "통합사례관리";
		values[1] = "서비스연계";
	}
	for (size_t i = 0; i < COUNT_OF(values); i++)
		(void)snprintf(
		    c->values[i], sizeof(c->values[i]), "%s", values[i]);
}

/* Two people move one state where it may go either way. */
static void
contest_draw(const struct synth_plan *plan, uint32_t n, struct conflict *c)
{
	static const struct {
		const char *collection;
		const char *values[2];
		enum synth_entity entity;
	} moves[] = {{"visit", {"absent", "refused"}, SYNTH_VISIT},
	    {"report", {"duplicate", "invalid"}, SYNTH_REPORT},
	    {"survey_entry", {"not_found", "refused"}, SYNTH_SURVEY}};
	size_t kind = n % COUNT_OF(moves);
	struct synth_prng prng = synth_plan_prng(
	    plan, SYNTH_PINNED, 2 + CONFLICTS + n);
	uint32_t which = synth_prng_below(&prng, plan->n[moves[kind].entity]);

	*c = (struct conflict){
	    .collection = moves[kind].collection, .field = "state"};
	if (kind == 0)
		c->id = synth_visit_id(plan, which, &c->at);
	else if (kind == 1)
		c->id = synth_resident_report(plan, which, &c->at);
	else
		c->id = synth_year_entry(plan, which, &c->at);
	/* Before somebody else does. */
	c->at += kind == 1 ? 9000 : 300;
	for (size_t i = 0; i < COUNT_OF(c->values); i++)
		(void)snprintf(c->values[i], sizeof(c->values[i]), "%s",
		    moves[kind].values[i]);
}

static void
conflict_add(
    const struct synth_plan *plan, const struct conflict *c, struct buf *lines)
{
	buf_add_format(lines, "{\"event\":\"conflict\",\"unit\":\"%s\"",
	    plan->dong->prefix);
	synth_truth_time(lines, "at", synth_plan_inside(plan, c->at));
	buf_add_format(lines, ",\"collection\":\"%s\"", c->collection);
	synth_truth_id(lines, "id", &c->id);
	buf_add_format(lines, ",\"field\":\"%s\",\"values\":[\"%s\",\"%s\"]}\n",
	    c->field, c->values[0], c->values[1]);
}

static void
conflicts_add(const struct synth_plan *plan, struct buf *lines)
{
	struct conflict c;

	for (uint32_t i = 0; i < CONFLICTS; i++) {
		conflict_draw(plan, i, &c);
		c.at += (int64_t)40 * DAY;
		conflict_add(plan, &c, lines);
	}
	for (uint32_t i = 0; i < CONTESTED; i++) {
		contest_draw(plan, i, &c);
		conflict_add(plan, &c, lines);
	}
}

void
synth_truth_events(const struct synth_plan *plan, struct buf *lines)
{
	clock_add(plan, lines);
	outages_add(plan, lines);
	conflicts_add(plan, lines);
	synth_move_events(plan, lines);
}

void
synth_truth_scripted(int year, struct buf *lines)
{
	static const struct {
		const char *name;
		const char *what;
		struct calendar_date day;
		int64_t hours;
	} events[] = {
	    {"A", "no line at all", {2020, 11, 13}, 56},
	    {"B", "the district is there, the city is not", {2020, 9, 1},
		(int64_t)21 * 24},
	    {"C", "the city's store is lost, one district goes back by a day",
		{2020, 6, 8}, (int64_t)5 * 24},
	};

	for (size_t i = 0; i < COUNT_OF(events); i++) {
		int64_t from;

		/* In every year at the same time. */
		from = calendar_day((struct calendar_date){
			   year, events[i].day.month, events[i].day.day}) *
			   DAY +
		       (int64_t)9 * 3600;
		buf_add_format(lines, "{\"event\":\"%s\",\"what\":\"%s\"",
		    events[i].name, events[i].what);
		synth_truth_time(lines, "from", from);
		synth_truth_time(lines, "to", from + events[i].hours * 3600);
		buf_add_text(lines, "}\n");
	}
}
