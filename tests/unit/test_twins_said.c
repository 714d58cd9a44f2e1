/*
 * Promises of core/twins_said.h: what the units of a pair say of it counts when
 * who wrote it may write there, and two agree when it was not one hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/publish.h"
#include "core/record.h"
#include "core/twins_said.h"
#include "proto/codec.h"
#include "tests/lib/clinic.h"
#include "tests/lib/slip.h"
#include "tests/lib/town.h"

static const char pairs[] = "d03/all/match";
static const char unit[] = "d03/c017";

static void
follow(struct town *town)
{
	struct store *store = town_store(town, 0);
	struct buf json = {0};

	clinic_json(NULL, NULL, &json);
	slip_is(store_begin(store, true), ERR_OK, NULL);
	slip_is(publish_file(store, buf_bytes(&json)), ERR_OK, NULL);
	slip_is(store_commit(store), ERR_OK, NULL);
	slip_is(store_begin(store, true), ERR_OK, NULL);
	slip_is(store_commit(store), ERR_OK, NULL);
	buf_fini(&json);
}

/* Nodes that may write for one unit (1, 2), and one that may for the other
 * (3); and a pair of the two. */
struct stage {
	struct town town;
	struct record_id id;
};

static int
stage_make(void **state)
{
	static struct stage stage;
	struct town *town = &stage.town;
	struct store_edit edit = town_edit(OP_SET, "score", town_int(500));
	struct store_write write = {.create = true,
	    .collection = bytes_text("pair"),
	    .edits = &edit,
	    .edits_n = 1};
	bool changed;

	tempdir_in_memory();
	town_init(town, 81);
	follow(town);
	for (int i = 0; i < 2; i++)
		(void)town_member(town, "d03", "read:NPSF,write");
	(void)town_member(town, "d03", "read:NPSF");
	slip_is(town_grant(town, 0, 3, "d03/all", "write", ""), ERR_OK, NULL);
	slip_is(town_grant(town, 0, 3, "d03/c018", "write", ""), ERR_OK, NULL);
	write.space = town_space(pairs);
	slip_is(town_write(town, 0, &write, &stage.id, &changed), ERR_OK, NULL);
	town_meet(town);
	*state = &stage;
	return 0;
}

static int
stage_end(void **state)
{
	struct stage *stage = *state;

	town_fini(&stage->town);
	return 0;
}

/* Node `i` says of the pair, for the unit, that it is the same, or not; the
 * others do not know of it yet. */
static void
say(struct stage *stage, size_t i, bool same)
{
	struct buf text = {0};

	twins_said_put(same, bytes_text(unit), &text);
	stage->town.now_ms += 1000;
	assert_true(town_patch(&stage->town, i, pairs, &stage->id,
	    town_edit(OP_ADD, "said", town_text(buf_text(&text)))));
	buf_fini(&text);
}

static struct twins_word
word_of(struct stage *stage, const char *of)
{
	struct store *store;
	struct space space = town_space(pairs);
	struct arena arena = {0};
	struct record record;
	struct twins_word word;
	struct twins_said said = {.record = &record};

	town_meet(&stage->town);
	store = town_store(&stage->town, 0);
	slip_is(store_begin(store, false), ERR_OK, NULL);
	said.txn = store_txn(store);
	said.space = space_find(said.txn, &space);
	slip_is(store_authority(store, &said.authority), ERR_OK, NULL);
	slip_is(record_get(said.txn,
		    &(struct record_read){
			.space = said.space, .cells = true, .arena = &arena},
		    &stage->id, &record),
	    ERR_OK, NULL);
	slip_is(twins_said_read(&said, bytes_text(of), &word), ERR_OK, NULL);
	arena_fini(&arena);
	store_abort(store);
	return word;
}

static void
who_says_nothing_is_silent(void **state)
{
	struct stage *stage = *state;

	assert_int_equal(word_of(stage, unit).verdict, TWINS_SILENT);
	say(stage, 1, true);
	assert_int_equal(word_of(stage, "d03/c018").verdict, TWINS_SILENT);
}

static void
the_word_of_a_unit_is_that_of_who_may_write_there(void **state)
{
	struct stage *stage = *state;
	struct sign_key key = town_key(&stage->town, 1);
	struct twins_word word;

	say(stage, 3, false);
	assert_int_equal(word_of(stage, unit).verdict, TWINS_SILENT);
	say(stage, 1, true);
	word = word_of(stage, unit);
	assert_int_equal(word.verdict, TWINS_SAME);
	assert_memory_equal(&word.author, &key, sizeof(key));
	assert_false(word.has_actor);
}

static void
two_who_say_the_same_say_one_thing(void **state)
{
	struct stage *stage = *state;

	say(stage, 1, false);
	say(stage, 2, false);
	assert_int_equal(word_of(stage, unit).verdict, TWINS_DIFFERENT);
}

static void
a_unit_that_says_both_is_torn(void **state)
{
	struct stage *stage = *state;

	say(stage, 1, true);
	say(stage, 2, false);
	assert_int_equal(word_of(stage, unit).verdict, TWINS_TORN);
}

static void
words_stand_where_records_of_the_unit_are_compared(void **state)
{
	struct pack *pack = clinic_pack(NULL, NULL);
	struct buf name = {0};
	struct space space;

	(void)state;
	slip_is(twins_said_space(pack->duplicates, bytes_text(unit), &space),
	    ERR_OK, NULL);
	assert_string_equal(space.text, "d03/c017/match");
	slip_is(twins_said_space(pack->duplicates, (struct bytes){0}, &space),
	    ERR_OK, NULL);
	assert_string_equal(space.text, "match");
	for (size_t i = 0; i < LIMIT_SPACE_SIZE; i++)
		buf_add_text(&name, "a");
	assert_int_equal(
	    twins_said_space(pack->duplicates, buf_bytes(&name), &space),
	    ERR_INVALID);
	buf_fini(&name);
	pack_free(pack);
}

/* Two nodes, or two people at one, or one unit that all of it is about. */
static void
units_agree_when_it_was_not_one_hand(void **state)
{
	static const struct {
		enum twins_verdict a;
		enum twins_verdict b;
		uint8_t nodes[2];
		uint8_t people[2]; /* 0: nobody says who */
		bool one_unit;
		bool agreed;
	} list[] = {
	    {TWINS_SAME, TWINS_SAME, {1, 2}, {0, 0}, false, true},
	    {TWINS_SAME, TWINS_SAME, {1, 1}, {0, 0}, false, false},
	    {TWINS_SAME, TWINS_SAME, {1, 1}, {0, 0}, true, true},
	    {TWINS_SAME, TWINS_SAME, {1, 1}, {5, 6}, false, true},
	    {TWINS_SAME, TWINS_SAME, {1, 1}, {5, 5}, false, false},
	    {TWINS_SAME, TWINS_SAME, {1, 1}, {5, 0}, false, true},
	    {TWINS_SAME, TWINS_SAME, {1, 2}, {5, 5}, false, true},
	    {TWINS_SAME, TWINS_SILENT, {1, 2}, {0, 0}, false, false},
	    {TWINS_DIFFERENT, TWINS_SAME, {1, 2}, {0, 0}, false, false},
	    {TWINS_SAME, TWINS_TORN, {1, 2}, {0, 0}, true, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(list); i++) {
		struct twins_word words[2] = {
		    {.verdict = list[i].a}, {.verdict = list[i].b}};

		for (size_t k = 0; k < 2; k++) {
			words[k].author.b[0] = list[i].nodes[k];
			words[k].has_actor = list[i].people[k] != 0;
			words[k].actor.b[0] = list[i].people[k];
		}
		assert_int_equal(
		    twins_said_agreed(&words[0], &words[1], list[i].one_unit),
		    list[i].agreed);
		assert_int_equal(
		    twins_said_agreed(&words[1], &words[0], list[i].one_unit),
		    list[i].agreed);
	}
}

#define STAGE(test) cmocka_unit_test_setup_teardown(test, stage_make, stage_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STAGE(who_says_nothing_is_silent),
	    STAGE(the_word_of_a_unit_is_that_of_who_may_write_there),
	    STAGE(two_who_say_the_same_say_one_thing),
	    STAGE(a_unit_that_says_both_is_torn),
	    cmocka_unit_test(
		words_stand_where_records_of_the_unit_are_compared),
	    cmocka_unit_test(units_agree_when_it_was_not_one_hand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
