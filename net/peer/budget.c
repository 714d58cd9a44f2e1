/*
 * Rates.  net/peer/valve.c keeps them in step with the loop.
 */
#include "net/peer/budget.h"

#include "proto/limits.h"

enum {
	/* Bytes of one turn: a twentieth of a second, and not so little that
	 * the packet around them weighs more. */
	TURN_MIN = 512,
	TURNS_A_SECOND = 20,
	/* With many who wait turns are shorter, so that each has one within
	 * this time, if that is possible with this many bytes. */
	ROUND_S = 5,
	TURN_LEAST = 16,
	/* What was not to be held back is made up for at the most so long:
	 * nobody can shut all links by knocking. */
	OWED_S = 10,
	SHARE_MIN = 2 * 1024,
};

static void fill(struct budget *budget, uint64_t now_ms);
static size_t turn_bytes(const struct budget *budget);
static void wait_last(struct budget *budget, struct budget_seat *seat);
static void wait_first(struct budget *budget, struct budget_seat *seat);

static int64_t
capacity(const struct budget *budget)
{
	return (int64_t)budget->rate_bytes * 1000;
}

void
budget_init(struct budget *budget, uint64_t rate_bytes, uint64_t now_ms)
{
	assert(rate_bytes >= BUDGET_RATE_MIN);
	assert(rate_bytes <= LIMIT_RATE);
	*budget = (struct budget){.rate_bytes = rate_bytes, .at_ms = now_ms};
	budget->milli = capacity(budget);
}

/* A clock that stands still or goes back gives nothing. */
static void
fill(struct budget *budget, uint64_t now_ms)
{
	uint64_t spent_ms = 0;
	int64_t room = capacity(budget) - budget->milli;

	if (now_ms > budget->at_ms)
		spent_ms = now_ms - budget->at_ms;
	budget->at_ms = now_ms > budget->at_ms ? now_ms : budget->at_ms;
	if (spent_ms >= (uint64_t)room / budget->rate_bytes + 1)
		budget->milli = capacity(budget);
	else
		budget->milli += (int64_t)(spent_ms * budget->rate_bytes);
	if (budget->milli > capacity(budget))
		budget->milli = capacity(budget);
}

static size_t
turn_bytes(const struct budget *budget)
{
	uint64_t turn = budget->rate_bytes / TURNS_A_SECOND;
	uint64_t round = budget->rate_bytes * ROUND_S;

	if (turn < TURN_MIN)
		turn = TURN_MIN;
	if (budget->waiting_n > 0 && turn > round / budget->waiting_n)
		turn = round / budget->waiting_n;
	return (size_t)(turn > TURN_LEAST ? turn : TURN_LEAST);
}

static bool
has_turn(const struct budget *budget)
{
	return budget->milli >= (int64_t)turn_bytes(budget) * 1000;
}

size_t
budget_take(struct budget *budget, struct budget_seat *seat, size_t want,
    uint64_t now_ms)
{
	size_t turn = turn_bytes(budget);
	size_t most = turn;
	bool turns = seat->has_turn;

	assert(want > 0);
	seat->has_turn = false;
	fill(budget, now_ms);
	if (budget->first != NULL && !turns) {
		wait_last(budget, seat);
		return 0;
	}
	/* Who is alone may take all that there is. */
	if (budget->first == NULL || budget->milli < (int64_t)turn * 1000)
		most = budget->milli > 0 ? (size_t)(budget->milli / 1000) : 0;
	if (most < (turns ? 1 : want) && most < turn) {
		wait_first(budget, seat);
		return 0;
	}
	if (want > most)
		wait_last(budget, seat);
	want = want < most ? want : most;
	budget->milli -= (int64_t)want * 1000;
	return want;
}

static void
wait_last(struct budget *budget, struct budget_seat *seat)
{
	if (seat->waits)
		return;
	seat->waits = true;
	seat->next = NULL;
	seat->before = budget->last;
	if (budget->last != NULL)
		budget->last->next = seat;
	else
		budget->first = seat;
	budget->last = seat;
	budget->waiting_n++;
}

static void
wait_first(struct budget *budget, struct budget_seat *seat)
{
	if (seat->waits)
		return;
	seat->waits = true;
	seat->before = NULL;
	seat->next = budget->first;
	if (budget->first != NULL)
		budget->first->before = seat;
	else
		budget->last = seat;
	budget->first = seat;
	budget->waiting_n++;
}

void
budget_spend(struct budget *budget, size_t bytes, uint64_t now_ms)
{
	int64_t least = -OWED_S * capacity(budget);

	fill(budget, now_ms);
	if (bytes > (size_t)(capacity(budget) / 1000) * 2 * OWED_S)
		budget->milli = least;
	else
		budget->milli -= (int64_t)bytes * 1000;
	if (budget->milli < least)
		budget->milli = least;
}

struct budget_seat *
budget_next(struct budget *budget, uint64_t now_ms)
{
	struct budget_seat *seat = budget->first;

	fill(budget, now_ms);
	if (seat == NULL || !has_turn(budget))
		return NULL;
	budget_leave(budget, seat);
	seat->has_turn = true;
	return seat;
}

void
budget_leave(struct budget *budget, struct budget_seat *seat)
{
	seat->has_turn = false;
	if (!seat->waits)
		return;
	if (seat->before != NULL)
		seat->before->next = seat->next;
	else
		budget->first = seat->next;
	if (seat->next != NULL)
		seat->next->before = seat->before;
	else
		budget->last = seat->before;
	seat->waits = false;
	budget->waiting_n--;
}

uint64_t
budget_wake_ms(const struct budget *budget)
{
	int64_t lacks = (int64_t)turn_bytes(budget) * 1000 - budget->milli;
	int64_t rate = (int64_t)budget->rate_bytes;

	if (budget->first == NULL)
		return UINT64_MAX;
	if (lacks <= 0)
		return budget->at_ms;
	return budget->at_ms + (uint64_t)((lacks + rate - 1) / rate);
}

size_t
budget_share(const struct budget *budget)
{
	uint64_t sharers_n = budget->waiting_n > 1 ? budget->waiting_n : 1;
	uint64_t share = 2 * budget->rate_bytes / sharers_n;

	return (size_t)(share > SHARE_MIN ? share : SHARE_MIN);
}
