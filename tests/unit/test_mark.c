/*
 * Promises of core/mark.h and of what core/store.h and core/own.h make of them:
 * a store that was restored or copied never writes as if it had not been.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/file.h"
#include "core/fsck.h"
#include "core/heads.h"
#include "core/history.h"
#include "core/mark.h"
#include "core/meta.h"
#include "tests/lib/child.h"
#include "tests/lib/town.h"

static const char space[] = "d03/c017/case";

enum { FILE_MAX = 64 * 1024 * 1024 };

static int
town_make(void **state)
{
	static struct town town;

	town_init(&town, 7);
	*state = &town;
	return 0;
}

static int
town_remove(void **state)
{
	town_fini(*state);
	return 0;
}

/* The path of `name` in the store of node `i`, in one of 4 static buffers. */
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

/* Reads a whole file; writes one over what is there, in the same inode. */
static void
take(const char *path, struct buf *content)
{
	buf_cut(content, 0);
	assert_int_equal(file_read(path, FILE_MAX, content), ERR_OK);
}

static void
lay_over(const char *path, const struct buf *content)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(content->p, 1, content->n, file), content->n);
	assert_int_equal(fclose(file), 0);
}

/* The newest own log of node 0 in `space`, its open, and where it stopped. */
struct incarnations {
	size_t n;
	uint64_t size[16];
	struct delta_open opens[16];
	struct incarnation names[16];
};

static void
incarnations_of(struct town *town, struct incarnations *found)
{
	struct store *store = town_store(town, 0);
	struct space name = town_space(space);
	struct arena arena = {0};
	struct log **logs;

	memset(found, 0, sizeof(*found));
	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(
	    oplog_all(store_txn(store), space_find(store_txn(store), &name),
		&logs, &found->n),
	    ERR_OK);
	assert_true(found->n <= COUNT_OF(found->opens));
	for (size_t i = 0; i < found->n; i++) {
		struct history_delta from;

		assert_int_equal(
		    history_delta(store_txn(store), logs[i], 0, &arena, &from),
		    ERR_OK);
		assert_int_equal(from.delta->kind, DELTA_OPEN);
		found->opens[i] = from.delta->open;
		found->names[i] = logs[i]->name.incarnation;
		found->size[i] = logs[i]->frontier.size;
		assert_int_equal(logs[i]->head_size, logs[i]->frontier.size);
	}
	store_abort(store);
	arena_fini(&arena);
}

/* The log whose open says `why`, of which there must be exactly one. */
static size_t
opened_for(const struct incarnations *logs, enum open_why why)
{
	size_t found = logs->n;

	for (size_t i = 0; i < logs->n; i++) {
		if (logs->opens[i].why != why)
			continue;
		assert_int_equal(found, logs->n);
		found = i;
	}
	assert_true(found < logs->n);
	return found;
}

/* A write by the store as it lies opens a new log for `why`, which continues a
 * log of `size` deltas; after that the store writes on in silence. */
static void
assert_adopted(struct town *town, enum open_why why, uint64_t size)
{
	struct incarnations logs;
	size_t at_log;
	size_t before = 0;

	(void)town_open(town, 0);
	(void)town_create(town, 0, space, "뒤");
	assert_int_equal(store_news(town_store(town, 0)), why);
	incarnations_of(town, &logs);
	at_log = opened_for(&logs, why);
	assert_true(logs.opens[at_log].has_previous);
	assert_int_equal(logs.opens[at_log].previous_size, size);
	while (
	    memcmp(&logs.names[before], &logs.opens[at_log].previous, 8) != 0)
		assert_true(++before < logs.n);
	assert_int_equal(logs.size[before], size);
	assert_int_equal(logs.size[at_log], 2);
	town_close(town, 0);
	(void)town_open(town, 0);
	(void)town_create(town, 0, space, "또");
	assert_int_equal(store_news(town_store(town, 0)), OPEN_NEW);
	incarnations_of(town, &logs);
	assert_int_equal(logs.size[opened_for(&logs, why)], 3);
}

static void
a_store_that_stays_where_it_is_goes_on_in_one_log(void **state)
{
	struct town *town = *state;
	struct incarnations logs;

	for (int i = 0; i < 5; i++) {
		(void)town_create(town, 0, space, "카드");
		assert_int_equal(store_news(town_store(town, 0)), OPEN_NEW);
		town_close(town, 0);
		(void)town_open(town, 0);
	}
	incarnations_of(town, &logs);
	assert_int_equal(logs.n, 1);
	assert_int_equal(logs.size[0], 6);
	assert_int_equal(logs.opens[0].why, OPEN_NEW);
	assert_false(logs.opens[0].has_previous);
}

static void
a_transaction_that_wrote_nothing_is_no_restore(void **state)
{
	struct town *town = *state;
	struct store *store = town_store(town, 0);

	(void)town_create(town, 0, space, "카드");
	assert_int_equal(store_begin(store, true), ERR_OK);
	assert_int_equal(store_commit(store), ERR_OK);
	town_close(town, 0);
	(void)town_open(town, 0);
	(void)town_create(town, 0, space, "둘");
	assert_int_equal(store_news(town_store(town, 0)), OPEN_NEW);
}

static void
an_aborted_transaction_is_no_restore(void **state)
{
	struct town *town = *state;
	struct store *store = town_store(town, 0);

	(void)town_create(town, 0, space, "카드");
	assert_int_equal(store_begin(store, true), ERR_OK);
	meta_put_number(store_txn(store), "test", 1);
	store_abort(store);
	town_close(town, 0);
	(void)town_open(town, 0);
	(void)town_create(town, 0, space, "둘");
	assert_int_equal(store_news(town_store(town, 0)), OPEN_NEW);
}

static void
older_data_copied_over_is_a_restore(void **state)
{
	struct town *town = *state;
	struct buf old = {0};

	(void)town_create(town, 0, space, "하나");
	town_close(town, 0);
	take(at(town, 0, "data.mdb"), &old);
	(void)town_open(town, 0);
	(void)town_create(town, 0, space, "잃음");
	town_close(town, 0);
	lay_over(at(town, 0, "data.mdb"), &old);
	assert_adopted(town, OPEN_RESTORE, 2);
	buf_fini(&old);
}

static void
older_data_in_a_new_file_is_a_restore(void **state)
{
	struct town *town = *state;
	struct buf old = {0};

	(void)town_create(town, 0, space, "하나");
	town_close(town, 0);
	take(at(town, 0, "data.mdb"), &old);
	(void)town_open(town, 0);
	(void)town_create(town, 0, space, "잃음");
	town_close(town, 0);
	assert_int_equal(
	    file_write(at(town, 0, "data.mdb"), buf_bytes(&old), 0600), ERR_OK);
	assert_adopted(town, OPEN_RESTORE, 2);
	buf_fini(&old);
}

static void
the_same_data_in_another_file_is_a_clone(void **state)
{
	struct town *town = *state;
	struct buf data = {0};

	(void)town_create(town, 0, space, "하나");
	town_close(town, 0);
	take(at(town, 0, "data.mdb"), &data);
	assert_int_equal(
	    file_write(at(town, 0, "data.mdb"), buf_bytes(&data), 0600),
	    ERR_OK);
	assert_adopted(town, OPEN_CLONE, 2);
	buf_fini(&data);
}

static void
a_copied_directory_is_a_clone_and_the_original_stays_quiet(void **state)
{
	static const char *const names[] = {
	    "data.mdb", "mark", "identity", "root", "lock"};
	struct town *town = *state;
	char original[sizeof(town->nodes[0].dir)];
	char copy[sizeof(town->nodes[0].dir)];
	struct buf content = {0};

	(void)town_create(town, 0, space, "하나");
	town_close(town, 0);
	memcpy(original, town->nodes[0].dir, sizeof(copy));
	(void)snprintf(
	    copy, sizeof(copy), "%s", tempdir_at(&town->dir, "copy"));
	assert_int_equal(file_make_dir(copy), ERR_OK);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		memcpy(town->nodes[0].dir, original, sizeof(copy));
		take(at(town, 0, names[i]), &content);
		memcpy(town->nodes[0].dir, copy, sizeof(copy));
		lay_over(at(town, 0, names[i]), &content);
	}
	assert_adopted(town, OPEN_CLONE, 2);
	town_close(town, 0);
	memcpy(town->nodes[0].dir, original, sizeof(copy));
	(void)town_open(town, 0);
	(void)town_create(town, 0, space, "원본");
	assert_int_equal(store_news(town_store(town, 0)), OPEN_NEW);
	buf_fini(&content);
}

static void
a_missing_mark_is_noticed(void **state)
{
	struct town *town = *state;

	(void)town_create(town, 0, space, "하나");
	town_close(town, 0);
	assert_int_equal(file_remove(at(town, 0, "mark")), ERR_OK);
	assert_adopted(town, OPEN_RESTORE, 2);
}

static void
a_mark_with_any_bit_flipped_or_any_end_missing_is_noticed(void **state)
{
	struct town *town = *state;
	struct buf good = {0};
	struct buf bad = {0};

	(void)town_create(town, 0, space, "하나");
	town_close(town, 0);
	take(at(town, 0, "mark"), &good);
	for (size_t i = 0; i < good.n * 2; i++) {
		buf_cut(&bad, 0);
		buf_add(&bad, buf_bytes(&good));
		if (i < good.n)
			bad.p[i] ^= (uint8_t)(1u << i % 8);
		else
			buf_cut(&bad, i - good.n);
		lay_over(at(town, 0, "mark"), &bad);
		(void)town_open(town, 0);
		assert_int_equal(
		    store_begin(town_store(town, 0), true), ERR_OK);
		assert_int_equal(store_news(town_store(town, 0)), OPEN_RESTORE);
		store_abort(town_store(town, 0));
		town_close(town, 0);
	}
	lay_over(at(town, 0, "mark"), &bad);
	assert_adopted(town, OPEN_RESTORE, 2);
	buf_fini(&good);
	buf_fini(&bad);
}

static void
a_mark_older_than_its_store_is_fine(void **state)
{
	struct town *town = *state;
	struct buf old = {0};
	struct incarnations logs;

	(void)town_create(town, 0, space, "하나");
	take(at(town, 0, "mark"), &old);
	(void)town_create(town, 0, space, "둘");
	town_close(town, 0);
	lay_over(at(town, 0, "mark"), &old);
	(void)town_open(town, 0);
	(void)town_create(town, 0, space, "셋");
	assert_int_equal(store_news(town_store(town, 0)), OPEN_NEW);
	incarnations_of(town, &logs);
	assert_int_equal(logs.n, 1);
	buf_fini(&old);
}

/* As a kill between a commit and its mark leaves it.  What was committed may be
 * handed on without a write here, so the mark is brought up before. */
static void
an_open_brings_up_a_mark_that_was_left_behind(void **state)
{
	struct town *town = *state;
	struct buf data = {0};
	struct buf mark = {0};

	(void)town_create(town, 0, space, "하나");
	town_close(town, 0);
	take(at(town, 0, "data.mdb"), &data);
	take(at(town, 0, "mark"), &mark);
	(void)town_open(town, 0);
	(void)town_create(town, 0, space, "잃음");
	town_close(town, 0);
	lay_over(at(town, 0, "mark"), &mark);
	(void)town_open(town, 0);
	town_close(town, 0);
	lay_over(at(town, 0, "data.mdb"), &data);
	assert_adopted(town, OPEN_RESTORE, 2);
	buf_fini(&data);
	buf_fini(&mark);
}

/* Adopts, and is killed before it commits. */
static bool
adopt_only(struct child *test, void *arg)
{
	struct town *town = arg;
	struct store *store;

	if (store_open(town->nodes[0].dir, &town->host, &store) != ERR_OK ||
	    store_begin(store, true) != ERR_OK ||
	    store_news(store) != OPEN_CLONE)
		return false;
	child_signal(test);
	return child_await(test);
}

static void
a_kill_between_adoption_and_commit_is_noticed_again(void **state)
{
	struct town *town = *state;
	struct buf data = {0};
	struct child child;

	(void)town_create(town, 0, space, "하나");
	town_close(town, 0);
	take(at(town, 0, "data.mdb"), &data);
	assert_int_equal(
	    file_write(at(town, 0, "data.mdb"), buf_bytes(&data), 0600),
	    ERR_OK);
	child_start(&child, adopt_only, town);
	assert_true(child_await(&child));
	child_kill(&child);
	assert_adopted(town, OPEN_RESTORE, 2);
	buf_fini(&data);
}

/* What the disk may still refuse is not said to be done. */
static void
an_adoption_is_noted_when_it_is_done(void **state)
{
	struct town *town = *state;
	const char *mark = at(town, 0, "mark");
	const char *data = at(town, 0, "data.mdb");
	struct store *store;
	uint64_t number;

	town_close(town, 0);
	assert_int_equal(file_remove(mark), ERR_OK);
	assert_int_equal(mark_noted(mark, data), 0);
	store = town_open(town, 0);
	assert_int_equal(store_begin(store, true), ERR_OK);
	number = kv_txn_id(store_txn(store)->kv);
	assert_int_equal(mark_noted(mark, data), number - 1);
	assert_int_equal(store_commit(store), ERR_OK);
	assert_int_equal(mark_noted(mark, data), number);
	assert_int_equal(mark_noted(mark, mark), 0);
}

static void
reading_does_not_adopt(void **state)
{
	struct town *town = *state;
	struct buf mark = {0};
	struct buf after = {0};

	(void)town_create(town, 0, space, "하나");
	town_close(town, 0);
	assert_int_equal(file_remove(at(town, 0, "mark")), ERR_OK);
	(void)town_open(town, 0);
	assert_int_equal(store_begin(town_store(town, 0), false), ERR_OK);
	store_abort(town_store(town, 0));
	assert_int_equal(store_news(town_store(town, 0)), OPEN_NEW);
	assert_int_equal(
	    file_read(at(town, 0, "mark"), 4096, &after), ERR_NOT_FOUND);
	buf_fini(&mark);
	buf_fini(&after);
}

static void
no_position_is_used_twice_and_all_heads_hold(void **state)
{
	struct town *town = *state;
	size_t peer = town_member(town, "", "read:NPSF,hold");
	struct buf old = {0};

	(void)town_create(town, 0, space, "하나");
	town_close(town, 0);
	take(at(town, 0, "data.mdb"), &old);
	(void)town_open(town, 0);
	(void)town_create(town, 0, space, "둘");
	(void)town_create(town, 0, space, "셋");
	town_copy(town, 0, peer);
	town_close(town, 0);
	lay_over(at(town, 0, "data.mdb"), &old);
	(void)town_open(town, 0);
	(void)town_create(town, 0, space, "넷");
	/* What a peer still holds comes back, beside what was written since. */
	town_meet(town);
	town_assert_equal(town, 0);
	for (size_t i = 0; i < town->n; i++) {
		struct store *store = town_store(town, i);
		struct space name = town_space(space);
		struct sign_key key = town_key(town, 0);

		assert_int_equal(store_begin(store, false), ERR_OK);
		assert_int_equal(
		    space_find(store_txn(store), &name)->records, 4);
		assert_int_equal(fsck_heads(store, &key), ERR_OK);
		store_abort(store);
	}
	buf_fini(&old);
}

int
main(void)
{
#define TOWN(f) cmocka_unit_test_setup_teardown(f, town_make, town_remove)
	const struct CMUnitTest tests[] = {
	    TOWN(a_store_that_stays_where_it_is_goes_on_in_one_log),
	    TOWN(a_transaction_that_wrote_nothing_is_no_restore),
	    TOWN(an_aborted_transaction_is_no_restore),
	    TOWN(older_data_copied_over_is_a_restore),
	    TOWN(older_data_in_a_new_file_is_a_restore),
	    TOWN(the_same_data_in_another_file_is_a_clone),
	    TOWN(a_copied_directory_is_a_clone_and_the_original_stays_quiet),
	    TOWN(a_missing_mark_is_noticed),
	    TOWN(a_mark_with_any_bit_flipped_or_any_end_missing_is_noticed),
	    TOWN(a_mark_older_than_its_store_is_fine),
	    TOWN(an_open_brings_up_a_mark_that_was_left_behind),
	    TOWN(a_kill_between_adoption_and_commit_is_noticed_again),
	    TOWN(an_adoption_is_noted_when_it_is_done),
	    TOWN(reading_does_not_adopt),
	    TOWN(no_position_is_used_twice_and_all_heads_hold),
	};

	return cmocka_run_group_tests_name("mark", tests, NULL, NULL);
}
