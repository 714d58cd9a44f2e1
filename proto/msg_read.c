/*
 * What proto/msg.c reads with: arrays whose ends may be left out, things in a
 * row with their sizes beside them, bodies in columns.  Pure.
 */
#include "proto/msg_read.h"

#include "proto/msg_form.h"

/* The columns of bodies, as far as they are read. */
struct columns {
	struct reader *r; /* made bad by what does not fit */
	struct bytes keys;
	struct bytes sealed;
	size_t sealed_left; /* that are still to come out of it */
	struct reader sizes;
	size_t sizes_left;
	struct bytes shapes; /* empty: all are plain */
	bool is_plain;
	struct reader places;
	size_t places_left;
	struct bytes wraps;
	unsigned shape; /* of the body being read */
};
/* No sum of it with counts of deltas and bodies leaves 64 bits. */
static const uint64_t PLACE_SEQ_MAX = INT64_MAX;

static void columns_get(struct columns *columns, size_t *left);
static void body_get(struct columns *columns, const struct msg_body *last,
    struct msg_body *body);
static void place_get(struct columns *columns, const struct msg_body *last,
    struct msg_body *body);

size_t
msg_read_begin(struct reader *r, size_t least_n)
{
	size_t n = codec_get_array(r, LIMIT_ELEMENTS);

	if (n < least_n)
		r->bad = true;
	return r->bad ? 0 : n - least_n;
}

bool
msg_read_there(struct reader *r, size_t *left)
{
	if (*left == 0)
		return false;
	--*left;
	if (codec_peek(r) != CODEC_NIL)
		return true;
	codec_get_nil(r);
	/* At the end it would be left out. */
	if (*left == 0)
		r->bad = true;
	return false;
}

void
msg_read_end(struct reader *r, size_t left)
{
	for (; left > 0 && !r->bad; left--)
		(void)codec_get_value(r);
}

struct bytes
msg_read_row(struct reader *r, struct bytes *row, struct reader *sizes,
    size_t *sizes_left)
{
	struct bytes taken = *row;

	if (*sizes_left > 0) {
		uint64_t size = codec_get_uint(sizes, row->n);

		r->bad = r->bad || sizes->bad;
		taken = bytes_first(*row, (size_t)size);
		--*sizes_left;
	}
	*row = bytes_after(*row, taken.n);
	return taken;
}

void
msg_read_bodies(struct reader *r, size_t *left, struct arena *arena,
    struct msg_bodies *bodies)
{
	struct columns columns = {.r = r};
	struct msg_body *list = NULL;
	bool said = false;

	columns_get(&columns, left);
	if (columns.keys.n % 32 != 0 || columns.keys.n > MSG_BODIES_MAX * 32)
		r->bad = true;
	if (r->bad)
		return;
	bodies->n = columns.keys.n / 32;
	if (!columns.is_plain && columns.shapes.n != bodies->n)
		r->bad = true;
	for (size_t i = 0; i < bodies->n; i++)
		columns.sealed_left += columns.is_plain ||
				       (i < columns.shapes.n &&
					   (columns.shapes.p[i] & SHAPE_BARE) ==
					       0);
	if (columns.sizes_left + 1 != columns.sealed_left &&
	    (columns.sizes_left > 0 || columns.sealed_left > 0))
		r->bad = true;
	if (bodies->n > 0 && !r->bad)
		list = arena_array(arena, bodies->n, sizeof(*list));
	bodies->bodies = list;
	for (size_t i = 0; i < bodies->n && !r->bad; i++) {
		body_get(&columns, i > 0 ? &list[i - 1] : NULL, &list[i]);
		/* One form each: a place is said where it does not follow. */
		if (columns.shape != msg_form_shape(bodies, i))
			r->bad = true;
		said = said || columns.shape != SHAPE_PLAIN;
	}
	/* Nothing may be left over, and nothing be said in vain. */
	if (said == columns.is_plain && bodies->n > 0)
		r->bad = true;
	if (columns.sealed.n > 0 || columns.places_left > 0 ||
	    columns.wraps.n > 0)
		r->bad = true;
}

static void
columns_get(struct columns *columns, size_t *left)
{
	struct reader *r = columns->r;

	columns->keys = codec_get_bytes(r);
	columns->sealed = codec_get_bytes(r);
	columns->sizes = *r;
	if (msg_read_there(r, left)) {
		columns->sizes = *r;
		columns->sizes_left = codec_get_array(
		    &columns->sizes, MSG_BODIES_MAX);
		(void)codec_get_value(r);
		r->bad = r->bad || columns->sizes_left == 0;
	}
	columns->is_plain = !msg_read_there(r, left);
	if (!columns->is_plain)
		columns->shapes = codec_get_bytes(r);
	columns->places = *r;
	if (msg_read_there(r, left)) {
		columns->places = *r;
		columns->places_left = codec_get_array(
		    &columns->places, 2 * MSG_BODIES_MAX);
		(void)codec_get_value(r);
		r->bad = r->bad || columns->places_left == 0;
	}
	if (msg_read_there(r, left)) {
		columns->wraps = codec_get_bytes(r);
		r->bad = r->bad || columns->wraps.n == 0;
	}
}

static void
body_get(
    struct columns *columns, const struct msg_body *last, struct msg_body *body)
{
	unsigned shape = columns->is_plain ? SHAPE_PLAIN : columns->shapes.p[0];
	struct reader *r = columns->r;

	if (!columns->is_plain)
		columns->shapes = bytes_after(columns->shapes, 1);
	bytes_copy(body->key, bytes_first(columns->keys, 32));
	columns->keys = bytes_after(columns->keys, 32);
	body->class = (enum delta_class)(shape & SHAPE_CLASS);
	body->is_open = (shape & SHAPE_TAG) == 0;
	if ((shape & SHAPE_BARE) == 0) {
		body->sealed = msg_read_row(
		    r, &columns->sealed, &columns->sizes, &columns->sizes_left);
		if (body->sealed.n == 0 || body->sealed.n > LIMIT_SEALED_SIZE)
			r->bad = true;
	}
	body->has_wrap = (shape & SHAPE_WRAP) != 0;
	/* Who gets the secret needs no wrap. */
	if (shape >= 0x80 || (body->has_wrap && body->is_open) ||
	    (body->has_wrap && columns->wraps.n < WRAP_SIZE)) {
		r->bad = true;
		return;
	}
	if (body->has_wrap) {
		bytes_copy(
		    body->wrap.b, bytes_first(columns->wraps, WRAP_SIZE));
		columns->wraps = bytes_after(columns->wraps, WRAP_SIZE);
	}
	columns->shape = shape;
	place_get(columns, last, body);
}

/* Where a body is: said, or following from the one before it. */
static void
place_get(
    struct columns *columns, const struct msg_body *last, struct msg_body *body)
{
	struct reader *r = columns->r;

	switch (columns->shape & SHAPE_PLACE) {
	case PLACE_DELTA:
		body->seq = last != NULL ? last->seq + 1 : 0;
		return;
	case PLACE_SAID:
		if (columns->places_left < 2) {
			r->bad = true;
			return;
		}
		columns->places_left -= 2;
		body->seq = codec_get_uint(&columns->places, PLACE_SEQ_MAX);
		body->change = (uint16_t)codec_get_uint(
		    &columns->places, UINT16_MAX);
		r->bad = r->bad || columns->places.bad;
		return;
	}
	if (last == NULL || last->change >= LIMIT_CHANGES) {
		r->bad = true;
		return;
	}
	body->seq = last->seq;
	body->change = last->change;
	if ((columns->shape & SHAPE_PLACE) == PLACE_CHANGE)
		body->change++;
}
