#ifndef GOLMOK_NET_PEER_VALVE_H
#define GOLMOK_NET_PEER_VALVE_H

#include "net/loop.h"
#include "net/peer/budget.h"

/*
 * One direction of all links of a node, held to a rate: a budget, and the timer
 * that calls those who wait.
 */
struct valve;

/* It may have something for who waited: valve_take is to be called again. */
typedef void valve_turn_fn(void *arg);

/* One link at a valve; zeroed but for `turn` and `arg`. */
struct valve_seat {
	struct budget_seat seat;
	valve_turn_fn *turn; /* never inside a call of the functions below */
	void *arg;
};

/* `rate_bytes` a second; 0: no valve, NULL, which all below take and where
 * nothing is held back. */
struct valve *valve_new(struct loop *loop, uint64_t rate_bytes) MUST_USE;
/* All seats must have left (asserted). */
void valve_free(struct valve *valve);
/* As budget_take, budget_spend, budget_leave. */
size_t valve_take(struct valve *valve, struct valve_seat *seat, size_t want);
/* As above. */
void valve_spend(struct valve *valve, size_t bytes);
/* As above. */
void valve_leave(struct valve *valve, struct valve_seat *seat);
/* The rate in bytes a second; 0 without a valve. */
uint64_t valve_rate(const struct valve *valve);
/* As budget_share; SIZE_MAX without a valve. */
size_t valve_share(const struct valve *valve);

#endif
