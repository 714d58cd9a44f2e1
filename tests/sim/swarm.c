/*
 * A seed in ten is calm; others have half of all kinds, each at its own rate.
 */
#include "tests/sim/swarm.h"

#include <stddef.h>
#include <stdio.h>

#define KIND(name, once_in)                                      \
	{                                                        \
#name, offsetof(struct sim_swarm, name), once_in \
	}

const struct swarm_kind swarm_kinds[] = {KIND(crash, 2), KIND(restore, 2),
    KIND(clone, 2), KIND(clocks, 2), KIND(partition, 2), KIND(damage, 2),
    KIND(disk, 2), KIND(forge, 2), KIND(rebuild, 2), KIND(late, 2),
    KIND(layers, 2), KIND(revoke, 2), KIND(decide, 2), KIND(rotate, 2),
    KIND(rollback, 4), KIND(relay, 2), KIND(sticks, 2), KIND(packing, 2),
    KIND(budget, 2), KIND(grow, 2), KIND(full, 3), KIND(slow, 3),
    KIND(twice, 3), KIND(twist, 4), KIND(upgrade, 3), KIND(tight, 4),
    KIND(city, 6)};
const size_t swarm_kinds_n = COUNT_OF(swarm_kinds);

unsigned *
swarm_rate_of(struct sim_swarm *swarm, size_t kind)
{
	return (unsigned *)(void *)((char *)swarm + swarm_kinds[kind].offset);
}

void
swarm_draw(const struct plan *plan, struct sim_swarm *swarm)
{
	struct prng prng = plan_prng(plan, PLAN_SETUP, DRAW_KINDS);
	bool calm = prng_below(&prng, 10) == 0;

	for (size_t i = 0; i < swarm_kinds_n; i++) {
		bool on = prng_below(&prng, swarm_kinds[i].once_in) == 0;
		unsigned rate = SWARM_SELDOM + (unsigned)prng_below(&prng, 4);

		if (rate > SWARM_OFTEN)
			rate = SWARM_USUAL;
		if (calm || !on || (plan->without >> i & 1) != 0)
			rate = SWARM_NONE;
		*swarm_rate_of(swarm, i) = rate;
	}
	/* Who sets its clock back and forth has many days. */
	if (swarm->budget != SWARM_NONE)
		swarm->clocks = SWARM_NONE;
}

void
swarm_begin(struct sim *sim)
{
	uint64_t any = sim_below(sim, sim->plan->nodes - 1);

	swarm_draw(sim->plan, &sim->swarm);
	if (sim->swarm.twist != SWARM_NONE)
		sim->twister = 1 + any;
}

void
swarm_print(const struct sim *sim)
{
	static const char *const rates[] = {"", "-", "", "+"};
	struct sim_swarm swarm = sim->swarm;

	printf("# faults:");
	for (size_t i = 0; i < swarm_kinds_n; i++) {
		unsigned rate = *swarm_rate_of(&swarm, i);

		if (rate != SWARM_NONE)
			printf(" %s%s", swarm_kinds[i].name, rates[rate]);
	}
	printf("\n");
}

bool
swarm_now(struct sim *sim, unsigned rate, uint64_t n)
{
	if (rate == SWARM_NONE)
		return false;
	if (rate == SWARM_SELDOM)
		n *= 3;
	if (rate == SWARM_OFTEN)
		n = (n + 3) / 4;
	return sim_once_in(sim, n);
}
