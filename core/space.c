/*
 * The spaces that this store knows.  A space gets a number at its first delta;
 * its row, with the state digests, is read once in a transaction and written
 * once at its end.  Never judges who may see a space.
 */
#include "core/space.h"

#include "core/gap.h"

enum { SPACE_ROW_SIZE = 4 + CLASS_COUNT * 32 + 8, SLOTS_MIN = 16 };

static struct space_state *cached(struct txn *txn, const struct space *name);
static struct space_state *load(
    struct txn *txn, struct bytes key, struct bytes row);
static void add(struct txn *txn, struct space_state *space);
static void grow(struct txn *txn);
static void numbers_grow(struct txn *txn, struct space_no no);
static void space_put(struct txn *txn, struct space_state *space);
static void name_key(const struct space *name, struct key *key);

struct space_state *
space_find(struct txn *txn, const struct space *name)
{
	struct space_state *space = cached(txn, name);
	struct bytes row;
	struct key key;

	if (space != NULL)
		return space;
	name_key(name, &key);
	if (!kv_find(txn->kv, TABLE_SPACES, tables_key(&key), &row)) {
		gap_sure(txn, TABLE_SPACES, tables_key(&key));
		return NULL;
	}
	return load(txn, tables_key(&key), row);
}

static struct space_state **
slot_of(struct txn *txn, const struct space *name)
{
	uint32_t hash = 2166136261u;

	for (const char *p = name->text; *p != '\0'; p++)
		hash = (hash ^ (uint8_t)*p) * 16777619u;
	return &txn->space_table[hash & (txn->space_table_size - 1)];
}

static struct space_state *
cached(struct txn *txn, const struct space *name)
{
	struct space_state *space;

	if (txn->space_table_size == 0)
		return NULL;
	space = *slot_of(txn, name);
	while (space != NULL && !id_space_equal(&space->name, name))
		space = space->chain;
	return space;
}

static void
add(struct txn *txn, struct space_state *space)
{
	struct space_state **slot;

	space->next = txn->spaces;
	txn->spaces = space;
	if (txn->spaces_n++ >= txn->space_table_size)
		grow(txn);
	slot = slot_of(txn, &space->name);
	space->chain = *slot;
	*slot = space;
	if (space->no.v >= txn->space_nos_size)
		numbers_grow(txn, space->no);
	txn->space_nos[space->no.v] = space;
}

/* All but the newest, which comes next. */
static void
grow(struct txn *txn)
{
	struct space_state *space = txn->spaces->next;
	struct space_state **slot;

	txn->space_table_size *= 2;
	if (txn->space_table_size == 0)
		txn->space_table_size = SLOTS_MIN;
	txn->space_table = arena_array(
	    &txn->arena, txn->space_table_size, sizeof(struct space_state *));
	for (; space != NULL; space = space->next) {
		slot = slot_of(txn, &space->name);
		space->chain = *slot;
		*slot = space;
	}
}

static void
numbers_grow(struct txn *txn, struct space_no no)
{
	size_t size = 2 * (size_t)no.v + SLOTS_MIN;
	struct space_state **nos = arena_array(
	    &txn->arena, size, sizeof(struct space_state *));

	for (size_t i = 0; i < txn->space_nos_size; i++)
		nos[i] = txn->space_nos[i];
	txn->space_nos = nos;
	txn->space_nos_size = size;
}

/* The space of a row that is not cached yet; NULL, and the failure kept, when
 * it is damaged. */
static struct space_state *
load(struct txn *txn, struct bytes key, struct bytes row)
{
	struct space_state *space = arena_new(&txn->arena, sizeof(*space));
	struct bytes in = {0};
	enum err e = tables_open(TABLE_SPACES, key, row, &in);

	if (e == ERR_OK && in.n != SPACE_ROW_SIZE)
		e = tables_corrupt(TABLE_SPACES, key, "its size is wrong");
	if (e == ERR_OK)
		e = id_space(key, &space->name);
	if (e == ERR_OK) {
		space->no.v = bytes_be32(in.p);
		bytes_copy(
		    space->digests, bytes_slice(in, 4, sizeof(space->digests)));
		space->records = bytes_be64(
		    bytes_after(in, SPACE_ROW_SIZE - 8).p);
		if (space->no.v == 0 || space->no.v > LIMIT_SPACES)
			e = tables_corrupt(TABLE_SPACES, key,
			    "its number is 0, or beyond all");
		else if (space->no.v < txn->space_nos_size &&
			 txn->space_nos[space->no.v] != NULL)
			e = tables_corrupt(
			    TABLE_SPACES, key, "another space has its number");
	}
	if (e != ERR_OK) {
		kv_fail(txn->kv, e);
		return NULL;
	}
	add(txn, space);
	return space;
}

enum err
space_get(struct txn *txn, const struct space *name, struct space_state **out)
{
	struct space_state *space = space_find(txn, name);
	uint64_t n;
	enum err e = kv_failed(txn->kv);

	*out = space;
	if (space != NULL || e != ERR_OK)
		return e;
	assert(txn->write);
	/* Rows are never removed, so their count is the last number. */
	n = kv_count(txn->kv, TABLE_SPACES);
	if (n >= LIMIT_SPACES)
		return txn_fail(txn,
		    err_set(ERR_LIMIT,
			"this store has %d spaces already: %s does not fit",
			LIMIT_SPACES, name->text));
	space = arena_new(&txn->arena, sizeof(*space));
	space->no.v = (uint32_t)n + 1;
	space->name = *name;
	add(txn, space);
	space_put(txn, space);
	*out = space;
	return kv_failed(txn->kv);
}

enum err
space_by_no(struct txn *txn, struct space_no no, struct space_state **out)
{
	struct space_state **all;
	size_t n;
	enum err e;

	*out = no.v < txn->space_nos_size ? txn->space_nos[no.v] : NULL;
	if (*out != NULL)
		return ERR_OK;
	e = space_all(txn, &all, &n);
	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < n; i++)
		if (all[i]->no.v == no.v)
			*out = all[i];
	if (*out == NULL)
		return txn_fail(
		    txn, err_set(ERR_CORRUPT,
			     "no space has the number %u: run `golmok fsck`",
			     (unsigned)no.v));
	return ERR_OK;
}

enum err
space_all(struct txn *txn, struct space_state ***out, size_t *n)
{
	struct kv_cursor cursor;
	struct space_state **all;
	struct space name;
	size_t room = (size_t)kv_count(txn->kv, TABLE_SPACES);
	size_t count = 0;
	enum err e;

	/* Spaces come, and never go while a transaction is open. */
	*out = txn->spaces_all;
	*n = txn->spaces_all_n;
	if (room > 0 && room == *n)
		return kv_failed(txn->kv);
	all = arena_array(&txn->arena, room, sizeof(*all));
	kv_cursor_init(&cursor, txn->kv, TABLE_SPACES);
	for (bool more = kv_seek(&cursor, (struct bytes){0});
	     more && count < room; more = kv_next(&cursor)) {
		e = id_space(cursor.key, &name);
		if (e != ERR_OK) {
			kv_fail(
			    txn->kv, tables_corrupt(TABLE_SPACES, cursor.key,
					 "its key is no space"));
			break;
		}
		all[count] = cached(txn, &name);
		if (all[count] == NULL)
			all[count] = load(txn, cursor.key, cursor.value);
		if (all[count] == NULL)
			break;
		count++;
	}
	kv_cursor_fini(&cursor);
	/* The table is sorted by bytes, as names are. */
	*out = txn->spaces_all = all;
	*n = txn->spaces_all_n = count;
	return kv_failed(txn->kv);
}

void
space_flush(struct txn *txn)
{
	struct space_state *space;

	for (space = txn->spaces; space != NULL; space = space->next)
		if (space->dirty)
			space_put(txn, space);
}

static void
space_put(struct txn *txn, struct space_state *space)
{
	struct buf *row = &txn->row;
	struct key key;

	name_key(&space->name, &key);
	tables_row_begin(row);
	buf_add_be32(row, space->no.v);
	buf_add(row, bytes_of(space->digests, sizeof(space->digests)));
	buf_add_be64(row, space->records);
	assert(row->n == TABLES_CHECKSUM_SIZE + SPACE_ROW_SIZE);
	tables_row_end(tables_key(&key), row);
	kv_put(txn->kv, TABLE_SPACES, tables_key(&key), buf_bytes(row));
	space->dirty = false;
}

static void
name_key(const struct space *name, struct key *key)
{
	key->n = 0;
	tables_key_add(key, bytes_text(name->text));
}
