/*
 * Promises of core/mirror.h for copies of sets, states and what is not hashed:
 * the copy shows what the record shows after each write here, whatever others
 * did to either; and none is made where there may be none.
 *
 * LINK: -Wl,@tests/lib/fault.wrap
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mirror.h"
#include "core/publish.h"
#include "proto/codec.h"
#include "proto/mem.h"
#include "tests/lib/council.h"
#include "tests/lib/probe.h"
#include "tests/lib/slip.h"
#include "tests/lib/town.h"

#define ALL "read:NPSF,write,hold"
#define FIELD(name, kind, rest)                                              \
	"{`name`:`" name "`,`label`:{`ko`:`가`,`en`:`a`},`kind`:`" kind "`," \
	"`class`:`N`" rest "}"
#define REF(name) FIELD(name, "register", ",`type`:`ref`,`targets`:[`home`]")
#define COLLECTION(name, space)                                       \
	"{`name`:`" name "`,`space`:`" space "`,`label`:{`ko`:`가`," \
	"`en`:`A`},`fields`:["
#define STATES ",`values`:[`new`,`old`]"

/* JSON with ` for every quote; what is copied stands in front. */
/* clang-format off */
static const char bare[] =
    "{`format`:2,`name`:`homes`,`version`:1,`label`:{`ko`:`집`,`en`:`Homes`},"
    "`collections`:["
    COLLECTION("home", "case")
    FIELD("name", "register", ",`type`:`text`") ","
    FIELD("tags", "set", ",`type`:`text`") ","
    FIELD("step", "state", STATES) "]},"
    COLLECTION("copy", "match")
    REF("of") ","
    FIELD("label", "register", ",`type`:`text`") ","
    FIELD("tags", "set", ",`type`:`text`") ","
    FIELD("step", "state", STATES) "]}]";
static const char mirrors[] =
    ",`mirror`:[{`from`:`home`,`to`:`copy`,`source`:`of`,"
    "`fields`:{`label`:`name`,`step`:`step`,`tags`:`tags`}}]}";
/* clang-format on */

static const char here[] = "d03/c017/case";
static const char there[] = "d03/c018/case";
static const char copies[] = "d03/c017/match";

enum { FOUNDER, FIRST, SECOND };

static void
follow(struct town *town, size_t i, const char *end)
{
	struct store *store = town_store(town, i);
	struct buf json = {0};

	buf_add_text(&json, bare);
	buf_add_text(&json, end);
	for (size_t k = 0; k < json.n; k++)
		json.p[k] = json.p[k] == '`' ? '"' : json.p[k];
	slip_is(store_begin(store, true), ERR_OK, NULL);
	slip_is(publish_file(store, buf_bytes(&json)), ERR_OK, NULL);
	slip_is(store_commit(store), ERR_OK, NULL);
	buf_fini(&json);
}

static void
city_make(struct town *town, uint64_t seed, const char *end)
{
	tempdir_in_memory();
	town_init(town, seed);
	assert_int_equal(town_member(town, "d03", ALL), FIRST);
	assert_int_equal(town_member(town, "d03", ALL), SECOND);
	town_meet(town);
	for (size_t i = 0; i < town->n; i++)
		follow(town, i, end);
}

static struct record_id
home_in(struct town *town, size_t i, const char *space)
{
	struct store_edit edits[] = {
	    town_edit(OP_SET, "name", town_text("가온")),
	    town_edit(OP_MOVE, "step", town_text("new")),
	    town_edit(OP_ADD, "tags", town_text("ㄱ")),
	    town_edit(OP_ADD, "tags", town_text("ㄴ"))};
	struct store_write write = {.create = true,
	    .space = town_space(space),
	    .collection = bytes_text("home"),
	    .edits = edits,
	    .edits_n = COUNT_OF(edits)};
	struct record_id id;
	bool changed;

	slip_is(town_write(town, i, &write, &id, &changed), ERR_OK, NULL);
	return id;
}

static void
edit(struct town *town, size_t i, const struct record_id *id, enum op_code code,
    const char *field, const char *text)
{
	assert_true(town_patch(town, i, here, id,
	    town_edit(code, field,
		code == OP_CLEAR ? (struct bytes){0} : town_text(text))));
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The values of a field, each one once, with a space behind it. */
static void
values_add(const struct record *record, const char *name, enum field_kind kind,
    struct buf *text)
{
	const struct record_field *field = merge_find(
	    record, bytes_text(name), kind);
	const char *last = "";
	char *texts[8];
	size_t n = field != NULL ? field->n : 0;

	assert_true(n <= COUNT_OF(texts));
	for (size_t i = 0; i < n; i++) {
		struct buf one = {0};
		struct reader r;

		codec_begin(&r, field->values[i].value);
		buf_add(&one, codec_get_text(&r));
		texts[i] = mem_text(buf_text(&one));
		buf_fini(&one);
	}
	if (n > 1)
		qsort(texts, n, sizeof(texts[0]), by_text);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(texts[i], last) != 0)
			buf_add_format(text, "%s ", texts[i]);
		last = texts[i];
	}
	for (size_t i = 0; i < n; i++)
		mem_free(texts[i]);
}

static struct record_id
copy_id(struct town *town, size_t i, const struct record_id *id)
{
	struct record_id copy;
	struct store *store = town_store(town, i);

	slip_is(store_begin(store, false), ERR_OK, NULL);
	mirror_id(
	    pack_collection(store_pack(store), bytes_text("copy")), id, &copy);
	store_abort(store);
	return copy;
}

static void
copy_tell(const struct record *record, struct buf *text)
{
	values_add(record, "label", KIND_REGISTER, text);
	values_add(record, "step", KIND_STATE, text);
	values_add(record, "tags", KIND_SET, text);
}

/* What the copy that node `i` shows says; "-" when it shows none. */
static void
copy_is(
    struct town *town, size_t i, const struct record_id *id, const char *wanted)
{
	struct record_id copy = copy_id(town, i, id);
	struct arena arena = {0};
	struct buf text = {0};
	struct record record;

	if (town_get(town, i, copies, &copy, &arena, &record) &&
	    record.status == RECORD_LIVE)
		copy_tell(&record, &text);
	else
		buf_add_text(&text, "-");
	assert_string_equal(buf_text(&text), wanted);
	buf_fini(&text);
	arena_fini(&arena);
}

/* ---- what is copied ----------------------------------------------------- */

static void
a_copy_has_the_values_of_sets_and_states(void **state)
{
	static struct town town;
	struct record_id id;

	(void)state;
	city_make(&town, 1, mirrors);
	id = home_in(&town, FIRST, here);
	copy_is(&town, FIRST, &id, "가온 new ㄱ ㄴ ");
	edit(&town, FIRST, &id, OP_ADD, "tags", "ㄷ");
	copy_is(&town, FIRST, &id, "가온 new ㄱ ㄴ ㄷ ");
	edit(&town, FIRST, &id, OP_REMOVE, "tags", "ㄱ");
	edit(&town, FIRST, &id, OP_MOVE, "step", "old");
	copy_is(&town, FIRST, &id, "가온 old ㄴ ㄷ ");
	edit(&town, FIRST, &id, OP_REMOVE, "tags", "ㄴ");
	edit(&town, FIRST, &id, OP_REMOVE, "tags", "ㄷ");
	edit(&town, FIRST, &id, OP_CLEAR, "name", NULL);
	copy_is(&town, FIRST, &id, "old ");
	edit(&town, FIRST, &id, OP_ADD, "tags", "ㄹ");
	copy_is(&town, FIRST, &id, "old ㄹ ");
	town_fini(&town);
}

/* An element stands in a set once for each who put it there apart. */
static void
what_two_put_there_goes_once(void **state)
{
	static struct town town;
	struct record_id id;

	(void)state;
	city_make(&town, 2, mirrors);
	id = home_in(&town, FIRST, here);
	town_meet(&town);
	edit(&town, FIRST, &id, OP_ADD, "tags", "ㄷ");
	edit(&town, SECOND, &id, OP_ADD, "tags", "ㄷ");
	town_meet(&town);
	copy_is(&town, FIRST, &id, "가온 new ㄱ ㄴ ㄷ ");
	edit(&town, FIRST, &id, OP_REMOVE, "tags", "ㄷ");
	copy_is(&town, FIRST, &id, "가온 new ㄱ ㄴ ");
	town_meet(&town);
	copy_is(&town, SECOND, &id, "가온 new ㄱ ㄴ ");
	town_assert_equal(&town, FIRST);
	town_fini(&town);
}

/* Of a record that was there before anything was copied. */
static void
a_copy_begins_with_the_next_write(void **state)
{
	static struct town town;
	struct record_id id;

	(void)state;
	city_make(&town, 3, "}");
	id = home_in(&town, FIRST, here);
	town_meet(&town);
	edit(&town, FIRST, &id, OP_ADD, "tags", "ㄷ");
	edit(&town, SECOND, &id, OP_ADD, "tags", "ㄷ");
	town_meet(&town);
	for (size_t i = 0; i < town.n; i++)
		follow(&town, i, mirrors);
	copy_is(&town, FIRST, &id, "-");
	/* A record of which nothing would be copied has no copy. */
	town_act(&town, FIRST, here, &id, ACT_DELETE);
	copy_is(&town, FIRST, &id, "-");
	town_act(&town, FIRST, here, &id, ACT_KEEP);
	copy_is(&town, FIRST, &id, "-");
	edit(&town, FIRST, &id, OP_MOVE, "step", "old");
	copy_is(&town, FIRST, &id, "가온 old ㄱ ㄴ ㄷ ");
	town_meet(&town);
	copy_is(&town, SECOND, &id, "가온 old ㄱ ㄴ ㄷ ");
	town_assert_equal(&town, FIRST);
	town_fini(&town);
}

/* ---- copies that were deleted, or cannot be ----------------------------- */

static void
a_copy_that_was_deleted_comes_back_with_the_next_edit(void **state)
{
	static struct town town;
	struct record_id copy;
	struct record_id id;

	(void)state;
	city_make(&town, 4, mirrors);
	id = home_in(&town, FIRST, here);
	copy = copy_id(&town, FIRST, &id);
	town_act(&town, FIRST, copies, &copy, ACT_DELETE);
	copy_is(&town, FIRST, &id, "-");
	edit(&town, FIRST, &id, OP_MOVE, "step", "old");
	copy_is(&town, FIRST, &id, "가온 old ㄱ ㄴ ");
	/* With its record it goes and comes. */
	town_act(&town, FIRST, here, &id, ACT_DELETE);
	copy_is(&town, FIRST, &id, "-");
	town_act(&town, FIRST, here, &id, ACT_KEEP);
	copy_is(&town, FIRST, &id, "가온 old ㄱ ㄴ ");
	town_fini(&town);
}

static void
without_a_space_for_it_there_is_no_copy(void **state)
{
	static struct town town;
	struct store *store;
	struct buf space = {0};
	struct record_id id;
	struct record_id copy;
	struct space found;

	(void)state;
	city_make(&town, 5, mirrors);
	buf_add_text(&space, "d03/");
	while (space.n < LIMIT_SPACE_SIZE - strlen("/case"))
		buf_add_text(&space, "c");
	buf_add_text(&space, "/case");
	id = home_in(&town, FIRST, buf_text(&space));
	copy = copy_id(&town, FIRST, &id);
	store = town_store(&town, FIRST);
	slip_is(store_begin(store, false), ERR_OK, NULL);
	slip_is(store_locate(store, &id, &found), ERR_OK, NULL);
	assert_string_equal(found.text, buf_text(&space));
	slip_is(store_locate(store, &copy, &found), ERR_NOT_FOUND, NULL);
	store_abort(store);
	buf_fini(&space);
	town_fini(&town);
}

static void
who_may_not_write_there_makes_no_copy(void **state)
{
	static struct town town;
	struct record_id id;
	size_t guest;

	(void)state;
	city_make(&town, 6, mirrors);
	guest = town_member(&town, here, ALL);
	follow(&town, guest, mirrors);
	id = home_in(&town, guest, here);
	copy_is(&town, guest, &id, "-");
	town_meet(&town);
	edit(&town, FIRST, &id, OP_ADD, "tags", "ㄷ");
	copy_is(&town, FIRST, &id, "가온 new ㄱ ㄴ ㄷ ");
	town_fini(&town);
}

/* A copy of which nothing counts any more is not begun anew: what becomes of it
 * is decided by people. */
static void
a_copy_that_does_not_count_stays_as_it_is(void **state)
{
	static struct town town;
	struct record_id id;
	size_t guest;

	(void)state;
	city_make(&town, 9, mirrors);
	guest = town_member(&town, here, ALL);
	follow(&town, guest, mirrors);
	id = home_in(&town, guest, here);
	town_meet(&town);
	edit(&town, FIRST, &id, OP_ADD, "tags", "ㄷ");
	town_copy(&town, FIRST, SECOND);
	copy_is(&town, SECOND, &id, "가온 new ㄱ ㄴ ㄷ ");
	slip_is(council_revoke(&town, 0, FIRST, 0, NULL), ERR_OK, NULL);
	town_copy(&town, FOUNDER, SECOND);
	copy_is(&town, SECOND, &id, "-");
	edit(&town, SECOND, &id, OP_MOVE, "step", "old");
	copy_is(&town, SECOND, &id, "-");
	town_fini(&town);
}

static void
a_pack_says_which_are_copied_and_which_are_copies(void **state)
{
	static struct town town;
	const struct pack *pack;
	struct store *store;

	(void)state;
	city_make(&town, 7, mirrors);
	store = town_store(&town, FIRST);
	slip_is(store_begin(store, false), ERR_OK, NULL);
	pack = store_pack(store);
	assert_true(
	    mirror_has(pack, pack_collection(pack, bytes_text("home"))));
	assert_false(
	    mirror_has(pack, pack_collection(pack, bytes_text("copy"))));
	assert_true(mirror_is(pack, pack_collection(pack, bytes_text("copy"))));
	assert_false(
	    mirror_is(pack, pack_collection(pack, bytes_text("home"))));
	assert_false(mirror_has(NULL, &pack->collections[0]));
	assert_false(mirror_is(NULL, &pack->collections[0]));
	store_abort(store);
	town_fini(&town);
}

/* ---- under failing calls ------------------------------------------------ */

static enum err
move(struct store *store, const char *space, const struct record_id *id,
    const char *step)
{
	struct store_edit edits[] = {
	    town_edit(OP_MOVE, "step", town_text(step)),
	    town_edit(OP_ADD, "tags", town_text(step))};
	struct store_write write = {.space = town_space(space),
	    .has_record = true,
	    .record = *id,
	    .edits = edits,
	    .edits_n = COUNT_OF(edits)};
	struct record_id same;
	bool changed;

	return store_write(store, &write, &same, &changed);
}

/* Two writes of one record, with one of another space in between, and its copy
 * behind them. */
static enum err
moves_tell(struct store *store, void *arg, struct buf *text)
{
	const struct record_id *ids = arg;
	const struct record_id *id = &ids[0];
	struct space space = town_space(copies);
	struct record_id copy;
	struct record record;
	struct arena arena = {0};
	enum err e = move(store, here, id, "old");

	mirror_id(
	    pack_collection(store_pack(store), bytes_text("copy")), id, &copy);
	if (e == ERR_OK)
		e = move(store, there, &ids[1], "old");
	if (e == ERR_OK)
		e = move(store, here, id, "new");
	if (e == ERR_OK)
		e = store_settle(store);
	if (e == ERR_OK)
		e = store_get(store, &space, &copy, &arena, &record);
	if (e == ERR_OK)
		copy_tell(&record, text);
	arena_fini(&arena);
	return e;
}

static void
calls_that_fail_are_told(void **state)
{
	static struct town town;

	(void)state;
	city_make(&town, 8, mirrors);
	for (size_t i = 0; i < 2; i++) {
		struct record_id ids[] = {
		    home_in(&town, FIRST, here), home_in(&town, FIRST, there)};
		struct record_id copy = copy_id(&town, FIRST, &ids[0]);

		if (i > 0)
			town_act(&town, FIRST, copies, &copy, ACT_DELETE);
		assert_true(
		    probe_run(&(struct probe){.store = town_store(&town, FIRST),
			.write = true,
			.fn = moves_tell,
			.arg = ids}) > 40);
	}
	town_fini(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_copy_has_the_values_of_sets_and_states),
	    cmocka_unit_test(what_two_put_there_goes_once),
	    cmocka_unit_test(a_copy_begins_with_the_next_write),
	    cmocka_unit_test(
		a_copy_that_was_deleted_comes_back_with_the_next_edit),
	    cmocka_unit_test(without_a_space_for_it_there_is_no_copy),
	    cmocka_unit_test(who_may_not_write_there_makes_no_copy),
	    cmocka_unit_test(a_copy_that_does_not_count_stays_as_it_is),
	    cmocka_unit_test(a_pack_says_which_are_copied_and_which_are_copies),
	    cmocka_unit_test(calls_that_fail_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
