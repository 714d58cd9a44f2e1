/*
 * Promises of docs/packs.md, "How packs travel": a published version reaches
 * nodes without a line, and a node with an older one does no harm to what was
 * written by a newer one.
 *
 * LINK: -Wl,--wrap=pack_embedded
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/lookup.h"
#include "core/parcel.h"
#include "core/publish.h"
#include "core/view.h"
#include "tests/lib/council.h"
#include "tests/lib/press.h"
#include "tests/lib/slip.h"
#include "tests/lib/stick.h"

static const char here[] = "d03/c017/case";

struct bytes __wrap_pack_embedded(void);

/* HALL publishes; HALL and FAR have no line between them. */
enum { HALL, BETWEEN, FAR, NODES };

/* What the program has compiled in: version 1, or another pack's second. */
static bool is_other;

struct bytes
__wrap_pack_embedded(void)
{
	static struct buf json;

	buf_cut(&json, 0);
	press_text(&(struct press_plan){.name = is_other ? "other" : NULL,
		       .format = 2,
		       .version = is_other ? 2 : 1,
		       .fields = is_other ? "z" : "a"},
	    &json);
	return buf_bytes(&json);
}

static int
town_make(void **state)
{
	static struct town town;

	is_other = false;
	tempdir_in_memory();
	town_init(&town, 91);
	for (size_t i = BETWEEN; i < NODES; i++)
		assert_int_equal(
		    town_member(&town, "d03", "read:NPSF,write,hold"), i);
	assert_int_equal(
	    town_grant(&town, HALL, HALL, "", "read:NPSF,write,hold", ""),
	    ERR_OK);
	for (size_t i = 0; i < NODES; i++)
		press_follow(&town, i);
	town_meet(&town);
	*state = &town;
	return 0;
}

static int
town_remove(void **state)
{
	struct town *town = *state;

	for (size_t i = 0; i < NODES; i++)
		council_sound(town, i);
	town_fini(town);
	return 0;
}

static void
publish(struct town *town, unsigned version, const char *fields, size_t spaces)
{
	struct buf json = {0};

	press_text(
	    &(struct press_plan){
		.format = 2, .version = version, .fields = fields},
	    &json);
	while (json.n < spaces)
		buf_add_u8(&json, ' ');
	slip_is(press_publish(town, HALL, buf_bytes(&json)), ERR_OK, NULL);
	buf_fini(&json);
}

static void
carry_stick(struct town *town, size_t from, size_t to)
{
	struct stick_taken out;

	(void)stick_send(town, from, to, "stick");
	out = stick_take(town, to, "stick");
	assert_int_equal(out.taken.troubles_n, 0);
}

/* ---- without a line ----------------------------------------------------- */

static void
a_stick_brings_what_was_published(void **state)
{
	struct town *town = *state;

	publish(town, 2, "ab", 0);
	carry_stick(town, HALL, FAR);
	assert_int_equal(press_version(town, FAR), 2);
	assert_int_equal(press_version(town, BETWEEN), 1);
	/* In pieces, by way of another node. */
	publish(town, 3, "abc", LIMIT_PACK_SIZE - 10);
	carry_stick(town, HALL, BETWEEN);
	assert_int_equal(press_version(town, BETWEEN), 3);
	carry_stick(town, BETWEEN, FAR);
	assert_int_equal(press_version(town, FAR), 3);
	town_close(town, FAR);
	(void)town_open(town, FAR);
	assert_int_equal(press_version(town, FAR), 3);
}

static void
a_parcel_brings_what_was_published(void **state)
{
	struct town *town = *state;
	struct parcel_taken taken;
	struct buf parcel = {0};
	struct store *store = town_store(town, HALL);

	publish(town, 2, "ab", LIMIT_PACK_SIZE - 10);
	slip_is(store_begin(store, false), ERR_OK, NULL);
	slip_is(parcel_put(store, &parcel), ERR_OK, NULL);
	store_abort(store);
	store = town_store(town, FAR);
	/* Given up on the way: as if it had not come. */
	slip_is(store_begin(store, true), ERR_OK, NULL);
	slip_is(parcel_take(store, buf_bytes(&parcel), &taken), ERR_OK, NULL);
	store_abort(store);
	assert_int_equal(press_version(town, FAR), 1);
	slip_is(store_begin(store, true), ERR_OK, NULL);
	slip_is(parcel_take(store, buf_bytes(&parcel), &taken), ERR_OK, NULL);
	assert_true(taken.deltas > 1);
	slip_is(store_commit(store), ERR_OK, NULL);
	assert_int_equal(press_version(town, FAR), 2);
	buf_fini(&parcel);
}

/* What a program has compiled in says nothing of another pack. */
static void
a_pack_that_no_program_has_goes_by_what_was_published(void **state)
{
	struct town *town = *state;
	struct buf json = {0};

	press_text(
	    &(struct press_plan){.format = 2, .version = 1, .fields = "a"},
	    &json);
	is_other = true;
	for (size_t i = 0; i < NODES; i++) {
		struct store *store = town_store(town, i);

		slip_is(store_begin(store, true), ERR_OK, NULL);
		slip_is(publish_file(store, buf_bytes(&json)), ERR_OK, NULL);
		slip_is(store_commit(store), ERR_OK, NULL);
		town_close(town, i);
		(void)town_open(town, i);
		assert_int_equal(press_version(town, i), 1);
	}
	publish(town, 2, "ab", 0);
	carry_stick(town, HALL, FAR);
	assert_int_equal(press_version(town, HALL), 2);
	assert_int_equal(press_version(town, FAR), 2);
	buf_fini(&json);
}

/* ---- an older node ------------------------------------------------------ */

static struct record_id
make(struct town *town, size_t i, const char *collection, const char *field)
{
	struct store_edit edit = town_edit(OP_SET, field, town_text("새 값"));
	struct store_write write = {.create = true,
	    .space = town_space(here),
	    .collection = bytes_text(collection),
	    .edits = &edit,
	    .edits_n = 1};
	struct record_id id;
	bool changed;

	slip_is(town_write(town, i, &write, &id, &changed), ERR_OK, NULL);
	return id;
}

static void
has(struct town *town, size_t i, const struct record_id *id, const char *field,
    const char *value)
{
	struct arena arena = {0};
	struct record record;

	assert_true(town_get(town, i, here, id, &arena, &record));
	assert_int_equal(record.status, RECORD_LIVE);
	assert_int_equal(town_values(&record, field, KIND_REGISTER), 1);
	assert_true(town_has(&record, field, KIND_REGISTER, town_text(value)));
	arena_fini(&arena);
}

/* How many records does node `i` find by `field`, and its view count? */
static void
found_is(struct town *town, size_t i, const char *field, const char *value,
    size_t wanted)
{
	struct store *store = town_store(town, i);
	struct space space = town_space(here);
	struct lookup_scan scan;
	struct view_scan rows;
	struct view_row row;
	struct record_id id;
	struct txn *txn;
	bool found = true;
	uint64_t counted = 0;
	size_t n = 0;

	slip_is(store_begin(store, true), ERR_OK, NULL);
	slip_is(store_commit(store), ERR_OK, NULL);
	slip_is(store_begin(store, false), ERR_OK, NULL);
	txn = store_txn(store);
	assert_true(lookup_is_current(txn) && view_is_current(txn));
	lookup_equal(txn, space_find(txn, &space)->no,
	    pack_field(pack_collection(txn->pack, bytes_text("card")),
		bytes_text(field)),
	    town_text(value), &scan);
	while (found) {
		slip_is(lookup_next(&scan, &id, &found), ERR_OK, NULL);
		n += found ? 1 : 0;
	}
	assert_int_equal(n, wanted);
	view_scan(txn, space_find(txn, &space)->no, &txn->pack->views[0],
	    &(struct view_range){0}, &rows);
	for (found = true; found;) {
		slip_is(view_next(&rows, &row, &found), ERR_OK, NULL);
		counted += found ? row.records : 0;
	}
	assert_int_equal(counted, 2);
	store_abort(store);
}

static void
an_older_node_leaves_what_it_does_not_know(void **state)
{
	const struct town_cargo data = {.space = here};
	struct town *town = *state;
	struct record_id both;
	struct record_id mine;
	struct record_id extra;

	publish(town, 2, "abx", 0);
	both = make(town, HALL, "card", "b");
	extra = make(town, HALL, "extra", "word");
	/* The data comes, and what was published does not. */
	town_carry(town, HALL, FAR, &data);
	assert_int_equal(press_version(town, FAR), 1);
	has(town, FAR, &both, "b", "새 값");
	has(town, FAR, &extra, "word", "새 값");
	assert_true(town_patch(town, FAR, here, &both,
	    town_edit(OP_SET, "a", town_text("헌 값"))));
	mine = make(town, FAR, "card", "a");
	found_is(town, FAR, "a", "헌 값", 1);
	/* By its rules nobody may write what it does not know. */
	{
		struct store_edit edit = town_edit(
		    OP_SET, "b", town_text("값"));
		struct store_write write = {.space = town_space(here),
		    .has_record = true,
		    .record = both,
		    .edits = &edit,
		    .edits_n = 1};
		struct record_id id;
		bool changed;

		assert_int_equal(
		    town_write(town, FAR, &write, &id, &changed), ERR_INVALID);
		edit.field = bytes_text("word");
		write.record = extra;
		assert_int_equal(
		    town_write(town, FAR, &write, &id, &changed), ERR_INVALID);
	}
	council_sound(town, FAR);
	/* And back: nothing of it is lost there. */
	town_carry(town, FAR, HALL, &data);
	has(town, HALL, &both, "b", "새 값");
	has(town, HALL, &both, "a", "헌 값");
	has(town, HALL, &extra, "word", "새 값");
	has(town, HALL, &mine, "a", "새 값");
	found_is(town, HALL, "b", "새 값", 1);
	/* With the newer version the old records are found by what is new. */
	carry_stick(town, HALL, FAR);
	assert_int_equal(press_version(town, FAR), 2);
	found_is(town, FAR, "b", "새 값", 1);
	has(town, FAR, &extra, "word", "새 값");
	assert_true(town_patch(town, FAR, here, &extra,
	    town_edit(OP_SET, "word", town_text("값"))));
	town_meet(town);
	has(town, HALL, &extra, "word", "값");
}

/* It may delete and keep what it does not know. */
static void
what_is_not_known_is_deleted_and_kept_whole(void **state)
{
	const struct town_cargo data = {.space = here};
	struct town *town = *state;
	struct record_id extra;
	struct arena arena = {0};
	struct record record;

	publish(town, 2, "abx", 0);
	extra = make(town, HALL, "extra", "word");
	town_carry(town, HALL, FAR, &data);
	town_act(town, FAR, here, &extra, ACT_DELETE);
	town_carry(town, FAR, HALL, &data);
	if (town_get(town, HALL, here, &extra, &arena, &record))
		assert_int_equal(record.status, RECORD_DELETED);
	town_act(town, FAR, here, &extra, ACT_KEEP);
	town_carry(town, FAR, HALL, &data);
	has(town, HALL, &extra, "word", "새 값");
	arena_fini(&arena);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, town_make, town_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_stick_brings_what_was_published),
	    TEST(a_parcel_brings_what_was_published),
	    TEST(a_pack_that_no_program_has_goes_by_what_was_published),
	    TEST(an_older_node_leaves_what_it_does_not_know),
	    TEST(what_is_not_known_is_deleted_and_kept_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
