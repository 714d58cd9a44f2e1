/*
 * The same beginning again and again, for jobs that are done under faults.
 */
#define _XOPEN_SOURCE 700
#define _DEFAULT_SOURCE
#include "tests/lib/plant.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/ballast.h"
#include "core/file.h"
#include "core/fsck.h"
#include "core/rebuild.h"
#include "core/record.h"
#include "core/space.h"
#include "proto/codec.h"
#include "proto/mem.h"
#include "tests/lib/saga.h"

static void dir_keep(struct plant *plant, const char *dir);
static void dir_clear(struct plant *plant, const char *dir);
static void file_back(struct plant *plant, size_t i);
static void store_assert_whole(
    struct plant *plant, size_t i, const struct job *job);

/* ---- the beginning ------------------------------------------------------ */

void
plant_init(struct plant *plant, const struct job *job, uint64_t seed)
{
	void *shared = mmap(NULL, sizeof(*plant->said), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(shared != MAP_FAILED);
	memset(plant, 0, sizeof(*plant));
	plant->said = shared;
	tempdir_in_memory();
	town_init(&plant->town, seed);
	(void)town_member(&plant->town, "d03", "read:NPSF,write,hold");
	(void)town_member(&plant->town, "d03", "read:NPSF,write,hold");
	assert_int_equal(
	    town_grant(&plant->town, 0, 0, "", "read:NPSF,write,hold", ""),
	    ERR_OK);
	for (int i = 0; i < 3; i++) {
		(void)town_create(&plant->town, 0, "d03/c017/case", "하나");
		(void)town_create(&plant->town, 1, "d03/c018/case", "둘");
	}
	town_meet(&plant->town);
	if (job->prepare != NULL)
		job->prepare(plant);
	plant_close(plant);
	dir_keep(plant, plant->town.dir.path);
	for (size_t i = 0; i < plant->town.n; i++)
		dir_keep(plant, plant->town.nodes[i].dir);
	assert_int_equal(mkdir(tempdir_at(&plant->town.dir, "kept"), 0700), 0);
	for (size_t i = 0; i < plant->files_n; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "kept/%zu", i);
		assert_int_equal(link(plant->files[i].path,
				     tempdir_at(&plant->town.dir, name)),
		    0);
	}
	plant->prng = plant->town.prng;
}

void
plant_fini(struct plant *plant)
{
	plant_close(plant);
	for (size_t i = 0; i < plant->files_n; i++)
		buf_fini(&plant->files[i].content);
	buf_fini(&plant->wanted);
	buf_fini(&plant->found);
	buf_fini(&plant->parcel);
	tempdir_fini(&plant->town.dir);
	assert_int_equal(munmap(plant->said, sizeof(*plant->said)), 0);
}

/* Remembers the files of `dir`; LMDB's locks are made anew by who comes first.
 */
static void
dir_keep(struct plant *plant, const char *dir)
{
	DIR *open_dir = opendir(dir);
	struct dirent *entry;

	assert_non_null(open_dir);
	while ((entry = readdir(open_dir)) != NULL) {
		struct plant_file *file = &plant->files[plant->files_n];
		struct stat stat;

		assert_true(plant->files_n < PLANT_FILES_MAX);
		(void)snprintf(file->path, sizeof(file->path), "%s/%s", dir,
		    entry->d_name);
		assert_int_equal(lstat(file->path, &stat), 0);
		if (!S_ISREG(stat.st_mode) ||
		    strcmp(entry->d_name, "lock.mdb") == 0)
			continue;
		file->size = (uint64_t)stat.st_size;
		if (file->size != BALLAST_SIZE)
			assert_int_equal(
			    file_read(file->path, 1 << 28, &file->content),
			    ERR_OK);
		plant->files_n++;
	}
	(void)closedir(open_dir);
}

void
plant_reset(struct plant *plant, const struct job *job)
{
	plant_close(plant);
	dir_clear(plant, plant->town.dir.path);
	for (size_t i = 0; i < plant->town.n; i++)
		dir_clear(plant, plant->town.nodes[i].dir);
	for (size_t i = 0; i < plant->files_n; i++)
		file_back(plant, i);
	plant->town.prng = plant->prng;
	memset(plant->said, 0, sizeof(*plant->said));
	buf_cut(&plant->found, 0);
	plant->again = false;
	plant->stuck = false;
	if (!job->closed)
		plant_open(plant);
}

/* What came after the beginning goes. */
static void
dir_clear(struct plant *plant, const char *dir)
{
	DIR *open_dir = opendir(dir);
	struct dirent *entry;
	char path[3 * TEMPDIR_PATH_SIZE];

	assert_non_null(open_dir);
	while ((entry = readdir(open_dir)) != NULL) {
		bool known = strcmp(entry->d_name, ".") == 0 ||
			     strcmp(entry->d_name, "..") == 0 ||
			     strcmp(entry->d_name, "kept") == 0;

		(void)snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		for (size_t i = 0; i < plant->files_n; i++)
			known = known ||
				strcmp(plant->files[i].path, path) == 0;
		for (size_t i = 0; i < plant->town.n; i++)
			known = known ||
				strcmp(plant->town.nodes[i].dir, path) == 0;
		if (!known)
			assert_int_equal(file_remove_tree(path), ERR_OK);
	}
	(void)closedir(open_dir);
}

/* In the inode that it had: a store in another one is a copy. */
static void
file_back(struct plant *plant, size_t i)
{
	const struct plant_file *file = &plant->files[i];
	struct stat kept;
	struct stat now;
	char name[32];
	const char *path;
	int fd;

	(void)snprintf(name, sizeof(name), "kept/%zu", i);
	path = tempdir_at(&plant->town.dir, name);
	assert_int_equal(stat(path, &kept), 0);
	if (stat(file->path, &now) != 0 || now.st_ino != kept.st_ino) {
		assert_true(unlink(file->path) == 0 || errno == ENOENT);
		assert_int_equal(link(path, file->path), 0);
	}
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)file->size), 0);
	assert_int_equal(pwrite(fd, file->content.p, file->content.n, 0),
	    (ssize_t)file->content.n);
	assert_int_equal(close(fd), 0);
}

void
plant_open(struct plant *plant)
{
	for (size_t i = 0; i < plant->town.n; i++) {
		if (plant->town.nodes[i].store == NULL)
			(void)town_open(&plant->town, i);
	}
}

void
plant_close(struct plant *plant)
{
	for (size_t i = 0; i < plant->town.n; i++)
		town_close(&plant->town, i);
}

/* ---- the work ----------------------------------------------------------- */

enum err
plant_run(struct plant *plant, const struct job *job)
{
	struct plant_said *said = plant->said;
	enum err e = ERR_OK;

	while (e == ERR_OK && said->steps < job->steps) {
		e = job->step(plant, said->steps);
		if (e == ERR_OK)
			said->steps++;
		else
			err_keep(&said->fault, e);
		for (size_t i = 0; i < plant->town.n; i++) {
			const struct store *store = plant->town.nodes[i].store;

			if (store != NULL)
				said->news |= 1u << store_news(store);
		}
	}
	return e;
}

enum err
plant_end(struct store *store, enum err e)
{
	struct fault fault;

	if (e == ERR_OK)
		return store_commit(store);
	err_keep(&fault, e);
	store_abort(store);
	return err_raise(&fault);
}

enum err
plant_create(struct plant *plant, size_t i, const char *space, const char *name,
    struct record_id *id)
{
	struct store *store = plant->town.nodes[i].store;
	struct store_edit edit = {.field = bytes_text("name"),
	    .code = OP_SET,
	    .class = CLASS_P,
	    .value = town_text(name)};
	struct store_write write = {.create = true,
	    .space = town_space(space),
	    .collection = bytes_text("card"),
	    .edits = &edit,
	    .edits_n = 1};
	bool changed;
	enum err e = store_begin(store, true);

	if (e != ERR_OK)
		return e;
	return plant_end(store, store_write(store, &write, id, &changed));
}

enum err
plant_text(struct plant *plant, size_t i, struct buf *text)
{
	struct store *store = plant->town.nodes[i].store;
	struct space_state **spaces;
	struct arena arena = {0};
	size_t n = 0;
	enum err e = store_begin(store, false);

	if (e != ERR_OK)
		return e;
	e = space_all(store_txn(store), &spaces, &n);
	for (size_t k = 0; k < n && e == ERR_OK; k++) {
		struct record_read read = {
		    .space = spaces[k], .cells = true, .arena = &arena};
		struct record_id id = {0};
		struct record record;
		bool more = true;

		buf_add_format(text, "%s %llu ", spaces[k]->name.text,
		    (unsigned long long)spaces[k]->records);
		while (more && e == ERR_OK) {
			e = record_next(
			    store_txn(store), &read, &id, &record, &more);
			if (e == ERR_OK && more)
				saga_text(&record, text);
		}
	}
	arena_fini(&arena);
	return plant_end(store, e);
}

/* ---- what must be ------------------------------------------------------- */

static void
found(void *arg, enum err code, const char *text)
{
	(void)arg;
	print_error("fsck: %s: %s\n", err_name(code), text);
}

static void
store_assert_whole(struct plant *plant, size_t i, const struct job *job)
{
	struct fsck_watch watch = {.found = found};
	struct fsck_report report = {0};
	struct store *store = plant->town.nodes[i].store;
	enum err e = store_begin(store, false);

	if (e != ERR_OK)
		print_error("node %zu: %s\n", i, err_text());
	assert_int_equal(e, ERR_OK);
	e = fsck_run(store, &watch, &report);
	store_abort(store);
	assert_int_equal(e, ERR_OK);
	assert_int_equal(report.found, 0);
	assert_true(report.forked == 0 || job->forks);
}

void
plant_assert(struct plant *plant, const struct job *job)
{
	assert_false(plant->said->lied);
	if (job->mend != NULL)
		job->mend(plant);
	/* As those who go on with the stores that are open see it, and as
	 * those see it who come later. */
	for (int round = 0; round < 2; round++) {
		plant_open(plant);
		for (size_t i = 0; i < plant->town.n; i++)
			store_assert_whole(plant, i, job);
		if (job->holds != NULL)
			job->holds(plant, plant->said->steps);
		if (round == 0)
			plant_close(plant);
	}
	if (!job->renews)
		assert_true((plant->said->news & ~(1u << OPEN_NEW)) == 0);
}

void
plant_assert_rebuilt(struct plant *plant)
{
	for (size_t i = 0; i < plant->town.n; i++) {
		struct buf before = {0};
		struct buf after = {0};
		struct store *store;

		town_digests(&plant->town, i, &before);
		assert_int_equal(plant_text(plant, i, &before), ERR_OK);
		town_close(&plant->town, i);
		assert_int_equal(store_open_alone(plant->town.nodes[i].dir,
				     &plant->town.host, &store),
		    ERR_OK);
		plant->town.nodes[i].store = store;
		assert_int_equal(rebuild_run(store, NULL), ERR_OK);
		town_digests(&plant->town, i, &after);
		assert_int_equal(plant_text(plant, i, &after), ERR_OK);
		assert_true(bytes_equal(buf_bytes(&before), buf_bytes(&after)));
		buf_fini(&before);
		buf_fini(&after);
	}
}
