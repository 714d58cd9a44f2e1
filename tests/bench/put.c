/*
 * W1: what a person waits for when something is saved.  Two stores of one seed
 * make the same writes: the first on tape, the second timed, beside the tape.
 */
#include "tests/bench/put.h"

#include <stdio.h>

#include "proto/codec.h"
#include "tests/bench/row.h"
#include "tests/bench/site.h"

enum {
	RECORDS = 10000, /* there before */
	WRITES = 512,	 /* in a pair */
	GROUP = 64,	 /* writers that share a commit */
	PAIRS = 15,
	FIELDS = 10,
	VALUE_SIZE = 19,
};

/* A store with its records, and what it writes next. */
struct desk {
	struct site site;
	struct space space;
	struct prng prng;
	struct record_id records[RECORDS];
};

/* Ten values of ten fields, drawn anew. */
struct draw {
	struct store_edit edits[FIELDS];
	struct buf values[FIELDS];
};

static void
draw_values(struct prng *prng, struct draw *draw)
{
	static const char *const names[FIELDS] = {"field0", "field1", "field2",
	    "field3", "field4", "field5", "field6", "field7", "field8",
	    "field9"};

	for (size_t i = 0; i < FIELDS; i++) {
		char text[VALUE_SIZE];

		for (size_t k = 0; k < VALUE_SIZE; k++)
			text[k] = (char)('a' + prng_below(prng, 26));
		buf_cut(&draw->values[i], 0);
		codec_put_text(&draw->values[i], bytes_of(text, sizeof(text)));
		draw->edits[i] = (struct store_edit){
		    .field = bytes_text(names[i]),
		    .code = OP_SET,
		    .class = CLASS_N,
		    .value = buf_bytes(&draw->values[i])};
	}
}

static void
draw_fini(struct draw *draw)
{
	for (size_t i = 0; i < FIELDS; i++)
		buf_fini(&draw->values[i]);
}

static void
desk_make(struct desk *desk)
{
	struct draw draw = {0};

	site_found(&desk->site, 2);
	desk->space = site_space(0);
	desk->prng.seed = 3;
	site_must(store_begin(desk->site.store, true));
	for (size_t i = 0; i < RECORDS; i++) {
		struct store_write write = {.space = desk->space,
		    .create = true,
		    .collection = bytes_text("card"),
		    .edits = draw.edits,
		    .edits_n = FIELDS};
		bool changed;

		draw_values(&desk->prng, &draw);
		site_must(store_write(
		    desk->site.store, &write, &desk->records[i], &changed));
	}
	site_must(store_commit(desk->site.store));
	draw_fini(&draw);
}

/* What a row writes. */
struct kind {
	bool create;  /* all of a new record, else one field of one */
	size_t group; /* writers in one commit, each with a delta of its own */
};

/* One writer: a delta that waits for the commit. */
static void
desk_put(struct desk *desk, const struct kind *kind, struct draw *draw)
{
	struct store_write write = {.space = desk->space,
	    .create = kind->create,
	    .collection = bytes_text(kind->create ? "card" : ""),
	    .edits = draw->edits,
	    .edits_n = kind->create ? FIELDS : 1};
	struct record_id record;
	bool changed;

	if (!kind->create)
		write.record = desk->records[prng_below(&desk->prng, RECORDS)];
	site_must(store_write(desk->site.store, &write, &record, &changed));
	assert(changed);
	site_must(store_settle(desk->site.store));
}

static double
desk_write(struct desk *desk, const struct kind *kind, size_t n)
{
	struct draw draws[GROUP] = {0};
	double spent = 0;

	assert(kind->group <= GROUP && n % kind->group == 0);
	for (size_t i = 0; i < n; i += kind->group) {
		double start;

		for (size_t k = 0; k < kind->group; k++)
			draw_values(&desk->prng, &draws[k]);
		start = row_seconds();
		site_must(store_begin(desk->site.store, true));
		for (size_t k = 0; k < kind->group; k++)
			desk_put(desk, kind, &draws[k]);
		site_must(store_commit(desk->site.store));
		spent += row_seconds() - start;
	}
	for (size_t k = 0; k < GROUP; k++)
		draw_fini(&draws[k]);
	return spent;
}

static void
row_run(struct row *row, struct desk *taped, struct desk *timed,
    const struct kind *kind)
{
	struct tape_env *bare = site_bare(&taped->site);
	double pages_bare = 0;
	double pages = 0;
	double cpu_bare = 0;
	double cpu = 0;

	for (size_t pair = 0; pair < PAIRS; pair++) {
		double limit_s = 0;
		double store_s = 0;

		tape_start();
		(void)desk_write(taped, kind, WRITES);
		tape_stop();
		for (unsigned turn = 0; turn < 2; turn++) {
			uint64_t before = row_written_bytes();
			double began = row_cpu_seconds();

			if (turn == pair % 2) {
				limit_s = tape_play(bare, TAPE_ALL);
				cpu_bare += row_cpu_seconds() - began;
				pages_bare += (double)(row_written_bytes() -
						       before);
			} else {
				store_s = desk_write(timed, kind, WRITES);
				cpu += row_cpu_seconds() - began;
				pages += (double)(row_written_bytes() - before);
			}
		}
		row_add(row, WRITES, limit_s, store_s);
	}
	row_print(row);
	printf("  pages of 4 KiB written by one write: %.1f by the store, %.1f "
	       "by the limit\n",
	    pages / 4096 / WRITES / PAIRS, pages_bare / 4096 / WRITES / PAIRS);
	printf("  on a core, a write: limit %.0f us, store %.0f us\n",
	    1e6 * cpu_bare / WRITES / PAIRS, 1e6 * cpu / WRITES / PAIRS);
	tape_env_close(bare);
}

/* How often the middle of the pairs of `row` has that of `one`. */
static void
group_print(const struct row *row, const struct row *one)
{
	double many = 0;
	double single = 0;

	for (size_t i = 0; i < PAIRS; i++) {
		many += row->store[i];
		single += one->store[i];
	}
	printf("  %.1f times the rate of one writer\n", many / single);
}

void
put_rows(void)
{
	static const struct kind kinds[] = {
	    {.group = 1}, {.create = true, .group = 1}, {.group = GROUP}};
	static struct row rows[] = {
	    {.name = "W1 one field changed", .gate = 0.85, .aim = 0.95},
	    {.name = "W1 one record created", .gate = 0.85, .aim = 0.95},
	    {.name = "W1 one field, 64 writers a commit",
		.gate = 0.8,
		.aim = 0.9}};
	static struct desk taped;
	static struct desk timed;

	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		rows[i].unit = "writes";
		desk_make(&taped);
		desk_make(&timed);
		row_run(&rows[i], &taped, &timed, &kinds[i]);
		site_fini(&taped.site);
		site_fini(&timed.site);
	}
	group_print(&rows[2], &rows[0]);
}
