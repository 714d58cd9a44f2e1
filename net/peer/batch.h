#ifndef GOLMOK_NET_PEER_BATCH_H
#define GOLMOK_NET_PEER_BATCH_H

#include "proto/squeeze.h"

/*
 * Batches of messages (docs/sync.md §2), for net/peer/channel.c: each
 * message with its size in front, compressed together, cut into frames.
 */
enum { BATCH_SIZE_BYTES = 3 }; /* of a size, at the most */

/* Flags of a frame. */
enum {
	BATCH_MORE = 1,	  /* the batch goes on in the next frame */
	BATCH_PACKED = 2, /* it is compressed as a whole */
	BATCH_FLAGS = BATCH_MORE | BATCH_PACKED,
};

/* Those that came; visible only so that a channel can embed it. */
struct batches {
	struct buf frames; /* whole batches, then an unfinished one */
	size_t at;	   /* those before were opened */
	size_t end;	   /* where the unfinished one begins */
	struct buf opened; /* the batch whose messages are being taken */
	size_t opened_at;
	bool fenced; /* only those before `cleared` may be opened */
	size_t cleared;
	size_t looked_at;  /* those before were looked at */
	struct buf looked; /* one that was packed, to be looked at */
};

/* Where in batches->frames the next frame is to be appended. */
size_t batch_begin(struct batches *batches);
/* What was appended at `mark` begins with its flags; joins it to the batch
 * before it when that goes on.  ERR_MALFORMED: flags or size are wrong. */
enum err batch_join(struct batches *batches, size_t mark) MUST_USE;
/* The next message, as channel_take gives it. */
bool batch_take(struct batches *batches, struct squeeze *squeeze,
    struct bytes *message, enum err *e) MUST_USE;
/* Bytes that came and wait to be taken. */
size_t batch_waiting(const struct batches *batches);
/* Would batch_take give a message? */
bool batch_is_ready(const struct batches *batches);
/* From now on only what was looked at and cleared is taken. */
void batch_fence(struct batches *batches);
/* The next whole batch that was not looked at yet, as channel_look gives it;
 * false when there is none, or no fence. */
bool batch_look(
    struct batches *batches, struct squeeze *squeeze, struct bytes *batch);
/* The next message of such a batch, as channel_look_next gives it. */
bool batch_look_next(struct bytes *batch, struct bytes *message);
/* Lets through all that was looked at. */
void batch_clear(struct batches *batches);
/* Would batch_look give a batch? */
bool batch_has_news(const struct batches *batches);
/* Forgets what was taken.  Bytes move only when those before them are more, so
 * that taking stays linear. */
void batch_settle(struct batches *batches);
void batch_fini(struct batches *batches);
/* Appends `message` to the `batch` that goes next. */
void batch_add(struct buf *batch, struct bytes message);
/* Gives the memory of `buf` back when it is empty and large. */
void batch_rest(struct buf *buf);

#endif
