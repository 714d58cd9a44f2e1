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

bool
check_passed(struct check *check, enum err e)
{
	const struct fsck_watch *watch = check->watch;

	if (e == ERR_OK)
		return true;
	if (check_ended(check))
		return false;
	/* LMDB reads nothing more behind a damage that was told. */
	if (e == ERR_IO && check->report->found > 0) {
		err_keep(&check->fatal,
		    err_wrap(ERR_CORRUPT,
			"the check ended at what it found: restore a backup"));
		return false;
	}
	if (e == ERR_IO || e == ERR_BUSY || e == ERR_FULL) {
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
