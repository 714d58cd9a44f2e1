/*
 * Which fields are indexed, under which keys their values stand, and walks
 * through them.  The commands and core/rules.c ask here; core/lookup_keep.c
 * writes the rows.  Which fields are indexed is the pack's to say; nothing here
 * knows a domain.
 */
#include "core/lookup.h"

#include <string.h>

#include "proto/codec.h"
#include "proto/mem.h"

const char lookup_meta[] = "lookup";

enum { LAYOUT = 1, OPEN_WORK = 0, PART_MAX = 32, HASH_SIZE = 16 };

/* Forms of a value part. */
enum { FORM_INT = 1, FORM_TEXT, FORM_BYTES, FORM_BOOL, FORM_HASH };

static void state_make(struct lookup *lookup, const struct pack *pack);
static bool index_is_of(
    const struct lookup_index *index, struct bytes collection);
static void index_key(struct space_no space, uint16_t no, struct key *key);
static void part_add(const struct txn *txn, const struct lookup_index *index,
    enum delta_class class, struct bytes value, struct key *key);
static bool part_plain(struct bytes value, struct key *key);
static bool scan_seek(struct lookup_scan *scan, struct kv_cursor *cursor);
static bool scan_has(const struct lookup_scan *scan, struct bytes key);

/* ---- what is indexed ---------------------------------------------------- */

struct lookup *
lookup_new(const struct pack *pack, const uint8_t *secret)
{
	struct lookup *lookup = mem_zeros(1, sizeof(*lookup));
	size_t room = 0;

	memcpy(lookup->secret, secret, sizeof(lookup->secret));
	for (size_t i = 0; pack != NULL && i < pack->collections_n; i++) {
		const struct pack_collection *c = &pack->collections[i];

		for (size_t k = 0; k < c->fields_n; k++) {
			if (c->fields[k].index == PACK_INDEX_NONE)
				continue;
			mem_room(&lookup->indexes, &room, lookup->n + 1,
			    sizeof(*lookup->indexes));
			lookup->indexes[lookup->n] = (struct lookup_index){
			    .field = &c->fields[k],
			    .no = (uint16_t)(lookup->n + 1)};
			lookup->n++;
		}
	}
	assert(lookup->n < UINT16_MAX);
	state_make(lookup, pack);
	return lookup;
}

static void
state_make(struct lookup *lookup, const struct pack *pack)
{
	struct buf text = {0};

	buf_add_format(&text, "golmok/lookup %d\n", LAYOUT);
	if (pack != NULL)
		buf_add_format(&text, "%s %llu\n", pack->name,
		    (unsigned long long)pack->version);
	for (size_t i = 0; i < lookup->n; i++) {
		const struct pack_field *field = lookup->indexes[i].field;

		buf_add_format(&text, "%s.%s %d %d\n", field->collection,
		    field->name, (int)field->kind, (int)field->data_class);
	}
	crypto_blake2b(bytes_of(lookup->secret, sizeof(lookup->secret)),
	    buf_bytes(&text), lookup->state, sizeof(lookup->state));
	buf_fini(&text);
}

void
lookup_free(struct lookup *lookup)
{
	if (lookup == NULL)
		return;
	crypto_wipe(lookup->secret, sizeof(lookup->secret));
	mem_free(lookup->indexes);
	mem_free(lookup);
}

/* The first index of `collection`; the others follow it. */
const struct lookup_index *
lookup_first(const struct lookup *lookup, struct bytes collection)
{
	for (size_t i = 0; lookup != NULL && i < lookup->n; i++)
		if (index_is_of(&lookup->indexes[i], collection))
			return &lookup->indexes[i];
	return NULL;
}

static bool
index_is_of(const struct lookup_index *index, struct bytes collection)
{
	return bytes_is(collection, index->field->collection);
}

const struct lookup_index *
lookup_next_index(const struct lookup *lookup, const struct lookup_index *index)
{
	const struct lookup_index *next = index + 1;

	if (next == lookup->indexes + lookup->n ||
	    strcmp(next->field->collection, index->field->collection) != 0)
		return NULL;
	return next;
}

/* The index of `field`, which may be of another copy of the pack. */
static const struct lookup_index *
index_of(const struct lookup *lookup, const struct pack_field *field)
{
	for (size_t i = 0; lookup != NULL && i < lookup->n; i++) {
		const struct pack_field *own = lookup->indexes[i].field;

		if (own == field ||
		    (strcmp(own->collection, field->collection) == 0 &&
			strcmp(own->name, field->name) == 0))
			return &lookup->indexes[i];
	}
	return NULL;
}

/* ---- keys --------------------------------------------------------------- */

static void
index_key(struct space_no space, uint16_t no, struct key *key)
{
	uint8_t b[2];

	tables_space_key(space, key);
	bytes_put_be16(b, no);
	tables_key_add(key, bytes_of(b, sizeof(b)));
}

/* Adds the value part to `key`, which index_key made. */
static void
part_add(const struct txn *txn, const struct lookup_index *index,
    enum delta_class class, struct bytes value, struct key *key)
{
	const struct lookup *lookup = txn->lookup;
	struct buf hashed = {0};
	uint8_t part[1 + HASH_SIZE] = {FORM_HASH};

	if (index->field->data_class == CLASS_N && class == CLASS_N &&
	    part_plain(value, key))
		return;
	buf_add(&hashed, tables_key(key));
	buf_add(&hashed, value);
	crypto_blake2b(bytes_of(lookup->secret, sizeof(lookup->secret)),
	    buf_bytes(&hashed), part + 1, HASH_SIZE);
	buf_wipe(&hashed);
	tables_key_add(key, bytes_of(part, sizeof(part)));
}

static void
part_text(uint8_t form, struct bytes content, struct key *key)
{
	uint8_t part[1 + PART_MAX] = {form};
	size_t n = content.n < PART_MAX ? content.n : PART_MAX;

	bytes_copy(part + 1, bytes_first(content, n));
	if (n < PART_MAX)
		n++;
	tables_key_add(key, bytes_of(part, 1 + n));
}

/* Adds the part of a value that stands as it is; false when it has no order. */
static bool
part_plain(struct bytes value, struct key *key)
{
	uint8_t part[1 + 8] = {FORM_INT};
	struct reader r;

	codec_begin(&r, value);
	switch (codec_peek(&r)) {
	case CODEC_INT:
		bytes_put_be64(
		    part + 1, (uint64_t)codec_get_int(&r) ^ UINT64_C(1) << 63);
		tables_key_add(key, bytes_of(part, sizeof(part)));
		return true;
	case CODEC_BOOL:
		part[0] = FORM_BOOL;
		part[1] = codec_get_bool(&r);
		tables_key_add(key, bytes_of(part, 2));
		return true;
	case CODEC_TEXT:
		part_text(FORM_TEXT, codec_get_text(&r), key);
		return true;
	case CODEC_BYTES:
		part_text(FORM_BYTES, codec_get_bytes(&r), key);
		return true;
	case CODEC_NONE:
	case CODEC_NIL:
	case CODEC_ARRAY:
	case CODEC_MAP:
		break;
	}
	return false;
}

void
lookup_value_key(const struct turn_place *at, const struct lookup_index *index,
    const struct cell *cell, struct key *key)
{
	index_key(at->space->no, index->no, key);
	part_add(at->txn, index, cell->class, cell->value, key);
	tables_key_add(key, bytes_of(at->id->b, sizeof(at->id->b)));
}

void
lookup_open_key(const struct turn_place *at, struct key *key)
{
	index_key(at->space->no, OPEN_WORK, key);
	tables_key_add(key, bytes_of(at->id->b, sizeof(at->id->b)));
}

bool
lookup_key(struct txn *txn, struct space_no space,
    const struct pack_field *field, struct bytes value, struct key *key)
{
	const struct lookup_index *index = index_of(txn->lookup, field);

	if (index == NULL)
		return false;
	index_key(space, index->no, key);
	part_add(txn, index, field->data_class, value, key);
	return true;
}

/* ---- walks -------------------------------------------------------------- */

enum lookup_stand
lookup_stand(struct txn *txn, struct lookup_done *done)
{
	struct bytes state = {0};
	struct bytes row;
	struct key key = {0};

	/* A damaged value is as good as none: the indexes are made anew. */
	tables_key_add(&key, bytes_text(lookup_meta));
	if (txn->lookup == NULL ||
	    !kv_find(txn->kv, TABLE_META, tables_key(&key), &row) ||
	    tables_open(TABLE_META, tables_key(&key), row, &state) != ERR_OK ||
	    !bytes_begins(state, bytes_of(txn->lookup->state, LOOKUP_STATE)))
		return LOOKUP_OTHER;
	if (state.n == LOOKUP_STATE)
		return LOOKUP_WHOLE;
	if (state.n != LOOKUP_STATE + 4 + sizeof(done->id.b))
		return LOOKUP_OTHER;
	done->space = bytes_be32(bytes_after(state, LOOKUP_STATE).p);
	bytes_copy(done->id.b, bytes_after(state, LOOKUP_STATE + 4));
	return LOOKUP_UNDONE;
}

bool
lookup_is_current(struct txn *txn)
{
	struct lookup_done done;

	return lookup_stand(txn, &done) == LOOKUP_WHOLE;
}

bool
lookup_has(struct txn *txn, const struct pack_field *field)
{
	return index_of(txn->lookup, field) != NULL && lookup_is_current(txn);
}

void
lookup_open(struct txn *txn, struct space_no space, struct lookup_scan *scan)
{
	*scan = (struct lookup_scan){.txn = txn};
	index_key(space, OPEN_WORK, &scan->under);
	scan->at = scan->under;
}

void
lookup_equal(struct txn *txn, struct space_no space,
    const struct pack_field *field, struct bytes value,
    struct lookup_scan *scan)
{
	const struct lookup_index *index = index_of(txn->lookup, field);

	assert(index != NULL);
	*scan = (struct lookup_scan){.txn = txn};
	index_key(space, index->no, &scan->under);
	part_add(txn, index, field->data_class, value, &scan->under);
	scan->at = scan->under;
	if (field->data_class != CLASS_N)
		return;
	/* What was written into the field under another pack, as personal. */
	index_key(space, index->no, &scan->second);
	part_add(txn, index, CLASS_P, value, &scan->second);
	/* A value without an order stands there either way. */
	if (bytes_equal(tables_key(&scan->under), tables_key(&scan->second)))
		scan->second.n = 0;
}

enum err
lookup_next(struct lookup_scan *scan, struct record_id *id, bool *found)
{
	struct kv_cursor cursor;
	enum err e = ERR_OK;

	*found = false;
	kv_cursor_init(&cursor, scan->txn->kv, TABLE_LOOKUP);
	while (!*found && scan_seek(scan, &cursor)) {
		if (cursor.key.n < scan->under.n + sizeof(id->b)) {
			e = tables_corrupt(
			    TABLE_LOOKUP, cursor.key, "it has no record");
			break;
		}
		/* Bytes with a zero inside may look like shorter ones. */
		*found = cursor.key.n == scan->under.n + sizeof(id->b);
		if (*found)
			bytes_copy(id->b, bytes_after(cursor.key,
					      cursor.key.n - sizeof(id->b)));
		scan->at.n = 0;
		tables_key_add(&scan->at, cursor.key);
		tables_key_add(&scan->at, bytes_of("", 1));
	}
	kv_cursor_fini(&cursor);
	return e != ERR_OK ? txn_fail(scan->txn, e) : kv_failed(scan->txn->kv);
}

/* The first row from scan->at on that belongs to the walk. */
static bool
scan_seek(struct lookup_scan *scan, struct kv_cursor *cursor)
{
	bool more = kv_seek(cursor, tables_key(&scan->at));

	if (more && scan_has(scan, cursor->key))
		return true;
	if (scan->second.n == 0)
		return false;
	scan->under = scan->second;
	scan->at = scan->second;
	scan->second.n = 0;
	return kv_seek(cursor, tables_key(&scan->at)) &&
	       scan_has(scan, cursor->key);
}

static bool
scan_has(const struct lookup_scan *scan, struct bytes key)
{
	return bytes_begins(key, tables_key(&scan->under));
}
