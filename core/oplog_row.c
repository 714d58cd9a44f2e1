/*
 * Rows of deltas and of logs.  core/oplog.c writes and reads them, fsck reads
 * them.  Pure: what is wrong is told to the caller, who knows the key.
 */
#include "core/oplog_row.h"

#include <string.h>

/* Where the parts of a body stand in its row. */
enum {
	BODY_CLASS = 2,
	BODY_FORM = 3,
	BODY_KEY = 4,
	BODY_HEAD_SIZE = BODY_KEY + 32,
};

enum {
	ROW_OPAQUE = 1, /* the only flag of a delta */
	ROW_HAS_HEAD = 1,
	ROW_HAS_AHEAD = 2,
	ROW_HAS_GRANT = 4,
	ROW_IS_BRANCH = 8,
	ROW_FORKED = 16,
	ROW_FLAGS = 31,
};

/* Reads fields off the front; sticky: after the first that is missing, all are
 * zero. */
struct fields {
	struct bytes in;
	bool bad;
};

static bool has_wrap(enum body_form form);
static struct bytes take(struct fields *fields, size_t n);
static void take_to(struct fields *fields, void *to, size_t n);
static uint8_t take_u8(struct fields *fields);
static uint32_t take_be32(struct fields *fields);
static uint64_t take_be64(struct fields *fields);
static void take_hashes(struct fields *fields, struct hash *to, size_t n);
static void take_head(struct fields *fields, unsigned flags,
    struct arena *arena, struct log *log);

void
oplog_row_header(bool opaque, struct bytes header, struct buf *row)
{
	assert(header.n <= LIMIT_HEADER_SIZE);
	buf_add_u8(row, opaque ? ROW_OPAQUE : 0);
	buf_add_be32(row, (uint32_t)header.n);
	buf_add(row, header);
}

void
oplog_row_body(const struct stored_body *body, struct buf *row)
{
	assert(body->sealed.n <= LIMIT_SEALED_SIZE);
	assert(body->form >= BODY_BLIND && body->form <= BODY_KEPT);
	buf_add_be16(row, body->change);
	buf_add_u8(row, (uint8_t)body->class);
	buf_add_u8(row, (uint8_t)body->form);
	buf_add(row, bytes_of(body->key, sizeof(body->key)));
	if (has_wrap(body->form))
		buf_add(row, bytes_of(body->wrap.b, WRAP_SIZE));
	buf_add_be32(row, (uint32_t)body->sealed.n);
	buf_add(row, body->sealed);
}

static bool
has_wrap(enum body_form form)
{
	return form == BODY_PASSED || form == BODY_KEPT;
}

bool
oplog_row_delta(struct bytes content, struct stored_delta *delta)
{
	struct fields fields = {.in = content};
	struct stored_body body;
	struct stored_body before;
	struct bytes rest;
	uint8_t flags = take_u8(&fields);
	uint32_t n = take_be32(&fields);

	delta->opaque = flags == ROW_OPAQUE;
	delta->header = take(&fields, n);
	delta->bodies = fields.in;
	if (fields.bad || flags > ROW_OPAQUE || n > LIMIT_HEADER_SIZE)
		return false;
	rest = delta->bodies;
	for (bool first = true; rest.n > 0; first = false) {
		if (!oplog_row_next(&rest, &body))
			return false;
		if (!first && oplog_row_compare(&before, &body) >= 0)
			return false;
		before = body;
	}
	return true;
}

/* Every reader of a delta comes through here, often for nothing but the order
 * of bodies, so all is read where it lies. */
bool
oplog_row_next(struct bytes *rest, struct stored_body *body)
{
	struct bytes head;
	struct bytes behind;
	size_t wrap_n;
	uint32_t n;

	if (rest->n < BODY_HEAD_SIZE + 4)
		return false;
	head = bytes_first(*rest, BODY_HEAD_SIZE);
	behind = bytes_after(*rest, BODY_HEAD_SIZE);
	if (head.p[BODY_CLASS] >= CLASS_COUNT ||
	    head.p[BODY_FORM] < BODY_BLIND || head.p[BODY_FORM] > BODY_KEPT)
		return false;
	body->change = bytes_be16(head.p);
	body->class = (enum delta_class)head.p[BODY_CLASS];
	body->form = (enum body_form)head.p[BODY_FORM];
	memcpy(body->key, &head.p[BODY_KEY], sizeof(body->key));
	wrap_n = has_wrap(body->form) ? WRAP_SIZE : 0;
	if (behind.n < wrap_n + 4)
		return false;
	bytes_copy(body->wrap.b, bytes_first(behind, wrap_n));
	behind = bytes_after(behind, wrap_n);
	n = bytes_be32(behind.p);
	behind = bytes_after(behind, 4);
	if (n > LIMIT_SEALED_SIZE || n > behind.n)
		return false;
	body->sealed = bytes_first(behind, n);
	*rest = bytes_after(behind, n);
	return true;
}

int
oplog_row_compare(const struct stored_body *a, const struct stored_body *b)
{
	if (a->change != b->change)
		return a->change < b->change ? -1 : 1;
	if (a->class != b->class)
		return a->class < b->class ? -1 : 1;
	return 0;
}

static struct bytes
take(struct fields *fields, size_t n)
{
	struct bytes taken = {0};

	if (fields->bad || n > fields->in.n) {
		fields->bad = true;
		return taken;
	}
	taken = bytes_first(fields->in, n);
	fields->in = bytes_after(fields->in, n);
	return taken;
}

static void
take_to(struct fields *fields, void *to, size_t n)
{
	bytes_copy(to, take(fields, n));
}

static uint8_t
take_u8(struct fields *fields)
{
	uint8_t b = 0;

	take_to(fields, &b, 1);
	return b;
}

static uint32_t
take_be32(struct fields *fields)
{
	uint8_t b[4] = {0};

	take_to(fields, b, sizeof(b));
	return bytes_be32(b);
}

static uint64_t
take_be64(struct fields *fields)
{
	uint8_t b[8] = {0};

	take_to(fields, b, sizeof(b));
	return bytes_be64(b);
}

static void
take_hashes(struct fields *fields, struct hash *to, size_t n)
{
	for (size_t i = 0; i < n; i++)
		take_to(fields, to[i].b, sizeof(to[i].b));
}

void
oplog_row_from_log(const struct log *log, struct buf *row)
{
	uint8_t grant[ID_REF_SIZE];
	const struct frontier *tree = &log->frontier;
	const struct merkle_proof *ahead = log->ahead;
	bool is_branch = memcmp(&log->id, &log->trunk, sizeof(log->id)) != 0;
	unsigned flags = (log->has_head ? ROW_HAS_HEAD : 0u) |
			 (ahead != NULL ? ROW_HAS_AHEAD : 0u) |
			 (log->has_grant ? ROW_HAS_GRANT : 0u) |
			 (is_branch ? ROW_IS_BRANCH : 0u) |
			 (log->forked ? ROW_FORKED : 0u);

	assert(ahead == NULL || log->has_head);
	buf_add_u8(row, (uint8_t)flags);
	buf_add_be32(row, log->no.v);
	buf_add(row, bytes_of(log->name.city.b, 32));
	buf_add(row, bytes_of(log->name.author.b, 32));
	buf_add(row, bytes_of(log->name.incarnation.b, 8));
	buf_add_be64(row, tree->size);
	buf_add(row, bytes_of(tree->nodes, 32 * merkle_frontier_n(tree->size)));
	buf_add_be64(row, log->last.v);
	buf_add_be64(row, log->held);
	for (unsigned class = 0; class < CLASS_COUNT; class ++)
		buf_add_be64(row, log->open[class]);
	buf_add_be64(row, log->wrapped);
	buf_add_be64(row, log->kept);
	if (log->has_head) {
		buf_add_be64(row, log->head_size);
		buf_add(row, bytes_of(log->head_root.b, 32));
		buf_add(row, bytes_of(log->head_signature.b, 64));
	}
	if (ahead != NULL) {
		buf_add_u8(row, (uint8_t)ahead->n);
		buf_add(row, bytes_of(ahead->nodes, 32 * ahead->n));
	}
	if (log->has_grant) {
		id_ref_put(&log->grant, grant);
		buf_add(row, bytes_of(grant, sizeof(grant)));
	}
	buf_add_u8(row, (uint8_t)log->rights);
	buf_add_be64(row, log->cut);
	buf_add_be64(row, log->packed);
	if (is_branch) {
		buf_add(row, bytes_of(log->trunk.b, 16));
		buf_add_be64(row, log->from);
		buf_add_be64(row, log->below);
		buf_add_be32(row, log->under.v);
	}
}

bool
oplog_row_log(struct bytes content, struct arena *arena, struct log *log)
{
	struct fields fields = {.in = content};
	uint8_t grant[ID_REF_SIZE] = {0};
	struct frontier *tree = &log->frontier;
	unsigned flags = take_u8(&fields);
	bool in_order = true;

	log->no.v = take_be32(&fields);
	take_to(&fields, log->name.city.b, 32);
	take_to(&fields, log->name.author.b, 32);
	take_to(&fields, log->name.incarnation.b, 8);
	log->name.space = log->space->name;
	tree->size = take_be64(&fields);
	take_hashes(&fields, tree->nodes, merkle_frontier_n(tree->size));
	log->last.v = take_be64(&fields);
	log->held = take_be64(&fields);
	for (unsigned class = 0; class < CLASS_COUNT; class ++) {
		log->open[class] = take_be64(&fields);
		in_order = in_order && log->open[class] <= tree->size;
	}
	log->wrapped = take_be64(&fields);
	log->kept = take_be64(&fields);
	in_order = in_order && log->wrapped <= log->held &&
		   log->kept <= log->wrapped;
	take_head(&fields, flags, arena, log);
	if (flags & ROW_HAS_GRANT) {
		take_to(&fields, grant, sizeof(grant));
		id_ref_get(grant, &log->grant);
	}
	log->has_grant = flags & ROW_HAS_GRANT;
	log->rights = take_u8(&fields);
	log->cut = take_be64(&fields);
	log->packed = take_be64(&fields);
	if (flags & ROW_IS_BRANCH) {
		take_to(&fields, log->trunk.b, 16);
		log->from = take_be64(&fields);
		log->below = take_be64(&fields);
		log->under.v = take_be32(&fields);
		in_order = in_order &&
			   memcmp(&log->trunk, &log->id, sizeof(log->id)) != 0;
	}
	log->forked = flags & ROW_FORKED;
	return !fields.bad && fields.in.n == 0 && flags <= ROW_FLAGS &&
	       log->no.v > 0 && log->held <= tree->size && in_order &&
	       log->packed <= tree->size;
}

static void
take_head(
    struct fields *fields, unsigned flags, struct arena *arena, struct log *log)
{
	size_t n;

	log->has_head = flags & ROW_HAS_HEAD;
	if (log->has_head) {
		log->head_size = take_be64(fields);
		take_to(fields, log->head_root.b, 32);
		take_to(fields, log->head_signature.b, 64);
	}
	if ((flags & ROW_HAS_AHEAD) == 0)
		return;
	n = take_u8(fields);
	if (!log->has_head || n > MERKLE_PROOF_MAX) {
		fields->bad = true;
		return;
	}
	log->ahead = arena_new(arena, sizeof(*log->ahead));
	log->ahead->n = n;
	take_hashes(fields, log->ahead->nodes, n);
}
