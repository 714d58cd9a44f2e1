/*
 * Which indexes there are, and walks through them.  The commands, queries and
 * core/rules.c ask here; core/lookup_keep.c writes the rows.  What is indexed
 * is the pack's to say; nothing here knows a domain.
 */
#include "core/lookup.h"

#include <string.h>

#include "core/fold.h"
#include "core/gap.h"
#include "core/lookup_key.h"
#include "core/lookup_make.h"
#include "proto/mem.h"

const char lookup_meta[] = "lookup";

/* The key of a row has the space, the index and the record. */
enum { ROW_KEY_MIN = 4 + 2 + sizeof(struct record_id) };

static const struct lookup_index *index_of(const struct lookup *lookup,
    enum lookup_kind kind, const struct pack_field *field, const char *name);
static void scan_begin(struct txn *txn, struct lookup_scan *scan);
static bool pair_is_rarer(
    struct txn *txn, const struct key *key, uint64_t *fewest);
static enum err scan_fill(struct lookup_scan *scan) MUST_USE;
static enum err scan_read(struct lookup_scan *scan) MUST_USE;

/* ---- what is indexed ---------------------------------------------------- */

struct lookup *
lookup_new(const struct pack *pack, const uint8_t *secret)
{
	struct lookup *lookup = mem_zeros(1, sizeof(*lookup));

	memcpy(lookup->secret, secret, sizeof(lookup->secret));
	lookup_make_all(lookup, pack);
	return lookup;
}

void
lookup_free(struct lookup *lookup)
{
	if (lookup == NULL)
		return;
	crypto_wipe(lookup->secret, sizeof(lookup->secret));
	arena_fini(&lookup->arena);
	mem_free(lookup);
}

const struct lookup_set *
lookup_set(const struct lookup *lookup, struct bytes collection)
{
	size_t low = 0;
	size_t high = lookup != NULL ? lookup->sets_n : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct lookup_set *set = &lookup->sets[middle];
		int order = bytes_compare(
		    bytes_text(set->collection->name), collection);

		if (order == 0)
			return set;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* The index of that kind of `field`, or of the collection of `field` over
 * several fields with the name `name`; both may be of another copy of the
 * pack. */
static const struct lookup_index *
index_of(const struct lookup *lookup, enum lookup_kind kind,
    const struct pack_field *field, const char *name)
{
	const struct lookup_set *set = lookup_set(
	    lookup, bytes_text(field->collection));

	for (size_t i = 0; set != NULL && i < set->n; i++) {
		const struct lookup_index *index = &set->indexes[i];
		const char *own;

		if (index->kind != kind)
			continue;
		own = kind == LOOKUP_COMPOUND ? index->compound->name
					      : index->field->name;
		if (strcmp(own, name) == 0)
			return index;
	}
	return NULL;
}

void
lookup_claim(const struct lookup *lookup, const struct lookup_index *index,
    struct bytes values, struct key *key)
{
	const struct space_no no_space = {UINT32_MAX};
	const struct pack_field *field = index->compound != NULL
					     ? index->compound->fields[0]
					     : index->field;

	/* As a personal one, of which nothing is cut off. */
	lookup_key_begin(no_space, index->no, key);
	lookup_key_value(lookup, field, CLASS_P, values, key);
}

/* ---- what is in the table ----------------------------------------------- */

enum stand
lookup_stand(struct txn *txn, struct stand_done *done)
{
	return txn->lookup == NULL
		   ? STAND_OTHER
		   : stand_find(txn, lookup_meta, txn->lookup->state, done);
}

bool
lookup_is_current(struct txn *txn)
{
	struct stand_done done;

	return lookup_stand(txn, &done) == STAND_WHOLE;
}

bool
lookup_has(struct txn *txn, const struct pack_field *field)
{
	return index_of(txn->lookup, LOOKUP_FIELD, field, field->name) !=
		   NULL &&
	       lookup_is_current(txn);
}

/* ---- walks -------------------------------------------------------------- */

/* A walk through nothing yet. */
static void
scan_begin(struct txn *txn, struct lookup_scan *scan)
{
	scan->txn = txn;
	scan->at.n = 0;
	scan->end.n = 0;
	scan->second.n = 0;
	scan->exact = 0;
	scan->ahead_n = 0;
	scan->ahead_at = 0;
}

/* From now on through all that begins with scan->at. */
static void
scan_under(struct lookup_scan *scan)
{
	scan->end = scan->at;
	lookup_key_pass(&scan->end);
}

/* And with a record alone behind it. */
static void
scan_exactly(struct lookup_scan *scan)
{
	scan_under(scan);
	scan->exact = scan->at.n + sizeof(struct record_id);
}

void
lookup_open(struct txn *txn, struct space_no space, struct lookup_scan *scan)
{
	scan_begin(txn, scan);
	lookup_key_begin(space, LOOKUP_OPEN_WORK, &scan->at);
	scan_exactly(scan);
}

void
lookup_all(struct txn *txn, struct space_no space,
    const struct pack_collection *collection, struct lookup_scan *scan)
{
	const struct lookup_set *set = lookup_set(
	    txn->lookup, bytes_text(collection->name));

	assert(set != NULL);
	scan_begin(txn, scan);
	lookup_key_begin(space, set->indexes[0].no, &scan->at);
	scan_exactly(scan);
}

void
lookup_equal(struct txn *txn, struct space_no space,
    const struct pack_field *field, struct bytes value,
    struct lookup_scan *scan)
{
	const struct lookup_index *index = index_of(
	    txn->lookup, LOOKUP_FIELD, field, field->name);

	assert(index != NULL);
	scan_begin(txn, scan);
	lookup_key_begin(space, index->no, &scan->at);
	lookup_key_value(
	    txn->lookup, field, field->data_class, value, &scan->at);
	scan_exactly(scan);
	if (field->data_class != CLASS_N)
		return;
	/* What was written into the field under another pack, as personal. */
	lookup_key_begin(space, index->no, &scan->second);
	lookup_key_value(txn->lookup, field, CLASS_P, value, &scan->second);
	scan->second_exact = scan->second.n + sizeof(struct record_id);
	/* A value without an order stands there either way. */
	if (bytes_equal(tables_key(&scan->at), tables_key(&scan->second)))
		scan->second.n = 0;
}

/* Narrows the walk through all that begins with scan->at, an index or the first
 * parts of it, to values of `field` in `range`; false when that has no order.
 */
static bool
range_begin(struct lookup_scan *scan, const struct pack_field *field,
    const struct lookup_range *range, size_t max)
{
	const struct lookup_plain whole = {.max = max};
	const struct lookup_plain open = {.max = max, .open = range->prefix};
	struct key low = scan->at;
	struct key high = scan->at;
	size_t n = scan->at.n;

	scan_under(scan);
	if (range->low.n > 0 &&
	    !lookup_key_plain(field, range->low, whole, &low))
		return false;
	if (range->high.n > 0 &&
	    !lookup_key_plain(field, range->high, open, &high))
		return false;
	if (low.n > n && high.n > n && low.b[n] != high.b[n])
		return false;
	/* Without a bound below it begins behind "no value". */
	if (low.n > n)
		scan->at = low;
	else if (high.n > n)
		tables_key_add(&scan->at, bytes_of(&high.b[n], 1));
	else
		lookup_key_nothing(&scan->at);
	if (low.n == n && high.n == n)
		lookup_key_pass(&scan->at);
	/* What shares its row with longer ones is in any case met. */
	if (range->above_low && low.n > n && low.n <= n + max)
		lookup_key_pass(&scan->at);
	if (high.n > n) {
		scan->end = high;
		if (!range->below_high || range->prefix || high.n > n + max)
			lookup_key_pass(&scan->end);
	} else if (low.n > n) {
		scan->end = scan->at;
		scan->end.n = n;
		tables_key_add(&scan->end, bytes_of(&low.b[n], 1));
		lookup_key_pass(&scan->end);
	}
	return true;
}

bool
lookup_between(struct txn *txn, struct space_no space,
    const struct pack_field *field, const struct lookup_range *range,
    struct lookup_scan *scan)
{
	const struct lookup_index *index = index_of(
	    txn->lookup, LOOKUP_FIELD, field, field->name);

	assert(index != NULL);
	scan_begin(txn, scan);
	lookup_key_begin(space, index->no, &scan->at);
	/* What was written into the field as personal has no order. */
	lookup_key_begin(space, index->no, &scan->second);
	lookup_key_hidden(&scan->second);
	scan->second_exact = scan->second.n + LOOKUP_KEY_HASH +
			     sizeof(struct record_id);
	return field->data_class == CLASS_N &&
	       range_begin(scan, field, range, LOOKUP_KEY_PART);
}

/* Behind the walk come the records that are met in every walk of `index`. */
static void
scan_anything(struct space_no space, const struct lookup_index *index,
    struct lookup_scan *scan)
{
	lookup_key_begin(space, index->no, &scan->second);
	lookup_key_anything(&scan->second);
	scan->second_exact = scan->second.n + sizeof(struct record_id);
}

void
lookup_compound(struct txn *txn, struct space_no space,
    const struct pack_compound *compound, const struct lookup_bound *bound,
    struct lookup_scan *scan)
{
	const struct lookup_plain how = {.max = LOOKUP_KEY_MEMBER};
	const struct lookup_index *index = index_of(
	    txn->lookup, LOOKUP_COMPOUND, compound->fields[0], compound->name);
	bool plain = true;

	assert(index != NULL && bound->n <= compound->fields_n);
	scan_begin(txn, scan);
	scan_anything(space, index, scan);
	lookup_key_begin(space, index->no, &scan->at);
	for (size_t i = 0; i < bound->n && plain; i++)
		plain = lookup_key_plain(
		    compound->fields[i], bound->values[i], how, &scan->at);
	/* Nothing stands under a value that has no order. */
	if (!plain)
		scan->end = scan->at;
	else if (bound->range == NULL || bound->n == compound->fields_n ||
		 !range_begin(scan, compound->fields[bound->n], bound->range,
		     LOOKUP_KEY_MEMBER))
		scan_under(scan);
}

bool
lookup_text(struct txn *txn, struct space_no space,
    const struct pack_field *field, struct bytes words,
    struct lookup_scan *scan)
{
	const struct lookup_index *index = index_of(
	    txn->lookup, LOOKUP_TEXT, field, field->name);
	struct buf folded = {0};
	struct bytes pair;
	struct bytes left;
	uint64_t fewest = UINT64_MAX;

	assert(index != NULL);
	scan_begin(txn, scan);
	scan_anything(space, index, scan);
	if (fold_text(txn->lookup->fold, words, &folded) != ERR_OK)
		goto out;
	left = buf_bytes(&folded);
	while (fewest > 0 && fold_pair(&left, &pair)) {
		struct key key;

		lookup_key_begin(space, index->no, &key);
		lookup_key_pair(pair, &key);
		if (pair_is_rarer(txn, &key, &fewest))
			scan->at = key;
	}
	if (scan->at.n > 0)
		scan_exactly(scan);
out:
	buf_fini(&folded);
	return scan->at.n > 0;
}

/* Have fewer than `*fewest` rows the pair `key`?  Then they are so many. */
static bool
pair_is_rarer(struct txn *txn, const struct key *key, uint64_t *fewest)
{
	struct kv_cursor cursor;
	uint64_t n = 0;

	kv_cursor_init(&cursor, txn->kv, TABLE_LOOKUP);
	for (bool more = kv_seek(&cursor, tables_key(key));
	     more && n < *fewest && bytes_begins(cursor.key, tables_key(key));
	     more = kv_next(&cursor))
		n++;
	kv_cursor_fini(&cursor);
	if (n >= *fewest)
		return false;
	*fewest = n;
	return true;
}

enum err
lookup_next(struct lookup_scan *scan, struct record_id *id, bool *found)
{
	const struct key *key;
	enum err e = ERR_OK;

	*found = false;
	if (scan->ahead_at == scan->ahead_n ||
	    scan->changes != kv_changes(scan->txn->kv))
		e = scan_fill(scan);
	if (e != ERR_OK)
		return txn_fail(scan->txn, e);
	if (scan->ahead_n == 0)
		return kv_failed(scan->txn->kv);
	key = &scan->ahead[scan->ahead_at++];
	bytes_copy(id->b, bytes_after(tables_key(key), key->n - sizeof(id->b)));
	scan->at = *key;
	tables_key_add(&scan->at, bytes_of("", 1));
	*found = true;
	return ERR_OK;
}

/* Reads on from scan->at, and under scan->second when there is no more. */
static enum err
scan_fill(struct lookup_scan *scan)
{
	enum err e;

	scan->ahead_n = 0;
	scan->ahead_at = 0;
	scan->changes = kv_changes(scan->txn->kv);
	e = scan_read(scan);
	if (e == ERR_OK && scan->ahead_n == 0 && scan->second.n > 0) {
		scan->at = scan->second;
		scan_under(scan);
		scan->exact = scan->second_exact;
		scan->second.n = 0;
		e = scan_read(scan);
	}
	return e;
}

static enum err
scan_read(struct lookup_scan *scan)
{
	struct bytes at = tables_key(&scan->at);
	struct bytes end = tables_key(&scan->end);
	struct kv_cursor cursor;
	/* Where it ended before, too, as it begins there again. */
	enum err e = gap_edge(scan->txn, TABLE_LOOKUP, at);

	kv_cursor_init(&cursor, scan->txn->kv, TABLE_LOOKUP);
	for (bool more = kv_seek(&cursor, at);
	     more && e == ERR_OK && scan->ahead_n < LOOKUP_AHEAD &&
	     bytes_compare(cursor.key, end) < 0;
	     more = kv_next(&cursor)) {
		struct key *key = &scan->ahead[scan->ahead_n];
		struct bytes count;

		e = tables_open(TABLE_LOOKUP, cursor.key, cursor.value, &count);
		if (e == ERR_OK && (cursor.key.n < ROW_KEY_MIN ||
				       cursor.key.n >= sizeof(key->b)))
			e = tables_corrupt(
			    TABLE_LOOKUP, cursor.key, "it has no record");
		/* Bytes with a zero inside may look like shorter ones. */
		if (e != ERR_OK ||
		    (scan->exact > 0 && cursor.key.n != scan->exact))
			continue;
		key->n = 0;
		tables_key_add(key, cursor.key);
		scan->ahead_n++;
	}
	kv_cursor_fini(&cursor);
	return e;
}
