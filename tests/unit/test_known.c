/*
 * Promises of core/known.h and core/composing.h through the door: a write
 * replaces what its author was shown, and what a role does not see stays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/known.h"
#include "core/record.h"
#include "core/staff.h"
#include "tests/lib/slip.h"

static const char here[] = "d03/c017/report";

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

struct bench {
	struct desk desk;
	struct slip slip;
	struct slip citizen; /* reads class N alone */
};

static int
bench_make(void **state)
{
	static struct bench bench;

	bench = (struct bench){.slip = {.desk = &bench.desk, .space = here},
	    .citizen = {
		.desk = &bench.desk, .space = here, .role = "시민찾동이"}};
	desk_found(&bench.desk, 41);
	slip_pack(&bench.desk);
	desk_begin(&bench.desk, true);
	*state = &bench;
	return 0;
}

static int
bench_remove(void **state)
{
	struct bench *bench = *state;

	store_abort(bench->desk.store);
	desk_fini(&bench->desk);
	return 0;
}

static const char *const report_words[] = {"channel=전화", "state=submitted",
    "urgency=일반", "received_at=2026-03-02T10:00:00Z",
    "subject_text=혼자 계심", "place_text=골목 끝",
    "dong=00000000000000000000000000000001", "reporter_contact=010-0000-0001",
    NULL};

static struct record_id
report(struct bench *bench)
{
	struct record_id id;

	slip_is(
	    slip_put(&bench->slip, "report", report_words, &id), ERR_OK, NULL);
	slip_is(store_settle(bench->desk.store), ERR_OK, NULL);
	return id;
}

/* ---- tokens ------------------------------------------------------------- */

/* What known_read says of `token` for the record `id`. */
static enum err
known_of(struct bench *bench, const struct record_id *id, struct bytes token,
    struct known *known)
{
	struct txn *txn = store_txn(bench->desk.store);
	static struct record now;
	struct known_of of = {.txn = txn, .id = id, .now = &now};
	struct space space;

	slip_is(id_space(bytes_text(here), &space), ERR_OK, NULL);
	of.space = space_find(txn, &space);
	now = (struct record){0};
	if (of.space != NULL)
		slip_is(record_get(txn,
			    &(struct record_read){.space = of.space,
				.cells = true,
				.arena = &txn->arena},
			    id, &now),
		    ERR_OK, NULL);
	return known_read(&of, token, known);
}

static void
a_token_gives_back_what_was_shown(void **state)
{
	struct bench *bench = *state;
	struct record_id id = report(bench);
	struct buf before = {0};
	struct buf after = {0};
	struct known known;

	desk_token(&bench->desk, here, &id, &before);
	slip_is(
	    slip_patch(&bench->slip, &id, WORDS("urgency=긴급")), ERR_OK, NULL);
	slip_is(store_settle(bench->desk.store), ERR_OK, NULL);
	desk_token(&bench->desk, here, &id, &after);
	assert_false(bytes_equal(buf_bytes(&before), buf_bytes(&after)));
	slip_is(known_of(bench, &id, buf_bytes(&before), &known), ERR_OK, NULL);
	assert_int_equal(known.heads_n, 1);
	assert_true(known.record.changed.v > 0);
	buf_cut(&after, 0);
	known_token(&known.record, &after);
	assert_true(bytes_equal(buf_bytes(&before), buf_bytes(&after)));
	/* The empty one is the record as it is now. */
	slip_is(known_of(bench, &id, (struct bytes){0}, &known), ERR_OK, NULL);
	buf_cut(&after, 0);
	known_token(&known.record, &after);
	assert_false(bytes_equal(buf_bytes(&before), buf_bytes(&after)));
	buf_fini(&before);
	buf_fini(&after);
}

static void
what_is_no_token_is_refused(void **state)
{
	struct bench *bench = *state;
	struct record_id id = report(bench);
	struct record_id other = report(bench);
	struct buf token = {0};
	struct buf odd = {0};
	struct known known;

	desk_token(&bench->desk, here, &id, &token);
	for (size_t n = 1; n < token.n; n++)
		slip_is(known_of(bench, &id, bytes_first(buf_bytes(&token), n),
			    &known),
		    ERR_INVALID, NULL);
	/* Twice the same, a part without anything, another sign. */
	buf_add_format(&odd, "%s.%s", buf_text(&token), buf_text(&token));
	slip_is(known_of(bench, &id, buf_bytes(&odd), &known), ERR_INVALID,
	    "out of order");
	buf_cut(&odd, 0);
	buf_add_format(&odd, "%s.", buf_text(&token));
	slip_is(
	    known_of(bench, &id, buf_bytes(&odd), &known), ERR_INVALID, NULL);
	buf_cut(&odd, 0);
	buf_add_format(&odd, ".%s", buf_text(&token));
	slip_is(
	    known_of(bench, &id, buf_bytes(&odd), &known), ERR_INVALID, NULL);
	slip_is(known_of(bench, &id, bytes_text("?"), &known), ERR_INVALID,
	    "golmok get");
	/* That of another record. */
	slip_is(known_of(bench, &other, buf_bytes(&token), &known), ERR_INVALID,
	    "of another record");
	buf_fini(&token);
	buf_fini(&odd);
}

/* Nothing of the space is held. */
static void
a_token_for_what_is_not_held_is_refused(void **state)
{
	struct bench *bench = *state;
	struct record_id id = report(bench);
	struct slip slip = bench->slip;
	struct buf token = {0};

	desk_token(&bench->desk, here, &id, &token);
	slip.token = &token;
	slip.space = "d09/c001/report";
	slip_is(slip_put(&slip, "report", report_words, &id), ERR_INVALID,
	    "of another record");
	buf_fini(&token);
}

/* ---- roles -------------------------------------------------------------- */

static void
contact_is(struct bench *bench, const struct record_id *id, const char *wanted)
{
	struct buf text = {0};

	store_abort(bench->desk.store);
	slip_show(&bench->desk, here, id, "reporter_contact", &text);
	assert_string_equal(buf_text(&text), wanted);
	desk_begin(&bench->desk, true);
	buf_fini(&text);
}

static void
commit(struct bench *bench)
{
	desk_commit(&bench->desk);
	desk_begin(&bench->desk, true);
}

static void
what_a_role_does_not_see_it_cannot_replace(void **state)
{
	struct bench *bench = *state;
	struct record_id id = report(bench);

	commit(bench);
	slip_is(slip_patch(&bench->citizen, &id,
		    WORDS("reporter_contact=010-0000-0002")),
	    ERR_DENIED,
	    "reporter_contact: holds something that the role 시민찾동이 "
	    "(Citizen member) does not see");
	slip_is(slip_patch(&bench->citizen, &id, WORDS("reporter_contact=")),
	    ERR_DENIED, NULL);
	contact_is(bench, &id, "010-0000-0001");
	/* What it sees, it changes. */
	slip_is(slip_patch(&bench->citizen, &id, WORDS("urgency=긴급")), ERR_OK,
	    NULL);
	slip_is(slip_patch(&bench->slip, &id, WORDS("reporter_contact=")),
	    ERR_OK, NULL);
	commit(bench);
	contact_is(bench, &id, "");
}

static void
a_role_may_fill_what_is_empty(void **state)
{
	struct bench *bench = *state;
	struct record_id id;

	slip_is(slip_put(&bench->citizen, "report", report_words, &id), ERR_OK,
	    NULL);
	commit(bench);
	contact_is(bench, &id, "010-0000-0001");
	slip_is(slip_patch(&bench->slip, &id, WORDS("reporter_contact=")),
	    ERR_OK, NULL);
	commit(bench);
	slip_is(slip_patch(&bench->citizen, &id,
		    WORDS("reporter_contact=010-0000-0004")),
	    ERR_OK, NULL);
	commit(bench);
	contact_is(bench, &id, "010-0000-0004");
}

static void
a_role_writes_in_its_collections(void **state)
{
	struct bench *bench = *state;
	struct slip slip = bench->citizen;
	struct record_id id;

	slip.space = "d03/c017/volunteer";
	slip_is(slip_put(&slip, "volunteer", WORDS("name=가"), &id), ERR_DENIED,
	    "does not write these records");
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, bench_make, bench_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_token_gives_back_what_was_shown),
	    TEST(what_is_no_token_is_refused),
	    TEST(a_token_for_what_is_not_held_is_refused),
	    TEST(what_a_role_does_not_see_it_cannot_replace),
	    TEST(a_role_may_fill_what_is_empty),
	    TEST(a_role_writes_in_its_collections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
