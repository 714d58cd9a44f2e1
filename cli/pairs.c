/*
 * Pairs as records.  Called by cli/cmd_duplicates.c.  Shows nothing.
 */
#include "cli/pairs.h"

#include <string.h>

#include "cli/name.h"
#include "core/effective.h"
#include "core/record.h"
#include "proto/codec.h"

enum { EDITS_MAX = 5 };

/* Edits on their way into a record; values are from the arena. */
struct edits {
	struct opened *work;
	struct store_edit *p;
	size_t n;
};

enum err
pairs_rules(const struct opened *work, const struct pack_duplicates **rules)
{
	*rules = work->pack != NULL ? work->pack->duplicates : NULL;
	if (*rules == NULL)
		return err_set(ERR_INVALID,
		    "the pack of this store does not say when two records "
		    "speak of the same (docs/packs.md, duplicates)");
	return ERR_OK;
}

void
pairs_fini(struct pairs_pair *pair)
{
	buf_fini(&pair->keys);
}

/* ---- read --------------------------------------------------------------- */

static const struct record_field *
content_of(const struct record *record, const struct pack_field *field)
{
	const struct record_field *content = merge_find(
	    record, bytes_text(field->name), field->kind);

	return content != NULL && content->n > 0 ? content : NULL;
}

static void
value_begin(const struct record *record, const struct pack_field *field,
    struct reader *r)
{
	const struct record_field *content = content_of(record, field);

	codec_begin(r, content != NULL
			   ? effective_value(field, record, content)->value
			   : (struct bytes){0});
}

static bool
id_get(const struct record *record, const struct pack_field *field,
    struct record_id *id)
{
	struct reader r;
	struct bytes ref;

	value_begin(record, field, &r);
	ref = codec_get_fixed(&r, sizeof(id->b));
	if (r.bad)
		return false;
	memcpy(id->b, ref.p, ref.n);
	return true;
}

static struct bytes
text_get(const struct record *record, const struct pack_field *field)
{
	struct reader r;
	struct bytes text;

	value_begin(record, field, &r);
	text = codec_get_text(&r);
	return r.bad ? (struct bytes){0} : text;
}

/* An element stands in a set once for each who put it there. */
static bool
is_first(const struct record_field *content, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (bytes_equal(
			content->values[i].value, content->values[at].value))
			return false;
	return true;
}

/* The names of the fields that match, in the order of the pack. */
static void
keys_read(const struct pack_duplicates *rules, struct pairs_pair *pair)
{
	const struct record_field *keys = content_of(
	    &pair->record, rules->candidate.keys);

	for (size_t i = 0; i < rules->weights_n; i++) {
		const char *name = rules->weights[i].field->name;
		bool has = false;

		for (size_t k = 0; keys != NULL && k < keys->n; k++) {
			struct reader r;

			codec_begin(&r, keys->values[k].value);
			has = bytes_is(codec_get_text(&r), name) || has;
		}
		if (has)
			buf_add_format(&pair->keys, "%s%s",
			    pair->keys.n > 0 ? ", " : "", name);
	}
}

static void
members_read(struct opened *work, struct pairs_pair *pair)
{
	const struct record_field *members = content_of(
	    &pair->record, work->pack->duplicates->candidate.members);
	size_t n = members != NULL ? members->n : 0;

	pair->members = arena_array(&work->arena, n, sizeof(*pair->members));
	for (size_t i = 0; i < n; i++) {
		struct bytes both;
		struct reader r;

		codec_begin(&r, members->values[i].value);
		both = codec_get_fixed(&r, sizeof(*pair->members));
		if (!r.bad && is_first(members, i))
			memcpy(
			    &pair->members[pair->members_n++], both.p, both.n);
	}
}

enum err
pairs_read(struct opened *work, struct space_state *space,
    const struct record_id *id, const struct record *record,
    struct pairs_pair *pair)
{
	const struct pack_candidate *fields =
	    &work->pack->duplicates->candidate;
	const struct authority *authority;
	struct txn *txn = store_txn(work->store);
	struct reader r;
	enum err e;

	*pair = (struct pairs_pair){
	    .space = space, .id = *id, .record = *record};
	if (!id_get(record, fields->a, &pair->a) ||
	    !id_get(record, fields->b, &pair->b))
		return err_set(ERR_INVALID, "this pair does not say of what");
	pair->unit_a = text_get(record, fields->unit_a);
	pair->unit_b = text_get(record, fields->unit_b);
	pair->state = text_get(record, fields->state);
	value_begin(record, fields->score, &r);
	pair->score = codec_get_int(&r);
	keys_read(work->pack->duplicates, pair);
	members_read(work, pair);
	e = store_authority(work->store, &authority);
	if (e == ERR_OK)
		e = twins_said_read(
		    txn, authority, space, record, pair->unit_a, &pair->word_a);
	if (e == ERR_OK)
		e = twins_said_read(
		    txn, authority, space, record, pair->unit_b, &pair->word_b);
	pair->agreed = e == ERR_OK &&
		       twins_said_agreed(&pair->word_a, &pair->word_b,
			   bytes_equal(pair->unit_a, pair->unit_b));
	return e;
}

enum err
pairs_get(struct opened *work, const char *word, struct pairs_pair *pair)
{
	const struct pack_duplicates *rules;
	struct space_state *state = NULL;
	struct record record;
	struct record_id id;
	struct space space;
	enum err e = pairs_rules(work, &rules);

	if (e == ERR_OK)
		e = name_record(work, word, &space, &id);
	if (e == ERR_OK)
		e = store_get(work->store, &space, &id, &work->arena, &record);
	if (e == ERR_OK)
		state = space_find(store_txn(work->store), &space);
	if (e != ERR_OK)
		return e;
	if (state == NULL || record.status == RECORD_DELETED ||
	    !bytes_is(record.collection, rules->candidate.collection->name))
		return err_set(ERR_INVALID,
		    "%s is no pair that may speak of the same: `golmok "
		    "duplicates ls` lists them",
		    word);
	return pairs_read(work, state, &id, &record, pair);
}

/* ---- written ------------------------------------------------------------ */

static void
edit(struct edits *edits, const struct pack_field *field, enum op_code code,
    struct buf *value)
{
	edits->p[edits->n++] = (struct store_edit){
	    .field = bytes_text(field->name),
	    .code = code,
	    .class = field->data_class,
	    .value = arena_bytes(&edits->work->arena, buf_bytes(value))};
	buf_fini(value);
}

static void
edit_id(struct edits *edits, const struct pack_field *field,
    const struct record_id *id)
{
	struct buf value = {0};

	codec_put_bytes(&value, bytes_of(id->b, sizeof(id->b)));
	edit(edits, field, OP_SET, &value);
}

static void
edit_text(struct edits *edits, const struct pack_field *field,
    enum op_code code, struct bytes text)
{
	struct buf value = {0};

	codec_put_text(&value, text);
	edit(edits, field, code, &value);
}

static enum err
write(struct edits *edits, struct store_write *write, bool *changed)
{
	struct opened *work = edits->work;
	struct record_id id;

	write->edits = edits->p;
	write->edits_n = edits->n;
	write->has_record = true;
	write->has_actor = work->has_actor;
	write->actor = work->actor;
	return store_write(work->store, write, &id, changed);
}

/* Brings a set to exactly the `n` values that `keep` gives. */
static void
set_edits(struct edits *edits, const struct pack_field *field,
    const struct record *old, const struct bytes *values, size_t n)
{
	const struct record_field *content = old != NULL
						 ? content_of(old, field)
						 : NULL;

	for (size_t i = 0; i < n; i++)
		edits->p[edits->n++] = (struct store_edit){
		    .field = bytes_text(field->name),
		    .code = OP_ADD,
		    .class = field->data_class,
		    .value = values[i]};
	for (size_t i = 0; content != NULL && i < content->n; i++) {
		bool stays = false;

		for (size_t k = 0; k < n && !stays; k++)
			stays = bytes_equal(
			    content->values[i].value, values[k]);
		if (!stays)
			edits->p[edits->n++] = (struct store_edit){
			    .field = bytes_text(field->name),
			    .code = OP_REMOVE,
			    .class = field->data_class,
			    .value = content->values[i].value};
	}
}

/* The sets of `twin`: the names of the keys, and members. */
static void
twin_sets(
    struct edits *edits, const struct twin *twin, const struct record *old)
{
	const struct pack_duplicates *rules = edits->work->pack->duplicates;
	struct arena *arena = &edits->work->arena;
	struct bytes names[LIMIT_WEIGHTS];
	struct bytes *members = arena_array(
	    arena, twin->members_n, sizeof(*members));
	size_t n = 0;

	for (size_t i = 0; i < rules->weights_n; i++) {
		struct buf value = {0};

		if ((twin->keys & 1U << i) == 0)
			continue;
		codec_put_text(
		    &value, bytes_text(rules->weights[i].field->name));
		names[n++] = arena_bytes(arena, buf_bytes(&value));
		buf_fini(&value);
	}
	set_edits(edits, rules->candidate.keys, old, names, n);
	for (size_t i = 0; i < twin->members_n; i++) {
		struct buf value = {0};

		codec_put_bytes(
		    &value, bytes_of((const uint8_t *)&twin->members[i],
				sizeof(twin->members[i])));
		members[i] = arena_bytes(arena, buf_bytes(&value));
		buf_fini(&value);
	}
	set_edits(
	    edits, rules->candidate.members, old, members, twin->members_n);
}

static void
twin_edits(
    struct edits *edits, const struct twin *twin, const struct record *old)
{
	const struct pack_candidate *fields =
	    &edits->work->pack->duplicates->candidate;
	size_t room = EDITS_MAX + 1 + LIMIT_WEIGHTS + twin->members_n;
	struct buf score = {0};

	for (size_t i = 0; old != NULL && i < old->fields_n; i++)
		room += old->fields[i].n;
	edits->p = arena_array(&edits->work->arena, room, sizeof(*edits->p));
	edit_id(edits, fields->a, &twin->a);
	edit_id(edits, fields->b, &twin->b);
	edit_text(edits, fields->unit_a, OP_SET, twin->unit_a);
	edit_text(edits, fields->unit_b, OP_SET, twin->unit_b);
	codec_put_int(&score, twin->score);
	edit(edits, fields->score, OP_SET, &score);
	if (old == NULL)
		edit_text(edits, fields->state, OP_MOVE, bytes_text("open"));
	twin_sets(edits, twin, old);
}

enum err
pairs_keep(struct opened *work, const struct twin *twin, enum pairs_kept *kept)
{
	const struct pack_collection *collection =
	    work->pack->duplicates->candidate.collection;
	struct store_write change = {
	    .collection = bytes_text(collection->name)};
	struct edits edits = {.work = work};
	struct txn *txn = store_txn(work->store);
	struct space_state *space;
	struct record old = {0};
	bool changed = false;
	enum err e;

	*kept = PAIRS_AS_IT_WAS;
	twins_id(collection, &twin->a, &twin->b, &change.record);
	e = twins_space(collection, twin->unit_a, twin->unit_b, &change.space);
	if (e != ERR_OK)
		return e;
	space = space_find(txn, &change.space);
	if (space != NULL)
		e = record_get(txn,
		    &(struct record_read){
			.space = space, .cells = true, .arena = &work->arena},
		    &change.record, &old);
	if (e != ERR_OK || old.status == RECORD_DELETED)
		return e;
	change.create = !old.exists;
	twin_edits(&edits, twin, old.exists ? &old : NULL);
	e = write(&edits, &change, &changed);
	if (e == ERR_DENIED) {
		*kept = PAIRS_DENIED;
		return ERR_OK;
	}
	if (changed)
		*kept = change.create ? PAIRS_NEW : PAIRS_CHANGED;
	return e;
}

enum err
pairs_move(
    struct opened *work, const struct pairs_pair *pair, const char *state)
{
	struct store_edit one[EDITS_MAX];
	struct edits edits = {.work = work, .p = one};
	struct store_write change = {
	    .space = pair->space->name, .record = pair->id, .resolve = true};
	bool changed;

	edit_text(&edits, work->pack->duplicates->candidate.state, OP_MOVE,
	    bytes_text(state));
	return write(&edits, &change, &changed);
}

/* Takes `text` out of the set, and puts `other` in, if it is not NULL. */
static enum err
said_write(struct opened *work, const struct pairs_pair *pair,
    struct bytes text, const struct buf *other)
{
	const struct pack_field *said = work->pack->duplicates->candidate.said;
	struct store_edit two[EDITS_MAX];
	struct edits edits = {.work = work, .p = two};
	struct store_write change = {
	    .space = pair->space->name, .record = pair->id};
	bool changed;

	edit_text(&edits, said, OP_REMOVE, text);
	if (other != NULL)
		edit_text(&edits, said, OP_ADD, buf_bytes(other));
	return write(&edits, &change, &changed);
}

enum err
pairs_say(struct opened *work, const struct pairs_pair *pair, struct bytes unit,
    bool same)
{
	const struct twins_word *word = bytes_equal(unit, pair->unit_a)
					    ? &pair->word_a
					    : &pair->word_b;
	bool counts = word->verdict == TWINS_TORN ||
		      word->verdict == (same ? TWINS_SAME : TWINS_DIFFERENT);
	struct buf now = {0};
	struct buf before = {0};
	enum err e = ERR_OK;

	twins_said_put(same, unit, &now);
	twins_said_put(!same, unit, &before);
	/* What others put there in our name would keep our own word out. */
	if (!counts) {
		e = said_write(work, pair, buf_bytes(&now), NULL);
		if (e == ERR_OK)
			e = store_settle(work->store);
	}
	if (e == ERR_OK)
		e = said_write(work, pair, buf_bytes(&before), &now);
	buf_fini(&now);
	buf_fini(&before);
	return e;
}

enum err
pairs_alias(struct opened *work, const struct pairs_alias *alias, bool *changed)
{
	const struct pack_collection *collection;
	struct store_edit one[EDITS_MAX];
	struct edits edits = {.work = work, .p = one};
	struct store_write change = {.record = *alias->from};
	struct record_id now;
	struct record record;
	enum err e = store_locate(work->store, alias->from, &change.space);

	*changed = false;
	if (e == ERR_OK)
		e = store_get(work->store, &change.space, alias->from,
		    &work->arena, &record);
	if (e != ERR_OK)
		return e;
	collection = pack_collection(work->pack, record.collection);
	if (collection == NULL || collection->alias == NULL)
		return err_set(ERR_INVALID,
		    "the pack names no alias for records of %.*s",
		    (int)record.collection.n, record.collection.p);
	if (alias->only != NULL &&
	    (!id_get(&record, collection->alias, &now) ||
		memcmp(&now, alias->only, sizeof(now)) != 0))
		return ERR_OK;
	if (alias->to != NULL) {
		edit_id(&edits, collection->alias, alias->to);
	} else {
		edits.p[edits.n++] = (struct store_edit){
		    .field = bytes_text(collection->alias->name),
		    .code = OP_CLEAR,
		    .class = collection->alias->data_class};
	}
	return write(&edits, &change, changed);
}
