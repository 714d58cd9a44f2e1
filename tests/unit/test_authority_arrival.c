/*
 * A promise of core/authority.h: what follows from the authority logs depends
 * on what is held alone, not on the order in which it came.  Stores that got
 * the same logs in other orders, in other portions and with bodies that came
 * late judge every fact and every log the same, and as the text has it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/founder.h"
#include "tests/lib/intrigue.h"
#include "tests/lib/justice.h"
#include "tests/lib/tempdir.h"
#include "tests/lib/verdict.h"

enum { SAGAS = 24, STORES = 3, STEPS = 40, BODIES = 400 };

/* Deltas of data that were found without and with rights. */
static size_t checked[2];

static uint64_t
now_ms(void *arg)
{
	(void)arg;
	return UINT64_C(1700000000000);
}

static void
fill(void *arg, uint8_t *p, size_t n)
{
	prng_fill(arg, p, n);
}

/* A body that is still to come. */
struct late {
	size_t log;
	size_t seq;
};

/* Brings what `held` has of `charter` to `store`, leaf by leaf in an order of
 * `prng`, a few in each transaction. */
static void
all_deliver(const struct charter *charter, const struct charter_held *held,
    struct store *store, struct prng *prng)
{
	size_t sizes[CHARTER_LOGS] = {0};
	struct late late[BODIES];
	size_t late_n = 0;
	size_t left = 0;

	for (size_t i = 0; i < charter->logs_n; i++)
		left += held->sizes[i];
	assert_int_equal(store_begin(store, true), ERR_OK);
	while (left > 0 || late_n > 0) {
		size_t log = (size_t)prng_below(prng, charter->logs_n);
		bool bare = prng_below(prng, 5) == 0 && late_n < BODIES;

		if (late_n > 0 && prng_below(prng, 6) == 0) {
			size_t at = (size_t)prng_below(prng, late_n);

			charter_held_body(
			    charter, store, late[at].log, late[at].seq);
			late[at] = late[--late_n];
		} else if (sizes[log] < held->sizes[log]) {
			charter_held_deliver(
			    charter, store, log, sizes[log], bare);
			if (bare)
				late[late_n++] = (struct late){
				    .log = log, .seq = sizes[log]};
			sizes[log]++;
			left--;
		}
		if (prng_below(prng, 25) != 0)
			continue;
		assert_int_equal(store_commit(store), ERR_OK);
		assert_int_equal(store_begin(store, true), ERR_OK);
	}
	assert_int_equal(store_commit(store), ERR_OK);
}

/* What is judged of each log, and that the store has it so. */
static void
logs_print(
    struct store *store, const struct authority *authority, struct buf *out)
{
	struct txn *txn = store_txn(store);
	struct space_state **spaces;
	size_t spaces_n;

	assert_int_equal(space_all(txn, &spaces, &spaces_n), ERR_OK);
	for (size_t i = 0; i < spaces_n; i++) {
		struct log **logs;
		size_t n;

		assert_int_equal(oplog_all(txn, spaces[i], &logs, &n), ERR_OK);
		for (size_t k = 0; k < n; k++) {
			struct judgement judgement;

			assert_int_equal(authority_judge(txn, authority,
					     logs[k], &judgement),
			    ERR_OK);
			assert_int_equal(judgement.rights, logs[k]->rights);
			assert_int_equal(judgement.cut, logs[k]->cut);
			buf_add(out, bytes_of(logs[k]->id.b, 16));
			buf_add_be64(out, judgement.rights);
			buf_add_be64(out, judgement.cut);
			buf_add_be64(out, (uint64_t)judgement.why);
			if (judgement.revocation != NULL)
				buf_add(out,
				    bytes_of(
					judgement.revocation->fact.leaf, 8));
		}
	}
}

/* May the author of `log` do there what its grant says, at the leaf `seq`?  By
 * grants and revocations that are judged, and leaf by leaf. */
static unsigned
rights_at(const struct charter *charter, const struct charter_held *held,
    const struct authority *authority, const struct charter_place *place)
{
	const struct charter_log *log = &charter->logs[place->log];
	const struct charter_leaf *open = log->leaves[0];
	unsigned rights = 0;

	for (size_t i = 0; i < authority->grants_n && open->has_grant; i++) {
		const struct grant *grant = &authority->grants[i];

		if (id_ref_compare(&grant->fact, &open->opened) == 0 &&
		    grant->counts &&
		    memcmp(&grant->what.member, &log->name.author, 32) == 0 &&
		    id_covers(&grant->what.prefix, &log->name.space))
			rights = grant->what.gives.bits;
	}
	for (size_t i = 0; i < authority->revocations_n; i++) {
		const struct revocation *revocation =
		    &authority->revocations[i];

		if (revocation->counts && open->has_grant &&
		    id_ref_compare(&revocation->what.grant, &open->opened) ==
			0 &&
		    !charter_held_covers(charter, held, place,
			revocation->what.cuts, revocation->what.cuts_n))
			rights = 0;
	}
	return rights;
}

/* Does `store` give each delta of data the rights that it should have? */
static void
data_check(const struct charter *charter, const struct charter_held *held,
    struct store *store, const struct authority *authority)
{
	for (size_t i = 0; i < charter->logs_n; i++) {
		const struct charter_log *log = &charter->logs[i];
		size_t size = held->sizes[i];
		struct log_cut all = charter_cut(charter, i, size);
		struct log **tips;
		struct log *tip = NULL;
		size_t n;

		if (id_is_authority(&log->name.space) ||
		    !charter_held_is_tip(charter, held, i) ||
		    authority->roots_n == 0)
			continue;
		assert_int_equal(
		    oplog_tips(store_txn(store),
			space_find(store_txn(store), &log->name.space),
			&log->trunk, &tips, &n),
		    ERR_OK);
		for (size_t k = 0; k < n; k++) {
			struct hash root;

			merkle_root(&tips[k]->frontier, &root);
			if (memcmp(&root, &all.root, sizeof(root)) == 0)
				tip = tips[k];
		}
		assert_non_null(tip);
		for (size_t seq = 0; seq < size; seq++) {
			unsigned wanted = rights_at(charter, held, authority,
			    &(struct charter_place){.leaf = log->leaves[seq],
				.log = i,
				.seq = seq});

			assert_int_equal(
			    seq < tip->cut ? tip->rights : 0, wanted);
			checked[wanted != 0]++;
		}
	}
}

/* What a fresh store that got everything in the order of `seed` makes of it:
 * first as the text would have it, then all of it. */
static void
store_judge(const struct charter *charter, const struct charter_held *held,
    uint64_t seed, struct buf *text, struct buf *all)
{
	struct prng prng = {.seed = seed};
	struct host host = {.now_ms = now_ms, .random = fill, .arg = &prng};
	const struct authority *authority;
	struct tempdir dir;
	struct store *store;

	tempdir_init(&dir);
	assert_int_equal(
	    founder_create(&(struct store_plan){.dir = tempdir_at(&dir, "s"),
		.host = &host,
		.join = &charter->city}),
	    ERR_OK);
	assert_int_equal(
	    store_open(tempdir_at(&dir, "s"), &host, &store), ERR_OK);
	all_deliver(charter, held, store, &prng);
	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(store_authority(store, &authority), ERR_OK);
	verdict_print(authority, text);
	buf_add(all, buf_bytes(text));
	verdict_print_rest(authority, all);
	logs_print(store, authority, all);
	data_check(charter, held, store, authority);
	store_abort(store);
	store_close(store);
	tempdir_fini(&dir);
}

static void
saga_judge(uint64_t seed)
{
	static struct charter charter;
	struct prng prng = {.seed = seed};
	struct charter_held held;
	struct buf wanted = {0};
	struct buf first = {0};

	charter_init(&charter, seed);
	intrigue_write(&charter, STEPS);
	intrigue_reckon(&charter, 8);
	charter_held_all(&charter, &held);
	if (seed % 2 == 0)
		intrigue_held(&charter, &prng, &held);
	memset(held.bare, 0, sizeof(held.bare));
	justice_say(&charter, &held, &wanted);
	for (uint64_t i = 0; i < STORES; i++) {
		struct buf text = {0};
		struct buf all = {0};

		store_judge(&charter, &held, 1000 * seed + i, &text, &all);
		if (i == 0)
			buf_add(&first, buf_bytes(&all));
		assert_int_equal(text.n, wanted.n);
		assert_memory_equal(text.p, wanted.p, wanted.n);
		assert_int_equal(all.n, first.n);
		assert_memory_equal(all.p, first.p, first.n);
		buf_fini(&text);
		buf_fini(&all);
	}
	buf_fini(&wanted);
	buf_fini(&first);
	charter_fini(&charter);
}

static void
no_order_of_arrival_makes_a_difference(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SAGAS; seed++)
		saga_judge(seed);
	assert_true(checked[0] > SAGAS * STORES && checked[1] > SAGAS * STORES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_order_of_arrival_makes_a_difference),
	};

	return cmocka_run_group_tests_name(
	    "authority_arrival", tests, NULL, NULL);
}
