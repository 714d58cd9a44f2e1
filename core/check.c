/*
 * What all parts of a check share: telling what is wrong and going on behind
 * it.  Used by core/fsck.c, core/check_log.c and core/check_record.c.
 */
#include "core/check.h"

void
check_init(struct check *check, struct txn *txn, const struct fsck_watch *watch,
    struct fsck_report *report)
{
	assert(!txn->write);
	*check = (struct check){.txn = txn, .watch = watch, .report = report};
}

/* Failures of the system say nothing about what is stored. */
static bool
is_system(enum err e)
{
	bool of_system = e == ERR_IO || e == ERR_BUSY || e == ERR_FULL;

	return of_system;
}

/* What was concluded from rows that could not be read means nothing: the
 * failure to read them is what there is to say, else `e`. */
static enum err
cause(const struct check *check, enum err e)
{
	struct fault concluded;
	enum err failed;

	err_keep(&concluded, e);
	failed = kv_failed(check->txn->kv);
	return is_system(failed) ? failed : err_raise(&concluded);
}

bool
check_passed(struct check *check, enum err e)
{
	const struct fsck_watch *watch = check->watch;

	if (e == ERR_OK)
		return true;
	if (check_ended(check))
		return false;
	e = cause(check, e);
	/* LMDB reads nothing more behind a damage that was told. */
	if (e == ERR_IO && check->report->found > 0) {
		err_keep(&check->fatal,
		    err_wrap(ERR_CORRUPT,
			"the check ended at what it found: restore a backup"));
		return false;
	}
	if (is_system(e)) {
		err_keep(&check->fatal, e);
		return false;
	}
	check->report->found++;
	if (watch != NULL && watch->found != NULL)
		watch->found(watch->arg, e, err_text());
	kv_forget(check->txn->kv);
	return false;
}

bool
check_went_well(struct check *check)
{
	return check_passed(check, kv_failed(check->txn->kv));
}

bool
check_ended(const struct check *check)
{
	return check->fatal.code != ERR_OK;
}

void
check_step(struct check *check)
{
	const struct fsck_watch *watch = check->watch;

	check->done++;
	if (watch != NULL && watch->progress != NULL)
		watch->progress(watch->arg, check->done, check->all);
}
