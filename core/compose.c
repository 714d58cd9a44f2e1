/*
 * From edits to operations.  The door calls it for every local write; what a
 * write may say is checked here, who may write is core/own.c's to know, and
 * whether the words fit a pack is settled before.
 */
#include "core/compose.h"

#include <stdlib.h>
#include <string.h>

#include "core/composing.h"
#include "core/dated.h"
#include "core/effective.h"
#include "core/history.h"
#include "core/known.h"
#include "core/match.h"
#include "core/record.h"
#include "core/rules.h"
#include "core/staff.h"
#include "core/unique.h"
#include "proto/ascii.h"
#include "proto/codec.h"
#include "proto/text.h"

/* So many latest changes a change names as its parents at most.  A record that
 * was changed in more places at once comes together again by and by. */
enum { PARENTS_OF_CHANGE = LIMIT_PARENTS / 4 };
/* What an operation takes in a body beside its name and value, at most. */
enum { OP_ROOM = 16 };

static enum err edits_count(const struct store_write *write) MUST_USE;
static enum err edits_check(const struct store_write *write) MUST_USE;
static enum err twice_check(const struct store_write *write, size_t i) MUST_USE;
static enum err edit_check(const struct store_edit *edit) MUST_USE;
static enum err record_read(struct composing *c) MUST_USE;
static bool cells_wanted(
    const struct store_write *write, const struct record *record);
static enum err record_wanted(struct composing *c) MUST_USE;
static enum err shown_read(struct composing *c) MUST_USE;
static enum err moves_check(const struct composing *c) MUST_USE;
static enum err seal_before(struct composing *c) MUST_USE;
static enum err write_fill(
    struct composing *c, struct store_write *write) MUST_USE;
static void change_make(struct composing *c);
static enum err change_write(struct composing *c) MUST_USE;
static enum err cells_read(struct composing *c) MUST_USE;
static void ops_make(struct composing *c);
static bool op_make(
    struct composing *c, const struct store_edit *edit, struct draft_op *op);
static void parents_take(struct composing *c);
static enum err body_check(const struct composing *c) MUST_USE;
static enum err change_add(struct composing *c, struct draft *draft) MUST_USE;

enum err
compose_write(struct composer *composer, const struct store_write *given,
    struct record_id *record, bool *changed)
{
	struct txn *txn = composer->txn;
	struct store_write write = *given;
	struct composing c = {.composer = composer, .write = &write};
	enum err e;

	*changed = false;
	e = edits_check(given);
	if (e == ERR_OK)
		e = own_may(&composer->writer, &write.space);
	if (e != ERR_OK)
		return e;
	c.id = write.record;
	if (write.create && !write.has_record) {
		uint8_t random[10];

		txn->host->random(txn->host->arg, random, sizeof(random));
		id_record(txn->host->now_ms(txn->host->arg), random, &c.id);
	}
	*record = c.id;
	e = seal_before(&c);
	if (e == ERR_OK)
		e = record_read(&c);
	if (e == ERR_OK)
		e = record_wanted(&c);
	if (e == ERR_OK)
		e = write_fill(&c, &write);
	if (e == ERR_OK)
		e = cells_read(&c);
	if (e == ERR_OK)
		e = rules_check(txn->pack, &write, &c.record, txn->host,
		    composer->writer.authority);
	if (e == ERR_OK)
		e = shown_read(&c);
	if (e == ERR_OK && !write.resolve && !write.restored)
		e = moves_check(&c);
	if (e != ERR_OK)
		return e;
	change_make(&c);
	*changed = write.create || c.change.ops_n > 0 ||
		   (write.act == ACT_DELETE &&
		       c.record.status != RECORD_DELETED) ||
		   (write.act == ACT_KEEP && c.record.status != RECORD_LIVE);
	return *changed ? change_write(&c) : ERR_OK;
}

/* What was written to this record before has to be seen. */
static enum err
seal_before(struct composing *c)
{
	enum err e = ERR_OK;

	for (struct draft *d = *c->composer->drafts; d != NULL && e == ERR_OK;
	     d = d->next)
		if (id_space_equal(&d->space, &c->write->space) &&
		    draft_has(d, &c->id))
			e = compose_seal(c->composer, d);
	return e;
}

/* What the pack knows of the record, who may write it, and the fields that the
 * node fills. */
static enum err
write_fill(struct composing *c, struct store_write *write)
{
	struct txn *txn = c->composer->txn;
	enum err e;

	c->collection = pack_collection(txn->pack, composing_collection(c));
	e = staff_may_write(write->role, c->collection);
	if (e != ERR_OK || c->collection == NULL || write->act != ACT_EDIT)
		return e;
	if (!write->restored)
		dated_fill(txn, c->composer->writer.authority, c->collection,
		    &c->record, write);
	e = match_fill(txn, c->collection, &c->record, write);
	return e == ERR_OK ? edits_count(write) : e;
}

static void
change_make(struct composing *c)
{
	struct txn *txn = c->composer->txn;

	c->change.record = c->id;
	c->change.act = c->write->act;
	ops_make(c);
	if (c->write->create)
		c->change.collection = arena_bytes(
		    &txn->arena, c->write->collection);
	parents_take(c);
	c->change.shown = c->shown.record.changed;
}

/* Is it a record with a key for match fields? */
static bool
is_key(const struct composing *c)
{
	const struct pack *pack = c->composer->txn->pack;

	return c->collection != NULL && pack->match != NULL &&
	       pack->match->collection == c->collection;
}

/* The last questions; then it is written, with its copies. */
static enum err
change_write(struct composing *c)
{
	struct composer *composer = c->composer;
	struct draft *draft;
	enum err e = composing_hidden(c);

	if (e == ERR_OK && !c->write->restored)
		e = composing_guards(c);
	if (e == ERR_OK && !c->write->restored)
		e = unique_claim(&(struct unique){.txn = composer->txn,
		    .space = c->space,
		    .id = &c->id,
		    .write = c->write,
		    .collection = composing_collection(c),
		    .record = &c->record,
		    .drafts = *composer->drafts,
		    .change = &c->change});
	if (e == ERR_OK)
		e = body_check(c);
	if (e != ERR_OK || c->write->dry)
		return e;
	if (c->collection != NULL)
		e = composing_copies(c);
	if (e != ERR_OK)
		return e;
	draft = draft_get(composer->txn, composer->drafts, c->write);
	e = change_add(c, draft);
	/* What comes next may be made comparable by this key. */
	return e == ERR_OK && is_key(c) ? compose_seal(composer, draft) : e;
}

static enum err
edits_count(const struct store_write *write)
{
	if (write->edits_n <= LIMIT_OPERATIONS)
		return ERR_OK;
	return err_set(ERR_LIMIT,
	    "%zu edits of one record at once: at most %d are allowed",
	    write->edits_n, LIMIT_OPERATIONS);
}

static enum err
edits_check(const struct store_write *write)
{
	enum err e;

	if (id_is_authority(&write->space))
		return err_set(ERR_INVALID,
		    "'authority' holds members and grants, not records: see "
		    "`golmok admit --help`");
	if (write->create && !text_is_name(write->collection))
		return err_set(ERR_INVALID,
		    "collection '%.*s': a name is a-z, 0-9 and '_', begins "
		    "with a letter and has at most %d bytes",
		    (int)write->collection.n, (const char *)write->collection.p,
		    LIMIT_NAME_SIZE);
	if (write->act != ACT_EDIT && write->edits_n > 0)
		return err_set(
		    ERR_INVALID, "a delete or keep cannot also edit");
	e = edits_count(write);
	for (size_t i = 0; i < write->edits_n && e == ERR_OK; i++) {
		e = edit_check(&write->edits[i]);
		if (e == ERR_OK)
			e = twice_check(write, i);
	}
	return e;
}

/* Two values for one register in one write would contradict each other. */
static enum err
twice_check(const struct store_write *write, size_t i)
{
	const struct store_edit *edit = &write->edits[i];
	enum field_kind kind = body_kind(edit->code);

	for (size_t k = 0; k < i; k++) {
		const struct store_edit *other = &write->edits[k];

		if ((kind == KIND_REGISTER || kind == KIND_STATE) &&
		    body_kind(other->code) == kind &&
		    bytes_equal(other->field, edit->field))
			return err_set(ERR_INVALID,
			    "field '%.*s' is given twice", (int)edit->field.n,
			    (const char *)edit->field.p);
	}
	return ERR_OK;
}

static enum err
edit_check(const struct store_edit *edit)
{
	if (!text_is_name(edit->field))
		return err_set(ERR_INVALID,
		    "field '%.*s': a name is a-z, 0-9 and '_', begins with a "
		    "letter and has at most %d bytes",
		    (int)edit->field.n, (const char *)edit->field.p,
		    LIMIT_NAME_SIZE);
	if (edit->code == OP_CLEAR)
		return ERR_OK;
	if (edit->value.n > LIMIT_BODY_SIZE / 2)
		return err_set(ERR_LIMIT,
		    "field '%.*s': a value of %zu bytes is too large: at most "
		    "%d are allowed",
		    (int)edit->field.n, (const char *)edit->field.p,
		    edit->value.n, LIMIT_BODY_SIZE / 2);
	if (codec_check(edit->value) != ERR_OK)
		return err_wrap(ERR_INVALID, "field '%.*s'", (int)edit->field.n,
		    (const char *)edit->field.p);
	/* What does not fit would be passed over by every reader. */
	if (edit->code != OP_REMOVE &&
	    !body_value_fits(edit->code, edit->value))
		return err_set(ERR_INVALID,
		    "field '%.*s': a value of another type is wanted",
		    (int)edit->field.n, (const char *)edit->field.p);
	return ERR_OK;
}

static enum err
record_read(struct composing *c)
{
	struct txn *txn = c->composer->txn;
	enum err e;

	c->space = space_find(txn, &c->write->space);
	e = kv_failed(txn->kv);
	if (e != ERR_OK || c->space == NULL)
		return e;
	e = record_get(txn,
	    &(struct record_read){.space = c->space, .arena = &txn->arena},
	    &c->id, &c->record);
	/* An id that was drawn just now needs no look. */
	if (e == ERR_OK && !c->record.exists && c->record.heads_n == 0 &&
	    (c->write->has_record || !c->write->create))
		e = history_none(txn, c->space, &c->id);
	return e;
}

/* Loads all values, if any of those that are edited lie apart, or somebody in a
 * role takes them all away. */
static enum err
cells_read(struct composing *c)
{
	bool all = c->write->act == ACT_DELETE && c->write->role != NULL;

	return all || cells_wanted(c->write, &c->record)
		   ? composing_load(c, &c->record)
		   : ERR_OK;
}

/* Notes and counters are written without looking at what is there already. */
static bool
cells_wanted(const struct store_write *write, const struct record *record)
{
	for (size_t i = 0; i < write->edits_n; i++) {
		const struct store_edit *edit = &write->edits[i];
		const struct record_field *field = merge_find(
		    record, edit->field, body_kind(edit->code));

		if (field != NULL && field->values == NULL &&
		    edit->code != OP_APPEND && edit->code != OP_COUNT)
			return true;
	}
	return false;
}

static enum err
record_wanted(struct composing *c)
{
	if (c->write->create) {
		if (c->record.exists || c->record.heads_n > 0)
			return err_set(ERR_EXISTS,
			    "a record with this id is there already: use "
			    "`golmok patch` to change it");
		return ERR_OK;
	}
	if (!c->record.exists)
		return err_set(ERR_NOT_FOUND, "no such record in '%s'",
		    c->write->space.text);
	if (c->record.status == RECORD_DELETED && c->write->act == ACT_EDIT)
		return err_set(ERR_NOT_FOUND,
		    "this record is deleted: `golmok keep` brings it back");
	return ERR_OK;
}

/* What the caller was shown. */
static enum err
shown_read(struct composing *c)
{
	const struct known_of of = {.txn = c->composer->txn,
	    .space = c->space,
	    .id = &c->id,
	    .now = &c->record};

	return known_read(&of, c->write->token, &c->shown);
}

/* States move from what the caller was shown: what was decided apart stands
 * beside it, for a person to see. */
static enum err
moves_check(const struct composing *c)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < c->write->edits_n && e == ERR_OK; i++) {
		const struct store_edit *edit = &c->write->edits[i];
		const struct record_field *field = merge_find(
		    &c->shown.record, edit->field, KIND_STATE);
		const struct record_value *from = NULL;

		if (edit->code != OP_MOVE)
			continue;
		if (field != NULL)
			from = effective_value(composing_field(c, edit->field),
			    &c->shown.record, field);
		e = rules_move(c->composer->txn->pack, composing_collection(c),
		    edit, from != NULL ? from->value : (struct bytes){0});
	}
	return e;
}

static void
ops_make(struct composing *c)
{
	struct arena *arena = &c->composer->txn->arena;
	const struct store_write *write = c->write;

	c->change.ops = arena_array(
	    arena, write->edits_n, sizeof(*c->change.ops));
	c->change.classes = arena_array(
	    arena, write->edits_n, sizeof(*c->change.classes));
	for (size_t i = 0; i < write->edits_n; i++) {
		const struct store_edit *edit = &write->edits[i];
		struct draft_op *op = &c->change.ops[c->change.ops_n];

		*op = (struct draft_op){0};
		if (!op_make(c, edit, op))
			continue;
		c->change.classes[c->change.ops_n++] = edit->class;
		op->op.code = edit->code;
		op->op.field = arena_bytes(arena, edit->field);
		op->op.value = body_has_value(edit->code)
				   ? arena_bytes(arena, edit->value)
				   : bytes_text("\xc0");
	}
}

/* What `edit` replaces of what was shown; false when it would change nothing.
 */
static bool
op_make(struct composing *c, const struct store_edit *edit, struct draft_op *op)
{
	const struct record_field *field = merge_find(
	    &c->shown.record, edit->field, body_kind(edit->code));
	const struct record_value *winner;
	bool narrow = c->write->token.n == 0 && !c->write->resolve;
	bool same = false;
	size_t n = field != NULL && field->values != NULL ? field->n : 0;

	if (edit->code == OP_APPEND || edit->code == OP_COUNT)
		return true;
	winner = n > 0 ? effective_value(composing_field(c, edit->field),
			     &c->shown.record, field)
		       : NULL;
	op->seen = arena_array(&c->composer->txn->arena, n, sizeof(*op->seen));
	for (size_t i = 0; i < n; i++) {
		const struct record_value *value = &field->values[i];
		bool equal = bytes_equal(value->value, edit->value);

		if (edit->code == OP_ADD || edit->code == OP_REMOVE)
			same = same || equal;
		else
			same = same || (value == winner && equal);
		if (edit->code == OP_ADD ||
		    (edit->code == OP_REMOVE && !equal) ||
		    (edit->code != OP_REMOVE && narrow &&
			!bytes_equal(value->value, winner->value)))
			continue;
		op->seen[op->seen_n++] = merge_dot(&c->shown.record, value);
	}
	if (edit->code == OP_CLEAR || edit->code == OP_REMOVE)
		return op->seen_n > 0;
	return c->write->resolve || !same;
}

static void
parents_take(struct composing *c)
{
	size_t n = c->shown.heads_n < PARENTS_OF_CHANGE ? c->shown.heads_n
							: PARENTS_OF_CHANGE;

	c->change.parents_n = n;
	c->change.parents = arena_array(
	    &c->composer->txn->arena, n, sizeof(struct change_ref));
	for (size_t i = 0; i < n; i++)
		c->change.parents[i] = c->shown.heads[i];
}

/* Does each class of the change fit into a body?  Later it would be too late to
 * say no to this write alone. */
static enum err
body_check(const struct composing *c)
{
	size_t sizes[CLASS_COUNT] = {0};

	sizes[CLASS_N] = c->change.collection.n;
	for (size_t i = 0; i < c->change.ops_n; i++) {
		const struct body_op *op = &c->change.ops[i].op;
		size_t *size = &sizes[c->change.classes[i]];

		*size += OP_ROOM + op->field.n + op->value.n;
		if (*size > LIMIT_BODY_SIZE - OP_ROOM)
			return err_set(ERR_LIMIT,
			    "a change of more than %d bytes: shorten its "
			    "longest text, or write it in parts",
			    LIMIT_BODY_SIZE);
	}
	return ERR_OK;
}

/* Nothing but what a change replaces can be too much for any delta. */
static enum err
too_many(const struct draft_change *change)
{
	const struct draft_op *most = &change->ops[0];
	size_t n = 0;

	for (size_t i = 0; i < change->ops_n; i++) {
		n += change->ops[i].seen_n;
		if (change->ops[i].seen_n > most->seen_n)
			most = &change->ops[i];
	}
	return err_set(ERR_LIMIT,
	    "this change replaces %zu values, the most of them of '%.*s', and "
	    "%zu at once is the most: change fewer fields or elements at a "
	    "time",
	    n, (int)most->op.field.n, most->op.field.p,
	    LIMIT_SEEN - change->parents_n);
}

static enum err
change_add(struct composing *c, struct draft *draft)
{
	enum err e = ERR_OK;

	if (!draft_fits(draft, &c->change))
		e = compose_seal(c->composer, draft);
	if (e == ERR_OK && !draft_fits(draft, &c->change))
		e = too_many(&c->change);
	if (e == ERR_OK)
		draft_add(draft, &c->change);
	return e;
}

enum err
compose_seal(struct composer *composer, struct draft *draft)
{
	struct own *own;
	enum err e;

	if (draft->changes_n == 0)
		return ERR_OK;
	e = own_log(composer->txn, &composer->writer, &draft->space,
	    composer->owns, &own);
	return e == ERR_OK ? draft_seal(composer->txn, draft, own) : e;
}
