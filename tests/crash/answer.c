/*
 * What a store says when it is asked, as text: for comparing it with what it
 * said before.
 */
#include "tests/crash/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/history.h"
#include "core/record.h"
#include "tests/lib/saga.h"
#include "tests/lib/town.h"

static void
history_text(const struct merge_changes *changes, struct buf *text)
{
	for (size_t i = 0; i < changes->n; i++) {
		const struct merge_change *change = &changes->p[i];

		buf_add(text, bytes_of(change->at.delta.log.b, 16));
		buf_add_format(text, " %llu.%u %zu %zu;",
		    (unsigned long long)change->at.delta.seq,
		    (unsigned)change->at.change, change->parents_n,
		    change->ops_n);
	}
}

static enum err
scan(struct store *store, const char *name, struct buf *text)
{
	struct space space = town_space(name);
	struct arena arena = {0};
	struct record_id id = {0};
	struct record record;
	struct space_state *state = space_find(store_txn(store), &space);
	uint64_t met = 0;
	bool more = state != NULL;
	enum err e = kv_failed(store_txn(store)->kv);

	while (more && e == ERR_OK) {
		e = record_next(store_txn(store),
		    &(struct record_read){.space = state,
			.cells = true,
			.arena = &arena,
			.met = &met},
		    &id, &record, &more);
		if (e == ERR_OK && more) {
			buf_add(text, bytes_of(id.b, sizeof(id.b)));
			saga_text(&record, text);
		}
	}
	arena_fini(&arena);
	return e;
}

enum err
answer_get(
    struct store *store, const struct answer_of *of, size_t i, struct buf *text)
{
	struct arena arena = {0};
	struct record record;
	struct merge_changes changes;
	struct space space;
	enum err e = store_begin(store, false);

	if (e != ERR_OK)
		return e;
	if (i >= 2 * of->n) {
		e = scan(store,
		    i == 2 * of->n
			? of->scanned[0]
			: (i == 2 * of->n + 1 ? of->scanned[1] : "authority"),
		    text);
	} else if (i % 2 == 0) {
		e = store_locate(store, &of->ids[i / 2], &space);
		if (e == ERR_OK)
			e = store_get(
			    store, &space, &of->ids[i / 2], &arena, &record);
		if (e == ERR_OK)
			saga_text(&record, text);
	} else {
		space = town_space(of->spaces[i / 2]);
		e = store_history(
		    store, &space, &of->ids[i / 2], &arena, &changes);
		if (e == ERR_OK)
			history_text(&changes, text);
	}
	store_abort(store);
	arena_fini(&arena);
	/* That there is no such record is an answer, and a wrong one. */
	if (e == ERR_NOT_FOUND) {
		buf_add_text(text, "nothing");
		e = ERR_OK;
	}
	return e;
}
