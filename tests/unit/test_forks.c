/*
 * Branches of a forked log as core holds them: each is a log of its own, and
 * what follows from a set of branches is the same in whatever order they came.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/forks.h"
#include "core/rebuild.h"
#include "core/tip.h"
#include "core/tree.h"
#include "tests/lib/branches.h"
#include "tests/lib/wire.h"

#define ALL "read:NPSF,write,hold"
#define SPACE "d01/c001/case"

/* A city whose member 1 wrote branches, and the hall, which has none yet. */
struct forest {
	struct town town;
	struct backup hall;
	struct branch branches[4];
	struct record_id common; /* a record that all branches have */
	size_t n;
};

static void
forest_fini(struct forest *f)
{
	for (size_t i = 0; i < f->n; i++)
		branch_fini(&f->branches[i]);
	backup_fini(&f->hall);
	town_fini(&f->town);
}

static void
write_some(struct forest *f, unsigned n, const char *name)
{
	for (unsigned i = 0; i < n; i++)
		(void)town_create(&f->town, 1, SPACE, name);
	if (n > 0 && f->common.b[0] != 0)
		(void)town_patch(&f->town, 1, SPACE, &f->common,
		    town_edit(OP_SET, "name", town_text(name)));
	/* Or another branch would be the same again. */
	f->town.now_ms += 10;
}

static void
keep(struct forest *f)
{
	branch_take_out(&f->town, 1, SPACE, &f->branches[f->n++]);
}

/* A and C part late, B and D leave both early, at one place. */
static void
forest_grow(struct forest *f)
{
	struct backup early;
	struct backup late;

	memset(f, 0, sizeof(*f));
	town_init(&f->town, 8);
	assert_int_equal(town_member(&f->town, "", ALL), 1);
	assert_int_equal(town_grant(&f->town, 0, 0, "", ALL, ""), ERR_OK);
	backup_take(&f->town, 0, &f->hall);
	f->common = town_create(&f->town, 1, SPACE, "함께");
	write_some(f, 17, "함께");
	backup_take(&f->town, 1, &early);
	write_some(f, 15, "A");
	backup_take(&f->town, 1, &late);
	write_some(f, 30, "A2");
	keep(f);
	backup_put(&f->town, 1, &early);
	write_some(f, 3, "B");
	keep(f);
	backup_put(&f->town, 1, &late);
	write_some(f, 5, "C");
	keep(f);
	backup_put(&f->town, 1, &early);
	write_some(f, 20, "D");
	keep(f);
	backup_fini(&early);
	backup_fini(&late);
}

static void
digests(struct forest *f, struct buf *out)
{
	buf_cut(out, 0);
	town_digests(&f->town, 0, out);
}

static void
rebuild(struct forest *f)
{
	struct store *store;
	enum err e;

	town_close(&f->town, 0);
	assert_int_equal(
	    store_open_alone(f->town.nodes[0].dir, &f->town.host, &store),
	    ERR_OK);
	e = rebuild_run(store, NULL);
	if (e != ERR_OK)
		print_error("%s\n", err_text());
	assert_int_equal(e, ERR_OK);
	store_close(store);
	(void)town_open(&f->town, 0);
}

/* The tips of the log of the branches, in a transaction that is left open. */
static size_t
tips(struct forest *f, struct log ***list)
{
	struct store *store = town_store(&f->town, 0);
	struct txn *txn;
	size_t n;

	assert_int_equal(store_begin(store, false), ERR_OK);
	txn = store_txn(store);
	assert_int_equal(
	    oplog_tips(txn, space_find(txn, &f->branches[0].name.space),
		&f->branches[0].id, list, &n),
	    ERR_OK);
	return n;
}

static void
bring(struct forest *f, size_t which, size_t step)
{
	const struct branch *branch = &f->branches[which];
	enum err e = branch_bring(&f->town, 0, branch, 0, branch->n, step);

	if (e != ERR_OK)
		print_error("%s\n", err_text());
	assert_int_equal(e, ERR_OK);
}

/* Brings the branches in the order that `order` says, digit by digit, and
 * compares what follows with `expected`, which the first order fills. */
static void
order_gives(
    struct forest *f, const char *order, size_t step, struct buf *expected)
{
	struct buf got = {0};

	backup_put(&f->town, 0, &f->hall);
	for (const char *p = order; *p != '\0'; p++)
		bring(f, (size_t)(*p - '0'), step);
	wire_assert_sound(&f->town, 0);
	digests(f, &got);
	if (expected->n == 0)
		buf_add(expected, buf_bytes(&got));
	assert_int_equal(got.n, expected->n);
	assert_memory_equal(got.p, expected->p, got.n);
	buf_fini(&got);
}

static void
every_order_of_branches_gives_the_same(void **state)
{
	struct forest f;
	struct buf expected = {0};
	char order[5] = {0};
	size_t orders = 0;

	(void)state;
	forest_grow(&f);
	for (unsigned code = 0; code < 256; code++) {
		unsigned met = 0;

		for (size_t i = 0; i < 4; i++) {
			order[i] = (char)('0' + (code >> 2 * i & 3));
			met |= 1u << (code >> 2 * i & 3);
		}
		if (met != 15)
			continue;
		order_gives(&f, order, orders % 2 == 0 ? 256 : 7, &expected);
		orders++;
	}
	assert_int_equal(orders, 24);
	/* Again, and in between: nothing new. */
	order_gives(&f, "0120312", 5, &expected);
	buf_fini(&expected);
	forest_fini(&f);
}

static void
a_rebuild_keeps_branches(void **state)
{
	const char *const orders[] = {"0123", "3120", "2301"};
	struct forest f;
	struct buf expected = {0};
	struct buf after = {0};

	(void)state;
	forest_grow(&f);
	for (size_t i = 0; i < COUNT_OF(orders); i++) {
		order_gives(&f, orders[i], 256, &expected);
		rebuild(&f);
		wire_assert_sound(&f.town, 0);
		digests(&f, &after);
		assert_int_equal(after.n, expected.n);
		assert_memory_equal(after.p, expected.p, after.n);
	}
	buf_fini(&expected);
	buf_fini(&after);
	forest_fini(&f);
}

/* Each branch is whole, has the name that its content gives it, and proofs. */
static void
each_branch_can_be_read_and_proved(void **state)
{
	struct forest f;
	struct buf expected = {0};
	struct log **list;
	size_t n;

	(void)state;
	forest_grow(&f);
	order_gives(&f, "1023", 256, &expected);
	n = tips(&f, &list);
	assert_int_equal(n, 4);
	for (size_t i = 0; i < n; i++) {
		struct txn *txn = store_txn(town_store(&f.town, 0));
		const struct branch *is = NULL;
		struct hash root;
		struct log_id id;

		for (size_t k = 0; k < f.n; k++)
			if (f.branches[k].n == list[i]->frontier.size &&
			    memcmp(&f.branches[k].head.root,
				&list[i]->head_root, 32) == 0)
				is = &f.branches[k];
		assert_non_null(is);
		assert_true(list[i]->forked);
		assert_int_equal(list[i]->from,
		    is == &f.branches[0] || is == &f.branches[2] ? 35 : 19);
		assert_int_equal(
		    tree_root(txn, list[i], list[i]->from + 1, &root), ERR_OK);
		forks_name(&is->id, list[i]->from, &root, &id);
		assert_memory_equal(&id, &list[i]->id, sizeof(id));
		for (size_t seq = 0; seq < is->n; seq++) {
			struct stored_delta stored;
			struct merkle_proof proof;
			struct hash leaf;

			assert_int_equal(
			    oplog_get(txn, list[i], seq, &stored), ERR_OK);
			assert_true(
			    bytes_equal(stored.header, is->headers[seq]));
			merkle_leaf(stored.header, &leaf);
			assert_int_equal(
			    tree_inclusion(txn, list[i], seq, is->n, &proof),
			    ERR_OK);
			assert_true(merkle_inclusion_holds(
			    seq, is->n, &leaf, &proof, &is->head.root));
		}
		assert_int_equal(forks_check(txn, list[i]), ERR_OK);
	}
	store_abort(town_store(&f.town, 0));
	buf_fini(&expected);
	forest_fini(&f);
}

/* What one branch knew of is no secret of another: values of all of them stand
 * side by side, and what they share is there once. */
static void
records_have_the_values_of_all_branches(void **state)
{
	struct forest f;
	struct buf expected = {0};
	struct arena arena = {0};
	struct record record;
	const char *const names[] = {"A2", "B", "C", "D"};

	(void)state;
	forest_grow(&f);
	order_gives(&f, "2103", 256, &expected);
	assert_true(town_get(&f.town, 0, SPACE, &f.common, &arena, &record));
	assert_int_equal(town_values(&record, "name", KIND_REGISTER), 4);
	for (size_t i = 0; i < 4; i++)
		assert_true(town_has(
		    &record, "name", KIND_REGISTER, town_text(names[i])));
	arena_fini(&arena);
	buf_fini(&expected);
	forest_fini(&f);
}

/* A branch of which only the shared part is held is none: whichever goes on
 * first is its continuation. */
static void
a_beginning_goes_on_with_whatever_comes(void **state)
{
	struct forest f;
	struct buf expected = {0};
	struct log **list;

	(void)state;
	forest_grow(&f);
	order_gives(&f, "0123", 256, &expected);
	backup_put(&f.town, 0, &f.hall);
	assert_int_equal(
	    branch_bring(&f.town, 0, &f.branches[0], 0, 12, 5), ERR_OK);
	assert_int_equal(tips(&f, &list), 1);
	assert_false(oplog_is_branch(list[0]));
	store_abort(town_store(&f.town, 0));
	/* Its head knows more, but it is the same beginning. */
	assert_int_equal(
	    branch_bring(&f.town, 0, &f.branches[1], 12, f.branches[1].n, 5),
	    ERR_OK);
	assert_int_equal(tips(&f, &list), 1);
	assert_false(oplog_is_branch(list[0]));
	store_abort(town_store(&f.town, 0));
	/* What does not reach where it parts is a gap, or is nothing new. */
	assert_int_equal(
	    branch_bring(&f.town, 0, &f.branches[0], 40, 50, 5), ERR_NOT_FOUND);
	assert_int_equal(
	    branch_bring(&f.town, 0, &f.branches[0], 15, f.branches[0].n, 5),
	    ERR_OK);
	assert_int_equal(tips(&f, &list), 2);
	store_abort(town_store(&f.town, 0));
	for (size_t i = 2; i < 4; i++)
		assert_int_equal(branch_bring(&f.town, 0, &f.branches[i], 19,
				     f.branches[i].n, 9),
		    ERR_OK);
	wire_assert_sound(&f.town, 0);
	{
		struct buf got = {0};

		digests(&f, &got);
		assert_memory_equal(got.p, expected.p, expected.n);
		buf_fini(&got);
	}
	buf_fini(&expected);
	forest_fini(&f);
}

/* Headers that no head proves split nothing. */
static void
a_liar_splits_nothing(void **state)
{
	struct forest f;
	struct log **list;
	struct branch *lie;

	(void)state;
	forest_grow(&f);
	bring(&f, 0, 256);
	lie = &f.branches[1];
	lie->headers[20] = f.branches[0].headers[21];
	assert_int_equal(
	    branch_bring(&f.town, 0, lie, 0, lie->n, 256), ERR_MALFORMED);
	assert_int_equal(
	    branch_bring(&f.town, 0, lie, 10, lie->n, 256), ERR_FORKED);
	assert_int_equal(tips(&f, &list), 1);
	assert_false(oplog_is_branch(list[0]));
	store_abort(town_store(&f.town, 0));
	wire_assert_sound(&f.town, 0);
	forest_fini(&f);
}

/* The first delta itself was written twice: nothing is shared. */
static void
a_log_forks_at_its_first_delta(void **state)
{
	struct forest f;
	struct backup before;
	struct prng prng;
	struct buf expected = {0};
	struct log **list;

	(void)state;
	memset(&f, 0, sizeof(f));
	town_init(&f.town, 9);
	assert_int_equal(town_member(&f.town, "", ALL), 1);
	backup_take(&f.town, 0, &f.hall);
	backup_take(&f.town, 1, &before);
	for (unsigned i = 0; i < 3; i++) {
		/* The same random numbers name the same incarnation. */
		if (i == 0)
			prng = f.town.prng;
		f.town.prng = prng;
		backup_put(&f.town, 1, &before);
		f.town.now_ms += 1000;
		write_some(&f, 2 + 20 * i, "처음");
		keep(&f);
	}
	order_gives(&f, "012", 256, &expected);
	order_gives(&f, "210", 4, &expected);
	order_gives(&f, "120", 256, &expected);
	assert_int_equal(tips(&f, &list), 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(list[i]->from, 0);
	store_abort(town_store(&f.town, 0));
	buf_fini(&expected);
	backup_fini(&before);
	forest_fini(&f);
}

/* Two branches of an admin's log in `authority`. */
static void
a_log_of_authority_forks(void **state)
{
	struct forest f;
	struct backup before;
	struct buf expected = {0};
	struct log **list;

	(void)state;
	memset(&f, 0, sizeof(f));
	town_init(&f.town, 10);
	assert_int_equal(
	    town_member(&f.town, "d01", "read:NPSF,write,hold,admin"), 1);
	(void)town_join(&f.town);
	(void)town_join(&f.town);
	(void)town_join(&f.town);
	backup_take(&f.town, 0, &f.hall);
	assert_int_equal(town_admit(&f.town, 1, 2), ERR_OK);
	backup_take(&f.town, 1, &before);
	for (size_t i = 0; i < 2; i++) {
		backup_put(&f.town, 1, &before);
		f.town.now_ms += 1000;
		assert_int_equal(town_admit(&f.town, 1, 3 + i), ERR_OK);
		branch_take_out(&f.town, 1, "authority", &f.branches[f.n++]);
	}
	order_gives(&f, "01", 256, &expected);
	order_gives(&f, "10", 1, &expected);
	assert_int_equal(tips(&f, &list), 2);
	store_abort(town_store(&f.town, 0));
	rebuild(&f);
	wire_assert_sound(&f.town, 0);
	buf_fini(&expected);
	backup_fini(&before);
	forest_fini(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_order_of_branches_gives_the_same),
	    cmocka_unit_test(a_rebuild_keeps_branches),
	    cmocka_unit_test(each_branch_can_be_read_and_proved),
	    cmocka_unit_test(records_have_the_values_of_all_branches),
	    cmocka_unit_test(a_beginning_goes_on_with_whatever_comes),
	    cmocka_unit_test(a_liar_splits_nothing),
	    cmocka_unit_test(a_log_forks_at_its_first_delta),
	    cmocka_unit_test(a_log_of_authority_forks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
