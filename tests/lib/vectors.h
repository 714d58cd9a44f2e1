#ifndef GOLMOK_TESTS_LIB_VECTORS_H
#define GOLMOK_TESTS_LIB_VECTORS_H

#include "proto/buf.h"

/*
 * Files of known answers: one case a line, words apart by one space, the first
 * word is the kind of the case; lines that begin with '#' are for people.
 * Whatever is wrong with a file ends the test program.
 */
struct vectors {
	struct buf text; /* owned */
	size_t at;
	struct bytes words[80]; /* of this line; borrowed from text */
	size_t n;
};

/* Reads tests/vectors/`name` whole; ended with vectors_close. */
void vectors_open(struct vectors *vectors, const char *name);
void vectors_close(struct vectors *vectors);
/* Moves to the next case; false at the end. */
bool vectors_next(struct vectors *vectors) MUST_USE;
/* Is the case of the kind `kind`? */
bool vectors_is(const struct vectors *vectors, const char *kind) MUST_USE;
/* Word number `i` as a decimal number, as exactly `n` bytes in hex to `to`, and
 * as base64 appended to `out`. */
uint64_t vectors_number(const struct vectors *vectors, size_t i);
void vectors_hex(const struct vectors *vectors, size_t i, void *to, size_t n);
void vectors_base64(const struct vectors *vectors, size_t i, struct buf *out);

#endif
