/*
 * A store that was rolled back together with its mark, and wrote on: its log is
 * forked.  Whoever meets a holder of the other branch finds out and proves it,
 * and both get what they lack.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/forks.h"
#include "core/heads.h"
#include "tests/lib/branches.h"
#include "tests/lib/wire.h"

#define ALL "read:NPSF,write,hold"
#define SPACE "d01/c001/case"

static void
create(struct town *town, size_t node, unsigned n, const char *name)
{
	for (unsigned i = 0; i < n; i++)
		(void)town_create(town, node, SPACE, name);
}

/* How many logs of `author` does `node` hold in SPACE, and how many of these
 * are known there to be forked, with a proof that holds? */
struct count {
	size_t logs;
	size_t forked;
	size_t opened_for_fork;
};

static struct count
count_logs(struct town *town, size_t node, size_t author)
{
	struct sign_key key = town_key(town, author);
	struct space name = town_space(SPACE);
	struct store *store = town_store(town, node);
	struct space_state *space;
	struct count count = {0};
	struct log **logs;
	struct txn *txn;
	size_t n;

	assert_int_equal(store_begin(store, false), ERR_OK);
	txn = store_txn(store);
	space = space_find(txn, &name);
	assert_non_null(space);
	assert_int_equal(oplog_all(txn, space, &logs, &n), ERR_OK);
	for (size_t i = 0; i < n; i++) {
		struct stored_delta stored;
		struct delta open;

		if (memcmp(&logs[i]->name.author, &key, sizeof(key)) != 0)
			continue;
		count.logs++;
		count.forked += logs[i]->forked;
		assert_int_equal(forks_check(txn, logs[i]), ERR_OK);
		assert_int_equal(oplog_get(txn, logs[i], 0, &stored), ERR_OK);
		oplog_decode(&stored, &txn->arena, &open);
		count.opened_for_fork += open.open.why == OPEN_FORK;
	}
	store_abort(store);
	return count;
}

/* One session; both ends come to their end in peace. */
static struct session_status
meet(struct town *town, size_t a, size_t b)
{
	struct session_status status;
	struct wire wire;

	wire_open(&wire, town, a, b, true);
	wire_run(&wire, 1);
	for (size_t i = 0; i < 2; i++) {
		if (wire.ends[i].fault.code != ERR_OK)
			print_error(
			    "end %zu: %s\n", i, wire.ends[i].fault.text);
		assert_int_equal(wire.ends[i].fault.code, ERR_OK);
		assert_true(session_is_done(wire.ends[i].session));
		assert_int_equal(
		    wire_status(&wire, i).forked, wire_status(&wire, 0).forked);
	}
	status = wire_status(&wire, 0);
	wire_close(&wire);
	return status;
}

/* Both hold the same, and say so in one hello. */
static void
agreed(struct town *town, size_t a, size_t b)
{
	struct session_status status;
	struct buf digests[2] = {0};

	status = meet(town, a, b);
	assert_int_equal(status.forked, 0);
	assert_int_equal(status.deltas_out + status.deltas_in, 0);
	status = meet(town, b, a);
	assert_int_equal(status.forked, 0);
	assert_int_equal(status.deltas_out + status.deltas_in, 0);
	assert_in_range(status.out_plain_bytes, 40, 128);
	town_digests(town, a, &digests[0]);
	town_digests(town, b, &digests[1]);
	assert_int_equal(digests[0].n, digests[1].n);
	assert_memory_equal(digests[0].p, digests[1].p, digests[0].n);
	for (size_t i = 0; i < 2; i++)
		buf_fini(&digests[i]);
}

/* A city in which `b` wrote `common` deltas that the hall has too, and after
 * them `theirs` that only the hall holds, and then, rolled back, `ours` in
 * their place. */
static size_t
fork_make(struct town *town, unsigned common, unsigned theirs, unsigned ours)
{
	struct backup backup;
	size_t b;

	town_init(town, 5);
	b = town_member(town, "", ALL);
	assert_int_equal(town_grant(town, 0, 0, "", ALL, ""), ERR_OK);
	create(town, 0, 2, "시청");
	create(town, b, common, "함께");
	wire_sync(town, b, 0);
	backup_take(town, b, &backup);
	create(town, b, theirs, "잃은 것");
	wire_sync(town, 0, b);
	backup_put(town, b, &backup);
	backup_fini(&backup);
	create(town, b, ours, "새 것");
	return b;
}

static void
fork_is_healed(unsigned theirs, unsigned ours, bool reverse)
{
	struct town town;
	struct session_status status;
	size_t b = fork_make(&town, 3, theirs, ours);
	uint64_t held = town_deltas(&town, b);

	assert_int_equal(count_logs(&town, b, b).logs, 1);
	create(&town, 0, 2, "다른 기록");
	status = reverse ? meet(&town, 0, b) : meet(&town, b, 0);
	assert_int_equal(status.forked, 0);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(count_logs(&town, i * b, b).logs, 2);
		assert_int_equal(count_logs(&town, i * b, b).forked, 2);
		assert_int_equal(count_logs(&town, i * b, 0).forked, 0);
		wire_assert_sound(&town, i * b);
	}
	/* What the branches share is stored once. */
	assert_int_equal(town_deltas(&town, b), held + 2 + theirs);
	agreed(&town, 0, b);
	/* What the author writes goes into a log that nobody contradicts. */
	create(&town, b, 2, "그 뒤");
	assert_int_equal(count_logs(&town, b, b).logs, 3);
	assert_int_equal(count_logs(&town, b, b).opened_for_fork, 1);
	held = town_deltas(&town, 0);
	(void)meet(&town, b, 0);
	assert_int_equal(town_deltas(&town, 0), held + 3);
	create(&town, b, 1, "또");
	assert_int_equal(count_logs(&town, b, b).logs, 3);
	(void)meet(&town, b, 0);
	agreed(&town, b, 0);
	town_fini(&town);
}

static void
branches_of_one_size_are_exchanged(void **state)
{
	(void)state;
	fork_is_healed(1, 1, false);
	fork_is_healed(1, 1, true);
	fork_is_healed(17, 17, false);
}

static void
a_longer_branch_at_the_peer_is_exchanged(void **state)
{
	(void)state;
	fork_is_healed(3, 1, false);
	fork_is_healed(3, 1, true);
	fork_is_healed(300, 2, false);
}

static void
a_longer_branch_at_the_author_is_exchanged(void **state)
{
	(void)state;
	fork_is_healed(1, 3, false);
	fork_is_healed(1, 3, true);
	fork_is_healed(2, 300, true);
}

/* Of a long log that forked at its end only the end goes over the link. */
static void
no_more_than_the_tails_is_sent(void **state)
{
	struct town town;
	struct session_status status;
	size_t b = fork_make(&town, 400, 3, 5);

	(void)state;
	status = meet(&town, b, 0);
	assert_in_range(status.deltas_out, 5, 11);
	/* What is new of it is three. */
	assert_in_range(status.deltas_in, 3, 7);
	agreed(&town, 0, b);
	town_fini(&town);
}

/* The other branch comes to whom it does not fit from somebody who got it from
 * the author, and both come back to the author by the same way. */
static void
a_fork_is_healed_through_a_relay(void **state)
{
	struct town town;
	struct backup backup;
	size_t b;
	size_t relay;

	(void)state;
	town_init(&town, 6);
	b = town_member(&town, "", ALL);
	relay = town_member(&town, "", ALL);
	assert_int_equal(town_grant(&town, 0, 0, "", ALL, ""), ERR_OK);
	create(&town, b, 2, "함께");
	wire_sync(&town, b, 0);
	wire_sync(&town, b, relay);
	backup_take(&town, b, &backup);
	create(&town, b, 2, "잃은 것");
	wire_sync(&town, b, 0);
	backup_put(&town, b, &backup);
	backup_fini(&backup);
	create(&town, b, 4, "새 것");
	assert_int_equal(meet(&town, b, relay).forked, 0);
	assert_int_equal(count_logs(&town, relay, b).forked, 0);
	assert_int_equal(meet(&town, relay, 0).forked, 0);
	assert_int_equal(count_logs(&town, relay, b).forked, 2);
	assert_int_equal(count_logs(&town, 0, b).forked, 2);
	assert_int_equal(count_logs(&town, b, b).forked, 0);
	agreed(&town, relay, 0);
	assert_int_equal(meet(&town, relay, b).forked, 0);
	assert_int_equal(count_logs(&town, b, b).forked, 2);
	agreed(&town, relay, b);
	create(&town, b, 1, "그 뒤");
	assert_int_equal(count_logs(&town, b, b).opened_for_fork, 1);
	wire_sync(&town, b, relay);
	wire_sync(&town, relay, 0);
	assert_int_equal(count_logs(&town, 0, b).logs, 3);
	agreed(&town, relay, 0);
	town_fini(&town);
}

static void
a_newcomer_gets_both_branches_and_the_proof(void **state)
{
	struct town town;
	size_t b = fork_make(&town, 3, 2, 3);
	size_t c;

	(void)state;
	(void)meet(&town, 0, b);
	c = town_member(&town, "", ALL);
	(void)meet(&town, c, 0);
	(void)meet(&town, b, 0);
	assert_int_equal(count_logs(&town, c, b).logs, 2);
	assert_int_equal(count_logs(&town, c, b).forked, 2);
	assert_int_equal(town_deltas(&town, c), town_deltas(&town, 0));
	(void)meet(&town, c, b);
	agreed(&town, b, c);
	agreed(&town, c, 0);
	wire_assert_sound(&town, c);
	town_fini(&town);
}

/* Who holds but what the branches share takes one as what comes next, and then
 * the other. */
static void
a_holder_of_the_beginning_gets_both(void **state)
{
	struct town town;
	struct backup backup;
	size_t b = fork_make(&town, 3, 2, 30);
	size_t c;

	(void)state;
	c = town_member(&town, "", ALL);
	town_carry(&town, 0, b, &(struct town_cargo){.space = "authority"});
	backup_take(&town, c, &backup);
	for (size_t i = 0; i < 4; i++) {
		struct branch branch;

		backup_put(&town, c, &backup);
		branch_take_out(&town, b, SPACE, &branch);
		assert_int_equal(
		    branch_bring(&town, c, &branch, 0, 3, 3), ERR_OK);
		branch_fini(&branch);
		(void)meet(&town, c, i % 2 == 0 ? 0 : b);
		/* The first time through they learn of both as well. */
		assert_int_equal(count_logs(&town, c, b).logs, i > 0 ? 2 : 1);
		(void)meet(&town, c, i % 2 == 0 ? b : 0);
		assert_int_equal(count_logs(&town, c, b).logs, 2);
		assert_int_equal(count_logs(&town, c, b).forked, 2);
		wire_assert_sound(&town, c);
	}
	agreed(&town, c, 0);
	agreed(&town, c, b);
	backup_fini(&backup);
	town_fini(&town);
}

/* Four branches, of which some part late, each at another node; whoever meets
 * whom, all come to hold all. */
static void
many_branches_meet_in_any_order(void **state)
{
	static const size_t meetings[][2] = {{1, 2}, {3, 4}, {2, 3}, {1, 4},
	    {1, 3}, {2, 4}, {4, 1}, {3, 2}, {0, 1}, {0, 2}, {0, 3}, {0, 4}};

	(void)state;
	for (uint64_t seed = 0; seed < 6; seed++) {
		struct town town;
		struct backup early;
		struct backup late;
		struct prng prng = {.seed = seed};

		town_init(&town, 11 + seed);
		for (size_t i = 1; i <= 4; i++)
			assert_int_equal(town_member(&town, "", ALL), i);
		for (size_t i = 2; i <= 4; i++)
			wire_sync(&town, 0, i);
		wire_sync(&town, 0, 1);
		create(&town, 1, 17, "함께");
		backup_take(&town, 1, &early);
		create(&town, 1, 15, "A");
		backup_take(&town, 1, &late);
		create(&town, 1, 5, "A");
		wire_sync(&town, 1, 2);
		backup_put(&town, 1, &late);
		create(&town, 1, 30, "B");
		wire_sync(&town, 1, 3);
		backup_put(&town, 1, &early);
		create(&town, 1, 4, "C");
		wire_sync(&town, 1, 4);
		backup_put(&town, 1, &early);
		create(&town, 1, 40, "D");
		for (size_t i = 0; i < 40; i++) {
			size_t k = (size_t)prng_below(
			    &prng, COUNT_OF(meetings));

			(void)meet(&town, meetings[k][0], meetings[k][1]);
		}
		for (size_t round = 0; round < 2; round++)
			for (size_t i = 1; i <= 4; i++)
				(void)meet(&town, 0, i);
		for (size_t i = 1; i <= 4; i++) {
			assert_int_equal(count_logs(&town, i, 1).forked, 4);
			agreed(&town, 0, i);
			wire_assert_sound(&town, i);
		}
		backup_fini(&early);
		backup_fini(&late);
		town_fini(&town);
	}
}

/* Links that stay: both sources of a newcomer push their branches at once. */
static void
branches_that_race_disturb_nobody(void **state)
{
	struct town town;
	struct wire wires[2];
	size_t b = fork_make(&town, 3, 30, 40);
	size_t c;

	(void)state;
	c = town_member(&town, "", ALL);
	town_carry(&town, 0, b, &(struct town_cargo){.space = "authority"});
	wire_open(&wires[0], &town, c, 0, false);
	wire_open(&wires[1], &town, c, b, false);
	wire_run(wires, 2);
	create(&town, 0, 1, "시청");
	create(&town, b, 1, "새 것");
	wire_run(wires, 2);
	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < 2; k++) {
			if (wires[i].ends[k].fault.code != ERR_OK)
				print_error(
				    "%s\n", wires[i].ends[k].fault.text);
			assert_int_equal(wires[i].ends[k].fault.code, ERR_OK);
			assert_true(session_is_idle(wires[i].ends[k].session));
			assert_int_equal(wire_status(&wires[i], k).forked, 0);
		}
	for (size_t i = 0; i < 2; i++)
		wire_close(&wires[i]);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(count_logs(&town, i, b).forked, 2);
	assert_int_equal(count_logs(&town, 0, b).opened_for_fork, 1);
	assert_int_equal(count_logs(&town, c, b).opened_for_fork, 1);
	for (size_t i = 0; i < 3; i++)
		wire_assert_sound(&town, i);
	agreed(&town, 0, b);
	agreed(&town, c, b);
	town_fini(&town);
}

/* What a liar says of a log of an honest author changes nothing. */
static void
nobody_is_blamed_without_a_proof(void **state)
{
	struct town town;
	struct space name = town_space(SPACE);
	struct store *store;
	struct fork_side sides[2] = {0};
	struct msg_fork said = {.n = 1, .sides = sides};
	struct log **logs;
	struct txn *txn;
	size_t n;
	bool news;

	(void)state;
	town_init(&town, 7);
	assert_int_equal(town_grant(&town, 0, 0, "", ALL, ""), ERR_OK);
	create(&town, 0, 20, "하나");
	store = town_store(&town, 0);
	assert_int_equal(store_begin(store, true), ERR_OK);
	txn = store_txn(store);
	assert_int_equal(
	    oplog_all(txn, space_find(txn, &name), &logs, &n), ERR_OK);
	assert_int_equal(n, 1);
	for (said.size = 1; said.size <= 21; said.size++) {
		/* True, and no fork. */
		assert_int_equal(
		    forks_side(txn, logs[0], said.size, &sides[0]), ERR_OK);
		assert_int_equal(
		    forks_take(txn, logs[0], &said, &news), ERR_OK);
		assert_false(news);
		sides[1] = sides[0];
		said.n = 2;
		assert_int_equal(
		    forks_take(txn, logs[0], &said, &news), ERR_MALFORMED);
		said.n = 1;
		/* One bit of anything makes it a lie. */
		sides[0].root.b[7] ^= 1;
		assert_int_equal(
		    forks_take(txn, logs[0], &said, &news), ERR_MALFORMED);
		sides[0].root.b[7] ^= 1;
		sides[0].head.signature.b[9] ^= 1;
		assert_int_equal(
		    forks_take(txn, logs[0], &said, &news), ERR_MALFORMED);
		sides[0].head.signature.b[9] ^= 1;
		sides[0].head.size++;
		assert_int_equal(
		    forks_take(txn, logs[0], &said, &news), ERR_MALFORMED);
	}
	/* Of what lies beyond what is held nothing can be said. */
	said.size = 500;
	assert_int_equal(forks_take(txn, logs[0], &said, &news), ERR_OK);
	assert_false(news || logs[0]->forked);
	store_abort(store);
	town_fini(&town);
}

static void
a_damaged_proof_is_found(void **state)
{
	struct town town;
	struct space name = town_space(SPACE);
	size_t b = fork_make(&town, 3, 2, 3);
	struct store *store = town_store(&town, b);
	struct fork fork;
	struct log **logs;
	struct txn *txn;
	struct key key;
	size_t n;

	(void)state;
	(void)meet(&town, b, 0);
	assert_int_equal(store_begin(store, true), ERR_OK);
	txn = store_txn(store);
	assert_int_equal(
	    oplog_all(txn, space_find(txn, &name), &logs, &n), ERR_OK);
	for (size_t i = 0; i < n; i++) {
		if (!logs[i]->forked)
			continue;
		assert_int_equal(forks_get(txn, logs[i], &fork), ERR_OK);
		assert_int_equal(fork_check(&logs[i]->name, &fork), ERR_OK);
		fork.sides[1] = fork.sides[0];
		assert_int_equal(
		    fork_check(&logs[i]->name, &fork), ERR_MALFORMED);
		tables_log_key(logs[i]->space->no, &logs[i]->trunk, &key);
		kv_del(txn->kv, TABLE_FORKS, tables_key(&key));
		assert_int_equal(forks_check(txn, logs[i]), ERR_CORRUPT);
		txn_put(txn, TABLE_FORKS, &key, bytes_text("x"));
		assert_int_equal(forks_get(txn, logs[i], &fork), ERR_CORRUPT);
		break;
	}
	store_abort(store);
	town_fini(&town);
}

/* Of each log of SPACE both hold the bodies of as many deltas. */
static void
assert_deep_as(struct town *town, size_t a, size_t b)
{
	struct space name = town_space(SPACE);
	size_t nodes[2] = {a, b};
	struct log **logs[2];
	size_t n[2];

	for (size_t i = 0; i < 2; i++) {
		struct store *store = town_store(town, nodes[i]);

		assert_int_equal(store_begin(store, false), ERR_OK);
		assert_int_equal(
		    oplog_all(store_txn(store),
			space_find(store_txn(store), &name), &logs[i], &n[i]),
		    ERR_OK);
	}
	assert_int_equal(n[0], n[1]);
	for (size_t k = 0; k < n[0]; k++) {
		assert_memory_equal(&logs[0][k]->id, &logs[1][k]->id, 16);
		assert_int_equal(logs[0][k]->held, logs[1][k]->held);
		assert_int_equal(
		    logs[0][k]->open[CLASS_N], logs[1][k]->open[CLASS_N]);
	}
	for (size_t i = 0; i < 2; i++)
		store_abort(town_store(town, nodes[i]));
}

/* It has the headers of both branches, and is owed bodies of the one that the
 * hall holds by its first name still. */
static void
bodies_come_when_a_log_gets_the_name_of_its_branch(void **state)
{
	struct town town;
	size_t auditor;
	size_t b;

	(void)state;
	b = fork_make(&town, 3, 6, 4);
	auditor = town_join(&town);
	assert_int_equal(town_admit(&town, 0, auditor), ERR_OK);
	assert_int_equal(
	    town_grant(&town, 0, auditor, "", "audit", ""), ERR_OK);
	town_carry(
	    &town, 0, auditor, &(struct town_cargo){.space = "authority"});
	wire_sync(&town, auditor, 0);
	town_carry(&town, 0, b, &(struct town_cargo){.space = "authority"});
	(void)meet(&town, auditor, b);
	assert_int_equal(count_logs(&town, 0, b).forked, 0);
	assert_int_equal(count_logs(&town, auditor, b).forked, 2);
	assert_int_equal(
	    town_grant(&town, 0, auditor, "", "read:NPSF,hold", ""), ERR_OK);
	town_carry(
	    &town, 0, auditor, &(struct town_cargo){.space = "authority"});
	(void)meet(&town, auditor, 0);
	assert_int_equal(count_logs(&town, 0, b).forked, 2);
	assert_deep_as(&town, auditor, 0);
	wire_assert_sound(&town, auditor);
	town_fini(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(branches_of_one_size_are_exchanged),
	    cmocka_unit_test(a_longer_branch_at_the_peer_is_exchanged),
	    cmocka_unit_test(a_longer_branch_at_the_author_is_exchanged),
	    cmocka_unit_test(no_more_than_the_tails_is_sent),
	    cmocka_unit_test(a_fork_is_healed_through_a_relay),
	    cmocka_unit_test(a_newcomer_gets_both_branches_and_the_proof),
	    cmocka_unit_test(a_holder_of_the_beginning_gets_both),
	    cmocka_unit_test(many_branches_meet_in_any_order),
	    cmocka_unit_test(branches_that_race_disturb_nobody),
	    cmocka_unit_test(
		bodies_come_when_a_log_gets_the_name_of_its_branch),
	    cmocka_unit_test(nobody_is_blamed_without_a_proof),
	    cmocka_unit_test(a_damaged_proof_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
