#ifndef GOLMOK_CORE_KEYFILE_H
#define GOLMOK_CORE_KEYFILE_H

#include "proto/buf.h"
#include "proto/err.h"

/*
 * Small text files of keys: a title with a version, then lines that are a word,
 * a space and some bytes in hex.  Readable by their owner only.
 */
struct keyfile_line {
	const char *word;
	uint8_t *p; /* borrowed: where its bytes are, or go */
	size_t n;
};

struct keyfile {
	const char *title; /* its last character is the version */
	const struct keyfile_line *lines;
	size_t n; /* lines, at most 31; each must be there, in any order */
};

/* Writes `file` to `path`, durably.  What is there already is replaced at once,
 * or, without `replace`, ERR_EXISTS. */
enum err keyfile_save(
    const char *path, const struct keyfile *file, bool replace) MUST_USE;
/* Reads `path` into the places that `file` names.  ERR_NOT_FOUND; ERR_CORRUPT
 * names the line that is wrong; ERR_VERSION. */
enum err keyfile_load(const char *path, const struct keyfile *file) MUST_USE;
/* Appends the title and the first `n` lines of `file` to `text`. */
void keyfile_text(const struct keyfile *file, size_t n, struct buf *text);

/* Overwrites the file `path` where it lies, then removes it; durably.
 * ERR_NOT_FOUND. */
enum err keyfile_destroy(const char *path) MUST_USE;

#endif
