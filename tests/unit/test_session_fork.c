/*
 * A store that was rolled back together with its mark, and wrote on: its log is
 * forked.  Whoever meets a holder of the other branch finds out and proves it,
 * and everything else goes on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/file.h"
#include "core/forks.h"
#include "core/heads.h"
#include "tests/lib/wire.h"

#define ALL "read:NPSF,write,hold"
#define SPACE "d01/c001/case"

/* The data file and the mark of a store, as they once were. */
static const char *const files[] = {"data.mdb", "mark"};
struct backup {
	struct buf files[COUNT_OF(files)];
};

static void
kept_path(struct town *town, size_t node, size_t i, char *path, size_t n)
{
	(void)snprintf(path, n, "%s/%s", town->nodes[node].dir, files[i]);
}

static void
backup_take(struct town *town, size_t node, struct backup *backup)
{
	*backup = (struct backup){0};
	town_close(town, node);
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		char path[3 * TEMPDIR_PATH_SIZE];

		kept_path(town, node, i, path, sizeof(path));
		assert_int_equal(
		    file_read(path, 1 << 30, &backup->files[i]), ERR_OK);
	}
	(void)town_open(town, node);
}

/* The same files, with the content that they had: nothing here shows it. */
static void
roll_back(struct town *town, size_t node, struct backup *backup)
{
	town_close(town, node);
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		struct buf *from = &backup->files[i];
		char path[3 * TEMPDIR_PATH_SIZE];
		FILE *file;

		kept_path(town, node, i, path, sizeof(path));
		file = fopen(path, "wb");
		assert_non_null(file);
		assert_int_equal(fwrite(from->p, 1, from->n, file), from->n);
		assert_int_equal(fclose(file), 0);
		buf_fini(from);
	}
	(void)town_open(town, node);
}

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

/* A city in which `b` wrote some deltas, and after them `theirs` that the hall
 * holds, and then, rolled back, `ours` in their place. */
static size_t
fork_make(struct town *town, unsigned theirs, unsigned ours)
{
	struct backup backup;
	size_t b;

	town_init(town, 5);
	b = town_member(town, "", ALL);
	assert_int_equal(town_grant(town, 0, 0, "", ALL, ""), ERR_OK);
	create(town, 0, 2, "시청");
	create(town, b, 3, "함께");
	wire_sync(town, b, 0);
	backup_take(town, b, &backup);
	create(town, b, theirs, "잃은 것");
	wire_sync(town, 0, b);
	roll_back(town, b, &backup);
	create(town, b, ours, "새 것");
	return b;
}

static void
fork_is_proved(unsigned theirs, unsigned ours, bool reverse)
{
	struct town town;
	struct session_status status;
	uint64_t held;
	size_t b = fork_make(&town, theirs, ours);

	assert_int_equal(count_logs(&town, b, b).logs, 1);
	create(&town, 0, 2, "다른 기록");
	held = town_deltas(&town, b);
	status = reverse ? meet(&town, 0, b) : meet(&town, b, 0);
	assert_int_equal(status.forked, 1);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(count_logs(&town, i * b, b).logs, 1);
		assert_int_equal(count_logs(&town, i * b, b).forked, 1);
		assert_int_equal(count_logs(&town, i * b, 0).forked, 0);
		wire_assert_sound(&town, i * b);
	}
	/* Nothing of the other branch came, and all else did. */
	assert_int_equal(town_deltas(&town, b), held + 2);
	/* From now on it is known, and little is said about it. */
	for (int i = 0; i < 2; i++) {
		status = meet(&town, i == 0 ? 0 : b, i == 0 ? b : 0);
		assert_int_equal(status.forked, 1);
		assert_int_equal(status.deltas_out + status.deltas_in, 0);
		assert_in_range(status.out_plain_bytes, 40, 160);
	}
	/* What the author writes goes into a log that nobody contradicts. */
	create(&town, b, 2, "그 뒤");
	assert_int_equal(count_logs(&town, b, b).logs, 2);
	assert_int_equal(count_logs(&town, b, b).opened_for_fork, 1);
	held = town_deltas(&town, 0);
	status = meet(&town, b, 0);
	assert_int_equal(status.forked, 1);
	assert_int_equal(town_deltas(&town, 0), held + 3);
	create(&town, b, 1, "또");
	assert_int_equal(count_logs(&town, b, b).logs, 2);
	town_fini(&town);
}

static void
branches_of_one_size_are_found(void **state)
{
	(void)state;
	fork_is_proved(1, 1, false);
	fork_is_proved(1, 1, true);
	fork_is_proved(17, 17, false);
}

static void
a_longer_branch_at_the_peer_is_found(void **state)
{
	(void)state;
	fork_is_proved(3, 1, false);
	fork_is_proved(3, 1, true);
	fork_is_proved(300, 2, false);
}

static void
a_longer_branch_at_the_author_is_found(void **state)
{
	(void)state;
	fork_is_proved(1, 3, false);
	fork_is_proved(1, 3, true);
	fork_is_proved(2, 300, true);
}

/* The other branch comes to whom it does not fit from somebody who got it from
 * the author, and the proof comes back to the author by the same way. */
static void
a_fork_is_found_and_told_through_a_relay(void **state)
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
	roll_back(&town, b, &backup);
	create(&town, b, 4, "새 것");
	assert_int_equal(meet(&town, b, relay).forked, 0);
	assert_int_equal(count_logs(&town, relay, b).forked, 0);
	assert_int_equal(meet(&town, relay, 0).forked, 1);
	assert_int_equal(count_logs(&town, relay, b).forked, 1);
	assert_int_equal(count_logs(&town, 0, b).forked, 1);
	assert_int_equal(count_logs(&town, b, b).forked, 0);
	/* They hold the same of it, and one knows more. */
	assert_int_equal(meet(&town, relay, b).forked, 0);
	assert_int_equal(count_logs(&town, b, b).forked, 1);
	create(&town, b, 1, "그 뒤");
	assert_int_equal(count_logs(&town, b, b).opened_for_fork, 1);
	wire_sync(&town, b, relay);
	wire_sync(&town, relay, 0);
	assert_int_equal(count_logs(&town, 0, b).logs, 2);
	town_fini(&town);
}

/* A newcomer gets one branch, whichever comes first, and the proof. */
static void
a_newcomer_gets_a_branch_and_the_proof(void **state)
{
	struct town town;
	size_t b = fork_make(&town, 2, 3);
	size_t c;

	(void)state;
	(void)meet(&town, 0, b);
	c = town_member(&town, "", ALL);
	(void)meet(&town, c, 0);
	(void)meet(&town, b, 0);
	assert_int_equal(count_logs(&town, c, b).forked, 1);
	assert_int_equal(town_deltas(&town, c), town_deltas(&town, 0));
	assert_int_equal(meet(&town, c, b).forked, 1);
	assert_int_equal(meet(&town, b, c).deltas_out, 0);
	wire_assert_sound(&town, c);
	town_fini(&town);
}

/* Links that stay: both sources of a newcomer push their branches at once. */
static void
branches_that_race_disturb_nobody(void **state)
{
	struct town town;
	struct wire wires[2];
	size_t b = fork_make(&town, 30, 40);
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
		}
	for (size_t i = 0; i < 2; i++)
		wire_close(&wires[i]);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(count_logs(&town, i, b).forked, 1);
	assert_int_equal(count_logs(&town, 0, b).opened_for_fork, 1);
	assert_int_equal(count_logs(&town, c, b).opened_for_fork, 1);
	for (size_t i = 0; i < 3; i++)
		wire_assert_sound(&town, i);
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
	size_t b = fork_make(&town, 2, 3);
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
		tables_log_prefix(logs[i]->space->no, logs[i]->no, &key);
		kv_del(txn->kv, TABLE_FORKS, tables_key(&key));
		assert_int_equal(forks_check(txn, logs[i]), ERR_CORRUPT);
		txn_put(txn, TABLE_FORKS, &key, bytes_text("x"));
		assert_int_equal(forks_get(txn, logs[i], &fork), ERR_CORRUPT);
	}
	store_abort(store);
	town_fini(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(branches_of_one_size_are_found),
	    cmocka_unit_test(a_longer_branch_at_the_peer_is_found),
	    cmocka_unit_test(a_longer_branch_at_the_author_is_found),
	    cmocka_unit_test(a_fork_is_found_and_told_through_a_relay),
	    cmocka_unit_test(a_newcomer_gets_a_branch_and_the_proof),
	    cmocka_unit_test(branches_that_race_disturb_nobody),
	    cmocka_unit_test(nobody_is_blamed_without_a_proof),
	    cmocka_unit_test(a_damaged_proof_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
