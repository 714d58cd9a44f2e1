/*
 * Promises of core/staff.h: what a role sees and writes, and that nothing is
 * hidden without one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/staff.h"
#include "tests/lib/clinic.h"

static int
pack_make(void **state)
{
	*state = clinic_pack(NULL, NULL);
	return 0;
}

static int
pack_remove(void **state)
{
	pack_free(*state);
	return 0;
}

static const struct pack_role *
role_of(const struct pack *pack)
{
	const struct pack_role *role;

	assert_int_equal(staff_get(pack, bytes_text("의사"), &role), ERR_OK);
	return role;
}

static void
a_role_has_a_name_and_two_labels(void **state)
{
	const struct pack *pack = *state;
	const struct pack_role *role;

	assert_ptr_equal(role_of(pack), &pack->roles[0]);
	assert_int_equal(staff_get(pack, bytes_text("Doctor"), &role), ERR_OK);
	assert_ptr_equal(role, &pack->roles[0]);
	assert_int_equal(
	    staff_get(pack, bytes_text("doctor"), &role), ERR_INVALID);
	assert_string_equal(err_text(), "role 'doctor': the pack has 의사");
	assert_null(role);
	assert_int_equal(
	    staff_get(pack, (struct bytes){0}, &role), ERR_INVALID);
	assert_int_equal(
	    staff_get(NULL, bytes_text("의사"), &role), ERR_INVALID);
	assert_string_equal(
	    err_text(), "role '의사': the pack of this store has no roles");
}

static void
a_role_writes_its_collections_alone(void **state)
{
	const struct pack *pack = *state;
	const struct pack_role *role = role_of(pack);
	const struct pack_collection *task = pack_collection(
	    pack, bytes_text("task"));
	const struct pack_collection *unit = pack_collection(
	    pack, bytes_text("unit"));

	assert_int_equal(staff_may_write(role, task), ERR_OK);
	assert_int_equal(staff_may_write(role, unit), ERR_DENIED);
	assert_string_equal(err_text(),
	    "unit: the role 의사 (Doctor) does not write these records; it "
	    "writes task");
	assert_int_equal(staff_may_write(role, NULL), ERR_DENIED);
	assert_int_equal(staff_may_write(NULL, unit), ERR_OK);
	assert_int_equal(staff_may_write(NULL, NULL), ERR_OK);
}

static void
a_role_sees_its_classes_without_what_is_hidden(void **state)
{
	const struct pack *pack = *state;
	const struct pack_role *role = role_of(pack);
	const struct pack_collection *task = pack_collection(
	    pack, bytes_text("task"));
	const struct pack_field *no = pack_field(task, bytes_text("no"));
	const struct pack_field *secret = pack_field(
	    task, bytes_text("secret"));

	assert_true(staff_sees(role, no, CLASS_N));
	assert_true(staff_sees(role, no, CLASS_P));
	assert_false(staff_sees(role, no, CLASS_S));
	assert_false(staff_sees(role, no, CLASS_F));
	assert_false(staff_sees(role, secret, CLASS_P));
	/* Wherever its values stand. */
	assert_false(staff_sees(role, secret, CLASS_N));
	assert_true(staff_sees(role, NULL, CLASS_N));
	assert_false(staff_sees(role, NULL, CLASS_S));
	assert_true(staff_sees(NULL, secret, CLASS_F));
}

/* A record of six fields, one of which holds values of two classes. */
static void
record_make(struct record *record, struct record_field fields[6],
    struct record_value values[6])
{
	static const struct {
		const char *name;
		size_t n;
	} shapes[6] = {{"kind", 1}, {"later", 2}, {"no", 2}, {"people", 0},
	    {"secret", 1}, {"state", 0}};
	static const enum delta_class classes[6] = {
	    CLASS_N, CLASS_S, CLASS_S, CLASS_N, CLASS_S, CLASS_P};
	size_t at = 0;

	for (size_t i = 0; i < 6; i++) {
		values[i] = (struct record_value){.class = classes[i]};
		fields[i] = (struct record_field){
		    .name = bytes_text(shapes[i].name),
		    .values = &values[at],
		    .n = shapes[i].n};
		at += shapes[i].n;
	}
	*record = (struct record){
	    .exists = true, .fields = fields, .fields_n = 6};
}

static void
what_a_role_does_not_see_is_taken_out(void **state)
{
	const struct pack *pack = *state;
	const struct pack_collection *task = pack_collection(
	    pack, bytes_text("task"));
	struct record_field fields[6];
	struct record_value values[6];
	struct record record;

	record_make(&record, fields, values);
	/* later (twice S), half of no, and secret. */
	assert_int_equal(staff_hide(role_of(pack), task, &record), 3);
	assert_int_equal(record.fields_n, 2);
	assert_true(bytes_is(record.fields[0].name, "kind"));
	assert_int_equal(record.fields[0].n, 1);
	assert_true(bytes_is(record.fields[1].name, "no"));
	assert_int_equal(record.fields[1].n, 1);
	assert_int_equal(record.fields[1].values[0].class, CLASS_N);
	/* Nothing more is hidden the second time. */
	assert_int_equal(staff_hide(role_of(pack), task, &record), 0);
	assert_int_equal(record.fields_n, 2);
}

static void
without_a_role_all_is_there(void **state)
{
	const struct pack_collection *task = pack_collection(
	    *state, bytes_text("task"));
	struct record_field fields[6];
	struct record_value values[6];
	struct record record;

	record_make(&record, fields, values);
	assert_int_equal(staff_hide(NULL, task, &record), 0);
	assert_int_equal(record.fields_n, 6);
	assert_int_equal(record.fields[2].n, 2);
}

/* Of a collection that the pack does not know the classes are seen. */
static void
what_no_pack_knows_goes_by_its_class(void **state)
{
	struct record_field fields[6];
	struct record_value values[6];
	struct record record;

	record_make(&record, fields, values);
	assert_int_equal(staff_hide(role_of(*state), NULL, &record), 2);
	assert_int_equal(record.fields_n, 3);
	assert_true(bytes_is(record.fields[2].name, "secret"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_role_has_a_name_and_two_labels),
	    cmocka_unit_test(a_role_writes_its_collections_alone),
	    cmocka_unit_test(a_role_sees_its_classes_without_what_is_hidden),
	    cmocka_unit_test(what_a_role_does_not_see_is_taken_out),
	    cmocka_unit_test(without_a_role_all_is_there),
	    cmocka_unit_test(what_no_pack_knows_goes_by_its_class),
	};

	return cmocka_run_group_tests(tests, pack_make, pack_remove);
}
