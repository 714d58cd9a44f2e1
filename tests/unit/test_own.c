/*
 * Promises of core/own.h: which of its logs a node goes on with, which grant it
 * writes under, and what it is told when none serves.  Restored and copied
 * stores are in test_mark.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/fsck.h"
#include "core/heads.h"
#include "core/history.h"
#include "tests/lib/council.h"

#define ALL "read:NPSF,write,hold"
#define DAY_MS (UINT64_C(24) * 60 * 60 * 1000)

static const char here[] = "d03/c017/case";
static const char there[] = "d03/c018/case";

static int
town_make(void **state)
{
	static struct town town;

	town_init(&town, 81);
	assert_int_equal(town_member(&town, "d03", ALL), 1);
	*state = &town;
	return 0;
}

static int
town_remove(void **state)
{
	town_fini(*state);
	return 0;
}

/* The logs in `space` that node `i` wrote with its own key: how many, and why
 * the newest was opened. */
static size_t
logs_of(struct town *town, size_t i, const char *space, enum open_why *why)
{
	struct store *store = town_store(town, i);
	struct space name = town_space(space);
	struct sign_key key = town_key(town, i);
	struct arena arena = {0};
	struct stamp newest = {0};
	struct log **logs;
	size_t found = 0;
	size_t n;

	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(oplog_all(store_txn(store),
			     space_find(store_txn(store), &name), &logs, &n),
	    ERR_OK);
	for (size_t k = 0; k < n; k++) {
		struct history_delta open;

		if (memcmp(&logs[k]->name.author, &key, sizeof(key)) != 0)
			continue;
		assert_int_equal(logs[k]->head_size, logs[k]->frontier.size);
		assert_int_equal(
		    heads_check(store_txn(store), logs[k]), ERR_OK);
		assert_int_equal(
		    history_delta(store_txn(store), logs[k], 0, &arena, &open),
		    ERR_OK);
		found++;
		if (open.delta->stamp.v > newest.v) {
			newest = open.delta->stamp;
			*why = open.delta->open.why;
		}
	}
	store_abort(store);
	arena_fini(&arena);
	return found;
}

static void
sound(struct town *town, size_t i)
{
	struct fsck_report report;

	assert_int_equal(store_begin(town_store(town, i), false), ERR_OK);
	assert_int_equal(fsck_run(town_store(town, i), NULL, &report), ERR_OK);
	assert_int_equal(report.found, 0);
	store_abort(town_store(town, i));
}

/* ---- which log ---------------------------------------------------------- */

static void
a_clock_that_ran_a_day_ahead_ends_a_log(void **state)
{
	struct town *town = *state;
	enum open_why why = OPEN_FORK;

	(void)town_create(town, 1, here, "하나");
	town->now_ms += DAY_MS;
	(void)town_create(town, 1, here, "둘");
	/* A day is what a log may be ahead. */
	town->now_ms -= DAY_MS;
	(void)town_create(town, 1, here, "셋");
	assert_int_equal(logs_of(town, 1, here, &why), 1);
	assert_int_equal(why, OPEN_NEW);
	town->now_ms -= 1;
	(void)town_create(town, 1, here, "넷");
	assert_int_equal(logs_of(town, 1, here, &why), 2);
	/* What came after it has the lower stamp, so the newest is the first;
	 * set right, the new log goes on. */
	town->now_ms += 60 * 1000;
	(void)town_create(town, 1, here, "다섯");
	assert_int_equal(logs_of(town, 1, here, &why), 2);
	sound(town, 1);
}

static void
a_log_of_which_others_hold_more_is_not_gone_on_with(void **state)
{
	struct town *town = *state;
	struct note_head head = {.size = 9};
	struct merkle_proof proof = {.n = 1};
	enum open_why why = OPEN_NEW;
	struct space name = town_space(here);
	struct store *store = town_store(town, 1);
	struct space_state *space;
	struct log **logs;
	size_t n;

	(void)town_create(town, 1, here, "하나");
	town->now_ms += 1000;
	assert_int_equal(store_begin(store, true), ERR_OK);
	space = space_find(store_txn(store), &name);
	assert_int_equal(oplog_all(store_txn(store), space, &logs, &n), ERR_OK);
	assert_int_equal(n, 1);
	heads_put(store_txn(store), logs[0], &head, &proof);
	assert_int_equal(store_commit(store), ERR_OK);
	(void)town_create(town, 1, here, "둘");
	assert_int_equal(store_begin(store, false), ERR_OK);
	space = space_find(store_txn(store), &name);
	assert_int_equal(oplog_all(store_txn(store), space, &logs, &n), ERR_OK);
	assert_int_equal(n, 2);
	for (size_t i = 0; i < n; i++) {
		struct arena arena = {0};
		struct history_delta open;

		assert_int_equal(
		    history_delta(store_txn(store), logs[i], 0, &arena, &open),
		    ERR_OK);
		if (logs[i]->head_size == 9)
			assert_int_equal(logs[i]->frontier.size, 2);
		else
			why = open.delta->open.why;
		arena_fini(&arena);
	}
	store_abort(store);
	assert_int_equal(why, OPEN_RESTORE);
}

static void
a_damaged_row_of_own_logs_writes_nothing(void **state)
{
	static const uint8_t content[64];
	struct town *town = *state;
	struct store *store = town_store(town, 1);
	uint64_t before;
	struct key key = {0};
	struct kv_cursor cursor;
	struct store_edit edit = town_edit(OP_SET, "name", town_text("둘"));
	struct store_write write = {.space = town_space(here),
	    .create = true,
	    .collection = bytes_text("card"),
	    .edits = &edit,
	    .edits_n = 1};
	struct record_id id;
	bool changed;

	(void)town_create(town, 1, here, "하나");
	before = town_deltas(town, 1);
	assert_int_equal(store_begin(store, true), ERR_OK);
	kv_cursor_init(&cursor, store_txn(store)->kv, TABLE_OWN);
	assert_true(kv_seek(&cursor, (struct bytes){0}));
	tables_key_add(&key, cursor.key);
	assert_false(kv_next(&cursor));
	kv_cursor_fini(&cursor);
	txn_put(store_txn(store), TABLE_OWN, &key,
	    bytes_of(content, sizeof(content)));
	assert_int_equal(store_commit(store), ERR_OK);
	assert_int_equal(
	    town_write(town, 1, &write, &id, &changed), ERR_CORRUPT);
	assert_non_null(strstr(err_text(), "own logs"));
	assert_int_equal(town_deltas(town, 1), before);
	sound(town, 1);
}

static void
only_logs_that_grew_are_signed_again(void **state)
{
	struct town *town = *state;
	struct store *store = town_store(town, 1);
	enum open_why why;

	assert_int_equal(store_begin(store, true), ERR_OK);
	for (int i = 0; i < 3; i++) {
		struct store_edit edit = town_edit(
		    OP_SET, "name", town_text("하나"));
		struct store_write write = {
		    .space = town_space(i == 1 ? there : here),
		    .create = true,
		    .collection = bytes_text("card"),
		    .edits = &edit,
		    .edits_n = 1};
		struct record_id id;
		bool changed;

		assert_int_equal(
		    store_write(store, &write, &id, &changed), ERR_OK);
		assert_int_equal(store_settle(store), ERR_OK);
	}
	assert_int_equal(store_commit(store), ERR_OK);
	assert_int_equal(logs_of(town, 1, here, &why), 1);
	assert_int_equal(logs_of(town, 1, there, &why), 1);
	sound(town, 1);
}

/* ---- which grant -------------------------------------------------------- */

/* In one transaction: a change and a decision about `outside`, by node `by`. */
static void
write_and_decide(
    struct town *town, size_t by, bool adopt, const struct ref *outside)
{
	struct store *store = town_store(town, by);
	struct store_edit edit = town_edit(OP_SET, "name", town_text("함께"));
	struct store_write write = {.space = town_space(here),
	    .create = true,
	    .collection = bytes_text("card"),
	    .edits = &edit,
	    .edits_n = 1};
	struct store_decision decision = {.space = town_space(here),
	    .adopt = adopt,
	    .targets = outside,
	    .targets_n = 1};
	struct buf inbox = {0};
	struct record_id id;
	bool changed;

	town->now_ms += 1000;
	assert_int_equal(store_begin(store, true), ERR_OK);
	assert_int_equal(store_write(store, &write, &id, &changed), ERR_OK);
	assert_int_equal(store_settle(store), ERR_OK);
	assert_int_equal(store_decide(store, &decision), ERR_OK);
	assert_int_equal(store_write(store, &write, &id, &changed), ERR_OK);
	assert_int_equal(store_commit(store), ERR_OK);
	/* It is decided: what is adopted lies in no inbox. */
	assert_int_equal(council_inbox(town, by, here, &inbox), adopt ? 0 : 1);
	buf_fini(&inbox);
}

/* Node 2 wrote a delta that does not count: its grant was taken back. */
static struct ref
outsider(struct town *town)
{
	struct ref ref;

	assert_int_equal(town_member(town, "d03", ALL), 2);
	(void)town_create(town, 2, here, "밖");
	town_copy(town, 2, 0);
	ref = council_ref(town, 0, 2, here, 1);
	assert_int_equal(council_revoke(town, 0, 2, 1, NULL), ERR_OK);
	return ref;
}

static void
rights_apart_have_logs_apart_that_are_both_gone_on_with(void **state)
{
	struct town *town = *state;
	struct ref outside = outsider(town);
	enum open_why why;

	assert_int_equal(
	    town_grant(town, 0, 1, "d03", "read:NPSF,admin", ""), ERR_OK);
	town_copy(town, 0, 1);
	for (int i = 0; i < 4; i++) {
		write_and_decide(town, 1, i % 2 == 0, &outside);
		assert_int_equal(logs_of(town, 1, here, &why), 2);
		assert_int_equal(why, OPEN_NEW);
	}
	sound(town, 1);
	town_copy(town, 1, 0);
	sound(town, 0);
}

/* How many logs, of whomever, node 0 holds of the space. */
static size_t
logs_here(struct town *town)
{
	struct store *store = town_store(town, 0);
	struct space name = town_space(here);
	struct log **logs;
	size_t n;

	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(oplog_all(store_txn(store),
			     space_find(store_txn(store), &name), &logs, &n),
	    ERR_OK);
	store_abort(store);
	return n;
}

static void
root_decides_in_a_log_of_its_own(void **state)
{
	struct town *town = *state;
	struct ref outside = outsider(town);
	enum open_why why;

	/* Its first grant lets it decide by itself. */
	assert_int_equal(council_revoke(town, 0, 0, 0, NULL), ERR_OK);
	assert_int_equal(town_grant(town, 0, 0, "", ALL, ""), ERR_OK);
	for (int i = 0; i < 3; i++) {
		write_and_decide(town, 0, i % 2 == 0, &outside);
		/* The outsider's, its own, and root's. */
		assert_int_equal(logs_here(town), 3);
		assert_int_equal(logs_of(town, 0, here, &why), 1);
		assert_int_equal(why, OPEN_NEW);
	}
	sound(town, 0);
	town_copy(town, 0, 1);
	sound(town, 1);
}

static void
facts_under_two_grants_stand_in_two_logs(void **state)
{
	static const char *const under[] = {"d05", "d06", "d05", "d06"};
	struct town *town = *state;
	struct store *store = town_store(town, 1);
	size_t whom = town_join(town);
	struct fact_grant grant = {.member = town_key(town, whom)};
	enum open_why why;

	assert_int_equal(town_admit(town, 0, whom), ERR_OK);
	for (int i = 0; i < 2; i++)
		assert_int_equal(
		    town_grant(town, 0, 1, under[i], "write,admin", "write"),
		    ERR_OK);
	town_copy(town, 0, 1);
	assert_int_equal(
	    fact_rights(bytes_text("write"), &grant.gives), ERR_OK);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(store_begin(store, true), ERR_OK);
		for (size_t i = 0; i < COUNT_OF(under); i++) {
			assert_int_equal(
			    id_prefix(bytes_text(under[i]), &grant.prefix),
			    ERR_OK);
			assert_int_equal(store_grant(store, &grant), ERR_OK);
		}
		assert_int_equal(store_commit(store), ERR_OK);
		assert_int_equal(logs_of(town, 1, "authority", &why), 2);
		assert_int_equal(why, OPEN_NEW);
	}
	sound(town, 1);
}

/* The grant of the only log of node `i` in `space`. */
static struct ref
grant_of_log(struct town *town, size_t i, const char *space)
{
	struct store *store = town_store(town, i);
	struct space name = town_space(space);
	struct log **logs;
	struct ref ref;
	size_t n;

	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(oplog_all(store_txn(store),
			     space_find(store_txn(store), &name), &logs, &n),
	    ERR_OK);
	assert_int_equal(n, 1);
	assert_true(logs[0]->has_grant);
	ref = logs[0]->grant;
	store_abort(store);
	return ref;
}

/* Root's grant is worth more than one that an admin gave, whichever came first
 * and whatever its name is. */
static void
of_two_grants_that_of_the_lower_stratum_is_written_under(void **state)
{
	enum { TRIES = 6 };
	struct town *town = *state;

	assert_int_equal(town_grant(town, 0, 1, "", ALL ",admin", ALL), ERR_OK);
	town_copy(town, 0, 1);
	for (int i = 0; i < TRIES; i++) {
		size_t whom = town_join(town);
		struct ref wanted;
		struct ref is;

		assert_int_equal(town_admit(town, 0, whom), ERR_OK);
		town_copy(town, 0, 1);
		for (int k = 0; k < 2; k++) {
			bool root = (k == 0) == (i % 2 == 0);

			town->now_ms += 1000;
			assert_int_equal(town_grant(town, root ? 0 : 1, whom,
					     "d07", ALL, ""),
			    ERR_OK);
			if (root)
				wanted = council_grant(town, 0, whom);
			town_copy(town, 0, 1);
			town_copy(town, 1, 0);
		}
		town_copy(town, 0, whom);
		(void)town_create(town, whom, "d07/c001/case", "하나");
		is = grant_of_log(town, whom, "d07/c001/case");
		assert_int_equal(id_ref_compare(&is, &wanted), 0);
	}
}

/* ---- who may not -------------------------------------------------------- */

static enum err
create_fails(struct town *town, size_t i)
{
	struct store_edit edit = town_edit(OP_SET, "name", town_text("둘"));
	struct store_write write = {.space = town_space(here),
	    .create = true,
	    .collection = bytes_text("card"),
	    .edits = &edit,
	    .edits_n = 1};
	struct record_id id;
	bool changed;

	return town_write(town, i, &write, &id, &changed);
}

static void
a_revocation_without_a_reason_names_none(void **state)
{
	struct town *town = *state;

	for (int i = 0; i < 2; i++) {
		size_t whom = town_member(town, "d03", ALL);
		struct store_revoke revoke = {
		    .grant = council_grant(town, 0, whom),
		    .reason = bytes_text(i == 0 ? "" : "자리를 옮김")};
		struct store_revoked revoked;
		struct store *store = town_store(town, 0);

		assert_int_equal(create_fails(town, whom), ERR_OK);
		assert_int_equal(store_begin(store, true), ERR_OK);
		assert_int_equal(
		    store_revoke(store, &revoke, &revoked), ERR_OK);
		assert_int_equal(store_commit(store), ERR_OK);
		town_copy(town, 0, whom);
		assert_int_equal(create_fails(town, whom), ERR_DENIED);
		assert_non_null(
		    strstr(err_text(), "was taken back by root on"));
		assert_int_equal(
		    strstr(err_text(), ", for: 자리를 옮김: ask") != NULL,
		    i == 1);
		assert_int_equal(strstr(err_text(), "for: ") != NULL, i == 1);
	}
}

static void
who_stands_beside_takes_nothing_back(void **state)
{
	struct town *town = *state;
	size_t beside = town_member(town, "d04", ALL ",admin");
	size_t whom = town_join(town);

	assert_int_equal(
	    town_grant(town, 0, 1, "d03", ALL ",admin", ALL), ERR_OK);
	assert_int_equal(town_admit(town, 0, whom), ERR_OK);
	town_copy(town, 0, 1);
	assert_int_equal(
	    town_grant(town, 1, whom, "d03/c017", ALL, ""), ERR_OK);
	town_copy(town, 1, 0);
	town_copy(town, 0, beside);
	/* Its stratum is lower, and its prefix another. */
	assert_int_equal(
	    council_revoke(town, beside, whom, 0, NULL), ERR_DENIED);
	assert_non_null(strstr(err_text(), "stands above that one"));
	assert_int_equal(council_revoke(town, beside, 1, 0, NULL), ERR_DENIED);
	assert_non_null(strstr(err_text(), "only root takes it back"));
	assert_int_equal(council_revoke(town, 1, whom, 0, NULL), ERR_OK);
}

#define TOWN(f) cmocka_unit_test_setup_teardown(f, town_make, town_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TOWN(a_clock_that_ran_a_day_ahead_ends_a_log),
	    TOWN(a_log_of_which_others_hold_more_is_not_gone_on_with),
	    TOWN(a_damaged_row_of_own_logs_writes_nothing),
	    TOWN(only_logs_that_grew_are_signed_again),
	    TOWN(rights_apart_have_logs_apart_that_are_both_gone_on_with),
	    TOWN(root_decides_in_a_log_of_its_own),
	    TOWN(facts_under_two_grants_stand_in_two_logs),
	    TOWN(of_two_grants_that_of_the_lower_stratum_is_written_under),
	    TOWN(a_revocation_without_a_reason_names_none),
	    TOWN(who_stands_beside_takes_nothing_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
