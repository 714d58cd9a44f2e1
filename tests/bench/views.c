/*
 * What the views of the pack cost where logs of many centres are merged: visits
 * without views, with the one that groups them by month and kind, and with all
 * that the pack has; and cards, which no view counts.  No indexes are kept, so
 * that the difference is that of the views.
 */
#include "tests/bench/views.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/tables.h"
#include "core/view.h"
#include "proto/codec.h"
#include "tests/bench/row.h"
#include "tests/bench/take.h"

enum { CENTRES = 16, DELTAS = 2500, ROUNDS = 5 };

/* One way to count. */
struct way {
	const char *name;
	bool cards;
	size_t views_n;
	double cpu_s[ROUNDS];
};

/* ---- visits ------------------------------------------------------------- */

static void
field_put(struct arena *arena, struct body_op *op, const char *field,
    struct buf *value)
{
	*op = (struct body_op){.code = OP_SET,
	    .field = bytes_text(field),
	    .value = arena_bytes(arena, buf_bytes(value))};
	buf_cut(value, 0);
}

static void
day_put(struct prng *prng, bool time, struct buf *value)
{
	char text[48];
	int n = snprintf(text, sizeof(text), "%04u-%02u-%02u%s",
	    2015 + (unsigned)prng_below(prng, 2),
	    1 + (unsigned)prng_below(prng, 12),
	    1 + (unsigned)prng_below(prng, 28), time ? "T10:30:00Z" : "");

	codec_put_text(value, bytes_of(text, (size_t)n));
}

static void
word_put(
    struct prng *prng, const char *const *words, size_t n, struct buf *value)
{
	codec_put_text(value, bytes_text(words[prng_below(prng, n)]));
}

static void
visit_make(
    struct prng *prng, struct arena *arena, struct body_op ops[LOAD_FIELDS])
{
	static const char *const kinds[] = {
	    "보편_65세", "보편_출산", "빈곤위기", "돌봄위기", "동장체험"};
	static const char *const states[] = {
	    "planned", "done", "confirmed", "absent"};
	static const char *const channels[] = {"방문", "전화"};
	static const char *const refs[] = {"household", "vehicle"};
	static const char *const days[] = {"planned_on", "due_on"};
	struct buf value = {0};
	size_t n = 0;

	for (size_t i = 0; i < COUNT_OF(refs); i++) {
		uint8_t id[16] = {1, (uint8_t)prng_below(prng, 8),
		    (uint8_t)prng_below(prng, 256)};

		codec_put_bytes(&value, bytes_of(id, sizeof(id)));
		field_put(arena, &ops[n++], refs[i], &value);
	}
	for (size_t i = 0; i < COUNT_OF(days); i++) {
		day_put(prng, false, &value);
		field_put(arena, &ops[n++], days[i], &value);
	}
	day_put(prng, true, &value);
	field_put(arena, &ops[n++], "visited_at", &value);
	word_put(prng, kinds, COUNT_OF(kinds), &value);
	field_put(arena, &ops[n++], "kind", &value);
	word_put(prng, channels, COUNT_OF(channels), &value);
	field_put(arena, &ops[n++], "channel", &value);
	word_put(prng, channels, COUNT_OF(channels), &value);
	field_put(arena, &ops[n++], "outcome", &value);
	codec_put_bool(&value, true);
	field_put(arena, &ops[n++], "offline", &value);
	word_put(prng, states, COUNT_OF(states), &value);
	field_put(arena, &ops[n], "state", &value);
	ops[n++].code = OP_MOVE;
	assert(n == LOAD_FIELDS);
	buf_fini(&value);
}

/* ---- merging ------------------------------------------------------------ */

/* Seconds on a core for a delta. */
static double
way_run(const struct way *way, const struct pack *whole, uint64_t *rows)
{
	static const uint8_t secret[32] = {1};
	const struct load_plan plan = {.centres = CENTRES,
	    .deltas = DELTAS,
	    .edits = true,
	    .collection = way->cards ? NULL : "visit",
	    .fields = way->cards ? NULL : visit_make};
	struct pack pack = *whole;
	struct views *views;
	struct site_keeps keeps;
	struct site site;
	struct load load;
	uint64_t taken;
	double cpu_s;

	site_found(&site, 1);
	load_make(&load, &plan, &site);
	/* The first of a few is the one of visits by month and kind. */
	for (size_t i = 0; way->views_n == 1 && i < whole->views_n; i++)
		if (strcmp(whole->views[i].name, "visits_done") == 0)
			pack.views = &whole->views[i];
	pack.views_n = way->views_n;
	views = view_new(&pack, secret);
	keeps = (struct site_keeps){.pack = &pack, .views = views};
	site_keep(&site, &keeps);
	cpu_s = row_cpu_seconds();
	taken = take_centres(&site, &load, 0, CENTRES, NULL, NULL);
	cpu_s = row_cpu_seconds() - cpu_s;
	site_begin(&site);
	assert(view_is_current(store_txn(site.store)));
	*rows = kv_count(store_txn(site.store)->kv, TABLE_VIEWS);
	store_abort(site.store);
	view_free(views);
	site_fini(&site);
	load_forget(0);
	return cpu_s / (double)taken;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

void
views_row(void)
{
	struct way ways[] = {{.name = "cards, no views", .cards = true},
	    {.name = "cards, all views", .cards = true, .views_n = SIZE_MAX},
	    {.name = "visits, no views"},
	    {.name = "visits, one view", .views_n = 1},
	    {.name = "visits, all views", .views_n = SIZE_MAX}};
	uint64_t rows[COUNT_OF(ways)] = {0};
	struct pack *pack;

	site_must(pack_parse(pack_embedded(), &pack));
	for (size_t i = 0; i < COUNT_OF(ways); i++)
		if (ways[i].views_n > pack->views_n)
			ways[i].views_n = pack->views_n;
	for (size_t round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < COUNT_OF(ways); i++)
			ways[i].cpu_s[round] = way_run(
			    &ways[i], pack, &rows[i]);
	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		qsort(ways[i].cpu_s, ROUNDS, sizeof(double), compare);
		printf("views: merging %s (%zu): %.2f us a delta on a core "
		       "(%.2f to %.2f), %llu rows\n",
		    ways[i].name, ways[i].views_n,
		    1e6 * ways[i].cpu_s[ROUNDS / 2], 1e6 * ways[i].cpu_s[0],
		    1e6 * ways[i].cpu_s[ROUNDS - 1],
		    (unsigned long long)rows[i]);
	}
	pack_free(pack);
}
