/*
 * Households that move.  The centre that they leave proposes it, the other one
 * accepts; only then are they another's.
 */
#include "cli/synth_move.h"

#include "cli/synth_home.h"
#include "cli/synth_life.h"
#include "cli/synth_truth.h"

enum {
	DAY = SYNTH_DAY_SECONDS,
	DISTRICT_PERMILLE = 550,
	CITY_PERMILLE = 300,
	SPLIT_FIRST = 1 << 16, /* numbers of those that a split moves */
	SPLIT_OF = 8,	       /* one household of so many */
	EXPIRY_DAYS = 14,
};

struct move {
	struct record_id id;
	struct record_id home;
	struct record_id to;
	const char *reason;
	int64_t at;
	bool outside;	  /* of the city: nobody there answers */
	int64_t accepted; /* 0: nobody does */
};

/* More than half stay in the district, few leave the city. */
static void
goal_draw(
    const struct synth_plan *plan, struct synth_prng *prng, struct move *move)
{
	const struct synth_city *city = plan->city;
	const struct synth_district *district =
	    &city->districts[plan->dong->district];
	uint32_t where = synth_prng_below(prng, 1000);
	size_t number;

	move->outside = where >= DISTRICT_PERMILLE + CITY_PERMILLE;
	if (move->outside) {
		move->to = synth_life_outside(city);
		return;
	}
	number = where < DISTRICT_PERMILLE
		     ? district->first +
			   synth_prng_below(prng, (uint32_t)district->dongs_n)
		     : synth_prng_below(prng, SYNTH_DONGS);
	if (number == plan->dong->number)
		number = (number + 1) % SYNTH_DONGS;
	move->to = synth_plan_unit(city, city->dongs[number].code);
}

/* No household twice: those of the year before, and when there is none, those
 * that came in the first half of this one. */
static void
home_get(const struct synth_plan *plan, uint32_t n, struct synth_home *home)
{
	const struct synth_plan *from = plan->before != NULL ? plan->before
							     : plan;
	uint32_t all = from->n[SYNTH_HOUSEHOLD];
	uint32_t place = (uint32_t)((uint64_t)n * all /
				    plan->n[SYNTH_TRANSFER]);

	/* A split takes even ones. */
	place = plan->before != NULL ? place | 1 : place / 4 * 2;
	synth_home_get(from, place < all ? place : all - 1, home);
}

static void
move_draw(const struct synth_plan *plan, uint32_t n, struct move *move)
{
	struct synth_prng prng = synth_plan_prng(plan, SYNTH_TRANSFER, n);
	struct synth_home home;

	*move = (struct move){
	    .at = synth_plan_day(plan, SYNTH_TRANSFER, n) + (int64_t)16 * 3600};
	move->id = synth_plan_id(plan, SYNTH_TRANSFER, n, move->at);
	home_get(plan, n, &home);
	move->home = home.id;
	goal_draw(plan, &prng, move);
	move->reason = synth_prng_chance(&prng, 800) ? "전입신고"
						     : "실거주변경";
	if (!move->outside && !synth_prng_chance(&prng, 80))
		move->accepted = synth_plan_inside(plan,
		    move->at + (int64_t)DAY * (1 + synth_prng_below(&prng, 5)));
}

/* Every eighth household of the year before, on the day of the split. */
static uint32_t
split_count(const struct synth_plan *plan, struct record_id *to, int64_t *day)
{
	if (plan->before == NULL ||
	    !synth_life_split(plan->city, plan->dong, plan->year, to, day))
		return 0;
	return plan->before->n[SYNTH_HOUSEHOLD] / SPLIT_OF;
}

static void
split_draw(const struct synth_plan *plan, uint32_t n, struct move *move)
{
	struct synth_home home;
	int64_t day = 0;

	*move = (struct move){.reason = "동 분리·통합"};
	(void)split_count(plan, &move->to, &day);
	synth_home_get(plan->before, n * SPLIT_OF, &home);
	move->home = home.id;
	move->at = day * DAY + (int64_t)10 * 3600 + 60 * (int64_t)n;
	move->id = synth_plan_id(
	    plan, SYNTH_TRANSFER, SPLIT_FIRST + n, move->at);
	move->accepted = move->at + DAY;
}

static void
step(const struct synth_plan *plan, const struct move *move, int64_t at,
    const char *state)
{
	synth_plan_change(plan, SYNTH_TRANSFER, &move->id, at);
	synth_rows_text(plan->rows, "state", state);
	synth_rows_end(plan->rows);
}

/* The household is another's, or nobody's here. */
static void
left_write(const struct synth_plan *plan, const struct move *move, int64_t at)
{
	synth_plan_change(plan, SYNTH_HOUSEHOLD, &move->home, at);
	if (!move->outside)
		synth_rows_ref(plan->rows, "owner_dong", &move->to);
	synth_rows_text(plan->rows, "state", "moved_out");
	synth_rows_end(plan->rows);
}

static void
move_write(const struct synth_plan *plan, const struct move *move)
{
	struct synth_rows *rows = plan->rows;
	struct record_id from = synth_plan_org(plan);

	synth_plan_new(plan, SYNTH_TRANSFER, &move->id, move->at);
	synth_rows_ref(rows, "household", &move->home);
	synth_rows_ref(rows, "from_dong", &from);
	synth_rows_ref(rows, "to_dong", &move->to);
	synth_rows_text(rows, "reason", move->reason);
	synth_rows_day(rows, "moved_on", move->at / DAY);
	synth_rows_int(rows, "epoch", 1);
	synth_rows_text(rows, "state", "proposed");
	synth_rows_end(rows);
	synth_plan_change(plan, SYNTH_TRANSFER, &move->id, move->at + 600);
	synth_rows_text(rows, "state", "sent");
	synth_rows_one(rows, "handover", "지금까지의 경과를 넘김 (가상)");
	synth_rows_end(rows);
	if (move->accepted > 0) {
		step(plan, move, move->accepted, "accepted");
		step(plan, move, move->accepted + 600, "completed");
		left_write(plan, move, move->accepted + 660);
		return;
	}
	step(plan, move,
	    synth_plan_inside(plan, move->at + (int64_t)EXPIRY_DAYS * DAY),
	    "expired");
	if (move->outside)
		left_write(plan, move, move->at + 1200);
}

void
synth_move_rows(const struct synth_plan *plan)
{
	struct record_id to;
	int64_t day;
	uint32_t split_n = split_count(plan, &to, &day);
	struct move move;

	for (uint32_t n = 0; n < plan->n[SYNTH_TRANSFER]; n++) {
		move_draw(plan, n, &move);
		move_write(plan, &move);
	}
	for (uint32_t n = 0; n < split_n; n++) {
		split_draw(plan, n, &move);
		move_write(plan, &move);
	}
}

static void
event_add(
    const struct synth_plan *plan, const struct move *move, struct buf *lines)
{
	buf_add_format(
	    lines, "{\"event\":\"move\",\"unit\":\"%s\"", plan->dong->prefix);
	synth_truth_time(lines, "at", move->at);
	synth_truth_id(lines, "transfer", &move->id);
	synth_truth_id(lines, "household", &move->home);
	synth_truth_id(lines, "to", &move->to);
	if (move->accepted > 0)
		synth_truth_time(lines, "accepted", move->accepted);
	buf_add_text(lines, "}\n");
}

void
synth_move_events(const struct synth_plan *plan, struct buf *lines)
{
	struct record_id to;
	int64_t day;
	uint32_t split_n = split_count(plan, &to, &day);
	struct move move;

	for (uint32_t n = 0; n < plan->n[SYNTH_TRANSFER]; n++) {
		move_draw(plan, n, &move);
		event_add(plan, &move, lines);
	}
	for (uint32_t n = 0; n < split_n; n++) {
		split_draw(plan, n, &move);
		event_add(plan, &move, lines);
	}
}
