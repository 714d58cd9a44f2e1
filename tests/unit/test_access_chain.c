/*
 * Promises of core/access_chain.h: each access names the one before it of the
 * same writer, and whatever is taken out of the chain, changed or made twice
 * is counted.
 *
 * LINK: -Wl,@tests/lib/fault.wrap
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/access_chain.h"
#include "core/publish.h"
#include "proto/codec.h"
#include "tests/lib/clinic.h"
#include "tests/lib/council.h"
#include "tests/lib/probe.h"
#include "tests/lib/slip.h"

#define ALL "read:NPSF,write,hold"

static const char here[] = "d03/c017/task";
static const struct hash begin;

enum { FOUNDER, WRITER, OTHER, FIELDS = 6 };

static void
follow(struct town *town, size_t i, const char *from, const char *to)
{
	struct store *store = town_store(town, i);
	struct buf json = {0};

	clinic_json(from, to, &json);
	slip_is(store_begin(store, true), ERR_OK, NULL);
	slip_is(publish_file(store, buf_bytes(&json)), ERR_OK, NULL);
	slip_is(store_commit(store), ERR_OK, NULL);
	buf_fini(&json);
	slip_is(store_begin(store, true), ERR_OK, NULL);
	slip_is(store_commit(store), ERR_OK, NULL);
}

static void
city_make(struct town *town, uint64_t seed)
{
	tempdir_in_memory();
	town_init(town, seed);
	assert_int_equal(town_member(town, "d03", ALL), WRITER);
	assert_int_equal(town_member(town, "d03", ALL), OTHER);
	town_meet(town);
	for (size_t i = 0; i < town->n; i++)
		follow(town, i, NULL, NULL);
}

/* An access that says `before` in its first `n` bytes; none at all with 0. */
static struct record_id
look(struct town *town, size_t i, const struct hash *before, size_t n)
{
	static const uint8_t who[PACK_REF_SIZE] = {9};
	struct store_edit edits[FIELDS] = {
	    town_edit(OP_SET, "at", town_text("2016-07-25T09:00:00+09:00")),
	    town_edit(OP_SET, "deed", town_text("read")),
	    town_edit(OP_SET, "why", town_text("민원"))};
	struct store_write write = {.create = true,
	    .space = town_space(here),
	    .collection = bytes_text("looked"),
	    .edits = edits,
	    .edits_n = 5 - (n == 0)};
	struct buf values[2] = {{0}, {0}};
	struct record_id id;
	bool changed;

	codec_put_bytes(&values[0], bytes_of(who, sizeof(who)));
	codec_put_bytes(&values[1], bytes_of(before->b, n));
	edits[3] = town_edit(OP_SET, "who", buf_bytes(&values[0]));
	edits[4] = town_edit(OP_SET, "before", buf_bytes(&values[1]));
	slip_is(town_write(town, i, &write, &id, &changed), ERR_OK, NULL);
	buf_fini(&values[0]);
	buf_fini(&values[1]);
	return id;
}

/* What the next access of node `i` names, as node `at` sees it. */
static struct hash
next(struct town *town, size_t at, size_t i)
{
	struct store *store = town_store(town, at);
	struct space space = town_space(here);
	struct sign_key author = town_key(town, i);
	struct hash before;

	slip_is(store_begin(store, false), ERR_OK, NULL);
	slip_is(access_chain_next(store_txn(store),
		    space_find(store_txn(store), &space), &author, &before),
	    ERR_OK, NULL);
	store_abort(store);
	return before;
}

static struct record_id
look_next(struct town *town, size_t i)
{
	struct hash before = next(town, i, i);

	return look(town, i, &before, sizeof(before));
}

static void
names(struct town *town, size_t at, size_t i, const struct hash *wanted)
{
	struct hash before = next(town, at, i);

	assert_memory_equal(&before, wanted, sizeof(before));
}

static struct hash
link_of(const struct hash *named, const struct record_id *id)
{
	struct hash link;

	crypto_sha256_two(bytes_of(named->b, sizeof(named->b)),
	    bytes_of(id->b, sizeof(id->b)), &link);
	return link;
}

static void
broken_are(struct town *town, size_t i, const char *space, uint64_t wanted)
{
	struct store *store = town_store(town, i);
	struct space name = town_space(space);
	uint64_t n;

	slip_is(store_begin(store, false), ERR_OK, NULL);
	slip_is(access_chain_broken(
		    store_txn(store), space_find(store_txn(store), &name), &n),
	    ERR_OK, NULL);
	store_abort(store);
	assert_int_equal(n, wanted);
}

static struct record_id
task(struct town *town, size_t i, const char *no)
{
	struct store_edit edits[] = {town_edit(OP_SET, "no", town_text(no)),
	    town_edit(OP_MOVE, "state", town_text("shut"))};
	struct store_write write = {.create = true,
	    .space = town_space(here),
	    .collection = bytes_text("task"),
	    .edits = edits,
	    .edits_n = COUNT_OF(edits)};
	struct record_id id;
	bool changed;

	slip_is(town_write(town, i, &write, &id, &changed), ERR_OK, NULL);
	return id;
}

/* ---- what the next one names -------------------------------------------- */

static void
each_names_the_one_before_it_of_its_writer(void **state)
{
	static struct town town;
	struct record_id id;
	struct hash link;

	(void)state;
	city_make(&town, 1);
	/* Nothing is held of the space, then nothing of the writer. */
	names(&town, WRITER, WRITER, &begin);
	(void)task(&town, OTHER, "1");
	town_meet(&town);
	names(&town, WRITER, WRITER, &begin);
	(void)task(&town, WRITER, "2");
	names(&town, WRITER, WRITER, &begin);
	id = look_next(&town, WRITER);
	link = link_of(&begin, &id);
	names(&town, WRITER, WRITER, &link);
	/* What is no access stands in between. */
	(void)task(&town, WRITER, "3");
	names(&town, WRITER, WRITER, &link);
	(void)look_next(&town, OTHER);
	town_meet(&town);
	names(&town, WRITER, WRITER, &link);
	id = look_next(&town, WRITER);
	link = link_of(&link, &id);
	names(&town, WRITER, WRITER, &link);
	town_meet(&town);
	names(&town, OTHER, WRITER, &link);
	broken_are(&town, WRITER, here, 0);
	broken_are(&town, OTHER, here, 0);
	town_fini(&town);
}

/* One that says nothing sound of what was before it is passed over. */
static void
only_what_is_in_the_chain_is_gone_on_from(void **state)
{
	static struct town town;
	struct record_id id;
	struct hash link;

	(void)state;
	city_make(&town, 2);
	id = look_next(&town, WRITER);
	link = link_of(&begin, &id);
	(void)look(&town, WRITER, &begin, 0);
	names(&town, WRITER, WRITER, &link);
	broken_are(&town, WRITER, here, 1);
	(void)look(&town, WRITER, &begin, 16);
	names(&town, WRITER, WRITER, &link);
	broken_are(&town, WRITER, here, 2);
	(void)look_next(&town, WRITER);
	broken_are(&town, WRITER, here, 2);
	town_fini(&town);
}

/* A store that was made anew with the keys of another opens a log of its own:
 * the newest one is gone on from. */
static void
a_second_log_goes_on_from_the_first(void **state)
{
	static struct town town;
	struct record_id id;
	struct hash link;
	size_t again;

	(void)state;
	city_make(&town, 3);
	id = look_next(&town, WRITER);
	link = link_of(&begin, &id);
	again = town_again(&town, WRITER);
	town_copy(&town, WRITER, again);
	follow(&town, again, NULL, NULL);
	names(&town, again, WRITER, &link);
	town.now_ms += 1000;
	id = look_next(&town, again);
	link = link_of(&link, &id);
	names(&town, again, WRITER, &link);
	town_copy(&town, again, OTHER);
	names(&town, OTHER, WRITER, &link);
	broken_are(&town, OTHER, here, 0);
	town_fini(&town);
}

/* Who may not read it cannot tell what it names. */
static void
what_is_sealed_is_passed_over(void **state)
{
	static struct town town;
	size_t blind;

	(void)state;
	city_make(&town, 4);
	(void)look_next(&town, WRITER);
	blind = town_member(&town, "d03", "hold");
	follow(&town, blind, NULL, NULL);
	town_carry(&town, WRITER, blind, &(struct town_cargo){.bare = true});
	names(&town, blind, WRITER, &begin);
	broken_are(&town, blind, here, 0);
	town_fini(&town);
}

/* ---- what is broken ----------------------------------------------------- */

static void
what_does_not_fit_into_the_chain_is_counted(void **state)
{
	static struct town town;
	struct hash none = {.b = {1, 2, 3}};
	struct record_id first;
	struct record_id second;
	struct hash link;

	(void)state;
	city_make(&town, 5);
	broken_are(&town, WRITER, "authority", 0);
	(void)task(&town, WRITER, "1");
	broken_are(&town, WRITER, here, 0);
	first = look_next(&town, WRITER);
	second = look_next(&town, WRITER);
	(void)look_next(&town, WRITER);
	/* Each writer has a beginning. */
	(void)look_next(&town, OTHER);
	town_meet(&town);
	broken_are(&town, WRITER, here, 0);
	/* Made twice; and behind nothing. */
	link = link_of(&begin, &first);
	(void)look(&town, WRITER, &link, sizeof(link));
	broken_are(&town, WRITER, here, 1);
	(void)look(&town, WRITER, &none, sizeof(none));
	broken_are(&town, WRITER, here, 2);
	/* The one that the third names is taken out, and with it what was
	 * said twice. */
	town_act(&town, WRITER, here, &second, ACT_DELETE);
	broken_are(&town, WRITER, here, 2);
	town_fini(&town);
}

static void
what_was_changed_afterwards_is_counted(void **state)
{
	static struct town town;
	struct hash others[2] = {{.b = {1}}, {.b = {2}}};
	struct record_id ids[2];

	(void)state;
	city_make(&town, 6);
	ids[0] = look_next(&town, WRITER);
	ids[1] = look_next(&town, WRITER);
	town_meet(&town);
	broken_are(&town, WRITER, here, 0);
	assert_true(town_patch(&town, OTHER, here, &ids[1],
	    town_edit(OP_SET, "why", town_text("다른 일"))));
	broken_are(&town, OTHER, here, 1);
	/* Two say apart that something else was before it. */
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		struct buf value = {0};

		codec_put_bytes(
		    &value, bytes_of(others[i].b, sizeof(others[i].b)));
		assert_true(town_patch(&town, WRITER + i, here, &ids[0],
		    town_edit(OP_SET, "before", buf_bytes(&value))));
		buf_fini(&value);
	}
	town_meet(&town);
	/* That one, and the one behind it, were changed. */
	broken_are(&town, OTHER, here, 2);
	broken_are(&town, WRITER, here, 2);
	town_fini(&town);
}

static void
without_a_chain_nothing_is_broken(void **state)
{
	static const char *const packs[][2] = {
	    {"`where`:`seat`,`before`:`before`", "`where`:`seat`"},
	    {",`access`:{`collection`:`looked`,`who`:`who`,`at`:`at`,"
	     "`action`:`deed`,`export`:`carried`,`reason`:`why`,"
	     "`where`:`seat`,`before`:`before`}",
		""},
	};

	(void)state;
	for (size_t i = 0; i <= COUNT_OF(packs); i++) {
		static struct town town;
		struct hash none = {.b = {1, 2, 3}};

		tempdir_in_memory();
		town_init(&town, 7);
		assert_int_equal(town_member(&town, "d03", ALL), WRITER);
		if (i < COUNT_OF(packs))
			follow(&town, WRITER, packs[i][0], packs[i][1]);
		(void)look(&town, WRITER, &none, sizeof(none));
		broken_are(&town, WRITER, here, 0);
		follow(&town, WRITER, "`version`:1", "`version`:2");
		broken_are(&town, WRITER, here, 1);
		town_fini(&town);
	}
}

/* ---- under failing calls ------------------------------------------------ */

static enum err
chain_tell(struct store *store, void *arg, struct buf *text)
{
	const struct town *town = arg;
	struct txn *txn = store_txn(store);
	struct space name = town_space(here);
	struct space_state *space = space_find(txn, &name);
	struct hash before;
	uint64_t n = 0;
	enum err e = kv_failed(txn->kv);

	for (size_t i = 0; i < town->n && e == ERR_OK; i++) {
		struct sign_key author =
		    store_identity(town->nodes[i].store)->key;

		e = access_chain_next(txn, space, &author, &before);
		buf_add(text, bytes_of(before.b, sizeof(before.b)));
	}
	if (e == ERR_OK)
		e = access_chain_broken(txn, space, &n);
	buf_add_format(text, "%llu", (unsigned long long)n);
	return e;
}

/* Who took half of it for all would name the wrong one. */
static void
calls_that_fail_are_told(void **state)
{
	static struct town town;
	struct hash none = {.b = {1, 2, 3}};

	(void)state;
	city_make(&town, 8);
	(void)look_next(&town, WRITER);
	(void)look(&town, WRITER, &none, sizeof(none));
	(void)task(&town, WRITER, "1");
	(void)look_next(&town, OTHER);
	(void)task(&town, OTHER, "2");
	town_meet(&town);
	assert_true(
	    probe_run(&(struct probe){.store = town_store(&town, WRITER),
		.fn = chain_tell,
		.arg = &town}) > 20);
	town_fini(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_names_the_one_before_it_of_its_writer),
	    cmocka_unit_test(only_what_is_in_the_chain_is_gone_on_from),
	    cmocka_unit_test(a_second_log_goes_on_from_the_first),
	    cmocka_unit_test(what_is_sealed_is_passed_over),
	    cmocka_unit_test(what_does_not_fit_into_the_chain_is_counted),
	    cmocka_unit_test(what_was_changed_afterwards_is_counted),
	    cmocka_unit_test(without_a_chain_nothing_is_broken),
	    cmocka_unit_test(calls_that_fail_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
