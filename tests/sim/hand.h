#ifndef GOLMOK_TESTS_SIM_HAND_H
#define GOLMOK_TESTS_SIM_HAND_H

#include "core/own.h"
#include "tests/sim/sim.h"

/*
 * Deltas written by hand, past every rule for local writes: what a member with
 * a changed program can sign.
 */
struct hand {
	struct sim_node *node;
	struct own own;
};

/* In the open write transaction of `node`, whose writes are settled: a new log
 * of this node in `space` that claims to be written under `grant` (NULL: under
 * none). */
void hand_open(struct sim_node *node, const struct space *space,
    const struct ref *grant, struct hand *hand);
/* As hand_open under no grant, in the name of whoever has `seed`, borrowed
 * until hand_close. */
void hand_open_as(struct sim_node *node, const struct space *space,
    const struct sign_seed *seed, struct hand *hand);
/* Appends an edit of `record` that sets the text field `field` to `text`; gives
 * the name of the delta. */
struct ref hand_change(struct hand *hand, const struct record_id *record,
    const char *field, const char *text);
/* Appends a fact of `kind` with the body `plain`. */
struct ref hand_fact(
    struct hand *hand, enum delta_kind kind, struct bytes plain);
/* Appends an adopt or void of the `n` deltas `targets`. */
struct ref hand_decide(struct hand *hand, enum delta_kind kind,
    const struct ref *targets, size_t n);
/* Signs the log. */
void hand_close(struct hand *hand);

#endif
