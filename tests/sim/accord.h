#ifndef GOLMOK_TESTS_SIM_ACCORD_H
#define GOLMOK_TESTS_SIM_ACCORD_H

#include "tests/sim/sim.h"

/* One log, or branch, as one node has it. */
struct accord_log {
	struct log_id id;
	struct log_name name;
	uint64_t size;
	uint64_t held;
	uint64_t open[CLASS_COUNT];
	uint64_t kept; /* so that their author could read them again */
	struct hash root;
};

struct accord_logs {
	struct accord_log *list; /* owned by whoever has the struct */
	size_t n;
	size_t room;
};

/* All logs of `node`, which is in no transaction, by id, into `logs`, which is
 * zeroed before. */
void accord_read(struct sim_node *node, struct accord_logs *logs);
/* The one of `logs` with the id of `log`; NULL: there is none. */
const struct accord_log *accord_find(
    const struct accord_logs *logs, const struct accord_log *log);

/* A session of `a` and `b` ended, and both said that they agree: what both may
 * have is the same in both.  In no transaction of theirs. */
void accord_check(struct sim_node *a, struct sim_node *b);

#endif
