#ifndef GOLMOK_TESTS_SIM_NODE_H
#define GOLMOK_TESTS_SIM_NODE_H

#include "tests/sim/sim.h"

/* The nodes of the city: their stores, clocks, rights and accidents. */

/* Makes the city with all its nodes, some not admitted yet. */
void node_make_all(struct sim *sim);
void node_fini(struct sim_node *node);
/* Sets `node` to number `number`, without a store. */
void node_start(struct sim *sim, struct sim_node *node, size_t number);
/* A new node of its own, not admitted yet. */
struct sim_node *node_make(struct sim *sim, enum sim_role role, size_t centre);

/* Another step began: its own random numbers are those of this step. */
void node_turn(struct sim_node *node);

/* What a person may have of a space, by the plan of the city. */
struct node_rights {
	bool any;
	bool hold;
	bool write;
	unsigned classes;
};
struct node_rights node_rights(const struct sim_node *node, size_t space);
/* The number of the space `name`; SIZE_MAX for another. */
size_t node_space(const struct sim *sim, const struct space *name);

/* `by` admits `whom` and grants it what the plan says (again). */
void node_admit(struct sim_node *by, struct sim_node *whom);
/* A new node for the same person, with a key and a store of its own. */
struct sim_node *node_heir(const struct sim_node *of);
/* The founder admits everybody who is not, or whose admission may have been
 * undone. */
void node_admit_all(struct sim *sim);
/* May `by` admit others, as far as it knows? */
bool node_is_admin(const struct sim_node *by);

void node_open(struct sim_node *node);
/* The process is gone: its sessions, its open transaction. */
void node_crash(struct sim_node *node);
/* The same in the middle of the open write transaction: before the commit, in
 * it, or as soon as it is durable. */
void node_crash_late(struct sim_node *node);
/* Keeps a copy of the data file as it is now. */
void node_snapshot(struct sim_node *node);
/* Puts the copy in the place of the data file: into the same file, or another
 * one under its name; with `whole` the mark beside it too, so that nothing on
 * the machine tells.  The node is down. */
void node_restore(struct sim_node *node, bool same_file, bool whole);
/* Runs the copy beside the original, in a directory of its own. */
void node_clone(struct sim_node *node);
/* Makes all derived tables again; nothing may change by it. */
void node_rebuild(struct sim_node *node, bool cut_off);

/* The open write transaction of `node` ends: commits, or fails as the seed
 * wants.  ERR_OK: it was acknowledged. */
enum err node_commit(struct sim_node *node) MUST_USE;
/* Begins a transaction; it must begin. */
void node_begin(struct sim_node *node, bool write);

#endif
