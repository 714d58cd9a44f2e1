/*
 * Promises of core/forks.h about proofs: what a peer says is believed only when
 * it proves something, and what was kept is told from what was damaged.
 * Branches are in test_forks.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/feed.h"
#include "core/forks.h"
#include "core/heads.h"
#include "core/tree.h"
#include "tests/lib/replica.h"

enum { SHARED = 4, SIZE = 7, HELD = 11 };

/* Two logs of one name, each in a log of its own so that both are at hand: ours
 * goes on as branch 0, theirs as branch 1. */
struct pair {
	struct txn *txn;
	struct log *ours;
	struct log *theirs;
};

static struct log *
log_of(struct txn *txn, const char *space)
{
	struct log_name name;
	struct log *log;

	replica_name(1, space, &name);
	assert_int_equal(oplog_open(txn, &name, &log), ERR_OK);
	return log;
}

/* Appends what branch `branch` of `as` has until there are `size`. */
static void
grow(struct txn *txn, struct log *log, const struct log *as, uint64_t size,
    uint64_t branch)
{
	struct buf header = {0};
	struct delta delta;
	struct hash leaf;

	while (log->frontier.size < size) {
		uint64_t seq = log->frontier.size;
		struct oplog_entry entry = {0};

		buf_cut(&header, 0);
		replica_header(as, seq,
		    1 + 2 * seq + (seq < SHARED ? 0 : branch), 0, &header);
		entry.header = buf_bytes(&header);
		assert_int_equal(
		    oplog_append(txn, log, &entry, &delta, &leaf), ERR_OK);
	}
	buf_fini(&header);
}

/* Signs what `log` holds as a head of the log `as`. */
static struct note_head
head_of(const struct log *log, const struct log *as)
{
	struct sign_seed seed = replica_seed(1);
	struct note_head head = {.size = log->frontier.size};
	struct note_checkpoint checkpoint = {.size = head.size};
	struct buf origin = {0};

	merkle_root(&log->frontier, &head.root);
	checkpoint.root = head.root;
	id_origin(&as->name, &origin);
	checkpoint.origin = buf_bytes(&origin);
	note_checkpoint_sign(
	    &checkpoint, &seed, &as->name.author, &head.signature);
	buf_fini(&origin);
	return head;
}

/* What `log` has of `size` leaves, under a head of all as one of `as`. */
static struct fork_side
side_of(struct txn *txn, struct log *log, const struct log *as, uint64_t size)
{
	struct fork_side side = {.head = head_of(log, as)};

	assert_int_equal(tree_root(txn, log, size, &side.root), ERR_OK);
	assert_int_equal(
	    tree_consistency(txn, log, size, side.head.size, &side.proof),
	    ERR_OK);
	return side;
}

static void
begin(struct replica *replica, struct pair *pair)
{
	struct note_head head;

	pair->txn = replica_begin(replica, true);
	pair->ours = log_of(pair->txn, "d03/c017/case");
	pair->theirs = log_of(pair->txn, "d03/c018/case");
	grow(pair->txn, pair->ours, pair->ours, HELD, 0);
	grow(pair->txn, pair->theirs, pair->ours, HELD, 1);
	head = head_of(pair->ours, pair->ours);
	heads_put(pair->txn, pair->ours, &head, NULL);
}

static enum err
take(struct pair *pair, uint64_t size, const struct fork_side *sides, size_t n,
    bool *news)
{
	struct msg_fork said = {
	    .log = pair->ours->id, .size = size, .n = n, .sides = sides};

	return forks_take(pair->txn, pair->ours, &said, news);
}

static void
one_side_is_half_of_a_proof_whose_other_half_is_held(void **state)
{
	struct replica *replica = *state;
	struct pair pair;

	for (uint64_t size = 1; size <= HELD; size++) {
		struct fork_side side;
		struct fork fork;
		uint64_t fed;
		bool news;

		begin(replica, &pair);
		fed = feed_last(pair.txn);
		side = side_of(pair.txn, pair.theirs, pair.ours, size);
		assert_int_equal(take(&pair, size, &side, 1, &news), ERR_OK);
		assert_int_equal(news, size > SHARED);
		assert_int_equal(pair.ours->forked, size > SHARED);
		assert_int_equal(feed_last(pair.txn) - fed, size > SHARED);
		assert_int_equal(forks_get(pair.txn, pair.ours, &fork),
		    size > SHARED ? ERR_OK : ERR_NOT_FOUND);
		assert_int_equal(forks_check(pair.txn, pair.ours), ERR_OK);
		/* Once is enough. */
		assert_int_equal(take(&pair, size, &side, 1, &news), ERR_OK);
		assert_false(news);
		replica_abort(replica);
	}
}

static void
a_side_that_is_not_signed_or_not_proved_is_refused(void **state)
{
	struct replica *replica = *state;
	struct fork_side side;
	struct fork_side wrong;
	struct pair pair;
	bool news;

	begin(replica, &pair);
	for (uint64_t size = SHARED; size <= SHARED + 1; size++) {
		side = side_of(pair.txn, pair.theirs, pair.ours, size);
		wrong = side;
		wrong.head.signature.b[3] ^= 1;
		assert_int_equal(
		    take(&pair, size, &wrong, 1, &news), ERR_MALFORMED);
		wrong = side;
		wrong.proof.nodes[0].b[3] ^= 1;
		assert_int_equal(
		    take(&pair, size, &wrong, 1, &news), ERR_MALFORMED);
		/* The same head, signed for another log. */
		wrong = side_of(pair.txn, pair.theirs, pair.theirs, size);
		assert_int_equal(
		    take(&pair, size, &wrong, 1, &news), ERR_MALFORMED);
		assert_false(news);
		assert_false(pair.ours->forked);
	}
	replica_abort(replica);
}

static void
two_sides_need_nothing_of_ours(void **state)
{
	struct replica *replica = *state;
	struct fork_side sides[2];
	struct pair pair;
	bool news;

	begin(replica, &pair);
	/* What is held reaches neither. */
	grow(pair.txn, pair.theirs, pair.ours, HELD + 20, 1);
	sides[0] = side_of(pair.txn, pair.theirs, pair.ours, HELD + 9);
	assert_int_equal(take(&pair, HELD + 9, sides, 1, &news), ERR_OK);
	assert_false(news);
	sides[1] = sides[0];
	assert_int_equal(take(&pair, HELD + 9, sides, 2, &news), ERR_MALFORMED);
	assert_false(pair.ours->forked);
	sides[0] = side_of(pair.txn, pair.theirs, pair.ours, SIZE);
	sides[1] = side_of(pair.txn, pair.ours, pair.ours, SIZE);
	assert_int_equal(take(&pair, SIZE, sides, 2, &news), ERR_OK);
	assert_true(news);
	assert_int_equal(forks_check(pair.txn, pair.ours), ERR_OK);
	replica_abort(replica);
}

static void
a_side_of_ours_has_a_head_and_a_size_that_is_held(void **state)
{
	struct replica *replica = *state;
	struct merkle_proof proof;
	struct note_head head;
	struct fork_side side;
	struct hash root;
	struct log *old;
	struct pair pair;

	begin(replica, &pair);
	assert_int_equal(
	    forks_side(pair.txn, pair.ours, 0, &side), ERR_NOT_FOUND);
	assert_int_equal(
	    forks_side(pair.txn, pair.theirs, SIZE, &side), ERR_NOT_FOUND);
	assert_int_equal(forks_side(pair.txn, pair.ours, SIZE, &side), ERR_OK);
	assert_int_equal(
	    fork_side_check(&pair.ours->name, SIZE, &side), ERR_OK);
	/* The head lies beyond what is held: it speaks for itself, and for
	 * nothing between. */
	grow(pair.txn, pair.theirs, pair.ours, HELD + 5, 1);
	head = head_of(pair.theirs, pair.theirs);
	assert_int_equal(
	    tree_consistency(pair.txn, pair.theirs, HELD, HELD + 5, &proof),
	    ERR_OK);
	old = pair.ours;
	pair.ours = log_of(pair.txn, "d03/c019/case");
	grow(pair.txn, pair.ours, old, HELD, 1);
	heads_put(pair.txn, pair.ours, &head, &proof);
	assert_int_equal(
	    tree_root(pair.txn, pair.theirs, HELD + 5, &root), ERR_OK);
	assert_int_equal(
	    forks_side(pair.txn, pair.ours, HELD + 5, &side), ERR_OK);
	assert_memory_equal(&side.root, &root, sizeof(root));
	assert_int_equal(side.proof.n, 0);
	assert_int_equal(
	    forks_side(pair.txn, pair.ours, HELD + 4, &side), ERR_NOT_FOUND);
	assert_int_equal(
	    forks_side(pair.txn, pair.ours, HELD + 6, &side), ERR_NOT_FOUND);
	assert_int_equal(kv_failed(pair.txn->kv), ERR_OK);
	replica_abort(replica);
}

/* Brings a proof into the store; `row` gets its content, `key` its key. */
static void
proved(struct pair *pair, struct key *key, struct buf *row)
{
	struct fork_side side = side_of(
	    pair->txn, pair->theirs, pair->ours, SIZE);
	struct bytes content;
	bool news;

	assert_int_equal(take(pair, SIZE, &side, 1, &news), ERR_OK);
	assert_true(news);
	tables_log_key(pair->ours->space->no, &pair->ours->trunk, key);
	assert_true(txn_find(pair->txn, TABLE_FORKS, key, &content));
	buf_cut(row, 0);
	buf_add(row, content);
}

/* Puts the first `n` bytes of `row` in the place of the proof. */
static enum err
read_row(
    struct replica *replica, struct pair *pair, const struct buf *row, size_t n)
{
	struct fork fork;
	struct buf dropped = {0};
	struct key key;
	enum err e;

	begin(replica, pair);
	proved(pair, &key, &dropped);
	txn_put(pair->txn, TABLE_FORKS, &key, bytes_of(row->p, n));
	e = forks_get(pair->txn, pair->ours, &fork);
	assert_int_equal(kv_failed(pair->txn->kv), e);
	assert_int_equal(forks_check(pair->txn, pair->ours), e);
	replica_abort(replica);
	buf_fini(&dropped);
	return e;
}

static void
a_row_that_is_no_whole_proof_is_damage(void **state)
{
	enum { SIDE = 8 + 32 + 64 + 32 + 1 };
	struct replica *replica = *state;
	struct buf row = {0};
	struct pair pair;
	struct key key;
	size_t whole;

	begin(replica, &pair);
	proved(&pair, &key, &row);
	replica_abort(replica);
	whole = row.n;
	buf_add_u8(&row, 0);
	for (size_t n = 0; n <= whole + 1; n++)
		assert_int_equal(read_row(replica, &pair, &row, n),
		    n == whole ? ERR_OK : ERR_CORRUPT);
	/* More hashes than there are, and than a proof has. */
	row.p[8 + SIDE - 1]++;
	assert_int_equal(read_row(replica, &pair, &row, whole), ERR_CORRUPT);
	row.p[8 + SIDE - 1] = MERKLE_PROOF_MAX + 1;
	while (row.n < 2 * whole + 33 * 256)
		buf_add_u8(&row, 0);
	assert_int_equal(read_row(replica, &pair, &row, row.n), ERR_CORRUPT);
	buf_fini(&row);
}

static void
a_log_and_its_proof_say_the_same(void **state)
{
	struct replica *replica = *state;
	struct buf row = {0};
	struct pair pair;
	struct key key;

	begin(replica, &pair);
	proved(&pair, &key, &row);
	assert_int_equal(forks_check(pair.txn, pair.ours), ERR_OK);
	pair.ours->forked = false;
	assert_int_equal(forks_check(pair.txn, pair.ours), ERR_CORRUPT);
	assert_non_null(strstr(err_text(), "proves nothing"));
	pair.ours->forked = true;
	/* Of the head that the first side shows. */
	row.p[8 + 8] ^= 1;
	txn_put(pair.txn, TABLE_FORKS, &key, buf_bytes(&row));
	assert_int_equal(forks_check(pair.txn, pair.ours), ERR_CORRUPT);
	assert_non_null(strstr(err_text(), "proves nothing"));
	kv_del(pair.txn->kv, TABLE_FORKS, tables_key(&key));
	assert_int_equal(forks_check(pair.txn, pair.ours), ERR_CORRUPT);
	assert_non_null(strstr(err_text(), "missing"));
	pair.ours->forked = false;
	assert_int_equal(forks_check(pair.txn, pair.ours), ERR_OK);
	replica_abort(replica);
	buf_fini(&row);
}

/* A log is split, and nobody holds what would prove it: no proof is kept, and
 * none is made up. */
static void
nothing_is_proved_without_a_head_of_each_side(void **state)
{
	struct replica *replica = *state;
	struct log *branch;
	struct pair pair;
	struct hash leaf = {{9}};

	begin(replica, &pair);
	assert_int_equal(
	    forks_split(pair.txn, pair.ours, SIZE, &leaf, &branch), ERR_OK);
	assert_int_equal(
	    forks_prove(pair.txn, pair.ours, branch), ERR_NOT_FOUND);
	assert_int_equal(forks_prove(pair.txn, branch, branch), ERR_NOT_FOUND);
	/* A head that the author did not sign. */
	grow(pair.txn, branch, branch, HELD, 1);
	heads_put(pair.txn, branch,
	    &(struct note_head){.size = branch->frontier.size}, NULL);
	assert_int_equal(
	    forks_prove(pair.txn, pair.ours, branch), ERR_MALFORMED);
	assert_false(pair.ours->forked);
	assert_int_equal(kv_count(pair.txn->kv, TABLE_FORKS), 0);
	replica_abort(replica);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, replica_make, replica_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(one_side_is_half_of_a_proof_whose_other_half_is_held),
	    TEST(a_side_that_is_not_signed_or_not_proved_is_refused),
	    TEST(two_sides_need_nothing_of_ours),
	    TEST(a_side_of_ours_has_a_head_and_a_size_that_is_held),
	    TEST(a_row_that_is_no_whole_proof_is_damage),
	    TEST(a_log_and_its_proof_say_the_same),
	    TEST(nothing_is_proved_without_a_head_of_each_side),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
