/*
 * Writes as root.  The door calls it for everything that root signs.  What a
 * rotation amounts to is core/authority.c's to say, where the keys lie
 * core/root.c's.
 */
#include "core/rotate.h"

#include <stdlib.h>
#include <string.h>

#include "core/history.h"
#include "core/meta.h"

static enum err record_find(struct txn *txn, const struct sign_key *key,
    struct own_writer *writer) MUST_USE;
static enum err cuts_make(struct txn *txn, const struct sign_key *key,
    struct fact_rotation *rotation) MUST_USE;

enum err
rotate_writer(struct composer *composer, const char *dir, struct root *root)
{
	struct own_writer *writer = &composer->writer;
	enum err e = root_settle(dir, writer->authority, root);

	if (e != ERR_OK || !root->keys.is_here || root->is_ahead)
		return e;
	e = record_find(composer->txn, &root->keys.key, writer);
	if (e != ERR_OK || writer->founding.n == 0)
		return e;
	writer->seed = &root->keys.seed;
	writer->key = &root->keys.key;
	return ERR_OK;
}

/* The record in the opens of the logs that `key` wrote in `authority`; of
 * several that of the lowest log.  The founder has it before its first log. */
static enum err
record_find(
    struct txn *txn, const struct sign_key *key, struct own_writer *writer)
{
	struct space_state *space = space_find(txn, &id_authority);
	struct bytes founding = {0};
	struct log **logs;
	size_t n = 0;
	enum err e = kv_failed(txn->kv);

	if (space != NULL)
		e = oplog_all(txn, space, &logs, &n);
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		struct history_delta open;

		if (logs[i]->frontier.size == 0 ||
		    memcmp(&logs[i]->name.author, key, sizeof(*key)) != 0)
			continue;
		e = history_delta(txn, logs[i], 0, &txn->arena, &open);
		if (e != ERR_OK || open.delta == NULL)
			continue;
		writer->rotated = open.delta->open.rotation.n > 0;
		writer->founding = writer->rotated ? open.delta->open.rotation
						   : open.delta->open.founding;
		if (writer->founding.n > 0)
			return ERR_OK;
	}
	if (e == ERR_OK && !writer->authority->founded &&
	    meta_find(txn, meta_founding, &founding))
		writer->founding = arena_bytes(&txn->arena, founding);
	return e == ERR_OK ? kv_failed(txn->kv) : e;
}

enum err
rotate_root(struct composer *composer, const char *dir, struct root *root)
{
	struct txn *txn = composer->txn;
	const struct authority *authority = composer->writer.authority;
	struct fact_rotation rotation = {.before = root->keys.key};
	struct buf record = {0};
	struct sign_key after;
	struct hash next;
	struct own *own;
	enum err e;

	if (composer->writer.founding.n == 0)
		return err_set(ERR_DENIED, "%s",
		    root->is_ahead ? root_ahead_text
		    : root->is_stale
			? "the root keys here were rotated away: bring those "
			  "that followed"
			: "the root keys are not here: name the shares with "
			  "--share, or do it where they are");
	if (!authority->has_next)
		return err_set(ERR_DENIED,
		    "two rotations to the root key of now disagree about the "
		    "next one, so none can follow it");
	if (!root->keys.has_next)
		return err_set(ERR_DENIED,
		    "the root keys here are those of before the last rotation: "
		    "the key that may follow is in the file of after it");
	crypto_sign_key(&root->keys.next_seed, &after);
	crypto_sha256(bytes_of(after.b, 32), &next);
	if (memcmp(&next, &authority->next_root, sizeof(next)) != 0)
		return err_set(ERR_DENIED,
		    "the next root key here is not the one that the city "
		    "expects");
	e = cuts_make(txn, &root->keys.key, &rotation);
	if (e == ERR_OK)
		e = root_prepare(dir, txn->host, root);
	if (e != ERR_OK)
		return e;
	crypto_sign_key(&root->follows.next_seed, &after);
	crypto_sha256(bytes_of(after.b, 32), &rotation.next_root);
	fact_rotation_put(&rotation, &record);
	composer->writer.seed = &root->follows.seed;
	composer->writer.key = &root->follows.key;
	composer->writer.founding = arena_bytes(
	    &txn->arena, buf_bytes(&record));
	composer->writer.rotated = true;
	e = own_log(
	    txn, &composer->writer, &id_authority, composer->owns, &own);
	buf_fini(&record);
	return e;
}

static int
cut_compare(const void *a, const void *b)
{
	const struct log_cut *left = a;
	const struct log_cut *right = b;

	return memcmp(&left->log, &right->log, sizeof(left->log));
}

/* All that is held of what `key` wrote in `authority`.  A log that is forked is
 * cut on its longest branch. */
static enum err
cuts_make(
    struct txn *txn, const struct sign_key *key, struct fact_rotation *rotation)
{
	struct space_state *space = space_find(txn, &id_authority);
	struct log_cut *cuts;
	struct log **logs;
	size_t logs_n = 0;
	size_t n = 0;
	enum err e = kv_failed(txn->kv);

	if (e != ERR_OK || space == NULL)
		return e;
	e = oplog_all(txn, space, &logs, &logs_n);
	if (e != ERR_OK)
		return e;
	cuts = arena_array(&txn->arena, logs_n, sizeof(*cuts));
	for (size_t i = 0; i < logs_n; i++) {
		const struct log *log = logs[i];
		size_t at = 0;

		if (log->frontier.size == 0 ||
		    memcmp(&log->name.author, key, sizeof(*key)) != 0)
			continue;
		while (at < n && memcmp(&cuts[at].log, &log->trunk,
				     sizeof(log->trunk)) != 0)
			at++;
		if (at == n)
			cuts[n++] = (struct log_cut){.log = log->trunk};
		if (log->frontier.size <= cuts[at].size)
			continue;
		cuts[at].size = log->frontier.size;
		merkle_root(&log->frontier, &cuts[at].root);
	}
	if (n > LIMIT_ROTATION_CUTS)
		return err_set(ERR_LIMIT,
		    "root has written %zu logs: a rotation names at most %d", n,
		    LIMIT_ROTATION_CUTS);
	if (n > 0)
		qsort(cuts, n, sizeof(*cuts), cut_compare);
	rotation->cuts = cuts;
	rotation->cuts_n = n;
	return ERR_OK;
}
