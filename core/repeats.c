/*
 * Unique values that several records have.  Called by who lists what waits for
 * a decision; writes nothing.
 */
#include "core/repeats.h"

#include <stdlib.h>
#include <string.h>

#include "core/alias.h"
#include "core/gap.h"
#include "core/lookup_key.h"
#include "core/query.h"
#include "core/record.h"
#include "proto/crypto.h"
#include "proto/mem.h"

/* A record has these values in what only one may have. */
struct claim {
	uint8_t values[16]; /* of SHA-256 over them */
	struct record_id end;
	struct record_id id;
};

struct claims {
	struct claim *p; /* owned */
	size_t n;
	size_t room;
};

/* Records that may have something in common with another. */
struct suspects {
	struct record_id *p; /* owned */
	size_t n;
	size_t room;
};

/* What is to be unique. */
struct rule {
	const struct pack_collection *collection;
	const struct pack_field *field;
	const struct pack_compound *compound;
};

static int
by_values(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct claim));
}

static void
claim_add(struct claims *claims, struct bytes values,
    const struct record_id *end, const struct record_id *id)
{
	struct claim claim = {.end = *end, .id = *id};
	struct hash hash;

	crypto_sha256(values, &hash);
	memcpy(claim.values, hash.b, sizeof(claim.values));
	mem_room(&claims->p, &claims->room, claims->n + 1, sizeof(*claims->p));
	claims->p[claims->n++] = claim;
}

/* The claims of one record: by each value of the first field, and the shown one
 * of the others.  Without a value in one of them it claims nothing. */
static void
record_take(const struct rule *rule, const struct record_id *id,
    const struct record *record, const struct aliases *aliases,
    struct claims *claims)
{
	size_t fields_n = rule->field != NULL ? 1 : rule->compound->fields_n;
	struct record_id end = alias_of(aliases, id);
	const struct record_field *first = NULL;
	struct buf rest = {0};
	bool whole = true;

	for (size_t i = 0; i < fields_n && whole; i++) {
		const struct pack_field *field =
		    rule->field != NULL ? rule->field
					: rule->compound->fields[i];
		const struct record_field *has = merge_find(
		    record, bytes_text(field->name), field->kind);

		whole = has != NULL;
		if (i == 0)
			first = has;
		else if (whole)
			buf_add(&rest, merge_winner(record, has)->value);
	}
	assert(!whole || first != NULL);
	for (size_t i = 0; whole && i < first->n; i++) {
		struct buf values = {0};

		buf_add(&values, first->values[i].value);
		buf_add(&values, buf_bytes(&rest));
		claim_add(claims, buf_bytes(&values), &end, id);
		buf_fini(&values);
	}
	buf_fini(&rest);
}

/* The claims that are the same from number `i` on: how many, and whether they
 * are of records that nothing makes one. */
static size_t
same_from(const struct claims *claims, size_t i, bool *apart)
{
	size_t n = 1;

	*apart = false;
	while (i + n < claims->n &&
	       memcmp(claims->p[i + n].values, claims->p[i].values,
		   sizeof(claims->p[i].values)) == 0) {
		*apart = *apart ||
			 memcmp(&claims->p[i + n].end, &claims->p[i].end,
			     sizeof(struct record_id)) != 0;
		n++;
	}
	return n;
}

static void
repeats_add(const struct rule *rule, struct claims *claims, struct arena *arena,
    struct repeat **repeats, size_t *n)
{
	struct repeat *all;
	size_t room = *n;

	if (claims->n > 1)
		qsort(claims->p, claims->n, sizeof(*claims->p), by_values);
	all = arena_array(arena, room + claims->n / 2 + 1, sizeof(*all));
	for (size_t i = 0; i < room; i++)
		all[i] = (*repeats)[i];
	for (size_t i = 0; i < claims->n;) {
		bool apart;
		size_t same = same_from(claims, i, &apart);
		struct record_id *ids = apart ? arena_array(
						    arena, same, sizeof(*ids))
					      : NULL;

		size_t ids_n = 0;

		/* One may have the same value from two sides. */
		for (size_t k = 0; apart && k < same; k++)
			if (ids_n == 0 ||
			    memcmp(&ids[ids_n - 1], &claims->p[i + k].id,
				sizeof(*ids)) != 0)
				ids[ids_n++] = claims->p[i + k].id;
		if (apart)
			all[(*n)++] = (struct repeat){
			    .collection = rule->collection,
			    .field = rule->field,
			    .compound = rule->compound,
			    .ids = ids,
			    .n = ids_n};
		i += same;
	}
	*repeats = all;
}

/* ---- by the index ------------------------------------------------------- */

static const struct lookup_index *
index_of(const struct txn *txn, const struct rule *rule)
{
	const struct lookup_set *set = lookup_set(
	    txn->lookup, bytes_text(rule->collection->name));

	for (size_t i = 0; set != NULL && i < set->n; i++) {
		const struct lookup_index *index = &set->indexes[i];

		if ((index->kind == LOOKUP_FIELD &&
			index->field == rule->field) ||
		    (index->kind == LOOKUP_COMPOUND &&
			index->compound == rule->compound))
			return index;
	}
	return NULL;
}

/* Does the row tell nothing of which other rows have its value: because it
 * stands for anything, or as a hash where others stand as they are? */
static bool
is_open(const struct lookup_index *index, struct bytes key)
{
	struct key hash = {0};
	struct key any = {0};

	lookup_key_begin((struct space_no){1}, index->no, &hash);
	any = hash;
	lookup_key_hidden(&hash);
	lookup_key_anything(&any);
	return key.p[any.n - 1] == any.b[any.n - 1] ||
	       (key.p[hash.n - 1] == hash.b[hash.n - 1] &&
		   (index->kind == LOOKUP_COMPOUND ||
		       index->field->data_class == CLASS_N));
}

static void
suspects_add(struct suspects *suspects, struct bytes id)
{
	mem_room(&suspects->p, &suspects->room, suspects->n + 1,
	    sizeof(*suspects->p));
	bytes_copy(suspects->p[suspects->n++].b, id);
}

/* The records that share a row of `index` but for themselves: whoever has a
 * value that another one has is among them.  `*whole` is false when the index
 * cannot tell. */
static enum err
suspects_find(struct txn *txn, struct space_no space,
    const struct lookup_index *index, struct suspects *suspects, bool *whole)
{
	enum { ID = sizeof(struct record_id) };
	struct bytes last = {0};
	struct kv_cursor cursor;
	bool is_in = false;
	struct key prefix;
	enum err e;

	lookup_key_begin(space, index->no, &prefix);
	*whole = true;
	e = gap_edge(txn, TABLE_LOOKUP, tables_key(&prefix));
	kv_cursor_init(&cursor, txn->kv, TABLE_LOOKUP);
	for (bool more = kv_seek(&cursor, tables_key(&prefix));
	     more && e == ERR_OK; more = kv_next(&cursor)) {
		struct bytes key = cursor.key;
		struct bytes count;
		bool same;

		e = tables_open(TABLE_LOOKUP, key, cursor.value, &count);
		if (e != ERR_OK || !bytes_begins(key, tables_key(&prefix)))
			break;
		*whole = key.n > prefix.n + ID && !is_open(index, key);
		if (!*whole)
			break;
		same = last.n == key.n &&
		       bytes_equal(bytes_first(last, last.n - ID),
			   bytes_first(key, key.n - ID));
		if (same && !is_in)
			suspects_add(suspects, bytes_after(last, last.n - ID));
		if (same)
			suspects_add(suspects, bytes_after(key, key.n - ID));
		is_in = same;
		last = key;
	}
	kv_cursor_fini(&cursor);
	return e != ERR_OK ? txn_fail(txn, e) : kv_failed(txn->kv);
}

static int
by_id(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct record_id));
}

static enum err
suspects_take(struct txn *txn, struct space_state *space,
    const struct rule *rule, struct suspects *suspects, struct claims *claims)
{
	const struct aliases *aliases;
	struct arena arena = {0};
	enum err e = alias_held(txn, &aliases);

	if (suspects->n > 1)
		qsort(suspects->p, suspects->n, sizeof(*suspects->p), by_id);
	for (size_t i = 0; i < suspects->n && e == ERR_OK; i++) {
		struct record record;

		if (i > 0 && by_id(&suspects->p[i - 1], &suspects->p[i]) == 0)
			continue;
		arena_reset(&arena);
		e = record_get(txn,
		    &(struct record_read){
			.space = space, .cells = true, .arena = &arena},
		    &suspects->p[i], &record);
		if (e == ERR_OK && record.exists &&
		    record.status != RECORD_DELETED &&
		    bytes_is(record.collection, rule->collection->name))
			record_take(
			    rule, &suspects->p[i], &record, aliases, claims);
	}
	arena_fini(&arena);
	return e;
}

/* ---- by all records ----------------------------------------------------- */

static enum err
all_take(struct txn *txn, const struct space *space, const struct rule *rule,
    struct claims *claims)
{
	struct query query = {.collection = rule->collection, .prefix = *space};
	const struct aliases *aliases;
	struct query_run run = {0};
	bool found = true;
	enum err e = alias_held(txn, &aliases);

	if (e == ERR_OK)
		e = query_begin(txn, &query, &run);
	while (e == ERR_OK && found) {
		e = query_next(&run, &found);
		if (e == ERR_OK && found)
			record_take(
			    rule, &run.id, &run.record, aliases, claims);
	}
	query_end(&run);
	return e;
}

static enum err
rule_look(struct txn *txn, struct space_state *space, const struct rule *rule,
    struct claims *claims)
{
	const struct lookup_index *index = index_of(txn, rule);
	struct suspects suspects = {0};
	bool whole = index != NULL && lookup_is_current(txn);
	enum err e = ERR_OK;

	claims->n = 0;
	if (whole)
		e = suspects_find(txn, space->no, index, &suspects, &whole);
	if (e == ERR_OK)
		e = whole ? suspects_take(txn, space, rule, &suspects, claims)
			  : all_take(txn, &space->name, rule, claims);
	mem_free(suspects.p);
	return e;
}

static bool
is_of(const struct pack_collection *collection, const struct space *space)
{
	const char *slash = strrchr(space->text, '/');

	return strcmp(slash != NULL ? slash + 1 : space->text,
		   collection->space) == 0;
}

enum err
repeats_find(struct txn *txn, struct space_state *space, struct arena *arena,
    struct repeat **repeats, size_t *n)
{
	struct claims claims = {0};
	enum err e = ERR_OK;

	*repeats = NULL;
	*n = 0;
	for (size_t i = 0; txn->pack != NULL && i < txn->pack->collections_n;
	     i++) {
		const struct pack_collection *of = &txn->pack->collections[i];
		size_t rules_n = is_of(of, &space->name)
				     ? of->fields_n + of->indexes_n
				     : 0;

		for (size_t k = 0; k < rules_n && e == ERR_OK; k++) {
			bool is_field = k < of->fields_n;
			struct rule rule = {.collection = of,
			    .field = is_field ? &of->fields[k] : NULL,
			    .compound = is_field
					    ? NULL
					    : &of->indexes[k - of->fields_n]};

			if (is_field ? rule.field->index != PACK_INDEX_UNIQUE
				     : !rule.compound->unique)
				continue;
			e = rule_look(txn, space, &rule, &claims);
			if (e == ERR_OK)
				repeats_add(&rule, &claims, arena, repeats, n);
		}
	}
	mem_free(claims.p);
	return e;
}
