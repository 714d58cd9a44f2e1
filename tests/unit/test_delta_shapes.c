/*
 * The rules of proto/delta.h between the fields of a header, each of which is
 * right alone: what breaks one is opaque, and its reader is told why.  Headers
 * are written as delta_form_put writes them, which asks no rule.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/codec.h"
#include "proto/delta_form.h"
#include "proto/limits.h"

static struct ref refs[LIMIT_REFERENCES + 1];

/* A header of `kind` with one change that suits it, at `*change`. */
static struct delta
sound(uint64_t kind, struct delta_change *change)
{
	static const uint32_t first = 0;
	struct delta delta = {.format = DELTA_FORMAT,
	    .kind = kind,
	    .seq = kind != DELTA_OPEN,
	    .refs = refs,
	    .refs_n = 2};

	*change = (struct delta_change){.classes = 1u << CLASS_N};
	if (kind != DELTA_OPEN) {
		delta.changes = change;
		delta.changes_n = 1;
	}
	if (delta_form_decides(kind)) {
		delta.decision.targets = &first;
		delta.decision.targets_n = 1;
	}
	return delta;
}

/* What is wrong with `delta`; NULL when nothing is. */
static const char *
wrong(const struct delta *delta)
{
	struct arena arena = {0};
	struct buf header = {0};
	struct delta read;
	const char *why = NULL;

	delta_form_put(delta, &header);
	delta_decode(buf_bytes(&header), &arena, &read, &why);
	assert_true(read.opaque == (why != NULL));
	/* Whoever does not ask why learns as much. */
	delta_decode(buf_bytes(&header), &arena, &read, NULL);
	assert_true(read.opaque == (why != NULL));
	arena_fini(&arena);
	buf_fini(&header);
	return why;
}

static void
assert_wrong(const struct delta *delta, const char *why)
{
	const char *said = wrong(delta);

	assert_non_null(said);
	assert_string_equal(said, why);
}

static void
what_keeps_all_rules_is_read(void **state)
{
	struct delta_change change;

	(void)state;
	for (uint64_t kind = 0; kind <= DELTA_VOID; kind++) {
		struct delta delta = sound(kind, &change);

		assert_null(wrong(&delta));
	}
}

static void
only_a_first_delta_opens_a_log(void **state)
{
	static const char why[] = "an open that is not the first, or a first "
				  "that is not an open";
	struct delta_change change;

	(void)state;
	for (uint64_t kind = 0; kind <= DELTA_VOID; kind++) {
		struct delta delta = sound(kind, &change);

		delta.seq = kind == DELTA_OPEN;
		assert_wrong(&delta, why);
	}
}

static void
an_open_has_no_changes_and_a_change_has_some(void **state)
{
	struct delta_change change;
	struct delta open = sound(DELTA_OPEN, &change);
	struct delta delta = sound(DELTA_CHANGE, &change);

	(void)state;
	open.changes = &change;
	open.changes_n = 1;
	assert_wrong(&open, "an open with changes");
	delta.changes_n = 0;
	assert_wrong(&delta, "a change delta without changes");
}

static void
a_grant_is_one_of_the_references(void **state)
{
	struct delta_change change;
	struct delta delta = sound(DELTA_OPEN, &change);

	(void)state;
	delta.open.has_grant = true;
	for (uint32_t grant = 0; grant < 4; grant++) {
		delta.open.grant = grant;
		if (grant < delta.refs_n)
			assert_null(wrong(&delta));
		else
			assert_wrong(&delta, "a grant outside the references");
	}
	delta.refs_n = 0;
	delta.open.grant = 0;
	assert_wrong(&delta, "a grant outside the references");
	delta.open.has_grant = false;
	assert_null(wrong(&delta));
}

static void
a_fact_is_one_change(void **state)
{
	struct delta_change changes[2];

	(void)state;
	for (uint64_t kind = DELTA_CHANGE + 1; kind <= DELTA_VOID; kind++) {
		struct delta delta = sound(kind, &changes[0]);

		changes[1] = changes[0];
		delta.changes_n = 0;
		assert_wrong(&delta, "a fact that is not one change");
		delta.changes_n = 2;
		assert_wrong(&delta, "a fact that is not one change");
	}
}

static void
a_fact_has_one_body_of_class_n_and_no_more(void **state)
{
	static const char why[] = "a fact with more than one class N body";
	static const struct delta_parent parent;
	static const struct delta_target target;
	static const struct delta_seen seen = {.n = 1, .targets = &target};

	(void)state;
	for (uint64_t kind = DELTA_CHANGE + 1; kind <= DELTA_VOID; kind++) {
		struct delta_change change;
		struct delta delta = sound(kind, &change);

		change.classes |= 1u << CLASS_P;
		assert_wrong(&delta, why);
		change.classes = 1u << CLASS_P;
		assert_wrong(&delta, why);
		delta = sound(kind, &change);
		change.parents = &parent;
		change.parents_n = 1;
		assert_wrong(&delta, why);
		delta = sound(kind, &change);
		change.seen = &seen;
		change.seen_n = 1;
		assert_wrong(&delta, why);
		delta = sound(kind, &change);
		change.act = ACT_DELETE;
		change.classes = 0;
		assert_wrong(&delta, why);
	}
}

static void
edits_have_bodies_and_deletes_have_none(void **state)
{
	static const char settled[] = "a delete or keep with a body or "
				      "something seen";
	static const struct delta_target target;
	static const struct delta_seen seen = {.n = 1, .targets = &target};
	struct delta_change change;
	struct delta delta = sound(DELTA_CHANGE, &change);

	(void)state;
	change.seen = &seen;
	change.seen_n = 1;
	assert_null(wrong(&delta));
	change.classes = 0;
	assert_wrong(&delta, "an edit without a body");
	for (enum delta_act act = ACT_DELETE; act <= ACT_KEEP; act++) {
		change = (struct delta_change){.act = act};
		assert_null(wrong(&delta));
		change.classes = 1u << CLASS_N;
		assert_wrong(&delta, settled);
		change.classes = 0;
		change.seen = &seen;
		change.seen_n = 1;
		assert_wrong(&delta, settled);
	}
}

/* `delta`, whose last part is a map of one key in `size` bytes, with another
 * key in it. */
static const char *
with_key(const struct delta *delta, size_t size, int64_t key)
{
	struct arena arena = {0};
	struct buf header = {0};
	struct delta read;
	const char *why = NULL;

	delta_form_put(delta, &header);
	assert_int_equal(header.p[header.n - size], 0x81);
	header.p[header.n - size] = 0x82;
	codec_put_int(&header, key);
	codec_put_nil(&header);
	delta_decode(buf_bytes(&header), &arena, &read, &why);
	arena_fini(&arena);
	buf_fini(&header);
	return why;
}

static void
later_keys_are_critical_up_to_127(void **state)
{
	struct delta_change change;
	struct delta open = sound(DELTA_OPEN, &change);
	struct delta adopt = sound(DELTA_ADOPT, &change);

	(void)state;
	assert_string_equal(with_key(&open, 3, 127),
	    "a critical key of an open, not known here");
	assert_null(with_key(&open, 3, 128));
	assert_string_equal(with_key(&adopt, 4, 127),
	    "a critical key of a decision, not known here");
	assert_null(with_key(&adopt, 4, 128));
}

/* Parents, and what was seen, count over all changes of a delta. */
static void
lists_are_limited_over_all_changes(void **state)
{
	static struct delta_parent parents[LIMIT_PARENTS];
	static struct delta_target targets[LIMIT_SEEN];
	struct delta_seen seen = {.targets = targets};
	struct delta_change changes[2];
	struct delta delta = sound(DELTA_CHANGE, &changes[0]);

	(void)state;
	changes[1] = changes[0];
	delta.changes_n = 2;
	for (size_t i = 0; i < LIMIT_PARENTS; i++)
		parents[i].change = (uint16_t)i;
	changes[0].parents = changes[1].parents = parents;
	changes[0].parents_n = LIMIT_PARENTS - 1;
	changes[1].parents_n = 1;
	assert_null(wrong(&delta));
	changes[1].parents_n = 2;
	assert_wrong(&delta, "no parents in a list of them, or too many");
	changes[0].parents_n = changes[1].parents_n = 0;
	for (size_t i = 0; i < LIMIT_SEEN; i++)
		targets[i].op = (uint16_t)i;
	changes[0].seen = changes[1].seen = &seen;
	changes[0].seen_n = changes[1].seen_n = 1;
	seen.n = LIMIT_SEEN / 2;
	assert_null(wrong(&delta));
	seen.n = LIMIT_SEEN / 2 + 1;
	assert_wrong(&delta, "nothing seen in a list of it, or too much");
}

static void
too_many_references_alone_are_not_written(void **state)
{
	struct delta_change change;
	struct delta delta = sound(DELTA_CHANGE, &change);
	struct buf out = {0};

	(void)state;
	delta.refs_n = LIMIT_REFERENCES + 1;
	assert_int_equal(delta_encode(&delta, &out), ERR_LIMIT);
	assert_non_null(strstr(err_text(), "references"));
	assert_int_equal(out.n, 0);
	buf_fini(&out);
}

static int
start(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(refs); i++)
		refs[i].seq = i;
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_keeps_all_rules_is_read),
	    cmocka_unit_test(only_a_first_delta_opens_a_log),
	    cmocka_unit_test(an_open_has_no_changes_and_a_change_has_some),
	    cmocka_unit_test(a_grant_is_one_of_the_references),
	    cmocka_unit_test(a_fact_is_one_change),
	    cmocka_unit_test(a_fact_has_one_body_of_class_n_and_no_more),
	    cmocka_unit_test(edits_have_bodies_and_deletes_have_none),
	    cmocka_unit_test(later_keys_are_critical_up_to_127),
	    cmocka_unit_test(lists_are_limited_over_all_changes),
	    cmocka_unit_test(too_many_references_alone_are_not_written),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
