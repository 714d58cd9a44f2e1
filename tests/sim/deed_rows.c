/*
 * Draws rows, reads them as import does, and keeps them to the end of the
 * process.  Knows no simulator: tests/sim/deed.c calls it.
 */
#include "tests/sim/deed_rows.h"

#include <string.h>

#include "cli/plan.h"
#include "cli/synth.h"
#include "core/file.h"
#include "core/mirror.h"
#include "proto/arena.h"
#include "proto/mem.h"
#include "tests/sim/deed_pack.h"

enum {
	YEAR = 2016,
	FEW = 8,   /* of each collection, where nothing hangs on them */
	SOME = 24, /* of what is much and all alike */
	COLLECTIONS_MAX = 64,
	REF_HEAD = 2, /* bytes of msgpack in front of an id */
};

struct gathering {
	struct buf lines;
	bool few;
	struct {
		const char *collection;
		size_t n;
	} counts[COLLECTIONS_MAX];
};

static struct pack *pack; /* by which they were read */
static struct arena kept;
static struct load_row *rows; /* in it */
static size_t rows_n;

static bool
is_much(const char *collection)
{
	static const char *const much[] = {"access_log", "zone_round",
	    "vehicle", "notice", "session", "vol_activity"};

	for (size_t i = 0; i < COUNT_OF(much); i++)
		if (strcmp(much[i], collection) == 0)
			return true;
	return false;
}

static enum err
take(const struct synth_row *row, void *arg)
{
	struct gathering *g = arg;
	size_t i = 0;

	while (g->counts[i].collection != NULL &&
	       strcmp(g->counts[i].collection, row->collection) != 0)
		i++;
	assert(i + 1 < COLLECTIONS_MAX);
	g->counts[i].collection = row->collection;
	if (g->few && g->counts[i].n >= FEW)
		return ERR_OK;
	if (is_much(row->collection) && g->counts[i].n >= SOME)
		return ERR_OK;
	g->counts[i].n++;
	buf_add(&g->lines, row->json);
	return ERR_OK;
}

static void
part_gather(struct gathering *g, const struct synth_city *city,
    const struct synth_part *part, bool few)
{
	enum err e;

	g->few = few;
	memset(g->counts, 0, sizeof(g->counts));
	e = synth_draw(city, part, take, g);
	assert(e == ERR_OK);
}

/* The least of those that are there all year. */
static const struct synth_dong *
smallest(const struct synth_city *city)
{
	const struct synth_dong *least = NULL;

	for (size_t i = 0; i < SYNTH_DONGS; i++)
		if (synth_city_months(&city->dongs[i], YEAR) == 12 &&
		    (least == NULL || city->dongs[i].weight < least->weight))
			least = &city->dongs[i];
	assert(least != NULL);
	return least;
}

static void
lines_gather(struct gathering *g)
{
	struct synth_city *city = synth_city_new(1);
	struct synth_part part = {.dong = smallest(city), .year = YEAR};
	struct synth_part district = {.kind = SYNTH_PART_DISTRICT,
	    .district = part.dong->district,
	    .year = YEAR};

	part_gather(
	    g, city, &(struct synth_part){.kind = SYNTH_PART_CITY}, true);
	part_gather(g, city, &district, true);
	part.kind = SYNTH_PART_STANDING;
	part_gather(g, city, &part, true);
	part.kind = SYNTH_PART_YEAR;
	part_gather(g, city, &part, false);
	synth_city_free(city);
}

static void
row_keep(const struct load_row *row)
{
	struct load_row *copy = &rows[rows_n++];

	*copy = *row;
	copy->has_space = true;
	copy->values = arena_array(&kept, row->n, sizeof(*copy->values));
	for (size_t i = 0; i < row->n; i++)
		copy->values[i] = (struct load_value){
		    .field = row->values[i].field,
		    .value = arena_bytes(&kept, row->values[i].value)};
}

size_t
deed_rows_count(const char *scratch)
{
	struct gathering g = {0};
	struct load_plan how = {0};
	struct load_row row;
	struct load *load;
	bool found = true;
	size_t lines = 0;
	enum err e;

	if (rows_n > 0)
		return rows_n;
	lines_gather(&g);
	for (size_t i = 0; i < g.lines.n; i++)
		lines += g.lines.p[i] == '\n';
	rows = arena_array(&kept, lines, sizeof(*rows));
	e = file_write(scratch, buf_bytes(&g.lines), 0600);
	assert(e == ERR_OK);
	/* Its fields are named by the rows. */
	e = pack_parse(deed_pack(DEED_PACK_FIRST), &pack);
	assert(e == ERR_OK);
	how.pack = pack;
	e = load_open(&how, scratch, &load);
	while (e == ERR_OK && found) {
		e = load_next(load, &row, &found);
		if (e == ERR_OK && found)
			row_keep(&row);
	}
	assert(e == ERR_OK);
	load_close(load);
	buf_fini(&g.lines);
	return rows_n;
}

static void
id_turn(uint8_t *id, size_t town)
{
	id[sizeof(((struct record_id *)0)->b) - 1] ^= (uint8_t)town;
}

/* The row as this town has it, values in `arena`. */
static void
row_turn(const struct deed_row *deed, struct arena *arena, struct load_row *row)
{
	const struct load_row *from = &rows[deed->n];

	*row = *from;
	row->space = *deed->space;
	id_turn(row->id.b, deed->town);
	row->values = arena_array(arena, row->n, sizeof(*row->values));
	for (size_t i = 0; i < row->n; i++) {
		struct load_value *value = &row->values[i];
		uint8_t *copy;

		*value = from->values[i];
		if (value->field->type != PACK_REF)
			continue;
		assert(value->value.n == REF_HEAD + sizeof(row->id.b));
		copy = arena_new(arena, value->value.n);
		bytes_copy(copy, value->value);
		id_turn(copy + REF_HEAD, deed->town);
		value->value = bytes_of(copy, value->value.n);
	}
}

enum err
deed_rows_write(struct store *store, struct deed_row *deed)
{
	struct opened work = {.store = store};
	struct plan plan = {.work = &work, .update = true};
	enum plan_outcome outcome = PLAN_SAME;
	struct arena arena = {0};
	struct load_row row;
	enum err e;

	row_turn(deed, &arena, &row);
	e = plan_write(&plan, &row, false, &outcome);
	deed->ids_n = 0;
	if (e == ERR_OK && outcome != PLAN_SAME) {
		deed->ids[deed->ids_n++] = row.id;
		if (mirror_has(pack, row.collection))
			mirror_id(
			    pack_collection(pack, bytes_text("match_entry")),
			    &row.id, &deed->ids[deed->ids_n++]);
	}
	plan_ended(&plan);
	arena_fini(&work.arena);
	arena_fini(&arena);
	return e;
}
