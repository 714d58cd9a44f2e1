/*
 * Promises of core/rules.h, through the door: a write that breaks the pack is
 * refused with field, rule and value, and nothing of it is stored.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/meta.h"
#include "proto/codec.h"
#include "tests/lib/desk.h"

enum { EDITS_MAX = 12 };

static const char volunteers[] = "d03/c017/volunteer";
static const char cases[] = "d03/c017/case";

/* A write under construction. */
struct form {
	struct store_write write;
	struct store_edit edits[EDITS_MAX];
	struct buf values[EDITS_MAX];
};

static int
desk_make(void **state)
{
	static struct desk desk;
	struct txn *txn;

	desk_found(&desk, 21);
	desk_begin(&desk, true);
	txn = store_txn(desk.store);
	meta_put(txn, meta_pack, bytes_text("chatdong"));
	desk_commit(&desk);
	desk_close(&desk);
	desk_open(&desk, false);
	*state = &desk;
	return 0;
}

static int
desk_remove(void **state)
{
	desk_fini(*state);
	return 0;
}

static void
form_init(struct form *form, const char *space, const char *collection)
{
	memset(form, 0, sizeof(*form));
	form->write.create = true;
	form->write.collection = bytes_text(collection);
	assert_int_equal(
	    id_space(bytes_text(space), &form->write.space), ERR_OK);
}

static void
form_fini(struct form *form)
{
	for (size_t i = 0; i < EDITS_MAX; i++)
		buf_fini(&form->values[i]);
}

/* Adds an edit; `value` is a text, NULL for the int 7. */
static void
form_add(struct form *form, enum op_code code, enum delta_class class,
    const char *field, const char *value)
{
	size_t n = form->write.edits_n++;

	assert_true(n < EDITS_MAX);
	if (value != NULL)
		codec_put_text(&form->values[n], bytes_text(value));
	else
		codec_put_int(&form->values[n], 7);
	form->edits[n] = (struct store_edit){.field = bytes_text(field),
	    .code = code,
	    .class = class,
	    .value = buf_bytes(&form->values[n])};
	form->write.edits = form->edits;
}

static void
form_ref(struct form *form, const char *field)
{
	size_t n = form->write.edits_n;

	form_add(form, OP_SET, CLASS_N, field, "");
	buf_cut(&form->values[n], 0);
	codec_put_bytes(&form->values[n], bytes_text("0123456789abcdef"));
	form->edits[n].value = buf_bytes(&form->values[n]);
}

/* A whole volunteer. */
static void
form_volunteer(struct form *form, const char *space)
{
	form_init(form, space, "volunteer");
	form_add(form, OP_SET, CLASS_P, "name", "홍길동");
	form_add(form, OP_ADD, CLASS_N, "kinds", "나눔이웃");
	form_add(form, OP_SET, CLASS_N, "join_channel", "추천");
	form_add(form, OP_MOVE, CLASS_N, "state", "applied");
	form_add(form, OP_SET, CLASS_N, "joined_on", "2026-03-02");
	form_ref(form, "dong");
}

static enum err
form_write(struct desk *desk, struct form *form, struct record_id *id)
{
	struct record_id made;
	bool changed;
	enum err e;

	desk_begin(desk, true);
	e = store_write(
	    desk->store, &form->write, id != NULL ? id : &made, &changed);
	if (e == ERR_OK)
		desk_commit(desk);
	else
		store_abort(desk->store);
	return e;
}

/* `form` is refused with a text that has all of `parts` in it, and nothing is
 * there that was not before. */
static void
assert_refused(
    struct desk *desk, struct form *form, enum err code, const char *parts[3])
{
	struct buf before = {0};
	struct buf after = {0};

	desk_text_all(desk, &before);
	assert_int_equal(form_write(desk, form, NULL), code);
	for (int i = 0; i < 3; i++)
		if (parts[i] != NULL && strstr(err_text(), parts[i]) == NULL)
			fail_msg(
			    "'%s' does not say '%s'", err_text(), parts[i]);
	desk_text_all(desk, &after);
	assert_true(bytes_equal(buf_bytes(&before), buf_bytes(&after)));
	buf_fini(&after);
	buf_fini(&before);
	form_fini(form);
}

/* An edit of the record `id` of volunteers. */
static void
form_edit(struct form *form, const struct record_id *id)
{
	form_init(form, volunteers, "volunteer");
	form->write.create = false;
	form->write.has_record = true;
	form->write.record = *id;
}

static struct record_id
volunteer(struct desk *desk)
{
	struct record_id id;
	struct form form;

	form_volunteer(&form, volunteers);
	if (form_write(desk, &form, &id) != ERR_OK)
		fail_msg("%s", err_text());
	form_fini(&form);
	return id;
}

static void
a_whole_record_is_taken(void **state)
{
	struct desk *desk = *state;

	volunteer(desk);
	assert_int_equal(desk_check(desk, true), 0);
}

static void
a_collection_or_field_that_is_not_in_the_pack_is_refused(void **state)
{
	struct desk *desk = *state;
	struct form form;

	form_init(&form, volunteers, "volunter");
	form_add(&form, OP_SET, CLASS_P, "name", "홍길동");
	assert_refused(desk, &form, ERR_INVALID,
	    (const char *[]){"volunter", "volunteer", NULL});
	form_volunteer(&form, volunteers);
	form_add(&form, OP_SET, CLASS_P, "phon", "010");
	assert_refused(
	    desk, &form, ERR_INVALID, (const char *[]){"phon", "phone", NULL});
}

static void
a_value_that_breaks_its_type_is_refused_with_rule_and_value(void **state)
{
	struct desk *desk = *state;
	struct form form;

	form_volunteer(&form, volunteers);
	form_add(&form, OP_SET, CLASS_N, "term_to", "2026-02-30");
	assert_refused(desk, &form, ERR_INVALID,
	    (const char *[]){"volunteer.term_to", "2026-02-30", NULL});
	form_volunteer(&form, volunteers);
	form_add(&form, OP_ADD, CLASS_N, "kinds", "나쁜이웃");
	assert_refused(desk, &form, ERR_INVALID,
	    (const char *[]){"volunteer.kinds", "나쁜이웃", NULL});
}

static void
another_kind_or_class_than_declared_is_refused(void **state)
{
	struct desk *desk = *state;
	struct form form;

	form_volunteer(&form, volunteers);
	form_add(&form, OP_APPEND, CLASS_P, "phone", "010");
	assert_refused(desk, &form, ERR_INVALID,
	    (const char *[]){"volunteer.phone", "register", "notes"});
	form_volunteer(&form, volunteers);
	form_add(&form, OP_SET, CLASS_N, "phone", "010");
	assert_refused(desk, &form, ERR_INVALID,
	    (const char *[]){"volunteer.phone", "class P", NULL});
}

static void
a_new_record_has_all_that_is_required(void **state)
{
	struct desk *desk = *state;
	struct form form;

	form_init(&form, volunteers, "volunteer");
	form_add(&form, OP_SET, CLASS_P, "name", "홍길동");
	assert_refused(desk, &form, ERR_INVALID,
	    (const char *[]){"kinds", "joined_on", "state"});
}

static void
a_record_lies_in_a_space_of_its_class(void **state)
{
	struct desk *desk = *state;
	struct form form;

	form_volunteer(&form, cases);
	assert_refused(desk, &form, ERR_INVALID,
	    (const char *[]){"/volunteer", cases, "try d03/c017/volunteer"});
}

static void
what_is_required_stays(void **state)
{
	struct desk *desk = *state;
	struct record_id id = volunteer(desk);
	struct form form;

	form_edit(&form, &id);
	form_add(&form, OP_CLEAR, CLASS_P, "name", "");
	assert_refused(desk, &form, ERR_INVALID,
	    (const char *[]){"volunteer.name", "required", NULL});
	form_edit(&form, &id);
	form_add(&form, OP_REMOVE, CLASS_N, "kinds", "나눔이웃");
	assert_refused(desk, &form, ERR_INVALID,
	    (const char *[]){"volunteer.kinds", "required", NULL});
	form_edit(&form, &id);
	form_add(&form, OP_REMOVE, CLASS_N, "kinds", "나눔이웃");
	form_add(&form, OP_ADD, CLASS_N, "kinds", "시민찾동이");
	assert_int_equal(form_write(desk, &form, NULL), ERR_OK);
	form_fini(&form);
}

static void
a_state_moves_as_it_may_from_what_was_shown(void **state)
{
	struct desk *desk = *state;
	struct record_id id = volunteer(desk);
	struct buf token = {0};
	struct form form;

	desk_begin(desk, false);
	desk_token(desk, volunteers, &id, &token);
	store_abort(desk->store);
	form_edit(&form, &id);
	form_add(&form, OP_MOVE, CLASS_N, "state", "paused");
	assert_refused(desk, &form, ERR_INVALID,
	    (const char *[]){"volunteer.state", "applied", "verified"});
	form_edit(&form, &id);
	form_add(&form, OP_MOVE, CLASS_N, "state", "verified");
	assert_int_equal(form_write(desk, &form, NULL), ERR_OK);
	form_fini(&form);
	form_edit(&form, &id);
	form_add(&form, OP_MOVE, CLASS_N, "state", "active");
	assert_int_equal(form_write(desk, &form, NULL), ERR_OK);
	form_fini(&form);
	/* Who still sees "applied" may not do from there what it could not. */
	form_edit(&form, &id);
	form.write.token = buf_bytes(&token);
	form_add(&form, OP_MOVE, CLASS_N, "state", "paused");
	assert_refused(desk, &form, ERR_INVALID,
	    (const char *[]){"volunteer.state", "applied", NULL});
	/* A decision may choose any. */
	form_edit(&form, &id);
	form.write.resolve = true;
	form_add(&form, OP_MOVE, CLASS_N, "state", "applied");
	assert_int_equal(form_write(desk, &form, NULL), ERR_OK);
	form_fini(&form);
	buf_fini(&token);
}

/* A case with the number `number`. */
static void
form_case(struct form *form, const char *number)
{
	form_init(form, cases, "case");
	form_add(form, OP_SET, CLASS_N, "case_no", number);
	form_add(form, OP_MOVE, CLASS_N, "state", "found");
	form_add(form, OP_SET, CLASS_N, "received_on", "2026-03-02");
	form_add(form, OP_SET, CLASS_N, "origin", "방문");
	form_add(form, OP_ADD, CLASS_N, "indicator", "돌봄위기가구");
	form_ref(form, "household");
	form_ref(form, "manager");
}

static void
a_unique_value_is_taken_once_in_a_space(void **state)
{
	const char *parts[] = {"case.case_no", "2026-17", "unique"};
	struct desk *desk = *state;
	struct record_id id;
	struct form form;

	form_case(&form, "2026-17");
	if (form_write(desk, &form, &id) != ERR_OK)
		fail_msg("%s", err_text());
	form_fini(&form);
	form_case(&form, "2026-17");
	assert_refused(desk, &form, ERR_EXISTS, parts);
	/* Elsewhere it may be another. */
	form_case(&form, "2026-17");
	assert_int_equal(
	    id_space(bytes_text("d03/c018/case"), &form.write.space), ERR_OK);
	assert_int_equal(form_write(desk, &form, NULL), ERR_OK);
	form_fini(&form);
	/* What is deleted holds nothing. */
	desk_begin(desk, true);
	desk_settle(desk, cases, &id, ACT_DELETE, NULL);
	desk_commit(desk);
	form_case(&form, "2026-17");
	assert_int_equal(form_write(desk, &form, NULL), ERR_OK);
	form_fini(&form);
}

static void
a_unique_value_is_taken_once_in_a_transaction_too(void **state)
{
	struct desk *desk = *state;
	struct record_id id;
	struct form form;
	bool changed;

	desk_begin(desk, true);
	form_case(&form, "2026-18");
	assert_int_equal(
	    store_write(desk->store, &form.write, &id, &changed), ERR_OK);
	assert_int_equal(
	    store_write(desk->store, &form.write, &id, &changed), ERR_EXISTS);
	assert_non_null(strstr(err_text(), "2026-18"));
	assert_int_equal(store_settle(desk->store), ERR_OK);
	assert_int_equal(
	    store_write(desk->store, &form.write, &id, &changed), ERR_EXISTS);
	form_fini(&form);
	store_abort(desk->store);
}

/* Two who did not know of each other gave one case two numbers: both are its
 * own, and nobody else's. */
static void
all_values_of_a_unique_field_are_taken(void **state)
{
	static const char *const numbers[] = {"2026-21", "2026-22"};
	struct desk *desk = *state;
	struct buf token = {0};
	struct record_id id;
	struct form form;

	form_case(&form, "2026-20");
	assert_int_equal(form_write(desk, &form, &id), ERR_OK);
	form_fini(&form);
	desk_begin(desk, false);
	desk_token(desk, cases, &id, &token);
	store_abort(desk->store);
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		form_edit(&form, &id);
		assert_int_equal(
		    id_space(bytes_text(cases), &form.write.space), ERR_OK);
		form.write.token = buf_bytes(&token);
		form_add(&form, OP_SET, CLASS_N, "case_no", numbers[i]);
		assert_int_equal(form_write(desk, &form, NULL), ERR_OK);
		form_fini(&form);
	}
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		form_case(&form, numbers[i]);
		assert_refused(desk, &form, ERR_EXISTS,
		    (const char *[]){"case.case_no", numbers[i], "unique"});
	}
	form_case(&form, "2026-20");
	assert_int_equal(form_write(desk, &form, NULL), ERR_OK);
	form_fini(&form);
	/* It settles on one of its own. */
	form_edit(&form, &id);
	assert_int_equal(
	    id_space(bytes_text(cases), &form.write.space), ERR_OK);
	form.write.resolve = true;
	form_add(&form, OP_SET, CLASS_N, "case_no", numbers[0]);
	assert_int_equal(form_write(desk, &form, NULL), ERR_OK);
	form_fini(&form);
	form_case(&form, numbers[1]);
	assert_int_equal(form_write(desk, &form, NULL), ERR_OK);
	form_fini(&form);
	assert_int_equal(desk_check(desk, true), 0);
	buf_fini(&token);
}

/* From now on the desk knows the pack, or none. */
static void
pack_set(struct desk *desk, bool has)
{
	desk_begin(desk, true);
	if (has)
		meta_put(
		    store_txn(desk->store), meta_pack, bytes_text("chatdong"));
	else
		meta_del(store_txn(desk->store), meta_pack);
	desk_commit(desk);
	desk_close(desk);
	desk_open(desk, false);
}

static void
a_record_that_the_pack_does_not_know_stays_as_it_is(void **state)
{
	struct desk *desk = *state;
	struct record_id id;
	struct form form;

	pack_set(desk, false);
	form_init(&form, volunteers, "gardener");
	form_add(&form, OP_SET, CLASS_P, "name", "홍길동");
	assert_int_equal(form_write(desk, &form, &id), ERR_OK);
	form_fini(&form);
	pack_set(desk, true);
	form_edit(&form, &id);
	form_add(&form, OP_SET, CLASS_P, "name", "이몽룡");
	assert_refused(desk, &form, ERR_INVALID,
	    (const char *[]){"'gardener'", "chatdong", "stays as it is"});
}

/* Other edits of the same write say nothing about what is required. */
static void
what_is_required_stays_whatever_else_is_edited(void **state)
{
	struct desk *desk = *state;
	struct record_id id = volunteer(desk);
	struct form form;

	form_edit(&form, &id);
	form_add(&form, OP_SET, CLASS_N, "term_to", "2027-03-01");
	form_add(&form, OP_REMOVE, CLASS_N, "kinds", "나눔이웃");
	assert_refused(desk, &form, ERR_INVALID,
	    (const char *[]){"volunteer.kinds", "required", NULL});
	form_edit(&form, &id);
	form_add(&form, OP_REMOVE, CLASS_N, "kinds", "시민찾동이");
	form_add(&form, OP_SET, CLASS_N, "term_to", "2027-03-01");
	assert_int_equal(form_write(desk, &form, NULL), ERR_OK);
	form_fini(&form);
}

static void
a_dry_write_says_the_same_and_stores_nothing(void **state)
{
	struct desk *desk = *state;
	struct buf before = {0};
	struct buf after = {0};
	struct form form;

	desk_text_all(desk, &before);
	form_volunteer(&form, volunteers);
	form.write.dry = true;
	assert_int_equal(form_write(desk, &form, NULL), ERR_OK);
	form_add(&form, OP_SET, CLASS_N, "term_to", "morgen");
	assert_int_equal(form_write(desk, &form, NULL), ERR_INVALID);
	form_fini(&form);
	desk_text_all(desk, &after);
	assert_true(bytes_equal(buf_bytes(&before), buf_bytes(&after)));
	buf_fini(&after);
	buf_fini(&before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define RULE(f) cmocka_unit_test_setup_teardown(f, desk_make, desk_remove)
	    RULE(a_whole_record_is_taken),
	    RULE(a_collection_or_field_that_is_not_in_the_pack_is_refused),
	    RULE(a_value_that_breaks_its_type_is_refused_with_rule_and_value),
	    RULE(another_kind_or_class_than_declared_is_refused),
	    RULE(a_new_record_has_all_that_is_required),
	    RULE(a_record_lies_in_a_space_of_its_class),
	    RULE(what_is_required_stays),
	    RULE(a_state_moves_as_it_may_from_what_was_shown),
	    RULE(a_unique_value_is_taken_once_in_a_space),
	    RULE(a_unique_value_is_taken_once_in_a_transaction_too),
	    RULE(all_values_of_a_unique_field_are_taken),
	    RULE(a_record_that_the_pack_does_not_know_stays_as_it_is),
	    RULE(what_is_required_stays_whatever_else_is_edited),
	    RULE(a_dry_write_says_the_same_and_stores_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
