/*
 * Reading: one record by its id, and whole logs to see whether they are sound.
 * All is warm: what is measured is ours and LMDB's work, not the disk's.
 */
#include "tests/bench/look.h"

#include <stdio.h>

#include "core/fsck.h"
#include "core/record.h"
#include "core/tables.h"
#include "proto/mem.h"
#include "tests/bench/row.h"
#include "tests/bench/take.h"

enum { CENTRES = 40, DELTAS = 2500, READS = 500 * 1000, PAIRS = 7 };
enum { KEY_BYTES = 4 + 16 };

/* The keys of random records, one behind the other. */
static void
keys_make(struct site *site, const struct load *load, uint8_t *keys)
{
	struct prng prng = {.seed = 5};
	size_t n = (size_t)CENTRES * DELTAS;

	site_must(store_begin(site->store, false));
	for (size_t i = 0; i < READS; i++) {
		size_t k = (size_t)prng_below(&prng, n);
		const struct load_centre *centre = &load->centres[k / DELTAS];
		const struct intake_chunk *first = &centre->chunks[0].chunk;
		struct space_state *space = space_find(
		    store_txn(site->store), &centre->name.space);
		struct arena arena = {0};
		struct delta delta;
		struct key key;

		/* Headers of a log lie side by side; the first is its open. */
		delta_decode(
		    first->headers[1 + k % DELTAS], &arena, &delta, NULL);
		tables_record_key(space->no, &delta.changes[0].record, &key);
		bytes_copy(keys + i * KEY_BYTES, tables_key(&key));
		arena_fini(&arena);
	}
	store_abort(site->store);
}

/* Reads all by the door (`whole`) or by core/record alone. */
static double
reads_time(struct site *site, const uint8_t *keys, bool whole)
{
	struct space_state *spaces[CENTRES + 2];
	struct arena arena = {0};
	struct txn *txn;
	double start = row_seconds();

	site_must(store_begin(site->store, false));
	txn = store_txn(site->store);
	for (uint32_t i = 0; i < COUNT_OF(spaces); i++)
		site_must(space_by_no(
		    txn, (struct space_no){i == 0 ? 1 : i}, &spaces[i]));
	for (size_t i = 0; i < READS; i++) {
		const uint8_t *key = keys + i * KEY_BYTES;
		struct space_state *space = spaces[bytes_be32(key)];
		struct record_id id;
		struct record record;

		bytes_copy(id.b, bytes_of(key + 4, sizeof(id.b)));
		arena_reset(&arena);
		if (whole)
			site_must(store_get(
			    site->store, &space->name, &id, &arena, &record));
		else
			site_must(record_get(txn,
			    &(struct record_read){
				.space = space, .arena = &arena},
			    &id, &record));
		assert(record.exists && record.fields_n == 10);
	}
	store_abort(site->store);
	arena_fini(&arena);
	return row_seconds() - start;
}

static void
reads_row(struct site *site, struct tape_env *bare, const uint8_t *keys,
    struct row *row, bool whole)
{
	/* Both have their pages mapped before anything counts. */
	(void)tape_env_gets(bare, TABLE_RECORDS, keys, KEY_BYTES, READS);
	(void)reads_time(site, keys, whole);
	for (size_t pair = 0; pair < PAIRS; pair++) {
		double limit_s = tape_env_gets(
		    bare, TABLE_RECORDS, keys, KEY_BYTES, READS);

		row_add(row, READS, limit_s, reads_time(site, keys, whole));
	}
	row_print(row);
}

static double
logs_time(struct site *site, size_t n)
{
	struct fsck_report report = {0};
	struct txn *txn;
	double start = row_seconds();

	site_must(store_begin(site->store, false));
	txn = store_txn(site->store);
	for (uint32_t i = 0; i < n; i++) {
		struct fsck_watch watch = {0};
		struct log *log;

		/* The first are those of the authority. */
		site_must(oplog_by_no(txn, (struct log_no){i + 2}, &log));
		site_must(fsck_log(site->store, log, &watch, &report));
	}
	assert(report.found == 0 && report.bodies_opened == n * DELTAS);
	store_abort(site->store);
	return row_seconds() - start;
}

static void
logs_row(struct site *site)
{
	struct row row = {.name = "verify logs, one core, bodies too",
	    .unit = "deltas",
	    .gate = 0.8,
	    .aim = 0.9};
	struct tape_count n;

	tape_start();
	(void)logs_time(site, CENTRES);
	tape_stop();
	n = tape_count();
	for (size_t pair = 0; pair < PAIRS; pair++) {
		double limit_s = tape_play(
		    NULL, TAPE_HASH | TAPE_SEAL | TAPE_VERIFY);

		row_add(&row, (double)CENTRES * (DELTAS + 1), limit_s,
		    logs_time(site, CENTRES));
	}
	row_print(&row);
	printf("  a delta: %.2f hashes of %.0f bytes, %.2f gets, %.2f seals\n",
	    (double)n.hashes / CENTRES / DELTAS,
	    (double)n.hash_bytes / CENTRES / DELTAS,
	    (double)n.gets / CENTRES / DELTAS,
	    (double)n.seals / CENTRES / DELTAS);
}

void
look_rows(void)
{
	static struct site site;
	struct load load;
	struct tape_env *bare;
	uint8_t *keys = mem_new((size_t)READS * KEY_BYTES);
	struct row row = {.name = "W6 point read, decoded and checked",
	    .unit = "reads",
	    .gate = 0.6,
	    .aim = 0.8};
	struct row whole = {
	    .name = "W6 the same by store_get, all copied", .unit = "reads"};

	site_found(&site, 1);
	load_make(&load,
	    &(struct load_plan){.centres = CENTRES, .deltas = DELTAS}, &site);
	(void)take_centres(&site, &load, 0, CENTRES, NULL, NULL);
	keys_make(&site, &load, keys);
	bare = site_bare(&site);
	reads_row(&site, bare, keys, &row, false);
	reads_row(&site, bare, keys, &whole, true);
	tape_env_close(bare);
	logs_row(&site);
	site_fini(&site);
	mem_free(keys);
}
