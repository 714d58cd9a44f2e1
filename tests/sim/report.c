/*
 * Counters and their names.
 */
#include "tests/sim/report.h"

#include <stddef.h>
#include <stdio.h>

#include "tests/sim/light.h"
#include "tests/sim/plan.h"
#include "tests/sim/swarm.h"

#define COUNTED(name)                                   \
	{                                               \
#name, offsetof(struct sim_count, name) \
	}

static const struct item {
	const char *name;
	size_t offset;
} items[] = {COUNTED(writes), COUNTED(deeds), COUNTED(commits),
    COUNTED(conflicts), COUNTED(outside), COUNTED(adopted), COUNTED(forged),
    COUNTED(lies), COUNTED(revocations), COUNTED(decisions), COUNTED(rekeys),
    COUNTED(rotations), COUNTED(splits), COUNTED(grown), COUNTED(late),
    COUNTED(upgrades), COUNTED(published), COUNTED(forbidden), COUNTED(faults),
    COUNTED(full), COUNTED(refused), COUNTED(crashes), COUNTED(cut_answers),
    COUNTED(unknown), COUNTED(restores), COUNTED(clones), COUNTED(rollbacks),
    COUNTED(forks), COUNTED(jumps), COUNTED(rebuilds), COUNTED(partitions),
    COUNTED(wires), COUNTED(lost), COUNTED(halves), COUNTED(overtaken),
    COUNTED(slow), COUNTED(flipped), COUNTED(doubled), COUNTED(missing),
    COUNTED(swapped), COUNTED(noticed), COUNTED(twisted), COUNTED(accords),
    COUNTED(held), COUNTED(days), COUNTED(exports), COUNTED(imports),
    COUNTED(whole), COUNTED(answers), COUNTED(torn), COUNTED(packed),
    COUNTED(rounds), COUNTED(said)};

static struct sim_count sums;
static uint64_t seeds;
static uint64_t steps;
static uint64_t simulated_ms;

static uint64_t
value_of(const struct sim_count *count, size_t item)
{
	return *(const uint64_t *)(const void *)((const char *)count +
						 items[item].offset);
}

void
report_run(const struct sim *sim)
{
	const char *between = "# ";

	printf("ok seed %llu nodes %zu steps %llu trace %016llx\n",
	    (unsigned long long)sim->plan->seed, sim->plan->nodes,
	    (unsigned long long)sim->plan->steps,
	    (unsigned long long)sim->hash);
	swarm_print(sim);
	for (size_t i = 0; i < COUNT_OF(items); i++) {
		uint64_t n = value_of(&sim->count, i);

		if (n == 0)
			continue;
		printf(
		    "%s%llu %s", between, (unsigned long long)n, items[i].name);
		between = ", ";
	}
	printf("\n");
}

void
report_add(const struct sim *sim)
{
	uint64_t *to = (uint64_t *)&sums;
	const uint64_t *from = (const uint64_t *)&sim->count;

	static_assert(sizeof(sums) % sizeof(*to) == 0, "numbers only");
	for (size_t i = 0; i < sizeof(sums) / sizeof(*to); i++)
		to[i] += from[i];
	seeds++;
	steps += sim->step;
	simulated_ms += sim->now_ms - SIM_BEGIN_MS;
}

void
report_sums(void)
{
	struct light_count light = light_count();

	printf("sums seeds=%llu steps=%llu seconds=%llu",
	    (unsigned long long)seeds, (unsigned long long)steps,
	    (unsigned long long)(simulated_ms / 1000));
	for (size_t i = 0; i < COUNT_OF(items); i++)
		printf(" %s=%llu", items[i].name,
		    (unsigned long long)value_of(&sums, i));
	for (size_t i = 0; i < COUNT_OF(sums.ended); i++)
		printf(" ended_%s=%llu", err_name((enum err)i),
		    (unsigned long long)sums.ended[i]);
	printf(" verified=%llu remembered=%llu\n",
	    (unsigned long long)light.asked, (unsigned long long)light.found);
}
