/*
 * The rows on both sides of a key that has none.  All who conclude from a
 * missing row that there is nothing ask here first; tables without checksums
 * have their own ways (core/seat.c, core/oplog.c, core/docket.c).
 */
#include "core/gap.h"

/* A look-up, and where it ended. */
struct gap {
	struct txn *txn;
	enum table table;
	struct bytes key;
	bool edge; /* there may be a row `key`, and others count for it */
};

static enum err sides_check(const struct gap *gap) MUST_USE;
static enum err side_check(const struct gap *gap,
    const struct kv_cursor *cursor, bool before) MUST_USE;
static bool may_be(struct bytes damaged, struct bytes key);
static bool is_astray(const struct gap *gap, bool before);

enum err
gap_none(struct txn *txn, enum table table, struct bytes key)
{
	return sides_check(
	    &(struct gap){.txn = txn, .table = table, .key = key});
}

void
gap_sure(struct txn *txn, enum table table, struct bytes key)
{
	enum err e = kv_failed(txn->kv);

	if (e == ERR_OK)
		e = gap_none(txn, table, key);
	if (e != ERR_OK)
		kv_fail(txn->kv, e);
}

enum err
gap_edge(struct txn *txn, enum table table, struct bytes key)
{
	return sides_check(&(struct gap){
	    .txn = txn, .table = table, .key = key, .edge = true});
}

static enum err
sides_check(const struct gap *gap)
{
	struct kv_cursor cursor;
	enum err e = ERR_OK;
	bool more;

	kv_cursor_init(&cursor, gap->txn->kv, gap->table);
	more = kv_seek(&cursor, gap->key);
	if (more)
		e = side_check(gap, &cursor, false);
	if (e == ERR_OK &&
	    kv_seek_before(&cursor, more ? cursor.key : (struct bytes){0}))
		e = side_check(gap, &cursor, true);
	kv_cursor_fini(&cursor);
	return e == ERR_OK ? kv_failed(gap->txn->kv) : e;
}

/* A search compares its key with a damaged one only when it comes to where that
 * lies, and then ends beside it; or a branch of the tree sends it to the wrong
 * leaf, and what it ends beside is on the wrong side. */
static enum err
side_check(const struct gap *gap, const struct kv_cursor *cursor, bool before)
{
	int order = bytes_compare(cursor->key, gap->key);
	struct bytes content;

	if (before ? order >= 0 : order < 0 || (order == 0 && !gap->edge))
		return tables_corrupt(
		    gap->table, cursor->key, "it stands out of order");
	if (tables_fit(cursor->key, cursor->value, &content) ||
	    (!gap->edge && !may_be(cursor->key, gap->key) &&
		!is_astray(gap, before)))
		return ERR_OK;
	return tables_corrupt(gap->table, cursor->key, "its checksum is wrong");
}

/* Is `damaged` the key `key` but for one byte, or for its length? */
static bool
may_be(struct bytes damaged, struct bytes key)
{
	size_t n = damaged.n < key.n ? damaged.n : key.n;
	unsigned others = 0;

	for (size_t i = 0; i < n; i++)
		others += damaged.p[i] != key.p[i];
	return damaged.n == key.n ? others <= 1 : others == 0;
}

/* The row on this side sends searches astray when it is not in order with the
 * next one on that side. */
static bool
is_astray(const struct gap *gap, bool before)
{
	struct kv_cursor cursor;
	struct bytes key;
	bool astray = false;
	bool more;

	kv_cursor_init(&cursor, gap->txn->kv, gap->table);
	more = kv_seek(&cursor, gap->key);
	if (before)
		more = kv_seek_before(
		    &cursor, more ? cursor.key : (struct bytes){0});
	key = cursor.key;
	if (more && (before ? kv_seek_before(&cursor, key) : kv_next(&cursor)))
		astray = before ? bytes_compare(cursor.key, key) >= 0
				: bytes_compare(cursor.key, key) <= 0;
	kv_cursor_fini(&cursor);
	return astray;
}
