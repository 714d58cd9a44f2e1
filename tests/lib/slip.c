/*
 * Writes under the first pack, for tests of what it asks.
 */
#include "tests/lib/slip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "cli/show.h"
#include "cli/value.h"
#include "core/meta.h"
#include "core/staff.h"

void
slip_is(enum err e, enum err wanted, const char *part)
{
	if (e != wanted)
		fail_msg("%s: %s", err_name(e), err_text());
	if (part != NULL && strstr(err_text(), part) == NULL)
		fail_msg("'%s' does not say '%s'", err_text(), part);
}

void
slip_pack(struct desk *desk)
{
	desk_begin(desk, true);
	meta_put(store_txn(desk->store), meta_pack, bytes_text("chatdong"));
	desk_commit(desk);
	desk_close(desk);
	desk_open(desk, false);
	/* The first writer under another pack makes its indexes. */
	desk_begin(desk, true);
	desk_commit(desk);
}

/* Writes `words` as `write`, which names record and space. */
static enum err
words_write(const struct slip *slip, struct value_edits *edits,
    const char *const *words, struct store_write *write, struct record_id *id)
{
	const struct pack *pack = store_pack(slip->desk->store);
	bool changed;
	enum err e = ERR_OK;

	slip_is(id_space(bytes_text(slip->space), &write->space), ERR_OK, NULL);
	write->resolve = slip->resolve;
	if (slip->token != NULL)
		write->token = buf_bytes(slip->token);
	if (slip->role != NULL)
		slip_is(staff_get(pack, bytes_text(slip->role), &write->role),
		    ERR_OK, NULL);
	for (; *words != NULL; words++)
		slip_is(value_add(edits, *words), ERR_OK, NULL);
	write->edits = edits->edits;
	write->edits_n = edits->n;
	e = store_write(slip->desk->store, write, id, &changed);
	value_fini(edits);
	arena_fini(edits->arena);
	return e;
}

enum err
slip_put(const struct slip *slip, const char *collection,
    const char *const *words, struct record_id *id)
{
	struct arena arena = {0};
	struct value_edits edits = {.arena = &arena,
	    .create = true,
	    .collection = pack_collection(
		store_pack(slip->desk->store), bytes_text(collection))};
	struct store_write write = {
	    .create = true, .collection = bytes_text(collection)};

	return words_write(slip, &edits, words, &write, id);
}

enum err
slip_patch(const struct slip *slip, const struct record_id *id,
    const char *const *words)
{
	struct arena arena = {0};
	struct value_edits edits = {.arena = &arena};
	struct store_write write = {.has_record = true, .record = *id};
	struct record record;
	struct record_id same;

	slip_is(id_space(bytes_text(slip->space), &write.space), ERR_OK, NULL);
	slip_is(store_settle(slip->desk->store), ERR_OK, NULL);
	slip_is(store_get(slip->desk->store, &write.space, id, &arena, &record),
	    ERR_OK, NULL);
	edits.record = &record;
	edits.collection = pack_collection(
	    store_pack(slip->desk->store), record.collection);
	return words_write(slip, &edits, words, &write, &same);
}

void
slip_show(struct desk *desk, const char *name, const struct record_id *id,
    const char *field, struct buf *text)
{
	struct arena arena = {0};
	struct record record;
	struct space space;

	slip_is(id_space(bytes_text(name), &space), ERR_OK, NULL);
	desk_begin(desk, false);
	if (store_get(desk->store, &space, id, &arena, &record) == ERR_OK &&
	    record.status == RECORD_LIVE) {
		const struct pack_collection *of = pack_collection(
		    store_pack(desk->store), record.collection);

		for (size_t i = 0; i < record.fields_n; i++)
			if (bytes_is(record.fields[i].name, field)) {
				show_field(&record, &record.fields[i],
				    value_field(of, &record.fields[i]), text);
				buf_add_text(text,
				    merge_is_conflict(&record.fields[i]) ? "!"
									 : "");
			}
	}
	store_abort(desk->store);
	arena_fini(&arena);
}
