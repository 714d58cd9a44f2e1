/*
 * Rows of records as bytes.  core/record.c stores and loads them with it; the
 * same record always gives the same bytes.  Knows no table, and takes every
 * length in a row for a lie until it has been checked.
 */
#include "core/row.h"

#include <stdlib.h>
#include <string.h>

#include "proto/mem.h"

enum {
	FLAG_EXISTS = 0x01,
	FLAG_PLAIN = 0x02,
	STATUS_SHIFT = 2,
	STATUS_MASK = 0x0c,
	FLAG_CREATED = 0x10, /* when it was last changed */
	FLAG_HEAD = 0x20,    /* the one head is the last source */
	VERSION = 2,
	VERSION_SHIFT = 6,
};
enum { TAG_KIND = 0x0f, TAG_CLASS_SHIFT = 4 };
/* The first byte of a field. */
enum {
	FIELD_LIKE = 0x80,  /* kind, class and source as the one before */
	FIELD_SHORT = 0x40, /* the value's first byte tells its length */
	FIELD_NEXT = 0x20,  /* its operation is the next of that class */
	FIELD_NAME = 0x1f,  /* 0: its name follows; else NAME_SAME and by how
			       much its number is above the one before */
	NAME_SAME = 16,
};
enum { OP_STEP = 4, LEAF_SIZE = 8 };
/* Of a stamp, the milliseconds and the counter below them. */
enum { MS_SIZE = 6, COUNTER_BITS = 16, COUNTER_MASK = 0xffff };
enum { SOURCE_SIZE_MIN = 1 + 1 + LEAF_SIZE + 1 + 1 };

/* Reads on, and stops for good at the first thing that cannot be. */
struct reading {
	struct bytes in;
	size_t at;
	bool bad;
	const struct words *words;
};

/* What a field need not say when it is as with the one before it. */
struct before {
	uint32_t word; /* number of its name; 0: none */
	enum field_kind kind;
	enum delta_class class;
	uint32_t source;
	uint16_t op;
};
static const struct before before_first = {.op = (uint16_t)-OP_STEP};

static void put_number(struct buf *out, uint64_t v);
static void put_text(struct buf *out, struct bytes text);
static void put_stamp(struct buf *out, struct stamp stamp);
static bool is_last_source(const struct record *record, const uint32_t *index);
static void put_term(struct buf *out, struct words *words, struct bytes text);
static void put_change(struct buf *out, struct words *words,
    const struct change_ref *change, bool flag);
static uint32_t *put_sources(
    const struct record *record, struct words *words, struct buf *out);
static void put_heads(const struct record *record, const uint32_t *index,
    struct words *words, struct buf *out);
static void put_field(const struct record_field *field, uint32_t source,
    struct words *words, struct before *before, struct buf *out);
static size_t short_size(uint8_t first);
static uint64_t get_long(struct reading *r);
static uint8_t get_u8(struct reading *r);
static struct stamp get_stamp(struct reading *r);
static struct bytes get_text(struct reading *r);
static struct bytes get_term(struct reading *r);
static bool get_change(struct reading *r, struct change_ref *change);
static size_t get_count(struct reading *r, size_t size_min);
static unsigned get_flags(struct reading *r, struct record *record);
static void get_sources(
    struct reading *r, struct arena *arena, struct record *record);
static void get_heads(
    struct reading *r, bool last, struct arena *arena, struct record *record);
static void get_fields(
    struct reading *r, struct arena *arena, struct record *record);
static void get_one(struct reading *r, unsigned first, struct before *before,
    struct record_value *value);
static int compare_sources(const void *a, const void *b);

void
row_encode(const struct record *record, struct words *words, struct buf *out)
{
	unsigned flags = (record->exists ? FLAG_EXISTS : 0u) |
			 (record->plain ? FLAG_PLAIN : 0u) |
			 (unsigned)record->status << STATUS_SHIFT;
	struct before before = before_first;
	size_t at = out->n;
	bool created = record->collection.n > 0 &&
		       record->created.v == record->changed.v;
	uint32_t *index;

	assert(record->created.v <= record->changed.v);
	buf_add_u8(out, 0);
	put_term(out, words, record->collection);
	put_stamp(out, record->changed);
	if (record->collection.n > 0 && !created)
		put_number(out, record->changed.v - record->created.v);
	index = put_sources(record, words, out);
	if (is_last_source(record, index))
		flags |= FLAG_HEAD;
	else
		put_heads(record, index, words, out);
	flags |= created ? FLAG_CREATED : 0u;
	out->p[at] = (uint8_t)(VERSION << VERSION_SHIFT | flags);
	put_number(out, record->fields_n);
	for (size_t i = 0; i < record->fields_n; i++) {
		const struct record_field *field = &record->fields[i];
		uint32_t source = 0;

		assert(field->n > 0);
		if (field->n == 1)
			source = index[field->values->source] - 1;
		put_field(field, source, words, &before, out);
	}
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
put_stamp(struct buf *out, struct stamp stamp)
{
	uint64_t ms = stamp.v >> COUNTER_BITS;

	for (unsigned i = MS_SIZE; i > 0; i--)
		buf_add_u8(out, (uint8_t)(ms >> 8 * (i - 1)));
	put_number(out, stamp.v & COUNTER_MASK);
}

/* A text that other rows say too. */
static void
put_term(struct buf *out, struct words *words, struct bytes text)
{
	uint32_t no = text.n > 0 ? words_add(words, text) : 0;

	put_number(out, no);
	if (no == 0)
		put_text(out, text);
}

static void
put_change(struct buf *out, struct words *words,
    const struct change_ref *change, bool flag)
{
	const struct ref *delta = &change->delta;

	put_term(out, words, bytes_of(delta->log.b, sizeof(delta->log.b)));
	put_number(out, delta->seq);
	buf_add(out, bytes_of(delta->leaf, LEAF_SIZE));
	put_number(out, (uint32_t)change->change << 1 | flag);
}

/* Gives for each source its number in the row, counted from 1; 0 for those
 * that are left out.  The caller frees it. */
static uint32_t *
put_sources(const struct record *record, struct words *words, struct buf *out)
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
		put_change(out, words, &source->at, source->has_actor);
		put_number(out, record->changed.v - source->stamp.v);
		if (source->has_actor)
			put_term(out, words,
			    bytes_of(source->actor.b, sizeof(source->actor.b)));
	}
	return index;
}

/* So it is with what one writer made. */
static bool
is_last_source(const struct record *record, const uint32_t *index)
{
	size_t last = record->sources_n;

	while (last > 0 && index[last - 1] == 0)
		last--;
	return last > 0 && record->heads_n == 1 &&
	       id_change_compare(
		   &record->sources[last - 1].at, &record->heads[0]) == 0;
}

/* The latest change is most often a source too, and then costs one byte. Both
 * lists are sorted. */
static void
put_heads(const struct record *record, const uint32_t *index,
    struct words *words, struct buf *out)
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
			put_change(out, words, head, false);
		}
	}
}

/* `source` counts from 0, among those of the row. */
static void
put_field(const struct record_field *field, uint32_t source,
    struct words *words, struct before *before, struct buf *out)
{
	const struct record_value *value = field->values;
	bool one = field->n == 1;
	bool like = one && field->kind == before->kind &&
		    value->class == before->class && source == before->source;
	uint16_t op_next = (uint16_t)(before->op + OP_STEP);
	bool brief = one && value->value.n > 0 &&
		     value->value.n == short_size(value->value.p[0]);
	uint32_t word = words_add(words, field->name);
	int64_t step = (int64_t)word - before->word + NAME_SAME;
	unsigned first = (like ? FIELD_LIKE : 0u) | (brief ? FIELD_SHORT : 0u) |
			 (one && value->op == op_next ? FIELD_NEXT : 0u);

	if (word == 0 || step < 1 || step > FIELD_NAME)
		step = 0;
	buf_add_u8(out, (uint8_t)(first | (unsigned)step));
	if (step == 0)
		put_term(out, words, field->name);
	before->word = word;
	if (!one) {
		buf_add_u8(out, (uint8_t)field->kind);
		put_number(out, field->n);
		return;
	}
	if (!like) {
		buf_add_u8(out,
		    (uint8_t)((unsigned)field->kind |
			      ((unsigned)value->class + 1) << TAG_CLASS_SHIFT));
		put_number(out, source);
	}
	if (value->op != op_next)
		put_number(out, value->op);
	if (!brief)
		put_number(out, value->value.n);
	buf_add(out, value->value);
	*before = (struct before){
	    word, field->kind, value->class, source, value->op};
}

/* The bytes of a canonical value that begins with `first`, for those kinds of
 * which that alone tells: short integers and texts, truth; 0 for others. */
static size_t
short_size(uint8_t first)
{
	if (first >= 0xa0 && first <= 0xbf)
		return (size_t)1 + (first & 0x1f);
	if (first <= 0x7f || first >= 0xe0 || first == 0xc2 || first == 0xc3)
		return 1;
	return 0;
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
row_decode(struct bytes in, const struct words *words, struct arena *arena,
    struct record *record)
{
	struct reading r = {.in = in, .words = words};
	unsigned flags;
	uint64_t age = 0;

	memset(record, 0, sizeof(*record));
	flags = get_flags(&r, record);
	record->collection = get_term(&r);
	record->changed = get_stamp(&r);
	if (record->collection.n == 0)
		age = record->changed.v;
	else if ((flags & FLAG_CREATED) == 0)
		age = get_number(&r);
	if (age > record->changed.v)
		r.bad = true;
	record->created.v = record->changed.v - age;
	get_sources(&r, arena, record);
	get_heads(&r, (flags & FLAG_HEAD) != 0, arena, record);
	get_fields(&r, arena, record);
	return !r.bad && r.at == in.n;
}

static inline uint8_t
get_u8(struct reading *r)
{
	if (r->bad || r->at == r->in.n) {
		r->bad = true;
		return 0;
	}
	return r->in.p[r->at++];
}

static struct stamp
get_stamp(struct reading *r)
{
	struct bytes ms = get_fixed(r, MS_SIZE);
	uint64_t counter = get_number(r);
	struct stamp stamp = {0};

	for (size_t i = 0; i < ms.n; i++)
		stamp.v = stamp.v << 8 | ms.p[i];
	if (counter > COUNTER_MASK)
		r->bad = true;
	stamp.v = stamp.v << COUNTER_BITS | (counter & COUNTER_MASK);
	return stamp;
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

/* The word with the number `no`. */
static inline struct bytes
word_text(struct reading *r, uint64_t no)
{
	if (no == 0 || no > r->words->n) {
		r->bad = true;
		return (struct bytes){0};
	}
	return r->words->list[no - 1].text;
}

static struct bytes
get_term(struct reading *r)
{
	uint64_t no = get_number(r);

	return no == 0 ? get_text(r) : word_text(r, no);
}

/* Gives the flag beside it. */
static bool
get_change(struct reading *r, struct change_ref *change)
{
	struct bytes log = get_term(r);
	uint64_t seq = get_number(r);
	struct bytes leaf = get_fixed(r, LEAF_SIZE);
	uint64_t number = get_number(r);

	if (log.n != sizeof(change->delta.log.b) || number >> 17 != 0)
		r->bad = true;
	if (r->bad)
		return false;
	bytes_copy(change->delta.log.b, log);
	change->delta.seq = seq;
	bytes_copy(change->delta.leaf, leaf);
	change->change = (uint16_t)(number >> 1);
	return (number & 1) != 0;
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

static unsigned
get_flags(struct reading *r, struct record *record)
{
	unsigned flags = get_u8(r);
	unsigned status = (flags & STATUS_MASK) >> STATUS_SHIFT;

	if (flags >> VERSION_SHIFT != VERSION || status > RECORD_CONTESTED)
		r->bad = true;
	record->exists = (flags & FLAG_EXISTS) != 0;
	record->plain = (flags & FLAG_PLAIN) != 0;
	record->status = (enum record_status)status;
	return flags;
}

static void
get_sources(struct reading *r, struct arena *arena, struct record *record)
{
	size_t n = get_count(r, SOURCE_SIZE_MIN);

	record->sources = arena_array(arena, n, sizeof(*record->sources));
	for (size_t i = 0; i < n && !r->bad; i++) {
		struct record_source *source = &record->sources[i];
		uint64_t age;
		struct bytes actor;

		source->has_actor = get_change(r, &source->at);
		age = get_number(r);
		if (age > record->changed.v)
			r->bad = true;
		source->stamp.v = record->changed.v - age;
		if (!source->has_actor)
			continue;
		actor = get_term(r);
		if (actor.n == sizeof(source->actor.b))
			bytes_copy(source->actor.b, actor);
		else
			r->bad = true;
	}
	record->sources_n = n;
}

static void
get_heads(
    struct reading *r, bool last, struct arena *arena, struct record *record)
{
	size_t n = last ? 1 : get_count(r, 1);

	if (last && record->sources_n == 0)
		r->bad = true;
	record->heads = arena_array(arena, n, sizeof(*record->heads));
	for (size_t i = 0; i < n && !r->bad; i++) {
		uint64_t source = last ? record->sources_n : get_number(r);

		if (source > record->sources_n)
			r->bad = true;
		else if (source > 0)
			record->heads[i] = record->sources[source - 1].at;
		else if (get_change(r, &record->heads[i]))
			r->bad = true;
	}
	record->heads_n = n;
}

/* The name of the next field, whose first byte is `first`. */
static inline struct bytes
get_name(struct reading *r, unsigned first, struct before *before)
{
	unsigned step = first & FIELD_NAME;
	uint64_t no;

	if (step != 0) {
		before->word += step - NAME_SAME;
		return word_text(r, before->word);
	}
	no = get_number(r);
	if (no > r->words->n)
		r->bad = true;
	before->word = r->bad ? 0 : (uint32_t)no;
	return no == 0 ? get_text(r) : word_text(r, before->word);
}

/* Fields rise, or merge_find would miss some. */
static void
get_fields(struct reading *r, struct arena *arena, struct record *record)
{
	size_t n = get_count(r, 2);
	struct record_value *values = arena_array(arena, n, sizeof(*values));
	struct before before = before_first;

	record->fields = arena_array(arena, n, sizeof(*record->fields));
	for (size_t i = 0; i < n && !r->bad; i++) {
		struct record_field *field = &record->fields[i];
		unsigned first = get_u8(r);

		field->name = get_name(r, first, &before);
		field->n = 1;
		field->kind = before.kind;
		if ((first & FIELD_LIKE) == 0) {
			unsigned tag = get_u8(r);
			unsigned class = tag >> TAG_CLASS_SHIFT;
			uint64_t number = get_number(r);

			field->kind = (enum field_kind)(tag & TAG_KIND);
			if (field->kind >= KIND_COUNT || class > CLASS_COUNT ||
			    number > UINT32_MAX)
				r->bad = true;
			if (class > 0) {
				before.kind = field->kind;
				before.class = (enum delta_class)(class - 1);
				before.source = (uint32_t)number;
			} else {
				field->n = (size_t)number;
				r->bad = r->bad || number < 2 ||
					 (first & ~(unsigned)FIELD_NAME) != 0;
			}
		}
		if (field->n == 1) {
			field->values = &values[i];
			get_one(r, first, &before, field->values);
			r->bad = r->bad || before.source >= record->sources_n;
		}
		if (i > 0 &&
		    merge_compare(field - 1, field->name, field->kind) >= 0)
			r->bad = true;
	}
	record->fields_n = n;
}

static void
get_one(struct reading *r, unsigned first, struct before *before,
    struct record_value *value)
{
	uint64_t op = (uint16_t)(before->op + OP_STEP);
	uint64_t n = 0;

	if ((first & FIELD_NEXT) == 0)
		op = get_number(r);
	if ((first & FIELD_SHORT) == 0)
		n = get_number(r);
	else if (!r->bad && r->at < r->in.n)
		n = short_size(r->in.p[r->at]);
	if (op > UINT16_MAX || n == 0 || n > r->in.n)
		r->bad = true;
	before->op = (uint16_t)op;
	*value = (struct record_value){.source = before->source,
	    .op = (uint16_t)op,
	    .class = before->class,
	    .value = get_fixed(r, (size_t)n)};
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
