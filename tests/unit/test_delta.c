/*
 * Promises of proto/delta.h: what is written is read back, nothing else is. The
 * rules one by one are in test_delta_vectors.c, the limits in
 * test_delta_limits.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/codec.h"
#include "proto/delta.h"
#include "tests/lib/prng.h"

static int
compare_refs(const void *a, const void *b)
{
	return id_ref_compare(a, b);
}

/* Few logs and numbers, so that references often differ in their last part
 * only; sorted, none twice. */
static void
draw_refs(struct prng *prng, struct arena *arena, struct delta *delta)
{
	size_t n = prng_below(prng, 6);
	struct ref *refs = arena_array(arena, n, sizeof(*refs));
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		refs[i].log.b[15] = (uint8_t)prng_below(prng, 2);
		refs[i].seq = prng_u64(prng) >> (1 + prng_below(prng, 63));
		refs[i].leaf[prng_below(prng, 8)] = (uint8_t)prng_u64(prng);
	}
	if (n > 0)
		qsort(refs, n, sizeof(*refs), compare_refs);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || id_ref_compare(&refs[kept - 1], &refs[i]) != 0)
			refs[kept++] = refs[i];
	delta->refs = refs;
	delta->refs_n = kept;
}

static void
draw_parents(struct prng *prng, struct arena *arena, size_t refs_n,
    struct delta_change *change)
{
	struct delta_parent *parents = arena_array(
	    arena, refs_n, sizeof(*parents));

	for (uint32_t ref = 0; ref < refs_n; ref++)
		if (prng_below(prng, 2) == 0)
			parents[change->parents_n++] = (struct delta_parent){
			    .ref = ref,
			    .change = (uint16_t)prng_below(
				prng, LIMIT_CHANGES)};
	change->parents = parents;
}

static void
draw_seen(struct prng *prng, struct arena *arena, size_t refs_n,
    struct delta_change *change)
{
	size_t n = prng_below(prng, 4);
	struct delta_seen *seen = arena_array(arena, n, sizeof(*seen));

	for (size_t i = 0; i < n; i++) {
		struct delta_target *targets = arena_array(
		    arena, refs_n, sizeof(*targets));

		seen[i].op = (uint16_t)(1000 * i + prng_below(prng, 1000));
		seen[i].n = 1 + prng_below(prng, refs_n);
		for (uint32_t k = 0; k < seen[i].n; k++)
			targets[k] = (struct delta_target){.ref = k,
			    .change = (uint16_t)prng_below(prng, 300),
			    .op = (uint16_t)prng_below(
				prng, LIMIT_OPERATION_NUMBER)};
		seen[i].targets = targets;
	}
	change->seen = seen;
	change->seen_n = n;
}

static void
draw_change(struct prng *prng, struct arena *arena, const struct delta *delta,
    struct delta_change *change)
{
	prng_fill(prng, change->record.b, sizeof(change->record.b));
	if (delta->kind != DELTA_CHANGE) {
		change->classes = 1u << CLASS_N;
	} else {
		change->act = (enum delta_act)prng_below(prng, 3);
		draw_parents(prng, arena, delta->refs_n, change);
		if (change->act != ACT_EDIT)
			return;
		change->classes = 1 + (unsigned)prng_below(prng, 15);
		if (delta->refs_n > 0)
			draw_seen(prng, arena, delta->refs_n, change);
	}
	for (unsigned class = 0; class < CLASS_COUNT; class ++)
		if (change->classes >> class & 1)
			prng_fill(prng, change->commitments[class].b, 32);
}

static void
draw_open(struct prng *prng, struct arena *arena, struct delta *delta)
{
	struct delta_open *open = &delta->open;
	uint8_t record[64];

	delta->seq = 0;
	open->why = (enum open_why)prng_below(prng, OPEN_REGRANT + 1);
	open->has_grant = delta->refs_n > 0;
	if (open->has_grant)
		open->grant = (uint32_t)prng_below(prng, delta->refs_n);
	open->has_previous = prng_below(prng, 2) == 0;
	if (open->has_previous) {
		prng_fill(prng, open->previous.b, sizeof(open->previous.b));
		open->previous_size = prng_u64(prng) >> 1;
		prng_fill(prng, open->previous_root.b, 32);
	}
	prng_fill(prng, record, sizeof(record));
	*(prng_below(prng, 2) == 0 ? &open->founding
				   : &open->rotation) = arena_bytes(arena,
	    bytes_of(record, prng_below(prng, sizeof(record))));
}

/* About half of the references, rising; `*n` may be 0. */
static const uint32_t *
draw_indexes(struct prng *prng, struct arena *arena, size_t refs_n, size_t *n)
{
	uint32_t *indexes = arena_array(arena, refs_n, sizeof(*indexes));

	for (uint32_t ref = 0; ref < refs_n; ref++)
		if (prng_below(prng, 2) == 0)
			indexes[(*n)++] = ref;
	return indexes;
}

static void
draw_decision(struct prng *prng, struct arena *arena, struct delta *delta)
{
	struct delta_decision *decision = &delta->decision;
	struct log_cut *cuts = arena_array(arena, 4, sizeof(*cuts));

	decision->targets = draw_indexes(
	    prng, arena, delta->refs_n, &decision->targets_n);
	decision->replaces = draw_indexes(
	    prng, arena, delta->refs_n, &decision->replaces_n);
	decision->cuts = cuts;
	decision->cuts_n = prng_below(prng, 4) + (decision->targets_n == 0);
	for (size_t i = 0; i < decision->cuts_n; i++) {
		cuts[i].log.b[15] = (uint8_t)i;
		cuts[i].size = prng_u64(prng) >> (1 + prng_below(prng, 63));
		prng_fill(prng, cuts[i].root.b, sizeof(cuts[i].root.b));
	}
}

static struct delta
draw_delta(struct prng *prng, struct arena *arena)
{
	struct delta delta = {.format = DELTA_FORMAT,
	    .kind = prng_below(prng, DELTA_VOID + 1),
	    .seq = 1 + (prng_u64(prng) >> (2 + prng_below(prng, 60))),
	    .stamp.v = prng_u64(prng) >> (1 + prng_below(prng, 62)),
	    .has_actor = prng_below(prng, 2) == 0};
	struct delta_change *changes;

	if (delta.has_actor)
		prng_fill(prng, delta.actor.b, sizeof(delta.actor.b));
	prng_fill(prng, delta.origin.b, sizeof(delta.origin.b));
	draw_refs(prng, arena, &delta);
	if (delta.kind == DELTA_OPEN) {
		draw_open(prng, arena, &delta);
		return delta;
	}
	if (delta.kind == DELTA_ADOPT || delta.kind == DELTA_VOID)
		draw_decision(prng, arena, &delta);
	delta.changes_n = delta.kind == DELTA_CHANGE ? 1 + prng_below(prng, 5)
						     : 1;
	changes = arena_array(arena, delta.changes_n, sizeof(*changes));
	for (size_t i = 0; i < delta.changes_n; i++)
		draw_change(prng, arena, &delta, &changes[i]);
	delta.changes = changes;
	return delta;
}

static void
random_deltas_come_back_to_the_same_bytes(void **state)
{
	struct prng prng = {1};
	struct arena arena = {0};
	struct buf first = {0};
	struct buf second = {0};

	(void)state;
	for (int round = 0; round < 3000; round++) {
		struct delta drawn = draw_delta(&prng, &arena);
		struct delta read;
		const char *why;

		assert_int_equal(delta_encode(&drawn, &first), ERR_OK);
		delta_decode(buf_bytes(&first), &arena, &read, &why);
		if (why != NULL)
			fail_msg("round %d: %s", round, why);
		assert_int_equal(codec_check(buf_bytes(&first)), ERR_OK);
		assert_int_equal(delta_encode(&read, &second), ERR_OK);
		assert_true(bytes_equal(buf_bytes(&first), buf_bytes(&second)));
		arena_reset(&arena);
		buf_cut(&first, 0);
		buf_cut(&second, 0);
	}
	arena_fini(&arena);
	buf_fini(&first);
	buf_fini(&second);
}

/* Reads `header` from an allocation of its own; when it is not opaque it must
 * come back to the bytes that it was read from. */
static bool
reads_only_as_itself(struct bytes header, struct arena *arena)
{
	struct buf exact = {0};
	struct buf again = {0};
	struct delta delta;
	const char *why;
	bool right = true;

	buf_add(&exact, header);
	delta_decode(buf_bytes(&exact), arena, &delta, &why);
	assert_int_equal(delta.opaque, why != NULL);
	if (!delta.opaque) {
		assert_int_equal(delta_encode(&delta, &again), ERR_OK);
		right = bytes_equal(buf_bytes(&again), header);
	}
	arena_reset(arena);
	buf_fini(&again);
	buf_fini(&exact);
	return right;
}

static void
every_truncation_is_opaque(void **state)
{
	struct prng prng = {2};
	struct arena arena = {0};
	struct buf header = {0};

	(void)state;
	for (int round = 0; round < 40; round++) {
		struct delta drawn = draw_delta(&prng, &arena);

		buf_cut(&header, 0);
		assert_int_equal(delta_encode(&drawn, &header), ERR_OK);
		for (size_t n = 0; n < header.n; n++) {
			struct buf exact = {0};
			struct delta delta;

			buf_add(&exact, bytes_first(buf_bytes(&header), n));
			delta_decode(buf_bytes(&exact), &arena, &delta, NULL);
			assert_true(delta.opaque);
			buf_fini(&exact);
		}
		arena_reset(&arena);
	}
	arena_fini(&arena);
	buf_fini(&header);
}

/* A flipped bit that is still read as the same delta would be a second encoding
 * of it: then writing it again would give the bytes before the flip. */
static void
every_flipped_bit_gives_an_opaque_or_another_delta(void **state)
{
	struct prng prng = {3};
	struct arena arena = {0};
	struct buf header = {0};

	(void)state;
	for (int round = 0; round < 40; round++) {
		struct delta drawn = draw_delta(&prng, &arena);

		buf_cut(&header, 0);
		assert_int_equal(delta_encode(&drawn, &header), ERR_OK);
		arena_reset(&arena);
		for (size_t bit = 0; bit < 8 * header.n; bit++) {
			uint8_t flip = (uint8_t)(1u << bit % 8);

			header.p[bit / 8] ^= flip;
			assert_true(
			    reads_only_as_itself(buf_bytes(&header), &arena));
			header.p[bit / 8] ^= flip;
		}
	}
	arena_fini(&arena);
	buf_fini(&header);
}

static void
random_bytes_are_read_without_harm(void **state)
{
	struct prng prng = {4};
	struct arena arena = {0};
	uint8_t junk[200];

	(void)state;
	for (int round = 0; round < 20000; round++) {
		prng_fill(&prng, junk, sizeof(junk));
		junk[0] = (uint8_t)(0x80 | (junk[0] & 0x0f));
		assert_true(reads_only_as_itself(
		    bytes_of(junk, prng_below(&prng, sizeof(junk))), &arena));
	}
	arena_fini(&arena);
}

static void
parents_and_targets_name_what_the_references_do(void **state)
{
	const struct ref refs[2] = {
	    {.log.b = {1}, .seq = 5, .leaf = {7}},
	    {.log.b = {2}, .seq = 6, .leaf = {8}},
	};
	const struct delta delta = {.refs_n = 2, .refs = refs};
	struct dot dot = delta_dot(
	    &delta, (struct delta_target){.ref = 1, .change = 3, .op = 4});
	struct change_ref change = delta_parent(
	    &delta, (struct delta_parent){.ref = 0, .change = 9});

	(void)state;
	assert_int_equal(id_ref_compare(&dot.at.delta, &refs[1]), 0);
	assert_int_equal(dot.at.change, 3);
	assert_int_equal(dot.op, 4);
	assert_int_equal(id_ref_compare(&change.delta, &refs[0]), 0);
	assert_int_equal(change.change, 9);
}

static void
an_opaque_header_keeps_nothing_but_its_place(void **state)
{
	struct prng prng = {5};
	struct arena arena = {0};
	struct buf header = {0};
	struct delta drawn = draw_delta(&prng, &arena);
	struct delta read;

	(void)state;
	assert_int_equal(delta_encode(&drawn, &header), ERR_OK);
	buf_add_u8(&header, 0);
	delta_decode(buf_bytes(&header), &arena, &read, NULL);
	assert_true(read.opaque);
	assert_int_equal(read.seq, drawn.seq);
	assert_memory_equal(read.origin.b, drawn.origin.b, 32);
	assert_int_equal(read.stamp.v, 0);
	assert_int_equal(read.refs_n + read.changes_n, 0);
	assert_false(read.open.has_grant || read.open.has_previous);
	assert_int_equal(read.open.founding.n, 0);
	arena_fini(&arena);
	buf_fini(&header);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random_deltas_come_back_to_the_same_bytes),
	    cmocka_unit_test(every_truncation_is_opaque),
	    cmocka_unit_test(
		every_flipped_bit_gives_an_opaque_or_another_delta),
	    cmocka_unit_test(random_bytes_are_read_without_harm),
	    cmocka_unit_test(parents_and_targets_name_what_the_references_do),
	    cmocka_unit_test(an_opaque_header_keeps_nothing_but_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
