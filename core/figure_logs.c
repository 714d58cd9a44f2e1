/*
 * Figures about logs.  Called by core/figure.c; writes nothing.
 */
#include "core/figure_logs.h"

#include <string.h>

#include "core/access_chain.h"
#include "core/heads.h"
#include "core/oplog.h"
#include "proto/merkle.h"

/* Deltas kept as this log's own: a branch shares the first ones, which count
 * once. */
static int64_t
own_size(const struct log *log)
{
	return (int64_t)(log->frontier.size - log->below);
}

/* Is all that is held signed by its author, as it stands? */
static bool
is_verified(const struct log *log)
{
	struct note_head head = {.size = log->head_size,
	    .root = log->head_root,
	    .signature = log->head_signature};
	struct hash root;

	if (!log->has_head || log->head_size != log->frontier.size)
		return false;
	merkle_root(&log->frontier, &root);
	return memcmp(&root, &log->head_root, sizeof(root)) == 0 &&
	       heads_verify(log, &head) == ERR_OK;
}

/* Deltas from `from` on, of the log's own. */
static int64_t
behind(const struct log *log, uint64_t from)
{
	uint64_t first = from > log->below ? from : log->below;

	return first < log->frontier.size
		   ? (int64_t)(log->frontier.size - first)
		   : 0;
}

static int64_t
one(const struct log *log, enum pack_of_logs of)
{
	switch (of) {
	case PACK_LOGS_LOGS:
		return 1;
	case PACK_LOGS_DELTAS:
		return own_size(log);
	case PACK_LOGS_VERIFIED:
		return is_verified(log);
	case PACK_LOGS_UNSIGNED:
		return behind(log, log->has_head ? log->head_size : 0);
	case PACK_LOGS_FORKED:
		return log->forked;
	case PACK_LOGS_GAPS:
		return log->has_head && log->head_size > log->frontier.size
			   ? (int64_t)(log->head_size - log->frontier.size)
			   : 0;
	case PACK_LOGS_SEALED:
		return behind(log, log->held);
	case PACK_LOGS_REFUSED:
		return behind(log, log->rights == 0 ? 0 : log->cut);
	case PACK_LOGS_UNCHAINED:
		break;
	}
	assert(of != PACK_LOGS_UNCHAINED); /* it is of a space */
	return 0;
}

enum err
figure_logs_sum(struct txn *txn, struct space_state *space,
    enum pack_of_logs of, int64_t *sum)
{
	struct log **logs;
	uint64_t broken;
	size_t n = 0;
	enum err e;

	if (of == PACK_LOGS_UNCHAINED) {
		e = access_chain_broken(txn, space, &broken);
		*sum = (int64_t)broken;
		return e;
	}
	e = oplog_all(txn, space, &logs, &n);
	*sum = 0;
	for (size_t i = 0; e == ERR_OK && i < n; i++)
		*sum += one(logs[i], of);
	return e;
}
