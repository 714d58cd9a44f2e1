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
	WRITES = 500,	 /* in a pair */
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

/* One field of a record that is there, or all of a new one, `n` times. */
static double
desk_write(struct desk *desk, bool create, size_t n)
{
	struct draw draw = {0};
	double spent = 0;

	for (size_t i = 0; i < n; i++) {
		struct store_write write = {.space = desk->space,
		    .create = create,
		    .collection = bytes_text(create ? "card" : ""),
		    .edits = draw.edits,
		    .edits_n = create ? FIELDS : 1};
		struct record_id record;
		bool changed;
		double start;

		draw_values(&desk->prng, &draw);
		if (!create)
			write.record =
			    desk->records[prng_below(&desk->prng, RECORDS)];
		start = row_seconds();
		site_must(store_begin(desk->site.store, true));
		site_must(
		    store_write(desk->site.store, &write, &record, &changed));
		assert(changed);
		site_must(store_commit(desk->site.store));
		spent += row_seconds() - start;
	}
	draw_fini(&draw);
	return spent;
}

static void
row_run(struct row *row, struct desk *taped, struct desk *timed, bool create)
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
		(void)desk_write(taped, create, WRITES);
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
				store_s = desk_write(timed, create, WRITES);
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

void
put_rows(void)
{
	static struct desk taped;
	static struct desk timed;
	struct row row = {.unit = "writes", .gate = 0.85, .aim = 0.95};

	for (unsigned create = 0; create < 2; create++) {
		desk_make(&taped);
		desk_make(&timed);
		row.name = create ? "W1 one record created"
				  : "W1 one field changed";
		row.n = 0;
		row_run(&row, &taped, &timed, create == 1);
		site_fini(&taped.site);
		site_fini(&timed.site);
	}
}
