/*
 * What records show.  Reads records, writes nothing.
 */
#include "core/shown.h"

#include "core/record.h"
#include "proto/codec.h"

struct bytes
shown_value(const struct record *record, const struct pack_field *field)
{
	const struct record_field *has = NULL;

	if (field != NULL)
		has = merge_find(record, bytes_text(field->name), field->kind);
	return has == NULL ? (struct bytes){0}
			   : merge_winner(record, has)->value;
}

struct bytes
shown_text(const struct record *record, const struct pack_field *field)
{
	struct reader r;

	codec_begin(&r, shown_value(record, field));
	return codec_peek(&r) == CODEC_TEXT ? codec_get_text(&r)
					    : (struct bytes){0};
}

bool
shown_ref(const struct record *record, const struct pack_field *field,
    struct record_id *id)
{
	struct reader r;
	struct bytes ref;

	codec_begin(&r, shown_value(record, field));
	ref = codec_get_bytes(&r);
	if (r.bad || ref.n != sizeof(id->b))
		return false;
	bytes_copy(id->b, ref);
	return true;
}

enum err
shown_record(struct txn *txn, const struct record_id *id, struct arena *arena,
    struct record *record, bool *held)
{
	struct space_state *space;
	enum err e = record_locate(txn, id, &space);

	if (e == ERR_OK)
		e = record_get(txn,
		    &(struct record_read){
			.space = space, .cells = true, .arena = arena},
		    id, record);
	*held = e == ERR_OK;
	if (e == ERR_NOT_FOUND)
		e = ERR_OK;
	return e;
}
