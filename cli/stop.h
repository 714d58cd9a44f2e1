#ifndef GOLMOK_CLI_STOP_H
#define GOLMOK_CLI_STOP_H

#include <stdbool.h>

/*
 * Long work that ends at a good place when somebody interrupts it (SIGINT,
 * SIGTERM), says how far it came, and only then ends as the signal has it.
 */

/* From now on the first such signal is noted only; the second one ends the
 * program at once. */
void stop_watch(void);
/* Has one come? */
bool stop_asked(void);
/* All has been said: ends the program by the signal that came, so that whoever
 * started it sees that.  Does nothing when none has come. */
void stop_leave(void);

#endif
