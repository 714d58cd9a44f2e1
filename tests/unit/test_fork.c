/*
 * Promises of proto/fork.h: what proves that a log is forked, and what only
 * looks like it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/fork.h"

enum { SIZE = 5, HEAD = 7 };

static const struct sign_seed seed = {{2, 7, 1, 8}};
static struct log_name name;

/* Leaves of a log, the last ones other than those of another `branch`. */
static void
leaf_of(uint64_t i, uint8_t branch, struct hash *leaf)
{
	uint8_t text[2] = {(uint8_t)i, i < SIZE - 1 ? 0 : branch};

	merkle_leaf(bytes_of(text, sizeof(text)), leaf);
}

static enum err
node_get(void *arg, unsigned level, uint64_t index, struct hash *node)
{
	const uint8_t *branch = arg;
	struct frontier frontier = {0};
	uint64_t n = UINT64_C(1) << level;

	for (uint64_t i = 0; i < n; i++) {
		struct hash leaf;

		leaf_of(index * n + i, *branch, &leaf);
		merkle_append(&frontier, &leaf, NULL, NULL);
	}
	merkle_root(&frontier, node);
	return ERR_OK;
}

static struct hash
root_of(uint64_t n, uint8_t branch)
{
	struct frontier frontier;
	struct hash root;

	assert_int_equal(
	    merkle_frontier(n, node_get, &branch, &frontier), ERR_OK);
	merkle_root(&frontier, &root);
	return root;
}

static void
head_sign(struct note_head *head)
{
	struct note_checkpoint checkpoint = {
	    .size = head->size, .root = head->root};
	struct buf origin = {0};

	id_origin(&name, &origin);
	checkpoint.origin = buf_bytes(&origin);
	note_checkpoint_sign(
	    &checkpoint, &seed, &name.author, &head->signature);
	buf_fini(&origin);
}

/* The first `size` leaves of `branch`, proved by its head of HEAD. */
static struct fork_side
side_of(uint64_t size, uint8_t branch)
{
	struct fork_side side = {.head = {.size = HEAD}};

	side.root = root_of(size, branch);
	side.head.root = root_of(HEAD, branch);
	head_sign(&side.head);
	assert_int_equal(
	    merkle_consistency(size, HEAD, node_get, &branch, &side.proof),
	    ERR_OK);
	return side;
}

static struct fork
fork_of(uint64_t size)
{
	return (struct fork){
	    .size = size, .sides = {side_of(size, 1), side_of(size, 2)}};
}

static int
start(void **state)
{
	(void)state;
	crypto_sign_key(&seed, &name.author);
	assert_int_equal(
	    id_space(bytes_text("d01/c001/case"), &name.space), ERR_OK);
	return crypto_start() == ERR_OK ? 0 : -1;
}

static void
two_heads_that_contradict_each_other_prove_a_fork(void **state)
{
	(void)state;
	for (uint64_t size = SIZE; size <= HEAD; size++) {
		struct fork fork = fork_of(size);

		assert_int_equal(fork_check(&name, &fork), ERR_OK);
	}
}

static void
sides_that_agree_prove_nothing(void **state)
{
	struct fork fork = fork_of(SIZE - 1);

	(void)state;
	assert_int_equal(
	    fork_side_check(&name, SIZE - 1, &fork.sides[0]), ERR_OK);
	assert_int_equal(fork_check(&name, &fork), ERR_MALFORMED);
	assert_non_null(strstr(err_text(), "do not differ"));
}

static void
a_side_of_nothing_or_beyond_its_head_is_refused(void **state)
{
	struct fork_side side = side_of(HEAD, 1);

	(void)state;
	assert_int_equal(fork_side_check(&name, HEAD, &side), ERR_OK);
	assert_int_equal(
	    fork_side_check(&name, HEAD + 1, &side), ERR_MALFORMED);
	assert_non_null(strstr(err_text(), "not as large"));
	/* Every tree begins with the empty one: it is no side of a fork. */
	crypto_sha256((struct bytes){0}, &side.root);
	assert_int_equal(fork_side_check(&name, 0, &side), ERR_MALFORMED);
	assert_non_null(strstr(err_text(), "not as large"));
}

static void
a_side_that_is_not_proved_or_not_signed_is_refused(void **state)
{
	(void)state;
	for (size_t which = 0; which < 2; which++) {
		struct fork fork = fork_of(SIZE);
		struct fork_side *side = &fork.sides[which];

		side->proof.nodes[0].b[0] ^= 1;
		assert_int_equal(fork_check(&name, &fork), ERR_MALFORMED);
		side->proof.nodes[0].b[0] ^= 1;
		side->root.b[31] ^= 1;
		assert_int_equal(fork_check(&name, &fork), ERR_MALFORMED);
		assert_non_null(strstr(err_text(), "does not lead"));
		side->root.b[31] ^= 1;
		side->head.signature.b[0] ^= 1;
		assert_int_equal(fork_check(&name, &fork), ERR_MALFORMED);
		assert_non_null(strstr(err_text(), "head of a forked log"));
		side->head.signature.b[0] ^= 1;
		assert_int_equal(fork_check(&name, &fork), ERR_OK);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(two_heads_that_contradict_each_other_prove_a_fork),
	    cmocka_unit_test(sides_that_agree_prove_nothing),
	    cmocka_unit_test(a_side_of_nothing_or_beyond_its_head_is_refused),
	    cmocka_unit_test(
		a_side_that_is_not_proved_or_not_signed_is_refused),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
