/*
 * Pipes between sessions.  Tests of net/peer run whole conversations with it,
 * cut them, and look at both stores.
 */
#include "tests/lib/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/fsck.h"

/* More turns than any conversation here needs: it does not come to an end. */
enum { TURNS_MAX = 200000 };

static bool end_turn(
    struct wire *wire, struct wire_end *end, struct wire_end *other);
static bool deliver(struct wire *wire, struct wire_end *end);
static void work(struct wire *wire, struct wire_end *end);
static void failed(struct wire_end *end, enum err e);

void
wire_open(struct wire *wire, struct town *town, size_t a, size_t b, bool once)
{
	*wire = (struct wire){.town = town};
	wire->ends[0].node = a;
	wire->ends[1].node = b;
	for (size_t i = 0; i < 2; i++) {
		wire->ends[i].cut_after = UINT64_MAX;
		wire->ends[i].flip_at = UINT64_MAX;
		wire->ends[i].session = session_new(
		    &(struct session_config){.initiator = i == 0,
			.once = once,
			.store = town_store(town, wire->ends[i].node),
			.host = &town->host,
			.squeeze = &wire->squeeze});
	}
}

void
wire_close(struct wire *wire)
{
	for (size_t i = 0; i < 2; i++) {
		session_free(wire->ends[i].session);
		buf_fini(&wire->ends[i].in);
	}
	squeeze_fini(&wire->squeeze);
	*wire = (struct wire){0};
}

static void
failed(struct wire_end *end, enum err e)
{
	if (e != ERR_OK && end->fault.code == ERR_OK)
		err_keep(&end->fault, e);
}

/* Hands over what has arrived, up to the cut. */
static bool
deliver(struct wire *wire, struct wire_end *end)
{
	size_t n = end->in.n;

	if (wire->piece > 0 && n > wire->piece)
		n = wire->piece;
	if (n > end->cut_after - end->in_bytes) {
		n = (size_t)(end->cut_after - end->in_bytes);
		wire->cut = true;
	}
	if (n == 0 || !session_wants_input(end->session))
		return false;
	end->flipped = end->flipped || (end->flip_at >= end->in_bytes &&
					   end->flip_at - end->in_bytes < n &&
					   !session_is_done(end->session));
	if (end->flip_at >= end->in_bytes && end->flip_at - end->in_bytes < n)
		end->in.p[end->flip_at - end->in_bytes] ^=
		    (uint8_t)(1u << end->flip_at % 8);
	failed(end, session_feed(end->session,
			bytes_first(buf_bytes(&end->in), n), wire->now_ms));
	end->in_bytes += n;
	buf_drop(&end->in, n);
	return true;
}

static void
work(struct wire *wire, struct wire_end *end)
{
	struct store *store = town_store(wire->town, end->node);
	enum err e;

	assert_int_equal(store_begin(store, true), ERR_OK);
	e = session_work(end->session, wire->now_ms);
	failed(end, e);
	if (end->refuse_commit) {
		store_abort(store);
		e = err_set(ERR_FULL, "the test refused this commit");
	} else if (e != ERR_OK && e != ERR_MALFORMED && e != ERR_DENIED &&
		   e != ERR_LIMIT && e != ERR_VERSION && e != ERR_PEER) {
		print_error("work: %s\n", err_text());
		store_abort(store);
	} else {
		e = store_commit(store);
		if (e != ERR_OK)
			print_error("commit: %s\n", err_text());
		assert_int_equal(e, ERR_OK);
	}
	session_worked(end->session, e);
	if (end->refuse_commit)
		failed(end, e);
}

static void
head_none(void *arg, const struct log_name *log, const struct note_head *head)
{
	(void)arg;
	(void)log;
	(void)head;
}

static void
look(struct wire *wire, struct wire_end *end)
{
	struct store *store = town_store(wire->town, end->node);

	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(session_look(end->session, head_none, NULL), ERR_OK);
	store_abort(store);
	session_clear(end->session);
}

static bool
end_turn(struct wire *wire, struct wire_end *end, struct wire_end *other)
{
	struct store *store = town_store(wire->town, end->node);
	struct bytes out;
	bool moved = false;

	if (!wire->cut)
		moved = deliver(wire, end);
	if (end->looks && session_has_news(end->session))
		look(wire, end);
	if (session_has_work(end->session)) {
		work(wire, end);
		moved = true;
	}
	if (end->fault.code == ERR_OK && !session_is_done(end->session)) {
		assert_int_equal(store_begin(store, false), ERR_OK);
		failed(end, session_fill(end->session, wire->now_ms));
		store_abort(store);
	}
	out = session_out(end->session);
	if (wire->rate > 0 && out.n > wire->rate)
		out = bytes_first(out, wire->rate);
	if (out.n > 0) {
		buf_add(&other->in, out);
		session_sent(end->session, out.n);
		moved = true;
	}
	return moved || session_has_work(end->session);
}

bool
wire_step(struct wire *wire)
{
	bool moved = false;

	for (size_t i = 0; i < 2; i++) {
		if (wire->ends[i].session != NULL &&
		    end_turn(wire, &wire->ends[i], &wire->ends[1 - i]))
			moved = true;
	}
	return moved;
}

void
wire_run(struct wire *wires, size_t n)
{
	bool moved = true;

	for (int turn = 0; moved; turn++) {
		assert_true(turn < TURNS_MAX);
		moved = false;
		for (size_t i = 0; i < n; i++) {
			if (wire_step(&wires[i]))
				moved = true;
		}
	}
}

static void
wire_print(const struct wire *wire)
{
	for (size_t i = 0; i < 2; i++) {
		struct session_status s = wire_status(wire, i);

		print_error("end %zu: up %d done %d in %llu out %llu deltas in "
			    "%llu out %llu dropped %llu, unread %zu\n",
		    i, s.up, session_is_done(wire->ends[i].session),
		    (unsigned long long)s.in_bytes,
		    (unsigned long long)s.out_bytes,
		    (unsigned long long)s.deltas_in,
		    (unsigned long long)s.deltas_out,
		    (unsigned long long)s.dropped, wire->ends[i].in.n);
	}
}

void
wire_sync(struct town *town, size_t a, size_t b)
{
	struct wire wire;

	wire_open(&wire, town, a, b, true);
	wire_run(&wire, 1);
	for (size_t i = 0; i < 2; i++) {
		if (wire.ends[i].fault.code != ERR_OK)
			print_error(
			    "end %zu: %s\n", i, wire.ends[i].fault.text);
		assert_int_equal(wire.ends[i].fault.code, ERR_OK);
		if (!session_is_done(wire.ends[i].session))
			wire_print(&wire);
		assert_true(session_is_done(wire.ends[i].session));
	}
	wire_close(&wire);
}

struct session_status
wire_status(const struct wire *wire, size_t end)
{
	struct session_status status;

	session_status(wire->ends[end].session, &status);
	return status;
}

static void
found_print(void *arg, enum err code, const char *text)
{
	(void)arg;
	print_error("fsck: %d: %s\n", (int)code, text);
}

void
wire_assert_sound(struct town *town, size_t node)
{
	struct store *store = town_store(town, node);
	struct fsck_watch watch = {.found = found_print};
	struct fsck_report report = {0};

	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(fsck_run(store, &watch, &report), ERR_OK);
	store_abort(store);
	assert_int_equal(report.found, 0);
}
