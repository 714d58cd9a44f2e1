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
	/* A packed batch of more is not unpacked twice: what is in it weighs
	 * more than the signatures that looking ahead could find. */
	LOOK_SIZE_MAX = 16 * 1024,
};

static bool read_at(
    const struct batches *batches, size_t *at, struct bytes *content);
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
		if (!batch_is_ready(batches))
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

/* What the batch at `*at` holds, which moves behind it; is it packed? */
static bool
read_at(const struct batches *batches, size_t *at, struct bytes *content)
{
	struct bytes rest = bytes_after(buf_bytes(&batches->frames), *at);
	size_t size = bytes_be32(rest.p);

	rest = bytes_slice(rest, WAITING_HEAD, size);
	*at += WAITING_HEAD + size;
	*content = bytes_after(rest, 1);
	return (rest.p[0] & BATCH_PACKED) != 0;
}

/* The next batch that waits, unpacked; one without messages is none. */
static enum err
next_open(struct batches *batches, struct squeeze *squeeze)
{
	struct bytes content;
	enum err e = ERR_OK;

	if (!read_at(batches, &batches->at, &content))
		buf_add(&batches->opened, content);
	else
		e = squeeze_unpack(
		    squeeze, content, LIMIT_FRAME_SIZE, &batches->opened);
	/* Whatever is wrong with it, the peer should not have sent it. */
	if (e == ERR_LIMIT)
		e = ERR_MALFORMED;
	return e == ERR_OK ? e : err_wrap(e, "compressed messages");
}

bool
batch_is_ready(const struct batches *batches)
{
	return batches->opened_at < batches->opened.n ||
	       batches->at <
		   (batches->fenced ? batches->cleared : batches->end);
}

void
batch_fence(struct batches *batches)
{
	batches->fenced = true;
	batches->cleared = batches->at;
	batches->looked_at = batches->at;
}

bool
batch_look(
    struct batches *batches, struct squeeze *squeeze, struct bytes *batch)
{
	struct bytes content;

	*batch = (struct bytes){0};
	buf_cut(&batches->looked, 0);
	batch_rest(&batches->looked);
	if (!batch_has_news(batches))
		return false;
	if (!read_at(batches, &batches->looked_at, &content))
		*batch = content;
	/* What is wrong with it shows when it is taken. */
	else if (content.n <= LOOK_SIZE_MAX &&
		 squeeze_unpack(squeeze, content, LIMIT_FRAME_SIZE,
		     &batches->looked) == ERR_OK)
		*batch = buf_bytes(&batches->looked);
	return true;
}

bool
batch_look_next(struct bytes *batch, struct bytes *message)
{
	size_t size;

	if (batch->n == 0 || !size_get(batch, &size))
		return false;
	*message = bytes_first(*batch, size);
	*batch = bytes_after(*batch, size);
	return true;
}

void
batch_clear(struct batches *batches)
{
	batches->cleared = batches->looked_at;
}

bool
batch_has_news(const struct batches *batches)
{
	return batches->fenced && batches->looked_at < batches->end;
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
	if (batches->fenced) {
		batches->cleared -= at;
		batches->looked_at -= at;
	}
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
	buf_wipe(&batches->looked);
}
