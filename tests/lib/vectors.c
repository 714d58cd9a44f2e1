/*
 * Reads tests/vectors/ for the unit tests.  Must never forgive: a vector that
 * is skipped proves nothing.
 */
#include "tests/lib/vectors.h"

#include <stdio.h>

#include "proto/ascii.h"

void
vectors_open(struct vectors *vectors, const char *name)
{
	struct buf path = {0};
	FILE *file;
	size_t n;

	*vectors = (struct vectors){0};
	buf_add_format(&path, "tests/vectors/%s", name);
	file = fopen(buf_text(&path), "rb");
	assert(file != NULL);
	do {
		uint8_t *p = buf_extend(&vectors->text, 4096);

		n = fread(p, 1, 4096, file);
		buf_cut(&vectors->text, vectors->text.n - 4096 + n);
	} while (n > 0);
	assert(ferror(file) == 0);
	assert(fclose(file) == 0);
	buf_fini(&path);
}

void
vectors_close(struct vectors *vectors)
{
	buf_fini(&vectors->text);
}

bool
vectors_next(struct vectors *vectors)
{
	struct bytes rest;
	struct bytes line;

	do {
		rest = bytes_after(buf_bytes(&vectors->text), vectors->at);
		if (rest.n == 0)
			return false;
		line = bytes_first(rest, bytes_find(rest, '\n'));
		assert(line.n < rest.n);
		vectors->at += line.n + 1;
	} while (bytes_begins(line, bytes_text("#")));
	vectors->n = 0;
	for (;;) {
		size_t n = bytes_find(line, ' ');

		assert(vectors->n < COUNT_OF(vectors->words));
		vectors->words[vectors->n++] = bytes_first(line, n);
		if (n == line.n)
			return true;
		line = bytes_after(line, n + 1);
	}
}

bool
vectors_is(const struct vectors *vectors, const char *kind)
{
	return bytes_is(vectors->words[0], kind);
}

uint64_t
vectors_number(const struct vectors *vectors, size_t i)
{
	uint64_t value;
	enum err e;

	assert(i < vectors->n);
	e = ascii_from_decimal(vectors->words[i], &value);
	assert(e == ERR_OK);
	return value;
}

void
vectors_hex(const struct vectors *vectors, size_t i, void *to, size_t n)
{
	struct buf out = {0};
	enum err e;

	assert(i < vectors->n);
	e = ascii_from_hex(vectors->words[i], &out);
	assert(e == ERR_OK);
	assert(out.n == n);
	bytes_copy(to, buf_bytes(&out));
	buf_fini(&out);
}

void
vectors_base64(const struct vectors *vectors, size_t i, struct buf *out)
{
	enum err e;

	assert(i < vectors->n);
	e = ascii_from_base64(vectors->words[i], out);
	assert(e == ERR_OK);
}
