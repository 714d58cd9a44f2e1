/*
 * Promises of core/access_chain.h: each access names the one before it, and a
 * chain of which something was taken out, changed or written past it is told to
 * be broken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/access_chain.h"
#include "core/publish.h"
#include "proto/codec.h"
#include "tests/lib/clinic.h"
#include "tests/lib/council.h"
#include "tests/lib/slip.h"

static const char here[] = "d03/c017/task";

/* Node `i` follows the clinic, of which `from` is `to`. */
static void
follow(struct town *town, size_t i, const char *from, const char *to)
{
	struct store *store = town_store(town, i);
	struct buf json = {0};

	clinic_json(from, to, &json);
	slip_is(store_begin(store, true), ERR_OK, NULL);
	slip_is(publish_file(store, buf_bytes(&json)), ERR_OK, NULL);
	slip_is(store_commit(store), ERR_OK, NULL);
	slip_is(store_begin(store, true), ERR_OK, NULL);
	slip_is(store_commit(store), ERR_OK, NULL);
	buf_fini(&json);
}

static int
clinic_make(void **state)
{
	static struct town town;

	tempdir_in_memory();
	town_init(&town, 71);
	follow(&town, 0, NULL, NULL);
	*state = &town;
	return 0;
}

static int
clinic_end(void **state)
{
	town_fini(*state);
	return 0;
}

/* What the next access of node `i` names. */
static struct hash
next_of(struct town *town, size_t i)
{
	struct store *store = town_store(town, i);
	struct space space = town_space(here);
	struct hash before;

	slip_is(store_begin(store, false), ERR_OK, NULL);
	slip_is(access_chain_next(store_txn(store),
		    space_find(store_txn(store), &space),
		    &store_identity(store)->key, &before),
	    ERR_OK, NULL);
	store_abort(store);
	return before;
}

/* Node `i` writes an access that names `before`; nothing when that is empty. */
static struct record_id
access_put(struct town *town, size_t i, struct bytes before)
{
	static const uint8_t who[16] = {7};
	struct buf values[2] = {{0}, {0}};
	struct store_edit edits[] = {
	    town_edit(OP_SET, "at", town_text("2016-07-25T09:00:00+09:00")),
	    town_edit(OP_SET, "deed", town_text("carried")),
	    town_edit(OP_SET, "why", town_text("점검")),
	    town_edit(OP_SET, "who", (struct bytes){0}),
	    town_edit(OP_SET, "before", (struct bytes){0})};
	struct store_write write = {.create = true,
	    .space = town_space(here),
	    .collection = bytes_text("looked"),
	    .edits = edits,
	    .edits_n = before.n > 0 ? 5 : 4};
	struct record_id id;
	bool changed;

	codec_put_bytes(&values[0], bytes_of(who, sizeof(who)));
	codec_put_bytes(&values[1], before);
	edits[3].value = buf_bytes(&values[0]);
	edits[4].value = buf_bytes(&values[1]);
	town->now_ms += 1000;
	slip_is(town_write(town, i, &write, &id, &changed), ERR_OK, NULL);
	buf_fini(&values[0]);
	buf_fini(&values[1]);
	return id;
}

static struct record_id
chain_put(struct town *town, size_t i)
{
	struct hash before = next_of(town, i);

	return access_put(town, i, bytes_of(before.b, sizeof(before.b)));
}

static uint64_t
broken(struct town *town, size_t i)
{
	struct store *store = town_store(town, i);
	struct space space = town_space(here);
	uint64_t n = 9;

	slip_is(store_begin(store, false), ERR_OK, NULL);
	slip_is(access_chain_broken(
		    store_txn(store), space_find(store_txn(store), &space), &n),
	    ERR_OK, NULL);
	store_abort(store);
	return n;
}

static void
each_access_names_the_one_before_it(void **state)
{
	static const struct hash begin;
	struct town *town = *state;
	struct hash last = next_of(town, 0);

	assert_memory_equal(&last, &begin, sizeof(begin));
	for (int i = 0; i < 4; i++) {
		struct record_id id = chain_put(town, 0);
		struct hash made;
		struct hash next = next_of(town, 0);

		crypto_sha256_two(bytes_of(last.b, sizeof(last.b)),
		    bytes_of(id.b, sizeof(id.b)), &made);
		assert_memory_equal(&next, &made, sizeof(made));
		last = next;
	}
	assert_int_equal(broken(town, 0), 0);
}

/* What else is written there is no access, nor what was decided there. */
static void
other_work_leaves_the_chain_alone(void **state)
{
	struct town *town = *state;
	size_t other = town_member(town, "d03", "read:NPSF,write");
	struct store_revoked revoked;
	struct hash before;
	struct hash after;
	struct ref late[2];

	follow(town, other, NULL, NULL);
	(void)chain_put(town, 0);
	(void)chain_put(town, other);
	before = next_of(town, 0);
	slip_is(council_revoke(town, 0, other, 0, &revoked), ERR_OK, NULL);
	(void)chain_put(town, other);
	town_copy(town, other, 0);
	assert_int_equal(council_refs(town, 0, here, late, 2), 2);
	slip_is(council_decide(town, 0, here, true, late, 2), ERR_OK, NULL);
	after = next_of(town, 0);
	assert_memory_equal(&before, &after, sizeof(before));
	assert_int_equal(broken(town, 0), 0);
}

static void
what_names_nothing_is_a_broken_link(void **state)
{
	struct town *town = *state;
	struct hash before;
	struct hash after;

	(void)chain_put(town, 0);
	before = next_of(town, 0);
	(void)access_put(town, 0, (struct bytes){0});
	assert_int_equal(broken(town, 0), 1);
	/* Nor does anything name that. */
	after = next_of(town, 0);
	assert_memory_equal(&before, &after, sizeof(before));
	(void)access_put(town, 0, bytes_text("a hash too short"));
	assert_int_equal(broken(town, 0), 2);
	after = next_of(town, 0);
	assert_memory_equal(&before, &after, sizeof(before));
}

/* Two nodes say that it names another one. */
static void
what_names_two_is_a_broken_link(void **state)
{
	struct town *town = *state;
	size_t other = town_member(town, "d03", "read:NPSF,write");
	struct record_id id = chain_put(town, 0);

	town_copy(town, 0, other);
	for (size_t i = 0; i < 2; i++) {
		size_t node = i == 0 ? 0 : other;
		uint8_t hash[32] = {(uint8_t)(i + 1)};
		struct buf value = {0};

		codec_put_bytes(&value, bytes_of(hash, sizeof(hash)));
		assert_true(town_patch(town, node, here, &id,
		    town_edit(OP_SET, "before", buf_bytes(&value))));
		buf_fini(&value);
	}
	assert_int_equal(broken(town, 0), 1);
	town_copy(town, other, 0);
	assert_int_equal(broken(town, 0), 1);
}

static void
the_first_one_cannot_go_unseen(void **state)
{
	struct town *town = *state;
	struct record_id first = chain_put(town, 0);

	(void)chain_put(town, 0);
	town_act(town, 0, here, &first, ACT_DELETE);
	assert_int_equal(broken(town, 0), 1);
}

static void
without_a_chain_none_is_broken(void **state)
{
	struct town *town = *state;
	size_t loose = town_member(town, "d03", "read:NPSF,write");
	size_t silent = town_member(town, "d03", "read:NPSF,write");
	size_t bare = town_member(town, "d03", "read:NPSF,write");

	follow(town, loose, ",`where`:`seat`,`before`:`before`}", "}");
	follow(town, silent,
	    ",`access`:{`collection`:`looked`,`who`:`who`,`at`:`at`,"
	    "`action`:`deed`,`export`:`carried`,`reason`:`why`,"
	    "`where`:`seat`,`before`:`before`}",
	    "");
	(void)access_put(town, 0, bytes_text("what nobody made"));
	assert_int_equal(broken(town, 0), 1);
	town_copy(town, 0, loose);
	town_copy(town, 0, silent);
	town_copy(town, 0, bare);
	assert_int_equal(broken(town, loose), 0);
	assert_int_equal(broken(town, silent), 0);
	assert_int_equal(broken(town, bare), 0);
}

#define CLINIC(test) \
	cmocka_unit_test_setup_teardown(test, clinic_make, clinic_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CLINIC(each_access_names_the_one_before_it),
	    CLINIC(other_work_leaves_the_chain_alone),
	    CLINIC(what_names_nothing_is_a_broken_link),
	    CLINIC(what_names_two_is_a_broken_link),
	    CLINIC(the_first_one_cannot_go_unseen),
	    CLINIC(without_a_chain_none_is_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
