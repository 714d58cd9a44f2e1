#ifndef GOLMOK_CORE_BUNDLE_PLAN_H
#define GOLMOK_CORE_BUNDLE_PLAN_H

#include "core/clock.h"
#include "core/store.h"
#include "proto/bundle_msg.h"

/*
 * What goes into a bundle: for whom, and of each log from where on.  Nodes that
 * may have the same of everything share a part; who may have more gets one of
 * its own, so that nobody's part opens to somebody who may have less.
 */
struct bundle_want {
	enum bundle_kind kind;
	const struct sign_key *to; /* borrowed, each once */
	size_t to_n;
	const struct space *prefixes; /* borrowed; none: all data spaces */
	size_t prefixes_n;
	bool full; /* as if they had nothing */
};

/* One log of a part. */
struct bundle_log {
	struct log_no no;
	bool is_wanted; /* else only the clock speaks of it */
	uint64_t until; /* headers held when the plan was made */
	/* What all receivers are believed to hold; `size` of it is where the
	 * run begins. */
	uint64_t size;
	uint64_t held;
	uint64_t open[CLASS_COUNT];
};

struct bundle_group {
	const struct sign_key *to;
	size_t to_n;
	struct bundle_log *logs; /* `authority` first, then by space */
	size_t logs_n;
};

struct bundle_plan {
	struct arena arena; /* owned; has all that follows */
	enum bundle_kind kind;
	struct bundle_group *groups;
	size_t groups_n;
	uint64_t deltas;  /* to be written, in all parts */
	uint64_t date_ms; /* of this store: no earlier than its newest delta */
};

/* Makes a plan, in an open transaction, which it does not need afterwards.
 * ERR_DENIED: one of `want->to` is no member, or its key is in other hands, or
 * this node's own is.
 * ERR_INVALID: it is this node itself, or they are more than
 * LIMIT_BUNDLE_RECEIVERS. */
enum err bundle_plan_make(struct store *store, const struct bundle_want *want,
    struct bundle_plan *plan) MUST_USE;
void bundle_plan_fini(struct bundle_plan *plan);

#endif
