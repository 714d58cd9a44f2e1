/*
 * The simulator's program: `sim SEED NODES STEPS [OPTION]...` (plan.c).
 * Draws what happens from the seed, step by step, looks after each at whatever
 * changed, then heals everything and waits for agreement.  The same numbers
 * give the same run, and the same hash of it.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "net/peer/quota.h"
#include "proto/mem.h"
#include "tests/sim/act.h"
#include "tests/sim/audit.h"
#include "tests/sim/hold.h"
#include "tests/sim/large.h"
#include "tests/sim/lie.h"
#include "tests/sim/light.h"
#include "tests/sim/links.h"
#include "tests/sim/node.h"
#include "tests/sim/plan.h"
#include "tests/sim/report.h"
#include "tests/sim/rule.h"
#include "tests/sim/seals.h"
#include "tests/sim/shown.h"
#include "tests/sim/shrink.h"
#include "tests/sim/sim.h"
#include "tests/sim/spend.h"
#include "tests/sim/stick.h"
#include "tests/sim/swarm.h"
#include "tests/sim/tell.h"
#include "tests/sim/traffic.h"
#include "tests/sim/trouble.h"
#include "tests/sim/twist.h"
#include "tests/sim/verdict.h"
#include "tests/sim/wire.h"
#include "tests/sim/wrap.h"

/* Every so many seeds one works all signatures out. */
enum { MEMO_NOT = 100 };

/* Large, and there is one. */
static struct sim the_sim;
static struct buf again; /* the line that replays it, with a zero */

uint64_t
sim_below(struct sim *sim, uint64_t n)
{
	return prng_below(&sim->prng, n);
}

bool
sim_once_in(struct sim *sim, uint64_t n)
{
	return sim_below(sim, n) == 0;
}

void
sim_turn(struct sim *sim, uint64_t step)
{
	if (step != PLAN_HEAL)
		sim->step = step;
	sim->turn = step;
	sim->prng = plan_prng(sim->plan, step, DRAW_EVENTS);
	for (size_t i = 0; i < sim->n; i++)
		node_turn(&sim->nodes[i]);
}

void
sim_note(struct sim *sim, const char *what, uint64_t a, uint64_t b)
{
	uint64_t words[] = {
	    sim->step, sim->now_ms, bytes_checksum(bytes_text(what)), a, b};

	for (size_t i = 0; i < COUNT_OF(words); i++)
		sim->hash = (sim->hash ^ words[i]) * UINT64_C(0x100000001b3);
	if (sim->plan->trace)
		tell_event(sim, what, a, b);
}

void
sim_fail(struct sim *sim, const char *format, ...)
{
	va_list args;

	printf("FAILED at step %llu: ", (unsigned long long)sim->step);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n%s", (const char *)again.p);
	if (sim->plan->seeds > 1)
		report_sums();
	(void)fflush(stdout);
	if (file_remove_tree(sim->dir.path) != ERR_OK)
		printf("# %s could not be removed\n", sim->dir.path);
	/* Not exit: nothing that is half done is to be brought to an end. */
	_exit(1);
}

void
sim_must(struct sim *sim, enum err e, const char *doing)
{
	if (e != ERR_OK)
		sim_fail(sim, "%s: %s: %s", doing, err_name(e), err_text());
}

/* A broken assertion is a failure like any other. */
static void
on_abort(int number)
{
	ssize_t n = write(STDOUT_FILENO, again.p, again.n - 1);

	_exit(n < 0 ? 3 : number == SIGABRT ? 1 : 4);
}

static void
seldom(struct sim *sim)
{
	struct sim_node *node = traffic_node(sim);
	struct sim_node *whom = traffic_node(sim);

	switch (sim_below(sim, 6)) {
	case 0:
		trouble_clock(sim);
		break;
	case 1:
		trouble_partition(sim);
		break;
	case 2:
		if (whom->number == whom->person && whom->number > 0 &&
		    (!sim->admitted[whom->number] || sim_once_in(sim, 4)) &&
		    node_is_admin(node) && whom->role == ROLE_CENTRE)
			node_admit(node, whom);
		break;
	case 3:
	case 4:
		if (sim->swarm.forge && node->store != NULL &&
		    node->role == ROLE_CENTRE)
			act_forge(node);
		break;
	default:
		if (!sim->swarm.rebuild || node->store == NULL ||
		    !sim_once_in(sim, 4))
			break;
		sim->count.rebuilds++;
		node_rebuild(node, sim_once_in(sim, 3));
	}
	model_look(node);
}

static void
govern(struct sim *sim)
{
	struct sim_node *founder = &sim->nodes[0];
	struct sim_node *by = &sim->nodes[sim_below(sim, 3)];
	struct sim_node *whom = traffic_node(sim);

	if (by->store == NULL)
		return;
	switch (sim_below(sim, 10)) {
	case 7:
	case 8:
	case 9:
		/* The admin among the centres is the most tempted. */
		if (sim_once_in(sim, 2))
			whom = &sim->nodes[2];
		if (sim->swarm.forge && whom->store != NULL &&
		    whom->role != ROLE_FOUNDER)
			lie_tell(whom);
		break;
	case 6:
		if (!swarm_now(sim, sim->swarm.rotate, 2))
			break;
		if (sim->swarm.clone && sim->count.splits == 0 &&
		    sim->clones < SIM_CLONES_MAX && founder->store != NULL &&
		    sim_once_in(sim, 2))
			rule_split(founder);
		else if (whom->role == ROLE_FOUNDER && whom->store != NULL)
			rule_rotate(whom);
		break;
	case 0:
		if (sim->swarm.revoke && sim->count.revocations < sim->n / 2)
			rule_revoke(by);
		break;
	case 1:
		if (swarm_now(sim, sim->swarm.revoke, 2))
			rule_regrant(by);
		break;
	case 2:
		if (sim->swarm.revoke && sim->rekeys < SIM_KEYS_MAX &&
		    whom->role == ROLE_CENTRE && by->number < 2 &&
		    node_is_admin(by) && sim_once_in(sim, 2)) {
			sim->rekeys++;
			rule_rekey(by, whom);
		}
		break;
	default:
		if (sim->swarm.decide)
			rule_decide(by);
	}
	model_look(by);
}

/* Days with a budget begin when no line is up. */
static void
time_pass(struct sim *sim)
{
	uint64_t ms = sim_once_in(sim, 50) ? 1 + sim_below(sim, 60000)
					   : 1 + sim_below(sim, 400);

	if (sim->swarm.budget &&
	    (sim->now_ms + ms) / QUOTA_DAY_MS > sim->now_ms / QUOTA_DAY_MS)
		spend_night(sim);
	else
		sim->now_ms += ms;
}

static void
step(struct sim *sim)
{
	uint64_t what = sim_below(sim, 100);
	struct sim_node *node = traffic_node(sim);

	/* Most are written by those who may. */
	while (what < 16 && node->role != ROLE_CENTRE && !sim_once_in(sim, 4))
		node = traffic_node(sim);

	time_pass(sim);
	if (node->store == NULL) {
		if (sim_once_in(sim, 3))
			node_open(node);
	} else if (what < 16) {
		act_write(node);
	}
	if (what >= 16 && what < 20)
		traffic_connect(sim);
	else if (what >= 20 && what < 54)
		traffic_event(sim);
	else if (what >= 54 && what < 68)
		traffic_pump(sim);
	else if (what >= 68 && what < 82)
		traffic_rush(sim);
	else if (what >= 82 && what < 88)
		trouble_accident(sim);
	else if (what >= 88 && what < 92)
		seldom(sim);
	else if (what >= 92)
		govern(sim);
	if (sim_once_in(sim, 6))
		links_event(sim);
	wire_tick(sim);
	model_look(node);
}

static void
heal(struct sim *sim)
{
	sim->healing = true;
	sim_turn(sim, PLAN_HEAL);
	for (size_t i = 0; i < SIM_WIRES_MAX; i++)
		if (sim->wires[i].used)
			wire_break(&sim->wires[i]);
	for (size_t i = 0; i < sim->n; i++) {
		if (sim->nodes[i].store == NULL)
			node_open(&sim->nodes[i]);
		model_look(&sim->nodes[i]);
	}
	node_admit_all(sim);
}

static void
run(struct sim *sim)
{
	swarm_begin(sim);
	node_make_all(sim);
	while (sim->step < sim->plan->steps) {
		sim_turn(sim, sim->step + 1);
		if (!plan_skips(sim->plan, sim->step))
			step(sim);
		if (plan_audits(sim->plan, sim->step))
			audit_all(sim);
	}
	heal(sim);
	audit_all(sim);
	audit_converge(sim);
	audit_all(sim);
	for (size_t i = 0; i < sim->n; i++)
		node_rebuild(&sim->nodes[i], false);
	audit_all(sim);
}

/* One seed, from nothing to nothing. */
static void
seed_run(const struct plan *plan)
{
	struct sim *sim = &the_sim;

	memset(sim, 0, sizeof(*sim));
	buf_cut(&again, 0);
	plan_line(plan, &again);
	wrap_break((enum wrap_rule)plan->rule);
	light_memo(plan->seed % MEMO_NOT != 0);
	sim->plan = plan;
	sim->now_ms = SIM_BEGIN_MS;
	seals_begin(sim);
	hold_begin(sim);
	sim_turn(sim, PLAN_SETUP);
	sim_must(sim, crypto_start(), "start");
	tempdir_init(&sim->dir);
	model_init(&sim->model, COUNT_OF(sim->nodes));
	if (sim_is_large(sim))
		large_run(sim);
	else
		run(sim);
	for (size_t i = 0; i < SIM_WIRES_MAX; i++)
		if (sim->wires[i].used)
			wire_break(&sim->wires[i]);
	for (size_t i = 0; i < sim->n; i++)
		node_fini(&sim->nodes[i]);
	report_add(sim);
	report_run(sim);
	verdict_fini(sim);
	model_fini(&sim->model);
	squeeze_fini(&sim->squeeze);
	mem_free(sim->records);
	stick_fini(sim);
	shown_fini();
	seals_fini();
	twist_fini();
	tempdir_fini(&sim->dir);
}

/* Gives the exit status; a failure ends the process. */
static int
city_run(const struct plan *plan)
{
	struct plan now = *plan;

	for (uint64_t i = 0; i < plan->seeds; i++) {
		now.seed = plan->seed + i;
		seed_run(&now);
	}
	if (plan->seeds > 1)
		report_sums();
	buf_fini(&again);
	return 0;
}

int
main(int argc, char **argv)
{
	struct plan plan;
	int status;

	light_start();
	plan_read(&plan, argc, argv);
	(void)signal(SIGABRT, on_abort);
	(void)signal(SIGSEGV, on_abort);
	tempdir_in_memory();
	status = plan.shrink ? shrink_run(&plan, city_run) : city_run(&plan);
	plan_fini(&plan);
	return status;
}
