/*
 * Reckoning bytes.  net/peer/flow.c orders what goes to a peer by it, and
 * core/safety.c says how much is to come.  Reads a few deltas of a log, never
 * all of them.
 */
#include "core/weigh.h"

enum {
	/* What stands around a header or a body in messages. */
	AROUND_BYTES = 8,
	AROUND_BODY_BYTES = 48,
};

static void weight_add(
    struct weight *weight, const struct stored_delta *stored);

enum err
weigh_log(struct txn *txn, const struct log *log, uint64_t from,
    uint64_t samples, struct weight *weight)
{
	uint64_t left = log->frontier.size - from;
	uint64_t n = left < samples ? left : samples;

	assert(samples > 0 && from < log->frontier.size);
	*weight = (struct weight){0};
	for (uint64_t i = 0; i < n; i++) {
		uint64_t seq = from + (2 * i + 1) * (left / (2 * n));
		struct stored_delta stored;
		enum err e;

		if (left <= samples)
			seq = from + i;
		e = oplog_get(txn, log, seq, &stored);
		if (e != ERR_OK)
			return e;
		weight_add(weight, &stored);
	}
	return ERR_OK;
}

static void
weight_add(struct weight *weight, const struct stored_delta *stored)
{
	struct bytes rest = stored->bodies;
	struct stored_body body;

	weight->n++;
	weight->headers += stored->header.n + AROUND_BYTES;
	while (oplog_body_next(&rest, &body)) {
		uint64_t n = body.sealed.n + AROUND_BODY_BYTES;

		weight->sealed += n;
		if (body.form == BODY_OPEN)
			weight->open[body.class] += n;
	}
}

uint64_t
weigh_one(const struct weight *weight, const struct clock_depth *depth)
{
	uint64_t sum = weight->headers;

	if (weight->n == 0)
		return 0;
	if (depth->hold)
		return (sum + weight->sealed) / weight->n;
	for (unsigned class = 0; class < CLASS_COUNT; class ++)
		if ((depth->classes >> class & 1) != 0)
			sum += weight->open[class];
	return sum / weight->n;
}
