#ifndef GOLMOK_TESTS_SIM_STICK_H
#define GOLMOK_TESTS_SIM_STICK_H

#include "proto/bundle_msg.h"
#include "tests/sim/sim.h"

/*
 * USB sticks: bundles that are written, lie about, are damaged, and come to
 * somebody at some time, or never.
 */
struct stick_log; /* what the exporter had of a log */

struct sim_stick {
	bool used;
	char path[SIM_PATH_SIZE];
	enum bundle_kind kind;
	bool full;
	size_t from; /* person */
	bool to[SIM_STORES_JUDGED];
	struct stick_log *logs; /* owned */
	size_t logs_n;
	size_t logs_room;
};

/* `node` writes a bundle for some others, and may crash at it. */
void stick_export(struct sim_node *node);
/* Some stick comes to `node`, whole or damaged. */
void stick_import(struct sim_node *node);
void stick_fini(struct sim *sim);

#endif
