#ifndef GOLMOK_CLI_EXIT_H
#define GOLMOK_CLI_EXIT_H

#include "proto/err.h"

/*
 * How the process ends.  Scripts rely on these numbers: one that is given out
 * never changes its meaning.
 *
 *  0 done                        7 a file or peer of others sent wrong bytes
 *  1 the system said no (I/O)    8 our own store is damaged
 *  2 the words were wrong        9 written by a newer version
 *  3 nothing has that name      10 larger or more than the limits allow
 *  4 something has it already   11 somebody else holds it: try again
 *  5 the data breaks a rule     12 no room; nothing was changed
 *  6 not allowed                13 the peer ended the conversation
 *                               14 a log is forked
 *                               15 some of it was done, and some could not be
 */

/* The exit status for an outcome `code`. */
int exit_status(enum err code);

#endif
