/*
 * Rows of records as bytes.  core/record.c stores them with it; with the same
 * list of words the same record always gives the same bytes.  Knows no table.
 */
#include "core/row.h"

#include <stdlib.h>
#include <string.h>

#include "proto/mem.h"

/* Most records stem from fewer changes. */
enum { FEW_SOURCES = 16 };

const struct row_before row_before_first = {.op = (uint16_t)-ROW_OP_STEP};

static void put_number(struct buf *out, uint64_t v);
static void put_text(struct buf *out, struct bytes text);
static void put_stamp(struct buf *out, struct stamp stamp);
static bool is_last_source(const struct record *record, const uint32_t *index);
static void put_term(struct buf *out, struct words *words, struct bytes text);
static void put_change(struct buf *out, struct words *words,
    const struct change_ref *change, bool flag);
static void put_sources(const struct record *record, uint32_t *index,
    struct words *words, struct buf *out);
static void put_heads(const struct record *record, const uint32_t *index,
    struct words *words, struct buf *out);
static void put_field(const struct record_field *field, uint32_t source,
    struct words *words, struct row_before *before, struct buf *out);
static int compare_sources(const void *a, const void *b);

void
row_encode(const struct record *record, struct words *words, struct buf *out)
{
	unsigned flags = (record->exists ? ROW_FLAG_EXISTS : 0u) |
			 (record->plain ? ROW_FLAG_PLAIN : 0u) |
			 (unsigned)record->status << ROW_STATUS_SHIFT;
	struct row_before before = row_before_first;
	size_t at = out->n;
	bool created = record->collection.n > 0 &&
		       record->created.v == record->changed.v;
	uint32_t few[FEW_SOURCES] = {0};
	uint32_t *index = few;

	assert(record->created.v <= record->changed.v);
	if (record->sources_n > FEW_SOURCES)
		index = mem_zeros(record->sources_n, sizeof(*index));
	buf_add_u8(out, 0);
	put_term(out, words, record->collection);
	put_stamp(out, record->changed);
	if (record->collection.n > 0 && !created)
		put_number(out, record->changed.v - record->created.v);
	put_sources(record, index, words, out);
	if (is_last_source(record, index))
		flags |= ROW_FLAG_HEAD;
	else
		put_heads(record, index, words, out);
	flags |= created ? ROW_FLAG_CREATED : 0u;
	out->p[at] = (uint8_t)(ROW_VERSION << ROW_VERSION_SHIFT | flags);
	put_number(out, record->fields_n);
	for (size_t i = 0; i < record->fields_n; i++) {
		const struct record_field *field = &record->fields[i];
		uint32_t source = 0;

		assert(field->n > 0);
		if (field->n == 1)
			source = index[field->values->source] - 1;
		put_field(field, source, words, &before, out);
	}
	if (index != few)
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
	uint64_t ms = stamp.v >> ROW_COUNTER_BITS;

	for (unsigned i = ROW_MS_SIZE; i > 0; i--)
		buf_add_u8(out, (uint8_t)(ms >> 8 * (i - 1)));
	put_number(out, stamp.v & ROW_COUNTER_MASK);
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
	buf_add(out, bytes_of(delta->leaf, ROW_LEAF_SIZE));
	put_number(out, (uint32_t)change->change << 1 | flag);
}

/* Gives for each source its number in the row, counted from 1; 0 for those
 * that are left out.  `index` comes zeroed. */
static void
put_sources(const struct record *record, uint32_t *index, struct words *words,
    struct buf *out)
{
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

/* Names come in the same order again and again, and got numbers in it. */
static uint32_t
name_word(struct words *words, uint32_t last, struct bytes name)
{
	if (last < words->n && bytes_equal(words->list[last].text, name))
		return last + 1;
	return words_add(words, name);
}

/* `source` counts from 0, among those of the row. */
static void
put_field(const struct record_field *field, uint32_t source,
    struct words *words, struct row_before *before, struct buf *out)
{
	const struct record_value *value = field->values;
	bool one = field->n == 1;
	bool like = one && field->kind == before->kind &&
		    value->class == before->class && source == before->source;
	uint16_t op_next = (uint16_t)(before->op + ROW_OP_STEP);
	bool brief = one && value->value.n > 0 &&
		     value->value.n == row_short_size(value->value.p[0]);
	uint32_t word = name_word(words, before->word, field->name);
	int64_t step = (int64_t)word - before->word + ROW_NAME_SAME;
	unsigned first = (like ? ROW_FIELD_LIKE : 0u) |
			 (brief ? ROW_FIELD_SHORT : 0u) |
			 (one && value->op == op_next ? ROW_FIELD_NEXT : 0u);

	if (word == 0 || step < 1 || step > ROW_FIELD_NAME)
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
		buf_add_u8(out, (uint8_t)((unsigned)field->kind |
					  ((unsigned)value->class + 1)
					      << ROW_TAG_CLASS_SHIFT));
		put_number(out, source);
	}
	if (value->op != op_next)
		put_number(out, value->op);
	if (!brief)
		put_number(out, value->value.n);
	buf_add(out, value->value);
	*before = (struct row_before){
	    word, field->kind, value->class, source, value->op};
}

size_t
row_short_size(uint8_t first)
{
	if (first >= 0xa0 && first <= 0xbf)
		return (size_t)1 + (first & 0x1f);
	if (first <= 0x7f || first >= 0xe0 || first == 0xc2 || first == 0xc3)
		return 1;
	return 0;
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
	sources = arena_room(arena, n, sizeof(*sources));
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
			const struct record_source *source = sources;

			if (kept > 1)
				source = bsearch(given, sources, kept,
				    sizeof(*sources), compare_sources);
			assert(source != NULL);
			given++;
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
