/*
 * Turns of links at a rate, on the loop.  net/peer/link.c sits at two of them;
 * who gets how much is net/peer/budget.c's business.
 */
#include "net/peer/valve.h"

#include "proto/mem.h"

struct valve {
	struct budget budget;
	struct loop_timer *timer;
	bool in_turn;
};

static void valve_on_timer(void *arg);

struct valve *
valve_new(struct loop *loop, uint64_t rate_bytes)
{
	struct valve *valve;

	if (rate_bytes == 0)
		return NULL;
	valve = mem_zeros(1, sizeof(*valve));
	budget_init(&valve->budget, rate_bytes, loop_now_ms());
	valve->timer = loop_timer_new(loop, valve_on_timer, valve);
	return valve;
}

void
valve_free(struct valve *valve)
{
	if (valve == NULL)
		return;
	assert(valve->budget.first == NULL && !valve->in_turn);
	loop_timer_free(valve->timer);
	mem_free(valve);
}

static void
timer_set(struct valve *valve)
{
	if (!valve->in_turn)
		loop_timer_set(valve->timer, budget_wake_ms(&valve->budget));
}

/* A seat's turn may end other links, but frees none before the loop goes on. */
static void
valve_on_timer(void *arg)
{
	struct valve *valve = arg;
	uint64_t now_ms = loop_now_ms();
	struct budget_seat *next;

	valve->in_turn = true;
	while ((next = budget_next(&valve->budget, now_ms)) != NULL) {
		/* It is the first member. */
		struct valve_seat *seat = (struct valve_seat *)next;

		seat->turn(seat->arg);
	}
	valve->in_turn = false;
	timer_set(valve);
}

size_t
valve_take(struct valve *valve, struct valve_seat *seat, size_t want)
{
	size_t n;

	if (valve == NULL)
		return want;
	n = budget_take(&valve->budget, &seat->seat, want, loop_now_ms());
	timer_set(valve);
	return n;
}

void
valve_spend(struct valve *valve, size_t bytes)
{
	if (valve != NULL)
		budget_spend(&valve->budget, bytes, loop_now_ms());
}

void
valve_leave(struct valve *valve, struct valve_seat *seat)
{
	if (valve == NULL)
		return;
	budget_leave(&valve->budget, &seat->seat);
	timer_set(valve);
}

size_t
valve_share(const struct valve *valve)
{
	return valve == NULL ? SIZE_MAX : budget_share(&valve->budget);
}

uint64_t
valve_rate(const struct valve *valve)
{
	return valve == NULL ? 0 : valve->budget.rate_bytes;
}
