/*
 * The limits of proto/delta.h: what is just within one is written and read,
 * what is beyond is neither.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/delta.h"

/* A delta of `n` deletes, each with `parents_n` parents of one reference. */
static struct delta
deletes(struct arena *arena, size_t n, size_t parents_n)
{
	struct delta delta = {
	    .format = DELTA_FORMAT, .kind = DELTA_CHANGE, .seq = 1};
	struct delta_change *changes = arena_array(arena, n, sizeof(*changes));
	struct delta_parent *parents = arena_array(
	    arena, parents_n, sizeof(*parents));

	for (size_t i = 0; i < parents_n; i++)
		parents[i] = (struct delta_parent){
		    .ref = (uint32_t)(i / LIMIT_CHANGES),
		    .change = (uint16_t)(i % LIMIT_CHANGES)};
	for (size_t i = 0; i < n; i++)
		changes[i] = (struct delta_change){.act = ACT_DELETE,
		    .parents_n = parents_n,
		    .parents = parents};
	delta.changes = changes;
	delta.changes_n = n;
	return delta;
}

static struct ref *
two_refs(struct arena *arena)
{
	struct ref *refs = arena_array(arena, 2, sizeof(*refs));

	refs[1].seq = 1;
	return refs;
}

/* Encodes `delta`; when that works it must not come back as opaque. */
static enum err
outcome(const struct delta *delta, struct arena *arena)
{
	struct buf header = {0};
	struct delta read;
	const char *why = NULL;
	enum err e = delta_encode(delta, &header);

	if (e == ERR_OK)
		delta_decode(buf_bytes(&header), arena, &read, &why);
	else
		assert_int_equal(header.n, 0);
	if (why != NULL)
		fail_msg("%s", why);
	buf_fini(&header);
	return e;
}

static void
a_delta_has_1000_changes_and_not_one_more(void **state)
{
	struct arena arena = {0};
	struct delta most = deletes(&arena, LIMIT_CHANGES, 0);
	struct delta more = deletes(&arena, LIMIT_CHANGES + 1, 0);

	(void)state;
	assert_int_equal(outcome(&most, &arena), ERR_OK);
	assert_int_equal(outcome(&more, &arena), ERR_LIMIT);
	arena_fini(&arena);
}

static void
parents_are_limited_over_all_changes(void **state)
{
	struct arena arena = {0};
	struct delta most = deletes(&arena, 2, LIMIT_PARENTS / 2);
	struct delta more = deletes(&arena, 2, LIMIT_PARENTS / 2 + 1);
	struct delta single = deletes(&arena, 1, LIMIT_PARENTS + 1);

	(void)state;
	most.refs = more.refs = single.refs = two_refs(&arena);
	most.refs_n = more.refs_n = single.refs_n = 2;
	assert_int_equal(outcome(&most, &arena), ERR_OK);
	assert_int_equal(outcome(&more, &arena), ERR_LIMIT);
	assert_int_equal(outcome(&single, &arena), ERR_LIMIT);
	arena_fini(&arena);
}

static void
dots_seen_are_limited_over_all_operations(void **state)
{
	struct arena arena = {0};
	struct delta delta = deletes(&arena, 1, 0);
	struct delta_target *targets = arena_array(
	    &arena, LIMIT_SEEN, sizeof(*targets));
	struct delta_seen seen[2] = {
	    {.n = 500, .targets = targets},
	    {.op = 4, .n = 500, .targets = targets},
	};
	struct delta_change change = {
	    .seen = seen, .seen_n = 2, .classes = 1u << CLASS_N};

	(void)state;
	for (size_t i = 0; i < LIMIT_SEEN; i++)
		targets[i].op = (uint16_t)i;
	delta.refs = two_refs(&arena);
	delta.refs_n = 2;
	delta.changes = &change;
	assert_int_equal(outcome(&delta, &arena), ERR_OK);
	seen[1].n++;
	assert_int_equal(outcome(&delta, &arena), ERR_LIMIT);
	arena_fini(&arena);
}

/* The header that says so is not our encoder's: it would refuse. */
static void
a_list_longer_than_its_limit_is_opaque(void **state)
{
	struct arena arena = {0};
	struct delta delta = deletes(&arena, LIMIT_CHANGES, 0);
	struct buf header = {0};
	struct bytes change;
	struct delta read;

	(void)state;
	assert_int_equal(delta_encode(&delta, &header), ERR_OK);
	change = arena_bytes(
	    &arena, bytes_after(buf_bytes(&header), header.n - 22));
	buf_add(&header, change);
	/* The count stands right before the first change. */
	bytes_put_be16(&header.p[header.n - 1001 * 22 - 2], 1001);
	delta_decode(buf_bytes(&header), &arena, &read, NULL);
	assert_true(read.opaque);
	arena_fini(&arena);
	buf_fini(&header);
}

/* References whose numbers take 1 byte, `wide` of them 9 and `wider` 2. */
static void
widen(struct ref *refs, size_t n, size_t wide, size_t wider)
{
	for (size_t i = 0; i < n; i++) {
		bytes_put_be32(refs[i].log.b, (uint32_t)i);
		refs[i].seq = i < wide		 ? UINT64_C(1) << 32
			      : i < wide + wider ? 128
						 : 0;
	}
}

static void
a_header_has_60_kib_and_not_one_byte_more(void **state)
{
	enum { REFS = 1900 };
	struct arena arena = {0};
	struct delta delta = deletes(&arena, 1, 0);
	struct ref *refs = arena_array(&arena, REFS, sizeof(*refs));
	struct buf header = {0};
	struct delta read;
	const char *why;
	size_t left;

	(void)state;
	delta.refs = refs;
	delta.refs_n = REFS;
	widen(refs, REFS, 0, 0);
	assert_int_equal(delta_encode(&delta, &header), ERR_OK);
	left = LIMIT_HEADER_SIZE - header.n;
	widen(refs, REFS, left / 8, left % 8);
	buf_cut(&header, 0);
	assert_int_equal(delta_encode(&delta, &header), ERR_OK);
	assert_int_equal(header.n, LIMIT_HEADER_SIZE);
	delta_decode(buf_bytes(&header), &arena, &read, &why);
	assert_null(why);
	buf_add_u8(&header, 0);
	delta_decode(buf_bytes(&header), &arena, &read, &why);
	assert_string_equal(why, "larger than a header may be");
	widen(refs, REFS, left / 8, left % 8 + 1);
	assert_int_equal(delta_encode(&delta, &header), ERR_LIMIT);
	assert_int_equal(header.n, LIMIT_HEADER_SIZE + 1);
	arena_fini(&arena);
	buf_fini(&header);
}

static void
a_founding_record_has_1024_bytes_at_the_most(void **state)
{
	static const uint8_t zeros[1025];
	struct arena arena = {0};
	struct delta delta = {.format = DELTA_FORMAT, .kind = DELTA_OPEN};

	(void)state;
	delta.open.founding = bytes_of(zeros, 1024);
	assert_int_equal(outcome(&delta, &arena), ERR_OK);
	delta.open.founding = bytes_of(zeros, 1025);
	assert_int_equal(outcome(&delta, &arena), ERR_LIMIT);
	arena_fini(&arena);
}

static void
a_rotation_record_has_32_kib_at_the_most(void **state)
{
	static const uint8_t zeros[32 * 1024 + 1];
	struct arena arena = {0};
	struct delta delta = {.format = DELTA_FORMAT, .kind = DELTA_OPEN};

	(void)state;
	delta.open.rotation = bytes_of(zeros, 32 * 1024);
	assert_int_equal(outcome(&delta, &arena), ERR_OK);
	delta.open.rotation = bytes_of(zeros, 32 * 1024 + 1);
	assert_int_equal(outcome(&delta, &arena), ERR_LIMIT);
	arena_fini(&arena);
}

/* An adopt about the first deltas of `n` logs. */
static struct delta
adoption(struct arena *arena, size_t n, uint64_t size)
{
	struct delta_change *change = arena_array(arena, 1, sizeof(*change));
	struct log_cut *cuts = arena_array(arena, n, sizeof(*cuts));
	struct delta delta = {
	    .format = DELTA_FORMAT, .kind = DELTA_ADOPT, .seq = 1};

	for (size_t i = 0; i < n; i++) {
		bytes_put_be32(cuts[i].log.b, (uint32_t)i);
		cuts[i].size = size;
	}
	change->classes = 1u << CLASS_N;
	delta.changes = change;
	delta.changes_n = 1;
	delta.decision.cuts = cuts;
	delta.decision.cuts_n = n;
	return delta;
}

static void
a_decision_is_about_1024_logs_at_the_most(void **state)
{
	struct arena arena = {0};
	struct delta most = adoption(&arena, LIMIT_CUTS, 100);
	struct delta more = adoption(&arena, LIMIT_CUTS + 1, 100);
	struct delta large = adoption(&arena, LIMIT_CUTS, INT64_MAX);

	(void)state;
	assert_int_equal(outcome(&most, &arena), ERR_OK);
	assert_int_equal(outcome(&more, &arena), ERR_LIMIT);
	assert_int_equal(outcome(&large, &arena), ERR_LIMIT);
	arena_fini(&arena);
}

static void
a_decision_names_as_many_deltas_as_there_are_references(void **state)
{
	enum { ALL = 1700 };
	struct arena arena = {0};
	struct delta delta = adoption(&arena, 0, 0);
	struct ref *refs = arena_array(&arena, ALL, sizeof(*refs));
	uint32_t *indexes = arena_array(&arena, ALL, sizeof(*indexes));

	(void)state;
	for (uint32_t i = 0; i < ALL; i++) {
		refs[i].seq = i;
		indexes[i] = i;
	}
	delta.refs = refs;
	delta.refs_n = ALL;
	delta.decision.targets = indexes;
	delta.decision.targets_n = ALL;
	assert_int_equal(outcome(&delta, &arena), ERR_OK);
	arena_fini(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_delta_has_1000_changes_and_not_one_more),
	    cmocka_unit_test(parents_are_limited_over_all_changes),
	    cmocka_unit_test(dots_seen_are_limited_over_all_operations),
	    cmocka_unit_test(a_list_longer_than_its_limit_is_opaque),
	    cmocka_unit_test(a_header_has_60_kib_and_not_one_byte_more),
	    cmocka_unit_test(a_founding_record_has_1024_bytes_at_the_most),
	    cmocka_unit_test(a_rotation_record_has_32_kib_at_the_most),
	    cmocka_unit_test(a_decision_is_about_1024_logs_at_the_most),
	    cmocka_unit_test(
		a_decision_names_as_many_deltas_as_there_are_references),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
