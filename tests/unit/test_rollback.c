/*
 * A whole machine goes back in time, with all its files, so that nothing on it
 * tells.  It writes where it wrote before: its log is forked.  Found by the
 * simulator (make sim SEED=297273007 NODES=6 STEPS=2000): the contradiction
 * ended sessions for good, and its author went on on the branch that nobody
 * takes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/file.h"
#include "tests/lib/wire.h"

enum { FILE_MAX = 1 << 28 };

static const char *const files[] = {"data.mdb", "mark"};
static const char space_name[] = "d01/c001/case";

struct machine {
	struct town town;
	size_t node;
	struct buf copies[COUNT_OF(files)];
};

static const char *
path_of(const struct machine *m, size_t i)
{
	static char path[2 * TEMPDIR_PATH_SIZE + 16];

	(void)snprintf(
	    path, sizeof(path), "%s/%s", m->town.nodes[m->node].dir, files[i]);
	return path;
}

static void
machine_init_with(struct machine *m, const char *rights)
{
	memset(m, 0, sizeof(*m));
	town_init(&m->town, 5);
	m->node = town_member(&m->town, "d01/c001", rights);
	(void)town_create(&m->town, m->node, space_name, "하나");
	wire_sync(&m->town, 0, m->node);
	for (size_t i = 0; i < COUNT_OF(files); i++)
		assert_int_equal(
		    file_read(path_of(m, i), FILE_MAX, &m->copies[i]), ERR_OK);
}

static void
machine_init(struct machine *m)
{
	machine_init_with(m, "read:NPSF,write");
}

/* All files as they were, in the same places. */
static void
machine_go_back(struct machine *m)
{
	town_close(&m->town, m->node);
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		FILE *f = fopen(path_of(m, i), "wb");

		assert_non_null(f);
		assert_int_equal(fwrite(m->copies[i].p, 1, m->copies[i].n, f),
		    m->copies[i].n);
		assert_int_equal(fclose(f), 0);
	}
	(void)town_open(&m->town, m->node);
}

static void
machine_fini(struct machine *m)
{
	for (size_t i = 0; i < COUNT_OF(files); i++)
		buf_fini(&m->copies[i]);
	town_fini(&m->town);
}

static bool
founder_has(struct machine *m, const struct record_id *id)
{
	struct arena arena = {0};
	struct record record;
	bool has = town_get(&m->town, 0, space_name, id, &arena, &record);

	arena_fini(&arena);
	return has;
}

static void
what_it_lost_comes_back_before_it_writes(void **state)
{
	struct machine m;
	struct record_id before;
	struct record_id after;

	(void)state;
	machine_init(&m);
	before = town_create(&m.town, m.node, space_name, "둘");
	wire_sync(&m.town, 0, m.node);
	machine_go_back(&m);
	wire_sync(&m.town, 0, m.node);
	after = town_create(&m.town, m.node, space_name, "셋");
	wire_sync(&m.town, 0, m.node);
	assert_true(founder_has(&m, &before));
	assert_true(founder_has(&m, &after));
	town_assert_equal(&m.town, 0);
	machine_fini(&m);
}

/* `lost` deltas are gone, `again` are written in their place. */
static void
forked(uint64_t lost, uint64_t again)
{
	struct machine m;
	struct record_id after;

	machine_init(&m);
	for (uint64_t i = 0; i < lost; i++)
		(void)town_create(&m.town, m.node, space_name, "둘");
	wire_sync(&m.town, 0, m.node);
	machine_go_back(&m);
	for (uint64_t i = 0; i < again; i++)
		(void)town_create(&m.town, m.node, space_name, "셋");
	/* The session ends well all the same, and tells its author. */
	wire_sync(&m.town, 0, m.node);
	after = town_create(&m.town, m.node, space_name, "넷");
	wire_sync(&m.town, 0, m.node);
	assert_true(founder_has(&m, &after));
	wire_assert_sound(&m.town, 0);
	wire_assert_sound(&m.town, m.node);
	machine_fini(&m);
}

static void
who_wrote_less_in_its_place_goes_on_in_a_new_log(void **state)
{
	(void)state;
	forked(3, 1);
}

static void
who_wrote_as_much_in_its_place_goes_on_in_a_new_log(void **state)
{
	(void)state;
	forked(2, 2);
}

static void
who_wrote_more_in_its_place_goes_on_in_a_new_log(void **state)
{
	(void)state;
	forked(1, 3);
}

/* Who may only write still has a right to what it wrote itself. */
static void
who_may_only_write_gets_its_own_words_back(void **state)
{
	struct machine m;
	struct record_id before;
	struct arena arena = {0};
	struct record record;

	(void)state;
	machine_init_with(&m, "write");
	before = town_create(&m.town, m.node, space_name, "둘");
	wire_sync(&m.town, 0, m.node);
	machine_go_back(&m);
	wire_sync(&m.town, 0, m.node);
	assert_true(
	    town_get(&m.town, m.node, space_name, &before, &arena, &record));
	assert_true(town_has(&record, "name", KIND_REGISTER, town_text("둘")));
	arena_fini(&arena);
	machine_fini(&m);
}

/* Who has root's log is somebody whom the founder no longer knows.  It admits
 * one of them anew, and that one brings back all the others. */
static void
a_founder_that_lost_all_admissions_gets_them_back_with_one(void **state)
{
	struct machine m;
	struct record_id before;
	struct record_id after;
	size_t late;
	size_t last;

	(void)state;
	memset(&m, 0, sizeof(m));
	town_init(&m.town, 6);
	for (size_t i = 0; i < COUNT_OF(files); i++)
		assert_int_equal(
		    file_read(path_of(&m, i), FILE_MAX, &m.copies[i]), ERR_OK);
	late = town_member(&m.town, "d01/c001", "read:NPSF,write");
	last = town_member(&m.town, "d01/c001", "read:NPSF,write");
	town_copy(&m.town, 0, late);
	before = town_create(&m.town, last, space_name, "하나");
	wire_sync(&m.town, late, last);
	machine_go_back(&m);
	/* As the guide says: so that it goes on in a log of its own. */
	assert_int_equal(file_remove(path_of(&m, 1)), ERR_OK);
	assert_int_equal(town_admit(&m.town, 0, late), ERR_OK);
	wire_sync(&m.town, 0, late);
	wire_sync(&m.town, 0, last);
	assert_true(founder_has(&m, &before));
	after = town_create(&m.town, last, space_name, "둘");
	wire_sync(&m.town, 0, last);
	assert_true(founder_has(&m, &after));
	wire_sync(&m.town, 0, late);
	wire_assert_sound(&m.town, 0);
	machine_fini(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_it_lost_comes_back_before_it_writes),
	    cmocka_unit_test(who_may_only_write_gets_its_own_words_back),
	    cmocka_unit_test(
		a_founder_that_lost_all_admissions_gets_them_back_with_one),
	    cmocka_unit_test(who_wrote_less_in_its_place_goes_on_in_a_new_log),
	    cmocka_unit_test(
		who_wrote_as_much_in_its_place_goes_on_in_a_new_log),
	    cmocka_unit_test(who_wrote_more_in_its_place_goes_on_in_a_new_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
