#ifndef GOLMOK_PROTO_MEM_H
#define GOLMOK_PROTO_MEM_H

#include "proto/base.h"

/*
 * Heap memory that never comes back as NULL: when there is none, the process
 * ends by abort(), which loses nothing because a commit is atomic.  A size
 * that a peer or a person chose is checked against proto/limits.h before it
 * gets here.
 */

/* `n` bytes of any content, owned by the caller, ended with mem_free.  `n` may
 * be 0. */
void *mem_new(size_t n) MUST_USE;
/* As mem_new, for `count` elements of `size` bytes each, all zero. */
void *mem_zeros(size_t count, size_t size) MUST_USE;
/* `p` (NULL or from mem_new) moved to a block of `n` bytes; the first bytes
 * stay.  `p` is no longer valid. */
void *mem_resize(void *p, size_t n) MUST_USE;
/* A copy of the C string `text`, owned by the caller. */
char *mem_text(const char *text) MUST_USE;
/* Ends the process when `p`, which a library was to allocate, is NULL: that
 * must not pass for something that is wrong with what it was given. */
void mem_check(const void *p);
/* Gives back what the functions above returned; NULL does nothing. */
void mem_free(void *p);

/* Grows the array `*array` of `size`-byte elements so that it holds at least
 * `count` of them; `*room` is how many it holds now and is updated.  Doubles,
 * so that appending is linear. */
void mem_room(void *array, size_t *room, size_t count, size_t size);

#endif
