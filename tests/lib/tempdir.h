#ifndef GOLMOK_TESTS_LIB_TEMPDIR_H
#define GOLMOK_TESTS_LIB_TEMPDIR_H

#include "proto/base.h"

enum { TEMPDIR_PATH_SIZE = 512 };

/* A directory of one test's own.  Whatever fails here fails the test. */
struct tempdir {
	char path[TEMPDIR_PATH_SIZE];
};

/* Makes it below $TMPDIR or /tmp; ended with tempdir_fini. */
void tempdir_init(struct tempdir *dir);
/* From now on below /dev/shm if there is one and $TMPDIR says nothing else: for
 * tests that write much and are not about the disk. */
void tempdir_in_memory(void);
/* Removes it with everything in it. */
void tempdir_fini(struct tempdir *dir);
/* The path of `name` in it, in one of 16 static buffers used in turn. */
const char *tempdir_at(const struct tempdir *dir, const char *name);

#endif
