/*
 * Figures about logs.  Called by core/figure.c; writes nothing.
 */
#include "core/figure_logs.h"

#include "core/access_chain.h"
#include "core/heads.h"
#include "core/oplog.h"
#include "core/tree.h"

/* Deltas kept as this log's own: a branch shares the first ones, which count
 * once. */
static int64_t
own_size(const struct log *log)
{
	return (int64_t)(log->frontier.size - log->below);
}

/* Is all that is held signed by its author, as it stands? */
static enum err
is_verified(struct txn *txn, const struct log *log, bool *verified)
{
	struct note_head head = {.size = log->head_size,
	    .root = log->head_root,
	    .signature = log->head_signature};
	struct hash root;
	enum err e;

	*verified = log->has_head && log->head_size == log->frontier.size &&
		    heads_verify(log, &head) == ERR_OK;
	if (!*verified)
		return ERR_OK;
	e = tree_root(txn, log, log->head_size, &root);
	*verified = e == ERR_OK &&
		    bytes_equal(bytes_of(root.b, sizeof(root.b)),
			bytes_of(log->head_root.b, sizeof(log->head_root.b)));
	return e;
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

static enum err
one(struct txn *txn, const struct log *log, enum pack_of_logs of, int64_t *n)
{
	bool verified;
	enum err e = ERR_OK;

	*n = 0;
	switch (of) {
	case PACK_LOGS_LOGS:
		*n = 1;
		break;
	case PACK_LOGS_DELTAS:
		*n = own_size(log);
		break;
	case PACK_LOGS_VERIFIED:
		e = is_verified(txn, log, &verified);
		*n = verified ? 1 : 0;
		break;
	case PACK_LOGS_UNSIGNED:
		*n = behind(log, log->has_head ? log->head_size : 0);
		break;
	case PACK_LOGS_FORKED:
		*n = log->forked ? 1 : 0;
		break;
	case PACK_LOGS_GAPS:
		if (log->has_head && log->head_size > log->frontier.size)
			*n = (int64_t)(log->head_size - log->frontier.size);
		break;
	case PACK_LOGS_SEALED:
		*n = behind(log, log->held);
		break;
	case PACK_LOGS_REFUSED:
		*n = behind(log, log->rights == 0 ? 0 : log->cut);
		break;
	case PACK_LOGS_UNCHAINED:
		assert(false && "this is of a space, not of a log");
	}
	return e;
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
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		int64_t more;

		e = one(txn, logs[i], of, &more);
		*sum += more;
	}
	return e;
}
