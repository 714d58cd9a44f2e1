/*
 * Any bytes as a header: never refused, and what is understood is written again
 * as it was.
 */
#include "proto/delta.h"
#include "proto/fact.h"
#include "tests/fuzz/cost.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/targets.h"

/* All indexes of `delta` lie within its lists. */
static void
is_whole(const struct delta *delta)
{
	assert(delta->refs_n <= LIMIT_REFERENCES);
	assert(delta->changes_n <= LIMIT_CHANGES);
	for (size_t i = 0; i < delta->changes_n; i++) {
		const struct delta_change *change = &delta->changes[i];

		assert(change->classes <= CLASSES_ALL);
		for (size_t k = 0; k < change->parents_n; k++)
			(void)delta_parent(delta, change->parents[k]);
		for (size_t k = 0; k < change->seen_n; k++) {
			const struct delta_seen *seen = &change->seen[k];

			assert(k == 0 || seen->op > seen[-1].op);
			for (size_t m = 0; m < seen->n; m++)
				(void)delta_dot(delta, seen->targets[m]);
		}
	}
	if (delta->kind == DELTA_OPEN && delta->open.has_grant)
		assert(delta->open.grant < delta->refs_n);
	for (size_t i = 0; i < delta->decision.targets_n; i++)
		assert(delta->decision.targets[i] < delta->refs_n);
	for (size_t i = 0; i < delta->decision.replaces_n; i++)
		assert(delta->decision.replaces[i] < delta->refs_n);
	for (size_t i = 1; i < delta->decision.cuts_n; i++)
		assert(memcmp(&delta->decision.cuts[i - 1].log,
			   &delta->decision.cuts[i].log, 16) < 0);
}

static void
again(struct bytes in, const struct delta *delta)
{
	struct arena arena = {0};
	struct delta other;
	struct buf out = {0};
	struct buf twice = {0};
	const char *why = NULL;

	buf_add_text(&out, "#");
	assert(delta_encode(delta, &out) == ERR_OK);
	if (!fuzz_has_spare(in))
		assert(bytes_equal(bytes_after(buf_bytes(&out), 1), in));
	delta_decode(bytes_after(buf_bytes(&out), 1), &arena, &other, &why);
	assert(!other.opaque);
	assert(delta_encode(&other, &twice) == ERR_OK);
	assert(bytes_equal(buf_bytes(&twice), bytes_after(buf_bytes(&out), 1)));
	arena_fini(&arena);
	buf_fini(&out);
	buf_fini(&twice);
}

void
target_delta(struct bytes in)
{
	static const struct cost_limit limit = {
	    {.allocations = 24,
		.allocated_bytes = 2 * COST_ARENA,
		.largest_bytes = COST_ARENA},
	    {.allocations = 1, .allocated_bytes = 256, .largest_bytes = 256}};
	struct arena arena = {0};
	struct fact_founding founding;
	struct fact_rotation rotation;
	struct delta delta;
	const char *why = NULL;

	fuzz_start();
	if (in.n > LIMIT_HEADER_SIZE)
		return;
	cost_begin();
	delta_decode(in, &arena, &delta, &why);
	cost_assert(&limit, in.n);
	assert((why != NULL) == delta.opaque);
	if (!delta.opaque) {
		is_whole(&delta);
		again(in, &delta);
		if (fact_founding_get(delta.open.founding, &founding) == ERR_OK)
			assert(founding.name.n <= LIMIT_LABEL_SIZE);
		if (fact_rotation_get(delta.open.rotation, &arena, &rotation) ==
		    ERR_OK)
			assert(rotation.cuts_n <= LIMIT_ROTATION_CUTS);
	}
	arena_fini(&arena);
}
