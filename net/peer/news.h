#ifndef GOLMOK_NET_PEER_NEWS_H
#define GOLMOK_NET_PEER_NEWS_H

#include "core/oplog.h"

/*
 * To which logs something happened, read from the feed once for all sessions of
 * a process.
 */
struct news {
	uint64_t from; /* after this number of the feed */
	uint64_t to;   /* up to this one */
	/* Each log once; lives as long as the transaction. */
	struct news_log {
		struct log *log;
		bool is_new; /* it began, or is not what it was */
	} * logs;
	size_t n;
};

/* What happened after the number `from`, up to now. */
enum err news_read(struct txn *txn, uint64_t from, struct news *news) MUST_USE;

#endif
