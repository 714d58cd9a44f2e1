/*
 * Batches that wait for their turn.  net/peer/channel.c puts opened frames in
 * and takes whole batches out.  Reads no message, and bounds each; how many
 * may wait is the session's to say.
 */
#include "net/peer/waiting.h"

#include <string.h>

#include "proto/limits.h"

enum {
	/* In front of a batch: its length, with its flags, then these. */
	HEAD_SIZE = 4,
	FLAGS_ALL = WAITING_MORE | WAITING_PACKED,
	/* An empty buffer larger than this is given back: hundreds of links
	 * that are at rest must not hold what each needed once. */
	KEEP_SIZE = 4 * 1024,
};

static void read_at(
    const struct waiting *waiting, size_t *at, struct waiting_batch *batch);

void
waiting_fini(struct waiting *waiting)
{
	buf_wipe(&waiting->buf);
}

size_t
waiting_begin(struct waiting *waiting)
{
	if (waiting->buf.n == waiting->end)
		buf_add_be32(&waiting->buf, 0);
	return waiting->buf.n;
}

enum err
waiting_join(struct waiting *waiting, size_t mark)
{
	struct buf *buf = &waiting->buf;
	size_t begin = waiting->end + HEAD_SIZE;
	bool is_first = mark == begin;
	unsigned flags = buf->p[mark];
	size_t size;

	if ((flags & ~(unsigned)FLAGS_ALL) != 0 || buf->n == mark + 1 ||
	    (!is_first && (flags & WAITING_PACKED) != 0))
		return err_set(ERR_MALFORMED,
		    "a frame with flags %u and %zu bytes", flags,
		    buf->n - mark - 1);
	if (!is_first) {
		memmove(buf->p + mark, buf->p + mark + 1, buf->n - mark - 1);
		buf_cut(buf, buf->n - 1);
	}
	size = buf->n - begin;
	if (size - 1 > LIMIT_FRAME_SIZE)
		return err_set(ERR_MALFORMED, "a batch of more than %d bytes",
		    LIMIT_FRAME_SIZE);
	if ((flags & WAITING_MORE) != 0)
		return ERR_OK;
	bytes_put_be32(buf->p + waiting->end, (uint32_t)size);
	waiting->end = buf->n;
	return ERR_OK;
}

bool
waiting_take(struct waiting *waiting, struct waiting_batch *batch)
{
	if (!waiting_is_ready(waiting))
		return false;
	read_at(waiting, &waiting->at, batch);
	return true;
}

/* The batch at `*at`, which moves behind it. */
static void
read_at(const struct waiting *waiting, size_t *at, struct waiting_batch *batch)
{
	struct bytes rest = bytes_after(buf_bytes(&waiting->buf), *at);
	size_t size = bytes_be32(rest.p);

	rest = bytes_slice(rest, HEAD_SIZE, size);
	*at += HEAD_SIZE + size;
	batch->is_packed = (rest.p[0] & WAITING_PACKED) != 0;
	batch->bytes = bytes_after(rest, 1);
}

bool
waiting_look(struct waiting *waiting, struct waiting_batch *batch)
{
	if (!waiting_has_news(waiting))
		return false;
	read_at(waiting, &waiting->looked, batch);
	return true;
}

void
waiting_fence(struct waiting *waiting)
{
	waiting->fenced = true;
	waiting->cleared = waiting->at;
	waiting->looked = waiting->at;
}

void
waiting_clear(struct waiting *waiting)
{
	waiting->cleared = waiting->looked;
}

bool
waiting_is_ready(const struct waiting *waiting)
{
	return waiting->at <
	       (waiting->fenced ? waiting->cleared : waiting->end);
}

bool
waiting_has_news(const struct waiting *waiting)
{
	return waiting->fenced && waiting->looked < waiting->end;
}

/* Bytes move only when those before them are more, so that taking stays
 * linear. */
void
waiting_settle(struct waiting *waiting)
{
	size_t at = waiting->at;

	if (at == 0 || at < waiting->buf.n - at)
		return;
	buf_drop(&waiting->buf, at);
	waiting->end -= at;
	waiting->at = 0;
	if (waiting->fenced) {
		waiting->cleared -= at;
		waiting->looked -= at;
	}
	if (waiting->buf.n == 0 && waiting->buf.room > KEEP_SIZE)
		buf_wipe(&waiting->buf);
}
