/*
 * A year of the invented city in an aggregator that keeps all indexes and views
 * of the pack; beside it the same without views, and without either.  First in
 * one go, for memory and size; then five centres beside the limit.
 */
#include "tests/bench/city.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "core/lookup.h"
#include "core/tables.h"
#include "core/view.h"
#include "tests/bench/row.h"
#include "tests/bench/take.h"
#include "tests/bench/town.h"

enum { YEAR = 2020, DONGS = 5, SLICE = 1, TELL = 40 };

/* All that one aggregator took. */
struct total {
	double deltas;
	double changes;
	double seconds;
	double cpu_s;
	uint64_t most_kb;
};

static void
office_take(const struct town *town, struct site *site)
{
	(void)take_centres(site, &town->office->load, 0,
	    town->office->load.plan.centres, NULL, NULL);
}

/* ---- in one go ---------------------------------------------------------- */

static void
look(void *arg)
{
	struct total *total = arg;
	uint64_t now_kb = row_anonymous_kb();

	if (now_kb > total->most_kb)
		total->most_kb = now_kb;
}

static void
slice_take(
    struct site *site, const struct town_load *slice, struct total *total)
{
	double cpu_s = row_cpu_seconds();
	double start = row_seconds();

	total->deltas += (double)take_centres(
	    site, &slice->load, 0, slice->load.plan.centres, look, total);
	total->seconds += row_seconds() - start;
	total->cpu_s += row_cpu_seconds() - cpu_s;
	total->changes += (double)slice->changes;
}

static uint64_t
data_bytes(const struct site *site)
{
	struct stat data;

	assert(stat(tempdir_at(&site->dir, "store/data.mdb"), &data) == 0);
	return (uint64_t)data.st_size;
}

static void
total_print(
    const char *name, const struct total *total, const struct site *site)
{
	printf("%s: %.0f deltas with %.0f changes; %.0f deltas/s, %.0f "
	       "changes/s, %.1f us a change on a core; %.0f bytes a change on "
	       "disk; %.1f MiB anonymous at most\n",
	    name, total->deltas, total->changes, total->deltas / total->seconds,
	    total->changes / total->seconds,
	    1e6 * total->cpu_s / total->changes,
	    (double)data_bytes(site) / total->changes,
	    (double)total->most_kb / 1024);
	(void)fflush(stdout);
}

static void
tables_print(struct site *site, const struct total *total)
{
	static const enum table which[] = {TABLE_DELTAS, TABLE_HEADS,
	    TABLE_TREE, TABLE_FEED, TABLE_HISTORY, TABLE_RECORDS, TABLE_SEATS,
	    TABLE_CELLS, TABLE_LOOKUP, TABLE_VIEWS};
	struct tape_env *env;

	site_close(site);
	env = site_data(site);
	for (size_t i = 0; i < COUNT_OF(which); i++) {
		uint64_t bytes;
		uint64_t rows;

		tape_env_size(env, which[i], &bytes, &rows);
		printf("  table %s: %.1f bytes and %.2f rows a change\n",
		    tables_names[which[i]], (double)bytes / total->changes,
		    (double)rows / total->changes);
	}
	tape_env_close(env);
}

/* Slices are made when it is their turn, and forgotten. */
static void
whole_take(const struct town *town)
{
	static struct site site;
	struct total total = {0};
	double start = row_seconds();

	town_found(town, true, &site);
	office_take(town, &site);
	for (size_t at = 0; at < town->plan.n; at += SLICE) {
		size_t mark = load_mark();

		slice_take(&site, town_make(town, at, SLICE), &total);
		load_forget(mark);
		if ((at + SLICE) % TELL != 0 || at + SLICE == town->plan.n)
			continue;
		printf("  after %.0f s, %zu dongs: ", row_seconds() - start,
		    at + SLICE);
		total_print("so far", &total, &site);
	}
	site_must(store_begin(site.store, false));
	assert(lookup_is_current(store_txn(site.store)));
	assert(view_is_current(store_txn(site.store)));
	store_abort(site.store);
	printf("city, %zu centres, the year %d\n", town->plan.n, YEAR);
	total_print("all indexes and views", &total, &site);
	tables_print(&site, &total);
	site_fini(&site);
}

/* ---- beside the limit --------------------------------------------------- */

struct way {
	const char *name;
	struct site_keeps keeps;
};

static void
way_take(const struct town *town, const struct way *way,
    struct town_load *const slices[DONGS / SLICE])
{
	static struct take_trio trio;
	struct row row = {.name = way->name,
	    .unit = "deltas",
	    .gate = 0.5,
	    .aim = 0.7,
	    .gate_rate = 80000};
	struct take_spent spent = {0};
	double changes = 0;

	town_found(town, false, &trio.taped);
	site_keep(&trio.taped, &way->keeps);
	office_take(town, &trio.taped);
	town_found(town, false, &trio.timed);
	site_keep(&trio.timed, &way->keeps);
	office_take(town, &trio.timed);
	trio.bare = site_bare(&trio.taped);
	for (size_t i = 0; i < DONGS / SLICE; i++) {
		trio.load = &slices[i]->load;
		changes += (double)slices[i]->changes;
		take_pair(&trio, 0, trio.load->plan.centres, &row, &spent);
		if (i == 0)
			take_count_print((double)slices[i]->deltas);
	}
	row_print(&row);
	printf("  on a core, a change: limit %.1f us, store %.1f us; %.0f "
	       "bytes on disk\n",
	    1e6 * spent.limit_s / changes, 1e6 * spent.store_s / changes,
	    (double)data_bytes(&trio.timed) / changes);
	(void)fflush(stdout);
	take_trio_fini(&trio);
}

/* Of how many centres the whole is: $CENTRES of them, if that is said. */
static size_t
centres_n(bool full)
{
	const char *text = getenv("CENTRES");
	size_t n = text != NULL ? strtoul(text, NULL, 10) : 0;

	if (n == 0)
		return full ? SYNTH_DONGS : DONGS;
	return n < DONGS ? DONGS : n > SYNTH_DONGS ? SYNTH_DONGS : n;
}

void
city_row(bool full)
{
	static const uint8_t secret[32] = {1};
	struct town_load *slices[DONGS / SLICE];
	struct town town;
	struct pack *pack;
	struct way ways[] = {{.name = "city, all indexes and views"},
	    {.name = "city, all indexes, no views"},
	    {.name = "city, no indexes, no views"}};
	struct lookup *lookup;
	struct views *views;

	town_init(
	    &town, &(struct town_plan){.year = YEAR, .n = centres_n(full)});
	whole_take(&town);
	for (size_t i = 0; i < DONGS / SLICE; i++)
		slices[i] = town_make(&town, i * SLICE, SLICE);
	site_must(pack_parse(pack_embedded(), &pack));
	lookup = lookup_new(pack, secret);
	views = view_new(pack, secret);
	ways[0].keeps = (struct site_keeps){pack, lookup, views};
	ways[1].keeps = (struct site_keeps){pack, lookup, NULL};
	ways[2].keeps = (struct site_keeps){pack, NULL, NULL};
	for (size_t i = 0; i < COUNT_OF(ways); i++)
		way_take(&town, &ways[i], slices);
	view_free(views);
	lookup_free(lookup);
	pack_free(pack);
	town_fini(&town);
	load_forget(0);
}
