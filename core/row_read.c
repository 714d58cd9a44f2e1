/*
 * Rows of records read back.  core/record.c loads them with it.  Knows no
 * table, and takes every length in a row for a lie until it has been checked.
 */
#include "core/row_read.h"

#include <string.h>

enum { SOURCE_SIZE_MIN = 1 + 1 + ROW_LEAF_SIZE + 1 + 1 };

/* Reads on, and stops for good at the first thing that cannot be. */
struct reading {
	struct bytes in;
	size_t at;
	bool bad;
	const struct words *words;
};

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
static inline bool is_above(
    const struct words *words, uint32_t low, uint32_t high);
static inline void get_field(struct reading *r, struct row_before *before,
    struct record_field *field, struct record_value *value);
static void get_one(struct reading *r, unsigned first,
    struct row_before *before, struct record_value *value);

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
row_read_record(struct bytes in, const struct words *words, struct arena *arena,
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
	else if ((flags & ROW_FLAG_CREATED) == 0)
		age = get_number(&r);
	if (age > record->changed.v)
		r.bad = true;
	record->created.v = record->changed.v - age;
	get_sources(&r, arena, record);
	get_heads(&r, (flags & ROW_FLAG_HEAD) != 0, arena, record);
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
	struct bytes ms = get_fixed(r, ROW_MS_SIZE);
	uint64_t counter = get_number(r);
	struct stamp stamp = {0};

	for (size_t i = 0; i < ms.n; i++)
		stamp.v = stamp.v << 8 | ms.p[i];
	if (counter > ROW_COUNTER_MASK)
		r->bad = true;
	stamp.v = stamp.v << ROW_COUNTER_BITS | (counter & ROW_COUNTER_MASK);
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
	struct bytes leaf = get_fixed(r, ROW_LEAF_SIZE);
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
	unsigned status = (flags & ROW_STATUS_MASK) >> ROW_STATUS_SHIFT;

	if (flags >> ROW_VERSION_SHIFT != ROW_VERSION ||
	    status > RECORD_CONTESTED)
		r->bad = true;
	record->exists = (flags & ROW_FLAG_EXISTS) != 0;
	record->plain = (flags & ROW_FLAG_PLAIN) != 0;
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
get_name(struct reading *r, unsigned first, struct row_before *before)
{
	unsigned step = first & ROW_FIELD_NAME;
	uint64_t no;

	if (step != 0) {
		before->word += step - ROW_NAME_SAME;
		return word_text(r, before->word);
	}
	no = get_number(r);
	if (no > r->words->n)
		r->bad = true;
	before->word = r->bad ? 0 : (uint32_t)no;
	return no == 0 ? get_text(r) : word_text(r, before->word);
}

static void
get_fields(struct reading *r, struct arena *arena, struct record *record)
{
	size_t n = get_count(r, 2);
	struct record_value *values = arena_array(arena, n, sizeof(*values));
	struct row_before before = row_before_first;

	record->fields = arena_array(arena, n, sizeof(*record->fields));
	for (size_t i = 0; i < n && !r->bad; i++) {
		struct record_field *field = &record->fields[i];
		uint32_t last = before.word;

		get_field(r, &before, field, &values[i]);
		if (field->n == 1 && before.source >= record->sources_n)
			r->bad = true;
		/* Fields rise, or merge_find would miss some. */
		if (i > 0 && !r->bad &&
		    !is_above(r->words, last, before.word) &&
		    merge_compare(field - 1, field->name, field->kind) >= 0)
			r->bad = true;
	}
	record->fields_n = n;
}

/* Are these names so, by what is at hand of them? */
static inline bool
is_above(const struct words *words, uint32_t low, uint32_t high)
{
	return low != 0 && high != 0 &&
	       words->list[high - 1].head > words->list[low - 1].head;
}

static inline void
get_field(struct reading *r, struct row_before *before,
    struct record_field *field, struct record_value *value)
{
	unsigned first = get_u8(r);

	field->name = get_name(r, first, before);
	field->n = 1;
	field->kind = before->kind;
	if ((first & ROW_FIELD_LIKE) == 0) {
		unsigned tag = get_u8(r);
		unsigned class = tag >> ROW_TAG_CLASS_SHIFT;
		uint64_t number = get_number(r);

		field->kind = (enum field_kind)(tag & ROW_TAG_KIND);
		if (field->kind >= KIND_COUNT || class > CLASS_COUNT ||
		    number > UINT32_MAX)
			r->bad = true;
		if (class == 0) {
			field->n = (size_t)number;
			r->bad = r->bad || number < 2 ||
				 (first & ~(unsigned)ROW_FIELD_NAME) != 0;
			return;
		}
		before->kind = field->kind;
		before->class = (enum delta_class)(class - 1);
		before->source = (uint32_t)number;
	}
	field->values = value;
	get_one(r, first, before, value);
}

static void
get_one(struct reading *r, unsigned first, struct row_before *before,
    struct record_value *value)
{
	uint64_t op = (uint16_t)(before->op + ROW_OP_STEP);
	uint64_t n = 0;

	if ((first & ROW_FIELD_NEXT) == 0)
		op = get_number(r);
	if ((first & ROW_FIELD_SHORT) == 0)
		n = get_number(r);
	else if (!r->bad && r->at < r->in.n)
		n = row_short_size(r->in.p[r->at]);
	if (op > UINT16_MAX || n == 0 || n > r->in.n)
		r->bad = true;
	before->op = (uint16_t)op;
	*value = (struct record_value){.source = before->source,
	    .op = (uint16_t)op,
	    .class = before->class,
	    .value = get_fixed(r, (size_t)n)};
}
