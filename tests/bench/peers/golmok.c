/*
 * What Golmok does in the comparison with its peers: tests/bench/peers/run.mjs
 * calls it on stores that `golmok init` made.  Each record is a delta and a
 * commit of its own, signed and synced, as staff would write it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/host.h"
#include "core/store.h"
#include "proto/codec.h"
#include "tests/bench/row.h"
#include "tests/lib/prng.h"

enum { FIELDS = 10, VALUE_SIZE = 19, EDIT_TIMES = 6 };

struct worker {
	struct store *store;
	struct space space;
	const char *ids; /* path of the file with the ids of all records */
	struct prng prng;
};

static void
must(enum err e)
{
	if (e == ERR_OK)
		return;
	(void)fprintf(stderr, "golmok bench: %s\n", err_text());
	exit(1);
}

static void
value_draw(struct prng *prng, size_t times, struct buf *value)
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
	char text[VALUE_SIZE * EDIT_TIMES];
	size_t n = VALUE_SIZE * times;

	for (size_t i = 0; i < n; i++)
		text[i] = digits[prng_below(prng, 32)];
	buf_cut(value, 0);
	codec_put_text(value, bytes_of(text, n));
}

/* Writes one record, or field 3 of `record`, and commits. */
static void
write_one(
    struct worker *worker, const struct record_id *record, struct record_id *id)
{
	static const char *const names[FIELDS] = {"field0", "field1", "field2",
	    "field3", "field4", "field5", "field6", "field7", "field8",
	    "field9"};
	struct store_edit edits[FIELDS];
	struct buf values[FIELDS] = {0};
	size_t n = record == NULL ? FIELDS : 1;
	struct store_write write = {.space = worker->space,
	    .create = record == NULL,
	    .collection = bytes_text(record == NULL ? "card" : ""),
	    .edits = edits,
	    .edits_n = n};
	bool changed;

	if (record != NULL)
		write.record = *record;
	for (size_t i = 0; i < n; i++) {
		value_draw(&worker->prng, n == 1 ? EDIT_TIMES : 1, &values[i]);
		edits[i] = (struct store_edit){
		    .field = bytes_text(names[n == 1 ? 3 : i]),
		    .code = OP_SET,
		    .class = CLASS_N,
		    .value = buf_bytes(&values[i])};
	}
	must(store_begin(worker->store, true));
	must(store_write(worker->store, &write, id, &changed));
	must(store_commit(worker->store));
	for (size_t i = 0; i < n; i++)
		buf_fini(&values[i]);
}

static void
fill(struct worker *worker, size_t n)
{
	FILE *file = fopen(worker->ids, "wb");
	double start = row_seconds();

	assert(file != NULL);
	for (size_t i = 0; i < n; i++) {
		struct record_id id;

		write_one(worker, NULL, &id);
		assert(fwrite(id.b, 1, sizeof(id.b), file) == sizeof(id.b));
	}
	printf("{\"seconds\":%.6f}\n", row_seconds() - start);
	assert(fclose(file) == 0);
}

/* The ids that `fill` made; freed by the caller. */
static struct record_id *
ids_read(const struct worker *worker, size_t n)
{
	struct record_id *ids = calloc(n, sizeof(*ids));
	FILE *file = fopen(worker->ids, "rb");

	assert(ids != NULL && file != NULL);
	assert(fread(ids, sizeof(*ids), n, file) == n);
	(void)fclose(file);
	return ids;
}

static void
edit(struct worker *worker, size_t n, size_t changes)
{
	struct record_id *ids = ids_read(worker, n);
	struct record_id id;

	for (size_t i = 0; i < changes; i++)
		write_one(worker, &ids[i * n / changes], &id);
	printf("{}\n");
	free(ids);
}

static void
read_all(struct worker *worker, size_t n, size_t reads)
{
	struct record_id *ids = ids_read(worker, n);
	struct arena arena = {0};
	double start = row_seconds();

	must(store_begin(worker->store, false));
	for (size_t i = 0; i < reads; i++) {
		const struct record_id *id = &ids[prng_below(&worker->prng, n)];
		struct record record;

		arena_reset(&arena);
		must(store_get(
		    worker->store, &worker->space, id, &arena, &record));
		assert(record.exists && record.fields_n == FIELDS);
	}
	store_abort(worker->store);
	printf("{\"seconds\":%.6f}\n", row_seconds() - start);
	arena_fini(&arena);
	free(ids);
}

int
main(int argc, char **argv)
{
	struct worker worker = {.prng = {.seed = 6}};
	const char *what = argc > 3 ? argv[1] : "";
	size_t n = argc > 4 ? strtoul(argv[4], NULL, 10) : 0;
	size_t m = argc > 5 ? strtoul(argv[5], NULL, 10) : 0;

	if (argc < 5) {
		(void)fprintf(stderr,
		    "usage: golmok fill|edit|read STORE IDS RECORDS [TIMES]\n");
		return 2;
	}
	worker.ids = argv[3];
	must(crypto_start());
	must(id_space(bytes_text("d00/c000/case"), &worker.space));
	must(store_open(argv[2], host_system(), &worker.store));
	if (strcmp(what, "fill") == 0)
		fill(&worker, n);
	else if (strcmp(what, "edit") == 0)
		edit(&worker, n, m);
	else
		read_all(&worker, n, m);
	store_close(worker.store);
	return 0;
}
