/*
 * Promises of core/lookup.h and core/lookup_keep.h: whatever two nodes wrote,
 * and in whatever order it came together, an index leads to the records that a
 * look at all of them finds, and no others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/lookup_keep.h"
#include "core/meta.h"
#include "core/rebuild.h"
#include "core/record.h"
#include "proto/codec.h"
#include "tests/lib/desk.h"

enum { RECORDS = 24, ROUNDS = 6, WRITES = 40 };

static const char here[] = "d03/c017/case";

struct pair {
	struct desk hall; /* follows the pack, once it was told to */
	struct desk dong; /* has no rules */
	struct record_id ids[RECORDS];
	size_t n;
};

static void
well(enum err e)
{
	if (e != ERR_OK)
		fail_msg("%s: %s", err_name(e), err_text());
}

static int
pair_make(void **state)
{
	static struct pair pair;

	memset(&pair, 0, sizeof(pair));
	desk_found(&pair.hall, 11);
	desk_join(&pair.dong, &pair.hall, 12);
	desk_admit(&pair.hall, &pair.dong, "d03");
	desk_pull(&pair.dong, &pair.hall);
	*state = &pair;
	return 0;
}

static int
pair_remove(void **state)
{
	struct pair *pair = *state;

	desk_fini(&pair->dong);
	desk_fini(&pair->hall);
	return 0;
}

/* From now on `desk` follows the pack `name`; NULL: none. */
static void
follow(struct desk *desk, const char *name)
{
	desk_begin(desk, true);
	if (name != NULL)
		meta_put(store_txn(desk->store), meta_pack, bytes_text(name));
	else
		meta_del(store_txn(desk->store), meta_pack);
	desk_commit(desk);
	desk_close(desk);
	desk_open(desk, false);
}

/* One of a few values of all types, some of which share their first bytes. */
static void
value_draw(struct prng *prng, struct buf *value)
{
	static const char *const texts[] = {"", "낮음", "낮", "높음",
	    "가나다라마바사아자차카타파하 긴 글 하나",
	    "가나다라마바사아자차카타파하 긴 글 둘"};
	uint64_t which = prng_below(prng, 10);

	if (which < COUNT_OF(texts))
		codec_put_text(value, bytes_text(texts[which]));
	else if (which < 8)
		codec_put_int(value, (int64_t)prng_below(prng, 3) - 1);
	else if (which == 8)
		codec_put_bool(value, true);
	else
		codec_put_bytes(value, bytes_of("a\0b", 1 + 2 * (which % 2)));
}

static const struct {
	const char *name;
	enum field_kind kind;
} fields[] = {{"hh_no", KIND_REGISTER}, {"address", KIND_REGISTER},
    {"risk", KIND_REGISTER}, {"types", KIND_SET}, {"state", KIND_STATE},
    {"zone", KIND_REGISTER}};

static enum op_code
code_draw(struct prng *prng, enum field_kind kind)
{
	if (kind == KIND_SET)
		return prng_below(prng, 3) > 0 ? OP_ADD : OP_REMOVE;
	if (kind == KIND_STATE)
		return OP_MOVE;
	return prng_below(prng, 8) > 0 ? OP_SET : OP_CLEAR;
}

/* One random write of `desk`, in its open transaction; what does not fit (a
 * record that is not here, or deleted) is left. */
static void
write_draw(struct pair *pair, struct desk *desk)
{
	struct prng *prng = &desk->prng;
	size_t f = (size_t)prng_below(prng, COUNT_OF(fields));
	struct store_edit edit = {.field = bytes_text(fields[f].name),
	    .code = code_draw(prng, fields[f].kind),
	    .class = (enum delta_class)prng_below(prng, 2)};
	struct store_write write = {
	    .has_record = true, .edits = &edit, .edits_n = 1};
	struct record_id id;
	struct buf value = {0};
	bool changed;
	enum err e;

	well(id_space(bytes_text(here), &write.space));
	if (edit.code == OP_MOVE)
		codec_put_text(
		    &value, bytes_text(prng_below(prng, 2) ? "낮음" : "높음"));
	else
		value_draw(prng, &value);
	edit.value = buf_bytes(&value);
	if (pair->n < RECORDS && prng_below(prng, 3) == 0) {
		write.create = true;
		write.has_record = false;
		write.collection = bytes_text(
		    prng_below(prng, 8) > 0 ? "household" : "person");
	} else if (pair->n > 0) {
		write.record = pair->ids[prng_below(prng, pair->n)];
	}
	if (!write.create && prng_below(prng, 12) == 0) {
		write.edits_n = 0;
		write.act = prng_below(prng, 2) ? ACT_DELETE : ACT_KEEP;
	}
	e = store_write(desk->store, &write, &id, &changed);
	if (e != ERR_NOT_FOUND)
		well(e);
	if (e == ERR_OK && write.create)
		pair->ids[pair->n++] = id;
	buf_fini(&value);
}

/* Both write apart, then take over what the other wrote. */
static void
round_run(struct pair *pair)
{
	struct desk *desks[] = {&pair->hall, &pair->dong};

	for (size_t i = 0; i < COUNT_OF(desks); i++) {
		desk_begin(desks[i], true);
		for (int n = 0; n < WRITES; n++) {
			write_draw(pair, desks[i]);
			if (n % 7 == 0)
				well(store_settle(desks[i]->store));
		}
		desk_commit(desks[i]);
	}
	desk_pull(&pair->hall, &pair->dong);
	desk_pull(&pair->dong, &pair->hall);
}

/* Does `record` have `value` in `field`? */
static bool
has_value(const struct record *record, const struct pack_field *field,
    struct bytes value)
{
	const struct record_field *has = merge_find(
	    record, bytes_text(field->name), field->kind);

	if (!bytes_is(record->collection, field->collection))
		return false;
	for (size_t i = 0; has != NULL && i < has->n; i++)
		if (bytes_equal(has->values[i].value, value))
			return true;
	return false;
}

static bool
is_waiting(const struct record *record)
{
	for (size_t i = 0; i < record->fields_n; i++)
		if (merge_is_conflict(&record->fields[i]))
			return true;
	return record->status == RECORD_CONTESTED;
}

/* How many records a look at all of them finds: with `value` in `field`, or
 * when that is NULL waiting for a decision. */
static size_t
looked(struct desk *desk, struct space_state *space,
    const struct pack_field *field, struct bytes value)
{
	struct record_id id = {0};
	struct arena arena = {0};
	size_t n = 0;
	bool found;

	for (;;) {
		struct record record;

		arena_reset(&arena);
		well(record_next(store_txn(desk->store),
		    &(struct record_read){
			.space = space, .cells = true, .arena = &arena},
		    &id, &record, &found));
		if (!found)
			break;
		n += field != NULL ? has_value(&record, field, value)
				   : is_waiting(&record);
	}
	arena_fini(&arena);
	return n;
}

/* How many the walk finds; each must be one that fits, and come once. */
static size_t
walked(struct desk *desk, struct space_state *space,
    const struct pack_field *field, struct bytes value)
{
	struct txn *txn = store_txn(desk->store);
	struct record_id met[RECORDS];
	struct lookup_scan scan;
	struct arena arena = {0};
	size_t met_n = 0;
	size_t n = 0;
	bool found;

	if (field != NULL)
		lookup_equal(txn, space->no, field, value, &scan);
	else
		lookup_open(txn, space->no, &scan);
	for (;;) {
		struct record record;
		struct record_id id;
		bool again = false;

		well(lookup_next(&scan, &id, &found));
		if (!found)
			break;
		well(record_get(txn,
		    &(struct record_read){
			.space = space, .cells = true, .arena = &arena},
		    &id, &record));
		for (size_t i = 0; i < met_n; i++)
			again |= memcmp(&met[i], &id, sizeof(id)) == 0;
		if (again)
			continue;
		assert_true(met_n < RECORDS);
		met[met_n++] = id;
		if (field == NULL)
			assert_true(is_waiting(&record));
		else if (value.n <= 32)
			assert_true(has_value(&record, field, value));
		n += field == NULL || has_value(&record, field, value);
	}
	arena_fini(&arena);
	return n;
}

/* Every index of `desk` says what a look at all records says.  Returns how many
 * records were found in all. */
static size_t
indexes_compare(struct desk *desk)
{
	const struct pack_collection *collection = pack_collection(
	    store_pack(desk->store), bytes_text("household"));
	struct space_state *space;
	struct space name;
	struct prng prng = {5};
	size_t all = 0;

	desk_begin(desk, false);
	well(id_space(bytes_text(here), &name));
	space = space_find(store_txn(desk->store), &name);
	assert_non_null(space);
	assert_true(lookup_is_current(store_txn(desk->store)));
	for (int i = 0; i < 60 && collection != NULL; i++) {
		struct buf value = {0};

		value_draw(&prng, &value);
		for (size_t f = 0; f < COUNT_OF(fields); f++) {
			const struct pack_field *field = pack_field(
			    collection, bytes_text(fields[f].name));
			size_t n;

			assert_true(lookup_has(store_txn(desk->store), field));
			n = looked(desk, space, field, buf_bytes(&value));
			assert_int_equal(
			    walked(desk, space, field, buf_bytes(&value)), n);
			all += n;
		}
		buf_fini(&value);
	}
	assert_int_equal(walked(desk, space, NULL, (struct bytes){0}),
	    looked(desk, space, NULL, (struct bytes){0}));
	all += looked(desk, space, NULL, (struct bytes){0});
	store_abort(desk->store);
	return all;
}

static void
table_dump(struct desk *desk, struct buf *out)
{
	struct kv_cursor cursor;

	desk_begin(desk, false);
	kv_cursor_init(&cursor, store_txn(desk->store)->kv, TABLE_LOOKUP);
	for (bool more = kv_seek(&cursor, (struct bytes){0}); more;
	     more = kv_next(&cursor)) {
		buf_add(out, cursor.key);
		buf_add(out, cursor.value);
	}
	kv_cursor_fini(&cursor);
	store_abort(desk->store);
}

static void
an_index_finds_what_a_look_at_all_records_finds(void **state)
{
	struct pair *pair = *state;
	size_t all = 0;

	for (int i = 0; i < ROUNDS; i++) {
		round_run(pair);
		follow(&pair->hall, "chatdong");
		desk_pull(&pair->hall, &pair->dong);
		all += indexes_compare(&pair->hall);
		assert_int_equal(desk_check(&pair->hall, true), 0);
		for (int n = 0; n < 3; n++) {
			desk_begin(&pair->dong, true);
			for (int k = 0; k < 10; k++)
				write_draw(pair, &pair->dong);
			desk_commit(&pair->dong);
			desk_pull(&pair->hall, &pair->dong);
			all += indexes_compare(&pair->hall);
			assert_int_equal(desk_check(&pair->hall, true), 0);
		}
		follow(&pair->hall, NULL);
	}
	assert_true(all > 100);
}

static void
a_rebuild_makes_the_same_table(void **state)
{
	struct pair *pair = *state;
	struct buf before = {0};
	struct buf after = {0};

	round_run(pair);
	follow(&pair->hall, "chatdong");
	desk_begin(&pair->hall, true);
	desk_commit(&pair->hall);
	table_dump(&pair->hall, &before);
	assert_true(before.n > 0);
	desk_close(&pair->hall);
	desk_open(&pair->hall, true);
	well(rebuild_run(pair->hall.store, NULL));
	table_dump(&pair->hall, &after);
	assert_true(bytes_equal(buf_bytes(&before), buf_bytes(&after)));
	assert_int_equal(desk_check(&pair->hall, true), 0);
	buf_fini(&after);
	buf_fini(&before);
}

static void
another_pack_has_other_indexes_from_the_next_write_on(void **state)
{
	struct pair *pair = *state;
	round_run(pair);
	follow(&pair->hall, "chatdong");
	desk_begin(&pair->hall, false);
	assert_false(lookup_is_current(store_txn(pair->hall.store)));
	store_abort(pair->hall.store);
	assert_int_equal(desk_check(&pair->hall, true), 0);
	desk_begin(&pair->hall, true);
	desk_commit(&pair->hall);
	assert_true(indexes_compare(&pair->hall) > 0);
}

static void
a_row_that_is_missing_is_found_by_fsck(void **state)
{
	struct pair *pair = *state;
	struct lookup_row row = {0};
	struct kv_cursor cursor;
	struct txn *txn;

	round_run(pair);
	follow(&pair->hall, "chatdong");
	desk_begin(&pair->hall, true);
	txn = store_txn(pair->hall.store);
	kv_cursor_init(&cursor, txn->kv, TABLE_LOOKUP);
	assert_true(kv_seek(&cursor, (struct bytes){0}));
	tables_key_add(&row.key, cursor.key);
	kv_cursor_fini(&cursor);
	kv_del(txn->kv, TABLE_LOOKUP, tables_key(&row.key));
	desk_commit(&pair->hall);
	assert_true(desk_check(&pair->hall, false) > 0);
}

/* A household in the dong with registers given as name, class, text. */
struct given {
	const char *field;
	enum delta_class class;
	const char *text;
};

static void
household(struct pair *pair, const struct given *given, size_t n)
{
	struct store_edit edits[8];
	struct buf values[8] = {0};
	struct store_write write = {
	    .create = true, .edits = edits, .edits_n = n};
	struct record_id id;
	bool changed;

	assert_true(n <= COUNT_OF(edits));
	write.collection = bytes_text("household");
	well(id_space(bytes_text(here), &write.space));
	for (size_t i = 0; i < n; i++) {
		codec_put_text(&values[i], bytes_text(given[i].text));
		edits[i] = desk_text(
		    OP_SET, given[i].class, given[i].field, "");
		edits[i].value = buf_bytes(&values[i]);
	}
	desk_begin(&pair->dong, true);
	well(store_write(pair->dong.store, &write, &id, &changed));
	desk_commit(&pair->dong);
	pair->ids[pair->n++] = id;
	for (size_t i = 0; i < n; i++)
		buf_fini(&values[i]);
}

static bool
stands_in(const struct buf *rows, const char *text)
{
	size_t n = strlen(text);

	for (size_t i = 0; i + n <= rows->n; i++)
		if (memcmp(rows->p + i, text, n) == 0)
			return true;
	return false;
}

static void
no_personal_value_stands_in_an_index_as_it_is(void **state)
{
	const struct given given[] = {
	    {"address", CLASS_P, "찾동가상로 1길"},
	    {"hh_no", CLASS_P, "1111065000"}, /* the pack says N */
	    {"zone", CLASS_N, "혜화"},
	};
	struct pair *pair = *state;
	struct buf rows = {0};

	household(pair, given, COUNT_OF(given));
	follow(&pair->hall, "chatdong");
	desk_pull(&pair->hall, &pair->dong);
	table_dump(&pair->hall, &rows);
	assert_false(stands_in(&rows, "가상로"));
	assert_false(stands_in(&rows, "1111065000"));
	assert_true(stands_in(&rows, "혜화"));
	buf_fini(&rows);
}

/* One edit of the set `types` of the record `id` in a transaction. */
static void
element(struct desk *desk, const struct record_id *id, enum op_code code)
{
	struct store_edit edit = desk_text(code, CLASS_S, "types", "독거");

	desk_begin(desk, true);
	desk_edit(desk, here, id, &edit, NULL);
	desk_commit(desk);
}

static void
an_element_added_twice_apart_stays_when_one_of_them_leaves(void **state)
{
	const struct given given[] = {{"zone", CLASS_N, "혜화"}};
	struct pair *pair = *state;
	struct buf value = {0};
	struct space_state *space;
	struct space name;

	household(pair, given, COUNT_OF(given));
	desk_pull(&pair->hall, &pair->dong);
	element(&pair->dong, &pair->ids[0], OP_ADD);
	element(&pair->hall, &pair->ids[0], OP_ADD);
	follow(&pair->hall, "chatdong");
	desk_pull(&pair->hall, &pair->dong);
	assert_int_equal(desk_check(&pair->hall, true), 0);
	element(&pair->dong, &pair->ids[0], OP_REMOVE);
	desk_pull(&pair->hall, &pair->dong);
	assert_int_equal(desk_check(&pair->hall, true), 0);
	codec_put_text(&value, bytes_text("독거"));
	well(id_space(bytes_text(here), &name));
	desk_begin(&pair->hall, false);
	space = space_find(store_txn(pair->hall.store), &name);
	assert_int_equal(
	    walked(&pair->hall, space,
		pack_field(pack_collection(store_pack(pair->hall.store),
			       bytes_text("household")),
		    bytes_text("types")),
		buf_bytes(&value)),
	    1);
	store_abort(pair->hall.store);
	buf_fini(&value);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define PAIR(f) cmocka_unit_test_setup_teardown(f, pair_make, pair_remove)
	    PAIR(an_index_finds_what_a_look_at_all_records_finds),
	    PAIR(a_rebuild_makes_the_same_table),
	    PAIR(another_pack_has_other_indexes_from_the_next_write_on),
	    PAIR(a_row_that_is_missing_is_found_by_fsck),
	    PAIR(no_personal_value_stands_in_an_index_as_it_is),
	    PAIR(an_element_added_twice_apart_stays_when_one_of_them_leaves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
