/*
 * Writes blocks of deltas.  core/packing.c hands over the rows of a log in
 * order.  What is left out of a header was found in it byte by byte, so that
 * core/block.c cannot make another header of it.  Pure.
 */
#include "core/block_form.h"

#include <string.h>

#include "proto/body.h"
#include "proto/codec.h"
#include "proto/mem.h"

/* Packing happens once, reading often: effort is cheap here. */
enum { EFFORT = 12 };
/* Ids are made this long before their change is written, at the most: a click
 * and a minute of typing.  Others keep their time as it is. */
enum { TIME_LESS_MAX = 1 << 16 };

/* A block under construction. */
struct forming {
	const struct block_log *log;
	struct buf shapes;
	struct buf numbers;
	struct buf literals;
	struct buf bodies;  /* secrets among them */
	struct arena arena; /* of one delta */
	struct buf needle;
	uint64_t stamp; /* of the newest delta that has one */
};

/* A header that is taken apart. */
struct parting {
	struct forming *f;
	struct bytes header;
	size_t at; /* taken so far */
	struct buf pieces;
	size_t pieces_n;
	const struct stored_body *bodies;
	size_t bodies_n;
};

static void row_form(struct forming *f, uint64_t seq, struct bytes content);
static size_t bodies_read(
    struct forming *f, struct bytes rest, struct stored_body **bodies);
static void header_part(
    struct parting *p, uint64_t seq, const struct delta *delta);
static void places_part(
    struct parting *p, uint64_t seq, const struct delta *delta);
static void change_part(
    struct parting *p, const struct delta *delta, size_t number);
static bool piece_find(struct parting *p, struct bytes piece, size_t *at);
static void piece_put(struct parting *p, size_t at, size_t n, unsigned piece);
static void body_form_put(struct forming *f, const struct stored_body *body);
static enum err block_join(struct squeeze *squeeze, struct forming *f,
    struct block_rows rows, struct buf *row) MUST_USE;

static uint8_t shape_of(const struct stored_body *body);

static void
put_number(struct buf *out, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		buf_add_u8(out, (uint8_t)(v | 0x80));
	buf_add_u8(out, (uint8_t)v);
}

enum err
block_form_encode(struct squeeze *squeeze, const struct block_log *log,
    struct block_rows rows, struct bytes key, struct buf *row)
{
	struct forming f = {.log = log};
	size_t index_n;
	enum err e;

	assert(rows.n > 0 && rows.n <= BLOCK_DELTAS_MAX);
	for (size_t i = 0; i < rows.n; i++)
		row_form(&f, log->first + i, rows.p[i]);
	e = block_join(squeeze, &f, rows, row);
	index_n = row->n;
	if (e == ERR_OK) {
		bytes_put_be64(row->p,
		    block_form_index_sum(
			key, bytes_slice(buf_bytes(row), TABLES_CHECKSUM_SIZE,
				 index_n - TABLES_CHECKSUM_SIZE)));
		buf_add(row, buf_bytes(&f.bodies));
	}
	buf_fini(&f.shapes);
	buf_fini(&f.numbers);
	buf_fini(&f.literals);
	buf_fini(&f.needle);
	buf_wipe(&f.bodies);
	arena_fini(&f.arena);
	return e;
}

/* All but the bodies. */
static enum err
block_join(struct squeeze *squeeze, struct forming *f, struct block_rows rows,
    struct buf *row)
{
	struct buf first = {0};
	size_t at = BLOCK_HEAD_SIZE + BLOCK_SUM_SIZE * rows.n;
	size_t between;
	enum err e;

	put_number(&first, f->shapes.n);
	buf_add(&first, buf_bytes(&f->shapes));
	buf_add(&first, buf_bytes(&f->numbers));
	buf_cut(row, 0);
	memset(buf_extend(row, at), 0, at);
	e = squeeze_pack(squeeze, buf_bytes(&first), EFFORT, row);
	between = row->n;
	if (e == ERR_OK)
		e = squeeze_pack(squeeze, buf_bytes(&f->literals), EFFORT, row);
	buf_fini(&first);
	if (e != ERR_OK)
		return e;
	bytes_put_be16(row->p + TABLES_CHECKSUM_SIZE, (uint16_t)rows.n);
	bytes_put_be32(
	    row->p + TABLES_CHECKSUM_SIZE + 2, (uint32_t)(between - at));
	bytes_put_be32(
	    row->p + TABLES_CHECKSUM_SIZE + 6, (uint32_t)(row->n - between));
	for (size_t i = 0; i < rows.n; i++)
		bytes_put_be32(row->p + BLOCK_HEAD_SIZE + BLOCK_SUM_SIZE * i,
		    block_form_sum(rows.p[i]));
	return ERR_OK;
}

static void
row_form(struct forming *f, uint64_t seq, struct bytes content)
{
	struct stored_delta stored;
	struct parting p = {.f = f};
	struct stored_body *bodies;
	struct delta delta;
	bool whole = oplog_row_delta(content, &stored);

	assert(whole && content.n <= BLOCK_ROW_SIZE_MAX);
	arena_reset(&f->arena);
	p.header = stored.header;
	p.bodies_n = bodies_read(f, stored.bodies, &bodies);
	p.bodies = bodies;
	delta_decode(stored.header, &f->arena, &delta, NULL);
	if (!delta.opaque)
		header_part(&p, seq, &delta);
	put_number(&f->shapes, 2 * p.pieces_n + stored.opaque);
	buf_add(&f->shapes, buf_bytes(&p.pieces));
	put_number(&f->shapes, p.header.n - p.at);
	buf_add(&f->literals, bytes_after(p.header, p.at));
	put_number(&f->shapes, p.bodies_n);
	for (size_t i = 0; i < p.bodies_n; i++)
		body_form_put(f, &bodies[i]);
	crypto_wipe(bodies, p.bodies_n * sizeof(*bodies));
	buf_fini(&p.pieces);
}

static size_t
bodies_read(struct forming *f, struct bytes rest, struct stored_body **bodies)
{
	struct bytes again = rest;
	struct stored_body body;
	size_t n = 0;

	while (oplog_row_next(&again, &body))
		n++;
	*bodies = arena_array(&f->arena, n, sizeof(**bodies));
	for (size_t i = 0; i < n; i++)
		assert(oplog_row_next(&rest, &(*bodies)[i]));
	return n;
}

/* In the order in which docs/format.md §6 has the fields. */
static void
header_part(struct parting *p, uint64_t seq, const struct delta *delta)
{
	struct bytes trunk = bytes_of(p->f->log->trunk.b, 16);
	size_t at;

	places_part(p, seq, delta);
	if (piece_find(p, bytes_of(p->f->log->origin.b, 32), &at))
		piece_put(p, at, 32, PIECE_ORIGIN);
	for (size_t i = 0; i < delta->refs_n; i++)
		if (bytes_equal(bytes_of(delta->refs[i].log.b, 16), trunk) &&
		    piece_find(p, trunk, &at))
			piece_put(p, at, 16, PIECE_LOG);
	for (size_t i = 0; i < delta->changes_n; i++)
		change_part(p, delta, i);
}

/* Position and stamp stand side by side. */
static void
places_part(struct parting *p, uint64_t seq, const struct delta *delta)
{
	struct forming *f = p->f;
	struct buf *needle = &f->needle;
	uint64_t stamp = delta->stamp.v;
	size_t between;
	size_t at;

	buf_cut(needle, 0);
	codec_put_int(needle, 2);
	codec_put_int(needle, (int64_t)seq);
	between = needle->n;
	codec_put_int(needle, 3);
	codec_put_int(needle, (int64_t)stamp);
	if (!piece_find(p, buf_bytes(needle), &at))
		return;
	piece_put(p, at + 1, between - 1, PIECE_SEQ);
	piece_put(p, at + between + 1, needle->n - between - 1, PIECE_STAMP);
	put_number(&f->numbers,
	    (stamp >> STAMP_COUNTER_BITS) - (f->stamp >> STAMP_COUNTER_BITS));
	put_number(&f->numbers, stamp & ((1 << STAMP_COUNTER_BITS) - 1));
	f->stamp = stamp;
}

static void
change_part(struct parting *p, const struct delta *delta, size_t number)
{
	struct bytes record = bytes_of(delta->changes[number].record.b, 16);
	uint64_t made = (uint64_t)bytes_be16(record.p) << 32 |
			bytes_be32(bytes_after(record, 2).p);
	uint64_t less = (p->f->stamp >> STAMP_COUNTER_BITS) - made;
	size_t at;

	if (less < TIME_LESS_MAX && p->f->stamp == delta->stamp.v &&
	    piece_find(p, record, &at)) {
		piece_put(p, at, PIECE_TIME_SIZE, PIECE_TIME);
		put_number(&p->f->numbers, less);
	}
	for (size_t i = 0; i < p->bodies_n; i++) {
		struct hash commitment;

		if (p->bodies[i].change != number)
			continue;
		block_form_commitment(&p->bodies[i], &commitment);
		if (piece_find(p, bytes_of(commitment.b, 32), &at))
			piece_put(p, at, 32, PIECE_BODY + (unsigned)i);
	}
}

/* Where does `piece` stand in what is left of the header? */
static bool
piece_find(struct parting *p, struct bytes piece, size_t *at)
{
	struct bytes rest = bytes_after(p->header, p->at);

	while (rest.n >= piece.n) {
		size_t skip = bytes_find(
		    bytes_first(rest, rest.n - piece.n + 1), piece.p[0]);

		if (skip > rest.n - piece.n)
			break;
		rest = bytes_after(rest, skip);
		if (bytes_begins(rest, piece)) {
			*at = p->header.n - rest.n;
			return true;
		}
		rest = bytes_after(rest, 1);
	}
	return false;
}

static void
piece_put(struct parting *p, size_t at, size_t n, unsigned piece)
{
	assert(at >= p->at && n <= p->header.n - at);
	put_number(&p->pieces, at - p->at);
	put_number(&p->pieces, piece);
	buf_add(&p->f->literals, bytes_slice(p->header, p->at, at - p->at));
	p->at = at + n;
	p->pieces_n++;
}

static void
body_form_put(struct forming *f, const struct stored_body *body)
{
	put_number(&f->shapes, body->change);
	buf_add_u8(&f->shapes, shape_of(body));
	put_number(&f->shapes, body->sealed.n);
	buf_add(&f->bodies, bytes_of(body->key, sizeof(body->key)));
	if (body->form == BODY_PASSED || body->form == BODY_KEPT)
		buf_add(&f->bodies, bytes_of(body->wrap.b, WRAP_SIZE));
	buf_add(&f->bodies, body->sealed);
}

/* What of a body is told among the shapes; its key, wrap and sealed bytes lie
 * with the bodies. */
static uint8_t
shape_of(const struct stored_body *body)
{
	return (uint8_t)((unsigned)body->class | (unsigned)body->form << 2);
}

void
block_form_commitment(const struct stored_body *body, struct hash *commitment)
{
	struct secret secret;
	struct hash tag;

	if (body->form == BODY_OPEN) {
		memcpy(secret.b, body->key, sizeof(secret.b));
		body_tag(&secret, &tag);
		crypto_wipe(&secret, sizeof(secret));
	} else {
		memcpy(tag.b, body->key, sizeof(tag.b));
	}
	body_commitment(&tag, body->sealed, commitment);
}

uint32_t
block_form_sum(struct bytes content)
{
	return (uint32_t)bytes_checksum(content);
}

uint64_t
block_form_index_sum(struct bytes key, struct bytes index)
{
	return bytes_checksum(key) ^ bytes_checksum(index);
}
