/*
 * A store without its free pages.  `golmok compact` calls it.  Knows the files
 * of a store and their order, nothing of what is in it; the old file stays as
 * it is until the new one is whole.
 */
#include "core/compact.h"

#include "core/file.h"
#include "core/mark.h"
#include "core/own.h"
#include "proto/mem.h"

/* What is needed of a store that has no door yet. */
struct compact {
	const struct host *host; /* borrowed */
	const char *dir;	 /* borrowed */
	char *data;		 /* owned, as all below */
	char *fresh;
	struct file_lock lock;
	struct kv *kv;
	struct txn_kept kept;
	struct mark mark;
};

static enum err begin(struct compact *c) MUST_USE;
static enum err data_open(struct compact *c) MUST_USE;
static enum err settle(struct compact *c, bool adopt) MUST_USE;
static enum err fresh_remove(const struct compact *c) MUST_USE;
static enum err fresh_move(const struct compact *c) MUST_USE;

enum err
compact_run(
    const char *dir, const struct host *host, struct compact_report *report)
{
	struct compact c = {.host = host, .dir = dir};
	struct file_stat before = {0};
	struct file_stat after = {0};
	struct fault fault;
	enum err e = begin(&c);

	if (e == ERR_OK)
		e = data_open(&c);
	if (e == ERR_OK)
		e = settle(&c, false);
	if (e == ERR_OK)
		e = file_stat(c.data, &before);
	if (e == ERR_OK)
		e = fresh_remove(&c);
	if (e == ERR_OK)
		e = kv_copy(c.kv, c.fresh);
	kv_close(c.kv);
	c.kv = NULL;
	if (e == ERR_OK)
		e = fresh_move(&c);
	if (e == ERR_OK)
		e = data_open(&c);
	if (e == ERR_OK)
		e = settle(&c, true);
	if (e == ERR_OK)
		e = file_stat(c.data, &after);
	report->before_bytes = before.size_bytes;
	report->after_bytes = after.size_bytes;
	err_keep(&fault, e);
	kv_close(c.kv);
	mark_fini(&c.mark);
	txn_kept_fini(&c.kept);
	file_lock_fini(&c.lock);
	mem_free(c.data);
	mem_free(c.fresh);
	e = err_raise(&fault);
	return e == ERR_OK ? e : err_wrap(e, "compact store %s", dir);
}

/* Nobody else is in. */
static enum err
begin(struct compact *c)
{
	char *lock = file_path(c->dir, "lock");
	char *mark = file_path(c->dir, "mark");
	struct file_stat stat;
	enum err e = file_stat(lock, &stat);

	c->data = file_path(c->dir, "data.mdb");
	c->fresh = file_path(c->dir, "data.mdb.new");
	mark_init(&c->mark, mark, c->data);
	if (e == ERR_NOT_FOUND)
		e = err_set(e, "it is not a golmok store");
	if (e == ERR_OK)
		e = file_lock_init(&c->lock, lock, true);
	if (e == ERR_BUSY)
		e = err_wrap(e, "it is in use");
	mem_free(lock);
	mem_free(mark);
	return e;
}

static enum err
data_open(struct compact *c)
{
	const struct kv_config config = {.dir = c->dir,
	    .tables = tables_names,
	    .tables_n = TABLE_COUNT,
	    .late = TABLES_LATE,
	    .noted = mark_noted(c->mark.path, c->data)};

	return kv_open(&config, &c->kv);
}

/* One transaction: what was restored or copied before goes on under new
 * incarnations, as in core/store.c; the file that has just taken its place is
 * ours (`adopt`). */
static enum err
settle(struct compact *c, bool adopt)
{
	enum open_why why = OPEN_NEW;
	struct txn txn = {0};
	uint64_t format;
	uint64_t number;
	enum err e = txn_begin(c->kv, true, c->host, &c->kept, &txn);

	if (e != ERR_OK)
		return e;
	number = kv_txn_id(txn.kv);
	format = meta_number(&txn, meta_format);
	if (kv_failed(txn.kv) == ERR_OK && format != META_FORMAT)
		e = err_set(ERR_VERSION,
		    "it has format %llu, and this program writes %d",
		    (unsigned long long)format, META_FORMAT);
	else if (adopt)
		e = mark_adopt(&c->mark, &txn, c->host);
	else
		e = mark_settle(&c->mark, &txn, c->host, &why);
	if (e == ERR_OK && why != OPEN_NEW)
		own_renew(&txn, why);
	if (e != ERR_OK) {
		struct fault fault;

		err_keep(&fault, e);
		txn_abort(&txn);
		return err_raise(&fault);
	}
	e = txn_commit(&txn);
	if (e == ERR_OK)
		mark_committed(&c->mark, c->kv, number);
	return e;
}

/* What a compaction that was cut off left. */
static enum err
fresh_remove(const struct compact *c)
{
	struct file_stat stat;
	enum err e = file_stat(c->fresh, &stat);

	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	return e == ERR_OK ? file_remove(c->fresh) : e;
}

/* The new file takes the place of the old one; one that cannot would only take
 * room on a disk that has little. */
static enum err
fresh_move(const struct compact *c)
{
	struct fault fault;
	enum err e = file_move(c->fresh, c->data);

	err_keep(&fault, e);
	if (e != ERR_OK)
		(void)!file_remove(c->fresh);
	return err_raise(&fault);
}
