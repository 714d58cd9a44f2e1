#ifndef GOLMOK_TESTS_FUZZ_DISK_H
#define GOLMOK_TESTS_FUZZ_DISK_H

#include "proto/err.h"
#include "tests/fuzz/fuzz.h"

/* Files of a target's own, in memory where there is room for it: what a disk
 * gives back that was damaged, or that somebody else has written. */

/* The directory in which they lie. */
const char *disk_dir(void);
/* The path of `name`, in one of some static buffers used in turn; nothing is
 * there. */
const char *disk_path(const char *name);
/* Puts `content` there, not durably, and gives the path. */
const char *disk_put(const char *name, struct bytes content);
/* What is there, appended to `content`. */
void disk_get(const char *name, struct buf *content);
/* Is `e` what reading such a file may end with? */
void disk_assert_read(enum err e);

#endif
