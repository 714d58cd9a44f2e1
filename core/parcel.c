/*
 * Parcels.  The commands `admit` and `join` carry authority by file with them.
 * What comes in goes through the gate (core/intake.c) like any peer's.
 */
#include "core/parcel.h"

#include <string.h>

#include "core/extract.h"
#include "core/intake.h"
#include "proto/mem.h"
#include "proto/msg.h"

enum {
	TITLE_SIZE = 16,
	LENGTH_SIZE = 4, /* in front of each message */
	BODY_SIZE_MIN = sizeof(((struct msg_body *)0)->key),
};
static const char title[] = "golmok/parcel/1\n";
static_assert(sizeof(title) == TITLE_SIZE + 1, "the title has its size");
enum { HEAD_SIZE = TITLE_SIZE + sizeof(struct city_id) };

/* A log on its way into a parcel. */
struct packing {
	struct txn *txn;
	struct buf *out;
	const struct log *log;
	struct arena arena; /* of one chunk */
};

/* A parcel on its way into the store. */
struct unpacking {
	struct store *store;
	struct bytes rest;
	struct parcel_taken *taken;
	uint64_t refused; /* in this pass: for want of knowing who wrote it */
	bool open;	  /* a run is being read */
	bool passed_over; /* and not taken */
	struct msg_run run;
	struct log_id log;
	uint64_t next;	    /* seq of its next header */
	struct log_no near; /* where its last chunk went; 0: not known */
};

static void message_put(struct buf *out, const struct msg *msg);
static enum err log_put(struct packing *packing) MUST_USE;
static enum err chunk_put(struct packing *packing, uint64_t *seq) MUST_USE;
static void bodies_put(struct packing *packing, uint64_t from,
    const struct extract_bodies *bodies);
static void sum_make(struct bytes in, struct hash *sum);
static enum err pass(struct unpacking *in) MUST_USE;
static enum err message_get(
    struct unpacking *in, struct arena *arena, struct msg *msg) MUST_USE;
static enum err run_take(
    struct unpacking *in, const struct msg_run *run) MUST_USE;
static enum err chunk_take(struct unpacking *in, const struct msg_chunk *chunk,
    struct arena *arena) MUST_USE;
static enum err bodies_get(struct unpacking *in, uint64_t n,
    struct arena *arena, struct msg_body **bodies) MUST_USE;
static enum err chunk_apply(
    struct unpacking *in, struct intake_chunk *chunk) MUST_USE;

enum err
parcel_put(struct store *store, struct buf *out)
{
	const struct city_id *city = &store_identity(store)->city;
	struct packing packing = {.txn = store_txn(store), .out = out};
	size_t begin = out->n;
	struct space_state *space;
	struct log **logs = NULL;
	size_t n = 0;
	struct hash sum;
	enum err e = ERR_OK;

	buf_add_text(out, title);
	buf_add(out, bytes_of(city->b, sizeof(city->b)));
	space = space_find(packing.txn, &id_authority);
	if (space != NULL)
		e = oplog_all(packing.txn, space, &logs, &n);
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		packing.log = logs[i];
		if (logs[i]->has_head && logs[i]->frontier.size > 0)
			e = log_put(&packing);
		if (e == ERR_OK && out->n - begin > LIMIT_PARCEL_SIZE)
			e = err_set(ERR_LIMIT,
			    "what is held of authority has more than %d bytes",
			    LIMIT_PARCEL_SIZE);
	}
	sum_make(bytes_after(buf_bytes(out), begin), &sum);
	buf_add(out, bytes_of(sum.b, sizeof(sum.b)));
	arena_fini(&packing.arena);
	return e == ERR_OK ? kv_failed(store_txn(store)->kv) : e;
}

static void
sum_make(struct bytes in, struct hash *sum)
{
	crypto_sha256_two(bytes_text("golmok/parcel/sum"), in, sum);
}

static void
message_put(struct buf *out, const struct msg *msg)
{
	size_t at = out->n;

	buf_add_be32(out, 0);
	msg_encode(msg, out);
	bytes_put_be32(out->p + at, (uint32_t)(out->n - at - LENGTH_SIZE));
}

static enum err
log_put(struct packing *packing)
{
	const struct log *log = packing->log;
	struct msg msg = {.type = MSG_RUN,
	    .u.run = {.name = log->name,
		.head_size = log->head_size,
		.head_root = log->head_root,
		.head_signature = log->head_signature}};
	uint64_t seq = 0;
	enum err e = ERR_OK;

	/* A branch travels under the name that its log had before. */
	msg.u.run.entry.log = log->trunk;
	msg.u.run.whole = true;
	message_put(packing->out, &msg);
	while (seq < log->frontier.size && e == ERR_OK)
		e = chunk_put(packing, &seq);
	return e;
}

/* One chunk from `*seq` on, which rises.  Of authority everybody may have all.
 */
static enum err
chunk_put(struct packing *packing, uint64_t *seq)
{
	const struct extract_depth depth = {
	    .depth = {.any = true, .hold = true, .classes = 1u << CLASS_N}};
	struct extract_chunk chunk = {.arena = &packing->arena, .from = *seq};
	struct msg msg = {.type = MSG_CHUNK};
	enum err e;

	arena_reset(&packing->arena);
	e = extract_cut(packing->txn, packing->log, &depth, &chunk);
	if (e != ERR_OK)
		return e;
	*seq = chunk.end;
	msg.u.chunk = (struct msg_chunk){.n = chunk.headers_n,
	    .headers = chunk.headers,
	    .bodies_n = chunk.bodies.n,
	    .proof = chunk.proof};
	message_put(packing->out, &msg);
	bodies_put(packing, chunk.from, &chunk.bodies);
	return ERR_OK;
}

static void
bodies_put(
    struct packing *packing, uint64_t from, const struct extract_bodies *bodies)
{
	struct msg msg = {
	    .type = MSG_BODIES, .u.bodies = {.in_chunk = true, .from = from}};
	size_t at = 0;

	while (extract_message(bodies, &at, &msg.u.bodies))
		message_put(packing->out, &msg);
}

enum err
parcel_check(struct bytes in, struct city_id *city)
{
	struct bytes all = bytes_text(title);
	struct hash sum;

	if (in.n < TITLE_SIZE ||
	    !bytes_begins(in, bytes_first(all, TITLE_SIZE - 2)))
		return err_set(ERR_MALFORMED,
		    "this is no answer to a request: it does not begin like "
		    "one");
	if (!bytes_begins(in, all))
		return err_set(ERR_VERSION,
		    "a newer golmok made this file: update this one");
	if (in.n < HEAD_SIZE + sizeof(sum.b))
		return err_set(ERR_MALFORMED, "this file was cut short");
	sum_make(bytes_first(in, in.n - sizeof(sum.b)), &sum);
	if (memcmp(sum.b, bytes_after(in, in.n - sizeof(sum.b)).p,
		sizeof(sum.b)) != 0)
		return err_set(ERR_MALFORMED,
		    "this file was cut short or changed on the way: copy it "
		    "again");
	bytes_copy(city->b, bytes_slice(in, TITLE_SIZE, sizeof(city->b)));
	return ERR_OK;
}

enum err
parcel_take(struct store *store, struct bytes in, struct parcel_taken *taken)
{
	struct city_id city;
	enum err e = parcel_check(in, &city);

	*taken = (struct parcel_taken){0};
	if (e == ERR_OK &&
	    memcmp(&city, &store_identity(store)->city, sizeof(city)) != 0)
		e = err_set(ERR_EXISTS,
		    "this file is from another city than this store");
	if (e != ERR_OK)
		return e;
	in = bytes_first(in, in.n - sizeof(struct hash));
	/* Each pass can make members known whose logs came earlier. */
	for (;;) {
		struct unpacking unpacking = {.store = store,
		    .rest = bytes_after(in, HEAD_SIZE),
		    .taken = taken};
		uint64_t before = taken->deltas;

		taken->dropped = 0;
		e = pass(&unpacking);
		if (e != ERR_OK || unpacking.refused == 0 ||
		    taken->deltas == before)
			return e;
	}
}

static enum err
pass(struct unpacking *in)
{
	struct arena arena = {0};
	enum err e = ERR_OK;

	while (in->rest.n > 0 && e == ERR_OK) {
		struct msg msg;

		arena_reset(&arena);
		e = message_get(in, &arena, &msg);
		if (e != ERR_OK)
			break;
		if (msg.type == MSG_RUN)
			e = run_take(in, &msg.u.run);
		else if (msg.type == MSG_CHUNK && in->open)
			e = chunk_take(in, &msg.u.chunk, &arena);
		else
			e = err_set(ERR_MALFORMED,
			    "a message that does not belong here");
	}
	arena_fini(&arena);
	return e;
}

static enum err
message_get(struct unpacking *in, struct arena *arena, struct msg *msg)
{
	struct bytes message;
	size_t size;

	if (in->rest.n < LENGTH_SIZE)
		return err_set(ERR_MALFORMED, "bytes behind the last message");
	size = bytes_be32(in->rest.p);
	in->rest = bytes_after(in->rest, LENGTH_SIZE);
	if (size > in->rest.n || size > LIMIT_FRAME_SIZE)
		return err_set(ERR_MALFORMED, "a message of %zu bytes", size);
	message = bytes_first(in->rest, size);
	in->rest = bytes_after(in->rest, size);
	return msg_decode(message, arena, msg);
}

static enum err
run_take(struct unpacking *in, const struct msg_run *run)
{
	const struct authority *authority;
	struct hash origin;
	enum err e = store_authority(in->store, &authority);

	in->open = true;
	in->run = *run;
	in->run.name.city = store_identity(in->store)->city;
	in->next = run->from;
	id_log(&in->run.name, &origin, &in->log);
	if (e == ERR_OK && (run->nameless || run->rootless))
		return err_set(ERR_MALFORMED,
		    "a run without a name, or without the root of its head");
	if (e == ERR_OK && !id_is_authority(&run->name.space))
		return err_set(ERR_MALFORMED,
		    "a log of '%s', which has no place in this file",
		    run->name.space.text);
	if (e == ERR_OK)
		e = intake_run(
		    store_txn(in->store), authority, &in->run, &in->log);
	in->near = (struct log_no){0};
	/* That it is forked shows in its headers again. */
	if (e == ERR_FORKED)
		e = ERR_OK;
	in->passed_over = e != ERR_OK;
	in->refused += e == ERR_DENIED;
	in->taken->dropped += in->passed_over;
	if (e == ERR_DENIED || e == ERR_LIMIT)
		e = ERR_OK;
	return e;
}

static enum err
chunk_take(
    struct unpacking *in, const struct msg_chunk *chunk, struct arena *arena)
{
	struct msg_body *bodies;
	struct intake_chunk put = {.run = &in->run,
	    .log = in->log,
	    .from = in->next,
	    .headers = chunk->headers,
	    .headers_n = chunk->n,
	    .proof = &chunk->proof,
	    .near = in->near,
	    .bodies_n = (size_t)chunk->bodies_n,
	    .accept = {.hold = true, .classes = 1u << CLASS_N}};
	enum err e = bodies_get(in, chunk->bodies_n, arena, &bodies);

	in->next += chunk->n;
	if (e != ERR_OK || in->passed_over)
		return e;
	put.bodies = bodies;
	e = store_authority(in->store, &put.authority);
	return e == ERR_OK ? chunk_apply(in, &put) : e;
}

/* The `n` bodies of a chunk, which follow it. */
static enum err
bodies_get(struct unpacking *in, uint64_t n, struct arena *arena,
    struct msg_body **bodies)
{
	size_t got = 0;

	*bodies = NULL;
	/* Each says its key at the least, so that what is kept of all is not
	 * much more than the file. */
	if (n > in->rest.n / BODY_SIZE_MIN)
		return err_set(ERR_MALFORMED, "bodies are missing");
	*bodies = arena_array(arena, (size_t)n, sizeof(**bodies));
	while (got < n) {
		struct msg msg;
		enum err e = message_get(in, arena, &msg);

		if (e != ERR_OK)
			return e;
		if (msg.type != MSG_BODIES || msg.u.bodies.n > n - got ||
		    msg.u.bodies.n == 0 || !msg.u.bodies.in_chunk)
			return err_set(
			    ERR_MALFORMED, "bodies that belong nowhere");
		for (size_t i = 0; i < msg.u.bodies.n; i++) {
			(*bodies)[got] = msg.u.bodies.bodies[i];
			(*bodies)[got++].seq += in->next;
		}
	}
	return ERR_OK;
}

static enum err
chunk_apply(struct unpacking *in, struct intake_chunk *chunk)
{
	struct intake_taken taken = {0};
	enum err e = intake_chunk(store_txn(in->store), chunk, &taken);

	if (e == ERR_DENIED || e == ERR_FORKED || e == ERR_LIMIT ||
	    (e == ERR_OK && taken.gap)) {
		in->passed_over = true;
		in->refused += e == ERR_DENIED;
		in->taken->dropped++;
		return ERR_OK;
	}
	if (taken.log != NULL)
		in->near = taken.log->no;
	in->taken->deltas += taken.deltas;
	return e;
}
