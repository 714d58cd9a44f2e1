/*
 * Which row of the invented city is written next, and where.
 */
#include "tests/sim/deed.h"

#include <string.h>

#include "proto/mem.h"
#include "tests/sim/deed_rows.h"

enum { AHEAD_MAX = 40 };

/* The number of a row, and where the space goes on. */
static size_t
row_pick(struct sim *sim, size_t space)
{
	size_t n = deed_rows_count(tempdir_at(&sim->dir, "deeds.jsonl"));
	size_t *next = &sim->deeds[space];

	if (*next > 0 && sim_once_in(sim, 6))
		return sim_below(sim, *next < n ? *next : n);
	if (sim_once_in(sim, 12))
		*next += sim_below(sim, AHEAD_MAX);
	return (*next)++ % n;
}

/* What was made in a transaction that has not happened is made again. */
static void
record_know(struct sim *sim, size_t space, const struct record_id *id)
{
	for (size_t i = 0; i < sim->records_n; i++)
		if (memcmp(&sim->records[i].id, id, sizeof(*id)) == 0 &&
		    sim->records[i].space == space)
			return;
	mem_room(&sim->records, &sim->records_room, sim->records_n + 1,
	    sizeof(*sim->records));
	sim->records[sim->records_n++] = (struct sim_record){
	    .space = space, .id = *id};
}

enum err
deed_write(struct sim_node *node, size_t space)
{
	struct sim *sim = node->sim;
	struct deed_row row = {.space = &sim->spaces[space],
	    .town = space % DEED_TOWNS_MAX,
	    .n = row_pick(sim, space)};
	enum err e = deed_rows_write(node->store, &row);

	for (size_t i = 0; i < row.ids_n; i++)
		record_know(sim, space, &row.ids[i]);
	if (e == ERR_INVALID || e == ERR_EXISTS)
		sim->count.forbidden++;
	else if (e != ERR_DENIED && e != ERR_NOT_FOUND)
		sim_must(sim, e, "write a row");
	sim->count.deeds += row.ids_n > 0;
	sim_note(sim, "deed", node->number, row.n);
	return e;
}
