/*
 * From edits to operations.  The door calls it for every local write; what a
 * write may say is checked here, who may write is core/own.c's to know, and
 * whether the words fit a pack is settled before.
 */
#include "core/compose.h"

#include <stdlib.h>
#include <string.h>

#include "core/history.h"
#include "core/record.h"
#include "proto/ascii.h"
#include "proto/codec.h"
#include "proto/text.h"

/* One write under way. */
struct composing {
	struct composer *composer;
	const struct store_write *write;
	struct record_id id;
	struct record record; /* as it stands */
	/* What the caller was shown: everything, or the changes in `known`. */
	bool all_shown;
	struct change_ref *known; /* arena; sorted */
	size_t known_n;
	struct change_ref *shown_heads; /* arena */
	size_t shown_heads_n;
	struct draft_change change;
};

static enum err edits_check(const struct store_write *write) MUST_USE;
static enum err twice_check(const struct store_write *write, size_t i) MUST_USE;
static enum err edit_check(const struct store_edit *edit) MUST_USE;
static enum err record_read(struct composing *c) MUST_USE;
static bool cells_wanted(
    const struct store_write *write, const struct record *record);
static enum err record_wanted(struct composing *c) MUST_USE;
static enum err shown_read(struct composing *c) MUST_USE;
static enum err known_gather(struct composing *c) MUST_USE;
static void ops_make(struct composing *c);
static bool op_make(
    struct composing *c, const struct store_edit *edit, struct draft_op *op);
static enum err parents_take(struct composing *c) MUST_USE;
static enum err change_add(struct composing *c, struct draft *draft) MUST_USE;

enum err
compose_write(struct composer *composer, const struct store_write *write,
    struct record_id *record, bool *changed)
{
	struct txn *txn = composer->txn;
	struct composing c = {.composer = composer, .write = write};
	struct draft *draft;
	struct own *own;
	enum err e;

	*changed = false;
	e = edits_check(write);
	if (e == ERR_OK)
		e = own_log(txn, &composer->writer, &write->space,
		    composer->owns, &own);
	if (e != ERR_OK)
		return e;
	draft = draft_get(txn, composer->drafts, write);
	c.id = write->record;
	if (write->create && !write->has_record) {
		uint8_t random[10];

		txn->host->random(txn->host->arg, random, sizeof(random));
		id_record(txn->host->now_ms(txn->host->arg), random, &c.id);
	}
	*record = c.id;
	for (struct draft *d = *composer->drafts; d != NULL; d = d->next) {
		if (id_space_equal(&d->space, &write->space) &&
		    draft_has(d, &c.id)) {
			e = compose_seal(composer, d);
			if (e != ERR_OK)
				return e;
		}
	}
	e = record_read(&c);
	if (e == ERR_OK)
		e = record_wanted(&c);
	if (e == ERR_OK)
		e = shown_read(&c);
	if (e != ERR_OK)
		return e;
	c.change.record = c.id;
	c.change.act = write->act;
	ops_make(&c);
	*changed = write->create || c.change.ops_n > 0 ||
		   (write->act == ACT_DELETE &&
		       c.record.status != RECORD_DELETED) ||
		   (write->act == ACT_KEEP && c.record.status != RECORD_LIVE);
	if (!*changed)
		return ERR_OK;
	if (write->create)
		c.change.collection = arena_bytes(
		    &txn->arena, write->collection);
	e = parents_take(&c);
	return e == ERR_OK ? change_add(&c, draft) : e;
}

static enum err
edits_check(const struct store_write *write)
{
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
	if (write->edits_n > LIMIT_OPERATIONS)
		return err_set(ERR_LIMIT,
		    "%zu edits of one record at once: at most %d are allowed",
		    write->edits_n, LIMIT_OPERATIONS);
	if (write->act != ACT_EDIT && write->edits_n > 0)
		return err_set(
		    ERR_INVALID, "a delete or keep cannot also edit");
	for (size_t i = 0; i < write->edits_n; i++) {
		enum err e = edit_check(&write->edits[i]);

		if (e == ERR_OK)
			e = twice_check(write, i);
		if (e != ERR_OK)
			return e;
	}
	return ERR_OK;
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
	return ERR_OK;
}

static enum err
record_read(struct composing *c)
{
	struct txn *txn = c->composer->txn;
	struct space_state *space;
	enum err e = space_get(txn, &c->write->space, &space);

	if (e == ERR_OK)
		e = record_get(
		    txn, space, &c->id, false, &txn->arena, &c->record);
	/* An id that was drawn just now needs no look. */
	if (e == ERR_OK && !c->record.exists && c->record.heads_n == 0 &&
	    (c->write->has_record || !c->write->create))
		e = history_none(txn, space, &c->id);
	if (e == ERR_OK && cells_wanted(c->write, &c->record))
		e = record_get(
		    txn, space, &c->id, true, &txn->arena, &c->record);
	return e;
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

void
compose_token(const struct record *record, struct buf *token)
{
	for (size_t i = 0; i < record->heads_n; i++) {
		uint8_t head[ID_CHANGE_SIZE];

		if (i > 0)
			buf_add_u8(token, '.');
		id_change_put(&record->heads[i], head);
		ascii_base32(bytes_of(head, sizeof(head)), token);
	}
}

/* Reads the token: the latest changes that the caller was shown. */
static enum err
shown_read(struct composing *c)
{
	struct arena *arena = &c->composer->txn->arena;
	struct bytes rest = c->write->token;
	struct buf bin = {0};
	size_t n = 0;
	bool all = true;
	enum err e = ERR_OK;

	c->all_shown = true;
	c->shown_heads = c->record.heads;
	c->shown_heads_n = c->record.heads_n;
	if (rest.n == 0)
		return ERR_OK;
	c->shown_heads = arena_array(
	    arena, rest.n / ID_CHANGE_SIZE + 1, sizeof(struct change_ref));
	while (rest.n > 0 && e == ERR_OK) {
		struct bytes one = bytes_first(rest, bytes_find(rest, '.'));

		rest = bytes_after(rest, one.n < rest.n ? one.n + 1 : one.n);
		buf_cut(&bin, 0);
		e = ascii_from_base32(one, &bin);
		if (e == ERR_OK && bin.n != ID_CHANGE_SIZE)
			e = err_set(ERR_MALFORMED, "a part has a wrong length");
		if (e == ERR_OK)
			id_change_get(bin.p, &c->shown_heads[n++]);
	}
	buf_fini(&bin);
	if (e != ERR_OK)
		return err_wrap(ERR_INVALID,
		    "this token is not one that `golmok get` printed");
	c->shown_heads_n = n;
	all = n == c->record.heads_n;
	for (size_t i = 0; i < n && all; i++)
		all = id_change_compare(
			  &c->shown_heads[i], &c->record.heads[i]) == 0;
	c->all_shown = all;
	return all ? ERR_OK : known_gather(c);
}

static int
change_order(const void *a, const void *b)
{
	return id_change_compare(a, b);
}

static int
history_order(const void *a, const void *b)
{
	const struct merge_change *left = a;
	const struct merge_change *right = b;

	return id_change_compare(&left->at, &right->at);
}

/* The ancestry of what was shown: all that the caller can have seen. */
static enum err
known_gather(struct composing *c)
{
	struct txn *txn = c->composer->txn;
	struct space_state *space;
	struct merge_changes all;
	struct merge_change *changes;
	const struct change_ref **queue;
	bool *taken;
	size_t n;
	size_t queued = 0;
	enum err e;

	e = space_get(txn, &c->write->space, &space);
	if (e == ERR_OK)
		e = history_load(txn, space, &c->id, &txn->arena, &all);
	if (e != ERR_OK)
		return e;
	changes = all.p;
	n = all.n;
	if (n > 0)
		qsort(changes, n, sizeof(*changes), history_order);
	c->known = arena_array(&txn->arena, n, sizeof(*c->known));
	taken = arena_array(&txn->arena, n, sizeof(*taken));
	queue = arena_array(&txn->arena, n + c->shown_heads_n,
	    sizeof(const struct change_ref *));
	for (size_t i = 0; i < c->shown_heads_n; i++)
		queue[queued++] = &c->shown_heads[i];
	for (size_t at = 0; at < queued; at++) {
		struct merge_change wanted = {.at = *queue[at]};
		struct merge_change *hit = n == 0 ? NULL
						  : bsearch(&wanted, changes, n,
							sizeof(wanted),
							history_order);

		if (hit == NULL || taken[hit - changes])
			continue;
		taken[hit - changes] = true;
		c->known[c->known_n++] = hit->at;
		for (size_t i = 0; i < hit->parents_n; i++) {
			struct merge_change parent = {.at = hit->parents[i]};
			struct merge_change *up = bsearch(
			    &parent, changes, n, sizeof(parent), history_order);

			if (up != NULL && !taken[up - changes] &&
			    queued < n + c->shown_heads_n)
				queue[queued++] = &up->at;
		}
	}
	if (c->known_n == 0)
		return err_set(ERR_INVALID,
		    "this token is of another record, or of changes that are "
		    "not here yet");
	qsort(c->known, c->known_n, sizeof(*c->known), change_order);
	return ERR_OK;
}

static bool
is_shown(const struct composing *c, const struct record_value *value)
{
	return c->all_shown ||
	       bsearch(&c->record.sources[value->source].at, c->known,
		   c->known_n, sizeof(*c->known), change_order) != NULL;
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

/* What `edit` replaces; false when it would change nothing. */
static bool
op_make(struct composing *c, const struct store_edit *edit, struct draft_op *op)
{
	const struct record_field *field = merge_find(
	    &c->record, edit->field, body_kind(edit->code));
	const struct record_value *winner;
	bool narrow = c->write->token.n == 0 && !c->write->resolve;
	bool same = false;
	size_t n = field != NULL && field->values != NULL ? field->n : 0;

	if (edit->code == OP_APPEND || edit->code == OP_COUNT)
		return true;
	winner = n > 0 ? merge_winner(&c->record, field) : NULL;
	op->seen = arena_array(&c->composer->txn->arena, n, sizeof(*op->seen));
	for (size_t i = 0; i < n; i++) {
		const struct record_value *value = &field->values[i];
		bool equal = bytes_equal(value->value, edit->value);

		if (!is_shown(c, value))
			continue;
		if (edit->code == OP_ADD || edit->code == OP_REMOVE)
			same = same || equal;
		else
			same = same || (value == winner && equal);
		if (edit->code == OP_ADD ||
		    (edit->code == OP_REMOVE && !equal) ||
		    (edit->code != OP_REMOVE && narrow &&
			!bytes_equal(value->value, winner->value)))
			continue;
		op->seen[op->seen_n++] = merge_dot(&c->record, value);
	}
	if (edit->code == OP_CLEAR || edit->code == OP_REMOVE)
		return op->seen_n > 0;
	return c->write->resolve || !same;
}

static enum err
parents_take(struct composing *c)
{
	if (c->shown_heads_n > LIMIT_PARENTS)
		return err_set(ERR_LIMIT,
		    "this record was changed in %zu places at once, more than "
		    "%d",
		    c->shown_heads_n, LIMIT_PARENTS);
	c->change.parents_n = c->shown_heads_n;
	c->change.parents = arena_array(&c->composer->txn->arena,
	    c->shown_heads_n, sizeof(struct change_ref));
	for (size_t i = 0; i < c->shown_heads_n; i++)
		c->change.parents[i] = c->shown_heads[i];
	return ERR_OK;
}

static enum err
change_add(struct composing *c, struct draft *draft)
{
	enum err e = ERR_OK;

	if (!draft_fits(draft, &c->change))
		e = compose_seal(c->composer, draft);
	if (e == ERR_OK && !draft_fits(draft, &c->change))
		e = err_set(ERR_LIMIT,
		    "this change replaces more than %d values at once: "
		    "resolve one field at a time",
		    LIMIT_SEEN);
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

enum err
compose_fact(
    struct composer *composer, enum delta_kind kind, struct bytes plain)
{
	struct txn *txn = composer->txn;
	struct delta_change change = {.classes = 1u << CLASS_N};
	struct delta delta = {
	    .kind = (uint64_t)kind, .changes = &change, .changes_n = 1};
	struct stored_body body = {.class = CLASS_N, .form = BODY_OPEN};
	struct secret secret;
	struct buf sealed = {0};
	uint8_t random[10];
	struct own *own;
	enum err e;

	e = own_log(
	    txn, &composer->writer, &id_authority, composer->owns, &own);
	if (e != ERR_OK)
		return e;
	txn->host->random(txn->host->arg, random, sizeof(random));
	id_record(txn->host->now_ms(txn->host->arg), random, &change.record);
	txn->host->random(txn->host->arg, secret.b, sizeof(secret.b));
	e = body_seal(txn->squeeze, plain, &secret, &sealed,
	    &change.commitments[CLASS_N]);
	memcpy(body.key, secret.b, sizeof(secret.b));
	body.sealed = buf_bytes(&sealed);
	if (e == ERR_OK)
		e = own_append(txn, own, &delta, &body, 1);
	buf_fini(&sealed);
	crypto_wipe(&secret, sizeof(secret));
	return e;
}
