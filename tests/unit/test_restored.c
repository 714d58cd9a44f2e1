/*
 * A restored peer is never mistaken for an equal: three nodes write, sync,
 * break off, go back to what they were and go on, at random; and whenever a
 * session of two of them ends well, both hold the same.
 *
 * SEED=n runs the one history of that seed, CASES=n so many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/file.h"
#include "proto/mem.h"
#include "tests/lib/emulator.h"
#include "tests/lib/wire.h"

#define ALL "read:NPSF,write,hold"

enum {
	CASES = 60,
	NODES = 3,
	STEPS = 60,
	SNAPSHOTS = 4, /* of each node */
	FILE_MAX = 1 << 28,
	HOUR_MS = 3600 * 1000,
};

static const char *const spaces[] = {"d01/c001/case", "d01/c002/case"};

struct snapshot {
	struct buf data;
	struct buf mark;
};

struct history {
	struct town town;
	struct prng prng;
	struct snapshot snapshots[NODES][SNAPSHOTS];
	size_t snapshots_n[NODES];
	size_t agreed;	 /* sessions that ended well */
	size_t restores; /* before which something was written or taken in */
	size_t equals;	 /* sessions that found nothing to do */
};

static void
file_load(struct history *h, size_t i, const char *name, struct buf *content)
{
	char *path = file_path(h->town.nodes[i].dir, name);

	buf_cut(content, 0);
	assert_int_equal(file_read(path, FILE_MAX, content), ERR_OK);
	mem_free(path);
}

static void
file_save(
    struct history *h, size_t i, const char *name, const struct buf *content)
{
	char *path = file_path(h->town.nodes[i].dir, name);
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(content->p, 1, content->n, f), content->n);
	assert_int_equal(fclose(f), 0);
	mem_free(path);
}

static void
snapshot_take(struct history *h, size_t i)
{
	size_t k = h->snapshots_n[i] < SNAPSHOTS
		       ? h->snapshots_n[i]++
		       : prng_below(&h->prng, SNAPSHOTS);
	struct snapshot *snapshot = &h->snapshots[i][k];

	town_close(&h->town, i);
	file_load(h, i, "data.mdb", &snapshot->data);
	file_load(h, i, "mark", &snapshot->mark);
	(void)town_open(&h->town, i);
}

/* The node becomes what it was, with the beliefs that it had of the others; and
 * it may notice that, or the whole machine goes back. */
static void
restore(struct history *h, size_t i)
{
	const struct snapshot *snapshot;

	if (h->snapshots_n[i] == 0)
		return;
	snapshot = &h->snapshots[i][prng_below(&h->prng, h->snapshots_n[i])];
	town_close(&h->town, i);
	file_save(h, i, "data.mdb", &snapshot->data);
	if (prng_below(&h->prng, 2) == 0)
		file_save(h, i, "mark", &snapshot->mark);
	(void)town_open(&h->town, i);
	h->restores++;
}

static void
write_some(struct history *h, size_t i)
{
	const char *space = spaces[prng_below(&h->prng, COUNT_OF(spaces))];

	for (uint64_t n = 1 + prng_below(&h->prng, 3); n > 0; n--)
		(void)town_create(&h->town, i, space, "하나");
}

static void
assert_same(struct history *h, size_t a, size_t b)
{
	struct buf one = {0};
	struct buf other = {0};

	town_digests(&h->town, a, &one);
	town_digests(&h->town, b, &other);
	assert_int_equal(one.n, other.n);
	assert_memory_equal(one.p, other.p, one.n);
	assert_int_equal(town_deltas(&h->town, a), town_deltas(&h->town, b));
	buf_fini(&one);
	buf_fini(&other);
}

/* One session over a slow line, often cut. */
static void
meet(struct history *h, size_t a, size_t b)
{
	struct emulator emulator;
	struct emulator_shape shape = {
	    .pipe = {.rate_bytes_s = 4000, .delay_ms = 100}, .eager = true};
	struct emulator_count count;
	bool cut = prng_below(&h->prng, 3) == 0;

	emulator_init(&emulator, &h->town, prng_u64(&h->prng));
	if (cut)
		shape.cut_bytes[prng_below(&h->prng, 2)] = 1 +
							   prng_below(
							       &h->prng, 3000);
	(void)emulator_line(&emulator, a, b, &shape);
	if (cut) {
		/* Whether it was reached or not. */
		emulator_pass(&emulator, prng_below(&h->prng, 8000));
		emulator_part(&emulator, 0);
	} else {
		if (!emulator_run(&emulator, HOUR_MS))
			fail_msg("%s", emulator.lines[0].why.text);
		count = emulator_count(&emulator, 0);
		h->agreed++;
		h->equals += count.deltas_in[0] + count.deltas_in[1] == 0;
		assert_same(h, a, b);
	}
	assert_int_equal(emulator.lines[0].count.faults, 0);
	emulator_fini(&emulator);
}

static void
step(struct history *h)
{
	size_t i = prng_below(&h->prng, NODES);

	h->town.now_ms += 1 + prng_below(&h->prng, 1000);
	switch (prng_below(&h->prng, 10)) {
	case 0:
		snapshot_take(h, i);
		break;
	case 1:
	case 2:
		restore(h, i);
		break;
	case 3:
	case 4:
	case 5:
	case 6:
		meet(h, i, (i + 1 + prng_below(&h->prng, NODES - 1)) % NODES);
		break;
	default:
		write_some(h, i);
		break;
	}
}

static void
history_run(uint64_t seed, struct history *h)
{
	memset(h, 0, sizeof(*h));
	h->prng.seed = seed;
	town_init(&h->town, seed);
	assert_int_equal(town_grant(&h->town, 0, 0, "", ALL, ""), ERR_OK);
	for (size_t i = 1; i < NODES; i++)
		assert_int_equal(town_member(&h->town, "", ALL), i);
	town_meet(&h->town);
	for (int i = 0; i < STEPS; i++)
		step(h);
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < NODES; i++)
			wire_sync(&h->town, i, (i + 1) % NODES);
	town_assert_equal(&h->town, 0);
	for (size_t i = 0; i < NODES; i++) {
		wire_assert_sound(&h->town, i);
		for (size_t k = 0; k < SNAPSHOTS; k++) {
			buf_fini(&h->snapshots[i][k].data);
			buf_fini(&h->snapshots[i][k].mark);
		}
	}
	town_fini(&h->town);
}

static void
who_agrees_holds_the_same(void **state)
{
	static struct history history;
	const char *seed = getenv("SEED");
	const char *cases = getenv("CASES");
	uint64_t n = cases != NULL ? strtoull(cases, NULL, 10) : CASES;
	size_t agreed = 0;
	size_t equals = 0;
	size_t restores = 0;

	(void)state;
	for (uint64_t i = 1; i <= n; i++) {
		uint64_t one = seed != NULL ? strtoull(seed, NULL, 10) : i;

		print_message("SEED=%llu\n", (unsigned long long)one);
		history_run(one, &history);
		agreed += history.agreed;
		equals += history.equals;
		restores += history.restores;
		if (seed != NULL)
			break;
	}
	print_message("%zu restores; %zu sessions agreed, %zu of them had "
		      "nothing to do\n",
	    restores, agreed, equals);
	assert_true(agreed > equals && equals > 0 && restores > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_agrees_holds_the_same),
	};

	tempdir_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
