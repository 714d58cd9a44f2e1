/*
 * The heap.  Everyone who needs memory of a size known only at run time asks
 * here; running out ends the process.  Never returns NULL.
 */
#include "proto/mem.h"

#include <stdlib.h>
#include <string.h>

static void *
must_have(void *p)
{
	if (p == NULL)
		abort();
	return p;
}

void *
mem_new(size_t n)
{
	return must_have(malloc(n > 0 ? n : 1));
}

void *
mem_zeros(size_t count, size_t size)
{
	if (count == 0 || size == 0)
		return must_have(calloc(1, 1));
	return must_have(calloc(count, size));
}

void *
mem_resize(void *p, size_t n)
{
	return must_have(realloc(p, n > 0 ? n : 1));
}

void
mem_check(const void *p)
{
	if (p == NULL)
		abort();
}

char *
mem_text(const char *text)
{
	size_t n = strlen(text) + 1;
	char *copy = mem_new(n);

	memcpy(copy, text, n);
	return copy;
}

void
mem_free(void *p)
{
	free(p);
}

void
mem_room(void *array, size_t *room, size_t count, size_t size)
{
	void *p;
	size_t wanted = *room;

	if (count <= *room)
		return;
	if (wanted < 8)
		wanted = 8;
	while (wanted < count) {
		assert(wanted <= SIZE_MAX / 2);
		wanted *= 2;
	}
	assert(size > 0 && wanted <= SIZE_MAX / size);
	memcpy(&p, array, sizeof(p));
	p = mem_resize(p, wanted * size);
	memcpy(array, &p, sizeof(p));
	*room = wanted;
}
