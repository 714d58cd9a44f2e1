#ifndef GOLMOK_PROTO_ARENA_H
#define GOLMOK_PROTO_ARENA_H

#include "proto/bytes.h"

/*
 * Scratch memory of one request, frame or transaction.  Blocks are handed out
 * in order and go all at once; nothing in an arena is freed alone.  A zeroed
 * struct arena is a ready, empty arena.
 */
struct arena_block;

struct arena {
	struct arena_block *blocks; /* owned; newest first */
	size_t used_bytes;	    /* handed out since the last reset */
};

/* `n` bytes from `arena`, zeroed, aligned for any type; valid until
 * arena_reset or arena_fini. */
void *arena_new(struct arena *arena, size_t n) MUST_USE;
/* An array of `count` elements of `size` bytes each, zeroed; ends the process
 * if the product does not fit a size_t. */
void *arena_array(struct arena *arena, size_t count, size_t size) MUST_USE;
/* As arena_array, with any content: for what is written at once. */
void *arena_room(struct arena *arena, size_t count, size_t size) MUST_USE;
/* A copy of `b` in `arena`; the view lives as long as the arena's content. */
struct bytes arena_bytes(struct arena *arena, struct bytes b) MUST_USE;
/* As arena_bytes, with a final zero byte, as a C string. */
char *arena_text(struct arena *arena, struct bytes b) MUST_USE;
/* Forgets all content but keeps one block for the next use. */
void arena_reset(struct arena *arena);
/* Gives everything back; `arena` is empty and usable again.  A zeroed arena is
 * fine. */
void arena_fini(struct arena *arena);

#endif
