/*
 * The road that people's writes take: rows are drawn (cli/synth.h), read
 * (cli/load.h) and written (cli/plan.h).
 */
#include "tests/bench/hand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/plan.h"
#include "proto/mem.h"

enum { COMMIT_ROWS = 500 };

/* The rows of a part in a file, and their times. */
struct rows_file {
	FILE *file;
	int64_t *time; /* owned */
	size_t n;
	size_t room;
};

static enum err
row_keep(const struct synth_row *row, void *arg)
{
	struct rows_file *rows = arg;

	mem_room(&rows->time, &rows->room, rows->n + 1, sizeof(*rows->time));
	rows->time[rows->n++] = row->at;
	assert(fwrite(row->json.p, 1, row->json.n, rows->file) == row->json.n);
	return ERR_OK;
}

/* A component for the collection goes in front of the class of the space. */
static void
space_part(const struct pack *pack, struct load_row *row)
{
	char text[LIMIT_SPACE_SIZE + 16];
	const char *slash = strrchr(row->space.text, '/');

	if (slash == NULL || row->collection == pack->match->collection)
		return;
	(void)snprintf(text, sizeof(text), "%.*s/k%02zu%s",
	    (int)(slash - row->space.text), row->space.text,
	    (size_t)(row->collection - pack->collections), slash);
	site_must(id_space(bytes_text(text), &row->space));
}

size_t
hand_collection(const struct space *space)
{
	const char *at = strstr(space->text, "/k");

	return at == NULL ? SIZE_MAX : strtoul(at + 2, NULL, 10);
}

static void
row_write(const struct hand *hand, struct plan *plan, struct load_row *row,
    int64_t at)
{
	struct site *site = hand->site;
	uint64_t now_ms = 1000 * (uint64_t)(at - SYNTH_CLOCK_SECONDS);
	enum plan_outcome outcome;

	if (site->now_ms < now_ms)
		site->now_ms = now_ms;
	if (hand->apart)
		space_part(plan->work->pack, row);
	site_must(plan_write(plan, row, false, &outcome));
	plan_ended(plan);
	site_must(store_settle(site->store));
}

/* What a state asks of other records it may not find apart from them.  The
 * pack is that of this store alone. */
static void
guards_drop(const struct pack *pack)
{
	for (size_t i = 0; i < pack->collections_n; i++) {
		const struct pack_collection *collection =
		    &pack->collections[i];

		for (size_t k = 0; k < collection->fields_n; k++) {
			struct pack_field *field = site_writable(
			    &collection->fields[k]);

			field->guards_n = 0;
		}
	}
}

static void
rows_write(const struct hand *hand, struct load *load, const int64_t *time)
{
	struct site *site = hand->site;
	struct opened work = {
	    .store = site->store, .pack = store_pack(site->store)};
	struct plan plan = {.work = &work, .update = true};
	struct load_row row;
	bool found = true;

	site_must(store_begin(site->store, true));
	for (size_t i = 0; found; i++) {
		site_must(load_next(load, &row, &found));
		if (found)
			row_write(hand, &plan, &row, time[i]);
		if (i % COMMIT_ROWS < COMMIT_ROWS - 1)
			continue;
		site_must(store_commit(site->store));
		site_must(store_begin(site->store, true));
	}
	site_must(store_commit(site->store));
	arena_fini(&work.arena);
}

void
hand_write(struct hand *hand, const struct synth_part *part)
{
	const char *path = tempdir_at(&hand->site->dir, "rows.jsonl");
	struct load_plan plan = {.pack = store_pack(hand->site->store)};
	struct rows_file rows = {.file = fopen(path, "wb")};
	struct load *load;

	assert(rows.file != NULL && plan.pack != NULL);
	if (hand->apart)
		guards_drop(plan.pack);
	site_must(synth_draw(hand->city, part, row_keep, &rows));
	assert(fclose(rows.file) == 0);
	site_must(load_open(&plan, path, &load));
	rows_write(hand, load, rows.time);
	load_close(load);
	mem_free(rows.time);
}
