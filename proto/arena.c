/*
 * Arenas.  Whoever works on one request or one transaction takes its scratch
 * memory here and drops it in one call.  Never frees a single piece.
 */
#include "proto/arena.h"

#include <stdalign.h>
#include <string.h>

#include "proto/mem.h"

enum { ARENA_BLOCK_SIZE = 64 * 1024 };

struct arena_block {
	struct arena_block *next; /* owned */
	size_t size;
	size_t used;
	alignas(max_align_t) uint8_t data[];
};

static struct arena_block *block_new(size_t n);

/* `n` bytes of any content. */
static void *
take(struct arena *arena, size_t n)
{
	struct arena_block *block = arena->blocks;
	size_t step = alignof(max_align_t);
	void *p;

	assert(n <= SIZE_MAX - step);
	n = (n + step - 1) / step * step;
	if (block == NULL || n > block->size - block->used) {
		block = block_new(n);
		block->next = arena->blocks;
		arena->blocks = block;
	}
	p = block->data + block->used;
	block->used += n;
	arena->used_bytes += n;
	return p;
}

void *
arena_new(struct arena *arena, size_t n)
{
	return memset(take(arena, n), 0, n);
}

static struct arena_block *
block_new(size_t n)
{
	size_t size = n > ARENA_BLOCK_SIZE ? n : ARENA_BLOCK_SIZE;
	struct arena_block *block;

	assert(size <= SIZE_MAX - sizeof(*block));
	block = mem_new(sizeof(*block) + size);
	block->next = NULL;
	block->size = size;
	block->used = 0;
	return block;
}

void *
arena_array(struct arena *arena, size_t count, size_t size)
{
	assert(size > 0 && count <= SIZE_MAX / size);
	return arena_new(arena, count * size);
}

void *
arena_room(struct arena *arena, size_t count, size_t size)
{
	assert(size > 0 && count <= SIZE_MAX / size);
	return take(arena, count * size);
}

struct bytes
arena_bytes(struct arena *arena, struct bytes b)
{
	uint8_t *copy = take(arena, b.n);

	bytes_copy(copy, b);
	return bytes_of(copy, b.n);
}

char *
arena_text(struct arena *arena, struct bytes b)
{
	char *copy = arena_new(arena, b.n + 1);

	bytes_copy(copy, b);
	return copy;
}

void
arena_reset(struct arena *arena)
{
	struct arena_block *keep = NULL;

	while (arena->blocks != NULL) {
		struct arena_block *next = arena->blocks->next;

		if (next == NULL && arena->blocks->size == ARENA_BLOCK_SIZE)
			keep = arena->blocks;
		else
			mem_free(arena->blocks);
		arena->blocks = next;
	}
	if (keep != NULL)
		keep->used = 0;
	arena->blocks = keep;
	arena->used_bytes = 0;
}

void
arena_fini(struct arena *arena)
{
	while (arena->blocks != NULL) {
		struct arena_block *next = arena->blocks->next;

		mem_free(arena->blocks);
		arena->blocks = next;
	}
	arena->used_bytes = 0;
}
