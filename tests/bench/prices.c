/*
 * The price of each index and each view: the changes of one collection are
 * merged with nothing kept, with the list of its records alone, with one index
 * beside that, with one view alone, and with all, in turns.  The price is the
 * difference of the least; what else the machine does only adds to one.
 */
#include "tests/bench/prices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/lookup.h"
#include "core/view.h"
#include "proto/mem.h"
#include "tests/bench/hand.h"
#include "tests/bench/row.h"
#include "tests/bench/take.h"
#include "tests/bench/town.h"

enum { YEAR = 2020, DONGS = 3, ROUNDS = 9, WAYS_MAX = 96 };
/* Fewer tell nothing of a single index. */
enum { CHANGES_LEAST = 200 };

static const uint8_t secret[32] = {1};

/* What is kept beside nothing, or beside the list. */
enum price_of {
	OF_NONE,
	OF_LIST,
	OF_FIELD,
	OF_COMPOUND,
	OF_TEXT,
	OF_VIEW,
	OF_ALL
};

struct way {
	enum price_of of;
	size_t number; /* of the field, compound or view */
	const char *name;
	struct pack *pack; /* owned, as the others: of this way alone */
	struct lookup *lookup;
	struct views *views;
	struct site_keeps keeps;
	double cpu_s[ROUNDS];
	uint64_t bytes; /* of the pages of indexes and views */
	uint64_t records;
};

/* One collection. */
struct stall {
	const struct town *town;
	const struct pack *pack;
	const struct pack_collection *collection;
	struct site *site; /* closed; "pristine" in its directory is its data */
	struct load load;  /* the logs of the collection */
	double changes;
	struct way ways[WAYS_MAX];
	size_t n;
};

/* ---- ways --------------------------------------------------------------- */

/* The collection of a pack that was parsed for one way alone. */
static struct pack_collection *
own_collection(const struct stall *stall, struct pack *pack)
{
	size_t i = (size_t)(stall->collection - stall->pack->collections);

	return site_writable(&pack->collections[i]);
}

/* Leaves one index, or none, in the collection. */
static void
indexes_leave(
    struct pack_collection *collection, enum price_of of, size_t number)
{
	struct pack_field *fields = site_writable(collection->fields);

	for (size_t i = 0; i < collection->fields_n; i++) {
		bool here = i == number;

		if (of != OF_FIELD || !here)
			fields[i].index = PACK_INDEX_NONE;
		fields[i].search = of == OF_TEXT && here;
	}
	if (of == OF_COMPOUND)
		collection->indexes += number;
	collection->indexes_n = of == OF_COMPOUND ? 1 : 0;
}

static void
way_add(struct stall *stall, enum price_of of, size_t number, const char *name)
{
	struct way *way = &stall->ways[stall->n++];
	struct pack *pack;

	assert(stall->n <= WAYS_MAX);
	*way = (struct way){.of = of, .number = number, .name = name};
	site_must(pack_parse(pack_embedded(), &way->pack));
	pack = way->pack;
	if (of != OF_ALL)
		indexes_leave(own_collection(stall, pack), of, number);
	if (of == OF_VIEW) {
		pack->views += number;
		pack->views_n = 1;
	}
	if (of != OF_NONE && of != OF_VIEW)
		way->lookup = lookup_new(pack, secret);
	if (of == OF_VIEW || of == OF_ALL)
		way->views = view_new(pack, secret);
	way->keeps = (struct site_keeps){pack, way->lookup, way->views};
}

static void
ways_make(struct stall *stall)
{
	const struct pack_collection *c = stall->collection;

	way_add(stall, OF_NONE, SIZE_MAX, "nothing");
	way_add(stall, OF_LIST, SIZE_MAX, "list");
	if (stall->changes < CHANGES_LEAST) {
		way_add(stall, OF_ALL, SIZE_MAX, "all");
		return;
	}
	for (size_t i = 0; i < c->fields_n; i++)
		if (c->fields[i].index != PACK_INDEX_NONE)
			way_add(stall, OF_FIELD, i, c->fields[i].name);
	for (size_t i = 0; i < c->indexes_n; i++)
		way_add(stall, OF_COMPOUND, i, c->indexes[i].name);
	for (size_t i = 0; i < c->fields_n; i++)
		if (c->fields[i].search)
			way_add(stall, OF_TEXT, i, c->fields[i].name);
	for (size_t i = 0; i < stall->pack->views_n; i++)
		if (stall->pack->views[i].collection == c)
			way_add(stall, OF_VIEW, i, stall->pack->views[i].name);
	way_add(stall, OF_ALL, SIZE_MAX, "all");
}

static void
ways_free(struct stall *stall)
{
	for (size_t i = 0; i < stall->n; i++) {
		view_free(stall->ways[i].views);
		lookup_free(stall->ways[i].lookup);
		/* What was moved in it lies in its arena still. */
		pack_free(stall->ways[i].pack);
	}
	stall->n = 0;
}

/* ---- runs --------------------------------------------------------------- */

static void
data_copy(const struct site *site, const char *from, const char *to)
{
	FILE *in = fopen(tempdir_at(&site->dir, from), "rb");
	FILE *out = fopen(tempdir_at(&site->dir, to), "wb");
	char bytes[64 * 1024];
	size_t n;

	assert(in != NULL && out != NULL);
	while ((n = fread(bytes, 1, sizeof(bytes), in)) > 0)
		assert(fwrite(bytes, 1, n, out) == n);
	assert(fclose(out) == 0);
	(void)fclose(in);
}

/* Merges the logs into the store as it was founded. */
static void
way_run(struct stall *stall, struct way *way, size_t round)
{
	static const enum table which[] = {TABLE_LOOKUP, TABLE_VIEWS};
	struct site *site = stall->site;
	struct tape_env *env;
	uint64_t bytes;
	uint64_t rows;

	data_copy(site, "pristine", "store/data.mdb");
	site_keep(site, &way->keeps);
	way->cpu_s[round] = row_cpu_seconds();
	(void)take_centres(
	    site, &stall->load, 0, stall->load.plan.centres, NULL, NULL);
	way->cpu_s[round] = row_cpu_seconds() - way->cpu_s[round];
	site_close(site);
	if (round > 0)
		return;
	env = site_data(site);
	for (size_t i = 0; i < COUNT_OF(which); i++) {
		tape_env_size(env, which[i], &bytes, &rows);
		way->bytes += bytes;
	}
	tape_env_size(env, TABLE_RECORDS, &bytes, &way->records);
	tape_env_close(env);
}

/* The logs of the collection out of `all`; copies that other collections have
 * made of their records (docs/packs.md, mirror) lie in spaces of these. */
static void
logs_pick(struct stall *stall, const struct town_load *all)
{
	for (size_t i = 0; i < all->load.plan.centres; i++) {
		const struct load_centre *log = &all->load.centres[i];
		const char *class = strrchr(log->name.space.text, '/');
		size_t of = hand_collection(&log->name.space);
		bool copies;

		if (class == NULL || of >= stall->pack->collections_n)
			continue;
		copies = strcmp(class + 1,
			     stall->pack->collections[of].space) != 0;
		if (copies ? strcmp(stall->collection->name, "match_entry") != 0
			   : stall->collection != &stall->pack->collections[of])
			continue;
		stall->load.centres[stall->load.plan.centres++] = *log;
		for (size_t k = 0; k < log->chunks_n; k++)
			stall->changes +=
			    (double)log->chunks[k].chunk.headers_n;
		stall->changes--;
	}
}

/* ---- figures ------------------------------------------------------------ */

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

struct price {
	double us;    /* of a change */
	double noise; /* what a difference must be above */
	double bytes; /* of a record */
};

/* The least of the turns, and how far off the next one is. */
struct least {
	double us;
	double gap;
};

static struct least
least_of(const struct stall *stall, const struct way *way)
{
	double cpu_s[ROUNDS];

	memcpy(cpu_s, way->cpu_s, sizeof(cpu_s));
	qsort(cpu_s, ROUNDS, sizeof(double), compare);
	return (struct least){.us = 1e6 * cpu_s[0] / stall->changes,
	    .gap = 1e6 * (cpu_s[1] - cpu_s[0]) / stall->changes};
}

/* What `way` costs more than `than`. */
static struct price
price_of(
    const struct stall *stall, const struct way *way, const struct way *than)
{
	struct least with = least_of(stall, way);
	struct least without = least_of(stall, than);

	return (struct price){.us = with.us - without.us,
	    .noise = with.gap + without.gap,
	    .bytes = ((double)way->bytes - (double)than->bytes) /
		     (double)way->records};
}

static void
price_print(struct price price)
{
	if (price.us < price.noise)
		printf("<%.1f, %.0f", price.noise, price.bytes);
	else
		printf("%.1f, %.0f", price.us, price.bytes);
}

static void
kind_print(const struct stall *stall, enum price_of first, enum price_of last)
{
	bool more = false;

	for (size_t i = 0; i < stall->n; i++) {
		const struct way *way = &stall->ways[i];

		if (way->of < first || way->of > last)
			continue;
		printf("%s", more ? "; " : "");
		more = true;
		printf("%s%s ", way->name, way->of == OF_TEXT ? " (text)" : "");
		price_print(price_of(
		    stall, way, &stall->ways[first == OF_VIEW ? 0 : 1]));
	}
}

static void
stall_print(const struct stall *stall)
{
	printf("| %s | %.0f | %.1f | %.1f | ", stall->collection->name,
	    stall->changes, least_of(stall, &stall->ways[0]).us,
	    least_of(stall, &stall->ways[stall->n - 1]).us);
	price_print(price_of(stall, &stall->ways[1], &stall->ways[0]));
	printf(" | ");
	kind_print(stall, OF_FIELD, OF_TEXT);
	printf(" | ");
	kind_print(stall, OF_VIEW, OF_VIEW);
	printf(" |\n");
	(void)fflush(stdout);
}

static void
stall_run(struct stall *stall)
{
	ways_make(stall);
	for (size_t round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < stall->n; i++)
			way_run(stall, &stall->ways[i], round);
	stall_print(stall);
}

void
prices_row(void)
{
	const char *only = getenv("COLLECTION");
	static struct stall stall;
	struct town_load *loads[2];
	struct town town;
	struct pack *pack;
	struct site site;
	size_t logs;

	town_init(&town,
	    &(struct town_plan){.year = YEAR, .n = DONGS, .apart = true});
	loads[0] = town.office;
	loads[1] = town_make(&town, 0, DONGS);
	site_must(pack_parse(pack_embedded(), &pack));
	town_found(&town, false, &site);
	site_close(&site);
	data_copy(&site, "store/data.mdb", "pristine");
	logs = loads[0]->load.plan.centres + loads[1]->load.plan.centres;
	printf("| collection | changes | nothing | all | list | indexes | "
	       "views |\n|---|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < pack->collections_n; i++) {
		if (only != NULL &&
		    strcmp(only, pack->collections[i].name) != 0)
			continue;
		stall = (struct stall){.town = &town,
		    .pack = pack,
		    .collection = &pack->collections[i],
		    .site = &site};
		stall.load.centres = mem_zeros(
		    logs, sizeof(*stall.load.centres));
		for (size_t k = 0; k < COUNT_OF(loads); k++)
			logs_pick(&stall, loads[k]);
		if (stall.changes > 0)
			stall_run(&stall);
		ways_free(&stall);
		mem_free(stall.load.centres);
	}
	site_fini(&site);
	pack_free(pack);
	town_fini(&town);
	load_forget(0);
}
