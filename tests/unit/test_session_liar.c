/*
 * Peers that lie about how much they have and how much is to come, or promise
 * and do not keep it: it costs what is bounded, and harms nobody else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/extract.h"
#include "tests/lib/rogue.h"

#define ALL "read:NPSF,write,hold"
#define SPACE "d01/c001/case"

enum { VICTIMS = 40, ROGUES = 10 };

/* A victim (0) and a liar (1), who each wrote a log that the other lacks, and
 * an honest third (2). */
struct scene {
	struct town town;
	struct rogue rogue;
	struct rogue_log own;	 /* the liar's */
	struct rogue_log theirs; /* the victim's */
};

static void
scene_begin(struct scene *s)
{
	struct town *town = &s->town;

	town_init(town, 1);
	(void)town_member(town, "", ALL);
	(void)town_member(town, "", ALL);
	assert_int_equal(town_grant(town, 0, 0, "", ALL, ""), ERR_OK);
	town_meet(town);
	for (int i = 0; i < VICTIMS; i++)
		(void)town_create(town, 0, SPACE, "하나");
	for (int i = 0; i < ROGUES; i++)
		(void)town_create(town, 1, SPACE, "둘");
	rogue_init(&s->rogue, town, 0, store_identity(town_store(town, 1)));
	rogue_take_log(&s->rogue, town, 1, SPACE, &s->own);
	rogue_take_log(&s->rogue, town, 0, SPACE, &s->theirs);
}

/* The victim's session ended with `code`, or goes on; honest ones bring all to
 * all, whatever was believed. */
static void
scene_end(struct scene *s, enum err code)
{
	struct town *town = &s->town;

	rogue_run(&s->rogue);
	if (rogue_fault(&s->rogue) != code)
		print_error("%s\n", s->rogue.wire.ends[1].fault.text);
	assert_int_equal(rogue_fault(&s->rogue), code);
	rogue_fini(&s->rogue);
	wire_assert_sound(town, 0);
	wire_sync(town, 0, 1);
	wire_sync(town, 2, 0);
	town_assert_equal(town, 0);
	town_fini(town);
}

static struct session_status
status_of(const struct scene *s)
{
	return wire_status(&s->rogue.wire, 1);
}

/* Says that `n` headers of the victim's log are here. */
static void
claim(struct scene *s, uint64_t n, bool again, bool last)
{
	struct msg_entry entry = {.log = s->theirs.id,
	    .size = n,
	    .held = n,
	    .open = {n, n, n, n},
	    .kept = n};
	struct msg msg = {.type = MSG_CLOCK,
	    .u.clock = {
		.last = last, .again = again, .n = 1, .entries = &entry}};
	struct frontier frontier = {0};
	struct hash root;

	for (size_t i = 0; i < n; i++) {
		struct hash leaf;

		merkle_leaf(s->theirs.headers[i], &leaf);
		merkle_append(&frontier, &leaf, NULL, NULL);
	}
	merkle_root(&frontier, &root);
	memcpy(entry.root, root.b, sizeof(entry.root));
	rogue_say(&s->rogue, &msg);
}

/* Shakes hands and says hello, not yet what is held. */
static void
greet(struct scene *s)
{
	struct msg hello = {.type = MSG_HELLO, .u.hello.version = MSG_VERSION};

	rogue_run(&s->rogue);
	rogue_say(&s->rogue, &hello);
	rogue_run(&s->rogue);
}

static void
credit_all(struct scene *s)
{
	struct msg credit = {.type = MSG_CREDIT};

	credit.u.credit.bytes = s->rogue.data_bytes;
	rogue_say(&s->rogue, &credit);
	rogue_run(&s->rogue);
}

static void
a_total_is_only_a_word(void **state)
{
	static const uint64_t totals[] = {
	    INT64_MAX, 0, 1, INT64_MAX - 1, UINT64_C(1) << 62};
	struct scene s;

	(void)state;
	scene_begin(&s);
	rogue_greet(&s.rogue);
	for (size_t i = 0; i < 1000; i++) {
		struct msg msg = {.type = MSG_TOTAL,
		    .u.total = {.deltas = totals[i % COUNT_OF(totals)],
			.bytes = totals[(i + 1) % COUNT_OF(totals)]}};

		rogue_say(&s.rogue, &msg);
		if (i == 500)
			rogue_say_log(&s.rogue, &s.own, true);
		rogue_run(&s.rogue);
		assert_true(
		    status_of(&s).deltas_expected >= status_of(&s).deltas_in);
	}
	assert_int_equal(status_of(&s).deltas_in, s.own.n);
	scene_end(&s, ERR_OK);
}

static void
who_claims_what_it_never_got_gets_nothing_and_harms_nobody(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s);
	greet(&s);
	claim(&s, s.theirs.n, false, true);
	rogue_run(&s.rogue);
	credit_all(&s);
	assert_int_equal(status_of(&s).deltas_left_out, 0);
	/* Whoever has the same keys and tells the truth gets it all. */
	scene_end(&s, ERR_OK);
}

static void
who_claims_more_than_there_is_is_asked_for_nothing_true(void **state)
{
	struct scene s;
	struct msg_entry entry;
	struct msg msg = {.type = MSG_CLOCK,
	    .u.clock = {.last = true, .n = 1, .entries = &entry}};

	(void)state;
	scene_begin(&s);
	greet(&s);
	entry = (struct msg_entry){.log = s.theirs.id,
	    .size = INT64_MAX,
	    .held = INT64_MAX,
	    .open = {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX},
	    .kept = INT64_MAX};
	rogue_say(&s.rogue, &msg);
	rogue_run(&s.rogue);
	rogue_say_log(&s.rogue, &s.own, true);
	rogue_run(&s.rogue);
	assert_int_equal(status_of(&s).deltas_in, s.own.n);
	scene_end(&s, ERR_OK);
}

/* As an honest peer does whose disk went back in the middle. */
static void
a_clock_that_goes_back_is_believed(void **state)
{
	struct scene s;
	struct store *store;
	struct sign_key liar;
	struct arena arena = {0};
	struct clock_list list;
	bool found = false;

	(void)state;
	scene_begin(&s);
	rogue_greet(&s.rogue);
	credit_all(&s);
	claim(&s, s.theirs.n, false, false);
	rogue_run(&s.rogue);
	assert_int_equal(status_of(&s).deltas_left_out, 0);
	/* Less than before, and then asking for the rest. */
	claim(&s, 7, false, false);
	rogue_run(&s.rogue);
	s.rogue.heard[MSG_CHUNK] = 0;
	claim(&s, 5, true, false);
	rogue_run(&s.rogue);
	assert_true(s.rogue.heard[MSG_CHUNK] > 0);
	rogue_say_log(&s.rogue, &s.own, true);
	rogue_run(&s.rogue);
	/* What is written down is what was said last. */
	store = town_store(&s.town, 0);
	liar = town_key(&s.town, 1);
	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(
	    clock_beliefs(store_txn(store), &liar, &arena, &list), ERR_OK);
	for (size_t i = 0; i < list.n; i++)
		if (memcmp(&list.entries[i].log, &s.theirs.id, 16) == 0) {
			assert_int_equal(list.entries[i].size, 5);
			found = true;
		}
	assert_true(found);
	store_abort(store);
	arena_fini(&arena);
	scene_end(&s, ERR_OK);
}

/* It is sent again and again, but never more than it acknowledges. */
static void
who_asks_again_without_end_gets_no_more_than_its_credit(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s);
	rogue_greet(&s.rogue);
	for (int i = 0; i < 1000; i++) {
		claim(&s, 0, true, false);
		rogue_run(&s.rogue);
	}
	assert_true(s.rogue.data_bytes > LIMIT_CREDIT_SIZE / 2);
	assert_true(s.rogue.data_bytes < LIMIT_CREDIT_SIZE + LIMIT_CHUNK_SIZE +
					     EXTRACT_BODIES_BYTES);
	scene_end(&s, ERR_OK);
}

static void
a_run_that_never_comes_holds_nothing_up(void **state)
{
	struct scene s;
	struct msg run;
	struct msg chunk;
	struct msg ping = {.type = MSG_PING};

	(void)state;
	scene_begin(&s);
	rogue_greet(&s.rogue);
	rogue_make_run(&s.rogue, &s.own, s.own.n, &run);
	/* Opened a thousand times, and nothing comes. */
	for (int i = 0; i < 1000; i++)
		rogue_say(&s.rogue, &run);
	rogue_run(&s.rogue);
	/* Headers, and of their bodies none. */
	rogue_make_chunk(&s.rogue, &s.own, 0, s.own.n, s.own.n, &chunk);
	chunk.u.chunk.bodies_n = s.own.bodies_n;
	rogue_say(&s.rogue, &chunk);
	for (int i = 0; i < 1000; i++)
		rogue_say(&s.rogue, &ping);
	rogue_run(&s.rogue);
	assert_int_equal(rogue_fault(&s.rogue), ERR_OK);
	assert_int_equal(s.rogue.heard[MSG_PONG], 1000);
	assert_int_equal(status_of(&s).deltas_in, 0);
	assert_false(session_has_work(s.rogue.wire.ends[1].session));
	/* Others go on meanwhile, and so does what goes to the liar. */
	wire_sync(&s.town, 2, 0);
	s.rogue.heard[MSG_CHUNK] = 0;
	(void)town_create(&s.town, 2, SPACE, "셋");
	wire_sync(&s.town, 2, 0);
	credit_all(&s);
	assert_true(s.rogue.heard[MSG_CHUNK] > 0);
	scene_end(&s, ERR_OK);
}

static void
a_head_of_no_log_ends_it(void **state)
{
	struct scene s;
	struct msg run;
	struct msg chunk;

	(void)state;
	for (int way = 0; way < 3; way++) {
		scene_begin(&s);
		rogue_greet(&s.rogue);
		rogue_make_run(&s.rogue, &s.own, s.own.n, &run);
		rogue_make_chunk(&s.rogue, &s.own, 0, s.own.n, s.own.n, &chunk);
		chunk.u.chunk.bodies_n = 0;
		if (way == 0) /* of another size */
			run.u.run.head_size++;
		else if (way == 1) /* of another root */
			run.u.run.head_root.b[31] ^= 1;
		else /* signed by the one who tells it */
			run.u.run.name = s.theirs.name;
		if (way == 2)
			run.u.run.entry.log = s.theirs.id;
		rogue_say(&s.rogue, &run);
		rogue_say(&s.rogue, &chunk);
		scene_end(&s, ERR_MALFORMED);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_total_is_only_a_word),
	    cmocka_unit_test(
		who_claims_what_it_never_got_gets_nothing_and_harms_nobody),
	    cmocka_unit_test(
		who_claims_more_than_there_is_is_asked_for_nothing_true),
	    cmocka_unit_test(a_clock_that_goes_back_is_believed),
	    cmocka_unit_test(
		who_asks_again_without_end_gets_no_more_than_its_credit),
	    cmocka_unit_test(a_run_that_never_comes_holds_nothing_up),
	    cmocka_unit_test(a_head_of_no_log_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
