/*
 * From a pack to the list of its indexes.  core/lookup.c asks when a store is
 * opened.  Reads no table.
 */
#include "core/lookup_make.h"

#include <stdlib.h>
#include <string.h>

/* Rises when rows are made otherwise than before. */
enum { LAYOUT = 3 };

static void set_make(struct lookup *lookup,
    const struct pack_collection *collection, size_t *no,
    struct lookup_set *set);
static void touches_make(struct lookup *lookup, struct lookup_set *set);
static int touch_order(const void *a, const void *b);
static int set_order(const void *a, const void *b);
static void state_make(struct lookup *lookup, const struct pack *pack);

void
lookup_make_all(struct lookup *lookup, const struct pack *pack)
{
	size_t no = LOOKUP_OPEN_WORK + 1;

	if (pack != NULL) {
		lookup->fold = pack->fold;
		lookup->sets_n = pack->collections_n;
		lookup->sets = arena_array(
		    &lookup->arena, lookup->sets_n, sizeof(*lookup->sets));
	}
	for (size_t i = 0; i < lookup->sets_n; i++)
		set_make(lookup, &pack->collections[i], &no, &lookup->sets[i]);
	/* What a pack of LIMIT_JSON_SIZE has room to name. */
	assert(no <= UINT16_MAX);
	state_make(lookup, pack);
	if (lookup->sets_n > 0)
		qsort(lookup->sets, lookup->sets_n, sizeof(*lookup->sets),
		    set_order);
}

static int
set_order(const void *a, const void *b)
{
	const struct lookup_set *x = a;
	const struct lookup_set *y = b;

	return strcmp(x->collection->name, y->collection->name);
}

/* The indexes of `collection`, numbered from `*no` on. */
static void
set_make(struct lookup *lookup, const struct pack_collection *collection,
    size_t *no, struct lookup_set *set)
{
	const struct pack_field *fields = collection->fields;
	struct lookup_index *indexes = arena_array(&lookup->arena,
	    1 + 2 * collection->fields_n + collection->indexes_n,
	    sizeof(*indexes));
	size_t n = 0;

	indexes[n++].kind = LOOKUP_LIST;
	for (size_t i = 0; i < collection->fields_n; i++)
		if (fields[i].index != PACK_INDEX_NONE)
			indexes[n++] = (struct lookup_index){
			    .kind = LOOKUP_FIELD, .field = &fields[i]};
	for (size_t i = 0; i < collection->indexes_n; i++)
		indexes[n++] = (struct lookup_index){.kind = LOOKUP_COMPOUND,
		    .compound = &collection->indexes[i]};
	for (size_t i = 0; i < collection->fields_n; i++)
		if (fields[i].search)
			indexes[n++] = (struct lookup_index){
			    .kind = LOOKUP_TEXT, .field = &fields[i]};
	for (size_t i = 0; i < n; i++)
		indexes[i].no = (uint16_t)(*no)++;
	*set = (struct lookup_set){
	    .collection = collection, .n = n, .indexes = indexes};
	touches_make(lookup, set);
}

/* Does `index` change with `field`? */
static bool
is_touched(const struct lookup_index *index, const struct pack_field *field)
{
	if (index->kind != LOOKUP_COMPOUND)
		return index->field == field;
	for (size_t i = 0; i < index->compound->fields_n; i++)
		if (index->compound->fields[i] == field)
			return true;
	return false;
}

static void
touches_make(struct lookup *lookup, struct lookup_set *set)
{
	const struct pack_collection *collection = set->collection;
	struct lookup_touch *touches = arena_array(
	    &lookup->arena, collection->fields_n, sizeof(*touches));

	for (size_t i = 0; i < collection->fields_n; i++) {
		struct lookup_touch touch = {.field = &collection->fields[i]};
		uint16_t *indexes;
		size_t n = 0;

		for (size_t k = 0; k < set->n; k++)
			touch.n += is_touched(&set->indexes[k], touch.field);
		indexes = arena_array(
		    &lookup->arena, touch.n, sizeof(*indexes));
		for (size_t k = 0; k < set->n; k++)
			if (is_touched(&set->indexes[k], touch.field))
				indexes[n++] = (uint16_t)k;
		touch.indexes = indexes;
		if (touch.n > 0)
			touches[set->touches_n++] = touch;
	}
	if (set->touches_n > 0)
		qsort(touches, set->touches_n, sizeof(*touches), touch_order);
	set->touches = touches;
}

static int
touch_order(const void *a, const void *b)
{
	const struct lookup_touch *x = a;
	const struct lookup_touch *y = b;

	return strcmp(x->field->name, y->field->name);
}

/* What the rows of `index` depend on beside its number. */
static void
index_tell(const struct lookup_index *index, struct buf *text)
{
	const struct pack_field *const *fields = &index->field;
	size_t n = index->field != NULL;

	if (index->kind == LOOKUP_COMPOUND) {
		fields = index->compound->fields;
		n = index->compound->fields_n;
	}
	buf_add_format(text, "%d %d", (int)index->no, (int)index->kind);
	for (size_t i = 0; i < n; i++)
		buf_add_format(text, " %s %d %d %d", fields[i]->name,
		    (int)fields[i]->kind, (int)fields[i]->type,
		    (int)fields[i]->data_class);
	buf_add_text(text, "\n");
}

static void
words_tell(const char *const *words, size_t n, struct buf *text)
{
	for (size_t i = 0; i < n; i++)
		buf_add_format(text, "'%s' ", words[i]);
	buf_add_text(text, "\n");
}

static void
state_make(struct lookup *lookup, const struct pack *pack)
{
	struct buf text = {0};

	buf_add_format(&text, "golmok/lookup %d\n", LAYOUT);
	if (pack != NULL)
		buf_add_format(&text, "%s %llu\n", pack->name,
		    (unsigned long long)pack->version);
	if (lookup->fold != NULL) {
		words_tell(lookup->fold->drop, lookup->fold->drop_n, &text);
		words_tell(lookup->fold->drop_before_digit,
		    lookup->fold->drop_before_digit_n, &text);
	}
	for (size_t i = 0; i < lookup->sets_n; i++) {
		const struct lookup_set *set = &lookup->sets[i];

		buf_add_format(&text, "%s\n", set->collection->name);
		for (size_t k = 0; k < set->n; k++)
			index_tell(&set->indexes[k], &text);
	}
	crypto_blake2b(bytes_of(lookup->secret, sizeof(lookup->secret)),
	    buf_bytes(&text), lookup->state, sizeof(lookup->state));
	buf_fini(&text);
}
