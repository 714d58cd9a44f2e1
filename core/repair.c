/*
 * New data for a store whose data is damaged.  `golmok repair` calls it.  Never
 * changes the damaged file, and removes it only when all that it tells of is in
 * the store.
 */
#include "core/repair.h"

#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "core/founder.h"
#include "core/mark.h"
#include "proto/mem.h"

enum { KEPT_MAX = 100 };

/* Paths of one repair; owned. */
struct repair {
	const char *dir; /* borrowed, as all of these */
	const struct host *host;
	const struct fsck_watch *watch;
	struct repair_report *report;
	char *data;
	char *mark;
	char *lock;
	char *work;  /* a directory, removed in the end; in it: */
	char *rows;  /* for the salvage */
	char *fresh; /* the new store */
	char *fresh_data;
};

static enum err look(struct repair *r, bool *sound) MUST_USE;
static enum err renew(struct repair *r) MUST_USE;
static enum err fresh_fill(
    struct repair *r, const struct identity *identity) MUST_USE;
static enum err swap(struct repair *r, char **kept) MUST_USE;
static enum err kept_free(struct repair *r, char **path) MUST_USE;
static enum err kept_take(struct repair *r) MUST_USE;
static enum err kept_settle(struct repair *r, const char *path) MUST_USE;
static char *kept_name(const struct repair *r, unsigned number);

enum err
repair_run(const char *dir, const struct host *host,
    const struct fsck_watch *watch, struct repair_report *report)
{
	struct repair r = {
	    .dir = dir, .host = host, .watch = watch, .report = report};
	struct fault fault;
	bool sound = false;
	enum err e;

	*report = (struct repair_report){0};
	r.data = file_path(dir, "data.mdb");
	r.mark = file_path(dir, "mark");
	r.lock = file_path(dir, "lock");
	r.work = file_path(dir, "repair");
	r.rows = file_path(r.work, "rows");
	r.fresh = file_path(r.work, "store");
	r.fresh_data = file_path(r.fresh, "data.mdb");
	e = look(&r, &sound);
	report->was_sound = sound;
	if (e == ERR_OK)
		e = sound ? kept_take(&r) : renew(&r);
	if (e == ERR_OK && !sound)
		e = look(&r, &sound);
	if (e == ERR_OK && !sound)
		e = err_set(ERR_CORRUPT,
		    "the new data is damaged too: look at the disk and the "
		    "memory of this machine");
	err_keep(&fault, e);
	/* What is left of it, the next repair removes. */
	(void)!file_remove_tree(r.work);
	mem_free(r.data);
	mem_free(r.mark);
	mem_free(r.lock);
	mem_free(r.work);
	mem_free(r.rows);
	mem_free(r.fresh);
	mem_free(r.fresh_data);
	e = err_raise(&fault);
	return e == ERR_OK ? e : err_wrap(e, "repair store %s", dir);
}

/* Is all as it must be?  Damaged keys are an error: no peer has them. */
static enum err
look(struct repair *r, bool *sound)
{
	struct store *store = NULL;
	struct identity identity;
	struct fsck_report found = {0};
	char *path = file_path(r->dir, "identity");
	enum err e = identity_load(path, &identity);

	identity_fini(&identity);
	mem_free(path);
	*sound = false;
	if (e != ERR_OK)
		return e;
	e = store_open_alone(r->dir, r->host, &store);
	if (e == ERR_OK)
		e = store_begin(store, false);
	if (e == ERR_OK)
		e = fsck_run(store, r->watch, &found);
	store_close(store);
	if (e == ERR_CORRUPT) {
		if (r->watch != NULL && r->watch->found != NULL)
			r->watch->found(r->watch->arg, e, err_text());
		return ERR_OK;
	}
	*sound = e == ERR_OK && found.found == 0;
	return e;
}

/* A new data file, in the place of the one that is damaged. */
static enum err
renew(struct repair *r)
{
	struct file_lock lock = {0};
	struct identity identity = {0};
	char *path = file_path(r->dir, "identity");
	char *kept = NULL;
	enum err e = file_lock_init(&lock, r->lock, true);

	r->report->tried = true;
	if (e == ERR_OK)
		e = identity_load(path, &identity);
	if (e == ERR_OK)
		e = file_remove_tree(r->work);
	if (e == ERR_OK)
		e = file_make_dir(r->work);
	if (e == ERR_OK)
		e = fresh_fill(r, &identity);
	if (e == ERR_OK)
		e = swap(r, &kept);
	if (e == ERR_OK)
		e = kept_settle(r, kept);
	file_lock_fini(&lock);
	identity_fini(&identity);
	mem_free(path);
	mem_free(kept);
	return e;
}

/* A store of this node that knows nothing, then all that is sound. */
static enum err
fresh_fill(struct repair *r, const struct identity *identity)
{
	const struct store_plan plan = {.dir = r->fresh,
	    .host = r->host,
	    .join = &identity->city,
	    .keys = identity};
	const struct salvage_plan from = {.host = r->host,
	    .path = r->data,
	    .scratch = r->rows,
	    .all = true,
	    .noted = mark_noted(r->mark, r->data)};
	struct store *store = NULL;
	struct fault fault;
	enum err e = founder_create(&plan);

	if (e == ERR_OK)
		e = store_open_alone(r->fresh, r->host, &store);
	if (e == ERR_OK)
		e = salvage_run(store, &from, &r->report->salvage);
	err_keep(&fault, e);
	store_close(store);
	return err_raise(&fault);
}

/* Keeps the old data under the name `*kept`, and puts the new one in its
 * place.  The mark is of the old: without one the store goes on like one that
 * was restored. */
static enum err
swap(struct repair *r, char **kept)
{
	enum err e = kept_free(r, kept);

	if (e == ERR_OK)
		e = file_link(r->data, *kept);
	if (e == ERR_OK)
		e = file_move(r->fresh_data, r->data);
	if (e == ERR_OK)
		e = file_remove(r->mark);
	if (e == ERR_NOT_FOUND)
		e = ERR_OK;
	return e;
}

static char *
kept_name(const struct repair *r, unsigned number)
{
	struct buf name = {0};
	char *path;

	buf_add_format(&name, "%s.damaged-%u", r->data, number);
	path = mem_text(buf_text(&name));
	buf_fini(&name);
	return path;
}

/* The first name that is free. */
static enum err
kept_free(struct repair *r, char **path)
{
	struct file_stat stat;

	for (unsigned i = 1; i <= KEPT_MAX; i++) {
		enum err e;

		*path = kept_name(r, i);
		e = file_stat(*path, &stat);
		if (e == ERR_NOT_FOUND)
			return ERR_OK;
		mem_free(*path);
		*path = NULL;
		if (e != ERR_OK)
			return e;
	}
	return err_set(ERR_LIMIT,
	    "%d damaged data files lie in %s already: replace the disk, then "
	    "remove them",
	    KEPT_MAX, r->dir);
}

/* Nothing is wrong: what was kept may fit now. */
static enum err
kept_take(struct repair *r)
{
	struct store *store = NULL;
	struct file_stat stat;
	struct fault fault;
	enum err e = file_remove_tree(r->work);

	if (e == ERR_OK)
		e = file_make_dir(r->work);
	if (e == ERR_OK)
		e = store_open_alone(r->dir, r->host, &store);
	for (unsigned i = 1; i <= KEPT_MAX && e == ERR_OK; i++) {
		char *path = kept_name(r, i);
		const struct salvage_plan from = {
		    .host = r->host, .path = path, .scratch = r->rows};

		if (file_stat(path, &stat) == ERR_OK) {
			r->report->tried = true;
			e = salvage_run(store, &from, &r->report->salvage);
			if (e == ERR_OK)
				e = kept_settle(r, path);
		}
		mem_free(path);
	}
	err_keep(&fault, e);
	store_close(store);
	return err_raise(&fault);
}

/* Removes the file `path` when the store has all that it tells of. */
static enum err
kept_settle(struct repair *r, const char *path)
{
	const struct salvage *salvage = &r->report->salvage;
	const char *name = strrchr(path, '/');
	bool doubted = salvage->rows.logs_lost > 0 &&
		       salvage->rows.deltas_doubted;

	if (salvage->missing == 0 && salvage->owed == 0 &&
	    salvage->unknown == 0 && !doubted)
		return file_remove(path);
	assert(name != NULL);
	(void)snprintf(
	    r->report->kept, sizeof(r->report->kept), "%s", name + 1);
	return ERR_OK;
}
