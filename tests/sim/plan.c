/*
 * The command line of a run: read, and written again so that a failure can be
 * replayed; and what is drawn for each of its steps.
 */
#include "tests/sim/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/mem.h"
#include "tests/sim/swarm.h"
#include "tests/sim/wrap.h"

enum { AUDIT_EVERY = 500 };

static void usage(void) NO_RETURN;

static void
usage(void)
{
	(void)fprintf(stderr,
	    "usage: sim SEED NODES STEPS [--skip 10-50,77] [--without "
	    "KIND,...]\n"
	    "           [--break RULE] [--trace] [--shrink] [--runs N]\n"
	    "           [--seeds N]\n"
	    "NODES is %d to %d; KIND is one of",
	    SIM_NODES_MIN, SIM_NODES_MAX);
	for (unsigned i = 0; i < swarm_kinds_n; i++)
		(void)fprintf(stderr, " %s", swarm_kinds[i].name);
	(void)fprintf(stderr, "\nRULE is one of");
	for (unsigned i = 1; i < RULE_COUNT; i++)
		(void)fprintf(stderr, " %s", wrap_rules[i]);
	(void)fprintf(stderr, "\n");
	exit(2);
}

static uint64_t
number_of(const char *text, uint64_t low, uint64_t high)
{
	char *end;
	unsigned long long n = strtoull(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end != '\0' || n < low ||
	    n > high)
		usage();
	return n;
}

/* `text` is "10-50,77"; steps beyond the last one are none. */
static void
skips_read(struct plan *plan, const char *text)
{
	for (;;) {
		char *end;
		unsigned long long first = strtoull(text, &end, 10);
		unsigned long long last = first;

		if (text[0] < '0' || text[0] > '9')
			usage();
		if (*end == '-') {
			text = end + 1;
			if (text[0] < '0' || text[0] > '9')
				usage();
			last = strtoull(text, &end, 10);
		}
		if (first == 0 || last < first || (*end != ',' && *end != '\0'))
			usage();
		for (; first <= last && first <= plan->steps; first++)
			plan->skips[first] = 1;
		if (*end == '\0')
			return;
		text = end + 1;
	}
}

static void
without_read(struct plan *plan, const char *text)
{
	while (*text != '\0') {
		size_t n = strcspn(text, ",");
		unsigned bit = 0;

		while (bit < swarm_kinds_n &&
		       (strlen(swarm_kinds[bit].name) != n ||
			   memcmp(swarm_kinds[bit].name, text, n) != 0))
			bit++;
		if (bit == swarm_kinds_n)
			usage();
		plan->without |= UINT64_C(1) << bit;
		text += n;
		text += *text == ',';
	}
}

static unsigned
rule_read(const char *text)
{
	unsigned rule = 1;

	while (rule < RULE_COUNT && strcmp(text, wrap_rules[rule]) != 0)
		rule++;
	if (rule == RULE_COUNT)
		usage();
	return rule;
}

void
plan_read(struct plan *plan, int argc, char **argv)
{
	if (argc < 4)
		usage();
	*plan = (struct plan){.seed = number_of(argv[1], 0, UINT64_MAX),
	    .nodes = number_of(argv[2], SIM_NODES_MIN, SIM_NODES_MAX),
	    .steps = number_of(argv[3], 1, PLAN_STEPS_MAX),
	    .seeds = 1,
	    .runs = PLAN_RUNS};
	plan->skips = mem_zeros(plan->steps + 1, 1);
	for (int i = 4; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (strcmp(argv[i], "--trace") == 0) {
			plan->trace = true;
			continue;
		}
		if (strcmp(argv[i], "--shrink") == 0) {
			plan->shrink = true;
			continue;
		}
		if (value == NULL)
			usage();
		if (strcmp(argv[i], "--break") == 0)
			plan->rule = rule_read(value);
		else if (strcmp(argv[i], "--skip") == 0)
			skips_read(plan, value);
		else if (strcmp(argv[i], "--without") == 0)
			without_read(plan, value);
		else if (strcmp(argv[i], "--seeds") == 0)
			plan->seeds = number_of(value, 1, PLAN_SEEDS_MAX);
		else if (strcmp(argv[i], "--runs") == 0)
			plan->runs = (unsigned)number_of(value, 1, UINT32_MAX);
		else
			usage();
		i++;
	}
}

void
plan_copy(struct plan *to, const struct plan *from)
{
	*to = *from;
	to->skips = mem_new(from->steps + 1);
	memcpy(to->skips, from->skips, from->steps + 1);
}

void
plan_fini(struct plan *plan)
{
	mem_free(plan->skips);
	*plan = (struct plan){0};
}

static void
skips_line(const struct plan *plan, struct buf *line)
{
	const char *before = " SKIP=";

	for (uint64_t step = 1; step <= plan->steps; step++) {
		uint64_t first = step;

		if (!plan_skips(plan, step))
			continue;
		while (plan_skips(plan, step + 1))
			step++;
		buf_add_format(
		    line, "%s%llu", before, (unsigned long long)first);
		if (step > first)
			buf_add_format(line, "-%llu", (unsigned long long)step);
		before = ",";
	}
}

void
plan_line(const struct plan *plan, struct buf *line)
{
	const char *before = " WITHOUT=";

	buf_add_format(line, "make sim SEED=%llu NODES=%zu STEPS=%llu",
	    (unsigned long long)plan->seed, plan->nodes,
	    (unsigned long long)plan->steps);
	skips_line(plan, line);
	for (unsigned bit = 0; plan_kind(bit) != NULL; bit++) {
		if ((plan->without >> bit & 1) == 0)
			continue;
		buf_add_format(line, "%s%s", before, plan_kind(bit));
		before = ",";
	}
	if (plan->rule != RULE_NONE)
		buf_add_format(line, " BREAK=%s", wrap_rules[plan->rule]);
	buf_add_text(line, "\n");
	buf_add_u8(line, 0);
}

bool
plan_skips(const struct plan *plan, uint64_t step)
{
	return step <= plan->steps && plan->skips[step] != 0;
}

uint64_t
plan_taken(const struct plan *plan)
{
	uint64_t taken = plan->steps;

	for (uint64_t step = 1; step <= plan->steps; step++)
		taken -= plan->skips[step];
	return taken;
}

bool
plan_audits(const struct plan *plan, uint64_t step)
{
	return (step + plan->seed % AUDIT_EVERY) % AUDIT_EVERY == 0;
}

struct prng
plan_prng(const struct plan *plan, uint64_t step, uint64_t role)
{
	struct prng prng = {.seed = plan->seed};

	prng.seed = prng_u64(&prng) ^ step;
	prng.seed = prng_u64(&prng) ^ role;
	prng.seed = prng_u64(&prng);
	return prng;
}

bool
plan_has(const struct plan *plan, unsigned bit)
{
	struct sim_swarm swarm;

	swarm_draw(plan, &swarm);
	return *swarm_rate_of(&swarm, bit) != SWARM_NONE;
}

const char *
plan_kind(unsigned bit)
{
	return bit < swarm_kinds_n ? swarm_kinds[bit].name : NULL;
}
