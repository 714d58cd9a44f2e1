/*
 * The door of the synthetic city: which parts write the rows of what.
 */
#include "cli/synth.h"

#include <stdio.h>

#include "cli/synth_access.h"
#include "cli/synth_case.h"
#include "cli/synth_home.h"
#include "cli/synth_move.h"
#include "cli/synth_pinned.h"
#include "cli/synth_plan.h"
#include "cli/synth_resident.h"
#include "cli/synth_stand.h"
#include "cli/synth_tenant.h"
#include "cli/synth_truth.h"
#include "cli/synth_visit.h"
#include "cli/synth_year.h"
#include "proto/calendar.h"

static int64_t
year_begin(int year)
{
	return calendar_day((struct calendar_date){year, 1, 1}) *
	       SYNTH_DAY_SECONDS;
}

static void
stock_write(const struct synth_city *city, const struct synth_part *part,
    struct synth_rows *rows)
{
	struct synth_plan plan;

	if (!synth_plan_make(city, part->dong, part->year - 1, &plan))
		return;
	plan.rows = rows;
	rows->to = year_begin(part->year);
	synth_home_stock(&plan);
	synth_case_rows(&plan);
}

static void
year_write(const struct synth_city *city, const struct synth_part *part,
    struct synth_rows *rows)
{
	struct synth_plan plan;
	struct synth_plan last;

	if (!synth_plan_make(city, part->dong, part->year, &plan))
		return;
	if (synth_plan_make(city, part->dong, part->year - 1, &last))
		plan.before = &last;
	rows->from = year_begin(part->year);
	rows->to = year_begin(part->year + 1);
	plan.rows = rows;
	last.rows = rows;
	synth_home_rows(&plan);
	synth_visit_rows(&plan);
	if (plan.before != NULL)
		synth_case_rows(&last);
	synth_case_rows(&plan);
	synth_case_referrals(&plan);
	synth_resident_rows(&plan);
	synth_year_rows(&plan);
	synth_move_rows(&plan);
	synth_access_rows(&plan);
	synth_truth_rows(&plan);
	synth_pinned_rows(&plan);
}

static void
figures_write(const struct synth_city *city, const struct synth_part *part,
    struct synth_rows *rows)
{
	struct synth_plan plan;
	struct synth_plan last;

	if (!synth_plan_make(city, part->dong, part->year, &plan))
		return;
	if (synth_plan_make(city, part->dong, part->year - 1, &last))
		plan.before = &last;
	plan.rows = rows;
	synth_case_crises(&plan);
	for (size_t k = 0; k < SYNTH_PINNED_MONTHS; k++)
		if (synth_city_published[k].year == part->year)
			synth_visit_made(&plan, synth_city_published[k].month);
}

static void
standing_write(const struct synth_city *city, const struct synth_part *part,
    struct synth_rows *rows)
{
	struct synth_plan plan;

	/* Which year it is does not matter there. */
	if (!synth_plan_make(city, part->dong, SYNTH_YEAR_LAST, &plan))
		return;
	plan.rows = rows;
	synth_stand_rows(&plan);
}

enum err
synth_draw(const struct synth_city *city, const struct synth_part *part,
    synth_take *take, void *arg)
{
	struct synth_rows rows = {.from = INT64_MIN, .to = INT64_MAX};
	char prefix[SYNTH_PREFIX_SIZE + 8];
	enum err e;

	if (part->dong != NULL)
		rows.prefix = part->dong->prefix;
	switch (part->kind) {
	case SYNTH_PART_CITY:
		rows.prefix = "city/all";
		synth_pinned_city(city, &rows);
		break;
	case SYNTH_PART_DISTRICT:
		(void)snprintf(prefix, sizeof(prefix), "%s/all",
		    city->districts[part->district].prefix);
		rows.prefix = prefix;
		synth_pinned_district(city, part->district, part->year, &rows);
		break;
	case SYNTH_PART_STANDING:
		standing_write(city, part, &rows);
		break;
	case SYNTH_PART_STOCK:
		stock_write(city, part, &rows);
		break;
	case SYNTH_PART_YEAR:
		year_write(city, part, &rows);
		break;
	case SYNTH_PART_FIGURES:
		figures_write(city, part, &rows);
		break;
	}
	e = synth_rows_out(&rows, take, arg);
	synth_rows_fini(&rows);
	return e;
}

enum err
synth_draw_tenant(
    const struct synth_city *tenant, bool centre, synth_take *take, void *arg)
{
	struct synth_rows rows = {.from = INT64_MIN,
	    .to = INT64_MAX,
	    .prefix = centre ? tenant->dongs[0].prefix : "city/all"};
	enum err e;

	if (centre)
		synth_tenant_rows(tenant, &rows);
	else
		synth_tenant_city(tenant, &rows);
	e = synth_rows_out(&rows, take, arg);
	synth_rows_fini(&rows);
	return e;
}
