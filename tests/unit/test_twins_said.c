/*
 * Promises of core/twins_said.h: only who may write what is compared of a unit
 * speaks for it, whatever was said twice is torn, and two units agree when not
 * one person at one node speaks for both.
 *
 * LINK: -Wl,@tests/lib/fault.wrap
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
#include "tests/lib/branches.h"
#include "tests/lib/clinic.h"
#include "tests/lib/probe.h"
#include "tests/lib/slip.h"

#define ALL "read:NPSF,write,hold"

static const char meets[] = "d03/all/match";
static const char *const units[] = {"d03/c017", "d03/c018"};

/* A city of which each of two members may speak for one unit. */
enum { FOUNDER, FIRST, SECOND };

static void
city_make(struct town *town, uint64_t seed)
{
	tempdir_in_memory();
	town_init(town, seed);
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		size_t node = town_member(town, units[i], ALL);

		slip_is(town_grant(town, 0, node, "d03/all", ALL, ""), ERR_OK,
		    NULL);
	}
	town_meet(town);
	for (size_t i = 0; i < town->n; i++) {
		struct store *store = town_store(town, i);
		struct buf json = {0};

		clinic_json(NULL, NULL, &json);
		slip_is(store_begin(store, true), ERR_OK, NULL);
		slip_is(publish_file(store, buf_bytes(&json)), ERR_OK, NULL);
		slip_is(store_commit(store), ERR_OK, NULL);
		buf_fini(&json);
	}
}

/* A pair of which nobody has said anything yet. */
static struct record_id
pair_make(struct town *town, size_t i)
{
	struct store_edit edit = town_edit(OP_MOVE, "state", town_text("open"));
	struct store_write write = {.create = true,
	    .space = town_space(meets),
	    .collection = bytes_text("pair"),
	    .edits = &edit,
	    .edits_n = 1};
	struct record_id id;
	bool changed;

	slip_is(town_write(town, i, &write, &id, &changed), ERR_OK, NULL);
	return id;
}

/* Node `i` says it as `actor` (0: nobody says who). */
static void
say_as(struct town *town, size_t i, const struct record_id *id, bool same,
    const char *unit, uint8_t actor)
{
	struct buf text = {0};
	struct store_edit edit;
	struct store_write write = {.space = town_space(meets),
	    .has_record = true,
	    .record = *id,
	    .has_actor = actor != 0,
	    .actor = {.b = {actor}},
	    .edits = &edit,
	    .edits_n = 1};
	struct record_id out;
	bool changed;

	twins_said_put(same, bytes_text(unit), &text);
	edit = town_edit(OP_ADD, "said", town_text(buf_text(&text)));
	slip_is(town_write(town, i, &write, &out, &changed), ERR_OK, NULL);
	assert_true(changed);
	buf_fini(&text);
}

static void
say(struct town *town, size_t i, const struct record_id *id, bool same,
    const char *unit)
{
	say_as(town, i, id, same, unit, 0);
}

struct asked {
	struct record_id id;
	const char *space; /* in whose logs the words are looked for */
};

static enum err
words_read(
    struct store *store, const struct asked *asked, struct twins_word *words)
{
	struct txn *txn = store_txn(store);
	struct space names[] = {town_space(meets), town_space(asked->space)};
	struct space_state *at = space_find(txn, &names[0]);
	struct record record;
	struct twins_said said = {
	    .txn = txn, .space = space_find(txn, &names[1]), .record = &record};
	enum err e = kv_failed(txn->kv);

	if (e == ERR_OK)
		e = store_authority(store, &said.authority);
	if (e == ERR_OK)
		e = record_get(txn,
		    &(struct record_read){
			.space = at, .cells = true, .arena = &txn->arena},
		    &asked->id, &record);
	for (size_t i = 0; i < COUNT_OF(units) && e == ERR_OK; i++)
		e = twins_said_read(&said, bytes_text(units[i]), &words[i]);
	return e;
}

/* What both units say, as node `i` reads it. */
static void
said_is(struct town *town, size_t i, const struct record_id *id,
    enum twins_verdict first, enum twins_verdict second)
{
	struct store *store = town_store(town, i);
	const struct asked asked = {.id = *id, .space = meets};
	struct twins_word words[COUNT_OF(units)] = {0};

	slip_is(store_begin(store, false), ERR_OK, NULL);
	slip_is(words_read(store, &asked, words), ERR_OK, NULL);
	store_abort(store);
	assert_int_equal(words[0].verdict, first);
	assert_int_equal(words[1].verdict, second);
}

/* ---- who speaks --------------------------------------------------------- */

static void
a_unit_speaks_by_those_who_may_write_what_is_compared(void **state)
{
	static struct town town;
	struct record_id id;

	(void)state;
	city_make(&town, 1);
	id = pair_make(&town, FIRST);
	said_is(&town, FIRST, &id, TWINS_SILENT, TWINS_SILENT);
	say(&town, FIRST, &id, true, units[0]);
	said_is(&town, FIRST, &id, TWINS_SAME, TWINS_SILENT);
	/* For another unit, it is heard by nobody. */
	say(&town, FIRST, &id, true, units[1]);
	say(&town, FIRST, &id, true, "d03/c019");
	said_is(&town, FIRST, &id, TWINS_SAME, TWINS_SILENT);
	town_copy(&town, FIRST, SECOND);
	say(&town, SECOND, &id, false, units[1]);
	say(&town, SECOND, &id, false, units[0]);
	said_is(&town, SECOND, &id, TWINS_SAME, TWINS_DIFFERENT);
	town_meet(&town);
	said_is(&town, FIRST, &id, TWINS_SAME, TWINS_DIFFERENT);
	said_is(&town, FOUNDER, &id, TWINS_SAME, TWINS_DIFFERENT);
	town_fini(&town);
}

static void
what_is_said_both_ways_is_torn(void **state)
{
	static struct town town;
	struct record_id ids[2];

	(void)state;
	city_make(&town, 2);
	for (size_t i = 0; i < COUNT_OF(ids); i++) {
		ids[i] = pair_make(&town, FIRST);
		say(&town, FIRST, &ids[i], i == 0, units[0]);
		say(&town, FIRST, &ids[i], i != 0, units[0]);
		said_is(&town, FIRST, &ids[i], TWINS_TORN, TWINS_SILENT);
	}
	/* Two who say the same apart tear nothing. */
	slip_is(town_grant(&town, 0, SECOND, units[0], ALL, ""), ERR_OK, NULL);
	ids[0] = pair_make(&town, FIRST);
	town_meet(&town);
	say(&town, FIRST, &ids[0], true, units[0]);
	say(&town, SECOND, &ids[0], true, units[0]);
	town_meet(&town);
	said_is(&town, FIRST, &ids[0], TWINS_SAME, TWINS_SILENT);
	say(&town, SECOND, &ids[0], false, units[0]);
	said_is(&town, SECOND, &ids[0], TWINS_TORN, TWINS_SILENT);
	town_fini(&town);
}

/* By the log in which it stands, of which there may be several branches. */
static void
who_spoke_in_a_forked_log_is_known(void **state)
{
	static struct town town;
	struct backup before = {0};
	struct branch branch;
	struct record_id id;

	(void)state;
	city_make(&town, 3);
	slip_is(town_grant(&town, 0, 0, "", ALL, ""), ERR_OK, NULL);
	id = pair_make(&town, FIRST);
	backup_take(&town, FIRST, &before);
	say(&town, FIRST, &id, true, units[0]);
	town_copy(&town, FIRST, FOUNDER);
	backup_put(&town, FIRST, &before);
	town.now_ms += 10;
	(void)pair_make(&town, FIRST);
	branch_take_out(&town, FIRST, meets, &branch);
	slip_is(branch_bring(&town, FOUNDER, &branch, 0, branch.n, branch.n),
	    ERR_OK, NULL);
	said_is(&town, FOUNDER, &id, TWINS_SAME, TWINS_SILENT);
	branch_fini(&branch);
	backup_fini(&before);
	town_fini(&town);
}

static void
a_word_of_a_log_that_is_not_held_counts_nothing(void **state)
{
	static struct town town;
	struct store *store;
	struct asked asked = {.space = "authority"};
	struct twins_word words[COUNT_OF(units)] = {0};

	(void)state;
	city_make(&town, 4);
	asked.id = pair_make(&town, FIRST);
	say(&town, FIRST, &asked.id, true, units[0]);
	said_is(&town, FIRST, &asked.id, TWINS_SAME, TWINS_SILENT);
	store = town_store(&town, FIRST);
	slip_is(store_begin(store, false), ERR_OK, NULL);
	slip_is(words_read(store, &asked, words), ERR_OK, NULL);
	store_abort(store);
	assert_int_equal(words[0].verdict, TWINS_SILENT);
	town_fini(&town);
}

/* ---- the space, and what agrees ------------------------------------------ */

static void
a_unit_is_compared_in_its_own_space(void **state)
{
	struct pack *pack = clinic_pack(NULL, NULL);
	struct buf unit = {0};
	struct space space;

	(void)state;
	slip_is(
	    twins_said_space(pack->duplicates, bytes_text("d03/c017"), &space),
	    ERR_OK, NULL);
	assert_string_equal(space.text, "d03/c017/match");
	slip_is(twins_said_space(pack->duplicates, (struct bytes){0}, &space),
	    ERR_OK, NULL);
	assert_string_equal(space.text, "match");
	while (unit.n < sizeof(space.text) - 4)
		buf_add_text(&unit, "d");
	slip_is(twins_said_space(pack->duplicates, buf_bytes(&unit), &space),
	    ERR_INVALID, NULL);
	buf_fini(&unit);
	pack_free(pack);
}

static void
two_units_agree_by_two_people_or_two_nodes(void **state)
{
	const struct twins_word word = {.verdict = TWINS_SAME,
	    .author = {.b = {1}},
	    .has_actor = true,
	    .actor = {.b = {1}}};
	struct twins_word other = word;

	(void)state;
	assert_true(twins_said_agreed(&word, &word, true));
	assert_false(twins_said_agreed(&word, &word, false));
	other.actor.b[0]++;
	assert_true(twins_said_agreed(&word, &other, false));
	other = word;
	other.author.b[0]++;
	assert_true(twins_said_agreed(&word, &other, false));
	/* Of whom nobody says who it was, it is nobody else. */
	other = word;
	other.has_actor = false;
	assert_true(twins_said_agreed(&word, &other, false));
	assert_false(twins_said_agreed(&other, &other, false));
	other = word;
	other.verdict = TWINS_TORN;
	assert_false(twins_said_agreed(&word, &other, true));
	assert_false(twins_said_agreed(&other, &word, true));
}

static void
who_said_the_same_is_kept_with_the_word(void **state)
{
	static struct town town;
	struct store *store;
	struct asked asked = {.space = meets};
	struct twins_word words[COUNT_OF(units)] = {0};
	struct sign_key key;

	(void)state;
	city_make(&town, 5);
	asked.id = pair_make(&town, FIRST);
	say_as(&town, FIRST, &asked.id, true, units[0], 7);
	key = town_key(&town, FIRST);
	store = town_store(&town, FIRST);
	slip_is(store_begin(store, false), ERR_OK, NULL);
	slip_is(words_read(store, &asked, words), ERR_OK, NULL);
	store_abort(store);
	assert_int_equal(words[0].verdict, TWINS_SAME);
	assert_true(words[0].has_actor);
	assert_int_equal(words[0].actor.b[0], 7);
	assert_memory_equal(&words[0].author, &key, sizeof(key));
	assert_false(words[1].has_actor);
	town_fini(&town);
}

/* ---- under failing calls ------------------------------------------------ */

static enum err
words_tell(struct store *store, void *arg, struct buf *text)
{
	struct twins_word words[COUNT_OF(units)] = {0};
	enum err e = words_read(store, arg, words);

	for (size_t i = 0; i < COUNT_OF(units); i++)
		buf_add_format(
		    text, "%d%d ", words[i].verdict, words[i].author.b[0]);
	return e;
}

static void
calls_that_fail_are_told(void **state)
{
	static struct town town;
	struct asked asked = {.space = meets};

	(void)state;
	city_make(&town, 6);
	asked.id = pair_make(&town, FIRST);
	say(&town, FIRST, &asked.id, true, units[0]);
	town_copy(&town, FIRST, SECOND);
	say(&town, SECOND, &asked.id, false, units[1]);
	town_meet(&town);
	assert_true(probe_run(&(struct probe){.store = town_store(&town, FIRST),
			.fn = words_tell,
			.arg = &asked}) > 5);
	town_fini(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		a_unit_speaks_by_those_who_may_write_what_is_compared),
	    cmocka_unit_test(what_is_said_both_ways_is_torn),
	    cmocka_unit_test(who_spoke_in_a_forked_log_is_known),
	    cmocka_unit_test(a_word_of_a_log_that_is_not_held_counts_nothing),
	    cmocka_unit_test(a_unit_is_compared_in_its_own_space),
	    cmocka_unit_test(two_units_agree_by_two_people_or_two_nodes),
	    cmocka_unit_test(who_said_the_same_is_kept_with_the_word),
	    cmocka_unit_test(calls_that_fail_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
