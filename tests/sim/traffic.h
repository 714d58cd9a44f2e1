#ifndef GOLMOK_TESTS_SIM_TRAFFIC_H
#define GOLMOK_TESTS_SIM_TRAFFIC_H

#include "tests/sim/sim.h"

/* Events on lines. */

/* Any node. */
struct sim_node *traffic_node(struct sim *sim);
/* Some two nodes connect, if they can reach each other. */
void traffic_connect(struct sim *sim);
/* One thing happens on some line. */
void traffic_event(struct sim *sim);
/* All that can happen on some line, a few times, so that talks get somewhere.
 */
void traffic_pump(struct sim *sim);
/* Everybody at once, so that the same deltas come from several sides. */
void traffic_rush(struct sim *sim);

#endif
