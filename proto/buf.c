/*
 * Growing byte buffers.  Encoders and readers of files collect bytes here.
 * Sizes chosen by others are limited by the callers before they append.
 */
#include "proto/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/crypto.h"
#include "proto/mem.h"

/* Rows, headers and names rarely need less; from eight bytes on they would be
 * moved four times more. */
enum { BUF_ROOM_MIN = 128 };

void
buf_reserve(struct buf *buf, size_t n)
{
	if (n <= buf->room - buf->n)
		return;
	assert(n <= SIZE_MAX / 2 - buf->n);
	if (buf->room == 0 && n < BUF_ROOM_MIN)
		n = BUF_ROOM_MIN;
	mem_room(&buf->p, &buf->room, buf->n + n, 1);
}

void
buf_add_text(struct buf *buf, const char *text)
{
	buf_add(buf, bytes_text(text));
}

void
buf_add_format(struct buf *buf, const char *format, ...)
{
	size_t room;
	va_list values;
	int n;

	/* Most of what is formatted is short: then once is enough. */
	buf_reserve(buf, 1);
	room = buf->room - buf->n;
	va_start(values, format);
	n = vsnprintf((char *)buf->p + buf->n, room, format, values);
	va_end(values);
	assert(n >= 0);
	if ((size_t)n >= room) {
		buf_reserve(buf, (size_t)n + 1);
		va_start(values, format);
		(void)vsnprintf(
		    (char *)buf->p + buf->n, (size_t)n + 1, format, values);
		va_end(values);
	}
	buf->n += (size_t)n;
}

void
buf_drop(struct buf *buf, size_t n)
{
	assert(n <= buf->n);
	if (n > 0 && n < buf->n)
		memmove(buf->p, buf->p + n, buf->n - n);
	buf->n -= n;
}

const char *
buf_text(struct buf *buf)
{
	buf_reserve(buf, 1);
	buf->p[buf->n] = 0;
	return (const char *)buf->p;
}

void
buf_fini(struct buf *buf)
{
	mem_free(buf->p);
	*buf = (struct buf){0};
}

void
buf_wipe(struct buf *buf)
{
	if (buf->p != NULL)
		crypto_wipe(buf->p, buf->room);
	buf_fini(buf);
}
