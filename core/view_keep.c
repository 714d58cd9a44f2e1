/*
 * Keeps the rows of views true.  core/record.c tells of every change of a
 * record, core/store.c has the views made again when the pack is another.  The
 * amounts are core/view_rows.c's to say; what is done with them is all that
 * happens here.
 */
#include "core/view_keep.h"

#include <string.h>

#include "core/gap.h"
#include "core/meta.h"
#include "core/record.h"
#include "core/view_form.h"

enum { REFRESH_RECORDS = 1000 };

/* How far the views in the table are, as this transaction has read or made it.
 */
struct view_memo {
	const struct views *of;
	enum stand stand;
	struct stand_done done;
};

static bool is_counted(const struct turn_place *at);
static bool adds(const struct record *record);
static void views_touched(const struct view_plan *plan, const struct turn *turn,
    struct view_bits *views);
static bool is_touched(const struct pack_field *field, const struct turn *turn);
static bool amounts_write(
    const struct turn_place *at, struct view_amounts *amounts) MUST_USE;
static bool amount_write(struct txn *txn, const struct view_amount *amount);
static void stand_write(
    struct txn *txn, enum stand stand, const struct stand_done *done);

static struct view_memo *
memo_of(struct txn *txn)
{
	struct view_memo *memo = txn->view_memo;

	if (memo == NULL)
		memo = arena_new(&txn->arena, sizeof(*memo));
	/* Another pack may come into force while a writer starts. */
	if (txn->view_memo == NULL || memo->of != txn->views) {
		memo->of = txn->views;
		memo->stand = view_stand(txn, &memo->done);
	}
	txn->view_memo = memo;
	return memo;
}

/* ---- kept with every change --------------------------------------------- */

void
view_keep_leave(const struct turn_place *at, const struct turn *turn,
    struct view_step *step)
{
	const struct views *views = at->txn->views;
	const struct view_plan *old = NULL;
	enum err e = ERR_OK;

	step->next = NULL;
	step->amounts = (struct view_amounts){.turn = turn};
	if (views == NULL || views->plans_n == 0)
		return;
	if (adds(turn->old))
		old = view_plan_find(views, turn->old->collection);
	if (adds(turn->next))
		step->next = view_plan_find(views, turn->next->collection);
	if ((old == NULL && step->next == NULL) || !is_counted(at)) {
		step->next = NULL;
		return;
	}
	if (step->next != NULL)
		view_rows_all(step->next, &step->views);
	if (old != NULL && old == step->next)
		views_touched(old, turn, &step->views);
	if (old == NULL)
		return;
	if (old != step->next)
		view_rows_all(old, &step->old_views);
	step->amounts.leaves = true;
	e = view_rows_add(at, old,
	    old == step->next ? &step->views : &step->old_views, turn->old,
	    &step->amounts);
	if (e != ERR_OK)
		kv_fail(at->txn->kv, e);
}

void
view_keep_enter(const struct turn_place *at, const struct turn *turn,
    struct view_step *step)
{
	enum err e = ERR_OK;

	step->amounts.leaves = false;
	if (step->next != NULL)
		e = view_rows_add(
		    at, step->next, &step->views, turn->next, &step->amounts);
	if (e != ERR_OK)
		kv_fail(at->txn->kv, e);
	/* Nobody's change is refused for what others may have damaged, but the
	 * views are counted anew. */
	else if (step->amounts.n > 0 && !amounts_write(at, &step->amounts))
		stand_write(at->txn, STAND_OTHER, NULL);
}

/* Deleted records are in no view; contested ones are, as they are shown. */
static bool
adds(const struct record *record)
{
	return record->exists && record->status != RECORD_DELETED;
}

/* Is what the record was in the table? */
static bool
is_counted(const struct turn_place *at)
{
	const struct view_memo *memo = memo_of(at->txn);

	switch (memo->stand) {
	case STAND_OTHER:
		return false;
	case STAND_UNDONE:
		return at->space->no.v < memo->done.space ||
		       (at->space->no.v == memo->done.space &&
			   memcmp(at->id, &memo->done.id, sizeof(*at->id)) <=
			       0);
	case STAND_WHOLE:
		break;
	}
	return true;
}

/* The views that read a field that changes. */
static void
views_touched(const struct view_plan *plan, const struct turn *turn,
    struct view_bits *views)
{
	bool stamps = turn->old->created.v != turn->next->created.v ||
		      turn->old->changed.v != turn->next->changed.v;
	struct view_bits fields = {0};

	*views = (struct view_bits){0};
	for (size_t i = 0; i < plan->fields_n; i++)
		if (is_touched(plan->fields[i].field, turn))
			view_bits_add(&fields, plan->fields[i].at);
	for (size_t i = 0; i < plan->views_n; i++) {
		const struct view_reads *reads = &plan->views[i];
		bool touched = reads->stamps && stamps;

		for (size_t w = 0; w < COUNT_OF(fields.of); w++)
			touched = touched ||
				  (fields.of[w] & reads->all.of[w]) != 0;
		if (touched)
			view_bits_add(views, i);
	}
}

static bool
is_of(const struct cell *cell, const struct record_field *field)
{
	return cell->kind == field->kind &&
	       bytes_equal(cell->field, field->name);
}

static bool
is_touched(const struct pack_field *field, const struct turn *turn)
{
	struct bytes name = bytes_text(field->name);
	const struct record_field *old = merge_find(
	    turn->old, name, field->kind);
	const struct record_field *next = merge_find(
	    turn->next, name, field->kind);
	size_t old_n = old != NULL ? old->n : 0;
	size_t next_n = next != NULL ? next->n : 0;

	if (old_n != next_n)
		return true;
	if (old_n == 0)
		return false;
	if (old_n == 1)
		return old->values[0].class != next->values[0].class ||
		       !bytes_equal(
			   old->values[0].value, next->values[0].value);
	/* As many come as go. */
	for (size_t i = 0; i < turn->gone_n; i++)
		if (is_of(&turn->gone[i], old))
			return true;
	return false;
}

/* ---- rows --------------------------------------------------------------- */

/* False when a row is damaged, or counts fewer than there were. */
static bool
amounts_write(const struct turn_place *at, struct view_amounts *amounts)
{
	bool sound = true;

	view_rows_settle(amounts);
	for (size_t i = 0; i < amounts->n && sound; i++)
		sound = amount_write(at->txn, &amounts->p[i]);
	return sound;
}

static bool
amount_write(struct txn *txn, const struct view_amount *amount)
{
	struct view_sum sums[LIMIT_VIEW_PARTS] = {0};
	struct bytes content;
	struct bytes row;
	uint64_t records = 0;

	if (!kv_find(txn->kv, TABLE_VIEWS, amount->key, &row)) {
		if (gap_none(txn, TABLE_VIEWS, amount->key) != ERR_OK)
			return false;
	} else if (!tables_fit(amount->key, row, &content) ||
		   !view_form_read(content, &records, sums, amount->sums_n)) {
		return false;
	}
	if (amount->records < 0 && records < (uint64_t)-amount->records)
		return false;
	records += (uint64_t)amount->records;
	for (size_t i = 0; i < amount->sums_n; i++)
		view_sum_add(&sums[i], &amount->sums[i]);
	if (records == 0) {
		kv_del(txn->kv, TABLE_VIEWS, amount->key);
		return true;
	}
	tables_row_begin(&txn->row);
	view_form_row(records, sums, amount->sums_n, &txn->row);
	tables_row_end(amount->key, &txn->row);
	kv_put(txn->kv, TABLE_VIEWS, amount->key, buf_bytes(&txn->row));
	return true;
}

/* ---- made anew ---------------------------------------------------------- */

static void
stand_write(struct txn *txn, enum stand stand, const struct stand_done *done)
{
	struct view_memo *memo = memo_of(txn);

	memo->stand = stand;
	if (stand == STAND_UNDONE)
		memo->done = *done;
	if (stand == STAND_OTHER)
		meta_del(txn, view_meta);
	else
		stand_put(txn, view_meta, txn->views->state,
		    stand == STAND_UNDONE ? done : NULL);
}

void
view_keep_reset(struct txn *txn)
{
	kv_clear(txn->kv, TABLE_VIEWS);
	stand_write(txn, txn->views != NULL ? STAND_WHOLE : STAND_OTHER, NULL);
}

/* `*sound` is set to false when the rows so far cannot be gone on with. */
static enum err
record_count(
    const struct turn_place *at, const struct record *record, bool *sound)
{
	const struct view_plan *plan = view_plan_find(
	    at->txn->views, record->collection);
	struct view_amounts amounts = {0};
	struct view_bits views;
	enum err e;

	if (plan == NULL)
		return ERR_OK;
	view_rows_all(plan, &views);
	e = view_rows_add(at, plan, &views, record, &amounts);
	if (e == ERR_OK)
		*sound = amounts_write(at, &amounts);
	return e;
}

enum err
view_keep_refresh(struct txn *txn, bool *whole)
{
	struct view_memo *memo = memo_of(txn);
	struct stand_done done = {.space = 1};
	uint64_t spaces = kv_count(txn->kv, TABLE_SPACES);
	struct arena arena = {0};
	enum err e = kv_failed(txn->kv);

	assert(txn->write && txn->views != NULL);
	if (e != ERR_OK || memo->stand == STAND_WHOLE)
		return e;
	if (memo->stand == STAND_UNDONE)
		done = memo->done;
	else
		kv_clear(txn->kv, TABLE_VIEWS);
	/* Without views no record has to be looked at. */
	if (txn->views->plans_n == 0)
		done.space = (uint32_t)spaces + 1;
	for (int n = 0;
	     n < REFRESH_RECORDS && done.space <= spaces && e == ERR_OK; n++) {
		struct turn_place at = {
		    .txn = txn, .id = &done.id, .arena = &arena};
		struct record record;
		bool found = false;
		bool sound = true;

		arena_reset(&arena);
		e = space_by_no(txn, (struct space_no){done.space}, &at.space);
		if (e == ERR_OK)
			e = record_next(txn,
			    &(struct record_read){
				.space = at.space, .arena = &arena},
			    &done.id, &record, &found);
		if (e == ERR_OK && found)
			e = record_count(&at, &record, &sound);
		else if (e == ERR_OK)
			done = (struct stand_done){.space = done.space + 1};
		if (e == ERR_OK && !sound) {
			kv_clear(txn->kv, TABLE_VIEWS);
			done = (struct stand_done){.space = 1};
		}
	}
	if (e == ERR_OK)
		stand_write(txn,
		    done.space > spaces ? STAND_WHOLE : STAND_UNDONE, &done);
	*whole = *whole && memo->stand == STAND_WHOLE;
	arena_fini(&arena);
	return e == ERR_OK ? kv_failed(txn->kv) : e;
}
