/*
 * What a peer is told, written down as it comes out of its channel.  Tests that
 * hear in another way define __wrap_channel_take themselves: here it is weak.
 */
#include "tests/lib/ear.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/peer/channel.h"

#define ALL "read:NPSF,write,hold"

#pragma weak __real_channel_take
#pragma weak __wrap_channel_take
bool __real_channel_take(
    struct channel *channel, struct bytes *message, enum err *e);
bool __wrap_channel_take(
    struct channel *channel, struct bytes *message, enum err *e);

static struct ear ear;
static struct sign_key from;

bool
__wrap_channel_take(struct channel *channel, struct bytes *message, enum err *e)
{
	bool more = __real_channel_take(channel, message, e);
	struct arena arena = {0};
	struct msg msg;

	if (!more || *e != ERR_OK ||
	    memcmp(channel_peer(channel), &from, sizeof(from)) != 0)
		return more;
	buf_add(&ear.seen, *message);
	assert_true(message->n > 0 && message->p[0] < COUNT_OF(ear.counts));
	ear.counts[message->p[0]]++;
	/* The others may name logs by numbers. */
	if (message->p[0] != MSG_HELLO && message->p[0] != MSG_TOTAL)
		return more;
	assert_int_equal(msg_decode(*message, &arena, &msg), ERR_OK);
	if (msg.type == MSG_HELLO)
		memcpy(ear.hello, msg.u.hello.mine, sizeof(ear.hello));
	if (msg.type == MSG_TOTAL)
		ear.total += msg.u.total.deltas;
	arena_fini(&arena);
	return more;
}

void
ear_open(struct town *town, size_t i)
{
	from = town_key(town, i);
	ear.total = 0;
	memset(ear.counts, 0, sizeof(ear.counts));
	buf_cut(&ear.seen, 0);
}

void
ear_close(void)
{
	buf_fini(&ear.seen);
}

const struct ear *
ear_heard(void)
{
	return &ear;
}

size_t
ear_hits(struct bytes in, struct bytes word)
{
	size_t n = 0;

	for (size_t i = 0; i + word.n <= in.n; i++)
		n += bytes_begins(bytes_after(in, i), word);
	return n;
}

void
ear_assert_untold(struct town *town, size_t i, const char *space)
{
	struct store *store = town_store(town, i);
	struct bytes in = buf_bytes(&ear.seen);
	struct log **logs;
	size_t n;

	assert_int_equal(store_begin(store, false), ERR_OK);
	n = ear_logs(town, i, space, &logs);
	assert_true(n > 0);
	assert_int_equal(ear_hits(in, bytes_text(space)), 0);
	for (size_t k = 0; k < n; k++) {
		assert_int_equal(ear_hits(in, bytes_of(logs[k]->id.b, 16)), 0);
		assert_int_equal(
		    ear_hits(in, bytes_of(logs[k]->trunk.b, 16)), 0);
		assert_int_equal(
		    ear_hits(in, bytes_of(logs[k]->head_root.b, 8)), 0);
		assert_int_equal(
		    ear_hits(in, bytes_of(logs[k]->head_signature.b, 16)), 0);
		for (uint64_t seq = 0; seq < logs[k]->frontier.size; seq++) {
			struct stored_delta stored;

			assert_int_equal(
			    oplog_get(store_txn(store), logs[k], seq, &stored),
			    ERR_OK);
			assert_int_equal(ear_hits(in, stored.header), 0);
		}
	}
	store_abort(store);
}

void
ear_city(struct town *town, const char *prefix, const char *rights)
{
	town_init(town, 11);
	assert_int_equal(town_grant(town, 0, 0, "", ALL, ""), ERR_OK);
	assert_int_equal(town_member(town, prefix, rights), 1);
	town_copy(town, 0, 1);
}

size_t
ear_logs(struct town *town, size_t i, const char *space, struct log ***logs)
{
	struct txn *txn = store_txn(town_store(town, i));
	struct space name = town_space(space);
	struct space_state *state = space_find(txn, &name);
	size_t n = 0;

	if (state != NULL)
		assert_int_equal(oplog_all(txn, state, logs, &n), ERR_OK);
	return n;
}

uint64_t
ear_deltas(struct town *town, size_t i, const char *space)
{
	struct store *store = town_store(town, i);
	struct log **logs;
	uint64_t n = 0;

	assert_int_equal(store_begin(store, false), ERR_OK);
	for (size_t k = ear_logs(town, i, space, &logs); k > 0; k--)
		n += logs[k - 1]->frontier.size;
	store_abort(store);
	return n;
}

uint64_t
ear_noted(struct town *town, size_t i, enum event_kind kind)
{
	struct store *store = town_store(town, i);
	struct event event;
	uint64_t at = 0;
	uint64_t n = 0;

	assert_int_equal(store_begin(store, false), ERR_OK);
	while (events_next(store_txn(store), at, &event)) {
		at = event.number;
		n += event.kind == kind ? event.count : 0;
	}
	store_abort(store);
	return n;
}
