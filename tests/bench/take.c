/*
 * W4 and the worst case: an aggregator takes in the logs of many centres
 * through core/intake.  Two stores of one seed take the same: the first on
 * tape, the second timed, beside the tape.
 */
#include "tests/bench/take.h"

#include <stdio.h>

#include "proto/mem.h"
#include "tests/bench/row.h"

enum {
	BATCH_BYTES = 1024 * 1024,
	BATCH_DELTAS = 2500,
	CENTRES_ALL = 424,
	DELTAS = 2500,
	PAIRS = 5,
	SLICE = 32,
	EACH_ROUNDS = 30, /* of one delta from every centre, in a pair */
};

/* Takes chunks of `centre` from number `at` on into one transaction; gives the
 * number behind them. */
static size_t
batch_take(struct site *site, const struct load_centre *centre, size_t at,
    uint64_t *taken)
{
	const struct authority *authority;
	struct txn *txn = store_txn(site->store);
	struct log_id log;
	size_t bytes = 0;
	uint64_t deltas = 0;

	site_must(store_authority(site->store, &authority));
	site_must(
	    intake_run(txn, authority, centre->chunks[at].chunk.run, &log));
	while (at < centre->chunks_n && bytes < BATCH_BYTES &&
	       deltas < BATCH_DELTAS) {
		struct intake_chunk chunk = centre->chunks[at].chunk;
		struct intake_taken done;

		chunk.authority = authority;
		chunk.log = log;
		site_must(intake_chunk(txn, &chunk, &done));
		assert(!done.gap && done.deltas == chunk.headers_n);
		bytes += centre->chunks[at++].bytes;
		deltas += done.deltas;
	}
	*taken += deltas;
	return at;
}

uint64_t
take_centres(struct site *site, const struct load *load, size_t first, size_t n,
    take_look_fn *look, void *arg)
{
	size_t *at = mem_zeros(n, sizeof(*at));
	uint64_t taken = 0;
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < n; i++) {
			const struct load_centre *centre =
			    &load->centres[first + i];

			if (at[i] == centre->chunks_n)
				continue;
			site_begin(site);
			at[i] = batch_take(site, centre, at[i], &taken);
			if (look != NULL)
				look(arg);
			site_must(store_commit(site->store));
			more = more || at[i] < centre->chunks_n;
		}
	}
	mem_free(at);
	return taken;
}

static void
trio_make(
    struct take_trio *trio, struct load *load, const struct load_plan *plan)
{
	double start = row_seconds();

	site_found(&trio->taped, 1);
	load_make(load, plan, &trio->taped);
	site_found(&trio->timed, 1);
	load_admit(load, &trio->timed);
	trio->load = load;
	trio->bare = site_bare(&trio->taped);
	printf("  made %zu logs of %zu deltas in %.1f s\n", plan->centres,
	    plan->deltas, row_seconds() - start);
}

void
take_trio_fini(struct take_trio *trio)
{
	tape_env_close(trio->bare);
	site_fini(&trio->taped);
	site_fini(&trio->timed);
}

void
take_count_print(double deltas)
{
	struct tape_count n = tape_count();

	printf("  a delta: %.2f gets, %.2f puts of %.0f bytes, %.2f hashes of "
	       "%.0f bytes, %.2f seals, %.4f signatures, %.5f commits\n",
	    (double)n.gets / deltas, (double)n.puts / deltas,
	    (double)n.put_bytes / deltas, (double)n.hashes / deltas,
	    (double)n.hash_bytes / deltas, (double)n.seals / deltas,
	    (double)n.verifies / deltas, (double)n.commits / deltas);
}

void
take_pair(struct take_trio *trio, size_t at, size_t n, struct row *row,
    struct take_spent *spent)
{
	double limit_s = 0;
	double store_s = 0;
	uint64_t taken;

	tape_start();
	taken = take_centres(&trio->taped, trio->load, at, n, NULL, NULL);
	tape_stop();
	/* Who comes first takes turns. */
	for (unsigned turn = 0; turn < 2; turn++) {
		double cpu = row_cpu_seconds();
		double start = row_seconds();

		if (turn == row->n % 2) {
			limit_s = tape_play(trio->bare, TAPE_ALL);
			spent->limit_s += row_cpu_seconds() - cpu;
		} else {
			(void)take_centres(
			    &trio->timed, trio->load, at, n, NULL, NULL);
			store_s = row_seconds() - start;
			spent->store_s += row_cpu_seconds() - cpu;
		}
	}
	spent->deltas += (double)taken;
	row_add(row, (double)taken, limit_s, store_s);
}

void
take_row(bool full)
{
	static struct take_trio trio;
	static struct load load;
	size_t slice = SLICE;
	size_t centres = full ? CENTRES_ALL : PAIRS * slice;
	struct take_spent spent = {0};
	double last_deltas = 0;
	double hashing_s;
	struct row row = {.name = "W4 merge",
	    .unit = "deltas",
	    .gate = 0.5,
	    .aim = 0.7,
	    .gate_rate = 80000};

	trio_make(&trio, &load,
	    &(struct load_plan){
		.centres = centres, .deltas = DELTAS, .edits = true});
	for (size_t at = 0; at < centres; at += slice) {
		size_t n = centres - at < slice ? centres - at : slice;

		take_pair(&trio, at, n, &row, &spent);
		last_deltas = (double)n * (DELTAS + 1);
		if (at == 0)
			take_count_print((double)n * (DELTAS + 1));
	}
	row_print(&row);
	hashing_s = row_cpu_seconds();
	(void)tape_play(NULL, TAPE_ALL - TAPE_LMDB);
	hashing_s = row_cpu_seconds() - hashing_s;
	printf(
	    "  on a core, a delta: limit %.1f us, of which hashes, seals and "
	    "signatures %.1f; store %.1f us\n",
	    1e6 * spent.limit_s / spent.deltas, 1e6 * hashing_s / last_deltas,
	    1e6 * spent.store_s / spent.deltas);
	take_trio_fini(&trio);
}

/* One delta of every centre in one transaction, `rounds` times from chunk `at`
 * on. */
static uint64_t
rounds_take(
    struct site *site, const struct load *load, size_t at, size_t rounds)
{
	uint64_t taken = 0;

	for (size_t round = at; round < at + rounds; round++) {
		site_must(store_begin(site->store, true));
		for (size_t i = 0; i < load->plan.centres; i++) {
			struct load_centre one = load->centres[i];

			one.chunks_n = round + 1;
			(void)batch_take(site, &one, round, &taken);
		}
		site_must(store_commit(site->store));
	}
	return taken;
}

void
take_row_each(void)
{
	static struct take_trio trio;
	static struct load load;
	struct row row = {.name = "a run for every delta",
	    .unit = "deltas",
	    .gate = 0.85,
	    .aim = 1.7};

	trio_make(&trio, &load,
	    &(struct load_plan){.centres = CENTRES_ALL,
		.deltas = PAIRS * EACH_ROUNDS - 1,
		.edits = true,
		.head_each = true});
	for (size_t pair = 0; pair < PAIRS; pair++) {
		double limit_s = 0;
		double start;
		uint64_t taken;

		tape_start();
		taken = rounds_take(
		    &trio.taped, &load, pair * EACH_ROUNDS, EACH_ROUNDS);
		tape_stop();
		if (pair % 2 == 0)
			limit_s = tape_play(NULL, TAPE_VERIFY);
		start = row_seconds();
		(void)rounds_take(
		    &trio.timed, &load, pair * EACH_ROUNDS, EACH_ROUNDS);
		start = row_seconds() - start;
		if (pair % 2 != 0)
			limit_s = tape_play(NULL, TAPE_VERIFY);
		row_add(&row, (double)taken, limit_s, start);
		if (pair == 0)
			take_count_print((double)taken);
	}
	row_print(&row);
	take_trio_fini(&trio);
}
