#ifndef GOLMOK_CORE_MEDIUM_H
#define GOLMOK_CORE_MEDIUM_H

#include "proto/buf.h"
#include "proto/err.h"

/*
 * A large file on a medium that is carried about: written from its start to its
 * end beside its name and then given it, or read in pieces and never written.
 * Failures are those of core/file.h.
 */
struct medium {
	int fd_plus_1;	     /* 0: closed */
	char *path;	     /* owned */
	char *fresh;	     /* owned; while it is written: the name it has */
	uint64_t size_bytes; /* read: of the file when it was opened */
};

/* Begins to write what is to become `path`: in the same directory, with ".new"
 * appended.  What a run that was cut off left there is replaced.  ERR_EXISTS
 * when there is a `path` already, unless `replace`.  ERR_BUSY: somebody else is
 * writing it. */
enum err medium_create(
    struct medium *medium, const char *path, bool replace) MUST_USE;
/* Writes `content` behind what is there. */
enum err medium_add(struct medium *medium, struct bytes content) MUST_USE;
/* All is written: makes it durable under its name, readable by everybody whom
 * the umask lets.  ERR_EXISTS as medium_create.  ERR_BUSY: what was
 * written was taken away meanwhile. */
enum err medium_finish(struct medium *medium, bool replace) MUST_USE;

/* Opens the regular file `path` for reading.  ERR_INVALID: it is none. */
enum err medium_open(struct medium *medium, const char *path) MUST_USE;
/* Appends up to `n` bytes from `at` to `content`; fewer only at the end of the
 * file. */
enum err medium_read(
    struct medium *medium, uint64_t at, size_t n, struct buf *content) MUST_USE;

/* Closes it.  What was not finished is removed. */
void medium_fini(struct medium *medium);

#endif
