#ifndef GOLMOK_TESTS_SIM_TELL_H
#define GOLMOK_TESTS_SIM_TELL_H

#include "tests/sim/sim.h"

/* Prints the event `what` of sim_note in words, behind a '#'. */
void tell_event(
    const struct sim *sim, const char *what, uint64_t a, uint64_t b);

#endif
