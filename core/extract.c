/*
 * What of a log goes to somebody.  The session's sender, parcels and bundles
 * ask here, so that the table of depths (docs/sync.md §6) is applied at one
 * place.  Writes nothing, and never asks who the receiver is.
 */
#include "core/extract.h"

#include <string.h>

#include "core/tree.h"
#include "proto/body.h"

/* What is sealed in one message of bodies, unless it is one that is larger. */
enum { BODIES_BYTES = 64 * 1024 };

/* Small chunks end at a multiple of this where they can. */
enum { ROUND_HEADERS = 8 };

static bool body_make(const struct log *log, const struct extract_depth *depth,
    const struct stored_body *stored, struct msg_body *out);
static void tag_put(const struct log *log, const struct extract_depth *depth,
    const struct stored_body *stored, struct msg_body *out);
static void body_add(struct extract_bodies *bodies, const struct msg_body *out);
static size_t body_bytes(const struct msg_body *body);

/* Has it reached the most that it may?  The proof is shorter from a round
 * number of headers on, and a small chunk goes on to that. */
static bool
is_full(const struct extract_chunk *chunk)
{
	size_t bytes = chunk->bytes + chunk->bodies.bytes;

	return chunk->most > 0 && bytes >= chunk->most &&
	       (chunk->end % ROUND_HEADERS == 0 ||
		   bytes >= 3 * chunk->most / 2);
}

enum err
extract_cut(struct txn *txn, const struct log *log,
    const struct extract_depth *depth, struct extract_chunk *chunk)
{
	struct bytes *headers = arena_array(
	    chunk->arena, MSG_HEADERS_MAX, sizeof(*headers));
	enum err e = ERR_OK;

	assert(chunk->from < log->frontier.size);
	*chunk = (struct extract_chunk){.arena = chunk->arena,
	    .most = chunk->most,
	    .from = chunk->from,
	    .end = chunk->from,
	    .headers = headers,
	    .bodies = {.arena = chunk->arena}};
	while (chunk->end < log->frontier.size &&
	       chunk->headers_n < MSG_HEADERS_MAX &&
	       chunk->bodies.bytes < EXTRACT_BODIES_BYTES && !is_full(chunk)) {
		struct stored_delta stored;

		e = oplog_get(txn, log, chunk->end, &stored);
		if (e != ERR_OK)
			return e;
		if (chunk->headers_n > 0 &&
		    chunk->bytes + stored.header.n > LIMIT_CHUNK_SIZE)
			break;
		chunk->bytes += stored.header.n;
		headers[chunk->headers_n++] = stored.header;
		e = extract_bodies(txn, log, chunk->end, depth, &chunk->bodies);
		if (e != ERR_OK)
			return e;
		chunk->end++;
	}
	chunk->bytes += chunk->bodies.bytes;
	return tree_ahead(txn, log, chunk->end, &chunk->proof);
}

enum err
extract_bodies(struct txn *txn, const struct log *log, uint64_t seq,
    const struct extract_depth *depth, struct extract_bodies *bodies)
{
	struct stored_delta stored;
	struct stored_body body;
	enum err e = oplog_get(txn, log, seq, &stored);

	if (e != ERR_OK)
		return e;
	while (oplog_body_next(&stored.bodies, &body)) {
		struct msg_body out = {.seq = seq};

		if (body_make(log, depth, &body, &out))
			body_add(bodies, &out);
		else if (depth->wraps && !out.is_open)
			bodies->bare++;
	}
	return ERR_OK;
}

/* False: it does not go there. */
static bool
body_make(const struct log *log, const struct extract_depth *depth,
    const struct stored_body *stored, struct msg_body *out)
{
	bool reads = (depth->depth.classes >> stored->class & 1) != 0;

	out->change = stored->change;
	out->class = stored->class;
	out->is_open = reads && stored->form == BODY_OPEN;
	if (out->is_open ? depth->wraps : !depth->depth.hold)
		return false;
	if ((!out->is_open && !depth->wraps) || out->seq >= depth->held)
		out->sealed = stored->sealed;
	memcpy(out->key, stored->key, sizeof(out->key));
	if (!out->is_open)
		tag_put(log, depth, stored, out);
	return out->has_wrap || !depth->wraps;
}

/* Makes of `out` what somebody gets who may not read it, or cannot here: the
 * tag, and beside it the wrap that the author alone opens. */
static void
tag_put(const struct log *log, const struct extract_depth *depth,
    const struct stored_body *stored, struct msg_body *out)
{
	struct secret secret;
	struct hash tag;

	if (stored->form == BODY_PASSED || stored->form == BODY_KEPT) {
		out->has_wrap = true;
		out->wrap = stored->wrap;
	}
	if (stored->form != BODY_OPEN)
		return;
	memcpy(secret.b, stored->key, sizeof(secret.b));
	body_tag(&secret, &tag);
	memcpy(out->key, tag.b, sizeof(out->key));
	if (depth->backup != NULL &&
	    memcmp(&log->name.author, &depth->me, sizeof(depth->me)) == 0) {
		out->has_wrap = true;
		wrap_seal(depth->backup, &secret, &tag, &out->wrap);
	}
	crypto_wipe(&secret, sizeof(secret));
}

static void
body_add(struct extract_bodies *bodies, const struct msg_body *out)
{
	if (bodies->n == bodies->room) {
		size_t room = 2 * bodies->room + 64;
		struct msg_body *more = arena_array(
		    bodies->arena, room, sizeof(*more));

		for (size_t i = 0; i < bodies->n; i++)
			more[i] = bodies->p[i];
		bodies->p = more;
		bodies->room = room;
	}
	bodies->p[bodies->n++] = *out;
	bodies->bytes += body_bytes(out);
}

static size_t
body_bytes(const struct msg_body *body)
{
	return body->sealed.n + sizeof(body->key) +
	       (body->has_wrap ? WRAP_SIZE : 0);
}

bool
extract_message(
    const struct extract_bodies *bodies, size_t *at, struct msg_bodies *message)
{
	size_t most = bodies->most > 0 && bodies->most < BODIES_BYTES
			  ? bodies->most
			  : BODIES_BYTES;
	size_t bytes = 0;

	message->bodies = bodies->n == 0 ? NULL : bodies->p + *at;
	message->n = 0;
	while (*at < bodies->n && message->n < MSG_BODIES_MAX) {
		bytes += body_bytes(&bodies->p[*at]);
		if (message->n > 0 && bytes > most)
			break;
		message->n++;
		*at += 1;
	}
	return message->n > 0;
}
