/*
 * Reads blocks of deltas.  core/blocks.c opens those that a transaction needs.
 * A block is gone through once when it is opened, within bounds; after that
 * each delta is made again on its own.  Pure.
 */
#include "core/block.h"

#include <string.h>

#include "core/block_form.h"
#include "proto/codec.h"

/* Reads numbers off the front; sticky. */
struct stream {
	struct bytes in;
	bool bad;
};

/* What the shape of a delta comes to. */
struct shape {
	struct bytes bytes; /* it */
	uint64_t header_n;  /* but for integers */
	uint64_t seqs;	    /* pieces that are the position */
	bool is_stamped;
	uint64_t times;
	uint64_t literals;
	uint64_t bodies; /* bytes among the bodies */
	uint64_t row_n;	 /* of the row, but for the header */
};

/* Deltas that are gone through. */
struct walk {
	struct block *block;
	struct stream shapes;
	struct stream numbers;
	struct shape
	    shape;	/* of the newest: most deltas have that of another */
	size_t literal; /* taken so far, as below */
	size_t body;
	uint64_t stamp;
};

/* The bodies of one delta, one after the other. */
struct body_walk {
	struct stream shapes;
	struct bytes rest; /* of the bodies of the block */
	uint64_t all;
	uint64_t taken;
	struct stored_body body; /* the one taken last */
};

/* A delta that is made again. */
struct making {
	const struct block *block;
	const struct block_place *place;
	struct stream shapes;
	struct stream numbers;
	size_t literal;
	struct body_walk bodies;
	uint64_t seq;
	struct buf *out;
};

static const char *parts_open(
    struct squeeze *squeeze, struct bytes row, struct block *block);
static bool block_walk(struct block *block, size_t bodies_n);
static void place_walk(struct walk *w, size_t at);
static void shape_read(struct stream *s, struct shape *shape);
static bool piece_read(struct stream *s, struct shape *shape);
static size_t int_size(uint64_t v);
static void header_make(struct making *m, uint64_t pieces_n, struct bytes row);
static void piece_make(struct making *m, uint64_t piece);
static void bodies_begin(struct making *m, struct bytes row);
static void body_take(struct body_walk *b);
static void commitment_make(struct making *m, uint64_t number);
static bool body_read(struct stream *shapes, struct stored_body *body,
    uint64_t *sealed_n, size_t *size);
static void literals_make(struct making *m, uint64_t n);

static uint8_t
get_u8(struct stream *s)
{
	uint8_t v;

	if (s->bad || s->in.n == 0) {
		s->bad = true;
		return 0;
	}
	v = s->in.p[0];
	s->in = bytes_after(s->in, 1);
	return v;
}

static uint64_t
get_number(struct stream *s)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t b = get_u8(s);

		v |= (uint64_t)(b & 0x7f) << shift;
		if (b < 0x80)
			return v;
	}
	s->bad = true;
	return 0;
}

size_t
block_count(struct bytes row)
{
	size_t n;

	if (row.n < BLOCK_HEAD_SIZE)
		return 0;
	n = bytes_be16(bytes_after(row, TABLES_CHECKSUM_SIZE).p);
	return n <= BLOCK_DELTAS_MAX ? n : 0;
}

enum err
block_open(struct squeeze *squeeze, const struct block_log *log,
    struct bytes key, struct bytes row, struct block *block)
{
	const char *why = NULL;
	size_t n = block_count(row);
	size_t at = BLOCK_HEAD_SIZE + BLOCK_SUM_SIZE * n;
	struct bytes head;
	size_t frames;

	block->n = 0;
	block->log = *log;
	if (n == 0 || row.n < at)
		return tables_corrupt(TABLE_BLOCKS, key, "it is too short");
	head = bytes_after(row, TABLES_CHECKSUM_SIZE);
	frames = (size_t)bytes_be32(bytes_after(head, 2).p) +
		 bytes_be32(bytes_after(head, 6).p);
	if (frames > row.n - at)
		return tables_corrupt(TABLE_BLOCKS, key, "it is too short");
	block->bodies_at = at + frames;
	head = bytes_first(head, block->bodies_at - TABLES_CHECKSUM_SIZE);
	if (bytes_be64(row.p) != block_form_index_sum(key, head))
		return tables_corrupt(
		    TABLE_BLOCKS, key, "its checksum is wrong");
	block->n = n;
	why = parts_open(squeeze, row, block);
	if (why == NULL && !block_walk(block, row.n - block->bodies_at))
		why = "its content is wrong";
	if (why == NULL)
		return ERR_OK;
	block->n = 0;
	return tables_corrupt(TABLE_BLOCKS, key, why);
}

/* NULL, or what is wrong. */
static const char *
parts_open(struct squeeze *squeeze, struct bytes row, struct block *block)
{
	static const char broken[] = "it does not unpack";
	struct bytes head = bytes_after(row, TABLES_CHECKSUM_SIZE);
	size_t first_n = bytes_be32(bytes_after(head, 2).p);
	struct bytes rest = bytes_after(row, BLOCK_HEAD_SIZE);
	struct stream s;
	size_t shapes_n;

	for (size_t i = 0; i < block->n; i++) {
		block->sums[i] = bytes_be32(rest.p);
		rest = bytes_after(rest, BLOCK_SUM_SIZE);
	}
	rest = bytes_first(rest, first_n + bytes_be32(bytes_after(head, 6).p));
	buf_cut(&block->shapes, 0);
	buf_cut(&block->literals, 0);
	if (squeeze_unpack(squeeze, bytes_first(rest, first_n),
		BLOCK_PART_SIZE_MAX, &block->shapes) != ERR_OK ||
	    squeeze_unpack(squeeze, bytes_after(rest, first_n),
		BLOCK_PART_SIZE_MAX, &block->literals) != ERR_OK)
		return broken;
	s = (struct stream){.in = buf_bytes(&block->shapes)};
	shapes_n = get_number(&s);
	if (s.bad || shapes_n > s.in.n)
		return broken;
	block->numbers = bytes_after(s.in, shapes_n);
	return NULL;
}

/* Finds the places of all deltas; false when anything does not fit. */
static bool
block_walk(struct block *block, size_t bodies_n)
{
	struct walk w = {.block = block,
	    .shapes.in = buf_bytes(&block->shapes),
	    .numbers.in = block->numbers};

	(void)get_number(&w.shapes);
	w.shapes.in = bytes_first(
	    w.shapes.in, w.shapes.in.n - block->numbers.n);
	block->rows_size = 0;
	for (size_t i = 0; i < block->n && !w.shapes.bad; i++) {
		place_walk(&w, i);
		w.shapes.bad = w.shapes.bad || w.numbers.bad ||
			       w.literal > block->literals.n ||
			       w.body > bodies_n;
		block->rows_size += block->places[i].row_n;
	}
	return !w.shapes.bad && w.shapes.in.n == 0 && w.numbers.in.n == 0 &&
	       w.literal == block->literals.n && w.body == bodies_n &&
	       block->rows_size <= BLOCK_ROWS_SIZE_MAX + BLOCK_ROW_SIZE_MAX;
}

static void
place_walk(struct walk *w, size_t at)
{
	struct block_place *place = &w->block->places[at];
	struct shape *shape = &w->shape;
	uint64_t header_n;
	uint64_t ms;

	place->shape = (uint32_t)(w->block->shapes.n - w->block->numbers.n -
				  w->shapes.in.n);
	place->number = (uint32_t)(w->block->numbers.n - w->numbers.in.n);
	place->literal = (uint32_t)w->literal;
	place->body = (uint32_t)w->body;
	if (shape->bytes.n > 0 && bytes_begins(w->shapes.in, shape->bytes))
		w->shapes.in = bytes_after(w->shapes.in, shape->bytes.n);
	else
		shape_read(&w->shapes, shape);
	header_n = shape->header_n +
		   shape->seqs * int_size(w->block->log.first + at);
	if (shape->is_stamped) {
		ms = (w->stamp >> STAMP_COUNTER_BITS) + get_number(&w->numbers);
		w->stamp = ms << STAMP_COUNTER_BITS | get_number(&w->numbers);
		header_n += int_size(w->stamp);
	}
	for (uint64_t i = 0; i < shape->times && !w->numbers.bad; i++)
		(void)get_number(&w->numbers);
	w->literal += shape->literals;
	w->body += shape->bodies;
	w->shapes.bad = w->shapes.bad || w->stamp > INT64_MAX ||
			header_n > LIMIT_HEADER_SIZE ||
			header_n + shape->row_n > BLOCK_ROW_SIZE_MAX;
	place->stamp = w->stamp;
	place->header_n = (uint32_t)header_n;
	place->row_n = (uint32_t)(header_n + shape->row_n);
}

/* Reads the next shape; what it comes to is bounded. */
static void
shape_read(struct stream *s, struct shape *shape)
{
	struct bytes before = s->in;
	uint64_t pieces_n = get_number(s) / 2;
	uint64_t bodies_n;

	*shape = (struct shape){.row_n = OPLOG_ROW_HEAD_SIZE};
	for (uint64_t i = 0; i <= pieces_n && !s->bad; i++) {
		uint64_t n = get_number(s);

		shape->literals += n;
		if (n > BLOCK_ROW_SIZE_MAX ||
		    (i < pieces_n && !piece_read(s, shape)) ||
		    shape->header_n + shape->literals > LIMIT_HEADER_SIZE)
			s->bad = true;
	}
	shape->header_n += shape->literals;
	bodies_n = get_number(s);
	for (uint64_t i = 0; i < bodies_n && !s->bad; i++) {
		struct stored_body body;
		uint64_t sealed_n = 0;
		size_t size = 0;

		s->bad = !body_read(s, &body, &sealed_n, &size);
		shape->bodies += size;
		shape->row_n += size + 2 + 1 + 1 + 4;
		s->bad = s->bad || shape->row_n > BLOCK_ROW_SIZE_MAX;
	}
	shape->bytes = bytes_first(before, before.n - s->in.n);
	if (s->bad)
		*shape = (struct shape){0};
}

/* The stamp comes once, and before the times that are counted from it. */
static bool
piece_read(struct stream *s, struct shape *shape)
{
	switch (get_number(s)) {
	case PIECE_SEQ:
		shape->seqs++;
		return shape->seqs < LIMIT_HEADER_SIZE;
	case PIECE_STAMP:
		if (shape->is_stamped || shape->times > 0)
			return false;
		shape->is_stamped = true;
		return true;
	case PIECE_LOG:
		shape->header_n += sizeof(struct log_id);
		return true;
	case PIECE_TIME:
		shape->header_n += PIECE_TIME_SIZE;
		shape->times++;
		return true;
	default: /* PIECE_ORIGIN, PIECE_BODY and on */
		shape->header_n += sizeof(struct hash);
		return true;
	}
}

/* What an integer takes in msgpack. */
static size_t
int_size(uint64_t v)
{
	if (v < 0x80)
		return 1;
	if (v <= UINT8_MAX)
		return 2;
	if (v <= UINT16_MAX)
		return 3;
	return v <= UINT32_MAX ? 5 : 9;
}

/* What the shapes say of one body, and how much of the bodies it takes. */
static bool
body_read(struct stream *shapes, struct stored_body *body, uint64_t *sealed_n,
    size_t *size)
{
	uint64_t change = get_number(shapes);
	uint8_t tag = get_u8(shapes);
	unsigned form = tag >> 2;

	*sealed_n = get_number(shapes);
	if (shapes->bad || change > UINT16_MAX || form < BODY_BLIND ||
	    form > BODY_KEPT || *sealed_n > BLOCK_ROW_SIZE_MAX)
		return false;
	body->change = (uint16_t)change;
	body->class = (enum delta_class)(tag & 3);
	body->form = (enum body_form)form;
	*size = sizeof(body->key) + (size_t)*sealed_n;
	if (body->form == BODY_PASSED || body->form == BODY_KEPT)
		*size += WRAP_SIZE;
	return true;
}

bool
block_row(
    const struct block *block, struct bytes row, size_t at, struct buf *content)
{
	const struct block_place *place = &block->places[at];
	size_t before = content->n;
	struct bytes all = buf_bytes(&block->shapes);
	struct making m = {.block = block,
	    .place = place,
	    .numbers.in = bytes_after(block->numbers, place->number),
	    .literal = place->literal,
	    .seq = block->log.first + at,
	    .out = content};
	uint64_t head;

	assert(at < block->n);
	m.shapes.in = bytes_after(
	    bytes_first(all, all.n - block->numbers.n), place->shape);
	head = get_number(&m.shapes);
	buf_reserve(content, place->row_n);
	buf_add_u8(content, head & 1);
	buf_add_be32(content, place->header_n);
	header_make(&m, head / 2, row);
	bodies_begin(&m, row);
	while (m.bodies.taken < m.bodies.all) {
		body_take(&m.bodies);
		oplog_row_body(&m.bodies.body, content);
	}
	crypto_wipe(&m.bodies.body, sizeof(m.bodies.body));
	assert(!m.shapes.bad && !m.numbers.bad);
	assert(content->n - before == place->row_n);
	return block_form_sum(bytes_after(buf_bytes(content), before)) ==
	       block->sums[at];
}

static void
header_make(struct making *m, uint64_t pieces_n, struct bytes row)
{
	struct making at = *m;

	/* Bodies, to which commitments refer, are told behind the pieces. */
	for (uint64_t i = 0; i < 2 * pieces_n + 1; i++)
		(void)get_number(&m->shapes);
	bodies_begin(m, row);
	for (uint64_t i = 0; i < pieces_n; i++) {
		uint64_t piece;

		literals_make(&at, get_number(&at.shapes));
		piece = get_number(&at.shapes);
		if (piece < PIECE_BODY)
			piece_make(&at, piece);
		else
			commitment_make(m, piece - PIECE_BODY);
	}
	literals_make(&at, get_number(&at.shapes));
	m->shapes = at.shapes;
}

/* m->shapes stands behind the pieces of the header. */
static void
bodies_begin(struct making *m, struct bytes row)
{
	m->bodies = (struct body_walk){.shapes = m->shapes,
	    .rest = bytes_after(row, m->block->bodies_at + m->place->body)};
	m->bodies.all = get_number(&m->bodies.shapes);
}

static void
body_take(struct body_walk *b)
{
	uint64_t sealed_n = 0;
	size_t size = 0;
	bool read = body_read(&b->shapes, &b->body, &sealed_n, &size);
	struct bytes in;

	assert(read);
	in = bytes_first(b->rest, size);
	b->rest = bytes_after(b->rest, size);
	b->taken++;
	b->body.sealed = bytes_after(in, size - (size_t)sealed_n);
	in = bytes_first(in, size - (size_t)sealed_n);
	bytes_copy(b->body.key, bytes_first(in, sizeof(b->body.key)));
	bytes_copy(b->body.wrap.b, bytes_after(in, sizeof(b->body.key)));
}

/* Headers commit to bodies in their order.  What a damaged block says of
 * another one does not have its checksum. */
static void
commitment_make(struct making *m, uint64_t number)
{
	struct hash commitment = {0};

	while (m->bodies.taken <= number && m->bodies.taken < m->bodies.all)
		body_take(&m->bodies);
	if (m->bodies.taken > 0)
		block_form_commitment(&m->bodies.body, &commitment);
	buf_add(m->out, bytes_of(commitment.b, sizeof(commitment.b)));
}

static void
literals_make(struct making *m, uint64_t n)
{
	buf_add(m->out,
	    bytes_slice(buf_bytes(&m->block->literals), m->literal, (size_t)n));
	m->literal += (size_t)n;
}

static void
piece_make(struct making *m, uint64_t piece)
{
	const struct block_log *log = &m->block->log;
	uint64_t ms = m->place->stamp >> STAMP_COUNTER_BITS;
	uint8_t time[8];

	if (piece == PIECE_ORIGIN) {
		buf_add(m->out, bytes_of(log->origin.b, 32));
	} else if (piece == PIECE_SEQ) {
		codec_put_int(m->out, (int64_t)m->seq);
	} else if (piece == PIECE_STAMP) {
		codec_put_int(m->out, (int64_t)m->place->stamp);
		(void)get_number(&m->numbers);
		(void)get_number(&m->numbers);
	} else if (piece == PIECE_LOG) {
		buf_add(m->out, bytes_of(log->trunk.b, 16));
	} else {
		bytes_put_be64(time, ms - get_number(&m->numbers));
		buf_add(m->out, bytes_of(time + 2, PIECE_TIME_SIZE));
	}
}

void
block_fini(struct block *block)
{
	buf_fini(&block->shapes);
	buf_fini(&block->literals);
	*block = (struct block){0};
}
