/*
 * Promises of core/outlook.h and core/effective.h: a record as a write will
 * make it, and which of several values counts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/effective.h"
#include "core/outlook.h"
#include "proto/codec.h"
#include "tests/lib/clinic.h"

/* ---- records ------------------------------------------------------------ */

static struct bytes
text(const char *value)
{
	static struct buf texts[32];
	static size_t next;
	struct buf *buf = &texts[next++ % COUNT_OF(texts)];

	buf_cut(buf, 0);
	codec_put_text(buf, bytes_text(value));
	return buf_bytes(buf);
}

static struct stamp
stamp_of(uint64_t ms)
{
	return (struct stamp){ms << 16};
}

/* A live record of two changes, the second of which is newer: a contested
 * state, a set of two and a note. */
struct now {
	struct record record;
	struct record_source sources[2];
	struct record_value values[5];
	struct record_field fields[3];
};

static void
now_make(struct now *now)
{
	static const char *const words[] = {"a note", "x", "y", "done", "open"};

	memset(now, 0, sizeof(*now));
	for (size_t i = 0; i < 2; i++) {
		now->sources[i].at.delta.seq = i;
		now->sources[i].stamp = stamp_of(1000 + i);
	}
	for (size_t i = 0; i < COUNT_OF(words); i++)
		now->values[i] = (struct record_value){.source = i % 2,
		    .op = (uint16_t)i,
		    .class = CLASS_N,
		    .value = text(words[i])};
	now->values[3].source = 0;
	now->values[4].source = 1;
	now->fields[0] = (struct record_field){.name = bytes_text("log"),
	    .kind = KIND_NOTES,
	    .n = 1,
	    .values = &now->values[0]};
	now->fields[1] = (struct record_field){.name = bytes_text("people"),
	    .kind = KIND_SET,
	    .n = 2,
	    .values = &now->values[1]};
	now->fields[2] = (struct record_field){.name = bytes_text("state"),
	    .kind = KIND_STATE,
	    .n = 2,
	    .values = &now->values[3]};
	now->record = (struct record){.exists = true,
	    .collection = bytes_text("task"),
	    .created = stamp_of(1000),
	    .changed = stamp_of(1001),
	    .sources = now->sources,
	    .sources_n = 2,
	    .fields = now->fields,
	    .fields_n = 3};
}

/* One operation that replaces the values of `now` in the bits of `seen`. */
static struct draft_op
op_make(const struct now *now, enum op_code code, const char *field,
    const char *value, unsigned seen, struct dot dots[5])
{
	struct draft_op op = {
	    .op = {.code = code, .field = bytes_text(field)}, .seen = dots};

	if (value != NULL)
		op.op.value = text(value);
	for (size_t i = 0; now != NULL && i < COUNT_OF(now->values); i++)
		if ((seen >> i & 1) != 0)
			dots[op.seen_n++] = merge_dot(
			    &now->record, &now->values[i]);
	return op;
}

static void
field_is(const struct record *record, const char *name, enum field_kind kind,
    const char *wanted)
{
	const struct record_field *field = merge_find(
	    record, bytes_text(name), kind);
	struct buf got = {0};

	for (size_t i = 0; field != NULL && i < field->n; i++) {
		struct reader r;

		codec_begin(&r, field->values[i].value);
		buf_add(&got, codec_get_text(&r));
		buf_add_text(&got, ";");
	}
	assert_string_equal(buf_text(&got), wanted);
	buf_fini(&got);
}

/* ---- what will be ------------------------------------------------------- */

static void
what_is_replaced_goes_and_the_rest_stays(void **state)
{
	struct arena arena = {0};
	struct now now;
	struct dot dots[4][5];
	enum delta_class classes[4] = {CLASS_N, CLASS_P, CLASS_N, CLASS_N};
	struct draft_op ops[4];
	struct draft_change change = {
	    .ops = ops, .classes = classes, .ops_n = 4};
	struct record record;

	(void)state;
	now_make(&now);
	/* One of two states, one of two people; another note. */
	ops[0] = op_make(&now, OP_MOVE, "state", "shut", 1U << 4, dots[0]);
	ops[1] = op_make(&now, OP_REMOVE, "people", "x", 1U << 1, dots[1]);
	ops[2] = op_make(&now, OP_APPEND, "log", "more", 0, dots[2]);
	ops[3] = op_make(&now, OP_SET, "kind", "a", 0, dots[3]);
	outlook_make(&now.record, &change, 5000, &arena, &record);
	field_is(&record, "state", KIND_STATE, "done;shut;");
	field_is(&record, "people", KIND_SET, "y;");
	field_is(&record, "log", KIND_NOTES, "a note;more;");
	field_is(&record, "kind", KIND_REGISTER, "a;");
	assert_int_equal(record.fields_n, 4);
	for (size_t i = 1; i < record.fields_n; i++)
		assert_true(
		    merge_compare(&record.fields[i - 1], record.fields[i].name,
			record.fields[i].kind) < 0);
	/* The record that stands is as it was. */
	field_is(&now.record, "state", KIND_STATE, "done;open;");
	assert_int_equal(now.record.fields_n, 3);
	assert_true(stamp_ms(record.changed) == 5000);
	assert_true(stamp_ms(record.created) == 1000);
	arena_fini(&arena);
}

static void
what_is_written_counts_as_the_newest(void **state)
{
	struct arena arena = {0};
	struct now now;
	struct dot dots[5];
	enum delta_class class = CLASS_N;
	struct draft_op op;
	struct draft_change change = {
	    .ops = &op, .classes = &class, .ops_n = 1};
	const struct record_field *field;
	struct record record;

	(void)state;
	now_make(&now);
	op = op_make(&now, OP_MOVE, "state", "shut", 0, dots);
	/* Though the wall shows a time before all of it. */
	outlook_make(&now.record, &change, 1, &arena, &record);
	assert_true(record.changed.v > now.record.changed.v);
	field = merge_find(&record, bytes_text("state"), KIND_STATE);
	assert_int_equal(field->n, 3);
	assert_true(
	    bytes_equal(merge_winner(&record, field)->value, text("shut")));
	arena_fini(&arena);
}

static void
what_is_cleared_is_not_there(void **state)
{
	struct arena arena = {0};
	struct now now;
	struct dot dots[2][5];
	enum delta_class classes[2] = {CLASS_N, CLASS_N};
	struct draft_op ops[2];
	struct draft_change change = {
	    .ops = ops, .classes = classes, .ops_n = 2};
	struct record record;

	(void)state;
	now_make(&now);
	ops[0] = op_make(&now, OP_REMOVE, "people", "x", 6, dots[0]);
	ops[1] = op_make(&now, OP_CLEAR, "kind", NULL, 0, dots[1]);
	outlook_make(&now.record, &change, 5000, &arena, &record);
	assert_null(merge_find(&record, bytes_text("people"), KIND_SET));
	assert_null(merge_find(&record, bytes_text("kind"), KIND_REGISTER));
	assert_int_equal(record.fields_n, 2);
	arena_fini(&arena);
}

static void
a_new_record_is_what_its_change_says(void **state)
{
	const struct record none = {0};
	struct arena arena = {0};
	struct dot dots[5];
	enum delta_class class = CLASS_P;
	struct draft_op op = op_make(NULL, OP_SET, "secret", "words", 0, dots);
	struct draft_change change = {.collection = bytes_text("task"),
	    .ops = &op,
	    .classes = &class,
	    .ops_n = 1};
	struct record record;

	(void)state;
	outlook_make(&none, &change, 7000, &arena, &record);
	assert_true(record.exists);
	assert_true(bytes_is(record.collection, "task"));
	assert_true(stamp_ms(record.created) == 7000);
	assert_true(record.created.v == record.changed.v);
	field_is(&record, "secret", KIND_REGISTER, "words;");
	assert_int_equal(record.fields[0].values[0].class, CLASS_P);
	change.ops_n = 0;
	outlook_make(&none, &change, 7000, &arena, &record);
	assert_true(record.exists);
	assert_int_equal(record.fields_n, 0);
	arena_fini(&arena);
}

/* Two fields of one name are of different kinds, as no pack would have it. */
static void
another_kind_is_another_field(void **state)
{
	struct arena arena = {0};
	struct now now;
	struct dot dots[5];
	enum delta_class class = CLASS_N;
	struct draft_op op;
	struct draft_change change = {
	    .ops = &op, .classes = &class, .ops_n = 1};
	struct record record;

	(void)state;
	now_make(&now);
	op = op_make(&now, OP_SET, "people", "z", 0, dots);
	outlook_make(&now.record, &change, 5000, &arena, &record);
	field_is(&record, "people", KIND_SET, "x;y;");
	field_is(&record, "people", KIND_REGISTER, "z;");
	arena_fini(&arena);
}

/* ---- in effect ---------------------------------------------------------- */

static void
effective_is(const struct pack *pack, const char *name,
    const struct record *record, const struct record_field *content,
    const char *wanted)
{
	const struct pack_field *field =
	    name == NULL ? NULL
			 : pack_field(pack_collection(pack, bytes_text("task")),
			       bytes_text(name));
	const struct record_value *value = effective_value(
	    field, record, content);

	if (wanted == NULL)
		assert_null(value);
	else
		assert_true(bytes_equal(value->value, text(wanted)));
}

static void
of_contested_states_the_first_of_the_list_counts(void **state)
{
	struct pack *pack = clinic_pack(NULL, NULL);
	struct record_field *content;
	struct now now;

	(void)state;
	now_make(&now);
	content = &now.fields[2];
	/* done is older than open, and stands first; doing comes behind it. */
	effective_is(pack, "state", &now.record, content, "done");
	now.values[3].value = text("doing");
	effective_is(pack, "state", &now.record, content, "doing");
	now.values[4].value = text("done");
	effective_is(pack, "state", &now.record, content, "done");
	/* Of those that are not in the list the newest counts. */
	now.values[3].value = text("shut");
	now.values[4].value = text("open");
	effective_is(pack, "state", &now.record, content, "open");
	now.values[3].value = text("what a later pack has");
	effective_is(pack, "state", &now.record, content, "open");
	/* One that is no text. */
	now.values[3].value = bytes_of("\x01", 1);
	effective_is(pack, "state", &now.record, content, "open");
	pack_free(pack);
}

static void
without_a_list_the_value_that_is_shown_counts(void **state)
{
	struct pack *pack = clinic_pack(NULL, NULL);
	struct record_field *content;
	struct now now;

	(void)state;
	now_make(&now);
	content = &now.fields[2];
	effective_is(pack, NULL, &now.record, content, "open");
	effective_is(pack, "kind", &now.record, content, "open");
	/* Of another kind than the pack says. */
	content->kind = KIND_REGISTER;
	effective_is(pack, "state", &now.record, content, "open");
	content->kind = KIND_STATE;
	content->n = 1;
	effective_is(pack, "state", &now.record, content, "done");
	content->n = 0;
	effective_is(pack, "state", &now.record, content, NULL);
	content->values = NULL;
	content->n = 2;
	effective_is(pack, "state", &now.record, content, NULL);
	pack_free(pack);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_replaced_goes_and_the_rest_stays),
	    cmocka_unit_test(what_is_written_counts_as_the_newest),
	    cmocka_unit_test(what_is_cleared_is_not_there),
	    cmocka_unit_test(a_new_record_is_what_its_change_says),
	    cmocka_unit_test(another_kind_is_another_field),
	    cmocka_unit_test(of_contested_states_the_first_of_the_list_counts),
	    cmocka_unit_test(without_a_list_the_value_that_is_shown_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
