/*
 * Any bytes as each kind of fact, as rights in words, as a list of cuts, and as
 * the message of a bundle.
 */
#include "proto/bundle_msg.h"
#include "proto/cut.h"
#include "proto/fact.h"
#include "tests/fuzz/cost.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/targets.h"

/* What was read from `in` is written as `out`, unless it said more. */
static void
same(struct bytes in, struct buf *out)
{
	if (!fuzz_has_spare(in))
		assert(bytes_equal(buf_bytes(out), in));
	buf_cut(out, 0);
}

static void
facts(struct bytes in, struct arena *arena)
{
	struct fact_founding founding;
	struct fact_member member;
	struct fact_grant grant;
	struct fact_revoke revoke;
	struct fact_rotation rotation;
	struct fact_reason reason;
	struct buf out = {0};

	if (fact_founding_get(in, &founding) == ERR_OK) {
		fact_founding_put(&founding, &out);
		same(in, &out);
	}
	if (fact_member_get(in, &member) == ERR_OK) {
		fact_member_put(&member, &out);
		same(in, &out);
	}
	if (fact_grant_get(in, &grant) == ERR_OK) {
		fact_grant_put(&grant, &out);
		same(in, &out);
	}
	if (fact_revoke_get(in, arena, &revoke) == ERR_OK) {
		fact_revoke_put(&revoke, &out);
		same(in, &out);
	}
	if (fact_rotation_get(in, arena, &rotation) == ERR_OK) {
		fact_rotation_put(&rotation, &out);
		same(in, &out);
	}
	if (fact_reason_get(in, &reason) == ERR_OK) {
		fact_reason_put(&reason, &out);
		same(in, &out);
	}
	buf_fini(&out);
}

static void
cuts(struct bytes in, struct arena *arena)
{
	const struct log_cut *list;
	struct buf out = {0};
	struct reader r;
	size_t n;

	codec_begin(&r, in);
	list = cut_get(&r, LIMIT_CUTS, arena, &n);
	if (codec_end(&r, "cuts") == ERR_OK) {
		cut_put(list, n, &out);
		assert(bytes_equal(buf_bytes(&out), in));
	}
	buf_fini(&out);
}

static void
of_bundles(struct bytes in)
{
	struct bundle_about about;
	struct frontier frontier;
	struct bundle_sum sum;
	struct buf out = {0};

	if (bundle_msg_get_about(in, &about)) {
		bundle_msg_put_about(&about, &out);
		assert(bytes_equal(buf_bytes(&out), in));
		buf_cut(&out, 0);
	}
	if (bundle_msg_get_frontier(in, &frontier)) {
		bundle_msg_put_frontier(&frontier, &out);
		assert(bytes_equal(buf_bytes(&out), in));
		buf_cut(&out, 0);
	}
	if (bundle_msg_get_sum(in, &sum)) {
		bundle_msg_put_sum(&sum, &out);
		assert(bytes_equal(buf_bytes(&out), in));
	}
	buf_fini(&out);
}

void
target_fact(struct bytes in)
{
	static const struct cost_limit limit = {
	    {.allocations = 48,
		.allocated_bytes = 3 * COST_ARENA,
		.largest_bytes = COST_ARENA},
	    {.allocations = 1, .allocated_bytes = 300, .largest_bytes = 128}};
	struct arena arena = {0};
	struct buf text = {0};
	struct rights rights;
	struct rights again;

	fuzz_start();
	cost_begin();
	facts(in, &arena);
	cuts(in, &arena);
	of_bundles(in);
	cost_assert(&limit, in.n);
	if (fact_rights(in, &rights) == ERR_OK) {
		assert((rights.bits & ~(unsigned)RIGHTS_ALL) == 0);
		assert((rights.classes & ~(unsigned)CLASSES_ALL) == 0);
		fact_rights_text(rights, &text);
		assert(fact_rights(buf_bytes(&text), &again) == ERR_OK);
		assert(again.bits == rights.bits &&
		       again.classes == rights.classes);
	}
	arena_fini(&arena);
	buf_fini(&text);
}
