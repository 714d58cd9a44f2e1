/*
 * Jobs of writing by rules: what the node adds by itself is there with what it
 * was added to, or neither is; and jobs of deciding.
 */
#include "tests/lib/job_duty.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/meta.h"
#include "core/mirror.h"
#include "proto/codec.h"
#include "tests/lib/council.h"
#include "tests/lib/office.h"
#include "tests/lib/slip.h"

enum { EDITS_MAX = 8, LATE = 4 };

static const char here[] = "d03/c017/case";
static const char copies[] = "d03/c017/match";
static const char dong[] = "00000000000000000000000000000001";

static struct store *
store_of(struct plant *plant, size_t i)
{
	return plant->town.nodes[i].store;
}

/* ---- a day's work ------------------------------------------------------- */

/* A household with one phone, and a report that leads to it. */
static void
duty_prepare(struct plant *plant)
{
	struct town *town = &plant->town;
	struct store *store = town_store(town, 0);
	struct buf owner = {0};

	slip_is(store_begin(store, true), ERR_OK, NULL);
	meta_put(store_txn(store), meta_pack, bytes_text("chatdong"));
	slip_is(store_commit(store), ERR_OK, NULL);
	town_close(town, 0);
	store = town_open(town, 0);
	slip_is(store_begin(store, true), ERR_OK, NULL);
	slip_is(store_commit(store), ERR_OK, NULL);
	(void)office_put(town, 0, "d03/all/match_key", "match_key",
	    WORDS("secret=33333333333333333333333333333333",
		"valid_from=1960-01-01"));
	buf_add_format(&owner, "dong=%s", dong);
	plant->id = office_put(town, 0, "d03/c017/report", "report",
	    WORDS("channel=전화", "state=visit_planned", "urgency=일반",
		"received_at=1960-03-02T10:00:00Z", "subject_text=혼자 계심",
		"place_text=골목 끝", buf_text(&owner)));
	buf_fini(&owner);
}

/* What a step writes. */
struct duty {
	const char *space;
	const char
	    *collection; /* of a new record; NULL: of one that is there */
	struct record_id id;
	enum delta_act act;
	struct store_edit edits[EDITS_MAX];
	size_t n;
	struct buf values[EDITS_MAX]; /* owned */
};

static void
duty_add(struct duty *duty, enum op_code code, enum delta_class class,
    const char *field, const char *text)
{
	struct buf *value = &duty->values[duty->n];

	codec_put_text(value, bytes_text(text));
	duty->edits[duty->n++] = (struct store_edit){.field = bytes_text(field),
	    .code = code,
	    .class = class,
	    .value = buf_bytes(value)};
}

static void
duty_add_ref(struct duty *duty, const char *field, const struct record_id *id)
{
	struct buf *value = &duty->values[duty->n];

	codec_put_bytes(value, bytes_of(id->b, sizeof(id->b)));
	duty->edits[duty->n++] = (struct store_edit){.field = bytes_text(field),
	    .code = OP_SET,
	    .class = CLASS_N,
	    .value = buf_bytes(value)};
}

static enum err
duty_write(struct plant *plant, struct duty *duty, struct record_id *id)
{
	struct store *store = store_of(plant, 0);
	struct store_write write = {.create = duty->collection != NULL,
	    .space = town_space(duty->space),
	    .act = duty->act,
	    .edits = duty->edits,
	    .edits_n = duty->n};
	bool changed;
	enum err e = store_begin(store, true);

	if (duty->collection != NULL)
		write.collection = bytes_text(duty->collection);
	write.has_record = duty->collection == NULL;
	write.record = duty->id;
	if (e == ERR_OK)
		e = plant_end(store, store_write(store, &write, id, &changed));
	for (size_t i = 0; i < COUNT_OF(duty->values); i++)
		buf_fini(&duty->values[i]);
	return e;
}

static enum err
duty_step(struct plant *plant, size_t i)
{
	struct record_id *household = &plant->said->ids[0];
	struct duty duty = {.space = here, .id = *household};
	struct record_id owner = {.b = {[15] = 1}};
	struct record_id same;

	switch (i) {
	case 0:
		duty.collection = "household";
		/* It may be there, though it said no. */
		duty_add(&duty, OP_SET, CLASS_N, "hh_no",
		    plant->again ? "가-2" : "가-1");
		duty_add(&duty, OP_SET, CLASS_P, "address", "가상로 1");
		duty_add(&duty, OP_SET, CLASS_P, "phone", "010-1");
		duty_add(&duty, OP_MOVE, CLASS_N, "state", "active");
		duty_add_ref(&duty, "owner_dong", &owner);
		return duty_write(plant, &duty, household);
	case 1:
		duty_add(&duty, OP_SET, CLASS_P, "phone", "010-2");
		duty_add(&duty, OP_SET, CLASS_N, "hh_no", "가-3");
		return duty_write(plant, &duty, &same);
	case 2:
		duty.space = "d03/c017/report";
		duty.id = plant->id;
		duty_add(&duty, OP_MOVE, CLASS_N, "state", "converted");
		duty_add_ref(&duty, "household", household);
		return duty_write(plant, &duty, &same);
	case 3:
		duty.act = ACT_DELETE;
		return duty_write(plant, &duty, &same);
	default:
		duty.act = ACT_KEEP;
		return duty_write(plant, &duty, &same);
	}
}

/* Is the record there, live, with a value of `field`? */
static bool
shows(struct plant *plant, const char *space, const struct record_id *id,
    const char *field)
{
	struct arena arena = {0};
	struct record record;
	bool there = town_get(&plant->town, 0, space, id, &arena, &record) &&
		     record.status == RECORD_LIVE;

	if (there)
		there = town_values(&record, field, KIND_REGISTER) == 1;
	arena_fini(&arena);
	return there;
}

/* A household has its hash, and its copy in the open has it too; a report that
 * was converted has its day.  The step after the last may have happened. */
static void
duty_holds(struct plant *plant, size_t steps)
{
	const struct record_id *id = &plant->said->ids[0];
	struct store *store = town_store(&plant->town, 0);
	struct record_id copy;
	bool there;

	if (steps == 0)
		return;
	slip_is(store_begin(store, false), ERR_OK, NULL);
	mirror_id(pack_collection(store_pack(store), bytes_text("match_entry")),
	    id, &copy);
	store_abort(store);
	there = shows(plant, here, id, "phone_key");
	assert_int_equal(shows(plant, copies, &copy, "phone"), there);
	if (steps != 3 && steps != 4)
		assert_true(there);
	if (steps >= 3)
		assert_true(shows(
		    plant, "d03/c017/report", &plant->id, "converted_on"));
}

/* ---- decisions ---------------------------------------------------------- */

static struct ref late[LATE];

/* Node 2 has lost its right and wrote on; nothing of that counts. */
static void
decide_prepare(struct plant *plant)
{
	struct town *town = &plant->town;
	struct store_revoked revoked;

	slip_is(council_revoke(town, 0, 2, 0, &revoked), ERR_OK, NULL);
	for (int i = 0; i < LATE; i++)
		(void)town_create(town, 2, here, "밖");
	town_copy(town, 2, 0);
	assert_int_equal(council_refs(town, 0, here, late, LATE), LATE);
}

static enum err
decide_step(struct plant *plant, size_t i)
{
	static const struct {
		bool adopt;
		size_t first;
		size_t n;
	} steps[] = {{true, 0, 3}, {false, 1, 1}, {true, 1, 1}, {false, 2, 2}};
	struct store *store = store_of(plant, 0);
	struct store_decision decision = {.space = town_space(here),
	    .adopt = steps[i].adopt,
	    .targets = &late[steps[i].first],
	    .targets_n = steps[i].n,
	    .reason = bytes_text("확인함")};
	enum err e = store_begin(store, true);

	if (e == ERR_OK)
		e = plant_end(store, store_decide(store, &decision));
	/* It may have happened though it said no. */
	return e == ERR_EXISTS && plant->again ? ERR_OK : e;
}

/* How many of them still lie in the inbox. */
static void
decide_holds(struct plant *plant, size_t steps)
{
	static const size_t left[] = {4, 1, 2, 1, 2, 2};
	size_t n = council_inbox(&plant->town, 0, here, NULL);

	assert_true(n == left[steps] || n == left[steps + 1]);
}

/* ---- decisions about whole logs ----------------------------------------- */

/* Of four late deltas all are adopted at once, where one was adopted before by
 * who may decide no more, and that was replaced. */
static void
ranges_prepare(struct plant *plant)
{
	struct town *town = &plant->town;
	struct store_revoked revoked;
	struct log_cut cut;

	slip_is(town_grant(town, 0, 1, "d03", "admin", ""), ERR_OK, NULL);
	decide_prepare(plant);
	town_copy(town, 0, 1);
	slip_is(council_decide(town, 1, here, true, late, 1), ERR_OK, NULL);
	town_copy(town, 1, 0);
	slip_is(council_decide(town, 0, here, false, late, 1), ERR_OK, NULL);
	slip_is(council_revoke(town, 0, 1, 0, &revoked), ERR_OK, NULL);
	cut = council_cut(town, 0, 2, here, 0);
	council_decide_range(town, 0, here, true, &cut);
}

/* What is taken out of a range divides it. */
static enum err
ranges_step(struct plant *plant, size_t i)
{
	struct store *store = store_of(plant, 0);
	struct store_decision decision = {.space = town_space(here),
	    .adopt = i == 1,
	    .targets = &late[2],
	    .targets_n = 1,
	    .reason = bytes_text("확인함")};
	enum err e = store_begin(store, true);

	if (e == ERR_OK)
		e = plant_end(store, store_decide(store, &decision));
	/* It may have happened though it said no. */
	return e == ERR_EXISTS && plant->again ? ERR_OK : e;
}

/* The first is disputed, the third is voided and adopted again. */
static void
ranges_holds(struct plant *plant, size_t steps)
{
	static const size_t left[] = {1, 2, 1, 1};
	size_t n = council_inbox(&plant->town, 0, here, NULL);

	if (n != left[steps] && n != left[steps + 1])
		fail_msg("%zu lie in the inbox after %zu steps", n, steps);
}

const struct job job_duty[] = {
    {.name = "duty",
	.steps = 5,
	.prepare = duty_prepare,
	.step = duty_step,
	.holds = duty_holds},
    {.name = "decide",
	.steps = 4,
	.prepare = decide_prepare,
	.step = decide_step,
	.holds = decide_holds},
    {.name = "ranges",
	.steps = 2,
	.prepare = ranges_prepare,
	.step = ranges_step,
	.holds = ranges_holds},
};
const size_t job_duty_n = COUNT_OF(job_duty);
