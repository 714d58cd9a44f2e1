/*
 * What a record weighs on the disk, and a merging process in memory.  Counts
 * pages as LMDB and the system count them.
 */
#include "tests/bench/weigh.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/packing.h"
#include "core/tables.h"
#include "tests/bench/row.h"
#include "tests/bench/take.h"

enum { CENTRES = 40, DELTAS = 2500, RECORD_BYTES = 300 };

/* Prints the sum of the tables `which`, and of each, for one record. */
static void
group_print(
    struct tape_env *env, const char *name, const enum table *which, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t bytes;
		uint64_t rows;

		tape_env_size(env, which[i], &bytes, &rows);
		sum += bytes;
		if (rows > 0)
			printf("  table %s: %.1f bytes a record, %llu rows\n",
			    tables_names[which[i]],
			    (double)bytes / CENTRES / DELTAS,
			    (unsigned long long)rows);
	}
	printf("W5 %s: %.0f bytes a record of %d, %.2f of them\n", name,
	    (double)sum / CENTRES / DELTAS, RECORD_BYTES,
	    (double)sum / CENTRES / DELTAS / RECORD_BYTES);
}

/* Packs all that is old, as `golmok squeeze` does. */
static void
pack(struct site *site)
{
	struct packing packing = {.rest = true};
	double began = row_seconds();
	double seconds;

	while (!packing.ended) {
		site_must(store_begin(site->store, true));
		site_must(packing_some(
		    store_txn(site->store), &packing, PACKING_STEP));
		site_must(store_commit(site->store));
	}
	seconds = row_seconds() - began;
	printf("packing: %llu deltas into %llu blocks, %.0f deltas/s\n",
	    (unsigned long long)packing.deltas,
	    (unsigned long long)packing.blocks,
	    (double)packing.deltas / seconds);
}

/* Prints how fast deltas are read, one after the other and anywhere. */
static void
reads_print(struct site *site, const char *what)
{
	enum { ANYWHERE = 20000 };
	struct prng prng = {.seed = 5};
	struct stored_delta stored;
	struct txn *txn;
	struct log *log;
	uint64_t n = 0;
	double in_order;
	double anywhere;

	site_must(store_begin(site->store, false));
	txn = store_txn(site->store);
	in_order = row_seconds();
	for (uint32_t no = 2; no <= CENTRES + 1; no++) {
		site_must(oplog_by_no(txn, (struct log_no){no}, &log));
		for (uint64_t seq = 0; seq < log->frontier.size; seq++, n++)
			site_must(oplog_get(txn, log, seq, &stored));
	}
	in_order = row_seconds() - in_order;
	anywhere = row_seconds();
	for (int i = 0; i < ANYWHERE; i++) {
		struct log_no no = {2 + (uint32_t)prng_below(&prng, CENTRES)};

		site_must(oplog_by_no(txn, no, &log));
		site_must(oplog_get(
		    txn, log, prng_below(&prng, log->frontier.size), &stored));
	}
	anywhere = row_seconds() - anywhere;
	store_abort(site->store);
	printf("reading %s deltas: %.2f us each in order, %.1f us anywhere\n",
	    what, 1e6 * in_order / (double)n, 1e6 * anywhere / ANYWHERE);
}

void
weigh_disk(void)
{
	static const enum table log[] = {TABLE_LOGS, TABLE_LOG_NOS,
	    TABLE_DELTAS, TABLE_BLOCKS, TABLE_HEADS, TABLE_TREE};
	static const enum table state[] = {TABLE_SPACES, TABLE_HISTORY,
	    TABLE_RECORDS, TABLE_WORDS, TABLE_CELLS};
	static const enum table rest[] = {
	    TABLE_SEATS, TABLE_LOOKUP, TABLE_FEED};
	static struct site site;
	struct load load;
	struct tape_env *env;

	site_found(&site, 1);
	load_make(&load,
	    &(struct load_plan){.centres = CENTRES, .deltas = DELTAS}, &site);
	(void)take_centres(&site, &load, 0, CENTRES, NULL, NULL);
	site_close(&site);
	env = site_data(&site);
	group_print(env, "log", log, COUNT_OF(log));
	group_print(env, "state", state, COUNT_OF(state));
	group_print(env, "indexes and feed", rest, COUNT_OF(rest));
	tape_env_close(env);
	site_open(&site);
	reads_print(&site, "unpacked");
	pack(&site);
	reads_print(&site, "packed");
	site_close(&site);
	env = site_data(&site);
	group_print(env, "log, packed", log, COUNT_OF(log));
	tape_env_close(env);
	site_fini(&site);
}

static void
look(void *arg)
{
	uint64_t *most = arg;
	uint64_t now = row_anonymous_kb();

	if (now > *most)
		*most = now;
}

/* In a process of its own, whose memory is nobody else's.  The load was made by
 * another child, in memory that is shared. */
static void
memory_child(const struct load *load, uint64_t seed)
{
	static struct site site;
	uint64_t bare = row_anonymous_kb();
	uint64_t idle;
	uint64_t most = 0;

	site_found(&site, seed);
	load_admit(load, &site);
	site_close(&site);
	site_open(&site);
	idle = row_anonymous_kb();
	(void)take_centres(&site, load, 0, load->plan.centres, look, &most);
	printf("memory, anonymous: %.1f MiB before, %.1f with the store open "
	       "(gate 16, aim 8), %.1f at most while %zu deltas were merged "
	       "(gate 64, aim 32), %.1f after\n",
	    (double)bare / 1024, (double)idle / 1024, (double)most / 1024,
	    load->plan.centres * load->plan.deltas,
	    (double)row_anonymous_kb() / 1024);
	(void)fflush(stdout);
	site_fini(&site);
}

/* Runs one step of weigh_memory in a child. */
static void
step(const struct load_plan *plan, struct load *load, bool make)
{
	pid_t pid;
	int status;

	(void)fflush(stdout);
	pid = fork();
	assert(pid >= 0);
	if (pid == 0) {
		if (make) {
			static struct site site;

			site_found(&site, 1);
			load_make(load, plan, &site);
			site_fini(&site);
		} else {
			memory_child(load, 1);
		}
		_exit(0);
	}
	assert(waitpid(pid, &status, 0) == pid);
	assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

void
weigh_memory(uint64_t deltas)
{
	struct load_plan plan = {.centres = (size_t)(deltas / DELTAS),
	    .deltas = DELTAS,
	    .edits = true};
	struct load *load = load_memory(sizeof(*load));

	step(&plan, load, true);
	step(&plan, load, false);
}
