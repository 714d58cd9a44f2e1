#ifndef GOLMOK_CORE_BALLAST_H
#define GOLMOK_CORE_BALLAST_H

#include "proto/err.h"

/*
 * Room kept aside (file `ballast`) for the day when the disk is full: what LMDB
 * needs to free pages and commit.
 */
enum { BALLAST_SIZE = 8 * 1024 * 1024 };

/* Takes the room in the store `dir` if it is not taken yet, but only when the
 * next writes find enough beside it: otherwise they would fail on the room that
 * was made for them.  What a compaction that was cut off left there goes.  That
 * any of it fails is passed over; the next call tries again. */
void ballast_keep(const char *dir);
/* Gives the room back; that there is none left is no failure. */
enum err ballast_drop(const char *dir) MUST_USE;

#endif
