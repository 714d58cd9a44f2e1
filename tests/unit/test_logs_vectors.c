/*
 * tests/vectors/logs.txt: log digests are those that docs/format.md §10 shows.
 *
 * LINK: -Wl,--wrap=oplog_all
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/digest.h"
#include "tests/lib/replica.h"
#include "tests/lib/vectors.h"

enum { LOGS_MAX = 4 };

enum err __wrap_oplog_all(
    struct txn *txn, struct space_state *space, struct log ***logs, size_t *n);

/* The logs of a space, as the lines so far have them. */
struct shelf {
	struct log logs[LOGS_MAX];
	struct log *list[LOGS_MAX];
	size_t n;
};
static struct shelf data;
static struct shelf authority;

enum err
__wrap_oplog_all(
    struct txn *txn, struct space_state *space, struct log ***logs, size_t *n)
{
	struct shelf *shelf = id_is_authority(&space->name) ? &authority
							    : &data;

	(void)txn;
	*logs = shelf->list;
	*n = shelf->n;
	return ERR_OK;
}

static void
add_log(struct shelf *shelf, const struct vectors *v)
{
	struct log *log = &shelf->logs[shelf->n];
	struct hash expected;
	struct hash root;

	assert_true(shelf->n < LOGS_MAX);
	*log = (struct log){.frontier.size = vectors_number(v, 2)};
	vectors_hex(v, 1, log->id.b, sizeof(log->id.b));
	vectors_hex(v, 3, expected.b, sizeof(expected.b));
	assert_int_equal(v->n - 4, merkle_frontier_n(log->frontier.size));
	for (size_t i = 4; i < v->n; i++)
		vectors_hex(v, i, log->frontier.nodes[i - 4].b,
		    sizeof(log->frontier.nodes[i - 4].b));
	merkle_root(&log->frontier, &root);
	assert_memory_equal(&root, &expected, sizeof(root));
	shelf->list[shelf->n++] = log;
}

static void
check_digest(
    struct txn *txn, struct space_state *space, const struct vectors *v)
{
	struct hash expected;
	struct hash digest;

	vectors_hex(v, 1, expected.b, sizeof(expected.b));
	assert_int_equal(digest_logs(txn, space, &digest), ERR_OK);
	assert_memory_equal(&digest, &expected, sizeof(digest));
}

static void
log_digests_are_those_of_the_vectors(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct space_state *space;
	struct space_state *itself;
	struct space name;
	struct vectors v;
	size_t cases = 0;

	assert_int_equal(id_space(bytes_text("d01/c001/case"), &name), ERR_OK);
	assert_int_equal(space_get(txn, &name, &space), ERR_OK);
	assert_int_equal(space_get(txn, &id_authority, &itself), ERR_OK);
	vectors_open(&v, "logs.txt");
	while (vectors_next(&v)) {
		if (vectors_is(&v, "begin")) {
			data.n = 0;
			authority.n = 0;
		} else if (vectors_is(&v, "log")) {
			add_log(&data, &v);
		} else if (vectors_is(&v, "authority")) {
			add_log(&authority, &v);
		} else {
			bool is_data = vectors_is(&v, "space");

			assert_true(is_data || vectors_is(&v, "itself"));
			check_digest(txn, is_data ? space : itself, &v);
			cases++;
		}
	}
	assert_int_equal(cases, 10);
	vectors_close(&v);
	replica_abort(replica);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(log_digests_are_those_of_the_vectors),
	};

	return cmocka_run_group_tests(tests, replica_make, replica_remove);
}
