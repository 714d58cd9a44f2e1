#ifndef GOLMOK_TESTS_SIM_MODEL_H
#define GOLMOK_TESTS_SIM_MODEL_H

#include "core/digest.h"
#include "core/store.h"

/*
 * What must be true, kept apart from the program under test: every leaf that
 * any store ever showed at a position of a log, how much of each log each store
 * was ever seen to hold, and which state belongs to which logs.
 */
struct sim;
struct sim_node;

enum { MODEL_LOGS_MAX = 4096, MODEL_STATES_MAX = 1 << 16 };

/* One line of leaves that a log was ever seen to have, from leaf 0.  A log that
 * is forked has several. */
struct model_log {
	struct log_id id; /* of the log before it was forked */
	struct log_name name;
	uint8_t *leaves; /* owned: 32 bytes each */
	size_t n;
	size_t room;
};

/* How much of each line is held, by the model's number of the line. */
struct model_held {
	uint64_t *sizes; /* owned */
	size_t n;
};

/* Logs with this digest give this state of one class, or, as class CLASS_COUNT,
 * this inbox. */
struct model_state {
	bool used;
	size_t space; /* SIZE_MAX: authority */
	unsigned class;
	struct hash logs;
	struct digest state;
};

struct model {
	struct model_log *logs; /* owned */
	size_t n;
	size_t room;
	/* Names of branches, and a line of their log. */
	struct model_branch {
		struct log_id id;
		size_t line;
	} * branches; /* owned */
	size_t branches_n;
	size_t branches_room;
	uint64_t *now; /* owned: by line, what the store looked at holds */
	struct model_state *states; /* owned; open addressing */
	size_t states_n;
	struct model_held *ever; /* owned: by person: the most ever held */
	size_t ever_n;
};

void model_init(struct model *model, size_t persons);
void model_fini(struct model *model);

/* A line of the log or branch `id`; SIZE_MAX when nobody has shown it. */
size_t model_find(const struct model *model, const struct log_id *id);
/* The most that is `held` of any line of the log or branch `id`. */
uint64_t model_most(const struct model *model, const struct model_held *held,
    const struct log_id *id);

uint64_t model_size(const struct model_held *held, size_t log);
void model_set(struct model_held *held, size_t log, uint64_t size);
void model_copy(struct model_held *to, const struct model_held *from);
void model_held_fini(struct model_held *held);

/* In the open write transaction of `node`, whose writes are settled: what it is
 * about to acknowledge.  Gives the number of deltas that are new. */
struct model_promise {
	size_t log; /* the only line */
	uint64_t seq;
	struct hash leaf;
};
enum { MODEL_PROMISES_MAX = 2048 };
size_t model_promise(
    struct sim_node *node, struct model_promise promises[MODEL_PROMISES_MAX]);
/* It was acknowledged: from now on `node` must hold it. */
void model_acknowledge(
    struct sim_node *node, const struct model_promise *promises, size_t n);

/* Looks at the store of `node`, when it changed since it was looked at: nothing
 * that was held is missing, no position was used twice unless a whole machine
 * went back, and then who holds both holds the proof; heads are true, and the
 * state is the one that all others with these logs have. */
void model_look(struct sim_node *node);

/* Did the machine of `author` go back with its mark, so that its logs may have
 * forked and nobody knows it? */
bool model_is_rolled(const struct sim *sim, const struct sign_key *author);

/* The inbox of the space `name` at `node` is `inbox`: as at all others with
 * these logs. */
void model_inbox(struct sim_node *node, const struct space *name,
    const struct digest *inbox);

#endif
