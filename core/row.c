/*
 * Rows of records as bytes.  core/record.c stores and loads them with it; the
 * same record always gives the same bytes.  Knows no table, and takes every
 * length in a row for a lie until it has been checked.
 */
#include "core/row.h"

#include <stdlib.h>
#include <string.h>

#include "proto/mem.h"

enum { ROW_VERSION = 1 };
enum {
	FLAG_EXISTS = 0x01,
	FLAG_PLAIN = 0x02,
	STATUS_SHIFT = 2,
	STATUS_MASK = 0x0c,
	FLAGS_KNOWN = 0x0f,
};
enum { TAG_KIND = 0x0f, TAG_CLASS_SHIFT = 4 };

/* Reads on, and stops for good at the first thing that cannot be. */
struct reading {
	struct bytes in;
	size_t at;
	bool bad;
};

static void put_number(struct buf *out, uint64_t v);
static void put_text(struct buf *out, struct bytes text);
static void put_change(struct buf *out, const struct change_ref *change);
static uint32_t *put_sources(const struct record *record, struct buf *out);
static void put_heads(
    const struct record *record, const uint32_t *index, struct buf *out);
static void put_fields(
    const struct record *record, const uint32_t *index, struct buf *out);
static uint64_t get_long(struct reading *r);
static uint8_t get_u8(struct reading *r);
static struct bytes get_text(struct reading *r);
static size_t get_count(struct reading *r, size_t size_min);
static void get_flags(struct reading *r, struct record *record);
static void get_sources(
    struct reading *r, struct arena *arena, struct record *record);
static void get_heads(
    struct reading *r, struct arena *arena, struct record *record);
static void get_fields(
    struct reading *r, struct arena *arena, struct record *record);
static void get_field(
    struct reading *r, struct record *record, struct record_value *value);
static int compare_sources(const void *a, const void *b);

void
row_encode(const struct record *record, struct buf *out)
{
	unsigned flags = (record->exists ? FLAG_EXISTS : 0u) |
			 (record->plain ? FLAG_PLAIN : 0u) |
			 (unsigned)record->status << STATUS_SHIFT;
	uint32_t *index;

	assert(record->created.v <= record->changed.v);
	buf_add_u8(out, ROW_VERSION);
	buf_add_u8(out, (uint8_t)flags);
	put_text(out, record->collection);
	buf_add_be64(out, record->changed.v);
	if (record->collection.n > 0)
		put_number(out, record->changed.v - record->created.v);
	index = put_sources(record, out);
	put_heads(record, index, out);
	put_fields(record, index, out);
	mem_free(index);
}

static void
put_number(struct buf *out, uint64_t v)
{
	while (v > 0x7f) {
		buf_add_u8(out, (uint8_t)(v | 0x80));
		v >>= 7;
	}
	buf_add_u8(out, (uint8_t)v);
}

static void
put_text(struct buf *out, struct bytes text)
{
	put_number(out, text.n);
	buf_add(out, text);
}

static void
put_change(struct buf *out, const struct change_ref *change)
{
	id_change_put(change, buf_extend(out, ID_CHANGE_SIZE));
}

/* Gives for each source its number in the row, counted from 1; 0 for those
 * that are left out.  The caller frees it. */
static uint32_t *
put_sources(const struct record *record, struct buf *out)
{
	uint32_t *index = mem_zeros(record->sources_n, sizeof(*index));
	uint32_t n = 0;

	for (size_t i = 0; i < record->fields_n; i++)
		if (record->fields[i].n == 1)
			index[record->fields[i].values[0].source] = 1;
	for (size_t i = 0; i < record->sources_n; i++)
		if (index[i] != 0)
			index[i] = ++n;
	put_number(out, n);
	for (size_t i = 0; i < record->sources_n; i++) {
		const struct record_source *source = &record->sources[i];

		if (index[i] == 0)
			continue;
		assert(source->stamp.v <= record->changed.v);
		put_change(out, &source->at);
		put_number(out, record->changed.v - source->stamp.v);
		buf_add_u8(out, source->has_actor);
		if (source->has_actor)
			buf_add(out,
			    bytes_of(source->actor.b, sizeof(source->actor.b)));
	}
	return index;
}

/* The latest change is most often a source too, and then costs one byte. Both
 * lists are sorted. */
static void
put_heads(const struct record *record, const uint32_t *index, struct buf *out)
{
	size_t source = 0;

	put_number(out, record->heads_n);
	for (size_t i = 0; i < record->heads_n; i++) {
		const struct change_ref *head = &record->heads[i];
		int order = -1;

		for (; source < record->sources_n; source++) {
			order = id_change_compare(
			    &record->sources[source].at, head);
			if (order >= 0)
				break;
		}
		if (order == 0 && index[source] != 0) {
			put_number(out, index[source]);
		} else {
			put_number(out, 0);
			put_change(out, head);
		}
	}
}

static void
put_fields(const struct record *record, const uint32_t *index, struct buf *out)
{
	put_number(out, record->fields_n);
	for (size_t i = 0; i < record->fields_n; i++) {
		const struct record_field *field = &record->fields[i];
		const struct record_value *value = field->values;

		assert(field->n > 0);
		put_text(out, field->name);
		if (field->n > 1) {
			buf_add_u8(out, (uint8_t)field->kind);
			put_number(out, field->n);
			continue;
		}
		buf_add_u8(out,
		    (uint8_t)((unsigned)field->kind |
			      ((unsigned)value->class + 1) << TAG_CLASS_SHIFT));
		put_number(out, index[value->source] - 1);
		put_number(out, value->op);
		put_text(out, value->value);
	}
}

/* What every field of a row needs several times is inline: that takes a third
 * off its decoding. */
static inline uint64_t
get_number(struct reading *r)
{
	/* Most have one byte. */
	if (!r->bad && r->at < r->in.n && r->in.p[r->at] < 0x80)
		return r->in.p[r->at++];
	return get_long(r);
}

static uint64_t
get_long(struct reading *r)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint64_t b = get_u8(r);

		v |= (b & 0x7f) << shift;
		if ((b & 0x80) == 0)
			return v;
	}
	r->bad = true;
	return 0;
}

static inline struct bytes
get_fixed(struct reading *r, size_t n)
{
	struct bytes taken = {0};

	if (r->bad || n > r->in.n - r->at) {
		r->bad = true;
		return taken;
	}
	if (n > 0)
		taken = bytes_of(&r->in.p[r->at], n);
	r->at += n;
	return taken;
}

bool
row_decode(struct bytes in, struct arena *arena, struct record *record)
{
	struct reading r = {.in = in};
	uint64_t age;

	memset(record, 0, sizeof(*record));
	r.bad = get_u8(&r) != ROW_VERSION;
	get_flags(&r, record);
	record->collection = get_text(&r);
	if (!r.bad && r.in.n - r.at >= 8)
		record->changed.v = bytes_be64(get_fixed(&r, 8).p);
	else
		r.bad = true;
	age = record->collection.n > 0 ? get_number(&r) : record->changed.v;
	if (age > record->changed.v)
		r.bad = true;
	record->created.v = record->changed.v - age;
	get_sources(&r, arena, record);
	get_heads(&r, arena, record);
	get_fields(&r, arena, record);
	return !r.bad && r.at == in.n;
}

static uint8_t
get_u8(struct reading *r)
{
	if (r->bad || r->at == r->in.n) {
		r->bad = true;
		return 0;
	}
	return r->in.p[r->at++];
}

static struct bytes
get_text(struct reading *r)
{
	uint64_t n = get_number(r);

	if (n > r->in.n) {
		r->bad = true;
		n = 0;
	}
	return get_fixed(r, (size_t)n);
}

/* How many things of at least `size_min` bytes follow. */
static size_t
get_count(struct reading *r, size_t size_min)
{
	uint64_t n = get_number(r);

	if (r->bad || n > (r->in.n - r->at) / size_min) {
		r->bad = true;
		return 0;
	}
	return (size_t)n;
}

static void
get_flags(struct reading *r, struct record *record)
{
	unsigned flags = get_u8(r);
	unsigned status = (flags & STATUS_MASK) >> STATUS_SHIFT;

	if ((flags & ~(unsigned)FLAGS_KNOWN) != 0 || status > RECORD_CONTESTED)
		r->bad = true;
	record->exists = (flags & FLAG_EXISTS) != 0;
	record->plain = (flags & FLAG_PLAIN) != 0;
	record->status = (enum record_status)status;
}

static void
get_sources(struct reading *r, struct arena *arena, struct record *record)
{
	size_t n = get_count(r, ID_CHANGE_SIZE + 2);

	record->sources = arena_array(arena, n, sizeof(*record->sources));
	for (size_t i = 0; i < n && !r->bad; i++) {
		struct record_source *source = &record->sources[i];
		struct bytes at = get_fixed(r, ID_CHANGE_SIZE);
		uint64_t age = get_number(r);
		unsigned has_actor = get_u8(r);

		if (r->bad || age > record->changed.v || has_actor > 1) {
			r->bad = true;
			return;
		}
		id_change_get(at.p, &source->at);
		source->stamp.v = record->changed.v - age;
		source->has_actor = has_actor == 1;
		if (source->has_actor)
			bytes_copy(source->actor.b,
			    get_fixed(r, sizeof(source->actor.b)));
	}
	record->sources_n = n;
}

static void
get_heads(struct reading *r, struct arena *arena, struct record *record)
{
	size_t n = get_count(r, 1);

	record->heads = arena_array(arena, n, sizeof(*record->heads));
	for (size_t i = 0; i < n && !r->bad; i++) {
		uint64_t source = get_number(r);
		struct bytes at;

		if (source > record->sources_n) {
			r->bad = true;
		} else if (source > 0) {
			record->heads[i] = record->sources[source - 1].at;
		} else {
			at = get_fixed(r, ID_CHANGE_SIZE);
			if (!r->bad)
				id_change_get(at.p, &record->heads[i]);
		}
	}
	record->heads_n = n;
}

static void
get_fields(struct reading *r, struct arena *arena, struct record *record)
{
	size_t n = get_count(r, 3);
	struct record_value *values = arena_array(arena, n, sizeof(*values));

	record->fields = arena_array(arena, n, sizeof(*record->fields));
	for (size_t i = 0; i < n && !r->bad; i++)
		get_field(r, record, &values[i]);
}

/* Fields rise, or merge_find would miss some. */
static void
get_field(struct reading *r, struct record *record, struct record_value *value)
{
	struct record_field *field = &record->fields[record->fields_n];
	unsigned tag;
	unsigned class;
	uint64_t number;

	field->name = get_text(r);
	tag = get_u8(r);
	class = tag >> TAG_CLASS_SHIFT;
	number = get_number(r);
	if ((tag & TAG_KIND) >= KIND_COUNT || class > CLASS_COUNT)
		r->bad = true;
	field->kind = (enum field_kind)(tag & TAG_KIND);
	if (class == 0) {
		field->n = (size_t)number;
		r->bad = r->bad || number < 2 || number > UINT32_MAX;
	} else {
		uint64_t op = get_number(r);

		field->n = 1;
		field->values = value;
		value->source = (uint32_t)number;
		value->op = (uint16_t)op;
		value->class = (enum delta_class)(class - 1);
		value->value = get_text(r);
		r->bad = r->bad || number >= record->sources_n ||
			 op > UINT16_MAX;
	}
	if (record->fields_n > 0 &&
	    merge_compare(&record->fields[record->fields_n - 1], field->name,
		field->kind) >= 0)
		r->bad = true;
	record->fields_n++;
}

void
row_sources(const struct record_source *given, struct arena *arena,
    struct record *record)
{
	size_t n = 0;
	size_t some = 0;
	size_t kept = 0;
	struct record_source *sources;

	for (size_t i = 0; i < record->fields_n; i++)
		if (record->fields[i].values != NULL)
			n += record->fields[i].n;
	sources = arena_array(arena, n, sizeof(*sources));
	/* Neighbours mostly stem from one change: what is left to sort is most
	 * often one. */
	for (size_t i = 0; i < n; i++)
		if (some == 0 ||
		    compare_sources(&sources[some - 1], &given[i]) != 0)
			sources[some++] = given[i];
	if (some > 1)
		qsort(sources, some, sizeof(*sources), compare_sources);
	for (size_t i = 0; i < some; i++)
		if (kept == 0 ||
		    compare_sources(&sources[kept - 1], &sources[i]) != 0)
			sources[kept++] = sources[i];
	record->sources = sources;
	record->sources_n = kept;
	for (size_t i = 0; i < record->fields_n; i++) {
		struct record_field *field = &record->fields[i];

		for (size_t k = 0; field->values != NULL && k < field->n; k++) {
			const struct record_source *source = bsearch(given++,
			    sources, kept, sizeof(*sources), compare_sources);

			assert(source != NULL);
			field->values[k].source = (uint32_t)(source - sources);
		}
	}
}

static int
compare_sources(const void *a, const void *b)
{
	const struct record_source *x = a;
	const struct record_source *y = b;

	return id_change_compare(&x->at, &y->at);
}
