/*
 * tests/vectors/header.txt in both directions: what docs/format.md §6 shows is
 * what is written, what it allows is read, and each of its rules makes opaque.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/ascii.h"
#include "proto/delta.h"
#include "proto/merkle.h"
#include "tests/lib/vectors.h"

enum { ROOM = 16 };

/* The case that lines describe, with room for its arrays. */
struct described {
	struct delta delta;
	struct ref refs[ROOM];
	struct delta_change changes[ROOM];
	struct delta_parent parents[ROOM][ROOM];
	struct delta_seen seen[ROOM][ROOM];
	struct delta_target targets[ROOM][ROOM][ROOM];
	struct buf record; /* of the founding, or the rotation */
	uint32_t decided[ROOM];
	struct log_cut cuts[ROOM];
	uint32_t replaces[ROOM];
};

static struct buf
hex_of(const struct vectors *v, size_t i)
{
	struct buf out = {0};

	if (!bytes_is(v->words[i], "-"))
		assert_int_equal(ascii_from_hex(v->words[i], &out), ERR_OK);
	return out;
}

/* `in` from an allocation of its own size, so that the sanitizer sees any step
 * beyond it. */
static void
decode(const struct buf *in, struct arena *arena, struct delta *delta,
    const char **why)
{
	delta_decode(arena_bytes(arena, buf_bytes(in)), arena, delta, why);
}

static void
begin(struct described *d, const struct vectors *v)
{
	buf_fini(&d->record);
	memset(d, 0, sizeof(*d));
	d->delta.format = DELTA_FORMAT;
	d->delta.kind = vectors_number(v, 1);
	d->delta.seq = vectors_number(v, 2);
	d->delta.stamp.v = vectors_number(v, 3);
	d->delta.has_actor = !bytes_is(v->words[4], "-");
	if (d->delta.has_actor)
		vectors_hex(v, 4, d->delta.actor.b, 16);
	vectors_hex(v, 5, d->delta.origin.b, 32);
	d->delta.refs = d->refs;
	d->delta.changes = d->changes;
}

static void
add_ref(struct described *d, const struct vectors *v)
{
	struct ref *ref = &d->refs[d->delta.refs_n++];

	assert_true(d->delta.refs_n <= ROOM);
	vectors_hex(v, 1, ref->log.b, 16);
	ref->seq = vectors_number(v, 2);
	vectors_hex(v, 3, ref->leaf, 8);
}

static void
add_to_change(struct described *d, const struct vectors *v)
{
	size_t at = d->delta.changes_n - 1;
	struct delta_change *change = &d->changes[at];

	assert_true(at < ROOM);
	if (vectors_is(v, "parent")) {
		assert_true(change->parents_n < ROOM);
		change->parents = d->parents[at];
		d->parents[at][change->parents_n++] = (struct delta_parent){
		    .ref = (uint32_t)vectors_number(v, 1),
		    .change = (uint16_t)vectors_number(v, 2)};
	} else if (vectors_is(v, "seen")) {
		struct delta_seen *seen = &d->seen[at][change->seen_n];
		struct delta_target *targets = d->targets[at][change->seen_n];

		assert_true(change->seen_n++ < ROOM && v->n < 3 * ROOM);
		change->seen = d->seen[at];
		seen->op = (uint16_t)vectors_number(v, 1);
		seen->targets = targets;
		for (size_t i = 2; i < v->n; i += 3)
			targets[seen->n++] = (struct delta_target){
			    .ref = (uint32_t)vectors_number(v, i),
			    .change = (uint16_t)vectors_number(v, i + 1),
			    .op = (uint16_t)vectors_number(v, i + 2)};
	} else {
		uint64_t class = vectors_number(v, 1);

		assert_true(class < CLASS_COUNT);
		change->classes |= 1u << class;
		vectors_hex(v, 2, change->commitments[class].b, 32);
	}
}

static void
add_open(struct described *d, const struct vectors *v)
{
	struct delta_open *open = &d->delta.open;

	if (vectors_is(v, "open")) {
		open->why = (enum open_why)vectors_number(v, 1);
		open->has_grant = !bytes_is(v->words[2], "-");
		if (open->has_grant)
			open->grant = (uint32_t)vectors_number(v, 2);
	} else if (vectors_is(v, "previous")) {
		open->has_previous = true;
		vectors_hex(v, 1, open->previous.b, 8);
		open->previous_size = vectors_number(v, 2);
		vectors_hex(v, 3, open->previous_root.b, 32);
	} else {
		d->record = hex_of(v, 1);
		*(vectors_is(v, "founding")
			? &open->founding
			: &open->rotation) = buf_bytes(&d->record);
	}
}

static size_t
indexes_of(const struct vectors *v, uint32_t indexes[ROOM])
{
	assert_true(v->n <= ROOM);
	for (size_t i = 1; i < v->n; i++)
		indexes[i - 1] = (uint32_t)vectors_number(v, i);
	return v->n - 1;
}

static void
add_decision(struct described *d, const struct vectors *v)
{
	struct delta_decision *decision = &d->delta.decision;

	if (vectors_is(v, "targets")) {
		decision->targets = d->decided;
		decision->targets_n = indexes_of(v, d->decided);
	} else if (vectors_is(v, "replaces")) {
		decision->replaces = d->replaces;
		decision->replaces_n = indexes_of(v, d->replaces);
	} else {
		struct log_cut *cut = &d->cuts[decision->cuts_n];

		assert_true(decision->cuts_n++ < ROOM);
		decision->cuts = d->cuts;
		vectors_hex(v, 1, cut->log.b, 16);
		cut->size = vectors_number(v, 2);
		vectors_hex(v, 3, cut->root.b, 32);
	}
}

static void
same_changes(const struct delta *a, const struct delta *b)
{
	assert_int_equal(a->changes_n, b->changes_n);
	for (size_t i = 0; i < a->changes_n; i++) {
		const struct delta_change *x = &a->changes[i];
		const struct delta_change *y = &b->changes[i];

		assert_memory_equal(x->record.b, y->record.b, 16);
		assert_int_equal(x->act, y->act);
		assert_int_equal(x->classes, y->classes);
		assert_memory_equal(
		    x->commitments, y->commitments, sizeof(x->commitments));
		assert_int_equal(x->parents_n, y->parents_n);
		for (size_t k = 0; k < x->parents_n; k++) {
			assert_int_equal(x->parents[k].ref, y->parents[k].ref);
			assert_int_equal(
			    x->parents[k].change, y->parents[k].change);
		}
		assert_int_equal(x->seen_n, y->seen_n);
		for (size_t k = 0; k < x->seen_n; k++) {
			assert_int_equal(x->seen[k].op, y->seen[k].op);
			assert_int_equal(x->seen[k].n, y->seen[k].n);
			for (size_t t = 0; t < x->seen[k].n; t++) {
				struct delta_target p = x->seen[k].targets[t];
				struct delta_target q = y->seen[k].targets[t];

				assert_int_equal(p.ref, q.ref);
				assert_int_equal(p.change, q.change);
				assert_int_equal(p.op, q.op);
			}
		}
	}
}

static void
same_decision(const struct delta_decision *a, const struct delta_decision *b)
{
	assert_int_equal(a->targets_n, b->targets_n);
	for (size_t i = 0; i < a->targets_n; i++)
		assert_int_equal(a->targets[i], b->targets[i]);
	assert_int_equal(a->replaces_n, b->replaces_n);
	for (size_t i = 0; i < a->replaces_n; i++)
		assert_int_equal(a->replaces[i], b->replaces[i]);
	assert_int_equal(a->cuts_n, b->cuts_n);
	for (size_t i = 0; i < a->cuts_n; i++) {
		assert_memory_equal(a->cuts[i].log.b, b->cuts[i].log.b, 16);
		assert_int_equal(a->cuts[i].size, b->cuts[i].size);
		assert_memory_equal(a->cuts[i].root.b, b->cuts[i].root.b, 32);
	}
}

static void
same(const struct delta *a, const struct delta *b)
{
	assert_int_equal(a->opaque, b->opaque);
	assert_int_equal(a->format, b->format);
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->seq, b->seq);
	assert_int_equal(a->stamp.v, b->stamp.v);
	assert_int_equal(a->has_actor, b->has_actor);
	assert_memory_equal(a->actor.b, b->actor.b, 16);
	assert_memory_equal(a->origin.b, b->origin.b, 32);
	assert_int_equal(a->refs_n, b->refs_n);
	for (size_t i = 0; i < a->refs_n; i++)
		assert_int_equal(id_ref_compare(&a->refs[i], &b->refs[i]), 0);
	same_changes(a, b);
	assert_int_equal(a->open.why, b->open.why);
	assert_int_equal(a->open.has_grant, b->open.has_grant);
	assert_int_equal(a->open.grant, b->open.grant);
	assert_int_equal(a->open.has_previous, b->open.has_previous);
	assert_memory_equal(a->open.previous.b, b->open.previous.b, 8);
	assert_int_equal(a->open.previous_size, b->open.previous_size);
	assert_memory_equal(
	    a->open.previous_root.b, b->open.previous_root.b, 32);
	assert_true(bytes_equal(a->open.founding, b->open.founding));
	assert_true(bytes_equal(a->open.rotation, b->open.rotation));
	same_decision(&a->decision, &b->decision);
}

static void
check_bytes(const struct described *d, const struct vectors *v)
{
	struct arena arena = {0};
	struct buf header = hex_of(v, 1);
	struct buf out = {0};
	struct hash expected;
	struct hash leaf;
	struct delta delta;
	const char *why;

	assert_int_equal(delta_encode(&d->delta, &out), ERR_OK);
	assert_int_equal(out.n, header.n);
	assert_memory_equal(out.p, header.p, header.n);
	decode(&header, &arena, &delta, &why);
	assert_null(why);
	same(&d->delta, &delta);
	merkle_leaf(buf_bytes(&header), &leaf);
	vectors_hex(v, 2, expected.b, sizeof(expected.b));
	assert_memory_equal(leaf.b, expected.b, sizeof(leaf.b));
	arena_fini(&arena);
	buf_fini(&out);
	buf_fini(&header);
}

static void
check_same(const struct vectors *v)
{
	struct arena arena = {0};
	struct buf plain = hex_of(v, 1);
	struct buf other = hex_of(v, 2);
	struct delta a;
	struct delta b;
	const char *why;

	decode(&plain, &arena, &a, &why);
	assert_null(why);
	decode(&other, &arena, &b, &why);
	if (why != NULL)
		fail_msg("%s", why);
	same(&a, &b);
	arena_fini(&arena);
	buf_fini(&plain);
	buf_fini(&other);
}

/* Says what differs, so that one run shows all of it. */
static bool
is_opaque(const struct vectors *v)
{
	bool right;

	struct arena arena = {0};
	struct buf header = hex_of(v, 1);
	struct buf reason = {0};
	struct delta delta;
	const char *why = NULL;

	for (size_t i = 2; i < v->n; i++) {
		if (i > 2)
			buf_add_u8(&reason, ' ');
		buf_add(&reason, v->words[i]);
	}
	decode(&header, &arena, &delta, &why);
	right = delta.opaque && why != NULL &&
		strcmp(why, buf_text(&reason)) == 0 &&
		delta.refs_n + delta.changes_n == 0;
	if (!right)
		print_error("%.*s: %s, not: %s\n", (int)v->words[1].n,
		    (const char *)v->words[1].p, why != NULL ? why : "fine",
		    buf_text(&reason));
	arena_fini(&arena);
	buf_fini(&header);
	buf_fini(&reason);
	return right;
}

static void
each_described_header_is_written_and_read_as_shown(void **state)
{
	static struct described d;
	struct vectors v;
	size_t cases = 0;

	(void)state;
	vectors_open(&v, "header.txt");
	while (vectors_next(&v)) {
		if (vectors_is(&v, "delta"))
			begin(&d, &v);
		else if (vectors_is(&v, "ref"))
			add_ref(&d, &v);
		else if (vectors_is(&v, "change"))
			vectors_hex(
			    &v, 1, d.changes[d.delta.changes_n++].record.b, 16);
		if (vectors_is(&v, "change"))
			d.changes[d.delta.changes_n - 1].act = (enum delta_act)
			    vectors_number(&v, 2);
		if (vectors_is(&v, "parent") || vectors_is(&v, "seen") ||
		    vectors_is(&v, "commitment"))
			add_to_change(&d, &v);
		if (vectors_is(&v, "open") || vectors_is(&v, "previous") ||
		    vectors_is(&v, "founding") || vectors_is(&v, "rotation"))
			add_open(&d, &v);
		if (vectors_is(&v, "targets") || vectors_is(&v, "cut") ||
		    vectors_is(&v, "replaces"))
			add_decision(&d, &v);
		if (vectors_is(&v, "bytes")) {
			check_bytes(&d, &v);
			cases++;
		}
	}
	assert_int_equal(cases, 13);
	buf_fini(&d.record);
	vectors_close(&v);
}

static void
ignorable_keys_do_not_change_what_a_header_means(void **state)
{
	struct vectors v;
	size_t cases = 0;

	(void)state;
	vectors_open(&v, "header.txt");
	while (vectors_next(&v)) {
		if (!vectors_is(&v, "same"))
			continue;
		check_same(&v);
		cases++;
	}
	assert_int_equal(cases, 5);
	vectors_close(&v);
}

static void
each_broken_rule_makes_a_header_opaque_and_is_named(void **state)
{
	struct vectors v;
	size_t cases = 0;
	size_t wrong = 0;

	(void)state;
	vectors_open(&v, "header.txt");
	while (vectors_next(&v)) {
		if (!vectors_is(&v, "opaque"))
			continue;
		wrong += !is_opaque(&v);
		cases++;
	}
	assert_int_equal(wrong, 0);
	assert_int_equal(cases, 205);
	vectors_close(&v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		each_described_header_is_written_and_read_as_shown),
	    cmocka_unit_test(ignorable_keys_do_not_change_what_a_header_means),
	    cmocka_unit_test(
		each_broken_rule_makes_a_header_opaque_and_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
