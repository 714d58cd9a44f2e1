/*
 * The prepared city.  It lies in memory, and what an input did to the victim is
 * undone by giving up its transaction or, where that was committed, by putting
 * its files back.
 */
#include "tests/fuzz/stage.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/digest.h"
#include "core/file.h"
#include "core/fsck.h"
#include "proto/mem.h"

enum { FILE_SIZE_MAX = 64 * 1024 * 1024 };

static struct stage stage;

static void make(void);
static void grant_find(void);
static void closed_find(void);
static void state_put(struct buf *out);

static void
stage_remove(void)
{
	town_fini(&stage.town);
	arena_fini(&stage.rogue.arena);
	arena_fini(&stage.arena);
}

struct stage *
stage_get(void)
{
	static bool ready;

	if (!ready) {
		tempdir_in_memory();
		make();
		assert(atexit(stage_remove) == 0);
	}
	ready = true;
	return &stage;
}

static void
make(void)
{
	struct town *town = &stage.town;
	static const char *const deep = "read:NPSF,write,hold";

	town_init(town, 1);
	assert(town_member(town, "d01/c001", deep) == STAGE_ROGUE);
	assert(town_member(town, "", deep) == STAGE_HONEST);
	assert(town_join(town) == STAGE_STRANGER);
	assert(town_grant(town, STAGE_VICTIM, STAGE_VICTIM, "", deep, "") ==
	       ERR_OK);
	town_copy(town, STAGE_VICTIM, STAGE_ROGUE);
	town_copy(town, STAGE_VICTIM, STAGE_HONEST);
	stage.records[0] = town_create(town, STAGE_VICTIM, STAGE_OPEN, "하나");
	(void)town_create(town, STAGE_VICTIM, STAGE_CLOSED, "비밀");
	(void)town_create(town, STAGE_HONEST, STAGE_CLOSED, "또 비밀");
	for (int i = 0; i < 3; i++) {
		stage.records[1] = town_create(
		    town, STAGE_HONEST, STAGE_OPEN, "둘");
		stage.records[2] = town_create(
		    town, STAGE_ROGUE, STAGE_OPEN, "셋");
	}
	/* Half of what there is, the victim has. */
	town_copy(town, STAGE_HONEST, STAGE_VICTIM);
	for (int i = 0; i < 3; i++) {
		(void)town_create(town, STAGE_HONEST, STAGE_OPEN, "넷");
		(void)town_create(town, STAGE_ROGUE, STAGE_OPEN, "다섯");
	}
	stage.rogue.identity = *store_identity(town_store(town, STAGE_ROGUE));
	rogue_take_log(
	    &stage.rogue, town, STAGE_ROGUE, STAGE_OPEN, &stage.logs[0]);
	rogue_take_log(
	    &stage.rogue, town, STAGE_HONEST, STAGE_OPEN, &stage.logs[1]);
	/* The rogue's own is emptied after each input. */
	stage.arena = stage.rogue.arena;
	stage.rogue.arena = (struct arena){0};
	grant_find();
	closed_find();
	state_put(&stage.state);
	stage_keep(&stage);
}

static void
grant_find(void)
{
	struct arena arena = {0};
	struct delta delta;

	delta_decode(stage.logs[0].headers[0], &arena, &delta, NULL);
	assert(!delta.opaque && delta.open.has_grant);
	stage.grant = delta.refs[delta.open.grant];
	arena_fini(&arena);
}

static void
closed_find(void)
{
	struct store *store = town_store(&stage.town, STAGE_VICTIM);
	struct space space = town_space(STAGE_CLOSED);
	struct log **logs;
	size_t n;

	assert(store_begin(store, false) == ERR_OK);
	assert(oplog_all(store_txn(store), space_find(store_txn(store), &space),
		   &logs, &n) == ERR_OK);
	assert(n == COUNT_OF(stage.closed));
	for (size_t i = 0; i < n; i++)
		stage.closed[i] = logs[i]->id;
	store_abort(store);
}

/* Digests of what the rogue may not change, in the victim's transaction. */
static void
digests_put(struct store *store, struct buf *out)
{
	struct txn *txn = store_txn(store);
	struct space_state **spaces;
	size_t n;

	assert(space_all(txn, &spaces, &n) == ERR_OK);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(spaces[i]->name.text, STAGE_CLOSED) != 0)
			continue;
		buf_add(out,
		    bytes_of(spaces[i]->digests, sizeof(spaces[i]->digests)));
		buf_add_be64(out, spaces[i]->records);
	}
}

static void
state_put(struct buf *out)
{
	struct store *store = town_store(&stage.town, STAGE_VICTIM);

	assert(store_begin(store, false) == ERR_OK);
	digests_put(store, out);
	store_abort(store);
	assert(out->n > 0);
}

void
stage_keep(struct stage *of)
{
	const char *path = of->town.nodes[STAGE_VICTIM].dir;
	struct dirent *entry;
	DIR *dir;

	town_close(&of->town, STAGE_VICTIM);
	while (of->files_n > 0)
		buf_cut(&of->files[--of->files_n], 0);
	dir = opendir(path);
	assert(dir != NULL);
	while ((entry = readdir(dir)) != NULL) {
		struct buf *file = &of->files[of->files_n];
		char *name = file_path(path, entry->d_name);

		/* The ballast says nothing, and is large. */
		if (entry->d_name[0] != '.' &&
		    file_read(name, FILE_SIZE_MAX, file) == ERR_OK &&
		    strcmp(entry->d_name, "ballast") != 0) {
			(void)snprintf(of->names[of->files_n],
			    sizeof(of->names[0]), "%.31s", entry->d_name);
			of->files_n++;
			assert(of->files_n < COUNT_OF(of->files));
		} else {
			buf_cut(file, 0);
		}
		mem_free(name);
	}
	(void)closedir(dir);
	(void)town_open(&of->town, STAGE_VICTIM);
	of->prng = of->town.prng;
}

void
stage_rewind(struct stage *of)
{
	of->town.prng = of->prng;
	of->town.now_ms = UINT64_C(1700000100000);
}

void
stage_reset(struct stage *of)
{
	const char *dir = of->town.nodes[STAGE_VICTIM].dir;

	town_close(&of->town, STAGE_VICTIM);
	for (size_t i = 0; i < of->files_n; i++) {
		char *path = file_path(dir, of->names[i]);
		/* In place: another file would be noticed as a copy. */
		FILE *file = fopen(path, "r+b");

		assert(file != NULL);
		assert(fwrite(of->files[i].p, 1, of->files[i].n, file) ==
		       of->files[i].n);
		assert(fclose(file) == 0);
		mem_free(path);
	}
	(void)town_open(&of->town, STAGE_VICTIM);
}

void
stage_assert_harmless(struct stage *of)
{
	struct store *store = town_store(&of->town, STAGE_VICTIM);
	struct space closed = town_space(STAGE_CLOSED);
	struct sign_key rogue = town_key(&of->town, STAGE_ROGUE);
	struct sign_key stranger = town_key(&of->town, STAGE_STRANGER);
	const struct authority *authority;
	struct buf state = {0};

	assert(store_authority(store, &authority) == ERR_OK);
	for (int right = RIGHT_READ; right <= RIGHT_ERASE; right *= 2) {
		assert(!authority_may(
		    authority, &rogue, (enum right)right, &closed, NULL));
		assert(!authority_may(
		    authority, &rogue, (enum right)right, &id_authority, NULL));
		assert(!authority_may(
		    authority, &stranger, (enum right)right, &closed, NULL));
	}
	digests_put(store, &state);
	assert(bytes_equal(buf_bytes(&state), buf_bytes(&of->state)));
	buf_fini(&state);
}

static void
found_say(void *arg, enum err code, const char *text)
{
	(void)arg;
	(void)fprintf(stderr, "fsck: %s: %s\n", err_name(code), text);
}

void
stage_assert_sound(struct stage *of)
{
	struct store *store = town_store(&of->town, STAGE_VICTIM);
	struct fsck_watch watch = {.found = found_say};
	struct fsck_report report = {0};

	assert(store_begin(store, false) == ERR_OK);
	assert(fsck_run(store, &watch, &report) == ERR_OK);
	store_abort(store);
	assert(report.found == 0);
}

/* Does `said` hold `part`? */
static bool
holds(struct bytes said, struct bytes part)
{
	while (said.n >= part.n) {
		size_t at = bytes_find(said, part.p[0]);

		if (at == said.n)
			return false;
		said = bytes_after(said, at);
		if (bytes_begins(said, part))
			return true;
		said = bytes_after(said, 1);
	}
	return false;
}

void
stage_assert_discreet(const struct stage *of, struct bytes said)
{
	for (size_t i = 0; i < COUNT_OF(of->closed); i++)
		assert(!holds(said, bytes_of(of->closed[i].b, 16)));
}
