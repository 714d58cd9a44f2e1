/*
 * Days on which states were reached.  Called by core/compose.c, which writes
 * what is added here with the rest.
 */
#include "core/dated.h"

#include "core/host.h"
#include "proto/calendar.h"
#include "proto/codec.h"

static const struct store_edit *
edit_of(const struct store_write *write, const struct pack_field *field)
{
	for (size_t i = 0; i < write->edits_n; i++)
		if (body_kind(write->edits[i].code) == field->kind &&
		    bytes_is(write->edits[i].field, field->name))
			return &write->edits[i];
	return NULL;
}

/* Does the record stand in the state `value` already? */
static bool
stands(const struct record *record, const struct pack_field *state,
    struct bytes value)
{
	const struct record_field *has = merge_find(
	    record, bytes_text(state->name), state->kind);

	for (size_t i = 0; has != NULL && has->values != NULL && i < has->n;
	     i++)
		if (bytes_equal(has->values[i].value, value))
			return true;
	return false;
}

/* Does the move `edit`, which is all that can be written to a state, come to
 * one of the states? */
static bool
comes_to(const struct pack_when *when, const struct store_edit *edit)
{
	struct bytes state;
	struct reader r;

	codec_begin(&r, edit->value);
	state = codec_get_text(&r);
	for (size_t i = 0; i < when->of->values_n; i++)
		if ((when->is >> i & 1) != 0 &&
		    bytes_is(state, when->of->values[i]))
			return true;
	return false;
}

static bool
is_asked(const struct store_write *write, const struct record *record,
    const struct pack_field *field)
{
	const struct store_edit *move;
	const struct record_field *has;

	if (field->when == NULL || edit_of(write, field) != NULL)
		return false;
	move = edit_of(write, field->when->of);
	has = merge_find(record, bytes_text(field->name), field->kind);
	return move != NULL && comes_to(field->when, move) &&
	       (write->create || has == NULL) &&
	       (write->create || !stands(record, field->when->of, move->value));
}

/* The day, or the time, by the clocks of the pack. */
static struct bytes
now_value(struct txn *txn, const struct pack_field *field)
{
	int64_t seconds = calendar_seconds(txn->host->now_ms(txn->host->arg));
	int64_t offset = txn->pack->clock_seconds;
	char time[CALENDAR_TIME_SIZE];
	char day[CALENDAR_TEXT_SIZE];
	struct buf value = {0};
	struct bytes copy;

	calendar_write_time(seconds, offset, time);
	calendar_write_day(calendar_day_at(seconds, offset), day);
	codec_put_text(
	    &value, bytes_text(field->type == PACK_DATE ? day : time));
	copy = arena_bytes(&txn->arena, buf_bytes(&value));
	buf_fini(&value);
	return copy;
}

void
dated_fill(struct txn *txn, const struct authority *authority,
    const struct pack_collection *collection, const struct record *record,
    struct store_write *write)
{
	struct store_edit *edits = NULL;
	size_t n = write->edits_n;

	for (size_t i = 0; i < collection->fields_n; i++) {
		const struct pack_field *field = &collection->fields[i];

		if (!is_asked(write, record, field) ||
		    authority_is_behind(
			authority, txn->host->now_ms(txn->host->arg)))
			continue;
		if (edits == NULL) {
			edits = arena_array(&txn->arena,
			    n + collection->fields_n, sizeof(*edits));
			for (size_t k = 0; k < n; k++)
				edits[k] = write->edits[k];
		}
		edits[n++] = (struct store_edit){
		    .field = bytes_text(field->name),
		    .code = OP_SET,
		    .class = field->data_class,
		    .value = now_value(txn, field)};
	}
	if (edits == NULL)
		return;
	write->edits = edits;
	write->edits_n = n;
}
