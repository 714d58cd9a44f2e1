/*
 * Jobs of one store.  Steps assert nothing; what they did is looked at when all
 * calls work again.
 */
#define _XOPEN_SOURCE 700
#include "tests/lib/job_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "core/compact.h"
#include "core/file.h"
#include "core/fsck.h"
#include "core/packing.h"
#include "core/rebuild.h"
#include "proto/mem.h"

static const char here[] = "d03/c017/case";

static void
assert_located(struct plant *plant, size_t i, const struct record_id *id)
{
	struct store *store = town_store(&plant->town, i);
	struct space space;

	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(store_locate(store, id, &space), ERR_OK);
	store_abort(store);
}

static struct store *
store_of(struct plant *plant, size_t i)
{
	return plant->town.nodes[i].store;
}

/* ---- a store is founded, another joins ---------------------------------- */

static const char *const new_names[] = {"founded", "joined"};

static enum err
found_step(struct plant *plant, size_t i)
{
	struct store_plan plan = {
	    .dir = tempdir_at(&plant->town.dir, new_names[i]),
	    .host = &plant->town.host,
	    .token = bytes_text(i == 1 ? "token" : ""),
	    .join = i == 1 ? &plant->town.city : NULL};
	enum err e;

	if (i == 0) {
		plan.found = bytes_text("부산");
		plan.label = bytes_text("시청");
	}
	e = founder_create(&plan);
	/* It may have happened though it said no. */
	return e == ERR_EXISTS && plant->again ? ERR_OK : e;
}

/* A whole store, or none. */
static void
found_holds(struct plant *plant, size_t steps)
{
	for (size_t i = 0; i < COUNT_OF(new_names); i++) {
		const char *path = tempdir_at(&plant->town.dir, new_names[i]);
		struct fsck_report report;
		struct file_stat stat;
		struct store *store;
		enum err e = file_stat(path, &stat);

		assert_true(e == ERR_OK || (e == ERR_NOT_FOUND && i >= steps));
		if (e != ERR_OK)
			continue;
		assert_int_equal(
		    store_open(path, &plant->town.host, &store), ERR_OK);
		assert_int_equal(store_begin(store, false), ERR_OK);
		assert_int_equal(fsck_run(store, NULL, &report), ERR_OK);
		assert_int_equal(report.found, 0);
		assert_true(report.logs == (i == 0 ? 1 : 0));
		assert_true(store_has_root(store) == (i == 0));
		store_abort(store);
		store_close(store);
	}
}

/* ---- opened ------------------------------------------------------------- */

static enum err
open_step(struct plant *plant, size_t i)
{
	struct town_node *node = &plant->town.nodes[i];
	const struct authority *authority;
	enum err e = store_open(node->dir, &plant->town.host, &node->store);

	if (e != ERR_OK)
		return e;
	e = store_begin(node->store, i == 0);
	if (e == ERR_OK)
		e = plant_end(
		    node->store, store_authority(node->store, &authority));
	return e;
}

/* What is open is not opened again. */
static void
open_mend(struct plant *plant)
{
	plant_close(plant);
}

/* ---- written ------------------------------------------------------------ */

static enum err
write_step(struct plant *plant, size_t i)
{
	struct store *store = store_of(plant, 1);
	struct store_edit edit = {.field = bytes_text("diary"),
	    .code = OP_APPEND,
	    .class = CLASS_P,
	    .value = town_text("문을 두드렸으나 답이 없다")};
	struct store_write write = {.space = town_space(here),
	    .has_record = true,
	    .record = plant->said->ids[0],
	    .edits = &edit,
	    .edits_n = 1};
	struct record_id id;
	bool changed;
	enum err e;

	if (i == 0)
		return plant_create(plant, 1, here, "셋", &plant->said->ids[0]);
	e = store_begin(store, true);
	if (e == ERR_OK)
		e = plant_end(store, store_write(store, &write, &id, &changed));
	return e;
}

static void
write_holds(struct plant *plant, size_t steps)
{
	struct arena arena = {0};
	struct record record;

	if (steps >= 1)
		assert_located(plant, 1, &plant->said->ids[0]);
	if (steps >= 2) {
		assert_true(town_get(&plant->town, 1, here,
		    &plant->said->ids[0], &arena, &record));
		assert_true(town_values(&record, "diary", KIND_NOTES) >= 1);
	}
	arena_fini(&arena);
}

/* Many records in two spaces, all or nothing. */
static enum err
many_step(struct plant *plant, size_t step)
{
	struct store *store = store_of(plant, 1);
	struct store_edit edit = {.field = bytes_text("name"),
	    .code = OP_SET,
	    .class = CLASS_P,
	    .value = town_text("넷")};
	struct store_write write = {.create = true,
	    .collection = bytes_text("card"),
	    .edits = &edit,
	    .edits_n = 1};
	bool changed;
	enum err e = store_begin(store, true);

	(void)step;
	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < PLANT_IDS_MAX && e == ERR_OK; i++) {
		write.space = town_space(i % 2 ? here : "d03/c018/case");
		e = store_write(store, &write, &plant->said->ids[i], &changed);
		if (e == ERR_OK && i % 3 == 0)
			e = store_settle(store);
	}
	return plant_end(store, e);
}

static void
many_holds(struct plant *plant, size_t steps)
{
	for (size_t i = 0; i < PLANT_IDS_MAX && steps > 0; i++)
		assert_located(plant, 1, &plant->said->ids[i]);
}

/* ---- read --------------------------------------------------------------- */

static enum err
read_all(struct plant *plant, struct buf *text)
{
	struct store *store = store_of(plant, 0);
	struct space space = town_space(here);
	struct arena arena = {0};
	struct merge_changes changes;
	struct record record;
	struct buf token = {0};
	enum err e = plant_text(plant, 0, text);

	if (e == ERR_OK)
		e = store_begin(store, false);
	if (e != ERR_OK)
		return e;
	e = store_locate(store, &plant->id, &space);
	if (e == ERR_OK)
		e = store_get(store, &space, &plant->id, &arena, &record);
	if (e == ERR_OK) {
		store_token(&record, &token);
		e = store_history(store, &space, &plant->id, &arena, &changes);
	}
	if (e == ERR_OK)
		buf_add_format(text, " %zu changes ", changes.n);
	buf_add(text, buf_bytes(&token));
	buf_fini(&token);
	arena_fini(&arena);
	return plant_end(store, e);
}

static void
read_prepare(struct plant *plant)
{
	plant->id = town_create(&plant->town, 1, here, "다섯");
	for (int i = 0; i < 4; i++)
		(void)town_patch(&plant->town, 1, here, &plant->id,
		    town_edit(OP_APPEND, "diary", town_int(i)));
	town_copy(&plant->town, 1, 0);
	assert_int_equal(read_all(plant, &plant->wanted), ERR_OK);
}

static enum err
read_step(struct plant *plant, size_t i)
{
	enum err e;

	(void)i;
	buf_cut(&plant->found, 0);
	e = read_all(plant, &plant->found);
	if (e == ERR_OK &&
	    !bytes_equal(buf_bytes(&plant->found), buf_bytes(&plant->wanted)))
		plant->said->lied = true;
	return e;
}

/* ---- checked ------------------------------------------------------------ */

static void
check_found(void *arg, enum err code, const char *text)
{
	(void)arg;
	print_error("fsck: %s: %s\n", err_name(code), text);
}

static enum err
check_step(struct plant *plant, size_t i)
{
	const struct fsck_watch watch = {.found = check_found};
	struct store *store = store_of(plant, 0);
	struct fsck_report report = {0};
	enum err e = store_begin(store, false);

	(void)i;
	if (e != ERR_OK)
		return e;
	e = plant_end(store, fsck_run(store, &watch, &report));
	if (e == ERR_OK && plant->number == 0)
		plant->number = report.bodies;
	/* Nothing is wrong here, and all of it is looked at. */
	if (e == ERR_OK &&
	    (report.found != 0 || report.bodies != plant->number))
		plant->said->lied = true;
	return e;
}

static void
check_prepare(struct plant *plant)
{
	assert_int_equal(check_step(plant, 0), ERR_OK);
	assert_true(plant->number > 10);
}

/* ---- packed, compacted, rebuilt ----------------------------------------- */

static void
pack_prepare(struct plant *plant)
{
	struct store *store = store_of(plant, 1);

	for (int i = 0; i < 160; i++)
		(void)town_create(&plant->town, 1, here, "여섯");
	assert_int_equal(plant_text(plant, 1, &plant->wanted), ERR_OK);
	assert_false(store == NULL);
}

static enum err
pack_step(struct plant *plant, size_t i)
{
	struct store *store = store_of(plant, 1);
	struct packing packing = {.rest = true};
	enum err e = ERR_OK;

	(void)i;
	while (e == ERR_OK && !packing.ended) {
		e = store_begin(store, true);
		if (e == ERR_OK)
			e = plant_end(store,
			    packing_some(store_txn(store), &packing, 64));
	}
	return e;
}

static void
text_holds(struct plant *plant, size_t steps)
{
	(void)steps;
	buf_cut(&plant->found, 0);
	assert_int_equal(plant_text(plant, 1, &plant->found), ERR_OK);
	assert_true(
	    bytes_equal(buf_bytes(&plant->found), buf_bytes(&plant->wanted)));
}

static void
compact_prepare(struct plant *plant)
{
	pack_prepare(plant);
	assert_int_equal(pack_step(plant, 0), ERR_OK);
}

static enum err
compact_step(struct plant *plant, size_t i)
{
	struct compact_report report;

	(void)i;
	return compact_run(
	    plant->town.nodes[1].dir, &plant->town.host, &report);
}

/* Nor does anything stay that takes room and is of no use. */
static void
compact_holds(struct plant *plant, size_t steps)
{
	char *fresh = file_path(plant->town.nodes[1].dir, "data.mdb.new");

	text_holds(plant, steps);
	assert_int_equal(access(fresh, F_OK), -1);
	mem_free(fresh);
}

static enum err
rebuild_step(struct plant *plant, size_t i)
{
	struct store *store;
	enum err e = store_open_alone(
	    plant->town.nodes[1].dir, &plant->town.host, &store);

	(void)i;
	if (e == ERR_OK)
		e = rebuild_run(store, NULL);
	if (e == ERR_OK) {
		store_close(store);
	} else {
		struct fault fault;

		err_keep(&fault, e);
		store_close(store);
		e = err_raise(&fault);
	}
	return e;
}

/* One that was cut off says so, and nobody reads half a state. */
static void
rebuild_mend(struct plant *plant)
{
	struct store *store;
	enum err e;

	plant_close(plant);
	assert_int_equal(store_open_alone(plant->town.nodes[1].dir,
			     &plant->town.host, &store),
	    ERR_OK);
	e = store_begin(store, false);
	store_abort(store);
	if (e != ERR_OK) {
		assert_int_equal(e, ERR_CORRUPT);
		assert_non_null(strstr(err_text(), "golmok rebuild"));
		assert_true(plant->said->steps == 0);
		assert_int_equal(rebuild_run(store, NULL), ERR_OK);
	}
	store_close(store);
}

/* ---- restored, copied --------------------------------------------------- */

static void
data_read(struct plant *plant, struct buf *content)
{
	char *path = file_path(plant->town.nodes[1].dir, "data.mdb");

	assert_int_equal(file_read(path, 1 << 28, content), ERR_OK);
	mem_free(path);
}

/* What node 1 wrote last is with node 0, and lost here. */
static void
restore_prepare(struct plant *plant)
{
	struct town *town = &plant->town;
	char *path = file_path(town->nodes[1].dir, "data.mdb");
	struct buf content = {0};
	int fd;

	town_close(town, 1);
	data_read(plant, &content);
	(void)town_open(town, 1);
	plant->id = town_create(town, 1, here, "일곱");
	town_copy(town, 1, 0);
	town_close(town, 1);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)content.n), 0);
	assert_int_equal(
	    pwrite(fd, content.p, content.n, 0), (ssize_t)content.n);
	assert_int_equal(close(fd), 0);
	buf_fini(&content);
	mem_free(path);
}

/* Another file with the same content. */
static void
copy_prepare(struct plant *plant)
{
	char *path = file_path(plant->town.nodes[1].dir, "data.mdb");
	struct buf content = {0};

	town_close(&plant->town, 1);
	data_read(plant, &content);
	assert_int_equal(file_write(path, buf_bytes(&content), 0600), ERR_OK);
	buf_fini(&content);
	mem_free(path);
}

static enum err
restored_step(struct plant *plant, size_t i)
{
	return plant_create(plant, 1, here, "여덟", &plant->said->ids[i]);
}

/* Nothing acknowledged was written where something else had stood before. */
static void
restored_holds(struct plant *plant, size_t steps)
{
	for (size_t i = 0; i < steps; i++)
		assert_located(plant, 1, &plant->said->ids[i]);
	if (steps == 0)
		return;
	assert_true(
	    (plant->said->news & (1u << OPEN_RESTORE | 1u << OPEN_CLONE)) != 0);
	town_meet(&plant->town);
	for (size_t i = 0; i < steps; i++)
		assert_located(plant, 0, &plant->said->ids[i]);
	if (memcmp(&plant->id, &(struct record_id){0}, sizeof(plant->id)) != 0)
		assert_located(plant, 1, &plant->id);
	town_assert_equal(&plant->town, 0);
}

const struct job job_store[] = {
    {.name = "found",
	.steps = 2,
	.step = found_step,
	.holds = found_holds,
	.closed = true},
    {.name = "open",
	.steps = 3,
	.step = open_step,
	.mend = open_mend,
	.closed = true},
    {.name = "write", .steps = 2, .step = write_step, .holds = write_holds},
    {.name = "many", .steps = 1, .step = many_step, .holds = many_holds},
    {.name = "read", .steps = 1, .prepare = read_prepare, .step = read_step},
    {.name = "fsck", .steps = 1, .prepare = check_prepare, .step = check_step},
    {.name = "pack",
	.steps = 1,
	.prepare = pack_prepare,
	.step = pack_step,
	.holds = text_holds,
	.costly = true},
    {.name = "compact",
	.steps = 1,
	.prepare = compact_prepare,
	.step = compact_step,
	.holds = compact_holds,
	.closed = true,
	.renews = true,
	.costly = true},
    {.name = "rebuild",
	.steps = 1,
	.prepare = pack_prepare,
	.step = rebuild_step,
	.holds = text_holds,
	.mend = rebuild_mend,
	.closed = true,
	.costly = true},
    {.name = "restored",
	.steps = 2,
	.prepare = restore_prepare,
	.step = restored_step,
	.holds = restored_holds,
	.holds_by_writing = true,
	.renews = true},
    {.name = "copied",
	.steps = 2,
	.prepare = copy_prepare,
	.step = restored_step,
	.holds = restored_holds,
	.holds_by_writing = true,
	.renews = true},
};
const size_t job_store_n = COUNT_OF(job_store);
