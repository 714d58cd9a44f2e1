/*
 * The log of accesses: who of the staff looked at whom, in order, each row with
 * the hash of the one before it.
 */
#include "cli/synth_access.h"

#include <stdio.h>

#include "cli/synth_home.h"
#include "proto/crypto.h"

enum { MORNING = 9 * 3600, HOURS = 9 * 3600, TERMINALS = 8 };

static const struct action {
	const char *name;
	const char *reason; /* NULL: none is asked */
} actions[] = {
    {"조회", NULL},
    {"검색", NULL},
    {"입력", NULL},
    {"수정", NULL},
    {"인쇄", NULL},
    {"내보내기", "월간 보고 (가상)"},
    {"열람거부", NULL},
    {"긴급열람", "연락 두절 확인 (가상)"},
};
static const uint16_t weights[COUNT_OF(actions)] = {
    600, 180, 90, 90, 20, 10, 6, 4};

static void
row_write(
    const struct synth_plan *plan, uint32_t n, int64_t at, struct hash *before)
{
	struct synth_rows *rows = plan->rows;
	struct synth_prng prng = synth_plan_prng(plan, SYNTH_ACCESS, n);
	struct record_id id = synth_plan_id(plan, SYNTH_ACCESS, n, at);
	uint32_t staff = synth_prng_below(&prng, SYNTH_STAFF_N);
	struct record_id who = synth_plan_staff(plan, staff);
	size_t action = synth_prng_pick(&prng, weights, COUNT_OF(actions));
	struct synth_home home;
	char where[SYNTH_TEXT_SIZE];

	synth_home_pick(plan, &prng, at, SYNTH_HOME_ANY, &home);
	(void)snprintf(where, sizeof(where), "%s 단말 %u", plan->dong->prefix,
	    staff % TERMINALS + 1);
	synth_plan_new(plan, SYNTH_ACCESS, &id, at);
	synth_rows_ref(rows, "who", &who);
	synth_rows_time(rows, "at", at);
	synth_rows_text(rows, "where", where);
	synth_rows_ref(rows, "subject", &home.id);
	synth_rows_text(rows, "action", actions[action].name);
	if (actions[action].reason != NULL)
		synth_rows_text(rows, "reason", actions[action].reason);
	synth_rows_hex(rows, "prev", bytes_of(before->b, sizeof(before->b)));
	synth_rows_end(rows);
	crypto_sha256_two(bytes_of(before->b, sizeof(before->b)),
	    bytes_of(id.b, sizeof(id.b)), before);
}

void
synth_access_rows(const struct synth_plan *plan)
{
	uint32_t n = plan->n[SYNTH_ACCESS];
	struct hash before = {0};
	uint32_t first = 0;

	/* Those of a day are spread over it, so that they stay in order. */
	while (first < n) {
		int64_t day = synth_plan_day(plan, SYNTH_ACCESS, first);
		uint32_t end = first + 1;

		while (
		    end < n && synth_plan_day(plan, SYNTH_ACCESS, end) == day)
			end++;
		for (uint32_t i = first; i < end; i++)
			row_write(plan, i,
			    day + MORNING +
				(int64_t)HOURS * (i - first) / (end - first),
			    &before);
		first = end;
	}
}
