/*
 * A local write under way, looked at as a whole: what it makes of the record,
 * and whether guards and roles let it.  Called by core/compose.c alone.
 */
#include "core/composing.h"

#include "core/guard.h"
#include "core/mirror.h"
#include "core/outlook.h"
#include "core/record.h"
#include "core/staff.h"

enum err
composing_load(const struct composing *c, struct record *record)
{
	struct txn *txn = c->composer->txn;

	*record = (struct record){0};
	if (c->space == NULL)
		return ERR_OK;
	return record_get(txn,
	    &(struct record_read){
		.space = c->space, .cells = true, .arena = &txn->arena},
	    &c->id, record);
}

struct bytes
composing_collection(const struct composing *c)
{
	return c->write->create ? c->write->collection : c->record.collection;
}

const struct pack_field *
composing_field(const struct composing *c, struct bytes name)
{
	return c->collection != NULL ? pack_field(c->collection, name) : NULL;
}

/* Who deletes a record takes away all that stands in it. */
static enum err
hidden_delete(const struct composing *c)
{
	const struct pack_role *role = c->write->role;

	if (role == NULL)
		return ERR_OK;
	for (size_t i = 0; i < c->record.fields_n; i++) {
		const struct record_field *has = &c->record.fields[i];
		const struct pack_field *field = composing_field(c, has->name);

		if (field != NULL && field->match != NULL)
			continue;
		for (size_t k = 0; k < has->n; k++)
			if (!staff_sees(role, field, has->values[k].class))
				return err_set(ERR_DENIED,
				    "%.*s: holds something that the role %s "
				    "(%s) does not see, and so cannot delete",
				    (int)has->name.n, (const char *)has->name.p,
				    role->label.ko, role->label.en);
	}
	return ERR_OK;
}

enum err
composing_hidden(const struct composing *c)
{
	if (c->write->act == ACT_DELETE)
		return hidden_delete(c);
	for (size_t i = 0; i < c->change.ops_n; i++) {
		const struct draft_op *op = &c->change.ops[i];
		const struct pack_field *field = composing_field(
		    c, op->op.field);

		if (op->seen_n > 0 && (field == NULL || field->match == NULL) &&
		    !staff_sees(c->write->role, field, c->change.classes[i]))
			return err_set(ERR_DENIED,
			    "%.*s: holds something that the role %s (%s) does "
			    "not see, and so cannot replace",
			    (int)op->op.field.n, (const char *)op->op.field.p,
			    c->write->role->label.ko, c->write->role->label.en);
	}
	return ERR_OK;
}

/* Does the record as it stands have the state `op` already? */
static bool
stands(const struct composing *c, const struct body_op *op)
{
	const struct record_field *has = merge_find(
	    &c->record, op->field, KIND_STATE);

	for (size_t i = 0; has != NULL && i < has->n; i++)
		if (bytes_equal(has->values[i].value, op->value))
			return true;
	return false;
}

/* The field whose guards watch `op`; NULL when none does.  What stands in the
 * record already was asked when it came there. */
static const struct pack_field *
guarded(const struct composing *c, const struct body_op *op)
{
	const struct pack_field *field = op->code == OP_MOVE
					     ? composing_field(c, op->field)
					     : NULL;

	return field != NULL && guard_watches(field, op->value) &&
		       !stands(c, op)
		   ? field
		   : NULL;
}

/* The record as this write makes it. */
static enum err
after_make(const struct composing *c, struct record *after)
{
	struct txn *txn = c->composer->txn;
	struct record now;
	enum err e = composing_load(c, &now);

	if (e == ERR_OK)
		outlook_make(&now, &c->change,
		    txn->host->now_ms(txn->host->arg), &txn->arena, after);
	return e;
}

static enum err
guards_ask(const struct composing *c, const struct record *after)
{
	const struct guard_move move = {.txn = c->composer->txn,
	    .space = &c->write->space,
	    .id = &c->id,
	    .after = after,
	    .role = c->write->role};
	enum err e = ERR_OK;

	for (size_t i = 0; i < c->change.ops_n && e == ERR_OK; i++) {
		const struct body_op *op = &c->change.ops[i].op;
		const struct pack_field *field = guarded(c, op);

		if (field != NULL)
			e = guard_check(&move, field, op->value);
	}
	return e;
}

/* Guards may look at other records, also at those that this transaction has
 * written; they are brought where they can be found only when that may turn a
 * no into a yes, since small deltas cost more than large ones. */
enum err
composing_guards(struct composing *c)
{
	struct composer *composer = c->composer;
	bool any = false;
	struct record after;
	enum err e = ERR_OK;

	for (size_t i = 0; i < c->change.ops_n && !any; i++)
		any = guarded(c, &c->change.ops[i].op) != NULL;
	if (any)
		e = after_make(c, &after);
	if (e == ERR_OK && any)
		e = guards_ask(c, &after);
	if (e != ERR_INVALID || c->write->dry)
		return e;
	e = ERR_OK;
	for (struct draft *d = *composer->drafts; d != NULL && e == ERR_OK;
	     d = d->next)
		e = compose_seal(composer, d);
	if (e == ERR_OK)
		e = after_make(c, &after);
	return e == ERR_OK ? guards_ask(c, &after) : e;
}

enum err
composing_copies(struct composing *c)
{
	struct record after;
	const struct mirror_source source = {.write = c->write,
	    .collection = c->collection,
	    .id = &c->id,
	    .after = &after};
	enum err e;

	if (!mirror_has(c->composer->txn->pack, c->collection))
		return ERR_OK;
	e = after_make(c, &after);
	return e == ERR_OK ? mirror_write(c->composer, &source) : e;
}
