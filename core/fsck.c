/*
 * Is everything as it must be?  Goes through all tables and hands logs and
 * records to the files that know them.  Reads only: what is wrong is told, and
 * repaired by core/rebuild.c or by peers.
 */
#include "core/fsck.h"

#include <string.h>

#include "core/block.h"
#include "core/check_log.h"
#include "core/check_record.h"
#include "core/force.h"
#include "core/heads.h"
#include "core/lookup.h"
#include "core/seat.h"
#include "core/view.h"

static uint64_t deltas_count(struct txn *txn);
static void spaces_check(
    struct check *check, const struct authority *authority);
static void space_check(struct check *check, struct space_state *space,
    const struct authority *authority);
static void log_check(
    struct check *check, struct log *log, const struct authority *authority);
static void numbers_check(struct check *check, const struct log *log);
static void rows_check(struct check *check, enum table table);
static void counts_check(struct check *check);

enum err
fsck_log(struct store *store, const struct log *log,
    const struct fsck_watch *watch, struct fsck_report *report)
{
	struct check check;

	check_init(&check, store_txn(store), watch, report);
	check.all = log->frontier.size;
	check_log_run(&check, log);
	(void)check_went_well(&check);
	return err_raise(&check.fatal);
}

enum err
fsck_run(struct store *store, const struct fsck_watch *watch,
    struct fsck_report *report)
{
	const enum table checked[] = {TABLE_META, TABLE_LOG_NOS, TABLE_WORDS,
	    TABLE_FEED, TABLE_OWN, TABLE_ACTORS, TABLE_TOKENS, TABLE_EVENTS};
	const struct authority *authority = NULL;
	struct txn *txn = store_txn(store);
	struct check check;

	*report = (struct fsck_report){0};
	check_init(&check, txn, watch, report);
	check.whole = true;
	/* What is behind a wrong page LMDB must not be asked for. */
	if (!check_passed(&check, kv_scrub(txn->kv)))
		return err_raise(&check.fatal);
	check.all = deltas_count(txn) + kv_count(txn->kv, TABLE_RECORDS);
	words_again(txn);
	(void)check_went_well(&check);
	for (size_t i = 0; i < COUNT_OF(checked); i++)
		rows_check(&check, checked[i]);
	/* Without it nobody can say which logs count. */
	if (!check_passed(&check, store_authority(store, &authority)))
		authority = NULL;
	if (authority != NULL && !force_is_settled(check.txn, authority))
		(void)check_passed(&check,
		    err_set(ERR_CORRUPT,
			"the pack in force is not what follows from the "
			"facts: run `golmok rebuild`"));
	spaces_check(&check, authority);
	if (!check.cut)
		counts_check(&check);
	/* A loop over rows ends too when they cannot be read on. */
	(void)check_went_well(&check);
	return err_raise(&check.fatal);
}

/* For the progress: nothing is believed of it. */
static uint64_t
deltas_count(struct txn *txn)
{
	uint64_t n = kv_count(txn->kv, TABLE_DELTAS);
	struct kv_cursor cursor;

	kv_cursor_init(&cursor, txn->kv, TABLE_BLOCKS);
	for (bool more = kv_seek(&cursor, (struct bytes){0}); more;
	     more = kv_next(&cursor))
		n += block_count(cursor.value);
	kv_cursor_fini(&cursor);
	return n;
}

static void
spaces_check(struct check *check, const struct authority *authority)
{
	struct txn *txn = check->txn;
	struct kv_cursor cursor;

	kv_cursor_init(&cursor, txn->kv, TABLE_SPACES);
	for (bool more = kv_seek(&cursor, (struct bytes){0});
	     more && !check_ended(check); more = kv_next(&cursor)) {
		struct space_state *space = NULL;
		struct space name;
		enum err e = id_space(cursor.key, &name);

		if (e != ERR_OK)
			e = tables_corrupt(
			    TABLE_SPACES, cursor.key, "its key is no space");
		else
			space = space_find(txn, &name);
		if (e == ERR_OK)
			e = kv_failed(txn->kv);
		if (check_passed(check, e))
			space_check(check, space, authority);
		else
			check->cut = true;
	}
	kv_cursor_fini(&cursor);
}

static void
space_check(struct check *check, struct space_state *space,
    const struct authority *authority)
{
	struct kv_cursor cursor;
	struct key prefix;

	tables_space_key(space->no, &prefix);
	kv_cursor_init(&cursor, check->txn->kv, TABLE_LOGS);
	for (bool more = kv_seek(&cursor, tables_key(&prefix));
	     more && !check_ended(check) &&
	     bytes_begins(cursor.key, tables_key(&prefix));
	     more = kv_next(&cursor)) {
		struct log *log = NULL;
		struct log_id id;
		enum err e = ERR_OK;

		check->rows[TABLE_LOGS]++;
		if (cursor.key.n != prefix.n + sizeof(id))
			e = tables_corrupt(
			    TABLE_LOGS, cursor.key, "its key is no log");
		if (e == ERR_OK) {
			bytes_copy(id.b, bytes_after(cursor.key, prefix.n));
			log = oplog_find(check->txn, space, &id);
			e = kv_failed(check->txn->kv);
		}
		if (e == ERR_OK && log == NULL)
			e = tables_corrupt(TABLE_LOGS, cursor.key,
			    "another space has this log too");
		if (check_passed(check, e))
			log_check(check, log, authority);
		else
			check->cut = true;
	}
	kv_cursor_fini(&cursor);
	check_record_run(check, space);
}

static void
log_check(
    struct check *check, struct log *log, const struct authority *authority)
{
	struct judgement judgement;
	struct key key;

	check_log_run(check, log);
	numbers_check(check, log);
	if (authority == NULL)
		return;
	if (!check_passed(check,
		authority_judge(check->txn, authority, log, &judgement)) ||
	    (log->rights == judgement.rights && log->cut == judgement.cut))
		return;
	tables_log_key(log->space->no, &log->id, &key);
	(void)check_passed(
	    check, tables_corrupt(TABLE_LOGS, tables_key(&key),
		       "its rights are not those that authority gives it"));
}

/* The number of a log leads to it. */
static void
numbers_check(struct check *check, const struct log *log)
{
	struct log *found = NULL;
	struct key key;
	enum err e = oplog_by_no(check->txn, log->no, &found);

	if (e == ERR_OK && found != log) {
		tables_log_no_key(log->no, &key);
		e = tables_corrupt(
		    TABLE_LOG_NOS, tables_key(&key), "it leads to another log");
	}
	(void)check_passed(check, e);
}

/* Every row of `table` has the checksum in front of it. */
static void
rows_check(struct check *check, enum table table)
{
	struct kv_cursor cursor;
	struct bytes content;

	kv_cursor_init(&cursor, check->txn->kv, table);
	for (bool more = kv_seek(&cursor, (struct bytes){0});
	     more && !check_ended(check); more = kv_next(&cursor))
		(void)check_passed(check,
		    tables_open(table, cursor.key, cursor.value, &content));
	kv_cursor_fini(&cursor);
	(void)check_went_well(check);
}

/* What has no place in any log, record or space would never be met. */
static void
counts_check(struct check *check)
{
	const enum table counted[] = {TABLE_LOGS, TABLE_DELTAS, TABLE_BLOCKS,
	    TABLE_HEADS, TABLE_FORKS, TABLE_TIPS, TABLE_TREE, TABLE_HISTORY,
	    TABLE_DECISIONS, TABLE_RECORDS, TABLE_SEATS, TABLE_CELLS,
	    TABLE_LOOKUP, TABLE_VIEWS};
	struct kv_txn *kv = check->txn->kv;

	for (size_t i = 0; i < COUNT_OF(counted); i++) {
		enum table table = counted[i];
		uint64_t n = kv_count(kv, table);

		if (table == TABLE_LOOKUP && !lookup_is_current(check->txn))
			continue;
		if (table == TABLE_VIEWS && !view_is_current(check->txn))
			continue;
		if (table == TABLE_SEATS && !seat_is_made(check->txn))
			continue;

		if (!check_went_well(check))
			return;
		if (n != check->rows[table])
			(void)check_passed(check,
			    err_set(ERR_CORRUPT,
				"table %s has %llu rows where %llu belong: run "
				"`golmok rebuild`",
				tables_names[table], (unsigned long long)n,
				(unsigned long long)check->rows[table]));
	}
	if (kv_count(kv, TABLE_HISTORY) != check->changes)
		(void)check_passed(check,
		    err_set(ERR_CORRUPT,
			"the history does not have the %llu changes of the "
			"logs: run `golmok rebuild`",
			(unsigned long long)check->changes));
	if (kv_count(kv, TABLE_LOG_NOS) != check->rows[TABLE_LOGS])
		(void)check_passed(
		    check, err_set(ERR_CORRUPT, "a log has no number, or two"));
}

enum err
fsck_heads(struct store *store, const struct sign_key *author)
{
	struct txn *txn = store_txn(store);
	struct space_state **spaces;
	size_t spaces_n;
	enum err e = space_all(txn, &spaces, &spaces_n);

	for (size_t i = 0; i < spaces_n && e == ERR_OK; i++) {
		struct log **logs;
		size_t logs_n;

		e = oplog_all(txn, spaces[i], &logs, &logs_n);
		for (size_t k = 0; k < logs_n && e == ERR_OK; k++)
			if (memcmp(&logs[k]->name.author, author,
				sizeof(*author)) == 0)
				e = heads_check(txn, logs[k]);
	}
	return e;
}
