/*
 * Batches of messages.  The channel opens frames into them, and takes one
 * message after another.  Knows no keys, and never keeps more than what was
 * opened, and one batch unpacked.
 */
#include "net/peer/batch.h"

#include <string.h>

#include "proto/limits.h"

enum {
	/* A waiting batch: its length, its flags, its bytes. */
	WAITING_HEAD = 4,
	/* An empty buffer larger than this is given back: hundreds of links
	 * that are at rest must not hold what each needed once. */
	KEEP_SIZE = 4 * 1024,
};

static enum err next_open(
    struct batches *batches, struct squeeze *squeeze) MUST_USE;
static bool size_get(struct bytes *from, size_t *size) MUST_USE;
static void size_put(size_t size, struct buf *out);

size_t
batch_begin(struct batches *batches)
{
	if (batches->frames.n == batches->end)
		buf_add_be32(&batches->frames, 0);
	return batches->frames.n;
}

enum err
batch_join(struct batches *batches, size_t mark)
{
	struct buf *waiting = &batches->frames;
	size_t begin = batches->end + WAITING_HEAD;
	bool is_first = mark == begin;
	unsigned flags = waiting->p[mark];
	size_t size;

	if ((flags & ~(unsigned)BATCH_FLAGS) != 0 || waiting->n == mark + 1 ||
	    (!is_first && (flags & BATCH_PACKED) != 0))
		return err_set(ERR_MALFORMED,
		    "a frame with flags %u and %zu bytes", flags,
		    waiting->n - mark - 1);
	if (!is_first) {
		memmove(waiting->p + mark, waiting->p + mark + 1,
		    waiting->n - mark - 1);
		buf_cut(waiting, waiting->n - 1);
	}
	size = waiting->n - begin;
	if (size - 1 > LIMIT_FRAME_SIZE)
		return err_set(ERR_MALFORMED, "a batch of more than %d bytes",
		    LIMIT_FRAME_SIZE);
	if ((flags & BATCH_MORE) != 0)
		return ERR_OK;
	bytes_put_be32(waiting->p + batches->end, (uint32_t)size);
	batches->end = waiting->n;
	return ERR_OK;
}

bool
batch_take(struct batches *batches, struct squeeze *squeeze,
    struct bytes *message, enum err *e)
{
	struct bytes rest_of;
	size_t size;

	*e = ERR_OK;
	*message = (struct bytes){0};
	if (batches->opened_at == batches->opened.n) {
		batch_settle(batches);
		if (batches->at == batches->end)
			return false;
		*e = next_open(batches, squeeze);
	}
	rest_of = bytes_after(buf_bytes(&batches->opened), batches->opened_at);
	if (*e == ERR_OK && !size_get(&rest_of, &size))
		*e = err_set(
		    ERR_MALFORMED, "messages that do not fill their frames");
	if (*e != ERR_OK)
		return false;
	*message = bytes_first(rest_of, size);
	batches->opened_at = batches->opened.n - bytes_after(rest_of, size).n;
	return true;
}

/* The next batch that waits, unpacked; one without messages is none. */
static enum err
next_open(struct batches *batches, struct squeeze *squeeze)
{
	struct bytes waiting = bytes_after(
	    buf_bytes(&batches->frames), batches->at);
	size_t size = bytes_be32(waiting.p);
	unsigned flags;
	enum err e = ERR_OK;

	waiting = bytes_slice(waiting, WAITING_HEAD, size);
	batches->at += WAITING_HEAD + size;
	flags = waiting.p[0];
	waiting = bytes_after(waiting, 1);
	if ((flags & BATCH_PACKED) == 0)
		buf_add(&batches->opened, waiting);
	else
		e = squeeze_unpack(
		    squeeze, waiting, LIMIT_FRAME_SIZE, &batches->opened);
	/* Whatever is wrong with it, the peer should not have sent it. */
	if (e == ERR_LIMIT)
		e = ERR_MALFORMED;
	return e == ERR_OK ? e : err_wrap(e, "compressed messages");
}

/* Takes the size of the next message, in groups of seven bits; false when it
 * is not as short as it can be, or more than is there. */
static bool
size_get(struct bytes *from, size_t *size)
{
	*size = 0;
	for (size_t i = 0; i < BATCH_SIZE_BYTES && i < from->n; i++) {
		*size = *size << 7 | (from->p[i] & 0x7f);
		if (*size == 0)
			return false;
		if ((from->p[i] & 0x80) != 0)
			continue;
		*from = bytes_after(*from, i + 1);
		return *size <= from->n;
	}
	return false;
}

size_t
batch_waiting(const struct batches *batches)
{
	return batches->end - batches->at + batches->opened.n -
	       batches->opened_at;
}

void
batch_settle(struct batches *batches)
{
	struct buf *waiting = &batches->frames;
	size_t at = batches->at;

	if (batches->opened_at == batches->opened.n) {
		buf_cut(&batches->opened, 0);
		batches->opened_at = 0;
		batch_rest(&batches->opened);
	}
	if (at == 0 || at < waiting->n - at)
		return;
	buf_drop(waiting, at);
	batches->end -= at;
	batches->at = 0;
	batch_rest(waiting);
}

void
batch_rest(struct buf *buf)
{
	if (buf->n == 0 && buf->room > KEEP_SIZE)
		buf_wipe(buf);
}

void
batch_add(struct buf *batch, struct bytes message)
{
	size_put(message.n, batch);
	buf_add(batch, message);
}

static void
size_put(size_t size, struct buf *out)
{
	if (size >> 14 != 0)
		buf_add_u8(out, (uint8_t)(0x80 | size >> 14));
	if (size >> 7 != 0)
		buf_add_u8(out, (uint8_t)(0x80 | (size >> 7 & 0x7f)));
	buf_add_u8(out, size & 0x7f);
}

void
batch_fini(struct batches *batches)
{
	buf_wipe(&batches->frames);
	buf_wipe(&batches->opened);
}
