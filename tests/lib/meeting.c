/*
 * Two stores that meet, for tests of whole stores.
 */
#include "tests/lib/meeting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/saga.h"

const char meeting_here[] = "d03/c017/case";
const char meeting_there[] = "d03/c018/case";

static struct record_id
written(struct meeting *meeting, struct desk *desk, const char *space, int i)
{
	static const char *const names[] = {
	    "김 할머니", "이 할아버지", "박", "최씨 댁"};
	struct record_id id = desk_create(desk, space, names[i % 4]);
	struct store_edit edits[] = {
	    desk_text(OP_SET, CLASS_N, "visit", "정기"),
	    desk_text(OP_ADD, CLASS_S, "illness", "고혈압"),
	    desk_text(OP_ADD, CLASS_S, "illness", "당뇨"),
	    desk_text(OP_COUNT, CLASS_N, "calls", ""),
	    desk_text(OP_APPEND, CLASS_P, "diary", "문을 두드렸으나 답이 없다"),
	    desk_text(OP_APPEND, CLASS_P, "diary", "다시 갔다"),
	    desk_text(OP_MOVE, CLASS_N, "stage", "open"),
	    desk_text(OP_SET, CLASS_F, "debt", "삼백만"),
	    desk_text(OP_REMOVE, CLASS_S, "illness", "당뇨"),
	    desk_text(OP_CLEAR, CLASS_F, "debt", ""),
	};

	for (size_t k = 0; k < COUNT_OF(edits); k++)
		desk_edit(desk, space, &id, &edits[k], NULL);
	meeting->spaces[meeting->n] = space;
	meeting->ids[meeting->n++] = id;
	return id;
}

/* Edits, a delete and a keep that knew nothing of each other. */
static void
quarrel(struct desk *desk, const char *space, const struct record_id *id, int i)
{
	struct store_edit one = desk_text(OP_SET, CLASS_N, "visit", "안부");
	struct store_edit two = desk_text(OP_SET, CLASS_N, "visit", "긴급");
	struct buf token = {0};

	desk_token(desk, space, id, &token);
	desk_edit(desk, space, id, &one, &token);
	desk_edit(desk, space, id, &two, &token);
	if (i % 3 != 0)
		desk_settle(desk, space, id, ACT_DELETE, &token);
	if (i % 3 == 2)
		desk_settle(desk, space, id, ACT_KEEP, NULL);
	buf_fini(&token);
}

int
meeting_make(void **state)
{
	static struct meeting meeting;

	memset(&meeting, 0, sizeof(meeting));
	desk_found(&meeting.hall, 1);
	desk_join(&meeting.dong, &meeting.hall, 2);
	desk_admit(&meeting.hall, &meeting.dong, "d03");
	desk_pull(&meeting.dong, &meeting.hall);
	for (int i = 0; i < 6; i++) {
		struct record_id id;

		desk_begin(&meeting.hall, true);
		id = written(&meeting, &meeting.hall,
		    i % 2 ? meeting_here : meeting_there, i);
		desk_commit(&meeting.hall);
		desk_pull(&meeting.dong, &meeting.hall);
		desk_begin(&meeting.dong, true);
		quarrel(&meeting.dong, i % 2 ? meeting_here : meeting_there,
		    &id, i);
		desk_commit(&meeting.dong);
		desk_begin(&meeting.hall, true);
		quarrel(&meeting.hall, i % 2 ? meeting_here : meeting_there,
		    &id, i + 1);
		desk_commit(&meeting.hall);
		desk_begin(&meeting.dong, true);
		written(&meeting, &meeting.dong, meeting_here, i);
		desk_commit(&meeting.dong);
	}
	desk_pull(&meeting.hall, &meeting.dong);
	for (size_t i = 0; i < meeting.n; i++)
		assert_int_equal(
		    meeting_text(&meeting, i, &meeting.shown[i]), ERR_OK);
	*state = &meeting;
	return 0;
}

int
meeting_remove(void **state)
{
	struct meeting *meeting = *state;

	for (size_t i = 0; i < meeting->n; i++)
		buf_fini(&meeting->shown[i]);
	desk_fini(&meeting->dong);
	desk_fini(&meeting->hall);
	return 0;
}

void
meeting_row_put(struct desk *desk, enum table table, const struct buf *key,
    const struct buf *value)
{
	struct kv_txn *kv;

	desk_begin(desk, true);
	kv = store_txn(desk->store)->kv;
	if (value == NULL)
		kv_del(kv, table, buf_bytes(key));
	else
		kv_put(kv, table, buf_bytes(key), buf_bytes(value));
	desk_commit(desk);
}

bool
meeting_row(struct desk *desk, enum table table, uint64_t n, struct buf row[2])
{
	struct kv_cursor cursor;
	bool more;

	buf_cut(&row[0], 0);
	buf_cut(&row[1], 0);
	desk_begin(desk, false);
	kv_cursor_init(&cursor, store_txn(desk->store)->kv, table);
	more = kv_seek(&cursor, (struct bytes){0});
	for (uint64_t i = 0; more && i < n; i++)
		more = kv_next(&cursor);
	if (more) {
		buf_add(&row[0], cursor.key);
		buf_add(&row[1], cursor.value);
	}
	kv_cursor_fini(&cursor);
	store_abort(desk->store);
	return more;
}

enum err
meeting_text(struct meeting *meeting, size_t i, struct buf *text)
{
	struct desk *desk = &meeting->hall;
	struct arena arena = {0};
	struct record record;
	struct space space;
	enum err e;

	desk_begin(desk, false);
	assert_int_equal(
	    id_space(bytes_text(meeting->spaces[i]), &space), ERR_OK);
	e = store_get(desk->store, &space, &meeting->ids[i], &arena, &record);
	if (e == ERR_OK)
		saga_text(&record, text);
	store_abort(desk->store);
	arena_fini(&arena);
	return e;
}

void
meeting_reads(struct meeting *meeting)
{
	struct buf text = {0};

	for (size_t i = 0; i < meeting->n; i++) {
		enum err e;

		buf_cut(&text, 0);
		e = meeting_text(meeting, i, &text);
		if (e == ERR_CORRUPT)
			continue;
		assert_int_equal(e, ERR_OK);
		assert_int_equal(text.n, meeting->shown[i].n);
		assert_memory_equal(text.p, meeting->shown[i].p, text.n);
	}
	buf_fini(&text);
}
