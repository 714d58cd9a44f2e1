#ifndef GOLMOK_TESTS_LIB_EAR_H
#define GOLMOK_TESTS_LIB_EAR_H

#include "core/events.h"
#include "proto/msg.h"
#include "tests/lib/town.h"

/*
 * Hears every message of one node as it comes out of a channel, for tests that
 * link with `-Wl,--wrap=channel_take`.
 */
struct ear {
	struct buf seen; /* all messages, one after the other */
	uint64_t total;	 /* deltas that TOTALs announced */
	unsigned counts[16];
	uint8_t hello[MSG_DIGEST_SIZE]; /* its own clock, as of the last */
};

/* From now on node `i` is heard, and nothing was. */
void ear_open(struct town *town, size_t i);
void ear_close(void);
/* What was heard; lives until ear_close. */
const struct ear *ear_heard(void);
/* How often `word` occurs in `in`. */
size_t ear_hits(struct bytes in, struct bytes word);
/* Nothing that was heard names a log, header, head or root of `space` that node
 * `i` holds, nor the space. */
void ear_assert_untold(struct town *town, size_t i, const char *space);

/* A city whose founder (0) may do everything, and a member (1). */
void ear_city(struct town *town, const char *prefix, const char *rights);
/* The logs that node `i` holds in `space`, in its open transaction. */
size_t ear_logs(
    struct town *town, size_t i, const char *space, struct log ***logs);
uint64_t ear_deltas(struct town *town, size_t i, const char *space);
/* How often node `i` noted `kind`. */
uint64_t ear_noted(struct town *town, size_t i, enum event_kind kind);

#endif
