/*
 * Promises of core/founder.h, and of core/store.h about opening and about disks
 * that fail.
 * LINK: -Wl,--wrap=mdb_txn_commit
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/ballast.h"
#include "core/file.h"
#include "core/intake.h"
#include "core/meta.h"
#include "core/tree.h"
#include "tests/lib/child.h"
#include "tests/lib/fault.h"
#include "tests/lib/town.h"

static const char space[] = "d03/c017/case";

static int
town_make(void **state)
{
	static struct town town;

	town_init(&town, 3);
	*state = &town;
	return 0;
}

static int
town_remove(void **state)
{
	town_fini(*state);
	return 0;
}

static const char *
at(struct town *town, size_t i, const char *name)
{
	static char paths[4][3 * TEMPDIR_PATH_SIZE];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	(void)snprintf(
	    path, sizeof(paths[0]), "%s/%s", town->nodes[i].dir, name);
	return path;
}

static void
a_store_is_made_whole_or_not_at_all(void **state)
{
	struct town *town = *state;
	const char *dir = tempdir_at(&town->dir, "fresh");
	struct store_plan plan = {.dir = dir,
	    .host = &town->host,
	    .found = bytes_text("도시"),
	    .label = bytes_text("\xff")};
	struct file_stat stat;

	assert_int_equal(founder_create(&plan), ERR_INVALID);
	plan.label = bytes_text("");
	assert_int_equal(founder_create(&plan), ERR_INVALID);
	assert_int_equal(file_stat(dir, &stat), ERR_NOT_FOUND);
	plan.label = bytes_text("시청");
	assert_int_equal(founder_create(&plan), ERR_OK);
	assert_int_equal(founder_create(&plan), ERR_EXISTS);
	plan.dir = tempdir_at(&town->dir, "none/below");
	assert_int_not_equal(founder_create(&plan), ERR_OK);
}

static void
what_lies_beside_a_new_store_stays(void **state)
{
	struct town *town = *state;
	const char *beside = tempdir_at(&town->dir, "fresh.new");
	struct store_plan plan = {.dir = tempdir_at(&town->dir, "fresh"),
	    .host = &town->host,
	    .join = &town->city};
	struct file_stat stat;

	assert_int_equal(file_make_dir(beside), ERR_OK);
	assert_int_equal(founder_create(&plan), ERR_OK);
	assert_int_equal(file_stat(beside, &stat), ERR_OK);
}

static void
the_founder_has_all_rights_and_a_name(void **state)
{
	struct town *town = *state;
	struct sign_key key = town_key(town, 0);
	struct space name = town_space(space);
	const struct authority *authority;

	assert_true(store_has_root(town_store(town, 0)));
	assert_int_equal(store_begin(town_store(town, 0), false), ERR_OK);
	assert_int_equal(
	    store_authority(town_store(town, 0), &authority), ERR_OK);
	assert_true(bytes_is(authority->name, "서울"));
	for (unsigned right = 1; right <= RIGHTS_ALL; right <<= 1)
		assert_true(authority_may(
		    authority, &key, (enum right)right, &name, NULL));
	assert_int_equal(authority_reads(authority, &key, &name), CLASSES_ALL);
	assert_true(bytes_is(authority_member(authority, &key)->label, "시청"));
	store_abort(town_store(town, 0));
}

static void
what_is_no_store_is_not_opened(void **state)
{
	struct town *town = *state;
	struct store *store;
	const char *dir = tempdir_at(&town->dir, "empty");

	assert_int_equal(store_open(dir, &town->host, &store), ERR_NOT_FOUND);
	assert_null(store);
	assert_int_equal(file_make_dir(dir), ERR_OK);
	assert_int_equal(store_open(dir, &town->host, &store), ERR_NOT_FOUND);
	assert_non_null(strstr(err_text(), "golmok init"));
	assert_int_equal(
	    store_open_alone(dir, &town->host, &store), ERR_NOT_FOUND);
}

static bool
hold_open(struct child *test, void *arg)
{
	struct town *town = arg;
	struct store *store;

	if (store_open(town->nodes[0].dir, &town->host, &store) != ERR_OK)
		return false;
	child_signal(test);
	if (!child_await(test))
		return false;
	store_close(store);
	return true;
}

static void
many_work_beside_each_other_and_one_alone(void **state)
{
	struct town *town = *state;
	struct store *store;
	struct child child;

	town_close(town, 0);
	child_start(&child, hold_open, town);
	assert_true(child_await(&child));
	assert_int_equal(
	    store_open_alone(town->nodes[0].dir, &town->host, &store),
	    ERR_BUSY);
	(void)town_open(town, 0);
	(void)town_create(town, 0, space, "가");
	town_close(town, 0);
	child_signal(&child);
	assert_true(child_end(&child));
	assert_int_equal(
	    store_open_alone(town->nodes[0].dir, &town->host, &store), ERR_OK);
	store_close(store);
}

static void
keys_of_another_city_are_noticed(void **state)
{
	struct town *town = *state;
	struct store_plan plan = {.dir = tempdir_at(&town->dir, "other"),
	    .host = &town->host,
	    .found = bytes_text("부산"),
	    .label = bytes_text("시청")};
	struct store *store;
	struct buf keys = {0};

	assert_int_equal(founder_create(&plan), ERR_OK);
	town_close(town, 0);
	assert_int_equal(
	    file_read(tempdir_at(&town->dir, "other/identity"), 4096, &keys),
	    ERR_OK);
	assert_int_equal(
	    file_write(at(town, 0, "identity"), buf_bytes(&keys), 0600),
	    ERR_OK);
	assert_int_equal(
	    store_open(town->nodes[0].dir, &town->host, &store), ERR_CORRUPT);
	assert_non_null(strstr(err_text(), "city"));
	buf_fini(&keys);
}

static void
a_newer_format_is_left_alone(void **state)
{
	struct town *town = *state;
	struct store *store = town_store(town, 0);

	assert_int_equal(store_begin(store, true), ERR_OK);
	meta_put_number(store_txn(store), meta_format, META_FORMAT + 1);
	assert_int_equal(store_commit(store), ERR_OK);
	town_close(town, 0);
	assert_int_equal(
	    store_open(town->nodes[0].dir, &town->host, &store), ERR_VERSION);
	assert_null(store);
}

static void
an_older_format_is_left_alone(void **state)
{
	struct town *town = *state;
	struct store *store = town_store(town, 0);

	assert_int_equal(store_begin(store, true), ERR_OK);
	meta_put_number(store_txn(store), meta_format, META_FORMAT - 1);
	assert_int_equal(store_commit(store), ERR_OK);
	town_close(town, 0);
	assert_int_equal(
	    store_open(town->nodes[0].dir, &town->host, &store), ERR_VERSION);
	assert_non_null(strstr(err_text(), "older golmok"));
	assert_null(store);
}

static void
a_missing_ballast_is_taken_again(void **state)
{
	struct town *town = *state;
	struct file_stat stat;

	town_close(town, 0);
	assert_int_equal(ballast_drop(town->nodes[0].dir), ERR_OK);
	assert_int_equal(ballast_drop(town->nodes[0].dir), ERR_OK);
	(void)town_open(town, 0);
	assert_int_equal(file_stat(at(town, 0, "ballast"), &stat), ERR_OK);
	assert_int_equal(stat.size_bytes, BALLAST_SIZE);
}

static void
after_a_failed_commit_the_store_goes_on_as_if_nothing_had_happened(void **state)
{
	struct town *town = *state;
	struct store *store = town_store(town, 0);
	struct record_id id = town_create(town, 0, space, "가");
	struct store_edit edit = town_edit(OP_SET, "name", town_text("나"));
	struct store_write write = {.space = town_space(space),
	    .record = id,
	    .edits = &edit,
	    .edits_n = 1};
	struct arena arena = {0};
	struct record record;
	bool changed;

	fault_arm((struct fault_plan){
	    .names = "mdb_txn_commit", .nth = 1, .number = EIO});
	assert_int_equal(town_write(town, 0, &write, &id, &changed), ERR_IO);
	assert_true(fault_disarm());
	assert_true(town_get(town, 0, space, &id, &arena, &record));
	assert_true(town_has(&record, "name", KIND_REGISTER, town_text("가")));
	assert_int_equal(town_write(town, 0, &write, &id, &changed), ERR_OK);
	assert_true(town_get(town, 0, space, &id, &arena, &record));
	assert_true(town_has(&record, "name", KIND_REGISTER, town_text("나")));
	assert_int_equal(store_news(store), OPEN_NEW);
	arena_fini(&arena);
}

/* Node `to` takes all that it lacks of the one log of `space` from `from`, as a
 * session would hand it over, without bodies. */
static void
take_run(struct town *town, size_t from, size_t to)
{
	struct txn *there = NULL;
	struct txn *here;
	struct space name = town_space(space);
	const struct authority *authority;
	struct merkle_proof none = {0};
	struct arena arena = {0};
	struct bytes headers[16];
	struct intake_chunk chunk = {
	    .headers = headers, .proof = &none, .accept = {.hold = true}};
	struct msg_run run = {0};
	struct log **logs;
	struct log *log;
	struct intake_taken taken;
	size_t n;

	assert_int_equal(store_begin(town_store(town, from), false), ERR_OK);
	assert_int_equal(store_begin(town_store(town, to), true), ERR_OK);
	there = store_txn(town_store(town, from));
	here = store_txn(town_store(town, to));
	assert_int_equal(
	    oplog_all(there, space_find(there, &name), &logs, &n), ERR_OK);
	assert_int_equal(n, 1);
	run.name = logs[0]->name;
	run.head_size = logs[0]->head_size;
	run.head_root = logs[0]->head_root;
	run.head_signature = logs[0]->head_signature;
	assert_int_equal(
	    store_authority(town_store(town, to), &authority), ERR_OK);
	assert_int_equal(intake_run(here, authority, &run, &chunk.log), ERR_OK);
	chunk.run = &run;
	chunk.authority = authority;
	log = oplog_find(here, space_find(here, &name), &chunk.log);
	assert_non_null(log);
	chunk.from = log->frontier.size;
	for (uint64_t seq = chunk.from; seq < run.head_size; seq++) {
		struct stored_delta stored;

		assert_int_equal(
		    oplog_get(there, logs[0], seq, &stored), ERR_OK);
		headers[chunk.headers_n++] = arena_bytes(&arena, stored.header);
	}
	assert_int_equal(intake_chunk(here, &chunk, &taken), ERR_OK);
	assert_false(taken.gap);
	assert_int_equal(taken.deltas, chunk.headers_n);
	store_abort(town_store(town, from));
	assert_int_equal(store_commit(town_store(town, to)), ERR_OK);
	arena_fini(&arena);
}

static void
deltas_of_ours_that_only_a_peer_has_end_our_log(void **state)
{
	static const char *const names[] = {"data.mdb", "mark"};
	struct town *town = *state;
	size_t peer = town_member(town, "", "read:NPSF,hold");
	struct space name = town_space(space);
	struct buf old[2] = {{0}, {0}};
	struct log **logs;
	size_t n;

	(void)town_create(town, 0, space, "가");
	town_close(town, 0);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(
		    file_read(at(town, 0, names[i]), 64 * 1024 * 1024, &old[i]),
		    ERR_OK);
	(void)town_open(town, 0);
	(void)town_create(town, 0, space, "나");
	town_copy(town, 0, peer);
	town_close(town, 0);
	/* The whole machine is rolled back, mark and all: nothing shows it. */
	for (size_t i = 0; i < 2; i++) {
		FILE *file = fopen(at(town, 0, names[i]), "wb");

		assert_non_null(file);
		assert_int_equal(fwrite(old[i].p, 1, old[i].n, file), old[i].n);
		assert_int_equal(fclose(file), 0);
		buf_fini(&old[i]);
	}
	(void)town_open(town, 0);
	take_run(town, peer, 0);
	(void)town_create(town, 0, space, "다");
	assert_int_equal(store_begin(town_store(town, 0), false), ERR_OK);
	assert_int_equal(
	    oplog_all(store_txn(town_store(town, 0)),
		space_find(store_txn(town_store(town, 0)), &name), &logs, &n),
	    ERR_OK);
	assert_int_equal(n, 2);
	store_abort(town_store(town, 0));
}

int
main(void)
{
#define TOWN(f) cmocka_unit_test_setup_teardown(f, town_make, town_remove)
	const struct CMUnitTest tests[] = {
	    TOWN(a_store_is_made_whole_or_not_at_all),
	    TOWN(what_lies_beside_a_new_store_stays),
	    TOWN(the_founder_has_all_rights_and_a_name),
	    TOWN(what_is_no_store_is_not_opened),
	    TOWN(many_work_beside_each_other_and_one_alone),
	    TOWN(keys_of_another_city_are_noticed),
	    TOWN(a_newer_format_is_left_alone),
	    TOWN(an_older_format_is_left_alone),
	    TOWN(a_missing_ballast_is_taken_again),
	    TOWN(
		after_a_failed_commit_the_store_goes_on_as_if_nothing_had_happened),
	    TOWN(deltas_of_ours_that_only_a_peer_has_end_our_log),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
