#ifndef GOLMOK_TESTS_LIB_CHILD_H
#define GOLMOK_TESTS_LIB_CHILD_H

#include <sys/types.h>

#include "proto/base.h"

/*
 * A second process beside a test, made by fork, and a way for the two to meet
 * without sleeping.  Whatever fails in the parent fails the test.
 */
struct child {
	pid_t pid;
	int in;	 /* bytes from the other side */
	int out; /* bytes to the other side */
};

/* What the child does; it meets the test through `test`.  True: it went well.
 */
typedef bool child_main(struct child *test, void *arg);

/* Starts `run` with `arg` in a new process.  The test has no store open then.
 */
void child_start(struct child *child, child_main *run, void *arg);
/* Tells the other side to go on. */
void child_signal(struct child *other);
/* Waits until the other side signals; false when it ended instead. */
bool child_await(struct child *other) MUST_USE;
/* Waits for the child's end; true when `run` returned true. */
bool child_end(struct child *child) MUST_USE;
/* As child_end: the signal that ended it, 0 when `run` returned true, else -1.
 */
int child_status(struct child *child) MUST_USE;
/* Ends the child on the spot, as a power cut would, and waits for that. */
void child_kill(struct child *child);
/* The anonymous memory that it holds now, in KiB. */
uint64_t child_resident_kb(const struct child *child);
/* Says nothing where sanitisers keep what was freed for a while. */
bool child_resident_within(uint64_t resident_kb, uint64_t most_kb);

#endif
