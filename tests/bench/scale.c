/*
 * The same work in one store at ten times as many records, again and again.
 * Each slice is the log of one more centre in a space of its own; what is timed
 * is the last slices before each size.
 */
#include "tests/bench/scale.h"

#include <stdio.h>

#include "core/record.h"
#include "proto/codec.h"
#include "tests/bench/row.h"
#include "tests/bench/take.h"

enum {
	CENTRES = 1, /* in a slice */
	DELTAS = 10 * 1000,
	SLICE = CENTRES * DELTAS,
	LEAST = SLICE,
	TIMED = 4, /* slices, when there are as many */
	WRITES = 1000,
	READS = 100 * 1000,
	SAMPLES = 10 * 1000,
};

/* What one thing costs at one size, in microseconds. */
struct cost {
	size_t records;
	double merge;
	double merge_core; /* without waiting for the disk */
	double write;
	double read;
};

/* Records met so far, some of all sizes' worth. */
struct sample {
	struct prng prng;
	size_t met;
	struct {
		struct space space;
		struct record_id id;
	} at[SAMPLES];
};

/* Each record that was met has the same chance to be kept. */
static void
sample_add(struct sample *sample, const struct load_centre *centre,
    const struct record_id *id)
{
	size_t k = sample->met++;

	if (k >= SAMPLES)
		k = (size_t)prng_below(&sample->prng, sample->met);
	if (k >= SAMPLES)
		return;
	sample->at[k].space = centre->name.space;
	sample->at[k].id = *id;
}

static void
sample_load(struct sample *sample, const struct load *load)
{
	for (size_t i = 0; i < CENTRES; i++) {
		const struct load_centre *centre = &load->centres[i];
		const struct bytes *headers = centre->chunks[0].chunk.headers;

		for (size_t k = 1; k <= DELTAS; k++) {
			struct arena arena = {0};
			struct delta delta;

			delta_decode(headers[k], &arena, &delta, NULL);
			sample_add(sample, centre, &delta.changes[0].record);
			arena_fini(&arena);
		}
	}
}

/* Merges the next slice; adds what it took to `cost`. */
static void
slice_merge(
    struct site *site, struct sample *sample, size_t slice, struct cost *cost)
{
	struct load_plan plan = {
	    .centres = CENTRES, .deltas = DELTAS, .first = slice * CENTRES};
	struct load load;
	double start;
	double core;

	load_forget(0);
	load_make(&load, &plan, site);
	sample_load(sample, &load);
	start = row_seconds();
	core = row_cpu_seconds();
	(void)take_centres(site, &load, 0, CENTRES, NULL, NULL);
	cost->merge += row_seconds() - start;
	cost->merge_core += row_cpu_seconds() - core;
}

static double
reads_time(struct site *site, struct sample *sample)
{
	size_t n = sample->met < SAMPLES ? sample->met : SAMPLES;
	struct arena arena = {0};
	double start = row_seconds();

	site_must(store_begin(site->store, false));
	for (size_t i = 0; i < READS; i++) {
		size_t k = (size_t)prng_below(&sample->prng, n);
		struct record record;

		arena_reset(&arena);
		site_must(store_get(site->store, &sample->at[k].space,
		    &sample->at[k].id, &arena, &record));
		assert(record.exists && record.fields_n == 10);
	}
	store_abort(site->store);
	arena_fini(&arena);
	return row_seconds() - start;
}

/* One field of a record anywhere, each a commit of its own. */
static double
writes_time(struct site *site, struct sample *sample)
{
	size_t n = sample->met < SAMPLES ? sample->met : SAMPLES;
	struct buf value = {0};
	double start = row_seconds();

	for (size_t i = 0; i < WRITES; i++) {
		size_t k = (size_t)prng_below(&sample->prng, n);
		struct store_edit edit = {.field = bytes_text("field3"),
		    .code = OP_SET,
		    .class = CLASS_N};
		struct store_write write = {.space = sample->at[k].space,
		    .record = sample->at[k].id,
		    .edits = &edit,
		    .edits_n = 1};
		char text[32];
		struct record_id id;
		bool changed;

		(void)snprintf(
		    text, sizeof(text), "%zu of %zu", i, sample->met);
		buf_cut(&value, 0);
		codec_put_text(&value, bytes_text(text));
		edit.value = buf_bytes(&value);
		site_must(store_begin(site->store, true));
		site_must(store_write(site->store, &write, &id, &changed));
		site_must(store_commit(site->store));
	}
	buf_fini(&value);
	return row_seconds() - start;
}

static void
cost_print(const struct cost *cost, const struct cost *first)
{
	printf("scale %zu records: merge %.1f us a delta (%.1f on a core), "
	       "write %.0f us, read %.2f us\n",
	    cost->records, cost->merge, cost->merge_core, cost->write,
	    cost->read);
	if (cost->records > first->records)
		printf("  beside %zu: merge %.2f (%.2f), write %.2f, read "
		       "%.2f\n",
		    first->records, cost->merge / first->merge,
		    cost->merge_core / first->merge_core,
		    cost->write / first->write, cost->read / first->read);
	(void)fflush(stdout);
}

void
scale_row(size_t most)
{
	static struct site site;
	static struct sample sample = {.prng = {.seed = 8}};
	struct cost first = {0};
	size_t slice = 0;

	site_found(&site, 1);
	for (size_t size = LEAST; size <= most; size *= 10) {
		size_t slices = size / SLICE - slice;
		size_t timed = slices < TIMED ? slices : TIMED;
		struct cost cost = {.records = size};

		for (size_t i = 0; i < slices; i++) {
			if (i == slices - timed)
				cost = (struct cost){.records = size};
			slice_merge(&site, &sample, slice++, &cost);
		}
		cost.merge *= 1e6 / (double)(timed * SLICE);
		cost.merge_core *= 1e6 / (double)(timed * SLICE);
		cost.read = 1e6 * reads_time(&site, &sample) / READS;
		cost.write = 1e6 * writes_time(&site, &sample) / WRITES;
		if (size <= 10 * LEAST)
			first = cost;
		cost_print(&cost, &first);
	}
	site_fini(&site);
}
