#ifndef GOLMOK_TESTS_LIB_EMULATOR_END_H
#define GOLMOK_TESTS_LIB_EMULATOR_END_H

#include "tests/lib/emulator.h"

/*
 * One end of a connection of tests/lib/emulator.c: what a real node's link and
 * hub do for a session.
 */

/* End `i` of a connection of `line`, where it is looked at. */
struct emulator_seat {
	struct emulator *emulator;
	struct emulator_line *line;
	struct emulator_connection *connection;
	size_t i;
};

/* One turn of its session, to which something happened; true when anything
 * moved. */
bool emulator_end_turn(const struct emulator_seat *seat);
/* The session has failed with `e`, or has nothing more to say (ERR_OK). */
void emulator_end_close(const struct emulator_seat *seat, enum err e);
/* Frees a closed session once its last words have arrived, when the other end
 * hears of it; true when that is now. */
bool emulator_end_finish(const struct emulator_seat *seat);
/* Adds what the session has counted to that of the line, and frees it. */
void emulator_end_over(const struct emulator_seat *seat);
/* Adds what the session of `end`, which is end `i`, has counted. */
void emulator_end_count(
    const struct emulator_end *end, size_t i, struct emulator_count *count);

#endif
