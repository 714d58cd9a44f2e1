/*
 * Promises of core/guard.h, through the door: a state moves only when all that
 * its pack asks for is there once the write is done.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/guard.h"
#include "proto/codec.h"
#include "tests/lib/clinic.h"
#include "tests/lib/slip.h"

static const char here[] = "d03/c017/case";

#define REF(field) field "=00000000000000000000000000000001"
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

struct bench {
	struct desk desk;
	struct slip slip;
};

static int
bench_make(void **state)
{
	static struct bench bench;

	bench = (struct bench){.slip = {.desk = &bench.desk, .space = here}};
	desk_found(&bench.desk, 31);
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

static struct record_id
visit(struct bench *bench)
{
	struct record_id id;

	slip_is(slip_put(&bench->slip, "visit",
		    WORDS(REF("household"), "kind=정기", REF("staff"),
			"channel=방문", "state=assigned", "offline=false"),
		    &id),
	    ERR_OK, NULL);
	return id;
}

static void
a_need_is_asked_of_the_record_as_it_will_be(void **state)
{
	struct bench *bench = *state;
	struct record_id id = visit(bench);

	slip_is(slip_patch(
		    &bench->slip, &id, WORDS("state=done", "outcome=특이없음")),
	    ERR_INVALID,
	    "visit.state: cannot become 'done' (완료, Done): 방문을 완료로 "
	    "하려면 방문일시, 방문자, 결과가 있어야 합니다 (a visit that is "
	    "done "
	    "needs visited_at, staff and outcome); what must hold: visited_at "
	    "is something and");
	slip_is(slip_patch(&bench->slip, &id,
		    WORDS("state=done", "outcome=특이없음",
			"visited_at=2026-03-02T10:00:00Z")),
	    ERR_OK, NULL);
}

static void
what_the_write_takes_away_is_not_there(void **state)
{
	struct bench *bench = *state;
	struct record_id id = visit(bench);

	slip_is(
	    slip_patch(&bench->slip, &id,
		WORDS("outcome=특이없음", "visited_at=2026-03-02T10:00:00Z")),
	    ERR_OK, NULL);
	slip_is(slip_patch(&bench->slip, &id, WORDS("state=done", "outcome=")),
	    ERR_INVALID, "outcome is something");
	slip_is(
	    slip_patch(&bench->slip, &id, WORDS("state=done")), ERR_OK, NULL);
}

static void
a_new_record_is_asked_too(void **state)
{
	struct bench *bench = *state;
	struct record_id id;

	slip_is(slip_put(&bench->slip, "visit",
		    WORDS(REF("household"), "kind=정기", REF("staff"),
			"channel=방문", "state=done", "offline=false"),
		    &id),
	    ERR_INVALID, "visit.state: cannot become 'done'");
}

static void
unless_lets_pass_what_would_be_refused(void **state)
{
	struct bench *bench = *state;
	struct record_id id;

	slip_is(slip_put(&bench->slip, "referral",
		    WORDS(REF("household"), REF("from_org"), REF("to_org"),
			"kind=복지관", "urgency=즉시", "share_fields=주소",
			"state=draft", "sent_at=2026-03-02T10:00:00Z"),
		    &id),
	    ERR_OK, NULL);
	slip_is(slip_patch(&bench->slip, &id, WORDS("state=sent")), ERR_INVALID,
	    "override_reason");
	slip_is(slip_patch(&bench->slip, &id,
		    WORDS("state=sent", "override_reason=생명이 위급함")),
	    ERR_OK, NULL);
}

static void
who_is_asked_of_a_role_and_of_nobody_else(void **state)
{
	struct bench *bench = *state;
	struct record_id id = visit(bench);
	struct slip planner = bench->slip;
	struct slip lead = bench->slip;

	planner.role = "복지플래너";
	lead.role = "Team lead";
	slip_is(slip_patch(&bench->slip, &id,
		    WORDS("state=done", "outcome=특이없음",
			"visited_at=2026-03-02T10:00:00Z")),
	    ERR_OK, NULL);
	slip_is(slip_patch(&planner, &id, WORDS("state=confirmed")), ERR_DENIED,
	    "by the role 복지플래너 (Welfare planner): it is for 팀장, 동장");
	slip_is(slip_patch(&lead, &id, WORDS("state=confirmed")), ERR_OK, NULL);
	id = visit(bench);
	slip_is(slip_patch(&bench->slip, &id,
		    WORDS("state=done", "outcome=특이없음",
			"visited_at=2026-03-02T10:00:00Z")),
	    ERR_OK, NULL);
	slip_is(slip_patch(&bench->slip, &id, WORDS("state=confirmed")), ERR_OK,
	    NULL);
}

static struct record_id
conferred(struct bench *bench)
{
	static const char *const steps[] = {"state=intake", "state=received",
	    "state=assessing", "state=conference"};
	struct record_id id;

	slip_is(slip_put(&bench->slip, "case",
		    WORDS("case_no=1", REF("household"), "origin=제보",
			"indicator=기타", "state=found"),
		    &id),
	    ERR_OK, NULL);
	for (size_t i = 0; i < COUNT_OF(steps); i++)
		slip_is(slip_patch(&bench->slip, &id, WORDS(steps[i])), ERR_OK,
		    NULL);
	return id;
}

static void
what_the_transaction_wrote_before_is_found(void **state)
{
	struct bench *bench = *state;
	struct record_id id = conferred(bench);
	struct record_id conference;
	struct store_edit edit = {
	    .field = bytes_text("state"), .code = OP_MOVE, .class = CLASS_N};
	struct store_write write = {
	    .has_record = true, .record = id, .edits = &edit, .edits_n = 1};
	struct buf value = {0};
	struct buf word = {0};
	bool changed;

	codec_put_text(&value, bytes_text("classified"));
	edit.value = buf_bytes(&value);
	slip_is(id_space(bytes_text(here), &write.space), ERR_OK, NULL);
	slip_is(store_write(bench->desk.store, &write, &id, &changed),
	    ERR_INVALID, "사례회의를 거쳐야 합니다");
	buf_add_text(&word, "cases=");
	for (size_t i = 0; i < sizeof(id.b); i++)
		buf_add_format(&word, "%02x", id.b[i]);
	slip_is(slip_put(&bench->slip, "conference",
		    WORDS("held_on=2026-03-02", "level=동", buf_text(&word),
			"attendees=00000000000000000000000000000011"),
		    &conference),
	    ERR_OK, NULL);
	/* Nothing has been settled in between. */
	slip_is(store_write(bench->desk.store, &write, &id, &changed), ERR_OK,
	    NULL);
	assert_true(changed);
	buf_fini(&value);
	buf_fini(&word);
}

static void
what_stands_already_is_not_asked_again(void **state)
{
	struct bench *bench = *state;
	struct record_id id = visit(bench);
	struct slip late = bench->slip;
	struct slip judge = bench->slip;
	struct buf token = {0};

	judge.resolve = true;
	late.token = &token;
	slip_is(store_settle(bench->desk.store), ERR_OK, NULL);
	desk_token(&bench->desk, here, &id, &token);
	slip_is(slip_patch(&bench->slip, &id,
		    WORDS("state=done", "outcome=특이없음",
			"visited_at=2026-03-02T10:00:00Z")),
	    ERR_OK, NULL);
	slip_is(slip_patch(&late, &id, WORDS("state=absent")), ERR_OK, NULL);
	slip_is(slip_patch(&bench->slip, &id, WORDS("outcome=")), ERR_OK, NULL);
	slip_is(slip_patch(&judge, &id, WORDS("state=done")), ERR_OK, NULL);
	/* But what a decision brings anew is. */
	slip_is(slip_patch(&judge, &id, WORDS("state=absent")), ERR_OK, NULL);
	slip_is(slip_patch(&judge, &id, WORDS("state=done")), ERR_INVALID,
	    "outcome is something");
	buf_fini(&token);
}

/* A state that is for somebody asks for nothing else. */
static void
a_guard_may_ask_for_a_role_alone(void **state)
{
	static const struct pack_role nurse = {
	    .name = "nurse", .label = {"간호사", "Nurse"}};
	struct bench *bench = *state;
	struct guard_move move = {.txn = store_txn(bench->desk.store)};
	const struct pack_field *field;
	struct buf json = {0};
	struct buf done = {0};
	struct pack *pack;

	clinic_json("`need`:`people is something`,", "", &json);
	clinic_swap(",`unless`:`kind = a`", "", &json);
	for (int i = 0; i < 2; i++) {
		slip_is(pack_parse(buf_bytes(&json), &pack), ERR_OK, NULL);
		field = pack_field(pack_collection(pack, bytes_text("task")),
		    bytes_text("state"));
		buf_cut(&done, 0);
		codec_put_text(&done, bytes_text("done"));
		move.role = &pack->roles[0];
		slip_is(
		    guard_check(&move, field, buf_bytes(&done)), ERR_OK, NULL);
		move.role = NULL;
		slip_is(
		    guard_check(&move, field, buf_bytes(&done)), ERR_OK, NULL);
		move.role = &nurse;
		slip_is(guard_check(&move, field, buf_bytes(&done)), ERR_DENIED,
		    i == 0 ? "task.state: cannot become 'done' by the role "
			     "간호사 (Nurse): it is for 의사"
			   : "task.state: cannot become 'done' (done, Done) by "
			     "the role 간호사 (Nurse): it is for 의사");
		pack_free(pack);
		if (i == 0)
			clinic_swap("{`value`:`done`}",
			    "{`value`:`done`,`ko`:`done`,`en`:`Done`}", &json);
	}
	buf_fini(&json);
	buf_fini(&done);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, bench_make, bench_remove)
	    TEST(a_need_is_asked_of_the_record_as_it_will_be),
	    TEST(what_the_write_takes_away_is_not_there),
	    TEST(a_new_record_is_asked_too),
	    TEST(unless_lets_pass_what_would_be_refused),
	    TEST(who_is_asked_of_a_role_and_of_nobody_else),
	    TEST(what_the_transaction_wrote_before_is_found),
	    TEST(what_stands_already_is_not_asked_again),
	    TEST(a_guard_may_ask_for_a_role_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
