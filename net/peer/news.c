/*
 * The feed, read once.  The hub reads it and hands it to its sessions; a
 * session that nobody hands it to reads by itself (net/peer/sender.c).
 */
#include "net/peer/news.h"

#include <stdlib.h>

#include "core/feed.h"
#include "proto/mem.h"

/* A log by number, as the feed names it. */
struct item {
	uint32_t number;
	bool is_new;
};

static int
item_order(const void *a, const void *b)
{
	const struct item *left = a;
	const struct item *right = b;

	return (left->number > right->number) - (left->number < right->number);
}

enum err
news_read(struct txn *txn, uint64_t from, struct news *news)
{
	struct feed_entry entry;
	struct item *items = NULL;
	size_t room = 0;
	size_t n = 0;
	enum err e;

	*news = (struct news){.from = from, .to = from};
	while (feed_next(txn, news->to, &entry)) {
		bool is_new = entry.seq == 0 || entry.kind == FEED_STATUS;

		news->to = entry.number;
		if (n == 0 || items[n - 1].number != entry.log.v) {
			mem_room(&items, &room, n + 1, sizeof(*items));
			items[n++] = (struct item){.number = entry.log.v};
		}
		items[n - 1].is_new = items[n - 1].is_new || is_new;
	}
	e = kv_failed(txn->kv);
	if (n > 0)
		qsort(items, n, sizeof(*items), item_order);
	news->logs = arena_array(&txn->arena, n, sizeof(*news->logs));
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		struct news_log *log = &news->logs[news->n];

		if (i > 0 && items[i].number == items[i - 1].number) {
			log[-1].is_new = log[-1].is_new || items[i].is_new;
			continue;
		}
		log->is_new = items[i].is_new;
		e = oplog_by_no(
		    txn, (struct log_no){items[i].number}, &log->log);
		news->n++;
	}
	mem_free(items);
	return e;
}
