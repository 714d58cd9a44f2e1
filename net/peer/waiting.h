#ifndef GOLMOK_NET_PEER_WAITING_H
#define GOLMOK_NET_PEER_WAITING_H

#include "proto/buf.h"
#include "proto/err.h"

/*
 * Batches of messages that arrived on one link and wait for a turn: whole ones,
 * then one that is not complete.  Part of net/peer/channel.c, which opens
 * frames into it.
 */
struct waiting {
	struct buf buf; /* secret */
	size_t at;	/* those before were taken */
	size_t end;	/* where the unfinished batch begins */
	bool fenced;	/* only those before `cleared` may be taken */
	size_t cleared;
	size_t looked; /* those before were looked at */
};

/* What the first byte of a frame says. */
enum {
	WAITING_MORE = 1,   /* this batch goes on in the next frame */
	WAITING_PACKED = 2, /* it is compressed as a whole */
};

/* One batch, as it came. */
struct waiting_batch {
	struct bytes bytes; /* a view until the next call that may change it */
	bool is_packed;
};

/* Wipes it; a zeroed one is ready. */
void waiting_fini(struct waiting *waiting);
/* Makes room for the frame that comes next: it is to be appended to the buffer,
 * with its flags in front.  Gives where it will begin. */
size_t waiting_begin(struct waiting *waiting);
/* What was appended at `mark` is one frame; joins it to the frame before it
 * when that goes on.  ERR_MALFORMED: flags that cannot be, no content, or too
 * much of it. */
enum err waiting_join(struct waiting *waiting, size_t mark) MUST_USE;
/* Takes the next batch that may be taken; false: there is none. */
bool waiting_take(struct waiting *waiting, struct waiting_batch *batch);
/* The next batch that was not looked at yet, which stays; only when fenced.
 */
bool waiting_look(struct waiting *waiting, struct waiting_batch *batch);
/* From now on only what was looked at and cleared is taken. */
void waiting_fence(struct waiting *waiting);
void waiting_clear(struct waiting *waiting);
/* Would waiting_take, or waiting_look, give one? */
bool waiting_is_ready(const struct waiting *waiting);
bool waiting_has_news(const struct waiting *waiting);
/* Forgets what was taken, and gives memory back. */
void waiting_settle(struct waiting *waiting);

#endif
